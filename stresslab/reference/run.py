"""A whole portfolio through the reference month, added up as `simulate` does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import xarray as xr

from stresslab.engine.blocks import OLDEST_CLAIM
from stresslab.engine.model import Model as EngineModel
from stresslab.engine.packing import Packed
from stresslab.engine.prepare import prepare
from stresslab.reference.month import live_month, short_pay_word
from stresslab.reference.numbers import WORD, f32, philox
from stresslab.reference.parameters import NEUTRAL, Model, Product, model_of, month_of, products_of
from stresslab.reference.state import AMOUNTS, EVENTS, Borrower, Loan
from stresslab.schema import BUCKETS, CAUSES, FLOWS, STAGES

LOAN_HISTORY = ("balance", "overdue", "missed", "claim", "due", "next_score", "cause")
PERSON_HISTORY = ("pay", "buffer", "jobless_months", "spent")
FIRST_MISSED = (0, 1, 2, 3, 4, 6, 9, 12)
"""Unpaid due dates at which each bucket begins."""
Sums = dict[str, Any]
"""Arrays of whole numbers by name."""


def simulate_reference(
    book: xr.Dataset, packed: Packed, rules: EngineModel, *, paths: list[int], seed: int
) -> tuple[Sums, Sums, Sums]:
    """Simulate every month of everybody.

    packed : parameters of the book's products in alphabetical order
    rules : the model that they were made of
    paths : path coordinates
    Returns sums by name (path, month, segment, ...), histories of loans (path, month, loan) and of borrowers
    (path, month, borrower); whole numbers, money in minor units.
    """
    labels = sorted({(str(a), str(b)) for a, b in zip(book.lender.values, book["product"].values, strict=True)})
    segments = [f"{lender}:{product}" for lender, product in labels]
    products, model = products_of(packed, sorted({product for _, product in labels})), model_of(packed)
    months = packed.months.shape[1]
    sums, loans, people = empty_sums(book, (len(paths), months + 1), len(segments))
    for p, path in enumerate(paths):
        economy = [month_of(packed, p, t) for t in range(months)]
        for i, borrower in enumerate(borrowers_of(book, rules, model, products, segments)):
            for loan in borrower.loans:
                loan.begin_month(NEUTRAL, 0)
            for t in range(months + 1):
                if t > 0:
                    words = philox((borrower.id & WORD, t - 1, path, borrower.id >> 32), (seed & WORD, seed >> 32))
                    live_month(borrower, words, short_pay_word(borrower.id, seed, path, t - 1), economy[t - 1], model)
                add_up(borrower, model, sums, (p, t))
                for name, history in people.items():
                    history[p, t, i] = getattr(borrower, name)
                for loan in borrower.loans:
                    for name, history in loans.items():
                        history[p, t, loan.row] = of_month(loan, name)
    return sums, loans, people


def empty_sums(book: xr.Dataset, paths_and_months: tuple[int, int], segments: int) -> tuple[Sums, Sums, Sums]:
    """Zeros for sums, histories of loans and histories of borrowers."""
    shape = (*paths_and_months, segments)
    last = {"balance": len(BUCKETS), "accounts": len(BUCKETS), "stage_balance": 3, "entries_to_arrears": len(CAUSES)}
    sums = {name: np.zeros((*shape, size), np.int64) for name, size in last.items()}
    sums |= {
        name: np.zeros(shape, np.int64) for name in ("undrawn_limit", "forborne_balance", *FLOWS, *EVENTS, *AMOUNTS)
    }
    sums["jobless"] = np.zeros(paths_and_months, np.int64)
    of_loans = (*paths_and_months, book.sizes["loan"])
    loans = {name: np.zeros(of_loans, np.int64) for name in (*LOAN_HISTORY, *FLOWS, *EVENTS)}
    of_people = (*paths_and_months, book.sizes["borrower"])
    return sums, loans, {name: np.zeros(of_people, np.int64) for name in PERSON_HISTORY}


def borrowers_of(
    book: xr.Dataset, rules: EngineModel, model: Model, products: dict[str, Product], segments: list[str]
) -> Iterator[Borrower]:
    """The borrowers of a portfolio."""
    p = {str(name): book[name].values for name in book.variables}
    for i in range(book.sizes["borrower"]):
        rows = order_of_payment(p, [int(r) for r in np.flatnonzero(p["borrower"] == i)])
        yield Borrower(
            id=int(p["borrower_id"][i]),
            income=f32(p["income"][i] * 100),
            pay_level=f32(p["pay_level"][i]),
            job_loss_risk=f32(p["job_loss_risk"][i]),
            household_support=f32(p["household_support"][i]),
            insurance=f32(p["insured"][i] * rules.employment.benefit_share),
            expense_16=(chance := round(rules.spending.expense_monthly * p["expense_risk"][i] * 2**16)),
            expense_inverse=f32(1.0 / max(chance, 1)),
            necessities=minor_units(p["necessities"][i]),
            buffer=minor_units(p["liquid_buffer"][i]),
            buffer_target=minor_units(p["buffer_target"][i]),
            jobless_months=0 if p["employed"][i] else max(1, int(p["jobless_months"][i])),
            strategic=bool(p["strategic"][i]),
            points=round(float(p["score"][i])),
            inquiries=round(float(p["inquiries"][i]) * 256),
            open_loans=sum(p["balance"][r] > 0 for r in rows),
            loans=[loan_of(p, r, salt, model, products, segments) for salt, r in enumerate(rows, start=1)],
        )


def minor_units(amount: Any) -> int:
    """Minor units of an amount of currency."""
    return round(float(amount) * 100)


def order_of_payment(p: dict[str, Any], rows: list[int]) -> list[int]:
    """By priority, then by lender and product, then as listed."""
    return sorted(rows, key=lambda r: (float(p["priority"][r]), str(p["lender"][r]), str(p["product"][r]), r))


def loan_of(
    p: dict[str, Any], r: int, salt: int, model: Model, products: dict[str, Product], segments: list[str]
) -> Loan:
    """Row r of the loans, whose draws are told apart by `salt`."""
    product = products[p["product"][r]]
    hazard = product.recovery_hazard
    for _ in range(int(p["claim_months"][r])):
        hazard = hazard * model.claim_fade
    hazard = hazard if p["claim_months"][r] <= OLDEST_CLAIM else f32(0)
    return Loan(
        row=r,
        segment=segments.index(f"{p['lender'][r]}:{p['product'][r]}"),
        product=product,
        salt=salt,
        balance=minor_units(p["balance"][r]),
        overdue=minor_units(p["overdue"][r]),
        missed=int(p["days_past_due"][r]) // 30,
        remaining=int(p["remaining_months"][r]),
        instalment=minor_units(p["instalment"][r]),
        limit=minor_units(p["limit"][r]),
        usual=minor_units(p["usual_balance"][r]),
        tenor=int(p["tenor_months"][r]),
        transactor=bool(p["transactor"][r]),
        closed=bool(p["written_off"][r]),
        claim=minor_units(p["claim"][r]),
        rate=f32(p["annual_rate"][r] / 12),
        claim_hazard=hazard,
        next_score=round(float(p["score"][p["borrower"][r]])) + int(p["score_change"][r]),
        memory=round(float(p["recent_arrears"][r]) * 256),
    )


def of_month(loan: Loan, name: str) -> int:
    """A number of a loan's month; its cause of arrears as a position, -1 for none."""
    if name == "cause":
        return CAUSES.index(loan.cause) if loan.cause else -1
    return int(loan.flows[name] if name in loan.flows else getattr(loan, name))


