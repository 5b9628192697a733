"""The steps of a month: each one loop over the lanes of a block, or over the few lanes it concerns.

Arrays and scalars only. Every loop over all lanes is free of branches and follows one product's rules, so that it
becomes vector code; what is rare (arrears, write-off, closed loans) is done lane by lane. The order of the steps is in
`kernel.live_month`.
"""

from __future__ import annotations

import numpy as np
from numba import float32, int32, int64, njit, uint32

from stresslab.schema import BUCKET_FLOOR

from . import behaviour as act
from . import layout as at
from .layout import LANES
from .random import philox4x32, spread

ZERO, ONE = np.int32(0), np.int32(1)
RELET_SALT, CLAIM_SALT = 64, 128  # a borrower has at most MOST_LOANS loans, whose own salts are 1, 2, ...


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
        person[at.CASH + k] = int32(person[at.BUFFER + k] + pay - act.money(needs) - act.money(expense))
        person[at.NEED + k] = ZERO
        jobless_now = int32(jobless_now + (ONE if jobless > ZERO else ZERO))
    return jobless_now


@njit(forceinline=True)
def bill_revolving(person, loan, words, month_real, month_whole, product_real, product_whole, spending):
    """Bill, minimum payment and ordinary spending on an open line; adds to NEED and CASH."""
    share, floor = product_real[at.MINIMUM_SHARE], product_whole[at.MINIMUM_PAYMENT]
    forget, hazard = month_whole[at.FORGET], month_whole[at.STRATEGY]
    supply = month_real[at.SUPPLY] if spending else float32(0.0)
    for k in range(LANES):
        balance, arrears = loan[at.BALANCE + k], loan[at.ARREARS + k]
        due = int32(arrears + act.minimum_payment(int32(balance - arrears), share, floor))
        hurdle = act.hurdle_of(loan[at.HURDLE + k], forget, person[at.STRATEGIC + k], hazard)
        payable = due if act.pays(spread(words[3 * LANES + k], loan[at.SALT + k]), hurdle) else ZERO
        settled = balance if loan[at.TRANSACTOR + k] > ZERO else due
        wanted = int32(loan[at.USUAL + k] - int32(balance - settled))
        room = int32(loan[at.LIMIT + k] - balance)
        spent = wanted if wanted < room else room
        usable = (spent > ZERO) & ((loan[at.MISSED + k] | loan[at.CLOSED + k]) == ZERO)
        drawn = int32(float32(spent) * supply) if usable else ZERO
        loan[at.DUE + k] = due
        loan[at.PAYABLE + k] = payable
        loan[at.DRAWN + k] = drawn
        person[at.NEED + k] = int32(person[at.NEED + k] + payable)
        person[at.CASH + k] = int32(person[at.CASH + k] + drawn)


@njit(forceinline=True)
def bill_instalment(person, loan, real, words, month_whole):
    """Interest and the instalment due, the whole balance at maturity; adds to NEED."""
    forget, hazard = month_whole[at.FORGET], month_whole[at.STRATEGY]
    for k in range(LANES):
        balance, arrears = loan[at.BALANCE + k], loan[at.ARREARS + k]
        interest = act.money(float32(balance) * real[at.RATE + k])
        owed = int32(balance + interest)
        asked = int32(arrears + loan[at.INSTALMENT + k])
        due = owed if (loan[at.REMAINING + k] <= ONE) | (asked > owed) else asked
        hurdle = act.hurdle_of(loan[at.HURDLE + k], forget, person[at.STRATEGIC + k], hazard)
        word = spread(words[3 * LANES + k], loan[at.SALT + k])
        payable = due if act.pays(word, hurdle) else ZERO
        loan[at.WORD + k] = int32(word)
        loan[at.INTEREST + k] = interest
        loan[at.DUE + k] = due
        loan[at.PAYABLE + k] = payable
        person[at.NEED + k] = int32(person[at.NEED + k] + payable)


@njit(forceinline=True)
def draw_on_line(person, loan, month_real):
    """A borrower short of cash for what he means to pay draws on a line that is open and not in arrears."""
    supply = month_real[at.SUPPLY]
    for k in range(LANES):
        short = int32(person[at.NEED + k] - person[at.CASH + k])
        room = int32(float32(int32(loan[at.LIMIT + k] - loan[at.BALANCE + k] - loan[at.DRAWN + k])) * supply)
        usable = (short > ZERO) & (room > ZERO) & ((loan[at.MISSED + k] | loan[at.CLOSED + k]) == ZERO)
        extra = (short if short < room else room) if usable else ZERO
        loan[at.DRAWN + k] = int32(loan[at.DRAWN + k] + extra)
        person[at.CASH + k] = int32(person[at.CASH + k] + extra)


