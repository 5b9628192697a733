"""Arguments of every public function: of wrong types, out of bounds, not finite."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from hypothesis import strategies as st

import stresslab as sl
from tests.fuzz.case import Case
from tests.fuzz.draft import Draft, Draw, of
from tests.fuzz.portfolios import base_book

HUGE = 10**30


class Odd:
    """Of no type that any function takes."""

    def __repr__(self) -> str:
        return "Odd()"


def _function() -> None:
    """A function where data is expected."""


OBJECTS: tuple[Any, ...] = (
    Odd(), b"x", 1 + 2j, {"a": 1}, {1, 2}, [None], _function, int, xr.DataArray([1.0]), xr.Dataset(), pd.DataFrame(),
    pd.Series([1.0, 2.0]), np.array(["x"]), np.datetime64("2026-01-01"), Path("x"), (), [[1.0], [1.0, 2.0]],
)  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """What an argument may be: a value that is right, and values that are nonsense."""

    right: Any
    wrong: tuple[Any, ...]


def whole(right: Any, low: int = 0, high: int | None = HUGE - 1, optional: bool = False) -> Kind:
    """A whole number; high None: any."""
    wrong = (True, False, 0.5, np.nan, np.inf, "3", "", low - 1, *OBJECTS, *(() if optional else (None,)))
    return Kind(right, (*wrong, *(() if high is None else (high + 1, HUGE, float(HUGE)))))


def real(right: Any, low: float = 0.0, high: float = 1.0, optional: bool = False, endless: bool = False) -> Kind:
    """A finite number within bounds."""
    wrong = (True, np.nan, -np.inf, "0.5", "", *OBJECTS, *(() if optional else (None,)))
    wrong += () if endless else (np.inf,)
    wrong += () if low == -np.inf else (low - 0.01, low - 1e9)
    return Kind(right, (*wrong, *(() if high == np.inf else (high + 0.01, high + 1e9))))


def one_of(right: Any, optional: bool = False) -> Kind:
    """One of several words."""
    return Kind(right, ("nowhere", "", 5, True, 0.5, np.nan, *OBJECTS, *(() if optional else (None,))))


def level(right: Any = 0.5, optional: bool = False) -> Kind:
    """A level between 0 and 1."""
    return real(right, 0.0, 1.0, optional) if optional else Kind(right, (*real(right).wrong, 0.0, 1.0, 95, 99.9))


def levels(right: Any = (0.5,)) -> Kind:
    """Levels, each once."""
    return Kind(right, (*level().wrong, [], [0.5, 0.5], [0.5, 2], ["0.5"], [True], [np.nan], [[0.5]]))


def data(right: Any, optional: bool = False) -> Kind:
    """A dataset or an object of one class."""
    return Kind(right, (5, "x", "", True, np.nan, [], *OBJECTS, *(() if optional else (None,))))


def numbers(right: Any, low: float = 0.0, high: float = 1.0) -> Kind:
    """Numbers in an array or alone."""
    wrong = ("x", None, Odd(), b"x", 1 + 2j, {"a": 1}, [None], ["0.5"], np.nan, [np.nan], np.inf, np.datetime64("2026-01-01"), [[1.0], [1.0, 2.0]],
             np.array([object()]), pd.DataFrame({"a": ["x"]}))  # fmt: skip
    wrong += () if low == -np.inf else (low - 0.01, [low - 1e9])
    return Kind(right, (*wrong, *(() if high == np.inf else (high + 0.01, [high + 1e9]))))


def other(right: Any, *wrong: Any) -> Kind:
    """Anything else."""
    return Kind(right, wrong)


@dataclass(frozen=True)
class Function:
    """A public function and what its arguments may be."""

    call: Callable[..., Any]
    arguments: Mapping[str, Kind]
    fixed: Mapping[str, Any]
    slow: bool = False


@cache
def material() -> dict[str, Any]:
    """Datasets that functions take, small ones."""
    year = sl.scenario("china-baseline").isel(month=slice(0, 12)).load()
    worse = sl.scenario("job-loss-only").isel(month=slice(0, 12)).load()
    book, fan = base_book(), sl.macro_paths(year, 40, seed=1)
    warned = [sl.actions.EarlyWarning(score_below=600, freeze=True)]
    asked: dict[str, Any] = {"seed": 1, "threads": 1, "progress": False}
    result = sl.simulate(book, fan, **asked)
    sheet = sl.BalanceSheet.for_book(result, equity_share=0.3)
    capital = sl.capital_adequacy(result, sheet, levels=[0.5])
    return {
        "book": book, "year": year, "worse": worse, "short": year.isel(month=slice(0, 3)), "fan": fan, "result": result,
        "sheet": sheet, "capital": capital, "warned": sl.simulate(book, fan, responses=warned, **asked),
        "traced": sl.simulate(book, fan, trace=[3], **asked), "provisions": sl.provisions(result), "movement": sl.allowance_movement(sl.provisions(result)),
        "losses": sl.loss_distribution(result, levels=[0.5]), "parameters": sl.irb_parameters(result).fillna(0.5),
        "ladder": sl.liquidity_ladder(result, sheet.funding), "buffer": sl.liquidity_buffer(result, sheet.funding, level=0.5),
        "survival": sl.survival_horizon(result, sheet.funding), "model": sl.Model.from_preset("china-online"),
    }  # fmt: skip


LENDER = one_of("own")
QUIET = {"progress": False}


@cache
def functions() -> dict[str, Function]:
    """Every public function with its arguments."""
    m = material()
    book, year, result = data(m["book"]), data(m["year"]), data(m["result"])
    funding, sheet, fan = data(m["sheet"].funding), data(m["sheet"]), data(m["fan"])
    model, seed = data(m["model"], optional=True), whole(1, 0, 2**64 - 1, optional=True)
    renewal, threads = one_of("static"), whole(1, 1, None, optional=True)
    horizon, short = whole(6, 1, 12), data(m["short"])
    responses = other(
        [sl.actions.Outreach()],
        None,
        5,
        "Outreach",
        ["Outreach"],
        [None],
        {"a": 1},
        sl.actions.Outreach,
        [sl.actions.Outreach],
        True,
        Odd(),
    )
    feedback = data(None, optional=True)
    provisioning = other(None, "ifrs-9", 5, True, ["ifrs9"], {"kind": "IFRS9"}, Odd(), 0.5)
    regime = other(None, "basel9", 5, True, ["basel3"], {"name": "x"}, Odd(), 0.5)
    numb: dict[str, tuple[Callable[..., Any], dict[str, Kind], dict[str, Any]]] = {
        "simulate": (sl.simulate, {"portfolio": book, "macro": short, "model": model, "seed": seed, "horizon": whole(2, 1, 3, True), "renewal": renewal,
                     "threads": threads, "trace": other([3], 5, "3", [0.5], [True], [-1], [20], [None], {"a": 1}, Odd(), [[1]], np.nan),
                     "responses": responses, "feedback": feedback, "behaviour": other(None, 5, "x", [1], {"x": abs}, {5: abs}, {"job": 5}, True)}, QUIET),
        "advance": (sl.advance, {"portfolio": book, "macro": short, "months": whole(2, 1, 3), "model": model, "seed": seed, "renewal": renewal,
                    "first_month": whole(0, 0, None), "path": whole(0, 0, 2**32 - 1), "threads": threads}, {}),
        "panel": (sl.panel, {"portfolio": book, "macro": short, "model": model, "seed": seed, "months": other([1, 2], 5, "x", [0.5], [-1], [9], [True], [None], Odd()),
                  "renewal": renewal, "threads": threads, "responses": responses, "feedback": feedback}, {}),
        "synthetic_portfolio": (sl.synthetic_portfolio, {"preset": one_of("china-online"), "borrowers": whole(5, 1, 2**31), "seed": seed, "model": model,
                                "seasoning_months": whole(1, 0, None, True)}, {}),
        "check_portfolio": (sl.check_portfolio, {"portfolio": book}, {}),
        "describe_portfolio": (sl.describe_portfolio, {"portfolio": book, "minimum_share": real(0.1)}, {}),
        "read_portfolio": (sl.read_portfolio, {"tape": data("nothing.csv"), "currency": other("CNY", "cny", "", 5, None, "dollars", ["CNY"], b"CNY", Odd(), np.nan),
                           "as_of": other("2026-01", "2026-13", "", 5, None, "yesterday", "2026-02-31", Odd(), np.nan), "own_lender": other("a", "", 5, None, ["a"], Odd(), np.nan, " "),
                           "preset": one_of(None, True), "donors": data(None, True), "seed": seed, "constants": other(None, 5, "x", ["a"], True, Odd())}, {}),
        "macro_paths": (sl.macro_paths, {"scenario": year, "paths": whole(2, 1, None), "seed": whole(1, 0, 2**63 - 1, True), "spread": real(1.0, 0, 10), "model": data(None, True),
                        "mode": one_of("around"), "draws": one_of("sobol")}, {}),
        "scenario": (sl.scenario, {"name": one_of("us-2007")}, {}),
        "shock_scenario": (sl.shock_scenario, {"peak": real(0.1, 0.0521, 0.6), "start": real(0.05, 0.0, 0.0999), "months_to_peak": whole(6, 1, 1200),
                           "recovery_months": real(12, 1, np.inf, endless=True), "months": whole(24, 1, 1200), "income_fall": real(0.02, 0, 0.95, True),
                           "trend": real(0.02, -0.5, 0.5), "inflation": real(0.01, -0.99, 10), "policy_rate": real(0.01, -0.1, 2.0),
                           "first_month": other("2026-01", "2026-13", "", 5, None, "spring", 2026.01, Odd())}, {}),
        "scenarios.scale": (sl.scenarios.scale, {"scenario": year, "factor": real(1.1, -np.inf, np.inf), "baseline": data(None, True),
                            "variables": other(["unemployment_rate"], 5, "x", ["x"], [5], None, [], True, Odd(), {"a": 1})}, {}),
        "scenarios.shift": (sl.scenarios.shift, {"scenario": year, "amounts": other({"unemployment_rate": 0.01}, 5, "x", {}, {"x": 1.0}, {"unemployment_rate": "1"}, None,
                            {"unemployment_rate": np.nan}, {"unemployment_rate": 9.0}, {"unemployment_rate": True}, {5: 1.0}, ["unemployment_rate"], Odd())}, {}),
        "scenarios.delay": (sl.scenarios.delay, {"scenario": year, "months": whole(2, 0, 1200), "before": data(None, True)}, {}),
        "scenarios.splice": (sl.scenarios.splice, {"first": year, "second": data(m["worse"]), "month": whole(3, 1, 11)}, {}),
        "scenarios.blend": (sl.scenarios.blend, {"start": data(m["short"]), "end": short, "multiple": real(0.5, -np.inf, np.inf)}, {}),
        "scenarios.log_density": (sl.scenarios.log_density, {"fan": fan}, {}),
        "scenarios.model_from_json": (sl.scenarios.model_from_json, {"text": data(sl.scenarios.PathModel().to_json())}, {}),
        "by_lender": (sl.by_lender, {"result": result}, {}),
        "loss_distribution": (sl.loss_distribution, {"result": result, "horizon": whole(6, 1, 12, True), "levels": levels(), "lender": LENDER}, {}),
        "convergence": (sl.convergence, {"result": result, "levels": levels(), "target": real(0.02, 1e-9, np.inf), "horizon": whole(6, 1, 12, True), "lender": LENDER}, {}),
        "provisions": (sl.provisions, {"result": result, "provisioning": provisioning, "terms": data(None, True), "outlook": one_of("adaptive"),
                       "weights": other(None, 5, "x", {"a": 1.0}, [0.5, 0.5], True, Odd()), "overlays": other((), 5, "x", [5], None, Odd(), True), "lender": LENDER}, {}),
        "allowance_movement": (sl.allowance_movement, {"provisions": data(m["provisions"]), "first": whole(0, 0, 11), "last": whole(6, 1, 12, True)}, {}),
        "capital_adequacy": (sl.capital_adequacy, {"result": result, "balance_sheet": sheet, "capital_regime": regime, "provisioning": provisioning, "terms": data(None, True),
                             "levels": levels(), "lender": LENDER}, {}),
        "financial_statements": (sl.financial_statements, {"result": result, "balance_sheet": sheet, "capital_regime": regime, "provisioning": provisioning, "lender": LENDER}, {}),
        "capital_benchmark": (sl.capital_benchmark, {"result": result, "parameters": data(m["parameters"]), "capital_regime": regime, "level": level(0.9), "horizon": horizon, "lender": LENDER}, {}),
        "irb_parameters": (sl.irb_parameters, {"result": result, "downturn": real(1.25, 0.0, np.inf), "lender": LENDER}, {}),
        "stress_table": (sl.stress_table, {"results": data(m["capital"]), "months": whole(12, 1, None), "level": level(0.5)}, {}),
        "warning_quality": (sl.warning_quality, {"result": data(m["warned"]), "lender": LENDER}, {}),
        "entropy_pooling": (sl.entropy_pooling, {"source": fan, "views": other({}, 5, "x", {"unemployment_rate": 5}, {"x": 1}, None, Odd(), [1], True),
                            "least_effective": real(0.1)}, {}),
        "liquidity_ladder": (sl.liquidity_ladder, {"result": result, "funding": funding, "horizon": horizon, "lender": LENDER}, {}),
        "liquidity_buffer": (sl.liquidity_buffer, {"result": result, "funding": funding, "level": level(), "horizon": horizon, "lender": LENDER}, {}),
        "external_funding_needed": (sl.external_funding_needed, {"result": result, "funding": funding, "level": level(), "horizon": horizon, "lender": LENDER}, {}),
        "survival_horizon": (sl.survival_horizon, {"result": result, "funding": funding, "horizon": horizon, "lender": LENDER}, {}),
        "liquidity_ratios": (sl.liquidity_ratios, {"result": result, "funding": funding, "equity": real(0.0, 0.0, np.inf), "lender": LENDER}, {}),
        "own_part": (sl.own_part, {"result": result, "partners": data(None, True), "lender": LENDER}, {}),
        "grow": (sl.grow, {"result": result, "annual_growth": real(0.1, -0.999, np.inf)}, {}),
        "Funding.for_book": (sl.Funding.for_book, {"result": result, "borrowed_share": real(0.5, 0, 10, True), "liquid_share": real(0.1, 0, 10), "months": whole(12, 1, None),
                             "kind": one_of("interbank"), "annual_rate": real(0.03, 0, 5), "rollover": other(0.9, -0.1, 1.1, np.nan, "x", True, None, Odd()),
                             "tenor_months": whole(12, 1, None, True), "pass_through": real(0.0), "lender": LENDER}, {}),
        "BalanceSheet.for_book": (sl.BalanceSheet.for_book, {"result": result, "equity_share": real(0.3, 0, 10), "liquid_share": real(0.1, 0, 10), "lender": LENDER,
                                  "funding": other(None, 5, "x", {"x": 1}, [1], True, Odd())}, {}),
        "quarterly_rates": (sl.quarterly_rates, {"result": result, "first_quarter": other(None, "x", "", 5, "2026", "2026Q5", True, Odd(), 2026.0)}, {}),
        "compare": (sl.compare, {"result": result, "other": result, "discount_rate": real(0.08, -0.99, np.inf), "lender": LENDER, "provisioning": provisioning}, {}),
        "unemployment_response": (sl.unemployment_response, {"rate": numbers([0.01, 0.02, 0.03, 0.05, 0.04, 0.03, 0.02, 0.01, 0.015]), "unemployment": numbers([0.04, 0.05, 0.06, 0.08, 0.07, 0.06, 0.06, 0.05, 0.04])}, {}),
        "outcomes.loss_rate": (lambda **k: sl.outcomes.loss_rate(**k)(m["result"]), {"horizon": whole(6, 1, 12, True), "lender": LENDER}, {}),
        "outcomes.lowest_headroom": (lambda **k: sl.outcomes.lowest_headroom(**k)(m["result"]), {"funding": funding, "horizon": horizon, "lender": LENDER}, {}),
        "outcomes.lowest_ratio": (lambda **k: sl.outcomes.lowest_ratio(**k)(m["result"]), {"balance_sheet": sheet, "capital_regime": regime, "ratio": one_of("cet1_ratio"), "lender": LENDER}, {}),
        "notes": (sl.notes, {"dataset": result}, {}),
    }  # fmt: skip
    pd_, rho, lvl = numbers(0.02), real(0.2), numbers(0.999)
    lgd = numbers(0.45)
    corr = numbers(0.2)
    klass = one_of("other_retail")
    any_amount = numbers(100.0, 0.0, np.inf)
    formulas: dict[str, tuple[Callable[..., Any], dict[str, Kind], dict[str, Any]]] = {
        "asrf.quantile": (sl.asrf.quantile, {"pd": pd_, "correlation": corr, "level": lvl}, {}),
        "asrf.cdf": (sl.asrf.cdf, {"x": pd_, "pd": pd_, "correlation": corr}, {}),
        "asrf.density": (sl.asrf.density, {"x": pd_, "pd": pd_, "correlation": corr}, {}),
        "asrf.conditional_pd": (sl.asrf.conditional_pd, {"pd": pd_, "correlation": rho, "factor": numbers(1.0, -np.inf, np.inf)}, {}),
        "asrf.default_count_quantile": (sl.asrf.default_count_quantile, {"n": whole(100, 1, None), "pd": real(0.02), "correlation": rho, "level": level(0.9)}, {}),
        "asrf.default_count_tail": (sl.asrf.default_count_tail, {"n": whole(100, 1, None), "pd": real(0.02), "correlation": rho, "more_than": numbers(3, -np.inf, np.inf)}, {}),
        "asrf.euler_contributions": (sl.asrf.euler_contributions, {"weight": numbers([0.5, 0.5], 0, np.inf), "pd": numbers([0.02, 0.03]), "correlation": corr, "lgd": lgd, "level": level(0.9)}, {}),
        "asrf.expected_shortfall": (sl.asrf.expected_shortfall, {"pd": pd_, "correlation": corr, "level": lvl}, {}),
        "asrf.granularity_adjustment": (sl.asrf.granularity_adjustment, {"pd": pd_, "correlation": corr, "level": lvl}, {}),
        "asrf.implied_correlation": (sl.asrf.implied_correlation, {"pd": pd_, "deviation": numbers(0.01)}, {}),
        "asrf.standard_deviation": (sl.asrf.standard_deviation, {"pd": pd_, "correlation": corr}, {}),
        "asrf.systematic_factor": (sl.asrf.systematic_factor, {"ttc_pd": pd_, "pit_pd": pd_, "correlation": corr}, {}),
        "irb.capital": (sl.irb.capital, {"pd": pd_, "lgd": lgd, "exposure_class": klass}, {}),
        "irb.correlation": (sl.irb.correlation, {"pd": pd_, "exposure_class": klass}, {}),
        "irb.risk_weight": (sl.irb.risk_weight, {"pd": pd_, "lgd": lgd, "exposure_class": klass}, {}),
        "irb.expected_loss": (sl.irb.expected_loss, {"pd": pd_, "lgd": lgd, "exposure_class": klass}, {}),
        "irb.defaulted_capital": (sl.irb.defaulted_capital, {"lgd": lgd, "best_estimate_loss": numbers(0.4)}, {}),
        "irb.conservation_ratio": (sl.irb.conservation_ratio, {"cet1_ratio": numbers(0.06, -np.inf, np.inf), "minimum": real(0.045), "buffer": real(0.025, 1e-9, 1)}, {}),
        "irb.output_floor": (sl.irb.output_floor, {"rwa": any_amount, "rwa_standardised": any_amount, "year": whole(2028, 2023, None), "cap": real(0.25, 0, np.inf, True)}, {}),
        "formulas.hqla": (sl.formulas.hqla, {"level_1": any_amount, "level_2a": any_amount, "level_2b": any_amount}, {}),
        "formulas.lcr": (sl.formulas.lcr, {"stock": any_amount, "outflow": any_amount, "inflow": any_amount}, {}),
        "formulas.nsfr": (sl.formulas.nsfr, {"available": any_amount, "required": any_amount}, {}),
        "formulas.expected_credit_loss": (sl.formulas.expected_credit_loss, {"pd": numbers([0.01, 0.02]), "lgd": lgd, "ead": any_amount, "rate": real(0.05, -0.99, np.inf), "horizon": whole(2, 1, 2, True)}, {}),
        "formulas.migrate_stages": (sl.formulas.migrate_stages, {"stages": numbers([80.0, 15.0, 5.0], 0, np.inf), "tr12": real(0.05), "tr13": real(0.01), "tr21": real(0.1), "tr23": real(0.1)}, {}),
        "formulas.modification_gain": (sl.formulas.modification_gain, {"gross": real(100.0, 0, np.inf), "cash_flows": numbers([50.0, 60.0], -np.inf, np.inf), "rate": real(0.05, -0.99, np.inf)}, {}),
        "formulas.npl_sensitivity": (sl.formulas.npl_sensitivity, {"capital_ratio": real(0.12, -np.inf, np.inf), "npl_over_rwa": real(0.02, 0, np.inf), "increase": numbers(1.0, 0, np.inf), "loss": real(1.0)}, {}),
        "formulas.dfast_loss_rate": (sl.formulas.dfast_loss_rate, {"adequacy": data(m["capital"]), "months": whole(12, 1, 12)}, {}),
    }  # fmt: skip
    targets: dict[str, tuple[Callable[..., Any], dict[str, Kind], dict[str, Any]]] = {
        "targets.arrears_share": (sl.targets.arrears_share, {"days": whole(30, 1, 360), "of": one_of("balance")}, {}),
        "targets.roll_rate": (sl.targets.roll_rate, {"from_bucket": one_of("current"), "to_bucket": one_of("30-59"), "of": one_of("balance")}, {}),
        "targets.Target": (sl.targets.Target, {"name": other("a", 5, None, Odd()), "value": real(0.1, -np.inf, np.inf), "standard_error": real(0.1, 1e-12, np.inf),
                           "statistic": other(sl.targets.arrears_share(30), 5, "x", None, Odd())}, {}),
        "targets.from_tape": (sl.targets.from_tape, {"frame": data(pd.DataFrame())}, {}),
        "targets.from_panel": (sl.targets.from_panel, {"frame": data(pd.DataFrame())}, {}),
    }  # fmt: skip
    slow: dict[str, tuple[Callable[..., Any], dict[str, Kind], dict[str, Any]]] = {
        "term_structures": (sl.term_structures, {"portfolio": book, "macro": fan, "model": model, "seed": seed, "renewal": renewal,
                            "outlooks": other((sl.Outlook(),), 5, "x", [5], [], None, Odd()), "points": whole(2, 1, None), "sample": whole(20, 1, None), "horizon": whole(12, 1, None)}, QUIET),
        "compare_responses": (sl.compare_responses, {"portfolio": book, "macro": fan, "responses": responses, "model": model, "seed": seed, "feedback": feedback, "rank_by": one_of("npv")}, QUIET),
        "sensitivity": (sl.sensitivity, {"portfolio": book, "macro": fan, "outcome": other(sl.outcomes.loss_rate(), 5, "x", None, Odd()),
                        "parameters": other({"willingness.forgetting": (0.0, 0.1)}, 5, "x", {}, {"x": (0.0, 0.1)}, {"willingness.forgetting": 5}, {"willingness.forgetting": (0.1, 0.0)}, None,
                        {"willingness.forgetting": (np.nan, 1.0)}, Odd()), "model": model, "seed": seed}, QUIET),
        "reverse_stress": (sl.reverse_stress, {"portfolio": book, "start": year, "end": data(m["worse"]), "outcome": other(sl.outcomes.loss_rate(), 5, "x", None, Odd()),
                           "hurdle": real(0.1, -np.inf, np.inf), "level": level(), "side": one_of("above"), "bounds": other((0.0, 2.0), 5, "x", (2.0, 0.0), (0.0,), None, (np.nan, 1.0), Odd()),
                           "tolerance": real(0.01, 1e-12, np.inf), "paths": whole(2, 1, None), "spread": real(1.0, 0, 10), "seed": seed}, QUIET),
        "calibrate": (sl.calibrate, {"portfolio": book, "macro": data(m["year"]), "targets": other([], 5, "x", [5], None, Odd()), "parameters": other(["willingness.forgetting"], 5, "x", ["x"], [], None, Odd()),
                      "seed": seed, "sample": whole(None, 1, None, True), "warmup": whole(0, 0, None), "method": one_of("least-squares"), "step": real(0.15, 1e-9, np.inf),
                      "iterations": whole(1, 1, None)}, QUIET),
        "calibrated_model": (sl.calibrated_model, {"report": data(m["result"])}, {}),
        "backtest": (sl.backtest, {"portfolio": book, "history": data(pd.DataFrame()), "parameters": other(["willingness.forgetting"], 5, "x", ["x"], [], None, Odd())},
                     {"train": ("2000Q1", "2005Q4"), "test": ("2006Q1", "2010Q4"), **QUIET}),
        "evidence": (sl.evidence, {"books": whole(1, 1, None), "borrowers": whole(20, 1, 2**31), "seed": seed, "under": one_of("calm")}, QUIET),
        "score_performance": (sl.score_performance, {"portfolio": book, "macro": data(m["year"]), "seed": seed, "cohorts": other((0,), 5, "x", [-1], [0.5], [], None, Odd(), [True]),
                              "outcome_months": whole(3, 1, 12), "bands": whole(2, 2, None), "lender": LENDER}, QUIET),
        "weighted_distribution": (sl.weighted_distribution, {"values": data(m["losses"]["loss"]), "weights": data(m["result"]), "levels": levels()}, {}),
    }  # fmt: skip
    plots = {
        f"plot.{name}": (_plotted(getattr(sl.plot, name)), kinds, {})
        for name, kinds in {
            "allowance_waterfall": {"movement": data(m["movement"])}, "arrears": {"result": result, "lender": LENDER}, "buffer": {"buffer": data(m["buffer"])},
            "capital": {"adequacy": data(m["capital"]), "ratio": one_of("cet1_ratio"), "intervals": levels()}, "fan": {"result": result, "variable": one_of("balance"), "lender": LENDER, "intervals": levels()},
            "ladder": {"ladder": data(m["ladder"])}, "life": {"result": data(m["traced"]), "borrower": whole(3, 0, 2**32, True), "path": whole(0, 0, 2**32, True)},
            "loss_distribution": {"losses": data(m["losses"]), "segment": one_of("total"), "level": other(0.5, 0.77, "x", [0.5], Odd(), True, np.nan)}, "stages": {"provisions": data(m["provisions"])},
            "survival": {"survival": data(m["survival"])}, "tornado": {"sensitivity": data(m["result"])}, "backtest": {"backtest": data(m["result"])},
        }.items()
    }  # fmt: skip
    made = {name: Function(*parts) for name, parts in (numb | formulas | targets | plots).items()}
    return made | {name: Function(*parts, slow=True) for name, parts in slow.items()}


def _plotted(plot: Callable[..., Any]) -> Callable[..., Any]:
    """A plot that is closed again."""

    def call(**given: Any) -> None:
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot

        try:
            plot(**given)
        finally:
            pyplot.close("all")

    return call


@st.composite
def cases(draw: Draw) -> Case:
    """A public function with one argument that is wrong, or two."""
    name = draw(st.sampled_from(sorted(functions())))
    function, draft = functions()[name], Draft()
    given = {key: kind.right for key, kind in function.arguments.items()}
    for key in draw(st.lists(st.sampled_from(sorted(given)), min_size=1, max_size=of(draw, 1, 1, 1, 2), unique=True)):
        wrong = draw(
            st.sampled_from([value for value in function.arguments[key].wrong if not _same(value, given[key])])
        )
        given[key] = wrong
        draft.note(f"{name}({key}: {_kind(wrong)})", f"{key}={_short(wrong)}", "nonsense", (key,))
    what = f"{name}({', '.join(change.what for change in draft.changes)})"
    return draft.case(what, lambda: function.call(**given, **function.fixed), lambda _: [])


def _same(one: Any, another: Any) -> bool:
    """Whether a wrong value is the right one, or of its class."""
    return (
        type(one) is type(another) and not isinstance(one, int | float | str | bool | list | dict | tuple)
    ) or one is another


def _kind(value: Any) -> str:
    """How values are grouped in a report."""
    return str(value) if value is None or isinstance(value, bool) else type(value).__name__


def _short(value: Any) -> str:
    """A value in one line."""
    return " ".join(repr(value).split())[:60]
