"""The Federal Reserve's layout: read as it is, and refused with every fault named."""

import numpy as np
import pytest
import xarray as xr

from stresslab.scenarios.library import scenario
from stresslab.scenarios.readers import read_scenario
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
    assert set(macro.data_vars) == {"unemployment_rate", "real_income_growth", "policy_rate"}
    assert macro.unemployment_rate.values.reshape(-1, 3).mean(axis=1) == pytest.approx(
        [0.045, 0.059, 0.072, 0.082, 0.09]
    )
    assert macro.attrs["name"] == "Severe"
    assert macro.attrs["start"] == "2025-10"
    assert macro.attrs["real_income_trend"] == pytest.approx(0.28 / 13)


def test_start_makes_the_quarter_before_the_jumping_off(write):
    macro = read_scenario(write(ROWS), start="2026 Q1", trend=0.03)
    assert macro.sizes["month"] == 12
    assert macro.attrs["start"] == "2026-01"
    assert macro.attrs["real_income_trend"] == 0.03
    assert "from 2025 Q4" in macro.attrs["history"]
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
    assert [fault.split(":")[0] for fault in found] == [
        "'Scenario Name'",
        "'Unemployment rate'",
        "'Real disposable income growth'",
    ]


def test_faults_are_listed_at_once(write):
    rows = [ROWS[0], ROWS[2], ROWS[3].replace("8.2", "82"), ROWS[4].replace("-0.3", "")]
    found = faults(write(rows), start="2031 Q1", trend=2.0)
    assert len(found) == 5
    text = " ".join(found)
    for part in ("found 2026 Q2 after 2025 Q4", "'82' in 2026 Q3", "'' in 2026 Q4", "'2031 Q1'", "trend: found 2.0"):
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
    assert "'Unemployment rate': found 0.09 at most, looks like decimals, expected percent" in found[0]
    assert "'Real disposable income growth': found 0.017 at most, looks like decimals" in found[1]


def test_a_rate_of_a_tenth_of_a_percent_is_not_taken_for_decimals(write):
    # 0.1 % is what the three-month rate was published at for years
    assert read_scenario(write(ROWS[2:])).policy_rate.mean() == pytest.approx(0.001)


def test_blank_columns_are_not_dropped_in_silence(write):
    found = faults(write([row.replace(",4.0,", ",,").replace(",2.5,", ",,") for row in ROWS]))
    assert found == ["'3-month Treasury rate': found '' in 2025 Q4 (and in 1 more), expected -10 to 200 percent; "
                     "fill it or check the unit"]  # fmt: skip


def test_layout_faults(write):
    assert "found '2026Q1'" in faults(write([ROWS[1].replace("2026 Q1", "2026Q1")]))[0]
    assert "line 2: found 7 cells, expected 6" in faults(write([ROWS[0] + ",1", *ROWS[1:]]))[0]
    assert "found 2 columns" in faults(write([ROWS[0] + ",1"], HEADER + ",Unemployment rate"))[0]
    assert "expected a header" in faults(write([]))[0]


def test_the_smoothing_is_the_library_s(write):
    macro = read_scenario(write(ROWS), start="2026 Q1")
    assert np.allclose(
        macro.unemployment_rate[:6], scenario("fed-2026-severely-adverse").unemployment_rate[:6], atol=2e-4
    )
