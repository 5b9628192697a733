"""What lenders see: balances by bucket and stage and behavioural scores at month end, early warnings.

person, loan, scratch, lender, model, sums : records of `state`
"""

from __future__ import annotations

import numpy as np
from numba import float32, int32, int64, njit

from stresslab.engine.kernel import behaviour as act
from stresslab.engine.kernel.payments import add, total
from stresslab.engine.kernel.state import BARRED, LANES, OFFERED, PLANNED
from stresslab.schema import BUCKET_FLOOR

ZERO, ONE, HALF = np.int32(0), np.int32(1), np.float32(0.5)


@njit(forceinline=True)
def warn(loan, lender, window, revolving, sums):
    """Flag loans that are current but look bad, for `window` months; freeze lines where the lender says so."""
    below, full_use, frozen, freezes = lender.warn_below, lender.full_use, lender.freeze_below, lender.freezes
    flagged, false_alarms = ZERO, ZERO
    for k in range(LANES):
        balance, age, points, marks = loan.balance[k], loan.warned[k], loan.score[k], loan.marks[k]
        used = revolving & (float32(balance) >= full_use * float32(loan.limit[k]))
        quiet = (loan.missed[k] | loan.closed[k] | (marks & int32(PLANNED))) == ZERO
        looks_bad = quiet & (balance > ZERO) & ((points < below) | used)
        new = (age == ZERO) & looks_bad
        over = age >= window
        older = int32(age + ONE) if (age > ZERO) | new else ZERO
        older = ZERO if over else older
        warned = older > ZERO
        barred = (warned & (freezes > ZERO)) | (points < frozen)
        free = (int32(BARRED) if barred else ZERO) | (int32(OFFERED) if new else ZERO)
        loan.warned[k] = older
        loan.marks[k] = marks if marks & int32(PLANNED) else free
        flagged = int32(flagged + (ONE if new else ZERO))
        false_alarms = int32(false_alarms + (ONE if over else ZERO))
    sums.flagged += flagged
    sums.false_alarms += false_alarms


@njit(forceinline=True)
def tally(person, loan, scratch, count, revolving, drop, sums):
    """Balances and accounts by bucket and stage, undrawn limits.

    count : problem loans, looked at one by one; the current ones are the difference to the whole
    drop : a current loan whose score is so many points below the application's is watched (stage 2)
    """
    balance_high, balance_low, undrawn_high, undrawn_low, accounts = ZERO, ZERO, ZERO, ZERO, ZERO
    watched_high, watched_low = ZERO, ZERO
    for k in range(LANES):
        balance, limit = loan.balance[k], loan.limit[k]
        closed, marks, missed = loan.closed[k], loan.marks[k], loan.missed[k]
        room = int32(limit - balance)
        usable = (room > ZERO) & ((missed | closed | (marks & int32(BARRED))) == ZERO) & revolving
        a_line = (limit > ZERO) & (closed == ZERO) & revolving
        fallen = int32(person.points[k] - loan.score[k]) >= drop
        watched = fallen & ((missed | (marks & int32(PLANNED))) == ZERO)
        accounts = int32(accounts + (ONE if a_line | (balance > ZERO) else ZERO))
        undrawn_high, undrawn_low = add(undrawn_high, undrawn_low, room if usable else ZERO)
        balance_high, balance_low = add(balance_high, balance_low, balance)
        watched_high, watched_low = add(watched_high, watched_low, balance if watched else ZERO)
    late_balance, late_accounts = tally_problem_loans(person, loan, scratch, count, drop, sums)
    sums.balance[0] += total(balance_high, balance_low) - late_balance
    sums.accounts[0] += accounts - late_accounts
    sums.undrawn_limit += total(undrawn_high, undrawn_low)
    sums.watched_balance += total(watched_high, watched_low)


@njit(forceinline=True)
def tally_problem_loans(person, loan, scratch, count, drop, sums):
    """Arrears by bucket and plans by stage; returns balance and number of the loans in arrears."""
    late_balance, late_accounts = int64(0), 0
    for i in range(count):
        k = scratch.lanes[i]
        balance, missed, on_probation = loan.balance[k], loan.missed[k], loan.probation[k] > ZERO
        if missed > ZERO:
            bucket = 1
            while bucket < 7 and missed >= BUCKET_FLOOR[bucket + 1]:
                bucket += 1
            sums.balance[bucket] += balance
            sums.accounts[bucket] += 1
            late_balance += balance
            late_accounts += 1
        elif on_probation:
            sums.forborne_balance += balance
            if loan.depth[k] >= 3:
                sums.forborne_defaulted += balance
            else:
                sums.watched_balance += balance
        elif loan.marks[k] & int32(PLANNED) and int32(person.points[k] - loan.score[k]) >= drop:
            sums.watched_balance += balance
    return late_balance, late_accounts


@njit(forceinline=True)
def score_loan(person, loan, revolving, model):
    """The score that the lender uses next month: own arrears and use of the line now, the bureau as of last month."""
    forget, arrears_points, use_points = model.forget_arrears, model.arrears_points, model.use_points
    for k in range(LANES):
        balance, limit = loan.balance[k], loan.limit[k]
        memory = act.remembered(loan.memory[k], loan.missed[k], forget)
        line = float32(balance) / float32(limit if limit > ONE else ONE) if revolving else HALF
        use = line if line < float32(1.0) else float32(1.0)
        loan.memory[k] = memory
        loan.score[k] = act.score(person.bureau_score[k], memory, arrears_points, use, use_points)
        person.loans_held[k] = int32(person.loans_held[k] + (ONE if balance > ZERO else ZERO))


@njit(forceinline=True)
def report_to_bureau(person, forget):
    """Open loans and applications of the month, which lenders see two months on."""
    for k in range(LANES):
        person.open_loans[k] = person.loans_held[k]
        inquiries = act.fade(person.inquiries[k], forget)
        person.inquiries[k] = int32(inquiries + (person.applications[k] << int32(8)))


@njit(forceinline=True)
def score_at_bureau(person, model):
    """The part of the score that is the same at every lender, before a month changes what the bureau knows."""
    loan_points, inquiry_points = model.loan_points, model.inquiry_points
    for k in range(LANES):
        person.bureau_score[k] = act.bureau_score(
            person.points[k], person.open_loans[k], loan_points, person.inquiries[k], inquiry_points
        )
