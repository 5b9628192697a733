"""Capital ratios: fan chart of a ratio, its hurdles and their breach probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.text import Annotation

from stresslab.checks import choice_faults
from stresslab.measures.result_view import dataset_faults, memory_faults
from stresslab.views import style
from stresslab.views.bands import draw_fans, end_labels
from stresslab.views.quantity import Quantity, each_scenario, read_quantity, scenario_faults

MAKER = "capital_adequacy()"
RATIOS = {
    "cet1_ratio": "CET1 ratio",
    "tier1_ratio": "tier 1 ratio",
    "total_ratio": "total capital ratio",
    "leverage_ratio": "leverage ratio",
}
"""Ratios that are shares, shown in per cent, and how they are printed."""


BREACHED = "breached: "


def capital_faults(adequacy: xr.Dataset, ratio: str) -> list[str]:
    """Faults of a capital adequacy that cannot be drawn, or of a ratio that it lacks."""
    if faults := memory_faults("adequacy", adequacy, MAKER):
        return faults
    if ratio not in adequacy.data_vars:
        known = [str(name) for name in adequacy.data_vars if str(name).endswith(("_ratio", "_multiple"))]
        return choice_faults("ratio", ratio, [name for name in known if name != "hurdle_ratio"])
    needs: dict[str, tuple[str, ...]] = {ratio: ("path", "month")}
    flat = adequacy.reset_coords()
    names = ("hurdle_limit", "hurdle_ratio", "breach_probability")
    if faults := dataset_faults(flat, needs | dict.fromkeys(names, ("hurdle",)), MAKER):
        return faults
    faults = scenario_faults(flat)
    if "scenario" in flat["hurdle_limit"].dims or "scenario" in flat["hurdle_ratio"].dims:
        faults.append(
            "hurdle_limit, hurdle_ratio: found a scenario dimension, expected ('hurdle',); select one scenario"
        )
    for name, high in (("hurdle_limit", np.inf), ("breach_probability", 1.0)):
        values = flat[name].values
        bad = ~(np.isfinite(values) & (values >= 0.0) & (values <= high))
        if bad.any():
            expected = "finite numbers >= 0" if np.isinf(high) else "numbers from 0 to 1"
            value = f"{name}: found {values[bad][0]}, {int(bad.sum())} in all"
            faults.append(f"{value}, expected {expected}; give the Dataset of {MAKER}")
    return faults


def draw_capital(ax: Axes | None, adequacy: xr.Dataset, ratio: str, intervals: Sequence[float]) -> Axes:
    """The fan of a ratio and a line at each of its hurdles; beside them their names, limits and probabilities."""
    shown = read_quantity(adequacy, ratio, "own", "plot.capital")
    if ratio in RATIOS:
        shown = replace(shown, words=RATIOS[ratio], unit="1")
    elif ratio.endswith("_multiple"):
        shown = replace(shown, unit="")
    ax = style.axes_or_new(ax)
    draw_fans(ax, shown, intervals)
    hurdles = adequacy.isel(hurdle=np.flatnonzero(adequacy["hurdle_ratio"].values.astype(str) == ratio))
    for limit in hurdles["hurdle_limit"].values:
        ax.plot(shown.months[[0, -1]], [limit, limit], color="0.3", linewidth=1.0, zorder=2.1)
    style.height_axis(ax)
    labels = end_labels(shown) + [
        label for place in range(hurdles.sizes["hurdle"]) for label in _hurdle(hurdles, place, shown)
    ]
    if labels:
        style.beside(ax, labels)
    for note in ax.texts:
        if isinstance(note, Annotation) and note.arrow_patch and note.get_text().startswith(BREACHED):
            note.arrow_patch.set_visible(False)  # a hurdle has a single leader
    return ax


def _hurdle(hurdles: xr.Dataset, place: int, shown: Quantity) -> list[style.Label]:
    """Labels of a hurdle: name, limit and breach probability, by scenario in its hue; the lowest label first."""
    hurdle = hurdles.isel(hurdle=place)
    limit = float(hurdle["hurdle_limit"])
    percent = f"{100.0 * limit:.4g}\N{NO-BREAK SPACE}%" if shown.unit == "1" else f"{limit:.4g}"
    name = hurdle["hurdle_label"].item() if "hurdle_label" in hurdle.coords else style.in_words(hurdle["hurdle"].item())
    heading = style.wrap(f"{name}: {percent}")
    chances = [100.0 * float(view["breach_probability"]) for _, view in each_scenario(hurdle)]
    words = [f"breached on\n{chance:.3g} % of paths" for chance in chances]
    if not shown.runs[0][0]:
        return [style.Label(limit, f"{heading}\n{words[0]}")]
    under = [
        style.Label(limit, f"{BREACHED}{chance:.3g} %", hue) for chance, hue in zip(chances, style.HUES, strict=False)
    ]
    return [*under[::-1], style.Label(limit, heading)]
