"""Read a loan tape, one row for each loan, into a portfolio."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from stresslab.checks import check, choice_faults, contradictions, number_faults, seed_faults
from stresslab.notes import noted
from stresslab.portfolio.identity import borrower_ids, collisions
from stresslab.portfolio.imputation import Draft, derive, donor_faults, draw
from stresslab.portfolio.validation import check_portfolio
from stresslab.schema import BORROWER, MACRO, PORTFOLIO, InputError, attrs_of, presets

Array = NDArray[Any]
Constant = str | float | bool
Load = Callable[[list[str], list[str]], pd.DataFrame]
KEYS = ("borrower_id", "loan_id")
VALUES = tuple(name for name in PORTFOLIO if name not in ("borrower_id", "borrower"))
BORROWER_VALUES = tuple(name for name in VALUES if PORTFOLIO[name].dims == BORROWER)
TEXTS = (*KEYS, *(name for name in VALUES if PORTFOLIO[name].kind == "label"))
KINDS = {"flag": bool, "whole": np.int64, "number": np.float64, "label": np.str_}
CSV: dict[str, Any] = {"low_memory": False, "index_col": False}
if tuple(int(part) for part in pd.__version__.split(".")[:2]) < (3, 1):
    CSV["float_precision"] = "round_trip"  # later versions read every number exactly
WHOLE = r"0|-?[1-9]\d{0,17}"
EXTRA = "pip install 'stresslab[tape]'"


def read_portfolio(
    tape: str | PathLike[str] | Any,
    *,
    currency: str,
    as_of: str,
    own_lender: str,
    columns: Mapping[str, str] | None = None,
    constants: Mapping[str, Constant] | None = None,
    preset: str | None = None,
    donors: xr.Dataset | None = None,
    exchange_rate: float | None = None,
    seed: int | None = None,
    unemployment_rate: float | None = None,
) -> xr.Dataset:
    """Portfolio from a loan tape.

    Parameters
    ----------
    tape : path, pandas.DataFrame, polars.DataFrame or pyarrow.Table
        One row for each loan; a path ends with .parquet, .csv or .csv.gz.
    currency : str
        ISO 4217 code of all amounts, as in "CNY".
    as_of : str
        Month or day of the balances, "2026-01" or "2026-01-31".
    own_lender : str
        The own lender; where the tape has no column `lender`, lender of all loans.
    columns : mapping of str to str, optional
        Column of the tape by name: a variable of `stresslab.schema.PORTFOLIO`, "borrower_id" for the key of the
        borrower (whole numbers or text) or "loan_id"; columns not named are not read. None: the tape has these names.
    constants : mapping of str to number or str, optional
        Values that are the same on all rows, as in ``{"product": "personal-loan", "days_past_due": 0}``.
    preset : {"china-online", "us-card"}, optional
        Preset whose model `simulate` uses by default.
    donors : xarray.Dataset, optional
        A portfolio, as a rule a synthetic one, from whose borrowers missing attributes of borrowers are drawn.
    exchange_rate : float, optional
        Units of `currency` that buy what one unit of the donors' currency buys; needed where the two differ.
    seed : int, optional
        Of that draw; drawn and stored in attrs if None.
    unemployment_rate : float, optional
        Unemployment of the economy at `as_of` [1], from which `simulate` starts its job flows. None: that of the first
        month of the macro path.

    Returns
    -------
    xarray.Dataset
        Variables along `borrower` and `loan`, see `stresslab.schema.PORTFOLIO`: loans in the order of the rows,
        borrowers in the order of their keys, which are the coordinates `borrower_label` and `loan_label`. Attrs
        `derived` and `drawn` name what the tape did not have.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    InputError
        Names all faults of arguments, columns and values at once, positions from 0.

    Notes
    -----
    Borrower columns repeat on each row of a borrower and must agree. What the tape lacks is derived where that is an
    identity, with n = tenor_months (0: a revolving loan) and r = annual_rate / 12, in this order:

    - lender = own_lender; own_share = 1; written_off = False
    - remaining_months = 0 if revolving; transactor = False for instalment loans
    - limit = instalment (1 - (1 + r)^-n) / r for instalment loans (level payments)
    - instalment = 0 if revolving, else limit r / (1 - (1 + r)^-n)
    - usual_balance = balance if revolving, else limit
    - overdue = 0 if days_past_due = 0; else for instalment loans instalment x max(1, floor(days_past_due / 30)), at
      most the balance; the whole balance after the last due date
    - recent_arrears = floor(days_past_due / 30); score_change = 0 and inquiries = 0: nothing is remembered
    - claim = 0 unless written off; claim_months = 0 without a claim
    - employed = (jobless_months = 0); jobless_months = 0 where employed
    - pay_level = 1 where there is an income: what is paid now counts as usual
    - priority = that of the product among the donors; without donors 0 for instalment loans and 1 for revolving ones:
      short finite debts are paid first (TransUnion, US; in China banks come first, Bao and Huang 2021)

    Other attributes of borrowers are drawn from donors: each borrower takes all that is missing from one of the 5 % of
    donors nearest by income, or by total balance if income itself is drawn, among those in the same arrears (current,
    past due, in default) with as many lenders (or nearly). Necessities and buffers are scaled by income over the
    donor's income. Borrowers with nothing but loans granted that day start with a job and their usual buffer. The rest
    is a fault. Debts that the tape does not list do not exist: unless it names other lenders' loans too, from a credit
    bureau for instance, no borrower has several lenders.

    `borrower_id` is a hash of the key, and the draw hangs on it: what becomes of a borrower does not depend on who else
    is in the tape, and the tapes of two months share their borrowers' lives.

    Examples
    --------
    >>> from stresslab.population.synthetic import synthetic_portfolio
    >>> tape = pd.DataFrame({"who": ["b", "a", "b"], "bank": ["us", "us", "them"], "kind": ["loan", "card", "card"]})
    >>> tape = tape.assign(owed=[1200.0, 500.0, 90.0], line=[1200.0, 900.0, 100.0], term=[12, 0, 0], left=[12, 0, 0])
    >>> book = read_portfolio(
    ...     tape, currency="USD", as_of="2026-01", own_lender="us",
    ...     columns={"borrower_id": "who", "lender": "bank", "product": "kind", "balance": "owed", "limit": "line",
    ...              "tenor_months": "term", "remaining_months": "left"},
    ...     constants={"annual_rate": 0.0, "days_past_due": 0, "transactor": False, "priority": 0},
    ...     donors=synthetic_portfolio("us-card", borrowers=50, seed=1, seasoning_months=0), seed=2)
    >>> book.borrower_label.values.tolist(), book.borrower.values.tolist(), book.instalment.values.tolist()
    (['a', 'b'], [1, 0, 1], [100.0, 0.0, 0.0])
    >>> book.attrs["derived"]
    'own_share, written_off, instalment, usual_balance, overdue, recent_arrears, score_change, inquiries,
    claim, claim_months'
    """
    faults = _argument_faults(currency, as_of, own_lender, seed)
    faults += choice_faults("preset", preset, [None, *presets()])
    source, rows = _read(tape, columns, dict(constants or {}), faults)
    if unemployment_rate is not None:
        faults += number_faults("unemployment_rate", unemployment_rate, MACRO["unemployment_rate"].high, "a decimal")
    draft = Draft(_join(rows, faults), set(rows), faults)
    if donors is not None and (unsound := donor_faults(donors)):
        faults += unsound
        donors, draft.given = None, {*draft.given, *BORROWER_VALUES}
    derive(draft, own_lender, donors)
    used_seed = draw(draft, donors, currency, exchange_rate, seed)
    attrs: dict[str, Any] = {"currency": currency, "as_of": as_of, "own_lender": own_lender, "source": source}
    if unemployment_rate is not None:
        attrs["unemployment_rate"] = float(unemployment_rate)
    book = _dataset(draft.values, rows).assign_attrs(attrs, **_record(draft, preset, constants, donors, used_seed))
    faults += contradictions(book) if "borrower" in draft.values else []
    if faults:
        raise InputError(source, faults)
    return noted(check_portfolio(book), _notes(draft, constants))


def _notes(draft: Draft, constants: Mapping[str, Constant] | None) -> list[str]:
    """What the tape did not say, and how the portfolio came by it."""
    said = []
    if draft.derived:
        said.append(f"tape: derived {', '.join(draft.derived)} by the identities of read_portfolio")
    if constants:
        said.append(f"tape: took {', '.join(constants)} as constants")
    if draft.drawn:
        said.append(f"tape: drew {', '.join(draft.drawn)} from donors with like arrears, lenders and size")
    if "job_loss_risk" in draft.drawn:
        seen = [name for name in ("score", "annual_rate") if name in draft.given]
        said.append(f"tape: {' and '.join(seen)} did not steer the draw, so simulated losses hardly differ by grade")
    if draft.afresh:
        said.append(f"tape: {draft.afresh:,} borrowers with new loans only start with a job and their usual buffer")
    return said


def _argument_faults(currency: str, as_of: str, own_lender: str, seed: int | None) -> list[str]:
    """Faults of currency, day, own lender and seed."""
    faults = []
    if not re.fullmatch("[A-Z]{3}", str(currency)):
        faults.append(f"currency: found {currency!r}, expected three letters as in 'CNY'; use the ISO 4217 code")
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?", str(as_of)):
        faults.append(f"as_of: found {as_of!r}, expected a month or day as in '2026-01' or '2026-01-31'; write it so")
    if not own_lender or not isinstance(own_lender, str):
        faults.append(f"own_lender: found {own_lender!r}, expected the name of the own lender; give it")
    return faults + seed_faults(seed)


def _read(
    tape: Any, columns: Mapping[str, str] | None, constants: Mapping[str, Constant], faults: list[str]
) -> tuple[str, dict[str, Array | None]]:
    """Name of the tape and its values by row under the names of the schema; None for those with a fault."""
    source = Path(fspath(tape)).name if isinstance(tape, str | PathLike) else f"{type(tape).__name__} in memory"
    with _opening(source):
        names, load = _open(tape, source)
    columns = {name: name for name in (*KEYS, *VALUES) if name in names} if columns is None else columns
    faults += _map_faults(columns, constants, names)
    usable = {name: c for name, c in columns.items() if name in (*KEYS, *VALUES) and names.count(c) == 1}
    if not usable:
        raise InputError(source, [*faults, "columns: found none to read; name the tape's with columns={name: column}"])
    with _opening(source):
        frame = load(list(dict.fromkeys(usable.values())), [column for name, column in usable.items() if name in TEXTS])
    if frame.empty:
        raise InputError(source, [*faults, "tape: found no rows, expected one for each loan; add some"])
    rows: dict[str, Array | None] = dict.fromkeys([*columns, *constants])
    for name, column in usable.items():
        read = _texts if name in TEXTS else _numbers
        rows[name], wrong = read(name, frame[column])
        faults += [fault.replace(f"{name}:", f"{name} (column {column!r}):", 1) for fault in wrong]
    for name, value in constants.items():
        if name in VALUES and name not in columns and isinstance(value, str | int | float | np.generic):
            rows[name], wrong = _sound(name, np.full(len(frame), str(value) if name in TEXTS else value))
            faults += [fault.replace(f"{name}:", f"{name} (constant):", 1) for fault in wrong]
    return source, rows


@contextmanager
def _opening(source: str) -> Iterator[None]:
    """InputError for a missing package, naming the extra to install, and for a file that cannot be read."""
    try:
        yield
    except ImportError as error:
        raise InputError(source, [f"tape: {error}, expected the packages that read it; {EXTRA}"]) from error
    except InputError:
        raise
    except ValueError as error:
        fault = f"tape: found it unreadable ({error}), expected a table; correct the file"
        raise InputError(source, [fault]) from error


def _open(tape: Any, source: str) -> tuple[list[str], Load]:
    """Names of a tape's columns, and how to load some of them, of which some as text."""
    if isinstance(tape, pd.DataFrame):
        return list(tape.columns), lambda some, _: tape[some]
    if isinstance(tape, str | PathLike) and source.endswith((".parquet", ".pq")):
        from pyarrow.parquet import ParquetFile

        file = ParquetFile(tape)
        return file.schema_arrow.names, lambda some, _: file.read(some).to_pandas(ignore_metadata=True)
    if isinstance(tape, str | PathLike) and re.search(r"\.csv(\.\w+)?$", source):
        header = list(pd.read_csv(tape, nrows=0).columns)
        return header, lambda some, texts: pd.read_csv(tape, usecols=some, dtype=dict.fromkeys(texts, str), **CSV)
    table = tape.collect() if hasattr(tape, "collect") else tape  # a Polars query
    if hasattr(table, "select") and hasattr(table, "to_pandas"):  # Polars, Arrow
        names = getattr(table, "column_names", None) or table.columns
        return list(names), lambda some, _: table.select(some).to_pandas()
    kinds = "a .parquet, .csv or .csv.gz file, or a pandas, Polars or Arrow table"
    raise InputError(source, [f"tape: found {source!r}, expected {kinds}; save or convert it"])


