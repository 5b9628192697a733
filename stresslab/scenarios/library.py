"""The scenarios that come with the package, and what every scenario must satisfy."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike

from stresslab.checks import choice_faults, macro_faults, refuse
from stresslab.noted import told
from stresslab.scenarios.monthly import to_monthly
from stresslab.scenarios.periods import SPANS, first_month_of
from stresslab.scenarios.side_by_side import Scenarios, side_by_side
from stresslab.schema import MACRO, MACRO_NEUTRAL, InputError
from stresslab.typed import typed

VARIABLES = ("unemployment_rate", "real_income_growth", "gdp_growth", "inflation", "policy_rate")
"""The macro variables in which scenarios are published and models of paths move. The order is that of their random
numbers and must not change."""

INTERPOLATION = {
    1: "months as given",
    3: "monthly by least squared second differences, quarterly means kept",
    12: "monthly by least squared second differences, annual means kept",
}
"""How figures become months, by the months that a figure covers."""


@typed
def scenario(name: str | Scenarios) -> xr.Dataset:
    """A scenario of the library as a monthly path, or several scenarios side by side.

    Parameters
    ----------
    name : str, list of str and xarray.Dataset, or mapping of str to str or xarray.Dataset
        One of `scenarios.table()["name"]`. Several names and scenarios, as of `read_scenario`, `shock_scenario` or
        `scenarios.scale`, stand along `scenario` under their own names, or under the labels of a mapping.

    Returns
    -------
    xarray.Dataset
        Those of the following that the scenario contains; months 1, 2, ...; with `scenario` in front if several.

        ====================  =====  ======  ====================================================
        variable              dims   unit    meaning
        ====================  =====  ======  ====================================================
        unemployment_rate     month  1       unemployed over labour force
        real_income_growth    month  1/year  growth of real disposable income, annual rate
        gdp_growth            month  1/year  growth of real GDP, annual rate
        inflation             month  1/year  consumer price inflation, annual rate
        policy_rate           month  1/year  short-term interest rate
        furlough_share        month  1       share of the employed on short pay
        furlough_income_loss  month  1       share of pay that a furloughed borrower loses
        collections_capacity  month  1       contact with late payers over normal contact
        line_supply           month  1       share of open lines and renewals that lenders grant
        real_income_trend            1/year  normal growth of real income, against which a loss counts
        ====================  =====  ======  ====================================================

        attrs: `name`, `publisher`, `published`, `address`; `start`, the first month; `frequency`, as published;
        `filled_in`, the variables that are assumptions of this package; `history`, a JSON list of the source of each
        variable and of each step of processing; `reference`, JSON, results that were published beside the paths, in
        the units of the source. Of several scenarios these are labels along `scenario`.

    Raises
    ------
    InputError
        Names the scenarios of the library; each fault of scenarios side by side: of one of them, labels that repeat, a
        policy rate or an income trend that only some of them have.

    Notes
    -----
    Scenarios side by side are cut to the months of the shortest. A variable that has a neutral value is neutral in
    those without it; `gdp_growth` and `inflation` are left out unless all have them. `notes` says what was done.
    Simulated together, each has the same results as alone.

    Quarterly and annual figures become the smoothest monthly path with the same means, which starts from the last
    published figure before it [1]_. A policy rate that is published as never negative stays so.

    References
    ----------
    .. [1] Boot, Feibes and Lisman (1967), Further methods of derivation of quarterly figures from annual data, Applied
       Statistics 16, with second differences.

    Examples
    --------
    The published unemployment rate of 2027Q3, the seventh quarter, is 10.0 %.

    >>> import stresslab as sl
    >>> severe = sl.scenario("fed-2026-severely-adverse")
    >>> severe["unemployment_rate"].sel(month=[19, 20, 21]).mean().item()
    0.10

    Three countries' worth of normal growth, each with its own:

    >>> both = sl.scenario({"calm": "china-baseline", "recession": "us-2007", "severe": severe})
    >>> both["real_income_trend"].values.round(4)
    array([0.05  , 0.0347, 0.0215])
    >>> sl.notes(both)[0]
    'month: cut to 36, those of calm; longer are recession (48), severe (39)'
    """
    return _published(name) if isinstance(name, str) else side_by_side(name, _published)


def _published(name: str) -> xr.Dataset:
    """A scenario of the library as a monthly path."""
    record = _record(name)
    values = {key: np.atleast_1d(np.asarray(figures)) / 100 for key, figures in record["values"].items()}
    attrs = {key: str(record[key]) for key in ("name", "publisher", "published", "address", "frequency")}
    attrs |= {"start": first_month_of(record["start"]), "filled_in": _filled_in(record)}
    history = [f"{key}: {source}" for key, source in record["status"].items()]
    if record["frequency"] in ("constant", "monthly"):
        length = _length(record)
        history += [f"each figure held for {length} months"] if record["frequency"] == "constant" else []
        months = {key: np.full(length, value) if value.size == 1 else value for key, value in values.items()}
    elif record.get("held"):
        span = SPANS[record["frequency"]]
        history.append(f"each figure held for {span} months")
        months = {key: np.repeat(value, span) for key, value in values.items()}
    else:
        span = SPANS[record["frequency"]]
        last_before = f"the last {'year' if span == 12 else 'quarter'} before"
        history.append(f"{INTERPOLATION[span]}, starting from {last_before}")
        months = monthly_values(values, {key: record["jumping_off"][key] / 100 for key in values}, span)
    if "reference" in record:
        attrs["reference"] = json.dumps(record["reference"], ensure_ascii=False)
    return monthly_dataset(months, attrs | {"history": as_history(history)}, _income_trend(record))


@typed
def table() -> pd.DataFrame:
    """The scenarios of the library as a table, one row each.

    Returns
    -------
    pandas.DataFrame
        =================  =====  ======================================================================
        column             unit   meaning
        =================  =====  ======================================================================
        name                      what `scenario` takes
        publisher                 of the figures
        published                 date of publication
        start                     first month
        months             month  length
        peak_unemployment  1      highest published figure
        filled_in                 variables that are assumptions of this package: "nothing", "everything" or their names
        purpose                   place, and what happens
        =================  =====  ======================================================================

        One row for each scenario.

    Examples
    --------
    >>> import stresslab as sl
    >>> library = sl.scenarios.table()
    >>> library.loc[library["publisher"].str.contains("Federal Reserve"), ["name", "months", "peak_unemployment"]]
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
            | {"start": first_month_of(record["start"]), "months": _length(record)}
            | {"peak_unemployment": float(np.max(record["values"]["unemployment_rate"])) / 100}
            | {"filled_in": _filled_in(record), "purpose": record["purpose"]}
        )
    return pd.DataFrame(rows)


