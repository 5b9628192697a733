"""The monthly scenario of a table of published figures: its columns, their figures, and what the figures prove."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

from stresslab.checks import is_number, like, near, refuse
from stresslab.noted import noted
from stresslab.scenarios.evidence import all_decimals, only_percent, unit_faults, unit_notes
from stresslab.scenarios.library import INTERPOLATION, as_history, mean_income_growth, monthly_dataset, monthly_values
from stresslab.scenarios.names import RATES, Name, read_name, usual_unit
from stresslab.scenarios.periods import (
    FREQUENCY,
    days_of,
    normalised,
    parse_day,
    parse_period,
    period_label,
    read_periods,
)
from stresslab.scenarios.sheets import Sheet
from stresslab.scenarios.units import Reals, Unit, as_decimals, settled, unit_of
from stresslab.schema import MACRO
from stresslab.tabular import is_missing, listed, parse_number

COLUMNS = {
    "unemployment_rate": "Unemployment rate",
    "real_income_growth": "Real disposable income growth",
    "gdp_growth": "Real GDP growth",
    "inflation": "CPI inflation rate",
    "policy_rate": "3-month Treasury rate",
}
"""The macro variables and their columns in the files of the Federal Reserve's supervisory scenarios of 2026."""

Units = str | Mapping[str, str] | None


class Column(NamedTuple):
    """The column of one variable."""

    label: str
    name: Name
    stated: str
    """Its unit as the table states it."""


class Figures(NamedTuple):
    """Figures of all variables along the periods [decimals], and what is to be said of them."""

    values: dict[str, Reals]
    faults: list[str]
    notes: list[str]


def monthly_scenario(
    sheet: Sheet,
    *,
    default: str,
    units: Units,
    frequency: str | None,
    start: str | None,
    trend: float | None,
) -> xr.Dataset:
    """The monthly scenario of a table, or every fault of it.

    default : unit where neither the table nor units= says one; empty: it is asked for
    """
    span, numbers, period_faults, period_notes = read_periods(sheet.periods, sheet.date, frequency or sheet.frequency)
    if frequency and sheet.frequency and frequency != sheet.frequency:
        found = f"found {sheet.frequency!r} in the table and frequency={frequency!r}"
        period_faults = [f"frequency: {found}, expected one of them; drop frequency="]
    columns, column_faults, column_notes = _columns(sheet, units)
    figures = _figures(sheet, columns, default, units, span or 3)
    levels = [columns[key].label for key, values in figures.values.items() if np.isnan(values[:1]).any()]
    without_growth = int(bool(levels))
    if levels and len(sheet.periods) == 1:
        found = f"found levels in {normalised(sheet.periods[0])} alone"
        figures.faults.append(f"{listed(levels)}: {found}, expected the period before too, for their growth; add it")
    first, start_faults = _first_row(span, numbers, start, without_growth)
    faults = [*sheet.faults, *column_faults, *figures.faults, *period_faults, *start_faults, *trend_faults(trend)]
    refuse(sheet.subject, list(dict.fromkeys(faults)))
    before = {key: float(values[first - 1]) for key, values in figures.values.items()} if first else {}
    before = {key: value for key, value in before.items() if np.isfinite(value)}
    months = monthly_values({key: values[first:] for key, values in figures.values.items()}, before, span)
    normal, trend_notes = income_trend(trend)
    notes = [*sheet.notes, *period_notes, *column_notes, *figures.notes]
    if without_growth and start is None:
        notes.append(f"{sheet.date}: {normalised(sheet.periods[0])} is left out, the base of growth from levels")
    if "real_income_growth" not in months:
        months["real_income_growth"] = np.full(months["unemployment_rate"].shape, normal)
        notes.append(f"real_income_growth: not in the table, set to its trend of {normal:.2%} a year in every month")
    notes += trend_notes
    origin = f", starting from {normalised(sheet.periods[first - 1])}" if before and span > 1 else ""
    attrs = {
        "name": sheet.name,
        "publisher": "",
        "published": "",
        "address": sheet.subject,
        "frequency": FREQUENCY[span],
        "start": period_label(1, numbers[first]),
        "history": as_history(
            [
                f"read from {sheet.subject}",
                f"{INTERPOLATION[span]}{origin}",
                f"real_income_trend: {'mean of fed-2026-baseline' if trend is None else 'as given'}",
            ]
        ),
    }
    return noted(monthly_dataset({key: months[key] for key in RATES if key in months}, attrs, normal), notes)


