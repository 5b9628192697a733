"""Where each number of a block of borrowers stands: the rows that `blocks` fills and `kernel` reads.

A block is LANES borrowers with the same list of loans; a row is one variable over the lanes, so that every loop of the
kernel runs along lanes with unit stride. Rows stand one after another in one flat array; a row's name is where it
begins.
"""

from __future__ import annotations

LANES = 256
"""Borrowers in a block: enough to fill vector registers, few enough for their state to stay in the nearest caches."""

# Borrower rows, int32: state, then what is derived. POINTS is the application score; INQUIRIES counts in 256ths;
# BUREAU is the score as far as every lender sees the same. VACANCIES runs along slots: how many may apply there.
ID, NECESSITIES, BUFFER, TARGET, JOBLESS, STRATEGIC, POINTS, INQUIRIES, LOANS = (LANES * row for row in range(9))
PAY, SHORT_PAID, CASH, NEED, NEEDS, ASKED, HELD, BUREAU, VACANCIES = (LANES * row for row in range(9, 18))
PERSON_STATE, PERSON_ROWS = 9, 18

# Borrower rows, float32.
INCOME, LEVEL, RISK, SUPPORT, BENEFIT = (LANES * row for row in range(5))
PERSON_REALS = 5

# Loan rows, int32: state; what begins with the path (marks, plans, warnings); scratch of the month.
BALANCE, ARREARS, MISSED, HURDLE, REMAINING, INSTALMENT, LIMIT, USUAL = (LANES * row for row in range(8))
TENOR, TRANSACTOR, CLOSED, CLAIM, SALT, SCORE, MEMORY = (LANES * row for row in range(8, 15))
MARKS, PLAN, HOLIDAY, DEPTH, CONTRACT, WARNED = (LANES * row for row in range(15, 21))
BEFORE, INTEREST, DUE, PAYABLE, DRAWN, WORD = (LANES * row for row in range(21, 27))
LOAN_STATE, LOAN_PATH_STATE, LOAN_ROWS = 15, 21, 27

# Loan rows, float32: state, then the contract's rate while a plan holds.
RATE, CLAIM_HAZARD, CONTRACT_RATE = (LANES * row for row in range(3))
LOAN_REALS, LOAN_REAL_ROWS = 2, 3

# Bits of MARKS: no drawing; in a plan or after one until all is paid; warned of and eligible for relief before a miss.
BARRED, PLANNED, OFFERED = 1, 2, 4
NO_NEW_CREDIT = BARRED | PLANNED
BROKEN = 1_000_000
"""PLAN of a borrower who broke it; else months of probation left, negative if he was 90 days late when it began."""

PROGRAMMES = 4
"""Restructuring programmes that may run beside each other, each with a chance of an agreed offer of its own."""

# Sums over the lanes of a slot at month end, int64: eight buckets twice, then flows, then entries by six causes.
C_BALANCE, C_ACCOUNTS, C_UNDRAWN, C_DRAWN, C_ORIGINATED, C_INTEREST, C_FEES, C_PAID = 0, 8, 16, 17, 18, 19, 20, 21
C_FORGIVEN, C_WRITTEN_OFF, C_RECOVERED, C_DEFAULTED, C_WATCHED, C_FORBORNE = 22, 23, 24, 25, 26, 27
C_REDEFAULTED, C_FLAGGED, C_WARNED, C_FALSE_ALARMS, C_LEAD, C_RESTRUCTURED = range(28, 34)
C_PROVING, C_ENTRIES, COLUMNS = 37, 38, 44

# What a month of a path holds for everybody: float32, then a threshold of 16 bits.
SEPARATION, FIND_EARLY, FIND_LATE, WAGE, KEEP, RATE_MOVE, MONTH_REALS = range(7)
FURLOUGH_16, MONTH_WHOLES = range(2)

# What it holds for a lender's loans: float32, then thresholds of 16 bits (supply) and 31 bits, then scores.
SUPPLY, RECOVERY, FULL_USE, LENDER_REALS = range(4)
SUPPLY_16, FORGET, MISREAD, STRATEGY, RESOLVED, WARN_BELOW, FREEZE_BELOW, FREEZES, OFFER = range(9)
GIVE_UP = OFFER + PROGRAMMES
DEPTHS = 12
"""Depths of arrears (unpaid due dates) with a giving-up probability of their own; deeper ones share the last."""
LENDER_WHOLES = GIVE_UP + DEPTHS

# Terms of a restructuring programme; KEPT_FROM is the first of DEPTHS chances a month that the plan is not kept.
RATE_KEPT, FORGIVEN, PLAN_FEE, RELIEF_REALS = range(4)
FROM_DEPTH, TO_DEPTH, EXTENSION, HOLIDAY_MONTHS, PROBATION, UNKEPT = range(6)
RELIEF_WHOLES = UNKEPT + DEPTHS

# Parameters that hold for everybody in every month.
PERSISTENCE, WIDTH, FALL_KEEP, PASSING_SCALE, PASSING_CENTRE, FRUGAL_COST = range(6)
EXPENSE_INVERSE, EXPENSE_MEAN, SAVING, LOW_PAY, CLAIM_FADE, FULL_RECOVERY, PARTIAL_RECOVERY = range(6, 13)
APPLY, APPLY_SHORT, APPROVE_FROM, APPROVE_SLOPE, USE_POINTS, MODEL_REALS = range(13, 19)
EARLY_MONTHS, BENEFIT_MONTHS, FALL_FROM_16, EXPENSE_16, RENEWAL = range(5)
ARREARS_POINTS, LOAN_POINTS, INQUIRY_POINTS, FORGET_ARREARS, FORGET_INQUIRIES, SICR_DROP = range(5, 11)
BROKEN_RESOLVE, WARNING_WINDOW, MODEL_WHOLES = range(11, 14)

# Parameters of a product.
MINIMUM_SHARE, LATE_RATE, RECOVERY_HAZARD, RATE_PASS, PRODUCT_REALS = range(5)
REVOLVING, MINIMUM_PAYMENT, PREPAY, WRITE_OFF, RELET, PRODUCT_WHOLES = range(6)
