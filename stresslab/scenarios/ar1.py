"""Monthly AR(1) deviations of the macro variables from a scenario: parameters, random numbers, log density."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import MISSING, asdict, dataclass
from functools import lru_cache

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.special import ndtri

from stresslab.checks import refuse, type_faults
from stresslab.parameters import Section, parameter
from stresslab.scenarios.bounds import POLICY_RATE_FLOOR
from stresslab.scenarios.draws import leading_directions, normals, uniforms
from stresslab.scenarios.library import VARIABLES
from stresslab.typed import typed

Reals = NDArray[np.float64]


@typed
@dataclass(frozen=True)
class Deviation(Section):
    r"""Deviation of one variable from its scenario: an AR(1) process that starts from zero, as the present is known.

    Parameters
    ----------
    sd : float
        Long-run standard deviation [unit of the variable], 0 to 1.
    half_life : float
        Months in which a deviation halves, 0.1 to 1200.
    correlation : float
        Of the monthly innovation with that of unemployment, -1 to 1; the other variables are correlated through it
        alone.

    Raises
    ------
    InputError
        Names each parameter out of bounds.

    Notes
    -----
    The variance after t months is

    .. math:: \mathrm{sd}^2 \, (1 - 2^{-2 t / \mathrm{half\_life}}).

    Examples
    --------
    After one half-life the standard deviation is the square root of 3/4 of the long-run one.

    >>> import stresslab as sl
    >>> deviation = sl.scenarios.Deviation(sd=0.01, half_life=12, correlation=-0.5)
    >>> (deviation.sd**2 * (1 - 2 ** (-2 * 12 / deviation.half_life))) ** 0.5
    0.00866
    """

    sd: float = parameter(MISSING, "unit of the variable", 0.0, 1.0, "")
    half_life: float = parameter(MISSING, "month", 0.1, 1200.0, "")
    correlation: float = parameter(MISSING, "1", -1.0, 1.0, "")


@typed
@dataclass(frozen=True)
class PathModel(Section):
    """Default model of macro paths: an AR(1) deviation of each variable from its scenario.

    Parameters
    ----------
    unemployment_rate : Deviation
        0.8 points [1] and 12 months are assumptions; for comparison, the measured standard deviation of the
        four-quarter change is 1.0 point. The correlation is 1, with itself.
    real_income_growth : Deviation
        2.3 points [1/year] give yearly means a standard deviation of 1.6 points (measured: 1.62); correlation -0.4
        (measured: -0.42); half-life of 3 months by assumption.
    gdp_growth : Deviation
        2.8 points [1/year] give yearly means a standard deviation of 1.9 points (measured: 1.98); correlation -0.6
        (measured: -0.60); half-life of 3 months by assumption.
    inflation : Deviation
        1.4 points [1/year] give yearly means a standard deviation of 1.1 points (measured, 1990-2019: 1.12);
        correlation 0 (measured: 0.07); half-life of 6 months by assumption.
    policy_rate : Deviation
        Of the shadow rate: 1 point [1/year] and 12 months are assumptions; correlation -0.5 (measured: -0.50).
    policy_rate_floor : float
        No path's policy rate falls below it [1/year], -0.1 to 1; the default is the lowest rate of the Swiss National
        Bank, 2015-2022.

    Raises
    ------
    InputError
        Names each parameter out of bounds.

    Notes
    -----
    "Measured" is on the published history of the Federal Reserve's 2026 scenarios [1]_, yearly 1976-2019: changes of
    unemployment and of the short rate against yearly means of the others.

    References
    ----------
    .. [1] Board of Governors of the Federal Reserve System (2025), proposed 2026 supervisory scenarios, historic
       domestic table; `us_history`.

    Examples
    --------
    >>> from dataclasses import replace
    >>> import stresslab as sl
    >>> model = sl.scenarios.PathModel()
    >>> replace(model, inflation=sl.scenarios.Deviation(sd=0.02, half_life=6, correlation=0.1)).inflation.sd
    0.02
    """

    unemployment_rate: Deviation = Deviation(sd=0.008, half_life=12.0, correlation=1.0)
    real_income_growth: Deviation = Deviation(sd=0.023, half_life=3.0, correlation=-0.4)
    gdp_growth: Deviation = Deviation(sd=0.028, half_life=3.0, correlation=-0.6)
    inflation: Deviation = Deviation(sd=0.014, half_life=6.0, correlation=0.0)
    policy_rate: Deviation = Deviation(sd=0.010, half_life=12.0, correlation=-0.5)
    policy_rate_floor: float = parameter(
        POLICY_RATE_FLOOR, "1/year", -0.1, 1.0, "lowest rate of the Swiss National Bank, 2015-2022"
    )

    def _faults(self) -> list[str]:
        """Faults of the parameters together."""
        faults: list[str] = super()._faults()
        for name in VARIABLES:
            faults += type_faults(name, getattr(self, name), Deviation, needed=True)
        own = getattr(self.unemployment_rate, "correlation", 1.0)
        if own != 1:
            faults.append(f"unemployment_rate.correlation: found {own}, expected 1, with itself; set it to 1")
        return faults

    @typed
    def to_json(self) -> str:
        """The model as JSON, as `macro_paths` keeps it in attrs.

        Returns
        -------
        str
            What `model_from_json` reads.

        Examples
        --------
        >>> import stresslab as sl
        >>> model = sl.scenarios.PathModel()
        >>> sl.scenarios.model_from_json(model.to_json()) == model
        True
        """
        return json.dumps({"model": type(self).__name__} | asdict(self))


@typed
def log_density(
    fan: xr.Dataset, variables: Sequence[str] = ("unemployment_rate", "real_income_growth")
) -> xr.DataArray:
    r"""Log density of each macro path relative to the most likely one, which follows the scenario without a deviation.

    Parameters
    ----------
    fan : xarray.Dataset
        From `macro_paths` with a `PathModel`, of this version: its random numbers are drawn again from the seed in its
        attrs.
    variables : sequence of str
        Variables whose innovations count; the others are integrated out.

    Returns
    -------
    xarray.DataArray
        ===========  ====  ====  =========================================================
        variable     dims  unit  meaning
        ===========  ====  ====  =========================================================
        log_density  path  nats  log of the ratio of the path's density to the largest one
        ===========  ====  ====  =========================================================

        Its mean is -months x variables / 2; differences between paths are informative.

    Raises
    ------
    InputError
        Names each fault: a dataset that is not from `macro_paths`, another model, an unknown variable, Sobol draws.

    Notes
    -----
    In the coordinates in which deviations are normal, with independent standard normal innovations :math:`z`,

    .. math:: -\tfrac12 \sum_t \sum_v z_{tv}^2.

    Examples
    --------
    36 months of 2 variables: a mean of -36.

    >>> import stresslab as sl
    >>> fan = sl.macro_paths(sl.scenario("china-baseline"), paths=400, seed=1)
    >>> round(sl.scenarios.log_density(fan).mean().item() / -36)
    1
    """
    faults = _fan_faults(fan)
    unknown = sorted(set(variables) - set(VARIABLES))
    if unknown or not variables:
        faults.append(f"variables: found {list(variables)}, expected among {list(VARIABLES)}; choose from these")
    record, spread = json.loads(fan.attrs.get("macro_model", "{}")), fan.attrs.get("macro_spread", 1.0)
    faults += [
        f"{name}: found a standard deviation of 0, expected one above 0; leave it out of variables"
        for name in variables
        if record.get("model") == "PathModel" and name in VARIABLES and record[name]["sd"] * spread == 0
    ]
    refuse("log_density", faults)
    draws = str(fan.attrs["macro_draws"])
    paths, months = int(fan["path"].max()) + 1, fan.sizes["month"]
    innovations = standard_normals(int(fan.attrs["macro_seed"]), paths, months, draws, PathModel())
    counted = innovations[fan["path"].values][..., [VARIABLES.index(name) for name in variables]]
    attrs = {"units": "nats", "long_name": "log density of the path relative to the most likely one"}
    values = -0.5 * (counted**2).sum(axis=(1, 2))
    return xr.DataArray(values, {"path": fan["path"].values}, attrs=attrs, name="log_density")


def _fan_faults(fan: xr.Dataset) -> list[str]:
    """Faults of a dataset whose random numbers are to be drawn again."""
    needed = ("macro_seed", "macro_spread", "macro_draws", "macro_model")
    faults = [
        f"{name}: missing from attrs, expected that of macro_paths(); give macro paths"
        for name in needed
        if name not in fan.attrs
    ]
    if "path" not in fan.dims:
        faults.append("path: missing, expected paths; give macro paths")
    kind = json.loads(fan.attrs["macro_model"])["model"] if "macro_model" in fan.attrs else "PathModel"
    if kind != "PathModel":
        advice = "draw paths with model=PathModel()"
        faults.append(f"macro_model: found {kind}, expected PathModel, the only one with a known density; {advice}")
    if fan.attrs.get("macro_draws") == "sobol":
        expected = "expected 'random' or 'antithetic'; draw such paths"
        faults.append(f"macro_draws: found 'sobol', {expected}")
    return faults


def deviation_of(model: PathModel, name: str) -> Deviation:
    """Parameters of one variable."""
    deviation: Deviation = getattr(model, name)
    return deviation


def standard_normals(seed: int, paths: int, months: int, draws: str, model: PathModel) -> Reals:
    """Standard normals (path, month, variable), a function of seed and position; `model` gives "sobol" its factors."""

    def draw(count: int) -> Reals:
        return np.asarray(ndtri(uniforms(seed, count, months, len(VARIABLES))))

    return normals(draw, paths, draws, seed, lambda: _leading(months, model))


@lru_cache(maxsize=8)
def _leading(months: int, model: PathModel) -> Reals:
    """Directions of the innovations (month x variable) that move unemployment most, and then the other variables."""
    count = len(VARIABLES)
    loadings = np.zeros((count, months, months, count))
    gap = np.subtract.outer(np.arange(months), np.arange(months))
    for column, name in enumerate(VARIABLES):
        deviation = deviation_of(model, name)
        keep = 0.5 ** (1 / deviation.half_life)
        fading = np.where(gap >= 0, np.sqrt(1 - keep**2) * keep ** np.maximum(gap, 0), 0.0)
        fading = fading / growth_of_sd(deviation, months)[:, None]
        loadings[column, ..., 0] = deviation.correlation * fading
        if column:
            loadings[column, ..., column] = np.sqrt(1 - deviation.correlation**2) * fading
    rows = loadings.reshape(count * months, -1)
    return leading_directions(rows[:months], rows[months:])


def standardised(deviation: Deviation, innovations: Reals, column: int) -> Reals:
    """Deviations (path, month) of the variable of a column over their standard deviation in each month."""
    innovation = deviation.correlation * innovations[..., 0]
    if column:
        innovation = innovation + np.sqrt(1 - deviation.correlation**2) * innovations[..., column]
    keep = 0.5 ** (1 / deviation.half_life)
    long_run = lfilter([np.sqrt(1 - keep**2)], [1.0, -keep], innovation, axis=-1)
    return np.asarray(long_run / growth_of_sd(deviation, innovations.shape[1]))


def growth_of_sd(deviation: Deviation, months: int) -> Reals:
    """Standard deviation in months 1, 2, ... over the long-run one."""
    return np.asarray(np.sqrt(-np.expm1(-2 * np.log(2) / deviation.half_life * np.arange(1, months + 1))))
