"""Law of a large pool: worked numbers, quadrature, inverses, the exact mixture of small pools, refusals."""

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from stresslab.measures.formulas import asrf
from stresslab.measures.formulas.asrf import (
    conditional_pd,
    default_count_quantile,
    default_count_tail,
    euler_contributions,
    granularity_adjustment,
    implied_correlation,
    systematic_factor,
)
from stresslab.schema import InputError

LEVELS = np.array([0.9, 0.99, 0.999, 0.9999])
# Vasicek (2002): (quantile - p) / sd, as printed and to more digits; None where the page has no second one
VASICEK = [
    (0.01, 0.1, (1.19, 3.8, 7.0, 10.7), (1.19, 3.82, 7.01, 10.67)),
    (0.01, 0.4, (0.55, 4.5, 11.0, 18.2), (0.55, 4.51, 11.04, 18.19)),
    (0.001, 0.1, (0.98, 4.1, 8.8, 15.4), (0.98, None, None, None)),
    (0.001, 0.4, (0.12, 3.2, 13.2, 31.8), (0.12, 3.25, 13.18, 31.75)),
]
few = settings(max_examples=40, deadline=None)
rates = st.floats(1e-4, 0.5)
correlations = st.floats(0.005, 0.8)
levels = st.floats(0.5, 0.9999)


def test_public_figures_of_quantiles():
    """A formula of textbooks, a granularity adjustment against its exact count, and 2,135 independent loans."""
    assert float(asrf.quantile(0.02, 0.20, 0.999)) == pytest.approx(0.226313, abs=5e-7)
    infinite, step = asrf.quantile(0.03, 0.08, 0.99), granularity_adjustment(0.03, 0.08, 0.99)
    assert float(infinite + step / 200) == pytest.approx(0.110956, abs=5e-7)
    assert default_count_quantile(200, 0.03, 0.08, 0.99) / 200 == 0.11
    assert [default_count_quantile(2_135, 0.083, 0.0, level) for level in (0.95, 0.999)] == [198, 218]


def over_the_factor(values, points=4_801):
    """Mean of values(z) over the factor; equal steps are exact for smooth functions under a normal weight."""
    z = np.linspace(-12.0, 12.0, points)
    return float((values(z) * stats.norm.pdf(z)).sum() * (z[1] - z[0]))


@pytest.mark.parametrize(("pd", "rho", "printed", "finer"), VASICEK)
def test_the_published_table_of_quantiles(pd, rho, printed, finer):
    found = (asrf.quantile(pd, rho, LEVELS) - pd) / asrf.standard_deviation(pd, rho)
    for value, rough, fine in zip(found, printed, finer, strict=True):
        assert value == pytest.approx(rough, abs=0.06 if rough > 2 else 0.00501)  # 31.8 is 31.746 rounded twice
        assert fine is None or value == pytest.approx(fine, abs=0.00501)


@pytest.mark.parametrize(("pd", "rho", "printed", "finer"), VASICEK)
def test_the_table_is_not_that_of_a_factor_with_the_other_sign(pd, rho, printed, finer):
    flipped = (asrf.quantile(pd, rho, 1.0 - LEVELS) - pd) / asrf.standard_deviation(pd, rho)
    assert (flipped < 0.0).all()
    assert flipped != pytest.approx(printed, abs=0.1)


def test_worked_numbers_of_a_card_book():
    assert asrf.standard_deviation(0.01, 0.1) == pytest.approx(0.009626, abs=5e-7)
    assert asrf.expected_shortfall(0.01, 0.1, [0.99, 0.999]) == pytest.approx([0.059968, 0.092632], abs=5e-7)
    assert asrf.quantile(0.03, 0.04, 0.999) == pytest.approx(0.098736, abs=5e-7)
    assert asrf.standard_deviation(0.03, 0.04) == pytest.approx(0.014093, abs=5e-7)
    assert asrf.expected_shortfall(0.03, 0.04, 0.999) == pytest.approx(0.109252, abs=5e-7)
    assert systematic_factor(0.03, 0.05, 0.04) == pytest.approx(-1.345864, abs=5e-7)


