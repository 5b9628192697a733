"""Names, dimensions, units and bounds of every dataset, and the one way to refuse a bad one.

Every room reads its vocabulary from here; this module imports none of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

MINOR = 100
"""Minor units (fen, cents) in one unit of currency."""

LARGEST_AMOUNT = (2**31 - 1) / MINOR
"""Largest amount [currency] that a 32-bit count of minor units can hold: 21,474,836.47."""

BUCKETS = ("current", "30-59", "60-89", "90-119", "120-179", "180-269", "270-359", "360+")
"""Days-past-due buckets at month end; 1 to 29 days live and die inside the month."""

BUCKET_FLOOR = (0, 1, 2, 3, 4, 6, 9, 12)
"""Unpaid due dates at which each bucket begins (one due date is 30 days)."""

STAGES = (1, 2, 3)
"""IFRS 9 stages. 1; 2: 30-89 days past due (5.5.11), score fallen, or forborne in probation; 3: 90+ (B5.5.37), or
forborne after 90+ and still in probation."""

CAUSES = ("job loss", "income loss", "illiquidity", "strategic", "forgetting", "misunderstanding")
"""Why a loan that was current missed its due date."""

STOCKS = ("balance", "accounts", "stage_balance", "undrawn_limit", "forborne_balance")
FLOWS = (
    "drawn",
    "originated",
    "interest",
    "fees",
    "paid",
    "forgiven",
    "written_off",
    "recovered",
    "defaulted",
)
"""Flows in the month [currency]; month 0 is the start and has none."""


class InputError(ValueError):
    """Input that cannot be used, with every fault named at once.

    faults : one sentence each: the variable, the value found, what was expected, what to do.

    >>> raise InputError("portfolio", ["income: found -1, expected >= 0; give monthly income"])
    Traceback (most recent call last):
    ...
    stresslab.schema.InputError: portfolio: 1 fault
      - income: found -1, expected >= 0; give monthly income
    """

    def __init__(self, subject: str, faults: Iterable[str]) -> None:
        self.subject = subject
        self.faults = list(faults)
        count = f"{len(self.faults)} fault" + ("s" if len(self.faults) != 1 else "")
        super().__init__("\n  - ".join([f"{subject}: {count}", *self.faults]))


@dataclass(frozen=True)
class Variable:
    """One variable of a dataset: where it lives, what it counts, what it may be."""

    dim: str
    unit: str
    meaning: str
    low: float = 0.0
    high: float = LARGEST_AMOUNT
    kind: Literal["number", "whole", "flag", "label"] = "number"
    required: bool = True


PORTFOLIO: dict[str, Variable] = {
    "borrower_id": Variable(
        "borrower", "1", "number that names the borrower; random draws hang on it", high=2**32 - 1, kind="whole"
    ),
    "income": Variable("borrower", "currency/month", "usual pay while employed"),
    "pay_level": Variable("borrower", "1", "lasting pay relative to usual pay", high=100.0),
    "necessities": Variable("borrower", "currency/month", "rent, food and other costs that come first"),
    "liquid_buffer": Variable("borrower", "currency", "cash and deposits now"),
    "buffer_target": Variable("borrower", "currency", "the buffer he saves up to"),
    "job_loss_risk": Variable("borrower", "1", "job-loss hazard over that of the mean borrower", high=1000.0),
    "employed": Variable("borrower", "1", "has a job now", kind="flag"),
    "jobless_months": Variable(
        "borrower", "month", "months since the job was lost; 0 while employed", high=1200, kind="whole"
    ),
    "insured": Variable("borrower", "1", "draws unemployment insurance when jobless", kind="flag"),
    "household_support": Variable("borrower", "1", "share of own pay that the household gives while jobless", high=1.0),
    "strategic": Variable("borrower", "1", "may stop paying although he could", kind="flag"),
    "score": Variable("borrower", "1", "application score; higher is safer", high=1000.0),
    "inquiries": Variable("borrower", "1", "applications for credit that the bureau remembers", high=1200.0),
    "borrower": Variable("loan", "1", "position of the borrower who owes it", high=2**32 - 1, kind="whole"),
    "lender": Variable("loan", "", "who lent it", kind="label"),
    "product": Variable("loan", "", "which product's rules it follows", kind="label"),
    "balance": Variable("loan", "currency", "owed now, accrued interest included"),
    "limit": Variable("loan", "currency", "credit line (revolving) or amount granted (instalment)"),
    "usual_balance": Variable(
        "loan", "currency", "bill that spending returns to (revolving) or amount granted at renewal (instalment)"
    ),
    "annual_rate": Variable("loan", "1/year", "contract rate", high=5.0),
    "tenor_months": Variable(
        "loan", "month", "months from grant to last instalment; 0 if revolving", high=600, kind="whole"
    ),
    "remaining_months": Variable("loan", "month", "due dates still to come; 0 if revolving", high=600, kind="whole"),
    "instalment": Variable("loan", "currency/month", "contractual payment; 0 if revolving"),
    "transactor": Variable("loan", "1", "pays the whole bill when he can (revolving)", kind="flag"),
    "days_past_due": Variable("loan", "day", "days since the oldest unpaid due date", high=36_000, kind="whole"),
    "overdue": Variable("loan", "currency", "amount past due, part of the balance"),
    "score_change": Variable(
        "loan",
        "1",
        "points of the behavioural score that the lender uses above the application's",
        low=-1e6,
        high=1e6,
        kind="whole",
    ),
    "recent_arrears": Variable("loan", "1", "unpaid due dates that the score remembers", high=1200.0),
    "priority": Variable("loan", "1", "who is paid first: lower first", high=100.0),
    "own_share": Variable("loan", "1", "funded by the lender of record, against partners", high=1.0),
    "written_off": Variable("loan", "1", "written off and closed to new credit", kind="flag"),
    "claim": Variable("loan", "currency", "written off and still owed"),
    "claim_months": Variable("loan", "month", "months since the write-off", high=1200, kind="whole"),
}
"""Portfolio: dimensions `borrower` and `loan`; attrs `currency`, `as_of`, `own_lender`, `preset`."""

MACRO: dict[str, Variable] = {
    "unemployment_rate": Variable("month", "1", "unemployed over labour force", low=0.0, high=0.6),
    "real_income_growth": Variable(
        "month", "1/year", "growth of real disposable income, annual rate", low=-0.99, high=2.0
    ),
    "gdp_growth": Variable("month", "1/year", "growth of real GDP, annual rate", low=-0.99, high=2.0, required=False),
    "inflation": Variable(
        "month", "1/year", "consumer price inflation, annual rate", low=-0.99, high=10.0, required=False
    ),
    "policy_rate": Variable("month", "1/year", "short-term interest rate", low=-0.1, high=2.0, required=False),
    "furlough_share": Variable("month", "1", "share of the employed on short pay", high=1.0, required=False),
    "furlough_income_loss": Variable(
        "month", "1", "share of pay a furloughed borrower loses", high=1.0, required=False
    ),
    "collections_capacity": Variable(
        "month", "1", "contact with late payers over normal contact", high=2.0, required=False
    ),
    "line_supply": Variable(
        "month", "1", "share of open lines and renewals that lenders grant", high=1.0, required=False
    ),
}
"""Macro: dimensions `month`, or `path` and `month`, and perhaps `scenario`; `month` counts 1, 2, ... from the start."""

MACRO_NEUTRAL = {"furlough_share": 0.0, "furlough_income_loss": 0.0, "collections_capacity": 1.0, "line_supply": 1.0}
"""What an optional macro variable is where a scenario does not speak of it."""


def bucket_of(missed: np.ndarray) -> np.ndarray:
    """Bucket number of a count of unpaid due dates.

    missed : whole numbers, any shape
    Returns integers 0 ... 7 of the same shape, positions in `BUCKETS`.

    >>> bucket_of(np.array([0, 1, 5, 10, 40]))
    array([0, 1, 4, 6, 7])
    """
    return np.searchsorted(BUCKET_FLOOR, missed, side="right") - 1
