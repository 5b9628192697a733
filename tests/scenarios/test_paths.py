"""Stochastic paths: the mean is the scenario, sd and correlation as said, a path does not depend on the others."""

import csv
from dataclasses import fields, replace

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logit

from stresslab.scenarios import paths as module
from stresslab.scenarios.ar1 import Deviation, PathModel, log_density, ndtri
from stresslab.scenarios.bounds import UNEMPLOYMENT_CEILING
from stresslab.scenarios.library import VARIABLES, check_scenario, macro_attrs, scenario
from stresslab.scenarios.path_models import model_from_json
from stresslab.scenarios.paths import macro_paths
from stresslab.scenarios.shock import shock_scenario
from stresslab.schema import InputError

SEVERE = "fed-2026-severely-adverse"
MANY = 20_000


def mean_is(fan, centre):
    """Every variable's mean over paths lies within four standard errors of its scenario in every month."""
    error = {name: abs(fan[name].mean("path") - centre[name]) for name in VARIABLES}
    return all(bool((error[name] <= 4 * fan[name].std("path") / fan.sizes["path"] ** 0.5).all()) for name in VARIABLES)


def correlation_is(left, right, expected):
    """A sample correlation of normals lies within four standard errors, (1 - r^2) / sqrt(n), of what is expected."""
    found = np.corrcoef(left, right)[0, 1]
    return abs(found - expected) <= 4 * (1 - expected**2) / len(left) ** 0.5


@pytest.fixture(scope="module")
def fan():
    return macro_paths(scenario(SEVERE), MANY, seed=11)


@pytest.mark.parametrize("name", [SEVERE, "fed-2026-baseline", "china-baseline"])
def test_mean_over_paths_is_the_scenario(name):
    assert mean_is(macro_paths(scenario(name), MANY, seed=12), scenario(name))


@pytest.mark.parametrize("solver", ["normal_shift", "normal_shadow"])
def test_a_mean_that_is_not_corrected_for_is_seen(monkeypatch, solver):
    plain = {"normal_shift": lambda share, slope: logit(share), "normal_shadow": lambda mean: mean}
    monkeypatch.setattr(module, solver, plain[solver])
    assert not mean_is(macro_paths(scenario(SEVERE), MANY, seed=12), scenario(SEVERE))


def spread_is(fan, model):
    """Every sd over paths is sd sqrt(1 - 2^(-2t / half_life)) to four standard errors, unemployment's to 2 % more."""
    month = np.arange(1, 40)
    for name in ("unemployment_rate", "real_income_growth", "gdp_growth", "inflation"):
        how = getattr(model, name)
        expected = how.sd * np.sqrt(1 - 2.0 ** (-2 * month / how.half_life))
        tolerance = 4 / np.sqrt(2 * MANY) + (0.02 if name == "unemployment_rate" else 0)
        if not np.allclose(fan[name].std("path"), expected, rtol=tolerance, atol=0):
            return False
    return True


def test_spread_grows_with_the_half_life(fan):
    model = PathModel()
    assert spread_is(fan, model)
    assert not spread_is(fan, replace(model, inflation=replace(model.inflation, half_life=7)))
    assert not spread_is(fan, replace(model, unemployment_rate=replace(model.unemployment_rate, sd=0.0085)))


def test_innovations_are_correlated_as_said(fan):
    # in the first month a deviation is its innovation, in the logit for unemployment
    jobless = logit(fan.unemployment_rate[:, 0] / UNEMPLOYMENT_CEILING)
    for name, expected in (("real_income_growth", -0.4), ("gdp_growth", -0.6), ("inflation", 0.0)):
        assert correlation_is(jobless, fan[name][:, 0], expected)
    assert correlation_is(fan.real_income_growth[:, 0], fan.gdp_growth[:, 0], 0.24)  # -0.4 x -0.6
    assert correlation_is(jobless, fan.policy_rate[:, 0], -0.5)  # 3.5 % in month 1: far from the floor
    assert not correlation_is(jobless, np.roll(fan.gdp_growth[:, 0], 1), -0.6)  # other paths' GDP


