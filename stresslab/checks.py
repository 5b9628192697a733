"""Every way to refuse input: variables of a dataset, contradictions between them, numbers, levels, seeds and types."""

from __future__ import annotations

import datetime
import difflib
import math
import re
import reprlib
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from stresslab.schema import (
    BY_LENDER,
    LARGER_UNIT,
    LOAN,
    MACRO,
    MONTHLY,
    PORTFOLIO,
    Array,
    InputError,
    Variable,
    presets,
    rounded,
)


def check(dataset: xr.Dataset, spec: dict[str, Variable], subject: str) -> None:
    """InputError naming every fault of a dataset that breaks its specification, `PORTFOLIO` or `MACRO`."""
    if faults := variable_faults(dataset, spec):
        raise InputError(subject, faults)


def variable_faults(dataset: xr.Dataset, spec: dict[str, Variable]) -> list[str]:
    """Faults of each variable alone: missing, unknown, of a wrong type, not finite, out of bounds."""
    faults = []
    for name, want in spec.items():
        if name not in dataset.variables:
            if want.required:
                faults.append(
                    f"{name}: missing, expected {want.meaning} [{want.unit}] along {_names(want.dims)}; add it"
                )
        else:
            faults += _faults(name, dataset[name], want)
    if any(not want.required for want in spec.values()):
        strange = sorted(str(name) for name in dataset.data_vars if name not in spec)
        faults += [
            f"{name}: unknown, expected among {sorted(spec)}; {advised(name, spec, 'rename or drop it')}"
            for name in strange
        ]
    return faults


def _faults(name: str, values: xr.DataArray, want: Variable) -> list[str]:
    """Faults of one variable; empty if there are none."""
    if not set(want.dims) <= set(values.dims):
        return [f"{name}: found dimensions {values.dims}, expected {_names(want.dims)} among them; rename or transpose"]
    if want.kind == "label":
        return label_faults(name, values.values)
    if values.dtype.kind not in "biuf":
        return [f"{name}: found type {values.dtype}, expected numbers; convert it"]
    if (bits := 8 * values.dtype.itemsize) > 64:
        return [f"{name}: found numbers of {bits} bits, expected at most 64; convert them with astype(float)"]
    return value_faults(name, values.values, want, lambda where: _at(values, where))


def value_faults(name: str, data: Array, want: Variable, at: Callable[[tuple[int, ...]], str]) -> list[str]:
    """Faults of numbers or flags that are not finite, out of bounds or not whole; `at` says where a value stands."""
    if want.kind == "flag":
        bad = np.zeros(data.shape, bool) if data.dtype == bool else ~np.isin(data, (0, 1))
        return _report(name, data, bad, at, "true or false", "use True and False")
    data = data.astype(np.float32) if data.dtype == np.float16 else data  # bounds are beyond what 16 bits hold
    if data.size and want.low <= data.min() and data.max() <= want.high and want.kind == "number":
        return []  # a NaN would have made the comparison false
    finite = np.isfinite(data)
    faults = _report(name, data, ~finite, at, "a finite number", "fill or drop it yourself")
    unit = f" [{want.unit}]"
    hint = "a rate is a decimal: 0.06, not 6" if want.high <= 5.0 else "check sign and unit"
    too_large = LARGER_UNIT if want.unit.startswith("currency") else hint
    faults += _report(name, data, finite & (data < want.low), at, f">= {want.low:g}{unit}", hint)
    faults += _report(name, data, finite & (data > want.high), at, f"<= {want.high:,.10g}{unit}", too_large)
    if want.kind == "whole":
        cut = finite & (data >= EXACT) if data.dtype.kind == "f" else np.zeros(data.shape, bool)
        expected = f"a number below {EXACT:,.0f}, as floats hold not all whole ones from there on"
        faults += _report(name, data, cut, at, expected, "read ids as int64")
        faults += _report(name, data, finite & (data != np.floor(data)), at, "a whole number", "round it yourself")
    return faults


def _names(names: Sequence[str]) -> str:
    """Names in quotes, as text."""
    return ", ".join(map(repr, names))


