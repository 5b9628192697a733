"""Identification of calibrated parameters: standard errors, influence of targets, directions left open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
COLLINEAR = 30.0
"""Condition number of the columns, each of length one, from which they are hard to tell apart (Belsley et al. 1980)."""
UNINFORMED = 12.0**-0.5
"""Standard deviation of a number of which only its bounds, 0 and 1, are known."""
LOST = 1e-9
"""Singular value, over the largest, below which a direction moves nothing."""


@dataclass(frozen=True)
class Identification:
    """Errors and influence, parameters in units of their bounds' width.

    covariance : (parameter, parameter)
    influence : (parameter, target), change of an estimate with a target's value
    singular, directions : of the weighted sensitivities: values, and the directions they belong to in rows
    condition : number of the columns after each was given length one
    """

    covariance: Array
    influence: Array
    singular: Array
    directions: Array
    condition: float


def identify(sensitivity: Array, error: Array, spread: Array) -> Identification:
    """Sandwich errors of a weighted least-squares fit: influence (J'WJ)^-1 J'W, covariance influence spread influence'.

    J = sensitivity (target, parameter), W = diag(1 / error^2), spread (target, target) = covariance of target less
    simulated. A direction that moves nothing has infinite variance.

    >>> fit = identify(np.array([[2.0, 0.0], [0.0, 1.0]]), np.array([0.1, 0.1]), np.diag([0.01, 0.01]))
    >>> np.sqrt(np.diag(fit.covariance))  # 0.1 / 2 and 0.1 / 1
    array([0.05, 0.1 ])
    """
    weighted = sensitivity / error[:, None]
    left, singular, right = np.linalg.svd(weighted, full_matrices=False)
    known = singular > LOST * max(float(singular[0]), 1e-300)
    inverse = np.divide(1.0, singular, out=np.zeros_like(singular), where=known)
    influence = (right.T * inverse) @ left.T / error
    covariance = influence @ spread @ influence.T
    lost = (right[~known] ** 2).sum(axis=0) > 1e-12
    covariance[np.ix_(lost, lost)] = np.where(np.eye(int(lost.sum())) > 0, np.inf, np.nan)
    length = np.linalg.norm(weighted, axis=0)
    if (length == 0.0).any():
        condition = np.inf
    else:
        values = np.linalg.svd(weighted / length, compute_uv=False)
        condition = float(values[0] / values[-1]) if values[-1] > 0.0 else np.inf
    return Identification(covariance, influence, singular, right, condition)


def warnings_of(identified: Identification, names: Sequence[str], fitted: Array) -> list[str]:
    """Parameters that the targets do not pin down, or that stand at a bound; fitted in units of the bounds' width.

    >>> fit = identify(np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([0.1, 0.1]), np.diag([0.01, 0.01]))
    >>> warnings_of(fit, ["a", "b"], np.array([0.5, 0.5]))
    ['b: not identified: no target moves with it; add a target that does, or leave it out']
    """
    errors = np.sqrt(np.diag(identified.covariance))
    texts, unmoved = [], []
    for place, name in enumerate(names):
        if abs(identified.influence[place]).max() == 0.0 and np.isinf(errors[place]):
            unmoved.append(name)
            texts.append(f"{name}: not identified: no target moves with it; add a target that does, or leave it out")
        elif not errors[place] < UNINFORMED:
            error = f"its error is {errors[place]:.2g} of the width of its bounds"
            texts.append(f"{name}: weakly identified: {error}, no less than without data; add targets or fix it")
        if min(fitted[place], 1.0 - fitted[place]) < 1e-3:
            texts.append(f"{name}: at a bound: its standard error does not hold there; widen the bounds or fix it")
    if identified.condition > COLLINEAR and not unmoved and len(names) > 1:
        last = identified.directions[-1]
        pair = [names[i] for i in np.argsort(-abs(last))[:2]]
        texts.append(
            f"{' and '.join(pair)}: hard to tell apart: they move the targets alike (condition number "
            f"{identified.condition:.3g}, expected below {COLLINEAR:g}); fix either or add a target that only one moves"
        )
    return texts
