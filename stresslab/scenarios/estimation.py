"""What the quarterly path models are fitted by: vector autoregression, tails and regimes, all from statsmodels."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import gammaln

from stresslab.scenarios.history import history_faults, us_history
from stresslab.scenarios.library import VARIABLES
from stresslab.schema import InputError

Reals = NDArray[np.float64]

LAST_QUIET = "2019 Q4"
"""Last quarter of the sample of `default_history`."""

DEGREES = (2.5, 100.0)
"""Bounds of an estimated number of degrees of freedom."""


@dataclass(frozen=True)
class Fit:
    """Shrunken coefficients (lag, to, from), residuals (quarter, variable) without a mean, and where they come from.

    Residuals are inflated by sqrt(n / (n - coefficients per equation)), so that their mean square is unbiased.
    """

    coefficients: Reals
    residuals: Reals
    sample: str


def default_history() -> xr.Dataset:
    """The history of the package up to 2019.

    The pandemic is left out: unemployment rose by 9 points in one quarter and fell by 4 in the next, which by least
    squares would outweigh the forty years before (Lenza and Primiceri, J. Applied Econometrics 37, 2022). To keep it,
    give `us_history()` itself.
    """
    return us_history().sel(quarter=slice(None, LAST_QUIET))


def fit_dynamics(
    subject: str, history: xr.Dataset | None, variables: Sequence[str], max_lags: int, shrinkage: float
) -> Fit:
    """Vector autoregression by least squares, drawn towards one autoregression for each variable.

    A_l = (1 - w) A_l(VAR) + w diag(a_l of each variable's own AR), w = shrinkage, with the same lags in both
    The number of lags is the one of 1 ... max_lags with the least BIC of the VAR. The constant is what makes the mean
    residual zero. Towards univariate autoregressions draws too the prior of Litterman, J. Business and Economic
    Statistics 4 (1986), whose own means are random walks; here every variable reverts.
    """
    faults = _faults(variables, max_lags, shrinkage)
    if not faults:
        needed = max(40, max_lags + 2 * (1 + max_lags * len(variables)))
        faults = [] if history is None else history_faults(history, variables, needed)
    if faults:
        raise InputError(subject, faults)
    from statsmodels.tsa.api import VAR, AutoReg  # slow to import

    table = default_history() if history is None else history
    values = np.stack([table[name].values for name in variables], axis=1).astype(np.float64)
    if len(variables) == 1:
        from statsmodels.tsa.ar_model import ar_select_order

        chosen = ar_select_order(values[:, 0], max_lags, ic="bic").ar_lags
        lags = max(chosen) if chosen else 1
    else:
        lags = max(1, int(VAR(values).select_order(max_lags).bic))
    own = np.stack([np.diag(row) for row in np.stack([AutoReg(v, lags).fit().params[1:] for v in values.T], axis=1)])
    if len(variables) == 1:
        coefficients = own
    else:
        coefficients = (1 - shrinkage) * np.asarray(VAR(values).fit(lags).coefs) + shrinkage * own
    rest = values[lags:] - sum(values[lags - lag - 1 : -lag - 1] @ coefficients[lag].T for lag in range(lags))
    rest = rest - rest.mean(axis=0)
    count = len(rest)
    rest *= np.sqrt(count / (count - 1 - lags * len(variables)))
    labels = table["quarter"].values
    return Fit(coefficients, rest, f"{labels[0]} to {labels[-1]}")


def _faults(variables: Sequence[str], max_lags: int, shrinkage: float) -> list[str]:
    """Arguments of a fit that are out of bounds; empty if there are none."""
    faults = []
    unknown = [name for name in variables if name not in VARIABLES]
    if unknown or len(set(variables)) < len(variables) or "unemployment_rate" not in variables:
        faults.append(
            f"variables: found {list(variables)}, expected unemployment_rate and others of {list(VARIABLES)}, once each"
        )
    if isinstance(max_lags, bool) or not isinstance(max_lags, int | np.integer) or not 1 <= max_lags <= 12:
        faults.append(f"max_lags: found {max_lags!r}, expected a whole number of quarters, 1 to 12")
    if not 0 <= shrinkage <= 1:
        faults.append(f"shrinkage: found {shrinkage!r}, expected 0 (least squares) to 1 (each variable by itself)")
    return faults


def degrees_of_freedom(residuals: Reals) -> float:
    """Most likely degrees of freedom of a multivariate t whose covariance is that of the residuals.

    f(e) ~ G((v + k) / 2) / G(v / 2) (v - 2)^(-k / 2) (1 + e' S^-1 e / (v - 2))^(-(v + k) / 2), S the covariance
    Not beyond the bounds `DEGREES`: at 100 it is normal for every purpose.
    """
    width = residuals.shape[1]
    spread = residuals.T @ residuals / len(residuals)
    distance = (residuals * np.linalg.solve(spread, residuals.T).T).sum(axis=1)

    def surprise(log_excess: float) -> float:
        excess = np.exp(log_excess)
        half = (excess + 2 + width) / 2
        constant = gammaln(half) - gammaln((excess + 2) / 2) - width / 2 * np.log(excess)
        return -float(constant - half * np.log1p(distance / excess).mean())

    bounds = tuple(np.log(bound - 2) for bound in DEGREES)
    return float(np.exp(minimize_scalar(surprise, bounds=bounds, method="bounded").x)) + 2


def regime_weights(changes: Reals, regimes: int) -> tuple[Reals, Reals]:
    """Smoothed probabilities (quarter, regime) and transitions (from, to) of a Markov chain behind a series.

    changes : quarterly changes of unemployment [1]; each regime has its own mean and variance
    Regimes stand in ascending order of their mean: in the last one unemployment rises most.
    Source: Hamilton, Econometrica 57 (1989), by maximum likelihood in statsmodels.MarkovRegression.
    """
    from statsmodels.tools.sm_exceptions import ConvergenceWarning
    from statsmodels.tsa.api import MarkovRegression  # slow to import

    model = MarkovRegression(changes / changes.std(), k_regimes=regimes, switching_variance=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            found: Any = model.fit(disp=False)
        except ConvergenceWarning as problem:
            told = (
                f"regimes: found {regimes}, for which no maximum of the likelihood was met; give fewer, or more years"
            )
            raise InputError("RegimeSwitching.fit", [told]) from problem
    means = [found.params[model.parameters[regime, "exog"]][0] for regime in range(regimes)]
    order = np.argsort(means)
    chain = np.asarray(found.regime_transition)[..., 0].T[np.ix_(order, order)]
    return np.asarray(found.smoothed_marginal_probabilities)[:, order], chain / chain.sum(axis=1, keepdims=True)


def resting(chain: Reals) -> Reals:
    """Stationary probabilities of a chain (from, to).

    >>> resting(np.array([[0.9, 0.1], [0.3, 0.7]]))
    array([0.75, 0.25])
    """
    size = len(chain)
    system = np.concatenate([chain.T - np.eye(size), np.ones((1, size))])
    return np.asarray(np.linalg.lstsq(system, np.append(np.zeros(size), 1.0), rcond=None)[0])
