"""Run blocks and paths through the kernel: the whole book in tasks for a pool of threads, or all borrowers in step."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stresslab.engine.blocks import Blocks
from stresslab.engine.conditions import Conditions
from stresslab.engine.kernel.custom import Kernel
from stresslab.engine.kernel.random import key_of
from stresslab.engine.kernel.state import BORROWER, LANES, LOAN, SUMS, Economy, Span, numbers, widened
from stresslab.engine.model import Model
from stresslab.engine.packing import Packed, lender_records

Array = NDArray[Any]
Progress = Callable[[int], object]
"""Called with the number of loan-months that are done since the last call."""
TASK = 4_000_000
"""Borrower-months in one task: about a twentieth of a second, so that progress shows and Ctrl-C is heard."""
IN_STEP = 2**27
"""Bytes of borrowers' state that one thread moves in step."""


def silent(loan_months: int) -> None:
    """Progress that nobody watches."""


def tasks(blocks: int, paths: int, months: int, threads: int) -> Iterator[tuple[slice, slice]]:
    """Rectangles of blocks and paths of about TASK borrower-months; never so large that a thread stands idle."""
    block_months = LANES * months
    paths_each = max(1, min(paths, 64, TASK // block_months))
    share = -(-blocks * -(-paths // paths_each) // threads)
    blocks_each = max(1, min(TASK // (block_months * paths_each), share))
    for first_path in range(0, paths, paths_each):
        for first in range(0, blocks, blocks_each):
            yield slice(first, min(first + blocks_each, blocks)), slice(first_path, min(first_path + paths_each, paths))


def run(
    blocks: Blocks,
    packed: Packed,
    paths: Array,
    seed: int,
    threads: int | None,
    kernel: Kernel,
    progress: Progress = silent,
    first_month: int = 0,
    keep: bool = False,
) -> tuple[Array, Array]:
    """Simulate all tasks on a pool of threads; integer sums, so their order does not matter.

    Returns totals, SUMS records (path, month, segment), and jobless (path, month), month 0 first.
    """
    months = packed.months.shape[1]
    totals = np.zeros((paths.size, months + 1, len(blocks.segments)), SUMS)
    jobless = np.zeros((paths.size, months + 1), np.int64)
    key, coordinates, book = key_of(seed), paths.astype(np.uint32), blocks.book(packed.row_of)
    lock, stop = threading.Lock(), threading.Event()

    def work(some_blocks: slice, some: slice) -> int:
        """Simulate one task; returns its number of blocks times paths."""
        if stop.is_set():
            return 0
        part = np.zeros((some.stop - some.start, *totals.shape[1:]), SUMS)
        part_jobless = np.zeros(part.shape[:2], np.int64)
        span = Span(some_blocks.start, some_blocks.stop, first_month)
        economy = Economy(packed.months[some], packed.lenders[some])
        kernel.live(book, span, coordinates[some], key, economy, packed.rules, part, part_jobless, keep)
        with lock:
            numbers(totals)[some] += numbers(part)
            jobless[some] += part_jobless
        return int(some_blocks.stop - some_blocks.start) * len(part)

    loan_months, block_paths, done_so_far = blocks.place.size * paths.size * months, blocks.count * paths.size, 0

    def tell(newly_done: int) -> None:
        """Report whole loan-months, so that all reports together are all loan-months."""
        nonlocal done_so_far
        before, done_so_far = done_so_far, done_so_far + newly_done
        progress(loan_months * done_so_far // block_paths - loan_months * before // block_paths)

    workers = threads or os.cpu_count() or 1
    with ThreadPoolExecutor(workers) as pool:
        pending = set()
        try:
            for task in tasks(blocks.count, paths.size, months, workers):
                pending.add(pool.submit(work, *task))
                if len(pending) >= 2 * workers:
                    done, pending = wait(pending, return_when=FIRST_COMPLETED)
                    tell(sum(future.result() for future in done))
            tell(sum(future.result() for future in pending))
        except BaseException:
            stop.set()
            raise
    return totals, jobless


def run_in_step(
    blocks: Blocks,
    packed: Packed,
    paths: Array,
    seed: int,
    threads: int | None,
    kernel: Kernel,
    model: Model,
    groups: int,
    conditions: Callable[[int, slice, Array], Conditions],
) -> tuple[Array, Array, Conditions]:
    """Simulate all borrowers month by month together, so that a month's conditions may depend on what all did before.

    conditions(t, paths, past) : of month t on some paths, given their totals (path, months, group, segment)
    Returns totals, SUMS records (path, month, group, segment), jobless (path, month) and conditions (path, month,
    segment).
    """
    months, segments = packed.months.shape[1], len(blocks.segments)
    totals = np.zeros((paths.size, months + 1, groups, segments), SUMS)
    jobless = np.zeros(totals.shape[:2], np.int64)
    group = np.repeat(np.arange(blocks.count) % groups, np.diff(blocks.first_slot))
    book = blocks.book(np.arange(segments), blocks.segment + segments * group)
    key, coordinates = key_of(seed), paths.astype(np.uint32)
    state = blocks.count * BORROWER.itemsize + blocks.segment.size * LOAN.itemsize
    paths_each = max(1, min(IN_STEP // state, -(-paths.size // (threads or os.cpu_count() or 1))))

    def work(first: int) -> Conditions:
        """Simulate some paths to the end."""
        some = slice(first, min(first + paths_each, paths.size))
        count = some.stop - some.start
        persons, loans = widened(blocks.borrowers, BORROWER, count), widened(blocks.loans, LOAN, count)

        def step(t: int, now: Conditions) -> tuple[Array, Array]:
            """Totals (path, group, segment) and jobless (path) of month t."""
            month, out_of_work = np.zeros((count, groups * segments), SUMS), np.zeros(count, np.int64)
            kernel.live_in_step(
                persons, loans, book, t, coordinates[some], key, packed.months[some], lender_records(now, model),
                packed.rules, month, out_of_work,
            )  # fmt: skip
            return month.reshape(count, groups, segments), out_of_work

        neutral, of_months = np.ones((count, segments)), []
        totals[some, 0], jobless[some, 0] = step(0, Conditions.of_macro(neutral, neutral, 0.0 * neutral))
        for t in range(1, months + 1):
            of_months.append(conditions(t, some, totals[some, :t]))
            totals[some, t], jobless[some, t] = step(t, of_months[-1])
        return Conditions.stack(of_months)

    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        parts = list(pool.map(work, range(0, paths.size, paths_each)))
    return totals, jobless, Conditions.join(parts)
