"""A study as a file: what to stress, by what, and which answers to write down.

A front door beside the command line: it reads a TOML file, refuses it whole or runs it whole.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
import xarray as xr
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

import stresslab as sl
from stresslab.schema import InputError

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Months = Annotated[int, Field(ge=1, le=600)]
Seed = Annotated[int, Field(ge=0, lt=2**63)]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Book(Part):
    """The loan book: a preset's synthetic borrowers, or a tape."""

    preset: str = "china-online"
    borrowers: Annotated[int, Field(ge=1)] = 100_000
    seed: Seed | None = None
    tape: str | None = None
    columns: dict[str, str] = {}
    currency: str = "CNY"
    as_of: str = ""
    own_lender: str = ""


class Economy(Part):
    """Scenarios by name, or by path for files in the Federal Reserve's layout."""

    scenarios: Annotated[list[str], Field(min_length=1)] = ["china-baseline"]
    paths: Annotated[int, Field(ge=2)] = 100
    seed: Seed | None = None
    spread: Annotated[float, Field(ge=0.0)] = 1.0


class Engine(Part):
    """How the borrowers' months are lived."""

    seed: Seed | None = None
    horizon: Months | None = None
    renewal: Literal["static", "run-off"] = "static"
    threads: Annotated[int, Field(ge=1)] | None = None
    model: str | None = None


class Losses(Part):
    """Which quantiles of loss."""

    levels: Annotated[list[Annotated[float, Field(gt=0.0, lt=1.0)]], Field(min_length=1)] = [0.95, 0.99]
    lender: str = "own"


class Provisions(Part):
    """Which regime; categories and percentages of the Chinese one, the outlook of the others."""

    regime: Literal["china", "ifrs9", "cecl"] = "china"
    schedule: str | dict[str, str] = "cn2023"
    percentages: str = "pboc2002"
    outlook: Literal["adaptive", "perfect-foresight"] = "adaptive"


class Lender(Part):
    """The own lender's balance sheet beside its loans: shares of them, and terms; illustrations, not of any lender."""

    equity_share: Share = 0.10
    liquid_share: Share = 0.05
    months: Months = 12
    kind: str = "interbank"
    rollover: Share = 0.9
    tenor_months: Months = 12
    annual_rate: Share = 0.03
    operating_cost_monthly: Annotated[float, Field(ge=0.0)] = 0.0
    operating_cost_rate: Share = 0.06
    partner_fee: Share = 0.033
    payout: Share = 0.3


class Liquidity(Part):
    """Confidence of the buffer."""

    confidence: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.95
    horizon: Months = 12


class Capital(Part):
    """Which hurdles."""

    regime: Literal["china-2023", "basel-standardised", "consumer-finance", "small-loan"] = "china-2023"


class Study(Part):
    """A whole study file."""

    title: str = "stress test"
    portfolio: Book = Book()
    macro: Economy = Economy()
    simulation: Engine = Engine()
    losses: Losses = Losses()
    provisions: Provisions = Provisions()
    lender: Lender = Lender()
    liquidity: Liquidity = Liquidity()
    capital: Capital = Capital()

    @model_validator(mode="after")
    def _names_exist(self) -> Study:
        known = set(sl.scenarios.table()["name"])
        strange = [name for name in self.macro.scenarios if name not in known and not Path(name).is_file()]
        if strange:
            raise ValueError(
                f"macro.scenarios: found {strange}, expected among {sorted(known)} or paths of files; rename"
            )
        if len(set(self.macro.scenarios)) < len(self.macro.scenarios):
            raise ValueError(
                f"macro.scenarios: found {self.macro.scenarios}, expected each once; remove the repetition"
            )
        return self


@dataclass(frozen=True)
class Answers:
    """What a study found, and what it was found from."""

    portfolio: xr.Dataset
    result: xr.Dataset
    losses: xr.Dataset
    provisions: xr.Dataset
    liquidity: xr.Dataset
    capital: xr.Dataset


def read_study(source: str | Path | dict[str, Any]) -> Study:
    """A study from a TOML file or from its content, validated whole.

    source : path of the file, or the nested mapping that it would hold
    Returns Study, a frozen pydantic model.
    Raises InputError naming every faulty key, the value found and what was expected.

    >>> read_study({"macro": {"paths": 1, "scenario": "x"}})
    Traceback (most recent call last):
    ...
    stresslab.schema.InputError: study: 2 faults
      - macro.paths: found 1, Input should be greater than or equal to 2
      - macro.scenario: found 'x', Extra inputs are not permitted
    """
    subject = "study" if isinstance(source, dict) else str(source)
    content = source if isinstance(source, dict) else _read_toml(Path(source))
    try:
        return Study.model_validate(content)
    except ValidationError as error:
        raise InputError(subject, [_sentence(dict(fault)) for fault in error.errors()]) from None


def demo_study() -> Study:
    """The study that `stresslab demo` runs: a million Chinese online loans through the Federal Reserve's scenarios."""
    text = (resources.files("stresslab") / "demo.toml").read_text("utf-8")
    return read_study(tomllib.loads(text))


