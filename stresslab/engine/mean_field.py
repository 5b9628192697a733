"""Mean field: a sample of borrowers simulated in step gives the conditions for the whole book."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from stresslab.engine.actions import Response
from stresslab.engine.blocks import Blocks, build
from stresslab.engine.conditions import Conditions
from stresslab.engine.feedback import OFF, Feedback, MeanField, all_months, gap
from stresslab.engine.kernel.custom import Kernel
from stresslab.engine.kernel.state import LANES, summed
from stresslab.engine.model import Model
from stresslab.engine.packing import (
    Packed,
    conditions_of,
    income_trend,
    opening_unemployment,
    pack,
    with_conditions,
    with_products,
)
from stresslab.engine.run import Progress, run, run_in_step
from stresslab.schema import PAST_DUE, InputError

Array = NDArray[Any]
GROUPS = 8
"""Groups of the sample's blocks whose spread gives the error of the amplification."""


@dataclass(frozen=True)
class SecondRound:
    """Conditions, responses and amplification of a run with credit supply, feedback or responses.

    conditions (path, month, segment); active, contacts (path, month, response) of the whole book
    gap (path) : between the conditions used and those that the whole book implies
    amplification, amplification_se (path, measure) : arrears with feedback over those without; None without feedback
    """

    conditions: Conditions
    active: Array
    contacts: Array
    gap: Array
    amplification: tuple[Array, Array] | None


def sample_of(portfolio: xr.Dataset, size: int) -> xr.Dataset:
    """Every k-th borrower by id with all their loans, at least `size`; the whole book if it is not larger."""
    step = portfolio.sizes["borrower"] // size
    if step <= 1:
        return portfolio
    rank = np.argsort(np.argsort(portfolio["borrower_id"].values, kind="stable"), kind="stable")
    chosen, owner = rank % step == 0, portfolio["borrower"].values
    some = portfolio.isel(borrower=np.flatnonzero(chosen), loan=np.flatnonzero(chosen[owner]))
    return some.assign(borrower=("loan", (np.cumsum(chosen) - 1)[some["borrower"].values]))


def standing_still(macro: xr.Dataset, book: xr.Dataset, model: Model) -> xr.Dataset:
    """Paths on which the economy stays as it is at the start: its unemployment, income on trend."""
    trend = float(income_trend(macro, model))
    opening = opening_unemployment(macro, book)[:, None]
    level: dict[str, Any] = {"unemployment_rate": opening, "real_income_growth": trend}
    shape = (macro.sizes["path"], macro.sizes["month"])
    values = {name: (("path", "month"), np.broadcast_to(value, shape)) for name, value in level.items()}
    return xr.Dataset({**values, "real_income_trend": trend}, {"path": macro["path"].values})


