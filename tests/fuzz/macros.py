"""Macro paths whose months, paths, scenarios, trend, values, dimensions and types were broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from hypothesis import strategies as st

import stresslab as sl
from tests.fuzz import oracle
from tests.fuzz.case import Case
from tests.fuzz.draft import Draft, Draw, of, several
from tests.fuzz.portfolios import base_book

NAMES = ("unemployment_rate", "real_income_growth", "gdp_growth", "inflation", "policy_rate")
TREND = "real_income_trend"


@dataclass
class Macro(Draft):
    """Macro paths on their way: `macro` is given to the library, `truth` is what it means."""

    macro: Any = None
    truth: xr.Dataset = field(default_factory=xr.Dataset)

    @property
    def plain(self) -> bool:
        """Whether nothing has been changed."""
        return not self.changes


@cache
def base(shape: str) -> xr.Dataset:
    """A scenario, paths around it, or two scenarios side by side, of three months."""
    made = sl.scenario("china-baseline").isel(month=slice(0, 3)).load()
    if shape == "scenario":
        return made
    if shape == "paths":
        return sl.macro_paths(made, 2, seed=1).load()
    worse = made.assign(unemployment_rate=made["unemployment_rate"] + 0.02)
    together = xr.concat([made, worse], dim="scenario", combine_attrs="override")
    return together.assign_coords(scenario=["calm", "worse"])


def trend_of(macro: xr.Dataset, value: Any) -> xr.Dataset:
    """Another income trend, wherever the library keeps it."""
    return macro.drop_vars(TREND, errors="ignore").assign({TREND: ((), np.array(value))})


def bad_value(draw: Draw, draft: Macro) -> None:
    name = of(draw, *NAMES)
    if not isinstance(draft.macro, xr.Dataset) or name not in draft.macro or draft.macro[name].dtype != float:
        return
    values = [np.nan, np.inf, -np.inf, 1e9, 100.0, -1.5]
    values += [5.2, -0.01] if name == "unemployment_rate" else []
    value = draw(st.sampled_from(values))
    data = draft.macro[name].values.copy()
    where = of(draw, "first", "all")
    data[(0,) * data.ndim if where == "first" else ...] = value
    draft.macro = draft.macro.assign({name: (draft.macro[name].dims, data)})
    draft.note("a bad value", f"{name}[{where}] = {value}", "nonsense", (name,))


def months(draw: Draw, draft: Macro) -> None:
    if not isinstance(draft.macro, xr.Dataset) or draft.macro.sizes.get("month") != 3:
        return
    kind = of(draw, *MONTHS)
    coord, verdict = MONTHS[kind]
    draft.macro = draft.macro.drop_vars("month", errors="ignore")
    if coord is not None:
        draft.macro = draft.macro.assign_coords(month=coord)
    draft.note(f"months {kind}", f"month = {None if coord is None else list(coord)}", verdict, ("month",))  # type: ignore[arg-type]


MONTHS: dict[str, tuple[Any, str]] = {
    "reversed": ([3, 2, 1], "nonsense"),
    "twice": ([1, 1, 2], "nonsense"),
    "with a gap": ([1, 2, 4], "nonsense"),
    "from 0": ([0, 1, 2], "open"),
    "from 5": ([5, 6, 7], "open"),
    "negative": ([-1, 0, 1], "nonsense"),
    "halves": ([0.5, 1.0, 1.5], "nonsense"),
    "NaN": ([1.0, np.nan, 3.0], "nonsense"),
    "floats": ([1.0, 2.0, 3.0], "open"),
    "dates": (pd.date_range("2026-01", periods=3, freq="MS"), "open"),
    "text": (["2026-01", "2026-02", "2026-03"], "open"),
    "words": (["a", "b", "c"], "nonsense"),
    "missing": (None, "open"),
    "flags": ([True, True, False], "nonsense"),
}


def paths(draw: Draw, draft: Macro) -> None:
    if not isinstance(draft.macro, xr.Dataset) or "path" not in draft.macro.dims:
        return
    kind = of(draw, *PATHS)
    coord, verdict = PATHS[kind]
    draft.macro = draft.macro.drop_vars("path", errors="ignore")
    if coord is not None:
        draft.macro = draft.macro.assign_coords(path=coord)
    draft.note(f"paths {kind}", f"path = {coord}", verdict, ("path",))  # type: ignore[arg-type]


PATHS: dict[str, tuple[Any, str]] = {
    "twice": ([0, 0], "nonsense"),
    "negative": ([-1, 0], "nonsense"),
    "too large": ([0, 2**32], "nonsense"),
    "halves": ([0.0, 0.5], "nonsense"),
    "NaN": ([0.0, np.nan], "nonsense"),
    "text": (["a", "b"], "nonsense"),
    "floats": ([0.0, 1.0], "open"),
    "flags": ([False, True], "nonsense"),
    "unsorted": ([7, 3], "sound"),
    "missing": (None, "open"),
}


def scenarios(draw: Draw, draft: Macro) -> None:
    if not isinstance(draft.macro, xr.Dataset) or "scenario" not in draft.macro.dims:
        return
    kind = of(draw, "twice", "empty", "None", "numbers", "missing", "NaN", "NUL")
    coord: Any = {"twice": ["a", "a"], "empty": ["", "b"], "None": np.array([None, "b"], object), "numbers": [1, 2],
                  "missing": None, "NaN": [np.nan, 1.0], "NUL": ["a\0", "b"]}[kind]  # fmt: skip
    draft.macro = draft.macro.drop_vars("scenario", errors="ignore")
    if coord is not None:
        draft.macro = draft.macro.assign_coords(scenario=coord)
    sure = kind in ("twice", "empty", "None", "NaN")
    draft.note(f"scenarios {kind}", f"scenario = {coord}", "nonsense" if sure else "open", ("scenario",))


def trend(draw: Draw, draft: Macro) -> None:
    if not isinstance(draft.macro, xr.Dataset):
        return
    value = draw(
        st.sampled_from([np.nan, np.inf, -np.inf, 5.0, -2.0, "0.05", "five", None, True, 1 + 2j, b"", "missing"])
    )
    if isinstance(value, str) and value == "missing":
        draft.macro = draft.macro.drop_vars(TREND, errors="ignore").drop_attrs(deep=False)
        draft.note("no trend", "no real_income_trend", "open")
        return
    draft.macro = trend_of(draft.macro, value)
    draft.note("a wrong trend", f"{TREND} = {value!r}", "open" if value == "0.05" else "nonsense", (TREND,))


def dims(draw: Draw, draft: Macro) -> None:
    if not isinstance(draft.macro, xr.Dataset) or not draft.plain:
        return
    macro = draft.macro
    kind = of(
        draw,
        "transposed",
        "another",
        "renamed",
        "no months",
        "no paths",
        "one without months",
        "scalar",
        "twelve months less",
    )
    if kind == "transposed":
        draft.macro = macro.transpose(..., *reversed(list(macro.dims)))
        draft.note("transposed", kind, "sound")
    elif kind == "another":
        draft.macro = macro.expand_dims(model=2)
        draft.note("another dimension", "along model", "nonsense", ("model", "dimension"))
    elif kind == "renamed":
        draft.macro = macro.rename(month=of(draw, "time", "Month", "period"))
        draft.note("month renamed", str(list(draft.macro.dims)), "nonsense", ("month",))
    elif kind == "no months":
        draft.macro = macro.isel(month=slice(0, 0))
        draft.note("no months", kind, "nonsense", ("month",))
    elif kind == "no paths" and "path" in macro.dims:
        draft.macro = macro.isel(path=slice(0, 0))
        draft.note("no paths", kind, "nonsense", ("path",))
    elif kind == "one without months":
        name = of(draw, *NAMES)
        draft.macro = macro.assign({name: macro[name].isel(month=0, drop=True)})
        draft.note("a variable without months", name, "nonsense", (name,))
    elif kind == "scalar":
        draft.macro = macro.isel(month=0, drop=True)
        draft.note("no dimension month", "isel(month=0)", "nonsense", ("month",))


def types(draw: Draw, draft: Macro) -> None:
    name = of(draw, *NAMES)
    if not isinstance(draft.macro, xr.Dataset) or name not in draft.macro or draft.macro[name].dtype != float:
        return
    kind = of(
        draw,
        "object",
        "text",
        "complex",
        "float32",
        "longdouble",
        "big-endian",
        "whole",
        "dates",
        "None inside",
        "chunks",
    )
    values = draft.macro[name]
    if kind == "chunks":
        draft.macro = draft.macro.chunk()
    else:
        data = values.values
        with np.errstate(all="ignore"):
            data = {
                "object": lambda: data.astype(object),
                "text": lambda: data.astype(str),
                "complex": lambda: data.astype(complex),
                "float32": lambda: data.astype(np.float32),
                "longdouble": lambda: data.astype(np.longdouble),
                "big-endian": lambda: data.astype(">f8"),
                "whole": lambda: np.zeros(data.shape, int),
                "dates": lambda: np.zeros(data.shape, "datetime64[s]"),
                "None inside": lambda: np.where(np.arange(data.size).reshape(data.shape) == 0, None, data),
            }[kind]()
        draft.macro = draft.macro.assign({name: (values.dims, data)})
        if kind in ("float32", "whole"):
            draft.truth = draft.truth.assign({name: (values.dims, data)})
    sure = kind in ("complex", "dates", "None inside")
    draft.note(f"{kind} for numbers", f"{name} as {kind}", "nonsense" if sure else "open", (name,))


def variables(draw: Draw, draft: Macro) -> None:
    if not isinstance(draft.macro, xr.Dataset) or not draft.plain:
        return
    kind = of(draw, "missing", "missing", "optional missing", "unknown", "misspelt", "nothing")
    name = of(draw, "unemployment_rate", "real_income_growth")
    if kind == "missing":
        draft.macro = draft.macro.drop_vars(name)
        draft.note("a variable missing", f"without {name}", "nonsense", (name,))
    elif kind == "optional missing":
        draft.macro = draft.macro.drop_vars("policy_rate")
        draft.truth = draft.truth.drop_vars("policy_rate")
        draft.note("no policy rate", "without policy_rate", "sound")
    elif kind == "unknown":
        draft.macro = draft.macro.assign(house_prices=draft.macro["inflation"])
        draft.note("an unknown variable", "house_prices", "open", ("house_prices",))
    elif kind == "misspelt":
        draft.macro = draft.macro.rename({name: name.replace("_", "")})
        draft.note("a variable misspelt", name.replace("_", ""), "nonsense", (name,))
    else:
        draft.macro = draft.macro[[]]
        draft.note("no variables", "no variables", "nonsense", ("unemployment_rate",))


def percent(draw: Draw, draft: Macro) -> None:
    if not isinstance(draft.macro, xr.Dataset) or not draft.plain:
        return
    name = of(draw, "unemployment_rate", "real_income_growth", "gdp_growth")  # the others can be as high somewhere
    draft.macro = draft.macro.assign({name: draft.macro[name] * 100})
    worst = float(np.abs(draft.macro[name]).max())
    draft.note("percent for decimals", f"{name} = {worst:g}", "nonsense", (name,))


def container(draw: Draw, draft: Macro) -> None:
    kind = of(draw, "DataFrame", "dict", "DataArray", "None", "text", "list", "array", "number")
    macro = base("scenario")
    draft.macro = {
        "DataFrame": macro.to_dataframe,
        "dict": macro.to_dict,
        "DataArray": lambda: macro["unemployment_rate"],
        "None": lambda: None,
        "text": lambda: "china-baseline",
        "list": lambda: [macro, macro],
        "array": lambda: macro["unemployment_rate"].values,
        "number": lambda: 5,
    }[kind]()
    draft.changes.clear()
    draft.note(f"container: {kind}", kind, "nonsense", ("macro", "scenario", "dataset", "first"))


CHANGES = (
    bad_value, bad_value, months, months, months, paths, paths, scenarios, trend, trend, dims, dims, types, types, variables,
    percent, container,
)  # fmt: skip


def simulate(macro: Any) -> Any:
    """A short run on these paths."""
    return sl.simulate(base_book(), macro, seed=1, threads=1, progress=False)


CALLS: dict[str, Callable[[Any], Any]] = {
    "simulate": simulate,
    "macro_paths": lambda macro: sl.macro_paths(macro, 2, seed=1, spread=0.0),
    "shift": lambda macro: sl.scenarios.shift(macro, {"unemployment_rate": 0.01}),
    "scale": lambda macro: sl.scenarios.scale(macro, 1.0),
    "delay": lambda macro: sl.scenarios.delay(macro, 1),
    "splice": lambda macro: sl.scenarios.splice(macro, base("scenario"), 1),
    "panel": lambda macro: sl.panel(base_book(), macro, seed=1, threads=1),
    "advance": lambda macro: sl.advance(base_book(), macro, 2, seed=1, threads=1),
}
SHAPES = {"simulate": ("scenario", "paths", "scenarios"), "macro_paths": ("scenario", "scenarios")}


def right_answer(call: str, truth: xr.Dataset) -> Callable[[Any], list[str]]:
    """The oracle of a call."""

    def check(made: xr.Dataset) -> list[str]:
        if call == "simulate":
            runs = (
                [made.isel(scenario=k) for k in range(made.sizes.get("scenario", 1))]
                if "scenario" in made.dims
                else [made]
            )
            wrong = [] if len(runs) == truth.sizes.get("scenario", 1) else [f"{len(runs)} scenarios"]
            for one in runs:
                wrong += oracle.run_faults(base_book(), one, 3, truth.sizes.get("path", 1))
            return wrong
        if call == "panel":
            return [] if made.sizes["month"] == 4 else [f"{made.sizes['month']} months, expected 4"]
        if call == "advance":
            return oracle.book_faults(made)
        moved = {"shift": 0.01}.get(call, 0.0)
        first = 1 if call == "delay" else 0
        if call == "splice":
            return [] if made.sizes["month"] == 3 else [f"{made.sizes['month']} months, expected 3"]
        wrong = []
        for name in NAMES:
            if name in truth:
                found = made[name].isel(path=0) if "path" in made[name].dims else made[name]
                found = found.transpose(*truth[name].dims).isel(month=slice(first, None)).values
                wrong += oracle.figures_faults(
                    found, truth[name].values + moved * (name == "unemployment_rate"), name, 1e-7
                )
        return wrong

    return check


@st.composite
def cases(draw: Draw) -> Case:
    """Broken macro paths, given to one of the functions that take them."""
    call = of(draw, "simulate", "simulate", "simulate", "macro_paths", *CALLS)
    shape = of(draw, *SHAPES.get(call, ("scenario",)))
    macro = base(shape)
    draft = Macro(macro=macro, truth=macro)
    several(draw, CHANGES, draft)
    given, truth = draft.macro, draft.truth
    return draft.case(f"{call} on {shape}: {draft.what}", lambda: CALLS[call](given), right_answer(call, truth))
