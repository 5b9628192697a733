"""Balance sheet and income statement of a lender, month by month on every path, closed to the minor unit.

All amounts are rounded once to whole minor units; what customers pay is what closes the loans: opening + lent +
interest + fees - written off - forgiven - closing. So assets equal borrowings and equity exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from stresslab.checks import refuse, type_faults
from stresslab.measures.capital.balance_sheet import BalanceSheet
from stresslab.measures.capital.regimes import CapitalRegime, regime_named
from stresslab.measures.capital.rwa import CONTRACTS, Weighed, parameter_faults, weigh
from stresslab.measures.estimators import Array
from stresslab.measures.formulas.irb import conservation_ratio
from stresslab.measures.liquidity.funding import in_words
from stresslab.measures.liquidity.ladder import LADDER_NEEDS, cash_flows
from stresslab.measures.liquidity.liabilities import Owed, liabilities, tier2
from stresslab.measures.liquidity.on_balance_sheet import own_part
from stresslab.measures.provisions.allowance import provisions
from stresslab.measures.result_view import described, lender_name, result_faults
from stresslab.schema import MINOR

Minor = NDArray[np.int64]
NEEDS = LADDER_NEEDS | {name: ("segment",) for name in CONTRACTS}
LARGEST = 1e15
"""Largest amount of a line [currency]: sums of some stay within 64 bits of minor units."""


@dataclass(frozen=True)
class Books:
    """A lender's own book with everything that capital needs of it.

    statements : Dataset of financial_statements()
    weighed : risk-weighted assets and provisions in capital (..., path, month)
    tier2 : subordinated debt that counts (..., path, month) [currency]
    owed : borrowings and notes, kind by kind
    book : own part of the result
    """

    statements: xr.Dataset
    weighed: Weighed
    tier2: Array
    owed: list[Owed]
    book: xr.Dataset
    rules: CapitalRegime


def financial_statements(
    result: xr.Dataset,
    balance_sheet: BalanceSheet,
    regime: str | CapitalRegime = "china-2023",
    allowance: xr.Dataset | None = None,
    *,
    parameters: xr.Dataset | None = None,
    lender: str = "own",
) -> xr.Dataset:
    """Balance sheet and income statement on every path and month.

    result : Dataset from simulate(), static or in run-off, or of grow(); needs balance, its flows, undrawn_limit,
      own_share, transactor_share, revolving
    balance_sheet : BalanceSheet
    regime : CapitalRegime or its name in capital/regimes.toml; it restricts dividends (RBC30.4)
    allowance : Dataset of provisions() of the own part: provisions(own_part(result, funding.partners), ...); None: the
      Chinese five categories, which need no term structures
    parameters : Dataset of irb_parameters(), for an IRB regime
    lender : "own" (attrs own_lender) | "all" (the system) | a name
    Returns Dataset (path, month), month 0 the opening, and `scenario` if the result has it [currency]:
      assets: liquid_assets, loans (own part, gross), allowance (to be taken off; under CECL with what is charged off
        but still on the books), other_assets;
      liabilities: borrowings (notes included), external_funding (raised when cash runs out); equity;
      income, month by month: interest_income (stage 3 on net, IFRS 9 5.4.1 (b), where the allowance knows stages),
        fee_income, partner_fees, liquid_income, funding_cost, operating_cost (fees of lines included), guarantee_cost,
        pre_provision_income; provision_charge (less what unwinds in stage 3, as interest_income is net of it),
        profit_before_tax, tax, profit, dividends (AT1 coupons included), retained.
    liquid_assets + loans - allowance + other_assets = borrowings + external_funding + equity, exact in minor units, and
    equity(t) = equity(t-1) + profit - dividends.
    Tax: tax_rate of profit beyond what earlier losses leave, paid in the month. AT1 coupons are paid out of
    profit after tax alone, dividends are payout of the rest; together at most 1 - conservation_ratio() of that profit,
    at the CET1 ratio before them. External funding is repaid as soon as there is cash; it is what keeps the books open.
    Liquid assets are carried at value: haircuts of forced sales are the ladder's.
    Raises InputError naming each fault; also if the allowance is not of this book or equity does not open above AT1.
    """
    return books(result, balance_sheet, regime, allowance, parameters, lender).statements


def books(
    result: xr.Dataset,
    balance_sheet: BalanceSheet,
    regime: str | CapitalRegime,
    allowance: xr.Dataset | None,
    parameters: xr.Dataset | None,
    lender: str,
    subject: str = "financial_statements",
) -> Books:
    """Statements and what they rest on; see financial_statements()."""
    rules = regime_named(regime)
    sheet_faults = type_faults("balance_sheet", balance_sheet, BalanceSheet, needed=True)
    short = (
        []
        if result.sizes.get("month", 0) > 1
        else ["month: found no month after the start, expected some; live longer"]
    )
    refuse(subject, result_faults(result, lender, NEEDS) + sheet_faults + short)
    book = own_part(result, balance_sheet.funding.partners, lender=lender)
    held = provisions(book, "china", lender=lender) if allowance is None else allowance
    faults = parameter_faults(book, parameters) if rules.approach == "irb" else []
    refuse(subject, faults + _allowance_faults(book, held, lender))
    frame = book["balance"].sum(["segment", "bucket"]).transpose(..., "path", "month")
    stock = _of(_taken_off(held), frame)
    weighed = weigh(book, stock, _of(_specific(held), frame), rules, parameters)
    counts = tier2(book, balance_sheet.funding)
    owed = liabilities(book, balance_sheet.funding)
    flows = _flows(book, balance_sheet, held, frame, owed)
    months = _close(flows, balance_sheet, weighed, counts, rules, subject)
    statements = xr.Dataset({name: frame.copy(data=values / MINOR) for name, values in months.items()})
    said = described(statements, result, lender, ()).assign_attrs(
        regime=rules.name, provisioning=str(held.attrs.get("provisioning", "")), balance_sheet=in_words(balance_sheet)
    )
    return Books(said, weighed, counts, owed, book, rules)


def _allowance_faults(book: xr.Dataset, held: xr.Dataset, lender: str) -> list[str]:
    """Faults of provisions that are not of this own book."""
    lost = [name for name in ("allowance_held", "provision_charge") if name not in held]
    if lost:
        return [f"{name}: missing from allowance, expected that of provisions(own_part(result))" for name in lost]
    if held.attrs.get("lender", lender_name(book, lender)) != lender_name(book, lender):
        found = f"allowance: found that of {held.attrs['lender']!r}, expected {lender_name(book, lender)!r}"
        return [f"{found}; take provisions of the same lender"]
    whole = "take provisions(own_part(result, funding.partners)), not of the whole balance"
    if held.attrs.get("part") != "own" and bool((book["funded_share"] < 1.0).any()):
        return [f"allowance: found one of whole balances, expected of the own part; {whole}"]
    frame = book["balance"].sum(["segment", "bucket"]).transpose(..., "path", "month")
    if dict(held["allowance_held"].sizes) != dict(frame.sizes):
        found = f"allowance: found {dict(held['allowance_held'].sizes)}, expected {dict(frame.sizes)}"
        return [f"{found}; take provisions of the same result"]
    losses = (book["written_off"] + book["forgiven"] - book["recovered"]).sum("segment")
    charge = _taken_off(held).diff("month") + losses.isel(month=slice(1, None))
    off = abs(charge - held["provision_charge"].isel(month=slice(1, None)))
    largest = float(off.max()) if off.size else 0.0
    if largest > 1.0:
        found = f"allowance: found a charge that leaves {largest:,.2f} of this book's losses unexplained, expected 0"
        return [f"{found}; {whole}"]
    return []


def _taken_off(held: xr.Dataset) -> xr.DataArray:
    """What is taken off the loans: the allowance, under CECL with what is charged off but still on the books."""
    return held["allowance_held"] + held["charged_off"] if "charged_off" in held else held["allowance_held"]


def _specific(held: xr.Dataset) -> xr.DataArray:
    """Provisions held against loans in default: stage 3, the specific ones of the categories, CECL's charge-offs."""
    if "charged_off" in held:
        return held["charged_off"]
    if "allowance_by_stage" in held:
        return held["allowance_by_stage"].sel(stage=3, drop=True)
    return held["allowance_specific"] if "allowance_specific" in held else xr.zeros_like(held["allowance_held"])


