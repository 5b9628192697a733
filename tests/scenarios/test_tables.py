"""Scenarios of published figures: levels, units, countries, holes, and the same numbers from every spelling."""

import io

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import stresslab as sl
from stresslab.scenarios.readers import from_dataset, read_scenario
from stresslab.schema import InputError

# the Bank of England's stress test of 2025 as published: levels, titles between the rows, no units
LEVELS = """,UK real GDP,UK CPI,UK unemployment rate,UK household income,Bank Rate,Consumer credit to UK individuals
Historical data,,,,,,
Q3 2024,640417,99.2,4.3,492366,5.09,7.5
Q4 2024,641065,100,4.4,497608,4.85,6.5
Projections,,,,,,
Q1 2025,638436,101.9,4.9,495568,6,4.2
Q2 2025,631749,105.4,5.4,490377,6.9,0.3
Q3 2025,619707,108.7,5.8,494049,7.5,-0.2
Q4 2025,613284,110,6.3,500461,8,0.7
Guidance for extending projections,,,,,,
Mean reversion in level or growth rate?,Quarterly growth rate,Quarterly growth rate,Level,Quarterly growth rate,Level,
"""
UNRATE = {"2025-08-01": 4.3, "2025-09-01": 4.4, "2025-10-01": None, "2025-11-01": 4.5, "2025-12-01": 4.4}


def frame(text):
    return pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False).rename(columns={"Unnamed: 0": ""})


def percent(macro, name, span=3):
    return macro[name].values.reshape(-1, span).mean(axis=1) * 100


def faults(table, reader=read_scenario, **kwargs):
    with pytest.raises(InputError) as caught:
        reader(table, **kwargs)
    return caught.value.faults


@pytest.mark.parametrize("layout", ["boe", "fed"])
def test_levels_become_growth_at_an_annual_rate_and_nominal_income_is_deflated(layout):
    macro = read_scenario(frame(LEVELS), start="Q1 2025", layout=layout, trend=0.01)
    assert percent(macro, "unemployment_rate") == pytest.approx([4.9, 5.4, 5.8, 6.3])
    assert percent(macro, "policy_rate") == pytest.approx([6.0, 6.9, 7.5, 8.0])
    assert percent(macro, "real_income_growth").round(2).tolist() == [-8.76, -16.24, -8.92, 0.40]
    assert percent(macro, "real_income_growth")[0] == pytest.approx(
        (((495568 / 101.9) / (497608 / 100)) ** 4 - 1) * 100
    )
    assert percent(macro, "gdp_growth").round(2).tolist() == [-1.63, -4.12, -7.41, -4.08]
    assert percent(macro, "inflation")[0] == pytest.approx((1.019**4 - 1) * 100)
    notes = sl.notes(macro)
    assert "real_income_growth: 'UK household income' is nominal, divided by 'UK CPI'" in notes
    assert "gdp_growth: growth of 'UK real GDP' on the quarter before, at an annual rate" in notes


def test_the_first_level_is_the_base_of_growth():
    macro = read_scenario(frame(LEVELS), layout="boe", trend=0.01)
    assert macro.attrs["start"] == "2024-10"
    assert any("2024Q3 is left out, the base of growth from levels" in note for note in sl.notes(macro))
    (fault,) = faults(frame(LEVELS), layout="boe", start="2024Q3")
    assert "expected one of 2024Q4 to 2025Q4, as growth from levels needs the period before" in fault


def test_a_single_level_has_no_growth():
    one = pd.DataFrame({"year": ["2025"], "unemployment_rate": [5.0], "cpi": [103.8]})
    assert faults(one) == [
        "'cpi': found levels in 2025 alone, expected the period before too, for their growth; add it"
    ]


def test_nominal_levels_without_prices():
    (fault,) = faults(frame(LEVELS).drop(columns="UK CPI"), layout="boe")
    assert "'UK household income': found levels that are not said to be real" in fault


