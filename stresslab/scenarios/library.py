"""The scenarios that come with the package, and what every scenario must satisfy."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike

from stresslab.scenarios.monthly import to_monthly
from stresslab.schema import MACRO, InputError, check

VARIABLES = ("unemployment_rate", "real_income_growth", "gdp_growth", "inflation", "policy_rate")
"""The macro variables that scenarios are published in."""


def scenario(name: str) -> xr.Dataset:
    """A scenario of the library as a monthly path.

    name : one of `scenarios()["name"]`
    Returns Dataset (month), month 1, 2, ...: unemployment_rate [1]; real_income_growth, gdp_growth, inflation,
    policy_rate [1/year]. attrs: name, publisher, published, address, start (first month), frequency (as published),
    real_income_trend (growth [1/year] that is normal, against which a loss of income counts) and history (how the
    figures became months). Quarterly figures become months by `to_monthly`, starting from the last quarter of the
    published history; a rate that is published as never negative stays so.
    Raises InputError naming the scenarios there are.

    >>> severe = scenario("fed-2026-severely-adverse")
    >>> severe.unemployment_rate.sel(month=[19, 20, 21]).mean().item()  # 2027 Q3: 10.0 % published
    0.10
    """
    record = _record(name)
    values = {key: np.asarray(record["values"][key]) / 100 for key in VARIABLES}
    attrs = {key: str(record[key]) for key in ("name", "publisher", "published", "address", "frequency")}
    attrs["start"] = first_month(record["start"])
    how = [f"{key}: {text}" for key, text in record["status"].items()]
    if record["frequency"] == "constant":
        how.append(f"each figure held for {record['months']} months")
        months = {key: np.full(record["months"], value) for key, value in values.items()}
    else:
        how.append(HOW_MONTHLY + ", starting from the last quarter of the published history")
        months = quarters_to_months(values, {key: record["jumping_off"][key] / 100 for key in VARIABLES})
    return build(months, {**attrs, "real_income_trend": normal_growth(record["normal"]), "history": "; ".join(how)})


def scenarios() -> pd.DataFrame:
    """The scenarios of the library, one row each.

    Returns DataFrame: name, publisher, published, start (first month), months, peak_unemployment (highest published
    figure [1]), purpose.

    >>> scenarios()[["name", "months", "peak_unemployment"]]
                            name  months  peak_unemployment
    0             china-baseline      36              0.052
    1          fed-2026-baseline      39              0.046
    2  fed-2026-severely-adverse      39              0.100
    """
    rows = []
    for name in _names():
        record = _record(name)
        jobless = np.asarray(record["values"]["unemployment_rate"])
        rows.append(
            {key: str(record[key]) for key in ("name", "publisher", "published")}
            | {"start": first_month(record["start"])}
            | {"months": record.get("months", 3 * jobless.size), "peak_unemployment": jobless.max() / 100}
            | {"purpose": record["purpose"]}
        )
    return pd.DataFrame(rows)


def check_scenario(macro: xr.Dataset) -> None:
    """Refuse a macro dataset that cannot be simulated, naming every fault at once.

    macro : Dataset (month), or with path and scenario before it; month counts 1, 2, ... without a gap
    Raises InputError naming each variable, the value found and what was expected.

    >>> check_scenario(scenario("china-baseline").isel(month=slice(1, None)))
    Traceback (most recent call last):
    ...
    stresslab.schema.InputError: scenario 'china-baseline': 1 fault
      - month: found 2, 3, 4 ..., expected 1, 2, 3, ...; assign_coords(month=range(1, 36))
    """
    subject = f"scenario {macro.attrs.get('name', 'without a name')!r}"
    faults = []
    strangers = [str(dim) for dim in macro.dims if dim not in ("scenario", "path", "month")]
    if strangers:
        faults.append(f"dimensions: found {', '.join(strangers)}, expected scenario, path, month; select or rename")
    try:
        check(macro, MACRO, subject)
    except InputError as error:
        faults += error.faults
    if "month" in macro.dims:
        faults += _month_faults(macro)
    if faults:
        raise InputError(subject, faults)


def _month_faults(macro: xr.Dataset) -> list[str]:
    """What is wrong with the month coordinate; empty if nothing is."""
    size = macro.sizes["month"]
    advice = f"assign_coords(month=range(1, {size + 1}))"
    if size == 0:
        return ["month: found none, expected one at least; select less narrowly"]
    if "month" not in macro.coords:
        return [f"month: found no coordinate, expected 1, 2, 3, ...; {advice}"]
    found = macro["month"].values
    if found.dtype.kind in "iuf" and np.array_equal(found, np.arange(1, size + 1)):
        return []
    return [f"month: found {', '.join(str(v) for v in found[:3])} ..., expected 1, 2, 3, ...; {advice}"]


HOW_MONTHLY = "monthly by least squared second differences, quarterly means kept"


def quarters_to_months(
    values: Mapping[str, ArrayLike], previous: Mapping[str, float] | None
) -> dict[str, np.ndarray[Any, np.dtype[np.float64]]]:
    """Monthly paths of several variables [decimals]; unemployment and a never negative policy rate stay above zero."""
    months = {}
    for name, quarters in values.items():
        before = None if previous is None else previous[name]
        lowest = np.min(quarters if before is None else np.append(quarters, before))
        bounded = name in ("unemployment_rate", "policy_rate") and lowest >= 0
        months[name] = to_monthly(quarters, before, floor=0.0 if bounded else None)
    return months


def build(months: Mapping[str, ArrayLike], attrs: Mapping[str, str | float]) -> xr.Dataset:
    """Dataset (month) from monthly values [decimals], checked."""
    macro = xr.Dataset(attrs=dict(attrs))
    for name, values in months.items():
        about = {"units": MACRO[name].unit, "long_name": MACRO[name].meaning}
        macro[name] = xr.DataArray(np.asarray(values, dtype=np.float64), dims="month", attrs=about)
    macro = macro.assign_coords(month=np.arange(1, macro.sizes["month"] + 1))
    check_scenario(macro)
    return macro


def normal_growth(name: str) -> float:
    """Mean real income growth [1/year] of a scenario of the library, as published."""
    return float(np.mean(_record(name)["values"]["real_income_growth"])) / 100


def first_month(quarter: str) -> str:
    """First month of a quarter.

    >>> first_month("2026 Q2")
    '2026-04'
    """
    year, number = quarter.split(" Q")
    return f"{year}-{3 * int(number) - 2:02d}"


@cache
def _names() -> tuple[str, ...]:
    """Names of the scenarios in the package's data folder."""
    found = (item.name for item in files("stresslab.scenarios").joinpath("data").iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in found if name.endswith(".toml")))


@cache
def _record(name: str) -> dict[str, Any]:
    """A scenario's file, as published."""
    if name not in _names():
        raise InputError("scenario", [f"name: found {name!r}, expected one of {', '.join(_names())}"])
    return tomllib.loads(files("stresslab.scenarios").joinpath("data", f"{name}.toml").read_text(encoding="utf-8"))
