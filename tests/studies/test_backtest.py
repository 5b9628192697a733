"""Fitted on one window, tested on another: the split, the rivals, the scores, and a test that can fail."""

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.special import expit, logit

import stresslab as sl
from stresslab.schema import InputError
from stresslab.studies.backtest import CURED, _windows, backtest, macro_of, regression, roll_rates
from stresslab.studies.quarterly_rates import quarterly_rates
from tests.studies.outputs import well_described

QUARTERS = pd.period_range("1990Q1", "2003Q4", freq="Q").astype(str)
WINDOWS = {"train": ("1994Q1", "1998Q4"), "test": ("1999Q1", "2003Q4")}
SHORT = {"usual_quarters": 8, "warmup_quarters": 4, "lender": "all", "seed": 1, "progress": False}


@pytest.fixture(scope="module")
def book():
    return sl.synthetic_portfolio("us-card", borrowers=3_000, seed=1)


def at(source=None, series="charge_off_rate", **labels):
    """Labels of a series, and of a source."""
    return {"series": series} | ({} if source is None else {"source": source}) | labels


def economy():
    """Two cycles of unemployment and incomes."""
    time = np.arange(len(QUARTERS))
    rate = 0.06 + 0.015 * np.sin(2 * np.pi * time / 26)
    growth = 0.025 - 0.01 * np.cos(2 * np.pi * time / 26)
    return pd.DataFrame({"unemployment_rate": rate, "real_income_growth": growth}, index=QUARTERS)


@pytest.fixture(scope="module")
def history():
    """An economy with charge-offs that follow the rival's own rule."""
    table = economy()
    change = table["unemployment_rate"] - table["unemployment_rate"].shift(4)
    table["charge_off_rate"] = expit(-4.2 + 15.0 * table["unemployment_rate"] + 10.0 * change.fillna(0.0))
    table["arrears_rate"] = 0.03 + 0.2 * (table["unemployment_rate"] - 0.06)
    table.loc["2003Q1":, "arrears_rate"] = np.nan
    return table


@pytest.fixture(scope="module")
def found(book, history):
    return backtest(book, history, ["willingness.forgetting"], **WINDOWS, **SHORT)


@pytest.mark.slow
def test_nothing_of_the_test_window_reaches_the_parameters(book, history, found):
    other = history.copy()
    after = other.index > WINDOWS["train"][1]
    other.loc[after, "charge_off_rate"] = 0.2
    other.loc[after, "unemployment_rate"] = 0.10
    again = backtest(book, other, ["willingness.forgetting"], **WINDOWS, **SHORT)
    np.testing.assert_array_equal(again["fitted"], found["fitted"])
    assert again.attrs["misfit"] == found.attrs["misfit"]
    trained = ~found["in_test"]
    for source in ("regression", "last_value"):
        np.testing.assert_allclose(again["rate"].sel(at(source))[trained], found["rate"].sel(at(source))[trained])
    worse, better = (one["score"].sel(at(rival="model", measure="rmse")) for one in (again, found))
    assert worse > better


def test_the_rival_that_knows_the_rule_is_exact(found):
    """And the last value, which knows nothing, is not: the scores tell them apart."""
    score = found["score"].sel(at())
    assert score.sel(rival="regression", measure="rmse").item() == pytest.approx(0.0, abs=1e-12)
    assert score.sel(rival="regression", measure="peak_ratio").item() == pytest.approx(1.0)
    assert score.sel(rival="regression", measure="peak_lag_quarters").item() == 0.0
    assert score.sel(rival="last_value", measure="rmse").item() > 0.003


@pytest.mark.parametrize("series", ["charge_off_rate", "arrears_rate"])
def test_scores_are_those_of_the_printed_paths(found, series):
    found = found.sel(series=series)
    actual = found["rate"].sel(source="observed").values
    tested = found["in_test"].values & np.isfinite(actual)
    actual = actual[tested]
    for rival in found["rival"].values:
        path, low, high = (found[name].sel(source=rival).values[tested] for name in ("rate", "rate_low", "rate_high"))
        row = found["score"].sel(rival=rival)
        assert row.sel(measure="rmse").item() == pytest.approx(np.sqrt(np.mean((path - actual) ** 2)))
        assert row.sel(measure="peak_ratio").item() == pytest.approx(path.max() / actual.max())
        assert row.sel(measure="peak_lag_quarters").item() == path.argmax() - actual.argmax()
        assert row.sel(measure="coverage").item() == np.mean((low <= actual) & (actual <= high))


def test_bands_hold_their_share_of_the_training_errors(found):
    trained = ~found["in_test"].values
    found = found.sel(at())
    actual = found["rate"].sel(source="observed").values[trained]
    for rival in ("model", "last_value"):
        low, high = (found[end].sel(source=rival).values[trained] for end in ("rate_low", "rate_high"))
        assert np.mean((low <= actual) & (actual <= high)) == pytest.approx(0.9, abs=0.051)


