"""Result of a simulation: the kernel's sums as a labelled dataset."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from stresslab.engine.actions import (
    ContingencyPlan,
    EarlyWarning,
    Outreach,
    Response,
    Restructuring,
    programmes,
    unfold,
)
from stresslab.engine.blocks import Blocks
from stresslab.engine.kernel.state import LANES
from stresslab.engine.mean_field import SecondRound
from stresslab.engine.packing import Packed, read_macro
from stresslab.schema import (
    BUCKET_FLOOR,
    BUCKETS,
    CAUSES,
    FLOWS,
    KINDS,
    LARGEST_AMOUNT,
    MINOR,
    PORTFOLIO,
    STAGES,
    InputError,
    rounded,
    unit_of,
)

Array = NDArray[Any]
HELD = (0.8, 1.25)
"""Closing over opening balance within which a static book counts as held."""
EVENTS = ("redefaulted", "flagged", "warned", "false_alarms", "lead_months")
"""What became of plans and warnings: numbers."""
STAGE_OF_BUCKET = np.array([1 if floor < 1 else 2 if floor < 3 else 3 for floor in BUCKET_FLOOR])


def refuse_overflow(subject: str, totals: Array, segments: Sequence[tuple[str, str]]) -> None:
    """InputError if a balance outgrew its 32 bits: then closing differs from opening + flows.

    totals : SUMS records (path, month, segment)
    """
    stock = totals["balance"].sum(-1)
    flows = totals["drawn"] + totals["originated"] + totals["interest"] + totals["fees"]
    flows = flows - totals["paid"] - totals["forgiven"] - totals["written_off"]
    lost = np.argwhere(np.diff(stock, axis=1) != flows[:, 1:])
    if lost.size:
        _, month, segment = lost[np.argmin(lost[:, 1])]
        lender, product = segments[segment]
        found = f"balance: found a loan of {lender}:{product} above {LARGEST_AMOUNT:,.2f} in month {month + 1}"
        raise InputError(subject, [f"{found}, expected less; lower annual_rate, late_rate_monthly or the horizon"])


def label(
    blocks: Blocks, portfolio: xr.Dataset, totals: Array, jobless: Array, packed: Packed, macro: xr.Dataset
) -> xr.Dataset:
    """Sums as a labelled dataset, money in currency."""
    refuse_overflow("simulate", totals, blocks.segments)
    dims = ("path", "month", "segment")
    bucket, watched, forborne = totals["balance"], totals["watched_balance"], totals["forborne_defaulted"]
    stage = np.stack([bucket[..., s == STAGE_OF_BUCKET].sum(-1) for s in STAGES], axis=-1)
    stage += np.stack([-watched - forborne, watched, forborne], axis=-1)
    variables: dict[str, Any] = {
        "balance": ((*dims, "bucket"), bucket / float(MINOR), {"units": "currency"}),
        "accounts": ((*dims, "bucket"), totals["accounts"], {"units": "number"}),
        "stage_balance": ((*dims, "stage"), stage / float(MINOR), {"units": "currency"}),
        "entries_to_arrears": ((*dims, "cause"), totals["entries"], {"units": "number"}),
        "unemployment_rate": (dims[:2], jobless / portfolio.sizes["borrower"], {"units": "1"}),
    }
    also = ["discharged"] if (packed.rules.products["bankrupt"] > 0).any() else []
    also += ["deferred"] if "payment_deferral" in macro else []
    for name in ("undrawn_limit", "forborne_balance", *FLOWS, *also):
        variables[name] = (dims, totals[name] / float(MINOR), {"units": "currency"})
    lenders, products = zip(*blocks.segments, strict=True)
    granted = packed.lenders["supply"] * (1.0 - packed.lenders["tightening"])
    for name, values in (("line_supply", granted), ("contact", packed.contact)):
        monthly = values[:, :, packed.row_of].astype(float)
        variables[name] = (dims, np.concatenate([np.ones_like(monthly[:, :1]), monthly], axis=1), {"units": "1"})
    if "policy_rate" in macro:  # what a lender owes may follow it
        rate = read_macro(macro, "policy_rate")[:, : totals.shape[1] - 1]
        variables["policy_rate"] = (dims[:2], np.concatenate([rate[:, :1], rate], axis=1), {"units": "1/year"})
    coords = {
        "path": macro["path"].values,
        "month": np.arange(totals.shape[1]),
        "segment": [f"{lender}:{product}" for lender, product in blocks.segments],
        "lender": ("segment", list(lenders)),
        "product": ("segment", list(products)),
        "bucket": list(BUCKETS),
        "stage": list(STAGES),
        "cause": list(CAUSES),
    }
    variables |= contracts(blocks, portfolio, packed)
    return xr.Dataset(variables, coords)


def fingerprint(portfolio: xr.Dataset) -> str:
    """Hash of all values of a portfolio, whatever its order of variables and their types.

    Returns the first 16 hexadecimal digits of a SHA-256.
    """
    digest = hashlib.sha256()
    for name in sorted(set(PORTFOLIO) & set(portfolio.variables)):
        values = portfolio[name].values
        if PORTFOLIO[name].kind != "label":
            values = values.astype(KINDS[PORTFOLIO[name].kind], copy=False)
        else:
            values, labels = pd.factorize(values.astype(object), sort=True)
            digest.update("\n".join(map(str, labels)).encode())
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(values).view(np.uint8).data)
    return digest.hexdigest()[:16]


def label_responses(
    responses: Sequence[Response], totals: Array, blocks: Blocks, found: SecondRound, unit: float
) -> xr.Dataset:
    """Activity and cost of each response, and outcomes of plans and warnings by segment.

    unit : currency in one unit of the book's amounts
    """
    every = [one for one, _ in unfold(responses)]
    dims, first = ("path", "month"), np.zeros((len(totals), 1, len(every)))
    active = np.concatenate([first > 0, found.active], axis=1)
    contacts = np.concatenate([first, found.contacts], axis=1)
    cost = np.zeros(active.shape)
    plans = programmes(responses)
    for number, one in enumerate(every):
        on = active[..., number]
        if isinstance(one, ContingencyPlan):
            on = np.broadcast_to(np.arange(active.shape[1]) > 0, on.shape)
        cost[..., number] = on * one.cost_monthly
        if isinstance(one, Outreach):
            cost[..., number] += contacts[..., number] * one.cost_per_contact
        elif isinstance(one, EarlyWarning):
            cost[..., number] += totals["flagged"].sum(-1) * one.cost_per_flag
        elif isinstance(one, Restructuring):
            row = next(i for i, it in enumerate(plans) if it is one)
            cost[..., number] += totals["restructured"][..., row].sum(-1) * one.cost_per_plan
    agreed = totals["restructured"].sum(-1)
    variables: dict[str, Any] = {
        "active": ((*dims, "response"), active),
        "contacts": ((*dims, "response"), contacts, {"units": "number"}),
        "operating_cost": ((*dims, "response"), rounded(cost / unit), {"units": "currency"}),
        "restructured": ((*dims, "segment"), agreed, {"units": "number"}),
    }
    for name in EVENTS:
        variables[name] = ((*dims, "segment"), totals[name], {"units": "number"})
    return xr.Dataset(variables, {"response": [one.label for one in every]})


def join_scenarios(parts: list[xr.Dataset], paths: xr.Dataset) -> xr.Dataset:
    """Parts along `scenario`, if macro has it; variables without a path are taken from the first."""
    if "scenario" not in paths.dims:
        return parts[0]
    fixed = [name for name in parts[0] if "path" not in parts[0][name].dims]
    moving = [part.drop_vars(fixed) for part in parts]
    names = paths["scenario"] if "scenario" in paths.coords else "scenario"
    return xr.concat(moving, dim=names).assign({name: parts[0][name] for name in fixed})


def unit_notes(result: xr.Dataset) -> list[str]:
    """A sentence where amounts are not in single units of the currency."""
    unit = unit_of(result)
    amounts = f"in units of {unit:,g} {result.attrs.get('currency', '')}"
    return [] if unit == 1.0 else [f"unit: amounts are {amounts}; those of the model and of responses were divided"]


def static_notes(result: xr.Dataset) -> list[str]:
    """A sentence where the own balance of a static book ends far from where it began, as a mean over paths."""
    own = result["lender"].values == result.attrs.get("own_lender")
    balance = result["balance"].isel(segment=own if own.any() else slice(None)).sum(["segment", "bucket"])
    balance = balance.mean("path").expand_dims({} if "scenario" in balance.dims else {"scenario": [""]})
    notes = []
    for name, first, last in zip(
        balance["scenario"].values, balance.isel(month=0).values, balance.isel(month=-1).values, strict=True
    ):
        if first > 0.0 and not HELD[0] <= last / first <= HELD[1]:
            moved = f"balance: moved from {first:,.0f} to {last:,.0f} in {balance.sizes['month'] - 1} months"
            notes.append(
                f"{moved}{f' of {name}' if name else ''}; renewal='static' grants loans that end anew under the "
                "model's rules and holds no total; use grow() for a balance sheet of a given size"
            )
    return notes


TINY = 1e-9
"""Weight of a loan without balance [currency], so that a segment without a balance has a mean too."""


def contracts(blocks: Blocks, portfolio: xr.Dataset, packed: Packed) -> dict[str, Any]:
    """Means of the contracts by segment, weighted by balance at the start, as variables along `segment` [1].

    own_share : funded by the lender of record, of all loans
    due_share : contractually due at the next due date over the balance, of loans that are current
    transactor_share : of the balance of current loans, owed by those who pay the whole bill
    beyond_year_share : of the balance of current loans, due after more than twelve due dates; 0 for lines
    revolving : 1 for lines, 0 for instalment loans
    """
    slot = blocks.place // LANES
    code, product = blocks.segment[slot], blocks.product[slot]
    loan = {name: portfolio[name].values for name in ("balance", "annual_rate", "remaining_months", "instalment")}
    rules = packed.rules.products[product]
    revolving = rules["revolving"] == 1
    transactor = revolving & portfolio["transactor"].values
    floor = rules["minimum_payment"] / MINOR
    least = np.maximum(rules["minimum_share"].astype(float) * loan["balance"], floor)
    billed = np.where(transactor, loan["balance"], np.minimum(least, loan["balance"]))
    owed = loan["balance"] * (1.0 + loan["annual_rate"] / 12.0)
    asked = np.where((loan["remaining_months"] <= 1) | (loan["instalment"] > owed), owed, loan["instalment"])
    due = np.where(revolving, billed, asked)
    weight = loan["balance"] + TINY
    current = weight * ((portfolio["days_past_due"].values == 0) & ~portfolio["written_off"].values)

    def mean(share: Array, weight: Array) -> tuple[str, Array, dict[str, str]]:
        total = np.bincount(code, weight)
        found = np.bincount(code, weight * share) / np.where(total > 0.0, total, 1.0)
        return "segment", np.round(found, 12), {"units": "1"}  # a sum of floats may end in another bit in another order

    return {
        "own_share": mean(portfolio["own_share"].values, weight),
        "due_share": mean(due / weight, current),
        "transactor_share": mean(transactor, current),
        "beyond_year_share": mean(np.where(revolving, 0.0, _after_a_year(loan) / weight), current),
        "revolving": mean(revolving, weight),
    }


def _after_a_year(loan: dict[str, Array]) -> Array:
    """Balance that twelve instalments leave [currency]: B (1 + r)^12 - A ((1 + r)^12 - 1) / r, 0 if they repay it."""
    rate = loan["annual_rate"] / 12.0
    growth = (1.0 + rate) ** 12
    paid = loan["instalment"] * np.where(rate > 0.0, (growth - 1.0) / np.where(rate > 0.0, rate, 1.0), 12.0)
    left: Array = np.where(loan["remaining_months"] > 12, np.maximum(loan["balance"] * growth - paid, 0.0), 0.0)
    return left
