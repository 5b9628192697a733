"""Outcomes of a run, one number for each path, that studies vary or search for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import xarray as xr

from stresslab.checks import choice_faults, refuse, whole_faults
from stresslab.measures.capital.adequacy import capital_adequacy
from stresslab.measures.capital.balance_sheet import BalanceSheet
from stresslab.measures.capital.regimes import MEASURED, CapitalRegime, regime_faults
from stresslab.measures.liquidity.funding import Funding
from stresslab.measures.liquidity.ladder import liquidity_ladder
from stresslab.measures.losses import loss_distribution
from stresslab.measures.provisions.regimes import Regime, provisioning_faults
from stresslab.typed import typed

Outcome = Callable[[xr.Dataset], xr.DataArray]
"""A function of a result that gives a DataArray (path)."""


@typed
def lowest_ratio(
    balance_sheet: BalanceSheet,
    capital_regime: str | CapitalRegime | None = None,
    ratio: str = "cet1_ratio",
    *,
    provisioning: str | Regime | None = None,
    terms: xr.Dataset | None = None,
    parameters: xr.Dataset | None = None,
    lender: str = "own",
) -> Outcome:
    """Lowest capital ratio of each path after the start, as a function of a result.

    Parameters
    ----------
    balance_sheet : BalanceSheet
        Funding and other assets of the lender at the start, and its pay-out.
    capital_regime : str or CapitalRegime, optional
        As in `capital_adequacy`; None: by the currency of the result.
    ratio : str
        "cet1_ratio", "tier1_ratio", "total_ratio", "leverage_ratio", or a multiple, of which the largest counts.
    provisioning : str, CECL, IFRS9 or China, optional
        As in `capital_adequacy`; None: by the currency of the result.
    terms : xarray.Dataset, optional
        Term structures, which IFRS 9 and CECL need.
    parameters : xarray.Dataset, optional
        From `irb_parameters`, which an IRB regime needs.
    lender : str
        "own" (attrs own_lender), "all" (the system) or a name.

    Returns
    -------
    callable
        Function of a result that gives a DataArray (path) [1].

    Raises
    ------
    InputError
        If there is no such ratio or regime.

    Examples
    --------
    Equity of 75 over 750 of risk-weighted assets, less 10 lost on the second path:

    >>> from stresslab.measures.liquidity.funding import Borrowing
    >>> from stresslab.testing import tiny_result
    >>> sheet = BalanceSheet(Funding(100.0, [Borrowing("bond", {90: 1000.0})]), payout=0.0)
    >>> result = tiny_result(1000.0, paths=2, written_off=[0.0, 10.0], originated=[0.0, 10.0])
    >>> lowest_ratio(sheet)(result).values.round(4)
    array([0.1   , 0.0867])
    """
    faults = choice_faults("ratio", ratio, list(MEASURED))
    refuse("lowest_ratio", faults + regime_faults(capital_regime) + provisioning_faults(provisioning))

    def outcome(result: xr.Dataset) -> xr.DataArray:
        adequacy = capital_adequacy(
            result,
            balance_sheet,
            capital_regime,
            provisioning=provisioning,
            terms=terms,
            parameters=parameters,
            lender=lender,
        )
        after = adequacy[ratio].isel(month=slice(1, None))
        return after.max("month") if ratio.endswith("multiple") else after.min("month")

    return _named(outcome, ratio, "1")


@typed
def lowest_headroom(funding: Funding, *, horizon: int = 12, lender: str = "own") -> Outcome:
    """Lowest headroom of cash on each path within the horizon, as a function of a result; below 0 a payment fails.

    Parameters
    ----------
    funding : Funding
        Liquid assets, borrowings and contingent lines of the lender.
    horizon : int
        Last month counted.
    lender : str
        "own" (attrs own_lender), "all" (the system) or a name.

    Returns
    -------
    callable
        Function of a result that gives a DataArray (path) of cumulative gap and counterbalancing capacity [currency].

    Examples
    --------
    5 in cash, and 4 paid out to customers each month:

    >>> from stresslab.testing import tiny_result
    >>> lowest_headroom(Funding(5.0), horizon=2)(tiny_result(drawn=4.0, months=2)).values
    array([-3.])
    """
    refuse("lowest_headroom", whole_faults("horizon", horizon, 1))

    def outcome(result: xr.Dataset) -> xr.DataArray:
        return liquidity_ladder(result, funding, horizon=horizon, lender=lender)["headroom"].min("month")

    return _named(outcome, "headroom", "currency")


@typed
def loss_rate(*, horizon: int | None = None, lender: str = "own") -> Outcome:
    """Realised loss rate of each path, over the opening balance, as a function of a result.

    Parameters
    ----------
    horizon : int, optional
        Months 1 to horizon are counted; None: all.
    lender : str
        "own" (attrs own_lender), "all" (the system) or a name.

    Returns
    -------
    callable
        Function of a result that gives a DataArray (path) [1].

    Examples
    --------
    >>> from stresslab.testing import tiny_result
    >>> loss_rate()(tiny_result(100.0, paths=2, written_off=[1.0, 3.0])).values
    array([0.01, 0.03])
    """
    refuse("loss_rate", whole_faults("horizon", horizon, 1, optional=True))

    def outcome(result: xr.Dataset) -> xr.DataArray:
        total = loss_distribution(result, horizon=horizon, levels=0.5, lender=lender).sel(segment="total", drop=True)
        return total["loss"] / total["opening_balance"]

    return _named(outcome, "loss_rate", "1")


def _named(outcome: Any, name: str, unit: str) -> Outcome:
    """The function with the name and unit that reports print."""
    outcome.__name__ = name
    outcome.unit = unit
    named: Outcome = outcome
    return named


def callable_faults(outcome: object) -> list[str]:
    """Fault of what should be an outcome."""
    if callable(outcome):
        return []
    return [f"outcome: found {outcome!r}, expected a function of a result, such as lowest_ratio(...); give one"]


def watched(outcome: Outcome, result: xr.Dataset, subject: str) -> xr.DataArray:
    """The outcome of a result, checked: one finite number on each path.

    Raises InputError if it is not.
    """
    numbers = outcome(result)
    if not isinstance(numbers, xr.DataArray) or set(numbers.dims) != {"path"}:
        dims = getattr(numbers, "dims", type(numbers).__name__)
        refuse(
            subject, [f"outcome: found {dims}, expected a DataArray along 'path' alone; reduce months and scenarios"]
        )
    values = numbers.astype(float)
    if bool(values.isnull().any()):
        refuse(
            subject,
            [f"outcome: found NaN on {int(values.isnull().sum())} paths, expected numbers; correct the function"],
        )
    return values
