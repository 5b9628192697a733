"""Random numbers of the macro paths: independent, in mirrored pairs, or low-discrepancy on the leading factors."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.special import ndtri

Reals = NDArray[np.float64]

DRAWS = ("random", "antithetic", "sobol")
"""Ways of drawing paths. Only those of "random" are independent of each other."""

LEADING = 16
"""Sobol dimensions for unemployment, and as many again for what the other variables have of their own."""

ROWS = 256
"""Paths in a matrix product: always as many, so that a path has the same bits whatever the number of paths."""


def uniforms(seed: int, paths: int, steps: int, columns: int, first: int = 0) -> Reals:
    """Independent uniforms (path, step, column) strictly inside (0, 1), each a function of seed and position alone.

    seed : key of Philox4x64-10 (Salmon et al. 2011, Parallel random numbers: as easy as 1, 2, 3, SC11)
    first : number of the first step; other steps have other numbers

    >>> bool((uniforms(1, 5, 3, 2)[:2, 1:] == uniforms(1, 2, 2, 2, first=1)).all())
    True
    """
    out = np.empty((paths, steps, columns))
    for step in range(steps):
        words = np.random.Philox(key=np.array([seed, first + step + 1], dtype=np.uint64)).random_raw(paths * columns)
        # 52 bits and a half: strictly between 0 and 1, and exact
        out[:, step] = (((words >> np.uint64(12)) + 0.5) * 2.0**-52).reshape(paths, -1)
    return out


def normals(draw: Callable[[int], Reals], paths: int, draws: str, seed: int, leading: Callable[[], Reals]) -> Reals:
    """Standard normals (path, step, variable) drawn in one of the ways of `DRAWS`.

    draw : returns independent standard normals for a number of paths
    leading : returns orthonormal directions V (step x variable, factor), as many as there are Sobol dimensions
    Mirrored pairs are paths 2k and 2k + 1, the second the negative of the first. With "sobol" z = x + V (s - V'x), x
    independent and s normal by Sobol points: what is orthogonal to V stays random, and each z has its distribution
    exactly.
    """
    if draws == "antithetic":
        half = draw((paths + 1) // 2)
        return np.stack([half, -half], axis=1).reshape(-1, *half.shape[1:])[:paths]
    independent = draw(paths)
    if draws == "random":
        return independent
    directions = leading()
    flat = independent.reshape(paths, -1)
    change = ndtri(sobol(seed, paths, directions.shape[1])) - rows_times(flat, directions)
    return (flat + rows_times(change, directions.T)).reshape(independent.shape)


def sobol(seed: int, paths: int, dimensions: int) -> Reals:
    """Scrambled Sobol points (path, dimension), strictly inside (0, 1); more paths keep those of fewer.

    Best balanced where the number of paths is a power of two. Owen's scrambling as in scipy.stats.qmc (a random linear
    matrix and a digital shift), which makes each point uniform.

    >>> halves = sobol(1, 8, 3) < 0.5
    >>> halves.sum(axis=0).tolist()  # of 8 points 4 lie in each half, in every dimension
    [4, 4, 4]
    """
    from scipy.stats import qmc  # slow to import

    source = np.random.default_rng([seed, 2**63])  # another stream than that of uniforms()
    points = qmc.Sobol(dimensions, scramble=True, bits=32, seed=source).random_base2(math.ceil(math.log2(paths)))
    return np.asarray(points[:paths] + 2.0**-33)


def leading_directions(first: Reals, others: Reals) -> Reals:
    """Orthonormal directions (input, factor): those that move `first` most, then those that move `others` most.

    first, others : loadings (output, input), linear in independent standard normal inputs
    The first `LEADING` are the principal components of `first`, the next those of `others` in what remains.

    >>> np.abs(leading_directions(np.array([[0.0, 2.0]]), np.array([[1.0, 1.0]]))).round(6)[:, 0].tolist()  # the second
    [0.0, 1.0]
    """
    lead = _principal(first)
    rest = _principal(others - (others @ lead) @ lead.T)
    count = min(2 * LEADING, first.shape[1])
    return np.asarray(np.linalg.qr(np.concatenate([lead, rest], axis=1)[:, :count])[0])


def _principal(loadings: Reals) -> Reals:
    """The `LEADING` principal directions (input, factor) of linear loadings, the strongest first."""
    size = loadings.shape[1]
    kept = (max(size - LEADING, 0), size - 1)
    return np.asarray(eigh(loadings.T @ loadings, subset_by_index=kept)[1][:, ::-1])


def rows_times(left: Reals, right: Reals) -> Reals:
    """The product left @ right in blocks of rows of one size, so that a row does not depend on the number of rows.

    >>> rows_times(np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]))
    array([[11.]])
    """
    out = np.empty((left.shape[0], right.shape[1]))
    block = np.zeros((ROWS, left.shape[1]))
    right = np.ascontiguousarray(right)
    for start in range(0, left.shape[0], ROWS):
        rows = left[start : start + ROWS]
        block[: len(rows)] = rows
        out[start : start + ROWS] = (block @ right)[: len(rows)]
    return out
