"""Rules of provisioning: their bounds, the order of thresholds, every fault by name, all at once."""

import dataclasses
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import stresslab as sl
from stresslab.measures.provisions.regimes import (
    CECL,
    IFRS9,
    REGIMES,
    China,
    Overlay,
    chinese_rules,
    name_of,
    regime_of,
)
from stresslab.schema import BUCKET_FLOOR, BUCKETS, InputError

NUMBERS = [
    (kind, one) for kind in (IFRS9, CECL) for one in dataclasses.fields(kind) if "low" in one.metadata
]  # every number of the rules that has bounds
IDS = [f"{kind.__name__}.{one.name}" for kind, one in NUMBERS]
few = settings(max_examples=25, deadline=None)


def beside(name, value):
    """Whatever else must move with a number so that it may stand at its bound."""
    return {"backstop": max(value, 3.0)} if name == "relative" else {"relative": 1.0} if name == "backstop" else {}


def test_the_front_door_gives_these_rules():
    assert (sl.IFRS9, sl.CECL, sl.China, sl.Overlay) == (IFRS9, CECL, China, Overlay)


def test_defaults_are_those_of_the_rules():
    assert (IFRS9().relative, IFRS9().absolute, IFRS9().backstop, IFRS9().past_due_days) == (2.0, 0.005, 3.0, 30)
    assert (CECL().charge_off_open, CECL().charge_off_closed) == (180, 120)
    assert (China().schedule, China().percentages, China().minimums) == ("cn2023", "pboc2002", "cbrc2011")


@pytest.mark.parametrize(("kind", "one"), NUMBERS, ids=IDS)
def test_a_number_may_stand_at_its_bounds_and_not_beyond(kind, one):
    low, high = one.metadata["low"], one.metadata["high"]
    for value in (low, high):
        sound = int(value) if isinstance(one.default, int) else value
        assert getattr(kind(**{one.name: sound}, **beside(one.name, sound)), one.name) == sound
    step = 1 if isinstance(one.default, int) else 1e-6
    for value in (low - step, high + step):
        with pytest.raises(InputError, match=rf"{one.name}: found .*expected {low:g} \.\.\. {high:g}"):
            kind(**{one.name: value}, **beside(one.name, value))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, "2", None, True, [2.0]], ids=repr)
@pytest.mark.parametrize(("kind", "one"), NUMBERS, ids=IDS)
def test_what_is_no_number_is_refused_by_name(kind, one, value):
    with pytest.raises(InputError, match=f"{one.name}: found"):
        kind(**{one.name: value})


WHOLE = [each for each in NUMBERS if isinstance(each[1].default, int)]


@pytest.mark.parametrize(("kind", "one"), WHOLE, ids=[f"{kind.__name__}.{one.name}" for kind, one in WHOLE])
def test_months_and_days_are_whole(kind, one):
    with pytest.raises(InputError, match=rf"{one.name}: found 30\.0, expected .*; give a whole number"):
        kind(**{one.name: 30.0})


@few
@given(st.floats(1.0, 100.0), st.floats(1.0, 100.0))
def test_the_backstop_is_never_below_the_relative_threshold(relative, backstop):
    if relative <= backstop:
        assert IFRS9(relative=relative, backstop=backstop).backstop == backstop
    else:
        with pytest.raises(InputError, match=r"relative: found .* above backstop"):
            IFRS9(relative=relative, backstop=backstop)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: IFRS9(past_due_days=45), r"ifrs9: 1 fault\n.*past_due_days: found 45, expected 30 or 60"),
        (lambda: IFRS9(score=1), r"ifrs9: 1 fault\n.*score: found 1, expected one of \(True, False\)"),
        (lambda: CECL(discount="yes"), r"cecl: 1 fault\n.*discount: found 'yes'"),
        (lambda: CECL(charge_off_open=150), r"charge_off_open: found 150, expected 90, 120, 180, 270 or 360"),
        (lambda: CECL(charge_off_closed=91), r"charge_off_closed: found 91, expected 90, 120"),
        (
            lambda: China(schedule="cn1999"),
            r"schedule: found 'cn1999', expected one of \('cn2023', 'cn_card2011', .*\)",
        ),
        (lambda: China(schedule={"card": "cn1999", "loan": "cn2023"}), r"china: 1 fault\n.*schedule: found 'cn1999'"),
        (lambda: China(percentages="pboc1998"), r"percentages: found 'pboc1998', .*\['mof2012', 'pboc2002'\]"),
        (lambda: China(minimums="none"), r"minimums: found 'none', .*\['cbrc2011', 'dynamic2018'\]"),
        (lambda: China(coverage_minimum=150), r"coverage_minimum: found 150, .*1\.5, not 150"),
        (lambda: China(loan_provision_minimum=-0.1), r"loan_provision_minimum: found -0\.1"),
        (lambda: China(loan_provision_minimum=math.nan), r"loan_provision_minimum: found nan"),
        (lambda: China(coverage_minimum=True), r"coverage_minimum: found True"),
        (lambda: China(coverage_minimum="1"), r"coverage_minimum: found '1'"),
        (lambda: China(restructured=None), r"restructured: found None, expected one of \(True, False\)"),
    ],
)
def test_a_bad_value_is_refused_by_name(make, message):
    with pytest.raises(InputError, match=message):
        make()


