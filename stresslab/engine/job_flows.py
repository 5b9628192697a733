"""Job flows that make the simulated unemployment follow the macro path."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.special import ndtri

from stresslab.engine.borrower_parameters import Employment
from stresslab.engine.kernel.cache import compiled
from stresslab.schema import InputError

Array = NDArray[Any]
GROUPS = 64
"""Groups of the population by job-loss risk, of equal sum of squared risk, in the expected flows."""
QUANTILES = 4096
"""Equally likely risks of which the groups are made."""
LEAST_OPENING, MOST_OPENING = 0.01, 0.5
"""Between these the population's unemployment opens: outside them no steady state scales to a slump."""
LONGEST_SEARCH = 120.0
"""Mean months of late search, at most, in the population that opens a path, whose steady state so loses jobs too."""
HIGHEST_RISK = 20.0
"""Job-loss risk of nobody is higher."""


def job_flows(target: Array, opening: Array, jobs: Employment) -> tuple[Array, Array, Array]:
    """Monthly separation and finding rates for which the expected unemployment of the population equals the target.

    target (path, month) : unemployment of the population [1]
    opening (path) : its unemployment before the first month, in a steady state [1]
    Returns separation of a borrower of risk 1, early finding, late finding, each (path, month) [1/month]
    Raises InputError where no flows between 0 and 1 reach the target.

    The population is the model's, not a portfolio's: its job-loss risk h has a mean of 1 and is lognormal. All
    portfolios meet the same rates: one of more risk loses more jobs, and two together lose the sum.
    u(t) = sum_i E_i min(1, s h_i) + sum_i U_i (1 - min(1, f d_i)) with s = S g(x), f = F q(x): the single x of the
    month is found by bisection, with q = 1 / (1 + a x), g = 1 + (1 - a) x if x >= 0 and mirrored below 0, where
    a is finding's share of a slump and S keeps the opening unemployment where it is.
    """
    early = np.float64(jobs.early_months)
    share, risk = population(jobs)
    rates = np.empty((3, *target.shape))
    worst = _follow(
        target, np.clip(opening, LEAST_OPENING, MOST_OPENING), share, risk, early, jobs.finding_monthly,
        jobs.finding_share, jobs.finding_early, jobs.finding_late, rates,
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


def population(jobs: Employment) -> tuple[Array, Array]:
    """Shares and mean job-loss risks of groups of the population, of low risk first.

    >>> share, risk = population(Employment())
    >>> len(share), round(float(share.sum()), 9), round(float(share @ risk), 9)
    (64, 1.0, 1.0)
    """
    middle = (np.arange(QUANTILES) + 0.5) / QUANTILES
    risk = np.minimum(np.exp(jobs.risk_log_sd * ndtri(middle) - jobs.risk_log_sd**2 / 2.0), HIGHEST_RISK)
    risk /= risk.mean()
    mass = np.cumsum(risk**2)
    group = np.minimum((mass / mass[-1] * GROUPS).astype(np.int64), GROUPS - 1)
    count = np.bincount(group, minlength=GROUPS)
    return count / QUANTILES, np.bincount(group, risk, GROUPS) / np.maximum(count, 1)


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


@njit
def _steady(weight, share, risk, unemployed, find_early, find_late, early):
    """Fill the weights (group, months without a job) of a steady state; returns the separation that keeps it."""
    last = weight.shape[1] - 1
    staying, still = np.zeros(last + 1), 1.0  # months without a job that a lost job leads to, by spell
    for spell in range(1, last + 1):
        staying[spell] = still
        still *= 1.0 - min(1.0, find_early if spell <= early else find_late)
    staying[last] = staying[last] / min(1.0, max(find_late, 1.0 / LONGEST_SEARCH))
    spells = staying.sum()
    low, high = 0.0, 1e9
    for _ in range(200):
        separation = 0.5 * (low + high)
        jobless = 0.0
        for g in range(risk.size):
            lost = min(1.0, separation * risk[g]) * spells
            jobless += share[g] * lost / (1.0 + lost)
        if jobless < unemployed:
            low = separation
        else:
            high = separation
    for g in range(risk.size):
        lost = min(1.0, separation * risk[g])
        weight[g, 0] = share[g] / (1.0 + lost * spells)
        for spell in range(1, last + 1):
            weight[g, spell] = weight[g, 0] * lost * staying[spell]
    return separation


@compiled()
def _follow(target, opening, share, risk, early, finding, cut, early_factor, late_factor, rates):
    """Flows for every path and month; returns the first (path, month) that cannot be reached, or (-1, -1).

    cut : part of a slump that comes from finding
    """
    paths, months = target.shape
    weight = np.zeros((risk.size, int(early) + 2))
    for p in range(paths):
        base = _steady(weight, share, risk, opening[p], finding * early_factor, finding * late_factor, early)
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
                easing, strain = 1.0 + cut * abs(x), 1.0 + (1.0 - cut) * abs(x)
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
