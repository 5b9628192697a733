"""Quarterly models of deviations from a scenario: dynamics, second moments, and the monthly deviations they imply."""

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

from stresslab.checks import LONGEST, choice_faults, number_faults, refuse, seed_faults, shown, whole_faults
from stresslab.resources import refuse_memory
from stresslab.scenarios.draws import DRAWS, leading_directions, normals, rows_times, uniforms
from stresslab.scenarios.library import VARIABLES
from stresslab.scenarios.monthly import to_monthly
from stresslab.schema import InputError
from stresslab.typed import typed

Reals = NDArray[np.float64]
Vector = tuple[float, ...]
Matrix = tuple[Vector, ...]
Loadings = tuple[Reals, Reals]

FIRST_STEP = 2**32
"""Step of the first quarter's random numbers: no month of the monthly model has it."""

AHEAD = 8
"""Quarters before and after a month's own that shape it: those beyond would add less than 0.03 % of their own."""

COLUMNS = len(VARIABLES) + 1
"""Random numbers of a quarter: one for each of `VARIABLES`, in their order, and one for tails, blocks or regimes."""

REFERENCE_PATHS = 8192
"""Paths on which the mean of a model that is not normal is set: a fixed sample."""

MOST_QUARTERS = LONGEST // 3 + AHEAD

REFERENCE_SEED = 20_251_201
"""Seed of these paths."""


