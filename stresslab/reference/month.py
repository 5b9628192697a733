"""The month of a borrower: job and pay, bills, credit, payments, arrears, recoveries. Read it from the top."""

from __future__ import annotations

from stresslab.reference import monitoring, plans
from stresslab.reference.numbers import WORD, Words, f32, fade, money, spread, unit
from stresslab.reference.parameters import Lender, Model, Month
from stresslab.reference.state import Borrower, Loan

RELET, CLAIM, APPLY, DEFER = 64, 128, 192, 512
"""Salts that tell a loan's uses of the month's random word apart; its payment has the loan's own salt alone."""
BANKRUPT, ENTER = 576, 577
"""Salts of events that are the same for all loans of a borrower."""
SHORT_PAY_MONTHS = 6
"""Months for which the same borrowers are the first to be on short pay."""


def live_month(borrower: Borrower, words: Words, short_pay: int, month: Month, model: Model) -> None:
    """Simulate a month of a borrower from four random words, and one that stays the same for half a year.

    The three of jobs and pay are used as they are; rare expenses and all uses of each loan are spread from the fourth.
    """
    for loan in borrower.loans:
        loan.begin_month(month.lenders[loan.segment], spread(words[3], loan.salt))
        monitoring.watch(loan, model.warning_window)
    borrower.applications = 0
    work_and_spend(borrower, words, short_pay, month, model)
    for loan in borrower.loans:
        bill(borrower, loan, model)
    for loan in borrower.loans:
        draw_on_line(borrower, loan, model)
    for loan in borrower.loans if model.renewing else ():
        monitoring.apply_for_credit(borrower, loan, spread(words[3], loan.salt + APPLY), model)
    for loan in reversed(borrower.loans):
        defer_payment(borrower, loan, spread(words[3], loan.salt + DEFER))
    for place, loan in enumerate(borrower.loans):
        if loan.product.revolving:
            later = sum(other.payable for other in borrower.loans[place + 1 :])
            pay_revolving(borrower, loan, later, month.rate_move)
        else:
            pay_instalment(borrower, loan, model)
    borrower.buffer = keep_buffer(borrower, model.saving)
    for loan in borrower.loans:
        end_month(borrower, loan, words[3], model)
    borrower.open_loans = sum(loan.balance > 0 for loan in borrower.loans)
    borrower.inquiries = fade(borrower.inquiries, model.forget_inquiries) + borrower.applications * 256


# Job, pay and expenses.


