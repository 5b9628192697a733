"""Conditions of a month by lender and product: credit supply, contact, contagion, recoveries, responses in force."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from stresslab.engine.kernel.state import DEPTHS, PROGRAMMES

NO_SCORE = -(2**31)
"""Below every score."""


Array = NDArray[Any]


@dataclass(frozen=True)
class Conditions:
    """Conditions of a month: acts of lenders and feedback; arrays (..., segment), neutral values in brackets.

    supply, contact, deferral : share of lines granted, of late payers reached, of payments in need that are deferred
        (those of the macro path)
    tightening : part of supply withdrawn at the middle score (0)
    strategic, recovery : factors on the hazard of choosing not to pay and on that of recovering a claim (1)
    giving_up (..., segment, depth) : factor on the chance of giving up by unpaid due dates (1)
    offers (..., segment, programme) : chance that a late borrower is offered a plan and agrees (0)
    warn_below, freeze_below, full_use : score that raises a warning or bars a line (below any score), share of a line
        that raises one (infinite); watches, freezes : 1 if the lender looks at scores, if a warning bars lines (0)
    """

    supply: Array
    contact: Array
    deferral: Array
    tightening: Array
    strategic: Array
    recovery: Array
    giving_up: Array
    offers: Array
    warn_below: Array
    freeze_below: Array
    full_use: Array
    watches: Array
    freezes: Array

    @classmethod
    def of_macro(cls, supply: Array, contact: Array, deferral: Array) -> Self:
        """Conditions of the macro path alone, without feedback and responses."""
        one, none = np.ones(supply.shape), np.zeros(supply.shape, int)
        low = np.full(supply.shape, NO_SCORE)
        return cls(
            supply, contact, deferral, np.zeros(supply.shape), one, one,
            np.ones((*supply.shape, DEPTHS)), np.zeros((*supply.shape, PROGRAMMES)),
            low, low, np.full(supply.shape, np.inf), none, none,
        )  # fmt: skip

    @classmethod
    def stack(cls, months: list[Self]) -> Self:
        """Months (path, segment) one after another as (path, month, segment)."""
        return cls(*(np.stack([getattr(month, item.name) for month in months], axis=1) for item in fields(cls)))

    def of_month(self, t: int) -> Self:
        """Month t (path, segment) of months (path, month, segment)."""
        return type(self)(*(getattr(self, item.name)[:, t] for item in fields(self)))

    def of_paths(self, paths: slice) -> Self:
        """Some of the paths."""
        return type(self)(*(getattr(self, item.name)[paths] for item in fields(self)))

    @classmethod
    def join(cls, parts: list[Self]) -> Self:
        """Paths after paths."""
        return cls(*(np.concatenate([getattr(part, item.name) for part in parts]) for item in fields(cls)))