def _map_faults(columns: Mapping[str, str], constants: Mapping[str, Constant], names: list[str]) -> list[str]:
    """Faults of unknown names, columns that the tape does not have, and names given twice."""
    faults = []
    if "borrower_id" not in columns:
        faults.append("borrower_id: missing, expected the column that names the borrower; map it with columns=")
    for name in columns:
        if name not in (*KEYS, *VALUES):
            near = _like(name, (*KEYS, *VALUES))
            faults.append(f"columns: found {name!r}, expected a variable of a portfolio{near}; rename it")
    for name in constants:
        if name not in VALUES:
            near = _like(name, VALUES)
            faults.append(f"constants: found {name!r}, expected a variable of a portfolio{near}; rename it")
        elif not isinstance(constants[name], str | int | float | np.generic):
            kind = type(constants[name]).__name__
            faults.append(f"{name} (constant): found a {kind}, expected a number, True, False or a name; give one")
        elif name in columns:
            faults.append(f"{name}: found a column and a constant, expected one of them; remove the other")
    for name, column in columns.items():
        count = names.count(column)
        if count == 0:
            faults.append(f"{name}: found no column {column!r}{_like(column, names)}, expected one; correct columns=")
        elif count > 1:
            faults.append(f"{name}: found {count} columns {column!r}, expected one; rename the others")
    return faults


