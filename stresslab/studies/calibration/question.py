"""Parameters and bounds of a calibration, checks of its arguments, and the fingerprint of the whole question."""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import json
import re
from collections.abc import Mapping, Sequence
from types import CodeType
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from stresslab.checks import choice_faults, is_number, is_whole, seed_faults, whole_faults
from stresslab.engine.lender_parameters import Product
from stresslab.engine.model import SECTIONS, Model
from stresslab.engine.result import fingerprint
from stresslab.schema import MONTHLY
from stresslab.studies.calibration.targets import Statistic, Target

Array = NDArray[np.float64]
METHODS = ("least-squares", "nelder-mead")
ELEMENT = re.compile(r"(.+)\[(\d+)\]")
NOT_FIXED = ("threads",)
"""Arguments of simulate() that change no number."""
OWN = ("seed", "progress", "model", "trace")
"""Arguments of simulate() that a calibration sets."""


def changed(model: Model, values: Mapping[str, float]) -> Model:
    """A copy of a model with other values, of elements of lists too.

    >>> changed(Model(), {"willingness.give_up[1]": 0.5}).willingness.give_up[:2]
    (0.1, 0.5)
    """
    content = model.to_dict()
    changes: dict[str, Any] = {}
    for name, value in values.items():
        element = ELEMENT.fullmatch(name)
        if element:
            whole = changes.setdefault(element[1], list(_value(content, element[1])))
            whole[int(element[2])] = value
        else:
            changes[name] = value
    return model.replace(**changes)


def ranges_of(model: Model, parameters: Mapping[str, Any]) -> tuple[Array, Array, list[str]]:
    """Bounds (parameter, 2) and present value of each parameter; the faults of names and bounds."""
    content, faults = model.to_dict(), []
    ranges, start = np.tile([0.0, 1.0], (len(parameters), 1)), np.full(len(parameters), 0.5)
    if not parameters:
        faults.append("parameters: found none, expected one or more; name some as in Model.replace()")
    for place, (name, pair) in enumerate(parameters.items()):
        entry = _table(model, content, name)
        if isinstance(entry, str):
            faults.append(f"{name}: {entry}")
            continue
        low, high, now = entry
        if pair is not None:
            sound = isinstance(pair, Sequence) and len(pair) == 2 and all(is_number(x) for x in pair)
            if not sound or not low <= pair[0] < pair[1] <= high:
                faults.append(
                    f"{name}: found bounds {pair!r}, expected (low, high) within {low:g} ... {high:g}; correct them"
                )
                continue
            low, high = float(pair[0]), float(pair[1])
        if not low <= now <= high:
            where = f"{name}: found {now:g} in the model, expected within {low:g} ... {high:g}, to start there"
            faults.append(f"{where}; change the bounds or the model")
        ranges[place], start[place] = (low, high), now
    return ranges, start, faults


def scales_of(model: Model, names: Sequence[str], least: float) -> Array:
    """Distance of each parameter from the nearer bound of the model's table, at least a part of the table's width.

    >>> scales_of(Model(), ["willingness.forgetting", "recovery.full_share"], 0.02)  # 0.03 of 0 ... 0.5; 0.2 of 0 ... 1
    array([0.03, 0.2 ])
    """
    ranges, start, _ = ranges_of(model, dict.fromkeys(names))
    low, high = ranges.T
    scale: Array = np.maximum(np.minimum(start - low, high - start), least * (high - low))
    return scale


def question_faults(
    macro: xr.Dataset,
    targets: Any,
    parameters: Mapping[str, Any],
    simulation: Mapping[str, Any],
    seed: int | None,
    checkpoint: Any,
) -> list[str]:
    """Faults of targets and of what goes on to simulate()."""
    faults = []
    listed = list(targets) if isinstance(targets, Sequence) else [targets]
    strange = [target for target in listed if not isinstance(target, Target)]
    if strange:
        faults.append(f"targets: found {strange[0]!r}, expected Target(...); give a list of them")
    elif not listed:
        faults.append("targets: found none, expected one or more; see Target")
    elif len(listed) < len(parameters):
        faults.append(
            f"targets: found {len(listed)} for {len(parameters)} parameters, expected at least as many to "
            "identify them; add targets or fix parameters"
        )
    names = [target.name for target in listed if isinstance(target, Target)]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        faults.append(f"targets: found {twice} twice, expected each name once; rename them")
    correlation = getattr(targets, "correlation", None)
    if correlation is not None and np.shape(correlation) != (len(listed), len(listed)):
        shape = f"found shape {np.shape(correlation)}, expected {(len(listed), len(listed))}"
        faults.append(f"correlation: {shape}; correct it")
    if "scenario" in macro.dims:
        faults.append(f"macro: found dimensions {dict(macro.sizes)}, expected one scenario; select it with isel")
    if own := sorted(set(OWN) & set(simulation)):
        faults.append(
            f"simulation: found {own}, expected none of {list(OWN)}, which a calibration sets; leave them out"
        )
    faults += seed_faults(seed)
    if checkpoint is not None and seed is None:
        faults.append("seed: found None with a checkpoint, expected a number; give the seed of the earlier run")
    return faults


