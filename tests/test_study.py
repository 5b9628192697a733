"""A study file: refused whole or run whole."""

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

from stresslab.cli import app
from stresslab.schema import InputError
from stresslab.study import demo_study, read_study, run_study, summary_table

SMALL = {
    "portfolio": {"borrowers": 1500, "seed": 1},
    "macro": {"scenarios": ["fed-2026-baseline", "fed-2026-severely-adverse"], "paths": 4, "seed": 2},
    "simulation": {"seed": 3, "horizon": 6},
}


def test_five_faults_are_named_with_their_keys(tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text(
        "[portfolio]\nborrowers = -5\n[macro]\npaths = 'many'\nscenarioz = ['x']\n"
        "[simulation]\nrenewal = 'growing'\n[losses]\nlevels = [99.0]\n"
    )
    with pytest.raises(InputError) as caught:
        read_study(path)
    keys = [fault.split(":")[0] for fault in caught.value.faults]
    assert sorted(keys) == [
        "losses.levels.0", "macro.paths", "macro.scenarioz", "portfolio.borrowers", "simulation.renewal",
    ]  # fmt: skip
    shown = CliRunner().invoke(app, ["run", str(path)])
    assert shown.exit_code == 2
    assert all(key in shown.output for key in keys)


def test_an_unknown_scenario_is_named():
    with pytest.raises(InputError, match="fed-1492"):
        read_study({"macro": {"scenarios": ["fed-1492"]}})


def test_broken_toml_and_missing_file_are_named(tmp_path):
    broken = tmp_path / "broken.toml"
    broken.write_text("[portfolio\n")
    for path in (broken, tmp_path / "absent.toml"):
        with pytest.raises(InputError, match="TOML"):
            read_study(path)


def test_the_demo_is_a_million_loans():
    study = demo_study()
    assert study.portfolio.borrowers * 2.17 == pytest.approx(1e6, rel=0.02)
    assert study.macro.scenarios == ["fed-2026-baseline", "fed-2026-severely-adverse"]


def test_a_study_writes_what_it_found(tmp_path):
    answers = run_study(read_study(SMALL), progress=False)
    table = summary_table(answers)
    severe, calm = table["fed-2026-severely-adverse"], table["fed-2026-baseline"]
    peak = "borrowers' unemployment, peak [%]"
    assert severe[peak] > calm[peak]
    path = tmp_path / "study.toml"
    path.write_text(
        "[portfolio]\nborrowers = 1500\nseed = 1\n[macro]\npaths = 4\nseed = 2\n"
        'scenarios = ["fed-2026-baseline", "fed-2026-severely-adverse"]\n[simulation]\nseed = 3\nhorizon = 6\n'
    )
    shown = CliRunner().invoke(app, ["run", str(path), "--out", str(tmp_path / "out"), "--quiet"])
    assert shown.exit_code == 0, shown.output
    again = xr.load_dataset(tmp_path / "out" / "result.nc")
    np.testing.assert_array_equal(again["balance"], answers.result["balance"])
    assert {p.name for p in (tmp_path / "out").iterdir()} >= {"summary.csv", "arrears_rate.png", "buffer.png"}


def test_scenarios_are_listed():
    shown = CliRunner().invoke(app, ["scenarios"])
    assert shown.exit_code == 0
    assert "fed-2026" in shown.output