@dataclass(frozen=True)
class QuarterlyModel(ABC):
    """Dynamics of the deviations, common to all quarterly models; each kind adds its innovations.

    variables : names, in the order of the matrices
    coefficients : A_1, ..., A_p, each (to, from)
    sample : quarters to which the model was fitted
    shrinkage : weight of the univariate autoregressions in the coefficients
    policy_rate_floor : no path's policy rate falls below it [1/year]
    """

    variables: tuple[str, ...]
    coefficients: tuple[Matrix, ...]
    sample: str
    shrinkage: float
    policy_rate_floor: float

    def __post_init__(self) -> None:
        """Refuse parameters out of bounds, and deviations that would not fade."""
        size = len(self.variables)
        strange = [name for name in self.variables if name not in VARIABLES]
        if strange or not size or len(set(self.variables)) < size:
            expected = f"expected some of {VARIABLES}, each once"
            refuse(type(self).__name__, [f"variables: found {shown(self.variables)}, {expected}; name them"])
        shape = shape_of(self.coefficients)
        faults = number_faults("shrinkage", self.shrinkage, 1.0, "a share")
        if len(shape) != 3 or shape[1:] != (size, size):
            expected = f"expected (lags, {size}, {size})"
            faults.append(f"coefficients: found {rows_in_words(shape)}, {expected}; give a matrix for each lag")
        elif not (radius := self.spectral_radius) < 1.0:
            advice = "raise shrinkage, lower max_lags or give a longer history"
            faults.append(f"coefficients: found a root of {radius:.4f}, expected below 1 (stationary); {advice}")
        if not -0.1 <= self.policy_rate_floor <= 1:
            found = f"found {self.policy_rate_floor}, expected -0.1 to 1 [1/year]"
            faults.append(f"policy_rate_floor: {found}; give a decimal: -0.0075, not -0.75")
        refuse(type(self).__name__, faults + self._own_faults())

    @property
    def gaussian(self) -> bool:
        """Whether all deviations are jointly normal."""
        return False

    @property
    def spectral_radius(self) -> float:
        """Largest modulus of the eigenvalues of the companion matrix [1]; below 1, deviations fade."""
        return float(np.abs(np.linalg.eigvals(self.companion_matrix())).max())

    @typed
    def companion_matrix(self) -> Reals:
        """First-order form of the dynamics.

        Returns
        -------
        numpy.ndarray
            Matrix (lags x variables, lags x variables).

        Examples
        --------
        >>> import stresslab as sl
        >>> sl.scenarios.VAR.fit(variables=["unemployment_rate"], max_lags=2).companion_matrix().shape
        (2, 2)
        """
        lags, size, _ = np.shape(self.coefficients)
        top = np.concatenate(np.asarray(self.coefficients), axis=1)
        return np.concatenate([top, np.eye(size * (lags - 1), size * lags)])

    @typed
    def impulse_responses(self, quarters: int) -> Reals:
        """Deviations as linear in the innovations of all quarters up to theirs.

        Parameters
        ----------
        quarters : int
            Number of quarters after the start.

        Returns
        -------
        numpy.ndarray
            Matrix (quarter x variable, quarter x variable), lower block triangular.

        Examples
        --------
        A quarter's own innovation counts in full.

        >>> import stresslab as sl
        >>> sl.scenarios.VAR.fit(variables=["unemployment_rate"]).impulse_responses(3).diagonal()
        array([1., 1., 1.])
        """
        refuse("impulse_responses", _quarters_faults(quarters))
        size = len(self.variables)
        companion, state = self.companion_matrix(), np.eye(np.shape(self.coefficients)[0] * size)
        out = np.zeros((quarters, size, quarters, size))
        for gap in range(quarters):
            for quarter in range(gap, quarters):
                out[quarter, :, quarter - gap, :] = state[:size, :size]
            state = companion @ state
        return out.reshape(quarters * size, quarters * size)

    @typed
    def covariance(self, quarters: int) -> xr.DataArray:
        """Exact covariance of the deviations in the first quarters after the start.

        Parameters
        ----------
        quarters : int
            Number of quarters after the start.

        Returns
        -------
        xarray.DataArray
            Covariance (quarter, variable, other_quarter, other_variable), in the units of both variables multiplied.

        Examples
        --------
        In the first quarter it is that of the innovations.

        >>> import stresslab as sl
        >>> model = sl.scenarios.VAR.fit(variables=["unemployment_rate"])
        >>> model.covariance(1).item() == model.covariance_matrix[0][0]
        True
        """
        size = len(self.variables)
        response = self.impulse_responses(quarters)
        covariance = response @ self.innovation_covariance(quarters) @ response.T
        order = np.arange(1, quarters + 1)
        coords: dict[str, Any] = {"quarter": order, "other_quarter": order}
        coords |= {"variable": list(self.variables), "other_variable": list(self.variables)}
        dims = ("quarter", "variable", "other_quarter", "other_variable")
        attrs = {"units": "of both variables, multiplied", "long_name": "covariance of the deviations"}
        return xr.DataArray(covariance.reshape(quarters, size, quarters, size), coords, dims, attrs=attrs)

    @typed
    def innovation_covariance(self, quarters: int) -> Reals:
        """Covariance of the innovations of the first quarters.

        Parameters
        ----------
        quarters : int
            Number of quarters after the start.

        Returns
        -------
        numpy.ndarray
            Matrix (quarter x variable, quarter x variable).

        Examples
        --------
        Those of a VAR are independent from quarter to quarter.

        >>> import stresslab as sl
        >>> sl.scenarios.VAR.fit(variables=["unemployment_rate"]).innovation_covariance(2)[0, 1].item()
        0.0
        """
        refuse("innovation_covariance", _quarters_faults(quarters))
        size = len(self.variables)
        out = np.zeros((quarters, size, quarters, size))
        block: Reals
        for gap, block in enumerate(self._innovation_moments(quarters)):
            for quarter in range(gap, quarters):
                joint = self._drawn_together(quarter, quarter - gap)
                out[quarter, :, quarter - gap, :] = joint * block
                out[quarter - gap, :, quarter, :] = joint * block.T
        return out.reshape(quarters * size, quarters * size)

    @typed
    def to_json(self) -> str:
        """The model with its parameters as JSON, as `macro_paths` keeps it in attrs.

        Returns
        -------
        str
            What `model_from_json` reads.

        Examples
        --------
        >>> import stresslab as sl
        >>> model = sl.scenarios.VAR.fit(variables=["unemployment_rate"])
        >>> sl.scenarios.model_from_json(model.to_json()) == model
        True
        """
        return json.dumps({"model": type(self).__name__} | asdict(self))

    @abstractmethod
    @typed
    def innovations(
        self, seed: int, paths: int, quarters: int, draws: str = "random", loadings: Loadings | None = None
    ) -> Reals:
        """Innovations (path, quarter, variable), a function of (seed, quarter, path, variable) alone.

        loadings : of unemployment's months, and of the other variables', on the innovations (month, quarter x
            variable): they tell "sobol" which directions matter
        """

    @abstractmethod
    def _own_faults(self) -> list[str]:
        """Faults of a kind's own parameters."""

    @abstractmethod
    def _innovation_moments(self, gaps: int) -> list[Reals]:
        """E e(q) e(q - gap)' for gap = 0, 1, ...; those beyond the list are zero."""

    def _drawn_together(self, quarter: int, other: int) -> float:
        """1 where the innovations of two quarters are drawn together, else 0."""
        return 1.0

    def _refuse_draws(self, seed: int, paths: int, quarters: int, draws: str) -> None:
        """Refuse arguments of `innovations` out of bounds, and more innovations than there is memory for."""
        subject = f"{type(self).__name__}.innovations"
        faults = seed_faults(seed, bits=63) + whole_faults("paths", paths, 1, 2**32, advice="give the number of paths")
        refuse(subject, faults + _quarters_faults(quarters) + choice_faults("draws", draws, DRAWS))
        refuse_memory(subject, 8.0 * (3 * COLUMNS) * paths * quarters, "draw fewer paths at a time")

    def _normals(
        self, seed: int, paths: int, quarters: int, draws: str, root: Reals, loadings: Loadings | None
    ) -> Reals:
        """Independent normals times `root`: innovations (path, quarter, variable) with the covariance root root'."""
        columns = [VARIABLES.index(name) for name in self.variables]

        def draw(count: int) -> Reals:
            return np.asarray(ndtri(uniforms(seed, count, quarters, COLUMNS, FIRST_STEP)[..., columns]))

        def leading() -> Reals:
            if loadings is None:
                expected = "expected those of the months on the innovations; give them, or other draws"
                raise InputError(f"{type(self).__name__}.innovations", [f"loadings: found None, {expected}"])
            roots = np.kron(np.eye(quarters), root)
            return leading_directions(loadings[0] @ roots, loadings[1] @ roots)

        drawn = normals(draw, paths, draws, seed, leading)
        return rows_times(drawn.reshape(-1, len(columns)), root.T).reshape(drawn.shape)

    def _last_uniforms(self, seed: int, paths: int, quarters: int, draws: str) -> Reals:
        """The last random number of each quarter (path, quarter); the two paths of a mirrored pair share it."""
        count = (paths + 1) // 2 if draws == "antithetic" else paths
        out = uniforms(seed, count, quarters, COLUMNS, FIRST_STEP)[..., -1]
        return np.repeat(out, 2, axis=0)[:paths] if draws == "antithetic" else out


