"""Provisioning and capital rules that hold where none are named: by the currency of the portfolio."""

from __future__ import annotations

from typing import NamedTuple


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


def _defaults(currency: object) -> Defaults:
    """Rules of a currency; IFRS 9 and Basel for one that the table does not name, and where none is known."""
    return BY_CURRENCY.get(str(currency), ELSEWHERE)


def default_provisioning(currency: object) -> str:
    """Name of the provisioning regime of a currency, as in the attrs of a portfolio or a result.

    >>> default_provisioning("USD"), default_provisioning("EUR")
    ('cecl', 'ifrs9')
    """
    return _defaults(currency).provisioning


def default_capital_regime(currency: object) -> str:
    """Name of the capital regime of a currency, as in the attrs of a portfolio or a result.

    >>> default_capital_regime("CNY"), default_capital_regime("USD")
    ('china-2023', 'basel-standardised')
    """
    return _defaults(currency).capital_regime
