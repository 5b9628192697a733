"""Back-test: a model fitted on one window of history and tested on a later one, beside three rivals.

The test window is cut off before anything is fitted, so nothing of it can reach the parameters.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import signature
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from scipy.special import expit, logit

from stresslab.checks import LONGEST, choice_faults, interval_faults, refuse, whole_faults
from stresslab.engine.model import Model
from stresslab.engine.prepare import model_for
from stresslab.engine.simulate import simulate
from stresslab.measures.result_view import Output, labelled, of_the_run
from stresslab.scenarios.monthly import to_monthly
from stresslab.studies.calibration.search import calibrate
from stresslab.studies.calibration.targets import Target
from stresslab.studies.quarterly_rates import quarterly_rates
from stresslab.studies.seeds import drawn_seed
from stresslab.typed import typed

Array = NDArray[np.float64]
Choose = Callable[[xr.Dataset], xr.Dataset]
"""A function that keeps the segments that count."""

SERIES = {"charge_off_rate": "1/year", "arrears_rate": "1"}
"""What can be compared, if the history has it, and its unit; the first must be there."""

FEWEST = 4
"""Quarters of the training window in which a series must be known: a regression has three unknowns."""

ECONOMY = ("unemployment_rate", "real_income_growth")
SOURCES = {
    "observed": "observed",
    "model": "model",
    "regression": "regression",
    "roll_rates": "roll rates",
    "last_value": "last value",
}
SCORES = {"rmse": "as the series", "peak_ratio": "1", "peak_lag_quarters": "quarter", "coverage": "1"}
OUTPUTS = {
    "rate": Output("by series", "rate of the series"),
    "rate_low": Output("by series", "rate less the errors made in training, lower end of their interval"),
    "rate_high": Output("by series", "rate less the errors made in training, upper end of their interval"),
    "in_test": Output("1", "quarter of the test window"),
    "score": Output("by measure", "score over the test window"),
    "start": Output("as the parameter", "parameter where the fit began"),
    "fitted": Output("as the parameter", "fitted parameter"),
}
CURED = 0.34
"""Share of the balance in arrears that is repaid or current again after a quarter, in `roll_rates`: cures of 24, 12 and
6 % a month at 30, 60 and 90 days (derived from FR Y-14M) on the stock of US cards."""
WEIGHT = 0.1
"""Error of each quarter of each series, in its logit: about a tenth of the rate. It only weighs the series evenly."""


@dataclass(frozen=True)
class Windows:
    """Positions of quarters in a history: start of the warm-up, training window, test window."""

    begin: int
    train: slice
    test: slice


@typed
def backtest(
    portfolio: xr.Dataset,
    history: pd.DataFrame,
    parameters: Mapping[str, tuple[float, float] | None] | Sequence[str],
    *,
    train: tuple[str, str],
    test: tuple[str, str],
    products: Sequence[str] | None = None,
    lender: str = "own",
    model: Model | None = None,
    usual_quarters: int = 20,
    warmup_quarters: int = 8,
    interval: float = 0.9,
    seed: int | None = None,
    progress: bool = True,
    **fitting: Any,
) -> xr.Dataset:
    r"""Fitted model beside what happened after its window: charge-offs and arrears by quarter, with three rivals.

    Parameters
    ----------
    portfolio : xarray.Dataset
        As in `simulate`; it is simulated through both windows.
    history : pandas.DataFrame
        By quarter, a PeriodIndex or labels "1991Q1", each quarter following the last; decimals: `unemployment_rate`
        [1], `real_income_growth` [1/year], `charge_off_rate` (net, of the average balance) [1/year], and perhaps
        `arrears_rate` (30 days past due and more, of the balance at quarter end) [1]; NaN where a series is not known.
        See `scenarios.us_card_history`.
    parameters : mapping of str to (float, float) or None, or sequence of str
        Of the model, that are fitted, with bounds or without, as in `calibrate`.
    train, test : (str, str)
        First and last quarter of each window; `test` begins after `train` ends.
    products : sequence of str or None
        Products that count; None: all.
    lender : str
        "own" (attrs `own_lender`), "all" (the system) or a name.
    model : Model or None
        Where the fit begins; None: the preset of the portfolio.
    usual_quarters : int
        Real income counts against its mean growth over so many quarters before: what borrowers, and their lenders'
        limits, were used to; no quarter sees later ones.
    warmup_quarters : int
        Simulated before `train`, so that the portfolio belongs to its time; `usual_quarters` and four more come before.
    interval : float
        Central share of the paths of the training errors between `rate_low` and `rate_high`.
    seed : int or None
        Of every run; drawn if None and stored in attrs.
    progress : bool
        Show a progress bar.
    **fitting
        Further arguments of `calibrate`; those that it hands on to `simulate`, such as `feedback` or `threads`, hold in
        the test as well.

    Returns
    -------
    xarray.Dataset
        =============  =======================  ================  ===========================================
        variable       dims                     unit              meaning
        =============  =======================  ================  ===========================================
        rate           series, source, quarter  by series         observed, by the model and by its rivals
        rate_low       series, source, quarter  by series         lower end of the interval; NaN for observed
        rate_high      series, source, quarter  by series         upper end of the interval; NaN for observed
        in_test        quarter                  1                 whether the quarter is in the test window
        score          series, rival, measure   by measure        over the known quarters of the test window
        start, fitted  parameter                as the parameter  before and after the fit
        =============  =======================  ================  ===========================================

        Labels: `series` "charge_off_rate" and, where `history` knows it in four quarters of `train` and one of
        `test`, "arrears_rate"; `source` "observed", "model", "regression" (of the series' logit on unemployment and
        its change over four quarters), "roll_rates" (a Markov model, below; absent if `history` does not know arrears),
        "last_value" (of the training window); `rival` is `source` without "observed"; `measure` "rmse", "peak_ratio"
        (largest over largest observed), "peak_lag_quarters" (of the largest after the observed one), "coverage"
        (share of quarters within the interval); `quarter` "2026Q1". Coordinates `unit` (series), `measure_unit`
        (measure) and `label` (source), the printed name. Attrs `misfit` is that of `calibrate`, to choose between
        models without the test window.

    Raises
    ------
    InputError
        Names each fault: a window outside the history or overlapping, a column missing, a gap.

    Notes
    -----
    Model and rivals are fitted on the same window. The interval of share c around the path p of each is that of the
    errors that it made in training:

    .. math:: \mathrm{logit}(p_q) + Q_{(1 \mp c) / 2} \{ \mathrm{logit}(y_s) - \mathrm{logit}(p_s) :
              s \in \mathrm{train} \}

    The Markov model has three states, current, in arrears and charged off. With :math:`A_q` the arrears rate, 34 % of
    what is in arrears is current again after a quarter, and

    .. math:: A_q = A_{q-1} (1 - 0.34 - l_q) + e_q (1 - A_{q-1}), \quad \text{charge-off rate}_q = 4 \, l_q A_{q-1}

    where the logits of the rolls :math:`e_q` (current to arrears) and :math:`l_q` (arrears to charge-off) are linear in
    unemployment and its change over four quarters: binomial regressions of the training window. After it the model goes
    on from its last arrears.

    A test of what is known to have happened: the economy of the test window is given, the portfolio's losses are not.

    Examples
    --------
    The last value of the training window is 6 %; the next five quarters are 6.2, 6.4, 6.6, 6.8 and 7 %. Its error is
    the root of 0.2 squared times (1 + 4 + 9 + 16 + 25) / 5, and its peak 6 / 7 of the observed one.

    >>> import numpy as np
    >>> import pandas as pd
    >>> import stresslab as sl
    >>> history = pd.DataFrame(
    ...     {"unemployment_rate": np.linspace(0.05, 0.08, 16), "real_income_growth": 0.02,
    ...      "charge_off_rate": np.linspace(0.04, 0.07, 16)}, pd.period_range("2001Q1", "2004Q4", freq="Q"))
    >>> report = sl.backtest(
    ...     sl.synthetic_portfolio("us-card", borrowers=200, seed=1), history, ["willingness.forgetting"],
    ...     train=("2002Q2", "2003Q3"), test=("2003Q4", "2004Q4"), usual_quarters=4, warmup_quarters=1, seed=1,
    ...     iterations=1, progress=False)
    >>> score = report["score"].sel(series="charge_off_rate", rival="last_value")
    >>> score.sel(measure=["rmse", "peak_ratio"]).values.round(4)
    array([0.0066, 0.8571])
    """
    base, faults = model_for(portfolio, model)
    faults += _choice_faults(None if faults else portfolio, products, lender, interval, seed, fitting)
    faults += whole_faults("usual_quarters", usual_quarters, 1, LONGEST // 3, advice="give quarters")
    faults += whole_faults("warmup_quarters", warmup_quarters, 0, LONGEST // 3, advice="give quarters")
    history, windows = _windows(history, train, test, usual_quarters, warmup_quarters, faults)
    until = history.iloc[: windows.train.stop]  # the split: what is fitted never sees a later row
    choose, seed = _chooser(products, lender), drawn_seed(seed)
    economy = macro_of(until, windows.begin, usual_quarters, _trend(until, windows))
    fit = calibrate(
        portfolio, economy, _targets(until, windows, choose), parameters, model=base, seed=seed,
        progress=progress, **fitting,
    )  # fmt: skip
    fitted = base.replace(**{name: float(fit["fitted"].sel(parameter=name)) for name in parameters})
    whole = macro_of(history.iloc[: windows.test.stop], windows.begin, usual_quarters, _trend(until, windows))
    own = signature(calibrate).parameters
    simulation = {name: value for name, value in fitting.items() if name not in own}
    result = simulate(portfolio, whole, fitted, seed=seed, progress=False, **simulation)
    report = _report(history, windows, _means(result, choose, history.index[windows.begin]), interval)
    report = report.assign({name: ("parameter", fit[name].values) for name in ("start", "fitted")})
    report = labelled(report.assign_coords(parameter=list(map(str, fit["parameter"].values))), OUTPUTS)
    return report.assign_attrs(
        of_the_run(result), train=json.dumps(list(train)), test=json.dumps(list(test)), interval=interval,
        lender=lender, misfit=fit.attrs["misfit"],
    )  # fmt: skip


def macro_of(history: pd.DataFrame, begin: int, usual_quarters: int, trend: float) -> xr.Dataset:
    """Macro path (month) from quarter `begin` on: real income growth over what was usual, around a trend [1/year].

    >>> table = pd.DataFrame({"unemployment_rate": [0.05] * 4, "real_income_growth": [0.02, 0.02, 0.02, 0.05]})
    >>> macro_of(table, 3, 3, 0.03)["real_income_growth"].values.round(6)  # 3 points above the usual 2 %
    array([0.06, 0.06, 0.06])
    """
    growth = history["real_income_growth"]
    against = growth - growth.rolling(usual_quarters).mean().shift(1) + trend
    rows = slice(begin, len(history))
    months = {
        "unemployment_rate": to_monthly(history["unemployment_rate"].to_numpy()[rows], floor=0.0),
        "real_income_growth": to_monthly(against.to_numpy()[rows]),
    }
    variables = {name: ("month", values) for name, values in months.items()}
    coords, attrs = (
        {"month": np.arange(1, 3 * (len(history) - begin) + 1)},
        {"name": f"history from {history.index[begin]}"},
    )
    return xr.Dataset(variables, coords, attrs).assign(real_income_trend=trend)


def regression(history: pd.DataFrame, rows: slice, column: str = "charge_off_rate") -> Array:
    """Constant, coefficient of unemployment and of its change over four quarters, of the logit of a rate.

    Least squares over the rows of a window in which the rate is known.

    >>> table = pd.DataFrame({"unemployment_rate": [0.05, 0.06, 0.05, 0.05, 0.06, 0.08, 0.07]})
    >>> table["charge_off_rate"] = expit(-4.0 + 10.0 * table["unemployment_rate"])
    >>> regression(table, slice(4, 7)).round(6) + 0.0  # three rows, three unknowns
    array([-4., 10.,  0.])
    """
    answer = logit(history[column].to_numpy()[rows])
    known = ~np.isnan(answer)
    coefficients: Array = np.linalg.lstsq(_regressors(history)[rows][known], answer[known], rcond=None)[0]
    return coefficients


def roll_rates(history: pd.DataFrame, rows: slice) -> tuple[Array, Array]:
    """Charge-off and arrears rates of a Markov model with macroeconomic rolls, by quarter of the history.

    rows : training window; from its first known arrears the model runs on its own, and anew from its last ones
    NaN before that, and everywhere if fewer than FEWEST quarters of the window follow one whose arrears are known.
    """
    from statsmodels.genmod import families  # slow to import
    from statsmodels.genmod.generalized_linear_model import GLM

    charged, arrears = np.full((2, len(history)), np.nan)
    if "arrears_rate" not in history:
        return charged, arrears
    late, lost = (history[name].to_numpy(float) for name in ("arrears_rate", "charge_off_rate"))
    before = np.concatenate([[np.nan], late[:-1]])
    loss = lost / 4.0 / before
    entry = (late - before * (1.0 - CURED - loss)) / (1.0 - before)
    quarters = np.arange(len(history))
    known = np.isfinite(loss + entry) & (quarters >= rows.start) & (quarters < rows.stop)
    if known.sum() < FEWEST or not np.isfinite(late[rows.stop - 1]):
        return charged, arrears
    x, rolls = _regressors(history), []
    for observed in (entry, loss):
        answer = np.clip(observed[known], 1e-6, 1.0 - 1e-6)
        fit = GLM(answer, x[known], family=families.Binomial()).fit()
        rolls.append(expit(x @ np.asarray(fit.params)))
    first = int(known.argmax())
    now = before[first]
    for quarter in range(first, len(history)):
        now = late[rows.stop - 1] if quarter == rows.stop else now
        charged[quarter] = 4.0 * rolls[1][quarter] * now
        now = arrears[quarter] = now * (1.0 - CURED - rolls[1][quarter]) + rolls[0][quarter] * (1.0 - now)
    return charged, arrears


def _regressors(history: pd.DataFrame) -> Array:
    """One, unemployment and its change over four quarters, by quarter."""
    level = history["unemployment_rate"]
    return np.column_stack([np.ones(len(level)), level, level - level.shift(4)])


def _windows(
    history: Any, train: tuple[str, str], test: tuple[str, str], usual: int, warmup: int, others: list[str]
) -> tuple[pd.DataFrame, Windows]:
    """The history by labels of quarters and the windows' positions; refuses with the faults of other arguments."""
    if not isinstance(history, pd.DataFrame):
        refuse("backtest", [f"history: found {type(history).__name__}, expected a DataFrame by quarter; convert it"])
    needed = (*ECONOMY, next(iter(SERIES)))
    faults = others + [
        f"{name}: missing from history, expected a column of decimals; add it" for name in needed if name not in history
    ]
    quarters = [str(quarter) for quarter in history.index]
    faults += _quarter_faults(quarters)
    faults += [
        f"{name}: found {quarter!r}, which history lacks, expected a quarter such as {quarters[:1]}; choose another"
        for name, pair in (("train", train), ("test", test))
        for quarter in pair
        if str(quarter) not in quarters
    ]
    refuse("backtest", faults)
    first, last, begin, end = (quarters.index(str(quarter)) for quarter in (*train, *test))
    if not first < last < begin <= end:
        faults.append(f"windows: found train {train} and test {test}, expected train before test; move them")
    if last - first + 1 < FEWEST:
        faults.append(f"train: found {last - first + 1} quarters, expected {FEWEST} or more; begin earlier")
    if first - warmup - max(usual, 4) < 0:
        before = f"expected {warmup + max(usual, 4)} to warm up and compare with"
        faults.append(f"train: found {first} quarters before it, {before}; begin later or shorten them")
    rows = slice(max(first - warmup - usual, 0), end + 1)
    refuse("backtest", faults + _value_faults(history, rows, slice(first, end + 1)))
    return history.set_axis(quarters, axis=0), Windows(first - warmup, slice(first, last + 1), slice(begin, end + 1))


