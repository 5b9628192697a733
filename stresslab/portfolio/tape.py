"""Read a loan tape, one row for each loan, into a portfolio."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from stresslab.checks import (
    choice_faults,
    contradictions,
    currency_code_faults,
    day_faults,
    number_faults,
    seed_faults,
)
from stresslab.noted import noted
from stresslab.portfolio.columns import Constant, read_columns
from stresslab.portfolio.headers import (
    BORROWER_VALUES,
    KEYS,
    VALUES,
    missing_faults,
    misspelt,
    misspelt_faults,
    reachable,
    shape_faults,
)
from stresslab.portfolio.identity import borrower_ids, collisions
from stresslab.portfolio.imputation import Draft, derive, donor_faults, draw, rate_faults
from stresslab.portfolio.units import Money
from stresslab.portfolio.validation import check_portfolio
from stresslab.schema import (
    KINDS,
    MACRO,
    PORTFOLIO,
    Array,
    InputError,
    attrs_of,
    presets,
    rounded,
    stored_as_text,
    unit_of,
)
from stresslab.tabular import Table, open_table
from stresslab.typed import typed

WHOLE = re.compile(r"0|-?[1-9]\d{0,17}", re.ASCII)
PLAIN = "utf-8, separated by commas"


@typed
def read_portfolio(
    tape: str | PathLike[str] | Any,
    *,
    currency: str,
    as_of: str,
    own_lender: str,
    unit: float = 1,
    columns: Mapping[str, str] | None = None,
    constants: Mapping[str, Constant] | None = None,
    preset: str | None = None,
    donors: xr.Dataset | None = None,
    exchange_rate: float | None = None,
    seed: int | None = None,
    unemployment_rate: float | None = None,
    units: Mapping[str, str] | None = None,
    encoding: str | None = None,
    separator: str | None = None,
    decimal: str | None = None,
    sheet: str | None = None,
    skip: str | Sequence[str] = (),
    names: Sequence[str] | None = None,
) -> xr.Dataset:
    """Portfolio from a loan tape.

    Parameters
    ----------
    tape : path, pandas.DataFrame, polars.DataFrame or pyarrow.Table
        One row for each loan: a text file (plain, .gz, .bz2, .xz or .zip), an Excel workbook, a Parquet file, or a
        table in memory. Nothing is fetched from a network.
    currency : str
        ISO 4217 code of all amounts, as in "CNY".
    as_of : str
        Month or day of the balances, "2026-01" or "2026-01-31".
    own_lender : str
        The own lender; where the tape has no column `lender`, lender of all loans.
    unit : float
        Currency in one unit of the tape's amounts: 1,000 if it counts in thousands. They stay as they are; a minor
        unit is a hundredth of it, and amounts of model and donors are converted.
    columns : mapping of str to str, optional
        Column of the tape by name: a variable of `stresslab.schema.PORTFOLIO`, "borrower_id" for the key of the
        borrower (whole numbers or text) or "loan_id"; columns not named are not read. None: the tape has these names,
        and one that is nearly such a name, as "Income", is a fault.
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
    units : mapping of str to str, optional
        Unit of a column as a whole, by variable, where it is not that of the schema; values are converted.

        ====================================  ===================================================================
        variables                             units
        ====================================  ===================================================================
        annual_rate                           "decimal", "percent", and both "a month" or "a day"
        own_share, household_support,         "decimal", "percent"
        pay_level, job_loss_risk
        income                                "month", "year", "thousands a month", "thousands a year"
        other amounts                         "units", "thousands"
        tenor_months, remaining_months        "months", "years"
        days_past_due                         "days", "months" (of 30 days)
        score                                 "points" (0 and 999 are scores, not codes)
        ====================================  ===================================================================

        Naming the unit of the schema says that doubtful values are right.
    encoding : str, optional
        Of a text file, as in "gb18030". None: that of its byte-order mark, else UTF-8.
    separator : str, optional
        Between the cells of a text file. None: comma, semicolon, tab or pipe, whichever alone splits all lines alike.
    decimal : {".", ","}, optional
        Decimal sign of numbers that are text. None: the point.
    sheet : str, optional
        Of a workbook. None: the only one with rows.
    skip : str or sequence of str, optional
        Beginnings of the lines of a file that are no loans: legal lines, headings, totals.
    names : sequence of str, optional
        Names of the columns of a file without a header.

    Returns
    -------
    xarray.Dataset
        Variables along `borrower` and `loan`, see `stresslab.schema.PORTFOLIO`: loans in the order of the rows,
        borrowers in the order of their keys, which are the coordinates `borrower_label` and `loan_label`. Attrs
        `derived` and `drawn` name what the tape did not have.

    Raises
    ------
    InputError
        Names all faults of the file, of arguments, columns, units and values at once; rows by their line in a text
        file, their row in a sheet, or else their position from 0.

    Notes
    -----
    In every kind of table, keys and names are text without blanks around it, in composed Unicode (NFC); "NA" is a name,
    and only an empty cell is nothing. The key 12 is the same as a number, as 12.0 and as "12". Numbers have no signs
    between thousands. Units and currencies that stand in all cells of a column ("10.65%", "36 months", "€ 65") are
    obeyed. A column as a whole is refused if it can only be, or may be, in another unit: rates of 1 and more, days past
    due that are all few, instalments below a month's interest or beyond half of the income.

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
    >>> import pandas as pd
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
    wrong_unit = number_faults("unit", unit, 1e12, "1000 for amounts in thousands", low=1e-12)
    faults += wrong_unit + choice_faults("preset", preset, [None, *presets()])
    if unemployment_rate is not None:
        faults += number_faults("unemployment_rate", unemployment_rate, MACRO["unemployment_rate"].high, "a decimal")
    wrong = [
        f for n, v in (("columns", columns), ("constants", constants), ("units", units)) for f in _map_faults(n, v)
    ]
    options = {"encoding": encoding, "separator": separator, "decimal": decimal, "sheet": sheet}
    table = _opened(tape, faults + wrong, **options, skip=skip, names=names)
    if wrong or (wrong := shape_faults(table, columns)):
        raise InputError(table.subject, faults + wrong)
    wrong_names = {} if columns is not None else misspelt(table.header, constants or {})
    faults += misspelt_faults(wrong_names)
    columns = {name: name for name in (*KEYS, *VALUES) if name in table.header} if columns is None else columns
    unsound = [] if donors is None else donor_faults(donors)
    money = Money(currency, 1 if wrong_unit else unit)
    if donors is not None and not unsound and exchange_rate is not None:
        theirs = str(donors.attrs["currency"])
        if not rate_faults(theirs, currency, exchange_rate):
            money = money._replace(other=theirs, rate=exchange_rate)
    read = read_columns(table, columns, constants or {}, units or {}, money)
    read.values |= dict.fromkeys(wrong_names)
    missing = missing_faults(read.values, donors is not None, table.header)
    faults += [*read.faults, *missing, *unsound]
    if donors is not None:
        donors = None if unsound else donors if faults else _in_unit(donors, unit)
    draft = _draft(read.values, faults, donors)
    derive(draft, own_lender, donors)
    used_seed = draw(draft, donors, currency, exchange_rate, seed)
    attrs: dict[str, Any] = {"currency": currency, "as_of": as_of, "own_lender": own_lender, "source": table.subject}
    attrs |= {} if unit == 1 else {"unit": unit}
    attrs |= {} if unemployment_rate is None else {"unemployment_rate": float(unemployment_rate)}
    record = _record(draft, preset, constants, donors, used_seed)
    book = _dataset(draft.values, read.values).assign_attrs(attrs, **record)
    between = contradictions(book, read.place) if "borrower" in draft.values else []
    faults += [fault.replace("attrs['own_lender']", "own_lender", 1) for fault in between]
    if faults:
        raise InputError(f"{table.subject} ({table.found})" if missing else table.subject, faults)
    said = [f"tape: read as {table.how}"] if table.how not in ("", PLAIN) else []
    return noted(check_portfolio(book), [*said, *read.notes, *_notes(draft, constants)])


