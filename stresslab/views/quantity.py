"""Variable to be drawn: its values by path and month, its words and its unit, or all faults."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from stresslab.checks import advised, lender_name, refuse
from stresslab.measures.estimators import Array
from stresslab.measures.result_view import BALANCE, FLOW, label_faults, memory_faults, result_faults, select
from stresslab.schema import BUCKETS, FLOWS, MACRO, STOCKS, money_of
from stresslab.views.style import in_words

ARREARS_RATES = {"arrears_rate": 30, "arrears_rate_90": 90}
"""Shares of the balance in arrears: name -> days past due from which a loan counts."""

COUNTS = ("accounts", "entries_to_arrears")
MONTHLY = (*FLOWS, "entries_to_arrears", "provision_charge")
MOST_SCENARIOS = 4


@dataclass(frozen=True)
class Quantity:
    """A variable with all that its plot needs.

    runs : (scenario, values (path, month)) for each scenario; its name is "" where there is no such dimension
    months : along the last axis
    words, unit : its printed name; "currency" | "number" | "1" (a share) | "1/year" | any other, "" if unknown
    currency, whose, since : currency, lender and start of the portfolio, "" where unknown or without meaning
    """

    runs: list[tuple[str, Array]]
    months: Array
    words: str
    unit: str
    currency: str
    whose: str
    since: str

    @property
    def paths(self) -> int:
        """Number of paths."""
        return int(self.runs[0][1].shape[0])

    @property
    def largest(self) -> float:
        """Largest magnitude, in units of the variable."""
        return max(float(np.abs(values).max()) for _, values in self.runs)


def read_quantity(
    source: xr.Dataset | xr.DataArray, variable: str, lender: str, subject: str, faults: Sequence[str] = ()
) -> Quantity:
    """Variable of a dataset, or an array, along path and month.

    source : Dataset of simulate(), macro_paths() or a measure; or DataArray ([scenario,] path, month)
    variable : of the dataset, or one of ARREARS_RATES
    lender : "own" | "all" | a name; matters where the variable has segments
    subject : name of the plot in errors
    faults : faults of other arguments, raised with those of the variable
    Raises InputError naming each fault.
    """
    if isinstance(source, xr.DataArray):
        name, values, whose = str(source.name or "value"), source, ""
    else:
        name = variable
        wrong = memory_faults("result", source, "simulate()")
        wrong = wrong or [*dict.fromkeys([*label_faults(source), *_choice_faults(source, variable, lender)])]
        refuse(subject, [*faults, *wrong])
        values, whose = _of_dataset(source, variable, lender, subject)
    refuse(subject, [*faults, *_faults(name, values)])
    if name in MONTHLY:
        values = values.isel(month=np.flatnonzero(values["month"].values > 0))  # month 0 is the start: no flows yet
    return Quantity(
        runs=runs_of(values.transpose(..., "path", "month")),
        months=values["month"].values.astype(np.float64),
        words=_words(name),
        unit=_unit(name, values),
        currency=money_of(source.attrs),
        whose=whose,
        since=str(source.attrs.get("as_of", "")),
    )


def each_scenario(dataset: xr.Dataset) -> list[tuple[str, xr.Dataset]]:
    """Name and dataset of each scenario; the whole dataset, named "", without such a dimension."""
    if "scenario" not in dataset.dims:
        return [("", dataset)]
    names = list(map(str, dataset["scenario"].values))
    return [(name, dataset.isel(scenario=place, drop=True)) for place, name in enumerate(names)]


def runs_of(values: xr.DataArray) -> list[tuple[str, Array]]:
    """Name and values of each scenario; a single run, named "", without such a dimension."""
    if "scenario" not in values.dims:
        return [("", values.values.astype(np.float64))]
    apart = values.transpose("scenario", ...).values.astype(np.float64)
    return list(zip(map(str, values["scenario"].values), apart, strict=True))


def scenario_faults(dataset: xr.Dataset | xr.DataArray, most: int = MOST_SCENARIOS) -> list[str]:
    """Fault of more scenarios than a plot can show."""
    if "scenario" not in dataset.dims or dataset["scenario"].size <= most:
        return []
    names = dataset["scenario"].values.tolist()
    few = "1" if most == 1 else f"{most} or fewer"
    return [f"scenario: found {names}, expected {few} in a plot; choose with .sel(scenario=...)"]


def bucket_shares(result: xr.Dataset, lender: str, subject: str) -> xr.DataArray:
    """Share of each bucket in the balance of a lender (..., path, month, bucket) [1]; call result_faults() first.

    Raises InputError if there is a month without any balance.
    """
    balance = select(result, lender)["balance"].sum("segment")
    whole = balance.sum("bucket")
    if bool((whole == 0.0).any()):
        first = np.argwhere(whole.values == 0.0)[0]
        at = ", ".join(f"{dim} {i}" for dim, i in zip(whole.dims, first, strict=True))
        refuse(subject, [f"balance: found 0 at {at}, expected > 0, since a share needs a whole; end before that month"])
    shares = balance / whole
    shares.attrs = {"units": "1"}
    return shares


def whose_book(result: xr.Dataset, lender: str) -> str:
    """Name of the lender in a title."""
    return "all lenders" if lender == "all" else lender_name(result, lender)


def _choice_faults(source: xr.Dataset, variable: str, lender: str) -> list[str]:
    """Faults of a choice of variable and lender."""
    if variable in ARREARS_RATES:
        return result_faults(source, lender, {"balance": BALANCE})
    if variable not in source.data_vars:
        known = [str(name) for name, values in source.data_vars.items() if {"path", "month"} <= set(values.dims)]
        known += list(ARREARS_RATES) if "balance" in known else []
        return [f"variable: found {variable!r}, expected one of {known}; {advised(variable, known)}"]
    return result_faults(source, lender, {variable: FLOW}) if "segment" in source[variable].dims else []


def _of_dataset(source: xr.Dataset, variable: str, lender: str, subject: str) -> tuple[xr.DataArray, str]:
    """Variable of a dataset and its lender; amounts and counts are summed over segments, buckets and the like."""
    if variable in ARREARS_RATES:
        late = BUCKETS.index(f"{ARREARS_RATES[variable]}-{ARREARS_RATES[variable] + 29}")
        shares = bucket_shares(source, lender, subject).isel(bucket=slice(late, None))
        return shares.sum("bucket", keep_attrs=True), whose_book(source, lender)
    values, whose = source[variable], ""
    if "segment" in values.dims:
        values, whose = select(source, lender)[variable], whose_book(source, lender)
    elif "lender" in source.attrs:
        whose = whose_book(source, str(source.attrs["lender"]))
    if values.dtype.kind in "biuf" and _unit(variable, values) in ("currency", "number"):
        more = [dim for dim in values.dims if dim not in ("scenario", "path", "month")]
        values = values.sum(more, keep_attrs=True, skipna=False)
    return values, whose


def _faults(name: str, values: xr.DataArray) -> list[str]:
    """Faults of an array that cannot be drawn by month."""
    if values.dtype.kind not in "biuf":
        return [f"{name}: found type {values.dtype}, expected numbers; choose another variable"]
    faults = scenario_faults(values)
    absent = {"path", "month"} - set(values.dims)
    more = set(values.dims) - {"scenario", "path", "month"}
    if absent or more:
        expected = "'path' and 'month', and perhaps 'scenario'"
        faults.append(f"{name}: found dimensions {values.dims}, expected {expected}; sum or select the others first")
    months = values["month"].values if "month" in values.dims else np.arange(1)
    if values.size == 0:
        faults.append(f"{name}: found no values, shape {values.shape}, expected paths and months; give both")
    elif months.dtype.kind not in "iuf":
        faults.append(
            f"month: found type {months.dtype}, expected months counted from the start; assign_coords(month=...)"
        )
    elif name in MONTHLY and months.max() <= 0:
        faults.append(f"{name}: found no month after the start, expected 1 or more; simulate a longer horizon")
    bad = ~np.isfinite(values.values)
    if bad.any():
        at = ", ".join(f"{dim} {i}" for dim, i in zip(values.dims, np.argwhere(bad)[0], strict=True))
        first = f"{values.values[bad][0]} at {at}, {int(bad.sum()):,} in all"
        faults.append(f"{name}: found {first}, expected finite numbers; choose months or paths that have them")
    return faults


def _words(name: str) -> str:
    """Name of a variable as it is printed."""
    if name in ARREARS_RATES:
        return f"balance {ARREARS_RATES[name]} or more days past due"
    return in_words(name) + (" in the month" if name in MONTHLY else "")


def _unit(name: str, values: xr.DataArray) -> str:
    """Unit of a variable: of its attrs, else of the schema, else ""."""
    if name in COUNTS:
        return "number"
    if "units" in values.attrs:
        return str(values.attrs["units"])
    if name in (*STOCKS, *FLOWS):
        return "currency"
    return MACRO[name].unit if name in MACRO else ""