def _quarter_faults(quarters: list[str]) -> list[str]:
    """Faults of the index: labels that are no quarters, or that do not follow each other."""
    try:
        numbers = pd.PeriodIndex(quarters, freq="Q").astype("int64").to_numpy()
    except ValueError:
        return [f"quarter: found an index from {quarters[:1]}, expected quarters like '1991Q1'; set it"]
    gaps = np.flatnonzero(np.diff(numbers) != 1)
    if not gaps.size:
        return []
    before, after = quarters[gaps[0]], quarters[gaps[0] + 1]
    return [f"quarter: found {after} after {before}, expected each quarter to follow the last; fill the gap or cut"]


def _value_faults(history: pd.DataFrame, economy: slice, both: slice) -> list[str]:
    """Faults of the economy's values from its first needed quarter on, and of the series in both windows."""
    faults = []
    values = history[list(ECONOMY)].iloc[economy]
    bad = values.isna() | (abs(values) > 1.0)
    for name in ECONOMY:
        if bad[name].any():
            where = f"{name}: found {values[name][bad[name]].iloc[0]} at {bad.index[bad[name]][0]}"
            faults.append(f"{where}, expected a decimal in every quarter; give 0.05, not 5")
    for name in SERIES:
        if name in history:
            series = history[name].iloc[both]
            strange = series.notna() & ~((series > 0.0) & (series < 1.0))
            if strange.any():
                where = f"{name}: found {series[strange].iloc[0]} at {series.index[strange][0]}"
                faults.append(f"{where}, expected a decimal between 0 and 1; give 0.05, not 5")
    if history["charge_off_rate"].iloc[both].isna().any():
        faults.append("charge_off_rate: found NaN within the windows, expected a value in each quarter; shorten them")
    return faults


