"""A plain twin of the borrower-month: one borrower at a time, his loans one after another, to be read and compared.

Amounts are Python integers of minor units. Where the engine calculates in float32, `f32` does so here, because order
and precision of its operations are part of the rules. `twin_run` reads the book and the parameters and adds up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from stresslab.schema import FLOWS

f32 = np.float32
WORD = 0xFFFFFFFF
GOLDEN = 0x9E3779B9


# Random numbers.


def philox(counter: tuple[int, int, int, int], key: tuple[int, int]) -> tuple[int, int, int, int]:
    """Philox4x32-10 on whole numbers."""
    a, b, c, d = counter
    k0, k1 = key
    for _ in range(10):
        low, high = a * 0xD2511F53, c * 0xCD9E8D57
        a, b, c, d = (high >> 32) ^ b ^ k0, high & WORD, (low >> 32) ^ d ^ k1, low & WORD
        k0, k1 = (k0 + GOLDEN) & WORD, (k1 + 0xBB67AE85) & WORD
    return a, b, c, d


def spread(word: int, salt: int) -> int:
    """Another uniform word for each salt."""
    x = (word + salt * GOLDEN) & WORD
    x = (x ^ x >> 16) * 0x7FEB352D & WORD
    x = (x ^ x >> 15) * 0x846CA68B & WORD
    return x ^ x >> 16


def unit(word: int) -> f32:
    """The high 24 bits as a number in [0, 1)."""
    return f32(word >> 8) * f32(2.0**-24)


# Who lives, and what he owes.


@dataclass
class Loan:
    """One loan; the second half is of the month."""

    row: int
    segment: int
    rules: Any
    salt: int
    balance: int
    overdue: int
    missed: int
    remaining: int
    instalment: int
    limit: int
    usual: int
    tenor: int
    transactor: bool
    closed: bool
    claim: int
    rate: f32
    claim_hazard: f32
    before: int = 0
    word: int = 0
    due: int = 0
    payable: int = 0
    cause: str = ""
    flows: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FLOWS, 0))


@dataclass
class Person:
    """One borrower and his loans in the order in which he pays them; the last lines are of the month."""

    id: int
    income: f32
    level: f32
    risk: f32
    support: f32
    benefit: f32
    necessities: int
    buffer: int
    target: int
    jobless_months: int
    strategic: bool
    loans: list[Loan]
    pay: int = 0
    cash: int = 0
    poor: bool = False


# What the month asks of the borrower.


def money(amount: f32) -> int:
    """The nearest minor unit, halves up."""
    return int(amount + f32(0.5))


def job(person: Person, word: int, month: Any, everybody: Any) -> int:
    """Months without a job after this month's draw."""
    if person.jobless_months == 0:
        return 1 if unit(word) < month.separation * person.risk else 0
    finding = month.find_early if person.jobless_months <= everybody.early_months else month.find_late
    return 0 if unit(word) >= f32(1) - finding else person.jobless_months + 1


def lasting_level(level: f32, word: int, everybody: Any) -> f32:
    """Lasting pay over usual pay: back towards 1, a small shock, rarely a fall."""
    u = f32(word & 0xFFFF) * f32(2.0**-16)
    moved = (f32(1) + everybody.persistence * (level - f32(1))) * (f32(1) + everybody.width * (u + u - f32(1)))
    return moved * everybody.fall_keep if word >> 16 >= everybody.fall_from else moved


def passing_shock(word: int, everybody: Any) -> f32:
    """exp(z) to the third power, of mean 1, with z the centred sum of four bytes."""
    z = (f32(sum(word.to_bytes(4, "little"))) - f32(510)) * everybody.passing_scale
    return (f32(1) + z * (f32(1) + z * (f32(0.5) + z * f32(1 / 6)))) * everybody.passing_centre


def pay_received(person: Person, own_pay: f32, furloughed: bool, month: Any, everybody: Any) -> f32:
    """Own pay, short pay, or support and perhaps insurance."""
    if person.jobless_months == 0:
        return own_pay * (month.keep if furloughed else f32(1))
    insured = person.benefit if person.jobless_months <= everybody.benefit_months else f32(0)
    return own_pay * (person.support + insured)


def rare_expense(word: int, income: f32, everybody: Any) -> f32:
    """Rarely something breaks: 3 v^2 times the mean, v uniform."""
    if word >> 16 >= everybody.expense_16:
        return f32(0)
    v = f32(word >> 16) * everybody.expense_inverse
    return f32(3) * v * v * (everybody.expense_mean * income)


