"""Imputation of what a loan tape lacks: derived by identities, or drawn from donors for attributes of borrowers."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from stresslab.portfolio.describe import count_lenders
from stresslab.portfolio.validation import check_portfolio
from stresslab.schema import PORTFOLIO, InputError, minor_units, rounded

Array = NDArray[Any]
SCALED = ("necessities", "liquid_buffer", "buffer_target")
"""Amounts that are drawn relative to income."""


@dataclass
class Draft:
    """A portfolio in the making.

    values : what is known and sound, by loan or by borrower, and `borrower` of each loan
    given : names that the tape has, with or without a fault: neither derived nor drawn
    faults, derived, drawn : what went wrong, and how the rest was completed
    """

    values: dict[str, Array]
    given: set[str]
    faults: list[str]
    derived: list[str] = field(default_factory=list)
    drawn: list[str] = field(default_factory=list)

    def missing(self, dim: str) -> list[str]:
        """Names along a dimension that are neither given nor known."""
        known = {"borrower_id", "borrower", *self.given, *self.values}
        return [name for name, want in PORTFOLIO.items() if want.dims == (dim,) and name not in known]


@dataclass(frozen=True)
class Identity:
    """Variable that others define; not a number where they do not."""

    name: str
    needs: tuple[str, ...]
    value: Callable[..., Array]
    undefined: str = ""


def months_of_payment(rate: Array, months: Array) -> Array:
    """Present value of one unit of currency a month: (1 - (1 + r)^-n) / r with r = rate / 12, n where r is 0."""
    monthly = np.asarray(rate, float) / 12.0
    discount = -np.expm1(-np.asarray(months, float) * np.log1p(monthly))
    value: Array = np.divide(discount, monthly, out=np.array(months, float), where=monthly > 0)
    return value


def _granted(instalment: Array, rate: Array, tenor: Array) -> Array:
    return np.where(tenor > 0, rounded(instalment * months_of_payment(rate, tenor)), np.nan)


def _instalment(limit: Array, rate: Array, tenor: Array) -> Array:
    annuity = months_of_payment(rate, np.maximum(tenor, 1))
    return np.where(tenor > 0, rounded(limit / annuity), 0.0)


def _usual_balance(balance: Array, limit: Array, tenor: Array) -> Array:
    return np.where(tenor == 0, balance, limit)


def _overdue(days: Array, tenor: Array, remaining: Array, instalment: Array, balance: Array) -> Array:
    unpaid = np.maximum(1, days // 30)
    late = np.where(remaining > 0, np.minimum(instalment * unpaid, balance), balance)
    return np.where(days == 0, 0.0, np.where(tenor > 0, late, np.nan))


NOTHING_REMEMBERED = ("recent_arrears", "score_change", "inquiries")
"""Memory of scores, never required: if it cannot be derived, the fault is that of what it derives from."""
IDENTITIES = (
    Identity("own_share", ("balance",), lambda balance: np.ones(balance.size)),
    Identity("written_off", ("balance",), lambda balance: np.zeros(balance.size, bool)),
    Identity("remaining_months", ("tenor_months",), lambda n: np.where(n == 0, 0.0, np.nan), "instalment loans"),
    Identity("transactor", ("tenor_months",), lambda n: np.where(n > 0, 0.0, np.nan), "revolving loans"),
    Identity("limit", ("instalment", "annual_rate", "tenor_months"), _granted, "revolving loans"),
    Identity("instalment", ("limit", "annual_rate", "tenor_months"), _instalment),
    Identity("usual_balance", ("balance", "limit", "tenor_months"), _usual_balance),
    Identity(
        "overdue",
        ("days_past_due", "tenor_months", "remaining_months", "instalment", "balance"),
        _overdue,
        "revolving loans past due",
    ),
    Identity("recent_arrears", ("days_past_due",), lambda days: days // 30),
    Identity("score_change", ("balance",), lambda balance: np.zeros(balance.size)),
    Identity("inquiries", ("borrower",), lambda owner: np.zeros(int(owner.max(initial=-1)) + 1)),
    Identity("claim", ("written_off",), lambda closed: np.where(closed != 0, np.nan, 0.0), "loans written off"),
    Identity("claim_months", ("claim",), lambda claim: np.where(claim > 0, np.nan, 0.0), "claims"),
    Identity("employed", ("jobless_months",), lambda months: months == 0),
    Identity("jobless_months", ("employed",), lambda employed: np.where(employed != 0, 0.0, np.nan), "the jobless"),
    Identity("pay_level", ("income",), lambda income: np.ones(income.size)),
)


def derive(draft: Draft, own_lender: str, donors: xr.Dataset | None) -> None:
    """Complete a draft by identities, in the order of `read_portfolio`'s notes; what a loan still lacks is a fault.

    own_lender: lender where the tape names none. donors: a portfolio without faults, or None.
    """
    lender = Identity("lender", ("balance",), lambda balance: np.full(balance.size, own_lender))
    for identity in (lender, *IDENTITIES, _priority(donors)):
        name = identity.name
        if name in draft.given:
            continue
        if not all(need in draft.values for need in identity.needs):
            draft.given |= {name} & {*NOTHING_REMEMBERED}
            continue
        value = identity.value(*(draft.values[need] for need in identity.needs))
        undefined = np.flatnonzero(np.isnan(value)) if value.dtype.kind == "f" else np.empty(0, int)
        if undefined.size:
            where = f"for {identity.undefined} (position {undefined[0]}, {undefined.size:,} in all)"
            draft.faults.append(f"{name}: missing, and not defined {where}; map a column or give a constant")
            draft.given.add(name)
        else:
            draft.values[name] = value
            draft.derived.append(name)
    draft.faults += [f"{_absent(name)}; map a column or give a constant" for name in draft.missing("loan")]


def _absent(name: str) -> str:
    want = PORTFOLIO[name]
    return f"{name}: missing, expected {want.meaning}" + (f" [{want.unit}]" if want.unit else "")


def _priority(donors: xr.Dataset | None) -> Identity:
    """The order of payment: the donors' by product, else short finite debts before revolving ones."""
    if donors is None:
        return Identity("priority", ("tenor_months",), lambda n: np.where(n == 0, 1.0, 0.0))
    products = donors["product"].values.astype(str)
    order = {str(p): float(np.median(donors["priority"].values[products == p])) for p in np.unique(products)}
    of_product = np.vectorize(lambda product: order.get(str(product), np.nan), otypes=[float])
    return Identity("priority", ("product",), of_product, f"products other than the donors' {sorted(order)}")


