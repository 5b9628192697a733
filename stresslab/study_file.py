"""Study files: a TOML file whose sections are public functions and whose keys are their arguments.

A file is refused whole, with every fault, before anything is simulated.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xarray as xr

import stresslab as sl
from stresslab.checks import refuse, unknown
from stresslab.files import digest, toml_content
from stresslab.schema import InputError
from stresslab.sections import read_arguments
from stresslab.study_trial import trial_faults
from stresslab.typed import typed

MOST_LEVELS = 16
"""Levels of tables and lists in a study."""


@dataclass(frozen=True)
class Study:
    """Study that has been read and checked.

    title : what the study is called
    scenarios : names or tables as the file has them, with absolute paths
    arguments : by function name, the arguments that the file gives, configuration objects made
    content : the file's content, as plain values
    inputs : the study file and the files that it names: path, size [byte] and SHA-256 of each
    """

    title: str
    scenarios: Sequence[Any]
    arguments: Mapping[str, Mapping[str, Any]]
    content: Mapping[str, Any]
    inputs: Sequence[Mapping[str, Any]] = ()


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


@typed
def read_study(source: str | Path | Mapping[Any, Any]) -> Study:
    """Read a study from a TOML file or from its content, and check all of it.

    Parameters
    ----------
    source : str, Path or mapping
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
        those of capital. Paths in a file are relative to its folder; those of a dict to the current one.

    Returns
    -------
    Study
        Ready for `run_study`.

    Raises
    ------
    InputError
        Names every faulty key, the value found, what was expected and the nearest known name. What can be known before
        the first draw is found here: on a made-up result, in a moment, not after a long simulation.

    Examples
    --------
    >>> read_study({"scenarios": ["china-baseline"], "macro_paths": {"paths": 1, "sed": 2}})
    Traceback (most recent call last):
    ...
    stresslab.schema.InputError: study: 2 faults
      - macro_paths.sed: unknown, expected one of draws, follow, mode, model, paths, seed, spread; write 'seed'
      - macro_paths.paths: found 1, expected a number of at least 2; correct it
    """
    file = None if isinstance(source, Mapping) else Path(source)
    subject = "study" if file is None else str(source)
    content = source if isinstance(source, Mapping) else toml_content(Path(source), "a study")
    refuse(subject, _content_faults(content))
    files: list[str] = [] if file is None else [os.path.abspath(file)]
    given = _rooted(content, Path.cwd() if file is None else file.absolute().parent, files)
    faults = _tape_faults(content, given)
    sections = _sections()
    known = ["title", "scenarios", *(name.split(".")[0] for name in sections)]
    faults += [unknown(key, key, known) for key in content if key not in known]
    title = content.get("title", "stress test")
    if not isinstance(title, str):
        faults.append(f"title: found {title!r}, expected text; put it in quotes")
    scenario_faults = _scenario_faults(given.get("scenarios"))
    if {"synthetic_portfolio", "read_portfolio"} <= set(content):
        faults.append("read_portfolio: found synthetic_portfolio beside it, expected one portfolio; remove one section")
    arguments, unsound = {}, set()
    for name, (function, reading) in sections.items():
        table = _table_of(given, name, faults)
        if table is not None or name not in ON_DEMAND:
            before = len(faults)
            arguments[name] = read_arguments(function, {} if table is None else table, name, faults, **reading)
            unsound |= {name} if len(faults) > before else set()
    if "read_portfolio" in content:
        arguments.pop("synthetic_portfolio")
    scenario = _stand_in(arguments, unsound) if scenario_faults else side_by_side(given["scenarios"])
    faults += trial_faults(scenario, arguments, unsound)
    refuse(subject, scenario_faults + faults)
    inputs = [{"file": path, **digest(Path(path))} for path in files]
    return Study(title, given["scenarios"], arguments, content, inputs)


def _stand_in(arguments: Mapping[str, Mapping[str, Any]], unsound: set[str]) -> xr.Dataset:
    """Scenario of as many months as the study wants, to try its sections where its own scenarios are unsound."""
    months = None if "simulate" in unsound else arguments["simulate"].get("horizon")
    scenario: xr.Dataset = sl.shock_scenario(0.08, months=months or 36)
    return scenario


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


def _scenario_faults(scenarios: Any) -> list[str]:
    """Faults of the list of scenarios, found by making each of them."""
    if not isinstance(scenarios, list) or not scenarios:
        return [f"scenarios: found {scenarios!r}, expected a list of names, files or tables; name at least one"]
    faults: list[str] = []
    for position, entry in enumerate(scenarios):
        try:
            _scenario(entry, f"scenarios.{position}")
        except InputError as error:
            faults += error.faults
    names = _scenario_names(scenarios)
    if len(set(names)) < len(names):
        advice = "remove the repetition, or tell files apart by { read_scenario = { path = ..., name = ... } }"
        faults.append(f"scenarios: found {names}, expected each once; {advice}")
    return faults or _difference_faults(scenarios)


SCENARIO_MAKERS = ("read_scenario", "shock_scenario")


def _scenario(entry: Any, where: str) -> xr.Dataset:
    """Scenario by name, from a file, or from a table of a function's arguments; InputError names its faults."""
    maker, arguments, faults = "scenario", {"name": entry}, list[str]()
    if isinstance(entry, str) and os.path.isfile(entry):
        maker, arguments = "read_scenario", {"path": entry}
    elif isinstance(entry, str) and (os.path.sep in entry or Path(entry).suffix):
        faults = [f"{where}: found no file at {entry!r}, expected one, by its path from the study; correct the path"]
    elif isinstance(entry, Mapping) and len(entry) == 1 and next(iter(entry)) in SCENARIO_MAKERS:
        ((maker, table),) = entry.items()
        where = f"{where}.{maker}"
        arguments = read_arguments(getattr(sl, maker), table, where, faults)
    elif not isinstance(entry, str):
        expected = f"a name, a file or a table of {' or '.join(SCENARIO_MAKERS)}"
        faults = [f"{where}: found {entry!r}, expected {expected}; correct it"]
    refuse("study", faults)
    try:
        made: xr.Dataset = getattr(sl, maker)(**arguments)
    except InputError as error:
        raise InputError("study", [f"{where}: {fault}" for fault in error.faults]) from error
    return made


