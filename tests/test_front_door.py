"""Importing is quick, names are there."""

import subprocess
import sys

import stresslab as sl


def run_python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def test_import_loads_nothing_heavy():
    code = "import stresslab, sys; print(sorted({'numba', 'matplotlib', 'xarray', 'pandas'} & set(sys.modules)))"
    assert run_python(code).strip() == "[]"


def test_every_public_name_resolves():
    assert {"simulate", "synthetic_portfolio", "macro_paths", "loss_distribution", "plot"} <= set(sl.__all__)
    assert {"Feedback", "actions", "compare", "by_lender", "warning_quality", "panel"} <= set(sl.__all__)
    assert all(getattr(sl, name) is not None for name in sl.__all__)


def test_a_wrong_name_is_an_attribute_error():
    assert not hasattr(sl, "simulat")


def test_scenarios_are_a_room_and_a_list():
    code = (
        "import stresslab as sl; import stresslab.scenarios.library as room; a = sl.scenarios.table(); "
        "sl.scenario('china-baseline'); print(len(sl.scenarios.table()) == len(a) == len(room.table()) > 2)"
    )
    assert run_python(code).strip() == "True"
