"""Units on axes, numbers in words, labels apart."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stresslab.views import style
from tests.views.drawn import overlapping, ticks


@pytest.mark.parametrize(
    ("unit", "largest", "label", "shown"),
    [
        ("currency", 2.5e6, " [CNY million]", ["0.0", "0.5", "1.0", "1.5", "2.0", "2.5"]),
        ("currency", 2.5e9, " [CNY billion]", ["0.0", "0.5", "1.0", "1.5", "2.0", "2.5"]),
        ("currency", 250.0, " [CNY]", ["0", "50", "100", "150", "200", "250"]),
        ("number", 25_000.0, " [thousand]", ["0", "5", "10", "15", "20", "25"]),
        ("number", 250.0, " [number]", ["0", "50", "100", "150", "200", "250"]),
        ("1", 0.05, " [%]", ["0", "1", "2", "3", "4", "5"]),
        ("1/year", 0.05, " [% a year]", ["0", "1", "2", "3", "4", "5"]),
        ("month", 5.0, " [month]", ["0", "1", "2", "3", "4", "5"]),
        ("", 5.0, "", ["0", "1", "2", "3", "4", "5"]),
    ],
)
def test_an_axis_counts_in_a_unit_that_suits(ax, unit, largest, label, shown):
    ax.plot([0, 1], [0.0, largest])
    ax.set_ylim(0.0, largest)
    ax.set_yticks(np.linspace(0.0, largest, 6))
    assert style.in_units(ax.yaxis, unit, largest, "CNY") == label
    assert ticks(ax.yaxis) == shown
    assert not ax.yaxis.get_offset_text().get_visible()


@pytest.mark.parametrize(
    ("value", "low", "high", "expected"),
    [
        (0.0, 0.0, 0.0, ("0", "[0, 0]")),
        (123.4, 120.0, 130.0, ("123", "[120, 130]")),
        (-1.5, -math.inf, -1.0, ("-1.50", "[-∞, -1.00]")),
        (12.4061, 12.3981, 12.4479, ("12.406", "[12.398, 12.448]")),
        (1.0, 1.0 - 1e-13, 1.0 + 1e-13, ("1.00000", "[1.00000, 1.00000]")),
        (5.0, math.nan, math.nan, ("5.00", "(no interval)")),
    ],
)
def test_an_interval_is_written_with_the_decimals_it_needs(value, low, high, expected):
    assert style.with_interval(value, low, high) == expected


@given(
    heights=st.lists(st.floats(-10.0, 10.0), min_size=1, max_size=8),
    sizes=st.lists(st.floats(0.1, 2.0), min_size=8, max_size=8),
)
def test_labels_keep_apart_in_order_and_within_the_axes(heights, sizes):
    sizes = sizes[: len(heights)]
    placed = style.apart(heights, sizes, -10.0, 10.0)
    order = np.argsort(heights, kind="stable")
    low, high = (placed - np.array(sizes) / 2)[order], (placed + np.array(sizes) / 2)[order]
    assert (low[1:] >= high[:-1] - 1e-9).all()
    assert low[0] >= -10.0 - 1e-9
    assert high[-1] <= 10.0 + 1e-9


def test_labels_with_room_enough_stay_where_they_are():
    assert style.apart([5.0, 1.0, 3.0], [1.0, 1.0, 1.0], 0.0, 6.0).tolist() == [5.0, 1.0, 3.0]


@pytest.mark.parametrize(("last", "first_ticks"), [(12, [0, 1, 2]), (39, [0, 6, 12]), (120, [0, 12, 24])])
def test_ticks_stand_at_months_quarters_or_years(ax, last, first_ticks):
    assert style.month_axis(ax, np.arange(last + 1.0), "2026-01") == "months after 2026-01"
    assert ax.get_xticks()[:3].tolist() == first_ticks


def test_hues_are_told_apart_in_grey_with_their_line_styles():
    assert len(set(map(str, style.DASHES))) == len(set(style.HUES)) == 4
    luminance = style.shades(7)[:, :3] @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(luminance) < -0.02).all()  # from light to dark without a turn


def test_overlapping_labels_are_found_out(ax):
    ax.figure.set_layout_engine("none")
    ax.text(0.5, 0.5, "one")
    ax.text(0.5, 0.5, "two")
    ax.text(5.0, 0.5, "off the page")
    assert overlapping(ax) == [(1, 0), 2]
