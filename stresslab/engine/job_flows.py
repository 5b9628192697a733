"""Job flows that make the simulated unemployment follow the macro path."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from stresslab.engine.borrower_parameters import Employment
from stresslab.engine.kernel.cache import compiled
from stresslab.schema import InputError

Array = NDArray[Any]
GROUPS = 64
"""Groups of borrowers by job-loss risk, of equal sum of squared risk, in the expected flows."""


def job_flows(target: Array, risk: Array, jobless_months: Array, jobs: Employment) -> tuple[Array, Array, Array]:
    """Monthly separation and finding rates for which the expected unemployment equals the target.

    target (path, month) : unemployment of these borrowers [1]
    risk, jobless_months (borrower) : relative job-loss hazard; months without a job (0 employed)
    Returns separation, early finding, late finding, each (path, month) [1/month]
    Raises InputError where no flows between 0 and 1 reach the target.

    u(t) = sum_i E_i min(1, s h_i) + sum_i U_i (1 - min(1, f d_i)) with s = S g(x), f = F q(x): the single x of the
    month is found by bisection, with q = 1 / (1 + a x), g = 1 + (1 - a) x if x >= 0 and mirrored below 0, where
    a is finding's share of a slump and S = F u / (1 - u) at the opening unemployment.
    """
    early = np.float64(jobs.early_months)
    order = np.argsort(risk, kind="stable")
    mass = np.cumsum(risk[order] ** 2)
    group = np.empty(risk.size, np.int64)
    group[order] = np.minimum((mass / max(mass[-1], 1e-300) * GROUPS).astype(np.int64), GROUPS - 1)
    spell = np.minimum(jobless_months, jobs.early_months + 1).astype(np.int64)
    weight = np.zeros((GROUPS, jobs.early_months + 2))
    np.add.at(weight, (group, spell), 1.0 / risk.size)
    mean_risk = np.bincount(group, risk, GROUPS) / np.maximum(np.bincount(group, minlength=GROUPS), 1)
    rates = np.empty((3, *target.shape))
    worst = _follow(
        target, weight, mean_risk, early, jobs.finding_monthly, jobs.finding_share, jobs.finding_early,
        jobs.finding_late, rates,
    )  # fmt: skip
    if worst[0] >= 0:
        path, month = int(worst[0]), int(worst[1])
        raise InputError(
            "macro",
            [
                f"unemployment_rate: found a move to {target[path, month]:.4f} among borrowers in month {month + 1} of "
                f"path {path}, expected one that job flows between 0 and 1 can follow; smooth the path"
            ],
        )
    return rates[0], rates[1], rates[2]


@njit
def _newly_jobless(weight, risk, separation):
    """Expected share of borrowers who lose their job in the month."""
    total = 0.0
    for g in range(weight.shape[0]):
        total += weight[g, 0] * min(1.0, separation * risk[g])
    return total


@njit
def _step(weight, risk, separation, find_early, find_late, early):
    """Move the weights (group, months without a job) one month on."""
    last = weight.shape[1] - 1
    for g in range(weight.shape[0]):
        lost = weight[g, 0] * min(1.0, separation * risk[g])
        found, still_late = 0.0, 0.0
        for spell in range(last, 0, -1):
            rate = min(1.0, find_early if spell <= early else find_late)
            found += weight[g, spell] * rate
            stay = weight[g, spell] * (1.0 - rate)
            if spell == last:
                still_late = stay
            elif spell + 1 == last:
                still_late += stay
            else:
                weight[g, spell + 1] = stay
        if last > 1:
            weight[g, last] = still_late
            weight[g, 1] = lost
        else:
            weight[g, last] = still_late + lost
        weight[g, 0] += found - lost


@compiled()
def _follow(target, opening, risk, early, finding, share, early_factor, late_factor, rates):
    """Flows for every path and month; returns the first (path, month) that cannot be reached, or (-1, -1)."""
    paths, months = target.shape
    for p in range(paths):
        weight = opening.copy()
        start = min(max(1.0 - weight[:, 0].sum(), 0.01), 0.5)
        hazard = 0.0
        employed = 0.0
        for g in range(risk.size):
            hazard += weight[g, 0] * risk[g]
            employed += weight[g, 0]
        base = finding * start / (1.0 - start) * employed / max(hazard, 1e-12)
        for t in range(months):
            low, high = -1e6, 1e6
            jobless_early, jobless_late = 0.0, 0.0
            for spell in range(1, weight.shape[1]):
                if spell <= early:
                    jobless_early += weight[:, spell].sum()
                else:
                    jobless_late += weight[:, spell].sum()
            for _ in range(80):
                x = 0.5 * (low + high)
                easing, strain = 1.0 + share * abs(x), 1.0 + (1.0 - share) * abs(x)
                find = finding / easing if x >= 0.0 else finding * easing
                lose = base * strain if x >= 0.0 else base / strain
                stay_early, stay_late = 1.0 - min(1.0, find * early_factor), 1.0 - min(1.0, find * late_factor)
                rate = _newly_jobless(weight, risk, lose) + jobless_early * stay_early + jobless_late * stay_late
                if rate < target[p, t]:
                    low = x
                else:
                    high = x
            if abs(rate - target[p, t]) > 1e-6:
                return np.array([p, t])
            rates[0, p, t], rates[1, p, t], rates[2, p, t] = (
                lose,
                min(1.0, find * early_factor),
                min(1.0, find * late_factor),
            )
            _step(weight, risk, lose, find * early_factor, find * late_factor, early)
    return np.array([-1, -1])
