"""Entropy pooling: weights of simulated paths under which stated means hold, in place of a new simulation.

The weights are those nearest to equal ones, in relative entropy, under which the views hold. They redistribute what was
simulated and add nothing to it: a view beyond the simulated values is refused, and one near their edge rests on few
paths, which `effective_paths` and every standard error show.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from scipy import optimize, special

from stresslab.checks import advised, is_number, refuse
from stresslab.measures.estimators import Array
from stresslab.measures.result_view import Output, label_faults, labelled, memory_faults, of_the_run
from stresslab.schema import InputError
from stresslab.typed import typed

View = float | tuple[xr.DataArray, float]

TOLERANCE = 1e-8  # of a stated mean, in standard deviations of its statistic over the paths

OUTPUTS = {
    "weight": Output("1", "weight of the path; they sum to 1"),
    "statistic": Output("by view", "value of the view on the path"),
    "target": Output("by view", "mean that the view states"),
    "mean_before": Output("by view", "mean under equal weights"),
    "mean_after": Output("by view", "mean under the weights"),
    "multiplier": Output("1 / by view", "rise of the log weight for each unit of the statistic"),
    "relative_entropy": Output("nat", "distance from equal weights"),
    "effective_paths": Output("number", "equally weighted paths of the same precision (Kish)"),
    "effective_paths_entropy": Output("number", "exponential of the entropy of the weights"),
}


@typed
def entropy_pooling(source: xr.Dataset, views: Mapping[str, View], *, least_effective: float = 0.1) -> xr.Dataset:
    r"""Weight of each simulated path, nearest to equal weights in relative entropy, under which stated means hold.

    Parameters
    ----------
    source : xarray.Dataset
        One scenario from `macro_paths` or `simulate`.
    views : mapping of str to float or to tuple of DataArray and float
        Name of a variable (path, month) or (path) and the mean that it shall have, over paths and over months 1 to the
        last; month 0 is the start and does not count. Or any name and (DataArray along the same dimensions, its mean),
        for a statistic of your own: a peak, one month, a segment, whether something happened.
    least_effective : float
        Smallest share of effective paths that is accepted, above 0 and at most 1.

    Returns
    -------
    xarray.Dataset
        =======================  ==========  ===========  ======================================================
        variable                 dims        unit         meaning
        =======================  ==========  ===========  ======================================================
        weight                   path        1            weight of the path; they sum to 1
        statistic                view, path  by view      value of the view on the path
        target                   view        by view      mean that the view states
        mean_before              view        by view      mean under equal weights
        mean_after               view        by view      mean under the weights
        multiplier               view        1 / by view  rise of the log weight for each unit of the statistic
        relative_entropy                     nat          distance from equal weights
        effective_paths                      number       equally weighted paths of the same precision (Kish)
        effective_paths_entropy              number       exponential of the entropy of the weights
        =======================  ==========  ===========  ======================================================

        The coordinate `unit` (view) is the unit of each view.

    Raises
    ------
    InputError
        Names each fault: a scenario dimension, an unknown or unfit variable, a target outside the simulated values,
        views that contradict or repeat one another, too few effective paths.

    Notes
    -----
    With statistics :math:`f_i` and targets :math:`t`,

    .. math::

       w_i = \frac{e^{\lambda \cdot f_i}}{\sum_j e^{\lambda \cdot f_j}}, \qquad
       \lambda = \arg\min_l \log \frac{1}{n} \sum_i e^{l \cdot (f_i - t)}

    which minimises the relative entropy :math:`\sum_i w_i \log(n w_i)` [1]_ [2]_ [3]_. Effective paths are
    :math:`1 / \sum_i w_i^2` [4]_ and :math:`\exp(-\sum_i w_i \log w_i)`. The means hold to 1e-8 standard deviations of
    their statistics. Only means are set: spreads and dependence follow, and a normal variable keeps its variance.

    Not for: views far from what was simulated; simulate a scenario nearer to them.

    References
    ----------
    .. [1] Csiszar (1975), Annals of Probability 3, 146-158.
    .. [2] Avellaneda, Buff, Friedman, Grandchamp, Kruk and Newman (2001), International Journal of Theoretical and
       Applied Finance 4, 91-119.
    .. [3] Meucci (2008), Fully Flexible Views, Risk 21, 97-102.
    .. [4] Kish (1965), Survey Sampling, section 11.7.

    Examples
    --------
    Weights 1 : 2 : 4, whose mean is (0 + 2 + 8) / 7:

    >>> import xarray as xr
    >>> import stresslab as sl
    >>> source = xr.Dataset({"rate": ("path", [0.0, 1.0, 2.0])})
    >>> weights = sl.entropy_pooling(source, {"rate": 10 / 7})
    >>> (7 * weights["weight"]).values.tolist(), weights["multiplier"].item()  # log 2
    ([1.0, 2.0, 4.0], 0.693147)
    >>> weights["effective_paths"].item()  # 7^2 / (1 + 4 + 16)
    2.333333
    """
    subject = "entropy_pooling"
    faults = _source_faults(source, views)
    faults = faults or [fault for name, view in views.items() for fault in _view_faults(source, name, view)]
    refuse(subject, faults + _share_faults(least_effective))
    stated = {name: _stated(source, name, view) for name, view in views.items()}
    statistic = np.stack([_on_paths(values).values for values, _ in stated.values()])
    targets = np.array([target for _, target in stated.values()], dtype=np.float64)
    weight, multiplier = _tilt(subject, list(stated), statistic, targets)
    refuse(subject, _effective_faults(list(stated), statistic, targets, weight, least_effective))
    out = xr.Dataset(
        {
            "weight": ("path", weight),
            "statistic": (("view", "path"), statistic),
            "target": ("view", targets),
            "mean_before": ("view", statistic.mean(axis=-1)),
            "mean_after": ("view", statistic @ weight),
            "multiplier": ("view", multiplier),
            "relative_entropy": ((), float(special.kl_div(weight, 1.0 / weight.size).sum())),
            "effective_paths": ((), effective(weight)),
            "effective_paths_entropy": ((), math.exp(special.entr(weight).sum())),
        },
        {"path": source["path"].values, "view": list(stated)},
    )
    out = labelled(out, OUTPUTS)
    out["unit"] = ("view", [str(values.attrs.get("units", "")) for values, _ in stated.values()])
    return out.set_coords("unit").assign_attrs(of_the_run(source), least_effective=float(least_effective))


def effective(weight: Array) -> float:
    """Kish's number of effective paths, 1 / sum of w^2."""
    return float(1.0 / (weight @ weight))


