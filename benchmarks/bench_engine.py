"""Benchmarks for `asv run`: each warms the compiler in its setup. Ratios are of medians of turns within one process."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import stresslab as sl

from . import workloads as load
from .bound import philox_only
from .measuring import in_turn, wall_seconds
from .numpy_twin import Twin

BORROWERS = 50_000
ROUNDS = 5


class Simulate:
    """`simulate` on 50,000 borrowers, 6 severe paths of 39 months."""

    params = (1, 2)
    param_names = ("threads",)
    timeout = 300.0

    def setup(self, threads: int) -> None:
        self.run = load.Run(load.book(BORROWERS), load.macro(6))
        self.run.simulate(threads)

    def time_simulate(self, threads: int) -> None:
        self.run.simulate(threads)

    def peakmem_simulate(self, threads: int) -> None:
        self.run.simulate(threads)

    def track_loan_months_per_second(self, threads: int) -> float:
        turns = in_turn([lambda: self.run.simulate(threads)], ROUNDS, wall_seconds)
        return self.run.loan_months / turns.median(0)

    track_loan_months_per_second.unit = "loan-months/s"  # type: ignore[attr-defined]


class Ratios:
    """The engine against what it could do at best, against NumPy and against itself on two threads."""

    timeout = 300.0
    unit = "1"

    def setup(self) -> None:
        self.run = load.Run(load.book(BORROWERS), load.macro(6))
        self.blocks, self.packed = self.run.prepare()
        self.kernel()

    def kernel(self, threads: int = 1) -> object:
        return self.run.kernel(self.blocks, self.packed, threads)

    def track_simulate_over_philox_bound(self) -> float:
        draws = philox_only(4 * 10**6)
        turns = in_turn([lambda: philox_only(4 * 10**6), self.run.simulate], ROUNDS)
        return self.run.borrower_months / draws * turns.ratio(0, 1)[0]

    def track_kernel_over_philox_bound(self) -> float:
        draws = philox_only(4 * 10**6)
        turns = in_turn([lambda: philox_only(4 * 10**6), self.kernel], ROUNDS)
        return self.run.borrower_months / draws * turns.ratio(0, 1)[0]

    def track_kernel_over_numpy_twin(self) -> float:
        run = load.Run(load.book(BORROWERS), load.macro(1, 12))
        blocks, packed = run.prepare()
        twin = Twin(blocks, packed, load.SEED)
        turns = in_turn([lambda: twin.run(0, 0), lambda: run.kernel(blocks, packed)], ROUNDS)
        return turns.ratio(0, 1)[0]

    def track_two_threads_over_one(self) -> float:
        return in_turn([self.kernel, lambda: self.kernel(2)], ROUNDS, wall_seconds).ratio(0, 1)[0]


class Linearity:
    """The kernel's time for a loan-month must not depend on the number of loans."""

    params = (10**5, 10**6)
    param_names = ("loans",)
    timeout = 300.0

    def setup(self, loans: int) -> None:
        book = load.larger(load.book(round(10**5 / load.LOANS_EACH)), loans // 10**5)
        self.run = load.Run(book, load.macro(2, 12))
        self.blocks, self.packed = self.run.prepare()
        self.run.kernel(self.blocks, self.packed)

    def track_nanoseconds_per_loan_month(self, loans: int) -> float:
        turns = in_turn([lambda: self.run.kernel(self.blocks, self.packed)], ROUNDS)
        return 1e9 * turns.median(0) / self.run.loan_months

    track_nanoseconds_per_loan_month.unit = "ns"  # type: ignore[attr-defined]

    def time_simulate(self, loans: int) -> None:
        self.run.simulate()


class Generate:
    """A seasoned book of a million loans."""

    timeout = 300.0
    number, repeat, warmup_time = 1, 3, 0.0

    def setup(self) -> None:
        load.book(300)

    def generate(self) -> Any:
        return sl.synthetic_portfolio(load.PRESET, borrowers=round(1e6 / load.LOANS_EACH), seed=load.SEED)

    def time_synthetic_portfolio(self) -> None:
        self.generate()

    def peakmem_synthetic_portfolio(self) -> None:
        self.generate()


class Paths:
    """A thousand macro paths of 39 months."""

    def setup(self) -> None:
        self.scenario = sl.scenario(load.SCENARIO)
        sl.macro_paths(self.scenario, paths=2, seed=1)

    def time_macro_paths(self) -> None:
        sl.macro_paths(self.scenario, paths=1_000, seed=1)


class Measures:
    """What a result of 500 paths says, once simulated."""

    def setup(self) -> None:
        self.result = sl.simulate(load.book(2_000), load.macro(500), seed=load.SEED, progress=False)
        months = self.result.sizes["month"] - 1
        owed = float(self.result["balance"].isel(path=0, month=0).sum())
        self.funding = sl.Funding(liquid_assets=0.1 * owed, maturing_borrowings=[0.8 * owed / months] * months)

    def time_loss_distribution(self) -> None:
        sl.loss_distribution(self.result)

    def time_provisions(self) -> None:
        sl.provisions(self.result)

    def time_liquidity_buffer(self) -> None:
        sl.liquidity_buffer(self.result, self.funding)


def time_import() -> None:
    """A new Python that imports the package; what is heavy is loaded when it is first used."""
    subprocess.run([sys.executable, "-c", "import stresslab"], check=True)
