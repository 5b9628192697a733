"""Speed of macro_paths(), and what antithetic and Sobol draws gain. `python -m benchmarks.macro_paths`.

Arguments: paths of a replicate (1024) and replicates (32).

The gain is the variance over replicates (seeds) of the estimate with random draws over that with others, of (a) mean
unemployment over the horizon, (b) a smooth nonlinear one, logistic in mean unemployment and mean income growth like a
probability of default; with its 95 % interval from the F distribution.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import xarray as xr
from scipy import stats

from stresslab.scenarios.path_models import VAR, BlockBootstrap, RegimeSwitching
from stresslab.scenarios.paths import PathModel, macro_paths
from stresslab.scenarios.quarterly import QuarterlyModel
from stresslab.scenarios.shock import shock_scenario


def estimates(fan: xr.Dataset) -> tuple[float, float]:
    """The two figures of one fan."""
    jobless = fan["unemployment_rate"].values.mean(axis=1)
    income = fan["real_income_growth"].values.mean(axis=1)
    default = 1 / (1 + np.exp(3 - 30 * (jobless - 0.05) + 5 * income))
    return float(jobless.mean()), float(default.mean())


def main(paths: int = 1024, replicates: int = 32) -> None:
    macro = shock_scenario(0.10, start=0.045, months=60)
    models: list[PathModel | QuarterlyModel] = [PathModel(), VAR.fit(), VAR.fit(tails="t")]
    models += [BlockBootstrap.fit(), RegimeSwitching.fit()]
    for model in models:
        name = type(model).__name__ + (" t" if getattr(model, "degrees", None) else "")
        ways = [way for way in ("antithetic", "sobol") if (way, name) != ("antithetic", "BlockBootstrap")]
        for way in ("random", *ways):
            seconds = []
            for _ in range(3):
                began = time.perf_counter()
                macro_paths(macro, 10_000, seed=1, model=model, draws=way)
                seconds.append(time.perf_counter() - began)
            print(f"{name:16} {way:11} 10,000 paths x 60 months: {min(seconds):.2f} to {max(seconds):.2f} s")
        spread = {
            way: np.var(
                [estimates(macro_paths(macro, paths, seed=s, model=model, draws=way)) for s in range(replicates)],
                axis=0,
                ddof=1,
            )
            for way in ("random", *ways)
        }
        reach = stats.f.ppf([0.025, 0.975], replicates - 1, replicates - 1)
        for way in ways:
            for what, gain in zip(("mean unemployment", "nonlinear"), spread["random"] / spread[way], strict=True):
                low, high = gain * reach
                print(f"{name:16} {way:11} gain in {what:18} {gain:8.1f}  ({low:.1f} to {high:.1f})", flush=True)


if __name__ == "__main__":
    main(*(int(float(each)) for each in sys.argv[1:]))
