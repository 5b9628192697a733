"""Scenario files as their publishers lay them out, and scenarios from datasets."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from os import PathLike
from pathlib import Path

import xarray as xr

from stresslab.scenarios.library import check_scenario, normal_growth
from stresslab.scenarios.tables import Column, finish, period_of, read_periods, unit_fault, unit_of, variable_of
from stresslab.schema import MACRO, InputError

COLUMNS = {
    "unemployment_rate": "Unemployment rate",
    "real_income_growth": "Real disposable income growth",
    "gdp_growth": "Real GDP growth",
    "inflation": "CPI inflation rate",
    "policy_rate": "3-month Treasury rate",
}
"""Our variables and their columns in the files of the Federal Reserve's supervisory scenarios of 2026."""

LAYOUTS = ("fed", "tidy", "boe")
DATES = ("date", "period", "quarter", "month", "year")
SCENARIO = ("scenario name", "scenario")

Units = str | Mapping[str, str] | None
Lines = list[list[str]]


def read_scenario(
    path: str | PathLike[str],
    start: str | None = None,
    name: str | None = None,
    *,
    trend: float | None = None,
    layout: str = "fed",
    units: Units = None,
    frequency: str | None = None,
) -> xr.Dataset:
    """A scenario from a file in the layout of the Federal Reserve, of the Bank of England, or in long rows.

    path : CSV; columns by header, in any order, other columns left alone. Of the variables, unemployment and growth of
        real income must be there; GDP, prices, a short rate are read where they are
    start : first period wanted, as the file writes it, '2026 Q1'; the one before it, if the file has one, is what the
        path starts from. None: the first of the file
    name : which scenario, if the file holds several
    trend : real income growth [1/year] that is normal, against which a loss of income counts. None: the mean of
        `fed-2026-baseline`, which fits the United States only
    layout : "fed": 'Scenario Name', 'Date' ('2026 Q1' or 'Q1 2026') and a column for each variable, in percent, as in
        the domestic files of any year;
        "tidy": 'variable', 'value' and 'date', 'quarter', 'month' or 'year', perhaps 'scenario', 'unit', 'frequency';
        "boe": 'Date' or 'Quarter' and a column for each variable, its unit in the header: 'Unemployment rate (%)'
    units : "percent", "decimal", or one of them for each variable, where the file does not say; never both
    frequency : "monthly" | "quarterly" | "annual", where dates do not say, as one day alone
    Returns Dataset (month) as `scenario()` does. Quarters and years become months with their means kept; the shares, as
    line_supply, are held. Growth must be that on the period before at an annual rate; growth over a year is taken for
    prices and for yearly figures only.
    Raises InputError naming every fault: columns, dates that are not consecutive, blanks, words, units that are not
    said, wrong or unknown.
    """
    subject = Path(path).name
    if layout not in LAYOUTS:
        raise InputError(subject, [f"layout: found {layout!r}, expected one of {', '.join(LAYOUTS)}"])
    faults = _unit_argument_faults(units)
    if faults:
        raise InputError(subject, faults)
    lines = _lines(path, subject)
    if layout == "tidy":
        lines, labels, found_units, stated = _tidy(lines, subject, name)
        if frequency and stated and frequency != stated:
            faults.append(
                f"frequency: found {stated!r} in the file and {frequency!r} given, expected one; drop the latter"
            )
        frequency = frequency or stated
    else:
        lines, labels, found_units = _wide(lines, subject, name, layout)
    title, date = lines[0][0], lines[0][1]
    periods = [line[1] for line in lines[1:]]
    span = read_periods(periods, date, frequency)[0]
    columns = {}
    for place, (variable, label) in enumerate(labels.items(), 2):
        said = found_units.get(variable, "")
        given = units if isinstance(units, str) else (units or {}).get(variable, "")
        unit = "percent" if layout == "fed" else unit_of(said or given, variable, span)
        if said and given and unit != given:
            faults.append(f"{label!r}: found unit {said!r} in the file and units={given!r}, expected one; drop units=")
        if unit is None:
            faults.append(unit_fault(label, said, f"say it in the file, or pass units={{'{variable}': 'percent'}}"))
        columns[variable] = Column(label, unit or "percent", [line[place] for line in lines[1:]])
    if layout == "fed" and any(" " not in period for period in periods):
        wrong = [period for period in periods if " " not in period]
        faults.append(f"{date!r}: found {wrong[0]!r} (of {len(wrong)} such), expected 'YYYY Qn' as in '2026 Q1'")
    return finish(
        columns,
        periods,
        label=date,
        frequency=frequency,
        start=start,
        trend=trend,
        name=title,
        subject=subject,
        faults=faults,
    )


