"""What a difference makes: every measure by hand, errors of paired paths, responses alone and together."""

from functools import cache

import numpy as np
import pytest
import xarray as xr

from stresslab.engine.actions import EarlyWarning, LimitManagement, Outreach, Restructuring
from stresslab.engine.simulate import simulate
from stresslab.population.synthetic import synthetic_portfolio
from stresslab.scenarios.shock import shock_scenario
from stresslab.schema import BUCKETS, InputError
from stresslab.studies.comparison import MEASURES, compare, compare_responses
from tests.studies.outputs import well_described

RATE = 1.01**12 - 1.0
"""A year's rate at which a month discounts by exactly 1.01."""


def by_hand(**changes):
    """One path, two months; of the own lender first, then of another one, who lost more."""
    flow = ("path", "month", "segment")
    values = {
        "paid": [100.0, 200.0],
        "recovered": [10.0, 0.0],
        "drawn": [30.0, 0.0],
        "originated": [0.0, 50.0],
        "written_off": [0.0, 40.0],
        "forgiven": [5.0, 0.0],
        "interest": [0.0, 0.0],
        "fees": [0.0, 0.0],
    } | changes
    variables = {name: (flow, [[[9e9, 9e9], *([one, 1e3] for one in months)]]) for name, months in values.items()}
    balance = np.zeros((1, 3, 2, len(BUCKETS)))
    balance[..., 0] = 7_777.0
    balance[0, 2, 0, [0, 3]] = 900.0, 100.0
    accounts = np.zeros((1, 3, 2, len(BUCKETS)))
    accounts[..., 0], accounts[0, 0, 0, 2] = 50.0, 999.0
    accounts[0, 1:, 0, 1], accounts[0, 1:, 0, 7] = [3.0, 4.0], [0.0, 1.0]
    cost = [[[1e6, 1e6], [1.5, 0.5], [0.0, 3.0]]]
    return xr.Dataset(
        variables
        | {
            "balance": ((*flow, "bucket"), balance),
            "accounts": ((*flow, "bucket"), accounts),
            "operating_cost": (("path", "month", "response"), cost),
        },
        {
            "path": [4],
            "month": [0, 1, 2],
            "bucket": list(BUCKETS),
            "segment": ["us:card", "eu:card"],
            "lender": ("segment", ["us", "eu"]),
            "product": ("segment", ["card", "card"]),
            "response": ["one", "other"],
        },
        {"own_lender": "us", "currency": "EUR", "seed": "1", "renewal": "static", "fingerprint": "a"},
    )


def measured(result, **asked):
    return (
        compare(result, result, **{"discount_rate": RATE, "provisioning": "china"} | asked)["base"]
        .to_series()
        .to_dict()
    )


def test_every_measure_by_hand():
    """Cash 100 + 10 - 30 - 2 = 78, then 200 - 50 - 3 = 147. Allowance 1.5 x 100 in NPL, the largest of three.
    NPV 78 / 1.01 + 147 / 1.01^2 + (1000 - 150) / 1.01^2 = 77.2277 + 144.1035 + 833.2516 = 1054.5829
    """
    found = measured(by_hand())
    assert list(found) == list(MEASURES)
    assert found["loss"] == pytest.approx(40 + 5 - 10)
    assert found["allowance"] == pytest.approx(150.0)
    assert found["cash"] == pytest.approx(78 + 147)
    assert found["loans_in_arrears"] == pytest.approx((3 + 5) / 2)
    assert found["operating_cost"] == pytest.approx(2 + 3)
    assert found["npv"] == pytest.approx(1054.5829, abs=1e-4)


def test_another_lender_bears_no_cost_of_responses():
    """2 x (1000 + 1000 - 1000 - 1000) and a balance of 7,777 that is current: 2.5 % of it are set aside."""
    found = measured(by_hand(), lender="eu")
    assert found["operating_cost"] == found["cash"] == found["loans_in_arrears"] == 0.0
    assert found["loss"] == pytest.approx(2_000.0)
    assert found["allowance"] == pytest.approx(0.025 * 7_777.0, abs=0.01)  # in whole cents
    assert found["npv"] == pytest.approx(0.975 * 7_777.0 / 1.01**2)
    assert measured(by_hand(), lender="us") == measured(by_hand())
    every = measured(by_hand(), lender="all")
    assert every["operating_cost"] == pytest.approx(5.0)
    assert every["loss"] == pytest.approx(2_035.0)