def growth_of_2025():
    quarters = pd.period_range("2024Q4", "2025Q3", freq="Q").strftime("Q%q %Y")
    return pd.DataFrame(
        {
            "Scenario Name": "BoE 2025",
            "Date": quarters,
            "UK unemployment rate (%)": [4.4, 4.9, 5.4, 5.8],
            "UK real household income growth (%, annual rate)": [1.03, -8.76, -16.24, -8.92],
            "UK CPI inflation (% y/y)": [2.46, 4.19, 6.46, 9.58],
            "Bank Rate (%)": [4.85, 6.0, 6.9, 7.5],
        }
    )


def test_growth_with_units_in_the_headers():
    macro = read_scenario(growth_of_2025(), layout="boe", start="Q1 2025", trend=0.01)
    assert percent(macro, "unemployment_rate") == pytest.approx([4.9, 5.4, 5.8])
    assert percent(macro, "real_income_growth") == pytest.approx([-8.76, -16.24, -8.92])
    assert percent(macro, "inflation") == pytest.approx([4.19, 6.46, 9.58])
    assert percent(macro, "policy_rate") == pytest.approx([6.0, 6.9, 7.5])
    assert sl.notes(macro) == []


def unrate(hole=None):
    return pd.DataFrame(
        {"observation_date": list(UNRATE), "UNRATE": [hole if v is None else v for v in UNRATE.values()]}
    )


def test_unemployment_alone_is_read_with_income_on_its_trend():
    macro = read_scenario(unrate(4.45))
    assert macro["unemployment_rate"].values.tolist() == [0.043, 0.044, 0.0445, 0.045, 0.044]
    assert set(macro["real_income_growth"].values) == {macro["real_income_trend"].item()}
    assert sl.notes(macro) == [
        "real_income_growth: not in the table, set to its trend of 2.15% a year in every month",
        "real_income_trend: 2.15% a year, the mean of fed-2026-baseline (United States); pass trend= elsewhere",
    ]
    assert percent(read_scenario(unrate(4.45), trend=0.05), "real_income_growth", 1)[0] == pytest.approx(5)


@pytest.mark.parametrize("nothing", [None, ".", "", "NA", np.nan])
def test_a_missing_figure_is_named_by_its_date(nothing):
    table = unrate().astype({"UNRATE": object})
    table.loc[2, "UNRATE"] = nothing
    (fault,) = faults(table)
    assert fault.endswith("in 2025-10, expected a number; fill the cell")
    assert faults(unrate().dropna()) == [
        "'observation_date': found 2025-11 after 2025-09, expected every month: 2025-10 is missing; add the rows"
    ]


def test_a_rate_alone_is_no_scenario():
    assert faults(unrate(4.45).rename(columns={"UNRATE": "FEDFUNDS"})) == [
        "'Unemployment rate': found no such column among 'FEDFUNDS', expected it; add or rename it"
    ]


QUARTERS = ["2025Q1", "2025Q2", "2025Q3", "2025Q4"]


def table(**columns):
    return pd.DataFrame({"Date": QUARTERS, "Unemployment rate": [5.6, 6.8, 8.1, 9.2]} | columns)


def test_decimals_are_read_if_they_are_said_to_be():
    figures = table(
        **{"Real disposable income growth": [-6.0, -3.5, 0.5, 5.4], "3-month Treasury rate": [1.8, 0.1, 0.1, 0.1]}
    )
    whole = read_scenario(figures)
    decimals = figures.assign(**{name: figures[name] / 100 for name in figures.columns[1:]})
    decimals = decimals.round(6)
    xr.testing.assert_identical(read_scenario(decimals, units="decimal").drop_attrs(), whole.drop_attrs())
    assert faults(decimals) == [
        "'Unemployment rate', 'Real disposable income growth', '3-month Treasury rate': found 0.092 at most for "
        "unemployment, which looks like decimals in all columns, expected percent; pass units='decimal', or multiply "
        "by 100"
    ]
    mixed = figures.assign(**{"3-month Treasury rate": [0.018, 0.001, 0.001, 0.001]})
    assert faults(mixed) == [
        "'3-month Treasury rate': found 0.018 at most, which may be percent or decimals, expected to know which; pass "
        "units={'policy_rate': 'percent'} or {'policy_rate': 'decimal'}"
    ]
    xr.testing.assert_allclose(read_scenario(mixed, units={"policy_rate": "decimal"}), whole, rtol=1e-12)


