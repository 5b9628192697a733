"""Plots of results and measures, on matplotlib axes.

Each function draws on the axes given, or on those of a new figure, and returns them. Data keep their unit (currency,
decimals); only tick labels are scaled. Hues can be told apart with any colour vision, and scenarios differ in line
style too. The settings of matplotlib do not change.
"""

from __future__ import annotations

from collections.abc import Sequence

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stresslab.checks import refuse
from stresslab.typed import typed
from stresslab.views import style
from stresslab.views.allowances import draw_movement, draw_shares, stage_faults, waterfall_faults
from stresslab.views.arrears import arrears_faults, draw_arrears
from stresslab.views.backtests import backtest_faults, draw_backtest
from stresslab.views.bands import draw_fans, end_labels, intervals_faults, intervals_of
from stresslab.views.capital import capital_faults, draw_capital
from stresslab.views.cash import buffer_faults, draw_buffers
from stresslab.views.ladders import draw_ladder, draw_survival, ladder_faults, survival_faults
from stresslab.views.life import draw_life, life_faults
from stresslab.views.losses import draw_estimates, draw_histograms, loss_estimates, loss_faults, sharpest_level
from stresslab.views.quantity import each_scenario, read_quantity
from stresslab.views.scenarios import draw_scenarios, named_scenarios
from stresslab.views.tornado import draw_tornado, tornado_faults

__all__ = ["allowance_waterfall", "arrears", "backtest", "buffer", "capital", "fan", "ladder", "life"]
__all__ += ["loss_distribution", "scenario", "stages", "survival", "tornado"]


@typed
def fan(
    result: xr.Dataset | xr.DataArray,
    variable: str = "balance",
    *,
    ax: Axes | None = None,
    lender: str = "own",
    intervals: float | Sequence[float] = (0.5, 0.9),
) -> Axes:
    r"""Fan chart: the median of the paths month by month, and bands that hold central shares of them.

    Parameters
    ----------
    result : xarray.Dataset or xarray.DataArray
        From `simulate`, `macro_paths` or a measure by month; or an array along path and month, drawn under its own name
        with the unit of its attrs "units". A dimension `scenario` gives a fan for each scenario, at most four.
    variable : str
        Variable of the Dataset, or "arrears_rate" or "arrears_rate_90": share of the balance that is 30 or 90 and more
        days past due. Amounts and counts are summed over segments, buckets, stages and causes.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; None: a new figure.
    lender : str
        "own", the lender of attrs "own_lender"; "all"; or a name. Used where the variable has segments.
    intervals : float or sequence of float
        Central shares of the paths that the bands hold, in (0, 1).

    Returns
    -------
    matplotlib.axes.Axes
        For each scenario a band for each interval, the widest first, and a line, the median.

    Raises
    ------
    InputError
        Names each fault: an unknown variable or lender, an interval outside (0, 1), other dimensions, a number that is
        not finite, more than four scenarios.

    Notes
    -----
    With :math:`x_{(k)}` the k-th smallest of n paths in a month, the band of interval c is

    .. math:: [x_{(n + 1 - k)}, x_{(k)}], \quad k = \lceil n (1 + c) / 2 \rceil

    month by month, so that as many paths are below it as above it. Its edges are quantiles as in the measures. No
    single path need follow an edge.

    Examples
    --------
    Three paths of two months, in millions:

    >>> import stresslab as sl
    >>> from matplotlib.figure import Figure
    >>> from stresslab.testing import tiny_result
    >>> result = tiny_result(paid=[[1e6, 2e6], [3e6, 4e6], [5e6, 9e6]], paths=3, months=2)
    >>> ax = sl.plot.fan(result, "paid", intervals=0.9, ax=Figure().add_subplot())
    >>> ax.lines[0].get_ydata(), ax.get_ylabel()
    (array([3000000., 4000000.]), 'paid in the month [CNY million]')
    """
    shares = intervals_of(intervals)
    shown = read_quantity(result, variable, lender, "plot.fan", intervals_faults(shares))
    ax = style.axes_or_new(ax)
    draw_fans(ax, shown, shares)
    style.height_axis(ax)
    if names := end_labels(shown):
        style.beside(ax, names, bold=True, leader=False)
    return ax


