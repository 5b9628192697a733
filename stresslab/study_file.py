"""Study files: a TOML file whose sections are public functions and whose keys are their arguments.

A file is refused whole, with every fault, before anything is simulated.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xarray as xr

import stresslab as sl
from stresslab.checks import unknown
from stresslab.measures.capital.regimes import regime_for
from stresslab.measures.provisions.regimes import regime_of
from stresslab.schema import InputError
from stresslab.sections import read_arguments, unknown
from stresslab.testing import tiny_result


@dataclass(frozen=True)
class Study:
    """Study that has been read and checked.

    title : what the study is called
    scenarios : names or tables as the file has them
    arguments : by function name, the arguments that the file gives, configuration objects made
    content : the file's content, as plain values
    """

    title: str
    scenarios: Sequence[Any]
    arguments: Mapping[str, Mapping[str, Any]]
    content: Mapping[str, Any]


def _donors(table: Any, where: str, faults: list[str]) -> dict[str, Any]:
    """Arguments of the synthetic portfolio from which a tape is completed."""
    return read_arguments(sl.synthetic_portfolio, table, where, faults)


def _funding(table: Any, where: str, faults: list[str]) -> dict[str, Any]:
    """Arguments of Funding.for_book but those that the balance sheet decides."""
    decided = {"lender", "borrowed_share", "liquid_share", "liquid_assets", "borrowings", "notes"}
    return read_arguments(sl.Funding.for_book, table, where, faults, others=sl.Funding, without=decided)


def _sections() -> dict[str, tuple[Callable[..., Any], dict[str, Any]]]:
    """Function that each section gives the arguments of, and how they are read, by the function's public name."""
    functions: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
        "synthetic_portfolio": (sl.synthetic_portfolio, {}),
        "read_portfolio": (sl.read_portfolio, {"tables": {"donors": _donors}}),
        "macro_paths": (sl.macro_paths, {}),
        "simulate": (sl.simulate, {}),
        "term_structures": (sl.term_structures, {}),
        "loss_distribution": (sl.loss_distribution, {}),
        "provisions": (sl.provisions, {}),
        "BalanceSheet.for_book": (
            sl.BalanceSheet.for_book,
            {"others": sl.BalanceSheet, "tables": {"funding": _funding}},
        ),
        "liquidity_buffer": (sl.liquidity_buffer, {"without": {"lender"}}),
        "irb_parameters": (sl.irb_parameters, {"without": {"lender"}}),
        "capital_adequacy": (sl.capital_adequacy, {"without": {"lender", "provisioning"}}),
    }
    return functions


ON_DEMAND = ("read_portfolio", "term_structures", "irb_parameters")
"""Sections without which a function is called only where it is needed."""


