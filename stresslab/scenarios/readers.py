"""Scenarios from files, in the layouts of their publishers, and from datasets."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import NamedTuple

import xarray as xr

from stresslab.checks import choice_faults, refuse
from stresslab.scenarios.library import check_scenario, described, mean_income_growth
from stresslab.scenarios.periods import normalised, parse_period, read_periods
from stresslab.scenarios.tables import Column, monthly_scenario, unit_fault, unit_of, variable_of
from stresslab.schema import MACRO, MONTHLY, InputError

COLUMNS = {
    "unemployment_rate": "Unemployment rate",
    "real_income_growth": "Real disposable income growth",
    "gdp_growth": "Real GDP growth",
    "inflation": "CPI inflation rate",
    "policy_rate": "3-month Treasury rate",
}
"""The macro variables and their columns in the files of the Federal Reserve's supervisory scenarios of 2026."""

LAYOUTS = ("fed", "tidy", "boe")
DATES = ("date", "period", "quarter", "month", "year")
SCENARIO = ("scenario name", "scenario")

Units = str | Mapping[str, str] | None
Lines = list[list[str]]


class Table(NamedTuple):
    """One scenario of a file: its name, the column of periods, and a column for each macro variable."""

    name: str
    date: str
    """Label of the column of periods."""
    periods: list[str]
    cells: dict[str, list[str]]
    labels: dict[str, str]
    """What the file calls each variable."""
    units: dict[str, str]
    """As the file states them; missing or empty where it does not."""
    frequency: str | None = None


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
    r"""A scenario from a CSV file in the layout of the Federal Reserve, of the Bank of England, or in long rows.

    Parameters
    ----------
    path : str or path-like
        CSV file. Columns are found by their header, in any order; other columns are ignored. Unemployment and growth of
        real income are needed; GDP, inflation, a short rate and the shares are read where they are present.
    start : str or None
        First period wanted, "2026Q1"; the one before it, if the file has one, is where the path starts from. None: the
        first of the file.
    name : str or None
        Which scenario, if the file holds several.
    trend : float or None
        Normal growth of real income [1/year], against which a loss of income counts. None: the mean of
        `fed-2026-baseline`, which fits the United States only.
    layout : {"fed", "tidy", "boe"}
        "fed": "Scenario Name", "Date" (quarters) and a column for each variable, in percent, as in the domestic files
        of any year. "tidy": "variable", "value" and "date", "quarter", "month" or "year", perhaps "scenario", "unit",
        "frequency". "boe": "Date" or "Quarter" and a column for each variable, its unit in the header: "Unemployment
        rate (%)".
    units : {"percent", "decimal"}, mapping of str to str, or None
        For all variables or for each, where the file does not state them; never both.
    frequency : {"monthly", "quarterly", "annual"} or None
        Where dates do not tell it, as a single day.

    Returns
    -------
    xarray.Dataset
        Scenario (month), with the variables, units and attrs of `scenario`.

    Raises
    ------
    InputError
        Names each fault: columns, dates that are not consecutive, blanks, words, units that are missing, wrong or
        unknown.

    Notes
    -----
    Quarters may be written "2026Q1", "2026 Q1" or "Q1 2026"; attrs and error texts say "2026Q1". Quarters and years
    become months with their means kept; shares, as `line_supply`, are held. Growth must be that on the period before at
    an annual rate; growth on a year earlier is accepted for inflation and for annual figures only.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import stresslab as sl
    >>> rows = ["quarter,variable,value,unit"]
    >>> rows += ["2026Q1,unemployment_rate,5,percent", "2026Q1,real_income_growth,2,percent"]
    >>> rows += ["2026Q2,unemployment_rate,8,percent", "2026Q2,real_income_growth,-1,percent"]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "own.csv")
    ...     _ = file.write_text("\n".join(rows))
    ...     own = sl.read_scenario(file, layout="tidy", trend=0.02)
    >>> own["unemployment_rate"].values  # means of 5 % and 8 %: a straight line
    array([0.04, 0.05, 0.06, 0.07, 0.08, 0.09])
    """
    subject = Path(path).name
    faults = choice_faults("layout", layout, LAYOUTS) + _unit_argument_faults(units)
    refuse(subject, faults)
    lines = _lines(path, subject)
    table = _tidy(lines, subject, name) if layout == "tidy" else _wide(lines, subject, name, layout)
    if frequency and table.frequency and frequency != table.frequency:
        found = f"found {table.frequency!r} in the file and frequency={frequency!r}"
        faults.append(f"frequency: {found}, expected one of them; drop frequency=")
    frequency = frequency or table.frequency
    span = read_periods(table.periods, table.date, frequency)[0]
    columns = {}
    for variable, label in table.labels.items():
        stated = table.units.get(variable, "")
        argument = _unit_argument(units, variable)
        unit = "percent" if layout == "fed" else unit_of(stated or argument, variable, span)
        if stated and argument and unit != argument:
            found = f"found unit {stated!r} in the file and units={argument!r}"
            faults.append(f"{label!r}: {found}, expected one of them; drop units=")
        if unit is None:
            advice = f"state it in the file, or pass units={{'{variable}': 'percent'}}"
            faults.append(unit_fault(label, stated, advice))
        columns[variable] = Column(label, unit or "percent", table.cells[variable])
    if layout == "fed":
        faults += _quarter_faults(table)
    return monthly_scenario(
        columns,
        table.periods,
        label=table.date,
        frequency=frequency,
        start=start,
        trend=trend,
        name=table.name,
        subject=subject,
        faults=faults,
    )


