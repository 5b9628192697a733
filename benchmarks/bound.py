"""The bound that no simulation of this kind can pass: drawing the random numbers and nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, uint32
from numpy.typing import NDArray

from stresslab.engine.kernel.random import philox4x32
from stresslab.engine.kernel.state import LANES


@njit
def fold_words(buffer: Any, months: Any, paths: Any, blocks: Any) -> None:
    """Four uniform words for each borrower, month and path, folded into one; nothing else is read or written."""
    for block in range(blocks):
        for path in range(paths):
            for month in range(months):
                for k in range(LANES):
                    a, b, c, d = philox4x32(uint32(block * LANES + k), month, path, 0, uint32(3), uint32(5))
                    buffer[k] += a ^ b ^ c ^ d


def philox_only(borrower_months: int) -> int:
    """Draw at least so many times four words on one thread; returns how many times it drew.

    >>> philox_only(1)
    9984
    """
    months, paths = 39, 1
    blocks = max(1, round(borrower_months / (months * paths * LANES)))
    buffer: NDArray[Any] = np.zeros(LANES, np.uint32)
    fold_words(buffer, months, paths, blocks)
    return blocks * months * paths * LANES
