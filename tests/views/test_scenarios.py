"""Scenarios side by side: each panel's lines are the numbers of the scenarios, and every fault is named."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from stresslab.scenarios.library import scenario
from stresslab.scenarios.paths import macro_paths
from stresslab.schema import InputError
from stresslab.views import plot
from stresslab.views.scenarios import COLOURS, moving


def drawn(*scenarios):
    shown = [scenario(one) if isinstance(one, str) else one for one in scenarios]
    figure = plot.scenario(*shown, figure=Figure(figsize=(13, 7), layout="constrained"))
    return figure, {ax.get_title(loc="left"): ax for ax in figure.axes}


def test_lines_are_the_numbers():
    figure, panels = drawn("fed-2026-baseline", "fed-2026-severely-adverse")
    assert list(panels) == ["Unemployment", "Real income", "Growth of real GDP", "Inflation", "Short rate"]
    severe = scenario("fed-2026-severely-adverse")
    np.testing.assert_array_equal(panels["Unemployment"].lines[1].get_ydata(), severe.unemployment_rate)
    np.testing.assert_array_equal(panels["Unemployment"].lines[1].get_xdata(), severe.month)
    assert panels["Unemployment"].get_ylabel() == "unemployed over labour force [%]"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "fed-2026-baseline",
        "fed-2026-severely-adverse",
    ]


def test_income_is_an_index_from_100():
    _, panels = drawn("china-baseline", "income-only")
    calm, poor = (line.get_ydata() for line in panels["Real income"].lines[:2])
    assert calm[[0, 12, 24]] == pytest.approx([100, 105, 110.25])
    assert poor[[0, 12, 24]] == pytest.approx([100, 94.5, 94.5 * 1.05])
    assert panels["Real income"].get_ylabel() == "index, 100 at the start"


def test_only_what_moves_has_a_panel_and_the_unsaid_is_neutral():
    _, panels = drawn("china-baseline", "collections-stop")
    assert list(panels) == ["Unemployment", "Real income", "Capacity of collections"]
    calm, stop = (line.get_ydata() for line in panels["Capacity of collections"].lines[:2])
    assert set(calm) == {1.0}
    assert list(stop[:3]) == [0.0, 0.0, 1.0]
    assert moving([("a", scenario("china-baseline"))]) == ["unemployment_rate", "real_income_growth"]


def test_a_variable_that_one_scenario_leaves_out_has_no_line():
    _, panels = drawn("fed-2026-baseline", "pboc-2025-severe")
    assert len(panels["Short rate"].lines) == 1
    assert panels["Short rate"].lines[0].get_color() == COLOURS[0]


def test_a_scenario_dimension_is_several_and_one_alone_has_its_name_above():
    names = ["fed-2026-baseline", "fed-2026-severely-adverse"]
    both = scenario(names)
    figure, panels = drawn(both)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == names
    assert panels["Unemployment"].lines[1].get_ydata().max() == pytest.approx(0.1, abs=1e-3)
    alone, _ = drawn("us-2007")
    assert alone.get_suptitle() == "us-2007"
    assert not alone.legends


def test_seven_lines_differ_in_hue():
    _, panels = drawn(*["us-1990", "us-2001", "us-2007", "us-2020"], *[f"pboc-2025-{n}" for n in ("light", "medium")])
    assert len({line.get_color() for line in panels["Unemployment"].lines}) == 6


def test_every_fault_is_named():
    paths = macro_paths(scenario("china-baseline"), 2, seed=1)
    bad = scenario("us-2007").assign(unemployment_rate=("month", np.full(48, 9.0)))
    with pytest.raises(InputError) as caught:
        plot.scenario(paths, bad, figure="page")
    said = ["scenario 1: found a dimension path", "scenario 2: unemployment_rate: found 9.0", "figure: found 'page'"]
    assert [fault[: len(part)] for fault, part in zip(caught.value.faults, said, strict=True)] == said
    with pytest.raises(InputError, match=r"scenarios: found \('us-1830', Dataset\), expected .*; use scenario\(\)"):
        plot.scenario("us-1830", bad)
    with pytest.raises(InputError, match="found 8, expected 1 to 7"):
        plot.scenario(*[scenario("us-2007")] * 8)
    with pytest.raises(InputError, match="found 0, expected 1 to 7"):
        plot.scenario()
