"""What the evidence says of normal times, on the default preset at fixed seeds."""

import pytest

from stresslab.schema import InputError
from stresslab.studies import evidence as study


@pytest.fixture(scope="module")
def table():
    return study.evidence(books=4, borrowers=50_000, seed=21)


@pytest.mark.parametrize("fact", study.FACTS)
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


def test_one_book_has_no_error_bar():
    with pytest.raises(InputError, match="books"):
        study.evidence(books=1)
