"""What a lender can do: terms worked out by hand, and every fault named."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import stresslab as sl
from stresslab.engine.actions import (
    ContingencyPlan,
    EarlyWarning,
    LimitManagement,
    Outreach,
    Restructuring,
    programmes,
    response_faults,
    unfold,
)
from stresslab.engine.kernel.state import DEPTHS, PROGRAMMES
from stresslab.engine.simulate import simulate
from stresslab.schema import InputError
from tests.engine.small import busy, harsh, late_book

EVERY = (Outreach, EarlyWarning, LimitManagement, Restructuring)
BOOK = late_book("china-online", borrowers=60)


# The chance that a plan is not kept.


def test_without_anything_given_up_a_plan_fares_like_no_plan():
    """0.40, 0.58, 0.68, 0.74 at 1, 2, 3, 4 due dates over 12 payments; without a miss as with one, deeper as with 4."""
    found = Restructuring().unkept_monthly(7)
    lost = np.array([0.40, 0.40, 0.58, 0.68, 0.74, 0.74, 0.74])
    np.testing.assert_allclose(1.0 - (1.0 - found) ** 12, lost)
    assert found[0] == pytest.approx(0.041675, abs=1e-6)  # 1 - 0.6^(1/12) = 1 - exp(-0.510826 / 12)


def test_forgiveness_by_hand():
    """30 % forgiven: odds 2 / 3 x exp(-2 x 0.3) = 0.365874, so 0.267868 not kept, over 6 payments 5.06 % a month."""
    plan = Restructuring(forgiveness=0.3, probation_months=6)
    odds = 0.4 / 0.6 * math.exp(-0.6)
    assert odds == pytest.approx(0.365874, abs=1e-6)
    assert odds / (1 + odds) == pytest.approx(0.267868, abs=1e-6)
    assert plan.unkept_monthly(2)[1] == pytest.approx(1 - (1 - 0.267868) ** (1 / 6), abs=1e-6)
    assert plan.unkept_monthly(2)[1] == pytest.approx(0.0506, abs=1e-4)


def test_a_rate_cut_counts_for_half_the_term_and_a_holiday_lengthens_it():
    """Half of 15 % off for (21 + 3) / 12 = 2 years, half of it on average: 0.075 given up; 12 - 3 = 9 payments."""
    plan = Restructuring(rate_reduction=0.5, term_months=21, holiday_months=3)
    odds = 0.58 / 0.42 * math.exp(-2.0 * 0.075)
    kept = 1.0 - odds / (1.0 + odds)
    assert plan.unkept_monthly(3)[2] == pytest.approx(1.0 - kept ** (1 / 9), abs=1e-12)


def test_a_longer_term_helps_only_if_one_says_so():
    usual, longer = (Restructuring(term_months=months).unkept_monthly(4) for months in (12, 48))
    np.testing.assert_array_equal(usual, longer)
    odds = 0.4 / 0.6 * math.exp(-0.5)
    helped = Restructuring(term_effect=0.5).unkept_monthly(2)[1]
    assert 1.0 - (1.0 - helped) ** 12 == pytest.approx(odds / (1.0 + odds))
    np.testing.assert_array_equal(Restructuring(term_effect=0.5, term_months=0).unkept_monthly(4), usual)


terms = st.builds(
    Restructuring,
    forgiveness=st.floats(0.0, 1.0),
    rate_reduction=st.floats(0.0, 1.0),
    term_months=st.integers(0, 60),
    probation_months=st.integers(1, 60),
    write_down_effect=st.floats(0.0, 20.0),
    term_effect=st.floats(-10.0, 10.0),
    untreated_default=st.lists(st.floats(0.0, 0.999), min_size=1, max_size=14).map(tuple),
)


@settings(max_examples=50, deadline=None)
@given(terms, st.integers(1, 20))
def test_whatever_the_terms_it_is_a_chance_and_more_forgiven_is_kept_more(plan, depths):
    found = plan.unkept_monthly(depths)
    assert found.shape == (depths,)
    assert ((found >= 0.0) & (found < 1.0)).all()
    more = dataclasses.replace(plan, forgiveness=min(plan.forgiveness + 0.1, 1.0)).unkept_monthly(depths)
    assert (more <= found + 1e-15).all()


@pytest.mark.parametrize(
    ("first", "last", "depths"),
    [(30, 119, (1, 3)), (0, 29, (0, 0)), (0, 59, (0, 1)), (1, 89, (1, 2)), (31, 60, (2, 2)), (60, 60, (2, 2)),
     (330, 36_000, (11, 1_200))],
)  # fmt: skip
def test_days_become_whole_due_dates(first, last, depths):
    """From: the first due date not before; to: the last one not after."""
    assert Restructuring(from_days=first, to_days=last).depths == depths


# Names, order, faults.


def test_labels():
    assert [kind().label for kind in EVERY] == [kind.__name__ for kind in EVERY]
    assert Outreach(name="night shift").label == "night shift"
    assert {"ContingencyPlan", "EarlyWarning", "LimitManagement", "Outreach", "Restructuring"} == set(
        sl.actions.__all__
    )


def test_plans_stand_before_what_they_hold():
    inner, outer = Restructuring(name="inner"), Restructuring(name="outer")
    plan = ContingencyPlan(responses=(Outreach(), inner))
    seen = list(unfold([outer, plan]))
    assert [one.label for one, _ in seen] == ["outer", "ContingencyPlan", "Outreach", "inner"]
    assert [waits is plan for _, waits in seen] == [False, False, True, True]
    assert programmes([outer, plan]) == [outer, inner]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Restructuring(from_days=90, to_days=60),
            r"from_days: found 90 with to_days 60, expected at most",
        ),
        (lambda: Restructuring(holiday_months=12), r"holiday_months: found 12 with probation_months 12, expected few"),
        (lambda: Restructuring(holiday_months=4, probation_months=3), r"holiday_months: found 4 with probation_mon"),
        (
            lambda: Restructuring(forgiveness=30),
            r"forgiveness: found 30, expected 0 \.\.\. 1 \[1\]; rates are",
        ),
        (lambda: Restructuring(term_months=6.0), r"term_months: found 6\.0, .*give a whole number"),
        (lambda: Restructuring(untreated_default=()), r"untreated_default: found \(\), expected a list of numbers"),
        (
            lambda: Restructuring(untreated_default=(0.4, 1.0)),
            r"untreated_default: found 1\.0, expected 0 \.\.\. 0\.9",
        ),
        (lambda: Restructuring(probation_months=0), r"probation_months: found 0"),
        (lambda: Outreach(channel="fax"), r"channel: found 'fax', expected one of \('call', 'message', 'visit'\)"),
        (lambda: Outreach(capacity=-0.1), r"capacity: found -0\.1"),
        (lambda: Outreach(capacity=float("nan")), r"capacity: found nan"),
        (lambda: Outreach(effect=0.2), r"effect: found 0\.2, expected a list of numbers; give at least one"),
        (lambda: Outreach(effect=(0.2, 1.2)), r"effect: found 1\.2"),
        (
            lambda: Outreach(effect=(0.1,) * DEPTHS),
            r"effect: found 12 numbers, expected at most 11; leave out the last",
        ),
        (lambda: Outreach(name=3), r"name: found 3, expected a text"),
        (lambda: EarlyWarning(freeze="no"), r"freeze: found 'no', expected one of \(True, False\)"),
        (lambda: ContingencyPlan(start_month=2, responses=(Outreach(),)), r"start_month, months: found 2, 1200"),
        (lambda: ContingencyPlan(months=2, responses=(Outreach(),)), r"start_month, months: found 1, 2, expected none"),
        (lambda: Outreach(start_month=0), r"start_month: found 0, expected 1 \.\.\. 1200 \[month\]"),
        (lambda: Outreach(months=0), r"months: found 0"),
        (lambda: Outreach(months=True), r"months: found True"),
        (lambda: Outreach(cost_monthly="ten"), r"cost_monthly: found 'ten'.*give a number"),
        (lambda: EarlyWarning(window=0), r"window: found 0"),
        (lambda: EarlyWarning(score_below=1_001), r"score_below: found 1001"),
        (lambda: LimitManagement(cut=1.5), r"cut: found 1\.5"),
        (lambda: ContingencyPlan(trigger="mood", responses=(Outreach(),)), r"trigger: found 'mood', expected one of"),
        (lambda: ContingencyPlan(), r"responses: found \(\), expected a tuple of Outreach.*give at least one"),
        (lambda: ContingencyPlan(responses="all"), r"responses: found 'all'"),
        (lambda: ContingencyPlan(responses=Outreach()), r"responses: found Outreach\("),
        (
            lambda: ContingencyPlan(responses=(ContingencyPlan(responses=(Outreach(),)),)),
            r"responses: found \(ContingencyPlan\(",
        ),
        (lambda: ContingencyPlan(level=-0.1, responses=(Outreach(),)), r"level: found -0\.1"),
    ],
)
def test_terms_that_cannot_be_are_refused_by_name(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_all_terms_that_cannot_be_come_at_once():
    with pytest.raises(InputError) as caught:
        ContingencyPlan(trigger="mood", level=-1.0, delay_months=-1)
    assert caught.value.subject == "contingencyplan"
    assert len(caught.value.faults) == 4


FIVE = [Restructuring(name=str(i)) for i in range(PROGRAMMES + 1)]


@pytest.mark.parametrize(
    ("responses", "message"),
    [
        ([EarlyWarning(name="a"), EarlyWarning(name="b")], r"responses: found 2 of EarlyWarning, expected at most 1"),
        (
            [EarlyWarning(name="a"), ContingencyPlan(responses=(EarlyWarning(name="b"),))],
            r"responses: found 2 of EarlyWarning",
        ),
        (FIVE, r"responses: found 5 of Restructuring, expected at most 4; join some"),
        ([*FIVE[:3], ContingencyPlan(responses=tuple(FIVE[3:]))], r"responses: found 5 of Restructuring"),
        ([Outreach(), Outreach()], r"responses: found 'Outreach' more than once, .*give name="),
        ([Outreach(), ContingencyPlan(responses=(Outreach(capacity=1.0),))], r"responses: found 'Outreach' more than"),
        ([Outreach(), "visit"], r"responses: found 'visit', expected a response such as Outreach\(\)"),
        ([Outreach], r"responses: found <class .*Outreach'>"),
        ("Outreach", r"responses: found 'Outreach', expected a list of responses"),
        (Outreach(), r"responses: found Outreach\(.*write responses=\[\.\.\.\]"),
        (None, r"responses: found None"),
    ],
)
def test_responses_that_do_not_go_together_are_refused(responses, message):
    with pytest.raises(InputError, match=message):
        simulate(BOOK, harsh(2), busy(), seed=1, responses=responses, progress=False)


def test_all_that_does_not_go_together_comes_at_once():
    faults = response_faults([EarlyWarning(), EarlyWarning(), Outreach(name="x"), LimitManagement(name="x"), *FIVE])
    assert len(faults) == 4


def test_four_programmes_and_a_warning_go_together():
    assert response_faults([*FIVE[:4], EarlyWarning(), Outreach(), LimitManagement()]) == []
    assert response_faults([]) == response_faults(()) == []


# Windows and costs of a real run.


def lived(*responses, months=9):
    return simulate(BOOK, harsh(months), busy(), seed=1, responses=responses, progress=False).isel(path=0)


@pytest.mark.parametrize("kind", EVERY)
def test_it_is_active_in_its_months_and_costs_then(kind):
    """Months 3 and 4; 7.25 a month while it is active, and nothing before month 1."""
    free = {name: 0.0 for name in ("cost_per_contact", "cost_per_flag", "cost_per_plan") if hasattr(kind, name)}
    result = lived(kind(start_month=3, months=2, cost_monthly=7.25, **free))
    assert np.flatnonzero(result["active"].values[:, 0]).tolist() == [3, 4]
    assert result["operating_cost"].values[:, 0].tolist() == [0, 0, 0, 7.25, 7.25, 0, 0, 0, 0, 0]
    assert result["response"].values.tolist() == [kind.__name__]
    always = lived(kind(cost_monthly=7.25, **free))
    assert np.flatnonzero(always["active"].values[:, 0]).tolist() == list(range(1, 10))


@pytest.mark.parametrize("kind", EVERY)
def test_what_is_not_active_does_nothing(kind):
    """Before it begins the book is that without it, to the bit; afterwards it is not."""
    plain, late = (lived(*responses)["balance"] for responses in ([], [strong(kind)]))
    assert plain.sel(month=slice(0, 5)).equals(late.sel(month=slice(0, 5)))
    assert not plain.equals(late)


def strong(kind):
    """A response that a small book cannot miss, from month 6 on."""
    how = {
        Outreach: {"capacity": 100.0, "effect": (1.0,) * (DEPTHS - 1)},
        EarlyWarning: {"score_below": 1_000, "freeze": True},
        LimitManagement: {"cut": 1.0},
        Restructuring: {"capacity": 100.0, "take_up": 1.0, "forgiveness": 0.5},
    }
    return kind(start_month=6, **how[kind])


def test_plans_and_flags_cost_each():
    result = lived(
        Restructuring(name="one", capacity=0.5, cost_per_plan=11.0, cost_monthly=1.0),
        Restructuring(name="two", capacity=0.5, to_days=59, cost_per_plan=0.0),
        EarlyWarning(cost_per_flag=0.5, score_below=560),
    )
    cost = result["operating_cost"]
    assert result["flagged"].sum() > 0
    np.testing.assert_allclose(cost.sel(response="EarlyWarning"), 0.5 * result["flagged"].sum("segment"))
    assert not cost.sel(response="two").any()
    plans = (cost.sel(response="one").values[1:] - 1.0) / 11.0
    assert (plans == np.rint(plans)).all()
    assert 0 < plans.sum() <= float(result["restructured"].sum())


def test_only_the_own_lender_responds():
    result = lived(*(strong(kind) for kind in EVERY))
    others = (result["lender"] != BOOK.attrs["own_lender"]).values
    for name in ("restructured", "redefaulted", "flagged", "warned", "false_alarms", "lead_months", "forgiven"):
        assert not result[name].isel(segment=others).any(), name
    for name in ("restructured", "redefaulted", "flagged", "forgiven"):
        assert result[name].any(), name
    assert (result["line_supply"].isel(segment=others).sel(month=9) == np.float32(0.5)).all()
    assert (result["line_supply"].isel(segment=~others).sel(month=9) == 0.0).all()  # the rest was cut


def test_a_line_cut_leaves_a_share_of_what_the_economy_left():
    result = lived(LimitManagement(cut=0.25, start_month=2, months=1))
    own = (result["lender"] == BOOK.attrs["own_lender"]).values
    supply = result["line_supply"].isel(segment=own)
    assert supply.sel(month=[1, 2, 3]).T.values[0].tolist() == [0.5, 0.375, 0.5]
