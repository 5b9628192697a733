"""Identity of a borrower: a number, and luck, that hang on the borrower's key and on nobody else."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def borrower_ids(keys: Array) -> Array:
    """Number of each borrower (key), 0 ... 2**63 - 1: the first 63 bits of the BLAKE2b hash of the key's text.

    >>> borrower_ids(np.array(["a", "b"])).tolist() == borrower_ids(np.array(["b", "a"])).tolist()[::-1]
    True
    >>> borrower_ids(np.array([7])) == borrower_ids(np.array(["7"]))
    array([ True])
    """
    digests = b"".join(blake2b(str(key).encode(), digest_size=8).digest() for key in keys)
    return (np.frombuffer(digests, ">u8") >> np.uint64(1)).astype(np.int64)


def collisions(keys: Array, ids: Array) -> list[str]:
    """Fault of different keys that have the same number."""
    order = np.argsort(ids, kind="stable")
    same = np.flatnonzero(np.diff(ids[order]) == 0)
    if same.size == 0:
        return []
    pair = " and ".join(repr(str(key)) for key in keys[order[same[0] : same[0] + 2]])
    more = f" (and {same.size - 1:,} more pairs)" if same.size > 1 else ""
    return [f"borrower_id: found {pair}{more} with the same hash, expected different ones; rename one of them"]


def luck(ids: Array, seed: int, use: int) -> Array:
    """A uniform number in [0, 1) for each borrower, of whom it is a function, with the seed and the use.

    The finaliser of SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014),
    once over the seed and the use and once over the borrower.

    >>> luck(np.array([3, 4]), 1, 0).round(3) == luck(np.array([4, 3]), 1, 0)[::-1].round(3)
    array([ True,  True])
    """
    key = _mixed(_mixed(np.array([seed % 2**64], np.uint64)) + np.uint64(use))
    return np.asarray(_mixed(ids.astype(np.uint64) ^ key) >> np.uint64(11)) * 2.0**-53


def _mixed(words: Array) -> Array:
    """A bijection of 64-bit words in which every bit depends on every other."""
    x = words + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ x >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ x >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return np.asarray(x ^ x >> np.uint64(31))
