"""A portfolio in a few numbers: by segment and in total."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from stresslab.portfolio.validation import check_portfolio
from stresslab.schema import InputError

Array = NDArray[Any]
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
UNITS = {
    "loans": "1",
    "borrowers": "1",
    "balance": "currency",
    "mean_balance": "currency",
    "limit": "currency",
    "utilisation": "1",
    "mean_rate": "1/year",
    "d30_share": "1",
    "d90_share": "1",
    "own_share": "1",
    "claim": "currency",
    "median_income": "currency/month",
    "buffer_months": "month",
    "unemployed_share": "1",
    "debt_service": "1",
    "borrower_share": "1",
}


def describe_portfolio(portfolio: xr.Dataset, *, minimum_share: float = 0.10) -> xr.Dataset:
    """Loans and borrowers of each segment "lender:product", and of the whole book as the last segment, "total".

    portfolio : Dataset (borrower, loan), see `schema.PORTFOLIO`
    minimum_share : of a revolving balance that is due in a month [1]; 10 % on Chinese cards and Huabei, about 3 % on
        US cards (the latter not confirmed)
    Returns Dataset (segment), with coords lender and product, "" for the total:
        loans, borrowers : loans, written-off ones included, and the borrowers who have one
        balance, mean_balance, limit [currency] : sum, mean of a loan, sum of the lines and grants not written off
        utilisation [1] : balance over limit of revolving loans not written off; nan without any
        mean_rate [1/year], d30_share, d90_share, own_share [1] : means weighted by balance, nan where nothing is owed:
            contract rate, 30 and 90 days past due or more, funded by the lender of record
        claim [currency] : written off and still owed
        median_income [currency/month], buffer_months [month of income, median], unemployed_share [1] : of its borrowers
        debt_service (segment, quantile) [1] : instalments and minimum payments due in a month to *all* lenders, over
            income, of the segment's borrowers; amounts overdue come on top; inf for who owes and has no income
        borrower_share (segment, lenders) [1] : share of the segment's borrowers who have loans of 1, 2, ... lenders
    Quantiles and medians are values of borrowers: the smallest that a share q of them do not exceed.
    Raises InputError as `check_portfolio` does, and for a minimum_share outside 0 ... 1.

    In a notebook one line makes each table:
        summary.drop_dims(["quantile", "lenders"]).to_dataframe()    # a row for each segment
        summary.debt_service.to_pandas()                             # segments by quantiles
        summary.borrower_share.to_pandas()                           # segments by number of lenders

    >>> from stresslab.population.synthetic import synthetic_portfolio
    >>> book = synthetic_portfolio(borrowers=2_000, seed=1, seasoning_months=0)
    >>> summary = describe_portfolio(book)
    >>> table = summary.drop_dims(["quantile", "lenders"]).to_dataframe()
    >>> int(table.borrowers["total"]), bool(table.loans["total"] == book.sizes["loan"])
    (2000, True)
    >>> table.utilisation[["ant:huabei", "bank-1:bank-card"]].round(1).tolist()  # drawn from 10-45 % and 25-65 %
    [0.2, 0.4]
    """
    check_portfolio(portfolio)
    if not 0.0 <= minimum_share <= 1.0:
        raise InputError(
            "describe_portfolio", [f"minimum_share: found {minimum_share!r}, expected 0 ... 1; a share is a decimal"]
        )
    lender, product, segment = _segments(portfolio)
    values = _loans(portfolio, segment, lender.size) | _people(portfolio, segment, lender.size, minimum_share)
    last = {"debt_service": ("quantile",), "borrower_share": ("lenders",)}
    return xr.Dataset(
        {name: (("segment", *last.get(name, ())), values[name], {"units": unit}) for name, unit in UNITS.items()},
        {
            "segment": [*np.char.add(np.char.add(lender, ":"), product), "total"],
            "lender": ("segment", [*lender, ""]),
            "product": ("segment", [*product, ""]),
            "quantile": list(QUANTILES),
            "lenders": np.arange(1, values["borrower_share"].shape[1] + 1),
        },
        {name: portfolio.attrs[name] for name in ("currency", "as_of", "own_lender")},
    )


def _segments(portfolio: xr.Dataset) -> tuple[Array, Array, Array]:
    """Lender and product of each segment in alphabetical order, and the segment of each loan."""
    lenders, lender = _codes(portfolio["lender"].values)
    products, product = _codes(portfolio["product"].values)
    pairs, segment = np.unique(lender * products.size + product, return_inverse=True)
    return lenders[pairs // products.size], products[pairs % products.size], segment


def _loans(portfolio: xr.Dataset, segment: Array, segments: int) -> dict[str, Array]:
    """What adds up over loans, for each segment and in total."""

    def total(amount: Array) -> Array:
        sums = np.bincount(segment, amount, segments)
        return np.append(sums, sums.sum())

    balance, days, closed = (portfolio[name].values for name in ("balance", "days_past_due", "written_off"))
    open_limit = np.where(closed, 0.0, portfolio["limit"].values)
    lines = portfolio["tenor_months"].values == 0
    owed = total(balance)
    loans = total(np.ones(balance.size))
    return {
        "loans": loans.astype(np.int64),
        "balance": owed,
        "mean_balance": owed / loans,
        "limit": total(open_limit),
        "utilisation": _ratio(total(balance * lines), total(open_limit * lines)),
        "mean_rate": _ratio(total(balance * portfolio["annual_rate"].values), owed),
        "d30_share": _ratio(total(balance * (days >= 30)), owed),
        "d90_share": _ratio(total(balance * (days >= 90)), owed),
        "own_share": _ratio(total(balance * portfolio["own_share"].values), owed),
        "claim": total(portfolio["claim"].values),
    }


def _people(portfolio: xr.Dataset, segment: Array, segments: int, minimum_share: float) -> dict[str, Array]:
    """What is counted over borrowers, each once in a segment and once in the total."""
    owner = portfolio["borrower"].values.astype(np.int64)
    income, buffer = portfolio["income"].values, portfolio["liquid_buffer"].values
    jobless = ~portfolio["employed"].values.astype(bool)
    service = _over_income(np.bincount(owner, _due(portfolio, minimum_share), income.size), income)
    buffer_months = _over_income(buffer, income)
    lenders = count_lenders(owner, portfolio["lender"].values, income.size)
    pairs = np.unique(segment * income.size + owner)
    starts = np.searchsorted(pairs, np.arange(1, segments) * income.size)
    holders = [*(part % income.size for part in np.split(pairs, starts)), np.unique(owner)]
    most = int(lenders.max())
    return {
        "borrowers": np.array([who.size for who in holders]),
        "median_income": np.array([_quantile(income[who], 0.5) for who in holders]),
        "buffer_months": np.array([_quantile(buffer_months[who], 0.5) for who in holders]),
        "unemployed_share": np.array([jobless[who].mean() for who in holders]),
        "debt_service": np.array([_quantile(service[who], QUANTILES) for who in holders]),
        "borrower_share": np.array([np.bincount(lenders[who], minlength=most + 1)[1:] / who.size for who in holders]),
    }


def _due(portfolio: xr.Dataset, minimum_share: float) -> Array:
    """What the contract of each loan asks for in a month, apart from what is overdue."""
    balance, remaining = portfolio["balance"].values, portfolio["remaining_months"].values
    instalment = np.minimum(portfolio["instalment"].values, balance) * (remaining > 0)
    minimum: Array = minimum_share * (balance - portfolio["overdue"].values)
    return np.where(portfolio["tenor_months"].values == 0, minimum, instalment)


def count_lenders(owner: Array, lender: Array, borrowers: int) -> Array:
    """Number of lenders of each borrower.

    owner, lender (loan) : position of the borrower, name of the lender
    Returns whole numbers (borrower)

    >>> count_lenders(np.array([0, 0, 2, 0]), np.array(["a", "b", "a", "a"]), 3)
    array([2, 0, 1])
    """
    names, code = _codes(lender)
    pairs = np.unique(owner.astype(np.int64) * names.size + code)
    return np.bincount(pairs // names.size, minlength=borrowers)


def _codes(labels: Array) -> tuple[Array, Array]:
    """The labels in alphabetical order, and which of them each is; hashed, as sorting a million texts takes seconds."""
    code, names = pd.factorize(labels.astype(object), sort=True)
    return names.astype(np.str_), code


def _ratio(part: Array, whole: Array) -> Array:
    """part / whole, nan where the whole is nothing."""
    ratio: Array = np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)
    return ratio


def _over_income(amount: Array, income: Array) -> Array:
    """amount / income; without income inf, or 0 where the amount is 0 too."""
    without = np.where(amount > 0, np.inf, 0.0)
    return np.divide(amount, income, out=without, where=income > 0)


def _quantile(values: Array, q: Any) -> Any:
    """Smallest values that a share q of all do not exceed: defined with infinities too."""
    return np.quantile(values, q, method="inverted_cdf")
