"""Reverse stress: from the outcome that would break the lender back to the economy that brings it about."""

from __future__ import annotations

import json
import math
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import xarray as xr
from scipy.optimize import brentq

from stresslab.checks import refuse
from stresslab.engine.model import Model
from stresslab.engine.simulate import simulate
from stresslab.measures.estimators import Array, Estimate, quantile, share
from stresslab.scenarios.algebra import LIVED, blend
from stresslab.scenarios.paths import MOVING, log_density, macro_paths
from stresslab.studies.outcomes import Outcome, callable_faults, watched

APART = 0.02
"""Multiples nearer to each other say more of the simulation's grain than of the slope."""


@dataclass
class _Search:
    """Runs at one multiple after another, all on the same draws."""

    portfolio: xr.Dataset
    start: xr.Dataset
    end: xr.Dataset
    outcome: Outcome
    level: float
    fan: dict[str, Any]
    how: dict[str, Any]
    tried: dict[float, Array] = field(default_factory=dict)

    def macro(self, multiple: float) -> xr.Dataset:
        return macro_paths(blend(self.start, self.end, multiple), **self.fan)

    def at(self, multiple: float) -> Array:
        """The outcome on every path; each multiple is lived once."""
        if multiple not in self.tried:
            result = simulate(self.portfolio, self.macro(multiple), **self.how)
            self.tried[multiple] = watched(self.outcome, result, "reverse_stress").values
        return self.tried[multiple]

    def middle(self, multiple: float) -> Estimate:
        """The quantile of the outcome that is to meet the hurdle."""
        return quantile(self.at(multiple), [self.level])


def reverse_stress(
    portfolio: xr.Dataset,
    start: xr.Dataset,
    end: xr.Dataset,
    outcome: Outcome,
    hurdle: float,
    *,
    probability: float = 0.5,
    side: Literal["above", "below"] = "above",
    bounds: tuple[float, float] = (0.0, 2.0),
    tolerance: float = 0.01,
    model: Model | None = None,
    paths: int = 200,
    spread: float = 1.0,
    seed: int | None = None,
    **simulation: Any,
) -> xr.Dataset:
    """The mildest multiple of a scenario at which a lender misses its hurdle with a given probability.

    portfolio : Dataset (borrower, loan)
    start, end : scenarios, Datasets (month); the economy searched is blend(start, end, multiple): `end` may be a
      published stress, or start plus any direction in macro space
    outcome : function of a result that gives one number on each path: lowest_ratio(), lowest_headroom(), or your own
    hurdle : limit of the outcome, in its unit; side : where the lender must stay, "above" or "below" it
    probability : of a breach that is looked for, in (0, 1)
    bounds : multiples between which to look; the hurdle must be met at one end and missed at the other
    tolerance : of the multiple
    model, simulation : as in simulate(); paths, spread : of macro_paths(); seed : of both, drawn if None
    Returns Dataset:
      multiple, multiple_se, multiple_low, multiple_high [1]: the root, its standard error and 95 % interval: those of
        the quantile of the outcome divided by its slope there;
      tried, outcome_quantile, breach_probability (trial), the last with _se, _low, _high: all multiples lived;
      outcome (path), breached (path): at the root; log_density (path) [nats]: of its macro path, see log_density();
      likeliest_path: label of the most likely macro path among those that breach; likeliest_log_ratio [nats]: its log
        density less the largest of all simulated paths; both without paths if spread is 0;
      mean_<variable>, likeliest_<variable> (month): the scenario at the root and the likeliest breaching path.
    P(outcome beyond hurdle) = probability where the quantile of the outcome equals the hurdle: a root of a continuous
    function, as every run shares its draws; found by Brent's method. Reverse tests start from the outcome:
    EBA/GL/2018/04.
    The error speaks of the macro paths; the portfolio and the model are taken as given.
    Raises InputError naming each fault: also if the hurdle is met, or missed, at both bounds.
    """
    faults = _faults(probability, side, bounds, tolerance, paths, hurdle) + callable_faults(outcome)
    refuse("reverse_stress", faults)
    drawn = secrets.randbits(62) if seed is None else int(seed)
    level = probability if side == "above" else 1.0 - probability
    fan = {"paths": paths, "seed": drawn, "spread": spread}
    how = {"model": model, "seed": drawn, "progress": False, **simulation}
    search = _Search(portfolio, start, end, outcome, level, fan, how)

    def distance(multiple: float) -> float:
        return float(search.middle(multiple).value[0]) - hurdle

    at_bounds = [distance(bound) for bound in bounds]
    if at_bounds[0] * at_bounds[1] > 0.0:
        found = ", ".join(f"{d + hurdle:.6g} at multiple {b:g}" for b, d in zip(bounds, at_bounds, strict=True))
        refuse(
            "reverse_stress", [f"hurdle: found a quantile of {found}, expected {hurdle:g} between them; widen bounds"]
        )
    root = float(brentq(distance, *bounds, xtol=tolerance, rtol=1e-12))
    return _answer(search, root, hurdle, side, drawn, probability)


