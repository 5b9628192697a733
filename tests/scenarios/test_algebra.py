"""Scenarios made of others: exact arithmetic, a history that grows, and what is refused."""

import json

import numpy as np
import pytest
import xarray as xr

from stresslab.scenarios.algebra import BORROWER_VARIABLES, blend, delay, scale, shift, splice
from stresslab.scenarios.library import history_of, macro_attrs, scenario
from stresslab.schema import MONTHLY, InputError


@pytest.fixture(scope="module")
def ends():
    return scenario("fed-2026-baseline"), scenario("fed-2026-severely-adverse")


@pytest.mark.parametrize("multiple", [0.0, 0.3, 1.0, 1.7])
def test_each_variable_of_borrowers_lies_on_the_line(ends, multiple):
    calm, bad = ends
    found = blend(calm, bad, multiple)
    for name in ("unemployment_rate", "real_income_growth"):
        line = calm[name].values + multiple * (bad[name].values - calm[name].values)
        np.testing.assert_allclose(found[name].values, line, rtol=0, atol=1e-15)
    for name in ("inflation", "policy_rate", "gdp_growth"):
        xr.testing.assert_identical(found[name], calm[name])
    assert found["real_income_trend"] == calm["real_income_trend"]
    assert "fed-2026-severely-adverse" in found.attrs["history"]


def test_the_ends_are_the_scenarios(ends):
    calm, bad = ends
    xr.testing.assert_equal(blend(calm, bad, 0.0), calm)
    for name in ("unemployment_rate", "real_income_growth"):
        np.testing.assert_allclose(blend(calm, bad, 1.0)[name], bad[name], rtol=1e-12)


def test_an_optional_variable_is_neutral_where_it_is_not_spoken_of(ends):
    calm, _ = ends
    tight = calm.assign(line_supply=("month", np.full(calm.sizes["month"], 0.4)))
    np.testing.assert_allclose(blend(calm, tight, 0.5)["line_supply"], 0.7)
    np.testing.assert_allclose(blend(tight, calm, 0.25)["line_supply"], 0.55)
    assert "line_supply" in BORROWER_VARIABLES


def test_a_longer_end_is_cut_and_a_shorter_one_refused(ends):
    calm, bad = ends
    assert blend(calm.isel(month=slice(0, 12)), bad, 1.0).sizes["month"] == 12
    with pytest.raises(InputError, match="month: found 12 in end, expected 39 or more"):
        blend(calm, bad.isel(month=slice(0, 12)), 1.0)


def test_every_fault_is_named(ends):
    calm, bad = ends
    with pytest.raises(InputError, match="multiple: found nan"):
        blend(calm, bad, float("nan"))
    with pytest.raises(InputError, match="unemployment_rate: found"):
        blend(calm, bad, 40.0)  # beyond 60 % out of work
    with pytest.raises(InputError, match="expected 'month' alone"):
        blend(calm.expand_dims(path=[0]), bad, 1.0)


def test_scaling_from_a_baseline_is_exact(ends):
    calm, bad = ends
    found = scale(bad, 1.4, baseline=calm)
    for name in ("unemployment_rate", "real_income_growth"):
        np.testing.assert_allclose(found[name], calm[name] + 1.4 * (bad[name] - calm[name]), rtol=0, atol=1e-15)
    for name in ("inflation", "policy_rate", "gdp_growth"):
        xr.testing.assert_identical(found[name], bad[name])
    assert found.attrs["name"] == "fed-2026-severely-adverse x 1.4"


def test_scaling_from_the_first_month_keeps_it(ends):
    _, bad = ends
    found = scale(bad, 0.5, variables=["unemployment_rate"])
    start = bad.unemployment_rate.values[0]
    np.testing.assert_allclose(
        found.unemployment_rate, start + 0.5 * (bad.unemployment_rate.values - start), atol=1e-15
    )
    xr.testing.assert_identical(found.real_income_growth, bad.real_income_growth)
    np.testing.assert_allclose(scale(bad, 0.0).unemployment_rate, start, atol=1e-15)


def test_shifting_adds(ends):
    calm, _ = ends
    found = shift(calm, {"unemployment_rate": 0.01, "collections_capacity": -0.4})
    np.testing.assert_allclose(found.unemployment_rate, calm.unemployment_rate + 0.01, atol=1e-15)
    np.testing.assert_allclose(found.collections_capacity, 0.6)
    assert found.collections_capacity.attrs["units"] == "1"


