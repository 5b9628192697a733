"""Layouts of publishers and datasets: read as they are, and refused with every fault named."""

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import stresslab as sl
from stresslab.scenarios.library import macro_attrs, scenario
from stresslab.scenarios.readers import from_dataset, read_scenario
from stresslab.schema import InputError

# 2025 Q4, then the first quarters of the severely adverse scenario; columns out of order, one that is not ours
HEADER = (
    "Date,3-month Treasury rate,Unemployment rate,House Price Index (Level),Real disposable income growth,Scenario Name"
)
ROWS = [
    "2025 Q4,4.0,4.5,314.9,0.6,Severe",
    "2026 Q1,2.5,5.9,295.5,-1.7,Severe",
    "2026 Q2,0.1,7.2,277.1,-1.3,Severe",
    "2026 Q3,0.1,8.2,267.6,-0.8,Severe",
    "2026 Q4,0.1,9.0,258.4,-0.3,Severe",
]


@pytest.fixture
def write(tmp_path):
    def _write(rows, header=HEADER):
        path = tmp_path / "scenario.csv"
        path.write_text("\n".join([header, *rows]), encoding="utf-8-sig")
        return path

    return _write


def faults(path, **kwargs):
    with pytest.raises(InputError) as caught:
        read_scenario(path, **kwargs)
    return caught.value.faults


def test_columns_by_name_in_percent(write):
    macro = read_scenario(write(ROWS))
    assert set(macro.data_vars) == {"unemployment_rate", "real_income_growth", "policy_rate", "real_income_trend"}
    assert macro.unemployment_rate.values.reshape(-1, 3).mean(axis=1) == pytest.approx(
        [0.045, 0.059, 0.072, 0.082, 0.09]
    )
    assert macro.attrs["name"] == "Severe"
    assert macro.attrs["start"] == "2025-10"
    assert macro["real_income_trend"] == pytest.approx(0.28 / 13)


def test_start_makes_the_quarter_before_the_jumping_off(write):
    macro = read_scenario(write(ROWS), start="2026 Q1", trend=0.03)
    assert macro.sizes["month"] == 12
    assert macro.attrs["start"] == "2026-01"
    assert macro["real_income_trend"] == 0.03
    assert "from 2025Q4" in macro.attrs["history"]
    free = read_scenario(write(ROWS[1:]))
    assert abs(macro.unemployment_rate[0] - 0.045) < abs(free.unemployment_rate[0] - 0.045)


def test_published_files_give_the_library(fed_folder, tmp_path):
    history = (fed_folder / "2026_Proposed_Historic_Domestic.csv").read_text().splitlines()
    future = (fed_folder / "2026_Proposed_Supervisory_Severely_Adverse_Domestic.csv").read_text().splitlines()
    joined = tmp_path / "joined.csv"
    joined.write_text(
        "\n".join([*future[:1], history[-1].replace("Actual", "Supervisory Severely Adverse"), *future[1:]])
    )
    macro = read_scenario(joined, start="2026 Q1")
    xr.testing.assert_allclose(macro, scenario("fed-2026-severely-adverse"), rtol=1e-12)


def test_the_published_history_is_read_from_any_quarter(fed_folder):
    crisis = read_scenario(fed_folder / "2026_Proposed_Historic_Domestic.csv", start="2007 Q4").isel(month=slice(0, 36))
    quarters = crisis.unemployment_rate.values.reshape(-1, 3).mean(axis=1)
    assert quarters.argmax() == 8  # 2009 Q4
    assert quarters.max() == pytest.approx(0.099)


def test_one_of_several_scenarios(write):
    path = write(ROWS + [row.replace("Severe", "Mild") for row in ROWS[:2]])
    assert read_scenario(path, name="Mild").sizes["month"] == 6
    assert "Mild, Severe" in faults(path)[0]
    assert "expected one of Mild, Severe" in faults(path, name="Worst")[0]


