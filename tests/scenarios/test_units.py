"""Units: words of publishers, what contradicts, and growth at an annual rate."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stresslab.scenarios.units import WORDS, Unit, as_decimals, settled, unit_of


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("%", Unit("percent")),
        ("Per cent", Unit("percent")),
        ("PC", Unit("percent")),
        ("PC_ACT", Unit("percent")),  # of the active population
        ("%, annual rate", Unit("percent", "annual")),
        ("percent p.a.", Unit("percent", "annual")),
        ("% saar", Unit("percent", "annual")),
        ("% q/q annualised", Unit("percent", "annual")),
        ("1", Unit("decimal")),
        ("1/year", Unit("decimal", "annual")),
        ("PC G1", Unit("percent", "before")),
        ("PC GY", Unit("percent", "year")),
        ("CLV_PCH_PRE", Unit("percent", "before")),
        ("RCH_A", Unit("percent", "year")),
        ("PT_LF", Unit("percent")),  # of the labour force
        ("PC _Z", Unit("percent")),
        ("%; q/q", Unit("percent", "quarter")),
        ("% change on the previous quarter", Unit("percent", "quarter")),
        ("% m/m", Unit("percent", "month")),
        ("annual % change", Unit("percent", "year")),
        ("% on a year earlier", Unit("percent", "year")),
        ("% change on the same quarter of the previous year", Unit("percent", "year")),
        ("% y/y, annual rate", Unit("percent", "year")),
        ("y/y", Unit("", "year")),
        ("index", Unit("level")),
        ("Index, 2015=100", Unit("level")),
        ("level", Unit("level")),
        ("points", None),
        ("percentage points", None),
        ("% of GDP", None),
        ("PC GCM", None),
        ("percent or decimal", None),
        ("% q/q y/y", None),
        ("growth", None),
        ("", None),
    ],
)
def test_words_of_publishers(text, unit):
    assert unit_of(text) == unit


def test_the_words_of_the_argument_are_understood():
    assert [unit_of(word) for word in WORDS] == [
        Unit("percent"), Unit("decimal"), Unit("percent", "before"), Unit("percent", "year"), Unit("level"),
    ]  # fmt: skip


def settle(variable, stated="", argument="", default="", span=3, explicit=True):
    return settled(variable, "Column", stated, argument, default, span, explicit=explicit)


def test_argument_before_table_before_layout():
    assert settle("gdp_growth", "%", "percent on the quarter before", "percent").unit == Unit("percent", "quarter")
    assert settle("gdp_growth", "% q/q", "percent").unit == Unit("percent", "quarter")
    assert settle("gdp_growth", "", "", "percent").unit == Unit("percent")
    assert settle("gdp_growth", "points", "decimal").unit == Unit("decimal")  # the table's word is not understood
    assert settle("policy_rate", "%").unsaid is False
    assert settle("gdp_growth", "%").unsaid is True
    assert settle("gdp_growth", "%", span=12).unsaid is False


def test_a_contradiction_is_one_sentence_or_a_note():
    fault = settle("gdp_growth", "%", "decimal", explicit=False).fault
    assert fault.startswith("'Column': found unit '%' in the file and 'decimal' by units=, expected the same")
    said = settle("gdp_growth", "%", "decimal")
    assert (said.unit, said.fault) == (Unit("decimal"), "")
    assert said.notes == ("gdp_growth: unit '%' of 'Column' replaced by 'decimal', as units= says",)


@pytest.mark.parametrize(
    ("variable", "stated", "span", "part"),
    [
        ("gdp_growth", "% y/y", 3, "growth on a year earlier, expected growth on the period before at an annual rate"),
        ("gdp_growth", "% q/q", 1, "in monthly figures, expected growth on the month before"),
        ("gdp_growth", "% m/m", 3, "in quarterly figures, expected growth on the quarter before"),
        ("gdp_growth", "% q/q", 12, "in annual figures, expected growth on the year before"),
        ("real_income_growth", "% y/y", 1, "growth on a year earlier, expected growth on the period before"),
        ("unemployment_rate", "% q/q", 3, "expected percent or decimal; correct it"),
        ("unemployment_rate", "% y/y", 3, "expected percent or decimal; correct it"),
        ("unemployment_rate", "% m/m", 1, "expected percent or decimal; correct it"),
        ("policy_rate", "PC G1", 3, "expected percent or decimal; correct it"),
        ("unemployment_rate", "index", 3, "expected percent or decimal; correct it"),
        ("gdp_growth", "points", 3, "expected one of ('percent', 'decimal', 'percent on the period before'"),
        ("policy_rate", "", 3, "found no unit, expected percent or decimal; state it in the file, or pass units="),
        ("gdp_growth", "q/q", 3, "found unit 'q/q' without a scale"),
    ],
)
def test_units_from_which_no_annual_rate_follows(variable, stated, span, part):
    assert part in settle(variable, stated, span=span).fault


def test_growth_on_a_year_earlier_is_an_annual_rate_of_prices_and_of_years():
    assert settle("inflation", "% y/y").fault == ""
    assert settle("gdp_growth", "PC GY", span=12).fault == ""


def test_growth_on_the_quarter_before_of_poland():
    # 2022Q2: -1.113254137 % on the quarter is -4.38 % a year
    annual = as_decimals(np.array([-1.113254137]), unit_of("PC G1"), 3)
    assert annual == pytest.approx([(1 - 0.01113254137) ** 4 - 1])
    assert annual.round(4) == -0.0438


@given(st.lists(st.floats(-0.02, 0.02), min_size=1, max_size=6), st.sampled_from([1, 3, 12]))
def test_levels_and_growth_on_the_period_before_agree(growth, span):
    levels = 100 * np.cumprod([1.0, *(1 + g for g in growth)])
    of_levels = as_decimals(levels, Unit("level"), span)
    assert np.isnan(of_levels[0])
    np.testing.assert_allclose(of_levels[1:], as_decimals(100 * np.array(growth), Unit("percent", "before"), span),
                               atol=1e-12)  # fmt: skip


@pytest.mark.parametrize(("variable", "span", "asks"), [
    ("gdp_growth", 1, ", or 'percent on the month before' if it is not at an annual rate"),
    ("gdp_growth", 3, ", or 'percent on the quarter before' if it is not at an annual rate"),
    ("gdp_growth", 12, ""),
    ("policy_rate", 3, ""),
])  # fmt: skip
def test_growth_on_the_period_before_is_proposed_where_it_is_not_that_on_a_year(variable, span, asks):
    expected = "found no unit, expected percent or decimal; state it in the file, or pass units="
    assert settle(variable, span=span).fault == f"'Column': {expected}{{{variable!r}: 'percent'}}{asks}"


@pytest.mark.parametrize(
    ("stated", "argument", "span", "unit"),
    [
        ("% q/q", "decimal", 3, Unit("decimal", "quarter")),
        ("% q/q", "level", 3, Unit("level")),
        ("index", "% q/q", 3, Unit("percent", "quarter")),
        ("q/q", "decimal", 3, Unit("decimal", "quarter")),
        ("q/q", "", 3, Unit("percent", "quarter")),
    ],
)
def test_what_the_argument_leaves_open_is_what_the_table_says(stated, argument, span, unit):
    settlement = settle("gdp_growth", stated, argument, "percent", span)
    assert (settlement.unit, settlement.fault) == (unit, "")


@pytest.mark.parametrize(
    ("variable", "stated", "unsaid"),
    [("gdp_growth", "%", True), ("inflation", "decimal", True), ("gdp_growth", "index", False),
     ("gdp_growth", "% q/q", False), ("gdp_growth", "% saar", False), ("unemployment_rate", "%", False)],
)  # fmt: skip
def test_growth_of_which_nobody_says_over_which_time_it_is(variable, stated, unsaid):
    assert settle(variable, stated).unsaid is unsaid


SAME = [("%", "%", 3), ("% q/q", "PC G1", 3), ("% m/m", "PC G1", 1), ("PC G1", "% y/y", 12), ("% y/y", "% p.a.", 12),
        ("%", "% q/q", 3), ("q/q", "%", 3)]  # fmt: skip
DIFFERENT = [("%", "decimal", 3), ("decimal", "%", 3), ("level", "%", 3), ("% q/q", "% p.a.", 3),
             ("% p.a.", "% q/q", 3), ("PC G1", "% p.a.", 12), ("PC G1", "% q/q", 1), ("% m/m", "PC G1", 3),
             ("% y/y", "% p.a.", 3)]  # fmt: skip


@pytest.mark.parametrize(("stated", "argument", "span", "same"), [*((*said, True) for said in SAME),
                                                                 *((*said, False) for said in DIFFERENT)])  # fmt: skip
def test_the_argument_and_the_table_may_say_the_same_in_other_words(stated, argument, span, same):
    settlement = settle("inflation", stated, argument, span=span)
    assert (settlement.notes == ()) is same
    fault = settle("inflation", stated, argument, span=span, explicit=False).fault
    assert ("by units=, expected the same" not in fault) is same


def test_a_share_in_decimals_is_a_unit():
    assert settle("unemployment_rate", "decimal").fault == ""
    assert settle("unemployment_rate", "% p.a.").fault == ""


def test_decimals_are_kept_and_their_growth_is_annualised():
    figures = np.array([0.02, -0.01])
    assert as_decimals(figures, Unit("decimal"), 3).tolist() == [0.02, -0.01]
    assert as_decimals(figures, Unit("decimal", "annual"), 3).tolist() == [0.02, -0.01]
    assert as_decimals(figures, Unit("decimal", "year"), 3).tolist() == [0.02, -0.01]
    assert as_decimals(figures, Unit("decimal", "quarter"), 3) == pytest.approx([1.02**4 - 1, 0.99**4 - 1])
    assert as_decimals(figures, Unit("decimal", "month"), 1) == pytest.approx([1.02**12 - 1, 0.99**12 - 1])
    assert as_decimals(100 * figures, Unit("percent"), 3).tolist() == [0.02, -0.01]
