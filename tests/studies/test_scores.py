"""The score on trial: figures by hand, a score that tells good from bad, one that does not, and a shock."""

from functools import cache

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from stresslab.engine.panel import panel
from stresslab.population.synthetic import synthetic_portfolio
from stresslab.scenarios.library import scenario
from stresslab.scenarios.shock import shock_scenario
from stresslab.schema import InputError
from stresslab.studies import scores
from stresslab.studies.scores import _by_band, _discrimination, score_performance
from tests.studies.outputs import well_described

# The figures.


def test_discrimination_by_hand():
    """Bad 1, 3 and good 2, 3, 4: of six pairs the bad is lower in 1-2, 1-3, 1-4, 3-4 and level in 3-3, so 4.5 / 6.
    At 1 half of the bad are reached and no good: KS 1/2. Hanley & McNeil: Q1 = 0.75 / 1.25 = 0.6, Q2 = 1.125 / 1.75 =
    0.642857; (0.75 x 0.25 + 1 x (0.6 - 0.5625) + 2 x (0.642857 - 0.5625)) / 6 = 0.064286, root 0.253546.
    """
    auc, error, ks = _discrimination(np.array([1.0, 2.0, 3.0, 3.0, 4.0]), np.array([True, False, True, False, False]))
    assert auc == pytest.approx(0.75)
    assert error == pytest.approx(0.253546, abs=1e-6)
    assert ks == pytest.approx(0.5)


def test_discrimination_at_its_ends():
    bad = np.array([True, True, False, False])
    assert _discrimination(np.array([1.0, 2.0, 3.0, 4.0]), bad) == pytest.approx((1.0, 0.0, 1.0))
    assert _discrimination(np.array([4.0, 3.0, 2.0, 1.0]), bad)[0] == 0.0
    assert _discrimination(np.full(4, 7.0), bad)[0::2] == pytest.approx((0.5, 0.0))


def pairs(score, bad):
    """Share of pairs in which the bad one scores lower, ties half."""
    wins = [float(b < g) + 0.5 * float(b == g) for b in score[bad] for g in score[~bad]]
    return sum(wins) / len(wins)


def furthest(score, bad):
    """Largest distance between the shares of bad and good ones at or below a score."""
    return max(abs((score[bad] <= at).mean() - (score[~bad] <= at).mean()) for at in score)


cases = st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=3, max_size=40).filter(
    lambda rows: len({bad for _, bad in rows}) == 2
)


@settings(max_examples=100, deadline=None)
@given(cases)
def test_discrimination_counts_pairs(rows):
    score, bad = np.array([float(s) for s, _ in rows]), np.array([b for _, b in rows])
    auc, error, ks = _discrimination(score, bad)
    assert auc == pytest.approx(pairs(score, bad))
    assert ks == pytest.approx(furthest(score, bad))
    assert _discrimination(-score, bad)[0] == pytest.approx(1.0 - auc)
    assert _discrimination(10.0 * score + 3.0, bad) == pytest.approx((auc, error, ks))
    assert error >= 0.0


def honest(error_of):
    """Is the error said the spread of the AUC over samples: 40 bad and 160 good, normal, one deviation apart?"""
    rng = np.random.default_rng(0)
    bad = np.arange(200) < 40
    found = [_discrimination(rng.normal(0.0, 1.0, 200) - bad, bad) for _ in range(400)]
    spread = np.std([auc for auc, _, _ in found], ddof=1)
    said = np.mean([error_of(error) for _, error, _ in found])
    return abs(said / spread - 1.0) < 0.2  # four standard errors of a spread over 400 samples, and that of the formula


def test_the_error_of_the_auc_is_honest():
    assert honest(lambda error: error)
    assert not honest(lambda error: error / 2.0)


def test_bands_by_hand():
    """Edges 10 and 20: a score on an edge belongs above it; an empty band has no rate."""
    size, rate = _by_band(
        np.array([5.0, 10.0, 12.0, 19.0]), np.array([True, False, True, False]), np.array([10.0, 20.0])
    )
    assert size.tolist() == [1, 3, 0]
    assert rate[:2] == pytest.approx([1.0, 1 / 3])
    assert np.isnan(rate[2])


