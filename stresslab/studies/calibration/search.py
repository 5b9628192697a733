"""Calibration of model parameters to observed figures: the method of simulated moments on shared draws."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from scipy.stats import chi2
from tqdm import tqdm

from stresslab.checks import refuse
from stresslab.engine.mean_field import sample_of
from stresslab.engine.model import Model
from stresslab.engine.prepare import model_for
from stresslab.engine.result import fingerprint
from stresslab.measures.result_view import Output, labelled, of_the_run
from stresslab.studies.calibration.identification import Identification, identify, warnings_of
from stresslab.studies.calibration.moments import Array, Method, SimulatedMoments
from stresslab.studies.calibration.question import question_faults, ranges_of, search_faults
from stresslab.studies.calibration.targets import Target
from stresslab.studies.seeds import drawn_seed
from stresslab.typed import typed

Bounds = tuple[float, float]
OF_PARAMETER, OF_TARGET = "as the parameter", "as the target"
OUTPUTS = {
    "start": Output(OF_PARAMETER, "parameter where the search began"),
    "fitted": Output(OF_PARAMETER, "fitted parameter"),
    "lower_bound": Output(OF_PARAMETER, "lower bound of the parameter"),
    "upper_bound": Output(OF_PARAMETER, "upper bound of the parameter"),
    "covariance": Output("product of the parameters'", "covariance of the fitted parameters"),
    "target_value": Output(OF_TARGET, "value in the data"),
    "simulated_start": Output(OF_TARGET, "simulated value where the search began"),
    "simulated": Output(OF_TARGET, "simulated value at the fitted parameters"),
    "z": Output("1", "simulated less target value over their standard error"),
    "sensitivity": Output("target's over parameter's", "change of the simulated value with the parameter"),
    "sensitivity_scaled": Output("1", "sensitivity in errors of the target for the width of the bounds"),
    "influence": Output("parameter's over target's", "change of the fitted parameter with the target's value"),
    "influence_scaled": Output("1", "influence in errors of the parameter for an error of the target"),
    "singular_value": Output("1", "singular value of the scaled sensitivity"),
    "loading": Output("1", "part of the parameter in the direction"),
}


@typed
def calibrate(
    portfolio: xr.Dataset,
    macro: xr.Dataset,
    targets: Sequence[Target],
    parameters: Mapping[str, Bounds | None] | Sequence[str],
    *,
    model: Model | None = None,
    seed: int | None = None,
    sample: int | None = None,
    warmup: int = 0,
    seasoning: int = 0,
    method: Method = "least-squares",
    step: float = 0.15,
    iterations: int = 20,
    checkpoint: str | PathLike[str] | None = None,
    progress: bool = True,
    **simulation: Any,
) -> xr.Dataset:
    r"""Model parameters at which a simulated portfolio shows the figures that data show, with standard errors.

    Parameters
    ----------
    portfolio : xarray.Dataset
        As in `simulate`.
    macro : xarray.Dataset
        As in `simulate`, one scenario.
    targets : sequence of Target
        At least as many as parameters; the `correlation` of those from `targets.from_panel` or `targets.from_tape`
        enters the standard errors.
    parameters : mapping of str to (float, float) or None, or sequence of str
        Names as in `Model.replace`, "name[0]" for the first of a list, with (low, high), or None for the bounds of the
        model's own table.
    model : Model or None
        Where the search starts; None: the preset of the portfolio.
    seed : int or None
        Of every run, so that the misfit is a smooth function; drawn if None and stored in attrs.
    sample : int or None
        Borrowers simulated, every k-th; None: all.
    warmup : int
        Months of `macro` simulated before measuring, on every run; month 0 of what statistics see is their end. A
        portfolio left by other parameters, or by the world, belongs to the parameters tried only after a warm-up.
    seasoning : int
        Months the portfolio is advanced before each run, along one path that stays at the first month of `macro`:
        cheaper than a warm-up on many paths, for parameters whose steady state is far.
    method : {"least-squares", "nelder-mead"}
        Trust region within the bounds, or no derivatives and several times the runs.
    step : float
        Of a parameter for its sensitivity, relative to the distance of its start from the table's nearer bound; with
        small steps single borrowers count. A first search takes twice these steps.
    iterations : int
        At most, of each search, each as many runs as there are parameters and one.
    checkpoint : str, PathLike or None
        File to which every run's statistics are appended; the same question continues from it. A statistic of your own
        is known by its code, not by what that calls: delete the file when this has changed.
    progress : bool
        Show a progress bar.
    **simulation
        Further arguments of `simulate`, such as `horizon`, `feedback` or `threads`.

    Returns
    -------
    xarray.Dataset
        ==================  ====================  ===========  ==============================================
        variable            dims                  unit         meaning
        ==================  ====================  ===========  ==============================================
        start               parameter             parameter's  where the search began
        fitted              parameter             parameter's  estimate; `fitted_se` its standard error
        lower_bound         parameter             parameter's  of the search
        upper_bound         parameter             parameter's  of the search
        covariance          parameter, other      product      of the estimates
        target_value        target                target's     in the data; `target_value_se` its error
        simulated_start     target                target's     simulated where the search began
        simulated           target                target's     at the estimate; `simulated_se` its error
        z                   target                1            simulated - target value, over both errors
        sensitivity         target, parameter     ratio        d simulated / d parameter
        sensitivity_scaled  target, parameter     1            over the target's error, for the bounds' width
        influence           parameter, target     ratio        d fitted / d target_value
        influence_scaled    parameter, target     1            for an error of the target, over fitted_se
        singular_value      direction             1            of sensitivity_scaled
        loading             direction, parameter  1            part of each parameter in the direction
        ==================  ====================  ===========  ==============================================

        The error of a direction is 1 / singular_value widths of the bounds. Attrs: `misfit`, `degrees_of_freedom`
        (targets less parameters), `p_value` (of the sum of z squared, for independent targets), `condition_number`,
        `warnings` (a JSON list), `evaluations`, `message`, `model` (JSON, see `calibrated_model`), `seed` and what
        else was chosen.

    Raises
    ------
    InputError
        Names each fault: an unknown parameter, a whole number (compare its values one by one), bounds beyond the table,
        fewer targets than parameters, a statistic that gives no number.

    Notes
    -----
    The estimate minimises the sum over targets of squared residuals in standard errors,

    .. math:: \mathrm{misfit}(\theta) = \sum_i \left( \frac{s_i(\theta) - v_i}{e_i} \right)^2

    With J the sensitivities and :math:`W = \mathrm{diag}(1 / e_i^2)` the influence of targets on estimates [1]_ and the
    covariance of the estimates are

    .. math:: L = (J'WJ)^{-1} J'W , \quad \mathrm{cov}(\hat\theta) = L \, (S_{data} + S_{simulation}) \, L'

    with :math:`S_{simulation}` by the jackknife over groups of borrowers, and of paths if these differ:
    :math:`(1 + 1/S)(J'WJ)^{-1}` where S times as much was simulated as observed. Borrowers count as drawn at random: a
    tape of the very loans that the targets speak of has less error than this says. The minimum is one near the start,
    not the lowest of all: start elsewhere (`model`) where it matters.

    References
    ----------
    .. [1] Andrews, Gentzkow and Shapiro (2017), Measuring the sensitivity of parameter estimates to estimation moments,
       Quarterly Journal of Economics 132, 1553-1592.

    Examples
    --------
    The share in arrears of the portfolio itself as the target: the search ends where it starts.

    >>> import stresslab as sl
    >>> book = sl.synthetic_portfolio("china-online", borrowers=400, seed=1)
    >>> macro = sl.scenario("china-baseline").isel(month=slice(0, 3))
    >>> share = sl.targets.arrears_share(30, lender="all")
    >>> seen = share(sl.simulate(book, macro, seed=7, progress=False))
    >>> report = sl.calibrate(
    ...     book, macro, [sl.targets.Target("arrears", seen, 0.001, share)], ["willingness.forgetting"], seed=7,
    ...     iterations=1, progress=False)
    >>> round(float(report["fitted"][0] - report["start"][0]), 9), report.attrs["misfit"]
    (0.0, 0.0)
    """
    base, faults = model_for(portfolio, model)
    bounds = dict(parameters) if isinstance(parameters, Mapping) else dict.fromkeys(parameters)
    ranges, start, others = ranges_of(base, bounds)
    faults += others
    faults += question_faults(macro, targets, bounds, simulation, seed, checkpoint)
    faults += search_faults(macro, sample, warmup, seasoning, method, step, iterations, simulation.get("horizon"))
    refuse("calibrate", faults)
    book = portfolio if sample is None else sample_of(portfolio, sample)
    with tqdm(desc="calibration", disable=not progress, unit=" runs") as bar:
        moments = SimulatedMoments(
            book, macro, tuple(targets), base, list(bounds), ranges, int(drawn_seed(seed)), warmup, seasoning,
            simulation, None if checkpoint is None else Path(checkpoint), bar,
        )  # fmt: skip
        moments.read_checkpoint()
        begin = moments.unit(start)
        point, message = moments.minimise(begin, method, step, iterations)
        slopes = moments.slopes(point, step, central=True)
        noise = moments.noise(point)
    report = _report(moments, begin, point, slopes, noise, getattr(targets, "correlation", None), message)
    attrs = of_the_run(portfolio) | {"fingerprint": fingerprint(portfolio), "seed": str(moments.seed)}
    return report.assign_attrs(attrs, method=method)


@typed
def calibrated_model(report: xr.Dataset) -> Model:
    """Fitted model of a report of `calibrate`, also of one saved and read again.

    Parameters
    ----------
    report : xarray.Dataset
        From `calibrate`.

    Returns
    -------
    Model
        The model of the search with the fitted parameters.

    Raises
    ------
    InputError
        If there is no model in attrs.

    Examples
    --------
    >>> import json
    >>> import stresslab as sl
    >>> import xarray as xr
    >>> fitted = sl.Model().replace(**{"income.low_pay": 0.5})
    >>> report = xr.Dataset(attrs={"model": json.dumps(fitted.to_dict())})
    >>> sl.calibrated_model(report).income.low_pay
    0.5
    """
    if "model" not in report.attrs:
        refuse(
            "calibrated_model", ["report: found no 'model' in attrs, expected a fitted one; give that of calibrate()"]
        )
    return Model().replace(**json.loads(report.attrs["model"]))


def _report(
    moments: SimulatedMoments, begin: Array, point: Array, slopes: Array, noise: Array, correlation: Any, message: str
) -> xr.Dataset:
    """Estimates, fit and identification as a labelled Dataset."""
    data = np.outer(moments.error, moments.error)
    data = data * (np.eye(len(moments.targets)) if correlation is None else correlation)
    identified = identify(slopes, moments.error, data + noise)
    width, simulated = moments.ranges[:, 1] - moments.ranges[:, 0], moments.figures(point)
    error = np.sqrt(np.diag(identified.covariance))
    z = (simulated - moments.value) / np.sqrt(moments.error**2 + np.diag(noise))
    degrees = len(moments.targets) - len(moments.names)
    of_parameter, of_target = ("parameter",), ("target",)
    both, turned = ("target", "parameter"), ("parameter", "target")
    out = xr.Dataset(
        {
            "start": (of_parameter, moments.natural(begin)),
            "fitted": (of_parameter, moments.natural(point)),
            "fitted_se": (of_parameter, error * width),
            "lower_bound": (of_parameter, moments.ranges[:, 0]),
            "upper_bound": (of_parameter, moments.ranges[:, 1]),
            "covariance": (("parameter", "other"), identified.covariance * np.outer(width, width)),
            "target_value": (of_target, moments.value),
            "target_value_se": (of_target, moments.error),
            "simulated_start": (of_target, moments.figures(begin)),
            "simulated": (of_target, simulated),
            "simulated_se": (of_target, np.sqrt(np.diag(noise))),
            "z": (of_target, z),
            "sensitivity": (both, slopes / width),
            "sensitivity_scaled": (both, slopes / moments.error[:, None]),
            "influence": (turned, identified.influence * width[:, None]),
            "influence_scaled": (turned, identified.influence * moments.error / error[:, None]),
            "singular_value": ("direction", identified.singular),
            "loading": (("direction", "parameter"), identified.directions),
        },
        {"parameter": moments.names, "other": moments.names, "target": [target.name for target in moments.targets]},
    )
    return labelled(out, OUTPUTS).assign_attrs(
        misfit=float(np.sum(((simulated - moments.value) / moments.error) ** 2)), degrees_of_freedom=degrees,
        p_value=float(chi2.sf(z @ z, degrees)) if degrees else float("nan"),
        condition_number=identified.condition,
        warnings=json.dumps(_warnings(identified, moments, point, message)),
        evaluations=len(moments.known), message=message, model=json.dumps(moments.model_at(point).to_dict()),
        warmup=moments.warmup, seasoning=moments.seasoning, borrowers=moments.book.sizes["borrower"],
    )  # fmt: skip


def _warnings(identified: Identification, moments: SimulatedMoments, point: Array, message: str) -> list[str]:
    """Of identification, and of a search that was cut short."""
    texts = warnings_of(identified, moments.names, point)
    if "maximum number" in message.lower():
        texts.append(f"search: ended early ({message}); allow more iterations")
    return texts