def test_without_responses_there_is_no_cost():
    plain = by_hand().drop_vars("operating_cost")
    assert measured(plain)["operating_cost"] == 0.0
    found = compare(plain, by_hand(), discount_rate=RATE, provisioning="china")["difference"]
    assert found.sel(measure=["cash", "operating_cost"]).values.tolist() == pytest.approx([-5.0, 5.0])
    assert found.sel(measure="npv").item() == pytest.approx(-2 / 1.01 - 3 / 1.0201)


def test_a_difference_by_hand():
    """10 more paid in month 2, of two paths on one; the error is that of two numbers 0 and 10."""
    base = xr.concat([by_hand(), by_hand().assign_coords(path=[9])], "path", data_vars="all")
    other = xr.concat([by_hand(), by_hand(paid=[100.0, 210.0]).assign_coords(path=[9])], "path", data_vars="all")
    found = compare(base, other, discount_rate=RATE, provisioning="china")
    cash = found.sel(measure="cash")
    assert [cash[name].item() for name in ("base", "changed", "difference")] == pytest.approx([225.0, 230.0, 5.0])
    assert cash["difference_se"].item() == pytest.approx(5.0)  # sd of 0 and 10 is 7.0711, over the root of 2
    assert cash["path_difference"].values == pytest.approx([0.0, 10.0])
    assert found["difference"].sel(measure="npv").item() == pytest.approx(5.0 / 1.0201)
    assert found["difference"].sel(measure="loss").item() == 0.0
    assert found["unit"].sel(measure=["loss", "loans_in_arrears"]).values.tolist() == ["currency", "number"]
    assert found.attrs["currency"] == "EUR"


def test_one_path_has_no_error():
    assert np.isnan(compare(by_hand(), by_hand(), provisioning="china")["difference_se"]).all()


# Runs.

HARD = Outreach(capacity=1.0, effect=(0.8, 0.8, 0.8, 0.8))


@pytest.fixture(scope="module")
def book():
    return synthetic_portfolio("china-online", borrowers=1_500, seed=1)


@cache
def hard_times():
    return shock_scenario(0.12, months_to_peak=6, months=12).expand_dims(path=range(24))


def lived(book, *responses, macro=None, seed=3, **asked):
    macro = hard_times() if macro is None else macro
    return simulate(book, macro, seed=seed, responses=responses, progress=False, **asked)


@pytest.fixture(scope="module")
def plain(book):
    return lived(book)


@pytest.fixture(scope="module")
def called(book):
    return lived(book, HARD)


def test_a_run_does_not_differ_from_itself(plain):
    found = compare(plain, plain)
    assert not found["difference"].any()
    assert not found["difference_se"].any()
    assert found["difference"].sizes == {"measure": len(MEASURES)}


def sharp(plain, called):
    """Errors of the difference far below those of two runs on draws of their own."""
    found = compare(plain, called)
    measures = ["loss", "loans_in_arrears", "npv"]
    swapped = compare(called, plain)
    np.testing.assert_allclose(found["difference"], -swapped["difference"])
    paths = plain.sizes["path"]
    runs = [
        compare(one.isel(path=[0] * paths).assign_coords(path=one["path"]), one)["path_difference"]
        for one in (plain, called)
    ]
    unpaired = np.sqrt(sum(one.var("path", ddof=1) / paths for one in runs))
    return bool((found["difference_se"] < 0.5 * unpaired).sel(measure=measures).all())


def test_shared_draws_sharpen_a_difference(plain, called):
    assert sharp(plain, called)
    order = np.roll(np.arange(plain.sizes["path"]), 1)
    shuffled = called.isel(path=order).assign_coords(path=plain["path"])
    assert not sharp(plain, shuffled)


def test_it_helps_to_talk(plain, called):
    found = compare(plain, called)
    change, error = (found[name].sel(measure="loans_in_arrears").item() for name in ("difference", "difference_se"))
    assert change < -3.0 * error
    assert found["difference"].sel(measure="operating_cost").item() > 0.0
    cost = called["operating_cost"].sum(("month", "response")).mean().item()
    assert found["difference"].sel(measure="operating_cost").item() == pytest.approx(cost)