def test_missing_columns_are_all_named(write):
    found = faults(write(["2026 Q1,5.9", "2026 Q2,7.2"], "Date,Jobless"))
    assert found == ["'Unemployment rate': found no such column among 'Jobless', expected it; add or rename it"]
    found = faults(write(["1,5.9", "2,7.2"], "When,Unemploymnt rate"))
    assert "'Date': found no column of periods among 'When', 'Unemploymnt rate', expected 'Date'" in found[0]
    assert found[1] == (
        "'Unemployment rate': found no such column (there is 'Unemploymnt rate'), expected it; add or rename it"
    )


def test_faults_are_listed_at_once(write):
    rows = [ROWS[0], ROWS[2], ROWS[3].replace("8.2", "82"), ROWS[4].replace("-0.3", "")]
    found = faults(write(rows), start="2031 Q1", trend=2.0)
    assert len(found) == 5
    text = " ".join(found)
    for part in ("found 2026Q2 after 2025Q4", "found 82 in 2026Q3", "'' in 2026Q4", "'2031 Q1'", "trend: found 2.0"):
        assert part in text


def test_decimals_are_refused_by_name(write):
    rows = [
        "2026 Q1,2.5,0.059,1,-0.017,S",
        "2026 Q2,0.1,0.072,1,-0.013,S",
        "2026 Q3,0.1,0.08,1,0,S",
        "2026 Q4,0.1,0.09,1,0,S",
    ]
    found = faults(write(rows))
    assert len(found) == 2
    assert "'Unemployment rate': found 0.09 at most, which looks like decimals, expected percent" in found[0]
    assert "'Real disposable income growth': found 0.017 at most, which looks like decimals" in found[1]


def test_a_rate_of_a_tenth_of_a_percent_is_not_taken_for_decimals(write):
    # 0.1 % is what the three-month rate was published at for years
    assert read_scenario(write(ROWS[2:])).policy_rate.mean() == pytest.approx(0.001)


def test_blank_columns_are_not_dropped_in_silence(write):
    found = faults(write([row.replace(",4.0,", ",,").replace(",2.5,", ",,") for row in ROWS]))
    assert found == ["'3-month Treasury rate': found '' in 2025Q4 (and in 1 more), expected a number; "
                     "fill the cell"]  # fmt: skip


def test_layout_faults(write):
    assert "line 2: found 7 cells" in faults(write([ROWS[0] + ",1", *ROWS[1:]]))[0]
    assert "found 2 columns" in faults(write([ROWS[0] + ",1"], HEADER + ",Unemployment rate"))[0]
    assert "and no row below, expected a row for each period" in faults(write([]))[0]


def test_the_smoothing_is_the_library_s(write):
    macro = read_scenario(write(ROWS), start="2026 Q1")
    assert np.allclose(
        macro.unemployment_rate[:6], scenario("fed-2026-severely-adverse").unemployment_rate[:6], atol=2e-4
    )


def test_older_files_of_the_federal_reserve(write):
    header = (
        "Scenario,Date,3-month Treasury yield,Real disposable income growth (%),UNEMPLOYMENT RATE,Nominal GDP growth"
    )
    macro = read_scenario(write(["S,Q4 2013,0.1,1.0,7.5,3.0", "S,Q1 2014,0.2,-1.0,8.5,-2.0"], header), start="Q1 2014")
    assert set(macro.data_vars) == {"unemployment_rate", "real_income_growth", "policy_rate", "real_income_trend"}
    assert macro.unemployment_rate.mean() == pytest.approx(0.085)
    assert macro.attrs["start"] == "2014-01"


def test_all_spellings_of_quarters_are_read_and_one_is_written(write):
    spaced, plain = write(ROWS), [row.replace(" Q", "Q") for row in ROWS]
    macro = read_scenario(spaced, start="2026 Q1")
    for start in ("2026Q1", "Q1 2026", "2026-Q1"):
        xr.testing.assert_identical(read_scenario(spaced, start=start), macro)
    xr.testing.assert_identical(read_scenario(write(plain), start="2026 Q1"), macro)
    assert json.loads(macro.attrs["history"])[1].endswith("starting from 2025Q4")
    assert "expected one of 2025Q4 to 2026Q4" in faults(write(plain), start="2031 Q1")[0]
    mixed = [TIDY[0].replace("2026 Q1", "Q1 2026"), *TIDY[1:6]]
    macro = read_scenario(write(mixed, "quarter,variable,value,unit"), layout="tidy", trend=0.02)
    assert macro.sizes["month"] == 6


