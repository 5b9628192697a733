"""One measurement of time and peak memory in a process of its own; prints JSON.

`python -m benchmarks.scaling simulate LOANS` or `python -m benchmarks.scaling generate LOANS`.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

from stresslab.population.synthetic import synthetic_portfolio

from . import workloads as load
from .measuring import processor_seconds, wall_seconds

LARGEST_DRAWN = 100_000
"""Loans of a book that is drawn and seasoned; larger books are copies of it under other borrower ids."""


def peak() -> int:
    """Most memory of this process so far [byte]."""
    status = Path("/proc/self/status")
    if status.exists():  # on Linux ru_maxrss begins at the peak of the process that started this one
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def generate(loans: int) -> dict[str, float]:
    """A book from a preset, seasoned."""
    synthetic_portfolio(load.PRESET, borrowers=300, seed=load.SEED)  # compiles
    before, sizes = peak(), []
    borrowers = round(loans / load.LOANS_EACH)
    seconds = wall_seconds(
        lambda: sizes.append(synthetic_portfolio(load.PRESET, borrowers=borrowers, seed=load.SEED).sizes["loan"])
    )
    return {"loans": sizes[0], "seconds": seconds, "before": before, "peak": peak()}


def simulate(loans: int, paths: int = 2, months: int = 12) -> dict[str, float]:
    """A few paths and months of a book of a number of loans: the whole call, and the kernel's part of it."""
    load.Run(load.book(300), load.macro(paths, months)).simulate()  # compiles
    drawn = min(loans, LARGEST_DRAWN)
    portfolio = load.larger(load.book(round(drawn / load.LOANS_EACH)), max(1, loans // drawn))
    run = load.Run(portfolio, load.macro(paths, months))
    before = peak()
    whole = processor_seconds(run.simulate)
    after = peak()
    blocks, packed = run.prepare()
    kernel = processor_seconds(lambda: run.kernel(blocks, packed))
    return {
        "loans": portfolio.sizes["loan"],
        "loan_months": run.loan_months,
        "kernel": kernel,
        "setup": whole - kernel,
        "before": before,
        "peak": after,
    }


if __name__ == "__main__":
    what, loans = sys.argv[1], int(float(sys.argv[2]))
    print(json.dumps(generate(loans) if what == "generate" else simulate(loans)))
