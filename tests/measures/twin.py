"""Allowances in plain Python: loops over months, segments, cells and points, to the letter of the rules."""

from __future__ import annotations

import numpy as np
import xarray as xr

from stresslab.measures.provisions.regimes import CECL, IFRS9
from stresslab.measures.provisions.risk_states import BOOK_CELLS, CELLS, FORBORNE, FORBORNE_LATE
from tests.measures.hand import DEFAULTED

GRADES = 4
ROLES = {"current": None, FORBORNE: "30-59", FORBORNE_LATE: "90-119"}


def allowance_by_loops(
    book: xr.Dataset, terms: xr.Dataset, weights: dict[str, float], rules: IFRS9 | CECL
) -> np.ndarray:
    """Allowance (path, month, column), a column for each stage under IFRS 9; read from a plane through the points."""
    rates = rates_by_loops(terms, weights, rules)
    owed, stage, plans, limit, jobless = (
        book[name].values
        for name in ("balance", "stage_balance", "forborne_balance", "undrawn_limit", "unemployment_rate")
    )
    points = np.stack([terms[name].values for name in ("unemployment", "unemployment_change", "age")], axis=-1)
    design = np.hstack([np.ones((len(points), 1)), points])
    planes = {}
    for segment in range(owed.shape[2]):
        for cell in BOOK_CELLS:
            seen = [rates[point, segment, cell] for point in range(len(points))]
            planes[segment, cell] = np.linalg.lstsq(design, seen, rcond=None)[0]
    out = np.zeros((*owed.shape[:2], len(rates[0, 0, "current"])))
    for path, month in np.ndindex(out.shape[:2]):
        change = jobless[path, month] - jobless[path, max(0, month - 12)]
        here = np.clip([jobless[path, month], change, month], points.min(axis=0), points.max(axis=0))
        for segment in range(owed.shape[2]):
            bucket, of = owed[path, month, segment], stage[path, month, segment]
            late = of[2] - sum(bucket[3:])
            early = plans[path, month, segment] - late
            watched = of[1] - bucket[1] - bucket[2] - early
            split = [of[0], watched, *bucket[1:], early, late, limit[path, month, segment]]
            for cell, amount in zip(BOOK_CELLS, split, strict=True):
                out[path, month] += amount * (np.append(1.0, here) @ planes[segment, cell])
    return out


def rates_by_loops(
    terms: xr.Dataset, weights: dict[str, float], rules: IFRS9 | CECL
) -> dict[tuple[int, int, str], list[float]]:
    """What a unit of (point, segment, book cell) needs in each column."""
    out = {}
    for segment in range(terms.sizes["segment"]):
        start = _units(terms, weights, 0, segment)
        for point in range(terms.sizes["point"]):
            units = _units(terms, weights, point, segment)
            one = _ifrs9 if isinstance(rules, IFRS9) else _cecl
            by_cell = one(units, start, float(terms["monthly_rate"][segment]), bool(terms["revolving"][segment]), rules)
            owed = [units[cell]["owed"] for cell in CELLS[:GRADES]]
            columns = range(len(by_cell["current"]))
            mean = [sum(o * by_cell[c][i] for o, c in zip(owed, CELLS, strict=False)) / sum(owed) for i in columns]
            for cell in BOOK_CELLS:
                out[point, segment, cell] = mean if cell == "current" else by_cell[ROLES.get(cell, cell)]
    return out


def _units(terms: xr.Dataset, weights: dict[str, float], point: int, segment: int) -> dict[str, dict]:
    """Losses and defaults of a unit of each cell, month by month, weighted over outlooks."""
    outlooks = terms["outlook"].values.tolist()
    out = {}
    for number, cell in enumerate(CELLS):
        owed = sum(terms["balance"].values[:, point, segment, number].tolist())
        out[cell] = {"owed": owed}
        for name in ("loss", "loss_drawn", "defaulting"):
            months = [0.0] * terms.sizes["ahead"]
            for k, outlook in enumerate(outlooks):
                for batch in terms[name].values[k, :, point, segment, number].tolist():
                    for ahead, value in enumerate(batch):
                        months[ahead] += weights[outlook] * value / owed
            out[cell][name] = months
    return out


def _ifrs9(units: dict, start: dict, rate: float, line: bool, rules: IFRS9) -> dict[str, list[float]]:
    last = len(units["current"]["loss"]) - 1
    life = min(rules.revolving_life, last) if line else last
    then = sum(start["current"]["defaulting"][: life + 1])
    out, moved = {}, {}
    for cell in CELLS:
        value = [loss / (1 + rate) ** h for h, loss in enumerate(units[cell]["loss"])]
        pd = sum(units[cell]["defaulting"][: life + 1])
        riskier = then > 0 and (
            (pd >= rules.relative * then and pd - then >= rules.absolute) or pd >= rules.backstop * then
        )
        late = cell == "60-89" or (cell == "30-59" and rules.past_due_days == 30)
        moved[cell] = float(riskier or late or (cell == "watched" and rules.score))
        if cell == "undrawn":  # it goes with the grades
            owed = [units[grade]["owed"] for grade in CELLS[:GRADES]]
            moved[cell] = sum(o * moved[g] for o, g in zip(owed, CELLS, strict=False)) / sum(owed)
        year, lifetime = sum(value[:13]), sum(value[: life + 1])
        out[cell] = [(1 - moved[cell]) * year, moved[cell] * lifetime, 0.0]
        if cell in DEFAULTED:
            out[cell] = [0.0, 0.0, lifetime]
    return out


def _cecl(units: dict, start: dict, rate: float, line: bool, rules: CECL) -> dict[str, list[float]]:
    out = {}
    limit = rules.charge_off_open if line else rules.charge_off_closed
    for cell in CELLS:
        now, first, steady = units[cell], start[cell], rules.supportable_months
        alive, at_start = (1 - sum(each["defaulting"][: steady + 1]) for each in (now, first))
        ratio = alive / at_start if at_start > 1e-9 else 1.0
        total = 0.0
        for h, (loss, steady_loss) in enumerate(zip(now["loss_drawn"], first["loss_drawn"], strict=True)):
            back = rules.reversion_months
            weight = 0.0 if h <= steady else min(1.0, (h - steady) / back) if back else 1.0
            each = (1 - weight) * loss + weight * ratio * steady_loss
            total += each / (1 + rate) ** h if rules.discount else each
        days = int(cell.rstrip("+").split("-")[0]) if cell[0].isdigit() else 0
        out[cell] = [0.0 if days >= limit or cell == "undrawn" else total]
    return out
