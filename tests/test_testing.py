"""Small results have the shape of real ones, and hold what was given."""

import numpy as np
import pytest

import stresslab as sl
from stresslab.schema import BUCKETS, RESULT, InputError, bucket_of, minor_units, rounded
from stresslab.testing import made_up_result, tiny_result


@pytest.fixture(scope="module")
def real():
    book = sl.synthetic_portfolio("china-online", borrowers=100, seed=1)
    return sl.simulate(book, sl.scenario("china-baseline").isel(month=[0]), seed=1, progress=False)


def test_a_tiny_result_has_the_shape_of_a_real_one(real):
    tiny = tiny_result()
    assert set(tiny) | {"policy_rate"} == set(real) | {"policy_rate"}
    assert set(tiny.coords) == set(real.coords)
    for name in tiny:
        assert (tiny[name].dims, tiny[name].attrs) == (real[name].dims, real[name].attrs)
    assert set(tiny.attrs) <= set(real.attrs)


def test_every_variable_of_a_result_can_be_given():
    for name, spec in RESULT.items():
        if not {"response", "measure", "traced", "traced_loan"} & set(spec.dims):
            tiny = tiny_result(**{"months": 2, name: 3.0})
            assert tiny[name].dims == spec.dims
            assert float(tiny[name].isel(dict.fromkeys(spec.dims, -1)).sum()) == (0.0 if name == "balance" else 3.0)


@pytest.mark.parametrize(
    ("given", "shape"), [([1.0, 2.0], (2,)), ([[1.0, 2.0], [3.0, 4.0]], (2, 2)), ([[[1.0, 2.0]] * 2] * 2, (2, 2, 2))]
)
def test_dimensions_at_the_end_may_be_left_out(given, shape):
    paid = tiny_result(paths=2, months=2, lender=["a", "b"], paid=given)["paid"].values
    assert not paid[:, 0].any()
    np.testing.assert_array_equal(
        paid[:, 1:], np.broadcast_to(np.reshape(given, shape + (1,) * (3 - len(shape))), (2, 2, 2))
    )


def test_a_balance_by_bucket_gives_the_stages():
    tiny = tiny_result({"current": 70.0, "60-89": 20.0, "360+": 10.0}, months=1)
    assert tiny["balance"].sel(bucket="60-89").values.ravel().tolist() == [20.0, 20.0]
    assert tiny["stage_balance"].isel(path=0, month=0, segment=0).values.tolist() == [70.0, 20.0, 10.0]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"paidd": 1.0}, "paidd: unknown"),
        ({"paid": [1.0, 2.0, 3.0], "paths": 2}, "paid: found"),
        ({"balance": {"31-59": 1.0}}, "balance: found"),
        ({"paid": print}, "paid: found"),
        ({"active": 1.0}, "active: unknown, expected one of accounts, "),
        ({"real_income_trends": 1.0}, "real_income_trends: unknown, .*; write 'real_income_trend'"),
        ({"paths": 0, "months": -1}, r"(?s)paths: found 0, expected .*months: found -1"),
        ({"lender": ["a", "b"], "product": ["x", "y", "z"]}, "lender: found"),
    ],
)
def test_what_does_not_fit_is_named(given, says):
    with pytest.raises(InputError, match=says):
        tiny_result(**given)


def test_what_is_no_made_up_result_is_named():
    with pytest.raises(InputError) as caught:
        made_up_result(paths=0, months=-1, seed=-1, segments=["a:x", "a"], scenario=[])
    assert [fault.split(":")[0] for fault in caught.value.faults] == ["paths", "months", "seed", "segments", "scenario"]


def test_measures_read_both():
    for result in (tiny_result(paths=20, written_off=np.arange(20.0)), made_up_result(paths=20, months=3)):
        assert float(sl.loss_distribution(result, levels=[0.5])["opening_balance"].sel(segment="total")) > 0.0


def test_minor_units_round_halves_to_even():
    amounts = np.array([0.005, 0.015, 0.025, 1e6 + 0.01, -0.015])
    np.testing.assert_array_equal(minor_units(amounts), np.rint(amounts * 100))
    np.testing.assert_array_equal(rounded(amounts), np.round(amounts, 2))
    assert np.isnan(rounded(np.nan))


def test_stages_follow_the_buckets():
    for missed in range(14):
        bucket = BUCKETS[int(bucket_of(np.array(missed)))]
        stage = 1 if missed == 0 else 2 if missed < 3 else 3
        assert tiny_result({bucket: 1.0})["stage_balance"].sel(stage=stage).values.ravel().tolist() == [1.0, 1.0]
