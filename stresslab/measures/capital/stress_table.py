"""Supervisory stress table: capital, losses and income of several scenarios side by side."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import xarray as xr

from stresslab.checks import level_faults, refuse
from stresslab.measures.estimators import quantile
from stresslab.measures.result_view import dataset_faults, of_the_run, unlike_faults
from stresslab.noted import noted, notes
from stresslab.schema import money_of
from stresslab.typed import typed

RATIOS = {"cet1_ratio": "CET1", "tier1_ratio": "Tier 1", "total_ratio": "total", "leverage_ratio": "leverage"}
INCOME = {
    "pre_provision_income": "pre-provision income", "provision_charge": "provisions",
    "profit_before_tax": "profit before tax", "tax": "tax", "dividends": "dividends",
}  # fmt: skip
NEEDS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys((*RATIOS, *INCOME, "loss", "loans", "rwa"), ("path", "month")),
    **dict.fromkeys(("any_breach_probability", "any_breach_probability_se"), ()),
}
SAME = ("currency", "lender")
"""Attrs that scenarios side by side must share."""


@typed
def dfast_loss_rate(adequacy: xr.Dataset, months: int = 27) -> xr.DataArray:
    r"""Loss rate as the stress tests of the Federal Reserve print it, on every path.

    Parameters
    ----------
    adequacy : xarray.Dataset
        From `capital_adequacy`; needs loss and loans.
    months : int
        Months of the horizon; 27 are nine quarters.

    Returns
    -------
    xarray.DataArray
        Loss rate of each path over the horizon [1]; times 4 / 9 it is the rate of a year.

    Raises
    ------
    InputError
        Names each fault.

    Notes
    -----
    .. math:: \frac{\sum_{t=1}^{T} \mathrm{loss}_t}{\frac{1}{T + 1} \sum_{t=0}^{T} \mathrm{loans}_t}

    Losses count exposure at default, further drawings before default included, and the denominator is the average
    balance outstanding [1]_; so the rate of a card is above drawn PD times LGD.

    References
    ----------
    .. [1] Board of Governors of the Federal Reserve System (2014-2016), Dodd-Frank Act Stress Test, Appendix D.

    Examples
    --------
    12 lost of an average of 90:

    >>> dims = ("path", "month")
    >>> adequacy = xr.Dataset({"loss": (dims, [[0.0, 6.0, 6.0]]), "loans": (dims, [[100.0, 100.0, 70.0]])})
    >>> dfast_loss_rate(adequacy, 2).round(6).item()
    0.133333
    """
    needs = {name: NEEDS[name] for name in ("loss", "loans")}
    faults = dataset_faults(adequacy, needs, "capital_adequacy()", name="adequacy")
    refuse("dfast_loss_rate", faults + _months_faults(adequacy, months))
    lost = adequacy["loss"].isel(month=slice(1, months + 1)).sum("month")
    rate = lost / adequacy["loans"].isel(month=slice(0, months + 1)).mean("month")
    return rate.assign_attrs(units="1", long_name="loss over the average balance", **of_the_run(adequacy))


@typed
def stress_table(
    results: xr.Dataset | Mapping[str, xr.Dataset], *, months: int = 27, level: float = 0.95, labels: bool = True
) -> pd.DataFrame:
    """Supervisory table of capital, losses and income over the horizon, a column for each scenario.

    Parameters
    ----------
    results : xarray.Dataset or mapping of str to xarray.Dataset
        From `capital_adequacy`, perhaps along `scenario`, or several by name.
    months : int
        Months of the horizon; 27 are nine quarters.
    level : float
        Of the quantiles beside the means: of losses this one, of the lowest CET1 ratio 1 - level.
    labels : bool
        Whether rows are labels to print, such as "CET1 ratio, lowest", or names, such as "cet1_ratio_lowest".

    Returns
    -------
    pandas.DataFrame
        Columns (scenario, "estimate" or "se"): ratios and rates in %, amounts in millions of the currency; means over
        paths unless the row says otherwise, and their standard errors. ``attrs["labels"]`` has the label of each name,
        and ``sl.notes(table)`` says what was taken by default.

    Raises
    ------
    InputError
        Names each fault.

    Notes
    -----
    The loss rate is that of `dfast_loss_rate`. Provision charges are net of recoveries.

    Examples
    --------
    CET1 of 75 against 750 of risk-weighted assets at the start:

    >>> from stresslab.measures.capital.adequacy import capital_adequacy
    >>> from stresslab.measures.capital.balance_sheet import BalanceSheet
    >>> from stresslab.measures.liquidity.funding import Borrowing, Funding
    >>> from stresslab.testing import tiny_result
    >>> sheet = BalanceSheet(Funding(100.0, [Borrowing("bond", {90: 1000.0})]))
    >>> adequacy = capital_adequacy(tiny_result(1000.0, paths=2, months=2), sheet)
    >>> table = stress_table(adequacy, months=2, labels=False)
    >>> float(table.loc["cet1_ratio_opening", ("scenario", "estimate")])
    10.0
    """
    given = {"scenario": results} if isinstance(results, xr.Dataset) else dict(results)
    refuse("stress_table", _table_faults(given, months, level))
    columns: dict[str, dict[str, tuple[float, float]]] = {}
    for name, adequacy in given.items():
        if "scenario" in adequacy.dims:
            for place, label in enumerate(adequacy["scenario"].values):
                key = str(label) if len(given) == 1 else f"{name}: {label}"
                columns[key] = _column(adequacy.isel(scenario=place), months, level)
        else:
            columns[name] = _column(adequacy, months, level)
    first = next(iter(given.values()))
    table = pd.DataFrame(
        {
            (name, part): {row: pair[place] for row, pair in rows.items()}
            for name, rows in columns.items()
            for place, part in enumerate(("estimate", "se"))
        }
    )
    printed = {name: _label(name, level) for name in table.index}
    if labels:
        table = table.rename(index=printed)
    table.index.name = f"over {months} months; money in {money_of(first.attrs)} m, ratios and rates in %"
    said = noted(first, *(notes(adequacy) for adequacy in given.values()))
    table.attrs = {"labels": printed, **of_the_run(said)}
    return table


def _table_faults(given: Mapping[str, xr.Dataset], months: int, level: float) -> list[str]:
    """Everything that keeps the table from being made."""
    faults = level_faults("level", (level,))
    if not given:
        return ["results: found none, expected at least one; give a Dataset or a mapping", *faults]
    first, advice = next(iter(given)), "make a table for each"
    for name, adequacy in given.items():
        of = "" if len(given) == 1 else f" of {name!r}"
        alone = dataset_faults(adequacy, NEEDS, "capital_adequacy()", name=f"results{of}")
        alone = alone or unlike_faults(
            f"results{of}", adequacy, given[first], SAME, advice=advice, of=repr(first), told=False
        )
        faults += alone + _months_faults(adequacy, months, of)
        if adequacy.sizes.get("path", 2) < 2:
            faults.append(f"path: found {adequacy.sizes['path']}{of}, expected at least 2; simulate more paths")
    return faults


def _months_faults(adequacy: xr.Dataset, months: int, of: str = "") -> list[str]:
    """Fault of a horizon beyond the months of a result."""
    last = adequacy.sizes.get("month", 1) - 1
    if 1 <= months <= last or "month" not in adequacy.dims:
        return []
    return [f"months: found {months}, expected 1 to {last}{of}; simulate a longer horizon or shorten it"]


def _label(name: str, level: float) -> str:
    """A row as it is printed."""
    for ratio, words in RATIOS.items():
        if name.startswith(ratio):
            of_what = name.removeprefix(f"{ratio}_").replace("lowest_quantile", f"lowest, {1.0 - level:.0%} quantile")
            return f"{words} ratio, {of_what}"
    return {
        **INCOME,
        "loss": "losses",
        "loss_rate": "loss rate",
        "loss_rate_quantile": f"loss rate, {level:.0%} quantile",
        "rwa_opening": "risk-weighted assets, opening",
        "rwa_closing": "risk-weighted assets, closing",
        "any_breach_probability": "any hurdle missed, whole result",
    }[name]


def _column(adequacy: xr.Dataset, months: int, level: float) -> dict[str, tuple[float, float]]:
    """Figures of a scenario by name, each with its standard error."""
    rows: dict[str, tuple[float, float]] = {}

    def add(name: str, values: xr.DataArray, scale: float) -> None:
        error = float(values.std("path", ddof=1)) / values.sizes["path"] ** 0.5
        rows[name] = scale * float(values.mean("path")), scale * error

    def add_quantile(name: str, values: xr.DataArray, at: float) -> None:
        estimate = quantile(values.values, [at])
        rows[name] = 100.0 * float(estimate.value[0]), 100.0 * float(estimate.se[0])

    horizon = adequacy.isel(month=slice(0, months + 1))
    after = horizon.isel(month=slice(1, None))
    for name in RATIOS:
        add(f"{name}_opening", horizon[name].isel(month=0), 100.0)
        add(f"{name}_lowest", after[name].min("month"), 100.0)
        if name == "cet1_ratio":
            add_quantile(f"{name}_lowest_quantile", after[name].min("month"), 1.0 - level)
        add(f"{name}_closing", after[name].isel(month=-1), 100.0)
    rate = dfast_loss_rate(adequacy, months)
    add("loss", after["loss"].sum("month"), 1e-6)
    add("loss_rate", rate, 100.0)
    add_quantile("loss_rate_quantile", rate, level)
    for name in INCOME:
        add(name, after[name].sum("month"), 1e-6)
    add("rwa_opening", horizon["rwa"].isel(month=0), 1e-6)
    add("rwa_closing", horizon["rwa"].isel(month=-1), 1e-6)
    chance = adequacy["any_breach_probability"], adequacy["any_breach_probability_se"]
    rows["any_breach_probability"] = 100.0 * float(chance[0]), 100.0 * float(chance[1])
    return rows
