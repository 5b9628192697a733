"""Study files: unknown keys, wrong types and numbers, names that do not exist, files that are missing, broken TOML."""

from __future__ import annotations

import copy
import datetime
from collections.abc import Callable
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import tomli_w
from hypothesis import strategies as st

from stresslab.study import Answers, read_study, run_study
from tests.fuzz import oracle
from tests.fuzz.case import Case
from tests.fuzz.draft import Draft, Draw, of

FOLDER, NUMBER = Path(mkdtemp(prefix="studies-")), count()
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
    True, -1, 0.5, 10**30, -0.1, np.inf, np.nan, -np.inf, 1e13, "", "nowhere", [], ["x"], {}, {"kind": "x"}, [[1]], datetime.date(2026, 1, 1),
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
        content = content[key]
    return content


def value(draw: Draw, draft: Draft, content: dict[str, Any]) -> None:
    keys = draw(st.sampled_from(LEAVES))
    if (
        keys[0] not in content
        or keys == ("scenarios",)
        or not isinstance(_at(content, keys), dict)
        or keys[-1] not in _at(content, keys)
    ):
        return
    right = of(draw, False, False, False, True) and keys[-1] in RIGHT
    new = draw(st.sampled_from(RIGHT[keys[-1]] if right else WRONG))
    _at(content, keys)[keys[-1]] = new
    table = isinstance(_at(BASE, keys)[keys[-1]], dict)
    fits = right or FITS.get(keys[-1], lambda v: table and v == {})(new)
    dotted = ".".join(keys)
    draft.note(
        f"{dotted} = {type(new).__name__}", f"{dotted} = {str(new)[:30]!r}", "open" if fits else "nonsense", (keys[-1],)
    )


def key(draw: Draw, draft: Draft, content: dict[str, Any]) -> None:
    keys = draw(
        st.sampled_from([leaf for leaf in LEAVES if leaf not in (("scenarios",), ("BalanceSheet", "for_book"))])
    )
    table = _at(content, keys) if keys[0] in content else content
    if not isinstance(table, dict) or keys[-1] not in table:
        return
    new = of(draw, keys[-1] + "s", keys[-1][:-1], keys[-1].upper(), f"{keys[-1]} ", "ö", "", "progress", "behaviour")
    table[new] = table.pop(keys[-1])
    draft.note("an unknown key", f"{'.'.join(keys)} -> {new!r}", "nonsense", (new.strip() or "unknown", keys[-1]))


def scenarios(draw: Draw, draft: Draft, content: dict[str, Any]) -> None:
    kind = of(
        draw,
        "none",
        "no list",
        "unknown",
        "twice",
        "numbers",
        "a missing file",
        "a table",
        "an unknown maker",
        "missing",
        "a wrong shock",
        "a shock",
    )
    content["scenarios"] = {
        "none": [], "no list": "china-baseline", "unknown": ["china-base"], "twice": ["china-baseline", "china-baseline"],
        "numbers": [1, 2], "a missing file": ["nothing.csv"], "a table": [{"read_scenario": {"path": "nothing.csv"}}],
        "an unknown maker": [{"make_scenario": {"peak": 0.1}}], "missing": None, "a wrong shock": [{"shock_scenario": {"peak": 8}}],
        "a shock": [{"shock_scenario": {"peak": 0.08}}],
    }[kind]  # fmt: skip
    if kind == "missing":
        del content["scenarios"]
    draft.note(f"scenarios: {kind}", f"scenarios {kind}", "sound" if kind == "a shock" else "nonsense", ("scenario",))