# Runs.


@cache
def calm_times():
    return scenario("china-baseline").isel(month=slice(0, 24))


@cache
def shock():
    return shock_scenario(0.20, start=0.052, months_to_peak=2, months=24)


ASKED = {"seed": 3, "cohorts": (0, 6, 12)}


@pytest.fixture(scope="module")
def book():
    return synthetic_portfolio("china-online", borrowers=10_000, seed=1)


@pytest.fixture(scope="module")
def calm(book):
    return score_performance(book, calm_times(), **ASKED)


def test_bad_is_what_the_panel_says(book, calm):
    """Loans that were current and owed, and 90 days late or written off within the year, one by one."""
    lived = panel(book, calm_times(), seed=3)
    own = (lived["lender"] == book.attrs["own_lender"]).values
    owed, days, claim = (lived[name].values[:, own] for name in ("balance", "days_past_due", "claim"))
    for number, month in enumerate(ASKED["cohorts"]):
        current = (owed[month] > 0) & (days[month] == 0)
        bad = np.zeros(int(current.sum()), bool)
        for t in range(month + 1, month + 13):
            bad |= (days[t] >= 90)[current] | (claim[t] > claim[t - 1])[current]
        assert int(calm["scored"][number]) == current.sum()
        assert float(calm["bad_rate"][number]) == pytest.approx(bad.mean())
        score = lived["score"].values[month, own][current].astype(float)
        assert calm["auc"].values[number] == pytest.approx(pairs(score, bad), abs=1e-9)
        assert calm["ks"].values[number] == pytest.approx(_discrimination(score, bad)[2])


def test_bands_hold_all_loans_and_the_first_cohort_is_its_own_yardstick(calm):
    assert calm["loans"].sizes == {"cohort": 3, "band": 10}
    assert (calm["loans"].sum("band") == calm["scored"]).all()
    assert calm["band"].values.tolist() == list(range(1, 11))
    rate = (calm["loans"] * calm["band_bad_rate"]).sum("band") / calm["scored"]
    np.testing.assert_allclose(rate, calm["bad_rate"])
    assert float(calm["expected_bad_rate"][0]) == pytest.approx(float(calm["bad_rate"][0]), abs=1e-12)
    again = (calm["loans"].isel(cohort=2) * calm["band_bad_rate"].isel(cohort=0)).sum() / calm["scored"].isel(cohort=2)
    assert float(calm["expected_bad_rate"][2]) == pytest.approx(float(again))
    assert (np.diff(calm["band_from"].values[1:]) >= 0.0).all()
    assert calm["band_from"].values[0] == -np.inf
    first, last = calm["band_bad_rate"].isel(cohort=0).values[[0, -1]]
    assert first > 2.0 * last  # the worst scores go bad more often


def discriminates(found):
    return bool((found["auc"] - 0.5 > 3.0 * found["auc_se"]).all())


def test_the_score_tells_good_from_bad(calm):
    assert discriminates(calm)
    assert (calm["ks"] > 0.1).all()


def test_a_shuffled_score_does_not(book, monkeypatch):
    rng, sorts = np.random.default_rng(0), scores._discrimination
    monkeypatch.setattr(scores, "_discrimination", lambda score, bad: sorts(rng.permutation(score), bad))
    shuffled = score_performance(book, calm_times(), **ASKED)
    assert not discriminates(shuffled)
    assert (abs(shuffled["auc"] - 0.5) < 4.0 * shuffled["auc_se"]).all()


