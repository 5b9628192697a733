"""Imports point up the list of rooms only."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "stresslab"
MAY_IMPORT = {
    "schema": set(),
    "portfolio": {"schema"},
    "scenarios": {"schema"},
    "engine": {"schema"},
    "population": {"schema", "engine"},
    "measures": {"schema"},
    "studies": {"schema", "scenarios", "engine", "population", "measures"},
    "views": {"schema", "measures"},
}
INSIDE_ENGINE = {  # from the bottom up: each may import those named, which stand above it in this table
    "layout": set(),
    "rows": set(),
    "random": set(),
    "behaviour": set(),
    "steps": {"layout", "random", "behaviour"},
    "arrears": {"layout", "random", "behaviour", "steps"},
    "sight": {"layout", "behaviour", "steps"},
    "kernel": {"layout", "rows", "steps", "arrears", "sight"},
    "custom": {"behaviour", "steps", "arrears", "sight", "kernel"},
    "model": set(),
    "flows": {"model"},
    "responses": {"layout", "model"},
    "blocks": {"layout", "model"},
    "months": {"layout", "model", "flows", "responses", "blocks"},
    "contracts": {"layout", "blocks", "months"},
    "field": {"layout", "model", "responses", "months"},
    "running": {"layout", "random", "custom", "model", "blocks", "months"},
    "together": {"layout", "custom", "model", "responses", "blocks", "months", "field", "running"},
    "labels": {"layout", "responses", "blocks", "months", "contracts", "together"},
    "asking": {"custom", "model", "responses", "blocks", "months", "field", "running", "together", "labels"},
    "recording": {"asking"},
    "trace": {"layout", "random", "custom", "blocks", "months", "labels", "asking"},
    "panel": {"layout", "random", "model", "responses", "blocks", "months", "field", "running", "asking"},
    "fates": {"layout", "model", "asking", "panel"},
    "simulate": {
        "layout", "custom", "model", "responses", "blocks", "months", "field", "running", "together", "labels",
        "asking", "recording", "trace",
    },
}  # fmt: skip


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


def inside_engine(module, source=None):
    """Modules of the engine that one of them imports."""
    names = imported(PACKAGE / f"engine/{module}.py", source)
    return {name.split(".")[1] for name in names if name.startswith("engine.")}


@pytest.mark.parametrize("module", INSIDE_ENGINE)
def test_the_engine_is_a_stack(module):
    below = [*INSIDE_ENGINE][: [*INSIDE_ENGINE].index(module)]
    assert INSIDE_ENGINE[module] <= {*below}
    assert inside_engine(module) <= INSIDE_ENGINE[module]


def test_every_module_has_its_place_in_the_stack():
    assert {path.stem for path in (PACKAGE / "engine").glob("*.py")} - {"__init__"} == {*INSIDE_ENGINE}


@pytest.mark.parametrize(
    ("module", "source", "above"),
    [
        ("steps", "from .sight import tally", {"sight"}),
        ("sight", "from . import arrears", {"arrears"}),
        ("kernel", "from stresslab.engine.custom import Kernel", {"custom"}),
        ("responses", "from .months import pack\nfrom .model import Model", {"months"}),
        ("field", "import stresslab.engine.simulate", {"simulate"}),
    ],
)
def test_a_module_that_looks_up_the_stack_is_seen(module, source, above):
    assert inside_engine(module, source) - INSIDE_ENGINE[module] == above
