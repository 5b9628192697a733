"""Where each number of a block of borrowers stands: the rows that `blocks` fills and `kernel` reads.

A block is LANES borrowers with the same list of loans; a row is one variable over the lanes, so that every loop of the
kernel runs along lanes with unit stride. Rows stand one after another in one flat array; a row's name is where it
begins.
"""

from __future__ import annotations

LANES = 256
"""Borrowers in a block: enough to fill vector registers, few enough for their state to stay in the nearest caches."""

# Borrower rows, int32: state, then scratch of the month.
ID, NECESSITIES, BUFFER, TARGET, JOBLESS, STRATEGIC = (LANES * row for row in range(6))
PAY, SHORT_PAID, CASH, NEED = (LANES * row for row in range(6, 10))
PERSON_STATE, PERSON_ROWS = 6, 10

# Borrower rows, float32.
INCOME, LEVEL, RISK, SUPPORT, BENEFIT = (LANES * row for row in range(5))
PERSON_REALS = 5

# Loan rows, int32: state, then scratch of the month.
BALANCE, ARREARS, MISSED, HURDLE, REMAINING, INSTALMENT, LIMIT, USUAL = (LANES * row for row in range(8))
TENOR, TRANSACTOR, CLOSED, CLAIM, SALT = (LANES * row for row in range(8, 13))
BEFORE, INTEREST, DUE, PAYABLE, DRAWN, WORD = (LANES * row for row in range(13, 19))
LOAN_STATE, LOAN_ROWS = 13, 19

# Loan rows, float32.
RATE, CLAIM_HAZARD = (LANES * row for row in range(2))
LOAN_REALS = 2

# Sums over the lanes of a slot at month end, int64: eight buckets twice, then flows, then entries by five causes.
C_BALANCE, C_ACCOUNTS, C_UNDRAWN, C_DRAWN, C_ORIGINATED, C_INTEREST, C_FEES, C_PAID = 0, 8, 16, 17, 18, 19, 20, 21
C_FORGIVEN, C_WRITTEN_OFF, C_RECOVERED, C_DEFAULTED, C_ENTRIES, COLUMNS = 22, 23, 24, 25, 26, 31

# What a month of a path holds for everybody: float32, then thresholds of 16 bits (furlough, supply) and 31 bits.
SEPARATION, FIND_EARLY, FIND_LATE, WAGE, KEEP, SUPPLY, MONTH_REALS = range(7)
FURLOUGH_16, SUPPLY_16, FORGET, STRATEGY, RESOLVED, GIVE_UP = range(6)
DEPTHS = 12
"""Depths of arrears (unpaid due dates) with a giving-up probability of their own; deeper ones share the last."""
MONTH_WHOLES = GIVE_UP + DEPTHS

# Parameters that hold for everybody in every month.
PERSISTENCE, WIDTH, FALL_KEEP, PASSING_SCALE, PASSING_CENTRE, FRUGAL_COST = range(6)
EXPENSE_INVERSE, EXPENSE_MEAN, SAVING, LOW_PAY, CLAIM_FADE, FULL_RECOVERY, PARTIAL_RECOVERY = range(6, 13)
MODEL_REALS = 13
EARLY_MONTHS, BENEFIT_MONTHS, FALL_FROM_16, EXPENSE_16, RENEWAL, MODEL_WHOLES = range(6)

# Parameters of a product.
MINIMUM_SHARE, LATE_RATE, RECOVERY_HAZARD, PRODUCT_REALS = range(4)
REVOLVING, MINIMUM_PAYMENT, PREPAY, WRITE_OFF, RELET, PRODUCT_WHOLES = range(6)