def fades_by_half(now, later):
    """The regression of a deviation on an earlier one has slope 1/2, to four of its standard errors."""
    slope = (now * later).mean() / (now**2).mean()
    return abs(slope - 0.5) <= 4 * (later - slope * now).std() / now.std() / MANY**0.5


def test_deviations_fade_by_half_in_a_half_life(fan):
    gap = fan.gdp_growth.values - scenario(SEVERE).gdp_growth.values
    assert fades_by_half(gap[:, 30], gap[:, 33])
    assert not fades_by_half(gap[:, 30], gap[:, 34])


def test_bounds_hold_on_every_path():
    wild = macro_paths(shock_scenario(0.55, start=0.02), 2000, seed=1, spread=1.5)
    assert wild.unemployment_rate.min() > 0
    assert wild.unemployment_rate.max() < UNEMPLOYMENT_CEILING
    low = macro_paths(scenario(SEVERE), 2000, seed=1, spread=5)
    assert low.policy_rate.min() == PathModel().policy_rate_floor
    check_scenario(low)


def test_zero_spread_gives_the_scenario():
    still = macro_paths(scenario(SEVERE), 3, seed=1, spread=0)
    for name in VARIABLES:
        for path in range(3):
            np.testing.assert_array_equal(still[name][path], scenario(SEVERE)[name])


@settings(max_examples=10)
@given(st.integers(1, 40), st.integers(1, 39), st.integers(0, 2**63 - 1))
def test_a_path_does_not_depend_on_what_is_asked_beside_it(paths, months, seed):
    whole = macro_paths(scenario(SEVERE), 40, seed)
    part = macro_paths(scenario(SEVERE).isel(month=slice(0, months)), paths, seed)
    xr.testing.assert_identical(part, whole.isel(path=slice(0, paths), month=slice(0, months)))


def test_a_missing_variable_does_not_move_the_others():
    whole, part = (macro_paths(macro, 5, 1) for macro in (scenario(SEVERE), scenario(SEVERE).drop_vars("gdp_growth")))
    xr.testing.assert_identical(part, whole.drop_vars("gdp_growth"))


def test_seeds_differ_and_are_kept():
    one, two = macro_paths(scenario(SEVERE), 4), macro_paths(scenario(SEVERE), 4)
    assert one.attrs["macro_seed"] != two.attrs["macro_seed"]
    xr.testing.assert_identical(one, macro_paths(scenario(SEVERE), 4, one.attrs["macro_seed"]))
    assert not np.allclose(one.unemployment_rate, two.unemployment_rate)


def test_scenarios_share_their_draws():
    names = [SEVERE, "fed-2026-baseline"]
    both = scenario(names)
    fan = macro_paths(both, 6, seed=3)
    assert fan.unemployment_rate.dims == ("scenario", "path", "month")
    for name in names:
        alone = macro_paths(scenario(name), 6, seed=3)
        for variable in VARIABLES:
            np.testing.assert_array_equal(fan[variable].sel(scenario=name), alone[variable])


def test_other_variables_are_carried_unchanged():
    macro = scenario("china-baseline")
    macro["furlough_share"] = macro.month * 0.001
    fan = macro_paths(macro, 2, seed=1)
    xr.testing.assert_equal(fan.furlough_share, macro.furlough_share)
    assert all(fan[name].attrs == macro_attrs(name) for name in map(str, fan.data_vars))
    assert list(macro.dims) == ["month"]