def sections(draw: Draw, draft: Draft, content: dict[str, Any]) -> None:
    kind = of(draw, "two portfolios", "a tape that is missing", "a model that is missing", "unknown", "left out", "feedback", "wrong feedback", "responses",
              "wrong responses", "overlays", "wrong regime", "wrong lender", "wrong schedule", "donors without a tape")  # fmt: skip
    if any(
        content.get(name) != BASE.get(name)
        for name in ("simulate", "provisions", "capital_adequacy", "loss_distribution", "synthetic_portfolio")
    ):
        return
    tape = {"tape": "nothing.csv", "currency": "CNY", "as_of": "2026-01", "own_lender": "ours"}
    verdict, words = "nonsense", [kind.split()[-1]]
    if kind == "two portfolios":
        content["read_portfolio"] = tape
        words = ["portfolio"]
    elif kind == "a tape that is missing":
        content.pop("synthetic_portfolio", None)
        content["read_portfolio"] = tape
        words = ["tape", "nothing.csv"]
    elif kind == "a model that is missing":
        content["simulate"] = {"model": "nothing.toml"}
        words = ["model"]
    elif kind == "unknown":
        content["entropy_pooling"] = {}
        words = ["entropy_pooling"]
    elif kind == "left out":
        name = of(
            draw,
            *(
                n
                for n in content
                if n not in ("scenarios", "synthetic_portfolio", "macro_paths", "simulate", "liquidity_buffer")
            ),
        )
        del content[name]
        verdict = "open"
    elif kind in ("feedback", "wrong feedback"):
        content["simulate"] = {
            "seed": 1,
            "horizon": 3,
            "threads": 1,
            "feedback": {"supply": 1.0 if kind == "feedback" else -1.0},
        }
        verdict, words = ("open" if kind == "feedback" else "nonsense"), ["supply", "feedback"]
    elif kind in ("responses", "wrong responses"):
        content["simulate"] = {
            "seed": 1,
            "horizon": 3,
            "threads": 1,
            "responses": [{"kind": "Outreach" if kind == "responses" else "Outreech"}],
        }
        verdict, words = ("open" if kind == "responses" else "nonsense"), ["kind", "responses"]
    elif kind == "overlays":
        content["provisions"] = {"overlays": [{"name": "a", "reason": "b", "share": -2.0}]}
        words = ["share", "overlay"]
    elif kind == "wrong regime":
        content["capital_adequacy"] = {"capital_regime": "basel9"}
        words = ["capital_regime"]
    elif kind == "wrong lender":
        content["loss_distribution"] = {"levels": [0.5], "lender": "nobody"}
        words = ["lender"]
    elif kind == "wrong schedule":
        content["provisions"] = {"provisioning": {"kind": "China", "schedule": "cn1999"}}
        words = ["schedule"]
    else:
        content["donors"] = {"borrowers": 5}
        words = ["donors"]
    draft.note(f"sections: {kind}", kind, verdict, words)  # type: ignore[arg-type]


CHANGES = (value, value, value, value, key, key, scenarios, sections, sections)
TEXTS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "cut": (lambda data: data[: len(data) // 2], "nonsense"),
    "a key twice": (lambda data: data + b"\n[simulate]\n", "nonsense"),
    "no TOML": (lambda data: b"scenarios: [a]\n", "nonsense"),
    "UTF-16": (lambda data: data.decode().encode("utf-16"), "nonsense"),
    "Latin-1": (lambda data: b"# \xe9\n" + data, "nonsense"),
    "a byte order mark": (lambda data: b"\xef\xbb\xbf" + data, "open"),
    "NUL": (lambda data: data + b"\0", "nonsense"),
    "deep": (lambda data: b"x = " + b"[" * 5_000 + b"]" * 5_000 + b"\n" + data, "nonsense"),
    "deep tables": (lambda data: data + b"\n[" + b".".join([b"a"] * 2_000) + b"]\n", "nonsense"),
    "a long number": (lambda data: b"x = " + b"9" * 5_000 + b"\n" + data, "nonsense"),
    "nothing": (lambda data: b"", "nonsense"),
    "bytes": (lambda data: bytes(range(256)), "nonsense"),
    "a folder": (lambda data: b"", "nonsense"),
    "no such file": (lambda data: b"", "nonsense"),
}


def a_text(draw: Draw) -> Case:
    """A broken file of a study."""
    draft, kind = Draft(), of(draw, *TEXTS, "None", "a number", "a list")
    if kind in ("None", "a number", "a list"):
        draft.note(f"a study: {kind}", kind, "nonsense")
        given: Any = {"None": None, "a number": 5, "a list": [BASE]}[kind]
        return draft.case(kind, lambda: read_study(given), lambda _: [])
    change, verdict = TEXTS[kind]
    data = change(tomli_w.dumps(BASE).encode())
    draft.note(f"a study file: {kind}", kind, verdict)  # type: ignore[arg-type]

    def call() -> Any:
        path = FOLDER / f"study-{next(NUMBER)}.toml"
        if kind == "a folder":
            path.mkdir()
        elif kind != "no such file":
            path.write_bytes(data)
        return read_study(path)

    return draft.case(kind, call, lambda _: [])


def run(content: dict[str, Any], by_file: bool) -> Answers:
    """Read a study, from its file or its content, and run it."""
    if not by_file:
        return run_study(read_study(content), progress=False)
    path = FOLDER / f"study-{next(NUMBER)}.toml"
    path.write_text(tomli_w.dumps(content), "utf-8")
    try:
        return run_study(read_study(path), progress=False)
    finally:
        path.unlink()


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
    """A broken study."""
    if of(draw, *range(5)) == 0:
        return a_text(draw)
    content, draft = copy.deepcopy(BASE), Draft()
    for change in dict.fromkeys(of(draw, *CHANGES) for _ in range(of(draw, 1, 1, 1, 2))):
        change(draw, draft, content)
    by_file = of(draw, True, False)
    what = f"{'file' if by_file else 'content'}: {draft.what}"
    return draft.case(what, lambda: run(copy.deepcopy(content), by_file), right_answer)
