"""Results by lender and for the system: what one lender holds, and all lenders together."""

from __future__ import annotations

import numpy as np
import xarray as xr

from stresslab.checks import refuse
from stresslab.measures.result_view import BALANCE, FLOW, result_faults
from stresslab.schema import stored_as_text
from stresslab.typed import typed

CONDITIONS = ("line_supply", "contact")
SYSTEM = "system"
RATES = {
    "arrears_rate": (1, "balance 30 or more days past due over all"),
    "arrears_rate_90": (3, "balance 90 or more days past due over all"),
}
"""First bucket in arrears, and meaning."""


@typed
def by_lender(result: xr.Dataset) -> xr.Dataset:
    """Sum of each lender's segments, and of all lenders as the system.

    Parameters
    ----------
    result : xarray.Dataset
        From `simulate`; needs `balance`.

    Returns
    -------
    xarray.Dataset
        Along `lender` in place of `segment`; the last lender is "system", the sum of all.

        ===================  ===================  =========  =========================================
        variable             dims                 unit       meaning
        ===================  ===================  =========  =========================================
        (each of `result`)   path, month, lender  as it was  sum of the lender's segments
        line_supply          path, month, lender  1          the lender's own; NaN for the system
        contact              path, month, lender  1          the lender's own; NaN for the system
        arrears_rate         path, month, lender  1          balance 30 or more days past due over all
        arrears_rate_90      path, month, lender  1          balance 90 or more days past due over all
        ===================  ===================  =========  =========================================

        Every variable that runs along segments is summed, with its further dimensions; `scenario` is carried through.
        An arrears rate is NaN without balance.

    Raises
    ------
    InputError
        Names each fault: a variable or label missing, negative or not finite, a lender called "system".

    Examples
    --------
    Two lenders, of whose balance 10 of 100 and 50 of 100 are in arrears:

    >>> import stresslab as sl
    >>> from stresslab.testing import tiny_result
    >>> balance = {"current": [[[90.0, 50.0]]], "30-59": [[[10.0, 50.0]]]}
    >>> result = tiny_result(balance, months=0, lender=["us", "eu"])
    >>> sl.by_lender(result)["arrears_rate"].squeeze().to_series().to_dict()
    {'eu': 0.5, 'us': 0.1, 'system': 0.3}
    """
    faults = result_faults(result, "all", {"balance": BALANCE})
    if not faults and SYSTEM in result["lender"].values:
        faults.append(f"lender: found {SYSTEM!r}, which is the name of all lenders together; rename that lender")
    refuse("by_lender", faults)
    along = [str(name) for name in result.data_vars if {"path", "segment"} <= set(result[name].dims)]
    book = result[along].drop_vars([name for name in ("product",) if name in result.coords])
    sums = [name for name in along if name not in CONDITIONS]
    lenders = sorted({str(name) for name in result["lender"].values})
    parts = [_of(book, sums, result["lender"].values.astype(str) == name) for name in lenders]
    system = book[sums].drop_vars(["segment", "lender"]).sum("segment")
    conditions = [name for name in CONDITIONS if name in along]
    system = system.assign({name: xr.full_like(parts[0][name], np.nan) for name in conditions})
    out = xr.concat([*parts, system], dim=xr.Variable("lender", [*lenders, SYSTEM]))
    total = out["balance"].sum("bucket")
    for name, (first, meaning) in RATES.items():
        late = out["balance"].isel(bucket=slice(first, None)).sum("bucket")
        out[name] = (late / total.where(total > 0.0)).assign_attrs(units="1", long_name=meaning)
    for name in along:
        out[name].attrs.update(result[name].attrs)
    order = [dim for dim in ("scenario", *FLOW[:2], "lender") if dim in out.dims]
    return stored_as_text(out.transpose(*order, ...).assign_attrs(result.attrs))


def _of(book: xr.Dataset, sums: list[str], chosen: np.ndarray) -> xr.Dataset:
    """Sums over one lender's segments, and the conditions that hold for all of them."""
    own = book.isel(segment=np.flatnonzero(chosen)).drop_vars(["segment", "lender"])
    alike = {name: own[name].isel(segment=0) for name in CONDITIONS if name in own}
    return own[sums].sum("segment").assign(alike)
