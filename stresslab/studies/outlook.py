"""Macroeconomic outlook of an allowance: the unemployment that a lender expects from a month on."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from stresslab.checks import is_number, number_faults, refuse, whole_faults
from stresslab.schema import MACRO
from stresslab.typed import typed

Array = NDArray[Any]
BOUNDS = (
    ("half_life_months", 0.1, 1200.0, "months"),
    ("long_run", 0.0, 0.5, "a decimal: 0.05, not 5"),
    ("added", -0.3, 0.3, "a decimal: 0.02, not 2"),
    ("worst_month", 1, 120, "a month"),
)


@typed
@dataclass(frozen=True)
class Outlook:
    r"""Expected unemployment from a month on; income is expected to grow on its trend.

    Parameters
    ----------
    name : str
        Label along `outlook` of `term_structures`.
    half_life_months : float
        Months in which a departure from the long run halves.
    long_run : float or None
        Unemployment in the long run [1]; None: as at the start of the portfolio.
    added : float
        Departure expected beyond that, at its largest in `worst_month` [1]; 0.02 for an adverse outlook.
    worst_month : int
        Month in which `added` is at its largest.

    Raises
    ------
    InputError
        Names each parameter out of its bounds.

    Notes
    -----
    In h months, with unemployment :math:`u_0` now, long run L, half-life H, added departure a and worst month w,

    .. math:: u(h) = L + (u_0 - L) \, 2^{-h / H} + a \, \frac{h}{w} \, e^{1 - h / w}

    Examples
    --------
    From 9 % towards 5 %, half of the way in each year:

    >>> import stresslab as sl
    >>> sl.Outlook(half_life_months=12, long_run=0.05).path(0.09, 24)[[11, 23]]
    array([0.07, 0.06])
    """

    name: str = "central"
    half_life_months: float = 18.0
    long_run: float | None = None
    added: float = 0.0
    worst_month: int = 12

    def __post_init__(self) -> None:
        faults = []
        for key, low, high, what in BOUNDS:
            value = getattr(self, key)
            if not (key == "long_run" and value is None) and not (is_number(value) and low <= value <= high):
                faults.append(f"{key}: found {value!r}, expected {low:g} to {high:g}; give {what}")
        if not isinstance(self.name, str) or not self.name:
            faults.append(f"name: found {self.name!r}, expected a name; give a label")
        refuse("outlook", faults)

    @typed
    def path(self, now: float, months: int) -> Array:
        """Unemployment expected 1, 2, ... months on.

        Parameters
        ----------
        now : float
            Unemployment at the start [1].
        months : int
            Months ahead.

        Returns
        -------
        numpy.ndarray
            Unemployment (month) [1]; without `long_run` it stays at `now` but for `added`.

        Examples
        --------
        An adverse outlook is at its worst in month 12:

        >>> import stresslab as sl
        >>> sl.Outlook(added=0.02, worst_month=12).path(0.05, 12)[-1].round(6).item()
        0.07
        """
        faults = number_faults("now", now, MACRO["unemployment_rate"].high, "a decimal: 0.05, not 5")
        refuse("Outlook.path", faults + whole_faults("months", months, 1))
        ahead, long_run = np.arange(1, months + 1), now if self.long_run is None else self.long_run
        hump = ahead / self.worst_month * np.exp(1.0 - ahead / self.worst_month)
        gap: Array = (now - long_run) * 0.5 ** (ahead / self.half_life_months)
        return long_run + gap + self.added * hump


def expected_macro(outlook: Outlook, now: float, start: float, trend: float, months: int) -> xr.Dataset:
    """Macro path (month) that an outlook expects from unemployment `now`; `start` is the long run if none is given."""
    long_run = start if outlook.long_run is None else outlook.long_run
    rate = Outlook(**{**asdict(outlook), "long_run": long_run}).path(now, months)
    if rate.min() <= 0.0 or rate.max() > 0.6:
        fault = f"outlook {outlook.name!r}: found unemployment of {rate.min():.3f} to {rate.max():.3f} expected"
        refuse("term_structures", [f"{fault}, expected within 0 and 0.6; give a smaller `added`"])
    values = {"unemployment_rate": ("month", rate), "real_income_growth": ("month", np.full(months, trend))}
    return xr.Dataset(values, {"month": np.arange(1, months + 1)}).assign(real_income_trend=trend)
