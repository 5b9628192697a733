"""A month of the loans in vectorised NumPy, for `numpy_twin`: bills, applications, payments, arrears, scores, sums."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stresslab.engine.kernel.payments import APPLY_SALT, BANKRUPT_SALT, CLAIM_SALT, ENTER_SALT, RELET_SALT
from stresslab.engine.kernel.state import DEPTHS
from stresslab.engine.packing import Packed
from stresslab.schema import BUCKETS, CAUSES, bucket_of

from .numpy_people import GOLDEN, HALF, LOW, ONE, UNIT_24, Month, People, money, spread

Array = NDArray[Any]


MOVES = {name: name for name in ("balance", "missed", "remaining", "claim", "memory", "fallen")}
MOVES |= {"arrears": "overdue", "shut": "closed", "hazard": "claim_hazard"}
"""What changes from month to month, and the fields that it opens with."""


class Slot:
    """Loans of one lender and product that are paid at the same turn, at most one of each borrower of a chunk.

    owner : positions of their borrowers in the chunk, rising
    fallen : points of the score that lenders use below the application's
    fresh, vacant : first due date this month; nothing owed, and to be applied for
    """

    # what `reopen` copies from the opening state, see `MOVES`
    balance: Array
    missed: Array
    remaining: Array
    claim: Array
    memory: Array
    fallen: Array
    arrears: Array
    shut: Array
    hazard: Array

    def __init__(self, packed: Packed, product: int, segment: int, owner: Array, rows: dict[str, Array]) -> None:
        self.product, self.segment, self.owner = product, segment, owner
        self.rules = packed.rules.products[product]
        self.revolving = bool(self.rules["revolving"] > 0)
        together = int(owner[-1] - owner[0]) == owner.size - 1
        self.where: Any = slice(int(owner[0]), int(owner[-1]) + 1) if together else owner
        self.rate, self.limit, self.usual, self.tenor = (rows[n] for n in ("rate", "limit", "usual", "tenor"))
        self.instalment, self.part_payer, self.strategic = (
            rows["instalment"],
            rows["transactor"] == 0,
            rows["strategic"],
        )
        self.points = rows["points"]
        self.reach = (rows["necessities"] * self.rules["effort"]).astype(np.int32) if self.rules["effort"] > 0 else None
        rows["fallen"] = rows["points"] - rows["score"]
        self.opening = {name: rows[field] for name, field in MOVES.items()}
        self.salts = (rows["salt"].astype(np.int64) * GOLDEN & LOW).astype(np.uint32)
        self.salt = self.salts[0] if (self.salts == self.salts[0]).all() else self.salts
        self.has_line = self.limit > 0
        self.lines, self.lineless = int(self.has_line.sum()), (~self.has_line).nonzero()[0]
        self.exact = int(self.limit.max()) < 2**24  # float32 then holds every amount to be spent
        self.whole_line = np.maximum(self.limit, 1).astype(np.float32)
        self.due, self.payable, self.drawn, self.owed, self.interest = (
            np.zeros(owner.size, np.int32) for _ in range(5)
        )
        self.word = np.zeros(owner.size, np.uint32)

    def reopen(self) -> None:
        """Back to the opening state, at the start of a path."""
        vars(self).update({name: rows.copy() for name, rows in self.opening.items()})
        # A book may begin with arrears of under 30 days; at a month's end whoever has arrears has missed a due date.
        self.late, self.closed, self.claims = (
            rows.nonzero()[0] for rows in (self.missed | self.arrears, self.shut, self.claim)
        )
        self.total = int(self.balance.sum(dtype=np.int64))
        self.owing = self.balance > 0
        nothing = np.zeros(0, np.int64)
        self.fresh = self.applied = self.vacant = nothing
        if not self.revolving:
            self.fresh = (self.remaining == self.tenor).nonzero()[0]
            self.vacant = (((self.balance | self.shut) == 0) & (self.usual > 0)).nonzero()[0]

    def take(self, values: Array, out: Array) -> Array:
        """The owners' values: a view where they stand together."""
        if isinstance(self.where, slice):
            return values[self.where]
        return np.take(values, self.where, out=out, mode="clip")

    def put(self, values: Array, taken: Array) -> None:
        """Values taken and changed back to the owners."""
        if not isinstance(self.where, slice):
            values[self.where] = taken

    def of(self, people: Array) -> tuple[Array, Array]:
        """Those of some borrowers (rising) who have a loan here, and where it stands."""
        spot = np.minimum(self.owner.searchsorted(people), self.owner.size - 1)
        has = self.owner[spot] == people
        return people[has], spot[has]

    def grant(self, few: Array) -> int:
        """New loans of the usual amount; returns what they come to."""
        usual = self.usual[few]
        self.balance[few], self.remaining[few] = usual, self.tenor[few]
        return int(usual.sum(dtype=np.int64))

    def draws(self, m: Month, few: Array, use: int = 0) -> Array:
        """A uniform word of each of a few loans, for a use."""
        word = m.words[3][self.owner[few]] + self.salts[few]
        word += np.uint32(use * GOLDEN & LOW)
        return spread(word, 0, word, np.empty_like(word))


