"""What becomes of loans in arrears, in a plan or written off: done lane by lane, for they are few."""

from __future__ import annotations

import numpy as np
from numba import float32, int32, int64, njit

from stresslab.engine.kernel import behaviour as act
from stresslab.engine.kernel import state as at
from stresslab.engine.kernel.payments import CLAIM_SALT, OFFER_SALT, RELET_SALT, first_due_date
from stresslab.engine.kernel.random import spread
from stresslab.engine.kernel.state import LANES

ZERO, ONE = np.int32(0), np.int32(1)
MARKED = np.int32(at.PLANNED | at.OFFERED)


@njit(forceinline=True)
def find_late(loan, late):
    """Lanes with arrears, a hurdle left from arrears, a mark or a closed loan; returns their number."""
    for k in range(LANES):
        marked = loan[at.MARKS + k] & MARKED
        loan[at.PAYABLE + k] = loan[at.MISSED + k] | loan[at.HURDLE + k] | loan[at.CLOSED + k] | marked
    count = 0
    for k in range(LANES):  # without a branch, which would be guessed wrongly too often
        late[count] = k
        count += 1 if loan[at.PAYABLE + k] != ZERO else 0
    return count


@njit(forceinline=True)
def hurdle_in_arrears(missed, strategic, lender_whole):
    """Probability (31 bits) of giving up at a depth of arrears; a strategic borrower stays by his decision."""
    depth = missed if missed < at.DEPTHS else at.DEPTHS - 1
    tired, resolved = lender_whole[at.GIVE_UP + depth], lender_whole[at.RESOLVED]
    return resolved if strategic > ZERO and resolved > tired else tired


@njit(forceinline=True)
def hurdle_of_late(k, person, loan, lender_whole, model_whole):
    """The hurdle of a loan in arrears under a month's contact; who broke a plan owes all at once and rarely tries."""
    tired = hurdle_in_arrears(loan[at.MISSED + k], person[at.STRATEGIC + k], lender_whole)
    broke = loan[at.PLAN + k] == int32(at.BROKEN)
    return max(tired, model_whole[at.BROKEN_RESOLVE]) if broke else tired


@njit(forceinline=True)
def face_collectors(person, loan, lender_whole, model_whole):
    """The hurdles of all loans in arrears in a block, where they were set before the month's contact was known."""
    for k in range(LANES):
        if loan[at.MISSED + k] > ZERO:
            loan[at.HURDLE + k] = hurdle_of_late(k, person, loan, lender_whole, model_whole)


@njit(forceinline=True)
def cause_of(k, person, loan, word, lender_whole):
    """Position in `schema.CAUSES` of why a loan that was current missed its due date."""
    forget, hazard = lender_whole[at.FORGET], lender_whole[at.STRATEGY]
    fresh = loan[at.TENOR + k] > ZERO and first_due_date(loan, k, int32(loan[at.REMAINING + k] + ONE))
    misread = int32(forget + (lender_whole[at.MISREAD] if fresh else ZERO))
    if word < forget:
        return 4
    if word < misread:
        return 5
    if word < int32(misread + person[at.STRATEGIC + k] * hazard):
        return 3
    if person[at.JOBLESS + k] > ZERO:
        return 0
    return 1 if person[at.SHORT_PAID + k] > ZERO else 2


@njit(forceinline=True)
def back_to_contract(k, loan, real):
    """A plan has ended: the contract's terms hold again, and the line may be used."""
    if loan[at.MARKS + k] & int32(at.PLANNED):
        loan[at.INSTALMENT + k] = loan[at.CONTRACT + k]
        real[at.RATE + k] = real[at.CONTRACT_RATE + k]
    for row in (at.MARKS, at.PLAN, at.HOLIDAY, at.WARNED):
        loan[row + k] = ZERO