def test_parameters_are_kept_and_a_file_keeps_them(tmp_path):
    model = replace(PathModel(), unemployment_rate=Deviation(sd=0.01, half_life=6, correlation=1))
    fan = macro_paths(scenario(SEVERE), 1, seed=2**63 - 1, spread=0.5, model=model)
    assert fan.sizes["path"] == 1
    assert fan.attrs["macro_seed"] == 2**63 - 1
    assert fan.attrs["macro_spread"] == 0.5
    assert model_from_json(fan.attrs["macro_model"]) == model
    assert fan.attrs["macro_mode"] == "around"
    fan.to_netcdf(tmp_path / "fan.nc")
    with xr.open_dataset(tmp_path / "fan.nc") as back:
        xr.testing.assert_identical(back.load(), fan)


def test_draws_are_those_of_philox():
    # the generator's own words: month 2, path 1, third variable of five is word 7 of key (seed, 2)
    word = int(np.random.Philox(key=np.array([9, 2], dtype=np.uint64)).random_raw(8)[7])
    fan = macro_paths(scenario("china-baseline"), 2, seed=9, model=_gdp_alone())
    expected = ndtri(((word >> 12) + 0.5) / 2**52)
    keep = 0.5
    innovation = (fan.gdp_growth[1, 1] - 0.05 - keep * (fan.gdp_growth[1, 0] - 0.05)) / (0.01 * np.sqrt(1 - keep**2))
    assert float(innovation) == pytest.approx(expected, rel=1e-9)


def _gdp_alone():
    still = Deviation(sd=0.0, half_life=1.0, correlation=0.0)
    jobless = replace(still, correlation=1.0)
    gdp = Deviation(sd=0.01, half_life=1.0, correlation=0.0)
    return PathModel(jobless, still, gdp, still, still)


def test_arguments_out_of_bounds_are_named_at_once():
    macro = scenario(SEVERE).expand_dims(path=[0])
    with pytest.raises(InputError) as caught:
        macro_paths(macro, 0, seed=-1, spread=np.nan, model="AR(1)")
    named = [fault.split(":")[0] for fault in caught.value.faults]
    assert named == ["scenario", "paths", "seed", "spread", "model"]
    with pytest.raises(InputError, match="seed: found"):
        macro_paths(scenario(SEVERE), 2, seed=2**63)


def test_parameters_out_of_bounds_are_named_where_they_are_given():
    with pytest.raises(InputError) as caught:
        Deviation(2.0, 0.0, -2.0)
    assert [fault.split(":")[0] for fault in caught.value.faults] == ["sd", "half_life", "correlation"]
    with pytest.raises(InputError) as caught:
        PathModel(unemployment_rate=Deviation(0.01, 6.0, 0.5), inflation=0.02, policy_rate_floor=-1.0)
    named = [fault.split(":")[0] for fault in caught.value.faults]
    assert named == ["policy_rate_floor", "unemployment_rate.correlation", "inflation"]
    assert [field.name for field in fields(PathModel)] == [*VARIABLES, "policy_rate_floor"]  # the order of the draws


@pytest.mark.parametrize("paths", [True, 2.5, -1])
def test_paths_is_a_count(paths):
    with pytest.raises(InputError, match="paths: found"):
        macro_paths(scenario(SEVERE), paths)


def test_no_room_to_stray():
    macro = scenario("china-baseline")
    macro["unemployment_rate"] = macro.unemployment_rate * 0
    macro["policy_rate"] = macro.policy_rate - 0.03
    with pytest.raises(InputError) as caught:
        macro_paths(macro, 2, seed=1)
    assert len(caught.value.faults) == 2
    assert "too near 0 or 0.6" in str(caught.value)
    assert "policy_rate: found -0.015" in str(caught.value)
    assert (macro_paths(macro, 2, seed=1, spread=0).unemployment_rate == 0).all()


def test_holes_are_refused():
    macro = scenario(SEVERE)
    macro["gdp_growth"] = macro.gdp_growth.where(macro.month > 1)
    with pytest.raises(InputError, match="gdp_growth: found nan"):
        macro_paths(macro, 2, seed=1)


