"""Restructuring plans of the plain twin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stresslab.reference import monitoring
from stresslab.reference.numbers import annuity, f32, money, spread


@dataclass
class Plan:
    """New terms of a loan, which hold until all is paid or a payment is missed.

    depth : unpaid due dates when it was agreed
    probation, holiday : months left
    unkept : chance (of 2**31) a month, in probation, that he does not try to pay
    rate, instalment : of the contract, for the time after the plan
    """

    depth: int
    probation: int
    holiday: int
    unkept: int
    rate: f32
    instalment: int
    broken: bool = False

    @property
    def on_probation(self) -> bool:
        return self.probation > 0 and not self.broken

    @property
    def stage(self) -> int:
        """Of a loan on probation that pays as agreed."""
        return 2 if self.depth < 3 else 3


def is_open(loan: Any) -> bool:
    """May it be offered relief: in arrears, or flagged this month?"""
    return loan.balance > 0 and (loan.missed > 0 or loan.flows["flagged"] > 0)


def offer_relief(loan: Any, word: int, programmes: list[Any]) -> None:
    """The first programme that is meant for this depth of arrears and that he is offered and agrees to."""
    if loan.plan and (loan.plan.on_probation or loan.plan.broken):
        return
    for place, terms in enumerate(programmes):
        agreed = own_draw(word, loan.salt, place) >> 1 < loan.now.offers[place]
        if agreed and terms.from_depth <= loan.missed <= terms.to_depth:
            agree_plan(loan, terms)
            return


def own_draw(word: int, salt: int, place: int) -> int:
    """A word of each programme and loan."""
    return spread(word, salt + 256 + 64 * place)


def agree_plan(loan: Any, terms: Any) -> None:
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
    own_term = 0 if loan.rules.revolving else max(1, loan.remaining) + terms.holiday
    loan.remaining = own_term + terms.extension
    agree_payments(loan)


def agree_payments(loan: Any) -> None:
    """Nothing in a holiday; else equal payments, or the minimum payment of a line without a term."""
    payable = loan.plan.holiday == 0 and loan.remaining > 0
    loan.instalment = annuity(loan.balance, loan.rate, loan.remaining) if payable else 0


def back_to_contract(loan: Any) -> None:
    """Whatever was agreed or marked is over."""
    if loan.plan is not None:
        loan.rate, loan.instalment = loan.plan.rate, loan.plan.instalment
    loan.plan, loan.warned, loan.frozen = None, 0, False


def break_plan(loan: Any) -> None:
    """The contract's terms, all of it due, as late as he was and one due date more."""
    loan.flows["redefaulted"] = 1
    loan.rate, loan.instalment = loan.plan.rate, loan.plan.instalment
    loan.plan.broken, loan.plan.holiday = True, 0
    loan.before = loan.plan.depth
    loan.missed += loan.plan.depth
    loan.overdue = loan.balance


def keep_plan(loan: Any) -> None:
    """A month of the holiday and of the probation has passed."""
    if loan.plan.holiday > 0:
        loan.plan.holiday -= 1
        if loan.plan.holiday == 0:
            agree_payments(loan)
    loan.plan.probation -= 1
    if loan.balance == 0:
        back_to_contract(loan)


def live_by_plan(loan: Any) -> None:
    """Nothing was missed: a plan goes on until all is paid; who broke one and pays is back to the contract."""
    if loan.plan and loan.plan.on_probation:
        keep_plan(loan)
    elif loan.plan and (loan.plan.broken or loan.balance == 0):
        back_to_contract(loan)