def test_error_of_a_simulated_quantile():
    value = asrf.quantile(0.03, 0.04, 0.999)
    density = asrf.density(value, 0.03, 0.04)
    error = math.sqrt(0.999 * 0.001 / 1e5) / density
    assert density == pytest.approx(0.0948691, abs=1e-7)
    assert error == pytest.approx(0.0010536, abs=5e-8)
    assert error / value == pytest.approx(0.0107, abs=5e-5)


def test_granularity_of_200_loans():
    value, adjustment = asrf.quantile(0.03, 0.08, 0.99), granularity_adjustment(0.03, 0.08, 0.99)
    assert value == pytest.approx(0.1011793, abs=5e-8)
    assert adjustment == pytest.approx(1.9552925, abs=5e-8)
    assert value + adjustment / 200 == pytest.approx(0.1109558, abs=5e-8)
    assert 500 * 0.6 * value == pytest.approx(30.354, abs=5e-4)  # million, recovery 40 %
    assert 500 * 0.6 * (value + adjustment / 200) == pytest.approx(33.287, abs=5e-4)
    assert default_count_quantile(200, 0.03, 0.08, 0.99) == 22
    assert 500 * 0.6 * (value - adjustment / 200) != pytest.approx(33.287, abs=1.0)


def test_granularity_is_the_slope_of_the_exact_quantile():
    value, adjustment = asrf.quantile(0.03, 0.08, 0.99), granularity_adjustment(0.03, 0.08, 0.99)
    for n in (200, 2_000, 20_000, 200_000):  # the exact quantile is a whole count, so known to half a loan
        exact = default_count_quantile(n, 0.03, 0.08, 0.99)
        assert exact - n * value == pytest.approx(adjustment, abs=0.55)
        assert exact - n * value != pytest.approx(-adjustment, abs=0.55)


@pytest.mark.parametrize(
    ("n", "pd", "rho", "counts", "published"),
    [
        (1_000, 0.01, 0.1, [50, 100, 150], [8.402113e-3, 2.543643e-4, 1.275593e-5]),
        (10_000, 0.03, 0.04, [600, 900, 1_200], [3.745291e-2, 2.350487e-3, 1.375850e-4]),
    ],
)
def test_published_tails_of_the_exact_mixture(n, pd, rho, counts, published):
    assert default_count_tail(n, pd, rho, counts) == pytest.approx(
        published, rel=4e-7
    )  # half of the last digit of 1.275593
    assert default_count_tail(n, pd, rho * 1.01, counts) != pytest.approx(published, rel=1e-3)


def test_published_quantiles_of_the_exact_mixture():
    assert [default_count_quantile(1_000, 0.01, 0.1, a) for a in (0.99, 0.999)] == [48, 80]
    assert 1_000 * asrf.quantile(0.01, 0.1, [0.99, 0.999]) == pytest.approx([46.80, 77.50], abs=5e-3)


def test_published_euler_contributions():
    found = euler_contributions([0.6, 0.4], [0.02, 0.05], [0.04, 0.06], [0.75, 0.65], 0.999)
    assert found == pytest.approx([0.0321383, 0.0467701], abs=5e-8)
    assert found.sum() == pytest.approx(0.0789084, abs=5e-8)
    assert found / found.sum() == pytest.approx([0.4073, 0.5927], abs=5e-5)


@few
@given(rates, rates, correlations, levels)
def test_quantile_and_shortfall_rise_with_pd_and_level(pd, other, rho, level):
    low, high = sorted((pd, other))
    for measure in (asrf.quantile, asrf.expected_shortfall):
        assert measure(low, rho, level) <= measure(high, rho, level) * (1 + 1e-9)
        assert measure(pd, rho, level) <= measure(pd, rho, (1 + level) / 2) * (1 + 1e-9)
    assert asrf.quantile(pd, rho, level) <= asrf.expected_shortfall(pd, rho, level) * (1 + 1e-9)


