"""Tornado: bars, whiskers and words are the numbers they were given, the largest on top."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import same_color
from matplotlib.figure import Figure

from stresslab.schema import InputError
from stresslab.views import plot
from stresslab.views.style import HUES
from stresslab.views.tornado import rows_of
from tests.views.drawn import overlapping, ticks

ATTRS = {"outcome": "the loss rate", "units": "1"}


def sensitivity(low=(-0.01, 0.03, 0.001), high=(0.02, -0.01, 0.004), se=0.001, base=0.05, **attrs):
    """Three parameters: the first two with effects to both sides, of the third both values raise the outcome."""
    count = len(low)
    effects = {
        "low": np.array(low),
        "high": np.array(high),
        "low_se": np.full(count, se),
        "high_se": np.full(count, se),
    }
    values = {"low_value": 0.1 * np.arange(1, count + 1), "high_value": 10.0 * np.arange(1, count + 1)}
    variables = {name: ("parameter", each) for name, each in (effects | values).items()}
    names = [["pay", "contact", "buffer"][k] if k < 3 else f"parameter {k}" for k in range(count)]
    return xr.Dataset(variables | {"base": base}, {"parameter": names}, ATTRS | attrs)


def bars(ax):
    """(centre, effect, thickness) of each bar, in order of drawing."""
    drawn = [bar for container in ax.containers for bar in container]
    return [(bar.get_y() + bar.get_height() / 2, bar.get_width(), bar.get_height()) for bar in drawn]


def whiskers(ax):
    return [line.get_xdata() for line in ax.lines if line.get_marker() == "|"]


def test_bars_are_the_effects_with_the_largest_on_top(ax):
    plot.tornado(sensitivity(), ax=ax)
    assert ticks(ax.yaxis) == ["contact", "pay", "buffer"]
    assert ax.yaxis_inverted()  # row 0 is on top
    assert [effect for _, effect, _ in bars(ax)] == [0.03, -0.01, -0.01, 0.02, 0.001, 0.004]
    assert [centre for centre, *_ in bars(ax)][:4] == pytest.approx([0.0, 0.0, 1.0, 1.0])
    hues = [container[0].get_facecolor() for container in ax.containers]
    assert all(same_color(hue[:3], HUES[k % 2]) for k, hue in enumerate(hues))


def test_two_effects_of_one_sign_share_the_row(ax):
    plot.tornado(sensitivity(), ax=ax)
    (low, _, thin), (high, _, also) = bars(ax)[4:]
    assert low + thin / 2 == pytest.approx(2.0) == high - also / 2
    assert [thin, also] == pytest.approx([bars(ax)[0][2] / 2] * 2)


def test_whiskers_are_95_percent_intervals_and_unknown_errors_have_none(ax):
    plot.tornado(sensitivity(), ax=ax)
    np.testing.assert_allclose(whiskers(ax)[0], [0.03 - 1.96e-3, 0.03 + 1.96e-3], atol=1e-7)
    assert len(whiskers(ax)) == 6
    assert ax.get_title().endswith("; whiskers are 95 % intervals")
    for se in (np.nan, 0.0):
        plain = plot.tornado(sensitivity(se=se), ax=Figure().add_subplot())
        assert not whiskers(plain)
        assert plain.get_title() == "What moves the loss rate\nfrom 5 %, one parameter at a time"


def test_values_of_the_parameters_stand_beyond_the_ends_of_bars_and_whiskers(ax):
    plot.tornado(sensitivity(), ax=ax)
    assert [text.get_text() for text in ax.texts] == ["0.2", "20", "0.1", "10", "0.3", "30"]
    at = [text.xy[0] for text in ax.texts]
    effects = np.array([0.03, -0.01, -0.01, 0.02, 0.001, 0.004])
    np.testing.assert_allclose(at, effects + np.sign(effects) * 1.959964e-3)
    assert [text.get_ha() for text in ax.texts] == ["left", "right", "right", "left", "left", "left"]
    assert not overlapping(ax)


def test_a_parameter_without_effect_has_its_low_value_on_the_left(ax):
    plot.tornado(sensitivity([0.0, 0.0], [0.0, 0.01], se=0.0), ax=ax)
    assert [text.get_text() for text in ax.texts] == ["0.2", "20", "0.1", "10"]
    assert [text.get_ha() for text in ax.texts] == ["right", "left", "right", "left"]


@pytest.mark.parametrize(
    ("units", "base", "label", "said"),
    [
        ("1", 0.0321, "change in the loss rate [percentage points]", "from 3.21 %,"),
        ("currency", -2.5e6, "change in the loss rate [CNY]", "from -CNY 2.50 million,"),
        ("month", 7.0, "change in the loss rate [month]", "from 7 month,"),
    ],
)
def test_the_picture_says_what_is_moved_from_where_and_in_what(ax, units, base, label, said):
    plot.tornado(sensitivity(units=units, currency="CNY", base=base), ax=ax)
    assert ax.get_xlabel() == label
    assert said in ax.get_title()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "low value, written beside",
        "high value, written beside",
    ]


@pytest.mark.parametrize("count", [1, 8, 20])
def test_up_to_twenty_parameters_are_legible(count):
    size = 0.02 * 0.8 ** np.arange(count)
    found = sensitivity(-size, 0.7 * size)
    ax = plot.tornado(found)
    assert not overlapping(ax)
    assert min(text.get_fontsize() for text in ax.texts) >= 9.0
    assert ax.figure.get_size_inches()[1] == (9.6 if count == 20 else 6.0)
    plt.close(ax.figure)


@given(effects=st.lists(st.tuples(st.floats(-1.0, 1.0), st.floats(-1.0, 1.0)), min_size=1, max_size=20))
def test_rows_keep_every_parameter_and_fall_in_size(effects):
    low, high = zip(*effects, strict=True)
    rows = rows_of(sensitivity(low, high))
    sizes = [float(np.abs(row.effects).max()) for row in rows]
    assert sizes == sorted(sizes, reverse=True)
    found = {row.name: tuple(row.effects) for row in rows}
    names = sensitivity(low, high)["parameter"].values
    assert found == {str(name): pair for name, pair in zip(names, effects, strict=True)}


def test_every_fault_is_named():
    with pytest.raises(InputError) as refused:
        plot.tornado(sensitivity().drop_vars(["low", "base"]).drop_attrs(), ax=1)
    starts = [fault.split(":")[0] for fault in refused.value.faults]
    assert starts == ["low", "base", "outcome", "units", "ax"]
    with pytest.raises(InputError) as refused:
        plot.tornado(sensitivity([np.nan] * 21, [0.1] * 21, se=-1.0))
    starts = [fault.split(",")[0] for fault in refused.value.faults]
    assert starts == ["parameter: found 21", "low: found nan", "low_se: found -1.0", "high_se: found -1.0"]
    two = xr.concat([sensitivity(), sensitivity()], xr.Variable("scenario", ["a", "b"]))
    with pytest.raises(InputError, match=r"scenario: found \['a', 'b'\], expected 1 in a plot"):
        plot.tornado(two)
    with pytest.raises(InputError, match="found list, expected a Dataset"):
        plot.tornado([1.0])
