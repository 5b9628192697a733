"""Every loan of a book month by month on one path: what a lender's data warehouse would hold."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from stresslab.engine.actions import Response
from stresslab.engine.blocks import Blocks
from stresslab.engine.feedback import Feedback
from stresslab.engine.kernel.random import key_of
from stresslab.engine.kernel.state import BORROWER, LOAN, PLANNED, SUMS, widened
from stresslab.engine.model import Model
from stresslab.engine.packing import Packed
from stresslab.engine.prepare import Asked, Renewal, ask
from stresslab.schema import MINOR, InputError

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
    """Loans and borrowers of a book at month ends on one path, the same lives as in `simulate` with these arguments.

    macro : Dataset (month), or (path, month) with one path
    months : month ends to keep, 0 ... the last; all by default
    model, seed, renewal, threads, responses, feedback, behaviour : as for `simulate`
    Returns Dataset, money in currency:
      (month, loan) balance, claim: written off and still owed; days_past_due [day], 0 without a balance; overdue_days
      [day]: of the oldest debt unpaid, claims included, counted on after the write-off; score: what the lender uses
      next month; planned: in a restructuring plan;
      (month, borrower) jobless_months, pay; and the labels borrower, lender, product (loan), borrower_id (borrower).
    Raises InputError naming every fault, several paths among them: memory grows with loans x months kept.

    >>> import stresslab as sl
    >>> book = sl.synthetic_portfolio("china-online", borrowers=300, seed=1)
    >>> seen = panel(book, sl.scenario("china-baseline"), seed=3, months=[0, 2])
    >>> bool((seen["balance"].sel(month=0) == book["balance"]).all()), dict(seen.sizes)["month"]
    (True, 2)
    """
    asked, paths = ask("panel", portfolio, macro, model, seed, None, renewal, threads, responses, feedback, behaviour)
    last = paths.sizes["month"]
    faults = []
    whole = months is None or all(isinstance(month, int | np.integer) for month in months)
    kept = sorted({int(month) for month in months}) if months is not None and whole else list(range(last + 1))
    if not whole:
        faults.append(f"months: found {months!r}, expected whole numbers among 0 ... {last}; choose some of these")
    if "scenario" in paths.dims or paths.sizes["path"] != 1:
        faults.append(f"macro: found dimensions {dict(macro.sizes)}, expected a single path; select one with isel")
    if not kept or kept[0] < 0 or kept[-1] > last:
        faults.append(f"months: found {kept}, expected month ends among 0 ... {last}; choose some of these")
    if faults:
        raise InputError("panel", faults)
    _, _, packed, _ = asked.live(paths)
    rows = _live_and_look(asked, packed, int(paths["path"].values[0]), kept)
    loan, person = ("month", "loan"), ("month", "borrower")
    variables = {name: (person if name in ("jobless_months", "pay") else loan, values) for name, values in rows.items()}
    labels = {name: ("loan", portfolio[name].values) for name in ("borrower", "lender", "product")}
    coords = {"month": kept, "borrower_id": ("borrower", portfolio["borrower_id"].values)}
    attrs = {"seed": str(asked.seed), "own_lender": str(portfolio.attrs.get("own_lender", ""))}
    return xr.Dataset(variables | labels, coords, attrs)


def _live_and_look(asked: Asked, packed: Packed, path: int, kept: list[int]) -> dict[str, Array]:
    """The months of all borrowers, and what there is to see at those kept."""
    oldest, before = _claim_days(asked), np.zeros(0)
    rows: dict[str, list[Array]] = {}
    for t, seen in month_ends(asked, packed, path):
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


def month_ends(asked: Asked, packed: Packed, path: int) -> Iterator[tuple[int, Rows]]:
    """All borrowers in step through the months of one path: 0, 1, ... with their records at each month end."""
    blocks, rules = asked.blocks, packed.rules
    persons, loans = widened(blocks.borrowers, BORROWER, 1), widened(blocks.loans, LOAN, 1)
    book, key, paths = blocks.book(packed.lender_row), key_of(asked.seed), np.array([path], np.uint32)
    totals, jobless = np.zeros((1, len(blocks.segments)), SUMS), np.zeros(1, np.int64)
    for t in range(packed.months.shape[1] + 1):
        lenders = packed.lenders[:, max(t - 1, 0)]
        asked.kernel.live_in_step(persons, loans, book, t, paths, key, packed.months, lenders, rules, totals, jobless)
        yield t, Rows(blocks, persons, loans)


def _claim_days(asked: Asked) -> Array:
    """Days since the oldest unpaid due date of claims already there at the start; 0 without one."""
    book = asked.portfolio
    written_off_at = {name: 30 * rules.write_off_months for name, rules in asked.model.products.items()}
    waited = np.array([written_off_at[str(name)] for name in book["product"].values])
    return np.where(book["claim"].values > 0, waited + 30 * book["claim_months"].values, 0)
