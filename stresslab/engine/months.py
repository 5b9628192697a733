"""What the kernel reads of macro paths and model: rates as float32, probabilities as integer thresholds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from stresslab.schema import MACRO_NEUTRAL, MINOR

from . import layout as at
from .blocks import claim_fade
from .flows import job_flows
from .model import Model

Array = NDArray[Any]
BYTES_SD = math.sqrt(4 * (256**2 - 1) / 12)
"""Standard deviation of the sum of four uniform bytes."""


@dataclass(frozen=True)
class Packed:
    """Parameters as arrays: by path and month, for everybody, by product."""

    month_real: Array
    month_whole: Array
    model_real: Array
    model_whole: Array
    product_real: Array
    product_whole: Array

    def months(self, paths: slice) -> tuple[Array, Array]:
        return self.month_real[paths], self.month_whole[paths]


def threshold(probability: Any, bits: int) -> Array:
    """Integer below which a uniform integer of `bits` bits falls with the probability; at most 2**31 - 1.

    >>> int(threshold(0.5, 16))
    32768
    """
    return np.minimum(np.rint(np.asarray(probability, float) * 2.0**bits), 2.0**31 - 1).astype(np.int32)


def pack(macro: xr.Dataset, portfolio: xr.Dataset, model: Model, products: list[str], renewing: bool) -> Packed:
    """Arrays for the kernel.

    macro : Dataset (path, month)
    portfolio : Dataset (borrower, loan), whose risks and jobless decide the job flows
    """
    return Packed(*_months(macro, portfolio, model), *_model(model, renewing), *product_arrays(model, products))


def _months(macro: xr.Dataset, portfolio: xr.Dataset, model: Model) -> tuple[Array, Array]:
    paths, months = macro.sizes["path"], macro.sizes["month"]
    every = macro["path"] * macro["month"]

    def read(name: str) -> Array:
        if name not in macro:
            return np.full((paths, months), MACRO_NEUTRAL[name])
        return macro[name].broadcast_like(every).transpose("path", "month").values.astype(float)

    unemployment, growth = read("unemployment_rate"), read("real_income_growth")
    jobless = np.where(portfolio["employed"].values, 0, np.maximum(portfolio["jobless_months"].values, 1))
    separation, early, late = job_flows(
        unemployment * model.employment.borrower_ratio,
        portfolio["job_loss_risk"].values.astype(float),
        jobless,
        model.employment,
    )
    trend = float(macro.attrs.get("real_income_trend", model.income.normal_growth_annual))
    real = np.empty((paths, months, at.MONTH_REALS), np.float32)
    real[..., at.SEPARATION], real[..., at.FIND_EARLY], real[..., at.FIND_LATE] = separation, early, late
    # Pay moves with aggregate income's departure from its trend (living costs and limits grow with the trend), less the
    # part of the departure that is the lost jobs themselves, which the borrowers live through one by one.
    jobs_lost = model.income.lost_with_job * unemployment
    departure = np.cumprod(1.0 + (growth - trend) / 12.0, axis=1)
    real[..., at.WAGE] = departure * (1.0 - jobs_lost[:, :1]) / (1.0 - jobs_lost)
    real[..., at.KEEP] = 1.0 - read("furlough_income_loss")
    real[..., at.SUPPLY] = read("line_supply")

    contact, will = read("collections_capacity"), model.willingness
    cured = will.cured_in_month * (1.0 - will.reminded_share * np.maximum(1.0 - contact, 0.0))
    eased = (1.0 - will.contact_on_strategic * np.minimum(contact, 1.0)) / (1.0 - will.contact_on_strategic)
    pressed = (1.0 - will.contact_on_give_up * np.minimum(contact, 1.0)) / (1.0 - will.contact_on_give_up)
    depths = np.array([0.0, *will.give_up, *[will.give_up[-1]] * at.DEPTHS])[: at.DEPTHS]
    whole = np.empty((paths, months, at.MONTH_WHOLES), np.int32)
    whole[..., at.FURLOUGH_16] = threshold(read("furlough_share"), 16)
    whole[..., at.SUPPLY_16] = threshold(read("line_supply"), 16)
    whole[..., at.FORGET] = threshold(will.forgetting * (1.0 - cured), 31)
    strategy = threshold(will.strategic_monthly * eased, 31)
    whole[..., at.STRATEGY] = np.minimum(strategy, 2**31 - 1 - whole[..., at.FORGET])  # their sum must fit 31 bits
    whole[..., at.RESOLVED] = threshold(np.minimum(will.strategic_resolve * pressed, 0.98), 31)
    giving_up = threshold(np.minimum(depths * pressed[..., None], 0.98), 31)
    giving_up[..., 1:] = np.maximum(giving_up[..., 1:], 1)  # a hurdle of 0 marks a loan that is current
    whole[..., at.GIVE_UP :] = giving_up
    return real, whole


def _model(model: Model, renewing: bool) -> tuple[Array, Array]:
    income, spending, jobs = model.income, model.spending, model.employment
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
    whole = np.empty(at.MODEL_WHOLES, np.int32)
    whole[at.EARLY_MONTHS], whole[at.BENEFIT_MONTHS] = jobs.early_months, jobs.benefit_months
    whole[at.FALL_FROM_16] = 2**16 - threshold(income.fall_monthly, 16)
    whole[at.EXPENSE_16], whole[at.RENEWAL] = expense_16, renewing
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
        whole[row, at.REVOLVING] = rules.kind == "revolving"
        whole[row, at.MINIMUM_PAYMENT] = round(rules.minimum_payment * MINOR)
        whole[row, at.PREPAY] = threshold(1.0 - rules.prepayment_monthly, 31)
        whole[row, at.WRITE_OFF] = rules.write_off_months
        whole[row, at.RELET] = threshold(rules.relet_monthly, 31)
    return real, whole
