"""Models and configuration: parameters out of bounds or of a wrong type, unknown names, broken TOML, every class."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import tomli_w
from hypothesis import strategies as st

import stresslab as sl
from tests.fuzz import oracle
from tests.fuzz.case import Case
from tests.fuzz.draft import Draft, Draw, of
from tests.fuzz.portfolios import MONTHS, PATHS, base_book, run

FOLDER, NUMBER = Path(mkdtemp(prefix="models-")), count()
WRONG_TYPES: tuple[Any, ...] = (None, "0.5", "", b"x", {}, {"a": 1}, 1 + 2j, object, [None], np.nan, np.inf, -np.inf)
TOO_MUCH: tuple[Any, ...] = (1e30, -1e30, -1.0, 10**40, -(10**18))


@cache
def base() -> dict[str, Any]:
    """All parameters of the preset."""
    return sl.Model.from_preset("china-online").to_dict()


def _simulated(model: Any) -> Any:
    """The model, and a short run under it."""
    return run(base_book(), model=model)


def _books(made: Any) -> list[str]:
    return oracle.run_faults(base_book(), made, MONTHS, PATHS)


def _place(draw: Draw) -> tuple[list[str], Any]:
    """Keys that lead to one parameter, and its value."""
    keys, place = [], base()
    while isinstance(place, dict):
        keys.append(of(draw, *place))
        place = place[keys[-1]]
    return keys, place


def _set(content: dict[str, Any], keys: list[str], value: Any) -> None:
    """Set a value deep in nested tables."""
    for key in keys[:-1]:
        content = content[key]
    content[keys[-1]] = value


def a_parameter(draw: Draw, draft: Draft) -> dict[str, Any]:
    """The tables of a model with one parameter changed."""
    keys, value = _place(draw)
    content = copy.deepcopy(base())
    dotted = ".".join(keys)
    kind = of(draw, "wrong type", "too much", "near", "flag", "list")
    new: Any = None
    if kind == "wrong type":
        new = draw(st.sampled_from([v for v in WRONG_TYPES if not (isinstance(v, str) and isinstance(value, str))]))
        draft.note("a parameter of a wrong type", f"{dotted} = {new!r}", "nonsense", (keys[-1],))
    elif kind == "too much":
        new = draw(st.sampled_from(TOO_MUCH))
        draft.note("a parameter out of bounds", f"{dotted} = {new!r}", "nonsense", (keys[-1],))
    elif kind == "near" and isinstance(value, float):
        new = draw(st.floats(0.5, 1.5)) * value
        draft.note("another parameter", f"{dotted} = {new!r}", "open", (keys[-1],))
    elif kind == "flag" and not isinstance(value, bool):
        new = True
        draft.note("True for a parameter", f"{dotted} = True", "nonsense", (keys[-1],))
    else:
        new = [] if isinstance(value, list) else [value]
        draft.note("a list for a parameter", f"{dotted} = {new!r}", "nonsense", (keys[-1],))
    _set(content, keys, new)
    return content


def a_name(draw: Draw, draft: Draft) -> dict[str, Any]:
    """The tables of a model with an unknown or wrong name."""
    content = copy.deepcopy(base())
    kind = of(draw, "section", "parameter", "product", "a number for a section", "a list for a section")
    section = of(draw, *content)
    if kind == "section":
        content[section + "s"] = content.pop(section)
        draft.note("an unknown section", section + "s", "nonsense", (section,))
    elif kind == "parameter":
        content["income"]["falls"] = 0.5
        draft.note("an unknown parameter", "income.falls", "nonsense", ("falls",))
    elif kind == "product":
        content["products"]["huabei"]["minimum"] = 0.1
        draft.note("an unknown rule", "products.huabei.minimum", "nonsense", ("minimum",))
    else:
        content[section] = 5 if "number" in kind else [1, 2]
        draft.note(kind, f"{section} = {content[section]}", "nonsense", (section,))
    return content


def from_toml(content: dict[str, Any]) -> Any:
    """A model from a file with these tables."""
    path = FOLDER / f"model-{next(NUMBER)}.toml"
    path.write_text(tomli_w.dumps(content), "utf-8")
    try:
        return _simulated(sl.Model.from_toml(path))
    finally:
        path.unlink()


def replaced(changes: dict[str, Any]) -> Any:
    """A model with changes by dotted names."""
    return _simulated(sl.Model.from_preset("china-online").replace(**changes))


TEXTS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "cut": (lambda data: data[: len(data) // 2 + 3], "open"),
    "a key twice": (lambda data: data + b"\n[income]\n", "nonsense"),
    "no TOML": (lambda data: b"income: {}\n", "nonsense"),
    "UTF-16": (lambda data: data.decode().encode("utf-16"), "nonsense"),
    "Latin-1": (lambda data: b"# \xe9\n" + data, "nonsense"),
    "a byte order mark": (lambda data: b"\xef\xbb\xbf" + data, "open"),
    "NUL": (lambda data: data + b"\0", "nonsense"),
    "deep": (lambda data: b"x = " + b"[" * 5_000 + b"]" * 5_000, "nonsense"),
    "a long number": (lambda data: b"x = " + b"9" * 6_000, "nonsense"),
    "nothing": (lambda data: b"", "open"),
    "bytes": (lambda data: bytes(range(256)), "nonsense"),
    "a date": (lambda data: b"[income]\nfall_monthly = 2026-01-01\n", "nonsense"),
    "a folder": (lambda data: b"", "nonsense"),
    "no such file": (lambda data: b"", "nonsense"),
    "None": (lambda data: b"", "nonsense"),
    "a number": (lambda data: b"", "nonsense"),
}


def a_text(draw: Draw, draft: Draft) -> Callable[[], Any]:
    """A broken file of a model."""
    kind = of(draw, *TEXTS)
    change, verdict = TEXTS[kind]
    data = change(tomli_w.dumps(base()).encode())
    draft.note(f"a model file: {kind}", kind, verdict)  # type: ignore[arg-type]

    def call() -> Any:
        path = FOLDER / f"model-{next(NUMBER)}.toml"
        if kind == "a folder":
            path.mkdir()
        elif kind != "no such file":
            path.write_bytes(data)
        model = sl.Model.from_toml({"None": None, "a number": 5}.get(kind, path))  # type: ignore[arg-type]
        return run(
            base_book(),
            model=sl.Model.from_preset("china-online").replace(**{"income.fall_size": model.income.fall_size}),
        )

    return call


CONFIGURATIONS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "actions.Outreach": (sl.actions.Outreach, {"capacity": 0.02, "cost_per_contact": 5.0, "start_month": 1, "effect": (0.2, 0.1), "channel": "call", "name": "a"}),
    "actions.EarlyWarning": (sl.actions.EarlyWarning, {"score_below": 540, "window": 6, "freeze": True, "use_from": 0.5}),
    "actions.LimitManagement": (sl.actions.LimitManagement, {"cut": 0.3, "freeze_below": 500}),
    "actions.Restructuring": (sl.actions.Restructuring, {"from_days": 30, "to_days": 119, "term_months": 12, "forgiveness": 0.1, "take_up": 0.5}),
    "actions.ContingencyPlan": (sl.actions.ContingencyPlan, {"trigger": "arrears", "level": 0.03, "responses": (sl.actions.Outreach(),)}),
    "Feedback": (sl.Feedback, {"supply": 1.0, "contagion": 0.8, "sample": 200, "rounds": 1, "tolerance": 0.05}),
    "IFRS9": (sl.IFRS9, {"relative": 2.0, "absolute": 0.005, "past_due_days": 30, "score": True, "revolving_life": 36}),
    "CECL": (sl.CECL, {"supportable_months": 24, "reversion_months": 12, "discount": True, "charge_off_open": 180}),
    "China": (sl.China, {"schedule": "cn2023", "percentages": "pboc2002", "coverage_minimum": 1.5, "restructured": True}),
    "Overlay": (sl.Overlay, {"name": "a", "reason": "b", "share": 0.1, "first_month": 0, "last_month": 3, "stage": 2}),
    "Hurdle": (sl.Hurdle, {"name": "a", "ratio": "cet1_ratio", "side": "below", "limit": 0.045}),
    "Outlook": (sl.Outlook, {"name": "a", "half_life_months": 18.0, "long_run": 0.05, "added": 0.01, "worst_month": 12}),
    "BalanceSheet": (sl.BalanceSheet, {"funding": sl.Funding(1e5), "other_assets": 10.0, "tax_rate": 0.25, "payout": 0.3}),
    "Funding": (sl.Funding, {"liquid_assets": 1e5, "operating_cost_monthly": 10.0, "new_lending_share": 1.0}),
    "funding.Borrowing": (sl.funding.Borrowing, {"kind": "interbank", "maturing": (1.0, 2.0), "annual_rate": 0.03, "rollover": 0.9, "tenor_months": 12}),
    "funding.ContingentLine": (sl.funding.ContingentLine, {"amount": 10.0, "notice_months": 1, "annual_fee": 0.01}),
    "funding.LiquidAsset": (sl.funding.LiquidAsset, {"amount": 10.0, "asset_class": "cash", "haircut": 0.1, "months_to_sell": 1}),
    "funding.Partners": (sl.funding.Partners, {"notice_months": 1, "withdrawn_share": 0.5, "taken_over": 1.0, "annual_fee": 0.03}),
    "funding.RollOver": (sl.funding.RollOver, {"base": 0.9, "arrears_sensitivity": 1.0, "normal_arrears": 0.03}),
    "funding.Securitisation": (sl.funding.Securitisation, {"notes": ((10.0, 0.03),), "pool_share": 0.2, "revolving_months": 3}),
    "funding.Trigger": (sl.funding.Trigger, {"arrears_30": 0.05, "months": 3}),
    "scenarios.Deviation": (sl.scenarios.Deviation, {"sd": 0.01, "half_life": 12.0, "correlation": 0.5}),
    "scenarios.PathModel": (sl.scenarios.PathModel, {"unemployment_rate": sl.scenarios.Deviation(0.01, 12.0, 1.0), "policy_rate_floor": -0.01}),
}  # fmt: skip
SIGNED = frozenset({"long_run", "added", "limit", "correlation", "policy_rate_floor", "reason", "name", "label", "kind", "amount",
                    "arrears_sensitivity", "source", "other_assets"})  # fmt: skip


def a_class(draw: Draw, draft: Draft) -> Callable[[], Any]:
    """A configuration class with one field of a wrong type or out of bounds."""
    name = of(draw, *CONFIGURATIONS)
    maker, given = CONFIGURATIONS[name]
    key = of(draw, *given)
    value = given[key]
    optional = key in (
        "coverage_minimum",
        "last_month",
        "stage",
        "long_run",
        "tenor_months",
        "normal_arrears",
        "arrears_30",
    )
    wrong: list[Any] = [
        v
        for v in (b"x", 1 + 2j, object, [None], np.nan, np.inf, -np.inf, {"a": 1}, set())
        if not (key == "schedule" and v == {"a": 1})
    ]
    wrong += [] if optional else [None]
    wrong += [] if isinstance(value, str) else ["0.5", ""]
    wrong += [] if isinstance(value, bool) else [True]
    wrong += [-1.0, 1e30] if isinstance(value, float) and key not in SIGNED else []
    wrong += [2.5, -1, 10**30] if isinstance(value, int) and not isinstance(value, bool) else []
    wrong += [5, "nowhere"] if isinstance(value, str) and key not in SIGNED else [5] if isinstance(value, str) else []
    new = draw(st.sampled_from(wrong))
    draft.note(f"{name}({key}={type(new).__name__})", f"{name}({key}={new!r})", "nonsense", (key,))
    return lambda: maker(**{**given, key: new})


@st.composite
def cases(draw: Draw) -> Case:
    """A broken model or configuration class."""
    draft = Draft()
    kind = of(draw, "from_toml", "replace", "names", "text", "class", "class", "sound")
    if kind == "class":
        call = a_class(draw, draft)
        return draft.case(draft.what, call, lambda _: [])
    if kind == "text":
        call = a_text(draw, draft)
        return draft.case(draft.what, call, lambda _: [])
    if kind == "sound":
        name = of(draw, *(n for n in CONFIGURATIONS if n.startswith("actions")))
        maker, given = CONFIGURATIONS[name]
        draft.note(f"responses {name}", name, "sound")
        return draft.case(f"simulate with {name}", lambda: run(base_book(), responses=[maker(**given)]), _books)
    content = a_name(draw, draft) if kind == "names" else a_parameter(draw, draft)
    if kind == "replace":
        changed = _difference(content, base())
        return draft.case(f"replace: {draft.what}", lambda: replaced(changed), _books)
    made = _as_toml(content)
    return draft.case(f"from_toml: {draft.what}", lambda: from_toml(made), _books)


def _difference(content: dict[str, Any], before: dict[str, Any], at: str = "") -> dict[str, Any]:
    """What was changed, by dotted names."""
    changed: dict[str, Any] = {}
    for key, value in content.items():
        if isinstance(value, dict) and isinstance(before.get(key), dict):
            changed |= _difference(value, before[key], f"{at}{key}.")
        elif key not in before or repr(value) != repr(before[key]):
            changed[f"{at}{key}"] = value
    return changed


def _as_toml(value: Any) -> Any:
    """What TOML can hold; the rest as text."""
    if isinstance(value, dict):
        return {key: _as_toml(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_as_toml(entry) for entry in value]
    return value if isinstance(value, str | bool | float | int) else str(value)
