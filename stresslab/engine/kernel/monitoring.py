"""What lenders see: balances by bucket and stage and behavioural scores at month end, early warnings."""

from __future__ import annotations

import numpy as np
from numba import float32, int32, int64, njit

from stresslab.engine.kernel import behaviour as act
from stresslab.engine.kernel import state as at
from stresslab.engine.kernel.payments import add, total
from stresslab.engine.kernel.state import LANES
from stresslab.schema import BUCKET_FLOOR

ZERO, ONE, HALF = np.int32(0), np.int32(1), np.float32(0.5)


@njit(forceinline=True)
def warn(loan, lender_real, lender_whole, window, revolving, sums):
    """Flag loans that are current but look bad, for `window` months; freeze lines where the lender says so."""
    below, full_use, frozen = lender_whole[at.WARN_BELOW], lender_real[at.FULL_USE], lender_whole[at.FREEZE_BELOW]
    freezes = lender_whole[at.FREEZES]
    flagged, false_alarms = ZERO, ZERO
    for k in range(LANES):
        balance, age, points, marks = loan[at.BALANCE + k], loan[at.WARNED + k], loan[at.SCORE + k], loan[at.MARKS + k]
        used = revolving & (float32(balance) >= full_use * float32(loan[at.LIMIT + k]))
        quiet = (loan[at.MISSED + k] | loan[at.CLOSED + k] | (marks & int32(at.PLANNED))) == ZERO
        looks_bad = quiet & (balance > ZERO) & ((points < below) | used)
        new = (age == ZERO) & looks_bad
        over = age >= window
        older = int32(age + ONE) if (age > ZERO) | new else ZERO
        older = ZERO if over else older
        warned = older > ZERO
        barred = (warned & (freezes > ZERO)) | (points < frozen)
        free = (int32(at.BARRED) if barred else ZERO) | (int32(at.OFFERED) if new else ZERO)
        loan[at.WARNED + k] = older
        loan[at.MARKS + k] = marks if marks & int32(at.PLANNED) else free
        flagged = int32(flagged + (ONE if new else ZERO))
        false_alarms = int32(false_alarms + (ONE if over else ZERO))
    sums[at.C_FLAGGED] += flagged
    sums[at.C_FALSE_ALARMS] += false_alarms


@njit(forceinline=True)
def tally(person, loan, late, count, revolving, drop, sums):
    """Balances and accounts by bucket and stage, undrawn limits; late lanes one by one, current ones by difference.

    drop : a current loan whose score is so many points below the application's is watched (stage 2)
    """
    balance_high, balance_low, undrawn_high, undrawn_low, accounts = ZERO, ZERO, ZERO, ZERO, ZERO
    watched_high, watched_low = ZERO, ZERO
    for k in range(LANES):
        balance, limit = loan[at.BALANCE + k], loan[at.LIMIT + k]
        closed, marks, missed = loan[at.CLOSED + k], loan[at.MARKS + k], loan[at.MISSED + k]
        room = int32(limit - balance)
        usable = (room > ZERO) & ((missed | closed | (marks & int32(at.BARRED))) == ZERO) & revolving
        a_line = (limit > ZERO) & (closed == ZERO) & revolving
        fallen = int32(person[at.POINTS + k] - loan[at.SCORE + k]) >= drop
        watched = fallen & ((missed | (marks & int32(at.PLANNED))) == ZERO)
        accounts = int32(accounts + (ONE if a_line | (balance > ZERO) else ZERO))
        undrawn_high, undrawn_low = add(undrawn_high, undrawn_low, room if usable else ZERO)
        balance_high, balance_low = add(balance_high, balance_low, balance)
        watched_high, watched_low = add(watched_high, watched_low, balance if watched else ZERO)
    late_balance, late_accounts = int64(0), 0
    for i in range(count):
        k = late[i]
        missed, plan, marked = loan[at.MISSED + k], loan[at.PLAN + k], loan[at.MARKS + k] & int32(at.PLANNED)
        if missed > ZERO:
            bucket = 1
            while bucket < 7 and missed >= BUCKET_FLOOR[bucket + 1]:
                bucket += 1
            sums[at.C_BALANCE + bucket] += loan[at.BALANCE + k]
            sums[at.C_ACCOUNTS + bucket] += 1
            late_balance += loan[at.BALANCE + k]
            late_accounts += 1
        elif plan < ZERO:
            sums[at.C_FORBORNE] += loan[at.BALANCE + k]
            sums[at.C_PROVING] += loan[at.BALANCE + k]
        elif plan > ZERO or (marked and int32(person[at.POINTS + k] - loan[at.SCORE + k]) >= drop):
            sums[at.C_WATCHED] += loan[at.BALANCE + k]
            sums[at.C_PROVING] += loan[at.BALANCE + k] if plan > ZERO and plan != int32(at.BROKEN) else int64(0)
    sums[at.C_BALANCE] += total(balance_high, balance_low) - late_balance
    sums[at.C_ACCOUNTS] += accounts - late_accounts
    sums[at.C_UNDRAWN] += total(undrawn_high, undrawn_low)
    sums[at.C_WATCHED] += total(watched_high, watched_low)


@njit(forceinline=True)
def score_loan(person, loan, revolving, model_real, model_whole):
    """The score that the lender uses next month: own arrears and use of the line now, the bureau as of last month."""
    forget, arrears_points = model_whole[at.FORGET_ARREARS], model_whole[at.ARREARS_POINTS]
    use_points = model_real[at.USE_POINTS]
    for k in range(LANES):
        balance, limit = loan[at.BALANCE + k], loan[at.LIMIT + k]
        memory = act.remembered(loan[at.MEMORY + k], loan[at.MISSED + k], forget)
        line = float32(balance) / float32(limit if limit > ONE else ONE) if revolving else HALF
        use = line if line < float32(1.0) else float32(1.0)
        loan[at.MEMORY + k] = memory
        loan[at.SCORE + k] = act.score(person[at.BUREAU + k], memory, arrears_points, use, use_points)
        person[at.HELD + k] = int32(person[at.HELD + k] + (ONE if balance > ZERO else ZERO))


@njit(forceinline=True)
def report_to_bureau(person, model_whole):
    """Open loans and applications of the month, which lenders see two months on."""
    forget = model_whole[at.FORGET_INQUIRIES]
    for k in range(LANES):
        person[at.LOANS + k] = person[at.HELD + k]
        inquiries = act.fade(person[at.INQUIRIES + k], forget)
        person[at.INQUIRIES + k] = int32(inquiries + (person[at.ASKED + k] << int32(8)))


@njit(forceinline=True)
def ask_bureau(person, model_whole):
    """The part of the score that is the same at every lender, before a month changes what the bureau knows."""
    loan_points, inquiry_points = model_whole[at.LOAN_POINTS], model_whole[at.INQUIRY_POINTS]
    for k in range(LANES):
        person[at.BUREAU + k] = act.bureau_score(
            person[at.POINTS + k], person[at.LOANS + k], loan_points, person[at.INQUIRIES + k], inquiry_points
        )
