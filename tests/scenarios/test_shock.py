"""Shocks: the shape by hand, income that comes back to trend, bounds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stresslab.noted import notes
from stresslab.scenarios.library import check_scenario, scenario
from stresslab.scenarios.shock import INCOME_FALL_PER_POINT, shock_scenario
from stresslab.schema import InputError


def test_shape_by_hand():
    # half a cosine: a quarter of the way at a third of the time, half at half
    macro = shock_scenario(0.10, start=0.06, months_to_peak=3, recovery_months=2, months=6)
    assert macro.unemployment_rate.values == pytest.approx([0.07, 0.09, 0.10, 0.08, 0.06, 0.06])
    assert list(macro.month.values) == [1, 2, 3, 4, 5, 6]


def test_income_by_hand():
    # from 1 to 0.96 of trend in a month, back in the next: (1.05 x 0.96^12) - 1 and (1.05 / 0.96^12) - 1
    macro = shock_scenario(0.1, months_to_peak=1, recovery_months=1, months=3, income_fall=0.04)
    assert macro.real_income_growth.values == pytest.approx([1.05 * 0.96**12 - 1, 1.05 / 0.96**12 - 1, 0.05])


@given(
    st.floats(0.06, 0.4), st.integers(3, 24), st.integers(6, 60), st.integers(90, 120), st.none() | st.floats(0, 0.2)
)
def test_peak_recovery_and_trend(peak, rise, recovery, months, fall):
    macro = shock_scenario(peak, months_to_peak=rise, recovery_months=recovery, months=months, income_fall=fall)
    check_scenario(macro)
    jobless = macro.unemployment_rate.values
    assert jobless.argmax() + 1 == rise
    assert jobless.max() == pytest.approx(peak)
    assert jobless[rise + recovery - 1 :] == pytest.approx(0.052)
    assert jobless.min() >= 0.052 - 1e-12
    ahead = np.cumprod(((1 + macro.real_income_growth) / 1.05) ** (1 / 12)).values
    assert ahead[rise - 1] == pytest.approx(1 - (0.75 * (peak - 0.052) if fall is None else fall))
    assert ahead[-1] == pytest.approx(1.0)


def test_never_recovers():
    macro = shock_scenario(0.1, months_to_peak=6, recovery_months=np.inf, months=48)
    assert macro.unemployment_rate.values[5:] == pytest.approx(0.1)


def test_income_fall_per_point_is_that_of_the_published_scenarios():
    severe, base = scenario("fed-2026-severely-adverse"), scenario("fed-2026-baseline")
    ahead = np.cumprod(((1 + severe.real_income_growth) / (1 + base.real_income_growth)) ** (1 / 12))
    rise = 0.10 - 0.045  # from 2025 Q4 to the published peak
    assert float(1 - ahead.min()) / rise == pytest.approx(INCOME_FALL_PER_POINT, abs=0.01)


def test_defaults_are_those_of_china_baseline():
    macro, china = shock_scenario(0.08), scenario("china-baseline")
    assert macro["real_income_trend"] == china["real_income_trend"]
    for name in ("inflation", "policy_rate"):
        np.testing.assert_array_equal(macro[name], china[name])
    assert shock_scenario(0.052).unemployment_rate.values == pytest.approx(china.unemployment_rate.values)


def test_faults_are_named_at_once():
    with pytest.raises(InputError) as caught:
        shock_scenario(
            12, start=5.2, months_to_peak=0, recovery_months=0, months=36.0, income_fall=-1, trend=5, inflation=50,
            policy_rate=np.nan, first_month="2026",
        )  # fmt: skip
    named = {fault.split(":")[0] for fault in caught.value.faults}
    assert named == {
        "peak", "start", "months_to_peak", "recovery_months", "months", "income_fall", "trend", "inflation",
        "policy_rate", "first_month",
    }  # fmt: skip


def test_peak_below_the_start_is_refused():
    with pytest.raises(InputError, match=r"peak: found 0.04, expected at least start, 0.052"):
        shock_scenario(0.04)


def test_fall_too_deep_for_its_months_is_refused():
    with pytest.raises(InputError, match="raise months_to_peak"):
        shock_scenario(0.2, months_to_peak=1, income_fall=0.5)


@pytest.mark.parametrize("peak", [8.0, 0.0])
def test_the_fall_that_follows_from_a_bad_peak_is_no_fault(peak):
    with pytest.raises(InputError) as caught:
        shock_scenario(peak)
    assert [fault.split(":")[0] for fault in caught.value.faults] == ["peak"]


def test_a_fall_that_is_derived_is_said():
    assert notes(shock_scenario(0.1)) == ["income_fall: 0.036 by default, 0.75 times the rise of unemployment"]
    assert notes(shock_scenario(0.1, income_fall=0.05)) == []
