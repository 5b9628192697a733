"""Own part, debts, cash ladder and liquidity ratios in plain Python: loops over months, segments and single debts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import xarray as xr

from stresslab.measures.liquidity.funding import Borrowing, Funding, Partners, RollOver, Securitisation, Trigger
from stresslab.testing import made_up_result

SEGMENTS = ("ours:card", "ours:loan", "ours:line", "bank:card")
OF_OLD = ("interest", "fees", "paid", "forgiven", "written_off", "recovered")
NEW = ("drawn", "originated")
# LCR40, NSF30 and LCR30 as in rules.md section 4; what stands there for banks holds for bonds, notes and owners too
RUN_OFF = {"stable_deposits": 0.05, "less_stable_deposits": 0.1, "nonfinancial": 0.4}
STABLE = {"stable_deposits": (0.95, 0.95), "less_stable_deposits": (0.9, 0.9), "nonfinancial": (0.5, 0.5)}
HQLA = {"cash": 1.0, "level_1": 1.0, "level_2a": 0.85, "level_2b_rmbs": 0.75, "level_2b": 0.5, "other": 0.0}
REQUIRED = {"cash": 0.0, "level_1": 0.05, "level_2a": 0.15, "level_2b_rmbs": 0.5, "level_2b": 0.5, "other": 1.0}


def small_book(seed: int, *, paths: int = 2, months: int = 6, scenario: list[str] | None = None) -> xr.Dataset:
    """A made-up result of three own segments and one of a bank, with what contracts say of dates and shares.

    Ever more of it is late, so that triggers act in the middle of a life; stages do not follow.
    """
    result = made_up_result(paths=paths, months=months, seed=seed, segments=SEGMENTS, scenario=scenario)
    rng = np.random.default_rng(seed)
    slump = rng.uniform(0.0, 0.06, (paths, months + 1, len(SEGMENTS))) * np.arange(months + 1)[:, None]
    moves = xr.DataArray([-1.0, 0.6, 0.0, 0.4, 0.0, 0.0, 0.0, 0.0], dims="bucket")
    late = result["balance"].isel(bucket=0, drop=True) * xr.DataArray(slump, dims=("path", "month", "segment"))
    result["balance"] = result["balance"] + (late * moves).transpose(*result["balance"].dims)
    shares = {name: ("segment", rng.uniform(0.05, 0.9, len(SEGMENTS))) for name in ("due_share", "beyond_year_share")}
    policy = (("path", "month"), rng.uniform(-0.01, 0.05, (paths, months + 1)))
    return result.assign(shares | {"policy_rate": policy})


class Life:
    """One path of a lender's own part, as nested lists by month and segment.

    delay : months between what is seen and what it does; 1 is right, 0 a twin that is wrong on purpose
    """

    def __init__(self, result: xr.Dataset, partners: Partners, path: int, delay: int = 1) -> None:
        """Follow one path of a result without scenarios, whose segments are all the lender's."""
        names = ("balance", "undrawn_limit", *OF_OLD, *NEW)
        whole = {
            name: result[name].isel(path=path).transpose("month", "segment", ...).values.tolist() for name in names
        }
        self.policy_rate = result["policy_rate"].isel(path=path).values.tolist()
        self.delay = delay
        self.months, self.segments = len(whole["paid"]), len(whole["paid"][0])
        own = result["own_share"].values.tolist()
        self.contracts = {
            name: result[name].values.tolist() for name in ("due_share", "beyond_year_share") if name in result
        }
        gone = acting(whole, partners.withdrawal, partners.notice_months, delay)
        zero = [[0.0] * self.segments for _ in range(self.months)]
        for name in (*names[1:], "funded", "lent", "partner_balance", "partner_loss"):
            setattr(self, name, [list(row) for row in zero])
        self.balance = [[[] for _ in range(self.segments)] for _ in range(self.months)]
        for s in range(self.segments):
            mine = theirs = math.nan
            they_share = 1 - own[s]
            for m in range(self.months):
                part = partners.withdrawn_share if gone[m] else 0.0
                lends = own[s] + (1 - own[s]) * part * partners.taken_over
                they_lend = (1 - own[s]) * (1 - part)
                before, they_before = (own[s] if m == 0 else self.funded[m - 1][s]), they_share
                total = sum(whole["balance"][m][s])
                if m == 0:
                    mine, theirs = own[s] * total, (1 - own[s]) * total
                else:
                    flow = {name: whole[name][m][s] for name in (*OF_OLD, *NEW)}
                    new = flow["drawn"] + flow["originated"]
                    old = flow["interest"] + flow["fees"] - flow["paid"] - flow["forgiven"] - flow["written_off"]
                    mine += lends * new + before * old
                    theirs += they_lend * new + they_before * old
                self.funded[m][s] = mine / total if total > 0 else lends
                they_share = theirs / total if total > 0 else they_lend
                self.lent[m][s] = lends
                self.balance[m][s] = [self.funded[m][s] * amount for amount in whole["balance"][m][s]]
                self.undrawn_limit[m][s] = lends * whole["undrawn_limit"][m][s]
                self.partner_balance[m][s] = theirs
                lost = whole["written_off"][m][s] + whole["forgiven"][m][s] - whole["recovered"][m][s]
                self.partner_loss[m][s] = they_before * lost
                for name in OF_OLD:
                    getattr(self, name)[m][s] = before * whole[name][m][s]
                for name in NEW:
                    getattr(self, name)[m][s] = lends * whole[name][m][s]

    def book(self) -> dict[str, Any]:
        """What outsiders look at."""
        return {name: getattr(self, name) for name in ("balance", "written_off", "forgiven", "recovered")}


