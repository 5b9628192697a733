"""Every loan of a book month by month on one path: what a lender's data warehouse would hold."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from tqdm import tqdm

from stresslab.engine.actions import Response
from stresslab.engine.blocks import Blocks
from stresslab.engine.feedback import Feedback
from stresslab.engine.kernel import state as at
from stresslab.engine.kernel.random import key_of
from stresslab.engine.model import Model
from stresslab.engine.packing import Packed
from stresslab.engine.prepare import Asked, Renewal, ask
from stresslab.engine.run import widened
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
    with tqdm(disable=True) as bar:
        _, _, packed, _ = asked.live(paths, bar)
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
    """All borrowers in step through the months of one path: 0, 1, ... with what stands there at the month's end."""
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
