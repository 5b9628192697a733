"""Jobs, pay, bills, drawings and payments of a month: each step one loop over the lanes of a block.

Every loop over all lanes is free of branches and follows one product's rules, so that it becomes vector code. The order
of the steps is in `loop.live_month`; arrears, plans and write-offs are in `arrears`, scores and sums in `monitoring`.

person, loan, scratch, sums : records of `state`
"""

from __future__ import annotations

import numpy as np
from numba import float32, int32, int64, njit, uint32

from stresslab.engine.kernel import behaviour as act
from stresslab.engine.kernel.random import philox4x32, spread
from stresslab.engine.kernel.state import BARRED, LANES, NO_NEW_CREDIT, PLANNED

ZERO, ONE = np.int32(0), np.int32(1)
# Salts of the uses of a month's word; own salts of loans are 1, 2, ... MOST_LOANS, and four programmes follow OFFER.
RELET_SALT, CLAIM_SALT, APPLY_SALT, OFFER_SALT, DEFER_SALT = 64, 128, 192, 256, 512
BANKRUPT_SALT, ENTER_SALT = 576, 577  # of the borrower, the same for all their loans
SHORT_PAY_MONTHS = 6


@njit(forceinline=True)
def add(high, low, amount):
    """Add an amount >= 0 to a sum in two halves of 16 bits: 32-bit sums over a block keep the vectors full."""
    return int32(high + (amount >> int32(16))), int32(low + (amount & int32(0xFFFF)))


@njit(forceinline=True)
def total(high, low):
    """The sum whose halves `add` kept."""
    return (int64(high) << 16) + int64(low)


@njit(forceinline=True)
def draw_words(person, scratch, draw):
    """Four uniform words for each borrower-month."""
    for k in range(LANES):
        words = philox4x32(person.id[k], draw.month, draw.path, person.id_high[k], draw.key.low, draw.key.high)
        scratch.job_word[k] = words[0]
        scratch.shock_word[k] = words[1]
        scratch.level_word[k] = words[2]
        scratch.loan_word[k] = words[3]


