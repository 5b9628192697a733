"""Statements, weights and ratios of capital in plain Python: loops over months and segments, whole minor units."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
import xarray as xr
from hypothesis import strategies as st

from stresslab.measures.capital.balance_sheet import BalanceSheet
from stresslab.measures.capital.regimes import CapitalRegime
from stresslab.measures.liquidity.funding import (
    Borrowing,
    ContingentLine,
    Funding,
    LiquidAsset,
    Partners,
    RollOver,
    Securitisation,
    Trigger,
)
from stresslab.measures.liquidity.on_balance_sheet import own_part
from stresslab.measures.provisions.allowance import provisions
from stresslab.schema import MINOR
from tests.measures.hand import hand_result, random_terms
from tests.measures.twin_cash import SEGMENTS, Life, debts, ladder, renewing, small_book

OURS = SEGMENTS[:3]
REVOLVING = ("ours:card", "ours:line")
LINES = (
    "liquid_assets", "loans", "allowance", "other_assets", "borrowings", "external_funding", "equity",
    "interest_income", "fee_income", "partner_fees", "liquid_income", "funding_cost", "operating_cost",
    "guarantee_cost", "pre_provision_income", "provision_charge", "profit_before_tax", "tax", "profit", "dividends",
    "retained",
)  # fmt: skip
# rules.md 1.1 and 1.2: floors of PD and LGD, correlation of revolving lines
FLOORS = {"revolver": (0.001, 0.5), "transactor": (0.0005, 0.5), "other": (0.0005, 0.3)}
NORMAL = NormalDist()


def capital_book(seed: int, *, paths: int = 2, months: int = 6, scenario: list[str] | None = None) -> xr.Dataset:
    """A made-up result with all that capital needs; shares are so odd that nothing ends in half a minor unit."""
    result = small_book(seed, paths=paths, months=months, scenario=scenario)
    rng = np.random.default_rng(seed + 1)
    line = np.array([segment.split(":")[1] != "loan" for segment in SEGMENTS])
    made = {
        "own_share": rng.uniform(0.3, 1.0, len(SEGMENTS)),
        "transactor_share": rng.uniform(0.0, 1.0, len(SEGMENTS)) * line,
        "revolving": line.astype(float),
    }
    calm = xr.full_like(result["unemployment_rate"], 0.07)  # as the term structures of tests.measures.hand know it
    shares = {name: ("segment", values) for name, values in made.items()}
    return result.assign(shares).assign(unemployment_rate=calm).assign_attrs(renewal="static")


def hand_book(
    owed: Any,
    *,
    own: float = 1.0,
    transactor: float = 0.0,
    revolving: float = 0.0,
    defaulted: Any = 0.0,
    undrawn: Any = 0.0,
    segments: Sequence[str] = ("ours:loan",),
    **flows: Any,
) -> xr.Dataset:
    """A result by hand (path, month, segment, bucket), and the shares that capital needs, alike in all segments."""
    result = hand_result(owed, segments=segments, undrawn=undrawn, **flows)
    shape = result["paid"].shape
    shares = {"own_share": own, "transactor_share": transactor, "revolving": revolving}
    out = {name: ("segment", np.full(shape[2], value)) for name, value in shares.items()}
    late = np.broadcast_to(np.asarray(defaulted, float), shape)
    return result.assign(out).assign(defaulted=(("path", "month", "segment"), late)).copy(deep=True)


def hand_parameters(pd: float, lgd: float, best: float, segments: Sequence[str] = ("ours:loan",)) -> xr.Dataset:
    """Parameters alike in all segments."""
    values = {"pd": pd, "lgd": lgd, "best_estimate_loss": best}
    shape = len(segments)
    return xr.Dataset(
        {name: ("segment", np.full(shape, float(value))) for name, value in values.items()}, {"segment": list(segments)}
    )


class Owner(Life):
    """One path of the own part, with what contracts say of lines and of those who repay in full."""

    def __init__(self, result: xr.Dataset, sheet: BalanceSheet, path: int) -> None:
        """Follow one path of a result without scenarios, whose segments are all the lender's."""
        super().__init__(result, sheet.funding.partners, path)
        self.terms = list(
            zip(result["transactor_share"].values.tolist(), result["revolving"].values > 0.5, strict=True)
        )


