"""Trial of a study: its functions on a made-up result, so that their faults are found before the first draw."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import xarray as xr

import stresslab as sl
from stresslab.engine.prepare import prepare
from stresslab.measures.capital.regimes import regime_for
from stresslab.measures.defaults import by_place
from stresslab.measures.provisions.allowance import weight_faults
from stresslab.measures.provisions.regimes import regime_of
from stresslab.population.synthetic import read_preset, segments_of
from stresslab.schema import InputError, presets
from stresslab.studies.outlook import Outlook
from stresslab.studies.term_structures import setting_faults
from stresslab.testing import tiny_result

SETTINGS = ("outlooks", "points", "sample", "horizon")
FEW = 200
"""Borrowers of the portfolio on which a simulation is prepared, not run."""


def trial_faults(scenario: xr.Dataset, arguments: Mapping[str, Mapping[str, Any]], unsound: set[str]) -> list[str]:
    """Faults that the functions themselves find.

    unsound : sections that have faults already, which are not tried, nor blamed for the faults of others
    """
    given = {name: {} if name in unsound else dict(values) for name, values in arguments.items()}
    horizon, length = given["simulate"].get("horizon"), scenario.sizes["month"]
    faults: list[str] = []
    if horizon is not None and horizon > length:
        words = f"found {horizon}, expected at most {length}, the months of the scenarios"
        faults.append(f"simulate.horizon: {words}; lower it")
        given["simulate"]["horizon"] = horizon = length
    result, named = _result(scenario, horizon or length, given)
    if not named:  # the lenders of a tape are known when it has been read
        given = {name: values | ({"lender": "own"} if "lender" in values else {}) for name, values in given.items()}
    said: dict[str, str] = {}  # a fault that two sections meet has one cause, and is said of the first
    for name, call in _trials(scenario, result, given).items():
        if name not in unsound:
            try:
                call()
            except InputError as error:
                said = {fault: f"{name}.{fault}" for fault in error.faults} | said
    return faults + list(said.values())


def _result(scenario: xr.Dataset, months: int, given: Mapping[str, Mapping[str, Any]]) -> tuple[xr.Dataset, bool]:
    """A made-up result, and whether its segments are those that the study's will have."""
    values: dict[str, Any] = {"written_off": 1e6, "originated": 1e6, "defaulted": 1e6}
    if "policy_rate" in scenario:
        values["policy_rate"] = 0.02
    preset = given.get("synthetic_portfolio", {}).get("preset", "china-online")
    if "synthetic_portfolio" in given and preset in presets():
        lenders, products = zip(*segments_of(preset), strict=True)
        currency = read_preset(preset)["currency"]
        values |= {"lender": lenders, "product": products, "currency": currency}
        return tiny_result(1e9, paths=2, months=months, **values), True
    currency = given.get("read_portfolio", {}).get("currency", "CNY")
    return tiny_result(1e9, paths=2, months=months, currency=currency, **values), False


def _trials(
    scenario: xr.Dataset, result: xr.Dataset, given: Mapping[str, Mapping[str, Any]]
) -> dict[str, Callable[[], Any]]:
    """What is tried of each section."""
    lender = given["BalanceSheet.for_book"].get("lender", "own")

    def sheet(**arguments: Any) -> sl.BalanceSheet:
        return sl.BalanceSheet.for_book(result, **arguments)

    def of_the_sheet(measure: Callable[[sl.BalanceSheet, str], Any]) -> None:
        """A measure beside the balance sheet of the study, whose own faults are not repeated."""
        try:
            made, whose = sheet(**given["BalanceSheet.for_book"]), lender
        except InputError:
            made, whose = sheet(), "own"
        measure(made, whose)

    def capital(made: sl.BalanceSheet, whose: str) -> None:
        regime, _ = regime_for(result, given["capital_adequacy"].get("capital_regime"))
        estimates = sl.irb_parameters(result, lender=whose) if regime.approach == "irb" else None
        others: dict[str, Any] = {"provisioning": "china", "parameters": estimates, "lender": whose}
        sl.capital_adequacy(result, made, **others, **given["capital_adequacy"])

    trials: dict[str, Callable[[], Any]] = {
        "synthetic_portfolio": lambda: _portfolio(given),
        "read_portfolio": lambda: _tape(given),
        "macro_paths": lambda: sl.macro_paths(scenario, **{**given["macro_paths"], "paths": 2}),
        "simulate": lambda: _simulation(scenario, given),
        "term_structures": lambda: _settings(given),
        "loss_distribution": lambda: sl.loss_distribution(result, **given["loss_distribution"]),
        "provisions": lambda: _provisions(result, given),
        "BalanceSheet.for_book": lambda: sheet(**given["BalanceSheet.for_book"]),
        "liquidity_buffer": lambda: of_the_sheet(
            lambda made, whose: sl.liquidity_buffer(
                result, made.funding, lender=whose, **buffer_arguments(given, result)
            )
        ),
        "irb_parameters": lambda: sl.irb_parameters(result, **given["irb_parameters"]),
        "capital_adequacy": lambda: of_the_sheet(capital),
    }
    return {name: call for name, call in trials.items() if name in given}


