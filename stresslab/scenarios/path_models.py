"""Models of how the economy strays from a scenario, fitted to a quarterly history.

`VAR` (normal or Student t), `BlockBootstrap` and `RegimeSwitching` share their dynamics, the shrunken vector
autoregression of `estimation.fit_dynamics`, and differ in the innovations:

    d(q) = A_1 d(q-1) + ... + A_p d(q-p) + e(q), d = 0 up to the start, as the present is known

Each holds its fitted parameters as plain numbers, knows the exact second moments of its deviations (`covariance`), and
goes to and from JSON (`to_json`, `model_from_json`), which is how attrs of macro_paths() keep it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from scipy.special import gammaincc, gammaincinv

from stresslab.scenarios.draws import LEADING, sobol, uniforms
from stresslab.scenarios.estimation import (
    Fit,
    default_history,
    degrees_of_freedom,
    fit_dynamics,
    regime_weights,
    resting,
)
from stresslab.scenarios.library import VARIABLES
from stresslab.scenarios.quarterly import (
    FIRST,
    FLOOR,
    WIDTH,
    Loadings,
    Matrix,
    QuarterlyModel,
    Reals,
    as_matrix,
    covariance_faults,
)
from stresslab.schema import InputError

RAREST = 1e-3
"""No quarter of a Student t model is scaled up more than in the worst one of a thousand, so that growth stays in its
bounds; the others are scaled such that the variance is kept exactly."""


@dataclass(frozen=True)
class VAR(QuarterlyModel):
    """Vector autoregression with normal or Student t innovations.

    covariance_matrix : of a quarter's innovations
    degrees : of freedom of their multivariate t, above 2, scaled such that the covariance is as said and cut
        at `RAREST`; None: normal
    When to choose: the plain model; the only one that can draw some variables given others, if normal.
    Not for: recessions that come fast and go slowly (`RegimeSwitching`).
    """

    covariance_matrix: Matrix
    degrees: float | None = None

    @property
    def gaussian(self) -> bool:
        """Whether all deviations are jointly normal."""
        return self.degrees is None

    @classmethod
    def fit(
        cls,
        history: xr.Dataset | None = None,
        *,
        variables: Sequence[str] = VARIABLES,
        max_lags: int = 4,
        shrinkage: float = 0.2,
        tails: str | float = "normal",
        policy_rate_floor: float = FLOOR,
    ) -> VAR:
        """Fit to a quarterly history.

        history : Dataset (quarter) like us_history(); None: that up to 2019, as the pandemic would outweigh the rest
        variables : which move; unemployment_rate among them. Others follow their scenario
        max_lags : quarters among which BIC chooses
        shrinkage : 0 (least squares) to 1 (each variable by itself), see `estimation.fit_dynamics`; assumption
        tails : "normal" | "t" (degrees of freedom by maximum likelihood) | degrees of freedom above 2
        Returns VAR.
        Raises InputError naming every fault in history and arguments; a fit that does not revert is refused.

        >>> model = VAR.fit(variables=["unemployment_rate", "gdp_growth"])
        >>> len(model.coefficients), model.radius < 1.0  # two lags; it reverts
        (2, True)
        """
        given = isinstance(tails, int | float) and not isinstance(tails, bool)
        if not (tails in ("normal", "t") or (given and 2 < float(tails) <= 1e6)):
            raise InputError("VAR.fit", [f"tails: found {tails!r}, expected 'normal', 't' or degrees of freedom > 2"])
        fit = fit_dynamics("VAR.fit", history, variables, max_lags, shrinkage)
        spread = fit.residuals.T @ fit.residuals / len(fit.residuals)
        degrees = None if tails == "normal" else degrees_of_freedom(fit.residuals) if tails == "t" else float(tails)
        common = _common(fit, variables, shrinkage, policy_rate_floor)
        return cls(**common, covariance_matrix=as_matrix(spread), degrees=degrees)

    def shocks(self, seed: int, paths: int, quarters: int, draws: str, loadings: Loadings) -> Reals:
        root = np.linalg.cholesky(np.asarray(self.covariance_matrix))
        out = self._normals(seed, paths, quarters, draws, root, loadings)
        if self.degrees is not None:  # one chi-square for all variables of a quarter
            half = self.degrees / 2
            chance = RAREST + (1 - RAREST) * self._extra(seed, paths, quarters, draws)
            inverse = (
                gammaincc(half - 1, gammaincinv(half, RAREST)) / (self.degrees - 2) / (1 - RAREST)
            )  # E 1 / surprise
            out *= (1 / (inverse * 2 * gammaincinv(half, chance)) ** 0.5)[..., None]
        return out

    def _own_faults(self) -> list[str]:
        faults = covariance_faults("covariance_matrix", self.covariance_matrix, len(self.variables))
        if self.degrees is not None and not self.degrees > 2:
            faults.append(f"degrees: found {self.degrees}, expected above 2, or None: fewer have no variance")
        return faults

    def _shock_moments(self, gaps: int) -> list[Reals]:
        return [np.asarray(self.covariance_matrix)]


@dataclass(frozen=True)
class BlockBootstrap(QuarterlyModel):
    """Innovations resampled from history in blocks of quarters, the last quarter of history joined to the first.

    residuals : (quarter, variable) of the fit, with mean zero
    block_quarters : length of a block; blocks start in quarters 1, 1 + block_quarters, ... of a path
    When to choose: where the shape of what happened, and in what order, matters more than what could have.
    Not for: "antithetic" draws, as a quarter that happened has no mirror image.
    Source: the circular blocks of Politis and Romano (1992), on residuals.
    """

    residuals: Matrix
    block_quarters: int

    @classmethod
    def fit(
        cls,
        history: xr.Dataset | None = None,
        *,
        block_quarters: int = 8,
        variables: Sequence[str] = VARIABLES,
        max_lags: int = 4,
        shrinkage: float = 0.2,
        policy_rate_floor: float = FLOOR,
    ) -> BlockBootstrap:
        """Fit to a quarterly history; the other arguments are those of `VAR.fit`.

        block_quarters : 1 (quarters independent) or more; two years by default, an assumption
        Raises InputError naming every fault.

        >>> BlockBootstrap.fit(variables=["unemployment_rate"]).block_quarters
        8
        """
        fit = fit_dynamics("BlockBootstrap.fit", history, variables, max_lags, shrinkage)
        common = _common(fit, variables, shrinkage, policy_rate_floor)
        return cls(**common, residuals=as_matrix(fit.residuals), block_quarters=block_quarters)

    def shocks(self, seed: int, paths: int, quarters: int, draws: str, loadings: Loadings) -> Reals:
        past = np.asarray(self.residuals)
        starts = np.arange(0, quarters, self.block_quarters)
        chance = uniforms(seed, paths, quarters, WIDTH, FIRST)[:, starts, -1]
        if draws == "sobol":
            count = min(len(starts), 2 * LEADING)
            chance[:, :count] = sobol(seed, paths, count)
        first = (chance * len(past)).astype(np.int64)
        quarter = np.arange(quarters)
        return np.asarray(past[(first[:, quarter // self.block_quarters] + quarter % self.block_quarters) % len(past)])

    def _own_faults(self) -> list[str]:
        shape, length = np.shape(self.residuals), self.block_quarters
        if len(shape) != 2 or shape[1] != len(self.variables):
            return [f"residuals: found shape {shape}, expected (quarters, {len(self.variables)})"]
        faults = []
        if isinstance(length, bool) or not isinstance(length, int | np.integer) or not 1 <= length <= shape[0]:
            faults.append(f"block_quarters: found {length!r}, expected a whole number of quarters, 1 to {shape[0]}")
        return faults

    def _shock_moments(self, gaps: int) -> list[Reals]:
        past = np.asarray(self.residuals)
        return [past.T @ np.roll(past, gap, axis=0) / len(past) for gap in range(min(gaps, self.block_quarters))]

    def _joined(self, quarter: int, other: int) -> float:
        return float(quarter // self.block_quarters == other // self.block_quarters)


@dataclass(frozen=True)
class RegimeSwitching(QuarterlyModel):
    """Innovations whose mean and covariance follow a Markov chain of regimes, such as expansion and recession.

    means : of the innovations in each regime (regime, variable); zero on average over the resting chain
    covariances : of each regime (regime, variable, variable)
    transition : quarterly probabilities (from, to)
    The chain is found in the changes of unemployment (Hamilton 1989); means and covariances are those of the VAR's
    residuals, weighted by the smoothed probabilities. Its first quarter is drawn from the resting chain, so that the
    mean deviation is zero in every quarter; in the last regime unemployment rises most.
    When to choose: recessions that start at random, hit all variables together and last.
    """

    means: Matrix
    covariances: tuple[Matrix, ...]
    transition: Matrix

    @classmethod
    def fit(
        cls,
        history: xr.Dataset | None = None,
        *,
        regimes: int = 2,
        variables: Sequence[str] = VARIABLES,
        max_lags: int = 4,
        shrinkage: float = 0.2,
        policy_rate_floor: float = FLOOR,
    ) -> RegimeSwitching:
        """Fit to a quarterly history; the other arguments are those of `VAR.fit`.

        regimes : 2 or 3
        Raises InputError naming every fault, among them a likelihood without a maximum.
        """
        if isinstance(regimes, bool) or regimes not in (2, 3):
            raise InputError("RegimeSwitching.fit", [f"regimes: found {regimes!r}, expected 2 or 3"])
        fit = fit_dynamics("RegimeSwitching.fit", history, variables, max_lags, shrinkage)
        jobless = (default_history() if history is None else history)["unemployment_rate"].values
        weights, chain = regime_weights(np.diff(jobless), regimes)
        weights = weights[-len(fit.residuals) :]
        weights = weights / weights.sum(axis=0)
        means = weights.T @ fit.residuals
        gaps = fit.residuals - means[:, None]
        covariances = np.einsum("qr,rqv,rqw->rvw", weights, gaps, gaps)
        return cls(
            **_common(fit, variables, shrinkage, policy_rate_floor),
            means=as_matrix(means - resting(chain) @ means),
            covariances=tuple(as_matrix(each) for each in covariances),
            transition=as_matrix(chain),
        )

    def shocks(self, seed: int, paths: int, quarters: int, draws: str, loadings: Loadings) -> Reals:
        chain = np.asarray(self.transition)
        chance = self._extra(seed, paths, quarters, draws)
        regime = np.empty((paths, quarters), dtype=np.int64)
        before = np.cumsum(resting(chain))[None, :-1]
        for quarter in range(quarters):
            regime[:, quarter] = (chance[:, quarter, None] > before).sum(axis=1)
            before = np.cumsum(chain, axis=1)[regime[:, quarter], :-1]
        roots = [np.linalg.cholesky(np.asarray(each)) for each in self.covariances]
        overall = np.asarray(np.linalg.cholesky(self._shock_moments(1)[0]), dtype=np.float64)
        mixed = self._normals(seed, paths, quarters, draws, overall, loadings)
        out = np.asarray(self.means)[regime]
        for each, root in enumerate(roots):
            turned = root @ np.linalg.inv(overall)
            here = regime == each
            out[here] += np.einsum("nv,wv->nw", mixed[here], turned)
        return out

    def _own_faults(self) -> list[str]:
        size, chain = len(self.variables), np.asarray(self.transition)
        regimes = len(chain)
        if np.shape(self.means) != (regimes, size) or chain.shape != (regimes, regimes):
            found = f"{np.shape(self.means)} and {chain.shape}"
            return [f"means, transition: found shapes {found}, expected (regimes, {size}) and (regimes, regimes)"]
        faults = []
        if (chain < 0).any() or not np.allclose(chain.sum(axis=1), 1.0, atol=1e-9):
            faults.append(f"transition: found {self.transition}, expected probabilities whose rows sum to 1")
        for regime, each in enumerate(self.covariances):
            faults += covariance_faults(f"covariances[{regime}]", each, size)
        if not faults and np.abs(resting(chain) @ np.asarray(self.means)).max() > 1e-9:
            faults.append("means: found an average over the resting chain that is not 0; take it off")
        return faults

    def _shock_moments(self, gaps: int) -> list[Reals]:
        chain, means = np.asarray(self.transition), np.asarray(self.means)
        rest = resting(chain)
        out, ahead = [], np.eye(len(chain))
        for _ in range(gaps):  # E e(q) e(q - gap)' = sum_ij rest_i P^gap_ij m_j m_i'
            out.append((rest[:, None] * ahead @ means).T @ means)
            ahead = ahead @ chain
        out[0] = out[0] + np.einsum("r,rvw->vw", rest, np.asarray(self.covariances))
        return out


KINDS: dict[str, type[QuarterlyModel]] = {kind.__name__: kind for kind in (VAR, BlockBootstrap, RegimeSwitching)}


def model_from_json(text: str) -> QuarterlyModel:
    """The model that `to_json` wrote, as attrs["macro_model"] of macro_paths() keeps it.

    >>> model = VAR.fit(variables=["unemployment_rate"])
    >>> model_from_json(model.to_json()) == model
    True
    """
    record = json.loads(text)
    kind = record.pop("model", None)
    if kind not in KINDS:
        raise InputError("model_from_json", [f"model: found {kind!r}, expected one of {', '.join(KINDS)}"])
    return KINDS[kind](**{name: _tuples(value) for name, value in record.items()})


def _tuples(value: Any) -> Any:
    """Lists made tuples, all the way down."""
    return tuple(_tuples(each) for each in value) if isinstance(value, list) else value


def _common(fit: Fit, variables: Sequence[str], shrinkage: float, floor: float) -> dict[str, Any]:
    """The fields that all kinds share."""
    coefficients = tuple(as_matrix(each) for each in fit.coefficients)
    own = {"variables": tuple(variables), "coefficients": coefficients, "sample": fit.sample}
    return own | {"shrinkage": float(shrinkage), "policy_rate_floor": float(floor)}


def _still(keep: float, variance: float = 1.0) -> VAR:
    """One variable by hand, for examples."""
    return VAR(("unemployment_rate",), (((keep,),),), "by hand", 0.0, FLOOR, ((variance,),))
