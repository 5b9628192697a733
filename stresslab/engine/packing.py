"""Macro paths, lenders and model as the kernel reads them: rates as float32, probabilities as integer thresholds."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.signal import lfilter

from stresslab.engine.actions import Restructuring
from stresslab.engine.blocks import MEMORY_UNIT, Blocks, claim_fade
from stresslab.engine.conditions import Conditions
from stresslab.engine.job_flows import job_flows
from stresslab.engine.kernel.state import DEPTHS, LENDER, MODEL, MONTH, PRODUCT, PROGRAMME, Rules
from stresslab.engine.model import Model
from stresslab.schema import BY_LENDER, MACRO_NEUTRAL, MINOR, unit_of

Array = NDArray[Any]
BYTES_SD = math.sqrt(4 * (256**2 - 1) / 12)
"""Standard deviation of the sum of four uniform bytes."""


@dataclass(frozen=True)
class Packed:
    """Parameters as records for the kernel.

    months : MONTH records (path, month); lenders : LENDER records (path, month, row)
    contact (path, month, row) : share of late payers reached
    unit : currency in one unit of the book's amounts
    row_of : row of `lenders` that each segment of the book reads; all read row 0 if lenders are alike
    rules : of everybody, of products and of restructuring programmes
    """

    months: Array
    lenders: Array
    contact: Array
    row_of: Array
    rules: Rules
    unit: float


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


SHORT_HOURS_NOTED = 0.01
"""Share of the employed on short hours that is worth a note."""
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


def conditions_of(macro: xr.Dataset, segments: Sequence[tuple[str, str]], apart: bool = False) -> Conditions:
    """Conditions (path, month, segment) of the macro paths alone; unless `apart` a single row if all are alike.

    What stands along `lender` or `product` holds for those named there, the neutral value for the others.
    """
    alike = not any({"lender", "product"} & set(macro[name].dims) for name in BY_LENDER if name in macro)
    rows = segments[:1] if alike and not apart else segments
    supply, contact, deferral = (
        np.stack([_of_segment(macro, name, *segment) for segment in rows], axis=-1) for name in BY_LENDER
    )
    return Conditions.of_macro(supply, contact, deferral)


def _of_segment(macro: xr.Dataset, name: str, lender: str, product: str) -> Array:
    """A variable (path, month) of the macro paths for one lender and product."""
    values = macro[[name]] if name in macro else xr.Dataset()
    for dim, label in (("lender", lender), ("product", product)):
        if dim in values.dims:
            named = label in values[dim].values.astype(str)
            values = values.sel({dim: label}) if named else values.drop_dims(dim)
    return read_macro(macro[["path", "month"]].assign(values), name)


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
    everywhere, unit = conditions_of(macro, blocks.segments), unit_of(portfolio)
    rows = np.arange(len(blocks.segments)) if everywhere.supply.shape[-1] > 1 else np.zeros(len(blocks.segments), int)
    return Packed(
        _months(macro, portfolio, model),
        lender_records(everywhere, model),
        np.minimum(everywhere.contact, 1.0),
        rows,
        Rules(
            _model(model, renewing, window, _windfalls(macro, portfolio)),
            product_records(model, blocks.products, unit),
            _programmes(programmes),
        ),
        unit,
    )


def with_conditions(packed: Packed, conditions: Conditions, model: Model) -> Packed:
    """The same with each segment's own months: conditions (path, month, segment)."""
    lenders, own_rows = lender_records(conditions, model), np.arange(packed.row_of.size)
    return replace(packed, lenders=lenders, contact=conditions.contact, row_of=own_rows)


def with_products(packed: Packed, model: Model, names: list[str]) -> Packed:
    """The same for a book with these products."""
    return replace(packed, rules=packed.rules._replace(products=product_records(model, names, packed.unit)))


