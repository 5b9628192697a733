"""Stochastic paths around a scenario: correlated, mean-reverting, and with the scenario as their mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.special import expit, ndtri

from stresslab.scenarios.bounds import CEILING, WIDEST, normal_shadow, normal_shift, shadow_on, shift_on
from stresslab.scenarios.draws import DRAWS, leading_directions, normals, uniforms
from stresslab.scenarios.library import check_scenario
from stresslab.scenarios.path_models import BlockBootstrap
from stresslab.scenarios.quarterly import Departure, QuarterlyModel, departures
from stresslab.schema import MACRO, InputError

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Deviation:
    """How far and how long one variable strays from its scenario: an AR(1) from zero, as the present is known.

    sd : standard deviation [unit of the variable] once the present is forgotten
    half_life : months in which a deviation halves; the variance after t months is sd^2 (1 - 2^(-2t / half_life))
    correlation : of its monthly innovation with that of unemployment [1]; the others are tied through it alone
    """

    sd: float
    half_life: float
    correlation: float


@dataclass(frozen=True)
class PathModel:
    """Deviations of the macro variables from their scenario.

    Correlations and growth figures marked "measured" come from the published history of the Federal Reserve's 2026
    scenarios, yearly 1976-2019, changes of unemployment and of the short rate against yearly means of the others.
    """

    unemployment_rate: Deviation = Deviation(sd=0.008, half_life=12.0, correlation=1.0)
    """sd [1] and half-life assumption; for comparison, the measured sd of the four-quarter change is 1.0 point."""

    real_income_growth: Deviation = Deviation(sd=0.023, half_life=3.0, correlation=-0.4)
    """sd [1/year] gives yearly means 1.6 points (measured 1.62); correlation measured (-0.42); half-life assumption."""

    gdp_growth: Deviation = Deviation(sd=0.028, half_life=3.0, correlation=-0.6)
    """sd [1/year] gives yearly means 1.9 points (measured 1.98); correlation measured (-0.60); half-life assumption."""

    inflation: Deviation = Deviation(sd=0.014, half_life=6.0, correlation=0.0)
    """sd [1/year] gives yearly means 1.1 points (measured, 1990-2019, 1.12); correlation measured (0.07); half-life
    assumption."""

    policy_rate: Deviation = Deviation(sd=0.010, half_life=12.0, correlation=-0.5)
    """sd [1/year], of the shadow rate, and half-life assumption; correlation measured (-0.50)."""

    policy_rate_floor: float = -0.0075
    """No path's policy rate falls below it [1/year]: the lowest rate of the Swiss National Bank, 2015-2022."""


MOVING = tuple(field.name for field in fields(PathModel) if field.name in MACRO)
"""The variables that stray; the order is that of their random numbers and must not change."""

