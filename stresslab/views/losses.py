"""Loss distribution: histogram over paths, with expected loss, VaR and ES as dots with whiskers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from stresslab.checks import advised
from stresslab.measures.estimators import Array
from stresslab.measures.result_view import dataset_faults
from stresslab.views.quantity import scenario_faults
from stresslab.views.style import DASHES, HUES, POINTS, ground, points_high, with_interval

NORMAL_95 = 1.959964
"""Standard errors on each side of a 95 % interval, if the estimate is normal."""

MOST_BINS = 50
SHAPES = ("o", "D", "s", "^")


class Estimate(NamedTuple):
    """An estimate and its 95 % interval; NaN where it is unknown, infinite where it is unbounded."""

    words: str
    value: float
    low: float
    high: float


def loss_faults(losses: xr.Dataset, segment: str, level: float | None) -> list[str]:
    """Faults of losses that cannot be drawn, or of a segment or level that they lack."""
    names = ("expected_loss_rate", "expected_loss_rate_se")
    tails = (
        "value_at_risk_rate",
        "value_at_risk_rate_low",
        "value_at_risk_rate_high",
        "expected_shortfall_rate",
        "expected_shortfall_rate_se",
    )
    needs = {"loss_rate": ("path", "segment")} | dict.fromkeys(names, ("segment",))
    needs |= dict.fromkeys(tails, ("segment", "level"))
    if faults := dataset_faults(losses, needs, "loss_distribution()", name="losses"):
        return faults
    faults = scenario_faults(losses)
    for name, value in (("segment", segment), ("level", level)):
        known = losses[name].values.tolist()
        if value is not None and value not in known:
            faults.append(f"{name}: found {value!r}, expected one of {known}; {advised(value, known)}")
    if segment in losses["segment"].values and not np.isfinite(losses["loss_rate"].sel(segment=segment)).all():
        faults.append(f"loss_rate: found no finite rate for {segment!r}, expected an opening balance; choose another")
    return faults


def loss_estimates(losses: xr.Dataset, level: float) -> list[Estimate]:
    """Expected loss, VaR and ES of a segment as shares of the opening balance [1]."""
    at = losses.sel(level=level)
    share = f"{100.0 * level:.6g} %"
    return [
        _normal("expected loss", float(at["expected_loss_rate"]), float(at["expected_loss_rate_se"])),
        Estimate(
            f"VaR {share}",
            *(float(at[name]) for name in ("value_at_risk_rate", "value_at_risk_rate_low", "value_at_risk_rate_high")),
        ),
        _normal(f"ES {share}", float(at["expected_shortfall_rate"]), float(at["expected_shortfall_rate_se"])),
    ]


def _normal(words: str, value: float, se: float) -> Estimate:
    """An estimate whose interval comes from its standard error."""
    return Estimate(words, value, value - NORMAL_95 * se, value + NORMAL_95 * se)


def sharpest_level(scenarios: Sequence[xr.Dataset]) -> float:
    """The highest level at which every VaR has a bounded interval; the lowest level if there is none."""
    levels = scenarios[0]["level"].values
    bounded = [
        float(level)
        for level in levels
        if all(
            np.isfinite(losses[name].sel(level=level))
            for losses in scenarios
            for name in ("value_at_risk_rate_low", "value_at_risk_rate_high")
        )
    ]
    return max(bounded, default=float(levels.min()))


def bins(samples: Sequence[Array]) -> Array:
    """Edges of bins that suit every sample: over all of them, as wide as the narrowest bins of a sample alone.

    >>> bins([np.array([0.0, 4.0]), np.array([8.0, 10.0])])  # Sturges: two bins for two values; 2 / 2 < 4 / 2
    array([ 0.,  1.,  2.,  3.,  4.,  5.,  6.,  7.,  8.,  9., 10.])
    """
    low, high = min(float(x.min()) for x in samples), max(float(x.max()) for x in samples)
    if low == high:
        half = max(abs(low) / 20.0, 1e-6)
        return np.array([low - half, high + half])
    width = min(float(np.ptp(x)) / (np.histogram_bin_edges(x, "auto").size - 1) for x in samples if np.ptp(x) > 0.0)
    return np.linspace(low, high, min(math.ceil(round((high - low) / width, 9)), MOST_BINS) + 1)


def draw_histograms(ax: Axes, samples: Sequence[Array]) -> float:
    """Share of the paths in each bin, for each scenario; the largest share."""
    at = bins(samples)
    peak = 0.0
    for sample, hue, dash in zip(samples, HUES, DASHES, strict=False):
        shares = np.histogram(sample, at)[0] / sample.size
        peak = max(peak, float(shares.max()))
        seen = np.flatnonzero(shares)
        shares, span = shares[seen[0] : seen[-1] + 1], at[seen[0] : seen[-1] + 2]
        ax.stairs(shares, span, fill=True, color=hue, alpha=0.25)
        ax.stairs(shares, span, color=hue, linestyle=dash, linewidth=1.2)
    return peak


def draw_estimates(ax: Axes, groups: Sequence[tuple[str, Sequence[Estimate]]], peak: float) -> None:
    """Dots and whiskers in rows above histograms, one group of rows for each scenario.

    ax : its limits are set here, with room for the rows
    groups : name of the scenario, "" without scenarios, and its estimates
    peak : height of the histograms
    """
    rows = sum(len(estimates) + bool(name) for name, estimates in groups)
    step = 1.55 * POINTS["small"] / points_high(ax)
    room = min((rows + 0.5) * step, 0.75)
    ax.set_ylim(0.0, peak / (1.0 - room))
    ax.set_yticks([tick for tick in MaxNLocator(5).tick_values(0.0, peak) if tick <= peak])
    ax.spines["left"].set_bounds(0.0, peak)
    ends = [end for _, estimates in groups for estimate in estimates for end in estimate[1:] if math.isfinite(end)]
    ends += list(ax.dataLim.intervalx)
    margin = 0.04 * (max(ends) - min(ends))
    ax.set_xlim(min(ends) - margin, max(ends) + margin)
    row = 1.0 - step / 2
    for (name, estimates), hue, dash in zip(groups, HUES, DASHES, strict=False):
        if name:
            _beside(ax, estimates[0], row, name, hue, bold=True)
            row -= step
        for estimate, shape in zip(estimates, SHAPES, strict=False):
            across = ax.get_xaxis_transform()
            ax.plot(
                [estimate.value] * 2, [0.0, row], color=hue, linestyle=dash, linewidth=0.8, alpha=0.7, transform=across
            )
            ax.plot(estimate.value, row, shape, color=hue, markersize=6, transform=across, label=estimate.words)
            _whisker(ax, estimate, row, hue)
            _beside(ax, estimate, row, in_percent(estimate), hue)
            row -= step


def in_percent(estimate: Estimate) -> str:
    """An estimate in words, in percent.

    >>> in_percent(Estimate("VaR 99 %", 0.05, 0.04, np.inf)), in_percent(Estimate("ES 99 %", 0.06, np.nan, np.nan))
    ('VaR 99 %: 5.00 % [4.00, ∞]', 'ES 99 %: 6.00 % (no interval)')
    """
    value, ends = with_interval(*(100.0 * share for share in estimate[1:]))
    return f"{estimate.words}: {value} % {ends}"


def _whisker(ax: Axes, estimate: Estimate, row: float, hue: str) -> None:
    """Interval of an estimate, with an arrowhead where it has no bound."""
    if math.isnan(estimate.low):
        return
    left, right = ax.get_xlim()
    across = ax.get_xaxis_transform()
    low, high = max(estimate.low, left), min(estimate.high, right)
    ax.plot([low, high], [row, row], color=hue, linewidth=1.6, solid_capstyle="butt", transform=across)
    for end, bound, arrow in ((low, estimate.low, "<"), (high, estimate.high, ">")):
        ax.plot(end, row, arrow if math.isinf(bound) else "|", color=hue, markersize=7, transform=across, clip_on=False)


def _beside(ax: Axes, estimate: Estimate, row: float, text: str, hue: str, bold: bool = False) -> None:
    """Words on that side of an estimate where there is more room."""
    left, right = ax.get_xlim()
    low, high = (end if math.isfinite(end) else estimate.value for end in (estimate.low, estimate.high))
    on_right = right - high > low - left
    ax.annotate(
        text,
        (high if on_right else low, row),
        (8 if on_right else -8, 0),
        xycoords=ax.get_xaxis_transform(),
        textcoords="offset points",
        ha="left" if on_right else "right",
        va="center",
        fontsize=POINTS["small"],
        fontweight="bold" if bold else "normal",
        color=hue if bold else mpl.rcParams["text.color"],
        bbox=ground(ax),
    )
