"""Records of the kernel: a block's borrowers, a loan slot, parameters and sums, a field a line with its unit.

A block is LANES borrowers with the same list of loans; slot s of a block holds loan s of each of them. A field of a
record is one variable of all lanes, so that every loop of the kernel runs along lanes with unit stride. Money is in
whole minor units, probabilities of rare events are thresholds on random integers of 16 or 31 bits.

Numba takes `loans[s]` as a view without a reference count: the array must outlive the record.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

LANES = 256
"""Borrowers in a block: enough to fill vector registers, few enough for their state to stay in the nearest caches."""

MOST_SLOTS = 64
"""Loan slots of a block."""

PROGRAMMES = 4
"""Restructuring programmes that may run beside each other, each with a chance of an agreed offer of its own."""

DEPTHS = 12
"""Depths of arrears (unpaid due dates) with a giving-up probability of their own; deeper ones share the last."""

# Bits of `marks`: no drawing; in a plan or after one until all is paid; warned of, eligible for relief before a miss.
BARRED, PLANNED, OFFERED = 1, 2, 4
NO_NEW_CREDIT = BARRED | PLANNED


def record(*fields: tuple[Any, ...]) -> np.dtype[np.void]:
    """A structured dtype whose fields stand where a compiler puts them."""
    return np.dtype(list(fields), align=True)


BORROWER_STATE = record(
    ("id", "u4", LANES),  # 1: the coordinate that random numbers hang on, its low word
    ("id_high", "u4", LANES),  # 1: its high word
    ("necessities", "i4", LANES),  # minor unit a month
    ("buffer", "i4", LANES),  # minor unit: cash and deposits
    ("buffer_target", "i4", LANES),  # minor unit
    ("jobless_months", "i4", LANES),  # month; 0 while employed
    ("strategic", "i4", LANES),  # 1 if the borrower may stop paying by choice
    ("points", "i4", LANES),  # point: application score
    ("inquiries", "i4", LANES),  # 1/256: applications that the bureau remembers
    ("open_loans", "i4", LANES),  # 1: loans with a balance that the bureau knows of
    ("expense_16", "i4", LANES),  # 1/2**16: chance of a rare expense in a month
    ("income", "f4", LANES),  # minor unit a month: usual pay
    ("pay_level", "f4", LANES),  # 1: lasting pay over usual pay
    ("job_loss_risk", "f4", LANES),  # 1: hazard over that of the mean borrower
    ("household_support", "f4", LANES),  # 1: share of own pay while jobless
    ("insurance", "f4", LANES),  # 1: share of own pay while jobless and entitled
    ("expense_inverse", "f4", LANES),  # 1 over expense_16
)
"""What a block's borrowers carry from run to run."""

BORROWER = record(
    *((name, *BORROWER_STATE[name].subdtype) for name in BORROWER_STATE.names or ()),  # type: ignore[misc]
    ("pay", "i4", LANES),  # minor unit: received this month
    ("poorly_paid", "i4", LANES),  # 1 if pay is below the share of usual pay that counts as a loss
    ("spent", "i4", LANES),  # minor unit: necessities and rare expenses
    ("cash", "i4", LANES),  # minor unit: buffer and pay less what was spent; may be negative
    ("needed", "i4", LANES),  # minor unit: to be paid on the loans that are still to be paid
    ("applications", "i4", LANES),  # 1: applications for credit this month
    ("loans_held", "i4", LANES),  # 1: loans with a balance, counted at month end
    ("bureau_score", "i4", LANES),  # point: the part of the score that is the same at every lender
    ("open_slots", "i4", MOST_SLOTS),  # 1, by slot: borrowers without a loan there who may be granted one
)
"""A block's borrowers in a month: their state and what the month makes of it."""

