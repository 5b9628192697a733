"""Models: parameters out of bounds or of a wrong type, unknown names, files that are no models."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache
from itertools import count
from typing import Any

import numpy as np
import tomli_w
from hypothesis import strategies as st

import stresslab as sl
from tests.fuzz import oracle
from tests.fuzz.case import Case, Verdict
from tests.fuzz.draft import Draft, Draw, of, scratch
from tests.fuzz.portfolios import MONTHS, PATHS, base_book, run

FOLDER, NUMBER = scratch("models"), count()
WRONG_TYPES: tuple[Any, ...] = (
    None,
    "0.5",
    "",
    b"x",
    {},
    {"a": 1},
    1 + 2j,
    object,
    [None],
    [],
    True,
    np.nan,
    np.inf,
    -np.inf,
)
TOO_MUCH: tuple[Any, ...] = (1e30, -1e30, -1.0, 10**40, -(10**18))
Tables = dict[str, Any]


@cache
def base() -> Tables:
    """All parameters of the preset."""
    return sl.Model.from_preset("china-online").to_dict()


def _place(draw: Draw) -> tuple[list[str], Any]:
    """Keys that lead to one parameter, and its value."""
    keys, place = [], base()
    while isinstance(place, dict):
        keys.append(of(draw, *place))
        place = place[keys[-1]]
    return keys, place


def a_parameter(draw: Draw, draft: Draft) -> Tables:
    """The tables of a model with one parameter changed."""
    keys, value = _place(draw)
    kind, dotted = of(draw, "of a wrong type", "out of bounds", "near", "in a list"), ".".join(keys)
    verdict: Verdict = "nonsense"
    if kind == "near" and isinstance(value, float):
        new, verdict = draw(st.floats(0.5, 1.5)) * value, "open"
    elif kind == "out of bounds":
        new = draw(st.sampled_from(TOO_MUCH))
    elif kind == "of a wrong type":
        new = draw(
            st.sampled_from([wrong for wrong in WRONG_TYPES if type(wrong) is not type(value) or wrong != wrong])
        )
    else:
        new = [] if isinstance(value, list) else [value]
    content = copy.deepcopy(base())
    table = content
    for key in keys[:-1]:
        table = table[key]
    table[keys[-1]] = new
    draft.note(f"a parameter {kind}", f"{dotted} = {new!r}", verdict, (keys[-1],))
    return content


def a_name(draw: Draw, draft: Draft) -> Tables:
    """The tables of a model with an unknown or wrong name."""
    content, section = copy.deepcopy(base()), of(draw, *base())
    kind = of(draw, "section", "parameter", "rule", "a number for a section", "a list for a section")
    if kind == "section":
        content[section + "s"] = content.pop(section)
        draft.note("an unknown section", section + "s", "nonsense", (section,))
    elif kind == "parameter":
        content["income"]["falls"] = 0.5
        draft.note("an unknown parameter", "income.falls", "nonsense", ("falls",))
    elif kind == "rule":
        content["products"]["huabei"]["minimum"] = 0.1
        draft.note("an unknown rule", "products.huabei.minimum", "nonsense", ("minimum",))
    else:
        content[section] = 5 if "number" in kind else [1, 2]
        draft.note(kind, f"{section} = {content[section]}", "nonsense", (section,))
    return content


TEXTS: dict[str, tuple[Callable[[bytes], bytes], Verdict]] = {
    "cut": (lambda data: data[: len(data) // 2 + 3], "open"),
    "a section twice": (lambda data: data + b"\n[income]\n", "nonsense"),
    "no TOML": (lambda data: b"income: {}\n", "nonsense"),
    "UTF-16": (lambda data: data.decode().encode("utf-16"), "nonsense"),
    "Latin-1": (lambda data: b"# \xe9\n" + data, "nonsense"),
    "a byte order mark": (lambda data: b"\xef\xbb\xbf" + data, "sound"),
    "NUL": (lambda data: data + b"\0", "nonsense"),
    "deep": (lambda data: b"x = " + b"[" * 5_000 + b"]" * 5_000 + b"\n" + data, "nonsense"),
    "deep tables": (lambda data: data + b"\n[" + b".".join([b"a"] * 2_000) + b"]\n", "nonsense"),
    "a long number": (lambda data: b"x = " + b"9" * 5_000 + b"\n" + data, "nonsense"),
    "bytes": (lambda data: bytes(range(256)), "nonsense"),
    "a date": (lambda data: b"[income]\nfall_monthly = 2026-01-01\n", "nonsense"),
    "a folder": (lambda data: b"", "nonsense"),
    "no such file": (lambda data: b"", "nonsense"),
    "None": (lambda data: b"", "nonsense"),
    "a number": (lambda data: b"", "nonsense"),
}
"""Files of TOML that were broken; studies have them too."""


def written(kind: str, data: bytes) -> Any:
    """What is given in place of a file."""
    path = FOLDER / f"file-{next(NUMBER)}.toml"
    if kind == "a folder":
        path.mkdir()
    elif kind != "no such file":
        path.write_bytes(data)
    return {"None": None, "a number": 5}.get(kind, path)


def a_text(draw: Draw, draft: Draft, content: Tables, read: Callable[[Any], Any]) -> Callable[[], Any]:
    """A broken file of TOML, read."""
    kind = of(draw, *TEXTS)
    change, verdict = TEXTS[kind]
    data = change(tomli_w.dumps(content).encode())
    draft.note(f"a file: {kind}", f"a file: {kind}", verdict)
    return lambda: read(written(kind, data))


def from_toml(content: Tables) -> sl.Model:
    """A model from a file with these tables."""
    return sl.Model.from_toml(written("", tomli_w.dumps(content).encode()))


def _as_toml(value: Any) -> Any:
    """What TOML can hold; the rest as text."""
    if isinstance(value, dict):
        return {key: _as_toml(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_as_toml(entry) for entry in value]
    return value if isinstance(value, str | bool | float | int) else str(value)


def right_answer(made: Any) -> list[str]:
    """The books of a run under a model."""
    return oracle.run_faults(base_book(), made, MONTHS, PATHS)


@st.composite
def cases(draw: Draw) -> Case:
    """A broken model, from a file or by changes of another."""
    draft, kind = Draft(), of(draw, "parameter", "parameter", "parameter", "name", "text")
    if kind == "text":
        call = a_text(draw, draft, base(), sl.Model.from_toml)
        return draft.case(draft.what, call, lambda model: right_answer(run(base_book(), model=model)))
    content = (a_name if kind == "name" else a_parameter)(draw, draft)
    if of(draw, True, False):
        changes = {key: value for key, value in content.items() if repr(value) != repr(base().get(key))}
        model = sl.Model.from_preset("china-online")
        return draft.case(
            f"replace: {draft.what}", lambda: run(base_book(), model=model.replace(**changes)), right_answer
        )
    made = _as_toml(content)
    return draft.case(f"from_toml: {draft.what}", lambda: run(base_book(), model=from_toml(made)), right_answer)
