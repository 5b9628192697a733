"""Expected credit loss on every path and month: balances of cells times the term structures of loans like these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from stresslab.measures.provisions.regimes import CECL, IFRS9
from stresslab.measures.provisions.risk_states import (
    BOOK_CELLS,
    CELLS,
    CURRENT,
    FORBORNE,
    FORBORNE_LATE,
    UNDRAWN,
)
from stresslab.measures.provisions.staging import in_stage_2, in_stage_3
from stresslab.measures.result_view import FLOW
from stresslab.schema import BUCKETS

Array = NDArray[Any]
TWELVE = 12
AT_ONCE = 2**24
"""Largest number of array elements of a step."""
NARROW = 0.005
"""Spread of the points in a feature below which the plane ignores it: [1] of unemployment, or months."""


@dataclass(frozen=True)
class Profiles:
    """Loss of a unit of each cell, month by month ahead: term structures weighted over outlooks.

    The first axis, `draw`, holds all borrowers first, then all but one batch each: their spread is the sampling error.
    loss, loss_drawn, pd (draw, point, segment, cell, ahead); share (draw, point, segment, grade) of current balances
    rate (segment): monthly; revolving (segment)
    """

    loss: Array
    loss_drawn: Array
    pd: Array
    share: Array
    rate: Array
    revolving: Array

    def discounted(self, loss: Array, months: Array | int) -> Array:
        """Present value (draw, point, segment, cell) of losses on defaults in the first months of each segment."""
        ahead = np.arange(loss.shape[-1])
        factor = (1.0 + self.rate[:, None]) ** -ahead * (ahead <= np.broadcast_to(months, self.rate.shape)[:, None])
        value: Array = np.einsum("dpsca,sa->dpsc", loss, factor)
        return value


def profiles(terms: xr.Dataset, weights: dict[str, float], segments: list[str]) -> Profiles:
    """Term structures of these segments; weights of outlooks go on losses, as losses are not linear in drivers."""
    some = terms.sel(segment=segments, outlook=list(weights), cell=list(CELLS))
    weight = xr.DataArray(list(weights.values()), dims="outlook")
    order = ("batch", "point", "segment", "cell")
    balance = _draws(some["balance"].transpose(*order).values)
    unit = np.divide(1.0, balance, out=np.zeros_like(balance), where=balance > 0)[..., None]

    def of(name: str) -> Array:
        return _draws((some[name] * weight).sum("outlook", skipna=False).transpose(*order, "ahead").values) * unit

    grades = balance[..., : len(CURRENT)]
    whole = grades.sum(-1, keepdims=True)
    return Profiles(
        of("loss"),
        of("loss_drawn"),
        of("defaulting"),
        np.divide(grades, whole, out=np.zeros_like(grades), where=whole > 0),
        some["monthly_rate"].values,
        some["revolving"].values,
    )


def _draws(batches: Array) -> Array:
    """Sum of all batches, then of all but each of them."""
    whole = batches.sum(axis=0)
    return np.concatenate([whole[None], whole - batches])


def ifrs9_rates(profile: Profiles, rules: IFRS9) -> dict[str, Array]:
    """Rates (draw, point, segment, book cell) per unit of balance: allowance in each stage, and share in stage 2.

    "stage 1", "stage 2", "stage 3": allowance; "moved": share of the balance in stage 2; "ecl_12m", "ecl_lifetime".
    """
    life = np.where(profile.revolving, rules.revolving_life, profile.loss.shape[-1])
    whole = np.where(profile.revolving, life, profile.loss.shape[-1])
    one_year, lifetime = profile.discounted(profile.loss, TWELVE), profile.discounted(profile.loss, whole)
    defaulted, moved = in_stage_3(), in_stage_2(profile.pd, profile.share, rules, life)
    cells = {
        "stage 1": np.where(defaulted, 0.0, (1.0 - moved) * one_year),
        "stage 2": np.where(defaulted, 0.0, moved * lifetime),
        "stage 3": np.where(defaulted, lifetime, 0.0),
        "moved": moved,
        "ecl_12m": one_year,
        "ecl_lifetime": lifetime,
    }
    out = {name: on_book(values, profile.share) for name, values in cells.items()}
    probation = BOOK_CELLS.index(FORBORNE)  # always in stage 2
    for name, source in (("stage 1", None), ("stage 2", "ecl_lifetime"), ("moved", None)):
        fixed = 0.0 if name == "stage 1" else 1.0
        out[name][..., probation] = fixed if source is None else out[source][..., probation]
    return out


def cecl_rates(profile: Profiles, rules: CECL) -> dict[str, Array]:
    """Rates (draw, point, segment, book cell): "allowance", lifetime loss on what is drawn; "charged_off", a share."""
    loss = reverted(profile, rules)
    months = loss.shape[-1]
    rate = profile.discounted(loss, months) if rules.discount else loss.sum(-1)
    rate[..., CELLS.index(UNDRAWN)] = 0.0
    floor = np.array([_days(cell) for cell in CELLS])
    limit = np.where(profile.revolving, rules.charge_off_open, rules.charge_off_closed)
    gone = np.broadcast_to(floor >= limit[:, None], rate.shape)
    cells = {"allowance": np.where(gone, 0.0, rate), "charged_off": gone.astype(float)}
    return {name: on_book(values, profile.share) for name, values in cells.items()}


def reverted(profile: Profiles, rules: CECL) -> Array:
    """Losses ahead that leave the outlook after the supportable months for those of the start of the book.

    Beyond R months: (1 - w) x outlook + w x start x (not yet defaulted at R, outlook over start), w rising to 1 over
    the reversion; at once if that has no months.
    """
    ahead = np.arange(profile.loss.shape[-1])
    beyond = ahead - rules.supportable_months
    steps = max(rules.reversion_months, 1)
    weight = np.clip(beyond / steps, 0.0, 1.0) if rules.reversion_months else (beyond > 0).astype(float)
    at = min(rules.supportable_months, ahead[-1])
    alive = 1.0 - profile.pd[..., : at + 1].sum(-1, keepdims=True)
    start = alive[:, :1]
    ratio = np.divide(alive, start, out=np.ones_like(alive), where=start > 1e-9)
    out: Array = (1.0 - weight) * profile.loss_drawn + weight * profile.loss_drawn[:, :1] * ratio
    return out


def _days(cell: str) -> int:
    """Days past due at which a cell begins; 0 if it is not in arrears."""
    return int(cell.rstrip("+").split("-")[0]) if cell[0].isdigit() else 0


def on_book(values: Array, share: Array) -> Array:
    """Rates of cells (..., cell) as rates of the cells of a result (..., book cell): grades by their shares.

    Loans in a plan that began after 90 days count as those 90-119 days past due, others in a plan as those 30-59:
    term structures have no plans.
    """
    current = (values[..., : len(CURRENT)] * share).sum(-1)
    columns = {cell: values[..., number] for number, cell in enumerate(CELLS)}
    columns |= {"current": current, FORBORNE: columns["30-59"], FORBORNE_LATE: columns["90-119"]}
    book: Array = np.stack([columns[cell] for cell in BOOK_CELLS], axis=-1)
    return book


def place(result: xr.Dataset, terms: xr.Dataset) -> Array:
    """Weights (path, month, point) by which a month reads the points: a least-squares plane through them.

    Features are unemployment of the borrowers, its change over 12 months and, in run-off, the age of the book; with
    X the points' and x the month's features, centred and with a constant, weights = x (X'X)^-1 X'. A month beyond the
    points in a feature takes their edge, so that the plane is never extrapolated.
    """
    rate = result["unemployment_rate"].transpose("path", "month").values
    age = np.broadcast_to(np.arange(rate.shape[1], dtype=float), rate.shape)
    names = ("unemployment", "unemployment_change", "age")
    points = np.stack([terms[name].values for name in names], axis=-1)
    centre, spread = points.mean(0), points.std(0)
    scale = np.where(spread > NARROW, spread, np.inf)  # ignore a feature in which the points hardly differ
    x = (
        np.clip(np.stack([rate, change_over_a_year(rate), age], axis=-1), points.min(0), points.max(0)) - centre
    ) / scale
    known = np.concatenate([np.ones((len(points), 1)), (points - centre) / scale], axis=1)
    weights: Array = np.concatenate([np.ones((*x.shape[:-1], 1)), x], axis=-1) @ np.linalg.pinv(known)
    return weights


def change_over_a_year(rate: Array) -> Array:
    """Change over 12 months along the last axis, since the start in the first year."""
    before = np.concatenate([np.repeat(rate[..., :1], 12, axis=-1), rate], axis=-1)[..., : rate.shape[-1]]
    change: Array = rate - before
    return change


def read(book: Array, reading: Array, rates: Array) -> Array:
    """Sums (path, month, draw) of balances (path, month, segment, cell) times rates (draw, point, segment, cell).

    reading (path, month, point): weights of the points in each month.
    """
    draws, points = rates.shape[:2]
    table = rates.reshape(draws, points, -1).transpose(1, 0, 2)  # (point, draw, segment * cell)
    flat = book.reshape(*book.shape[:2], -1)
    out = np.empty((*book.shape[:2], draws))
    step = max(1, AT_ONCE // max(1, flat.shape[1] * max(flat.shape[2], points * draws)))
    for first in range(0, len(flat), step):
        some = slice(first, first + step)
        by_point = np.einsum("pmc,kdc->pmkd", flat[some], table, optimize=True)
        out[some] = np.einsum("pmk,pmkd->pmd", reading[some], by_point)
    return out


TINY = 1e-9
DEFAULTED = np.array([cell in (*BUCKETS[3:], FORBORNE_LATE) for cell in BOOK_CELLS])


def foresight(
    view: xr.Dataset, terms: xr.Dataset, profile: Profiles, book: Array, reading: Array, discount: bool
) -> Array:
    """Factor (path, month, segment, book cell): loss of the path on that month's loans over the expected loss.

    Lost = sum_h v^h kept_h (written_off + forgiven)_{t+h} (1 - recovered share), and beyond the result's last month T
    v^(T-t) kept_(T-t) times the expectation in T; kept_h is the share of today's loans in the losses h months ahead.
    Defaulted loans lose what is expected of them, as far as the path loses that much; the rest is lost on the others.
    """
    value = profile.discounted(profile.loss, profile.loss.shape[-1]) if discount else profile.loss.sum(-1)
    lifetime = on_book(value, profile.share)[:1]
    bad, good = (_by_segment(book, reading, lifetime * those) for those in (DEFAULTED, ~DEFAULTED))
    some = terms.sel(segment=view["segment"].values)
    kept, share = some["kept"].transpose("segment", "ahead").values, some["recovered_share"].values
    lost = sum(view[name].transpose(*FLOW).values for name in ("written_off", "forgiven")) * (1.0 - share)
    last, factor = book.shape[1] - 1, 1.0 / (1.0 + profile.rate * discount)
    ahead = np.zeros_like(bad)
    ahead[:, last] = (bad + good)[:, last]
    for h in range(1, last + 1):
        weight = factor**h * kept[:, min(h, kept.shape[1] - 1)]
        ahead[:, : last + 1 - h] += weight * lost[:, h:]
        ahead[:, last - h] += weight * ahead[:, last]
    on_bad = np.where(good > TINY, np.minimum(bad, ahead), ahead)
    of_bad = np.divide(on_bad, bad, out=np.ones_like(bad), where=bad > TINY)
    of_good = np.divide(ahead - on_bad, good, out=np.ones_like(good), where=good > TINY)
    return np.where(DEFAULTED, of_bad[..., None], of_good[..., None])


def _by_segment(book: Array, reading: Array, rates: Array) -> Array:
    """Sums (path, month, segment) of balances times rates of all borrowers together."""
    sums = [read(book[:, :, s : s + 1], reading, rates[:, :, s : s + 1])[..., 0] for s in range(book.shape[2])]
    return np.stack(sums, axis=-1)