@typed
def arrears(result: xr.Dataset, *, ax: Axes | None = None, lender: str = "own") -> Axes:
    """Balance past due by bucket: its share of the whole balance, month by month, mean over paths.

    Parameters
    ----------
    result : xarray.Dataset
        From `simulate`; needs `balance`.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; None: a new figure.
    lender : str
        "own", the lender of attrs "own_lender"; "all"; or a name.

    Returns
    -------
    matplotlib.axes.Axes
        An area for each bucket from 30 days, stacked, the oldest debt on top. Loans that are current are left out,
        since they would dwarf the rest; the note below the title states their share.

    Raises
    ------
    InputError
        Names each fault: a variable missing, negative or not finite, an unknown lender, a month without any balance,
        more than one scenario.

    Examples
    --------
    >>> import stresslab as sl
    >>> from matplotlib.figure import Figure
    >>> from stresslab.testing import tiny_result
    >>> result = tiny_result({"current": [[90.0, 60.0]], "30-59": [[10.0, 30.0]], "60-89": [[0.0, 10.0]]})
    >>> print(sl.plot.arrears(result, ax=Figure().add_subplot()).get_title())
    Balance past due, bank
    mean of 1 path; not shown: current, 90.0 % at the start and 60.0 % at the end
    """
    refuse("plot.arrears", arrears_faults(result, lender))
    return draw_arrears(ax, result, lender)


@typed
def loss_distribution(
    losses: xr.Dataset, *, ax: Axes | None = None, segment: str = "total", level: float | None = None
) -> Axes:
    """Histogram of the loss over paths, with expected loss, value at risk and expected shortfall.

    Parameters
    ----------
    losses : xarray.Dataset
        From `loss_distribution`; a dimension `scenario` gives a histogram for each scenario, at most four.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; None: a new figure.
    segment : str
        Name of a segment, or "total".
    level : float, optional
        Level of value at risk (VaR) and expected shortfall (ES), among those of `losses`; None: the highest at which
        the interval of VaR is bounded, that is, for which the paths suffice, or else the lowest.

    Returns
    -------
    matplotlib.axes.Axes
        Loss as a share of the opening balance against the share of the paths in each bin. Above, a dot for
        each estimate, a whisker for its 95 % interval, and their numbers.

    Raises
    ------
    InputError
        Names each fault: a variable missing, an unknown segment or level, a segment without an opening balance, more
        than four scenarios.

    Notes
    -----
    The interval of VaR is that of `losses`, with an arrowhead where it has no bound. Those of expected loss and ES
    reach 1.96 standard errors to each side.

    Examples
    --------
    The second of four losses, over 100; four paths are too few for an interval:

    >>> import stresslab as sl
    >>> from matplotlib.figure import Figure
    >>> from stresslab.testing import tiny_result
    >>> losses = sl.loss_distribution(tiny_result(written_off=[1.0, 2.0, 3.0, 6.0], paths=4), levels=0.5)
    >>> sl.plot.loss_distribution(losses, ax=Figure().add_subplot()).texts[1].get_text()
    'VaR 50 %: 2.00 % [-∞, ∞]'
    """
    refuse("plot.loss_distribution", loss_faults(losses, segment, level))
    scenarios = [(name, part.sel(segment=segment)) for name, part in each_scenario(losses)]
    level = sharpest_level([part for _, part in scenarios]) if level is None else level
    groups = [(name, loss_estimates(part, level)) for name, part in scenarios]
    ax = style.axes_or_new(ax)
    peak = draw_histograms(ax, [part["loss_rate"].values for _, part in scenarios])
    months = losses.attrs.get("horizon")
    style.furnish(
        ax,
        f"Loss, {losses.attrs.get('lender', '')}" if segment == "total" else f"Loss, {segment}",
        f"{style.count_paths(losses)}; whiskers are 95 % intervals",
        ("loss" if months is None else f"loss over {months} months")
        + ", share of the opening balance"
        + style.in_units(ax.xaxis, "1", 1.0, ""),
        "share of the paths in each bin" + style.in_units(ax.yaxis, "1", 1.0, ""),
    )
    draw_estimates(ax, groups, peak)
    return ax


