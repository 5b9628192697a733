"""Cash-flow ladder, counterbalancing capacity, survival horizon and liquidity buffer of a lender on simulated paths.

The lender's own part (`own_part`) beside its borrowings (`liabilities`); the ladder is that of EBA/GL/2018/04.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from stresslab.checks import level_faults, refuse, whole_faults
from stresslab.measures.estimators import Array, share_of_paths, tail_of_paths
from stresslab.measures.liquidity.funding import Funding, as_json, funding_faults
from stresslab.measures.liquidity.liabilities import Owed, liabilities
from stresslab.measures.liquidity.on_balance_sheet import NEEDS, own_part_under, tripped
from stresslab.measures.result_view import FLOW, Output, described, horizon_faults, result_faults
from stresslab.noted import noted
from stresslab.typed import typed

SOURCE_LABELS = {"repayments": "repayments", "recoveries": "recoveries", "partner_fees": "partner fees"}
"""Sources of cash, and how they are printed."""

USE_LABELS = {
    "lending": "lending",
    "further_draws": "further draws",
    "borrowings": "borrowings repaid",
    "securitisations": "securitisations repaid",
    "interest": "interest",
    "operating_cost": "operating cost",
    "guarantees": "guarantees called",
    "line_fees": "line fees",
}
"""Uses of cash, and how they are printed."""

SOURCES, USES = tuple(SOURCE_LABELS), tuple(USE_LABELS)
LADDER_NEEDS = {**NEEDS, "undrawn_limit": FLOW}
SURVIVAL = {
    "survival_month": Output("month", "first month in which a payment fails"),
    "survival_probability": Output("1", "share of paths that have paid through the month"),
    "headroom": Output("currency", "cumulative gap and counterbalancing capacity"),
}
LADDER = {
    "inflow": Output("currency", "cash received in the month"),
    "outflow": Output("currency", "cash paid in the month"),
    "net_flow": Output("currency", "inflow less outflow of the month"),
    "cumulative_gap": Output("currency", "net flow of all months so far"),
    "counterbalancing_capacity": Output("currency", "liquid assets after haircut and undrawn contingent lines"),
    "headroom": SURVIVAL["headroom"],
}
BUFFER = SURVIVAL | {
    "net_flow": LADDER["net_flow"],
    "cumulative_gap": LADDER["cumulative_gap"],
    "shortfall": Output("currency", "largest cumulative outflow of the path"),
    "buffer": Output("currency", "quantile of the shortfall"),
    "expected_shortfall": Output("currency", "mean of the worst shortfalls"),
    "paths_in_tail": Output("1", "number of paths beyond the quantile"),
}
EXTERNAL = {
    "needed": Output("currency", "external funding needed at month end"),
    "peak": Output("currency", "largest need of external funding of the path"),
    "first_month": Output("month", "first month in which external funding is needed"),
    "probability": Output("1", "share of paths that need external funding"),
    "expected_peak": Output("currency", "mean of the largest need"),
    "peak_value_at_risk": Output("currency", "quantile of the largest need"),
    "peak_expected_shortfall": Output("currency", "mean of the worst largest needs"),
    "paths_in_tail": BUFFER["paths_in_tail"],
}


@typed
def liquidity_ladder(result: xr.Dataset, funding: Funding, *, horizon: int = 12, lender: str = "own") -> xr.Dataset:
    r"""Cash-flow ladder: cash in and out by month, the cumulative gap, and what can be turned into cash against it.

    Parameters
    ----------
    result : xarray.Dataset
        From `simulate`; needs balance, its flows, undrawn_limit and own_share.
    funding : Funding
        Liquid assets, borrowings and contingent lines of the lender.
    horizon : int
        Last month counted; months 1 to horizon are shown.
    lender : str
        "own" (attrs own_lender), "all" (the system) or a name.

    Returns
    -------
    xarray.Dataset
        =========================  ===================  ========  =================================================
        variable                   dims                 unit      meaning
        =========================  ===================  ========  =================================================
        inflow                     path, month, source  currency  cash received, by source
        outflow                    path, month, use     currency  cash paid, by use
        net_flow                   path, month          currency  inflow less outflow
        cumulative_gap             path, month          currency  sum of net_flow from month 1 on
        counterbalancing_capacity  path, month          currency  liquid assets after haircut from the month in which
                                                                  they can be sold, and contingent lines that can be
                                                                  drawn and are not withdrawn
        headroom                   path, month          currency  cumulative_gap + counterbalancing_capacity
        =========================  ===================  ========  =================================================

        With a dimension `scenario` where the result has one; `source_label` and `use_label` are for printing.

    Raises
    ------
    InputError
        Names each fault: a variable missing, negative or not finite, a horizon beyond the result, an unknown lender.

    Notes
    -----
    Sources: `repayments` and `recoveries` of the own part, `partner_fees`. Uses: `lending` = new_lending_share (drawn +
    originated); `further_draws` = committed_draw_share of the line that was open at the start of the month, less what
    was drawn from it in this way before; `borrowings` and `securitisations` repaid; `interest` on both;
    `operating_cost`; `guarantees` = guaranteed_share of the partners' losses, if above 0; `line_fees`.

    .. math:: G_t = \sum_{\tau=1}^{t} (\mathrm{in}_\tau - \mathrm{out}_\tau), \qquad H_t = G_t + C_t

    The ladder and its counterbalancing capacity follow [1]_.

    References
    ----------
    .. [1] European Banking Authority (2018), Guidelines on institutions' stress testing, EBA/GL/2018/04.

    Examples
    --------
    Payments of 10 a month against bonds of 12 and 15 that fall due, with 5 in cash:

    >>> from stresslab.measures.liquidity.funding import Borrowing
    >>> from stresslab.testing import tiny_result
    >>> result = tiny_result(paid=10.0, months=2)
    >>> ladder = liquidity_ladder(result, Funding(5.0, [Borrowing("bond", [12.0, 15.0])]), horizon=2)
    >>> ladder.cumulative_gap.values, ladder.headroom.values
    (array([[-2., -7.]]), array([[ 3., -2.]]))
    """
    refuse("liquidity_ladder", _ladder_faults(result, funding, horizon, lender))
    part = own_part_under(result.isel(month=slice(0, horizon + 1)), funding, lender)
    owed = liabilities(part, funding)
    frame = part["balance"].sum(["segment", "bucket"]).transpose(..., "path", "month")
    inflow, outflow = cash_flows(part, funding, owed)
    out = xr.Dataset({"inflow": _stack(frame, inflow, "source"), "outflow": _stack(frame, outflow, "use")})
    out = out.assign_coords(
        source_label=("source", list(SOURCE_LABELS.values())), use_label=("use", list(USE_LABELS.values()))
    )
    out["counterbalancing_capacity"] = frame.copy(data=_capacity(part, funding))
    out = out.isel(month=slice(1, None))
    out["net_flow"] = out["inflow"].sum("source") - out["outflow"].sum("use")
    out["cumulative_gap"] = out["net_flow"].cumsum("month").assign_coords(month=out["month"])
    out["headroom"] = out["cumulative_gap"] + out["counterbalancing_capacity"]
    out = described(out, result, lender, LADDER).assign_attrs(horizon=horizon, funding=as_json(funding))
    return noted(out, funding.notes)


def cash_flows(part: xr.Dataset, funding: Funding, owed: list[Owed]) -> tuple[dict[str, Array], dict[str, Array]]:
    """Cash in by source and out by use, each (..., path, month) with month 0 [currency]; `part` is the own part."""

    def total(values: xr.DataArray) -> Array:
        summed: Array = values.sum("segment").transpose(..., "path", "month").values
        return summed

    partners = funding.partners
    lending = funding.new_lending_share * total(part["drawn"] + part["originated"])
    before = _before(total(part["balance"].sum("bucket")))
    partner_balance, partner_loss = _before(total(part["partner_balance"])), total(part["partner_loss"])
    none = np.zeros_like(lending)
    running = np.full_like(lending, 1.0)
    running[..., 0] = 0.0
    fees = sum(line.annual_fee * line.amount for line in funding.lines) / 12.0
    inflow = {
        "repayments": total(part["paid"]),
        "recoveries": total(part["recovered"]),
        "partner_fees": partner_balance * partners.annual_fee / 12.0,
    }
    outflow = {
        "lending": lending,
        "further_draws": _further_draws(total(part["undrawn_limit"]), funding.committed_draw_share),
        "borrowings": sum((debt.repaid for debt in owed if debt.kind != "abs"), none),
        "securitisations": sum((debt.repaid for debt in owed if debt.kind == "abs"), none),
        "interest": sum((debt.interest for debt in owed), none),
        "operating_cost": running * funding.operating_cost_monthly + before * funding.operating_cost_rate / 12.0,
        "guarantees": partners.guaranteed_share * np.maximum(partner_loss, 0.0),
        "line_fees": running * fees,
    }
    return inflow, outflow


@typed
def survival_horizon(result: xr.Dataset, funding: Funding, *, horizon: int = 12, lender: str = "own") -> xr.Dataset:
    r"""Survival horizon: the first month in which counterbalancing capacity does not cover the cumulative gap.

    Parameters
    ----------
    result : xarray.Dataset
        From `simulate`, with at least two paths; needs what `liquidity_ladder` needs.
    funding : Funding
        Liquid assets, borrowings and contingent lines of the lender.
    horizon : int
        Last month counted.
    lender : str
        "own" (attrs own_lender), "all" (the system) or a name.

    Returns
    -------
    xarray.Dataset
        ====================  ===========  ========  ==============================================================
        variable              dims         unit      meaning
        ====================  ===========  ========  ==============================================================
        survival_month        path         month     first month with headroom < 0; NaN: none within the horizon
        survival_probability  month        1         share of paths that have paid through that month, with `_se`,
                                                     `_low` and `_high` (exact 95 % interval)
        headroom              path, month  currency  as in `liquidity_ladder`
        ====================  ===========  ========  ==============================================================

        With a dimension `scenario` where the result has one.

    Raises
    ------
    InputError
        Names each fault, as in `liquidity_ladder`; also fewer than two paths.

    Notes
    -----
    .. math:: T = \min \{ t : G_t + C_t < 0 \}

    Once a payment has failed the path counts as failed: what is received later does not restore it.

    Examples
    --------
    10 a month fall due; the second path collects 6 only and has 5 in cash, so it fails in month 2:

    >>> from stresslab.measures.liquidity.funding import Borrowing
    >>> from stresslab.testing import tiny_result
    >>> result = tiny_result(paid=[10.0, 6.0], paths=2, months=2)
    >>> survival_horizon(result, Funding(5.0, [Borrowing("bond", [10.0, 10.0])]), horizon=2).survival_month.values
    array([nan,  2.])
    """
    refuse("survival_horizon", _ladder_faults(result, funding, horizon, lender, paths=2))
    ladder = liquidity_ladder(result, funding, horizon=horizon, lender=lender)
    out = noted(described(_survival(ladder), result, lender, SURVIVAL), funding.notes)
    return out.assign_attrs(horizon=horizon, funding=ladder.attrs["funding"])


@typed
def liquidity_buffer(
    result: xr.Dataset, funding: Funding, *, level: float = 0.99, horizon: int = 12, lender: str = "own"
) -> xr.Dataset:
    r"""Liquidity buffer: the liquid assets that cover the cumulative outflow of the horizon at a level of confidence.

    Parameters
    ----------
    result : xarray.Dataset
        From `simulate`, with at least two paths; needs what `liquidity_ladder` needs.
    funding : Funding
        Liquid assets, borrowings and contingent lines of the lender.
    level : float
        Of the buffer, in (0, 1).
    horizon : int
        Last month counted.
    lender : str
        "own" (attrs own_lender), "all" (the system) or a name.

    Returns
    -------
    xarray.Dataset
        =====================  ===========  ========  =============================================================
        variable               dims         unit      meaning
        =====================  ===========  ========  =============================================================
        net_flow               path, month  currency  as in `liquidity_ladder`
        cumulative_gap         path, month  currency  as in `liquidity_ladder`
        shortfall              path         currency  largest cumulative outflow, at least 0
        buffer                              currency  quantile of shortfall, with `_se`, `_low` and `_high` (95 %
                                                      interval from order statistics)
        expected_shortfall                  currency  mean of the worst 1 - level, with `_se`
        paths_in_tail                       1         number of paths beyond the quantile
        survival_month         path         month     as in `survival_horizon`
        survival_probability                1         of the whole horizon, with `_se`, `_low` and `_high`
        =====================  ===========  ========  =============================================================

        With a dimension `scenario` where the result has one.

    Raises
    ------
    InputError
        Names each fault, as in `liquidity_ladder`; also fewer than two paths and a level outside (0, 1).

    Notes
    -----
    .. math:: B = Q_{\mathrm{level}} \left( \max_{t \le H} (-G_t)^+ \right)

    on simulated paths, with the cumulative gap G of the ladder of [1]_. Liquid assets and contingent lines that the
    lender has do not lower the buffer: it is what the lender should have. Errors and few paths: as in
    `loss_distribution`.

    References
    ----------
    .. [1] European Banking Authority (2018), Guidelines on institutions' stress testing, EBA/GL/2018/04.

    Examples
    --------
    10 a month fall due and the second path collects 6: it is short of 4, then of 8.

    >>> from stresslab.measures.liquidity.funding import Borrowing
    >>> from stresslab.testing import tiny_result
    >>> result = tiny_result(paid=[10.0, 6.0], paths=2, months=2)
    >>> funding = Funding(5.0, [Borrowing("bond", [10.0, 10.0])])
    >>> cash = liquidity_buffer(result, funding, level=0.5, horizon=2)
    >>> cash.shortfall.values, cash.survival_month.values
    (array([0., 8.]), array([nan,  2.]))
    """
    faults = _ladder_faults(result, funding, horizon, lender, paths=2)
    refuse("liquidity_buffer", faults + level_faults("level", (level,)))
    ladder = liquidity_ladder(result, funding, horizon=horizon, lender=lender)
    shortfall = (-ladder["cumulative_gap"].min("month")).clip(min=0.0)
    out = ladder[["net_flow", "cumulative_gap"]].assign(shortfall=shortfall)
    lasts = _survival(ladder).isel(month=-1, drop=True).drop_vars("headroom")
    out = out.assign(_at_level(tail_of_paths(shortfall, [level], "buffer", "expected_shortfall"))).assign(lasts)
    out = noted(described(out, result, lender, BUFFER), funding.notes)
    return out.assign_attrs(level=level, horizon=horizon, funding=ladder.attrs["funding"])


@typed
def external_funding_needed(
    result: xr.Dataset, funding: Funding, *, level: float = 0.99, horizon: int = 12, lender: str = "own"
) -> xr.Dataset:
    r"""External funding that must be raised beyond liquid assets and contingent lines, and from which month on.

    Parameters
    ----------
    result : xarray.Dataset
        From `simulate`, with at least two paths; needs what `liquidity_ladder` needs.
    funding : Funding
        Liquid assets, borrowings and contingent lines of the lender.
    level : float
        Of the quantile, in (0, 1).
    horizon : int
        Last month counted.
    lender : str
        "own" (attrs own_lender), "all" (the system) or a name.

    Returns
    -------
    xarray.Dataset
        =======================  ===========  ========  ===========================================================
        variable                 dims         unit      meaning
        =======================  ===========  ========  ===========================================================
        needed                   path, month  currency  missing at month end if nothing was raised before
        peak                     path         currency  largest of the path
        first_month              path         month     first month with needed > 0; NaN: none
        probability                           1         share of paths with a need, with `_se`, `_low` and `_high`
                                                        (exact 95 % interval)
        expected_peak                         currency  mean of peak, with `_se`
        peak_value_at_risk                    currency  quantile of peak, with `_se`, `_low` and `_high`
        peak_expected_shortfall               currency  mean of the worst 1 - level of peak, with `_se`
        paths_in_tail                         1         number of paths beyond the quantile
        =======================  ===========  ========  ===========================================================

        With a dimension `scenario` where the result has one.

    Raises
    ------
    InputError
        Names each fault, as in `liquidity_buffer`.

    Notes
    -----
    .. math:: N_t = \max(0, -(G_t + C_t))

    with the cumulative gap G and the counterbalancing capacity C of `liquidity_ladder`.

    Examples
    --------
    The second path is short of 8 in all, of which 5 are in cash:

    >>> from stresslab.measures.liquidity.funding import Borrowing
    >>> from stresslab.testing import tiny_result
    >>> result = tiny_result(paid=[10.0, 6.0], paths=2, months=2)
    >>> funding = Funding(5.0, [Borrowing("bond", [10.0, 10.0])])
    >>> external = external_funding_needed(result, funding, level=0.5, horizon=2)
    >>> external.peak.values, external.probability.item()
    (array([0., 3.]), 0.5)
    """
    faults = _ladder_faults(result, funding, horizon, lender, paths=2)
    refuse("external_funding_needed", faults + level_faults("level", (level,)))
    ladder = liquidity_ladder(result, funding, horizon=horizon, lender=lender)
    needed = (-ladder["headroom"]).clip(min=0.0)
    peak = needed.max("month")
    out = xr.Dataset({"needed": needed, "peak": peak})
    out["first_month"] = needed["month"].where(needed > 0.0).min("month")
    out = out.assign(share_of_paths(peak > 0.0, "probability"))
    out["expected_peak"] = peak.mean("path")
    out["expected_peak_se"] = peak.std("path", ddof=1) / np.sqrt(peak.sizes["path"])
    out = out.assign(_at_level(tail_of_paths(peak, [level], "peak_value_at_risk", "peak_expected_shortfall")))
    out = noted(described(out, result, lender, EXTERNAL), funding.notes)
    return out.assign_attrs(level=level, horizon=horizon, funding=ladder.attrs["funding"])


def _ladder_faults(result: xr.Dataset, funding: Funding, horizon: int, lender: str, paths: int = 1) -> list[str]:
    """Faults of the arguments of a ladder."""
    faults = result_faults(result, lender, LADDER_NEEDS, paths=paths)
    faults += funding_faults(result, funding)
    return faults + (whole_faults("horizon", horizon, 1) or horizon_faults(result, horizon))


def _survival(ladder: xr.Dataset) -> xr.Dataset:
    """When each path fails, and the share that has not by each month."""
    fails = ladder["headroom"] < 0.0  # so written that capacity equal to the gap survives
    out = xr.Dataset({"survival_month": ladder["month"].where(fails).min("month")})
    alive = out["survival_month"].isnull() | (out["survival_month"] > ladder["month"])
    out = out.assign(share_of_paths(alive, "survival_probability"))
    out["headroom"] = ladder["headroom"]
    return out


def _at_level(tail: dict[str, xr.DataArray]) -> dict[str, xr.DataArray]:
    """Statistics of the tail at the only level."""
    return {name: value.isel(level=0) for name, value in tail.items()}


def _capacity(part: xr.Dataset, funding: Funding) -> Array:
    """Liquid assets and lines that can be had by each month (..., path, month) [currency]."""
    months = part["month"].values
    assert not isinstance(funding.liquid_assets, float | int)
    capacity: Array = np.zeros(tripped(part, None).shape)
    for asset in funding.liquid_assets:
        capacity = capacity + asset.amount * (1.0 - asset.haircut) * (months >= asset.months_to_sell)
    for line in funding.lines:
        capacity = capacity + line.amount * ((months >= line.notice_months) & ~tripped(part, line.lost))
    return capacity


def _further_draws(undrawn: Array, draw_share: float) -> Array:
    """Draws beyond the simulated ones (..., month): a share of the line that neither has taken [currency]."""
    draws = np.zeros_like(undrawn)
    taken = np.zeros_like(undrawn[..., 0])
    for month in range(1, undrawn.shape[-1]):
        draws[..., month] = draw_share * np.maximum(undrawn[..., month - 1] - taken, 0.0)
        taken = taken + draws[..., month]
    return draws


def _before(values: Array) -> Array:
    """Each month's value as it stood a month before; 0 in month 0."""
    before = np.zeros_like(values)
    before[..., 1:] = values[..., :-1]
    return before


def _stack(frame: xr.DataArray, parts: dict[str, Array], dim: str) -> xr.DataArray:
    """Amounts by name along a dimension of their own."""
    labels = xr.Variable(dim, list(parts))
    return xr.concat([frame.copy(data=values) for values in parts.values()], dim=labels).transpose(*frame.dims, dim)