def whole(amount: Any) -> np.ndarray:
    """Minor units of amounts that are whole in them."""
    exact = np.asarray(amount, float) * MINOR
    found = np.rint(exact).astype(np.int64)
    assert (abs(found - exact) < 1e-3).all()
    return found


shares = st.floats(0.0, 1.0)
LEAVING = Partners(Trigger(arrears_30=0.0813, months=2), 1, 0.8137, 0.5713, guaranteed_share=0.1237, annual_fee=0.0219)


def size(book):
    """Opening own balance [currency]."""
    opening = book["balance"].sum("bucket").isel(month=0, path=0, segment=slice(0, 3))
    opening = opening.isel(scenario=0) if "scenario" in opening.dims else opening
    return float((opening * book["own_share"]).sum())


def sheet_of(book, parts, **terms):
    """A balance sheet whose amounts are parts of the book."""
    loans = size(book)
    kinds = itertools.cycle(("interbank", "bond", "subordinated", "shareholder"))
    rollover = RollOver(0.8137, 2.1) if parts["roll"] > 0.5 else parts["roll"]
    borrowings = [
        Borrowing(kind, [amount * loans / months] * months, 0.0413, rollover, tenor)
        for kind, amount, months, tenor in zip(kinds, parts["debts"], (2, 3, 13, 1), (2, None, 30, 1), strict=False)
    ]
    pool = Securitisation([(0.05 * loans, 0.0313), (0.02 * loans, 0.0717)], 0.2137, 2, Trigger(arrears_90=0.0707))
    funding = Funding(
        [LiquidAsset(parts["cash"] * loans), LiquidAsset(0.01 * loans, "level_2a", 0.15)],
        borrowings,
        [pool] if parts["notes"] else [],
        LEAVING if parts["leaving"] else Partners(),
        [ContingentLine(0.1 * loans, annual_fee=0.0013)],
        operating_cost_monthly=0.0011 * loans,
        operating_cost_rate=0.0231,
    )
    given_terms = {
        "other_assets": round(0.0417 * loans, 2),
        "deductions": round(0.0113 * loans, 2),
        "additional_tier1": round(0.0213 * parts["at1"] * loans, 2),
        "additional_tier1_rate": 0.0517,
        "liquid_yield": 0.0193,
        "external_rate": 0.0937,
        "minimum_liquid": parts["least"] * loans,
        "tax_rate": 0.2137 * (parts["tax"] > 0.3),
        "payout": parts["payout"],
    }
    return BalanceSheet(funding, **(given_terms | terms))


parts = st.fixed_dictionaries(
    {
        "debts": st.lists(st.floats(0.0, 0.12), max_size=4),
        "cash": st.floats(0.0, 0.2),
        "roll": shares,
        "notes": st.booleans(),
        "leaving": st.booleans(),
        "at1": shares,
        "least": st.floats(0.0, 0.3),
        "tax": shares,
        "payout": shares,
    }
)
FULL = {
    "debts": [0.21, 0.17, 0.13, 0.05], "cash": 0.05, "roll": 0.7, "notes": True, "leaving": True, "at1": 1.0,
    "least": 0.0513, "tax": 1.0, "payout": 0.3137,
}  # fmt: skip


def held_by(book, sheet, provisioning, seed=0):
    """Allowance of the own part; None for the categories, which financial_statements() makes itself."""
    if provisioning == "china":
        return None
    terms = random_terms(seed, segments=OURS, revolving=REVOLVING, rate=0.0137)
    return provisions(own_part(book, sheet.funding.partners), provisioning, terms)


def case(seed=4, regime="china-2023", provisioning="china", part=FULL, **terms):
    """One random book with all that capital needs, and what a twin needs to follow it."""
    book = capital_book(seed, paths=2, months=7)
    sheet = sheet_of(book, part, **terms)
    own = own_part(book, sheet.funding.partners)
    held = provisions(own, "china") if provisioning == "china" else held_by(book, sheet, provisioning, seed)
    specific = held["allowance_specific"] if provisioning == "china" else xr.zeros_like(held["allowance_held"])
    if provisioning == "ifrs9":
        specific = held["allowance_by_stage"].sel(stage=3)
    parameters = hand_parameters(0.0317, 0.6131, 0.5713, OURS) if "irb" in str(regime) else None
    return book, sheet, held, specific, parameters