def _map_faults(name: str, words: object) -> list[str]:
    """Fault of what should be a mapping of texts; None passes."""
    if words is None or (isinstance(words, Mapping) and all(isinstance(key, str) for key in words)):
        return []
    return [f"{name}: found {words!r:.80}, expected a mapping of names; write it as {{'balance': ...}}"]


def _notes(draft: Draft, constants: Mapping[str, Constant] | None) -> list[str]:
    """What the tape did not say, and how the portfolio came by it."""
    said = []
    if draft.derived:
        said.append(f"tape: derived {', '.join(draft.derived)} by the identities of read_portfolio")
    if constants:
        said.append(f"tape: took {', '.join(constants)} as constants")
    if draft.drawn:
        said.append(f"tape: drew {', '.join(draft.drawn)} from donors with like arrears, lenders and size")
    seen = [name for name in ("score", "annual_rate") if name in draft.given]
    if "job_loss_risk" in draft.drawn and seen:
        said.append(f"tape: {' and '.join(seen)} did not steer the draw, so simulated losses hardly differ by grade")
    if draft.afresh:
        said.append(f"tape: {draft.afresh:,} borrowers with new loans only start with a job and their usual buffer")
    return said


def _in_unit(book: xr.Dataset, unit: float) -> xr.Dataset:
    """A portfolio with its amounts in units of so much currency."""
    factor = unit_of(book) / unit
    if factor == 1.0:
        return book
    names = [name for name, want in PORTFOLIO.items() if want.unit.startswith("currency") and name in book]
    return book.assign({name: book[name].copy(data=rounded(book[name] * factor)) for name in names})