def levels(book: dict[str, Any], name: str, months: int) -> list[float]:
    """What is seen of a book at each month end, a mean of the last months; of losses nothing is before month 1."""
    each = []
    for m, row in enumerate(book["balance"]):
        if name == "annual_loss":
            if m == 0:
                each.append(0.0)
                continue
            opening = sum(sum(buckets) for buckets in book["balance"][m - 1])
            lost = sum(book["written_off"][m]) + sum(book["forgiven"][m]) - sum(book["recovered"][m])
            each.append(12 * lost / opening if opening > 0 else 0.0)
        else:
            first = {"arrears_30": 1, "arrears_90": 3}[name]
            total = sum(sum(buckets) for buckets in row)
            each.append(sum(sum(buckets[first:]) for buckets in row) / total if total > 0 else 0.0)
    means = []
    for m in range(len(each)):
        begin = 1 if name == "annual_loss" else 0
        last = each[max(begin, m - months + 1) : m + 1]
        means.append(round(sum(last) / len(last), 12) if last else 0.0)
    return means


def acting(book: dict[str, Any], trigger: Trigger | None, notice: int = 0, delay: int = 1) -> list[bool]:
    """Month by month, has a trigger acted? Seen in one month, it acts in the next, and later by notice, for good."""
    months = len(book["balance"])
    acts = [False] * months
    if trigger is None:
        return acts
    for name in ("arrears_30", "arrears_90", "annual_loss"):
        limit = getattr(trigger, name)
        if limit is None:
            continue
        for m, level in enumerate(levels(book, name, trigger.months)):
            if name == "annual_loss" and m == 0:
                continue  # nothing has been lost yet that one could see
            if level > limit:
                for later in range(m + delay + notice, months):
                    acts[later] = True
    return acts


def renewing(life: Life, rollover: float | RollOver) -> list[float]:
    """Share of what falls due that is renewed in each month."""
    if not isinstance(rollover, RollOver):
        return [float(rollover)] * life.months
    arrears, losses = levels(life.book(), "arrears_30", 3), levels(life.book(), "annual_loss", 3)
    used_to = arrears[0] if rollover.normal_arrears is None else rollover.normal_arrears
    lost = losses[1] if rollover.normal_loss is None else rollover.normal_loss
    shares = []
    for m in range(life.months):
        t = max(m - life.delay, 0)
        fall = rollover.arrears_sensitivity * max(arrears[t] - used_to, 0.0)
        if t > 0:
            fall += rollover.loss_sensitivity * max(losses[t] - lost, 0.0)
        shares.append(rollover.base * math.exp(-fall))
    return shares