def _of(values: xr.DataArray, frame: xr.DataArray) -> Array:
    ordered: Array = values.transpose(*frame.dims).values
    return ordered


def _minor(values: Array) -> Minor:
    """Whole minor units.

    Raises InputError beyond the sums that int64 holds.
    """
    if values.size and float(np.abs(values).max()) > LARGEST:
        found = f"amount: found {float(np.abs(values).max()):.3g}, expected at most {LARGEST:.0e} of the currency"
        refuse("financial_statements", [f"{found}; count in thousands"])
    return np.rint(np.asarray(values, dtype=np.float64) * MINOR).astype(np.int64)


def _flows(
    book: xr.Dataset, sheet: BalanceSheet, held: xr.Dataset, frame: xr.DataArray, owed: list[Owed]
) -> dict[str, Minor]:
    """Everything that does not depend on cash or profit (..., path, month), in minor units."""

    def total(values: xr.DataArray) -> Array:
        return _of(values.sum("segment"), frame)

    inflow, outflow = cash_flows(book, sheet.funding, owed)
    unwinding = np.zeros(frame.shape)
    if "interest_net" in held:
        unwinding = total(book["interest"]) - _of(held["interest_net"], frame)
        unwinding[..., 0] = 0.0
    flows = {
        "loans": _of(frame, frame),
        "allowance": _of(_taken_off(held), frame),
        "borrowings": sum((one.outstanding for one in owed), np.zeros(frame.shape)),
        "interest": total(book["interest"]),
        "unwinding": unwinding,
        "fees": total(book["fees"]),
        "lost": total(book["written_off"] + book["forgiven"]),
        "recovered": total(book["recovered"]),
        "partner_fees": inflow["partner fees"],
        "funding_cost": outflow["interest"],
        "operating_cost": outflow["operating cost"] + outflow["line fees"],
        "guarantee_cost": outflow["guarantees"],
    }
    return {name: _minor(values) for name, values in flows.items()}


