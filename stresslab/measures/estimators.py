"""Estimators over simulated paths, each with its standard error: moments, quantiles, expected shortfall, shares.

Plain arrays: the sample of independent paths is on the last axis; axes before it are carried through.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

Array = NDArray[np.float64]

CENTRE = ("estimate", "estimate_se", "standard_deviation", "standard_deviation_se")
TAIL = (
    "value_at_risk", "value_at_risk_se", "value_at_risk_low", "value_at_risk_high",
    "expected_shortfall", "expected_shortfall_se",
)  # fmt: skip
"""Statistics of `summarize` that have one value for each level."""


class Estimate(NamedTuple):
    """An estimate, its standard error and, where there is one, the interval that covers the truth with 95 %."""

    value: Array
    se: Array
    low: Array
    high: Array


def summarize(sample: Array, levels: Sequence[float]) -> dict[str, Array]:
    """Mean, standard deviation, value at risk and expected shortfall of a sample, with their errors, by name.

    sample : (..., n), n >= 2, independent over n
    levels : each in (0, 1)
    Returns `estimate`, `standard_deviation` (...), `value_at_risk`, `expected_shortfall` (..., level), each with `_se`,
    value at risk with `_low` and `_high` too, and `paths_in_tail` (level): see `moments`, `quantile`,
    `expected_shortfall`, `values_in_tail`.

    >>> statistics = summarize(np.array([4.0, 1.0, 2.0, 3.0]), [0.5])
    >>> float(statistics["estimate"]), statistics["value_at_risk"], statistics["expected_shortfall"]
    (2.5, array([2.]), array([3.5]))
    """
    ordered = _ordered(sample)
    tail = (*_quantiles(ordered, levels), *_shortfalls(ordered, levels))
    beyond = np.array([values_in_tail(ordered.shape[-1], level) for level in levels])
    return dict(zip(CENTRE + TAIL, (*moments(sample), *tail), strict=True)) | {"paths_in_tail": beyond}


def summarize_paths(values: xr.DataArray, levels: Sequence[float]) -> dict[str, xr.DataArray]:
    """`summarize` of a DataArray along `path`; statistics of the tail and `paths_in_tail` run along `level`.

    >>> statistics = summarize_paths(xr.DataArray([4.0, 1.0, 2.0, 3.0], dims="path"), [0.5])
    >>> statistics["value_at_risk"].dims, statistics["value_at_risk"].item()
    (('level',), 2.0)
    """
    names = CENTRE + TAIL
    dims: list[list[str]] = [[]] * len(CENTRE) + [["level"]] * len(TAIL)

    def in_order(sample: Array) -> tuple[Array, ...]:
        statistics = summarize(sample, levels)
        return tuple(statistics[name] for name in names)

    statistics: Any = xr.apply_ufunc(in_order, values, input_core_dims=[["path"]], output_core_dims=dims)
    beyond = [values_in_tail(values.sizes["path"], level) for level in levels]
    return dict(zip(names, statistics, strict=True)) | {"paths_in_tail": xr.DataArray(beyond, dims="level")}


def tail_of_paths(
    values: xr.DataArray, levels: Sequence[float], value_at_risk: str, expected_shortfall: str
) -> dict[str, xr.DataArray]:
    """Value at risk and expected shortfall over paths under other names, with their errors, and `paths_in_tail`.

    >>> sorted(tail_of_paths(xr.DataArray([4.0, 1.0, 2.0, 3.0], dims="path"), [0.5], "buffer", "shortfall"))
    ['buffer', 'buffer_high', 'buffer_low', 'buffer_se', 'paths_in_tail', 'shortfall', 'shortfall_se']
    """
    statistics = summarize_paths(values, levels)
    renamed = {"paths_in_tail": statistics["paths_in_tail"]}
    for old, new in (("value_at_risk", value_at_risk), ("expected_shortfall", expected_shortfall)):
        renamed |= {new + name.removeprefix(old): statistics[name] for name in TAIL if name.startswith(old)}
    return renamed


def share_of_paths(happened: xr.DataArray, name: str) -> dict[str, xr.DataArray]:
    """`share` of a DataArray along `path`: the share `name`, `name_se`, `name_low`, `name_high`.

    >>> shares = share_of_paths(xr.DataArray([True, False, False, True], dims="path"), "probability")
    >>> shares["probability"].item(), shares["probability_se"].item()
    (0.5, 0.25)
    """
    shares: Any = xr.apply_ufunc(share, happened, input_core_dims=[["path"]], output_core_dims=[[]] * 4)
    return dict(zip((name, f"{name}_se", f"{name}_low", f"{name}_high"), shares, strict=True))


def rank(n: int, level: float) -> int:
    """Rank k, from 1, of the order statistic that is the `level` quantile of n values: ceil(n level).

    >>> rank(10_000, 0.99)
    9900
    """
    return math.ceil(round(n * level, 9))  # 100 * 0.07 is 7.000000000000001 and must stay rank 7


def values_in_tail(n: int, level: float) -> int:
    """Number of n values beyond the rank of the `level` quantile: n - ceil(n level).

    >>> [values_in_tail(1000, a) for a in (0.95, 0.999, 0.9999)]
    [50, 1, 0]
    """
    return n - rank(n, level)


def interval_ranks(n: int, level: float, interval: float = 0.95) -> tuple[int, int]:
    """Ranks l < u, from 1, such that the quantile lies in [x_(l), x_(u)] with at least the probability `interval`.

    n : number of independent values
    level : of the quantile, in (0, 1)
    Returns (l, u); 0 and n + 1 mean that this bound does not exist.
    With B ~ Bin(n, level): l = its (1 - interval) / 2 quantile, u = 1 + its (1 + interval) / 2 quantile, for
    P(x_(l) <= q <= x_(u)) >= P(l <= B <= u - 1), for any distribution.
    Source: David and Nagaraja, Order Statistics (2003), section 7.1.

    >>> interval_ranks(10_000, 0.99)
    (9880, 9920)
    """
    outside = (1.0 - interval) / 2.0
    return int(stats.binom.ppf(outside, n, level)), int(stats.binom.ppf(1.0 - outside, n, level)) + 1


def _ordered(sample: Array) -> Array:
    """The sample in ascending order and contiguous, so that sums have the same bits for any memory layout."""
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
    return _quantiles(_ordered(sample), levels)


def _quantiles(ordered: Array, levels: Sequence[float]) -> Estimate:
    """Quantiles of sorted values (..., n)."""
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
    return _shortfalls(_ordered(sample), levels)


def _shortfalls(ordered: Array, levels: Sequence[float]) -> tuple[Array, Array]:
    """Expected shortfall of sorted values (..., n) and its standard error."""
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
    Returns Estimate of arrays (...); se = sqrt(p (1 - p) / n), which is 0 at p = 0 and p = 1, where the interval
    is not: the exact 95 % one of Clopper and Pearson, Biometrika 26 (1934).

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


def jackknife(without: ArrayLike) -> Array:
    """Standard error of figures from their values without one group of observations at a time.

    without : (group, ...)
    Returns se (...); NaN with one group.
    se^2 = (G - 1) / G sum over groups of (x_g - mean)^2; right for quantiles too where a group is more than one
    observation.
    Source: Shao and Tu, The Jackknife and Bootstrap (1995), section 2.3.

    >>> round(float(jackknife([1.0, 2.0, 3.0])), 6)  # sqrt(2 / 3 x 2)
    1.154701
    """
    values = np.asarray(without, float)
    groups = len(values)
    if groups < 2:
        return np.full(values.shape[1:], np.nan)
    spread: Array = np.sqrt((groups - 1.0) / groups * ((values - values.mean(axis=0)) ** 2).sum(axis=0))
    return spread


def jackknife_covariance(without: ArrayLike) -> Array:
    """Covariance (figure, figure) of figures from their values (group, figure) without one group at a time.

    Its diagonal is the square of `jackknife`.

    >>> jackknife_covariance([[1.0], [2.0], [3.0]])
    array([[1.33333333]])
    """
    values = np.asarray(without, float)
    apart = values - values.mean(axis=0)
    covariance: Array = (len(values) - 1.0) / len(values) * apart.T @ apart
    return covariance
