"""What a picture shows: one variable over paths and months with its words and its unit, or every fault why not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from stresslab.checks import lender_name, refuse
from stresslab.measures.estimators import Array
from stresslab.measures.result_view import BALANCE, FLOW, result_faults, select
from stresslab.schema import BUCKETS, FLOWS, MACRO, STOCKS, InputError
from stresslab.views.style import in_words

ARREARS_RATES = {"arrears_rate": 30, "arrears_rate_90": 90}
"""Shares of the balance that are computed on the way: name -> days past due from which it counts."""

COUNTS = ("accounts", "entries_to_arrears")
MONTHLY = (*FLOWS, "entries_to_arrears", "provision_charge")
MOST_SCENARIOS = 4


@dataclass(frozen=True)
class Quantity:
    """One variable, ready to be drawn.

    runs : (scenario, values (path, month)) for each scenario; its name is "" where there is no such dimension
    months : of the last axis
    words, unit : what it is; "currency" | "number" | "1" (a share) | "1/year" | any other, "" where nobody said
    currency, whose, since : of the book, "" where they do not matter or are unknown
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
        """How many paths there are."""
        return int(self.runs[0][1].shape[0])

    @property
    def largest(self) -> float:
        """Largest magnitude, in units of the variable."""
        return max(float(np.abs(values).max()) for _, values in self.runs)


def read_quantity(source: object, variable: str, lender: str, subject: str, faults: Sequence[str] = ()) -> Quantity:
    """One variable of a dataset, or an array, over paths and months.

    source : Dataset of simulate(), macro_paths() or a measure; or DataArray ([scenario,] path, month)
    variable : of the dataset, or one of ARREARS_RATES
    lender : "own" | "all" | a name; matters where the variable has segments
    subject : what an error message calls the picture
    faults : already found, to be named with the others
    Raises InputError naming each fault.
    """
    if isinstance(source, xr.DataArray):
        name, values, whose = str(source.name or "value"), source, ""
    elif isinstance(source, xr.Dataset):
        name = variable
        refuse(subject, [*faults, *_choice_faults(source, variable, lender)])
        values, whose = _of_dataset(source, variable, lender, subject)
    else:
        found = f"result: found {type(source).__name__}, expected a Dataset or a DataArray"
        raise InputError(subject, [*faults, f"{found}; give a result of simulate()"])
    refuse(subject, [*faults, *_faults(name, values)])
    if name in MONTHLY:
        values = values.isel(month=np.flatnonzero(values["month"].values > 0))  # month 0 is the start: no flows yet
    return Quantity(
        runs=runs_of(values.transpose(..., "path", "month")),
        months=values["month"].values.astype(np.float64),
        words=_words(name),
        unit=_unit(name, values),
        currency=str(source.attrs.get("currency", "currency")),
        whose=whose,
        since=str(source.attrs.get("as_of", "")),
    )


def each_scenario(dataset: xr.Dataset) -> list[tuple[str, xr.Dataset]]:
    """The dataset of each scenario with its name; the one dataset, named "", if there is no such dimension."""
    if "scenario" not in dataset.dims:
        return [("", dataset)]
    names = list(map(str, dataset["scenario"].values))
    return [(name, dataset.isel(scenario=place, drop=True)) for place, name in enumerate(names)]


def dataset_faults(
    dataset: object, needs: Mapping[str, Sequence[str]], maker: str, attrs: Sequence[str] = ()
) -> list[str]:
    """Faults of what should be a dataset with these variables along these dimensions, and these attrs.

    maker : who makes such a dataset
    """
    if not isinstance(dataset, xr.Dataset):
        return [f"what is to be drawn: found {type(dataset).__name__}, expected a Dataset; give that of {maker}"]
    faults = []
    for name, dims in needs.items():
        if name not in dataset.data_vars:
            faults.append(f"{name}: missing, expected along {tuple(dims)}; give the Dataset of {maker}")
        elif set(dataset[name].dims) - {"scenario"} != set(dims):
            found = f"{name}: found dimensions {dataset[name].dims}, expected {tuple(dims)}, perhaps with 'scenario'"
            faults.append(f"{found}; give the Dataset of {maker} unreduced")
    return faults + [
        f"{name}: missing from attrs; give the Dataset of {maker}" for name in attrs if name not in dataset.attrs
    ]


def runs_of(values: xr.DataArray) -> list[tuple[str, Array]]:
    """Values of each scenario with its name; one, named "", if there is no such dimension."""
    if "scenario" not in values.dims:
        return [("", values.values.astype(np.float64))]
    apart = values.transpose("scenario", ...).values.astype(np.float64)
    return list(zip(map(str, values["scenario"].values), apart, strict=True))


