"""Tables of any kind, with one header, some columns to load, and a place for each row."""

from __future__ import annotations

import itertools
import unicodedata
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from stresslab.checks import like, refuse, shown, type_faults
from stresslab.schema import InputError
from stresslab.tabular.cells import Array, holds_nothing, numbers, texts
from stresslab.tabular.sources import SEPARATORS, Rows, counts, failing, refuse_bomb, sheet_rows, text_rows

PIECE = 100_000
"""Rows of a file that are converted at a time."""
KINDS = "a path to a .csv, .tsv, .txt, .xlsx or .parquet file, or a pandas, Polars or Arrow table"


class Table(ABC):
    """A table whose header is known and whose columns are read when they are asked for.

    Attributes
    ----------
    subject : str
        What error texts call it.
    header : list of str
        Labels of the columns as they stand, without blanks around them and in composed Unicode (NFC).
    how : str
        What was decided to read a file: "utf-16, separated by tabs"; empty for a table that leaves no choice.
    in_rows : bool
        Whether it is read row by row, so that rows can be left out with skip=.
    decimal : str
        Decimal sign of numbers that are text.
    """

    subject: str
    header: list[str]
    how: str
    in_rows: bool
    decimal: str = "."

    @property
    def found(self) -> str:
        """What was read, as part of a sentence: "utf-16, separated by tabs, 7 columns 'Date', ..."."""
        columns = "1 column" if len(self.header) == 1 else f"{len(self.header)} columns"
        return f"{self.how}{', ' * bool(self.how)}{columns} {listed(self.header, 30)}"

    @abstractmethod
    def place(self, row: int) -> str:
        """Where a row stands, "line 7" of a text file, "row 5" of a sheet, "position 3" of a table in memory."""

    @abstractmethod
    def preview(self) -> list[list[str]]:
        """The first rows below the header, as text."""

    @abstractmethod
    def _pieces(self, columns: Sequence[int]) -> Iterator[list[Sequence[object] | pd.Series]]:
        """Cells of some columns, piece by piece from the top."""

    def load(self, columns: Sequence[str], texts: Sequence[str] = ()) -> pd.DataFrame:
        """Some columns, in that order: those named in `texts` as names, the others as numbers.

        Names are str without blanks around them, None where there is nothing. Numbers are float; a column with flags
        alone is bool, and one with any cell that is no number is object and holds that cell as it stands. See
        `stresslab.tabular.cells`.
        """
        faults = [fault for name in dict.fromkeys(columns) for fault in self._column_faults(name)]
        if faults:
            raise InputError(self.subject, faults)
        held: list[list[Array]] = [[] for _ in columns]
        for piece in self._pieces([self.header.index(name) for name in columns]):
            for name, cells, parts in zip(columns, piece, held, strict=True):
                parts.append(self._converted(name, cells, name in texts))
        whole = [parts[0] if len(parts) == 1 else np.concatenate(parts) if parts else np.empty(0) for parts in held]
        return pd.DataFrame(
            {name: pd.Series(cells, dtype=cells.dtype, copy=False) for name, cells in zip(columns, whole, strict=True)}
        )

    def _column_faults(self, name: str) -> list[str]:
        """Fault of a column that is absent, or there more than once."""
        count = self.header.count(name)
        if count == 0:
            near = like(name, self.header)
            return [f"{name!r}: found no such column{near} among {listed(self.header)}, expected one; correct the name"]
        return [f"{name!r}: found {count} columns of that name, expected one; rename the others"] if count > 1 else []

    def _converted(self, name: str, cells: Sequence[object] | pd.Series, as_text: bool) -> Array:
        """Cells of a column as names or numbers."""
        if not as_text:
            return numbers(cells, self.decimal)
        try:
            return texts(cells)
        except TypeError as error:
            raise InputError(self.subject, [f"{name!r}: found {error}, expected text; convert it"]) from None