MODES = ("around", "through")


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
    """Stochastic paths whose mean is the scenario.

    scenario : Dataset (month), or (scenario, month) of several with the same months
    paths : how many
    seed : whole number below 2^63; None draws one. Stored in attrs["macro_seed"]
    spread : factor on every standard deviation; 0 gives the scenario itself on every path
    model : parameters, stored in attrs as macro_...; None: the defaults of `PathModel`. Or a model of `path_models`
        fitted to history: VAR, BlockBootstrap, RegimeSwitching, stored in attrs["macro_model"] as JSON
    mode : "around" (all stray) | "through" (those of `follow` are the scenario, the others are drawn given that they
        are, for a normal VAR alone)
    follow : variables that mode "through" holds to the scenario; not looked at otherwise
    draws : "random" | "antithetic" (paths 2k and 2k + 1 mirror each other) | "sobol" (scrambled, on the 16 leading
        factors of unemployment over the months and 16 of the other variables; best with 2^k paths)
    Returns Dataset ([scenario,] path, month). Variables the model does not move are carried unchanged.
    A deviation is spread * sd * x(t), x(t) = phi x(t-1) + sqrt(1 - phi^2) z(t), x(0) = 0, phi = 2^(-1/half_life), with
    z = r z_u + sqrt(1 - r^2) e and r the correlation with unemployment's z_u. Growth rates and inflation add it.
    Unemployment is 0.6 / (1 + exp(-a - b x)), b such that its sd is right to first order, a such that its mean is the
    scenario. The policy rate is the larger of its floor and a normal shadow rate (Black, Journal of Finance 50, 1995)
    with the given sd and such that the mean is the scenario. So every mean is exact in expectation.
    Random numbers are a function of (seed, month, path, variable), Philox4x64-10 of Salmon et al., SC11: a path is the
    same whatever the number of paths or months, and all scenarios share their draws.
    Fitted models deviate by quarter, months by `to_monthly`: the same path whatever the number of paths, but not of
    months. Centred in the same way, with the model's own sd in each month: exactly for a normal VAR, else by 8192 fixed
    draws of the model, which leaves the mean off by about 1 % of an sd at spread 1.
    Paths of "antithetic" and "sobol" depend on each other: sd / sqrt(paths) is not their standard error, and no error
    bar of a measure holds; repeat with some seeds and compare. attrs["macro_draws"] tells. "sobol" depends on months.
    Not for: paths that must agree with more than the scenario's mean (no cycle, no jumps, normal innovations).
    Raises InputError naming every fault in the scenario or the arguments.

    >>> from stresslab.scenarios.library import scenario
    >>> fan = macro_paths(scenario("china-baseline"), paths=1000, seed=1)
    >>> bool(abs(fan.unemployment_rate.mean("path") - 0.052).max() < 4 * 0.008 / 1000**0.5)
    True
    """
    model = PathModel() if model is None else model
    check_scenario(scenario)
    faults = _argument_faults(scenario, paths, seed, spread, model)
    faults += _way_faults(scenario, model, mode, follow, draws)
    if not faults and isinstance(model, PathModel):
        faults = _room_faults(scenario, spread * model.unemployment_rate.sd, spread * model.policy_rate.sd, model)
    if faults:
        raise InputError("macro_paths", faults)
    drawn = int(np.random.SeedSequence().generate_state(1)[0]) if seed is None else int(seed)
    months = scenario.sizes["month"]
    result = scenario.assign_coords(path=np.arange(paths))
    if isinstance(model, PathModel):
        numbers = _normals(drawn, paths, months, draws, model)
        columns = {name: column for column, name in enumerate(MOVING) if name in scenario}
        moved = {n: _moved(n, _centre(scenario, n), numbers, column, spread, model) for n, column in columns.items()}
    else:
        gone = departures(model, months, paths, drawn, draws, follow if mode == "through" else ())
        moved = _departed(scenario, {name: gone[name] for name in gone if name in scenario}, spread, model)
    for name, values in moved.items():
        dims = (*(dim for dim in scenario[name].dims if dim != "month"), "path", "month")
        result[name] = xr.DataArray(values, dims=dims, attrs=scenario[name].attrs)
    result.attrs.update(_record(drawn, spread, model, mode, follow, draws))
    check_scenario(result)
    return result


