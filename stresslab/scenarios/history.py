"""Histories by quarter: those that come with the package, and what a user's own must satisfy to be fitted."""

from __future__ import annotations

import io
from collections.abc import Sequence
from importlib.resources import files

import numpy as np
import pandas as pd
import xarray as xr

from stresslab.scenarios.library import VARIABLES, macro_attrs
from stresslab.scenarios.periods import normalised, parse_period, period_label
from stresslab.schema import MACRO
from stresslab.typed import typed

FEWEST = 40
"""Least number of quarters to which a model of five variables is fitted: ten years."""


@typed
def us_history() -> xr.Dataset:
    """Macroeconomic history of the United States by quarter, 1976Q1 to 2025Q4, as the Federal Reserve published it.

    Returns
    -------
    xarray.Dataset
        ==================  =======  ======  =============================================
        variable            dims     unit    meaning
        ==================  =======  ======  =============================================
        unemployment_rate   quarter  1       unemployed over labour force
        real_income_growth  quarter  1/year  growth of real disposable income, annual rate
        gdp_growth          quarter  1/year  growth of real GDP, annual rate
        inflation           quarter  1/year  consumer price inflation, annual rate
        policy_rate         quarter  1/year  3-month Treasury rate
        ==================  =======  ======  =============================================

        Labels of `quarter` are "1976Q1", "1976Q2", ...; attrs: `name`, `title`, `publisher`, `published`, `licence`,
        `address`.

    Notes
    -----
    A table of your own for `VAR.fit` has the same shape; `table.index.to_period("Q").astype(str)` makes the labels of a
    pandas table with dates. A part is `us_history().sel(quarter=slice("1990Q1", "2019Q4"))`.

    Examples
    --------
    The published unemployment rate of 2009Q4 is 9.9 %.

    >>> import stresslab as sl
    >>> sl.scenarios.us_history()["unemployment_rate"].sel(quarter="2009Q4").item()
    0.099
    """
    text = files("stresslab.scenarios").joinpath("data", "us-history.csv").read_text(encoding="utf-8")
    head = [line[2:].split(": ", 1) for line in text.splitlines() if line.startswith("#")]
    table = pd.read_csv(io.StringIO(text), comment="#", index_col="quarter", encoding="utf-8")
    values = {name: ("quarter", table[name].to_numpy(np.float64) / 100, macro_attrs(name)) for name in VARIABLES}
    return xr.Dataset(values, {"quarter": table.index.to_list()}, {key: value for key, value in head if key != "units"})


@typed
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
    """Faults of a quarterly table that is to be fitted.

    variables : which of its variables are needed
    fewest : quarters that it must have
    """
    if not isinstance(history, xr.Dataset):
        return [f"history: found {type(history).__name__}, expected a Dataset (quarter); give one like us_history()"]
    if tuple(history.dims) != ("quarter",) or "quarter" not in history.coords:
        found = ", ".join(str(dim) for dim in history.dims) or "none"
        expected = "expected 'quarter' alone, with labels such as '1976Q1'"
        return [f"history: found dimensions {found}, {expected}; rename the dimension and assign labels"]
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
        return [f"quarter: found {len(labels)} quarters, expected at least {fewest}; give a longer history"]
    periods = [parse_period(label) for label in labels]
    numbers = [period.first for period in periods if period is not None and period.span == 3]
    if len(numbers) < len(labels):
        found = f"found {labels[0]!r} ... {labels[-1]!r}"
        return [f"quarter: {found}, expected labels of quarters such as '1976Q1'; assign such labels"]
    breaks = np.flatnonzero(np.diff(numbers) != 3)
    if breaks.size:
        first, second = (period_label(3, number) for number in numbers[breaks[0] : breaks[0] + 2])
        found = f"found {second!r} after {first!r}"
        return [f"quarter: {found}, expected every quarter in its order; fill the gap, or select the quarters after it"]
    return []


def _value_faults(name: str, values: xr.DataArray) -> list[str]:
    """Faults of one variable's figures: missing ones, bounds, or no movement."""
    want = MACRO[name]
    figures = values.values.astype(np.float64)
    bad = np.flatnonzero(~np.isfinite(figures) | (figures < want.low) | (figures > want.high))
    if bad.size:
        found = f"found {figures[bad[0]]:g} in {normalised(str(values['quarter'].values[bad[0]]))}"
        expected = f"expected {want.low:g} to {want.high:g} [{want.unit}]"
        return [f"{name}: {found}, {expected}; fill the gap, or convert the figures to decimals"]
    if np.ptp(figures) == 0.0:
        return [f"{name}: found {figures[0]:g} in every quarter, expected movement; leave it out of the variables"]
    return []
