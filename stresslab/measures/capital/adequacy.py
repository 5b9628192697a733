"""Capital ratios on every path and month, and how often, how far and when they fall below what is asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from stresslab.checks import level_faults, refuse
from stresslab.measures.capital.balance_sheet import BalanceSheet
from stresslab.measures.capital.regimes import CapitalRegime, Hurdle, regime_named
from stresslab.measures.capital.statements import NEEDS, Books, books
from stresslab.measures.estimators import expected_shortfall, quantile, share, values_in_tail
from stresslab.measures.liquidity.funding import liquidity_rules
from stresslab.measures.liquidity.liabilities import Owed
from stresslab.measures.result_view import result_faults

CAPITAL_OF = {"cet1_ratio": "cet1", "tier1_ratio": "tier1", "total_ratio": "total_capital", "leverage_ratio": "tier1"}
"""What each ratio divides, by risk-weighted assets or, for leverage, by all exposures."""

MULTIPLES = ("interbank_multiple", "other_multiple", "standardised_multiple")
ENDS = ("", "_se", "_low", "_high")


def capital_adequacy(
    result: xr.Dataset,
    balance_sheet: BalanceSheet,
    capital_regime: str | CapitalRegime = "china-2023",
    allowance: xr.Dataset | None = None,
    *,
    parameters: xr.Dataset | None = None,
    levels: float | Sequence[float] = (0.95, 0.99),
    lender: str = "own",
) -> xr.Dataset:
    """CET1, Tier 1, total and leverage ratio by path and month, and the hurdles they miss.

    result, balance_sheet, regime, allowance, parameters, lender : as in financial_statements(); at least two paths
    levels : of VaR and ES of the shortfall, in (0, 1)
    Returns the Dataset of financial_statements() and, `scenario` carried through, [currency] if not said otherwise:
      rwa, rwa_standardised, exposure (of the leverage ratio), cet1, tier1, total_capital (path, month);
      cet1_ratio, tier1_ratio, total_ratio = capital / rwa, leverage_ratio = tier1 / exposure [1];
      interbank_multiple: interbank debt / total capital; standardised_multiple: bonds and notes, other_multiple: all
        other debt, over equity [1], +inf where there is no capital left;
      cet1_minimum [1], cet1_minimum_month [month] (path): the path's lowest ratio after the start, and when;
      hurdle: its label, with hurdle_ratio, hurdle_side, hurdle_limit; breach_month (path, hurdle) [month]: the first,
        month 0 not counted, NaN if there is none; breach_probability (hurdle) [1] with _se, _low, _high (exact 95 %);
      any_breach_probability [1], of any hurdle, with _se, _low, _high;
      shortfall (path): largest amount of capital missing at any hurdle on capital in any month; shortfall_value_at_risk,
        shortfall_expected_shortfall (level), each with _se, shortfall_value_at_risk also with _low and _high; paths_in_tail (level) [1];
      buffer_used (path) [1]: largest part of the conservation buffer that CET1 does not fill;
      loss (path, month): written off and forgiven less recovered, of the own part.
    CET1 = equity - AT1 - deductions - shortfall of provisions (IRB); Tier 1 = CET1 + AT1; total = Tier 1 + subordinated
    debt that counts + provisions that count. rwa adds other_assets less deductions at their weight; liquid assets weigh
    nothing.
    exposure = all assets net of the allowance and deductions + undrawn limits times their conversion factor; LEV20
    Raises InputError naming each fault, as financial_statements(), fewer than two paths, a level outside (0, 1).
    """
    levels = tuple(np.atleast_1d(levels).tolist())
    subject = "capital_adequacy"
    rules = regime_named(capital_regime)
    refuse(subject, result_faults(result, lender, NEEDS, paths=2) + level_faults("levels", levels))
    found = books(result, balance_sheet, rules, allowance, parameters, lender, subject)
    out = found.statements.assign(_ratios(found, balance_sheet))
    losses = (found.book["written_off"] + found.book["forgiven"] - found.book["recovered"]).sum("segment")
    out["loss"] = losses.transpose(*out["equity"].dims).assign_attrs(units="currency")
    after = out.isel(month=slice(1, None))
    out["cet1_minimum"] = after["cet1_ratio"].min("month")
    out["cet1_minimum_month"] = after["month"].isel(month=after["cet1_ratio"].argmin("month")).drop_vars("month")
    out = out.assign(_hurdles(after, rules.hurdles))
    out["buffer_used"] = _buffer_used(after, rules)
    out["shortfall"] = _shortfall(after, rules.hurdles)
    out = out.assign_coords(level=list(levels)).assign(_shortfall_tail(out["shortfall"], levels))
    for name in out.data_vars:
        money = str(name).startswith("shortfall") or name in AMOUNTS
        out[name].attrs.setdefault("units", "currency" if money else "1")
    for name in ("cet1_minimum_month", "breach_month"):
        out[name].attrs["units"] = "month"
    return out.assign_attrs(found.statements.attrs)


AMOUNTS = ("rwa", "rwa_standardised", "exposure", "cet1", "tier1", "total_capital")


def _ratios(found: Books, sheet: BalanceSheet) -> dict[str, xr.DataArray]:
    """Capital, what it is held against, and the ratios (path, month)."""
    lines, weighed, rules = found.statements, found.weighed, found.rules
    frame = lines["equity"]
    other = sheet.weighed_assets(rules)
    values: dict[str, xr.DataArray] = {
        "rwa": frame.copy(data=weighed.rwa + other),
        "rwa_standardised": frame.copy(data=weighed.standardised + other),
    }
    values["exposure"] = lines["liquid_assets"] + lines["loans"] - lines["allowance"] + lines["other_assets"]
    values["exposure"] = values["exposure"] + weighed.converted - sheet.deductions
    values["cet1"] = frame - sheet.additional_tier1 - sheet.deductions - weighed.deduction
    values["tier1"] = values["cet1"] + sheet.additional_tier1
    values["total_capital"] = values["tier1"] + found.tier2 + weighed.tier2
    for ratio, capital in CAPITAL_OF.items():
        against = values["exposure" if ratio == "leverage_ratio" else "rwa"]
        # without exposure there is nothing that capital could fall short of
        values[ratio] = (values[capital] / against.where(against > 0.0)).fillna(np.inf)
    interbank, standardised, rest = _debts(found.owed, frame)
    over = {
        "interbank_multiple": (interbank, values["total_capital"]),
        "standardised_multiple": (standardised, frame),
        "other_multiple": (rest + lines["external_funding"], frame),
    }
    for name, (debt, capital_left) in over.items():
        values[name] = (debt / capital_left.where(capital_left > 0.0)).fillna(np.inf)
    return {name: value.transpose(*frame.dims).drop_attrs() for name, value in values.items()}


def _debts(owed: list[Owed], frame: xr.DataArray) -> tuple[xr.DataArray, xr.DataArray, xr.DataArray]:
    """Interbank, standardised and all other debt (..., path, month) [currency]."""
    kinds = liquidity_rules()["kinds"]
    none = np.zeros(frame.shape)
    standardised = sum((one.outstanding for one in owed if kinds[one.kind]["standardised"]), none)
    interbank = sum((one.outstanding for one in owed if one.kind == "interbank"), none)
    rest = sum((one.outstanding for one in owed if not kinds[one.kind]["standardised"]), none)
    return frame.copy(data=interbank), frame.copy(data=standardised), frame.copy(data=rest)


def _hurdles(after: xr.Dataset, hurdles: Sequence[Hurdle]) -> dict[str, xr.DataArray]:
    """When and how often each hurdle is missed."""
    labels = xr.Variable("hurdle", [one.label for one in hurdles])
    missed = [after[one.ratio] < one.limit if one.side == "above" else after[one.ratio] > one.limit for one in hurdles]
    breach = xr.concat(missed, dim=labels)
    out = {
        f"hurdle_{name}": xr.DataArray([getattr(one, name) for one in hurdles], dims="hurdle")
        for name in ("ratio", "side", "limit")
    }
    out["breach_month"] = after["month"].where(breach).min("month").transpose(..., "path", "hurdle")
    each, any_of = breach.any("month"), breach.any(["month", "hurdle"])
    for name, happened in (("breach_probability", each), ("any_breach_probability", any_of)):
        chance = xr.apply_ufunc(share, happened, input_core_dims=[["path"]], output_core_dims=[[]] * 4)
        out |= {f"{name}{end}": value.transpose(..., *(["hurdle"] if "hurdle" in value.dims else []))
                for end, value in zip(ENDS, chance, strict=True)}  # fmt: skip
    return out


def _buffer_used(after: xr.Dataset, rules: CapitalRegime) -> xr.DataArray:
    """Largest part of the conservation buffer that CET1, less what the other minimums take of it, does not fill."""
    tier1 = (after["tier1"] - after["cet1"]) / after["rwa"]
    second = (after["total_capital"] - after["tier1"]) / after["rwa"]
    needed = np.maximum(rules.minimum_tier1 - tier1, rules.minimum_total - tier1 - second)
    free = after["cet1_ratio"] - (needed - rules.minimum).clip(min=0.0) - rules.minimum
    if rules.buffer == 0.0:
        return xr.zeros_like(free.max("month"))
    return (1.0 - free / rules.buffer).clip(min=0.0, max=1.0).max("month")


def _shortfall(after: xr.Dataset, hurdles: Sequence[Hurdle]) -> xr.DataArray:
    """Largest capital missing at any hurdle that capital must reach (..., path) [currency]."""
    missing = [xr.zeros_like(after["cet1"].max("month"))]
    for one in hurdles:
        if one.ratio in CAPITAL_OF:
            against = after["exposure" if one.ratio == "leverage_ratio" else "rwa"]
            missing.append((one.limit * against - after[CAPITAL_OF[one.ratio]]).max("month"))
    return xr.concat(missing, dim="hurdle_number").max("hurdle_number")


def _shortfall_tail(shortfall: xr.DataArray, levels: tuple[float, ...]) -> dict[str, xr.DataArray]:
    """VaR and ES of the shortfall over paths, with their error bars."""
    ends: dict[str, Any] = {"input_core_dims": [["path"]], "kwargs": {"levels": levels}}
    high = xr.apply_ufunc(quantile, shortfall, output_core_dims=[["level"]] * 4, **ends)
    beyond = xr.apply_ufunc(expected_shortfall, shortfall, output_core_dims=[["level"]] * 2, **ends)
    names = [f"shortfall_value_at_risk{end}" for end in ENDS] + [
        "shortfall_expected_shortfall",
        "shortfall_expected_shortfall_se",
    ]
    out = dict(zip(names, (*high, *beyond), strict=True))
    tail = [values_in_tail(shortfall.sizes["path"], level) for level in levels]
    return out | {"paths_in_tail": xr.DataArray(tail, dims="level")}
