"""Macro paths, lenders and model as the kernel reads them: rates as float32, probabilities as integer thresholds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from stresslab.engine.actions import Restructuring
from stresslab.engine.blocks import MEMORY_UNIT, Blocks, claim_fade
from stresslab.engine.conditions import Conditions
from stresslab.engine.job_flows import job_flows
from stresslab.engine.kernel.state import DEPTHS, LENDER, MODEL, MONTH, PRODUCT, PROGRAMME, Rules
from stresslab.engine.model import Model
from stresslab.schema import MACRO_NEUTRAL, MINOR

Array = NDArray[Any]
BYTES_SD = math.sqrt(4 * (256**2 - 1) / 12)
"""Standard deviation of the sum of four uniform bytes."""


@dataclass(frozen=True)
class Packed:
    """Parameters as records for the kernel.

    months : MONTH records (path, month); lenders : LENDER records (path, month, lender)
    contact (path, month, lender) : share of late payers reached
    lender_row : row of `lenders` that each lender of the book reads; all read row 0 if lenders are alike
    rules : of everybody, of products and of restructuring programmes
    """

    months: Array
    lenders: Array
    contact: Array
    lender_row: Array
    rules: Rules


def threshold(probability: Any, bits: int) -> Array:
    """Integer below which a uniform integer of `bits` bits falls with the probability; at most 2**31 - 1.

    >>> int(threshold(0.5, 16))
    32768
    """
    return np.minimum(np.rint(np.asarray(probability, float) * 2.0**bits), 2.0**31 - 1).astype(np.int32)


def read_macro(macro: xr.Dataset, name: str) -> Array:
    """A variable of macro paths (path, month), its neutral value where the paths do not have it."""
    if name not in macro:
        return np.full((macro.sizes["path"], macro.sizes["month"]), MACRO_NEUTRAL[name])
    every = macro["path"] * macro["month"]
    values: Array = macro[name].broadcast_like(every).transpose("path", "month").values.astype(float)
    return values


OPENING_GAP = 0.01
"""Difference of unemployment between the portfolio's day and month 1 of the paths that is worth a note."""


def opening_notes(macro: xr.Dataset, portfolio: xr.Dataset) -> list[str]:
    """What is assumed of unemployment at the start."""
    first = read_macro(macro, "unemployment_rate")[:, 0]
    low, high = first.min(), first.max()
    path = f"{low:.1%}" if high - low < 0.0005 else f"{low:.1%} to {high:.1%}"
    path += f" ({macro['scenario'].item()})" if "scenario" in macro.coords else ""
    if "unemployment_rate" not in portfolio.attrs:
        return [f"unemployment_rate: at the start taken from month 1 of the paths, {path}, as the portfolio tells none"]
    start = portfolio.attrs["unemployment_rate"]
    if max(high - start, start - low) <= OPENING_GAP:
        return []
    return [
        f"unemployment_rate: {start:.1%} on the portfolio's day, {path} in month 1 of the paths: a jump of job flows"
    ]


def opening_unemployment(macro: xr.Dataset, portfolio: xr.Dataset) -> Array:
    """Unemployment of the economy at the start (path): that of the portfolio's day, else that of month 1."""
    first = read_macro(macro, "unemployment_rate")[:, 0]
    return np.full(first.shape, portfolio.attrs.get("unemployment_rate", first))


def income_trend(macro: xr.Dataset, model: Model) -> xr.DataArray:
    """Normal growth of real income [1/year]: of the macro paths, or of the model where they do not have it."""
    trend = macro.get("real_income_trend", xr.DataArray(model.income.normal_growth_annual)).astype(float)
    return trend.isel(path=0, drop=True) if "path" in trend.dims else trend