CASES = {
    "china": ("china-2023", "china", {}),
    "ifrs9": ("basel-standardised", "ifrs9", {}),
    "irb": ("basel-irb", "ifrs9", {}),
    "losses": ("consumer-finance", "china", {"liquid_yield": 0.0, "payout": 0.7713, "funding_cost": True}),
    "small loans": ("small-loan", "china", {"payout": 0.9137}),
}


def follow(
    result: xr.Dataset,
    sheet: BalanceSheet,
    rules: CapitalRegime,
    allowance: Sequence[float],
    specific: Sequence[float],
    path: int,
    *,
    interest_net: Sequence[float] | None = None,
    parameters: xr.Dataset | None = None,
) -> dict[str, list[float]]:
    """Every line of the statements in minor units and every ratio of one path, months 0 ... T.

    result : without scenarios, of the lender's segments only
    allowance, specific : the stock, and what of it is held against loans in default [currency]
    """
    life = Owner(result, sheet, path)
    owed, cash, months = debts(life, sheet.funding), ladder(life, sheet.funding), range(life.months)
    held = [minor(value) for value in allowance]
    loans = [minor(sum(sum(buckets) for buckets in life.balance[m])) for m in months]
    debt = [minor(sum(one.outstanding[m] for one in owed)) for m in months]
    other, hybrid = minor(sheet.other_assets), minor(sheet.additional_tier1)
    out: dict[str, list[float]] = {name: [0] for name in LINES}
    out |= {"liquid_assets": [minor(sum(one.amount for one in sheet.funding.liquid_assets))], "loans": loans}
    out |= {"allowance": held, "borrowings": debt, "other_assets": [other] * life.months}
    out["equity"] = [out["liquid_assets"][0] + loans[0] - held[0] + other - debt[0]]
    losses_so_far = 0
    for m in months[1:]:
        lost = minor(sum(life.written_off[m]) + sum(life.forgiven[m]))
        back, lent = minor(sum(life.recovered[m])), minor(sum(life.drawn[m]) + sum(life.originated[m]))
        interest, fees = minor(sum(life.interest[m])), minor(sum(life.fees[m]))
        suspended = 0 if interest_net is None else minor(sum(life.interest[m]) - interest_net[m])
        now = {
            "interest_income": interest - suspended,
            "fee_income": fees,
            "partner_fees": minor(cash["partner_fees"][m]),
            "liquid_income": round(out["liquid_assets"][-1] * (sheet.liquid_yield / 12)),
            "funding_cost": minor(cash["interest"][m])
            + round(out["external_funding"][-1] * (sheet.external_rate / 12)),
            "operating_cost": minor(cash["operating_cost"][m] + cash["line_fees"][m]),
            "guarantee_cost": minor(cash["guarantees"][m]),
        }
        earned = sum(now[name] for name in ("interest_income", "fee_income", "partner_fees", "liquid_income"))
        spent = sum(now[name] for name in ("funding_cost", "operating_cost", "guarantee_cost"))
        now["pre_provision_income"] = earned - spent
        now["provision_charge"] = held[m] - held[m - 1] + lost - back - suspended
        profit = now["profit_before_tax"] = now["pre_provision_income"] - now["provision_charge"]
        now["tax"] = round(max(profit - losses_so_far, 0) * sheet.tax_rate)
        losses_so_far = max(losses_so_far - profit, 0)
        after = now["profit"] = profit - now["tax"]
        keep = conserved(life, sheet, rules, (out["equity"][-1] + after) / MINOR, m, allowance, specific, parameters)
        allowed = max(after, 0) * round(10 * (1 - keep)) // 10  # shares kept are tenths
        coupon = min(minor(sheet.additional_tier1 * sheet.additional_tier1_rate / 12), allowed)
        now["dividends"] = coupon + min(math.floor(max(after - coupon, 0) * sheet.payout), allowed - coupon)
        now["retained"] = after - now["dividends"]
        paid = loans[m - 1] + lent + interest + fees - lost - loans[m]
        purse = out["liquid_assets"][-1] - out["external_funding"][-1] + paid - lent + back
        purse += now["partner_fees"] + now["liquid_income"] - spent - now["tax"] - now["dividends"]
        purse += debt[m] - debt[m - 1]
        now["external_funding"] = max(minor(sheet.minimum_liquid) - purse, 0)
        now["liquid_assets"] = purse + now["external_funding"]
        now["equity"] = out["equity"][-1] + now["retained"]
        for name, value in now.items():
            out[name].append(value)
    return out | ratios_of(life, sheet, rules, out, hybrid, owed, allowance, specific, parameters)