LOAN_STATE = record(
    ("balance", "i4", LANES),  # minor unit
    ("overdue", "i4", LANES),  # minor unit: part of the balance
    ("missed", "i4", LANES),  # 1: unpaid due dates
    ("threshold", "i4", LANES),  # 1/2**31: chance of not trying to pay, in arrears or in a plan; 0 otherwise
    ("remaining", "i4", LANES),  # 1: due dates to come; 0 for lines
    ("instalment", "i4", LANES),  # minor unit; of a line what a plan has agreed, -1 in a holiday
    ("limit", "i4", LANES),  # minor unit
    ("usual", "i4", LANES),  # minor unit: bill that spending returns to (line), amount of a new loan
    ("tenor", "i4", LANES),  # 1: due dates of a new loan; 0 for lines
    ("transactor", "i4", LANES),  # 1 if the whole bill is paid when cash allows
    ("closed", "i4", LANES),  # 1 after a write-off, until the loan is granted anew
    ("claim", "i4", LANES),  # minor unit: written off and still owed
    ("salt", "i4", LANES),  # 1: tells the draws of a borrower's loans apart: 1, 2, ...
    ("score", "i4", LANES),  # point: behavioural score that the lender uses next
    ("memory", "i4", LANES),  # 1/256: unpaid due dates that the score remembers
    ("rate", "f4", LANES),  # 1/month
    ("claim_hazard", "f4", LANES),  # 1/month: chance of a recovery on the claim
)
"""What the loans of a slot carry from run to run."""

LOAN = record(
    *((name, *LOAN_STATE[name].subdtype) for name in LOAN_STATE.names or ()),  # type: ignore[misc]
    # What begins with the path: marks, plans, warnings.
    ("marks", "i4", LANES),  # bits BARRED, PLANNED, OFFERED
    ("probation", "i4", LANES),  # month: left of a plan's probation
    ("broken", "i4", LANES),  # 1 after a broken plan
    ("holiday", "i4", LANES),  # month: left without payments
    ("depth", "i4", LANES),  # 1: unpaid due dates when the plan was agreed
    ("contract_instalment", "i4", LANES),  # minor unit: of the contract while a plan holds
    ("contract_rate", "f4", LANES),  # 1/month: of the contract while a plan holds
    ("warned", "i4", LANES),  # month: since the loan was flagged; 0 without a warning
    # What is of the month.
    ("missed_before", "i4", LANES),  # 1: unpaid due dates at the beginning of the month
    ("interest", "i4", LANES),  # minor unit
    ("due", "i4", LANES),  # minor unit: overdue included
    ("payable", "i4", LANES),  # minor unit: of what is due, what the borrower means to pay
    ("drawn", "i4", LANES),  # minor unit: drawn on a line, or granted on an application
    ("word", "i4", LANES),  # uniform bits
)
"""The loans of a slot in a month."""

PATH_STATE = (
    "marks", "probation", "broken", "holiday", "depth", "contract_instalment", "contract_rate", "warned",
)  # fmt: skip
"""Fields of LOAN that are 0 when a path begins."""

SCRATCH = record(
    ("job_word", "u4", LANES),  # uniform bits: job loss, job finding
    ("shock_word", "u4", LANES),  # uniform bits: passing shock to pay
    ("level_word", "u4", LANES),  # uniform bits: lasting pay, furlough
    ("loan_word", "u4", LANES),  # uniform bits: rare expense and, through `spread`, all uses of each loan
    ("short_16", "i4", LANES),  # 1/2**16: place among those who may be on short pay, the same for half a year
    ("left", "f4", LANES),  # 1: of a line or of new credit, what a tightening leaves a borrower of this score
    ("reach", "i4", LANES),  # minor unit: necessities that the borrower goes without for a payment
    ("special", "i4", LANES),  # not 0 for a problem loan
    ("lanes", "i8", LANES),  # 1: lanes of problem loans
)
"""Room to work in, shared by all blocks."""

SLOT = record(
    ("product", "i8"),  # row of PRODUCT records
    ("lender", "i8"),  # row of LENDER records: conditions of its lender and product
    ("segment", "i8"),  # row of SUMS
)
"""Whose rules, whose conditions and whose sums hold for a slot."""

SUMS = record(
    ("balance", "i8", 8),  # minor unit, by bucket
    ("accounts", "i8", 8),  # 1, by bucket
    ("undrawn_limit", "i8"),  # minor unit: of lines that may be drawn on
    ("watched_balance", "i8"),  # minor unit: current, in stage 2
    ("forborne_defaulted", "i8"),  # minor unit: on probation after 90 days past due, stage 3
    ("forborne_balance", "i8"),  # minor unit: all on probation
    ("drawn", "i8"),  # minor unit, as the flows that follow
    ("originated", "i8"),
    ("interest", "i8"),
    ("fees", "i8"),
    ("paid", "i8"),
    ("forgiven", "i8"),
    ("written_off", "i8"),
    ("recovered", "i8"),
    ("defaulted", "i8"),
    ("discharged", "i8"),  # part of written_off that a bankruptcy has discharged
    ("deferred", "i8"),  # payments due that were deferred
    ("redefaulted", "i8"),  # 1: plans broken
    ("flagged", "i8"),  # 1: warnings raised
    ("warned", "i8"),  # 1: entries to arrears that were warned of
    ("false_alarms", "i8"),  # 1: warnings that ended without arrears
    ("lead_months", "i8"),  # month: from warning to arrears, summed
    ("restructured", "i8", PROGRAMMES),  # 1: plans agreed, by programme
    ("entries", "i8", 6),  # 1: entries to arrears, by cause
)
"""Stocks at month end and flows of the month, summed over borrowers."""

