"""Headers of columns: variable, rate or level, country and unit."""

import pytest

from stresslab.scenarios.names import Name, read_name, usual_unit


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("Unemployment rate", Name("unemployment_rate", "rate", "", "")),
        ("Unemployment rate, %", Name("unemployment_rate", "rate", "", "%")),
        ("UK unemployment rate (%)", Name("unemployment_rate", "rate", "uk", "%")),
        ("U.K. inflation", Name("inflation", "rate", "uk", "")),
        ("Inflation (UK)", Name("inflation", "rate", "uk", "")),
        ("Euro area inflation", Name("inflation", "rate", "euro area", "")),
        ("Unemployment rate Germany", Name("unemployment_rate", "rate", "germany", "")),
        ("Real GDP growth q/q", Name("gdp_growth", "rate", "", "q/q")),
        ("Real GDP growth [%; q/q]", Name("gdp_growth", "rate", "", "%; q/q")),
        ("UNRATE", Name("unemployment_rate", "rate", "", "")),
        ("UK real GDP", Name("gdp_growth", "level", "uk", "")),
        ("Real GDP (GBP million)", Name("gdp_growth", "level", "", "GBP million")),
        ("CPI (2015=100)", Name("inflation", "level", "", "2015=100")),
        ("CPI inflation rate", Name("inflation", "rate", "", "")),
        ("UK household income", Name("real_income_growth", "nominal level", "uk", "")),
        ("Unemployment (%)", Name("unemployment_rate", "rate", "", "%")),
        ("UK inflation (Germany)", Name("inflation", "rate", "uk", "Germany")),
        ("Inflation (Narnia)", Name("inflation", "rate", "", "Narnia")),
        ("line_supply", Name("line_supply", "rate", "", "")),
    ],
)
def test_what_a_header_says(header, name):
    assert read_name(header) == name


@pytest.mark.parametrize(
    "header",
    ["Nominal GDP growth", "Nominal disposable income growth", "Youth unemployment rate", "Core inflation",
     "10-year yield", "House Price Index (Level)", "GDP", "", "Unemployment rate gap"],
)  # fmt: skip
def test_what_is_no_variable_of_ours(header):
    assert read_name(header) is None


def test_series_in_percent():
    assert [usual_unit(label) for label in ("UNRATE", "fedfunds", "Unemployment rate")] == ["percent", "percent", ""]
