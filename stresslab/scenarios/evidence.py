"""What the figures of a column prove about its unit, and what they leave in doubt."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from stresslab.scenarios.periods import NOUN
from stresslab.scenarios.units import GROWTH, Reals, Unit
from stresslab.schema import MACRO

LEAST_PERCENT = {"unemployment_rate": 0.3, "real_income_growth": 0.2, "gdp_growth": 0.2}
"""A column in percent whose largest figure is smaller holds decimals: no economy moves so little in a year."""

DOUBTFUL_PERCENT = {"real_income_growth": 1.0, "gdp_growth": 1.0, "inflation": 0.3, "policy_rate": 0.3}
"""A column whose largest figure is smaller may hold decimals, if its figures are finer than those of percent."""

FINE = {"real_income_growth": 3, "gdp_growth": 3, "inflation": 2, "policy_rate": 2}
"""Digits after the point that are finer than publishers write percent."""

LARGEST_DECIMAL = {"real_income_growth": 0.3, "gdp_growth": 0.3}
"""A column of decimals whose middle figure is larger than this holds percent: no economy grows by 30 % a year."""

DOUBTFUL_DECIMAL = {"inflation": 0.9, "policy_rate": 0.9}
"""A column of decimals whose largest figure is larger than this may hold percent: prices or interest of 90 % a year."""

LEAST_LEVEL = 20.0
"""A level or an index is larger than this, whatever its base."""

SUSPECT_RATE = 50.0
"""Interest in percent above this may be in basis points."""

SUSPECT_GROWTH = 40.0
"""Growth in percent that is never below this may be an index."""


def unit_faults(variable: str, label: str, figures: Reals, unit: Unit, *, explicit: bool, said: bool) -> list[str]:
    """Fault of a column that is in another unit than it is said to be, or may be; the proof is in the sentence.

    explicit : units= says the unit of this variable; said : the table or units= says it
    """
    if unit.scale == "level":
        return _level_faults(variable, label, figures, explicit)
    if unit.scale == "decimal":
        return _decimal_faults(variable, label, figures, explicit)
    size = np.abs(figures)
    largest = float(size.max())
    other = f"pass units={{{variable!r}: 'decimal'}}, or multiply by 100"
    least = LEAST_PERCENT.get(variable, 0.0)
    if variable in GROWTH and figures.min() > SUSPECT_GROWTH and not explicit:
        found = f"found {_span(figures)}, which look like levels or an index"
        advice = f"pass units={{{variable!r}: 'level'}}, or 'percent' if it is growth"
        return [f"{label!r}: {found}, expected growth in percent; {advice}"]
    if variable == "policy_rate" and largest > SUSPECT_RATE and not explicit:
        found = f"found {_span(figures)}, which may be basis points"
        return [f"{label!r}: {found}, expected percent; divide by 100, or pass units={{{variable!r}: 'percent'}}"]
    if variable == "unemployment_rate":
        if largest == 0.0:
            return [f"{label!r}: found 0 in every period, expected unemployment in percent; fill the column"]
        small = figures[(figures > 0) & (figures < least)]
        if largest >= least and small.size:
            found = f"found {small[0]:g} beside {largest:g}, as if decimals and percent were mixed"
            return [f"{label!r}: {found}, expected percent in all periods; correct the cells"]
    elif len(figures) < 4 or largest == 0.0:
        least = 0.0
    if largest < least:
        found = f"found {largest:g} at most, which looks like decimals"
        return [f"{label!r}: {found}, expected percent; {other}"]
    if not explicit and (mixed := _mixed(variable, label, figures, "percent")):
        return mixed
    fine = [_digits(figure) for figure in figures[figures != 0]]
    in_doubt = 0.0 < largest < DOUBTFUL_PERCENT.get(variable, 0.0) and max(fine) >= FINE[variable]
    if in_doubt and not said and (variable not in LEAST_PERCENT or (len(fine) >= 4 and np.median(fine) >= 3)):
        found = f"found {largest:g} at most, which may be percent or decimals"
        advice = f"pass units={{{variable!r}: 'percent'}} or {{{variable!r}: 'decimal'}}"
        return [f"{label!r}: {found}, expected to know which; {advice}"]
    return []


def only_percent(variable: str, figures: Reals) -> bool:
    """Whether the figures of a rate, which is no growth, are beyond what they can be as decimals.

    >>> only_percent("unemployment_rate", np.array([4.5, 0.5])), only_percent("policy_rate", np.array([1.5]))
    (True, False)
    """
    return variable not in GROWTH and float(figures.max()) > MACRO[variable].high


def all_decimals(columns: Mapping[str, Reals]) -> str:
    """Why all columns of a table that says no units are decimals, unemployment among them; empty if they are not."""
    sizes = {variable: float(np.abs(figures).max()) for variable, figures in columns.items()}
    bounds = {**DOUBTFUL_PERCENT, **LEAST_PERCENT}
    if len(sizes) < 2 or not 0.0 < sizes.get("unemployment_rate", 0.0) < bounds["unemployment_rate"]:
        return ""
    if any(size >= bounds.get(variable, 0.0) for variable, size in sizes.items()):
        return ""
    return f"{sizes['unemployment_rate']:g} at most for unemployment, which looks like decimals in all columns"


def _decimal_faults(variable: str, label: str, figures: Reals, explicit: bool) -> list[str]:
    """Fault of decimals that only percent explains; very high inflation and interest pass if they are said to be so."""
    size = float(np.median(np.abs(figures)))
    bound = LARGEST_DECIMAL.get(variable, np.inf)
    if variable in LEAST_PERCENT and len(figures) < 4:
        bound *= 2  # a quarter or two of growth may be extreme
    if variable in DOUBTFUL_DECIMAL:
        size, bound = float(np.abs(figures).max()), np.inf if explicit else DOUBTFUL_DECIMAL[variable]
    if size <= bound:
        return [] if explicit or variable not in GROWTH else _mixed(variable, label, figures, "decimal")
    found = f"found {_span(figures)}, which look like percent (decimals: {size:.0%})"
    return [f"{label!r}: {found}, expected decimals; pass units={{{variable!r}: 'percent'}}, or divide by 100"]


def _level_faults(variable: str, label: str, figures: Reals, explicit: bool) -> list[str]:
    """Fault of levels that are not above zero, or so small that they may be rates."""
    if figures.min() > (0.0 if explicit else LEAST_LEVEL):
        return []
    found = f"found {_span(figures)}, too small for levels or an index"
    advice = f"pass units={{{variable!r}: 'percent'}} if it is a rate in percent"
    return [f"{label!r}: {found}, expected levels above {0 if explicit else LEAST_LEVEL:g}; {advice}"]


def unit_notes(variable: str, label: str, figures: Reals, unit: Unit, span: int, unsaid: bool) -> list[str]:
    """What was computed or assumed to come to a rate a year.

    unsaid : growth of which nobody says over which time it is
    """
    if unit.scale == "level":
        return [f"{variable}: growth of {label!r} on the {NOUN[span]} before, at an annual rate"]
    if unit.change in ("before", "quarter", "month") and span < 12:
        return [f"{variable}: {label!r} is growth on the {NOUN[span]} before, converted to an annual rate"]
    if unsaid:
        return [f"{variable}: {label!r} does not say over which time, taken as growth at an annual rate"]
    if variable in GROWTH and unit.scale == "percent" and figures.min() > SUSPECT_GROWTH:
        return [f"{variable}: {label!r} is {figures.min():g} to {figures.max():g} percent, as units= says"]
    return []


def _mixed(variable: str, label: str, figures: Reals, said: str) -> list[str]:
    """Fault of a few figures in percent among decimals, or the reverse.

    Percent is written with few digits after the point, and the same figure in decimals with two more.
    """
    size = np.abs(figures)
    few = size >= 1.0
    if said == "percent":
        digits = np.array([_digits(figure) for figure in figures])
        usual = digits[digits < digits.max()].max(initial=0)
        few = (digits >= usual + 2) & (usual > 0) & (size > 0) & (size < 0.2)
    if not few.any() or few.sum() * 2 >= size.size:
        return []
    found = f"found {figures[few][0]:g} beside {_span(figures[~few])}, as if decimals and percent were mixed"
    advice = f"correct the cells, or pass units={{{variable!r}: {said!r}}}"
    return [f"{label!r}: {found}, expected {said} in all periods; {advice}"]


def _span(figures: Reals) -> str:
    """The lowest and the highest of some figures.

    >>> _span(np.array([3.5, 1.0])), _span(np.array([3.5]))
    ('1 to 3.5', '3.5')
    """
    low, high = f"{figures.min():.10g}", f"{figures.max():.10g}"
    return low if low == high else f"{low} to {high}"


def _digits(figure: float) -> int:
    """Digits after the point that a figure needs.

    >>> _digits(0.018), _digits(5.0)
    (3, 0)
    """
    text = np.format_float_positional(figure, trim="-")
    return len(text.partition(".")[2])