MONTH = record(
    ("separation", "f4"),  # 1/month: hazard of job loss of the mean borrower
    ("find_early", "f4"),  # 1/month: hazard of finding a job early in a spell
    ("find_late", "f4"),  # 1/month
    ("wage", "f4"),  # 1: factor on usual pay
    ("price", "f4"),  # 1: factor on necessities
    ("transfer", "f4"),  # 1: one-off payment to everybody over usual pay
    ("keep", "f4"),  # 1: share of pay that the furloughed keep
    ("rate_move", "f4"),  # 1/month: policy rate since the first month
    ("furlough_16", "i4"),  # 1/2**16: share of the employed on short pay
)
"""What a month of a path holds for everybody."""

LENDER = record(
    ("supply", "f4"),  # 1: share of lines and new loans that are granted
    ("tightening", "f4"),  # 1: part of supply that is withdrawn from a borrower of the middle score
    ("recovery", "f4"),  # 1: factor on the hazard of recovering a claim
    ("full_use", "f4"),  # 1: use of a line that raises a warning
    ("supply_16", "i4"),  # 1/2**16: the same as `supply`
    ("forget", "i4"),  # 1/2**31: chance of forgetting a due date
    ("misread", "i4"),  # 1/2**31: chance of misreading the terms at the first due date
    ("strategy", "i4"),  # 1/2**31: chance that a strategic borrower stops paying
    ("resolved", "i4"),  # 1/2**31: chance that one who stopped stays away
    ("warn_below", "i4"),  # point: score that raises a warning
    ("freeze_below", "i4"),  # point: score that bars a line
    ("watches", "i4"),  # 1 if the lender looks at scores before arrears
    ("freezes", "i4"),  # 1 if a warning bars a line
    ("defer", "i4"),  # 1/2**31: chance that payments of a borrower in need are deferred
    ("offer", "i4", PROGRAMMES),  # 1/2**31: chance of an agreed plan, by programme
    ("give_up", "i4", DEPTHS),  # 1/2**31: chance of not trying to pay, by unpaid due dates
)
"""What a month of a path holds for the loans of a lender."""

PROGRAMME = record(
    ("rate_kept", "f4"),  # 1: share of the contract's rate
    ("forgiven", "f4"),  # 1: share of the balance
    ("fee", "f4"),  # 1: share of the balance
    ("from_depth", "i4"),  # 1: fewest unpaid due dates that are eligible
    ("to_depth", "i4"),  # 1: most
    ("extension", "i4"),  # 1: more due dates
    ("holiday", "i4"),  # month
    ("probation", "i4"),  # month
    ("unkept", "i4", DEPTHS),  # 1/2**31: chance a month that the plan is not kept, by unpaid due dates
)
"""Terms of a restructuring programme."""

PRODUCT = record(
    ("minimum_share", "f4"),  # 1: minimum payment over the bill
    ("late_rate", "f4"),  # 1/month: charge on what is overdue
    ("recovery_hazard", "f4"),  # 1/month: of a new claim
    ("rate_pass", "f4"),  # 1: part of a move of the policy rate that reaches the loan
    ("effort", "f4"),  # 1: share of necessities that the borrower goes without for a payment
    ("revolving", "i4"),  # 1 for a line, 0 for an instalment loan
    ("minimum_payment", "i4"),  # minor unit
    ("prepay", "i4"),  # 1/2**31: a draw at or above it settles the loan
    ("write_off", "i4"),  # 1: unpaid due dates
    ("relet", "i4"),  # 1/2**31: chance a month that a closed loan is granted anew
    ("bankrupt", "i4"),  # 1/2**31: chance of a bankruptcy at two unpaid due dates
)
"""Rules of a product."""

