"""What figures prove about their unit: decimals among percent, percent among decimals, levels among rates."""

import numpy as np
import pytest

from stresslab.scenarios.evidence import all_decimals, only_percent, unit_faults
from stresslab.scenarios.units import Unit

PERCENT, DECIMAL, LEVEL = Unit("percent"), Unit("decimal"), Unit("level")


def faults(variable, figures, unit, *, explicit=False, said=False):
    return unit_faults(variable, "Column", np.array(figures, float), unit, explicit=explicit, said=said or explicit)


@pytest.mark.parametrize(
    ("variable", "figures", "unit", "part"),
    [
        ("unemployment_rate", [0.056, 0.1], PERCENT, "found 0.1 at most, which looks like decimals, expected percent"),
        (
            "unemployment_rate",
            [5.6, 0.068, 8.1],
            PERCENT,
            "found 0.068 beside 8.1, as if decimals and percent were mixed",
        ),
        ("unemployment_rate", [0.0, 0.0], PERCENT, "found 0 in every period, expected unemployment in percent"),
        ("gdp_growth", [-0.089, 0.06, 0.05, 0.01], PERCENT, "which looks like decimals"),
        ("gdp_growth", [-0.312, 0.338, 0.041, 0.063], PERCENT, "which may be percent or decimals"),
        ("policy_rate", [0.018, 0.001], PERCENT, "found 0.018 at most, which may be percent or decimals"),
        ("inflation", [0.02, 0.015], PERCENT, "which may be percent or decimals"),
        ("inflation", [97.8, 99.0, 101.9], PERCENT, "found 97.8 to 101.9, which look like levels or an index"),
        ("real_income_growth", [495568.0], PERCENT, "which look like levels or an index"),
        ("gdp_growth", [0.5, -0.4, 0.3, 0.2], DECIMAL, "which look like percent (decimals: 35%)"),
        ("gdp_growth", [1.5, -0.8, 1.2], DECIMAL, "which look like percent (decimals: 120%)"),
        ("policy_rate", [1.8, 2.1], DECIMAL, "which look like percent"),
        ("policy_rate", [1.8, 0.1, 0.1, 0.1], DECIMAL, "found 0.1 to 1.8, which look like percent (decimals: 180%)"),
        ("policy_rate", [180.0, 10.0, 10.0], PERCENT, "found 10 to 180, which may be basis points, expected percent"),
        ("real_income_growth", [-6.0, -0.035, 1.8, 5.5], PERCENT, "found -0.035 beside -6 to 5.5, as if decimals and"),
        ("policy_rate", [5.3, 0.053, 5.3, 4.8], PERCENT, "found 0.053 beside 4.8 to 5.3, as if decimals and percent"),
        (
            "real_income_growth",
            [-0.06, 1.8, 0.018, 0.05],
            DECIMAL,
            "found 1.8 beside -0.06 to 0.05, as if decimals and",
        ),
        ("line_supply", [1.0, 0.4], PERCENT, "found 1 at most, which may be percent or decimals"),
        ("collections_capacity", [1.0, 1.2], PERCENT, "found 1.2 at most, which may be percent or decimals"),
        ("furlough_share", [0.0, 0.3], PERCENT, "found 0.3 at most, which may be percent or decimals"),
        ("inflation", [3.8], LEVEL, "found 3.8, too small for levels or an index"),
        ("inflation", [3.8, 4.8], LEVEL, "too small for levels or an index"),
        ("gdp_growth", [-1.0, 600.0], LEVEL, "too small for levels or an index"),
    ],
)
def test_another_unit_than_said(variable, figures, unit, part):
    (fault,) = faults(variable, figures, unit)
    assert part in fault


@pytest.mark.parametrize(
    ("variable", "figures", "unit"),
    [
        ("policy_rate", [0.1, 0.1, 0.1, 0.1], PERCENT),  # as published for years
        ("gdp_growth", [0.0, 0.0, 0.0, 0.0], PERCENT),
        ("gdp_growth", [0.1, 0.1], PERCENT),
        ("gdp_growth", [0.3, 0.4, 0.3, 0.5], PERCENT),
        ("real_income_growth", [-31.0, 54.7], PERCENT),
        ("gdp_growth", [-0.31, 0.34], DECIMAL),
        ("gdp_growth", [-0.31, 0.34, 0.05, 0.04], DECIMAL),
        ("policy_rate", [0.5, 0.45], DECIMAL),
        ("line_supply", [100.0, 40.0], PERCENT),
        ("furlough_share", [0.0, 0.0], PERCENT),
        ("furlough_share", [0.0, 30.0], PERCENT),
        ("line_supply", [1.0, 0.4], DECIMAL),
        ("policy_rate", [5.375, 0.125, 0.125], PERCENT),
        ("policy_rate", [3.0, 2.0, 0.05], PERCENT),
        ("gdp_growth", [-0.0371, 2.0123, 1.0456, 3.0], PERCENT),
        ("inflation", [0.85, 0.64], DECIMAL),
        ("inflation", [97.8, 99.0], LEVEL),
    ],
)
def test_figures_that_may_be_what_they_are_said_to_be(variable, figures, unit):
    assert faults(variable, figures, unit) == []


def test_what_was_in_doubt_is_settled_by_saying_it():
    assert faults("policy_rate", [0.018, 0.001], PERCENT, said=True) == []
    assert faults("inflation", [61.0, 85.0], PERCENT, explicit=True) == []
    assert faults("furlough_share", [0.0, 0.3], PERCENT, said=True) == []
    assert faults("line_supply", [1.0, 0.4], PERCENT, said=True) != []  # lenders who grant nothing
    assert faults("line_supply", [1.0, 0.4], PERCENT, explicit=True) == []
    assert faults("policy_rate", [133.0, 97.0], PERCENT, explicit=True) == []
    assert faults("policy_rate", [1.33, 0.97], DECIMAL, explicit=True) == []
    assert faults("real_income_growth", [-6.0, -0.035, 1.8], PERCENT, explicit=True) == []
    assert faults("inflation", [61.0, 85.0], PERCENT, said=True) != []  # said of all columns alike
    assert faults("inflation", [1.2, 1.5], LEVEL, explicit=True) == []
    assert faults("unemployment_rate", [0.05, 0.06], PERCENT, explicit=True) != []  # proven, whatever is said


def test_unemployment_above_its_bound_can_only_be_percent():
    assert only_percent("unemployment_rate", np.array([4.3, 0.5]))
    assert not only_percent("unemployment_rate", np.array([0.043, 0.05]))
    assert not only_percent("gdp_growth", np.array([4.3]))


def test_decimals_throughout_are_one_fault():
    columns = {"unemployment_rate": np.array([0.056, 0.1]), "policy_rate": np.array([0.018, 0.001])}
    assert all_decimals(columns).startswith("0.1 at most for unemployment, which looks like decimals")
    assert all_decimals(columns | {"policy_rate": np.array([1.8, 0.1])}) == ""
    assert all_decimals({"policy_rate": np.array([0.018])}) == ""
