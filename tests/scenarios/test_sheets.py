"""Shapes of tables: columns, rows, long rows, titles between them, and the kinds of file they come in."""

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import xarray as xr

from stresslab.scenarios.readers import read_scenario
from stresslab.schema import InputError

PLAIN = pd.DataFrame(
    {
        "Date": ["2025 Q1", "2025 Q2", "2025 Q3"],
        "Unemployment rate": [5.6, 6.8, 8.1],
        "Real disposable income growth": [-6.0, -3.5, 0.5],
        "3-month Treasury rate": [1.8, 0.1, 0.1],
    }
)


def read(table, **kwargs):
    return read_scenario(table, trend=0.02, **kwargs)


def faults(table, **kwargs):
    with pytest.raises(InputError) as caught:
        read(table, **kwargs)
    return caught.value.faults


def assert_same(macro, other):
    xr.testing.assert_identical(macro.drop_attrs(), other.drop_attrs())


def test_periods_across_the_columns():
    across = PLAIN.set_index("Date").T.rename_axis("variable").reset_index()
    assert_same(read(across), read(PLAIN))
    assert_same(read(across, layout="tidy", units="percent"), read(PLAIN))
    dates = across.set_axis(["variable", *pd.to_datetime(["2025-03-31", "2025-06-30", "2025-09-30"])], axis=1)
    assert_same(read(dates), read(PLAIN))
    twice = pd.concat([across, across.iloc[:1]])
    assert faults(twice) == ["'Unemployment rate': found in 2 rows, expected one; drop the others"]


def test_periods_across_the_columns_with_units_and_scenarios():
    across = PLAIN.set_index("Date").T.rename_axis("variable").reset_index()
    across.insert(1, "unit", ["percent", "% q/q", "percent"])
    mild = across.assign(scenario="mild")
    macro = read(pd.concat([mild, mild.assign(scenario="severe")]), name="severe", layout="tidy")
    growth = macro["real_income_growth"].values.reshape(-1, 3).mean(axis=1)
    assert growth == pytest.approx([0.94**4 - 1, 0.965**4 - 1, 1.005**4 - 1])
    assert macro.attrs["name"] == "severe"


def test_long_rows_are_sorted_by_their_days():
    rows = PLAIN.assign(Date=["31/03/2025", "30/06/2025", "30/09/2025"]).melt("Date").sample(frac=1, random_state=1)
    assert_same(read(rows, layout="tidy", units="percent"), read(PLAIN))


def test_long_rows_in_the_words_of_statistical_offices():
    rows = pd.DataFrame(
        {
            "FREQ": "Q",
            "REF_AREA": "POL",
            "indicator": ["unemployment_rate", "gdp_growth"],
            "UNIT_MEASURE": ["PC_ACT", "PC"],
            "TRANSFORMATION": ["", "G1"],
            "TIME_PERIOD": "2022-Q2",
            "OBS_VALUE": [2.7, -1.113254137],
        }
    )
    macro = read(rows, layout="tidy")
    assert macro["gdp_growth"].values == pytest.approx([-0.0437921] * 3, abs=1e-7)
    assert macro.attrs["start"] == "2022-04"
    both = pd.concat([rows, rows.assign(REF_AREA="CAN")])
    assert faults(both, layout="tidy") == ["'REF_AREA': found 'POL', 'CAN', expected one country; keep the rows of one"]
    unknown = faults(rows.assign(TRANSFORMATION=["", "GCM"]), layout="tidy")
    assert len(unknown) == 1
    assert "found unit 'PC GCM', expected one of ('percent', " in unknown[0]
    said = {"gdp_growth": "percent on the quarter before"}  # the sentence can be followed
    assert_same(read(rows.assign(TRANSFORMATION=["", "GCM"]), layout="tidy", units=said), macro)
    assert (
        "periods of several lengths"
        in faults(rows.assign(TIME_PERIOD=["2022-Q2", "2022"], FREQ=["Q", "A"]), layout="tidy")[-1]
    )


