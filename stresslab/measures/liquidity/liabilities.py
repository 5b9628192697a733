"""Liabilities of a lender by month and path: outstanding, falling due, renewed, repaid, bearing interest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from stresslab.measures.estimators import Array
from stresslab.measures.liquidity.funding import Borrowing, Funding, RollOver, Securitisation
from stresslab.measures.liquidity.on_balance_sheet import seen, tripped

HORIZONS = (1, 5, 11)
"""Months ahead by which what is owed is told apart: 30 days for the LCR, less than 6 and 12 months for the NSFR."""

TIER2_YEARS = 5
"""Tier 2 counts in full until five years before it matures, then a fifth less each year (CAP10.11; unconfirmed)."""


@dataclass(frozen=True)
class Owed:
    """One kind of debt; arrays (..., path, month), months 0 ... T [currency].

    outstanding : at month end
    repaid, interest : in the month, 0 in month 0
    due : due within 1, 5, 11 months after the month end, by contract (an axis before the others)
    """

    kind: str
    outstanding: Array
    repaid: Array
    interest: Array
    due: Array


def liabilities(part: xr.Dataset, funding: Funding) -> list[Owed]:
    """Every borrowing and pool of notes of a funding of a lender with the own part `part`; see `funding_faults`."""
    owed = [_borrowing(part, borrowing) for borrowing in funding.borrowings]
    return owed + [_notes(part, pool) for pool in funding.securitisations]


def _shape(part: xr.Dataset) -> tuple[int, ...]:
    """Sizes of (..., path, month)."""
    shape: tuple[int, ...] = part["balance"].sum(["segment", "bucket"]).transpose(..., "path", "month").shape
    return shape


def renewed_share(part: xr.Dataset, rollover: float | RollOver) -> Array:
    """Share of what falls due that is renewed (..., path, month) [1]; see RollOver."""
    shape = _shape(part)
    if not isinstance(rollover, RollOver):
        return np.full(shape, float(rollover))
    fall = np.zeros(shape)
    for name, sensitivity, normal in (
        ("arrears_30", rollover.arrears_sensitivity, rollover.normal_arrears),
        ("annual_loss", rollover.loss_sensitivity, rollover.normal_loss),
    ):
        level = seen(part, name, 3)
        first = min(int(name == "annual_loss"), level.shape[-1] - 1)  # no loss is seen before month 1
        above = level - (level[..., first, None] if normal is None else normal)
        fall += sensitivity * np.maximum(above, 0.0)
    share = rollover.base * np.exp(-fall)
    return np.concatenate([share[..., :1], share[..., :-1]], axis=-1)  # what is seen in a month acts in the next


def _borrowing(part: xr.Dataset, borrowing: Borrowing) -> Owed:
    """A ladder whose renewed part falls due again after its tenor."""
    share = renewed_share(part, borrowing.rollover)
    last = share.shape[-1] - 1
    amounts = np.array(tuple(borrowing.maturing), dtype=np.float64)
    length = max(amounts.size, last + (borrowing.tenor_months or 0), last + max(HORIZONS)) + 1
    ladder = np.zeros((*share.shape[:-1], length))
    ladder[..., 1 : amounts.size + 1] = amounts
    beyond = np.zeros(share.shape[:-1])
    outstanding, repaid, due = np.zeros(share.shape), np.zeros(share.shape), np.zeros((len(HORIZONS), *share.shape))
    for month in range(last + 1):
        if month:
            falling = ladder[..., month]
            renewed = falling * share[..., month]
            repaid[..., month] = falling - renewed
            if borrowing.tenor_months is None:
                beyond += renewed
            else:
                ladder[..., month + borrowing.tenor_months] += renewed
        outstanding[..., month] = ladder[..., month + 1 :].sum(-1) + beyond
        for place, ahead in enumerate(HORIZONS):
            due[place, ..., month] = ladder[..., month + 1 : month + 1 + ahead].sum(-1)
    return Owed(borrowing.kind, outstanding, repaid, _interest(part, outstanding, borrowing), due)


def tier2(part: xr.Dataset, funding: Funding) -> Array:
    """Subordinated debt that counts as Tier 2 (..., path, month) [currency]: a fifth for each year to run, at most all.

    Renewed subordinated debt counts by its new tenor; without one, in full.
    """
    counted = np.zeros(_shape(part))
    for borrowing in funding.borrowings:
        if borrowing.kind != "subordinated":
            continue
        whole = _borrowing(part, borrowing)
        months = counted.shape[-1]
        amounts = np.array(tuple(borrowing.maturing), dtype=np.float64)
        left = np.arange(1, amounts.size + 1)[None, :] - np.arange(months)[:, None]
        weight = np.minimum(np.ceil(np.maximum(left, 0) / 12.0) / TIER2_YEARS, 1.0)
        scheduled = (amounts * (left > 0)).sum(-1)
        again = (
            1.0 if borrowing.tenor_months is None else min(1.0, np.ceil(borrowing.tenor_months / 12.0) / TIER2_YEARS)
        )
        counted += (amounts * weight).sum(-1) + again * (whole.outstanding - scheduled)
    return counted


def _notes(part: xr.Dataset, pool: Securitisation) -> Owed:
    """Notes that revolve, and then are repaid in order from the principal that the pool's customers pay."""
    early = tripped(part, pool.early)
    months = np.arange(early.shape[-1])
    amortising = early | (months > pool.revolving_months)
    flows = (part["paid"] + part["recovered"] - part["interest"] - part["fees"]).sum("segment")
    principal = pool.pool_share * np.maximum(flows.transpose(..., "path", "month").values, 0.0)
    left = np.broadcast_to(np.array([amount for amount, _ in pool.notes]), (*early.shape[:-1], len(pool.notes))).copy()
    rates = np.array([rate for _, rate in pool.notes])
    outstanding, repaid, interest = (np.zeros(early.shape) for _ in range(3))
    outstanding[..., 0] = left.sum(-1)
    for month in months[1:]:
        interest[..., month] = (left * rates).sum(-1) / 12.0
        cash = np.where(amortising[..., month], principal[..., month], 0.0)
        for place in range(len(pool.notes)):
            paid = np.minimum(left[..., place], cash)
            left[..., place] -= paid
            cash = cash - paid
        outstanding[..., month] = left.sum(-1)
        repaid[..., month] = outstanding[..., month - 1] - outstanding[..., month]
    due = np.stack([_notes_due(outstanding, principal, amortising, pool, ahead) for ahead in HORIZONS])
    return Owed("abs", outstanding, repaid, interest, due)