def read_study(source: str | Path | dict[str, Any]) -> Study:
    """Read a study from a TOML file or from its content, and check all of it.

    Parameters
    ----------
    source : str, Path or dict
        Path of the file, or the nested mapping that it would hold. `title` and `scenarios` stand at the top; a scenario
        is a name of `sl.scenarios.table()`, the path of a file, or a table
        ``{read_scenario = {path = ..., layout = ...}}`` or ``{shock_scenario = {peak = ...}}``. Every section is named
        after a public function (`synthetic_portfolio` or `read_portfolio`, `macro_paths`, `simulate`,
        `term_structures`, `loss_distribution`, `provisions`, `BalanceSheet.for_book`, `liquidity_buffer`,
        `irb_parameters`, `capital_adequacy`), its keys after the function's arguments. Configuration objects are tables
        of their fields, with `kind` for the class where there are several: `[simulate.feedback]`,
        `[[simulate.responses]]`, `[macro_paths.model]`, `[provisions.provisioning]`, `[[provisions.overlays]]`,
        `[BalanceSheet.for_book.funding]`, `[capital_adequacy.capital_regime]`; a `model` of the engine is the path of
        its file. The lender of the balance sheet is that of buffer and capital too, and the rules of provisions are
        those of capital.

    Returns
    -------
    Study
        Ready for `run_study`.

    Raises
    ------
    InputError
        Names every faulty key, the value found, what was expected and the nearest known name.

    Examples
    --------
    >>> read_study({"scenarios": ["china-baseline"], "macro_paths": {"paths": 1, "sed": 2}})
    Traceback (most recent call last):
    ...
    stresslab.schema.InputError: study: 2 faults
      - macro_paths.sed: unknown, expected one of draws, follow, mode, model, paths, seed, spread; write 'seed'
      - macro_paths.paths: found 1, expected a number of at least 2; correct it
    """
    subject = "study" if isinstance(source, dict) else str(source)
    content = source if isinstance(source, dict) else _read_toml(Path(source))
    faults: list[str] = []
    sections = _sections()
    known = ["title", "scenarios", *(name.split(".")[0] for name in sections)]
    faults += [unknown(key, key, known) for key in content if key not in known]
    title = content.get("title", "stress test")
    if not isinstance(title, str):
        faults.append(f"title: found {title!r}, expected text; put it in quotes")
    scenario_faults = _scenario_faults(content.get("scenarios"))
    if {"synthetic_portfolio", "read_portfolio"} <= set(content):
        faults.append("read_portfolio: found synthetic_portfolio beside it, expected one portfolio; remove one section")
    arguments, unsound = {}, set()
    for name, (function, reading) in sections.items():
        table = _table_of(content, name, faults)
        if table is not None or name not in ON_DEMAND:
            before = len(faults)
            arguments[name] = read_arguments(function, {} if table is None else table, name, faults, **reading)
            unsound |= {name} if len(faults) > before else set()
    if "read_portfolio" in content:
        arguments.pop("synthetic_portfolio")
    if not scenario_faults:
        faults += _trial_faults(side_by_side(content["scenarios"]), arguments, unsound)
    if faults or scenario_faults:
        raise InputError(subject, scenario_faults + faults)
    return Study(title, content["scenarios"], arguments, content)


def _table_of(content: Mapping[str, Any], name: str, faults: list[str]) -> Any:
    """Table of a section, whose name may have two steps; None if the study has none."""
    first, *rest = name.split(".")
    table = content.get(first)
    for step in rest:
        if not isinstance(table, Mapping):
            return table
        faults += [unknown(f"{first}.{key}", key, [step]) for key in table if key != step]
        table = table.get(step)
    return table


def _trial_faults(scenario: xr.Dataset, arguments: Mapping[str, Mapping[str, Any]], unsound: set[str]) -> list[str]:
    """Faults that the functions themselves find, on tiny data in a moment instead of after a long simulation.

    unsound : sections that have faults already, which are not tried
    """
    given = {name: dict(values) for name, values in arguments.items()}
    horizon, length = given["simulate"].get("horizon"), scenario.sizes["month"]
    months = horizon if isinstance(horizon, int) and 1 <= horizon <= length else length
    rate: dict[str, Any] = {"policy_rate": 0.02} if "policy_rate" in scenario else {}
    result = tiny_result(1e9, paths=2, months=months, **rate)
    sheet, losses = ({**given[name], "lender": "own"} for name in ("BalanceSheet.for_book", "loss_distribution"))
    rules, regime = given["provisions"].get("provisioning"), given["capital_adequacy"].get("capital_regime")

    def buffer() -> xr.Dataset:
        made = sl.BalanceSheet.for_book(result, **({} if "BalanceSheet.for_book" in unsound else sheet))
        measured: xr.Dataset = sl.liquidity_buffer(result, made.funding, **buffer_arguments(given, result))
        return measured

    trials: dict[str, Callable[[], Any]] = {
        "macro_paths": lambda: sl.macro_paths(scenario, **{**given["macro_paths"], "paths": 2}),
        "loss_distribution": lambda: sl.loss_distribution(result, **losses),
        "provisions": lambda: rules is None or regime_of(rules),
        "BalanceSheet.for_book": lambda: sl.BalanceSheet.for_book(result, **sheet),
        "liquidity_buffer": buffer,
        "capital_adequacy": lambda: regime_for(result, regime),
    }
    if "synthetic_portfolio" in given:
        smallest = given["synthetic_portfolio"] | {"borrowers": 1, "seasoning_months": 0}
        trials["synthetic_portfolio"] = lambda: sl.synthetic_portfolio(**smallest)
    faults: list[str] = []
    if "simulate" not in unsound and horizon is not None and horizon > length:
        faults.append(
            f"simulate.horizon: found {horizon}, expected at most {length}, the months of the scenarios; lower it"
        )
    for name, call in trials.items():
        if name not in unsound:
            try:
                call()
            except InputError as error:
                faults += [f"{name}.{fault}" for fault in error.faults]
                unsound = unsound | {name}
    return faults