@njit(forceinline=True)
def remember(k, loan):
    """Arrears that a plan or a write-off is about to set to none stay in the score's memory."""
    now = int32(loan[at.MISSED + k] << int32(8))
    loan[at.MEMORY + k] = max(loan[at.MEMORY + k], now)


@njit(forceinline=True)
def agree_instalment(k, loan, real, months):
    """Equal payments that repay the balance at the plan's rate."""
    loan[at.INSTALMENT + k] = act.annuity(loan[at.BALANCE + k], real[at.RATE + k], months)


@njit(forceinline=True)
def agree_plan(k, r, loan, real, terms_real, terms_whole, revolving, sums):
    """Restructure: forgive a share, add what is overdue to the balance, and agree new payments; probation begins."""
    missed = loan[at.MISSED + k]
    forgiven = act.money(float32(loan[at.BALANCE + k]) * terms_real[at.FORGIVEN])
    fee = act.money(float32(loan[at.BALANCE + k]) * terms_real[at.PLAN_FEE])
    loan[at.BALANCE + k] = int32(loan[at.BALANCE + k] - forgiven + fee)
    sums[at.C_FORGIVEN] += forgiven
    sums[at.C_FEES] += fee
    sums[at.C_RESTRUCTURED + r] += 1
    remember(k, loan)
    if not loan[at.MARKS + k] & int32(at.PLANNED):  # a second plan after a kept one changes the same contract
        loan[at.CONTRACT + k] = loan[at.INSTALMENT + k]
        real[at.CONTRACT_RATE + k] = real[at.RATE + k]
    depth = missed if missed < at.DEPTHS else at.DEPTHS - 1
    loan[at.DEPTH + k] = missed
    loan[at.MARKS + k] = int32(at.PLANNED | at.BARRED)
    loan[at.PLAN + k] = terms_whole[at.PROBATION] if missed < 3 else int32(-terms_whole[at.PROBATION])
    loan[at.HURDLE + k] = terms_whole[at.UNKEPT + depth]
    loan[at.HOLIDAY + k] = terms_whole[at.HOLIDAY_MONTHS]
    loan[at.WARNED + k] = ZERO
    loan[at.MISSED + k] = ZERO
    loan[at.ARREARS + k] = ZERO
    real[at.RATE + k] = real[at.CONTRACT_RATE + k] * terms_real[at.RATE_KEPT]
    extension, pause = terms_whole[at.EXTENSION], terms_whole[at.HOLIDAY_MONTHS]
    if revolving:
        loan[at.REMAINING + k] = extension
        loan[at.INSTALMENT + k] = ZERO
    else:
        left = loan[at.REMAINING + k] if loan[at.REMAINING + k] > ZERO else ONE
        loan[at.REMAINING + k] = int32(left + extension + pause)
    if pause > ZERO:
        loan[at.INSTALMENT + k] = int32(-1) if revolving else ZERO
    elif loan[at.REMAINING + k] > ZERO:
        agree_instalment(k, loan, real, loan[at.REMAINING + k])


@njit(forceinline=True)
def break_plan(k, loan, real, sums):
    """One missed due date ends a plan: all is due, and he is as late as he was, and one due date more."""
    sums[at.C_REDEFAULTED] += 1
    loan[at.BEFORE + k] = loan[at.DEPTH + k]
    loan[at.MISSED + k] = int32(loan[at.DEPTH + k] + loan[at.MISSED + k])
    loan[at.ARREARS + k] = loan[at.BALANCE + k]
    loan[at.INSTALMENT + k] = loan[at.CONTRACT + k]
    loan[at.HOLIDAY + k] = ZERO
    real[at.RATE + k] = real[at.CONTRACT_RATE + k]
    loan[at.PLAN + k] = int32(at.BROKEN)


