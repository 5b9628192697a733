"""Scenario files as their publishers lay them out."""

from __future__ import annotations

import csv
import re
from os import PathLike
from pathlib import Path

import numpy as np
import xarray as xr

from stresslab.scenarios.library import HOW_MONTHLY, build, first_month, normal_growth, quarters_to_months
from stresslab.schema import MACRO, InputError

COLUMNS = {
    "unemployment_rate": "Unemployment rate",
    "real_income_growth": "Real disposable income growth",
    "gdp_growth": "Real GDP growth",
    "inflation": "CPI inflation rate",
    "policy_rate": "3-month Treasury rate",
}
"""Our variables and their columns in the files of the Federal Reserve's supervisory scenarios."""

SMALLEST_PERCENT = {"unemployment_rate": 0.3, "real_income_growth": 0.2, "gdp_growth": 0.2}
"""A column whose largest figure is smaller than this [%] holds decimals: no economy is that still for a year."""

Rows = list[dict[str, str]]


def read_scenario(
    path: str | PathLike[str], start: str | None = None, name: str | None = None, *, trend: float | None = None
) -> xr.Dataset:
    """A scenario from a file in the layout of the Federal Reserve's supervisory scenarios.

    path : CSV; columns by header, in any order: 'Scenario Name', 'Date' ('2026 Q1', ...) and figures in percent:
        'Unemployment rate', 'Real disposable income growth', and where there are any 'Real GDP growth',
        'CPI inflation rate', '3-month Treasury rate'. Other columns are left alone.
    start : first quarter wanted, '2026 Q1'; the quarter before it, if the file has one, is what the path starts from.
        None: the first quarter of the file
    name : which scenario, if the file holds several
    trend : real income growth [1/year] that is normal, against which a loss of income counts. None: the mean of
        `fed-2026-baseline`, which fits the United States only
    Returns Dataset (month) as `scenario()` does, with the columns that the file has.
    Raises InputError naming every fault: columns, dates that are not consecutive, blanks, words, wrong units.
    """
    subject = Path(path).name
    rows = _named(_rows(path, subject), name, subject)
    quarters = [row["Date"] for row in rows]
    faults = _date_faults(quarters)
    if start is not None and start not in quarters:
        faults.append(f"start: found {start!r}, expected one of {quarters[0]} to {quarters[-1]}")
    if trend is not None and not (np.isfinite(trend) and abs(trend) <= 0.5):
        faults.append(f"trend: found {trend}, expected growth within -0.5 to 0.5 [1/year]; a rate is a decimal")
    first = 0 if start is None or start not in quarters else quarters.index(start)
    before = max(first - 1, 0)
    values = {}
    for variable, column in COLUMNS.items():
        if column in rows[0]:
            values[variable], found = _figures(variable, [row[column] for row in rows[before:]], quarters[before:])
            faults += found
    if faults:
        raise InputError(subject, faults)
    previous = {key: figures[0] for key, figures in values.items()} if before < first else None
    months = quarters_to_months({key: figures[first - before :] for key, figures in values.items()}, previous)
    from_where = f", starting from {quarters[before]}" if previous else ""
    normal = normal_growth("fed-2026-baseline") if trend is None else float(trend)
    origin = "mean of fed-2026-baseline" if trend is None else "given"
    attrs: dict[str, str | float] = {
        "name": rows[0]["Scenario Name"],
        "publisher": "",
        "published": "",
        "address": subject,
        "frequency": "quarterly",
        "start": first_month(quarters[first]),
        "real_income_trend": normal,
        "history": f"read from {subject}; {HOW_MONTHLY}{from_where}; real_income_trend: {origin}",
    }
    return build(months, attrs)


def _rows(path: str | PathLike[str], subject: str) -> Rows:
    """The lines of a CSV by header; refuses missing or doubled columns and ragged lines."""
    with open(path, newline="", encoding="utf-8-sig") as file:
        lines = [[cell.strip() for cell in line] for line in csv.reader(file) if any(line)]
    if len(lines) < 2:
        raise InputError(subject, [f"file: found {len(lines)} lines, expected a header and a line for each quarter"])
    header = lines[0]
    required = ["Scenario Name", "Date", *(COLUMNS[key] for key in COLUMNS if MACRO[key].required)]
    faults = [f"{c!r}: missing, expected a column of that name; add it" for c in required if c not in header]
    known = {*required, *COLUMNS.values()}
    faults += [f"{c!r}: found {header.count(c)} columns, expected one" for c in sorted(known) if header.count(c) > 1]
    for number, line in enumerate(lines[1:], 2):
        if len(line) != len(header):
            faults.append(f"line {number}: found {len(line)} cells, expected {len(header)} as in the header")
    if faults:
        raise InputError(subject, faults)
    return [dict(zip(header, line, strict=True)) for line in lines[1:]]


def _named(rows: Rows, name: str | None, subject: str) -> Rows:
    """The rows of one scenario."""
    names = sorted({row["Scenario Name"] for row in rows})
    if name is None and len(names) > 1:
        raise InputError(subject, [f"'Scenario Name': found {', '.join(names)}, expected one; pick it with name="])
    if name is not None and name not in names:
        raise InputError(subject, [f"name: found {name!r}, expected one of {', '.join(names)}"])
    return rows if name is None else [row for row in rows if row["Scenario Name"] == name]


def _date_faults(quarters: list[str]) -> list[str]:
    """What is wrong with the dates; empty if nothing is."""
    wrong = [quarter for quarter in quarters if not re.fullmatch(r"\d{4} Q[1-4]", quarter)]
    if wrong:
        return [f"'Date': found {wrong[0]!r} (of {len(wrong)} such), expected 'YYYY Qn' as in '2026 Q1'"]
    number = np.array([4 * int(quarter[:4]) + int(quarter[-1]) for quarter in quarters])
    gaps = np.flatnonzero(np.diff(number) != 1)
    return [f"'Date': found {quarters[i + 1]} after {quarters[i]}, expected the next quarter" for i in gaps]


def _figures(variable: str, cells: list[str], quarters: list[str]) -> tuple[np.ndarray, list[str]]:
    """A column as decimals, and what is wrong with it in percent."""
    column, want = COLUMNS[variable], MACRO[variable]
    percent = np.array([_number(cell) for cell in cells])
    bad = np.flatnonzero(~((percent >= want.low * 100) & (percent <= want.high * 100)))
    faults = []
    if bad.size:
        more = f" (and in {bad.size - 1} more)" if bad.size > 1 else ""
        expected = f"{want.low * 100:g} to {want.high * 100:g} percent"
        found = f"found {cells[bad[0]]!r} in {quarters[bad[0]]}{more}"
        faults.append(f"{column!r}: {found}, expected {expected}; fill it or check the unit")
    largest = np.nanmax(np.abs(percent)) if np.isfinite(percent).any() else np.inf
    still = variable == "unemployment_rate" or (len(cells) >= 4 and largest > 0)
    if still and largest < SMALLEST_PERCENT.get(variable, 0.0):
        faults.append(f"{column!r}: found {largest:g} at most, looks like decimals, expected percent; multiply by 100")
    return percent / 100, faults


def _number(cell: str) -> float:
    """A cell as a number; not a number if it is none, for the caller to refuse."""
    try:
        return float(cell)
    except ValueError:
        return float("nan")
