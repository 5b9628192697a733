"""Books, macro paths and runs that the benchmarks share."""

from __future__ import annotations

from functools import cache

import numpy as np
import xarray as xr

from stresslab.engine.blocks import Blocks, build
from stresslab.engine.kernel.custom import BUILT_IN
from stresslab.engine.model import Model
from stresslab.engine.packing import Packed, pack
from stresslab.engine.run import run
from stresslab.engine.simulate import simulate
from stresslab.population.synthetic import synthetic_portfolio
from stresslab.scenarios.library import scenario
from stresslab.scenarios.paths import macro_paths

PRESET, SCENARIO = "china-online", "fed-2026-severely-adverse"
SEED = 1
LOANS_EACH = 2.176
"""Loans per borrower of the preset, to convert a number of loans to borrowers."""


@cache
def book(borrowers: int) -> xr.Dataset:
    """A seasoned book."""
    return synthetic_portfolio(PRESET, borrowers=borrowers, seed=SEED)


@cache
def macro(paths: int, months: int | None = None) -> xr.Dataset:
    """The first months of severe paths; the scenario has 39."""
    return macro_paths(scenario(SCENARIO), paths=paths, seed=SEED).isel(month=slice(0, months))


class Run:
    """Run of `simulate` on a book, and of the kernel alone on the same blocks."""

    def __init__(self, portfolio: xr.Dataset, paths: xr.Dataset) -> None:
        self.portfolio, self.paths = portfolio, paths
        self.borrower_months = portfolio.sizes["borrower"] * paths.sizes["path"] * paths.sizes["month"]
        self.loan_months = portfolio.sizes["loan"] * paths.sizes["path"] * paths.sizes["month"]

    def simulate(self, threads: int = 1) -> xr.Dataset:
        """Everything a user waits for: checks, blocks, kernel, labels, fingerprint."""
        return simulate(self.portfolio, self.paths, seed=SEED, threads=threads, progress=False)

    def prepare(self) -> tuple[Blocks, Packed]:
        """What `simulate` does before the kernel starts."""
        model = Model.from_preset(PRESET)
        blocks = build(self.portfolio, model)
        return blocks, pack(self.paths, self.portfolio, model, blocks, renewing=True)

    def kernel(self, blocks: Blocks, packed: Packed, threads: int = 1) -> tuple[np.ndarray, np.ndarray]:
        """The compiled loop alone, on all paths."""
        return run(blocks, packed, self.paths["path"].values, SEED, threads, BUILT_IN)


def larger(portfolio: xr.Dataset, times: int) -> xr.Dataset:
    """A book several times over, each copy with its own borrower ids and so its own draws: quicker than seasoning."""
    count = portfolio.sizes["borrower"]
    copies = [
        portfolio.assign(borrower_id=portfolio["borrower_id"] + i * count, borrower=portfolio["borrower"] + i * count)
        for i in range(times)
    ]
    loans = xr.concat([c.drop_dims("borrower") for c in copies], "loan")
    people = xr.concat([c.drop_dims("loan") for c in copies], "borrower")
    return people.merge(loans)
