"""Imputation of what a loan tape lacks: derived by identities, or drawn from donors for attributes of borrowers."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from stresslab.checks import number_faults
from stresslab.portfolio.describe import count_lenders
from stresslab.portfolio.identity import luck
from stresslab.portfolio.validation import check_portfolio
from stresslab.schema import MINOR, PORTFOLIO, InputError, minor_units, rounded

Array = NDArray[Any]
SCALED = ("necessities", "liquid_buffer", "buffer_target")
"""Amounts that are drawn relative to income."""
DONOR = 0
"""Use of a borrower's luck: which donor."""
NEIGHBOURS = 0.05
"""Share of the donors of a kind among whom one is drawn."""
ARREARS = (0, 1, 90)
"""Days past due from which a borrower counts as current, in arrears, in default."""
HIGHEST_DEBT_SERVICE = 0.5
"""Instalments over income, in the median, above which drawn incomes are refused."""


@dataclass
class Draft:
    """A portfolio in the making.

    values : what is known and sound, by loan or by borrower, and `borrower` of each loan
    given : names that the tape has, with or without a fault: neither derived nor drawn
    faults, derived, drawn : what went wrong, and how the rest was completed
    afresh : borrowers who start with a job and their usual buffer, as all of their loans are new
    """

    values: dict[str, Array]
    given: set[str]
    faults: list[str]
    derived: list[str] = field(default_factory=list)
    drawn: list[str] = field(default_factory=list)
    afresh: int = 0

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
    alike = [] if donors is not None else [Identity("expense_risk", ("income",), lambda income: np.ones(income.size))]
    for identity in (lender, *IDENTITIES, *alike, _priority(donors)):
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
            draft.faults.append(f"{_absent(name)}, which is not defined {where}; map a column or give a constant")
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


