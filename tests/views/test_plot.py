"""Each picture shows the numbers it was given, with words and units, on the axes it was given."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr

from stresslab.measures.liquidity.funding import Borrowing, Funding
from stresslab.measures.liquidity.ladder import liquidity_buffer
from stresslab.measures.losses import loss_distribution
from stresslab.measures.provisions.allowance import provisions
from stresslab.scenarios.library import scenario
from stresslab.scenarios.paths import macro_paths
from stresslab.schema import BUCKETS, InputError
from stresslab.testing import made_up_result
from stresslab.views import plot
from stresslab.views.style import HUES
from tests.views.drawn import bands, overlapping, words

NAMES = ["base", "adverse", "severe", "very severe indeed"]
OURS = ["ours:card", "ours:loan"]
FUNDING = Funding(1e4, [Borrowing("interbank", [8_000.0] * 12)])


def losses_of(result):
    return loss_distribution(result, levels=[0.5, 0.9])


def buffer_of(result):
    return liquidity_buffer(result, FUNDING, level=0.9)


PICTURES = {
    "fan": lambda result, ax=None: plot.fan(result, ax=ax),
    "arrears": lambda result, ax=None: plot.arrears(result, ax=ax),
    "loss_distribution": lambda result, ax=None: plot.loss_distribution(losses_of(result), ax=ax),
    "buffer": lambda result, ax=None: plot.buffer(buffer_of(result), ax=ax),
}


@pytest.mark.parametrize("picture", PICTURES)
def test_axes_given_are_drawn_on_and_returned_and_settings_stay(picture, ax):
    before = dict(mpl.rcParams)
    assert PICTURES[picture](made_up_result(), ax) is ax
    assert dict(mpl.rcParams) == before
    assert not plt.get_fignums()
    assert ax.get_title().startswith(("Balance", "Loss", "Cumulative"))
    assert "ours" in ax.get_title()
    assert ax.get_xlabel()
    assert ax.get_ylabel().endswith("]")


@pytest.mark.parametrize("picture", PICTURES)
def test_a_new_figure_is_made_where_no_axes_are_given(picture):
    ax = PICTURES[picture](made_up_result())
    assert ax.figure.get_size_inches().tolist() == [10.0, 6.0]
    plt.close(ax.figure)


@pytest.mark.parametrize("picture", PICTURES)
@pytest.mark.parametrize("count", [1, 2, 4])
def test_labels_neither_overlap_nor_leave_the_page(picture, count, ax):
    result = made_up_result(paths=100, scenario=NAMES[:count])
    result = result.isel(scenario=0, drop=True) if count == 1 or picture == "arrears" else result
    PICTURES[picture](result, ax)
    assert not overlapping(ax)


@pytest.mark.parametrize("picture", PICTURES)
def test_something_else_than_axes_is_refused(picture):
    with pytest.raises(
        InputError, match=r"ax: found <Figure .*>, expected an Axes or None; give a single Axes, such as fig"
    ):
        PICTURES[picture](made_up_result(), mpl.figure.Figure())


@pytest.mark.parametrize("draw", [plot.fan, plot.arrears, plot.loss_distribution, plot.buffer])
def test_something_else_than_a_dataset_is_refused(draw):
    with pytest.raises(InputError, match="found list, expected a Dataset"):
        draw([1.0, 2.0])


# fan


def test_fan_draws_median_and_order_statistics_of_the_own_lender(ax):
    result = made_up_result(paths=20)
    plot.fan(result, ax=ax)
    owed = np.sort(result["balance"].sel(segment=OURS).sum(["segment", "bucket"]).values, axis=0)
    assert ax.get_title().splitlines()[0] == "Balance, ours"
    np.testing.assert_allclose(ax.lines[0].get_ydata(), (owed[9] + owed[10]) / 2)
    (_, low90, high90), (months, low50, high50) = bands(ax)
    assert months.tolist() == list(range(13))
    np.testing.assert_allclose([low90, high90], owed[[1, 18]])  # 20 paths less one on each side: 18 of 20
    np.testing.assert_allclose([low50, high50], owed[[5, 14]])  # ceil(20 x 0.75) = 15th from below and from above
    assert ax.get_ylabel() == "balance [CNY thousand]"
    assert ax.get_xlabel() == "months after 2020-01-31"
    assert "50 % and 90 % of 20 paths" in ax.get_title()


@pytest.mark.parametrize(
    ("lender", "title", "share"), [("all", "Balance, all lenders", 1.0), ("bank", "Balance, bank", None)]
)
def test_fan_of_another_lender(ax, lender, title, share):
    result = made_up_result(paths=3)
    plot.fan(result, ax=ax, lender=lender)
    mine = result["balance"] if share else result["balance"].sel(segment=["bank:card"])
    assert ax.get_title().splitlines()[0] == title
    np.testing.assert_allclose(ax.lines[0].get_ydata(), np.median(mine.sum(["segment", "bucket"]), axis=0))


@pytest.mark.parametrize(
    ("variable", "label", "first"),
    [
        ("unemployment_rate", "unemployment rate [%]", 0),
        ("arrears_rate", "balance 30 or more days past due [%]", 0),
        ("arrears_rate_90", "balance 90 or more days past due [%]", 0),
        ("written_off", "written off in the month [CNY thousand]", 1),
        ("entries_to_arrears", "entries to arrears in the month [number]", 1),
        ("accounts", "accounts [thousand]", 0),
        ("stage_balance", "stage balance [CNY thousand]", 0),
        ("undrawn_limit", "undrawn limit [CNY thousand]", 0),
    ],
)
def test_fan_of_every_kind_of_variable_says_its_unit(ax, variable, label, first):
    plot.fan(made_up_result(), variable, ax=ax)
    assert ax.get_ylabel() == label
    assert ax.lines[0].get_xdata()[0] == first  # flows begin in month 1


@pytest.mark.parametrize(("variable", "late"), [("arrears_rate", slice(1, None)), ("arrears_rate_90", slice(3, None))])
def test_fan_of_an_arrears_rate_is_the_share_of_the_balance(ax, variable, late):
    result = made_up_result(paths=7)
    plot.fan(result, variable, ax=ax)
    owed = result["balance"].sel(segment=OURS).sum("segment").values
    shares = owed[..., late].sum(-1) / owed.sum(-1)
    np.testing.assert_allclose(ax.lines[0].get_ydata(), np.median(shares, axis=0))


def test_fan_sets_scenarios_side_by_side_in_hue_line_style_and_words(ax):
    result = made_up_result(paths=30, scenario=NAMES[:3])
    plot.fan(result, "arrears_rate", ax=ax)
    medians = ax.lines[:3]
    assert [line.get_label() for line in medians] == NAMES[:3]
    assert [line.get_color() for line in medians] == list(HUES[:3])
    assert [line.is_dashed() for line in medians] == [False, True, True]
    assert [text.get_text() for text in ax.texts] == NAMES[:3]
    assert [text.get_color() for text in ax.texts] == [line.get_color() for line in medians]
    ends = [line.get_ydata()[-1] for line in medians]
    assert ends == sorted(ends)  # made up so that each is harsher than the one before
    assert len(ax.collections) == 6
    for line, name in zip(medians, NAMES, strict=False):
        alone = plot.fan(result.sel(scenario=name), "arrears_rate", ax=mpl.figure.Figure().add_subplot())
        np.testing.assert_array_equal(line.get_ydata(), alone.lines[0].get_ydata())


def test_fan_of_measures_macro_paths_and_arrays(ax):
    result = made_up_result()
    assert plot.fan(provisions(result), "npl_ratio", ax=ax).get_ylabel() == "NPL ratio [%]"
    assert plot.fan(provisions(result), "allowance", ax=ax).get_title().startswith("Allowance, ours\n")
    assert plot.fan(buffer_of(result), "net_flow", ax=ax).get_ylabel() == "net flow [CNY thousand]"
    macro = macro_paths(scenario("china-baseline"), paths=5, seed=1)
    assert plot.fan(macro, "real_income_growth", ax=ax).get_ylabel() == "real income growth [% a year]"
    assert plot.fan(result["unemployment_rate"], ax=ax).get_ylabel() == "unemployment rate [%]"
    margin = (result["interest"] - result["written_off"]).sum("segment").rename("margin")
    assert plot.fan(margin, ax=ax).get_ylabel().startswith("margin")
    assert plot.fan(margin.assign_attrs(units="currency"), ax=ax).get_ylabel() == "margin [currency thousand]"


def test_fan_of_one_path_is_a_line(ax):
    plot.fan(made_up_result(paths=1), ax=ax, intervals=0.9)
    assert ax.get_title().splitlines()[1] == "1 path"
    _, low, high = bands(ax)[0]
    np.testing.assert_array_equal(low, high)


@pytest.mark.parametrize(
    ("change", "arguments", "faults"),
    [
        ({}, {"variable": "profit"}, ["variable: found 'profit', expected one of ['balance'"]),
        ({}, {"intervals": (50, 0.9)}, ["intervals: found 50"]),
        (
            {},
            {"lender": "nobody", "intervals": 2.0, "ax": 7},
            ["ax: found 7", "intervals: found 2.0", "lender: found 'nob"],
        ),
        ({"balance": np.nan}, {}, ["balance: found nan at path 0, month 0", "expected a finite number"]),
        ({"unemployment_rate": np.inf}, {"variable": "unemployment_rate"}, ["unemployment_rate: found inf at path 0"]),
        ({"balance": 0.0}, {"variable": "arrears_rate"}, ["balance: found 0 at path 0, month 0, expected > 0"]),
    ],
)
def test_fan_names_every_fault(change, arguments, faults):
    result = made_up_result(paths=2, months=2)
    for name, value in change.items():
        result[name] = xr.full_like(result[name], value)
    with pytest.raises(InputError) as refused:
        plot.fan(result, **arguments)
    for fault in faults:
        assert fault in str(refused.value)
    assert len(refused.value.faults) == (3 if "ax" in arguments else 1)


def test_fan_refuses_what_it_cannot_lay_out():
    result = made_up_result(paths=2, months=2)
    with pytest.raises(InputError, match=r"sum or select the others first"):
        plot.fan(result["balance"])
    with pytest.raises(InputError, match=r"expected 4 or fewer in a plot; choose with .sel\(scenario="):
        plot.fan(made_up_result(paths=2, months=2, scenario=list("abcde")))
    with pytest.raises(InputError, match="found no month after the start"):
        plot.fan(result.isel(month=[0]), "paid")
    with pytest.raises(InputError, match="month: found type datetime64"):
        plot.fan(result["unemployment_rate"].assign_coords(month=np.array(["2020-01-31"] * 3, "M8[ns]")))
    with pytest.raises(InputError, match="found type"):
        plot.fan(provisions(result), "binding")
    with pytest.raises(InputError, match="found no values"):
        plot.fan(result["unemployment_rate"].isel(path=[]))


# arrears


def test_arrears_stacks_the_mean_share_of_each_late_bucket(ax):
    result = made_up_result(paths=5)
    plot.arrears(result, ax=ax)
    owed = result["balance"].sel(segment=OURS).sum("segment")
    shares = (owed / owed.sum("bucket")).mean("path").transpose("month", "bucket").values
    stack = np.cumsum(shares[:, 1:], axis=1)
    assert len(ax.collections) == 7
    for place, (_, _, top) in enumerate(bands(ax)):
        np.testing.assert_allclose(top, stack[:, place])
    assert f"not shown: current, {100 * shares[0, 0]:.1f} % at the start" in words(ax)
    assert ax.get_ylabel() == "share of the balance [%]"


def test_arrears_names_each_area_where_it_ends(ax):
    plot.arrears(made_up_result(), ax=ax)
    assert [text.get_text().split(" days: ")[0] for text in ax.texts] == list(BUCKETS[1:])
    assert ax.texts[-1].xy[1] == pytest.approx(bands(ax)[-1][2][-1], rel=0.2)


def test_arrears_of_a_book_without_arrears_is_empty_and_says_so(ax):
    result = made_up_result()
    result["balance"] = result["balance"].where(result["bucket"] == "current", 0.0)
    plot.arrears(result, ax=ax)
    assert "current, 100 % at the start and 100 % at the end" in words(ax)


def test_arrears_refuses_several_scenarios_at_once_with_other_faults():
    with pytest.raises(InputError) as refused:
        plot.arrears(made_up_result(paths=2, months=2, scenario=["a", "b"]), lender="nobody", ax=1)
    assert [fault.split(":")[0] for fault in refused.value.faults] == ["scenario", "lender", "ax"]
    one = made_up_result(paths=2, months=2, scenario=["a"])
    plot.arrears(one, ax=mpl.figure.Figure().add_subplot())
    with pytest.raises(InputError, match=r"balance: missing"):
        plot.arrears(one.drop_vars("balance"))


# loss_distribution


def test_losses_histogram_holds_all_paths_and_marks_stand_at_the_estimates(ax):
    losses = losses_of(made_up_result(paths=200))
    plot.loss_distribution(losses, ax=ax)
    shares, edges, _ = ax.patches[0].get_data()
    total = losses.sel(segment="total")
    assert shares.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(shares, np.histogram(total["loss_rate"], edges)[0] / 200)
    at = {line.get_label(): line.get_xdata()[0] for line in ax.lines}
    assert at["expected loss"] == total["expected_loss_rate"]
    assert at["VaR 90 %"] == total["value_at_risk_rate"].sel(level=0.9)
    assert at["ES 90 %"] == total["expected_shortfall_rate"].sel(level=0.9)
    value, se = (100 * float(total[name]) for name in ("expected_loss_rate", "expected_loss_rate_se"))
    assert f"expected loss: {value:.2f} % [{value - 1.96 * se:.2f}, {value + 1.96 * se:.2f}]" in words(ax)
    names = ("value_at_risk_rate_low", "value_at_risk_rate", "value_at_risk_rate_high")
    low, var, high = (100 * float(total[name].sel(level=0.9)) for name in names)
    assert f"VaR 90 %: {var:.2f} % [{low:.2f}, {high:.2f}]" in words(ax)
    assert ax.get_xlabel() == "loss over 12 months, share of the opening balance [%]"
    assert ax.get_title() == "Loss, ours\n200 paths; whiskers are 95 % intervals"


def test_losses_of_few_paths_show_that_the_interval_has_no_bound(ax):
    losses = loss_distribution(made_up_result(paths=20), levels=[0.9, 0.99])
    plot.loss_distribution(losses, ax=ax)  # 20 paths bound no interval: the lowest level
    assert "VaR 90 %" in words(ax)
    assert "∞]" in words(ax)
    assert ">" in [line.get_marker() for line in ax.lines]
    plot.loss_distribution(losses, ax=ax, level=0.99)  # no path beyond: ES has no standard error
    assert "(no interval)" in words(ax)


def test_losses_take_the_sharpest_level_that_the_paths_can_bear(ax):
    losses = loss_distribution(made_up_result(paths=200), levels=[0.5, 0.9, 0.999])
    assert "VaR 90 %" in words(plot.loss_distribution(losses, ax=ax))


def test_losses_of_scenarios_are_overlaid_with_names(ax):
    losses = losses_of(made_up_result(paths=60, scenario=NAMES[:2]))
    plot.loss_distribution(losses, ax=ax)
    assert [text.get_text() for text in ax.texts][::4] == NAMES[:2]
    assert len(ax.patches) == 4  # a fill and an outline each
    assert all(patch.get_data()[0].sum() == pytest.approx(1.0) for patch in ax.patches)


def test_losses_of_one_segment_and_of_a_book_without_losses(ax):
    result = made_up_result()
    assert plot.loss_distribution(losses_of(result), segment="ours:card", ax=ax).get_title().startswith("Loss, ours:ca")
    for name in ("written_off", "forgiven", "recovered"):
        result[name] = xr.zeros_like(result[name])
    plot.loss_distribution(losses_of(result), ax=ax)
    assert "expected loss: 0 % [0, 0]" in words(ax)


def test_losses_name_every_fault():
    losses = losses_of(made_up_result(paths=4, months=2))
    with pytest.raises(InputError) as refused:
        plot.loss_distribution(losses, segment="moon:card", level=0.75, ax=1)
    assert [fault.split(":")[0] for fault in refused.value.faults] == ["segment", "level", "ax"]
    with pytest.raises(InputError, match="value_at_risk_rate_low: missing"):
        plot.loss_distribution(losses.drop_vars("value_at_risk_rate_low"))
    with pytest.raises(InputError, match="loss_rate: found no finite rate for 'total'"):
        plot.loss_distribution(losses.assign(loss_rate=losses["loss_rate"] * np.nan))
    with pytest.raises(InputError, match=r"expected \('path', 'segment'\).*unreduced"):
        plot.loss_distribution(losses.sel(segment="total"))


# buffer


def test_buffer_is_a_line_at_its_size_below_the_band_that_has_its_level(ax):
    found = buffer_of(made_up_result(paths=100))
    plot.buffer(found, ax=ax)
    gap = np.sort(found["cumulative_gap"].transpose("path", "month").values, axis=0)
    (months, low, high), _ = bands(ax)
    np.testing.assert_allclose([low, high], gap[[10, 89]])  # 80 % of 100 paths: 90 % of them above the lower edge
    size = float(found["buffer"])
    line = next(line for line in ax.lines if (np.asarray(line.get_ydata()) == -size).all())
    assert line.get_xdata().tolist() == [1.0, 12.0]
    assert (low >= -size).all()
    amounts = [f"{float(found[name]) / 1e3:.1f}" for name in ("buffer", "buffer_low", "buffer_high")]
    assert f"buffer at 90 %: CNY {amounts[0]} thousand [{amounts[1]}, {amounts[2]}]" in words(ax)
    assert ax.get_ylabel() == "cumulative gap [CNY thousand]"
    assert months.tolist() == list(range(1, 13))


def test_buffer_marks_the_path_with_the_largest_shortfall_where_it_is_deepest(ax):
    found = buffer_of(made_up_result(paths=30))
    plot.buffer(found, ax=ax)
    worst = float(found["shortfall"].max())
    deepest = found["cumulative_gap"].isel(path=int(found["shortfall"].argmax("path")))
    mark = next(line for line in ax.lines if line.get_marker() == "v" and len(line.get_xdata()) == 1)
    assert mark.get_ydata()[0] == -worst
    assert mark.get_xdata()[0] == int(deepest["month"][int(deepest.argmin("month"))])
    assert f"worst path, short by CNY {worst / 1e3:.1f} thousand in month" in words(ax)


def test_buffer_of_few_paths_has_an_arrow_and_of_none_needed_no_worst_path(ax):
    result = made_up_result(paths=10)
    assert "∞]" in words(plot.buffer(buffer_of(result), ax=ax))
    rich = liquidity_buffer(result, Funding(0.0), level=0.4)
    rich = rich.assign(cumulative_gap=abs(rich["cumulative_gap"]), shortfall=rich["shortfall"] * 0.0)
    rich = rich.assign({name: rich[name] * 0.0 for name in ("buffer", "buffer_low", "buffer_high")})
    fresh = mpl.figure.Figure().add_subplot()
    assert words(plot.buffer(rich, ax=fresh)).endswith("buffer at 40 %: CNY 0 [0, 0]")


def test_buffers_of_scenarios_are_named(ax):
    found = buffer_of(made_up_result(paths=60, scenario=NAMES[:2]))
    plot.buffer(found, ax=ax)
    assert [text.get_text().splitlines()[0] for text in ax.texts] == NAMES[:2]
    sizes = {float(size) for size in -found["buffer"]}
    assert sizes <= {float(line.get_ydata()[0]) for line in ax.lines}


def test_buffer_names_every_fault():
    found = buffer_of(made_up_result(paths=5))
    with pytest.raises(InputError) as refused:
        plot.buffer(found.drop_vars(["buffer", "shortfall"]).drop_attrs(), ax=1)
    starts = [fault.split(":")[0] for fault in refused.value.faults]
    assert starts == ["shortfall", "buffer", "level", "ax"]
    with pytest.raises(InputError, match="cumulative_gap: found nan, 60 in all"):
        plot.buffer(found.assign(cumulative_gap=found["cumulative_gap"] * np.nan))
    with pytest.raises(InputError, match="level: found 90"):
        plot.buffer(found.assign_attrs(level=90))
