"""What lenders see and do before arrears: scores, applications for credit, early warnings."""

from __future__ import annotations

from stresslab.reference.numbers import f32, fade, unit
from stresslab.reference.parameters import Model
from stresslab.reference.state import Borrower, Loan


def watch(loan: Loan, window: int) -> None:
    """Before the due date: old flags fall, current loans that look bad are flagged, lines are frozen."""
    if window == 0 or not loan.conditions.watches:
        return
    if loan.warned >= window:
        loan.flows["false_alarms"] = 1
        loan.warned = 0
    elif loan.warned > 0:
        loan.warned += 1
    elif loan.balance > 0 and loan.missed == 0 and loan.plan is None and looks_bad(loan):
        loan.flows["flagged"] = loan.warned = 1
    if loan.plan is None:
        warned = loan.warned > 0 and loan.conditions.freezes > 0
        loan.frozen = loan.score < loan.conditions.freeze_below or warned


def looks_bad(loan: Loan) -> bool:
    """A low score, or a line used beyond a share."""
    used_up = loan.product.revolving > 0 and f32(loan.balance) >= loan.conditions.full_use * f32(loan.limit)
    return bool(loan.score < loan.conditions.warn_below or used_up)


def count_hit(loan: Loan) -> None:
    """Whether a missed due date was warned of, and how many months before."""
    if loan.warned > 0:
        loan.flows["warned"], loan.flows["lead_months"] = 1, loan.warned
        loan.warned, loan.frozen = 0, False


def apply_for_credit(borrower: Borrower, loan: Loan, word: int, model: Model) -> None:
    """An application in the place of a loan that was repaid: often if short of cash, rarely with a job, else never.

    What is granted to those who are short of cash helps to pay this month's bills.
    """
    if loan.product.revolving or loan.balance > 0 or loan.barred or loan.usual == 0:
        return
    short = borrower.short > 0
    wish = model.apply_short if short else model.apply if borrower.jobless_months == 0 else f32(0)
    if unit(word) < wish:
        borrower.applications += 1
    supply = loan.conditions.supply * (f32(1) - withdrawn(loan, model))
    if unit(word) < wish * approval(loan.score, supply, model):
        loan.flows["originated"] = loan.usual
        borrower.cash += loan.usual if short else 0


def withdrawn(loan: Loan, model: Model) -> f32:
    """Share of a line or of new credit that a tightening withdraws: w times it, w from 0 to 2 falling with score."""
    weight = f32(1) + model.tighten_slope * (model.tighten_middle - f32(loan.score))
    return min(f32(1), loan.conditions.tightening * min(f32(2), max(f32(0), weight)))


def approval(score: int, supply: f32, model: Model) -> f32:
    """Chance that the lender agrees: it rises with the score from 0 to 1 in a straight line, times supply."""
    passed = (f32(score) - model.approve_from) * model.approve_slope
    return min(f32(1), max(f32(0), passed)) * supply


def score(borrower: Borrower, loan: Loan, model: Model) -> int:
    """Behavioural score: points at application less those lost for what lenders see, which is not the job.

    Lost: arrears remembered, use u of the line (2 u - 1; u = 1/2 for an instalment loan), applications, and open loans
    beyond two.
    """
    loan.memory = max(fade(loan.memory, model.forget_arrears), loan.missed * 256)
    use = min(f32(1), f32(loan.balance) / f32(max(1, loan.limit))) if loan.product.revolving else f32(0.5)
    seen = (loan.memory * model.arrears_points >> 8) + (borrower.inquiries * model.inquiry_points >> 8)
    drawn = int(model.use_points * (use + use - f32(1)))
    return borrower.points - seen - drawn - model.loan_points * (borrower.open_loans - 2)


def remember(loan: Loan) -> None:
    """Arrears that are about to be set to none stay in the score's memory."""
    loan.memory = max(loan.memory, loan.missed * 256)