def test_every_variable_has_its_unit(write):
    bare = scenario("china-baseline").drop_attrs(deep=True).assign(real_income_trend=0.05)
    for macro in (read_scenario(write(ROWS)), from_dataset(dataset(["2026Q1", "2026Q2"])), from_dataset(bare)):
        assert all(macro[name].attrs == macro_attrs(name) for name in map(str, macro.data_vars))


TIDY = [
    "2026 Q1,unemployment_rate,5.0,percent",
    "2026 Q1,Real disposable income growth,0.02,decimal",
    "2026 Q1,line_supply,100,%",
    "2026 Q2,unemployment_rate,8.0,percent",
    "2026 Q2,Real disposable income growth,-0.01,decimal",
    "2026 Q2,line_supply,40,%",
    "2026 Q1,House prices,300,index",
]


def test_tidy_rows_in_their_units(write):
    macro = read_scenario(write(TIDY[::-1], "quarter,variable,value,unit"), layout="tidy", trend=0.02)
    assert macro.unemployment_rate.values.reshape(-1, 3).mean(axis=1) == pytest.approx([0.05, 0.08])
    assert macro.real_income_growth.values.reshape(-1, 3).mean(axis=1) == pytest.approx([0.02, -0.01])
    assert macro.line_supply.values.tolist() == [1, 1, 1, 0.4, 0.4, 0.4]  # a share is held
    assert macro.attrs["frequency"] == "quarterly"


@pytest.mark.parametrize(
    ("dates", "frequency", "span", "start"),
    [
        (("2026-01", "2026-02"), "monthly", 1, "2026-01"),
        (("2026-01-31", "2026-02-28"), "monthly", 1, "2026-01"),
        (("2026-06-30", "2026-09-30"), "quarterly", 3, "2026-04"),
        (("2026-12-31", "2027-12-31"), "annual", 12, "2026-01"),
        (("2026", "2027"), "annual", 12, "2026-01"),
    ],
)
def test_dates_say_the_frequency(write, dates, frequency, span, start):
    rows = [
        f"{date},{name},{value}"
        for date, value in zip(dates, (5.0, 7.0), strict=True)
        for name in ("unemployment_rate", "real_income_growth")
    ]
    macro = read_scenario(write(rows, "date,variable,value"), layout="tidy", units="percent", trend=0.02)
    assert macro.unemployment_rate.values.reshape(-1, span).mean(axis=1) == pytest.approx([0.05, 0.07])
    assert (macro.attrs["frequency"], macro.attrs["start"]) == (frequency, start)


def test_tidy_faults_are_all_named(write):
    rows = [row.replace("percent", "points").replace("decimal", "% y/y") for row in TIDY]
    found = faults(write(rows, "quarter,variable,value,unit"), layout="tidy")
    assert any("'unemployment_rate': found unit 'points', expected percent or decimal" in fault for fault in found)
    assert any(
        "found unit '% y/y', growth on a year earlier, expected growth on the period" in fault for fault in found
    )
    gaps = faults(write([*TIDY[:3], TIDY[3], TIDY[3], TIDY[5]], "quarter,variable,value,unit"), layout="tidy")
    assert any("found 2026Q2 twice" in fault for fault in gaps)
    assert any("'Real disposable income growth': found '' in 2026Q2, expected a number" in fault for fault in gaps)
    assert [fault.split(":")[0] for fault in faults(write(TIDY, "a,b,c,d"), layout="tidy")] == [
        "'date'",
        "'variable'",
        "'value'",
    ]