@typed
def buffer(buffer: xr.Dataset, *, ax: Axes | None = None) -> Axes:
    """Fan chart of the cumulative cash gap, and the liquidity buffer that covers it.

    Parameters
    ----------
    buffer : xarray.Dataset
        From `liquidity_buffer`; a dimension `scenario` gives a fan for each scenario, at most four.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; None: a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The fan; a line at minus the buffer, with its 95 % interval as a whisker and in words; and, without scenarios,
        the path with the largest shortfall.

    Raises
    ------
    InputError
        Names each fault: a variable missing or not finite, more than four scenarios.

    Notes
    -----
    The bands hold 50 % of the paths and, if the level q of the buffer is above 0.5, 2 q - 1 of them, so that the lower
    edge of this band is a quantile at level q of each month. The buffer is at or below this edge, since the worst month
    differs between paths.

    Examples
    --------
    Two paths that fall short by 2 and 3 million in their worst months:

    >>> import numpy as np
    >>> import stresslab as sl
    >>> import xarray as xr
    >>> from matplotlib.figure import Figure
    >>> gap = np.array([[-1e6, -2e6], [-3e6, 1e6]])
    >>> buffer = xr.Dataset(
    ...     {"cumulative_gap": (("path", "month"), gap, {"units": "currency"}), "shortfall": ("path", [2e6, 3e6]),
    ...      "buffer": 2e6, "buffer_low": -np.inf, "buffer_high": np.inf},
    ...     {"month": [1, 2]}, {"level": 0.5, "currency": "CNY", "lender": "bank"})
    >>> for text in sl.plot.buffer(buffer, ax=Figure().add_subplot()).texts:
    ...     print(text.get_text())
    buffer at 50 %:
    CNY 2.00 million
    [-∞, ∞]
    worst path, short by
    CNY 3.00 million
    in month 1
    """
    refuse("plot.buffer", buffer_faults(buffer))
    shown = read_quantity(buffer, "cumulative_gap", "own", "plot.buffer")
    level = float(buffer.attrs["level"])
    intervals = sorted({0.5, 2.0 * level - 1.0} if level > 0.5 else {0.5})
    ax = style.axes_or_new(ax)
    draw_fans(ax, shown, intervals, "Cumulative cash gap")
    ax.plot(shown.months[[0, -1]], [0.0, 0.0], color="0.4", linewidth=0.8)
    draw_buffers(ax, each_scenario(buffer), shown.months, shown.currency)
    return ax


@typed
def life(
    result: xr.Dataset, borrower: int | None = None, *, path: int | None = None, figure: Figure | None = None
) -> Figure:
    """One traced borrower on one page: pay and job, debt, and every loan month by month.

    Parameters
    ----------
    result : xarray.Dataset
        From `simulate` with ``trace=[...]``.
    borrower : int, optional
        Id of a traced borrower; None: the first.
    path : int, optional
        Label along `path`; None: the first.
    figure : matplotlib.figure.Figure, optional
        Figure to draw on; None: a new one.

    Returns
    -------
    matplotlib.figure.Figure
        Three panels. Top: pay, necessities with rare expenses, and the buffer; months without a job are shaded. Middle:
        debt that is current, 30 or more days past due, and written off. Bottom: a row for each loan in the order of the
        portfolio, shaded by days past due, with symbols for payments, misses, contact (more than half of such late
        payers were reached), plans and write-off, and the cause of the last fall into arrears that was not cured.

    Raises
    ------
    InputError
        Names each fault: nothing traced, an unknown borrower or path, several scenarios.

    Examples
    --------
    >>> import stresslab as sl
    >>> from matplotlib.figure import Figure
    >>> portfolio = sl.synthetic_portfolio("china-online", borrowers=300, seed=1)
    >>> borrower = int(portfolio["borrower_id"][0])
    >>> macro = sl.scenario("china-baseline")
    >>> result = sl.simulate(portfolio, macro, seed=3, horizon=6, trace=[borrower], progress=False)
    >>> [ax.get_ylabel() for ax in sl.plot.life(result, borrower, figure=Figure()).axes[:2]]
    ['in the month [CNY thousand]', 'owed [CNY]']
    """
    refuse("plot.life", life_faults(result, borrower, path))
    return draw_life(result, borrower, path, figure)


