"""Pages and examples: their code fits a laptop, calls what exists, and their prose is plain."""

import ast
import inspect
import re
from importlib import import_module

import pytest

from tests.docs.pages import EXAMPLES, PAGES, name_of, prose_of, python_of

COLUMNS = 88
DIALECT = re.compile(r"\b(?:mend(?:s|ed|ing)?|live[sd]? longer|he|him|his|himself)\b", re.IGNORECASE)
RENAMED = re.compile(
    r"\b(?:reweight|reread|scenario_from_dataset|targets_from_(?:panel|tape)|asrf_(?!implied)\w+"
    r"|irb_(?!parameters|approach)\w+|var_rate|var_se|es_rate|\w+_se_rate|shortfall_(?:var|es))\b|\bconfidence="
)
PYTHON = [
    *[(f"{name_of(page)}[{n}]", code) for page in PAGES for n, code in enumerate(python_of(page.read_text("utf-8")))],
    *[(name_of(path), path.read_text("utf-8")) for path in EXAMPLES],
]


def too_wide(code):
    return [line for line in code.splitlines() if len(line) > COLUMNS]


def calls_of(code):
    """Every dotted name that begins with `sl.`, with the keywords of the call where it is called."""
    for node in ast.walk(ast.parse(re.sub(r"^\s*%.*$", "", code, flags=re.MULTILINE))):
        call = node if isinstance(node, ast.Call) else None
        target = call.func if call else node
        if isinstance(target, ast.Attribute):
            dotted = ast.unparse(target)
            if re.fullmatch(r"sl(\.\w+)+", dotted):
                yield dotted, [word.arg for word in call.keywords if word.arg] if call else []


def faults_of(code):
    """Names of the library that do not exist, and keywords that their signatures do not have."""
    return sorted({*_faults_of(code)})


def _faults_of(code):
    for dotted, keywords in calls_of(code):
        thing = import_module("stresslab")
        for part in dotted.split(".")[1:]:
            thing = getattr(thing, part, None)
        if thing is None:
            yield f"{dotted} does not exist"
        elif keywords:
            parameters = inspect.signature(thing).parameters
            takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
            unknown = [] if takes_any else [word for word in keywords if word not in parameters]
            yield from (f"{dotted} has no argument {word}" for word in unknown)


@pytest.mark.parametrize(("place", "code"), PYTHON, ids=[place for place, _ in PYTHON])
def test_code_fits_and_calls_what_exists(place, code):
    assert too_wide(code) == []
    assert faults_of(code) == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_prose_is_plain(page):
    text = page.read_text("utf-8")
    words = prose_of(text) if page.name != "CONTRIBUTING.md" else ""  # it lists the words that are not used
    assert DIALECT.findall(words) == []
    assert page.name == "CHANGELOG.md" or RENAMED.findall(text) == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_to_the_reference_resolve(page):
    for dotted in re.findall(r"\{py:\w+\}`~?(?:[^`<]*<)?(stresslab\.[\w.]+)", page.read_text("utf-8")):
        thing = import_module("stresslab")
        for part in dotted.split(".")[1:]:
            thing = getattr(thing, part, None)
        assert thing is not None, dotted


@pytest.mark.parametrize("path", EXAMPLES, ids=name_of)
def test_the_text_of_an_example_is_plain(path):
    prose = "\n".join(re.findall(r'""".*?"""|#.*', path.read_text("utf-8"), flags=re.DOTALL))
    assert DIALECT.findall(prose) == []


def test_what_is_wrong_is_seen():
    code = "sl.simulat(1)\nsl.simulate(loans, macro, sed=3)\nsl.simulate(loans, macro, seed=3)"
    assert faults_of(code) == ["sl.simulat does not exist", "sl.simulate has no argument sed"]
    assert too_wide("x" * 89) == ["x" * 89]
    assert DIALECT.findall("Mend it, and he will live longer.") == ["Mend", "he", "live longer"]
    assert RENAMED.findall("irb_risk_weight, irb_parameters") == ["irb_risk_weight"]
    page = "Text.\n```{code-cell} python\n:tags: [remove-cell]\nx = 1\n```\nMore `he`.\n```python\ny\n```\n"
    assert python_of(page) == ["x = 1\n", "y\n"]
    assert "he" not in prose_of(page)
