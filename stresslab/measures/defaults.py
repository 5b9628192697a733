"""Defaults by place: rules, costs, tax and funding where a caller names none, by the currency of the portfolio."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import xarray as xr

ELSEWHERE = "elsewhere"
STATUS = {
    "C": "confirmed",
    "S": "secondary source",
    "D": "derived",
    "K": "from knowledge, not confirmed",
    "A": "assumption",
}
"""How far a default was checked, by its letter in defaults.toml."""


@cache
def tables() -> dict[str, dict[str, Any]]:
    """Defaults by place and name: value, status and source of each."""
    return tomllib.loads((resources.files("stresslab.measures") / "defaults.toml").read_text("utf-8"))


def currency_of(dataset: xr.Dataset) -> str:
    """Currency of a portfolio, result or measure; "" where none is known."""
    return str(getattr(dataset, "attrs", {}).get("currency", ""))


def place_of(dataset: xr.Dataset) -> str:
    """Table of defaults.toml that holds for a portfolio, result or measure: its currency, or "elsewhere".

    >>> place_of(xr.Dataset(attrs={"currency": "USD"})), place_of(xr.Dataset(attrs={"currency": "EUR"}))
    ('USD', 'elsewhere')
    """
    currency = currency_of(dataset)
    return currency if currency in tables() else ELSEWHERE


def by_place(dataset: xr.Dataset, given: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Arguments of a call, those that are None taken from the place of a dataset, and a sentence for each of these.

    >>> values, said = by_place(xr.Dataset(attrs={"currency": "USD"}), {"tax_rate": None, "payout": 0.1})
    >>> values
    {'tax_rate': 0.21, 'payout': 0.1}
    >>> said
    ['tax_rate: 0.21 by default in USD (confirmed: 26 USC 11(b), federal; states add to it)']
    """
    place = place_of(dataset)
    table = tables()[place]
    missing = [name for name, value in given.items() if value is None]
    where = f"in {place}" if place != ELSEWHERE else "elsewhere"
    said = [
        f"{name}: {table[name]['value']} by default {where} ({STATUS[table[name]['status']]}: {table[name]['source']})"
        for name in missing
    ]
    if missing and place == ELSEWHERE:
        found = f"currency: found {currency_of(dataset)!r}, for which this package has no defaults"
        said.insert(0, f"{found}; those used are plain assumptions for no place; give your own values")
    return {name: table[name]["value"] if value is None else value for name, value in given.items()}, said
