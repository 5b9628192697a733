"""Study files: a TOML file whose sections are public functions and whose keys are their arguments.

Every section is read against the signature of the function it is named after, so a study can say what Python can say,
and a new argument needs no second declaration.
"""

from __future__ import annotations

import difflib
import inspect
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import xarray as xr
from pydantic import BeforeValidator, ConfigDict, Field, ValidationError, create_model

import stresslab as sl
from stresslab.schema import InputError


@dataclass(frozen=True)
class Study:
    """A study that has been read and checked.

    title : what the study is called
    scenarios : names or tables as the file has them
    arguments : by function name, the arguments that the file gives, configuration objects made
    content : the file's content, as plain values
    """

    title: str
    scenarios: Sequence[Any]
    arguments: Mapping[str, Mapping[str, Any]]
    content: Mapping[str, Any]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(sorted(names))


def _near(name: str, known: Sequence[str]) -> str:
    """Advice for an unknown name: the nearest known one, if any is near."""
    near = difflib.get_close_matches(name, known, n=1)
    return f"write {near[0]!r}" if near else "remove or rename it"


def _unknown(key: str, name: str, known: Sequence[str]) -> str:
    return f"{key}: unknown, expected one of {_listed(known)}; {_near(name, known)}"


# Configuration objects: a table whose keys are the fields of a class or the arguments of its maker.


def _made(maker: Callable[..., Any], table: Any, nested: Mapping[str, Callable[[Any], Any]] | None = None) -> Any:
    """What a maker makes of a table of its arguments; InputError with every fault."""
    if not isinstance(table, Mapping):
        raise InputError(maker.__name__, [f"found {table!r}, expected a table of the arguments of {maker.__name__}"])
    arguments = {name: each for name, each in inspect.signature(maker).parameters.items() if name != "history"}
    faults = [_unknown(name, name, [*arguments]) for name in table if name not in arguments]
    needed = [name for name, each in arguments.items() if each.default is inspect.Parameter.empty]
    faults += [f"{name}: missing, expected a value; add it" for name in needed if name not in table]
    values: dict[str, Any] = {}
    for name, value in table.items():
        try:
            converted = (nested or {}).get(name, lambda same: same)(value)
            values[name] = tuple(converted) if isinstance(converted, list) else converted
        except InputError as error:
            faults += [f"{name}.{fault}" for fault in error.faults]
    if not faults:
        try:
            return maker(**values)
        except InputError as error:
            faults = error.faults
        except OSError as error:
            faults = [f"{error}; correct the path"]
    raise InputError(maker.__name__, faults)


def _of_kind(
    makers: Mapping[str, Callable[..., Any]], nested: Mapping[str, Callable[[Any], Any]] | None = None
) -> Callable[[Any], Any]:
    """Reader of a table whose `kind` names a class, its other keys being that class's fields."""

    def read(table: Any) -> Any:
        kind = table.get("kind") if isinstance(table, Mapping) else None
        if not isinstance(kind, str) or kind not in makers:
            fault = f"kind: found {kind if kind is not None else table!r}, expected one of {_listed([*makers])}"
            raise InputError("kind", [f"{fault}; write kind = {next(iter(makers))!r} and its fields"])
        return _made(makers[kind], {key: value for key, value in table.items() if key != "kind"}, nested)

    return read


def _all_of(read: Callable[[Any], Any]) -> Callable[[Any], list[Any]]:
    """Reader of a list, each entry by `read`."""

    def read_all(entries: Any) -> list[Any]:
        if not isinstance(entries, list):
            raise InputError("list", [f"found {entries!r}, expected a list of tables; write [[...]]"])
        values, faults = [], []
        for position, entry in enumerate(entries):
            try:
                values.append(read(entry))
            except InputError as error:
                faults += [f"{position}.{fault}" for fault in error.faults]
        if faults:
            raise InputError("list", faults)
        return values

    return read_all


def _response(table: Any) -> Any:
    kinds = {
        name: getattr(sl.actions, name) for name in sl.actions.__all__ if inspect.isclass(getattr(sl.actions, name))
    }
    return _of_kind(kinds, {"responses": _all_of(_response)})(table)


