"""Arguments of every public function and class: of wrong types, not finite, out of bounds, or in another form."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
import pandas as pd
import xarray as xr
from hypothesis import strategies as st
from matplotlib.figure import Figure

from tests.fuzz.calls import SLOW, calls, give, world
from tests.fuzz.case import Case
from tests.fuzz.draft import Draft, Draw, of


class Odd:
    """Of no type that any function takes."""

    def __repr__(self) -> str:
        return "Odd()"


def _function() -> None:
    """A function where data is expected."""


WRONG: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("", (Odd(), b"x", 1 + 2j, np.datetime64("2026-01-01"), np.timedelta64(1, "D"), type, [None], [Odd()])),
    ("None", (None,)),
    ("bool|Array", (True, False, np.True_)),
    ("int|float|Array", (5, np.int8(7), -3)),
    ("float|Array", (0.5, np.float32(0.25), np.nan, -np.inf)),
    ("str|Literal|Path|Array", ("nowhere", "", "0.5", "\0", "x" * 5_000)),
    ("Sequence|Collection|Iterable|tuple|list|Array", ([], (), [0.5], ["x"], {1, 2}, [[1.0], [1.0, 2.0]], range(2))),
    ("Mapping|dict", ({}, {"a": 1}, {5: 0.1})),
    ("DataFrame|Array", (pd.DataFrame(), pd.DataFrame({"balance": [1.0]}))),
    ("Dataset", (xr.Dataset(), xr.Dataset({"balance": ("loan", [1.0])}))),
    ("DataArray|Array|Sequence|Collection|Iterable|tuple", (xr.DataArray([1.0]), np.array(["x"]), pd.Series([1.0]))),
    ("Callable", (_function, abs)),
    ("Axes|Figure", (Figure(),)),
    ("Path|str", (Path("x"),)),
)
"""Values, and words of the annotations that may allow their type."""

FREE = {"name", "label", "reason", "source", "sample", "status", "product", "cluster", "subject"}
"""Text that may be anything."""
NOT_NEGATIVE = (
    "months", "month", "horizon", "paths", "quarters", "borrowers", "books", "threads", "seed", "level", "levels",
    "pd", "x", "lgd", "ead", "correlation", "deviation", "ttc_pd", "pit_pd", "minimum_share", "share", "cost", "fee",
    "capacity", "stock", "outflow", "available", "required", "level_1", "level_2a", "level_2b", "rwa", "n", "points",
    "rwa_standardised", "tr12", "tr13", "tr21", "tr23", "buffer", "standard_error", "sd", "half_life", "spread",
    "tolerance", "haircut", "pool_share", "days", "window", "capital", "interval", "intervals", "regimes", "target",
    "bands", "depths", "max_lags", "equity_share", "liquid_share", "borrowed_share", "cut", "minimum", "downturn",
    "supply", "contagion", "rolls", "tax_rate", "payout", "rollover", "base", "take_up", "forgiveness",
)  # fmt: skip
BELOW_ONE = {
    "level", "levels", "pd", "lgd", "correlation", "ttc_pd", "pit_pd", "minimum_share", "tr12", "tr13", "tr21", "tr23",
    "haircut", "pool_share", "interval", "intervals", "cut", "tax_rate", "payout", "rollover", "base", "take_up",
    "forgiveness", "shrinkage", "withdrawn_share", "taken_over", "guaranteed_share", "pass_through", "x",
}  # fmt: skip
TRIES = 8
"""Draws of an argument and a value until they fit together."""


@cache
def hints(name: str) -> dict[str, str]:
    """Annotations of a function's arguments, as text."""
    function = calls()[name][0]
    found = get_type_hints(function.__init__ if inspect.isclass(function) else function)
    return {key: "Array" if "_SupportsArray" in str(hint) else str(hint) for key, hint in found.items()}


