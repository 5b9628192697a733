"""What a study watches: one number on each path, from a result."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import xarray as xr

from stresslab.checks import refuse
from stresslab.measures.capital.adequacy import capital_adequacy
from stresslab.measures.capital.balance_sheet import BalanceSheet
from stresslab.measures.capital.regimes import MEASURED, CapitalRegime, regime_named
from stresslab.measures.liquidity.funding import Funding
from stresslab.measures.liquidity.ladder import liquidity_ladder
from stresslab.measures.losses import loss_distribution

Outcome = Callable[[xr.Dataset], xr.DataArray]
"""A function of a result that gives a DataArray (path)."""


def lowest_ratio(
    balance_sheet: BalanceSheet,
    capital_regime: str | CapitalRegime = "china-2023",
    ratio: str = "cet1_ratio",
    *,
    parameters: xr.Dataset | None = None,
    lender: str = "own",
) -> Outcome:
    """A path's lowest capital ratio after the start [1].

    balance_sheet, regime, parameters, lender : as in capital_adequacy(), with the Chinese five categories
    ratio : "cet1_ratio" | "tier1_ratio" | "total_ratio" | "leverage_ratio", or a multiple, of which the largest counts
    Returns a function of a result. Raises InputError if there is no such ratio or regime.

    >>> lowest_ratio(BalanceSheet(Funding(1.0))).__name__
    'cet1_ratio'
    """
    rules = regime_named(capital_regime)
    refuse(
        "lowest_ratio", [f"ratio: found {ratio!r}, expected one of {list(MEASURED)}"] if ratio not in MEASURED else []
    )

    def outcome(result: xr.Dataset) -> xr.DataArray:
        found = capital_adequacy(result, balance_sheet, rules, parameters=parameters, lender=lender)
        after = found[ratio].isel(month=slice(1, None))
        return after.max("month") if ratio.endswith("multiple") else after.min("month")

    return _named(outcome, ratio, "1")


def lowest_headroom(funding: Funding, *, horizon: int = 12, lender: str = "own") -> Outcome:
    """A path's lowest cash and counterbalancing capacity within the horizon [currency]; below 0 the lender cannot pay.

    funding, horizon, lender : as in liquidity_ladder()
    Returns a function of a result.

    >>> lowest_headroom(Funding(1.0)).__name__
    'headroom'
    """

    def outcome(result: xr.Dataset) -> xr.DataArray:
        return liquidity_ladder(result, funding, horizon=horizon, lender=lender)["headroom"].min("month")

    return _named(outcome, "headroom", "currency")


def loss_rate(*, horizon: int | None = None, lender: str = "own") -> Outcome:
    """A path's realised loss over the horizon, over the opening balance [1].

    horizon, lender : as in loss_distribution()
    Returns a function of a result.

    >>> loss_rate().__name__
    'loss_rate'
    """

    def outcome(result: xr.Dataset) -> xr.DataArray:
        total = loss_distribution(result, horizon=horizon, levels=0.5, lender=lender).sel(segment="total", drop=True)
        return total["loss"] / total["opening_balance"]

    return _named(outcome, "loss_rate", "1")


def _named(outcome: Any, name: str, unit: str) -> Outcome:
    """The function under the name and unit that reports print."""
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
    found = outcome(result)
    if not isinstance(found, xr.DataArray) or set(found.dims) != {"path"}:
        dims = getattr(found, "dims", type(found).__name__)
        refuse(
            subject, [f"outcome: found {dims}, expected a DataArray along 'path' alone; reduce months and scenarios"]
        )
    values = found.astype(float)
    if bool(values.isnull().any()):
        refuse(
            subject, [f"outcome: found NaN on {int(values.isnull().sum())} paths, expected numbers; mend the function"]
        )
    return values
