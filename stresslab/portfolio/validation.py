"""Validation of a portfolio: every variable alone, and contradictions between them."""

from __future__ import annotations

import xarray as xr

from stresslab.checks import portfolio_faults
from stresslab.schema import InputError
from stresslab.typed import typed

ATTRS = {
    "currency": 'the currency of all amounts, "CNY"',
    "as_of": 'the day or month of the balances, "2026-01"',
    "own_lender": "the name of the own lender",
}


@typed
def check_portfolio(portfolio: xr.Dataset) -> xr.Dataset:
    """Check of a portfolio: the portfolio itself if it can be simulated, otherwise every fault at once.

    Parameters
    ----------
    portfolio : xarray.Dataset
        Variables along `borrower` and `loan`, see `stresslab.schema.PORTFOLIO`; attrs `currency`, `as_of` and
        `own_lender`, and perhaps `unit`, the currency in one unit of the amounts: 1,000 if they are in thousands.

    Returns
    -------
    xarray.Dataset
        The same dataset, unchanged.

    Raises
    ------
    InputError
        Names for each fault the variable, the value found and where, what was expected and what to do; attrs that are
        missing too.

    Notes
    -----
    Allowed, and how the engine reads it:

    - `days_past_due` that is no multiple of 30 counts the due dates that have passed, floor(days / 30): 59 days are
      one;
    - a claim on a loan that is not written off is the debt of an earlier grant, still owed;
    - an amount overdue with 0 days past due is due with the next bill;
    - a borrower without loans counts among the (un)employed only.

    Examples
    --------
    >>> from stresslab.population.synthetic import synthetic_portfolio
    >>> book = synthetic_portfolio(borrowers=20, seed=1, seasoning_months=0)
    >>> check_portfolio(book) is book
    True
    >>> check_portfolio(book.assign(overdue=book.balance + 1.0))
    Traceback (most recent call last):
    ...
    stresslab.schema.InputError: portfolio: 1 fault
      - overdue: found ... with balance ... at position 0 (and ... more), expected at most the balance; correct overdue
      or balance
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