def test_a_unit_that_is_not_stated_is_asked_for(write):
    rows = [row.rsplit(",", 1)[0] for row in TIDY[:6]]
    found = faults(write(rows, "quarter,variable,value"), layout="tidy")
    assert found == [
        "'Real disposable income growth': found no unit, expected percent or decimal; state it in the file, or pass "
        "units={'real_income_growth': 'percent'}, or 'percent on the quarter before' if it is not at an annual rate"
    ]  # unemployment of 5 and a share of 100 can only be percent
    units = {"unemployment_rate": "percent", "real_income_growth": "decimal", "line_supply": "percent"}
    macro = read_scenario(write(rows, "quarter,variable,value"), layout="tidy", units=units)
    assert macro.unemployment_rate.max() > 0.08
    assert (
        "units: found 'points' for all"
        in faults(write(rows, "quarter,variable,value"), layout="tidy", units="points")[0]
    )
    both = faults(write(TIDY, "quarter,variable,value,unit"), layout="tidy", units="decimal")
    assert any("found unit 'percent' in the file and 'decimal' by units=" in fault for fault in both)


def test_a_wrong_unit_is_found_by_its_figures(write):
    rows = [row.replace("percent", "decimal") for row in TIDY[:6]]
    found = faults(write(rows, "quarter,variable,value,unit"), layout="tidy")
    assert found == ["'unemployment_rate': found 5 in 2026Q1 (and in 1 more), expected 0 to 0.6 decimal; "
                     "correct the cell or the unit"]  # fmt: skip


def test_frequencies_that_contradict(write):
    rows = [f"{row},monthly" for row in TIDY[:6]]
    found = faults(write(rows, "quarter,variable,value,unit,frequency"), layout="tidy")
    assert found == [
        "frequency: found 'monthly', expected 'quarterly' as in 'quarter'; correct the frequency or the labels"
    ]
    steps = [row.replace("2026 Q1", "2026-01-31").replace("2026 Q2", "2026-03-31") for row in TIDY[:6]]
    assert "expected steps of 1, 3 or 12 months" in faults(write(steps, "date,variable,value,unit"), layout="tidy")[0]
    mixed = [TIDY[0].replace("2026 Q1", "2026"), *TIDY[1:6]]
    assert any("several lengths" in f for f in faults(write(mixed, "date,variable,value,unit"), layout="tidy"))
    one = [row.replace("2026 Q1", "2026-03-31") for row in TIDY[:3]]
    assert "pass frequency=" in faults(write(one, "date,variable,value,unit"), layout="tidy")[0]
    macro = read_scenario(write(one, "date,variable,value,unit"), layout="tidy", frequency="quarterly")
    assert macro.sizes["month"] == 3


BOE = "Quarter,UK Unemployment rate (%),Real household income growth (% annualised),Bank Rate (%),CPI inflation (% y/y)"
WIDE = ["2022 Q3,3.6,-1.0,1.5,10.0", "2022 Q4,4.5,-3.0,3.5,15.0", "2023 Q1,6.0,-2.0,6.0,17.0"]


def test_the_layout_of_the_bank_of_england(write):
    macro = read_scenario(write(WIDE, BOE), start="2022 Q4", layout="boe", trend=0.01)
    assert set(macro.data_vars) == {
        "unemployment_rate", "real_income_growth", "policy_rate", "inflation", "real_income_trend",
    }  # fmt: skip
    assert macro.policy_rate.values.reshape(-1, 3).mean(axis=1) == pytest.approx([0.035, 0.06])
    assert macro.attrs["start"] == "2022-10"
    assert "starting from 2022Q3" in macro.attrs["history"]


def test_units_in_headers_are_needed(write):
    header = "Quarter,Unemployment rate,Real income growth (%; q/q),Bank Rate (decimal)"
    found = faults(write([row.rsplit(",", 1)[0] for row in WIDE], header), layout="boe")
    assert found == [
        "'Bank Rate (decimal)': found 1.5 to 6, which look like percent (decimals: 600%), expected decimals; pass "
        "units={'policy_rate': 'percent'}, or divide by 100"
    ]
    macro = read_scenario(write([row.rsplit(",", 2)[0] for row in WIDE], header.rsplit(",", 1)[0]), layout="boe")
    growth = macro["real_income_growth"].values.reshape(-1, 3).mean(axis=1)
    assert growth == pytest.approx([0.99**4 - 1, 0.97**4 - 1, 0.98**4 - 1])
    assert sl.notes(macro)[:2] == [
        "unemployment_rate: 'Unemployment rate' is 6 at most, which can only be percent",
        "real_income_growth: 'Real income growth (%; q/q)' is growth on the quarter before, converted to an annual "
        "rate",
    ]


