"""Liquidity buffer under the cumulative cash gap: its size with its interval, and the worst path."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from stresslab.checks import level_faults
from stresslab.measures.estimators import Array
from stresslab.measures.result_view import dataset_faults
from stresslab.views.quantity import scenario_faults
from stresslab.views.style import DASHES, HUES, Label, beside, money, points_wide, wrap

FINITE = ("cumulative_gap", "shortfall", "buffer")


def buffer_faults(buffer: xr.Dataset) -> list[str]:
    """Faults of a liquidity buffer that cannot be drawn."""
    needs: dict[str, tuple[str, ...]] = {"cumulative_gap": ("path", "month"), "shortfall": ("path",)}
    needs |= dict.fromkeys(("buffer", "buffer_low", "buffer_high"), ())
    if faults := dataset_faults(buffer, needs, "liquidity_buffer()", attrs=("level",), name="buffer"):
        return faults
    faults = scenario_faults(buffer) + level_faults("level", (buffer.attrs["level"],))
    for name in needs:
        bad = ~np.isfinite(buffer[name].values) if name in FINITE else np.isnan(buffer[name].values)
        if bad.any():
            fault = f"{name}: found {buffer[name].values[bad][0]}, {int(bad.sum()):,} in all, expected numbers"
            faults.append(f"{fault}; give the Dataset of liquidity_buffer()")
    return faults


def draw_buffers(ax: Axes, scenarios: Sequence[tuple[str, xr.Dataset]], months: Array, currency: str) -> None:
    """For each scenario a line at minus its buffer with a whisker and words; without scenarios also the worst path.

    ax : y limits are set here, so that they hold all that is drawn
    scenarios : name, and of this scenario cumulative_gap, shortfall, buffer, buffer_low, buffer_high; attrs level
    """
    labels: list[Label] = []
    for (name, scenario), hue, dash in zip(scenarios, HUES, DASHES, strict=False):
        size, low, high = (float(scenario[key]) for key in ("buffer", "buffer_low", "buffer_high"))
        ax.plot(months[[0, -1]], [-size, -size], color=hue, linestyle=dash, linewidth=1.4)
        share = f"{100.0 * float(scenario.attrs['level']):.6g} %"
        amount, interval = money(size, currency, low, high)
        words = f"buffer at {share}:\n{amount}\n{interval}"
        labels.append(Label(-size, f"{wrap(name)}\n{words}" if name else words, hue if name else None))
    if len(scenarios) == 1:
        labels += _worst(ax, scenarios[0][1], months, currency)
    bounds = [-float(scenario[end]) for _, scenario in scenarios for end in ("buffer_low", "buffer_high")]
    drawn = [0.0, *ax.dataLim.intervaly, *filter(math.isfinite, bounds)]
    margin = 0.05 * (max(drawn) - min(drawn)) or 1.0
    ax.set_ylim(min(drawn) - margin, max(drawn) + margin)
    beside(ax, labels)
    for place, (_, scenario) in enumerate(scenarios):
        _whisker(ax, scenario, float(months[-1]), place)


def _worst(ax: Axes, buffer: xr.Dataset, months: Array, currency: str) -> list[Label]:
    """Label of the path with the largest shortfall, drawn with its deepest month; none if no path falls short."""
    gap = buffer["cumulative_gap"].transpose("path", "month").values[int(buffer["shortfall"].argmax("path"))]
    deepest = int(np.argmin(gap))
    if gap[deepest] >= 0.0:
        return []
    ax.plot(months, gap, color=HUES[0], linewidth=0.9)
    ax.plot(months[deepest], gap[deepest], "v", color=HUES[0], markersize=7)
    amount, _ = money(-float(gap[deepest]), currency)
    return [Label(float(gap[-1]), f"worst path, short by\n{amount}\nin month {months[deepest]:.0f}")]


def _whisker(ax: Axes, buffer: xr.Dataset, last: float, place: int) -> None:
    """Interval of a buffer, right of the last month, with an arrowhead where it has no bound.

    ax : limits must be final
    place : number of the scenario, from 0; whiskers of several scenarios are side by side
    """
    left, right = ax.get_xlim()
    bottom, top = ax.get_ylim()
    at = last + 4.0 * (place + 1) / points_wide(ax) * (right - left)
    shallow, deep = (-float(buffer[end]) for end in ("buffer_low", "buffer_high"))
    ends = [min(shallow, top), max(deep, bottom)]
    ax.plot([at, at], ends, color=HUES[place], linewidth=1.6, solid_capstyle="butt")
    for end, bound, arrow in zip(ends, (shallow, deep), "^v", strict=True):
        ax.plot(at, end, arrow if math.isinf(bound) else "_", color=HUES[place], markersize=5)
