"""Paths needed: what the normal distribution says in closed form, how it scales, and refusals."""

import json

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from stresslab.measures.convergence import convergence
from stresslab.measures.losses import loss_distribution
from stresslab.schema import BUCKETS, InputError
from stresslab.testing import made_up_result

TARGET = 0.01


def lost(losses):
    """A result of one segment that loses so much on each path."""
    dims = ("path", "month", "segment")
    flow = np.asarray(losses)[:, None, None] * [[0.0], [1.0]]
    return xr.Dataset(
        {"balance": ((*dims, "bucket"), np.full((len(losses), 2, 1, 8), 25.0)), "written_off": (dims, flow),
         "forgiven": (dims, 0.0 * flow), "recovered": (dims, 0.0 * flow)},
        {"month": [0, 1], "bucket": list(BUCKETS), "segment": ["us:card"], "lender": ("segment", ["us"]),
         "product": ("segment", ["card"])},
        {"own_lender": "us"},
    )  # fmt: skip


def needed_of_normal(mean, sd, levels):
    """Paths for the target when losses are normal: mean, VaR and ES by their asymptotic variances."""
    out = {"expected_loss": (sd / (mean * TARGET)) ** 2, "value_at_risk": [], "expected_shortfall": []}
    for level in levels:
        point = stats.norm.ppf(level)
        height = stats.norm.pdf(point)
        out["value_at_risk"].append(level * (1 - level) / (height / sd) ** 2 / ((mean + sd * point) * TARGET) ** 2)
        over = height - (1 - level) * point  # E (z - point)+
        square = (1 + point**2) * (1 - level) - point * height  # E (z - point)+^2
        spread = sd**2 * (square - over**2) / (1 - level) ** 2
        out["expected_shortfall"].append(spread / ((mean + sd * height / (1 - level)) * TARGET) ** 2)
    return out


def agrees(found, expected):
    """Every needed number of paths lies within four of its own standard errors."""
    total = found.sel(segment="total")
    return all(
        bool((abs(total[f"{name}_needed"] - value) <= 4 * total[f"{name}_needed_se"]).all())
        for name, value in expected.items()
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_normal_losses_need_what_theory_says(seed):
    losses = np.random.default_rng(seed).normal(100.0, 20.0, 8000)
    found = convergence(lost(losses), target=TARGET)
    assert agrees(found, needed_of_normal(100.0, 20.0, (0.95, 0.99)))
    assert not agrees(found, needed_of_normal(100.0, 40.0, (0.95, 0.99)))
    total = found.sel(segment="total")
    assert (total["expected_loss_needed_se"] < 0.1 * total["expected_loss_needed"]).all()


@pytest.mark.slow
def test_that_many_paths_reach_the_target():
    draw = np.random.default_rng(7).normal(100.0, 20.0, 1_200_000)
    first = convergence(lost(draw[:40_000]), target=0.005, levels=0.99).sel(segment="total", level=0.99)
    paths = int(first["expected_shortfall_needed"])
    parts = draw[40_000 : 40_000 + 60 * paths].reshape(60, paths)
    found = [convergence(lost(part), levels=0.99)["expected_shortfall_running"][-1, -1, 0].item() for part in parts]
    # the sd of 60 estimates is known to 1 / sqrt(2 * 59), the number of paths to its own error
    error = 4 * np.hypot(
        1 / np.sqrt(118), 0.5 * float(first["expected_shortfall_needed_se"] / first["expected_shortfall_needed"])
    )
    assert np.std(found, ddof=1) / np.mean(found) == pytest.approx(0.005, rel=error)
    assert np.std(found, ddof=1) / np.mean(found) != pytest.approx(0.010, rel=error)


@pytest.mark.slow
def test_heavy_tails_need_more_than_a_small_sample_shows():
    def needed(seed, paths):
        losses = np.random.default_rng(seed).lognormal(0.0, 1.0, paths)
        return convergence(lost(losses), levels=0.99).sel(segment="total", level=0.99)

    truth = float(needed(99, 2_000_000)["expected_shortfall_needed"])
    small = [needed(seed, 2000) for seed in range(10)]
    found, error = (
        np.median([float(one[name]) for one in small])
        for name in ("expected_shortfall_needed", "expected_shortfall_needed_se")
    )
    assert 0.4 * truth < found < 0.8 * truth
    assert error > 0.4 * found


def test_running_estimates_are_those_of_the_first_paths():
    book = made_up_result(paths=150, months=4, seed=3, scenario=["base", "severe"])
    found = convergence(book, levels=[0.5, 0.9])
    assert found["paths"].values.tolist() == [64, 128, 150]
    for paths in (64, 150):
        part = loss_distribution(book.isel(path=slice(paths)), levels=[0.5, 0.9])
        for name in ("expected_loss", "value_at_risk", "expected_shortfall"):
            for suffix in ("", "_se"):
                running = found[f"{name}_running{suffix}"].sel(paths=paths).transpose(*part[name + suffix].dims)
                np.testing.assert_allclose(running, part[name + suffix])
    assert {"scenario", "segment"} == set(found["expected_loss_needed"].dims)


def test_target_scales_by_its_square_and_scale_does_not_matter():
    losses = np.random.default_rng(1).lognormal(0.0, 1.0, 500)
    one, two, big = (convergence(lost(k * losses), target=t) for k, t in ((1.0, 0.02), (1.0, 0.04), (1024.0, 0.02)))
    for name in ("expected_loss", "value_at_risk", "expected_shortfall"):
        np.testing.assert_allclose(one[f"{name}_needed"], 4 * two[f"{name}_needed"])
        np.testing.assert_allclose(one[f"{name}_needed"], big[f"{name}_needed"])


def test_nothing_lost_and_nothing_beyond_are_not_numbers():
    still = convergence(lost(np.zeros(50)))
    assert still["expected_loss_needed"].isnull().all()
    beyond = convergence(lost(np.arange(1.0, 61.0)), levels=0.99)
    assert beyond["value_at_risk_needed"].isnull().all()
    assert beyond["expected_loss_needed"].notnull().all()


def test_attributes_say_how_paths_were_drawn():
    book = lost(np.arange(1.0, 61.0)).assign_attrs(macro=json.dumps({"macro_draws": "sobol"}))
    found = convergence(book, target=0.05)
    assert (found.attrs["macro_draws"], found.attrs["target"], found.attrs["horizon"]) == ("sobol", 0.05, 1)
    assert found["value_at_risk_running"].attrs["units"] == "currency"
    assert found["value_at_risk_needed"].attrs["units"] == "1"


def test_every_fault_is_named():
    with pytest.raises(InputError) as caught:
        convergence(lost(np.arange(30.0)), levels=[95], target=2.0)
    assert [fault.split(":")[0] for fault in caught.value.faults] == ["path", "levels", "target"]
    with pytest.raises(InputError, match="horizon: found"):
        convergence(lost(np.arange(60.0)), horizon=9)
