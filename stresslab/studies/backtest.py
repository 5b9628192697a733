"""A model against what happened: fitted on one window, frozen, and driven by the economy of another.

The window that is tested is cut off before anything is fitted, so nothing of it can reach the parameters.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from inspect import signature
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from scipy.special import expit, logit

from stresslab.checks import refuse
from stresslab.engine.model import Model
from stresslab.engine.simulate import simulate
from stresslab.scenarios.monthly import to_monthly
from stresslab.schema import InputError
from stresslab.studies.calibration.search import calibrate
from stresslab.studies.calibration.targets import Target
from stresslab.studies.quarterly_rates import quarterly_rates

Array = NDArray[np.float64]
SERIES = ("charge_off_rate", "arrears_rate")
"""What can be compared, if the history has it; the first must be there."""

FEWEST = 4
"""Quarters of the training window in which a series must be known: a regression has three unknowns."""

ECONOMY = ("unemployment_rate", "real_income_growth")
SOURCES = ("observed", "model", "regression", "last value")
SCORES = ("rmse", "peak_ratio", "peak_lag_quarters", "coverage")


@dataclass(frozen=True)
class Windows:
    """Positions of quarters in a history: lived before anything is measured, fitted on, tested on."""

    begin: int
    train: slice
    test: slice


def backtest(
    portfolio: xr.Dataset,
    history: pd.DataFrame,
    parameters: Mapping[str, tuple[float, float] | None] | Sequence[str],
    *,
    train: tuple[str, str],
    test: tuple[str, str],
    products: Sequence[str] | None = None,
    lender: str = "all",
    model: Model | None = None,
    usual_quarters: int = 20,
    warmup_quarters: int = 8,
    band: float = 0.9,
    seed: int = 1,
    progress: bool = True,
    **fitting: Any,
) -> xr.Dataset:
    """Charge-offs and arrears of a fitted model beside what happened after it was fitted, and beside two rivals.

    portfolio : Dataset (borrower, loan), the book that lives through both windows
    history : DataFrame by quarter ("1991Q1", ...), each following the last, decimals: unemployment_rate,
      real_income_growth [1/year], charge_off_rate (net, of average balance) [1/year], and perhaps arrears_rate (30 days
      past due and more, of the balance at quarter end) [1]; NaN where a series is not known
    parameters : of the model, that are fitted, with bounds or without, as in calibrate()
    train, test : first and last quarter of each window; test begins after train ends
    products, lender : which segments count: products by name (None: all) of "own", "all" or a named lender
    usual_quarters : real income counts against its mean growth over so many quarters before: what people, and their
      lenders' limits, were used to; no quarter sees later ones
    warmup_quarters : lived before train, for a book that belongs to its time; usual_quarters and four more come before
    band : share of the paths of the training errors between the bounds
    fitting : as in calibrate(); what goes on to simulate(), such as feedback, holds in the test as well
    Returns Dataset:
      rate, low, high (series, source, quarter): series "charge_off_rate" [1/year] and, where history knows it in four
        quarters of train and one of test, "arrears_rate" [1]; source "observed" (no band), "model", "regression" of the
        series' logit on unemployment and its change over four quarters, and "last value" of the training window;
      in_test (quarter);
      score (series, rival, measure) over the test window's known quarters: rmse, peak_ratio = largest over largest
        observed, peak_lag_quarters of the largest after the observed one, coverage = share of quarters within the band;
      start, fitted (parameter); attrs misfit, of calibrate(), to choose between models without the test window.
    Model and rivals are fitted on the same window; bands are the path of each with the errors that it made in training:
    logit(path) plus the (1 - band) / 2 and (1 + band) / 2 quantiles of logit(observed) - logit(path).
    A test of what is known to have happened: the economy of the test window is given, the book's losses are not.
    Raises InputError naming each fault: a window outside the history or overlapping, a column missing, a gap.
    """
    choice = _choice_faults(portfolio, products, lender, fitting)
    windows = _windows(history, train, test, usual_quarters, warmup_quarters, band, choice)
    until = history.iloc[: windows.train.stop]  # the split: what is fitted never sees a later row
    base = Model.from_preset(str(portfolio.attrs.get("preset", ""))) if model is None else model
    chosen = _chooser(products, lender)
    economy = macro_of(until, windows.begin, usual_quarters, _trend(until, windows))
    found = calibrate(
        portfolio, economy, _targets(until, windows, chosen), parameters, model=base, seed=seed,
        progress=progress, **fitting,
    )  # fmt: skip
    fitted = base.replace(**{name: float(found["fitted"].sel(parameter=name)) for name in parameters})
    whole = macro_of(history.iloc[: windows.test.stop], windows.begin, usual_quarters, _trend(until, windows))
    own = signature(calibrate).parameters
    simulation = {name: value for name, value in fitting.items() if name not in own}
    lived = simulate(portfolio, whole, fitted, seed=seed, progress=False, **simulation)
    report = _report(history, windows, _means(lived, chosen), band)
    report = report.assign({name: ("parameter", found[name].values) for name in ("start", "fitted")})
    attrs = {"train": json.dumps(list(train)), "test": json.dumps(list(test)), "misfit": found.attrs["misfit"]}
    return report.assign_coords(parameter=list(map(str, found["parameter"].values))).assign_attrs(attrs)


def macro_of(history: pd.DataFrame, begin: int, usual_quarters: int, trend: float) -> xr.Dataset:
    """Months from a quarter on, incomes against what people were used to, around a trend.

    history : as in backtest(); begin : position of the first quarter, at least usual_quarters
    trend : mean real income growth that counts as normal [1/year]
    Returns Dataset (month) of unemployment_rate and real_income_growth, quarterly means kept.

    >>> table = pd.DataFrame({"unemployment_rate": [0.05] * 4, "real_income_growth": [0.02, 0.02, 0.02, 0.05]})
    >>> macro_of(table, 3, 3, 0.03)["real_income_growth"].values.round(6)  # 3 points above the usual 2 %
    array([0.06, 0.06, 0.06])
    """
    growth = history["real_income_growth"]
    against = growth - growth.rolling(usual_quarters).mean().shift(1) + trend
    some = slice(begin, len(history))
    months = {
        "unemployment_rate": to_monthly(history["unemployment_rate"].to_numpy()[some], floor=0.0),
        "real_income_growth": to_monthly(against.to_numpy()[some]),
    }
    variables = {name: ("month", values) for name, values in months.items()}
    attrs = {"real_income_trend": trend, "name": f"history from {history.index[begin]}"}
    return xr.Dataset(variables, {"month": np.arange(1, 3 * (len(history) - begin) + 1)}, attrs)


def regression(history: pd.DataFrame, rows: slice, column: str = "charge_off_rate") -> Array:
    """Constant, coefficient of unemployment and of its change over four quarters, of the logit of a rate.

    Least squares over the rows of a window in which the rate is known.

    >>> table = pd.DataFrame({"unemployment_rate": [0.05, 0.06, 0.05, 0.05, 0.06, 0.08, 0.07]})
    >>> table["charge_off_rate"] = expit(-4.0 + 10.0 * table["unemployment_rate"])
    >>> regression(table, slice(4, 7)).round(6) + 0.0  # three rows, three unknowns
    array([-4., 10.,  0.])
    """
    wanted = logit(history[column].to_numpy()[rows])
    known = ~np.isnan(wanted)
    found: Array = np.linalg.lstsq(_regressors(history)[rows][known], wanted[known], rcond=None)[0]
    return found


def _regressors(history: pd.DataFrame) -> Array:
    """One, unemployment and its change over four quarters, by quarter."""
    level = history["unemployment_rate"]
    return np.column_stack([np.ones(len(level)), level, level - level.shift(4)])


def _windows(
    history: Any, train: tuple[str, str], test: tuple[str, str], usual: int, warmup: int, band: float, others: list[str]
) -> Windows:
    """Where the windows stand in a sound history.

    others : faults found elsewhere, to be told with these
    Raises InputError naming each fault.
    """
    if not isinstance(history, pd.DataFrame):
        raise InputError("backtest", [f"history: found {type(history).__name__}, expected a DataFrame by quarter"])
    needed = [*ECONOMY, SERIES[0]]
    faults = others + [
        f"{name}: missing from history, expected a column of decimals; add it" for name in needed if name not in history
    ]
    quarters = [str(quarter) for quarter in history.index]
    try:
        numbers = pd.PeriodIndex(quarters, freq="Q").astype("int64").to_numpy()
        if (np.diff(numbers) != 1).any():
            place = int(np.argmax(np.diff(numbers) != 1))
            faults.append(
                f"quarter: found {quarters[place + 1]} after {quarters[place]}, expected each to follow the last"
            )
    except ValueError:
        faults.append(f"quarter: found an index from {quarters[:1]}, expected quarters like '1991Q1'; set it")
    ends = {"train": train, "test": test}
    lost = [
        f"{name}: found {q!r}, which history lacks; choose others"
        for name, pair in ends.items()
        for q in pair
        if q not in quarters
    ]
    faults += lost
    if not 0.0 < band < 1.0:
        faults.append(f"band: found {band!r}, expected a share between 0 and 1; give 0.9, not 90")
    if faults:
        raise InputError("backtest", faults)
    first, last, begin, end = (quarters.index(quarter) for quarter in (*train, *test))
    if not first < last < begin <= end:
        faults.append(f"windows: found train {train} and test {test}, expected train before test; move them")
    if last - first + 1 < FEWEST:
        faults.append(f"train: found {last - first + 1} quarters, expected {FEWEST} or more; begin earlier")
    if first - warmup - max(usual, 4) < 0:
        found = (
            f"train: found {first} quarters before it, expected {warmup + max(usual, 4)} to warm up and compare with"
        )
        faults.append(f"{found}; begin later or shorten them")
    economy = history[list(ECONOMY)].iloc[max(first - warmup - usual, 0) : end + 1]
    bad = economy.isna() | (abs(economy) > 1.0)
    for name in ECONOMY:
        if bad[name].any():
            found = f"{name}: found {economy[name][bad[name]].iloc[0]} at {bad.index[bad[name]][0]}"
            faults.append(f"{found}, expected a decimal in every quarter; 0.05, not 5")
    for name in SERIES:
        if name in history:
            values = history[name].iloc[first : end + 1]
            strange = values.notna() & ~((values > 0.0) & (values < 1.0))
            if strange.any():
                found = f"{name}: found {values[strange].iloc[0]} at {values.index[strange][0]}"
                faults.append(f"{found}, expected a decimal between 0 and 1; 0.05, not 5")
    if "charge_off_rate" in history and history["charge_off_rate"].iloc[first : end + 1].isna().any():
        faults.append("charge_off_rate: found NaN within the windows, expected a figure in each quarter; shorten them")
    refuse("backtest", faults)
    return Windows(first - warmup, slice(first, last + 1), slice(begin, end + 1))


def _trend(until: pd.DataFrame, windows: Windows) -> float:
    """Mean real income growth of the training window."""
    return float(until["real_income_growth"].iloc[windows.train].mean())


def _choice_faults(
    portfolio: xr.Dataset, products: Sequence[str] | None, lender: str, fitting: Mapping[str, Any]
) -> list[str]:
    """Products and lenders that are not there; arguments that the windows set."""
    faults = []
    known = sorted(set(map(str, np.unique(portfolio["product"].values.astype(str)))))
    strange = sorted(set(known if products is None else products) - set(known))
    if strange or (products is not None and not len(products)):
        faults.append(f"products: found {strange or 'none'}, expected among {known}; choose of them")
    lenders = ["own", "all", *sorted(set(map(str, np.unique(portfolio["lender"].values.astype(str)))))]
    if lender not in lenders:
        faults.append(f"lender: found {lender!r}, expected one of {lenders}; choose one")
    if taken := sorted({"warmup", "horizon"} & set(fitting)):
        faults.append(f"fitting: found {taken}, expected none of them; windows and warmup_quarters set the months")
    return faults


def _chooser(products: Sequence[str] | None, lender: str) -> Any:
    """A function that keeps the segments that count."""

    def choose(result: xr.Dataset) -> xr.Dataset:
        mine = np.ones(result.sizes["segment"], dtype=bool)
        if products is not None:
            mine &= np.isin(result["product"].values.astype(str), list(products))
        if lender != "all":
            name = str(result.attrs["own_lender"]) if lender == "own" else lender
            mine &= result["lender"].values.astype(str) == name
        return result.isel(segment=np.flatnonzero(mine))

    return choose


def _means(result: xr.Dataset, choose: Any) -> dict[str, Array]:
    """Each series by quarter, mean over paths."""
    rates = quarterly_rates(choose(result)).mean("path")
    return {name: rates[name].values for name in SERIES}


WEIGHT = 0.1
"""Error of each quarter of each series, in its logit: about a tenth of the rate. It only weighs the series evenly."""


def _targets(until: pd.DataFrame, windows: Windows, choose: Any) -> list[Target]:
    """Every quarter of the training window of every series, in logits."""
    first = windows.train.start - windows.begin
    kept: dict[str, Any] = {}

    def series(result: xr.Dataset) -> dict[str, Array]:
        if kept.get("of") is not result:  # all targets of one run read one set of sums
            kept.update({"of": result, "series": _means(result, choose)})
        found: dict[str, Array] = kept["series"]
        return found

    def statistic(name: str, place: int) -> Any:
        return lambda result: float(_logit(series(result)[name][place]))

    targets = []
    for name in SERIES:
        observed = until[name].iloc[windows.train] if name in until else pd.Series(dtype=float)
        for place, (quarter, value) in enumerate(observed.items()):
            if not math.isnan(value):
                wanted = float(logit(value))
                targets.append(Target(f"{name} {quarter}", wanted, WEIGHT, statistic(name, first + place)))
    return targets


def _logit(rate: Any) -> Any:
    """Logit of a simulated rate, which may be 0 in a quarter of a small book."""
    return logit(np.clip(rate, 1e-4, 1.0 - 1e-4))


def _report(history: pd.DataFrame, windows: Windows, lived: Mapping[str, Array], band: float) -> xr.Dataset:
    """Paths, bands and scores of the model and its rivals, for each series that both windows know."""
    first, end = windows.train.start, windows.test.stop
    until = history.iloc[: windows.train.stop]
    in_test = np.arange(first, end) >= windows.test.start
    parts = {}
    for name in SERIES:
        observed = history[name].to_numpy() if name in history else np.full(len(history), np.nan)
        known = np.isfinite(observed)
        if known[windows.train].sum() >= FEWEST and known[windows.test].any():
            paths = {
                "observed": observed,
                "model": np.concatenate([np.full(windows.begin, np.nan), lived[name]]),
                "regression": expit(_regressors(history) @ regression(until, windows.train, name)),
                "last value": np.full(len(history), observed[windows.train][known[windows.train]][-1]),
            }
            each = np.stack([paths[source][first:end] for source in SOURCES])
            parts[name] = _compared(each, windows.train.stop - first, in_test, band)
    out = xr.concat(list(parts.values()), dim=pd.Index(list(parts), name="series"))
    quarters = [str(quarter) for quarter in history.index[first:end]]
    out = out.assign_coords(quarter=quarters, source=list(SOURCES), rival=list(SOURCES[1:]), measure=list(SCORES))
    return out.assign(in_test=("quarter", in_test)).assign_attrs(band=band)


def _compared(each: Array, trained: int, in_test: NDArray[np.bool_], band: float) -> xr.Dataset:
    """Paths (source, quarter) with the bands of their errors in the first quarters, and their scores in the test."""
    errors = (_logit(each[0]) - _logit(each))[:, :trained]
    shifts = np.nanquantile(errors, [(1.0 - band) / 2.0, (1.0 + band) / 2.0], axis=1)
    low, high = (expit(_logit(each) + shift[:, None]) for shift in shifts)
    low[0] = high[0] = np.nan
    quarter = np.flatnonzero(np.isfinite(each[0]) & in_test)
    scores = [
        _scores(each[source, quarter], low[source, quarter], high[source, quarter], each[0, quarter], quarter)
        for source in range(1, len(SOURCES))
    ]
    of = ("source", "quarter")
    return xr.Dataset(
        {"rate": (of, each), "low": (of, low), "high": (of, high), "score": (("rival", "measure"), scores)}
    )


def _scores(path: Array, low: Array, high: Array, actual: Array, quarter: NDArray[np.integer]) -> list[float]:
    """In the order of SCORES."""
    return [
        float(np.sqrt(np.mean((path - actual) ** 2))),
        float(path.max() / actual.max()),
        float(quarter[np.argmax(path)] - quarter[np.argmax(actual)]),
        float(np.mean((actual >= low) & (actual <= high))),
    ]