def _portfolio(given: Mapping[str, Mapping[str, Any]]) -> xr.Dataset:
    """A small portfolio of the study's preset."""
    arguments = given["synthetic_portfolio"]
    small = {"borrowers": min(FEW, arguments.get("borrowers", FEW)), "seed": 1, "seasoning_months": 0}
    portfolio: xr.Dataset = sl.synthetic_portfolio(**{**arguments, **small})
    return portfolio


def _tape(given: Mapping[str, Mapping[str, Any]]) -> None:
    """The presets that a tape names."""
    arguments = given["read_portfolio"]
    for key, name in (
        ("preset", arguments.get("preset")),
        ("donors.preset", (arguments.get("donors") or {}).get("preset")),
    ):
        if name is not None and name not in presets():
            raise InputError("read_portfolio", [f"{key}: found {name!r}, expected one of {presets()}; choose one"])


def _simulation(scenario: xr.Dataset, given: Mapping[str, Mapping[str, Any]]) -> None:
    """What a simulation checks before it begins, on a small portfolio."""
    if "synthetic_portfolio" not in given:
        return
    try:
        portfolio = _portfolio(given)
    except InputError:
        return
    names = ("model", "seed", "horizon", "renewal", "threads", "responses", "feedback", "behaviour")
    usual = {"renewal": "static", "responses": ()}
    arguments = [given["simulate"].get(name, usual.get(name)) for name in names]
    prepare("simulate", portfolio, scenario, *arguments)


def _settings(given: Mapping[str, Mapping[str, Any]]) -> None:
    """What term structures check before they are simulated."""
    usual = {"outlooks": (Outlook(),), "points": 1, "sample": 1, "horizon": 12}
    if faults := setting_faults(*(given["term_structures"].get(name, usual[name]) for name in SETTINGS)):
        raise InputError("term_structures", faults)


def _provisions(result: xr.Dataset, given: Mapping[str, Mapping[str, Any]]) -> None:
    """Rules, overlays and lender on the result; the weights against the names of the outlooks."""
    arguments = dict(given["provisions"])
    chosen, _ = by_place(result, {"provisioning": arguments.pop("provisioning", None)})
    rules = regime_of(chosen["provisioning"])
    weights = arguments.pop("weights", None)
    faults: list[str] = []
    if isinstance(rules, sl.China) and "term_structures" not in given:
        if weights is not None:
            faults.append("weights: found some without [term_structures], expected both or none; add that section")
    else:
        outlooks = given.get("term_structures", {}).get("outlooks", (Outlook(),))
        faults += weight_faults(weights, [outlook.name for outlook in outlooks])
    try:
        sl.provisions(result, rules if isinstance(rules, sl.China) else "china", **arguments)
    except InputError as error:
        faults += error.faults
    if faults:
        raise InputError("provisions", faults)


def buffer_arguments(given: Mapping[str, Mapping[str, Any]], result: xr.Dataset) -> dict[str, Any]:
    """Arguments of the buffer: a year, or all months where there are fewer, unless the study says otherwise."""
    return {"horizon": min(12, result.sizes["month"] - 1)} | dict(given["liquidity_buffer"])
