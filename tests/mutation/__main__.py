"""Mutation test of the modules that numbers come from: `make mutation`.

Changes are drawn from all that Cosmic Ray knows (operators, comparisons, numbers, conditions), a number for each group
of modules; each is made in a copy of the repository, where the group's tests run. Prints the share killed and the
survivors, those with a reason in `equivalent.toml` apart; exits with 1 below `WANTED`.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue
from typing import NamedTuple

from cosmic_ray import plugins
from cosmic_ray.ast import get_ast
from cosmic_ray.mutating import mutate_code

ROOT = Path(__file__).parents[2]
SCENARIO_FILES = ("readers", "sheets", "tables", "periods", "units", "names")
GROUPS: dict[str, tuple[str, str]] = {
    "tables": ("stresslab/tabular/*.py", "tests/tabular tests/portfolio/test_tape.py"),
    "tapes": ("stresslab/portfolio/*.py", "tests/portfolio"),
    "scenario files": (
        " ".join(f"stresslab/scenarios/{name}.py" for name in SCENARIO_FILES),
        " ".join(f"tests/scenarios/test_{name}.py" for name in (*SCENARIO_FILES, "monthly")),
    ),
    "losses": ("stresslab/measures/losses.py", "tests/measures/test_losses.py"),
    "estimators": (
        "stresslab/measures/estimators.py",
        "tests/measures/test_estimators.py tests/measures/test_losses.py",
    ),
    "provisions": ("stresslab/measures/provisions/*.py", "tests/measures/provisions"),
    "liquidity": ("stresslab/measures/liquidity/*.py", "tests/measures/liquidity"),
    "statements": ("stresslab/measures/capital/statements.py", "tests/measures/capital"),
    "plain month": ("stresslab/reference/*.py", "tests/reference"),
}
"""Files and tests of each group."""
LEFT_OUT = ("core/RemoveDecorator", "core/ExceptionReplacer", "core/VariableInserter", "core/VariableReplacer")
"""Kinds of change that are not made: of decorators, of the kind of an error caught, and those that ask for names."""
ARITHMETIC = ("Add", "Sub", "Mul", "Div")
"""Operators exchanged for each other; one that raises at once, as a shift of floats, would flatter the share."""
WANTED = 0.9
TIMEOUT = 600


class Mutant(NamedTuple):
    """A change: the operator's n-th place in a file, and the line that it changes."""

    group: str
    path: str
    operator: str
    occurrence: int
    line: str

    def __str__(self) -> str:
        return f"{self.path}: {self.operator.removeprefix('core/')} in `{self.line}`"


def mutants(group: str) -> list[Mutant]:
    """All changes of a group's files outside of annotations and of sentences that are put together."""
    found = []
    for path in sorted({file for pattern in GROUPS[group][0].split() for file in ROOT.glob(pattern)}):
        lines, outside = path.read_text("utf-8").split("\n"), _left_out(path)
        tree = get_ast(path.read_text("utf-8"))
        for name in sorted(filter(_is_made, plugins.operator_names())):
            operator, place = plugins.get_operator(name)(), 0
            for node in _nodes(tree):
                for start, _ in operator.mutation_positions(node):
                    line = lines[start[0] - 1].strip()
                    if start not in outside and line != "*,":
                        found.append(Mutant(group, str(path.relative_to(ROOT)), name, place, line))
                    place += 1
    return found


def _is_made(name: str) -> bool:
    """Whether a kind of change is made."""
    kind, *exchanged = name.removeprefix("core/").split("_")
    return name not in LEFT_OUT and (kind != "ReplaceBinaryOperator" or set(exchanged) <= set(ARITHMETIC))


def _nodes(node: object) -> list[object]:
    """A parse tree's nodes in the order in which Cosmic Ray visits them."""
    below = [inner for child in getattr(node, "children", []) for inner in _nodes(child)]
    return [node, *below]


