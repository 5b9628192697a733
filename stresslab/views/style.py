"""Style of plots: hues, units on axes, labels beside lines. No setting of matplotlib changes."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import Any, NamedTuple

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import ScalarFormatter
from matplotlib.transforms import ScaledTranslation
from scipy.optimize import isotonic_regression

from stresslab.measures.estimators import Array

HUES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
"""Blue, vermillion, bluish green, reddish purple: told apart with any colour vision. Source: Okabe and Ito (2008)."""

DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1)), (0, (6, 2, 1, 2)))
"""Line styles beside the hues, for print in grey."""

POINTS = {"small": 10.0, "medium": 11.5, "title": 13.0}
"""Font sizes [point] on a figure of SIZE."""

LEGEND_BELOW = 40.0
"""From the axes to a legend under tick labels and axis label [point]."""

SIZE = (10.0, 6.0)
"""Figure made where no axes are given [inch]."""

LONGEST_LINE = 16
"""Letters in a line of a label beside a plot."""

OFFSET = 24.0
"""From the last month to a label with a leader [point]."""

ACRONYMS = ("gdp", "npl", "lcr", "nsfr", "hqla", "cet1", "rwa", "es", "abs")

POWERS = {0: "", 3: "thousand", 6: "million", 9: "billion", 12: "trillion"}


class Label(NamedTuple):
    """Words at height y; without a colour, that of text."""

    y: float
    text: str
    colour: Any = None


def axes_or_new(ax: Axes | None) -> Axes:
    """The axes given, or those of a new figure."""
    return plt.subplots(figsize=SIZE, layout="constrained")[1] if ax is None else ax


def count_paths(dataset: xr.Dataset) -> str:
    """Number of paths of a dataset, in words."""
    paths = dataset.sizes["path"]
    return f"{paths:,} path{'s' if paths != 1 else ''}"


def shades(count: int) -> Array:
    """Colours from light to dark whose order is plain in grey and with any colour vision (count, 4)."""
    return np.asarray(mpl.colormaps["magma_r"](np.linspace(0.1, 0.9, count)))


def ground(ax: Axes) -> dict[str, Any]:
    """Box of the colour of the axes, so that words stay legible on lines."""
    return {"facecolor": ax.get_facecolor(), "edgecolor": "none", "pad": 1.0}


def points_high(ax: Axes) -> float:
    """Height of the axes [point]."""
    return float(ax.get_window_extent().height) * 72.0 / ax.figure.dpi


def points_wide(ax: Axes) -> float:
    """Width of the axes [point]."""
    return float(ax.get_window_extent().width) * 72.0 / ax.figure.dpi


def furnish(ax: Axes, title: str, note: str, x: str, y: str) -> None:
    """Title with a note below it, axis labels, a quiet frame."""
    letters = max(int(1.2 * points_wide(ax) / (0.6 * POINTS["title"])), 24)  # a title may be wider than its axes
    wrapped = [textwrap.fill(line, letters) for line in (title, note)]
    ax.set_title("\n".join(wrapped), fontsize=POINTS["title"], pad=10, linespacing=1.4)
    ax.set_xlabel(x, fontsize=POINTS["medium"])
    ax.set_ylabel(y, fontsize=POINTS["medium"])
    ax.tick_params(labelsize=POINTS["small"], color="0.6")
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color("0.6")
    ax.grid(axis="y", color="0.5", alpha=0.3, linewidth=0.6)
    ax.set_axisbelow(True)


def power(amount: float) -> int:
    """Power of ten in whose unit an amount reads well: a multiple of 3 from 0 to 12.

    >>> power(34_000_000.0), power(999.0), power(0.0)
    (6, 0, 0)
    """
    return 0 if amount == 0.0 else min(max(3 * math.floor(math.log10(abs(amount)) / 3), 0), max(POWERS))


def same_decimals(numbers: Sequence[float]) -> list[str]:
    """Numbers with the same decimals, such that the largest has three significant digits.

    >>> same_decimals([9.8, 0.061, 0.0])
    ['9.80', '0.06', '0.00']
    """
    decimals = _decimals(max(map(abs, numbers)))
    return [f"{number:.{decimals}f}" for number in numbers]


def with_interval(value: float, low: float, high: float) -> tuple[str, str]:
    """An estimate with three significant digits, or more where its interval would not show, and the interval.

    low, high : its ends, infinite where it has none; NaN where there is no interval

    >>> with_interval(9.8, 9.06, math.inf), with_interval(12.345, 12.31, 12.4)
    (('9.80', '[9.06, ∞]'), ('12.35', '[12.31, 12.40]'))
    """
    widths = [abs(end - value) for end in (low, high) if math.isfinite(end) and end != value]
    decimals = _decimals(abs(value), min(widths, default=math.inf))
    ends = [f"{'-' * (end < 0.0)}∞" if math.isinf(end) else f"{end:.{decimals}f}" for end in (low, high)]
    return f"{value:.{decimals}f}", "(no interval)" if math.isnan(low) else f"[{', '.join(ends)}]"


def _decimals(size: float, finest: float = math.inf) -> int:
    """Decimals for three significant digits of a size, and up to three more so that a difference shows."""
    plain = 2 - math.floor(math.log10(size)) if size else 0
    fine = -math.floor(math.log10(finest)) if math.isfinite(finest) else 0
    return max(0, plain, min(fine, plain + 3))


def money(amount: float, currency: str, low: float = math.nan, high: float = math.nan) -> tuple[str, str]:
    """An amount in words, and its interval in the same unit, as `with_interval` writes them.

    >>> money(12_345_678.0, "CNY", 9.06e6, math.inf)
    ('CNY 12.3 million', '[9.1, ∞]')
    """
    exponent = power(amount)
    words, interval = with_interval(*(value / 10.0**exponent for value in (amount, low, high)))
    return f"{currency} {words} {POWERS[exponent]}".rstrip(), interval


def in_units(axis: Axis, unit: str, largest: float, currency: str) -> str:
    """Set the unit of an axis to suit the largest value, without changing the data; returns the unit in brackets.

    unit : as in views.quantity.Quantity
    largest : largest magnitude drawn
    """
    large = power(largest) if unit in ("currency", "number") else 0
    exponent, words = {
        "currency": (large, f"{currency} {POWERS[large]}".rstrip()),
        "number": (large, POWERS[large] or "number"),
        "1": (-2, "%"),
        "1/year": (-2, "% a year"),
    }.get(unit, (0, unit))
    formatter = ScalarFormatter(useOffset=False)
    if exponent:
        formatter.set_powerlimits((exponent, exponent))
    else:
        formatter.set_scientific(False)
    axis.set_major_formatter(formatter)
    axis.get_offset_text().set_visible(False)  # the axis label says the unit
    return f" [{words}]" if words else ""


def height_axis(ax: Axes) -> None:
    """Fix the y limits; start at 0 where that costs less than half of the height."""
    low, high = ax.dataLim.intervaly
    if 0.0 <= low < high / 2.0:
        ax.set_ylim(bottom=0.0)
    ax.set_ylim(ax.get_ylim())


def month_axis(ax: Axes, months: Array, since: str) -> str:
    """Ticks at whole months, quarters or years, up to the last month; returns the axis label."""
    first, last = int(months[0]), int(months[-1])
    most = points_wide(ax) / 45.0
    step = next((width for width in (1, 3, 6, 12, 24) if last - first <= most * width), 60)
    ax.set_xticks(np.arange(-(-first // step) * step, last + 1, step))
    ax.set_xlim(first, max(last, first + 1))
    return f"months after {since}" if since else "month"


def beside(ax: Axes, labels: Sequence[Label], *, bold: bool = False, leader: bool = True) -> None:
    """Write labels to the right of the last month, in order and apart, and make room for them.

    labels : heights in data units; y limits must be final
    leader : draw a thin line from each height to its label
    """
    size, wide, high = POINTS["small"], points_wide(ax), points_high(ax)
    left, last = ax.get_xlim()
    bottom, top = ax.get_ylim()
    letters = max(len(line) for label in labels for line in label.text.splitlines())
    share = min((0.6 * size * letters + OFFSET) / wide, 0.45)
    right = last + (last - left) * share / (1.0 - share)
    ax.axvspan(last, right, facecolor=ax.get_facecolor(), linewidth=0.0, zorder=0.9)  # no grid behind words
    ax.set_xlim(left, right)
    ax.spines["bottom"].set_bounds(left, last)
    line = 1.3 * size / high * (top - bottom)
    sizes = [line * (label.text.count("\n") + 1.3) for label in labels]
    heights = apart([label.y for label in labels], sizes, bottom, top)
    for label, height in zip(labels, heights, strict=True):
        ax.annotate(
            label.text,
            (last, label.y),
            (last + (right - left) * (OFFSET if leader else OFFSET / 3.0) / wide, height),
            color=label.colour or mpl.rcParams["text.color"],
            fontsize=size,
            fontweight="bold" if bold else "normal",
            va="center",
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": "0.6", "linewidth": 0.6, "shrinkB": 0.0, "relpos": (0.0, 0.5)}
            if leader
            else None,
        )


def apart(heights: Sequence[float], sizes: Sequence[float], low: float, high: float) -> Array:
    """Centres of labels moved as little as possible so that none overlaps and all are within low ... high.

    heights : wanted centres, in any order, which is kept
    sizes : of the labels, in the same unit
    Least squares under the order, by isotonic regression; where there is no room for all they overflow upwards.

    >>> apart([1.0, 1.0, 5.0], [2.0, 2.0, 2.0], low=-9.0, high=9.0)
    array([0., 2., 5.])
    """
    order = np.argsort(heights, kind="stable")
    size = np.asarray(sizes, dtype=np.float64)[order]
    steps = np.concatenate([[0.0], np.cumsum((size[1:] + size[:-1]) / 2.0)])
    fitted = isotonic_regression(np.asarray(heights, dtype=np.float64)[order] - steps).x
    lowest = low + size[0] / 2.0
    moved = np.empty(len(heights))
    moved[order] = np.clip(fitted, lowest, max(lowest, high - size[-1] / 2.0 - steps[-1])) + steps
    return moved


def in_words(name: object) -> str:
    """A machine name as it is printed where there is no label.

    >>> in_words("cet1_minimum"), in_words("adverse")
    ('CET1 minimum', 'adverse')
    """
    return " ".join(word.upper() if word in ACRONYMS else word for word in str(name).split("_"))


def wrap(text: str) -> str:
    """Text in lines short enough for the margin of a plot.

    >>> wrap("fed-2026-severely-adverse")
    'fed-2026-\\nseverely-adverse'
    """
    return textwrap.fill(text, LONGEST_LINE)


def legend_below(ax: Axes, names: Sequence[str]) -> None:
    """Legend of these names below the axes, in as many columns as there is room for."""
    handles = dict(zip(*ax.get_legend_handles_labels()[::-1], strict=True))
    if not names:
        return
    size = POINTS["small"]
    columns = [0.55 * size * len(name) + 3.7 * size for name in names]
    wide = points_wide(ax)
    down = ScaledTranslation(0.0, -LEGEND_BELOW / 72.0, ax.figure.dpi_scale_trans)
    ax.legend(
        [handles[name] for name in names],
        names,
        ncols=len(names) if sum(columns) <= wide else max(int(wide / max(columns)), 1),
        loc="upper left",
        bbox_to_anchor=(0.0, 0.0),
        bbox_transform=ax.transAxes + down,
        borderaxespad=0.0,
        borderpad=0.0,
        frameon=False,
        fontsize=size,
    )