def _columns(sheet: Sheet, units: Units) -> tuple[dict[str, Column], list[str], list[str]]:
    """The column of each variable, faults, and notes of columns that were left out."""
    known = {label: name for label in sheet.columns if (name := read_name(label)) is not None}
    homes = {name.country for name in known.values() if name.variable == "unemployment_rate"}
    home = "" if "" in homes else next(iter(homes), "")
    found: dict[str, list[Column]] = {}
    foreign: dict[str, list[str]] = {}
    nominal: list[str] = []
    for label, name in known.items():
        stated = sheet.units.get(label, "") or name.unit
        column = _as_stated(Column(label, name, stated), units)
        if column is None:
            nominal.append(label)
        elif homes and name.country not in ("", home) and name.variable != "unemployment_rate":
            foreign.setdefault(name.variable, []).append(label)
        else:
            found.setdefault(name.variable, []).append(column)
    columns: dict[str, Column] = {}
    faults = []
    for variable, choice in found.items():
        kinds = ("rate", "level", "nominal level")
        kind = min((column.name.kind for column in choice), key=kinds.index)
        alike = [column for column in choice if column.name.kind == kind]
        if len(alike) > 1:
            labels = " and ".join(repr(column.label) for column in alike)
            faults.append(f"{labels}: found {len(alike)} columns of {variable}, expected one; drop the others")
        columns[variable] = alike[0]
    notes = []
    for variable, abroad in foreign.items():
        if variable in columns:
            notes.append(f"{listed(abroad)}: left out, of another country than unemployment")
        else:
            expected = "expected a column of the same country; drop it, or give both names of one country"
            faults.append(f"{listed(abroad)}: found another country than that of unemployment, {expected}")
    trends = [label for label in sheet.columns if " ".join(re.split(r"[\W_]+", label.lower())) == "real income trend"]
    faults += [
        f"{label!r}: found it as a column, expected one number; pass trend= and drop the column" for label in trends
    ]
    others = [*nominal, *(label for label in sheet.columns if label and label not in (*known, *trends))]
    shown = [] if sheet.faults else [*filter(None, sheet.columns)]
    missing_faults, missing_notes = _missing({**foreign, **columns}, others, shown)
    told = {*trends, *(column.label for column in columns.values()), *itertools.chain(*foreign.values())}
    unread = [label for label in sheet.columns if label and label not in told]
    notes += [f"columns not read: {listed(unread, 6)}"] if unread else []
    return columns, faults + missing_faults, notes + missing_notes


def _as_stated(column: Column, units: Units) -> Column | None:
    """A column under the name of a level as the rate that its unit says it is; None: the growth of a nominal level."""
    argument = "" if isinstance(units, str) else unit_argument(units, column.name.variable)
    said = unit_of(argument or column.stated)
    if column.name.kind == "rate" or said is None or said.scale not in ("percent", "decimal"):
        return column
    if column.name.kind == "nominal level":
        return None
    return column._replace(name=column.name._replace(kind="rate"))


def _missing(columns: Mapping[str, object], others: Sequence[str], shown: Sequence[str]) -> tuple[list[str], list[str]]:
    """Fault of what is needed and not there, and notes of columns that are perhaps misspelt; `shown` are all labels."""
    faults, notes = [], []
    if "unemployment_rate" not in columns:
        label = COLUMNS["unemployment_rate"]
        among = f" among {listed(shown)}" if shown else ""
        found = f"found no such column{like(label, others)}{among}"
        faults.append(f"{label!r}: {found}, expected it; add or rename it")
    for variable, label in COLUMNS.items():
        if variable in columns or variable == "unemployment_rate":
            continue
        close = near(label, others, 3)
        if variable == "real_income_growth":
            close = list(dict.fromkeys([*close, *(other for other in others if "income" in other.lower())]))
        if close and variable == "real_income_growth":
            advice = f"rename it to {label!r} if it is that, or drop it to let income grow at its trend"
            faults.append(f"{listed(close)}: found no {label!r} beside it, expected growth of real income; {advice}")
        elif close:
            notes.append(f"{variable}: not in the table; left out, as of an unknown name: {listed(close)}")
    return faults, notes


