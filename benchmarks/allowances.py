"""Allowances after a simulation: time and memory for three regimes on many paths. `python -m benchmarks.allowances`.

A result's size does not depend on the number of loans. A million loans are simulated on a few paths, whose results
are repeated until there are as many paths as the command names.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import xarray as xr

import stresslab as sl

from . import workloads as load
from .scaling import peak

MONTHS = 36


def many_paths(paths: int, loans: int, few: int = 4) -> tuple[xr.Dataset, xr.Dataset]:
    """Result of many paths, and the term structures for it."""
    portfolio = load.larger(load.book(round(100_000 / load.LOANS_EACH)), max(1, loans // 100_000))
    macro = sl.macro_paths(sl.scenario("fed-2026-severely-adverse"), few, seed=load.SEED).isel(month=slice(0, MONTHS))
    began = time.perf_counter()
    terms = sl.term_structures(portfolio, macro, seed=load.SEED, progress=False)
    print(f"term structures, {terms.sizes['point']} points, once per model: {time.perf_counter() - began:6.1f} s")
    began = time.perf_counter()
    result = sl.simulate(portfolio, macro, seed=load.SEED, progress=False)
    print(f"simulation of {portfolio.sizes['loan']:,} loans on {few} paths: {time.perf_counter() - began:6.1f} s")
    repeated = result.isel(path=np.arange(paths) % few).assign_coords(path=np.arange(paths))
    return repeated, terms


def main(paths: int = 1_000, loans: int = 1_000_000) -> None:
    result, terms = many_paths(paths, loans)
    before, began = peak(), time.perf_counter()
    for provisioning in ("ifrs9", "cecl", "china"):
        start = time.perf_counter()
        sl.provisions(result, provisioning, terms, lender="all")
        print(f"{provisioning:6} on {paths:,} paths x {MONTHS} months: {time.perf_counter() - start:6.2f} s")
    seconds, memory = time.perf_counter() - began, (peak() - before) / 2**30
    print(f"three regimes: {seconds:.2f} s; memory beyond the simulation's {memory:.2f} GiB")
    print(f"peak of the whole process {peak() / 2**30:.2f} GiB, of which the result is {result.nbytes / 2**30:.2f} GiB")


if __name__ == "__main__":
    main(*(int(float(argument)) for argument in sys.argv[1:]))