@njit(forceinline=True)
def pay_revolving(person, loan, real, sums):
    """Pay the bill in the order of priority; interest runs on what is left of it."""
    drawn_high, drawn_low, paid_high, paid_low, interest_high, interest_low = ZERO, ZERO, ZERO, ZERO, ZERO, ZERO
    for k in range(LANES):
        balance, arrears, due, payable = (
            loan[at.BALANCE + k],
            loan[at.ARREARS + k],
            loan[at.DUE + k],
            loan[at.PAYABLE + k],
        )
        cash = person[at.CASH + k] if person[at.CASH + k] > ZERO else ZERO
        later = int32(person[at.NEED + k] - payable)
        first = payable if payable < cash else cash
        free = int32(person[at.CASH + k] - first - later)
        rest = int32(balance - first) if (loan[at.TRANSACTOR + k] > ZERO) & (payable > ZERO) else ZERO
        more = rest if rest < free else free
        paid = int32(first + more) if more > ZERO else first
        interest = act.money(float32(int32(balance - paid)) * real[at.RATE + k])
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
def pay_instalment(person, loan, month_whole, product_whole, renewing, sums):
    """Pay the instalment in the order of priority; some prepay in full; a finished loan is granted anew."""
    prepay, supply = product_whole[at.PREPAY], month_whole[at.SUPPLY_16] if renewing else ZERO
    granted_high, granted_low, paid_high, paid_low, interest_high, interest_low = ZERO, ZERO, ZERO, ZERO, ZERO, ZERO
    for k in range(LANES):
        interest, arrears, due, payable = (
            loan[at.INTEREST + k],
            loan[at.ARREARS + k],
            loan[at.DUE + k],
            loan[at.PAYABLE + k],
        )
        owed = int32(loan[at.BALANCE + k] + interest)
        cash = person[at.CASH + k] if person[at.CASH + k] > ZERO else ZERO
        paid = payable if payable < cash else cash
        left = int32(person[at.CASH + k] - paid)
        word = uint32(loan[at.WORD + k])
        missed = loan[at.MISSED + k]
        # A borrower with a month's pay to spare may settle the loan from outside his liquid buffer.
        able = (left >= person[at.PAY + k]) & (paid >= due) & (missed == ZERO)
        settles = (int32(word >> uint32(1)) >= prepay) & able
        paid_all = owed if settles else paid
        after = int32(owed - paid_all)
        again = ((after | loan[at.CLOSED + k]) == ZERO) & (int32(word & uint32(0xFFFF)) < supply)
        granted = loan[at.USUAL + k] if again else ZERO
        remaining = int32(loan[at.REMAINING + k] - ONE) if loan[at.REMAINING + k] > ZERO else ZERO
        loan[at.BALANCE + k] = int32(after + granted)
        loan[at.REMAINING + k] = loan[at.TENOR + k] if again else (remaining if after > ZERO else ZERO)
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


@njit(forceinline=True)
def find_late(loan, late):
    """Lanes with arrears, a hurdle left from arrears, or a closed loan; returns their number."""
    for k in range(LANES):
        loan[at.PAYABLE + k] = loan[at.MISSED + k] | loan[at.HURDLE + k] | loan[at.CLOSED + k]
    count = 0
    for k in range(0, LANES, 4):  # most groups of four have nobody to look at
        p = at.PAYABLE + k
        if (loan[p] | loan[p + 1] | loan[p + 2] | loan[p + 3]) != ZERO:
            for lane in range(k, k + 4):
                late[count] = lane
                count += 1 if loan[at.PAYABLE + lane] != ZERO else 0
    return count


@njit(forceinline=True)
def hurdle_in_arrears(missed, strategic, month_whole):
    """Probability (31 bits) of giving up at a depth of arrears; a strategic borrower stays by his decision."""
    depth = missed if missed < at.DEPTHS else at.DEPTHS - 1
    tired, resolved = month_whole[at.GIVE_UP + depth], month_whole[at.RESOLVED]
    return resolved if strategic > ZERO and resolved > tired else tired


