"""Fitted path models: second moments are those of their theory and near history's; each check fails a wrong model."""

import csv
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from stresslab.scenarios.ar1 import PathModel, log_density
from stresslab.scenarios.estimation import default_history, regime_weights, t_degrees_of_freedom
from stresslab.scenarios.history import history_faults, us_history
from stresslab.scenarios.library import VARIABLES, macro_attrs, scenario
from stresslab.scenarios.path_models import VAR, BlockBootstrap, RegimeSwitching, model_from_json
from stresslab.scenarios.paths import macro_paths
from stresslab.schema import InputError

SEVERE = "fed-2026-severely-adverse"
MANY = 20_000
MODELS = {
    "normal": VAR.fit(),
    "t": VAR.fit(tails=8.0),
    "blocks": BlockBootstrap.fit(),
    "regimes": RegimeSwitching.fit(),
}
every = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)


def deviations(model, quarters=9, paths=MANY, seed=4):
    """Quarterly deviations (path, quarter x variable) as simulated."""
    shocks = model.innovations(seed, paths, quarters).reshape(paths, -1)
    return shocks @ model.impulse_responses(quarters).T


def moments_are(values, covariance):
    """Means are zero, and products what is expected, each to five of its own standard errors."""
    root = len(values) ** 0.5
    centred = bool((abs(values.mean(axis=0)) <= 5 * values.std(axis=0) / root).all())
    size = values.shape[1]
    for column in range(size):
        products = values[:, [column]] * values
        error = abs(products.mean(axis=0) - covariance[column])
        centred = centred and bool((error <= 5 * products.std(axis=0) / root).all())
    return centred


def slower(model):
    """The same model but for deviations that fade less."""
    faded = np.asarray(model.coefficients) * 0.9
    return replace(model, coefficients=tuple(tuple(tuple(row) for row in lag) for lag in faded.tolist()))


@every
def test_moments_are_those_of_theory(model):
    size = 9 * len(VARIABLES)
    theory = model.covariance(9).values.reshape(size, size)
    assert moments_are(deviations(model), theory)
    assert not moments_are(deviations(slower(model)), theory)
    assert not moments_are(deviations(model), 1.1 * theory)
    assert not moments_are(deviations(model) + 0.001, theory)


def test_theory_is_the_companion_forms():
    model = MODELS["normal"]
    companion = model.companion_matrix()
    size = len(companion)
    shock = np.zeros((size, size))
    shock[:5, :5] = model.covariance_matrix
    state = np.zeros((size, size))
    for quarter in range(1, 21):
        state = companion @ state @ companion.T + shock
        here = model.covariance(20).sel(quarter=quarter, other_quarter=quarter)
        np.testing.assert_allclose(here, state[:5, :5], rtol=1e-10, atol=1e-16)
    ahead = model.covariance(21).sel(quarter=21, other_quarter=20)
    np.testing.assert_allclose(ahead, (companion @ state)[:5, :5], rtol=1e-10, atol=1e-16)


def movement(jobless, growth):
    """Sd of yearly changes of unemployment and of growth, their tie, and how unemployment fades, of (path, quarter)."""

    def tie(one, other):
        one, other = (part - part.mean(axis=1, keepdims=True) for part in (one, other))
        return (one * other).mean(axis=1) / np.sqrt((one**2).mean(axis=1) * (other**2).mean(axis=1))

    change = jobless[:, 4:] - jobless[:, :-4]
    yearly = sum(growth[:, 1 + lag : growth.shape[1] - 3 + lag] for lag in range(4)) / 4
    return {
        "change": change.std(axis=1),
        "growth": yearly.std(axis=1),
        "tie": tie(change, yearly),
        "fade": tie(jobless[:, 4:], jobless[:, :-4]),
    }


def places_of_history(model):
    """Share of simulated stretches, as long as the history and after 20 years, whose figure is below history's."""
    table = default_history()
    past = movement(*(table[name].values[None, :] for name in ("unemployment_rate", "gdp_growth")))
    quarters = len(table["unemployment_rate"])
    walks = deviations(model, quarters + 80, 500).reshape(500, quarters + 80, -1)[:, 80:]
    simulated = movement(walks[..., VARIABLES.index("unemployment_rate")], walks[..., VARIABLES.index("gdp_growth")])
    return {name: float((values < past[name]).mean()) for name, values in simulated.items()}


