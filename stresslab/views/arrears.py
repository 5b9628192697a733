"""Balance past due by bucket, as stacked areas."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from stresslab.measures.result_view import BALANCE, dataset_faults, result_faults
from stresslab.schema import BUCKETS
from stresslab.views import style
from stresslab.views.quantity import bucket_shares, each_scenario, scenario_faults, whose_book


def arrears_faults(result: xr.Dataset, lender: str) -> list[str]:
    """Faults of a result whose arrears cannot be drawn."""
    faults = dataset_faults(result, {"balance": BALANCE}, "simulate()", name="result")
    return faults or scenario_faults(result, most=1) + result_faults(result, lender, {"balance": BALANCE})


def draw_arrears(ax: Axes | None, result: xr.Dataset, lender: str) -> Axes:
    """An area for each bucket from 30 days, the oldest debt on top, named at its end; means over paths."""
    _, run = each_scenario(result)[0]
    shares = bucket_shares(run, lender, "plot.arrears").mean("path").transpose("month", "bucket")
    months = run["month"].values.astype(np.float64)
    current, late = shares.values[:, 0], shares.values[:, 1:]
    ax = style.axes_or_new(ax)
    ax.stackplot(months, late.T, colors=list(style.shades(late.shape[1])), edgecolor="white", linewidth=0.5)
    ax.set_ylim(0.0, max(1.05 * float(late.sum(axis=1).max()), 1e-9))
    first, last = style.same_decimals((100.0 * current[[0, -1]]).tolist())
    style.furnish(
        ax,
        f"Balance past due, {whose_book(run, lender)}",
        f"mean of {style.count_paths(run)}; not shown: current, {first} % at the start and {last} % at the end",
        style.month_axis(ax, months, str(run.attrs.get("as_of", ""))),
        "share of the balance" + style.in_units(ax.yaxis, "1", 1.0, ""),
    )
    middles = np.cumsum(late[-1]) - late[-1] / 2
    ends = zip(middles, BUCKETS[1:], style.same_decimals((100.0 * late[-1]).tolist()), strict=True)
    style.beside(ax, [style.Label(y, f"{bucket} days: {share} %") for y, bucket, share in ends])
    return ax