def from_dataset(
    dataset: xr.Dataset, *, trend: float | None = None, units: Units = None, start: str | None = None
) -> xr.Dataset:
    """A scenario from a dataset along time, whose figures are of months, quarters or years.

    dataset : Dataset (time), under any name; our variables, each with attrs["units"]: "percent", "%", "1", "1/year".
        The coordinate is dates a month, a quarter or a year apart, or words such as '2026 Q1', or years. One along
        month, 1, 2, ... is checked and kept, as it is in decimals
    trend, start : as in `read_scenario`; start as the coordinate is written, a date as '2026-03-31'
    units : "percent", "decimal", or one of them for each variable, where attrs do not say
    Returns Dataset (month) as `scenario()` does.
    Raises InputError naming every fault: dimensions, unknown variables, periods, units.

    >>> data = {"unemployment_rate": ("time", [5.0, 8.0]), "real_income_growth": ("time", [2.0, -1.0])}
    >>> made = from_dataset(xr.Dataset(data, {"time": ["2026 Q1", "2026 Q2"]}), units="percent", trend=0.02)
    >>> made["unemployment_rate"].values.reshape(-1, 3).mean(axis=1)
    array([0.05, 0.08])
    """
    subject = f"dataset {dataset.attrs.get('name', 'without a name')!r}"
    faults = _unit_argument_faults(units)
    if len(dataset.dims) != 1:
        faults.append(f"dimensions: found {tuple(dataset.dims)}, expected one, of time; select one path or scenario")
    if faults:
        raise InputError(subject, faults)
    dim = str(next(iter(dataset.dims)))
    if dim not in dataset.coords:
        raise InputError(subject, [f"{dim}: found no coordinate, expected dates or words such as '2026 Q1'; assign it"])
    coordinate = dataset[dim].values
    if dim == "month" and coordinate.dtype.kind in "iuf":
        given = dataset if trend is None else dataset.assign_attrs(real_income_trend=float(trend))
        if "real_income_trend" not in given.attrs:
            given = given.assign_attrs(real_income_trend=normal_growth("fed-2026-baseline"))
        check_scenario(given)
        return given
    days = coordinate.dtype.kind == "M"
    periods = [str(one) for one in (coordinate.astype("datetime64[D]") if days else coordinate)]
    span = read_periods(periods, dim, None)[0]
    columns = {}
    for key, values in dataset.data_vars.items():
        variable = variable_of(str(key))
        if variable is None:
            faults.append(f"{key}: unknown, expected among {sorted(MACRO)}; rename or drop it")
            continue
        if variable in columns:
            faults.append(f"{key}: found a second {variable}, expected one; drop it")
        said = str(values.attrs.get("units", ""))
        given_unit = units if isinstance(units, str) else (units or {}).get(variable, "")
        unit = unit_of(said or given_unit, variable, span)
        if said and given_unit and unit != given_unit:
            faults.append(f"{key}: found units {said!r} and units={given_unit!r}, expected one; drop units=")
        if unit is None:
            faults.append(unit_fault(str(key), said, "set attrs['units'], or pass units="))
        columns[variable] = Column(str(key), unit or "percent", [repr(float(one)) for one in values.values])
    faults += _missing(columns, "add it")
    return finish(
        {key: columns[key] for key in MACRO if key in columns},
        periods,
        label=dim,
        frequency=None,
        start=start,
        trend=trend,
        name=str(dataset.attrs.get("name", "from a dataset")),
        subject=subject,
        faults=faults,
    )


def _unit_argument_faults(units: Units) -> list[str]:
    """What is wrong with units=; empty if nothing is."""
    given = {"all": units} if isinstance(units, str) else dict(units or {})
    faults = [
        f"units: found {unit!r} for {name}, expected 'percent' or 'decimal'"
        for name, unit in given.items()
        if unit not in ("percent", "decimal")
    ]
    strange = [name for name in given if name != "all" and name not in MACRO]
    return faults + [f"units: found variable {name!r}, expected among {sorted(MACRO)}" for name in strange]


def _missing(columns: Mapping[str, object], advice: str) -> list[str]:
    """A sentence for each variable that must be there and is not."""
    return [f"{COLUMNS[key]!r}: missing, expected a column of that name; {advice}"
            for key in COLUMNS if MACRO[key].required and key not in columns]  # fmt: skip


def _lines(path: str | PathLike[str], subject: str) -> Lines:
    """The lines of a CSV, blank ones left out; refuses ragged ones and files without any."""
    with open(path, newline="", encoding="utf-8-sig") as file:
        lines = [[cell.strip() for cell in line] for line in csv.reader(file) if any(line)]
    if len(lines) < 2:
        found = f"file: found {len(lines)} lines, expected a header and a line for each quarter"
        raise InputError(subject, [found])
    return lines


def _ragged(lines: Lines) -> list[str]:
    """A sentence for each line that is longer or shorter than the header."""
    return [
        f"line {number}: found {len(line)} cells, expected {len(lines[0])} as in the header"
        for number, line in enumerate(lines[1:], 2)
        if len(line) != len(lines[0])
    ]


def _place(header: list[str], known: tuple[str, ...]) -> int | None:
    """Where the first of some headers stands, in any case."""
    small = [" ".join(cell.lower().split()) for cell in header]
    return next((small.index(one) for one in known if one in small), None)


