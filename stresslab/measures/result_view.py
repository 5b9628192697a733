"""What measures share: validation of a result, selection of a lender, and units, long names and attrs of an output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from stresslab.checks import is_whole, lender_faults, lender_name
from stresslab.schema import BUCKETS, InputError

FLOW = ("path", "month", "segment")
BALANCE = (*FLOW, "bucket")


def result_faults(result: xr.Dataset, lender: str, needs: Mapping[str, Sequence[str]], paths: int = 1) -> list[str]:
    """Faults that keep a result from being measured; empty if there are none.

    result : Dataset from simulate()
    lender : "own" | "all" | a name
    needs : variable -> the dimensions it must have
    paths : number that the measure needs
    """
    faults = [fault for name, dims in needs.items() for fault in _variable_faults(result, name, dims)]
    months = result["month"].values.tolist() if "month" in result.dims else [0]
    if months != list(range(max(len(months), 1))):
        faults.append(f"month: found {months[:1]} to {months[-1:]}, expected 0, 1, ..., T; give it from month 0")
    buckets = result["bucket"].values.tolist() if "bucket" in result.dims else []
    if "balance" in needs and buckets and tuple(buckets) != BUCKETS:
        faults.append(f"bucket: found {buckets}, expected {list(BUCKETS)}; give the result as simulated")
    if result.sizes.get("path", paths) < paths:
        faults.append(f"path: found {result.sizes['path']}, expected at least {paths}; simulate more paths")
    return faults + lender_faults(result, lender)


def _variable_faults(result: xr.Dataset, name: str, dims: Sequence[str]) -> list[str]:
    """Faults of one variable: missing, without its dimensions, not finite, negative."""
    if name not in result.variables:
        return [f"{name}: missing, expected along {tuple(dims)}; give a result of simulate()"]
    values = result[name]
    absent = [dim for dim in dims if dim not in values.dims]
    if absent:
        return [f"{name}: found dimensions {values.dims}, expected {tuple(dims)} among them; give it unreduced"]
    if values.dtype.kind not in "biuf":
        return [f"{name}: found type {values.dtype}, expected numbers; convert it"]
    faults = []
    for bad, expected in ((~np.isfinite(values.values), "a finite number"), (values.values < 0.0, ">= 0")):
        if bad.any():
            first = tuple(int(i) for i in np.argwhere(bad)[0])
            at = ", ".join(f"{dim} {i}" for dim, i in zip(values.dims, first, strict=True))
            more = int(bad.sum()) - 1
            also = f" (and {more:,} more)" if more else ""
            faults.append(f"{name}: found {values.values[first]} at {at}{also}, expected {expected}; correct it")
    return faults


def horizon_faults(result: xr.Dataset, horizon: int | None) -> list[str]:
    """Faults of a horizon [month]; None, the whole result, has none."""
    last = result.sizes.get("month", 1) - 1
    if horizon is None or (is_whole(horizon) and 1 <= horizon <= last):
        return []
    return [f"horizon: found {horizon!r}, expected whole months, 1 to {last}; shorten it or simulate longer"]


def select(result: xr.Dataset, lender: str) -> xr.Dataset:
    """The segments of one lender ("own" or a name), or of "all"; call result_faults() first."""
    if lender == "all":
        return result
    return result.isel(segment=np.flatnonzero(result["lender"].values.astype(str) == lender_name(result, lender)))


class Output(NamedTuple):
    """Unit and meaning of a variable of a measure."""

    units: str
    meaning: str


ENDINGS = {
    "_se": "standard error of",
    "_low": "lower end of the 95 % interval of",
    "_high": "upper end of the 95 % interval of",
}
OF_THE_RUN = (
    "fingerprint",
    "seed",
    "currency",
    "unit",
    "as_of",
    "own_lender",
    "part",
    "partners",
    "annual_growth",
    "notes",
)


def labelled(out: xr.Dataset, outputs: Mapping[str, Output]) -> xr.Dataset:
    """A Dataset with `units` and `long_name` on every variable, from one declaration.

    outputs : unit and meaning of each variable; `x_se`, `x_low`, `x_high` take theirs from `x`

    >>> out = labelled(xr.Dataset({"loss": 3.0, "loss_se": 0.1}), {"loss": Output("currency", "realised loss")})
    >>> out["loss_se"].attrs
    {'units': 'currency', 'long_name': 'standard error of realised loss'}
    """
    for name in map(str, out.data_vars):
        ending = next((end for end in ENDINGS if name not in outputs and name.endswith(end)), "")
        units, meaning = outputs[name.removesuffix(ending)]
        long_name = f"{ENDINGS[ending]} {meaning}" if ending else meaning
        out[name].attrs |= {"units": units, "long_name": long_name}
    return out


def of_the_run(dataset: xr.Dataset) -> dict[str, Any]:
    """Attrs by which a reader knows the run: fingerprint of the portfolio, seed, currency, date, own lender, part.

    >>> of_the_run(xr.Dataset(attrs={"fingerprint": "a1", "seed": "7", "model": "{}"}))
    {'fingerprint': 'a1', 'seed': '7'}
    """
    return {name: dataset.attrs[name] for name in OF_THE_RUN if name in dataset.attrs}


def described(out: xr.Dataset, result: xr.Dataset, lender: str, outputs: Mapping[str, Output]) -> xr.Dataset:
    """A measure with `units` and `long_name` on every variable, the lender and the run that it is of.

    outputs : unit and meaning of each variable, see `labelled`
    """
    return labelled(out, outputs).assign_attrs(of_the_run(result), lender=lender_name(result, lender))


def opening_balance(view: xr.Dataset, subject: str) -> xr.DataArray:
    """Balance of each segment at the start [currency], one number for all paths and scenarios.

    Raises InputError if paths start from different books: then there is no one balance to divide by.
    """
    start = view["balance"].isel(month=0, drop=True)
    others = [dim for dim in start.dims if dim not in ("segment", "bucket")]
    first = start.isel(dict.fromkeys(others, 0), drop=True)
    if bool((start != first).any()):
        fault = "balance: found different balances in month 0 of different paths, expected one opening book"
        raise InputError(subject, [f"{fault}; measure results of one portfolio at a time"])
    return first.sum("bucket")
