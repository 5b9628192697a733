"""Credit supply: how far lenders tighten after a rise of their own arrears, found month by month from the past."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from stresslab.engine.lender_parameters import CreditSupply

Array = NDArray[Any]


def tightening(arrears: Array, supply: CreditSupply) -> Array:
    """Part of supply that is withdrawn at the middle score in the month that follows (path, segment).

    arrears (path, month, segment) : of months 0 ... t - 1, over what is expected in an economy that stands still

    The equations are those of `CreditSupply`. Arrears 50 % above the norm at a gain of 2, two months ago and since:

    >>> past = np.array([1.0, 1.5, 1.5]).reshape(1, 3, 1)
    >>> swift = CreditSupply(gain=2.0, months=1, floor=0.0, norm_years=100.0, tightening_monthly=1.0)
    >>> tightening(past, swift).round(2)
    array([[0.63]])
    """
    forgotten = 0.5 ** (1.0 / (12.0 * supply.norm_years))
    start = np.full((arrears.shape[0], 1, arrears.shape[2]), forgotten)
    norm = lfilter([1.0 - forgotten], [1.0, -forgotten], arrears, axis=1, zi=start)[0]
    before = np.concatenate([np.ones_like(norm[:, :1]), norm[:, :-1]], axis=1)
    total = np.cumsum(arrears, axis=1)
    late = total.copy()
    late[:, supply.months :] -= total[:, : -supply.months]
    late /= np.minimum(np.arange(1, arrears.shape[1] + 1), supply.months)[:, None]
    wanted = (1.0 - supply.floor) * -np.expm1(-supply.gain * np.maximum(late / before - 1.0, 0.0))
    now = np.zeros_like(wanted[:, 0])
    for goal in np.moveaxis(wanted, 1, 0):
        now = now + np.where(goal > now, supply.tightening_monthly, supply.easing_monthly) * (goal - now)
    return np.asarray(now)