def test_windows_and_labels(found, history):
    assert found["quarter"].values.tolist() == [q for q in QUARTERS if q >= "1994Q1"]
    assert found["quarter"].values[found["in_test"].values][0] == "1999Q1"
    assert json.loads(found.attrs["train"]) == list(WINDOWS["train"])
    for series in ("charge_off_rate", "arrears_rate"):
        observed = found["rate"].sel(at("observed", series=series))
        np.testing.assert_array_equal(observed, history.loc["1994Q1":, series])


def test_the_model_is_fitted_to_its_window(book):
    """A world made by the model itself, with one parameter moved: the fit finds it, and beats the last value."""
    table = economy()
    truth = sl.Model.from_preset("us-card").replace(**{"willingness.forgetting": 0.08})
    macro = macro_of(table, 8, 8, float(table.loc["1993Q1":"1997Q4", "real_income_growth"].mean()))
    lived = sl.simulate(book, macro, truth, seed=1, progress=False)
    rates = quarterly_rates(lived).isel(path=0)
    for name in ("charge_off_rate", "arrears_rate"):
        table[name] = np.nan
        table.iloc[8:, table.columns.get_loc(name)] = rates[name].values
    windows = {"train": ("1993Q1", "1997Q4"), "test": ("1998Q1", "2003Q4")}
    answer = backtest(book, table, ["willingness.forgetting"], **windows, **SHORT, step=0.5)
    assert answer["fitted"].item() == pytest.approx(0.08, rel=0.1)
    rmse = answer["score"].sel(at(measure="rmse"))
    assert rmse.sel(rival="model") < 0.5 * rmse.sel(rival="last_value")


def test_roll_rates_are_those_of_a_world_made_by_them():
    """Rolls from made-up coefficients and a little noise: found again, and run on from the last arrears of training."""
    quarters, draws = 60, np.random.default_rng(1)
    jobless = 0.05 + 0.02 * np.sin(np.arange(quarters) / 3.0)
    table = pd.DataFrame({"unemployment_rate": jobless})
    x = np.column_stack([np.ones(quarters), jobless, table["unemployment_rate"].diff(4)])
    noise = draws.normal(0.0, 0.01, (2, quarters))
    entry, loss = expit(x @ [-5, 20, 30] + noise[0]), expit(x @ [-2, 10, 5] + noise[1])
    late, lost = np.full((2, quarters), np.nan)
    late[4] = 0.04
    for q in range(5, quarters):
        lost[q] = 4.0 * loss[q] * late[q - 1]
        late[q] = late[q - 1] * (1.0 - CURED - loss[q]) + entry[q] * (1.0 - late[q - 1])
    table = table.assign(arrears_rate=late, charge_off_rate=lost)
    charged, arrears = roll_rates(table, slice(5, 40))
    np.testing.assert_allclose(charged[5:], lost[5:], rtol=0.05)
    np.testing.assert_allclose(arrears[5:], late[5:], rtol=0.05)
    assert np.isnan(charged[:5]).all()
    assert np.isnan(roll_rates(table.drop(columns="arrears_rate"), slice(5, 40))[0]).all()
    worse = roll_rates(table.assign(charge_off_rate=lost[::-1]), slice(5, 40))[0]
    assert np.abs(worse[41:] / lost[41:] - 1.0).max() > 0.05  # it can fail


def test_incomes_count_against_what_was_usual(history):
    macro = macro_of(history, 12, 8, 0.02)
    quarter = macro["real_income_growth"].values.reshape(-1, 3).mean(axis=1)
    growth = history["real_income_growth"].to_numpy()
    by_hand = [growth[t] - growth[t - 8 : t].mean() + 0.02 for t in range(12, len(growth))]
    np.testing.assert_allclose(quarter, by_hand, atol=1e-12)


def test_the_regression_is_least_squares(history):
    noisy = history.assign(
        charge_off_rate=expit(logit(history["charge_off_rate"]) + 0.1 * np.sin(np.arange(len(history))))
    )
    fit = regression(noisy, slice(10, 40))
    about = np.column_stack([
        np.ones(30), history["unemployment_rate"][10:40], history["unemployment_rate"].diff(4)[10:40],
    ])  # fmt: skip
    errors = logit(noisy["charge_off_rate"][10:40]) - about @ fit
    np.testing.assert_allclose(about.T @ errors, 0.0, atol=1e-9)


