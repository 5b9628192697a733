"""Rates by quarter, and their response to unemployment: by hand, by construction, and refusals."""

import numpy as np
import pytest

from stresslab.noted import notes
from stresslab.schema import InputError
from stresslab.studies.quarterly_rates import quarterly_rates, unemployment_response
from stresslab.testing import made_up_result
from tests.studies.outputs import well_described


def test_rates_are_those_of_plain_sums():
    book = made_up_result(paths=3, months=7, seed=2)
    rates = quarterly_rates(book)
    assert rates.sizes == {"path": 3, "quarter": 2}  # the seventh month begins a quarter that does not end
    for path in range(3):
        for quarter in range(2):
            one = book.isel(path=path)
            owed = [one["balance"].isel(month=month).sum().item() for month in range(8)]
            lost = mean = 0.0
            for month in range(3 * quarter + 1, 3 * quarter + 4):
                now = one.isel(month=month)
                lost += (now["written_off"] + now["forgiven"] - now["recovered"]).sum().item()
                mean += (owed[month - 1] + owed[month]) / 2 / 3
            end = one.isel(month=3 * quarter + 3)
            late = end["balance"].isel(bucket=slice(1, None)).sum().item()
            assert rates["charge_off_rate"][path, quarter].item() == pytest.approx(4 * lost / mean)
            assert rates["arrears_rate"][path, quarter].item() == pytest.approx(late / owed[3 * quarter + 3])


def swings(paths=5, quarters=60, seed=1):
    return 0.06 + 0.01 * np.cumsum(np.random.default_rng(seed).normal(0.0, 0.3, (paths, quarters)), axis=1)


def change_of(u):
    return u - np.concatenate([u[:, :4], u[:, :-4]], axis=1)


def test_the_response_is_the_one_that_was_put_in():
    u = swings()
    noise = np.random.default_rng(2).normal(0.0, 0.002, u.shape)
    by_change = unemployment_response(0.045 + 0.9 * change_of(u) + noise, u)
    by_level = unemployment_response(0.045 + 0.9 * (u - 0.06) + noise, u)
    assert by_change["change"] == pytest.approx(0.9, abs=0.05)
    assert by_change["level"] == pytest.approx(0.0, abs=0.05)
    assert by_change["r2_level"] < 0.35 < by_change["r2"]
    assert not 0.7 < by_level["change"] < 1.2  # the check fails on charge-offs that follow the level
    assert by_level["r2_level"] > 0.35


def test_unknown_quarters_are_left_out():
    u = swings()
    rate = 0.04 + 0.5 * u
    rate[:, 10:20] = np.nan
    assert unemployment_response(rate, u)["level"] == pytest.approx(0.5)


def test_bad_input_is_named():
    book = made_up_result(paths=2, months=2, seed=1)
    with pytest.raises(InputError, match="month: found 3, expected 4 or more"):
        quarterly_rates(book)
    with pytest.raises(InputError, match="scenario: found several"):
        quarterly_rates(made_up_result(paths=2, months=3, seed=1, scenario=["base", "severe"]))
    with pytest.raises(InputError, match=r"found shapes \(5,\) and \(5,\)"):
        unemployment_response(np.ones(5), np.ones(5))
    with pytest.raises(InputError, match="found shapes"):
        unemployment_response(np.ones(9), np.ones(10))
    with pytest.raises(InputError, match="written_off: missing"):
        quarterly_rates(book.drop_vars("written_off"))
    u = swings(1)[0]
    for rate, jobless, words in (
        (0.0 * u, u, "rate: found 1 different values in 56 quarters"),
        (np.nan * u, u, "rate: found 0 different values in 0 quarters"),
        (u, np.full(60, 0.05), "unemployment: found 1 different"),
        (u, np.nan * u, "unemployment: found NaN"),
    ):
        with pytest.raises(InputError, match=words):
            unemployment_response(rate, jobless)


def test_quarters_begin_after_the_date_of_the_book():
    book = made_up_result(paths=2, months=6, seed=1)
    rates = quarterly_rates(book.assign_attrs(as_of="2020-03-31"))
    assert rates["quarter"].values.tolist() == ["2020Q2", "2020Q3"]
    assert notes(rates) == []
    late = quarterly_rates(book.assign_attrs(as_of="2026-01"))
    assert late["quarter"].values[0] == "2026Q1"
    assert notes(late) == ["quarter: months 1 to 3 are 2026-02 to 2026-04, labelled 2026Q1; as_of is no quarter end"]
    assert quarterly_rates(book, "1999Q4")["quarter"].values.tolist() == ["1999Q4", "2000Q1"]
    for attrs, quarter, words in (({}, None, "none, and attrs as_of ''"), ({"as_of": "2026-01"}, "spring", "'spring'")):
        with pytest.raises(InputError, match=f"first_quarter: found {words}, expected a quarter; give '2026Q1'"):
            quarterly_rates(book.drop_attrs().assign_attrs(attrs), quarter)


def test_the_output_is_described():
    assert well_described(quarterly_rates(made_up_result(paths=2, months=6, seed=1))) == []