def log_density(
    fan: xr.Dataset, variables: Sequence[str] = ("unemployment_rate", "real_income_growth")
) -> xr.DataArray:
    """How likely each path of a fan is against the likeliest one, which follows the scenario without a deviation.

    fan : Dataset from macro_paths(), of this version: its random numbers are drawn again from the seed in its attrs
    variables : whose innovations count; the others are summed over, as they do not matter to what is asked
    Returns DataArray (path) [nats] = -sum over months and variables of z^2 / 2, z the independent standard normal
      innovations: the log of the ratio of the two paths' densities in the coordinates in which deviations are normal.
      Its mean is -months variables / 2; differences between paths are what speaks.
    Raises InputError naming each fault.

    >>> from stresslab.scenarios.library import scenario
    >>> fan = macro_paths(scenario("china-baseline"), paths=400, seed=1)
    >>> round(log_density(fan).mean().item() / -36)  # 36 months x 2 variables / 2
    1
    """
    lost = [name for name in ("macro_seed", "macro_spread") if name not in fan.attrs]
    faults = [f"{name}: missing from attrs, expected that of macro_paths(); give such a fan" for name in lost]
    unknown = sorted(set(variables) - set(MOVING))
    if unknown or not variables:
        faults.append(f"variables: found {list(variables)}, expected among {list(MOVING)}; choose of them")
    still = [
        name for name in variables if fan.attrs.get(f"macro_{name}_sd", 1.0) * fan.attrs.get("macro_spread", 1.0) == 0
    ]
    faults += [f"{name}: found no spread, expected some; a path without chance has no density" for name in still]
    if "path" not in fan.dims:
        faults.append("path: missing, expected paths; give a fan of macro_paths()")
    if "macro_model" in fan.attrs:
        faults.append("macro_model: found a fitted one, expected PathModel; only its density is known here")
    draws = str(fan.attrs.get("macro_draws", "random"))
    if draws == "sobol":
        faults.append("macro_draws: found 'sobol', expected 'random' or 'antithetic'; draw such a fan")
    if faults:
        raise InputError("log_density", faults)
    normals = _normals(int(fan.attrs["macro_seed"]), int(fan["path"].max()) + 1, fan.sizes["month"], draws)
    chosen = normals[fan["path"].values][..., [MOVING.index(name) for name in variables]]
    values = -0.5 * (chosen**2).sum(axis=(1, 2))
    return xr.DataArray(values, {"path": fan["path"].values}, attrs={"units": "nats"}, name="log_density")


def _normals(seed: int, paths: int, months: int, draws: str = "random", model: PathModel | None = None) -> Reals:
    """Standard normals (path, month, variable), a function of seed and place; `model` tells "sobol" what matters."""

    def leading() -> Reals:
        assert model is not None
        loads = np.zeros((len(MOVING), months, months, len(MOVING)))
        gap = np.subtract.outer(np.arange(months), np.arange(months))
        for column, name in enumerate(MOVING):
            how: Deviation = getattr(model, name)
            keep = 0.5 ** (1 / how.half_life)
            fading = np.where(gap >= 0, np.sqrt(1 - keep**2) * keep ** np.maximum(gap, 0), 0.0)
            fading = fading / _reach(how, months)[:, None]
            loads[column, ..., 0] = how.correlation * fading
            if column:
                loads[column, ..., column] = np.sqrt(1 - how.correlation**2) * fading
        rows = loads.reshape(len(MOVING) * months, -1)
        return leading_directions(rows[:months], rows[months:])

    return normals(
        lambda count: np.asarray(ndtri(uniforms(seed, count, months, len(MOVING)))), paths, draws, seed, leading
    )


def _centre(scenario: xr.Dataset, name: str) -> Reals:
    """A variable of the scenario as ([scenario,] 1, month)."""
    return np.asarray(scenario[name].transpose(..., "month").values[..., None, :])