def _report(
    name: str, data: Array, bad: Array, at: Callable[[tuple[int, ...]], str], expected: str, advice: str
) -> list[str]:
    """One sentence for the first offender and the count of the others."""
    if not bad.any():
        return []
    where = tuple(int(i) for i in np.argwhere(bad)[0])
    return [f"{name}: found {data[where]}{at(where)}{_more(int(bad.sum()) - 1)}, expected {expected}; {advice}"]


def _at(values: xr.DataArray, where: tuple[int, ...]) -> str:
    """Where a value stands: by scenario, path and month in macro paths, else by its position.

    >>> _at(xr.DataArray([[0.0]], {"scenario": ["calm"], "month": [1]}, ("scenario", "month")), (0, 0))
    " in scenario 'calm', month 1"
    """
    if not where:
        return ""
    if not set(values.dims) & {"scenario", "path", "month"}:
        return f" at position {where[0] if len(where) == 1 else where}"
    parts = []
    for dim, place in zip(values.dims, where, strict=True):
        label = values[dim].values[place] if dim in values.coords else place + 1
        parts.append(f"{dim} {str(label)!r}" if dim == "scenario" else f"{dim} {label}")
    return f" in {', '.join(parts)}"


EXACT = 2.0**53
"""Whole numbers from here on are not all held by a float."""
UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060\ufeff]")
"""Characters that cannot be seen and make two names of one."""
_AMOUNT = re.compile(r"[+-]?\d*[.,]\d+")


def label_faults(name: str, labels: Array) -> list[str]:
    """Faults of the names of lenders or products: each kind once, with the first name that has it."""
    try:
        some = pd.unique(np.asarray(labels).astype(object).ravel())
    except TypeError:  # lists among them
        return [f"{name}: found values that are no labels, expected text; convert it"]
    text = [label for label in some if isinstance(label, str)]
    others = [label for label in some if not isinstance(label, str)]
    faults = [f"{name}: found an empty label, expected a name; fill it"] * ("" in text or any(pd.isna(others)))
    strange = [f"found {label} of type {type(label).__name__}" for label in others if not pd.isna(label)]
    faults += [f"{name}: {found}, expected text; convert it" for found in strange[:1]]
    kinds = (
        ([label for label in text if ":" in label], "no ':', as segments are called 'lender:product'; rename it"),
        ([label for label in text if UNSEEN.search(label)], "characters that can be seen; rename it"),
        ([label for label in text if label != label.strip()], "no blanks around it; remove them"),
        ([label for label in text if _AMOUNT.fullmatch(label)], "a name and no amount; map another column"),
    )
    return faults + [f"{name}: found {found[0]!r}, expected {rest}" for found, rest in kinds if found]


@dataclass(frozen=True)
class Rule:
    """Variables along one dimension that may contradict each other; `broken` is true where their values do.

    Amounts are compared as the engine sees them, rounded to minor units.
    """

    names: tuple[str, ...]
    broken: Callable[..., Array]
    advice: str


RULES = (
    Rule(
        ("jobless_months", "employed"),
        lambda months, employed: (months > 0) & (employed != 0),
        "expected 0 while employed; correct jobless_months or employed",
    ),
    Rule(
        ("overdue", "balance"),
        lambda overdue, balance: rounded(overdue) > rounded(balance),
        "expected at most the balance; correct overdue or balance",
    ),
    Rule(
        ("days_past_due", "overdue", "balance"),
        lambda days, overdue, _: (days > 0) & (rounded(overdue) == 0),
        "expected an amount past due; add it, or set the days to 0 where nothing is owed",
    ),
    Rule(
        ("remaining_months", "tenor_months"),
        lambda remaining, tenor: remaining > tenor,
        "expected at most the tenor, and 0 for a revolving loan (tenor 0); correct remaining_months or tenor_months",
    ),
    Rule(
        ("remaining_months", "instalment"),
        lambda remaining, instalment: (remaining > 0) & (rounded(instalment) == 0),
        "expected an instalment for the due dates to come; add it",
    ),
    Rule(
        ("instalment", "tenor_months"),
        lambda instalment, tenor: (tenor == 0) & (rounded(instalment) > 0),
        "expected 0 for a revolving loan (tenor 0); add the tenor or set the instalment to 0",
    ),
    Rule(
        ("balance", "tenor_months", "remaining_months", "overdue"),
        lambda balance, tenor, remaining, overdue: (
            (rounded(balance) > 0) & (tenor > 0) & (remaining == 0) & (rounded(overdue) == 0)
        ),
        "expected due dates to come or an amount overdue; correct remaining_months or overdue",
    ),
    Rule(
        ("transactor", "tenor_months"),
        lambda transactor, tenor: (transactor != 0) & (tenor > 0),
        "expected False for an instalment loan; set it",
    ),
    Rule(
        ("balance", "written_off"),
        lambda balance, written_off: (rounded(balance) > 0) & (written_off != 0),
        "expected 0; move what is still owed to claim",
    ),
)