@njit(forceinline=True)
def late_lanes(
    late, count, person, loan, real, words, month_whole, next_whole, product_real, product_whole, renewing, sums
):
    """Late charges, entry by cause, default, giving up, write-off and re-letting, for the few lanes concerned."""
    late_rate, write_off, forget, hazard = (
        product_real[at.LATE_RATE],
        product_whole[at.WRITE_OFF],
        month_whole[at.FORGET],
        month_whole[at.STRATEGY],
    )
    for i in range(count):
        k = late[i]
        missed = loan[at.MISSED + k]
        if missed > ZERO:
            before = loan[at.BEFORE + k]
            if before == ZERO:
                cause = 0
                word = int32(spread(words[3 * LANES + k], loan[at.SALT + k]) >> uint32(1))
                if word < forget:
                    cause = 4
                elif word < int32(forget + person[at.STRATEGIC + k] * hazard):
                    cause = 3
                elif person[at.JOBLESS + k] == ZERO:
                    cause = 1 if person[at.SHORT_PAID + k] > ZERO else 2
                sums[at.C_ENTRIES + cause] += 1
            fee = act.money(float32(loan[at.ARREARS + k]) * late_rate)
            loan[at.ARREARS + k] = int32(loan[at.ARREARS + k] + fee)
            loan[at.BALANCE + k] = int32(loan[at.BALANCE + k] + fee)
            sums[at.C_FEES] += fee
            if missed >= 3 and before < 3:
                sums[at.C_DEFAULTED] += loan[at.BALANCE + k]
            if missed >= write_off:
                sums[at.C_WRITTEN_OFF] += loan[at.BALANCE + k]
                loan[at.CLAIM + k] = int32(loan[at.CLAIM + k] + loan[at.BALANCE + k])
                real[at.CLAIM_HAZARD + k] = product_real[at.RECOVERY_HAZARD]
                loan[at.CLOSED + k] = ONE
                for row in (at.BALANCE, at.ARREARS, at.MISSED, at.HURDLE, at.REMAINING):
                    loan[row + k] = ZERO
            else:
                loan[at.HURDLE + k] = hurdle_in_arrears(missed, person[at.STRATEGIC + k], next_whole)
        else:
            loan[at.HURDLE + k] = ZERO
            if renewing and loan[at.CLOSED + k] > ZERO and person[at.JOBLESS + k] == ZERO:
                word = int32(spread(words[3 * LANES + k], loan[at.SALT + k] + RELET_SALT) >> uint32(1))
                if word < product_whole[at.RELET]:
                    loan[at.CLOSED + k] = ZERO
                    if product_whole[at.REVOLVING] == ZERO:
                        loan[at.BALANCE + k] = loan[at.USUAL + k]
                        loan[at.REMAINING + k] = loan[at.TENOR + k]
                        sums[at.C_ORIGINATED] += loan[at.USUAL + k]


@njit(forceinline=True)
def recover_claims(person, loan, real, words, model_real, sums):
    """Payments on claims already written off: rarely, in part or in full, ever more rarely with age."""
    fade, full, partial = model_real[at.CLAIM_FADE], model_real[at.FULL_RECOVERY], model_real[at.PARTIAL_RECOVERY]
    events = ZERO
    for k in range(LANES):
        hazard = real[at.CLAIM_HAZARD + k]
        word = spread(words[3 * LANES + k], loan[at.SALT + k] + CLAIM_SALT)
        events = int32(events + (ONE if (loan[at.CLAIM + k] > ZERO) & (act.chance(word) < hazard) else ZERO))
    if events > ZERO:
        for k in range(LANES):
            word = spread(words[3 * LANES + k], loan[at.SALT + k] + CLAIM_SALT)
            recovered = act.recovery(word, loan[at.CLAIM + k], real[at.CLAIM_HAZARD + k], full, partial)
            left = int32(person[at.BUFFER + k] - recovered)
            person[at.BUFFER + k] = left if left > ZERO else ZERO
            loan[at.CLAIM + k] = int32(loan[at.CLAIM + k] - recovered)
            sums[at.C_RECOVERED] += recovered
    for k in range(LANES):
        real[at.CLAIM_HAZARD + k] = real[at.CLAIM_HAZARD + k] * fade


@njit(forceinline=True)
def tally(loan, late, count, revolving, sums):
    """Balances and accounts by bucket, undrawn limits; late lanes one by one, current ones by difference."""
    balance_high, balance_low, undrawn_high, undrawn_low, accounts = ZERO, ZERO, ZERO, ZERO, ZERO
    for k in range(LANES):
        balance, limit = loan[at.BALANCE + k], loan[at.LIMIT + k]
        room = int32(limit - balance)
        usable = (room > ZERO) & ((loan[at.MISSED + k] | loan[at.CLOSED + k]) == ZERO) & revolving
        a_line = (limit > ZERO) & (loan[at.CLOSED + k] == ZERO) & revolving
        accounts = int32(accounts + (ONE if a_line | (balance > ZERO) else ZERO))
        undrawn_high, undrawn_low = add(undrawn_high, undrawn_low, room if usable else ZERO)
        balance_high, balance_low = add(balance_high, balance_low, balance)
    late_balance, late_accounts = int64(0), 0
    for i in range(count):
        k = late[i]
        missed = loan[at.MISSED + k]
        if missed > ZERO:
            bucket = 1
            while bucket < 7 and missed >= BUCKET_FLOOR[bucket + 1]:
                bucket += 1
            sums[at.C_BALANCE + bucket] += loan[at.BALANCE + k]
            sums[at.C_ACCOUNTS + bucket] += 1
            late_balance += loan[at.BALANCE + k]
            late_accounts += 1
    sums[at.C_BALANCE] += total(balance_high, balance_low) - late_balance
    sums[at.C_ACCOUNTS] += accounts - late_accounts
    sums[at.C_UNDRAWN] += total(undrawn_high, undrawn_low)
