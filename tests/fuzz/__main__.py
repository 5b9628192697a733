"""The long run: `python -m tests.fuzz --cases 10000`."""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from tests.fuzz.case import Tally
from tests.fuzz.families import FAMILIES, bounded, tally_of

BATCH = 250
"""Cases of one task of a worker."""
COLUMNS = ("cases", "accepted", "refused", "silent", "foreign", "hang", "wrongly refused", "poor message", "warning")


def main() -> int:
    """Run the cases, print the tally and every distinct problem; 1 if there is any."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000, help="of all families together")
    parser.add_argument("--family", choices=sorted(FAMILIES), action="append", help="only this one; may be repeated")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    chosen = {name: family for name, family in FAMILIES.items() if not given.family or name in given.family}
    whole = sum(family.share for family in chosen.values())
    tasks = []
    for name, family in chosen.items():
        left, batch = -(-given.cases * family.share // whole), 0
        while left > 0:
            tasks.append((name, min(BATCH, left), 1_000 * given.seed + batch))
            left, batch = left - BATCH, batch + 1
    began = time.monotonic()
    tallies = {name: Tally() for name in chosen}
    with ProcessPoolExecutor(given.workers, get_context("spawn"), initializer=bounded) as pool:
        for (name, *_), tally in zip(tasks, pool.map(tally_of, *zip(*tasks, strict=True)), strict=True):
            tallies[name].merge(tally)
    print_report(tallies, time.monotonic() - began)
    return int(any(tally.examples for tally in tallies.values()))


def print_report(tallies: dict[str, Tally], seconds: float) -> None:
    """Problems by family, then the table of counts."""
    for name, tally in tallies.items():
        if tally.examples:
            print(f"\n== {name} ==\n{tally.report()}")
    total = Tally()
    for tally in tallies.values():
        total.merge(tally)
    print(f"\n{'family':<16}" + "".join(f"{column:>17}" for column in COLUMNS))
    for name, tally in {**tallies, "all": total}.items():
        counts = [tally.cases, tally.accepted, tally.refused]
        counts += [tally.problems.get(key, 0) for key in ("silent", "foreign", "hang", "refused", "message", "warning")]
        print(f"{name:<16}" + "".join(f"{count:>17,}" for count in counts))
    print(f"{len(total.examples)} distinct problems; {seconds:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