def draw(
    draft: Draft, donors: xr.Dataset | None, currency: str, exchange_rate: float | None, seed: int | None
) -> int | None:
    """Complete a draft's borrowers, each from one donor, so that attributes stay joint; returns the seed or None.

    Without donors what is missing is a fault, and so is a drawn income that leaves no room for the debts. `donor_of`
    chooses the donor. exchange_rate : units of currency for one unit of the donors'.
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
        found = f"income: missing while {fixed} are given"
        draft.faults.append(f"{found}, expected it too, as a drawn income does not fit them; map a column")
    draft.faults += rate_faults(donors.attrs["currency"], currency, exchange_rate)
    needed = ("borrower", "lender", "balance", *(() if "income" in missing else ("income",)))
    if draft.faults or not all(name in draft.values for name in needed):
        return None
    seed = secrets.randbits(63) if seed is None else int(seed)
    borrowers, rate = draft.values["borrower_id"].size, exchange_rate or 1.0
    lenders, debt, arrears = _standing(draft.values, borrowers)
    donor_lenders, donor_debt, donor_arrears = _standing(donors, donors.sizes["borrower"])
    donor_income = donors["income"].values * rate
    size, donor_size = (debt, donor_debt * rate) if "income" in missing else (draft.values["income"], donor_income)
    chance = luck(draft.values["borrower_id"], seed, DONOR)
    chosen = donor_of(np.stack([lenders, arrears]), size, np.stack([donor_lenders, donor_arrears]), donor_size, chance)
    scale = rate if "income" in missing else size / donor_income[chosen] * rate
    taken = {name: donors[name].values[chosen] for name in missing}
    taken |= {name: rounded(taken[name] * scale) for name in ("income", *SCALED) if name in taken}
    draft.values |= taken
    draft.drawn = missing
    _start_afresh(draft)
    _refuse_debt_service(draft)
    return seed


def rate_faults(theirs: str, ours: str, exchange_rate: float | None) -> list[str]:
    """Fault of donors whose amounts are in another currency, or of a rate between equal ones."""
    if theirs == ours and exchange_rate is None:
        return []
    if theirs == ours:
        return [f"exchange_rate: found {exchange_rate!r} between {ours!r} and itself, expected none; drop it"]
    if exchange_rate is None:
        ask = f"pass exchange_rate= (units of {ours} that buy what one {theirs} buys), or donors in {ours}"
        return [f"donors: found amounts in {theirs!r}, expected {ours!r} as in the tape; {ask}"]
    return number_faults("exchange_rate", exchange_rate, 1e9, f"units of {ours} for one {theirs}", low=1e-9)


def donor_of(kind: Array, size: Array, donor_kind: Array, donor_size: Array, chance: Array) -> Array:
    """A donor for each borrower, of like kind and size: a function of that borrower and the donors alone.

    kind (2, borrower) : number of lenders, and `ARREARS` of the worst loan; donor_kind (2, donor)
    size (borrower), donor_size (donor) : income, or total balance
    chance (borrower) : uniform in [0, 1)
    Returns positions of donors (borrower): one of the `NEIGHBOURS` nearest in size among those in the same arrears with
    the same, or the nearest, number of lenders; where no donor is in such arrears, among all. Of these neighbours it is
    the one whose rank leaves the borrower's residue, so that a borrower whose size hardly moves keeps the donor.

    >>> kind, donor_kind = np.array([[1, 9, 1], [0, 0, 0]]), np.array([[1, 1, 3], [0, 0, 0]])
    >>> donor_of(kind, np.array([79, 1, 2]), donor_kind, np.array([70, 80, 60]), np.array([0.9, 0.5, 0.1]))
    array([1, 2, 0])
    """
    chosen = np.empty(size.size, np.int64)
    for arrears in np.unique(kind[1]):
        pool = np.flatnonzero(donor_kind[1] == arrears)
        pool = pool if pool.size else np.arange(donor_size.size)
        counts = np.unique(donor_kind[0, pool])
        here = np.flatnonzero(kind[1] == arrears)
        nearest = counts[np.abs(kind[0, here, None] - counts).argmin(axis=1)]
        for count in np.unique(nearest):
            alike = pool[donor_kind[0, pool] == count]
            alike = alike[np.argsort(donor_size[alike], kind="stable")]
            mine = here[nearest == count]
            room = max(1, int(NEIGHBOURS * alike.size))
            first = np.searchsorted(donor_size[alike], size[mine]) - room // 2
            first = np.clip(first, 0, alike.size - room)
            residue = (chance[mine] * room).astype(np.int64)
            chosen[mine] = alike[first + (residue - first) % room]
    return chosen


def _standing(book: Mapping[Any, Any], borrowers: int) -> tuple[Array, Array, Array]:
    """Number of lenders, total balance and `ARREARS` of each borrower; no sum depends on the order of loans."""
    owner = np.asarray(book["borrower"], np.int64)
    debt = np.bincount(owner, minor_units(book["balance"]), borrowers) / MINOR
    late = np.searchsorted(ARREARS, np.asarray(book["days_past_due"]), side="right") - 1
    late = np.where(np.asarray(book["written_off"]) != 0, len(ARREARS) - 1, late)
    worst = np.zeros(borrowers, np.int64)
    np.maximum.at(worst, owner, late)
    return count_lenders(owner, np.asarray(book["lender"]), borrowers), debt, worst


def _start_afresh(draft: Draft) -> None:
    """Borrowers whose loans have all just been granted have a job and their usual buffer, as lenders look at both."""
    values = draft.values
    tenor, new = values["tenor_months"], values["remaining_months"] == values["tenor_months"]
    fresh = (tenor > 0) & new & (values["days_past_due"] == 0)
    aged = np.bincount(values["borrower"], ~fresh, values["borrower_id"].size) > 0
    buffer = values["buffer_target"]
    start: dict[str, Any] = {"employed": True, "jobless_months": 0, "liquid_buffer": buffer, "pay_level": 1.0}
    for name in set(draft.drawn) & set(start):
        values[name] = np.where(aged, values[name], start[name])
    draft.afresh = int((~aged).sum())


def _refuse_debt_service(draft: Draft) -> None:
    """Fault of drawn incomes of which debts take more than half in the median: donors who do not fit the tape."""
    if "income" not in draft.drawn:
        return
    values = draft.values
    instalment = np.minimum(values["instalment"], values["balance"]) * (values["remaining_months"] > 0)
    service = np.bincount(values["borrower"], instalment, values["income"].size)
    share = float(np.median(service / values["income"]))
    if share > HIGHEST_DEBT_SERVICE:
        found = f"income: missing, and the donors' leaves instalments of {share:.0%} of income in the median"
        draft.faults.append(
            f"{found}, expected less than {HIGHEST_DEBT_SERVICE:.0%}; map a column or pass other donors"
        )
