"""Study files: unknown keys, wrong types and numbers, names that do not exist, files that are missing, broken TOML."""

from __future__ import annotations

import copy
import datetime
from collections.abc import Callable
from typing import Any

import numpy as np
import tomli_w
from hypothesis import strategies as st

from stresslab.study import Answers, read_study, run_study
from tests.fuzz import oracle
from tests.fuzz.case import Case, Verdict
from tests.fuzz.draft import Draft, Draw, of
from tests.fuzz.models import a_text, written

BASE: dict[str, Any] = {
    "title": "a small study",
    "scenarios": ["china-baseline", "job-loss-only"],
    "synthetic_portfolio": {"preset": "china-online", "borrowers": 30, "seed": 1, "seasoning_months": 6},
    "macro_paths": {"paths": 2, "seed": 2, "spread": 1.0, "draws": "random", "mode": "around"},
    "simulate": {"seed": 3, "horizon": 3, "threads": 1, "renewal": "static"},
    "loss_distribution": {"levels": [0.5], "horizon": 3, "lender": "own"},
    "provisions": {"outlook": "adaptive", "lender": "own"},
    "BalanceSheet": {
        "for_book": {
            "equity_share": 0.1,
            "liquid_share": 0.05,
            "payout": 0.3,
            "funding": {
                "months": 12,
                "kind": "interbank",
                "rollover": 0.9,
                "annual_rate": 0.03,
                "partners": {"annual_fee": 0.03},
            },
        }
    },
    "liquidity_buffer": {"level": 0.5, "horizon": 3},
    "capital_adequacy": {"levels": [0.5]},
}
RIGHT: dict[str, tuple[Any, ...]] = {
    "title": ("",), "paths": (2, 3), "seed": (0, 7), "horizon": (1, 3), "draws": ("antithetic", "sobol"),
    "renewal": ("run-off",), "borrowers": (25,), "outlook": ("perfect-foresight",),
}  # fmt: skip
WRONG: tuple[Any, ...] = (
    True, -1, 0.5, 10**30, -0.1, np.inf, np.nan, -np.inf, 1e13, "", "nowhere",
    [], ["x"], {}, {"kind": "x"}, [[1]], datetime.date(2026, 1, 1),
    datetime.time(1, 2), "[bold]x[/", "a\nb", "x" * 5_000, [0.5, 0.5], [True], {"a": {"b": {"c": 1}}},
)  # fmt: skip
FITS: dict[str, Callable[[Any], bool]] = {
    "title": lambda v: isinstance(v, str),
    "levels": lambda v: isinstance(v, float) and 0 < v < 1,
    "level": lambda v: isinstance(v, float) and 0 < v < 1,
    "spread": lambda v: isinstance(v, float) and 0 <= v <= 10,
    "equity_share": lambda v: isinstance(v, float) and 0 <= v <= 1,
    "liquid_share": lambda v: isinstance(v, float) and 0 <= v <= 1,
    "payout": lambda v: isinstance(v, float) and 0 <= v <= 1,
    "annual_rate": lambda v: isinstance(v, float) and v == 0.5,
    "annual_fee": lambda v: isinstance(v, float) and v == 0.5,
    "rollover": lambda v: isinstance(v, float) and 0 <= v <= 1,
    "kind": lambda v: v == "x" * 5_000 or (isinstance(v, str) and v != ""),
    "partners": lambda v: v == {},
    "funding": lambda v: v == {},
}
"""Where a value of `WRONG` can be right."""


