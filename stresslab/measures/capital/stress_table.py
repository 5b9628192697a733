"""The table that a supervisor prints: capital, losses and income of several scenarios side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from stresslab.checks import level_faults, refuse
from stresslab.measures.estimators import quantile

RATIOS = {"CET1": "cet1_ratio", "Tier 1": "tier1_ratio", "total": "total_ratio", "leverage": "leverage_ratio"}
INCOME = {
    "pre-provision income": "pre_provision_income", "provisions": "provision_charge",
    "profit before tax": "profit_before_tax", "tax": "tax", "dividends": "dividends",
}  # fmt: skip
NEEDS = (
    *RATIOS.values(),
    *INCOME.values(),
    "loss",
    "loans",
    "any_breach_probability",
    "any_breach_probability_se",
    "rwa",
)


def dfast_loss_rate(adequacy: xr.Dataset, months: int = 27) -> xr.DataArray:
    """Loss rate as the Federal Reserve's stress tests print it, on every path [1].

    adequacy : Dataset of capital_adequacy(); needs loss, loans
    months : of the horizon, nine quarters
    Losses of the horizon, further drawings before default included, over the average balance outstanding, months 0 ...
    months. DFAST 2014-16, Appendix D: losses count exposure at default, the denominator is the average of
    balances; so a card rate is above drawn PD x LGD. Times 4 / 9 for a year.
    Raises InputError naming each fault.

    >>> dims = ("path", "month")
    >>> one = xr.Dataset({"loss": (dims, [[0.0, 6.0, 6.0]]), "loans": (dims, [[100.0, 100.0, 70.0]])})
    >>> dfast_loss_rate(one, 2).round(6).item()  # 12 / 90
    0.133333
    """
    faults = [
        f"{name}: missing, expected that of capital_adequacy()" for name in ("loss", "loans") if name not in adequacy
    ]
    last = adequacy.sizes.get("month", 1) - 1
    if not (isinstance(months, int | np.integer) and 1 <= months <= last):
        faults.append(f"months: found {months!r}, expected 1 to {last}; simulate longer or shorten it")
    refuse("dfast_loss_rate", faults)
    lost = adequacy["loss"].isel(month=slice(1, months + 1)).sum("month")
    return (lost / adequacy["loans"].isel(month=slice(0, months + 1)).mean("month")).assign_attrs(units="1")


def stress_table(
    results: xr.Dataset | Mapping[str, xr.Dataset], *, months: int = 27, level: float = 0.95
) -> pd.DataFrame:
    """Capital, losses and income over the horizon, a column for each scenario.

    results : Dataset of capital_adequacy(), perhaps along `scenario`, or several by name
    months : of the horizon, nine quarters by default
    level : of the quantiles printed beside the means: of losses this one, of the lowest CET1 ratio 1 - level
    Returns DataFrame with columns (scenario, "figure" | "se"): ratios and rates in %, amounts in millions of the
      currency; means over paths unless said otherwise, and their standard errors. "loss rate" is DFAST's:
      dfast_loss_rate(). Provision charges are net of recoveries.
    Raises InputError naming each fault.
    """
    found: Any = results
    if not isinstance(found, xr.Dataset | Mapping):
        refuse("stress_table", [f"results: found {type(found).__name__}, expected a Dataset or a mapping; give one"])
    given: dict[str, xr.Dataset] = {"scenario": found} if isinstance(found, xr.Dataset) else dict(found)
    faults = [
        f"{name}: found no {lost}, expected the Dataset of capital_adequacy(); give that"
        for name, one in given.items()
        for lost in [[need for need in NEEDS if need not in one]]
        if lost
    ]
    if not given:
        faults.append("results: found none, expected one or more; give a Dataset or a mapping")
    faults += level_faults("level", (level,))
    faults += [
        f"path: found {one.sizes.get('path', 1)} in {name!r}, expected at least 2; simulate more paths"
        for name, one in given.items()
        if one.sizes.get("path", 1) < 2
    ]
    for name, one in given.items():
        last = one.sizes.get("month", 1) - 1
        if not (isinstance(months, int | np.integer) and 1 <= months <= last):
            faults.append(f"months: found {months!r}, expected 1 to {last} for {name!r}; simulate longer or shorten it")
    refuse("stress_table", faults)
    columns: dict[str, dict[str, tuple[float, float]]] = {}
    for name, one in given.items():
        if "scenario" in one.dims:
            for place, label in enumerate(one["scenario"].values):
                key = str(label) if len(given) == 1 else f"{name}: {label}"
                columns[key] = _column(one.isel(scenario=place), months, level)
        else:
            columns[name] = _column(one, months, level)
    currency = next(iter(given.values())).attrs.get("currency", "currency")
    apart = {
        (name, part): {row: pair[place] for row, pair in rows.items()}
        for name, rows in columns.items()
        for place, part in enumerate(("figure", "se"))
    }
    table = pd.DataFrame(apart)
    table.index.name = f"over {months} months; money in {currency} m, ratios and rates in %"
    return table


def _column(one: xr.Dataset, months: int, level: float) -> dict[str, tuple[float, float]]:
    """One scenario's figures, each with its standard error."""
    rows: dict[str, tuple[float, float]] = {}

    def add(name: str, values: xr.DataArray, scale: float) -> None:
        error = float(values.std("path", ddof=1)) / values.sizes["path"] ** 0.5
        rows[name] = scale * float(values.mean("path")), scale * error

    def add_quantile(name: str, values: xr.DataArray, at: float) -> None:
        found = quantile(values.values, [at])
        rows[name] = 100.0 * float(found.value[0]), 100.0 * float(found.se[0])

    upto = one.isel(month=slice(0, months + 1))
    after = upto.isel(month=slice(1, None))
    for words, name in RATIOS.items():
        add(f"{words} ratio, opening", upto[name].isel(month=0), 100.0)
        add(f"{words} ratio, lowest", after[name].min("month"), 100.0)
        if name == "cet1_ratio":
            add_quantile(f"{words} ratio, lowest, {1.0 - level:.0%} quantile", after[name].min("month"), 1.0 - level)
        add(f"{words} ratio, closing", after[name].isel(month=-1), 100.0)
    rate = dfast_loss_rate(one, months)
    add("losses", after["loss"].sum("month"), 1e-6)
    add("loss rate", rate, 100.0)
    add_quantile(f"loss rate, {level:.0%} quantile", rate, level)
    for words, name in INCOME.items():
        add(words, after[name].sum("month"), 1e-6)
    add("risk-weighted assets, opening", upto["rwa"].isel(month=0), 1e-6)
    add("risk-weighted assets, closing", upto["rwa"].isel(month=-1), 1e-6)
    chance = one["any_breach_probability"], one["any_breach_probability_se"]
    rows["any hurdle missed, whole result"] = 100.0 * float(chance[0]), 100.0 * float(chance[1])
    return rows
