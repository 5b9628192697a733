"""Scenarios from files, in the layouts of their publishers, and from datasets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

import pandas as pd
import xarray as xr

from stresslab.checks import choice_faults, like, refuse, type_faults
from stresslab.noted import noted, told
from stresslab.scenarios.library import check_scenario, described
from stresslab.scenarios.names import RATES, read_name
from stresslab.scenarios.sheets import Sheet, read_sheet
from stresslab.scenarios.tables import Units, income_trend, monthly_scenario, trend_faults
from stresslab.scenarios.units import WORDS, unit_of
from stresslab.schema import InputError
from stresslab.tabular import open_table, texts
from stresslab.typed import typed

LAYOUTS = ("fed", "tidy", "boe")


@typed
def read_scenario(
    path: str | PathLike[str] | Any,
    start: str | None = None,
    name: str | None = None,
    *,
    trend: float | None = None,
    layout: str = "fed",
    units: Units = None,
    frequency: str | None = None,
    encoding: str | None = None,
    separator: str | None = None,
    decimal: str | None = None,
    sheet: str | None = None,
    skip: str | Sequence[str] = (),
) -> xr.Dataset:
    r"""A scenario from a table in the layout of the Federal Reserve, of the Bank of England, or in long rows.

    Parameters
    ----------
    path : str, path-like, pandas.DataFrame, polars.DataFrame or pyarrow.Table
        Text file with separators, packed or not, .xlsx, Parquet, or a table in memory. Columns are found by their
        header, in any order. Unemployment is needed; growth of real income is set to its trend where it is not there;
        GDP, inflation, a short rate and the shares are read where they are present.
    start : str or None
        First period wanted, "2026Q1"; the one before it, if the file has one, is where the path starts from. None: the
        first of the file.
    name : str or None
        Which scenario, if the file holds several, or what to call that of a file without names.
    trend : float or None
        Normal growth of real income [1/year], against which a loss of income counts. None: the mean of
        `fed-2026-baseline`, which fits the United States only.
    layout : {"fed", "tidy", "boe"}
        "fed": a column for each variable, in percent and at an annual rate, as in the domestic files of any year.
        "boe": the same, with the unit in the header: "Unemployment rate (%)"; levels without one. "tidy": a row for
        each figure, with "variable", "value" and "date", perhaps "scenario", "unit", "transformation" and "frequency".
        In each, several scenarios stand in a column "Scenario Name". Periods across the columns are read too, with a
        row for each variable.
    units : str, mapping of str to str, or None
        For all variables or for each, where the table does not state them: "percent", "decimal", "percent on the period
        before" (or "quarter", "month"), "percent on a year earlier", "level". "percent" and "decimal" of growth are at
        an annual rate.
    frequency : {"monthly", "quarterly", "annual"} or None
        Where dates do not tell it, as a single day.
    encoding : str or None
        Of a text file. None: UTF-8, or what its byte-order mark says.
    separator : str or None
        Between the cells of a text file. None: the one of comma, semicolon, tab and pipe that splits all lines alike.
    decimal : {".", ","} or None
        Decimal sign. None: ".".
    sheet : str or None
        Of a workbook. None: the only one with rows.
    skip : str or sequence of str
        Beginnings of the lines of a file that are no part of the table: titles and notes.

    Returns
    -------
    xarray.Dataset
        Scenario (month), with the variables, units and attrs of `scenario`; `notes` says what was converted, left out
        or taken by default.

    Raises
    ------
    InputError
        Names each fault: columns, periods that are missing or not in order, cells, units that are missing, unknown, or
        other than the figures prove.

        Notes
    -----
    Periods are written "2026Q1", "2026 Q1", "Q1 2026", "2026:Q1", "1Q26", "2026年第一季度", "2026-03", "2026M03",
    "Mar 2026", "2026年3月", "2026", or as days: "2026-03-31", "31.03.2026", "31 March 2026", and "31/03/2026" where the
    column tells days from months. The last day of any month ends its quarter or year; a first day begins one if it is
    that of a calendar quarter or year. attrs and error texts say "2026Q1". Quarters and years become months with their
    means kept; shares, as `line_supply`, are held.

    Growth g on the period before becomes :math:`(1 + g)^{12/m} - 1`, with m months in a period, and levels become their
    growth on the period before, likewise. Nominal levels of income are divided by consumer prices of the same table.
    Growth on a year earlier is accepted for inflation and for annual figures only.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import stresslab as sl
    >>> rows = ["quarter,variable,value,unit"]
    >>> rows += ["2026Q1,unemployment_rate,5,percent", "2026Q1,real_income_growth,2,percent"]
    >>> rows += ["2026Q2,unemployment_rate,8,percent", "2026Q2,real_income_growth,-1,percent"]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "own.csv")
    ...     _ = file.write_text("\n".join(rows))
    ...     own = sl.read_scenario(file, layout="tidy", trend=0.02)
    >>> own["unemployment_rate"].values  # means of 5 % and 8 %: a straight line
    array([0.04, 0.05, 0.06, 0.07, 0.08, 0.09])
    """
    faults = choice_faults("layout", layout, LAYOUTS) + _unit_argument_faults(units) + type_faults("name", name, str)
    refuse("read_scenario", faults)
    table = open_table(path, encoding=encoding, separator=separator, decimal=decimal, sheet=sheet, skip=skip)
    return monthly_scenario(
        read_sheet(table, layout, name),
        default="percent" if layout == "fed" else "",
        units=units,
        frequency=frequency,
        start=start,
        trend=trend,
    )


@typed
def from_dataset(
    dataset: xr.Dataset,
    *,
    trend: float | None = None,
    units: Units = None,
    start: str | None = None,
    frequency: str | None = None,
) -> xr.Dataset:
    """A scenario from a dataset along time, whose figures are of months, quarters or years.

    Parameters
    ----------
    dataset : xarray.Dataset
        One dimension, of time, under any name. Variables are those of `scenario`, each with attrs["units"], in the
        words of `read_scenario` or "%", "1", "1/year". The coordinate is dates a month, a quarter or a year apart, or
        labels such as "2026Q1", or years. A dataset along `month` with labels 1, 2, ... is taken to be in decimals, and
        checked and kept.
    trend : float or None
        Normal growth of real income [1/year], as in `read_scenario`.
    units : str, mapping of str to str, or None
        For all variables or for each, where attrs do not state them, as in `read_scenario`.
    start : str or None
        First period wanted, as in `read_scenario`; a date as "2026-03-31".
    frequency : {"monthly", "quarterly", "annual"} or None
        Where dates do not tell it, as a single day.

    Returns
    -------
    xarray.Dataset
        Scenario (month), with the variables, units and attrs of `scenario`.

    Raises
    ------
    InputError
        Names each fault: dimensions, unknown variables, periods, units.

    Examples
    --------
    >>> import xarray as xr
    >>> import stresslab as sl
    >>> data = {"unemployment_rate": ("time", [5.0, 8.0]), "real_income_growth": ("time", [2.0, -1.0])}
    >>> dataset = xr.Dataset(data, {"time": ["2026Q1", "2026Q2"]})
    >>> macro = sl.scenarios.from_dataset(dataset, units="percent", trend=0.02)
    >>> macro["unemployment_rate"].values  # means of 5 % and 8 %: a straight line
    array([0.04, 0.05, 0.06, 0.07, 0.08, 0.09])
    """
    subject = f"dataset {told(dataset, 'name', 'without a name')!r}"
    faults = _unit_argument_faults(units)
    if len(dataset.dims) != 1:
        faults.append(f"dimensions: found {tuple(dataset.dims)}, expected one, of time; select one path or scenario")
    else:
        dim = str(next(iter(dataset.dims)))
        found = "no coordinate" if dim not in dataset.coords else "no periods" if not dataset.sizes[dim] else ""
        faults += [f"{dim}: found {found}, expected dates or labels such as '2026Q1'; assign them"] * bool(found)
    refuse(subject, faults)
    coordinate = dataset[dim].values
    if dim == "month" and coordinate.dtype.kind in "iuf":
        return _along_months(dataset, trend)
    variables = {str(key): values for key, values in dataset.data_vars.items()}
    if variables.pop("real_income_trend", None) is not None:
        faults.append("real_income_trend: found it as a variable, expected it by trend=; pass trend= and drop it")
    faults += [
        f"{key}: unknown{like(key, RATES)}, expected among {sorted(RATES)}; rename or drop it"
        for key in variables
        if read_name(key) is None
    ]
    sheet = Sheet(
        subject=subject,
        name=told(dataset, "name", "from a dataset"),
        date=dim,
        periods=_as_text(subject, dim, dataset[dim]),
        columns={key: _as_text(subject, key, values) for key, values in variables.items()},
        units={key: str(values.attrs.get("units", "")) for key, values in variables.items()},
        faults=faults,
    )
    return monthly_scenario(sheet, default="", units=units, frequency=frequency, start=start, trend=trend)


def _as_text(subject: str, name: str, values: xr.DataArray) -> list[str]:
    """Values along time as the cells of a table hold them."""
    try:
        return ["" if cell is None else cell for cell in texts(pd.Series(values.values))]
    except TypeError as error:
        raise InputError(subject, [f"{name}: found {error}, expected numbers or dates; convert it"]) from None


def _along_months(dataset: xr.Dataset, trend: float | None) -> xr.Dataset:
    """A dataset that is a scenario already, checked, with its normal growth of real income and its units."""
    refuse("from_dataset", trend_faults(trend))
    if trend is None and "real_income_trend" in dataset:
        check_scenario(dataset)
        return described(dataset)
    normal, notes = income_trend(trend)
    macro = dataset.assign(real_income_trend=normal)
    check_scenario(macro)
    return noted(described(macro), notes)


def _unit_argument_faults(units: object) -> list[str]:
    """Faults of units=."""
    if units is not None and not isinstance(units, str | Mapping):
        return [f"units: found {units!r}, expected one of {WORDS} or a mapping of variables to them; give one"]
    by_name = {"all variables": units} if isinstance(units, str) else dict(units or {})
    faults = [
        f"units: found {unit!r} for {name}, expected one of {WORDS}; choose one of them"
        for name, unit in by_name.items()
        if not isinstance(unit, str) or unit_of(unit) is None
    ]
    unknown = [] if isinstance(units, str) else [name for name in by_name if name not in RATES]
    return faults + [
        f"units: found variable {name!r}{like(name, RATES)}, expected among {[*RATES]}; rename it" for name in unknown
    ]