def _figures(sheet: Sheet, columns: Mapping[str, Column], default: str, units: Units, span: int) -> Figures:
    """Figures of all variables as decimals, or what is wrong with them."""
    raw: dict[str, Reals] = {}
    faults, commas = [], []
    for variable, column in columns.items():
        figures, cell_faults, with_commas = _numbers(column.label, sheet)
        commas += with_commas
        faults += cell_faults
        if not cell_faults and not with_commas:
            raw[variable] = figures
    if commas:
        (label, cell), more = commas[0], f" (and in {len(commas) - 1} more columns)" if len(commas) > 1 else ""
        expected = "expected points as decimal signs and none between thousands"
        faults.append(f"decimal: found {cell!r} in {label!r}{more}, {expected}; pass decimal=',' or remove the commas")
    values: dict[str, Reals] = {}
    notes: list[str] = []
    unsaid = {variable: raw[variable] for variable, column in columns.items()
              if variable in raw and not _said(column, units) and column.name.kind == "rate"}  # fmt: skip
    alike = all_decimals(unsaid) if default else ""
    if alike:
        labels = listed([columns[variable].label for variable in unsaid])
        faults.append(f"{labels}: found {alike}, expected percent; pass units='decimal', or multiply by 100")
    for variable, figures in raw.items():
        if not (alike and variable in unsaid):
            decimals, more_faults, more_notes = _decimals(
                sheet, variable, columns[variable], figures, default, units, span
            )
            faults += more_faults
            notes += more_notes
            if not more_faults:
                values[variable] = decimals
    return Figures(values, faults, notes)


def _said(column: Column, units: Units) -> bool:
    """Whether the table or units= says the unit of a column."""
    return bool(unit_argument(units, column.name.variable)) or unit_of(column.stated) is not None


def _decimals(
    sheet: Sheet, variable: str, column: Column, figures: Reals, default: str, units: Units, span: int
) -> tuple[Reals, list[str], list[str]]:
    """Figures of one variable as decimals, growth at an annual rate; faults, and notes."""
    rate = column.name.kind == "rate"
    argument = "" if isinstance(units, str) and not rate else unit_argument(units, variable)
    stated = column.stated if rate or unit_of(column.stated) is not None else ""  # "million pounds" is a level
    usual = (usual_unit(column.label) or default) if rate else "level"
    notes = []
    if rate and not (stated or argument or usual) and only_percent(variable, figures):
        usual = "percent"
        notes.append(f"{variable}: {column.label!r} is {figures.max():g} at most, which can only be percent")
    explicit = bool(argument) and not isinstance(units, str)
    settlement = settled(variable, column.label, stated, argument, usual, span, explicit=explicit)
    unit = settlement.unit
    if settlement.fault:
        return figures, [settlement.fault], []
    notes += settlement.notes
    faults = unit_faults(variable, column.label, figures, unit, explicit=explicit, said=_said(column, units))
    faults = faults or _bound_faults(variable, column.label, figures, unit, sheet.periods)
    if column.name.kind == "nominal level" and not faults:
        prices = next((label for label in sheet.columns if (name := read_name(label))
                       and name.variable == "inflation" and name.kind == "level"), None)  # fmt: skip
        figures, faults = _deflated(column, figures, prices, sheet)
        notes.append(f"{variable}: {column.label!r} is nominal, divided by {prices!r}")
    if faults:
        return figures, faults, []
    values = as_decimals(figures, unit, span)
    notes += unit_notes(
        variable, column.label, figures, unit, span, settlement.unsaid and bool(stated or argument or not default)
    )
    return values, _annual_faults(variable, column.label, figures, values, sheet.periods), notes


def _deflated(column: Column, raw: Reals, prices: str | None, sheet: Sheet) -> tuple[Reals, list[str]]:
    """Nominal levels over the price level of the same table."""
    if prices is None:
        expected = "expected levels in constant prices, or a column of consumer prices (CPI) beside them"
        advice = "add that column, or growth of real income"
        return raw, [f"{column.label!r}: found levels that are not said to be real, {expected}; {advice}"]
    level, faults, commas = _numbers(prices, sheet)
    if not faults and not commas:
        faults = unit_faults("inflation", prices, level, Unit("level"), explicit=False, said=False)
    return raw if faults else raw / level, faults