def careless(slot: Slot, few: Array, lender: Any, first: Array | np.int32) -> Array:
    """Chance (of 2**31) that a few of them forget, misread the terms at the `first` due date or stop by choice."""
    chance: Array = lender["forget"] + first * lender["misread"] + slot.strategic[few] * lender["strategy"]
    return chance


def intend(slot: Slot, m: Month, s: Month, lender: Any) -> None:
    """What each means to pay: all that is due, or nothing."""
    word, late, fresh = spread(slot.take(m.words[3], s.u), slot.salt, slot.word, s.v), slot.late, slot.fresh
    np.copyto(slot.payable, slot.due)
    np.less(word, slot.take(m.careless, s.u), out=s.mask)
    slot.payable[s.mask.nonzero()[0]] = 0
    if fresh.size:
        slot.payable[fresh[(word[fresh] >> 1).view(np.int32) < careless(slot, fresh, lender, np.int32(1))]] = 0
    if late.size:
        missed = slot.missed[late]
        tired = np.maximum(lender["give_up"][np.minimum(missed, DEPTHS - 1)], slot.strategic[late] * lender["resolved"])
        tired *= missed > 0
        first = (slot.remaining[late] == slot.tenor[late]) & (slot.tenor[late] > 0)
        tries = (word[late] >> 1).view(np.int32) >= np.maximum(tired, careless(slot, late, lender, first))
        slot.payable[late] = slot.due[late] * tries
    m.need[slot.where] += slot.payable


def bill_revolving(slot: Slot, m: Month, s: Month, lender: Any, model: Any) -> None:
    """Minimum payment and ordinary spending."""
    share, floor, late, drawn = slot.rules["minimum_share"], slot.rules["minimum_payment"], slot.late, slot.drawn
    np.copyto(s.f, slot.balance, casting="unsafe")
    np.multiply(s.f, share, out=s.f)
    np.add(s.f, HALF, out=s.f)
    np.copyto(slot.due, s.f, casting="unsafe")
    np.maximum(slot.due, floor, out=slot.due)
    np.minimum(slot.due, slot.balance, out=slot.due)
    if late.size:
        bill = slot.balance[late] - slot.arrears[late]
        least = np.maximum(money(bill.astype(np.float32) * share), floor)
        slot.due[late] = slot.arrears[late] + np.minimum(least, bill)
    intend(slot, m, s, lender)
    np.subtract(slot.usual, slot.balance, out=s.i)
    np.add(s.i, slot.due, out=s.i)
    np.copyto(drawn, slot.usual)
    np.copyto(drawn, s.i, where=slot.part_payer)
    np.subtract(slot.limit, slot.balance, out=s.i)
    np.greater_equal(slot.take(m.cash, s.cash), slot.balance, out=s.mask)
    np.greater(s.mask, slot.part_payer, out=s.mask)
    np.copyto(s.i, slot.limit, where=s.mask)
    np.minimum(drawn, s.i, out=drawn)
    np.maximum(drawn, 0, out=drawn)
    drawn[late[slot.missed[late] > 0]] = 0
    drawn[slot.closed] = 0
    supply = lender["supply"] if model["renewing"] > 0 else np.float32(0.0)
    if slot.exact and supply == ONE:
        m.cash[slot.where] += drawn
        return
    room = np.maximum((s.i.astype(np.float32) * supply).astype(np.int32), 0)
    cut = drawn - np.minimum(drawn, room)
    settled = np.where(slot.part_payer, slot.due, slot.balance) * (slot.payable > 0)
    m.cash[slot.where] += (
        drawn - cut + (np.minimum(cut, settled).astype(np.float32) * model["forgone"]).astype(np.int32)
    )
    np.subtract(drawn, cut, out=drawn)


