"""What can be broken in any table: encoding, separator, lines, and files that are no tables at all."""

from __future__ import annotations

import gzip
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr

from tests.fuzz.case import Verdict
from tests.fuzz.draft import Draft, Draw, of

ENCODINGS = {
    "utf-8-sig": "Müller", "utf-16": "蚂蚁", "utf-16-le": "蚂蚁", "utf-32": "蚂蚁", "gbk": "蚂蚁", "latin-1": "Müller",
    "cp1252": "Müller", "cp037": "ab",
}  # fmt: skip
"""Encodings, and a word that they can hold."""

SEPARATORS = (";", "\t", "|", ":", " ", "^")

Lines = Callable[[list[str]], list[str]]
LINES: dict[str, tuple[Lines, Verdict]] = {
    "a title above": (lambda lines: ["Figures of our bank", *lines], "open"),
    "a note below": (lambda lines: [*lines, "", "Source: our system"], "open"),
    "blank lines": (lambda lines: [lines[0], "", *lines[1:], "", ""], "sound"),
    "lines of commas": (lambda lines: [*lines, ",,,,,,"], "open"),
    "a row too long": (lambda lines: [*lines[:2], lines[2] + ",9", *lines[3:]], "nonsense"),
    "a row too short": (lambda lines: [*lines[:2], lines[2].rsplit(",", 1)[0], *lines[3:]], "nonsense"),
    "an amount cut in two": (lambda lines: [*lines[:2], lines[2].replace(".", ",234.", 1), *lines[3:]], "nonsense"),
    "a header repeated": (lambda lines: [*lines[:3], lines[0], *lines[3:]], "nonsense"),
    "no header": (lambda lines: lines[1:], "nonsense"),
    "only the header": (lambda lines: lines[:1], "nonsense"),
    "nothing": (lambda lines: [], "nonsense"),
    "a quote left open": (lambda lines: [*lines[:2], '"' + lines[2], *lines[3:]], "nonsense"),
    "a NUL": (lambda lines: [*lines[:2], "\0" + lines[2], *lines[3:]], "nonsense"),
    "a comma at the ends": (lambda lines: [f"{line}," for line in lines], "open"),
    "a long field": (lambda lines: [*lines[:2], "x" * 200_000 + lines[2], *lines[3:]], "nonsense"),
    "all in quotes": (lambda lines: [",".join(f'"{cell}"' for cell in line.split(",")) for line in lines], "open"),
    "Windows line ends": (lambda lines: ["\r\n".join(lines)], "sound"),
    "carriage returns": (lambda lines: ["\r".join(lines)], "open"),
    "capitals in the header": (lambda lines: [lines[0].upper(), *lines[1:]], "open"),
    "blanks in the header": (lambda lines: [lines[0].replace(",", " , "), *lines[1:]], "open"),
    "a comment": (lambda lines: [lines[0], "# from the system", *lines[1:]], "open"),
    "an index": (lambda lines: [f",{lines[0]}", *(f"{k},{line}" for k, line in enumerate(lines[1:]))], "open"),
}


@dataclass
class TableDraft(Draft):
    """A table on its way: how its text is written, and the arguments of its reader."""

    asked: dict[str, Any] = field(default_factory=dict)
    lines: list[Lines] = field(default_factory=list)
    encoding: str = "utf-8"
    separator: str = ","
    suffix: str = "csv"

    @property
    @abstractmethod
    def delimited(self) -> bool:
        """Whether it is written as text."""

    @abstractmethod
    def say(self, word: str) -> None:
        """Put a word of an encoding into the table, where it can be read."""

    def told(self, draw: Draw, name: str, value: str) -> str:
        """Perhaps tell the reader."""
        if not of(draw, True, False):
            return ""
        self.asked[name] = value
        return ", told"

    def bytes(self, text: str) -> bytes:
        """The table as the bytes of its file."""
        for change in self.lines:
            text = "\n".join([*change(text.removesuffix("\n").split("\n")), ""])
        data = text.encode(self.encoding)
        return gzip.compress(data) if self.suffix == "csv.gz" else data


def encoded(draw: Draw, draft: TableDraft) -> None:
    encoding = of(draw, *ENCODINGS)
    if draft.delimited and draft.encoding == "utf-8":
        draft.say(ENCODINGS[encoding])
        draft.encoding, told = encoding, draft.told(draw, "encoding", encoding)
        draft.note(f"encoding {encoding}{told}", f"in {encoding}{told}", "open", hiding=True)


def separated(draw: Draw, draft: TableDraft) -> None:
    separator = of(draw, *SEPARATORS)
    if draft.delimited and not draft.lines:
        draft.separator, told = separator, draft.told(draw, "separator", separator)
        draft.note(f"separator {separator!r}{told}", f"separated by {separator!r}{told}", "open", hiding=True)


def other_lines(draw: Draw, draft: TableDraft) -> None:
    kind = of(draw, *LINES)
    if draft.delimited and draft.separator == "," and not draft.lines:
        change, verdict = LINES[kind]
        draft.lines.append(change)
        draft.note(f"lines: {kind}", kind, verdict if draft.plain or verdict != "sound" else "open", hiding=True)


NO_TABLES: dict[str, Callable[[Path, pd.DataFrame], Any]] = {
    "no such file": lambda path, _: path.with_suffix(".csv"),
    "a folder": lambda path, _: _folder(path.with_suffix(".csv")),
    "another kind of file": lambda path, _: _file(path.with_suffix(".docx"), b"PK"),
    "a false Parquet": lambda path, _: _file(path.with_suffix(".parquet"), b"PAR1,b\n1,2\n"),
    "a false workbook": lambda path, _: _file(path.with_suffix(".xlsx"), b"PK\x03\x04,b\n1,2\n"),
    "a false archive": lambda path, _: _file(path.with_suffix(".gz"), b"\x1f\x8b,b\n1,2\n"),
    "a cut Parquet": lambda path, frame: _file(path.with_suffix(".parquet"), frame.astype(str).to_parquet()[:-40]),
    "a cut archive": lambda path, frame: _file(path.with_suffix(".gz"), gzip.compress(frame.to_csv().encode())[:-9]),
    "an archive of gigabytes": lambda path, _: _file(path.with_suffix(".gz"), gzip.compress(bytes(1_000_000)) * 300),
    "an address": lambda path, _: "http://localhost:9/tape.csv",
    "None": lambda path, _: None,
    "a number": lambda path, _: 5,
    "a list": lambda path, frame: frame.to_numpy().tolist(),
    "an array": lambda path, frame: frame.to_numpy(),
    "an empty frame": lambda path, _: pd.DataFrame(),
    "an array of xarray": lambda path, frame: xr.DataArray([1.0]),
    "an empty name": lambda path, _: "",
    "a NUL in the name": lambda path, _: f"{path}\0.csv",
    "a long name": lambda path, _: "x" * 5_000,
}


def _file(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def no_table(draw: Draw, draft: TableDraft) -> None:
    kind = of(draw, *NO_TABLES)
    draft.suffix = kind
    draft.changes.clear()
    draft.note(kind, kind, "nonsense", hiding=True)
