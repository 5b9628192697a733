"""Where the kernel's time goes: each step of a month alone, on a real block. `python -m benchmarks.step_times`.

A step is called over and over on one block after its first month, so its records are in the nearest cache and its
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
from stresslab.engine.kernel import arrears, monitoring, payments
from stresslab.engine.kernel.loop import live_month
from stresslab.engine.kernel.random import key_of
from stresslab.engine.kernel.state import BORROWER, LANES, LOAN, SCRATCH, SUMS, Draw, widened
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
        number = next(i for i, kinds in enumerate(lists) if tuple(blocks.products[p] for p in kinds) == PRODUCTS)
        begin = int(blocks.first_slot[number])
        self.packed, self.products, self.key = packed, lists[number], key_of(load.SEED)
        self.person = widened(blocks.borrowers[number : number + 1], BORROWER, 1)[0]
        self.loans = widened(blocks.loans[begin : begin + 2], LOAN, 1)
        self.scratch, self.sums = np.zeros((), SCRATCH)[()], np.zeros(len(blocks.segments), SUMS)
        live_month(
            self.person, self.loans, self.scratch, blocks.book(packed.row_of), begin, 2,
            Draw(0, np.uint32(0), self.key), packed.months[0, 0], packed.lenders[0, 0], packed.lenders[0, 1],
            packed.rules, self.sums,
        )  # fmt: skip
        self.before = [record.copy() for record in self.state()]

    def state(self) -> list[Any]:
        return [self.person, self.loans[0], self.loans[1], self.scratch]

    def restore(self) -> None:
        """Back to where it was before a step was timed."""
        for record, kept in zip(self.state(), self.before, strict=True):
            for name in kept.dtype.names:
                record[name] = kept[name]

    def steps(self) -> list[Step]:
        """Name, function, arguments, and how often a borrower of this block goes through it in a month."""
        rules, person, scratch, key = self.packed.rules, self.person, self.scratch, self.key
        line, loan, sums = self.loans[0], self.loans[1], self.sums[0]
        month, lender, model = self.packed.months[0, 1], self.packed.lenders[0, 1, 0], rules.model
        revolving, instalment = (rules.products[product] for product in self.products)
        count, factor = arrears.find_problem_loans(line, scratch), np.float32(1)
        problem_loans = person, line, scratch, count
        return [
            ("draw_words", payments.draw_words, (person, scratch, Draw(2, np.uint32(0), key)), 1),
            ("work_and_pay", payments.work_and_pay, (person, scratch, Draw(2, np.uint32(0), key), month, model), 1),
            ("bill_revolving", payments.bill_revolving, (person, line, scratch, lender, revolving, model), 1),
            ("bill_instalment", payments.bill_instalment, (person, loan, scratch, lender), 1),
            ("draw_on_line", payments.draw_on_line, (person, line, scratch, lender, model), 1),
            ("pay_revolving", payments.pay_revolving, (person, line, scratch, np.float32(0), np.float32(0), sums), 1),
            ("pay_instalment", payments.pay_instalment, (person, loan, scratch, lender, instalment, model, sums), 1),
            ("save", payments.save, (person, model["saving"]), 1),
            ("recover_claims", arrears.recover_claims, (person, line, scratch, factor, model, sums), 2),
            ("find_problem_loans", arrears.find_problem_loans, (line, scratch), 2),
            (
                f"follow_up ({count} of {LANES})",
                arrears.follow_up,
                (*problem_loans, revolving, lender, lender, rules, sums),
                2,
            ),
            ("tally", monitoring.tally, (*problem_loans, True, model["sicr_drop"], sums), 2),
            ("score_loan, a line", monitoring.score_loan, (person, line, True, model), 1),
            ("score_loan, a loan", monitoring.score_loan, (person, loan, False, model), 1),
            ("score_at_bureau", monitoring.score_at_bureau, (person, model), 1),
            ("report_to_bureau", monitoring.report_to_bureau, (person, model["forget_inquiries"]), 1),
        ]


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
