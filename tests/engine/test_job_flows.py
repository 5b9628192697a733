"""Job flows: expected unemployment follows its path exactly, and a path that no flows can follow is refused."""

import dataclasses

import numpy as np
import pytest

from stresslab.engine.borrower_parameters import Employment
from stresslab.engine.job_flows import job_flows, population
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


OPENING = np.full(len(PATHS), 0.05)


def steady(risk, opening, jobs, seed=1):
    """Months without a job of people of these risks, drawn from the steady state with this unemployment."""
    rng = np.random.default_rng(seed)
    find = (
        np.where(np.arange(1, 400) <= jobs.early_months, jobs.finding_early, jobs.finding_late) * jobs.finding_monthly
    )
    stay = np.r_[1.0, np.cumprod(1.0 - find)]
    low, high = 0.0, 1.0
    for _ in range(60):
        lose = (low + high) / 2
        odds = lose * risk * stay.sum()
        low, high = (lose, high) if (odds / (1 + odds)).mean() < opening else (low, lose)
    spells = 1 + np.searchsorted(np.cumsum(stay) / stay.sum(), rng.random(risk.size))
    return np.where(rng.random(risk.size) < odds / (1 + odds), spells, 0)


@pytest.fixture(scope="module")
def people():
    """Risks of the model's population, drawn, and months without a job in its steady state."""
    rng = np.random.default_rng(1)
    risk = np.exp(JOBS.risk_log_sd * rng.standard_normal(30_000) - JOBS.risk_log_sd**2 / 2)
    return risk, steady(risk, 0.05, JOBS)


def far(target, people, jobs=JOBS, opening=OPENING):
    """Largest distance of brute force from the paths."""
    flows = job_flows(target, opening, jobs)
    return max(
        np.abs(brute_force([rate[p] for rate in flows], *people, jobs) - target[p]).max() for p in range(len(target))
    )


def test_the_population_has_a_mean_risk_of_one():
    share, risk = population(JOBS)
    assert abs(share.sum() - 1.0) < 1e-12
    assert abs(share @ risk - 1.0) < 1e-12
    assert abs(share @ risk**2 - np.exp(JOBS.risk_log_sd**2)) < 0.01  # of a lognormal with a mean of 1
    one_share, one_risk = population(dataclasses.replace(JOBS, risk_log_sd=0.0))
    np.testing.assert_allclose(one_risk[one_share > 0], 1.0)


@pytest.mark.slow
def test_a_large_sample_of_the_population_follows_the_path(people):
    noise = 4 * np.sqrt(0.2 * 0.8 / 30_000)
    assert far(PATHS, people) < noise
    assert far(PATHS, (3.0 * people[0], people[1])) > 5 * noise  # a riskier book loses more jobs than the population


def test_a_population_of_one_risk_follows_the_path_exactly():
    """Nobody differs: the chance of one person is the path, without any noise."""
    alike = dataclasses.replace(JOBS, risk_log_sd=0.0)
    flows = job_flows(PATHS, OPENING, alike)
    for p, path in enumerate(PATHS):
        jobless = 0.05 * np.ones(1)
        found = expected(jobless[0], [rate[p] for rate in flows], alike)
        np.testing.assert_allclose(found, path, atol=2e-6)


def expected(opening, rates, jobs):
    """Expected unemployment of people alike that opens in a steady state, by months without a job."""
    find = (
        np.where(np.arange(1, 400) <= jobs.early_months, jobs.finding_early, jobs.finding_late) * jobs.finding_monthly
    )
    stay = np.r_[1.0, np.cumprod(1.0 - find)]
    weight, out = np.r_[1.0 - opening, opening * stay / stay.sum()], []
    early = np.arange(weight.size) <= jobs.early_months
    for lose, soon, later in zip(*rates, strict=True):
        kept = (weight * (1.0 - np.where(early, soon, later)))[1:-1]  # hardly anybody searches longer
        lost = weight[0] * lose
        weight = np.r_[1.0 - lost - kept.sum(), lost, kept]
        out.append(1.0 - weight[0])
    return np.array(out)


def test_a_still_economy_has_still_flows():
    separation, early, late = job_flows(PATHS[1:2], OPENING[1:2], JOBS)
    for rate in (separation, early, late):
        assert np.ptp(rate) < 1e-6
    np.testing.assert_allclose(early, JOBS.finding_monthly * JOBS.finding_early, rtol=1e-5)


@pytest.mark.parametrize("early_months", [0, 1, 2, 12])
def test_any_length_of_early_search(early_months):
    jobs = dataclasses.replace(JOBS, early_months=early_months, risk_log_sd=0.0)
    flows = job_flows(PATHS, OPENING, jobs)
    for p, path in enumerate(PATHS):
        np.testing.assert_allclose(expected(0.05, [rate[p] for rate in flows], jobs), path, atol=2e-6)


def test_paths_do_not_disturb_each_other():
    together = job_flows(PATHS, OPENING, JOBS)
    for p in range(len(PATHS)):
        alone = job_flows(PATHS[p : p + 1], OPENING[p : p + 1], JOBS)
        assert all((one[0] == all_[p]).all() for one, all_ in zip(alone, together, strict=True))


def test_rates_are_rates_and_a_slump_hits_finding_more():
    separation, early, late = job_flows(PATHS, OPENING, JOBS)
    for rate in (separation, early, late):
        assert ((rate >= 0.0) & (rate <= 1.0)).all()
    np.testing.assert_allclose(late / early, JOBS.finding_late / JOBS.finding_early)
    slump, calm = 6, 30  # months of the first path with rising and falling unemployment
    assert separation[0, slump] > separation[0, calm]
    assert early[0, slump] < early[0, calm]


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_the_share_of_finding_says_what_moves(share):
    gentle = 0.05 + 0.01 * np.sin(np.arange(36) / 6.0)[None]
    separation, early, _ = job_flows(gentle, np.array([0.05]), dataclasses.replace(JOBS, finding_share=share))
    moving, still = (separation, early) if share == 0.0 else (early, separation)
    assert np.ptp(still) < 1e-12
    assert np.ptp(moving) > 1e-3


def test_a_path_that_cannot_be_followed_is_refused():
    path = np.full((2, 4), 0.30)
    path[1, 2] = 0.01  # and, with no finding late, those who search long never find a job
    with pytest.raises(InputError) as caught:
        job_flows(path, np.full(2, 0.30), Employment(finding_late=0.0))
    (fault,) = caught.value.faults
    for words in ("unemployment_rate", "0.0100", "month 3", "path 1"):
        assert words in fault


def test_full_employment_can_be_followed():
    """Everybody finds a job, and nobody loses one after."""
    separation, early, late = job_flows(np.zeros((1, 3)), np.array([0.25]), JOBS)
    assert early[0, 0] == late[0, 0] == 1.0
    assert separation.max() < 1e-6
