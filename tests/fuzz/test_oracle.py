"""The oracle on books that are sound, and on results that are wrong on purpose in one place."""

import numpy as np
import pytest
import xarray as xr

from tests.fuzz import oracle
from tests.fuzz.portfolios import MONTHS, PATHS, base_book, run


@pytest.fixture(scope="module")
def result():
    return run(base_book()).load()


def moved(name, amount, month=2, dims=("month", "path")):
    """A result in which one figure is another: by an amount in one month of the first path and segment."""

    def change(result):
        data = result[name].copy(deep=True)
        first = {dim: 0 for dim in data.dims if dim != "month"}
        data[{**first, "month": month}] = data[{**first, "month": month}] + amount
        return result.assign({name: data})

    return change


def swapped(result):
    """Balances of two segments exchanged, the sum kept."""
    return result.assign(balance=result["balance"].copy(data=result["balance"].values[:, :, ::-1]))


WRONG_RESULTS = {
    "the books do not close": moved("paid", 0.01),
    "is not finite": moved("interest", np.nan),
    "accounts in month 0 is not the book's": moved("accounts", 1.0, month=0),
    "balance in month 0 is not the book's": moved("balance", 0.01, month=0),
    "the buckets in month 0": lambda result: result.assign(balance=result["balance"].roll(bucket=1)),
    "the stages are not the balance": moved("stage_balance", 0.01),
    "undrawn_limit in month 0": moved("undrawn_limit", 1e6, month=0),
    "unemployment in month 0": moved("unemployment_rate", 0.01, month=0),
    "unemployment_rate is no share": moved("unemployment_rate", 5.0),
    "is negative": moved("recovered", -1e9),
    "month 0 has flows": lambda result: moved("drawn", 5.0, 0)(moved("interest", 5.0, 0)(result)),
    "month has size": lambda result: result.isel(month=slice(0, -1)),
    "path has size": lambda result: result.isel(path=[0]),
    "months do not count from 0": lambda result: result.assign_coords(month=result["month"] + 1),
    "two segments have one name": lambda result: result.assign_coords(
        segment=["a"] * result.sizes["segment"], lender=("segment", result["lender"].values)
    ),
    "segments are": lambda result: result.isel(segment=slice(0, -1)),
    "more is written off": lambda result: result.assign(
        written_off=result["written_off"] + 1e9 * (result["month"] == 3), drawn=result["drawn"]
    ),
    "interest is above": lambda result: result.assign(interest=result["interest"] * 1e4),
    "attrs['currency']": lambda result: result.assign_attrs(currency="USD"),
}


def test_a_sound_run_and_its_book_have_no_faults(result):
    assert oracle.book_faults(base_book()) == []
    assert oracle.run_faults(base_book(), result, MONTHS, PATHS, {"currency": "CNY"}) == []


@pytest.mark.parametrize("words", WRONG_RESULTS)
def test_a_wrong_result_is_noticed(result, words):
    wrong = oracle.run_faults(base_book(), WRONG_RESULTS[words](result), MONTHS, PATHS, {"currency": "CNY"})
    assert any(words in fault for fault in wrong), wrong


def put(**values):
    """A book in which the first value of some variables is another."""

    def change(book):
        for name, value in values.items():
            data = book[name].values.astype(type(value)).copy()
            data[0] = value
            book = book.assign({name: (book[name].dims, data)})
        return book

    return change


WRONG_BOOKS = {
    "income is not finite": put(income=np.nan),
    "balance is negative": put(balance=-1.0),
    "days_past_due is not whole": put(days_past_due=0.5),
    "employed is neither": put(employed=2),
    "own_share is no share": put(own_share=1.5),
    "annual_rate is no rate": put(annual_rate=18.0),
    "borrower points nowhere": put(borrower=20),
    "borrower_id repeats": lambda book: book.assign(borrower_id=book["borrower_id"] * 0),
    "overdue exceeds balance": put(overdue=1e6, balance=5.0),
    "days past due without": put(days_past_due=65, overdue=0.0),
    "more due dates": put(remaining_months=9, tenor_months=6),
}


@pytest.mark.parametrize("words", WRONG_BOOKS)
def test_a_wrong_book_is_noticed(words):
    wrong = oracle.book_faults(WRONG_BOOKS[words](base_book()))
    assert any(words in fault for fault in wrong), wrong


def test_a_run_of_another_book_is_noticed(result):
    assert oracle.run_faults(base_book(seed=8), result, MONTHS, PATHS)
    thousand = base_book().assign(balance=base_book()["balance"] / 1_000)
    assert oracle.run_faults(thousand, result, MONTHS, PATHS)


def test_figures_that_are_others_are_noticed():
    scenario = xr.Dataset({"unemployment_rate": ("month", [0.05, 0.06, 0.07, 0.08, 0.08, 0.08])})
    truth = np.array([0.06, 0.08])
    assert oracle.means_faults(scenario, {"unemployment_rate": truth}, 3) == []
    assert "expected 0.08" in oracle.means_faults(scenario, {"unemployment_rate": truth[::-1]}, 3)[0]
    assert "months, expected 9" in oracle.means_faults(scenario, {"unemployment_rate": np.ones(3)}, 3)[0]
    assert oracle.means_faults(scenario * 100, {}, 3) == ["unemployment is no share"]
    assert oracle.means_faults(scenario, {"inflation": truth}, 3) == ["inflation is missing"]
    assert oracle.figures_faults(np.array([1.0, np.nan]), np.array([1.0, 2.0]), "x") == ["x is nan, expected 2"]
