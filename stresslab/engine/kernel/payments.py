"""The steps of a month up to the last payment: each one loop over the lanes of a block.

Arrays and scalars only. Every loop over all lanes is free of branches and follows one product's rules, so that it
becomes vector code; what is rare is done lane by lane. The order of the steps is in `kernel.live_month`; what becomes
of arrears is in `arrears`, what lenders see in `sight`.
"""

from __future__ import annotations

import numpy as np
from numba import float32, int32, int64, njit, uint32

from stresslab.engine.kernel import behaviour as act
from stresslab.engine.kernel import state as at
from stresslab.engine.kernel.random import philox4x32, spread
from stresslab.engine.kernel.state import LANES

ZERO, ONE = np.int32(0), np.int32(1)
RELET_SALT, CLAIM_SALT, APPLY_SALT, OFFER_SALT = 64, 128, 192, 256  # own salts of loans are 1, 2, ... MOST_LOANS


@njit(forceinline=True)
def add(high, low, amount):
    """Add an amount >= 0 to a sum in two halves of 16 bits: 32-bit sums over a block keep the vectors full."""
    return int32(high + (amount >> int32(16))), int32(low + (amount & int32(0xFFFF)))


@njit(forceinline=True)
def total(high, low):
    """The sum whose halves `add` kept."""
    return (int64(high) << 16) + int64(low)


@njit(forceinline=True)
def draw_words(person, words, month, path, key0, key1):
    """Four uniform words for each borrower-month."""
    for k in range(LANES):
        a, b, c, d = philox4x32(uint32(person[at.ID + k]), month, path, 0, key0, key1)
        words[k] = a
        words[LANES + k] = b
        words[2 * LANES + k] = c
        words[3 * LANES + k] = d


@njit(forceinline=True)
def work_and_pay(person, real, words, month_real, month_whole, model_real, model_whole):
    """Job, pay, necessities and expenses; leaves the month's cash in CASH and the number of jobless."""
    separation, find_early, find_late = month_real[at.SEPARATION], month_real[at.FIND_EARLY], month_real[at.FIND_LATE]
    wage, keep, furlough = month_real[at.WAGE], month_real[at.KEEP], month_whole[at.FURLOUGH_16]
    persistence, width, fall_keep = model_real[at.PERSISTENCE], model_real[at.WIDTH], model_real[at.FALL_KEEP]
    scale, centre, frugal = model_real[at.PASSING_SCALE], model_real[at.PASSING_CENTRE], model_real[at.FRUGAL_COST]
    inverse, mean, low_pay = model_real[at.EXPENSE_INVERSE], model_real[at.EXPENSE_MEAN], model_real[at.LOW_PAY]
    early, benefit_months = model_whole[at.EARLY_MONTHS], model_whole[at.BENEFIT_MONTHS]
    fall_from, expense_16 = model_whole[at.FALL_FROM_16], model_whole[at.EXPENSE_16]
    jobless_now = ZERO
    for k in range(LANES):
        jobless = act.job(
            words[k], person[at.JOBLESS + k], separation * real[at.RISK + k], find_early, find_late, early
        )
        level = act.lasting_level(words[2 * LANES + k], real[at.LEVEL + k], persistence, width, fall_from, fall_keep)
        usual = real[at.INCOME + k] * wage
        own = usual * level * act.passing_shock(words[LANES + k], scale, centre)
        short = act.furloughed(words[2 * LANES + k], furlough)
        received = act.pay_received(
            own, jobless, short, keep, real[at.SUPPORT + k], real[at.BENEFIT + k], benefit_months
        )
        expense = act.rare_expense(spread(words[3 * LANES + k], 0), expense_16, inverse, mean * real[at.INCOME + k])
        poor = received < low_pay * usual
        needs = float32(person[at.NECESSITIES + k]) * (frugal if poor else float32(1.0))
        pay = act.money(received)
        person[at.JOBLESS + k] = jobless
        real[at.LEVEL + k] = level
        person[at.PAY + k] = pay
        person[at.SHORT_PAID + k] = ONE if poor else ZERO
        spent = int32(act.money(needs) + act.money(expense))
        person[at.NEEDS + k] = spent
        person[at.CASH + k] = int32(person[at.BUFFER + k] + pay - spent)
        person[at.NEED + k] = ZERO
        person[at.ASKED + k] = ZERO
        person[at.HELD + k] = ZERO
        jobless_now = int32(jobless_now + (ONE if jobless > ZERO else ZERO))
    return jobless_now


