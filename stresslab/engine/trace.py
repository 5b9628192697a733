"""The month-by-month life of a few borrowers, replayed from the same random numbers as the whole book."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from stresslab.engine.blocks import Blocks, build
from stresslab.engine.kernel import state as at
from stresslab.engine.kernel.custom import Kernel
from stresslab.engine.kernel.random import key_of
from stresslab.engine.packing import Packed, product_arrays
from stresslab.engine.prepare import Asked
from stresslab.engine.result import COLUMN_OF
from stresslab.schema import FLOWS, MINOR, InputError

Array = NDArray[Any]
PERSON_VARIABLES = {"pay": at.PAY, "buffer": at.BUFFER, "jobless_months": at.JOBLESS, "necessities": at.NEEDS}
LOAN_ROWS = {
    "balance": at.BALANCE,
    "days_past_due": at.MISSED,
    "due": at.DUE,
    "overdue": at.ARREARS,
    "claim": at.CLAIM,
    "score": at.SCORE,
}
LOAN_FLOWS = {name: COLUMN_OF[name] for name in FLOWS if name != "defaulted"}
LOAN_EVENTS = ("contact", "restructured", "redefaulted", "cause")


def lives(asked: Asked, packed: Packed, paths: Array, borrowers: Sequence[int]) -> xr.Dataset:
    """Months of the named borrowers on every path.

    asked, packed : those of the whole run, so that the lives are the ones lived in it
    paths : path coordinates
    borrowers : borrower ids
    Returns Dataset: `trace_pay`, `trace_buffer`, `trace_jobless_months` (path, month, traced) and `trace_balance`,
    `trace_days_past_due`, `trace_due`, `trace_paid` ... (path, month, traced_loan); money in currency.
    `trace_necessities` [currency] counts what was spent before any payment; `trace_score` is what the lender will see
    next month; `trace_contact` the share of late payers like him who were reached; `trace_restructured` and
    `trace_redefaulted` are 1 in the month a plan is agreed or broken; `trace_cause` is the position in schema.CAUSES of
    why a loan that was current missed its due date, else -1.
    Raises InputError for ids that the portfolio does not have.
    """
    portfolio = asked.portfolio
    ids = portfolio["borrower_id"].values
    wanted = traced_ids(portfolio, borrowers)
    parts = [_one_life(asked, int(np.flatnonzero(ids == i)[0]), packed, paths) for i in wanted]
    dims = ("path", "month")
    variables: dict[str, Any] = {}
    for name in PERSON_VARIABLES:
        variables[f"trace_{name}"] = ((*dims, "traced"), np.stack([part[name] for part in parts], -1))
    for name in (*LOAN_ROWS, *LOAN_FLOWS, *LOAN_EVENTS):
        variables[f"trace_{name}"] = ((*dims, "traced_loan"), np.concatenate([part[name] for part in parts], -1))
    loans = np.concatenate(
        [np.flatnonzero(portfolio["borrower"].values == np.flatnonzero(ids == i)[0]) for i in wanted]
    )
    coords = {
        "path": paths,
        "month": np.arange(packed.month_real.shape[1] + 1),
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


def _one_life(asked: Asked, position: int, packed: Packed, paths: Array) -> dict[str, Array]:
    """Arrays (path, month) and (path, month, loan) of one borrower, his loans in the portfolio's order."""
    rows = np.flatnonzero(asked.portfolio["borrower"].values == position)
    small = asked.portfolio.isel(borrower=[position], loan=rows)
    small["borrower"] = ("loan", np.zeros(rows.size, np.int64))
    blocks = build(small, asked.model)
    real, whole = product_arrays(asked.model, blocks.products)
    packed = dataclasses.replace(packed, product_real=real, product_whole=whole)
    lender = packed.lender[[asked.blocks.lenders.index(name) for name in blocks.lenders]][blocks.lender]
    slots = blocks.place // at.LANES
    shape = (paths.size, packed.month_real.shape[1] + 1)
    life = {name: np.zeros(shape) for name in PERSON_VARIABLES}
    life |= {name: np.zeros((*shape, rows.size)) for name in (*LOAN_ROWS, *LOAN_FLOWS, *LOAN_EVENTS)}
    life["cause"] -= 1.0
    for p in range(paths.size):
        months = _months_of(blocks, lender, packed, p, np.uint32(paths[p]), asked.seed, asked.kernel)
        for t, (person, loan, sums) in enumerate(months):
            for name, row in PERSON_VARIABLES.items():
                life[name][p, t] = person[row]
            for name, row in LOAN_ROWS.items():
                life[name][p, t] = loan[slots, row]
            for name, column in LOAN_FLOWS.items():
                life[name][p, t] = sums[slots, column]
            entries = sums[slots, at.C_ENTRIES :]
            life["cause"][p, t] = np.where(entries.any(1), entries.argmax(1), -1)
            life["restructured"][p, t] = sums[slots, at.C_RESTRUCTURED : at.C_RESTRUCTURED + at.PROGRAMMES].sum(1)
            life["redefaulted"][p, t] = sums[slots, at.C_REDEFAULTED]
            if t > 0:
                was_late = life["days_past_due"][p, t - 1] > 0
                life["contact"][p, t] = np.where(was_late, packed.contact[p, t - 1, lender[slots]], 0.0)
    life["days_past_due"] *= 30.0
    money = {"pay", "buffer", "necessities", *LOAN_ROWS, *LOAN_FLOWS} - {"days_past_due", "score"}
    return {name: values / MINOR if name in money else values for name, values in life.items()}


def _months_of(
    blocks: Blocks, lender: Array, packed: Packed, p: int, path: Any, seed: int, kernel: Kernel
) -> Iterator[tuple[Array, Array, Array]]:
    """State and sums of the one block after each month; the borrower sits in lane 0."""
    slots = blocks.segment.size
    person = np.zeros(at.PERSON_ROWS * at.LANES, np.int32)
    person[: at.PERSON_STATE * at.LANES] = blocks.people[0]
    person_real = blocks.people_real[0].copy()
    loan = np.zeros((slots, at.LOAN_ROWS * at.LANES), np.int32)
    loan[:, : at.LOAN_STATE * at.LANES] = blocks.loans
    loan_real = np.zeros((slots, at.LOAN_REAL_ROWS * at.LANES), np.float32)
    loan_real[:, : at.LOAN_REALS * at.LANES] = blocks.loan_reals
    words, late = np.empty(4 * at.LANES, np.uint32), np.empty(at.LANES + 1, np.int64)
    sums = np.zeros((slots, at.COLUMNS), np.int64)
    kernel.open_accounts(
        person, loan, late, blocks.product, lender, 0, slots, packed.lender_whole[p, 0], packed.model_whole,
        packed.product_whole, sums,
    )  # fmt: skip
    yield person, loan, sums
    months = packed.month_real.shape[1]
    for t in range(months):
        sums[:] = 0
        kernel.live_month(
            person, person_real, loan, loan_real, words, late, blocks.product, lender, 0, slots, t, path,
            *key_of(seed), packed.month_real[p, t], packed.month_whole[p, t], packed.lender_real[p, t],
            packed.lender_whole[p, t], packed.lender_whole[p, min(t + 1, months - 1)], packed.model_real,
            packed.model_whole, packed.product_real, packed.product_whole, packed.relief_real, packed.relief_whole,
            sums,
        )  # fmt: skip
        yield person, loan, sums