def _path_model(table: Any) -> Any:
    models = {name: getattr(sl.scenarios, name) for name in ("VAR", "BlockBootstrap", "RegimeSwitching")}
    deviations = {
        name: (lambda values: _made(sl.scenarios.Deviation, values))
        for name in inspect.signature(sl.scenarios.PathModel).parameters
        if name != "policy_rate_floor"
    }
    makers: dict[str, Callable[..., Any]] = {name: model.fit for name, model in models.items()}
    kind = table.get("kind") if isinstance(table, Mapping) else None
    if kind == "PathModel":
        return _of_kind({"PathModel": sl.scenarios.PathModel}, deviations)(table)
    return _of_kind(makers | {"PathModel": sl.scenarios.PathModel})(table)


def _provisioning(value: Any) -> Any:
    rules = {"IFRS9": sl.IFRS9, "CECL": sl.CECL, "China": sl.China}
    return value if isinstance(value, str) else _of_kind(rules)(value)


def _model(path: Any) -> Any:
    if not isinstance(path, str):
        raise InputError(
            "model", [f"found {path!r}, expected the path of a model file; write one with Model.to_toml()"]
        )
    if not Path(path).is_file():
        raise InputError(
            "model", [f"found no file {path!r}, expected one that Model.to_toml() wrote; correct the path"]
        )
    return sl.Model.from_toml(path)


def _partners(table: Any) -> Any:
    return _made(sl.funding.Partners, table, {"withdrawal": lambda values: _made(sl.funding.Trigger, values)})


def _rollover(value: Any) -> Any:
    return _made(sl.funding.RollOver, value) if isinstance(value, Mapping) else value


READERS: dict[str, Callable[[Any], Any]] = {
    "synthetic_portfolio.model": _model,
    "simulate.model": _model,
    "term_structures.model": _model,
    "simulate.feedback": lambda table: _made(sl.Feedback, table),
    "simulate.responses": _all_of(_response),
    "macro_paths.model": _path_model,
    "term_structures.outlooks": _all_of(lambda table: _made(sl.Outlook, table)),
    "provisions.provisioning": _provisioning,
    "provisions.overlays": _all_of(lambda table: _made(sl.Overlay, table)),
    "BalanceSheet.for_book.funding.partners": _partners,
    "BalanceSheet.for_book.funding.rollover": _rollover,
    "BalanceSheet.for_book.funding.liquid_assets": _all_of(lambda table: _made(sl.funding.LiquidAsset, table)),
    "BalanceSheet.for_book.funding.lines": _all_of(lambda table: _made(sl.funding.ContingentLine, table)),
}
"""Arguments that are configuration objects, and how a table becomes one."""

GIVEN = frozenset({"portfolio", "macro", "result", "funding", "balance_sheet", "terms", "scenario", "allowance"})
"""Arguments that the study computes itself."""

LEFT_OUT = frozenset({"behaviour", "progress", "parameters", "self", "cls"})
"""Arguments that are Python objects, which a file cannot hold, or that belong to the command line."""

BOUNDED: dict[str, Any] = {
    "seed": Annotated[int, Field(ge=0, lt=2**63)],
    "borrowers": Annotated[int, Field(ge=1)],
    "paths": Annotated[int, Field(ge=2)],
    "threads": Annotated[int, Field(ge=1)],
    "horizon": Annotated[int, Field(ge=1)],
    "spread": Annotated[float, Field(ge=0.0)],
    "level": Annotated[float, Field(gt=0.0, lt=1.0)],
    "levels": Annotated[list[Annotated[float, Field(gt=0.0, lt=1.0)]], Field(min_length=1)],
    "equity_share": Annotated[float, Field(ge=0.0, le=1.0)],
    "liquid_share": Annotated[float, Field(ge=0.0, le=10.0)],
}
"""Bounds of arguments by name, so that a value outside is named before the run and not in it."""