def as_matrix(values: Reals) -> Matrix:
    """An array as nested tuples."""
    return tuple(tuple(float(value) for value in row) for row in values)


def shape_of(values: Sequence[Any]) -> tuple[int, ...]:
    """Shape of an array of nested rows; empty if they differ in length."""
    try:
        return np.shape(values)
    except ValueError:
        return ()


def rows_in_words(shape: tuple[int, ...]) -> str:
    """Shape in a message.

    >>> rows_in_words(shape_of([[1.0], [1.0, 2.0]])), rows_in_words((2, 3))
    ('rows of several lengths', 'shape (2, 3)')
    """
    return f"shape {shape}" if shape else "rows of several lengths"


def _quarters_faults(quarters: int) -> list[str]:
    """Fault of a number of quarters."""
    return whole_faults("quarters", quarters, 1, MOST_QUARTERS, advice="give the number of quarters")


def covariance_faults(name: str, values: Matrix, size: int) -> list[str]:
    """Faults of what should be a covariance matrix."""
    if (shape := shape_of(values)) != (size, size):
        found = f"found {rows_in_words(shape)}, expected ({size}, {size})"
        return [f"{name}: {found}; give a row for each variable"]
    matrix = np.asarray(values)
    least = float(np.linalg.eigvalsh(matrix).min()) if np.isfinite(matrix).all() else np.nan
    if not (np.allclose(matrix, matrix.T) and least > 0):
        expected = "expected a symmetric matrix with all eigenvalues above 0"
        return [f"{name}: found a least eigenvalue of {least:.3g}, {expected}; give a covariance matrix"]
    return []


class MonthlyDeviations(NamedTuple):
    """Monthly deviations of one variable [unit of the variable]."""

    paths: Reals
    """(path, month)"""
    sd: Reals
    """Exact standard deviation (month)."""
    reference: Reals | None
    """The fixed sample (path, month) of a model that is not normal; None of a normal one."""


