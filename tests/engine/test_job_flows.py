"""Job flows: expected unemployment follows its path exactly, and a path that no flows can follow is refused."""

import dataclasses

import numpy as np
import pytest

from stresslab.engine.borrower_parameters import Employment
from stresslab.engine.job_flows import job_flows
from stresslab.schema import InputError

JOBS = Employment()
PATHS = np.array(
    [
        np.r_[np.linspace(0.05, 0.12, 10), np.full(6, 0.12), np.linspace(0.12, 0.05, 20)],
        np.full(36, 0.05),
        np.r_[np.full(3, 0.05), np.full(33, 0.20)],
    ]
)


def brute_force(rates, risk, jobless_months, jobs):
    """Expected unemployment by month: each borrower's chance of being in each month without a job, one by one."""
    separation, early, late = rates
    oldest = int(jobless_months.max()) + separation.size
    chance = np.zeros((risk.size, oldest + 1))
    chance[np.arange(risk.size), jobless_months] = 1.0
    finding = np.where(np.arange(oldest + 1) <= jobs.early_months, 1.0, 0.0)
    found = []
    for lose, soon, later in zip(separation, early, late, strict=True):
        find = np.minimum(finding * soon + (1.0 - finding) * later, 1.0)[1:]
        lost = chance[:, 0] * np.minimum(lose * risk, 1.0)
        kept = chance[:, 1:] * (1.0 - find)
        chance[:, 0] += (chance[:, 1:] * find).sum(axis=1) - lost
        chance[:, 1] = lost
        chance[:, 2:] = kept[:, :-1]
        found.append(1.0 - chance[:, 0].mean())
    return np.array(found)


@pytest.fixture(scope="module")
def people():
    """Risk of mean one and months without a job, 0 for most."""
    rng = np.random.default_rng(1)
    risk = np.exp(0.6 * rng.standard_normal(3_000))
    jobless = np.where(rng.random(3_000) < 0.05, rng.geometric(0.12, 3_000), 0)
    return risk / risk.mean(), jobless


def far(target, people, jobs=JOBS, made_for=None):
    """Largest distance of brute force from the paths, under flows made for these people or for others."""
    risk, jobless = people
    flows = job_flows(target, *(made_for or people), jobs)
    return max(
        np.abs(brute_force([rate[p] for rate in flows], risk, jobless, jobs) - target[p]).max()
        for p in range(len(target))
    )


def test_the_path_is_followed_exactly(people):
    alike = (np.full(3_000, 0.7), people[1])
    assert far(PATHS, alike) < 2e-6
    assert far(PATHS, people) < 1e-4  # within the 64 groups of risk those of more risk lose their jobs first
    assert far(PATHS, people, made_for=alike) > 1e-3  # flows made for others miss it


@pytest.mark.parametrize("early_months", [0, 1, 2, 12])
def test_any_length_of_early_search(people, early_months):
    jobs = dataclasses.replace(JOBS, early_months=early_months)
    assert far(PATHS, (np.ones(3_000), people[1]), jobs) < 2e-6


def test_paths_do_not_disturb_each_other(people):
    together = job_flows(PATHS, *people, JOBS)
    for p in range(len(PATHS)):
        alone = job_flows(PATHS[p : p + 1], *people, JOBS)
        assert all((one[0] == all_[p]).all() for one, all_ in zip(alone, together, strict=True))


def test_rates_are_rates_and_a_slump_hits_finding_more(people):
    separation, early, late = job_flows(PATHS, *people, JOBS)
    for rate in (separation, early, late):
        assert ((rate >= 0.0) & (rate <= 1.0)).all()
    np.testing.assert_allclose(late / early, JOBS.finding_late / JOBS.finding_early)
    slump, calm = 6, 30  # months of the first path with rising and falling unemployment
    assert separation[0, slump] > separation[0, calm]
    assert early[0, slump] < early[0, calm]


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_the_share_of_finding_says_what_moves(people, share):
    gentle = 0.05 + 0.01 * np.sin(np.arange(36) / 6.0)[None]
    separation, early, _ = job_flows(gentle, *people, dataclasses.replace(JOBS, finding_share=share))
    moving, still = (separation, early) if share == 0.0 else (early, separation)
    assert np.ptp(still) < 1e-12
    assert np.ptp(moving) > 1e-3


@pytest.mark.parametrize(
    ("target", "risk", "jobless"),
    [
        (0.10, np.zeros(50), np.zeros(50, int)),  # nobody can lose a job
        (0.01, np.ones(50), np.full(50, 9)),  # and, with no finding below, nobody finds one
    ],
)
def test_a_path_that_cannot_be_followed_is_refused(target, risk, jobless):
    path = np.full((2, 4), float(np.mean(jobless > 0)))
    path[1, 2] = target
    with pytest.raises(InputError) as caught:
        job_flows(path, risk, jobless, Employment(finding_late=0.0))
    (fault,) = caught.value.faults
    for words in ("unemployment_rate", f"{target:.4f}", "month 3", "path 1"):
        assert words in fault


def test_full_employment_can_be_followed():
    """Nobody loses a job, everybody finds one: flows of 0 and 1."""
    separation, early, late = job_flows(np.zeros((1, 3)), np.ones(50), np.arange(50) % 2 * 3, JOBS)
    assert brute_force([separation[0], early[0], late[0]], np.ones(50), np.arange(50) % 2 * 3, JOBS).max() < 1e-6
