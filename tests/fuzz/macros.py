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
from tests.fuzz.case import Case, Verdict
from tests.fuzz.draft import Draft, Draw, of, several
from tests.fuzz.portfolios import base_book

NAMES = ("unemployment_rate", "real_income_growth", "gdp_growth", "inflation", "policy_rate")
TREND = "real_income_trend"


@dataclass
class Macro(Draft):
    """Macro paths on their way: `macro` is given to the library, `truth` is what it means."""

    macro: Any = None
    truth: xr.Dataset = field(default_factory=xr.Dataset)

    def untouched(self, name: str) -> bool:
        """Whether a variable is there as it was."""
        known = isinstance(self.macro, xr.Dataset) and name in self.macro
        return known and self.macro[name].variable.identical(self.truth[name].variable)

    def label(self, dim: str, labels: Any) -> None:
        """Other labels along a dimension, or none."""
        self.macro = self.macro.drop_vars(dim)
        self.macro = self.macro if labels is None else self.macro.assign_coords({dim: labels})


@cache
def base(shape: str) -> xr.Dataset:
    """A scenario, paths around it, or two scenarios side by side, of three months."""
    made = sl.scenario("china-baseline").isel(month=slice(0, 3)).load()
    if shape == "paths":
        return sl.macro_paths(made, 2, seed=1).load()
    worse = made.assign(unemployment_rate=made["unemployment_rate"] + 0.02, real_income_trend=0.02)
    return sl.scenario({"calm": made, "worse": worse}).load() if shape == "scenarios" else made


def bad_value(draw: Draw, draft: Macro) -> None:
    name = of(draw, *NAMES)
    if not draft.untouched(name):
        return
    values = [np.nan, np.inf, -np.inf, 1e9, 100.0, -1.5] + ([5.2, -0.01] if name == "unemployment_rate" else [])
    value, where, data = (
        draw(st.sampled_from(values)),
        of(draw, "first", "last", "all"),
        draft.macro[name].values.copy(),
    )
    data[{"first": (0,) * data.ndim, "last": (-1,) * data.ndim, "all": ...}[where]] = value
    draft.macro = draft.macro.assign({name: (draft.macro[name].dims, data)})
    draft.note("a bad value", f"{name}[{where}] = {value}", "nonsense", (name,))


Labels = dict[str, tuple[Any, Verdict]]
MONTHS: Labels = {
    "reversed": ([3, 2, 1], "nonsense"), "twice": ([1, 1, 2], "nonsense"), "with a gap": ([1, 2, 4], "nonsense"),
    "from 0": ([0, 1, 2], "open"), "from 5": ([5, 6, 7], "open"), "negative": ([-1, 0, 1], "nonsense"),
    "halves": ([0.5, 1.0, 1.5], "nonsense"), "NaN": ([1.0, np.nan, 3.0], "nonsense"),
    "floats": ([1.0, 2.0, 3.0], "open"),
    "dates": (pd.date_range("2026-01", periods=3, freq="MS"), "open"),
    "text": (["2026-01", "2026-02", "2026-03"], "open"),
    "words": (["a", "b", "c"], "nonsense"), "missing": (None, "open"), "flags": ([True, True, False], "nonsense"),
    "objects": (np.array([1, "2", None], object), "nonsense"),
}  # fmt: skip
PATHS: Labels = {
    "twice": ([0, 0], "nonsense"), "negative": ([-1, 0], "nonsense"), "too large": ([0, 2**32], "nonsense"),
    "halves": ([0.0, 0.5], "nonsense"), "NaN": ([0.0, np.nan], "nonsense"), "text": (["a", "b"], "nonsense"),
    "floats": ([0.0, 1.0], "open"), "flags": ([False, True], "nonsense"), "unsorted": ([7, 3], "sound"),
    "missing": (None, "open"), "objects": (np.array([0, None], object), "nonsense"),
}  # fmt: skip
SCENARIOS: Labels = {
    "twice": (["a", "a"], "nonsense"), "empty": (["", "b"], "nonsense"),
    "None": (np.array([None, "b"], object), "nonsense"),
    "NaN": ([np.nan, 1.0], "nonsense"), "numbers": ([1, 2], "open"), "missing": (None, "open"),
    "NUL": (["a\0", "b"], "open"),
    "blank": ([" ", "b"], "nonsense"), "lists": (np.array([["a"], "b"], object), "nonsense"),
}  # fmt: skip


