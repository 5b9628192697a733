"""Benchmarks for `asv run`: each warms the compiler in its setup. Ratios are of medians of turns within one process.

`size` says how large they are; `tests/benchmarks/test_smoke.py` runs all of them once on a small size.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass

import xarray as xr

import stresslab as sl

from . import workloads as load
from .bound import philox_only
from .measuring import in_turn, wall_seconds
from .numpy_twin import Twin


@dataclass(frozen=True)
class Size:
    """How much work the benchmarks do."""

    borrowers: int = 50_000
    paths: int = 6
    months: int | None = None
    """None: all 39 of the scenario."""
    loans: int = 10**5
    """Of the smallest book of `Linearity`; ten times as many of `Generate`."""
    draws: int = 4 * 10**6
    """Borrower-months of random numbers for the Philox bound."""
    macro_paths: int = 1_000
    result_borrowers: int = 2_000
    result_paths: int = 500
    rounds: int = 5


class Benchmark:
    """What all benchmarks share."""

    size = Size()
    timeout = 300.0

    def run_of(self, borrowers: int | None = None, paths: int | None = None, months: int | None = None) -> load.Run:
        """Run of a book of this size through severe paths of this size, or of others."""
        book = load.book(borrowers or self.size.borrowers)
        return load.Run(book, load.macro(paths or self.size.paths, months or self.size.months))


class Simulate(Benchmark):
    """`simulate` on 50,000 borrowers, 6 severe paths of 39 months."""

    params = (1, 2)
    param_names = ("threads",)

    def setup(self, threads: int) -> None:
        self.run = self.run_of()
        self.run.simulate(threads)

    def time_simulate(self, threads: int) -> None:
        self.run.simulate(threads)

    def peakmem_simulate(self, threads: int) -> None:
        self.run.simulate(threads)

    def track_loan_months_per_second(self, threads: int) -> float:
        turns = in_turn([lambda: self.run.simulate(threads)], self.size.rounds, wall_seconds)
        return self.run.loan_months / turns.median(0)

    track_loan_months_per_second.unit = "loan-months/s"  # type: ignore[attr-defined]


class Ratios(Benchmark):
    """The engine against the bound of its random numbers, against NumPy and against itself on two threads."""

    unit = "1"

    def setup(self) -> None:
        self.run = self.run_of()
        self.blocks, self.packed = self.run.prepare()
        self.kernel()

    def kernel(self, threads: int = 1) -> object:
        """The compiled loop alone."""
        return self.run.kernel(self.blocks, self.packed, threads)

    def draw(self) -> int:
        """Random numbers and nothing else."""
        return philox_only(self.size.draws)

    def track_simulate_over_philox_bound(self) -> float:
        drawn = self.draw()
        turns = in_turn([self.draw, self.run.simulate], self.size.rounds)
        return self.run.borrower_months / drawn * turns.ratio(0, 1)[0]

    def track_kernel_over_philox_bound(self) -> float:
        drawn = self.draw()
        turns = in_turn([self.draw, self.kernel], self.size.rounds)
        return self.run.borrower_months / drawn * turns.ratio(0, 1)[0]

    def track_kernel_over_numpy_twin(self) -> float:
        run = self.run_of(paths=1, months=min(12, self.size.months or 12))
        blocks, packed = run.prepare()
        twin = Twin(blocks, packed, load.SEED)
        turns = in_turn([lambda: twin.run(0, 0), lambda: run.kernel(blocks, packed)], self.size.rounds)
        return turns.ratio(0, 1)[0]

    def track_two_threads_over_one(self) -> float:
        return in_turn([self.kernel, lambda: self.kernel(2)], self.size.rounds, wall_seconds).ratio(0, 1)[0]


class Linearity(Benchmark):
    """The kernel's time for a loan-month must not depend on the number of loans, here 100,000 and a million."""

    params = (1, 10)
    param_names = ("hundred_thousand_loans",)

    def setup(self, times: int) -> None:
        book = load.larger(load.book(round(self.size.loans / load.LOANS_EACH)), times)
        self.run = load.Run(book, load.macro(2, min(12, self.size.months or 12)))
        self.blocks, self.packed = self.run.prepare()
        self.run.kernel(self.blocks, self.packed)

    def track_nanoseconds_per_loan_month(self, times: int) -> float:
        turns = in_turn([lambda: self.run.kernel(self.blocks, self.packed)], self.size.rounds)
        return 1e9 * turns.median(0) / self.run.loan_months

    track_nanoseconds_per_loan_month.unit = "ns"  # type: ignore[attr-defined]

    def time_simulate(self, times: int) -> None:
        self.run.simulate()


class Generate(Benchmark):
    """A seasoned book of a million loans."""

    number, repeat, warmup_time = 1, 3, 0.0

    def setup(self) -> None:
        load.book(300)

    def generate(self) -> xr.Dataset:
        """The book."""
        borrowers = round(10 * self.size.loans / load.LOANS_EACH)
        return sl.synthetic_portfolio(load.PRESET, borrowers=borrowers, seed=load.SEED)

    def time_synthetic_portfolio(self) -> None:
        self.generate()

    def peakmem_synthetic_portfolio(self) -> None:
        self.generate()


class Paths(Benchmark):
    """A thousand macro paths of 39 months."""

    def setup(self) -> None:
        self.scenario = sl.scenario(load.SCENARIO)
        sl.macro_paths(self.scenario, paths=2, seed=1)

    def time_macro_paths(self) -> None:
        sl.macro_paths(self.scenario, paths=self.size.macro_paths, seed=1)


class Measures(Benchmark):
    """Measures of a result of 500 paths."""

    def setup(self) -> None:
        self.result = self.run_of(self.size.result_borrowers, self.size.result_paths).simulate()
        months = self.result.sizes["month"] - 1
        self.funding = sl.Funding.for_book(self.result, borrowed_share=0.8, liquid_share=0.1, months=months)

    def time_loss_distribution(self) -> None:
        sl.loss_distribution(self.result)

    def time_provisions(self) -> None:
        sl.provisions(self.result)

    def time_liquidity_buffer(self) -> None:
        sl.liquidity_buffer(self.result, self.funding)


def time_import() -> None:
    """A new Python that imports the package; heavy modules are loaded when they are first used."""
    subprocess.run([sys.executable, "-c", "import stresslab"], check=True)
