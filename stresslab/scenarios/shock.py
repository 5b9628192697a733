"""A hypothetical recession from three numbers: its peak, the months to it, the months of recovery."""

from __future__ import annotations

import re

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from stresslab.checks import LONGEST, refuse, whole_faults
from stresslab.noted import noted
from stresslab.scenarios.library import as_history, monthly_dataset
from stresslab.schema import MACRO, InputError
from stresslab.typed import typed

INCOME_FALL_PER_POINT = 0.75
"""Fall of real income below normal over the rise of unemployment, both at their worst, in the Federal Reserve's 2026
scenarios (severely adverse against baseline): 4.1 % against 5.5 points."""


@typed
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
    r"""Hypothetical recession: unemployment rises to a peak and recovers, real income falls behind and catches up.

    Parameters
    ----------
    peak, start : float
        Unemployment rate [1] at its worst, and before the shock.
    months_to_peak : int
        Months from the start to the peak; 1 is at once.
    recovery_months : float
        Months from the peak back to the start; `numpy.inf` for no recovery.
    months : int
        Length of the path [month]; it may end before the recovery does.
    income_fall : float or None
        How far real income lies below its trend at the peak [1]. None: 0.75 per point of unemployment, as in the
        Federal Reserve's 2026 scenarios.
    trend : float
        Normal growth of real income [1/year].
    inflation, policy_rate : float
        Held flat [1/year]; the defaults are those of `china-baseline`.
    first_month : str
        Calendar month of month 1.

    Returns
    -------
    xarray.Dataset
        ==================  =====  ======  =============================================
        variable            dims   unit    meaning
        ==================  =====  ======  =============================================
        unemployment_rate   month  1       unemployed over labour force
        real_income_growth  month  1/year  growth of real disposable income, annual rate
        inflation           month  1/year  consumer price inflation, annual rate
        policy_rate         month  1/year  short-term interest rate
        ==================  =====  ======  =============================================

        attrs as those of `scenario`. GDP is left out, as nothing in the arguments determines it.

    Raises
    ------
    InputError
        Names every argument out of bounds.

    Notes
    -----
    With the depth :math:`h_t` of the shock in month :math:`t`, months :math:`P` to the peak, :math:`R` of recovery,

    .. math::

       h_t &= \tfrac12 \left(1 - \cos \frac{\pi t}{P}\right) \quad (t \le P), \qquad
       h_t = \tfrac12 \left(1 + \cos \frac{\pi (t - P)}{R}\right) \quad (P < t \le P + R),
       \qquad h_t = 0 \quad (t > P + R), \\
       \mathrm{unemployment}_t &= \mathrm{start} + (\mathrm{peak} - \mathrm{start}) \, h_t, \\
       \mathrm{real\ income}_t &= (1 + \mathrm{trend})^{t/12} \, (1 - \mathrm{income\_fall} \; h_t).

    Examples
    --------
    Two months up from 6 % to 12 % and two months back; half of a cosine is halfway after one month.

    >>> import stresslab as sl
    >>> macro = sl.shock_scenario(0.12, start=0.06, months_to_peak=2, recovery_months=2, months=5)
    >>> macro["unemployment_rate"].values
    array([0.09, 0.12, 0.09, 0.06, 0.06])
    """
    rates = {"peak": peak, "start": start, "trend": trend, "inflation": inflation, "policy_rate": policy_rate}
    faults = _rate_faults(rates if income_fall is None else rates | {"income_fall": income_fall})
    refuse("shock_scenario", faults + _time_faults(months_to_peak, recovery_months, months, first_month))
    fall = INCOME_FALL_PER_POINT * (peak - start) if income_fall is None else income_fall
    said = [f"income_fall: {fall:.4g} by default, {INCOME_FALL_PER_POINT:g} times the rise of unemployment"]
    depth = _shape(np.arange(months + 1), months_to_peak, recovery_months)
    level = 1 - fall * depth
    values = {
        "unemployment_rate": start + (peak - start) * depth[1:],
        "real_income_growth": _growth(level, trend),
        "inflation": np.full(months, inflation),
        "policy_rate": np.full(months, policy_rate),
    }
    history = (
        f"peak {peak}, start {start}, months_to_peak {months_to_peak}, recovery_months {recovery_months}, "
        f"income_fall {fall}"
    )
    attrs = {
        "name": f"shock to {100 * peak:g} % in {months_to_peak} months",
        "publisher": "stresslab, shock_scenario",
        "published": "",
        "address": "",
        "frequency": "monthly",
        "start": first_month,
        "history": as_history([history]),
    }
    return noted(monthly_dataset(values, attrs, trend), said if income_fall is None else [])


def _shape(month: NDArray[np.int_], rise: int, recovery: float) -> NDArray[np.float64]:
    """Depth of the shock (0 before, 1 at the peak) by month."""
    up = np.clip(month / rise, 0, 1)
    down = np.clip((month - rise) / recovery, 0, 1)
    return np.asarray((1 - np.cos(np.pi * up)) / 2 * (1 + np.cos(np.pi * down)) / 2)


def _growth(level: NDArray[np.float64], trend: float) -> NDArray[np.float64]:
    """Growth of real income [1/year] from its monthly level over trend; refuses a fall too deep for its months."""
    growth = (1 + trend) * (level[1:] / level[:-1]) ** 12 - 1
    bounds = MACRO["real_income_growth"]
    if growth.min() < bounds.low or growth.max() > bounds.high:
        found = f"found income growth of {growth.min():.2f} to {growth.max():.2f} [1/year]"
        expected = f"expected {bounds.low} to {bounds.high}"
        advice = "lower income_fall or raise months_to_peak and recovery_months"
        raise InputError("shock_scenario", [f"income_fall: {found}, {expected}; {advice}"])
    return growth


def _rate_faults(rates: dict[str, float]) -> list[str]:
    """Faults of rates out of bounds."""
    variables = {"peak": "unemployment_rate", "start": "unemployment_rate"}
    variables |= {name: name for name in ("inflation", "policy_rate")}
    bounds = {"income_fall": (0.0, 0.95), "trend": (-0.5, 0.5)}
    bounds |= {name: (MACRO[variable].low, MACRO[variable].high) for name, variable in variables.items()}
    faults = [
        f"{name}: found {rates[name]:g}, expected {low:g} to {high:g}; a rate is a decimal: 0.06, not 6"
        for name, (low, high) in bounds.items()
        if name in rates and not low <= rates[name] <= high
    ]
    if not faults and rates["peak"] < rates["start"]:
        faults.append(f"peak: found {rates['peak']:g}, expected at least start, {rates['start']:g}; raise peak")
    return faults


def _time_faults(rise: int, recovery: float, months: int, first_month: str) -> list[str]:
    """Faults of times out of bounds."""
    faults = whole_faults("months_to_peak", rise, 1, LONGEST) + whole_faults("months", months, 1, LONGEST)
    if not recovery >= 1:
        faults.append(f"recovery_months: found {recovery}, expected 1 or more; give np.inf for no recovery")
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", first_month):
        faults.append(f"first_month: found {first_month!r}, expected a month; write it as '2026-01'")
    return faults
