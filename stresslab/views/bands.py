"""Fans: the median of many paths and the bands that hold given shares of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from stresslab.measures.estimators import Array, rank
from stresslab.views.quantity import Quantity
from stresslab.views.style import DASHES, HUES, Label, furnish, in_units, month_axis, wrap

TINT = 0.18
"""Opacity of one band; where bands overlap the tint adds up."""


def edges(values: Array, interval: float) -> tuple[Array, Array]:
    """Lower and upper edge, month by month, of the band that holds a share of the paths.

    values : (path, month)
    interval : central share of the paths, in (0, 1)
    Returns x_(n + 1 - k) and x_(k), k = ceil(n (1 + interval) / 2): as many paths lie below the band as above it.

    >>> low, high = edges(np.arange(20.0)[:, None], 0.9)
    >>> low, high
    (array([1.]), array([18.]))
    """
    ordered = np.sort(values, axis=0)
    n = ordered.shape[0]
    k = rank(n, (1.0 + interval) / 2.0)
    return ordered[n - k], ordered[k - 1]


def draw_fans(ax: Axes, shown: Quantity, intervals: Sequence[float], title: str = "") -> None:
    """Bands, the widest first, and the median of each scenario; with title (default: the quantity) and axes' names."""
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
    """What line and bands mean, for the second line of a title.

    >>> legend_note(200, [0.5, 0.9])
    'median, and bands that hold 50 % and 90 % of 200 paths'
    """
    if paths == 1:
        return "1 path"
    shares = [f"{100.0 * share:.6g} %" for share in sorted(intervals)]
    bands = (
        f"bands that hold {', '.join(shares[:-1])} and {shares[-1]}" if shares[1:] else f"a band that holds {shares[0]}"
    )
    return f"median, and {bands} of {paths:,} paths"


def end_labels(shown: Quantity) -> list[Label]:
    """Each scenario's name, where its median ends."""
    return [
        Label(float(np.median(values[:, -1])), wrap(name), hue)
        for (name, values), hue in zip(shown.runs, HUES, strict=False)
        if name
    ]