def work_and_live(person: Person, words: tuple[int, int, int, int], month: Any, everybody: Any) -> None:
    """Job, pay, necessities and expenses; what is left with the buffer is the month's cash."""
    person.jobless_months = job(person, words[0], month, everybody)
    person.level = lasting_level(person.level, words[2], everybody)
    usual = person.income * month.wage
    own_pay = usual * person.level * passing_shock(words[1], everybody)
    received = pay_received(person, own_pay, words[2] >> 16 < month.furlough_16, month, everybody)
    person.poor = bool(received < everybody.low_pay * usual)
    needs = f32(person.necessities) * (everybody.frugal_cost if person.poor else f32(1))
    expense = rare_expense(spread(words[3], 0), person.income, everybody)
    person.pay = money(received)
    person.cash = person.buffer + person.pay - money(needs) - money(expense)


# What the lenders ask, and what he pays.


def minimum_payment(bill: int, share: f32, floor: int) -> int:
    """A share of the bill, at least the floor, at most the bill."""
    return min(bill, max(floor, money(f32(bill) * share)))


def careless(person: Person, month: Any) -> int:
    """Chance (of 2**31) that he forgets or stops by choice."""
    return month.forget + (month.strategy if person.strategic else 0)


def tries_to_pay(person: Person, loan: Loan, month: Any) -> bool:
    """Not forgotten, not stopped by choice, not given up."""
    return loan.word >> 1 >= max(careless(person, month), giving_up(person, loan.missed, month))


def giving_up(person: Person, missed: int, month: Any) -> int:
    """Chance (of 2**31) of not trying, by unpaid due dates; who stopped by choice holds on to it."""
    if missed == 0:
        return 0
    tired = month.give_up[min(missed, len(month.give_up) - 1)]
    return max(tired, month.resolved) if person.strategic else tired


def bill(person: Person, loan: Loan, month: Any, static: bool) -> None:
    """What is due, what he means to pay of it, and what he spends on an open line."""
    if loan.rules.revolving:
        loan.due = loan.overdue + minimum_payment(
            loan.balance - loan.overdue, loan.rules.minimum_share, loan.rules.minimum_payment
        )
    else:
        loan.flows["interest"] = money(f32(loan.balance) * loan.rate)
        owed = loan.balance + loan.flows["interest"]
        loan.due = owed if loan.remaining <= 1 else min(owed, loan.overdue + loan.instalment)
    loan.payable = loan.due if tries_to_pay(person, loan, month) else 0
    if loan.rules.revolving and static and loan.missed == 0 and not loan.closed:
        settled = loan.balance if loan.transactor else loan.due
        spent = min(loan.usual - (loan.balance - settled), loan.limit - loan.balance)
        if spent > 0:
            loan.flows["drawn"] = int(f32(spent) * month.supply)
            person.cash += loan.flows["drawn"]


def draw_on_line(person: Person, loan: Loan, month: Any) -> None:
    """Short of cash for his payments he draws on an open line."""
    short = sum(each.payable for each in person.loans) - person.cash
    room = int(f32(loan.limit - loan.balance - loan.flows["drawn"]) * month.supply)
    if loan.rules.revolving and loan.missed == 0 and not loan.closed and short > 0 and room > 0:
        loan.flows["drawn"] += min(short, room)
        person.cash += min(short, room)


def next_missed(missed: int, paid: int, due: int, overdue: int) -> int:
    """Unpaid due dates: none; as before for who is late and pays this month's due; else one more."""
    if paid >= due:
        return 0
    return missed if missed > 0 and paid >= due - overdue else missed + 1


def pay_revolving(person: Person, loan: Loan, later: int) -> None:
    """The bill; a transactor pays all of it with what the loans after this one leave him."""
    paid = min(loan.payable, max(0, person.cash))
    if loan.transactor and loan.payable > 0:
        paid += max(0, min(loan.balance - paid, person.cash - paid - later))
    loan.flows["interest"] = money(f32(loan.balance - paid) * loan.rate)
    loan.balance += loan.flows["drawn"] + loan.flows["interest"] - paid
    loan.missed = next_missed(loan.missed, paid, loan.due, loan.overdue)
    loan.overdue = max(0, loan.due - paid)
    loan.flows["paid"] = paid
    person.cash -= paid


