"""Problem loans: arrears, restructuring plans, write-offs, recoveries. Done lane by lane, for they are few.

person, loan, scratch, lender, product, sums : records of `state`; k : lane
"""

from __future__ import annotations

import numpy as np
from numba import float32, int32, int64, njit

from stresslab.engine.kernel import behaviour as act
from stresslab.engine.kernel.payments import (
    BANKRUPT_SALT,
    CLAIM_SALT,
    ENTER_SALT,
    OFFER_SALT,
    RELET_SALT,
    first_due_date,
)
from stresslab.engine.kernel.random import spread
from stresslab.engine.kernel.state import BARRED, DEPTHS, LANES, OFFERED, PLANNED

ZERO, ONE = np.int32(0), np.int32(1)
PROBLEM_MARKS = np.int32(PLANNED | OFFERED)


@njit(forceinline=True)
def find_problem_loans(loan, scratch):
    """Lanes with arrears, a payment threshold left from arrears, a mark or a closed loan; returns their number."""
    for k in range(LANES):
        marked = loan.marks[k] & PROBLEM_MARKS
        scratch.special[k] = loan.missed[k] | loan.threshold[k] | loan.closed[k] | marked
    count = 0
    for k in range(LANES):  # without a branch, which would be guessed wrongly too often
        scratch.lanes[count] = k
        count += 1 if scratch.special[k] != ZERO else 0
    return count


@njit(forceinline=True)
def giving_up(missed, strategic, lender):
    """Probability (31 bits) of giving up at a depth of arrears; a strategic borrower stays by the decision."""
    depth = missed if missed < DEPTHS else DEPTHS - 1
    tired, resolved = lender.give_up[depth], lender.resolved
    return resolved if strategic > ZERO and resolved > tired else tired


@njit(forceinline=True)
def threshold_in_arrears(k, person, loan, lender, broken_resolve):
    """Payment threshold under a month's contact; after a broken plan all is owed at once and few try to pay."""
    tired = giving_up(loan.missed[k], person.strategic[k], lender)
    return max(tired, broken_resolve) if loan.broken[k] > ZERO else tired


@njit(forceinline=True)
def face_collectors(person, loan, lender, broken_resolve):
    """Payment thresholds of all loans in arrears, where they were set before the month's contact was known."""
    for k in range(LANES):
        if loan.missed[k] > ZERO:
            loan.threshold[k] = threshold_in_arrears(k, person, loan, lender, broken_resolve)


@njit(forceinline=True)
def cause_of(k, person, loan, word, lender):
    """Position in `schema.CAUSES` of why a loan that was current missed its due date."""
    fresh = loan.tenor[k] > ZERO and first_due_date(loan, k, int32(loan.remaining[k] + ONE))
    misread = int32(lender.forget + (lender.misread if fresh else ZERO))
    if word < lender.forget:
        return 4
    if word < misread:
        return 5
    if word < int32(misread + person.strategic[k] * lender.strategy):
        return 3
    if person.jobless_months[k] > ZERO:
        return 0
    return 1 if person.poorly_paid[k] > ZERO else 2


@njit(forceinline=True)
def back_to_contract(k, loan):
    """End of a plan: the contract's terms hold again, and the line may be used."""
    if loan.marks[k] & int32(PLANNED):
        loan.instalment[k] = loan.contract_instalment[k]
        loan.rate[k] = loan.contract_rate[k]
    loan.marks[k] = ZERO
    loan.probation[k] = ZERO
    loan.broken[k] = ZERO
    loan.holiday[k] = ZERO
    loan.warned[k] = ZERO


@njit(forceinline=True)
def remember(k, loan):
    """Keep arrears in the score's memory when a plan or a write-off is about to set them to none."""
    loan.memory[k] = max(loan.memory[k], int32(loan.missed[k] << int32(8)))


@njit(forceinline=True)
def agree_instalment(k, loan):
    """Equal payments that repay the balance at the plan's rate in the due dates to come."""
    loan.instalment[k] = act.annuity(loan.balance[k], loan.rate[k], loan.remaining[k])


