"""Simulate every borrower of a block through the months of a path; to be read from the bottom up."""

from __future__ import annotations

import numpy as np
from numba import float32, int32, literal_unroll, njit

from stresslab.engine.kernel.arrears import face_collectors, find_problem_loans, follow_up, recover_claims
from stresslab.engine.kernel.cache import compiled
from stresslab.engine.kernel.monitoring import report_to_bureau, score_at_bureau, score_loan, tally, warn
from stresslab.engine.kernel.payments import (
    apply_for_credit,
    bill_instalment,
    bill_revolving,
    count_open,
    defer_payments,
    draw_on_line,
    draw_words,
    pay_instalment,
    pay_revolving,
    save,
    work_and_pay,
)
from stresslab.engine.kernel.state import (
    BORROWER,
    BORROWER_STATE,
    LANES,
    LOAN,
    LOAN_STATE,
    PATH_STATE,
    SCRATCH,
    Draw,
)

FULL_SUPPLY = np.int32(2**16)
BORROWER_FIELDS, LOAN_FIELDS = BORROWER_STATE.names or (), LOAN_STATE.names or ()


@compiled()
def open_accounts(person, loans, scratch, book, begin, slots, lenders, rules, sums):
    """Opening of a path: payment thresholds of loans in arrears, stocks of month 0; returns the number of jobless."""
    model, products, slot_of = rules.model, rules.products, book.slots
    for s in range(slots):
        loan, slot = loans[s], slot_of[begin + s]
        revolving = products[slot.product].revolving > int32(0)
        face_collectors(person, loan, lenders[slot.lender], model.broken_resolve)
        count = find_problem_loans(loan, scratch)
        tally(person, loan, scratch, count, revolving, model.sicr_drop, sums[slot.segment])
        person.open_slots[s] = int32(0) if revolving else count_open(loan)
    jobless = 0
    for k in range(LANES):
        jobless += 1 if person.jobless_months[k] > int32(0) else 0
    return jobless


@compiled()
def live_month(person, loans, scratch, book, begin, slots, draw, month, lenders, lenders_next, rules, sums):
    """Simulate one month of a block on one path; returns the number of jobless.

    person, loans (slot), scratch : records of the block
    book.slots[begin], book.slots[begin + 1] ... : whose rules slots 0, 1, ... follow, in the order of payment
    draw : coordinates of the random numbers
    month, lenders (lender), lenders_next (lender) : the month, and what lenders do in it and in the next one
    sums (segment) : added to
    """
    model, products, slot_of = rules.model, rules.products, book.slots
    renewing, window = model.renewing > int32(0), model.warning_window
    responding = window > int32(0) or rules.programmes.size > 0
    draw_words(person, scratch, draw)
    jobless = work_and_pay(person, scratch, draw, month, model)
    for s in range(slots):
        loan, slot = loans[s], slot_of[begin + s]
        product, lender = products[slot.product], lenders[slot.lender]
        revolving = product.revolving > int32(0)
        if window > int32(0) and lender.watches > int32(0):
            warn(loan, lender, window, revolving, sums[slot.segment])
        if revolving:
            bill_revolving(person, loan, scratch, lender, product, model)
        else:
            bill_instalment(person, loan, scratch, lender)
    for s in range(slots):
        slot = slot_of[begin + s]
        if products[slot.product].revolving > int32(0):
            draw_on_line(person, loans[s], scratch, lenders[slot.lender], model)
    for s in range(slots):
        if renewing and person.open_slots[s] > int32(0):
            apply_for_credit(person, loans[s], scratch, lenders[slot_of[begin + s].lender], model)
    for s in range(slots - 1, -1, -1):  # those paid last are deferred first
        slot = slot_of[begin + s]
        if lenders[slot.lender].defer > int32(0):
            defer_payments(person, loans[s], scratch, lenders[slot.lender], sums[slot.segment])
    for s in range(slots):
        loan, slot = loans[s], slot_of[begin + s]
        product = products[slot.product]
        if product.revolving > int32(0):
            pay_revolving(
                person, loan, scratch, month.rate_move * product.rate_pass, product.effort, sums[slot.segment]
            )
        else:
            pay_instalment(person, loan, scratch, lenders[slot.lender], product, model, sums[slot.segment])
    save(person, model.saving)
    score_at_bureau(person, model)
    for s in range(slots):
        loan, slot = loans[s], slot_of[begin + s]
        product, lender, total = products[slot.product], lenders[slot.lender], sums[slot.segment]
        revolving = product.revolving > int32(0)
        recover_claims(person, loan, scratch, lender.recovery, model, total)
        count = find_problem_loans(loan, scratch)
        follow_up(person, loan, scratch, count, product, lender, lenders_next[slot.lender], rules, total)
        tight = lender.supply_16 < FULL_SUPPLY or lender.tightening > float32(0.0)
        if not revolving and (responding or person.open_slots[s] > int32(0) or tight):
            person.open_slots[s] = count_open(loan)  # else all that ended were granted anew
        tally(person, loan, scratch, count, revolving, model.sicr_drop, total)
        score_loan(person, loan, revolving, model)
    report_to_bureau(person, model.forget_inquiries)
    return jobless


