"""Loan panel: every loan of a portfolio month by month on one path, as in a lender's data warehouse."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from stresslab.checks import is_whole, refuse, single_path_faults
from stresslab.engine.actions import Response
from stresslab.engine.blocks import Blocks
from stresslab.engine.feedback import Feedback
from stresslab.engine.kernel.custom import source_of
from stresslab.engine.kernel.random import key_of
from stresslab.engine.kernel.state import BORROWER, LOAN, PLANNED, SUMS, widened
from stresslab.engine.memory import refuse_panel
from stresslab.engine.model import Model
from stresslab.engine.packing import Packed
from stresslab.engine.prepare import Prepared, Renewal, prepare
from stresslab.engine.provenance import record
from stresslab.schema import MINOR, PANEL, attrs_of
from stresslab.typed import typed

Array = NDArray[Any]


@typed
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
    prepared, paths = prepare(
        "panel", portfolio, macro, model, seed, None, renewal, threads, responses, feedback, behaviour
    )
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
    refuse_panel(portfolio.sizes["loan"], len(kept))
    _, _, packed, _ = prepared.run_paths(paths)
    rows = _live_and_look(prepared, packed, int(paths["path"].values[0]), kept)
    rows |= {name: portfolio[name].values for name in ("borrower", "lender", "product")}
    variables = {name: (PANEL[name].dims, values, attrs_of(PANEL[name])) for name, values in rows.items()}
    coords = {"month": kept, "borrower_id": ("borrower", portfolio["borrower_id"].values)}
    return xr.Dataset(variables, coords, record(prepared, renewal, macro, source_of(behaviour or {})))


def _live_and_look(prepared: Prepared, packed: Packed, path: int, kept: list[int]) -> dict[str, Array]:
    """Variables of the panel by name, at the month ends kept."""
    oldest, before = _claim_days(prepared), np.zeros(0)
    rows: dict[str, list[Array]] = {}
    for t, seen in month_ends(prepared, packed, path):
        missed, claim = seen.loan("missed"), seen.loan("claim")
        if t > 0:
            oldest = np.where(claim > 0, 30 + np.where(oldest > 0, oldest, 30 * before), 0)
        if t in kept:
            found = {
                "balance": seen.loan("balance") / MINOR,
                "claim": claim / MINOR,
                "days_past_due": 30 * missed,
                "overdue_days": np.maximum(30 * missed, oldest),
                "score": seen.loan("score"),
                "planned": (seen.loan("marks") & PLANNED) > 0,
                "jobless_months": seen.person("jobless_months"),
                "pay": seen.person("pay") / MINOR,
            }
            for name, values in found.items():
                rows.setdefault(name, []).append(values)
        hidden = (missed == 0) & ((seen.loan("marks") & PLANNED) > 0)  # what a plan hid comes back when it is broken
        before = np.where(hidden, seen.loan("depth"), missed)
    return {name: np.stack(values) for name, values in rows.items()}


@dataclass(frozen=True)
class Rows:
    """Working records of all borrowers at a month end, read in the portfolio's order."""

    blocks: Blocks
    persons: Array
    loans: Array

    def loan(self, name: str) -> Array:
        """A field of LOAN in the order of the portfolio's loans."""
        return self.blocks.of_loans(self.loans, name)

    def person(self, name: str) -> Array:
        """A field of BORROWER in the order of the portfolio's borrowers."""
        return self.blocks.of_borrowers(self.persons, name)


def month_ends(prepared: Prepared, packed: Packed, path: int) -> Iterator[tuple[int, Rows]]:
    """All borrowers in step through the months of one path: 0, 1, ... with their records at each month end."""
    blocks, rules = prepared.blocks, packed.rules
    persons, loans = widened(blocks.borrowers, BORROWER, 1), widened(blocks.loans, LOAN, 1)
    book, key, paths = blocks.book(packed.row_of), key_of(prepared.seed), np.array([path], np.uint32)
    totals, jobless = np.zeros((1, len(blocks.segments)), SUMS), np.zeros(1, np.int64)
    for t in range(packed.months.shape[1] + 1):
        lenders = packed.lenders[:, max(t - 1, 0)]
        prepared.kernel.live_in_step(
            persons, loans, book, t, paths, key, packed.months, lenders, rules, totals, jobless
        )
        yield t, Rows(blocks, persons, loans)


def _claim_days(prepared: Prepared) -> Array:
    """Days since the oldest unpaid due date of claims already there at the start; 0 without one."""
    book = prepared.portfolio
    written_off_at = {name: 30 * rules.write_off_months for name, rules in prepared.model.products.items()}
    waited = np.array([written_off_at[str(name)] for name in book["product"].values])
    return np.where(book["claim"].values > 0, waited + 30 * book["claim_months"].values, 0)
