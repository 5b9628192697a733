"""A plain twin of the borrower-month: one borrower at a time, his loans one after another, to be read and compared.

`monitoring` holds scores, applications and warnings, `plans` plans, `numbers` random words and rounding;
`run` reads the book and the parameters and adds up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from stresslab.reference import monitoring, plans
from stresslab.reference.numbers import GOLDEN as GOLDEN
from stresslab.reference.numbers import WORD as WORD
from stresslab.reference.numbers import f32, fade, money, spread, unit
from stresslab.reference.numbers import philox as philox
from stresslab.schema import FLOWS

EVENTS = ("restructured", "redefaulted", "flagged", "warned", "false_alarms", "lead_months")


# Who lives, and what he owes.


@dataclass
class Loan:
    """One loan; what has a default begins with the path, and what follows `now` is of the month.

    score, next_score : that lenders go by in this month and in the next one
    memory : unpaid due dates that the score remembers [256ths]
    warned : months for which it has been flagged
    now : what its lender does this month
    """

    row: int
    segment: int
    lender: int
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
    next_score: int
    memory: int
    warned: int = 0
    frozen: bool = False
    plan: plans.Plan | None = None
    now: Any = None
    score: int = 0
    before: int = 0
    word: int = 0
    due: int = 0
    payable: int = 0
    first_due: bool = False
    cause: str = ""
    flows: dict[str, int] = field(default_factory=dict)

    def begin_month(self, lender: Any, word: int) -> None:
        """A clean sheet; the score is last month's."""
        self.flows, self.cause = dict.fromkeys((*FLOWS, *EVENTS), 0), ""
        self.now, self.word, self.before, self.score = lender, word, self.missed, self.next_score

    @property
    def barred(self) -> bool:
        """No drawing, and nothing new."""
        return self.closed or self.held_back

    @property
    def held_back(self) -> bool:
        """By its lender, who has frozen it or agreed a plan."""
        return self.frozen or self.plan is not None


@dataclass
class Person:
    """One borrower and his loans in the order in which he pays them; the last lines are of the month.

    points : score when he applied
    inquiries, open_loans : what the bureau knows: applications remembered [256ths], loans with a balance
    """

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
    points: int
    inquiries: int
    open_loans: int
    loans: list[Loan]
    pay: int = 0
    spent: int = 0
    cash: int = 0
    applications: int = 0
    poor: bool = False

    @property
    def short(self) -> int:
        """What he lacks of what he means to pay."""
        return sum(loan.payable for loan in self.loans) - self.cash


# What the month asks of the borrower.


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
    person.pay = money(received)
    person.spent = money(needs) + money(rare_expense(spread(words[3], 0), person.income, everybody))
    person.cash = person.buffer + person.pay - person.spent


# What the lenders ask, and what he pays.


def minimum_payment(bill: int, share: f32, floor: int) -> int:
    """A share of the bill, at least the floor, at most the bill."""
    return min(bill, max(floor, money(f32(bill) * share)))


def due_on_line(loan: Loan) -> int:
    """What is overdue, and of the rest the minimum payment or what a plan says instead."""
    bill = loan.balance - loan.overdue
    if loan.plan and loan.plan.holiday > 0:
        return loan.overdue
    if loan.instalment > 0:
        return loan.overdue + min(bill, loan.instalment)
    return loan.overdue + minimum_payment(bill, loan.rules.minimum_share, loan.rules.minimum_payment)


def begins(loan: Loan) -> bool:
    """Is it the first due date of a new loan? A plan may have as many to come."""
    return not loan.rules.revolving and loan.remaining == loan.tenor and loan.plan is None


def misreads(loan: Loan) -> int:
    """Chance (of 2**31) that he has misunderstood the terms of a new loan, as the first due date shows."""
    return loan.now.misread if loan.first_due else 0


def careless(person: Person, loan: Loan) -> int:
    """Chance (of 2**31) that he forgets, misreads the terms or stops by choice."""
    return loan.now.forget + misreads(loan) + (loan.now.strategy if person.strategic else 0)


def giving_up(person: Person, missed: int, lender: Any) -> int:
    """Chance (of 2**31) of not trying, by unpaid due dates; who stopped by choice holds on to it."""
    if missed == 0:
        return 0
    tired = lender.give_up[min(missed, len(lender.give_up) - 1)]
    return max(tired, lender.resolved) if person.strategic else tired