def labels(dim: str, known: Labels) -> Callable[[Draw, Macro], None]:
    """A change of the labels along a dimension."""

    def change(draw: Draw, draft: Macro) -> None:
        kind = of(draw, *known)
        labels, verdict = known[kind]
        if isinstance(draft.macro, xr.Dataset) and dim in draft.macro.coords and draft.macro[dim].dims == (dim,):
            draft.label(dim, labels)
            draft.note(f"{dim}s {kind}", f"{dim} = {labels if labels is None else list(labels)}", verdict, (dim,))

    return change


def trend(draw: Draw, draft: Macro) -> None:
    if not draft.untouched(TREND):
        return
    kind = of(
        draw, "missing", "attrs", "along month", *[np.nan, np.inf, -np.inf, 5.0, -2.0, "five", None, True, 1 + 2j, b""]
    )
    rest = draft.macro.drop_vars(TREND)
    if kind == "missing":
        draft.macro = rest
        draft.note("no trend", "no real_income_trend", "open")
    elif kind == "attrs":
        draft.macro = rest.assign_attrs({TREND: 0.05})
        draft.note("a trend in attrs", "attrs['real_income_trend'] = 0.05", "open")
    else:
        along = kind == "along month"
        value = ("month", [0.02, 0.03, 0.04]) if along else ((), np.array(kind))
        draft.macro = rest.assign({TREND: value})
        draft.note("a wrong trend", f"{TREND} = {value[1]}", "nonsense", (TREND,))


DIMS: dict[str, tuple[Callable[[xr.Dataset], xr.Dataset], Verdict, tuple[str, ...]]] = {
    "transposed": (lambda macro: macro.transpose(..., *reversed(list(macro.dims))), "sound", ()),
    "another": (lambda macro: macro.expand_dims(model=2), "nonsense", ("model", "dimension")),
    "month as time": (lambda macro: macro.rename(month="time"), "nonsense", ("month",)),
    "month as Month": (lambda macro: macro.rename(month="Month"), "nonsense", ("month",)),
    "no months": (lambda macro: macro.isel(month=slice(0, 0)), "nonsense", ("month",)),
    "no paths": (lambda macro: macro.isel(path=slice(0, 0)), "nonsense", ("path",)),
    "no scenarios": (lambda macro: macro.isel(scenario=slice(0, 0)), "nonsense", ("scenario",)),
    "scalar": (lambda macro: macro.isel(month=0, drop=True), "nonsense", ("month",)),
    "one without months": (
        lambda macro: macro.assign(inflation=macro["inflation"].isel(month=0)), "nonsense", ("inflation",)),
    "without unemployment": (lambda macro: macro.drop_vars("unemployment_rate"), "nonsense", ("unemployment_rate",)),
    "without income": (lambda macro: macro.drop_vars("real_income_growth"), "nonsense", ("real_income_growth",)),
    "a name misspelt": (lambda macro: macro.rename(inflation="inflaton"), "nonsense", ("inflaton",)),
    "an unknown variable": (lambda macro: macro.assign(house_prices=macro["inflation"]), "open", ("house_prices",)),
    "no variables": (lambda macro: macro[[]], "nonsense", ("unemployment_rate", "month")),
    "a padded end": (lambda macro: macro.where(macro["month"] < 3), "nonsense", ("scenario", "unemployment_rate")),
}  # fmt: skip


def dims(draw: Draw, draft: Macro) -> None:
    """Dimensions and variables."""
    kind = of(draw, *DIMS)
    change, verdict, names = DIMS[kind]
    if draft.plain and not (
        kind.split()[-1] in ("paths", "scenarios") and kind.split()[-1][:-1] not in draft.macro.dims
    ):
        draft.macro = change(draft.macro)
        draft.note(kind, kind, verdict, names, hiding=kind == "scalar" or kind.startswith(("no ", "month as")))


TYPES: dict[str, tuple[Callable[[np.ndarray], np.ndarray], Verdict]] = {
    "objects": (lambda data: data.astype(object), "open"), "text": (lambda data: data.astype(str), "open"),
    "complex": (lambda data: data.astype(complex), "nonsense"),
    "float32": (lambda data: data.astype(np.float32), "open"),
    "float16": (lambda data: data.astype(np.float16), "open"),
    "longdouble": (lambda data: data.astype(np.longdouble), "open"),
    "big-endian": (lambda data: data.astype(">f8"), "open"), "dates": (lambda data: data.astype("M8[s]"), "nonsense"),
    "spans": (lambda data: np.zeros(data.shape, "m8[D]"), "nonsense"),
    "None": (lambda data: np.where(np.arange(data.size).reshape(data.shape) == 0, None, data), "nonsense"),
}  # fmt: skip


