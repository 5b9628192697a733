"""A book by lender, and all lenders together: what one sees and what the system is."""

from __future__ import annotations

import numpy as np
import xarray as xr

from stresslab.checks import refuse
from stresslab.measures.result_view import BALANCE, FLOW, result_faults

CONDITIONS = ("line_supply", "contact")
SYSTEM = "system"


def by_lender(result: xr.Dataset) -> xr.Dataset:
    """Every lender's own book and the system of all of them, from the segments of a result.

    result : Dataset from simulate(); needs balance
    Returns Dataset with `lender` instead of `segment`, the last one "system", the sum of all:
      every variable that runs along segments, summed over each lender's;
      line_supply, contact [1]: each lender's own, NaN for the system;
      arrears_rate, arrears_rate_90 [1]: balance 30, 90 or more days past due over all, NaN without balance.
    Raises InputError naming each fault: a variable or label missing, negative or not finite.

    >>> from stresslab.schema import BUCKETS
    >>> balance = np.array([[90.0, 10, 0, 0, 0, 0, 0, 0], [50.0, 0, 0, 50, 0, 0, 0, 0]])[None, None]
    >>> result = xr.Dataset({"balance": (("path", "month", "segment", "bucket"), balance)}, {
    ...     "month": [0], "bucket": list(BUCKETS), "segment": ["us:card", "eu:card"],
    ...     "lender": ("segment", ["us", "eu"]), "product": ("segment", ["card", "card"])})
    >>> by_lender(result)["arrears_rate"].squeeze().to_series().to_dict()
    {'eu': 0.5, 'us': 0.1, 'system': 0.3}
    """
    faults = result_faults(result, "all", {"balance": BALANCE})
    if not faults and SYSTEM in result["lender"].values:
        faults.append(f"lender: found {SYSTEM!r}, which is the name of all together; rename that lender")
    refuse("by_lender", faults)
    along = [str(name) for name in result.data_vars if {"path", "segment"} <= set(result[name].dims)]
    book = result[along].drop_vars([name for name in ("product",) if name in result.coords])
    sums = [name for name in along if name not in CONDITIONS]
    lenders = sorted({str(name) for name in result["lender"].values})
    parts = [_of(book, sums, result["lender"].values.astype(str) == name) for name in lenders]
    system = book[sums].drop_vars(["segment", "lender"]).sum("segment")
    seen = [name for name in CONDITIONS if name in along]
    system = system.assign({name: xr.full_like(parts[0][name], np.nan) for name in seen})
    out = xr.concat([*parts, system], dim=xr.Variable("lender", [*lenders, SYSTEM]))
    total = out["balance"].sum("bucket")
    for name, first in (("arrears_rate", 1), ("arrears_rate_90", 3)):
        late = out["balance"].isel(bucket=slice(first, None)).sum("bucket")
        out[name] = (late / total.where(total > 0.0)).assign_attrs(units="1")
    for name in along:
        out[name].attrs.update(result[name].attrs)
    order = [dim for dim in ("scenario", *FLOW[:2], "lender") if dim in out.dims]
    return out.transpose(*order, ...).assign_attrs(result.attrs)


def _of(book: xr.Dataset, sums: list[str], mine: np.ndarray) -> xr.Dataset:
    """One lender's sums, and the conditions that hold for all of his segments."""
    own = book.isel(segment=np.flatnonzero(mine)).drop_vars(["segment", "lender"])
    alike = {name: own[name].isel(segment=0) for name in CONDITIONS if name in own}
    return own[sums].sum("segment").assign(alike)