@njit(forceinline=True)
def shut(loan, k):
    """Not 0 if a line cannot be drawn on: in arrears, closed or barred."""
    return loan[at.MISSED + k] | loan[at.CLOSED + k] | (loan[at.MARKS + k] & int32(at.BARRED))


@njit(forceinline=True)
def refused(loan, k):
    """Not 0 if no new loan is granted here: closed by write-off, barred or in a plan."""
    return loan[at.CLOSED + k] | (loan[at.MARKS + k] & int32(at.NO_NEW_CREDIT))


@njit(forceinline=True)
def first_due_date(loan, k, remaining):
    """Is it the first of a new loan, with so many due dates to come at the beginning of the month?"""
    return ((remaining ^ loan[at.TENOR + k]) | (loan[at.MARKS + k] & int32(at.PLANNED))) == ZERO


@njit(forceinline=True)
def vacant(loan, k):
    """No instalment loan is owed here, and one may be granted."""
    return ((loan[at.BALANCE + k] | refused(loan, k)) == ZERO) & (loan[at.USUAL + k] > ZERO)


@njit(forceinline=True)
def vacancies(loan):
    """How many have no instalment loan here and may be granted one, now or when a mark that bars them is lifted."""
    count = ZERO
    for k in range(LANES):
        empty = ((loan[at.BALANCE + k] | loan[at.CLOSED + k]) == ZERO) & (loan[at.USUAL + k] > ZERO)
        count = int32(count + (ONE if empty else ZERO))
    return count


@njit(forceinline=True)
def bill_revolving(person, loan, words, lender_real, lender_whole, product_real, product_whole, spending):
    """Bill, minimum or agreed payment and ordinary spending on an open line; adds to NEED and CASH."""
    share, floor = product_real[at.MINIMUM_SHARE], product_whole[at.MINIMUM_PAYMENT]
    forget, hazard = lender_whole[at.FORGET], lender_whole[at.STRATEGY]
    supply = lender_real[at.SUPPLY] if spending else float32(0.0)
    for k in range(LANES):
        balance, arrears = loan[at.BALANCE + k], loan[at.ARREARS + k]
        due = int32(arrears + act.revolving_due(int32(balance - arrears), share, floor, loan[at.INSTALMENT + k]))
        hurdle = act.hurdle_of(loan[at.HURDLE + k], forget, person[at.STRATEGIC + k], hazard)
        payable = due if act.pays(spread(words[3 * LANES + k], loan[at.SALT + k]), hurdle) else ZERO
        settled = balance if loan[at.TRANSACTOR + k] > ZERO else due
        wanted = int32(loan[at.USUAL + k] - int32(balance - settled))
        room = int32(float32(int32(loan[at.LIMIT + k] - balance)) * supply)
        spent = wanted if wanted < room else room
        usable = (spent > ZERO) & (shut(loan, k) == ZERO)
        drawn = spent if usable else ZERO
        loan[at.DUE + k] = due
        loan[at.PAYABLE + k] = payable
        loan[at.DRAWN + k] = drawn
        person[at.NEED + k] = int32(person[at.NEED + k] + payable)
        person[at.CASH + k] = int32(person[at.CASH + k] + drawn)


