"""Allowances: waterfall of a movement by cause, and balances in stages 2 and 3."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from stresslab.measures.estimators import Array
from stresslab.measures.provisions.rollforward import ROW_LABELS
from stresslab.measures.result_view import dataset_faults
from stresslab.schema import money_of
from stresslab.views import style
from stresslab.views.quantity import each_scenario, scenario_faults
from stresslab.views.style import HUES, POINTS, Label, beside, power, same_decimals

ENDS = ("opening", "closing")
BAND = (0.05, 0.95)


def waterfall_faults(movement: xr.Dataset) -> list[str]:
    """Faults of a movement that cannot be drawn."""
    dims = ["path", "row"]
    if "movement" in movement and "stage" in movement["movement"].dims:
        dims.append("stage")
    faults = dataset_faults(movement, {"movement": dims}, "allowance_movement()", name="movement")
    return faults or scenario_faults(movement, most=1)


def stage_faults(provisions: xr.Dataset) -> list[str]:
    """Faults of provisions whose stages cannot be drawn."""
    needs = {"stage_balance": ("path", "month", "stage")}
    faults = dataset_faults(provisions, needs, "provisions() under IFRS 9", name="provisions")
    return faults or scenario_faults(provisions, most=1)


def rows_of(movement: xr.Dataset) -> xr.DataArray:
    """Rows (path, row) that are not 0 on all paths, summed over stages."""
    values = movement["movement"]
    values = values.sum("stage") if "stage" in values.dims else values
    moving = (values != 0.0).any("path") | values["row"].isin(ENDS)
    return values.isel(row=np.flatnonzero(moving.values)).transpose("path", "row")


def draw_waterfall(ax: Axes, rows: xr.DataArray) -> float:
    """Bars of the means over paths from opening to closing, a whisker where paths differ; returns the largest size."""
    names = rows["row"].values.astype(str).tolist()
    mean = rows.mean("path").values
    low, high = np.quantile(rows.values, BAND, axis=0)
    starts = np.where([name in ENDS for name in names], 0.0, np.cumsum(mean) - mean)
    colours = [
        "0.45" if name in ENDS else HUES[1] if value > 0 else HUES[0] for name, value in zip(names, mean, strict=True)
    ]
    at = np.arange(len(names))
    ax.bar(at, mean, bottom=starts, color=colours, width=0.62)
    tops = starts + mean
    ax.hlines(tops[:-1], at[:-1] - 0.31, at[1:] + 0.31, color="0.5", linewidth=0.7)
    wide = np.maximum(high - low, 0.0) > 0.0
    ax.vlines(at[wide], (starts + low)[wide], (starts + high)[wide], color="0.15", linewidth=1.3)
    ax.set_xticks(at, [ROW_LABELS.get(name, name).replace(" ", "\n") for name in names])
    highest = float(np.maximum.reduce([starts, tops, starts + high]).max())
    lowest = float(np.minimum.reduce([starts, tops, starts + low, 0.0 * mean]).min())
    ax.set_ylim(lowest - 0.04 * (highest - lowest) * (lowest < 0), highest + 0.10 * (highest - lowest))
    exponent = power(float(np.abs(mean).max()))
    for place, (value, words) in enumerate(zip(mean, same_decimals((mean / 10.0**exponent).tolist()), strict=True)):
        above = max(starts[place], tops[place], (starts + high)[place] if wide[place] else -np.inf)
        sign = "+" if value > 0 and names[place] not in ENDS else ""
        ax.annotate(
            sign + words, (place, above), (0, 3), textcoords="offset points", ha="center", fontsize=POINTS["small"]
        )
    return float(np.abs([lowest, highest]).max())


def draw_stages(ax: Axes, provisions: xr.Dataset, months: Array) -> None:
    """Mean shares of the balance in stage 3 and, on top, stage 2; a band where 90 % of paths have their sum."""
    balance = provisions["stage_balance"].transpose("path", "month", "stage").values
    share = np.divide(
        balance, balance.sum(-1, keepdims=True), out=np.zeros_like(balance), where=balance.sum(-1, keepdims=True) > 0
    )
    third, both = share[..., 2], share[..., 1] + share[..., 2]
    low, high = np.quantile(both, BAND, axis=0)
    ax.fill_between(months, 0.0, third.mean(0), color=HUES[1], alpha=0.85, linewidth=0.0)
    ax.fill_between(months, third.mean(0), both.mean(0), color=HUES[0], alpha=0.55, linewidth=0.0)
    labels: Sequence[Label] = [
        Label(float(third[:, -1].mean() / 2), "stage 3", HUES[1]),
        Label(float((third + both)[:, -1].mean() / 2), "stage 2", HUES[0]),
    ]
    if len(balance) > 1:
        ax.plot(months, low, color="0.25", linewidth=0.9, linestyle=":")
        ax.plot(months, high, color="0.25", linewidth=0.9, linestyle=":")
        labels = [*labels, Label(float(high[-1]), "90 % of paths\nbetween the\ndotted lines")]
    ax.set_ylim(0.0, 1.08 * float(max(high.max(), both.mean(0).max(), 1e-6)))
    beside(ax, labels)


def draw_movement(ax: Axes, movement: xr.Dataset) -> Axes:
    """Waterfall with title, note and unit."""
    _, single = each_scenario(movement)[0]
    rows, attrs = rows_of(single), movement.attrs
    largest = draw_waterfall(ax, rows)
    regime = {"ifrs9": "IFRS 9", "cecl": "CECL", "china": "five categories"}.get(str(attrs.get("provisioning")), "")
    months = f"months {attrs['first_month']} to {attrs['last_month']}" if "last_month" in attrs else ""
    of = ", ".join(str(words) for words in (attrs.get("lender"), regime, months) if words)
    style.furnish(ax, f"Movement of the allowance{', ' if of else ''}{of}", _mean_of(single), "", "")
    unit = style.in_units(ax.yaxis, "currency", largest, money_of(attrs))
    ax.set_ylabel(f"allowance{unit}", fontsize=style.POINTS["medium"])
    return ax


def draw_shares(ax: Axes, provisions: xr.Dataset) -> Axes:
    """Stages with title, note and unit."""
    _, provisions = each_scenario(provisions)[0]
    months = provisions["month"].values.astype(np.float64)
    x = style.month_axis(ax, months, str(provisions.attrs.get("as_of", "")))
    lender = provisions.attrs.get("lender")
    style.furnish(ax, f"Loans in stages 2 and 3{f', {lender}' if lender else ''}", _mean_of(provisions), x, "")
    unit = style.in_units(ax.yaxis, "1", 1.0, "")
    ax.set_ylabel(f"share of the balance{unit}", fontsize=style.POINTS["medium"])
    draw_stages(ax, provisions, months)
    return ax


def _mean_of(dataset: xr.Dataset) -> str:
    """Note below the title of a plot of means over paths."""
    several = "row" in dataset.dims and dataset.sizes["path"] > 1
    return f"mean of {style.count_paths(dataset)}{'; whiskers hold 90 % of them' if several else ''}"