def test_months_of_an_adverse_scenario_are_exactly_those_of_the_file():
    days = ["2024-01-01", "2024-02-01", "2024-03-01"]
    both = pd.DataFrame(
        {
            "scenario": ["Baseline"] * 3 + ["Adverse-Credit"] * 3,
            "projection_month": days * 2,
            "horizon_month": [1, 2, 3] * 2,
            "unemployment_rate": [3.9, 3.9064, 3.9128, 3.9, 4.5126, 4.7664],
            "hpi_index": [100.0, 100.2466, 100.4939, 100.0, 99.3076, 98.6199],
        }
    )
    for table in (both, both.assign(real_income_growth=1.5)):
        macro = read_scenario(table, name="Adverse-Credit")
        assert macro["unemployment_rate"].values.tolist() == [0.039, 0.045126, 0.047664]
        assert macro.attrs["frequency"] == "monthly"
    assert faults(both) == ["'scenario': found Adverse-Credit, Baseline, expected one scenario; choose it with name="]


@pytest.mark.parametrize(
    "start", ["2025Q2", "Q2 2025", "2025-04-01", "2025-05-15", "2025-06-30", "30/06/2025", "2025年第二季度"]
)
def test_the_start_is_read_in_any_spelling(start):
    assert read_scenario(table(), start=start).attrs["start"] == "2025-04"
    (fault,) = faults(table(), start="2025-02-31")
    assert fault.startswith("start: found '2025-02-31', expected one of 2025Q1 to 2025Q4")
    for start in ("2024-12-31", "2026-01-01", "2026Q1", "2025-04"):  # the last is a month
        assert faults(table(), start=start)[0].startswith(f"start: found {start!r}, expected one of 2025Q1 to 2025Q4")


def test_the_period_before_the_start_is_the_origin_of_the_first_month():
    interpolated = "monthly by least squared second differences, quarterly means kept"
    assert interpolated in read_scenario(table()).attrs["history"]
    assert "starting from" not in read_scenario(table()).attrs["history"]
    assert f"{interpolated}, starting from 2025Q1" in read_scenario(table(), start="2025Q2").attrs["history"]
    monthly = pd.DataFrame({"Date": ["2025-01", "2025-02", "2025-03"], "Unemployment rate": [5.6, 6.8, 8.1]})
    assert "starting from" not in read_scenario(monthly, start="2025-02").attrs["history"]


@pytest.mark.parametrize(
    ("rates", "refused"),
    [([59.5] * 4, None), ([60.1, 6.8, 8.1, 9.2], "60.1 in 2025Q1"),
     ([5.6, -0.1, 8.1, 9.2], "-0.1 in 2025Q2"), ([5.6, 61.0, 8.1, 70.0], "61 in 2025Q2 (and in 1 more)")],
)  # fmt: skip
def test_figures_are_within_the_bounds_of_their_variable(rates, refused):
    figures = table(**{"Unemployment rate": rates})
    if refused is None:
        assert percent(read_scenario(figures), "unemployment_rate") == pytest.approx(rates)
    else:
        expected = "expected 0 to 60 percent; correct the cell or the unit"
        assert faults(figures) == [f"'Unemployment rate': found {refused}, {expected}"]


def test_what_is_not_read_is_said():
    found = sl.notes(read_scenario(table(**{"House prices": 1.0, "VIX": 20.0})))
    assert "columns not read: 'House prices', 'VIX'" in found
    assert not any("not read" in note for note in sl.notes(read_scenario(table())))


def test_an_index_is_never_inflation():
    index = table(inflation=[97.8, 99.0, 99.2, 100.0])
    for units in (None, "percent", {"unemployment_rate": "percent"}):
        (fault,) = faults(index, units=units)
        assert "'inflation': found 97.8 to 100, which look like levels or an index, expected growth in percent" in fault
    macro = read_scenario(index, units={"inflation": "level"})
    assert percent(macro, "inflation") == pytest.approx([((b / a) ** 4 - 1) * 100 for a, b in ((97.8, 99), (99, 99.2),
                                                                                             (99.2, 100))])  # fmt: skip


