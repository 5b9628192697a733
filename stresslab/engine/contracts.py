"""What the loans of a segment have agreed at the start: who funds them, what falls due, and when."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from stresslab.schema import MINOR

from . import layout as at
from .blocks import Blocks
from .months import Packed

Array = NDArray[Any]
TINY = 1e-9
"""Weight of a loan without balance [currency], so that a segment that opens empty has a mean too."""


def contracts(blocks: Blocks, portfolio: xr.Dataset, packed: Packed) -> dict[str, Any]:
    """Means of the contracts by segment, weighted by balance at the start, as variables along `segment` [1].

    own_share : funded by the lender of record, of all loans
    due_share : contractually due at the next due date over the balance, of loans that are current
    transactor_share : of the balance of current loans, owed by those who pay the whole bill
    beyond_year_share : of the balance of current loans, due after more than twelve due dates; 0 for lines
    revolving : 1 for lines, 0 for instalment loans
    """
    slot = blocks.place // at.LANES
    code, product = blocks.segment[slot], blocks.product[slot]
    loan = {name: portfolio[name].values for name in ("balance", "annual_rate", "remaining_months", "instalment")}
    revolving = packed.product_whole[product, at.REVOLVING] == 1
    transactor = revolving & portfolio["transactor"].values
    floor = packed.product_whole[product, at.MINIMUM_PAYMENT] / MINOR
    least = np.maximum(packed.product_real[product, at.MINIMUM_SHARE].astype(float) * loan["balance"], floor)
    billed = np.where(transactor, loan["balance"], np.minimum(least, loan["balance"]))
    owed = loan["balance"] * (1.0 + loan["annual_rate"] / 12.0)
    asked = np.where((loan["remaining_months"] <= 1) | (loan["instalment"] > owed), owed, loan["instalment"])
    due = np.where(revolving, billed, asked)
    weight = loan["balance"] + TINY
    current = weight * ((portfolio["days_past_due"].values == 0) & ~portfolio["written_off"].values)

    def mean(share: Array, weight: Array) -> tuple[str, Array, dict[str, str]]:
        total = np.bincount(code, weight)
        found = np.bincount(code, weight * share) / np.where(total > 0.0, total, 1.0)
        return "segment", np.round(found, 12), {"units": "1"}  # a sum of floats may end in another bit in another order

    return {
        "own_share": mean(portfolio["own_share"].values, weight),
        "due_share": mean(due / weight, current),
        "transactor_share": mean(transactor, current),
        "beyond_year_share": mean(np.where(revolving, 0.0, _after_a_year(loan) / weight), current),
        "revolving": mean(revolving, weight),
    }


def _after_a_year(loan: dict[str, Array]) -> Array:
    """Balance that twelve instalments leave [currency]: B (1 + r)^12 - A ((1 + r)^12 - 1) / r, 0 if they repay it."""
    rate = loan["annual_rate"] / 12.0
    growth = (1.0 + rate) ** 12
    paid = loan["instalment"] * np.where(rate > 0.0, (growth - 1.0) / np.where(rate > 0.0, rate, 1.0), 12.0)
    left: Array = np.where(loan["remaining_months"] > 12, np.maximum(loan["balance"] * growth - paid, 0.0), 0.0)
    return left
