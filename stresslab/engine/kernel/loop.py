"""The loop: blocks of borrowers through the months of a path, to be read from the bottom up."""

from __future__ import annotations

import numpy as np
from numba import int32, njit

from stresslab.engine.kernel import state as at
from stresslab.engine.kernel.arrears import face_collectors, find_late, late_lanes, recover_claims
from stresslab.engine.kernel.monitoring import ask_bureau, report_to_bureau, score_loan, tally, warn
from stresslab.engine.kernel.payments import (
    apply_for_credit,
    bill_instalment,
    bill_revolving,
    draw_on_line,
    draw_words,
    end_of_month,
    pay_instalment,
    pay_revolving,
    vacancies,
    work_and_pay,
)
from stresslab.engine.kernel.rows import row_of
from stresslab.engine.kernel.state import LANES

FULL_SUPPLY = np.int32(2**16)


@njit(cache=True)
def open_accounts(
    person, loans, late, products, lenders, begin, slots, lender_whole, model_whole, product_whole, sums
):  # fmt: skip
    """The opening state: hurdles of loans in arrears, stocks of month 0; returns the number of jobless."""
    for s in range(slots):
        loan, revolving = row_of(loans, s), product_whole[products[begin + s], at.REVOLVING] > int32(0)
        face_collectors(person, loan, row_of(lender_whole, lenders[begin + s]), model_whole)
        count = find_late(loan, late)
        tally(person, loan, late, count, revolving, model_whole[at.SICR_DROP], row_of(sums, s))
        person[at.VACANCIES + s] = int32(0) if revolving else vacancies(loan)
    jobless = 0
    for k in range(LANES):
        jobless += 1 if person[at.JOBLESS + k] > int32(0) else 0
    return jobless


@njit(cache=True)
def live_month(
    person, person_real, loans, loan_reals, words, late, products, lenders, begin, slots, month, path, key0, key1,
    month_real, month_whole, lender_real, lender_whole, lender_next, model_real, model_whole, product_real,
    product_whole, relief_real, relief_whole, sums,
):  # fmt: skip
    """One month of one block on one path; sums (slot, column) grow; returns the number of jobless.

    products[begin], products[begin + 1] ...: whose rules slots 0, 1, ... follow, in the order in which they are paid
    lenders[begin] ...: whose row of lender_real and lender_whole (lender, .) holds for the slot
    lender_next: lender_whole of the month to come
    """
    renewing, window = model_whole[at.RENEWAL] > int32(0), model_whole[at.WARNING_WINDOW]
    responding = window > int32(0) or relief_whole.shape[0] > 0
    draw_words(person, words, month, path, key0, key1)
    jobless = work_and_pay(person, person_real, words, month_real, month_whole, model_real, model_whole)
    for s in range(slots):
        rules, loan = row_of(product_whole, products[begin + s]), row_of(loans, s)
        its_real, its_whole = row_of(lender_real, lenders[begin + s]), row_of(lender_whole, lenders[begin + s])
        revolving = rules[at.REVOLVING] > int32(0)
        if window > int32(0) and its_whole[at.FREEZES] >= int32(0):
            warn(loan, its_real, its_whole, window, revolving, row_of(sums, s))
        if revolving:
            rates = row_of(product_real, products[begin + s])
            bill_revolving(person, loan, words, its_real, its_whole, rates, rules, renewing)
        else:
            bill_instalment(person, loan, row_of(loan_reals, s), words, its_whole)
    for s in range(slots):
        if product_whole[products[begin + s], at.REVOLVING] > int32(0):
            draw_on_line(person, row_of(loans, s), row_of(lender_real, lenders[begin + s]))
    for s in range(slots):
        if renewing and person[at.VACANCIES + s] > int32(0):
            apply_for_credit(person, row_of(loans, s), words, row_of(lender_real, lenders[begin + s]), model_real)
    for s in range(slots):
        rules, loan = row_of(product_whole, products[begin + s]), row_of(loans, s)
        if rules[at.REVOLVING] > int32(0):
            move = month_real[at.RATE_MOVE] * product_real[products[begin + s], at.RATE_PASS]
            pay_revolving(person, loan, row_of(loan_reals, s), move, row_of(sums, s))
        else:
            its_whole = row_of(lender_whole, lenders[begin + s])
            pay_instalment(person, loan, its_whole, rules, renewing, row_of(sums, s))
    end_of_month(person, model_real[at.SAVING])
    ask_bureau(person, model_whole)
    for s in range(slots):
        rates, rules = row_of(product_real, products[begin + s]), row_of(product_whole, products[begin + s])
        its_real, its_whole = row_of(lender_real, lenders[begin + s]), row_of(lender_whole, lenders[begin + s])
        loan, real, total = row_of(loans, s), row_of(loan_reals, s), row_of(sums, s)
        recover_claims(person, loan, real, words, its_real[at.RECOVERY], model_real, total)
        count = find_late(loan, late)
        late_lanes(
            late, count, person, loan, real, words, its_whole, row_of(lender_next, lenders[begin + s]), rates, rules,
            relief_real, relief_whole, model_whole, renewing, total,
        )  # fmt: skip
        revolving = rules[at.REVOLVING] > int32(0)
        if not revolving and (
            responding or person[at.VACANCIES + s] > int32(0) or its_whole[at.SUPPLY_16] < FULL_SUPPLY
        ):
            person[at.VACANCIES + s] = vacancies(loan)  # else all that ended were granted anew
        tally(person, loan, late, count, revolving, model_whole[at.SICR_DROP], total)
        score_loan(person, loan, revolving, model_real, model_whole)
    report_to_bureau(person, model_whole)
    return jobless


