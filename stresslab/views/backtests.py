"""A back-test: what happened, what the model and its rivals said, and where fitting ended."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from stresslab.views import style
from stresslab.views.bands import TINT
from stresslab.views.quantity import dataset_faults

OF = ("series", "source", "quarter")
NEEDS = {"rate": OF, "rate_low": OF, "rate_high": OF, "in_test": ("quarter",)}
WORDS = {
    "charge_off_rate": ("Charge-offs", "net charge-offs [% a year]"),
    "arrears_rate": ("Arrears", "30 days past due and more [% of balance]"),
}
BLACK = "0.1"
MOST_YEARS = 10
"""Written below the axis; more would run into each other."""


def backtest_faults(found: object, series: str) -> list[str]:
    """Everything that keeps a series of a back-test from being drawn."""
    faults = dataset_faults(found, NEEDS, "backtest()", attrs=("interval",))
    if isinstance(found, xr.Dataset) and "series" in found.coords and series not in found["series"].values:
        faults.append(f"series: found {series!r}, expected one of {found['series'].values.tolist()}; choose one")
    return faults


def draw_backtest(ax: Axes, found: xr.Dataset, series: str) -> Axes:
    """Observed in black, the model with its band, rivals as thin lines; the window of the test has a white ground."""
    shown = found.sel(series=series)
    places = np.arange(found.sizes["quarter"])
    names = [str(name) for name in found["source"].values]
    labels: list[style.Label] = []
    for name, hue, dash in zip([one for one in names if one != "observed"], style.HUES, style.DASHES, strict=False):
        path = 100.0 * shown["rate"].sel(source=name).values
        if name == "model":
            low, high = (100.0 * shown[end].sel(source=name).values for end in ("rate_low", "rate_high"))
            ax.fill_between(places, low, high, color=hue, alpha=TINT, linewidth=0)
        ax.plot(places, path, color=hue, linestyle=dash, linewidth=2.2 if name == "model" else 1.3)
        labels.append(style.Label(float(path[-1]), name.replace("_", " "), hue))
    observed = 100.0 * shown["rate"].sel(source="observed").values
    ax.plot(places, observed, color=BLACK, linewidth=1.8)
    labels.append(style.Label(float(observed[-1]), "observed", BLACK))
    begins = int(np.argmax(found["in_test"].values))
    ax.axvspan(places[0], begins - 0.5, color="0.5", alpha=0.10, linewidth=0)
    quarters = [str(quarter) for quarter in found["quarter"].values]
    years = [place for place, quarter in enumerate(quarters) if quarter.endswith("Q1")]
    step = -(-len(years) // MOST_YEARS)
    ax.set_xticks(years[::step], [quarters[place][:4] for place in years[::step]])
    ax.set_xlim(places[0], places[-1])
    ax.set_ylim(bottom=0.0)
    share = f"{100.0 * float(found.attrs['interval']):.6g} %"
    note = f"fitted on the grey window; {share} band of the model's errors there"
    title, axis = WORDS[series]
    style.furnish(ax, f"{title}: what happened, and what was said", note, "", axis)
    style.beside(ax, labels, leader=False)
    return ax
