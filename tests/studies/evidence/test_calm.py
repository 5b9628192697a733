"""What the evidence says of normal times, on the default preset at fixed seeds."""

import numpy as np
import pytest

from stresslab.schema import InputError
from stresslab.studies.evidence import calm as study
from stresslab.studies.evidence.facts import CALM, STRESS


@pytest.fixture(scope="module")
def table():
    return study.evidence(books=4, borrowers=50_000, seed=21, progress=False)


@pytest.mark.slow
@pytest.mark.parametrize("fact", CALM)
def test_the_model_shows_the_fact(table, fact):
    row = table.loc[fact]
    assert row.evidence_low - 2.0 * row.model_se <= row.model <= row.evidence_high + 2.0 * row.model_se


@pytest.mark.slow
def test_rolls_rise_strictly(table):
    rolls = table.loc[["roll_30_to_60", "roll_60_to_90", "roll_90_to_120", "roll_after_120"], "model"]
    assert rolls.is_monotonic_increasing
    assert rolls.is_unique


def test_a_careless_population_misses_the_facts(monkeypatch):
    reckless = study._model

    def careless(write_off_months):
        return reckless(write_off_months).replace(**{"willingness.cured_in_month": 0.90})

    monkeypatch.setattr(study, "_model", careless)
    table = study.evidence(books=2, borrowers=10_000, seed=21, progress=False)
    assert not table.loc["arrears_share_30", "inside"]
    assert not table.loc["entries_income_or_illiquidity", "inside"]


@pytest.mark.parametrize("facts", [CALM, STRESS])
def test_a_fact_is_a_range_with_a_source(facts):
    for name, fact in facts.items():
        assert fact.low < fact.high, name
        assert fact.source
        assert fact.used in ("check", "calibration")


MISSED = {
    "asset_correlation",
    "charge_off_per_change",
    "longer_plans_broken",
    "forgiving_plans_broken",
}
"""Facts under stress that the model misses by more than errors explain, at each of three seeds tried (21, 31, 41)."""
AT_THE_EDGE = {
    "early_2020_peak",
    "early_2020_peak_month",
    "early_2020_collectors",
    "lines_closed_many_lenders",
    "recession_peak",
    "recession_peak_quarter",
    "recession_quarter_10",
    "charge_off_r2_level",
}
"""Facts under stress that two small books place now inside, now outside, by the seed (21, 31, 41)."""


@pytest.fixture(scope="module")
def stressed():
    return study.evidence(books=2, borrowers=20_000, seed=21, under="stress", progress=False)


def beyond(table):
    """Facts outside their range by more than three standard errors.

    Two books give an error with one degree of freedom, at times by chance almost 0: it counts as a twentieth of the
    range at least.
    """
    error = table["model_se"].clip(lower=0.05 * (table["evidence_high"] - table["evidence_low"]))
    below = table["model"] < table["evidence_low"] - 3.0 * error
    above = table["model"] > table["evidence_high"] + 3.0 * error
    return set(table.index[below | above])


@pytest.mark.slow
def test_under_stress_the_known_misses_and_no_others(stressed):
    assert list(stressed.index) == list(STRESS)
    assert np.isfinite(stressed[["model", "model_se"]]).all(axis=None)
    missed = beyond(stressed)
    assert missed - AT_THE_EDGE == MISSED  # one that is corrected leaves the set, and the page


@pytest.mark.slow
def test_facts_moved_out_of_reach_would_be_found(stressed):
    far = 2.0 * stressed["evidence_high"] + 10.0 * stressed["model_se"] + stressed["model"].abs()
    moved = {end: stressed[end] + far for end in ("evidence_low", "evidence_high")}
    assert beyond(stressed.assign(**moved)) == set(STRESS)


@pytest.mark.parametrize("times", ["x", "", None])
def test_unknown_times_are_refused(times):
    with pytest.raises(InputError, match=r"under: found .*, expected one of \('calm', 'stress'\)"):
        study.evidence(under=times)


def test_one_book_has_no_error_bar():
    with pytest.raises(InputError, match="books: found 1"):
        study.evidence(books=1)


def test_faults_come_together():
    with pytest.raises(InputError) as caught:
        study.evidence(books=1.5, under="war")
    assert [fault.split(",")[0] for fault in caught.value.faults] == ["under: found 'war'", "books: found 1.5"]


@pytest.mark.parametrize("facts", [CALM, STRESS])
def test_keys_are_snake_case_and_labels_are_words(facts):
    assert all(name.isidentifier() and name == name.lower() for name in facts)
    assert len({fact.label for fact in facts.values()}) == len(facts)


def test_a_seed_that_is_not_given_is_drawn_and_stored():
    first = study.evidence(books=2, borrowers=4_000, progress=False)
    again = study.evidence(books=2, borrowers=4_000, seed=int(first.attrs["seed"]), progress=False)
    assert first.equals(again)
    assert first["label"]["roll_30_to_60"] == "roll 30 to 60"
