"""Unemployment and interest rates inside their bounds, shifted so that the mean over paths stays the scenario.

`normal_...` : for normal deviations, exact; `sample_...` : for others, on a fixed sample of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, ndtr

from stresslab.schema import MACRO

Reals = NDArray[np.float64]

UNEMPLOYMENT_CEILING = MACRO["unemployment_rate"].high
"""Deviations of unemployment add to the logit of its share of this ceiling, so that no path leaves its bounds."""

POLICY_RATE_FLOOR = -0.0075
"""No path's policy rate falls below it [1/year]: the lowest rate of the Swiss National Bank, 2015-2022."""

LARGEST_LOGIT_SD = 4.0
"""Largest standard deviation in the logit: beyond it the sum over `NODES` is no longer exact to rounding."""

NODES = np.arange(-72, 73) / 8
WEIGHTS = np.exp(-(NODES**2) / 2) / np.sqrt(2 * np.pi) / 8
"""Trapezoidal rule for the mean over a normal: exact to 1e-12 for the functions here, with fewer nodes than
Gauss-Hermite."""


def normal_shift(share: Reals, slope: Reals) -> Reals:
    """Solution a of E[expit(a + slope * normal)] = share, by Newton steps in the logit of the mean.

    >>> normal_shift(np.array([0.5, 0.1]), np.array([1.0, 0.0])).round(12)  # symmetric; without noise the plain logit
    array([ 0.        , -2.19722458])
    """
    target = logit(share)
    shift = target
    for _ in range(50):
        level = expit(shift[..., None] + slope[..., None] * NODES)
        mean = (level * WEIGHTS).sum(axis=-1)
        error = logit(mean) - target
        moving = np.abs(error) > 1e-12  # month by month, so that no month depends on the others
        if not moving.any():
            return np.asarray(shift)
        step = error * mean * (1 - mean) / (level * (1 - level) * WEIGHTS).sum(axis=-1)
        shift = shift - np.where(moving, step, 0.0)
    raise ArithmeticError(
        f"mean of unemployment not reached in 50 steps: off by {np.abs(error).max():.1e} in the logit"
    )


def normal_shadow(mean: Reals) -> Reals:
    """Solution q of E[max(q + normal, 0)] = q N(q) + n(q) = mean, by Newton steps, which fall to it from q = mean.

    >>> normal_shadow(np.array([1 / np.sqrt(2 * np.pi), 9.0])).round(12)  # half the mass on the floor; and none
    array([0., 9.])
    """
    shadow = mean
    for _ in range(200):
        error = shadow * ndtr(shadow) + np.exp(-(shadow**2) / 2) / np.sqrt(2 * np.pi) - mean
        moving = np.abs(error) > 1e-12 * np.maximum(mean, 1.0)
        if not moving.any():
            return shadow
        shadow = shadow - np.where(moving, error / ndtr(shadow), 0.0)
    raise ArithmeticError(f"mean of the policy rate not reached in 200 steps: off by {np.abs(error).max():.1e} sd")


def sample_shift(share: Reals, sample: Reals) -> Reals:
    """Solution a of mean(expit(a + sample)) = share, by Newton steps in the logit of the mean.

    share : (month); sample : (draw, month)

    >>> sample_shift(np.array([0.5]), np.array([[-1.0], [1.0]])).round(12)
    array([0.])
    """
    target = logit(share)
    shift = target
    for _ in range(50):
        level = expit(shift + sample)
        mean = level.mean(axis=0)
        error = logit(mean) - target
        moving = np.abs(error) > 1e-12  # month by month, so that no month depends on the others
        if not moving.any():
            return np.asarray(shift)
        step = error * mean * (1 - mean) / (level * (1 - level)).mean(axis=0)
        shift = shift - np.where(moving, step, 0.0)
    raise ArithmeticError(
        f"mean of unemployment not reached in 50 steps: off by {np.abs(error).max():.1e} in the logit"
    )


def sample_shadow(mean: Reals, sample: Reals) -> Reals:
    """Solution q of mean(max(q + sample, 0)) = mean, by Newton steps, which fall to it from q = mean.

    mean : (month), above 0; sample : (draw, month), of mean zero

    >>> sample_shadow(np.array([1.5]), np.array([[-3.0], [3.0]]))  # (0 + 3) / 2
    array([0.])
    """
    shadow = mean
    for _ in range(200):
        level = shadow + sample
        error = np.maximum(level, 0.0).mean(axis=0) - mean
        moving = error > 1e-12 * np.maximum(mean, 1e-6)
        if not moving.any():
            return np.asarray(shadow)
        shadow = shadow - np.where(moving, error / (level > 0.0).mean(axis=0), 0.0)
    raise ArithmeticError(f"mean of the policy rate not reached in 200 steps: off by {np.abs(error).max():.1e}")
