"""Known parameters found again, what targets cannot tell, standard errors, and a search that was interrupted."""

import json
from itertools import count

import numpy as np
import pytest
import xarray as xr

import stresslab as sl
from stresslab.schema import InputError
from stresslab.studies.calibration import moments
from stresslab.studies.calibration.identification import identify, warnings_of
from stresslab.studies.calibration.moments import measured, sums_of
from stresslab.studies.calibration.question import changed
from stresslab.studies.calibration.search import calibrate, calibrated_model
from stresslab.studies.calibration.targets import (
    Statistic,
    Target,
    Targets,
    arrears_share,
    default_rate_annual,
    loss_given_write_off,
    roll_rate,
)
from tests.studies.outputs import well_described

TRUTH = {"willingness.give_up[0]": 0.25, "willingness.strategic_monthly": 0.02}
FIGURES = {
    "enter": roll_rate("current", "30-59", lender="all"),
    "roll": roll_rate("30-59", "60-89", lender="all"),
    "30+": arrears_share(30, lender="all"),
    "defaults": default_rate_annual(lender="all"),
}


@pytest.fixture(scope="module")
def book():
    return sl.synthetic_portfolio("china-online", borrowers=3_000, seed=1)


@pytest.fixture(scope="module")
def macro():
    return sl.scenario("china-baseline").isel(month=slice(0, 9)).expand_dims(path=np.arange(3))


@pytest.fixture(scope="module")
def base():
    return sl.Model.from_preset("china-online")


def targets_of(result, figures=FIGURES, error=0.03):
    return [Target(name, one(result), error * one(result), one) for name, one in figures.items()]


@pytest.fixture(scope="module")
def targets(book, macro, base):
    return targets_of(sl.simulate(book, macro, changed(base, TRUTH), seed=99, progress=False))


@pytest.fixture(scope="module")
def found(book, macro, targets):
    return calibrate(book, macro, targets, list(TRUTH), seed=7, step=0.3, progress=False)


@pytest.fixture
def few_groups(monkeypatch):
    """Few groups in the jackknife, where the simulation's error does not matter."""
    monkeypatch.setattr(moments, "GROUPS", 4)
    return 4


def test_known_parameters_are_found_again(found):
    off = (found["fitted"].values - np.array(list(TRUTH.values()))) / found["fitted_se"].values
    assert (abs(off) < 2.5).all()
    moved = abs(found["fitted"].sel(parameter="willingness.strategic_monthly") - 0.02)
    assert moved < 0.5 * abs(0.006 - 0.02)
    apart = (found["simulated_start"] - found["target_value"]) / found["target_value_se"]
    assert found.attrs["misfit"] < 0.3 * float((apart**2).sum())
    assert found.attrs["p_value"] > 0.01
    assert json.loads(found.attrs["warnings"]) == []


def test_on_the_same_draws_the_truth_is_found_exactly(book, macro, base, few_groups):
    seen = sl.simulate(book, macro, changed(base, TRUTH), seed=7, progress=False)
    same = calibrate(book, macro, targets_of(seen), list(TRUTH), seed=7, progress=False)
    fitted = dict(zip(same["parameter"].values.tolist(), same["fitted"].values.tolist(), strict=True))
    assert fitted == pytest.approx(TRUTH, rel=0.15)
    assert same.attrs["misfit"] < 1.0


def test_what_is_reported_holds(found, book, macro, targets, tmp_path):
    model = calibrated_model(found)
    again = sl.simulate(book, macro, model, seed=7, progress=False)
    assert [one.statistic(again) for one in targets] == found["simulated"].values.tolist()
    assert model.willingness.give_up[0] == float(found["fitted"][0])
    influence, slopes = found["influence"].values, found["sensitivity"].values
    assert influence @ slopes == pytest.approx(np.eye(2), abs=1e-9)  # a left inverse
    error = np.sqrt(np.diag(found["covariance"].values))
    assert error == pytest.approx(found["fitted_se"].values)
    found.to_netcdf(tmp_path / "fit.nc")
    with xr.open_dataset(tmp_path / "fit.nc") as saved:
        assert calibrated_model(saved) == model


@pytest.mark.slow
def test_bounds_hold_and_say_so(book, macro, targets, few_groups):
    narrow = {"willingness.strategic_monthly": (0.005, 0.008)}
    held = calibrate(book, macro, targets, narrow, seed=7, progress=False)
    assert 0.005 <= float(held["fitted"][0]) <= 0.008
    assert float(held["fitted"][0]) == pytest.approx(0.008, rel=1e-2)
    free = calibrate(book, macro, targets, ["willingness.strategic_monthly"], seed=7, progress=False)
    assert free.attrs["misfit"] < held.attrs["misfit"]


