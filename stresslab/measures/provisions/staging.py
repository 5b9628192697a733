"""Staging under IFRS 9: the rule that puts a loan into stage 2 (significant increase in credit risk, SICR) or 3."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stresslab.measures.provisions.regimes import IFRS9
from stresslab.measures.provisions.risk_states import AT_GRANT, CELLS, CURRENT, FIRST_DEFAULTED, UNDRAWN, WATCHED

Array = NDArray[Any]


def in_stage_2(pd: Array, share: Array, rules: IFRS9, life: Array) -> Array:
    """Share of each cell (draw, point, segment, cell) that is in stage 2: its credit risk has increased significantly.

    pd (draw, point, segment, cell, ahead) : probability of default by month ahead
    share (draw, point, segment, grade) : of current balances in each grade
    life (segment) : months ahead that count
    A loan that is not in default is in stage 2 if any of these holds (IFRS 9 5.5.3, 5.5.9, 5.5.11, B5.5.17):
    1. its lifetime PD is far above that at origination, see `lifetime_pd_has_risen`;
    2. it is `rules.past_due_days` or more past due;
    3. `rules.score` and the lender watches its score: in that month it was `sicr_drop` points below that of the
       application. The engine decides this loan by loan (parameter `scoring.sicr_drop`; `engine/kernel/monitoring.py`,
       in plain Python `reference.run.stage_of`) and reports it in `stage_balance`, from which `risk_states.book_cells`
       takes the cell "watched";
    4. it is in the probation of a plan that began before 90 days past due: always, see `expected_loss.ifrs9_rates`.
    Undrawn limits follow the grades of current loans.
    """
    late = np.zeros(len(CELLS), bool)
    late[CELLS.index("30-59") if rules.past_due_days == 30 else CELLS.index("60-89") : FIRST_DEFAULTED] = True
    watched = rules.score & (np.arange(len(CELLS)) == CELLS.index(WATCHED))
    moved = np.where(in_stage_3(), 0.0, lifetime_pd_has_risen(pd, rules, life) | late | watched)
    moved[..., CELLS.index(UNDRAWN)] = (share * moved[..., : len(CURRENT)]).sum(-1)
    return moved


def lifetime_pd_has_risen(pd: Array, rules: IFRS9, life: Array) -> Array:
    """Cells (draw, point, segment, cell) whose lifetime PD is far above that at origination (5.5.9).

    Origination is the start of the portfolio, for loans whose score is what it was when they were granted.
    """
    within = np.arange(pd.shape[-1]) <= life[:, None]
    now = (pd * within[:, None, :]).sum(-1)
    then = now[:, :1, :, AT_GRANT : AT_GRANT + 1]
    relative = (now >= rules.relative * then) & (now - then >= rules.absolute)
    risen: Array = (relative | (now >= rules.backstop * then)) & (then > 0)
    return risen


def in_stage_3() -> Array:
    """Cells in default: 90 or more days past due (IFRS 9 B5.5.37)."""
    number = np.arange(len(CELLS))
    defaulted: Array = (number >= FIRST_DEFAULTED) & (number != CELLS.index(UNDRAWN))
    return defaulted
