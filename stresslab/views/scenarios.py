"""Scenarios in panels: a panel for each macroeconomic variable that changes, over the same months."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from stresslab.checks import macro_faults, refuse
from stresslab.measures.estimators import Array
from stresslab.noted import told
from stresslab.schema import MACRO, MACRO_NEUTRAL
from stresslab.views import style
from stresslab.views.quantity import each_scenario

COLOURS = (*style.HUES, "#56B4E9", "#E69F00", "#000000")
"""As style.HUES, with the sky blue, the orange and the black of Okabe and Ito (2008)."""

LINES = (*style.DASHES, (0, (9, 2)), (0, (3, 1, 1, 1, 1, 1)), (0, (1, 3)))
"""As style.DASHES, with a long dash, a dash with two dots, and wide dots."""

TITLES = {
    "unemployment_rate": ("Unemployment", "unemployed over labour force"),
    "real_income_growth": ("Real income", "index, 100 at the start"),
    "gdp_growth": ("Growth of real GDP", "at an annual rate"),
    "inflation": ("Inflation", "consumer prices, at an annual rate"),
    "policy_rate": ("Short rate", "interest rate"),
    "furlough_share": ("On short pay", "share of the employed"),
    "furlough_income_loss": ("Loss on short pay", "share of the pay"),
    "collections_capacity": ("Capacity of collections", "contact over normal contact"),
    "line_supply": ("Credit supply", "share of lines and renewals granted"),
}
"""Title and axis label of each variable."""

ALWAYS = ("unemployment_rate", "real_income_growth")
PANEL = (4.6, 3.1)
"""Width and height of a panel [inch]."""


def named_scenarios(given: Sequence[xr.Dataset]) -> list[tuple[str, xr.Dataset]]:
    """Names and scenarios; refuses paths, and more scenarios than can be told apart."""
    faults = []
    named: list[tuple[str, xr.Dataset]] = []
    for place, scenario in enumerate(given, 1):
        if "path" in scenario.dims:
            faults.append(f"scenario {place}: found a dimension path, expected a scenario without paths; use plot.fan")
        elif wrong := macro_faults(scenario):
            faults += [f"scenario {place}: {fault}" for fault in wrong]
        else:
            own = told(scenario, "name", f"scenario {place}")
            named += [(name or own, part) for name, part in each_scenario(scenario)]
    if not faults and not 1 <= len(named) <= len(COLOURS):
        faults.append(f"scenarios: found {len(named)}, expected 1 to {len(COLOURS)} in a plot; leave some out")
    refuse("plot.scenario", faults)
    return named


def moving(scenarios: Sequence[tuple[str, xr.Dataset]]) -> list[str]:
    """Unemployment and income, and the other variables that change from month to month or between scenarios.

    >>> import stresslab as sl
    >>> moving([("a", sl.scenario("china-baseline")), ("b", sl.scenario("collections-stop"))])
    ['unemployment_rate', 'real_income_growth', 'collections_capacity']
    """
    shown = []
    for name in TITLES:
        values = [scenario[name].values for _, scenario in scenarios if name in scenario]
        values += [np.array([MACRO_NEUTRAL[name]])] if name in MACRO_NEUTRAL and len(values) < len(scenarios) else []
        if name in ALWAYS or (values and np.ptp(np.concatenate(values)) > 0.0):
            shown.append(name)
    return shown


def line_of(scenario: xr.Dataset, name: str) -> tuple[Array, Array] | None:
    """Months and values of a variable, real income as an index; None where it has no value and no neutral value."""
    months = np.asarray(scenario["month"].values, dtype=np.float64)
    if name == "real_income_growth":
        level = 100.0 * np.cumprod((1.0 + scenario[name].values) ** (1.0 / 12.0))
        return np.concatenate([[0.0], months]), np.concatenate([[100.0], level])
    if name in scenario:
        return months, np.asarray(scenario[name].values, dtype=np.float64)
    return (months, np.full(months.size, MACRO_NEUTRAL[name])) if name in MACRO_NEUTRAL else None


def draw_scenarios(scenarios: Sequence[tuple[str, xr.Dataset]], figure: Figure | None) -> Figure:
    """A panel for each variable that changes, and a legend below all panels."""
    names = moving(scenarios)
    columns = min(len(names), 2 if len(names) in (2, 4) else 3)
    rows = -(-len(names) // columns)
    if figure is None:
        size = (columns * PANEL[0], rows * PANEL[1] + 0.3 * (1 + len(scenarios) // 3))
        figure = plt.figure(figsize=size, layout="constrained")
    last = max(float(scenario["month"].values[-1]) for _, scenario in scenarios)
    for place, name in enumerate(names, 1):
        ax = figure.add_subplot(rows, columns, place)
        _panel(ax, scenarios, name, last)
    if len(scenarios) == 1:
        figure.suptitle(scenarios[0][0], fontsize=style.POINTS["title"])
    else:
        _legend(figure, [name for name, _ in scenarios])
    return figure


def _panel(ax: Axes, scenarios: Sequence[tuple[str, xr.Dataset]], name: str, last: float) -> None:
    """Lines of a variable."""
    title, words = TITLES[name]
    for (_, scenario), hue, dash in zip(scenarios, COLOURS, LINES, strict=False):
        line = line_of(scenario, name)
        if line is not None:
            ax.plot(*line, color=hue, linestyle=dash, linewidth=2.0)
    x = style.month_axis(ax, np.array([0.0, last]), "")
    index = name == "real_income_growth"
    ax.set_title(title, fontsize=style.POINTS["medium"], loc="left", fontweight="bold")
    ax.set_xlabel(x, fontsize=style.POINTS["small"])
    unit = style.in_units(ax.yaxis, "" if index else MACRO[name].unit, 1.0, "")
    ax.set_ylabel(words + unit.replace(" a year", ""), fontsize=style.POINTS["small"])
    ax.tick_params(labelsize=style.POINTS["small"], color="0.6")
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color("0.6")
    ax.grid(axis="y", color="0.5", alpha=0.3, linewidth=0.6)
    if not index:
        style.height_axis(ax)
        low, high = ax.get_ylim()
        if low < 0.0 < high:
            ax.axhline(0.0, color="0.4", linewidth=0.8, zorder=1.0)
    else:
        ax.axhline(100.0, color="0.4", linewidth=0.8, zorder=1.0)


def _legend(figure: Figure, names: Sequence[str]) -> None:
    """Names of the lines, below all panels, in as many columns as there is room for."""
    size = style.POINTS["small"]
    wide = 72.0 * figure.get_size_inches()[0]
    columns = max(int(wide / (0.6 * size * max(map(len, names)) + 6.0 * size)), 1)
    handles = [
        Line2D([], [], color=hue, linestyle=dash, linewidth=2.0, label=name)
        for name, hue, dash in zip(names, COLOURS, LINES, strict=False)
    ]
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=min(columns, len(names)),
        frameon=False,
        fontsize=size,
        handlelength=3.0,
    )
