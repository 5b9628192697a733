"""The books, added up again in plain NumPy: nothing here calls the library or reads its schema.

Each function returns what is wrong, a sentence each; nothing if all is right.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

BUCKET_FLOOR = (0, 1, 2, 3, 4, 6, 9, 12)
STOCKS = ("balance", "accounts", "stage_balance", "undrawn_limit", "forborne_balance")
INFLOWS = ("drawn", "originated", "interest", "fees")
OUTFLOWS = ("paid", "forgiven", "written_off")
SHARES = ("unemployment_rate", "line_supply", "own_share", "due_share", "transactor_share", "beyond_year_share")
SHARES_OF_BOOK = ("own_share", "household_support")
FLAGS = ("employed", "insured", "strategic", "transactor", "written_off")
WHOLE = ("jobless_months", "tenor_months", "remaining_months", "days_past_due", "claim_months", "borrower_id")
AMOUNTS = (
    "income", "necessities", "liquid_buffer", "buffer_target", "balance", "limit", "usual_balance", "instalment",
    "overdue", "claim",
)  # fmt: skip


def minor(amount: Any) -> np.ndarray:
    """Whole minor units."""
    return np.rint(np.asarray(amount, float) * 100).astype(np.int64)


def book_faults(book: xr.Dataset) -> list[str]:
    """What no portfolio can be: not finite, negative, a rate in percent, contradictory."""
    wrong = []
    value = {str(name): book[name].values for name in book.variables}
    for name, data in value.items():
        if data.dtype.kind in "fiub" and not np.isfinite(data.astype(float)).all():
            wrong.append(f"{name} is not finite")
    for name in (*AMOUNTS, *WHOLE):
        if (value[name].astype(float) < 0).any():
            wrong.append(f"{name} is negative")
    for name in WHOLE:
        if (value[name].astype(float) % 1 != 0).any():
            wrong.append(f"{name} is not whole")
    for name in FLAGS:
        if not np.isin(value[name].astype(float), (0, 1)).all():
            wrong.append(f"{name} is neither true nor false")
    for name in SHARES_OF_BOOK:
        if ((value[name] < 0) | (value[name] > 1)).any():
            wrong.append(f"{name} is no share")
    if ((value["annual_rate"] < 0) | (value["annual_rate"] >= 5)).any():
        wrong.append("annual_rate is no rate")
    owner, people = value["borrower"].astype(np.int64), book.sizes["borrower"]
    if ((owner < 0) | (owner >= people)).any():
        wrong.append("borrower points nowhere")
    if len({*value["borrower_id"].tolist()}) < people:
        wrong.append("borrower_id repeats")
    if (minor(value["overdue"]) > minor(value["balance"])).any():
        wrong.append("overdue exceeds balance")
    if ((value["days_past_due"] > 0) & (minor(value["overdue"]) == 0)).any():
        wrong.append("days past due without an amount")
    if (value["remaining_months"] > value["tenor_months"]).any():
        wrong.append("more due dates than the tenor")
    return wrong


def sums_by_segment(book: xr.Dataset, amounts: np.ndarray) -> dict[tuple[str, str], int]:
    """Sums of whole numbers over the loans of each lender and product."""
    sums: dict[tuple[str, str], int] = {}
    for lender, product, amount in zip(book["lender"].values, book["product"].values, amounts.tolist(), strict=True):
        key = (str(lender), str(product))
        sums[key] = sums.get(key, 0) + amount
    return sums


def opening_faults(book: xr.Dataset, result: xr.Dataset) -> list[str]:
    """Month 0 is the book: balances by segment and bucket, accounts, unused lines, the jobless, own shares."""
    balance, written_off = minor(book["balance"].values), book["written_off"].values.astype(bool)
    line = (book["tenor_months"].values == 0) & ~written_off
    open_accounts = ((balance > 0) | line).astype(np.int64)
    unused = np.where(line, np.maximum(minor(book["limit"].values) - balance, 0), 0)
    bucket = np.searchsorted(BUCKET_FLOOR, book["days_past_due"].values.astype(int) // 30, side="right") - 1
    start = result.isel(month=0)
    wrong = []
    labels = [(str(a), str(b)) for a, b in zip(result["lender"].values, result["product"].values, strict=True)]
    if len({*result["segment"].values.tolist()}) < len(labels):
        wrong.append("two segments have one name")
    known = sums_by_segment(book, balance)
    if {*labels} != {*known} or len(labels) != len(known):
        return [*wrong, f"segments are {sorted(labels)[:4]}, those of the book {sorted(known)[:4]}"]
    for name, of_loan in {"balance": balance, "accounts": 100 * open_accounts}.items():
        sums = sums_by_segment(book, of_loan)
        if (minor(start[name].sum("bucket")) != np.array([sums[label] for label in labels])).any():
            wrong.append(f"{name} in month 0 is not the book's")
    open_to_all = sums_by_segment(book, np.where(bucket == 0, unused, 0))  # lines of late payers may be closed
    low, high = (np.array([sums[label] for label in labels]) for sums in (open_to_all, sums_by_segment(book, unused)))
    if ((minor(start["undrawn_limit"]) < low) | (minor(start["undrawn_limit"]) > high)).any():
        wrong.append("undrawn_limit in month 0 is not the book's")
    for place in range(len(BUCKET_FLOOR)):
        in_bucket = sums_by_segment(book, np.where(bucket == place, balance, 0))
        if (minor(start["balance"].isel(bucket=place)) != np.array([in_bucket[label] for label in labels])).any():
            wrong.append("the buckets in month 0 are not the book's")
            break
    jobless = float((~book["employed"].values.astype(bool)).mean())
    if np.abs(start["unemployment_rate"].values - jobless).max() > 1e-9:
        wrong.append("unemployment in month 0 is not the book's")
    return wrong


def closing_faults(result: xr.Dataset) -> list[str]:
    """Closing = opening + flows, in minor units, on each path, month and segment; stages add up; no negative stock."""
    wrong = []
    for name in result.data_vars:
        data = result[name].values
        if data.dtype.kind == "f" and not np.isfinite(data).all():
            wrong.append(f"{name} is not finite")
    if wrong:
        return wrong
    for name in (*STOCKS, *INFLOWS, *OUTFLOWS, "recovered", "defaulted", "entries_to_arrears"):
        if (result[name].values < 0).any():
            wrong.append(f"{name} is negative")
    owed = minor(result["balance"].sum("bucket").transpose(..., "path", "month", "segment"))
    flow = np.zeros_like(owed)
    for sign, names in ((1, INFLOWS), (-1, OUTFLOWS)):
        for name in names:
            flow += sign * minor(result[name].transpose(..., "path", "month", "segment"))
    if (np.diff(owed, axis=-2) != flow[..., 1:, :]).any():
        wrong.append("the books do not close")
    if flow[..., 0, :].any():
        wrong.append("month 0 has flows")
    if (minor(result["stage_balance"].sum("stage").transpose(..., "path", "month", "segment")) != owed).any():
        wrong.append("the stages are not the balance")
    return wrong


def unit_faults(result: xr.Dataset) -> list[str]:
    """Shares between 0 and 1, interest below what 500 % a year would be, nobody loses more than was ever owed."""
    wrong = [
        f"{name} is no share"
        for name in SHARES
        if name in result and ((result[name].values < 0) | (result[name].values > 1)).any()
    ]
    owed = result["balance"].sum("bucket")
    lent = owed.isel(month=0) + sum(result[name].sum("month") for name in INFLOWS)
    if (result["written_off"].sum("month") > lent + 0.005).any():
        wrong.append("more is written off than was ever owed")
    before = owed.shift(month=1, fill_value=0.0) + result["drawn"] + result["originated"]
    if (result["interest"] > before * 5 / 12 + 0.005 * (1 + result["accounts"].sum("bucket"))).any():
        wrong.append("interest is above 500 % a year")
    return wrong


def run_faults(
    book: xr.Dataset, result: xr.Dataset, months: int, paths: int, attrs: Mapping[str, str] | None = None
) -> list[str]:
    """All of it, of a run of a portfolio over some months and paths."""
    sizes = {"month": months + 1, "path": paths}
    wrong = [
        f"{dim} has size {result.sizes.get(dim)}, expected {size}" for dim, size in sizes.items() if
        result.sizes.get(dim) != size
    ]  # fmt: skip
    wrong += [] if wrong else opening_faults(book, result) + closing_faults(result) + unit_faults(result)
    if not wrong and result["month"].values.tolist() != list(range(months + 1)):
        wrong.append("months do not count from 0")
    return wrong + [
        f"attrs[{name!r}] is {result.attrs.get(name)!r}, expected {value!r}"
        for name, value in (attrs or {}).items()
        if result.attrs.get(name) != value
    ]


def figures_faults(made: np.ndarray, truth: np.ndarray, name: str, tolerance: float = 1e-9) -> list[str]:
    """Figures that are not those intended."""
    made, truth = np.asarray(made, float), np.asarray(truth, float)
    if made.shape != truth.shape:
        return [f"{name} has {made.size} figures, expected {truth.size}"]
    off = ~(np.abs(made - truth) <= tolerance * np.maximum(1.0, np.abs(truth)))
    if not off.any():
        return []
    where = int(np.flatnonzero(off)[0])
    return [f"{name} is {made.flat[where]:.6g}, expected {truth.flat[where]:.6g}"]


def means_faults(scenario: xr.Dataset, truth: Mapping[str, np.ndarray], span: int) -> list[str]:
    """Means over periods of a monthly scenario that are not the figures intended, and shares that are none."""
    wrong = []
    for name, figures in truth.items():
        if name not in scenario:
            wrong.append(f"{name} is missing")
            continue
        months = scenario[name].values
        if months.ndim != 1 or months.size != span * len(figures):
            wrong.append(f"{name} has {months.shape} months, expected {span * len(figures)}")
            continue
        wrong += figures_faults(months.reshape(-1, span).mean(axis=1), np.asarray(figures), name, 1e-8)
    jobless = scenario["unemployment_rate"].values if "unemployment_rate" in scenario else np.array([0.0])
    if not ((jobless >= 0) & (jobless <= 1)).all():
        wrong.append("unemployment is no share")
    return wrong