def _argument_faults(currency: str, as_of: str, own_lender: str, seed: int | None) -> list[str]:
    """Faults of currency, day, own lender and seed."""
    faults = currency_code_faults("currency", currency) + day_faults("as_of", as_of)
    if not own_lender or not isinstance(own_lender, str):
        faults.append(f"own_lender: found {own_lender!r}, expected the name of the own lender; give it")
    return faults + seed_faults(seed)


def _opened(tape: Any, faults: list[str], **options: Any) -> Table:
    """The tape as a table; faults of arguments are named with those of the file."""
    try:
        return open_table(tape, **options)
    except InputError as error:
        raise InputError(error.subject, [*faults, *error.faults]) from error


def _draft(rows: Mapping[str, Array | None], faults: list[str], donors: xr.Dataset | None) -> Draft:
    """The portfolio so far; what follows from a fault counts as given, so that it is no further fault."""
    joined = _join(rows, faults)
    faulty = [name for name, values in rows.items() if values is None]
    lost = {*VALUES} - reachable(joined, donors is not None, faulty)
    return Draft(joined, {*rows, *(lost if donors is None else lost - {*BORROWER_VALUES})}, faults)


def _join(rows: Mapping[str, Array | None], faults: list[str]) -> dict[str, Array]:
    """Loan values as they are, and borrower values once for each borrower, in the order of the keys."""
    sound = {name: values for name, values in rows.items() if values is not None}
    joined = {name: sound[name] for name in VALUES if name in sound and name not in BORROWER_VALUES}
    if "loan_id" in sound:
        again = pd.Series(sound["loan_id"])[pd.Series(sound["loan_id"]).duplicated(keep=False)].value_counts(sort=False)
        if again.size:
            also = f" (and {again.size - 1:,} more)" if again.size > 1 else ""
            found = f"found {again.index[0]} {again.iloc[0]} times{also}"
            faults.append(f"loan_id: {found}, expected each once; correct the tape")
    if "borrower_id" not in sound:
        return joined
    label, first_row, owner = _in_order(sound["borrower_id"])
    ids = borrower_ids(label)
    faults += collisions(label, ids)
    joined |= {"borrower_id": ids, "borrower": owner}
    unlike = []
    for name in BORROWER_VALUES:
        if name not in sound:
            continue
        values = sound[name]
        differ = np.flatnonzero(values != values[first_row][owner])
        if differ.size:
            row, others = differ[0], np.unique(owner[differ]).size - 1
            also = f" (and {others:,} more borrowers)" if others else ""
            found = f"found {values[first_row[owner[row]]]} and {values[row]} for borrower {label[owner[row]]!s}{also}"
            unlike.append((name, found))
        else:
            joined[name] = values[first_row]
    if unlike:
        name, found = unlike[0]
        rest = f", and other values of {', '.join(other for other, _ in unlike[1:])} too" if len(unlike) > 1 else ""
        ways = "correct the tape, or map the key of the borrower" if rest else "correct the tape"
        faults.append(f"{name}: {found}{rest}, expected the same on all rows of a borrower; {ways}")
    return joined


def _in_order(keys: Array) -> tuple[Array, Array, Array]:
    """Each key once, in the order of numbers if all are whole ones; the first row of each, and the key of each row.

    >>> _in_order(np.array(["10", "9", "10"]))[0].tolist(), _in_order(np.array(["10", "9", "x"]))[0].tolist()
    (['9', '10'], ['10', '9', 'x'])
    """
    code, label = pd.factorize(keys)
    first_row = np.flatnonzero(~pd.Series(keys).duplicated())
    whole = all(map(WHOLE.fullmatch, label))
    order = np.argsort(label.astype(np.int64 if whole else np.str_))
    place = np.empty_like(order)
    place[order] = np.arange(order.size)
    return label[order], first_row[order], place[code]


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
        label = np.empty(values["borrower_id"].size, borrowers.dtype)
        label[values["borrower"]] = borrowers
        book = book.assign_coords(borrower_label=("borrower", label))
    return stored_as_text(book if loans is None else book.assign_coords(loan_label=("loan", loans)))
