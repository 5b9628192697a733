"""The library against the published figures, and what every scenario must satisfy."""

import csv
import json
import re
import tomllib
from importlib.resources import files

import numpy as np
import pytest
import xarray as xr

from stresslab.scenarios.library import check_scenario, scenario, table
from stresslab.scenarios.paths import macro_paths
from stresslab.scenarios.tables import COLUMNS
from stresslab.schema import MACRO, InputError

BASELINE = [4.6, 4.6, 4.6, 4.5, 4.5, 4.4, 4.4, 4.3, 4.3, 4.3, 4.2, 4.2, 4.2]
SEVERE = [5.9, 7.2, 8.2, 9.0, 9.5, 9.9, 10.0, 9.8, 9.4, 9.1, 8.7, 8.4, 8.0]
FED = {"fed-2026-baseline": "Baseline", "fed-2026-severely-adverse": "Severely_Adverse"}


def read(name):
    """A scenario's file as it is."""
    return tomllib.loads(files("stresslab.scenarios").joinpath("data", f"{name}.toml").read_text(encoding="utf-8"))


def quarters(variable):
    return 100 * variable.values.reshape(-1, 3).mean(axis=1)


@pytest.mark.parametrize(
    ("name", "published"), [("fed-2026-baseline", BASELINE), ("fed-2026-severely-adverse", SEVERE)]
)
def test_unemployment_is_as_published(name, published):
    macro = scenario(name)
    np.testing.assert_allclose(quarters(macro.unemployment_rate), published, atol=1e-9)
    assert macro.sizes["month"] == 39
    assert macro.unemployment_rate.min() > 0
    assert macro.unemployment_rate.max() < 1


def test_cells_of_the_severely_adverse_scenario():
    macro = scenario("fed-2026-severely-adverse")
    assert quarters(macro.real_income_growth)[[0, 1, 7, 12]] == pytest.approx([-1.7, -1.3, 2.3, 2.8])
    assert quarters(macro.gdp_growth)[[0, 1, 7, 12]] == pytest.approx([-6.1, -5.0, 2.9, 3.9])
    assert quarters(macro.inflation)[[0, 1, 7, 12]] == pytest.approx([2.9, 2.1, 1.1, 1.3])
    assert quarters(macro.policy_rate)[[0, 1, 7, 12]] == pytest.approx([2.5, 0.1, 0.1, 0.1])
    assert macro.policy_rate.min() >= 0


