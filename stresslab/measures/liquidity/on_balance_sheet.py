"""Own part of a result: what the lender itself carries beside co-lending partners, who may withdraw; and growth."""

from __future__ import annotations

import json
import math
from dataclasses import asdict

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from stresslab.checks import refuse
from stresslab.measures.estimators import Array
from stresslab.measures.liquidity.funding import Funding, Partners, Trigger
from stresslab.measures.result_view import BALANCE, FLOW, Output, labelled, result_faults, select
from stresslab.schema import DEFAULTED, PAST_DUE
from stresslab.typed import typed

LENT = ("drawn", "originated")
FLOWS_OF_OLD = ("interest", "fees", "paid", "forgiven", "written_off", "recovered", "defaulted")
STOCKS = ("balance", "stage_balance", "forborne_balance")
IDENTITY = ("drawn", "originated", "interest", "fees", "paid", "forgiven", "written_off", "recovered")
TINY = 1e-6
"""Of a sum of amounts that are whole minor units [currency]."""

ADDED = {
    "funded_share": Output("1", "part of the balance that the lender carries"),
    "lent_share": Output("1", "part of new lending that the lender makes"),
    "partner_balance": Output("currency", "balance that partners carry"),
    "partner_loss": Output("currency", "loss of partners in the month"),
}
NEEDS = {"balance": BALANCE, "own_share": ("segment",), **{name: FLOW for name in IDENTITY}}


@typed
def own_part(result: xr.Dataset, partners: Partners | None = None, *, lender: str = "own") -> xr.Dataset:
    r"""Own part of a result: the lender's share of every balance and flow, of which any measure can be taken.

    Parameters
    ----------
    result : xarray.Dataset
        From `simulate`; needs balance, its flows and own_share.
    partners : Partners, optional
        Partners that may withdraw; None: they fund their part throughout.
    lender : str
        "own" (attrs own_lender), "all" (the system) or a name.

    Returns
    -------
    xarray.Dataset
        ===============  ====================  ========  ==========================================================
        variable         dims                  unit      meaning
        ===============  ====================  ========  ==========================================================
        funded_share     path, month, segment  1         part of the balance at month end that the lender carries
        lent_share       path, month, segment  1         part of the month's draws and originations that it lends
        partner_balance  path, month, segment  currency  balance that partners carry
        partner_loss     path, month, segment  currency  loss of partners in the month
        ===============  ====================  ========  ==========================================================

        The segments of the lender with amounts times what it carries, own_share 1, attrs part "own", and these.
        Undrawn limits go by lent_share; counts (accounts, entries_to_arrears) and the economy stay as they are. A
        dataset that is an own part already is returned as it is.

    Raises
    ------
    InputError
        Names each fault: a variable missing, negative or not finite, an unknown lender.

    Notes
    -----
    With the funded share s, the lent share k, the balance B and the new lending n of the month,

    .. math:: B^{own}_t = s_{t-1} (B_t - n_t) + k_t \, n_t

    so that old and new loans are carried alike whichever is late. Interest, payments, losses and recoveries go by
    :math:`s_{t-1}`. k is own_share until partners withdraw, then own_share + (1 - own_share) withdrawn_share
    taken_over. What is not taken over is not lent, and the partners' part of it falls away. Without withdrawal the
    share is the same in all months, and closing = opening + flows holds.

    Examples
    --------
    30 % of 100, and of the 10 drawn:

    >>> from stresslab.testing import tiny_result
    >>> result = tiny_result([[100.0, 110.0]], drawn=10.0, own_share=0.3)
    >>> own_part(result)["balance"].sum("bucket").values.ravel().round(9)
    array([30., 33.])
    >>> leaving = Partners(Trigger(arrears_30=0.0, months=1))  # nobody is late: no partner withdraws
    >>> own_part(result, leaving)["balance"].sum("bucket").values.ravel().round(9)
    array([30., 33.])
    """
    refuse("own_part", result_faults(result, lender, NEEDS))
    view = select(result, lender)
    if "partner_balance" in view:
        return view
    conditions = Partners() if partners is None else partners
    balance = view["balance"].sum("bucket").transpose(..., "path", "month", "segment")
    new = (view["drawn"] + view["originated"]).transpose(*balance.dims).values
    gone = _withdrawn(view, conditions)
    own = view["own_share"]
    lent = _like(own + (1.0 - own) * gone * conditions.taken_over, balance)
    theirs = _like((1.0 - own) * (1.0 - gone), balance)
    changes = (lent != own).transpose(*balance.dims).values & (new > balance.values + TINY)
    if changes.any():
        found = f"drawn: found more lent than is left at month end, {int(changes.sum()):,} times with partners gone"
        refuse("own_part", [f"{found}, expected what is lent to stay a month; keep the partners, or merge segments"])
    funded = balance.copy(data=_carried(balance.values, new, lent.values, own.values))
    partner = balance.copy(data=_carried(balance.values, new, theirs.values, 1.0 - own.values))
    before, partner_before = _month_before(funded, own), _month_before(partner, 1.0 - own)
    shares = dict.fromkeys(STOCKS, funded) | dict.fromkeys(FLOWS_OF_OLD, before) | dict.fromkeys(LENT, lent)
    shares["undrawn_limit"] = lent
    amounts = {
        name: (view[name] * share).transpose(*view[name].dims).assign_attrs({"units": "currency"} | view[name].attrs)
        for name, share in shares.items()
        if name in view
    }
    losses = (view["written_off"] + view["forgiven"] - view["recovered"]) * partner_before
    added = xr.Dataset(
        {
            "funded_share": funded, "lent_share": lent, "partner_balance": balance * partner,
            "partner_loss": losses.transpose(*balance.dims),
        }
    )  # fmt: skip
    whole = view.assign(amounts).assign(own_share=xr.ones_like(own)).assign(labelled(added, ADDED).data_vars)
    return whole.assign_attrs({"part": "own"} | (_withdrawal(conditions) if bool(gone.any()) else {}))