def pack(
    macro: xr.Dataset,
    portfolio: xr.Dataset,
    model: Model,
    blocks: Blocks,
    renewing: bool,
    programmes: Sequence[Restructuring] = (),
    window: int = 0,
) -> Packed:
    """Records for the kernel; lenders do what the macro path says until `with_conditions` says otherwise.

    macro : Dataset (path, month)
    portfolio : Dataset (borrower, loan), whose attrs may tell the unemployment at the start
    programmes, window : of restructuring, and months that an early warning holds (0: nobody warns)
    """
    everywhere = Conditions.of_macro(
        read_macro(macro, "line_supply")[..., None], read_macro(macro, "collections_capacity")[..., None]
    )
    return Packed(
        _months(macro, portfolio, model),
        lender_records(everywhere, model),
        np.minimum(everywhere.contact, 1.0),
        np.zeros(len(blocks.lenders), np.int64),
        Rules(_model(model, renewing, window), product_records(model, blocks.products), _programmes(programmes)),
    )


def with_conditions(packed: Packed, conditions: Conditions, model: Model) -> Packed:
    """The same with each lender's own months: conditions (path, month, lender)."""
    lenders, own_rows = lender_records(conditions, model), np.arange(packed.lender_row.size)
    return replace(packed, lenders=lenders, contact=conditions.contact, lender_row=own_rows)


def with_products(packed: Packed, model: Model, names: list[str]) -> Packed:
    """The same for a book with these products."""
    return replace(packed, rules=packed.rules._replace(products=product_records(model, names)))


def _months(macro: xr.Dataset, portfolio: xr.Dataset, model: Model) -> Array:
    """MONTH records (path, month)."""
    unemployment, growth = read_macro(macro, "unemployment_rate"), read_macro(macro, "real_income_growth")
    ratio, opening = model.employment.borrower_ratio, opening_unemployment(macro, portfolio)
    separation, early, late = job_flows(unemployment * ratio, opening * ratio, model.employment)
    trend = float(income_trend(macro, model))
    months = np.zeros(unemployment.shape, MONTH)
    months["separation"], months["find_early"], months["find_late"] = separation, early, late
    # Pay moves with aggregate income's departure from its trend (living costs and limits grow with the trend), less the
    # part of the departure that is the lost jobs themselves, which the borrowers lose one by one.
    jobs_lost = model.income.lost_with_job * unemployment
    departure = np.cumprod(1.0 + (growth - trend) / 12.0, axis=1)
    months["wage"] = departure * (1.0 - jobs_lost[:, :1]) / (1.0 - jobs_lost)
    months["keep"] = 1.0 - read_macro(macro, "furlough_income_loss")
    policy = read_macro(macro, "policy_rate") if "policy_rate" in macro else np.zeros(unemployment.shape)
    months["rate_move"] = (policy - policy[:, :1]) / 12.0
    months["furlough_16"] = threshold(read_macro(macro, "furlough_share"), 16)
    return months


def lender_records(conditions: Conditions, model: Model) -> Array:
    """LENDER records (..., lender)."""
    contact, will = conditions.contact, model.willingness
    lenders = np.zeros(conditions.supply.shape, LENDER)
    for name in ("supply", "recovery", "full_use", "warn_below", "freeze_below", "watches", "freezes"):
        lenders[name] = getattr(conditions, name)
    lenders["supply_16"] = threshold(conditions.supply, 16)
    cured = will.cured_in_month * (1.0 - will.reminded_share * np.maximum(1.0 - contact, 0.0))
    eased = (1.0 - will.contact_on_strategic * np.minimum(contact, 1.0)) / (1.0 - will.contact_on_strategic)
    pressed = (1.0 - will.contact_on_give_up * np.minimum(contact, 1.0)) / (1.0 - will.contact_on_give_up)
    forget = threshold(will.forgetting * (1.0 - cured), 31)
    misread = threshold(will.misunderstanding * (1.0 - cured), 31)
    forget = np.minimum(forget, 2**31 - 1 - misread)
    room = 2**31 - 1 - forget - misread  # their sum must fit 31 bits
    lenders["forget"], lenders["misread"] = forget, misread
    lenders["strategy"] = np.minimum(threshold(will.strategic_monthly * eased * conditions.strategic, 31), room)
    lenders["resolved"] = threshold(np.minimum(will.strategic_resolve * pressed, 0.98), 31)
    lenders["offer"] = threshold(conditions.offers, 31)
    depths = np.array([0.0, *will.give_up, *[will.give_up[-1]] * DEPTHS])[:DEPTHS]
    giving_up = threshold(np.minimum(depths * pressed[..., None] * conditions.giving_up, 0.98), 31)
    giving_up[..., 1:] = np.maximum(giving_up[..., 1:], 1)  # a payment threshold of 0 marks a loan that is current
    lenders["give_up"] = giving_up
    return lenders


