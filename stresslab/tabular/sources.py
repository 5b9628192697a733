"""Rows of files: archives, encodings, separators and sheets."""

from __future__ import annotations

import bz2
import codecs
import csv
import gzip
import io
import itertools
import lzma
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from stresslab.checks import like
from stresslab.schema import InputError

Rows = Callable[[], Iterator[tuple[int, Sequence[Any]]]]
"""Opens a file anew and yields each row's number, as an editor or a spreadsheet counts, and its cells."""

BOUND = 200
"""An archive may unpack to that many times its size; beyond that, and beyond `FREE` bytes, it is refused."""
FREE = 256 * 2**20
CHUNK = 2**20
SAMPLE = 2**18
"""Characters from which the separator is told."""

MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""Byte-order marks; the longer ones first."""
LIKELY = ("utf-16-le", "utf-16-be", "gb18030", "big5", "shift_jis", "cp1252", "latin-1")
"""Encodings that are proposed, if the bytes can be read so and the text is printable."""
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "pipes"}
BINARY = {
    b"PAR1": "a Parquet file",
    b"PK\x03\x04": "a zip archive or a workbook",
    b"\x1f\x8b": "a gzip archive",
    b"%PDF": "a PDF",
    b"\xd0\xcf\x11\xe0": "a workbook of the old kind (.xls)",
    b"SQLite": "a database",
    b"\x89HDF": "an HDF5 or netCDF file",
    b"\x7fELF": "a program",
    b"\x28\xb5\x2f\xfd": "a Zstandard archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"Rar!": "a RAR archive",
    b"<!": "a web page",
    b"<html": "a web page",
    b"<?xml": "XML",
    b"{": "JSON",
    b"[{": "JSON",
}
"""What a file is that is no text with separators, by its first bytes."""
SHEET_DIGITS = 15
"""A spreadsheet keeps so many digits of a number and writes zeros for the others."""


@contextmanager
def failing(subject: str, what: str = "file") -> Iterator[None]:
    """InputError for whatever another library says of a file or table; names the extra if a package is missing."""
    try:
        yield
    except InputError:
        raise
    except ImportError as error:
        advice = "pip install 'stresslab[tape]'"
        raise InputError(subject, [f"{what}: {error}, expected the packages that read it; {advice}"]) from error
    except Exception as error:
        said = " ".join(str(error).split())[:200] or type(error).__name__
        fault = f"{what}: found it unreadable ({said}), expected a whole table; save it again"
        raise InputError(subject, [fault]) from error


def text_rows(path: Path, encoding: str | None, separator: str | None, skip: tuple[str, ...]) -> tuple[Rows, str]:
    """Rows of a file of separated text, packed or not, and how they are read."""
    subject = path.name
    opener = _opener(path)
    with failing(subject):
        encoding = _encoding(opener, encoding, subject, path.stat().st_size)
        separator = _separator(opener, encoding, skip, subject, separator)

    def rows() -> Iterator[tuple[int, Sequence[str]]]:
        with failing(subject), io.TextIOWrapper(opener(), encoding, newline="") as stream:
            lines = (line.replace("\ufeff", "") for line in stream)  # files joined end to end hold several marks
            reader = csv.reader(lines, delimiter=separator, strict=True)
            line = 0
            try:
                for cells in reader:
                    yield line + 1, cells
                    line = reader.line_num
            except csv.Error as error:
                advice = "close its quotes, or correct the line"
                raise InputError(
                    subject, [f"line {line + 1}: found it unreadable ({error}), expected cells; {advice}"]
                ) from error

    return rows, f"{codecs.lookup(encoding).name}, separated by {SEPARATORS.get(separator, repr(separator))}"


def sheet_rows(path: Path, sheet: str | None) -> tuple[Rows, str]:
    """Rows of a sheet of a workbook, and its name."""
    subject = path.name
    with failing(subject, "workbook"), warnings.catch_warnings(action="ignore"):
        import openpyxl

        with zipfile.ZipFile(path) as archive:
            refuse_bomb(subject, sum(member.file_size for member in archive.infolist()), path.stat().st_size)
        with path.open("rb") as file:  # a path would be judged by its suffix
            book = openpyxl.load_workbook(file, data_only=True)
        sheets = {page.title: page for page in book.worksheets}
        filled = [name for name, page in sheets.items() if any(any(row) for row in page.iter_rows(values_only=True))]
    if sheet is None and len(filled) > 1:
        raise InputError(subject, [f"sheet: found {filled}, expected to know which one; pass sheet={filled[0]!r}"])
    if sheet is not None and sheet not in sheets:
        advice = "correct sheet="
        raise InputError(
            subject, [f"sheet: found no {sheet!r}, expected one of {[*sheets]}{like(sheet, sheets)}; {advice}"]
        )
    if not filled:
        raise InputError(subject, ["workbook: found no rows, expected a header and rows; fill it"])
    page = sheets[sheet or filled[0]]

    def rows() -> Iterator[tuple[int, Sequence[Any]]]:
        for place, cells in enumerate(page.iter_rows(values_only=True), 1):
            yield place, [_cut(cell) for cell in cells]

    return rows, f"sheet {page.title!r}"


def _cut(cell: Any) -> Any:
    """A cell of a sheet; a whole number of more digits than it can hold as the float that it is."""
    return float(cell) if type(cell) is int and abs(cell) >= 10**SHEET_DIGITS else cell


def _opener(path: Path) -> Callable[[], IO[bytes]]:
    """How to open a file anew, unpacked if its first bytes are those of an archive."""
    with path.open("rb") as file:
        first = file.read(6)
    if first.startswith(b"\x1f\x8b"):
        return lambda: gzip.open(path)  # type: ignore[return-value]
    if first.startswith(b"BZh"):
        return lambda: bz2.open(path)
    if first.startswith(b"\xfd7zXZ"):
        return lambda: lzma.open(path)
    if first.startswith(b"PK\x03\x04"):
        return lambda: _only_member(path)
    return lambda: path.open("rb")


def _only_member(path: Path) -> IO[bytes]:
    """The one file of a zip archive."""
    archive = zipfile.ZipFile(path)
    names = [name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX")]
    if len(names) != 1:
        found = f"found {len(names)} files {names[:8]}"
        raise InputError(path.name, [f"archive: {found}, expected one; unpack it and name the file"])
    return archive.open(names[0])


def refuse_bomb(subject: str, unpacked: int, packed: int) -> None:
    """Refuse an archive that unpacks to more than its bound."""
    if unpacked > max(FREE, BOUND * packed):
        found = f"found more than {unpacked / 2**20:,.0f} MB unpacked from {packed / 2**20:,.1f} MB"
        raise InputError(
            subject, [f"archive: {found}, expected at most {BOUND} times its size; unpack it yourself if you trust it"]
        )


def _encoding(opener: Callable[[], IO[bytes]], stated: str | None, subject: str, packed: int) -> str:
    """The encoding that the byte-order mark proves, that is stated, or UTF-8; refused if the bytes are no such text."""
    with opener() as file:
        first = file.read(512)
    if not first:
        raise InputError(subject, ["file: found it empty, expected a header and rows; fill it"])
    starts = (first, first.lstrip().lower())
    kinds = [kind for mark, kind in BINARY.items() if any(start.startswith(mark) for start in starts)]
    if first[257:262] == b"ustar":
        kinds = ["a tar archive"]
    if kinds:
        advice = "unpack it" if "archive" in kinds[0] else "save it as CSV"
        raise InputError(subject, [f"file: found {kinds[0]}, expected a table; {advice}"])
    mark = next((name for mark, name in MARKS.items() if first.startswith(mark)), None)
    if stated is not None:
        with failing(subject, "encoding"):
            try:
                "a".encode(stated)  # hex and zip are codecs, and no encodings of text
                stated = codecs.lookup(stated).name
            except (LookupError, UnicodeError):
                fault = f"encoding: found {stated!r}, expected a text encoding, as one of {LIKELY}; correct it"
                raise InputError(subject, [fault]) from None
        if mark and not stated.startswith(mark.removesuffix("-sig")):
            found = f"found {stated!r}, and the file begins with the mark of {mark.removesuffix('-sig')}"
            raise InputError(subject, [f"encoding: {found}, expected that; drop encoding="])
    encoding = mark or stated or "utf-8"
    bad = _undecoded(opener, encoding, subject, packed)
    if bad is None:
        return encoding
    if 0 < bad.count(0) < len(bad) / 10:
        raise InputError(
            subject, ["file: found the character NUL (\\0) in it, expected text; save it again without it"]
        )
    samples = {_sample(bad, name): name for name in reversed(LIKELY) if name != encoding}
    ways = [f"{name!r} ({sample!r})" for sample, name in reversed(samples.items()) if sample]
    others = f"one that makes sense of them, as {' or '.join(ways)}" if ways else "the one that it was saved in"
    fault = f"encoding: found bytes that are no {encoding} text, expected {others}"
    raise InputError(subject, [f"{fault}; pass it with encoding=, or save the file as UTF-8"])


def _undecoded(opener: Callable[[], IO[bytes]], encoding: str, subject: str, packed: int) -> bytes | None:
    """The first part of a file that is no text in an encoding, None if all of it is."""
    decoder = codecs.getincrementaldecoder(encoding)()
    size = 0
    with opener() as file:
        for part in itertools.chain(iter(lambda: file.read(CHUNK), b""), [b""]):
            size += len(part)
            refuse_bomb(subject, size, packed)
            try:
                text = decoder.decode(part, final=not part)
            except UnicodeError:
                return part
            if "\0" in text:
                return part
    return None


def _sample(part: bytes, encoding: str) -> str:
    """A few words around the first foreign ones, read in an encoding; empty if they cannot be so read."""
    wide = encoding.startswith("utf-16")
    if wide != (b"\0" in part):
        return ""
    at = next((i for i, byte in enumerate(part) if byte > 127), 0)
    start = 0 if wide else max(part.rfind(b"\n", 0, at), part.rfind(b",", 0, at)) + 1
    end = min(end for end in (part.find(b"\n", at), part.find(b",", at), start + 48, len(part)) if end > 0)
    try:
        text = part[start : end + end % 2 if wide else end].decode(encoding)
    except UnicodeError:
        return ""
    return text.strip() if text.replace("\r", "").replace("\n", "").replace("\t", "").isprintable() else ""


def _separator(
    opener: Callable[[], IO[bytes]], encoding: str, skip: tuple[str, ...], subject: str, stated: str | None
) -> str:
    """The separator that is stated, or that splits the header and the rows below alike, or alone splits the header."""
    with io.TextIOWrapper(opener(), encoding, newline="") as stream:
        head = stream.read(SAMPLE)
        whole = not stream.read(1)
    made = {separator: _widths(head, separator, skip, whole) for separator in SEPARATORS}
    splitting = {separator: widths for separator, widths in made.items() if widths and widths[0] > 1}
    even = [separator for separator, widths in splitting.items() if set(widths) == {widths[0]}]
    if stated is not None:
        if len(even) == 1 and _widths(head, stated, skip, whole)[:1] == [1]:
            expected = f"{even[0]!r}, which makes {splitting[even[0]][0]} columns of every line"
            found = f"found {stated!r}, which leaves the header in one cell"
            raise InputError(subject, [f"separator: {found}, expected {expected}; correct separator="])
        return stated
    if len(even) == 1:
        return even[0]
    if not splitting:  # one column, or a title above the header
        return max(SEPARATORS, key=lambda separator: sorted(made[separator] or [0])[len(made[separator]) // 2])
    if len(splitting) == 1:
        return next(iter(splitting))
    ways = even or splitting
    found = " or ".join(f"{splitting[separator][0]} columns by {SEPARATORS[separator]}" for separator in ways)
    raise InputError(
        subject, [f"separator: found {found}, expected one that splits every line alike; pass it with separator="]
    )


def _widths(head: str, separator: str, skip: tuple[str, ...], whole: bool) -> list[int]:
    """How many cells a separator makes of each line that counts; 0 for one that is no such line, unless it was cut."""
    widths = []
    try:
        for row in csv.reader(io.StringIO(head, newline=""), delimiter=separator, strict=True):
            if counts(row, skip):
                widths.append(len(row))
    except csv.Error:
        return [*widths, 0] if whole else widths
    return widths if whole else widths[:-1]


def counts(cells: Sequence[Any], skip: tuple[str, ...]) -> bool:
    """Whether a row is neither blank nor begins with one of the words to skip."""
    for cell in cells:
        if cell is not None and (text := str(cell).strip()):
            return not text.startswith(skip)
    return False