def run_study(study: Study, *, progress: bool = True) -> Answers:
    """Run a study.

    study : from `read_study` or `demo_study`
    progress : show a progress bar on standard error
    Returns Answers: portfolio, result, losses, provisions, liquidity, capital, all datasets.
    """
    portfolio = _book(study.portfolio)
    model = sl.Model.from_toml(study.simulation.model) if study.simulation.model else None
    macro = sl.macro_paths(
        _economy(study.macro.scenarios), study.macro.paths, seed=study.macro.seed, spread=study.macro.spread
    )
    how, how_much = study.simulation, study.provisions
    result = sl.simulate(
        portfolio,
        macro,
        model,
        seed=how.seed,
        horizon=how.horizon,
        renewal=how.renewal,
        threads=how.threads,
        progress=progress,
    )
    rules: sl.China | str = how_much.regime
    terms = None
    if how_much.regime == "china":
        rules = sl.China(schedule=how_much.schedule, percentages=how_much.percentages)
    else:
        terms = sl.term_structures(portfolio, macro, model, seed=how.seed, renewal=how.renewal, progress=progress)
    sheet = _balance_sheet(study.lender, result)
    carried = sl.provisions(sl.own_part(result, sheet.funding.partners), rules, terms, outlook=how_much.outlook)
    return Answers(
        portfolio,
        result,
        sl.loss_distribution(result, levels=study.losses.levels, lender=study.losses.lender),
        sl.provisions(result, rules, terms, outlook=how_much.outlook),
        sl.liquidity_buffer(
            result,
            sheet.funding,
            confidence=study.liquidity.confidence,
            horizon=min(study.liquidity.horizon, result.sizes["month"] - 1),
        ),
        sl.capital_adequacy(result, sheet, study.capital.regime, carried),
    )


def summary_table(answers: Answers) -> pd.DataFrame:
    """The figures that a reader asks for first, a column for each scenario.

    Returns DataFrame indexed by figure; rates in % (of loss: of the opening balance over the horizon), money in
    millions of the book's currency, standard errors beside. Peaks are of the mean over paths.
    """
    result, losses, cash, rules = answers.result, answers.losses, answers.liquidity, answers.provisions
    own = result.isel(segment=result["lender"].values == result.attrs["own_lender"])
    balance = own["balance"].sum("segment")
    share = balance.isel(bucket=slice(1, None)).sum("bucket") / balance.sum("bucket")
    total = losses.sel(segment="total")
    currency = result.attrs["currency"]
    rows: dict[str, xr.DataArray] = {
        "borrowers' unemployment, peak [%]": 100.0 * result["unemployment_rate"].mean("path").max("month"),
        "D30+ at the start [%]": 100.0 * share.isel(month=0).mean("path"),
        "D30+, peak [%]": 100.0 * share.mean("path").max("month"),
        "expected loss [%]": 100.0 * total["expected_loss_rate"],
        "  its standard error [%]": 100.0 * total["expected_loss_se_rate"],
    }
    for level in losses["level"].values:
        at = total.sel(level=level)
        rows[f"loss VaR {level:.1%} [%]"] = 100.0 * at["var_rate"]
        rows[f"  its standard error, {level:.1%} [%]"] = 100.0 * at["var_se_rate"]
        rows[f"loss ES {level:.1%} [%]"] = 100.0 * at["es_rate"]
    last = rules.isel(month=-1).mean("path")
    rows[f"allowance at the end [{currency} m]"] = last["allowance_held"] / 1e6
    rows["allowance over loans at the end [%]"] = (
        100.0 * last["allowance_held"] / balance.sum("bucket").isel(month=-1).mean("path")
    )
    confidence = cash.attrs["confidence"]
    rows[f"buffer {confidence:.0%}, {cash.attrs['horizon']} months [{currency} m]"] = cash["buffer"] / 1e6
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
    """Write datasets as netCDF, the table as CSV and the figures as PNG.

    folder : made if it does not exist; files of the same names are replaced
    Returns the paths written.
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
    """The five pictures of a study."""
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


def _book(book: Book) -> xr.Dataset:
    if book.tape is None:
        synthetic: xr.Dataset = sl.synthetic_portfolio(book.preset, borrowers=book.borrowers, seed=book.seed)
        return synthetic
    donors = sl.synthetic_portfolio(book.preset, borrowers=10_000, seed=book.seed)
    portfolio: xr.Dataset = sl.read_portfolio(
        book.tape,
        columns=book.columns,
        currency=book.currency,
        as_of=book.as_of,
        own_lender=book.own_lender,
        donors=donors,
        seed=book.seed,
    )
    return portfolio.assign_attrs(preset=book.preset)


def _balance_sheet(lender: Lender, result: xr.Dataset) -> sl.BalanceSheet:
    terms = lender.model_dump()
    equity, liquid, payout = (terms.pop(name) for name in ("equity_share", "liquid_share", "payout"))
    funding = {"partners": sl.funding.Partners(annual_fee=terms.pop("partner_fee")), **terms}
    made: sl.BalanceSheet = sl.BalanceSheet.for_book(
        result, equity_share=equity, liquid_share=liquid, funding=funding, payout=payout
    )
    return made


def _economy(names: list[str]) -> xr.Dataset:
    """The scenarios side by side; several must have the same months."""
    made: list[xr.Dataset] = [sl.read_scenario(name) if Path(name).is_file() else sl.scenario(name) for name in names]
    if len(made) == 1:
        return made[0]
    months = min(one.sizes["month"] for one in made)
    alike = [one.isel(month=slice(0, months)) for one in made]
    together: xr.Dataset = xr.concat(alike, dim="scenario", combine_attrs="override")
    return together.assign_coords(scenario=[Path(name).stem for name in names])


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(str(path), [f"file: {error}; expected a readable TOML file; mend or move it"]) from None


def _sentence(fault: dict[str, Any]) -> str:
    """One fault of pydantic's in the house's words."""
    key = ".".join(str(step) for step in fault["loc"])
    if not key:
        return str(fault["ctx"]["error"])
    found = "nothing" if fault["type"] == "missing" else repr(fault["input"])
    return f"{key}: found {found}, {fault['msg']}"
