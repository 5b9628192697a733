"""A study: the stress test that a file describes, refused whole or run whole, and the answers it writes."""

from __future__ import annotations

import dataclasses
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr

import stresslab as sl
from stresslab.measures.defaults import default_provisioning
from stresslab.schema import PAST_DUE
from stresslab.study_file import Study as Study
from stresslab.study_file import read_study as read_study
from stresslab.study_file import scenario_name, scenario_of

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
    macro = sl.macro_paths(_side_by_side(study.scenarios), **given["macro_paths"])
    result = sl.simulate(portfolio, macro, progress=progress, **given["simulate"])
    rules = given["provisions"].get("provisioning") or default_provisioning(str(result.attrs["currency"]))
    needed = not (rules == "china" or isinstance(rules, sl.China)) or "term_structures" in given
    terms = _term_structures(portfolio, macro, given, progress) if needed else None
    provisioning = {**given["provisions"], "provisioning": rules}
    sheet = sl.BalanceSheet.for_book(result, **given["BalanceSheet.for_book"])
    carried = sl.provisions(sl.own_part(result, sheet.funding.partners), terms=terms, **provisioning)
    buffer = {"horizon": min(12, result.sizes["month"] - 1)} | dict(given["liquidity_buffer"])
    answers = Answers(
        portfolio,
        result,
        sl.loss_distribution(result, **given["loss_distribution"]),
        sl.provisions(result, terms=terms, **provisioning),
        sl.liquidity_buffer(result, sheet.funding, **buffer),
        sl.capital_adequacy(result, sheet, allowance=carried, **given["capital_adequacy"]),
    )
    attrs = {"study": json.dumps(study.content, default=str)}
    datasets = {item.name: getattr(answers, item.name) for item in dataclasses.fields(answers)}
    return Answers(**{name: dataset.assign_attrs(attrs) for name, dataset in datasets.items()})


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


def _side_by_side(entries: Sequence[Any]) -> xr.Dataset:
    """The scenarios along `scenario`, cut to the months of the shortest; a single one as it is."""
    made = [scenario_of(entry) for entry in entries]
    if len(made) == 1:
        return made[0]
    months = min(scenario.sizes["month"] for scenario in made)
    alike = [scenario.isel(month=slice(0, months)) for scenario in made]
    together: xr.Dataset = xr.concat(alike, dim="scenario", combine_attrs="override")
    return together.assign_coords(scenario=[scenario_name(entry) for entry in entries])


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
    result, losses, cash, rules = answers.result, answers.losses, answers.liquidity, answers.provisions
    own = result.isel(segment=result["lender"].values == result.attrs["own_lender"])
    balance = own["balance"].sum("segment")
    share = balance.isel(bucket=PAST_DUE).sum("bucket") / balance.sum("bucket")
    total = losses.sel(segment="total")
    currency = result.attrs["currency"]
    rows: dict[str, xr.DataArray] = {
        "borrowers' unemployment, peak [%]": 100.0 * result["unemployment_rate"].mean("path").max("month"),
        "D30+ at the start [%]": 100.0 * share.isel(month=0).mean("path"),
        "D30+, peak [%]": 100.0 * share.mean("path").max("month"),
        "expected loss [%]": 100.0 * total["expected_loss_rate"],
        "  its standard error [%]": 100.0 * total["expected_loss_rate_se"],
    }
    for level in losses["level"].values:
        at = total.sel(level=level)
        rows[f"loss VaR {level:.1%} [%]"] = 100.0 * at["value_at_risk_rate"]
        rows[f"  its standard error, {level:.1%} [%]"] = 100.0 * at["value_at_risk_rate_se"]
        rows[f"loss ES {level:.1%} [%]"] = 100.0 * at["expected_shortfall_rate"]
    last = rules.isel(month=-1).mean("path")
    rows[f"allowance at the end [{currency} m]"] = last["allowance_held"] / 1e6
    rows["allowance over loans at the end [%]"] = (
        100.0 * last["allowance_held"] / balance.sum("bucket").isel(month=-1).mean("path")
    )
    level = cash.attrs["level"]
    rows[f"buffer {level:.0%}, {cash.attrs['horizon']} months [{currency} m]"] = cash["buffer"] / 1e6
    rows[f"  its standard error [{currency} m]"] = cash["buffer_se"] / 1e6
    rows["survival without new funding [%]"] = 100.0 * cash["survival_probability"]
    capital = answers.capital
    lowest = capital["cet1_minimum"]
    rows["CET1 ratio at the start [%]"] = 100.0 * capital["cet1_ratio"].isel(month=0).mean("path")
    rows["CET1 ratio, lowest [%]"] = 100.0 * lowest.mean("path")
    rows["  its standard error, lowest CET1 [%]"] = 100.0 * lowest.std("path", ddof=1) / lowest.sizes["path"] ** 0.5
    rows["paths that miss a capital hurdle [%]"] = 100.0 * capital["any_breach_probability"]
    rows["  their standard error [%]"] = 100.0 * capital["any_breach_probability_se"]
    names = list(result["scenario"].values) if "scenario" in result.dims else ["scenario"]
    return pd.DataFrame(
        {name: [float(v.sel(scenario=name) if "scenario" in v.dims else v) for v in rows.values()] for name in names},
        index=pd.Index(rows, name=answers.result.attrs.get("preset", "")),
    )


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
