"""Waterfall and stages: bars and areas are the numbers they were given."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from stresslab.schema import InputError
from stresslab.views import plot

ROWS = ["opening", "new_lending", "outlook", "write_off", "closing"]
ATTRS = {"currency": "CNY", "lender": "ours", "provisioning": "ifrs9", "first_month": 0, "last_month": 12}


@pytest.fixture
def ax():
    return Figure(figsize=(10, 6), layout="constrained").add_subplot()


def movement(paths=1):
    """Each path twice the one before; in stages 1 and 2, and a row that never moves."""
    one = np.array([[4e6, 0.0, 3e6, -1e6, 6e6], [2e6, 0.0, 1e6, 0.0, 3e6]])
    values = np.stack([2.0**path * one for path in range(paths)])
    return xr.Dataset({"movement": (("path", "stage", "row"), values)}, {"row": ROWS, "stage": [1, 2]}, ATTRS)


def bars(ax):
    return [(bar.get_y(), bar.get_height()) for bar in ax.patches]


def test_bars_stand_on_each_other_from_opening_to_closing(ax):
    plot.allowance_waterfall(movement(), ax=ax)
    assert bars(ax) == [(0.0, 6e6), (6e6, 4e6), (10e6, -1e6), (0.0, 9e6)]


def test_a_row_that_never_moves_is_not_drawn(ax):
    plot.allowance_waterfall(movement(), ax=ax)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["opening", "outlook", "write-off", "closing"]


def test_bars_are_means_over_paths_and_whiskers_hold_nine_in_ten(ax):
    plot.allowance_waterfall(movement(paths=2), ax=ax)
    assert bars(ax)[0] == (0.0, 9e6)
    whisker = ax.collections[-1].get_segments()[0]
    np.testing.assert_allclose(whisker[:, 1], np.quantile([6e6, 12e6], [0.05, 0.95]))


def test_the_picture_says_whose_allowance_it_is_and_in_what(ax):
    plot.allowance_waterfall(movement(), ax=ax)
    assert ax.get_title() == "Movement of the allowance, ours, IFRS 9, months 0 to 12\nmean of 1 path"
    assert ax.get_ylabel() == "allowance [CNY million]"
    assert [text.get_text() for text in ax.texts] == ["6.00", "+4.00", "-1.00", "9.00"]


def staged(paths=1):
    balance = np.array([[90.0, 8.0, 2.0], [80.0, 15.0, 5.0], [0.0, 0.0, 0.0]])
    values = np.stack([balance] * paths)
    values[1:, 1] = [60.0, 30.0, 10.0]
    coords = {"month": [0, 1, 2], "stage": [1, 2, 3]}
    return xr.Dataset({"stage_balance": (("path", "month", "stage"), values)}, coords, {"lender": "ours"})


def test_areas_are_the_shares_of_stage_three_and_on_it_stage_two(ax):
    plot.stages(staged(paths=2), ax=ax)
    third, second = (area.get_paths()[0].vertices[:, 1] for area in ax.collections[:2])
    assert third.max() == pytest.approx((0.05 + 0.10) / 2)
    assert second.max() == pytest.approx((0.20 + 0.40) / 2)
    assert [line.get_ydata()[1] for line in ax.lines[:2]] == pytest.approx([0.21, 0.39])


def test_one_path_has_no_band(ax):
    plot.stages(staged(), ax=ax)
    assert not ax.lines


@pytest.mark.parametrize(("draw", "data"), [(plot.allowance_waterfall, movement), (plot.stages, staged)])
def test_a_single_scenario_may_keep_its_dimension(draw, data, ax):
    plain = draw(data(), ax=Figure().add_subplot())
    draw(data().expand_dims(scenario=["calm"]), ax=ax)
    assert [text.get_text() for text in ax.texts] == [text.get_text() for text in plain.texts]
    assert bars(ax) == bars(plain)


def test_every_fault_is_named():
    with pytest.raises(InputError) as refused:
        plot.allowance_waterfall(movement().rename(movement="moved"), ax=1)
    assert [fault.split(":")[0] for fault in refused.value.faults] == ["movement", "ax"]
    with pytest.raises(InputError, match="stage_balance: missing"):
        plot.stages(movement())
    with pytest.raises(InputError, match=r"scenario: found \[0, 1\], expected 1 in a plot"):
        plot.stages(xr.concat([staged(), staged()], dim="scenario"))