def _trend(until: pd.DataFrame, windows: Windows) -> float:
    """Mean real income growth of the training window."""
    return float(until["real_income_growth"].iloc[windows.train].mean())


def _choice_faults(
    portfolio: xr.Dataset | None, products: Sequence[str] | None, lender: str, interval: Any, seed: Any,
    fitting: Mapping[str, Any],
) -> list[str]:  # fmt: skip
    """Faults of products and lenders that are not there; of a bad interval; of what the windows set."""
    faults: list[str] = []
    if portfolio is not None:
        known, lenders = (sorted(set(portfolio[name].values.astype(str).tolist())) for name in ("product", "lender"))
        strange = sorted(set(known if products is None else products) - set(known))
        if strange or (products is not None and not len(products)):
            faults.append(f"products: found {strange or 'none'}, expected among {known}; choose from these")
        faults += choice_faults("lender", lender, ["own", "all", *lenders])
    faults += interval_faults("interval", interval)
    if taken := sorted({"warmup", "horizon"} & set(fitting)):
        faults.append(f"fitting: found {taken}, expected none of them; set windows and warmup_quarters instead")
    if seed is None and fitting.get("checkpoint") is not None:
        faults.append("seed: found None with a checkpoint, expected a number; give the seed of the earlier run")
    return faults