def _wide(lines: Lines, subject: str, name: str | None, layout: str) -> tuple[Lines, dict[str, str], dict[str, str]]:
    """Table with a column for each variable, cut to title, period and our variables; labels and units by variable."""
    header = lines[0]
    title, date = _place(header, SCENARIO), _place(header, DATES)
    places: dict[str, list[int]] = {}
    units: dict[str, str] = {}
    for place, cell in enumerate(header):
        label, unit = cell, ""
        if layout == "boe" and (found := re.fullmatch(r"(.*?)\s*[(\[]([^()\[\]]*)[)\]]", cell)):
            label, unit = found.groups()
        elif layout == "fed":
            label = re.sub(r"\s*\((%|percent)\)$", "", cell, flags=re.IGNORECASE)
        variable = variable_of(label)
        if variable is not None:
            places.setdefault(variable, []).append(place)
            units[variable] = unit
    faults = []
    if title is None and layout == "fed":
        faults.append("'Scenario Name': missing, expected a column of that name; add it")
    if date is None:
        faults.append("'Date': missing, expected a column of that name; add it")
    faults += _missing(places, "add it")
    for found_places in places.values():
        if len(found_places) > 1:
            labels = " and ".join(dict.fromkeys(repr(header[place]) for place in found_places))
            faults.append(f"{labels}: found {len(found_places)} columns, expected one")
    faults += _ragged(lines)
    if faults or date is None:
        raise InputError(subject, faults)
    rows = _named(lines[1:], title, name, subject)
    order = {key: places[key][0] for key in MACRO if key in places}
    called = rows[0][title] if title is not None else Path(subject).stem
    cut = [[called, header[date], *(header[place] for place in order.values())]]
    cut += [[called, row[date], *(row[place] for place in order.values())] for row in rows]
    return cut, {key: header[place] for key, place in order.items()}, units


def _named(rows: Lines, title: int | None, name: str | None, subject: str) -> Lines:
    """The rows of one scenario."""
    names = [] if title is None else sorted({row[title] for row in rows})
    if name is None and len(names) > 1:
        raise InputError(subject, [f"'Scenario Name': found {', '.join(names)}, expected one; pick it with name="])
    if name is not None and name not in names:
        expected = ", ".join(names) or "none, as the file names no scenario"
        raise InputError(subject, [f"name: found {name!r}, expected one of {expected}"])
    return rows if name is None or title is None else [row for row in rows if row[title] == name]


def _tidy(lines: Lines, subject: str, name: str | None) -> tuple[Lines, dict[str, str], dict[str, str], str | None]:
    """Table of one figure a row, made wide: title, period and our variables; labels, units, frequency."""
    header = lines[0]
    date, key, value = (_place(header, known) for known in (DATES, ("variable",), ("value",)))
    unit, often, title = (_place(header, known) for known in (("unit", "units"), ("frequency",), SCENARIO))
    wanted = {"date": date, "variable": key, "value": value}
    faults = [
        f"{column!r}: missing, expected a column of that name; add it" for column, at in wanted.items() if at is None
    ]
    faults += _ragged(lines)
    if faults or date is None or key is None or value is None:
        raise InputError(subject, faults)
    rows = _named(lines[1:], title, name, subject)
    table: dict[str, dict[str, str]] = {}
    labels: dict[str, str] = {}
    units: dict[str, str] = {}
    stated: dict[str, str] = {}
    faults = []
    for row in rows:
        variable = variable_of(row[key])
        if variable is None:
            continue  # as columns of other names
        labels.setdefault(variable, row[key])
        if row[date] in table.setdefault(variable, {}):
            faults.append(f"{row[key]!r}: found {row[date]} twice, expected once; drop one")
        table[variable][row[date]] = row[value]
        if unit is not None and units.setdefault(variable, row[unit]) != row[unit]:
            faults.append(f"{row[key]!r}: found units {units[variable]!r} and {row[unit]!r}, expected one; convert")
        if often is not None:
            stated.setdefault(row[often].lower(), row[date])
    if len(stated) > 1:
        faults.append(f"'frequency': found {', '.join(stated)}, expected one; make them alike")
    faults += _missing(table, "add it")
    periods = sorted({period for figures in table.values() for period in figures}, key=_order)
    for variable, figures in table.items():
        gaps = [period for period in periods if period not in figures]
        if gaps:
            faults.append(f"{labels[variable]!r}: missing in {gaps[0]}, {len(gaps)} in all, expected a figure; add it")
    if faults:
        raise InputError(subject, list(dict.fromkeys(faults)))
    order = [variable for variable in MACRO if variable in table]
    called = rows[0][title] if title is not None else Path(subject).stem
    cut = [[called, header[date], *(labels[variable] for variable in order)]]
    cut += [[called, period, *(table[variable][period] for variable in order)] for period in periods]
    return cut, {variable: labels[variable] for variable in order}, units, next(iter(stated), None)


def _order(period: str) -> tuple[int, int, str]:
    """Key that sorts periods in time; those that are none come last."""
    return (*(period_of(period) or (99, 0)), period)
