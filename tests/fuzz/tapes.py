"""Loan tapes whose encoding, layout, keys, words, numbers and units were broken; the generator knows what they mean."""

from __future__ import annotations

import gzip
import inspect
import io
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import xarray as xr
from hypothesis import strategies as st

import stresslab as sl
from tests.fuzz import oracle
from tests.fuzz.case import Case
from tests.fuzz.draft import Draft, Draw, made_or_rejected, of, several
from tests.fuzz.portfolios import run

COLUMNS = (
    "borrower_id", "lender", "product", "balance", "limit", "annual_rate", "tenor_months", "remaining_months",
    "days_past_due", "overdue", "transactor", "income",
)  # fmt: skip
TEXTS = ("borrower_id", "lender", "product")
MONEY = ("balance", "limit", "income")
FILES = ("csv", "tsv", "txt", "csv.gz", "xlsx", "parquet")
FRAMES = ("frame", "polars", "arrow")
FORMATS = (*FILES, *FRAMES)
DELIMITED = ("csv", "tsv", "txt", "csv.gz")
FIXED: dict[str, Any] = {"currency": "CNY", "as_of": "2026-01", "own_lender": "ours", "preset": "china-online"}
SUPPORTED = frozenset(inspect.signature(sl.read_portfolio).parameters)
FOLDER, NUMBER = Path(mkdtemp(prefix="tapes-")), count()


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
            rows.append(
                {
                    "borrower_id": f"k{person:03d}",
                    "lender": "ours" if rng.integers(0, 3) else "bank-1",
                    "product": "huabei" if line else "jiebei",
                    "balance": float(np.round(limit * share, 2)),
                    "limit": limit,
                    "annual_rate": rate,
                    "tenor_months": tenor,
                    "remaining_months": remaining,
                    "days_past_due": days,
                    "overdue": float(np.round(limit * share * 0.1 * (days // 30), 2)),
                    "transactor": False,
                    "income": income,
                }
            )
    rows[0]["lender"] = "ours"
    return rows


def _still_owed(rate: float, tenor: int, remaining: int) -> float:
    """Share of an annuity that is owed with so many instalments to come."""
    monthly = rate / 12
    return float((1 - (1 + monthly) ** -remaining) / (1 - (1 + monthly) ** -tenor))


@dataclass
class Tape(Draft):
    """A tape on its way: `cells` are written, `truth` is what they mean."""

    truth: list[dict[str, Any]] = field(default_factory=list)
    cells: dict[str, list[Any]] = field(default_factory=dict)
    format: str = "csv"
    encoding: str = "utf-8"
    separator: str = ","
    asked: dict[str, Any] = field(default_factory=dict)
    lines: list[Callable[[list[str]], list[str]]] = field(default_factory=list)
    drawn: bool = True

    def true(self, name: str) -> list[Any]:
        """True values of a column."""
        return [row[name] for row in self.truth]

    def mean(self, name: str, values: list[Any]) -> None:
        """Set a column, and that it means what it says."""
        self.cells[name] = list(values)
        for row, value in zip(self.truth, values, strict=True):
            row[name] = value

    def untouched(self, name: str) -> bool:
        """Whether a column still says what it means."""
        return self.cells.get(name) == self.true(name)


# Keys, names and words


def odd_names(draw: Draw, tape: Tape) -> None:
    """Keys and lenders that readers like to take for something else; they are names like any other."""
    name = of(draw, "borrower_id", "borrower_id", "lender")
    words = (
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
    )
    word = of(draw, *words)
    if tape.untouched(name):
        first = tape.cells[name][-1]
        tape.mean(name, [word if key == first else key for key in tape.cells[name]])
        tape.note(f"{name} called {word}", f"{name} {word!r}", "open")


def missing_key(draw: Draw, tape: Tape) -> None:
    name = of(draw, *TEXTS)
    gap = of(draw, "", "  ", None)
    if gap is None and tape.format in DELIMITED:
        gap = ""
    tape.cells[name] = [gap, *tape.cells[name][1:]]
    tape.note("a name missing", f"{name}[0] = {gap!r}", "nonsense", (name,))


def blanks_around(draw: Draw, tape: Tape) -> None:
    name = of(draw, "borrower_id", "lender", "product")
    blank = of(draw, " ", "\u00a0", "\t", "\u3000", "\u200b", "\ufeff")
    if tape.untouched(name) and not (blank == tape.separator):
        where = of(draw, 0, -1)
        cells = list(tape.cells[name])
        cells[where] = f"{cells[where]}{blank}" if of(draw, True, False) else f"{blank}{cells[where]}"
        tape.cells[name] = cells
        tape.note(f"a blank around {name}", f"{name}[{where}] = {cells[where]!r}", "open")


def composed(draw: Draw, tape: Tape) -> None:
    """One person written in two normal forms of Unicode."""
    if tape.untouched("borrower_id") and tape.cells["borrower_id"].count(tape.cells["borrower_id"][0]) > 1:
        first = tape.cells["borrower_id"][0]
        tape.mean("borrower_id", ["Crédit" if key == first else key for key in tape.cells["borrower_id"]])
        cells = tape.cells["borrower_id"]
        cells[cells.index("Crédit")] = unicodedata.normalize("NFD", "Crédit")
        tape.note("one key in two normal forms", "Crédit as NFC and NFD", "open")


def numbers_as_keys(draw: Draw, tape: Tape) -> None:
    """Keys that a spreadsheet may turn into numbers: leading zeros, long, in powers of ten."""
    if not tape.untouched("borrower_id"):
        return
    kind = of(draw, "zeros", "long", "18 digits", "eaten", "floats", "large floats", "whole", "mixed")
    people = list(dict.fromkeys(tape.cells["borrower_id"]))
    place = {key: k for k, key in enumerate(people)}
    text = {
        "zeros": lambda k: f"{k:05d}",
        "long": lambda k: str(2**70 + k),
        "18 digits": lambda k: str(10**17 + k),
        "eaten": lambda k: "1.10E+22",
        "floats": lambda k: f"{k}.0",
        "large floats": lambda k: str(2**54 + k),
        "whole": lambda k: str(k + 1),
        "mixed": lambda k: str(k) if k % 2 else f"k{k}",
    }[kind]
    tape.mean("borrower_id", [text(place[key]) for key in tape.cells["borrower_id"]])
    frame = tape.format in (*FRAMES, "parquet", "xlsx")
    if kind in ("floats", "large floats") and frame:
        tape.cells["borrower_id"] = [float(key) for key in tape.cells["borrower_id"]]
    if kind == "whole" and frame:
        tape.cells["borrower_id"] = [int(key) for key in tape.cells["borrower_id"]]
    if kind == "mixed" and tape.format == "frame":
        tape.cells["borrower_id"] = [int(key) if key.isdigit() else key for key in tape.cells["borrower_id"]]
    sure = kind == "eaten" or (kind == "large floats" and frame)
    tape.note(f"keys: {kind}", f"borrower_id {tape.cells['borrower_id'][0]!r}, ...", "nonsense" if sure else "open")


BAD_CELLS = (
    "n/a", "-", "", "abc", "EUR 1,200", "1_200", "inf", "nan", "-5", "1e400", "0x10", "=A1", "#REF!", "12-05-2026", "5,6",
    "\u22125", "None", "9" * 400, "1.2.3", "\uff11\uff12", "1/2",
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


def bad_cell(draw: Draw, tape: Tape) -> None:
    name = of(draw, *(name for name in COLUMNS if name not in (*TEXTS, "transactor")))
    if not tape.untouched(name):
        return
    spelt = name == "limit" and of(draw, True, False)
    value = (
        of(draw, *SPELT)
        if spelt
        else of(draw, "12%", "12.5 %", *BAD_CELLS)
        if name == "annual_rate"
        else of(draw, *BAD_CELLS)
    )
    cells: list[Any] = list(tape.cells[name])
    cells[1] = value
    tape.cells[name] = [str(cell) for cell in cells] if tape.format in (*FRAMES, "parquet") else cells
    if spelt or value.endswith("%"):
        tape.truth[1][name] = SPELT[value] if spelt else float(value.strip(" %")) / 100
    verdict: Any = "open" if spelt or value.endswith("%") else "nonsense"
    tape.note(f"a cell: {value[:12]}", f"{name}[1] = {value[:40]!r}", verdict, (name,))


def bad_number(draw: Draw, tape: Tape) -> None:
    name = of(draw, *(name for name in COLUMNS if name not in (*TEXTS, "transactor")))
    value = draw(st.sampled_from([-1.0, 1e12, 0.5, np.inf, np.nan, -0.01]))
    whole = name in ("tenor_months", "remaining_months", "days_past_due")
    if not tape.untouched(name) or (value == 0.5 and not whole):
        return
    tape.cells[name] = [tape.cells[name][0], value, *tape.cells[name][2:]]
    tape.note(f"a number: {value:g}", f"{name}[1] = {value:g}", "nonsense", (name,))


# Units of a column as a whole

UNITS: dict[str, tuple[str, Callable[[Any], Any], str]] = {
    "rates in percent": ("annual_rate", lambda rate: round(100 * rate, 4), "nonsense"),
    "rates in percent below five": ("annual_rate", lambda rate: round(20 * rate, 4), "nonsense"),
    "rates in basis points": ("annual_rate", lambda rate: round(10_000 * rate, 2), "nonsense"),
    "months late": ("days_past_due", lambda days: days // 30, "nonsense"),
    "stages as days": ("days_past_due", lambda days: 1 + (days > 30) + (days > 90), "nonsense"),
    "terms in years": ("tenor_months", lambda months: months / 12, "nonsense"),
    "yearly income, as the header says": ("income", lambda income: round(12 * income, 2), "open"),
    "thousands, as the header says": ("limit", lambda limit: limit / 1_000, "open"),
    "income in thousands": ("income", lambda income: round(income / 1_000, 5), "nonsense"),
}
HEADERS = {
    "yearly income, as the header says": "annual_income",
    "thousands, as the header says": "limit (thousands)",
    "rates in percent": "interest rate (%)",
}


def wrong_unit(draw: Draw, tape: Tape) -> None:
    kind = of(draw, *UNITS)
    name, convert, verdict = UNITS[kind]
    if not tape.untouched(name) or not tape.untouched("income"):
        return
    if "says" in kind and (tape.changes or "columns" in tape.asked):
        return
    if kind == "rates in percent below five":  # 2.2 to 4.8 %, whose instalments prove it
        tape.mean("annual_rate", [round(rate / 5, 6) for rate in tape.true("annual_rate")])
        convert = UNITS["rates in percent"][1]
    if kind == "months late" and not any(tape.true("days_past_due")):
        return
    tape.cells[name] = [convert(value) for value in tape.cells[name]]
    if (
        kind in HEADERS
        and not tape.changes
        and "columns" not in tape.asked
        and ("says" in kind or of(draw, True, False))
    ):
        tape.cells = {HEADERS[kind] if key == name else key: cells for key, cells in tape.cells.items()}
        tape.asked["columns"] = {name if key == HEADERS[kind] else key: key for key in tape.cells}
        tape.note(kind, f"{HEADERS[kind]!r} for {name}", verdict, (name,))  # type: ignore[arg-type]
        return
    told = {"rates in percent": "percent", "rates in percent below five": "percent", "months late": "months"}.get(kind)
    if told and "units" in SUPPORTED and of(draw, True, False):
        tape.asked["units"] = {**tape.asked.get("units", {}), name: told}
        tape.note(f"{kind}, and told", f"{name} {told}, units={{{name!r}: {told!r}}}", "open")
    else:
        plain = kind in ("rates in percent", "rates in basis points")  # the others are inferred from sound columns
        tape.note(kind, f"{name} = {tape.cells[name][:3]}, ...", verdict, (name,) if plain else ())  # type: ignore[arg-type]


def mixed_units(draw: Draw, tape: Tape) -> None:
    if tape.untouched("annual_rate"):
        tape.cells["annual_rate"] = [
            round(100 * rate, 4) if k % 2 else rate for k, rate in enumerate(tape.true("annual_rate"))
        ]
        tape.note(
            "rates in percent and decimals",
            f"annual_rate = {tape.cells['annual_rate'][:2]}",
            "nonsense",
            ("annual_rate",),
        )


# Layout of text files


def encoded(draw: Draw, tape: Tape) -> None:
    encoding = of(draw, "utf-8-sig", "utf-16", "utf-16-le", "gbk", "latin-1", "cp1252", "utf-32", "cp037")
    if tape.format not in DELIMITED:
        return
    word = "蚂蚁" if encoding in ("gbk", "utf-16", "utf-16-le", "utf-32") else "Müller" if encoding != "cp037" else "ab"
    if tape.untouched("borrower_id"):
        first = tape.cells["borrower_id"][0]
        tape.mean("borrower_id", [word if key == first else key for key in tape.cells["borrower_id"]])
    tape.encoding = encoding
    told = "encoding" in SUPPORTED and of(draw, True, False)
    if told:
        tape.asked["encoding"] = encoding
    tape.note(f"encoding {encoding}{', told' if told else ''}", f"in {encoding}, key {word}", "open")


def separated(draw: Draw, tape: Tape) -> None:
    separator = of(draw, ";", "\t", "|", ":", " ", "^")
    if tape.format not in DELIMITED:
        return
    tape.separator = separator
    told = "separator" in SUPPORTED and of(draw, True, False)
    if told:
        tape.asked["separator"] = separator
    tape.note(f"separator {separator!r}{', told' if told else ''}", f"separated by {separator!r}", "open")


def decimal_commas(draw: Draw, tape: Tape) -> None:
    if tape.format not in DELIMITED or not all(tape.untouched(name) for name in (*MONEY, "overdue", "annual_rate")):
        return
    tape.separator = of(draw, ";", "\t", ",")
    thousands = of(draw, "", ".")
    for name in (*MONEY, "overdue", "annual_rate"):
        plain = [
            f"{value:,.4f}".replace(",", "x").replace(".", ",").replace("x", thousands) for value in tape.true(name)
        ]
        tape.cells[name] = plain
    told = "decimal" in SUPPORTED and of(draw, True, False)
    if told:
        tape.asked["decimal"] = ","
    tape.note(f"decimal commas{', told' if told else ''}", f"balance {tape.cells['balance'][0]!r}", "open")


LINES: dict[str, tuple[Callable[[list[str]], list[str]], str]] = {
    "a title above": (lambda lines: ["Loans of our bank", *lines], "open"),
    "a legal line above": (lambda lines: ["Notes offered by prospectus (https://x)", "", *lines], "open"),
    "a total below": (lambda lines: [*lines, "Total,,,123456.00,,,,,,,,"], "open"),
    "a note below": (lambda lines: [*lines, "", "Source: our system"], "open"),
    "blank lines": (lambda lines: [lines[0], "", *lines[1:], "", ""], "open"),
    "a row too long": (lambda lines: [*lines[:2], lines[2] + ",9", *lines[3:]], "nonsense"),
    "an amount cut in two": (lambda lines: [*lines[:2], lines[2].replace(".", ",234.", 1), *lines[3:]], "nonsense"),
    "a row too short": (lambda lines: [*lines[:2], lines[2].rsplit(",", 1)[0], *lines[3:]], "nonsense"),
    "a header doubled": (lambda lines: [lines[0].replace("limit", "balance"), *lines[1:]], "nonsense"),
    "a header repeated": (lambda lines: [*lines[:3], lines[0], *lines[3:]], "nonsense"),
    "blanks in the header": (lambda lines: [lines[0].replace(",", " , "), *lines[1:]], "open"),
    "capitals in the header": (lambda lines: [lines[0].upper(), *lines[1:]], "open"),
    "no header": (lambda lines: lines[1:], "nonsense"),
    "only the header": (lambda lines: lines[:1], "nonsense"),
    "nothing": (lambda lines: [], "nonsense"),
    "a quote left open": (lambda lines: [*lines[:2], '"' + lines[2], *lines[3:]], "nonsense"),
    "a NUL": (lambda lines: [*lines[:2], "\0" + lines[2], *lines[3:]], "nonsense"),
    "a comment": (lambda lines: [lines[0], "# from the system", *lines[1:]], "open"),
    "an index": (lambda lines: [f",{lines[0]}", *(f"{k},{line}" for k, line in enumerate(lines[1:]))], "open"),
    "a comma at the ends": (lambda lines: [f"{line}," for line in lines], "open"),
    "a long field": (lambda lines: [*lines[:2], "x" * 200_000 + lines[2], *lines[3:]], "open"),
    "carriage returns": (lambda lines: ["\r".join(lines)], "open"),
    "twice the same": (lambda lines: [*lines, *lines[1:]], "open"),
}  # fmt: skip


def other_lines(draw: Draw, tape: Tape) -> None:
    kind = of(draw, *LINES)
    if tape.format not in DELIMITED or tape.separator != "," or tape.lines:
        return
    change, verdict = LINES[kind]
    tape.lines.append(change)
    if kind == "a long field":
        tape.truth[1]["borrower_id"] = "x" * 200_000 + str(tape.truth[1]["borrower_id"])
    if kind == "twice the same":
        tape.truth += [dict(row) for row in tape.truth]
    tape.note(kind, kind, verdict)  # type: ignore[arg-type]


# Columns and constants


def other_columns(draw: Draw, tape: Tape) -> None:
    kind = of(draw, "left out", "misspelt", "renamed and told", "told wrong", "constant", "constant and column", "unknown constant",
              "told twice", "a list", "wrong constant")  # fmt: skip
    name = of(draw, "borrower_id", "product", "balance", "tenor_months", "annual_rate")
    if name not in tape.cells or "columns" in tape.asked:
        return
    if kind == "left out":
        del tape.cells[name]
        tape.note("a column left out", f"without {name}", "nonsense", (name,))
    elif kind == "misspelt":
        tape.cells = {name + "s" if key == name else key: value for key, value in tape.cells.items()}
        tape.note("a column misspelt", f"{name}s", "nonsense", (name,))
    elif kind == "renamed and told":
        tape.cells = {f"The {key}": value for key, value in tape.cells.items()}
        tape.asked["columns"] = {key.removeprefix("The "): key for key in tape.cells}
        tape.note("columns told", "columns=", "sound")
    elif kind == "told wrong":
        tape.asked["columns"] = {**{key: key for key in tape.cells}, name: "nowhere"}
        tape.note("a column told that is not there", f"columns={{{name!r}: 'nowhere'}}", "nonsense", (name, "nowhere"))
    elif kind == "told twice":
        tape.asked["columns"] = {**{key: key for key in tape.cells}, "limit": "balance"}
        for row in tape.truth:
            row["limit"] = row["balance"]
        tape.note("one column for two", "balance as balance and limit", "open")
    elif kind == "a list":
        tape.asked["columns"] = of(draw, [name], name, 5, {name: 5}, {5: name})
        tape.note("columns of a wrong type", f"columns={tape.asked['columns']!r}", "nonsense", ("columns", name))
    elif kind == "constant":
        tape.cells.pop("transactor", None)
        tape.asked["constants"] = {"transactor": False}
        tape.note("a constant", "transactor = False for all", "sound")
    elif kind == "wrong constant":
        value = draw(st.sampled_from([np.nan, "0", None, [0], -1, 0.5, True]))
        tape.cells.pop("days_past_due", None)
        tape.cells.pop("overdue", None)
        tape.asked["constants"] = {"days_past_due": value}
        for row in tape.truth:
            row.update(days_past_due=0, overdue=0.0)
        tape.note(
            "a constant of a wrong kind",
            f"days_past_due = {value!r}",
            "open" if value == "0" else "nonsense",
            ("days_past",),
        )
    elif kind == "constant and column":
        tape.asked["constants"] = {name: 1}
        tape.note("a constant and a column", name, "nonsense", (name,))
    else:
        tape.asked["constants"] = {"day_past_due": 0}
        tape.note("an unknown constant", "day_past_due", "nonsense", ("day_past_due",))


def no_donors(draw: Draw, tape: Tape) -> None:
    tape.drawn = False
    tape.note("no donors", "without donors", "nonsense", ("donors", "necessities"))


def not_a_table(draw: Draw, tape: Tape) -> None:
    kind = of(draw, "no such file", "a folder", "another suffix", "false parquet", "false xlsx", "false gz", "cut", "address",
              "None", "a number", "a dict", "a list", "a series", "an array", "an empty frame", "a Dataset", "empty name")  # fmt: skip
    tape.format = f"not a table: {kind}"
    tape.changes.clear()
    tape.note(f"not a table: {kind}", kind, "open" if kind in ("a dict",) else "nonsense")


CHANGES = (
    odd_names, odd_names, missing_key, blanks_around, composed, numbers_as_keys, numbers_as_keys, bad_cell, bad_cell,
    bad_number, wrong_unit, wrong_unit, wrong_unit, mixed_units, encoded, encoded, separated, decimal_commas, other_lines,
    other_lines, other_lines, other_columns, other_columns, no_donors, not_a_table,
)  # fmt: skip


def payload(tape: Tape) -> Any:
    """What is given to the reader: the bytes of a file, or a table in memory."""
    kind = tape.format
    if kind in ("polars", "arrow", "parquet"):
        tape.cells = {name: _alike(cells) for name, cells in tape.cells.items()}
    frame = pd.DataFrame(tape.cells)
    if kind == "polars":
        return pl.DataFrame(tape.cells, strict=False)
    if kind == "arrow":
        return pa.table(tape.cells)
    if kind == "frame" or kind.startswith("not a table"):
        return frame
    if kind in ("parquet", "xlsx"):
        stream = io.BytesIO()
        frame.to_parquet(stream) if kind == "parquet" else frame.to_excel(stream, index=False)
        return stream.getvalue()
    text = frame.to_csv(index=False, sep=tape.separator, lineterminator="\n")
    for change in tape.lines:
        text = "\n".join([*change(text.removesuffix("\n").split("\n")), ""])
    data = text.encode(tape.encoding, errors="replace")
    return gzip.compress(data) if kind == "csv.gz" else data


def _alike(cells: list[Any]) -> list[Any]:
    """Cells of one type, as a typed table has them."""
    kinds = {type(cell) for cell in cells if cell is not None}
    if len(kinds) < 2 or kinds <= {int, float}:
        return [float(cell) if kinds == {int, float} else cell for cell in cells]
    return [None if cell is None else str(cell) for cell in cells]


def _no_table(kind: str, frame: pd.DataFrame) -> Any:
    """What is no table, or no whole one."""
    stem = f"no-table-{next(NUMBER)}"

    def file(name: str, data: bytes) -> Path:
        (FOLDER / f"{stem}{name}").write_bytes(data)
        return FOLDER / f"{stem}{name}"

    def folder() -> Path:
        (FOLDER / f"{stem}.csv").mkdir()
        return FOLDER / f"{stem}.csv"

    def cut() -> Path:
        frame.to_parquet(FOLDER / f"{stem}.parquet")
        return file(".parquet", (FOLDER / f"{stem}.parquet").read_bytes()[:-40])

    return {
        "no such file": lambda: FOLDER / "nothing.csv",
        "a folder": folder,
        "another suffix": lambda: file(".docx", b"PK"),
        "false parquet": lambda: file(".parquet", b"borrower_id,balance\n1,2\n"),
        "false xlsx": lambda: file(".xlsx", b"borrower_id,balance\n1,2\n"),
        "false gz": lambda: file(".csv.gz", b"borrower_id,balance\n1,2\n"),
        "cut": cut,
        "address": lambda: "http://localhost:9/tape.csv",
        "None": lambda: None,
        "a number": lambda: 5,
        "a dict": lambda: frame.to_dict("list"),
        "a list": lambda: frame.values.tolist(),
        "a series": lambda: frame["balance"],
        "an array": lambda: frame.to_numpy(),
        "an empty frame": pd.DataFrame,
        "a Dataset": lambda: xr.Dataset({"balance": ("loan", [1.0])}),
        "empty name": lambda: "",
    }[kind]()


def read(tape: Tape, given: Any) -> xr.Dataset:
    """Write what is given and read it."""
    drawn = {"donors": donors(), "seed": 3} if tape.drawn else {}
    if tape.format.startswith("not a table"):
        given = _no_table(tape.format.removeprefix("not a table: "), given)
    elif isinstance(given, bytes):
        path = FOLDER / f"tape-{next(NUMBER)}.{tape.format}"
        path.write_bytes(given)
        given = path
    try:
        return sl.read_portfolio(given, **FIXED, **drawn, **tape.asked)
    finally:
        if isinstance(given, Path) and given.is_file():
            given.unlink()


@cache
def readable(format: str) -> bool:
    """Whether the library reads this kind of table at all."""
    rows = sound_rows(1)
    tape = Tape(truth=rows, cells={name: [row[name] for row in rows] for name in COLUMNS}, format=format)
    tape.separator = "\t" if format == "tsv" else ","
    try:
        read(tape, payload(tape))
    except Exception:
        return False
    return True


def truth_faults(book: xr.Dataset, truth: list[dict[str, Any]]) -> list[str]:
    """What of a portfolio read from a tape is not as the tape meant it."""
    if book.sizes["loan"] != len(truth):
        return [f"{book.sizes['loan']} loans, expected {len(truth)}"]
    column = {name: [row[name] for row in truth] for name in COLUMNS}
    wrong = []
    for name in ("balance", "limit", "annual_rate", "tenor_months", "remaining_months", "days_past_due", "overdue"):
        wrong += oracle.figures_faults(book[name].values, np.array(column[name], float), name)
    owner = book["borrower"].values
    wrong += oracle.figures_faults(book["income"].values[owner], np.array(column["income"], float), "income")
    for name in ("lender", "product"):
        found = [unicodedata.normalize("NFC", str(label)) for label in book[name].values]
        if found != [unicodedata.normalize("NFC", label) for label in column[name]]:
            wrong.append(
                f"{name} is {sorted(set(found) - set(column[name]))[:3]} where {sorted(set(column[name]))[:3]} was meant"
            )
    keys = [unicodedata.normalize("NFC", str(key)) for key in column["borrower_id"]]
    if book.sizes["borrower"] != len(set(keys)):
        wrong.append(f"{book.sizes['borrower']} people, expected {len(set(keys))}")
    labels = [unicodedata.normalize("NFC", str(label)) for label in book["borrower_label"].values[owner]]
    if [_plain(label) for label in labels] != [_plain(key) for key in keys]:
        wrong.append(f"keys are {labels[:3]}, expected {keys[:3]}")
    return wrong + oracle.book_faults(book)


def _plain(key: str) -> str:
    """A key without the .0 of a float; whole numbers stay as they are written."""
    return key.removesuffix(".0")


@st.composite
def cases(draw: Draw) -> Case:
    """A broken tape."""
    truth = sound_rows(of(draw, 1, 2, 3))
    tape = Tape(truth=truth, cells={name: [row[name] for row in truth] for name in COLUMNS})
    tape.format = of(draw, "csv", "csv", "csv", "csv.gz", "tsv", "txt", "xlsx", "parquet", *FRAMES)
    if tape.format == "tsv":
        tape.separator = "\t"
    several(draw, CHANGES, tape)
    if tape.verdict == "sound" and tape.format in ("tsv", "txt", "xlsx"):
        tape.note(f"as {tape.format}", tape.format, "open")
    given = made_or_rejected(lambda: payload(tape))
    simulated = of(draw, False, False, False, True)

    def call() -> Any:
        book = read(tape, given)
        return (book, run(book)) if simulated else (book, None)

    def check(made: tuple[xr.Dataset, xr.Dataset | None]) -> list[str]:
        book, result = made
        wrong = truth_faults(book, tape.truth)
        return wrong if wrong or result is None else oracle.run_faults(book, result, 3, 2)

    plain = tape.encoding == "utf-8" and not tape.lines and tape.separator == ("\t" if tape.format == "tsv" else ",")
    known = plain and tape.format in FORMATS and readable(tape.format)
    return tape.case(f"{tape.format}: {tape.what}"[:400], call, check, known)
