"""A study: the stress test that a file describes, and its answers: datasets, key figures, and files of both."""

from __future__ import annotations

import dataclasses
import json
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

import stresslab as sl
from stresslab.measures.capital.regimes import regime_for
from stresslab.measures.defaults import default_provisioning
from stresslab.measures.provisions.regimes import regime_of
from stresslab.measures.result_view import select
from stresslab.schema import PAST_DUE, InputError
from stresslab.study_file import Study as Study
from stresslab.study_file import side_by_side
from stresslab.study_file import read_study as read_study
from stresslab.study_trial import buffer_arguments

DEFAULT_DONORS = 10_000
"""Borrowers of the synthetic portfolio that completes a tape, where the study does not say how many."""


@dataclass(frozen=True)
class Answers:
    """Datasets that a study produced, and the portfolio and result that they are of."""

    portfolio: xr.Dataset
    result: xr.Dataset
    losses: xr.Dataset
    provisions: xr.Dataset
    liquidity: xr.Dataset
    capital: xr.Dataset


def demo_study(borrowers: int | None = None, paths: int | None = None) -> Study:
    """Study of `stresslab demo`: a million Chinese online loans in the Federal Reserve's scenarios.

    Parameters
    ----------
    borrowers : int, optional
        Instead of the file's number.
    paths : int, optional
        Macro paths for each scenario, instead of the file's number.

    Returns
    -------
    Study
        Ready for `run_study`.

    Examples
    --------
    >>> demo_study(paths=4).arguments["macro_paths"]["paths"]
    4
    """
    content = tomllib.loads((resources.files("stresslab") / "demo.toml").read_text("utf-8"))
    if borrowers is not None:
        content["synthetic_portfolio"]["borrowers"] = borrowers
    if paths is not None:
        content["macro_paths"]["paths"] = paths
    return read_study(content)


def run_study(study: Study, *, progress: bool = True) -> Answers:
    """Run a study: portfolio, macro paths, simulation, losses, provisions, liquidity and capital.

    Parameters
    ----------
    study : Study
        From `read_study` or `demo_study`.
    progress : bool, default True
        Show a progress bar on standard error.

    Returns
    -------
    Answers
        Datasets `portfolio`, `result`, `losses`, `provisions`, `liquidity`, `capital`; each carries the study as JSON
        in attrs["study"].

    Raises
    ------
    InputError
        From the functions that the study calls.

    Examples
    --------
    >>> small = demo_study(borrowers=300, paths=2)
    >>> answers = run_study(small, progress=False)
    >>> answers.result["scenario"].values.tolist()
    ['fed-2026-baseline', 'fed-2026-severely-adverse']
    """
    given = study.arguments
    portfolio = _portfolio(given)
    if faults := _lender_faults(given, portfolio):
        raise InputError(study.title, faults)
    macro = sl.macro_paths(side_by_side(study.scenarios), **given["macro_paths"])
    result = sl.simulate(portfolio, macro, progress=progress, **given["simulate"])
    rules = regime_of(given["provisions"].get("provisioning") or default_provisioning(result.attrs["currency"]))
    needed = not isinstance(rules, sl.China) or "term_structures" in given
    terms = _term_structures(portfolio, macro, given, progress) if needed else None
    provisioning = {**given["provisions"], "provisioning": rules, "terms": terms}
    sheet = sl.BalanceSheet.for_book(result, **given["BalanceSheet.for_book"])
    lender = given["BalanceSheet.for_book"].get("lender", "own")
    part = sl.own_part(result, sheet.funding.partners, lender=lender)
    carried = sl.provisions(part, **{**provisioning, "lender": lender})
    adequacy = {"allowance": carried, "lender": lender, **given["capital_adequacy"]}
    if regime_for(result, adequacy.get("capital_regime")).approach == "irb":
        adequacy["parameters"] = sl.irb_parameters(result, lender=lender, **given.get("irb_parameters", {}))
    answers = Answers(
        portfolio,
        result,
        sl.loss_distribution(result, **given["loss_distribution"]),
        sl.provisions(result, **provisioning),
        sl.liquidity_buffer(result, sheet.funding, lender=lender, **buffer_arguments(given, result)),
        sl.capital_adequacy(result, sheet, **adequacy),
    )
    attrs = {"study": json.dumps(study.content, default=str)}
    datasets = {item.name: getattr(answers, item.name) for item in dataclasses.fields(answers)}
    return Answers(**{name: dataset.assign_attrs(attrs) for name, dataset in datasets.items()})