def _programmes(programmes: Sequence[Restructuring]) -> Array:
    """PROGRAMME records."""
    terms = np.zeros(len(programmes), PROGRAMME)
    for row, plan in zip(terms, programmes, strict=True):
        row["rate_kept"] = 1.0 - plan.rate_reduction
        row["forgiven"], row["fee"] = plan.forgiveness, plan.fee
        row["from_depth"], row["to_depth"] = plan.depths
        row["extension"], row["holiday"] = plan.term_months, plan.holiday_months
        row["probation"] = plan.probation_months
        row["unkept"] = np.maximum(threshold(plan.unkept_monthly(DEPTHS), 31), 1)
    return terms


def _model(model: Model, renewing: bool, window: int) -> Any:
    """The MODEL record."""
    income, spending, jobs, seen, new = (
        model.income, model.spending, model.employment, model.scoring, model.applications,
    )  # fmt: skip
    scale = np.float32(income.passing_sd_monthly / BYTES_SD)
    expense_16 = int(threshold(spending.expense_monthly, 16))
    row = np.zeros((), MODEL)
    row["persistence"] = income.persistence_monthly
    row["width"] = income.lasting_sd_annual / math.sqrt(12.0) * math.sqrt(3.0)
    row["fall_keep"] = 1.0 - income.fall_size
    row["passing_scale"] = scale
    row["passing_centre"] = 1.0 / _mean_of_cubic(float(scale))
    row["frugal_cost"] = 1.0 - spending.cut_when_poor
    row["expense_inverse"] = 1.0 / max(expense_16, 1)
    row["expense_mean"] = spending.expense_mean
    row["saving"] = spending.saving_share
    row["low_pay"] = income.low_pay
    row["claim_fade"] = claim_fade(model)
    row["full_recovery"] = model.recovery.full_share
    row["partial_recovery"] = model.recovery.partial_mean
    row["apply"], row["apply_short"] = new.usual_monthly, new.short_monthly
    row["approve_from"], row["approve_slope"] = new.refused_below, 1.0 / (new.granted_above - new.refused_below)
    row["use_points"] = seen.use_points
    row["early_months"], row["benefit_months"] = jobs.early_months, jobs.benefit_months
    row["fall_from_16"] = 2**16 - threshold(income.fall_monthly, 16)
    row["expense_16"], row["renewing"] = expense_16, renewing
    row["arrears_points"], row["loan_points"] = seen.arrears_points, seen.loan_points
    row["inquiry_points"], row["sicr_drop"] = seen.inquiry_points, seen.sicr_drop
    row["forget_arrears"] = round(seen.arrears_forgotten * MEMORY_UNIT)
    row["forget_inquiries"] = round(seen.inquiries_forgotten * MEMORY_UNIT)
    row["broken_resolve"] = threshold(model.willingness.broken_plan, 31)
    row["warning_window"] = window
    return row[()]


def _mean_of_cubic(scale: float) -> float:
    """E[1 + z + z^2 / 2 + z^3 / 6] for z = scale x (sum of four uniform bytes - 510): 1 + variance / 2."""
    return 1.0 + (scale * BYTES_SD) ** 2 / 2.0


def product_records(model: Model, names: list[str]) -> Array:
    """PRODUCT records of the named products."""
    products = np.zeros(len(names), PRODUCT)
    for row, name in zip(products, names, strict=True):
        rules = model.products[name]
        row["minimum_share"] = rules.minimum_share
        row["late_rate"] = rules.late_rate_monthly
        row["recovery_hazard"] = rules.recovery_monthly
        row["rate_pass"] = rules.rate_pass_through
        row["revolving"] = rules.kind == "revolving"
        row["minimum_payment"] = round(rules.minimum_payment * MINOR)
        row["prepay"] = threshold(1.0 - rules.prepayment_monthly, 31)
        row["write_off"] = rules.write_off_months
        row["relet"] = threshold(rules.relet_monthly, 31)
    return products
