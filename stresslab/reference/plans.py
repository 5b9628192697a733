"""Restructuring: offers, new terms, probation, broken plans, the return to the contract."""

from __future__ import annotations

from stresslab.reference import monitoring
from stresslab.reference.numbers import annuity, f32, money, spread
from stresslab.reference.parameters import Programme
from stresslab.reference.state import Loan, Plan


def is_open(loan: Loan) -> bool:
    """Whether relief may be offered: something is owed, and it is in arrears or was flagged this month."""
    return loan.balance > 0 and (loan.missed > 0 or loan.flows["flagged"] > 0)


def offer_relief(loan: Loan, word: int, programmes: tuple[Programme, ...]) -> None:
    """The first programme for this depth of arrears that is offered and agreed to."""
    if loan.plan and (loan.plan.on_probation or loan.plan.broken):
        return
    for place, terms in enumerate(programmes):
        agreed = own_draw(word, loan.salt, place) >> 1 < loan.conditions.offer[place]
        if agreed and terms.from_depth <= loan.missed <= terms.to_depth:
            agree_plan(loan, terms)
            return


def own_draw(word: int, salt: int, place: int) -> int:
    """A random word of each programme and loan."""
    return spread(word, salt + 256 + 64 * place)


def agree_plan(loan: Loan, terms: Programme) -> None:
    """A share is forgiven, what is overdue is part of the balance again, and new payments are agreed."""
    loan.flows["restructured"] = 1
    forgiven, fee = money(f32(loan.balance) * terms.forgiven), money(f32(loan.balance) * terms.fee)
    loan.balance += fee - forgiven
    loan.flows["forgiven"] = forgiven
    loan.flows["fees"] += fee
    monitoring.remember(loan)
    contract = loan.plan or loan  # a second plan takes the place of the first, not of the contract
    loan.plan = Plan(
        depth=loan.missed,
        probation=terms.probation,
        holiday=terms.holiday,
        unkept=terms.unkept[min(loan.missed, len(terms.unkept) - 1)],
        rate=contract.rate,
        instalment=contract.instalment,
    )
    loan.missed = loan.overdue = loan.warned = 0
    loan.rate = loan.plan.rate * terms.rate_kept
    own_term = 0 if loan.product.revolving else max(1, loan.remaining) + terms.holiday
    loan.remaining = own_term + terms.extension
    agree_payments(loan, loan.plan)


def agree_payments(loan: Loan, plan: Plan) -> None:
    """Nothing in a holiday; else equal payments, or the minimum payment of a line without a term."""
    payable = plan.holiday == 0 and loan.remaining > 0
    loan.instalment = annuity(loan.balance, loan.rate, loan.remaining) if payable else 0


def pay_by_plan(loan: Loan) -> None:
    """Nothing was missed: a plan goes on until all is paid; after a broken plan the contract holds again."""
    if loan.plan and loan.plan.on_probation:
        keep_plan(loan, loan.plan)
    elif loan.plan and (loan.plan.broken or loan.balance == 0):
        back_to_contract(loan)


def keep_plan(loan: Loan, plan: Plan) -> None:
    """A month of the holiday and of the probation has passed."""
    if plan.holiday > 0:
        plan.holiday -= 1
        if plan.holiday == 0:
            agree_payments(loan, plan)
    plan.probation -= 1
    if loan.balance == 0:
        back_to_contract(loan)


def break_plan(loan: Loan, plan: Plan) -> None:
    """The contract's terms, all of it due, as late as when the plan was agreed and one due date more."""
    loan.flows["redefaulted"] = 1
    loan.rate, loan.instalment = plan.rate, plan.instalment
    plan.broken, plan.holiday = True, 0
    loan.missed_before = plan.depth
    loan.missed += plan.depth
    loan.overdue = loan.balance


def back_to_contract(loan: Loan) -> None:
    """The end of a plan, of a warning and of a freeze."""
    if loan.plan is not None:
        loan.rate, loan.instalment = loan.plan.rate, loan.plan.instalment
    loan.plan, loan.warned, loan.frozen = None, 0, False