@few
@given(rates, correlations, st.floats(0.01, 0.99))
def test_quantile_and_distribution_are_inverse_and_the_density_their_slope(pd, rho, level):
    value = asrf.quantile(pd, rho, level)
    assert asrf.cdf(value, pd, rho) == pytest.approx(level, rel=1e-9)
    step = 1e-4 * np.minimum(value, 1.0 - value)
    slope = (asrf.cdf(value + step, pd, rho) - asrf.cdf(value - step, pd, rho)) / (2 * step)
    assert asrf.density(value, pd, rho) == pytest.approx(slope, rel=1e-3)


@few
@given(rates, correlations, st.floats(0.9, 0.9999))
def test_shortfall_is_the_mean_of_the_quantiles_beyond(pd, rho, level):
    plain, _ = integrate.quad(lambda tail: float(asrf.quantile(pd, rho, 1.0 - tail)), 0.0, 1.0 - level, epsrel=1e-6)
    assert asrf.expected_shortfall(pd, rho, level) == pytest.approx(plain / (1.0 - level), rel=1e-4)


@few
@given(rates, correlations)
def test_deviation_is_that_of_the_conditional_pd_and_of_the_bivariate_normal(pd, rho):
    mean = over_the_factor(lambda z: conditional_pd(pd, rho, z))
    square = over_the_factor(lambda z: conditional_pd(pd, rho, z) ** 2)
    assert mean == pytest.approx(pd, rel=1e-10)
    assert asrf.standard_deviation(pd, rho) == pytest.approx(math.sqrt(square - mean**2), rel=1e-6)
    both = stats.multivariate_normal.cdf([stats.norm.ppf(pd)] * 2, cov=[[1.0, rho], [rho, 1.0]])
    assert asrf.standard_deviation(pd, rho) ** 2 == pytest.approx(both - pd**2, abs=1e-12)


@pytest.mark.parametrize(("pd", "level"), [(0.5, 0.5), (0.5, 0.99), (0.03, 0.5), (0.5, 0.01), (0.9, 0.2)])
@pytest.mark.parametrize("rho", [0.0, 0.1, 0.9])
def test_shortfall_where_a_normal_score_is_zero(pd, level, rho):
    r = math.sqrt(rho)
    scores = [stats.norm.ppf(pd), -stats.norm.ppf(level)]
    plain = stats.multivariate_normal.cdf(scores, cov=[[1.0, r], [r, 1.0]])
    assert asrf.expected_shortfall(pd, rho, level) * (1 - level) == pytest.approx(plain, abs=1e-12)


@few
@given(rates, st.floats(1e-6, 0.99))
def test_implied_correlation_inverts_the_deviation(pd, rho):
    deviation = asrf.standard_deviation(pd, rho)
    found = implied_correlation(pd, deviation)
    assert asrf.standard_deviation(pd, found) == pytest.approx(float(deviation), rel=1e-9)
    assert found == pytest.approx(rho, rel=1e-5)
    assert implied_correlation(pd, 0.9 * deviation) != pytest.approx(rho, rel=1e-3)


def test_implied_correlation_at_its_ends_and_on_arrays():
    assert implied_correlation(0.03, 0.0) == 0.0
    rho = np.array([[0.04], [0.2]])
    pd = np.array([0.01, 0.03, 0.2])
    assert implied_correlation(pd, asrf.standard_deviation(pd, rho)) == pytest.approx(
        np.broadcast_to(rho, (2, 3)), rel=1e-9
    )


