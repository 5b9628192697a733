"""Tornado chart: change of an outcome at the low and the high value of each parameter."""

from __future__ import annotations

import textwrap
from typing import NamedTuple

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from stresslab.measures.estimators import Array
from stresslab.measures.result_view import dataset_faults
from stresslab.schema import money_of
from stresslab.views import style
from stresslab.views.losses import NORMAL_95
from stresslab.views.quantity import each_scenario, scenario_faults

ENDS = ("low", "high")
LEGEND = {end: f"{end} value, written beside" for end in ENDS}
MOST = 20
FEWEST = 4
"""Rows for which there is room at least: fewer are not drawn thicker."""

THICK = 0.72
"""Height of a row's bars; rows are 1 apart."""

LONGEST_NAME = 30
"""Letters in a line of a parameter's name."""


class Row(NamedTuple):
    """One parameter: the effects of its low and its high value, their standard errors, and the values in words."""

    name: str
    effects: Array
    errors: Array
    values: list[str]

    @property
    def one_sided(self) -> bool:
        """Whether both effects have the same sign, so that their bars share the row."""
        return float(self.effects.prod()) > 0.0


def tornado_faults(sensitivity: xr.Dataset) -> list[str]:
    """Faults of a sensitivity that cannot be drawn."""
    needs: dict[str, tuple[str, ...]] = {
        f"{end}{suffix}": ("parameter",) for suffix in ("", "_se", "_value") for end in ENDS
    }
    attrs = ("outcome", "units")
    if faults := dataset_faults(sensitivity, needs | {"base": ()}, "sensitivity()", attrs, "sensitivity"):
        return faults
    faults = scenario_faults(sensitivity, most=1)
    count = sensitivity.sizes["parameter"]
    if not 1 <= count <= MOST:
        fault = f"parameter: found {count}, expected 1 to {MOST} in a plot"
        faults.append(f"{fault}; choose with .isel(parameter=...)")
    for name in (*ENDS, "base"):
        bad = ~np.isfinite(sensitivity[name].values)
        if bad.any():
            fault = f"{name}: found {sensitivity[name].values[bad][0]}, {int(bad.sum())} in all"
            faults.append(f"{fault}, expected finite numbers; leave such parameters out")
    for name in ("low_se", "high_se"):
        values = sensitivity[name].values
        bad = (values < 0.0) | np.isinf(values)
        if bad.any():
            faults.append(f"{name}: found {values[bad][0]}, expected numbers >= 0, or NaN for no whisker; correct it")
    return faults


def rows_of(sensitivity: xr.Dataset) -> list[Row]:
    """Parameters, the largest effect first."""
    effects, errors = (np.stack([sensitivity[f"{end}{suffix}"].values for end in ENDS], -1) for suffix in ("", "_se"))
    values = [[_in_words(value) for value in sensitivity[f"{end}_value"].values] for end in ENDS]
    rows = [
        Row(str(name), effect, error, list(words))
        for name, effect, error, *words in zip(sensitivity["parameter"].values, effects, errors, *values, strict=True)
    ]
    return sorted(rows, key=lambda row: -float(np.abs(row.effects).max()))


def draw_tornado(ax: Axes | None, sensitivity: xr.Dataset) -> Axes:
    """Bars, whiskers and values of each parameter, the largest effect on top; a new figure has room for all rows."""
    _, single = each_scenario(sensitivity)[0]
    rows, attrs = rows_of(single), sensitivity.attrs
    if ax is None:
        wide, high = style.SIZE
        ax = plt.subplots(figsize=(wide, max(high, 1.6 + 0.4 * len(rows))), layout="constrained")[1]
    outer = [_draw_row(ax, row, place) for place, row in enumerate(rows)]
    ax.axvline(0.0, color="0.3", linewidth=0.9)
    largest = max(float(np.abs(row.effects).max()) for row in rows)
    unit = style.in_units(ax.xaxis, str(attrs["units"]), largest, money_of(attrs))
    unit = unit.replace("[%", "[percentage points")
    whiskers = "; whiskers are 95 % intervals" if any((row.errors > 0.0).any() for row in rows) else ""
    style.furnish(
        ax,
        f"What moves {attrs['outcome']}",
        f"from {_base(single)}, one parameter at a time{whiskers}",
        f"change in {attrs['outcome']}{unit}",
        "",
    )
    ax.grid(visible=False, axis="y")
    ax.grid(axis="x", color="0.5", alpha=0.3, linewidth=0.6)
    letters = LONGEST_NAME if _room(ax, rows) > 2.6 * style.POINTS["small"] else 10 * LONGEST_NAME
    ax.set_yticks(range(len(rows)), [textwrap.fill(row.name, letters) for row in rows])
    ax.tick_params(axis="y", length=0.0, labelcolor=mpl.rcParams["text.color"])
    ax.spines["left"].set_visible(False)
    middle, half = (len(rows) - 1) / 2.0, max(len(rows), FEWEST) / 2.0
    ax.set_ylim(middle + half, middle - half)
    _widen(ax, rows, outer)
    for place, (row, ends) in enumerate(zip(rows, outer, strict=True)):
        _name_ends(ax, row, place, ends, _room(ax, rows))
    style.legend_below(ax, [LEGEND[end] for end in ENDS])
    return ax


