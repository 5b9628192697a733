"""Monthly paths from quarterly or annual figures: smooth, and with the means of quarters or years kept."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

from stresslab.checks import refuse

Reals = NDArray[np.float64]

ROUNDING = 1e-12
"""A month that lies less than this below its floor is a rounding error."""


def to_monthly(values: ArrayLike, previous: float | None = None, *, floor: float | None = None, span: int = 3) -> Reals:
    """Smoothest monthly path whose three-month means are the quarterly figures.

    values : array (..., quarter) of quarterly means, any unit
    previous : the figure of the quarter before the first, same unit; the path then leaves it smoothly. None: it starts
        freely
    floor : no month may lie below it, same unit: months that would are held at it and the others solved again
    span : months of a figure; 12 for annual means, and read year for quarter
    Returns array (..., span * quarter).
    x minimises sum_t (x[t+1] - 2 x[t] + x[t-1])^2 subject to (x[3q] + x[3q+1] + x[3q+2]) / 3 = values[q]: one sparse
    linear system. Boot, Feibes and Lisman (1967), Further methods of derivation of quarterly figures from annual data,
    Applied Statistics 16, with second differences. A straight line stays a straight line.

    >>> to_monthly([2.0, 5.0, 8.0])
    array([1., 2., 3., 4., 5., 6., 7., 8., 9.])
    >>> to_monthly([5.0, 8.0], previous=2.0)
    array([4., 5., 6., 7., 8., 9.])
    """
    quarters = np.asarray(values, dtype=np.float64)
    faults = _faults(quarters, previous, floor)
    if span not in (3, 12):
        faults.append(f"span: found {span}, expected 3 months of a quarter or 12 of a year; correct it")
    refuse("quarterly figures", faults)
    if previous is not None:
        first = np.full((*quarters.shape[:-1], 1), float(previous))
        quarters = np.concatenate([first, quarters], axis=-1)
    columns = quarters.reshape(-1, quarters.shape[-1]).T
    months = _solve(_means(quarters.shape[-1], span), columns).T.reshape(*quarters.shape[:-1], -1)
    if floor is not None:
        for row in np.ndindex(months.shape[:-1]):
            months[row] = _held_at_floor(months[row], quarters[row], floor, span)
    return months if previous is None else months[..., span:]


def _faults(quarters: Reals, previous: float | None, floor: float | None) -> list[str]:
    """Faults of the figures."""
    if quarters.ndim == 0 or quarters.shape[-1] == 0:
        return [f"values: found shape {quarters.shape}, expected (..., quarter) with a quarter at least; give figures"]
    faults = []
    figures = quarters.ravel() if previous is None else np.append(quarters, previous)
    if not np.isfinite(figures).all():
        found = figures[~np.isfinite(figures)][0]
        faults.append(f"values: found {found}, expected finite figures; fill or drop it yourself")
    if floor is not None and (figures < floor).any():
        found = figures[figures < floor][0]
        faults.append(f"values: found {found}, expected at least the floor {floor}; lower the floor")
    return faults


def _means(quarters: int, span: int) -> sparse.csr_array:
    """Matrix (quarter, month) from months to their means."""
    return sparse.csr_array(sparse.kron(sparse.eye_array(quarters), np.full((1, span), 1.0 / span)))


def _solve(constraints: sparse.csr_array, right: Reals) -> Reals:
    """Minimiser x of the sum of squared second differences subject to constraints @ x = right."""
    rows, months = constraints.shape
    if rows == 1:  # one quarter leaves the slope open: flat is the smoothest
        return np.repeat(right, months, axis=0)
    second = sparse.diags_array([1.0, -2.0, 1.0], offsets=[0, 1, 2], shape=(months - 2, months))
    system = sparse.block_array([[second.T @ second, constraints.T], [constraints, None]], format="csc")
    right = np.concatenate([np.zeros((months, *right.shape[1:])), right])
    solution: Reals = splu(system).solve(right)[:months]
    return solution


def _held_at_floor(months: Reals, quarters: Reals, floor: float, span: int) -> Reals:
    """A path with the months that fell below the floor held at it; at least one month of a quarter stays free."""
    means = _means(quarters.size, span)
    held = np.zeros(months.size, dtype=bool)
    while (months < floor - ROUNDING).any():
        held |= months < floor - ROUNDING
        at_floor = sparse.eye_array(months.size, format="csr")[held]
        constraints = sparse.vstack([means, at_floor], format="csr")
        months = _solve(constraints, np.concatenate([quarters, np.full(at_floor.shape[0], floor)]))
    return np.where(held, floor, np.maximum(months, floor))  # after the loop the maximum removes rounding errors only
