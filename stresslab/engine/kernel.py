"""The loop: blocks of borrowers through the months of a path, to be read from the bottom up."""

from __future__ import annotations

import numpy as np
from numba import int32, njit

from . import layout as at
from .layout import LANES
from .rows import row_of
from .steps import (
    bill_instalment,
    bill_revolving,
    draw_on_line,
    draw_words,
    end_of_month,
    find_late,
    hurdle_in_arrears,
    late_lanes,
    pay_instalment,
    pay_revolving,
    recover_claims,
    tally,
    work_and_pay,
)


@njit(cache=True)
def open_accounts(person, loans, late, products, begin, slots, month_whole, product_whole, sums):
    """The opening state: hurdles of loans in arrears, stocks of month 0; returns the number of jobless."""
    for s in range(slots):
        loan, revolving = row_of(loans, s), product_whole[products[begin + s], at.REVOLVING] > int32(0)
        for k in range(LANES):
            missed = loan[at.MISSED + k]
            in_arrears = hurdle_in_arrears(missed, person[at.STRATEGIC + k], month_whole)
            loan[at.HURDLE + k] = in_arrears if missed > int32(0) else int32(0)
        tally(loan, late, find_late(loan, late), revolving, row_of(sums, s))
    jobless = 0
    for k in range(LANES):
        jobless += 1 if person[at.JOBLESS + k] > int32(0) else 0
    return jobless


@njit(cache=True)
def live_month(
    person, person_real, loans, loan_reals, words, late, products, begin, slots, month, path, key0, key1,
    month_real, month_whole, next_whole, model_real, model_whole, product_real, product_whole, sums,
):  # fmt: skip
    """One month of one block on one path; sums (slot, column) grow; returns the number of jobless.

    products[begin], products[begin + 1] ...: whose rules slots 0, 1, ... follow, in the order in which they are paid
    """
    renewing = model_whole[at.RENEWAL] > int32(0)
    draw_words(person, words, month, path, key0, key1)
    jobless = work_and_pay(person, person_real, words, month_real, month_whole, model_real, model_whole)
    for s in range(slots):
        rules, loan = row_of(product_whole, products[begin + s]), row_of(loans, s)
        if rules[at.REVOLVING] > int32(0):
            rates = row_of(product_real, products[begin + s])
            bill_revolving(person, loan, words, month_real, month_whole, rates, rules, renewing)
        else:
            bill_instalment(person, loan, row_of(loan_reals, s), words, month_whole)
    for s in range(slots):
        if product_whole[products[begin + s], at.REVOLVING] > int32(0):
            draw_on_line(person, row_of(loans, s), month_real)
    for s in range(slots):
        rules, loan = row_of(product_whole, products[begin + s]), row_of(loans, s)
        if rules[at.REVOLVING] > int32(0):
            pay_revolving(person, loan, row_of(loan_reals, s), row_of(sums, s))
        else:
            pay_instalment(person, loan, month_whole, rules, renewing, row_of(sums, s))
    end_of_month(person, model_real[at.SAVING])
    for s in range(slots):
        rates, rules = row_of(product_real, products[begin + s]), row_of(product_whole, products[begin + s])
        loan, real, total = row_of(loans, s), row_of(loan_reals, s), row_of(sums, s)
        recover_claims(person, loan, real, words, model_real, total)
        count = find_late(loan, late)
        late_lanes(late, count, person, loan, real, words, month_whole, next_whole, rates, rules, renewing, total)
        tally(loan, late, count, rules[at.REVOLVING] > int32(0), total)
    return jobless


@njit(nogil=True, cache=True)
def live(
    people, people_real, loans, loan_reals, first_slot, products, segments, blocks, paths, first_month, key0, key1,
    month_real, month_whole, model_real, model_whole, product_real, product_whole, totals, segment_count, jobless, keep,
):  # fmt: skip
    """Blocks `blocks[0]` ... `blocks[1] - 1` through every month of every path.

    people (block, row * lane) int32, people_real float32; loans (slot, row * lane) int32, loan_reals float32
    first_slot (block + 1): where a block's slots begin; products, segments (slot): whose rules, whose sums
    paths (path) uint32: coordinates, which the random numbers hang on; first_month: of the counter
    month_real (path, month, .) float32, month_whole int32
    totals (path * month + 1 * segment, column) int64 and jobless (path, month + 1) int64: added to
    keep: write the last path's closing state back into people and loans
    """
    months, slots_most = month_real.shape[1], 0
    for block in range(blocks[0], blocks[1]):
        slots_most = max(slots_most, first_slot[block + 1] - first_slot[block])
    person, person_real = np.zeros(at.PERSON_ROWS * LANES, np.int32), np.empty(at.PERSON_REALS * LANES, np.float32)
    loan = np.zeros((slots_most, at.LOAN_ROWS * LANES), np.int32)
    loan_real = np.empty((slots_most, at.LOAN_REALS * LANES), np.float32)
    words, late = np.empty(4 * LANES, np.uint32), np.empty(LANES + 1, np.int64)
    sums = np.empty((slots_most, at.COLUMNS), np.int64)
    for block in range(blocks[0], blocks[1]):
        begin, slots = first_slot[block], first_slot[block + 1] - first_slot[block]
        for p in range(paths.size):
            person[: at.PERSON_STATE * LANES] = people[block]
            person_real[:] = people_real[block]
            for s in range(slots):
                loan[s, : at.LOAN_STATE * LANES] = loans[begin + s]
                loan_real[s] = loan_reals[begin + s]
            real, whole = month_real[p], month_whole[p]
            sums[:] = 0
            out_of_work = open_accounts(
                person, loan, late, products, begin, slots, row_of(whole, 0), product_whole, sums
            )
            for t in range(months + 1):
                if t > 0:
                    sums[:] = 0
                    out_of_work = live_month(
                        person, person_real, loan, loan_real, words, late, products, begin, slots,
                        first_month + t - 1, paths[p], key0, key1, row_of(real, t - 1), row_of(whole, t - 1),
                        row_of(whole, min(t, months - 1)), model_real, model_whole, product_real, product_whole, sums,
                    )  # fmt: skip
                jobless[p, t] += out_of_work
                for s in range(slots):
                    grown = row_of(totals, (p * (months + 1) + t) * segment_count + segments[begin + s])
                    added = row_of(sums, s)
                    for column in range(at.COLUMNS):
                        grown[column] += added[column]
        if keep:
            people[block] = person[: at.PERSON_STATE * LANES]
            people_real[block] = person_real
            for s in range(slots):
                loans[begin + s] = loan[s, : at.LOAN_STATE * LANES]
                loan_reals[begin + s] = loan_real[s]
