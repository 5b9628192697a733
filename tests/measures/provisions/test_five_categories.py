"""Five categories: worked numbers, boundaries, the minimums that bind, properties on random books."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from stresslab.measures.provisions.allowance import provisions
from stresslab.measures.provisions.regimes import China, chinese_rules
from stresslab.schema import BUCKETS, MINOR, InputError
from stresslab.testing import made_up_result
from tests.measures.hand import FLOWS, expect, hand_result, hand_terms, one_bucket

BOOK = made_up_result(paths=6, months=5, seed=1, scenario=["base", "severe"])
CATEGORIES = {
    "cn2023": [0, 1, 1, 2, 2, 2, 3, 4],
    "cn_card2011": [0, 1, 1, 2, 3, 4, 4, 4],
    "ffiec_open": [0, 1, 1, 2, 2, 4, 4, 4],
    "ffiec_closed": [0, 1, 1, 2, 4, 4, 4, 4],
}


def one_book(*balances, **choice):
    """A result of one path and month 0 whose one segment has these balances by bucket."""
    return hand_result([[[list(balances)]]], **choice)


WORKED = one_book(900.0, 30.0, 20.0, 5.0, 5.0, 10.0, 20.0, 10.0)  # 900 / 50 / 20 / 20 / 10 by category


def test_worked_number_of_the_pboc_percentages():
    found = provisions(WORKED).squeeze()
    assert found["category_balance"].values.tolist() == [900.0, 50.0, 20.0, 20.0, 10.0]
    assert found["category_zh"].values.tolist() == ["正常", "关注", "次级", "可疑", "损失"]
    assert float(found["allowance_specific"]) == pytest.approx(26.0)
    assert float(found["allowance_general"]) == pytest.approx(10.0)
    assert float(found["allowance"]) == pytest.approx(36.0)
    assert float(found["npl_balance"]) == 50.0
    assert float(found["npl_ratio"]) == 0.05
    assert float(found["provision_coverage"]) == pytest.approx(0.72)
    assert float(found["loan_provision_ratio"]) == pytest.approx(0.036)
    assert float(found["allowance_required"]) == float(found["allowance_held"]) == 75.0
    assert float(found["allowance_shortfall"]) == pytest.approx(39.0)
    assert found["binding"].item() == "coverage"


def test_worked_number_of_the_mof_coefficients():
    found = provisions(WORKED, China(percentages="mof2012")).squeeze()
    assert float(found["allowance"]) == pytest.approx(43.0)
    assert float(found["allowance_general"]) == 0.0


def test_an_allowance_of_40_covers_80_percent_and_is_4_percent_of_loans():
    # 1 % of 1,000, 2 % of 80, 25 % of 25.6, 50 % of 16, 100 % of 8.4: of 50 bad loans 40 / 50 and of all 40 / 1000
    book = one_book(900.0, 30.0, 20.0, 0.0, 0.0, 10.0, 16.0, 24.0)
    found = provisions(book, China(coverage_minimum=0.0, loan_provision_minimum=0.0)).squeeze()
    assert float(found["allowance"]) == pytest.approx(45.5)  # 10 + 1 + 2.5 + 8 + 24
    assert float(found["provision_coverage"]) == pytest.approx(0.91)
    reached = provisions(WORKED, China(coverage_minimum=0.8, loan_provision_minimum=0.0)).squeeze()
    other = provisions(WORKED, China(coverage_minimum=0.0, loan_provision_minimum=0.04)).squeeze()
    assert float(reached["allowance_held"]) == float(other["allowance_held"]) == pytest.approx(40.0)
    assert float(reached["allowance_held"] / reached["npl_balance"]) == pytest.approx(0.8)
    assert float(other["allowance_held"] / other["category_balance"].sum("category")) == pytest.approx(0.04)


@pytest.mark.parametrize(("schedule", "categories"), CATEGORIES.items())
def test_each_bucket_falls_in_its_category(schedule, categories):
    for bucket, category in zip(BUCKETS, categories, strict=True):
        found = provisions(one_bucket(bucket, 1.0), China(schedule=schedule))["category_balance"].squeeze()
        assert found.values.tolist() == np.eye(5)[category].tolist(), bucket


def test_every_schedule_is_tested():
    assert sorted(CATEGORIES) == sorted(chinese_rules()["schedules"])


def test_products_may_follow_different_schedules():
    mixed = China(schedule={"card": "cn_card2011", "loan": "cn2023"})
    both = provisions(BOOK, mixed)["category_balance"]
    card = provisions(BOOK.sel(segment=["ours:card"]), China(schedule="cn_card2011"))["category_balance"]
    loan = provisions(BOOK.sel(segment=["ours:loan"]), China(schedule="cn2023"))["category_balance"]
    np.testing.assert_allclose(both, card + loan)
    assert (both != provisions(BOOK)["category_balance"]).any()


def test_a_product_without_a_schedule_is_refused():
    with pytest.raises(InputError, match=r"schedule: found none for product 'loan', expected one of \['cn2023'"):
        provisions(BOOK, China(schedule={"card": "cn2023"}))


@pytest.mark.parametrize(
    ("book", "minimums", "binding", "required"),
    [
        (WORKED, {}, "coverage", 75.0),
        (WORKED, {"coverage_minimum": 0.5, "loan_provision_minimum": 0.04}, "loan_provision", 40.0),
        (WORKED, {"coverage_minimum": 0.5, "loan_provision_minimum": 0.015}, "percentages", 36.0),
        (WORKED, {"coverage_minimum": 0.8, "loan_provision_minimum": 0.04}, "coverage", 40.0),  # the first of equals
        (one_book(1000.0, *[0.0] * 7), {}, "loan_provision", 25.0),
        (one_book(*[0.0] * 8), {}, "percentages", 0.0),
    ],
)
def test_the_largest_requirement_binds(book, minimums, binding, required):
    found = provisions(book, China(**minimums)).squeeze()
    assert found["binding"].item() == binding
    assert float(found["allowance_required"]) == pytest.approx(required)
    assert float(found["allowance_held"]) == pytest.approx(required)
    assert float(found["allowance_shortfall"]) == pytest.approx(required - float(found["allowance"]))


@pytest.mark.parametrize(("hazard", "binding", "held"), [(0.16, "expected_loss", 80.0), (0.1, "coverage", 75.0)])
def test_an_expected_loss_binds_where_it_is_largest(hazard, binding, held):
    grades = ["current_risen", "current", "current_fallen", "current_far_fallen"]
    losing = expect(
        hand_terms(), grades, {1: hazard}, 0.5
    )  # 900 current x hazard x 1/2 in 12 months, none from the rest
    losing = expect(losing, ["30-59", "60-89"], {1: 0.32}, 0.5)  # 50 x 0.16
    found = provisions(WORKED, China(), losing).squeeze()
    assert float(found["allowance_expected"]) == pytest.approx(900 * hazard / 2 + 8)
    assert found["binding"].item() == binding
    assert float(found["allowance_held"]) == pytest.approx(held)


@pytest.mark.parametrize(
    ("share", "coverage", "loan_provision"),
    [
        (1.0, 1.2, 0.015),
        (0.99, 1.3, 0.018),
        (0.85, 1.3, 0.018),
        (0.84, 1.4, 0.022),
        (0.70, 1.4, 0.022),
        (0.69, 1.5, 0.025),
        (0.0, 1.5, 0.025),
    ],
)
def test_dynamic_minimums_fall_with_the_share_of_late_loans_that_count_as_bad(
    share, coverage, loan_provision, monkeypatch
):
    # every schedule counts all loans > 90 days as bad, so one that is laxer is made up: bad from 270 days
    made_up = chinese_rules() | {"schedules": {"lax": {"floors": [1, 270, 360, 360]}}}
    for module in ("five_categories", "regimes"):
        monkeypatch.setattr(f"stresslab.measures.provisions.{module}.chinese_rules", lambda: made_up)
    book = one_book(900.0, 0.0, 0.0, 100.0 * (1 - share), 0.0, 0.0, 100.0 * share, 0.0)
    found = provisions(book, China(schedule="lax", minimums="dynamic2018")).squeeze()
    assert float(found["coverage_minimum"]) == coverage
    assert float(found["loan_provision_minimum"]) == loan_provision


def test_dynamic_minimums_are_lowest_where_every_late_loan_is_bad_or_none_is_late():
    for book in (WORKED, one_book(1000.0, *[0.0] * 7), one_book(*[0.0] * 8)):
        found = provisions(book, China(minimums="dynamic2018")).squeeze()
        assert (float(found["coverage_minimum"]), float(found["loan_provision_minimum"])) == (1.2, 0.015)
    assert provisions(WORKED, China(minimums="dynamic2018"))["allowance_held"].item() == pytest.approx(60.0)


def test_a_chosen_minimum_stands_in_place_of_a_dynamic_one():
    found = provisions(WORKED, China(minimums="dynamic2018", coverage_minimum=1.0)).squeeze()
    assert (float(found["coverage_minimum"]), float(found["loan_provision_minimum"])) == (1.0, 0.015)


def test_restructured_loans_are_special_mention_or_substandard():
    book = one_book(1000.0, *[0.0] * 7, forborne=30.0, forborne_late=12.0)
    found = provisions(book).squeeze()
    assert found["category_balance"].values.tolist() == [958.0, 30.0, 12.0, 0.0, 0.0]
    assert float(found["allowance_specific"]) == pytest.approx(0.02 * 30 + 0.25 * 12)
    assert float(found["npl_balance"]) == 12.0
    plain = provisions(book, China(restructured=False)).squeeze()
    assert plain["category_balance"].values.tolist() == [1000.0, 0.0, 0.0, 0.0, 0.0]


def test_ratios_over_nothing():
    sound, empty = provisions(one_book(1000.0, *[0.0] * 7)), provisions(one_book(*[0.0] * 8))
    assert sound["provision_coverage"].item() == np.inf
    assert sound["npl_ratio"].item() == 0.0
    for name in ("provision_coverage", "npl_ratio", "loan_provision_ratio"):
        assert np.isnan(empty[name].item()), name


seeds = st.integers(0, 1000)
schedules = st.sampled_from(sorted(CATEGORIES))
percents = st.sampled_from(["pboc2002", "mof2012"])
few = settings(max_examples=20, deadline=None)


def gap(categories, book):
    """Minor units by which categories differ from what is owed."""
    owed = np.rint(book["balance"] * MINOR).astype(int).sum(["segment", "bucket"])
    return int(abs(np.rint(categories * MINOR).astype(int).sum("category") - owed).max())


@few
@given(seeds, schedules, st.booleans(), st.integers(0, 4))
def test_categories_add_up_to_the_balance_to_the_fen(seed, schedule, restructured, category):
    book = made_up_result(seed=seed, paths=3, months=3)
    rules = China(schedule=schedule, restructured=restructured)
    found = provisions(book, rules, lender="all")["category_balance"]
    assert gap(found, book) == 0
    assert float(found.min()) >= 0
    found[0, 0, category] += 0.01
    assert gap(found, book) == 1


amounts = st.lists(st.integers(1, 10**6), min_size=8, max_size=8)


@few
@given(amounts, st.integers(0, 6), schedules, percents, st.data())
def test_a_slide_to_a_worse_bucket_raises_the_allowance(book, bucket, schedule, percentages, data):
    slides = data.draw(st.integers(1, book[bucket]))
    worse = list(book)
    worse[bucket] -= slides
    worse[bucket + 1] += slides
    rules = China(schedule=schedule, percentages=percentages)
    before, after = (provisions(one_book(*map(float, each)), rules).squeeze() for each in (book, worse))
    for name in ("allowance_required", "allowance_held", "npl_balance"):
        assert float(after[name]) >= float(before[name]), name
    if CATEGORIES[schedule][bucket] < CATEGORIES[schedule][bucket + 1]:
        assert float(after["allowance"]) > float(before["allowance"])
    else:
        assert float(after["allowance"]) == float(before["allowance"])


@few
@given(seeds, st.sampled_from([0.5, 4.0]))
def test_scale_goes_through_and_leaves_ratios(seed, factor):
    book = made_up_result(paths=2, months=2, seed=seed)
    scaled = book.assign(
        {name: factor * book[name] for name in ("balance", "stage_balance", "forborne_balance", *FLOWS)}
    )
    one, other = provisions(book), provisions(scaled)
    for name in one.data_vars:
        if name == "binding":
            assert (one[name] == other[name]).all()
        else:
            grown = factor if one[name].attrs["units"] == "currency" else 1.0
            # stocks, and what moves them, are whole minor units: half of one is lost in each, `transfers` take them all
            np.testing.assert_allclose(other[name], grown * one[name], rtol=1e-12, atol=0.15)


def test_categories_by_plain_loops():
    book = made_up_result(seed=7, paths=2, months=2)
    found = provisions(book, lender="all")
    for path in range(2):
        for month in range(3):
            at = {"path": path, "month": month}
            split = [0.0] * 5
            for segment in range(book.sizes["segment"]):
                owed = book["balance"].isel(**at, segment=segment).values
                for bucket, category in enumerate(CATEGORIES["cn2023"]):
                    split[category] += owed[bucket]
                late = book["stage_balance"].isel(**at, segment=segment).values[2] - owed[3:].sum()
                split[2] += late
                split[1] += float(book["forborne_balance"].isel(**at, segment=segment)) - late
                split[0] -= float(book["forborne_balance"].isel(**at, segment=segment))
            np.testing.assert_allclose(found["category_balance"].isel(**at), split, atol=1e-6)
            specific = sum(share * each for share, each in zip([0, 0.02, 0.25, 0.5, 1], split, strict=True))
            bad, loans = sum(split[2:]), sum(split)
            required = max(specific + 0.01 * loans, 1.5 * bad, 0.025 * loans)
            assert float(found["allowance_held"].isel(**at)) == pytest.approx(required, abs=0.006)


def test_a_result_without_plans_has_none_restructured():
    book = made_up_result(paths=2, months=2, seed=3).drop_vars("forborne_balance")
    xr.testing.assert_equal(
        provisions(book)["category_balance"], provisions(book, China(restructured=False))["category_balance"]
    )
