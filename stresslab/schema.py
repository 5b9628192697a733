"""Names, dimensions, units and bounds of every dataset, and the one way to refuse a bad one.

Every room reads its vocabulary from here; this module imports none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
import xarray as xr
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


def check(dataset: xr.Dataset, spec: dict[str, Variable], subject: str) -> None:
    """Refuse a dataset that breaks its specification, naming every fault at once.

    dataset : what was given
    spec : `PORTFOLIO` or `MACRO`
    subject : what the message calls it
    Raises InputError naming each variable, the value found, where, and what was expected.
    """
    if faults := variable_faults(dataset, spec):
        raise InputError(subject, faults)


def variable_faults(dataset: xr.Dataset, spec: dict[str, Variable]) -> list[str]:
    """What is wrong with each variable alone: missing, unknown, of a wrong type, not finite, out of bounds."""
    faults = []
    for name, want in spec.items():
        if name not in dataset.variables:
            if want.required:
                faults.append(f"{name}: missing, expected {want.meaning} [{want.unit}] along {want.dim!r}; add it")
        else:
            faults += _faults(name, dataset[name], want)
    if any(not want.required for want in spec.values()):
        strange = sorted(str(name) for name in dataset.data_vars if name not in spec)
        faults += [f"{name}: unknown, expected among {sorted(spec)}; rename or drop it" for name in strange]
    return faults


def _faults(name: str, values: xr.DataArray, want: Variable) -> list[str]:
    """Faults of one variable; empty if there are none."""
    if want.dim not in values.dims:
        return [f"{name}: found dimensions {values.dims}, expected {want.dim!r} among them; rename or transpose"]
    if want.kind == "label":
        labels = values.values.astype(object)
        empty = (labels == "") | pd.isna(labels)
        return [f"{name}: found an empty label, expected a name; fill it"] if empty.any() else []
    if values.dtype.kind not in "biuf":
        return [f"{name}: found type {values.dtype}, expected numbers; convert it"]
    data = values.values
    if want.kind == "flag":
        bad = np.zeros(data.shape, bool) if data.dtype == bool else ~np.isin(data, (0, 1))
        return _report(name, data, bad, "true or false", "use True and False")
    if data.size and want.low <= data.min() and data.max() <= want.high and want.kind == "number":
        return []  # a NaN would have made the comparison false
    finite = np.isfinite(data)
    faults = _report(name, data, ~finite, "a finite number", "fill or drop it yourself")
    unit = f" [{want.unit}]"
    hint = "a rate is a decimal: 0.06, not 6" if want.high <= 5.0 else "check sign and unit"
    faults += _report(name, data, finite & (data < want.low), f">= {want.low:g}{unit}", hint)
    faults += _report(name, data, finite & (data > want.high), f"<= {want.high:,.10g}{unit}", hint)
    if want.kind == "whole":
        faults += _report(name, data, finite & (data != np.floor(data)), "a whole number", "round it yourself")
    return faults


def _report(name: str, data: np.ndarray, bad: np.ndarray, expected: str, advice: str) -> list[str]:
    """One sentence for the first offender and the count of the others."""
    if not bad.any():
        return []
    where = tuple(int(i) for i in np.argwhere(bad)[0])
    at = where[0] if len(where) == 1 else where
    more = int(bad.sum()) - 1
    also = f" (and {more:,} more)" if more else ""
    return [f"{name}: found {data[where]} at position {at}{also}, expected {expected}; {advice}"]


@dataclass(frozen=True)
class Rule:
    """Variables along one dimension that may contradict each other; `broken` takes their values and says where."""

    names: tuple[str, ...]
    broken: Callable[..., Array]
    advice: str


def _cents(amount: Array) -> Array:
    """Amounts as the engine sees them, in minor units: what rounds to nothing is nothing."""
    cents: Array = np.rint(np.asarray(amount, float) * MINOR)
    return cents


RULES = (
    Rule(
        ("jobless_months", "employed"),
        lambda months, employed: (months > 0) & (employed != 0),
        "expected 0 while employed; mend either",
    ),
    Rule(
        ("overdue", "balance"),
        lambda overdue, balance: _cents(overdue) > _cents(balance),
        "expected at most the balance; mend either",
    ),
    Rule(
        ("days_past_due", "overdue", "balance"),
        lambda days, overdue, _: (days > 0) & (_cents(overdue) == 0),
        "expected an amount past due; add it, or set the days to 0 where nothing is owed",
    ),
    Rule(
        ("remaining_months", "tenor_months"),
        lambda remaining, tenor: remaining > tenor,
        "expected at most the tenor, and 0 for a revolving loan (tenor 0); mend either",
    ),
    Rule(
        ("remaining_months", "instalment"),
        lambda remaining, instalment: (remaining > 0) & (_cents(instalment) == 0),
        "expected an instalment for the due dates to come; add it",
    ),
    Rule(
        ("instalment", "tenor_months"),
        lambda instalment, tenor: (tenor == 0) & (_cents(instalment) > 0),
        "expected 0 for a revolving loan (tenor 0); add the tenor or set the instalment to 0",
    ),
    Rule(
        ("balance", "tenor_months", "remaining_months", "overdue"),
        lambda balance, tenor, remaining, overdue: (
            (_cents(balance) > 0) & (tenor > 0) & (remaining == 0) & (_cents(overdue) == 0)
        ),
        "expected due dates to come or an amount overdue; mend one",
    ),
    Rule(
        ("transactor", "tenor_months"),
        lambda transactor, tenor: (transactor != 0) & (tenor > 0),
        "expected False for an instalment loan; set it",
    ),
    Rule(
        ("balance", "written_off"),
        lambda balance, written_off: (_cents(balance) > 0) & (written_off != 0),
        "expected 0; move what is still owed to claim",
    ),
)


def portfolio_faults(portfolio: xr.Dataset) -> list[str]:
    """All that is wrong with a portfolio: each variable alone, and variables that contradict each other."""
    return variable_faults(portfolio, PORTFOLIO) + contradictions(portfolio)


def contradictions(portfolio: xr.Dataset) -> list[str]:
    """What is wrong between the variables of a portfolio; `variable_faults` sees each of them alone.

    portfolio : Dataset, perhaps with variables missing: what needs them is not looked at
    Returns one sentence for each fault; empty if there are none. Amounts are compared in whole minor units.
    """
    sizes = {dim: portfolio.sizes.get(dim, 0) for dim in ("borrower", "loan")}
    if 0 in sizes.values():
        return [f"portfolio: found sizes {sizes}, expected a borrower and a loan; add some"]
    faults = [
        f"{name}: found dimensions {portfolio[name].dims}, expected ({want.dim!r},); select or rename"
        for name, want in PORTFOLIO.items()
        if name in portfolio.variables and want.dim in portfolio[name].dims and portfolio[name].ndim > 1
    ]
    faults += _link_faults(portfolio, sizes["borrower"])
    for rule in RULES:
        values = [_values(portfolio, name) for name in rule.names]
        if all(one is not None for one in values):
            faults += _broken(rule, values)
    return faults


def _values(portfolio: xr.Dataset, name: str) -> Array | None:
    """Values of a variable that can be compared; None where it is refused already."""
    if name not in portfolio.variables or portfolio[name].dims != (PORTFOLIO[name].dim,):
        return None
    values: Array = portfolio[name].values
    if PORTFOLIO[name].kind == "label":
        return values.astype(object)
    return values if values.dtype.kind in "biuf" else None


def _link_faults(portfolio: xr.Dataset, borrowers: int) -> list[str]:
    """Ids that repeat, loans of nobody, products of two kinds, an own lender who lends nothing."""
    faults = []
    ids, owner = _values(portfolio, "borrower_id"), _values(portfolio, "borrower")
    product, tenor, lender = (_values(portfolio, name) for name in ("product", "tenor_months", "lender"))
    if ids is not None and (again := pd.Series(ids).duplicated().values).any():
        more = _more(int(again.sum()) - 1, " such")
        faults.append(f"borrower_id: found {ids[again][0]} more than once{more}, expected each once; renumber")
    if owner is not None and (owner >= borrowers).any():
        where = np.flatnonzero(owner >= borrowers)
        faults.append(
            f"borrower: found {owner[where[0]]} at position {where[0]}{_more(where.size - 1)}, "
            f"expected a position 0 ... {borrowers - 1} of a borrower; re-index"
        )
    if product is not None and tenor is not None:
        code, names = pd.factorize(product)
        with_tenor = np.bincount(code, tenor > 0, len(names)) > 0
        without = np.bincount(code, tenor == 0, len(names)) > 0
        both = sorted(map(str, names[with_tenor & without]))
        faults += [
            f"product: found {name!r} with tenor_months 0 and above, expected its loans all revolving or all not; "
            "split it in two"
            for name in both
        ]
    own = portfolio.attrs.get("own_lender")
    lenders = [] if lender is None else sorted(map(str, pd.unique(lender)))
    if lenders and own and own not in lenders:
        faults.append(f"attrs['own_lender']: found {own!r}, expected one of {lenders[:8]}; name it as its loans do")
    return faults


def _broken(rule: Rule, values: list[Any]) -> list[str]:
    """One sentence for the first offender of a rule and the count of the others."""
    where = np.flatnonzero(rule.broken(*values))
    if where.size == 0:
        return []
    first = where[0]
    others = " and ".join(f"{name} {one[first]}" for name, one in zip(rule.names[1:], values[1:], strict=True))
    at = f"at position {first}{_more(where.size - 1)}"
    return [f"{rule.names[0]}: found {values[0][first]} with {others} {at}, {rule.advice}"]


def _more(count: int, of: str = "") -> str:
    """How many others there are, in brackets; nothing if none.

    >>> _more(2), _more(0)
    (' (and 2 more)', '')
    """
    return f" (and {count:,} more{of})" if count else ""