def scenario_faults(dataset: xr.Dataset | xr.DataArray, most: int = MOST_SCENARIOS) -> list[str]:
    """Fault of more scenarios than one picture can show."""
    if "scenario" not in dataset.dims or dataset["scenario"].size <= most:
        return []
    names = dataset["scenario"].values.tolist()
    few = "one" if most == 1 else f"{most} or fewer"
    return [f"scenario: found {names}, expected {few} in one picture; choose with .sel(scenario=...)"]


def bucket_shares(result: xr.Dataset, lender: str, subject: str) -> xr.DataArray:
    """Share of each bucket in the balance of a lender (..., path, month, bucket) [1]; call result_faults() first.

    Raises InputError if there is a month without any balance.
    """
    balance = select(result, lender)["balance"].sum("segment")
    whole = balance.sum("bucket")
    if bool((whole == 0.0).any()):
        first = np.argwhere(whole.values == 0.0)[0]
        at = ", ".join(f"{dim} {i}" for dim, i in zip(whole.dims, first, strict=True))
        refuse(subject, [f"balance: found 0 at {at}, expected > 0, for a share needs a whole; end before that month"])
    shares = balance / whole
    shares.attrs = {"units": "1"}
    return shares


def whose_book(result: xr.Dataset, lender: str) -> str:
    """The lender as a title calls it."""
    return "all lenders" if lender == "all" else lender_name(result, lender)


def _choice_faults(source: xr.Dataset, variable: str, lender: str) -> list[str]:
    """Faults of wanting this variable of this lender from a dataset."""
    if variable in ARREARS_RATES:
        return result_faults(source, lender, {"balance": BALANCE})
    if variable not in source.data_vars:
        known = [str(name) for name, each in source.data_vars.items() if {"path", "month"} <= set(each.dims)]
        known += list(ARREARS_RATES) if "balance" in known else []
        return [f"variable: found {variable!r}, expected one of {known}; choose one"]
    return result_faults(source, lender, {variable: FLOW}) if "segment" in source[variable].dims else []


def _of_dataset(source: xr.Dataset, variable: str, lender: str, subject: str) -> tuple[xr.DataArray, str]:
    """One variable of a dataset, and whose it is; amounts and counts are summed over segments, buckets and the like."""
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
    """Everything that keeps an array from being drawn over months."""
    if values.dtype.kind not in "biuf":
        return [f"{name}: found type {values.dtype}, expected numbers; choose another variable"]
    faults = scenario_faults(values)
    lost = {"path", "month"} - set(values.dims)
    more = set(values.dims) - {"scenario", "path", "month"}
    if lost or more:
        expected = "'path' and 'month', and perhaps 'scenario'"
        faults.append(f"{name}: found dimensions {values.dims}, expected {expected}; sum or select the others first")
    months = values["month"].values if "month" in values.dims else np.arange(1)
    if values.size == 0:
        faults.append(f"{name}: found nothing in it, shape {values.shape}, expected paths and months; give some")
    elif months.dtype.kind not in "iuf":
        faults.append(
            f"month: found type {months.dtype}, expected months counted from the start; assign_coords(month=...)"
        )
    elif name in MONTHLY and months.max() <= 0:
        faults.append(
            f"{name}: found no month after the start, expected some, for month 0 has no flows; simulate longer"
        )
    bad = ~np.isfinite(values.values)
    if bad.any():
        at = ", ".join(f"{dim} {i}" for dim, i in zip(values.dims, np.argwhere(bad)[0], strict=True))
        found = f"{values.values[bad][0]} at {at}, {int(bad.sum()):,} in all"
        faults.append(f"{name}: found {found}, expected finite numbers; choose months or paths that have them")
    return faults


def _words(name: str) -> str:
    """A variable's name as a reader says it."""
    if name in ARREARS_RATES:
        return f"balance {ARREARS_RATES[name]} or more days past due"
    return in_words(name) + (" in the month" if name in MONTHLY else "")


def _unit(name: str, values: xr.DataArray) -> str:
    """Unit of a variable: as its attrs say, else as the schema says, else ""."""
    if name in COUNTS:
        return "number"
    if "units" in values.attrs:
        return str(values.attrs["units"])
    if name in (*STOCKS, *FLOWS):
        return "currency"
    return MACRO[name].unit if name in MACRO else ""