@njit(cache=True)
def take_seats(people, people_real, loans, loan_reals, block, begin, slots, person, person_real, loan, loan_real):
    """A block's opening state into the working arrays; what begins with the path is 0."""
    person[: at.PERSON_STATE * LANES] = people[block]
    person_real[:] = people_real[block]
    for s in range(slots):
        loan[s, : at.LOAN_STATE * LANES] = loans[begin + s]
        loan[s, at.LOAN_STATE * LANES : at.LOAN_PATH_STATE * LANES] = 0
        loan_real[s, : at.LOAN_REALS * LANES] = loan_reals[begin + s]


@njit(forceinline=True)
def add_up(totals, first, segments, begin, slots, sums):
    """Sums of a block's slots into the rows of their segments, which begin at `first`."""
    for s in range(slots):
        grown, added = row_of(totals, first + segments[begin + s]), row_of(sums, s)
        for column in range(at.COLUMNS):
            grown[column] += added[column]


@njit(nogil=True, cache=True)
def live(
    people, people_real, loans, loan_reals, first_slot, products, segments, lenders, blocks, paths, first_month,
    key0, key1, month_real, month_whole, lender_real, lender_whole, model_real, model_whole, product_real,
    product_whole, relief_real, relief_whole, totals, segment_count, jobless, keep,
):  # fmt: skip
    """Blocks `blocks[0]` ... `blocks[1] - 1` through every month of every path.

    people (block, row * lane) int32, people_real float32; loans (slot, row * lane) int32, loan_reals float32
    first_slot (block + 1): where a block's slots begin
    products, segments, lenders (slot): whose rules, whose sums, whose supply and contact
    paths (path) uint32: coordinates, which the random numbers hang on; first_month: of the counter
    month_real (path, month, .) float32, month_whole int32; lender_real, lender_whole (path, month, lender, .)
    totals (path * month + 1 * segment, column) int64 and jobless (path, month + 1) int64: added to
    keep: write the last path's closing state back into people and loans
    """
    months, slots_most = month_real.shape[1], 0
    for block in range(blocks[0], blocks[1]):
        slots_most = max(slots_most, first_slot[block + 1] - first_slot[block])
    person, person_real = np.zeros(at.PERSON_ROWS * LANES, np.int32), np.empty(at.PERSON_REALS * LANES, np.float32)
    loan = np.zeros((slots_most, at.LOAN_ROWS * LANES), np.int32)
    loan_real = np.zeros((slots_most, at.LOAN_REAL_ROWS * LANES), np.float32)
    words, late = np.empty(4 * LANES, np.uint32), np.empty(LANES + 1, np.int64)
    sums = np.empty((slots_most, at.COLUMNS), np.int64)
    for block in range(blocks[0], blocks[1]):
        begin, slots = first_slot[block], first_slot[block + 1] - first_slot[block]
        for p in range(paths.size):
            take_seats(
                people, people_real, loans, loan_reals, block, begin, slots, person, person_real, loan, loan_real
            )
            real, whole = month_real[p], month_whole[p]
            sums[:slots] = 0
            out_of_work = open_accounts(
                person,
                loan,
                late,
                products,
                lenders,
                begin,
                slots,
                lender_whole[p, 0],
                model_whole,
                product_whole,
                sums,
            )
            for t in range(months + 1):
                if t > 0:
                    sums[:slots] = 0
                    out_of_work = live_month(
                        person, person_real, loan, loan_real, words, late, products, lenders, begin, slots,
                        first_month + t - 1, paths[p], key0, key1, row_of(real, t - 1), row_of(whole, t - 1),
                        lender_real[p, t - 1], lender_whole[p, t - 1], lender_whole[p, min(t, months - 1)], model_real,
                        model_whole, product_real, product_whole, relief_real, relief_whole, sums,
                    )  # fmt: skip
                jobless[p, t] += out_of_work
                add_up(totals, (p * (months + 1) + t) * segment_count, segments, begin, slots, sums)
        if keep:
            people[block] = person[: at.PERSON_STATE * LANES]
            people_real[block] = person_real
            for s in range(slots):
                loans[begin + s] = loan[s, : at.LOAN_STATE * LANES]
                loan_reals[begin + s] = loan_real[s, : at.LOAN_REALS * LANES]