def _lender_faults(given: Mapping[str, Mapping[str, Any]], portfolio: xr.Dataset) -> list[str]:
    """Faults of lenders by name that have no loan in the portfolio."""
    known = ["own", "all", *map(str, np.unique(portfolio["lender"].values.astype(str)))]
    return [
        f"{name}.lender: found {arguments['lender']!r}, expected one of {known}; choose one"
        for name, arguments in given.items()
        if arguments.get("lender", "own") not in known
    ]


def _term_structures(
    portfolio: xr.Dataset, macro: xr.Dataset, given: Mapping[str, Mapping[str, Any]], progress: bool
) -> xr.Dataset:
    """Term structures under the model, seed and renewal of the simulation, unless the study says otherwise."""
    shared = {name: given["simulate"][name] for name in ("model", "seed", "renewal") if name in given["simulate"]}
    terms: xr.Dataset = sl.term_structures(
        portfolio, macro, progress=progress, **(shared | dict(given.get("term_structures", {})))
    )
    return terms


def _portfolio(given: Mapping[str, Mapping[str, Any]]) -> xr.Dataset:
    """The synthetic portfolio, or the tape completed from donors of a preset."""
    if "read_portfolio" not in given:
        return sl.synthetic_portfolio(**given["synthetic_portfolio"])
    arguments = dict(given["read_portfolio"])
    donors = arguments.pop("donors", None)
    if donors is not None:
        arguments["donors"] = sl.synthetic_portfolio(**({"borrowers": DEFAULT_DONORS} | donors))
    return sl.read_portfolio(arguments.pop("tape"), **arguments)


def summary_table(answers: Answers) -> pd.DataFrame:
    """Key figures of a study, a column for each scenario.

    Parameters
    ----------
    answers : Answers
        From `run_study`.

    Returns
    -------
    pandas.DataFrame
        Indexed by figure; rates in % (of loss: of the opening balance over the horizon), money in millions of the
        portfolio's currency, standard errors below. Peaks are of the mean over paths.

    Examples
    --------
    >>> table = summary_table(run_study(demo_study(borrowers=300, paths=2), progress=False))
    >>> "expected loss [%]" in table.index
    True
    """
    words = {
        "currency": answers.result.attrs["currency"],
        "buffer": f"{answers.liquidity.attrs['level']:.0%}, {answers.liquidity.attrs['horizon']} months",
    }
    levels = answers.losses["level"].values.tolist()
    rows: dict[str, xr.DataArray] = {}
    for by_level, together in groupby(KEY_FIGURES, lambda figure: "{level" in figure.label):
        figures = list(together)
        for level in levels if by_level else levels[:1]:
            rows |= {label.format(level=level, **words): factor * of(answers, level) for label, factor, of in figures}
    result = answers.result
    names = list(result["scenario"].values) if "scenario" in result.dims else ["scenario"]
    return pd.DataFrame(
        {name: [float(v.sel(scenario=name) if "scenario" in v.dims else v) for v in rows.values()] for name in names},
        index=pd.Index(rows, name=result.attrs.get("preset", "")),
    )


def _own_balance(answers: Answers) -> xr.DataArray:
    """Balance of the own lender (..., path, month, bucket) [currency]."""
    return select(answers.result, "own")["balance"].sum("segment")


def _past_due(answers: Answers) -> xr.DataArray:
    """Share of the balance 30 or more days past due, mean over paths (..., month) [1]."""
    balance = _own_balance(answers)
    share: xr.DataArray = balance.isel(bucket=PAST_DUE).sum("bucket") / balance.sum("bucket")
    return share.mean("path")


def _at_end(values: xr.DataArray) -> xr.DataArray:
    """Mean over paths at the last month end."""
    return values.isel(month=-1).mean("path")


def _loss(answers: Answers, name: str, level: float | None = None) -> xr.DataArray:
    """A variable of the loss of all segments together, at a level if it has levels."""
    total = answers.losses.sel(segment="total")[name]
    return total if level is None else total.sel(level=level)


def _standard_error(values: xr.DataArray) -> xr.DataArray:
    """Standard error of the mean over paths."""
    error: xr.DataArray = values.std("path", ddof=1) / values.sizes["path"] ** 0.5
    return error


class KeyFigure(NamedTuple):
    """Row of the summary: its label, a factor, and the figure (..., scenario if there are several) at a level."""

    label: str
    factor: float
    of: Callable[[Answers, float], xr.DataArray]