def portfolio_faults(portfolio: xr.Dataset) -> list[str]:
    """Faults of a portfolio: of each variable alone, and of variables that contradict each other."""
    held = list(map(str, portfolio.data_vars))
    if held and not set(PORTFOLIO) & set(map(str, portfolio.variables)):
        found = f"found variables {_names(held[:6])}{' and more' * (len(held) > 6)}"
        return [f"portfolio: {found}, expected those of borrowers and loans; give that of read_portfolio()"]
    return variable_faults(portfolio, PORTFOLIO) + contradictions(portfolio) + _attr_faults(portfolio)


def _attr_faults(portfolio: xr.Dataset) -> list[str]:
    """Faults of what attrs tell: currency, its unit, day, own lender, preset, and the unemployment on that day."""
    names = ("currency", "as_of", "own_lender", "preset", "unemployment_rate")
    told = {name: portfolio.attrs.get(name) for name in names}
    said = {
        name: value for name, value in told.items() if not (value is None or (isinstance(value, str) and not value))
    }
    faults = currency_code_faults("attrs['currency']", said["currency"]) if "currency" in said else []
    faults += amount_unit_faults(portfolio)
    faults += day_faults("attrs['as_of']", said["as_of"]) if "as_of" in said else []
    if not isinstance(said.get("own_lender", ""), str):
        faults.append(f"attrs['own_lender']: found {shown(said['own_lender'])}, expected a name of a lender; write it")
    faults += choice_faults("attrs['preset']", said["preset"], presets()) if "preset" in said else []
    if "unemployment_rate" in said:
        high, advice = MACRO["unemployment_rate"].high, "a decimal: 0.05, not 5, or drop it"
        faults += number_faults("attrs['unemployment_rate']", said["unemployment_rate"], high, advice)
    return faults


def amount_unit_faults(dataset: xr.Dataset) -> list[str]:
    """Fault of the unit of amounts that the attrs of a portfolio or a result tell."""
    if "unit" not in dataset.attrs:
        return []
    return number_faults("attrs['unit']", dataset.attrs["unit"], 1e12, "1000 for amounts in thousands", low=1e-12)


def currency_code_faults(name: str, value: object) -> list[str]:
    """Fault of what is no code of a currency."""
    if isinstance(value, str) and re.fullmatch("[A-Z]{3}", value):
        return []
    return [f"{name}: found {shown(value)}, expected three letters as in 'CNY'; use the ISO 4217 code"]


def day_faults(name: str, value: object) -> list[str]:
    """Fault of what is neither a month nor a day of the calendar.

    >>> day_faults("as_of", "2026-02"), day_faults("as_of", "2026-02-28")
    ([], [])
    >>> day_faults("as_of", "2026-02-31")[0].split(",")[0]
    "as_of: found '2026-02-31'"
    """
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d(-\d\d)?", value, re.ASCII):
        with suppress(ValueError):
            datetime.date.fromisoformat(f"{value}-01"[:10])
            return []
    return [f"{name}: found {shown(value)}, expected a month or day as in '2026-01' or '2026-01-31'; write it so"]


def position(row: int) -> str:
    """Where a value stands that has no other place."""
    return f"position {row}"


