"""Pictures of results and measures, on matplotlib axes.

Each function draws on the axes given, or on those of a new figure, and returns them. What is drawn keeps the unit of
the data (currency, decimals); only tick labels are scaled. Hues are told apart with any colour vision, and scenarios
differ in line style too. The settings of matplotlib are left alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stresslab.checks import refuse
from stresslab.views import style
from stresslab.views.allowances import draw_movement, draw_shares, stage_faults, waterfall_faults
from stresslab.views.arrears import arrears_faults, draw_arrears
from stresslab.views.backtests import backtest_faults, draw_backtest
from stresslab.views.bands import draw_fans, end_labels, intervals_faults, intervals_of
from stresslab.views.capital import capital_faults, draw_capital
from stresslab.views.cash import buffer_faults, draw_buffers
from stresslab.views.ladders import draw_ladder, draw_survival, ladder_faults, survival_faults
from stresslab.views.life import draw_life, life_faults
from stresslab.views.losses import draw_histograms, draw_marks, loss_faults, loss_marks, sharpest_level
from stresslab.views.quantity import each_scenario, read_quantity
from stresslab.views.scenarios import draw_scenarios, named_scenarios
from stresslab.views.tornado import draw_tornado, tornado_faults

__all__ = ["allowance_waterfall", "arrears", "backtest", "buffer", "capital", "fan", "ladder", "life"]
__all__ += ["loss_distribution", "scenario", "stages", "survival", "tornado"]


def fan(
    result: xr.Dataset | xr.DataArray,
    variable: str = "balance",
    *,
    ax: Axes | None = None,
    lender: str = "own",
    intervals: float | Sequence[float] = (0.5, 0.9),
) -> Axes:
    """Fan chart: the median of a variable month by month, and bands that hold given shares of the paths.

    result : Dataset of simulate(), macro_paths() or a measure over months; or DataArray (path, month), drawn under its
        own name and with the unit of its attrs "units". A `scenario` dimension gives one fan each, at most four
    variable : of the dataset, or "arrears_rate", "arrears_rate_90": share of the balance 30, 90 or more days past due.
        Amounts and counts are summed over segments, buckets, stages and causes
    ax : axes to draw on; None: a new figure
    lender : "own" (attrs own_lender) | "all" (the system) | a name; matters where the variable has segments
    levels : shares of the paths that the bands hold, in (0, 1)
    Returns the axes: for each scenario a band for each level, the widest first, and a line, the median.
    The band of level p over n paths is x_(n + 1 - k) ... x_(k), k = ceil(n (1 + p) / 2), month by month: its edges are
    quantiles as measures.estimators has them, and no single path need run along one.
    Raises InputError naming each fault: an unknown variable or lender, a level outside (0, 1), other dimensions, a
    number that is not finite, more than four scenarios.

    >>> from matplotlib.figure import Figure
    >>> paid = xr.DataArray([[1e6, 2e6], [3e6, 4e6], [5e6, 9e6]], {"month": [1, 2]}, ("path", "month"), "paid")
    >>> ax = fan(paid, ax=Figure().add_subplot())
    >>> ax.lines[0].get_ydata(), ax.get_ylabel()
    (array([3000000., 4000000.]), 'paid in the month [currency million]')
    """
    shares = intervals_of(intervals)
    faults = style.axes_faults(ax) + intervals_faults(shares)
    shown = read_quantity(result, variable, lender, "plot.fan", faults)
    ax = style.axes_or_new(ax)
    draw_fans(ax, shown, shares)
    style.height_axis(ax)
    if names := end_labels(shown):
        style.beside(ax, names, bold=True, leader=False)
    return ax


def arrears(result: xr.Dataset, *, ax: Axes | None = None, lender: str = "own") -> Axes:
    """The ladder of arrears: share of the balance in each bucket of days past due, month by month, mean over paths.

    result : Dataset of simulate(); needs balance
    ax : axes to draw on; None: a new figure
    lender : "own" (attrs own_lender) | "all" (the system) | a name
    Returns the axes: one area for each bucket from 30 days, stacked, the oldest debt on top. Current is left out,
    as it would dwarf the rest; the note below the title says how much it is.
    Raises InputError naming each fault: a variable missing, negative or not finite, an unknown lender, a month without
    any balance, more than one scenario.

    >>> from matplotlib.figure import Figure
    >>> from stresslab.schema import BUCKETS
    >>> balance = np.array([[90.0, 10, 0, 0, 0, 0, 0, 0], [60.0, 30, 10, 0, 0, 0, 0, 0]])[None, :, None]
    >>> result = xr.Dataset({"balance": (("path", "month", "segment", "bucket"), balance)}, {
    ...     "month": [0, 1], "bucket": list(BUCKETS), "segment": ["us:card"], "lender": ("segment", ["us"]),
    ...     "product": ("segment", ["card"])}, {"own_lender": "us"})
    >>> print(arrears(result, ax=Figure().add_subplot()).get_title())
    Balance past due, us
    mean of 1 path; not shown: current, 90.0 % at the start and 60.0 % at the end
    """
    refuse("plot.arrears", style.axes_faults(ax) + arrears_faults(result, lender))
    return draw_arrears(ax, result, lender)


def loss_distribution(
    losses: xr.Dataset, *, ax: Axes | None = None, segment: str = "total", level: float | None = None
) -> Axes:
    """Histogram of the loss over paths; above it expected loss, VaR and ES with their 95 % intervals.

    losses : Dataset of measures.loss_distribution(); a `scenario` dimension gives one histogram each, at most four
    ax : axes to draw on; None: a new figure
    segment : which one, "total" for all
    level : of VaR and ES, one of those in losses; None: the highest at which the interval of VaR is bounded, that is
        the highest for which there are paths enough, or else the lowest
    Returns the axes: loss as a share of the opening balance [1] against the share of the paths in each bin; above, a
    dot and a whisker for each estimate, with its numbers. The interval of VaR is that of the dataset, with an
    arrowhead where it has no bound; those of expected loss and ES reach 1.96 standard errors to each side.
    Raises InputError naming each fault: a variable missing, an unknown segment or level, a segment that opened empty,
    more than four scenarios.

    >>> from matplotlib.figure import Figure
    >>> from stresslab.measures import losses as measure
    >>> from stresslab.schema import BUCKETS
    >>> dims, lost = ("path", "month", "segment"), np.array([1.0, 2.0, 3.0, 6.0])[:, None, None] * [[0.0], [1.0]]
    >>> result = xr.Dataset(
    ...     {"balance": ((*dims, "bucket"), np.full((4, 2, 1, 8), 25.0)), "written_off": (dims, lost),
    ...      "forgiven": (dims, 0.0 * lost), "recovered": (dims, 0.0 * lost)},
    ...     {"month": [0, 1], "bucket": list(BUCKETS), "segment": ["us:card"], "lender": ("segment", ["us"]),
    ...      "product": ("segment", ["card"])}, {"own_lender": "us"})
    >>> ax = loss_distribution(measure.loss_distribution(result, levels=0.5), ax=Figure().add_subplot())
    >>> ax.texts[1].get_text()  # the 2nd of 4 losses, over 200; four paths are too few for an interval
    'VaR 50 %: 1.00 % [-∞, ∞]'
    """
    refuse("plot.loss_distribution", style.axes_faults(ax) + loss_faults(losses, segment, level))
    views = [(name, view.sel(segment=segment)) for name, view in each_scenario(losses)]
    level = sharpest_level([view for _, view in views]) if level is None else level
    groups = [(name, loss_marks(view, level)) for name, view in views]
    ax = style.axes_or_new(ax)
    peak = draw_histograms(ax, [view["loss_rate"].values for _, view in views])
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
    draw_marks(ax, groups, peak)
    return ax


def buffer(buffer: xr.Dataset, *, ax: Axes | None = None) -> Axes:
    """Fan of the cumulative cash gap, and the liquidity buffer that carries the lender through it.

    buffer : Dataset of measures.liquidity_buffer(); a `scenario` dimension gives one fan each, at most four
    ax : axes to draw on; None: a new figure
    Returns the axes: the fan, with bands for 50 % and, if the buffer's level q is above 0.5, for 2 q - 1 of the
    paths, which puts q on its lower edge; a line at minus the buffer, with its 95 % interval as a whisker and in words;
    with one scenario, also the path with the largest shortfall. The line lies on or below the band's edge, as the
    worst month comes at another time on each path.
    Raises InputError naming each fault: a variable missing or not finite, more than four scenarios.

    >>> from matplotlib.figure import Figure
    >>> gaps = np.array([[-1e6, -2e6], [-3e6, 1e6]])
    >>> found = xr.Dataset(
    ...     {"cumulative_gap": (("path", "month"), gaps, {"units": "currency"}), "shortfall": ("path", [2e6, 3e6]),
    ...      "buffer": 2e6, "buffer_low": -np.inf, "buffer_high": np.inf},
    ...     {"month": [1, 2]}, {"level": 0.5, "currency": "CNY", "lender": "us"})
    >>> for text in buffer(found, ax=Figure().add_subplot()).texts:
    ...     print(text.get_text())
    buffer at 50 %:
    CNY 2.00 million
    [-∞, ∞]
    worst path, short by
    CNY 3.00 million
    in month 1
    """
    refuse("plot.buffer", style.axes_faults(ax) + buffer_faults(buffer))
    shown = read_quantity(buffer, "cumulative_gap", "own", "plot.buffer")
    level = float(buffer.attrs["level"])
    intervals = sorted({0.5, 2.0 * level - 1.0} if level > 0.5 else {0.5})
    ax = style.axes_or_new(ax)
    draw_fans(ax, shown, intervals, "Cumulative cash gap")
    ax.plot(shown.months[[0, -1]], [0.0, 0.0], color="0.4", linewidth=0.8)
    draw_buffers(ax, each_scenario(buffer), shown.months, shown.currency)
    return ax


def life(
    result: xr.Dataset, borrower: int | None = None, *, path: int | None = None, figure: Figure | None = None
) -> Figure:
    """One traced borrower on one page: pay and job, what he owes, and every loan month by month.

    result : Dataset of simulate(trace=[...])
    borrower : id of a traced borrower; None: the first
    path : label along `path`; None: the first
    figure : to draw on; None: a new one
    Returns the figure. Above: pay, necessities with rare expenses, and the buffer; months without a job are shaded.
    Middle: what he owes, current, 30 or more days past due, written off. Below: a row for each loan in the order of the
    portfolio, shaded by days past due, with marks for payments, misses, contact (more than half of late payers like him
    were reached), plans and write-off, and the cause of the last fall into arrears that was not cured.
    Raises InputError naming each fault: nothing traced, an unknown borrower or path, several scenarios.

    >>> import stresslab as sl
    >>> book = sl.synthetic_portfolio("china-online", borrowers=300, seed=1)
    >>> who = int(book["borrower_id"][0])
    >>> run = sl.simulate(book, sl.scenario("china-baseline"), seed=3, horizon=6, trace=[who], progress=False)
    >>> from matplotlib.figure import Figure
    >>> len(life(run, who, figure=Figure()).axes)
    3
    """
    refuse("plot.life", life_faults(result, borrower, path, figure))
    return draw_life(result, borrower, path, figure)


def allowance_waterfall(movement: xr.Dataset, *, ax: Axes | None = None) -> Axes:
    """What moved an allowance from one month end to another, row by row; means over paths, whiskers hold 90 % of them.

    movement : Dataset of allowance_movement(), one scenario; stages are drawn together, rows that never move are not
    ax : axes to draw on; None: a new figure
    Returns the axes: a bar for each row from where the one before ended, opening and closing from 0, the mean in words.
    Raises InputError naming each fault.

    >>> from matplotlib.figure import Figure
    >>> table = xr.DataArray([[4e6, 3e6, -1e6, 6e6]], {"row": ["opening", "outlook", "write_off", "closing"]},
    ...     ("path", "row"))
    >>> ax = allowance_waterfall(xr.Dataset({"movement": table}), ax=Figure().add_subplot())
    >>> [(float(bar.get_y()), float(bar.get_height())) for bar in ax.patches][1]
    (4000000.0, 3000000.0)
    """
    refuse("plot.allowance_waterfall", style.axes_faults(ax) + waterfall_faults(movement))
    return draw_movement(style.axes_or_new(ax), movement)


def stages(provisions: xr.Dataset, *, ax: Axes | None = None) -> Axes:
    """Shares of the balance in stages 2 and 3 of IFRS 9, month by month; means over paths.

    provisions : Dataset of provisions() under IFRS 9, one scenario
    ax : axes to draw on; None: a new figure
    Returns the axes: stage 3 from 0, stage 2 on it, dotted lines between which 90 % of the paths have both together.
    Raises InputError naming each fault.

    >>> from matplotlib.figure import Figure
    >>> balance = xr.DataArray([[[90.0, 8.0, 2.0], [80.0, 15.0, 5.0]]], {"month": [0, 1]}, ("path", "month", "stage"))
    >>> ax = stages(xr.Dataset({"stage_balance": balance}), ax=Figure().add_subplot())
    >>> ax.get_ylabel()
    'share of the balance [%]'
    """
    refuse("plot.stages", style.axes_faults(ax) + stage_faults(provisions))
    return draw_shares(style.axes_or_new(ax), provisions)


def ladder(ladder: xr.Dataset, *, ax: Axes | None = None) -> Axes:
    """Cash-flow ladder: who brings and who drains cash month by month, the gap so far, and what there is against it.

    ladder : Dataset of measures.liquidity_ladder(), one scenario
    ax : axes to draw on; None: a new figure
    Returns the axes: bars of net cash of the month, means over paths, what comes in above 0; they add up to net_flow.
    Lending would dwarf the rest, so customers are one bar (repayments and recoveries less lending and further draws),
    partners one (fees less guarantees), operating cost has the fees of lines; a bar that is always 0 is left out.
    A line, the mean cumulative gap, in a band that holds 90 % of the paths; dashed, minus the mean capacity.
    Raises InputError naming each fault.

    >>> from matplotlib.figure import Figure
    >>> cell, by = ("path", "month"), {"month": [1, 2], "source": ["repayments"], "use": ["lending"]}
    >>> ax = ladder(xr.Dataset({"inflow": ((*cell, "source"), [[[90.0], [60.0]]]),
    ...     "outflow": ((*cell, "use"), [[[50.0], [80.0]]]), "cumulative_gap": (cell, [[40.0, 20.0]]),
    ...     "counterbalancing_capacity": (cell, [[30.0, 30.0]])}, by), ax=Figure().add_subplot())
    >>> [float(bar.get_height()) for bar in ax.containers[0]]  # 90 - 50, then 60 - 80
    [40.0, -20.0]
    """
    refuse("plot.ladder", style.axes_faults(ax) + ladder_faults(ladder))
    return draw_ladder(style.axes_or_new(ax), ladder)


def survival(survival: xr.Dataset, *, ax: Axes | None = None) -> Axes:
    """Share of the paths on which the lender has paid through each month without new funding.

    survival : Dataset of measures.survival_horizon(); a `scenario` dimension gives one line each, at most four
    ax : axes to draw on; None: a new figure
    Returns the axes: steps from 1 at month 0, a band, the exact 95 % interval, and both at the end in words.
    Raises InputError naming each fault.

    >>> from matplotlib.figure import Figure
    >>> chances = {"": [1.0, 0.5], "_low": [0.2, 0.0], "_high": [1.0, 1.0]}
    >>> lasts = xr.Dataset({f"survival_probability{end}": ("month", chance) for end, chance in chances.items()}
    ...     | {"survival_month": ("path", [2.0, np.nan])}, {"month": [1, 2]})
    >>> survival(lasts, ax=Figure().add_subplot()).lines[0].get_ydata()
    array([1. , 1. , 0.5])
    """
    refuse("plot.survival", style.axes_faults(ax) + survival_faults(survival))
    return draw_survival(style.axes_or_new(ax), survival)


def tornado(sensitivity: xr.Dataset, *, ax: Axes | None = None) -> Axes:
    """How far an outcome moves when one parameter at a time takes its low or its high value, the largest on top.

    sensitivity : Dataset (parameter), up to 20: low, high (effect of either value, the difference to base), low_se,
        high_se (NaN: unknown), low_value, high_value; base; attrs outcome (words), units ("1", "currency"), currency
    ax : axes to draw on; None: a new figure, high enough for all rows
    Returns the axes: bars from 0, half as high where both effects have one sign, the parameter's value at the end, and
    whiskers of 1.96 standard errors to each side.
    Raises InputError naming each fault.

    >>> from matplotlib.figure import Figure
    >>> effects = {"low": [1.0, -3.0], "high": [-1.0, 2.0], "low_value": [0.1, 5.0], "high_value": [0.2, 9.0],
    ...     "low_se": [0.1, 0.1], "high_se": [0.1, 0.1]}
    >>> ax = tornado(xr.Dataset({name: ("parameter", values) for name, values in effects.items()} | {"base": 20.0},
    ...     {"parameter": ["pay", "speed"]}, {"outcome": "loss", "units": "currency"}), ax=Figure().add_subplot())
    >>> [label.get_text() for label in ax.get_yticklabels()], [text.get_text() for text in ax.texts]
    (['speed', 'pay'], ['5', '9', '0.1', '0.2'])
    """
    refuse("plot.tornado", style.axes_faults(ax) + tornado_faults(sensitivity))
    return draw_tornado(ax, sensitivity)


def capital(
    adequacy: xr.Dataset,
    ratio: str = "cet1_ratio",
    *,
    ax: Axes | None = None,
    intervals: float | Sequence[float] = (0.5, 0.9),
) -> Axes:
    """Fan of a capital ratio, and the hurdles set on it with the probability of breach.

    adequacy : Dataset of measures.capital_adequacy(); a `scenario` dimension gives one fan each, at most four
    ratio : "cet1_ratio" | "tier1_ratio" | "total_ratio" | "leverage_ratio" | another of the dataset
    ax, levels : as in fan()
    Returns the axes: fans as fan() draws them, a thin line at each hurdle_limit of this ratio, words beside.
    Raises InputError naming each fault.

    >>> from matplotlib.figure import Figure
    >>> found = xr.Dataset({"cet1_ratio": (("path", "month"), [[0.12, 0.10], [0.12, 0.04]]), "hurdle_limit": ("hurdle",
    ...     [0.045]), "hurdle_ratio": ("hurdle", ["cet1_ratio"]), "breach_probability": ("hurdle", [0.5])},
    ...     {"month": [0, 1], "hurdle": ["CET1 minimum"]})
    >>> " ".join(capital(found, ax=Figure().add_subplot()).texts[0].get_text().split())
    'CET1 minimum: 4.5 % breached on 50 % of paths'
    """
    shares = intervals_of(intervals)
    refuse("plot.capital", style.axes_faults(ax) + intervals_faults(shares) + capital_faults(adequacy, ratio))
    return draw_capital(ax, adequacy, ratio, shares)


def scenario(*scenarios: xr.Dataset, figure: Figure | None = None) -> Figure:
    """Scenarios side by side: a panel for unemployment, one for real income, one for each other variable that moves.

    scenarios : Datasets (month) or (scenario, month); 1 to 7 together
    figure : to draw on; None: a new one
    Returns the figure. Real income is an index of its growth, 100 at the start; the rest is as the scenario has it. A
    variable that stays the same in every month of all is not drawn, and one that a scenario does not speak of has no
    line, or that of its neutral value. Month 1 is the first of each scenario, whenever that was.
    Raises InputError naming each fault: a variable missing or out of its bounds, paths, more than seven.

    >>> import stresslab as sl
    >>> from matplotlib.figure import Figure
    >>> shown = scenario(sl.scenario("china-baseline"), sl.scenario("income-only"), figure=Figure())
    >>> shown.axes[1].lines[1].get_ydata()[12].item()  # 10 % below 105
    94.5
    """
    return draw_scenarios(named_scenarios(scenarios, figure), figure)


def backtest(found: xr.Dataset, series: str = "charge_off_rate", *, ax: Axes | None = None) -> Axes:
    """A series as it was, as a fitted model has it with its band, and as the model's rivals do.

    found : Dataset of studies.backtest.backtest()
    series : "charge_off_rate" | "arrears_rate", if found has it
    ax : to draw on; None: a new figure
    Returns the axes: the window of the fit is grey. Raises InputError naming each fault.

    >>> from matplotlib.figure import Figure
    >>> rate = xr.DataArray([[[0.04, 0.06], [0.05, 0.05]]], {"series": ["charge_off_rate"], "source": ["observed",
    ...     "model"], "quarter": ["2007Q1", "2007Q2"]}, ("series", "source", "quarter"))
    >>> found = xr.Dataset({"rate": rate, "rate_low": rate - 0.01, "rate_high": rate + 0.01,
    ...     "in_test": ("quarter", [False, True])}, attrs={"interval": 0.9})
    >>> backtest(found, ax=Figure().add_subplot()).get_ylabel()
    'net charge-offs [% a year]'
    """
    refuse("plot.backtest", style.axes_faults(ax) + backtest_faults(found, series))
    return draw_backtest(style.axes_or_new(ax), found, series)
