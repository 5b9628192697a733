"""Antithetic and Sobol draws: the same distribution, less noise, and a path does not depend on the number of paths."""

import numpy as np
import pytest
from scipy import stats

from stresslab.scenarios.ar1 import PathModel
from stresslab.scenarios.draws import LEADING, leading_directions, rows_times, sobol, uniforms
from stresslab.scenarios.library import VARIABLES, scenario
from stresslab.scenarios.path_models import VAR
from stresslab.scenarios.paths import macro_paths

CENTRE = scenario("fed-2026-severely-adverse")
MODELS = {"default": PathModel(), "var": VAR.fit()}


def figure(fan):
    """A smooth nonlinear figure of each path."""
    return 1 / (1 + np.exp(3 - 30 * (fan["unemployment_rate"].values.mean(axis=1) - 0.05)))


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize(("draws", "least"), [("antithetic", 4.0), ("sobol", 20.0)])
def test_noise_falls(model, draws, least):
    def noise(way):
        fans = (macro_paths(CENTRE, 128, seed, model=model, draws=way) for seed in range(24))
        return np.var([(figure(fan).mean(), fan["unemployment_rate"].values.mean()) for fan in fans], axis=0, ddof=1)

    assert (noise("random") / noise(draws) > least).all()


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize("draws", ["antithetic", "sobol"])
def test_one_path_has_the_same_distribution(model, draws):
    # the first path of many seeds, against as many independent paths
    ours = np.concatenate(
        [figure(macro_paths(CENTRE, 4, seed, model=model, draws=draws))[[seed % 4]] for seed in range(300)]
    )
    plain = figure(macro_paths(CENTRE, 3000, seed=999, model=model))
    assert stats.ks_2samp(ours, plain).pvalue > 0.001
    assert stats.ks_2samp(ours, figure(macro_paths(CENTRE, 3000, seed=999, model=model, spread=1.6))).pvalue < 0.001


def test_all_variables_keep_their_spread_under_sobol():
    one, other = (macro_paths(CENTRE, 8192, seed=2, draws=way) for way in ("random", "sobol"))
    for name in VARIABLES:
        np.testing.assert_allclose(one[name].std("path"), other[name].std("path"), rtol=0.05)
    assert np.corrcoef(other["unemployment_rate"][:, 0], other["gdp_growth"][:, 0])[0, 1] == pytest.approx(
        -0.6, abs=0.03
    )


def test_pairs_mirror_each_other():
    fan = macro_paths(CENTRE, 5, seed=3, draws="antithetic")
    gap = fan["gdp_growth"].values - CENTRE["gdp_growth"].values
    np.testing.assert_allclose(gap[0], -gap[1], atol=1e-15)
    np.testing.assert_allclose(gap[2], -gap[3], atol=1e-15)
    assert not np.allclose(gap[1], -gap[2])
    assert fan.attrs["macro_draws"] == "antithetic"


def test_a_path_does_not_depend_on_how_many():
    for draws in ("antithetic", "sobol"):
        few, many = (macro_paths(CENTRE, paths, seed=7, draws=draws) for paths in (1, 700))
        for name in VARIABLES:
            np.testing.assert_array_equal(few[name], many[name][:1])


def test_sobol_fills_every_interval_once():
    points = sobol(5, 256, 32)
    assert (np.sort((points * 256).astype(int), axis=0) == np.arange(256)[:, None]).all()
    independent = uniforms(5, 256, 1, 32)[:, 0]
    assert not (np.sort((independent * 256).astype(int), axis=0) == np.arange(256)[:, None]).all()
    assert ((points > 0) & (points < 1)).all()


def test_directions_are_orthonormal_even_where_little_moves():
    rng = np.random.default_rng(1)
    for inputs in (5, 40, 100):
        found = leading_directions(rng.normal(size=(3, inputs)), rng.normal(size=(4, inputs)))
        assert found.shape == (inputs, min(2 * LEADING, inputs))
        np.testing.assert_allclose(found.T @ found, np.eye(found.shape[1]), atol=1e-12)


def test_rows_are_products():
    rng = np.random.default_rng(2)
    left, right = rng.normal(size=(700, 30)), rng.normal(size=(30, 7))
    np.testing.assert_allclose(rows_times(left, right), left @ right)
    np.testing.assert_array_equal(rows_times(left[:3], right), rows_times(left, right)[:3])
