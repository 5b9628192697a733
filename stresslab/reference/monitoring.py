"""What lenders see in the plain twin, and what they do about it before arrears: scores, applications, warnings."""

from __future__ import annotations

from typing import Any

from stresslab.reference.numbers import f32, fade, unit


def score(person: Any, loan: Any, everybody: Any) -> int:
    """Points at application less arrears remembered, use of the line, other loans and inquiries; nothing of the job."""
    loan.memory = max(fade(loan.memory, everybody.forget_arrears), loan.missed * 256)
    use = min(f32(1), f32(loan.balance) / f32(max(1, loan.limit))) if loan.rules.revolving else f32(0.5)
    seen = (loan.memory * everybody.arrears_points >> 8) + (person.inquiries * everybody.inquiry_points >> 8)
    drawn = int(everybody.use_points * (use + use - f32(1)))
    return person.points - seen - drawn - everybody.loan_points * (person.open_loans - 2)


def remember(loan: Any) -> None:
    """Arrears that are about to be set to none stay in mind."""
    loan.memory = max(loan.memory, loan.missed * 256)


def approval(score: int, supply: f32, everybody: Any) -> f32:
    """Chance that the lender says yes: it grows with the score, as far as supply goes."""
    passed = (f32(score) - everybody.approve_from) * everybody.approve_slope
    return min(f32(1), max(f32(0), passed)) * supply


def apply_for_credit(person: Any, loan: Any, word: int, everybody: Any) -> None:
    """In the place of a loan that is not there: often if short of cash, now and then with a job, else never."""
    if loan.rules.revolving or loan.balance > 0 or loan.barred or loan.usual == 0:
        return
    short = person.short > 0
    wish = everybody.apply_short if short else everybody.apply if person.jobless_months == 0 else f32(0)
    if unit(word) < wish:
        person.applications += 1
    if unit(word) < wish * approval(loan.score, loan.now.supply, everybody):
        loan.flows["originated"] = loan.usual
        person.cash += loan.usual if short else 0


def watch(loan: Any, window: int) -> None:
    """Before the due date: old flags fall, current loans that look bad are flagged, lines are frozen."""
    if window == 0 or loan.now.freezes < 0:
        return
    if loan.warned >= window:
        loan.flows["false_alarms"] = 1
        loan.warned = 0
    elif loan.warned > 0:
        loan.warned += 1
    elif loan.balance > 0 and loan.missed == 0 and loan.plan is None and looks_bad(loan):
        loan.flows["flagged"] = loan.warned = 1
    if loan.plan is None:
        loan.frozen = loan.score < loan.now.freeze_below or (loan.warned > 0 and loan.now.freezes > 0)


def looks_bad(loan: Any) -> bool:
    """A low score, or a line used beyond a share."""
    used_up = loan.rules.revolving and f32(loan.balance) >= loan.now.full_use * f32(loan.limit)
    return bool(loan.score < loan.now.warn_below or used_up)


def count_hit(loan: Any) -> None:
    """He misses a due date: was it foreseen, and how many months?"""
    if loan.warned > 0:
        loan.flows["warned"], loan.flows["lead_months"] = 1, loan.warned
        loan.warned, loan.frozen = 0, False
