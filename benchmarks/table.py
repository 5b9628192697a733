"""One command, one table: `python -m benchmarks.table`, about three minutes; `--quick` for a first look.

One-thread figures are processor time, so that other processes matter less. The workloads that a row compares take
turns; a row shows the median of the rounds, the lowest and the highest.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator

import numba
import numpy as np

from . import workloads as load
from .bound import philox_only
from .measuring import in_new_process, in_turn, wall_seconds
from .numpy_twin import Twin

MILLION, GIB = 1e6, 2**30
DRAWS = 4 * 10**6
Row = tuple[str, str, str]


def one_thread(borrowers: int, rounds: int) -> Iterator[Row]:
    """Bound, `simulate` on a book whose blocks it has made before, and the kernel alone."""
    run = load.Run(load.book(borrowers), load.macro(6))
    blocks, packed = run.prepare()
    drawn = philox_only(DRAWS)
    works: list[Callable[[], object]] = [
        lambda: philox_only(DRAWS),
        run.simulate,
        lambda: run.kernel(blocks, packed),
    ]
    turns = in_turn(works, rounds)
    each = f"{run.portfolio.sizes['loan'] / borrowers:.2f} loans each"
    yield "Philox bound", f"{drawn / turns.median(0) / MILLION:.0f} M borrower-months/s", "four uniforms each"
    for place, name in ((1, "simulate(), 6 paths, known book"), (2, "its kernel alone")):
        speed = run.borrower_months / turns.median(place) / MILLION
        yield name, f"{speed:.1f} M borrower-months/s", f"{borrowers:,} borrowers, {each}"
        yield "", f"{run.loan_months / turns.median(place) / MILLION:.1f} M loan-months/s", ""
        scale = run.borrower_months / drawn
        middle, low, high = (scale * ratio for ratio in turns.ratio(0, place))
        yield "  over the Philox bound", f"{middle:.3f}", f"rounds {low:.3f} to {high:.3f}; bar 0.10, aim 0.20"


def two_threads(borrowers: int, rounds: int) -> Iterator[Row]:
    """The kernel on one thread and on two, time on the wall."""
    run = load.Run(load.book(borrowers), load.macro(6))
    blocks, packed = run.prepare()
    processors: list[float] = []

    def on_two() -> None:
        wall, busy = time.perf_counter(), time.process_time()
        run.kernel(blocks, packed, 2)
        processors.append((time.process_time() - busy) / (time.perf_counter() - wall))

    turns = in_turn([lambda: run.kernel(blocks, packed, 1), on_two], rounds, wall_seconds)
    middle, low, high = turns.ratio(0, 1)
    note = f"rounds {low:.2f} to {high:.2f}; bar 1.9; it had {statistics.median(processors):.2f} processors"
    yield "kernel on 2 threads over 1", f"{middle:.2f}", note


def against_numpy(borrowers: int, rounds: int, months: int) -> Iterator[Row]:
    """The same model, path and bits in NumPy and in the kernel, one thread each."""
    run = load.Run(load.book(borrowers), load.macro(1, months))
    blocks, packed = run.prepare()
    twin = Twin(blocks, packed, load.SEED)
    path = int(run.paths["path"].values[0])
    same = np.array_equal(twin.run(0, path)[0], run.kernel(blocks, packed)[0][0])
    turns = in_turn([lambda: twin.run(0, path), lambda: run.kernel(blocks, packed)], rounds)
    speed = run.borrower_months / turns.median(0) / MILLION
    yield "NumPy twin", f"{speed:.1f} M borrower-months/s", f"{borrowers:,} borrowers, 1 path of {months} months"
    yield "  same bits as the kernel", str(same), "every sum of every segment and month"
    middle, low, high = turns.ratio(0, 1)
    yield "kernel over the NumPy twin", f"{middle:.1f}", f"rounds {low:.1f} to {high:.1f}; bar 12"


def scaling(sizes: list[str]) -> Iterator[Row]:
    """Linear in the number of loans: each size in a process of its own, 2 paths of 12 months, a new book."""
    for size in sizes:
        figures = in_new_process("benchmarks.scaling", "simulate", size)
        kernel, setup = 1e9 * figures["kernel"] / figures["loan_months"], 1e6 * figures["setup"] / figures["loans"]
        memory = f"peak memory {figures['peak'] / GIB:.2f} GiB, {figures['before'] / GIB:.2f} before the call"
        yield f"{figures['loans']:,} loans", f"{kernel:.1f} ns/loan-month", f"set-up {setup:.2f} µs/loan; {memory}"


def generation(size: str) -> Iterator[Row]:
    """A seasoned book."""
    figures = in_new_process("benchmarks.scaling", "generate", size)
    memory = f"peak memory {figures['peak'] / GIB:.2f} GiB, {figures['before'] / GIB:.2f} before the call"
    yield f"synthetic_portfolio, {figures['loans']:,} loans", f"{figures['seconds']:.1f} s", memory


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds, smaller books, no ten million loans")
    quick = parser.parse_args().quick
    rounds, borrowers = (3, 50_000) if quick else (7, 200_000)
    print(f"{platform.machine()}, {os.cpu_count()} processors, load average {os.getloadavg()[0]:.1f} before the start")
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, Numba {numba.__version__}\n")
    tables = [
        one_thread(borrowers, rounds),
        two_threads(borrowers, rounds),
        against_numpy(100_000 if quick else 460_000, rounds, 12),
        scaling(["1e5"] if quick else ["1e5", "1e6", "1e7"]),
        generation("1e5" if quick else "1e6"),
    ]
    for rows in tables:
        for name, figure, note in rows:
            print(f"{name:37} {figure:>26}  {note}", flush=True)
        print()


if __name__ == "__main__":
    main()