def _fields(section: str, function: Callable[..., Any], without: frozenset[str], extra: Any = None) -> dict[str, Any]:
    """Fields of a section's model: every argument of the function that a file may give, and `extra`'s for **options."""
    fields: dict[str, Any] = {}
    hints = get_type_hints(function)
    for name, argument in inspect.signature(function).parameters.items():
        if argument.kind is inspect.Parameter.VAR_KEYWORD:
            others = _fields(section, extra, without | {*fields}) if extra is not None else {}
            fields |= {other: (kind, None) for other, (kind, _) in others.items()}
        elif name not in without | LEFT_OUT:
            hint = BOUNDED.get(name, hints.get(name, Any))
            if reader := READERS.get(f"{section}.{name}"):
                hint = Annotated[Any, BeforeValidator(reader)]
            required = argument.default is inspect.Parameter.empty
            fields[name] = (hint, ...) if required else (hint | None if name in BOUNDED else hint, None)
    return fields


@cache
def _sections() -> dict[str, Any]:
    """A pydantic model for each section, made from the signature of the function that it is named after."""
    config = ConfigDict(extra="forbid", strict=True, arbitrary_types_allowed=True)

    def model(section: str, fields: dict[str, Any]) -> Any:
        optional: dict[str, Any] = {
            name: (hint if default is ... else hint | None, default) for name, (hint, default) in fields.items()
        }
        return create_model(section, __config__=config, **optional)

    functions = (
        sl.synthetic_portfolio, sl.read_portfolio, sl.macro_paths, sl.simulate, sl.term_structures,
        sl.loss_distribution, sl.provisions, sl.liquidity_buffer, sl.capital_adequacy,
    )  # fmt: skip
    made = {}
    for function in functions:
        name = function.__name__
        without = GIVEN | {"provisioning"} if function is sl.capital_adequacy else GIVEN
        fields = _fields(name, function, without)
        if name == "read_portfolio":
            donors = _fields("synthetic_portfolio", sl.synthetic_portfolio, frozenset({"model"}))
            fields["donors"] = (model("donors", donors), None)
        made[name] = model(name, fields)
    where = "BalanceSheet.for_book"
    shares = frozenset({"result", "lender", "borrowed_share", "liquid_share", "borrowings"})
    funding = _fields(f"{where}.funding", sl.Funding.for_book, shares, sl.Funding)
    sheet = _fields(where, sl.BalanceSheet.for_book, frozenset({"result", "lender", "funding"}), sl.BalanceSheet)
    sheet["funding"] = (model("funding", funding), None)
    made[where] = model(where, sheet)
    return made


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
        `capital_adequacy`), its keys after the function's arguments. Configuration objects are tables:
        `[simulate.feedback]`, `[[simulate.responses]]` and `[macro_paths.model]` with `kind`,
        `[provisions.provisioning]` with `kind`, `[[provisions.overlays]]`.

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
      - macro_paths.paths: found 1, expected greater than or equal to 2; correct it
      - macro_paths.sed: unknown, expected one of draws, follow, mode, model, paths, seed, spread; write 'seed'
    """
    subject = "study" if isinstance(source, dict) else str(source)
    content = source if isinstance(source, dict) else _read_toml(Path(source))
    faults: list[str] = []
    sections = _sections()
    known = ["title", "scenarios", *(name.split(".")[0] for name in sections)]
    faults += [_unknown(key, key, known) for key in content if key not in known]
    title = content.get("title", "stress test")
    if not isinstance(title, str):
        faults.append(f"title: found {title!r}, expected text; put it in quotes")
    faults += _scenario_faults(content.get("scenarios"))
    if {"synthetic_portfolio", "read_portfolio"} <= set(content):
        faults.append("read_portfolio: found synthetic_portfolio beside it, expected one portfolio; remove one section")
    arguments = {}
    for name, model in sections.items():
        table = _section(content, name, faults)
        if table is None and name in ("read_portfolio", "term_structures"):
            continue
        try:
            checked = model.model_validate(table or {})
        except ValidationError as error:
            faults += [line for fault in error.errors() for line in _sentences(dict(fault), name, model)]
        else:
            arguments[name] = _set_values(checked)
    if faults:
        raise InputError(subject, faults)
    if "read_portfolio" in content:
        arguments.pop("synthetic_portfolio")
    return Study(title, content["scenarios"], arguments, content)


def _section(content: Mapping[str, Any], name: str, faults: list[str]) -> Any:
    """The table of a section, whose name may have two steps; None if the study has none."""
    first, *rest = name.split(".")
    table = content.get(first)
    for step in rest:
        if not isinstance(table, Mapping):
            return table
        faults += [_unknown(f"{first}.{key}", key, [step]) for key in table if key != step]
        table = table.get(step)
    return table


def _set_values(checked: Any) -> dict[str, Any]:
    """Arguments that the study sets, nested sections as plain mappings."""
    values = {name: getattr(checked, name) for name in checked.model_fields_set}
    return {name: _set_values(value) if hasattr(value, "model_fields_set") else value for name, value in values.items()}


def _sentences(fault: dict[str, Any], section: str, model: Any) -> list[str]:
    """A fault of pydantic's in plain words; several where a configuration object has several."""
    steps = [str(step) for step in fault["loc"] if not str(step).startswith(("function-", "Sequence", "constrained"))]
    key = ".".join([section, *steps])
    if fault["type"] == "extra_forbidden":
        fields = model.model_fields if len(steps) == 1 else _nested(model, steps[0])
        return [_unknown(key, steps[-1], [*fields])]
    cause = fault.get("ctx", {}).get("error")
    if isinstance(cause, InputError):
        return [f"{key}.{line}" if not line.startswith("found") else f"{key}: {line}" for line in cause.faults]
    if fault["type"] == "missing":
        return [f"{key}: missing, expected a value; add it"]
    expected = fault["msg"].removeprefix("Input should be ")
    return [f"{key}: found {fault['input']!r}, expected {expected}; correct it"]


