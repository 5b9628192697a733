"""Scenarios side by side: what is cut, filled and said, what is refused, and that company changes nobody."""

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import stresslab as sl
from stresslab.noted import told
from stresslab.schema import FACTS, MACRO_NEUTRAL, InputError

NAMES = ("us-2020", "fed-2026-severely-adverse", "us-2007", "china-baseline", "collections-stop")
MONTHS = {"us-2020": 27, "fed-2026-severely-adverse": 39, "us-2007": 48, "china-baseline": 36, "collections-stop": 36}


def refused(given):
    with pytest.raises(InputError) as caught:
        sl.scenario(given)
    return caught.value.faults


def test_each_has_its_own_numbers_and_trend():
    both = sl.scenario(["fed-2026-severely-adverse", "us-2007", "china-baseline"])
    assert both["real_income_trend"].values.round(4).tolist() == [0.0215, 0.0347, 0.05]
    for name in both["scenario"].values:
        alone = sl.scenario(name).isel(month=slice(0, 36))
        for variable in alone.data_vars:
            xr.testing.assert_identical(
                both[variable].sel(scenario=name).reset_coords(drop=True), alone[variable].reset_coords(drop=True)
            )


def test_what_was_cut_filled_and_left_out_is_said():
    shock = sl.shock_scenario(0.1, months=40)
    both = sl.scenario({"stop": "collections-stop", "shock": shock, "covid": "us-2020"})
    assert both.sizes == {"scenario": 3, "month": 27}
    assert "gdp_growth" not in both
    assert (both["collections_capacity"].sel(scenario="shock") == MACRO_NEUTRAL["collections_capacity"]).all()
    assert both["collections_capacity"].sel(scenario="stop").min() < 1.0
    assert sl.notes(both) == [
        "month: cut to 27, those of covid; longer are stop (36), shock (40)",
        "furlough_share: neutral, 0, in stop, shock",
        "furlough_income_loss: neutral, 0, in stop, shock",
        "collections_capacity: neutral, 1, in shock, covid",
        "gdp_growth: left out, as it is not in shock",
        "start: month 1 is 2026-01 in stop, 2026-01 in shock, 2020-01 in covid",
    ] or "gdp_growth: left out, as it is not in shock" in sl.notes(both)


def test_nothing_is_said_where_nothing_was_done():
    assert sl.notes(sl.scenario(["fed-2026-baseline", "fed-2026-severely-adverse"])) == []


def test_notes_of_each_are_kept_under_its_label():
    odd = sl.scenario("china-baseline").assign_attrs(notes=json.dumps(["line 3: read as 5.2 %"]))
    assert sl.notes(sl.scenario({"odd": odd, "calm": "china-baseline"})) == ["odd: line 3: read as 5.2 %"]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_told_of_one_is_told_of_it_among_others(name):
    alone, among = sl.scenario(name), sl.scenario(NAMES).sel(scenario=name)
    for fact in FACTS:
        assert told(among, fact) == told(alone, fact)
    assert not set(FACTS) & set(sl.scenario(NAMES).attrs)
    scaled = (sl.scenarios.scale(macro.isel(month=slice(0, 27)), 1.5) for macro in (alone, among))
    first, second = (macro.drop_vars(["gdp_growth", *MACRO_NEUTRAL], errors="ignore") for macro in scaled)
    xr.testing.assert_equal(first, second)
    assert all(first.attrs[fact] == second.attrs[fact] for fact in ("name", "publisher", "start"))


def test_labels_are_the_names_or_those_given():
    steep = sl.scenarios.scale(sl.scenario("us-2007"), 1.5)
    both = sl.scenario(["us-2007", steep])
    assert both["scenario"].values.tolist() == ["us-2007", "us-2007 x 1.5"]
    assert sl.scenario({"a": steep, "b": steep})["scenario"].values.tolist() == ["a", "b"]
    assert sl.scenario(("us-2007",)).sizes["scenario"] == 1
    again = sl.scenario([both.sel(scenario="us-2007"), "china-baseline"])
    assert again["scenario"].values.tolist() == ["us-2007", "china-baseline"]
    table = sl.scenarios.table()
    pboc = table.loc[table["name"].str.startswith("pboc"), "name"]
    assert sl.scenario(pboc)["scenario"].values.tolist() == pboc.tolist()


