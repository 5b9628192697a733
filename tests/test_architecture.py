"""Imports point up the list of rooms only."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "stresslab"
BASE = {"schema", "checks", "typed", "parameters", "noted", "tabular", "version", "resources", "files"}
MAY_IMPORT = {
    "schema": set(),
    "checks": {"schema"},
    "typed": {"schema", "checks"},
    "parameters": {"schema", "checks", "typed"},
    "noted": {"schema", "typed"},
    "version": set(),
    "resources": {"schema"},
    "files": {"schema"},
    "tabular": {"schema", "checks"},
    "testing": {"schema", "checks", "typed"},
    "portfolio": BASE,
    "scenarios": BASE,
    "engine": BASE,
    "reference": {*BASE, "engine"},
    "population": {*BASE, "engine"},
    "measures": BASE,
    "studies": {*BASE, "scenarios", "engine", "population", "measures"},
    "views": {*BASE, "measures"},
}
INSIDE_ENGINE = {  # from the bottom up: each may import those named, which stand above it in this table
    "kernel": set(),
    "borrower_parameters": set(),
    "lender_parameters": set(),
    "tightening": {"lender_parameters"},
    "model": {"borrower_parameters", "lender_parameters"},
    "job_flows": {"kernel", "borrower_parameters"},
    "actions": {"kernel", "model"},
    "conditions": {"kernel"},
    "blocks": {"kernel", "model"},
    "packing": {"kernel", "model", "job_flows", "actions", "conditions", "blocks"},
    "feedback": {"lender_parameters", "tightening", "kernel", "model", "actions", "conditions", "packing"},
    "run": {"kernel", "model", "conditions", "blocks", "packing"},
    "mean_field": {"kernel", "model", "actions", "conditions", "blocks", "packing", "feedback", "run"},
    "result": {"kernel", "actions", "blocks", "packing", "mean_field"},
    "memory": {"kernel", "run", "mean_field"},
    "prepare": {"kernel", "model", "actions", "blocks", "packing", "feedback", "run", "mean_field", "result", "memory"},
    "provenance": {"model", "actions", "prepare"},
    "trace": {"kernel", "blocks", "packing", "result", "prepare"},
    "panel": {"kernel", "model", "actions", "blocks", "packing", "feedback", "run", "memory", "prepare", "provenance"},
    "loan_outcomes": {"kernel", "model", "prepare", "panel"},
    "simulate": {
        "lender_parameters", "kernel", "model", "actions", "blocks", "packing", "feedback", "run", "mean_field",
        "result", "memory", "prepare", "provenance", "trace",
    },
}  # fmt: skip
INSIDE_KERNEL = {
    "state": set(),
    "cache": set(),
    "random": {"state"},
    "behaviour": set(),
    "payments": {"state", "random", "behaviour"},
    "arrears": {"state", "random", "behaviour", "payments"},
    "monitoring": {"state", "behaviour", "payments"},
    "loop": {"state", "cache", "payments", "arrears", "monitoring"},
    "custom": {"behaviour", "payments", "arrears", "monitoring", "loop"},
}


def imported(path: Path, source: str | None = None) -> set[str]:
    """Modules of the package that a file imports, as dotted names below `stresslab`."""
    found = set()
    here = path.relative_to(PACKAGE).parts[:-1]
    for node in ast.walk(ast.parse(source or path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(("stresslab", *here)[: len(here) + 2 - node.level]) if node.level else ""
            stem = ".".join(part for part in (base, node.module or "") if part)
            names = [f"{stem}.{alias.name}" for alias in node.names]
        else:
            continue
        found |= {
            name.removeprefix("stresslab.") for name in names if name == "stresslab" or name.startswith("stresslab.")
        }
    return found


def wrong_way(path: Path, source: str | None = None) -> set[str]:
    room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    rooms = {name.split(".")[0] for name in imported(path, source)} - {room}
    return rooms - MAY_IMPORT[room]


FILES = [p for p in sorted(PACKAGE.rglob("*.py")) if p.relative_to(PACKAGE).parts[0].removesuffix(".py") in MAY_IMPORT]


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_up(path):
    assert wrong_way(path) == set()


def test_a_wrong_import_is_seen():
    assert wrong_way(PACKAGE / "measures/losses.py", "from stresslab.engine.simulate import simulate") == {"engine"}
    assert wrong_way(PACKAGE / "engine/model.py", "from ..population import synthetic") == {"population"}


def inside(folder, path, source=None):
    """Modules (or rooms) of a folder that one of its files imports."""
    stem = folder.replace("/", ".") + "."
    names = imported(path, source)
    return {name.removeprefix(stem).split(".")[0] for name in names if name.startswith(stem)}


STACKS = {"engine": INSIDE_ENGINE, "engine/kernel": INSIDE_KERNEL}
MEMBERS = [(folder, module) for folder, stack in STACKS.items() for module in stack]


@pytest.mark.parametrize(("folder", "module"), MEMBERS)
def test_the_engine_is_a_stack(folder, module):
    stack = STACKS[folder]
    above = [*stack][: [*stack].index(module)]
    assert stack[module] <= {*above}
    files = [PACKAGE / folder / f"{module}.py"] if (PACKAGE / folder / f"{module}.py").exists() else []
    for path in files:
        assert inside(folder, path) <= stack[module]


def test_the_kernel_imports_only_the_schema():
    for path in (PACKAGE / "engine/kernel").glob("*.py"):
        rooms = {name for name in imported(path) if not name.startswith("engine.kernel")}
        assert {name.split(".")[0] for name in rooms} <= {"schema"}, path


@pytest.mark.parametrize("folder", STACKS)
def test_every_module_has_its_place_in_the_stack(folder):
    here = {
        path.stem for path in (PACKAGE / folder).iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert here - {"__init__"} == {*STACKS[folder]}


@pytest.mark.parametrize(
    ("folder", "module", "source", "below"),
    [
        ("engine/kernel", "payments", "from .monitoring import tally", {"monitoring"}),
        ("engine/kernel", "monitoring", "from . import arrears", {"arrears"}),
        ("engine", "model", "from stresslab.engine.kernel.custom import Kernel", {"kernel"}),
        ("engine", "actions", "from .packing import pack\nfrom .model import Model", {"packing"}),
        ("engine", "feedback", "import stresslab.engine.simulate", {"simulate"}),
    ],
)
def test_a_module_that_looks_down_the_stack_is_seen(folder, module, source, below):
    assert inside(folder, PACKAGE / folder / f"{module}.py", source) - STACKS[folder][module] == below
