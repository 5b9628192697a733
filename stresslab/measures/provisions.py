"""Regulatory provisions on every path and month: five categories, allowance, coverage.

Days past due and buckets: a loan with d unpaid due dates is 30d to 30d + 29 days past due at month end, so a bucket
that begins at 90 days counts as the rule's "> 90", as all of its days but the first are; likewise 120, 180, 270, 360.
Arrears of 1 to 29 days live and die inside the month, so special mention ("overdue at all") begins with bucket 30-59.

The numbers, their sources and how far each was checked stand in regimes.toml; none was read in the rule's own text.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import xarray as xr

from stresslab.measures.selection import BALANCE, FLOW, described, number_faults, refuse, result_faults, select
from stresslab.schema import BUCKET_FLOOR

NEEDS = {"balance": BALANCE, "written_off": FLOW, "recovered": FLOW}
BINDING = ("percentages", "coverage", "loan provision")
RATIOS = ("npl_ratio", "provision_coverage", "loan_provision_ratio")
DAYS_PER_DUE_DATE = 30

Rules = dict[str, Any]


def provisions(
    result: xr.Dataset,
    regime: str = "china",
    *,
    schedule: str | Mapping[str, str] = "cn2023",
    percentages: str = "pboc2002",
    coverage_minimum: float | None = None,
    loan_provision_minimum: float | None = None,
    lender: str = "own",
) -> xr.Dataset:
    """Loan categories, the allowance they ask for and the coverage it gives, on every path and month.

    result : Dataset from simulate(); needs balance, written_off, recovered
    regime : "china", the only one so far
    schedule : days past due that begin special mention / substandard / doubtful / loss; one for all or product -> name:
      "cn2023": >= 1, > 90, > 270, > 360 (2023 Measures); "cn_card2011": >= 1, > 90, > 120, > 180 (card rule, Art. 92)
    percentages : "pboc2002": general 1 % of all loans, specific 0 / 2 / 25 / 50 / 100 % (PBoC 2002); "mof2012":
      potential risk of 1.5 / 3 / 30 / 60 / 100 % (MOF Cai Jin [2012] No. 20; the first two not confirmed)
    coverage_minimum, loan_provision_minimum : least allowance over NPL and over loans [1]; None: 1.5 and 0.025 (CBRC
      Order [2011] No. 4; since 2018 supervisors may go down to 1.2 and 0.015 if every loan > 90 days counts as NPL)
    lender : "own" (attrs own_lender) | "all" (the system) | a name
    Returns Dataset (path, month), `scenario` if the result has it, month 0 included, [currency] but where said:
      category_balance (category; category_zh: Chinese names); npl_balance: substandard and worse; npl_ratio [1];
      allowance = allowance_specific + allowance_general, what the percentages ask for;
      provision_coverage [1] = allowance / NPL; without NPL +inf, or NaN if the allowance is 0 too;
      loan_provision_ratio [1] = allowance / loans; it and npl_ratio are NaN without loans;
      allowance_required = the largest of allowance, coverage_minimum x NPL, loan_provision_minimum x loans;
      binding: the one it is, "percentages" | "coverage" | "loan provision", the first of equals;
      allowance_shortfall = allowance_required - allowance;
      provision_charge, a flow = change of allowance + written_off - recovered, 0 in month 0. What is forgiven does not
      pass through the allowance: it is a loss beside the charge.
    Balances are taken whole, whoever funds them.
    Raises InputError naming each fault: an unknown regime, schedule, percentages or lender, a product without a
    schedule, a minimum that is no decimal, a variable missing, negative or not finite.

    >>> from stresslab.schema import BUCKETS
    >>> flow, dims = (("path", "month", "segment"), [[[0.0]]]), ("path", "month", "segment", "bucket")
    >>> book = [[[[900.0, 50.0, 0.0, 20.0, 0.0, 0.0, 20.0, 10.0]]]]
    >>> result = xr.Dataset({"balance": (dims, book), "written_off": flow, "recovered": flow}, {
    ...     "month": [0], "bucket": list(BUCKETS), "segment": ["us:card"],
    ...     "lender": ("segment", ["us"]), "product": ("segment", ["card"])}, {"own_lender": "us"})
    >>> found = provisions(result).squeeze()
    >>> found.allowance_specific.item(), found.allowance_general.item()  # 1 + 5 + 10 + 10, and 1 % of 1000
    (26.0, 10.0)
    >>> found.allowance_required.item(), found.binding.item()  # 1.5 x (20 + 20 + 10)
    (75.0, 'coverage')
    """
    rules = _rules(regime)
    minimums = _minimums(rules, coverage_minimum, loan_provision_minimum)
    faults = result_faults(result, lender, NEEDS)
    products = [] if faults else select(result, lender)["product"].values.astype(str).tolist()
    refuse("provisions", faults + _choice_faults(rules, schedule, percentages, minimums, products))
    view = select(result, lender)
    schedules = dict.fromkeys(products, schedule) if isinstance(schedule, str) else schedule
    categories = _category_balance(view, [rules["schedules"][schedules[p]]["floors"] for p in products], rules)
    out = _allowance(categories, rules["percentages"][percentages], rules)
    out = out.assign(_adequacy(out["allowance"], out["npl_balance"], categories.sum("category"), minimums))
    out["provision_charge"] = _change(out["allowance"]) + (view["written_off"] - view["recovered"]).sum("segment")
    asked = {"regime": regime, "schedule": str(schedule), "percentages": percentages, **minimums}
    return described(out, result, lender, RATIOS).assign_attrs(asked)


def _rules(regime: str) -> Rules:
    """The numbers of one regime, of those in regimes.toml."""
    if regime not in _regimes():
        refuse("provisions", [f"regime: found {regime!r}, expected one of {sorted(_regimes())}; choose one"])
    rules: Rules = _regimes()[regime]
    return rules


@cache
def _regimes() -> Rules:
    """Every regime, by name."""
    return tomllib.loads(resources.files("stresslab.measures").joinpath("regimes.toml").read_text(encoding="utf-8"))


def _minimums(rules: Rules, coverage: float | None, loan_provision: float | None) -> dict[str, float]:
    """The two minimum ratios: as asked for, else the regime's."""
    usual = rules["minimums"]
    return {
        "coverage_minimum": usual["coverage"] if coverage is None else coverage,
        "loan_provision_minimum": usual["loan_provision"] if loan_provision is None else loan_provision,
    }


