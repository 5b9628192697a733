"""Tables of published figures: names and units of their columns, and the monthly scenario that they become."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from stresslab.checks import refuse
from stresslab.scenarios.library import (
    INTERPOLATION,
    as_history,
    mean_income_growth,
    monthly_dataset,
    monthly_values,
)
from stresslab.scenarios.periods import (
    DAY,
    FREQUENCY,
    first_month,
    normalised,
    parse_period,
    period_label,
    read_periods,
)
from stresslab.schema import MACRO

NAMES = {
    "unemployment_rate": ("unemployment rate", "unemployment", "lfs unemployment rate"),
    "real_income_growth": (
        "real disposable income growth",
        "real disposable personal income growth",
        "real household disposable income growth",
        "real household income growth",
        "real income growth",
    ),
    "gdp_growth": ("real gdp growth", "gdp growth real"),
    "inflation": ("cpi inflation rate", "cpi inflation", "consumer price inflation", "inflation"),
    "policy_rate": (
        "3 month treasury rate",
        "3 month treasury yield",
        "3 month treasury bill rate",
        "bank rate",
        "policy rate",
    ),
    "furlough_share": (),
    "furlough_income_loss": (),
    "collections_capacity": (),
    "line_supply": (),
}
"""The macro variables and what publishers call them, in lower case and without punctuation."""

UNITS = {
    "percent": tuple(
        f"{word}{rest}"
        for word in ("%", "percent", "per cent", "pct")
        for rest in (
            "",
            " a year",
            " per year",
            " p.a.",
            " saar",
            ", saar",
            " annualised",
            " annual rate",
            ", annual rate",
        )
    ),
    "decimal": ("decimal", "decimals", "fraction", "share", "1", "1/year"),
}
"""Spellings of the two units."""

OVER_A_YEAR = ("% y/y", "%, y/y", "% yoy", "percent y/y", "annual % change", "%, annual growth", "% on a year earlier")
"""Growth on the same period a year before: an annual rate in percent for prices and for yearly figures only."""

SMALLEST_PERCENT = {"unemployment_rate": 0.3, "real_income_growth": 0.2, "gdp_growth": 0.2}
"""A column whose largest figure is smaller than this [%] holds decimals: no economy moves so little in a year."""


@dataclass(frozen=True)
class Column:
    """One variable as the file has it: the label of its column, its unit and its cells."""

    label: str
    unit: str
    cells: Sequence[str]


def variable_of(label: str) -> str | None:
    """The macro variable that a label names, None if it names none; nominal figures are not taken for real ones.

    >>> variable_of("UK Unemployment rate"), variable_of("real_income_growth"), variable_of("Nominal GDP growth")
    ('unemployment_rate', 'real_income_growth', None)
    """
    plain = " ".join(re.sub(r"[\W_]+", " ", label.lower()).split())
    plain = re.sub(r"^(uk|us|eu|china) ", "", plain)
    return next((name for name, known in NAMES.items() if plain in (name.replace("_", " "), *known)), None)


def unit_of(text: str, variable: str, span: int) -> str | None:
    """The unit, "percent" or "decimal", that a text names for a variable; None if it names neither.

    >>> unit_of("%", "gdp_growth", 3), unit_of("% y/y", "gdp_growth", 3), unit_of("% y/y", "inflation", 3)
    ('percent', None, 'percent')
    """
    plain = " ".join(text.lower().split())
    if plain in OVER_A_YEAR and (span == 12 or variable == "inflation"):
        return "percent"
    return next((unit for unit, known in UNITS.items() if plain in known), None)


def unit_fault(label: str, text: str, advice: str) -> str:
    """Sentence for a unit that is missing or unknown."""
    if text.lower().strip() in OVER_A_YEAR:
        return f"{label!r}: found unit {text!r}, expected growth on the period before at an annual rate; convert it"
    found = f"found unit {text!r}" if text else "found no unit"
    return f"{label!r}: {found}, expected percent or decimal; {advice}"


def figures_of(variable: str, column: Column, periods: Sequence[str]) -> tuple[NDArray[np.float64], list[str]]:
    """A column as decimals, and its faults in its own unit."""
    label, want, cells = column.label, MACRO[variable], column.cells
    factor = 100 if column.unit == "percent" else 1
    figures = np.array([_number(cell) for cell in cells])
    bad = np.flatnonzero(~((figures >= want.low * factor) & (figures <= want.high * factor)))
    faults = []
    if bad.size:
        more = f" (and in {bad.size - 1} more)" if bad.size > 1 else ""
        expected = f"{want.low * factor:g} to {want.high * factor:g} {column.unit}"
        found = f"found {cells[bad[0]]!r} in {normalised(periods[bad[0]])}{more}"
        faults.append(f"{label!r}: {found}, expected {expected}; fill the cell or correct the unit")
    if column.unit == "percent":
        largest = np.nanmax(np.abs(figures)) if np.isfinite(figures).any() else np.inf
        must_move = variable == "unemployment_rate" or (len(cells) >= 4 and largest > 0)
        if must_move and largest < SMALLEST_PERCENT.get(variable, 0.0):
            found = f"found {largest:g} at most, which looks like decimals"
            faults.append(f"{label!r}: {found}, expected percent; multiply by 100")
    return figures / factor, faults


def _number(cell: str) -> float:
    """A cell as a number; NaN, which the caller refuses, if it is none."""
    try:
        return float(cell)
    except ValueError:
        return float("nan")


def monthly_scenario(
    columns: Mapping[str, Column],
    periods: Sequence[str],
    *,
    label: str,
    frequency: str | None,
    start: str | None,
    trend: float | None,
    name: str,
    subject: str,
    faults: Sequence[str],
) -> xr.Dataset:
    """The monthly scenario of a table, or every fault of it.

    label : of the column of periods
    faults : of the reading before
    """
    span, numbers, period_faults = read_periods(periods, label, frequency)
    first, start_faults = _first_row(span, numbers, start)
    faults = [*faults, *period_faults, *start_faults, *_trend_faults(trend)]
    before = max(first - 1, 0)
    figures = {}
    for variable, column in columns.items():
        used = Column(column.label, column.unit, column.cells[before:])
        figures[variable], cell_faults = figures_of(variable, used, periods[before:])
        faults += cell_faults
    refuse(subject, faults)
    previous = {key: values[0] for key, values in figures.items()} if before < first else None
    months = monthly_values({key: values[first - before :] for key, values in figures.items()}, previous, span)
    origin = f", starting from {normalised(periods[before])}" if previous and span > 1 else ""
    history = [
        f"read from {subject}",
        f"{INTERPOLATION[span]}{origin}",
        f"real_income_trend: {'mean of fed-2026-baseline' if trend is None else 'as given'}",
    ]
    attrs = {
        "name": name,
        "publisher": "",
        "published": "",
        "address": subject,
        "frequency": FREQUENCY[span],
        "start": first_month(span, numbers[first]),
        "history": as_history(history),
    }
    return monthly_dataset(months, attrs, mean_income_growth("fed-2026-baseline") if trend is None else trend)


def _first_row(span: int, numbers: Sequence[int], start: str | None) -> tuple[int, list[str]]:
    """Row of the first period wanted, in whatever spelling, and its fault; of unreadable periods there is none."""
    if start is None or not numbers:
        return 0, []
    wanted = parse_period(start)
    if wanted is not None and wanted[0] in (span, DAY):
        number = wanted[1] // span if wanted[0] == DAY else wanted[1]
        if number in numbers:
            return numbers.index(number), []
    known = f"{period_label(span, numbers[0])} to {period_label(span, numbers[-1])}"
    return 0, [f"start: found {start!r}, expected one of {known}; choose one of these periods"]


def _trend_faults(trend: float | None) -> list[str]:
    """Fault of a normal growth of real income."""
    if trend is None or (np.isfinite(trend) and abs(trend) <= 0.5):
        return []
    return [f"trend: found {trend}, expected growth within -0.5 to 0.5 [1/year]; a rate is a decimal: 0.02, not 2"]
