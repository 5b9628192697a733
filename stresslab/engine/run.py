"""Blocks and paths through the kernel: the whole book in tasks for a pool of threads, or all borrowers in step."""

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
from stresslab.engine.kernel import state as at
from stresslab.engine.kernel.custom import Kernel
from stresslab.engine.kernel.random import key_of
from stresslab.engine.model import Model
from stresslab.engine.packing import Packed, lender_tables

Array = NDArray[Any]
TASK = 4_000_000
"""Borrower-months in one task: about a twentieth of a second, so that progress shows and Ctrl-C is heard."""
IN_STEP = 2**27
"""Bytes of borrowers' state that one thread moves in step."""


def tasks(blocks: int, paths: int, months: int, threads: int) -> Iterator[tuple[slice, slice]]:
    """Rectangles of blocks and paths of about TASK borrower-months; never so large that a thread stands idle."""
    block_months = at.LANES * months
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
    loans: int,
    bar: Any,
    kernel: Kernel,
    first_month: int = 0,
    keep: bool = False,
) -> tuple[Array, Array]:
    """All tasks on a pool of threads; integer sums, so their order does not matter.

    Returns totals (path, month, segment, column) and jobless (path, month), month 0 first.
    """
    months = packed.month_real.shape[1]
    totals = np.zeros((paths.size, months + 1, len(blocks.segments), at.COLUMNS), np.int64)
    jobless = np.zeros((paths.size, months + 1), np.int64)
    key0, key1 = key_of(seed)
    coordinates, lenders = paths.astype(np.uint32), packed.lender[blocks.lender]
    lock, stop = threading.Lock(), threading.Event()

    def work(some_blocks: slice, some: slice) -> int:
        if stop.is_set():
            return 0
        part = np.zeros((some.stop - some.start, *totals.shape[1:]), np.int64)
        part_jobless = np.zeros(part.shape[:2], np.int64)
        kernel.live(
            blocks.people, blocks.people_real, blocks.loans, blocks.loan_reals, blocks.first_slot, blocks.product,
            blocks.segment, lenders, np.array([some_blocks.start, some_blocks.stop]), coordinates[some], first_month,
            key0, key1, packed.month_real[some], packed.month_whole[some], packed.lender_real[some],
            packed.lender_whole[some], packed.model_real, packed.model_whole, packed.product_real,
            packed.product_whole, packed.relief_real, packed.relief_whole, part.reshape(-1, at.COLUMNS),
            len(blocks.segments), part_jobless, keep,
        )  # fmt: skip
        with lock:
            totals[some] += part
            jobless[some] += part_jobless
        return int(some_blocks.stop - some_blocks.start) * len(part)

    workers = threads or os.cpu_count() or 1
    lived = 0

    def tell(block_paths: int) -> None:
        """Whole loan-months, so that the last one fills the bar and no more."""
        nonlocal lived
        before, lived = lived, lived + block_paths
        bar.update(loans * months * lived // blocks.count - loans * months * before // blocks.count)

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
    """All borrowers month by month together, so that a month's conditions may depend on what all did before.

    conditions(t, paths, past) : of month t on some paths, given their totals (path, months, group, segment, column)
    Returns totals (path, month, group, segment, column), jobless (path, month), conditions (path, month, lender).
    """
    months, segments = packed.month_real.shape[1], len(blocks.segments)
    totals = np.zeros((paths.size, months + 1, groups, segments, at.COLUMNS), np.int64)
    jobless = np.zeros(totals.shape[:2], np.int64)
    group = np.repeat(np.arange(blocks.count) % groups, np.diff(blocks.first_slot))
    row = blocks.segment + segments * group
    key0, key1 = key_of(seed)
    coordinates = paths.astype(np.uint32)
    state = 4 * (blocks.people.size + blocks.people_real.size + blocks.segment.size * at.LANES * at.LOAN_ROWS)
    each = max(1, min(IN_STEP // state, -(-paths.size // (threads or os.cpu_count() or 1))))

    def work(first: int) -> Conditions:
        some = slice(first, min(first + each, paths.size))
        count = some.stop - some.start
        persons, loans = widened(blocks.people, at.PERSON_ROWS, count), widened(blocks.loans, at.LOAN_ROWS, count)
        person_reals = widened(blocks.people_real, at.PERSON_REALS, count)
        loan_reals = widened(blocks.loan_reals, at.LOAN_REAL_ROWS, count)

        def step(t: int, now: Conditions) -> tuple[Array, Array]:
            real, whole = lender_tables(now, model)
            month = np.zeros((count, groups, segments, at.COLUMNS), np.int64)
            out_of_work = np.zeros(count, np.int64)
            kernel.live_together(
                persons, person_reals, loans, loan_reals, blocks.first_slot, blocks.product, row, blocks.lender, t,
                coordinates[some], key0, key1, packed.month_real[some], packed.month_whole[some], real, whole,
                packed.model_real, packed.model_whole, packed.product_real, packed.product_whole, packed.relief_real,
                packed.relief_whole, month.reshape(-1, at.COLUMNS), groups * segments, out_of_work,
            )  # fmt: skip
            return month, out_of_work

        shape, seen = (count, len(blocks.lenders)), []
        totals[some, 0], jobless[some, 0] = step(0, Conditions.of_macro(np.ones(shape), np.ones(shape)))
        for t in range(1, months + 1):
            seen.append(conditions(t, some, totals[some, :t]))
            totals[some, t], jobless[some, t] = step(t, seen[-1])
        return Conditions.stack(seen)

    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        parts = list(pool.map(work, range(0, paths.size, each)))
    return totals, jobless, Conditions.join(parts)


def widened(table: Array, rows: int, copies: int) -> Array:
    """The opening state once for each path, with room for what is not kept between runs."""
    wide = np.zeros((copies, len(table), rows * at.LANES), table.dtype)
    wide[:, :, : table.shape[1]] = table
    return wide.reshape(copies * len(table), -1)