def test_what_no_target_sees_is_flagged(book, macro, base, few_groups):
    figures = {"30+": FIGURES["30+"], "enter": FIGURES["enter"]}
    seen = sl.simulate(book, macro, base, seed=9, progress=False)
    names = ["willingness.strategic_monthly", "recovery.full_share"]
    blind = calibrate(book, macro, targets_of(seen, figures), names, seed=7, progress=False)
    assert "recovery.full_share: not identified" in blind.attrs["warnings"]
    assert np.isinf(blind["fitted_se"].sel(parameter="recovery.full_share"))
    assert np.isfinite(blind["fitted_se"].sel(parameter="willingness.strategic_monthly"))
    assert blind["fitted"].sel(parameter="recovery.full_share") == pytest.approx(base.recovery.full_share, abs=0.02)


def test_parameters_that_move_alike_are_flagged():
    alike = identify(np.array([[1.0, 1.01], [2.0, 2.0], [3.0, 3.0]]), np.full(3, 0.001), 1e-6 * np.eye(3))
    assert "hard to tell apart" in warnings_of(alike, ["a", "b"], np.array([0.5, 0.5]))[-1]
    apart = identify(np.array([[1.0, 0.0], [0.0, 2.0], [3.0, -3.0]]), np.full(3, 0.001), 1e-6 * np.eye(3))
    assert warnings_of(apart, ["a", "b"], np.array([0.5, 0.5])) == []
    assert (
        "weakly"
        in warnings_of(
            identify(np.eye(2), np.array([0.5, 0.1]), np.diag([0.25, 0.01])), ["a", "b"], np.array([0.5, 0.5])
        )[0]
    )


def test_errors_are_those_of_a_monte_carlo_on_a_linear_question():
    rng = np.random.default_rng(3)
    slopes, error = rng.normal(size=(5, 2)), np.array([0.1, 0.2, 0.1, 0.3, 0.2])
    spread = np.diag(error**2) * (1.0 + 1.0 / 4.0)  # four times as much simulated as observed
    said = identify(slopes, error, spread)
    weighted = slopes / error[:, None]
    assert said.covariance == pytest.approx(1.25 * np.linalg.inv(weighted.T @ weighted))
    noise = rng.normal(size=(20_000, 5)) * error * np.sqrt(1.25)
    fitted = np.linalg.lstsq(weighted, (noise / error).T, rcond=None)[0]
    assert np.cov(fitted) == pytest.approx(said.covariance, rel=0.05, abs=2e-4)
    assert not np.allclose(np.cov(2.0 * fitted), said.covariance, rtol=0.5)


@pytest.mark.slow
def test_errors_are_those_of_books_simulated_again(base):
    name, figures = "willingness.strategic_monthly", {"enter": FIGURES["enter"], "30+": FIGURES["30+"]}
    calm = sl.scenario("china-baseline").isel(month=slice(0, 9))
    some = sl.synthetic_portfolio("china-online", borrowers=3_000, seed=5)
    lived = []
    for seed in range(12):
        seen = sl.simulate(some, calm, base.replace(**{name: 0.02}), seed=seed, progress=False)
        lived.append([one(seen) for one in figures.values()])
    error, values = np.std(lived, axis=0, ddof=1), np.mean(lived, axis=0)
    made = [Target(k, float(v), float(e), one) for (k, one), v, e in zip(figures.items(), values, error, strict=True)]
    fits = [
        calibrate(
            some,
            calm,
            made,
            [name],
            model=base.replace(**{name: 0.02}),
            seed=100 + s,
            step=0.3,
            iterations=4,
            progress=False,
        )
        for s in range(8)
    ]
    # the targets are means: what is left is the luck of the simulation alone
    spread = np.std([float(one["fitted"][0]) for one in fits], ddof=1)
    luck = [float(np.sqrt(one["influence"].values[0] ** 2 @ one["simulated_se"].values ** 2)) for one in fits]
    assert 0.3 < spread / np.median(luck) < 3.0


def test_groups_add_up_to_a_book_of_theirs(book, macro):
    whole = sl.simulate(book, macro, seed=1, progress=False)
    sums = sums_of(whole, whole)
    assert set(sums) >= {"balance", "accounts", "paid", "written_off"}
    assert (sums["balance"] == whole["balance"]).all()
    few = sums_of(whole.isel(segment=[0]), whole)
    assert float(few["paid"].isel(segment=slice(1, None)).sum()) == 0.0


def test_a_warm_up_is_not_measured(book, macro, targets, few_groups):
    result = sl.simulate(book, macro, seed=1, progress=False)
    after = measured(result, 4)
    assert after["month"].values.tolist() == list(range(6))
    assert (after["balance"].isel(month=0).values == result["balance"].isel(month=4).values).all()
    assert float(after["paid"].isel(month=0).sum()) == 0.0
    assert (after["paid"].isel(month=1).values == result["paid"].isel(month=5).values).all()
    for way in ({"warmup": 4}, {"seasoning": 2, "sample": 1_500}):
        fit = calibrate(
            book, macro, targets, ["willingness.strategic_monthly"], seed=7, iterations=2, progress=False, **way
        )
        assert np.isfinite(fit["simulated"]).all()


