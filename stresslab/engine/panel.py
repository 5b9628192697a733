"""Loan panel: every loan of a portfolio month by month on one path, as in a lender's data warehouse."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from tqdm import tqdm

from stresslab.checks import is_whole, refuse, single_path_faults
from stresslab.engine.actions import Response
from stresslab.engine.blocks import Blocks
from stresslab.engine.feedback import Feedback
from stresslab.engine.kernel import state as at
from stresslab.engine.kernel.custom import source_of
from stresslab.engine.kernel.random import key_of
from stresslab.engine.model import Model
from stresslab.engine.packing import Packed
from stresslab.engine.prepare import Asked, Renewal, ask
from stresslab.engine.provenance import record
from stresslab.engine.run import widened
from stresslab.schema import MINOR, PANEL, attrs_of

Array = NDArray[Any]


def panel(
    portfolio: xr.Dataset,
    macro: xr.Dataset,
    model: Model | None = None,
    *,
    seed: int | None = None,
    months: Collection[int] | None = None,
    renewal: Renewal = "static",
    threads: int | None = None,
    responses: Sequence[Response] = (),
    feedback: Feedback | None = None,
    behaviour: Mapping[str, Any] | None = None,
) -> xr.Dataset:
    """Panel of the loans and borrowers of a portfolio at month ends on one path, those of `simulate` on the same draws.

    Parameters
    ----------
    portfolio : xarray.Dataset
        Borrowers and loans, see `stresslab.schema.PORTFOLIO`.
    macro : xarray.Dataset
        Along `month`, or `path` and `month` with a single path, see `stresslab.schema.MACRO`.
    model : Model, optional
        By default that of the preset named in the attrs of the portfolio.
    seed : int, optional
        Of all random numbers, 0 to 2**64 - 1; drawn and stored in the panel if None.
    months : collection of int, optional
        Month ends to keep, 0 (the start) to the last; by default all.
    renewal : {"static", "run-off"}
        As in `simulate`.
    threads : int, optional
        Worker threads, by default one for each processor.
    responses : sequence of responses
        What the own lender does about arrears, see `stresslab.actions`.
    feedback : Feedback, optional
        Gains of the second round; None: no feedback.
    behaviour : mapping of str to function, optional
        Functions in place of the built-in ones, as in `simulate`.

    Returns
    -------
    xarray.Dataset
        Dimensions `month`, `loan` and `borrower`.

        ==============  ===============  ==============  ===============================================================
        variable        dims             unit            meaning
        ==============  ===============  ==============  ===============================================================
        balance         month, loan      currency        owed at month end, accrued interest included
        claim           month, loan      currency        written off and still owed
        days_past_due   month, loan      day             days since the oldest unpaid due date; 0 without a balance
        overdue_days    month, loan      day             days since the oldest unpaid due date, claims included, counted
                                                         on after a write-off
        score           month, loan      1               behavioural score that the lender uses next month
        planned         month, loan      1               in a restructuring plan
        jobless_months  month, borrower  month           months since the job was lost; 0 while employed
        pay             month, borrower  currency/month  pay of the month, or benefit and support
        borrower        loan             1               position of the borrower who owes it
        lender          loan             ""              who lent it
        product         loan             ""              which product's rules it follows
        ==============  ===============  ==============  ===============================================================

        Coordinate `borrower_id` of each borrower; attrs as those of `simulate`.

    Raises
    ------
    InputError
        Names every fault of the arguments, the portfolio and the macro path; several paths among them, for memory grows
        with loans x months kept.

    Examples
    --------
    >>> import stresslab as sl
    >>> book = sl.synthetic_portfolio("china-online", borrowers=300, seed=1)
    >>> loans = sl.panel(book, sl.scenario("china-baseline"), seed=3, months=[0, 2])
    >>> bool((loans["balance"].sel(month=0) == book["balance"]).all()), dict(loans.sizes)["month"]
    (True, 2)
    """
    asked, paths = ask("panel", portfolio, macro, model, seed, None, renewal, threads, responses, feedback, behaviour)
    last = paths.sizes["month"]
    faults = single_path_faults(paths)
    if months is None:
        kept = list(range(last + 1))
    elif not isinstance(months, Collection) or not all(is_whole(month) for month in months):
        kept = []
        faults.append(f"months: found {months!r}, expected whole numbers among 0 ... {last}; choose some of these")
    else:
        kept = sorted({int(month) for month in months})
        if not kept or kept[0] < 0 or kept[-1] > last:
            faults.append(f"months: found {kept}, expected month ends among 0 ... {last}; choose some of these")
    refuse("panel", faults)
    with tqdm(disable=True) as bar:
        _, _, packed, _ = asked.live(paths, bar)
    rows = _live_and_look(asked, packed, int(paths["path"].values[0]), kept)
    rows |= {name: portfolio[name].values for name in ("borrower", "lender", "product")}
    variables = {name: (PANEL[name].dims, values, attrs_of(PANEL[name])) for name, values in rows.items()}
    coords = {"month": kept, "borrower_id": ("borrower", portfolio["borrower_id"].values)}
    return xr.Dataset(variables, coords, record(asked, renewal, macro, source_of(behaviour or {})))


def _live_and_look(asked: Asked, packed: Packed, path: int, kept: list[int]) -> dict[str, Array]:
    """Variables of the panel by name, at the month ends kept."""
    oldest, before = _claim_days(asked), np.zeros(0)
    rows: dict[str, list[Array]] = {}
    for t, seen in month_ends(asked, packed, path):
        missed, claim = seen.loan(at.MISSED), seen.loan(at.CLAIM)
        if t > 0:
            oldest = np.where(claim > 0, 30 + np.where(oldest > 0, oldest, 30 * before), 0)
        if t in kept:
            found = {
                "balance": seen.loan(at.BALANCE) / MINOR,
                "claim": claim / MINOR,
                "days_past_due": 30 * missed,
                "overdue_days": np.maximum(30 * missed, oldest),
                "score": seen.loan(at.SCORE),
                "planned": (seen.loan(at.MARKS) & at.PLANNED) > 0,
                "jobless_months": seen.person(at.JOBLESS),
                "pay": seen.person(at.PAY) / MINOR,
            }
            for name, values in found.items():
                rows.setdefault(name, []).append(values)
        hidden = (missed == 0) & (
            (seen.loan(at.MARKS) & at.PLANNED) > 0
        )  # what a plan hid comes back when it is broken
        before = np.where(hidden, seen.loan(at.DEPTH), missed)
    return {name: np.stack(values) for name, values in rows.items()}


@dataclass(frozen=True)
class Rows:
    """Working arrays of all borrowers at a month end, read in the portfolio's order."""

    blocks: Blocks
    persons: Array
    loans: Array

    def loan(self, row: int) -> Array:
        """One row of the working arrays in the order of the portfolio's loans."""
        slot, lane = np.divmod(self.blocks.place, at.LANES)
        return np.asarray(self.loans[slot, row + lane])

    def person(self, row: int) -> Array:
        """One row of the working arrays in the order of the portfolio's borrowers."""
        block, lane = np.divmod(self.blocks.seat, at.LANES)
        return np.asarray(self.persons[block, row + lane])