def test_every_fault_is_named(book, history):
    with pytest.raises(InputError) as caught:
        backtest(
            book,
            history.drop(columns="charge_off_rate"),
            [],
            train=("1890Q1", "1998Q4"),
            test=WINDOWS["test"],
            interval=90,
        )  # fmt: skip
    for words in ("charge_off_rate: missing", "train: found '1890Q1'", "interval: found 90"):
        assert words in str(caught.value)
    with pytest.raises(InputError, match="expected train before test"):
        backtest(book, history, [], train=WINDOWS["test"], test=WINDOWS["train"], **SHORT)
    with pytest.raises(InputError, match="quarters before it, expected 28"):
        backtest(book, history, [], **WINDOWS)
    with pytest.raises(InputError, match="found 1990Q3 after 1990Q1"):
        backtest(book, history.drop(index="1990Q2"), [], **WINDOWS, **SHORT)
    percent = history.assign(unemployment_rate=100 * history["unemployment_rate"], charge_off_rate=5.0)
    with pytest.raises(InputError) as caught:
        backtest(book, percent, [], **WINDOWS, **SHORT)
    assert "unemployment_rate: found" in str(caught.value)
    assert "charge_off_rate: found 5.0" in str(caught.value)
    with pytest.raises(InputError, match="products: found"):
        backtest(book, history, ["willingness.forgetting"], products=["moon"], **WINDOWS, **SHORT)
    for wrong, words in (
        ({"products": []}, "products: found none"),
        ({"lender": "moon"}, "lender: found 'moon', expected one of"),
        ({"horizon": 12}, r"fitting: found \['horizon'\]"),
        ({"warmup": 3}, r"fitting: found \['warmup'\]"),
        ({"seed": "x"}, "seed: found 'x', expected a whole number"),
    ):
        with pytest.raises(InputError, match=words):
            backtest(book, history, ["willingness.forgetting"], **WINDOWS, **SHORT | wrong)
    with pytest.raises(InputError, match=r"(?s)lender: found 'moon'.*charge_off_rate: missing"):  # all at once
        backtest(book, history.drop(columns="charge_off_rate"), [], **WINDOWS, **SHORT | {"lender": "moon"})
    with pytest.raises(InputError, match="train: found 2 quarters, expected 4 or more"):
        backtest(book, history, [], train=("1994Q1", "1994Q2"), test=WINDOWS["test"], **SHORT)


@pytest.mark.slow
def test_what_simulate_is_told_holds_in_the_test_too(history):
    """Lenders who cut lines in the fit cut them in the test."""
    book = sl.synthetic_portfolio("us-card", borrowers=12_000, seed=1)
    shared = {**WINDOWS, **SHORT, "iterations": 1}
    alone, back = (
        backtest(book, history, {"willingness.forgetting": (0.0299, 0.0301)}, **shared, feedback=feedback)
        for feedback in (None, sl.Feedback(contagion=0.0))
    )
    lived = [one["rate"].sel(at("model"))[one["in_test"]] for one in (alone, back)]
    assert abs(lived[0] / lived[1] - 1).max() > 0.01


@pytest.mark.slow
def test_a_series_that_is_hardly_known_is_left_out(book, history):
    rare = history.assign(arrears_rate=history["arrears_rate"].where(history.index >= "1998Q3"))
    answer = backtest(book, rare, ["willingness.forgetting"], **WINDOWS, **SHORT, iterations=1)
    assert answer["series"].values.tolist() == ["charge_off_rate"]


@pytest.mark.slow
def test_a_gap_between_the_windows_is_in_neither(book, history):
    windows = {"train": WINDOWS["train"], "test": ("2000Q1", "2002Q4")}
    strange = history.copy()
    strange.loc["1999Q1":"1999Q4", "charge_off_rate"] = 0.3
    strange.loc["2003Q1":, "unemployment_rate"] = np.nan  # nor is what comes after them
    one, other = (
        backtest(book, table, ["willingness.forgetting"], **windows, **SHORT, iterations=1)
        for table in (history, strange)
    )
    xr.testing.assert_allclose(one["score"], other["score"])
    xr.testing.assert_allclose(one[["rate_low", "rate_high"]], other[["rate_low", "rate_high"]])
    assert one["quarter"].values[-1] == "2002Q4"


def test_the_output_is_described(found):
    assert well_described(found) == []
    assert found["unit"].sel(series="charge_off_rate").item() == "1/year"
    assert found["label"].sel(source="last_value").item() == "last value"


def test_an_index_of_periods_is_the_same_history(history):
    periods = history.set_axis(pd.PeriodIndex(history.index, freq="Q"))
    ends = (WINDOWS["train"], WINDOWS["test"], 8, 4, [])
    (table, windows), (same, others) = _windows(history, *ends), _windows(periods, *ends)
    assert windows == others
    pd.testing.assert_frame_equal(table, same)
