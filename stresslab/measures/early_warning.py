"""How good an early warning was: hits, false alarms, months of lead."""

from __future__ import annotations

import numpy as np
import xarray as xr

from stresslab.checks import refuse
from stresslab.measures.result_view import FLOW, described, result_faults, select

EVENTS = ("flagged", "warned", "false_alarms", "lead_months")
NEEDS = {**{name: FLOW for name in EVENTS}, "entries_to_arrears": (*FLOW, "cause")}


def warning_quality(result: xr.Dataset, *, lender: str = "own") -> xr.Dataset:
    """Hit rate, precision and lead time of an early warning, with standard errors over paths.

    result : Dataset from simulate(responses=[EarlyWarning(...), ...])
    lender : "own" (attrs own_lender), who alone warns | "all": its warnings against everybody's arrears | a name
    Returns Dataset, `scenario` if the result has it, each with `_se`, its standard error:
      hit_rate [1] = warned / entries to arrears: share of the loans that fell into arrears which had been flagged;
      precision [1] = warned / (warned + false alarms); flags not yet decided at the end count as neither;
      lead_months [month] = months between the flag and the miss, mean over hits;
      flagged: flags raised, a path's mean.
    A ratio is that of the sums over paths; its error is the jackknife's, leaving out one path at a time:
    se^2 = (n - 1) / n sum_p (ratio without p - their mean)^2, NaN with one path.
    Raises InputError naming each fault: a variable missing, negative or not finite, an unknown lender.

    >>> flow = lambda a, b: (("path", "month", "segment"), [[[a]], [[b]]])
    >>> result = xr.Dataset(
    ...     {"flagged": flow(8, 12), "warned": flow(3, 3), "false_alarms": flow(4, 8), "lead_months": flow(6, 9),
    ...      "entries_to_arrears": (("path", "month", "segment", "cause"), [[[[4, 2]]], [[[5, 1]]]])},
    ...     {"month": [0], "segment": ["us:card"], "lender": ("segment", ["us"]), "product": ("segment", ["card"])},
    ...     {"own_lender": "us"})
    >>> found = warning_quality(result)
    >>> float(found.hit_rate), float(found.precision), float(found.lead_months)  # 6 / 12, 6 / 18, 15 / 6
    (0.5, 0.3333333333333333, 2.5)
    """
    refuse("warning_quality", result_faults(result, lender, NEEDS))
    view = select(result, lender)
    count = {name: view[name].sum(("month", "segment")).astype(float) for name in EVENTS}
    entries = view["entries_to_arrears"].sum(("month", "segment", "cause")).astype(float)
    out = xr.Dataset()
    ratios = {
        "hit_rate": (count["warned"], entries),
        "precision": (count["warned"], count["warned"] + count["false_alarms"]),
        "lead_months": (count["lead_months"], count["warned"]),
        "flagged": (count["flagged"], xr.ones_like(entries)),
    }
    for name, (part, whole) in ratios.items():
        out[name], out[f"{name}_se"] = _ratio(part, whole)
    return described(out, result, lender, [str(name) for name in out.data_vars])


def _ratio(part: xr.DataArray, whole: xr.DataArray) -> tuple[xr.DataArray, xr.DataArray]:
    """Ratio of sums over paths and its jackknife error."""
    paths = part.sizes["path"]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = part.sum("path") / whole.sum("path")
        without = (part.sum("path") - part) / (whole.sum("path") - whole)
    spread = ((without - without.mean("path")) ** 2).sum("path", skipna=False)
    error: xr.DataArray = ((paths - 1) / paths * spread) ** 0.5
    return ratio, error if paths > 1 else xr.full_like(ratio, np.nan)