@typed
def allowance_waterfall(movement: xr.Dataset, *, ax: Axes | None = None) -> Axes:
    """Waterfall of an allowance from one month end to another, by cause; means over paths.

    Parameters
    ----------
    movement : xarray.Dataset
        From `allowance_movement`, one scenario. Stages are drawn as their sum; rows that are 0 on all paths are left
        out.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; None: a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        A bar for each row, from the end of the row before; opening and closing from 0. The mean is written at the bar;
        a whisker holds 90 % of the paths.

    Raises
    ------
    InputError
        Names each fault: a variable missing, other dimensions, more than one scenario.

    Examples
    --------
    An allowance of 4 million to which a new outlook adds 3 million:

    >>> import stresslab as sl
    >>> import xarray as xr
    >>> from matplotlib.figure import Figure
    >>> rows = {"row": ["opening", "outlook", "write_off", "closing"]}
    >>> movement = xr.Dataset({"movement": (("path", "row"), [[4e6, 3e6, -1e6, 6e6]])}, rows)
    >>> ax = sl.plot.allowance_waterfall(movement, ax=Figure().add_subplot())
    >>> (float(ax.patches[1].get_y()), float(ax.patches[1].get_height())), ax.get_xticklabels()[2].get_text()
    ((4000000.0, 3000000.0), 'write-off')
    """
    refuse("plot.allowance_waterfall", waterfall_faults(movement))
    return draw_movement(style.axes_or_new(ax), movement)


@typed
def stages(provisions: xr.Dataset, *, ax: Axes | None = None) -> Axes:
    """Balance in stages 2 and 3 of IFRS 9 as shares of the whole, month by month; means over paths.

    Parameters
    ----------
    provisions : xarray.Dataset
        From `provisions` under IFRS 9, one scenario.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; None: a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Stage 3 from 0 and stage 2 on top of it. 90 % of the paths have their sum between the dotted lines.

    Raises
    ------
    InputError
        Names each fault: a variable missing, other dimensions, more than one scenario.

    Examples
    --------
    >>> import stresslab as sl
    >>> from matplotlib.figure import Figure
    >>> from stresslab.testing import tiny_result
    >>> balance = {"current": [[90.0, 80.0]], "30-59": [[8.0, 15.0]], "90-119": [[2.0, 5.0]]}
    >>> provisions = tiny_result(balance)[["stage_balance"]].sum("segment")
    >>> ax = sl.plot.stages(provisions, ax=Figure().add_subplot())
    >>> ax.get_ylabel(), [f"{area.get_datalim(ax.transData).ymax:.2f}" for area in ax.collections]
    ('share of the balance [%]', ['0.05', '0.20'])
    """
    refuse("plot.stages", stage_faults(provisions))
    return draw_shares(style.axes_or_new(ax), provisions)


@typed
def ladder(ladder: xr.Dataset, *, ax: Axes | None = None) -> Axes:
    """Cash-flow ladder: cash in and out month by month, the cumulative gap, and the capacity against it.

    Parameters
    ----------
    ladder : xarray.Dataset
        From `liquidity_ladder`, one scenario.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; None: a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Bars of net cash of the month, means over paths, inflow above 0; they add up to `net_flow`. A line, the mean
        cumulative gap, in a band that holds 90 % of the paths. A dashed line, minus the mean counterbalancing capacity.

    Raises
    ------
    InputError
        Names each fault: a variable missing or not finite, more than one scenario.

    Notes
    -----
    Lending would dwarf the rest, so customers share a bar (repayments and recoveries less lending and further draws),
    as do partners (fees less guarantees); operating cost includes the fees of lines. A bar that is always 0 is left
    out.

    Examples
    --------
    Customers bring 90 - 50 in month 1 and 60 - 80 in month 2:

    >>> import stresslab as sl
    >>> import xarray as xr
    >>> from matplotlib.figure import Figure
    >>> cell = ("path", "month")
    >>> ladder = xr.Dataset(
    ...     {"inflow": ((*cell, "source"), [[[90.0], [60.0]]]), "outflow": ((*cell, "use"), [[[50.0], [80.0]]]),
    ...      "cumulative_gap": (cell, [[40.0, 20.0]]), "counterbalancing_capacity": (cell, [[30.0, 30.0]])},
    ...     {"month": [1, 2], "source": ["repayments"], "use": ["lending"]})
    >>> ax = sl.plot.ladder(ladder, ax=Figure().add_subplot())
    >>> [float(bar.get_height()) for bar in ax.containers[0]]
    [40.0, -20.0]
    """
    refuse("plot.ladder", ladder_faults(ladder))
    return draw_ladder(style.axes_or_new(ax), ladder)


