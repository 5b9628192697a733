"""Books by lender: hand oracle, the system as the sum of all, refusals."""

import numpy as np
import pytest
import xarray as xr

from stresslab.measures.by_lender import by_lender
from stresslab.schema import BUCKETS, FLOWS, InputError
from stresslab.testing import made_up_result

BOOK = made_up_result(paths=4, months=5, seed=3, scenario=["base", "severe"])


def by_hand():
    """Two paths, two months, three segments of two lenders; amounts one can add up."""
    balance = np.zeros((2, 2, 3, len(BUCKETS)))
    balance[0, 0, :, 0] = [90.0, 50.0, 40.0]
    balance[0, 0, 0, 1], balance[0, 0, 2, 3] = 10.0, 10.0
    balance[0, 1, :, 0] = [60.0, 60.0, 0.0]
    balance[0, 1, 1, 7] = 20.0
    balance[1, 0] = balance[0, 0]
    balance[1, 1, 2, 2] = 8.0
    flow = ("path", "month", "segment")
    supply = np.array([[[1.0, 1.0, 1.0], [0.5, 0.5, 0.8]]] * 2)
    return xr.Dataset(
        {
            "balance": ((*flow, "bucket"), balance, {"units": "currency"}),
            "paid": (flow, np.arange(12.0).reshape(2, 2, 3)),
            "line_supply": (flow, supply, {"units": "1"}),
            "unemployment_rate": (flow[:2], [[0.05, 0.06]] * 2),
            "own_share": ("segment", [0.5, 0.6, 0.7]),
        },
        {
            "path": [3, 5],
            "month": [0, 1],
            "bucket": list(BUCKETS),
            "segment": ["us:card", "us:loan", "eu:card"],
            "lender": ("segment", ["us", "us", "eu"]),
            "product": ("segment", ["card", "loan", "card"]),
        },
        {"own_lender": "us", "currency": "EUR"},
    )


def test_every_sum_by_hand():
    found = by_lender(by_hand())
    assert found["lender"].values.tolist() == ["eu", "us", "system"]
    total = found["balance"].sum("bucket")
    assert total.transpose("path", "month", "lender").values.tolist() == [
        [[50.0, 150.0, 200.0], [0.0, 140.0, 140.0]],
        [[50.0, 150.0, 200.0], [8.0, 0.0, 8.0]],
    ]
    assert found["paid"].sel(path=3).transpose("month", "lender").values.tolist() == [[2.0, 1.0, 3.0], [5.0, 7.0, 12.0]]
    rate, old = (
        found[name].transpose("path", "month", "lender").values for name in ("arrears_rate", "arrears_rate_90")
    )
    np.testing.assert_allclose(rate[0], [[10 / 50, 10 / 150, 20 / 200], [np.nan, 20 / 140, 20 / 140]])
    np.testing.assert_allclose(rate[1], [[10 / 50, 10 / 150, 20 / 200], [1.0, np.nan, 1.0]])
    np.testing.assert_allclose(old[0], [[10 / 50, 0.0, 10 / 200], [np.nan, 20 / 140, 20 / 140]])
    np.testing.assert_allclose(old[1], [[10 / 50, 0.0, 10 / 200], [0.0, np.nan, 0.0]])


def test_conditions_are_each_lender_s_own():
    supply = by_lender(by_hand())["line_supply"].sel(path=5)
    assert supply.sel(lender="us").values.tolist() == [1.0, 0.5]
    assert supply.sel(lender="eu").values.tolist() == [1.0, 0.8]
    assert np.isnan(supply.sel(lender="system")).all()


def test_what_is_no_one_s_is_left_out_and_labels_stay():
    found = by_lender(by_hand())
    assert not {"own_share", "unemployment_rate"} & set(found.data_vars)
    assert not {"segment", "product"} & set(found.coords)
    assert found["path"].values.tolist() == [3, 5]
    assert found["balance"].dims == ("path", "month", "lender", "bucket")
    assert found.attrs == by_hand().attrs
    assert found["balance"].attrs["units"] == "currency"
    assert found["arrears_rate"].attrs["units"] == found["line_supply"].attrs["units"] == "1"


def test_the_system_is_the_sum_of_all_in_every_scenario():
    found = by_lender(BOOK)
    assert found["balance"].dims == ("scenario", "path", "month", "lender", "bucket")
    for name in ("balance", "accounts", "stage_balance", "entries_to_arrears", *FLOWS):
        lenders = found[name].sel(lender=["bank", "ours"]).sum("lender")
        np.testing.assert_allclose(found[name].sel(lender="system"), lenders)
        np.testing.assert_allclose(found[name].sel(lender="system"), BOOK[name].sum("segment"))
    for name in ("base", "severe"):
        xr.testing.assert_allclose(found.sel(scenario=name), by_lender(BOOK.sel(scenario=name)))
    rates = found["arrears_rate"]
    between = (rates.sel(lender="system") <= rates.isel(lender=[0, 1]).max("lender") + 1e-12) & (
        rates.sel(lender="system") >= rates.isel(lender=[0, 1]).min("lender") - 1e-12
    )
    assert between.all()


def test_whole_numbers_stay_whole():
    assert by_lender(BOOK)["accounts"].dtype.kind == "i"


def test_the_order_of_segments_does_not_matter():
    xr.testing.assert_allclose(by_lender(BOOK.isel(segment=[2, 0, 1])), by_lender(BOOK))


def broken(value):
    book = BOOK.copy(deep=True)
    book["balance"][0, 0, 1, 0, 0] = value
    return book


@pytest.mark.parametrize(
    ("book", "message"),
    [
        (BOOK.drop_vars("balance"), r"balance: missing"),
        (BOOK.drop_vars("lender"), r"lender: missing"),
        (BOOK.sum("bucket"), r"balance: found dimensions"),
        (BOOK.isel(bucket=slice(1, None)), r"bucket: found '30-59', .*, expected 'current', "),
        (BOOK.isel(month=slice(1, None)), r"by_lender: 1 fault\n.*month: found 1, 2, 3, 4, 5, expected 0"),
        (broken(np.nan), r"balance: found nan at scenario 0, path 0, month 1, segment 0"),
        (BOOK.assign_coords(lender=("segment", ["ours", "ours", "system"])), r"lender: found 'system'.*rename that"),
        (broken(-1.0), r"balance: found -1\.0 .*expected >= 0"),
    ],
)
def test_bad_input_is_refused_by_name(book, message):
    with pytest.raises(InputError, match=message):
        by_lender(book)


def test_all_faults_come_at_once():
    with pytest.raises(InputError) as caught:
        by_lender(broken(np.nan).drop_vars("lender"))
    assert len(caught.value.faults) == 2