def types(draw: Draw, draft: Macro) -> None:
    name, kind = of(draw, *NAMES), of(draw, *TYPES)
    if draft.untouched(name):
        change, verdict = TYPES[kind]
        data = change(draft.macro[name].values)
        draft.macro = draft.macro.assign({name: (draft.macro[name].dims, data)})
        if data.dtype.kind == "f":
            draft.truth = draft.truth.assign({name: (draft.truth[name].dims, data.astype(float))})
        draft.note(f"{kind} for numbers", f"{name} as {kind}", verdict, (name,))


def chunks(draw: Draw, draft: Macro) -> None:
    if isinstance(draft.macro, xr.Dataset):
        draft.macro = draft.macro.chunk()
        draft.note("chunks", "chunks", "open")


def percent(draw: Draw, draft: Macro) -> None:
    name = of(draw, "unemployment_rate", "real_income_growth", "gdp_growth")  # the others can be as high somewhere
    if draft.untouched(name):
        draft.macro = draft.macro.assign({name: draft.macro[name] * 100})
        draft.note("percent for decimals", f"{name} * 100", "nonsense", (name,))


CONTAINERS: dict[str, Callable[[xr.Dataset], Any]] = {
    "DataFrame": lambda macro: macro.to_dataframe(), "dict": lambda macro: macro.to_dict(), "None": lambda macro: None,
    "DataArray": lambda macro: macro["unemployment_rate"], "text": lambda macro: "china-baseline",
    "list": lambda macro: [macro, macro], "array": lambda macro: macro["inflation"].values, "number": lambda macro: 5,
    "class": lambda macro: xr.Dataset, "an empty dataset": lambda macro: xr.Dataset(),
}  # fmt: skip


def container(draw: Draw, draft: Macro) -> None:
    kind = of(draw, *CONTAINERS)
    draft.macro = CONTAINERS[kind](draft.truth)
    draft.changes.clear()
    verdict: Verdict = "open" if kind == "text" else "nonsense"  # scenario() takes the name of one
    draft.note(f"container: {kind}", kind, verdict, ("macro", "scenario", "dataset", "first", "month"), hiding=True)


CHANGES: dict[Callable[[Draw, Any], None], int] = {
    bad_value: 3, labels("month", MONTHS): 3, labels("path", PATHS): 2, labels("scenario", SCENARIOS): 2,
    trend: 2, dims: 3,
    types: 3, chunks: 1, percent: 1, container: 1,
}  # fmt: skip


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
    "scenario": lambda macro: sl.scenario({"one": macro, "calm": base("scenario")}),
    "panel": lambda macro: sl.panel(base_book(), macro, seed=1, threads=1),
    "advance": lambda macro: sl.advance(base_book(), macro, 2, seed=1, threads=1),
}
SHAPES = {"simulate": ("scenario", "paths", "scenarios"), "macro_paths": ("scenario", "scenarios")}


def right_answer(call: str, truth: xr.Dataset) -> Callable[[Any], list[str]]:
    """The oracle of a call."""

    def check(made: xr.Dataset) -> list[str]:
        if call == "simulate":
            several = "scenario" in made.dims
            runs = [made.isel(scenario=k) for k in range(made.sizes["scenario"])] if several else [made]
            wrong = [] if len(runs) == truth.sizes.get("scenario", 1) else [f"{len(runs)} scenarios"]
            return wrong + [
                fault for one in runs for fault in oracle.run_faults(base_book(), one, 3, truth.sizes.get("path", 1))
            ]
        if call == "advance":
            return oracle.book_faults(made)
        months = {"panel": 4, "splice": 3, "scenario": 3}.get(call)
        if months:
            return [] if made.sizes["month"] == months else [f"{made.sizes['month']} months, expected {months}"]
        moved, first = {"shift": 0.01}.get(call, 0.0), 1 if call == "delay" else 0
        wrong = []
        for name in [name for name in NAMES if name in truth]:
            found = made[name].isel(path=0) if "path" in made[name].dims else made[name]
            found = found.transpose(*truth[name].dims).isel(month=slice(first, None)).values
            meant = truth[name].values + moved * (name == "unemployment_rate")
            wrong += oracle.figures_faults(found, meant, name, 1e-7)
        return wrong

    return check


@st.composite
def cases(draw: Draw) -> Case:
    """Broken macro paths, given to one of the functions that take them."""
    call = of(draw, "simulate", "simulate", "simulate", "macro_paths", *CALLS)
    shape = of(draw, *SHAPES.get(call, ("scenario",)))
    draft = Macro(macro=base(shape), truth=base(shape))
    several(draw, CHANGES, draft)
    given, truth = draft.macro, draft.truth
    return draft.case(f"{call} on {shape}: {draft.what}", lambda: CALLS[call](given), right_answer(call, truth))