@njit(forceinline=True)
def rank_for_short_pay(person, scratch, draw, furlough):
    """Uniform 16 bits of each borrower for half a year: those on short pay are the same from month to month."""
    if furlough > ZERO:
        for k in range(LANES):
            word = spread(person.id[k] ^ uint32(draw.key.low), person.id_high[k])
            word = spread(spread(word, draw.path), draw.month // SHORT_PAY_MONTHS)
            scratch.short_16[k] = int32(word >> uint32(16))


@njit(forceinline=True)
def receive_transfer(person, month):
    """A one-off payment to everybody goes into the buffer."""
    if month.transfer > float32(0.0):
        for k in range(LANES):
            usual = person.income[k] * month.wage
            person.buffer[k] = int32(person.buffer[k] + act.money(month.transfer * usual))


@njit(forceinline=True)
def spend_excess(person, share):
    """A share of what the buffer has above its target is spent; `share` is 0 where no buffer can have any."""
    if share > float32(0.0):
        for k in range(LANES):
            excess = act.above_target(person.buffer[k], person.buffer_target[k], share)
            person.spent[k] = int32(person.spent[k] + excess)
            person.cash[k] = int32(person.cash[k] - excess)


@njit(forceinline=True)
def work_and_pay(person, scratch, draw, month, model):
    """Job, pay, necessities and expenses; leaves the month's cash and returns the number of jobless."""
    receive_transfer(person, month)
    rank_for_short_pay(person, scratch, draw, month.furlough_16)
    separation, find_early, find_late = month.separation, month.find_early, month.find_late
    wage, keep, furlough = month.wage, month.keep, month.furlough_16
    persistence, width, fall_keep, fall_from = model.persistence, model.width, model.fall_keep, model.fall_from_16
    scale, centre, frugal, low_pay = model.passing_scale, model.passing_centre, model.frugal_cost, model.low_pay
    mean, price = model.expense_mean, month.price
    early, benefit_months = model.early_months, model.benefit_months
    jobless_now = ZERO
    for k in range(LANES):
        hazard = separation * person.job_loss_risk[k]
        jobless = act.job(scratch.job_word[k], person.jobless_months[k], hazard, find_early, find_late, early)
        level_word = scratch.level_word[k]
        level = act.lasting_level(level_word, person.pay_level[k], persistence, width, fall_from, fall_keep)
        usual = person.income[k] * wage
        own = usual * level * act.passing_shock(scratch.shock_word[k], scale, centre)
        short = scratch.short_16[k] < furlough
        support, insurance = person.household_support[k], person.insurance[k]
        received = act.pay_received(own, jobless, short, keep, support, insurance, benefit_months)
        chance, inverse = person.expense_16[k], person.expense_inverse[k]
        expense = act.rare_expense(spread(scratch.loan_word[k], 0), chance, inverse, mean * person.income[k])
        poor = received < low_pay * usual
        needs = float32(person.necessities[k]) * price * (frugal if poor else float32(1.0))
        pay = act.money(received)
        spent = int32(act.money(needs) + act.money(expense))
        person.jobless_months[k] = jobless
        person.pay_level[k] = level
        person.pay[k] = pay
        person.poorly_paid[k] = ONE if poor else ZERO
        person.spent[k] = spent
        person.cash[k] = int32(person.buffer[k] + pay - spent)
        person.needed[k] = ZERO
        person.applications[k] = ZERO
        person.loans_held[k] = ZERO
        jobless_now = int32(jobless_now + (ONE if jobless > ZERO else ZERO))
    spend_excess(person, model.spend_excess)
    return jobless_now


@njit(forceinline=True)
def no_drawing(loan, k):
    """Not 0 if a line cannot be drawn on: in arrears, closed or barred."""
    return loan.missed[k] | loan.closed[k] | (loan.marks[k] & int32(BARRED))


@njit(forceinline=True)
def no_new_loan(loan, k):
    """Not 0 if no new loan is granted in the place of this one: closed by write-off, barred or in a plan."""
    return loan.closed[k] | (loan.marks[k] & int32(NO_NEW_CREDIT))


@njit(forceinline=True)
def first_due_date(loan, k, remaining):
    """Whether the month's due date is the first of a new loan, with `remaining` to come when the month began."""
    return ((remaining ^ loan.tenor[k]) | (loan.marks[k] & int32(PLANNED))) == ZERO


@njit(forceinline=True)
def may_apply(loan, k):
    """Whether no instalment loan is owed here and one may be granted."""
    return ((loan.balance[k] | no_new_loan(loan, k)) == ZERO) & (loan.usual[k] > ZERO)


@njit(forceinline=True)
def count_open(loan):
    """Borrowers without an instalment loan here who may be granted one, now or when a mark that bars them is lifted."""
    count = ZERO
    for k in range(LANES):
        empty = ((loan.balance[k] | loan.closed[k]) == ZERO) & (loan.usual[k] > ZERO)
        count = int32(count + (ONE if empty else ZERO))
    return count


@njit(forceinline=True)
def look_at_supply(loan, scratch, lender, model):
    """What a tightening leaves each borrower of a line or of new credit."""
    if lender.tightening > float32(0.0):
        for k in range(LANES):
            cut = act.withdrawn(loan.score[k], lender.tightening, model.tighten_middle, model.tighten_slope)
            scratch.left[k] = float32(1.0) - cut
    else:
        for k in range(LANES):
            scratch.left[k] = float32(1.0)


@njit(forceinline=True)
def look_at_stakes(person, scratch, effort):
    """Necessities that each borrower goes without rather than miss a payment."""
    if effort > float32(0.0):
        for k in range(LANES):
            scratch.reach[k] = act.reach(person.necessities[k], effort)
    else:
        for k in range(LANES):
            scratch.reach[k] = ZERO


@njit(forceinline=True)
def bill_revolving(person, loan, scratch, lender, product, model):
    """Bill, minimum or agreed payment and ordinary spending on an open line; adds to what is needed and to cash.

    Spending that a lender does not grant does not take place: it is not owed in cash.
    """
    share, floor = product.minimum_share, product.minimum_payment
    forget, hazard = lender.forget, lender.strategy
    supply = lender.supply if model.renewing > ZERO else float32(0.0)
    stops = model.forgone
    look_at_supply(loan, scratch, lender, model)
    for k in range(LANES):
        balance, overdue = loan.balance[k], loan.overdue[k]
        due = int32(overdue + act.revolving_due(int32(balance - overdue), share, floor, loan.instalment[k]))
        threshold = act.payment_threshold(loan.threshold[k], forget, person.strategic[k], hazard)
        payable = due if act.pays(spread(scratch.loan_word[k], loan.salt[k]), threshold) else ZERO
        settled = balance if loan.transactor[k] > ZERO else due
        wanted = int32(loan.usual[k] - int32(balance - settled))
        repaid = balance if (loan.transactor[k] > ZERO) & (person.cash[k] >= balance) else ZERO
        line = int32(loan.limit[k] - int32(balance - repaid))
        room = int32(float32(line) * (supply * scratch.left[k]))
        room = room if (room > ZERO) & ((loan.marks[k] & int32(BARRED)) == ZERO) else ZERO
        most = wanted if wanted < line else line
        usual = most if (most > ZERO) & ((loan.missed[k] | loan.closed[k]) == ZERO) else ZERO
        drawn = usual if usual < room else room
        most = settled if payable > ZERO else ZERO
        cut = int32(usual - drawn)
        stopped = int32(float32(cut if cut < most else most) * stops)
        forgone = stopped if stopped < person.spent[k] else person.spent[k]
        loan.due[k] = due
        loan.payable[k] = payable
        loan.drawn[k] = drawn
        person.needed[k] = int32(person.needed[k] + payable)
        person.spent[k] = int32(person.spent[k] - forgone)
        person.cash[k] = int32(person.cash[k] + drawn + stopped)


@njit(forceinline=True)
def bill_instalment(person, loan, scratch, lender):
    """Interest and the instalment due, the whole balance at maturity; adds to what is needed.

    At the first due date some misread the terms.
    """
    forget, hazard = lender.forget, lender.strategy
    misread = int32(forget + lender.misread)
    for k in range(LANES):
        balance, overdue = loan.balance[k], loan.overdue[k]
        interest = act.money(float32(balance) * loan.rate[k])
        owed = int32(balance + interest)
        billed = int32(overdue + loan.instalment[k])
        due = owed if (loan.remaining[k] <= ONE) | (billed > owed) else billed
        careless = misread if first_due_date(loan, k, loan.remaining[k]) else forget
        threshold = act.payment_threshold(loan.threshold[k], careless, person.strategic[k], hazard)
        word = spread(scratch.loan_word[k], loan.salt[k])
        payable = due if act.pays(word, threshold) else ZERO
        loan.word[k] = int32(word)
        loan.drawn[k] = ZERO
        loan.interest[k] = interest
        loan.due[k] = due
        loan.payable[k] = payable
        person.needed[k] = int32(person.needed[k] + payable)


@njit(forceinline=True)
def draw_on_line(person, loan, scratch, lender, model):
    """A borrower short of cash for what they mean to pay draws on a line that is open and not in arrears."""
    supply = lender.supply
    look_at_supply(loan, scratch, lender, model)
    for k in range(LANES):
        short = int32(person.needed[k] - person.cash[k])
        line = int32(loan.limit[k] - loan.balance[k] - loan.drawn[k])
        room = int32(float32(line) * (supply * scratch.left[k]))
        usable = (short > ZERO) & (room > ZERO) & (no_drawing(loan, k) == ZERO)
        extra = (short if short < room else room) if usable else ZERO
        loan.drawn[k] = int32(loan.drawn[k] + extra)
        person.cash[k] = int32(person.cash[k] + extra)


@njit(forceinline=True)
def apply_for_credit(person, loan, scratch, lender, model):
    """Where an instalment loan has been repaid, or never granted, borrowers apply: often when short of cash.

    The lender sees the score, not the job. Money granted to borrowers who are short helps to pay this month's bills.
    """
    apply, apply_short, supply = model.apply, model.apply_short, lender.supply
    look_at_supply(loan, scratch, lender, model)
    approve_from, slope = model.approve_from, model.approve_slope
    for k in range(LANES):
        free, usual = may_apply(loan, k), loan.usual[k]
        short = person.needed[k] > person.cash[k]
        calm = apply if person.jobless_months[k] == ZERO else float32(0.0)
        wish = apply_short if short else calm
        u = act.chance(spread(scratch.loan_word[k], loan.salt[k] + APPLY_SALT))
        applied = free & (u < wish)
        share = supply * scratch.left[k]
        granted = applied & (u < wish * act.approval(loan.score[k], approve_from, slope, share))
        person.applications[k] = int32(person.applications[k] + (ONE if applied else ZERO))
        person.cash[k] = int32(person.cash[k] + (usual if granted & short else ZERO))
        loan.drawn[k] = usual if granted else ZERO


@njit(forceinline=True)
def defer_payments(person, loan, scratch, lender, sums):
    """Forbearance by decree: payments of borrowers in need fall due later, and days past due stand still.

    In need are those who are short of cash for what they mean to pay, and those who do not mean to pay.
    """
    deferred = int64(0)
    for k in range(LANES):
        due, payable = loan.due[k], loan.payable[k]
        in_need = (person.needed[k] > person.cash[k]) | (payable < due)
        word = spread(scratch.loan_word[k], loan.salt[k] + DEFER_SALT)
        if in_need and due > loan.overdue[k] and int32(word >> uint32(1)) < lender.defer:
            deferred += int64(due - loan.overdue[k])
            person.needed[k] = int32(person.needed[k] - payable)
            loan.due[k] = loan.overdue[k]
            loan.payable[k] = ZERO
            loan.remaining[k] = int32(loan.remaining[k] + ONE) if loan.remaining[k] > ZERO else ZERO
    sums.deferred += deferred


@njit(forceinline=True)
def pay_revolving(person, loan, scratch, move, effort, sums):
    """Pay the bill in the order of priority; interest runs on what is left, at the contract's rate plus `move`."""
    look_at_stakes(person, scratch, effort)
    drawn_high, drawn_low, paid_high, paid_low, interest_high, interest_low = ZERO, ZERO, ZERO, ZERO, ZERO, ZERO
    for k in range(LANES):
        balance, overdue, due, payable = loan.balance[k], loan.overdue[k], loan.due[k], loan.payable[k]
        later = int32(person.needed[k] - payable)
        first = act.payment(payable, int32(person.cash[k] + scratch.reach[k]))
        free = int32(person.cash[k] - first - later)
        rest = int32(balance - first) if (loan.transactor[k] > ZERO) & (payable > ZERO) else ZERO
        more = rest if rest < free else free
        paid = int32(first + more) if more > ZERO else first
        rate = loan.rate[k] + move
        interest = act.money(float32(int32(balance - paid)) * (rate if rate > float32(0.0) else float32(0.0)))
        missed = loan.missed[k]
        loan.balance[k] = int32(balance + loan.drawn[k] + interest - paid)
        loan.overdue[k] = int32(due - paid) if paid < due else ZERO
        loan.missed_before[k] = missed
        loan.missed[k] = act.next_missed(missed, paid, due, overdue)
        person.needed[k] = later
        person.cash[k] = int32(person.cash[k] - paid)
        drawn_high, drawn_low = add(drawn_high, drawn_low, loan.drawn[k])
        paid_high, paid_low = add(paid_high, paid_low, paid)
        interest_high, interest_low = add(interest_high, interest_low, interest)
    sums.drawn += total(drawn_high, drawn_low)
    sums.paid += total(paid_high, paid_low)
    sums.interest += total(interest_high, interest_low)


@njit(forceinline=True)
def pay_instalment(person, loan, scratch, lender, product, model, sums):
    """Pay the instalment in the order of priority; some prepay in full; a finished loan is granted anew."""
    prepay, renewing = product.prepay, model.renewing > ZERO
    supply = float32(lender.supply_16 if renewing else ZERO)
    look_at_supply(loan, scratch, lender, model)
    look_at_stakes(person, scratch, product.effort)
    granted_high, granted_low, paid_high, paid_low, interest_high, interest_low = ZERO, ZERO, ZERO, ZERO, ZERO, ZERO
    for k in range(LANES):
        interest, overdue, due, payable = loan.interest[k], loan.overdue[k], loan.due[k], loan.payable[k]
        usual, applied, tenor, remaining = loan.usual[k], loan.drawn[k], loan.tenor[k], loan.remaining[k]
        owed = int32(loan.balance[k] + interest)
        paid = act.payment(payable, int32(person.cash[k] + scratch.reach[k]))
        left = int32(person.cash[k] - paid)
        word = uint32(loan.word[k])
        missed = loan.missed[k]
        # A borrower with a month's pay to spare may settle the loan from outside the liquid buffer.
        able = (left >= person.pay[k]) & (paid >= due) & (missed == ZERO)
        settles = (int32(word >> uint32(1)) >= prepay) & able
        paid_all = owed if settles else paid
        after = int32(owed - paid_all)
        ended = (owed > ZERO) & ((after | no_new_loan(loan, k)) == ZERO)
        again = ended & (int32(word & uint32(0xFFFF)) < int32(supply * scratch.left[k]))
        granted = usual if again else applied
        fewer = int32(remaining - ONE) if remaining > ZERO else ZERO
        running = fewer if after > ZERO else ZERO
        loan.balance[k] = int32(after + granted)
        loan.remaining[k] = tenor if granted > ZERO else running
        loan.overdue[k] = int32(due - paid) if paid < due else ZERO
        loan.missed_before[k] = missed
        loan.missed[k] = act.next_missed(missed, paid, due, overdue)
        person.needed[k] = int32(person.needed[k] - payable)
        person.cash[k] = left
        granted_high, granted_low = add(granted_high, granted_low, granted)
        paid_high, paid_low = add(paid_high, paid_low, paid_all)
        interest_high, interest_low = add(interest_high, interest_low, interest)
    sums.originated += total(granted_high, granted_low)
    sums.paid += total(paid_high, paid_low)
    sums.interest += total(interest_high, interest_low)


@njit(forceinline=True)
def save(person, saving):
    """What is left becomes the buffer, up to its target."""
    for k in range(LANES):
        person.buffer[k] = act.keep_buffer(person.buffer[k], person.cash[k], person.buffer_target[k], saving)
