"""Provisions: the published worked number, boundaries of categories, identities on random books, refusals."""

import tomllib
from importlib import resources

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from stresslab.measures.provisions import _adequacy, provisions
from stresslab.schema import BUCKET_FLOOR, BUCKETS, MINOR, InputError
from tests.books import made_up_result

BOOK = made_up_result(paths=6, months=5, seed=1, scenario=["base", "severe"])
CATEGORIES = {"cn2023": [0, 1, 1, 2, 2, 2, 3, 4], "cn_card2011": [0, 1, 1, 2, 3, 4, 4, 4]}
RULES = tomllib.loads(resources.files("stresslab.measures").joinpath("regimes.toml").read_text(encoding="utf-8"))


def one_book(*balances, product="loan"):
    """A result of one path and month 0 whose one segment has these balances by bucket."""
    flow = (("path", "month", "segment"), [[[0.0]]])
    return xr.Dataset(
        {"balance": ((*flow[0], "bucket"), [[[list(balances)]]]), "written_off": flow, "recovered": flow},
        {
            "month": [0],
            "bucket": list(BUCKETS),
            "segment": [f"ours:{product}"],
            "lender": ("segment", ["ours"]),
            "product": ("segment", [product]),
        },
        {"own_lender": "ours"},
    )


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
    assert float(found["allowance_required"]) == 75.0
    assert float(found["allowance_shortfall"]) == pytest.approx(39.0)
    assert found["binding"].item() == "coverage"


def test_worked_number_of_the_mof_coefficients():
    found = provisions(WORKED, percentages="mof2012").squeeze()
    assert float(found["allowance"]) == pytest.approx(43.0)
    assert float(found["allowance_general"]) == 0.0


def test_an_allowance_of_40_covers_80_percent_and_is_4_percent_of_loans():
    allowance, npl, loans = (xr.DataArray(amount) for amount in (40.0, 50.0, 1000.0))
    found = _adequacy(allowance, npl, loans, {"coverage_minimum": 1.5, "loan_provision_minimum": 0.025})
    assert float(found["provision_coverage"]) == 0.8
    assert float(found["loan_provision_ratio"]) == 0.04
    assert float(found["allowance_shortfall"]) == 35.0


@pytest.mark.parametrize(("schedule", "categories"), CATEGORIES.items())
def test_each_bucket_falls_in_its_category(schedule, categories):
    for bucket, category in enumerate(categories):
        found = provisions(one_book(*np.eye(8)[bucket]), schedule=schedule)["category_balance"].squeeze()
        assert found.values.tolist() == np.eye(5)[category].tolist(), BUCKETS[bucket]


def test_every_boundary_of_a_schedule_is_a_boundary_of_buckets():
    begins = {30 * floor for floor in BUCKET_FLOOR}
    for schedule in RULES["china"]["schedules"].values():
        assert schedule["floors"][0] == 1
        assert set(schedule["floors"][1:]) <= begins


def test_every_number_has_its_source():
    for regime in RULES.values():
        for group in (*regime["schedules"].values(), *regime["percentages"].values(), regime["minimums"]):
            assert group["source"]
            assert group["status"]


def test_products_may_follow_different_schedules():
    schedule = {"card": "cn_card2011", "loan": "cn2023"}
    both = provisions(BOOK, schedule=schedule)["category_balance"]
    card = provisions(BOOK.sel(segment=["ours:card"]), schedule="cn_card2011")["category_balance"]
    loan = provisions(BOOK.sel(segment=["ours:loan"]), schedule="cn2023")["category_balance"]
    np.testing.assert_allclose(both, card + loan)
    assert (both != provisions(BOOK)["category_balance"]).any()


@pytest.mark.parametrize(
    ("book", "minimums", "binding", "required"),
    [
        (WORKED, {}, "coverage", 75.0),
        (WORKED, {"coverage_minimum": 0.5, "loan_provision_minimum": 0.04}, "loan provision", 40.0),
        (WORKED, {"coverage_minimum": 0.5, "loan_provision_minimum": 0.015}, "percentages", 36.0),
        (one_book(1000.0, *[0.0] * 7), {}, "loan provision", 25.0),
        (one_book(*[0.0] * 8), {}, "percentages", 0.0),
    ],
)
def test_the_largest_requirement_binds(book, minimums, binding, required):
    found = provisions(book, **minimums).squeeze()
    assert found["binding"].item() == binding
    assert float(found["allowance_required"]) == pytest.approx(required)
    assert float(found["allowance_shortfall"]) == pytest.approx(required - float(found["allowance"]))


def test_ratios_over_nothing():
    sound, empty = provisions(one_book(1000.0, *[0.0] * 7)), provisions(one_book(*[0.0] * 8))
    assert sound["provision_coverage"].item() == np.inf
    assert sound["npl_ratio"].item() == 0.0
    for name in ("provision_coverage", "npl_ratio", "loan_provision_ratio"):
        assert np.isnan(empty[name].item()), name


def test_charge_carries_the_allowance_through_write_offs():
    found = provisions(BOOK)
    gone = (BOOK["written_off"] - BOOK["recovered"]).sel(segment=["ours:card", "ours:loan"]).sum("segment")
    assert (found["provision_charge"].isel(month=0) == 0).all()
    kept = found["allowance"].isel(month=0) + (found["provision_charge"] - gone).cumsum("month")
    np.testing.assert_allclose(kept.transpose(*found["allowance"].dims), found["allowance"])


