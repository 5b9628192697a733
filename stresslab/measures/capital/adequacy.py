"""Capital adequacy: ratios by path and month, the hurdles that they miss, and the capital that is missing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from stresslab.checks import level_faults
from stresslab.measures.capital.balance_sheet import BalanceSheet
from stresslab.measures.capital.regimes import CapitalRegime, Hurdle
from stresslab.measures.capital.statements import LINES, NEEDS, Statements, prepare_statements
from stresslab.measures.estimators import share_of_paths, tail_of_paths
from stresslab.measures.liquidity.funding import liquidity_rules
from stresslab.measures.liquidity.liabilities import Owed
from stresslab.measures.provisions.regimes import Regime
from stresslab.measures.result_view import Output, labelled, result_faults
from stresslab.typed import typed

CAPITAL_OF = {"cet1_ratio": "cet1", "tier1_ratio": "tier1", "total_ratio": "total_capital", "leverage_ratio": "tier1"}
"""Numerator of each ratio; the denominator is risk-weighted assets, of the leverage ratio all exposures."""

OUTPUTS = LINES | {
    "rwa": Output("currency", "risk-weighted assets"),
    "rwa_standardised": Output("currency", "risk-weighted assets under the standardised approach"),
    "exposure": Output("currency", "exposure of the leverage ratio"),
    "cet1": Output("currency", "Common Equity Tier 1 capital"),
    "tier1": Output("currency", "Tier 1 capital"),
    "total_capital": Output("currency", "total capital"),
    "cet1_ratio": Output("1", "CET1 over risk-weighted assets"),
    "tier1_ratio": Output("1", "Tier 1 over risk-weighted assets"),
    "total_ratio": Output("1", "total capital over risk-weighted assets"),
    "leverage_ratio": Output("1", "Tier 1 over exposure"),
    "interbank_multiple": Output("1", "interbank debt over total capital"),
    "standardised_multiple": Output("1", "bonds and notes over equity"),
    "other_multiple": Output("1", "other debt over equity"),
    "cet1_minimum": Output("1", "lowest CET1 ratio of the path after the start"),
    "cet1_minimum_month": Output("month", "month of the lowest CET1 ratio"),
    "hurdle_ratio": Output("1", "ratio that the hurdle limits"),
    "hurdle_side": Output("1", "side of the limit on which the ratio must stay"),
    "hurdle_limit": Output("1", "limit of the hurdle"),
    "breach_month": Output("month", "first month in which the hurdle is missed"),
    "breach_probability": Output("1", "share of paths that miss the hurdle"),
    "any_breach_probability": Output("1", "share of paths that miss any hurdle"),
    "buffer_used": Output("1", "largest part of the conservation buffer that CET1 does not fill"),
    "shortfall": Output("currency", "largest amount of capital missing at any hurdle"),
    "shortfall_value_at_risk": Output("currency", "quantile of the shortfall"),
    "shortfall_expected_shortfall": Output("currency", "mean of the worst shortfalls"),
    "paths_in_tail": Output("1", "number of paths beyond the quantile"),
    "loss": Output("currency", "written off and forgiven less recovered"),
}


@typed
def capital_adequacy(
    result: xr.Dataset,
    balance_sheet: BalanceSheet,
    capital_regime: str | CapitalRegime | None = None,
    *,
    provisioning: str | Regime | None = None,
    terms: xr.Dataset | None = None,
    allowance: xr.Dataset | None = None,
    parameters: xr.Dataset | None = None,
    levels: float | Sequence[float] = (0.95, 0.99),
    lender: str = "own",
) -> xr.Dataset:
    r"""CET1, Tier 1, total and leverage ratio by path and month, the hurdles that they miss, and the shortfall.

    Parameters
    ----------
    result : xarray.Dataset
        From `simulate`, with at least two paths; needs what `financial_statements` needs.
    balance_sheet : BalanceSheet
        Funding and other assets of the lender at the start, and its pay-out.
    capital_regime : str or CapitalRegime, optional
        Name in capital/regimes.toml, such as "china-2023" or "basel-irb", or a regime of your own; None: by the
        currency of the result ("china-2023" for CNY, otherwise "basel-standardised").
    provisioning : str, CECL, IFRS9 or China, optional
        Regime under which the own part is provisioned; None: by the currency ("china" for CNY, "cecl" for USD,
        otherwise "ifrs9").
    terms : xarray.Dataset, optional
        Term structures from `term_structures`, which IFRS 9 and CECL need.
    allowance : xarray.Dataset, optional
        From `provisions` of the own part, in place of `provisioning` and `terms`.
    parameters : xarray.Dataset, optional
        From `irb_parameters`, which an IRB regime needs.
    levels : float or sequence of float
        Of value at risk and expected shortfall of the shortfall, in (0, 1).
    lender : str
        "own" (attrs own_lender), "all" (the system) or a name.

    Returns
    -------
    xarray.Dataset
        ============================  ============  ========  ======================================================
        variable                      dims          unit      meaning
        ============================  ============  ========  ======================================================
        rwa                           path, month   currency  risk-weighted assets
        rwa_standardised              path, month   currency  the same under the standardised approach
        exposure                      path, month   currency  exposure of the leverage ratio
        cet1, tier1, total_capital    path, month   currency  capital
        cet1_ratio                    path, month   1         cet1 / rwa
        tier1_ratio                   path, month   1         tier1 / rwa
        total_ratio                   path, month   1         total_capital / rwa
        leverage_ratio                path, month   1         tier1 / exposure
        interbank_multiple            path, month   1         interbank debt / total_capital
        standardised_multiple         path, month   1         bonds and notes / equity
        other_multiple                path, month   1         all other debt / equity
        cet1_minimum                  path          1         lowest cet1_ratio after the start
        cet1_minimum_month            path          month     month of that ratio
        hurdle_ratio, hurdle_side     hurdle        1         ratio, and where it must stay: "above" or "below"
        hurdle_limit                  hurdle        1         limit; at the limit the hurdle is met
        breach_month                  path, hurdle  month     first month below; month 0 is not counted; NaN: none
        breach_probability            hurdle        1         share of paths that miss it, with `_se`, `_low` and
                                                              `_high` (exact 95 % interval)
        any_breach_probability                      1         the same for any hurdle
        buffer_used                   path          1         largest part of the conservation buffer that CET1 does
                                                              not fill
        shortfall                     path          currency  largest amount of capital missing at any hurdle on
                                                              capital in any month after the start
        shortfall_value_at_risk       level         currency  its quantile, with `_se`, `_low` and `_high`
        shortfall_expected_shortfall  level         currency  mean of its worst 1 - level, with `_se`
        paths_in_tail                 level         1         number of paths beyond the quantile
        loss                          path, month   currency  written off and forgiven less recovered, own part
        ============================  ============  ========  ======================================================

        These and all of `financial_statements`; with a dimension `scenario` where the result has one.
        `hurdle_label` is for printing.

    Raises
    ------
    InputError
        Names each fault: those of `financial_statements`, fewer than two paths, a level outside (0, 1).

    Notes
    -----
    .. math::

        \mathrm{CET1} &= E - \mathrm{AT1} - D - S \\
        \mathrm{Tier\,1} &= \mathrm{CET1} + \mathrm{AT1} \\
        \mathrm{total} &= \mathrm{Tier\,1} + T_2 + P_2

    with equity E, additional Tier 1, deductions D, shortfall S of provisions against expected loss under IRB [1]_,
    subordinated debt :math:`T_2` that counts [2]_ and provisions :math:`P_2` that count in Tier 2. Risk-weighted assets
    are those of the own loans and of other_assets less deductions; liquid assets have a weight of 0. The exposure is
    all assets net of the allowance and deductions plus undrawn limits times their conversion factor [3]_. Multiples
    are infinite where no capital is left.

    References
    ----------
    .. [1] Basel Committee (2019), Basel Framework, CRE35.
    .. [2] Basel Committee (2019), Basel Framework, CAP10.11.
    .. [3] Basel Committee (2019), Basel Framework, LEV20.

    Examples
    --------
    Loans of 1,000 at 75 % and cash of 100 against bonds of 1,000; the second path loses 10 a month:

    >>> from stresslab.measures.liquidity.funding import Borrowing, Funding
    >>> from stresslab.testing import tiny_result
    >>> result = tiny_result(1000.0, paths=2, months=2, written_off=[0.0, 10.0], originated=[0.0, 10.0])
    >>> funding = Funding(100.0, [Borrowing("bond", {90: 1000.0})])
    >>> sheet = BalanceSheet(funding, tax_rate=0.0, payout=0.0, liquid_yield=0.0)
    >>> adequacy = capital_adequacy(result, sheet, "china-2023", provisioning="china", levels=0.5)
    >>> adequacy.cet1.values  # 1,100 less 1,000 and an allowance of 2.5 %
    array([[75., 75., 75.],
           [75., 65., 55.]])
    >>> adequacy.breach_probability.sel(hurdle="cet1_with_buffer").item()  # 55 / 750 < 7.5 %
    0.5
    """
    levels = tuple(np.atleast_1d(levels).tolist())
    faults = result_faults(result, lender, NEEDS, paths=2) + level_faults("levels", levels)
    made = prepare_statements(
        "capital_adequacy", result, balance_sheet, capital_regime, provisioning, terms, allowance, parameters, faults,
        lender=lender,
    )  # fmt: skip
    rules = made.rules
    out = made.statements.assign(_ratios(made, balance_sheet))
    losses = (made.part["written_off"] + made.part["forgiven"] - made.part["recovered"]).sum("segment")
    out["loss"] = losses.transpose(*out["equity"].dims)
    after = out.isel(month=slice(1, None))
    out["cet1_minimum"] = after["cet1_ratio"].min("month")
    out["cet1_minimum_month"] = after["month"].isel(month=after["cet1_ratio"].argmin("month")).drop_vars("month")
    out = out.assign(_hurdles(after, rules.hurdles))
    out = out.assign_coords(hurdle_label=("hurdle", [hurdle.label for hurdle in rules.hurdles]))
    out["buffer_used"] = _buffer_used(after, rules)
    out["shortfall"] = _shortfall(after, rules.hurdles)
    out = out.assign_coords(level=list(levels)).assign(
        tail_of_paths(out["shortfall"], levels, "shortfall_value_at_risk", "shortfall_expected_shortfall")
    )
    return labelled(out, OUTPUTS).assign_attrs(made.statements.attrs)


def _ratios(made: Statements, sheet: BalanceSheet) -> dict[str, xr.DataArray]:
    """Capital, its denominators and the ratios (path, month)."""
    lines, weighed, rules = made.statements, made.weighed, made.rules
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
    values["total_capital"] = values["tier1"] + made.tier2 + weighed.tier2
    for ratio, capital in CAPITAL_OF.items():
        against = values["exposure" if ratio == "leverage_ratio" else "rwa"]
        # without exposure there is nothing that capital could fall short of
        values[ratio] = (values[capital] / against.where(against > 0.0)).fillna(np.inf)
    interbank, standardised, rest = _debts(made.owed, frame)
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
    standardised = sum((debt.outstanding for debt in owed if kinds[debt.kind]["standardised"]), none)
    interbank = sum((debt.outstanding for debt in owed if debt.kind == "interbank"), none)
    rest = sum((debt.outstanding for debt in owed if not kinds[debt.kind]["standardised"]), none)
    return frame.copy(data=interbank), frame.copy(data=standardised), frame.copy(data=rest)


def _hurdles(after: xr.Dataset, hurdles: Sequence[Hurdle]) -> dict[str, xr.DataArray]:
    """When and how often each hurdle is missed."""
    labels = xr.Variable("hurdle", [hurdle.name for hurdle in hurdles])
    missed = [
        after[hurdle.ratio] < hurdle.limit if hurdle.side == "above" else after[hurdle.ratio] > hurdle.limit
        for hurdle in hurdles
    ]
    breach = xr.concat(missed, dim=labels)
    out = {
        f"hurdle_{name}": xr.DataArray([getattr(hurdle, name) for hurdle in hurdles], dims="hurdle")
        for name in ("ratio", "side", "limit")
    }
    out["breach_month"] = after["month"].where(breach).min("month").transpose(..., "path", "hurdle")
    by_hurdle, any_hurdle = breach.any("month"), breach.any(["month", "hurdle"])
    for name, happened in (("breach_probability", by_hurdle), ("any_breach_probability", any_hurdle)):
        shares = share_of_paths(happened, name)
        out |= {key: value.transpose(..., *(set(value.dims) & {"hurdle"})) for key, value in shares.items()}
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
    for hurdle in hurdles:
        if hurdle.ratio in CAPITAL_OF:
            against = after["exposure" if hurdle.ratio == "leverage_ratio" else "rwa"]
            missing.append((hurdle.limit * against - after[CAPITAL_OF[hurdle.ratio]]).max("month"))
    return xr.concat(missing, dim="hurdle_number").max("hurdle_number")