def test_yearly_means_have_the_measured_spread(fan):
    for name, expected in (("real_income_growth", 0.016), ("gdp_growth", 0.019), ("inflation", 0.011)):
        year = (fan[name] - scenario(SEVERE)[name]).isel(month=slice(27, 39)).mean("month").std("path")
        assert float(year) == pytest.approx(expected, abs=0.0006)
        assert float(1.1 * year) != pytest.approx(expected, abs=0.0006)


def test_measured_figures_are_those_of_the_published_history(fed_folder):
    with open(fed_folder / "2026_Proposed_Historic_Domestic.csv", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["Date"] < "2020"]

    def series(column):
        return np.array([float(row[column]) for row in rows])

    def years(column):
        return series(column).reshape(-1, 4).mean(axis=1)

    jobless, income, gdp = (
        years(f"{c}") for c in ("Unemployment rate", "Real disposable income growth", "Real GDP growth")
    )
    prices, rate = years("CPI inflation rate"), years("3-month Treasury rate")
    rise = np.diff(jobless)
    found = [np.corrcoef(rise, other)[0, 1] for other in (income[1:], gdp[1:], prices[1:], np.diff(rate))]
    assert found == pytest.approx([-0.42, -0.60, 0.07, -0.50], abs=0.006)
    assert [np.std(income, ddof=1), np.std(gdp, ddof=1)] == pytest.approx([1.62, 1.98], abs=0.006)
    assert np.std(prices[14:], ddof=1) == pytest.approx(1.12, abs=0.006)  # 1990 on
    quarterly = series("Unemployment rate")
    assert np.std(quarterly[4:] - quarterly[:-4], ddof=1) == pytest.approx(1.0, abs=0.02)


def test_log_density_is_that_of_the_innovations():
    fan = macro_paths(scenario("china-baseline"), paths=3000, seed=5)
    found = log_density(fan)
    months = fan.sizes["month"]
    # -chi-square of 2 x 36 degrees over two: mean -36, standard deviation 6
    assert abs(float(found.mean()) + months) < 4 * np.sqrt(months / 3000)
    assert float(found.std()) == pytest.approx(np.sqrt(months), rel=0.06)
    alone = log_density(fan, ["unemployment_rate"])
    assert float(alone.mean()) == pytest.approx(-months / 2, rel=0.05)
    assert bool((alone >= found).all())


def test_log_density_is_a_function_of_the_path_alone():
    few, many = (macro_paths(scenario("china-baseline"), paths=n, seed=5) for n in (10, 40))
    np.testing.assert_array_equal(log_density(few).values, log_density(many).values[:10])
    some = many.isel(path=[3, 7])
    np.testing.assert_array_equal(log_density(some).values, log_density(many).values[[3, 7]])


def test_log_density_ranks_strange_paths_low():
    fan = macro_paths(scenario("china-baseline"), paths=2000, seed=5)
    how = PathModel().unemployment_rate
    keep = 0.5 ** (1 / how.half_life)
    deviation = logit(fan["unemployment_rate"].values / 0.6)
    steps = deviation[:, 1:] - keep * deviation[:, :-1]
    size = (steps - steps.mean(axis=0)).std(axis=0)
    surprise = (((steps - steps.mean(axis=0)) / size) ** 2).sum(axis=1)
    agreement = np.corrcoef(surprise, log_density(fan, ["unemployment_rate"]).values)[0, 1]
    assert agreement < -0.9
    wrong = np.corrcoef(surprise, log_density(fan, ["inflation"]).values)[0, 1]
    assert abs(wrong) < 0.1  # another variable's surprise says nothing of it


def test_log_density_names_every_fault():
    fan = macro_paths(scenario("china-baseline"), paths=3, seed=5, spread=0.0)
    with pytest.raises(InputError) as caught:
        log_density(fan.isel(path=0, drop=True), ["unemployment_rate", "rain"])
    for words in ("variables: found", "unemployment_rate: found a standard deviation of 0", "path: missing"):
        assert words in str(caught.value)
    with pytest.raises(InputError, match="macro_seed: missing"):
        log_density(scenario("china-baseline"))
