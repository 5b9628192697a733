"""Runs the plain twin over a whole book and adds it up like `simulate`."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import xarray as xr
from tqdm import tqdm

from stresslab.engine.kernel import state as at
from stresslab.engine.model import Model
from stresslab.engine.packing import Packed
from stresslab.engine.prepare import ask
from stresslab.reference import month as twin
from stresslab.reference.month import EVENTS, Loan, Person
from stresslab.reference.numbers import f32
from stresslab.schema import BUCKETS, CAUSES, FLOWS, STAGES

LOAN_HISTORY = ("balance", "overdue", "missed", "claim", "due", "next_score", "cause")
PERSON_HISTORY = ("pay", "buffer", "jobless_months", "spent")
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
            points=round(float(p["score"][i])),
            inquiries=round(float(p["inquiries"][i]) * 256),
            open_loans=sum(p["balance"][r] > 0 for r in rows),
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
        lender=sorted({label.split(":")[0] for label in segments}).index(p["lender"][r]),
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
        next_score=round(float(p["score"][p["borrower"][r]])) + int(p["score_change"][r]),
        memory=round(float(p["recent_arrears"][r]) * 256),
    )


def rules_of_month(packed: Packed, path: int, t: int) -> Any:
    """What holds for everybody in one month of one path, and what each lender does then."""
    real, whole = packed.month_real[path, t], packed.month_whole[path, t].tolist()
    of_lenders = zip(packed.lender_real[path, t], packed.lender_whole[path, t].tolist(), strict=True)
    rows = [rules_of_lender(its_real, its_whole) for its_real, its_whole in of_lenders]
    return SimpleNamespace(
        separation=real[at.SEPARATION], find_early=real[at.FIND_EARLY], find_late=real[at.FIND_LATE],
        wage=real[at.WAGE], keep=real[at.KEEP], rate_move=real[at.RATE_MOVE], furlough_16=whole[at.FURLOUGH_16],
        lenders=[rows[row] for row in packed.lender],
    )  # fmt: skip


def rules_of_lender(real: Any, whole: list[int]) -> Any:
    """What a lender does in a month."""
    return SimpleNamespace(
        supply=real[at.SUPPLY], recovery=real[at.RECOVERY], full_use=real[at.FULL_USE], supply_16=whole[at.SUPPLY_16],
        forget=whole[at.FORGET], misread=whole[at.MISREAD], strategy=whole[at.STRATEGY], resolved=whole[at.RESOLVED],
        warn_below=whole[at.WARN_BELOW], freeze_below=whole[at.FREEZE_BELOW], freezes=whole[at.FREEZES],
        offers=whole[at.OFFER : at.GIVE_UP], give_up=whole[at.GIVE_UP :],
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
        static=whole[at.RENEWAL] > 0, apply=real[at.APPLY], apply_short=real[at.APPLY_SHORT],
        approve_from=real[at.APPROVE_FROM], approve_slope=real[at.APPROVE_SLOPE], use_points=real[at.USE_POINTS],
        arrears_points=whole[at.ARREARS_POINTS], loan_points=whole[at.LOAN_POINTS],
        inquiry_points=whole[at.INQUIRY_POINTS], forget_arrears=whole[at.FORGET_ARREARS],
        forget_inquiries=whole[at.FORGET_INQUIRIES], sicr_drop=whole[at.SICR_DROP],
        broken_resolve=whole[at.BROKEN_RESOLVE], window=whole[at.WARNING_WINDOW],
        programmes=[terms_of(*rows) for rows in zip(packed.relief_real, packed.relief_whole.tolist(), strict=True)],
    )  # fmt: skip


def terms_of(real: Any, whole: list[int]) -> Any:
    """What a restructuring programme offers."""
    return SimpleNamespace(
        rate_kept=real[at.RATE_KEPT], forgiven=real[at.FORGIVEN], fee=real[at.PLAN_FEE],
        from_depth=whole[at.FROM_DEPTH], to_depth=whole[at.TO_DEPTH], extension=whole[at.EXTENSION],
        holiday=whole[at.HOLIDAY_MONTHS], probation=whole[at.PROBATION], unkept=whole[at.UNKEPT :],
    )  # fmt: skip


def rules_of_products(packed: Packed, products: list[str]) -> dict[str, Any]:
    """What holds for each product."""
    return {
        name: SimpleNamespace(
            minimum_share=real[at.MINIMUM_SHARE], late_rate=real[at.LATE_RATE], recovery=real[at.RECOVERY_HAZARD],
            rate_pass=real[at.RATE_PASS], revolving=whole[at.REVOLVING] > 0,
            minimum_payment=int(whole[at.MINIMUM_PAYMENT]), prepay=int(whole[at.PREPAY]),
            write_off=int(whole[at.WRITE_OFF]), relet=int(whole[at.RELET]),
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
    sums |= {name: np.zeros(shape, np.int64) for name in ("undrawn_limit", "forborne_balance", *FLOWS, *EVENTS)}
    sums["jobless"] = np.zeros(shape[:2], np.int64)
    loans = {name: np.zeros((*shape[:2], book.sizes["loan"]), np.int64) for name in (*LOAN_HISTORY, *FLOWS, *EVENTS)}
    people = {name: np.zeros((*shape[:2], book.sizes["borrower"]), np.int64) for name in PERSON_HISTORY}
    for p, path in enumerate(paths):
        rules_of = [rules_of_month(packed, p, t) for t in range(months)]
        for i, person in enumerate(people_of(book, everybody, rules, segments)):
            for loan in person.loans:
                loan.begin_month(None, 0)
            for t in range(months + 1):
                if t > 0:
                    words = twin.philox((person.id, t - 1, path, 0), (seed & twin.WORD, seed >> 32))
                    twin.live_a_month(person, words, rules_of[t - 1], everybody)
                photograph(person, everybody, sums, (p, t))
                for name, history in people.items():
                    history[p, t, i] = getattr(person, name)
                for loan in person.loans:
                    for name, history in loans.items():
                        history[p, t, loan.row] = of_month(loan, name)
    return sums, loans, people


def of_month(loan: Loan, name: str) -> int:
    """A number of a loan's month; its cause of arrears as a position, -1 for none."""
    if name == "cause":
        return CAUSES.index(loan.cause) if loan.cause else -1
    return loan.flows[name] if name in loan.flows else getattr(loan, name)


