"""Conditions of a month by lender: credit supply, contact, contagion, recoveries and the responses in force."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from stresslab.engine.kernel import state as at

NO_SCORE = -(2**31)
"""Below every score."""


Array = NDArray[Any]


@dataclass(frozen=True)
class Conditions:
    """Conditions of a month: acts of lenders and feedback; arrays (..., lender), neutral values in brackets.

    supply, contact : share of lines granted and of late payers reached (that of the macro path)
    strategic, recovery : factors on the hazard of choosing not to pay and on that of recovering a claim (1)
    giving_up (..., lender, depth) : factor on the chance of giving up by unpaid due dates (1)
    offers (..., lender, programme) : chance that a late borrower is offered a plan and agrees (0)
    warn_below, freeze_below, full_use : score that raises a warning or bars a line (below any score), share of a line
        that raises one (infinite); freezes : lines are barred by a warning (1), not (0), scores not used (-1)
    """

    supply: Array
    contact: Array
    strategic: Array
    recovery: Array
    giving_up: Array
    offers: Array
    warn_below: Array
    freeze_below: Array
    full_use: Array
    freezes: Array

    @classmethod
    def of_macro(cls, supply: Array, contact: Array) -> Self:
        """Conditions of the macro path alone, without feedback and responses."""
        one = np.ones(supply.shape)
        low = np.full(supply.shape, NO_SCORE)
        return cls(
            supply, contact, one, one, np.ones((*supply.shape, at.DEPTHS)), np.zeros((*supply.shape, at.PROGRAMMES)),
            low, low, np.full(supply.shape, np.inf), np.full(supply.shape, -1),
        )  # fmt: skip

    @classmethod
    def stack(cls, months: list[Self]) -> Self:
        """Months (path, lender) one after another as (path, month, lender)."""
        return cls(*(np.stack([getattr(one, item.name) for one in months], axis=1) for item in fields(cls)))

    @classmethod
    def join(cls, parts: list[Self]) -> Self:
        """Paths after paths."""
        return cls(*(np.concatenate([getattr(one, item.name) for one in parts]) for item in fields(cls)))
