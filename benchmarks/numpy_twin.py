"""The engine's plain model in vectorised NumPy, bit for bit: the yardstick for the compiled kernel.

Plain: nothing comes back and no lender responds, so all lenders do the same in a month and nobody is in a plan.

As fast as honest NumPy goes: an array for each variable over borrowers, and over all loans of one lender and product,
so that there are few calls on long arrays; dense work in place, on what is true of nearly everybody; what never changes
is computed once; what is rare (arrears, joblessness, claims, prepayment, no cash) is corrected on index arrays. No
Python loop runs over borrowers. One path at a time, month by month. Layouts that were slower: blocks of borrowers with
the same list of loans, as in the engine (2 to 3 times: many short arrays), and smaller chunks.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stresslab.engine.blocks import Blocks, _embed, _merge
from stresslab.engine.kernel.random import key_of
from stresslab.engine.kernel.state import BORROWER_STATE, LANES, SUMS
from stresslab.engine.packing import Packed

from . import numpy_loans as of_loans
from . import numpy_people as of_people

Array = NDArray[Any]
CHUNK = 262_144
"""Borrowers worked on together: enough to hide the calls."""
LOAN: tuple[str, ...] = ("balance", "overdue", "missed", "remaining", "instalment", "limit", "usual", "tenor")
LOAN += ("salt", "transactor", "closed", "claim", "score", "memory", "rate", "claim_hazard")


@dataclass(frozen=True)
class Chunk:
    """Some borrowers, their loans in the order in which they are paid, and room to work in."""

    people: of_people.People
    slots: list[of_loans.Slot]
    month: of_people.Month
    scratch: list[of_people.Month]


class Twin:
    """A book ready to be run in NumPy.

    blocks, packed : as the kernel gets them
    seed : of the random numbers
    chunk : most borrowers in an array
    """

    def __init__(self, blocks: Blocks, packed: Packed, seed: int, chunk: int = CHUNK) -> None:
        self.packed, self.segments = packed, len(blocks.segments)
        self.renewing = bool(packed.rules.model["renewing"] > 0)
        low, high = key_of(seed)
        self.key = int(low), int(high)
        turn, segment, product, seat = _turns(blocks)
        # Borrowers with the same turns stand together, by the commonest turn first: most of its loans are then a slice.
        has = np.zeros((blocks.seat.max() + 1, turn.max() + 1), bool)
        has[seat, turn] = True
        common = np.argsort(has.sum(axis=0), kind="stable")
        order = np.lexsort(tuple(~has[:, c] for c in common))
        filled = np.isin(order, blocks.seat)
        order = order[filled]
        month, scratch = of_people.Month(chunk), of_people.Month(chunk)
        self.chunks = []
        for begin in range(0, order.size, chunk):
            seats = order[begin : begin + chunk]
            position = np.full(has.shape[0], -1)
            position[seats] = np.arange(seats.size)
            block, lane = np.divmod(seats, LANES)
            rows = {name: blocks.borrowers[name][block, lane] for name in BORROWER_STATE.names or ()}
            people = of_people.People(rows, self.key, packed.rules.model["frugal_cost"])
            slots = []
            for now in range(int(turn.max()) + 1):
                mine = np.flatnonzero((turn == now) & (position[seat] >= 0))
                if mine.size:
                    mine = mine[np.argsort(position[seat[mine]])]
                    slots.append(self._slot(blocks, mine, position[seat[mine]], segment, product, people))
            cuts = [scratch.cut(slot.owner.size) for slot in slots]
            self.chunks.append(Chunk(people, slots, month.cut(seats.size), cuts))

    def _slot(
        self, blocks: Blocks, mine: Array, owner: Array, segment: Array, product: Array, people: of_people.People
    ) -> of_loans.Slot:
        """The loans `mine` of the portfolio, which are of one segment and paid at the same turn."""
        slot, lane = np.divmod(blocks.place[mine], LANES)
        rows = {name: blocks.loans[name][slot, lane] for name in LOAN}
        rows["strategic"], rows["points"] = people.strategic[owner], people.points[owner]
        rows["necessities"] = people.necessities[owner]
        return of_loans.Slot(self.packed, int(product[mine[0]]), int(segment[mine[0]]), owner, rows)

    def run(self, place: int, path: int, months: int | None = None) -> tuple[Array, Array]:
        """Every borrower through the months of one path.

        place : position of the path in `packed`
        path : its coordinate, which the random numbers hang on
        Returns SUMS records (month + 1, segment) and jobless (month + 1), int64.
        """
        length = self.packed.months.shape[1] if months is None else months
        totals = np.zeros((length + 1, self.segments), SUMS)
        jobless = np.zeros(length + 1, np.int64)
        for chunk in self.chunks:
            chunk.people.reopen()
            for slot, scratch in zip(chunk.slots, chunk.scratch, strict=True):
                slot.reopen()
                of_loans.tally(slot, scratch, self.packed.rules.model, totals[0, slot.segment])
            jobless[0] += chunk.people.out_of_work.size
            for t in range(length):
                self._month(chunk, place, t, path, totals[t + 1])
                jobless[t + 1] += chunk.people.out_of_work.size
        return totals, jobless

    def _month(self, chunk: Chunk, place: int, month: int, path: int, sums: Array) -> None:
        """One month of a chunk, in the order of the kernel's `live_month`."""
        people, m, model = chunk.people, chunk.month, self.packed.rules.model
        economy, lender = self.packed.months[place, month], self.packed.lenders[place, month, 0]
        of_people.draw(people, m, month, path, self.key)
        of_people.find_work(people, m, economy, model)
        of_people.be_paid(people, m, (month, path), economy, model)
        open_before = people.loans.copy() if model["enter"] > 0 else people.loans
        m.need.fill(0)
        np.multiply(people.strategic.view(np.uint32), int(lender["strategy"]) << 1, out=m.careless)
        np.add(m.careless, int(lender["forget"]) << 1, out=m.careless)
        slots = list(zip(chunk.slots, chunk.scratch, strict=True))
        for slot, s in slots:
            if slot.revolving:
                of_loans.bill_revolving(slot, m, s, lender, model)
            else:
                of_loans.bill_instalment(slot, m, s, lender)
        of_loans.draw_on_lines([slot for slot in chunk.slots if slot.revolving], m, lender)
        for slot in chunk.slots if self.renewing else ():
            if not slot.revolving:
                of_loans.apply_for_credit(slot, people, m, lender, model)
        before = [
            of_loans.pay_revolving(slot, m, s, economy["rate_move"], sums[slot.segment])
            if slot.revolving
            else of_loans.pay_instalment(slot, m, s, lender, self.renewing, sums[slot.segment])
            for slot, s in slots
        ]
        of_people.save(people, m, model["saving"])
        of_people.ask_bureau(people, m, model)
        for (slot, s), late_before in zip(slots, before, strict=True):
            row = sums[slot.segment]
            of_loans.recover(slot, people, m, lender, model, row)
            off = of_loans.grow_old(slot, people, m, lender, late_before, row)
            of_loans.relet(slot, people, m, off, open_before, int(lender["supply_16"]), model, row)
            of_loans.tally(slot, s, model, row)
            of_loans.score(slot, people, m, s, model)
        of_people.report_to_bureau(people, m, model)


def _turns(blocks: Blocks) -> tuple[Array, Array, Array, Array]:
    """For each loan its turn in one order of payment that holds for all lists, its segment, product and its seat."""
    lists = [tuple(blocks.segment[a:b]) for a, b in zip(blocks.first_slot, blocks.first_slot[1:], strict=False)]
    everything = reduce(_merge, sorted(set(lists), key=len, reverse=True))
    turns = {one: _embed(one, everything) for one in set(lists)}
    turn_of_slot = np.array([turn for one in lists for turn in turns[one]])
    slot, lane = np.divmod(blocks.place, LANES)
    block = np.searchsorted(blocks.first_slot, slot, side="right") - 1
    return turn_of_slot[slot], blocks.segment[slot], blocks.product[slot], block * LANES + lane