def resignation(person: Person, loan: Loan, everybody: Any) -> int:
    """Chance (of 2**31) that he will not even try: giving up before this month's collectors, or a plan not kept."""
    if loan.missed > 0:
        broke = loan.plan is not None and loan.plan.broken
        return max(giving_up(person, loan.missed, loan.now), everybody.broken_resolve if broke else 0)
    return loan.plan.unkept if loan.plan and loan.plan.on_probation else 0


def bill(person: Person, loan: Loan, everybody: Any) -> None:
    """What is due, what he means to pay of it, and what he spends on an open line."""
    if loan.rules.revolving:
        loan.due = due_on_line(loan)
    else:
        loan.flows["interest"] = money(f32(loan.balance) * loan.rate)
        owed = loan.balance + loan.flows["interest"]
        loan.due = owed if loan.remaining <= 1 else min(owed, loan.overdue + loan.instalment)
    loan.first_due = begins(loan)
    refrains = max(careless(person, loan), resignation(person, loan, everybody))
    loan.payable = loan.due if loan.word >> 1 >= refrains else 0
    if loan.rules.revolving and everybody.static and loan.missed == 0 and not loan.barred:
        settled = loan.balance if loan.transactor else loan.due
        room = int(f32(loan.limit - loan.balance) * loan.now.supply)
        loan.flows["drawn"] = max(0, min(loan.usual - (loan.balance - settled), room))
        person.cash += loan.flows["drawn"]


def draw_on_line(person: Person, loan: Loan) -> None:
    """Short of cash for his payments he draws on an open line."""
    room = int(f32(loan.limit - loan.balance - loan.flows["drawn"]) * loan.now.supply)
    if loan.rules.revolving and loan.missed == 0 and not loan.barred and person.short > 0 and room > 0:
        extra = min(person.short, room)
        loan.flows["drawn"] += extra
        person.cash += extra


def next_missed(missed: int, paid: int, due: int, overdue: int) -> int:
    """Unpaid due dates: none; as before for who is late and pays this month's due; else one more."""
    if paid >= due:
        return 0
    return missed if missed > 0 and paid >= due - overdue else missed + 1


def floating(loan: Loan, rate_move: f32) -> f32:
    """The contract's rate, moved with the policy rate as far as the product says; not below 0."""
    return max(f32(0), loan.rate + loan.rules.rate_pass * rate_move)


def pay_revolving(person: Person, loan: Loan, later: int, rate_move: f32) -> None:
    """The bill; a transactor pays all of it with what the loans after this one leave him."""
    paid = min(loan.payable, max(0, person.cash))
    if loan.transactor and loan.payable > 0:
        paid += max(0, min(loan.balance - paid, person.cash - paid - later))
    loan.flows["interest"] = money(f32(loan.balance - paid) * floating(loan, rate_move))
    loan.balance += loan.flows["drawn"] + loan.flows["interest"] - paid
    loan.missed = next_missed(loan.missed, paid, loan.due, loan.overdue)
    loan.overdue = max(0, loan.due - paid)
    loan.flows["paid"] = paid
    person.cash -= paid


def pay_instalment(person: Person, loan: Loan, static: bool) -> None:
    """The instalment; with a month's pay to spare perhaps the rest too; a finished loan may be granted anew."""
    paid = min(loan.payable, max(0, person.cash))
    person.cash -= paid
    owed = loan.balance + loan.flows["interest"]
    able = person.cash >= person.pay and paid >= loan.due and loan.missed == 0
    loan.flows["paid"] = owed if able and loan.word >> 1 >= loan.rules.prepay else paid
    loan.balance = owed - loan.flows["paid"]
    loan.missed = next_missed(loan.missed, paid, loan.due, loan.overdue)
    loan.overdue = max(0, loan.due - paid)
    loan.remaining = max(0, loan.remaining - 1) if loan.balance > 0 else 0
    finished = owed > 0 and loan.balance == 0
    if static and finished and not loan.barred and loan.word & 0xFFFF < loan.now.supply_16:
        loan.flows["originated"] = loan.usual
    if loan.flows["originated"] > 0:
        loan.balance, loan.remaining = loan.usual, loan.tenor


def keep_buffer(person: Person, saving: f32) -> int:
    """A shortfall comes out of the buffer, a share of a surplus goes into it until it is full."""
    if person.cash <= person.buffer:
        return max(0, person.cash)
    saved = person.buffer + int(f32(person.cash - person.buffer) * saving)
    return min(saved, max(person.target, person.buffer))


# What the lenders do about it.


