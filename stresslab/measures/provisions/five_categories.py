"""Chinese five categories: classification, the allowance that they require, and the ratios that it must reach."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from stresslab.measures.provisions.regimes import China, Rules, chinese_rules
from stresslab.schema import BUCKET_FLOOR, DEFAULTED

Array = NDArray[Any]
DAYS_PER_DUE_DATE = 30
BINDING = ("percentages", "coverage", "loan_provision", "expected_loss")


def chinese_allowance(view: xr.Dataset, rules: China, expected: xr.DataArray | None) -> xr.Dataset:
    """Categories, allowance and ratios of one lender's segments; expected: an expected loss that binds as well."""
    numbers = chinese_rules()
    products = view["product"].values.astype(str)
    names = dict.fromkeys(products, rules.schedule) if isinstance(rules.schedule, str) else rules.schedule
    floors = [numbers["schedules"][names[p]]["floors"] for p in products]
    categories = _category_balance(view, floors, numbers)
    if rules.restructured and "forborne_balance" in view:
        categories = _restructured(categories, view, numbers)
    out = _percentages(categories, numbers["percentages"][rules.percentages], numbers)
    loans = categories.sum("category")
    coverage, loan_provision = _minimums(view, out["npl_balance"], rules, numbers)
    required_by = [out["allowance"], coverage * out["npl_balance"], loan_provision * loans]
    required_by += [] if expected is None else [expected]
    minimums = xr.concat(required_by, dim="rule", coords="minimal", compat="override")
    required, which = minimums.max("rule"), minimums.argmax("rule")
    return out.assign(
        npl_ratio=_ratio(out["npl_balance"], loans),
        provision_coverage=_ratio(out["allowance"], out["npl_balance"]),
        loan_provision_ratio=_ratio(out["allowance"], loans),
        coverage_minimum=coverage,
        loan_provision_minimum=loan_provision,
        allowance_required=required,
        allowance_shortfall=required - out["allowance"],
        binding=which.copy(data=np.asarray(BINDING)[which.values]),
    )


def schedule_faults(rules: China, products: Any) -> list[str]:
    """Products without a schedule."""
    if isinstance(rules.schedule, str):
        return []
    known = sorted(chinese_rules()["schedules"])
    absent = sorted(set(map(str, products)) - set(rules.schedule))
    return [f"schedule: found none for product {p!r}, expected one of {known}; add it" for p in absent]


def _category_balance(view: xr.Dataset, floors: list[list[int]], rules: Rules) -> xr.DataArray:
    """Balance of each category, all segments together, from each segment's days at which categories begin."""
    begins = DAYS_PER_DUE_DATE * np.asarray(BUCKET_FLOOR)
    numbers = np.stack([np.searchsorted(days, begins, side="right") for days in floors])
    names = rules["categories"]
    member = xr.DataArray(np.eye(len(names))[numbers], dims=("segment", "bucket", "category"))
    balance = view["balance"].drop_vars(["segment", "bucket"])  # segments and buckets match by position
    labels = {"category": names, "category_zh": ("category", rules["categories_zh"])}
    total: xr.DataArray = xr.dot(balance, member, dim=["segment", "bucket"]).assign_coords(labels)
    return total


def _restructured(categories: xr.DataArray, view: xr.Dataset, rules: Rules) -> xr.DataArray:
    """Loans in the probation of a plan moved: to substandard if it began after 90 days, else to special mention.

    What stage 3 holds beyond the buckets from 90 days on is in plans that began after 90 days.
    """
    late = view["stage_balance"].isel(stage=2, drop=True) - view["balance"].isel(bucket=DEFAULTED).sum("bucket")
    forborne = late.sum("segment").round(2)
    early = (view["forborne_balance"].sum("segment") - forborne).round(2)
    normal, mention, substandard = rules["categories"][:3]
    name = categories["category"]
    moved = (name == substandard) * forborne + (name == mention) * early - (name == normal) * (forborne + early)
    out: xr.DataArray = (categories + moved).transpose(*categories.dims)
    return out


def _percentages(categories: xr.DataArray, shares: Rules, rules: Rules) -> xr.Dataset:
    """Allowance that the percentages require, and non-performing balance [currency]."""
    specific = xr.DataArray(shares["specific"], dims="category")
    names = rules["categories"]
    bad = names[names.index(rules["non_performing_from"]) :]
    out = xr.Dataset({"category_balance": categories})
    out["allowance_specific"] = (categories * specific).sum("category")
    out["allowance_general"] = shares["general"] * categories.sum("category")
    out["allowance"] = out["allowance_specific"] + out["allowance_general"]
    out["npl_balance"] = categories.sel(category=bad).sum("category")
    return out


def _minimums(view: xr.Dataset, npl: xr.DataArray, rules: China, numbers: Rules) -> tuple[xr.DataArray, xr.DataArray]:
    """Least coverage and loan provision [1] on each path and month, by the share of late loans that count as bad."""
    steps = numbers["minimums"][rules.minimums]
    late = view["balance"].isel(bucket=DEFAULTED).sum(("segment", "bucket"))
    share = (npl / late.where(late > 0)).clip(max=1.0).fillna(1.0)
    step = np.searchsorted(steps["share"], share.values + 1e-12, side="right") - 1
    least = {}
    for name, chosen in (("coverage", rules.coverage_minimum), ("loan_provision", rules.loan_provision_minimum)):
        values = np.asarray(steps[name])[step] if chosen is None else np.full(share.shape, float(chosen))
        least[name] = share.copy(data=values)
    return least["coverage"], least["loan_provision"]


def _ratio(part: xr.DataArray, whole: xr.DataArray) -> xr.DataArray:
    """part / whole; infinite, or NaN, where the whole is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return part / whole
