"""Where the kernel's time goes: each step of a month alone, on a real block. `python -m benchmarks.step_times`.

A step is called over and over on one block after a month of its life, so its arrays are in the nearest cache and its
branches are learnt: the sum is a lower bound. The last line is the kernel on a book of such borrowers through severe
paths, by borrower and month as well: with the arrears that grow, colder caches and the sums of each month.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from numba import njit
from numpy.typing import NDArray

from stresslab.engine.blocks import Blocks
from stresslab.engine.kernel import arrears
from stresslab.engine.kernel import monitoring as sight
from stresslab.engine.kernel import payments as steps
from stresslab.engine.kernel import state as at
from stresslab.engine.kernel.loop import live_month, take_seats
from stresslab.engine.kernel.random import key_of
from stresslab.engine.kernel.state import LANES
from stresslab.engine.packing import Packed

from . import workloads as load
from .measuring import processor_seconds

Array = NDArray[Any]
PRODUCTS = ("huabei", "jiebei")
"""The block that is looked at: a revolving line and an instalment loan."""
CALLS, ROUNDS = 2_000, 9
Step = tuple[str, Callable[..., object], tuple[Any, ...], int]


def repeated(step: Callable[..., object], count: int) -> Callable[..., None]:
    """A compiled loop of calls of a step with so many arguments."""
    names = ", ".join(f"a{i}" for i in range(count))
    scope: dict[str, Any] = {"step": step}
    exec(f"def loop(calls, {names}):\n    for _ in range(calls):\n        step({names})\n", scope)
    return njit(scope["loop"])  # type: ignore[no-any-return]


class Block:
    """State of the first block whose loans are PRODUCTS, one month on, and the arguments of each step."""

    def __init__(self, blocks: Blocks, packed: Packed) -> None:
        lists = [blocks.product[a:b] for a, b in zip(blocks.first_slot, blocks.first_slot[1:], strict=False)]
        number = next(i for i, one in enumerate(lists) if tuple(blocks.products[p] for p in one) == PRODUCTS)
        begin = int(blocks.first_slot[number])
        self.packed, self.products, self.lenders = packed, lists[number], blocks.lender[begin : begin + 2] * 0
        self.person = np.zeros(at.PERSON_ROWS * LANES, np.int32)
        self.person_real = np.empty(at.PERSON_REALS * LANES, np.float32)
        self.loan = np.zeros((2, at.LOAN_ROWS * LANES), np.int32)
        self.loan_real = np.zeros((2, at.LOAN_REAL_ROWS * LANES), np.float32)
        take_seats(
            blocks.people, blocks.people_real, blocks.loans, blocks.loan_reals, number, begin, 2, self.person,
            self.person_real, self.loan, self.loan_real,
        )  # fmt: skip
        self.words, self.late = np.zeros(4 * LANES, np.uint32), np.zeros(LANES + 1, np.int64)
        self.sums = np.zeros((2, at.COLUMNS), np.int64)
        key = key_of(load.SEED)
        live_month(
            self.person, self.person_real, self.loan, self.loan_real, self.words, self.late, self.products,
            self.lenders, 0, 2, 0, np.uint32(0), *key, packed.month_real[0, 0], packed.month_whole[0, 0],
            packed.lender_real[0, 0], packed.lender_whole[0, 0], packed.lender_whole[0, 1], packed.model_real,
            packed.model_whole, packed.product_real, packed.product_whole, packed.relief_real, packed.relief_whole,
            self.sums,
        )  # fmt: skip
        self.before = [values.copy() for values in self.state()]

    def state(self) -> list[Array]:
        return [self.person, self.person_real, self.loan, self.loan_real, self.words, self.late]

    def restore(self) -> None:
        """Back to where it was before a step was timed."""
        for values, kept in zip(self.state(), self.before, strict=True):
            values[:] = kept

    def steps(self) -> list[Step]:
        """Name, function, arguments, and how often a borrower of this block goes through it in a month."""
        p, (line, loan), (line_real, loan_real) = self.packed, self.loan, self.loan_real
        month, whole = p.month_real[0, 1], p.month_whole[0, 1]
        terms, lender = p.lender_real[0, 1, 0], p.lender_whole[0, 1, 0]
        rates, rules = p.product_real[self.products], p.product_whole[self.products]
        count, one = arrears.find_late(line, self.late), np.float32(1)
        person, words, sums, late = self.person, self.words, self.sums, self.late
        model, numbers = p.model_real, p.model_whole
        relief = p.relief_real, p.relief_whole
        at_stake = late, count, person, line, line_real, words, lender, lender, rates[0], rules[0], *relief
        return [
            ("draw_words", steps.draw_words, (person, words, 2, np.uint32(0), *key_of(load.SEED)), 1),
            ("work_and_pay", steps.work_and_pay, (person, self.person_real, words, month, whole, model, numbers), 1),
            ("bill_revolving", steps.bill_revolving, (person, line, words, terms, lender, rates[0], rules[0], True), 1),
            ("bill_instalment", steps.bill_instalment, (person, loan, loan_real, words, lender), 1),
            ("draw_on_line", steps.draw_on_line, (person, line, terms), 1),
            ("pay_revolving", steps.pay_revolving, (person, line, line_real, np.float32(0), sums[0]), 1),
            ("pay_instalment", steps.pay_instalment, (person, loan, lender, rules[1], True, sums[1]), 1),
            ("end_of_month", steps.end_of_month, (person, model[at.SAVING]), 1),
            ("recover_claims", arrears.recover_claims, (person, line, line_real, words, one, model, sums[0]), 2),
            ("find_late", arrears.find_late, (line, late), 2),
            (
                f"late_lanes ({count} of {LANES})",
                arrears.late_lanes,
                (*at_stake, numbers, True, sums[0]),
                2,
            ),
            ("tally", sight.tally, (person, line, late, count, True, numbers[at.SICR_DROP], sums[0]), 2),
            ("score_loan, a line", sight.score_loan, (person, line, True, model, numbers), 1),
            ("score_loan, a loan", sight.score_loan, (person, loan, False, model, numbers), 1),
            ("ask_bureau", sight.ask_bureau, (person, numbers), 1),
            ("report_to_bureau", sight.report_to_bureau, (person, numbers), 1),
        ]  # fmt: skip


def such_borrowers(portfolio: xr.Dataset) -> xr.Dataset:
    """The borrowers whose loans are PRODUCTS, and no others."""
    owner, count = portfolio["borrower"].values, portfolio.sizes["borrower"]
    wanted = np.isin(portfolio["product"].values, PRODUCTS)
    these = (np.bincount(owner, minlength=count) == 2) & (np.bincount(owner[wanted], minlength=count) == 2)
    book = portfolio.isel(borrower=these, loan=these[owner])
    return book.assign(borrower=("loan", np.cumsum(these)[book["borrower"].values] - 1))


def main() -> None:
    """Print nanoseconds of processor time for a borrower and month."""
    run = load.Run(such_borrowers(load.book(100_000)), load.macro(6))
    blocks, packed = run.prepare()
    block = Block(blocks, packed)
    works = [(name, repeated(step, len(arguments)), arguments, often) for name, step, arguments, often in block.steps()]
    seconds: dict[str, list[float]] = {name: [] for name, *_ in works}
    whole = []
    for turn in range(ROUNDS + 1):
        for name, loop, arguments, _ in works:
            block.restore()
            start = time.process_time()
            loop(CALLS, *arguments)
            if turn > 0:  # the first compiles
                seconds[name].append(time.process_time() - start)
        whole.append(processor_seconds(lambda: run.kernel(blocks, packed)))
    each = {name: 1e9 * statistics.median(values) / (CALLS * LANES) for name, values in seconds.items()}
    for name, _, _, often in works:
        print(f"{name:28} {each[name]:6.2f} ns  x {often}")
    print(f"{'together':28} {sum(each[name] * often for name, _, _, often in works):6.2f} ns")
    print(f"{'the kernel on a book':28} {1e9 * statistics.median(whole[1:]) / run.borrower_months:6.2f} ns")


if __name__ == "__main__":
    main()