def wrong_values(name: str, key: str) -> list[Any]:
    """Values that an argument cannot have."""
    hint = hints(name).get(key, "Any")
    if "Any" in hint.split(".")[-1] or hint.endswith("Any"):
        return []
    found = [
        value
        for words, values in WRONG
        for value in values
        if not words or not any(word in hint for word in words.split("|"))
    ]
    numbers = any(word in hint for word in ("float", "int", "Array"))
    if "str" in hint and key not in FREE and "Mapping" not in hint and "Sequence" not in hint:
        found += ["nowhere", "", "x" * 5_000]
    if numbers and "Mapping" not in hint:
        found += (
            [np.nan, -np.inf] + ([-1, -1e9] if key in NOT_NEGATIVE else []) + ([95, 1e9] if key in BELOW_ONE else [])
        )
    return found


def a_fault(draw: Draw, name: str, draft: Draft, given: dict[str, Any]) -> None:
    """One argument that is wrong."""
    key = draw(st.sampled_from(sorted(given)))
    values = wrong_values(name, key)
    if values and not any(key in change.names for change in draft.changes):
        given[key] = draw(st.sampled_from(values))
        words = (key, "file") if key == "path" else (key,)
        draft.note(f"{name}({key}: {_kind(given[key])})", f"{key}={_short(given[key])}", "nonsense", words)


DRESSES: tuple[tuple[type, tuple[Callable[[Any], Any], ...]], ...] = (
    (bool, (np.bool_,)),
    (int, (np.int64, np.int16, np.uint32, np.array([0], ">i4").dtype.type)),
    (float, (np.float64, np.longdouble)),
    (str, (np.str_,)),
    (list, (tuple,)),
    (tuple, (list,)),
    (xr.Dataset, (lambda data: data.copy(deep=True),)),
)


def another_dress(draw: Draw, name: str, draft: Draft, given: dict[str, Any]) -> None:
    """The same value held differently."""
    key = draw(st.sampled_from(sorted(given)))
    for kind, dresses in DRESSES:
        if type(given[key]) is kind and not (kind is int and abs(given[key]) > 30_000):
            given[key] = of(draw, *dresses)(given[key])
            draft.note(f"{name}({key} in other dress)", f"{key}={_kind(given[key])} {_short(given[key])}", "sound")


def answer(function: Callable[..., Any], given: dict[str, Any]) -> Any:
    """What a function answers; what it is a function of a result, that of a small result."""
    made = give(function, given)
    return made(world().made) if inspect.isfunction(made) else made


@cache
def right(name: str) -> Any:
    """The answer to a sound call."""
    return answer(*calls()[name])


def difference(made: Any, sound: Any) -> list[str]:
    """Whether an answer is another than that of the sound call."""
    if isinstance(sound, xr.Dataset | xr.DataArray | pd.DataFrame):
        return [] if sound.equals(made) else ["another answer than for plain values"]
    if callable(sound) or hasattr(sound, "axes"):
        return []
    one, other = (re.sub(" at 0x[0-9a-f]+", "", repr(answer)) for answer in (made, sound))
    return [] if one == other else [f"{_short(made)}, for plain values {_short(sound)}"]


@st.composite
def cases(draw: Draw) -> Case:
    """A public function with one argument or two that are wrong, or that are the same in other dress."""
    name = draw(st.sampled_from(sorted(calls())))
    function, arguments = calls()[name]
    given, draft = dict(arguments), Draft()
    quick = name.rsplit(".", 1)[-1] not in SLOW and not name.startswith("views.")
    change = of(draw, a_fault, a_fault, a_fault, another_dress) if quick else a_fault
    for _ in range(TRIES):
        if draft.changes and of(draw, True, True, True, False):
            break
        change(draw, name, draft, given)
    what = f"{name}({', '.join(change.what for change in draft.changes)})"
    check = (lambda made: difference(made, right(name))) if quick else lambda _: []
    case = draft.case(what, lambda: answer(function, given), check)
    case.names = [("arguments", [word for _, words in case.names for word in words])] if case.names else []
    return case  # of two faults one is enough: a check of values may have to stop at a wrong type


def _kind(value: Any) -> str:
    """How values are grouped in a report."""
    return str(value) if value is None or isinstance(value, bool) else type(value).__name__


def _short(value: Any) -> str:
    """A value in one line."""
    return " ".join(repr(value).split())[:60]