def _share_faults(least_effective: float) -> list[str]:
    """Fault of a least share of effective paths."""
    if is_number(least_effective) and 0.0 < least_effective <= 1.0:
        return []
    return [f"least_effective: found {least_effective!r}, expected a share above 0 and at most 1; give 0.1, not 10"]


def _source_faults(source: xr.Dataset, views: Mapping[str, View]) -> list[str]:
    """Faults of the source and of views as a whole; empty if there are none."""
    if wrong := memory_faults("source", source, "macro_paths() or simulate()"):
        return wrong
    faults = label_faults(source)
    if "scenario" in source.dims:
        given = f"scenario: found a dimension of {source.sizes['scenario']}"
        faults.append(f"{given}, expected one scenario; select one: source.sel(scenario=...)")
    if source.sizes.get("path", 0) < 2:
        given = f"{source.sizes['path']} of it" if "path" in source.dims else f"dimensions {tuple(source.dims)}"
        faults.append(f"path: found {given}, expected 2 or more simulated paths; simulate more")
    if not views:
        faults.append(f"views: found {views!r}, expected one or more names with a target; give {{name: mean}}")
    return faults


def _stated(source: xr.Dataset, name: str, view: View) -> tuple[xr.DataArray, float]:
    """Values that a view is about, and the mean that it states."""
    return view if isinstance(view, tuple) else (source[name], view)


def _on_paths(values: xr.DataArray) -> xr.DataArray:
    """One number for each path: the mean over the months after the start."""
    numbers = values.astype(np.float64)
    if "month" not in values.dims:
        return numbers
    return numbers.isel(month=np.flatnonzero(values["month"] > 0)).mean("month", skipna=False)


def _view_faults(source: xr.Dataset, name: str, view: Any) -> list[str]:
    """Faults of one view; empty if there are none."""
    if isinstance(view, tuple) and not (len(view) == 2 and isinstance(view[0], xr.DataArray)):
        kinds = ", ".join(type(part).__name__ for part in view)
        return [f"{name}: found a tuple ({kinds}), expected (DataArray along path, target); give the two"]
    if not isinstance(view, tuple) and name not in source.data_vars:
        known = [str(key) for key, values in source.data_vars.items() if set(values.dims) <= {"path", "month"}]
        advice = advised(name, known, "give (DataArray, target)")
        return [f"{name}: found no such variable, expected one of {known}; {advice}"]
    values, target = _stated(source, name, view)
    faults = _unfit(values, source)
    if not is_number(target):
        faults.append(f"found target {target!r}, expected a finite number; give its mean over paths")
    elif not faults:
        faults = _range_faults(_on_paths(values), target)
    return [f"{name}: {fault}" for fault in faults]