def _nested(model: Any, name: str) -> Mapping[str, Any]:
    """Fields of a nested section."""
    options = getattr(model.model_fields[name].annotation, "__args__", ())
    fields: Mapping[str, Any] = next((each.model_fields for each in options if hasattr(each, "model_fields")), {})
    return fields


def _scenario_faults(scenarios: Any) -> list[str]:
    """Faults of the list of scenarios, found by making each of them."""
    if not isinstance(scenarios, list) or not scenarios:
        return [f"scenarios: found {scenarios!r}, expected a list of names, files or tables; name at least one"]
    faults = []
    for position, entry in enumerate(scenarios):
        try:
            scenario_of(entry)
        except InputError as error:
            faults += [f"scenarios.{position}: {fault}" for fault in error.faults]
    names = [scenario_name(entry) for entry in scenarios]
    if len(set(names)) < len(names):
        faults.append(f"scenarios: found {names}, expected each once; remove the repetition or rename the files")
    return faults


SCENARIO_MAKERS = ("read_scenario", "shock_scenario")


def scenario_of(entry: Any) -> xr.Dataset:
    """A scenario by name, from a file, or from a table of a function's arguments."""
    if isinstance(entry, str):
        return sl.read_scenario(entry) if Path(entry).is_file() else sl.scenario(entry)
    if isinstance(entry, Mapping) and len(entry) == 1 and next(iter(entry)) in SCENARIO_MAKERS:
        maker, table = next(iter(entry.items()))
        made: xr.Dataset = _made(getattr(sl, maker), table)
        return made
    fault = f"found {entry!r}, expected a name, a file or a table of {' or '.join(SCENARIO_MAKERS)}; correct it"
    raise InputError("scenario", [fault])


def scenario_name(entry: Any) -> str:
    """What a scenario is called in results."""
    if isinstance(entry, Mapping):
        maker, table = next(iter(entry.items()))
        return (
            str(table.get("name") or Path(str(table.get("path", maker))).stem) if isinstance(table, Mapping) else maker
        )
    return Path(str(entry)).stem if Path(str(entry)).is_file() else str(entry)


def _read_toml(path: Path) -> dict[str, Any]:
    """Content of a TOML file; InputError if it cannot be read."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(str(path), [f"file: {error}; expected a readable TOML file; correct or move it"]) from None