def _notes_due(
    outstanding: Array, principal: Array, amortising: NDArray[np.bool_], pool: Securitisation, ahead: int
) -> Array:
    """Principal expected within so many months: the last month's collections in each month of amortisation."""
    months = np.arange(outstanding.shape[-1])
    until = np.maximum(pool.revolving_months - months, 0)
    count = np.where(amortising, ahead, np.maximum(ahead - until, 0))
    pace = principal.copy()
    pace[..., 0] = principal[..., min(1, principal.shape[-1] - 1)]  # month 0 has no collections yet
    return np.asarray(np.minimum(outstanding, count * pace))


def _interest(part: xr.Dataset, outstanding: Array, borrowing: Borrowing) -> Array:
    """A twelfth of the month's rate on what was owed a month before; 0 in month 0."""
    rate = np.full(outstanding.shape[-1], borrowing.annual_rate)
    if borrowing.pass_through > 0.0:
        policy = part["policy_rate"].transpose(..., "path", "month").values
        first = policy[..., min(1, policy.shape[-1] - 1), None]
        rate = np.maximum(borrowing.annual_rate + borrowing.pass_through * (policy - first), 0.0)
    interest = np.zeros_like(outstanding)
    interest[..., 1:] = outstanding[..., :-1] * rate[..., 1:] / 12.0
    return interest