@njit(forceinline=True)
def keep_plan(k, loan, real, revolving):
    """A month of probation passes; a holiday ends; with the last payment the contract's terms return."""
    if loan[at.HOLIDAY + k] > ZERO:
        loan[at.HOLIDAY + k] -= ONE
        if loan[at.HOLIDAY + k] == ZERO and loan[at.REMAINING + k] > ZERO:
            agree_instalment(k, loan, real, loan[at.REMAINING + k])
        elif loan[at.HOLIDAY + k] == ZERO and revolving:
            loan[at.INSTALMENT + k] = ZERO
    plan = loan[at.PLAN + k]
    loan[at.PLAN + k] = int32(plan - ONE) if plan > ZERO else int32(plan + ONE if plan < ZERO else plan)
    if loan[at.PLAN + k] == ZERO:
        loan[at.HURDLE + k] = ZERO
    if loan[at.BALANCE + k] == ZERO:
        loan[at.HURDLE + k] = ZERO
        loan[at.REMAINING + k] = ZERO
        back_to_contract(k, loan, real)


@njit(forceinline=True)
def write_off(k, loan, real, hazard, sums):
    """The accounting ends, the claim stays on the borrower, and the line is closed."""
    remember(k, loan)
    sums[at.C_WRITTEN_OFF] += loan[at.BALANCE + k]
    loan[at.CLAIM + k] = int32(loan[at.CLAIM + k] + loan[at.BALANCE + k])
    real[at.CLAIM_HAZARD + k] = hazard
    loan[at.CLOSED + k] = ONE
    back_to_contract(k, loan, real)
    for row in (at.BALANCE, at.ARREARS, at.MISSED, at.HURDLE, at.REMAINING):
        loan[row + k] = ZERO


@njit(forceinline=True)
def offer_relief(k, loan, real, word, lender_whole, relief_real, relief_whole, revolving, sums):
    """Programmes in turn, each with a draw of its own below the chance of an agreed offer; the first holds."""
    missed = loan[at.MISSED + k]
    for r in range(relief_whole.shape[0]):
        eligible = relief_whole[r, at.FROM_DEPTH] <= missed <= relief_whole[r, at.TO_DEPTH]
        own = int32(spread(word, loan[at.SALT + k] + OFFER_SALT + 64 * r) >> np.uint32(1))
        if eligible and loan[at.PLAN + k] == ZERO and own < lender_whole[at.OFFER + r]:
            agree_plan(k, r, loan, real, relief_real[r], relief_whole[r], revolving, sums)