def short_pay_word(borrower: int, seed: int, path: int, month: int) -> int:
    """Uniform word of a borrower for half a year: those on short pay are the same from month to month."""
    word = spread((borrower ^ seed) & WORD, borrower >> 32)
    return spread(spread(word, path), month // SHORT_PAY_MONTHS)


def work_and_spend(borrower: Borrower, words: Words, short_pay: int, month: Month, model: Model) -> None:
    """Job, pay, necessities and expenses; cash is the buffer and what is left of pay.

    Pay is usual pay x the economy's wage x the lasting level x a passing shock. Where it falls below a share of usual
    pay, part of the necessities is saved. A one-off transfer goes into the buffer, and what that has above its target
    is spent little by little.
    """
    borrower.jobless_months = job(borrower, words[0], month, model)
    borrower.pay_level = lasting_level(borrower.pay_level, words[2], model)
    usual = borrower.income * month.wage
    own_pay = usual * borrower.pay_level * passing_shock(words[1], model)
    received = pay_received(borrower, own_pay, short_pay >> 16 < month.furlough_16, month, model)
    borrower.poor = bool(received < model.low_pay * usual)
    needs = f32(borrower.necessities) * month.price * (model.frugal_cost if borrower.poor else f32(1))
    borrower.pay = money(received)
    borrower.buffer += money(month.transfer * usual)
    excess = int(f32(max(0, borrower.buffer - borrower.buffer_target)) * model.spend_excess)
    borrower.spent = money(needs) + money(rare_expense(spread(words[3], 0), borrower, model)) + excess
    borrower.cash = borrower.buffer + borrower.pay - borrower.spent


def job(borrower: Borrower, word: int, month: Month, model: Model) -> int:
    """Months without a job after this month's draw u; 0 while employed.

    The job is lost if u < separation x own risk; one is found if u >= 1 - finding, which falls with the spell. Low
    draws are bad: under the same draws a harsher month leaves nobody better off.
    """
    if borrower.jobless_months == 0:
        return 1 if unit(word) < month.separation * borrower.job_loss_risk else 0
    finding = month.find_early if borrower.jobless_months <= model.early_months else month.find_late
    return 0 if unit(word) >= f32(1) - finding else borrower.jobless_months + 1


def lasting_level(level: f32, word: int, model: Model) -> f32:
    """Lasting pay over usual pay: l' = (1 + persistence (l - 1)) (1 + width (2 u - 1)), and rarely a fall."""
    u = f32(word & 0xFFFF) * f32(2.0**-16)
    moved = (f32(1) + model.persistence * (level - f32(1))) * (f32(1) + model.width * (u + u - f32(1)))
    return moved * model.fall_keep if word >> 16 >= model.fall_from_16 else moved


def passing_shock(word: int, model: Model) -> f32:
    """exp(z) to the third power of z, of mean 1; z is the centred, scaled sum of four bytes, close to normal."""
    z = (f32(sum(word.to_bytes(4, "little"))) - f32(510)) * model.passing_scale
    return (f32(1) + z * (f32(1) + z * (f32(0.5) + z * f32(1 / 6)))) * model.passing_centre


def pay_received(borrower: Borrower, own_pay: f32, furloughed: bool, month: Month, model: Model) -> f32:
    """Own pay, the furloughed's part of it, or without a job what household and insurance give."""
    if borrower.jobless_months == 0:
        return own_pay * (month.keep if furloughed else f32(1))
    insured = borrower.insurance if borrower.jobless_months <= model.benefit_months else f32(0)
    return own_pay * (borrower.household_support + insured)


def rare_expense(word: int, borrower: Borrower, model: Model) -> f32:
    """A rare expense of 3 v^2 times its mean, v uniform."""
    if word >> 16 >= borrower.expense_16:
        return f32(0)
    v = f32(word >> 16) * borrower.expense_inverse
    return f32(3) * v * v * (model.expense_mean * borrower.income)


# Bills, and what the borrower means to pay.


def bill(borrower: Borrower, loan: Loan, model: Model) -> None:
    """What is due, what the borrower means to pay of it, and ordinary spending on an open line."""
    if loan.product.revolving:
        loan.due = due_on_line(loan)
    else:
        loan.flows["interest"] = money(f32(loan.balance) * loan.rate)
        owed = loan.balance + loan.flows["interest"]
        loan.due = owed if loan.remaining <= 1 else min(owed, loan.overdue + loan.instalment)
    loan.first_due = begins(loan)
    refrains = max(careless(borrower, loan), resignation(borrower, loan, model))
    loan.payable = loan.due if loan.word >> 1 >= refrains else 0
    if loan.product.revolving and loan.missed == 0 and not loan.closed:
        spend_on_line(borrower, loan, model)


def spend_on_line(borrower: Borrower, loan: Loan, model: Model) -> None:
    """Ordinary spending: what brings the balance back to the usual bill, as far as the line goes.

    A line that is cut stops spending: up to the payment on the bill, which takes its place, it is not owed in cash. Who
    pays the whole bill and has the cash at hand has the whole line.
    """
    settled = loan.balance if loan.transactor else loan.due
    repaid = loan.balance if loan.transactor and borrower.cash >= loan.balance else 0
    line = loan.limit - (loan.balance - repaid)
    usual = max(0, min(loan.usual - (loan.balance - settled), line))
    open_now = model.renewing > 0 and not loan.barred
    room = int(f32(line) * granted(loan, model, loan.conditions.supply)) if open_now else 0
    loan.flows["drawn"] = max(0, min(usual, room))
    instead = settled if loan.payable > 0 else 0
    stopped = int(f32(min(usual - loan.flows["drawn"], instead)) * model.forgone)
    borrower.spent -= min(stopped, borrower.spent)
    borrower.cash += loan.flows["drawn"] + stopped


def granted(loan: Loan, model: Model, supply: f32) -> f32:
    """Supply less what a tightening withdraws from this borrower: most from low scores."""
    return supply * (f32(1) - monitoring.withdrawn(loan, model))


def due_on_line(loan: Loan) -> int:
    """What is overdue, and of the rest the minimum payment or what a plan says instead."""
    rest = loan.balance - loan.overdue
    if loan.plan and loan.plan.holiday > 0:
        return loan.overdue
    if loan.instalment > 0:
        return loan.overdue + min(rest, loan.instalment)
    return loan.overdue + minimum_payment(rest, loan.product.minimum_share, loan.product.minimum_payment)


def minimum_payment(bill: int, share: f32, floor: int) -> int:
    """A share of the bill, at least the floor, at most the bill."""
    return min(bill, max(floor, money(f32(bill) * share)))


def begins(loan: Loan) -> bool:
    """Whether it is the first due date of a new loan; a plan may have as many to come."""
    return not loan.product.revolving and loan.remaining == loan.tenor and loan.plan is None


def careless(borrower: Borrower, loan: Loan) -> int:
    """Chance (of 2**31) of forgetting, of misreading the terms or of stopping by choice."""
    return loan.conditions.forget + misreads(loan) + (loan.conditions.strategy if borrower.strategic else 0)


def misreads(loan: Loan) -> int:
    """Chance (of 2**31) of having misunderstood the terms of a new loan, as the first due date shows."""
    return loan.conditions.misread if loan.first_due else 0


def resignation(borrower: Borrower, loan: Loan, model: Model) -> int:
    """Chance (of 2**31) of not even trying: giving up before this month's collectors, or a plan not kept."""
    if loan.missed > 0:
        broke = loan.plan is not None and loan.plan.broken
        return max(giving_up(borrower, loan.missed, loan.conditions), model.broken_resolve if broke else 0)
    return loan.plan.unkept if loan.plan and loan.plan.on_probation else 0


def giving_up(borrower: Borrower, missed: int, lender: Lender) -> int:
    """Chance (of 2**31) of not trying, by unpaid due dates; those who stopped by choice hold on to it."""
    if missed == 0:
        return 0
    tired = lender.give_up[min(missed, len(lender.give_up) - 1)]
    return max(tired, lender.resolved) if borrower.strategic else tired


def draw_on_line(borrower: Borrower, loan: Loan, model: Model) -> None:
    """Borrowers short of cash for their payments draw on an open line."""
    unused = loan.limit - loan.balance - loan.flows["drawn"]
    room = int(f32(unused) * granted(loan, model, loan.conditions.supply))
    if loan.product.revolving and loan.missed == 0 and not loan.barred and borrower.short > 0 and room > 0:
        extra = min(borrower.short, room)
        loan.flows["drawn"] += extra
        borrower.cash += extra


# Payments.


def defer_payment(borrower: Borrower, loan: Loan, word: int) -> None:
    """Forbearance by decree: what a borrower in need owes now falls due later, and days past due stand still.

    In need are those who are short of cash for what they mean to pay, and those who do not mean to pay.
    """
    in_need = borrower.short > 0 or loan.payable < loan.due
    if in_need and loan.due > loan.overdue and word >> 1 < loan.conditions.defer:
        loan.flows["deferred"] = loan.due - loan.overdue
        loan.due, loan.payable = loan.overdue, 0
        loan.remaining += loan.remaining > 0


def reach(borrower: Borrower, loan: Loan) -> int:
    """Necessities that the borrower goes without rather than miss this payment."""
    return int(f32(borrower.necessities) * loan.product.effort)


def pay_revolving(borrower: Borrower, loan: Loan, later: int, rate_move: f32) -> None:
    """The bill; a transactor pays all of it with what the loans after this one leave over."""
    paid = min(loan.payable, max(0, borrower.cash + reach(borrower, loan)))
    if loan.transactor and loan.payable > 0:
        paid += max(0, min(loan.balance - paid, borrower.cash - paid - later))
    loan.flows["interest"] = money(f32(loan.balance - paid) * floating(loan, rate_move))
    loan.balance += loan.flows["drawn"] + loan.flows["interest"] - paid
    loan.missed = next_missed(loan.missed, paid, loan.due, loan.overdue)
    loan.overdue = max(0, loan.due - paid)
    loan.flows["paid"] = paid
    borrower.cash -= paid


def floating(loan: Loan, rate_move: f32) -> f32:
    """The contract's rate, moved with the policy rate as far as the product says; not below 0."""
    return max(f32(0), loan.rate + loan.product.rate_pass * rate_move)


def next_missed(missed: int, paid: int, due: int, overdue: int) -> int:
    """Unpaid due dates: none if all is paid; as before if late and this month's due is paid; else one more."""
    if paid >= due:
        return 0
    return missed if missed > 0 and paid >= due - overdue else missed + 1


def pay_instalment(borrower: Borrower, loan: Loan, model: Model) -> None:
    """The instalment; with a month's pay to spare perhaps the rest too; a finished loan may be granted anew."""
    paid = min(loan.payable, max(0, borrower.cash + reach(borrower, loan)))
    borrower.cash -= paid
    owed = loan.balance + loan.flows["interest"]
    able = borrower.cash >= borrower.pay and paid >= loan.due and loan.missed == 0
    loan.flows["paid"] = owed if able and loan.word >> 1 >= loan.product.prepay else paid
    loan.balance = owed - loan.flows["paid"]
    loan.missed = next_missed(loan.missed, paid, loan.due, loan.overdue)
    loan.overdue = max(0, loan.due - paid)
    loan.remaining = max(0, loan.remaining - 1) if loan.balance > 0 else 0
    finished = owed > 0 and loan.balance == 0
    supply_16 = int(granted(loan, model, f32(loan.conditions.supply_16)))
    if model.renewing and finished and not loan.barred and loan.word & 0xFFFF < supply_16:
        loan.flows["originated"] = loan.usual
    if loan.flows["originated"] > 0:
        loan.balance, loan.remaining = loan.usual, loan.tenor


def keep_buffer(borrower: Borrower, saving: f32) -> int:
    """A shortfall comes out of the buffer; a share of a surplus goes into it until the target is met."""
    if borrower.cash <= borrower.buffer:
        return max(0, borrower.cash)
    saved = borrower.buffer + int(f32(borrower.cash - borrower.buffer) * saving)
    return min(saved, max(borrower.buffer_target, borrower.buffer))


# Month end: arrears, plans, write-off, recoveries, new credit.


def end_month(borrower: Borrower, loan: Loan, word: int, model: Model) -> None:
    """Claims, arrears, plans, new credit after a write-off, offers, and the score for the next month."""
    recovered_now = recovered(loan, spread(word, loan.salt + CLAIM), model)
    loan.flows["recovered"] = recovered_now
    loan.claim -= recovered_now
    borrower.buffer = max(0, borrower.buffer - recovered_now)
    loan.claim_hazard = loan.claim_hazard * model.claim_fade
    if loan.missed > 0:
        if loan.plan and loan.plan.on_probation:
            plans.break_plan(loan, loan.plan)
        follow_up(borrower, loan, spread(word, BANKRUPT))
    else:
        plans.pay_by_plan(loan)
        if model.renewing:
            lend_again(borrower, loan, spread(word, loan.salt + RELET), spread(word, ENTER), model)
    if plans.is_open(loan):
        plans.offer_relief(loan, word, model.programmes)
    loan.next_score = monitoring.score(borrower, loan, model)


def recovered(loan: Loan, word: int, model: Model) -> int:
    """Recovered of a claim: with the hazard h all of it (a share of cases) or 3 m w^2 of it, m the mean, w uniform.

    The hazard fades with age, and is lower when arrears are high everywhere.
    """
    hazard = loan.claim_hazard * loan.conditions.recovery
    if loan.claim == 0 or unit(word) >= hazard:
        return 0
    v = unit(word) / hazard
    if v < model.full_recovery:
        return loan.claim
    w = (v - model.full_recovery) / (f32(1) - model.full_recovery)
    return min(loan.claim, int(f32(loan.claim) * (f32(3) * model.partial_recovery * w * w)))


def follow_up(borrower: Borrower, loan: Loan, word: int) -> None:
    """A loan in arrears: entry by cause, late charge, bankruptcy, default at three unpaid due dates, write-off."""
    if loan.missed_before == 0:
        loan.cause = cause_of(borrower, loan)
        monitoring.count_hit(loan)
    fee = late_charge(loan)
    loan.overdue += fee
    loan.balance += fee
    loan.flows["fees"] = fee
    bankrupt = loan.missed_before < 2 <= loan.missed and word >> 1 < loan.product.bankrupt
    if loan.missed_before < 3 and (loan.missed >= 3 or bankrupt):
        loan.flows["defaulted"] = loan.balance
    if loan.missed >= loan.product.write_off or bankrupt:
        write_off(loan, bankrupt)


def cause_of(borrower: Borrower, loan: Loan) -> str:
    """Why a loan that was current is not: one of `schema.CAUSES`."""
    if loan.word >> 1 < loan.conditions.forget:
        return "forgetting"
    if loan.word >> 1 < loan.conditions.forget + misreads(loan):
        return "misunderstanding"
    if loan.word >> 1 < careless(borrower, loan):
        return "strategic"
    if borrower.jobless_months > 0:
        return "job_loss"
    return "income_loss" if borrower.poor else "illiquidity"


def late_charge(loan: Loan) -> int:
    """A share of what is overdue; none if payments are deferred or a broken plan has made all due at once."""
    deferred = loan.conditions.defer > 0 and loan.missed == loan.missed_before
    return 0 if deferred or (loan.plan and loan.plan.broken) else money(f32(loan.overdue) * loan.product.late_rate)


def write_off(loan: Loan, bankrupt: bool) -> None:
    """The balance becomes a claim, on which a bankrupt pays nothing, and the loan is closed to new credit."""
    monitoring.remember(loan)
    loan.flows["written_off"] = loan.balance
    loan.claim += loan.balance
    loan.flows["discharged"] = loan.balance if bankrupt else 0
    loan.claim_hazard = f32(0) if bankrupt else loan.product.recovery_hazard
    loan.balance = loan.overdue = loan.missed = loan.remaining = 0
    loan.closed = True
    plans.back_to_contract(loan)


def lend_again(borrower: Borrower, loan: Loan, word: int, own_word: int, model: Model) -> None:
    """After a write-off a borrower with a job may get the loan again, as far as supply goes.

    A new borrower may take the place of one without any loan: usual pay, a full buffer and nothing remembered.
    """
    if not loan.closed or loan.held_back or borrower.jobless_months > 0:
        return
    chance = loan.product.relet * int(granted(loan, model, f32(loan.conditions.supply_16))) >> 16
    again = word >> 1 < chance
    enters = borrower.open_loans == 0 and own_word >> 1 < model.enter
    if enters:
        borrower.pay_level, borrower.buffer, loan.memory = f32(1), borrower.buffer_target, 0
    if again or enters:
        loan.closed = False
        if not loan.product.revolving:
            loan.flows["originated"] = loan.balance = loan.usual
            loan.remaining = loan.tenor