class Debt:
    """One borrowing or one pool of notes, by month: outstanding, repaid, interest, due within 1, 5 and 11 months."""

    def __init__(self, kind: str, months: int) -> None:
        """Nothing owed yet."""
        self.kind = kind
        self.outstanding, self.repaid, self.interest = [0.0] * months, [0.0] * months, [0.0] * months
        self.due = [{1: 0.0, 5: 0.0, 11: 0.0} for _ in range(months)]


def borrowed(life: Life, one: Borrowing) -> Debt:
    """Follow single debts, each with its month of maturity, None if that is beyond any horizon."""
    debt, share = Debt(one.kind, life.months), renewing(life, one.rollover)
    open_debts = [(month, amount) for month, amount in enumerate(one.maturing, start=1)]
    for m in range(life.months):
        if m > 0:
            rate = one.annual_rate
            if one.pass_through:
                rate = max(0.0, rate + one.pass_through * (life.policy_rate[m] - life.policy_rate[1]))
            debt.interest[m] = sum(amount for _, amount in open_debts) * rate / 12
            still = []
            for month, amount in open_debts:
                if month != m:
                    still.append((month, amount))
                    continue
                debt.repaid[m] += amount * (1 - share[m])
                again = None if one.tenor_months is None else m + one.tenor_months
                still.append((again, amount * share[m]))
            open_debts = still
        debt.outstanding[m] = sum(amount for _, amount in open_debts)
        for ahead in debt.due[m]:
            debt.due[m][ahead] = sum(a for month, a in open_debts if month is not None and month <= m + ahead)
    return debt


def noted(life: Life, pool: Securitisation) -> Debt:
    """Follow each note, the first repaid first."""
    debt = Debt("abs", life.months)
    early = acting(life.book(), pool.early, 0, life.delay)
    left = [amount for amount, _ in pool.notes]
    collected = []
    for m in range(life.months):
        principal = 0.0
        for s in range(life.segments):
            principal += life.paid[m][s] + life.recovered[m][s] - life.interest[m][s] - life.fees[m][s]
        collected.append(pool.pool_share * max(principal, 0.0))
    for m in range(life.months):
        repaying = early[m] or m > pool.revolving_months
        if m > 0:
            debt.interest[m] = sum(a * rate / 12 for a, (_, rate) in zip(left, pool.notes, strict=True))
            cash = collected[m] if repaying else 0.0
            for place in range(len(left)):
                paid = min(cash, left[place])
                left[place] -= paid
                cash -= paid
                debt.repaid[m] += paid
        debt.outstanding[m] = sum(left)
        pace = collected[max(m, 1)]
        for ahead in debt.due[m]:
            months = [t for t in range(m + 1, m + ahead + 1) if repaying or t > pool.revolving_months]
            debt.due[m][ahead] = min(sum(left), len(months) * pace)
    return debt


def debts(life: Life, funding: Funding) -> list[Debt]:
    """All that is owed."""
    return [borrowed(life, one) for one in funding.borrowings] + [noted(life, one) for one in funding.securitisations]


def ladder(life: Life, funding: Funding) -> dict[str, list[float]]:
    """Cash by source and use, net flow, gap, capacity and headroom of months 0 ... T."""
    owed, partners, taken = debts(life, funding), funding.partners, 0.0
    names = ("repayments", "recoveries", "partner_fees")
    uses = ("lending", "further_draws", "borrowings", "securitisations", "interest", "operating_cost", "guarantees")
    uses = (*uses, "line_fees")
    out = {name: [0.0] * life.months for name in (*names, *uses, "net", "gap", "capacity", "headroom")}
    for m in range(1, life.months):
        opening = sum(sum(buckets) for buckets in life.balance[m - 1])
        draw = funding.committed_draw_share * max(sum(life.undrawn_limit[m - 1]) - taken, 0.0)
        taken += draw
        now = {
            "repayments": sum(life.paid[m]),
            "recoveries": sum(life.recovered[m]),
            "partner_fees": sum(life.partner_balance[m - 1]) * partners.annual_fee / 12,
            "lending": funding.new_lending_share * (sum(life.drawn[m]) + sum(life.originated[m])),
            "further_draws": draw,
            "borrowings": sum(one.repaid[m] for one in owed if one.kind != "abs"),
            "securitisations": sum(one.repaid[m] for one in owed if one.kind == "abs"),
            "interest": sum(one.interest[m] for one in owed),
            "operating_cost": funding.operating_cost_monthly + funding.operating_cost_rate * opening / 12,
            "guarantees": partners.guaranteed_share * max(sum(life.partner_loss[m]), 0.0),
            "line_fees": sum(line.annual_fee * line.amount / 12 for line in funding.lines),
        }
        now["net"] = sum(now[name] for name in names) - sum(now[name] for name in uses)
        for name, value in now.items():
            out[name][m] = value
        out["gap"][m] = out["gap"][m - 1] + now["net"]
        for asset in funding.liquid_assets:
            if m >= asset.months_to_sell:
                out["capacity"][m] += asset.amount * (1 - asset.haircut)
        for line in funding.lines:
            if m >= line.notice_months and not acting(life.book(), line.lost, 0, life.delay)[m]:
                out["capacity"][m] += line.amount
        out["headroom"][m] = out["gap"][m] + out["capacity"][m]
    return out


