"""A study: the stress test that a file describes, and its answers: datasets and key figures."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import secrets
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

import stresslab as sl
from stresslab.checks import refuse
from stresslab.engine.memory import Sizes, of_result, of_run
from stresslab.engine.provenance import versions
from stresslab.files import place_faults
from stresslab.measures.capital.regimes import regime_for
from stresslab.measures.defaults import by_place
from stresslab.measures.provisions.regimes import regime_of
from stresslab.measures.result_view import select
from stresslab.population.synthetic import segments_of
from stresslab.resources import disk_faults, refuse_memory
from stresslab.schema import PAST_DUE, money_of
from stresslab.study_file import Study as Study
from stresslab.study_file import read_study as read_study
from stresslab.study_file import side_by_side
from stresslab.study_trial import buffer_arguments
from stresslab.typed import typed

DEFAULT_DONORS = 10_000
"""Borrowers of the synthetic portfolio that completes a tape, where the study does not say how many."""


@dataclass(frozen=True)
class Answers:
    """Datasets that a study produced, the portfolio and result that they are of, and what it takes to repeat them.

    record : title, study, input files, seeds, versions, fingerprint of the portfolio, start and end, as plain values
    """

    portfolio: xr.Dataset
    result: xr.Dataset
    losses: xr.Dataset
    provisions: xr.Dataset
    liquidity: xr.Dataset
    capital: xr.Dataset
    record: Mapping[str, Any]

    def datasets(self) -> dict[str, xr.Dataset]:
        """The datasets by name."""
        every = {item.name: getattr(self, item.name) for item in dataclasses.fields(self)}
        return {name: value for name, value in every.items() if isinstance(value, xr.Dataset)}

    def notes(self) -> list[str]:
        """What was derived, drawn, filled, cut or taken by default on the way to the answers, each once."""
        return list(dict.fromkeys(note for dataset in self.datasets().values() for note in sl.notes(dataset)))


@typed
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


@typed
def run_study(study: Study, *, folder: str | Path | None = None, progress: bool = True) -> Answers:
    """Run a study: portfolio, macro paths, simulation, losses, provisions, liquidity and capital.

    Parameters
    ----------
    study : Study
        From `read_study` or `demo_study`.
    folder : str or Path, optional
        Where `write_answers` is to write: whether it can, and whether the disk has room, is checked before the run.
    progress : bool, default True
        Show a progress bar on standard error.

    Returns
    -------
    Answers
        Datasets `portfolio`, `result`, `losses`, `provisions`, `liquidity`, `capital`; each carries the study as JSON
        in attrs["study"], and all seeds, also those that were drawn, in attrs["seeds"].

    Raises
    ------
    InputError
        From the functions that the study calls; a folder that cannot be written, and too little memory or disk, before
        anything is drawn.

    Examples
    --------
    >>> small = demo_study(borrowers=300, paths=2)
    >>> answers = run_study(small, progress=False)
    >>> answers.result["scenario"].values.tolist()
    ['fed-2026-baseline', 'fed-2026-severely-adverse']
    """
    started = datetime.now(UTC)
    given, seeds = _seeded(study.arguments)
    scenario = side_by_side(study.scenarios)
    place = None if folder is None else Path(os.path.abspath(folder))
    _refuse_sizes(study, scenario, place)
    portfolio = _portfolio(given)
    refuse(study.title, _lender_faults(given, portfolio))
    macro = sl.macro_paths(scenario, **given["macro_paths"])
    result = sl.simulate(portfolio, macro, progress=progress, **given["simulate"])
    rules = regime_of(by_place(result, {"provisioning": given["provisions"].get("provisioning")})[0]["provisioning"])
    needed = not isinstance(rules, sl.China) or "term_structures" in given
    terms = _term_structures(portfolio, macro, given, progress) if needed else None
    provisioning = {**given["provisions"], "terms": terms}
    sheet = sl.BalanceSheet.for_book(result, **given["BalanceSheet.for_book"])
    lender = given["BalanceSheet.for_book"].get("lender", "own")
    part = sl.own_part(result, sheet.funding.partners, lender=lender)
    carried = sl.provisions(part, **{**provisioning, "lender": lender})
    adequacy = {"allowance": carried, "lender": lender, **given["capital_adequacy"]}
    if regime_for(result, adequacy.get("capital_regime"))[0].approach == "irb":
        adequacy["parameters"] = sl.irb_parameters(result, lender=lender, **given.get("irb_parameters", {}))
    answers = Answers(
        portfolio,
        result,
        sl.loss_distribution(result, **given["loss_distribution"]),
        sl.provisions(result, **provisioning),
        sl.liquidity_buffer(result, sheet.funding, lender=lender, **buffer_arguments(given, result)),
        sl.capital_adequacy(result, sheet, **adequacy),
        _record(study, seeds, result, started),
    )
    attrs = {"study": json.dumps(study.content, default=str), "seeds": json.dumps(seeds)}
    signed: dict[str, Any] = {name: dataset.assign_attrs(attrs) for name, dataset in answers.datasets().items()}
    return dataclasses.replace(answers, **signed)


def _seeded(arguments: Mapping[str, Mapping[str, Any]]) -> tuple[dict[str, dict[str, Any]], dict[str, int]]:
    """The arguments with a seed drawn wherever the study gives none, and all seeds by section and key."""
    given = {name: dict(values) for name, values in arguments.items()}
    seeds = {}
    drawing = [name for name in ("synthetic_portfolio", "read_portfolio", "macro_paths", "simulate") if name in given]
    for name in drawing:
        seeds[f"{name}.seed"] = given[name].setdefault("seed", secrets.randbits(63))
    if "donors" in given.get("read_portfolio", {}):
        donors = given["read_portfolio"]["donors"] = dict(given["read_portfolio"]["donors"])
        seeds["read_portfolio.donors.seed"] = donors.setdefault("seed", secrets.randbits(63))
    if "seed" in given.get("term_structures", {}):
        seeds["term_structures.seed"] = given["term_structures"]["seed"]
    return given, seeds


def _record(study: Study, seeds: Mapping[str, int], result: xr.Dataset, started: datetime) -> dict[str, Any]:
    """What it takes to repeat a study, as plain values."""
    return {
        "title": study.title,
        "study": json.loads(json.dumps(study.content, default=str)),
        "inputs": [dict(file) for file in study.inputs],
        "seeds": dict(seeds),
        "versions": versions() | {"python": platform.python_version()},
        "portfolio": result.attrs["fingerprint"],
        "started": started.isoformat(timespec="seconds"),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _refuse_sizes(study: Study, scenario: xr.Dataset, folder: Path | None) -> None:
    """InputError for what the study's numbers already tell: too little memory or disk, a folder that is not free."""
    given = study.arguments
    refuse(study.title, [] if folder is None else place_faults("out", folder))
    synthetic = given.get("synthetic_portfolio")
    segments = 1 if synthetic is None else len(segments_of(synthetic.get("preset", "china-online")))
    months = given["simulate"].get("horizon") or scenario.sizes["month"]
    several = "scenario" in scenario.dims
    sizes = Sizes(scenario.sizes.get("scenario", 1), given["macro_paths"]["paths"], months, segments, several)
    refuse_memory(study.title, of_run(sizes), "lower macro_paths.paths or simulate.horizon")
    if folder is not None:
        refuse(study.title, disk_faults("out", folder, WRITTEN * of_result(sizes) + FIGURES))


WRITTEN = 1.2
"""Bytes of all files over those of the result."""
FIGURES = 1e6
"""Bytes of the figures."""


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
        "currency": money_of(answers.result.attrs),
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
