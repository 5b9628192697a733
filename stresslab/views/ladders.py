"""Cash-flow ladder by source and use, and survival without new funding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from stresslab.measures.estimators import Array
from stresslab.measures.result_view import dataset_faults
from stresslab.schema import money_of
from stresslab.views import style
from stresslab.views.bands import TINT, edges
from stresslab.views.quantity import each_scenario, scenario_faults

GROUPS = {
    "customers, net": ("repayments", "recoveries", "lending", "further_draws"),
    "partners, net": ("partner_fees", "guarantees"),
    "borrowings repaid": ("borrowings",),
    "securitisations repaid": ("securitisations",),
    "interest": ("interest",),
    "operating cost": ("operating_cost", "line_fees"),
}
"""Sources and uses of cash that share a bar, under its printed name; all others are in "other, net"."""

OTHER = "other, net"
COLOURS = dict(
    zip((*GROUPS, OTHER), (style.HUES[0], "#56B4E9", style.HUES[1], "#E69F00", style.HUES[3], "0.65", style.HUES[2]),
    strict=True)
)  # fmt: skip
"""As style.HUES, with the sky blue and the orange of Okabe and Ito (2008)."""


def ladder_faults(ladder: xr.Dataset) -> list[str]:
    """Faults of a ladder that cannot be drawn."""
    cell = ("path", "month")
    needs: dict[str, tuple[str, ...]] = {"inflow": (*cell, "source"), "outflow": (*cell, "use")}
    needs |= dict.fromkeys(("cumulative_gap", "counterbalancing_capacity"), cell)
    if faults := dataset_faults(ladder, needs, "liquidity_ladder()", name="ladder"):
        return faults
    return scenario_faults(ladder, most=1) + _number_faults(ladder, needs, "liquidity_ladder()")


def survival_faults(survival: xr.Dataset) -> list[str]:
    """Faults of a survival horizon that cannot be drawn."""
    needs: dict[str, tuple[str, ...]] = {"survival_month": ("path",)}
    chances: dict[str, tuple[str, ...]] = {f"survival_probability{end}": ("month",) for end in ("", "_low", "_high")}
    if faults := dataset_faults(survival, needs | chances, "survival_horizon()", name="survival"):
        return faults
    return scenario_faults(survival) + _number_faults(survival, chances, "survival_horizon()", (0.0, 1.0))


def _number_faults(
    dataset: xr.Dataset, names: Mapping[str, Sequence[str]], maker: str, within: tuple[float, float] | None = None
) -> list[str]:
    """Faults of variables that are empty, or whose numbers are not finite or out of bounds."""
    faults = []
    for name in names:
        values = dataset[name].values
        low, high = within or (-np.inf, np.inf)
        bad = ~(np.isfinite(values) & (values >= low) & (values <= high))
        if bad.any():
            expected = f"numbers from {low:g} to {high:g}" if within else "finite numbers"
            fault = f"{name}: found {values[bad][0]}, {int(bad.sum()):,} in all"
            faults.append(f"{fault}, expected {expected}; give the Dataset of {maker}")
        elif not values.size:
            faults.append(
                f"{name}: found no values, shape {values.shape}, expected numbers; give the Dataset of {maker}"
            )
    return faults


def net_by_group(ladder: xr.Dataset) -> dict[str, Array]:
    """Net cash of each of GROUPS by month, mean over paths; groups that are always 0 are left out."""
    means = {str(label): ladder["inflow"].sel(source=label).mean("path") for label in ladder["source"].values}
    means |= {str(label): -ladder["outflow"].sel(use=label).mean("path") for label in ladder["use"].values}
    groups = GROUPS | {OTHER: tuple(set(means) - {label for labels in GROUPS.values() for label in labels})}
    sums = {
        group: sum((means[label].values for label in labels if label in means), np.zeros(ladder.sizes["month"]))
        for group, labels in groups.items()
    }
    return {group: values for group, values in sums.items() if (values != 0.0).any()}


def draw_ladder(ax: Axes, ladder: xr.Dataset) -> Axes:
    """Bars of the groups, the cumulative gap with its band, minus the capacity as steps, words beside."""
    _, run = each_scenario(ladder)[0]
    months = run["month"].values.astype(np.float64)
    gap = run["cumulative_gap"].transpose("path", "month").values
    capacity = run["counterbalancing_capacity"].mean("path").values
    bars = net_by_group(run)
    _draw_bars(ax, bars, months)
    low, high = edges(gap, 0.9)
    if len(gap) > 1:
        ax.fill_between(months, low, high, color="0.1", alpha=TINT, linewidth=0, zorder=0.95)  # behind the bars
        ax.plot(months, np.stack([low, high], -1), color="0.25", linewidth=0.9, linestyle=":", zorder=2.4)
    ax.plot(months, gap.mean(0), color="0.1", linewidth=2.2, zorder=3, label="cumulative gap")
    sides = np.append(months - 0.5, months[-1] + 0.5)
    ax.step(sides, -np.append(capacity, capacity[-1]), where="post", color="0.1", linestyle=style.DASHES[1], zorder=3,
            label="minus capacity")  # fmt: skip
    ax.plot(sides[[0, -1]], [0.0, 0.0], color="0.4", linewidth=0.8, zorder=2.2)
    bottom, top = ax.dataLim.intervaly
    margin = 0.05 * (top - bottom) or 1.0
    largest, currency = max(abs(bottom), abs(top)), money_of(run.attrs)
    of = f"; 90 % of {len(gap):,} paths in the band" if len(gap) > 1 else ", 1 path"
    style.furnish(
        ax,
        "Cash-flow ladder" + _whose(run),
        f"{'mean ' * (len(gap) > 1)}net cash of the month (bars) and so far (line){of}",
        style.month_axis(ax, months, str(run.attrs.get("as_of", ""))),
        "cash" + style.in_units(ax.yaxis, "currency", largest, currency),
    )
    ax.set_xlim(sides[0], sides[-1])
    ax.set_ylim(bottom - margin, top + margin)
    last, backing = float(gap[:, -1].mean()), float(capacity[-1])
    labels = [
        style.Label(last, f"cumulative gap:\n{_signed(last, currency)}"),
        style.Label(-backing, f"minus capacity:\n{_signed(-backing, currency)};\nbelow this line\ncash has run out"),
    ]
    style.beside(ax, labels)
    style.legend_below(ax, list(bars))
    return ax


def _draw_bars(ax: Axes, bars: Mapping[str, Array], months: Array) -> None:
    """Stacked bars, inflow above 0 and outflow below."""
    above, below = np.zeros_like(months), np.zeros_like(months)
    for group, values in bars.items():
        ax.bar(
            months, values, bottom=np.where(values > 0.0, above, below), width=0.76, color=COLOURS[group], label=group
        )
        above, below = above + np.maximum(values, 0.0), below + np.minimum(values, 0.0)


def draw_survival(ax: Axes, survival: xr.Dataset) -> Axes:
    """Steps from 1 at month 0, the interval as a band, and the end of each line in words."""
    months = np.append(0.0, survival["month"].values.astype(np.float64))
    labels = []
    scenarios = each_scenario(survival)
    for (name, scenario), hue, dash in zip(scenarios, style.HUES, style.DASHES, strict=False):
        low, high, chance = (np.append(1.0, scenario[f"survival_probability{end}"]) for end in ("_low", "_high", ""))
        ax.fill_between(months, low, high, step="post", color=hue, alpha=TINT, linewidth=0)
        look = {"color": hue, "linestyle": dash, "linewidth": 2.2, "label": name or "survival"}
        ax.step(months, chance, where="post", clip_on=False, **look)  # a line at 0 or 1 is seen whole
        percent, interval = style.with_interval(
            *(round(100.0 * float(values[-1]), 1) for values in (chance, low, high))
        )
        heading = style.wrap(name or f"through month {months[-1]:.0f}")
        labels.append(style.Label(float(chance[-1]), f"{heading}\n{percent} % {interval}", hue))
    style.furnish(
        ax,
        "Survival without new funding" + _whose(survival),
        f"{style.count_paths(survival)}; the band is the exact 95 % interval",
        style.month_axis(ax, months, str(survival.attrs.get("as_of", ""))),
        "paths that have paid so far" + style.in_units(ax.yaxis, "1", 1.0, ""),
    )
    ax.set_yticks(np.linspace(0.0, 1.0, 6))
    ax.set_ylim(0.0, 1.0)
    style.beside(ax, labels)
    return ax


def _whose(dataset: xr.Dataset) -> str:
    """The lender, as the end of a title."""
    return f", {dataset.attrs['lender']}" if "lender" in dataset.attrs else ""


def _signed(amount: float, currency: str) -> str:
    """An amount that may be below 0, in words."""
    return ("-" if amount < 0.0 else "") + style.money(abs(amount), currency)[0]