def _close(
    flow: dict[str, Minor], sheet: BalanceSheet, weighed: Weighed, counts: Array, rules: CapitalRegime, subject: str
) -> dict[str, Minor]:
    """Every line of both statements, closed month by month."""
    none = np.zeros_like(flow["loans"])
    names = ("liquid_assets", "external_funding", "equity", "tax", "dividends", "liquid_income", "external_cost")
    line: dict[str, Minor] = {name: none.copy() for name in names}
    other, at1 = int(_minor(np.array(sheet.other_assets))), int(_minor(np.array(sheet.additional_tier1)))
    assert not isinstance(sheet.funding.liquid_assets, float | int)
    line["liquid_assets"][..., 0] = _minor(np.array(sum(one.amount for one in sheet.funding.liquid_assets)))
    first = [
        line["liquid_assets"][..., 0],
        flow["loans"][..., 0],
        -flow["allowance"][..., 0],
        -flow["borrowings"][..., 0],
    ]
    line["equity"][..., 0] = sum(first) + other
    least = float(line["equity"][..., 0].min()) / MINOR
    if least <= at1 / MINOR:
        refuse(
            subject, [f"equity: found {least:,.2f} at the start, expected above AT1 of {at1 / MINOR:,.2f}; borrow less"]
        )
    charge = np.diff(flow["allowance"], axis=-1, prepend=flow["allowance"][..., :1]) + flow["lost"] - flow["recovered"]
    charge[..., 0] = 0
    steady = flow["interest"] + flow["fees"] + flow["partner_fees"]
    steady = steady - flow["funding_cost"] - flow["operating_cost"] - flow["guarantee_cost"]
    repaid = -np.diff(flow["loans"], axis=-1, prepend=flow["loans"][..., :1])
    collected = repaid + flow["interest"] + flow["fees"] - flow["lost"]  # net of what is lent
    borrowed = np.diff(flow["borrowings"], axis=-1, prepend=flow["borrowings"][..., :1])
    coupon, earlier_losses = (
        int(_minor(np.array(at1 / MINOR * sheet.additional_tier1_rate / 12.0))),
        none[..., 0].copy(),
    )
    for month in range(1, none.shape[-1]):
        before = line["liquid_assets"][..., month - 1]
        earned = np.rint(before * (sheet.liquid_yield / 12.0)).astype(np.int64)
        external = np.rint(line["external_funding"][..., month - 1] * (sheet.external_rate / 12.0)).astype(np.int64)
        profit = steady[..., month] + earned - external - charge[..., month]
        taxable = np.maximum(profit - earlier_losses, 0)
        earlier_losses = np.maximum(earlier_losses - profit, 0)
        tax = np.rint(taxable * sheet.tax_rate).astype(np.int64)
        after = profit - tax
        equity = line["equity"][..., month - 1] + after
        paid_out = _paid_out(after, equity, coupon, at1, sheet, month, weighed, counts, rules)
        cash = before - line["external_funding"][..., month - 1] + collected[..., month] + flow["recovered"][..., month]
        cash = cash + flow["partner_fees"][..., month] + earned - external - tax - paid_out + borrowed[..., month]
        costs = flow["funding_cost"] + flow["operating_cost"] + flow["guarantee_cost"]
        cash = cash - costs[..., month]
        raised = np.maximum(int(_minor(np.array(sheet.minimum_liquid))) - cash, 0)
        for name, values in zip(
            names, (cash + raised, raised, equity - paid_out, tax, paid_out, earned, external), strict=True
        ):
            line[name][..., month] = values
    return _lines(flow, line, charge, none + other)