class Interrupted(Exception):
    pass


def test_what_was_interrupted_goes_on(book, macro, base, tmp_path, few_groups):
    calls, limit = count(1), [4]

    def lived(result):
        if (made := next(calls)) > limit[0]:
            raise Interrupted(made)
        return FIGURES["enter"](result)

    seen = sl.simulate(book, macro, changed(base, TRUTH), seed=99, progress=False)
    targets = [Target("enter", FIGURES["enter"](seen), 1e-4, Statistic("enter", lived))]
    file = tmp_path / "fit.jsonl"
    how = {"seed": 7, "sample": 600, "checkpoint": file, "progress": False, "iterations": 3}
    macro = macro.isel(path=[0])
    with pytest.raises(Interrupted):
        calibrate(book, macro, targets, ["willingness.strategic_monthly"], **how)
    assert len(file.read_text().splitlines()) == 4
    file.write_text(file.read_text() + '{"question": "ab')  # the last line is cut short
    limit[0] = 10**9
    resumed = calibrate(book, macro, targets, ["willingness.strategic_monthly"], **how)
    points = [json.loads(line)["point"] for line in file.read_text().splitlines()]
    assert len(points) == len(set(points)) == resumed.attrs["evaluations"]
    plain = calibrate(book, macro, targets, ["willingness.strategic_monthly"], **{**how, "checkpoint": None})
    assert plain.drop_attrs().identical(resumed.drop_attrs())
    before = next(calls)
    calibrate(book, macro, targets, ["willingness.strategic_monthly"], **how)
    after = next(calls)
    assert after - before - 1 == few_groups  # only the groups of borrowers are simulated again
    calibrate(book, macro, targets, ["willingness.strategic_monthly"], **{**how, "seed": 8, "iterations": 1})
    assert len(file.read_text().splitlines()) > len(points)  # another question, other lines


def test_without_derivatives(book, macro, targets, found, few_groups):
    name = "willingness.strategic_monthly"
    fit = calibrate(book, macro, targets, [name], seed=7, method="nelder-mead", progress=False)
    assert float(fit["fitted"][0]) == pytest.approx(float(found["fitted"].sel(parameter=name)), abs=0.006)


@pytest.mark.slow
def test_the_correlation_of_targets_counts(book, macro, targets, found):
    alike = Targets(targets, 0.9 + 0.1 * np.eye(4))
    other = calibrate(book, macro, alike, list(TRUTH), seed=7, step=0.3, progress=False)
    assert other["fitted"].values == pytest.approx(found["fitted"].values)
    assert (other["fitted_se"].values != found["fitted_se"].values).all()


def faults_of(*args, **named):
    with pytest.raises(InputError) as caught:
        calibrate(*args, progress=False, **named)
    return caught.value.faults


def test_bad_questions_name_every_fault(book, macro, targets, tmp_path):
    wanted = {
        "willingness.patience": None,
        "products.boat.prepayment_monthly": None,
        "scoring.sicr_drop": None,
        "willingness.give_up": None,
        "willingness.give_up[9]": None,
        "willingness.forgetting": (-0.1, 0.2),
        "income.fall_monthly": (0.01, 0.02),
    }
    faults = faults_of(
        book, macro, targets, wanted, warmup=9, sample=0, method="guess", step=2.0, iterations=0,
        checkpoint=tmp_path / "x", trace=[1],
    )  # fmt: skip
    said = [fault.split(":")[0] for fault in faults]
    assert said[:7] == list(wanted)
    for name in ("targets", "simulation", "seed", "warmup", "sample", "method", "step", "iterations"):
        assert name in said
    assert not (tmp_path / "x").exists()
    assert "none" in faults_of(book, macro, [], [])[0]
    assert any("twice" in fault for fault in faults_of(book, macro, targets * 2, list(TRUTH)))
    assert any("Target" in fault for fault in faults_of(book, macro, [3], list(TRUTH)[:1]))


def test_a_figure_that_is_no_number_is_refused(book, macro):
    early = [Target("LGD", 0.9, 0.1, loss_given_write_off((1, 1), product="boat"))]
    with pytest.raises(InputError, match="boat"):
        calibrate(book, macro, early, ["willingness.strategic_monthly"], seed=1, progress=False)
    nothing = [Target("nothing", 0.9, 0.1, lambda result: float("nan"))]
    with pytest.raises(InputError, match="nothing: found nan"):
        calibrate(book, macro, nothing, ["willingness.strategic_monthly"], seed=1, progress=False)


def test_the_report_is_described(book, found):
    assert well_described(found) == []
    assert found["fitted_se"].attrs["long_name"] == "standard error of fitted parameter"
    assert (found.attrs["seed"], found.attrs["currency"], found.attrs["degrees_of_freedom"]) == ("7", "CNY", 2)
