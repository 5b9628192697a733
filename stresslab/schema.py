"""Names, dimensions, units and bounds of every dataset, and the error that names all faults of a bad one.

Every room reads its vocabulary from here; this module imports none of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

Array = NDArray[Any]


def presets() -> list[str]:
    """Names of the presets that come with the package.

    >>> presets()
    ['china-online', 'us-card']
    """
    names = (entry.name for entry in (resources.files("stresslab") / "presets").iterdir())
    return sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml"))


MINOR = 100
"""Minor units (fen, cents) in one unit of currency."""

LARGEST_AMOUNT = (2**31 - 1) / MINOR
"""Largest amount [currency] that a 32-bit count of minor units can hold: 21,474,836.47."""

LARGER_UNIT = "count all amounts in thousands and say so with unit=1000 in read_portfolio or attrs['unit'] = 1000"
"""What to do about amounts that are too large."""

BUCKETS = ("current", "30-59", "60-89", "90-119", "120-179", "180-269", "270-359", "360+")
"""Days-past-due buckets at month end; arrears of 1 to 29 days begin and end within a month and count as current."""

BUCKET_FLOOR = (0, 1, 2, 3, 4, 6, 9, 12)
"""Unpaid due dates at which each bucket begins (one due date is 30 days)."""

PERFORMING = slice(0, 3)
"""Buckets below 90 days past due: not in default."""

PAST_DUE = slice(1, None)
"""Buckets from 30 days past due: in arrears."""

DEFAULTED = slice(3, None)
"""Buckets from 90 days past due: in default (Basel CRE20.74, IFRS 9 B5.5.37)."""

STAGES = (1, 2, 3)
"""IFRS 9 stages. 1; 2: 30-89 days past due (5.5.11), score fallen, or forborne in probation; 3: 90+ (B5.5.37), or
forborne after 90+ and still in probation."""

CAUSES = ("job_loss", "income_loss", "illiquidity", "strategic", "forgetting", "misunderstanding")
"""Why a loan that was current missed its due date."""

CAUSE_LABELS = {
    "job_loss": "job loss",
    "income_loss": "income loss",
    "illiquidity": "illiquidity",
    "strategic": "strategic",
    "forgetting": "forgetting",
    "misunderstanding": "misunderstanding",
}
"""What plots and tables print for each of `CAUSES`."""

MEASURES = ("arrears_rate", "entries_to_arrears", "loss")
"""What the amplification of a second round is measured on, of all lenders over all months: mean share of the balance in
arrears, loans that fell into arrears, and realised loss."""

MEASURE_LABELS = {"arrears_rate": "arrears rate", "entries_to_arrears": "entries to arrears", "loss": "loss"}
"""What plots and tables print for each of `MEASURES`."""

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


_LONG_WORD = re.compile(r"(\S{100})\S{200,}?(?=['\",;:.]*(?:\s|$))")
"""No word of a sentence, but the input itself: a name of thousands of characters, a file in place of its path."""


class InputError(ValueError):
    """Input that cannot be used, with every fault named at once.

    Parameters
    ----------
    subject : str
        What was refused: the function or the dataset.
    faults : iterable of str
        One sentence for each fault: the variable, the value found, what was expected, what to do.

    Attributes
    ----------
    subject : str
        As given.
    faults : list of str
        As given, each once, words of more than 300 characters cut.

    Examples
    --------
    >>> raise InputError("portfolio", ["income: found -1, expected >= 0; give monthly income"])
    Traceback (most recent call last):
    ...
    stresslab.schema.InputError: portfolio: 1 fault
      - income: found -1, expected >= 0; give monthly income
    """

    def __init__(self, subject: str, faults: Iterable[str]) -> None:
        self.subject = _LONG_WORD.sub(r"\1...", subject)
        self.faults = list(dict.fromkeys(_LONG_WORD.sub(r"\1...", fault) for fault in faults))
        count = f"{len(self.faults)} fault" + ("s" if len(self.faults) != 1 else "")
        super().__init__("\n  - ".join([f"{self.subject}: {count}", *self.faults]))

    def __reduce__(self) -> tuple[Any, ...]:
        return InputError, (self.subject, self.faults)  # as a process sends it to another one


@dataclass(frozen=True)
class Variable:
    """One variable of a dataset: its dimensions, its unit, its meaning and what it may be."""

    dims: tuple[str, ...]
    unit: str
    meaning: str
    low: float = 0.0
    high: float = LARGEST_AMOUNT
    kind: Literal["number", "whole", "flag", "label"] = "number"
    required: bool = True


BORROWER, LOAN, MONTH = ("borrower",), ("loan",), ("month",)
CONSTANT: tuple[str, ...] = ()

KINDS: dict[str, Any] = {"flag": bool, "whole": np.int64, "number": np.float64, "label": np.str_}
"""Type of a variable by its kind."""
PORTFOLIO: dict[str, Variable] = {
    "borrower_id": Variable(
        BORROWER, "1", "number that names the borrower and selects the random draws", high=2**63 - 1, kind="whole"
    ),
    "income": Variable(BORROWER, "currency/month", "usual pay while employed"),
    "pay_level": Variable(BORROWER, "1", "lasting pay relative to usual pay", high=100.0),
    "necessities": Variable(BORROWER, "currency/month", "rent, food and other costs that come first"),
    "liquid_buffer": Variable(BORROWER, "currency", "cash and deposits now"),
    "buffer_target": Variable(BORROWER, "currency", "the buffer that the borrower saves up to"),
    "job_loss_risk": Variable(BORROWER, "1", "job-loss hazard over that of the mean borrower", high=1000.0),
    "expense_risk": Variable(BORROWER, "1", "chance of a rare expense over that of the mean borrower", high=1000.0),
    "employed": Variable(BORROWER, "1", "has a job now", kind="flag"),
    "jobless_months": Variable(
        BORROWER, "month", "months since the job was lost; 0 while employed", high=1200, kind="whole"
    ),
    "insured": Variable(BORROWER, "1", "draws unemployment insurance when jobless", kind="flag"),
    "household_support": Variable(BORROWER, "1", "share of own pay that the household gives while jobless", high=1.0),
    "strategic": Variable(BORROWER, "1", "may stop paying although able to", kind="flag"),
    "score": Variable(BORROWER, "1", "application score; higher is safer", high=1000.0),
    "inquiries": Variable(BORROWER, "1", "applications for credit that the bureau remembers", high=1200.0),
    "borrower": Variable(LOAN, "1", "position of the borrower who owes it", high=2**32 - 1, kind="whole"),
    "lender": Variable(LOAN, "", "who lent it", kind="label"),
    "product": Variable(LOAN, "", "which product's rules it follows", kind="label"),
    "balance": Variable(LOAN, "currency", "owed now, accrued interest included"),
    "limit": Variable(LOAN, "currency", "credit line (revolving) or amount granted (instalment)"),
    "usual_balance": Variable(
        LOAN, "currency", "bill that spending returns to (revolving) or amount granted at renewal (instalment)"
    ),
    "annual_rate": Variable(LOAN, "1/year", "contract rate", high=5.0),
    "tenor_months": Variable(
        LOAN, "month", "months from grant to last instalment; 0 if revolving", high=600, kind="whole"
    ),
    "remaining_months": Variable(LOAN, "month", "due dates still to come; 0 if revolving", high=600, kind="whole"),
    "instalment": Variable(LOAN, "currency/month", "contractual payment; 0 if revolving"),
    "transactor": Variable(LOAN, "1", "pays the whole bill when able to (revolving)", kind="flag"),
    "days_past_due": Variable(LOAN, "day", "days since the oldest unpaid due date", high=36_000, kind="whole"),
    "overdue": Variable(LOAN, "currency", "amount past due, part of the balance"),
    "score_change": Variable(
        LOAN,
        "1",
        "points of the behavioural score that the lender uses above the application's",
        low=-1e6,
        high=1e6,
        kind="whole",
    ),
    "recent_arrears": Variable(LOAN, "1", "unpaid due dates that the score remembers", high=1200.0),
    "priority": Variable(LOAN, "1", "who is paid first: lower first", high=100.0),
    "own_share": Variable(LOAN, "1", "funded by the lender of record, against partners", high=1.0),
    "written_off": Variable(LOAN, "1", "written off and closed to new credit", kind="flag"),
    "claim": Variable(LOAN, "currency", "written off and still owed"),
    "claim_months": Variable(
        LOAN, "month", "months since the write-off; above 600 nothing is recovered", high=1200, kind="whole"
    ),
}
"""Portfolio: dimensions `borrower` and `loan`; attrs `currency`, `as_of`, `own_lender`, `preset`."""

MACRO: dict[str, Variable] = {
    "unemployment_rate": Variable(MONTH, "1", "unemployed over labour force", low=0.0, high=0.6),
    "real_income_growth": Variable(
        MONTH, "1/year", "growth of real disposable income, annual rate", low=-0.99, high=2.0
    ),
    "gdp_growth": Variable(MONTH, "1/year", "growth of real GDP, annual rate", low=-0.99, high=2.0, required=False),
    "inflation": Variable(
        MONTH, "1/year", "consumer price inflation, annual rate", low=-0.99, high=10.0, required=False
    ),
    "policy_rate": Variable(MONTH, "1/year", "short-term interest rate", low=-0.1, high=2.0, required=False),
    "furlough_share": Variable(MONTH, "1", "share of the employed on short pay", high=1.0, required=False),
    "furlough_income_loss": Variable(MONTH, "1", "share of pay a furloughed borrower loses", high=1.0, required=False),
    "collections_capacity": Variable(
        MONTH, "1", "contact with late payers over normal contact", high=2.0, required=False
    ),
    "line_supply": Variable(
        MONTH, "1", "share of open lines and renewals that lenders grant", high=1.0, required=False
    ),
    "payment_deferral": Variable(
        MONTH, "1", "share of borrowers in need whose payments are deferred by decree", high=1.0, required=False
    ),
    "one_off_transfer": Variable(
        MONTH, "month of pay", "one-off payment to every borrower over usual monthly pay", high=24.0, required=False
    ),
    "real_income_trend": Variable(
        CONSTANT,
        "1/year",
        "normal growth of real income, against which a loss of income counts",
        low=-0.5,
        high=0.5,
        required=False,
    ),
}
"""Macro: dimensions `month`, or `path` and `month`, and perhaps `scenario`; `month` counts 1, 2, ... from the start.
`real_income_trend` is one number, or one for each scenario; without it the `income.normal_growth_annual` of the model
holds."""

MONTHLY = tuple(name for name, variable in MACRO.items() if "month" in variable.dims)
"""Macro variables that have a value for each month."""

BY_LENDER = ("line_supply", "collections_capacity", "payment_deferral")
"""Macro variables that may also stand along `lender` and `product`, where lenders do not all do the same."""

MACRO_NEUTRAL = {
    "furlough_share": 0.0,
    "furlough_income_loss": 0.0,
    "collections_capacity": 1.0,
    "line_supply": 1.0,
    "payment_deferral": 0.0,
    "one_off_transfer": 0.0,
}
"""Value of an optional macro variable that a scenario does not have."""

FACTS = (
    "name",
    "publisher",
    "published",
    "address",
    "frequency",
    "start",
    "filled_in",
    "history",
    "reference",
)
"""What is told of a scenario: attrs of one, labels along `scenario` of several; see `notes.told`."""

PATH_MONTH = ("path", "month")
SEGMENT_MONTH = (*PATH_MONTH, "segment")
RESPONSE_MONTH = (*PATH_MONTH, "response")
TRACED, TRACED_LOAN = (*PATH_MONTH, "traced"), (*PATH_MONTH, "traced_loan")

RESULT: dict[str, Variable] = {
    "balance": Variable((*SEGMENT_MONTH, "bucket"), "currency", "owed at month end, accrued interest included"),
    "accounts": Variable((*SEGMENT_MONTH, "bucket"), "number", "open lines and loans with a balance at month end"),
    "stage_balance": Variable((*SEGMENT_MONTH, "stage"), "currency", "balance by IFRS 9 stage at month end"),
    "undrawn_limit": Variable(SEGMENT_MONTH, "currency", "undrawn part of open credit lines at month end"),
    "forborne_balance": Variable(SEGMENT_MONTH, "currency", "balance in the probation of a restructuring plan"),
    "drawn": Variable(SEGMENT_MONTH, "currency", "drawn on credit lines in the month"),
    "originated": Variable(SEGMENT_MONTH, "currency", "instalment loans granted in the month"),
    "interest": Variable(SEGMENT_MONTH, "currency", "interest charged in the month"),
    "fees": Variable(SEGMENT_MONTH, "currency", "late charges of the month"),
    "paid": Variable(SEGMENT_MONTH, "currency", "paid by borrowers in the month, claims not included"),
    "forgiven": Variable(SEGMENT_MONTH, "currency", "forgiven in restructuring plans in the month"),
    "written_off": Variable(SEGMENT_MONTH, "currency", "written off in the month"),
    "recovered": Variable(SEGMENT_MONTH, "currency", "recovered in the month on claims written off"),
    "defaulted": Variable(SEGMENT_MONTH, "currency", "balance of loans that reached 90 days past due in the month"),
    "discharged": Variable(
        SEGMENT_MONTH, "currency", "part of what was written off that bankruptcies discharged", required=False
    ),
    "deferred": Variable(
        SEGMENT_MONTH, "currency", "payments due in the month that were deferred by decree", required=False
    ),
    "entries_to_arrears": Variable(
        (*SEGMENT_MONTH, "cause"), "number", "loans that were current and missed their due date in the month"
    ),
    "unemployment_rate": Variable(PATH_MONTH, "1", "unemployed share of the borrowers"),
    "line_supply": Variable(SEGMENT_MONTH, "1", "share of open lines and renewals that the lender grants"),
    "contact": Variable(SEGMENT_MONTH, "1", "contact of the lender with late payers over normal contact"),
    "policy_rate": Variable(PATH_MONTH, "1/year", "short-term interest rate, if macro has it", required=False),
    "real_income_trend": Variable(
        CONSTANT, "1/year", "normal growth of real income that the run took", low=-0.5, high=0.5
    ),
    "own_share": Variable(("segment",), "1", "share of the opening balance funded by the lender of record"),
    "due_share": Variable(("segment",), "1", "due at the next due date over the balance of current loans at the start"),
    "transactor_share": Variable(
        ("segment",), "1", "share of the current opening balance owed by those who pay the whole bill"
    ),
    "beyond_year_share": Variable(
        ("segment",), "1", "share of the current opening balance due after more than twelve due dates; 0 for lines"
    ),
    "revolving": Variable(("segment",), "1", "1 for credit lines, 0 for instalment loans"),
    "active": Variable(RESPONSE_MONTH, "1", "the response is active", kind="flag", required=False),
    "contacts": Variable(RESPONSE_MONTH, "number", "late payers that the response contacted", required=False),
    "operating_cost": Variable(RESPONSE_MONTH, "currency", "cost of the response in the month", required=False),
    "restructured": Variable(SEGMENT_MONTH, "number", "restructuring plans agreed in the month", required=False),
    "redefaulted": Variable(SEGMENT_MONTH, "number", "restructuring plans broken in the month", required=False),
    "flagged": Variable(SEGMENT_MONTH, "number", "loans that an early warning flagged in the month", required=False),
    "warned": Variable(SEGMENT_MONTH, "number", "loans that fell into arrears while flagged", required=False),
    "false_alarms": Variable(SEGMENT_MONTH, "number", "flags that ended without arrears", required=False),
    "lead_months": Variable(
        SEGMENT_MONTH, "month", "months from flag to arrears, summed over the loans warned", required=False
    ),
    "amplification": Variable(
        ("path", "measure"), "1", "measure with feedback over the measure without", required=False
    ),
    "amplification_se": Variable(
        ("path", "measure"), "1", "standard error of the amplification over groups of borrowers", required=False
    ),
    "feedback_gap": Variable(
        ("path",),
        "1",
        "mean difference between the conditions used and those that the whole portfolio implies",
        high=1e3,
        required=False,
    ),
    "trace_pay": Variable(TRACED, "currency/month", "pay of the month, or benefit and support", required=False),
    "trace_buffer": Variable(TRACED, "currency", "cash and deposits at month end", required=False),
    "trace_jobless_months": Variable(
        TRACED, "month", "months since the job was lost; 0 while employed", required=False
    ),
    "trace_necessities": Variable(
        TRACED, "currency/month", "necessities and rare expenses of the month", required=False
    ),
    "trace_balance": Variable(TRACED_LOAN, "currency", "owed at month end", required=False),
    "trace_days_past_due": Variable(TRACED_LOAN, "day", "days since the oldest unpaid due date", required=False),
    "trace_due": Variable(TRACED_LOAN, "currency", "asked for in the month, arrears included", required=False),
    "trace_overdue": Variable(TRACED_LOAN, "currency", "amount past due at month end", required=False),
    "trace_claim": Variable(TRACED_LOAN, "currency", "written off and still owed", required=False),
    "trace_score": Variable(TRACED_LOAN, "1", "behavioural score that the lender uses next month", required=False),
    "trace_drawn": Variable(TRACED_LOAN, "currency", "drawn on the credit line in the month", required=False),
    "trace_originated": Variable(TRACED_LOAN, "currency", "granted in the month", required=False),
    "trace_interest": Variable(TRACED_LOAN, "currency", "interest charged in the month", required=False),
    "trace_fees": Variable(TRACED_LOAN, "currency", "late charges of the month", required=False),
    "trace_paid": Variable(TRACED_LOAN, "currency", "paid in the month", required=False),
    "trace_forgiven": Variable(TRACED_LOAN, "currency", "forgiven in the month", required=False),
    "trace_written_off": Variable(TRACED_LOAN, "currency", "written off in the month", required=False),
    "trace_recovered": Variable(TRACED_LOAN, "currency", "recovered in the month on the claim", required=False),
    "trace_contact": Variable(
        TRACED_LOAN, "1", "contact with late payers over normal contact; 0 if not late", required=False
    ),
    "trace_restructured": Variable(TRACED_LOAN, "1", "1 in the month a plan is agreed", required=False),
    "trace_redefaulted": Variable(TRACED_LOAN, "1", "1 in the month a plan is broken", required=False),
    "trace_cause": Variable(
        TRACED_LOAN,
        "1",
        "position in schema.CAUSES of why a current loan missed its due date; -1: none",
        required=False,
    ),
}
"""Result of `simulate`: dimensions `scenario` (if macro has it), `path`, `month` and those named; month 0 is the start.
Not required: with responses, with feedback or with a trace."""

PANEL: dict[str, Variable] = {
    "balance": Variable(("month", "loan"), "currency", "owed at month end, accrued interest included"),
    "claim": Variable(("month", "loan"), "currency", "written off and still owed"),
    "days_past_due": Variable(("month", "loan"), "day", "days since the oldest unpaid due date; 0 without a balance"),
    "overdue_days": Variable(
        ("month", "loan"), "day", "days since the oldest unpaid due date, claims included, counted on after a write-off"
    ),
    "score": Variable(("month", "loan"), "1", "behavioural score that the lender uses next month"),
    "planned": Variable(("month", "loan"), "1", "in a restructuring plan", kind="flag"),
    "jobless_months": Variable(("month", "borrower"), "month", "months since the job was lost; 0 while employed"),
    "pay": Variable(("month", "borrower"), "currency/month", "pay of the month, or benefit and support"),
    "borrower": PORTFOLIO["borrower"],
    "lender": PORTFOLIO["lender"],
    "product": PORTFOLIO["product"],
}
"""Panel of loans and borrowers: dimensions `month`, `loan` and `borrower`."""


def unit_of(dataset: Any) -> float:
    """Currency in one unit of the amounts of a portfolio, result or measure: 1,000 where they are in thousands."""
    return float(dataset.attrs.get("unit", 1.0))


def money_of(attrs: Any) -> str:
    """What amounts are in, to print: their currency, with the unit if it is not 1.

    >>> money_of({"currency": "CNY"}), money_of({"currency": "CNY", "unit": 1000})
    ('CNY', '(1,000 CNY)')
    """
    currency, unit = str(attrs.get("currency", "currency")), float(attrs.get("unit", 1.0))
    return currency if unit == 1.0 else f"({unit:,g} {currency})"


def attrs_of(variable: Variable) -> dict[str, str]:
    """Attrs `units` and `long_name` of a variable."""
    return {"units": variable.unit, "long_name": variable.meaning}


TEXT_OF_ANY_LENGTH = tuple(map(int, xr.__version__.split(".")[:2])) >= (2026, 4)
"""Whether xarray can write it to netCDF."""


def stored_as_text(dataset: xr.Dataset) -> xr.Dataset:
    """The dataset, its labels to be stored as text of any length, for which Zarr 3 has a specification; in place."""
    if not TEXT_OF_ANY_LENGTH:
        return dataset
    for values in dataset.variables.values():
        if values.dtype.kind == "U":
            values.encoding["dtype"] = np.dtypes.StringDType()
    return dataset


def minor_units(amount: Any) -> Array:
    """Whole minor units nearest to amounts of currency, halves to the even one.

    >>> minor_units([12.345, 0.1])
    array([1234,   10])
    """
    whole: Array = np.rint(np.asarray(amount, float) * MINOR).astype(np.int64)
    return whole


def rounded(amount: Any) -> Array:
    """Amounts of currency rounded to minor units, halves to the even one; not finite stays as it is.

    >>> rounded([12.345, 0.1])
    array([12.34,  0.1 ])
    """
    return np.asarray(np.rint(np.asarray(amount, float) * MINOR) / MINOR)


def bucket_of(missed: np.ndarray) -> np.ndarray:
    """Bucket numbers (positions in `BUCKETS`) of counts of unpaid due dates, any shape.

    >>> bucket_of(np.array([0, 1, 5, 10, 40]))
    array([0, 1, 4, 6, 7])
    """
    return np.searchsorted(BUCKET_FLOOR, missed, side="right") - 1