def test_growth_on_the_quarter_before_is_converted_and_noted():
    figures = table(**{"Real GDP growth": [-1.113254137, 0.5, 0.4, 0.3]})
    macro = read_scenario(figures, units={"gdp_growth": "percent on the quarter before"})
    assert percent(macro, "gdp_growth")[0] == pytest.approx(-4.3792, abs=1e-4)
    assert sl.notes(macro)[0] == (
        "gdp_growth: 'Real GDP growth' is growth on the quarter before, converted to an annual rate"
    )


def test_a_column_of_another_country_is_not_ours():
    ours, theirs = {"CPI inflation rate": [2.0, 2.0, 2.0, 2.0]}, {"UK inflation": [9.0, 9.0, 9.0, 9.0]}
    (fault,) = faults(table(**theirs))
    assert "'UK inflation': found another country than that of unemployment" in fault
    macro = read_scenario(table(**ours, **theirs))
    assert percent(macro, "inflation") == pytest.approx([2.0] * 4)
    assert "'UK inflation': left out, of another country than unemployment" in sl.notes(macro)


@pytest.mark.parametrize(
    "label", ["Nominal disposable income growth", "Real disposible income growth", "Labour income"]
)
def test_income_that_may_be_ours_is_not_replaced_by_its_trend(label):
    (fault,) = faults(table(**{label: [1.0, 2.0, 3.0, 4.0]}))
    assert f"{label!r}: found no 'Real disposable income growth' beside it" in fault


@pytest.mark.parametrize(("label", "read"), [("Household income", False), ("Real household income", True)])
def test_growth_of_a_nominal_level_is_no_growth_of_real_income(label, read):
    growth = table(**{label: [1.0, 2.0, 3.0, 4.0]})
    units = {"real_income_growth": "percent"}
    if read:
        assert percent(read_scenario(growth, units=units), "real_income_growth") == pytest.approx([1.0, 2.0, 3.0, 4.0])
    else:
        (fault,) = faults(growth, units=units)
        assert f"{label!r}: found no 'Real disposable income growth' beside it, expected growth of real income" in fault


def test_the_trend_is_an_argument_and_no_column():
    assert faults(table(real_income_trend=2.0)) == [
        "'real_income_trend': found it as a column, expected one number; pass trend= and drop the column"
    ]


def test_a_misspelt_column_that_is_left_out_is_noted():
    macro = read_scenario(table(**{"CPI inflaton rate": [1.0, 2.0, 3.0, 4.0]}))
    assert "inflation: not in the table; left out, as of an unknown name: 'CPI inflaton rate'" in sl.notes(macro)


def test_what_units_takes():
    (fault,) = faults(table(), units="points")
    assert "found 'points' for all variables, expected one of ('percent', 'decimal', " in fault
    assert (
        "found variable 'unemploymnt' (there is 'unemployment_rate')" in faults(table(), units={"unemploymnt": "%"})[0]
    )
    assert "units: found 3" in faults(table(), units=3)[0]


def test_growth_in_no_time_is_noted():
    macro = read_scenario(table(**{"Real GDP growth (%)": [1.0, 2.0, 3.0, 4.0]}), layout="boe")
    assert (
        "gdp_growth: 'Real GDP growth (%)' does not say over which time, taken as growth at an annual rate"
        in sl.notes(macro)
    )