def macro_attrs(name: str) -> dict[str, str]:
    """Attributes of a macro variable: its unit and meaning.

    >>> macro_attrs("unemployment_rate")
    {'units': '1', 'long_name': 'unemployed over labour force'}
    """
    return {"units": MACRO[name].unit, "long_name": MACRO[name].meaning}


def described(macro: xr.Dataset) -> xr.Dataset:
    """The same dataset with `units` and `long_name` on each macro variable."""
    named = {name: macro[name].assign_attrs(macro_attrs(name)) for name in map(str, macro.data_vars) if name in MACRO}
    return macro.assign(named)


def as_history(steps: Sequence[str]) -> str:
    """The steps by which a scenario was made, as attrs["history"] keeps them: a JSON list."""
    return json.dumps(list(steps), ensure_ascii=False)


def history_of(macro: xr.Dataset) -> list[str]:
    """The steps by which a scenario was made; a text that is no JSON list is one step.

    >>> history_of(xr.Dataset(attrs={"history": '["read from a.csv", "shifted"]'}))
    ['read from a.csv', 'shifted']
    """
    text = told(macro, "history")
    if not text.startswith("["):
        return [text] if text else []
    return [str(step) for step in json.loads(text)]


def check_scenario(macro: xr.Dataset) -> None:
    """Refuse a macro dataset that cannot be simulated, naming every fault at once.

    macro : Dataset (month), or with path and scenario before it; month counts 1, 2, ... without a gap

    >>> check_scenario(scenario("china-baseline").isel(month=slice(1, None)))
    Traceback (most recent call last):
    ...
    stresslab.schema.InputError: scenario 'china-baseline': 1 fault
      - month: found 2, 3, 4 ..., expected 1, 2, 3, ...; assign_coords(month=range(1, 36))
    """
    faults = []
    if macro.sizes.get("month") and "month" not in macro.coords:
        advice = f"assign_coords(month=range(1, {macro.sizes['month'] + 1}))"
        faults.append(f"month: found no coordinate, expected 1, 2, 3, ...; {advice}")
    if faults := faults + macro_faults(macro):
        raise InputError(f"scenario {told(macro, 'name', 'without a name')!r}", faults)


