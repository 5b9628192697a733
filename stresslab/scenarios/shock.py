"""A made-up recession from three numbers: how high, how fast, how long."""

from __future__ import annotations

import re

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from stresslab.scenarios.library import build
from stresslab.schema import MACRO, InputError

INCOME_FALL_PER_POINT = 0.75
"""Fall of real income below normal over the rise of unemployment, both at their worst, in the Federal Reserve's 2026
scenarios (severely adverse against baseline): 4.1 % against 5.5 points."""


def shock_scenario(
    peak: float,
    *,
    start: float = 0.052,
    months_to_peak: int = 9,
    recovery_months: float = 36,
    months: int = 36,
    income_fall: float | None = None,
    trend: float = 0.05,
    inflation: float = 0.005,
    policy_rate: float = 0.015,
    first_month: str = "2026-01",
) -> xr.Dataset:
    """Unemployment that rises to a peak and comes back, and real income that falls behind and catches up.

    peak, start : unemployment [1] at its worst and before the shock
    months_to_peak : months from the start to the peak; 1 is at once
    recovery_months : months from the peak back to the start; np.inf never comes back
    months : length of the path [month]; it may end before the recovery does
    income_fall : how far real income lies below its trend at the peak [1]; None: 0.75 per point of unemployment, as in
        the Federal Reserve's 2026 scenarios
    trend : normal growth of real income [1/year]
    inflation, policy_rate : held flat [1/year]; the defaults are those of `china-baseline`
    first_month : calendar month of month 1
    Returns Dataset (month): unemployment_rate, real_income_growth, inflation, policy_rate, attrs as `scenario()`. GDP
    is left out: nothing here says what it would be.
    With h = (1 - cos(pi t / months_to_peak)) / 2 in month t up to the peak, (1 + cos(pi s / recovery_months)) / 2 in
    the s-th month after it, and 0 once recovered: unemployment = start + (peak - start) h, and
    real income = (1 + trend)^(t/12) (1 - income_fall h).
    Raises InputError naming every argument out of bounds.

    >>> shock_scenario(0.12, start=0.06, months_to_peak=2, recovery_months=2, months=5).unemployment_rate.values
    array([0.09, 0.12, 0.09, 0.06, 0.06])
    """
    fall = INCOME_FALL_PER_POINT * (peak - start) if income_fall is None else income_fall
    rates = {"peak": peak, "start": start, "income_fall": fall, "trend": trend}
    faults = _rate_faults(rates | {"inflation": inflation, "policy_rate": policy_rate})
    faults += _time_faults(months_to_peak, recovery_months, months, first_month)
    if faults:
        raise InputError("shock", faults)
    depth = _shape(np.arange(months + 1), months_to_peak, recovery_months)
    level = 1 - fall * depth
    values = {
        "unemployment_rate": start + (peak - start) * depth[1:],
        "real_income_growth": _growth(level, trend),
        "inflation": np.full(months, inflation),
        "policy_rate": np.full(months, policy_rate),
    }
    attrs: dict[str, str | float] = {
        "name": f"shock to {100 * peak:g} % in {months_to_peak} months",
        "publisher": "stresslab, shock_scenario",
        "published": "",
        "address": "",
        "frequency": "monthly",
        "start": first_month,
        "real_income_trend": float(trend),
        "history": f"peak {peak}, start {start}, months_to_peak {months_to_peak}, recovery_months {recovery_months}, "
        f"income_fall {fall}",
    }
    return build(values, attrs)


def _shape(month: NDArray[np.int_], rise: int, recovery: float) -> NDArray[np.float64]:
    """Depth of the shock [0 before, 1 at the peak] by month."""
    up = np.clip(month / rise, 0, 1)
    down = np.clip((month - rise) / recovery, 0, 1)
    return np.asarray((1 - np.cos(np.pi * up)) / 2 * (1 + np.cos(np.pi * down)) / 2)


def _growth(level: NDArray[np.float64], trend: float) -> NDArray[np.float64]:
    """Growth of real income [1/year] from its monthly level over trend; refuses a fall too deep for its months."""
    growth = (1 + trend) * (level[1:] / level[:-1]) ** 12 - 1
    bounds = MACRO["real_income_growth"]
    if growth.min() < bounds.low or growth.max() > bounds.high:
        swing = f"{growth.min():.2f} to {growth.max():.2f}"
        expected = f"{bounds.low} to {bounds.high}; lower it or give it more months"
        raise InputError("shock", [f"income_fall: found income growth of {swing} [1/year], expected {expected}"])
    return growth


def _rate_faults(rates: dict[str, float]) -> list[str]:
    """Rates out of bounds; empty if there are none."""
    jobless, prices, policy = MACRO["unemployment_rate"], MACRO["inflation"], MACRO["policy_rate"]
    bounds = {
        "peak": (jobless.low, jobless.high),
        "start": (jobless.low, jobless.high),
        "income_fall": (0.0, 0.95),
        "trend": (-0.5, 0.5),
        "inflation": (prices.low, prices.high),
        "policy_rate": (policy.low, policy.high),
    }
    faults = [
        f"{name}: found {rates[name]:g}, expected {low:g} to {high:g}; a rate is a decimal: 0.06, not 6"
        for name, (low, high) in bounds.items()
        if not low <= rates[name] <= high
    ]
    if rates["peak"] < rates["start"]:
        faults.append(f"peak: found {rates['peak']:g}, expected at least the start, {rates['start']:g}; raise it")
    return faults


def _time_faults(rise: int, recovery: float, months: int, first_month: str) -> list[str]:
    """Times out of bounds; empty if there are none."""
    faults = []
    for name, count in (("months_to_peak", rise), ("months", months)):
        if isinstance(count, bool) or not isinstance(count, int | np.integer) or not 1 <= count <= 1200:
            faults.append(f"{name}: found {count!r}, expected a whole number of months, 1 to 1200")
    if not recovery >= 1:
        faults.append(f"recovery_months: found {recovery}, expected 1 or more; np.inf for never")
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", first_month):
        faults.append(f"first_month: found {first_month!r}, expected a month as in '2026-01'")
    return faults