def stage_of(person: Person, loan: Loan, everybody: Any) -> int:
    """By days past due; a loan that is not past due by its probation, or by how far its score has fallen."""
    if loan.missed > 0:
        return 2 if loan.missed < 3 else 3
    if loan.plan and loan.plan.on_probation:
        return loan.plan.stage
    return 2 if person.points - loan.score >= everybody.sicr_drop else 1


def photograph(person: Person, everybody: Any, sums: dict[str, Any], when: tuple[int, int]) -> None:
    """Add a borrower's month to the sums."""
    sums["jobless"][when] += person.jobless_months > 0
    for loan in person.loans:
        where = (*when, loan.segment)
        bucket = max(b for b, first in enumerate(FIRST_MISSED) if loan.missed >= first)
        open_line = loan.rules.revolving and not loan.closed and loan.limit > 0
        sums["balance"][(*where, bucket)] += loan.balance
        sums["stage_balance"][(*where, STAGES.index(stage_of(person, loan, everybody)))] += loan.balance
        sums["accounts"][(*where, bucket)] += open_line or loan.balance > 0
        if loan.missed == 0 and loan.plan and loan.plan.on_probation:
            sums["forborne_balance"][where] += loan.balance
        if open_line and loan.missed == 0 and not loan.barred:
            sums["undrawn_limit"][where] += max(0, loan.limit - loan.balance)
        if loan.cause:
            sums["entries_to_arrears"][(*where, CAUSES.index(loan.cause))] += 1
        for name in (*FLOWS, *EVENTS):
            sums[name][where] += loan.flows[name]


def conditions_lived(
    book: xr.Dataset, macro: xr.Dataset, model: Model, renewal: str, seed: int, *, responses: Any, feedback: Any
) -> Packed:
    """Parameters, with what lenders did month by month as the engine found it: a small book is its own sample."""
    asked, paths = ask("twin", book, macro, model, seed, None, renewal, 1, responses, feedback, None)
    return asked.live(paths, tqdm(disable=True))[2]