class RowTable(Table):
    """A table that is read row by row: a text file or the sheet of a workbook."""

    def __init__(
        self, subject: str, rows: Rows, how: str, unit: str, skip: tuple[str, ...], names: Sequence[str] | None
    ) -> None:
        self.subject, self.how, self._rows, self._unit, self._skip = subject, how, rows, unit, skip
        self.in_rows = True
        self._places: list[Array] = []
        self._headed = names is None
        with failing(subject):
            first = list(itertools.islice(self._counting(), 200))
        if not first:
            raise InputError(subject, ["file: found no rows, expected a header and rows; fill it"])
        self._width = len(first[0][1]) if unit == "line" else _filled(first)
        self._first = [[_shown(cell) for cell in cells[: self._width]] for _, cells in first]
        self.header = [_label(name) for name in (self._first[0] if names is None else names)]
        if len(self.header) != self._width:
            found = f"found {len(self.header)} names for {self._width} columns {listed(self._first[0])}"
            raise InputError(subject, [f"names: {found}, expected one for each; correct names="])
        self._refuse_title([sum(bool(_shown(cell).strip()) for cell in cells) for _, cells in first])

    def place(self, row: int) -> str:
        return f"{self._unit} {np.concatenate(self._places)[row]}" if self._places else f"position {row}"

    def preview(self) -> list[list[str]]:
        return self._first[self._headed :]

    def _refuse_title(self, filled: list[int]) -> None:
        """Refuse a first row with one filled cell above rows with several."""
        below = sorted(filled[1:])
        if self._headed and filled[0] == 1 and below and below[len(below) // 2] > 1:
            title = next(cell for cell in self._first[0] if cell.strip())
            found = f"found {title[:60]!r} alone in its {self._unit}, above rows with {below[len(below) // 2]} filled"
            advice = f"leave it out with skip=[{' '.join(title.split()[:3])!r}]"
            raise InputError(self.subject, [f"header: {found}, expected names of columns; {advice}"])

    def _counting(self) -> Iterator[tuple[int, Sequence[Any]]]:
        """Rows that are neither blank nor skipped."""
        return ((place, cells) for place, cells in self._rows() if counts(cells, self._skip))

    def _pieces(self, columns: Sequence[int]) -> Iterator[list[Sequence[object] | pd.Series]]:
        self._places = []
        uneven: list[str] = []
        with failing(self.subject):
            rows = itertools.islice(self._counting(), int(self._headed), None)
            while piece := list(itertools.islice(rows, PIECE)):
                even = [row for row in piece if self._even(*row, uneven)]
                self._places.append(np.array([place for place, _ in even], np.int64))
                turned = list(zip(*(cells for _, cells in even), strict=True)) or [()] * self._width
                yield [turned[at] for at in columns]
        if uneven:
            more = f" (and {len(uneven) - 5:,} more {self._unit}s like these)" if len(uneven) > 5 else ""
            raise InputError(self.subject, [*uneven[:4], *(fault + more for fault in uneven[4:5])])

    def _even(self, place: int, cells: Sequence[Any], uneven: list[str]) -> bool:
        """Whether a row has as many cells as the header; what is wrong with one that has not is added."""
        extra = [] if len(cells) == self._width else [_shown(cell) for cell in cells]
        if self._unit == "row":
            extra = [_shown(cell) for cell in cells] if any(cell is not None for cell in cells[self._width :]) else []
        if self._headed and cells[0] == self._first[0][0] and [*map(_shown, cells[: self._width])] == self._first[0]:
            uneven.append(f"{self._unit} {place}: found the header again, expected a row of figures; remove it")
            return False
        if extra:
            found = f"found {len(extra)} cells {listed(extra, 4)}, expected {self._width} as in the header"
            advice = f"correct or remove the {self._unit}, or leave it out with skip=[{extra[0][:20]!r}]"
            uneven.append(f"{self._unit} {place}: {found}; {advice}")
        return not extra


class FrameTable(Table):
    """A table whose columns are at hand: in memory, or in a Parquet file."""

    def __init__(self, subject: str, header: Sequence[object], column: Callable[[int], pd.Series]) -> None:
        self.subject, self.how, self.in_rows, self._column = subject, "", False, column
        self.header = [_label(name) for name in header]

    def place(self, row: int) -> str:
        return f"position {row}"

    def preview(self) -> list[list[str]]:
        with failing(self.subject, "table"):
            some = [self._column(at).iloc[:200].astype(object).tolist() for at in range(len(self.header))]
        return [[_shown(cell) for cell in row] for row in zip(*some, strict=True)]

    def _pieces(self, columns: Sequence[int]) -> Iterator[list[Sequence[object] | pd.Series]]:
        with failing(self.subject, "table"):
            yield [self._column(at) for at in columns]


def open_table(
    source: str | PathLike[str] | Any,
    subject: str | None = None,
    *,
    encoding: str | None = None,
    separator: str | None = None,
    decimal: str | None = None,
    sheet: str | None = None,
    skip: str | Sequence[str] = (),
    names: Sequence[str] | None = None,
) -> Table:
    """A table of any kind, with its header; InputError says what was found where it is none.

    source : path of a text file (plain, .gz, .bz2, .xz or .zip), an .xlsx workbook or a Parquet file; or a pandas,
        Polars or Arrow table. What a file is, is told by its first bytes. Nothing is fetched from a network.
    subject : what error texts call it; None: the file's name.
    encoding : of a text file; None: that of its byte-order mark, or UTF-8.
    separator : between the cells of a text file; None: the one of comma, semicolon, tab and pipe that splits all lines
        alike.
    decimal : "." or ","; None: ".".
    sheet : of a workbook; None: the only one with rows.
    skip : beginnings of rows of a file that are no rows of the table: titles, headings, totals.
    names : of the columns of a file without a header.
    """
    path = _path(source) if isinstance(source, str | PathLike) else None
    subject = subject or (path.name if path else f"{type(source).__name__} in memory")
    kind = "table in memory" if path is None else _kind(path)
    skip = (skip,) if isinstance(skip, str) else skip
    words = {"encoding": encoding, "separator": separator, "decimal": decimal, "sheet": sheet}
    lists = {"skip": list(skip) or None if isinstance(skip, Sequence) else skip, "names": names}
    faults = [f for name, word in words.items() for f in type_faults(name, word, str)]
    faults += [f for name, some in lists.items() for f in _list_faults(name, some)]
    refuse(subject, faults)
    skip = tuple(skip)
    faults = _option_faults({**words, **lists, "decimal": None}, kind)
    if decimal not in (None, ".", ","):
        faults.append(f"decimal: found {decimal!r}, expected '.' or ','; choose one")
    if separator is not None and (len(separator) != 1 or separator in '"\r\n'):
        faults.append(f"separator: found {separator!r}, expected one character, as one of {[*SEPARATORS]}; correct it")
    elif decimal == "," and separator == ",":
        faults.append("separator: found ',' with decimal=',', expected two different signs; correct one of them")
    refuse(subject, faults)
    table: Table
    if path is None:
        table = _in_memory(source, subject)
    elif kind == "Parquet file":
        table = _parquet(path, subject)
    elif kind == "workbook":
        table = RowTable(subject, *sheet_rows(path, sheet), "row", skip, names)
    else:
        table = RowTable(subject, *text_rows(path, encoding, separator, skip), "line", skip, names)
    table.decimal = decimal or "."
    return table


def listed(words: Sequence[str], most: int = 12) -> str:
    """Words in quotes, the first of many.

    >>> listed(["a", "b", "c"], 2)
    "'a', 'b' and 1 more"
    """
    first = ", ".join(repr(word[:40]) for word in words[:most])
    return first + (f" and {len(words) - most} more" if len(words) > most else "")


def _list_faults(name: str, words: object) -> list[str]:
    """Fault of what should be a list of words; None passes."""
    sound = isinstance(words, Sequence) and all(isinstance(word, str) and word for word in words)
    if words is None or (sound and not isinstance(words, str)):
        return []
    return [f"{name}: found {words!r}, expected a list of words; write it as ['...', '...']"]


def _option_faults(given: dict[str, Any], kind: str) -> list[str]:
    """Faults of options that have nothing to say on such a table."""
    text, book = ("encoding", "separator", "skip", "names"), ("sheet", "skip", "names")
    used = text if kind == "text file" else book if kind == "workbook" else ()
    where = {name: "a workbook" if name == "sheet" else "a file of text" for name in given}
    return [
        f"{name}: found {value!r} for a {kind}, expected it for {where[name]}; drop {name}="
        for name, value in given.items()
        if value is not None and name not in used
    ]


def _path(source: str | PathLike[str]) -> Path:
    """The path of a file that is there and not empty."""
    name = fspath(source)
    if not isinstance(name, str) or "\0" in name:
        raise InputError("file", [f"file: found {name!r}, expected a path as text; give one"])
    if not name:
        raise InputError("file", ["file: found an empty path, expected one; give it"])
    path = Path(name)
    subject = path.name or name
    with failing(subject):
        if "://" in name:
            raise InputError(
                subject, [f"file: found the address {name!r}, expected a file; download it and give its path"]
            )
        if path.is_dir():
            files = sorted(child.name for child in path.iterdir() if child.is_file())
            inside = f"with the files {listed(files, 8)}" if files else "without files"
            raise InputError(subject, [f"file: found a folder {inside}, expected a file; name one"])
        if not path.exists():
            beside = [child.name for child in path.parent.iterdir()] if path.parent.is_dir() else []
            near = like(path.name, beside)
            raise InputError(subject, [f"file: found none at {name!r}{near}, expected one; correct the path"])
        if not path.is_file():
            raise InputError(
                subject, [f"file: found {name!r}, which is no ordinary file, expected one; copy it to a file"]
            )
    return path


def _kind(path: Path) -> str:
    """What a file is, told by its first bytes."""
    with failing(path.name):
        with path.open("rb") as file:
            first = file.read(4)
        if first == b"PAR1":
            return "Parquet file"
        if first == b"PK\x03\x04":
            with zipfile.ZipFile(path) as archive:
                if "[Content_Types].xml" in archive.namelist():
                    return "workbook"
        if path.suffix.lower() in (".parquet", ".pq", ".xlsx", ".xlsm") and first:
            kind = "Parquet file" if path.suffix.lower() in (".parquet", ".pq") else "workbook"
            advice = "save it again, or call it .csv if it is text"
            raise InputError(path.name, [f"file: found it unreadable as a {kind}, expected one; {advice}"])
    return "text file"


def _in_memory(table: Any, subject: str) -> Table:
    """A pandas, Polars or Arrow table."""
    if isinstance(table, pd.DataFrame):
        if table.columns.nlevels > 1:
            raise InputError(subject, [f"header: found {table.columns.nlevels} levels, expected one; join their names"])
        return FrameTable(subject, list(table.columns), lambda at: table.iloc[:, at])
    with failing(subject, "table"):
        if type(table).__module__.startswith("polars") and hasattr(table, "collect"):
            table = table.collect()
        if type(table).__module__.startswith("polars") and hasattr(table, "get_columns"):
            polars = table
            return FrameTable(subject, polars.columns, lambda at: _from_arrow(polars.to_series(at).to_arrow()))
        if type(table).__module__.startswith("pyarrow") and hasattr(table, "column_names"):
            arrow = table
            return FrameTable(subject, arrow.column_names, lambda at: _from_arrow(arrow.column(at)))
    raise InputError(subject, [f"table: found {shown(table)}, expected {KINDS}; save or convert it"])


def _parquet(path: Path, subject: str) -> Table:
    """A Parquet file, whose columns are read one by one."""
    with failing(subject):
        from pyarrow.parquet import ParquetFile

        file = ParquetFile(path)
        header = file.schema_arrow.names
        refuse_bomb(subject, file.metadata.num_rows * len(header) * np.dtype(float).itemsize, path.stat().st_size)
        return FrameTable(
            subject,
            header,
            lambda at: _from_arrow(file.read([header[at]]).column(0)),
        )


def _from_arrow(column: Any) -> pd.Series:
    """A column of Arrow as pandas holds it; whole numbers beside gaps stay whole."""
    import pyarrow

    whole = pyarrow.types.is_integer(column.type) and column.null_count
    return pd.Series(column.to_pylist(), dtype=object) if whole else column.to_pandas()


def _label(name: object) -> str:
    """The name of a column."""
    return unicodedata.normalize("NFC", _shown(name)).strip()


def _shown(cell: object) -> str:
    """A cell as text."""
    return "" if holds_nothing(cell) else str(cell)


def _filled(rows: Sequence[tuple[int, Sequence[Any]]]) -> int:
    """How many columns of a sheet its first rows fill."""
    return max(at + 1 for _, cells in rows for at, cell in enumerate(cells) if cell is not None)