def _chooser(products: Sequence[str] | None, lender: str) -> Choose:
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


def _means(result: xr.Dataset, choose: Choose, first_quarter: str) -> dict[str, Array]:
    """Each series by quarter, mean over paths."""
    rates = quarterly_rates(choose(result), first_quarter).mean("path")
    return {name: rates[name].values for name in SERIES}


def _targets(until: pd.DataFrame, windows: Windows, choose: Choose) -> list[Target]:
    """Every quarter of the training window of every series, in logits."""
    first = windows.train.start - windows.begin
    kept: dict[str, Any] = {}

    def series(result: xr.Dataset) -> dict[str, Array]:
        if kept.get("of") is not result:  # all targets of one run read one set of sums
            kept.update({"of": result, "series": _means(result, choose, until.index[windows.begin])})
        rates: dict[str, Array] = kept["series"]
        return rates

    def statistic(name: str, place: int) -> Callable[[xr.Dataset], float]:
        return lambda result: float(_logit(series(result)[name][place]))

    targets = []
    for name in SERIES:
        observed = until[name].iloc[windows.train] if name in until else pd.Series(dtype=float)
        for place, (quarter, value) in enumerate(observed.items()):
            if not math.isnan(value):
                targets.append(Target(f"{name}_{quarter}", float(logit(value)), WEIGHT, statistic(name, first + place)))
    return targets