def leaves(content: dict[str, Any], at: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Keys that lead to every value."""
    found: list[tuple[str, ...]] = []
    for key, value in content.items():
        found += [(*at, key)] + (leaves(value, (*at, key)) if isinstance(value, dict) else [])
    return found


LEAVES = leaves(BASE)


def _at(content: dict[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    """The table that holds the last key."""
    for key in keys[:-1]:
        content = content.get(key, {}) if isinstance(content, dict) else {}
    return content


def value(draw: Draw, draft: Draft, content: dict[str, Any]) -> None:
    keys = draw(st.sampled_from(LEAVES))
    table = _at(content, keys)
    if keys == ("scenarios",) or not isinstance(table, dict) or keys[-1] not in table:
        return
    if draft.changes and isinstance(table[keys[-1]], dict):
        return  # what was changed within may be gone
    right = of(draw, False, False, False, True) and keys[-1] in RIGHT
    new, dotted = draw(st.sampled_from(RIGHT[keys[-1]] if right else WRONG)), ".".join(keys)
    table[keys[-1]] = new
    a_table = isinstance(_at(BASE, keys)[keys[-1]], dict)
    fits = right or FITS.get(keys[-1], lambda given: a_table and given == {})(new)
    what = f"{dotted} = {str(new)[:30]!r}"
    verdict: Verdict = "open" if fits else "nonsense"
    names = (keys[-1], *(new if isinstance(new, dict) else ()))
    draft.note(f"{dotted} = {type(new).__name__}", what, verdict, names, hiding=a_table)


def key(draw: Draw, draft: Draft, content: dict[str, Any]) -> None:
    keys = draw(
        st.sampled_from([leaf for leaf in LEAVES if leaf not in (("scenarios",), ("BalanceSheet", "for_book"))])
    )
    table = _at(content, keys)
    if isinstance(table, dict) and keys[-1] in table:
        name = keys[-1]
        new = of(draw, name + "s", name[:-1], name.upper(), f"{name} ", "ö", "", "progress", "behaviour", name + "\n")
        table[new] = table.pop(name)
        names = (new.strip() or "unknown", name)
        what = f"{'.'.join(keys)} -> {new!r}"
        draft.note("an unknown key", what, "nonsense", names, hiding=isinstance(table[new], dict))


SCENARIOS: dict[str, tuple[Any, Verdict]] = {
    "none": ([], "nonsense"), "no list": ("china-baseline", "nonsense"), "unknown": (["china-base"], "nonsense"),
    "twice": (["china-baseline", "china-baseline"], "nonsense"), "numbers": ([1, 2], "nonsense"),
    "a missing file": (["nothing.csv"], "nonsense"), "a shock": ([{"shock_scenario": {"peak": 0.08}}], "sound"),
    "a missing file in a table": ([{"read_scenario": {"path": "nothing.csv"}}], "nonsense"),
    "an unknown maker": ([{"make_scenario": {"peak": 0.1}}], "nonsense"),
    "two makers": ([{"a": {}, "b": {}}], "nonsense"),
    "a wrong shock": ([{"shock_scenario": {"peak": 8}}], "nonsense"),
    "no arguments": ([{"shock_scenario": 5}], "nonsense"),
    "an empty table": ([{}], "nonsense"), "lists": ([["china-baseline"]], "nonsense"), "blank": ([" "], "nonsense"),
    "two currencies of history": (["us-2007", "china-baseline"], "open"), "NUL": (["a\0.csv"], "nonsense"),
}  # fmt: skip


def scenarios(draw: Draw, draft: Draft, content: dict[str, Any]) -> None:
    kind = of(draw, "missing", *SCENARIOS)
    given, verdict = SCENARIOS.get(kind, (None, "nonsense"))
    content["scenarios"] = copy.deepcopy(given)
    if kind == "missing":
        del content["scenarios"]
    draft.note(f"scenarios: {kind}", f"scenarios: {kind}", verdict, ("scenario",))


TAPE = {"tape": "nothing.csv", "currency": "CNY", "as_of": "2026-01", "own_lender": "ours"}
SIMULATE = {"seed": 1, "horizon": 3, "threads": 1}
SECTIONS: dict[str, tuple[dict[str, Any], Verdict, tuple[str, ...]]] = {
    "two portfolios": ({"read_portfolio": TAPE}, "nonsense", ("portfolio",)),
    "a tape that is missing": ({"synthetic_portfolio": None, "read_portfolio": TAPE}, "nonsense", ("nothing.csv",)),
    "a model that is missing": ({"simulate": {"model": "nothing.toml"}}, "nonsense", ("model",)),
    "an unknown one": ({"entropy_pooling": {}}, "nonsense", ("entropy_pooling",)),
    "no provisions": ({"provisions": None}, "open", ()),
    "no capital": ({"capital_adequacy": None}, "open", ()),
    "no balance sheet": ({"BalanceSheet": None}, "open", ()),
    "feedback": ({"simulate": SIMULATE | {"feedback": {"supply": 1.0}}}, "open", ()),
    "wrong feedback": ({"simulate": SIMULATE | {"feedback": {"supply": -1.0}}}, "nonsense", ("supply",)),
    "responses": ({"simulate": SIMULATE | {"responses": [{"kind": "Outreach"}]}}, "open", ()),
    "wrong responses": ({"simulate": SIMULATE | {"responses": [{"kind": "Outreech"}]}}, "nonsense", ("kind",)),
    "wrong fields": ({"simulate": SIMULATE | {"responses": [{"kind": "Outreach", "from": 1}]}}, "nonsense", ("from",)),
    "two of a kind": ({"simulate": SIMULATE | {"responses": [{"kind": "Outreach"}] * 2}}, "nonsense", ("responses",)),
    "overlays": ({"provisions": {"overlays": [{"name": "a", "reason": "b", "share": -2.0}]}}, "nonsense", ("share",)),
    "wrong regime": ({"capital_adequacy": {"capital_regime": "basel9"}}, "nonsense", ("capital_regime",)),
    "wrong lender": ({"loss_distribution": {"levels": [0.5], "lender": "nobody"}}, "nonsense", ("lender",)),
    "wrong schedule": (
        {"provisions": {"provisioning": {"kind": "China", "schedule": "cn1999"}}},
        "nonsense",
        ("schedule",),
    ),
    "donors without a tape": ({"donors": {"borrowers": 5}}, "nonsense", ("donors",)),
    "a horizon beyond the months": ({"simulate": {"horizon": 99}}, "nonsense", ("horizon",)),
    "a path model": ({"macro_paths": {"paths": 2, "seed": 1, "model": {"kind": "VAR"}}}, "open", ()),
    "a wrong path model": ({"macro_paths": {"paths": 2, "model": {"kind": "VAR", "lags": 0}}}, "nonsense", ("lags",)),
}


def sections(draw: Draw, draft: Draft, content: dict[str, Any]) -> None:
    kind = of(draw, *SECTIONS)
    given, verdict, words = SECTIONS[kind]
    if all(content.get(name) == BASE.get(name) for name in given):
        content.update(copy.deepcopy(given))
        for name in [name for name, section in given.items() if section is None]:
            del content[name]
        draft.note(f"sections: {kind}", kind, verdict, words)


def run(given: Any) -> Answers:
    """Read a study and run it."""
    return run_study(read_study(given), progress=False)


def right_answer(answers: Answers) -> list[str]:
    """The books of every scenario of a study, and shares that are shares."""
    result = answers.result
    runs = [result.isel(scenario=k) for k in range(result.sizes["scenario"])] if "scenario" in result.dims else [result]
    wrong = oracle.book_faults(answers.portfolio)
    for one in runs:
        wrong += oracle.run_faults(answers.portfolio, one, one.sizes["month"] - 1, one.sizes["path"])
    rate = answers.losses["expected_loss_rate"].sel(segment="total").values
    wrong += [] if ((rate > -1) & (rate <= 1)).all() else ["the loss rate is no share"]
    if (answers.provisions["allowance_held"].values < 0).any():
        wrong.append("an allowance is negative")
    return wrong


@st.composite
def cases(draw: Draw) -> Case:
    """A broken study, given by its content or by its file."""
    content, draft = copy.deepcopy(BASE), Draft()
    if not of(draw, *range(6)):
        return draft.case("a file", a_text(draw, draft, BASE, run), right_answer)
    for change in dict.fromkeys(of(draw, value, value, value, value, key, key, scenarios, sections, sections)
                                for _ in range(of(draw, 1, 1, 1, 2))):  # fmt: skip
        change(draw, draft, content)
    if of(draw, True, False):
        data = tomli_w.dumps(content).encode()
        return draft.case(f"file: {draft.what}", lambda: run(written("", data)), right_answer)
    return draft.case(f"content: {draft.what}", lambda: run(copy.deepcopy(content)), right_answer)