def test_scenario_and_lenders_go_through_unmixed():
    both = provisions(BOOK)
    for name in ("base", "severe"):
        xr.testing.assert_allclose(both.sel(scenario=name), provisions(BOOK.sel(scenario=name)))
    parts = [provisions(BOOK, lender=name)["category_balance"] for name in ("own", "bank")]
    np.testing.assert_allclose(provisions(BOOK, lender="all")["category_balance"], parts[0] + parts[1])


def test_saved_and_loaded_it_is_the_same(tmp_path):
    found = provisions(BOOK, schedule={"card": "cn_card2011", "loan": "cn2023"})
    found.to_netcdf(tmp_path / "provisions.nc")
    with xr.open_dataset(tmp_path / "provisions.nc") as again:
        xr.testing.assert_equal(found, again.load())


seeds = st.integers(0, 1000)
schedules = st.sampled_from(["cn2023", "cn_card2011"])
percents = st.sampled_from(["pboc2002", "mof2012"])
few = settings(max_examples=25, deadline=None)


@few
@given(seeds, schedules)
def test_categories_add_up_to_the_balance_to_the_fen(seed, schedule):
    book = made_up_result(paths=3, months=3, seed=seed)
    total = provisions(book, schedule=schedule, lender="all")["category_balance"].sum("category")
    owed = np.rint(book["balance"] * MINOR).astype(int).sum(["segment", "bucket"])
    assert (np.rint(total * MINOR).astype(int) == owed).all()


amounts = st.lists(st.integers(1, 10**6), min_size=8, max_size=8)


@few
@given(amounts, st.integers(0, 6), schedules, percents, st.data())
def test_a_slide_to_a_worse_bucket_raises_the_allowance(book, bucket, schedule, percentages, data):
    slides = data.draw(st.integers(1, book[bucket]))
    worse = list(book)
    worse[bucket] -= slides
    worse[bucket + 1] += slides
    choice = {"schedule": schedule, "percentages": percentages}
    before, after = (provisions(one_book(*each), **choice).squeeze() for each in (book, worse))
    for name in ("allowance_required", "npl_balance"):
        assert float(after[name]) >= float(before[name]), name
    if CATEGORIES[schedule][bucket] < CATEGORIES[schedule][bucket + 1]:
        assert float(after["allowance"]) > float(before["allowance"])
    else:
        assert float(after["allowance"]) == float(before["allowance"])


@few
@given(seeds, st.sampled_from([0.5, 4.0]))
def test_scale_goes_through_and_leaves_ratios(seed, factor):
    book = made_up_result(paths=2, months=2, seed=seed)
    scaled = book.assign({name: factor * book[name] for name in ("balance", "written_off", "recovered")})
    one, other = provisions(book), provisions(scaled)
    for name in one.data_vars:
        if name == "binding":
            assert (one[name] == other[name]).all()
        else:
            grown = factor if one[name].attrs["units"] == "currency" else 1.0
            np.testing.assert_allclose(other[name], grown * one[name], rtol=1e-12, atol=1e-6)


def nan_in(name):
    book = BOOK.copy(deep=True)
    book[name][0, 1, 2, 0] = np.nan
    return book


@pytest.mark.parametrize(
    ("book", "wish", "message"),
    [
        (BOOK, {"regime": "mars"}, r"regime: found 'mars', expected one of \['china'\]"),
        (BOOK, {"schedule": "ffiec"}, r"schedule: found 'ffiec', expected one of \['cn2023', 'cn_card2011'\]"),
        (BOOK, {"schedule": {"card": "cn2023"}}, r"schedule: found none for product 'loan'"),
        (BOOK, {"schedule": {"card": "cn2023", "loan": "cn1999"}}, r"schedule: found 'cn1999'"),
        (
            BOOK,
            {"percentages": "pboc1998"},
            r"percentages: found 'pboc1998', expected one of \['mof2012', 'pboc2002'\]",
        ),
        (BOOK, {"coverage_minimum": 150}, r"coverage_minimum: found 150, .*1\.5, not 150"),
        (BOOK, {"loan_provision_minimum": -0.1}, r"loan_provision_minimum: found -0\.1"),
        (BOOK, {"loan_provision_minimum": float("nan")}, r"loan_provision_minimum: found nan"),
        (BOOK, {"lender": "nobody"}, r"lender: found 'nobody'"),
        (BOOK.drop_vars("balance"), {}, r"balance: missing"),
        (BOOK.drop_vars("written_off"), {}, r"written_off: missing"),
        (BOOK.sum("bucket"), {}, r"balance: found dimensions"),
        (BOOK.isel(bucket=slice(None, None, -1)), {}, r"bucket: found \['360\+'"),
        (nan_in("balance"), {}, r"balance: found nan at scenario 0, path 1, month 2, segment 0"),
    ],
)
def test_bad_input_is_refused_by_name(book, wish, message):
    with pytest.raises(InputError, match=message):
        provisions(book, **wish)


def test_all_faults_come_at_once():
    with pytest.raises(InputError) as caught:
        provisions(BOOK.drop_vars("recovered"), schedule="x", percentages="y", coverage_minimum=-1, lender="nobody")
    assert len(caught.value.faults) == 5