@pytest.mark.parametrize("name", FED)
def test_every_cell_is_that_of_the_published_file(fed_folder, name):
    with open(fed_folder / f"2026_Proposed_Supervisory_{FED[name]}_Domestic.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    with open(fed_folder / "2026_Proposed_Historic_Domestic.csv", newline="") as file:
        last = list(csv.DictReader(file))[-1]
    record = read(name)
    assert last["Date"] == "2025 Q4"
    assert rows[0]["Date"].replace(" ", "") == record["start"]
    for variable, column in COLUMNS.items():
        assert record["values"][variable] == [float(row[column]) for row in rows]
        assert record["jumping_off"][variable] == float(last[column])


def test_the_path_leaves_the_history_smoothly():
    # 4.5 % before, 5.9 % in the first quarter: the first month lies between them
    first = scenario("fed-2026-severely-adverse").unemployment_rate.values[0]
    assert 0.045 < first < 0.059


def test_normal_income_growth_is_the_baseline_mean():
    # (2.5 + 2.0 + 1.9 + 2.3 + 4 x 2.2 + 5 x 2.1) / 13 = 28 / 13
    for name in FED:
        assert scenario(name)["real_income_trend"] == pytest.approx(0.28 / 13)
    assert scenario("china-baseline")["real_income_trend"] == 0.05


def test_china_baseline_is_flat():
    macro = scenario("china-baseline")
    assert macro.sizes["month"] == 36
    figures = {"unemployment_rate": 0.052, "real_income_growth": 0.05, "gdp_growth": 0.05, "inflation": 0.005}
    for name, figure in (figures | {"policy_rate": 0.015}).items():
        assert macro[name].values == pytest.approx(figure, abs=1e-15)


LIBRARY = {  # months, highest unemployment, filled in
    "china-2020": (
        12,
        0.062,
        "unemployment_rate (in part), real_income_growth, furlough_share, furlough_income_loss, collections_capacity",
    ),
    "china-baseline": (36, 0.052, "inflation, policy_rate"),
    "collections-stop": (36, 0.052, "everything"),
    "credit-supply-stop": (36, 0.052, "everything"),
    "dfast-2013-severely-adverse": (39, 0.121, "real_income_growth"),
    "eba-2025-adverse": (36, 0.12, "unemployment_rate, real_income_growth"),
    "fed-2026-baseline": (39, 0.046, "nothing"),
    "fed-2026-severely-adverse": (39, 0.1, "nothing"),
    "income-only": (36, 0.052, "everything"),
    "job-loss-only": (36, 0.102, "everything"),
    "pboc-2025-light": (36, 0.062, "everything"),
    "pboc-2025-medium": (36, 0.072, "everything"),
    "pboc-2025-severe": (36, 0.092, "everything"),
    "rates-only": (36, 0.052, "everything"),
    "us-1990": (48, 0.076, "nothing"),
    "us-2001": (39, 0.061, "nothing"),
    "us-2007": (48, 0.099, "nothing"),
    "us-2020": (27, 0.13, "nothing"),
}


def test_table_names_every_scenario():
    listed = table()
    columns = ["name", "publisher", "published", "start", "months", "peak_unemployment", "filled_in", "purpose"]
    assert list(listed.columns) == columns
    assert list(listed["name"]) == list(LIBRARY)
    for row in listed.itertuples():
        months, peak, filled = LIBRARY[row.name]
        assert (row.months, row.filled_in) == (months, filled)
        assert row.peak_unemployment == pytest.approx(peak)
        assert scenario(row.name).sizes["month"] == months
        assert scenario(row.name).attrs["start"] == row.start
        assert scenario(row.name).attrs["filled_in"] == filled


@pytest.mark.parametrize("name", LIBRARY)
def test_every_file_says_where_each_figure_comes_from(name):
    record = read(name)
    assert record["name"] == name
    for key in ("title", "publisher", "published", "licence", "address", "purpose", "units", "frequency", "start"):
        assert str(record[key])
    assert list(record["status"]) == list(record["values"]) == [key for key in MACRO if key in record["values"]]
    assert all(text.startswith(("published", "source:", "assumption:")) for text in record["status"].values())
    history = json.loads(scenario(name).attrs["history"])
    assert history[: len(record["status"])] == [f"{key}: {text}" for key, text in record["status"].items()]
    assert re.fullmatch(r"\d{4}(Q[1-4]|-\d\d)?", record["start"])


@pytest.mark.parametrize("name", LIBRARY)
def test_every_scenario_can_stray(name):
    fan = macro_paths(scenario(name), 30, seed=1, spread=1)
    assert fan.sizes["path"] == 30
    check_scenario(fan)


@pytest.mark.parametrize("name", LIBRARY)
def test_published_periods_are_the_means_of_the_months(name):
    record, macro = read(name), scenario(name)
    span = {"constant": macro.sizes["month"], "monthly": 1, "quarterly": 3, "annual": 12}[record["frequency"]]
    for variable, figures in record["values"].items():
        found = 100 * macro[variable].values.reshape(-1, span).mean(axis=1)
        np.testing.assert_allclose(found, np.broadcast_to(figures, found.shape), atol=1e-9)


DFAST = {
    "unemployment_rate": [8.9, 10.0, 10.7, 11.5, 11.9, 12.0, 12.1, 12.0, 11.9, 11.7, 11.5, 11.4, 11.1],
    "gdp_growth": [-3.5, -6.1, -4.4, -4.2, -1.2, 0.0, 2.2, 2.6, 3.8, 4.2, 4.1, 4.6, 4.6],
}


def test_dfast_2013_is_as_published_and_income_on_the_line_of_2026():
    record = read("dfast-2013-severely-adverse")
    assert {key: record["values"][key] for key in DFAST} == DFAST
    calm, bad = (read(f"fed-2026-{name}")["values"] for name in ("baseline", "severely-adverse"))
    gdp, income = (np.subtract(bad[key], calm[key]) for key in ("gdp_growth", "real_income_growth"))
    assert gdp @ income / (gdp @ gdp) == pytest.approx(0.51, abs=0.005)  # least squares through the origin
    assert np.corrcoef(gdp, income)[0, 1] > 0.99
    line = 2.2 + 0.51 * (np.array(DFAST["gdp_growth"]) - 1.9)
    np.testing.assert_allclose(record["values"]["real_income_growth"], line, atol=0.0501)


def test_dfast_2013_against_the_collected_figures(published_folder):
    with open(published_folder / "dfast2013_severely_adverse_path.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    record = read("dfast-2013-severely-adverse")
    columns = {"unemployment_rate": "unemployment_pct", "gdp_growth": "real_gdp_growth_saar_pct"}
    for variable, column in columns.items():
        of = {
            part: [float(row[column]) for row in rows if row["segment"] == part]
            for part in ("actual", "severely_adverse")
        }
        assert record["values"][variable] == of["severely_adverse"]
        assert record["jumping_off"][variable] == of["actual"][-1]


PBOC = {  # without disposals of bad loans; the light scenario ends at 6.55 %, the severe at 8.25 %
    "light": ([3.08, 5.02, 6.55], 12.50),
    "medium": ([3.18, 5.32, 7.29], 12.42),
    "severe": ([3.48, 5.96, 8.25], 11.95),
}


@pytest.mark.parametrize("name", PBOC)
def test_results_of_the_pboc_stand_beside_the_assumed_paths(name):
    macro = scenario(f"pboc-2025-{name}")
    reference = json.loads(macro.attrs["reference"])
    ratios, car = PBOC[name]
    assert reference["npl_ratio"] == dict(zip(("2024", "2025", "2026", "2027"), [1.22, *ratios], strict=True))
    assert reference["car"] == {"2024": 16.64, "2027": car}
    assert reference["provision_coverage"] == {"2024": 240.9}
    assert all(text.startswith("assumption:") for text in read(f"pboc-2025-{name}")["status"].values())


def test_the_severer_the_worse():
    peaks = [float(scenario(f"pboc-2025-{name}").unemployment_rate.max()) for name in PBOC]
    assert peaks == sorted(peaks)
    incomes = [float(scenario(f"pboc-2025-{name}").real_income_growth.mean()) for name in PBOC]
    assert incomes == sorted(incomes, reverse=True)


def test_eba_2025_has_the_published_summary():
    record = read("eba-2025-adverse")
    assert record["values"]["gdp_growth"] == [-2.3, -4.2, 0.0]
    assert record["values"]["inflation"] == [5.0, 3.5, 1.9]
    rise = record["values"]["unemployment_rate"][-1] - record["jumping_off"]["unemployment_rate"]
    assert rise == pytest.approx(6.1)
    assert record["reference"]["gdp_cumulative_2027_pct"] == -6.3
    assert record["reference"]["gdp_gap_to_baseline_2027_pp"] == -10.4
    gap = np.cumsum([1.4 + 2.3, 1.6 + 4.2, 1.5 - 0.0])
    np.testing.assert_allclose(record["values"]["unemployment_rate"], 5.9 + 6.1 * gap / gap[-1], atol=0.0501)
    line = 1.5 + 0.51 * np.array([-2.3 - 1.4, -4.2 - 1.6, 0.0 - 1.5])
    np.testing.assert_allclose(record["values"]["real_income_growth"], line, atol=0.0501)


REPLAYS = {
    "us-1990": [5.3, 5.3, 5.7, 6.1, 6.6, 6.8, 6.9, 7.1, 7.4, 7.6, 7.6, 7.4, 7.1, 7.1, 6.8, 6.6],
    "us-2001": [3.9, 4.2, 4.4, 4.8, 5.5, 5.7, 5.8, 5.7, 5.9, 5.9, 6.1, 6.1, 5.8],
    "us-2007": [4.5, 4.5, 4.7, 4.8, 5.0, 5.3, 6.0, 6.9, 8.3, 9.3, 9.6, 9.9, 9.8, 9.6, 9.5, 9.5],
    "us-2020": [3.6, 3.8, 13.0, 8.8, 6.8, 6.2, 5.9, 5.1, 4.2],
}


@pytest.mark.parametrize("name", REPLAYS)
def test_replays_are_the_published_history(name):
    assert read(name)["values"]["unemployment_rate"] == REPLAYS[name]


def test_incomes_of_2020_swing_as_published():
    figures = [1.9, 2.6, 45.9, -13.5, -8.0, 57.6, -27.7, -4.5, -4.4]
    assert read("us-2020")["values"]["real_income_growth"] == figures


def test_each_quarter_of_2020_is_held():
    # the smoothest path would fall to 1.7 % before the jump
    jobless = scenario("us-2020").unemployment_rate.values
    np.testing.assert_allclose(jobless, np.repeat(REPLAYS["us-2020"], 3) / 100)


@pytest.mark.parametrize("name", REPLAYS)
def test_every_cell_of_a_replay_is_that_of_the_historic_table(fed_folder, name):
    with open(fed_folder / "2026_Proposed_Historic_Domestic.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    record = read(name)
    first = [row["Date"].replace(" ", "") for row in rows].index(record["start"])
    for variable, column in COLUMNS.items():
        figures = record["values"][variable]
        assert figures == [float(row[column]) for row in rows[first : first + len(figures)]]
        assert record["jumping_off"][variable] == float(rows[first - 1][column])
    ten_years = [float(row[COLUMNS["real_income_growth"]]) for row in rows[first - 40 : first]]
    assert record["normal"] == pytest.approx(np.mean(ten_years), abs=0.00501)


def test_china_2020():
    macro = scenario("china-2020")
    published = {3: 0.059, 4: 0.06, 9: 0.054}
    for month, rate in published.items():
        assert macro.unemployment_rate.sel(month=month).item() == pytest.approx(rate)
    assert macro.unemployment_rate.mean().item() == pytest.approx(0.056, abs=0.0005)
    # hours of April: 44.3 a week of about 47.2, 6 % below normal
    april = macro.sel(month=4)
    assert (april.furlough_share * april.furlough_income_loss).item() == pytest.approx(1 - 44.3 / 47.2, abs=0.002)
    assert macro.collections_capacity.values[:4].tolist() == [1.0, 0.5, 0.5, 1.0]
    assert json.loads(macro.attrs["reference"])["d30_rate"] == {"2020-01": 1.76, "2020-05": 3.01}


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("job-loss-only", "unemployment_rate"),
        ("income-only", "real_income_growth"),
        ("rates-only", "policy_rate"),
        ("credit-supply-stop", "line_supply"),
        ("collections-stop", "collections_capacity"),
    ],
)
def test_a_shock_moves_one_variable_of_china_baseline(name, variable):
    calm, macro = scenario("china-baseline"), scenario(name)
    same = [key for key in macro if key != variable]
    xr.testing.assert_allclose(macro[same], calm[same], rtol=1e-14)
    away = macro[variable] - calm.get(variable, 1.0)
    assert set(map(str, macro.data_vars)) - set(map(str, calm.data_vars)) <= {variable}
    assert abs(away).max() > 0.02


@pytest.mark.parametrize("name", table()["name"])
def test_a_file_keeps_a_scenario(name, tmp_path):
    macro = scenario(name)
    macro.to_netcdf(tmp_path / "macro.nc")
    with xr.open_dataset(tmp_path / "macro.nc") as back:
        xr.testing.assert_identical(back.load(), macro)


def test_unknown_name_lists_the_known():
    says = r"'fed-2062-baseline', expected one of \('china-2020', .*; write 'fed-2026-baseline'"
    with pytest.raises(InputError, match=says):
        scenario("fed-2062-baseline")


@pytest.mark.parametrize("name", LIBRARY)
def test_every_variable_has_its_unit(name):
    macro = scenario(name)
    assert all(macro[key].attrs == {"units": MACRO[key].unit, "long_name": MACRO[key].meaning} for key in macro)


def test_each_call_gives_its_own_copy():
    scenario("china-baseline").unemployment_rate[:] = 0.5
    assert scenario("china-baseline").unemployment_rate.max() < 0.06


def test_faults_are_named_at_once():
    macro = scenario("china-baseline").drop_vars("real_income_growth").isel(month=[0, 2, 3])
    macro["unemployment_rate"] = macro.unemployment_rate * 100
    macro["inflation"] = macro.inflation.where(macro.month != 3)
    with pytest.raises(InputError) as caught:
        check_scenario(macro.expand_dims(country=["CN"]))
    text = str(caught.value)
    assert len(caught.value.faults) == 5
    for part in ("country", "real_income_growth: missing", "5.2", "nan in country CN, month 3", "found 3 after 1"):
        assert part in text


def test_months_must_be_counted():
    macro = scenario("china-baseline")
    with pytest.raises(InputError, match="no coordinate"):
        check_scenario(macro.drop_vars("month"))
    with pytest.raises(InputError, match="found no months"):
        check_scenario(macro.isel(month=[]))
    with pytest.raises(InputError, match=r"found no months in \{'time': 36\}"):
        check_scenario(macro.rename(month="time"))
