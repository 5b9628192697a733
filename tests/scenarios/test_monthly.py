"""Quarters to months: means kept, lines kept, smoothest of all, floor kept."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from stresslab.scenarios.monthly import to_monthly
from stresslab.schema import InputError

QUARTERS = arrays(np.float64, st.integers(1, 20), elements=st.floats(-50, 50))


def means(months):
    return months.reshape(*months.shape[:-1], -1, 3).mean(axis=-1)


def bend(months):
    return (np.diff(months, 2) ** 2).sum()


@given(QUARTERS, st.none() | st.floats(-50, 50))
def test_quarter_means_are_kept(quarters, previous):
    np.testing.assert_allclose(means(to_monthly(quarters, previous)), quarters, atol=1e-9)


@given(st.floats(-10, 10), st.floats(-3, 3), st.integers(2, 20), st.booleans())
def test_a_line_stays_a_line(level, slope, count, jumps_off):
    line = level + slope * np.arange(3 * (count + 1))
    quarters = means(line)
    months = to_monthly(quarters[1:], quarters[0]) if jumps_off else to_monthly(quarters)
    np.testing.assert_allclose(months, line[3:] if jumps_off else line, atol=1e-9)


@given(QUARTERS)
def test_no_other_path_with_the_same_means_is_smoother(quarters):
    months = to_monthly(quarters)
    rng = np.random.default_rng(1)
    for _ in range(5):
        other = rng.normal(size=months.size)
        other -= np.repeat(means(other), 3)  # leaves the quarters' means alone
        assert bend(months) <= bend(months + 0.1 * other) + 1e-9


def test_two_quarters_by_hand():
    # two means leave the six months a straight line: slope 1 a month, 3 a quarter
    np.testing.assert_allclose(to_monthly([0.0, 3.0]), [-1, 0, 1, 2, 3, 4], atol=1e-12)


def test_one_quarter_alone_is_flat():
    np.testing.assert_array_equal(to_monthly([4.0]), [4, 4, 4])


def test_rows_are_solved_one_by_one():
    rows = np.array([[1.0, 5.0, 2.0], [3.0, 3.0, 9.0]])
    np.testing.assert_allclose(to_monthly(rows, 2.0), [to_monthly(rows[0], 2.0), to_monthly(rows[1], 2.0)], atol=1e-12)


def test_floor_is_kept_and_so_are_the_means():
    quarters = np.array([2.5, 0.1, 0.1, 0.1])
    assert to_monthly(quarters, 4.0).min() < 0
    held = to_monthly(quarters, 4.0, floor=0.0)
    assert held.min() == 0.0
    np.testing.assert_allclose(means(held), quarters, atol=1e-9)


@given(arrays(np.float64, st.integers(1, 12), elements=st.floats(0, 10)))
def test_floor_holds_for_any_figures(quarters):
    months = to_monthly(quarters, floor=0.0)
    assert months.min() >= 0
    np.testing.assert_allclose(means(months), quarters, atol=1e-9)


def test_floor_changes_nothing_where_it_does_not_bind():
    quarters = [5.9, 7.2, 8.2, 9.0]
    np.testing.assert_array_equal(to_monthly(quarters, 4.5, floor=0.0), to_monthly(quarters, 4.5))


def test_bad_figures_are_refused_together():
    with pytest.raises(InputError) as caught:
        to_monthly([1.0, np.nan, -2.0], floor=0.0)
    assert len(caught.value.faults) == 2
    assert "nan" in str(caught.value)
    assert "-2.0" in str(caught.value)


@pytest.mark.parametrize("empty", [[], 3.0])
def test_no_quarter_is_refused(empty):
    with pytest.raises(InputError, match="a quarter at least"):
        to_monthly(empty)


@given(figures=st.lists(st.floats(-10, 10), min_size=1, max_size=8), before=st.none() | st.floats(-10, 10))
def test_years_keep_their_means(figures, before):
    months = to_monthly(figures, before, span=12)
    assert months.shape == (12 * len(figures),)
    np.testing.assert_allclose(months.reshape(-1, 12).mean(axis=1), figures, atol=1e-7)


def test_a_span_is_a_quarter_or_a_year():
    with pytest.raises(InputError, match="span: found 4"):
        to_monthly([1.0], span=4)


def test_thousands_of_quarters_take_no_more_than_a_moment():
    """The systems are solved in bands: a dense solve of 8,000 quarters takes minutes."""
    figures = np.resize([5.0, 6.0, 7.0, 0.0], 8_000)
    for floor in (None, 0.0):
        began = time.perf_counter()
        months = to_monthly(figures, floor=floor)
        assert time.perf_counter() - began < 10.0
        np.testing.assert_allclose(months.reshape(-1, 3).mean(axis=1), figures, atol=1e-6)