CALM = sl.scenario("china-baseline")
REFUSED = {
    "a label twice": (["us-2007", sl.scenario("us-2007")], ["'us-2007': found twice, expected different labels"]),
    "an empty label": ({" ": "us-2007"}, ["found label ' ', expected a name"]),
    "no name": ([CALM.drop_attrs(deep=False)], ["position 0: found label '', expected a name"]),
    "a number as label": (
        {1: "us-2007"},
        ["name: found {1: 'us-2007'}, expected text, a list of text or a Dataset or a dict"],
    ),
    "nothing": ([], ["found no scenario"]),
    "a set": ({"us-2007"}, ["name: found {'us-2007'}, expected text, a list of text"]),
    "a dataset alone": (CALM, ["name: found Dataset, expected text, a list of text or a Dataset"]),
    "a number": (5, ["name: found 5, expected text"]),
    "a number among them": (["us-2007", 5], ["name: found ['us-2007', 5], expected text, a list of text or a Dataset"]),
    "two unknown names": (["us-2077", "us-2078"], ["found 'us-2077'", "found 'us-2078'"]),
    "several already": (
        {"a": sl.scenario(["us-2007"]), "b": sl.macro_paths(CALM, 2, seed=1)},
        ["'a': found dimensions scenario beside month", "'b': found dimensions path beside month"],
    ),
    "several already, in a list": (
        [sl.scenario(["us-2007"]), sl.macro_paths(CALM, 2, seed=1)],
        ["position 0: found dimensions scenario beside month", "'china-baseline': found dimensions path beside month"],
    ),
    "faults of two": (
        {"a": CALM.assign(unemployment_rate=CALM["unemployment_rate"] * 100), "b": CALM.isel(month=slice(3, None))},
        ["'a': unemployment_rate: found 5.2", "'b': month: found 4, 5, 6"],
    ),
    "a policy rate in one": (
        ["china-baseline", "pboc-2025-severe"],
        ["policy_rate: found in china-baseline and not in pboc-2025-severe, expected in all or none"],
    ),
    "a trend in one": (
        {"a": CALM, "b": CALM.drop_vars("real_income_trend")},
        ["real_income_trend: found in a and not in b, expected in all or none; assign a number"],
    ),
    "the attribute of old": (
        {"a": CALM.drop_vars("real_income_trend").assign_attrs(real_income_trend=0.05)},
        ["'a': real_income_trend: found 0.05 in attrs, expected a variable"],
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_stand_side_by_side_is_refused(case):
    given, words = REFUSED[case]
    faults = refused(given)
    assert len(faults) == len(words)
    for word, fault in zip(words, faults, strict=True):
        assert word in fault


@pytest.mark.parametrize("combine", ["override", "drop", "drop_conflicts"])
def test_scenarios_put_together_by_xarray_keep_their_trends_or_are_refused(combine):
    """Equal months are the same bits as alone; gaps that xarray leaves are blamed on the shorter scenario."""
    parts = [sl.scenario(name) for name in NAMES]
    label = pd.Index(NAMES, name="scenario")
    months = min(part.sizes["month"] for part in parts)
    names = ["unemployment_rate", "real_income_growth", "real_income_trend"]
    cut = xr.concat([part[names].isel(month=slice(0, months)) for part in parts], label, combine_attrs=combine)
    book = sl.synthetic_portfolio("us-card", borrowers=40, seed=1, seasoning_months=0)
    given = {"seed": 1, "horizon": 3, "progress": False}
    together = sl.simulate(book, cut, **given)
    for name, part in zip(NAMES, parts, strict=True):
        alone = sl.simulate(book, part[names], **given)
        np.testing.assert_array_equal(together["balance"].sel(scenario=name), alone["balance"])
    padded = xr.concat([part[names] for part in parts], label, combine_attrs=combine, join="outer")
    with pytest.raises(InputError) as caught:
        sl.simulate(book, padded, **given)
    short = [name for name, part in zip(NAMES, parts, strict=True) if part.sizes["month"] < padded.sizes["month"]]
    assert len(caught.value.faults) == len(short)
    for name, fault in zip(short, caught.value.faults, strict=True):
        assert f"found nan in scenario {name!r} from month " in fault
        assert fault.endswith("put scenarios of different months or variables side by side by scenario([...])")


MODELS = {
    "monthly": sl.scenarios.PathModel(),
    "normal": sl.scenarios.VAR.fit(),
    "tails": sl.scenarios.VAR.fit(tails="t"),
    "blocks": sl.scenarios.BlockBootstrap.fit(),
    "regimes": sl.scenarios.RegimeSwitching.fit(),
}


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
@settings(max_examples=8, deadline=None)
@given(st.lists(st.sampled_from(NAMES), min_size=1, unique=True), st.integers(1, 40))
def test_paths_are_the_same_bits_alone_and_in_any_company(model, names, paths):
    asked = {"seed": 3, "model": MODELS[model], "draws": "random"}
    fan = sl.macro_paths(sl.scenario(names), paths, **asked)
    for name in names:
        alone = sl.macro_paths(sl.scenario(name), paths, **asked)
        for variable in fan.data_vars:
            if variable in alone:
                here = fan[variable].sel(scenario=name).values
                there = alone[variable].values
                np.testing.assert_array_equal(here, there[..., : fan.sizes["month"]] if there.ndim else there)


@pytest.mark.parametrize("asked", [{"draws": "sobol"}, {"mode": "through", "model": MODELS["normal"]}])
def test_paths_that_depend_on_the_number_of_months_are_refused_after_a_cut(asked):
    cut = sl.scenario(["us-2007", "us-2020"])
    with pytest.raises(InputError, match=r"cut from 48 to 27 months.*isel|cut from 48 to 27 months.*cut each to 27"):
        sl.macro_paths(cut, 4, seed=1, **asked)
    alike = sl.scenario([sl.scenario(name).isel(month=slice(0, 27)) for name in ("us-2007", "us-2020")])
    fan = sl.macro_paths(alike, 4, seed=1, **asked)
    alone = sl.macro_paths(sl.scenario("us-2007").isel(month=slice(0, 27)), 4, seed=1, **asked)
    for variable in ("unemployment_rate", "real_income_growth", "policy_rate"):
        np.testing.assert_array_equal(fan[variable].sel(scenario="us-2007"), alone[variable])


def test_a_file_keeps_what_is_told(tmp_path):
    both = sl.scenario(NAMES)
    both.to_netcdf(tmp_path / "both.nc")
    with xr.open_dataset(tmp_path / "both.nc") as back:
        xr.testing.assert_equal(back.load(), both)
        assert sl.notes(back) == sl.notes(both)
        assert told(back.sel(scenario="us-2007"), "start") == told(sl.scenario("us-2007"), "start")