def _numbers(label: str, sheet: Sheet) -> tuple[Reals, list[str], list[tuple[str, str]]]:
    """Numbers of a column, faults of its cells, and a cell with a comma where points were expected."""
    cells = sheet.columns[label]
    numbers = [None if is_missing(cell) else parse_number(cell, sheet.decimal) for cell in cells]
    bad = [place for place, number in enumerate(numbers) if number is None or not np.isfinite(number)]
    commas = [cells[place] for place in bad if sheet.decimal == "." and _with_comma(cells[place])]
    if commas:
        return np.full(len(cells), np.nan), [], [(label, commas[0])]
    if not bad:
        return np.array(numbers, dtype=np.float64), [], []
    more = f" (and in {len(bad) - 1} more)" if len(bad) > 1 else ""
    found = f"found {cells[bad[0]]!r} in {_period(sheet.periods, bad[0])}{more}"
    advice = "fill the cell" if is_missing(cells[bad[0]]) else "correct the cell"
    return np.full(len(cells), np.nan), [f"{label!r}: {found}, expected a number; {advice}"], []


def _with_comma(cell: str) -> bool:
    """Whether a cell is a number once its commas are taken out."""
    return "," in cell and parse_number(cell.replace(",", "")) is not None


def _bound_faults(variable: str, label: str, raw: Reals, unit: Unit, periods: Sequence[str]) -> list[str]:
    """Fault of figures beyond what the variable can be, in the unit of the column."""
    if unit.scale == "level":
        return []
    want, factor = MACRO[variable], 100 if unit.scale == "percent" else 1
    bad = np.flatnonzero((raw < want.low * factor) | (raw > want.high * factor))
    if not bad.size:
        return []
    more = f" (and in {bad.size - 1} more)" if bad.size > 1 else ""
    expected = f"expected {want.low * factor:g} to {want.high * factor:g} {unit.scale}"
    found = f"found {raw[bad[0]]:.10g} in {_period(periods, bad[0])}{more}"
    return [f"{label!r}: {found}, {expected}; correct the cell or the unit"]


def _annual_faults(variable: str, label: str, raw: Reals, values: Reals, periods: Sequence[str]) -> list[str]:
    """Fault of growth that is beyond what the variable can be once it is at an annual rate."""
    want = MACRO[variable]
    bad = np.flatnonzero((values < want.low) | (values > want.high))
    if not bad.size:
        return []
    found = f"found {raw[bad[0]]:.10g} in {_period(periods, bad[0])}, growth of {values[bad[0]]:.0%} at an annual rate"
    return [f"{label!r}: {found}, expected {want.low:.0%} to {want.high:.0%}; correct the cell or the unit"]


def _period(periods: Sequence[str], place: int) -> str:
    """A period of the table in the spelling of this package, a day by its month; its row if periods are missing."""
    if not periods:
        return f"row {place + 1}"
    text = periods[place]
    day = parse_day(text)
    return normalised(text) if day is None else f"{day:%Y-%m}"


def _first_row(span: int, numbers: Sequence[int], start: str | None, without_growth: int) -> tuple[int, list[str]]:
    """Row of the first period wanted, in whatever spelling, and its fault; of unreadable periods there is none.

    without_growth : rows at the top in which growth is not known
    """
    if not numbers:
        return 0, []
    if start is None:
        return without_growth, []
    text = str(start)
    period, day = parse_period(text), days_of([text])[0][0]
    place = None
    if period is not None and period.span == span and period.first in numbers:
        place = numbers.index(period.first)
    elif day is not None:
        month = 12 * day.year + day.month - 1
        place = next((place for place, number in enumerate(numbers) if number <= month < number + span), None)
    if place is not None and place >= without_growth:
        return place, []
    last = period_label(span, numbers[-1])
    known = f"{period_label(span, numbers[min(without_growth, len(numbers) - 1)])} to {last}"
    why = ", as growth from levels needs the period before" if place is not None else ""
    return 0, [f"start: found {start!r}, expected one of {known}{why}; choose one of these periods"]


def trend_faults(trend: float | None) -> list[str]:
    """Fault of a normal growth of real income."""
    if trend is None or (is_number(trend) and abs(trend) <= 0.5):
        return []
    return [f"trend: found {trend!r}, expected growth within -0.5 to 0.5 [1/year]; a rate is a decimal: 0.02, not 2"]


def income_trend(trend: float | None) -> tuple[float, list[str]]:
    """The normal growth of real income [1/year], and a note if it is taken by default."""
    if trend is not None:
        return float(trend), []
    normal = mean_income_growth("fed-2026-baseline")
    return normal, [
        f"real_income_trend: {normal:.2%} a year, the mean of fed-2026-baseline (United States); pass trend= elsewhere"
    ]


def unit_argument(units: Units, variable: str) -> str:
    """The unit that units= gives for a variable; empty if it gives none."""
    return units if isinstance(units, str) else (units or {}).get(variable, "")
