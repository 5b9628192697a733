"""Provisioning and capital rules that hold where none are named: by the currency of the portfolio."""

from __future__ import annotations

from typing import NamedTuple

import xarray as xr


class Defaults(NamedTuple):
    """Names of the rules that hold for lenders of one currency, and why."""

    provisioning: str
    capital_regime: str
    source: str


BY_CURRENCY = {
    "CNY": Defaults(
        "china",
        "china-2023",
        "Measures for Risk Classification of Financial Assets of Commercial Banks (2023), CBIRC and PBoC Order No. 1; "
        "Capital Rules for Commercial Banks (2023), NFRA Order No. 4",
    ),
    "USD": Defaults(
        "cecl",
        "basel-standardised",
        "ASC 326 for lenders under US GAAP; Basel CRE20, as the rules of the United States are not in this package",
    ),
}
ELSEWHERE = Defaults("ifrs9", "basel-standardised", "IFRS 9 section 5.5; Basel CRE20")


def default_rules(dataset: xr.Dataset) -> Defaults:
    """Rules for the `currency` in the attrs of a portfolio, a result or a measure; an unknown or missing one is not CNY
    or USD, so that IFRS 9 and Basel hold.

    >>> default_rules(xr.Dataset(attrs={"currency": "CNY"})).capital_regime
    'china-2023'
    >>> default_rules(xr.Dataset()).provisioning
    'ifrs9'
    """
    return BY_CURRENCY.get(str(dataset.attrs.get("currency")), ELSEWHERE)