def pay_instalment(person: Person, loan: Loan, month: Any, static: bool) -> None:
    """The instalment; with a month's pay to spare perhaps the rest too; a finished loan is granted anew."""
    paid = min(loan.payable, max(0, person.cash))
    person.cash -= paid
    owed = loan.balance + loan.flows["interest"]
    able = person.cash >= person.pay and paid >= loan.due and loan.missed == 0
    loan.flows["paid"] = owed if able and loan.word >> 1 >= loan.rules.prepay else paid
    loan.balance = owed - loan.flows["paid"]
    loan.missed = next_missed(loan.missed, paid, loan.due, loan.overdue)
    loan.overdue = max(0, loan.due - paid)
    loan.remaining = max(0, loan.remaining - 1) if loan.balance > 0 else 0
    if static and loan.balance == 0 and not loan.closed and loan.word & 0xFFFF < month.supply_16:
        loan.flows["originated"] = loan.balance = loan.usual
        loan.remaining = loan.tenor


def keep_buffer(person: Person, saving: f32) -> int:
    """A shortfall comes out of the buffer, a share of a surplus goes into it until it is full."""
    if person.cash <= person.buffer:
        return max(0, person.cash)
    saved = person.buffer + int(f32(person.cash - person.buffer) * saving)
    return min(saved, max(person.target, person.buffer))


# What the lenders do about it.


def recovered(loan: Loan, word: int, everybody: Any) -> int:
    """Rarely all or a part of a claim written off."""
    if loan.claim == 0 or unit(word) >= loan.claim_hazard:
        return 0
    v = unit(word) / loan.claim_hazard
    if v < everybody.full_recovery:
        return loan.claim
    w = (v - everybody.full_recovery) / (f32(1) - everybody.full_recovery)
    return min(loan.claim, int(f32(loan.claim) * (f32(3) * everybody.partial_recovery * w * w)))


def cause_of(person: Person, loan: Loan, month: Any) -> str:
    """Why a loan that was current is not."""
    if loan.word >> 1 < month.forget:
        return "forgetting"
    if loan.word >> 1 < careless(person, month):
        return "strategic"
    if person.jobless_months > 0:
        return "job loss"
    return "income loss" if person.poor else "illiquidity"


def follow_up(person: Person, loan: Loan, month: Any) -> None:
    """Entry, late charge, default, write-off."""
    if loan.before == 0:
        loan.cause = cause_of(person, loan, month)
    fee = money(f32(loan.overdue) * loan.rules.late_rate)
    loan.overdue += fee
    loan.balance += fee
    loan.flows["fees"] = fee
    if loan.before < 3 <= loan.missed:
        loan.flows["defaulted"] = loan.balance
    if loan.missed >= loan.rules.write_off:
        loan.flows["written_off"] = loan.balance
        loan.claim += loan.balance
        loan.claim_hazard = loan.rules.recovery
        loan.balance = loan.overdue = loan.missed = loan.remaining = 0
        loan.closed = True


def lend_again(person: Person, loan: Loan, word: int) -> None:
    """After a write-off a borrower with a job may get the loan again."""
    if loan.closed and person.jobless_months == 0 and word >> 1 < loan.rules.relet:
        loan.closed = False
        if not loan.rules.revolving:
            loan.flows["originated"] = loan.balance = loan.usual
            loan.remaining = loan.tenor


def live_a_month(person: Person, words: tuple[int, int, int, int], month: Any, everybody: Any) -> None:
    """The whole month of one borrower."""
    for loan in person.loans:
        loan.flows, loan.cause, loan.before = dict.fromkeys(FLOWS, 0), "", loan.missed
        loan.word = spread(words[3], loan.salt)
    work_and_live(person, words, month, everybody)
    for loan in person.loans:
        bill(person, loan, month, everybody.static)
    for loan in person.loans:
        draw_on_line(person, loan, month)
    for place, loan in enumerate(person.loans):
        if loan.rules.revolving:
            pay_revolving(person, loan, later=sum(each.payable for each in person.loans[place + 1 :]))
        else:
            pay_instalment(person, loan, month, everybody.static)
    person.buffer = keep_buffer(person, everybody.saving)
    for loan in person.loans:
        back = recovered(loan, spread(words[3], loan.salt + 128), everybody)
        loan.flows["recovered"] = back
        loan.claim -= back
        person.buffer = max(0, person.buffer - back)
        loan.claim_hazard = loan.claim_hazard * everybody.claim_fade
        if loan.missed > 0:
            follow_up(person, loan, month)
        elif everybody.static:
            lend_again(person, loan, spread(words[3], loan.salt + 64))
