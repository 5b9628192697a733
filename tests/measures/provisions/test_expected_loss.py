"""Expected losses by hand: horizons, discounting, stages, weights, reversion, what counts as drawn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stresslab.measures.provisions.allowance import provisions
from stresslab.measures.provisions.expected_loss import place
from stresslab.measures.provisions.regimes import CECL, IFRS9
from stresslab.testing import made_up_result
from tests.measures.hand import expect, hand_terms, one_bucket, random_terms
from tests.measures.twin import allowance_by_loops

CURRENT = ("current_risen", "current", "current_fallen", "current_far_fallen")


def held(book, terms, rules, **asked):
    return provisions(book, rules, terms, **asked)["allowance_held"].values.ravel()[0]


def test_stage_one_counts_the_defaults_of_twelve_months():
    terms = expect(hand_terms(), CURRENT, {12: 0.03, 13: 0.5}, 0.5)
    assert held(one_bucket("current"), terms, IFRS9()) == pytest.approx(1000 * 0.03 * 0.5)
    assert held(one_bucket("current", watched=1000.0), expect(terms, "watched", {13: 0.5}, 0.5), IFRS9()) == 250.0


def test_losses_are_discounted_at_the_monthly_rate():
    terms = expect(hand_terms(rate=0.01), CURRENT, {10: 0.03}, 0.5)
    assert held(one_bucket("current"), terms, IFRS9()) == pytest.approx(15.0 / 1.01**10, abs=0.005)


def test_a_line_exposes_for_its_behavioural_life():
    terms = expect(hand_terms(revolving=["ours:loan"]), "30-59", {6: 0.1, 20: 0.1}, 0.5)
    assert held(one_bucket("30-59"), terms, IFRS9(revolving_life=19)) == pytest.approx(50.0)
    assert held(one_bucket("30-59"), terms, IFRS9(revolving_life=20)) == pytest.approx(100.0)


@pytest.mark.parametrize(
    ("then", "now", "moves"),
    [(0.01, 0.0199, False), (0.01, 0.0201, True), (0.002, 0.0059, False), (0.002, 0.0061, True), (0.3, 0.59, False)],
)
def test_risk_has_risen_significantly_from_both_thresholds_or_the_backstop_on(then, now, moves):
    terms = hand_terms(points=((0.05, 0.0, 0.0), (0.09, 0.0, 0.0)))
    for point, pd in enumerate((then, now)):
        terms = expect(terms, CURRENT, {20: pd}, 1.0, point=point)
    book = one_bucket("current", unemployment=0.09)
    assert held(book, terms, IFRS9()) == pytest.approx(1000.0 * now if moves else 0.0, abs=0.01)
    balance = provisions(book, IFRS9(), terms)["stage_balance"].values.ravel()
    assert balance == pytest.approx([0.0, 1000.0, 0.0] if moves else [1000.0, 0.0, 0.0])


@pytest.mark.parametrize(
    ("now", "rules", "moves"),
    [
        (0.5, {"relative": 2.0, "absolute": 0.25, "backstop": 4.0}, True),
        (0.5, {"relative": 2.0, "absolute": 0.26, "backstop": 4.0}, False),
        (0.5, {"relative": 2.1, "absolute": 0.25, "backstop": 4.0}, False),
        (0.75, {"relative": 3.0, "absolute": 0.9, "backstop": 3.0}, True),
    ],
)
def test_risk_that_rose_to_a_threshold_has_reached_it(now, rules, moves):
    terms = hand_terms(points=((0.05, 0.0, 0.0), (0.09, 0.0, 0.0)))
    for point, pd in enumerate((0.25, now)):
        terms = expect(terms, CURRENT, {20: pd}, 1.0, point=point)
    balance = provisions(one_bucket("current", unemployment=0.09), IFRS9(**rules), terms)["stage_balance"]
    assert balance.values.ravel().tolist() == ([0.0, 1000.0, 0.0] if moves else [1000.0, 0.0, 0.0])


def test_forbearance_the_score_and_thirty_days_move_a_loan():
    terms = expect(hand_terms(), (*CURRENT, "watched", "30-59"), {6: 0.01, 20: 0.01}, 1.0)
    assert held(one_bucket("current"), terms, IFRS9()) == pytest.approx(10.0)
    for special in ({"watched": 1000.0}, {"forborne": 1000.0}):
        assert held(one_bucket("current", **special), terms, IFRS9()) == pytest.approx(20.0)
        balance = provisions(one_bucket("current", **special), IFRS9(), terms)["stage_balance"].values.ravel()
        assert balance.tolist() == [0.0, 1000.0, 0.0]
    assert held(one_bucket("current", watched=1000.0), terms, IFRS9(score=False)) == pytest.approx(10.0)
    assert held(one_bucket("30-59"), terms, IFRS9()) == pytest.approx(20.0)
    assert held(one_bucket("30-59"), terms, IFRS9(past_due_days=60)) == pytest.approx(10.0)


def test_a_plan_that_began_after_default_is_in_stage_three():
    terms = expect(hand_terms(), "90-119", {0: 1.0}, 0.7)
    found = provisions(one_bucket("current", forborne_late=1000.0), IFRS9(), terms)
    assert found["allowance_by_stage"].values.ravel().tolist() == [0.0, 0.0, 700.0]


def test_weights_are_on_losses():
    terms = expect(hand_terms(outlooks=["mild", "adverse"]), CURRENT, {6: 0.01}, 0.5, outlook=0)
    terms = expect(terms, CURRENT, {6: 0.04}, 0.9, outlook=1)
    weights = {"mild": 0.75, "adverse": 0.25}
    found = held(one_bucket("current"), terms, IFRS9(), weights=weights)
    assert found == pytest.approx(0.75 * 5.0 + 0.25 * 36.0)
    mean_pd, mean_lgd = 0.75 * 0.01 + 0.25 * 0.04, 0.75 * 0.5 + 0.25 * 0.9
    assert abs(found - 1000 * mean_pd * mean_lgd) > 1.0  # drivers may not be averaged


def test_undrawn_limits_count_under_ifrs9_and_not_under_cecl():
    terms = expect(hand_terms(), "undrawn", {6: 0.02}, 0.5)
    book = one_bucket("current", undrawn=2000.0)
    assert held(book, terms, IFRS9()) == pytest.approx(20.0)
    assert held(book, terms, CECL()) == 0.0


def test_cecl_holds_a_lifetime_of_what_is_drawn():
    terms = expect(hand_terms(), CURRENT, {6: 0.02, 20: 0.03}, 0.5, drawn=0.4)
    assert held(one_bucket("current"), terms, CECL()) == pytest.approx(1000 * 0.05 * 0.5 * 0.4)


@pytest.mark.parametrize(("reversion", "late"), [(0, 0.01), (4, 0.5 * 0.05 + 0.5 * 0.01), (600, 0.05)])
def test_cecl_reverts_to_the_start_at_once_or_in_a_line(reversion, late):
    terms = hand_terms(points=((0.05, 0.0, 0.0), (0.09, 0.0, 0.0)))
    terms = expect(terms, CURRENT, {12: 0.01}, 1.0, point=0)
    terms = expect(terms, CURRENT, {12: 0.05}, 1.0, point=1)
    rules = CECL(supportable_months=10, reversion_months=reversion)
    assert held(one_bucket("current", unemployment=0.09), terms, rules) == pytest.approx(1000 * late, rel=0.005)


@pytest.mark.parametrize(
    ("revolving", "bucket", "gone"), [(True, "120-179", False), (True, "180-269", True), (False, "120-179", True)]
)
def test_cecl_charges_off_at_120_or_180_days(revolving, bucket, gone):
    terms = expect(hand_terms(revolving=["ours:loan"] if revolving else []), bucket, {0: 1.0}, 0.8)
    found = provisions(one_bucket(bucket), CECL(), terms)
    assert found["charged_off"].item() == (1000.0 if gone else 0.0)
    assert found["allowance_held"].item() == (0.0 if gone else 800.0)


def test_a_month_reads_the_plane_through_the_points():
    points = ((0.04, 0.0, 0.0), (0.08, 0.0, 0.0), (0.06, 0.02, 0.0))
    book = made_up_result(paths=2, months=20, seed=1)
    rate = 0.05 + 0.001 * book["month"] + 0.0 * book["path"]
    weights = place(book.assign(unemployment_rate=rate), hand_terms(points=points))
    np.testing.assert_allclose(weights.sum(-1), 1.0)
    known = np.array(points)
    np.testing.assert_allclose(weights @ known[:, 0], rate.transpose("path", "month"))
    change = np.minimum(np.arange(21), 12) * 0.001
    np.testing.assert_allclose(weights @ known[:, 1], np.broadcast_to(change, (2, 21)), atol=1e-12)


def test_one_point_is_read_as_it_is():
    book = one_bucket("current", unemployment=0.06)
    np.testing.assert_allclose(place(book, hand_terms()), 1.0)


def test_the_error_is_the_jackknife_over_batches():
    terms = random_terms(4)
    book = one_bucket("current", 1e9, unemployment=0.06)
    found = provisions(book, CECL(), terms)
    count = terms.sizes["batch"]
    left = [held(book, terms.isel(batch=[b for b in range(count) if b != out]), CECL()) for out in range(count)]
    error = np.sqrt((count - 1) / count * ((np.array(left) - np.mean(left)) ** 2).sum())
    assert found["allowance_se"].item() == pytest.approx(error, rel=1e-3)
    assert error > 0.0


POINTS = ((0.05, 0.0, 0.0), (0.09, 0.03, 5.0), (0.07, -0.01, 9.0), (0.06, 0.02, 14.0), (0.08, 0.0, 3.0))


@pytest.mark.parametrize(
    "rules",
    [
        IFRS9(),
        IFRS9(past_due_days=60, score=False, relative=1.2, backstop=1.5, revolving_life=5),
        CECL(),
        CECL(supportable_months=6, reversion_months=4, charge_off_open=90, charge_off_closed=90),
        CECL(supportable_months=6, reversion_months=0, discount=False),
    ],
    ids=["ifrs9", "another ifrs9", "cecl", "another cecl", "cecl without discount"],
)
@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_allowances_are_those_of_plain_loops(rules, seed):
    segments = ("ours:loan", "ours:card")
    book = made_up_result(paths=2, months=14, seed=seed, segments=segments)
    rate = book["unemployment_rate"].clip(0.03, 0.1)
    book = book.assign(unemployment_rate=rate).assign_attrs(renewal="static")
    terms = random_terms(
        seed, segments=segments, revolving=segments[1:], outlooks=("mild", "bad"), points=POINTS, months=18, rate=0.01
    )
    found = provisions(book, rules, terms, weights={"mild": 0.7, "bad": 0.3})
    values = found["allowance_by_stage" if isinstance(rules, IFRS9) else "allowance_held"].values
    values = values.reshape(*values.shape[:2], -1)
    np.testing.assert_allclose(values, allowance_by_loops(book, terms, {"mild": 0.7, "bad": 0.3}, rules), atol=0.0051)
    wrong = allowance_by_loops(book, terms, {"mild": 0.69, "bad": 0.31}, rules)
    assert abs(values - wrong).max() > 1.0