def test_scenarios_stay_apart(book, plain, called):
    name = xr.Variable("scenario", ["one", "two"])
    both = xr.concat(
        [hard_times().isel(path=slice(2)), shock_scenario(0.2, months=12).expand_dims(path=range(2))], name
    )
    pair = lived(book, macro=both), lived(book, HARD, macro=both)
    found = compare(*pair)
    assert set(found["difference"].dims) == {"scenario", "measure"}
    alone = compare(*(one.isel(path=slice(2)) for one in (plain, called)))
    np.testing.assert_allclose(found["difference"].sel(scenario="one"), alone["difference"])


def test_runs_that_do_not_share_their_draws_are_refused(book, plain):
    def refused(other, match, count=1):
        with pytest.raises(InputError, match=match) as caught:
            compare(plain, other)
        assert len(caught.value.faults) == count

    four = hard_times().isel(path=slice(4))
    refused(lived(book, seed=4), r"other: found seed '4', expected '3' as in result; simulate both with shared draws")
    refused(lived(book, renewal="run-off"), r"other: found renewal 'run-off', expected 'static'")
    refused(lived(book, macro=four), r"other: found path 0, 1, 2, 3, expected 0, 1, 2, \.\.\., \d+ as in result")
    refused(lived(book, horizon=6), r"other: found month 0, .*, expected 0, ")
    other = book.assign(income=book["income"] * 1.01)
    refused(lived(other), r"other: found fingerprint")
    refused(lived(other, macro=four, seed=4, horizon=6), r"other: found seed", 4)


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({"discount_rate": -0.1}, r"discount_rate: found -0\.1.*0\.08, not 8"),
        ({"discount_rate": float("nan")}, r"discount_rate: found nan"),
        ({"discount_rate": 80}, r"discount_rate: found 80"),
        ({"lender": "nobody"}, r"result: lender: found 'nobody'"),
        ({"provisioning": "moon"}, r"found 'moon'"),
    ],
)
def test_bad_wishes_are_refused(wish, message):
    with pytest.raises(InputError, match=message):
        compare(by_hand(), by_hand(), **wish)


def test_what_is_no_run_of_months_is_refused():
    start = by_hand().isel(month=[0])
    with pytest.raises(InputError, match=r"result: month: found 1, expected 0 and at least 1"):
        compare(start, start)
    with pytest.raises(InputError, match=r"result: found int, expected a Dataset") as caught:
        compare(1, "two")
    assert len(caught.value.faults) == 2


def test_all_faults_come_at_once():
    other = by_hand().drop_vars("drawn").assign_attrs(seed="2")
    with pytest.raises(InputError) as caught:
        compare(by_hand().drop_vars("paid"), other, discount_rate=-1.0)
    faults = caught.value.faults
    assert [fault.split(":")[0] for fault in faults] == ["discount_rate", "result", "other", "other"]
    assert faults[3].startswith("other: found seed '2', expected ")


# Responses.


@cache
def few():
    return hard_times().isel(path=slice(6), month=slice(0, 9))


TWO = [Outreach(capacity=0.05, cost_per_contact=1.0), LimitManagement(cut=1.0)]
THREE = [*TWO, Restructuring(name="haircut", forgiveness=0.3, capacity=0.05)]


@pytest.fixture(scope="module")
def two(book):
    return compare_responses(book, few(), TWO, seed=3)


def test_of_two_what_is_between_them_is_the_overlap(two):
    assert set(two["response"].values) == {"Outreach", "LimitManagement"}
    pair = two["interaction"].sel(response="Outreach", partner="LimitManagement")
    np.testing.assert_allclose(pair, two["overlap"], rtol=1e-12)
    np.testing.assert_allclose(two["together"], two["alone"].sum("response") + two["overlap"], rtol=1e-9, atol=1e-6)
    error = two["interaction_se"].sel(response="Outreach", partner="LimitManagement")
    np.testing.assert_allclose(error, two["overlap_se"])
    assert (two["alone_se"].sel(measure="loans_in_arrears") > 0.0).all()


