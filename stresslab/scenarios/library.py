"""The scenarios that come with the package, and what every scenario must satisfy."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike

from stresslab.checks import check
from stresslab.scenarios.monthly import to_monthly
from stresslab.schema import MACRO, MACRO_NEUTRAL, InputError

VARIABLES = ("unemployment_rate", "real_income_growth", "gdp_growth", "inflation", "policy_rate")
"""The macro variables that scenarios are published in."""


SPANS = {"monthly": 1, "quarterly": 3, "annual": 12}
"""Months of a figure, by the frequency in which it was published."""


def scenario(name: str) -> xr.Dataset:
    """A scenario of the library as a monthly path.

    name : one of `table()["name"]`
    Returns Dataset (month), month 1, 2, ..., of what the scenario speaks of: unemployment_rate [1]; real_income_growth,
    gdp_growth, inflation, policy_rate [1/year]; furlough_share, furlough_income_loss, collections_capacity,
    line_supply [1]. attrs: name, publisher, published, address, start (first month), frequency (as published),
    real_income_trend (growth [1/year] that is normal, against which a loss of income counts), filled_in (variables
    that nobody published), history (of each variable, what was published and what assumed, and how figures became
    months) and, where results were published beside the paths, reference (JSON, in the units of the source). Quarterly
    and annual figures become months by `to_monthly`, starting from the last figure before them; a rate that is
    published as never negative stays so.
    Raises InputError naming the scenarios there are.

    >>> severe = scenario("fed-2026-severely-adverse")
    >>> severe.unemployment_rate.sel(month=[19, 20, 21]).mean().item()  # 2027 Q3: 10.0 % published
    0.10
    """
    record = _record(name)
    values = {key: np.atleast_1d(np.asarray(figures)) / 100 for key, figures in record["values"].items()}
    attrs = {key: str(record[key]) for key in ("name", "publisher", "published", "address", "frequency")}
    attrs |= {"start": first_month(record["start"]), "filled_in": _filled_in(record)}
    how = [f"{key}: {text}" for key, text in record["status"].items()]
    if record["frequency"] in ("constant", "monthly"):
        length = _length(record)
        how += [f"each figure held for {length} months"] if record["frequency"] == "constant" else []
        months = {key: np.full(length, value) if value.size == 1 else value for key, value in values.items()}
    elif record.get("held"):
        how.append(f"each figure held for {SPANS[record['frequency']]} months")
        months = {key: np.repeat(value, SPANS[record["frequency"]]) for key, value in values.items()}
    else:
        span = SPANS[record["frequency"]]
        how.append(HOW_MONTHLY[span] + f", starting from the last {'year' if span == 12 else 'quarter'} before")
        months = quarters_to_months(values, {key: record["jumping_off"][key] / 100 for key in values}, span)
    if "reference" in record:
        attrs["reference"] = json.dumps(record["reference"], ensure_ascii=False)
    return build(months, {**attrs, "real_income_trend": _normal(record), "history": "; ".join(how)})


def table() -> pd.DataFrame:
    """The scenarios of the library, one row each.

    Returns DataFrame: name, publisher, published, start (first month), months, peak_unemployment (highest figure [1]),
    filled_in (variables that were not published and are assumptions of this package, "nothing" or "everything"),
    purpose.

    >>> listed = table()
    >>> table.loc[table["publisher"].str.contains("Federal Reserve"), ["name", "months", "peak_unemployment"]]
                               name  months  peak_unemployment
    4   dfast-2013-severely-adverse      39              0.121
    6             fed-2026-baseline      39              0.046
    7     fed-2026-severely-adverse      39              0.100
    14                      us-1990      48              0.076
    15                      us-2001      39              0.061
    16                      us-2007      48              0.099
    17                      us-2020      27              0.130
    """
    rows = []
    for name in _names():
        record = _record(name)
        rows.append(
            {key: str(record[key]) for key in ("name", "publisher", "published")}
            | {"start": first_month(record["start"]), "months": _length(record)}
            | {"peak_unemployment": float(np.max(record["values"]["unemployment_rate"])) / 100}
            | {"filled_in": _filled_in(record), "purpose": record["purpose"]}
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


HOW_MONTHLY = {
    1: "months as given",
    3: "monthly by least squared second differences, quarterly means kept",
    12: "monthly by least squared second differences, annual means kept",
}
"""How figures of so many months became months."""


def quarters_to_months(
    values: Mapping[str, ArrayLike], previous: Mapping[str, float] | None, span: int = 3
) -> dict[str, np.ndarray[Any, np.dtype[np.float64]]]:
    """Monthly paths of several variables [decimals], with the means of the quarters.

    previous : the quarter before, None if there is none
    span : months of a figure: 3, or 12 for years, or 1, which leaves them as they are
    Unemployment and a never negative policy rate stay above zero; shares that neutral scenarios leave out, as
    line_supply, are held for the whole quarter, as a smooth path would leave their bounds.

    >>> quarters_to_months({"unemployment_rate": [0.05, 0.08], "line_supply": [1.0, 0.4]}, None)["line_supply"]
    array([1. , 1. , 1. , 0.4, 0.4, 0.4])
    """
    months = {}
    for name, quarters in values.items():
        if span == 1 or name in MACRO_NEUTRAL:
            months[name] = np.repeat(np.asarray(quarters, dtype=np.float64), span)
            continue
        before = None if previous is None else previous[name]
        lowest = np.min(quarters if before is None else np.append(quarters, before))
        bounded = name in ("unemployment_rate", "policy_rate") and lowest >= 0
        months[name] = to_monthly(quarters, before, floor=0.0 if bounded else None, span=span)
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


def first_month(period: str) -> str:
    """First month of a quarter, a year or a month.

    >>> first_month("2026 Q2"), first_month("2025"), first_month("2020-01")
    ('2026-04', '2025-01', '2020-01')
    """
    if " Q" in period:
        year, number = period.split(" Q")
        return f"{year}-{3 * int(number) - 2:02d}"
    return period if "-" in period else f"{period}-01"


def _normal(record: Mapping[str, Any]) -> float:
    """Growth of real income that is normal [1/year]: given, or the mean of the scenario that is named."""
    normal = record["normal"]
    return normal_growth(normal) if isinstance(normal, str) else float(normal) / 100


def _length(record: Mapping[str, Any]) -> int:
    """Months of a scenario."""
    if "months" in record:
        return int(record["months"])
    return SPANS[record["frequency"]] * max(np.size(figures) for figures in record["values"].values())


def _filled_in(record: Mapping[str, Any]) -> str:
    """Variables that were not published, in words."""
    parts = {key: text.startswith("assumption:") for key, text in record["status"].items() if "assumption:" in text}
    if len(parts) == len(record["status"]) and all(parts.values()):
        return "everything"
    return ", ".join(key if whole else f"{key} (in part)" for key, whole in parts.items()) or "nothing"


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
