"""Parameters of the reference: what holds for everybody, for a product, in a month, at a lender.

Fields are those of the records in `engine.kernel.state`, where each has its unit: shares and hazards are float32,
chances of rare events integers of 2**16 or 2**31.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np

from stresslab.engine.packing import Packed
from stresslab.reference.numbers import f32


class FromRecord:
    """A dataclass with the fields of a record."""

    @classmethod
    def from_record(cls, record: Any, **more: Any) -> Self:
        """Whole numbers as Python integers, arrays as tuples of them, the rest as float32."""
        names = [item.name for item in fields(cls) if item.name not in more]  # type: ignore[arg-type]
        return cls(**{name: plain(record[name]) for name in names}, **more)


def plain(value: Any) -> Any:
    """A field of a record as a Python number."""
    values = np.asarray(value)
    if values.ndim:
        return tuple(values.tolist())
    return f32(value) if values.dtype.kind == "f" else int(value)


@dataclass(frozen=True)
class Product(FromRecord):
    """Rules of a product."""

    revolving: int
    minimum_share: f32
    minimum_payment: int
    late_rate: f32
    rate_pass: f32
    effort: f32
    prepay: int
    write_off: int
    relet: int
    bankrupt: int
    recovery_hazard: f32


@dataclass(frozen=True)
class Lender(FromRecord):
    """Conditions of a lender and product in a month: supply, collections, early warnings, deferral, offers of plans."""

    supply: f32
    tightening: f32
    supply_16: int
    recovery: f32
    forget: int
    misread: int
    strategy: int
    resolved: int
    give_up: tuple[int, ...]
    full_use: f32
    warn_below: int
    freeze_below: int
    watches: int
    freezes: int
    defer: int
    offer: tuple[int, ...]


@dataclass(frozen=True)
class Month(FromRecord):
    """The economy in a month: jobs, pay, prices, the policy rate, and the conditions of each lender and product."""

    separation: f32
    find_early: f32
    find_late: f32
    wage: f32
    price: f32
    transfer: f32
    keep: f32
    furlough_16: int
    rate_move: f32
    lenders: tuple[Lender, ...]


@dataclass(frozen=True)
class Programme(FromRecord):
    """Terms of a restructuring programme."""

    rate_kept: f32
    forgiven: f32
    fee: f32
    from_depth: int
    to_depth: int
    extension: int
    holiday: int
    probation: int
    unkept: tuple[int, ...]


@dataclass(frozen=True)
class Model(FromRecord):
    """Parameters that hold for everybody in every month."""

    early_months: int
    benefit_months: int
    persistence: f32
    width: f32
    fall_from_16: int
    fall_keep: f32
    passing_scale: f32
    passing_centre: f32
    low_pay: f32
    frugal_cost: f32
    expense_mean: f32
    saving: f32
    spend_excess: f32
    forgone: f32
    renewing: int
    apply: f32
    apply_short: f32
    approve_from: f32
    approve_slope: f32
    tighten_middle: f32
    tighten_slope: f32
    enter: int
    use_points: f32
    arrears_points: int
    loan_points: int
    inquiry_points: int
    forget_arrears: int
    forget_inquiries: int
    sicr_drop: int
    warning_window: int
    broken_resolve: int
    claim_fade: f32
    full_recovery: f32
    partial_recovery: f32
    programmes: tuple[Programme, ...]


NEUTRAL = Lender(
    supply=f32(1), tightening=f32(0), supply_16=2**16, recovery=f32(1), forget=0, misread=0, strategy=0, resolved=0,
    give_up=(0,), full_use=f32(np.inf), warn_below=-(2**31), freeze_below=-(2**31), watches=0, freezes=0, defer=0,
    offer=(),
)  # fmt: skip
"""A lender before the first month."""


def model_of(packed: Packed) -> Model:
    """What holds for everybody."""
    programmes = tuple(Programme.from_record(row) for row in packed.rules.programmes)
    return Model.from_record(packed.rules.model, programmes=programmes)


def products_of(packed: Packed, names: list[str]) -> dict[str, Product]:
    """Rules by product name."""
    return {name: Product.from_record(row) for name, row in zip(names, packed.rules.products, strict=True)}


def month_of(packed: Packed, path: int, t: int) -> Month:
    """Month t of a path, counted from 0."""
    rows = [Lender.from_record(row) for row in packed.lenders[path, t]]
    return Month.from_record(packed.months[path, t], lenders=tuple(rows[row] for row in packed.row_of))