def _choice_faults(
    rules: Rules,
    schedule: str | Mapping[str, str],
    percentages: str,
    minimums: Mapping[str, float],
    products: list[str],
) -> list[str]:
    """Faults of what was chosen for these products."""
    named = [schedule] if isinstance(schedule, str) else list(schedule.values())
    known = sorted(rules["schedules"])
    faults = [f"schedule: found {s!r}, expected one of {known}; choose one" for s in named if s not in known]
    if not isinstance(schedule, str):
        lost = sorted(set(products) - set(schedule))
        faults += [f"schedule: found none for product {p!r}, expected one of {known}; add it" for p in lost]
    if percentages not in rules["percentages"]:
        faults.append(f"percentages: found {percentages!r}, expected one of {sorted(rules['percentages'])}; choose one")
    for name, value in minimums.items():
        faults += number_faults(name, value, 10.0, "a decimal: 1.5, not 150")
    return faults


def _category_balance(view: xr.Dataset, floors: list[list[int]], rules: Rules) -> xr.DataArray:
    """Balance of each category, all segments together, from each segment's days at which categories begin."""
    begins = DAYS_PER_DUE_DATE * np.asarray(BUCKET_FLOOR)
    numbers = np.stack([np.searchsorted(days, begins, side="right") for days in floors])
    names = rules["categories"]
    member = xr.DataArray(np.eye(len(names))[numbers], dims=("segment", "bucket", "category"))
    balance = view["balance"].drop_vars(["segment", "bucket"])  # labels played their part; positions match
    labels = {"category": names, "category_zh": ("category", rules["categories_zh"])}
    total: xr.DataArray = xr.dot(balance, member, dim=["segment", "bucket"]).assign_coords(labels)
    return total


def _allowance(categories: xr.DataArray, shares: Rules, rules: Rules) -> xr.Dataset:
    """Allowance that the percentages ask for, and what is non-performing [currency]."""
    specific = xr.DataArray(shares["specific"], dims="category")
    names = rules["categories"]
    bad = names[names.index(rules["non_performing_from"]) :]
    out = xr.Dataset({"category_balance": categories})
    out["allowance_specific"] = (categories * specific).sum("category")
    out["allowance_general"] = shares["general"] * categories.sum("category")
    out["allowance"] = out["allowance_specific"] + out["allowance_general"]
    out["npl_balance"] = categories.sel(category=bad).sum("category")
    return out


def _adequacy(
    allowance: xr.DataArray, npl: xr.DataArray, loans: xr.DataArray, minimums: Mapping[str, float]
) -> dict[str, xr.DataArray]:
    """Ratios of an allowance [1], and what the minimum ratios would have it be [currency]."""
    asked = [allowance, minimums["coverage_minimum"] * npl, minimums["loan_provision_minimum"] * loans]
    floors = xr.concat(asked, dim="rule")
    required, which = floors.max("rule"), floors.argmax("rule")
    return {
        "npl_ratio": _ratio(npl, loans),
        "provision_coverage": _ratio(allowance, npl),
        "loan_provision_ratio": _ratio(allowance, loans),
        "allowance_required": required,
        "allowance_shortfall": required - allowance,
        "binding": which.copy(data=np.asarray(BINDING)[which.values]),
    }


def _ratio(part: xr.DataArray, whole: xr.DataArray) -> xr.DataArray:
    """part / whole, +inf or NaN over nothing, as the docstring of provisions() says."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return part / whole


def _change(stock: xr.DataArray) -> xr.DataArray:
    """Change of a stock since the month before; 0 in month 0."""
    return stock - stock.shift(month=1).where(stock["month"] > 0, stock)
