"""The front door: every name resolves, import is quick, and mypy sees the signatures through the stub."""

import ast
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest
from mypy import api

import stresslab as sl

PACKAGE = Path(sl.__file__).parent
SPACES = ("actions", "asrf", "formulas", "funding", "irb", "outcomes", "plot", "scenarios", "targets")
MOST_NAMES = 56
HEAVY = {"numba", "matplotlib", "xarray", "pandas", "numpy", "scipy"}
RIGHT = """
import stresslab as sl
import xarray as xr

portfolio: xr.Dataset = sl.synthetic_portfolio("china-online", borrowers=100, seed=1)
result: xr.Dataset = sl.simulate(portfolio, sl.scenario("china-baseline"), horizon=6, seed=1)
losses = sl.loss_distribution(result, levels=0.9)
sl.plot.fan(result, "balance", intervals=0.9)
"""
WRONG = """
import stresslab as sl

sl.simulate(1, "nonsense", no_such=3)
"""


def run_python(code):
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def stub_names():
    """Names in the stub's __all__, and those that it imports."""
    body = ast.parse((PACKAGE / "__init__.pyi").read_text()).body
    imported = {alias.asname or alias.name for node in body if isinstance(node, ast.ImportFrom) for alias in node.names}
    listed = next(ast.literal_eval(node.value) for node in body if isinstance(node, ast.Assign))
    return listed, imported


@pytest.fixture(scope="module")
def type_errors(tmp_path_factory):
    """Error lines of mypy --strict on code that uses this package, in a file of its own."""
    folder = tmp_path_factory.mktemp("user")
    options = ["--strict", "--follow-imports=silent", "--config-file=", f"--cache-dir={folder / 'cache'}"]

    def errors_of(code):
        (folder / "user.py").write_text(code)
        report, trouble, status = api.run([*options, str(folder / "user.py")])
        errors = [line for line in report.splitlines() if ": error: " in line]
        assert not trouble
        assert status == bool(errors), report
        return errors

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MYPYPATH", str(PACKAGE.parent))
        yield errors_of


def test_import_loads_nothing_heavy():
    loaded = run_python(f"import stresslab, sys; print(sorted({HEAVY!r} & set(sys.modules)))")
    assert loaded.strip() == "[]"


def test_stub_dir_and_what_resolves_agree():
    listed, imported = stub_names()
    assert len(set(listed)) == len(listed)
    assert set(listed) == imported == set(sl.__all__) == set(dir(sl))
    assert all(getattr(sl, name) is not None for name in listed)


def test_names_at_the_top_are_few_and_the_namespaces_are_known():
    spaces = [name for name in sl.__all__ if inspect.ismodule(getattr(sl, name))]
    assert sorted(spaces) == sorted(SPACES)
    assert len(sl.__all__) - len(spaces) <= MOST_NAMES


@pytest.mark.parametrize("space", SPACES)
def test_every_name_of_a_namespace_resolves(space):
    module = importlib.import_module(f"stresslab.{space}")
    assert getattr(sl, space) is module
    assert len(set(module.__all__)) == len(module.__all__) > 0
    missing = [name for name in module.__all__ if getattr(module, name, None) is None]
    assert missing == []


def test_a_wrong_name_is_an_attribute_error():
    assert not hasattr(sl, "simulat")
    assert not hasattr(sl.plot, "fans")


def test_the_package_says_that_it_is_typed():
    assert (PACKAGE / "py.typed").is_file()


def test_mypy_accepts_a_right_call(type_errors):
    assert type_errors(RIGHT) == []


def test_mypy_refuses_a_wrong_call(type_errors):
    errors = type_errors(WRONG)
    assert len(errors) == 3, errors
    assert sum("incompatible type" in error for error in errors) == 2
    assert sum('Unexpected keyword argument "no_such"' in error for error in errors) == 1


def test_scenarios_are_a_namespace_with_a_table():
    code = (
        "import stresslab as sl; import stresslab.scenarios.library as library; table = sl.scenarios.table(); "
        "sl.scenario('china-baseline'); print(len(sl.scenarios.table()) == len(table) == len(library.table()) > 2)"
    )
    assert run_python(code).strip() == "True"
