"""Scenarios between two others: exact arithmetic, and what cannot be blended."""

import numpy as np
import pytest
import xarray as xr

from stresslab.scenarios.algebra import LIVED, blend
from stresslab.scenarios.library import scenario
from stresslab.schema import InputError


@pytest.fixture(scope="module")
def ends():
    return scenario("fed-2026-baseline"), scenario("fed-2026-severely-adverse")


@pytest.mark.parametrize("multiple", [0.0, 0.3, 1.0, 1.7])
def test_each_lived_variable_lies_on_the_line(ends, multiple):
    calm, bad = ends
    found = blend(calm, bad, multiple)
    for name in ("unemployment_rate", "real_income_growth"):
        line = calm[name].values + multiple * (bad[name].values - calm[name].values)
        np.testing.assert_allclose(found[name].values, line, rtol=0, atol=1e-15)
    for name in ("inflation", "policy_rate", "gdp_growth"):
        xr.testing.assert_identical(found[name], calm[name])
    assert found.attrs["real_income_trend"] == calm.attrs["real_income_trend"]
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
    assert "line_supply" in LIVED


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
