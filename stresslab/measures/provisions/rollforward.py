"""Roll-forward of an allowance: changes of a month by cause, and those of a year in the table of IFRS 7.35I."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from stresslab.checks import is_whole, refuse
from stresslab.measures.result_view import Output, dataset_faults, labelled, unlike_faults
from stresslab.schema import minor_units, rounded
from stresslab.typed import typed

Array = NDArray[Any]
SOURCES = (
    "new_lending", "repayment", "transfers", "outlook", "overlays", "relief", "write_off", "recoveries",
    "recoveries_to_income",
)  # fmt: skip
"""Causes of a change; the table adds "opening", "parameters" and "closing"."""
ROWS = ("opening", *SOURCES[:4], "parameters", *SOURCES[4:], "closing")
ROW_LABELS = {name: name.replace("_", " ") for name in ROWS} | {"write_off": "write-off"}
"""What a plot or table prints for a row."""
ALONG = ("scenario", "path", "month", "stage")
OUTPUTS = {
    "movement": Output("currency", "amount of the row; rows before closing sum to closing"),
    "charge": Output("currency", "charge to the income statement"),
}


def changes(
    allowance: Array, under_new_outlook: Array, lent: Array, repaid: Array, overlays: Array, used: dict[str, Array]
) -> Array:
    """Changes (path, month, source, column) in whole minor units; `transfers` is the remainder.

    allowance (path, month, column) : modelled, without overlays
    under_new_outlook : last month's balances at this month's rates
    lent, repaid : what new lending and repayment add, at the rates of loans as they are granted
    overlays : their stock
    used : "relief", "write_off", "recoveries" (path, month): they use, or refill, the last column
    """
    stock, layer = minor_units(allowance), minor_units(overlays)
    out = np.zeros((*stock.shape[:2], len(SOURCES), stock.shape[2]), np.int64)
    row = {name: out[:, :, number] for number, name in enumerate(SOURCES)}
    row["new_lending"][:, 1:] = minor_units(lent)[:, 1:]
    row["repayment"][:, 1:] = minor_units(repaid)[:, 1:]
    row["outlook"][:, 1:] = minor_units(under_new_outlook)[:, 1:] - stock[:, :-1]
    row["overlays"][:, 1:] = np.diff(layer, axis=1)
    row["relief"][:, 1:, -1] = -minor_units(used["relief"])[:, 1:]
    row["write_off"][:, 1:, -1] = -minor_units(used["write_off"])[:, 1:]
    row["recoveries"][:, 1:, -1] = minor_units(used["recoveries"])[:, 1:]
    row["recoveries_to_income"][:, 1:, -1] = -minor_units(used["recoveries"])[:, 1:]
    row["transfers"][:, 1:] = np.diff(stock + layer, axis=1) - out[:, 1:].sum(axis=2)
    return out


@typed
def allowance_movement(
    provisions: xr.Dataset, *, first: int = 0, last: int | None = None, restated: xr.Dataset | None = None
) -> xr.Dataset:
    r"""Allowance from one month end to another by cause: the reconciliation of IFRS 7.35I, on each path.

    Parameters
    ----------
    provisions : xarray.Dataset
        From `provisions`.
    first : int
        Month end of the opening balance.
    last : int or None
        Month end of the closing balance; None: the last of the result.
    restated : xarray.Dataset or None
        The same result under other parameters, which hold from `last` on: closing is theirs.

    Returns
    -------
    xarray.Dataset
        ========  =========  ========  =====================================================
        variable  dims       unit      meaning
        ========  =========  ========  =====================================================
        movement  path, row  currency  amount of the row; rows before closing sum to closing
        charge    path       currency  charge to the income statement
        ========  =========  ========  =====================================================

        `movement` runs along `stage` too under IFRS 9, and both along `scenario` if there is one.

    Raises
    ------
    InputError
        Names each fault.

    Notes
    -----
    Rows:

    ====================  ====================================================================================
    row                   meaning
    ====================  ====================================================================================
    opening               allowance at `first`
    new_lending           what was lent, at the rate of loans as they are granted
    repayment             what was paid beyond interest and fees, at that rate
    transfers             moves between stages and buckets, and what write-offs needed beyond what was set aside
    outlook               last month's balances at this month's expectation
    parameters            restated less not restated
    overlays              change of overlays
    relief                forgiven
    write_off             written off
    recoveries            recovered
    recoveries_to_income  the same amount at once to income
    closing               allowance at `last`
    ====================  ====================================================================================

    .. math:: charge = closing - opening + relief + write\ off - recoveries

    to the last minor unit, relief and write-off as positive amounts [1]_.

    References
    ----------
    .. [1] IFRS 7 Financial Instruments: Disclosures, 35I.

    Examples
    --------
    40 is written off on a balance of 1,000, of which 60 is then 360 or more days past due:

    >>> import stresslab as sl
    >>> from stresslab.testing import tiny_result
    >>> balance = {"current": [[900.0, 900.0]], "360+": [[100.0, 60.0]]}
    >>> result = tiny_result(balance, written_off=40.0)
    >>> rules = sl.China(coverage_minimum=0.0, loan_provision_minimum=0.0)  # 1 % of all, and 100 % of losses
    >>> table = sl.allowance_movement(sl.provisions(result, rules)).isel(path=0)
    >>> table.movement.sel(row=["opening", "transfers", "write_off", "closing"]).values
    array([110. ,  -0.4, -40. ,  69.6])
    >>> table.charge.item()  # 69.6 - 110 + 40
    -0.4
    """
    refuse("allowance_movement", _faults(provisions, first, last, restated))
    last = provisions.sizes["month"] - 1 if last is None else last
    by = "allowance_by_stage" if "allowance_by_stage" in provisions else "allowance_held"
    stock = provisions[by]
    moved = provisions["change"].isel(month=slice(first + 1, last + 1)).sum("month")
    rows = {"opening": stock.isel(month=first, drop=True)}
    rows |= {name: moved.sel(source=name, drop=True) for name in SOURCES}
    closing = (stock if restated is None else restated[by]).isel(month=last, drop=True)
    rows["parameters"] = closing - stock.isel(month=last, drop=True)
    rows["closing"] = closing
    table = xr.concat([rows[name] for name in ROWS], dim=xr.Variable("row", list(ROWS)), coords="minimal")
    table = table.copy(data=rounded(table))
    total = table.sum("stage") if "stage" in table.dims else table
    used = total.sel(row="relief") + total.sel(row="write_off") + total.sel(row="recoveries")
    charge = (total.sel(row="closing") - total.sel(row="opening") - used).drop_vars("row", errors="ignore")
    out = xr.Dataset({"movement": table.transpose(..., "row").drop_attrs(), "charge": charge.round(2).drop_attrs()})
    return labelled(out, OUTPUTS).assign_attrs(provisions.attrs, first_month=first, last_month=last)


def _faults(provisions: xr.Dataset, first: Any, last: Any, restated: xr.Dataset | None) -> list[str]:
    """Faults of what a movement is wanted of."""
    faults = []
    for name, dataset in (("provisions", provisions), *((("restated", restated),) if restated is not None else ())):
        staged = ("stage",) if "allowance_by_stage" in getattr(dataset, "data_vars", ()) else ()
        needs = {"change": ("path", "month", "source", *staged), "allowance_held": ("path", "month")}
        faults += dataset_faults(dataset, needs, "provisions()", name=name)
    if faults:
        return faults
    end = provisions.sizes["month"] - 1
    last = end if last is None else last
    if not (is_whole(first) and is_whole(last) and 0 <= first < last <= end):
        given = f"first, last: found {first!r}, {last!r}, expected month ends in order among 0 ... {end}"
        faults.append(f"{given}; change one of them")
    if restated is not None:
        same = ("fingerprint", "seed", "currency", "own_lender", "lender", "part", "annual_growth", "partners")
        advice = "take provisions of the same result under the same rules"
        faults += unlike_faults("restated", restated, provisions, same, ALONG, advice, "provisions")
    return faults
