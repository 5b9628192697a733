"""Ladder and survival: bars, lines, bands and steps are the numbers they were given."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from stresslab.measures.liquidity.ladder import SOURCES, USES
from stresslab.schema import InputError
from stresslab.views import plot
from stresslab.views.ladders import GROUPS, OTHER, net_by_group
from stresslab.views.style import HUES
from tests.views.drawn import overlapping, words

ATTRS = {"currency": "CNY", "lender": "ours", "as_of": "2026-01"}
CELL = ("path", "month")


def laddered(paths=40, months=6, seed=0, silent=("securitisations", "line_fees"), **more):
    """A ladder whose parts add up; lending is large, `silent` never moves, the capacity falls on half of the paths."""
    rng = np.random.default_rng(seed)
    inflow = rng.uniform(1e3, 9e3, (paths, months, len(SOURCES)))
    outflow = rng.uniform(1e3, 9e3, (paths, months, len(USES)))
    inflow[..., 0] += 2e6
    outflow[..., 0] += 2e6
    outflow[..., [USES.index(name) for name in silent]] = 0.0
    net = inflow.sum(-1) - outflow.sum(-1)
    capacity = np.full((paths, months), 5e4)
    capacity[: paths // 2, 3:] = 3e4
    found = xr.Dataset(
        {
            "inflow": ((*CELL, "source"), inflow),
            "outflow": ((*CELL, "use"), outflow),
            "cumulative_gap": (CELL, net.cumsum(1)),
            "counterbalancing_capacity": (CELL, capacity),
        },
        {"month": np.arange(1, months + 1), "source": list(SOURCES), "use": list(USES)},
        ATTRS | more,
    )
    return found


def survived(paths=40, names=()):
    """Three months, through which all, three quarters and half of the paths have paid."""
    chances = {"": [1.0, 0.75, 0.5], "_low": [0.91, 0.59, 0.34], "_high": [1.0, 0.87, 0.66]}
    one = xr.Dataset(
        {f"survival_probability{end}": ("month", chance) for end, chance in chances.items()}
        | {"survival_month": ("path", np.full(paths, np.nan))},
        {"month": [1, 2, 3]},
        ATTRS,
    )
    return xr.concat([one * 0.9**k for k in range(len(names))], xr.Variable("scenario", list(names))) if names else one


# ladder


def test_bars_of_a_month_add_up_to_its_net_flow(ax):
    ladder = laddered()
    plot.ladder(ladder, ax=ax)
    heights = np.array([[bar.get_height() for bar in bars] for bars in ax.containers])
    net = (ladder["inflow"].sum("source") - ladder["outflow"].sum("use")).mean("path")
    np.testing.assert_allclose(heights.sum(0), net)
    assert [bar.get_x() + bar.get_width() / 2 for bar in ax.containers[0]] == pytest.approx([1, 2, 3, 4, 5, 6])


def test_customers_are_one_bar_and_what_never_moves_is_none(ax):
    ladder = laddered()
    plot.ladder(ladder, ax=ax)
    names = ["customers, net", "partners, net", "borrowings repaid", "interest", "operating cost"]
    assert [bars.get_label() for bars in ax.containers] == names
    assert [text.get_text() for text in ax.get_legend().get_texts()] == names
    mean = ladder.mean("path")
    customers = mean["inflow"].sel(source=["repayments", "recoveries"]).sum("source")
    customers = customers - mean["outflow"].sel(use=["lending", "further_draws"]).sum("use")
    np.testing.assert_allclose([bar.get_height() for bar in ax.containers[0]], customers)
    assert len({bars[0].get_facecolor() for bars in ax.containers}) == 5


def test_stacks_touch_and_start_at_zero(ax):
    plot.ladder(laddered(), ax=ax)
    for month in range(6):
        ends = [(bars[month].get_y(), bars[month].get_y() + bars[month].get_height()) for bars in ax.containers]
        for sign in (1.0, -1.0):
            side = sorted((sign * start, sign * end) for start, end in ends if sign * (end - start) > 0.0)
            np.testing.assert_allclose([start for start, _ in side], [0.0, *(end for _, end in side)][:-1])


def test_every_source_and_use_is_in_one_group_and_a_new_one_in_other():
    assert sorted(label for labels in GROUPS.values() for label in labels) == sorted((*SOURCES, *USES))
    ladder = laddered()
    strange = ladder.assign_coords(use=[*USES[:-1], "taxes"])
    strange["outflow"][..., -1] = 7.0
    assert net_by_group(strange)[OTHER].tolist() == [-7.0] * 6
    assert OTHER not in net_by_group(ladder)


@given(seed=st.integers(0, 1000), silent=st.sets(st.sampled_from(USES)))
def test_no_cash_is_lost_between_the_groups(seed, silent):
    ladder = laddered(paths=3, months=2, seed=seed, silent=tuple(silent))
    net = (ladder["inflow"].sum("source") - ladder["outflow"].sum("use")).mean("path").values
    np.testing.assert_allclose(sum(net_by_group(ladder).values()), net, atol=1e-6)


def test_the_gap_is_a_mean_in_a_band_of_nine_in_ten_and_the_capacity_a_step_below_zero(ax):
    ladder = laddered()
    plot.ladder(ladder, ax=ax)
    gap = np.sort(ladder["cumulative_gap"].values, axis=0)
    drawn = {line.get_label(): line for line in ax.lines}
    np.testing.assert_allclose(drawn["cumulative gap"].get_ydata(), gap.mean(0))
    dotted = [line.get_ydata() for line in ax.lines if line.get_linestyle() == ":"]
    np.testing.assert_allclose(dotted, gap[[2, 37]])  # 36 of 40
    step = drawn["minus capacity"]
    assert step.get_drawstyle() == "steps-post"
    assert step.get_xdata().tolist() == [0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5]
    np.testing.assert_allclose(step.get_ydata(), -1e3 * np.array([50, 50, 50, 40, 40, 40, 40]))
    last = gap[:, -1].mean() / 1e3
    assert f"cumulative gap: {'-' if last < 0 else ''}CNY {abs(last):.1f} thousand" in words(ax)
    assert "minus capacity: -CNY 40.0 thousand; below this line cash has run out" in words(ax)


def test_the_ladder_says_whose_it_is_and_in_what(ax):
    plot.ladder(laddered(), ax=ax)
    title = "Cash-flow ladder, ours\nmean net cash of the month (bars) and so far (line); 90 % of 40 paths in the band"
    assert ax.get_title() == title
    assert ax.get_ylabel() == "cash [CNY thousand]"
    assert ax.get_xlabel() == "months after 2026-01"
    assert not overlapping(ax)


def test_one_path_has_no_band_and_a_ladder_without_cash_no_bars(ax):
    plot.ladder(laddered(paths=1), ax=ax)
    assert not [line for line in ax.lines if line.get_linestyle() == ":"]
    assert ax.get_title().endswith("(line), 1 path")
    empty = plot.ladder(laddered(paths=1) * 0.0, ax=Figure().add_subplot())
    assert not empty.containers
    assert empty.get_legend() is None


def test_ladder_names_every_fault():
    with pytest.raises(InputError) as refused:
        plot.ladder(laddered().drop_vars(["inflow", "cumulative_gap"]), ax=1)
    assert [fault.split(":")[0] for fault in refused.value.faults] == ["inflow", "cumulative_gap", "ax"]
    ladder = laddered()
    two = xr.concat([ladder, ladder], xr.Variable("scenario", ["a", "b"]))
    with pytest.raises(InputError) as refused:
        plot.ladder(two.assign(outflow=two["outflow"] * np.nan))
    assert "scenario: found ['a', 'b'], expected 1 in a plot" in str(refused.value)
    assert "outflow: found nan, 3,840 in all, expected finite numbers" in str(refused.value)
    with pytest.raises(InputError, match="ladder: found no paths, expected at least 1"):
        plot.ladder(ladder.isel(path=[]))
    with pytest.raises(InputError, match="found list, expected a Dataset"):
        plot.ladder([1.0])
    one = plot.ladder(two.isel(scenario=[0]), ax=Figure().add_subplot())
    assert len(one.containers) == 5


# survival


def test_survival_steps_down_from_one_within_its_interval(ax):
    found = survived()
    plot.survival(found, ax=ax)
    (line,) = ax.lines
    assert line.get_drawstyle() == "steps-post"
    assert (line.get_xdata().tolist(), line.get_ydata().tolist()) == ([0, 1, 2, 3], [1, 1, 0.75, 0.5])
    (band,) = ax.collections
    corners = band.get_paths()[0].vertices
    for month, low, high in ((0.0, 0.91, 1.0), (1.0, 0.59, 1.0), (2.0, 0.34, 0.87)):  # until the next month
        inside = corners[(corners[:, 0] >= month) & (corners[:, 0] <= month + 1.0), 1]
        assert {low, high} <= set(inside.tolist())
    assert ax.get_ylim() == (0.0, 1.0)
    assert ax.get_ylabel() == "paths that have paid so far [%]"
    assert ax.get_title() == "Survival without new funding, ours\n40 paths; the band is the exact 95 % interval"
    assert words(ax).endswith("through month 3 50.0 % [34.0, 66.0]")


def test_survival_of_scenarios_has_a_name_beside_each_line(ax):
    names = ["base", "adverse", "severe", "very severe indeed"]
    plot.survival(survived(names=names), ax=ax)
    assert [line.get_label() for line in ax.lines] == names
    assert [line.get_color() for line in ax.lines] == list(HUES)
    assert [" ".join(text.get_text().split()[:-4]) for text in ax.texts] == names
    assert [text.get_color() for text in ax.texts] == list(HUES)
    assert [line.get_ydata()[-1] for line in ax.lines] == pytest.approx([0.5 * 0.9**k for k in range(4)])
    assert not overlapping(ax)


def test_survival_of_none_or_of_all_is_a_line_at_the_edge(ax):
    for chance in (0.0, 1.0):
        found = survived()
        plot.survival(found.assign(survival_probability=found["survival_probability"] * 0.0 + chance), ax=ax)
        assert ax.lines[-1].get_ydata()[-1] == chance
        assert not ax.lines[-1].get_clip_on()


def test_survival_names_every_fault():
    with pytest.raises(InputError) as refused:
        plot.survival(survived().drop_vars(["survival_month", "survival_probability_low"]), ax=1)
    starts = [fault.split(":")[0] for fault in refused.value.faults]
    assert starts == ["survival_month", "survival_probability_low", "ax"]
    found = survived()
    with pytest.raises(InputError, match=r"survival_probability: found 100\.0, 3 in all, expected numbers from 0 to 1"):
        plot.survival(found.assign(survival_probability=found["survival_probability"] * 0.0 + 100.0))
    with pytest.raises(InputError, match="expected 4 or fewer in a plot"):
        plot.survival(survived(names=list("abcde")))


@pytest.mark.parametrize(("draw", "made"), [(plot.ladder, laddered), (plot.survival, survived)])
def test_a_new_figure_is_made_where_no_axes_are_given(draw, made):
    ax = draw(made())
    assert ax.figure.get_size_inches().tolist() == [10.0, 6.0]
    plt.close(ax.figure)
