"""Names of `import stresslab as sl`: quick to import, complete, and seen with every signature by editors and mypy."""

import ast
import importlib
import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

import stresslab as sl

ROOT = Path(__file__).parent.parent
STUB = Path(sl.__file__).with_suffix(".pyi")
NAMESPACES = {"actions", "asrf", "formulas", "funding", "irb", "outcomes", "plot", "scenarios", "targets"}
MOST_NAMES = 58
"""Beside the namespaces: a name more than these needs a namespace, or a reason to raise the number."""


HEAVY = {"numba", "matplotlib", "xarray", "pandas", "numpy", "scipy"}
RIGHT = [
    "portfolio = sl.synthetic_portfolio('china-online', borrowers=100, seed=1)",
    "result = sl.simulate(portfolio, sl.scenario('china-baseline'), horizon=6, seed=1)",
    "losses = sl.loss_distribution(result, levels=0.9)",
    "sl.plot.fan(result, 'balance', intervals=0.9)",
]


def run_python(code):
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def stub_imports():
    """Names that the stub imports, each with the module that it says they come from."""
    tree = ast.parse(STUB.read_text("utf-8"))
    return {
        alias.asname or alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def names_of(space):
    return importlib.import_module(f"stresslab.{space}").__all__


def test_import_loads_nothing_heavy():
    code = f"import stresslab, sys; print(sorted({HEAVY!r} & set(sys.modules)))"
    assert run_python(code).strip() == "[]"


def test_the_stub_dir_and_what_resolves_agree():
    declared = set(stub_imports())
    assert len(sl.__all__) == len(set(sl.__all__))
    assert declared == set(sl.__all__) == set(dir(sl))
    assert [name for name in sl.__all__ if getattr(sl, name, None) is None] == []


def test_the_stub_names_the_modules_that_define_what_it_imports():
    defined = {name: module for name, module in stub_imports().items() if module}
    assert {name: f"stresslab.{module}" for name, module in defined.items()} == {
        name: getattr(sl, name).__module__ for name in defined
    }


def test_there_are_nine_namespaces_and_few_names_beside_them():
    spaces = {name for name in sl.__all__ if inspect.ismodule(getattr(sl, name))}
    assert spaces == NAMESPACES
    assert len(sl.__all__) - len(spaces) <= MOST_NAMES


@pytest.mark.parametrize("space", sorted(NAMESPACES))
def test_every_name_of_a_namespace_resolves(space):
    module, names = getattr(sl, space), names_of(space)
    assert names
    assert len(names) == len(set(names))
    assert [name for name in names if getattr(module, name, None) is None] == []
    shared = {name for name in names if name in sl.__all__ and space != "plot"}
    assert {name for name in shared if getattr(module, name) is not getattr(sl, name)} == set()


def test_a_wrong_name_is_an_attribute_error():
    assert not hasattr(sl, "simulat")
    assert not hasattr(sl.scenarios, "no_such_name")


def test_scenarios_are_a_namespace_with_a_table():
    code = (
        "import stresslab as sl; import stresslab.scenarios.library as room; a = sl.scenarios.table(); "
        "sl.scenario('china-baseline'); print(len(sl.scenarios.table()) == len(a) == len(room.table()) > 2)"
    )
    assert run_python(code).strip() == "True"


@pytest.fixture(scope="session")
def mypy(tmp_path_factory):
    """Answers of mypy --strict about a script of a user, line by line."""
    places = [f"sl.{name}" for name in sl.__all__ if name not in NAMESPACES]
    places += [f"sl.{space}.{name}" for space in sorted(NAMESPACES) for name in names_of(space)]
    lines = ["import stresslab as sl", *RIGHT, 'sl.simulate(1, "nonsense", no_such=3)', "sl.no_such_name"]
    lines += [f"reveal_type({place})" for place in places]
    script = tmp_path_factory.mktemp("typed") / "script.py"
    script.write_text("\n".join(lines) + "\n")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", "pyproject.toml", "--no-error-summary"]
    run = subprocess.run(
        [*command, str(script)],
        cwd=ROOT,
        env={**os.environ, "MYPYPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1, run.stdout + run.stderr
    report = {}
    for answer in run.stdout.splitlines():
        place, _, text = answer.partition(": ")
        path, _, number = place.rpartition(":")
        if Path(path).name == script.name:  # mypy's cache may know the same script from another folder
            report.setdefault(lines[int(number) - 1], []).append(text)
    return report


def test_the_package_says_that_it_is_typed():
    assert Path(sl.__file__).with_name("py.typed").is_file()


def test_right_calls_are_accepted_by_mypy(mypy):
    assert {line: mypy[line] for line in RIGHT if line in mypy} == {}


def test_a_wrong_call_is_refused_by_mypy(mypy):
    errors = [text for text in mypy['sl.simulate(1, "nonsense", no_such=3)'] if text.startswith("error: ")]
    faults = " ".join(errors)
    assert len(errors) == 3, errors
    assert 'Argument 1 to "simulate" has incompatible type "int"; expected "Dataset"' in faults
    assert 'Argument 2 to "simulate" has incompatible type "str"; expected "Dataset"' in faults
    assert 'Unexpected keyword argument "no_such" for "simulate"' in faults
    assert any("no_such_name" in text for text in mypy["sl.no_such_name"])


def test_mypy_and_editors_see_every_signature(mypy):
    shown = {line: " ".join(texts) for line, texts in mypy.items() if line.startswith("reveal_type")}
    assert len(shown) > 100
    assert [line for line, text in shown.items() if text == 'Revealed type is "Any"'] == []
    simulate = shown["reveal_type(sl.simulate)"]
    assert all(f"{name}: " in simulate or f"{name} =" in simulate for name in inspect.signature(sl.simulate).parameters)
