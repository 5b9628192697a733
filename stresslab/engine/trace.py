"""Trace of a few borrowers month by month, replayed from the same random numbers as the whole book."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from stresslab.engine.blocks import Blocks, build
from stresslab.engine.kernel.custom import Kernel
from stresslab.engine.kernel.random import key_of
from stresslab.engine.kernel.state import BORROWER, LANES, LOAN, SCRATCH, SUMS, Draw, widened
from stresslab.engine.packing import Packed, with_products
from stresslab.engine.prepare import Prepared
from stresslab.schema import FLOWS, MINOR, InputError

Array = NDArray[Any]
PERSON_VARIABLES = {"pay": "pay", "buffer": "buffer", "jobless_months": "jobless_months", "necessities": "spent"}
"""Traced variables and the fields of BORROWER that hold them."""
LOAN_VARIABLES = {
    "balance": "balance", "days_past_due": "missed", "due": "due", "overdue": "overdue", "claim": "claim",
    "score": "score",
}  # fmt: skip
"""Traced variables and the fields of LOAN that hold them."""
LOAN_FLOWS = tuple(name for name in FLOWS if name != "defaulted")
LOAN_EVENTS = ("contact", "restructured", "redefaulted", "cause")


def traced_months(prepared: Prepared, packed: Packed, paths: Array, borrowers: Sequence[int]) -> xr.Dataset:
    """Months of the named borrowers on every path.

    prepared, packed : those of the whole run, so that the months are the same as in it
    paths : path coordinates
    borrowers : borrower ids
    Returns Dataset: `trace_pay`, `trace_buffer`, `trace_jobless_months` (path, month, traced) and `trace_balance`,
    `trace_days_past_due`, `trace_due`, `trace_paid` ... (path, month, traced_loan); money in currency.
    `trace_necessities` [currency] counts what was spent before any payment; `trace_score` is what the lender will see
    next month; `trace_contact` the share of late payers at that lender who were reached; `trace_restructured` and
    `trace_redefaulted` are 1 in the month a plan is agreed or broken; `trace_cause` is the position in schema.CAUSES of
    why a loan that was current missed its due date, else -1.
    Raises InputError for ids that the portfolio does not have.
    """
    portfolio = prepared.portfolio
    ids = portfolio["borrower_id"].values
    wanted = traced_ids(portfolio, borrowers)
    parts = [_months_of_borrower(prepared, int(np.flatnonzero(ids == i)[0]), packed, paths) for i in wanted]
    dims = ("path", "month")
    variables: dict[str, Any] = {}
    for name in PERSON_VARIABLES:
        variables[f"trace_{name}"] = ((*dims, "traced"), np.stack([part[name] for part in parts], -1))
    for name in (*LOAN_VARIABLES, *LOAN_FLOWS, *LOAN_EVENTS):
        variables[f"trace_{name}"] = ((*dims, "traced_loan"), np.concatenate([part[name] for part in parts], -1))
    loans = np.concatenate(
        [np.flatnonzero(portfolio["borrower"].values == np.flatnonzero(ids == i)[0]) for i in wanted]
    )
    coords = {
        "path": paths,
        "month": np.arange(packed.months.shape[1] + 1),
        "traced": wanted,
        "traced_loan": loans,
        "traced_borrower": ("traced_loan", ids[portfolio["borrower"].values[loans]]),
        "traced_lender": ("traced_loan", portfolio["lender"].values[loans].astype(str)),
        "traced_product": ("traced_loan", portfolio["product"].values[loans].astype(str)),
    }
    return xr.Dataset(variables, coords)


def traced_ids(portfolio: xr.Dataset, borrowers: Sequence[int]) -> Array:
    """The ids to trace; InputError for ids that the portfolio does not have."""
    wanted = np.asarray(list(borrowers), np.int64)
    absent = sorted({int(i) for i in wanted} - {int(i) for i in portfolio["borrower_id"].values})
    if absent or wanted.size == 0:
        found = absent[:5] or "no ids"
        raise InputError("simulate", [f"trace: found {found}, expected ids of the portfolio; see borrower_id"])
    return wanted


def _months_of_borrower(prepared: Prepared, position: int, packed: Packed, paths: Array) -> dict[str, Array]:
    """Arrays (path, month) and (path, month, loan) of a borrower, loans in the portfolio's order."""
    rows = np.flatnonzero(prepared.portfolio["borrower"].values == position)
    small = prepared.portfolio.isel(borrower=[position], loan=rows)
    small["borrower"] = ("loan", np.zeros(rows.size, np.int64))
    blocks = build(small, prepared.model)
    packed = with_products(packed, prepared.model, blocks.products)
    row_of = packed.row_of[[prepared.blocks.segments.index(segment) for segment in blocks.segments]]
    slots = blocks.place // LANES
    shape = (paths.size, packed.months.shape[1] + 1)
    traced = {name: np.zeros(shape) for name in PERSON_VARIABLES}
    traced |= {name: np.zeros((*shape, rows.size)) for name in (*LOAN_VARIABLES, *LOAN_FLOWS, *LOAN_EVENTS)}
    traced["cause"] -= 1.0
    for p in range(paths.size):
        months = _month_ends(blocks, row_of, packed, p, np.uint32(paths[p]), prepared.seed, prepared.kernel)
        for t, (person, loans, sums) in enumerate(months):
            for name, field in PERSON_VARIABLES.items():
                traced[name][p, t] = person[field][0]
            for name, field in LOAN_VARIABLES.items():
                traced[name][p, t] = loans[field][slots, 0]
            for name in LOAN_FLOWS:
                traced[name][p, t] = sums[name][slots]
            entries = sums["entries"][slots]
            traced["cause"][p, t] = np.where(entries.any(1), entries.argmax(1), -1)
            traced["restructured"][p, t] = sums["restructured"][slots].sum(1)
            traced["redefaulted"][p, t] = sums["redefaulted"][slots]
            if t > 0:
                was_late = traced["days_past_due"][p, t - 1] > 0
                traced["contact"][p, t] = np.where(
                    was_late, packed.contact[p, t - 1, row_of[blocks.segment[slots]]], 0.0
                )
    traced["days_past_due"] *= 30.0
    money = {"pay", "buffer", "necessities", *LOAN_VARIABLES, *LOAN_FLOWS} - {"days_past_due", "score"}
    return {name: values / MINOR if name in money else values for name, values in traced.items()}


def _month_ends(
    blocks: Blocks, row_of: Array, packed: Packed, p: int, path: Any, seed: int, kernel: Kernel
) -> Iterator[tuple[Any, Array, Array]]:
    """State and sums (slot) of the one block after each month; the borrower sits in lane 0."""
    count, months, key = blocks.segment.size, packed.months.shape[1], key_of(seed)
    book = blocks.book(row_of, np.arange(count))
    person, loans = widened(blocks.borrowers, BORROWER, 1)[0], widened(blocks.loans, LOAN, 1)
    scratch, sums = np.zeros((), SCRATCH)[()], np.zeros(count, SUMS)
    kernel.open_accounts(person, loans, scratch, book, 0, count, packed.lenders[p, 0], packed.rules, sums)
    yield person, loans, sums
    for t in range(months):
        sums[:] = 0
        kernel.live_month(
            person, loans, scratch, book, 0, count, Draw(t, path, key), packed.months[p, t], packed.lenders[p, t],
            packed.lenders[p, min(t + 1, months - 1)], packed.rules, sums,
        )  # fmt: skip
        yield person, loans, sums
