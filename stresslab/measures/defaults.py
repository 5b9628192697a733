"""Regimes that count where none is named: by the currency of the result."""

from __future__ import annotations

PROVISIONING = {"CNY": "china", "USD": "cecl"}


def default_provisioning(currency: str) -> str:
    """Name of the provisioning regime of a currency.

    >>> default_provisioning("USD")
    'cecl'
    """
    return PROVISIONING.get(currency, "ifrs9")
