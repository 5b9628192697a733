"""Cash that comes in, funding that leaves, and how long what is left lasts, on every path.

A lender's own part of the book (own_part) meets what it owes (liabilities). Cash-flow ladder and counterbalancing
capacity as in EBA/GL/2018/04 and the supervisors' survival horizon.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from stresslab.checks import level_faults, refuse, type_faults, whole_faults
from stresslab.measures.estimators import Array, expected_shortfall, quantile, share, values_in_tail
from stresslab.measures.liquidity.funding import Funding, in_words
from stresslab.measures.liquidity.liabilities import Owed, liabilities
from stresslab.measures.liquidity.on_balance_sheet import NEEDS, own_book, tripped
from stresslab.measures.result_view import FLOW, described, horizon_faults, result_faults

SOURCES = ("repayments", "recoveries", "partner_fees")
USES = (
    "lending", "further_draws", "borrowings", "securitisations", "interest", "operating_cost", "guarantees",
    "line_fees",
)  # fmt: skip
LADDER_NEEDS = {**NEEDS, "undrawn_limit": FLOW}
ENDS = ("", "_se", "_low", "_high")


def liquidity_ladder(result: xr.Dataset, funding: Funding, *, horizon: int = 12, lender: str = "own") -> xr.Dataset:
    """Cash in and out by month, the gap that it leaves, and what can be turned into cash against it.

    result : Dataset from simulate(); needs balance, its flows, undrawn_limit, own_share
    funding : Funding
    horizon : months 1 ... horizon
    lender : "own" (attrs own_lender) | "all" (the system) | a name
    Returns Dataset (path, month), and `scenario` if the result has it [currency]:
      inflow (source): repayments and recoveries of the own part, fees of partners;
      outflow (use): lending = new_lending_share (drawn + originated); further draws = committed_draw_share of the line
        open at the start of the month less what they took before; borrowings and securitisations repaid; interest on
        them; operating cost; guarantees called = guaranteed_share of partners' losses, if above 0; fees of lines;
      net_flow = inflow - outflow; cumulative_gap, its sum from month 1 on;
      counterbalancing_capacity: liquid assets after haircut from the month in which they can be sold, and lines that
        can be drawn and are not lost; headroom = cumulative_gap + counterbalancing_capacity.
    Raises InputError naming each fault: a variable missing, negative or not finite, a horizon beyond the result, an
    unknown lender.

    >>> from stresslab.measures.liquidity.funding import Borrowing
    >>> from stresslab.schema import BUCKETS
    >>> dims, none = ("path", "month", "segment"), np.zeros((1, 3, 1))
    >>> flows = {name: (dims, none) for name in LADDER_NEEDS if name not in ("balance", "own_share")}
    >>> flows["paid"] = (dims, [[[0.0], [10.0], [10.0]]])
    >>> balance = (*dims, "bucket"), np.repeat([[[[100.0]], [[90.0]], [[80.0]]]], 8, -1) * ([1.0] + [0.0] * 7)
    >>> result = xr.Dataset(flows | {"balance": balance, "own_share": ("segment", [1.0])}, {
    ...     "month": [0, 1, 2], "bucket": list(BUCKETS), "segment": ["us:card"],
    ...     "lender": ("segment", ["us"]), "product": ("segment", ["card"])}, {"own_lender": "us"})
    >>> found = liquidity_ladder(result, Funding(5.0, [Borrowing("bond", [12.0, 15.0])]), horizon=2)
    >>> found.cumulative_gap.values, found.headroom.values  # 10 - 12, then 10 - 15
    (array([[-2., -7.]]), array([[ 3., -2.]]))
    """
    refuse("liquidity_ladder", _ladder_faults(result, funding, horizon, lender))
    whole = result.isel(month=slice(0, horizon + 1))
    book = own_book(whole, funding, lender)
    owed = liabilities(book, funding)
    frame = book["balance"].sum(["segment", "bucket"]).transpose(..., "path", "month")
    inflow, outflow = cash_flows(book, funding, owed)
    out = xr.Dataset({"inflow": _stack(frame, inflow, "source"), "outflow": _stack(frame, outflow, "use")})
    out["counterbalancing_capacity"] = frame.copy(data=_capacity(book, funding))
    out = out.isel(month=slice(1, None))
    out["net_flow"] = out["inflow"].sum("source") - out["outflow"].sum("use")
    out["cumulative_gap"] = out["net_flow"].cumsum("month").assign_coords(month=out["month"])
    out["headroom"] = out["cumulative_gap"] + out["counterbalancing_capacity"]
    return described(out, result, lender, ()).assign_attrs(horizon=horizon, funding=in_words(funding))


def cash_flows(book: xr.Dataset, funding: Funding, owed: list[Owed]) -> tuple[dict[str, Array], dict[str, Array]]:
    """Cash in by source and out by use, each (..., path, month) with month 0 [currency]; `book` is the own part."""

    def total(values: xr.DataArray) -> Array:
        summed: Array = values.sum("segment").transpose(..., "path", "month").values
        return summed

    partners = funding.partners
    lending = funding.new_lending_share * total(book["drawn"] + book["originated"])
    before = _before(total(book["balance"].sum("bucket")))
    partner_balance, partner_loss = _before(total(book["partner_balance"])), total(book["partner_loss"])
    none = np.zeros_like(lending)
    running = np.full_like(lending, 1.0)
    running[..., 0] = 0.0
    fees = sum(line.annual_fee * line.amount for line in funding.lines) / 12.0
    inflow = {
        "repayments": total(book["paid"]),
        "recoveries": total(book["recovered"]),
        "partner_fees": partner_balance * partners.annual_fee / 12.0,
    }
    outflow = {
        "lending": lending,
        "further_draws": _further_draws(total(book["undrawn_limit"]), funding.committed_draw_share),
        "borrowings": sum((one.repaid for one in owed if one.kind != "abs"), none),
        "securitisations": sum((one.repaid for one in owed if one.kind == "abs"), none),
        "interest": sum((one.interest for one in owed), none),
        "operating_cost": running * funding.operating_cost_monthly + before * funding.operating_cost_rate / 12.0,
        "guarantees": partners.guaranteed_share * np.maximum(partner_loss, 0.0),
        "line_fees": running * fees,
    }
    return inflow, outflow


def survival_horizon(result: xr.Dataset, funding: Funding, *, horizon: int = 12, lender: str = "own") -> xr.Dataset:
    """How long the lender can pay without new funding: the first month in which capacity does not cover the gap.

    result, funding, horizon, lender : as in liquidity_ladder(); at least two paths
    Returns Dataset, and `scenario` if the result has it:
      survival_month (path) [month]: first with cumulative_gap + counterbalancing_capacity < 0, NaN if there is none;
      survival_probability (month) [1]: share of paths that have paid through that month, with _se, _low and _high
      (exact 95 % interval); headroom (path, month) [currency].
    Once a payment has failed, the path is lost: what comes in later does not bring it back.
    Raises InputError naming each fault, as liquidity_ladder().

    >>> from stresslab.measures.liquidity.funding import Borrowing
    >>> from stresslab.schema import BUCKETS, FLOWS
    >>> dims = ("path", "month", "segment")
    >>> flows = {name: (dims, np.zeros((2, 3, 1))) for name in (*FLOWS, "undrawn_limit")}
    >>> flows["paid"] = (dims, [[[0.0], [10.0], [10.0]], [[0.0], [6.0], [6.0]]])
    >>> flows |= {"balance": ((*dims, "bucket"), np.ones((2, 3, 1, 8))), "own_share": ("segment", [1.0])}
    >>> result = xr.Dataset(flows, {"month": [0, 1, 2], "bucket": list(BUCKETS), "segment": ["us:card"],
    ...     "lender": ("segment", ["us"]), "product": ("segment", ["card"])}, {"own_lender": "us"})
    >>> funding = Funding(5.0, [Borrowing("bond", [10.0, 10.0])])
    >>> survival_horizon(result, funding, horizon=2).survival_month.values  # second path: -4, -8 against 5
    array([nan,  2.])
    """
    refuse("survival_horizon", _ladder_faults(result, funding, horizon, lender, paths=2))
    ladder = liquidity_ladder(result, funding, horizon=horizon, lender=lender)
    out = _survival(ladder)
    out = described(out, result, lender, [name for name in map(str, out) if name.startswith("survival")])
    out["survival_month"].attrs["units"] = "month"
    return out.assign_attrs(horizon=horizon, funding=ladder.attrs["funding"])


def liquidity_buffer(
    result: xr.Dataset, funding: Funding, *, level: float = 0.99, horizon: int = 12, lender: str = "own"
) -> xr.Dataset:
    """Liquid assets that carry the lender through the horizon at a level level, and how long it lasts as it is.

    result, funding, horizon, lender : as in liquidity_ladder(); at least two paths
    level : of the buffer, in (0, 1)
    Returns Dataset, and `scenario` if the result has it, [currency] if not said otherwise:
      gap, cumulative_gap (path, month); shortfall (path) = max(0, max over months of -cumulative_gap);
      buffer, buffer_se, buffer_low, buffer_high: its quantile, standard error and 95 % order-statistic interval;
      expected_shortfall, expected_shortfall_se: mean of the worst 1 - level; paths_in_tail [1];
      survival_month (path) [month], survival_probability [1] of the whole horizon, with _se, _low and _high: as in
      survival_horizon().
    B = Quantile_q(max over b <= H of -cumgap_b): the cash-flow ladder of EBA/GL/2018/04 on simulated paths. What is in
    place (liquid assets, lines) does not lower the buffer: it is what there should be.
    Error bars and few paths: as in loss_distribution and measures.estimators.
    Raises InputError naming each fault, as liquidity_ladder(), and a level outside (0, 1).

    >>> from stresslab.measures.liquidity.funding import Borrowing
    >>> from stresslab.schema import BUCKETS, FLOWS
    >>> dims = ("path", "month", "segment")
    >>> flows = {name: (dims, np.zeros((2, 3, 1))) for name in (*FLOWS, "undrawn_limit")}
    >>> flows["paid"] = (dims, [[[0.0], [10.0], [10.0]], [[0.0], [6.0], [6.0]]])
    >>> flows |= {"balance": ((*dims, "bucket"), np.ones((2, 3, 1, 8))), "own_share": ("segment", [1.0])}
    >>> result = xr.Dataset(flows, {"month": [0, 1, 2], "bucket": list(BUCKETS), "segment": ["us:card"],
    ...     "lender": ("segment", ["us"]), "product": ("segment", ["card"])}, {"own_lender": "us"})
    >>> funding = Funding(5.0, [Borrowing("bond", [10.0, 10.0])])
    >>> found = liquidity_buffer(result, funding, level=0.5, horizon=2)
    >>> found.shortfall.values, found.survival_month.values  # second path: -4, then -8
    (array([0., 8.]), array([nan,  2.]))
    """
    faults = _ladder_faults(result, funding, horizon, lender, paths=2)
    refuse("liquidity_buffer", faults + level_faults("level", (level,)))
    ladder = liquidity_ladder(result, funding, horizon=horizon, lender=lender)
    shortfall = (-ladder["cumulative_gap"].min("month")).clip(min=0.0)
    out = xr.Dataset(
        {"net_flow": ladder["net_flow"], "cumulative_gap": ladder["cumulative_gap"], "shortfall": shortfall}
    )
    lasts = _survival(ladder).isel(month=-1, drop=True).drop_vars("headroom")
    out = out.assign(_tail(shortfall, level, "buffer")).assign(lasts)
    plain = [str(name) for name in out if str(name).startswith("survival_probability")] + ["paths_in_tail"]
    out = described(out, result, lender, plain)
    out["survival_month"].attrs["units"] = "month"
    return out.assign_attrs(level=level, horizon=horizon, funding=ladder.attrs["funding"])


def external_funding_needed(
    result: xr.Dataset, funding: Funding, *, level: float = 0.99, horizon: int = 12, lender: str = "own"
) -> xr.Dataset:
    """What must be raised from outside beyond liquid assets and promised lines, and when.

    result, funding, horizon, lender : as in liquidity_ladder(); at least two paths
    level : of the quantile, in (0, 1)
    Returns Dataset, and `scenario` if the result has it, [currency] if not said otherwise:
      needed (path, month) = max(0, -headroom): what is missing at month end if nothing was raised before;
      peak (path): its largest; first_month (path) [month]: when it begins, NaN if never;
      probability [1] that anything is needed, with _se, _low and _high;
      mean, mean_se: of peak; need, need_se, need_low, need_high: its quantile; expected_shortfall,
      expected_shortfall_se: mean of the worst 1 - level; paths_in_tail [1].
    Raises InputError naming each fault, as liquidity_buffer().

    >>> from stresslab.measures.liquidity.funding import Borrowing
    >>> from stresslab.schema import BUCKETS, FLOWS
    >>> dims = ("path", "month", "segment")
    >>> flows = {name: (dims, np.zeros((2, 3, 1))) for name in (*FLOWS, "undrawn_limit")}
    >>> flows["paid"] = (dims, [[[0.0], [10.0], [10.0]], [[0.0], [6.0], [6.0]]])
    >>> flows |= {"balance": ((*dims, "bucket"), np.ones((2, 3, 1, 8))), "own_share": ("segment", [1.0])}
    >>> result = xr.Dataset(flows, {"month": [0, 1, 2], "bucket": list(BUCKETS), "segment": ["us:card"],
    ...     "lender": ("segment", ["us"]), "product": ("segment", ["card"])}, {"own_lender": "us"})
    >>> funding = Funding(5.0, [Borrowing("bond", [10.0, 10.0])])
    >>> found = external_funding_needed(result, funding, level=0.5, horizon=2)
    >>> found.peak.values, found.probability.item()  # 8 less the 5 at hand
    (array([0., 3.]), 0.5)
    """
    faults = _ladder_faults(result, funding, horizon, lender, paths=2)
    refuse("external_funding_needed", faults + level_faults("level", (level,)))
    ladder = liquidity_ladder(result, funding, horizon=horizon, lender=lender)
    needed = (-ladder["headroom"]).clip(min=0.0)
    peak = needed.max("month")
    out = xr.Dataset({"needed": needed, "peak": peak})
    out["first_month"] = needed["month"].where(needed > 0.0).min("month")
    chance = xr.apply_ufunc(share, peak > 0.0, input_core_dims=[["path"]], output_core_dims=[[]] * 4)
    out = out.assign({f"probability{end}": value for end, value in zip(ENDS, chance, strict=True)})
    out["expected_peak"] = peak.mean("path")
    out["expected_peak_se"] = peak.std("path", ddof=1) / np.sqrt(peak.sizes["path"])
    out = out.assign(_tail(peak, level, "need"))
    plain = [str(name) for name in out if str(name).startswith("probability")] + ["paths_in_tail"]
    out = described(out, result, lender, plain)
    out["first_month"].attrs["units"] = "month"
    return out.assign_attrs(level=level, horizon=horizon, funding=ladder.attrs["funding"])


def _ladder_faults(result: xr.Dataset, funding: Any, horizon: Any, lender: str, paths: int = 1) -> list[str]:
    """Faults of what a ladder is wanted of."""
    faults = result_faults(result, lender, LADDER_NEEDS, paths=paths)
    faults += type_faults("funding", funding, Funding, needed=True)
    return faults + (whole_faults("horizon", horizon, 1) or horizon_faults(result, horizon))


def _survival(ladder: xr.Dataset) -> xr.Dataset:
    """When each path fails, and the share that has not by each month."""
    fails = ladder["headroom"] < 0.0  # so written that capacity equal to the gap survives
    out = xr.Dataset({"survival_month": ladder["month"].where(fails).min("month")})
    alive = out["survival_month"].isnull() | (out["survival_month"] > ladder["month"])
    chance = xr.apply_ufunc(share, alive, input_core_dims=[["path"]], output_core_dims=[[]] * 4)
    out = out.assign({f"survival_probability{end}": value for end, value in zip(ENDS, chance, strict=True)})
    out["headroom"] = ladder["headroom"]
    return out


def _tail(amount: xr.DataArray, level: float, name: str) -> dict[str, xr.DataArray]:
    """Quantile and expected shortfall over paths of an amount, with their error bars."""
    ends: dict[str, Any] = {"input_core_dims": [["path"]], "kwargs": {"levels": [level]}}
    high = xr.apply_ufunc(quantile, amount, output_core_dims=[["level"]] * 4, **ends)
    beyond = xr.apply_ufunc(expected_shortfall, amount, output_core_dims=[["level"]] * 2, **ends)
    names = [f"{name}{end}" for end in ENDS] + ["expected_shortfall", "expected_shortfall_se"]
    tail = {key: value.isel(level=0) for key, value in zip(names, (*high, *beyond), strict=True)}
    return tail | {"paths_in_tail": xr.DataArray(values_in_tail(amount.sizes["path"], level))}


def _capacity(book: xr.Dataset, funding: Funding) -> Array:
    """Liquid assets and lines that can be had by each month (..., path, month) [currency]."""
    months = book["month"].values
    assert not isinstance(funding.liquid_assets, float | int)
    capacity: Array = np.zeros(tripped(book, None).shape)
    for asset in funding.liquid_assets:
        capacity = capacity + asset.amount * (1.0 - asset.haircut) * (months >= asset.months_to_sell)
    for line in funding.lines:
        capacity = capacity + line.amount * ((months >= line.notice_months) & ~tripped(book, line.lost))
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