@pytest.mark.parametrize(
    ("make", "names"),
    [
        (
            lambda: IFRS9(relative=0, absolute=2, backstop=math.nan, score=0, revolving_life=1.5),
            ["relative", "absolute", "backstop", "score", "revolving_life"],
        ),
        (
            lambda: CECL(
                supportable_months=-1, reversion_months=None, charge_off_open=10, charge_off_closed=999, discount=0
            ),
            ["supportable_months", "charge_off_open", "charge_off_closed", "reversion_months", "discount"],
        ),
        (
            lambda: China(
                schedule="x",
                percentages="y",
                minimums="z",
                coverage_minimum=11,
                loan_provision_minimum=-1,
                restructured=2,
            ),
            ["schedule", "percentages", "minimums", "coverage_minimum", "loan_provision_minimum", "restructured"],
        ),
        (
            lambda: Overlay(name="", reason=" ", share=-2, amount=math.inf, first_month=-1, stage=4),
            ["name", "reason", "share", "amount", "first_month", "stage"],
        ),
    ],
)
def test_all_faults_come_at_once(make, names):
    with pytest.raises(InputError) as caught:
        make()
    assert [fault.split(":")[0] for fault in caught.value.faults] == names


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({"name": 3}, "name: found 3, expected words"),
        ({"reason": ""}, "reason: found ''"),
        ({"reason": None}, "reason: found None"),
        ({"share": -1.01}, r"share: found -1\.01, expected a finite number >= -1"),
        ({"share": "0.1"}, r"share: found '0\.1'"),
        ({"amount": math.nan}, "amount: found nan"),
        ({"amount": 1e16}, r"amount: found 1e\+16"),
        ({"first_month": 1.0}, r"first_month: found 1\.0"),
        ({"first_month": 5, "last_month": 4}, "first_month: found 5 with last_month 4, expected whole months in order"),
        ({"last_month": 4.5}, r"last_month: found 4\.5, expected a whole number 0 ... 1,200 or None"),
        ({"stage": 0}, "stage: found 0, expected 1, 2, 3 or None"),
        ({"stage": 4}, "stage: found 4"),
        ({"stage": "2"}, "stage: found '2'"),
    ],
)
def test_a_bad_overlay_is_refused_by_name(wish, message):
    with pytest.raises(InputError, match=f"overlay: 1 fault\n.*{message}"):
        Overlay(**{"name": "flood", "reason": "water", **wish})


def test_an_overlay_may_stand_one_month_take_all_away_or_release():
    assert Overlay(name="a", reason="b", first_month=3, last_month=3).last_month == 3
    assert Overlay(name="a", reason="b", share=-1.0, amount=-5.0).amount == -5.0
    for stage in (None, 1, 2, 3):
        assert Overlay(name="a", reason="b", stage=stage).stage == stage


def test_rules_are_found_by_name_or_are_their_own():
    for name, kind in REGIMES.items():
        assert regime_of(name) == kind()
        assert name_of(regime_of(name)) == name
    own = CECL(reversion_months=0)
    assert regime_of(own) is own
    for wrong in ("mars", 9, IFRS9):
        with pytest.raises(InputError, match=r"provisioning: found .*expected one of \['cecl', 'china', 'ifrs9'\]"):
            regime_of(wrong)


def test_rules_cannot_be_changed_afterwards():
    for rules, name in ((IFRS9(), "relative"), (CECL(), "discount"), (China(), "schedule")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(rules, name, 1)


def boundaries_faults(schedules):
    """Schedules of which a category begins where no bucket does."""
    begins = {30 * floor for floor in BUCKET_FLOOR}
    return [name for name, one in schedules.items() if one["floors"][0] != 1 or not set(one["floors"][1:]) <= begins]


def test_every_boundary_of_a_schedule_is_a_boundary_of_buckets():
    schedules = chinese_rules()["schedules"]
    assert not boundaries_faults(schedules)
    assert boundaries_faults({**schedules, "made up": {"floors": [1, 90, 150, 360]}}) == ["made up"]
    assert all(one["floors"] == sorted(one["floors"]) for one in schedules.values())


def test_every_number_has_its_source():
    rules = chinese_rules()
    for group in ("schedules", "percentages", "minimums"):
        for one in rules[group].values():
            assert one["source"]
            assert one["status"]
    for _, one in NUMBERS:
        assert one.metadata["source"]


def test_charge_off_days_begin_buckets():
    begins = {int(name.rstrip("+").split("-")[0]) for name in BUCKETS[1:]}
    assert {CECL().charge_off_open, CECL().charge_off_closed} <= begins


def test_minimums_fall_as_more_late_loans_count_as_bad():
    for one in chinese_rules()["minimums"].values():
        assert len(one["share"]) == len(one["coverage"]) == len(one["loan_provision"])
        assert one["share"] == sorted(one["share"])
        assert one["share"][0] == 0.0
        for name in ("coverage", "loan_provision"):
            assert one[name] == sorted(one[name], reverse=True)