@few
@given(rates, rates, correlations)
def test_the_factor_between_two_pds_leads_from_one_to_the_other(through, point, rho):
    z = systematic_factor(through, point, rho)
    assert conditional_pd(through, rho, z) == pytest.approx(point, rel=1e-9)
    if point >= through:  # bad times need a low factor; at one half and half even z = 0 gives the mean PD
        assert z <= 0.0


segments = st.lists(
    st.tuples(st.floats(0.0, 1e6), st.floats(0.0, 0.9), st.floats(0.0, 0.9), st.floats(0.0, 1.0)),
    min_size=1,
    max_size=6,
)


@few
@given(segments, levels, st.floats(0.1, 10.0))
def test_euler_contributions_add_up_to_the_quantile_and_are_its_slopes(parts, level, factor):
    weight, pd, rho, lgd = (np.array(each) for each in zip(*parts, strict=True))
    z = stats.norm.ppf(1.0 - level)
    quantile = sum(w * s * float(conditional_pd(p, r, z)) for w, p, r, s in parts)
    found = euler_contributions(weight, pd, rho, lgd, level)
    assert found.sum() == pytest.approx(quantile, rel=1e-6, abs=1e-9)
    larger = weight.copy()
    larger[0] *= factor
    moved = euler_contributions(larger, pd, rho, lgd, level)
    assert moved.sum() - found.sum() == pytest.approx((factor - 1) * found[0], rel=1e-6, abs=1e-6 * (1 + found.sum()))


def test_segments_stand_on_the_last_axis():
    weight = np.array([[0.6, 0.4], [1.0, 0.0]])
    found = euler_contributions(weight, [0.02, 0.05], [0.04, 0.06], [0.75, 0.65])
    assert found.shape == (2, 2)
    assert found[0].sum() == pytest.approx(0.0789084, abs=5e-8)
    assert found[1].tolist() == [0.75 * float(asrf.quantile(0.02, 0.04, 0.999)), 0.0]


def test_arrays_broadcast_and_equal_their_elements():
    pd, rho = np.array([0.01, 0.03, 0.0]), np.array([[0.0], [0.04], [0.1]])
    found = asrf.quantile(pd, rho, 0.99)
    assert found.shape == (3, 3)
    assert found.ravel().tolist() == [float(asrf.quantile(p, r, 0.99)) for r in rho.ravel() for p in pd]
    assert found[0] == pytest.approx(pd)
    assert found[:, 2].tolist() == [0.0] * 3
    assert asrf.quantile(0.03, [0.04, 0.04], 0.99).shape == (2,)
    assert asrf.quantile([], [], 0.99).shape == (0,)


@few
@given(st.integers(1, 60), st.floats(0.001, 0.999), st.floats(0.0, 0.99))
def test_tails_of_the_mixture_sum_to_the_mean_number_of_defaults(n, pd, rho):
    tails = default_count_tail(n, pd, rho, np.arange(n + 1))
    assert tails.sum() == pytest.approx(n * pd, rel=1e-9)  # E(D) = sum over k of P(D > k)
    assert (np.diff(tails) <= 1e-12).all()
    assert tails[-1] == 0.0


@pytest.mark.parametrize("rho", [1e-9, 1e-4, 0.1, 0.9])
@pytest.mark.parametrize(("n", "k"), [(1, 0), (100, 0), (100, 99), (10**6, 30_000), (10**6, 10**5)])
def test_tails_of_the_mixture_by_a_fine_grid(n, k, rho):
    plain = over_the_factor(lambda z: stats.binom.sf(k, n, conditional_pd(0.03, rho, z)), points=200_001)
    assert default_count_tail(n, 0.03, rho, k) == pytest.approx(plain, rel=1e-8, abs=1e-15)


def test_count_quantile_is_the_least_that_is_enough():
    tails = default_count_tail(300, 0.05, 0.1, np.arange(301))
    for level in (0.01, 0.5, 0.9, 0.999):
        assert default_count_quantile(300, 0.05, 0.1, level) == int(np.argmax(tails <= 1 - level))
    assert default_count_quantile(10, 0.0, 0.1, 0.99) == 0
    assert default_count_quantile(10, 1.0, 0.1, 0.99) == 10