def _scenario_names(entries: Sequence[Any]) -> list[str]:
    """What scenarios are called in results: by name, by file, or by the function that makes them, then numbered."""
    names = []
    for entry in entries:
        maker, table = next(iter(entry.items())) if isinstance(entry, Mapping) and entry else (str(entry), None)
        given = table if isinstance(table, Mapping) else {"path": maker} if os.path.isfile(maker) else {}
        names.append(str(given.get("name") or (Path(str(given["path"])).stem if "path" in given else maker)))
    shocks = [place for place, name in enumerate(names) if name == "shock_scenario"]
    if len(shocks) > 1:
        for number, place in enumerate(shocks, 1):
            names[place] = f"shock_scenario_{number}"
    return names


def side_by_side(entries: Sequence[Any]) -> xr.Dataset:
    """Scenarios of a study along `scenario`, a single one as it is."""
    made = [_scenario(entry, "scenarios") for entry in entries]
    if len(made) == 1:
        return made[0]
    together: xr.Dataset = sl.scenario(dict(zip(_scenario_names(entries), made, strict=True)))
    return together


def _difference_faults(entries: Sequence[Any]) -> list[str]:
    """Faults of scenarios that are sound alone but cannot stand side by side."""
    try:
        side_by_side(entries)
    except InputError as error:
        return [f"scenarios: {fault}" for fault in error.faults]
    return []


def _content_faults(content: Mapping[Any, Any]) -> list[str]:
    """Faults of what no section can have: keys that are no text, whole numbers beyond 64 bits, too many levels."""
    faults: list[str] = []
    left: list[tuple[tuple[str, ...], Any]] = [((), content)]
    while left:
        where, value = left.pop()
        key = ".".join(where)
        if isinstance(value, Mapping | list | tuple):
            if len(where) >= MOST_LEVELS:
                faults.append(f"{key}: found more than {MOST_LEVELS} levels, expected fewer; remove some")
                continue
            pairs = value.items() if isinstance(value, Mapping) else enumerate(value)
            left += [((*where, str(step)), inner) for step, inner in pairs]
            strange = [name for name in value if not isinstance(name, str)] if isinstance(value, Mapping) else []
            faults += [f"{key or 'study'}: found the key {name!r}, expected text; rename it" for name in strange]
        elif isinstance(value, int) and not -(2**63) <= value < 2**63:
            faults.append(f"{key}: found a whole number of {value.bit_length()} bits, expected at most 64; correct it")
    return faults


PATH_KEYS = ("tape", "path", "model", "cache")
"""Keys whose text is a path."""


def _rooted(value: Any, folder: Path, files: list[str], key: str = "") -> Any:
    """The content with the paths of files made absolute from a folder; `files` gets those that are there."""
    if isinstance(value, Mapping):
        return {name: _rooted(inner, folder, files, name) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_rooted(inner, folder, files, key) for inner in value]
    if not isinstance(value, str) or key not in (*PATH_KEYS, "scenarios"):
        return value
    path = os.path.join(folder, value)
    if os.path.isfile(path):
        files += [path] if path not in files else []
    elif key == "scenarios":
        return value  # a name
    return path


def _tape_faults(content: Mapping[str, Any], given: Mapping[str, Any]) -> list[str]:
    """Fault of a tape that is no file, with a name that is near."""
    section = given.get("read_portfolio")
    path = section.get("tape") if isinstance(section, Mapping) else None
    if not isinstance(path, str) or (os.path.isfile(path) and os.access(path, os.R_OK)):
        return []
    folder, name = os.path.split(path)
    near = difflib.get_close_matches(name, os.listdir(folder) if os.path.isdir(folder) else [], n=1)
    found = "a folder" if os.path.isdir(path) else "no file that can be read"
    hint = f" (there is {near[0]!r})" if near else ""
    expected = "expected a loan tape, by its path from the study file"
    return [
        f"read_portfolio.tape: found {found} at {content['read_portfolio']['tape']!r}{hint}, {expected}; correct it"
    ]
