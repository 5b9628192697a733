"""Speed of macro_paths(), and what antithetic and Sobol draws gain. `python -m benchmarks.macro_paths`.

Arguments: paths of a replicate (1024) and replicates (32).

The gain is the variance over replicates (seeds) of an estimate with random draws over that with other draws, for (a)
mean unemployment over the horizon, (b) a smooth nonlinear function, logistic in mean unemployment and mean income
growth like a probability of default; with its 95 % interval from the F distribution.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import stats

import stresslab as sl
from stresslab.scenarios.quarterly import QuarterlyModel

PathModel = sl.scenarios.PathModel | QuarterlyModel
ESTIMATES = ("mean unemployment", "nonlinear")


def estimates(fan: xr.Dataset) -> tuple[float, float]:
    """The two estimates of one replicate."""
    jobless = fan["unemployment_rate"].values.mean(axis=1)
    income = fan["real_income_growth"].values.mean(axis=1)
    default = 1 / (1 + np.exp(3 - 30 * (jobless - 0.05) + 5 * income))
    return float(jobless.mean()), float(default.mean())


def variance(macro: xr.Dataset, model: PathModel, draws: str, paths: int, replicates: int) -> NDArray[np.float64]:
    """Variance over replicates of the two estimates."""
    fans = (sl.macro_paths(macro, paths, seed=seed, model=model, draws=draws) for seed in range(replicates))
    return np.asarray(np.var([estimates(fan) for fan in fans], axis=0, ddof=1))


def seconds(macro: xr.Dataset, model: PathModel, draws: str, paths: int, rounds: int = 3) -> list[float]:
    """Times of drawing the paths."""
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        sl.macro_paths(macro, paths, seed=1, model=model, draws=draws)
        times.append(time.perf_counter() - began)
    return times


def main(paths: int = 1024, replicates: int = 32) -> None:
    """Print times and gains of each model and way of drawing."""
    macro = sl.shock_scenario(0.10, start=0.045, months=60)
    models: dict[str, PathModel] = {
        "PathModel": sl.scenarios.PathModel(),
        "VAR": sl.scenarios.VAR.fit(),
        "VAR t": sl.scenarios.VAR.fit(tails="t"),
        "BlockBootstrap": sl.scenarios.BlockBootstrap.fit(),
        "RegimeSwitching": sl.scenarios.RegimeSwitching.fit(),
    }
    for name, model in models.items():
        others = ("sobol",) if name == "BlockBootstrap" else ("antithetic", "sobol")
        for draws in ("random", *others):
            times = seconds(macro, model, draws, 10_000)
            print(f"{name:16} {draws:11} 10,000 paths x 60 months: {min(times):.2f} to {max(times):.2f} s")
        independent = variance(macro, model, "random", paths, replicates)
        interval = stats.f.ppf([0.025, 0.975], replicates - 1, replicates - 1)
        for draws in others:
            gains = independent / variance(macro, model, draws, paths, replicates)
            for estimate, gain in zip(ESTIMATES, gains, strict=True):
                low, high = gain * interval
                print(f"{name:16} {draws:11} gain in {estimate:18} {gain:8.1f}  ({low:.1f} to {high:.1f})", flush=True)


if __name__ == "__main__":
    main(*(int(float(argument)) for argument in sys.argv[1:]))