@njit(forceinline=True)
def bill_instalment(person, loan, real, words, lender_whole):
    """Interest and the instalment due, the whole balance at maturity; adds to NEED.

    At the first due date some misread the terms.
    """
    forget, hazard = lender_whole[at.FORGET], lender_whole[at.STRATEGY]
    misread = int32(forget + lender_whole[at.MISREAD])
    for k in range(LANES):
        balance, arrears = loan[at.BALANCE + k], loan[at.ARREARS + k]
        interest = act.money(float32(balance) * real[at.RATE + k])
        owed = int32(balance + interest)
        asked = int32(arrears + loan[at.INSTALMENT + k])
        due = owed if (loan[at.REMAINING + k] <= ONE) | (asked > owed) else asked
        careless = misread if first_due_date(loan, k, loan[at.REMAINING + k]) else forget
        hurdle = act.hurdle_of(loan[at.HURDLE + k], careless, person[at.STRATEGIC + k], hazard)
        word = spread(words[3 * LANES + k], loan[at.SALT + k])
        payable = due if act.pays(word, hurdle) else ZERO
        loan[at.WORD + k] = int32(word)
        loan[at.DRAWN + k] = ZERO
        loan[at.INTEREST + k] = interest
        loan[at.DUE + k] = due
        loan[at.PAYABLE + k] = payable
        person[at.NEED + k] = int32(person[at.NEED + k] + payable)


@njit(forceinline=True)
def draw_on_line(person, loan, lender_real):
    """A borrower short of cash for what he means to pay draws on a line that is open and not in arrears."""
    supply = lender_real[at.SUPPLY]
    for k in range(LANES):
        short = int32(person[at.NEED + k] - person[at.CASH + k])
        room = int32(float32(int32(loan[at.LIMIT + k] - loan[at.BALANCE + k] - loan[at.DRAWN + k])) * supply)
        usable = (short > ZERO) & (room > ZERO) & (shut(loan, k) == ZERO)
        extra = (short if short < room else room) if usable else ZERO
        loan[at.DRAWN + k] = int32(loan[at.DRAWN + k] + extra)
        person[at.CASH + k] = int32(person[at.CASH + k] + extra)


@njit(forceinline=True)
def apply_for_credit(person, loan, words, lender_real, model_real):
    """Where an instalment loan has been repaid, or never granted, borrowers apply: often when short of cash.

    The lender sees the score, not the job. Money granted to who is short helps to pay this month's bills.
    """
    apply, apply_short, supply = model_real[at.APPLY], model_real[at.APPLY_SHORT], lender_real[at.SUPPLY]
    approve_from, slope = model_real[at.APPROVE_FROM], model_real[at.APPROVE_SLOPE]
    for k in range(LANES):
        free, usual = vacant(loan, k), loan[at.USUAL + k]
        short = person[at.NEED + k] > person[at.CASH + k]
        calm = apply if person[at.JOBLESS + k] == ZERO else float32(0.0)
        wish = apply_short if short else calm
        u = act.chance(spread(words[3 * LANES + k], loan[at.SALT + k] + APPLY_SALT))
        asked = free & (u < wish)
        granted = asked & (u < wish * act.approval(loan[at.SCORE + k], approve_from, slope, supply))
        person[at.ASKED + k] = int32(person[at.ASKED + k] + (ONE if asked else ZERO))
        person[at.CASH + k] = int32(person[at.CASH + k] + (usual if granted & short else ZERO))
        loan[at.DRAWN + k] = usual if granted else ZERO


