"""A portfolio as blocks of borrowers with the same list of loans, and back: labels stay here, the kernel gets records.

Borrowers whose loans are the same list of (lender, product), in the order in which they are paid, stand together.
The blocks are a function of the portfolio alone, and no result depends on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from stresslab.checks import advised, shown
from stresslab.engine.kernel.state import BORROWER_STATE, LANES, LOAN_STATE, Book, slot_table
from stresslab.engine.model import Model
from stresslab.schema import LARGER_UNIT, LARGEST_AMOUNT, MINOR, InputError, minor_units

Array = NDArray[Any]
MOST_LOANS = 60
"""Loans of one borrower; the kernel's salts leave room for 63."""
MEMORY_UNIT = 256
"""Parts in which the kernel counts what scores remember."""
OLDEST_CLAIM = 600
"""Months up to which something may be recovered; nothing is on an older claim, nor on one discharged in bankruptcy."""
WIDEST = 16
"""Slots of a block that lends room to several rare lists of loans."""


@dataclass(frozen=True)
class Blocks:
    """Records for the kernel, and where each borrower and loan of the portfolio stands in them.

    borrowers (block), loans (slot); first_slot (block + 1); segment, product, lender (slot)
    segments: labels "lender:product"; seat (borrower) = block * LANES + lane; place (loan) = slot * LANES + lane
    """

    borrowers: Array
    loans: Array
    first_slot: Array
    segment: Array
    product: Array
    lender: Array
    segments: list[tuple[str, str]]
    products: list[str]
    lenders: list[str]
    seat: Array
    place: Array

    @property
    def count(self) -> int:
        return len(self.first_slot) - 1

    def book(self, row_of: Array, segment: Array | None = None) -> Book:
        """The kernel's book, segments by the row of conditions that they read; `segment` (slot) : whose sums."""
        slots = slot_table(self.product, row_of[self.segment], self.segment if segment is None else segment)
        return Book(self.borrowers, self.loans, self.first_slot, slots)

    def of_borrowers(self, records: Array, name: str) -> Array:
        """A field of borrowers' records (block) in the order of the portfolio."""
        return np.asarray(records[name].reshape(-1)[self.seat])

    def of_loans(self, records: Array, name: str) -> Array:
        """A field of loans' records (slot) in the order of the portfolio."""
        return np.asarray(records[name].reshape(-1)[self.place])


def minor(amount: Array) -> Array:
    """Whole minor units nearest to amounts of currency.

    >>> minor(np.array([12.345, 0.1]))
    array([1234,   10], dtype=int32)
    """
    return minor_units(amount).astype(np.int32)


def build(portfolio: xr.Dataset, model: Model) -> Blocks:
    """Lay a portfolio out in blocks.

    portfolio : Dataset (borrower, loan), checked
    model : names the products' rules
    Raises InputError for unknown products, too many loans and amounts that 32 bits cannot hold.
    """
    labels, code = _segments(portfolio)
    products = sorted({product for _, product in labels})
    product_of = np.array([products.index(product) for _, product in labels])
    _refuse(portfolio, model, products, product_of[code])
    owner = portfolio["borrower"].values.astype(np.int64)
    ids = portfolio["borrower_id"].values.astype(np.int64)
    order = np.lexsort((np.arange(owner.size), code, portfolio["priority"].values, owner))
    rank = _rank_within(owner[order])
    lists, which = _lists(owner[order], rank, code[order], ids.size)
    wide = _wide_lists(lists, np.bincount(which, minlength=len(lists)))

    group_of = np.array([number for number, _ in wide])[which]
    seating = np.lexsort((ids, group_of))
    group = group_of[seating]
    seat, block_list = _seats(seating, group, dict(wide))
    first_slot = np.concatenate([[0], np.cumsum([len(sequence) for sequence in block_list])]).astype(np.int64)
    segment = np.array([s for sequence in block_list for s in sequence], np.int64)

    slot_in_list = [_embed(lists[w], wide[w][1]) for w in range(len(lists))]
    width = max(len(slots) for slots in slot_in_list)
    slot_table = np.array([[*slots, *[-1] * (width - len(slots))] for slots in slot_in_list])
    sorted_owner = owner[order]
    block_of_loan = seat[sorted_owner] // LANES
    slot = first_slot[block_of_loan] + slot_table[which[sorted_owner], rank]
    place = np.empty(owner.size, np.int64)
    place[order] = slot * LANES + seat[sorted_owner] % LANES
    salt = np.empty(owner.size, np.int64)
    salt[order] = rank + 1

    lenders = sorted({lender for lender, _ in labels})
    lender_of = np.array([lenders.index(lender) for lender, _ in labels])
    borrowers = _borrowers(portfolio, model, seat, len(block_list))
    loans = _loans(portfolio, model, products, product_of[code], place, salt, segment.size)
    return Blocks(
        borrowers, loans, first_slot, segment, product_of[segment], lender_of[segment], labels, products, lenders, seat,
        place,
    )  # fmt: skip