def _unfit(values: xr.DataArray, source: xr.Dataset) -> list[str]:
    """Why values have no mean over months on each path of the source; empty if they have one."""
    if "path" not in values.dims or not set(values.dims) <= {"path", "month"}:
        given = f"found dimensions {values.dims}, expected ('path', 'month') or ('path',)"
        return [f"{given}; reduce it to one value on each path and give (DataArray, target)"]
    faults = []
    if values.dtype.kind not in "biuf":
        faults.append(f"found type {values.dtype}, expected numbers; convert it")
    if not np.array_equal(values["path"].values, source["path"].values):
        faults.append("found other paths than the source has, expected the same labels; take it from the same run")
    if "month" in values.dims:
        months = values["month"].values
        if "month" not in values.coords or months.dtype.kind not in "iuf" or not (months > 0).any():
            given = f"found months {months.tolist()}" if "month" in values.coords else "found months without labels"
            faults.append(f"{given}, expected numbers, some of them after 0, the start; label the months")
    return faults


def _range_faults(values: xr.DataArray, target: float) -> list[str]:
    """Why no weights, or all, give these values (path) the target as their mean; empty if some do."""
    if not np.isfinite(values.values).all():
        first = int(np.flatnonzero(~np.isfinite(values.values))[0])
        given = f"found {values.values[first]} at path {values['path'].values[first]}"
        return [f"{given}, expected a finite number on each path; correct it"]
    low, high = float(values.min()), float(values.max())
    if high - low <= 1e-12 * max(abs(low), abs(high)):
        return [f"found {low:g} on every path, expected values that differ; give a view on what varies"]
    if not low < target < high:
        inside = f"expected a number between the simulated {low:g} and {high:g}"
        return [f"found target {target:g}, {inside}; simulate a scenario nearer to it"]
    return []


def _tilt(subject: str, names: Sequence[str], statistic: Array, targets: Array) -> tuple[Array, Array]:
    """Weights (path) and multipliers (view) of minimal relative entropy; InputError where there are none."""
    scale = statistic.std(axis=-1)
    if np.linalg.matrix_rank(np.atleast_2d(np.corrcoef(statistic)), tol=1e-8, hermitian=True) < len(names):
        fault = f"views: found {list(names)}, of which one follows from the others on every path"
        raise InputError(subject, [f"{fault}, expected views that differ; leave one out"])
    gaps = (statistic - targets[:, None]) / scale[:, None]
    point = _minimum(gaps)
    weight, mean, _ = _moments(point, gaps)
    if not np.abs(mean).max() <= TOLERANCE:
        fault = f"views: found no weights under which all hold ({_described_views(names, statistic, targets)})"
        raise InputError(
            subject, [f"{fault}, expected targets within what was simulated; simulate a scenario nearer to them"]
        )
    return weight, point / scale


def _minimum(gaps: Array) -> Array:
    """The multipliers (view) at which log mean exp(multipliers . gaps) is least, gaps being (view, path)."""
    point = np.zeros(gaps.shape[0])
    if np.abs(gaps.mean(axis=-1)).max() > 1e-12:  # else the weights are equal, to the last bit
        point = optimize.minimize(
            lambda at: special.logsumexp(at @ gaps) - math.log(gaps.shape[-1]),
            point,
            jac=lambda at: _moments(at, gaps)[1],
            hess=lambda at: _moments(at, gaps)[2],
            method="trust-exact",
            options={"gtol": 1e-6, "maxiter": 100},
        ).x
    _, mean, spread = _moments(point, gaps)
    while np.abs(mean).max() > 1e-12:  # whole Newton steps: the dual is too flat here for a method that compares values
        tried = point - np.linalg.lstsq(spread, mean, rcond=None)[0]
        _, closer, spread = _moments(tried, gaps)
        if not np.abs(closer).max() < 0.5 * np.abs(mean).max():
            break
        point, mean = tried, closer
    return point


def _moments(point: Array, gaps: Array) -> tuple[Array, Array, Array]:
    """Weights (path) at given multipliers, and mean (view) and covariance (view, view) of the gaps under them."""
    weight: Array = special.softmax(point @ gaps)
    mean = gaps @ weight
    centred = gaps - mean[:, None]
    return weight, mean, (centred * weight) @ centred.T


def _described_views(names: Sequence[str], statistic: Array, targets: Array) -> str:
    """Each view with the simulated values and the distance of its target from their mean, for an error."""
    return "; ".join(
        f"{name}: target {target:g}, simulated {values.min():g} to {values.max():g}, "
        f"{(target - values.mean()) / values.std():+.1f} standard deviations from its mean"
        for name, values, target in zip(names, statistic, targets, strict=True)
    )


def _effective_faults(names: Sequence[str], statistic: Array, targets: Array, weight: Array, least: float) -> list[str]:
    """Fault of weights with too few effective paths."""
    effective_paths, needed = effective(weight), max(least * weight.size, 2.0)
    if effective_paths >= needed - 1e-9 * weight.size:  # equal weights are n effective paths to within rounding
        return []
    views = _described_views(names, statistic, targets)
    return [
        f"effective_paths: found {effective_paths:.1f} of {weight.size} ({views}), expected "
        f"{needed:g} or more (least_effective {least:g}); simulate a scenario nearer to the targets"
    ]