def _logit(rate: Any) -> Any:
    """Logit of a simulated rate, which may be 0 in a quarter of a small book."""
    return logit(np.clip(rate, 1e-4, 1.0 - 1e-4))


def _report(history: pd.DataFrame, windows: Windows, simulated: Mapping[str, Array], interval: float) -> xr.Dataset:
    """Paths, intervals and scores of the model and its rivals, for each series that both windows know."""
    first, end = windows.train.start, windows.test.stop
    until = history.iloc[: windows.train.stop]
    rolled = dict(zip(SERIES, roll_rates(history, windows.train), strict=True))
    absent = {"roll_rates"} if all(np.isnan(rates).all() for rates in rolled.values()) else set()
    names = [name for name in SOURCES if name not in absent]
    in_test = np.arange(first, end) >= windows.test.start
    parts = {}
    for name in SERIES:
        observed = history[name].to_numpy() if name in history else np.full(len(history), np.nan)
        known = np.isfinite(observed)
        if known[windows.train].sum() >= FEWEST and known[windows.test].any():
            sources = {
                "observed": observed,
                "model": np.concatenate([np.full(windows.begin, np.nan), simulated[name]]),
                "regression": expit(_regressors(history) @ regression(until, windows.train, name)),
                "roll_rates": rolled[name],
                "last_value": np.full(len(history), observed[windows.train][known[windows.train]][-1]),
            }
            rates = np.stack([sources[source][first:end] for source in names])
            parts[name] = _compared(rates, windows.train.stop - first, in_test, interval)
    out = xr.concat(list(parts.values()), dim=pd.Index(list(parts), name="series"))
    return out.assign(in_test=("quarter", in_test)).assign_coords(
        quarter=list(history.index[first:end]), source=names, rival=names[1:], measure=list(SCORES),
        unit=("series", [SERIES[name] for name in parts]), label=("source", [SOURCES[name] for name in names]),
        measure_unit=("measure", list(SCORES.values())),
    )  # fmt: skip


