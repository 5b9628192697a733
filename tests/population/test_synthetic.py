"""Synthetic books: the distribution they are drawn from, the steady state they are in, what they refuse."""

import numpy as np
import pytest
import xarray as xr

from stresslab.checks import check
from stresslab.engine.simulate import simulate
from stresslab.population.synthetic import read_preset, synthetic_portfolio
from stresslab.scenarios.library import scenario
from stresslab.schema import PORTFOLIO, InputError, presets
from stresslab.studies.evidence.calm import lenders_of


@pytest.fixture(scope="module", params=["china-online", "us-card"])
def book(request):
    return synthetic_portfolio(request.param, borrowers=20_000, seed=7)


def test_the_same_seed_gives_the_same_book():
    a, b = (synthetic_portfolio("china-online", borrowers=500, seed=5) for _ in range(2))
    xr.testing.assert_identical(a, b)
    other = synthetic_portfolio("china-online", borrowers=500, seed=6)
    assert not np.array_equal(a.income, other.income)


def test_a_drawn_seed_is_stored():
    book = synthetic_portfolio(borrowers=50)
    xr.testing.assert_identical(book, synthetic_portfolio(borrowers=50, seed=int(book.attrs["seed"])))


def test_it_keeps_the_schema(book):
    check(book, PORTFOLIO, "portfolio")


def share_gap(book, expected):
    """Largest distance of the shares by number of lenders from the expected ones, in standard errors."""
    lenders = lenders_of(book)
    share = np.bincount(lenders, minlength=len(expected) + 1)[1 : len(expected) + 1] / lenders.size
    error = np.sqrt(np.array(expected) * (1 - np.array(expected)) / lenders.size)
    return float(np.max(np.abs(share - expected) / error))


def test_lenders_follow_the_preset(book):
    expected = read_preset(book.attrs["preset"])["lenders"]["share"]
    assert share_gap(book, expected) < 4.5
    assert share_gap(book, np.roll(expected, 1)) > 4.5  # a wrong distribution is seen


def test_loans_stay_within_their_number(book):
    loans = np.bincount(book["borrower"])
    assert loans.min() >= 1
    assert loans.max() <= 8


def test_debt_service_is_capped():
    book = synthetic_portfolio("china-online", borrowers=5_000, seed=3, seasoning_months=0)
    minimum = 0.10 * book["usual_balance"].where(book["tenor_months"] == 0, 0.0) + book["instalment"]
    service = np.bincount(book["borrower"], minimum) / book["income"].values
    assert service.max() < 0.35 + 0.01  # a cent of rounding on the smallest incomes


def drift(result):
    """Change of the accounts in arrears from the start to the second half year, over those at the start."""
    late = result["accounts"].isel(bucket=slice(1, None)).sum(["segment", "bucket"]).mean("path")
    return float(late.isel(month=slice(7, 13)).mean() / late.isel(month=slice(0, 2)).mean() - 1.0)


@pytest.mark.parametrize("preset", ["china-online", "us-card"])
def test_nothing_jumps_in_month_one(preset):
    calm = scenario("china-baseline").isel(month=slice(0, 12))
    calm["unemployment_rate"][:] = read_preset(preset)["normal_unemployment"]
    book = synthetic_portfolio(preset, borrowers=80_000, seed=7)
    result = simulate(book, calm.expand_dims(path=range(2)), seed=2, progress=False)
    assert abs(drift(result)) < 0.2  # about 1,400 accounts in arrears, clustered: a standard error of 6 %
    total = result["balance"].sum(["segment", "bucket"]).mean("path")
    assert abs(float(total[-1] / total[0]) - 1.0) < 0.01
    fresh = synthetic_portfolio(preset, borrowers=80_000, seed=7, seasoning_months=2)
    assert drift(simulate(fresh, calm, seed=2, progress=False)) > 0.2  # two months are no seasoning


def test_scores_tell_risk():
    book = synthetic_portfolio("china-online", borrowers=20_000, seed=1)
    late = np.bincount(book["borrower"], book["days_past_due"] > 0) > 0
    score = book["score"].values
    ranks = score.argsort().argsort()
    auc = (ranks[~late].mean() - ranks[late].mean()) / score.size + 0.5
    assert 0.55 < auc < 0.80


def test_seasoning_leaves_what_lenders_remember(book):
    fresh = synthetic_portfolio(book.attrs["preset"], borrowers=500, seed=7, seasoning_months=0)
    for name in ("inquiries", "score_change", "recent_arrears"):
        assert not fresh[name].any()
    assert 0.01 < float((book["recent_arrears"] > 0).mean()) < 0.5
    late = book["days_past_due"] >= 30
    assert (book["recent_arrears"] >= book["days_past_due"] // 30).all()
    assert float(book["score_change"].where(late).mean()) < float(book["score_change"].where(~late).mean()) - 80


def test_presets_are_listed():
    assert presets() == ["china-online", "us-card"]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"preset": "mars"}, ["mars", "china-online"]),
        ({"borrowers": 0}, ["borrowers", "0"]),
        ({"borrowers": 1.5}, ["borrowers", "1.5"]),
        ({"seed": -1}, ["seed", "-1"]),
        ({"borrowers": -3, "seed": -1}, ["borrowers", "seed"]),
    ],
)
def test_bad_input_is_named(asked, words):
    with pytest.raises(InputError) as caught:
        synthetic_portfolio(**asked)
    assert all(word in str(caught.value) for word in words)


def test_one_borrower():
    book = synthetic_portfolio("china-online", borrowers=1, seed=1)
    assert book.sizes["borrower"] == 1
    result = simulate(book, scenario("china-baseline"), seed=1, progress=False)
    assert float(result["accounts"].isel(month=0).sum()) >= 1
