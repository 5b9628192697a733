"""Liquidity standards: LCR and NSFR of Basel, liquidity ratio and HQLA adequacy ratio of the Chinese rules."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from stresslab.checks import refuse, type_faults
from stresslab.measures.estimators import Array
from stresslab.measures.liquidity.funding import ASSET_CLASSES, Funding, in_words, liquidity_rules
from stresslab.measures.liquidity.ladder import LADDER_NEEDS, cash_flows
from stresslab.measures.liquidity.liabilities import Owed, liabilities
from stresslab.measures.liquidity.on_balance_sheet import own_book
from stresslab.measures.result_view import described, result_faults
from stresslab.schema import InputError

RATIOS = ("lcr", "nsfr", "liquidity_ratio", "hqla_adequacy")
CONTRACTS = ("due_share", "beyond_year_share")
SECOND_TO_FIRST = 2.0 / 3.0  # level 2 at most 40 % of the stock: 40 / 60 of level 1
PERFORMING = slice(0, 3)  # buckets up to 60-89: not more than 90 days past due


def hqla(level_1: ArrayLike, level_2a: ArrayLike, level_2b: ArrayLike) -> Array:
    """Stock of high-quality liquid assets under the caps on level 2 [currency].

    level_1, level_2a, level_2b : amounts after haircut, any shapes that broadcast
    HQLA = L1 + L2A + L2B - A15 - A40, A15 = max(L2B - 15/85 (L1 + L2A), L2B - 15/60 L1, 0),
    A40 = max(L2A + L2B - A15 - 2/3 L1, 0)         LCR30 and LCR99, Annex 1 of BCBS 238 (A40 unconfirmed)
    Raises InputError if an amount is negative or not finite.

    >>> hqla([60.0, 50.0, 60.0], [40.0, 40.0, 10.0], [0.0, 20.0, 30.0]).round(4)
    array([100.    ,  83.3333,  82.3529])
    """
    one, two, rest = (np.asarray(x, dtype=np.float64) for x in (level_1, level_2a, level_2b))
    _refuse_amounts("hqla", {"level_1": one, "level_2a": two, "level_2b": rest})
    above_15 = np.maximum(np.maximum(rest - 15.0 / 85.0 * (one + two), rest - 15.0 / 60.0 * one), 0.0)
    above_40 = np.maximum(two + rest - above_15 - SECOND_TO_FIRST * one, 0.0)
    return np.asarray(one + two + rest - above_15 - above_40)


def lcr(stock: ArrayLike, outflow: ArrayLike, inflow: ArrayLike) -> Array:
    """Liquidity coverage ratio: HQLA over net cash outflows of 30 days [1].

    stock, outflow, inflow : amounts [currency], weighted by their factors, any shapes that broadcast
    LCR = stock / (outflow - min(inflow, 0.75 outflow)), +inf without outflow            LCR20, LCR40.1
    Raises InputError if an amount is negative or not finite.

    >>> lcr(150.0, 0.05 * 1000 + 0.40 * 200 + 1.00 * 300, 0.5 * 900 + 20).round(6).item()  # the cap binds: 107.5
    1.395349
    """
    have, out, come = (np.asarray(x, dtype=np.float64) for x in (stock, outflow, inflow))
    _refuse_amounts("lcr", {"stock": have, "outflow": out, "inflow": come})
    net = out - np.minimum(come, liquidity_rules()["lcr"]["inflow_cap"] * out)
    return np.asarray(
        np.divide(have, net, out=np.full(np.broadcast_shapes(have.shape, net.shape), np.inf), where=net > 0.0)
    )


def nsfr(available: ArrayLike, required: ArrayLike) -> Array:
    """Net stable funding ratio: available over required stable funding [1], +inf if none is required; NSF20.

    >>> asf = 100 + 0.5 * 400 + 300 + 0.5 * 100
    >>> nsfr(asf, 0.05 * 50 + 0.5 * 600 + 0.85 * 250 + 20 + 0.05 * 500).round(6).item()
    1.160714
    """
    have, need = np.asarray(available, dtype=np.float64), np.asarray(required, dtype=np.float64)
    _refuse_amounts("nsfr", {"available": have, "required": need})
    shape = np.broadcast_shapes(have.shape, need.shape)
    return np.asarray(np.divide(have, need, out=np.full(shape, np.inf), where=need > 0.0))


def liquidity_ratios(
    result: xr.Dataset, funding: Funding, equity: xr.DataArray | float = 0.0, *, lender: str = "own"
) -> xr.Dataset:
    """The four liquidity ratios on every path and month, as cash is used up and the book gets late.

    result : Dataset from simulate(); needs balance, its flows, undrawn_limit, own_share, due_share, beyond_year_share
    funding : Funding
    equity : capital, stable whole [currency], a number or (path, month), e.g. financial_statements()["equity"]
    lender : "own" | "all" | a name
    Returns Dataset (path, month), month 0 included, and `scenario` if the result has it:
      lcr, nsfr, liquidity_ratio, hqla_adequacy [1], +inf where nothing is to be covered; and [currency]
      hqla after caps; outflow, inflow of 30 days (inflow before its cap); available, required stable funding.
    Liquid assets: cash moves with the cumulative gap of liquidity_ladder(); when it is used up, assets are sold, the
    smallest haircut first; when all are sold the stock is 0. External funding is not assumed.
    LCR: outflow = borrowings due within a month times their run-off + 5 % of undrawn lines of the own part; inflow =
      50 % of what loans that are current owe at the next due date (due_share of them, as at the start): what is late
      gives none; cap 75 %                                                                    LCR40
    NSFR: available = equity + borrowings by kind and residual life; required = liquid assets, performing loans due
      within and after a year, loans 90 days past due and more whole, 5 % of undrawn lines                  NSF30
    liquidity_ratio = (liquid assets, "other" left out, + what current loans owe within a month) / (borrowings due
      within a month); hqla_adequacy = HQLA / net outflow within 30 days: here with the run-offs and inflow of the LCR,
      as the Chinese factor tables are not confirmed. Minimums: liquidity/ratios.toml.
    Raises InputError naming each fault, as liquidity_ladder().
    """
    needs = LADDER_NEEDS | {name: ("segment",) for name in CONTRACTS}
    faults = result_faults(result, lender, needs) + type_faults("funding", funding, Funding, needed=True)
    faults += _equity_faults(result, equity)
    refuse("liquidity_ratios", faults)
    book = own_book(result, funding, lender)
    owed = liabilities(book, funding)
    frame = book["balance"].sum(["segment", "bucket"]).transpose(..., "path", "month")
    inflow, outflow = cash_flows(book, funding, owed)
    gap = np.cumsum(sum(inflow.values(), np.zeros(frame.shape)) - sum(outflow.values(), np.zeros(frame.shape)), axis=-1)
    gap -= gap[..., :1]
    left = _left(funding, gap)
    rules = liquidity_rules()
    weights = rules["hqla"]["weights"]
    weighted = {level: left[level] * weights[level] for level in ASSET_CLASSES}
    stock = hqla(
        weighted["cash"] + weighted["level_1"], weighted["level_2a"], weighted["level_2b_rmbs"] + weighted["level_2b"]
    )
    undrawn = _total(book["undrawn_limit"])
    due = _total(book["balance"].isel(bucket=0, drop=True) * book["due_share"])
    out = rules["lcr"]["committed_lines"] * undrawn
    for one in owed:
        out = out + rules["kinds"][one.kind]["run_off"] * one.due[0]
    come = rules["lcr"]["retail_inflow"] * due
    capital = equity.broadcast_like(frame).transpose(*frame.dims).values if isinstance(equity, xr.DataArray) else equity
    stable = np.maximum(capital + _stable(owed, rules, frame.shape), 0.0)
    required = _required(book, left, undrawn, rules)
    liquid = sum((left[level] for level in ASSET_CLASSES if level != "other"), np.zeros(frame.shape)) + due
    soon = sum((one.due[0] for one in owed), np.zeros(frame.shape))
    values: dict[str, Array] = {
        "lcr": lcr(stock, out, come), "nsfr": nsfr(stable, required), "liquidity_ratio": nsfr(liquid, soon),
        "hqla_adequacy": lcr(stock, out, come), "hqla": stock, "outflow": out, "inflow": come, "available": stable,
        "required": required,
    }  # fmt: skip
    dataset = xr.Dataset({name: frame.copy(data=one) for name, one in values.items()})
    return described(dataset, result, lender, RATIOS).assign_attrs(funding=in_words(funding))


def _equity_faults(result: xr.Dataset, equity: Any) -> list[str]:
    """Faults of what should be a number, or one on every path and month of the result."""
    if not isinstance(equity, xr.DataArray):
        sound = isinstance(equity, int | float) and np.isfinite(equity)
        return [] if sound else [f"equity: found {equity!r}, expected a number or a DataArray; give currency"]
    named = ("scenario", "path", "month") if "scenario" in equity.dims else ("path", "month")
    expected = {name: result.sizes.get(name) for name in named}
    if dict(equity.sizes) != expected:
        return [f"equity: found {dict(equity.sizes)}, expected {expected}; give that of the same result"]
    if not np.isfinite(equity.values).all():
        return [f"equity: found {int((~np.isfinite(equity.values)).sum())} values that are not finite; correct them"]
    unlike = [name for name in expected if name in equity.coords and name in result.coords
              and not np.array_equal(equity[name].values, result[name].values)]  # fmt: skip
    return [f"equity: found other labels along {name!r}, expected those of the result; align it" for name in unlike]


def _left(funding: Funding, gap: Array) -> dict[str, Array]:
    """Market value of liquid assets by level once the gap has been paid (..., path, month) [currency]."""
    assert not isinstance(funding.liquid_assets, float | int)
    start = sum(asset.amount for asset in funding.liquid_assets if asset.asset_class == "cash")
    left = {level: np.zeros_like(gap) for level in ASSET_CLASSES}
    left["cash"] = np.maximum(start + gap, 0.0)
    missing = np.maximum(-(start + gap), 0.0)
    others = [asset for asset in funding.liquid_assets if asset.asset_class != "cash"]
    for asset in sorted(others, key=lambda one: one.haircut):
        raised = np.minimum(missing, asset.amount * (1.0 - asset.haircut))
        sold = raised / (1.0 - asset.haircut) if asset.haircut < 1.0 else 0.0
        left[asset.asset_class] = left[asset.asset_class] + asset.amount - sold
        missing = missing - raised
    return left


def _stable(owed: list[Owed], rules: dict[str, Any], shape: tuple[int, ...]) -> Array:
    """Borrowings that count as stable, by kind and residual life (..., path, month) [currency]."""
    stable: Any = np.zeros(shape)
    for one in owed:
        below_6, below_12, beyond = rules["kinds"][one.kind]["stable"]
        _, within_6, within_12 = one.due
        rest = one.outstanding - within_12
        stable = stable + below_6 * within_6 + below_12 * (within_12 - within_6) + beyond * rest
    return np.asarray(stable)


def _required(book: xr.Dataset, left: dict[str, Array], undrawn: Array, rules: dict[str, Any]) -> Array:
    """Stable funding that assets and open lines ask for (..., path, month) [currency]."""
    weight = rules["nsfr"]
    performing = book["balance"].isel(bucket=PERFORMING).sum("bucket")
    beyond = _total(performing * book["beyond_year_share"])
    within = _total(performing) - beyond
    late = _total(book["balance"].sum("bucket")) - _total(performing)
    required = weight["loans_below_year"] * within + weight["loans_beyond_year"] * beyond
    required = required + weight["loans_not_performing"] * late + weight["undrawn_lines"] * undrawn
    return np.asarray(required + sum(weight["required"][level] * amount for level, amount in left.items()))


def _total(values: xr.DataArray) -> Array:
    """Sum over segments (..., path, month)."""
    summed: Array = values.sum("segment").transpose(..., "path", "month").values
    return summed


def _refuse_amounts(subject: str, amounts: dict[str, Array]) -> None:
    """Raise InputError for amounts that are negative or not finite."""
    faults = []
    for name, values in amounts.items():
        bad = ~(np.isfinite(values) & (values >= 0.0))
        if bad.any():
            found = f"{name}: found {values[bad].flat[0]}, {int(bad.sum()):,} in all, expected finite amounts >= 0"
            faults.append(f"{found}; give amounts after haircuts and factors")
    if faults:
        raise InputError(subject, faults)
