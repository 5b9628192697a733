"""Pieces of one simulation put together: the same bits as at once; what does not belong together is refused by name."""

import json
from functools import cache

import numpy as np
import pytest
import xarray as xr

import stresslab as sl
from stresslab.actions import EarlyWarning, Outreach
from stresslab.schema import InputError

NAMES = ("china-baseline", "china-2020", "collections-stop")
ACTING = {"responses": (EarlyWarning(), Outreach(name="calls")), "feedback": sl.Feedback(sample=300, rounds=2)}


@cache
def book():
    return sl.synthetic_portfolio("china-online", borrowers=400, seed=1, seasoning_months=6)


@cache
def fan():
    """Six paths of each of three scenarios, which differ in the normal growth of real income."""
    some = [sl.scenario(name).isel(month=slice(0, 3)).drop_vars("policy_rate", errors="ignore") for name in NAMES]
    calm = sl.scenario(some)
    trend = xr.DataArray([0.05, 0.02, 0.01], {"scenario": calm["scenario"]}, ("scenario",))
    return sl.macro_paths(calm.assign(real_income_trend=trend), 6, seed=2)


def simulated(macro, **others):
    return sl.simulate(book(), macro, seed=3, progress=False, **others)


@cache
def whole():
    return simulated(fan())


def piece(paths, scenarios=slice(None), **others):
    return simulated(fan().isel(path=paths, scenario=scenarios), **others)


@pytest.mark.parametrize("order", [1, -1])
def test_pieces_along_path_are_the_whole_to_the_last_bit(order):
    pieces = [piece([0, 1]), piece([2]), piece([3, 4, 5])][::order]
    xr.testing.assert_identical(sl.join(pieces), whole())
    xr.testing.assert_identical(sl.join(pieces, "path"), whole())


def test_pieces_along_scenario_are_the_whole_to_the_last_bit():
    every = slice(None)
    xr.testing.assert_identical(sl.join([piece(every, [0, 1]), piece(every, [2])]), whole())
    xr.testing.assert_identical(sl.join([piece(every, place) for place in range(3)], "scenario"), whole())
    turned = sl.join([piece(every, [2]), piece(every, [0, 1])])
    assert turned["scenario"].values.tolist() == [NAMES[2], NAMES[0], NAMES[1]]
    xr.testing.assert_equal(turned.sel(scenario=list(NAMES)), whole())
    assert json.loads(turned.attrs["macro"])["scenario"] == [NAMES[2], NAMES[0], NAMES[1]]


def test_pieces_along_both_are_the_whole_to_the_last_bit():
    first, second = [0, 3, 5], [1, 2, 4]
    pieces = [piece(first, [0]), piece(second, [1, 2]), piece(first, [1, 2]), piece(second, [0])]
    xr.testing.assert_identical(sl.join(pieces).sel(scenario=list(NAMES)), whole())


def test_responses_feedback_and_traces_come_along():
    acting = ACTING | {"trace": [int(book()["borrower_id"][0])]}
    one = slice(0, 2)
    joined = sl.join([piece([0, 1], one, **acting), piece([2, 3], one, **acting)])
    at_once = piece([0, 1, 2, 3], one, **acting)
    assert {"feedback_gap", "amplification", "contacts", "trace_pay"} <= set(joined.data_vars)
    assert {"traced", "response", "measure"} <= set(joined.dims)
    xr.testing.assert_equal(joined, at_once)
    assert {key: value for key, value in joined.attrs.items() if key != "notes"} == {
        key: value for key, value in at_once.attrs.items() if key != "notes"
    }


def test_a_scenario_without_a_label_stays_without_one():
    at_once, *pieces = [piece(some, 0) for some in ([0, 1, 2], [0, 1], [2])]
    assert "scenario" not in at_once.coords
    xr.testing.assert_identical(sl.join(pieces), at_once)


def test_scenarios_simulated_alone_are_labelled_by_their_names():
    alone = [sl.scenario(name).isel(month=slice(0, 3)).drop_vars("policy_rate", errors="ignore") for name in NAMES]
    joined = sl.join([simulated(macro) for macro in alone])
    assert joined["scenario"].values.tolist() == list(NAMES)
    xr.testing.assert_equal(joined, simulated(sl.scenario(alone)))
    assert json.loads(joined.attrs["macro"])["scenario"] == list(NAMES)


def test_values_in_chunks_stay_in_chunks():
    pytest.importorskip("dask")
    joined = sl.join([piece([0, 1]).chunk(month=1), piece([2, 3, 4, 5]).chunk(month=1)])
    assert joined["balance"].chunks is not None
    xr.testing.assert_identical(joined.load(), whole())


def test_other_versions_are_said():
    old = piece([2, 3, 4, 5]).assign_attrs(python="3.10.1")
    said = [note for note in sl.notes(sl.join([piece([0, 1]), old])) if note.startswith("join:")]
    assert len(said) == 1
    assert "python differ among the pieces" in said[0]
    assert "'3.10.1'" in said[0]


def relabelled(**attrs):
    return lambda: [piece([0, 1]), piece([2, 3]).assign_attrs(attrs)]


def unnamed(place):
    """A result of a scenario that tells neither label nor name."""
    macro = fan().isel(scenario=place, path=[0], drop=True).drop_vars("name", errors="ignore")
    macro.attrs.pop("name", None)
    return simulated(macro)


