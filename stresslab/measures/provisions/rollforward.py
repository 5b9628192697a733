"""Why an allowance moved: a month's change by cause, and a year's in the table of IFRS 7.35I."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from stresslab.checks import refuse

Array = NDArray[Any]
SOURCES = (
    "new lending", "repayment", "transfers", "outlook", "overlays", "relief", "write-off", "recoveries",
    "recoveries to income",
)  # fmt: skip
"""What moves an allowance; the table adds "opening", "parameters" and "closing"."""
ROWS = ("opening", *SOURCES[:4], "parameters", *SOURCES[4:], "closing")


def cents(amount: Array) -> Array:
    """Amounts in whole minor units."""
    whole: Array = np.rint(np.asarray(amount) * 100.0).astype(np.int64)
    return whole


def changes(
    allowance: Array, under_new_outlook: Array, lent: Array, repaid: Array, overlays: Array, used: dict[str, Array]
) -> Array:
    """Changes (path, month, source, column) in whole minor units; `transfers` is what the others leave.

    allowance (path, month, column) : modelled, without overlays
    under_new_outlook : last month's balances at this month's rates
    lent, repaid : what new lending and repayment add, at the rates of loans as they are granted
    overlays : their stock
    used : "relief", "write-off", "recoveries" (path, month): they use, or refill, the last column
    """
    stock, layer = cents(allowance), cents(overlays)
    out = np.zeros((*stock.shape[:2], len(SOURCES), stock.shape[2]), np.int64)
    row = {name: out[:, :, number] for number, name in enumerate(SOURCES)}
    row["new lending"][:, 1:] = cents(lent)[:, 1:]
    row["repayment"][:, 1:] = cents(repaid)[:, 1:]
    row["outlook"][:, 1:] = cents(under_new_outlook)[:, 1:] - stock[:, :-1]
    row["overlays"][:, 1:] = np.diff(layer, axis=1)
    row["relief"][:, 1:, -1] = -cents(used["relief"])[:, 1:]
    row["write-off"][:, 1:, -1] = -cents(used["write-off"])[:, 1:]
    row["recoveries"][:, 1:, -1] = cents(used["recoveries"])[:, 1:]
    row["recoveries to income"][:, 1:, -1] = -cents(used["recoveries"])[:, 1:]
    row["transfers"][:, 1:] = np.diff(stock + layer, axis=1) - out[:, 1:].sum(axis=2)
    return out


def allowance_movement(
    provisions: xr.Dataset, *, first: int = 0, last: int | None = None, restated: xr.Dataset | None = None
) -> xr.Dataset:
    """The allowance from one month end to another, by what moved it: IFRS 7.35I, on each path, to the last minor unit.

    provisions : Dataset from provisions()
    first, last : month ends of opening and closing; by default the whole result
    restated : the same result under other parameters, which hold from `last` on: closing is theirs
    Returns Dataset (path, row), `stage` under IFRS 9, `scenario` if there is one: movement [currency]. Rows:
      opening; new lending: what was lent, at the rate of loans as they are granted; repayment: what was paid beyond
      interest and fees, at that rate; transfers: moves between stages and buckets, with what write-offs needed beyond
      what was set aside; outlook: last month's balances at this month's expectation; parameters: restated less not;
      overlays; relief and write-off: what left the books; recoveries, and at once the same to income; closing.
      charge (path) = closing - opening + relief + write-off - recoveries, as in the income statement.
      The rows from opening to the last before closing sum to closing exactly.
    Raises InputError naming each fault.

    >>> import stresslab as sl
    >>> book = sl.synthetic_portfolio("china-online", borrowers=500, seed=1)
    >>> run = sl.simulate(book, sl.scenario("china-baseline"), seed=3, horizon=12, progress=False)
    >>> table = allowance_movement(sl.provisions(run)).movement.isel(path=0)
    >>> gap = table[:-1].sum() - table[-1]
    >>> bool(abs(gap) < 0.001)
    True
    """
    last = provisions.sizes.get("month", 1) - 1 if last is None else last
    refuse("allowance_movement", _faults(provisions, first, last, restated))
    by = "allowance_by_stage" if "allowance_by_stage" in provisions else "allowance_held"
    stock = provisions[by]
    moved = provisions["change"].isel(month=slice(first + 1, last + 1)).sum("month")
    rows = {"opening": stock.isel(month=first, drop=True)}
    rows |= {name: moved.sel(source=name, drop=True) for name in SOURCES}
    closing = (stock if restated is None else restated[by]).isel(month=last, drop=True)
    rows["parameters"] = closing - stock.isel(month=last, drop=True)
    rows["closing"] = closing
    table = xr.concat([rows[name] for name in ROWS], dim=xr.Variable("row", list(ROWS)), coords="minimal")
    table = (table * 100.0).round() / 100.0
    total = table.sum("stage") if "stage" in table.dims else table
    used = total.sel(row="relief") + total.sel(row="write-off") + total.sel(row="recoveries")
    charge = (total.sel(row="closing") - total.sel(row="opening") - used).drop_vars("row", errors="ignore")
    out = xr.Dataset({"movement": table.transpose(..., "row"), "charge": charge.round(2)})
    for name in out:
        out[name].attrs["units"] = "currency"
    return out.assign_attrs(provisions.attrs, first_month=first, last_month=last)


def _faults(provisions: xr.Dataset, first: Any, last: Any, restated: xr.Dataset | None) -> list[str]:
    faults = [
        f"{name}: found no variable 'change', expected what provisions() gives; give that"
        for name, one in (("provisions", provisions), ("restated", restated))
        if one is not None and "change" not in one
    ]
    end = provisions.sizes.get("month", 1) - 1
    whole = all(isinstance(each, int | np.integer) and not isinstance(each, bool) for each in (first, last))
    if not whole or not 0 <= first < last <= end:
        faults.append(
            f"first, last: found {first!r}, {last!r}, expected month ends in order among 0 ... {end}; mend them"
        )
    if restated is not None and not faults and restated.sizes != provisions.sizes:
        sizes = f"found sizes {dict(restated.sizes)}, expected {dict(provisions.sizes)}"
        faults.append(f"restated: {sizes}; take provisions of the same result under the same regime")
    elif restated is not None and not faults:
        faults += [
            f"restated: found another {name} than in provisions, expected the same; take those of the same result"
            for name in ("path", "scenario")
            if name in provisions.coords and not np.array_equal(restated[name].values, provisions[name].values)
        ]
    return faults
