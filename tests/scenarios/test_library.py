"""The library against the published figures, and what every scenario must satisfy."""

import csv
import tomllib
from importlib.resources import files

import numpy as np
import pytest
import xarray as xr

from stresslab.scenarios.library import VARIABLES, check_scenario, scenario, scenarios
from stresslab.scenarios.readers import COLUMNS
from stresslab.schema import InputError

BASELINE = [4.6, 4.6, 4.6, 4.5, 4.5, 4.4, 4.4, 4.3, 4.3, 4.3, 4.2, 4.2, 4.2]
SEVERE = [5.9, 7.2, 8.2, 9.0, 9.5, 9.9, 10.0, 9.8, 9.4, 9.1, 8.7, 8.4, 8.0]
FED = {"fed-2026-baseline": "Baseline", "fed-2026-severely-adverse": "Severely_Adverse"}


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
    record = tomllib.loads(files("stresslab.scenarios").joinpath("data", f"{name}.toml").read_text())
    assert last["Date"] == "2025 Q4"
    assert rows[0]["Date"] == record["start"]
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
        assert scenario(name).attrs["real_income_trend"] == pytest.approx(0.28 / 13)
    assert scenario("china-baseline").attrs["real_income_trend"] == 0.05


def test_china_baseline_is_flat():
    macro = scenario("china-baseline")
    assert macro.sizes["month"] == 36
    figures = {"unemployment_rate": 0.052, "real_income_growth": 0.05, "gdp_growth": 0.05, "inflation": 0.005}
    for name, figure in (figures | {"policy_rate": 0.015}).items():
        assert macro[name].values == pytest.approx(figure, abs=1e-15)


def test_table_names_every_scenario():
    table = scenarios()
    assert list(table.columns) == ["name", "publisher", "published", "start", "months", "peak_unemployment", "purpose"]
    assert list(table["name"]) == ["china-baseline", "fed-2026-baseline", "fed-2026-severely-adverse"]
    assert list(table["peak_unemployment"]) == pytest.approx([0.052, 0.046, 0.1])
    for name, months in zip(table["name"], table["months"], strict=True):
        assert scenario(name).sizes["month"] == months


@pytest.mark.parametrize("name", scenarios()["name"])
def test_every_file_says_where_each_figure_comes_from(name):
    record = tomllib.loads(files("stresslab.scenarios").joinpath("data", f"{name}.toml").read_text())
    assert record["name"] == name
    for key in ("title", "publisher", "published", "licence", "address", "purpose", "units", "frequency", "start"):
        assert str(record[key])
    assert tuple(record["status"]) == tuple(record["values"]) == VARIABLES
    assert all(text.startswith(("published", "source:", "assumption:")) for text in record["status"].values())


@pytest.mark.parametrize("name", scenarios()["name"])
def test_a_file_keeps_a_scenario(name, tmp_path):
    macro = scenario(name)
    macro.to_netcdf(tmp_path / "macro.nc")
    with xr.open_dataset(tmp_path / "macro.nc") as back:
        xr.testing.assert_identical(back.load(), macro)


def test_unknown_name_lists_the_known():
    with pytest.raises(InputError, match=r"'fed-2062-baseline', expected one of china-baseline, fed-2026-baseline"):
        scenario("fed-2062-baseline")


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
    for part in ("country", "real_income_growth: missing", "5.2", "nan", "found 1, 3, 4"):
        assert part in text


def test_months_must_be_counted():
    macro = scenario("china-baseline")
    with pytest.raises(InputError, match="no coordinate"):
        check_scenario(macro.drop_vars("month"))
    with pytest.raises(InputError, match="one at least"):
        check_scenario(macro.isel(month=[]))
    with pytest.raises(InputError, match="'month' among them"):
        check_scenario(macro.rename(month="time"))
