"""Charge-off and arrears rates by quarter, and their regression on unemployment."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from stresslab.checks import refuse
from stresslab.measures.result_view import BALANCE, FLOW, Output, labelled, of_the_run, result_faults
from stresslab.noted import noted
from stresslab.typed import typed

Array = NDArray[np.float64]
NEEDS = {"balance": BALANCE, "written_off": FLOW, "forgiven": FLOW, "recovered": FLOW}
CHANGE = 4
"""Quarters over which the change of unemployment is taken."""
OUTPUTS = {
    "charge_off_rate": Output("1/year", "net charge-off rate at an annual rate"),
    "arrears_rate": Output("1", "share of the balance 30 days past due and more at quarter end"),
}


@typed
def quarterly_rates(result: xr.Dataset, first_quarter: str | None = None) -> xr.Dataset:
    r"""Charge-off and arrears rates of all segments by quarter, as call reports state them.

    Parameters
    ----------
    result : xarray.Dataset
        From `simulate`, months 0 to 3 or more, one scenario; months beyond the last whole quarter are left out.
    first_quarter : str or None
        Label of months 1 to 3, "2026Q1"; None: the quarter of the month that follows attrs `as_of`.

    Returns
    -------
    xarray.Dataset
        ===============  =============  ======  ==========================================================
        variable         dims           unit    meaning
        ===============  =============  ======  ==========================================================
        charge_off_rate  path, quarter  1/year  net charge-offs over the mean balance
        arrears_rate     path, quarter  1       30 days past due and more over the balance, at quarter end
        ===============  =============  ======  ==========================================================

        Labels of `quarter` are "2026Q1", "2026Q2", ...; a note says so where months 1 to 3 are no calendar quarter.

    Raises
    ------
    InputError
        Names each fault: a variable missing, no whole quarter, several scenarios, no first quarter.

    Notes
    -----
    With balance :math:`B_t` at the end of month t and :math:`L_t` = written off + forgiven - recovered, in the quarter
    that ends with month t

    .. math:: \mathrm{charge\_off\_rate} = \frac{4 \, (L_{t-2} + L_{t-1} + L_t)}
              {\frac{1}{3} \sum_{s=t-2}^{t} \frac{1}{2} (B_{s-1} + B_s)}

    by the definitions of [1]_.

    References
    ----------
    .. [1] Board of Governors of the Federal Reserve System, Charge-Off and Delinquency Rates on Loans and Leases at
       Commercial Banks, definitions.

    Examples
    --------
    A balance of 100, of which 1 is lost and a quarter of that recovered in month 1 and 2, and 2 in month 3: 4 x 3 of
    100 in a year; 10 of 100 are in arrears.

    >>> import stresslab as sl
    >>> from stresslab.testing import tiny_result
    >>> flows = {"written_off": [[1.0, 1.0, 2.0]], "recovered": [[0.25, 0.25, 0.5]]}
    >>> result = tiny_result({"current": 90.0, "30-59": 10.0}, months=3, **flows)
    >>> rates = sl.quarterly_rates(result, "2026Q1").sel(quarter="2026Q1")
    >>> rates["charge_off_rate"].item(), rates["arrears_rate"].item()
    (0.12, 0.1)
    """
    faults = result_faults(result, "all", NEEDS)
    quarters = (result.sizes.get("month", 4) - 1) // 3
    if quarters < 1:
        faults.append(f"month: found {result.sizes['month']}, expected 4 or more, 0 among them; simulate longer")
    if "scenario" in result.dims:
        faults.append("scenario: found several, expected one; choose with .sel(scenario=...)")
    first = _first_quarter(first_quarter, result.attrs.get("as_of", ""))
    if isinstance(first, str):
        faults.append(first)
    refuse("quarterly_rates", faults)
    months = slice(0, 3 * quarters + 1)
    balance = result["balance"].sum("segment").transpose("path", "month", "bucket").values[:, months]
    net = (result["written_off"] + result["forgiven"] - result["recovered"]).sum("segment")
    loss = net.transpose("path", "month").values[:, months]
    total = balance.sum(-1)
    mean = (0.5 * (total[:, 1:] + total[:, :-1])).reshape(len(total), quarters, 3).mean(-1)
    dims = ("path", "quarter")
    rates = {
        "charge_off_rate": (dims, 4.0 * loss[:, 1:].reshape(len(total), quarters, 3).sum(-1) / mean),
        "arrears_rate": (dims, balance[:, 3::3, 1:].sum(-1) / total[:, 3::3]),
    }
    labels = pd.period_range(pd.Period(first, "Q"), periods=quarters, freq="Q").astype(str)
    out = xr.Dataset(rates, {"quarter": labels.to_numpy(dtype=str)})
    out = labelled(out, OUTPUTS).assign_attrs(of_the_run(result))
    return noted(out, _shifted(first) if first_quarter is None else [])


def _shifted(month: Any) -> list[str]:
    """Note of quarters that begin in another month than those of the calendar; `month` is month 1."""
    if month.month % 3 == 1:
        return []
    return [f"quarter: months 1 to 3 are {month} to {month + 2}, labelled {month.asfreq('Q')}; as_of is no quarter end"]


def _first_quarter(quarter: Any, as_of: Any) -> pd.Period | str:
    """Month 1 of a result, or the quarter given for it; or what is wrong with it."""
    if quarter is not None and re.fullmatch(r"\d{4}Q[1-4]", str(quarter)):
        return pd.Period(str(quarter), freq="Q")
    if quarter is None and re.match(r"\d{4}-(0[1-9]|1[0-2])", str(as_of)):
        return pd.Period(str(as_of)[:7], freq="M") + 1
    where = f"{quarter!r}" if quarter is not None else f"none, and attrs as_of {as_of!r}"
    return f"first_quarter: found {where}, expected a quarter; give '2026Q1'"


@typed
def unemployment_response(rate: ArrayLike, unemployment: ArrayLike) -> dict[str, float]:
    r"""Regression of a rate on the level of unemployment and on its change over four quarters.

    Parameters
    ----------
    rate : array_like
        (quarter) or (path, quarter), decimals; NaN quarters are left out.
    unemployment : array_like
        Of the same quarters and shape, decimals; the first four only give changes.

    Returns
    -------
    dict of str to float
        ========  ====  ==============================================
        key       unit  meaning
        ========  ====  ==============================================
        level     1     coefficient of unemployment
        change    1     coefficient of its change over four quarters
        r2        1     share of variance explained by both
        r2_level  1     share of variance explained by the level alone
        ========  ====  ==============================================

        Ordinary least squares with a constant, over all paths.

    Raises
    ------
    InputError
        Names each fault: shapes that differ, too few quarters, unemployment that is not finite, nothing that varies.

    Notes
    -----
    .. math:: y_q = a + b \, u_q + c \, (u_q - u_{q-4}) + e_q

    Examples
    --------
    A rate that was made with b = 0.5 and c = 1:

    >>> import numpy as np
    >>> import stresslab as sl
    >>> u = np.array([0.05, 0.05, 0.06, 0.05, 0.05, 0.07, 0.09, 0.06])
    >>> fit = sl.unemployment_response(0.01 + 0.5 * u + 1.0 * (u - np.roll(u, 4)), u)
    >>> round(fit["level"], 9), round(fit["change"], 9), round(fit["r2"], 9)
    (0.5, 1.0, 1.0)
    """
    y, u = (np.atleast_2d(np.asarray(values, dtype=np.float64)) for values in (rate, unemployment))
    if y.shape != u.shape or u.ndim != 2 or u.shape[1] < CHANGE + 4:
        expected = f"(quarter) or (path, quarter) with {CHANGE + 4} quarters or more, the same for both"
        shapes = f"rate, unemployment: found shapes {np.shape(rate)} and {np.shape(unemployment)}"
        refuse("unemployment_response", [f"{shapes}, expected {expected}; give whole histories"])
    change, level, answer = (part[:, CHANGE:].ravel() for part in (u - np.roll(u, CHANGE, axis=1), u, y))
    known = ~np.isnan(answer)
    faults = []
    if not np.isfinite(u).all():
        faults.append("unemployment: found NaN or infinity, expected decimals in every quarter; shorten the history")
    for name, values in (("rate", answer[known]), ("unemployment", level[known])):
        if values.size < 4 or np.ptp(values) == 0.0:
            distinct = f"{np.unique(values).size} different values in {values.size} quarters"
            faults.append(f"{name}: found {distinct}, expected some that vary in 4 or more; give a longer history")
    refuse("unemployment_response", faults)
    both, r2 = _least_squares(answer[known], level[known], change[known])
    _, r2_level = _least_squares(answer[known], level[known])
    return {"level": float(both[1]), "change": float(both[2]), "r2": r2, "r2_level": r2_level}


def _least_squares(answer: Array, *columns: Array) -> tuple[Array, float]:
    """Coefficients, constant first, and R2."""
    regressors = np.column_stack([np.ones_like(answer), *columns])
    fit = np.asarray(np.linalg.lstsq(regressors, answer, rcond=None)[0], dtype=np.float64)
    return fit, float(1.0 - (answer - regressors @ fit).var() / answer.var())