def test_long_rows_passed_as_columns_and_columns_as_long_rows():
    rows = PLAIN.melt("Date")
    assert "pass layout='tidy'" in faults(rows.rename(columns={"Date": "When"}))[0]
    assert [fault.split(":")[0] for fault in faults(PLAIN, layout="tidy")] == ["'variable'", "'value'"]
    assert "among 'Date', 'Unemployment rate'" in faults(PLAIN, layout="tidy")[0]


def test_titles_and_what_stands_below_are_left_out_with_a_note(tmp_path):
    text = PLAIN.to_csv(index=False).splitlines()
    text[1:1] = ["Historical data,,,"]
    text[3:3] = ["Projections,,,"]
    text += ["Guidance,,,", "Rate to be applied from 2037 onwards,4.5,0.9,3"]
    file = tmp_path / "titles.csv"
    file.write_text("\n".join(text))
    macro = read(file)
    assert_same(macro, read(PLAIN))
    assert "'Historical data', 'Projections', 'Guidance', 'Rate to be applied" in macro.attrs["notes"]
    file.write_text("\n".join(text).replace("2025 Q3", "2025 Q5"))
    assert "found '2025 Q5'" in faults(file)[0]


def test_several_scenarios_and_missing_columns_are_named_in_one_round():
    table = pd.DataFrame({"scenario": ["Base", "Severe"], "gdp_growth": [6.5, 3.2], "policy_rate": [4.5, 6.5]})
    found = faults(table)
    assert "'Date': found no column of periods among 'scenario', 'gdp_growth', 'policy_rate'" in found[0]
    assert found[1:] == [
        "'scenario': found Base, Severe, expected one scenario; choose it with name=",
        "'Unemployment rate': found no such column, expected it; add or rename it",
    ]
    assert "name: found 'Sever' (there is 'Severe'), expected one of Base, Severe" in faults(table, name="Sever")[1]


def test_a_name_of_a_table_without_names():
    macro = read(PLAIN, name="Severe")
    assert_same(macro, read(PLAIN))
    assert macro.attrs["name"] == "Severe"
    assert "name: the table names no scenario, its figures are called 'Severe'" in macro.attrs["notes"]
    assert faults(PLAIN, name=" ") == ["name: found ' ', expected a name; give one, or drop name="]


def test_tables_in_memory_and_on_disk_are_the_same(tmp_path):
    days = PLAIN.assign(Date=pd.to_datetime(["2025-03-31", "2025-06-30", "2025-09-30"]))
    quarters = PLAIN.assign(Date=pd.PeriodIndex(["2025Q1", "2025Q2", "2025Q3"], freq="Q"))
    days.to_excel(tmp_path / "a.xlsx", index=False)
    days.to_parquet(tmp_path / "a.parquet")
    days.to_csv(tmp_path / "a.csv.gz", index=False)
    PLAIN.to_csv(tmp_path / "tabs.txt", index=False, sep="\t", encoding="utf-16")
    PLAIN.to_csv(tmp_path / "de.csv", index=False, sep=";", decimal=",", encoding="utf-8-sig")
    tables = [days, quarters, pl.from_pandas(PLAIN), pl.from_pandas(days), pa.Table.from_pandas(days)]
    tables += [tmp_path / name for name in ("a.xlsx", "a.parquet", "a.csv.gz", "tabs.txt")]
    for table in tables:
        assert_same(read(table), read(PLAIN))
    assert_same(read(tmp_path / "de.csv", decimal=","), read(PLAIN))


def test_years_of_a_table_in_memory_may_be_numbers():
    for years in ([2025, 2026], [2025.0, 2026.0], ["2025", "2026"]):
        macro = read(pd.DataFrame({"year": years, "Unemployment rate": [5.0, 6.0]}))
        assert (macro.attrs["start"], macro.attrs["frequency"], macro.sizes["month"]) == ("2025-01", "annual", 24)


