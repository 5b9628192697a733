"""Stochastic macro paths around a scenario: correlated, mean-reverting, and with the scenario as their mean."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import expit

from stresslab.checks import choice_faults, number_faults, refuse, seed_faults, whole_faults
from stresslab.resources import refuse_memory
from stresslab.scenarios.ar1 import PathModel, deviation_of, growth_of_sd, standard_normals, standardised
from stresslab.scenarios.bounds import (
    LARGEST_LOGIT_SD,
    UNEMPLOYMENT_CEILING,
    normal_shadow,
    normal_shift,
    sample_shadow,
    sample_shift,
)
from stresslab.scenarios.draws import DRAWS
from stresslab.scenarios.library import VARIABLES, check_scenario, described
from stresslab.scenarios.path_models import BlockBootstrap
from stresslab.scenarios.quarterly import MonthlyDeviations, QuarterlyModel, monthly_deviations
from stresslab.typed import typed

Reals = NDArray[np.float64]

MODES = ("around", "through")


@typed
def macro_paths(
    scenario: xr.Dataset,
    paths: int,
    seed: int | None = None,
    *,
    spread: float = 1.0,
    model: PathModel | QuarterlyModel | None = None,
    mode: str = "around",
    follow: Sequence[str] = ("unemployment_rate",),
    draws: str = "random",
) -> xr.Dataset:
    r"""Stochastic macro paths whose mean is a scenario.

    Parameters
    ----------
    scenario : xarray.Dataset
        Scenario (month), or several (scenario, month) with the same months.
    paths : int
        Number of paths.
    seed : int or None
        Whole number below 2^63. None: drawn, and stored in attrs.
    spread : float
        Factor on every standard deviation, 0 to 10; 0 gives the scenario itself on every path.
    model : PathModel, VAR, BlockBootstrap, RegimeSwitching or None
        How the variables deviate from the scenario. None: `PathModel` with its defaults.
    mode : {"around", "through"}
        "around": all variables of the model deviate. "through": those in `follow` are as in the scenario, and the
        others are drawn given that; for a normal VAR only.
    follow : sequence of str
        Variables that mode "through" holds to the scenario; not used otherwise.
    draws : {"random", "antithetic", "sobol"}
        "random": independent. "antithetic": paths 2k and 2k + 1 mirror each other. "sobol": scrambled Sobol points on
        the 16 leading factors of unemployment over the months and 16 of the other variables; best with 2^k paths.

    Returns
    -------
    xarray.Dataset
        ==================  =======================  ======  =============================================
        variable            dims                     unit    meaning
        ==================  =======================  ======  =============================================
        unemployment_rate   [scenario,] path, month  1       unemployed over labour force
        real_income_growth  [scenario,] path, month  1/year  growth of real disposable income, annual rate
        gdp_growth          [scenario,] path, month  1/year  growth of real GDP, annual rate
        inflation           [scenario,] path, month  1/year  consumer price inflation, annual rate
        policy_rate         [scenario,] path, month  1/year  short-term interest rate
        ==================  =======================  ======  =============================================

        Variables that the model does not move are those of the scenario, without `path`. attrs are those of the
        scenario and `macro_seed`, `macro_spread`, `macro_draws`, `macro_mode`, `macro_model` (JSON, for
        `model_from_json`), with mode "through" also `macro_follow` (JSON list).

    Raises
    ------
    InputError
        Names each fault of the scenario and of the arguments; more paths than there is memory for.

    Notes
    -----
    With a `PathModel`, the deviation of a variable is :math:`\mathrm{spread} \cdot \mathrm{sd} \cdot x_t` with

    .. math::

       x_t = \varphi x_{t-1} + \sqrt{1 - \varphi^2} \, z_t, \quad x_0 = 0, \quad \varphi = 2^{-1 / \mathrm{half\_life}},
       \quad z_t = r z^u_t + \sqrt{1 - r^2} \, e_t,

    :math:`r` the correlation with the innovation :math:`z^u` of unemployment. Growth rates and inflation add it.
    Unemployment is :math:`0.6 / (1 + \exp(-a_t - b_t x_t))`, with :math:`b_t` such that its standard deviation is right
    to first order and :math:`a_t` such that its mean is the scenario. The policy rate is the larger of its floor and a
    normal shadow rate [1]_ with the given standard deviation and such that the mean is the scenario. So every mean is
    exact in expectation.

    Random numbers are a function of (seed, month, path, variable), Philox4x64-10 [2]_: a path is the same whatever the
    number of paths or months, and all scenarios share their draws. Only Sobol points, and mode "through", which draws
    given all months, depend on the number of months; they are refused for scenarios that were cut to stand side by
    side.

    Fitted models deviate by quarter, and their months are the smoothest with the same means, given the eight quarters
    before and after. They are centred in the same way, with the model's own standard deviation in each month: exactly
    for a normal VAR, else by 8192 fixed draws of the model, which leaves the mean off by about 1 % of a standard
    deviation at spread 1.

    Paths of "antithetic" and "sobol" depend on each other: sd / sqrt(paths) is not their standard error, and no error
    bar of a measure holds. Repeat with several seeds and compare. Not for paths that must agree with more than the mean
    of the scenario (no cycle, no jumps, normal innovations).

    References
    ----------
    .. [1] Black (1995), Interest rates as options, Journal of Finance 50.
    .. [2] Salmon, Moraes, Dror and Shaw (2011), Parallel random numbers: as easy as 1, 2, 3, SC11.

    Examples
    --------
    The mean over paths is the scenario, to four standard errors.

    >>> import stresslab as sl
    >>> fan = sl.macro_paths(sl.scenario("china-baseline"), paths=1000, seed=1)
    >>> bool(abs(fan["unemployment_rate"].mean("path") - 0.052).max() < 4 * 0.008 / 1000**0.5)
    True
    """
    model = PathModel() if model is None else model
    check_scenario(scenario)
    faults = _argument_faults(scenario, paths, seed, spread, model)
    faults += _drawing_faults(scenario, model, mode, follow, draws)
    if not faults and isinstance(model, PathModel):
        sds = (spread * model.unemployment_rate.sd, spread * model.policy_rate.sd)
        faults = _room_faults(scenario, *sds, model)
    refuse("macro_paths", faults)
    refuse_memory("macro_paths", memory_of_paths(scenario.sizes, paths, model), "draw fewer paths at a time")
    drawn_seed = int(np.random.SeedSequence().generate_state(1)[0]) if seed is None else int(seed)
    months = scenario.sizes["month"]
    result = scenario.assign_coords(path=np.arange(paths))
    if isinstance(model, PathModel):
        innovations = standard_normals(drawn_seed, paths, months, draws, model)
        moved = {
            name: _ar1_paths(name, _centre(scenario, name), innovations, spread, model)
            for name in VARIABLES
            if name in scenario
        }
    else:
        held = follow if mode == "through" else ()
        deviations = monthly_deviations(model, months, paths, drawn_seed, draws, held)
        present = {name: deviations[name] for name in deviations if name in scenario}
        moved = _fitted_paths(scenario, present, paths, spread, model)
    for name, values in moved.items():
        dims = (*(dim for dim in scenario[name].dims if dim != "month"), "path", "month")
        result[name] = xr.DataArray(values, dims=dims)
    result = described(result).assign_attrs(_record(drawn_seed, spread, model, mode, follow, draws))
    check_scenario(result)
    return result


def memory_of_paths(sizes: Mapping[Hashable, int], paths: int, model: PathModel | QuarterlyModel) -> float:
    """Bytes that drawing the paths takes at its peak: innovations, all variables, and those in the making.

    sizes : months, and scenarios if there are several
    """
    scenarios, variables = sizes.get("scenario", 1), len(VARIABLES)
    numbers = variables * (1.0 + scenarios) + 2.5 * scenarios + EXTRA_NUMBERS.get(type(model).__name__, 0.0)
    return 8.0 * numbers * paths * sizes["month"]


EXTRA_NUMBERS = {"BlockBootstrap": 12.0, "RegimeSwitching": 36.0}
"""Further numbers for each path and month while quarters are drawn again or regimes followed."""


def _centre(scenario: xr.Dataset, name: str) -> Reals:
    """A variable of the scenario as ([scenario,] 1, month)."""
    return np.asarray(scenario[name].transpose(..., "month").values[..., None, :])


def _ar1_paths(name: str, centre: Reals, innovations: Reals, spread: float, model: PathModel) -> Reals:
    """One variable ([scenario,] path, month) of a `PathModel` around its centre ([scenario,] 1, month)."""
    deviation = deviation_of(model, name)
    sd = spread * deviation.sd
    if sd == 0:
        return np.repeat(centre, innovations.shape[0], axis=-2)
    growth = growth_of_sd(deviation, innovations.shape[1])
    standard = standardised(deviation, innovations, VARIABLES.index(name))
    if name == "unemployment_rate":
        share = centre / UNEMPLOYMENT_CEILING
        slope = sd * growth / (centre * (1 - share))
        return np.asarray(UNEMPLOYMENT_CEILING * expit(normal_shift(share, slope) + slope * standard))
    if name == "policy_rate":
        width = sd * growth
        shadow = normal_shadow((centre - model.policy_rate_floor) / width) + standard
        return np.asarray(model.policy_rate_floor + width * np.maximum(shadow, 0.0))
    return np.asarray(centre + sd * growth * standard)


def _fitted_paths(
    scenario: xr.Dataset,
    deviations: Mapping[str, MonthlyDeviations],
    paths: int,
    spread: float,
    model: QuarterlyModel,
) -> dict[str, Reals]:
    """Variables ([scenario,] path, month) that a fitted model moves around the scenario."""
    if spread == 0:
        return {name: np.repeat(_centre(scenario, name), paths, axis=-2) for name in deviations}
    sds = {name: spread * deviation.sd for name, deviation in deviations.items()}
    faults = _room_faults(scenario, sds.get("unemployment_rate", 0.0), sds.get("policy_rate", 0.0), model)
    refuse("macro_paths", faults)
    moved = {}
    for name, deviation in deviations.items():
        centre = _centre(scenario, name)
        if name == "unemployment_rate":
            moved[name] = _fitted_unemployment(centre, deviation, spread)
        elif name == "policy_rate":
            moved[name] = _fitted_policy_rate(centre, deviation, spread, model.policy_rate_floor)
        else:
            moved[name] = np.asarray(centre + spread * deviation.paths)
    return moved


def _fitted_unemployment(centre: Reals, deviation: MonthlyDeviations, spread: float) -> Reals:
    """Unemployment in the logit of its share of the ceiling, with the centre as its mean."""
    share = centre / UNEMPLOYMENT_CEILING
    room = centre * (1 - share)
    if deviation.reference is None:
        shift = normal_shift(share, spread * deviation.sd / room)
    else:
        months = centre.shape[-1]
        rows = zip(share.reshape(-1, months), room.reshape(-1, months), strict=True)
        shift = np.stack([sample_shift(row, spread * deviation.reference / row_room) for row, row_room in rows])
    return np.asarray(UNEMPLOYMENT_CEILING * expit(shift.reshape(centre.shape) + spread * deviation.paths / room))


def _fitted_policy_rate(centre: Reals, deviation: MonthlyDeviations, spread: float, floor: float) -> Reals:
    """The policy rate as the larger of its floor and a shadow rate, with the centre as its mean."""
    height, sd = centre - floor, spread * deviation.sd
    if deviation.reference is None:
        shadow = sd * normal_shadow(height / sd)
    else:
        rows = height.reshape(-1, centre.shape[-1])
        shadow = np.stack([sample_shadow(row, spread * deviation.reference) for row in rows])
    return np.asarray(floor + np.maximum(shadow.reshape(centre.shape) + spread * deviation.paths, 0.0))


def _argument_faults(scenario: xr.Dataset, paths: int, seed: int | None, spread: float, model: object) -> list[str]:
    """Faults of arguments out of bounds."""
    faults = []
    if "path" in scenario.dims:
        faults.append("scenario: found a path dimension, expected none; select a path: isel(path=0, drop=True)")
    faults += whole_faults("paths", paths, 1, 2**32, advice="give the number of paths") + seed_faults(seed, bits=63)
    faults += number_faults("spread", spread, 10.0, "a factor on standard deviations")
    if not isinstance(model, PathModel | QuarterlyModel):
        faults.append(f"model: found {model!r}, expected a path model; give PathModel(...), VAR.fit() or the like")
    return faults


def _drawing_faults(
    scenario: xr.Dataset, model: PathModel | QuarterlyModel, mode: str, follow: Sequence[str], draws: str
) -> list[str]:
    """Faults of the way of drawing, alone and with this model."""
    faults = choice_faults("draws", draws, DRAWS)
    if draws == "antithetic" and isinstance(model, BlockBootstrap):
        reason = "as a resampled quarter has no mirror image"
        faults.append(f"draws: found 'antithetic', expected 'random' or 'sobol', {reason}; choose one of these")
    faults += choice_faults("mode", mode, MODES)
    length = int(scenario["length"].max()) if "length" in scenario.coords else 0
    if (draws == "sobol" or mode == "through") and length > (months := scenario.sizes["month"]):
        name, value = ("draws", draws) if draws == "sobol" else ("mode", mode)
        found = f"found {value!r} with scenarios cut from {length} to {months} months, on whose number its paths depend"
        advice = f"cut each to {months} months before scenario([...]), or choose another"
        faults.append(f"{name}: {found}, expected scenarios of one length; {advice}")
    if mode == "through":
        if not (isinstance(model, QuarterlyModel) and model.gaussian):
            kind = type(model).__name__
            faults.append(f"mode: found 'through' with {kind}, expected a normal VAR; give model=VAR.fit()")
            return faults
        known = [name for name in model.variables if name in scenario]
        if isinstance(follow, str) or not follow or not set(follow) <= set(known):
            expected = f"expected a list of variables of both model and scenario, {known}"
            faults.append(f"follow: found {follow!r}, {expected}; choose from these")
    return faults


def _room_faults(
    scenario: xr.Dataset, jobless_sd: float | Reals, rate_sd: float | Reals, model: PathModel | QuarterlyModel
) -> list[str]:
    """Faults of a scenario that is too near a bound to deviate from.

    jobless_sd, rate_sd : of unemployment and of the policy rate, or one for each month
    """
    faults = []
    jobless = scenario["unemployment_rate"].transpose(..., "month").values
    sds = np.broadcast_to(jobless_sd, jobless.shape)
    room = jobless * (1 - jobless / UNEMPLOYMENT_CEILING)
    tight = (room <= sds / LARGEST_LOGIT_SD) & (sds > 0)
    if tight.any():
        found = f"found {jobless[tight][0]:g}, too near 0 or {UNEMPLOYMENT_CEILING} for an sd of {sds[tight][0]:g}"
        expected = f"expected more than {sds[tight][0] / LARGEST_LOGIT_SD:.2g} from both"
        advice = "lower spread or model.unemployment_rate.sd" if isinstance(model, PathModel) else "lower spread"
        faults.append(f"unemployment_rate: {found}, {expected}; {advice}")
    if "policy_rate" in scenario and np.max(rate_sd) > 0:
        lowest, floor = float(scenario["policy_rate"].min()), model.policy_rate_floor
        if lowest <= floor:
            expected = f"expected above model.policy_rate_floor, {floor:g}"
            faults.append(f"policy_rate: found {lowest:g}, {expected}; lower the floor")
    return faults


def _record(
    seed: int, spread: float, model: PathModel | QuarterlyModel, mode: str, follow: Sequence[str], draws: str
) -> dict[str, int | float | str]:
    """Seed, model and way of drawing as attributes that a file can hold."""
    record: dict[str, int | float | str] = {"macro_seed": seed, "macro_spread": float(spread), "macro_draws": draws}
    record |= {"macro_mode": mode, "macro_model": model.to_json()}
    return record | ({"macro_follow": json.dumps(list(follow))} if mode == "through" else {})
