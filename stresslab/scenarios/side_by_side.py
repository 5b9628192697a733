"""Scenarios side by side along `scenario`: of the same months and variables, with what is told of each as labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from stresslab.checks import macro_faults, refuse
from stresslab.noted import noted, notes, told
from stresslab.schema import FACTS, MACRO, MACRO_NEUTRAL, MONTHLY, InputError, stored_as_text

Scenarios = Sequence[str | xr.Dataset] | Mapping[str, str | xr.Dataset]

DESCRIPTIVE = ("gdp_growth", "inflation")
"""Variables that do not act on borrowers or lenders: left out where not all scenarios have them."""

NEEDED_BY_ALL = {
    "policy_rate": "assign a path to the latter, or drop_vars('policy_rate') from the former",
    "real_income_trend": "assign a number to the latter",
}
"""Variables without a neutral level, which all scenarios have or none, and what to do."""


def side_by_side(given: Scenarios, published: Callable[[str], xr.Dataset]) -> xr.Dataset:
    """Scenarios along `scenario`, cut to the shortest, neutral variables filled in; notes say what was done.

    given : names and scenarios, or label -> name or scenario
    published : returns the scenario of a name
    """
    parts, faults = _named(given, published)
    faults += [fault for label, macro in parts.items() for fault in _faults(label, macro)]
    refuse("scenario", faults or _unmatched(parts))
    months = min(macro.sizes["month"] for macro in parts.values())
    left_out = [name for name in DESCRIPTIVE if 0 < len(_with(parts, name)) < len(parts)]
    variables = {name: _variable(name, parts, months) for name in MACRO if _with(parts, name) and name not in left_out}
    together = xr.Dataset(variables, {"scenario": list(parts), "month": np.arange(1, months + 1)})
    lengths = [macro.sizes["month"] for macro in parts.values()]
    if max(lengths) > months:
        together = together.assign_coords(
            length=("scenario", lengths, {"units": "month", "long_name": "before the cut"})
        )
    together = together.assign_coords(_facts(parts)).assign_attrs(_shared_attrs(parts))
    return stored_as_text(noted(together, *_own_notes(parts), _notes(parts, months, left_out)))


def _named(given: Scenarios, published: Callable[[str], xr.Dataset]) -> tuple[dict[str, xr.Dataset], list[str]]:
    """Scenarios by label; faults of unknown names, and of labels that are empty or repeated."""
    entries = list(given.items()) if isinstance(given, Mapping) else [(None, entry) for entry in given]
    parts: dict[str, xr.Dataset] = {}
    faults = [] if entries else ["name: found no scenario, expected one at least; name one"]
    for place, (key, entry) in enumerate(entries):
        try:
            macro = published(entry) if isinstance(entry, str) else entry
        except InputError as error:
            faults += error.faults
            continue
        own = str(macro["scenario"].item()) if "scenario" in macro.coords and not macro["scenario"].ndim else ""
        label = (own or told(macro, "name")) if key is None else key
        if not isinstance(label, str) or not label.strip():
            missing = f"position {place}: found label {label!r}, expected a name; give a dict of label to scenario"
            faults += _shape_faults(f"position {place}", macro) or [missing]
        elif label in parts:
            faults.append(f"{label!r}: found twice, expected different labels; give a dict of label to scenario")
        else:
            parts[label] = macro
    return parts, faults


def _faults(label: str, macro: xr.Dataset) -> list[str]:
    """Faults of one scenario."""
    return _shape_faults(repr(label), macro) or [f"{label!r}: {fault}" for fault in macro_faults(macro)]


def _shape_faults(label: str, macro: xr.Dataset) -> list[str]:
    """Fault of several scenarios or paths where one is expected."""
    several = [dim for dim in ("scenario", "path") if dim in macro.dims]
    if not several:
        return []
    found = f"found dimensions {', '.join(several)} beside month, expected month alone"
    return [f"{label}: {found}; select one with isel, and draw paths around all scenarios together"]


def _with(parts: Mapping[str, xr.Dataset], name: str) -> list[str]:
    """Labels of the scenarios that have a variable."""
    return [label for label, macro in parts.items() if name in macro]


def _without(parts: Mapping[str, xr.Dataset], name: str) -> str:
    """Labels of the scenarios that do not have a variable, in words."""
    return ", ".join(label for label, macro in parts.items() if name not in macro)


def _unmatched(parts: Mapping[str, xr.Dataset]) -> list[str]:
    """Faults of variables that only some scenarios have and that no level can stand in for."""
    return [
        f"{name}: found in {', '.join(_with(parts, name))} and not in {_without(parts, name)}, "
        f"expected in all or none; {what}"
        for name, what in NEEDED_BY_ALL.items()
        if 0 < len(_with(parts, name)) < len(parts)
    ]


def _variable(name: str, parts: Mapping[str, xr.Dataset], months: int) -> tuple[Any, ...]:
    """One variable along `scenario`, and `month` if it is monthly; neutral in a scenario without it."""
    attrs = {"units": MACRO[name].unit, "long_name": MACRO[name].meaning}
    if name not in MONTHLY:
        return "scenario", [float(macro[name]) for macro in parts.values()], attrs
    rows = [
        np.asarray(macro[name].values[:months], dtype=np.float64)
        if name in macro
        else np.full(months, MACRO_NEUTRAL[name])
        for macro in parts.values()
    ]
    return ("scenario", "month"), np.stack(rows), attrs


def _facts(parts: Mapping[str, xr.Dataset]) -> dict[str, Any]:
    """What is told of each scenario, as labels along `scenario`."""
    labels = {name: [told(macro, name) for macro in parts.values()] for name in FACTS}
    return {name: ("scenario", values) for name, values in labels.items() if any(values)}


def _shared_attrs(parts: Mapping[str, xr.Dataset]) -> dict[str, Any]:
    """Other attributes that are the same in all scenarios."""
    first, *others = [macro.attrs for macro in parts.values()]
    return {
        name: value
        for name, value in first.items()
        if name not in (*FACTS, "notes") and all(name in attrs and attrs[name] == value for attrs in others)
    }


def _own_notes(parts: Mapping[str, xr.Dataset]) -> list[list[str]]:
    """Notes of each scenario with its label."""
    return [[f"{label}: {note}" for note in notes(macro)] for label, macro in parts.items()]


def _notes(parts: Mapping[str, xr.Dataset], months: int, left_out: list[str]) -> list[str]:
    """What was cut, filled in and left out, and where month 1 is not the same month."""
    said = []
    longer = [f"{label} ({macro.sizes['month']})" for label, macro in parts.items() if macro.sizes["month"] > months]
    if longer:
        shortest = [label for label, macro in parts.items() if macro.sizes["month"] == months]
        said.append(f"month: cut to {months}, those of {', '.join(shortest)}; longer are {', '.join(longer)}")
    for name, value in MACRO_NEUTRAL.items():
        if 0 < len(_with(parts, name)) < len(parts):
            said.append(f"{name}: neutral, {value:g}, in {_without(parts, name)}")
    said += [f"{name}: left out, as it is not in {_without(parts, name)}" for name in left_out]
    starts = {label: told(macro, "start") or "not known" for label, macro in parts.items()}
    if len(set(starts.values())) > 1:
        said.append(f"start: month 1 is {', '.join(f'{start} in {label}' for label, start in starts.items())}")
    return said
