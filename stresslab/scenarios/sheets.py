"""The shapes of a table of scenarios: a column or a row for each variable, or a row for each figure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stresslab.checks import like
from stresslab.scenarios.names import read_name
from stresslab.scenarios.periods import days_of, is_period, normalised, parse_period
from stresslab.schema import InputError
from stresslab.tabular import Table, is_missing, listed, parse_number

DATES = ("date", "period", "quarter", "month", "year", "time", "time period", "observation date", "projection month")
SCENARIO = ("scenario name", "scenario")
VARIABLE = ("variable", "indicator", "series")
VALUE = ("value", "obs value", "observation value")
UNIT = ("unit", "units", "unit measure")
CHANGE = ("transformation",)
FREQUENCIES = ("frequency", "freq")
AREA = ("ref area", "reference area", "geo", "country", "location")
CODES = {"m": "monthly", "q": "quarterly", "a": "annual"}
"""Codes of frequencies in tables of the OECD and Eurostat."""

Rows = list[list[str]]


@dataclass
class Sheet:
    """One scenario of a table: its name, its periods, and a column of cells for each label."""

    subject: str
    name: str
    date: str
    """Label of the periods."""
    periods: list[str]
    columns: dict[str, list[str]]
    units: dict[str, str] = field(default_factory=dict)
    """As the table states them beside the labels; missing where it does not."""
    frequency: str | None = None
    decimal: str = "."
    notes: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def read_sheet(table: Table, layout: str, name: str | None) -> Sheet:
    """One scenario of a table, whatever its shape; refuses what cannot be told apart."""
    header = [label for label in table.header if table.header.count(label) == 1]
    twice = [label for label in dict.fromkeys(table.header) if table.header.count(label) > 1 and read_name(label)]
    if twice:
        found = f"found {table.header.count(twice[0])} columns of that name"
        raise InputError(table.subject, [f"{twice[0]!r}: {found}, expected one; drop the others"])
    cells = table.load(header, texts=header)
    rows = [["" if cell is None else cell for cell in row] for row in cells.itertuples(index=False, name=None)]
    if not rows:
        found = f"found {table.found} and no row below"
        raise InputError(table.subject, [f"table: {found}, expected a row for each period; add them"])
    if len(header) == 1:
        advice = "pass separator=, or add the columns"
        raise InputError(table.subject, [f"table: found {table.found}, expected a column for the periods; {advice}"])
    across = [place for place, label in enumerate(header) if is_period(label)]
    figures = [place for place in range(len(header)) if _holds_numbers(rows, place, table.decimal)]
    if len(across) > 1 or (across and _place(header, DATES) is None) or _variables_down(header, rows, figures):
        return _without_signs(_across(table, header, rows, name, across, figures))
    key = _place(header, VARIABLE)
    if layout != "tidy" and key is not None and any(read_name(row[key]) for row in rows):
        found = f"found variables down the column {header[key]!r}, expected a column for each"
        rename = "" if _place(header, VALUE) is not None else " and name the column of the figures 'value'"
        raise InputError(table.subject, [f"table: {found}; pass layout='tidy'{rename}"])
    return _without_signs((_long if layout == "tidy" else _wide)(table, header, rows, name))


def _without_signs(sheet: Sheet) -> Sheet:
    """The sheet, columns of which every figure has a percent sign as numbers in percent."""
    for label, cells in sheet.columns.items():
        filled = [cell for cell in cells if not is_missing(cell)]
        known = read_name(label) if filled and all(cell.endswith("%") for cell in filled) else None
        if known is not None:
            said = sheet.units.get(label) or known.unit
            sheet.columns[label] = [cell.removesuffix("%").rstrip() for cell in cells]
            sheet.units[label] = said if "%" in said else f"% {said}".strip()
    return sheet


def _wide(table: Table, header: list[str], rows: Rows, name: str | None) -> Sheet:
    """A table with a column for each variable."""
    sheet = _empty(table)
    date = _place(header, DATES)
    if date is None and "" in header:
        date = header.index("")  # the Bank of England leaves the label of the periods out
    if date is None:
        advice = "rename the column that holds them"
        if _place(header, VARIABLE) is not None and _place(header, VALUE) is not None:
            advice = "pass layout='tidy', or rename the column that holds them"
        found = f"found no column of periods{like('Date', header)} among {listed(header)}"
        sheet.faults.append(f"'Date': {found}, expected 'Date', 'Quarter', 'Month' or 'Year'; {advice}")
    else:
        rows, sheet.notes, sheet.faults = _with_periods(rows, date, header[date] or "Date")
        if not rows:
            found = f"found {table.found} and no figures beside a period"
            none = f"table: {found}, expected a row for each period; add them"
            raise InputError(table.subject, sheet.faults or [none])
    rows = _rows_of(sheet, header, rows, name)
    places = [place for place in range(len(header)) if place not in (date, _place(header, SCENARIO))]
    sheet.columns = {header[place]: [row[place] for row in rows] for place in places}
    if date is not None:
        sheet.date, sheet.periods = header[date] or "Date", [row[date] for row in rows]
    return sheet


def _variables_down(header: list[str], rows: Rows, figures: Sequence[int]) -> bool:
    """Whether variables are named in a column, beside columns that may be of periods, and not in the header."""
    if _place(header, VALUE) is not None or any(read_name(label) for label in header):
        return False
    named = any(read_name(cell) for row in rows for cell in row)
    return named and any(re.search(r"\d", header[place]) for place in figures)


def _holds_numbers(rows: Rows, place: int, decimal: str) -> bool:
    """Whether a column holds nothing but numbers."""
    cells = [row[place] for row in rows if not is_missing(row[place])]
    return bool(cells) and all(parse_number(cell, decimal) is not None for cell in cells)


def _across(
    table: Table, header: list[str], rows: Rows, name: str | None, across: list[int], figures: Sequence[int]
) -> Sheet:
    """A table with a row for each variable, and periods in its header; labels with digits that are none are faults.

    across : columns of periods; figures : columns of numbers
    """
    sheet = _empty(table)
    told = [_place(header, known) for known in (SCENARIO, VARIABLE, UNIT, CHANGE, FREQUENCIES)]
    beside = [place for place in figures if place not in (*across, *told)]
    across = sorted([*across, *(place for place in beside if re.search(r"\d", header[place]))])
    left = [header[place] for place in beside if place not in across]
    sheet.notes += [f"columns left out, as they are of no period: {listed(left, 6)}"] if left else []
    others = [place for place in range(len(header)) if place not in (*across, _place(header, SCENARIO))]
    if not others:
        found = f"found periods alone: {listed(header, 4)}"
        raise InputError(table.subject, [f"header: {found}, expected a column that names the variables; add it"])
    named = [place for place in others if any(read_name(row[place]) for row in rows)]
    key = next(iter(named), next((place for place in others if place == _place(header, VARIABLE)), others[0]))
    rows = _rows_of(sheet, header, rows, name)
    sheet.faults += _area_faults(header, rows)
    labels = [row[key] for row in rows]
    if not sheet.faults:
        sheet.faults += [
            f"{label!r}: found in {labels.count(label)} rows, expected one; drop the others"
            for label in dict.fromkeys(labels)
            if labels.count(label) > 1 and read_name(label)
        ]
    sheet.date, sheet.periods = "header", [header[place] for place in across]
    sheet.columns = {row[key]: [row[place] for place in across] for row in rows if row[key]}
    sheet.units = {row[key]: _unit(header, row) for row in rows}
    return sheet


def _long(table: Table, header: list[str], rows: Rows, name: str | None) -> Sheet:
    """A table with a row for each figure."""
    wanted = {"date": DATES, "variable": VARIABLE, "value": VALUE}
    places = {column: _place(header, known) for column, known in wanted.items()}
    absent = [column for column, place in places.items() if place is None]
    if absent:
        among = f" among {listed(header, 20)}"
        raise InputError(table.subject, [
            *(
                f"{column!r}: found no such column{like(column, header)}{among if column == absent[0] else ''}, "
                "expected one; rename the column that holds it"
                for column in absent
            ),
            *_frequency(header, rows)[1],
            *_area_faults(header, rows),
        ])  # fmt: skip
    date, key, value = (place for place in places.values() if place is not None)
    sheet = _empty(table)
    rows = _rows_of(sheet, header, rows, name)
    sheet.date = header[date]
    sheet.columns = {row[key]: [] for row in rows if row[key] and not read_name(row[key])}
    rows = [row for row in rows if read_name(row[key])]
    sheet.frequency, faults = _frequency(header, rows)
    faults += _area_faults(header, rows)
    figures: dict[str, dict[str, str]] = {}
    for row in rows:
        label, period, unit = row[key], normalised(row[date]), _unit(header, row)
        if period in figures.setdefault(label, {}) and not faults:
            faults.append(f"{label!r}: found {period} twice, expected it once; drop one of the rows")
        if sheet.units.setdefault(label, unit) != unit:
            found = f"found units {sheet.units[label]!r} and {unit!r}"
            faults.append(f"{label!r}: {found}, expected one; keep the rows of one, or convert the figures")
        figures[label][period] = row[value]
    sheet.periods = _in_time([period for column in figures.values() for period in column])
    for label, column in figures.items():
        sheet.columns[label] = [column.get(period, "") for period in sheet.periods]
    sheet.faults += dict.fromkeys(faults)
    return sheet


def _empty(table: Table) -> Sheet:
    """A sheet to be filled from a table."""
    return Sheet(table.subject, Path(table.subject).stem, "Date", [], {}, decimal=table.decimal)


def _rows_of(sheet: Sheet, header: list[str], rows: Rows, name: str | None) -> Rows:
    """The rows of one scenario, whose name the sheet takes; if it cannot be told which one, those of the first."""
    place = _place(header, SCENARIO)
    names = [] if place is None else sorted({row[place] for row in rows})
    if place is not None and name is None and len(names) > 1:
        found = f"found {', '.join(names)}, expected one scenario"
        sheet.faults.append(f"{header[place]!r}: {found}; choose it with name=")
    if name is not None and name.strip() and names and name not in names:
        expected = f"expected one of {', '.join(names)}"
        sheet.faults.append(f"name: found {name!r}{like(name, names)}, {expected}; correct name=")
    if name is not None and not name.strip():
        sheet.faults.append(f"name: found {name!r}, expected a name; give one, or drop name=")
    if place is None or not names:
        if name is not None:
            sheet.name = name
            sheet.notes.append(f"name: the table names no scenario, its figures are called {name!r}")
        return rows
    sheet.name = name if name in names and name is not None else names[0]
    return [row for row in rows if row[place] == sheet.name]


def _with_periods(rows: Rows, date: int, label: str) -> tuple[Rows, list[str], list[str]]:
    """Rows of figures, without titles between them and blocks of other things below; notes of these, and faults.

    A title fills the first cell alone. The rows below one are left out if none of them names a period, and others do.
    """
    nameless = [row for row in rows if not row[date] and any(row)]
    rows = [row for row in rows if row[date]]
    faults = []
    if nameless:
        more = f" (and in {len(nameless) - 1} more rows)" if len(nameless) > 1 else ""
        found = f"found no period beside {listed([cell for cell in nameless[0] if cell], 4)}{more}"
        faults.append(f"{label!r}: {found}, expected one in each row; fill it, or remove the row")
    blocks: list[Rows] = [[]]
    left: list[str] = []
    for row in rows:
        filled = [place for place, cell in enumerate(row) if cell]
        if filled == [date] and not is_period(row[date]):
            blocks.append([])
            left.append(row[date])
        else:
            blocks[-1].append(row)
    dated = [block for block in blocks if any(is_period(row[date]) for row in block)] or blocks
    left += [row[date] for block in blocks if block not in dated for row in block]
    kept = [row for block in dated for row in block]
    return kept, [f"rows left out, as they are of no period: {listed(left, 6)}"] if left else [], faults


def _area_faults(header: list[str], rows: Rows) -> list[str]:
    """Fault of long rows of several countries."""
    place = _place(header, AREA)
    areas = [] if place is None else list(dict.fromkeys(row[place] for row in rows))
    if place is None or len(areas) < 2:
        return []
    return [f"{header[place]!r}: found {listed(areas, 6)}, expected one country; keep the rows of one"]


def _unit(header: list[str], row: list[str]) -> str:
    """The unit of a row, with what its growth is compared with."""
    places = [place for known in (UNIT, CHANGE) if (place := _place(header, known)) is not None]
    return " ".join(row[place] for place in places).strip()


def _frequency(header: list[str], rows: Rows) -> tuple[str | None, list[str]]:
    """The frequency as long rows state it, and faults."""
    place = _place(header, FREQUENCIES)
    stated = [] if place is None else list(dict.fromkeys(row[place].lower() for row in rows))
    if place is not None and len(stated) > 1:
        found = ", ".join(map(repr, stated))
        return None, [f"{header[place]!r}: found {found}, expected one; keep the rows of one, or convert them"]
    return next((CODES.get(code, code) or None for code in stated), None), []


def _place(header: Sequence[str], known: tuple[str, ...]) -> int | None:
    """Position of the first known header, in upper or lower case, its words apart by blanks or underscores."""
    lower = [" ".join(cell.lower().replace("_", " ").split()) for cell in header]
    return next((lower.index(name) for name in known if name in lower), None)


def _in_time(periods: Sequence[str]) -> list[str]:
    """Periods, each once, in the order of time; labels that are no period come last."""
    labels = list(dict.fromkeys(periods))
    days, _ = days_of(labels)
    months = {}
    for label, day in zip(labels, days, strict=True):
        known = parse_period(label)
        months[label] = known.first if known else 12 * day.year + day.month - 1 if day else 10**6
    return sorted(labels, key=months.__getitem__)
