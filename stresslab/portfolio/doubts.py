"""Doubts about the units of a tape's columns: what the rows prove, and what is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from stresslab.portfolio.imputation import SCALED, months_of_payment
from stresslab.portfolio.units import Money, converted
from stresslab.schema import PORTFOLIO, Array

Place = Callable[[int], str]
Rows = Mapping[str, Array]
Proof = Callable[[Rows, Place], str]

FEWEST_DAYS = 15
"""If no loan is that late, days past due may be months or stages."""
HIGHEST_INCOME = {"USD": 20_000.0, "EUR": 20_000.0, "GBP": 20_000.0, "CNY": 40_000.0}
"""Median income [currency/month] from which it may be that of a year [A]."""
INCOME = ("month", "year", "thousands a month")
LOWEST_RATE = 0.02
"""Contract rate in the median of loans with interest below which it may be that of a month or a day [A]."""
LOWEST_INCOME = 100.0
"""Median income [currency/month] of these currencies up to which it may be in thousands [A]."""
DEBT_SERVICE = (0.01, 0.5)
"""Instalments over income of the median borrower outside of which one of the two has another unit [A]."""
FEWEST_BORROWERS = 10
"""So many borrowers are needed before a low debt service counts."""
SMALLEST_LIMIT = 100.0
"""If no loan is larger [currency], amounts may be in thousands [A]."""
MISSING_SCORES = (0.0, 999.0)
"""Scores that stand for a missing one where the others are far from them."""


class Doubt(NamedTuple):
    """A reason not to believe the unit of a variable, and the units that it may be in.

    proof : what was found and expected, from the values by row; empty where there is no doubt
    """

    name: str
    proof: Proof
    asks: tuple[str, ...]


def doubts(rows: Rows, stated: Mapping[str, str], place: Place, money: Money) -> dict[str, str]:
    """Fault of each variable whose column as a whole cannot be in the unit of the portfolio, or may be in another.

    rows : sound values by row, amounts in units of currency; `borrower` holds the borrower of each row
    stated : variables whose unit is known; these are believed
    """
    faults: dict[str, str] = {}
    rows = dict(rows)
    with np.errstate(all="ignore"):  # values out of bounds are said elsewhere
        for name, proof, asks in (Doubt("income", _level(money), INCOME), *DOUBTS):
            if name in rows and name not in stated and (found := proof(rows, place)):
                ask = " or ".join(map(repr, asks))
                faults[name] = f"{name}: {found}; pass units={{'{name}': {ask}}}, or correct the column"
                del rows[name]  # what follows from it is no further fault
                if proof is _other_scale:
                    del rows["balance"]
    return faults


def _span(values: Array) -> str:
    """The lowest and the highest of some values."""
    low, high = f"{values.min():,.10g}", f"{values.max():,.10g}"
    return low if low == high else f"{low} to {high}"


def _percent_rates(rows: Rows, place: Place) -> str:
    """Contract rates of 1 or more."""
    rate = rows["annual_rate"]
    charged = rate[rate > 0]
    high = charged >= 1.0
    if not high.any():
        return ""
    if not high.all():
        first = int(np.argmax(rate >= 1.0))
        found = f"found {rate[first]:g} at {place(first)} beside {_span(charged[~high])} in {(~high).sum():,} rows"
        return f"{found}, expected all in decimals, as 0.18 for 18 %"
    proof = ""
    if {"balance", "instalment"} <= rows.keys():
        below = (rows["instalment"] > 0) & (rows["instalment"] < rows["balance"] * rate / 12)
        if below.any():
            row = int(np.argmax(below))
            interest = rows["balance"][row] * rate[row] / 12
            proof = f" (an instalment of {rows['instalment'][row]:,.2f} at {place(row)} would be below a month's "
            proof += f"interest of {interest:,.2f})"
    return f"found {_span(charged)}{proof}, expected decimals, as 0.18 for 18 %"


def _low_rates(rows: Rows, place: Place) -> str:
    """Contract rates that no lender charges for a year, and many for a month or a day."""
    charged = rows["annual_rate"][rows["annual_rate"] > 0]
    if not charged.size or np.median(charged) >= LOWEST_RATE:
        return ""
    return f"found {_span(charged)}, which may be rates of a month or a day, expected those of a year"


def _percent_shares(name: str, above: float) -> Proof:
    """Shares of which most are above what a decimal can be."""

    def proof(rows: Rows, place: Place) -> str:
        some = rows[name][rows[name] > 0]
        if not some.size or np.median(some) <= above:
            return ""
        return f"found {_span(some)}, expected decimals, as 0.3 for 30 %"

    return proof


def _months_late(rows: Rows, place: Place) -> str:
    """Days past due that are all few: months late, or stages."""
    days = rows["days_past_due"]
    late = days > 0
    if not late.any() or days.max() >= FEWEST_DAYS:
        return ""
    found = f"found {_span(days[late])} in {late.sum():,} rows and none from {FEWEST_DAYS}"
    if {"overdue", "instalment"} <= rows.keys():
        several = (days >= 2) & (rows["instalment"] > 0)
        unpaid = rows["overdue"][several] / rows["instalment"][several]
        if several.any() and (unpaid <= 1.1).all():
            return ""  # one due date has passed: days
        if several.any() and abs(np.median(unpaid / days[several]) - 1) < 0.1:
            found += ", with as many instalments overdue"
    if late.all() and days.max() <= 3:
        found += ", as stages of IFRS 9 have"
    return f"{found}, expected days since the oldest unpaid due date"


def _no_score(rows: Rows, place: Place) -> str:
    """Scores that stand for a missing one, shares, and scales of few points."""
    score = rows["score"]
    others = score[~np.isin(score, MISSING_SCORES)]
    for code, far in zip(MISSING_SCORES, ((others >= 100).all(), (others <= 900).all()), strict=True):
        if far and (score == code).any():
            first, more = int(np.argmax(score == code)), int((score == code).sum()) - 1
            also = f" (and {more:,} more)" if more else ""
            beside = f" beside {_span(others)}" if others.size else ""
            return f"found {code:g} at {place(first)}{also}{beside}, expected no code for a missing score"
    if 0 < score.max() <= 100 and score.min() < score.max():
        return f"found {_span(score)}, expected points of a score, as 300 to 850"
    return ""


def _level(money: Money) -> Proof:
    """Incomes that are too high or too low for a month, in the median."""
    known = money.currency in HIGHEST_INCOME
    highest = HIGHEST_INCOME.get(money.currency if known else money.other)
    rate = 1.0 if known else money.rate

    def proof(rows: Rows, place: Place) -> str:
        paid = rows["income"][rows["income"] > 0]
        if highest is None or not paid.size:
            return ""
        median = float(np.median(paid))
        if LOWEST_INCOME * rate < median < highest * rate:
            return ""
        return f"found {median:,.10g} {money.currency} in the median, expected the pay of a month in units of currency"

    return proof


def _debt_service(rows: Rows, place: Place) -> str:
    """Instalments that are more than half of income, or next to nothing of it, for the median borrower."""
    due = _due(rows)
    if due is None or not {"balance", "borrower"} <= rows.keys():
        return ""
    owner, income = rows["borrower"], rows["income"]
    service = np.bincount(owner, due * (rows["balance"] > 0))[owner]
    known = (service > 0) & (income > 0)
    if not known.any():
        return ""
    median = float(np.median(service[known] / income[known]))
    lowest = DEBT_SERVICE[0] if np.unique(owner).size >= FEWEST_BORROWERS else 0.0
    if lowest <= median <= DEBT_SERVICE[1]:
        return ""
    return f"found instalments of {median:.2%} of it in the median, expected 1 % to 50 % of the pay of a month"


def _due(rows: Rows) -> Array | None:
    """Instalments of the tape, or else level payments; None if neither is known."""
    if "instalment" in rows or not {"limit", "annual_rate", "tenor_months"} <= rows.keys():
        return rows.get("instalment")
    tenor = rows["tenor_months"]
    return np.where(tenor > 0, rows["limit"] / months_of_payment(rows["annual_rate"], tenor), 0.0)


def _small_amounts(name: str, judged_by: str = "") -> Proof:
    """Amounts of which none is large, unless there are others by which they are judged."""

    def proof(rows: Rows, place: Place) -> str:
        largest = rows[name].max()
        small = 0 < largest < SMALLEST_LIMIT and judged_by not in rows
        return f"found at most {largest:,.10g}, expected units of currency" if small else ""

    return proof


def _other_scale(rows: Rows, place: Place) -> str:
    """Limits that are a thousandth or a thousandfold of balances."""
    balance, limit = rows.get("balance"), rows["limit"]
    if balance is None or not (owed := (balance > 0) & (limit > 0)).any():
        return ""
    used = balance[owed] / limit[owed]
    if np.median(used) < 50 and (used.max() > 1 / 300 or owed.sum() < 3):
        return ""
    return f"found balances of {np.median(used):,.2g} times the limit in the median, expected both in units of currency"


def _terms(rows: Rows) -> tuple[Array, ...] | None:
    """Rate, tenor, amount granted and instalment of instalment loans; None if these are not all known."""
    names = ("annual_rate", "tenor_months", "limit", "instalment")
    if not set(names) <= rows.keys():
        return None
    known = np.logical_and.reduce([rows[name] > 0 for name in names[1:]])
    return tuple(rows[name][known] for name in names) if known.any() else None


def _misfit(rate: Array, tenor: Array, limit: Array, instalment: Array) -> float:
    """Median deviation of level payments from the instalments."""
    return float(np.median(np.abs(limit / months_of_payment(rate, tenor) / instalment - 1)))


def _instalments(name: str, unit: str) -> Proof:
    """Instalments that are level payments only if a variable is in another unit."""

    def proof(rows: Rows, place: Place) -> str:
        terms = _terms(rows)
        if terms is None or _misfit(*terms) < 0.05:
            return ""
        order = ("annual_rate", "tenor_months", "limit", "instalment")
        other = [converted(n, v, unit) if n == name else v for n, v in zip(order, terms, strict=True)]
        if _misfit(*other) > 0.01:
            return ""
        rate, tenor, limit, instalment = terms
        level = limit / months_of_payment(rate, tenor)
        found = f"found instalments that fit {unit} ({instalment[0]:,.2f} where {level[0]:,.2f} would be due)"
        return f"{found}, expected {'decimals' if name == 'annual_rate' else PORTFOLIO[name].unit}"

    return proof


def _of_another_period(rows: Rows, place: Place) -> str:
    """Instalments that are the same multiple of level payments on nearly all loans, as those of a week or a year."""
    terms = _terms(rows)
    if terms is None:
        return ""
    rate, tenor, limit, instalment = terms
    level = limit / months_of_payment(rate, tenor)
    ratio = instalment / level
    median = float(np.median(ratio))
    if 0.6 < median < 1.6 or (np.abs(ratio / median - 1) > 0.02).mean() > 0.2 or ratio.size < FEWEST_BORROWERS:
        return ""
    found = f"found {median:.2g} times a level payment ({instalment[0]:,.2f} where {level[0]:,.2f} would be due)"
    return f"{found}, expected what is due in a month"


def _below_interest(rows: Rows, place: Place) -> str:
    """Instalments below the month's interest on most loans."""
    if not {"balance", "instalment", "tenor_months"} <= rows.keys():
        return ""
    owed = (rows["balance"] > 0) & (rows["instalment"] > 0) & (rows["tenor_months"] > 1)
    interest = rows["balance"] * rows["annual_rate"] / 12
    below = owed & (rows["instalment"] < 0.99 * interest)
    if below.sum() * 2 <= owed.sum():
        return ""
    row = int(np.argmax(below))
    found = f"found a month's interest of {interest[row]:,.2f} above the instalment of {rows['instalment'][row]:,.2f}"
    return f"{found} at {place(row)} (and on {below.sum() - 1:,} more of {owed.sum():,} loans), expected it below"