def test_a_dataset_has_the_same_rules():
    days = pd.to_datetime(["2025-01-31", "2025-04-30"])
    data = {
        "unemployment_rate": ("time", [5.0, 6.0], {"units": "%"}),
        "inflation": ("time", [97.8, 99.0], {"units": "index"}),
    }
    macro = from_dataset(xr.Dataset(data, {"time": days}), trend=0.02)
    assert macro.attrs["start"] == "2025-02"
    assert macro["inflation"].values == pytest.approx([(99 / 97.8) ** 4 - 1] * 3)
    assert faults(xr.Dataset({**data, "real_income_trend": 0.02}, {"time": days}), from_dataset) == [
        "real_income_trend: found it as a variable, expected it by trend=; pass trend= and drop it"
    ]
    bad = xr.Dataset({"unemploymnt": ("time", [5.0, 6.0])}, {"time": days})
    assert "unemploymnt: unknown (there is 'unemployment_rate'), expected among" in faults(bad, from_dataset)[0]
    with pytest.raises(InputError, match="trend: found 'x'"):
        from_dataset(sl.scenario("china-baseline"), trend="x")


SPELLINGS = {
    "quarterly": ["%YQ%q", "%Y Q%q", "Q%q %Y", "%Y-Q%q", "%Y:Q%q", "Q%q-%Y", "%qQ%y", "day", "%d.%m.%Y", "%d %B %Y"],
    "monthly": ["%Y-%m", "%YM%m", "%b %Y", "%b-%y", "%Y%m", "%m/%Y", "day", "%d.%m.%Y"],
    "annual": ["%Y", "day", "%d.%m.%Y"],
}
CODES = {"quarterly": "Q", "monthly": "M", "annual": "Y"}


@st.composite
def made_up(draw):
    """A scenario as columns, and a way to write it: spelling of periods, shape, unit and kind of table."""
    frequency = draw(st.sampled_from(sorted(SPELLINGS)))
    length = draw(st.integers(4, 8))
    periods = pd.period_range(f"{draw(st.integers(2000, 2040))}-01", periods=length, freq=CODES[frequency])
    tenths = {
        "unemployment_rate": st.integers(10, 300),
        "real_income_growth": st.integers(-200, 200),
        "policy_rate": st.integers(10, 150),
    }
    values = {name: draw(st.lists(cell, min_size=length, max_size=length)) for name, cell in tenths.items()}
    values["real_income_growth"][0] = 50  # far from decimals
    spelling = draw(st.sampled_from(SPELLINGS[frequency]))
    style = draw(st.tuples(*(st.sampled_from(options) for options in (
        ("wide", "long", "across"), ("percent", "decimal"), ("csv", "frame", "semicolon")))))  # fmt: skip
    return periods, values, spelling, style


@settings(max_examples=60)
@given(made_up())
def test_every_spelling_shape_unit_and_kind_is_the_same_scenario(tmp_path_factory, case):
    periods, tenths, spelling, (shape, unit, kind) = case
    places = 1 if unit == "percent" else 3
    cells = {name: [f"{value / 10**places:.{places}f}" for value in column] for name, column in tenths.items()}
    ends = periods.to_timestamp(how="end").normalize()
    texts = ends.strftime("%Y-%m-%d") if spelling == "day" else (
        ends.strftime(spelling) if "%d" in spelling else periods.strftime(spelling)
    )  # fmt: skip
    written = pd.DataFrame({"date": texts} | cells)
    if shape == "long":
        written = written.melt("date")
    elif shape == "across":
        written = written.set_index("date").T.rename_axis("variable").reset_index()
    layout = "tidy" if shape == "long" else "fed"
    source, options = written, {}
    if kind != "frame":
        source = tmp_path_factory.mktemp("made-up") / "own.csv"
        if kind == "semicolon":
            written = written.map(
                lambda cell: (
                    cell.replace(".", ",")
                    if cell.lstrip("-").replace(".", "").isdigit() and cell.count(".") == 1
                    else cell
                )
            )
            options = {"decimal": ","}
        written.to_csv(source, index=False, sep=";" if kind == "semicolon" else ",")
    macro = read_scenario(source, layout=layout, units=unit, trend=0.02, **options)
    plain = pd.DataFrame(
        {"date": periods.astype(str)} | {name: [float(cell) for cell in column] for name, column in cells.items()}
    )
    xr.testing.assert_identical(macro.drop_attrs(), read_scenario(plain, units=unit, trend=0.02).drop_attrs())
    span = {"Q": 3, "M": 1, "Y": 12}[periods.freqstr[0]]
    for name, column in tenths.items():
        np.testing.assert_allclose(percent(macro, name, span), np.array(column) / 10, atol=1e-7)
    assert macro.attrs["start"] == str(periods[0].start_time)[:7]