OTHER_MODEL = sl.Model.from_preset("china-online").replace(**{"willingness.forgetting": 0.06})
REFUSED = {
    "one piece": (lambda: [whole()], "results: found 1, expected at least 2"),
    "a dataset": (whole, "results: found Dataset, expected a list of Dataset"),
    "text": (lambda: "ab", "results: found 'ab', expected a list"),
    "a frame": (
        lambda: [whole(), whole()["own_share"].to_dataframe()],
        r"results: found \[Dataset, DataFrame of shape \(\d+, \d\)\], expected a list of Datasets",
    ),
    "a measure": (
        lambda: [whole(), sl.by_lender(whole())],
        r"results\[1\]: found variables 'arrears_rate', 'arrears_rate_90', expected variables of simulate\(\) alone",
    ),
    "a portfolio": (lambda: [book(), book()], r"results\[0\]: found variables 'borrower_id', .*join the results, then"),
    "nothing": (lambda: [xr.Dataset(), whole()], r"results\[0\]: found no variables"),
    "no paths": (lambda: [piece([0]), piece([1]).isel(path=[])], r"join: 1 fault\n.*results\[1\]: found no paths"),
    "no scenarios": (lambda: [whole().isel(scenario=[]), whole()], r"results\[0\]: found no scenarios, expected at"),
    "a mean": (lambda: [piece([0]), piece([1]).mean("path", keep_attrs=True)], r"results\[1\]: found \w+ along"),
    "a single path": (
        lambda: [piece([0]), piece([1]).isel(path=0)],
        r"results\[1\]: found \w+ along .*, expected .*; give it as simulated, with single paths as a list",
    ),
    "no attrs": (lambda: [piece([0]), piece([1]).drop_attrs()], r"results\[1\]: missing fingerprint and seed in attrs"),
    "no labels": (lambda: [piece([0]), piece([1]).drop_vars("path")], r"results\[1\]: missing labels of 'path'"),
    "currency": (relabelled(currency="USD"), r"currency: found 'CNY' and 'USD' in results\[0\] and results\[1\]"),
    "unit": (relabelled(unit=1000), r"unit: found None and 1000 in results\[0\] and results\[1\]"),
    "own lender": (relabelled(own_lender="bank-1"), r"own_lender: found '\w+' and 'bank-1'"),
    "seed": (
        lambda: [piece([0]), sl.simulate(book(), fan().isel(path=[1]), seed=4, progress=False)],
        "seed: found '3' and '4'",
    ),
    "model": (
        lambda: [piece([0]), piece([1], model=OTHER_MODEL)],
        r"model\.willingness\.forgetting: found .* and 0\.06",
    ),
    "renewal": (lambda: [piece([0]), piece([1], renewal="run-off")], "renewal: found 'static' and 'run-off'"),
    "responses": (lambda: [piece([0]), piece([1], **ACTING)], "contacts: found in only one of results"),
    "horizon": (
        lambda: [piece([0]), piece([1], horizon=2)],
        r"horizon: found 3 and 2 months in results\[0\] and results\[1\], expected one for all; cut the longer: i",
    ),
    "months": (lambda: [piece([0]).isel(month=[0, 1]), piece([1]).isel(month=[0, 2])], "month: found 0, 1 and 0, 2"),
    "repeated draws": (lambda: [piece([0, 1]), piece([1, 2])], "path: found 1 .*more than once \\(repeated draws\\)"),
    "no label": (
        lambda: [piece([0], 0), piece([0], 1).assign_attrs(macro="{}")],
        "scenario: found none in some results, expected a label in each",
    ),
    "no labels of economies": (
        lambda: [unnamed(0), unnamed(1)],
        r"join: 1 fault\n.*scenario: found none in results of different economies \(macro\.\w+ .*; give one with",
    ),
    "a scenario in part": (
        lambda: [piece([0, 1], [0]), piece([0], [1])],
        "path: found 0 in 'china-2020' and 0, 1 in 'china-baseline', expected the same paths in all scenarios",
    ),
    "another economy": (
        lambda: [
            piece([0], [0]),
            simulated(fan().isel(path=[1], scenario=[0]).assign(real_income_trend=("scenario", [0.01]))),
        ],
        "real_income_trend: found 0.05 and 0.01, expected one economy",
    ),
    "segments": (lambda: [piece([0]), piece([1]).isel(segment=[0])], "segment: found .* expected one for all"),
    "own share": (
        lambda: [piece([0]), piece([1]).assign(own_share=0.5 * whole()["own_share"])],
        r"own_share: found other values in results\[1\] than in results\[0\], expected the same",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_belong_together_is_refused_by_name(name):
    build, message = REFUSED[name]
    with pytest.raises(InputError, match=message) as caught:
        sl.join(build())
    assert caught.value.subject == "join"


def test_a_dimension_along_which_they_do_not_differ_is_refused():
    pieces = [piece([0, 1], [0]), piece([0, 1], [1])]
    with pytest.raises(InputError, match="scenario: found 'china-baseline' and 'china-2020', expected the same along"):
        sl.join(pieces, "path")
    with pytest.raises(InputError, match=r"dim: found 'month', expected one of \(None, 'path', 'scenario'\)"):
        sl.join(pieces, "month")


def test_faults_come_at_once():
    pieces = [piece([0]), piece([1], horizon=2, renewal="run-off").assign_attrs(currency="USD")]
    with pytest.raises(InputError) as caught:
        sl.join(pieces)
    assert {fault.split(":")[0] for fault in caught.value.faults} == {"horizon", "renewal", "currency"}
    with pytest.raises(InputError) as caught:
        sl.join([xr.Dataset()], "month")
    assert [fault.split(":")[0] for fault in caught.value.faults] == ["dim", "results", "results[0]"]


def test_a_measure_of_the_joined_is_that_of_the_whole():
    joined = sl.join([piece([3, 4, 5]), piece([0, 1, 2])])
    xr.testing.assert_identical(sl.loss_distribution(joined, levels=0.5), sl.loss_distribution(whole(), levels=0.5))
    assert np.isfinite(sl.loss_distribution(joined, levels=0.5)["loss"]).all()
