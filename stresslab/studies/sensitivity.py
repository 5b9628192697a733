"""Which parameter matters: each moved up and down alone, on shared draws."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import xarray as xr
from tqdm import tqdm

from stresslab.checks import refuse
from stresslab.engine.model import Model
from stresslab.engine.simulate import simulate
from stresslab.studies.outcomes import Outcome, callable_faults, watched

Answers = Mapping[str, tuple[float, float, Callable[[float], Outcome]]]


def sensitivity(
    portfolio: xr.Dataset,
    macro: xr.Dataset,
    outcome: Outcome,
    parameters: Mapping[str, tuple[float, float]],
    answers: Answers | None = None,
    *,
    model: Model | None = None,
    seed: int | None = None,
    progress: bool = True,
    **simulation: Any,
) -> xr.Dataset:
    """The mean outcome when each parameter takes a low and a high value, the others at their base.

    portfolio, macro, model, simulation : as in simulate(); macro has at least two paths and no scenario dimension
    outcome : function of a result that gives one number on each path
    parameters : name of a model parameter as in Model.replace(), such as "employment.finding_monthly" -> (low, high)
    answers : what is the lender's: name -> (low, high, function of the value that gives an outcome), read off the base
      run without a new simulation
    seed : drawn if None and stored
    Returns Dataset (parameter), largest effect first, in the outcome's unit:
      low, high: mean over paths of outcome less base outcome at the low and the high value, with low_se, high_se;
      low_value, high_value; base, base_se: mean of the base outcome; path_low, path_high (parameter, path).
    se = sd of the path differences / sqrt(paths): on shared draws far below that of either run. All start from the same
    book: an effect includes the book's way to where the changed parameter leads it.
    Raises InputError naming each fault: an unknown parameter, a value out of its bounds, an outcome not along `path`.
    """
    faults = []
    if macro.sizes.get("path", 1) < 2 or "scenario" in macro.dims:
        faults.append(
            f"macro: found {dict(macro.sizes)}, expected two paths or more of one scenario; see macro_paths()"
        )
    wanted: dict[str, tuple[float, ...]] = {name: tuple(pair) for name, pair in parameters.items()}
    wanted |= {name: (low, high) for name, (low, high, _) in (answers or {}).items()}
    if not wanted:
        faults.append("parameters: found none, expected one or more; name some as in Model.replace()")
    if set(parameters) & set(answers or {}):
        faults.append(
            f"answers: found {sorted(set(parameters) & set(answers or {}))} twice, expected each once; rename"
        )
    faults += [
        f"{name}: found {pair!r}, expected (low, high), the smaller first; correct it"
        for name, pair in wanted.items()
        if len(pair) != 2 or not pair[0] < pair[1]
    ]
    faults += callable_faults(outcome)
    refuse("sensitivity", faults)
    base_model = Model.from_preset(str(portfolio.attrs.get("preset", ""))) if model is None else model
    models = {
        (name, place): base_model.replace(**{name: value})
        for name, pair in parameters.items()
        for place, value in enumerate(pair)
    }
    drawn = secrets.randbits(62) if seed is None else int(seed)

    def live(changed: Model) -> xr.Dataset:
        return simulate(portfolio, macro, changed, seed=drawn, progress=False, **simulation)

    found: dict[tuple[str, int], xr.DataArray] = {}
    with tqdm(total=1 + len(models), desc="sensitivity", disable=not progress, unit="run") as bar:
        result = live(base_model)
        base = watched(outcome, result, "sensitivity")
        bar.update()
        for name, (low, high, make) in (answers or {}).items():
            for place, value in enumerate((low, high)):
                found[name, place] = watched(make(value), result, "sensitivity") - base
        for key, changed in models.items():
            found[key] = watched(outcome, live(changed), "sensitivity") - base
            bar.update()
    return _table(wanted, found, base, outcome, drawn, result)


def _table(
    wanted: Mapping[str, tuple[float, ...]],
    found: Mapping[tuple[str, int], xr.DataArray],
    base: xr.DataArray,
    outcome: Outcome,
    seed: int,
    result: xr.Dataset,
) -> xr.Dataset:
    """Effects in order of their size."""
    size = {name: max(abs(float(found[name, place].mean())) for place in (0, 1)) for name in wanted}
    order = sorted(wanted, key=lambda name: -size[name])
    root = np.sqrt(base.sizes["path"])
    out = xr.Dataset(coords={"parameter": xr.Variable("parameter", order), "path": base["path"].values})
    for place, end in enumerate(("low", "high")):
        paths = np.stack([found[name, place].values for name in order])
        out[end] = ("parameter", paths.mean(axis=1))
        out[f"{end}_se"] = ("parameter", paths.std(axis=1, ddof=1) / root)
        out[f"{end}_value"] = ("parameter", [float(wanted[name][place]) for name in order])
        out[f"path_{end}"] = (("parameter", "path"), paths)
    out["base"], out["base_se"] = base.mean(), base.std(ddof=1) / root
    return out.assign_attrs(
        outcome=getattr(outcome, "__name__", "outcome").replace("_", " "), units=getattr(outcome, "unit", ""),
        currency=str(result.attrs.get("currency", "")), seed=str(seed),
    )  # fmt: skip