def contradictions(portfolio: xr.Dataset, place: Callable[[int], str] = position) -> list[str]:
    """Contradictions between the variables of a portfolio; rules on variables that are missing are left out.

    place : says where a loan stands.
    """
    sizes = {dim: portfolio.sizes.get(dim, 0) for dim in ("borrower", "loan")}
    if 0 in sizes.values():
        return [f"portfolio: found sizes {sizes}, expected a borrower and a loan; add some"]
    faults = [
        f"{name}: found dimensions {portfolio[name].dims}, expected {want.dims}; select or rename"
        for name, want in PORTFOLIO.items()
        if name in portfolio.variables and want.dims[0] in portfolio[name].dims and portfolio[name].ndim > 1
    ]
    faults += _link_faults(portfolio, sizes["borrower"])
    for rule in RULES:
        values = [_values(portfolio, name) for name in rule.names]
        if all(value is not None for value in values):
            faults += _broken(rule, values, place if PORTFOLIO[rule.names[0]].dims == LOAN else position)
    return faults


def _values(portfolio: xr.Dataset, name: str) -> Array | None:
    """Values of a variable that can be compared; None where it is refused already."""
    if name not in portfolio.variables or portfolio[name].dims != PORTFOLIO[name].dims:
        return None
    values: Array = portfolio[name].values
    if PORTFOLIO[name].kind == "label":
        values = values.astype(object)
        return values if pd.api.types.infer_dtype(values, skipna=False) in ("string", "empty") else None
    return values if values.dtype.kind in "biuf" else None


def _link_faults(portfolio: xr.Dataset, borrowers: int) -> list[str]:
    """Ids that repeat, loans without a borrower, products of two kinds, an own lender without loans."""
    faults = []
    ids, owner = _values(portfolio, "borrower_id"), _values(portfolio, "borrower")
    product, tenor, lender = (_values(portfolio, name) for name in ("product", "tenor_months", "lender"))
    if ids is not None and (again := pd.Series(ids).duplicated().values).any():
        more = _more(int(again.sum()) - 1, " such")
        faults.append(f"borrower_id: found {ids[again][0]} more than once{more}, expected each once; renumber")
    if owner is not None and (owner >= borrowers).any():
        where = np.flatnonzero(owner >= borrowers)
        faults.append(
            f"borrower: found {owner[where[0]]} at position {where[0]}{_more(where.size - 1)}, "
            f"expected a position 0 ... {borrowers - 1} of a borrower; re-index"
        )
    if product is not None and tenor is not None:
        code, names = pd.factorize(product)
        with_tenor = np.bincount(code, tenor > 0, len(names)) > 0
        without = np.bincount(code, tenor == 0, len(names)) > 0
        both = sorted(map(str, names[with_tenor & without]))
        faults += [
            f"product: found {name!r} with tenor_months 0 and above, expected its loans all revolving or all not; "
            "split it in two"
            for name in both
        ]
    own = portfolio.attrs.get("own_lender")
    own = own if isinstance(own, str) else None
    lenders = [] if lender is None else sorted(map(str, pd.unique(lender)))
    if lenders and own and own not in lenders:
        advice = advised(own, lenders, "name it as its loans do")
        faults.append(f"attrs['own_lender']: found {own!r}, expected one of {lenders[:8]}; {advice}")
    return faults


def _broken(rule: Rule, values: list[Any], place: Callable[[int], str]) -> list[str]:
    """One sentence for the first offender of a rule and the count of the others."""
    where = np.flatnonzero(rule.broken(*values))
    if where.size == 0:
        return []
    first = where[0]
    others = " and ".join(f"{name} {value[first]}" for name, value in zip(rule.names[1:], values[1:], strict=True))
    at = f"at {place(int(first))}{_more(where.size - 1)}"
    return [f"{rule.names[0]}: found {values[0][first]} with {others} {at}, {rule.advice}"]


def _more(count: int, of: str = "") -> str:
    """How many others there are, in brackets; nothing if none.

    >>> _more(2), _more(0)
    (' (and 2 more)', '')
    """
    return f" (and {count:,} more{of})" if count else ""


stopping: ContextVar[bool] = ContextVar("stopping", default=False)
"""Set while a function with arguments of the wrong type looks for its other faults: `refuse` ends it, see `typed`."""


def refuse(subject: str, faults: Sequence[str]) -> None:
    """Raise InputError if there is any fault, or if types were refused already."""
    if faults or stopping.get():
        raise InputError(subject, faults)


def end_if_stopping(subject: str, faults: Sequence[str]) -> None:
    """Raise InputError with the faults so far if types were refused, for what comes next may be of the wrong type."""
    if stopping.get():
        raise InputError(subject, faults)