def test_an_unknown_layout(write):
    assert faults(write(ROWS), layout="ecb") == [
        "layout: found 'ecb', expected one of ('fed', 'tidy', 'boe'); choose one"
    ]


def dataset(time, units=("percent", "%"), **more):
    return xr.Dataset(
        {
            "unemployment_rate": ("time", [5.0, 8.0], {"units": units[0]}),
            "real_income_growth": ("time", [2.0, -1.0], {"units": units[1]}),
            **more,
        },
        {"time": time},
    )


@pytest.mark.parametrize(
    ("time", "span", "start"),
    [
        (pd.to_datetime(["2026-03-31", "2026-06-30"]), 3, "2026-01"),
        (pd.to_datetime(["2026-01-01", "2026-02-01"]), 1, "2026-01"),
        ([2026, 2027], 12, "2026-01"),
        (["2026 Q2", "2026 Q3"], 3, "2026-04"),
    ],
)
def test_a_dataset_along_time(time, span, start):
    macro = from_dataset(dataset(time), trend=0.02)
    assert macro.unemployment_rate.values.reshape(-1, span).mean(axis=1) == pytest.approx([0.05, 0.08])
    assert macro.attrs["start"] == start
    assert macro["real_income_trend"] == 0.02


def test_a_dataset_along_months_is_checked_and_kept():
    calm = scenario("china-baseline")
    xr.testing.assert_identical(from_dataset(calm), calm)
    with pytest.raises(InputError, match="a rate is a decimal"):
        from_dataset(calm * 100)


def test_faults_of_a_dataset_are_all_named():
    bad = dataset(["2026 Q1", "2026 Q3"], ("points", "1"), house_prices=("time", [1.0, 2.0]))
    with pytest.raises(InputError) as caught:
        from_dataset(bad.assign(real_income_growth=("time", [3.0, 2.0], {"units": "1"})))
    text = str(caught.value)
    parts = (
        "house_prices: unknown",
        "'unemployment_rate': found unit 'points'",
        "2026Q3 after 2026Q1",
        "found 2 to 3, which look",
    )
    assert all(part in text for part in parts)
    assert len(caught.value.faults) == 4
    with pytest.raises(InputError, match="expected one, of time"):
        from_dataset(bad.expand_dims(path=[0]))
    with pytest.raises(InputError, match="found no coordinate"):
        from_dataset(dataset([1, 2]).drop_vars("time"))
    with pytest.raises(InputError, match="time: found no periods"):
        from_dataset(dataset([1, 2]).isel(time=slice(0, 0)))


def test_labels_of_a_dataset_may_be_along_any_name():
    for dim, labels in (("month", ["2026-01", "2026-02"]), ("date", [2026, 2027]), ("year", [2026, 2027])):
        macro = from_dataset(dataset(labels).rename(time=dim), trend=0.02)
        assert macro.attrs["start"] == "2026-01"
    with pytest.raises(InputError, match=r"dimensions: found \(\), expected one, of time"):
        from_dataset(xr.Dataset({"unemployment_rate": 5.0}))


def test_months_without_their_trend_take_it_by_default():
    calm = scenario("china-baseline")
    given = from_dataset(calm, trend=0.01)
    assert given["real_income_trend"] == 0.01
    bare = from_dataset(calm.drop_vars("real_income_trend"))
    assert bare["real_income_trend"] == pytest.approx(0.28 / 13)
    assert any(note.startswith("real_income_trend: 2.15% a year, the mean of") for note in sl.notes(bare))


@pytest.mark.parametrize(
    ("units", "says"),
    [
        ({"gdp_growth": 3}, "units: found 3 for gdp_growth, expected one of"),
        ({"gdp_growth": "points"}, "units: found 'points' for gdp_growth, expected one of"),
        (
            {"gdp": "percent"},
            "units: found variable 'gdp' (there is 'gdp_growth'), expected among ['unemployment_rate'",
        ),
    ],
)
def test_units_of_no_meaning_are_refused_by_the_name_of_their_variable(write, units, says):
    assert faults(write(ROWS), units=units)[0].startswith(says)
