"""A book over the business cycle: its rates by quarter, and how they follow unemployment."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from stresslab.checks import refuse
from stresslab.schema import InputError

Array = NDArray[np.float64]
NEEDS = ("balance", "written_off", "forgiven", "recovered")
CHANGE = 4
"""Quarters over which the change of unemployment is taken."""


def quarterly_rates(result: xr.Dataset) -> xr.Dataset:
    """Charge-offs and arrears of all segments by quarter, as call reports state them.

    result : Dataset of simulate(), months 0 ... 3 quarters or more; months beyond the last whole quarter are left out
    Returns Dataset (path, quarter = 1, 2, ...):
      charge_off_rate [1/year] = 4 x (written off + forgiven - recovered) over the mean balance, which of a month is the
        mean of its two ends; arrears_rate [1]: 30 days past due and more over the balance, at the quarter's end.
    Source: Federal Reserve, Charge-Off and Delinquency Rates on Loans and Leases at Commercial Banks, definitions.
    Raises InputError naming each fault: a variable missing, no whole quarter, several scenarios.

    >>> from stresslab.schema import BUCKETS
    >>> flow, dims = np.array([0.0, 1.0, 1.0, 2.0])[None, :, None], ("path", "month", "segment")
    >>> owed = np.array([90.0, 4, 2, 1, 1, 1, 1, 0])[None, None, None] * np.ones((1, 4, 1, 1))
    >>> book = xr.Dataset({"balance": ((*dims, "bucket"), owed), "written_off": (dims, flow),
    ...     "forgiven": (dims, 0.0 * flow), "recovered": (dims, 0.25 * flow)}, {"bucket": list(BUCKETS)})
    >>> rates = quarterly_rates(book)
    >>> rates["charge_off_rate"].item(), rates["arrears_rate"].item()  # 4 x 3 of 100; 10 of 100
    (0.12, 0.1)
    """
    quarters = (result.sizes.get("month", 1) - 1) // 3
    faults = [f"{name}: missing, expected in the Dataset of simulate()" for name in NEEDS if name not in result]
    if quarters < 1:
        faults.append(f"month: found {result.sizes.get('month', 0)}, expected 4 or more, 0 among them; simulate longer")
    if "scenario" in result.dims:
        faults.append("scenario: found several, expected one; choose with .sel(scenario=...)")
    refuse("quarterly_rates", faults)
    months = slice(0, 3 * quarters + 1)
    balance = result["balance"].sum("segment").transpose("path", "month", "bucket").values[:, months]
    net = (result["written_off"] + result["forgiven"] - result["recovered"]).sum("segment")
    lost = net.transpose("path", "month").values[:, months]
    total = balance.sum(-1)
    mean = (0.5 * (total[:, 1:] + total[:, :-1])).reshape(len(total), quarters, 3).mean(-1)
    rates = {
        "charge_off_rate": 4.0 * lost[:, 1:].reshape(len(total), quarters, 3).sum(-1) / mean,
        "arrears_rate": balance[:, 3::3, 1:].sum(-1) / total[:, 3::3],
    }
    of = ("path", "quarter")
    return xr.Dataset({name: (of, rate) for name, rate in rates.items()}, {"quarter": np.arange(1, quarters + 1)})


def unemployment_response(rate: ArrayLike, unemployment: ArrayLike) -> dict[str, float]:
    """How a rate answers to the level of unemployment and to its change over four quarters.

    rate, unemployment : (quarter) or (path, quarter), decimals, of the same quarters; the first four only give changes
    Returns dict: level, change [1], coefficients of least squares of the rate on both, over all paths; r2 [1] of both;
      r2_level [1] of the level alone. NaN quarters of the rate are left out.
    Raises InputError: shapes that differ, too few quarters, unemployment that is not finite, nothing that varies.

    >>> u = np.array([0.05, 0.05, 0.06, 0.05, 0.05, 0.07, 0.09, 0.06])
    >>> found = unemployment_response(0.01 + 0.5 * u + 1.0 * (u - np.roll(u, 4)), u)
    >>> round(found["level"], 9), round(found["change"], 9), round(found["r2"], 9)
    (0.5, 1.0, 1.0)
    """
    y, u = (np.atleast_2d(np.asarray(values, dtype=np.float64)) for values in (rate, unemployment))
    if y.shape != u.shape or u.ndim != 2 or u.shape[1] < CHANGE + 4:
        expected = f"(quarter) or (path, quarter) with {CHANGE + 4} quarters or more, the same for both"
        found = f"rate, unemployment: found shapes {np.shape(rate)} and {np.shape(unemployment)}"
        raise InputError("unemployment_response", [f"{found}, expected {expected}; give whole histories"])
    change, level, answer = (part[:, CHANGE:].ravel() for part in (u - np.roll(u, CHANGE, axis=1), u, y))
    known = ~np.isnan(answer)
    faults = []
    if not np.isfinite(u).all():
        faults.append("unemployment: found NaN or infinity, expected decimals in every quarter; shorten the history")
    for name, values in (("rate", answer[known]), ("unemployment", level[known])):
        if values.size < 4 or np.ptp(values) == 0.0:
            found = f"{np.unique(values).size} different values in {values.size} quarters"
            faults.append(f"{name}: found {found}, expected some that vary in 4 or more; give a longer history")
    refuse("unemployment_response", faults)
    both, r2 = _least_squares(answer[known], level[known], change[known])
    _, alone = _least_squares(answer[known], level[known])
    return {"level": float(both[1]), "change": float(both[2]), "r2": r2, "r2_level": alone}


def _least_squares(answer: Array, *columns: Array) -> tuple[Array, float]:
    """Coefficients, constant first, and R2."""
    about = np.column_stack([np.ones_like(answer), *columns])
    found = np.asarray(np.linalg.lstsq(about, answer, rcond=None)[0], dtype=np.float64)
    return found, float(1.0 - (answer - about @ found).var() / answer.var())