def bill_instalment(slot: Slot, m: Month, s: Month, lender: Any) -> None:
    """Interest and instalment, the whole balance at maturity."""
    late = slot.late
    np.copyto(s.f, slot.balance, casting="unsafe")
    np.multiply(s.f, slot.rate, out=s.f)
    np.add(s.f, HALF, out=s.f)
    np.copyto(slot.interest, s.f, casting="unsafe")
    np.add(slot.balance, slot.interest, out=slot.owed)
    np.minimum(slot.instalment, slot.owed, out=slot.due)
    if late.size:
        slot.due[late] = np.minimum(slot.arrears[late] + slot.instalment[late], slot.owed[late])
    np.less_equal(slot.remaining, 1, out=s.mask)
    np.copyto(slot.due, slot.owed, where=s.mask)
    intend(slot, m, s, lender)


def draw_on_lines(slots: list[Slot], m: Month, lender: Any) -> None:
    """Those short of cash draw on lines that are open and not in arrears."""
    np.greater(m.need, m.cash, out=m.mask)
    short = m.mask.nonzero()[0]
    for slot in slots:
        who, here = slot.of(short)
        lack = m.need[who] - m.cash[who]
        free = slot.limit[here] - slot.balance[here] - slot.drawn[here]
        room = (free.astype(np.float32) * lender["supply"]).astype(np.int32)
        usable = (room > 0) & (lack > 0) & ((slot.missed[here] | slot.shut[here]) == 0)
        extra = np.minimum(lack, room) * usable
        slot.drawn[here] += extra
        m.cash[who] += extra


def apply_for_credit(slot: Slot, people: People, m: Month, lender: Any, model: Any) -> None:
    """Where nothing is owed borrowers apply, often if short of cash; a grant to those pays this month's bills."""
    most = max(model["apply"], model["apply_short"])
    u = (slot.draws(m, slot.vacant, APPLY_SALT) >> 8).astype(np.float32) * UNIT_24
    some = u < most
    here, u = slot.vacant[some], u[some]
    owner = slot.owner[here]
    short = m.need[owner] > m.cash[owner]
    usual = np.where(people.jobless[owner] == 0, model["apply"], np.float32(0.0))
    wish = np.where(short, model["apply_short"], usual)
    m.asked.append(owner[u < wish])
    score = (slot.points[here] - slot.fallen[here]).astype(np.float32)
    passed = (score - model["approve_from"]) * model["approve_slope"]
    granted = u < wish * (np.minimum(np.maximum(passed, np.float32(0.0)), ONE) * lender["supply"])
    slot.applied = here[granted]
    helped = granted & short
    m.cash[owner[helped]] += slot.usual[here[helped]]


