"""Quarterly history of the macro variables: the table that comes with the package, and what a user's own must be."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from importlib.resources import files

import numpy as np
import pandas as pd
import xarray as xr

from stresslab.scenarios.library import VARIABLES
from stresslab.schema import MACRO

FEWEST = 40
"""Quarters without which no model of five variables is fitted: ten years."""


def us_history() -> xr.Dataset:
    """Quarterly history of the United States, 1976 Q1 to 2025 Q4, as the Federal Reserve published it.

    Returns Dataset (quarter), quarter "1976 Q1", "1976 Q2", ...: unemployment_rate [1]; real_income_growth, gdp_growth,
    inflation, policy_rate (3-month Treasury) [1/year]. attrs: name, title, publisher, published, licence, address.
    A table of one's own has the same shape; a part is `us_history().sel(quarter=slice("1990 Q1", "2019 Q4"))`.

    >>> us_history()["unemployment_rate"].sel(quarter="2009 Q4").item()  # 9.9 % published
    0.099
    """
    text = files("stresslab.scenarios").joinpath("data", "us-history.csv").read_text(encoding="utf-8")
    head = [line[2:].split(": ", 1) for line in text.splitlines() if line.startswith("#")]
    table = pd.read_csv(io.StringIO(text), comment="#", index_col="quarter", encoding="utf-8")
    values = {
        name: ("quarter", table[name].to_numpy(np.float64) / 100, {"units": MACRO[name].unit}) for name in VARIABLES
    }
    return xr.Dataset(values, {"quarter": table.index.to_list()}, {key: value for key, value in head if key != "units"})


def us_card_history() -> pd.DataFrame:
    """Credit cards and the economy of the United States by quarter, 1980 to 2019.

    Publishers and definitions stand at the head of `scenarios/data/us-card.csv`: Bureau of Labor Statistics, Bureau of
    Economic Analysis, Federal Reserve Board, Federal Reserve Bank of Philadelphia.

    Returns
    -------
    pandas.DataFrame
        ==================  ========  ==================================================================
        column              unit      meaning
        ==================  ========  ==================================================================
        unemployment_rate   1         mean of the quarter's three months
        real_income_growth  1/year    real disposable personal income
        charge_off_rate     1/year    net, of the average balance, not seasonally adjusted; from 1985
        arrears_rate        1         30 days past due and more, of the balance at quarter end; from 1991
        ==================  ========  ==================================================================

        The index `quarter` is a PeriodIndex ("1980Q1", "1980Q2", ...). NaN: the series is not known.

    Examples
    --------
    >>> us_card_history().loc["2010Q1", "charge_off_rate"].round(4).item()
    0.105
    """
    text = files("stresslab.scenarios").joinpath("data", "us-card.csv").read_text(encoding="utf-8")
    table = pd.read_csv(io.StringIO(text), comment="#", index_col="quarter") / 100.0
    return table.set_index(pd.PeriodIndex(table.index, freq="Q", name="quarter"))


def history_faults(history: object, variables: Sequence[str], fewest: int = FEWEST) -> list[str]:
    """Everything that keeps a quarterly table from being fitted; empty if nothing does.

    history : what was given for a Dataset (quarter)
    variables : which of its variables are needed
    fewest : quarters that it must have
    """
    if not isinstance(history, xr.Dataset):
        return [f"history: found {type(history).__name__}, expected a Dataset (quarter); see us_history()"]
    if tuple(history.dims) != ("quarter",) or "quarter" not in history.coords:
        found = ", ".join(str(dim) for dim in history.dims) or "none"
        return [f"history: found dimensions {found}, expected 'quarter' alone, with labels '1976 Q1', ...; rename"]
    faults = _quarter_faults([str(label) for label in history["quarter"].values], fewest)
    for name in variables:
        if name not in history:
            faults.append(f"{name}: missing from history, expected along 'quarter'; add it or name other variables")
        elif history[name].dtype.kind not in "iuf":
            faults.append(f"{name}: found type {history[name].dtype} in history, expected numbers; convert it")
        else:
            faults += _value_faults(name, history[name])
    return faults


def _quarter_faults(labels: list[str], fewest: int) -> list[str]:
    """Faults of the labels: too few, not of quarters, or with a gap."""
    if len(labels) < fewest:
        return [f"quarter: found {len(labels)}, expected at least {fewest}; give a longer history"]
    parts = [re.fullmatch(r"(\d{4}) Q([1-4])", label) for label in labels]
    count = np.array([4 * int(part[1]) + int(part[2]) for part in parts if part])
    if len(count) < len(labels):
        return [f"quarter: found {labels[0]!r} ... {labels[-1]!r}, expected labels such as '1976 Q1'; rename them"]
    wrong = np.flatnonzero(np.diff(count) != 1)
    if wrong.size:
        first, second = labels[wrong[0]], labels[wrong[0] + 1]
        return [f"quarter: found {second!r} after {first!r}, expected every quarter in its order; fill the gap or cut"]
    return []


def _value_faults(name: str, values: xr.DataArray) -> list[str]:
    """Faults of one variable's figures: holes, bounds, or no movement."""
    want = MACRO[name]
    figures = values.values.astype(np.float64)
    strange = ~np.isfinite(figures) | (figures < want.low) | (figures > want.high)
    if strange.any():
        where = int(np.flatnonzero(strange)[0])
        at = values["quarter"].values[where]
        bounds = f"{want.low:g} to {want.high:g} [{want.unit}]"
        return [f"{name}: found {figures[where]:g} in {at}, expected {bounds}; rates are decimals; correct it"]
    if np.ptp(figures) == 0.0:
        return [f"{name}: found {figures[0]:g} in every quarter, expected movement; leave it out of the variables"]
    return []
