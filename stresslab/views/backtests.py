"""Back-test: observed rates, the model with its band, and its rivals, in the training and the test window."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from stresslab.checks import choice_faults
from stresslab.measures.result_view import dataset_faults
from stresslab.views import style
from stresslab.views.bands import TINT

OF = ("series", "source", "quarter")
NEEDS = {"rate": OF, "rate_low": OF, "rate_high": OF, "in_test": ("quarter",)}
WORDS = {
    "charge_off_rate": ("Charge-offs", "net charge-offs [% a year]"),
    "arrears_rate": ("Arrears", "30 days past due and more [% of balance]"),
}
BLACK = "0.1"
MOST_YEARS = 10
"""Most labels of years; more would overlap."""


def backtest_faults(backtest: xr.Dataset, series: str) -> list[str]:
    """Faults of a back-test that cannot be drawn, or of a series that it lacks."""
    faults = dataset_faults(backtest, NEEDS, "backtest()", attrs=("interval",), name="backtest")
    return faults or choice_faults("series", series, backtest["series"].values.tolist())


def draw_backtest(ax: Axes, backtest: xr.Dataset, series: str) -> Axes:
    """Observed in black, the model with its band, rivals as thin lines; the ground of the training window is grey."""
    shown = backtest.sel(series=series)
    places = np.arange(backtest.sizes["quarter"])
    names = [str(name) for name in backtest["source"].values]
    printed = dict(zip(names, map(str, backtest["label"].values), strict=True)) if "label" in backtest.coords else {}
    labels: list[style.Label] = []
    for name, hue, dash in zip([name for name in names if name != "observed"], style.HUES, style.DASHES, strict=False):
        path = 100.0 * shown["rate"].sel(source=name).values
        if name == "model":
            low, high = (100.0 * shown[end].sel(source=name).values for end in ("rate_low", "rate_high"))
            ax.fill_between(places, low, high, color=hue, alpha=TINT, linewidth=0)
        ax.plot(places, path, color=hue, linestyle=dash, linewidth=2.2 if name == "model" else 1.3)
        labels.append(style.Label(float(path[-1]), style.wrap(printed.get(name, style.in_words(name))), hue))
    observed = 100.0 * shown["rate"].sel(source="observed").values
    ax.plot(places, observed, color=BLACK, linewidth=1.8)
    labels.append(style.Label(float(observed[-1]), "observed", BLACK))
    begins = int(np.argmax(backtest["in_test"].values))
    ax.axvspan(places[0], begins - 0.5, color="0.5", alpha=0.10, linewidth=0)
    quarters = [str(quarter) for quarter in backtest["quarter"].values]
    years = [place for place, quarter in enumerate(quarters) if quarter.endswith("Q1")]
    step = -(-len(years) // MOST_YEARS)
    ax.set_xticks(years[::step], [quarters[place][:4] for place in years[::step]])
    ax.set_xlim(places[0], places[-1])
    ax.set_ylim(bottom=0.0)
    share = f"{100.0 * float(backtest.attrs['interval']):.6g} %"
    note = f"fitted on the grey window; {share} band of the model's errors there"
    title, axis = WORDS[series]
    style.furnish(ax, f"{title}: observed, model and rivals", note, "", axis)
    style.beside(ax, labels, leader=False)
    return ax
