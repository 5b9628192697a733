"""Random numbers as a function of who, when and where: Philox4x32-10.

Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11.
No state is carried from draw to draw, so any borrower, month or path can be replayed alone.
"""

from __future__ import annotations

import numpy as np
from numba import njit, uint32, uint64

from stresslab.engine.kernel.state import Key

LOW_WORD = uint64(0xFFFFFFFF)


@njit(forceinline=True)
def philox4x32(c0, c1, c2, c3, k0, k1):
    """Four 32-bit words from a counter of four words and a key of two.

    c0, c1, c2, c3 : counter, here (low word of the borrower, month, path, high word of the borrower)
    k0, k1 : key, the low and high word of the seed
    Returns four uint32, uniform on 0 ... 2**32 - 1
    Ten rounds of two 32 x 32 bit multiplications, SC11 section 4.2.

    >>> [f"{int(w):08x}" for w in philox4x32(0, 0, 0, 0, 0, 0)]
    ['6627e8d5', 'e169c58d', 'bc57ac4c', '9b00dbd8']
    """
    # 64-bit lanes that hold 32-bit values: the vector multiplier then needs no shuffles (2.3 x faster here).
    c0, c1, c2, c3 = uint64(uint32(c0)), uint64(uint32(c1)), uint64(uint32(c2)), uint64(uint32(c3))
    k0, k1 = uint64(uint32(k0)), uint64(uint32(k1))
    for _ in range(10):
        low = c0 * uint64(0xD2511F53)
        high = c2 * uint64(0xCD9E8D57)
        c0 = (high >> uint64(32)) ^ c1 ^ k0
        c1 = high & LOW_WORD
        c2 = (low >> uint64(32)) ^ c3 ^ k1
        c3 = low & LOW_WORD
        k0 = (k0 + uint64(0x9E3779B9)) & LOW_WORD
        k1 = (k1 + uint64(0xBB67AE85)) & LOW_WORD
    return uint32(c0), uint32(c1), uint32(c2), uint32(c3)


@njit(forceinline=True)
def spread(word, salt):
    """One more uniform word out of a uniform word: a bijection of word + salt * golden ratio.

    word : uint32, the borrower-month's fourth Philox word
    salt : whole number that names the use (0 the borrower, 1, 2, ... their loans)
    Returns uint32, exactly uniform for each salt, independent between salts to the quality of the mix.
    Finaliser `lowbias32` of C. Wellons, "Prospecting for hash functions" (2018).
    """
    x = uint32(uint32(word) + uint32(uint32(salt) * uint32(0x9E3779B9)))
    x = uint32(x ^ (x >> uint32(16)))
    x = uint32(x * uint32(0x7FEB352D))
    x = uint32(x ^ (x >> uint32(15)))
    x = uint32(x * uint32(0x846CA68B))
    return uint32(x ^ (x >> uint32(16)))


def key_of(seed: int) -> Key:
    """Low and high word of a seed of 64 bits.

    >>> key_of(2**32 + 5)
    Key(low=np.uint32(5), high=np.uint32(1))
    """
    return Key(np.uint32(seed & 0xFFFFFFFF), np.uint32(seed >> 32))
