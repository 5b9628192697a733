"""Balance sheet and income statement of a lender by path and month, closed to the minor unit.

All amounts are rounded once to whole minor units; what customers pay is what closes the loans: opening + lent +
interest + fees - written off - forgiven - closing. So assets equal borrowings and equity exactly.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from stresslab.checks import refuse
from stresslab.measures.capital.balance_sheet import BalanceSheet, Rates, rates_of
from stresslab.measures.capital.own_allowance import own_allowance, taken_off
from stresslab.measures.capital.regimes import CapitalRegime, regime_faults, regime_for
from stresslab.measures.capital.rwa import CONTRACTS, Weighed, parameter_faults, weigh
from stresslab.measures.estimators import Array
from stresslab.measures.formulas.irb import conservation_ratio
from stresslab.measures.liquidity.funding import as_json, funding_faults
from stresslab.measures.liquidity.ladder import LADDER_NEEDS, cash_flows
from stresslab.measures.liquidity.liabilities import Owed, liabilities, tier2
from stresslab.measures.liquidity.on_balance_sheet import own_part
from stresslab.measures.provisions.regimes import Regime, provisioning_faults
from stresslab.measures.result_view import Output, described, result_faults
from stresslab.noted import noted, notes
from stresslab.schema import LARGER_UNIT, MINOR, minor_units
from stresslab.typed import typed

Minor = NDArray[np.int64]
NEEDS = LADDER_NEEDS | {name: ("segment",) for name in CONTRACTS}
LARGEST = 1e15
"""Largest amount of a line [currency]: sums of some stay within 64 bits of minor units."""

LINES = {
    name: Output("currency", meaning)
    for name, meaning in {
        "liquid_assets": "liquid assets",
        "loans": "own part of the loans, gross",
        "allowance": "allowance, deducted from the loans",
        "other_assets": "other assets",
        "borrowings": "borrowings and notes",
        "external_funding": "funding raised when cash runs out",
        "equity": "equity",
        "interest_income": "interest income",
        "fee_income": "fee income",
        "partner_fees": "fees paid by partners",
        "liquid_income": "income of liquid assets",
        "funding_cost": "interest on borrowings, notes and external funding",
        "operating_cost": "operating cost and fees of contingent lines",
        "guarantee_cost": "losses of partners made good",
        "pre_provision_income": "income before provisions",
        "provision_charge": "provision charge",
        "profit_before_tax": "profit before tax",
        "tax": "tax",
        "profit": "profit after tax",
        "dividends": "dividends and AT1 coupons",
        "retained": "profit less dividends",
    }.items()
}
"""Lines of both statements."""


@dataclass(frozen=True)
class Statements:
    """Statements of a lender, and what they are made from.

    statements : Dataset of financial_statements()
    weighed : risk-weighted assets and provisions in capital (..., path, month)
    tier2 : subordinated debt that counts (..., path, month) [currency]
    owed : borrowings and notes, kind by kind
    part : own part of the result
    """

    statements: xr.Dataset
    weighed: Weighed
    tier2: Array
    owed: list[Owed]
    part: xr.Dataset
    rules: CapitalRegime


@typed
def financial_statements(
    result: xr.Dataset,
    balance_sheet: BalanceSheet,
    capital_regime: str | CapitalRegime | None = None,
    *,
    provisioning: str | Regime | None = None,
    terms: xr.Dataset | None = None,
    allowance: xr.Dataset | None = None,
    parameters: xr.Dataset | None = None,
    lender: str = "own",
) -> xr.Dataset:
    r"""Balance sheet and income statement of a lender on every path and month.

    Parameters
    ----------
    result : xarray.Dataset
        From `simulate`, static or in run-off, or from `grow`; needs balance, its flows, undrawn_limit, own_share,
        transactor_share and revolving.
    balance_sheet : BalanceSheet
        Funding and other assets of the lender at the start, and its pay-out.
    capital_regime : str or CapitalRegime, optional
        Restricts dividends (RBC30.4 [1]_): a name in capital/regimes.toml or a regime of your own; None: by the
        currency of the result ("china-2023" for CNY, otherwise "basel-standardised").
    provisioning : str, CECL, IFRS9 or China, optional
        Regime under which the own part is provisioned; None: by the currency ("china" for CNY, "cecl" for USD,
        otherwise "ifrs9").
    terms : xarray.Dataset, optional
        Term structures from `term_structures`, which IFRS 9 and CECL need.
    allowance : xarray.Dataset, optional
        From `provisions` of the own part, in place of `provisioning` and `terms`; for overlays, weights and other
        outlooks: ``provisions(own_part(result, balance_sheet.funding.partners), ...)``.
    parameters : xarray.Dataset, optional
        From `irb_parameters`, which an IRB regime needs.
    lender : str
        "own" (attrs own_lender), "all" (the system) or a name.

    Returns
    -------
    xarray.Dataset
        ====================  ===========  ========  ===============================================================
        variable              dims         unit      meaning
        ====================  ===========  ========  ===============================================================
        liquid_assets         path, month  currency  at value; haircuts of forced sales are the ladder's
        loans                 path, month  currency  own part, gross
        allowance             path, month  currency  deducted from the loans; under CECL with what is charged off but
                                                     still on the balance sheet
        other_assets          path, month  currency  carried unchanged
        borrowings            path, month  currency  notes included
        external_funding      path, month  currency  raised when cash runs out, repaid as soon as there is cash
        equity                path, month  currency  assets less liabilities
        interest_income       path, month  currency  of the month; stage 3 on the net amount (IFRS 9 5.4.1 (b) [2]_)
                                                     where the allowance has stages
        fee_income            path, month  currency  of the month, as all that follow
        partner_fees          path, month  currency  paid by partners for service
        liquid_income         path, month  currency  earned on liquid assets
        funding_cost          path, month  currency  interest paid
        operating_cost        path, month  currency  fees of contingent lines included
        guarantee_cost        path, month  currency  losses of partners made good
        pre_provision_income  path, month  currency  the four incomes less the three costs
        provision_charge      path, month  currency  less what unwinds in stage 3, as interest_income is net of it
        profit_before_tax     path, month  currency  pre_provision_income - provision_charge
        tax                   path, month  currency  tax_rate of the profit beyond what earlier losses leave
        profit                path, month  currency  profit_before_tax - tax
        dividends             path, month  currency  AT1 coupons included
        retained              path, month  currency  profit - dividends
        ====================  ===========  ========  ===============================================================

        Month 0 is the opening; with a dimension `scenario` where the result has one.

    Raises
    ------
    InputError
        Names each fault: of the result and the balance sheet; terms or parameters missing; an allowance beside
        provisioning or terms, or of another result; an opening equity that does not exceed AT1.

    Notes
    -----
    Exact in minor units:

    .. math::

        \mathrm{liquid} + \mathrm{loans} - \mathrm{allowance} + \mathrm{other}
        &= \mathrm{borrowings} + \mathrm{external} + E_t \\
        E_t &= E_{t-1} + \mathrm{profit}_t - \mathrm{dividends}_t

    AT1 coupons are paid out of the profit after tax, dividends are `payout` of the rest; together they are at most
    1 - `irb.conservation_ratio` of that profit, at the CET1 ratio before them [1]_.

    References
    ----------
    .. [1] Basel Committee on Banking Supervision (2019), Basel Framework, RBC30.2-30.4.
    .. [2] International Accounting Standards Board (2014), IFRS 9 Financial Instruments, 5.4.1 (b).

    Examples
    --------
    Loans of 1,000 with an allowance of 2.5 %, cash of 100 and bonds of 1,000 leave equity of 75; 10 of fees are earned:

    >>> from stresslab.measures.liquidity.funding import Borrowing, Funding
    >>> from stresslab.testing import tiny_result
    >>> result = tiny_result(1000.0, fees=10.0, paid=10.0)
    >>> funding = Funding(100.0, [Borrowing("bond", {90: 1000.0})])
    >>> sheet = BalanceSheet(funding, tax_rate=0.25, payout=0.0, liquid_yield=0.0)
    >>> statements = financial_statements(result, sheet, provisioning="china")
    >>> statements.equity.values, statements.tax.values
    (array([[75. , 82.5]]), array([[0. , 2.5]]))
    """
    return prepare_statements(
        "financial_statements", result, balance_sheet, capital_regime, provisioning, terms, allowance, parameters,
        result_faults(result, lender, NEEDS), lender=lender,
    ).statements  # fmt: skip


def prepare_statements(
    subject: str,
    result: xr.Dataset,
    balance_sheet: BalanceSheet,
    capital_regime: str | CapitalRegime | None,
    provisioning: str | Regime | None,
    terms: xr.Dataset | None,
    allowance: xr.Dataset | None,
    parameters: xr.Dataset | None,
    faults: Sequence[str],
    *,
    lender: str,
) -> Statements:
    """Statements and what they are made from; see financial_statements().

    faults : of the result and of other arguments, refused together with those of these
    """
    faults = [*faults, *regime_faults(capital_regime), *provisioning_faults(provisioning)]
    if isinstance(result, xr.Dataset) and result.sizes.get("month") == 1:
        faults.append("month: found no month after the start, expected some; simulate a longer horizon")
    refuse(subject, faults + funding_faults(result, getattr(balance_sheet, "funding", None)))
    rules, rules_said = regime_for(result, capital_regime)
    part = own_part(result, balance_sheet.funding.partners, lender=lender)
    faults = parameter_faults(part, parameters) if rules.approach == "irb" else []
    held = own_allowance(part, provisioning, terms, allowance, lender, subject, faults)
    frame = part["balance"].sum(["segment", "bucket"]).transpose(..., "path", "month")
    stock = _of(taken_off(held), frame)
    weighed = weigh(part, stock, _of(_specific(held), frame), rules, parameters)
    counts = tier2(part, balance_sheet.funding)
    owed = liabilities(part, balance_sheet.funding)
    flows = _flows(part, balance_sheet, held, frame, owed)
    rates, said = rates_of(balance_sheet, result)
    months = _close(flows, balance_sheet, rates, weighed, counts, rules, subject)
    statements = xr.Dataset({name: frame.copy(data=values / MINOR) for name, values in months.items()})
    statements = described(statements, result, lender, LINES).assign_attrs(
        capital_regime=rules.name,
        capital_rules=json.dumps(asdict(rules)),
        balance_sheet=as_json(replace(balance_sheet, **rates._asdict())),
        **{name: held.attrs.get(name, "") for name in ("provisioning", "terms")},
    )
    statements = noted(statements, notes(held), balance_sheet.funding.notes, said, rules_said)
    return Statements(statements, weighed, counts, owed, part, rules)


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
        refuse("financial_statements", [f"{found}; {LARGER_UNIT}"])
    return minor_units(values)


def _flows(
    part: xr.Dataset, sheet: BalanceSheet, held: xr.Dataset, frame: xr.DataArray, owed: list[Owed]
) -> dict[str, Minor]:
    """Flows and stocks that do not depend on cash or profit (..., path, month), in minor units."""

    def total(values: xr.DataArray) -> Array:
        return _of(values.sum("segment"), frame)

    inflow, outflow = cash_flows(part, sheet.funding, owed)
    unwinding = np.zeros(frame.shape)
    if "interest_net" in held:
        unwinding = total(part["interest"]) - _of(held["interest_net"], frame)
        unwinding[..., 0] = 0.0
    flows = {
        "loans": _of(frame, frame),
        "allowance": _of(taken_off(held), frame),
        "borrowings": sum((debt.outstanding for debt in owed), np.zeros(frame.shape)),
        "interest": total(part["interest"]),
        "unwinding": unwinding,
        "fees": total(part["fees"]),
        "lost": total(part["written_off"] + part["forgiven"]),
        "recovered": total(part["recovered"]),
        "partner_fees": inflow["partner_fees"],
        "funding_cost": outflow["interest"],
        "operating_cost": outflow["operating_cost"] + outflow["line_fees"],
        "guarantee_cost": outflow["guarantees"],
    }
    return {name: _minor(values) for name, values in flows.items()}


def _close(
    flow: dict[str, Minor],
    sheet: BalanceSheet,
    rates: Rates,
    weighed: Weighed,
    counts: Array,
    rules: CapitalRegime,
    subject: str,
) -> dict[str, Minor]:
    """Every line of both statements, closed month by month."""
    none = np.zeros_like(flow["loans"])
    names = ("liquid_assets", "external_funding", "equity", "tax", "dividends", "liquid_income", "external_cost")
    line: dict[str, Minor] = {name: none.copy() for name in names}
    other, at1 = int(_minor(np.array(sheet.other_assets))), int(_minor(np.array(sheet.additional_tier1)))
    assert not isinstance(sheet.funding.liquid_assets, float | int)
    line["liquid_assets"][..., 0] = _minor(np.array(sum(asset.amount for asset in sheet.funding.liquid_assets)))
    first = [
        line["liquid_assets"][..., 0],
        flow["loans"][..., 0],
        -flow["allowance"][..., 0],
        -flow["borrowings"][..., 0],
    ]
    line["equity"][..., 0] = sum(first) + other
    least = float(line["equity"][..., 0].min()) / MINOR
    if least <= at1 / MINOR:
        worst = np.unravel_index(line["equity"][..., 0].argmin(), line["equity"].shape[:-1])
        liquid, loans, allowance, borrowings = (abs(float(part[worst])) / MINOR for part in first)
        owned = f"liquid assets {liquid:,.0f} + loans {loans:,.0f} - allowance {allowance:,.0f}"
        made = f"{owned} - borrowings {borrowings:,.0f}"
        found = f"equity: found {least:,.2f} at the start ({made}), expected above AT1 of {at1 / MINOR:,.2f}"
        refuse(subject, [f"{found}; borrow less, as by a higher equity_share"])
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
        earned = np.rint(before * (rates.liquid_yield / 12.0)).astype(np.int64)
        external = np.rint(line["external_funding"][..., month - 1] * (rates.external_rate / 12.0)).astype(np.int64)
        profit = steady[..., month] + earned - external - charge[..., month]
        taxable = np.maximum(profit - earlier_losses, 0)
        earlier_losses = np.maximum(earlier_losses - profit, 0)
        tax = np.rint(taxable * rates.tax_rate).astype(np.int64)
        after = profit - tax
        equity = line["equity"][..., month - 1] + after
        paid_out = _paid_out(after, equity, coupon, at1, sheet, rates.payout, month, weighed, counts, rules)
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
    payout: float,
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
    dividends = np.floor(np.maximum(after - coupons, 0) * payout + 1e-6).astype(np.int64)
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
