"""Estimation of the quarterly path models: vector autoregression, tails and regimes, by statsmodels."""

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

from stresslab.checks import number_faults, refuse, whole_faults
from stresslab.scenarios.history import history_faults, us_history
from stresslab.scenarios.library import VARIABLES
from stresslab.scenarios.periods import normalised
from stresslab.schema import InputError

Reals = NDArray[np.float64]

LAST_QUARTER = "2019Q4"
"""Last quarter of `default_history`."""

DEGREES = (2.5, 100.0)
"""Bounds of an estimated number of degrees of freedom."""


@dataclass(frozen=True)
class Fit:
    """Shrunken coefficients (lag, to, from), residuals (quarter, variable) with mean zero, quarters of the sample.

    Residuals are inflated by sqrt(n / (n - coefficients per equation)), so that their mean square is unbiased.
    """

    coefficients: Reals
    residuals: Reals
    sample: str


def default_history() -> xr.Dataset:
    """The history of the package up to 2019.

    The pandemic is left out: unemployment rose by 9 points in one quarter and fell by 4 in the next, which by least
    squares would outweigh the forty years before (Lenza and Primiceri 2022, J. Applied Econometrics 37). To keep it,
    give `us_history()` itself.
    """
    return us_history().sel(quarter=slice(None, LAST_QUARTER))


def fit_dynamics(
    subject: str, history: xr.Dataset | None, variables: Sequence[str], max_lags: int, shrinkage: float
) -> Fit:
    """Vector autoregression by least squares, shrunk towards one autoregression for each variable.

    A_l = (1 - w) A_l(VAR) + w diag(a_l of each variable's own AR), w = shrinkage, with the same lags in both
    The number of lags is the one of 1 ... max_lags with the least BIC of the VAR. The constant makes the mean residual
    zero. The prior of Litterman (1986), J. Business and Economic Statistics 4, also shrinks towards univariate
    processes, but its prior means are random walks; here every variable reverts.
    """
    faults = _faults(variables, max_lags, shrinkage)
    if not faults:
        needed = max(40, max_lags + 2 * (1 + max_lags * len(variables)))
        faults = [] if history is None else history_faults(history, variables, needed)
    refuse(subject, faults)
    from statsmodels.tsa.api import VAR, AutoReg  # slow to import

    table = default_history() if history is None else history
    values = np.stack([table[name].values for name in variables], axis=1).astype(np.float64)
    if len(variables) == 1:
        from statsmodels.tsa.ar_model import ar_select_order

        selected = ar_select_order(values[:, 0], max_lags, ic="bic").ar_lags
        lags = max(selected) if selected else 1
    else:
        lags = max(1, int(VAR(values).select_order(max_lags).bic))
    own = np.stack([np.diag(row) for row in np.stack([AutoReg(v, lags).fit().params[1:] for v in values.T], axis=1)])
    if len(variables) == 1:
        coefficients = own
    else:
        coefficients = (1 - shrinkage) * np.asarray(VAR(values).fit(lags).coefs) + shrinkage * own
    residuals = values[lags:] - sum(values[lags - lag - 1 : -lag - 1] @ coefficients[lag].T for lag in range(lags))
    residuals = residuals - residuals.mean(axis=0)
    count = len(residuals)
    residuals *= np.sqrt(count / (count - 1 - lags * len(variables)))
    labels = [normalised(str(label)) for label in table["quarter"].values[[0, -1]]]
    return Fit(coefficients, residuals, f"{labels[0]} to {labels[-1]}")


def _faults(variables: Sequence[str], max_lags: int, shrinkage: float) -> list[str]:
    """Faults of the arguments of a fit."""
    faults = []
    unknown = [name for name in variables if name not in VARIABLES]
    if unknown or len(set(variables)) < len(variables) or "unemployment_rate" not in variables:
        expected = f"expected unemployment_rate and others of {list(VARIABLES)}, once each"
        faults.append(f"variables: found {list(variables)}, {expected}; correct the list")
    faults += whole_faults("max_lags", max_lags, 1, 12, advice="give quarters")
    return faults + number_faults("shrinkage", shrinkage, 1.0, "0 (least squares) to 1 (each variable by itself)")


def t_degrees_of_freedom(residuals: Reals) -> float:
    """Maximum-likelihood degrees of freedom of a multivariate t whose covariance is that of the residuals.

    f(e) ~ G((v + k) / 2) / G(v / 2) (v - 2)^(-k / 2) (1 + e' S^-1 e / (v - 2))^(-(v + k) / 2), S the covariance
    Within the bounds `DEGREES`: at 100 the distribution is practically normal.
    """
    width = residuals.shape[1]
    covariance = residuals.T @ residuals / len(residuals)
    distance = (residuals * np.linalg.solve(covariance, residuals.T).T).sum(axis=1)

    def negative_log_likelihood(log_excess: float) -> float:
        excess = np.exp(log_excess)
        half = (excess + 2 + width) / 2
        constant = gammaln(half) - gammaln((excess + 2) / 2) - width / 2 * np.log(excess)
        return -float(constant - half * np.log1p(distance / excess).mean())

    bounds = tuple(np.log(bound - 2) for bound in DEGREES)
    return float(np.exp(minimize_scalar(negative_log_likelihood, bounds=bounds, method="bounded").x)) + 2


def regime_weights(changes: Reals, regimes: int) -> tuple[Reals, Reals]:
    """Smoothed probabilities (quarter, regime) and transition probabilities (from, to) of a hidden Markov chain.

    changes : quarterly changes of unemployment [1]; each regime has its own mean and variance
    Regimes are in ascending order of their mean: in the last one unemployment rises most.
    Source: Hamilton (1989), Econometrica 57, by maximum likelihood in statsmodels.MarkovRegression.
    """
    from statsmodels.tools.sm_exceptions import ConvergenceWarning
    from statsmodels.tsa.api import MarkovRegression  # slow to import

    model = MarkovRegression(changes / changes.std(), k_regimes=regimes, switching_variance=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            fit: Any = model.fit(disp=False)
        except ConvergenceWarning as problem:
            expected = "expected a number for which the likelihood has a maximum"
            fault = f"regimes: found {regimes}, {expected}; give fewer regimes or a longer history"
            raise InputError("RegimeSwitching.fit", [fault]) from problem
    means = [fit.params[model.parameters[regime, "exog"]][0] for regime in range(regimes)]
    order = np.argsort(means)
    chain = np.asarray(fit.regime_transition)[..., 0].T[np.ix_(order, order)]
    return np.asarray(fit.smoothed_marginal_probabilities)[:, order], chain / chain.sum(axis=1, keepdims=True)


def stationary(chain: Reals) -> Reals:
    """Stationary probabilities of a chain (from, to).

    >>> stationary(np.array([[0.9, 0.1], [0.3, 0.7]]))
    array([0.75, 0.25])
    """
    size = len(chain)
    system = np.concatenate([chain.T - np.eye(size), np.ones((1, size))])
    return np.asarray(np.linalg.lstsq(system, np.append(np.zeros(size), 1.0), rcond=None)[0])
