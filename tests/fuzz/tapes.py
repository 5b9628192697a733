"""Loan tapes whose encoding, layout, keys, words, numbers and units were broken; the generator knows what they mean."""

from __future__ import annotations

import datetime
import io
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import xarray as xr
from hypothesis import strategies as st

import stresslab as sl
from tests.fuzz import oracle
from tests.fuzz.case import Case, Verdict
from tests.fuzz.draft import Draw, made_or_rejected, of, scratch, several
from tests.fuzz.portfolios import run
from tests.fuzz.tables import NO_TABLES, TableDraft, encoded, no_table, other_lines, separated

COLUMNS = (
    "borrower_id", "lender", "product", "balance", "limit", "annual_rate", "tenor_months", "remaining_months",
    "days_past_due", "overdue", "transactor", "income",
)  # fmt: skip
TEXTS = ("borrower_id", "lender", "product")
FIGURES = tuple(name for name in COLUMNS if name not in (*TEXTS, "transactor"))
MONEY = ("balance", "limit", "income")
FRAMES = ("frame", "polars", "arrow")
DELIMITED = ("csv", "tsv", "txt", "csv.gz")
FIXED: dict[str, Any] = {"currency": "CNY", "as_of": "2026-01", "own_lender": "ours", "preset": "china-online"}
FOLDER, NUMBER = scratch("tapes"), count()


@cache
def donors() -> xr.Dataset:
    """Whom missing attributes of borrowers are drawn from."""
    return sl.synthetic_portfolio("china-online", borrowers=60, seed=1, seasoning_months=0)


