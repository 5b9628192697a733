"""Portfolios that contradict themselves are refused, all faults at once; sound ones pass unchanged."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from stresslab.checks import contradictions
from stresslab.population.synthetic import synthetic_portfolio
from stresslab.portfolio.validation import check_portfolio
from stresslab.schema import InputError, presets
from tests.portfolio.tapes import three, three_book


def faults(book):
    with pytest.raises(InputError) as caught:
        check_portfolio(book)
    return caught.value.faults


def changed(name, place, value):
    book = three_book()
    values = book[name].values.copy()
    values[place] = value
    return book.assign({name: (book[name].dims, values)})


def test_a_sound_portfolio_comes_back_itself():
    book = three_book()
    before = book.copy(deep=True)
    assert check_portfolio(book) is book
    xr.testing.assert_identical(book, before)


@pytest.mark.parametrize("preset", presets())
def test_synthetic_portfolios_are_sound(preset):
    check_portfolio(synthetic_portfolio(preset, borrowers=300, seed=1, seasoning_months=24))


# loans by position: 0 current card, 1 late card, 2 instalment loan, 3 written off, 4 late loan
CONTRADICTIONS = [
    ("overdue", 1, 500.01, "overdue: found 500.01 with balance 500.0 at position 1, expected at most the balance"),
    ("overdue", 1, 0.0, "days_past_due: found 65 with overdue 0.0 and balance 500.0 at position 1, expected an amount"),
    ("days_past_due", 0, 30, "days_past_due: found 30 with overdue 0.0 and balance 1000.0 at position 0"),
    ("tenor_months", 2, 5, "remaining_months: found 6 with tenor_months 5 at position 2, expected at most the tenor"),
    ("instalment", 2, 0.0, "remaining_months: found 6 with instalment 0.0 at position 2, expected an instalment"),
    ("instalment", 0, 50.0, "instalment: found 50.0 with tenor_months 0 at position 0, expected 0 for a revolving"),
    ("remaining_months", 0, 3, "remaining_months: found 3 with tenor_months 0 at position 0"),
    ("remaining_months", 2, 0, "balance: found 600.0 with tenor_months 12 and remaining_months 0 and overdue 0.0"),
    ("transactor", 2, True, "transactor: found True with tenor_months 12 at position 2, expected False"),
    ("balance", 3, 0.01, "balance: found 0.01 with written_off True at position 3, expected 0"),
    ("jobless_months", 1, 2, "jobless_months: found 2 with employed True at position 1, expected 0 while employed"),
    ("borrower", 4, 3, "borrower: found 3 at position 4, expected a position 0 ... 2 of a borrower"),
    ("product", 2, "card", "product: found 'card' with tenor_months 0 and above, expected its loans all revolving"),
    ("own_share", 5, 1.5, "own_share: found 1.5 at position 5, expected <= 1"),
]


def test_a_borrower_stands_once():
    book = three_book()
    first = book.borrower_id.values[0]
    (found,) = faults(book.assign(borrower_id=("borrower", [first, first, 1])))
    assert found == f"borrower_id: found {first} more than once, expected each once; renumber"


@pytest.mark.parametrize("rate", [5.2, -0.01, np.nan, "0.05", True])
def test_unemployment_at_the_start_is_a_decimal(rate):
    (found,) = faults(three_book().assign_attrs(unemployment_rate=rate))
    assert found.startswith(f"attrs['unemployment_rate']: found {rate!r}, expected a finite number >= 0 and <= 0.6")


@pytest.mark.parametrize(("name", "place", "value", "says"), CONTRADICTIONS)
def test_each_contradiction_is_named(name, place, value, says):
    found = faults(changed(name, place, value))
    assert any(fault.startswith(says) for fault in found), found


@pytest.mark.parametrize(
    ("name", "place", "value"),
    [
        ("claim", 0, 70.0),  # a line let anew carries the claim of an earlier grant
        ("days_past_due", 1, 59),  # between two due dates
        ("overdue", 0, 10.0),  # asked for with the next bill
        ("overdue", 1, 500.004),  # no more than the balance in whole cents
        ("liquid_buffer", 0, 9000.0),  # above its target
        ("balance", 2, 0.0),  # paid off, due dates to come
    ],
)
def test_what_may_be_so_passes(name, place, value):
    check_portfolio(changed(name, place, value))


def test_all_faults_at_once():
    book = changed("overdue", [0, 1], 5000.0)
    book = book.assign(annual_rate=book.annual_rate * 100).drop_vars("score")
    book.attrs = {"currency": "CNY", "own_lender": "nobody"}
    assert faults(book) == [
        "attrs['as_of']: missing, expected the day or month of the balances, \"2026-01\"; set it",
        "score: missing, expected application score; higher is safer [1] along 'borrower'; add it",
        "annual_rate: found 24.0 at position 0 (and 5 more), expected <= 5 [1/year]; a rate is a decimal: 0.06, not 6",
        "attrs['own_lender']: found 'nobody', expected one of ['bank', 'ours', 'platform']; name it as its loans do",
        "overdue: found 5000.0 with balance 1000.0 at position 0 (and 1 more), expected at most the balance; "
        "correct overdue or balance",
    ]


def test_an_empty_book():
    assert faults(three_book().isel(loan=slice(0)))[-1].startswith("portfolio: found sizes {'borrower': 3, 'loan': 0}")


def test_a_variable_along_two_dimensions():
    book = three_book()
    found = faults(book.assign(income=book.income.expand_dims(path=2)))
    assert found == ["income: found dimensions ('path', 'borrower'), expected ('borrower',); select or rename"]


def test_what_is_no_dataset():
    assert "found DataFrame, expected a Dataset; use read_portfolio" in faults(three())[0]


def test_not_a_number_is_one_fault_not_two():
    assert len(faults(changed("overdue", 1, np.nan))) == 1


def test_faults_between_variables_look_at_what_is_there():
    assert contradictions(three_book()[["overdue", "balance", "income"]]) == []
    assert contradictions(pd.DataFrame({"overdue": [1.0]}).to_xarray())[0].startswith("portfolio: found sizes")