def test_calibration_breaks_in_a_sudden_shock(book, calm):
    """The score sees neither job nor cash: it expects what calm times taught it, and more goes bad."""

    def broke(found):
        return bool(found["bad_rate"].isel(cohort=0) > 1.5 * found["expected_bad_rate"].isel(cohort=0))

    shocked = score_performance(book, shock(), yardstick=calm, **ASKED)
    assert broke(shocked)
    assert not broke(score_performance(book, calm_times(), seed=4, cohorts=[0], yardstick=calm))
    np.testing.assert_array_equal(shocked["band_from"], calm["band_from"])
    rate = calm["band_bad_rate"].isel(cohort=0)
    expected = (shocked["loans"] * rate).sum("band") / shocked["scored"]
    np.testing.assert_allclose(shocked["expected_bad_rate"], expected)
    assert (shocked["loans"].isel(cohort=0) == calm["loans"].isel(cohort=0)).all()  # nothing had happened yet


def test_what_one_asks_for(book):
    found = score_performance(book, calm_times(), seed=3, cohorts=[1], outcome_months=9, bands=4, lender="bank-1")
    assert found["loans"].sizes == {"cohort": 1, "band": 4}
    assert (found.attrs["outcome_months"], found.attrs["lender"], found.attrs["seed"]) == (9, "bank-1", "3")
    own = score_performance(book, calm_times(), lender=book.attrs["own_lender"], **ASKED)
    xr.testing.assert_identical(own, score_performance(book, calm_times(), **ASKED))
    one = score_performance(book, calm_times(), seed=3, cohorts=[0], bands=1)
    assert one["band_bad_rate"].values.ravel() == pytest.approx(one["bad_rate"].values)


def test_the_run_off_book_is_another_run(book, calm):
    other = score_performance(book, calm_times(), renewal="run-off", **ASKED)
    assert int(other["scored"][0]) == int(calm["scored"][0])
    assert int(other["scored"][2]) < int(calm["scored"][2])


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        (
            {"cohorts": [13]},
            r"cohorts: found 13, expected a month end 0 \.\.\. 12, for 12 months of outcome must follow",
        ),
        ({"cohorts": [-1]}, r"cohorts: found -1"),
        ({"cohorts": [0.5]}, r"cohorts: found \[0\.5\], expected a list of whole"),
        ({"cohorts": 3}, r"cohorts: found 3, expected a list"),
        ({"yardstick": 3}, r"yardstick: found int"),
        ({"cohorts": []}, "cohorts: found none, expected a list of month ends"),
        ({"cohorts": [0], "outcome_months": 0}, r"outcome_months: found 0, expected a whole number"),
        ({"cohorts": [0], "bands": 0}, r"bands: found 0, expected a whole number"),
        ({"cohorts": [0], "lender": "nobody"}, r"lender: found 'nobody', expected 'own' or one of \['ant', 'bank-1'"),
        ({"cohorts": [0], "outcome_months": 1}, r"cohorts: found 0 bad among .* expected both kinds; take a larger"),
        ({"cohorts": [0], "seed": -1}, r"seed: found -1"),
        ({"cohorts": [1.5]}, r"cohorts: found \[1\.5\]"),
        ({"cohorts": 3}, r"cohorts: found 3, expected a list of whole numbers"),
        ({"cohorts": [0], "bands": 2.5}, r"bands: found 2\.5"),
        ({"cohorts": [0], "yardstick": 0.02}, r"yardstick: found float, expected a Dataset; give that of score_perf"),
    ],
)
def test_bad_input_is_refused_by_name(book, wish, message):
    with pytest.raises(InputError, match=message):
        score_performance(book, calm_times(), **({"seed": 3} | wish))


def test_several_paths_are_refused(book):
    with pytest.raises(InputError, match=r"macro: found dimensions .*expected a single path"):
        score_performance(book, calm_times().expand_dims(path=range(2)), seed=3, cohorts=[0])


def test_all_faults_come_at_once(book):
    with pytest.raises(InputError) as caught:
        score_performance(book, calm_times(), seed=3, cohorts=[99, -1], bands=0, lender="nobody")
    assert len(caught.value.faults) == 4


def test_the_output_is_described(book, calm):
    assert well_described(calm) == []
    assert (calm.attrs["seed"], calm.attrs["currency"], calm.attrs["own_lender"]) == ("3", "CNY", "ant")