@njit(forceinline=True)
def agree_plan(k, loan, terms, revolving, sums):
    """Restructure: forgive a share, add what is overdue to the balance, and agree new payments; probation begins."""
    missed = loan.missed[k]
    forgiven = act.money(float32(loan.balance[k]) * terms.forgiven)
    fee = act.money(float32(loan.balance[k]) * terms.fee)
    loan.balance[k] = int32(loan.balance[k] - forgiven + fee)
    sums.forgiven += forgiven
    sums.fees += fee
    remember(k, loan)
    if not loan.marks[k] & int32(PLANNED):  # a second plan after a kept one changes the same contract
        loan.contract_instalment[k] = loan.instalment[k]
        loan.contract_rate[k] = loan.rate[k]
    loan.depth[k] = missed
    loan.marks[k] = int32(PLANNED | BARRED)
    loan.probation[k] = terms.probation
    loan.threshold[k] = terms.unkept[missed if missed < DEPTHS else DEPTHS - 1]
    loan.holiday[k] = terms.holiday
    loan.warned[k] = ZERO
    loan.missed[k] = ZERO
    loan.overdue[k] = ZERO
    loan.rate[k] = loan.contract_rate[k] * terms.rate_kept
    if revolving:
        loan.remaining[k] = terms.extension
        loan.instalment[k] = ZERO
    else:
        left = loan.remaining[k] if loan.remaining[k] > ZERO else ONE
        loan.remaining[k] = int32(left + terms.extension + terms.holiday)
    if terms.holiday > ZERO:
        loan.instalment[k] = int32(-1) if revolving else ZERO
    elif loan.remaining[k] > ZERO:
        agree_instalment(k, loan)


@njit(forceinline=True)
def break_plan(k, loan, sums):
    """End a plan after one missed due date: all is due, as late as when it was agreed, and one due date more."""
    sums.redefaulted += 1
    loan.missed_before[k] = loan.depth[k]
    loan.missed[k] = int32(loan.depth[k] + loan.missed[k])
    loan.overdue[k] = loan.balance[k]
    loan.instalment[k] = loan.contract_instalment[k]
    loan.rate[k] = loan.contract_rate[k]
    loan.holiday[k] = ZERO
    loan.probation[k] = ZERO
    loan.broken[k] = ONE


@njit(forceinline=True)
def keep_plan(k, loan, revolving):
    """A month of probation passes; a holiday ends; with the last payment the contract's terms return."""
    if loan.holiday[k] > ZERO:
        loan.holiday[k] -= ONE
        if loan.holiday[k] == ZERO and loan.remaining[k] > ZERO:
            agree_instalment(k, loan)
        elif loan.holiday[k] == ZERO and revolving:
            loan.instalment[k] = ZERO
    loan.probation[k] -= ONE
    if loan.probation[k] == ZERO:
        loan.threshold[k] = ZERO
    if loan.balance[k] == ZERO:
        loan.threshold[k] = ZERO
        loan.remaining[k] = ZERO
        back_to_contract(k, loan)


@njit(forceinline=True)
def write_off(k, loan, hazard, bankrupt, sums):
    """The accounting ends and the line is closed; the borrower still owes the claim, discharged if bankrupt."""
    remember(k, loan)
    sums.written_off += loan.balance[k]
    sums.discharged += loan.balance[k] if bankrupt else ZERO
    loan.claim[k] = int32(loan.claim[k] + loan.balance[k])
    loan.claim_hazard[k] = float32(0.0) if bankrupt else hazard
    loan.closed[k] = ONE
    back_to_contract(k, loan)
    loan.balance[k] = ZERO
    loan.overdue[k] = ZERO
    loan.missed[k] = ZERO
    loan.threshold[k] = ZERO
    loan.remaining[k] = ZERO


@njit(forceinline=True)
def offer_relief(k, loan, word, lender, programmes, revolving, sums):
    """Programmes in turn, each with a draw of its own below the chance of an agreed offer; the first holds."""
    missed = loan.missed[k]
    for r in range(programmes.size):
        terms = programmes[r]
        eligible = terms.from_depth <= missed <= terms.to_depth
        own = int32(spread(word, loan.salt[k] + OFFER_SALT + 64 * r) >> np.uint32(1))
        unplanned = loan.probation[k] == ZERO and loan.broken[k] == ZERO
        if eligible and unplanned and own < lender.offer[r]:
            sums.restructured[r] += 1
            agree_plan(k, loan, terms, revolving, sums)


@njit(forceinline=True)
def enter_arrears(k, person, loan, word, lender, sums):
    """Count a first missed due date by its cause, and whether it was warned of."""
    own = int32(spread(word, loan.salt[k]) >> np.uint32(1))
    sums.entries[cause_of(k, person, loan, own, lender)] += 1
    if loan.warned[k] > ZERO:
        sums.warned += 1
        sums.lead_months += loan.warned[k]
        loan.warned[k] = ZERO
        loan.marks[k] &= int32(PLANNED)


@njit(forceinline=True)
def charge(k, loan, late_rate, deferred, sums):
    """Late charge on what is overdue; none if payments are deferred or a broken plan has made all due at once."""
    fee = ZERO if loan.broken[k] > ZERO or deferred else act.money(float32(loan.overdue[k]) * late_rate)
    loan.overdue[k] = int32(loan.overdue[k] + fee)
    loan.balance[k] = int32(loan.balance[k] + fee)
    sums.fees += fee


