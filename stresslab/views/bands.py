"""Fan charts: the median of the paths and the bands that hold central shares of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from stresslab.checks import interval_faults
from stresslab.measures.estimators import Array, rank
from stresslab.views.quantity import Quantity
from stresslab.views.style import DASHES, HUES, Label, furnish, in_units, month_axis, wrap

TINT = 0.18
"""Opacity of one band; where bands overlap the tint adds up."""


def edges(values: Array, interval: float) -> tuple[Array, Array]:
    """Lower and upper edge, month by month, of the band that holds a central share of the paths.

    values : (path, month)
    interval : share of the paths, in (0, 1)
    Returns x_(n + 1 - k) and x_(k), k = ceil(n (1 + interval) / 2): as many paths are below the band as above it.

    >>> low, high = edges(np.arange(20.0)[:, None], 0.9)
    >>> low, high
    (array([1.]), array([18.]))
    """
    ordered = np.sort(values, axis=0)
    n = ordered.shape[0]
    k = rank(n, (1.0 + interval) / 2.0)
    return ordered[n - k], ordered[k - 1]


def intervals_of(given: object) -> tuple[float, ...]:
    """One share or several as a tuple."""
    return tuple(np.atleast_1d(np.asarray(given, dtype=object)).tolist())


def intervals_faults(intervals: Sequence[float]) -> list[str]:
    """Faults of the central shares that bands hold: each strictly between 0 and 1, each once.

    >>> intervals_faults((0.5, 90))
    ['intervals: found 90, expected a number between 0 and 1; a central share is a decimal: 0.9, not 90']
    """
    faults = [fault for interval in intervals for fault in interval_faults("intervals", interval)]
    if not faults and (not intervals or len(set(intervals)) < len(intervals)):
        faults.append(f"intervals: found {intervals}, expected one or more different shares; give each share once")
    return faults


def draw_fans(ax: Axes, shown: Quantity, intervals: Sequence[float], title: str = "") -> None:
    """Bands, the widest first, and the median of each scenario, with a title (the quantity) and axis labels."""
    for (_, values), hue in zip(shown.runs, HUES, strict=False):
        for interval in sorted(intervals, reverse=True):
            low, high = edges(values, interval)
            ax.fill_between(shown.months, low, high, color=hue, alpha=TINT, linewidth=0)
    for (name, values), hue, dash in zip(shown.runs, HUES, DASHES, strict=False):
        ax.plot(
            shown.months, np.median(values, axis=0), color=hue, linestyle=dash, linewidth=2.2, label=name or "median"
        )
    title = title or shown.words[:1].upper() + shown.words[1:]
    furnish(
        ax,
        title + (f", {shown.whose}" if shown.whose else ""),
        legend_note(shown.paths, intervals),
        month_axis(ax, shown.months, shown.since),
        shown.words + in_units(ax.yaxis, shown.unit, shown.largest, shown.currency),
    )


def legend_note(paths: int, intervals: Sequence[float]) -> str:
    """Meaning of line and bands, for the second line of a title.

    >>> legend_note(200, [0.5, 0.9])
    'median, and bands that hold 50 % and 90 % of 200 paths'
    """
    if paths == 1:
        return "1 path"
    shares = [f"{100.0 * interval:.6g} %" for interval in sorted(intervals)]
    bands = (
        f"bands that hold {', '.join(shares[:-1])} and {shares[-1]}" if shares[1:] else f"a band that holds {shares[0]}"
    )
    return f"median, and {bands} of {paths:,} paths"


def end_labels(shown: Quantity) -> list[Label]:
    """Name of each scenario, at the end of its median."""
    return [
        Label(float(np.median(values[:, -1])), wrap(name), hue)
        for (name, values), hue in zip(shown.runs, HUES, strict=False)
        if name
    ]