def pay_revolving(slot: Slot, m: Month, s: Month, moved: Array, sums: Any) -> Array:
    """Pay the bill; interest runs on what is left. Returns how late those were before who paid too little.

    moved : the policy rate since month 1, a twelfth of it
    """
    cash, need, paid, rest = slot.take(m.cash, s.cash), slot.take(m.need, s.need), s.j, s.i
    np.maximum(cash if slot.reach is None else cash + slot.reach, 0, out=paid)
    np.minimum(paid, slot.payable, out=paid)
    np.subtract(need, slot.payable, out=need)
    np.subtract(cash, paid, out=cash)
    np.subtract(slot.balance, paid, out=rest)
    more = np.subtract(cash, need, out=s.k)
    np.minimum(rest, more, out=more)
    np.maximum(more, 0, out=more)
    np.less_equal(slot.payable, 0, out=s.mask)
    np.logical_or(s.mask, slot.part_payer, out=s.mask)
    np.copyto(more, 0, where=s.mask)
    np.add(paid, more, out=paid)
    np.subtract(cash, more, out=cash)
    np.subtract(rest, more, out=rest)
    slot.put(m.cash, cash)
    slot.put(m.need, need)
    np.copyto(s.f, rest, casting="unsafe")
    move = moved * slot.rules["rate_pass"]
    np.multiply(s.f, np.maximum(slot.rate + move, np.float32(0.0)) if move else slot.rate, out=s.f)
    np.add(s.f, HALF, out=s.f)
    np.copyto(slot.interest, s.f, casting="unsafe")
    np.add(rest, slot.drawn, out=slot.balance)
    np.add(slot.balance, slot.interest, out=slot.balance)
    drawn = int(slot.drawn.sum(dtype=np.int64))
    sums["drawn"] += drawn
    return settle(slot, s, drawn, sums)


def pay_instalment(slot: Slot, m: Month, s: Month, lender: Any, renewing: bool, sums: Any) -> Array:
    """Pay the instalment; some prepay; a finished loan is granted anew. Returns as `pay_revolving`."""
    cash, paid, after = slot.take(m.cash, s.cash), s.j, slot.balance
    np.maximum(cash if slot.reach is None else cash + slot.reach, 0, out=paid)
    np.minimum(paid, slot.payable, out=paid)
    np.subtract(cash, paid, out=cash)
    slot.put(m.cash, cash)
    m.need[slot.where] -= slot.payable
    np.greater_equal(slot.word, int(slot.rules["prepay"]) << 1, out=s.mask)
    may = s.mask.nonzero()[0]
    able = (cash[may] >= m.pay[slot.owner[may]]) & (paid[may] >= slot.due[may]) & (slot.missed[may] == 0)
    settles = may[able]
    paid[settles] = slot.owed[settles]
    np.subtract(slot.owed, paid, out=after)
    np.subtract(slot.remaining, 1, out=slot.remaining)
    np.maximum(slot.remaining, 0, out=slot.remaining)
    np.equal(after, 0, out=s.mask)
    np.logical_and(s.mask, slot.owing, out=s.mask)
    done = s.mask.nonzero()[0]
    slot.remaining[done] = 0
    supply = int(lender["supply_16"]) if renewing else 0
    renewed = (slot.word[done] & 0xFFFF) < supply
    granted = slot.grant(np.concatenate([done[renewed], slot.applied]))
    slot.fresh = np.concatenate([done[renewed], slot.applied])
    ended = done[~renewed]
    slot.vacant = np.concatenate([slot.vacant[slot.balance[slot.vacant] == 0], ended[slot.usual[ended] > 0]])
    sums["originated"] += granted
    return settle(slot, s, granted, sums)


def settle(slot: Slot, s: Month, lent: int, sums: Any) -> Array:
    """Sums of the month; unpaid due dates and arrears. Returns how late those were before who are late now."""
    paid, interest = int(s.j.sum(dtype=np.int64)), int(slot.interest.sum(dtype=np.int64))
    sums["paid"] += paid
    sums["interest"] += interest
    slot.total += lent + interest - paid  # the slot's balance follows from its flows
    np.less(s.j, slot.due, out=s.mask)
    late = s.mask.nonzero()[0]
    missed, arrears, due, paid_late = slot.missed[late], slot.arrears[late], slot.due[late], s.j[late]
    slot.missed[slot.late] = 0
    slot.arrears[slot.late] = 0
    slot.missed[late] = missed + ~((missed > 0) & (paid_late >= due - arrears))
    slot.arrears[late] = due - paid_late
    slot.late = late
    return missed