def month_ends(asked: Asked, packed: Packed, path: int) -> Iterator[tuple[int, Rows]]:
    """Working arrays of all borrowers at the ends of months 0, 1, ... of one path."""
    blocks = asked.blocks
    persons, person_reals = widened(blocks.people, at.PERSON_ROWS, 1), widened(blocks.people_real, at.PERSON_REALS, 1)
    loans, loan_reals = widened(blocks.loans, at.LOAN_ROWS, 1), widened(blocks.loan_reals, at.LOAN_REAL_ROWS, 1)
    segments, lenders = len(blocks.segments), packed.lender[blocks.lender]
    totals, jobless = np.zeros((segments, at.COLUMNS), np.int64), np.zeros(1, np.int64)
    for t in range(packed.month_real.shape[1] + 1):
        asked.kernel.live_together(
            persons, person_reals, loans, loan_reals, blocks.first_slot, blocks.product, blocks.segment, lenders, t,
            np.array([path], np.uint32), *key_of(asked.seed), packed.month_real, packed.month_whole,
            packed.lender_real[:, max(t - 1, 0)], packed.lender_whole[:, max(t - 1, 0)], packed.model_real,
            packed.model_whole, packed.product_real, packed.product_whole, packed.relief_real, packed.relief_whole,
            totals, segments, jobless,
        )  # fmt: skip
        yield t, Rows(blocks, persons, loans)


def _claim_days(asked: Asked) -> Array:
    """Days since the oldest unpaid due date of claims already there at the start; 0 without one."""
    book = asked.portfolio
    written_off_at = {name: 30 * rules.write_off_months for name, rules in asked.model.products.items()}
    waited = np.array([written_off_at[str(name)] for name in book["product"].values])
    return np.where(book["claim"].values > 0, waited + 30 * book["claim_months"].values, 0)