def _answer(search: _Search, root: float, hurdle: float, side: str, seed: int, probability: float) -> xr.Dataset:
    """What was found at the root and on the way there."""
    values, fan = search.at(root), search.macro(root)
    slope = _slope(search, root)
    middle = search.middle(root)
    steps = abs(np.array([middle.se[0], middle.value[0] - middle.low[0], middle.high[0] - middle.value[0]]) / slope)
    below, above = (steps[1], steps[2]) if slope > 0.0 else (steps[2], steps[1])
    multiples = sorted(search.tried)
    breach = [_beyond(search.tried[one], hurdle, side) for one in multiples]
    chance = [share(one) for one in breach]
    beyond = _beyond(values, hurdle, side)
    out = xr.Dataset(
        {
            "multiple": root, "multiple_se": steps[0], "multiple_low": root - below, "multiple_high": root + above,
            "outcome_quantile": ("trial", [float(search.middle(one).value[0]) for one in multiples]),
            "tried": ("trial", multiples), "outcome": ("path", values), "breached": ("path", beyond),
        },
        {"path": fan["path"].values},
    )  # fmt: skip
    for end, place in (("", 0), ("_se", 1), ("_low", 2), ("_high", 3)):
        out[f"breach_probability{end}"] = ("trial", [float(one[place]) for one in chance])
    moving: list[str] = [name for name in LIVED if name in MOVING and name in fan]
    if fan.attrs["macro_spread"] > 0.0:
        out["log_density"] = log_density(fan, moving)
        chosen = int(np.argmax(np.where(beyond, out["log_density"].values, -np.inf)))
        out["likeliest_path"] = int(fan["path"].values[chosen])
        out["likeliest_log_ratio"] = float(out["log_density"].values[chosen] - out["log_density"].values.max())
        for name in moving:
            out[f"likeliest_{name}"] = ("month", fan[name].values[chosen])
    centre = blend(search.start, search.end, root)
    for variable in [name for name in LIVED if name in centre]:
        out[f"mean_{variable}"] = ("month", centre[variable].values)
    return out.assign_coords(month=fan["month"].values).assign_attrs(
        hurdle=hurdle, side=side, probability=probability, seed=str(seed),
        outcome=getattr(search.outcome, "__name__", ""),
        start=str(search.start.attrs.get("name", "")), end=str(search.end.attrs.get("name", "")),
        simulation=json.dumps({key: repr(value) for key, value in search.how.items() if key != "model"}),
    )  # fmt: skip


def _beyond(values: Array, hurdle: float, side: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """On the wrong side of the hurdle."""
    return values < hurdle if side == "above" else values > hurdle


def _slope(search: _Search, root: float) -> float:
    """Change of the quantile with the multiple, between the nearest multiples tried on either side that are apart."""
    below = [one for one in search.tried if one < root] or [root]
    above = [one for one in search.tried if one > root] or [root]
    low = max((one for one in below if root - one > APART), default=min(below))
    high = min((one for one in above if one - root > APART), default=max(above))
    ends = [float(search.middle(one).value[0]) for one in (low, high)]
    return (ends[1] - ends[0]) / (high - low)


def _faults(probability: Any, side: Any, bounds: Sequence[Any], tolerance: Any, paths: Any, hurdle: Any) -> list[str]:
    """Faults of what was asked beside portfolio and scenarios."""
    faults = []
    if not (isinstance(probability, int | float) and 0.0 < probability < 1.0):
        faults.append(f"probability: found {probability!r}, expected between 0 and 1; a decimal: 0.05, not 5")
    if side not in ("above", "below"):
        faults.append(f"side: found {side!r}, expected 'above' or 'below': where the lender must stay; choose one")
    sound = len(bounds) == 2 and all(isinstance(x, int | float) and math.isfinite(x) for x in bounds)
    if not sound or not bounds[0] < bounds[1]:
        faults.append(f"bounds: found {bounds!r}, expected two finite multiples, the smaller first; give (0, 2)")
    if not (isinstance(tolerance, int | float) and 0.0 < tolerance < 1.0):
        faults.append(f"tolerance: found {tolerance!r}, expected between 0 and 1; give 0.01")
    if not (isinstance(paths, int) and paths >= 2):
        faults.append(f"paths: found {paths!r}, expected at least 2; a quantile needs paths")
    elif not faults and min(probability, 1.0 - probability) * paths < 5.0:
        faults.append(
            f"paths: found {paths}, expected at least {math.ceil(5.0 / min(probability, 1.0 - probability))} for a "
            f"probability of {probability:g}: five paths beyond the quantile; simulate more"
        )
    if not (isinstance(hurdle, int | float) and math.isfinite(hurdle)):
        faults.append(f"hurdle: found {hurdle!r}, expected a finite number; give it in the outcome's unit")
    return faults