def like_history(model):
    """History's figures lie among the middle 98 % of those that the model gives in as many years."""
    return all(0.01 < place < 0.99 for place in places_of_history(model).values())


@every
def test_they_move_as_history_did(model):
    assert like_history(model), places_of_history(model)
    assert not like_history(slower(model))


@every
def test_mean_over_paths_is_the_scenario(model):
    centre = scenario(SEVERE)
    fan = macro_paths(centre, MANY, seed=12, model=model)

    def mean_is(fan):
        error = {name: abs(fan[name].mean("path") - centre[name]) for name in VARIABLES}
        # four standard errors, and 1 % of an sd for the reference sample of a model that is not normal
        return all(bool((error[n] <= (4 / MANY**0.5 + 0.01) * fan[n].std("path")).all()) for n in VARIABLES)

    assert mean_is(fan)
    assert not mean_is(fan.assign(unemployment_rate=fan["unemployment_rate"] + 0.001))
    assert fan["policy_rate"].min() >= model.policy_rate_floor
    assert fan["unemployment_rate"].min() > 0
    quarter = fan["gdp_growth"].coarsen(month=3).mean().std("path")
    theory = [
        float(model.covariance(13).values[q, 2, q, 2]) ** 0.5 for q in range(13)
    ]  # quarters keep their deviations
    np.testing.assert_allclose(quarter, theory, rtol=0.04)


@every
def test_a_path_is_the_same_whatever_the_number_of_paths(model):
    for draws in ("random", "sobol", "antithetic"):
        if draws != "antithetic" or not isinstance(model, BlockBootstrap):
            few, many = (macro_paths(scenario(SEVERE), n, seed=5, model=model, draws=draws) for n in (3, 300))
            for name in VARIABLES:
                np.testing.assert_array_equal(few[name], many[name][:3])


def test_scenarios_share_their_draws_and_each_is_itself():
    both = scenario({"a": SEVERE, "b": "fed-2026-baseline"})
    for model in (MODELS["normal"], MODELS["regimes"]):
        fan, alone = macro_paths(both, 4, seed=3, model=model), macro_paths(scenario(SEVERE), 4, seed=3, model=model)
        for name in VARIABLES:
            np.testing.assert_array_equal(fan[name].sel(scenario="a"), alone[name])


def test_through_holds_what_it_follows_and_draws_the_rest_given_that():
    model, centre = MODELS["normal"], scenario(SEVERE)
    wish = {"seed": 1, "model": model, "mode": "through", "follow": ["unemployment_rate", "inflation"]}
    fan = macro_paths(centre, MANY, **wish)
    for name in wish["follow"]:
        np.testing.assert_array_equal(fan[name], np.broadcast_to(centre[name], fan[name].shape))
    size = 13 * len(VARIABLES)
    covariance = model.covariance(13).values.reshape(size, size)
    held = np.tile([name in wish["follow"] for name in VARIABLES], 13)
    cross = covariance[np.ix_(held, ~held)]
    given = covariance[np.ix_(~held, ~held)] - cross.T @ np.linalg.solve(covariance[np.ix_(held, held)], cross)
    gap = (fan - centre).coarsen(month=3).mean()
    values = np.stack([gap["real_income_growth"].values, gap["gdp_growth"].values], axis=-1).reshape(MANY, -1)
    kept = [3 * quarter + column for quarter in range(13) for column in (0, 1)]
    assert moments_are(values, given[np.ix_(kept, kept)])
    free = (macro_paths(centre, MANY, seed=1, model=model) - centre).coarsen(month=3).mean()
    loose = np.stack([free["real_income_growth"].values, free["gdp_growth"].values], axis=-1).reshape(MANY, -1)
    assert not moments_are(loose, given[np.ix_(kept, kept)])
    assert json.loads(fan.attrs["macro_follow"]) == ["unemployment_rate", "inflation"]


@pytest.mark.parametrize("model", [None, *list(MODELS.values())[1:]], ids=["default", *list(MODELS)[1:]])
def test_through_is_for_a_normal_var(model):
    with pytest.raises(InputError, match="mode: found 'through'"):
        macro_paths(scenario(SEVERE), 2, model=model, mode="through")