class Short(reprlib.Repr):
    """Values as they are, cut if long; data and iterators by their type."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = 60

    def repr_int(self, value: int, _: int) -> str:
        """A whole number."""
        return f"a number of {int(math.log10(abs(value))) + 1:,} digits" if abs(value) >= 10**60 else repr(value)

    def repr_instance(self, value: Any, level: int) -> str:
        """Anything that is not a plain value or a list."""
        kind = type(value).__name__
        if hasattr(value, "shape") and not isinstance(value, type | np.generic):
            return f"{kind} of shape {value.shape}"
        return kind if isinstance(value, xr.Dataset | Iterator) else super().repr_instance(value, level)


def shown(value: object) -> str:
    """A value in a message, in one line.

    >>> shown(["0.5", 3]), shown([np.zeros((2, 3)), xr.Dataset()])
    ("['0.5', 3]", '[ndarray of shape (2, 3), Dataset]')
    >>> shown(10**5000)
    'a number of 5,001 digits'
    """
    return " ".join(Short().repr(value).split())


def is_whole(value: object) -> bool:
    """Whether a value is a whole number; True and False are none, nor is a span of time.

    >>> is_whole(3), is_whole(np.int64(3)), is_whole(3.0), is_whole(True)
    (True, True, False, False)
    """
    return isinstance(value, int | np.integer) and not isinstance(value, bool | np.timedelta64)


def is_real(value: object) -> bool:
    """Whether a value is a real number, finite or not; True and False are none.

    >>> is_real(0.5), is_real(np.float32("nan")), is_real(3), is_real(True), is_real(1j)
    (True, True, True, False, False)
    """
    return is_whole(value) or isinstance(value, float | np.floating)


def is_number(value: object) -> bool:
    """Whether a value is a finite number that a float can hold; True and False are none.

    >>> is_number(0.5), is_number(3), is_number(math.nan), is_number("0.5"), is_number(False), is_number(10**400)
    (True, True, False, False, False, False)
    """
    return is_real(value) and abs(value) <= sys.float_info.max  # type: ignore[arg-type]


def as_numbers(values: object) -> Array | None:
    """Real numbers as an array of floats, of any shape; None if they are none.

    Text, truth values, dates, complex numbers, gaps of a masked array and numbers beyond a float are none.

    >>> as_numbers([1, np.float32(0.5)]), as_numbers(["0.5"]), as_numbers(True), as_numbers(np.longdouble("1e400"))
    (array([1. , 0.5]), None, None, None)
    """
    if np.ma.is_masked(values):
        return None
    try:
        array = np.asarray(values)
        if array.dtype.kind == "O" and all(is_real(number) for number in array.flat):
            array = array.astype(float)
    except (TypeError, ValueError, OverflowError, RecursionError):
        return None
    if array.dtype.kind not in "iuf":
        return None
    with np.errstate(over="ignore"):
        numbers = array.astype(float, copy=False)
    return numbers if array.dtype.itemsize <= 8 or np.array_equal(np.isfinite(numbers), np.isfinite(array)) else None


def level_faults(name: str, levels: Sequence[float]) -> list[str]:
    """Faults of levels of quantiles, strictly between 0 and 1, each once."""
    faults = [
        f"{name}: found {shown(level)}, expected a number between 0 and 1; a level is a decimal: 0.99, not 99"
        for level in levels
        if not (is_number(level) and 0.0 < level < 1.0)
    ]
    if len(set(levels)) < len(levels) or not levels:
        faults.append(f"{name}: found {tuple(levels)}, expected one or more different levels; give each once")
    return faults


def interval_faults(name: str, interval: object) -> list[str]:
    """Fault of an interval: the central share of a distribution, strictly between 0 and 1."""
    if is_number(interval) and 0.0 < interval < 1.0:  # type: ignore[operator]
        return []
    return [
        f"{name}: found {shown(interval)}, expected a number between 0 and 1; a central share is a decimal: 0.9, not 90"
    ]


def number_faults(name: str, value: object, high: float, advice: str, low: float = 0.0) -> list[str]:
    """Fault of a number that is not within low ... high; the advice says what to give."""
    if is_number(value) and low <= value <= high:  # type: ignore[operator]
        return []
    ceiling = "" if math.isinf(high) else f" and <= {high:g}"
    return [f"{name}: found {shown(value)}, expected a finite number >= {low:g}{ceiling}; give {advice}"]


LONGEST = 1_200
"""Most months of anything: a hundred years."""


def whole_faults(
    name: str, value: object, low: int, high: int = LONGEST, *, optional: bool = False, advice: str = "give months"
) -> list[str]:
    """Fault of what should be a whole number from low to high; None passes if it is optional."""
    if (optional and value is None) or (is_whole(value) and low <= value <= high):  # type: ignore[operator]
        return []
    bounds = f"{low:,} ... {high:,}{' or None' if optional else ''}"
    return [f"{name}: found {shown(value)}, expected a whole number {bounds}; {advice}"]


def seed_faults(seed: object, name: str = "seed", bits: int = 64) -> list[str]:
    """Fault of a seed, a whole number below 2**bits; None passes: a seed is drawn.

    >>> seed_faults(-1)
    ['seed: found -1, expected a whole number 0 ... 2**64 - 1 or None; choose another']
    """
    if seed is None or (is_whole(seed) and 0 <= seed < 2**bits):  # type: ignore[operator]
        return []
    return [f"{name}: found {shown(seed)}, expected a whole number 0 ... 2**{bits} - 1 or None; choose another"]


def near(word: object, words: Iterable[object], most: int = 1) -> list[str]:
    """Words that a misspelt one may stand for, the likeliest first: spelled alike, or with more in their name.

    Case, spaces, hyphens and underscores do not count, nor what stands before the last dot.

    >>> near("us-cards", ["china-online", "us-card"]), near("finding", ["job.finding_monthly", "job.separation"])
    (['us-card'], ['job.finding_monthly'])
    """
    plain = {str(known): _plain(str(known)) for known in words}
    given = _plain(str(word))
    begins = [known for known, name in plain.items() if given and name.rsplit(".", 1)[-1].startswith(given)]
    holds = [
        known for known, name in plain.items() if given in name.split("_") or (not given.isascii() and given in name)
    ]
    names = {name: known for known, name in reversed(plain.items())}
    names |= {name.rsplit(".", 1)[-1]: known for name, known in reversed(names.items())}
    alike = [names[name] for name in difflib.get_close_matches(given, names, n=2 * most, cutoff=0.7)]
    return list(dict.fromkeys([*alike, *begins, *holds]))[:most]


def _plain(word: str) -> str:
    """A word in small letters, its parts joined by underscores."""
    return word.strip().casefold().replace("-", "_").replace(" ", "_")


def like(word: object, words: Iterable[object]) -> str:
    """Words that a misspelt one may stand for, in brackets; nothing if there is none.

    >>> like("incom", ["income", "score"])
    " (there is 'income')"
    """
    close = near(word, words, 2)
    return f" (there is {' and '.join(map(repr, close))})" if close else ""


def advised(word: object, words: Iterable[object], otherwise: str = "choose one") -> str:
    """What to write for a word that is none of those known: the nearest one, or else another advice.

    >>> advised("run off", ["static", "run-off"]), advised("growing", ["static", "run-off"])
    ("write 'run-off'", 'choose one')
    """
    return f"write {alike[0]!r}" if (alike := near(word, words)) else otherwise


def unknown(where: str, name: object, known: Iterable[object]) -> str:
    """Fault of a name that does not exist; the advice is the nearest of those that do.

    >>> unknown("job.finding", "finding", ["separation", "finding_monthly"])
    "job.finding: unknown, expected one of finding_monthly, separation; write 'finding_monthly'"
    >>> unknown("job.", "", ["separation"])
    "job.'': unknown, expected one of separation; remove or rename it"
    """
    names = sorted(map(str, known))
    where = where if str(name).strip() else f"{where.removesuffix(str(name))}{name!r}"
    return f"{where}: unknown, expected one of {', '.join(names)}; {advised(name, names, 'remove or rename it')}"


def choice_faults(name: str, value: object, options: Sequence[object]) -> list[str]:
    """Fault of a value that is none of the options."""
    if any(isinstance(value, type(option)) and value == option for option in options):
        return []
    return [f"{name}: found {shown(value)}, expected one of {tuple(options)}; {advised(value, options)}"]


def type_faults(name: str, value: object, kind: type, needed: bool = False) -> list[str]:
    """Fault of a value of another type than expected; None passes unless it is needed."""
    if isinstance(value, kind) or (value is None and not needed):
        return []
    return [f"{name}: found {shown(value)}, expected {kind.__name__}(...){'' if needed else ' or None'}; give one"]


def single_path_faults(macro: xr.Dataset) -> list[str]:
    """Fault of macro paths that are several, or in several scenarios."""
    if "scenario" not in macro.dims and macro.sizes.get("path", 1) == 1:
        return []
    return [f"macro: found dimensions {dict(macro.sizes)}, expected a single path; select one with isel"]


def macro_faults(macro: xr.Dataset, *, cut: bool = False, apart: bool = False) -> list[str]:
    """Faults of macro paths: months, path numbers, scenario labels, and each variable's dimensions and values.

    cut : the months may be a later part of a path, as 13, 14, ...
    apart : what lenders do may stand along `lender` and `product`
    """
    if macro.sizes.get("month", 0) == 0:
        advice = "use scenario() or macro_paths()"
        return [f"macro: found no months in {dict(macro.sizes)}, expected a dimension 'month' of at least 1; {advice}"]
    if nothing := [f"{dim}s" for dim in ("scenario", "path") if macro.sizes.get(dim, 1) == 0]:
        return [f"macro: found no {' and no '.join(nothing)}, expected at least 1; use scenario() and macro_paths()"]
    faults = _month_faults(macro, cut) + _path_faults(macro) + _label_faults(macro)
    faults += _dimension_faults(macro, apart)
    told = macro.attrs.get("real_income_trend")
    if told is not None and ("real_income_trend" not in macro or (macro["real_income_trend"] != told).any()):
        faults.append(
            f"real_income_trend: found {told} in attrs, expected a variable; assign(real_income_trend={told})"
        )
    padded = _padding(macro)
    whole = macro.assign({name: macro[name].fillna(MACRO[name].low) for names in padded.values() for name in names})
    return faults + [_padding_fault(*place, names) for place, names in padded.items()] + variable_faults(whole, MACRO)


def _month_faults(macro: xr.Dataset, cut: bool) -> list[str]:
    """Fault of labels of months that do not count up one by one."""
    if "month" not in macro.coords:
        return []
    labels = macro["month"].values
    numbers = labels.dtype.kind in "iuf"
    first = labels[0] if cut and numbers and labels[0] >= 1 and labels[0] == np.floor(labels[0]) else 1
    if numbers and np.array_equal(labels, np.arange(first, first + labels.size)):
        return []
    sound = labels == np.arange(first, first + labels.size) if numbers else np.zeros(labels.size, bool)
    place = int(np.argmin(sound))
    found = f"{labels[place]} after {labels[place - 1]}" if place else f"{', '.join(map(str, labels[:3]))} ..."
    inside = numbers and bool((np.diff(labels) != 1).any())
    advice = f"assign_coords(month=range(1, {labels.size + 1}))"
    advice = f"put the months in order, without gaps, then {advice}" if inside else advice
    return [f"month: found {found}, expected 1, 2, 3, ...; {advice}"]


def _path_faults(macro: xr.Dataset) -> list[str]:
    """Fault of numbers of paths, which select the random draws."""
    if "path" not in macro.coords or macro["path"].ndim > 1:
        return []
    paths = np.atleast_1d(macro["path"].values)
    if paths.dtype.kind in "iu" and paths.size == np.unique(paths).size and paths.min() >= 0 and paths.max() < 2**32:
        return []
    return [f"path: found {paths[:5]}, expected distinct whole numbers 0 ... 2**32 - 1; renumber them"]


def _label_faults(macro: xr.Dataset) -> list[str]:
    """Fault of labels of scenarios, which results are read by."""
    if "scenario" not in macro.dims or "scenario" not in macro.coords:
        return []
    labels = macro["scenario"].values.tolist()
    if all(isinstance(label, str) and label.strip() for label in labels) and len(set(labels)) == len(labels):
        return []
    return [f"scenario: found {labels[:5]}, expected different names; assign_coords(scenario=[...])"]


def _dimension_faults(macro: xr.Dataset, apart: bool) -> list[str]:
    """Faults of dimensions, and of a constant along months or different on paths."""
    known = {"scenario", "path", "month", *(("lender", "product") if apart else ())}
    strange = [str(dim) for dim in macro.dims if dim not in known]
    ours = {"lender", "product"} & set(strange)
    advice = "add them after this step, right before simulate" if ours else "select a label or rename them"
    faults = [f"dimensions: found {', '.join(strange)}, expected scenario, path, month; {advice}"] if strange else []
    for dim in sorted({"lender", "product"} & set(macro.dims) & known):
        labels = macro[dim].values.tolist() if dim in macro.coords else []
        if not labels or not all(isinstance(label, str) for label in labels) or len(set(labels)) < len(labels):
            faults.append(f"{dim}: found {labels[:5]}, expected different names; assign_coords({dim}=[...])")
        faults += [
            f"{name}: found dimension {dim}, expected it of {', '.join(BY_LENDER)} alone; select a label"
            for name in map(str, macro.data_vars)
            if dim in macro[name].dims and name in MACRO and name not in BY_LENDER
        ]
    for name in sorted(set(map(str, macro.data_vars)) & set(MACRO) - set(MONTHLY)):
        values = macro[name]
        if "month" in values.dims:
            faults.append(f"{name}: found one for each month, expected one for each scenario; give one number")
        elif "path" in values.dims and bool((values != values.isel(path=0)).any()):
            found = " and ".join(map(str, np.unique(values.values)[:2]))
            faults.append(f"{name}: found {found} on different paths, expected one for each scenario; give one number")
    return faults


def _padding(macro: xr.Dataset) -> dict[tuple[Any, Any], list[str]]:
    """Variables whose only gaps are at the end of some scenarios, by scenario and first month without a figure.

    That is what joining scenarios of different months or variables leaves, if nothing is cut and filled.
    """
    padded: dict[tuple[Any, Any], list[str]] = {}
    for name in sorted(set(map(str, macro.data_vars)) & set(MACRO)):
        dims = macro[name].dims
        if dims.count("scenario") != 1 or macro[name].dtype.kind != "f" or not macro[name].size:
            continue
        empty = macro[name].isnull()
        empty = empty.any([dim for dim in dims if dim not in ("scenario", "month")]).transpose("scenario", ...)
        rows = empty.values.reshape(empty.sizes["scenario"], -1)
        if not rows.any() or (np.diff(rows.astype(int), axis=1) < 0).any():
            continue
        for place in np.flatnonzero(rows.any(axis=1)):
            month = int(np.argmax(rows[place])) + 1 if "month" in dims else 1
            label = macro["scenario"][place].item() if "scenario" in macro.coords else int(place) + 1
            padded.setdefault((label, month), []).append(name)
    return padded


def _padding_fault(label: Any, month: int, names: Sequence[str]) -> str:
    """Sentence for variables of a scenario that have no figures from a month on."""
    found = f"found nan in scenario {label!r} from month {month} on"
    advice = "put scenarios of different months or variables side by side by scenario([...])"
    return f"{', '.join(names)}: {found}, expected a figure in each month; {advice}"


def lender_name(result: xr.Dataset, lender: str) -> str:
    """The lender's own name for "own"; a name, or "all", as it is."""
    return str(result.attrs["own_lender"]) if lender == "own" else lender


def lender_faults(result: xr.Dataset, lender: str) -> list[str]:
    """Faults of a choice of lender, "own", "all" or a name, among the segments of a result."""
    absent = [name for name in ("segment", "lender", "product") if name not in result.coords]
    if absent:
        return [f"{name}: missing, expected labels along 'segment'; give a result of simulate()" for name in absent]
    if lender == "all":
        return []
    if lender == "own" and not result.attrs.get("own_lender"):
        return ["own_lender: missing from attrs, expected the name of the own lender; set it, or say lender=..."]
    name = lender_name(result, lender)
    known = sorted({str(label) for label in result["lender"].values})
    if name not in known:
        expected = f"expected 'own', 'all' or one of {known}; {advised(name, ['own', 'all', *known])}"
        return [f"lender: found {shown(name)}, which has no segment, {expected}"]
    return []