def _months(macro: xr.Dataset, portfolio: xr.Dataset, model: Model) -> Array:
    """MONTH records (path, month)."""
    unemployment = read_macro(macro, "unemployment_rate")
    ratio, opening = model.employment.borrower_ratio, opening_unemployment(macro, portfolio)
    separation, early, late = job_flows(unemployment * ratio, opening * ratio, model.employment)
    months = np.zeros(unemployment.shape, MONTH)
    months["separation"], months["find_early"], months["find_late"] = separation, early, late
    # Pay moves with aggregate income's departure from its trend (living costs and limits grow with the trend), less the
    # part of the departure that is the lost jobs themselves, which the borrowers lose one by one.
    jobs_lost = model.income.lost_with_job * unemployment
    income, price = departures(macro, portfolio, model)
    opened = float(portfolio.attrs.get("income_departure", 0.0)), float(portfolio.attrs.get("price_departure", 0.0))
    months["price"] = np.exp(price - opened[1])
    months["wage"] = np.exp(income - opened[0]) * months["price"] * (1.0 - jobs_lost[:, :1]) / (1.0 - jobs_lost)
    share, loss = short_pay(macro, portfolio, model)
    months["keep"] = 1.0 - loss
    months["furlough_16"] = threshold(share, 16)
    months["transfer"] = read_macro(macro, "one_off_transfer")
    policy = read_macro(macro, "policy_rate") if "policy_rate" in macro else np.zeros(unemployment.shape)
    months["rate_move"] = (policy - policy[:, :1]) / 12.0
    return months


def departures(macro: xr.Dataset, portfolio: xr.Dataset, model: Model) -> tuple[Array, Array]:
    r"""Departure of real income and of prices from their trends (path, month), in logarithms.

    x(t) = (1 - a) x(t - 1) + log(1 + (g(t) - trend) / 12), a the adjustment of a month; x(0) is what `advance` left
    """
    pay, kept = model.income, 1.0 - model.income.adjustment_monthly
    follows = model.spending.follows_prices if "inflation" in macro else 0.0
    gaps = {
        "income_departure": read_macro(macro, "real_income_growth") - float(income_trend(macro, model)),
        "price_departure": follows * (read_macro(macro, "inflation") - pay.normal_inflation_annual) if follows else 0.0,
    }
    shape = (macro.sizes["path"], macro.sizes["month"])
    found = []
    for name, gap in gaps.items():
        growth = np.log1p(np.broadcast_to(gap, shape) / 12.0)
        before = np.full((shape[0], 1), kept * float(portfolio.attrs.get(name, 0.0)))
        found.append(lfilter([1.0], [1.0, -kept], growth, axis=1, zi=before)[0])
    return found[0], found[1]


def _last_year(macro: xr.Dataset, portfolio: xr.Dataset) -> Array:
    """Unemployment of the twelve months before the first (path, month): what `advance` left, else that of the start."""
    opening = np.repeat(opening_unemployment(macro, portfolio)[:, None], 12, axis=1)
    return np.broadcast_to(json.loads(portfolio.attrs.get("unemployment_last_year", "null")) or opening, opening.shape)


def unemployment_last_year(macro: xr.Dataset, portfolio: xr.Dataset) -> str:
    """Unemployment of the last twelve months of a single path, those before it included, as JSON."""
    months = np.concatenate([_last_year(macro, portfolio)[0], read_macro(macro, "unemployment_rate")[0]])
    return json.dumps(months[-12:].tolist())


def short_pay_notes(macro: xr.Dataset, portfolio: xr.Dataset, model: Model) -> list[str]:
    """Note of short hours that were derived from unemployment."""
    share = short_pay(macro, portfolio, model)[0].max()
    if share < SHORT_HOURS_NOTED or read_macro(macro, "furlough_share").any():
        return []
    hours = model.income
    each = f"for each point that unemployment rises in a year {hours.short_hours_share:g} % of the employed lose"
    return [
        f"short hours: {each} {hours.short_hours_loss:.0%} of pay, as the paths furlough nobody; or give furlough_share"
    ]


