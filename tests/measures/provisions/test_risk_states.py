"""Cells of a book: balances split without loss by what a result knows of its loans."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stresslab.measures.provisions.risk_states import (
    BOOK_CELLS,
    CELLS,
    CURRENT,
    FIRST_DEFAULTED,
    GRADE_BELOW,
    book_cells,
)
from stresslab.schema import BUCKETS
from stresslab.testing import made_up_result
from tests.measures.hand import hand_result


def test_every_bucket_has_its_cell_and_grades_are_current():
    assert len(CURRENT) == len(GRADE_BELOW) + 1
    assert (*CURRENT, "watched", *BUCKETS[1:], "undrawn") == CELLS
    assert CELLS[FIRST_DEFAULTED] == "90-119"
    assert ("current", "watched", *BUCKETS[1:], "forborne", "forborne_after_default", "undrawn") == BOOK_CELLS


def test_a_book_is_split_by_hand():
    owed = [[[[1000.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0]]]]
    book = hand_result(owed, watched=100.0, forborne=7.0, forborne_late=5.0, undrawn=300.0)
    found = dict(zip(BOOK_CELLS, book_cells(book).squeeze().tolist(), strict=True))
    assert (
        found
        == {
            "current": 888.0,  # 1000 less watched and both kinds of plans
            "watched": 100.0,
            **dict(zip(BUCKETS[1:], [10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0], strict=True)),
            "forborne": 7.0,
            "forborne_after_default": 5.0,
            "undrawn": 300.0,
        }
    )


def gap(cells, book):
    """Minor units by which the cells but the undrawn one differ from what is owed."""
    owed = np.rint(book["balance"].sum("bucket").values * 100).astype(int)
    return np.abs(np.rint(cells[..., :-1] * 100).astype(int).sum(-1) - owed).max()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 4), st.integers(1, 4))
def test_cells_add_up_to_the_balance_to_the_fen_and_none_is_negative(seed, paths, months):
    book = made_up_result(seed=seed, paths=paths, months=months)
    cells = book_cells(book)
    assert gap(cells, book) == 0
    assert (cells >= 0).all()
    assert (cells[..., -1] == book["undrawn_limit"].values).all()


@pytest.mark.parametrize("cell", range(len(BOOK_CELLS) - 1))
def test_a_fen_more_in_any_cell_breaks_the_sum(cell):
    book = made_up_result(seed=1, paths=2, months=2)
    cells = book_cells(book)
    cells[0, 0, 0, cell] += 0.01
    assert gap(cells, book) == 1


def test_the_order_of_dimensions_does_not_matter():
    book = made_up_result(seed=2, paths=3, months=2)
    other = book.transpose("bucket", "stage", "segment", "month", "path", "cause")
    assert (book_cells(book) == book_cells(other)).all()