def donor_faults(donors: xr.Dataset) -> list[str]:
    """Faults of a portfolio whose borrowers' attributes are to be drawn."""
    try:
        check_portfolio(donors)
    except InputError as error:
        return [f"donors: {fault}" for fault in error.faults]
    poor = int((donors["income"].values <= 0).sum())
    return [f"donors: found {poor:,} borrowers without income, expected none; drop them"] if poor else []


def draw(draft: Draft, donors: xr.Dataset | None, currency: str, seed: int | None) -> int | None:
    """Complete a draft's borrowers, each from one donor, so that attributes stay joint; returns the seed or None.

    Without donors what is missing is a fault, and so is a drawn income in another currency. `donor_of` chooses the
    donor.
    """
    missing = draft.missing("borrower")
    if not missing:
        return None
    if donors is None:
        way = "map a column, give a constant, or pass donors= (a synthetic portfolio) to draw it from"
        draft.faults += [f"{_absent(name)}; {way}" for name in missing]
        return None
    fixed = [name for name in SCALED if name in draft.given]
    if "income" in missing and fixed:
        draft.faults.append(
            f"income: missing while {fixed} are given, expected it too: a drawn income does not fit them"
        )
    if "income" in missing and donors.attrs["currency"] != currency:
        found = f"income: missing, and the donors' is in {donors.attrs['currency']!r}"
        draft.faults.append(f"{found}, expected {currency!r}; map a column or pass donors in that currency")
    needed = ("borrower", "lender", "balance", *(() if "income" in missing else ("income",)))
    if draft.faults or not all(name in draft.values for name in needed):
        return None
    seed = secrets.randbits(63) if seed is None else int(seed)
    lenders, debt = _standing(draft.values, int(draft.values["borrower"].max()) + 1)
    donor_lenders, donor_debt = _standing(donors, donors.sizes["borrower"])
    size, donor_size = (debt, donor_debt) if "income" in missing else (draft.values["income"], donors["income"].values)
    chosen = donor_of(lenders, size, donor_lenders, donor_size, np.random.Generator(np.random.PCG64(seed)))
    taken = {name: donors[name].values[chosen] for name in missing}
    if "income" not in missing:
        scale = size / donors["income"].values[chosen]
        taken |= {name: rounded(taken[name] * scale) for name in SCALED if name in taken}
    draft.values |= taken
    draft.drawn = missing
    return seed


def donor_of(lenders: Array, size: Array, donor_lenders: Array, donor_size: Array, rng: np.random.Generator) -> Array:
    """A donor for each borrower: with the same or the nearest number of lenders, and of the same rank by size there.

    lenders, size (borrower); donor_lenders, donor_size (donor)
    Returns positions of donors (borrower). Rank i of n meets a donor drawn from ranks i m / n ... (i + 1) m / n of m:
    over all borrowers, every donor with that number of lenders is as likely as any other.

    >>> rng = np.random.Generator(np.random.PCG64(1))
    >>> donor_of(np.array([1, 9, 1]), np.array([5, 1, 2]), np.array([1, 1, 3]), np.array([70, 80, 60]), rng)
    array([1, 2, 0])
    """
    counts = np.unique(donor_lenders)
    nearest = counts[np.abs(lenders[:, None] - counts).argmin(axis=1)]
    luck = rng.random(lenders.size)
    chosen = np.empty(lenders.size, np.int64)
    for count in np.unique(nearest):
        here, pool = np.flatnonzero(nearest == count), np.flatnonzero(donor_lenders == count)
        here, pool = here[np.argsort(size[here], kind="stable")], pool[np.argsort(donor_size[pool], kind="stable")]
        place = (np.arange(here.size) + luck[here]) / here.size * pool.size
        chosen[here] = pool[np.minimum(place.astype(np.int64), pool.size - 1)]
    return chosen


def _standing(book: Mapping[Any, Any], borrowers: int) -> tuple[Array, Array]:
    """Number of lenders and total balance of each borrower; sums of minor units do not depend on the order of loans."""
    owner = np.asarray(book["borrower"], np.int64)
    debt = np.bincount(owner, minor_units(book["balance"]), borrowers)
    return count_lenders(owner, np.asarray(book["lender"]), borrowers), debt
