"""The summary of three borrowers by hand, of a synthetic book against its preset, and as a table."""

import numpy as np
import pytest
import xarray as xr

from stresslab.population.synthetic import read_preset, synthetic_portfolio
from stresslab.portfolio.describe import SUMMARY, describe_portfolio
from stresslab.schema import InputError
from tests.portfolio.tapes import three_book

NAN = np.nan
BY_HAND = {  # bank:loan (2 loans), ours:card (3, one written off), platform:card (2), total
    "loans": [2, 3, 2, 7],
    "borrowers": [2, 3, 2, 3],
    "balance": [900, 1500, 1600, 4000],
    "mean_balance": [450, 500, 800, 4000 / 7],
    "limit": [1800, 5000, 2100, 8900],
    "utilisation": [NAN, 1500 / 5000, 1600 / 2100, 3100 / 7100],
    "mean_rate": [72 / 900, 300 / 1500, 96 / 1600, 468 / 4000],
    "d30_share": [300 / 900, 500 / 1500, 0, 800 / 4000],
    "d90_share": [300 / 900, 0, 0, 300 / 4000],
    "own_share": [1, 0.3, 1, 2950 / 4000],
    "claim": [0, 900, 0, 900],
    "median_income": [4000, 5000, 5000, 5000],
    "buffer_months": [0.1, 0.5, 0.5, 0.5],
    "unemployed_share": [1 / 2, 1 / 3, 0, 1 / 3],
}
# a1: (500 - 100) / 10 + 100 of 4000; m3: 1600 / 10 of 8000; x7: 1000 / 10 + 106.62 of 5000
A1, M3, X7 = 0.035, 0.02, 0.041324
DEBT_SERVICE = [[A1, A1, A1, X7, X7], [M3, M3, A1, X7, X7], [M3, M3, M3, X7, X7], [M3, M3, A1, X7, X7]]
LENDERS = [[0, 1 / 2, 1 / 2], [0, 2 / 3, 1 / 3], [0, 1 / 2, 1 / 2], [0, 2 / 3, 1 / 3]]


def test_three_borrowers_by_hand():
    summary = describe_portfolio(three_book())
    assert summary.segment.values.tolist() == ["bank:loan", "ours:card", "platform:card", "total"]
    assert summary.lender.values.tolist() == ["bank", "ours", "platform", ""]
    for name, expected in BY_HAND.items():
        np.testing.assert_allclose(summary[name], expected, rtol=1e-12, err_msg=name)
    np.testing.assert_allclose(summary.debt_service, DEBT_SERVICE, rtol=1e-12)
    np.testing.assert_allclose(summary.borrower_share, LENDERS, rtol=1e-12)


def test_it_reads_as_a_table():
    summary = describe_portfolio(three_book())
    table = summary.drop_dims(["quantile", "lenders"]).to_dataframe()
    assert table.loc["total", "balance"] == 4000
    assert set(BY_HAND) <= set(table.columns)
    assert summary.debt_service.to_pandas().loc["ours:card", 0.5] == pytest.approx(A1)
    assert summary.borrower_share.to_pandas().loc["total", 3] == pytest.approx(1 / 3)


def test_minimum_share_is_the_revolving_part_of_debt_service():
    nothing = describe_portfolio(three_book(), minimum_share=0.0).debt_service.sel(segment="total")
    np.testing.assert_allclose(nothing, [0, 0, 106.62 / 5000, 0.025, 0.025], rtol=1e-12)
    with pytest.raises(InputError, match=r"minimum_share: found 10, expected a finite number >= 0 and <= 1"):
        describe_portfolio(three_book(), minimum_share=10)


def test_without_income():
    book = three_book()
    book["income"] = book.income * 0.0
    summary = describe_portfolio(book).sel(segment="total")
    assert np.isinf(summary.debt_service).all()
    assert np.isinf(summary.buffer_months)


def test_the_order_of_loans_and_borrowers_does_not_matter():
    book = three_book()
    turned = book.isel(loan=[5, 2, 6, 0, 4, 1, 3], borrower=[2, 0, 1])
    turned = turned.assign_coords(borrower=("loan", np.array([1, 2, 0])[turned.borrower.values]))
    xr.testing.assert_allclose(describe_portfolio(turned), describe_portfolio(book))


def test_a_synthetic_book_has_the_lenders_of_its_preset():
    count = 4000
    expected = np.array(read_preset("china-online")["lenders"]["share"])
    book = synthetic_portfolio("china-online", borrowers=count, seed=3, seasoning_months=0)
    found = describe_portfolio(book).borrower_share.sel(segment="total").values
    error = np.sqrt(expected * (1 - expected) / count)

    def within(shares):
        return bool((np.abs(shares - expected) < 4 * error).all())

    assert within(found)
    assert not within(found[::-1])  # the wrong way round must fail


def test_the_docstring_has_the_table_of_what_is_returned():
    summary = describe_portfolio(synthetic_portfolio(borrowers=200, seed=1, seasoning_months=0))
    text = " ".join(describe_portfolio.__doc__.split())
    assert set(summary) == set(SUMMARY)
    for name, spec in SUMMARY.items():
        assert summary[name].dims == spec.dims
        assert summary[name].attrs == {"units": spec.unit, "long_name": spec.meaning}
        assert f"{name} {', '.join(spec.dims)} {spec.unit} {spec.meaning[:30]}" in text
