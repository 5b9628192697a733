"""What the kernel reads of macro paths, lenders and model: rates as float32, probabilities as integer thresholds."""

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
from stresslab.engine.kernel import state as at
from stresslab.engine.model import Model
from stresslab.schema import MACRO_NEUTRAL, MINOR

Array = NDArray[Any]
BYTES_SD = math.sqrt(4 * (256**2 - 1) / 12)
"""Standard deviation of the sum of four uniform bytes."""


@dataclass(frozen=True)
class Packed:
    """Parameters as arrays: by path and month, by lender too, for everybody, by product, by restructuring programme.

    month_real, month_whole (path, month, .); lender_real, lender_whole (path, month, lender, .)
    contact (path, month, lender) : share of late payers reached
    lender : row of the lender tables that each lender of the book reads; all read row 0 if lenders are alike
    """

    month_real: Array
    month_whole: Array
    lender_real: Array
    lender_whole: Array
    contact: Array
    lender: Array
    model_real: Array
    model_whole: Array
    product_real: Array
    product_whole: Array
    relief_real: Array
    relief_whole: Array


def threshold(probability: Any, bits: int) -> Array:
    """Integer below which a uniform integer of `bits` bits falls with the probability; at most 2**31 - 1.

    >>> int(threshold(0.5, 16))
    32768
    """
    return np.minimum(np.rint(np.asarray(probability, float) * 2.0**bits), 2.0**31 - 1).astype(np.int32)


def read_macro(macro: xr.Dataset, name: str) -> Array:
    """A variable of macro paths (path, month), its neutral value where the paths do not speak of it."""
    if name not in macro:
        return np.full((macro.sizes["path"], macro.sizes["month"]), MACRO_NEUTRAL[name])
    every = macro["path"] * macro["month"]
    values: Array = macro[name].broadcast_like(every).transpose("path", "month").values.astype(float)
    return values


def pack(
    macro: xr.Dataset,
    portfolio: xr.Dataset,
    model: Model,
    blocks: Blocks,
    renewing: bool,
    programmes: Sequence[Restructuring] = (),
    window: int = 0,
) -> Packed:
    """Arrays for the kernel; lenders do what the macro path says until `with_conditions` says otherwise.

    macro : Dataset (path, month)
    portfolio : Dataset (borrower, loan), whose risks and jobless decide the job flows
    programmes, window : of restructuring, and months that an early warning holds (0: nobody warns)
    """
    everywhere = Conditions.of_macro(
        read_macro(macro, "line_supply")[..., None], read_macro(macro, "collections_capacity")[..., None]
    )
    return Packed(
        *_months(macro, portfolio, model),
        *lender_tables(everywhere, model),
        np.minimum(everywhere.contact, 1.0),
        np.zeros(len(blocks.lenders), np.int64),
        *_model(model, renewing, window),
        *product_arrays(model, blocks.products),
        *relief_tables(programmes),
    )


def with_conditions(packed: Packed, conditions: Conditions, model: Model) -> Packed:
    """The same with each lender's own months: conditions (path, month, lender)."""
    real, whole = lender_tables(conditions, model)
    own_rows = np.arange(packed.lender.size)
    return replace(packed, lender_real=real, lender_whole=whole, contact=conditions.contact, lender=own_rows)


def _months(macro: xr.Dataset, portfolio: xr.Dataset, model: Model) -> tuple[Array, Array]:
    unemployment, growth = read_macro(macro, "unemployment_rate"), read_macro(macro, "real_income_growth")
    jobless = np.where(portfolio["employed"].values, 0, np.maximum(portfolio["jobless_months"].values, 1))
    separation, early, late = job_flows(
        unemployment * model.employment.borrower_ratio,
        portfolio["job_loss_risk"].values.astype(float),
        jobless,
        model.employment,
    )
    trend = float(macro.attrs.get("real_income_trend", model.income.normal_growth_annual))
    real = np.empty((*unemployment.shape, at.MONTH_REALS), np.float32)
    real[..., at.SEPARATION], real[..., at.FIND_EARLY], real[..., at.FIND_LATE] = separation, early, late
    # Pay moves with aggregate income's departure from its trend (living costs and limits grow with the trend), less the
    # part of the departure that is the lost jobs themselves, which the borrowers live through one by one.
    jobs_lost = model.income.lost_with_job * unemployment
    departure = np.cumprod(1.0 + (growth - trend) / 12.0, axis=1)
    real[..., at.WAGE] = departure * (1.0 - jobs_lost[:, :1]) / (1.0 - jobs_lost)
    real[..., at.KEEP] = 1.0 - read_macro(macro, "furlough_income_loss")
    policy = read_macro(macro, "policy_rate") if "policy_rate" in macro else np.zeros(unemployment.shape)
    real[..., at.RATE_MOVE] = (policy - policy[:, :1]) / 12.0
    whole = np.ascontiguousarray(threshold(read_macro(macro, "furlough_share"), 16))[..., None]
    return real, whole