def add_up(borrower: Borrower, model: Model, sums: Sums, when: tuple[int, int]) -> None:
    """Add a borrower's month to the sums."""
    sums["jobless"][when] += borrower.jobless_months > 0
    for loan in borrower.loans:
        where = (*when, loan.segment)
        bucket = max(b for b, first in enumerate(FIRST_MISSED) if loan.missed >= first)
        open_line = loan.product.revolving > 0 and not loan.closed and loan.limit > 0
        sums["balance"][(*where, bucket)] += loan.balance
        sums["stage_balance"][(*where, STAGES.index(stage_of(borrower, loan, model)))] += loan.balance
        sums["accounts"][(*where, bucket)] += open_line or loan.balance > 0
        if loan.missed == 0 and loan.plan and loan.plan.on_probation:
            sums["forborne_balance"][where] += loan.balance
        if open_line and loan.missed == 0 and not loan.barred:
            sums["undrawn_limit"][where] += max(0, loan.limit - loan.balance)
        if loan.cause:
            sums["entries_to_arrears"][(*where, CAUSES.index(loan.cause))] += 1
        for name in (*FLOWS, *EVENTS, *AMOUNTS):
            sums[name][where] += loan.flows[name]


def stage_of(borrower: Borrower, loan: Loan, model: Model) -> int:
    """IFRS 9 stage: 2 from 30 days past due (5.5.11), 3 from 90 (B5.5.37).

    A loan that is not past due is in the stage of its probation; 2 if its score has fallen far enough; else 1.
    """
    if loan.missed > 0:
        return 2 if loan.missed < 3 else 3
    if loan.plan and loan.plan.on_probation:
        return loan.plan.stage
    return 2 if borrower.points - loan.score >= model.sicr_drop else 1


def engine_parameters(
    book: xr.Dataset, macro: xr.Dataset, model: EngineModel, renewal: str, seed: int, *, responses: Any, feedback: Any
) -> Packed:
    """Parameters with the months of lenders as the engine found them: a small book is its own sample."""
    prepared, paths = prepare("reference", book, macro, model, seed, None, renewal, 1, responses, feedback, None)
    return prepared.run_paths(paths)[2]
