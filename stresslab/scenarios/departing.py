"""Monthly deviations from a quarterly model.

Quarterly deviations become months by `to_monthly`, from a quarter before the start in which there is none: smoothest,
and with the quarters' means kept. That is linear, so months are one matrix product of the innovations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stresslab.scenarios.draws import rows_times
from stresslab.scenarios.monthly import to_monthly
from stresslab.scenarios.quarterly import QuarterlyModel

Reals = NDArray[np.float64]

REFERENCE = 8192
"""Paths on which the mean of a model that is not normal is set: a fixed sample, whatever is asked."""

REFERENCE_SEED = 20_251_201
"""Its seed."""


class Departure(NamedTuple):
    """Deviations of one variable: on the paths asked for, their exact sd, and the reference where they are not normal.

    paths (path, month), sd (month), reference (sample, month): [unit of the variable]
    """

    paths: Reals
    sd: Reals
    reference: Reals | None


def departures(
    model: QuarterlyModel, months: int, paths: int, seed: int, draws: str, follow: Sequence[str] = ()
) -> dict[str, Departure]:
    """Monthly deviations of every variable of a model that does not follow its scenario.

    follow : variables that have none: the others are drawn given that, x_o - S_of S_ff^-1 x_f for normal x
    """
    quarters = -(-months // 3)
    covariance = model.shock_covariance(quarters)
    loads = _loadings(model, months, quarters, covariance, follow)
    scaled = np.concatenate([load / np.sqrt(_variance(load, covariance))[:, None] for load in loads.values()])
    first = months if "unemployment_rate" in loads else 0
    leading = (scaled[:first], scaled[first:])
    shocks = model.shocks(seed, paths, quarters, draws, leading).reshape(paths, -1)
    plain = None
    if not model.gaussian:
        plain = model.shocks(REFERENCE_SEED, REFERENCE, quarters, "random", leading).reshape(REFERENCE, -1)
    out = {}
    for name, load in loads.items():
        reference = None
        if plain is not None:
            reference = rows_times(plain, load.T)
            reference -= reference.mean(axis=0)  # its own mean is known to be zero
        out[name] = Departure(rows_times(shocks, load.T), np.sqrt(_variance(load, covariance)), reference)
    return out


def _loadings(
    model: QuarterlyModel, months: int, quarters: int, covariance: Reals, follow: Sequence[str]
) -> dict[str, Reals]:
    """Loadings (month, quarter x variable) of each variable's months on the innovations; unemployment stands first."""
    size = len(model.variables)
    response = model.responses(quarters)
    held = np.isin(np.tile(model.variables, quarters), list(follow))
    if held.any():
        spread = response @ covariance @ response.T
        gain = np.linalg.solve(spread[np.ix_(held, held)], spread[np.ix_(held, ~held)]).T
        response[~held] -= gain @ response[held]
    smooth = to_monthly(np.eye(quarters), 0.0)[:, :months]
    by_variable = response.reshape(quarters, size, -1)
    names = [name for name in model.variables if name not in follow]
    names.sort(key=lambda name: name != "unemployment_rate")
    return {name: smooth.T @ by_variable[:, model.variables.index(name)] for name in names}


def _variance(load: Reals, covariance: Reals) -> Reals:
    return np.asarray(((load @ covariance) * load).sum(axis=1))