def lender_tables(conditions: Conditions, model: Model) -> tuple[Array, Array]:
    """Rates (..., lender, .) float32 and thresholds int32 of each lender's loans."""
    contact, will, shape = conditions.contact, model.willingness, conditions.supply.shape
    real = np.empty((*shape, at.LENDER_REALS), np.float32)
    real[..., at.SUPPLY], real[..., at.RECOVERY] = conditions.supply, conditions.recovery
    real[..., at.FULL_USE] = conditions.full_use
    cured = will.cured_in_month * (1.0 - will.reminded_share * np.maximum(1.0 - contact, 0.0))
    eased = (1.0 - will.contact_on_strategic * np.minimum(contact, 1.0)) / (1.0 - will.contact_on_strategic)
    pressed = (1.0 - will.contact_on_give_up * np.minimum(contact, 1.0)) / (1.0 - will.contact_on_give_up)
    depths = np.array([0.0, *will.give_up, *[will.give_up[-1]] * at.DEPTHS])[: at.DEPTHS]
    whole = np.empty((*shape, at.LENDER_WHOLES), np.int32)
    whole[..., at.SUPPLY_16] = threshold(conditions.supply, 16)
    forget, misread = (
        threshold(will.forgetting * (1.0 - cured), 31),
        threshold(will.misunderstanding * (1.0 - cured), 31),
    )
    whole[..., at.FORGET] = np.minimum(forget, 2**31 - 1 - misread)
    whole[..., at.MISREAD] = misread
    room = 2**31 - 1 - whole[..., at.FORGET] - misread  # their sum must fit 31 bits
    whole[..., at.STRATEGY] = np.minimum(threshold(will.strategic_monthly * eased * conditions.strategic, 31), room)
    whole[..., at.RESOLVED] = threshold(np.minimum(will.strategic_resolve * pressed, 0.98), 31)
    giving_up = threshold(np.minimum(depths * pressed[..., None] * conditions.giving_up, 0.98), 31)
    giving_up[..., 1:] = np.maximum(giving_up[..., 1:], 1)  # a hurdle of 0 marks a loan that is current
    whole[..., at.GIVE_UP :] = giving_up
    whole[..., at.OFFER : at.GIVE_UP] = threshold(conditions.offers, 31)
    whole[..., at.WARN_BELOW], whole[..., at.FREEZE_BELOW] = conditions.warn_below, conditions.freeze_below
    whole[..., at.FREEZES] = conditions.freezes
    return real, whole


def relief_tables(programmes: Sequence[Restructuring]) -> tuple[Array, Array]:
    """Terms of restructuring programmes, a row each."""
    real = np.empty((len(programmes), at.RELIEF_REALS), np.float32)
    whole = np.empty((len(programmes), at.RELIEF_WHOLES), np.int32)
    for row, plan in enumerate(programmes):
        real[row, at.RATE_KEPT] = 1.0 - plan.rate_reduction
        real[row, at.FORGIVEN], real[row, at.PLAN_FEE] = plan.forgiveness, plan.fee
        whole[row, at.FROM_DEPTH], whole[row, at.TO_DEPTH] = plan.depths
        whole[row, at.EXTENSION], whole[row, at.HOLIDAY_MONTHS] = plan.term_months, plan.holiday_months
        whole[row, at.PROBATION] = plan.probation_months
        whole[row, at.UNKEPT :] = np.maximum(threshold(plan.unkept_monthly(at.DEPTHS), 31), 1)
    return real, whole