def monthly_values(
    values: Mapping[str, ArrayLike], previous: Mapping[str, float] | None, span: int = 3
) -> dict[str, np.ndarray[Any, np.dtype[np.float64]]]:
    """Monthly paths of several variables [decimals], with the means of the published periods.

    previous : the figures of the period before, where they are known
    span : months of a figure: 3, or 12 for years, or 1, which leaves them as they are
    Unemployment and a never negative policy rate stay above zero. Shares that are neutral by default, as line_supply,
    are held for the whole period, as a smooth path would leave their bounds.

    >>> monthly_values({"unemployment_rate": [0.05, 0.08], "line_supply": [1.0, 0.4]}, None)["line_supply"]
    array([1. , 1. , 1. , 0.4, 0.4, 0.4])
    """
    months = {}
    for name, figures in values.items():
        if span == 1 or name in MACRO_NEUTRAL:
            months[name] = np.repeat(np.asarray(figures, dtype=np.float64), span)
            continue
        before = None if previous is None else previous.get(name)
        lowest = np.min(figures if before is None else np.append(figures, before))
        bounded = name in ("unemployment_rate", "policy_rate") and lowest >= 0
        months[name] = to_monthly(figures, before, floor=0.0 if bounded else None, span=span)
    return months


def monthly_dataset(months: Mapping[str, ArrayLike], attrs: Mapping[str, str], trend: float) -> xr.Dataset:
    """A checked scenario (month) from monthly values and the normal growth of real income [decimals]."""
    variables: dict[str, Any] = {
        name: ("month", np.asarray(values, dtype=np.float64), macro_attrs(name)) for name, values in months.items()
    }
    variables["real_income_trend"] = ((), float(trend), macro_attrs("real_income_trend"))
    macro = xr.Dataset(variables, attrs=dict(attrs))
    macro = macro.assign_coords(month=np.arange(1, macro.sizes["month"] + 1))
    check_scenario(macro)
    return macro


def mean_income_growth(name: str) -> float:
    """Mean real income growth [1/year] of a scenario of the library, as published."""
    return float(np.mean(_record(name)["values"]["real_income_growth"])) / 100


def _income_trend(record: Mapping[str, Any]) -> float:
    """Normal growth of real income [1/year]: given, or the mean of the scenario that is named."""
    normal = record["normal"]
    return mean_income_growth(normal) if isinstance(normal, str) else float(normal) / 100


def _length(record: Mapping[str, Any]) -> int:
    """Months of a scenario."""
    if "months" in record:
        return int(record["months"])
    return SPANS[record["frequency"]] * max(np.size(figures) for figures in record["values"].values())


def _filled_in(record: Mapping[str, Any]) -> str:
    """Variables that were not published, in words."""
    assumed = {key: text.startswith("assumption:") for key, text in record["status"].items() if "assumption:" in text}
    if len(assumed) == len(record["status"]) and all(assumed.values()):
        return "everything"
    return ", ".join(key if entirely else f"{key} (in part)" for key, entirely in assumed.items()) or "nothing"


@cache
def _names() -> tuple[str, ...]:
    """Names of the scenarios in the package's data folder."""
    entries = (item.name for item in files("stresslab.scenarios").joinpath("data").iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in entries if name.endswith(".toml")))


@cache
def _record(name: str) -> dict[str, Any]:
    """A scenario's file, as published."""
    refuse("scenario", choice_faults("name", name, _names()))
    return tomllib.loads(files("stresslab.scenarios").joinpath("data", f"{name}.toml").read_text(encoding="utf-8"))