def from_dataset(
    dataset: xr.Dataset, *, trend: float | None = None, units: Units = None, start: str | None = None
) -> xr.Dataset:
    """A scenario from a dataset along time, whose figures are of months, quarters or years.

    Parameters
    ----------
    dataset : xarray.Dataset
        One dimension, of time, under any name. Variables are those of `scenario`, each with attrs["units"]: "percent",
        "%", "1" or "1/year". The coordinate is dates a month, a quarter or a year apart, or labels such as "2026Q1", or
        years. A dataset along `month` with labels 1, 2, ... is taken to be in decimals, and checked and kept.
    trend : float or None
        Normal growth of real income [1/year], as in `read_scenario`.
    units : {"percent", "decimal"}, mapping of str to str, or None
        For all variables or for each, where attrs do not state them; never both.
    start : str or None
        First period wanted, as in `read_scenario`; a date as "2026-03-31".

    Returns
    -------
    xarray.Dataset
        Scenario (month), with the variables, units and attrs of `scenario`.

    Raises
    ------
    InputError
        Names each fault: dimensions, unknown variables, periods, units.

    Examples
    --------
    >>> import xarray as xr
    >>> import stresslab as sl
    >>> data = {"unemployment_rate": ("time", [5.0, 8.0]), "real_income_growth": ("time", [2.0, -1.0])}
    >>> dataset = xr.Dataset(data, {"time": ["2026Q1", "2026Q2"]})
    >>> macro = sl.scenarios.from_dataset(dataset, units="percent", trend=0.02)
    >>> macro["unemployment_rate"].values  # means of 5 % and 8 %: a straight line
    array([0.04, 0.05, 0.06, 0.07, 0.08, 0.09])
    """
    subject = f"dataset {dataset.attrs.get('name', 'without a name')!r}"
    faults = _unit_argument_faults(units)
    if len(dataset.dims) != 1:
        faults.append(f"dimensions: found {tuple(dataset.dims)}, expected one, of time; select one path or scenario")
    refuse(subject, faults)
    dim = str(next(iter(dataset.dims)))
    if dim not in dataset.coords:
        expected = "expected dates or labels such as '2026Q1'; assign it"
        raise InputError(subject, [f"{dim}: found no coordinate, {expected}"])
    coordinate = dataset[dim].values
    if dim == "month" and coordinate.dtype.kind in "iuf":
        return _along_months(dataset, trend)
    days = coordinate.dtype.kind == "M"
    periods = [str(label) for label in (coordinate.astype("datetime64[D]") if days else coordinate)]
    span = read_periods(periods, dim, None)[0]
    columns: dict[str, Column] = {}
    for key, values in dataset.data_vars.items():
        variable = variable_of(str(key))
        if variable is None:
            faults.append(f"{key}: unknown, expected among {sorted(MONTHLY)}; rename or drop it")
            continue
        if variable in columns:
            faults.append(f"{key}: found a second {variable}, expected one; drop one of them")
        stated, argument = str(values.attrs.get("units", "")), _unit_argument(units, variable)
        unit = unit_of(stated or argument, variable, span)
        if stated and argument and unit != argument:
            found = f"found units {stated!r} and units={argument!r}"
            faults.append(f"{key}: {found}, expected one of them; drop units=")
        if unit is None:
            faults.append(unit_fault(str(key), stated, "set attrs['units'], or pass units="))
        columns[variable] = Column(str(key), unit or "percent", [repr(float(value)) for value in values.values])
    faults += _missing(columns)
    return monthly_scenario(
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


def _along_months(dataset: xr.Dataset, trend: float | None) -> xr.Dataset:
    """A dataset that is a scenario already, checked, with its normal growth of real income and its units."""
    macro = dataset
    if trend is not None or "real_income_trend" not in dataset:
        macro = dataset.assign(real_income_trend=mean_income_growth("fed-2026-baseline") if trend is None else trend)
    check_scenario(macro)
    return described(macro)


def _unit_argument(units: Units, variable: str) -> str:
    """The unit that units= gives for a variable; empty if it gives none."""
    return units if isinstance(units, str) else (units or {}).get(variable, "")


def _unit_argument_faults(units: Units) -> list[str]:
    """Faults of units=."""
    by_name = {"all": units} if isinstance(units, str) else dict(units or {})
    faults = [
        f"units: found {unit!r} for {name}, expected 'percent' or 'decimal'; choose one of them"
        for name, unit in by_name.items()
        if unit not in ("percent", "decimal")
    ]
    unknown = [name for name in by_name if name != "all" and name not in MONTHLY]
    return faults + [f"units: found variable {name!r}, expected among {sorted(MONTHLY)}; rename it" for name in unknown]


def _quarter_faults(table: Table) -> list[str]:
    """Fault of periods that are no quarters; the files of the Federal Reserve are quarterly."""
    others = [label for label in table.periods if (parse_period(label) or (0, 0))[0] != 3]
    if not others:
        return []
    found = f"found {others[0]!r} (of {len(others)} such)"
    return [f"{table.date!r}: {found}, expected quarters such as '2026Q1'; rewrite the labels, or pass layout='tidy'"]


def _missing(columns: Mapping[str, object]) -> list[str]:
    """A sentence for each required variable that is missing."""
    return [
        f"{label!r}: missing, expected a column of that name; add it"
        for variable, label in COLUMNS.items()
        if MACRO[variable].required and variable not in columns
    ]


def _lines(path: str | PathLike[str], subject: str) -> Lines:
    """The lines of a CSV without blank ones; refuses a file without data."""
    with open(path, newline="", encoding="utf-8-sig") as file:
        lines = [[cell.strip() for cell in line] for line in csv.reader(file) if any(line)]
    if len(lines) < 2:
        expected = "expected a header and a line for each period; add them"
        raise InputError(subject, [f"file: found {len(lines)} lines, {expected}"])
    return lines


def _ragged(lines: Lines) -> list[str]:
    """A sentence for each line that is longer or shorter than the header."""
    return [
        f"line {number}: found {len(line)} cells, expected {len(lines[0])} as in the header; correct the line"
        for number, line in enumerate(lines[1:], 2)
        if len(line) != len(lines[0])
    ]


def _place(header: list[str], known: tuple[str, ...]) -> int | None:
    """Position of the first known header, in upper or lower case."""
    lower = [" ".join(cell.lower().split()) for cell in header]
    return next((lower.index(name) for name in known if name in lower), None)


def _wide(lines: Lines, subject: str, name: str | None, layout: str) -> Table:
    """One scenario of a file with a column for each variable."""
    header = lines[0]
    title, date = _place(header, SCENARIO), _place(header, DATES)
    places: dict[str, list[int]] = {}
    units: dict[str, str] = {}
    for place, cell in enumerate(header):
        label, unit = _label_and_unit(cell, layout)
        variable = variable_of(label)
        if variable is not None:
            places.setdefault(variable, []).append(place)
            units[variable] = unit
    faults = []
    if title is None and layout == "fed":
        faults.append("'Scenario Name': missing, expected a column of that name; add it")
    if date is None:
        faults.append("'Date': missing, expected a column of that name; add it")
    faults += _missing(places)
    for repeated in (several for several in places.values() if len(several) > 1):
        labels = " and ".join(dict.fromkeys(repr(header[place]) for place in repeated))
        faults.append(f"{labels}: found {len(repeated)} columns, expected one; drop the others")
    faults += _ragged(lines)
    if faults or date is None:
        raise InputError(subject, faults)
    rows = _rows_of(lines[1:], title, name, subject)
    column = {variable: places[variable][0] for variable in MACRO if variable in places}
    return Table(
        name=rows[0][title] if title is not None else Path(subject).stem,
        date=header[date],
        periods=[row[date] for row in rows],
        cells={variable: [row[place] for row in rows] for variable, place in column.items()},
        labels={variable: header[place] for variable, place in column.items()},
        units=units,
    )


def _label_and_unit(cell: str, layout: str) -> tuple[str, str]:
    """Label and unit in the header of a column; in files of the Federal Reserve, percent is understood."""
    if layout == "boe" and (match := re.fullmatch(r"(.*?)\s*[(\[]([^()\[\]]*)[)\]]", cell)):
        return match[1], match[2]
    return re.sub(r"\s*\((%|percent)\)$", "", cell, flags=re.IGNORECASE) if layout == "fed" else cell, ""


def _rows_of(rows: Lines, title: int | None, name: str | None, subject: str) -> Lines:
    """The rows of one scenario."""
    names = [] if title is None else sorted({row[title] for row in rows})
    if name is None and len(names) > 1:
        known = ", ".join(names)
        raise InputError(subject, [f"'Scenario Name': found {known}, expected one scenario; choose it with name="])
    if name is not None and name not in names:
        expected = f"expected one of {', '.join(names)}" if names else "expected None, as the file names no scenario"
        raise InputError(subject, [f"name: found {name!r}, {expected}; correct name="])
    return rows if name is None or title is None else [row for row in rows if row[title] == name]


def _tidy(lines: Lines, subject: str, name: str | None) -> Table:
    """One scenario of a file with one figure in a row."""
    header = lines[0]
    date, key, value = (_place(header, known) for known in (DATES, ("variable",), ("value",)))
    title = _place(header, SCENARIO)
    needed = {"date": date, "variable": key, "value": value}
    faults = [
        f"{column!r}: missing, expected a column of that name; add it"
        for column, place in needed.items()
        if place is None
    ]
    faults += _ragged(lines)
    if faults or date is None or key is None or value is None:
        raise InputError(subject, faults)
    rows = [row for row in _rows_of(lines[1:], title, name, subject) if variable_of(row[key]) is not None]
    figures: dict[str, dict[str, str]] = {}
    labels: dict[str, str] = {}
    for row in rows:
        variable, period = str(variable_of(row[key])), normalised(row[date])
        labels.setdefault(variable, row[key])
        if period in figures.setdefault(variable, {}):
            faults.append(f"{row[key]!r}: found {period} twice, expected it once; drop one of the rows")
        figures[variable][period] = row[value]
    units, unit_faults = _stated_units(header, rows, key)
    frequency, frequency_faults = _stated_frequency(header, rows)
    periods = sorted({period for column in figures.values() for period in column}, key=_in_time)
    faults += unit_faults + frequency_faults + _missing(figures) + _gaps(figures, periods, labels)
    refuse(subject, list(dict.fromkeys(faults)))
    order = [variable for variable in MACRO if variable in figures]
    return Table(
        name=rows[0][title] if title is not None else Path(subject).stem,
        date=header[date],
        periods=periods,
        cells={variable: [figures[variable][period] for period in periods] for variable in order},
        labels={variable: labels[variable] for variable in order},
        units=units,
        frequency=frequency,
    )


def _gaps(figures: Mapping[str, Mapping[str, str]], periods: list[str], labels: Mapping[str, str]) -> list[str]:
    """A sentence for each variable that has no figure in some period."""
    faults = []
    for variable, column in figures.items():
        missing = [period for period in periods if period not in column]
        if missing:
            found = f"missing in {missing[0]}, {len(missing)} in all"
            faults.append(f"{labels[variable]!r}: {found}, expected a figure; add it")
    return faults


def _stated_units(header: list[str], rows: Lines, key: int) -> tuple[dict[str, str], list[str]]:
    """The unit of each variable as long rows state it, and faults."""
    place = _place(header, ("unit", "units"))
    units: dict[str, str] = {}
    faults: list[str] = []
    for row in rows if place is not None else ():
        variable, unit = str(variable_of(row[key])), row[place or 0]
        if units.setdefault(variable, unit) != unit:
            faults.append(
                f"{row[key]!r}: found units {units[variable]!r} and {unit!r}, expected one; convert the figures"
            )
    return units, faults


def _stated_frequency(header: list[str], rows: Lines) -> tuple[str | None, list[str]]:
    """The frequency as long rows state it, and faults."""
    place = _place(header, ("frequency",))
    stated = [] if place is None else list(dict.fromkeys(row[place].lower() for row in rows))
    if len(stated) > 1:
        return None, [f"'frequency': found {', '.join(stated)}, expected one; convert the figures to one of them"]
    return next(iter(stated), None), []


def _in_time(period: str) -> tuple[int, int, str]:
    """Key that sorts periods in time; labels that are no period come last."""
    return (*(parse_period(period) or (99, 0)), period)
