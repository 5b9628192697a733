"""Scenarios made of others."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import xarray as xr

from stresslab.scenarios.library import check_scenario
from stresslab.schema import MACRO_NEUTRAL, InputError

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
    faults = []
    for name, one in (("start", start), ("end", end)):
        check_scenario(one)
        if set(one.dims) != {"month"}:
            faults.append(f"{name}: found dimensions {tuple(one.dims)}, expected 'month' alone; select one path")
    if not (isinstance(multiple, int | float | np.number) and math.isfinite(multiple)):
        faults.append(f"multiple: found {multiple!r}, expected a finite number; 1 is the second scenario")
    months = start.sizes["month"]
    if not faults and end.sizes["month"] < months:
        faults.append(f"month: found {end.sizes['month']} in end, expected {months} or more; shorten start")
    if faults:
        raise InputError("blend", faults)
    moved = {}
    for name in variables:
        if name in start or name in end:
            first, second = (_values(one, name, months) for one in (start, end))
            attrs = (start if name in start else end)[name].attrs
            moved[name] = ("month", first + float(multiple) * (second - first), attrs)
    names = [str(one.attrs.get("name", "?")) for one in (start, end)]
    made = start.assign(moved).assign_attrs(
        name=f"{multiple:g} of the way from {names[0]} to {names[1]}",
        history=f"blend of {names[0]} and {names[1]}, multiple {multiple!r}, variables {', '.join(moved)}",
    )
    check_scenario(made)
    return made


def _values(one: xr.Dataset, name: str, months: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """A variable's months, neutral if the scenario does not speak of it."""
    if name in one:
        return np.asarray(one[name].values[:months], dtype=np.float64)
    return np.full(months, MACRO_NEUTRAL[name])
