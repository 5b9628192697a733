"""Estimators against hand oracles, published numbers and distributions whose quantiles are known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from stresslab.measures.estimators import (
    expected_shortfall,
    interval_ranks,
    jackknife,
    jackknife_covariance,
    moments,
    quantile,
    rank,
    share,
    summarize,
    values_in_tail,
)

samples = arrays(
    np.float64, st.tuples(st.integers(1, 3), st.integers(2, 60)), elements=st.floats(-1e6, 1e6, allow_subnormal=False)
)
level = st.floats(0.01, 0.999)


@pytest.mark.parametrize(
    ("n", "a", "low", "high", "coverage"),
    [
        (10_000, 0.99, 9_880, 9_920, 0.9558),
        (10_000, 0.999, 9_983, 9_997, 0.9755),
        (100_000, 0.999, 99_880, 99_920, 0.9548),
        (1_000_000, 0.999, 998_938, 999_062, 0.9502),
    ],
)
def test_published_interval_ranks(n, a, low, high, coverage):
    assert interval_ranks(n, a) == (low, high)
    assert stats.binom.cdf(high - 1, n, a) - stats.binom.cdf(low - 1, n, a) == pytest.approx(coverage, abs=5e-5)


@pytest.mark.parametrize(("n", "a", "k"), [(100, 0.07, 7), (100, 0.29, 29), (4, 0.5, 2), (5, 0.5, 3), (10, 0.999, 10)])
def test_rank_is_the_ceiling_even_where_floats_are_not(n, a, k):
    assert rank(n, a) == k
    assert values_in_tail(n, a) == n - k


@given(samples, level)
def test_quantile_is_numpys_inverse_of_the_empirical_distribution(sample, a):
    # numpy counts ranks in floats; where n a is whole to within rounding both neighbours are right
    if abs(sample.shape[-1] * a - round(sample.shape[-1] * a)) > 1e-9:
        expected = np.quantile(sample, a, axis=-1, method="inverted_cdf")
        assert np.array_equal(quantile(sample, [a]).value[..., 0], expected)


@given(samples, level, level)
def test_quantile_and_shortfall_rise_with_the_level(sample, a, b):
    low, high = sorted((a, b))
    values, shortfalls = quantile(sample, [low, high]).value, expected_shortfall(sample, [low, high])[0]
    assert (values[..., 0] <= values[..., 1]).all()
    assert (shortfalls >= values).all()
    scale = 1e-9 * (1.0 + np.abs(sample).max())
    assert (shortfalls[..., 0] <= shortfalls[..., 1] + scale).all()


@given(samples, level, st.randoms(use_true_random=False))
def test_the_order_of_the_sample_does_not_matter(sample, a, random):
    order = list(range(sample.shape[-1]))
    random.shuffle(order)
    for estimate in (quantile, expected_shortfall):
        for one, other in zip(estimate(sample, [a]), estimate(sample[..., order], [a]), strict=True):
            assert np.array_equal(one, other, equal_nan=True)


@given(samples, level, st.floats(0.001, 1000.0), st.floats(-1e6, 1e6))
def test_scale_and_shift_go_through(sample, a, factor, shift):
    tolerance = 1e-8 * (1.0 + np.abs(factor * sample).max() + abs(shift))
    moved = quantile(factor * sample + shift, [a])
    base = quantile(sample, [a])
    np.testing.assert_allclose(moved.value, factor * base.value + shift, atol=tolerance)
    np.testing.assert_allclose(moved.se, factor * base.se, atol=tolerance)
    tail, tail_se = expected_shortfall(sample, [a])
    moved_tail, moved_tail_se = expected_shortfall(factor * sample + shift, [a])
    np.testing.assert_allclose(moved_tail, factor * tail + shift, atol=100 * tolerance)
    np.testing.assert_allclose(moved_tail_se, factor * tail_se, atol=100 * tolerance)


@pytest.mark.parametrize(
    ("losses", "a", "value_at_risk", "shortfall"),
    [
        ([0, 1, 2, 3, 4], 0.75, 3.0, 3.8),
        (range(1, 11), 0.9, 9.0, 10.0),
        ([0] * 96 + [100] * 4, 0.95, 0.0, 80.0),
    ],
)
def test_public_figures_of_few_losses(losses, a, value_at_risk, shortfall):
    sample = np.array(losses, float)
    assert quantile(sample, [a]).value.tolist() == [value_at_risk]
    assert expected_shortfall(sample, [a])[0] == pytest.approx([shortfall])


def test_shortfall_splits_the_value_at_the_quantile():
    # worst 15 % of ten values: the tenth whole and half of the ninth
    value, _ = expected_shortfall(np.arange(1.0, 11.0), [0.85])
    assert value[0] == pytest.approx((10.0 + 0.5 * 9.0) / 1.5)


def test_shortfall_error_is_manistre_and_hancocks():
    x = np.sort(np.random.default_rng(1).exponential(size=4000))
    (value,), (se,) = expected_shortfall(x, [0.95])
    tail = x[x > x[rank(4000, 0.95) - 1]]
    published = np.sqrt((tail.var() + 0.95 * (value - x[rank(4000, 0.95) - 1]) ** 2) / (4000 * 0.05))
    assert se == pytest.approx(published, rel=1e-3)


def test_quantile_error_is_that_of_the_bootstrap():
    x = np.random.default_rng(2).lognormal(size=50)
    draws = np.random.default_rng(3).choice(x, size=(40_000, 50))
    resampled = quantile(draws, [0.8]).value[:, 0].std()
    near = pytest.approx(resampled, rel=4 / np.sqrt(2 * 40_000))
    assert quantile(x, [0.8]).se[0] == near
    assert quantile(x, [0.82]).se[0] != near  # the error bar of the next order statistic


def test_too_few_values_are_said_to_be_too_few():
    x = np.arange(1.0, 11.0)
    found = quantile(x, [0.05, 0.99])
    assert found.value.tolist() == [1.0, 10.0]
    assert found.low[0] == -np.inf
    assert found.high[1] == np.inf
    assert np.isnan(found.se[1])
    assert np.isnan(expected_shortfall(x, [0.99])[1][0])
    # 0.99 ** 367 = 0.02501, 0.99 ** 368 = 0.02476: from 368 values on the largest is a bound
    assert interval_ranks(367, 0.99)[1] == 368
    assert interval_ranks(368, 0.99)[1] == 368


def covered(low, high, truth):
    return float(((low <= truth) & (truth <= high)).mean())


NORMAL = np.random.default_rng(4).standard_normal((4000, 300))


@pytest.mark.parametrize("a", [0.5, 0.9, 0.95])
def test_interval_covers_the_normal_quantile_as_often_as_it_says(a):
    low, high = interval_ranks(300, a)
    exact = stats.binom.cdf(high - 1, 300, a) - stats.binom.cdf(low - 1, 300, a)
    assert exact >= 0.95
    found = quantile(NORMAL, [a])
    noise = np.sqrt(exact * (1 - exact) / len(NORMAL))
    assert covered(found.low, found.high, stats.norm.ppf(a)) == pytest.approx(exact, abs=4 * noise)


@pytest.mark.parametrize("wrong", ["half as wide", "of another level"])
def test_the_coverage_check_fails_on_a_wrong_interval(wrong):
    found = quantile(NORMAL, [0.9 if wrong == "half as wide" else 0.92])
    low, high = found.low, found.high
    if wrong == "half as wide":
        low, high = found.value - (found.value - low) / 2, found.value + (high - found.value) / 2
    assert covered(low, high, stats.norm.ppf(0.9)) < 0.95 - 4 * np.sqrt(0.95 * 0.05 / len(NORMAL))


def test_standard_errors_are_the_spread_over_replications():
    a = 0.9
    found, (tail, tail_se) = quantile(NORMAL, [a]), expected_shortfall(NORMAL, [a])
    mean, mean_se, deviation, deviation_se = moments(NORMAL)
    for value, se in ((found.value, found.se), (tail, tail_se), (mean, mean_se), (deviation, deviation_se)):
        assert np.sqrt((se**2).mean()) == pytest.approx(value.std(), rel=0.06)  # 4 / sqrt(2 x 4000) and some bias
        assert 2 * np.sqrt((se**2).mean()) != pytest.approx(value.std(), rel=0.06)


def test_normal_tail_is_estimated_without_much_bias():
    truth = stats.norm.pdf(stats.norm.ppf(0.9)) / 0.1
    tail, tail_se = expected_shortfall(NORMAL, [0.9])
    assert tail.mean() == pytest.approx(truth, abs=0.01)
    assert expected_shortfall(NORMAL, [0.89])[0].mean() != pytest.approx(truth, abs=0.01)
    assert abs((tail - truth) / tail_se).mean() == pytest.approx(np.sqrt(2 / np.pi), rel=0.08)


def test_moments_by_hand():
    mean, mean_se, deviation, deviation_se = moments(np.array([[1.0, 1.0, 5.0, 5.0], [2.0, 2.0, 2.0, 2.0]]))
    assert mean.tolist() == [3.0, 2.0]
    assert deviation == pytest.approx([np.sqrt(16 / 3), 0.0])
    assert mean_se == pytest.approx([np.sqrt(4 / 3), 0.0])
    assert deviation_se == pytest.approx([0.0, 0.0])  # (x - mean)^2 is 4 each time: the spread is known exactly


def test_share_by_hand():
    found = share(np.array([[True, False, False, False], [True] * 4]))
    assert found.value.tolist() == [0.25, 1.0]
    assert found.se == pytest.approx([np.sqrt(0.25 * 0.75 / 4), 0.0])
    assert found.low[1] == pytest.approx(0.025**0.25)
    assert found.high[1] == 1.0
    exact = stats.binomtest(1, 4).proportion_ci(method="exact")
    assert (found.low[0], found.high[0]) == pytest.approx((exact.low, exact.high))


@pytest.mark.parametrize(("count", "low", "high"), [(0, 0.0, 0.3085), (3, 0.0667, 0.6525), (10, 0.6915, 1.0)])
def test_the_interval_of_a_share_is_clopper_and_pearsons(count, low, high):
    found = share(np.arange(10) < count)
    assert [float(found.value), float(found.low), float(found.high)] == pytest.approx([count / 10, low, high], abs=5e-5)
    assert float(found.se) == pytest.approx((count / 10 * (1 - count / 10) / 10) ** 0.5)


def test_the_jackknife_by_hand():
    assert jackknife([1.0, 2.0, 3.0]) == pytest.approx((2 / 3 * 2) ** 0.5)
    assert jackknife([1.0, 3.0]) == pytest.approx(1.0)
    assert np.isnan(jackknife([1.0]))
    two = [[1.0, 2.0], [2.0, 4.0], [3.0, 9.0]]  # deviations -1, 0, 1 and -3, -1, 4
    assert jackknife_covariance(two) == pytest.approx(np.array([[2.0, 7.0], [7.0, 26.0]]) * 2 / 3)
    assert jackknife(two) ** 2 == pytest.approx(np.diag(jackknife_covariance(two)))


def test_values_beyond_are_those_of_the_sample_and_not_of_its_rows():
    found = summarize(np.arange(300.0).reshape(3, 100), [0.9, 0.95])
    assert found["paths_in_tail"].tolist() == [10, 5]