def _paid_out(
    after: Minor,
    equity: Minor,
    coupon: int,
    at1: int,
    sheet: BalanceSheet,
    month: int,
    weighed: Weighed,
    counts: Array,
    rules: CapitalRegime,
) -> Minor:
    """Coupons and dividends of a month, as far as profit and the conservation buffer allow."""
    keep = np.zeros(after.shape)
    if rules.buffer > 0.0:
        rwa = weighed.rwa[..., month] + sheet.weighed_assets(rules)
        rwa = np.where(rwa > 0.0, rwa, np.nan)
        core = (equity - at1) / MINOR - sheet.deductions - weighed.deduction[..., month]
        cet1, tier1 = core / rwa, at1 / MINOR / rwa
        second = (counts + weighed.tier2)[..., month] / rwa
        needed = np.maximum(rules.minimum_tier1 - tier1, rules.minimum_total - tier1 - second)
        free = cet1 - np.maximum(needed - rules.minimum, 0.0)
        known = np.isfinite(free)  # without risk-weighted assets there is nothing to conserve for
        ratio = np.clip(np.where(known, free, 1.0), -1.0, 1.0)
        keep = conservation_ratio(ratio, rules.minimum, rules.buffer)
    allowed = np.floor(np.maximum(after, 0) * (1.0 - keep) + 1e-6).astype(np.int64)  # 1 - 0.8 is a bit below 0.2
    coupons = np.minimum(coupon, allowed)
    dividends = np.floor(np.maximum(after - coupons, 0) * sheet.payout + 1e-6).astype(np.int64)
    return np.asarray(coupons + np.minimum(dividends, allowed - coupons))


def _lines(flow: dict[str, Minor], line: dict[str, Minor], charge: Minor, other: Minor) -> dict[str, Minor]:
    """The lines of both statements by name."""
    income = {
        "interest_income": flow["interest"] - flow["unwinding"],
        "fee_income": flow["fees"],
        "partner_fees": flow["partner_fees"],
        "liquid_income": line["liquid_income"],
    }
    costs = {
        "funding_cost": flow["funding_cost"] + line["external_cost"],
        "operating_cost": flow["operating_cost"],
        "guarantee_cost": flow["guarantee_cost"],
    }
    before = sum(income.values(), np.zeros_like(charge)) - sum(costs.values(), np.zeros_like(charge))
    charged = charge - flow["unwinding"]
    stocks = {
        "liquid_assets": line["liquid_assets"], "loans": flow["loans"], "allowance": flow["allowance"],
        "other_assets": other, "borrowings": flow["borrowings"], "external_funding": line["external_funding"],
        "equity": line["equity"],
    }  # fmt: skip
    profit = before - charged
    results = {
        "pre_provision_income": before, "provision_charge": charged, "profit_before_tax": profit, "tax": line["tax"],
        "profit": profit - line["tax"], "dividends": line["dividends"],
        "retained": profit - line["tax"] - line["dividends"],
    }  # fmt: skip
    for values in income.values():
        values[..., 0] = 0
    return stocks | income | costs | results