def test_percent_signs_in_all_cells_are_the_unit(tmp_path):
    signed = PLAIN.assign(**{name: [f"{value} %" for value in PLAIN[name]] for name in PLAIN.columns[1:]})
    assert_same(read(signed), read(PLAIN))
    assert_same(read(signed.melt("Date"), layout="tidy"), read(PLAIN))
    across = signed.set_index("Date").T.rename_axis("variable").reset_index()
    assert_same(read(across), read(PLAIN))
    (fault,) = faults(signed.rename(columns={"Unemployment rate": "Unemployment rate (decimal)"}))
    assert "'Unemployment rate (decimal)': found unit '% decimal'" in fault


@pytest.mark.parametrize("cell", ["5,6", "1,234.5", ",", "5,6,x", "5_6", "5.6%", "5 6", "five", "inf", "1e999", "True"])
def test_a_cell_that_is_no_number_is_never_another_number(cell):
    (fault,) = faults(PLAIN.assign(**{"Unemployment rate": ["4.5", cell, "8.1"]}))
    assert f"found {cell!r} in" in fault


def test_decimal_commas_are_one_sentence(tmp_path):
    file = tmp_path / "de.csv"
    PLAIN.to_csv(file, index=False, sep=";", decimal=",")
    assert faults(file) == [
        "decimal: found '5,6' in 'Unemployment rate' (and in 2 more columns), expected points as decimal signs and "
        "none between thousands; pass decimal=',' or remove the commas"
    ]
    wrong = faults(file, separator=",")
    assert len(wrong) <= 3


def test_a_minus_of_print_is_a_minus(tmp_path):
    file = tmp_path / "print.csv"
    file.write_text(
        PLAIN.to_csv(index=False)
        .replace("-6.0", "\N{MINUS SIGN}6.0")
        .replace("-3.5", "\N{MINUS SIGN}3.5\N{NO-BREAK SPACE}"),
        "utf-8",
    )
    assert_same(read(file), read(PLAIN))


@pytest.mark.parametrize(
    "labels",
    [
        ("2025-02-31", "2025-06-30", "2025-09-30"),
        ("2025-03-31 garbage", "2025-06-30", "2025-09-30"),
        ("2025:1", "2025:2", "2025:3"),
        ("2025T1", "2025T2", "2025T3"),
    ],
)
def test_a_label_across_the_columns_that_is_no_period_is_refused_like_one_in_a_column(labels):
    across = PLAIN.set_index("Date").T.set_axis(labels, axis=1).rename_axis("variable").reset_index()
    (fault,) = faults(across)
    (same,) = faults(PLAIN.assign(Date=labels))
    assert f"found {labels[0]!r}" in fault
    assert fault.replace("'header'", "'Date'") == same


def test_columns_beside_the_periods_are_left_out_with_a_note():
    across = PLAIN.set_index("Date").T.rename_axis("variable").reset_index().assign(Peak=[8.1, 0.5, 1.8])
    macro = read(across)
    assert_same(macro, read(PLAIN))
    assert "columns left out, as they are of no period: 'Peak'" in macro.attrs["notes"]


def test_a_table_that_falls_into_one_column_says_so(tmp_path):
    file = tmp_path / "blanks.txt"
    file.write_text(PLAIN.to_csv(index=False, sep="\t").replace("\t", "   "))
    assert faults(file) == [
        "table: found utf-8, separated by commas, 1 column 'Date   Unemployment rate   Real disposab', expected a "
        "column for the periods; pass separator=, or add the columns"
    ]


