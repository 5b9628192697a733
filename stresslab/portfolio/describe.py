"""Description of a portfolio: loans and borrowers by segment and in total."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from stresslab.checks import number_faults, refuse
from stresslab.portfolio.validation import check_portfolio
from stresslab.schema import Variable, attrs_of, stored_as_text
from stresslab.typed import typed

Array = NDArray[Any]
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
SUMMARY: dict[str, Variable] = {
    "loans": Variable(("segment",), "1", "loans, written-off ones included"),
    "borrowers": Variable(("segment",), "1", "borrowers who have a loan"),
    "balance": Variable(("segment",), "currency", "balance"),
    "mean_balance": Variable(("segment",), "currency", "mean balance of a loan"),
    "limit": Variable(("segment",), "currency", "lines and grants not written off"),
    "utilisation": Variable(("segment",), "1", "balance over limit of revolving loans not written off"),
    "mean_rate": Variable(("segment",), "1/year", "contract rate, mean weighted by balance"),
    "d30_share": Variable(("segment",), "1", "share of the balance 30 or more days past due"),
    "d90_share": Variable(("segment",), "1", "share of the balance 90 or more days past due"),
    "own_share": Variable(("segment",), "1", "share of the balance funded by the lender of record"),
    "claim": Variable(("segment",), "currency", "written off and still owed"),
    "median_income": Variable(("segment",), "currency/month", "median usual pay of the borrowers"),
    "buffer_months": Variable(("segment",), "month", "median liquid buffer of the borrowers in months of income"),
    "unemployed_share": Variable(("segment",), "1", "share of the borrowers without a job"),
    "debt_service": Variable(
        ("segment", "quantile"), "1", "due in a month to all lenders over income, amounts overdue not included"
    ),
    "borrower_share": Variable(("segment", "lenders"), "1", "share of the borrowers with loans of 1, 2, ... lenders"),
}
"""Variables of a description."""


@typed
def describe_portfolio(portfolio: xr.Dataset, *, minimum_share: float = 0.10) -> xr.Dataset:
    """Description of a portfolio in numbers: loans and borrowers of each segment, and in total.

    Parameters
    ----------
    portfolio : xarray.Dataset
        Variables along `borrower` and `loan`, see `stresslab.schema.PORTFOLIO`.
    minimum_share : float
        Share of a revolving balance that is due in a month [1]: 10 % on Chinese cards and Huabei, about 3 % on US cards
        (the latter not confirmed).

    Returns
    -------
    xarray.Dataset
        Segments "lender:product", the last of them "total" with lender and product "".

        ================  =================  ==============  ===========================================================
        variable          dims               unit            meaning
        ================  =================  ==============  ===========================================================
        loans             segment            1               loans, written-off ones included
        borrowers         segment            1               borrowers who have a loan
        balance           segment            currency        balance
        mean_balance      segment            currency        mean balance of a loan
        limit             segment            currency        lines and grants not written off
        utilisation       segment            1               balance over limit of revolving loans not written off
        mean_rate         segment            1/year          contract rate, mean weighted by balance
        d30_share         segment            1               share of the balance 30 or more days past due
        d90_share         segment            1               share of the balance 90 or more days past due
        own_share         segment            1               share of the balance funded by the lender of record
        claim             segment            currency        written off and still owed
        median_income     segment            currency/month  median usual pay of the borrowers
        buffer_months     segment            month           median liquid buffer of the borrowers in months of income
        unemployed_share  segment            1               share of the borrowers without a job
        debt_service      segment, quantile  1               due in a month to all lenders over income, amounts overdue
                                                             not included
        borrower_share    segment, lenders   1               share of the borrowers with loans of 1, 2, ... lenders
        ================  =================  ==============  ===========================================================

        Shares and means of the balance are NaN without a balance, `utilisation` without revolving loans; `debt_service`
        is infinite for a borrower who owes and has no income.

    Raises
    ------
    InputError
        As `check_portfolio`, and for a `minimum_share` outside 0 ... 1.

    Notes
    -----
    Quantiles and medians are values of borrowers: the smallest that a share q of them do not exceed.

    Examples
    --------
    One line makes each table: ``summary.drop_dims(["quantile", "lenders"]).to_dataframe()``,
    ``summary["debt_service"].to_pandas()``, ``summary["borrower_share"].to_pandas()``.

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
    refuse("describe_portfolio", number_faults("minimum_share", minimum_share, 1.0, "a decimal: 0.1, not 10"))
    lender, product, segment = _segments(portfolio)
    values = _loans(portfolio, segment, lender.size) | _people(portfolio, segment, lender.size, minimum_share)
    summary = xr.Dataset(
        {name: (spec.dims, values[name], attrs_of(spec)) for name, spec in SUMMARY.items()},
        {
            "segment": [*np.char.add(np.char.add(lender, ":"), product), "total"],
            "lender": ("segment", [*lender, ""]),
            "product": ("segment", [*product, ""]),
            "quantile": list(QUANTILES),
            "lenders": np.arange(1, values["borrower_share"].shape[1] + 1),
        },
        {
            name: portfolio.attrs[name]
            for name in ("currency", "unit", "as_of", "own_lender", "notes")
            if name in portfolio.attrs
        },
    )
    return stored_as_text(summary)


def _segments(portfolio: xr.Dataset) -> tuple[Array, Array, Array]:
    """Lender and product of each segment in alphabetical order, and the segment of each loan."""
    lenders, lender = _codes(portfolio["lender"].values)
    products, product = _codes(portfolio["product"].values)
    pairs, segment = np.unique(lender * products.size + product, return_inverse=True)
    return lenders[pairs // products.size], products[pairs % products.size], segment


def _loans(portfolio: xr.Dataset, segment: Array, segments: int) -> dict[str, Array]:
    """Sums and means over loans, for each segment and in total."""

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