def minor(amount: float) -> int:
    """Whole minor units."""
    return round(amount * MINOR)


def conserved(
    life: Owner,
    sheet: BalanceSheet,
    rules: CapitalRegime,
    equity: float,
    m: int,
    allowance: Sequence[float],
    specific: Sequence[float],
    parameters: xr.Dataset | None,
) -> float:
    """Share of earnings to keep, RBC30.2 and 30.4."""
    if rules.buffer == 0:
        return 0.0
    weighed = weights_of(life, rules, m, allowance[m], specific[m], parameters)
    assets = weighed["rwa"] + sheet.other_assets - sheet.deductions
    if assets <= 0:
        return 0.0
    cet1 = (equity - sheet.additional_tier1 - sheet.deductions - weighed["deduction"]) / assets
    tier1 = sheet.additional_tier1 / assets
    second = (tier2_of(life, sheet, m) + weighed["tier2"]) / assets
    lacking = max(rules.minimum_tier1 - rules.minimum - tier1, rules.minimum_total - rules.minimum - tier1 - second)
    return kept(cet1 - max(lacking, 0.0), rules.minimum, rules.buffer)


def kept(cet1: float, minimum: float, buffer: float) -> float:
    """Share of earnings that a bank keeps, quarter by quarter of the buffer."""
    for quarter, share in enumerate((1.0, 0.8, 0.6, 0.4), start=1):
        if cet1 <= minimum + buffer * quarter / 4:
            return share
    return 0.0


def weights_of(
    life: Owner, rules: CapitalRegime, m: int, allowance: float, specific: float, parameters: xr.Dataset | None
) -> dict[str, float]:
    """Risk-weighted assets of the loans, and provisions in capital, rules.md 1.1, 1.2, 1.4 and 1.5."""
    conversion = 0.4 if rules.committed else 0.1
    standardised, late, required, expected = 0.0, 0.0, 0.0, 0.0
    for s, (transactor, line) in enumerate(life.terms):
        exposure = sum(life.balance[m][s][:3]) + conversion * life.undrawn_limit[m][s]
        bad = sum(life.balance[m][s][3:])
        standardised += exposure * (
            transactor * 0.45 + (1 - transactor) * (0.75 if rules.retail == "regulatory" else 1.0)
        )
        late += bad
        if parameters is not None:
            pd, lgd, best = (float(parameters[name].values[s]) for name in ("pd", "lgd", "best_estimate_loss"))
            shares = {"revolver": 1 - transactor, "transactor": transactor} if line else {"other": 1.0}
            for name, share in shares.items():
                k, loss = requirement(pd, lgd, name)
                required += share * exposure * k
                expected += share * exposure * loss
            required += bad * max(lgd - best, 0.0)
            expected += bad * best
    against = min(specific, late)
    standardised += (1.0 if late > 0 and against / late >= 0.2 else 1.5) * (late - against)
    converted = conversion * sum(life.undrawn_limit[m])
    found = {"rwa": standardised, "standardised": standardised, "deduction": 0.0, "converted": converted}
    found["tier2"] = min(max(allowance - specific, 0.0), 0.0125 * standardised)
    if rules.approach == "irb":
        own = 12.5 * required
        found["rwa"] = max(own, 0.725 * standardised) if rules.output_floor else own
        found["deduction"] = max(expected - allowance, 0.0)
        found["tier2"] = min(max(allowance - expected, 0.0), 0.006 * own)
    return found


