"""How many paths an estimate needs, and how it settles as paths are added."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import xarray as xr

from stresslab.checks import level_faults, refuse
from stresslab.measures.estimators import Array, expected_shortfall, moments, quantile
from stresslab.measures.losses import loss_distribution
from stresslab.measures.result_view import described

FEWEST = 40
"""Paths below which nothing is said: a group of the jackknife would hold a single one."""

GROUPS = 20
"""Groups of paths, each of which the jackknife leaves out once."""


def convergence(
    result: xr.Dataset,
    *,
    levels: float | Sequence[float] = (0.95, 0.99),
    target: float = 0.02,
    horizon: int | None = None,
    lender: str = "own",
) -> xr.Dataset:
    """How many paths the mean, VaR and ES of the loss need for a wanted relative error, and how they settle.

    result : Dataset from simulate(), as for loss_distribution(), with 40 paths or more
    levels : of VaR and ES, in (0, 1)
    target : wanted standard error over the estimate [1], in (0, 1)
    horizon : months 1 ... horizon are counted; None: all
    lender : "own" (attrs own_lender) | "all" (the system) | a name
    Returns Dataset, for expected_loss (segment) and var, es (segment, level), segments as in loss_distribution():
      _needed [1]: paths for the target;
      _needed_se [1]: standard error of that number, by leaving out each of 20 groups of paths in turn;
      _running, _running_se (paths, ...) [currency]: estimate and standard error from the first 64, 128, ... paths, and
      all of them. A `scenario` dimension is carried through. attrs: target, horizon, macro_draws (if known).
    needed = n (se / (target estimate))^2, as se falls with 1 / sqrt(n)
    NaN where the estimate is not above 0, or where no path lies beyond VaR. Not for: paths of macro_paths(draws=...)
    "antithetic" or "sobol": they depend on each other, and the error bars are not theirs. Heavy tails: se hangs
    on losses rarer than a small sample holds, so that needed is too low and needed_se of its own size.
    Write ds["paths"]: the coordinate counts them.
    Raises InputError naming each fault.

    >>> from stresslab.schema import BUCKETS
    >>> dims, lost = ("path", "month", "segment"), np.tile([8.0, 12.0], 50)[:, None, None] * [[0.0], [1.0]]
    >>> result = xr.Dataset(
    ...     {"balance": ((*dims, "bucket"), np.full((100, 2, 1, 8), 25.0)), "written_off": (dims, lost),
    ...      "forgiven": (dims, 0.0 * lost), "recovered": (dims, 0.0 * lost)},
    ...     {"month": [0, 1], "bucket": list(BUCKETS), "segment": ["us:card"], "lender": ("segment", ["us"]),
    ...      "product": ("segment", ["card"])}, {"own_lender": "us"})
    >>> found = convergence(result, target=0.01).sel(segment="total")
    >>> round(found["expected_loss_needed"].item())  # sd 2, mean 10: (0.2 / 0.01)^2, times 100 / 99
    404
    """
    levels = tuple(np.atleast_1d(levels).tolist())
    faults = level_faults("levels", levels)
    if isinstance(target, bool) or not isinstance(target, int | float | np.number) or not 0.0 < target < 1.0:
        faults.append(f"target: found {target!r}, expected a number between 0 and 1; 0.02 is 2 % of the estimate")
    if result.sizes.get("path", FEWEST) < FEWEST:
        faults.append(f"path: found {result.sizes['path']}, expected at least {FEWEST}; simulate more paths")
    refuse("convergence", faults)
    whole = loss_distribution(result, horizon=horizon, levels=levels, lender=lender)
    loss = whole["loss"]
    order = [dim for dim in loss.dims if dim != "path"]
    sample = np.ascontiguousarray(loss.transpose(*order, "path").values, dtype=np.float64)
    out = xr.Dataset(coords={**{name: loss[name] for name in loss.coords if name != "path"}, "level": list(levels)})
    sizes = _sizes(sample.shape[-1])
    running = [_figures(sample[..., :size], levels) for size in sizes]
    needed = _needed(sample, levels, float(target))
    for name in running[0]:
        dims = order if name == "expected_loss" else [*order, "level"]
        for place, suffix in enumerate(("_running", "_running_se")):
            out[name + suffix] = (["paths", *dims], np.stack([each[name][place] for each in running]))
        for place, suffix in enumerate(("_needed", "_needed_se")):
            out[name + suffix] = (dims, needed[name][place])
    out = out.assign_coords(paths=sizes)
    plain = [str(name) for name in out.data_vars if "_needed" in str(name)]
    out = described(out, result, lender, plain).assign_attrs(target=float(target), horizon=whole.attrs["horizon"])
    way = json.loads(str(result.attrs.get("macro", "{}"))).get("macro_draws")
    return out if way is None else out.assign_attrs(macro_draws=way)


def _sizes(paths: int) -> list[int]:
    """Powers of two from 64 on, and all paths.

    >>> _sizes(300)
    [64, 128, 256, 300]
    """
    powers = (2**power for power in range(6, paths.bit_length() + 1))
    return [*(size for size in powers if size < paths), paths]


def _figures(sample: Array, levels: tuple[float, ...]) -> dict[str, tuple[Array, Array]]:
    """Each estimate with its standard error, from losses (..., path)."""
    mean, mean_se, _, _ = moments(sample)
    value = quantile(sample, levels)
    return {
        "expected_loss": (mean, mean_se),
        "value_at_risk": (value.value, value.se),
        "expected_shortfall": expected_shortfall(sample, levels),
    }


def _needed(sample: Array, levels: tuple[float, ...], target: float) -> dict[str, tuple[Array, Array]]:
    """Paths needed, and the standard error of that number by the grouped jackknife, from losses (..., path).

    se^2 = (G - 1) / G sum_g (needed without group g - their mean)^2; group g holds the paths g, g + G, ...
    Source: Shao and Tu, The Jackknife and Bootstrap (1995), section 2.3: leaving out groups is right for quantiles too.
    """
    paths = sample.shape[-1]
    whole = _paths_for(_figures(sample, levels), paths, target)
    group = np.arange(paths) % GROUPS
    parts = []
    for left in range(GROUPS):
        some = sample[..., group != left]
        parts.append(_paths_for(_figures(some, levels), some.shape[-1], target))
    out = {}
    for name, value in whole.items():
        each = np.stack([part[name] for part in parts])
        spread = ((each - each.mean(axis=0)) ** 2).sum(axis=0) * (GROUPS - 1) / GROUPS
        out[name] = (value, np.sqrt(spread))
    return out


def _paths_for(figures: dict[str, tuple[Array, Array]], paths: int, target: float) -> dict[str, Array]:
    """Paths at which each relative standard error is the target."""
    return {
        name: paths * (error / (target * np.where(value > 0.0, value, np.nan))) ** 2
        for name, (value, error) in figures.items()
    }
