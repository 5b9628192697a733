"""Liquidity standards: LCR and NSFR of Basel, liquidity ratio and HQLA adequacy ratio of the Chinese rules."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from stresslab.checks import number_faults, refuse
from stresslab.measures.estimators import Array
from stresslab.measures.liquidity.funding import ASSET_CLASSES, Funding, as_json, funding_faults, liquidity_rules
from stresslab.measures.liquidity.ladder import LADDER_NEEDS, cash_flows
from stresslab.measures.liquidity.liabilities import Owed, liabilities
from stresslab.measures.liquidity.on_balance_sheet import own_part_under
from stresslab.measures.result_view import Output, chunk_faults, described, result_faults
from stresslab.noted import noted
from stresslab.schema import PERFORMING, InputError
from stresslab.typed import typed

CONTRACTS = ("due_share", "beyond_year_share")
SECOND_TO_FIRST = 2.0 / 3.0  # level 2 at most 40 % of the stock: 40 / 60 of level 1
OUTPUTS = {
    "lcr": Output("1", "liquidity coverage ratio"),
    "nsfr": Output("1", "net stable funding ratio"),
    "liquidity_ratio": Output("1", "liquid assets over borrowings due within a month"),
    "hqla_adequacy": Output("1", "HQLA over net cash outflow of 30 days"),
    "hqla": Output("currency", "stock of high-quality liquid assets after caps"),
    "outflow": Output("currency", "cash outflow of 30 days"),
    "inflow": Output("currency", "cash inflow of 30 days, before its cap"),
    "available": Output("currency", "available stable funding"),
    "required": Output("currency", "required stable funding"),
}


@typed
def hqla(level_1: ArrayLike, level_2a: ArrayLike, level_2b: ArrayLike) -> Array:
    r"""Stock of high-quality liquid assets under the caps on level 2 [currency].

    Parameters
    ----------
    level_1 : array_like
        Level 1 assets after haircut [currency].
    level_2a : array_like
        Level 2A assets after haircut [currency]; shapes broadcast.
    level_2b : array_like
        Level 2B assets after haircut [currency].

    Returns
    -------
    numpy.ndarray
        The stock [currency].

    Raises
    ------
    InputError
        If an amount is negative or not finite.

    Notes
    -----
    .. math::

        \mathrm{HQLA} &= L_1 + L_{2A} + L_{2B} - A_{15} - A_{40} \\
        A_{15} &= \max \left( L_{2B} - \tfrac{15}{85} (L_1 + L_{2A}), \; L_{2B} - \tfrac{15}{60} L_1, \; 0 \right) \\
        A_{40} &= \max \left( L_{2A} + L_{2B} - A_{15} - \tfrac{2}{3} L_1, \; 0 \right)

    as in [1]_ and [2]_; the same as the steps of the rule of the United States [3]_, which take the 40 % cap first.

    References
    ----------
    .. [1] Basel Committee on Banking Supervision (2019), Basel Framework, LCR30 and LCR99.
    .. [2] Basel Committee on Banking Supervision (2013), Basel III: The Liquidity Coverage Ratio, BCBS 238, Annex 1.
    .. [3] Code of Federal Regulations, title 12, 249.21, unadjusted excess HQLA amount.

    Examples
    --------
    >>> hqla([60.0, 50.0, 60.0], [40.0, 40.0, 10.0], [0.0, 20.0, 30.0]).round(4)
    array([100.    ,  83.3333,  82.3529])
    """
    first, second_a, second_b = (np.asarray(x, dtype=np.float64) for x in (level_1, level_2a, level_2b))
    _refuse_amounts("hqla", {"level_1": first, "level_2a": second_a, "level_2b": second_b})
    above_15 = np.maximum(np.maximum(second_b - 15.0 / 85.0 * (first + second_a), second_b - 15.0 / 60.0 * first), 0.0)
    above_40 = np.maximum(second_a + second_b - above_15 - SECOND_TO_FIRST * first, 0.0)
    return np.asarray(first + second_a + second_b - above_15 - above_40)


@typed
def lcr(stock: ArrayLike, outflow: ArrayLike, inflow: ArrayLike) -> Array:
    r"""Liquidity coverage ratio: HQLA over net cash outflows of 30 days [1].

    Parameters
    ----------
    stock : array_like
        High-quality liquid assets [currency]; shapes broadcast.
    outflow : array_like
        Cash outflows weighted by their run-offs [currency].
    inflow : array_like
        Cash inflows weighted by their factors [currency].

    Returns
    -------
    numpy.ndarray
        The ratio [1]; infinite without outflow.

    Raises
    ------
    InputError
        If an amount is negative or not finite.

    Notes
    -----
    .. math:: \mathrm{LCR} = \frac{\mathrm{stock}}{\mathrm{out} - \min(\mathrm{in}, \, 0.75 \, \mathrm{out})}

    as in [1]_.

    References
    ----------
    .. [1] Basel Committee on Banking Supervision (2019), Basel Framework, LCR20 and LCR40.1.

    Examples
    --------
    The cap binds, so that the net outflow is a quarter of 430:

    >>> lcr(150.0, 0.05 * 1000 + 0.40 * 200 + 1.00 * 300, 0.5 * 900 + 20).round(6).item()
    1.395349
    """
    have, out, come = (np.asarray(x, dtype=np.float64) for x in (stock, outflow, inflow))
    _refuse_amounts("lcr", {"stock": have, "outflow": out, "inflow": come})
    net = out - np.minimum(come, liquidity_rules()["lcr"]["inflow_cap"] * out)
    return _over(have, net)


@typed
def nsfr(available: ArrayLike, required: ArrayLike) -> Array:
    r"""Net stable funding ratio: available over required stable funding [1].

    Parameters
    ----------
    available : array_like
        Available stable funding [currency]; shapes broadcast.
    required : array_like
        Required stable funding [currency].

    Returns
    -------
    numpy.ndarray
        The ratio [1]; infinite if none is required.

    Raises
    ------
    InputError
        If an amount is negative or not finite.

    Notes
    -----
    .. math:: \mathrm{NSFR} = \frac{\mathrm{available}}{\mathrm{required}}

    as in [1]_.

    References
    ----------
    .. [1] Basel Committee on Banking Supervision (2019), Basel Framework, NSF20.

    Examples
    --------
    >>> available = 100 + 0.5 * 400 + 300 + 0.5 * 100
    >>> nsfr(available, 0.05 * 50 + 0.5 * 600 + 0.85 * 250 + 20 + 0.05 * 500).round(6).item()
    1.160714
    """
    have, need = np.asarray(available, dtype=np.float64), np.asarray(required, dtype=np.float64)
    _refuse_amounts("nsfr", {"available": have, "required": need})
    return _over(have, need)


@typed
def liquidity_ratios(
    result: xr.Dataset, funding: Funding, equity: xr.DataArray | float = 0.0, *, lender: str = "own"
) -> xr.Dataset:
    r"""LCR, NSFR, liquidity ratio and HQLA adequacy ratio by path and month, as cash is used up and arrears rise.

    Parameters
    ----------
    result : xarray.Dataset
        From `simulate`; needs balance, its flows, undrawn_limit, own_share, due_share and beyond_year_share.
    funding : Funding
        Liquid assets, borrowings and contingent lines of the lender.
    equity : float or xarray.DataArray
        Capital, all of it stable [currency]: a number or (path, month), such as `equity` of `financial_statements`.
    lender : str
        "own" (attrs own_lender), "all" (the system) or a name.

    Returns
    -------
    xarray.Dataset
        ===============  ===========  ========  ====================================================================
        variable         dims         unit      meaning
        ===============  ===========  ========  ====================================================================
        lcr              path, month  1         hqla over net outflow of 30 days
        nsfr             path, month  1         available over required
        liquidity_ratio  path, month  1         liquid assets ("other" left out) and what current loans owe within a
                                                month, over borrowings due within a month
        hqla_adequacy    path, month  1         hqla over net outflow of 30 days
        hqla             path, month  currency  stock after caps
        outflow          path, month  currency  of 30 days
        inflow           path, month  currency  of 30 days, before its cap
        available        path, month  currency  stable funding available
        required         path, month  currency  stable funding required
        ===============  ===========  ========  ====================================================================

        Month 0 included; with a dimension `scenario` where the result has one. Ratios are infinite where nothing is to
        be covered.

    Raises
    ------
    InputError
        Names each fault, as in `liquidity_ladder`.

    Notes
    -----
    Liquid assets: cash moves with the cumulative gap of `liquidity_ladder`; when it is used up, assets are sold, the
    smallest haircut first; when all are sold the stock is 0. External funding is not assumed.

    LCR [1]_: the outflow is borrowings due within a month times their run-off and 5 % of the undrawn lines of the own
    part; the inflow is 50 % of what current loans owe at the next due date (due_share of them, as at the start): loans
    in arrears give none; it is capped at 75 % of the outflow.

    NSFR [2]_: available are equity and borrowings by kind and residual life; required are liquid assets, performing
    loans due within and after a year, loans 90 days past due and more in full, and 5 % of undrawn lines.

    The HQLA adequacy ratio has the run-offs and the inflow of the LCR here, as the Chinese factor tables are not
    confirmed. Minimums of the Chinese rules are in liquidity/ratios.toml.

    References
    ----------
    .. [1] Basel Committee on Banking Supervision (2019), Basel Framework, LCR40.
    .. [2] Basel Committee on Banking Supervision (2019), Basel Framework, NSF30.

    Examples
    --------
    Loans of 900 of which a tenth is due next month give 45 of inflow against interbank debt of 80 that falls due:

    >>> from stresslab.measures.liquidity.funding import Borrowing
    >>> from stresslab.testing import tiny_result
    >>> ratios = liquidity_ratios(tiny_result(900.0), Funding(70.0, [Borrowing("interbank", {1: 80.0})]))
    >>> ratios.lcr.isel(month=0).values  # 70 / (80 - 45)
    array([2.])
    """
    needs = LADDER_NEEDS | {name: ("segment",) for name in CONTRACTS}
    faults = result_faults(result, lender, needs)
    refuse("liquidity_ratios", faults + funding_faults(result, funding) + _equity_faults(result, equity))
    part = own_part_under(result, funding, lender)
    owed = liabilities(part, funding)
    frame = part["balance"].sum(["segment", "bucket"]).transpose(..., "path", "month")
    inflow, outflow = cash_flows(part, funding, owed)
    gap = np.cumsum(sum(inflow.values(), np.zeros(frame.shape)) - sum(outflow.values(), np.zeros(frame.shape)), axis=-1)
    gap -= gap[..., :1]
    left = _left(funding, gap)
    rules = liquidity_rules()
    weights = rules["hqla"]["weights"]
    weighted = {name: left[name] * weights[name] for name in ASSET_CLASSES}
    stock = hqla(
        weighted["cash"] + weighted["level_1"], weighted["level_2a"], weighted["level_2b_rmbs"] + weighted["level_2b"]
    )
    undrawn = _total(part["undrawn_limit"])
    due = _total(part["balance"].isel(bucket=0, drop=True) * part["due_share"])
    out = rules["lcr"]["committed_lines"] * undrawn
    for debt in owed:
        out = out + rules["kinds"][debt.kind]["run_off"] * debt.due[0]
    come = rules["lcr"]["retail_inflow"] * due
    capital = equity.broadcast_like(frame).transpose(*frame.dims).values if isinstance(equity, xr.DataArray) else equity
    stable = np.maximum(capital + _stable(owed, rules, frame.shape), 0.0)
    required = _required(part, left, undrawn, rules)
    liquid = sum((left[name] for name in ASSET_CLASSES if name != "other"), np.zeros(frame.shape)) + due
    soon = sum((debt.due[0] for debt in owed), np.zeros(frame.shape))
    values: dict[str, Array] = {
        "lcr": lcr(stock, out, come), "nsfr": nsfr(stable, required), "liquidity_ratio": nsfr(liquid, soon),
        "hqla_adequacy": lcr(stock, out, come), "hqla": stock, "outflow": out, "inflow": come, "available": stable,
        "required": required,
    }  # fmt: skip
    dataset = xr.Dataset({name: frame.copy(data=amounts) for name, amounts in values.items()})
    out = described(dataset, result, lender, OUTPUTS).assign_attrs(funding=as_json(funding))
    return noted(out, funding.notes)


def _equity_faults(result: Any, equity: Any) -> list[str]:
    """Faults of equity, which is a number or has every path and month of the result."""
    if not isinstance(result, xr.Dataset):
        return []  # refused already
    if not isinstance(equity, xr.DataArray):
        return number_faults("equity", equity, math.inf, "an amount", low=-math.inf)
    named = ("scenario", "path", "month") if "scenario" in equity.dims else ("path", "month")
    expected = {name: result.sizes.get(name) for name in named}
    if dict(equity.sizes) != expected:
        return [f"equity: found {dict(equity.sizes)}, expected {expected}; give that of the same result"]
    if faults := chunk_faults("equity", equity):
        return faults
    if not np.isfinite(equity.values).all():
        return [f"equity: found {int((~np.isfinite(equity.values)).sum())} values that are not finite; correct them"]
    unlike = [name for name in expected if name in equity.coords and name in result.coords
              and not np.array_equal(equity[name].values, result[name].values)]  # fmt: skip
    return [f"equity: found other labels along {name!r}, expected those of the result; align it" for name in unlike]


def _left(funding: Funding, gap: Array) -> dict[str, Array]:
    """Market value of liquid assets by class once the gap has been paid (..., path, month) [currency]."""
    assert not isinstance(funding.liquid_assets, float | int)
    start = sum(asset.amount for asset in funding.liquid_assets if asset.asset_class == "cash")
    left = {name: np.zeros_like(gap) for name in ASSET_CLASSES}
    left["cash"] = np.maximum(start + gap, 0.0)
    missing = np.maximum(-(start + gap), 0.0)
    others = [asset for asset in funding.liquid_assets if asset.asset_class != "cash"]
    for asset in sorted(others, key=lambda asset: asset.haircut):
        raised = np.minimum(missing, asset.amount * (1.0 - asset.haircut))
        sold = raised / (1.0 - asset.haircut) if asset.haircut < 1.0 else 0.0
        left[asset.asset_class] = left[asset.asset_class] + asset.amount - sold
        missing = missing - raised
    return left


def _stable(owed: list[Owed], rules: dict[str, Any], shape: tuple[int, ...]) -> Array:
    """Borrowings that count as stable, by kind and residual life (..., path, month) [currency]."""
    stable: Any = np.zeros(shape)
    for debt in owed:
        below_6, below_12, beyond = rules["kinds"][debt.kind]["stable"]
        _, within_6, within_12 = debt.due
        rest = debt.outstanding - within_12
        stable = stable + below_6 * within_6 + below_12 * (within_12 - within_6) + beyond * rest
    return np.asarray(stable)


def _required(part: xr.Dataset, left: dict[str, Array], undrawn: Array, rules: dict[str, Any]) -> Array:
    """Stable funding that assets and undrawn lines require (..., path, month) [currency]."""
    weight = rules["nsfr"]
    performing = part["balance"].isel(bucket=PERFORMING).sum("bucket")
    beyond = _total(performing * part["beyond_year_share"])
    within = _total(performing) - beyond
    late = _total(part["balance"].sum("bucket")) - _total(performing)
    required = weight["loans_below_year"] * within + weight["loans_beyond_year"] * beyond
    required = required + weight["loans_not_performing"] * late + weight["undrawn_lines"] * undrawn
    return np.asarray(required + sum(weight["required"][level] * amount for level, amount in left.items()))


def _total(values: xr.DataArray) -> Array:
    """Sum over segments (..., path, month)."""
    summed: Array = values.sum("segment").transpose(..., "path", "month").values
    return summed


def _over(have: Array, need: Array) -> Array:
    """The ratio, infinite where nothing is needed, or next to nothing."""
    out = np.full(np.broadcast_shapes(have.shape, need.shape), np.inf)
    with np.errstate(over="ignore"):
        return np.asarray(np.divide(have, need, out=out, where=need > 0.0))


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
