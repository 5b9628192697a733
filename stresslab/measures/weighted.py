"""Distribution of a measure under weights of its paths: mean, value at risk and expected shortfall, with their errors.

A weighted sum over paths has two sources of error: the paths are a sample, and so are the weights. The standard errors
count both. What the views state is known exactly, so that only the part of a value that the views do not explain is
uncertain.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import special

from stresslab.checks import level_faults, refuse
from stresslab.measures.entropy_pooling import effective
from stresslab.measures.estimators import Array
from stresslab.measures.result_view import Output, chunk_faults, labelled, memory_faults, of_the_run
from stresslab.typed import typed

CENTRE = ("estimate", "estimate_se", "standard_deviation")
TAIL = ("value_at_risk", "value_at_risk_se", "expected_shortfall", "expected_shortfall_se")
MEANINGS = {
    "estimate": "weighted mean",
    "standard_deviation": "weighted standard deviation",
    "value_at_risk": "smallest x with F(x) >= level",
    "expected_shortfall": "mean of the worst 1 - level",
}
EFFECTIVE = Output("number", "equally weighted paths of the same precision (Kish)")


@typed
def weighted_distribution(
    values: xr.DataArray, weights: xr.Dataset, *, levels: float | Sequence[float] = (0.95, 0.99)
) -> xr.Dataset:
    r"""Mean, spread, value at risk and expected shortfall of a measure under weights of its paths.

    Parameters
    ----------
    values : xarray.DataArray
        Numbers or booleans along `path`: any variable of a measure with one value on each path; other dimensions are
        carried through.
    weights : xarray.Dataset
        From `entropy_pooling`, of the same paths.
    levels : float or sequence of float
        Levels of value at risk and expected shortfall, in (0, 1).

    Returns
    -------
    xarray.Dataset
        ==================  ==========  =========  ===================================================
        variable            dims        unit       meaning
        ==================  ==========  =========  ===================================================
        estimate            ...         of values  weighted mean
        standard_deviation  ...         of values  weighted standard deviation
        value_at_risk       ..., level  of values  smallest x with F(x) >= level
        expected_shortfall  ..., level  of values  mean of the worst 1 - level
        effective_paths                 number     equally weighted paths of the same precision (Kish)
        ==================  ==========  =========  ===================================================

        `estimate`, `value_at_risk` and `expected_shortfall` have a standard error `_se`, NaN in the tail where less
        than one effective path lies beyond value at risk.

    Raises
    ------
    InputError
        Names each fault: paths unlike those of the weights, values that are not finite, a level outside (0, 1), weights
        that are not those of `entropy_pooling`.

    Notes
    -----
    With :math:`m = \sum_i w_i x_i`, the statistics :math:`f` of the views, :math:`b` the weighted regression of
    :math:`x` on :math:`f`, and :math:`n` effective paths,

    .. math::

       se_m^2 = \frac{n}{n - 1} \sum_i w_i^2 \, (x_i - m - b \cdot (f_i - target))^2

       ES = q + \sum_i w_i \, y_i, \qquad y_i = \frac{(x_i - q)^+}{1 - level}

    where :math:`q` is value at risk; the standard error of expected shortfall is that of the mean of :math:`q + y`.
    The errors are those of weights estimated from the same paths with fixed targets, a two-step estimator [1]_. The
    error of value at risk is Maritz and Jarrett's [2]_ with cumulative weights for :math:`i / n` and
    :math:`F(q) (1 - F(q)) / Var F(q)` for :math:`n`, where :math:`Var F(q)` is :math:`se^2` of the share of paths at or
    below :math:`q`, without :math:`n / (n - 1)`. Kish's effective paths are not put for :math:`n` there: weights in a
    tail are far from the average, and the standard error of the 99 % quantile of a normal value moved up by one
    standard deviation would be a third too small.

    Equal weights give the values of `loss_distribution`. A view that states what was simulated leaves weights equal,
    and yet the standard errors are smaller than those, for the view is taken as known.

    References
    ----------
    .. [1] Newey and McFadden (1994), Handbook of Econometrics 4, section 6.
    .. [2] Maritz and Jarrett (1978), Journal of the American Statistical Association 73, 194-196.

    Examples
    --------
    Weights 1/7, 2/7, 4/7:

    >>> import xarray as xr
    >>> import stresslab as sl
    >>> weights = sl.entropy_pooling(xr.Dataset({"rate": ("path", [0.0, 1.0, 2.0])}), {"rate": 10 / 7})
    >>> values = xr.DataArray([5.0, 7.0, 6.0], dims="path")
    >>> weighted = sl.weighted_distribution(values, weights, levels=[0.5])
    >>> weighted["estimate"].item(), weighted["value_at_risk"].item()  # (5 + 14 + 24) / 7; F(5) = 1/7, F(6) = 5/7
    (6.142857, 6.0)
    >>> weighted["expected_shortfall"].item()  # 6 + 2/7 (7 - 6) / 0.5
    6.571429
    """
    levels = tuple(np.atleast_1d(levels).tolist())
    faults = _weights_faults(weights)
    faults = faults or _values_faults(values, weights)  # values are compared with the weights
    refuse("weighted_distribution", faults + level_faults("levels", levels))
    weight = weights["weight"].values.astype(np.float64)
    gaps = (weights["statistic"] - weights["target"]).transpose("view", "path").values
    ends: dict[str, Any] = {"input_core_dims": [["path"]], "kwargs": {"weight": weight, "gaps": gaps}}
    plain = values.astype(np.float64)
    centre = xr.apply_ufunc(_centre, plain, output_core_dims=[[]] * len(CENTRE), **ends)
    ends["kwargs"] = ends["kwargs"] | {"levels": levels}
    tail = xr.apply_ufunc(_tail, plain, output_core_dims=[["level"]] * len(TAIL), **ends)
    out = xr.Dataset(dict(zip(CENTRE + TAIL, (*centre, *tail), strict=True)), {"level": list(levels)})
    out["effective_paths"] = ((), effective(weight))
    units = str(values.attrs.get("units", "1"))
    meant = values.attrs.get("long_name", values.name)
    of = f" of {meant}" if meant else ""
    outputs = {name: Output(units, meaning + of) for name, meaning in MEANINGS.items()}
    return labelled(out, outputs | {"effective_paths": EFFECTIVE}).assign_attrs(of_the_run(weights))


def _weights_faults(weights: xr.Dataset) -> list[str]:
    """Faults of an object that is not a Dataset of entropy_pooling()."""
    needs = {"weight": {"path"}, "statistic": {"view", "path"}, "target": {"view"}}
    if faults := memory_faults("weights", weights, "entropy_pooling()"):
        return faults
    for name, dims in needs.items():
        if name not in weights or set(weights[name].dims) != dims:
            faults.append(
                f"weights: found no {name} along {sorted(dims)}, expected it; give the Dataset of entropy_pooling()"
            )
        elif not np.isfinite(weights[name].values).all():
            faults.append(
                f"weights: found a {name} that is not finite, expected none; give the Dataset of entropy_pooling()"
            )
    if faults:
        return faults
    weight = weights["weight"].values
    if not abs(weight.sum() - 1.0) <= 1e-9 or (weight < 0.0).any() or effective(weight) < 2.0 - 1e-9:
        sums = f"found a sum of {weight.sum():g}, a least of {weight.min():g}, {effective(weight):.1f} effective paths"
        faults.append(
            f"weights: {sums}, expected 1, >= 0 and >= 2; give the Dataset of entropy_pooling() with all its paths"
        )
    return faults


def _values_faults(values: xr.DataArray, weights: xr.Dataset) -> list[str]:
    """Faults of values that cannot be weighted."""
    if "path" not in values.dims or {"level", "view"} & set(values.dims):
        given = f"values: found dimensions {values.dims}"
        return [f"{given}, expected path among them, no level and no view; give one value on each path"]
    if faults := chunk_faults("values", values):
        return faults
    if values.dtype.kind not in "biuf":
        faults.append(f"values: found type {values.dtype}, expected numbers or booleans; convert them")
    elif not np.isfinite(values.values).all():
        count = int((~np.isfinite(values.values)).sum())
        faults.append(f"values: found {count:,} that are not finite, expected none; select those that are")
    if values.sizes["path"] != weights["weight"].size:
        count = values.sizes["path"]
        faults.append(
            f"path: found {count:,}, expected the {weights['weight'].size:,} of the weights; give the same run"
        )
    elif not np.array_equal(values["path"].values, weights["path"].values):
        first = int(np.flatnonzero(values["path"].values != weights["path"].values)[0])
        here, expected = values["path"].values[first], weights["path"].values[first]
        faults.append(
            f"path: found {here} at position {first}, expected {expected} as in the weights; give the same run"
        )
    return faults


def _mean_error(dev: Array, weight: Array, gaps: Array) -> Array:
    """Delta-method standard error of a weighted mean, dev (..., path) being the values less that mean.

    weight : (path), fitted to gaps (view, path), the statistics less their targets
    """
    root = np.sqrt(weight)
    basis = np.linalg.qr((root * gaps).T)[0]
    scaled = root * dev
    residual = scaled - (scaled @ basis) @ basis.T  # root times what the views leave unexplained
    error: Array = np.sqrt(residual**2 @ weight)
    return error


def _centre(sample: Array, weight: Array, gaps: Array) -> tuple[Array, ...]:
    """Weighted moments of (..., path), in the order of CENTRE."""
    mean = sample @ weight
    dev = sample - mean[..., None]
    n = effective(weight)
    small = math.sqrt(n / (n - 1.0))
    return mean, small * _mean_error(dev, weight, gaps), small * np.sqrt(dev**2 @ weight)


def _tail(sample: Array, weight: Array, gaps: Array, levels: tuple[float, ...]) -> tuple[Array, ...]:
    """Weighted value at risk and expected shortfall of (..., path), in the order of TAIL."""
    order = np.lexsort((np.broadcast_to(weight, sample.shape), sample), axis=-1)  # by weight too: ties in any order
    ordered = np.take_along_axis(sample, order, axis=-1)
    below = _cumulative(weight[order])
    n = effective(weight)
    small = math.sqrt(n / (n - 1.0))
    statistics = []
    for level in levels:
        at = _place(below, level)
        q = np.take_along_axis(ordered, at, axis=-1)
        equal = _equivalent(sample, q, weight, gaps, np.take_along_axis(weight[order], at, axis=-1)[..., 0])
        none = (at[..., 0] == weight.size - 1) | (equal - _rank(equal, level) < 1.0 - 1e-6)
        excess = np.maximum(sample - q, 0.0) / (1.0 - level)
        mean = excess @ weight
        error = small * _mean_error(excess - mean[..., None], weight, gaps)
        spread = _maritz_jarrett(ordered, below, equal, level)
        statistics.append((q[..., 0], np.where(none, np.nan, spread), q[..., 0] + mean, np.where(none, np.nan, error)))
    return tuple(np.stack(by_level, axis=-1) for by_level in zip(*statistics, strict=True))


def _cumulative(weight: Array) -> Array:
    """Cumulative share (..., path) of weights that sum to about 1.

    Summed as whole numbers, so that equal weights give i / n and no rank is lost to rounding.
    """
    whole = np.cumsum(np.rint(weight * 2.0**62).astype(np.int64), axis=-1)
    share: Array = whole / whole[..., -1:].astype(np.float64)
    return share


def _place(below: Array, level: float) -> NDArray[np.intp]:
    """Index (..., 1) of the first value whose cumulative share reaches the level."""
    n = below.shape[-1]
    place: NDArray[np.intp] = np.argmax(n * below >= round(n * level, 9) - 5e-10, axis=-1)[..., None]
    return place


def _rank(n: Array, level: float) -> Array:
    """Rank of the quantile among n values, as `estimators.rank`, for numbers of values that are not whole."""
    return np.ceil(np.round(n * level, 6))


def _equivalent(sample: Array, q: Array, weight: Array, gaps: Array, step: Array) -> Array:
    """Number of equally weighted values that give the share at or below q (..., 1) with the same precision."""
    beyond = sample > q
    share = beyond @ weight
    variance = _mean_error(beyond - share[..., None], weight, gaps) ** 2
    variance = np.maximum(variance, step**2 / 12.0)  # F is a step function: no more precise than its step
    return np.where(share > 0.0, share * (1.0 - share) / variance, effective(weight))


def _maritz_jarrett(ordered: Array, below: Array, n: Array, level: float) -> Array:
    """Standard error of a quantile of sorted values (..., path) as precise as n (...) equally weighted ones."""
    k = _rank(n, level)[..., None]
    shares = np.concatenate([np.zeros((*below.shape[:-1], 1)), below], axis=-1)
    weights = np.diff(special.betainc(k, n[..., None] - k + 1.0, shares), axis=-1)
    centre = (ordered * weights).sum(axis=-1)
    variance: Array = ((ordered - centre[..., None]) ** 2 * weights).sum(axis=-1)
    return np.sqrt(variance)
