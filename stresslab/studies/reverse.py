"""Reverse stress test: the multiple of a scenario at which a lender misses its hurdle with a given probability."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import xarray as xr
from scipy.optimize import brentq
from tqdm import tqdm

from stresslab.checks import choice_faults, is_number, refuse, whole_faults
from stresslab.engine.model import Model
from stresslab.engine.simulate import simulate
from stresslab.measures.estimators import Array, Estimate, quantile, share
from stresslab.measures.result_view import Output, labelled, of_the_run
from stresslab.noted import told
from stresslab.scenarios.algebra import BORROWER_VARIABLES, blend
from stresslab.scenarios.ar1 import log_density
from stresslab.scenarios.library import VARIABLES
from stresslab.scenarios.paths import macro_paths
from stresslab.schema import MACRO
from stresslab.studies.outcomes import Outcome, callable_faults, watched
from stresslab.studies.seeds import drawn_seed
from stresslab.typed import typed

APART = 0.02
"""Multiples nearer to each other than this tell of single paths rather than of the slope."""


@dataclass
class _Multiples:
    """Outcomes at one multiple after another, all on the same draws."""

    portfolio: xr.Dataset
    start: xr.Dataset
    end: xr.Dataset
    outcome: Outcome
    level: float
    macro_arguments: dict[str, Any]
    simulation: dict[str, Any]
    bar: Any
    outcomes: dict[float, Array] = field(default_factory=dict)
    attrs: dict[str, Any] = field(default_factory=dict)

    def macro(self, multiple: float) -> xr.Dataset:
        """Macro paths around the blend at a multiple."""
        return macro_paths(blend(self.start, self.end, multiple), **self.macro_arguments)

    def at(self, multiple: float) -> Array:
        """Outcome on every path; each multiple is simulated once."""
        if multiple not in self.outcomes:
            result = simulate(self.portfolio, self.macro(multiple), **self.simulation)
            self.outcomes[multiple] = watched(self.outcome, result, "reverse_stress").values
            self.attrs = of_the_run(result)
            self.bar.update()
        return self.outcomes[multiple]

    def quantile(self, multiple: float) -> Estimate:
        """Quantile of the outcome that is to meet the hurdle."""
        return quantile(self.at(multiple), [self.level])


@typed
def reverse_stress(
    portfolio: xr.Dataset,
    start: xr.Dataset,
    end: xr.Dataset,
    outcome: Outcome,
    hurdle: float,
    *,
    level: float = 0.5,
    side: Literal["above", "below"] = "above",
    bounds: tuple[float, float] = (0.0, 2.0),
    tolerance: float = 0.01,
    model: Model | None = None,
    paths: int = 200,
    spread: float = 1.0,
    seed: int | None = None,
    progress: bool = True,
    **simulation: Any,
) -> xr.Dataset:
    r"""Mildest multiple of a scenario at which a lender misses its hurdle with a given probability.

    Parameters
    ----------
    portfolio : xarray.Dataset
        As in `simulate`.
    start, end : xarray.Dataset
        Scenarios (month). The economy at a multiple is `blend(start, end, multiple)`: `end` may be a published stress,
        or `start` plus any direction in macro space.
    outcome : callable
        Function of a result that gives one number on each path: `outcomes.lowest_ratio(...)`,
        `outcomes.lowest_headroom(...)`, or your own.
    hurdle : float
        Limit of the outcome, in its unit.
    level : float
        Probability of a breach at the multiple that is searched for, in (0, 1).
    side : {"above", "below"}
        Side of the hurdle on which the lender must stay.
    bounds : (float, float)
        Multiples between which to search; the hurdle must be met at one and missed at the other.
    tolerance : float
        Of the multiple.
    model : Model or None
        As in `simulate`.
    paths : int
        Macro paths at each multiple, see `macro_paths`.
    spread : float
        Of the macro paths, see `macro_paths`.
    seed : int or None
        Of macro paths and runs; drawn if None and stored in attrs.
    progress : bool
        Show a progress bar, one step for each run.
    **simulation
        Further arguments of `simulate`, such as `horizon` or `threads`.

    Returns
    -------
    xarray.Dataset
        ====================  =====  ==============  ===========================================================
        variable              dims   unit            meaning
        ====================  =====  ==============  ===========================================================
        multiple              none   1               root; `_se`, `_low`, `_high`: standard error, 95 % interval
        trial_multiple        trial  1               every multiple that was simulated
        outcome_quantile      trial  as the outcome  quantile of the outcome there
        breach_probability    trial  1               share of paths beyond the hurdle; `_se`, `_low`, `_high`
        outcome               path   as the outcome  at the root
        breached              path   1               whether the path at the root is beyond the hurdle
        log_density           path   nats            of the macro path at the root, see `scenarios.log_density`
        likeliest_path        none   1               label of the most likely macro path among those that breach
        likeliest_log_ratio   none   nats            its log density less the largest of all paths
        likeliest_<variable>  month  macro's         macro variables on that path
        mean_<variable>       month  macro's         scenario at the root
        ====================  =====  ==============  ===========================================================

        Without `log_density` and `likeliest_...` if `spread` is 0.

    Raises
    ------
    InputError
        Names each fault; also if the hurdle is met, or missed, at both bounds.

    Notes
    -----
    Reverse stress tests start from the outcome [1]_. For `side` "below" the probability of a breach is `level` where
    the quantile of the outcome equals the hurdle h, and m solves

    .. math:: Q_{1 - level}(Y(m)) = h ,

    for `side` "above" likewise with :math:`Q_{level}`. It is the root of a continuous function, as every run shares
    its draws, and found by Brent's method. Its standard error and interval are those of the quantile [2]_ divided by
    the slope of the quantile at the root. The error speaks of the macro paths; the portfolio and the model are taken
    as given.

    References
    ----------
    .. [1] European Banking Authority (2018), Guidelines on institutions' stress testing, EBA/GL/2018/04.
    .. [2] Maritz and Jarrett (1978), A note on estimating the variance of the sample median, JASA 73, 194-196.

    Examples
    --------
    The supply of credit lines itself as the outcome: from 1 to 0.6, it is 0.7 at three quarters of the way.

    >>> import stresslab as sl
    >>> book = sl.synthetic_portfolio("china-online", borrowers=200, seed=1)
    >>> calm = sl.scenario("china-baseline").isel(month=slice(0, 2))
    >>> open_lines, fewer = (calm.assign(line_supply=("month", [supply, supply])) for supply in (1.0, 0.6))
    >>> answer = sl.reverse_stress(
    ...     book, open_lines, fewer, lambda result: result["line_supply"].isel(month=-1, segment=0), hurdle=0.7,
    ...     bounds=(0.0, 1.0), paths=10, spread=0.0, seed=3, progress=False,
    ... )
    >>> round(answer["multiple"].item(), 3)
    0.75
    """
    refuse("reverse_stress", _faults(level, side, bounds, tolerance, paths, hurdle) + callable_faults(outcome))
    seed = drawn_seed(seed)
    with tqdm(desc="reverse stress", disable=not progress, unit=" runs") as bar:
        multiples = _Multiples(
            portfolio, start, end, outcome, level if side == "above" else 1.0 - level,
            {"paths": paths, "seed": seed, "spread": spread},
            {"model": model, "seed": seed, "progress": False, **simulation}, bar,
        )  # fmt: skip

        def distance(multiple: float) -> float:
            return float(multiples.quantile(multiple).value[0]) - hurdle

        at_bounds = [distance(bound) for bound in bounds]
        if at_bounds[0] * at_bounds[1] > 0.0:
            at = ", ".join(f"{d + hurdle:.6g} at multiple {b:g}" for b, d in zip(bounds, at_bounds, strict=True))
            fault = f"hurdle: found a quantile of {at}, expected {hurdle:g} between them; widen bounds"
            refuse("reverse_stress", [fault])
        root = float(brentq(distance, *bounds, xtol=tolerance, rtol=1e-12))
        multiples.at(root)
    return _answer(multiples, root, hurdle, side, level)


def _answer(multiples: _Multiples, root: float, hurdle: float, side: str, level: float) -> xr.Dataset:
    """Root, trials, outcomes and macro paths as a labelled Dataset."""
    values, macro, centre = multiples.at(root), multiples.macro(root), blend(multiples.start, multiples.end, root)
    beyond = _beyond(values, hurdle, side)
    out = xr.Dataset(_root(multiples, root) | _trials(multiples, hurdle, side))
    out = out.assign(outcome=("path", values), breached=("path", beyond)).assign_coords(path=macro["path"].values)
    moving: list[str] = [name for name in BORROWER_VARIABLES if name in VARIABLES and name in macro]
    if macro.attrs["macro_spread"] > 0.0:
        out["log_density"] = log_density(macro, moving)
        likeliest = int(np.argmax(np.where(beyond, out["log_density"].values, -np.inf)))
        out["likeliest_path"] = int(macro["path"].values[likeliest])
        out["likeliest_log_ratio"] = float(out["log_density"].values[likeliest] - out["log_density"].values.max())
        out = out.assign({f"likeliest_{name}": ("month", macro[name].values[likeliest]) for name in moving})
    out = out.assign({f"mean_{name}": ("month", centre[name].values) for name in BORROWER_VARIABLES if name in centre})
    out = out.assign_coords(month=macro["month"].values)
    simulation = {key: repr(value) for key, value in multiples.simulation.items() if key != "model"}
    return labelled(out, _outputs(multiples.outcome)).assign_attrs(
        multiples.attrs, hurdle=hurdle, side=side, level=level, outcome=getattr(multiples.outcome, "__name__", ""),
        start=told(multiples.start, "name"), end=told(multiples.end, "name"),
        simulation=json.dumps(simulation),
    )  # fmt: skip


def _root(multiples: _Multiples, root: float) -> dict[str, Any]:
    """The root, its standard error and 95 % interval: those of the quantile over its slope."""
    slope, at_root = _slope(multiples, root), multiples.quantile(root)
    error, below, above = (
        abs(float(width) / slope)
        for width in (at_root.se[0], at_root.value[0] - at_root.low[0], at_root.high[0] - at_root.value[0])
    )
    if slope < 0.0:
        below, above = above, below
    return {"multiple": root, "multiple_se": error, "multiple_low": root - below, "multiple_high": root + above}


def _trials(multiples: _Multiples, hurdle: float, side: str) -> dict[str, Any]:
    """Quantile of the outcome and probability of a breach at every multiple that was simulated."""
    trials = sorted(multiples.outcomes)
    chances = [share(_beyond(multiples.outcomes[multiple], hurdle, side)) for multiple in trials]
    columns = {
        "trial_multiple": trials,
        "outcome_quantile": [float(multiples.quantile(multiple).value[0]) for multiple in trials],
    }
    for place, ending in enumerate(("", "_se", "_low", "_high")):
        columns[f"breach_probability{ending}"] = [float(chance[place]) for chance in chances]
    return {name: ("trial", values) for name, values in columns.items()}


def _outputs(outcome: Outcome) -> dict[str, Output]:
    """Declarations of the variables."""
    unit = getattr(outcome, "unit", "") or "as the outcome"
    of_macro = {
        f"{prefix}_{name}": Output(MACRO[name].unit, f"{MACRO[name].meaning}, {words}")
        for name in BORROWER_VARIABLES
        for prefix, words in (("mean", "scenario at the root"), ("likeliest", "most likely path that breaches"))
    }
    return of_macro | {
        "multiple": Output("1", "multiple of the scenario at which the hurdle is missed"),
        "trial_multiple": Output("1", "multiple that was simulated"),
        "outcome_quantile": Output(unit, "quantile of the outcome"),
        "breach_probability": Output("1", "share of paths beyond the hurdle"),
        "outcome": Output(unit, "outcome at the root"),
        "breached": Output("1", "path beyond the hurdle at the root"),
        "log_density": Output("nats", "log density of the macro path"),
        "likeliest_path": Output("1", "label of the most likely macro path that breaches"),
        "likeliest_log_ratio": Output("nats", "log density of that path less the largest of all paths"),
    }


def _beyond(values: Array, hurdle: float, side: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """On the wrong side of the hurdle."""
    return values < hurdle if side == "above" else values > hurdle


def _slope(multiples: _Multiples, root: float) -> float:
    """Change of the quantile with the multiple, between the nearest trials on either side that are apart."""
    below = [multiple for multiple in multiples.outcomes if multiple < root] or [root]
    above = [multiple for multiple in multiples.outcomes if multiple > root] or [root]
    low = max((multiple for multiple in below if root - multiple > APART), default=min(below))
    high = min((multiple for multiple in above if multiple - root > APART), default=max(above))
    ends = [float(multiples.quantile(multiple).value[0]) for multiple in (low, high)]
    return (ends[1] - ends[0]) / (high - low)


def _faults(level: Any, side: Any, bounds: Sequence[Any], tolerance: Any, paths: Any, hurdle: Any) -> list[str]:
    """Faults of the arguments beside portfolio and scenarios."""
    faults = []
    if not (is_number(level) and 0.0 < level < 1.0):
        faults.append(f"level: found {level!r}, expected between 0 and 1; give a decimal: 0.05, not 5")
    faults += choice_faults("side", side, ("above", "below"))
    sound = len(bounds) == 2 and all(is_number(bound) for bound in bounds)
    if not sound or not bounds[0] < bounds[1]:
        faults.append(f"bounds: found {bounds!r}, expected two finite multiples, the smaller first; give (0, 2)")
    if not (is_number(tolerance) and 0.0 < tolerance < 1.0):
        faults.append(f"tolerance: found {tolerance!r}, expected between 0 and 1; give 0.01")
    faults += whole_faults("paths", paths, 2, 2**32, advice="give 200")
    if not faults and min(level, 1.0 - level) * paths < 5.0:
        faults.append(
            f"paths: found {paths}, expected at least {math.ceil(5.0 / min(level, 1.0 - level))} for a "
            f"level of {level:g}, five paths beyond the quantile; simulate more paths"
        )
    if not is_number(hurdle):
        faults.append(f"hurdle: found {hurdle!r}, expected a finite number; give it in the outcome's unit")
    return faults
