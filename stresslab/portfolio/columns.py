"""Columns of a loan tape as values by row under the names of a portfolio."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from stresslab.checks import UNSEEN, label_faults, like, value_faults
from stresslab.portfolio.doubts import doubts
from stresslab.portfolio.headers import KEYS, VALUES, meaning
from stresslab.portfolio.units import AMOUNT, UNITS, Money, argument_faults, cell_unit, converted
from stresslab.schema import PORTFOLIO, Array, InputError
from stresslab.tabular import Table, is_missing, parse_number

Constant = str | float | bool
Place = Callable[[int], str]
LABELS = tuple(name for name in VALUES if PORTFOLIO[name].kind == "label")
TEXTS = (*KEYS, *LABELS)
NO_KEYS = (
    (UNSEEN.pattern, "characters that can be seen", "rename it"),
    (
        r"^\d([.,]\d+)?[eE]\+\d+$|^-?\d{16,}\.0*$",
        "all digits, which a spreadsheet or a float has cut",
        "export the keys as text",
    ),
    (r"^[+-]?inf(inity)?$", "a key", "correct it"),
    (r"^(true|false)$", "a key and no flag", "map another column"),
    (r"^#(n/a|ref!|name\?|value!|div/0!|num!|null!)$", "a key and no error of a spreadsheet", "correct it"),
    (r"^\d{4}-\d\d-\d\d( |$)", "a key and no date", "export the keys as text"),
)
"""Keys that are none, what was expected and what to do; in small letters."""
TOTAL = re.compile(
    r"^((grand|sub)[ -]?)?(total|sum|summe|gesamt|合计|总计|小计)($|[^a-z])", re.IGNORECASE | re.MULTILINE
)
_BUT_LINE_ENDS = UNSEEN.pattern.replace("\x00-\x1f", "\x00-\x09\x0b-\x1f")
NO_KEY = re.compile(
    "|".join(f"(?:{pattern})" for pattern in (_BUT_LINE_ENDS, *(pattern for pattern, _, _ in NO_KEYS[1:]))),
    re.IGNORECASE | re.MULTILINE,
)
"""Any of them in keys that are joined by line ends."""


COMMA = "a number with a point; pass decimal=',' or, if ',' stands between thousands, remove it"
"""What is said of numbers with a comma."""


@dataclass
class Columns:
    """What a tape says, by row, and what was said about it.

    values : sound values under the names of the portfolio; None where there is a fault
    place : where a row stands in the tape
    in_rows : whether rows can be left out with skip=
    notes : what was read in another unit
    foreign : currencies in the cells of columns, which are not that of the tape, and these columns
    """

    values: dict[str, Array | None]
    place: Place
    in_rows: bool = False
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    foreign: dict[str, list[str]] = field(default_factory=dict)

    def ways(self, words: str) -> str:
        """How to leave out a row that begins with some words, besides removing it."""
        return f", or leave it out with skip=[{words[:20]!r}]" if self.in_rows else ""


def map_faults(columns: Mapping[str, str], constants: Mapping[str, Constant], header: list[str]) -> list[str]:
    """Faults of unknown names, columns that the tape does not have, and names given twice."""
    faults = []
    for name in columns:
        if name not in (*KEYS, *VALUES):
            close = like(name, (*KEYS, *VALUES))
            faults.append(f"columns: found {name!r}, expected a variable of a portfolio{close}; rename it")
    for name, value in constants.items():
        if name not in VALUES:
            close = like(name, VALUES)
            faults.append(f"constants: found {name!r}, expected a variable of a portfolio{close}; rename it")
        elif name in columns:
            faults.append(f"{name}: found a column and a constant, expected one of them; remove the other")
        else:
            faults += _constant_faults(name, value)
    for name, column in columns.items():
        count = header.count(column)
        if count == 0:
            faults.append(f"{name}: found no column {column!r}{like(column, header)}, expected one; correct columns=")
        elif count > 1:
            faults.append(f"{name}: found {count} columns {column!r}, expected one; rename the others")
    return faults


def _constant_faults(name: str, value: object) -> list[str]:
    """Fault of a constant of a type that its variable does not have."""
    kind = PORTFOLIO[name].kind
    wanted = {"label": str, "flag": bool | np.bool_ | int | float | np.number}.get(kind, int | float | np.number)
    if isinstance(value, wanted) and not (kind in ("number", "whole") and isinstance(value, bool)):
        return []
    expected = {"label": "a name", "flag": "True or False"}.get(kind, "a number")
    return [f"{name} (constant): found {value!r}, expected {expected}; give one"]


def read_columns(
    table: Table,
    columns: Mapping[str, str],
    constants: Mapping[str, Constant],
    units: Mapping[str, str],
    money: Money,
) -> Columns:
    """Values by row of the columns and constants of a tape, each checked alone and for its unit as a whole."""
    faults = map_faults(columns, constants, table.header)
    read = Columns(dict.fromkeys([*columns, *constants]), table.place, table.in_rows, faults)
    usable = {name: c for name, c in columns.items() if name in (*KEYS, *VALUES) and table.header.count(c) == 1}
    named = {**columns, **constants}
    faults += argument_faults(units, [name for name in named if name in VALUES])
    if not usable:
        return read
    try:
        frame = table.load(list(dict.fromkeys(usable.values())), [usable[name] for name in usable if name in TEXTS])
    except InputError as error:
        faults += error.faults
        return read
    frame = _without_foot(frame, usable, read)
    if frame.empty:
        faults.append("tape: found no rows, expected one for each loan; add some")
        return read
    places = {name: f"column {column!r}" for name, column in usable.items()}
    places |= {name: "constant" for name in constants if name in VALUES and name not in columns}
    stated = {name: unit for name, unit in units.items() if name in places and unit in UNITS.get(name, {})}
    rows: dict[str, Array] = {}
    wrong: dict[str, list[str]] = {}
    for name in places:
        if name not in usable and _constant_faults(name, constants[name]):
            continue
        if name in TEXTS:
            cells = (
                frame[usable[name]].to_numpy(object) if name in usable else np.full(len(frame), constants[name], object)
            )
            values, wrong[name] = _names(name, cells, read)
        elif name in usable:
            values, wrong[name] = _numbers(name, frame[usable[name]], money.currency, table.decimal, stated, read)
        else:
            values = np.full(len(frame), constants[name], float)
        if values is None:
            continue
        if name in stated and name not in TEXTS:
            values = converted(name, values, stated[name])
            if UNITS[name][stated[name]] != (1, 1):
                read.notes.append(f"{name}: read in {stated[name]}, as stated")
        rows[name] = values
    faults += _commas(wrong, places)
    for other, names in read.foreign.items():
        found = f"found {other!r} in the cells of {', '.join(names)}"
        faults.append(
            f"currency: {found}, expected {money.currency!r}; pass currency={other!r}, or convert the amounts"
        )
    _judge(rows, wrong, stated, money, read)
    faults += [
        fault.replace(f"{name}:", f"{name} ({places[name]}):", 1) for name in places for fault in wrong.get(name, [])
    ]
    read.values |= {name: None if wrong.get(name) else rows.get(name) for name in places}
    return read


def _commas(wrong: dict[str, list[str]], places: Mapping[str, str]) -> list[str]:
    """One fault of decimal commas in several columns, in place of one for each."""
    first, *others = [name for name, said in wrong.items() if said and said[0].endswith(COMMA)] or [""]
    if not others:
        return []
    found = wrong[first][0].removeprefix(f"{first}: ").removesuffix(f", expected {COMMA}")
    alike = ", ".join(places[name] for name in others)
    wrong.update({name: [] for name in (first, *others)})
    return [f"decimal: {found} in {places[first]}, and the like in {alike}, expected {COMMA}"]


def _judge(
    rows: dict[str, Array],
    wrong: dict[str, list[str]],
    stated: Mapping[str, str],
    money: Money,
    read: Columns,
) -> None:
    """Faults of units of whole columns, and else of values out of bounds."""
    numbers = {
        name: values * money.unit if PORTFOLIO[name].unit.startswith("currency") else values
        for name, values in rows.items()
        if name not in TEXTS and np.isfinite(values).all()
    }
    owner = {"borrower": pd.factorize(rows["borrower_id"])[0]} if "borrower_id" in rows else {}
    doubted = doubts({**numbers, **owner}, stated, read.place, money)
    for name, values in rows.items():
        if name in doubted:
            wrong[name] = [doubted[name]]
        elif name not in TEXTS:
            wrong.setdefault(name, []).extend(
                value_faults(name, values, PORTFOLIO[name], lambda where: f" at {read.place(where[0])}")
            )


def _without_foot(frame: pd.DataFrame, usable: Mapping[str, str], read: Columns) -> pd.DataFrame:
    """The rows of loans; totals, and headings and legal lines, whose cells of numbers are all empty, are faults."""
    texts = [column for name, column in usable.items() if name in TEXTS]
    numbers = [column for column in frame if column not in texts]
    foot = np.zeros(len(frame), bool)
    if len(numbers) >= 2 and texts:
        foot = np.logical_and.reduce([pd.isna(frame[column]).to_numpy() for column in numbers])
        foot &= foot.sum() * 2 < foot.size  # else the columns are empty, and no row is a loan
    for column in [usable[name] for name in KEYS if name in usable]:
        cells = frame[column].fillna("").astype(str)
        if TOTAL.search("\n".join(cells)):
            foot |= np.array([bool(TOTAL.search(cell)) for cell in cells])
    if not foot.any():
        return frame
    first = int(np.argmax(foot))
    words = next((str(frame[column].iloc[first]) for column in texts if not pd.isna(frame[column].iloc[first])), "")
    found = f"found {words[:60]!r} at {read.place(first)}{_more(foot)}"
    read.faults.append(f"tape: {found}, expected a loan in each row; remove it{read.ways(words)}")
    kept, place = np.flatnonzero(~foot), read.place
    read.place = lambda row: place(int(kept[row]))
    return frame.iloc[kept].reset_index(drop=True)


def _names(name: str, cells: Array, read: Columns) -> tuple[Array | None, list[str]]:
    """Keys or labels as text, and their faults."""
    place = read.place
    missing = pd.isna(cells)
    if missing.any():
        return None, [
            f"{name}: found nothing at {place(int(np.argmax(missing)))}{_more(missing)}, expected a name; fill it"
        ]
    if name in LABELS:
        faults = label_faults(name, cells)
        return (None if faults else cells.astype(np.str_)), faults
    joined = "\n".join(cells)
    if NO_KEY.search(joined) or joined.count("\n") >= len(cells):
        for pattern, expected, advice in NO_KEYS:
            bad = np.array([bool(re.search(pattern, cell, re.IGNORECASE)) for cell in cells])
            if bad.any():
                first = int(np.argmax(bad))
                found = f"found {cells[first]!r} at {place(first)}{_more(bad)}"
                return None, [f"{name}: {found}, expected {expected}; {advice}"]
    if ".0" in joined:
        whole = np.array([re.sub(r"^(-?\d+)\.0+$", r"\1", cell) for cell in cells], object)
        if pd.unique(whole).size < pd.unique(cells).size:
            first = int(np.argmax(whole != cells))
            found = f"found {cells[first]!r} at {place(first)} and {whole[first]!r}"
            return None, [f"{name}: {found}, expected one way to write a key; write it without decimals"]
        cells = whole
    return cells.astype(np.str_), []


def _numbers(
    name: str, cells: pd.Series, currency: str, decimal: str, stated: dict[str, str], read: Columns
) -> tuple[Array | None, list[str]]:
    """Numbers or flags, and the faults of cells that are none, or empty; a unit that all cells state is obeyed."""
    flag = PORTFOLIO[name].kind == "flag"
    if cells.dtype == bool and flag:
        return cells.to_numpy(float), []
    held = cells.astype(object).to_numpy() if cells.dtype in (bool, object) else None
    if held is not None:
        kinds = (float, bool) if flag else (float,)
        odd = np.array([not isinstance(cell, kinds) or (type(cell) is bool and not flag) for cell in held])
        words = [cell for cell in held[odd] if isinstance(cell, str)]
        empty = pd.isna(cells).to_numpy()
        unit = cell_unit(name, words, currency, decimal) if odd.any() and len(words) == (~empty).sum() else None
        if unit and PORTFOLIO[name].unit.startswith("currency"):
            if unit[0] != currency:
                read.foreign.setdefault(unit[0], []).append(name)
                return None, []
            unit = ("units" if UNITS[name] is AMOUNT else "", unit[1])
        if unit and unit[0] and stated.get(name, unit[0]) != unit[0]:
            found = f"found {words[0]!r}, in {unit[0]}, with units={{{name!r}: {stated[name]!r}}}"
            return None, [f"{name}: {found}, expected one unit; correct units="]
        if unit:
            stated.update({name: unit[0]} if unit[0] else {})
            held = held.copy()
            held[odd] = unit[1]
        elif odd.any():
            return None, [f"{name}: {_odd(held, odd, read.place)}, expected {_advice(held[odd], flag)}"]
        cells = pd.Series(held.astype(float))
    values = cells.to_numpy(float)
    missing = np.isnan(values)
    if missing.any():
        where = f"{read.place(int(np.argmax(missing)))}{_more(missing)}"
        return None, [f"{name}: found nothing at {where}, expected {meaning(name)}; fill it"]
    return values, []


def _odd(cells: Array, odd: Array, place: Place) -> str:
    """The first cell of each kind, at most three, that is no number."""
    kinds: dict[str, int] = {}
    for row in np.flatnonzero(odd)[:10_000]:
        kinds.setdefault(re.sub(r"\d+", "9", str(cells[row])), int(row))
    some = list(kinds.values())[:3]
    shown = " and ".join(f"{_shown(cells[row])} at {place(row)}" for row in some)
    more = int(odd.sum()) - len(some)
    return f"found {shown}" + (f" (and {more:,} more)" if more else "")


def _shown(cell: object) -> str:
    """A cell as an error text shows it."""
    return str(cell)[:40] if not isinstance(cell, str) else repr(cell[:40])


def _advice(cells: Array, flag: bool) -> str:
    """What was expected instead of the first odd cell, and what to do."""
    cell = cells[0]
    if flag:
        return "True or False; convert it"
    if not isinstance(cell, str):
        date = hasattr(cell, "year")
        return "a number; count the days or months yourself" if date else "a number; convert it"
    if is_missing(cell):
        return "a number; fill it"
    if parse_number(cell, ",") is not None and "," in cell:
        return COMMA
    if parse_number(re.sub(r"[,. '\u00a0\u202f]", "", cell)) is not None:
        return "a number without signs between thousands; remove them"
    if re.match(r"\d{4}-\d\d-\d\d|\d\d?/\d\d?/\d{4}", cell):
        return "a number; count the days or months yourself"
    if re.fullmatch(r"[^\d]*\d[\d.,]*\s*\D+", cell):
        return "a number, or the same known unit in every cell; write numbers alone, and say the unit with units="
    return "a number; convert it"


def _more(bad: Array) -> str:
    """How many more there are than the first."""
    more = int(bad.sum()) - 1
    return f" (and {more:,} more)" if more else ""
