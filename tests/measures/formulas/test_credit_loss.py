"""Formulas of provisioning: worked numbers, plain loops, refusals."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stresslab.measures.formulas.asrf import conditional_pd
from stresslab.measures.formulas.credit_loss import (
    expected_credit_loss,
    migrate_stages,
    modification_gain,
    npl_sensitivity,
)
from stresslab.schema import InputError

RATE, HAZARD, LGD, LOAN = 0.015, 0.005, 0.65, 10_000.0
few = settings(max_examples=40, deadline=None)
part = st.floats(0.0, 1.0)


def instalment_loan():
    """Payment, opening balances of 12 months and probabilities to default in each, by a loop over months."""
    payment = LOAN * RATE / (1 - (1 + RATE) ** -12)
    balances, hazards, owed, alive = [], [], LOAN, 1.0
    for _ in range(12):
        balances.append(owed)
        hazards.append(alive * HAZARD)
        alive *= 1 - HAZARD
        owed = owed * (1 + RATE) - payment
    assert owed == pytest.approx(0.0, abs=1e-8)
    return payment, np.array(balances), np.array(hazards)


def test_worked_numbers_of_an_instalment_loan():
    payment, balance, hazard = instalment_loan()
    assert payment == pytest.approx(916.79993, abs=5e-6)
    assert 100 * hazard.sum() == pytest.approx(5.837719, abs=5e-7)
    assert expected_credit_loss(hazard, LGD, balance * 1.015, RATE) == pytest.approx(201.83119, abs=1e-5)
    assert expected_credit_loss(hazard, LGD, balance, RATE) == pytest.approx(198.84847, abs=5e-6)
    assert expected_credit_loss(0.005, 0.25, 1_000_000) == pytest.approx(1250.0, rel=1e-15)


@pytest.mark.parametrize("change", [{"rate": 0.0}, {"lgd": 0.6}, {"horizon": 11}])
def test_the_worked_number_tells_a_wrong_choice(change):
    _, balance, hazard = instalment_loan()
    wrong = {"pd": hazard, "lgd": LGD, "ead": balance * 1.015, "rate": RATE} | change
    assert expected_credit_loss(**wrong) != pytest.approx(201.83119, abs=0.1)


@few
@given(st.lists(st.tuples(part, part, st.floats(0.0, 1e6)), min_size=1, max_size=30), st.floats(-0.1, 0.2), st.data())
def test_expected_loss_is_the_plain_sum_and_grows_with_the_horizon(periods, rate, data):
    pd, lgd, ead = (np.array(each) for each in zip(*periods, strict=True))
    pd = pd / max(1.0, pd.sum())
    horizon = data.draw(st.integers(1, len(periods)))
    plain = sum(pd[t] * lgd[t] * ead[t] / (1 + rate) ** (t + 1) for t in range(horizon))
    found = expected_credit_loss(pd, lgd, ead, rate, horizon, cumulative=False)
    assert found == pytest.approx(plain, rel=1e-12, abs=1e-12)
    whole = expected_credit_loss(pd, lgd, ead, rate, cumulative=False)
    assert found <= whole * (1 + 1e-12)
    assert expected_credit_loss(pd, lgd, ead, rate, 10**6, cumulative=False) == whole
    summed = np.minimum.accumulate(np.minimum(pd.cumsum(), 1.0)[::-1])[::-1]
    again = expected_credit_loss(summed, lgd, ead, rate, horizon, cumulative=True)
    assert again == pytest.approx(found, rel=1e-9, abs=1e-8)


def test_one_number_stands_for_all_periods():
    _, balance, hazard = instalment_loan()
    full = np.full(12, LGD)
    assert expected_credit_loss(hazard, LGD, balance) == expected_credit_loss(hazard, full, balance)
    assert expected_credit_loss(hazard, 1.0, 100.0) == pytest.approx(100 * hazard.sum())


def test_modification_gain_is_the_change_of_present_value():
    assert modification_gain(1000.0, 909.0, 0.01) == pytest.approx(-100.0)
    payment, _, _ = instalment_loan()
    assert modification_gain(LOAN, [payment] * 12, RATE) == pytest.approx(0.0, abs=1e-8)
    longer = LOAN * RATE / (1 - (1 + RATE) ** -24)
    assert modification_gain(LOAN, [longer] * 24, RATE) == pytest.approx(0.0, abs=1e-8)
    assert modification_gain(LOAN, [longer] * 24, RATE + 0.001) < -10.0  # another rate is no longer fair
    assert modification_gain(0.0, [5.0], 0.0) == 5.0


def test_worked_numbers_of_the_conditional_pd():
    found = conditional_pd(0.03, 0.04, [0.0, -1.5, 1.0])
    assert found == pytest.approx([0.0274557, 0.0533298, 0.0168476], abs=5e-8)
    mean = float(found @ [0.5, 0.25, 0.25])
    assert mean == pytest.approx(0.0312722, abs=5e-8)
    at_mean = float(conditional_pd(0.03, 0.04, 0.5 * 0.0 + 0.25 * -1.5 + 0.25 * 1.0))
    assert at_mean < mean - 1e-3
    assert conditional_pd(0.03, 0.04, 1.5) != pytest.approx(0.0533298, abs=1e-3)  # low z is bad, not high


@few
@given(st.floats(1e-4, 0.5), st.floats(0.0, 0.9), st.floats(-4.0, 4.0))
def test_conditional_pd_is_that_of_the_normal_law_and_falls_with_the_factor(pd, correlation, z):
    law = NormalDist()
    plain = law.cdf((law.inv_cdf(pd) - math.sqrt(correlation) * z) / math.sqrt(1 - correlation))
    assert float(conditional_pd(pd, correlation, z)) == pytest.approx(plain, rel=1e-6, abs=1e-12)
    assert conditional_pd(pd, correlation, z + 0.5) <= conditional_pd(pd, correlation, z)


@few
@given(st.floats(1e-4, 0.5), st.floats(0.0, 0.6))
def test_conditional_pds_average_to_the_pd_through_the_cycle(pd, correlation):
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    mean = float(conditional_pd(pd, correlation, nodes) @ weights / weights.sum())
    assert mean == pytest.approx(pd, rel=1e-3)


def test_conditional_pd_at_its_ends():
    assert conditional_pd([0.0, 1.0], 0.2, -3.0).tolist() == [0.0, 1.0]
    assert float(conditional_pd(0.07, 0.0, -9.0)) == pytest.approx(0.07)


def test_worked_numbers_of_migration():
    rates, stages = (0.06, 0.02, 0.20, 0.10), [900.0, 80.0, 20.0]
    for expected in ([844.0, 110.0, 46.0], [798.48, 127.64, 73.88], [760.1296, 137.2568, 102.6136]):
        stages = migrate_stages(stages, *rates)
        assert stages == pytest.approx(expected, rel=1e-12)
        assert stages.sum() == pytest.approx(1000.0, rel=1e-12)
    swapped = migrate_stages([900.0, 80.0, 20.0], 0.02, 0.06, 0.20, 0.10)
    assert swapped != pytest.approx([844.0, 110.0, 46.0], abs=1.0)


shares = st.tuples(part, part).map(lambda two: (two[0], (1 - two[0]) * two[1]))


@few
@given(st.lists(st.floats(0.0, 1e9), min_size=3, max_size=3), shares, shares)
def test_migration_keeps_the_sum_and_stage_3(stages, first, second):
    after = migrate_stages(stages, *first, *second)
    assert after.sum() == pytest.approx(sum(stages), rel=1e-12, abs=1e-9)
    assert (after >= -1e-6).all()
    assert after[2] >= stages[2] * (1 - 1e-15)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: expected_credit_loss([1.5], 0.5, 1.0), r"pd: found \[1\.5\], expected numbers 0 to 1"),
        (lambda: expected_credit_loss([-0.1], 0.5, 1.0), r"pd: found \[-0\.1\]"),
        (lambda: expected_credit_loss([math.nan], 0.5, 1.0), r"pd: found \[nan\]"),
        (lambda: expected_credit_loss([0.6, 0.6], 0.5, 1.0), r"pd: found a sum of 1\.2, expected at most 1"),
        (lambda: expected_credit_loss([0.3, 0.5, 0.6], 0.5, 1.0), r"sum of 1\.4, .* pass cumulative=True if they are"),
        (
            lambda: expected_credit_loss([0.02, 0.05, 0.09], 0.5, 1.0),
            r"pd: found 0\.02 to 0\.09, which rise and may be",
        ),
        (lambda: expected_credit_loss([0.1, 0.05], 0.5, 1.0, cumulative=True), "pd: found some that fall"),
        (lambda: expected_credit_loss([[0.1]], 0.5, 1.0), r"pd: found \[\[0\.1\]\]"),
        (lambda: expected_credit_loss([0.1, 0.1], [0.5, 0.5, 0.5], 1.0), "lgd: found 3 periods, expected 1 or the 2"),
        (lambda: expected_credit_loss([0.1, 0.1], 0.5, [1.0] * 3), "ead: found 3 periods"),
        (lambda: expected_credit_loss([0.1], 11.0, 1.0), r"lgd: found \[11\.0\]"),
        (lambda: expected_credit_loss([0.1], 0.5, -1.0), r"ead: found \[-1\.0\]"),
        (lambda: expected_credit_loss([0.1], 0.5, math.inf), r"ead: found \[inf\]"),
        (lambda: expected_credit_loss([0.1], 0.5, 1.0, -1.0), r"rate: found -1\.0, expected a decimal above -1"),
        (lambda: expected_credit_loss([0.1], 0.5, 1.0, math.nan), "rate: found nan"),
        (lambda: expected_credit_loss([0.1], 0.5, 1.0, 0.0, 0), "horizon: found 0, expected whole periods"),
        (lambda: expected_credit_loss([0.1], 0.5, 1.0, 0.0, 1.5), r"horizon: found 1\.5"),
        (lambda: modification_gain(-1.0, [1.0], 0.0), r"gross: found -1\.0"),
        (lambda: modification_gain(1.0, [], 0.0), r"cash_flows: found \[\]"),
        (lambda: modification_gain(1.0, [math.nan], 0.0), r"cash_flows: found \[nan\]"),
        (lambda: modification_gain(1.0, [[1.0]], 0.0), r"cash_flows: found \[\[1\.0\]\]"),
        (lambda: modification_gain(1.0, [1.0], -2.0), r"rate: found -2\.0"),
        (lambda: modification_gain(1.0, [1.0], 5.0), r"rate: found 5\.0, expected a decimal above -1, at most 1"),
        (lambda: conditional_pd([0.1, 1.1], 0.1, 0.0), r"pd: found \[0\.1, 1\.1\], expected decimals"),
        (lambda: conditional_pd(math.nan, 0.1, 0.0), "pd: found nan"),
        (lambda: conditional_pd(0.1, 1.0, 0.0), r"correlation: found 1\.0, expected a decimal 0 to below 1"),
        (lambda: conditional_pd(0.1, math.nan, 0.0), "correlation: found nan"),
        (lambda: npl_sensitivity(12.0, 0.1, [1.0]), r"capital_ratio: found 12\.0"),
        (lambda: npl_sensitivity(0.1, 1.5, [1.0]), r"npl_over_rwa: found 1\.5"),
        (lambda: npl_sensitivity(0.1, 0.1, [-1.0]), r"increase: found \[-1\.0\]"),
        (lambda: npl_sensitivity(0.1, 0.1, math.nan), "increase: found nan"),
        (lambda: npl_sensitivity(0.1, 0.1, [10.0]), "loses all assets"),
        (lambda: migrate_stages([1.0, 2.0], 0, 0, 0, 0), r"stages: found \[1\.0, 2\.0\], expected three"),
        (lambda: migrate_stages([1.0, 2.0, -3.0], 0, 0, 0, 0), r"stages: found"),
        (lambda: migrate_stages([1.0, 2.0, math.nan], 0, 0, 0, 0), r"stages: found"),
        (lambda: migrate_stages([1.0, 2.0, 3.0], 0.6, 0.5, 0, 0), r"tr12, tr13: found \(0\.6, 0\.5\)"),
        (lambda: migrate_stages([1.0, 2.0, 3.0], 0, 0, -0.1, 0.5), r"tr21, tr23: found \(-0\.1, 0\.5\)"),
        (lambda: migrate_stages([1.0, 2.0, 3.0], 0, 0, math.nan, 0.5), r"tr21, tr23: found \(nan, 0\.5\)"),
    ],
)
def test_bad_input_is_refused_by_name(call, message):
    with pytest.raises(InputError, match=message):
        call()


PUBLISHED = {1.0: 0.1476, 2.0: 0.1344, 4.0: 0.1054}
"""Capital ratio of 3,235 banks, first 15.76 %, once bad loans are up by 100, 200, 400 %: PBoC, FSR 2025."""


def test_the_published_sensitivity_is_one_formula_with_two_unknowns():
    found = npl_sensitivity(0.1576, 0.01555, list(PUBLISHED), excess_over_rwa=0.004)
    np.testing.assert_allclose(found, list(PUBLISHED.values()), atol=3e-4)
    drops = [0.1576 - ratio for ratio in PUBLISHED.values()]
    np.testing.assert_allclose(drops, [0.0100, 0.0232, 0.0522], atol=1e-9)
    points = npl_sensitivity(0.1576, 0.01555, [0.01, 0.02, 0.04], excess_over_rwa=0.004)  # +1 point is not +100 %
    assert abs(points - list(PUBLISHED.values())).max() > 0.005


def test_more_bad_loans_never_raise_the_ratio():
    found = npl_sensitivity(0.12, 0.015, np.linspace(0.0, 10.0, 50), excess_over_rwa=0.01)
    assert (np.diff(found) <= 0.0).all()
    assert found[0] == 0.12


def test_all_faults_come_at_once():
    for call, count in (
        (lambda: expected_credit_loss([2.0, 0.1], [1.0] * 3, -1.0, -3.0, 0), 5),
        (lambda: modification_gain(-1.0, [], -3.0), 3),
        (lambda: conditional_pd(2.0, 2.0, 0.0), 2),
        (lambda: migrate_stages([1.0], 1, 1, 1, 1), 3),
    ):
        with pytest.raises(InputError) as caught:
            call()
        assert len(caught.value.faults) == count
