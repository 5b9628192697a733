"""A stop of credit supply by lender or product."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from stresslab.checks import LONGEST, macro_faults, number_faults, refuse, whole_faults
from stresslab.scenarios.library import macro_attrs
from stresslab.typed import typed


@typed
def supply_stop(
    macro: xr.Dataset,
    months: int,
    *,
    start: int = 1,
    supply: float = 0.0,
    lenders: Sequence[str] = (),
    products: Sequence[str] = (),
) -> xr.Dataset:
    """Scenario in which lenders stop or cut the supply of credit for some months.

    Parameters
    ----------
    macro : xarray.Dataset
        A scenario or macro paths.
    months : int
        Months that the stop lasts.
    start : int
        Its first month.
    supply : float
        Share of unused lines, new loans and renewals that is still granted [1].
    lenders, products : sequence of str
        Whom and what it concerns; by default every lender and every product.

    Returns
    -------
    xarray.Dataset
        The same with `line_supply`, along `lender` and `product` where some are named; those not named grant all.

    Raises
    ------
    InputError
        Names each fault of the arguments, and a `line_supply` of the scenario that others than those named would lose.

    Notes
    -----
    Name lenders and products as the last step before `simulate`: macro paths, algebra and plots of scenarios know
    only what all lenders do alike.

    Examples
    --------
    Cash loans are not renewed for half a year, while the payment line stays open:

    >>> import stresslab as sl
    >>> stop = sl.scenarios.supply_stop(sl.scenario("china-baseline"), 6, products=["jiebei"])
    >>> stop["line_supply"].sel(product="jiebei").values[4:8]
    array([0., 0., 1., 1.])
    """
    faults = macro_faults(macro, apart=True)
    faults += whole_faults("months", months, 1, LONGEST) + whole_faults("start", start, 1, LONGEST)
    faults += number_faults("supply", supply, 1.0, "a share that is granted")
    named = {"lender": list(lenders), "product": list(products)}
    for dim, labels in named.items():
        if len(set(labels)) < len(labels):
            faults.append(f"{dim}s: found {labels}, expected different names; name each once")
    before = macro.get("line_supply", xr.DataArray(1.0))
    lost = [dim for dim, labels in named.items() if labels and dim not in before.dims]
    if lost and bool((before != 1.0).any()):
        faults.append(
            f"line_supply: found a path that all lenders have in common, expected none beside {lost[0]}s by name; "
            "drop it, or assign it along them"
        )
    refuse("supply_stop", faults)
    month = np.arange(1, macro.sizes["month"] + 1)
    granted = xr.DataArray(np.where((month >= start) & (month < start + months), supply, 1.0), dims="month")
    granted = granted.expand_dims({dim: labels for dim, labels in named.items() if labels})
    if "month" in macro.coords:
        granted = granted.assign_coords(month=macro["month"])
    both = xr.align(before, granted, join="outer", fill_value=1.0)
    return macro.assign(line_supply=(both[0] * both[1]).assign_attrs(macro_attrs("line_supply")))