def test_long_rows_without_a_variable_name_countries_and_frequencies_too():
    """Rows as the OECD publishes them: the series is told by several columns, and the table holds all countries."""
    rows = pd.DataFrame(
        {
            "FREQ": ["Q", "Q", "A"],
            "REF_AREA": ["POL", "CAN", "POL"],
            "TRANSACTION": "B1GQ",
            "UNIT_MEASURE": "PC",
            "TRANSFORMATION": ["G1", "GY", "G1"],
            "TIME_PERIOD": ["2022-Q2", "2023-Q4", "2023"],
            "value": [-1.113254137, 0.38, 3.7],
        }
    )
    assert [fault.split(",")[0] for fault in faults(rows, layout="tidy")] == [
        "'variable': found no such column among 'FREQ'",
        "'FREQ': found 'q'",
        "'REF_AREA': found 'POL'",
    ]


def test_a_title_in_a_full_line_is_left_out_as_the_message_says(tmp_path):
    file = tmp_path / "titled.csv"
    file.write_text("Table 1: severe scenario,,,\n" + PLAIN.to_csv(index=False))
    assert faults(file) == [
        "header: found 'Table 1: severe scenario' alone in its line, above rows with 4 filled, expected names of "
        "columns; leave it out with skip=['Table 1: severe']"
    ]
    assert_same(read(file, skip=["Table 1: severe"]), read(PLAIN))


@pytest.mark.parametrize("encoding", ["gb18030", "latin-1", "utf-16-le", "utf-16", "utf-32", "utf-8-sig"])
def test_encodings_are_detected_or_named(encoding, tmp_path):
    name = "Très sévère" if encoding == "latin-1" else "严重"
    table = PLAIN.assign(scenario=name)
    file = tmp_path / "named.csv"
    file.write_text(table.to_csv(index=False), encoding=encoding)
    assert read(file, encoding=encoding).attrs["name"] == name
    if encoding in ("gb18030", "latin-1", "utf-16-le"):
        (fault,) = faults(file)
        assert fault.startswith("encoding: found bytes that are no utf-8 text, expected one that ")
        assert fault.endswith("; pass it with encoding=, or save the file as UTF-8")
        assert f"('{name}')" in fault or encoding == "utf-16-le"
    else:
        assert read(file).attrs["name"] == name


def test_annual_rows_of_the_imf_and_rows_of_several_countries():
    """As the World Economic Outlook is published: codes before the name, a last column that is no period."""
    rows = pd.DataFrame(
        {
            "WEO Country Code": 186,
            "Country": "Turkey",
            "Subject Descriptor": ["Inflation, average consumer prices", "Unemployment rate"],
            "Units": ["Percent change", "Percent of total labor force"],
            "2025": [34.9, 8.6],
            "2026": [24.7, 8.5],
            "Estimates Start After": [2023, 2023],
        }
    )
    macro = read(rows, layout="tidy")
    assert macro["unemployment_rate"].values.reshape(2, 12).mean(axis=1) == pytest.approx([0.086, 0.085])
    assert macro["inflation"].values.reshape(2, 12).mean(axis=1) == pytest.approx([0.349, 0.247])
    assert (macro.attrs["frequency"], macro.attrs["start"]) == ("annual", "2025-01")
    assert (
        "columns left out, as they are of no period: 'WEO Country Code', 'Estimates Start After'"
        in macro.attrs["notes"]
    )
    both = pd.concat([rows, rows.assign(Country="France")])
    assert faults(both, layout="tidy") == [
        "'Country': found 'Turkey', 'France', expected one country; keep the rows of one"
    ]


def test_variables_down_a_column_are_told_to_be_long_rows():
    rows = PLAIN.melt("Date")
    assert faults(rows) == [
        "table: found variables down the column 'variable', expected a column for each; pass layout='tidy'"
    ]
    cases = PLAIN.melt("Date", value_name="Baseline").assign(Adverse=9.0)
    assert faults(cases) == [
        "table: found variables down the column 'variable', expected a column for each; pass layout='tidy' and name "
        "the column of the figures 'value'"
    ]