def recover(slot: Slot, people: People, m: Month, lender: Any, model: Any, sums: Any) -> None:
    """Payments on claims already written off."""
    who = slot.claims
    hazard = slot.hazard[who] * lender["recovery"]
    slot.hazard[who] *= model["claim_fade"]
    u = (slot.draws(m, who, CLAIM_SALT) >> 8).astype(np.float32) * UNIT_24
    hit = (u < hazard).nonzero()[0]
    if hit.size == 0:
        return
    paying, full = who[hit], model["full_recovery"]
    claim, owner = slot.claim[paying], slot.owner[paying]
    v = u[hit] / hazard[hit]
    w = (v - full) / (ONE - full) if full < ONE else np.zeros_like(v)
    part = claim.astype(np.float32) * (np.float32(3.0) * model["partial_recovery"] * w * w)
    amount = np.where(v < full, claim, np.minimum(part.astype(np.int32), claim))
    people.buffer[owner] = np.maximum(people.buffer[owner] - amount, 0)
    slot.claim[paying] -= amount
    slot.claims = who[slot.claim[who] > 0]
    sums["recovered"] += amount.sum(dtype=np.int64)


def grow_old(slot: Slot, people: People, m: Month, lender: Any, before: Array, sums: Any) -> Array:
    """Entries by cause, late charges, default and write-off; returns what was written off now.

    before : how late `slot.late` was
    """
    late = slot.late
    entered = late[before == 0]
    owner, word = slot.owner[entered], (slot.draws(m, entered) >> 1).view(np.int32)
    first = (slot.remaining[entered] + 1 == slot.tenor[entered]) & (slot.tenor[entered] > 0)
    cause = np.where(people.jobless[owner] == 0, np.where(m.poor[owner], 1, 2), 0)
    cause[word < careless(slot, entered, lender, first)] = 3
    cause[word < lender["forget"] + first * lender["misread"]] = 5
    cause[word < lender["forget"]] = 4
    sums["entries"] += np.bincount(cause, minlength=len(CAUSES))
    fee = money(slot.arrears[late].astype(np.float32) * slot.rules["late_rate"])
    slot.arrears[late] += fee
    slot.balance[late] += fee
    missed, balance = slot.missed[late], slot.balance[late]
    bankrupt = np.zeros(late.size, bool)
    if slot.rules["bankrupt"] > 0:
        u = m.words[3][slot.owner[late]]
        u = spread(u, np.uint32(BANKRUPT_SALT * GOLDEN & LOW), u, np.empty_like(u))
        bankrupt = (missed >= 2) & (before < 2) & ((u >> 1).view(np.int32) < slot.rules["bankrupt"])
    gone = (missed >= slot.rules["write_off"]) | bankrupt
    fees, lost = int(fee.sum(dtype=np.int64)), int(balance[gone].sum(dtype=np.int64))
    sums["fees"] += fees
    sums["defaulted"] += balance[((missed >= 3) | bankrupt) & (before < 3)].sum(dtype=np.int64)
    sums["discharged"] += balance[bankrupt].sum(dtype=np.int64)
    sums["written_off"] += lost
    slot.total += fees - lost
    off: Array = late[gone]
    slot.late = late[~gone]
    slot.claims = np.concatenate([slot.claims, off[slot.claim[off] == 0]])
    slot.claim[off] += slot.balance[off]
    slot.hazard[off] = np.where(bankrupt[gone], np.float32(0.0), slot.rules["recovery_hazard"])
    slot.shut[off] = 1
    slot.memory[off] = np.maximum(slot.memory[off], slot.missed[off] << 8)
    for row in (slot.balance, slot.arrears, slot.missed, slot.remaining):
        row[off] = 0
    return off