def _departed(
    scenario: xr.Dataset, gone: dict[str, Departure], spread: float, model: QuarterlyModel
) -> dict[str, Reals]:
    """Variables ([scenario,] path, month) that a fitted model moves around the scenario."""
    if spread == 0:
        paths = next(iter(gone.values())).paths.shape[0] if gone else 0
        return {name: np.repeat(_centre(scenario, name), paths, axis=-2) for name in gone}
    sizes = [spread * gone[name].sd if name in gone else 0.0 for name in ("unemployment_rate", "policy_rate")]
    faults = _room_faults(scenario, sizes[0], sizes[1], model)
    if faults:
        raise InputError("macro_paths", faults)
    moved, months = {}, scenario.sizes["month"]
    for name, one in gone.items():
        centre = _centre(scenario, name)
        size, step = spread * one.sd, spread * one.paths
        if name == "unemployment_rate":
            room = centre * (1 - centre / CEILING)
            if one.reference is None:
                shift = normal_shift(centre / CEILING, size / room)
            else:
                rows = zip((centre / CEILING).reshape(-1, months), room.reshape(-1, months), strict=True)
                shift = np.stack([shift_on(share, spread * one.reference / wide) for share, wide in rows])
            moved[name] = np.asarray(CEILING * expit(shift.reshape(centre.shape) + step / room))
        elif name == "policy_rate":
            height = centre - model.policy_rate_floor
            if one.reference is None:
                shadow = size * normal_shadow(height / size)
            else:
                shadow = np.stack([shadow_on(row, spread * one.reference) for row in height.reshape(-1, months)])
            moved[name] = np.asarray(model.policy_rate_floor + np.maximum(shadow.reshape(centre.shape) + step, 0.0))
        else:
            moved[name] = np.asarray(centre + step)
    return moved


def _moved(name: str, centre: Reals, normals: Reals, column: int, spread: float, model: PathModel) -> Reals:
    """One variable ([scenario,] path, month) around its centre ([scenario,] 1, month)."""
    how: Deviation = getattr(model, name)
    size = spread * how.sd
    if size == 0:
        return np.repeat(centre, normals.shape[0], axis=-2)
    innovation = how.correlation * normals[..., 0]
    if column:
        innovation = innovation + np.sqrt(1 - how.correlation**2) * normals[..., column]
    keep = 0.5 ** (1 / how.half_life)
    reach = _reach(how, normals.shape[1])
    standard = lfilter([np.sqrt(1 - keep**2)], [1.0, -keep], innovation, axis=-1) / reach
    if name == "unemployment_rate":
        slope = size * reach / (centre * (1 - centre / CEILING))
        return np.asarray(CEILING * expit(normal_shift(centre / CEILING, slope) + slope * standard))
    if name == "policy_rate":
        width = size * reach
        shadow = normal_shadow((centre - model.policy_rate_floor) / width) + standard
        return np.asarray(model.policy_rate_floor + width * np.maximum(shadow, 0.0))
    return np.asarray(centre + size * reach * standard)


def _reach(how: Deviation, months: int) -> Reals:
    """Standard deviation in months 1, 2, ... over its final value."""
    return np.asarray(np.sqrt(-np.expm1(-2 * np.log(2) / how.half_life * np.arange(1, months + 1))))


def _argument_faults(scenario: xr.Dataset, paths: int, seed: int | None, spread: float, model: object) -> list[str]:
    """Arguments out of bounds; empty if there are none."""
    faults = []
    if "path" in scenario.dims:
        faults.append("scenario: found a path dimension, expected a scenario without one; isel(path=0, drop=True)")
    if isinstance(paths, bool) or not isinstance(paths, int | np.integer) or paths < 1:
        faults.append(f"paths: found {paths!r}, expected a whole number >= 1")
    whole = isinstance(seed, int | np.integer) and not isinstance(seed, bool)
    if seed is not None and not (whole and 0 <= seed < 2**63):
        faults.append(f"seed: found {seed!r}, expected a whole number from 0 to 2^63 - 1, or None")
    if not 0 <= spread <= 10:
        faults.append(f"spread: found {spread!r}, expected 0 to 10")
    if isinstance(model, QuarterlyModel):
        return faults
    if not isinstance(model, PathModel):
        return [*faults, f"model: found {model!r}, expected PathModel(...), or VAR.fit() and the like"]
    for name in MOVING:
        how: Deviation = getattr(model, name)
        if not 0 <= how.sd <= 1:
            faults.append(f"model.{name}.sd: found {how.sd}, expected 0 to 1; a rate is a decimal: 0.008, not 0.8")
        if not 0.1 <= how.half_life <= 1200:
            faults.append(f"model.{name}.half_life: found {how.half_life}, expected 0.1 to 1200 months")
        if not abs(how.correlation) <= 1:
            faults.append(f"model.{name}.correlation: found {how.correlation}, expected -1 to 1")
    if model.unemployment_rate.correlation != 1:
        found = model.unemployment_rate.correlation
        faults.append(f"model.unemployment_rate.correlation: found {found}, expected 1: it is with itself")
    if not -0.1 <= model.policy_rate_floor <= 1:
        faults.append(f"model.policy_rate_floor: found {model.policy_rate_floor}, expected -0.1 to 1 [1/year]")
    return faults


