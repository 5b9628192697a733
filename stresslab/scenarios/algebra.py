"""Scenarios made of others: between two, scaled, shifted, delayed, joined; attrs["history"] lists the steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from stresslab.checks import LONGEST, advised, is_number, refuse, whole_faults
from stresslab.noted import told
from stresslab.scenarios.library import as_history, check_scenario, described, history_of, macro_attrs
from stresslab.schema import FACTS, MACRO, MACRO_NEUTRAL, MONTHLY
from stresslab.typed import typed

Reals = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

BORROWER_VARIABLES = ("unemployment_rate", "real_income_growth", *MACRO_NEUTRAL)
"""Variables that act on borrowers; the others describe the economy and may drive what a user adds."""


@typed
def blend(
    start: xr.Dataset, end: xr.Dataset, multiple: float, *, variables: Sequence[str] = BORROWER_VARIABLES
) -> xr.Dataset:
    r"""A scenario on the line from one scenario to another.

    Parameters
    ----------
    start, end : xarray.Dataset
        Scenarios (month); `end` has at least the months of `start`.
    multiple : float
        0 gives `start`, 1 gives `end`, 2 goes as far again beyond it.
    variables : sequence of str
        Variables that move, where both scenarios have them; an optional one that only one scenario has is neutral in
        the other. The other variables stay as in `start`.

    Returns
    -------
    xarray.Dataset
        Scenario (month) with the months, units and attrs of `start`; attrs `name` and `history` state the blend.

    Raises
    ------
    InputError
        Names each fault: of a scenario, of its months, of a value that leaves its bounds.

    Notes
    -----
    With multiple :math:`m`, month by month,

    .. math:: x = x_{\mathrm{start}} + m \, (x_{\mathrm{end}} - x_{\mathrm{start}}).

    Examples
    --------
    Unemployment of 5.2 % and 1.5 times 2 points:

    >>> import stresslab as sl
    >>> calm = sl.scenario("china-baseline")
    >>> worse = calm.assign(unemployment_rate=calm["unemployment_rate"] + 0.02)
    >>> sl.scenarios.blend(calm, worse, 1.5)["unemployment_rate"].values[:2].round(9)
    array([0.082, 0.082])
    """
    faults = _faults({"start": start, "end": end}) + _finite_faults("multiple", multiple, "give 1 for the scenario end")
    faults += [] if faults else _length_faults("end", end, start.sizes["month"], "shorten start")
    refuse("blend", faults)
    months = start.sizes["month"]
    moved = {}
    for name in _with_trend(variables):
        if _comparable(name, start, end):
            first, second = (_values(macro, name, months) for macro in (start, end))
            moved[name] = (MACRO[name].dims, first + float(multiple) * (second - first), macro_attrs(name))
    names = [_name(macro) for macro in (start, end)]
    step = f"blend of {names[0]} and {names[1]}, multiple {multiple!r}, variables {', '.join(moved)}"
    return _finished(start.assign(moved), f"{multiple:g} of the way from {names[0]} to {names[1]}", step)


@typed
def scale(
    scenario: xr.Dataset,
    factor: float,
    *,
    baseline: xr.Dataset | None = None,
    variables: Sequence[str] = BORROWER_VARIABLES,
) -> xr.Dataset:
    r"""A scenario whose distance from a baseline is multiplied by a factor.

    Parameters
    ----------
    scenario : xarray.Dataset
        Scenario (month).
    factor : float
        1 leaves the scenario as it is, 2 doubles its distance, 0 gives the baseline.
    baseline : xarray.Dataset or None
        Scenario with at least as many months, from which the distance counts. None: the first month of `scenario`.
    variables : sequence of str
        Variables that move; an optional one that `scenario` does not contain is neutral and stays so, unless the
        baseline contains it. The other variables stay as they are.

    Returns
    -------
    xarray.Dataset
        Scenario (month) with the units and attrs of `scenario`; attrs `name` and `history` state the factor.

    Raises
    ------
    InputError
        Names each fault: of a scenario, of the factor, of a value that leaves its bounds.

    Notes
    -----
    With factor :math:`f` and baseline :math:`b`, month by month,

    .. math:: y = b + f \, (x - b).

    Examples
    --------
    Unemployment in 2027Q3, halfway between 4.4 % and 10.0 %:

    >>> import stresslab as sl
    >>> calm, severe = sl.scenario("fed-2026-baseline"), sl.scenario("fed-2026-severely-adverse")
    >>> half = sl.scenarios.scale(severe, 0.5, baseline=calm)
    >>> half["unemployment_rate"][18:21].mean().item()
    0.072
    """
    parts = {"scenario": scenario} | ({} if baseline is None else {"baseline": baseline})
    faults = _faults(parts) + _finite_faults("factor", factor, "give 1 to leave the scenario as it is")
    if baseline is not None and not faults:
        faults = _length_faults("baseline", baseline, scenario.sizes["month"], "shorten scenario")
    refuse("scale", faults)
    months = scenario.sizes["month"]
    moved = {}
    for name in _with_trend(variables):
        if _comparable(name, *parts.values()):
            value = _values(scenario, name, months)
            base = np.full_like(value, value.flat[0]) if baseline is None else _values(baseline, name, months)
            moved[name] = (MACRO[name].dims, base + float(factor) * (value - base), macro_attrs(name))
    origin = "its first month" if baseline is None else _name(baseline)
    step = f"scaled by {factor!r} from {origin}, variables {', '.join(moved)}"
    return _finished(scenario.assign(moved), f"{_name(scenario)} x {factor:g}", step)


@typed
def shift(scenario: xr.Dataset, amounts: Mapping[str, float]) -> xr.Dataset:
    """A scenario with an amount added to some of its variables, the same in every month.

    Parameters
    ----------
    scenario : xarray.Dataset
        Scenario (month).
    amounts : mapping of str to float
        Amount of each variable, in decimals; an optional variable that the scenario does not contain starts as neutral.

    Returns
    -------
    xarray.Dataset
        Scenario (month) with the units and attrs of `scenario`; attrs `name` and `history` state the amounts.

    Raises
    ------
    InputError
        Names each fault: a variable that the scenario does not have, an amount, a value that leaves its bounds.

    Examples
    --------
    A quarter of the lines that are granted in normal times is refused.

    >>> import stresslab as sl
    >>> calm = sl.scenario("china-baseline")
    >>> tight = sl.scenarios.shift(calm, {"unemployment_rate": 0.02, "line_supply": -0.25})
    >>> tight["line_supply"].values[:2]
    array([0.75, 0.75])
    """
    faults = _faults({"scenario": scenario})
    known = [*map(str, scenario.data_vars), *(name for name in MACRO_NEUTRAL if name not in scenario)]
    for name, amount in amounts.items():
        if name not in known:
            advice = advised(name, known, "add the variable to the scenario first")
            faults.append(f"amounts: found {name!r}, expected among {known}; {advice}")
        faults += _finite_faults(name, amount, "give a decimal: 0.02 adds two points")
    if not amounts:
        faults.append("amounts: found none, expected a variable and an amount; give {'unemployment_rate': 0.02}")
    refuse("shift", faults)
    months = scenario.sizes["month"]
    moved = {
        name: (MACRO[name].dims, _values(scenario, name, months) + float(amount), macro_attrs(name))
        for name, amount in amounts.items()
    }
    added = ", ".join(f"{name} {amount:+g}" for name, amount in amounts.items())
    return _finished(scenario.assign(moved), f"{_name(scenario)}, {added}", f"shifted: {added}")


@typed
def delay(scenario: xr.Dataset, months: int, *, before: xr.Dataset | None = None) -> xr.Dataset:
    """A scenario that begins some months later.

    Parameters
    ----------
    scenario : xarray.Dataset
        Scenario (month).
    months : int
        Length of the delay.
    before : xarray.Dataset or None
        Scenario with at least as many months that fills the months before. None: the first month of `scenario` is held,
        growth included, which deepens a fall of income; give a baseline where that is not meant.

    Returns
    -------
    xarray.Dataset
        Scenario (month), longer by the delay, with the units and attrs of `scenario`; attrs `name` and `history` state
        the delay. `isel(month=slice(0, 36))` cuts it to 36 months.

    Raises
    ------
    InputError
        Names each fault: of a scenario, of the months, a variable that only one of the scenarios has.

    Examples
    --------
    Two months of the baseline, at 5.2 %, then the shock:

    >>> import stresslab as sl
    >>> calm, shock = sl.scenario("china-baseline"), sl.scenario("job-loss-only")
    >>> sl.scenarios.delay(shock, 2, before=calm)["unemployment_rate"].values[:4]
    array([0.052, 0.052, 0.062, 0.072])
    """
    parts = {"scenario": scenario} | ({} if before is None else {"before": before})
    faults = _faults(parts)
    faults += whole_faults("months", months, 0, LONGEST)
    if before is not None and not faults:
        faults = _length_faults("before", before, months, "lengthen it") + _unmatched_faults(before, scenario)
    refuse("delay", faults)
    length = scenario.sizes["month"]
    joined = {}
    for name in _contained(*parts.values()):
        value = _values(scenario, name, length)
        earlier = np.full(months, value[0]) if before is None else _values(before, name, months)
        joined[name] = np.concatenate([earlier, value])
    filling = "its first month held" if before is None else _name(before)
    step = f"delayed by {months} months, before them {filling}"
    return _finished(_with_months(joined, scenario), f"{_name(scenario)}, {months} months later", step)


@typed
def splice(first: xr.Dataset, second: xr.Dataset, month: int) -> xr.Dataset:
    """One scenario up to a month, another after it.

    Parameters
    ----------
    first, second : xarray.Dataset
        Scenarios (month); months count from the same start in both.
    month : int
        Last month of the first scenario.

    Returns
    -------
    xarray.Dataset
        Scenario (month), as long as `second`, with the units and attrs of `first`; attrs `name` and `history` state
        both. An optional variable that only one scenario contains is neutral in the other.

    Raises
    ------
    InputError
        Names each fault: of a scenario, of the month, a variable that only one of the scenarios has.

    Examples
    --------
    The shock for three months, then the baseline, at 5.2 %:

    >>> import stresslab as sl
    >>> calm, shock = sl.scenario("china-baseline"), sl.scenario("job-loss-only")
    >>> sl.scenarios.splice(shock, calm, 3)["unemployment_rate"].values[:5]
    array([0.062, 0.072, 0.082, 0.052, 0.052])
    """
    faults = _faults({"first": first, "second": second})
    if not faults:
        last = min(first.sizes["month"], second.sizes["month"] - 1)
        faults += whole_faults("month", month, 1, last, advice="give a month of first before the end of second")
        faults += _unmatched_faults(first, second)
    refuse("splice", faults)
    length = second.sizes["month"]
    joined = {
        name: np.concatenate([_values(first, name, month), _values(second, name, length)[month:]])
        for name in _contained(first, second)
    }
    names = [_name(macro) for macro in (first, second)]
    steps = [f"{names[0]} until month {month}, then {names[1]}"]
    steps += [f"{names[1]}: {step}" for step in history_of(second)]
    return _finished(_with_months(joined, first), f"{names[0]}, after month {month} {names[1]}", *steps)


def _faults(parts: Mapping[str, xr.Dataset]) -> list[str]:
    """Faults of scenarios that have more dimensions than months; raises those that check_scenario names."""
    for macro in parts.values():
        check_scenario(macro)
    return [
        f"{name}: found dimensions {tuple(macro.dims)}, expected 'month' alone; select one path"
        for name, macro in parts.items()
        if set(macro.dims) != {"month"}
    ]


def _finite_faults(name: str, number: object, advice: str) -> list[str]:
    """Fault of what should be a finite number."""
    return [] if is_number(number) else [f"{name}: found {number!r}, expected a finite number; {advice}"]


def _length_faults(name: str, macro: xr.Dataset, months: int, advice: str) -> list[str]:
    """Fault of a scenario that has too few months."""
    length = macro.sizes["month"]
    return [f"month: found {length} in {name}, expected {months} or more; {advice}"] if length < months else []


def _unmatched_faults(first: xr.Dataset, second: xr.Dataset) -> list[str]:
    """A sentence for each variable that one scenario has and that has no neutral value for the other."""
    unmatched = {*map(str, first.data_vars)} ^ {*map(str, second.data_vars)}
    return [
        f"{name}: found in one scenario alone, expected in both; add it, or drop_vars({name!r})"
        for name in MONTHLY
        if name in unmatched and name not in MACRO_NEUTRAL
    ] + _trend_faults(first, second)


def _trend_faults(first: xr.Dataset, second: xr.Dataset) -> list[str]:
    """Fault of normal growths of real income that differ: one scenario has one."""
    trends = [float(macro["real_income_trend"]) if "real_income_trend" in macro else None for macro in (first, second)]
    if trends[0] == trends[1]:
        return []
    return [
        f"real_income_trend: found {trends[0]} and {trends[1]}, expected the same in both; assign it to one of them"
    ]


def _with_trend(variables: Sequence[str]) -> list[str]:
    """The variables, and with the growth of real income the growth that counts as normal."""
    return [*variables, *(["real_income_trend"] if "real_income_growth" in variables else [])]


def _contained(*parts: xr.Dataset) -> list[str]:
    """Monthly variables that any of the scenarios contains, in the order of the schema."""
    return [name for name in MONTHLY if any(name in macro for macro in parts)]


def _comparable(name: str, *parts: xr.Dataset) -> bool:
    """Whether all scenarios have a variable, or some have it and it is neutral in the others."""
    present = [name in macro for macro in parts]
    return all(present) or (any(present) and name in MACRO_NEUTRAL)


def _name(macro: xr.Dataset) -> str:
    """Name of a scenario."""
    return told(macro, "name", "?")


def _with_months(values: Mapping[str, Reals], like: xr.Dataset) -> xr.Dataset:
    """Dataset (month) of new months with the attrs and the trend of another."""
    length = len(next(iter(values.values())))
    variables = {name: ("month", value) for name, value in values.items()}
    return like.drop_dims("month").assign(variables).assign_coords(month=np.arange(1, length + 1))


def _finished(macro: xr.Dataset, name: str, *steps: str) -> xr.Dataset:
    """A checked scenario with its name, its longer history and its units, without results published for another."""
    facts = {fact: told(macro, fact) for fact in FACTS if told(macro, fact)}
    facts |= {"name": name, "history": as_history([*history_of(macro), *steps])}
    macro = described(macro.reset_coords(drop=True)).assign_attrs(facts)
    macro.attrs.pop("reference", None)
    check_scenario(macro)
    return macro


def _values(macro: xr.Dataset, name: str, months: int) -> Reals:
    """The first months of a variable, or its one value; neutral if the scenario does not contain it."""
    if name in macro:
        values = np.asarray(macro[name].values, dtype=np.float64)
        return values[:months] if values.ndim else values
    return np.full(months, MACRO_NEUTRAL[name])
