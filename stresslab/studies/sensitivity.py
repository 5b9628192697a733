"""Sensitivity of an outcome to parameters: each set to a low and a high value alone, on shared draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import xarray as xr
from tqdm import tqdm

from stresslab.checks import refuse
from stresslab.engine.model import Model
from stresslab.engine.prepare import model_for
from stresslab.engine.simulate import simulate
from stresslab.measures.result_view import Output, labelled, of_the_run
from stresslab.studies.outcomes import Outcome, callable_faults, watched
from stresslab.studies.seeds import drawn_seed
from stresslab.typed import typed

Answers = Mapping[str, tuple[float, float, Callable[[float], Outcome]]]
Effects = Mapping[tuple[str, int], xr.DataArray]
"""Path differences by name of the parameter and end: 0 is its low value, 1 its high one."""


@typed
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
    r"""Change of the mean outcome when each parameter takes a low and a high value, the others at their base.

    Parameters
    ----------
    portfolio : xarray.Dataset
        As in `simulate`.
    macro : xarray.Dataset
        As in `simulate`, with at least two paths and no scenario dimension.
    outcome : callable
        Function of a result that gives one number on each path, such as `outcomes.loss_rate()`.
    parameters : mapping of str to (float, float)
        Low and high value of model parameters, named as in `Model.replace`: "employment.finding_monthly".
    answers : mapping of str to (float, float, callable) or None
        Low and high value of what the lender decides, and a function of the value that gives an outcome; it is read
        off the base run without a new simulation.
    model : Model or None
        The base; None: the preset of the portfolio.
    seed : int or None
        Of every run; drawn if None and stored in attrs.
    progress : bool
        Show a progress bar, one step for each run.
    **simulation
        Further arguments of `simulate`, such as `horizon` or `threads`.

    Returns
    -------
    xarray.Dataset
        ===================  ===============  ================  =========================================
        variable             dims             unit              meaning
        ===================  ===============  ================  =========================================
        low, low_se          parameter        as the outcome    effect of the low value, mean over paths
        high, high_se        parameter        as the outcome    effect of the high value, mean over paths
        low_value            parameter        as the parameter  the low value
        high_value           parameter        as the parameter  the high value
        base, base_se        none             as the outcome    outcome at the base, mean over paths
        path_low, path_high  parameter, path  as the outcome    effect on each path
        ===================  ===============  ================  =========================================

        The parameter of the largest effect first.

    Raises
    ------
    InputError
        Names each fault: an unknown parameter, a value out of its bounds, an outcome not along `path`.

    Notes
    -----
    With :math:`y_p(x)` the outcome on path p when the parameter is x, and :math:`x_0` its base value,

    .. math:: \mathrm{low} = \frac{1}{P} \sum_{p=1}^{P} d_p, \quad d_p = y_p(x_{low}) - y_p(x_0), \quad
              \mathrm{low\_se} = sd(d_p) / \sqrt{P}

    On shared draws the error is far below that of either run. All runs start from the same portfolio: an effect
    includes the portfolio's way to where the changed parameter leads it.

    Examples
    --------
    What the lender decides needs no new run; here it adds its value to the outcome:

    >>> import stresslab as sl
    >>> book = sl.synthetic_portfolio("china-online", borrowers=300, seed=1)
    >>> macro = sl.macro_paths(sl.scenario("china-baseline").isel(month=slice(0, 3)), 2, seed=2)
    >>> rate = sl.outcomes.loss_rate()
    >>> added = {"added": (-0.01, 0.02, lambda value: lambda result: rate(result) + value)}
    >>> effects = sl.sensitivity(book, macro, rate, {}, added, seed=4, progress=False)
    >>> [round(effects[end].sel(parameter="added").item(), 9) for end in ("low", "high")]
    [-0.01, 0.02]
    """
    base_model, faults = model_for(portfolio, model)
    if macro.sizes.get("path", 1) < 2 or "scenario" in macro.dims:
        faults.append(f"macro: found {dict(macro.sizes)}, expected two paths or more of one scenario; see macro_paths")
    ends: dict[str, tuple[float, ...]] = {name: tuple(pair) for name, pair in parameters.items()}
    ends |= {name: (low, high) for name, (low, high, _) in (answers or {}).items()}
    if not ends:
        faults.append("parameters: found none, expected one or more; name some as in Model.replace()")
    if twice := sorted(set(parameters) & set(answers or {})):
        faults.append(f"answers: found {twice} among parameters, expected each name once; rename it")
    faults += [
        f"{name}: found {pair!r}, expected (low, high), the smaller first; correct it"
        for name, pair in ends.items()
        if len(pair) != 2 or not pair[0] < pair[1]
    ]
    faults += callable_faults(outcome)
    refuse("sensitivity", faults)
    models = {
        (name, place): base_model.replace(**{name: value})
        for name, pair in parameters.items()
        for place, value in enumerate(pair)
    }
    seed = drawn_seed(seed)

    def run(changed: Model) -> xr.Dataset:
        return simulate(portfolio, macro, changed, seed=seed, progress=False, **simulation)

    effects: dict[tuple[str, int], xr.DataArray] = {}
    with tqdm(total=1 + len(models), desc="sensitivity", disable=not progress, unit="run") as bar:
        result = run(base_model)
        base = watched(outcome, result, "sensitivity")
        bar.update()
        for name, (low, high, make) in (answers or {}).items():
            for place, value in enumerate((low, high)):
                effects[name, place] = watched(make(value), result, "sensitivity") - base
        for key, changed in models.items():
            effects[key] = watched(outcome, run(changed), "sensitivity") - base
            bar.update()
    return _table(ends, effects, base, outcome, result)


def _table(
    ends: Mapping[str, tuple[float, ...]], effects: Effects, base: xr.DataArray, outcome: Outcome, result: xr.Dataset
) -> xr.Dataset:
    """Effects in order of their size."""
    size = {name: max(abs(float(effects[name, place].mean())) for place in (0, 1)) for name in ends}
    order = sorted(ends, key=lambda name: -size[name])
    root = np.sqrt(base.sizes["path"])
    out = xr.Dataset(coords={"parameter": xr.Variable("parameter", order), "path": base["path"].values})
    for place, end in enumerate(("low", "high")):
        paths = np.stack([effects[name, place].values for name in order])
        out[end] = ("parameter", paths.mean(axis=1))
        out[f"{end}_se"] = ("parameter", paths.std(axis=1, ddof=1) / root)
        out[f"{end}_value"] = ("parameter", [float(ends[name][place]) for name in order])
        out[f"path_{end}"] = (("parameter", "path"), paths)
    out["base"], out["base_se"] = base.mean(), base.std(ddof=1) / root
    unit, label = getattr(outcome, "unit", ""), getattr(outcome, "__name__", "outcome").replace("_", " ")
    return labelled(out, _outputs(unit or "as the outcome", label)).assign_attrs(
        of_the_run(result), outcome=label, units=unit
    )


def _outputs(unit: str, label: str) -> dict[str, Output]:
    """Declarations of the variables, for an outcome of this unit and name."""
    outputs = {"base": Output(unit, f"{label} at the base")}
    for end in ("low", "high"):
        outputs[end] = Output(unit, f"change of {label} at the {end} value")
        outputs[f"path_{end}"] = Output(unit, f"change of {label} at the {end} value, path by path")
        outputs[f"{end}_value"] = Output("as the parameter", f"{end} value of the parameter")
    return outputs