@njit(nogil=True, cache=True)
def live_together(
    persons, person_reals, loan, loan_reals, first_slot, products, segments, lenders, t, paths, key0, key1,
    month_real, month_whole, lender_real, lender_whole, model_real, model_whole, product_real, product_whole,
    relief_real, relief_whole, totals, segment_count, jobless,
):  # fmt: skip
    """Month t of all blocks on all paths: what follows may depend on all of them.

    persons (path * block, row * lane), loan (path * slot, row * lane): working state, moved on
    lender_real, lender_whole (path, lender, .): this month's; t = 0 opens the accounts
    totals (path * segment, column), jobless (path): added to
    """
    count, slot_count = first_slot.size - 1, first_slot[-1]
    words, late = np.empty(4 * LANES, np.uint32), np.empty(LANES + 1, np.int64)
    sums = np.empty((slot_count, at.COLUMNS), np.int64)
    for p in range(paths.size):
        for block in range(count):
            begin, slots = first_slot[block], first_slot[block + 1] - first_slot[block]
            person, person_real = row_of(persons, p * count + block), row_of(person_reals, p * count + block)
            its_loans = loan[p * slot_count + begin : p * slot_count + begin + slots]
            its_reals = loan_reals[p * slot_count + begin : p * slot_count + begin + slots]
            sums[:slots] = 0
            if t == 0:
                out_of_work = open_accounts(
                    person, its_loans, late, products, lenders, begin, slots, lender_whole[p], model_whole,
                    product_whole, sums,
                )  # fmt: skip
            else:
                for s in range(slots):
                    its_whole = lender_whole[p, lenders[begin + s]]
                    face_collectors(person, row_of(its_loans, s), its_whole, model_whole)
                out_of_work = live_month(
                    person, person_real, its_loans, its_reals, words, late, products, lenders, begin, slots, t - 1,
                    paths[p], key0, key1, month_real[p, t - 1], month_whole[p, t - 1], lender_real[p], lender_whole[p],
                    lender_whole[p], model_real, model_whole, product_real, product_whole, relief_real, relief_whole,
                    sums,
                )  # fmt: skip
            jobless[p] += out_of_work
            add_up(totals, p * segment_count, segments, begin, slots, sums)
