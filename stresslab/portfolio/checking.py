"""A portfolio that contradicts itself is refused, with every fault at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from stresslab.schema import MINOR, PORTFOLIO, InputError, check

Array = NDArray[Any]
ATTRS = {
    "currency": 'the currency of all amounts, "CNY"',
    "as_of": 'the day or month of the balances, "2026-01"',
    "own_lender": "the lender that asks",
}


def check_portfolio(portfolio: xr.Dataset) -> xr.Dataset:
    """The portfolio itself, if it can be simulated; otherwise every fault at once.

    portfolio : Dataset (borrower, loan), see `schema.PORTFOLIO`; attrs `currency`, `as_of`, `own_lender`
    Returns the same dataset, unchanged.
    Raises InputError naming for each fault the variable, the value found and where, what was expected and what to do:
    what `schema.PORTFOLIO` refuses (missing, not finite, out of bounds, wrong type), an empty book, a borrower_id that
    repeats, a loan of nobody, and values that contradict each other (see `portfolio_faults`).

    Allowed, and what the engine makes of it:
    days_past_due that is no multiple of 30 counts the due dates that are behind it, floor(days / 30): 59 days are one;
    a claim on a loan that is not written off is the debt of an earlier grant, still owed;
    an amount overdue with 0 days past due is asked for with the next bill;
    a borrower without loans counts among the (un)employed only.

    >>> from stresslab.population.synthetic import synthetic_portfolio
    >>> book = synthetic_portfolio(borrowers=20, seed=1, seasoning_months=0)
    >>> check_portfolio(book) is book
    True
    >>> check_portfolio(book.assign(overdue=book.balance + 1.0))
    Traceback (most recent call last):
    ...
    stresslab.schema.InputError: portfolio: 1 fault
      - overdue: found ... with balance ... at position 0 (and ... more), expected at most the balance; mend either
    """
    if not issubclass(kind := type(portfolio), xr.Dataset):
        raise InputError(
            "portfolio", [f"portfolio: found {kind.__name__}, expected a Dataset; use read_portfolio for a loan tape"]
        )
    faults = [
        f"attrs[{name!r}]: missing, expected {meaning}; set it"
        for name, meaning in ATTRS.items()
        if not portfolio.attrs.get(name)
    ]
    try:
        check(portfolio, PORTFOLIO, "portfolio")
    except InputError as error:
        faults += error.faults
    faults += portfolio_faults(portfolio)
    if faults:
        raise InputError("portfolio", faults)
    return portfolio


@dataclass(frozen=True)
class Rule:
    """Variables along one dimension that may contradict each other; `broken` takes their values and says where."""

    names: tuple[str, ...]
    broken: Callable[..., Array]
    advice: str


def _cents(amount: Array) -> Array:
    """Amounts as the engine sees them, in minor units: what rounds to nothing is nothing."""
    cents: Array = np.rint(np.asarray(amount, float) * MINOR)
    return cents


RULES = (
    Rule(
        ("jobless_months", "employed"),
        lambda months, employed: (months > 0) & (employed != 0),
        "expected 0 while employed; mend either",
    ),
    Rule(
        ("overdue", "balance"),
        lambda overdue, balance: _cents(overdue) > _cents(balance),
        "expected at most the balance; mend either",
    ),
    Rule(
        ("days_past_due", "overdue", "balance"),
        lambda days, overdue, _: (days > 0) & (_cents(overdue) == 0),
        "expected an amount past due; add it, or set the days to 0 where nothing is owed",
    ),
    Rule(
        ("remaining_months", "tenor_months"),
        lambda remaining, tenor: remaining > tenor,
        "expected at most the tenor, and 0 for a revolving loan (tenor 0); mend either",
    ),
    Rule(
        ("remaining_months", "instalment"),
        lambda remaining, instalment: (remaining > 0) & (_cents(instalment) == 0),
        "expected an instalment for the due dates to come; add it",
    ),
    Rule(
        ("instalment", "tenor_months"),
        lambda instalment, tenor: (tenor == 0) & (_cents(instalment) > 0),
        "expected 0 for a revolving loan (tenor 0); add the tenor or set the instalment to 0",
    ),
    Rule(
        ("balance", "tenor_months", "remaining_months", "overdue"),
        lambda balance, tenor, remaining, overdue: (
            (_cents(balance) > 0) & (tenor > 0) & (remaining == 0) & (_cents(overdue) == 0)
        ),
        "expected due dates to come or an amount overdue; mend one",
    ),
    Rule(
        ("transactor", "tenor_months"),
        lambda transactor, tenor: (transactor != 0) & (tenor > 0),
        "expected False for an instalment loan; set it",
    ),
    Rule(
        ("balance", "written_off"),
        lambda balance, written_off: (_cents(balance) > 0) & (written_off != 0),
        "expected 0; move what is still owed to claim",
    ),
)


def portfolio_faults(portfolio: xr.Dataset) -> list[str]:
    """What is wrong between the variables of a portfolio; `schema.check` sees each of them alone.

    portfolio : Dataset, perhaps with variables missing: what needs them is not looked at
    Returns one sentence for each fault; empty if there are none. Amounts are compared in whole minor units.
    """
    sizes = {dim: portfolio.sizes.get(dim, 0) for dim in ("borrower", "loan")}
    if 0 in sizes.values():
        return [f"portfolio: found sizes {sizes}, expected a borrower and a loan; add some"]
    faults = [
        f"{name}: found dimensions {portfolio[name].dims}, expected ({want.dim!r},); select or rename"
        for name, want in PORTFOLIO.items()
        if name in portfolio.variables and want.dim in portfolio[name].dims and portfolio[name].ndim > 1
    ]
    faults += _link_faults(portfolio, sizes["borrower"])
    for rule in RULES:
        values = [_values(portfolio, name) for name in rule.names]
        if all(one is not None for one in values):
            faults += _report(rule, values)
    return faults


def _values(portfolio: xr.Dataset, name: str) -> Array | None:
    """Values of a variable that can be compared; None where `schema.check` has already refused it."""
    if name not in portfolio.variables or portfolio[name].dims != (PORTFOLIO[name].dim,):
        return None
    values: Array = portfolio[name].values
    if PORTFOLIO[name].kind == "label":
        return values.astype(str)
    return values if values.dtype.kind in "biuf" else None


def _link_faults(portfolio: xr.Dataset, borrowers: int) -> list[str]:
    """Ids that repeat, loans of nobody, products of two kinds, an own lender who lends nothing."""
    faults = []
    ids, owner = _values(portfolio, "borrower_id"), _values(portfolio, "borrower")
    product, tenor, lender = (_values(portfolio, name) for name in ("product", "tenor_months", "lender"))
    if ids is not None:
        found, count = np.unique(ids, return_counts=True)
        if (count > 1).any():
            first = int(np.argmax(count > 1))
            more = _more(int((count > 1).sum()) - 1, " ids")
            faults.append(f"borrower_id: found {found[first]} {count[first]} times{more}, expected each once; renumber")
    if owner is not None and (owner >= borrowers).any():
        where = np.flatnonzero(owner >= borrowers)
        faults.append(
            f"borrower: found {owner[where[0]]} at position {where[0]}{_more(where.size - 1)}, "
            f"expected a position 0 ... {borrowers - 1} of a borrower; re-index"
        )
    if product is not None and tenor is not None:
        both = np.intersect1d(product[tenor == 0], product[tenor > 0]).tolist()
        faults += [
            f"product: found {name!r} with tenor_months 0 and above, expected its loans all revolving or all not; "
            "split it in two"
            for name in both
        ]
    own = portfolio.attrs.get("own_lender")
    lenders = [] if lender is None else np.unique(lender).tolist()
    if lenders and own and own not in lenders:
        faults.append(f"attrs['own_lender']: found {own!r}, expected one of {lenders[:8]}; name it as its loans do")
    return faults


def _report(rule: Rule, values: list[Any]) -> list[str]:
    """One sentence for the first offender of a rule and the count of the others."""
    where = np.flatnonzero(rule.broken(*values))
    if where.size == 0:
        return []
    first = where[0]
    others = " and ".join(f"{name} {one[first]}" for name, one in zip(rule.names[1:], values[1:], strict=True))
    at = f"at position {first}{_more(where.size - 1)}"
    return [f"{rule.names[0]}: found {values[0][first]} with {others} {at}, {rule.advice}"]


def _more(count: int, of: str = "") -> str:
    """How many others there are, in brackets; nothing if none.

    >>> _more(2), _more(0)
    (' (and 2 more)', '')
    """
    return f" (and {count:,} more{of})" if count else ""
