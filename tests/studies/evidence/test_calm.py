"""What the evidence says of normal times, on the default preset at fixed seeds."""

import numpy as np
import pytest

from stresslab.schema import InputError
from stresslab.studies.evidence import calm as study
from stresslab.studies.evidence.facts import CALM, STRESS


@pytest.fixture(scope="module")
def table():
    return study.evidence(books=4, borrowers=50_000, seed=21)


@pytest.mark.parametrize("fact", CALM)
def test_the_model_shows_the_fact(table, fact):
    row = table.loc[fact]
    assert row.low - 2.0 * row.standard_error <= row.model <= row.high + 2.0 * row.standard_error


def test_rolls_rise_strictly(table):
    rolls = table.loc[["roll 30 to 60", "roll 60 to 90", "roll 90 to 120", "roll after 120"], "model"]
    assert rolls.is_monotonic_increasing
    assert rolls.is_unique


def test_a_careless_population_misses_the_facts(monkeypatch):
    reckless = study._model

    def careless(write_off_months):
        return reckless(write_off_months).replace(**{"willingness.cured_in_month": 0.90})

    monkeypatch.setattr(study, "_model", careless)
    table = study.evidence(books=2, borrowers=10_000, seed=21)
    assert not table.loc["D30+ of balance", "inside"]
    assert not table.loc["entries after income loss or illiquidity", "inside"]


@pytest.mark.parametrize("facts", [CALM, STRESS])
def test_a_fact_is_a_range_with_a_source(facts):
    for name, fact in facts.items():
        assert fact.low < fact.high, name
        assert fact.source
        assert fact.used in ("check", "set on it")


MISSED = {
    "asset correlation of annual losses",
    "charge-offs: points for each point of four-quarter change",
}
"""Facts under stress that the model misses by more than errors explain, at each of three seeds tried (21, 31, 41)."""
AT_THE_EDGE = {
    "early 2020: peak of D30+ over calm",
    "early 2020: month of that peak",
    "early 2020: rise of D30+ with collectors at work over without",
    "lines closed: part of the rise from 4 lenders or more",
    "plans with 30 % forgiven: broken within a year",
    "recession: 12-month charge-off at its worst over calm",
    "recession: quarter of that worst",
    "recession: charge-off in quarter 10 over calm",
    "charge-offs: R2 on the level of unemployment alone",
}
"""Facts under stress that two small books place now inside, now outside, by the seed (21, 31, 41)."""


@pytest.fixture(scope="module")
def stressed():
    return study.evidence(books=2, borrowers=20_000, seed=21, under="stress")


def beyond(table):
    """Facts outside their range by more than three standard errors.

    Two books give an error with one degree of freedom, at times by chance almost 0: it counts as a twentieth of the
    range at least.
    """
    error = table["standard_error"].clip(lower=0.05 * (table["high"] - table["low"]))
    below, above = table["model"] < table["low"] - 3.0 * error, table["model"] > table["high"] + 3.0 * error
    return set(table.index[below | above])


def test_under_stress_the_known_misses_and_no_others(stressed):
    assert list(stressed.index) == list(STRESS)
    assert np.isfinite(stressed[["model", "standard_error"]]).all(axis=None)
    missed = beyond(stressed)
    assert missed - AT_THE_EDGE == MISSED  # one that is mended leaves the set, and the page


def test_facts_moved_out_of_reach_would_be_found(stressed):
    far = 2.0 * stressed["high"] + 10.0 * stressed["standard_error"] + stressed["model"].abs()
    assert beyond(stressed.assign(low=stressed["low"] + far, high=stressed["high"] + far)) == set(STRESS)


@pytest.mark.parametrize("times", ["x", "", None])
def test_unknown_times_are_refused(times):
    with pytest.raises(InputError, match=r"under: found .*, expected 'calm' or 'stress'"):
        study.evidence(under=times)


def test_one_book_has_no_error_bar():
    with pytest.raises(InputError, match="books: found 1"):
        study.evidence(books=1)


def test_faults_come_together():
    with pytest.raises(InputError) as caught:
        study.evidence(books=1.5, under="war")
    assert [fault.split(",")[0] for fault in caught.value.faults] == ["books: found 1.5", "under: found 'war'"]