def _model(model: Model, renewing: bool, window: int) -> tuple[Array, Array]:
    income, spending, jobs, seen, new = (
        model.income, model.spending, model.employment, model.scoring, model.applications,
    )  # fmt: skip
    scale = np.float32(income.passing_sd_monthly / BYTES_SD)
    expense_16 = int(threshold(spending.expense_monthly, 16))
    real = np.empty(at.MODEL_REALS, np.float32)
    real[at.PERSISTENCE] = income.persistence_monthly
    real[at.WIDTH] = income.lasting_sd_annual / math.sqrt(12.0) * math.sqrt(3.0)
    real[at.FALL_KEEP] = 1.0 - income.fall_size
    real[at.PASSING_SCALE] = scale
    real[at.PASSING_CENTRE] = 1.0 / _mean_of_cubic(float(scale))
    real[at.FRUGAL_COST] = 1.0 - spending.cut_when_poor
    real[at.EXPENSE_INVERSE] = 1.0 / max(expense_16, 1)
    real[at.EXPENSE_MEAN] = spending.expense_mean
    real[at.SAVING] = spending.saving_share
    real[at.LOW_PAY] = income.low_pay
    real[at.CLAIM_FADE] = claim_fade(model)
    real[at.FULL_RECOVERY] = model.recovery.full_share
    real[at.PARTIAL_RECOVERY] = model.recovery.partial_mean
    real[at.APPLY], real[at.APPLY_SHORT] = new.usual_monthly, new.short_monthly
    real[at.APPROVE_FROM], real[at.APPROVE_SLOPE] = new.refused_below, 1.0 / (new.granted_above - new.refused_below)
    real[at.USE_POINTS] = seen.use_points
    whole = np.empty(at.MODEL_WHOLES, np.int32)
    whole[at.EARLY_MONTHS], whole[at.BENEFIT_MONTHS] = jobs.early_months, jobs.benefit_months
    whole[at.FALL_FROM_16] = 2**16 - threshold(income.fall_monthly, 16)
    whole[at.EXPENSE_16], whole[at.RENEWAL] = expense_16, renewing
    whole[at.ARREARS_POINTS], whole[at.LOAN_POINTS] = seen.arrears_points, seen.loan_points
    whole[at.INQUIRY_POINTS], whole[at.SICR_DROP] = seen.inquiry_points, seen.sicr_drop
    whole[at.FORGET_ARREARS] = round(seen.arrears_forgotten * MEMORY_UNIT)
    whole[at.FORGET_INQUIRIES] = round(seen.inquiries_forgotten * MEMORY_UNIT)
    whole[at.BROKEN_RESOLVE] = threshold(model.willingness.broken_plan, 31)
    whole[at.WARNING_WINDOW] = window
    return real, whole


def _mean_of_cubic(scale: float) -> float:
    """E[1 + z + z^2 / 2 + z^3 / 6] for z = scale x (sum of four uniform bytes - 510): 1 + variance / 2."""
    return 1.0 + (scale * BYTES_SD) ** 2 / 2.0


def product_arrays(model: Model, names: list[str]) -> tuple[Array, Array]:
    """Rules of the named products, a row each."""
    real = np.empty((len(names), at.PRODUCT_REALS), np.float32)
    whole = np.empty((len(names), at.PRODUCT_WHOLES), np.int32)
    for row, name in enumerate(names):
        rules = model.products[name]
        real[row, at.MINIMUM_SHARE] = rules.minimum_share
        real[row, at.LATE_RATE] = rules.late_rate_monthly
        real[row, at.RECOVERY_HAZARD] = rules.recovery_monthly
        real[row, at.RATE_PASS] = rules.rate_pass_through
        whole[row, at.REVOLVING] = rules.kind == "revolving"
        whole[row, at.MINIMUM_PAYMENT] = round(rules.minimum_payment * MINOR)
        whole[row, at.PREPAY] = threshold(1.0 - rules.prepayment_monthly, 31)
        whole[row, at.WRITE_OFF] = rules.write_off_months
        whole[row, at.RELET] = threshold(rules.relet_monthly, 31)
    return real, whole
