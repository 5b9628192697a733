"""Early-warning quality: hit rate, precision and lead time of the flags raised before loans fell into arrears."""

from __future__ import annotations

import numpy as np
import xarray as xr

from stresslab.checks import refuse
from stresslab.measures.estimators import jackknife
from stresslab.measures.result_view import FLOW, Output, described, result_faults, select
from stresslab.typed import typed

EVENTS = ("flagged", "warned", "false_alarms", "lead_months")
NEEDS = {**{name: FLOW for name in EVENTS}, "entries_to_arrears": (*FLOW, "cause")}
OUTPUTS = {
    "hit_rate": Output("1", "entries to arrears that had been flagged over all of them"),
    "precision": Output("1", "flags followed by arrears over flags decided"),
    "lead_months": Output("month", "months from the flag to the missed payment, mean over hits"),
    "flagged": Output("number", "number of flags raised, mean over paths"),
}


@typed
def warning_quality(result: xr.Dataset, *, lender: str = "own") -> xr.Dataset:
    r"""Hit rate, precision and lead time of an early warning, with standard errors over paths.

    Parameters
    ----------
    result : xarray.Dataset
        From `simulate` with `sl.actions.EarlyWarning` among its responses.
    lender : str
        "own" (attrs `own_lender`), who alone warns; "all": its warnings against the arrears of all lenders; or a name.

    Returns
    -------
    xarray.Dataset
        ===========  ====  ======  ==========================================================
        variable     dims  unit    meaning
        ===========  ====  ======  ==========================================================
        hit_rate           1       entries to arrears that had been flagged over all of them
        precision          1       flags followed by arrears over flags decided
        lead_months        month   months from the flag to the missed payment, mean over hits
        flagged            number  number of flags raised, mean over paths
        ===========  ====  ======  ==========================================================

        Each with its standard error `_se`, NaN with one path; along `scenario` if the result has it.

    Raises
    ------
    InputError
        Names each fault: a variable missing, negative or not finite, an unknown lender.

    Notes
    -----
    .. math::

       hit\ rate = \frac{warned}{entries\ to\ arrears}, \qquad
       precision = \frac{warned}{warned + false\ alarms}

    Flags that are not yet decided at the end count as neither. A ratio is that of the sums over paths; its standard
    error is the jackknife's, leaving out one path at a time [1]_.

    References
    ----------
    .. [1] Shao and Tu (1995), The Jackknife and Bootstrap, section 2.3.

    Examples
    --------
    Two paths with 6 loans in arrears each, of which 3 had been flagged:

    >>> import stresslab as sl
    >>> from stresslab.testing import tiny_result
    >>> result = tiny_result(
    ...     flagged=[8, 12], warned=[3, 3], false_alarms=[4, 8], lead_months=[6, 9],
    ...     entries_to_arrears={"job_loss": [6, 6]}, paths=2)
    >>> quality = sl.warning_quality(result)
    >>> float(quality.hit_rate), float(quality.precision), float(quality.lead_months)  # 6 / 12, 6 / 18, 15 / 6
    (0.5, 0.3333333333333333, 2.5)
    """
    refuse("warning_quality", result_faults(result, lender, NEEDS))
    view = select(result, lender)
    total = {name: view[name].sum(("month", "segment")).astype(float) for name in EVENTS}
    entries = view["entries_to_arrears"].sum(("month", "segment", "cause")).astype(float)
    ratios = {
        "hit_rate": (total["warned"], entries),
        "precision": (total["warned"], total["warned"] + total["false_alarms"]),
        "lead_months": (total["lead_months"], total["warned"]),
        "flagged": (total["flagged"], xr.ones_like(entries)),
    }
    out = xr.Dataset()
    for name, (part, whole) in ratios.items():
        out[name], out[f"{name}_se"] = _ratio(part, whole)
    return described(out, result, lender, OUTPUTS)


def _ratio(part: xr.DataArray, whole: xr.DataArray) -> tuple[xr.DataArray, xr.DataArray]:
    """Ratio of sums over paths and its standard error."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = part.sum("path") / whole.sum("path")
        without = (part.sum("path") - part) / (whole.sum("path") - whole)
    return ratio, ratio.copy(data=jackknife(without.transpose("path", *ratio.dims).values))