def requirement(pd: float, lgd: float, name: str) -> tuple[float, float]:
    """K and expected loss of a performing loan."""
    pd, lgd = max(pd, FLOORS[name][0]), max(lgd, FLOORS[name][1])
    weight = (1 - math.exp(-35 * pd)) / (1 - math.exp(-35))
    rho = 0.03 * weight + 0.16 * (1 - weight) if name == "other" else 0.04
    worst = NORMAL.cdf(NORMAL.inv_cdf(pd) / math.sqrt(1 - rho) + math.sqrt(rho / (1 - rho)) * NORMAL.inv_cdf(0.999))
    return lgd * worst - pd * lgd, pd * lgd


def tier2_of(life: Owner, sheet: BalanceSheet, m: int) -> float:
    """Subordinated debt that counts: a fifth for each year to run; renewed money by its new tenor."""
    counts = 0.0
    for one in sheet.funding.borrowings:
        if one.kind == "subordinated":
            counts += _tier2(life, one, m)
    return counts


def _tier2(life: Owner, one: Borrowing, month: int) -> float:
    share = renewing(life, one.rollover)
    open_debts: list[tuple[float, float, bool]] = [(due, a, False) for due, a in enumerate(one.maturing, start=1)]
    tenor = math.inf if one.tenor_months is None else one.tenor_months
    for m in range(1, month + 1):
        open_debts = [
            (m + tenor, a * share[m], True) if due == m else (due, a, renewed) for due, a, renewed in open_debts
        ]
    counts = 0.0
    for due, amount, renewed in open_debts:
        to_run = tenor if renewed else due - month
        counts += amount * (1.0 if math.isinf(to_run) else min(math.ceil(to_run / 12) / 5, 1.0))
    return counts


def ratios_of(
    life: Owner,
    sheet: BalanceSheet,
    rules: CapitalRegime,
    lines: Mapping[str, list[float]],
    hybrid: int,
    owed: list[Any],
    allowance: Sequence[float],
    specific: Sequence[float],
    parameters: xr.Dataset | None,
) -> dict[str, list[float]]:
    """Capital, what it is held against, and the ratios."""
    names = ("rwa", "rwa_standardised", "exposure", "cet1", "tier1", "total_capital", "cet1_ratio", "tier1_ratio")
    names = (*names, "total_ratio", "leverage_ratio", "interbank_multiple", "standardised_multiple", "other_multiple")
    out: dict[str, list[float]] = {name: [] for name in names}
    for m in range(life.months):
        weighed = weights_of(life, rules, m, allowance[m], specific[m], parameters)
        equity = lines["equity"][m] / MINOR
        now = {"rwa": weighed["rwa"] + sheet.other_assets - sheet.deductions}
        now["rwa_standardised"] = weighed["standardised"] + sheet.other_assets - sheet.deductions
        assets = lines["liquid_assets"][m] + lines["loans"][m] - lines["allowance"][m]
        assets += lines["other_assets"][m] - minor(sheet.deductions)
        now["exposure"] = assets / MINOR + weighed["converted"]
        now["cet1"] = equity - hybrid / MINOR - sheet.deductions - weighed["deduction"]
        now["tier1"] = now["cet1"] + hybrid / MINOR
        now["total_capital"] = now["tier1"] + tier2_of(life, sheet, m) + weighed["tier2"]
        for ratio, capital in (("cet1", "cet1"), ("tier1", "tier1"), ("total", "total_capital")):
            now[f"{ratio}_ratio"] = over(now[capital], now["rwa"])
        now["leverage_ratio"] = over(now["tier1"], now["exposure"])
        bonds = sum(one.outstanding[m] for one in owed if one.kind in ("bond", "subordinated", "abs"))
        banks = sum(one.outstanding[m] for one in owed if one.kind == "interbank")
        rest = sum(one.outstanding[m] for one in owed) - bonds + lines["external_funding"][m] / MINOR
        now["interbank_multiple"] = over(banks, now["total_capital"])
        now["standardised_multiple"], now["other_multiple"] = over(bonds, equity), over(rest, equity)
        for name, value in now.items():
            out[name].append(value)
    return out


def over(part: float, all_of_it: float) -> float:
    """part / all_of_it, without end where there is nothing to divide by."""
    return part / all_of_it if all_of_it > 0 else math.inf