def test_a_row_of_units_or_means_without_a_period_is_one_fault():
    for cells in (["", "percent", "percent", "percent"], ["", 6.8, -3.1, 0.7]):
        row = pd.DataFrame([cells], columns=PLAIN.columns)
        (fault,) = faults(pd.concat([row, PLAIN]))
        assert fault == (
            f"'Date': found no period beside {', '.join(repr(str(cell)) for cell in cells[1:])}, expected one in each "
            "row; fill it, or remove the row"
        )


def test_a_column_of_one_period_is_read_across_and_a_column_of_dates_down():
    across = PLAIN.iloc[:1].set_index("Date").T.rename_axis("variable").reset_index()
    assert_same(read(across), read(PLAIN.iloc[:1]))
    assert_same(read(PLAIN.assign(**{"2026": 1.0})), read(PLAIN))


def test_columns_that_are_twice_there_are_a_fault_if_they_are_of_a_variable():
    twice = pd.concat([PLAIN, PLAIN[["3-month Treasury rate"]]], axis=1)
    assert faults(twice) == ["'3-month Treasury rate': found 2 columns of that name, expected one; drop the others"]
    notes = pd.DataFrame({"a": [1, 2, 3], "b": [4, 5, 6]}).set_axis(["Note", "Note"], axis=1)
    assert_same(read(pd.concat([PLAIN, notes], axis=1)), read(PLAIN))


def test_periods_alone_name_no_variable():
    assert faults(pd.DataFrame({"2025Q1": [5.6], "2025Q2": [6.8]})) == [
        "header: found periods alone: '2025Q1', '2025Q2', expected a column that names the variables; add it"
    ]


def test_rows_of_unknown_names_are_named_from_the_column_of_variables_or_the_first():
    rows = pd.DataFrame({"code": ["x", "y"], "Variable": ["Jobless", "Wages"], "2025Q1": [5.6, 1.0], "2025Q2": [6, 1]})
    assert faults(rows) == [
        "'Unemployment rate': found no such column among 'Jobless', 'Wages', expected it; add or rename it"
    ]
    assert "among 'x', 'y', expected it" in faults(rows.rename(columns={"Variable": "text"}))[0]


def test_an_empty_column_beside_the_periods_is_nothing():
    across = PLAIN.set_index("Date").T.rename_axis("variable").reset_index().assign(Peak=[8.1, 0.5, 1.8], Blank="")
    assert "of no period: 'Peak'\"" in read(across).attrs["notes"]


def test_a_row_of_no_variable_may_be_twice_there():
    across = PLAIN.set_index("Date").T.rename_axis("variable").reset_index()
    other = across.iloc[:1].assign(variable="Remark")
    assert_same(read(pd.concat([across, other, other])), read(PLAIN))


def test_a_figure_of_long_rows_has_one_unit_and_one_row():
    rows = PLAIN.melt("Date").assign(unit="percent")
    for place, (first, second) in enumerate([("percent", "decimal"), ("decimal", "percent")]):
        two = rows.assign(unit=["percent"] * 3 + [first, second, first] + ["percent"] * 3)
        assert faults(two, layout="tidy")[:1] == [
            f"'Real disposable income growth': found units {first!r} and {second!r}, expected one; keep the rows of "
            "one, or convert the figures"
        ], place
    twice = pd.concat([rows, rows.iloc[[1, 4]]])
    assert faults(twice, layout="tidy") == [
        "'Unemployment rate': found 2025Q2 twice, expected it once; drop one of the rows"
    ]


def test_long_rows_without_their_columns_name_what_is_there_once():
    rows = PLAIN.melt("Date").set_axis(["a", "b", "c"], axis=1)
    assert faults(rows, layout="tidy") == [
        "'date': found no such column among 'a', 'b', 'c', expected one; rename the column that holds it",
        "'variable': found no such column, expected one; rename the column that holds it",
        "'value': found no such column, expected one; rename the column that holds it",
    ]