def relet(
    slot: Slot, people: People, m: Month, off: Array, loans: Array, supply_16: int, model: Any, sums: Any
) -> None:
    """Closed loans granted anew to those who have a job; what was written off this month is closed from now on.

    loans : open loans that the bureau knows of, without any a new borrower may enter
    """
    closed = slot.closed
    if model["renewing"] > 0 and closed.size:
        word, owner = (slot.draws(m, closed, RELET_SALT) >> 1).view(np.int32), slot.owner[closed]
        employed = people.jobless[owner] == 0
        u = m.words[3][owner]
        u = spread(u, np.uint32(ENTER_SALT * GOLDEN & LOW), u, np.empty_like(u))
        enters = employed & (loans[owner] == 0) & ((u >> 1).view(np.int32) < model["enter"])
        new = owner[enters]
        people.level[new], people.buffer[new] = ONE, people.target[new]
        slot.memory[closed[enters]] = 0
        again = enters | ((word < (int(slot.rules["relet"]) * supply_16 >> 16)) & employed)
        anew, closed = closed[again], closed[~again]
        slot.shut[anew] = 0
        if not slot.revolving:
            granted = slot.grant(anew)
            sums["originated"] += granted
            slot.total += granted
            slot.fresh = np.concatenate([slot.fresh, anew])
    slot.closed = np.concatenate([closed, off])


def tally(slot: Slot, s: Month, model: Any, sums: Any) -> None:
    """Balances and accounts by bucket, undrawn limits, current balances whose score has fallen."""
    late, closed = slot.late[slot.missed[slot.late] > 0], slot.closed
    if slot.revolving:
        room = np.subtract(slot.limit, slot.balance, out=s.i)
        np.maximum(room, 0, out=room)
        room[late] = 0
        room[closed] = 0
        sums["undrawn_limit"] += room.sum(dtype=np.int64)
        accounts = slot.lines - np.count_nonzero(slot.has_line[closed]) + np.count_nonzero(slot.balance[slot.lineless])
    else:
        accounts = np.count_nonzero(slot.balance)
    bucket = bucket_of(slot.missed[late])
    owed = np.bincount(bucket, slot.balance[late], len(BUCKETS)).astype(np.int64)
    number = np.bincount(bucket, minlength=len(BUCKETS))
    owed[0], number[0] = slot.total - owed.sum(), accounts - late.size
    sums["balance"] += owed
    sums["accounts"] += number
    drop = model["sicr_drop"]
    np.greater_equal(slot.fallen, drop, out=s.mask)
    watched = slot.balance[s.mask.nonzero()[0]].sum(dtype=np.int64)
    sums["watched_balance"] += watched - slot.balance[late[slot.fallen[late] >= drop]].sum(dtype=np.int64)


def score(slot: Slot, people: People, m: Month, s: Month, model: Any) -> None:
    """Points lost until next month: at all lenders alike, for arrears remembered here, for the use of a line."""
    memory, fallen = slot.memory, slot.fallen
    np.multiply(memory, model["forget_arrears"], out=s.i)
    np.right_shift(s.i, 8, out=s.i)
    np.subtract(memory, s.i, out=memory)
    memory[slot.late] = np.maximum(memory[slot.late], slot.missed[slot.late] << 8)
    np.multiply(memory, model["arrears_points"], out=s.i)
    np.right_shift(s.i, 8, out=s.i)
    np.add(slot.take(m.lost, s.j), s.i, out=fallen)
    if slot.revolving:
        np.copyto(s.f, slot.balance, casting="unsafe")
        np.divide(s.f, slot.whole_line, out=s.f)
        np.minimum(s.f, ONE, out=s.f)
        np.add(s.f, s.f, out=s.f)
        np.subtract(s.f, ONE, out=s.f)
        np.multiply(s.f, model["use_points"], out=s.f)
        np.copyto(s.i, s.f, casting="unsafe")
        np.add(fallen, s.i, out=fallen)
    np.greater(slot.balance, 0, out=s.mask)
    np.not_equal(s.mask, slot.owing, out=slot.owing)
    changed = slot.owing.nonzero()[0]
    np.copyto(slot.owing, s.mask)
    people.loans[slot.owner[changed]] += np.where(slot.owing[changed], 1, -1).astype(np.int32)
