"""Runs the plain twin over a whole book and adds it up like `simulate`."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import xarray as xr

from stresslab.engine import layout as at
from stresslab.engine.months import Packed
from stresslab.schema import BUCKETS, CAUSES, FLOWS, STAGES

from . import twin
from .twin import Loan, Person, f32

LOAN_HISTORY = ("balance", "overdue", "missed", "claim", "due")
PERSON_HISTORY = ("pay", "buffer", "jobless_months")
FIRST_MISSED = (0, 1, 2, 3, 4, 6, 9, 12)
"""Unpaid due dates at which each bucket begins."""


def fen(amount: Any) -> int:
    """Minor units of an amount of currency."""
    return round(float(amount) * 100)


def people_of(book: xr.Dataset, everybody: Any, rules: dict[str, Any], segments: list[str]) -> Iterator[Person]:
    """The borrowers of a portfolio."""
    p = {str(name): book[name].values for name in book.variables}
    for i in range(book.sizes["borrower"]):
        rows = order_of_payment(p, [int(r) for r in np.flatnonzero(p["borrower"] == i)])
        yield Person(
            id=int(p["borrower_id"][i]),
            income=f32(p["income"][i] * 100),
            level=f32(p["pay_level"][i]),
            risk=f32(p["job_loss_risk"][i]),
            support=f32(p["household_support"][i]),
            benefit=f32(p["insured"][i] * everybody.benefit_share),
            necessities=fen(p["necessities"][i]),
            buffer=fen(p["liquid_buffer"][i]),
            target=fen(p["buffer_target"][i]),
            jobless_months=0 if p["employed"][i] else max(1, int(p["jobless_months"][i])),
            strategic=bool(p["strategic"][i]),
            loans=[loan_of(p, r, salt, everybody, rules, segments) for salt, r in enumerate(rows, start=1)],
        )


def order_of_payment(p: dict[str, Any], rows: list[int]) -> list[int]:
    """By priority, then by lender and product, then as listed."""
    return sorted(rows, key=lambda r: (float(p["priority"][r]), str(p["lender"][r]), str(p["product"][r]), r))


def loan_of(p: dict[str, Any], r: int, salt: int, everybody: Any, rules: dict[str, Any], segments: list[str]) -> Loan:
    """Row r of the loans, whose draws are told apart by `salt`."""
    product = rules[p["product"][r]]
    hazard = product.recovery
    for _ in range(int(p["claim_months"][r])):
        hazard = hazard * everybody.claim_fade
    return Loan(
        row=r,
        segment=segments.index(f"{p['lender'][r]}:{p['product'][r]}"),
        rules=product,
        salt=salt,
        balance=fen(p["balance"][r]),
        overdue=fen(p["overdue"][r]),
        missed=int(p["days_past_due"][r]) // 30,
        remaining=int(p["remaining_months"][r]),
        instalment=fen(p["instalment"][r]),
        limit=fen(p["limit"][r]),
        usual=fen(p["usual_balance"][r]),
        tenor=int(p["tenor_months"][r]),
        transactor=bool(p["transactor"][r]),
        closed=bool(p["written_off"][r]),
        claim=fen(p["claim"][r]),
        rate=f32(p["annual_rate"][r] / 12),
        claim_hazard=hazard,
    )


def rules_of_month(packed: Packed, path: int, t: int) -> Any:
    """What holds for everybody in one month of one path."""
    real, whole = packed.month_real[path, t], packed.month_whole[path, t].tolist()
    return SimpleNamespace(
        separation=real[at.SEPARATION], find_early=real[at.FIND_EARLY], find_late=real[at.FIND_LATE],
        wage=real[at.WAGE], keep=real[at.KEEP], supply=real[at.SUPPLY], furlough_16=whole[at.FURLOUGH_16],
        supply_16=whole[at.SUPPLY_16], forget=whole[at.FORGET], strategy=whole[at.STRATEGY],
        resolved=whole[at.RESOLVED], give_up=whole[at.GIVE_UP :],
    )  # fmt: skip


def rules_of_everybody(packed: Packed, benefit_share: float) -> Any:
    """What holds for everybody in every month."""
    real, whole = packed.model_real, packed.model_whole.tolist()
    return SimpleNamespace(
        benefit_share=benefit_share, persistence=real[at.PERSISTENCE], width=real[at.WIDTH],
        fall_keep=real[at.FALL_KEEP], passing_scale=real[at.PASSING_SCALE], passing_centre=real[at.PASSING_CENTRE],
        frugal_cost=real[at.FRUGAL_COST], expense_inverse=real[at.EXPENSE_INVERSE],
        expense_mean=real[at.EXPENSE_MEAN], saving=real[at.SAVING], low_pay=real[at.LOW_PAY],
        claim_fade=real[at.CLAIM_FADE], full_recovery=real[at.FULL_RECOVERY],
        partial_recovery=real[at.PARTIAL_RECOVERY], early_months=whole[at.EARLY_MONTHS],
        benefit_months=whole[at.BENEFIT_MONTHS], fall_from=whole[at.FALL_FROM_16], expense_16=whole[at.EXPENSE_16],
        static=whole[at.RENEWAL] > 0,
    )  # fmt: skip


def rules_of_products(packed: Packed, products: list[str]) -> dict[str, Any]:
    """What holds for each product."""
    return {
        name: SimpleNamespace(
            minimum_share=real[at.MINIMUM_SHARE], late_rate=real[at.LATE_RATE], recovery=real[at.RECOVERY_HAZARD],
            revolving=whole[at.REVOLVING] > 0, minimum_payment=int(whole[at.MINIMUM_PAYMENT]),
            prepay=int(whole[at.PREPAY]), write_off=int(whole[at.WRITE_OFF]), relet=int(whole[at.RELET]),
        )
        for name, real, whole in zip(products, packed.product_real, packed.product_whole, strict=True)
    }  # fmt: skip


def twin_lives(
    book: xr.Dataset, packed: Packed, *, benefit_share: float, paths: list[int], seed: int
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Every month of everybody.

    packed : parameters of the book's products in alphabetical order
    paths : path coordinates
    Returns sums by name (path, month, segment, ...), histories of loans (path, month, loan) and of borrowers
    (path, month, borrower); whole numbers, money in minor units.
    """
    labels = sorted({(str(a), str(b)) for a, b in zip(book.lender.values, book["product"].values, strict=True)})
    segments = [f"{lender}:{product}" for lender, product in labels]
    rules = rules_of_products(packed, sorted({product for _, product in labels}))
    everybody = rules_of_everybody(packed, benefit_share)
    months = packed.month_real.shape[1]
    shape = (len(paths), months + 1, len(segments))
    last = {"balance": len(BUCKETS), "accounts": len(BUCKETS), "stage_balance": 3, "entries_to_arrears": len(CAUSES)}
    sums = {name: np.zeros((*shape, size), np.int64) for name, size in last.items()}
    sums |= {name: np.zeros(shape, np.int64) for name in ("undrawn_limit", *FLOWS)}
    sums["jobless"] = np.zeros(shape[:2], np.int64)
    loans = {name: np.zeros((*shape[:2], book.sizes["loan"]), np.int64) for name in (*LOAN_HISTORY, *FLOWS)}
    people = {name: np.zeros((*shape[:2], book.sizes["borrower"]), np.int64) for name in PERSON_HISTORY}
    for p, path in enumerate(paths):
        for i, person in enumerate(people_of(book, everybody, rules, segments)):
            for t in range(months + 1):
                if t > 0:
                    words = twin.philox((person.id, t - 1, path, 0), (seed & twin.WORD, seed >> 32))
                    twin.live_a_month(person, words, rules_of_month(packed, p, t - 1), everybody)
                photograph(person, sums, (p, t))
                for name, history in people.items():
                    history[p, t, i] = getattr(person, name)
                for loan in person.loans:
                    for name, history in loans.items():
                        history[p, t, loan.row] = loan.flows[name] if name in FLOWS else getattr(loan, name)
    return sums, loans, people


def photograph(person: Person, sums: dict[str, Any], when: tuple[int, int]) -> None:
    """Add a borrower's month to the sums."""
    sums["jobless"][when] += person.jobless_months > 0
    for loan in person.loans:
        where = (*when, loan.segment)
        bucket = max(b for b, first in enumerate(FIRST_MISSED) if loan.missed >= first)
        stage = STAGES.index(1 if loan.missed == 0 else 2 if loan.missed < 3 else 3)
        open_line = loan.rules.revolving and not loan.closed and loan.limit > 0
        sums["balance"][(*where, bucket)] += loan.balance
        sums["stage_balance"][(*where, stage)] += loan.balance
        sums["accounts"][(*where, bucket)] += open_line or loan.balance > 0
        if open_line and loan.missed == 0:
            sums["undrawn_limit"][where] += max(0, loan.limit - loan.balance)
        if loan.cause:
            sums["entries_to_arrears"][(*where, CAUSES.index(loan.cause))] += 1
        for name in FLOWS:
            sums[name][where] += loan.flows[name]