def _left_out(path: Path) -> set[tuple[int, int]]:
    """Places (line, column) of annotations, which are not evaluated, and of f-strings, which only speak of numbers."""
    places = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        spoken = node if isinstance(node, ast.JoinedStr) else None
        for part in (spoken, getattr(node, "annotation", None), getattr(node, "returns", None)):
            if part is not None:
                end = part.end_lineno, part.end_col_offset
                places |= {
                    (line, column)
                    for line in range(part.lineno, part.end_lineno + 1)
                    for column in range(0, 200)
                    if (part.lineno, part.col_offset) <= (line, column) < end
                }
    return places


def survives(mutant: Mutant, copy: Path) -> bool:
    """Whether the group's tests pass with the change in a copy of the repository."""
    file, source = copy / mutant.path, (ROOT / mutant.path).read_text("utf-8")
    changed = mutate_code(source, plugins.get_operator(mutant.operator)(), mutant.occurrence)
    if changed is None or changed == source:
        raise ValueError(f"{mutant}: nothing to change")
    file.write_text(changed, "utf-8")
    tests = [mutant.path, *(path for path in GROUPS[mutant.group][1].split() if (copy / path).exists())]  # its examples
    quick = ["-p", "no:cacheprovider", "-p", "tests.mutation.first_failure", "--hypothesis-profile=first-failure"]
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-m", "not slow", *quick, *tests]
    try:
        run = subprocess.run(command, cwd=copy, capture_output=True, timeout=TIMEOUT, env=_environment(copy))
        return run.returncode == 0
    except subprocess.TimeoutExpired:
        return False  # a change that hangs is noticed
    finally:
        file.write_text(source, "utf-8")


def _environment(copy: Path) -> dict[str, str]:
    """Variables under which the copy is imported instead of what is installed."""
    return os.environ | {"PYTHONPATH": str(copy)}


def main() -> int:
    """Draw, run, print."""
    parser = argparse.ArgumentParser(description="Mutation test of the modules that numbers come from.")
    parser.add_argument("--each", type=int, default=40, help="changes drawn for each group")
    parser.add_argument("--seed", type=int, default=1, help="of the draw")
    parser.add_argument("--group", action="append", choices=list(GROUPS), help="only this group; may be repeated")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    reasons = {entry["mutant"]: entry["reason"] for entry in _equivalent()}
    drawn: list[Mutant] = []
    for group in given.group or GROUPS:
        every = mutants(group)
        drawn += random.Random(given.seed).sample(every, min(given.each, len(every)))
        print(f"{group}: {len(every)} changes, {min(given.each, len(every))} drawn", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        copies: Queue[Path] = Queue()
        for number in range(given.workers):
            copy = Path(folder, str(number))
            shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".git", ".venv", "_build", "out"))
            copies.put(copy)

        def lives(mutant: Mutant) -> bool:
            copy = copies.get()
            try:
                return survives(mutant, copy)
            finally:
                copies.put(copy)

        with ThreadPoolExecutor(given.workers) as pool:
            alive = list(pool.map(lives, drawn))
    return report(drawn, alive, reasons)


def report(drawn: list[Mutant], alive: list[bool], reasons: dict[str, str]) -> int:
    """Print the shares by group and the survivors; 1 if fewer were killed than wanted."""
    killed = equal = 0
    for group in dict.fromkeys(mutant.group for mutant in drawn):
        mine = [(mutant, lives) for mutant, lives in zip(drawn, alive, strict=True) if mutant.group == group]
        same = sum(lives and str(mutant) in reasons for mutant, lives in mine)
        dead = sum(not lives for _, lives in mine)
        killed, equal = killed + dead, equal + same
        print(f"{group:>15}: {dead} of {len(mine) - same} killed, {same} equivalent")
    share = killed / max(len(drawn) - equal, 1)
    print(f"killed: {killed} of {len(drawn) - equal}, {share:.1%}; wanted {WANTED:.0%}")
    for mutant, lives in zip(drawn, alive, strict=True):
        if lives:
            print(f"  survived: {mutant}: {reasons.get(str(mutant), 'no reason known')}")
    return int(share < WANTED)


def _equivalent() -> list[dict[str, str]]:
    """Changes that change nothing, each with its reason."""
    path = Path(__file__).with_name("equivalent.toml")
    entries: list[dict[str, str]] = tomllib.loads(path.read_text("utf-8")).get("same", [])
    return entries


if __name__ == "__main__":
    sys.exit(main())
