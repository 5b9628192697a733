"""Monte Carlo convergence: paths that an estimate of the loss needs, and its running value as paths are added."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import xarray as xr

from stresslab.checks import is_number, level_faults, refuse
from stresslab.measures.estimators import Array, jackknife, summarize
from stresslab.measures.losses import NEEDS, loss_distribution
from stresslab.measures.result_view import Output, described, horizon_faults, result_faults
from stresslab.typed import typed

FEWEST = 40
"""Paths below which nothing is estimated: a group of the jackknife would hold a single one."""

GROUPS = 20
"""Groups of paths, each of which the jackknife leaves out once."""

STATISTICS = {"expected_loss": "estimate", "value_at_risk": "value_at_risk", "expected_shortfall": "expected_shortfall"}
"""Statistics of the loss, and their names in `estimators.summarize`."""

OUTPUTS = {
    "expected_loss_needed": Output("1", "paths at which the standard error is the target"),
    "value_at_risk_needed": Output("1", "the same for value at risk"),
    "expected_shortfall_needed": Output("1", "the same for expected shortfall"),
    "expected_loss_running": Output("currency", "estimate from the first paths"),
    "value_at_risk_running": Output("currency", "value at risk of the first paths"),
    "expected_shortfall_running": Output("currency", "shortfall of the first paths"),
}


@typed
def convergence(
    result: xr.Dataset,
    *,
    levels: float | Sequence[float] = (0.95, 0.99),
    target: float = 0.02,
    horizon: int | None = None,
    lender: str = "own",
) -> xr.Dataset:
    r"""Number of paths that mean, value at risk and expected shortfall of the loss need for a relative error.

    Parameters
    ----------
    result : xarray.Dataset
        From `simulate`, as for `loss_distribution`, with 40 paths or more.
    levels : float or sequence of float
        Levels of value at risk and expected shortfall, in (0, 1).
    target : float
        Wanted standard error over the estimate [1], in (0, 1).
    horizon : int or None
        Months 1 to `horizon` are counted; None: all.
    lender : str
        "own" (attrs `own_lender`), "all" (the system) or a name.

    Returns
    -------
    xarray.Dataset
        ==========================  =====================  ========  ===============================================
        variable                    dims                   unit      meaning
        ==========================  =====================  ========  ===============================================
        expected_loss_needed        segment                1         paths at which the standard error is the target
        value_at_risk_needed        segment, level         1         the same for value at risk
        expected_shortfall_needed   segment, level         1         the same for expected shortfall
        expected_loss_running       paths, segment         currency  estimate from the first paths
        value_at_risk_running       paths, segment, level  currency  value at risk of the first paths
        expected_shortfall_running  paths, segment, level  currency  shortfall of the first paths
        ==========================  =====================  ========  ===============================================

        Each with its standard error `_se`. Segments are those of `loss_distribution`; the coordinate `paths` holds 64,
        128, ... and the number of all paths (write `ds["paths"]`); a `scenario` dimension is carried through. attrs:
        `target`, `horizon`, `macro_draws` (where known).

    Raises
    ------
    InputError
        Names each fault: a target or level outside (0, 1), fewer than 40 paths, and those of `loss_distribution`.

    Notes
    -----
    As the standard error :math:`se` of an estimate :math:`\hat\theta` falls with :math:`1 / \sqrt{n}`,

    .. math:: needed = n \left( \frac{se}{target \, \hat\theta} \right)^2

    and its own standard error is the jackknife's, leaving out each of :math:`G = 20` groups of paths in turn, which is
    right for quantiles too [1]_:

    .. math:: se_{needed}^2 = \frac{G - 1}{G} \sum_g (needed_{(g)} - \overline{needed})^2

    NaN where the estimate is not above 0, or where no path lies beyond value at risk. Heavy tails: the standard error
    depends on losses rarer than a small sample holds, so that `needed` is too low and `needed_se` of its own size.

    Not for: paths of `macro_paths` with draws="antithetic" or "sobol", which depend on each other.

    References
    ----------
    .. [1] Shao and Tu (1995), The Jackknife and Bootstrap, section 2.3.

    Examples
    --------
    A hundred paths that lose 8 and 12 in turn:

    >>> import stresslab as sl
    >>> from stresslab.testing import tiny_result
    >>> result = tiny_result(written_off=[8.0, 12.0] * 50, paths=100)
    >>> settled = sl.convergence(result, target=0.01).sel(segment="total")
    >>> round(settled["expected_loss_needed"].item())  # sd 2, mean 10: (0.2 / 0.01)^2, times 100 / 99
    404
    """
    levels = tuple(np.atleast_1d(levels).tolist())
    faults = result_faults(result, lender, NEEDS, paths=FEWEST) + horizon_faults(result, horizon)
    faults += level_faults("levels", levels)
    if not (is_number(target) and 0.0 < target < 1.0):
        faults.append(f"target: found {target!r}, expected a number between 0 and 1; give 0.02 for 2 % of the estimate")
    refuse("convergence", faults)
    whole = loss_distribution(result, horizon=horizon, levels=levels, lender=lender)
    loss = whole["loss"]
    order = [dim for dim in loss.dims if dim != "path"]
    sample = np.ascontiguousarray(loss.transpose(*order, "path").values, dtype=np.float64)
    out = xr.Dataset(coords={**{name: loss[name] for name in loss.coords if name != "path"}, "level": list(levels)})
    sizes = _sizes(sample.shape[-1])
    running = [_figures(sample[..., :size], levels) for size in sizes]
    needed = _needed(sample, levels, float(target))
    for name in STATISTICS:
        dims = order if name == "expected_loss" else [*order, "level"]
        for place, ending in enumerate(("", "_se")):
            estimates = np.stack([figures[name][place] for figures in running])
            out[f"{name}_running{ending}"] = (["paths", *dims], estimates)
            out[f"{name}_needed{ending}"] = (dims, needed[name][place])
    out = out.assign_coords(paths=sizes)
    out = described(out, result, lender, OUTPUTS).assign_attrs(target=float(target), horizon=whole.attrs["horizon"])
    draws = json.loads(str(result.attrs.get("macro", "{}"))).get("macro_draws")
    return out if draws is None else out.assign_attrs(macro_draws=draws)


def _sizes(paths: int) -> list[int]:
    """Powers of two from 64 on, and all paths.

    >>> _sizes(300)
    [64, 128, 256, 300]
    """
    powers = (2**power for power in range(6, paths.bit_length() + 1))
    return [*(size for size in powers if size < paths), paths]


def _figures(sample: Array, levels: tuple[float, ...]) -> dict[str, tuple[Array, Array]]:
    """Each estimate with its standard error, from losses (..., path)."""
    summary = summarize(sample, levels)
    return {name: (summary[key], summary[f"{key}_se"]) for name, key in STATISTICS.items()}


def _needed(sample: Array, levels: tuple[float, ...], target: float) -> dict[str, tuple[Array, Array]]:
    """Paths needed and the standard error of that number, from losses (..., path); group g holds paths g, g + G, ..."""
    paths = sample.shape[-1]
    whole = _paths_for(_figures(sample, levels), paths, target)
    group = np.arange(paths) % GROUPS
    parts = []
    for left_out in range(GROUPS):
        some = sample[..., group != left_out]
        parts.append(_paths_for(_figures(some, levels), some.shape[-1], target))
    return {name: (value, jackknife([part[name] for part in parts])) for name, value in whole.items()}


def _paths_for(figures: dict[str, tuple[Array, Array]], paths: int, target: float) -> dict[str, Array]:
    """Paths at which each relative standard error is the target."""
    return {
        name: paths * (error / (target * np.where(value > 0.0, value, np.nan))) ** 2
        for name, (value, error) in figures.items()
    }
