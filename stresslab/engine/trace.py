"""The month-by-month life of a few borrowers, replayed from the same random numbers as the whole book."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from stresslab.schema import MINOR, InputError

from . import layout as at
from .blocks import Blocks, build
from .kernel import live_month, open_accounts
from .model import Model
from .months import Packed, product_arrays
from .random import key_of

Array = NDArray[Any]
PERSON_VARIABLES = {"pay": at.PAY, "buffer": at.BUFFER, "jobless_months": at.JOBLESS}
LOAN_ROWS = {"balance": at.BALANCE, "days_past_due": at.MISSED, "due": at.DUE, "overdue": at.ARREARS, "claim": at.CLAIM}
LOAN_FLOWS = {
    "drawn": at.C_DRAWN,
    "originated": at.C_ORIGINATED,
    "interest": at.C_INTEREST,
    "fees": at.C_FEES,
    "paid": at.C_PAID,
    "written_off": at.C_WRITTEN_OFF,
    "recovered": at.C_RECOVERED,
}


def lives(
    portfolio: xr.Dataset, packed: Packed, paths: Array, model: Model, seed: int, borrowers: Sequence[int]
) -> xr.Dataset:
    """Months of the named borrowers on every path.

    portfolio, packed, seed : those of the whole run, so that the lives are the ones lived in it
    paths : path coordinates
    borrowers : borrower ids
    Returns Dataset: `trace_pay`, `trace_buffer`, `trace_jobless_months` (path, month, traced) and `trace_balance`,
    `trace_days_past_due`, `trace_due`, `trace_paid` ... (path, month, traced_loan); money in currency.
    Raises InputError for ids that the portfolio does not have.
    """
    ids = portfolio["borrower_id"].values
    wanted = traced_ids(portfolio, borrowers)
    parts = [_one_life(portfolio, int(np.flatnonzero(ids == i)[0]), packed, paths, model, seed) for i in wanted]
    dims = ("path", "month")
    variables: dict[str, Any] = {}
    for name in PERSON_VARIABLES:
        variables[f"trace_{name}"] = ((*dims, "traced"), np.stack([part[name] for part in parts], -1))
    for name in (*LOAN_ROWS, *LOAN_FLOWS):
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


def _one_life(
    portfolio: xr.Dataset, position: int, packed: Packed, paths: Array, model: Model, seed: int
) -> dict[str, Array]:
    """Arrays (path, month) and (path, month, loan) of one borrower, his loans in the portfolio's order."""
    rows = np.flatnonzero(portfolio["borrower"].values == position)
    small = portfolio.isel(borrower=[position], loan=rows)
    small["borrower"] = ("loan", np.zeros(rows.size, np.int64))
    blocks = build(small, model)
    real, whole = product_arrays(model, blocks.products)
    packed = dataclasses.replace(packed, product_real=real, product_whole=whole)
    slots = blocks.place // at.LANES
    months = packed.month_real.shape[1]
    life = {name: np.zeros((paths.size, months + 1)) for name in PERSON_VARIABLES}
    life |= {name: np.zeros((paths.size, months + 1, rows.size)) for name in (*LOAN_ROWS, *LOAN_FLOWS)}
    for p in range(paths.size):
        for t, (person, loan, sums) in enumerate(_months_of(blocks, packed, p, np.uint32(paths[p]), seed)):
            for name, row in PERSON_VARIABLES.items():
                life[name][p, t] = person[row]
            for name, row in LOAN_ROWS.items():
                life[name][p, t] = loan[slots, row]
            for name, column in LOAN_FLOWS.items():
                life[name][p, t] = sums[slots, column]
    life["days_past_due"] *= 30.0
    money = {"pay", "buffer", *LOAN_ROWS, *LOAN_FLOWS} - {"days_past_due"}
    return {name: values / MINOR if name in money else values for name, values in life.items()}


def _months_of(blocks: Blocks, packed: Packed, p: int, path: Any, seed: int) -> Any:
    """State and sums of the one block after each month; the borrower sits in lane 0."""
    slots = blocks.segment.size
    person = np.zeros(at.PERSON_ROWS * at.LANES, np.int32)
    person[: at.PERSON_STATE * at.LANES] = blocks.people[0]
    person_real = blocks.people_real[0].copy()
    loan = np.zeros((slots, at.LOAN_ROWS * at.LANES), np.int32)
    loan[:, : at.LOAN_STATE * at.LANES] = blocks.loans
    loan_real = blocks.loan_reals.copy()
    words, late = np.empty(4 * at.LANES, np.uint32), np.empty(at.LANES + 1, np.int64)
    sums = np.zeros((slots, at.COLUMNS), np.int64)
    real, whole = packed.month_real[p], packed.month_whole[p]
    open_accounts(person, loan, late, blocks.product, 0, slots, whole[0], packed.product_whole, sums)
    yield person, loan, sums
    for t in range(len(real)):
        sums[:] = 0
        live_month(
            person, person_real, loan, loan_real, words, late, blocks.product, 0, slots, t, path, *key_of(seed),
            real[t], whole[t], whole[min(t + 1, len(real) - 1)], packed.model_real, packed.model_whole,
            packed.product_real, packed.product_whole, sums,
        )  # fmt: skip
        yield person, loan, sums