def sound_rows(seed: int) -> list[dict[str, Any]]:
    """Loans with their true values: keys as text, money in currency, rates as decimals, time in months and days."""
    rng = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    for person in range(8):
        income = float(np.round(rng.uniform(4_000, 9_000), 2))
        for _ in range(int(rng.integers(1, 3))):
            line = bool(rng.integers(0, 2))
            tenor = 0 if line else int(rng.choice([6, 12, 24]))
            remaining = 0 if line else int(rng.integers(1, tenor + 1))
            rate = 0.1825 if line else float(np.round(rng.uniform(0.11, 0.24), 4))
            limit = float(np.round(rng.uniform(1_000, 12_000), 2))
            share = rng.uniform(0.1, 0.9) if line else _still_owed(rate, tenor, remaining)
            days = int(rng.choice([0, 0, 0, 0, 35, 65]))
            lender, product = "ours" if rng.integers(0, 3) else "bank-1", "huabei" if line else "jiebei"
            balance, overdue = np.round([limit * share, limit * share * 0.1 * (days // 30)], 2).tolist()
            values = (
                f"k{person:03d}",
                lender,
                product,
                balance,
                limit,
                rate,
                tenor,
                remaining,
                days,
                overdue,
                False,
                income,
            )
            rows.append(dict(zip(COLUMNS, values, strict=True)))
    rows[0]["lender"] = "ours"
    return rows


def _still_owed(rate: float, tenor: int, remaining: int) -> float:
    """Share of an annuity that is owed with so many instalments to come."""
    monthly = rate / 12
    return float((1 - (1 + monthly) ** -remaining) / (1 - (1 + monthly) ** -tenor))


@dataclass
class Tape(TableDraft):
    """A tape on its way: `cells` are written, `truth` is what they mean."""

    truth: list[dict[str, Any]] = field(default_factory=list)
    cells: dict[str, list[Any]] = field(default_factory=dict)
    drawn: bool = True

    @property
    def delimited(self) -> bool:
        return self.suffix in DELIMITED

    @property
    def typed(self) -> bool:
        """Whether cells have types of their own."""
        return self.suffix in (*FRAMES, "parquet", "xlsx")

    def say(self, word: str) -> None:
        if self.untouched("borrower_id"):
            self.rename("borrower_id", lambda key: word if key == "k000" else key)

    def true(self, name: str) -> list[Any]:
        """True values of a column."""
        return [row[name] for row in self.truth]

    def rename(self, name: str, new: Callable[[Any], Any]) -> None:
        """Other values of a column, which mean what they say."""
        self.cells[name] = [new(value) for value in self.cells[name]]
        for row, value in zip(self.truth, self.cells[name], strict=True):
            row[name] = value

    def untouched(self, *names: str) -> bool:
        """Whether columns still say what they mean."""
        return all(self.cells.get(name) == self.true(name) for name in names)


# Keys, names and words

WORDS = (
    "NA",
    "NULL",
    "None",
    "nan",
    "N/A",
    "true",
    "null",
    "-",
    "1e3",
    "inf",
    "Müller",
    "蚂蚁",
    "O'Neil",
    "a,b",
    'a"b',
    "=1+1",
    "#1",
)


def odd_names(draw: Draw, tape: Tape) -> None:
    """Keys and lenders that readers like to take for something else; they are names like any other."""
    name, word = of(draw, "borrower_id", "borrower_id", "lender"), of(draw, *WORDS)
    if tape.untouched(name):
        last = tape.cells[name][-1]
        tape.rename(name, lambda key: word if key == last else key)
        tape.note(f"{name} called {word}", f"{name} {word!r}", "open")


def missing_key(draw: Draw, tape: Tape) -> None:
    name, gap = of(draw, *TEXTS), of(draw, "", "  ", None)
    tape.cells[name] = [gap, *tape.cells[name][1:]]
    tape.note("a name missing", f"{name}[0] = {gap!r}", "nonsense", (name,))


def blanks_around(draw: Draw, tape: Tape) -> None:
    name, blank = of(draw, *TEXTS), of(draw, " ", "\u00a0", "\t", "\u3000", "\u200b", "\ufeff")
    if tape.untouched(name) and blank != tape.separator:
        where, form = of(draw, 0, -1), of(draw, "{}{}", "{1}{0}")
        tape.cells[name] = [*tape.cells[name]]
        tape.cells[name][where] = form.format(tape.cells[name][where], blank)
        tape.note(f"a blank around {name}", f"{name}[{where}] = {tape.cells[name][where]!r}", "open")


def composed(draw: Draw, tape: Tape) -> None:
    """One person written in two normal forms of Unicode."""
    if tape.untouched("borrower_id") and tape.cells["borrower_id"].count(tape.cells["borrower_id"][0]) > 1:
        first = tape.cells["borrower_id"][0]
        tape.rename("borrower_id", lambda key: "Crédit" if key == first else key)
        tape.cells["borrower_id"][0] = unicodedata.normalize("NFD", "Crédit")
        tape.note("one key in two normal forms", "Crédit as NFC and NFD", "open")


KEYS: dict[str, tuple[Callable[[int], str], type]] = {
    "zeros": (lambda k: f"{k:05d}", str), "long": (lambda k: str(2**70 + k), str), "eaten": (lambda k: "1.10E+22", str),
    "18 digits": (lambda k: str(10**17 + k), str), "floats": (lambda k: f"{k}.0", float),
    "whole": (lambda k: str(k + 1), int),
    "large floats": (lambda k: str(2**54 + k), float), "mixed": (lambda k: str(k) if k % 2 else f"k{k}", str),
}  # fmt: skip
"""Keys that a spreadsheet may turn into numbers, and the type that they then have."""


def numbers_as_keys(draw: Draw, tape: Tape) -> None:
    if tape.untouched("borrower_id"):
        kind = of(draw, *KEYS)
        spelt, number = KEYS[kind]
        tape.rename("borrower_id", lambda key: spelt(int(key[1:])) if key[1:].isdigit() else key)
        if tape.typed and all(key.replace(".", "").isdigit() for key in tape.cells["borrower_id"]):
            tape.cells["borrower_id"] = [number(key) for key in tape.cells["borrower_id"]]
        lost = kind == "eaten" or (kind == "large floats" and tape.typed)
        tape.note(f"keys: {kind}", f"borrower_id {tape.cells['borrower_id'][0]!r}, ...", "nonsense" if lost else "open")


# Figures

BAD_CELLS = (
    "n/a", "-", "", "abc", "EUR 1,200", "1_200", "inf", "nan", "-5", "1e400", "0x10", "=A1", "#REF!",
    "12-05-2026", "5,6",
    "\u22125", "None", "9" * 400, "1.2.3", "\uff11\uff12", "1/2", "TRUE", "12 apples", "1e-400x", "\u00bd",
)  # fmt: skip
SPELT = {
    "1,234.50": 1234.5,
    "1.234,50": 1234.5,
    "1 200": 1200.0,
    "1\u00a0200": 1200.0,
    " 900 ": 900.0,
    "9e2": 900.0,
    "+900": 900.0,
}
"""Spellings of amounts that a reader may understand, and their values."""
ALIKE: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "percent signs": ("annual_rate", lambda rate: f"{100 * rate:.2f}%"),
    "months in words": ("tenor_months", lambda months: f" {months} months"),
    "days in words": ("days_past_due", lambda days: f"{days} days"),
    "the currency in cells": ("balance", lambda amount: f"CNY {amount:.2f}"),
    "a sign of currency": ("limit", lambda amount: f"\u00a5{amount:.2f}"),
    "flags as words": ("transactor", lambda flag: "yes" if flag else "no"),
    "flags as letters": ("transactor", lambda flag: "Y" if flag else "N"),
    "flags as numbers": ("transactor", float),
    "flags in capitals": ("transactor", lambda flag: str(flag).upper()),
}
"""Columns that are spelt otherwise in every cell, and mean the same."""


def bad_cell(draw: Draw, tape: Tape) -> None:
    name = of(draw, *FIGURES)
    if tape.untouched(name):
        value = of(draw, *BAD_CELLS)
        tape.cells[name] = [*tape.cells[name]]
        tape.cells[name][1] = value
        tape.cells[name] = [str(cell) for cell in tape.cells[name]] if tape.typed else tape.cells[name]
        tape.note(f"a cell: {value[:12]}", f"{name}[1] = {value[:40]!r}", "nonsense", (name,))


def spelt_cell(draw: Draw, tape: Tape) -> None:
    value = of(draw, *SPELT)
    if tape.untouched("limit"):
        tape.cells["limit"] = [str(cell) for cell in tape.cells["limit"]]
        tape.cells["limit"][1], tape.truth[1]["limit"] = value, SPELT[value]
        tape.note(f"a cell: {value}", f"limit[1] = {value!r}", "open")


def spelt_column(draw: Draw, tape: Tape) -> None:
    kind = of(draw, *ALIKE)
    name, spelt = ALIKE[kind]
    if tape.untouched(name):
        tape.cells[name] = [spelt(cell) for cell in tape.cells[name]]
        tape.note(kind, f"{name} = {tape.cells[name][0]!r}, ...", "open")


def bad_number(draw: Draw, tape: Tape) -> None:
    name, value = of(draw, *FIGURES), draw(st.sampled_from([-1.0, 1e12, 0.5, np.inf, np.nan, -0.01, 2.0**70]))
    if tape.untouched(name) and (value != 0.5 or name in ("tenor_months", "remaining_months", "days_past_due")):
        tape.cells[name] = [tape.cells[name][0], value, *tape.cells[name][2:]]
        tape.note(f"a number: {value:g}", f"{name}[1] = {value:g}", "nonsense", (name,))


def dates(draw: Draw, tape: Tape) -> None:
    name = of(draw, *FIGURES)
    if tape.untouched(name):
        when = of(draw, datetime.datetime(2026, 3, 31), datetime.timedelta(30), "2026-03-31", "31/03/2026")
        tape.cells[name] = [when for _ in tape.truth]
        days = name == "days_past_due" and isinstance(when, datetime.timedelta)  # a file of text says '30 days'
        tape.note("dates for figures", f"{name} = {when}, ...", "open" if days else "nonsense", (name,))


def two_incomes(draw: Draw, tape: Tape) -> None:
    """One person with two incomes; the reader cannot know which is right."""
    if tape.untouched("income", "borrower_id") and tape.cells["borrower_id"].count("k000") > 1:
        tape.cells["income"] = [tape.cells["income"][0] + 500.0, *tape.cells["income"][1:]]
        tape.note("two incomes of a person", f"income {tape.cells['income'][:2]}", "nonsense", ("income",))


# Units of a column as a whole

UNITS: dict[str, tuple[str, Callable[[Any], Any], Verdict, str, str]] = {
    "rates in percent": ("annual_rate", lambda rate: round(100 * rate, 4), "nonsense", "percent", ""),
    "rates in percent, as the header says": (
        "annual_rate", lambda rate: round(100 * rate, 4), "open", "", "interest rate (%)"),
    "rates in basis points": ("annual_rate", lambda rate: round(10_000 * rate, 2), "nonsense", "", ""),
    "months late": ("days_past_due", lambda days: days // 30, "nonsense", "months", ""),
    "stages as days": ("days_past_due", lambda days: 1 + (days > 30) + (days > 90), "nonsense", "", ""),
    "terms in years": ("tenor_months", lambda months: months / 12, "nonsense", "years", ""),
    "yearly income, as the header says": ("income", lambda income: round(12 * income, 2), "open", "", "annual_income"),
    "thousands, as the header says": ("limit", lambda limit: limit / 1_000, "open", "", "limit (thousands)"),
    "income in thousands": ("income", lambda income: round(income / 1_000, 5), "nonsense", "", ""),
}  # fmt: skip
"""Column, how it is converted, what becomes of it untold, the unit to tell, and a header that says it."""


def wrong_unit(draw: Draw, tape: Tape) -> None:
    kind = of(draw, *UNITS)
    name, convert, verdict, unit, header = UNITS[kind]
    if not tape.untouched(name, "income") or (kind == "months late" and not any(tape.true("days_past_due"))):
        return
    if header and (not tape.plain or tape.asked):
        return
    low = kind == "rates in percent" and of(draw, True, False)
    if low:  # 2.2 to 4.8 %, whose instalments prove it
        tape.rename("annual_rate", lambda rate: round(rate / 5, 6))
    tape.cells[name] = [convert(value) for value in tape.cells[name]]
    what = f"{name} = {tape.cells[name][:3]}, ..."
    if header:
        tape.cells = {header if key == name else key: cells for key, cells in tape.cells.items()}
        tape.asked["columns"] = {name if key == header else key: key for key in tape.cells}
        tape.note(kind, f"{what}, {header!r}", verdict, (name,))
    elif unit and of(draw, True, False):
        tape.asked["units"] = {**tape.asked.get("units", {}), name: unit}
        for row in tape.truth:
            row["days_past_due"] -= row["days_past_due"] % 30 if unit == "months" else 0
        tape.note(f"{kind}, and told", f"{what}, units={{{name!r}: {unit!r}}}", "open")
    else:  # what is inferred from other columns is seen where these are sound
        tape.note(
            kind, what, verdict, () if low or kind not in ("rates in percent", "rates in basis points") else (name,)
        )


def mixed_units(draw: Draw, tape: Tape) -> None:
    if tape.untouched("annual_rate"):
        tape.cells["annual_rate"] = [round(rate * 100 ** (k % 2), 4) for k, rate in enumerate(tape.true("annual_rate"))]
        what = f"annual_rate = {tape.cells['annual_rate'][:2]}, ..."
        tape.note("rates in percent and decimals", what, "nonsense", ("annual_rate",))


def told_wrong(draw: Draw, tape: Tape) -> None:
    units = of(
        draw, {"annual_rate": "bananas"}, {"anual_rate": "percent"}, "percent", 5, {"balance": "percent"}, {5: "days"}
    )
    if "units" not in tape.asked:
        tape.asked["units"] = units
        tape.note("units that are none", f"units={units!r}", "nonsense", ("units",), hiding=True)


def decimal_commas(draw: Draw, tape: Tape) -> None:
    names = (*MONEY, "overdue", "annual_rate")
    if tape.delimited and tape.untouched(*names) and tape.separator == "," and not tape.lines:
        tape.separator, thousands = of(draw, ";", "\t", ","), of(draw, "", ".")
        for name in names:
            plain = [f"{value:,.4f}".replace(",", "x").replace(".", ",") for value in tape.true(name)]
            tape.cells[name] = [cell.replace("x", thousands) for cell in plain]
        told = tape.told(draw, "decimal", ",")
        tape.note(f"decimal commas{told}", f"balance {tape.cells['balance'][0]!r}{told}", "open", hiding=True)


# Columns and constants


def other_columns(draw: Draw, tape: Tape) -> None:
    kind = of(draw, "left out", "misspelt", "told", "told wrong", "told twice", "a wrong type")
    name = of(draw, "borrower_id", "product", "balance", "tenor_months", "annual_rate")
    if name not in tape.cells or "columns" in tape.asked:
        return
    if kind == "left out":
        del tape.cells[name]
        tape.note("a column left out", f"without {name}", "nonsense", (name,))
    elif kind == "misspelt":
        tape.cells = {name + "s" if key == name else key: value for key, value in tape.cells.items()}
        tape.note("a column misspelt", f"{name}s", "nonsense", (name,))
    elif kind == "told":
        tape.cells = {f"The {key}": value for key, value in tape.cells.items()}
        tape.asked["columns"] = {key.removeprefix("The "): key for key in tape.cells}
        tape.note("columns told", "columns=", "sound" if tape.plain and tape.suffix in ("csv", *FRAMES) else "open")
    elif kind == "told wrong":
        tape.asked["columns"] = {**{key: key for key in tape.cells}, name: "nowhere"}
        tape.note("a column told that is not there", f"columns={{{name!r}: 'nowhere'}}", "nonsense", (name, "nowhere"))
    elif kind == "told twice" and tape.plain:
        del tape.cells["limit"]
        tape.asked["columns"] = {**{key: key for key in tape.cells}, "limit": "balance"}
        for row in tape.truth:
            row["limit"] = row["balance"]
        tape.note("one column for two", "balance as balance and limit", "open")
    elif kind == "a wrong type":
        tape.asked["columns"] = of(draw, [name], name, 5, {name: 5}, {5: name})
        what = f"columns={tape.asked['columns']!r}"
        tape.note("columns of a wrong type", what, "nonsense", ("columns", name), hiding=True)


def constants(draw: Draw, tape: Tape) -> None:
    kind, name = of(draw, "right", "wrong", "wrong", "beside a column", "unknown"), of(draw, "product", "balance")
    if "constants" in tape.asked or "columns" in tape.asked:
        return
    if kind == "right":
        tape.cells.pop("transactor", None)
        tape.asked["constants"] = {"transactor": False}
        tape.note(
            "a constant", "transactor = False for all", "sound" if tape.plain and tape.suffix == "csv" else "open"
        )
    elif kind == "wrong":
        value = draw(st.sampled_from([np.nan, "0", None, [0], -1, 0.5, True]))
        tape.cells.pop("days_past_due", None)
        tape.cells.pop("overdue", None)
        tape.asked["constants"] = {"days_past_due": value}
        for row in tape.truth:
            row.update(days_past_due=0, overdue=0.0)
        verdict: Verdict = "open" if value == "0" else "nonsense"
        hiding = value is None or isinstance(value, list)
        tape.note("a wrong constant", f"days_past_due = {value!r}", verdict, ("days_past", "constants"), hiding=hiding)
    elif kind == "beside a column" and name in tape.cells:
        tape.asked["constants"] = {name: 1}
        tape.note("a constant and a column", name, "nonsense", (name,))
    elif kind == "unknown":
        tape.asked["constants"] = {"day_past_due": 0}
        tape.note("an unknown constant", "day_past_due", "nonsense", ("day_past_due",))


def no_donors(draw: Draw, tape: Tape) -> None:
    tape.drawn = False
    tape.note("no donors", "without donors", "nonsense", ("donors", "necessities"))


def doubled(draw: Draw, tape: Tape) -> None:
    """The first loan again, or a second column of one name."""
    if of(draw, True, False) or not tape.delimited:
        tape.truth.append(dict(tape.truth[0]))
        tape.cells = {name: [*cells, cells[0]] for name, cells in tape.cells.items()}
        tape.note("a loan twice", "the first loan again", "open")
    elif tape.separator == "," and not tape.lines:
        tape.lines.append(lambda lines: [lines[0].replace("limit", "balance"), *lines[1:]])
        tape.note("a header twice", "two columns 'balance'", "nonsense", ("balance",), hiding=True)


CHANGES: dict[Callable[[Draw, Any], None], int] = {
    odd_names: 2, missing_key: 1, blanks_around: 1, composed: 1, numbers_as_keys: 2, bad_cell: 2, spelt_cell: 1,
    spelt_column: 2, bad_number: 2, dates: 1, two_incomes: 1, wrong_unit: 3, mixed_units: 1, told_wrong: 1, encoded: 2,
    separated: 1, decimal_commas: 1, other_lines: 3, other_columns: 2, constants: 1, no_donors: 1, doubled: 1,
    no_table: 1,
}  # fmt: skip


def payload(tape: Tape) -> Any:
    """What is given to the reader: the bytes of a file, or a table in memory."""
    if tape.suffix in ("polars", "arrow", "parquet"):
        tape.cells = {name: _alike(cells) for name, cells in tape.cells.items()}
    frame = pd.DataFrame(tape.cells)
    if tape.suffix == "polars":
        return pl.DataFrame(tape.cells, strict=False)
    if tape.suffix == "arrow":
        return pa.table(tape.cells)
    if tape.suffix in ("parquet", "xlsx"):
        stream = io.BytesIO()
        frame.to_parquet(stream) if tape.suffix == "parquet" else frame.to_excel(stream, index=False)
        return stream.getvalue()
    if tape.delimited:
        return tape.bytes(frame.to_csv(index=False, sep=tape.separator, lineterminator="\n"))
    return frame


def _alike(cells: list[Any]) -> list[Any]:
    """Cells of one type, as a typed table has them."""
    kinds = {type(cell) for cell in cells if cell is not None}
    if len(kinds) < 2:
        return cells
    if kinds <= {int, float}:
        return [float(cell) for cell in cells]
    return [None if cell is None else str(cell) for cell in cells]


def read(tape: Tape, given: Any) -> xr.Dataset:
    """Write what is given and read it."""
    drawn = {"donors": donors(), "seed": 3} if tape.drawn else {}
    path = FOLDER / f"tape-{next(NUMBER)}.{tape.suffix}"
    if tape.suffix in NO_TABLES:
        given = NO_TABLES[tape.suffix](path, given)
    elif isinstance(given, bytes):
        path.write_bytes(given)
        given = path
    try:
        return sl.read_portfolio(given, **FIXED, **drawn, **tape.asked)
    finally:
        if isinstance(given, Path) and given.is_file():
            given.unlink()


def truth_faults(book: xr.Dataset, truth: list[dict[str, Any]]) -> list[str]:
    """What of a portfolio read from a tape is not as the tape meant it."""
    if book.sizes["loan"] != len(truth):
        return [f"{book.sizes['loan']} loans, expected {len(truth)}"]
    column = {name: [row[name] for row in truth] for name in COLUMNS}
    owner, wrong = book["borrower"].values, []
    for name in FIGURES:
        made = book[name].values[owner] if name == "income" else book[name].values
        wrong += oracle.figures_faults(made, np.array(column[name], float), name)
    for name in ("lender", "product"):
        found, meant = _composed(book[name].values), _composed(column[name])
        wrong += [f"{name} is {found[:3]} where {meant[:3]} was meant"] if found != meant else []
    keys, labels = _composed(column["borrower_id"]), _composed(book["borrower_label"].values[owner])
    if book.sizes["borrower"] != len(set(keys)):
        wrong.append(f"{book.sizes['borrower']} people, expected {len(set(keys))}")
    if [label.removesuffix(".0") for label in labels] != [key.removesuffix(".0") for key in keys]:
        wrong.append(f"keys are {labels[:3]}, expected {keys[:3]}")
    return wrong + oracle.book_faults(book)


def _composed(names: Any) -> list[str]:
    """Names in one normal form of Unicode."""
    return [unicodedata.normalize("NFC", str(name)) for name in names]


@st.composite
def cases(draw: Draw) -> Case:
    """A broken tape."""
    truth = sound_rows(of(draw, 1, 2, 3))
    tape = Tape(truth=truth, cells={name: [row[name] for row in truth] for name in COLUMNS})
    tape.suffix = of(draw, "csv", "csv", "csv", "csv.gz", "tsv", "txt", "xlsx", "parquet", *FRAMES)
    tape.separator = "\t" if tape.suffix == "tsv" else ","
    several(draw, CHANGES, tape)
    given = made_or_rejected(lambda: payload(tape))
    simulated = of(draw, False, False, False, True)

    def call() -> Any:
        book = read(tape, given)
        return (book, run(book)) if simulated else (book, None)

    def check(made: tuple[xr.Dataset, xr.Dataset | None]) -> list[str]:
        book, result = made
        wrong = truth_faults(book, tape.truth)
        return wrong if wrong or result is None else oracle.run_faults(book, result, 3, 2)

    return tape.case(f"{tape.suffix}: {tape.what}", call, check)
