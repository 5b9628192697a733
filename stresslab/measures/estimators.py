"""Estimators over simulated paths, each with its error bar.

Plain arrays: the sample of independent paths stands on the last axis; axes before it are carried through.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

Array = NDArray[np.float64]


class Estimate(NamedTuple):
    """An estimate, its standard error and, where there is one, its confidence interval."""

    value: Array
    se: Array
    low: Array
    high: Array


def rank(n: int, level: float) -> int:
    """Rank k, from 1, of the order statistic that is the `level` quantile of n values: ceil(n level).

    >>> rank(10_000, 0.99)
    9900
    """
    return math.ceil(round(n * level, 9))  # 100 * 0.07 is 7.000000000000001 and must stay rank 7


def values_in_tail(n: int, level: float) -> int:
    """How many of n values lie beyond the rank of the `level` quantile: n - ceil(n level).

    >>> [values_in_tail(1000, a) for a in (0.95, 0.999, 0.9999)]
    [50, 1, 0]
    """
    return n - rank(n, level)


def interval_ranks(n: int, level: float, interval: float = 0.95) -> tuple[int, int]:
    """Ranks l < u, from 1, such that the quantile lies in [x_(l), x_(u)] with at least the probability `interval`.

    n : how many independent values
    level : of the quantile, in (0, 1)
    Returns (l, u); 0 and n + 1 mean that this bound does not exist.
    With B ~ Bin(n, level): l = its (1 - interval) / 2 quantile, u = 1 + its (1 + interval) / 2 quantile, for
    P(x_(l) <= q <= x_(u)) >= P(l <= B <= u - 1), whatever the distribution.
    Source: David and Nagaraja, Order Statistics (2003), section 7.1.

    >>> interval_ranks(10_000, 0.99)
    (9880, 9920)
    """
    outside = (1.0 - interval) / 2.0
    return int(stats.binom.ppf(outside, n, level)), int(stats.binom.ppf(1.0 - outside, n, level)) + 1


def _ordered(sample: Array) -> Array:
    """The sample in ascending order and laid out in one way, so that sums have the same bits however it came."""
    return np.sort(np.ascontiguousarray(sample, dtype=np.float64), axis=-1)


def quantile(sample: Array, levels: Sequence[float]) -> Estimate:
    """Quantiles, the inverse of the empirical distribution function: x_(ceil(n level)).

    sample : (..., n), independent over n
    levels : each in (0, 1)
    Returns Estimate of arrays (..., level); low and high are the 95 % interval of `interval_ranks`, -inf or +inf where
    a bound does not exist; se is NaN where no value lies beyond the quantile.
    se : sd of the order statistic when the sample stands for its distribution, which is the bootstrap's without
    resampling: sum_i w_i (x_(i) - m)^2, w_i = I(i/n; k, n-k+1) - I((i-1)/n; k, n-k+1), m = sum_i w_i x_(i).
    Source: Maritz and Jarrett, JASA 73 (1978) 194-196.

    >>> quantile(np.array([3.0, 1.0, 2.0, 4.0]), [0.5]).value
    array([2.])
    """
    ordered = _ordered(sample)
    n = ordered.shape[-1]
    fenced = np.concatenate(
        [np.full((*ordered.shape[:-1], 1), -np.inf), ordered, np.full((*ordered.shape[:-1], 1), np.inf)], axis=-1
    )
    bounds = [interval_ranks(n, a) for a in levels]
    return Estimate(
        value=ordered[..., [rank(n, a) - 1 for a in levels]],
        se=np.stack([_maritz_jarrett(ordered, a) for a in levels], axis=-1),
        low=fenced[..., [low for low, _ in bounds]],
        high=fenced[..., [high for _, high in bounds]],
    )


def _maritz_jarrett(ordered: Array, level: float) -> Array:
    """Standard error of one quantile of sorted values (..., n); NaN if nothing lies beyond it."""
    n = ordered.shape[-1]
    k = rank(n, level)
    if k == n:
        return np.full(ordered.shape[:-1], np.nan)
    weights = np.diff(special.betainc(k, n - k + 1, np.linspace(0.0, 1.0, n + 1)))
    centre = (ordered * weights).sum(axis=-1)
    variance: Array = ((ordered - centre[..., None]) ** 2 * weights).sum(axis=-1)
    return np.sqrt(variance)


def expected_shortfall(sample: Array, levels: Sequence[float]) -> tuple[Array, Array]:
    """Mean of the worst 1 - level of the values, and its standard error.

    sample : (..., n), independent over n
    levels : each in (0, 1)
    Returns (value, se), each (..., level); se is NaN where no value lies beyond the quantile.
    ES = mean of y, se = sd of y / sqrt(n), y = VaR + (x - VaR)+ / (1 - level): the influence function of ES.
    Source: Rockafellar and Uryasev, J. Banking and Finance 26 (2002); Manistre and Hancock, NAAJ 9 (2005), whose
    n (1 - level) se^2 = Var(x | x > VaR) + level (ES - VaR)^2 is the same number.

    >>> expected_shortfall(np.arange(1.0, 21.0), [0.9])[0]  # mean of 19 and 20
    array([19.5])
    """
    ordered = _ordered(sample)
    n = ordered.shape[-1]
    values, errors = [], []
    for a in levels:
        k = rank(n, a)
        value_at_risk = ordered[..., k - 1]
        excess = np.maximum(ordered - value_at_risk[..., None], 0.0) / (1.0 - a)
        values.append(value_at_risk + excess.mean(axis=-1))
        errors.append(excess.std(axis=-1, ddof=1) / math.sqrt(n) if k < n else np.full(value_at_risk.shape, np.nan))
    return np.stack(values, axis=-1), np.stack(errors, axis=-1)


def moments(sample: Array) -> tuple[Array, Array, Array, Array]:
    """Mean and standard deviation with their standard errors.

    sample : (..., n), n >= 2, independent over n
    Returns (mean, its se, standard deviation, its se), each (...).
    se(mean) = s / sqrt(n); se(s) = sqrt((m4 - m2^2) / n) / (2 s), 0 if s = 0.
    Source: Cramer, Mathematical Methods of Statistics (1946), 28.1.

    >>> mean, mean_se, deviation, _ = moments(np.array([1.0, 3.0]))
    >>> float(mean), float(mean_se), round(float(deviation), 4)
    (2.0, 1.0, 1.4142)
    """
    n = sample.shape[-1]
    mean = sample.mean(axis=-1)
    deviation = sample.std(axis=-1, ddof=1)
    squares = (sample - mean[..., None]) ** 2
    spread = squares.std(axis=-1) / math.sqrt(n)  # sd of (x - mean)^2 is sqrt(m4 - m2^2)
    deviation_se = np.divide(spread, 2.0 * deviation, out=np.zeros_like(spread), where=deviation > 0.0)
    return mean, deviation / math.sqrt(n), deviation, deviation_se


def share(happened: NDArray[np.bool_]) -> Estimate:
    """Share of the paths on which something happened.

    happened : (..., n) booleans, independent over n
    Returns Estimate of arrays (...); se = sqrt(p (1 - p) / n), which is 0 at p = 0 and p = 1 where only the interval
    speaks: the exact 95 % one of Clopper and Pearson, Biometrika 26 (1934).

    >>> never = share(np.zeros(10, dtype=bool))
    >>> float(never.value), round(float(never.high), 4)  # 1 - 0.025 ** (1 / 10)
    (0.0, 0.3085)
    """
    n = happened.shape[-1]
    count = happened.sum(axis=-1)
    p = np.asarray(count / n)
    low = np.where(count > 0, stats.beta.ppf(0.025, np.maximum(count, 1), n - count + 1), 0.0)
    high = np.where(count < n, stats.beta.ppf(0.975, count + 1, np.maximum(n - count, 1)), 1.0)
    return Estimate(p, np.sqrt(p * (1.0 - p) / n), low, high)