def monthly_deviations(
    model: QuarterlyModel, months: int, paths: int, seed: int, draws: str, follow: Sequence[str] = ()
) -> dict[str, MonthlyDeviations]:
    """Monthly deviations of every variable of a model that does not follow its scenario.

    follow : variables without deviations: the others are drawn given that, x_o - S_of S_ff^-1 x_f for normal x
    Each quarter is a product of its own, so that its months have the same bits whatever the number of months.
    """
    quarters = -(-months // 3) + AHEAD
    covariance = model.innovation_covariance(quarters)
    loadings = _monthly_loadings(model, quarters, covariance, follow)
    sds = {name: [_sd(loading, covariance) for loading in rows] for name, rows in loadings.items()}
    leading = _leading(loadings, sds, months, quarters * len(model.variables))
    innovations = model.innovations(seed, paths, quarters, draws, leading).reshape(paths, -1)
    sample = None
    if not model.gaussian:
        sample = model.innovations(REFERENCE_SEED, REFERENCE_PATHS, quarters, "random", leading)
        sample = sample.reshape(REFERENCE_PATHS, -1)
    out = {}
    for name, rows in loadings.items():
        reference = None
        if sample is not None:
            reference = _months(sample, rows)[:, :months]
            reference = reference - reference.mean(axis=0)  # the mean of the model is zero
        out[name] = MonthlyDeviations(
            _months(innovations, rows)[:, :months], np.concatenate(sds[name])[:months], reference
        )
    return out


def _months(innovations: Reals, loadings: Sequence[Reals]) -> Reals:
    """Deviations (path, month) from innovations (path, quarter x variable)."""
    return np.concatenate([rows_times(innovations[:, : rows.shape[1]], rows.T) for rows in loadings], axis=1)


def _monthly_loadings(
    model: QuarterlyModel, quarters: int, covariance: Reals, follow: Sequence[str]
) -> dict[str, list[Reals]]:
    """Loadings of each variable's months, three of a quarter together, on the innovations up to `AHEAD` quarters later.

    Unemployment comes first. covariance : of the innovations (quarter x variable, quarter x variable)
    """
    size = len(model.variables)
    response = model.impulse_responses(quarters)
    held = np.isin(np.tile(model.variables, quarters), list(follow))
    if held.any():
        total = response @ covariance @ response.T
        gain = np.linalg.solve(total[np.ix_(held, held)], total[np.ix_(held, ~held)]).T
        response[~held] -= gain @ response[held]
    by_variable = response.reshape(quarters, size, -1)
    names = [name for name in model.variables if name not in follow]
    names.sort(key=lambda name: name != "unemployment_rate")
    loadings: dict[str, list[Reals]] = {name: [] for name in names}
    for quarter in range(quarters - AHEAD):
        first, last = max(quarter - AHEAD, 0), quarter + AHEAD + 1
        smoother = to_monthly(np.eye(last - first), None if first else 0.0)
        weights = np.ascontiguousarray(smoother[:, 3 * (quarter - first) : 3 * (quarter - first) + 3].T)
        for name in names:
            deviations = by_variable[first:last, model.variables.index(name), : last * size]
            loadings[name].append(weights @ np.ascontiguousarray(deviations))
    return loadings


def _sd(loadings: Reals, covariance: Reals) -> Reals:
    """Standard deviation of each row of loadings on the first innovations."""
    those = np.ascontiguousarray(covariance[: loadings.shape[1], : loadings.shape[1]])
    return np.asarray(np.sqrt(((loadings @ those) * loadings).sum(axis=1)))


def _leading(
    loadings: dict[str, list[Reals]], sds: dict[str, list[Reals]], months: int, width: int
) -> tuple[Reals, Reals]:
    """Loadings over their standard deviations, of unemployment's months and of the other variables'."""
    scaled: dict[bool, list[Reals]] = {True: [], False: []}
    for name, rows in loadings.items():
        full = np.zeros((3 * len(rows), width))
        for quarter, (some, sd) in enumerate(zip(rows, sds[name], strict=True)):
            full[3 * quarter : 3 * quarter + 3, : some.shape[1]] = some / sd[:, None]
        scaled[name == "unemployment_rate"].append(full[:months])
    unemployment, others = (np.concatenate([np.zeros((0, width)), *scaled[first]]) for first in (True, False))
    return unemployment, others
