"""One traced borrower: pay and buffer, debt, and payments, misses and plans of every loan."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from stresslab.measures.estimators import Array
from stresslab.measures.result_view import label_faults, memory_faults, shape_faults
from stresslab.schema import BUCKET_FLOOR, BUCKETS, CAUSE_LABELS, CAUSES, money_of
from stresslab.views import style

BORROWER = ("pay", "buffer", "necessities", "jobless_months")
EVENTS = ("due", "paid", "written_off", "contact", "restructured", "redefaulted", "cause")
LOAN = ("balance", "claim", "days_past_due", *EVENTS)
WRITTEN_OFF = "0.75"
SYMBOLS: dict[str, dict[str, Any]] = {
    "paid": {"marker": "o", "color": style.HUES[0], "markersize": 4},
    "missed": {"marker": "x", "color": style.HUES[1], "markersize": 6, "markeredgewidth": 1.8},
    "reached by collectors": {"marker": "|", "color": style.HUES[2], "markersize": 9, "markeredgewidth": 1.6},
    "plan agreed": {"marker": "^", "color": style.HUES[2], "markersize": 8},
    "plan broken": {"marker": "v", "color": style.HUES[3], "markersize": 8},
    "written off": {"marker": "s", "color": "black", "markersize": 6},
}


def life_faults(result: xr.Dataset, borrower: int | None, path: int | None) -> list[str]:
    """Faults of a traced result, or of a borrower or path that it lacks."""
    if wrong := memory_faults("result", result, "simulate(trace=[...])"):
        return wrong
    absent = [f"trace_{name}" for name in (*BORROWER, *LOAN) if f"trace_{name}" not in result]
    if absent:
        return [f"{name}: missing, expected months of traced borrowers; call simulate(trace=[...])" for name in absent]
    if "path" not in result.dims:
        return ["path: found no such dimension, expected 1 or more paths; keep it, as with isel(path=[0])"]
    faults = label_faults(result) + shape_faults(result, {})
    if "scenario" in result["trace_pay"].dims:
        faults.append("scenario: found a dimension, expected a single scenario; select it with sel(scenario=...)")
    for name, value, known in (("borrower", borrower, result["traced"]), ("path", path, result["path"])):
        if value is not None and value not in known.values:
            faults.append(f"{name}: found {value!r}, expected one of {known.values[:8].tolist()}; choose one")
    return faults


def draw_life(result: xr.Dataset, borrower: int | None, path: int | None, figure: Figure | None) -> Figure:
    """The three panels, one above the other."""
    number = int(result["traced"][0]) if borrower is None else borrower
    run = result.sel(path=result["path"][0] if path is None else path)
    person = run.sel(traced=number)
    loans = run.isel(traced_loan=np.flatnonzero(result["traced_borrower"].values == number))
    months = run["month"].values.astype(float)
    rows = loans.sizes["traced_loan"]
    if figure is None:
        figure = plt.figure(figsize=(10.0, 7.0 + 0.38 * rows), layout="constrained")
    top, middle, bottom = figure.subplots(3, 1, sharex=True, height_ratios=[2.2, 2.0, 0.9 + 0.38 * rows])
    currency = money_of({"currency": ""} | result.attrs)
    _draw_pay(top, person, months, currency)
    owed = _draw_debt(middle, loans, months, currency)
    _draw_loans(bottom, loans, months)
    bottom.set_xlabel(style.month_axis(bottom, months, str(result.attrs.get("as_of", ""))), fontsize=11.5)
    bottom.set_xlim(months[0] - 0.5, months[-1] + 0.5)
    last, _ = style.money(owed, currency)
    figure.suptitle(
        f"Borrower {number}, path {int(run['path'])}: owes {last} at the end", fontsize=style.POINTS["title"]
    )
    return figure


def _draw_pay(ax: Axes, person: xr.Dataset, months: Array, currency: str) -> None:
    """Pay, necessities and buffer; months without a job are shaded."""
    for month in months[person["trace_jobless_months"].values > 0]:
        ax.axvspan(month - 0.5, month + 0.5, color="0.88", linewidth=0.0, zorder=0.5)
    shown = {"pay": ("-", 1.8), "necessities": ((0, (4, 2)), 1.4), "buffer": ((0, (1, 1)), 1.6)}
    labels = {"pay": "pay", "necessities": "necessities, expenses", "buffer": "buffer"}
    for (name, (dash, width)), hue in zip(shown.items(), style.HUES, strict=False):
        values = person[f"trace_{name}"].values[1:] if name != "buffer" else person["trace_buffer"].values
        ax.plot(months[-len(values) :], values, color=hue, linestyle=dash, linewidth=width, label=labels[name])
    handles, names = ax.get_legend_handles_labels()
    ax.legend([*handles, Patch(color="0.88")], [*names, "without a job"], **_legend())
    largest = max(float(abs(person[f"trace_{name}"]).max()) for name in shown)
    style.furnish(ax, "", "", "", "in the month" + style.in_units(ax.yaxis, "currency", largest, currency))
    ax.set_title("")
    ax.set_ylim(bottom=0.0)


def _draw_debt(ax: Axes, loans: xr.Dataset, months: Array, currency: str) -> float:
    """Debt: current, past due, and written off; returns the sum at the end."""
    late = loans["trace_days_past_due"] >= 30
    layers = [
        loans["trace_balance"].where(~late, 0.0).sum("traced_loan").values,
        loans["trace_balance"].where(late, 0.0).sum("traced_loan").values,
        loans["trace_claim"].sum("traced_loan").values,
    ]
    colours = (style.HUES[0], style.HUES[1], WRITTEN_OFF)
    names = ["current", "30 days or more past due", "written off, still owed"]
    ax.stackplot(months, layers, colors=colours, labels=names, edgecolor="white", linewidth=0.5)
    handles, shown = ax.get_legend_handles_labels()
    ax.legend(handles[::-1], shown[::-1], **_legend())
    total = np.sum(layers, axis=0)
    style.furnish(ax, "", "", "", "owed" + style.in_units(ax.yaxis, "currency", float(total.max()), currency))
    ax.set_title("")
    ax.set_ylim(0.0, max(1.05 * float(total.max()), 1.0))
    return float(total[-1])


def _draw_loans(ax: Axes, loans: xr.Dataset, months: Array) -> None:
    """A row for each loan: shade by days past due, symbols for events, and the cause of the last fall into arrears."""
    days = loans["trace_days_past_due"].transpose("traced_loan", "month").values
    claim = loans["trace_claim"].transpose("traced_loan", "month").values
    bucket = np.searchsorted(30 * np.asarray(BUCKET_FLOOR), days, side="right") - 1
    shade = np.where((claim > 0) & (days == 0), len(BUCKETS), bucket)
    light = style.shades(len(BUCKETS)) * 0.55 + 0.45
    colours = [(1.0, 1.0, 1.0, 1.0), *map(tuple, light[1:]), (0.85, 0.85, 0.85, 1.0)]
    extent = (months[0] - 0.5, months[-1] + 0.5, len(days) - 0.5, -0.5)
    ax.imshow(
        shade, aspect="auto", extent=extent, cmap=ListedColormap(colours), vmin=-0.5, vmax=len(colours) - 0.5,
        interpolation="nearest",
    )  # fmt: skip
    for row, events in enumerate(_events(loans, days)):
        for name, when in events.items():
            place = row + (0.3 if name == "reached by collectors" else 0.0)
            ax.plot(months[when], np.full(int(when.sum()), place), linestyle="none", **SYMBOLS[name])
        _write_cause(ax, loans.isel(traced_loan=row), months, row)
    labels = zip(loans["traced_lender"].values, loans["traced_product"].values, strict=True)
    ax.set_yticks(range(len(days)), [f"{lender}: {product}" for lender, product in labels])
    symbols = [Line2D([], [], linestyle="none", label=name, **look) for name, look in SYMBOLS.items()]
    shades = [Patch(color=colours[k], label=f"{BUCKETS[k]} days") for k in (1, 3, 5, 7)]
    ax.legend(handles=[*symbols, *shades], **_legend())
    style.furnish(ax, "", "", "", "")
    ax.set_title("")
    ax.grid(visible=False)


def _events(loans: xr.Dataset, days: Array) -> list[dict[str, Array]]:
    """Whether each event of SYMBOLS happened to each loan, by month."""
    values = {name: loans[f"trace_{name}"].transpose("traced_loan", "month").values for name in EVENTS}
    before = np.concatenate([days[:, :1], days[:, :-1]], axis=1)
    written_off = values["written_off"] > 0
    missed = (days > before) | (values["cause"] >= 0) | written_off
    events = {
        "paid": (values["paid"] > 0) & ~missed,
        "missed": missed & ~written_off,
        "reached by collectors": values["contact"] > 0.5,
        "plan agreed": values["restructured"] > 0,
        "plan broken": values["redefaulted"] > 0,
        "written off": written_off,
    }
    return [{name: happened[row] for name, happened in events.items()} for row in range(len(days))]


def _write_cause(ax: Axes, loan: xr.Dataset, months: Array, row: int) -> None:
    """Write the cause of a loan's last fall into arrears, if it was not cured."""
    entries = np.flatnonzero(loan["trace_cause"].values >= 0)
    if entries.size and (loan["trace_claim"].values[-1] > 0 or loan["trace_days_past_due"].values[-1] > 0):
        where = int(entries[-1])
        cause = CAUSE_LABELS[CAUSES[int(loan["trace_cause"].values[where])]]
        right = months[where] > months.mean()
        ax.annotate(
            cause, (months[where], row), (-3 if right else 3, 7), textcoords="offset points", va="center",
            ha="right" if right else "left", fontsize=style.POINTS["small"],
        )  # fmt: skip


def _legend() -> dict[str, Any]:
    """Options of a legend beside the axes, without a frame."""
    return {"loc": "center left", "bbox_to_anchor": (1.01, 0.5), "frameon": False, "fontsize": style.POINTS["small"]}
