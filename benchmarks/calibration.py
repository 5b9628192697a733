"""Six parameters fitted on a book of 100,000 loans whose parameters are known: `python -m benchmarks.calibration`.

The targets are figures of the same book under other parameters and other draws, so that the fit can be judged.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np

import stresslab as sl
from stresslab.studies.calibration.question import changed
from stresslab.studies.calibration.targets import Statistic
from stresslab.targets import Target, arrears_share, charge_off_rate_annual, default_rate_annual, roll_rate

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
"""Of every target, relative: about the sampling error of a portfolio of this size."""


def statistics() -> dict[str, Statistic]:
    """Roll rates early and late, arrears, defaults and losses, of all lenders."""
    chosen: dict[str, Statistic] = {}
    for name, months in (("year_1", (1, 12)), ("year_2", (13, 24))):
        for start, end in STEPS:
            chosen[f"roll_rate_{start}_to_{end}_{name}".replace("-", "_")] = roll_rate(start, end, months, lender="all")
        chosen[f"arrears_share_30_{name}"] = arrears_share(30, months, lender="all")
        chosen[f"arrears_share_90_{name}"] = arrears_share(90, months, lender="all")
        chosen[f"default_rate_{name}"] = default_rate_annual(months, lender="all")
    for product in ("huabei", "jiebei"):
        chosen[f"arrears_share_30_{product}"] = arrears_share(30, product=product)
    return chosen | {"charge_off_rate": charge_off_rate_annual(lender="all")}


def main(loans: int = 100_000) -> None:
    portfolio = load.book(round(loans / load.LOANS_EACH))
    macro = sl.scenario("china-baseline").isel(month=slice(0, MONTHS)).expand_dims(path=np.arange(PATHS))
    model = sl.Model.from_preset("china-online")
    seen = sl.simulate(portfolio, macro, changed(model, TRUTH), seed=load.SEED + 1, progress=False)
    targets = [
        Target(name, statistic(seen), ERROR * statistic(seen), statistic) for name, statistic in statistics().items()
    ]
    began = time.perf_counter()
    report = sl.calibrate(portfolio, macro, targets, list(TRUTH), seed=load.SEED)
    seconds = time.perf_counter() - began
    table = report[["start", "fitted", "fitted_se"]].to_dataframe()
    table.insert(1, "truth", list(TRUTH.values()))
    table["errors off"] = (table["fitted"] - table["truth"]) / table["fitted_se"]
    print(table.round(4).to_string())
    print(
        report[["target_value", "simulated_start", "simulated", "target_value_se", "simulated_se", "z"]]
        .to_dataframe()
        .round(5)
        .to_string()
    )
    attrs = report.attrs
    print(
        f"{portfolio.sizes['loan']:,} loans, {PATHS} paths, {MONTHS} months: {attrs['evaluations']} evaluations, "
        f"{seconds:.0f} s, misfit {attrs['misfit']:.3g} over {attrs['degrees_of_freedom']} degrees of freedom, "
        f"condition number {attrs['condition_number']:.3g}"
    )
    print("\n".join(json.loads(attrs["warnings"])) or "no warnings")


if __name__ == "__main__":
    main(*(int(float(argument)) for argument in sys.argv[1:]))