def test_long_rows_out_of_order_are_put_in_that_of_time():
    days = PLAIN.assign(Date=["2025-11-30", "2025-12-31", "2026-01-31"]).melt("Date").iloc[::-1]
    months = PLAIN.assign(Date=["2025-11", "2025-12", "2026-01"])
    assert_same(read(days, layout="tidy", units="percent"), read(months))
    bad = PLAIN.assign(Date=["2025Q1", "2025Q2", "later"]).melt("Date").iloc[::-1]
    assert faults(bad, layout="tidy", units="percent")[0].startswith("'Date': found 'later', expected '2026Q1'")


def test_a_scenario_that_is_not_there_is_the_only_fault():
    named = PLAIN.assign(scenario="Base")
    assert faults(named, name="Worst") == ["name: found 'Worst', expected one of Base; correct name="]
    assert read(named).attrs["name"] == read(named, name="Base").attrs["name"] == "Base"


def test_rows_without_a_period_are_one_fault_in_a_table_of_scenarios():
    blank = PLAIN.assign(Date="", scenario="Base")
    assert faults(blank) == [
        "'Date': found no period beside '5.6', '-6', '1.8', 'Base' (and in 2 more rows), expected one in each row; "
        "fill it, or remove the row"
    ]


def test_titles_alone_are_no_table():
    for labels in (["Historical data", "Projections", "Guidance"], [None, None, None]):
        assert faults(PLAIN.assign(**dict.fromkeys(PLAIN.columns[1:]), Date=labels)) == [
            "table: found 4 columns 'Date', 'Unemployment rate', 'Real disposable income growth', "
            "'3-month Treasury rate' and no figures beside a period, expected a row for each period; add them"
        ]
    rows = [["Old", None, None, None], ["x", 5.6, -6.0, 1.8], ["New", None, None, None], ["y", 6.8, -3.5, 0.1]]
    bad = faults(pd.DataFrame(rows, columns=PLAIN.columns))
    assert bad[0].startswith("'Date': found 'x' (and 1 more), expected '2026Q1', '2026-03'")


def test_titles_may_stand_beside_periods_in_any_column():
    last = PLAIN[[*PLAIN.columns[1:], "Date"]].astype(str)
    title = pd.DataFrame([["", "", "", "Guidance"], ["4.5", "0.9", "3", "from 2037 onwards"]], columns=last.columns)
    macro = read(pd.concat([last, title]))
    assert_same(macro, read(PLAIN))
    assert "rows left out, as they are of no period: 'Guidance', 'from 2037 onwards'" in macro.attrs["notes"]
    bad = last.assign(Date=["2025 Q1", "2025 Q5", "2025 Q3"])
    assert faults(bad)[0].startswith("'Date': found '2025 Q5'")


@pytest.mark.parametrize("first", ["REF_AREA", "Scenario Name"])
def test_what_differs_in_the_first_column_is_named(first):
    rows = pd.concat([PLAIN.melt("Date"), PLAIN.melt("Date")])
    rows.insert(0, first, ["A"] * 9 + ["B"] * 9)
    (fault,) = faults(rows, layout="tidy", units="percent")
    assert fault.startswith(f"{first!r}: found ")


def test_the_frequency_of_the_first_column_is_named():
    rows = PLAIN.melt("Date")
    rows.insert(0, "freq", ["Q"] * 8 + ["M"])
    assert faults(rows, layout="tidy", units="percent") == [
        "'freq': found 'q', 'm', expected one; keep the rows of one, or convert them"
    ]
    assert_same(read(rows.assign(freq=""), layout="tidy", units="percent"), read(PLAIN))


def test_long_rows_are_proposed_only_if_both_their_columns_are_there():
    rows = PLAIN.melt("Date").rename(columns={"Date": "When"})
    advice = "rename the column that holds them"
    assert faults(rows.rename(columns={"variable": "what"}))[0].endswith(f"'Month' or 'Year'; {advice}")
    assert faults(rows.rename(columns={"value": "figure"}).assign(series="x"))[0].startswith("table: found variables")
