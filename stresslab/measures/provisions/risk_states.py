"""Risk states (cells) of loans for an allowance: the bucket, and for current loans the fall of their score."""

from __future__ import annotations

import numpy as np
import xarray as xr

from stresslab.schema import BUCKETS, DEFAULTED

GRADE_BELOW = (0, 20, 40)
"""Points of the score below the application's at which the grades of current loans begin."""
CURRENT = ("current_risen", "current", "current_fallen", "current_far_fallen")
"""Grades of current loans that are not watched, by the fall of their score since origination."""
WATCHED, UNDRAWN = "watched", "undrawn"
CELLS = (*CURRENT, WATCHED, *BUCKETS[1:], UNDRAWN)
"""All cells: current loans by grade, those whose score the lender watches, buckets in arrears, undrawn limits."""
FIRST_DEFAULTED = CELLS.index("90-119")
AT_GRANT = CELLS.index("current")
"""The grade of a loan whose score is what it was when it was granted."""

FORBORNE, FORBORNE_LATE = "forborne", "forborne_after_default"
BOOK_CELLS = ("current", WATCHED, *BUCKETS[1:], FORBORNE, FORBORNE_LATE, UNDRAWN)
"""Cells whose balances are in a result: grades together, and loans in the probation of a plan apart."""


def book_cells(view: xr.Dataset) -> np.ndarray:
    """Balances (path, month, segment, book cell) of a result, `scenario` not among its dimensions.

    Stage 1 is current and not watched. Stage 3 less the buckets from 90 days on is in plans that began after 90 days;
    the other plans stand in stage 2, and what is left of it, less the buckets 30-59 and 60-89, is watched.
    """
    order = ("path", "month", "segment")
    bucket = view["balance"].transpose(*order, "bucket").values
    stage = view["stage_balance"].transpose(*order, "stage").values
    late = stage[..., 2] - bucket[..., DEFAULTED].sum(-1)
    early = view["forborne_balance"].transpose(*order).values - late
    watched = stage[..., 1] - bucket[..., 1:3].sum(-1) - early
    undrawn = view["undrawn_limit"].transpose(*order).values
    beside = [stage[..., 0], watched, *np.moveaxis(bucket[..., 1:], -1, 0), early, late, undrawn]
    return np.stack([np.round(part, 2) for part in beside], axis=-1)