@njit(forceinline=True)
def late_lanes(
    late, count, person, loan, real, words, lender_whole, next_whole, product_real, product_whole, relief_real,
    relief_whole, model_whole, renewing, sums,
):  # fmt: skip
    """Late charges, entry by cause, default, giving up, plans, write-off and re-letting, for the few lanes concerned.

    next_whole : the lender's next month, whose contact decides who gives up then
    No late charge runs on the balance that a broken plan has made due at once.
    """
    late_rate, limit, revolving = (
        product_real[at.LATE_RATE],
        product_whole[at.WRITE_OFF],
        product_whole[at.REVOLVING] > ZERO,
    )
    for i in range(count):
        k = late[i]
        plan = loan[at.PLAN + k]
        in_plan = plan != ZERO and plan != int32(at.BROKEN)
        if in_plan and loan[at.MISSED + k] > ZERO:
            break_plan(k, loan, real, sums)
        missed, word = loan[at.MISSED + k], words[3 * LANES + k]
        if missed > ZERO:
            before = loan[at.BEFORE + k]
            if before == ZERO:
                own = int32(spread(word, loan[at.SALT + k]) >> np.uint32(1))
                sums[at.C_ENTRIES + cause_of(k, person, loan, own, lender_whole)] += 1
                if loan[at.WARNED + k] > ZERO:
                    sums[at.C_WARNED] += 1
                    sums[at.C_LEAD] += loan[at.WARNED + k]
                    loan[at.WARNED + k] = ZERO
                    loan[at.MARKS + k] &= int32(at.PLANNED)
            accelerated = loan[at.PLAN + k] == int32(at.BROKEN)
            fee = ZERO if accelerated else act.money(float32(loan[at.ARREARS + k]) * late_rate)
            loan[at.ARREARS + k] = int32(loan[at.ARREARS + k] + fee)
            loan[at.BALANCE + k] = int32(loan[at.BALANCE + k] + fee)
            sums[at.C_FEES] += fee
            if missed >= 3 and before < 3:
                sums[at.C_DEFAULTED] += loan[at.BALANCE + k]
            if missed >= limit:
                write_off(k, loan, real, product_real[at.RECOVERY_HAZARD], sums)
            else:
                loan[at.HURDLE + k] = hurdle_of_late(k, person, loan, next_whole, model_whole)
        elif in_plan:
            keep_plan(k, loan, real, revolving)
        else:
            loan[at.HURDLE + k] = ZERO
            marked = loan[at.MARKS + k] & int32(at.PLANNED)
            if marked and (loan[at.BALANCE + k] == ZERO or plan == int32(at.BROKEN)):
                back_to_contract(k, loan, real)
            barred = loan[at.MARKS + k] & int32(at.BARRED)
            if renewing and loan[at.CLOSED + k] > ZERO and person[at.JOBLESS + k] == ZERO and not barred:
                let_again(k, loan, word, lender_whole[at.SUPPLY_16], product_whole, sums)
        offered = loan[at.MISSED + k] > ZERO or loan[at.MARKS + k] & int32(at.OFFERED)
        if offered and loan[at.BALANCE + k] > ZERO and relief_whole.shape[0] > 0:
            offer_relief(k, loan, real, word, lender_whole, relief_real, relief_whole, revolving, sums)


@njit(forceinline=True)
def let_again(k, loan, word, supply_16, product_whole, sums):
    """A line closed by write-off is granted anew now and then, as far as the lender's supply goes."""
    chance = (int64(product_whole[at.RELET]) * supply_16) >> 16
    if int32(spread(word, loan[at.SALT + k] + RELET_SALT) >> np.uint32(1)) < chance:
        loan[at.CLOSED + k] = ZERO
        if product_whole[at.REVOLVING] == ZERO:
            loan[at.BALANCE + k] = loan[at.USUAL + k]
            loan[at.REMAINING + k] = loan[at.TENOR + k]
            sums[at.C_ORIGINATED] += loan[at.USUAL + k]


@njit(forceinline=True)
def recover_claims(person, loan, real, words, easing, model_real, sums):
    """Payments on claims already written off: rarely, in part or in full, ever more rarely with age.

    easing : factor on the hazard this month, below 1 when arrears are high everywhere
    """
    fade, full, partial = model_real[at.CLAIM_FADE], model_real[at.FULL_RECOVERY], model_real[at.PARTIAL_RECOVERY]
    events = ZERO
    for k in range(LANES):
        hazard = real[at.CLAIM_HAZARD + k] * easing
        word = spread(words[3 * LANES + k], loan[at.SALT + k] + CLAIM_SALT)
        events = int32(events + (ONE if (loan[at.CLAIM + k] > ZERO) & (act.chance(word) < hazard) else ZERO))
    if events > ZERO:
        for k in range(LANES):
            word = spread(words[3 * LANES + k], loan[at.SALT + k] + CLAIM_SALT)
            hazard = real[at.CLAIM_HAZARD + k] * easing
            recovered = act.recovery(word, loan[at.CLAIM + k], hazard, full, partial)
            left = int32(person[at.BUFFER + k] - recovered)
            person[at.BUFFER + k] = left if left > ZERO else ZERO
            loan[at.CLAIM + k] = int32(loan[at.CLAIM + k] - recovered)
            sums[at.C_RECOVERED] += recovered
    for k in range(LANES):
        real[at.CLAIM_HAZARD + k] = real[at.CLAIM_HAZARD + k] * fade