def run_with_feedback(
    portfolio: xr.Dataset,
    macro: xr.Dataset,
    blocks: Blocks,
    packed: Packed,
    model: Model,
    feedback: Feedback | None,
    responses: Sequence[Response],
    seed: int,
    threads: int | None,
    kernel: Kernel,
    progress: Progress,
) -> tuple[Array, Array, Packed, SecondRound]:
    """Simulate the whole book under the conditions that its own past makes.

    Returns totals, SUMS records (path, month, segment), jobless (path, month), the parameters used, the second round.
    """
    gains, paths = feedback or OFF, macro["path"].values
    few = sample_of(portfolio, gains.sample)
    _refuse_sound(few, gains)
    whole = few.sizes["borrower"] == portfolio.sizes["borrower"]
    sample = blocks if whole else _like(build(few, model), blocks)
    field = _field(portfolio, macro, blocks, model, gains, responses, few)
    sample_packed = packed if whole else with_products(packed, model, sample.products)
    if feedback is not None or model.credit_supply.gain > 0.0:
        still = pack(standing_still(macro, few, model), few, model, sample, bool(packed.rules.model["renewing"]))
        normal = run(sample, still, paths, seed, threads, kernel)[0]
        field = replace(field, normal=normal)

    def in_step(rules: MeanField) -> tuple[Array, Array, Conditions]:
        """The sample under these rules, month by month."""

        def conditions(t: int, some: slice, past: Array) -> Conditions:
            return rules.of_paths(some).conditions(t, summed(past, 2))[0]

        return run_in_step(
            sample, sample_packed, paths, seed, threads, kernel, model, min(GROUPS, sample.count), conditions
        )

    sums, jobless, conditions = in_step(field)
    amplification = None if feedback is None else _amplification(sums, in_step(replace(field, feedback=OFF))[0])
    totals = summed(sums, 2)
    weight = np.bincount(blocks.segment[blocks.place // LANES], minlength=len(blocks.segments)) / blocks.place.size
    difference = np.zeros(paths.size)
    if whole:
        progress(portfolio.sizes["loan"] * paths.size * macro.sizes["month"] * gains.rounds)
        used = with_conditions(packed, conditions, model)
    else:
        for _ in range(gains.rounds):
            used = with_conditions(packed, conditions, model)
            totals, jobless = run(blocks, used, paths, seed, threads, kernel, progress)
            implied = all_months(field, totals)[0]
            difference, last = gap(conditions, implied, weight), conditions
            conditions = implied
        conditions = last
    _, active, contacts = all_months(field, totals)
    return totals, jobless, used, SecondRound(conditions, active, contacts, difference, amplification)


def _field(
    portfolio: xr.Dataset,
    macro: xr.Dataset,
    blocks: Blocks,
    model: Model,
    gains: Feedback,
    responses: Sequence[Response],
    few: xr.Dataset,
) -> MeanField:
    """Rules of a run, before the normal level of arrears is known; few : the sample, whose loans make credibility."""
    lenders, products = map(np.array, zip(*blocks.segments, strict=True))
    own = str(portfolio.attrs.get("own_lender"))
    return MeanField(
        conditions_of(macro, blocks.segments, apart=True),
        gains,
        model.credit_supply,
        tuple(responses),
        np.searchsorted(blocks.lenders, lenders),
        lenders == own if responses else np.zeros(len(lenders), bool),
        products,
        _credibility(few, blocks.segments, lenders, gains.credibility_accounts),
        _credibility(few, blocks.segments, np.arange(len(lenders)), model.credit_supply.credibility_accounts),
    )


def _like(few: Blocks, blocks: Blocks) -> Blocks:
    """The sample's blocks with segments and lenders numbered as in the whole book."""
    segment = np.array([blocks.segments.index(name) for name in few.segments])
    lender = np.array([blocks.lenders.index(name) for name in few.lenders])
    return replace(
        few, segment=segment[few.segment], lender=lender[few.lender], segments=blocks.segments, lenders=blocks.lenders
    )


def _credibility(few: xr.Dataset, segments: Sequence[tuple[str, str]], group: Array, accounts: float) -> Array:
    """Weight of the own arrears of each group of segments against the system's: n / (n + k), n loans in the sample."""
    sound = ~few["written_off"].values.astype(bool)
    lent = zip(few["lender"].values[sound].astype(str), few["product"].values[sound].astype(str), strict=True)
    number = Counter(lent)
    groups = np.unique(group, return_inverse=True)[1]
    count = np.bincount(groups, [number[segment] for segment in segments])
    return np.asarray(count / np.maximum(count + accounts, 1e-9))


def _refuse_sound(few: xr.Dataset, gains: Feedback) -> None:
    """Ratios to the start need arrears at the start; InputError if the sample has none."""
    days = few["days_past_due"].values[few["balance"].values > 0]
    faults = []
    for floor, names in ((30, ("caseload", "recovery")), (90, ("contagion",))):
        used = [name for name in names if getattr(gains, name) > 0]
        if used and not (days >= floor).any():
            faults.append(
                f"feedback: found no loan {floor} days late among {few.sizes['borrower']:,} borrowers at the start, "
                f"expected the normal share, on which {', '.join(used)} are measured; season the book or set these to 0"
            )
    if faults:
        raise InputError("simulate", faults)


def _amplification(with_feedback: Array, without: Array) -> tuple[Array, Array]:
    """With feedback over without, and its error (path, measure): `schema.MEASURES` of all lenders over all months.

    with_feedback, without : SUMS records (path, month, group, segment)
    Jackknife over groups of borrowers: se^2 = (G - 1) / G sum (ratio without group g - their mean)^2.
    """
    above, below = _by_group(with_feedback), _by_group(without)
    count = with_feedback.shape[2]
    if count < 2:
        ratio = _measures(above.sum(0)) / _measures(below.sum(0))
        return ratio, np.full(ratio.shape, np.nan)
    left_out = [_measures(above.sum(0) - above[g]) / _measures(below.sum(0) - below[g]) for g in range(count)]
    spread = ((np.array(left_out) - np.mean(left_out, axis=0)) ** 2).sum(0)
    return _measures(above.sum(0)) / _measures(below.sum(0)), np.sqrt((count - 1) / count * spread)


def _by_group(sums: Array) -> Array:
    """Balance, its part in arrears, entries and losses (group, path, month, quantity), all segments, from month 1."""
    all_segments = summed(sums[:, 1:], 3)
    balance = all_segments["balance"]
    lost = all_segments["written_off"] + all_segments["forgiven"] - all_segments["recovered"]
    quantities = (balance.sum(-1), balance[..., PAST_DUE].sum(-1), all_segments["entries"].sum(-1), lost)
    return np.asarray(np.moveaxis(np.stack(quantities, axis=-1), 2, 0).astype(float))


def _measures(quantities: Array) -> Array:
    """Mean share of balance in arrears, loans that fell into arrears, realised loss (path, measure)."""
    balance, late, entries, lost = np.moveaxis(quantities, -1, 0)
    rate, loss = (late / np.maximum(balance, 1.0)).mean(-1), lost.sum(-1)
    rate, entries = np.maximum(rate, 1e-12), np.maximum(entries.sum(-1), 1.0)
    return np.stack([rate, entries, np.where(loss == 0.0, np.nan, loss)], axis=-1)