def _like(word: str, words: Iterable[str]) -> str:
    """Names that look like a misspelt one, in brackets."""
    lower = {str(known).lower(): str(known) for known in words}
    close = [lower[near] for near in difflib.get_close_matches(str(word).lower(), lower, n=2, cutoff=0.7)]
    return f" (there is {' and '.join(map(repr, close))})" if close else ""


def _texts(name: str, column: pd.Series) -> tuple[Array | None, list[str]]:
    """Names as text; keys that are whole numbers throughout as numbers, so that they sort as such."""
    if name in KEYS and pd.api.types.is_float_dtype(column) and (column == np.floor(column)).all():
        column = column.astype(np.int64)
    text = column.astype(str)
    missing = (column.isna() | (text.str.strip() == "")).to_numpy(dtype=bool)
    if missing.any():
        return None, [f"{name}: found nothing {_where(missing)}, expected a name; fill it"]
    values = text.to_numpy(dtype=np.str_)
    whole = name in KEYS and text.str.fullmatch(WHOLE).all()
    return values.astype(np.int64) if whole else values, []


def _numbers(name: str, column: pd.Series) -> tuple[Array | None, list[str]]:
    """Numbers and flags, also those that a file keeps as decimals or text."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return None, [f"{name}: found dates, expected numbers; count the days or months yourself"]
    plain = pd.api.types.is_numeric_dtype(column)
    numbers = column if plain else pd.to_numeric(column.astype(object), errors="coerce")
    values = numbers.to_numpy(dtype=float, na_value=np.nan)
    words = np.isnan(values) & column.notna().to_numpy(dtype=bool)
    if words.any():
        wanted = "True or False" if PORTFOLIO[name].kind == "flag" else "a number"
        found = f"found {column.iloc[int(np.argmax(words))]!r} {_where(words)}"
        return None, [f"{name}: {found}, expected {wanted}; convert it"]
    return _sound(name, values)


def _where(bad: Array) -> str:
    """Position of the first offender and count of the others.

    >>> _where(np.array([False, True, True]))
    'at position 1 (and 1 more)'
    """
    more = int(bad.sum()) - 1
    return f"at position {int(np.argmax(bad))}" + (f" (and {more:,} more)" if more else "")


def _sound(name: str, values: Array) -> tuple[Array | None, list[str]]:
    """The values, or None and why `schema.check` refuses them."""
    try:
        check(xr.Dataset({name: ("row", values)}), {name: replace(PORTFOLIO[name], dims=("row",))}, name)
    except InputError as error:
        return None, error.faults
    return values, []


def _join(rows: Mapping[str, Array | None], faults: list[str]) -> dict[str, Array]:
    """Loan values as they are, and borrower values once for each borrower, in the order of the keys."""
    sound = {name: values for name, values in rows.items() if values is not None}
    joined = {name: sound[name] for name in VALUES if name in sound and name not in BORROWER_VALUES}
    if "loan_id" in sound:
        label, count = np.unique(sound["loan_id"], return_counts=True)
        if (count > 1).any():
            first, more = int(np.argmax(count > 1)), int((count > 1).sum()) - 1
            also = f" (and {more:,} more)" if more else ""
            faults.append(
                f"loan_id: found {label[first]!s} {count[first]} times{also}, expected each once; correct the tape"
            )
    if "borrower_id" not in sound:
        return joined
    label, first_row, owner = np.unique(sound["borrower_id"], return_index=True, return_inverse=True)
    ids = borrower_ids(label)
    faults += collisions(label, ids)
    joined |= {"borrower_id": ids, "borrower": owner}
    for name in BORROWER_VALUES:
        if name not in sound:
            continue
        values = sound[name]
        differ = np.flatnonzero(values != values[first_row][owner])
        if differ.size:
            row, others = differ[0], np.unique(owner[differ]).size - 1
            also = f" (and {others:,} more borrowers)" if others else ""
            found = f"found {values[first_row[owner[row]]]} and {values[row]} for borrower {label[owner[row]]!s}{also}"
            faults.append(f"{name}: {found}, expected the same on all rows of a borrower; correct the tape")
        else:
            joined[name] = values[first_row]
    return joined


def _record(
    draft: Draft,
    preset: str | None,
    constants: Mapping[str, Constant] | None,
    donors: xr.Dataset | None,
    seed: int | None,
) -> dict[str, str]:
    """How the portfolio came to be, as texts that any file format keeps."""
    record = {"derived": ", ".join(draft.derived), "drawn": ", ".join(draft.drawn)}
    record["constants"] = ", ".join(f"{name} = {value}" for name, value in (constants or {}).items())
    if preset is not None:
        record["preset"] = preset
    if seed is not None and donors is not None:
        named = (f"{key} {donors.attrs[key]}" for key in ("preset", "seed") if key in donors.attrs)
        record |= {"seed": str(seed), "donors": ", ".join([*named, f"borrowers {donors.sizes['borrower']}"])}
    return record


def _dataset(values: Mapping[str, Array], rows: Mapping[str, Array | None]) -> xr.Dataset:
    """The values known, in the order, types and units of the schema."""
    book = xr.Dataset(
        {
            name: (want.dims, values[name].astype(KINDS[want.kind]), attrs_of(want))
            for name, want in PORTFOLIO.items()
            if name in values
        }
    )
    borrowers, loans = rows.get("borrower_id"), rows.get("loan_id")
    if borrowers is not None:
        book = book.assign_coords(borrower_label=("borrower", np.unique(borrowers)))
    return book if loans is None else book.assign_coords(loan_label=("loan", loans))