@pytest.mark.parametrize(("variable", "low", "high"), [
    ("Unemployment rate", 0.0, 60.0), ("Real disposable income growth", -99.0, 200.0),
    ("Real GDP growth", -99.0, 200.0), ("3-month Treasury rate", -10.0, 200.0),
])  # fmt: skip
def test_a_figure_may_be_at_its_bounds_and_not_beyond(variable, low, high):
    units = {"unemployment_rate": "percent", "real_income_growth": "percent", "gdp_growth": "percent",
             "policy_rate": "percent"}  # fmt: skip

    def months(figure):
        figures = table(**{variable: [5.6, 6.8, figure, 9.2]})
        return figures.assign(Date=["2025-01", "2025-02", "2025-03", "2025-04"])

    for inside in (low, high):
        read_scenario(months(inside), units=units)
    for beyond in (low - 0.1, high + 0.1):
        assert faults(months(beyond), units=units) == [
            f"{variable!r}: found {beyond:.10g} in 2025-03, expected {low:g} to {high:g} percent; correct the cell or "
            "the unit"
        ]


@pytest.mark.parametrize(("figure", "annual"), [(-70.0, "-99%"), (32.0, "204%")])
def test_growth_of_a_quarter_is_bounded_by_what_it_is_in_a_year(figure, annual):
    units = {"gdp_growth": "percent on the quarter before"}
    assert faults(table(**{"Real GDP growth": [0.5, figure, 0.4, figure]}), units=units) == [
        f"'Real GDP growth': found {figure:g} in 2025Q2, growth of {annual} at an annual rate, expected -99% to 200%; "
        "correct the cell or the unit"
    ]


def test_a_rate_stands_before_a_level_and_a_level_before_a_nominal_one():
    rate = {"Real GDP growth": [1.0, 2.0, 3.0, 4.0]}
    for columns in ({"Real GDP": [100.0, 90.0, 80.0, 70.0]} | rate, rate | {"Real GDP": [100.0, 90.0, 80.0, 70.0]}):
        macro = read_scenario(table(**columns))
        assert percent(macro, "gdp_growth") == pytest.approx([1.0, 2.0, 3.0, 4.0])
        assert "columns not read: 'Real GDP'" in sl.notes(macro)
    levels = {"Household income": [100.0, 110.0, 120.0, 130.0], "Real household income": [100.0, 101.0, 102.0, 103.0]}
    macro = read_scenario(table(**levels))
    assert percent(macro, "real_income_growth")[0] == pytest.approx((1.01**4 - 1) * 100)
    assert faults(table(**rate, **{"GDP growth, real": [1.0] * 4})) == [
        "'Real GDP growth' and 'GDP growth, real': found 2 columns of gdp_growth, expected one; drop the others"
    ]


def test_nominal_income_is_divided_by_prices_and_not_by_their_growth():
    nominal = [100.0, 104.0, 108.0, 112.0]
    columns = {"CPI inflation rate": [2.0, 2.0, 2.0, 2.0], "CPI": [100.0, 103.0, 106.0, 109.0]}
    macro = read_scenario(table(**columns, **{"Household income": nominal}))
    assert percent(macro, "real_income_growth")[0] == pytest.approx(((1.04 / 1.03) ** 4 - 1) * 100)
    assert percent(macro, "inflation") == pytest.approx([2.0] * 3)
    assert "real_income_growth: 'Household income' is nominal, divided by 'CPI'" in sl.notes(macro)
    bad = {"CPI": [100.0, 103.0, "x", 109.0], "Household income": nominal}
    assert faults(table(**bad)) == ["'CPI': found 'x' in 2025Q3, expected a number; correct the cell"]