def _way_faults(
    scenario: xr.Dataset, model: PathModel | QuarterlyModel, mode: str, follow: Sequence[str], draws: str
) -> list[str]:
    """Ways of drawing that there are not, or not with this model; empty if there are none."""
    faults = []
    if draws not in DRAWS:
        faults.append(f"draws: found {draws!r}, expected one of {', '.join(DRAWS)}")
    if draws == "antithetic" and isinstance(model, BlockBootstrap):
        faults.append(
            "draws: found 'antithetic', expected 'random' or 'sobol': a resampled quarter has no mirror image"
        )
    if mode not in MODES:
        faults.append(f"mode: found {mode!r}, expected one of {', '.join(MODES)}")
    if mode == "through":
        if not (isinstance(model, QuarterlyModel) and model.gaussian):
            found = type(model).__name__
            faults.append(f"mode: found 'through' with {found}, expected a normal VAR; give model=VAR.fit()")
            return faults
        known = [name for name in model.variables if name in scenario]
        if isinstance(follow, str) or not follow or not set(follow) <= set(known):
            faults.append(f"follow: found {follow!r}, expected a list of those that model and scenario have, {known}")
    return faults


def _room_faults(
    scenario: xr.Dataset, size: float | Reals, rate_size: float | Reals, model: PathModel | QuarterlyModel
) -> list[str]:
    """Scenarios too near a bound to stray from; empty if there are none.

    size, rate_size : sd of unemployment and of the policy rate, or one for each month
    """
    faults = []
    jobless = scenario["unemployment_rate"].transpose(..., "month").values
    sizes = np.broadcast_to(size, jobless.shape)
    room = jobless * (1 - jobless / CEILING)
    tight = (room <= sizes / WIDEST) & (sizes > 0)
    if tight.any():
        advice = "lower spread or model.unemployment_rate.sd" if isinstance(model, PathModel) else "lower spread"
        found = f"found {jobless[tight][0]:g}, too near 0 or {CEILING} for an sd of {sizes[tight][0]:g}"
        faults.append(f"unemployment_rate: {found}; {advice}")
    if "policy_rate" in scenario and np.max(rate_size) > 0:
        lowest, floor = float(scenario["policy_rate"].min()), model.policy_rate_floor
        if lowest <= floor:
            faults.append(f"policy_rate: found {lowest:g}, expected above model.policy_rate_floor, {floor:g}; lower it")
    return faults


def _record(
    seed: int, spread: float, model: PathModel | QuarterlyModel, mode: str, follow: Sequence[str], draws: str
) -> dict[str, int | float | str]:
    """Seed, parameters and way of drawing as attributes that a file can hold."""
    record: dict[str, int | float | str] = {"macro_seed": seed, "macro_spread": float(spread), "macro_draws": draws}
    if isinstance(model, QuarterlyModel):
        held = {"macro_follow": ", ".join(follow)} if mode == "through" else {}
        return record | {"macro_model": model.to_json(), "macro_mode": mode} | held
    for name, value in asdict(model).items():
        parts = {f"_{part}": number for part, number in value.items()} if isinstance(value, dict) else {"": value}
        record |= {f"macro_{name}{part}": float(number) for part, number in parts.items()}
    return record