@typed
def survival(survival: xr.Dataset, *, ax: Axes | None = None) -> Axes:
    """Survival without new funding: share of the paths on which the lender has paid through each month.

    Parameters
    ----------
    survival : xarray.Dataset
        From `survival_horizon`; a dimension `scenario` gives a line for each scenario, at most four.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; None: a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Steps from 1 at month 0, the exact 95 % interval as a band, and both in words at the end.

    Raises
    ------
    InputError
        Names each fault: a variable missing, a probability outside [0, 1], more than four scenarios.

    Examples
    --------
    One of two paths fails in month 2:

    >>> import stresslab as sl
    >>> import xarray as xr
    >>> from matplotlib.figure import Figure
    >>> survival = xr.Dataset(
    ...     {"survival_month": ("path", [2.0, float("nan")]), "survival_probability": ("month", [1.0, 0.5]),
    ...      "survival_probability_low": ("month", [0.2, 0.0]), "survival_probability_high": ("month", [1.0, 1.0])},
    ...     {"month": [1, 2]})
    >>> sl.plot.survival(survival, ax=Figure().add_subplot()).lines[0].get_ydata()
    array([1. , 1. , 0.5])
    """
    refuse("plot.survival", survival_faults(survival))
    return draw_survival(style.axes_or_new(ax), survival)


@typed
def tornado(sensitivity: xr.Dataset, *, ax: Axes | None = None) -> Axes:
    """Tornado chart: change of an outcome at the low and the high value of each parameter, the largest on top.

    Parameters
    ----------
    sensitivity : xarray.Dataset
        From `sensitivity`: along `parameter`, at most 20, `low` and `high` (change from `base`), `low_se` and `high_se`
        (NaN: unknown), `low_value` and `high_value`; `base`; attrs "outcome" (words), "units" and perhaps "currency".
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; None: a new figure, high enough for all rows.

    Returns
    -------
    matplotlib.axes.Axes
        Bars from 0, half as high where both changes have the same sign, with the value of the parameter at their end,
        and whiskers of 1.96 standard errors to each side.

    Raises
    ------
    InputError
        Names each fault: a variable missing or not finite, a negative standard error, more than 20 parameters, more
        than one scenario.

    Examples
    --------
    >>> import stresslab as sl
    >>> import xarray as xr
    >>> from matplotlib.figure import Figure
    >>> effects = {"low": [1.0, -3.0], "high": [-1.0, 2.0], "low_value": [0.1, 5.0], "high_value": [0.2, 9.0],
    ...     "low_se": [0.1, 0.1], "high_se": [0.1, 0.1]}
    >>> sensitivity = xr.Dataset(
    ...     {name: ("parameter", values) for name, values in effects.items()} | {"base": 20.0},
    ...     {"parameter": ["pay", "speed"]}, {"outcome": "loss", "units": "currency"})
    >>> ax = sl.plot.tornado(sensitivity, ax=Figure().add_subplot())
    >>> [label.get_text() for label in ax.get_yticklabels()], [text.get_text() for text in ax.texts]
    (['speed', 'pay'], ['5', '9', '0.1', '0.2'])
    """
    refuse("plot.tornado", tornado_faults(sensitivity))
    return draw_tornado(ax, sensitivity)


