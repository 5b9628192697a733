"""Times on a shared machine: workloads in turn, medians, and processor time where one thread works."""

from __future__ import annotations

import gc
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Work = Callable[[], object]


def processor_seconds(work: Work) -> float:
    """Processor time of this process; other processes do not count."""
    gc.collect()
    start = time.process_time()
    work()
    return time.process_time() - start


def wall_seconds(work: Work) -> float:
    """Wall-clock time."""
    gc.collect()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


@dataclass(frozen=True)
class Turns:
    """Seconds of several workloads that took turns: seconds[i][r] of workload i in round r."""

    seconds: list[list[float]]

    def median(self, which: int) -> float:
        return statistics.median(self.seconds[which])

    def ratio(self, over: int, under: int) -> tuple[float, float, float]:
        """Median, lowest and highest of the ratios of two workloads within a round."""
        ratios = [a / b for a, b in zip(self.seconds[over], self.seconds[under], strict=True)]
        return statistics.median(ratios), min(ratios), max(ratios)


def in_turn(works: Sequence[Work], rounds: int, clock: Callable[[Work], float] = processor_seconds) -> Turns:
    """Run the workloads A B C A B C ..., after one round that does not count, so that all meet the same drifts."""
    for work in works:
        work()
    seconds: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for place, work in enumerate(works):
            seconds[place].append(clock(work))
    return Turns(seconds)


def in_new_process(module: str, *arguments: str) -> Any:
    """What `python -m module arguments` prints as JSON: memory peaks must not be those of earlier work."""
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)
