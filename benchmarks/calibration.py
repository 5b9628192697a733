"""Six parameters fitted on a book of 100,000 loans whose parameters are known: `python -m benchmarks.calibration`.

The targets are figures of the same book under other parameters and other draws, so that the fit can be judged.
"""

from __future__ import annotations

import sys
import time

import numpy as np

import stresslab as sl
from stresslab.studies.calibration.question import changed
from stresslab.studies.calibration.search import calibrate
from stresslab.studies.calibration.targets import (
    Target,
    arrears_share,
    charge_off_rate_annual,
    default_rate_annual,
    roll_rate,
)

from . import workloads as load

TRUTH = {
    "willingness.strategic_monthly": 0.012,
    "willingness.give_up[0]": 0.20,
    "willingness.give_up[1]": 0.40,
    "willingness.forgetting": 0.05,
    "income.fall_monthly": 0.004,
    "spending.expense_monthly": 0.025,
}
MONTHS, PATHS = 24, 4
STEPS = (("current", "30-59"), ("30-59", "60-89"), ("60-89", "90-119"))
ERROR = 0.03
"""Of every target, relative: about the luck of a book of this size in the figures that are made targets."""


def statistics() -> dict[str, object]:
    """Roll rates early and late, arrears, defaults and losses, of all lenders."""
    found: dict[str, object] = {}
    for name, months in (("year 1", (1, 12)), ("year 2", (13, 24))):
        for start, end in STEPS:
            found[f"{start} to {end}, {name}"] = roll_rate(start, end, months, lender="all")
        found[f"30+, {name}"] = arrears_share(30, months, lender="all")
        found[f"90+, {name}"] = arrears_share(90, months, lender="all")
        found[f"defaults, {name}"] = default_rate_annual(months, lender="all")
    for product in ("huabei", "jiebei"):
        found[f"30+, {product}"] = arrears_share(30, product=product)
    return found | {"charge-offs": charge_off_rate_annual(lender="all")}


def main(loans: int = 100_000) -> None:
    portfolio = load.book(round(loans / load.LOANS_EACH))
    macro = sl.scenario("china-baseline").isel(month=slice(0, MONTHS)).expand_dims(path=np.arange(PATHS))
    model = sl.Model.from_preset("china-online")
    seen = sl.simulate(portfolio, macro, changed(model, TRUTH), seed=load.SEED + 1, progress=False)
    targets = [Target(name, one(seen), ERROR * one(seen), one) for name, one in statistics().items()]  # type: ignore[operator]
    began = time.perf_counter()
    found = calibrate(portfolio, macro, targets, list(TRUTH), seed=load.SEED)
    seconds = time.perf_counter() - began
    table = found[["start", "fitted", "standard_error"]].to_dataframe()
    table.insert(1, "truth", list(TRUTH.values()))
    table["errors off"] = (table["fitted"] - table["truth"]) / table["standard_error"]
    print(table.round(4).to_string())
    print(
        found[["target_value", "simulated_start", "simulated", "target_se", "simulated_se", "z"]]
        .to_dataframe()
        .round(5)
        .to_string()
    )
    print(
        f"{portfolio.sizes['loan']:,} loans, {PATHS} paths, {MONTHS} months: {found.attrs['evaluations']} evaluations, "
        f"{seconds:.0f} s, misfit {found.attrs['misfit']:.3g} over {found.attrs['degrees']} degrees of freedom, "
        f"condition number {found.attrs['condition_number']:.3g}"
    )
    print(found.attrs["warnings"] or "no warnings")


if __name__ == "__main__":
    main(*(int(float(each)) for each in sys.argv[1:]))
