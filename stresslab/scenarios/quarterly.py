"""Deviations from a scenario by quarter: the dynamics and second moments that the models of `path_models` share."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import ndtri

from stresslab.scenarios.draws import leading_directions, normals, rows_times, uniforms
from stresslab.scenarios.library import VARIABLES
from stresslab.scenarios.monthly import to_monthly
from stresslab.schema import InputError

Reals = NDArray[np.float64]
Vector = tuple[float, ...]
Matrix = tuple[Vector, ...]
Loadings = tuple[Reals, Reals]

FIRST = 2**32
"""Number of the first quarter's draws: no month of the monthly model has it."""

WIDTH = len(VARIABLES) + 1
"""Draws of a quarter: one for each variable in the order of `VARIABLES`, and one for tails, blocks or regimes."""

FLOOR = -0.0075
"""No path's policy rate falls below it [1/year]: the lowest rate of the Swiss National Bank, 2015-2022."""


@dataclass(frozen=True)
class QuarterlyModel(ABC):
    """Dynamics of the deviations, common to the models of this module; make one by the `fit` of its kinds.

    variables : names, in the order of the matrices
    coefficients : A_1, ..., A_p, each (to, from)
    sample : quarters that it was fitted to
    shrinkage : weight of the univariate autoregressions in the coefficients
    policy_rate_floor : no path's policy rate falls below it [1/year]
    """

    variables: tuple[str, ...]
    coefficients: tuple[Matrix, ...]
    sample: str
    shrinkage: float
    policy_rate_floor: float

    def __post_init__(self) -> None:
        """Refuse what would not come back to the scenario."""
        size = len(self.variables)
        shape = np.shape(self.coefficients)
        faults = []
        if len(shape) != 3 or shape[1:] != (size, size):
            faults.append(f"coefficients: found shape {shape}, expected (lags, {size}, {size})")
        elif not (radius := self.radius) < 1.0:
            advice = "raise shrinkage, lower max_lags or give a longer history"
            faults.append(f"coefficients: found a root of {radius:.4f}, expected below 1 (stationary); {advice}")
        if not -0.1 <= self.policy_rate_floor <= 1:
            faults.append(f"policy_rate_floor: found {self.policy_rate_floor}, expected -0.1 to 1 [1/year]")
        faults += self._own_faults()
        if faults:
            raise InputError(type(self).__name__, faults)

    @property
    def gaussian(self) -> bool:
        """Whether all deviations are jointly normal."""
        return False

    @property
    def radius(self) -> float:
        """Largest modulus of the companion matrix' eigenvalues [1]: below 1, deviations fade.

        >>> from stresslab.scenarios.path_models import _still
        >>> _still(0.5).radius
        0.5
        """
        return float(np.abs(np.linalg.eigvals(self.companion())).max())

    def companion(self) -> Reals:
        """The first-order form of the dynamics (lags x variables, lags x variables)."""
        lags, size, _ = np.shape(self.coefficients)
        top = np.concatenate(np.asarray(self.coefficients), axis=1)
        return np.concatenate([top, np.eye(size * (lags - 1), size * lags)])

    def responses(self, quarters: int) -> Reals:
        """Deviations (quarter x variable) as linear in all innovations (quarter x variable): lower block triangular."""
        size = len(self.variables)
        companion, state = self.companion(), np.eye(np.shape(self.coefficients)[0] * size)
        out = np.zeros((quarters, size, quarters, size))
        for gap in range(quarters):
            for quarter in range(gap, quarters):
                out[quarter, :, quarter - gap, :] = state[:size, :size]
            state = companion @ state
        return out.reshape(quarters * size, quarters * size)

    def covariance(self, quarters: int) -> xr.DataArray:
        """Covariance of the deviations in quarters 1, 2, ... after the start, exact.

        Returns DataArray (quarter, variable, other_quarter, other_variable), units of the variables multiplied.

        >>> from stresslab.scenarios.path_models import _still
        >>> _still(0.5).covariance(2).values.ravel().tolist()  # 1, 0.5; 0.5, 1 + 0.25
        [1.0, 0.5, 0.5, 1.25]
        """
        size = len(self.variables)
        response = self.responses(quarters)
        values = (response @ self.shock_covariance(quarters) @ response.T).reshape(quarters, size, quarters, size)
        order = np.arange(1, quarters + 1)
        coords: dict[str, Any] = {"quarter": order, "other_quarter": order}
        coords |= {"variable": list(self.variables), "other_variable": list(self.variables)}
        return xr.DataArray(values, coords, ("quarter", "variable", "other_quarter", "other_variable"))

    def shock_covariance(self, quarters: int) -> Reals:
        """Covariance (quarter x variable, quarter x variable) of the innovations."""
        size = len(self.variables)
        out = np.zeros((quarters, size, quarters, size))
        block: Reals
        for gap, block in enumerate(self._shock_moments(quarters)):
            for quarter in range(gap, quarters):
                at = self._joined(quarter, quarter - gap)
                out[quarter, :, quarter - gap, :] = at * block
                out[quarter - gap, :, quarter, :] = at * block.T
        return out.reshape(quarters * size, quarters * size)

    def to_json(self) -> str:
        """The model with its parameters as text; `model_from_json` reads it."""
        return json.dumps({"model": type(self).__name__} | asdict(self))

    @abstractmethod
    def shocks(self, seed: int, paths: int, quarters: int, draws: str, loadings: Loadings) -> Reals:
        """Innovations (path, quarter, variable), a function of (seed, quarter, path, variable) alone.

        loadings : of unemployment's months, and of the other variables', on the innovations (month, quarter x
            variable): they tell "sobol" which directions matter
        """

    @abstractmethod
    def _own_faults(self) -> list[str]:
        """Faults of a kind's own parameters."""

    @abstractmethod
    def _shock_moments(self, gaps: int) -> list[Reals]:
        """E e(q) e(q - gap)' for gap = 0, 1, ...; those beyond the list are zero."""

    def _joined(self, quarter: int, other: int) -> float:
        """1 where innovations of two quarters are drawn together, else 0."""
        return 1.0

    def _normals(self, seed: int, paths: int, quarters: int, draws: str, root: Reals, loadings: Loadings) -> Reals:
        """Independent normals times `root`: innovations (path, quarter, variable) with the covariance root root'."""
        columns = [VARIABLES.index(name) for name in self.variables]

        def draw(count: int) -> Reals:
            return np.asarray(ndtri(uniforms(seed, count, quarters, WIDTH, FIRST)[..., columns]))

        def leading() -> Reals:
            spread = np.kron(np.eye(quarters), root)
            return leading_directions(loadings[0] @ spread, loadings[1] @ spread)

        drawn = normals(draw, paths, draws, seed, leading)
        return rows_times(drawn.reshape(-1, len(columns)), root.T).reshape(drawn.shape)

    def _extra(self, seed: int, paths: int, quarters: int, draws: str) -> Reals:
        """The last uniform of each quarter (path, quarter); the two of a mirrored pair share it."""
        count = (paths + 1) // 2 if draws == "antithetic" else paths
        out = uniforms(seed, count, quarters, WIDTH, FIRST)[..., -1]
        return np.repeat(out, 2, axis=0)[:paths] if draws == "antithetic" else out


def as_matrix(values: Reals) -> Matrix:
    """An array as nested tuples."""
    return tuple(tuple(float(each) for each in row) for row in values)


def covariance_faults(name: str, values: Matrix, size: int) -> list[str]:
    """Faults of what should be a covariance matrix."""
    matrix = np.asarray(values)
    if matrix.shape != (size, size):
        return [f"{name}: found shape {matrix.shape}, expected ({size}, {size})"]
    least = float(np.linalg.eigvalsh(matrix).min()) if np.isfinite(matrix).all() else np.nan
    if not (np.allclose(matrix, matrix.T) and least > 0):
        return [f"{name}: found a least eigenvalue of {least:.3g}, expected a symmetric matrix with all above 0"]
    return []


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