def test_without_correlation_defaults_are_binomial():
    counts = np.arange(40).reshape(2, 20)
    assert default_count_tail(40, 0.07, 0.0, counts) == pytest.approx(stats.binom.sf(counts, 40, 0.07), rel=1e-9)
    assert default_count_tail(40, 0.07, 1e-12, counts) == pytest.approx(stats.binom.sf(counts, 40, 0.07), rel=1e-4)


@pytest.mark.parametrize(
    ("call", "faults"),
    [
        (
            lambda: asrf.quantile(3.0, 1.0, 99),
            [r"pd: found 3\.0, .* 0\.03, not 3", r"correlation: found 1\.0", r"level: found 99"],
        ),
        (lambda: asrf.quantile([0.1, math.nan, 2], 0.1, 0.9), [r"pd: found nan at position \[1\] \(and 1 more\)"]),
        (lambda: asrf.quantile("x", 0.1, 0.9), ["pd: found 'x', expected a decimal 0 to 1; give numbers"]),
        (
            lambda: asrf.quantile([0.1] * 2, [0.1] * 3, 0.9),
            [r"pd, correlation, level: found shapes \(2,\), \(3,\), \(\)"],
        ),
        (lambda: asrf.expected_shortfall(0.0, -0.1, 1.0), ["pd: found 0", "correlation: found -0", "level: found 1"]),
        (lambda: asrf.standard_deviation(1.0, 1.0), ["pd: found 1", "correlation: found 1"]),
        (lambda: asrf.cdf(1.1, 0.0, 0.0), [r"x: found 1\.1", "pd: found 0", "correlation: found 0"]),
        (lambda: asrf.density(0.0, 1.0, 1.0), ["x: found 0", "pd: found 1", "correlation: found 1"]),
        (lambda: implied_correlation(0.0, -1.0), ["pd: found 0", "deviation: found -1"]),
        (lambda: implied_correlation([0.5, 0.1], 0.31), [r"deviation: found 0\.31, expected less than .* = 0\.3;"]),
        (lambda: systematic_factor(0.0, 1.0, 0.0), ["ttc_pd: found 0", "pit_pd: found 1", "correlation: found 0"]),
        (lambda: granularity_adjustment(0.0, 0.0, 1.0), ["pd: found 0", "correlation: found 0", "level: found 1"]),
        (
            lambda: euler_contributions(-1.0, 2.0, 1.0, 45.0, 0.0),
            ["weight: found -1", "pd: found 2", "correlation: found 1", "lgd: found 45", "level: found 0"],
        ),
        (
            lambda: default_count_tail(10, 2.0, [0.1, 0.2], [3.5, 11.0]),
            [
                r"more_than: found 3\.5 .* \(and 1 more\), expected whole numbers 0 to n = 10",
                "pd: found 2",
                "correlation: found shape",
            ],
        ),
        (
            lambda: default_count_tail(0, 0.1, 0.1, -1),
            ["n: found 0, expected a whole number 1 ... 1,000,000,000", "more_than: found -1"],
        ),
        (lambda: default_count_tail(10.0, 0.1, 0.1, 1), [r"n: found 10\.0"]),
        (
            lambda: default_count_quantile(True, -1.0, 1.0, [0.9]),
            [
                "pd: found -1",
                "correlation: found 1",
                "n: found True",
                r"level: found shape \(1,\), expected one number",
            ],
        ),
    ],
)
def test_bad_input_is_refused_by_name_and_all_at_once(call, faults):
    with pytest.raises(InputError) as caught:
        call()
    assert len(caught.value.faults) == len(faults), caught.value
    for fault, words in zip(caught.value.faults, faults, strict=True):
        assert re.match(words, fault), fault