@typed
def grow(result: xr.Dataset, annual_growth: float) -> xr.Dataset:
    r"""Result of a portfolio that grows, or shrinks, at a steady rate beside what was simulated.

    Parameters
    ----------
    result : xarray.Dataset
        From `simulate`; needs balance and its flows.
    annual_growth : float
        Growth of every balance beyond the simulated one [1/year], above -1.

    Returns
    -------
    xarray.Dataset
        The variables of the result. Stocks of month t are multiplied by G(t), flows by G(t - 1); what is added is in
        `originated`, and what a shrinking portfolio sells at par in `paid` [currency].

    Raises
    ------
    InputError
        Names each fault.

    Notes
    -----
    .. math:: G(t) = (1 + g)^{t / 12}, \qquad \mathrm{added}_t = (G(t) - G(t - 1)) \, B_t

    with the simulated balance B at month end. What is added has the arrears of the portfolio: growth in proportion.

    Examples
    --------
    1 % a month of a balance of 100 that stands still:

    >>> from stresslab.testing import tiny_result
    >>> grow(tiny_result(100.0), 1.01**12 - 1.0)["originated"].values.ravel().round(9)
    array([0., 1.])
    """
    faults = result_faults(result, "all", {name: dims for name, dims in NEEDS.items() if name != "own_share"})
    if not (isinstance(annual_growth, int | float) and math.isfinite(annual_growth) and annual_growth > -1.0):
        faults.append(f"annual_growth: found {annual_growth!r}, expected above -1; give a decimal: 0.05, not 5")
    refuse("grow", faults)
    month = result["month"].astype(float)
    size = (1.0 + annual_growth) ** (month / 12.0)
    before = (1.0 + annual_growth) ** ((month - 1.0).clip(min=0.0) / 12.0)
    out = {}
    for name in result.data_vars:
        if name in (*STOCKS, "undrawn_limit", "accounts"):
            out[str(name)] = result[name] * size
        elif name in (*LENT, *FLOWS_OF_OLD, "entries_to_arrears"):
            out[str(name)] = result[name] * before
    added = result["balance"].sum("bucket") * (size - before)
    out["originated"] = out["originated"] + added.clip(min=0.0)
    out["paid"] = out["paid"] + (-added).clip(min=0.0)
    kept = {name: value.transpose(*result[name].dims).assign_attrs(result[name].attrs) for name, value in out.items()}
    return result.assign(kept).assign_attrs(annual_growth=annual_growth)


