"""Thousands of broken inputs, and what the library makes of them: `python -m tests.fuzz --cases 10000`."""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from tests.fuzz.case import PROBLEMS, Tally, judge
from tests.fuzz.families import FAMILIES, again, bounded, tally_of

BATCH = 250
"""Cases of one task of a worker."""


def main() -> int:
    """Run the cases, print each distinct problem and the counts, and write all failures down; 1 if there is any."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000, help="of all families together")
    parser.add_argument("--family", choices=sorted(FAMILIES), action="append", help="only this one; may be repeated")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--failures", type=Path, default=Path("fuzz_failures.txt"), help="where they are written")
    parser.add_argument("--again", help="repeat one case, by the words that stand at the failure")
    given = parser.parse_args()
    if given.again:
        case = again(given.again)
        print(case.what, judge(case), case.call(), sep="\n")
        return 0
    tasks = shared_out(given.family or list(FAMILIES), given.cases, given.seed)
    began = time.monotonic()
    tallies: dict[str, Tally] = {}
    with ProcessPoolExecutor(given.workers, get_context("spawn"), initializer=bounded) as pool:
        for (name, *_), tally in zip(tasks, pool.map(tally_of, *zip(*tasks, strict=True)), strict=True):
            tallies[name] = tallies.get(name, Tally()) + tally
    total = sum(tallies.values(), Tally())
    print_report({**tallies, "all": total}, total)
    print(f"{time.monotonic() - began:.0f} s")
    given.failures.write_text("\n".join(map(str, total.failures)), "utf-8")
    return int(bool(total.failures))


def shared_out(names: list[str], cases: int, number: int) -> list[tuple[str, int, int]]:
    """Tasks of at most BATCH cases: family, cases, seed."""
    whole, tasks = sum(FAMILIES[name].share for name in names), []
    for name in names:
        wanted = -(-cases * FAMILIES[name].share // whole)
        sizes = [min(BATCH, wanted - start) for start in range(0, wanted, BATCH)]
        tasks += [(name, size, 1_000 * number + place) for place, size in enumerate(sizes)]
    return tasks


def print_report(tallies: dict[str, Tally], total: Tally) -> None:
    """Distinct problems with their shortest case, then the table of counts."""
    for failures in total.distinct().values():
        print(failures[0], f"    ({len(failures)} cases)", sep="\n")
    columns = ("cases", "accepted", "refused", *PROBLEMS)
    print(f"{'family':<16}" + "".join(f"{column:>10}" for column in columns))
    for name, tally in tallies.items():
        print(f"{name:<16}" + "".join(f"{count:>10,}" for count in tally.counts()))


if __name__ == "__main__":
    sys.exit(main())
