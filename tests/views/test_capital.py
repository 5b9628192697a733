"""Capital: the fan is the ratio's, and each of its hurdles is a line with limit and probability."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from stresslab.schema import InputError
from stresslab.views import plot
from stresslab.views.style import HUES
from tests.views.drawn import bands, overlapping, words

NAMES = ["base", "adverse", "severe", "very severe indeed"]
HURDLES = {"cet1_minimum": 0.045, "cet1_with_buffer": 0.07, "leverage_minimum": 0.03}
LABELS = ["CET1 minimum", "CET1 with buffer", "leverage minimum"]
OF = ["cet1_ratio", "cet1_ratio", "leverage_ratio"]


def adequacy(count=0, paths=20, months=6):
    """Ratios that fall by chance, in each scenario faster; 0: no such dimension. Breaches are made up."""
    rng = np.random.default_rng(0)
    falls = rng.uniform(0.0, 0.01, (max(count, 1), paths, months + 1)) * np.arange(1, max(count, 1) + 1)[:, None, None]
    falls[..., 0] = 0.0
    ratio = 0.13 - falls.cumsum(-1)
    breaches = np.array([0.05, 0.1, 0.15]) * np.arange(1, max(count, 1) + 1)[:, None]
    cell = ("scenario", "path", "month")
    found = xr.Dataset(
        {
            "cet1_ratio": (cell, ratio, {"units": "1"}),
            "leverage_ratio": (cell, ratio / 2.0, {"units": "1"}),
            "interbank_multiple": (cell, 50.0 * ratio, {"units": "1"}),
            "hurdle_limit": ("hurdle", list(HURDLES.values())),
            "hurdle_ratio": ("hurdle", OF),
            "breach_probability": (("scenario", "hurdle"), breaches),
        },
        {
            "month": np.arange(months + 1),
            "hurdle": list(HURDLES),
            "hurdle_label": ("hurdle", LABELS),
            "scenario": NAMES[: max(count, 1)],
        },
        {"currency": "CNY", "lender": "ours", "as_of": "2026-01"},
    )
    return found if count else found.isel(scenario=0, drop=True)


def hurdle_lines(ax):
    return [line.get_ydata().tolist() for line in ax.lines if len(set(line.get_ydata())) == 1]


def test_the_fan_is_the_ratio_and_its_hurdles_are_lines(ax):
    found = adequacy()
    plot.capital(found, ax=ax)
    ordered = np.sort(found["cet1_ratio"].values, axis=0)
    np.testing.assert_allclose(ax.lines[0].get_ydata(), np.median(ordered, axis=0))
    (_, low90, high90), (_, low50, high50) = bands(ax)[:2]
    np.testing.assert_allclose([low90, high90, low50, high50], ordered[[1, 18, 5, 14]])
    assert hurdle_lines(ax) == [[0.045, 0.045], [0.07, 0.07]]
    assert ax.get_title() == "CET1 ratio, ours\nmedian, and bands that hold 50 % and 90 % of 20 paths"
    assert (ax.get_ylabel(), ax.get_xlabel()) == ("CET1 ratio [%]", "months after 2026-01")


def test_limit_and_probability_stand_beside_the_hurdle(ax):
    plot.capital(adequacy(), ax=ax)
    said = [" ".join(text.get_text().split()) for text in ax.texts]
    assert said == [
        "CET1 minimum: 4.5 % breached on 5 % of paths",
        "CET1 with buffer: 7 % breached on 10 % of paths",
    ]
    assert [text.xy[1] for text in ax.texts] == [0.045, 0.07]
    assert not overlapping(ax)


def test_another_ratio_has_its_own_hurdles_name_and_unit(ax):
    plot.capital(adequacy(), "leverage_ratio", ax=ax, intervals=0.5)
    assert hurdle_lines(ax) == [[0.03, 0.03]]
    assert ax.get_title().startswith("Leverage ratio, ours\nmedian, and a band that holds 50 %")
    assert "leverage minimum: 3 % breached on 15 % of paths" in words(ax)
    multiple = plot.capital(adequacy(), "interbank_multiple", ax=Figure().add_subplot())
    assert multiple.get_ylabel() == "interbank multiple"
    assert not hurdle_lines(multiple)
    assert not multiple.texts


@pytest.mark.parametrize("count", [1, 2, 4])
def test_each_scenario_has_its_name_and_its_probabilities_in_its_hue(ax, count):
    found = adequacy(count)
    plot.capital(found, ax=ax)
    said = [(" ".join(text.get_text().split()), text.get_color()) for text in ax.texts]
    assert said[:count] == list(zip(NAMES[:count], HUES, strict=False))
    for place, chances in enumerate(found["breach_probability"].values[:, :2].T):
        part = said[count + place * (count + 1) :][: count + 1]
        assert part[:-1] == [(f"breached: {100 * p:.3g} %", HUES[k]) for k, p in enumerate(chances)][::-1]
        assert part[-1][0] == ["CET1 minimum: 4.5 %", "CET1 with buffer: 7 %"][place]
    assert not overlapping(ax)


def test_a_hurdle_without_a_label_has_its_name_in_words(ax):
    plot.capital(adequacy().drop_vars("hurdle_label"), ax=ax)
    assert "CET1 with buffer: 7 %" in words(ax)


def test_hurdles_may_be_coordinates(ax):
    found = adequacy().set_coords(["hurdle_limit", "hurdle_ratio"])
    assert hurdle_lines(plot.capital(found, ax=ax)) == [[0.045, 0.045], [0.07, 0.07]]


def test_every_fault_is_named():
    with pytest.raises(InputError) as refused:
        plot.capital(adequacy(), "rwa", ax=1, intervals=90.0)
    assert [fault.split(":")[0] for fault in refused.value.faults] == ["intervals", "ratio", "ax"]
    assert "expected one of ('cet1_ratio', 'leverage_ratio', 'interbank_multiple')" in str(refused.value)
    found = adequacy()
    with pytest.raises(InputError) as refused:
        plot.capital(found.drop_vars(["hurdle_limit", "breach_probability"]))
    assert [fault.split(":")[0] for fault in refused.value.faults] == ["hurdle_limit", "breach_probability"]
    with pytest.raises(InputError) as refused:
        plot.capital(found.assign(hurdle_limit=-found["hurdle_limit"], breach_probability=("hurdle", [5.0, 0.0, 0.0])))
    assert "hurdle_limit: found -0.045, 3 in all, expected finite numbers >= 0" in str(refused.value)
    assert "breach_probability: found 5.0, 1 in all, expected numbers from 0 to 1" in str(refused.value)
    with pytest.raises(InputError, match="cet1_ratio: found nan at path 0, month 0"):
        plot.capital(found.assign(cet1_ratio=found["cet1_ratio"] * np.nan))
    many = xr.concat([found] * 5, xr.Variable("scenario", list("abcde")), data_vars="all")
    with pytest.raises(InputError) as refused:
        plot.capital(many)
    assert [fault.split(":")[0] for fault in refused.value.faults] == ["scenario", "hurdle_limit, hurdle_ratio"]
    with pytest.raises(InputError, match="found list, expected a Dataset"):
        plot.capital([1.0])
