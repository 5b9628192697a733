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
INSIDE_ENGINE = {
    "random": set(),
    "behaviour": set(),
    "layout": set(),
    "rows": set(),
    "steps": {"random", "behaviour", "layout"},
    "kernel": {"steps", "layout", "rows"},
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


@pytest.mark.parametrize("module", INSIDE_ENGINE)
def test_the_engine_is_a_stack(module):
    inside = {name.split(".")[1] for name in imported(PACKAGE / f"engine/{module}.py") if name.startswith("engine.")}
    assert inside <= INSIDE_ENGINE[module]