def _scenario_faults(scenarios: Any) -> list[str]:
    """Faults of the list of scenarios, found by making each of them."""
    if not isinstance(scenarios, list) or not scenarios:
        return [f"scenarios: found {scenarios!r}, expected a list of names, files or tables; name at least one"]
    faults: list[str] = []
    for position, entry in enumerate(scenarios):
        _scenario(entry, f"scenarios.{position}", faults)
    names = _scenario_names(scenarios)
    if len(set(names)) < len(names):
        faults.append(f"scenarios: found {names}, expected each once; remove the repetition or rename the files")
    return faults or _difference_faults(scenarios)


SCENARIO_MAKERS = ("read_scenario", "shock_scenario")


def _scenario(entry: Any, where: str, faults: list[str]) -> xr.Dataset | None:
    """Scenario by name, from a file, or from a table of a function's arguments; None, and its faults, if unsound."""
    maker, arguments = "scenario", {"name": entry}
    if isinstance(entry, str) and Path(entry).is_file():
        maker, arguments = "read_scenario", {"path": entry}
    elif isinstance(entry, Mapping) and len(entry) == 1 and next(iter(entry)) in SCENARIO_MAKERS:
        ((maker, table),) = entry.items()
        before = len(faults)
        where = f"{where}.{maker}"
        arguments = read_arguments(getattr(sl, maker), table, where, faults)
        if len(faults) > before:
            return None
    elif not isinstance(entry, str):
        expected = f"a name, a file or a table of {' or '.join(SCENARIO_MAKERS)}"
        faults.append(f"{where}: found {entry!r}, expected {expected}; correct it")
        return None
    try:
        made: xr.Dataset = getattr(sl, maker)(**arguments)
    except InputError as error:
        faults += [f"{where}: {fault}" for fault in error.faults]
    except OSError as error:
        faults.append(f"{where}: found {arguments['path']!r} unreadable ({error.strerror}); correct the path")
    except UnicodeDecodeError as error:
        faults.append(f"{where}: found {arguments['path']!r} unreadable ({error}), expected text in UTF-8; convert it")
    else:
        return made
    return None


def _scenario_names(entries: Sequence[Any]) -> list[str]:
    """What scenarios are called in results: by name, by file, or by the function that makes them, then numbered."""
    names = []
    for entry in entries:
        maker, table = next(iter(entry.items())) if isinstance(entry, Mapping) and entry else (str(entry), None)
        given = table if isinstance(table, Mapping) else {"path": maker} if Path(maker).is_file() else {}
        names.append(str(given.get("name") or (Path(str(given["path"])).stem if "path" in given else maker)))
    shocks = [place for place, name in enumerate(names) if name == "shock_scenario"]
    if len(shocks) > 1:
        for number, place in enumerate(shocks, 1):
            names[place] = f"shock_scenario_{number}"
    return names


def side_by_side(entries: Sequence[Any]) -> xr.Dataset:
    """Scenarios of a study along `scenario`, a single one as it is."""
    made = [_scenario(entry, "scenarios", []) for entry in entries]
    together: xr.Dataset = (
        made[0] if len(made) == 1 else sl.scenario(dict(zip(_scenario_names(entries), made, strict=True)))
    )
    return together


def _difference_faults(entries: Sequence[Any]) -> list[str]:
    """Faults of scenarios that are sound alone but cannot stand side by side."""
    try:
        side_by_side(entries)
    except InputError as error:
        return [f"scenarios: {fault}" for fault in error.faults]
    return []


def buffer_arguments(given: Mapping[str, Mapping[str, Any]], result: xr.Dataset) -> dict[str, Any]:
    """Arguments of the buffer: a year, or all months where there are fewer, unless the study says otherwise."""
    return {"horizon": min(12, result.sizes["month"] - 1)} | dict(given["liquidity_buffer"])


def _read_toml(path: Path) -> dict[str, Any]:
    """Content of a TOML file; InputError if it cannot be read."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        fault = f"file: found none that can be read ({error.strerror}), expected a TOML file; correct the path"
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        fault = f"file: found no TOML ({error}), expected a study as TOML in UTF-8; correct that line"
    raise InputError(str(path), [fault])