def test_ways_that_there_are_not_are_named_at_once():
    with pytest.raises(InputError) as caught:
        macro_paths(scenario(SEVERE), 0, model=MODELS["normal"], mode="through", follow=["rain"], draws="dice")
    assert [fault.split(":")[0] for fault in caught.value.faults] == ["paths", "draws", "follow"]
    with pytest.raises(InputError, match="no mirror image"):
        macro_paths(scenario(SEVERE), 2, model=MODELS["blocks"], draws="antithetic")
    with pytest.raises(InputError, match="mode: found 'beside'"):
        macro_paths(scenario(SEVERE), 2, mode="beside")
    with pytest.raises(InputError, match="model: found 'VAR'"):
        macro_paths(scenario(SEVERE), 2, model="VAR")
    severe = scenario(SEVERE)
    low = severe.assign(unemployment_rate=0.01 + 0 * severe["unemployment_rate"])
    low = scenario(SEVERE)
    low["unemployment_rate"] = 0.01 + 0 * low["unemployment_rate"]
    with pytest.raises(InputError, match="too near 0"):
        macro_paths(low, 2, model=MODELS["t"], spread=5)
    with pytest.raises(InputError, match="macro_model: found VAR, expected PathModel"):
        log_density(macro_paths(scenario(SEVERE), 2, model=MODELS["normal"]))
    with pytest.raises(InputError, match="macro_draws: found 'sobol'"):
        log_density(macro_paths(scenario(SEVERE), 2, draws="sobol"))


@every
def test_attributes_repeat_the_run(model, tmp_path):
    fan = macro_paths(scenario(SEVERE), 3, model=model, spread=0.5)
    fan.to_netcdf(tmp_path / "fan.nc")
    with xr.open_dataset(tmp_path / "fan.nc") as back:
        kept = dict(back.attrs)
    again = model_from_json(kept["macro_model"])
    assert again == model
    fan2 = macro_paths(scenario(SEVERE), 3, int(kept["macro_seed"]), spread=kept["macro_spread"], model=again)
    xr.testing.assert_identical(fan2, fan)
    still = macro_paths(scenario(SEVERE), 2, model=model, spread=0)
    for name in VARIABLES:
        np.testing.assert_array_equal(still[name][1], scenario(SEVERE)[name])


def test_every_model_is_read_back():
    for model in (*MODELS.values(), PathModel()):
        assert model_from_json(model.to_json()) == model


def test_spellings_of_quarters_in_a_history():
    table = us_history()
    labels = table["quarter"].values
    spaced = table.assign_coords(quarter=[f"{label[:4]} {label[4:]}" for label in labels])
    periods = table.assign_coords(quarter=pd.PeriodIndex(labels, freq="Q"))
    models = [VAR.fit(history, variables=["unemployment_rate"]) for history in (table, spaced, periods)]
    assert models[0] == models[1] == models[2]
    assert models[0].sample == "1976Q1 to 2025Q4"
    assert all(table[name].attrs == macro_attrs(name) for name in VARIABLES)


def test_sobol_innovations_need_loadings():
    with pytest.raises(InputError, match="loadings: found None"):
        MODELS["normal"].innovations(1, 4, 2, "sobol")


def test_what_a_model_does_not_move_follows_the_scenario():
    model = VAR.fit(variables=["gdp_growth", "unemployment_rate"])
    fan = macro_paths(scenario(SEVERE), 5, seed=1, model=model)
    assert fan["inflation"].dims == ("month",)
    assert set(fan["gdp_growth"].dims) == {"path", "month"}
    alone = macro_paths(scenario(SEVERE).drop_vars("gdp_growth"), 5, seed=1, model=model)
    xr.testing.assert_identical(alone["unemployment_rate"], fan["unemployment_rate"])


def test_tails_keep_the_variance_and_are_found_again():
    def found(model):
        return t_degrees_of_freedom(model.innovations(3, 3000, 2).reshape(-1, len(VARIABLES)))

    assert found(MODELS["t"]) == pytest.approx(8.0, abs=1.0)
    assert not found(MODELS["normal"]) < 50
    assert 3 < VAR.fit(tails="t").degrees_of_freedom < 9  # 1976-2019; a normal VAR misses the quarters around 1980


