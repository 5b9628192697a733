"""Memory that a run allocates at its peak, from its sizes; `benchmarks/memory.py` holds it against what is used."""

from __future__ import annotations

import os
from typing import NamedTuple

from stresslab.engine.kernel.state import BORROWER, LENDER, LOAN, MONTH, SUMS
from stresslab.engine.mean_field import GROUPS
from stresslab.engine.run import IN_STEP
from stresslab.resources import refuse_memory

RESULT = 306
"""Bytes of a result for each path, month and segment, and of its file."""
LABELLED = 200
"""Bytes beside the kernel's sums while they are labelled, for each path, month and segment."""
PASSING = 90
"""Further bytes at that time that are gone when they are labelled."""
LAYOUT = 200
"""Bytes for each loan while a portfolio is laid out in blocks, its borrowers included."""
KEPT = 100
"""Bytes for each loan and month end of a panel, while they are put together."""
FEWER = "simulate fewer paths at a time and put the results together by sl.join, or shorten the horizon"


class Sizes(NamedTuple):
    """Sizes of a simulation; `several`: along `scenario`, whose parts are then put together."""

    scenarios: int
    paths: int
    months: int
    segments: int
    several: bool = False

    @property
    def cells(self) -> float:
        """Paths, months and segments of all scenarios."""
        return float(self.scenarios) * self.paths * (self.months + 1) * self.segments


def of_result(sizes: Sizes) -> float:
    """Bytes of a result."""
    return RESULT * sizes.cells


def of_run(sizes: Sizes) -> float:
    """Bytes of a run: the kernel's sums, their labels, and all scenarios once more where they are put together."""
    each = SUMS.itemsize + LABELLED + (RESULT if sizes.several else PASSING)
    return each * sizes.cells + (MONTH.itemsize + LENDER.itemsize) * sizes.paths * sizes.months


def of_feedback(sizes: Sizes, blocks: float, slots: float, threads: int | None) -> float:
    """Bytes of a sample simulated in step, with and without feedback: its records, and its sums by group.

    blocks, slots : of the sample
    """
    state, workers = blocks * BORROWER.itemsize + slots * LOAN.itemsize, threads or os.cpu_count() or 1
    each = max(1, min(int(IN_STEP // max(state, 1)), -(-sizes.paths // workers)))
    return min(workers, sizes.paths) * each * state + 2 * GROUPS * SUMS.itemsize * sizes.cells / sizes.scenarios


def refuse_run(subject: str, needed: float) -> None:
    """InputError if a run needs more memory than there is."""
    refuse_memory(subject, needed, FEWER)


def refuse_panel(loans: int, months: int) -> None:
    """InputError if there is not enough memory to keep all loans at some month ends."""
    refuse_memory("panel", KEPT * loans * months, "keep fewer months by months=, or follow some borrowers by trace=")


def refuse_layout(loans: int) -> None:
    """InputError if there is not enough memory to lay a portfolio out in blocks."""
    refuse_memory("portfolio", LAYOUT * loans, "simulate a part of its borrowers at a time")
