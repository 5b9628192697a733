"""Path models fitted to a quarterly history: VAR (normal or Student t), block bootstrap and Markov regimes.

They share their dynamics, the shrunken vector autoregression of `estimation.fit_dynamics`, and differ in the
innovations:

    d(q) = A_1 d(q-1) + ... + A_p d(q-p) + e(q), d = 0 up to the start, as the present is known

Each holds its fitted parameters as plain numbers, has exact second moments (`covariance`), and can be written to and
read from JSON (`to_json`, `model_from_json`), which is how attrs of macro_paths() keep it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import MISSING, dataclass, fields
from typing import Any

import numpy as np
import xarray as xr
from scipy.special import gammaincc, gammaincinv

from stresslab.checks import choice_faults, refuse, shown, unknown, whole_faults
from stresslab.scenarios.ar1 import Deviation, PathModel
from stresslab.scenarios.bounds import POLICY_RATE_FLOOR
from stresslab.scenarios.draws import LEADING, sobol, uniforms
from stresslab.scenarios.estimation import (
    Fit,
    default_history,
    fit_dynamics,
    regime_weights,
    stationary,
    t_degrees_of_freedom,
)
from stresslab.scenarios.library import VARIABLES
from stresslab.scenarios.quarterly import (
    COLUMNS,
    FIRST_STEP,
    Loadings,
    Matrix,
    QuarterlyModel,
    Reals,
    as_matrix,
    covariance_faults,
    rows_in_words,
    shape_of,
)
from stresslab.schema import InputError
from stresslab.typed import typed

RAREST = 1e-3
"""No quarter of a Student t model is scaled up more than in the worst one of a thousand, so that growth stays in its
bounds; the others are scaled such that the variance is kept exactly."""


@typed
@dataclass(frozen=True)
class VAR(QuarterlyModel):
    r"""Vector autoregression with normal or Student t innovations, by quarter.

    Parameters
    ----------
    variables : tuple of str
        Variables that deviate from their scenario, in the order of the matrices.
    coefficients : tuple of matrices
        One for each lag, each (to, from).
    sample : str
        Quarters to which the model was fitted.
    shrinkage : float
        Weight of the univariate autoregressions in the coefficients.
    policy_rate_floor : float
        No path's policy rate falls below it [1/year].
    covariance_matrix : matrix
        Of a quarter's innovations.
    degrees_of_freedom : float or None
        Of their multivariate t, above 2, scaled such that the covariance is as given and cut at the worst of a thousand
        quarters. None: normal.

    Raises
    ------
    InputError
        Names each parameter out of bounds; dynamics whose deviations do not fade are refused.

    Notes
    -----
    Deviations :math:`d_q` from the scenario in quarter :math:`q`, zero up to the start, follow

    .. math:: d_q = A_1 d_{q-1} + \dots + A_p d_{q-p} + e_q, \qquad \operatorname{Cov}(e_q) = \Sigma.

    The plain model, and, if normal, the only one that can draw some variables given others. Not for recessions that
    come fast and recover slowly (`RegimeSwitching`).

    Examples
    --------
    One variable by hand: the variance after two quarters is 1 + 0.5 squared.

    >>> import stresslab as sl
    >>> model = sl.scenarios.VAR(("unemployment_rate",), (((0.5,),),), "by hand", 0.0, -0.0075, ((1.0,),))
    >>> model.covariance(2).values.ravel()
    array([1.  , 0.5 , 0.5 , 1.25])
    """

    covariance_matrix: Matrix
    degrees_of_freedom: float | None = None

    @property
    def gaussian(self) -> bool:
        """Whether all deviations are jointly normal."""
        return self.degrees_of_freedom is None

    @classmethod
    @typed
    def fit(
        cls,
        history: xr.Dataset | None = None,
        *,
        variables: Sequence[str] = VARIABLES,
        max_lags: int = 4,
        shrinkage: float = 0.2,
        tails: str | float = "normal",
        policy_rate_floor: float = POLICY_RATE_FLOOR,
    ) -> VAR:
        r"""Fit to a quarterly history by least squares with shrinkage.

        Parameters
        ----------
        history : xarray.Dataset or None
            Quarterly history like `us_history`. None: that up to 2019, as the pandemic would outweigh the rest [2]_.
        variables : sequence of str
            Variables that deviate, unemployment_rate among them; the others follow their scenario.
        max_lags : int
            Largest number of lags [quarter]; BIC chooses among 1, 2, ...
        shrinkage : float
            0 (least squares) to 1 (each variable by itself); the default is an assumption.
        tails : {"normal", "t"} or float
            "t": degrees of freedom by maximum likelihood; a number above 2 sets them.
        policy_rate_floor : float
            No path's policy rate falls below it [1/year].

        Returns
        -------
        VAR
            The fitted model.

        Raises
        ------
        InputError
            Names each fault of history and arguments; a fit whose deviations do not fade is refused.

        Notes
        -----
        With shrinkage :math:`w` and the coefficients :math:`a_l` of each variable's own autoregression, with the same
        lags in both,

        .. math:: A_l = (1 - w) \, A_l^{\mathrm{VAR}} + w \operatorname{diag}(a_l).

        The prior of [1]_ also shrinks towards univariate processes, but towards random walks; here every variable
        reverts.

        References
        ----------
        .. [1] Litterman (1986), Forecasting with Bayesian vector autoregressions: five years of experience, J. Business
           and Economic Statistics 4.
        .. [2] Lenza and Primiceri (2022), How to estimate a VAR after March 2020, J. Applied Econometrics 37.

        Examples
        --------
        Two lags, and deviations that fade:

        >>> import stresslab as sl
        >>> model = sl.scenarios.VAR.fit(variables=["unemployment_rate", "gdp_growth"])
        >>> len(model.coefficients), model.spectral_radius < 1.0
        (2, True)
        """
        number = isinstance(tails, int | float) and not isinstance(tails, bool)
        if not (tails in ("normal", "t") or (number and 2 < float(tails) <= 1e6)):
            expected = "expected 'normal', 't' or degrees of freedom above 2"
            raise InputError("VAR.fit", [f"tails: found {tails!r}, {expected}; choose one of these"])
        fit = fit_dynamics("VAR.fit", history, variables, max_lags, shrinkage)
        covariance = fit.residuals.T @ fit.residuals / len(fit.residuals)
        estimated = t_degrees_of_freedom(fit.residuals) if tails == "t" else None
        degrees = float(tails) if number else estimated
        shared = _shared_fields(fit, variables, shrinkage, policy_rate_floor)
        return cls(**shared, covariance_matrix=as_matrix(covariance), degrees_of_freedom=degrees)

    @typed
    def innovations(
        self, seed: int, paths: int, quarters: int, draws: str = "random", loadings: Loadings | None = None
    ) -> Reals:
        """Simulated innovations of each path and quarter, a function of seed and position alone.

        Parameters
        ----------
        seed : int
            Whole number below 2^63.
        paths : int
            Number of paths.
        quarters : int
            Number of quarters after the start.
        draws : {"random", "antithetic", "sobol"}
            As in `macro_paths`.
        loadings : pair of arrays or None
            Loadings (month, quarter x variable) of unemployment, and of the other variables, on the innovations, which
            tell "sobol" the directions that matter most; not used otherwise.

        Returns
        -------
        numpy.ndarray
            Innovations (path, quarter, variable), in the units of the variables.

        Raises
        ------
        InputError
            If draws are "sobol" and loadings are None.

        Examples
        --------
        Their variance is the one of the model.

        >>> import stresslab as sl
        >>> model = sl.scenarios.VAR.fit(variables=["unemployment_rate"])
        >>> round(model.innovations(seed=1, paths=20_000, quarters=1).var().item() / model.covariance_matrix[0][0], 1)
        1.0
        """
        self._refuse_draws(seed, paths, quarters, draws)
        root = np.linalg.cholesky(np.asarray(self.covariance_matrix))
        out = self._normals(seed, paths, quarters, draws, root, loadings)
        if self.degrees_of_freedom is not None:  # one chi-square for all variables of a quarter
            degrees, half = self.degrees_of_freedom, self.degrees_of_freedom / 2
            chance = RAREST + (1 - RAREST) * self._last_uniforms(seed, paths, quarters, draws)
            # the mean of 1 / chi-square beyond the cut, which makes the variance exact
            inverse = gammaincc(half - 1, gammaincinv(half, RAREST)) / (degrees - 2) / (1 - RAREST)
            out *= (1 / (inverse * 2 * gammaincinv(half, chance)) ** 0.5)[..., None]
        return out

    def _own_faults(self) -> list[str]:
        """Faults of the covariance matrix and the degrees of freedom."""
        faults = covariance_faults("covariance_matrix", self.covariance_matrix, len(self.variables))
        if self.degrees_of_freedom is not None and not 2 < self.degrees_of_freedom <= 1e6:
            found = f"found {self.degrees_of_freedom}, expected above 2, as fewer have no variance, and at most 1e6"
            faults.append(f"degrees_of_freedom: {found}; raise them, or give None")
        return faults

    def _innovation_moments(self, gaps: int) -> list[Reals]:
        """Moments of innovations that are independent from quarter to quarter."""
        return [np.asarray(self.covariance_matrix)]


@typed
@dataclass(frozen=True)
class BlockBootstrap(QuarterlyModel):
    """Autoregressive deviations whose innovations are resampled from history in blocks of quarters.

    Parameters
    ----------
    variables : tuple of str
        Variables that deviate from their scenario, in the order of the matrices.
    coefficients : tuple of matrices
        One for each lag, each (to, from).
    sample : str
        Quarters to which the model was fitted.
    shrinkage : float
        Weight of the univariate autoregressions in the coefficients.
    policy_rate_floor : float
        No path's policy rate falls below it [1/year].
    residuals : matrix
        Of the fit (quarter, variable), with mean zero; the last quarter is followed by the first.
    block_quarters : int
        Length of a block; blocks start in quarters 1, 1 + block_quarters, ... of a path.

    Raises
    ------
    InputError
        Names each parameter out of bounds; dynamics whose deviations do not fade are refused.

    Notes
    -----
    The circular blocks of [1]_, on residuals. For questions in which the shape and the order of what happened matter
    more than what could have happened. Not for "antithetic" draws, as a resampled quarter has no mirror image.

    References
    ----------
    .. [1] Politis and Romano (1992), A circular block-resampling procedure for stationary data, in Exploring the Limits
       of Bootstrap.

    Examples
    --------
    >>> import stresslab as sl
    >>> model = sl.scenarios.BlockBootstrap.fit(variables=["unemployment_rate"])
    >>> model.sample
    '1976Q1 to 2019Q4'
    """

    residuals: Matrix
    block_quarters: int

    @classmethod
    @typed
    def fit(
        cls,
        history: xr.Dataset | None = None,
        *,
        block_quarters: int = 8,
        variables: Sequence[str] = VARIABLES,
        max_lags: int = 4,
        shrinkage: float = 0.2,
        policy_rate_floor: float = POLICY_RATE_FLOOR,
    ) -> BlockBootstrap:
        """Fit to a quarterly history; the dynamics are those of `VAR.fit`.

        Parameters
        ----------
        history : xarray.Dataset or None
            Quarterly history like `us_history`. None: that up to 2019.
        block_quarters : int
            1 (quarters independent) or more; the default of two years is an assumption.
        variables : sequence of str
            Variables that deviate, unemployment_rate among them; the others follow their scenario.
        max_lags : int
            Largest number of lags [quarter]; BIC chooses among 1, 2, ...
        shrinkage : float
            0 (least squares) to 1 (each variable by itself); the default is an assumption.
        policy_rate_floor : float
            No path's policy rate falls below it [1/year].

        Returns
        -------
        BlockBootstrap
            The fitted model.

        Raises
        ------
        InputError
            Names each fault of history and arguments; a fit whose deviations do not fade is refused.

        Examples
        --------
        >>> import stresslab as sl
        >>> sl.scenarios.BlockBootstrap.fit(variables=["unemployment_rate"]).block_quarters
        8
        """
        fit = fit_dynamics("BlockBootstrap.fit", history, variables, max_lags, shrinkage)
        shared = _shared_fields(fit, variables, shrinkage, policy_rate_floor)
        return cls(**shared, residuals=as_matrix(fit.residuals), block_quarters=block_quarters)

    @typed
    def innovations(
        self, seed: int, paths: int, quarters: int, draws: str = "random", loadings: Loadings | None = None
    ) -> Reals:
        """Simulated innovations of each path and quarter, a function of seed and position alone.

        Parameters
        ----------
        seed : int
            Whole number below 2^63.
        paths : int
            Number of paths.
        quarters : int
            Number of quarters after the start.
        draws : {"random", "sobol"}
            As in `macro_paths`.
        loadings : pair of arrays or None
            Not used.

        Returns
        -------
        numpy.ndarray
            Innovations (path, quarter, variable), in the units of the variables.

        Examples
        --------
        Each is a residual of the fit.

        >>> import numpy as np
        >>> import stresslab as sl
        >>> model = sl.scenarios.BlockBootstrap.fit(variables=["unemployment_rate"])
        >>> bool(np.isin(model.innovations(seed=1, paths=5, quarters=9), model.residuals).all())
        True
        """
        self._refuse_draws(seed, paths, quarters, draws)
        past = np.asarray(self.residuals)
        starts = np.arange(0, quarters, self.block_quarters)
        chance = uniforms(seed, paths, quarters, COLUMNS, FIRST_STEP)[:, starts, -1]
        if draws == "sobol":
            count = min(len(starts), 2 * LEADING)
            chance[:, :count] = sobol(seed, paths, count)
        first = (chance * len(past)).astype(np.int64)
        quarter = np.arange(quarters)
        return np.asarray(past[(first[:, quarter // self.block_quarters] + quarter % self.block_quarters) % len(past)])

    def _own_faults(self) -> list[str]:
        """Faults of the residuals and the length of a block."""
        shape = shape_of(self.residuals)
        if len(shape) != 2 or shape[1] != len(self.variables):
            expected = f"expected (quarters, {len(self.variables)})"
            return [f"residuals: found {rows_in_words(shape)}, {expected}; give a row for each quarter"]
        if not np.isfinite(self.residuals).all():
            return ["residuals: found some that are not finite, expected numbers; correct them"]
        return whole_faults("block_quarters", self.block_quarters, 1, shape[0], advice="give quarters")

    def _innovation_moments(self, gaps: int) -> list[Reals]:
        """Moments of the residuals at each gap within a block."""
        past = np.asarray(self.residuals)
        return [past.T @ np.roll(past, gap, axis=0) / len(past) for gap in range(min(gaps, self.block_quarters))]

    def _drawn_together(self, quarter: int, other: int) -> float:
        """1 for two quarters of one block, else 0."""
        return float(quarter // self.block_quarters == other // self.block_quarters)


@typed
@dataclass(frozen=True)
class RegimeSwitching(QuarterlyModel):
    """Autoregressive deviations whose innovations follow a Markov chain of regimes, as expansion and recession.

    Parameters
    ----------
    variables : tuple of str
        Variables that deviate from their scenario, in the order of the matrices.
    coefficients : tuple of matrices
        One for each lag, each (to, from).
    sample : str
        Quarters to which the model was fitted.
    shrinkage : float
        Weight of the univariate autoregressions in the coefficients.
    policy_rate_floor : float
        No path's policy rate falls below it [1/year].
    means : matrix
        Of the innovations in each regime (regime, variable); zero on average over the stationary chain.
    covariances : tuple of matrices
        Of the innovations in each regime (variable, variable).
    transition : matrix
        Quarterly transition probabilities (from, to).

    Raises
    ------
    InputError
        Names each parameter out of bounds; dynamics whose deviations do not fade are refused.

    Notes
    -----
    The chain is estimated on the changes of unemployment [1]_; means and covariances are those of the residuals of the
    VAR, weighted by the smoothed probabilities. The first quarter is drawn from the stationary chain, so that the mean
    deviation is zero in every quarter. In the last regime unemployment rises most. For recessions that start at random,
    hit all variables together and last.

    References
    ----------
    .. [1] Hamilton (1989), A new approach to the economic analysis of nonstationary time series and the business cycle,
       Econometrica 57.

    Examples
    --------
    Unemployment falls in the first regime and rises in the second.

    >>> import stresslab as sl
    >>> model = sl.scenarios.RegimeSwitching.fit(variables=["unemployment_rate"])
    >>> model.means[0][0] < 0.0 < model.means[1][0]
    True
    """

    means: Matrix
    covariances: tuple[Matrix, ...]
    transition: Matrix

    @classmethod
    @typed
    def fit(
        cls,
        history: xr.Dataset | None = None,
        *,
        regimes: int = 2,
        variables: Sequence[str] = VARIABLES,
        max_lags: int = 4,
        shrinkage: float = 0.2,
        policy_rate_floor: float = POLICY_RATE_FLOOR,
    ) -> RegimeSwitching:
        """Fit to a quarterly history; the dynamics are those of `VAR.fit`.

        Parameters
        ----------
        history : xarray.Dataset or None
            Quarterly history like `us_history`. None: that up to 2019.
        regimes : {2, 3}
            Number of regimes.
        variables : sequence of str
            Variables that deviate, unemployment_rate among them; the others follow their scenario.
        max_lags : int
            Largest number of lags [quarter]; BIC chooses among 1, 2, ...
        shrinkage : float
            0 (least squares) to 1 (each variable by itself); the default is an assumption.
        policy_rate_floor : float
            No path's policy rate falls below it [1/year].

        Returns
        -------
        RegimeSwitching
            The fitted model.

        Raises
        ------
        InputError
            Names each fault of history and arguments, among them a likelihood without a maximum; a fit whose deviations
            do not fade is refused.

        Examples
        --------
        The rows of the transition matrix sum to 1.

        >>> import numpy as np
        >>> import stresslab as sl
        >>> np.sum(sl.scenarios.RegimeSwitching.fit(variables=["unemployment_rate"]).transition, axis=1)
        array([1., 1.])
        """
        refuse("RegimeSwitching.fit", choice_faults("regimes", regimes, (2, 3)))
        fit = fit_dynamics("RegimeSwitching.fit", history, variables, max_lags, shrinkage)
        jobless = (default_history() if history is None else history)["unemployment_rate"].values
        weights, chain = regime_weights(np.diff(jobless), regimes)
        weights = weights[-len(fit.residuals) :]
        weights = weights / weights.sum(axis=0)
        means = weights.T @ fit.residuals
        centred = fit.residuals - means[:, None]
        covariances = np.einsum("qr,rqv,rqw->rvw", weights, centred, centred)
        return cls(
            **_shared_fields(fit, variables, shrinkage, policy_rate_floor),
            means=as_matrix(means - stationary(chain) @ means),
            covariances=tuple(as_matrix(covariance) for covariance in covariances),
            transition=as_matrix(chain),
        )

    @typed
    def innovations(
        self, seed: int, paths: int, quarters: int, draws: str = "random", loadings: Loadings | None = None
    ) -> Reals:
        """Simulated innovations of each path and quarter, a function of seed and position alone.

        Parameters
        ----------
        seed : int
            Whole number below 2^63.
        paths : int
            Number of paths.
        quarters : int
            Number of quarters after the start.
        draws : {"random", "antithetic", "sobol"}
            As in `macro_paths`.
        loadings : pair of arrays or None
            Loadings (month, quarter x variable) of unemployment, and of the other variables, on the innovations, which
            tell "sobol" the directions that matter most; not used otherwise.

        Returns
        -------
        numpy.ndarray
            Innovations (path, quarter, variable), in the units of the variables.

        Raises
        ------
        InputError
            If draws are "sobol" and loadings are None.

        Examples
        --------
        A path does not depend on the number of paths.

        >>> import stresslab as sl
        >>> model = sl.scenarios.RegimeSwitching.fit(variables=["unemployment_rate"])
        >>> few, many = (model.innovations(seed=1, paths=paths, quarters=4) for paths in (2, 50))
        >>> bool((few == many[:2]).all())
        True
        """
        self._refuse_draws(seed, paths, quarters, draws)
        chain = np.asarray(self.transition)
        chance = self._last_uniforms(seed, paths, quarters, draws)
        regime = np.empty((paths, quarters), dtype=np.int64)
        cumulative = np.cumsum(stationary(chain))[None, :-1]
        for quarter in range(quarters):
            regime[:, quarter] = (chance[:, quarter, None] > cumulative).sum(axis=1)
            cumulative = np.cumsum(chain, axis=1)[regime[:, quarter], :-1]
        roots = [np.linalg.cholesky(np.asarray(covariance)) for covariance in self.covariances]
        overall = np.asarray(np.linalg.cholesky(self._innovation_moments(1)[0]), dtype=np.float64)
        mixed = self._normals(seed, paths, quarters, draws, overall, loadings)
        out = np.asarray(self.means)[regime]
        for number, root in enumerate(roots):
            change = root @ np.linalg.inv(overall)
            here = regime == number
            out[here] += np.einsum("nv,wv->nw", mixed[here], change)
        return out

    def _own_faults(self) -> list[str]:
        """Faults of means, covariances and transition probabilities."""
        size, regimes = len(self.variables), len(self.covariances)
        wanted = {"means": (regimes, size), "transition": (regimes, regimes)}
        shapes = {name: shape_of(getattr(self, name)) for name in wanted}
        if wrong := [name for name in wanted if shapes[name] != wanted[name]]:
            advice = "give a row for each regime, of as many as there are covariances"
            return [f"{name}: found {rows_in_words(shapes[name])}, expected {wanted[name]}; {advice}" for name in wrong]
        chain = np.asarray(self.transition)
        faults = []
        if (chain < 0).any() or not np.allclose(chain.sum(axis=1), 1.0, atol=1e-9):
            expected = "expected probabilities whose rows sum to 1"
            faults.append(f"transition: found {self.transition}, {expected}; correct the rows")
        for regime, covariance in enumerate(self.covariances):
            faults += covariance_faults(f"covariances[{regime}]", covariance, size)
        if not faults and np.abs(stationary(chain) @ np.asarray(self.means)).max() > 1e-9:
            found = "found an average over the stationary chain that is not 0"
            faults.append(f"means: {found}, expected 0; subtract the average")
        return faults

    def _innovation_moments(self, gaps: int) -> list[Reals]:
        """Moments over the stationary chain, at each gap."""
        chain, means = np.asarray(self.transition), np.asarray(self.means)
        weights = stationary(chain)
        out, ahead = [], np.eye(len(chain))
        for _ in range(gaps):  # E e(q) e(q - gap)' = sum_ij weights_i P^gap_ij m_j m_i'
            out.append((weights[:, None] * ahead @ means).T @ means)
            ahead = ahead @ chain
        out[0] = out[0] + np.einsum("r,rvw->vw", weights, np.asarray(self.covariances))
        return out


KINDS: dict[str, type[QuarterlyModel]] = {kind.__name__: kind for kind in (VAR, BlockBootstrap, RegimeSwitching)}


@typed
def model_from_json(text: str) -> PathModel | QuarterlyModel:
    """Path model from JSON, as `to_json` writes it and attrs `macro_model` of macro paths keep it.

    Parameters
    ----------
    text : str
        JSON of a model.

    Returns
    -------
    PathModel, VAR, BlockBootstrap or RegimeSwitching
        The same model.

    Raises
    ------
    InputError
        Names an unknown kind of model, and each parameter out of bounds.

    Examples
    --------
    >>> import stresslab as sl
    >>> fan = sl.macro_paths(sl.scenario("china-baseline"), paths=2, seed=1)
    >>> sl.scenarios.model_from_json(fan.attrs["macro_model"]) == sl.scenarios.PathModel()
    True
    """
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict):
        fault = f"text: found {shown(text)}, expected a path model as JSON; give attrs['macro_model'] of its paths"
        raise InputError("model_from_json", [fault])
    kind = record.pop("model", None)
    refuse("model_from_json", choice_faults("model", kind, ("PathModel", *KINDS)))
    if kind == "PathModel":
        tables = [item.name for item in fields(PathModel) if isinstance(record.get(item.name), dict)]
        made: PathModel = _made(PathModel, record | {name: _made(Deviation, record[name]) for name in tables})
        return made
    quarterly: QuarterlyModel = _made(KINDS[kind], {name: _tuples(value) for name, value in record.items()})
    return quarterly


def _made(kind: Any, values: dict[str, Any]) -> Any:
    """Object of a class from values of its fields, none of which may be missing or unknown."""
    wanted = {item.name: item.default is MISSING for item in fields(kind)}
    faults = [unknown(name, name, wanted) for name in values if name not in wanted]
    absent = [name for name, needed in wanted.items() if needed and name not in values]
    refuse("model_from_json", faults + [f"{name}: missing, expected one of {kind.__name__}; add it" for name in absent])
    return kind(**values)


def _tuples(value: Any) -> Any:
    """Lists, and lists in them, as tuples."""
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


def _shared_fields(fit: Fit, variables: Sequence[str], shrinkage: float, floor: float) -> dict[str, Any]:
    """The fields of a fitted model that all kinds share."""
    return {
        "variables": tuple(variables),
        "coefficients": tuple(as_matrix(matrix) for matrix in fit.coefficients),
        "sample": fit.sample,
        "shrinkage": float(shrinkage),
        "policy_rate_floor": float(floor),
    }