@njit(forceinline=True)
def load_borrowers(state, person):
    """A block's opening state into its working record."""
    for name in literal_unroll(BORROWER_FIELDS):
        for k in range(LANES):
            person[name][k] = state[name][k]


@njit(forceinline=True)
def load_loans(state, loan):
    """A slot's opening state into its working record."""
    for name in literal_unroll(LOAN_FIELDS):
        for k in range(LANES):
            loan[name][k] = state[name][k]


@njit(forceinline=True)
def begin_path(loan):
    """No marks, plans or warnings when a path begins."""
    for name in literal_unroll(PATH_STATE):
        for k in range(LANES):
            loan[name][k] = 0


@njit(forceinline=True)
def store_borrowers(person, state):
    """A block's working record back into its state."""
    for name in literal_unroll(BORROWER_FIELDS):
        for k in range(LANES):
            state[name][k] = person[name][k]


@njit(forceinline=True)
def store_loans(loan, state):
    """A slot's working record back into its state."""
    for name in literal_unroll(LOAN_FIELDS):
        for k in range(LANES):
            state[name][k] = loan[name][k]


@njit(forceinline=True)
def load_block(book, block, person, loans):
    """Open a path for a block: its state into working records."""
    begin = book.first_slot[block]
    load_borrowers(book.borrowers[block], person)
    for s in range(book.first_slot[block + 1] - begin):
        load_loans(book.loans[begin + s], loans[s])
        begin_path(loans[s])


@njit(forceinline=True)
def store_block(book, block, person, loans):
    """Working records of a block back into its state."""
    begin = book.first_slot[block]
    store_borrowers(person, book.borrowers[block])
    for s in range(book.first_slot[block + 1] - begin):
        store_loans(loans[s], book.loans[begin + s])


@compiled(nogil=True)
def live(book, span, paths, key, economy, rules, totals, jobless, keep):
    """Simulate blocks `span.first_block` ... `span.end_block - 1` through every month of every path.

    paths (path) uint32 : coordinates, which the random numbers hang on
    economy, rules : see `state`; the months of economy are those to simulate
    totals (path, month + 1, segment) SUMS records and jobless (path, month + 1) : added to
    keep : write the last path's closing state back into the book
    """
    months, most_slots = economy.months.shape[1], 0
    for block in range(span.first_block, span.end_block):
        most_slots = max(most_slots, book.first_slot[block + 1] - book.first_slot[block])
    persons, loans, room = np.zeros(1, BORROWER), np.zeros(most_slots, LOAN), np.zeros(1, SCRATCH)
    for block in range(span.first_block, span.end_block):
        begin, slots = book.first_slot[block], book.first_slot[block + 1] - book.first_slot[block]
        person, scratch = persons[0], room[0]
        for p in range(paths.size):
            load_block(book, block, person, loans)
            jobless[p, 0] += open_accounts(
                person, loans, scratch, book, begin, slots, economy.lenders[p, 0], rules, totals[p, 0]
            )
            for t in range(months):
                draw = Draw(span.first_month + t, paths[p], key)
                jobless[p, t + 1] += live_month(
                    person, loans, scratch, book, begin, slots, draw, economy.months[p, t], economy.lenders[p, t],
                    economy.lenders[p, min(t + 1, months - 1)], rules, totals[p, t + 1],
                )  # fmt: skip
        if keep:
            store_block(book, block, person, loans)


@compiled(nogil=True)
def live_in_step(persons, loans, book, t, paths, key, months, lenders, rules, totals, jobless):
    """Simulate month t of all blocks on all paths: what follows may depend on all of them.

    persons (path * block), loans (path * slot) : working records, moved on
    months (path, month) MONTH records; lenders (path, lender) LENDER records of this month; t = 0 opens the accounts
    totals (path, segment) SUMS records and jobless (path) : added to
    """
    blocks, slot_count, room = book.first_slot.size - 1, book.slots.size, np.zeros(1, SCRATCH)
    for p in range(paths.size):
        for block in range(blocks):
            begin, slots = book.first_slot[block], book.first_slot[block + 1] - book.first_slot[block]
            person, scratch = persons[p * blocks + block], room[0]
            its_loans = loans[p * slot_count + begin : p * slot_count + begin + slots]
            if t == 0:
                jobless[p] += open_accounts(
                    person, its_loans, scratch, book, begin, slots, lenders[p], rules, totals[p]
                )
            else:
                for s in range(slots):
                    lender = lenders[p, book.slots[begin + s].lender]
                    face_collectors(person, its_loans[s], lender, rules.model.broken_resolve)
                jobless[p] += live_month(
                    person, its_loans, scratch, book, begin, slots, Draw(t - 1, paths[p], key), months[p, t - 1],
                    lenders[p], lenders[p], rules, totals[p],
                )  # fmt: skip