MODEL = record(
    ("persistence", "f4"),  # 1: of lasting pay, a month
    ("width", "f4"),  # 1: half the range of the monthly shock to lasting pay
    ("fall_keep", "f4"),  # 1: what a rare fall of lasting pay leaves
    ("passing_scale", "f4"),  # 1: of the passing shock
    ("passing_centre", "f4"),  # 1: that makes its mean 1
    ("frugal_cost", "f4"),  # 1: share of necessities that the poorly paid spend
    ("expense_mean", "f4"),  # 1: of a rare expense, over usual pay
    ("saving", "f4"),  # 1: share of a surplus that goes into the buffer
    ("spend_excess", "f4"),  # 1/month: share of what the buffer has above its target that is spent
    ("forgone", "f4"),  # 1: part of ordinary spending on a line that stops when the line is cut
    ("low_pay", "f4"),  # 1: share of usual pay below which pay is poor
    ("claim_fade", "f4"),  # 1: monthly factor on the hazard of recovery
    ("full_recovery", "f4"),  # 1: share of recoveries that are in full
    ("partial_recovery", "f4"),  # 1: mean of the others, over the claim
    ("apply", "f4"),  # 1/month: chance of an application with a job and enough cash
    ("apply_short", "f4"),  # 1/month: chance of one when short of cash
    ("approve_from", "f4"),  # point: score at or below which nothing is granted
    ("approve_slope", "f4"),  # 1/point
    ("tighten_middle", "f4"),  # point: score at which supply is tightened by the mean
    ("tighten_slope", "f4"),  # 1/point: how much more below it
    ("use_points", "f4"),  # point: score lost between an empty and a full line, half of it
    ("early_months", "i4"),  # month: that count as early in a spell without a job
    ("benefit_months", "i4"),  # month: that insurance pays
    ("fall_from_16", "i4"),  # 1/2**16: a draw at or above it is a fall of lasting pay
    ("renewing", "i4"),  # 1 if finished loans are granted anew and lines are used
    ("arrears_points", "i4"),  # point: for each unpaid due date remembered
    ("loan_points", "i4"),  # point: for each open loan beyond two
    ("inquiry_points", "i4"),  # point: for each application remembered
    ("forget_arrears", "i4"),  # 1/256: share of the score's memory that fades in a month
    ("forget_inquiries", "i4"),  # 1/256: share of the bureau's memory
    ("sicr_drop", "i4"),  # point: fall of the score that is a significant increase in credit risk
    ("enter", "i4"),  # 1/2**31: chance a month that a new borrower takes the place of one who lost all credit
    ("broken_resolve", "i4"),  # 1/2**31: chance of not trying to pay after a broken plan
    ("warning_window", "i4"),  # month: that a warning holds; 0 if no lender looks at scores
)
"""Parameters that hold for everybody in every month."""


class Book(NamedTuple):
    """Borrowers (block), loans (slot), where each block's slots begin (block + 1), and whose each slot is (slot)."""

    borrowers: Array
    loans: Array
    first_slot: Array
    slots: Array


class Span(NamedTuple):
    """Blocks first_block ... end_block - 1, and the first month that random numbers are counted from."""

    first_block: int
    end_block: int
    first_month: int


class Key(NamedTuple):
    """Low and high word of the seed."""

    low: Any
    high: Any


class Draw(NamedTuple):
    """Coordinates of a month's random numbers beside the borrower."""

    month: Any
    path: Any
    key: Key


class Economy(NamedTuple):
    """MONTH records (path, month) and LENDER records (path, month, lender)."""

    months: Array
    lenders: Array


class Rules(NamedTuple):
    """Parameters of everybody, PRODUCT records (product) and PROGRAMME records (programme)."""

    model: Any
    products: Array
    programmes: Array


def slot_table(product: Array, lender: Array, segment: Array) -> Array:
    """SLOT records of all slots."""
    table = np.zeros(len(product), SLOT)
    table["product"], table["lender"], table["segment"] = product, lender, segment
    return table


def widened(table: Array, kind: np.dtype[np.void], copies: int) -> Array:
    """Copies of opening states, one after another, as records with room for what is not kept between runs."""
    wide = np.zeros((copies, len(table)), kind)
    for name in table.dtype.names or ():
        wide[name] = table[name]
    return wide.reshape(-1)


def numbers(sums: Array) -> Array:
    """SUMS records of any shape as the same memory of whole numbers along one more dimension."""
    return sums.view(np.int64).reshape(*sums.shape, -1)


def summed(sums: Array, axis: int) -> Array:
    """SUMS records added up along a dimension."""
    total = np.ascontiguousarray(numbers(sums).sum(axis))
    return np.asarray(total.view(SUMS)[..., 0])