def test_each_alone_is_a_comparison_of_its_own(book, two):
    nothing = lived(book, macro=few())
    for one in TWO:
        found = compare(nothing, lived(book, one, macro=few()))
        np.testing.assert_allclose(two["alone"].sel(response=one.label), found["difference"])
        np.testing.assert_allclose(two["alone_se"].sel(response=one.label), found["difference_se"])
    both = compare(nothing, lived(book, *TWO, macro=few()))
    np.testing.assert_allclose(two["together"], both["difference"])
    np.testing.assert_allclose(two["together_se"], both["difference_se"])


def test_the_best_comes_first(book):
    options = {"discount_rate": 0.2, "lender": "all"}
    for measure, sign in (("npv", -1), ("loans_in_arrears", 1)):
        found = compare_responses(book, few(), TWO, seed=3, rank_by=measure, **options)
        change = sign * found["alone"].sel(measure=measure).values
        assert (np.diff(change) >= 0.0).all(), measure
        assert found["response"].values.tolist() == found["partner"].values.tolist()
        assert (found.attrs["rank_by"], found.attrs["seed"]) == (measure, "3")


def test_three_are_symmetric_and_add_up(book):
    found = compare_responses(book, few(), THREE, seed=3)
    between = found["interaction"].transpose("response", "partner", "measure").values
    np.testing.assert_allclose(between, between.transpose(1, 0, 2), rtol=1e-9)
    assert np.isnan(between[[0, 1, 2], [0, 1, 2]]).all()
    assert np.isfinite(between[0, 1:]).all()
    np.testing.assert_allclose(found["overlap"], found["together"] - found["alone"].sum("response"), atol=1e-6)
    nothing = lived(book, macro=few())
    pair = compare(nothing, lived(book, THREE[0], THREE[2], macro=few()))["difference"]
    apart = found["alone"].sel(response=["Outreach", "haircut"]).sum("response")
    np.testing.assert_allclose(
        found["interaction"].sel(response="haircut", partner="Outreach"), pair - apart, rtol=1e-9, atol=1e-6
    )
    assert "haircut" in found["response"].values


@pytest.mark.parametrize(
    ("responses", "wish", "message"),
    [
        ([Outreach(), Outreach(capacity=1.0)], {}, r"responses: found 'Outreach' more than once"),
        ([Outreach()], {}, r"responses: found 1, expected at least 2"),
        ([], {}, r"responses: found 0, expected at least 2"),
        ([Outreach(), "visit"], {}, r"responses: found 'visit'"),
        ([EarlyWarning(name="a"), EarlyWarning(name="b")], {}, r"found 2 of EarlyWarning"),
        (TWO, {"rank_by": "luck"}, r"rank_by: found 'luck', expected one of \('loss'"),
        (TWO, {"lender": "nobody"}, r"lender: found 'nobody'"),
        (TWO, {"seed": -1}, r"seed: found -1"),
    ],
)
def test_bad_sets_are_refused(book, responses, wish, message):
    with pytest.raises(InputError, match=message):
        compare_responses(book, few().isel(path=[0]), responses, **({"seed": 3} | wish))


def test_all_faults_of_a_set_come_at_once(book):
    with pytest.raises(InputError) as caught:
        compare_responses(book, few(), [Outreach()], seed=3, rank_by="luck")
    assert len(caught.value.faults) == 2


def test_outputs_are_described(plain, called, two):
    assert well_described(compare(plain, called)) == well_described(two) == []
    assert compare(plain, called).attrs["fingerprint"] == plain.attrs["fingerprint"]
    assert two["alone_se"].attrs["long_name"] == "standard error of effect of the response alone"
    assert two["label"].sel(measure="loans_in_arrears").item() == "loans in arrears"


def test_the_regime_follows_the_currency(plain):
    assert compare(plain, plain).attrs["provisioning"] == "china"
    dollars = plain.assign_attrs(currency="USD")
    with pytest.raises(InputError, match="terms: found none"):  # CECL needs term structures
        compare(dollars, dollars)


def test_a_seed_that_is_not_given_is_drawn_and_stored(book):
    macro = few().isel(path=[0], month=slice(0, 2))
    first, second = (compare_responses(book, macro, TWO, progress=False) for _ in range(2))
    assert first.attrs["seed"] != second.attrs["seed"]
    again = compare_responses(book, macro, TWO, seed=int(first.attrs["seed"]), progress=False)
    xr.testing.assert_identical(again, first)
