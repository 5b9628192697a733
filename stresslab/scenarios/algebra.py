"""Scenarios made of others. Each result says in attrs["history"] how it was made, after the history of its parts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from stresslab.scenarios.library import check_scenario
from stresslab.schema import MACRO, MACRO_NEUTRAL, InputError

Reals = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

LIVED = ("unemployment_rate", "real_income_growth", *MACRO_NEUTRAL)
"""Variables that reach the borrowers; the others describe the economy and may drive what a user adds."""


def blend(start: xr.Dataset, end: xr.Dataset, multiple: float, *, variables: Sequence[str] = LIVED) -> xr.Dataset:
    """The point so far along the way from one scenario to another: start + multiple (end - start).

    start, end : Datasets (month) of as many months or more in end
    multiple : 0 gives the first, 1 the second, 2 goes as far again beyond it
    variables : that move, where both have them; an optional one that only one has is neutral in the other. The rest
      stay as in start
    Returns Dataset (month) with the months and attrs of start, name and history saying what was done.
    Raises InputError naming each fault: of a scenario, of months, of a value that leaves its bounds on the way.

    >>> from stresslab.scenarios.library import scenario
    >>> calm = scenario("china-baseline")
    >>> worse = calm.assign(unemployment_rate=calm["unemployment_rate"] + 0.02)
    >>> blend(calm, worse, 1.5)["unemployment_rate"].values[:2].round(9)  # 5.2 % and 1.5 x 2 points
    array([0.082, 0.082])
    """
    faults = _faults({"start": start, "end": end}) + _number_faults("multiple", multiple, "1 is the second scenario")
    months = start.sizes["month"]
    if not faults and end.sizes["month"] < months:
        faults.append(f"month: found {end.sizes['month']} in end, expected {months} or more; shorten start")
    if faults:
        raise InputError("blend", faults)
    moved = {}
    for name in variables:
        if _comparable(name, start, end):
            first, second = (_values(one, name, months) for one in (start, end))
            moved[name] = ("month", first + float(multiple) * (second - first), _about(name))
    names = [_name(one) for one in (start, end)]
    how = f"blend of {names[0]} and {names[1]}, multiple {multiple!r}, variables {', '.join(moved)}"
    return _made(start.assign(moved), f"{multiple:g} of the way from {names[0]} to {names[1]}", how)


def scale(
    scenario: xr.Dataset,
    factor: float,
    *,
    baseline: xr.Dataset | None = None,
    variables: Sequence[str] = LIVED,
) -> xr.Dataset:
    """A scenario whose distance from normal is so many times as large.

    scenario : Dataset (month)
    factor : 1 leaves it as it is, 2 doubles the distance, 0 is the baseline
    baseline : Dataset of as many months or more, from which the distance counts. None: from the first month
    variables : that move; an optional one that the scenario does not speak of is neutral and stays so, unless the
        baseline speaks of it. The rest stay as they are
    Returns Dataset (month) with the attrs of scenario; value = base + factor (value - base), month by month.
    Raises InputError naming each fault: of a scenario, of the factor, of a value that leaves its bounds.

    >>> from stresslab.scenarios.library import scenario
    >>> calm, severe = scenario("fed-2026-baseline"), scenario("fed-2026-severely-adverse")
    >>> half = scale(severe, 0.5, baseline=calm)
    >>> half["unemployment_rate"][18:21].mean().item()  # 2027 Q3: halfway between 4.4 % and 10.0 %
    0.072
    """
    parts = {"scenario": scenario} | ({} if baseline is None else {"baseline": baseline})
    faults = _faults(parts) + _number_faults("factor", factor, "1 leaves the scenario as it is")
    months = scenario.sizes["month"]
    if baseline is not None and not faults and baseline.sizes["month"] < months:
        faults.append(
            f"month: found {baseline.sizes['month']} in baseline, expected {months} or more; shorten scenario"
        )
    if faults:
        raise InputError("scale", faults)
    moved = {}
    for name in variables:
        if _comparable(name, *parts.values()):
            value = _values(scenario, name, months)
            base = np.full(months, value[0]) if baseline is None else _values(baseline, name, months)
            moved[name] = ("month", base + float(factor) * (value - base), _about(name))
    whence = "its first month" if baseline is None else _name(baseline)
    how = f"scaled by {factor!r} from {whence}, variables {', '.join(moved)}"
    return _made(scenario.assign(moved), f"{_name(scenario)} x {factor:g}", how)


def shift(scenario: xr.Dataset, amounts: Mapping[str, float]) -> xr.Dataset:
    """A scenario with an amount added to some of its variables, the same in every month.

    scenario : Dataset (month)
    amounts : variable and amount, decimals; an optional variable that the scenario does not speak of starts as neutral
    Returns Dataset (month) with the attrs of scenario.
    Raises InputError naming each fault: a variable it does not have, an amount, a value that leaves its bounds.

    >>> from stresslab.scenarios.library import scenario
    >>> shift(scenario("china-baseline"), {"unemployment_rate": 0.02, "line_supply": -0.25})["line_supply"].values[:2]
    array([0.75, 0.75])
    """
    faults = _faults({"scenario": scenario})
    for name, amount in amounts.items():
        known = [*map(str, scenario.data_vars), *(key for key in MACRO_NEUTRAL if key not in scenario)]
        if name not in known:
            faults.append(f"amounts: found {name!r}, expected among {known}; add the variable to the scenario first")
        faults += _number_faults(name, amount, "a rate is a decimal: 0.02 adds two points")
    if not amounts:
        faults.append("amounts: found none, expected a variable and an amount, {'unemployment_rate': 0.02}")
    if faults:
        raise InputError("shift", faults)
    months = scenario.sizes["month"]
    moved = {
        name: ("month", _values(scenario, name, months) + float(amount), _about(name))
        for name, amount in amounts.items()
    }
    said = ", ".join(f"{name} {amount:+g}" for name, amount in amounts.items())
    return _made(scenario.assign(moved), f"{_name(scenario)}, {said}", f"shifted: {said}")


def delay(scenario: xr.Dataset, months: int, *, before: xr.Dataset | None = None) -> xr.Dataset:
    """The same scenario some months later.

    scenario : Dataset (month)
    months : how many
    before : Dataset of as many months or more that fills the months before. None: the first month of the scenario is
        held, growth included, which deepens a fall of income; give a baseline where that is not meant
    Returns Dataset (month), longer by the delay; isel(month=slice(0, 36)) cuts it to 36 months. attrs of scenario.
    Raises InputError naming each fault, as splice() does for the variables.

    >>> from stresslab.scenarios.library import scenario
    >>> later = delay(scenario("job-loss-only"), 2, before=scenario("china-baseline"))
    >>> later["unemployment_rate"].values[:4]
    array([0.052, 0.052, 0.062, 0.072])
    """
    parts = {"scenario": scenario} | ({} if before is None else {"before": before})
    faults = _faults(parts)
    if isinstance(months, bool) or not isinstance(months, int | np.integer) or not 0 <= months <= 1200:
        faults.append(f"months: found {months!r}, expected a whole number of months, 0 to 1200")
    elif before is not None and not faults and before.sizes["month"] < months:
        faults.append(f"month: found {before.sizes['month']} in before, expected {months} or more; lengthen it")
    if not faults and before is not None:
        faults = _lone_faults(before, scenario)
    if faults:
        raise InputError("delay", faults)
    length = scenario.sizes["month"]
    joined = {}
    for name in _spoken(*parts.values()):
        value = _values(scenario, name, length)
        ahead = np.full(months, value[0]) if before is None else _values(before, name, months)
        joined[name] = np.concatenate([ahead, value])
    how = f"delayed by {months} months, before them {'its first month held' if before is None else _name(before)}"
    return _made(_built(joined, scenario), f"{_name(scenario)}, {months} months later", how)


def splice(first: xr.Dataset, second: xr.Dataset, month: int) -> xr.Dataset:
    """One scenario until a month, another after it.

    first, second : Datasets (month); month counts in both from the same start
    month : the last of the first scenario
    Returns Dataset (month), as long as the second, with the attrs of the first. An optional variable that only one
        speaks of is neutral in the other.
    Raises InputError naming each fault: of a scenario, of the month, a variable that only one of them has.

    >>> from stresslab.scenarios.library import scenario
    >>> turned = splice(scenario("job-loss-only"), scenario("china-baseline"), 3)
    >>> turned["unemployment_rate"].values[:5]
    array([0.062, 0.072, 0.082, 0.052, 0.052])
    """
    faults = _faults({"first": first, "second": second})
    if not faults:
        most = min(first.sizes["month"], second.sizes["month"] - 1)
        if isinstance(month, bool) or not isinstance(month, int | np.integer) or not 1 <= month <= most:
            faults.append(
                f"month: found {month!r}, expected a month of the first before the end of the second, 1 to {most}"
            )
        faults += _lone_faults(first, second)
    if faults:
        raise InputError("splice", faults)
    length = second.sizes["month"]
    joined = {
        name: np.concatenate([_values(first, name, month), _values(second, name, length)[month:]])
        for name in _spoken(first, second)
    }
    names = [_name(one) for one in (first, second)]
    how = f"{names[0]} until month {month}, then {names[1]} ({second.attrs.get('history', '')})"
    return _made(_built(joined, first), f"{names[0]}, after month {month} {names[1]}", how)


def _faults(parts: Mapping[str, xr.Dataset]) -> list[str]:
    """Scenarios that have more than months; raises what check_scenario finds."""
    for one in parts.values():
        check_scenario(one)
    return [
        f"{name}: found dimensions {tuple(one.dims)}, expected 'month' alone; select one path"
        for name, one in parts.items()
        if set(one.dims) != {"month"}
    ]


def _number_faults(name: str, number: object, advice: str) -> list[str]:
    """Fault of what should be a finite number."""
    if isinstance(number, int | float | np.number) and not isinstance(number, bool) and math.isfinite(number):
        return []
    return [f"{name}: found {number!r}, expected a finite number; {advice}"]


def _lone_faults(first: xr.Dataset, second: xr.Dataset) -> list[str]:
    """Variables that one scenario has and the other can not be asked for."""
    lone = {*map(str, first.data_vars)} ^ {*map(str, second.data_vars)}
    return [
        f"{name}: found in one scenario alone, expected in both; add it, or drop_vars({name!r})"
        for name in MACRO
        if name in lone and name not in MACRO_NEUTRAL
    ]


def _spoken(*parts: xr.Dataset) -> list[str]:
    """Variables that any of the scenarios speaks of, in the order of the schema."""
    return [name for name in MACRO if any(name in one for one in parts)]


def _comparable(name: str, *parts: xr.Dataset) -> bool:
    """Whether all scenarios have a variable, or one has it and it is neutral in the others."""
    found = [name in one for one in parts]
    return all(found) or (any(found) and name in MACRO_NEUTRAL)


def _about(name: str) -> dict[str, str]:
    """Attributes of a variable."""
    return {"units": MACRO[name].unit, "long_name": MACRO[name].meaning}


def _name(one: xr.Dataset) -> str:
    """What a scenario is called."""
    return str(one.attrs.get("name", "?"))


def _built(values: Mapping[str, Reals], like: xr.Dataset) -> xr.Dataset:
    """Dataset (month) of other months than the one whose attrs it takes."""
    length = len(next(iter(values.values())))
    variables = {name: ("month", value, _about(name)) for name, value in values.items()}
    return xr.Dataset(variables, {"month": np.arange(1, length + 1)}, like.attrs)


def _made(made: xr.Dataset, name: str, how: str) -> xr.Dataset:
    """The scenario with its name, its history one step longer, and without results published for another; checked."""
    history = "; ".join(text for text in (str(made.attrs.get("history", "")), how) if text)
    made = made.assign_attrs(name=name, history=history)
    made.attrs.pop("reference", None)
    check_scenario(made)
    return made


def _values(one: xr.Dataset, name: str, months: int) -> Reals:
    """A variable's months, neutral if the scenario does not speak of it."""
    if name in one:
        return np.asarray(one[name].values[:months], dtype=np.float64)
    return np.full(months, MACRO_NEUTRAL[name])
