"""Estimated over measured peak memory of portfolios, macro paths and simulations: `python -m benchmarks.memory`.

Each measurement is a process of its own. The estimates are held within 0.7 and 1.3 of what is used from 100 MB on.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

import psutil
import xarray as xr

import stresslab as sl
from stresslab import resources

CASES = (
    "portfolio('china-online', 200_000)", "portfolio('china-online', 500_000)", "portfolio('us-card', 400_000)",
    "paths(50_000, 1)", "paths(50_000, 2)",
    "simulation(2_000, 27, 1)", "simulation(2_000, 27, 2)", "simulation(8_000, 12, 2)",
    "feedback(20_000, 200, 12)", "feedback(50_000, 1_000, 6)",
)  # fmt: skip
"""Calls of the functions of this module."""


class Peak:
    """Highest resident memory in a block beyond that at its beginning [byte]."""

    def __enter__(self) -> Peak:
        self.process = psutil.Process()
        self.before = self.highest = self.process.memory_info().rss
        self.stop = threading.Event()
        self.watch = threading.Thread(target=self.look)
        self.watch.start()
        return self

    def look(self) -> None:
        """Look at the memory in use until told to stop."""
        while not self.stop.is_set():
            self.highest = max(self.highest, self.process.memory_info().rss)
            time.sleep(0.002)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop.set()
        self.watch.join()

    @property
    def used(self) -> float:
        """Bytes used."""
        return float(self.highest - self.before)


def macro(paths: int, scenarios: int) -> xr.Dataset:
    """Macro paths of one or two scenarios."""
    names = ["fed-2026-baseline", "fed-2026-severely-adverse"]
    return sl.macro_paths(sl.scenario(names[0] if scenarios == 1 else names), paths, seed=1)


def ratio(call: Callable[[], Any]) -> tuple[float, float]:
    """Largest estimate that a call is held against, over what it uses, and what it uses [byte]."""
    estimates: list[float] = []

    def record(subject: str, needed: float, advice: str) -> None:
        estimates.append(needed)

    for module in list(sys.modules.values()):
        if getattr(module, "refuse_memory", None) is not None:
            module.refuse_memory = record  # type: ignore[attr-defined]
    with Peak() as peak:
        kept = call()
    del kept
    return max(estimates) / peak.used, peak.used


def portfolio(preset: str, borrowers: int) -> tuple[float, float]:
    """A synthetic portfolio after one month."""
    sl.simulate(sl.synthetic_portfolio(borrowers=100, seed=1), macro(2, 1), seed=1, horizon=1, progress=False)
    return ratio(lambda: sl.synthetic_portfolio(preset, borrowers=borrowers, seed=1, seasoning_months=1))


def paths(count: int, scenarios: int) -> tuple[float, float]:
    """Macro paths of 39 months."""
    macro(2, scenarios)
    return ratio(lambda: macro(count, scenarios))


def simulation(count: int, months: int, scenarios: int) -> tuple[float, float]:
    """Many paths of a small portfolio."""
    book, many = sl.synthetic_portfolio(borrowers=300, seed=1), macro(count, scenarios)
    sl.simulate(book, macro(2, 1), seed=1, horizon=1, progress=False)
    return ratio(lambda: sl.simulate(book, many, seed=1, horizon=months, progress=False))


def feedback(borrowers: int, count: int, months: int) -> tuple[float, float]:
    """A simulation with feedback, whose sample is simulated in step."""
    book, many = sl.synthetic_portfolio(borrowers=borrowers, seed=1), macro(count, 1)
    sl.simulate(book, macro(2, 1), seed=1, horizon=1, progress=False)
    rules = sl.Feedback()
    return ratio(lambda: sl.simulate(book, many, seed=1, horizon=months, progress=False, feedback=rules))


def measured(case: str) -> tuple[float, float]:
    """Ratio and use of a case, in a process of its own."""
    code = f"from benchmarks.memory import *; print(*{case})"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    share, used = done.stdout.split()
    return float(share), float(used)


if __name__ == "__main__":
    for case in CASES:
        share, used = measured(case)
        print(f"{case:36s} {resources.size(used):>8s}   estimate over use {share:.2f}")