def _years_left(rows: Rows, place: Place) -> str:
    """Months left that are more than the tenor on most loans."""
    if "remaining_months" not in rows:
        return ""
    tenor, left = rows["tenor_months"], rows["remaining_months"]
    more = (tenor > 0) & (left > tenor)
    if more.sum() * 2 <= (tenor > 0).sum() or (left > 12 * tenor)[tenor > 0].any():
        return ""
    return f"found {_span(tenor[tenor > 0])} with {_span(left[more])} months left, expected the tenor in months"


def _schedule(rows: Rows, place: Place) -> str:
    """Balances that are what is left to pay only if the months left are years."""
    names = ("annual_rate", "remaining_months", "instalment", "balance")
    if not set(names) <= rows.keys():
        return ""
    known = np.logical_and.reduce([rows[name] > 0 for name in names[1:]])
    if not known.any():
        return ""
    rate, left, instalment, balance = (rows[name][known] for name in names)
    apart = [float(np.median(np.abs(instalment * months_of_payment(rate, n) / balance - 1))) for n in (left, 12 * left)]
    if apart[0] < 0.2 or apart[1] > 0.05:
        return ""
    return f"found {_span(left)} with balances that fit years left, expected months"


DOUBTS = (
    Doubt("annual_rate", _percent_rates, ("percent", "decimal")),
    Doubt("annual_rate", _instalments("annual_rate", "percent"), ("percent",)),
    Doubt("annual_rate", _instalments("annual_rate", "decimal a month"), ("decimal a month",)),
    Doubt("tenor_months", _instalments("tenor_months", "years"), ("years",)),
    Doubt("tenor_months", _years_left, ("years", "months")),
    Doubt("limit", _instalments("limit", "thousands"), ("thousands",)),
    Doubt("limit", _other_scale, ("thousands", "units")),
    Doubt("limit", _small_amounts("limit"), ("thousands", "units")),
    Doubt("balance", _small_amounts("balance", judged_by="limit"), ("thousands", "units")),
    Doubt("instalment", _instalments("instalment", "thousands"), ("thousands",)),
    Doubt("instalment", _of_another_period, ("units",)),
    Doubt("remaining_months", _schedule, ("years", "months")),
    Doubt("annual_rate", _below_interest, ("percent", "decimal")),
    Doubt("annual_rate", _low_rates, ("decimal a month", "decimal a day", "decimal")),
    Doubt("days_past_due", _months_late, ("days", "months")),
    Doubt("own_share", _percent_shares("own_share", 1.0), ("percent",)),
    Doubt("household_support", _percent_shares("household_support", 1.0), ("percent",)),
    Doubt("pay_level", _percent_shares("pay_level", 5.0), ("percent", "decimal")),
    Doubt("job_loss_risk", _percent_shares("job_loss_risk", 5.0), ("percent", "decimal")),
    *(Doubt(name, _small_amounts(name), ("thousands", "units")) for name in SCALED),
    Doubt("score", _no_score, ("points",)),
    Doubt("income", _debt_service, INCOME),
)
"""In the order of proof: the first that holds is said of a variable."""