@pytest.mark.parametrize(
    ("cells", "found", "advice"),
    [
        (["5", "", "x", "6"], "'' in 2025Q2 (and in 1 more)", "fill"),
        (["5", "x", "", "6"], "'x' in 2025Q2 (and in 1 more)", "correct"),
        (["5", "6", "x", "7"], "'x' in 2025Q3", "correct"),
        (["5", "1e999", "6", "7"], "'1e999' in 2025Q2", "correct"),
    ],
)
def test_the_first_cell_that_is_no_number_is_named(cells, found, advice):
    assert faults(table(**{"Unemployment rate": cells})) == [
        f"'Unemployment rate': found {found}, expected a number; {advice} the cell"
    ]


def test_a_cell_of_a_table_without_periods_is_named_by_its_row():
    bad = pd.DataFrame(
        {"When": QUARTERS, "Unemployment rate": [5.6, "x", 8.1, 9.2], "Real GDP": [101.0, 102.0, 103.0, 104.0]}
    )
    found = faults(bad)
    assert [said.split(",")[0] for said in found] == [
        "'Date': found no column of periods among 'When'", "'Unemployment rate': found 'x' in row 2",
    ]  # fmt: skip


def test_units_are_asked_for_beside_periods_that_cannot_be_read():
    rows = table(**{"Real GDP growth": [1.0, 2.0, 3.0, 4.0]}).assign(Date=["2025Q1", "later", "2025Q3", "2025Q4"])
    found = faults(rows, layout="boe")
    assert [said.split(",")[0] for said in found] == [
        "'Real GDP growth': found no unit", "'Date': found 'later'",
    ]  # fmt: skip
    assert "or 'percent on the quarter before' if it is not at an annual rate" in found[0]


@pytest.mark.parametrize(("stated", "argument"), [("monthly", "quarterly"), ("quarterly", "monthly"),
                                                  ("annual", "quarterly")])  # fmt: skip
def test_frequencies_of_table_and_argument_that_differ_are_one_fault(stated, argument):
    rows = table().melt("Date").assign(frequency=stated, unit="percent")
    assert faults(rows, layout="tidy", frequency=argument) == [
        f"frequency: found {stated!r} in the table and frequency={argument!r}, expected one of them; drop frequency="
    ]
    said = table().melt("Date").assign(frequency="quarterly", unit="percent")
    assert read_scenario(said, layout="tidy", frequency="quarterly").attrs["frequency"] == "quarterly"


def test_a_year_is_no_start_of_a_table_of_quarters():
    assert faults(table(), start="2025") == [
        "start: found '2025', expected one of 2025Q1 to 2025Q4; choose one of these periods"
    ]
    years = pd.DataFrame({"Date": ["2025", "2026"], "Unemployment rate": [5.6, 6.8]})
    assert read_scenario(years, start="2026").attrs["start"] == "2026-01"
    assert read_scenario(years, start="2026-12-31").attrs["start"] == "2026-01"
    assert faults(years, start="2026Q1")[0].startswith("start: found '2026Q1', expected one of 2025 to 2026;")


@pytest.mark.parametrize("trend", [-0.5, 0.0, 0.5])
def test_a_trend_is_within_half_of_income_a_year(trend):
    assert read_scenario(table(), trend=trend)["real_income_trend"] == trend
    beyond = trend + (0.01 if trend >= 0 else -0.01)
    if abs(beyond) > 0.5:
        assert faults(table(), trend=beyond)[0].startswith(f"trend: found {beyond!r}, expected growth within -0.5 to")


def test_other_income_is_no_growth_of_the_economy():
    columns = {"Real disposable income growth": [1.0, 2.0, 3.0, 4.0], "Labour income": [1.0, 2.0, 3.0, 4.0]}
    notes = sl.notes(read_scenario(table(**columns), trend=0.02))
    assert notes == ["columns not read: 'Labour income'"]


def test_the_base_of_growth_is_noted_only_where_it_was_not_asked_for():
    start = sl.notes(read_scenario(frame(LEVELS), start="Q1 2025", layout="boe", trend=0.01))
    assert not any("the base of growth" in note for note in start)