def _segments(portfolio: xr.Dataset) -> tuple[list[tuple[str, str]], Array]:
    """Labels (lender, product) in alphabetical order and the code of each loan."""
    lender, lenders = pd.factorize(portfolio["lender"].values.astype(object), sort=True)
    product, products = pd.factorize(portfolio["product"].values.astype(object), sort=True)
    code, pairs = pd.factorize(lender * len(products) + product, sort=True)
    return [(str(lenders[p // len(products)]), str(products[p % len(products)])) for p in pairs], code


def product_faults(portfolio: xr.Dataset, model: Model) -> list[str]:
    """Faults of products for which a model has no rules."""
    known = sorted(model.products)
    names = pd.unique(portfolio["product"].values.astype(object)) if "product" in portfolio.variables else []
    return [
        f"product: found {shown(name)}, expected one of {known}; "
        + advised(name, known, "add its rules to the model's products")
        for name in sorted(map(str, names))
        if name not in known
    ]


def _refuse(portfolio: xr.Dataset, model: Model, products: list[str], product: Array) -> None:
    """Faults that only the engine can see."""
    known, faults = sorted(model.products), product_faults(portfolio, model)
    owner = portfolio["borrower"].values
    many = np.bincount(owner, minlength=portfolio.sizes["borrower"])
    if (many > MOST_LOANS).any():
        faults.append(f"borrower: found {many.max()} loans of one borrower, expected at most {MOST_LOANS}; merge some")
    amounts = [portfolio[name].values for name in ("balance", "limit", "usual_balance", "instalment")]
    load = np.bincount(owner, 2.0 * np.maximum.reduce(amounts), portfolio.sizes["borrower"])
    pay = portfolio["income"].values * np.maximum(portfolio["pay_level"].values, 1.0)
    load = load + portfolio["liquid_buffer"].values + portfolio["necessities"].values + 10.0 * pay
    worst = int(load.argmax())
    if load[worst] > LARGEST_AMOUNT:
        faults.append(
            f"borrower {portfolio['borrower_id'].values[worst]}: found 2 x credit + buffer + costs + 10 x pay = "
            f"{load[worst]:,.2f}, expected <= {LARGEST_AMOUNT:,.2f} (32-bit minor units); {LARGER_UNIT}"
        )
    chance = model.spending.expense_monthly * portfolio["expense_risk"].values
    if chance.size and chance.max() > 1.0:
        found = f"found {portfolio['expense_risk'].values.max():g} with spending.expense_monthly"
        faults.append(
            f"expense_risk: {found} {model.spending.expense_monthly:g}, expected a chance of at most 1; lower either"
        )
    with_tenor = np.bincount(product, portfolio["tenor_months"].values > 0, len(products)) > 0
    for name in set(products) & set(known):
        kind = model.products[name].kind
        if with_tenor[products.index(name)] == (kind == "revolving"):
            expected = f"expected {'0' if kind == 'revolving' else 'above 0'} for {name!r}"
            faults.append(f"tenor_months: {expected}, which the model calls {kind}; correct tenor_months or kind")
    if faults:
        raise InputError("portfolio", faults)


def _rank_within(sorted_owner: Array) -> Array:
    """Position of each loan among its borrower's, loans sorted by borrower."""
    start = np.flatnonzero(np.r_[True, sorted_owner[1:] != sorted_owner[:-1]])
    return np.arange(sorted_owner.size) - np.repeat(start, np.diff(np.r_[start, sorted_owner.size]))


def _lists(owner: Array, rank: Array, code: Array, borrowers: int) -> tuple[list[tuple[int, ...]], Array]:
    """The distinct lists of segments, and which of them each borrower has."""
    which = np.zeros(borrowers, np.int64)
    base = int(code.max()) + 2
    for r in range(int(rank.max()) + 1):
        step = np.zeros(borrowers, np.int64)
        step[owner[rank == r]] = code[rank == r] + 1
        which = pd.factorize(which * base + step)[0]
    example = np.zeros(int(which.max()) + 1, np.int64)
    example[which] = np.arange(borrowers)
    first = np.searchsorted(owner, np.arange(borrowers + 1))
    return [tuple(int(c) for c in code[first[e] : first[e + 1]]) for e in example], which


def _wide_lists(lists: list[tuple[int, ...]], count: Array) -> list[tuple[int, tuple[int, ...]]]:
    """For each list the group it sits with and that group's slots: its own, or shared slots if the list is rare.

    A rare list (under half a block of borrowers) is embedded in a longer one, so that blocks are not mostly padding.
    """
    groups: list[tuple[int, ...]] = []
    chosen: dict[int, int] = {}
    for index in sorted(range(len(lists)), key=lambda i: lists[i]):
        if count[index] >= LANES // 2:
            groups.append(lists[index])
            chosen[index] = len(groups) - 1
    shared_from = len(groups)
    rare = [i for i in range(len(lists)) if i not in chosen]
    for index in sorted(rare, key=lambda i: (-len(lists[i]), lists[i])):
        for number in range(shared_from, len(groups)):
            merged = _merge(groups[number], lists[index])
            if len(merged) <= max(WIDEST, len(groups[number])):
                groups[number], chosen[index] = merged, number
                break
        else:
            groups.append(lists[index])
            chosen[index] = len(groups) - 1
    return [(chosen[i], groups[chosen[i]]) for i in range(len(lists))]


def _merge(long: tuple[int, ...], short: tuple[int, ...]) -> tuple[int, ...]:
    """A sequence in which both stand in their order: `short` is threaded greedily through `long`.

    >>> _merge((1, 2, 4), (2, 3, 4))
    (1, 2, 3, 4)
    """
    merged: list[int] = []
    at_long = 0
    for item in short:
        if item in long[at_long:]:
            place = long.index(item, at_long)
            merged += [*long[at_long:place]]
            at_long = place + 1
        merged.append(item)
    return (*merged, *long[at_long:])


def _embed(short: tuple[int, ...], long: tuple[int, ...]) -> list[int]:
    """Where each item of `short` stands in `long`, in order."""
    slots, begin = [], 0
    for item in short:
        begin = long.index(item, begin) + 1
        slots.append(begin - 1)
    return slots


def _seats(seating: Array, group: Array, slots_of: dict[int, tuple[int, ...]]) -> tuple[Array, list[tuple[int, ...]]]:
    """Seat of each borrower, groups in turn, each beginning a new block; and the slots of each block."""
    seat = np.empty(seating.size, np.int64)
    block_list: list[tuple[int, ...]] = []
    begins = np.flatnonzero(np.r_[True, group[1:] != group[:-1]])
    for begin, end in zip(begins, np.r_[begins[1:], group.size], strict=True):
        seat[seating[begin:end]] = len(block_list) * LANES + np.arange(end - begin)
        block_list += [slots_of[int(group[begin])]] * -(-(end - begin) // LANES)
    return seat, block_list


def _fill(fields: Mapping[str, Array], where: Array, count: int, kind: np.dtype[np.void]) -> Array:
    """Records of one kind, each value in its lane; lanes without an owner stay 0."""
    records = np.zeros(count, kind)
    for name, values in fields.items():
        records[name][np.divmod(where, LANES)] = values
    return records


def _borrowers(portfolio: xr.Dataset, model: Model, seat: Array, blocks: int) -> Array:
    p = {name: portfolio[name].values for name in portfolio.variables if portfolio[name].dims == ("borrower",)}
    jobless = np.where(p["employed"].astype(bool), 0, np.maximum(p["jobless_months"], 1))
    owner, owing = portfolio["borrower"].values, portfolio["balance"].values > 0
    ids = p["borrower_id"].astype(np.int64)
    chance = np.rint(model.spending.expense_monthly * p["expense_risk"] * 2.0**16).astype(np.int32)
    fields = {
        "id": ids & 0xFFFFFFFF,
        "id_high": ids >> 32,
        "necessities": minor(p["necessities"]),
        "buffer": minor(p["liquid_buffer"]),
        "buffer_target": minor(p["buffer_target"]),
        "jobless_months": jobless,
        "strategic": p["strategic"],
        "points": np.rint(p["score"]),
        "inquiries": np.rint(np.asarray(p["inquiries"], float) * MEMORY_UNIT),
        "open_loans": np.bincount(owner[owing], minlength=jobless.size),
        "income": np.asarray(p["income"], float) * MINOR,
        "pay_level": p["pay_level"],
        "job_loss_risk": p["job_loss_risk"],
        "household_support": p["household_support"],
        "insurance": p["insured"] * model.employment.benefit_share,
        "expense_16": chance,
        "expense_inverse": 1.0 / np.maximum(chance, 1),
    }
    return _fill(fields, seat, blocks, BORROWER_STATE)


def _loans(
    portfolio: xr.Dataset, model: Model, products: list[str], product: Array, place: Array, salt: Array, slots: int
) -> Array:
    v = {name: portfolio[name].values for name in portfolio.variables if portfolio[name].dims == ("loan",)}
    fading = np.array([fading_hazard(model, name) for name in products])
    ages = np.minimum(np.asarray(v["claim_months"], np.int64), OLDEST_CLAIM + 1)
    fields = {
        "balance": minor(v["balance"]),
        "overdue": minor(v["overdue"]),
        "missed": np.asarray(v["days_past_due"]) // 30,
        "remaining": v["remaining_months"],
        "instalment": minor(v["instalment"]),
        "limit": minor(v["limit"]),
        "usual": minor(v["usual_balance"]),
        "tenor": v["tenor_months"],
        "transactor": v["transactor"],
        "closed": v["written_off"],
        "claim": minor(v["claim"]),
        "salt": salt,
        "score": np.rint(portfolio["score"].values)[v["borrower"]] + v["score_change"],
        "memory": np.rint(np.asarray(v["recent_arrears"], float) * MEMORY_UNIT),
        "rate": np.asarray(v["annual_rate"], float) / 12.0,
        "claim_hazard": fading[product, ages],
    }
    return _fill(fields, place, slots, LOAN_STATE)


def fading_hazard(model: Model, product: str) -> Array:
    """Hazard of recovering a claim at ages 0 ... OLDEST_CLAIM months and beyond, multiplied out as in the kernel."""
    first = np.float32(model.products[product].recovery_monthly)
    return np.multiply.accumulate(np.r_[first, np.full(OLDEST_CLAIM, claim_fade(model)), 0.0].astype(np.float32))


def claim_fade(model: Model) -> np.float32:
    """Monthly factor on the hazard of recovering a claim: 2 ** (-1 / halving time), as float32."""
    return np.float32(2.0 ** (-1.0 / model.recovery.halving_months))


def read_back(blocks: Blocks, portfolio: xr.Dataset, model: Model) -> xr.Dataset:
    """The portfolio in the state that the kernel kept."""

    def borrower(name: str) -> Array:
        return blocks.of_borrowers(blocks.borrowers, name)

    def loan(name: str) -> Array:
        return blocks.of_loans(blocks.loans, name)

    def currency(values: Array) -> Array:
        return values / float(MINOR)

    jobless = borrower("jobless_months")
    closed, claim = loan("closed") > 0, loan("claim")
    hazard, product = loan("claim_hazard"), portfolio["product"].values.astype(str)
    age = np.zeros(claim.size, np.int64)
    for name in blocks.products:
        mine = (product == name) & (claim > 0)
        age[mine] = np.searchsorted(-fading_hazard(model, name), -hazard[mine])
    points = borrower("points")[portfolio["borrower"].values]
    new_values = {
        "liquid_buffer": currency(borrower("buffer")),
        "pay_level": borrower("pay_level").astype(float),
        "employed": jobless == 0,
        "jobless_months": jobless,
        "balance": currency(loan("balance")),
        "overdue": currency(loan("overdue")),
        "days_past_due": loan("missed") * 30,
        "remaining_months": loan("remaining"),
        "inquiries": borrower("inquiries") / MEMORY_UNIT,
        "score_change": loan("score") - points,
        "recent_arrears": loan("memory") / MEMORY_UNIT,
        "written_off": closed,
        "claim": currency(claim),
        "claim_months": np.where(claim > 0, age, 0),
    }
    return portfolio.assign({name: (portfolio[name].dims, values) for name, values in new_values.items()})