@njit(forceinline=True)
def pay_revolving(person, loan, real, move, sums):
    """Pay the bill in the order of priority; interest runs on what is left of it, at a rate that has moved so far."""
    drawn_high, drawn_low, paid_high, paid_low, interest_high, interest_low = ZERO, ZERO, ZERO, ZERO, ZERO, ZERO
    for k in range(LANES):
        balance, arrears, due, payable = (
            loan[at.BALANCE + k],
            loan[at.ARREARS + k],
            loan[at.DUE + k],
            loan[at.PAYABLE + k],
        )
        later = int32(person[at.NEED + k] - payable)
        first = act.payment(payable, person[at.CASH + k])
        free = int32(person[at.CASH + k] - first - later)
        rest = int32(balance - first) if (loan[at.TRANSACTOR + k] > ZERO) & (payable > ZERO) else ZERO
        more = rest if rest < free else free
        paid = int32(first + more) if more > ZERO else first
        rate = real[at.RATE + k] + move
        interest = act.money(float32(int32(balance - paid)) * (rate if rate > float32(0.0) else float32(0.0)))
        missed = loan[at.MISSED + k]
        loan[at.BALANCE + k] = int32(balance + loan[at.DRAWN + k] + interest - paid)
        loan[at.ARREARS + k] = int32(due - paid) if paid < due else ZERO
        loan[at.BEFORE + k] = missed
        loan[at.MISSED + k] = act.next_missed(missed, paid, due, arrears)
        person[at.NEED + k] = later
        person[at.CASH + k] = int32(person[at.CASH + k] - paid)
        drawn_high, drawn_low = add(drawn_high, drawn_low, loan[at.DRAWN + k])
        paid_high, paid_low = add(paid_high, paid_low, paid)
        interest_high, interest_low = add(interest_high, interest_low, interest)
    sums[at.C_DRAWN] += total(drawn_high, drawn_low)
    sums[at.C_PAID] += total(paid_high, paid_low)
    sums[at.C_INTEREST] += total(interest_high, interest_low)


@njit(forceinline=True)
def pay_instalment(person, loan, lender_whole, product_whole, renewing, sums):
    """Pay the instalment in the order of priority; some prepay in full; a finished loan is granted anew."""
    prepay, supply = product_whole[at.PREPAY], lender_whole[at.SUPPLY_16] if renewing else ZERO
    granted_high, granted_low, paid_high, paid_low, interest_high, interest_low = ZERO, ZERO, ZERO, ZERO, ZERO, ZERO
    for k in range(LANES):
        interest, arrears, due, payable = (
            loan[at.INTEREST + k],
            loan[at.ARREARS + k],
            loan[at.DUE + k],
            loan[at.PAYABLE + k],
        )
        usual, applied, tenor, remaining = (
            loan[at.USUAL + k],
            loan[at.DRAWN + k],
            loan[at.TENOR + k],
            loan[at.REMAINING + k],
        )
        owed = int32(loan[at.BALANCE + k] + interest)
        paid = act.payment(payable, person[at.CASH + k])
        left = int32(person[at.CASH + k] - paid)
        word = uint32(loan[at.WORD + k])
        missed = loan[at.MISSED + k]
        # A borrower with a month's pay to spare may settle the loan from outside his liquid buffer.
        able = (left >= person[at.PAY + k]) & (paid >= due) & (missed == ZERO)
        settles = (int32(word >> uint32(1)) >= prepay) & able
        paid_all = owed if settles else paid
        after = int32(owed - paid_all)
        ended = (owed > ZERO) & ((after | refused(loan, k)) == ZERO)
        again = ended & (int32(word & uint32(0xFFFF)) < supply)
        granted = usual if again else applied
        fewer = int32(remaining - ONE) if remaining > ZERO else ZERO
        running = fewer if after > ZERO else ZERO
        loan[at.BALANCE + k] = int32(after + granted)
        loan[at.REMAINING + k] = tenor if granted > ZERO else running
        loan[at.ARREARS + k] = int32(due - paid) if paid < due else ZERO
        loan[at.BEFORE + k] = missed
        loan[at.MISSED + k] = act.next_missed(missed, paid, due, arrears)
        person[at.NEED + k] = int32(person[at.NEED + k] - payable)
        person[at.CASH + k] = left
        granted_high, granted_low = add(granted_high, granted_low, granted)
        paid_high, paid_low = add(paid_high, paid_low, paid_all)
        interest_high, interest_low = add(interest_high, interest_low, interest)
    sums[at.C_ORIGINATED] += total(granted_high, granted_low)
    sums[at.C_PAID] += total(paid_high, paid_low)
    sums[at.C_INTEREST] += total(interest_high, interest_low)


@njit(forceinline=True)
def end_of_month(person, saving):
    """What is left becomes the buffer, up to its target."""
    for k in range(LANES):
        person[at.BUFFER + k] = act.keep_buffer(
            person[at.BUFFER + k], person[at.CASH + k], person[at.TARGET + k], saving
        )