def test_a_chain_is_found_again():
    rng = np.random.default_rng(5)
    chain, state, changes = np.array([[0.95, 0.05], [0.15, 0.85]]), 0, []
    for _ in range(4000):
        state = int(rng.random() < chain[state, 1])
        changes.append(rng.normal((-0.1, 0.5)[state], (0.15, 0.3)[state]))
    weights, found = regime_weights(np.array(changes), 2)
    assert abs(found - chain).max() < 0.03
    assert weights.mean(axis=0) == pytest.approx([0.75, 0.25], abs=0.05)
    means = np.asarray(MODELS["regimes"].means)
    assert means[1, 0] > 0 > means[0, 0]  # the last is the recession


def test_a_model_that_does_not_come_back_is_refused():
    walk = (((1.0,),),)
    with pytest.raises(InputError) as caught:
        VAR(("unemployment_rate",), walk, "by hand", 0.0, -2.0, ((-1.0,),), 2.0)
    named = [fault.split(":")[0] for fault in caught.value.faults]
    assert named == ["coefficients", "policy_rate_floor", "covariance_matrix", "degrees_of_freedom"]
    table = default_history()
    noise = 1 + 0.01 * np.random.default_rng(1).normal(size=table.sizes["quarter"])
    table["unemployment_rate"] = ("quarter", 0.0001 * 1.04 ** np.arange(table.sizes["quarter"]) * noise)
    with pytest.raises(InputError, match="expected below 1"):
        VAR.fit(table, max_lags=1)


def test_bad_histories_and_wishes_are_named_at_once():
    table = us_history().drop_vars("inflation")
    table["gdp_growth"] = table["gdp_growth"] * 100
    table["policy_rate"] = table["policy_rate"] * 0
    table["unemployment_rate"] = table["unemployment_rate"].where(table["quarter"] != "1990Q1")
    with pytest.raises(InputError) as caught:
        VAR.fit(table.isel(quarter=[*range(10), *range(12, 100)]))
    named = [fault.split(":")[0] for fault in caught.value.faults]
    assert named == ["quarter", "unemployment_rate", "gdp_growth", "inflation", "policy_rate"]
    with pytest.raises(InputError) as caught:
        BlockBootstrap.fit(variables=["rain"], max_lags=0, shrinkage=2)
    assert [fault.split(":")[0] for fault in caught.value.faults] == ["variables", "max_lags", "shrinkage"]
    with pytest.raises(InputError, match="block_quarters: found 0"):
        BlockBootstrap.fit(block_quarters=0)
    with pytest.raises(InputError, match="regimes: found 1"):
        RegimeSwitching.fit(regimes=1)
    for tails in ("heavy", 2.0, True):
        with pytest.raises(InputError, match="tails: found"):
            VAR.fit(tails=tails)
    assert "found ndarray" in history_faults(np.zeros(3), VARIABLES)[0]
    assert "found 8" in history_faults(us_history().isel(quarter=slice(8)), VARIABLES)[0]
    assert "'1976Q1'" in history_faults(us_history().assign_coords(quarter=np.arange(200)), VARIABLES)[0]
    assert "dimensions" in history_faults(us_history().rename(quarter="time"), VARIABLES)[0]
    with pytest.raises(InputError, match="model: found 'AR'"):
        model_from_json('{"model": "AR"}')


def test_history_is_as_published(fed_folder):
    with open(fed_folder / "2026_Proposed_Historic_Domestic.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    table = us_history()
    assert table["quarter"].values.tolist() == [row["Date"].replace(" ", "") for row in rows]
    columns = ("Unemployment rate", "Real disposable income growth", "Real GDP growth", "CPI inflation rate")
    for name, column in zip(VARIABLES, (*columns, "3-month Treasury rate"), strict=True):
        np.testing.assert_allclose(table[name], [float(row[column]) / 100 for row in rows])
    assert "Federal Reserve" in table.attrs["publisher"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "text: found ''"),
        ("model", "expected a path model as JSON"),
        ("[" * 50_000, "expected a path model as JSON"),
        ("[1, 2]", "expected a path model as JSON"),
        ('{"model": "VAR"}', "variables: missing"),
        ('{"model": "PathModel", "inflation_rate": {}}', "inflation_rate: unknown"),
        ('{"model": "PathModel", "inflation": {"sd": 0.01, "half_live": 3.0}}', "half_live: unknown"),
    ],
)
def test_text_that_is_no_model_is_refused(text, words):
    with pytest.raises(InputError, match=words):
        model_from_json(text)
