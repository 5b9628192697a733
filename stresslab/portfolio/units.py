"""Units of a tape's columns: what they may be, and what cells state."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np

from stresslab.checks import like
from stresslab.schema import PORTFOLIO, Array, rounded
from stresslab.tabular import parse_number

_SHARE = {"decimal": (1, 1), "percent": (1, 100)}
AMOUNT = {"units": (1, 1), "thousands": (1000, 1)}
_MONTHS = {"months": (1, 1), "years": (12, 1)}
UNITS: dict[str, dict[str, tuple[int, int]]] = {
    **{name: AMOUNT for name, want in PORTFOLIO.items() if want.unit in ("currency", "currency/month")},
    "income": {"month": (1, 1), "year": (1, 12), "thousands a month": (1000, 1), "thousands a year": (1000, 12)},
    "annual_rate": {
        **_SHARE,
        "decimal a month": (12, 1),
        "percent a month": (12, 100),
        "decimal a day": (365, 1),
        "percent a day": (365, 100),
    },
    "own_share": _SHARE,
    "household_support": _SHARE,
    "pay_level": _SHARE,
    "job_loss_risk": _SHARE,
    "tenor_months": _MONTHS,
    "remaining_months": _MONTHS,
    "days_past_due": {"days": (1, 1), "months": (30, 1)},
    "score": {"points": (1, 1)},
}
"""Units that a column may be in; values are multiplied by the first number and divided by the second."""

CELL_UNITS = {
    "%": "percent",
    **dict.fromkeys(("month", "months", "mth", "mths", "mo", "m", "个月", "月"), "months"),
    **dict.fromkeys(("year", "years", "yr", "yrs", "y", "年"), "years"),
    **dict.fromkeys(("day", "days", "d", "天"), "days"),
}
"""Units that stand behind the numbers of a column, in all of its cells."""

DOLLARS = ("USD", "CAD", "AUD", "NZD", "HKD", "SGD", "TWD", "MXN")
MARKS = {
    **dict.fromkeys(("元", "rmb", "人民币"), ("CNY",)),
    "¥": ("CNY", "JPY"),
    "$": DOLLARS,
    "us$": ("USD",),
    "€": ("EUR",),
    "£": ("GBP",),
}
"""Marks of currencies beside amounts, in small letters, and the currencies that they may be."""
_WITH_UNIT = re.compile(r"\s*([^\d\s.,+\u2212-]*)\s*([+\u2212-]?[\d.,]*\d[.,]?(?:[eE][+-]?\d+)?)\s*(\D*?)\s*")


class Money(NamedTuple):
    """The currency of a tape, how much of it is one unit of amounts, and how much buys one unit of another."""

    currency: str
    unit: float = 1.0
    other: str = ""
    rate: float = 1.0


def argument_faults(units: Mapping[str, str], columns: Collection[str]) -> list[str]:
    """Faults of units=: unknown variables and units, and variables that have no column."""
    faults = []
    for name, unit in units.items():
        if name not in UNITS:
            advice = "name a variable of the portfolio"
            faults.append(f"units: found {name!r}{like(name, UNITS)}, expected one of {sorted(UNITS)}; {advice}")
        elif unit not in UNITS[name]:
            faults.append(f"units: found {unit!r} for {name}, expected one of {[*UNITS[name]]}; choose one")
        elif name not in columns:
            faults.append(f"units: found {name}, which has no column, expected one; map it, or drop it from units=")
    return faults


def converted(name: str, values: Array, unit: str) -> Array:
    """Values in a unit as the portfolio counts them.

    >>> converted("annual_rate", np.array([3.5, 18.0]), "percent"), converted("income", np.array([60_000.0]), "year")
    (array([0.035, 0.18 ]), array([5000.]))
    """
    times, over = UNITS[name][unit]
    scaled = values * times / over
    if over == 100:
        scaled = np.round(scaled, 14)  # 5.15 % is 0.0515, as written
    return rounded(scaled) if over == 12 else scaled


def cell_unit(name: str, cells: list[str], currency: str, decimal: str) -> tuple[str, Array] | None:
    """The unit or the currency that all cells of a column state, and their numbers; None if they do not agree.

    >>> cell_unit("tenor_months", [" 36 months", "60 months"], "USD", ".")
    ('months', array([36., 60.]))
    >>> cell_unit("balance", ["5.5 EUR"], "USD", "."), cell_unit("income", ["€5", "€ 7"], "EUR", ".")
    (('EUR', array([5.5])), ('EUR', array([5., 7.])))
    """
    parts = [_WITH_UNIT.fullmatch(cell) for cell in cells]
    numbers = [parse_number(part[2], decimal) for part in parts if part]
    stated = {(part[1], part[3]) for part in parts if part}
    if len(stated) != 1 or not all(parts) or None in numbers:
        return None
    before, behind = stated.pop()
    unit: str | None = None
    if PORTFOLIO[name].unit.startswith("currency") and not (before and behind):
        unit = _currency(before + behind, currency)
    elif not before:
        unit = CELL_UNITS.get(behind.lower())
        unit = unit if unit in UNITS.get(name, {}) else None
    return None if unit is None else (unit, np.array(numbers, float))


def _currency(mark: str, currency: str) -> str | None:
    """The currency that a mark beside an amount means, one's own where it can be; None if it means none."""
    known = (
        (mark.upper(),) if re.fullmatch("[A-Za-z]{3}", mark) and mark.lower() not in MARKS else MARKS.get(mark.lower())
    )
    return None if known is None else currency if currency in known else known[0]