def _draw_row(ax: Axes, row: Row, place: int) -> tuple[float, float]:
    """Bars and whiskers of a parameter; returns their ends to the left and to the right of 0.

    Effects of opposite sign share a bar; effects of the same sign have bars of half the height, the low value above.
    """
    reach = [0.0, *row.effects.tolist()]
    for end, effect, error, hue, side in zip(ENDS, row.effects, row.errors, style.HUES, (-1.0, 1.0), strict=False):
        at, thick = (place + side * THICK / 4.0, THICK / 2.0) if row.one_sided else (place, THICK)
        ax.barh(at, effect, height=thick, color=hue, alpha=0.85, label=LEGEND[end] if place == 0 else None)
        if error > 0.0:
            ends = effect + NORMAL_95 * error * np.array([-1.0, 1.0])
            ax.plot(ends, [place + side * THICK / 4.0] * 2, "|-", color="0.15", linewidth=1.1, markersize=4.0)
            reach += ends.tolist()
    return min(reach), max(reach)


def _room(ax: Axes, rows: list[Row]) -> float:
    """Height of a row [point]."""
    return style.points_high(ax) / max(len(rows), FEWEST)


def _widen(ax: Axes, rows: list[Row], outer: list[tuple[float, float]]) -> None:
    """Set x limits that leave room for the values beside the bars."""
    left, right = min(ends[0] for ends in outer), max(ends[1] for ends in outer)
    names = max(min(len(row.name), LONGEST_NAME) for row in rows)
    wide = max(style.points_wide(ax) - 0.55 * style.POINTS["small"] * names, 100.0)
    letters = max(len(words) for row in rows for words in row.values)
    share = min((0.62 * style.POINTS["small"] * letters + 8.0) / wide, 0.3)
    margin = (right - left or 1.0) * share / (1.0 - 2.0 * share)
    ax.set_xlim(left - margin, right + margin)


def _name_ends(ax: Axes, row: Row, place: int, ends: tuple[float, float], room: float) -> None:
    """Write a parameter's low and high value where its bars and their whiskers end; `room` is the row's [point]."""
    apart = 0.25 if row.one_sided else 0.0
    size = min(style.POINTS["small"], 0.85 * room / (2.0 if row.one_sided else 1.0))
    for low_or_high, (effect, error, words, hue) in enumerate(
        zip(row.effects, row.errors, row.values, style.HUES, strict=False)
    ):
        other = float(row.effects[1 - low_or_high])
        right = effect > 0.0 if effect else (other < 0.0 if other else low_or_high == 1)
        at, x = place + (2.0 * low_or_high - 1.0) * apart, ends[int(right)]
        if row.one_sided:
            x = effect + (1.0 if right else -1.0) * NORMAL_95 * (error if error > 0.0 else 0.0)
        ax.annotate(
            words,
            (x, at),
            (4.0 if right else -4.0, 0.0),
            textcoords="offset points",
            ha="left" if right else "right",
            va="center_baseline",
            color=hue,
            fontsize=size,
            annotation_clip=False,
        )


def _in_words(value: object) -> str:
    """A parameter's value in words.

    >>> _in_words(0.05), _in_words(12), _in_words("never")
    ('0.05', '12', 'never')
    """
    return f"{value:.4g}" if isinstance(value, int | float | np.number) else str(value)


def _base(sensitivity: xr.Dataset) -> str:
    """Outcome at the base, in words."""
    base, unit = float(sensitivity["base"]), str(sensitivity.attrs["units"])
    if unit == "currency":
        sign = "-" if base < 0.0 else ""
        return sign + style.money(abs(base), money_of(sensitivity.attrs))[0]
    return f"{100.0 * base:.4g} %" if unit == "1" else f"{base:.4g} {unit}".rstrip()