def short_pay(macro: xr.Dataset, portfolio: xr.Dataset, model: Model) -> tuple[Array, Array]:
    """Share of the employed on short pay, and the share of pay that they lose (path, month).

    Those furloughed by the macro path; where it furloughs nobody, short hours that come with a twelve-month rise of
    unemployment.
    """
    share, loss = read_macro(macro, "furlough_share"), read_macro(macro, "furlough_income_loss")
    unemployment = read_macro(macro, "unemployment_rate")
    earlier = np.concatenate([_last_year(macro, portfolio), unemployment], axis=1)
    hours = model.income.short_hours_share * np.maximum(unemployment - earlier[:, : unemployment.shape[1]], 0.0)
    none = ~share.any(axis=1, keepdims=True)
    return np.where(none, np.minimum(hours, 1.0), share), np.where(none, model.income.short_hours_loss, loss)


def lender_records(conditions: Conditions, model: Model) -> Array:
    """LENDER records (..., lender)."""
    contact, will = conditions.contact, model.willingness
    lenders = np.zeros(conditions.supply.shape, LENDER)
    for name in ("supply", "tightening", "recovery", "full_use", "warn_below", "freeze_below", "watches", "freezes"):
        lenders[name] = getattr(conditions, name)
    lenders["defer"] = threshold(conditions.deferral, 31)
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


def _windfalls(macro: xr.Dataset, portfolio: xr.Dataset) -> bool:
    """Whether a buffer is or can come to stand above its target."""
    above = portfolio["liquid_buffer"].values > portfolio["buffer_target"].values
    return bool(above.any()) or bool(read_macro(macro, "one_off_transfer").any())


def _model(model: Model, renewing: bool, window: int, windfalls: bool) -> Any:
    """The MODEL record."""
    income, spending, jobs, seen, new = (
        model.income, model.spending, model.employment, model.scoring, model.applications,
    )  # fmt: skip
    scale = np.float32(income.passing_sd_monthly / BYTES_SD)
    supply = model.credit_supply
    row = np.zeros((), MODEL)
    row["persistence"] = income.persistence_monthly
    row["width"] = income.lasting_sd_annual / math.sqrt(12.0) * math.sqrt(3.0)
    row["fall_keep"] = 1.0 - income.fall_size
    row["passing_scale"] = scale
    row["passing_centre"] = 1.0 / _mean_of_cubic(float(scale))
    row["frugal_cost"] = 1.0 - spending.cut_when_poor
    row["expense_mean"] = spending.expense_mean
    row["saving"], row["spend_excess"] = spending.saving_share, spending.excess_spent_monthly * windfalls
    row["tighten_middle"], row["tighten_slope"] = supply.middle_score, supply.score_slope
    row["low_pay"], row["forgone"] = income.low_pay, spending.forgone_share
    row["claim_fade"] = claim_fade(model)
    row["full_recovery"] = model.recovery.full_share
    row["partial_recovery"] = model.recovery.partial_mean
    row["apply"], row["apply_short"] = new.usual_monthly, new.short_monthly
    row["approve_from"], row["approve_slope"] = new.refused_below, 1.0 / (new.granted_above - new.refused_below)
    row["use_points"] = seen.use_points
    row["early_months"], row["benefit_months"] = jobs.early_months, jobs.benefit_months
    row["fall_from_16"] = 2**16 - threshold(income.fall_monthly, 16)
    row["renewing"], row["enter"] = renewing, threshold(new.entrants_monthly, 31)
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


def product_records(model: Model, names: list[str], unit: float) -> Array:
    """PRODUCT records of the named products, amounts in the book's unit of so much currency."""
    products = np.zeros(len(names), PRODUCT)
    for row, name in zip(products, names, strict=True):
        rules = model.products[name]
        row["minimum_share"] = rules.minimum_share
        row["late_rate"] = rules.late_rate_monthly
        row["recovery_hazard"] = rules.recovery_monthly
        row["rate_pass"] = rules.rate_pass_through
        row["revolving"] = rules.kind == "revolving"
        row["minimum_payment"] = round(rules.minimum_payment / unit * MINOR)
        row["prepay"] = threshold(1.0 - rules.prepayment_monthly, 31)
        row["write_off"] = rules.write_off_months
        row["relet"] = threshold(rules.relet_monthly, 31)
        row["effort"], row["bankrupt"] = rules.effort, threshold(rules.bankruptcy_share, 31)
    return products