def recovered(loan: Loan, word: int, everybody: Any) -> int:
    """Rarely all or a part of a claim written off; more rarely when arrears are high everywhere."""
    hazard = loan.claim_hazard * loan.now.recovery
    if loan.claim == 0 or unit(word) >= hazard:
        return 0
    v = unit(word) / hazard
    if v < everybody.full_recovery:
        return loan.claim
    w = (v - everybody.full_recovery) / (f32(1) - everybody.full_recovery)
    return min(loan.claim, int(f32(loan.claim) * (f32(3) * everybody.partial_recovery * w * w)))


def cause_of(person: Person, loan: Loan) -> str:
    """Why a loan that was current is not."""
    if loan.word >> 1 < loan.now.forget:
        return "forgetting"
    if loan.word >> 1 < loan.now.forget + misreads(loan):
        return "misunderstanding"
    if loan.word >> 1 < careless(person, loan):
        return "strategic"
    if person.jobless_months > 0:
        return "job_loss"
    return "income_loss" if person.poor else "illiquidity"


def late_charge(loan: Loan) -> int:
    """A share of what is overdue, unless a broken plan has called all of it."""
    return 0 if loan.plan and loan.plan.broken else money(f32(loan.overdue) * loan.rules.late_rate)


def follow_up(person: Person, loan: Loan) -> None:
    """Entry, late charge (none on what a broken plan has called), default, write-off."""
    if loan.before == 0:
        loan.cause = cause_of(person, loan)
        monitoring.count_hit(loan)
    fee = late_charge(loan)
    loan.overdue += fee
    loan.balance += fee
    loan.flows["fees"] = fee
    if loan.before < 3 <= loan.missed:
        loan.flows["defaulted"] = loan.balance
    if loan.missed >= loan.rules.write_off:
        monitoring.remember(loan)
        loan.flows["written_off"] = loan.balance
        loan.claim += loan.balance
        loan.claim_hazard = loan.rules.recovery
        loan.balance = loan.overdue = loan.missed = loan.remaining = 0
        loan.closed = True
        plans.back_to_contract(loan)


def lend_again(person: Person, loan: Loan, word: int) -> None:
    """After a write-off a borrower with a job may get the loan again, as far as supply goes."""
    chance = int(loan.rules.relet) * int(loan.now.supply_16) >> 16
    if loan.closed and not loan.held_back and person.jobless_months == 0 and word >> 1 < chance:
        loan.closed = False
        if not loan.rules.revolving:
            loan.flows["originated"] = loan.balance = loan.usual
            loan.remaining = loan.tenor


def end_month(person: Person, loan: Loan, word: int, everybody: Any) -> None:
    """Claims, arrears, plans, new credit after a write-off, offers, and the score for the next month."""
    back = recovered(loan, spread(word, loan.salt + 128), everybody)
    loan.flows["recovered"] = back
    loan.claim -= back
    person.buffer = max(0, person.buffer - back)
    loan.claim_hazard = loan.claim_hazard * everybody.claim_fade
    if loan.missed > 0:
        if loan.plan and loan.plan.on_probation:
            plans.break_plan(loan)
        follow_up(person, loan)
    else:
        plans.live_by_plan(loan)
        if everybody.static:
            lend_again(person, loan, spread(word, loan.salt + 64))
    if plans.is_open(loan):
        plans.offer_relief(loan, word, everybody.programmes)
    loan.next_score = monitoring.score(person, loan, everybody)


def live_a_month(person: Person, words: tuple[int, int, int, int], month: Any, everybody: Any) -> None:
    """The whole month of one borrower."""
    for loan in person.loans:
        loan.begin_month(month.lenders[loan.lender], spread(words[3], loan.salt))
        monitoring.watch(loan, everybody.window)
    person.applications = 0
    work_and_live(person, words, month, everybody)
    for loan in person.loans:
        bill(person, loan, everybody)
    for loan in person.loans:
        draw_on_line(person, loan)
    for loan in person.loans if everybody.static else ():
        monitoring.apply_for_credit(person, loan, spread(words[3], loan.salt + 192), everybody)
    for place, loan in enumerate(person.loans):
        if loan.rules.revolving:
            pay_revolving(person, loan, sum(each.payable for each in person.loans[place + 1 :]), month.rate_move)
        else:
            pay_instalment(person, loan, everybody.static)
    person.buffer = keep_buffer(person, everybody.saving)
    for loan in person.loans:
        end_month(person, loan, words[3], everybody)
    person.open_loans = sum(loan.balance > 0 for loan in person.loans)
    person.inquiries = fade(person.inquiries, everybody.forget_inquiries) + person.applications * 256
