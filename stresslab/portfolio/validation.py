"""A portfolio that contradicts itself is refused, with every fault at once."""

from __future__ import annotations

import xarray as xr

from stresslab.checks import portfolio_faults
from stresslab.schema import InputError

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
    what `schema.portfolio_faults` finds, and attrs that are missing.

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
    faults += portfolio_faults(portfolio)
    if faults:
        raise InputError("portfolio", faults)
    return portfolio
