"""What a cell means, in a table of any kind: numbers, names, and nothing."""

from __future__ import annotations

import datetime
import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[Any]

MISSING_WORDS = ("", ".", "-", "--", "na", "n/a", "#n/a", "nan", "null", "none", "<na>", "nil")
"""Words that some files write in a column of numbers where there is none, in small letters; names elsewhere."""

EXACT = 1e15
"""Whole numbers from here on lose digits in a float, or in a spreadsheet, which keeps 15."""

_NUMBER = {
    mark: re.compile(rf"[+-]?(?:\d+(?:{re.escape(mark)}\d*)?|{re.escape(mark)}\d+)(?:[eE][+-]?\d+)?", re.ASCII)
    for mark in (".", ",")
}
_PLAIN = {ord(sign): None for sign in "0123456789.+-eE"}
_FLAGS = {"true": True, "false": False}


def is_missing(cell: object) -> bool:
    """Whether a cell of a column of numbers holds nothing, or a word that says so.

    >>> is_missing(" N/A "), is_missing(None), is_missing(0)
    (True, True, False)
    """
    return cell.strip().lower() in MISSING_WORDS if isinstance(cell, str) else holds_nothing(cell)


def parse_number(text: str, decimal: str = ".") -> float | None:
    """The number that a text holds, with that decimal sign and no other signs between its digits; None if none.

    >>> parse_number("\u22125.6 "), parse_number("5,6"), parse_number("5,6", ","), parse_number("5_6")
    (-5.6, None, 5.6, None)
    """
    plain = text.strip().replace("\N{MINUS SIGN}", "-")
    return float(plain.replace(decimal, ".")) if _NUMBER[decimal].fullmatch(plain) else None


def numbers(cells: Sequence[object] | pd.Series, decimal: str = ".") -> Array:
    """Numbers of cells: NaN where there is nothing; an array of objects if any cell is a flag, or no number.

    What is no number stays as it is: words, dates, and numbers with signs that may mean two things.

    >>> numbers(["1.5", "", "1e3"]).tolist(), numbers(["1.5", "1,234.5", "True"]).tolist()
    ([1.5, nan, 1000.0], [1.5, '1,234.5', True])
    """
    if isinstance(cells, pd.Series):
        kind = pd.api.types
        if kind.is_bool_dtype(cells) and not cells.isna().any():
            return np.asarray(cells, bool)
        if kind.is_numeric_dtype(cells) and not kind.is_complex_dtype(cells) and not kind.is_bool_dtype(cells):
            return np.asarray(cells.to_numpy(dtype=float, na_value=np.nan))
        cells = cells.astype(object).tolist()
    words = _words(cells)
    if words is not None and decimal == "." and not words.translate(_PLAIN):
        with suppress(ValueError):  # signs of a number, and yet none: 1.2.3
            return np.array([float(cell) if cell else math.nan for cell in cells])  # type: ignore[arg-type]
    known = {} if words is None else {cell: _number(cell, decimal) for cell in set(cells)}
    values = [known[cell] for cell in cells] if known else [_number(cell, decimal) for cell in cells]
    return np.array(values) if all(type(value) is float for value in values) else _objects(values)


def texts(cells: Sequence[object] | pd.Series) -> Array:
    """Names of cells, without blanks around them and in Unicode's composed form (NFC); None where there is nothing.

    Whole numbers are written without a point in every kind of table. A float that cannot hold its whole number exactly
    is written with an exponent, as 1.1e+22. TypeError for what is no name: bytes, lists, spans of time.

    >>> texts(pd.Series([12.0, 7.0])), texts([" a ", "", "NA"]), texts([12.5, Decimal("12.00"), 2.0**60])
    (array(['12', '7'], dtype=object), array(['a', None, 'NA'], dtype=object),
     array(['12.5', '12', '1.152922e+18'], dtype=object))
    """
    if not isinstance(cells, pd.Series):
        known = {} if _words(cells) is None else {cell: _text(cell) for cell in set(cells)}
        return _objects([known[cell] for cell in cells] if known else map(_text, cells))
    if isinstance(cells.dtype, pd.CategoricalDtype):
        codes, unique = cells.cat.codes, cells.cat.categories
    elif pd.api.types.is_integer_dtype(cells) and not cells.hasnans:
        return _objects(map(str, cells.tolist()))
    elif pd.api.types.infer_dtype(cells, skipna=True) == "string":
        codes, unique = pd.factorize(cells)
    else:
        return _objects(map(_text, cells.astype(object).tolist()))
    names: Array = _objects([*map(_text, unique), None])[np.asarray(codes)]
    return names


def _objects(cells: Iterable[object]) -> Array:
    """Cells as an array of objects."""
    held = list(cells)
    values = np.empty(len(held), object)
    values[:] = held
    return values


def _words(cells: Sequence[object]) -> str | None:
    """Cells as one text; None if any of them is none."""
    try:
        return "".join(cells)  # type: ignore[arg-type]
    except TypeError:
        return None


def holds_nothing(cell: object) -> bool:
    """Whether a cell is None, not a number, or one of pandas' missing values."""
    if isinstance(cell, Decimal):
        return cell.is_nan()  # one that signals cannot be compared
    return bool(pd.api.types.is_scalar(cell) and pd.isna(cell))


def _number(cell: object, decimal: str) -> object:
    """A float, a flag, or what else the cell holds."""
    if isinstance(cell, str):
        number = parse_number(cell, decimal) if cell.strip() else math.nan
        return _FLAGS.get(cell.strip().lower(), cell) if number is None else number
    if holds_nothing(cell):
        return math.nan
    if isinstance(cell, bool | np.bool_):
        return bool(cell)
    if isinstance(cell, int | float | np.integer | np.floating | Decimal):
        try:
            return float(cell)
        except OverflowError:  # an integer of 400 digits
            return str(cell)
    return cell


def _text(cell: object) -> str | None:
    """A cell as a name, None if it holds nothing."""
    if isinstance(cell, str):
        return unicodedata.normalize("NFC", cell).strip() or None
    if holds_nothing(cell):
        return None
    if isinstance(cell, bool | np.bool_ | int | np.integer | pd.Period):
        return str(cell)
    if isinstance(cell, float | np.floating):
        number = float(cell)
        if not number.is_integer():
            return str(cell)
        return str(int(number)) if abs(number) < EXACT else f"{number:e}"
    if isinstance(cell, Decimal):
        return format(cell.normalize(), "f") if cell.is_finite() else str(cell)
    if isinstance(cell, np.datetime64):
        cell = pd.Timestamp(cell)
    if isinstance(cell, datetime.datetime):
        return cell.isoformat(" ").removesuffix(" 00:00:00")
    if isinstance(cell, datetime.date):
        return cell.isoformat()
    raise TypeError(f"{cell!r:.40}")