@typed
def capital(
    adequacy: xr.Dataset,
    ratio: str = "cet1_ratio",
    *,
    ax: Axes | None = None,
    intervals: float | Sequence[float] = (0.5, 0.9),
) -> Axes:
    """Fan chart of a capital ratio, with its hurdles and the probability of breaching them.

    Parameters
    ----------
    adequacy : xarray.Dataset
        From `capital_adequacy`; a dimension `scenario` gives a fan for each scenario, at most four.
    ratio : str
        "cet1_ratio", "tier1_ratio", "total_ratio", "leverage_ratio" or another ratio of the Dataset.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; None: a new figure.
    intervals : float or sequence of float
        Central shares of the paths that the bands hold, in (0, 1); see `plot.fan`.

    Returns
    -------
    matplotlib.axes.Axes
        Fans as in `plot.fan`, a thin line at each limit of a hurdle on this ratio, and beside it name, limit and breach
        probability.

    Raises
    ------
    InputError
        Names each fault: an unknown ratio, a variable missing, an interval outside (0, 1), a limit or probability out
        of bounds, more than four scenarios.

    Examples
    --------
    Two paths, of which one falls below the minimum of 4.5 %:

    >>> import stresslab as sl
    >>> import xarray as xr
    >>> from matplotlib.figure import Figure
    >>> adequacy = xr.Dataset(
    ...     {"cet1_ratio": (("path", "month"), [[0.12, 0.10], [0.12, 0.04]]), "hurdle_limit": ("hurdle", [0.045]),
    ...      "hurdle_ratio": ("hurdle", ["cet1_ratio"]), "breach_probability": ("hurdle", [0.5])},
    ...     {"month": [0, 1], "hurdle": ["cet1_minimum"], "hurdle_label": ("hurdle", ["CET1 minimum"])})
    >>> ax = sl.plot.capital(adequacy, ax=Figure().add_subplot())
    >>> " ".join(ax.texts[0].get_text().split())
    'CET1 minimum: 4.5 % breached on 50 % of paths'
    """
    shares = intervals_of(intervals)
    refuse("plot.capital", intervals_faults(shares) + capital_faults(adequacy, ratio))
    return draw_capital(ax, adequacy, ratio, shares)


@typed
def scenario(*scenarios: xr.Dataset, figure: Figure | None = None) -> Figure:
    """Macroeconomic scenarios in panels: unemployment, real income, and each other variable that changes.

    Parameters
    ----------
    *scenarios : xarray.Dataset
        Scenarios along month, or along scenario and month; 1 to 7 in all.
    figure : matplotlib.figure.Figure, optional
        Figure to draw on; None: a new one.

    Returns
    -------
    matplotlib.figure.Figure
        A panel for each variable, a line for each scenario. Real income is an index of its growth, 100 at the start;
        other variables are drawn as they are.

    Raises
    ------
    InputError
        Names each fault: a variable missing or out of its bounds, a dimension `path`, more than seven scenarios.

    Notes
    -----
    A variable that is the same in all months of all scenarios is left out. Where a scenario lacks a variable, its
    neutral value is drawn, or no line if there is none. Month 1 is the first month of each scenario, whatever its date.

    Examples
    --------
    Income 10 % below the 105 that the baseline reaches after a year:

    >>> import stresslab as sl
    >>> from matplotlib.figure import Figure
    >>> figure = sl.plot.scenario(sl.scenario("china-baseline"), sl.scenario("income-only"), figure=Figure())
    >>> figure.axes[1].lines[1].get_ydata()[12].item()
    94.5
    """
    return draw_scenarios(named_scenarios(scenarios), figure)


@typed
def backtest(backtest: xr.Dataset, series: str = "charge_off_rate", *, ax: Axes | None = None) -> Axes:
    """Observed series of a back-test, with the fitted model, its band, and its rivals.

    Parameters
    ----------
    backtest : xarray.Dataset
        From `backtest`.
    series : str
        "charge_off_rate", or "arrears_rate" if the back-test has it.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; None: a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        A line for each source, in percent, the observed in black; the ground of the training window is grey.

    Raises
    ------
    InputError
        Names each fault: a variable or attribute missing, an unknown series.

    Examples
    --------
    >>> import stresslab as sl
    >>> import xarray as xr
    >>> from matplotlib.figure import Figure
    >>> labels = {"series": ["charge_off_rate"], "source": ["observed", "model"], "quarter": ["2007Q1", "2007Q2"]}
    >>> rate = xr.DataArray([[[0.04, 0.06], [0.05, 0.05]]], labels, ("series", "source", "quarter"))
    >>> backtest = xr.Dataset({"rate": rate, "rate_low": rate - 0.01, "rate_high": rate + 0.01,
    ...     "in_test": ("quarter", [False, True])}, attrs={"interval": 0.9})
    >>> ax = sl.plot.backtest(backtest, ax=Figure().add_subplot())
    >>> ax.get_ylabel(), ax.lines[0].get_ydata()
    ('net charge-offs [% a year]', array([5., 5.]))
    """
    refuse("plot.backtest", backtest_faults(backtest, series))
    return draw_backtest(style.axes_or_new(ax), backtest, series)