def seen(part: xr.Dataset, name: str, months: int) -> Array:
    """Arrears or losses as outsiders see them (..., path, month), months 0 ... T: mean of the last `months` months [1].

    name : "arrears_30" | "arrears_90" | "annual_loss", which begins in month 1 and is 0 before
    """
    balance = part["balance"].sum("segment").transpose(..., "path", "month", "bucket").values
    total = balance.sum(-1)
    if name == "annual_loss":
        lost = (part["written_off"] + part["forgiven"] - part["recovered"]).sum("segment")
        values, opening = np.zeros_like(total), total[..., :-1]
        loss = 12.0 * lost.transpose(..., "path", "month").values[..., 1:]
        np.divide(loss, opening, out=values[..., 1:], where=opening > 0.0)
    else:
        late = balance[..., PAST_DUE if name == "arrears_30" else DEFAULTED].sum(-1)
        values = np.divide(late, total, out=np.zeros_like(late), where=total > 0.0)
    first = 1 if name == "annual_loss" else 0
    sums = np.cumsum(values, axis=-1)
    sums[..., months:] -= sums[..., :-months].copy()
    count = np.clip(np.arange(values.shape[-1]) + 1 - first, 1, months)
    return np.asarray(np.round(sums / count, 12))  # a constant level must not lie above itself by the last bit of a sum


def tripped(part: xr.Dataset, trigger: Trigger | None, notice: int = 0) -> NDArray[np.bool_]:
    """Has a trigger acted (..., path, month)? From the month after it was seen, and `notice` months more, for good."""
    shape = part["balance"].sum(["segment", "bucket"]).transpose(..., "path", "month").shape
    above = np.zeros(shape, dtype=bool)
    if trigger is None:
        return above
    for name in ("arrears_30", "arrears_90", "annual_loss"):
        limit = getattr(trigger, name)
        if limit is not None:
            above |= seen(part, name, trigger.months) > limit
    ever = np.logical_or.accumulate(above, axis=-1)
    late = 1 + notice
    acts = np.zeros(shape, dtype=bool)
    acts[..., late:] = ever[..., :-late]
    return acts


def own_part_under(result: xr.Dataset, funding: Funding, lender: str) -> xr.Dataset:
    """Own part of a result under the partners of a funding."""
    return own_part(result, funding.partners, lender=lender)


def _withdrawal(partners: Partners) -> dict[str, str]:
    """Attr that tells own parts with different withdrawals apart."""
    names = ("withdrawal", "notice_months", "withdrawn_share", "taken_over")
    return {"partners": json.dumps({name: asdict(partners)[name] for name in names})}


def _withdrawn(view: xr.Dataset, partners: Partners) -> xr.DataArray:
    """Share of the partners' funding of new lending that has ended (..., path, month) [1]."""
    like = view["balance"].sum(["segment", "bucket"]).transpose(..., "path", "month")
    gone = tripped(view, partners.withdrawal, partners.notice_months)
    return like.copy(data=gone * partners.withdrawn_share)


def _like(values: xr.DataArray, other: xr.DataArray) -> xr.DataArray:
    """Values along the dimensions of another array."""
    return values.broadcast_like(other).transpose(*other.dims)


def _month_before(share: xr.DataArray, start: xr.DataArray) -> xr.DataArray:
    """Each month's share as it stood at its beginning."""
    before = share.shift(month=1)
    return before.where(before["month"] > 0, start).transpose(*share.dims)


def _carried(balance: Array, new: Array, lent: Array, start: Array) -> Array:
    """Part of each month's balance (..., month, segment) carried: what it was of the old, lent of the new [1]."""
    share = np.empty_like(balance)
    share[..., 0, :] = start
    for month in range(1, balance.shape[-2]):
        whole, fresh = balance[..., month, :], new[..., month, :]
        was, now = share[..., month - 1, :], lent[..., month, :]
        mixed = (was * (whole - fresh) + now * fresh) / np.where(whole > 0.0, whole, 1.0)
        # without withdrawal the share stays to the last bit
        share[..., month, :] = np.where(whole > 0.0, np.where(now == was, was, mixed), now)
    return share