def _compared(rates: Array, trained: int, in_test: NDArray[np.bool_], interval: float) -> xr.Dataset:
    """Rates (source, quarter) with the interval of their errors in the first quarters, and scores of the test."""
    errors = (_logit(rates[0]) - _logit(rates))[:, :trained]
    shifts = np.nanquantile(errors, [(1.0 - interval) / 2.0, (1.0 + interval) / 2.0], axis=1)
    low, high = (expit(_logit(rates) + shift[:, None]) for shift in shifts)
    low[0] = high[0] = np.nan
    quarter = np.flatnonzero(np.isfinite(rates[0]) & in_test)
    scores = [
        _scores(rates[source, quarter], low[source, quarter], high[source, quarter], rates[0, quarter], quarter)
        for source in range(1, len(rates))
    ]
    dims = ("source", "quarter")
    return xr.Dataset(
        {
            "rate": (dims, rates),
            "rate_low": (dims, low),
            "rate_high": (dims, high),
            "score": (("rival", "measure"), scores),
        }
    )


def _scores(path: Array, low: Array, high: Array, actual: Array, quarter: NDArray[np.integer]) -> list[float]:
    """In the order of SCORES."""
    return [
        float(np.sqrt(np.mean((path - actual) ** 2))),
        float(path.max() / actual.max()),
        float(quarter[np.argmax(path)] - quarter[np.argmax(actual)]),
        float(np.mean((actual >= low) & (actual <= high))),
    ]