PERCENT, MILLIONS = 100.0, 1e-6
KEY_FIGURES = (
    KeyFigure(
        "borrowers' unemployment, peak [%]",
        PERCENT,
        lambda answers, _: answers.result["unemployment_rate"].mean("path").max("month"),
    ),
    KeyFigure("D30+ at the start [%]", PERCENT, lambda answers, _: _past_due(answers).isel(month=0)),
    KeyFigure("D30+, peak [%]", PERCENT, lambda answers, _: _past_due(answers).max("month")),
    KeyFigure("expected loss [%]", PERCENT, lambda answers, _: _loss(answers, "expected_loss_rate")),
    KeyFigure("  its standard error [%]", PERCENT, lambda answers, _: _loss(answers, "expected_loss_rate_se")),
    KeyFigure("loss VaR {level:.1%} [%]", PERCENT, lambda answers, level: _loss(answers, "value_at_risk_rate", level)),
    KeyFigure(
        "  its standard error, {level:.1%} [%]",
        PERCENT,
        lambda answers, level: _loss(answers, "value_at_risk_rate_se", level),
    ),
    KeyFigure(
        "loss ES {level:.1%} [%]", PERCENT, lambda answers, level: _loss(answers, "expected_shortfall_rate", level)
    ),
    KeyFigure(
        "allowance at the end [{currency} m]",
        MILLIONS,
        lambda answers, _: _at_end(answers.provisions["allowance_held"]),
    ),
    KeyFigure(
        "allowance over loans at the end [%]",
        PERCENT,
        lambda answers, _: _at_end(answers.provisions["allowance_held"]) / _at_end(_own_balance(answers).sum("bucket")),
    ),
    KeyFigure("buffer {buffer} [{currency} m]", MILLIONS, lambda answers, _: answers.liquidity["buffer"]),
    KeyFigure("  its standard error [{currency} m]", MILLIONS, lambda answers, _: answers.liquidity["buffer_se"]),
    KeyFigure(
        "survival without new funding [%]", PERCENT, lambda answers, _: answers.liquidity["survival_probability"]
    ),
    KeyFigure(
        "CET1 ratio at the start [%]",
        PERCENT,
        lambda answers, _: answers.capital["cet1_ratio"].isel(month=0).mean("path"),
    ),
    KeyFigure("CET1 ratio, lowest [%]", PERCENT, lambda answers, _: answers.capital["cet1_minimum"].mean("path")),
    KeyFigure(
        "  its standard error, lowest CET1 [%]",
        PERCENT,
        lambda answers, _: _standard_error(answers.capital["cet1_minimum"]),
    ),
    KeyFigure(
        "paths that miss a capital hurdle [%]", PERCENT, lambda answers, _: answers.capital["any_breach_probability"]
    ),
    KeyFigure("  their standard error [%]", PERCENT, lambda answers, _: answers.capital["any_breach_probability_se"]),
)
"""Rows of the summary in their order; those whose label names a level are repeated for each level of loss."""


def write_answers(answers: Answers, folder: str | Path, *, figures: bool = True) -> list[Path]:
    """Write the datasets as netCDF, the key figures as CSV and the figures as PNG.

    Parameters
    ----------
    answers : Answers
        From `run_study`.
    folder : str or Path
        Made if it does not exist; files of the same names are replaced.
    figures : bool, default True
        Draw the five figures as well.

    Returns
    -------
    list of Path
        The files written.

    Examples
    --------
    >>> import tempfile
    >>> answers = run_study(demo_study(borrowers=300, paths=2), progress=False)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in write_answers(answers, folder, figures=False)][-1]
    'summary.csv'
    """
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    written = []
    for name in ("result", "losses", "provisions", "liquidity", "capital"):
        written.append(place / f"{name}.nc")
        getattr(answers, name).to_netcdf(written[-1])
    written.append(place / "summary.csv")
    summary_table(answers).to_csv(written[-1], float_format="%.6g")
    return written + (_figures(answers, place) if figures else [])


def _figures(answers: Answers, place: Path) -> list[Path]:
    """Draw and write the five figures of a study."""
    from matplotlib.figure import Figure

    result = answers.result
    last = result.isel(scenario=-1) if "scenario" in result.dims else result
    cash = answers.liquidity.isel(scenario=-1) if "scenario" in answers.liquidity.dims else answers.liquidity
    draw: dict[str, Any] = {
        "arrears_rate": lambda ax: sl.plot.fan(result, "arrears_rate", ax=ax),
        "loss_distribution": lambda ax: sl.plot.loss_distribution(answers.losses, ax=ax),
        "arrears": lambda ax: sl.plot.arrears(last, ax=ax),
        "buffer": lambda ax: sl.plot.buffer(cash, ax=ax),
        "capital": lambda ax: sl.plot.capital(answers.capital, ax=ax),
    }
    written = []
    for name, picture in draw.items():
        figure = Figure(figsize=(10, 6), layout="constrained")
        picture(figure.add_subplot())
        written.append(place / f"{name}.png")
        figure.savefig(written[-1], dpi=120)
    return written