def search_faults(
    macro: xr.Dataset, sample: Any, warmup: Any, seasoning: Any, method: Any, step: Any, iterations: Any, horizon: Any
) -> list[str]:
    """Faults of the settings of the search."""
    faults = []
    months = macro.sizes.get("month", 0) if horizon is None else horizon
    faults += whole_faults("warmup", warmup, 0) + whole_faults("seasoning", seasoning, 0)
    if not faults and is_whole(months) and 0 < months <= warmup:
        faults.append(
            f"warmup: found {warmup} of {months} months, expected some left to measure; shorten it or simulate longer"
        )
    faults += whole_faults("iterations", iterations, 1, 10_000, advice="give 10")
    faults += whole_faults("sample", sample, 1, 2**31, optional=True, advice="give a number of borrowers")
    faults += choice_faults("method", method, METHODS)
    if not (is_number(step) and 0.0 < step <= 0.5):
        faults.append(f"step: found {step!r}, expected above 0 and at most 0.5; give 0.1")
    return faults


def question_fingerprint(
    book: xr.Dataset, macro: xr.Dataset, model: Model, names: Sequence[str], targets: Sequence[Target],
    seed: int, warmup: int, seasoning: int, simulation: Mapping[str, Any],
) -> str:  # fmt: skip
    """Fingerprint of what the statistics at a point depend on; the values of the targets are not among it."""
    digest = hashlib.sha256(fingerprint(book).encode())
    for name in sorted(map(str, macro.variables)):
        digest.update(
            name.encode() + str(macro[name].dims).encode() + np.ascontiguousarray(macro[name].values).tobytes()
        )
    fixed = {key: repr(value) for key, value in sorted(simulation.items()) if key not in NOT_FIXED}
    question = {
        "book": sorted((key, str(value)) for key, value in book.attrs.items()),
        "macro": sorted((key, str(value)) for key, value in macro.attrs.items()),
        "model": model.to_dict(), "names": list(names), "seed": seed, "warmup": warmup, "seasoning": seasoning,
        "simulation": fixed, "targets": [(target.name, _code(target.statistic)) for target in targets],
    }  # fmt: skip
    digest.update(json.dumps(question, sort_keys=True).encode())
    return digest.hexdigest()[:16]


def constant_macro(macro: xr.Dataset, months: int) -> xr.Dataset:
    """Macro path that stays at the first month of `macro`, mean over its paths."""
    first = macro.isel(month=0, drop=True)
    first = first.mean("path") if "path" in first.dims else first
    held = {name: ("month", np.full(months, float(first[name]))) for name in MONTHLY if name in first}
    calm = first.drop_vars(held).assign(held)
    return calm.assign_coords(month=np.arange(1, months + 1)).assign_attrs(macro.attrs)


def _table(model: Model, content: dict[str, Any], name: str) -> tuple[float, float, float] | str:
    """Bounds and present value from the model's parameter table, or what is wrong with the name."""
    element = ELEMENT.fullmatch(name) if isinstance(name, str) else None
    stem = element[1] if element else str(name)
    *parents, last = stem.split(".")
    kind = SECTIONS.get(parents[0]) if len(parents) == 1 else None
    if len(parents) == 2 and parents[0] == "products" and parents[1] in model.products:
        kind = Product
    known = {item.name: item for item in dataclasses.fields(kind)} if kind is not None else {}  # type: ignore[arg-type]
    if last not in known or "low" not in known[last].metadata:
        return "unknown, expected section.parameter or products.name.parameter with bounds; see Model.to_dict()"
    item, now = known[last], _value(content, stem)
    several = isinstance(item.default, tuple)
    if several != bool(element) or (element and int(element[2]) >= len(now)):
        what = f"expected {last}[0] ... [{len(now) - 1}]" if several else "expected a name without [...]"
        return f"found {name!r}, {what}; name one number"
    if isinstance(item.default, int):
        return (
            f"found a whole number ({now}), expected one that moves smoothly; fit the others at each value and compare"
        )
    value = now[int(element[2])] if element else now
    return float(item.metadata["low"]), float(item.metadata["high"]), float(value)


def _value(content: Any, dotted: str) -> Any:
    """Entry of nested tables under a dotted name."""
    for key in dotted.split("."):
        content = content[key]
    return content


def _code(statistic: Any) -> str:
    """What identifies a statistic: its name, or its code and the values that it encloses."""
    if isinstance(statistic, Statistic):
        return statistic.name
    if not inspect.isfunction(statistic):
        return f"{type(statistic).__module__}.{type(statistic).__qualname__}"
    enclosed = [cell.cell_contents for cell in statistic.__closure__ or ()]
    values = [
        _code(value) if callable(value) else repr(value) if _plain(value) else type(value).__name__
        for value in enclosed
    ]
    name = f"{statistic.__module__}.{statistic.__qualname__}"
    return f"{name} {_instructions(statistic.__code__)} {values} {statistic.__defaults__!r}"


def _instructions(code: CodeType) -> str:
    """Hash of a function's compiled code."""
    constants = [_instructions(value) if isinstance(value, CodeType) else repr(value) for value in code.co_consts]
    return hashlib.sha256(f"{code.co_code!r} {constants} {code.co_names}".encode()).hexdigest()


def _plain(value: Any) -> bool:
    """A value whose repr identifies it."""
    if isinstance(value, tuple | list):
        return all(map(_plain, value))
    return value is None or isinstance(value, str | int | float | bool)