@njit(forceinline=True)
def follow_up(person, loan, scratch, count, product, lender, lender_next, rules, sums):
    """Entry by cause, late charge, default, plan, write-off and new credit for the `count` problem loans of a slot.

    lender_next : the lender's next month, whose contact decides how many give up then
    """
    model, programmes, revolving = rules.model, rules.programmes, product.revolving > ZERO
    for i in range(count):
        k = scratch.lanes[i]
        word, in_plan = scratch.loan_word[k], loan.probation[k] > ZERO
        if in_plan and loan.missed[k] > ZERO:
            break_plan(k, loan, sums)
        missed, before = loan.missed[k], loan.missed_before[k]
        if missed > ZERO:
            if before == ZERO:
                enter_arrears(k, person, loan, word, lender, sums)
            charge(k, loan, product.late_rate, lender.defer > ZERO and missed == before, sums)
            bankrupt = False
            if missed >= 2 and before < 2 and product.bankrupt > ZERO:
                bankrupt = int32(spread(word, BANKRUPT_SALT) >> np.uint32(1)) < product.bankrupt
            if before < 3 and (missed >= 3 or bankrupt):
                sums.defaulted += loan.balance[k]
            if missed >= product.write_off or bankrupt:
                write_off(k, loan, product.recovery_hazard, bankrupt, sums)
            else:
                loan.threshold[k] = threshold_in_arrears(k, person, loan, lender_next, model.broken_resolve)
        elif in_plan:
            keep_plan(k, loan, revolving)
        else:
            loan.threshold[k] = ZERO
            if loan.marks[k] & int32(PLANNED) and (loan.balance[k] == ZERO or loan.broken[k] > ZERO):
                back_to_contract(k, loan)
            barred = loan.marks[k] & int32(BARRED)
            if model.renewing > ZERO and loan.closed[k] > ZERO and person.jobless_months[k] == ZERO and not barred:
                lend_again(k, person, loan, word, lender, product, model, sums)
        offered = loan.missed[k] > ZERO or loan.marks[k] & int32(OFFERED)
        if offered and loan.balance[k] > ZERO and programmes.size > 0:
            offer_relief(k, loan, word, lender, programmes, revolving, sums)


@njit(forceinline=True)
def lend_again(k, person, loan, word, lender, product, model, sums):
    """Grant a loan closed by write-off anew, rarely, as far as the lender's supply goes.

    A new borrower may take the place of one without any loan: usual pay, a full buffer and nothing remembered.
    """
    cut = act.withdrawn(loan.score[k], lender.tightening, model.tighten_middle, model.tighten_slope)
    granted = float32(lender.supply_16) * (float32(1.0) - cut)
    chance = (int64(product.relet) * int64(granted)) >> 16
    again = int32(spread(word, loan.salt[k] + RELET_SALT) >> np.uint32(1)) < chance
    enters = person.open_loans[k] == ZERO and int32(spread(word, ENTER_SALT) >> np.uint32(1)) < model.enter
    if enters:
        person.pay_level[k] = float32(1.0)
        person.buffer[k] = person.buffer_target[k]
        loan.memory[k] = ZERO
    if again or enters:
        loan.closed[k] = ZERO
        if product.revolving == ZERO:
            loan.balance[k] = loan.usual[k]
            loan.remaining[k] = loan.tenor[k]
            sums.originated += loan.usual[k]


@njit(forceinline=True)
def recover_claims(person, loan, scratch, easing, model, sums):
    """Payments on claims already written off: rarely, in part or in full, ever more rarely with age.

    easing : factor on the hazard this month, below 1 when arrears are high everywhere
    """
    fade, full, partial = model.claim_fade, model.full_recovery, model.partial_recovery
    events = ZERO
    for k in range(LANES):
        hazard = loan.claim_hazard[k] * easing
        word = spread(scratch.loan_word[k], loan.salt[k] + CLAIM_SALT)
        events = int32(events + (ONE if (loan.claim[k] > ZERO) & (act.chance(word) < hazard) else ZERO))
    if events > ZERO:
        for k in range(LANES):
            word = spread(scratch.loan_word[k], loan.salt[k] + CLAIM_SALT)
            recovered = act.recovery(word, loan.claim[k], loan.claim_hazard[k] * easing, full, partial)
            left = int32(person.buffer[k] - recovered)
            person.buffer[k] = left if left > ZERO else ZERO
            loan.claim[k] = int32(loan.claim[k] - recovered)
            sums.recovered += recovered
    for k in range(LANES):
        loan.claim_hazard[k] = loan.claim_hazard[k] * fade
