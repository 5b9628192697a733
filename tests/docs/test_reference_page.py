"""The reference shows every public name once, under the name that people type."""

import inspect
import re
from importlib import import_module

import stresslab as sl
from tests.docs.pages import DOCS


def shown():
    """Full names in the summaries of the reference and on the page of classes."""
    names = []
    for page in ("index", "classes"):
        module = "stresslab"
        inside = False
        for line in (DOCS / "api" / f"{page}.md").read_text("utf-8").splitlines():
            if match := re.fullmatch(r"\.\. currentmodule:: (\S+)", line):
                module = match[1]
            elif match := re.fullmatch(r"\.\. auto(?:class|exception):: (\S+)", line):
                names.append(f"{module}.{match[1]}")
            elif line.startswith(".. autosummary::"):
                inside = True
            elif inside and (match := re.fullmatch(r"   ([\w.]+)", line)):
                names.append(f"{module}.{match[1]}")
            elif line and not line.startswith("   "):
                inside = False
    return names


def public():
    """Every public thing, with the names under which it can be reached."""
    names = {}
    spaces = [name for name in sl.__all__ if inspect.ismodule(getattr(sl, name))]
    for module in ("stresslab", *(f"stresslab.{space}" for space in spaces)):
        for name in import_module(module).__all__:
            thing = getattr(import_module(module), name)
            if not inspect.ismodule(thing):
                names.setdefault(id(thing), []).append(f"{module}.{name}")
    return names.values()


def test_every_public_name_stands_in_the_reference_once():
    places = shown()
    assert [names for names in public() if sum(places.count(name) for name in names) != 1] == []


def test_the_reference_names_nothing_else():
    assert {*shown()} - {name for names in public() for name in names} == set()