def ratios(life: Life, funding: Funding, equity: list[float]) -> dict[str, list[float]]:
    """LCR, NSFR, liquidity ratio and what they are made of, of months 0 ... T."""
    gap, owed = ladder(life, funding)["gap"], debts(life, funding)
    names = ("lcr", "nsfr", "liquidity_ratio", "hqla", "outflow", "inflow", "available", "required")
    out: dict[str, list[float]] = {name: [] for name in names}
    for m in range(life.months):
        left = sold_down(funding, gap[m])
        stock = capped(
            *(sum(left[level] * HQLA[level] for level in of) for of in (("cash", "level_1"), ("level_2a",), TWO_B))
        )
        current = sum(life.balance[m][s][0] * life.contracts["due_share"][s] for s in range(life.segments))
        line = sum(life.undrawn_limit[m])
        flow_out = 0.05 * line + sum(RUN_OFF.get(one.kind, 1.0) * one.due[m][1] for one in owed)
        flow_in = 0.5 * current
        net = flow_out - min(flow_in, 0.75 * flow_out)
        stable = equity[m]
        for one in owed:
            short, middle = STABLE.get(one.kind, (0.0, 0.5))
            due = one.due[m]
            stable += short * due[5] + middle * (due[11] - due[5]) + one.outstanding[m] - due[11]
        need = 0.05 * line + sum(REQUIRED[level] * amount for level, amount in left.items())
        for s in range(life.segments):
            performing, after = sum(life.balance[m][s][:3]), life.contracts["beyond_year_share"][s]
            need += performing * (0.5 * (1 - after) + 0.85 * after) + sum(life.balance[m][s][3:])
        soon = sum(one.due[m][1] for one in owed)
        liquid = sum(amount for level, amount in left.items() if level != "other") + current
        values = (
            stock / net if net > 0 else math.inf,
            max(stable, 0.0) / need if need > 0 else math.inf,
            liquid / soon if soon > 0 else math.inf,
            stock,
            flow_out,
            flow_in,
            max(stable, 0.0),
            need,
        )
        for name, value in zip(names, values, strict=True):
            out[name].append(value)
    return out


TWO_B = ("level_2b_rmbs", "level_2b")


def capped(level_1: float, level_2a: float, level_2b: float) -> float:
    """HQLA after both caps, rules.md 4.1."""
    a15 = max(level_2b - 15 / 85 * (level_1 + level_2a), level_2b - 15 / 60 * level_1, 0.0)
    a40 = max(level_2a + level_2b - a15 - 2 / 3 * level_1, 0.0)
    return level_1 + level_2a + level_2b - a15 - a40


def sold_down(funding: Funding, gap: float) -> dict[str, float]:
    """What is left of liquid assets: cash first, then the smallest haircut."""
    left = dict.fromkeys(HQLA, 0.0)
    for asset in funding.liquid_assets:
        left[asset.asset_class] += asset.amount
    left["cash"] += gap
    for asset in sorted(funding.liquid_assets, key=lambda one: one.haircut):
        if asset.asset_class == "cash" or left["cash"] >= 0 or asset.haircut == 1:
            continue
        raised = min(-left["cash"], asset.amount * (1 - asset.haircut))
        left["cash"] += raised
        left[asset.asset_class] -= raised / (1 - asset.haircut)
    left["cash"] = max(left["cash"], 0.0)
    return left