def test_delay_holds_the_start_or_fills_the_months_before(ends):
    calm, bad = ends
    found = delay(bad, 6)
    assert found.sizes["month"] == 45
    np.testing.assert_array_equal(found.unemployment_rate[6:], bad.unemployment_rate)
    np.testing.assert_array_equal(found.unemployment_rate[:6], np.full(6, bad.unemployment_rate[0]))
    filled = delay(bad, 6, before=calm)
    np.testing.assert_array_equal(filled.policy_rate[:6], calm.policy_rate[:6])
    np.testing.assert_array_equal(filled.policy_rate[6:], bad.policy_rate)
    xr.testing.assert_equal(delay(bad, 0), bad)


def test_splice_is_one_and_then_the_other(ends):
    calm, bad = ends
    stop = shift(bad, {"line_supply": -0.5})
    found = splice(calm, stop, 12)
    for name in MONTHLY:
        if name in calm:
            np.testing.assert_array_equal(found[name], np.r_[calm[name][:12], bad[name][12:]])
    np.testing.assert_array_equal(found.line_supply, np.r_[np.ones(12), np.full(27, 0.5)])
    assert found["real_income_trend"] == calm["real_income_trend"]


def test_the_history_grows(ends):
    calm, bad = ends
    first = scale(bad, 1.2, baseline=calm)
    last = delay(shift(first, {"unemployment_rate": 0.005}), 3)
    published, steps = history_of(bad), history_of(last)
    assert steps[: len(published)] == published
    added = zip(
        steps[len(published) :], ("scaled by 1.2 from fed-2026-baseline", "shifted:", "delayed by 3"), strict=True
    )
    assert all(step.startswith(words) for step, words in added)
    assert json.loads(last.attrs["history"]) == steps
    assert history_of(blend(calm, bad, 0.5))[:-1] == history_of(calm)
    assert history_of(blend(calm, bad, 0.5))[-1].startswith("blend of")
    both = history_of(splice(calm, bad, 3))
    assert both[: len(history_of(calm))] == history_of(calm)
    assert both[-1] == f"fed-2026-severely-adverse: {published[-1]}"
    assert history_of(shift(calm.assign_attrs(history="mine"), {"inflation": 0.01}))[0] == "mine"


def test_every_variable_has_its_unit(ends):
    calm, bad = (macro.drop_attrs(deep=True) for macro in ends)
    made = (
        blend(calm, bad, 0.5), scale(bad, 1.1), shift(bad, {"line_supply": -0.1}), delay(bad, 2), splice(calm, bad, 3)
    )  # fmt: skip
    for macro in made:
        assert all(macro[name].attrs == macro_attrs(name) for name in map(str, macro.data_vars))


def test_published_results_do_not_stay_with_another_scenario():
    severe = scenario("pboc-2025-severe")
    assert "reference" in severe.attrs
    assert "reference" not in scale(severe, 1.1).attrs


def test_what_leaves_its_bounds_is_refused(ends):
    calm, bad = ends
    for make in (
        lambda: scale(bad, 20.0, baseline=calm),
        lambda: shift(bad, {"unemployment_rate": -0.07}),
        lambda: shift(bad, {"line_supply": 0.1}),
    ):
        with pytest.raises(InputError, match=r"found .* expected [<>]="):
            make()


def test_bad_arguments_are_named(ends):
    calm, bad = ends
    short = calm.isel(month=slice(0, 12))
    with pytest.raises(InputError, match="factor: found inf"):
        scale(bad, float("inf"))
    with pytest.raises(InputError, match="found 12 in baseline, expected 39"):
        scale(bad, 2.0, baseline=short)
    with pytest.raises(InputError) as caught:
        shift(scenario("pboc-2025-light"), {"policy_rate": 0.01, "unemployment_rate": float("nan")})
    assert [fault.split(":")[0] for fault in caught.value.faults] == ["amounts", "unemployment_rate"]
    with pytest.raises(InputError, match="amounts: found none"):
        shift(bad, {})
    with pytest.raises(InputError, match=r"months: found 1.5"):
        delay(bad, 1.5)
    with pytest.raises(InputError, match="found 12 in before, expected 24"):
        delay(bad, 24, before=short)
    with pytest.raises(InputError, match=r"month: found 12, expected a whole number 1 ... 11"):
        splice(bad, short, 12)
    with pytest.raises(InputError, match="policy_rate: found in one scenario alone"):
        splice(bad, scenario("pboc-2025-light"), 12)
    with pytest.raises(InputError, match="expected 'month' alone"):
        scale(calm.expand_dims(path=[0]), 1.0)


def test_a_misspelt_variable_is_proposed():
    with pytest.raises(
        InputError, match=r"amounts: found 'unemployment', expected among .*; write 'unemployment_rate'"
    ):
        shift(scenario("us-2007"), {"unemployment": 0.02})
