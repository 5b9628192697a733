"""Sections of a study file: tables, read against the signatures of the public functions that they are named after.

A key is an argument, and its annotation says what it may hold: a plain value, checked by type, or a table that makes a
configuration class of the package, whose keys are the fields of the class. So no argument is declared a second time.
"""

from __future__ import annotations

import dataclasses
import datetime
import inspect
import os
import types
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin, get_type_hints

import xarray as xr
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

import stresslab as sl
from stresslab.checks import near, unknown
from stresslab.schema import InputError

Reader = Callable[[Any, str, list[str]], Any]
"""Reads a value under a key: takes the value, the key and the list of faults to which it adds its own."""

COMPUTED = (xr.Dataset, sl.Funding, sl.BalanceSheet)
"""Arguments of these types are computed by the study and are no keys."""

PYTHON_ONLY = frozenset({"behaviour", "progress"})
"""Arguments that are no keys: compiled functions, and what the command line decides."""

CENTURY = 1200
Month = Annotated[int, Field(ge=1, le=CENTURY)]
Level = Annotated[float, Field(gt=0.0, lt=1.0)]
NARROWER: dict[str, Any] = {
    "seed": Annotated[int, Field(ge=0, lt=2**63)],
    "borrowers": Annotated[int, Field(ge=1, le=2**31)],
    "sample": Annotated[int, Field(ge=1, le=2**31)],
    "paths": Annotated[int, Field(ge=2, le=2**32)],
    "threads": Annotated[int, Field(ge=1, le=1024)],
    "horizon": Month,
    "months": Month,
    "months_to_peak": Month,
    "tenor_months": Month,
    "seasoning_months": Annotated[int, Field(ge=0, le=CENTURY)],
    "points": Annotated[int, Field(ge=1, le=1000)],
    "spread": Annotated[float, Field(ge=0.0, le=10.0)],
    "level": Level,
    "levels": Level | Annotated[Sequence[Level], Field(min_length=1)],
    "tape": str,
    "path": str,
}
"""Types of arguments by name where a file is held to more than the annotation says."""


class Argument(NamedTuple):
    """Argument of a function, or field of a configuration class: its type, and whether it must be given."""

    hint: Any
    needed: bool


def arguments(maker: Callable[..., Any], without: Collection[str] = ()) -> dict[str, Argument]:
    """Arguments that a file can give to a function or a class, by name.

    >>> sorted(arguments(sl.loss_distribution))
    ['horizon', 'lender', 'levels']
    """
    hints = get_type_hints(maker)
    return {
        name: Argument(NARROWER.get(name, hints[name]), argument.default is inspect.Parameter.empty)
        for name, argument in inspect.signature(maker).parameters.items()
        if argument.kind is not inspect.Parameter.VAR_KEYWORD
        and name not in {*without, *PYTHON_ONLY}
        and not any(option in COMPUTED for option in options(hints[name]))
    }


def options(hint: Any) -> list[Any]:
    """Alternatives of an annotation: the members of a union, or the annotation itself."""
    return list(get_args(hint)) if get_origin(hint) in (Union, types.UnionType) else [hint]


def read_arguments(
    maker: Callable[..., Any],
    table: Any,
    where: str,
    faults: list[str],
    *,
    others: Callable[..., Any] | None = None,
    tables: Mapping[str, Reader] | None = None,
    without: Collection[str] = (),
) -> dict[str, Any]:
    """Arguments of a function from a table; adds a fault, with its key, for each that cannot be used.

    others : what gets further arguments, where the function hands them on (**others)
    tables : readers of arguments that are tables of another function's arguments
    """
    if not isinstance(table, Mapping):
        faults.append(f"{where}: found {table!r}, expected a table of arguments; write [{where}] and a line for each")
        return {}
    known = arguments(maker, without)
    if others is not None:
        known |= {name: argument for name, argument in arguments(others, without).items() if name not in known}
    names = sorted({*known, *(tables or {})})
    faults += [unknown(f"{where}.{name}", name, names) for name in table if name not in names]
    lost = [name for name, argument in known.items() if argument.needed and name not in table]
    faults += [f"{where}.{name}: missing, expected a value; add it" for name in lost]
    values = {}
    for name, value in table.items():
        if tables and name in tables:
            values[name] = tables[name](value, f"{where}.{name}", faults)
        elif name in known:
            values[name] = read_value(known[name].hint, value, f"{where}.{name}", faults)
    return values


def read_value(hint: Any, value: Any, where: str, faults: list[str]) -> Any:
    """Value of an argument with this annotation: configuration objects made, anything else checked by its type."""
    if sl.Model in options(hint):
        return _model(value, where, faults)
    several = [entry for option in options(hint) if _is_sequence(option) for entry in get_args(option)[:1]]
    makers, makers_of_entries = _makers(options(hint)), _makers(several)
    if makers and isinstance(value, Mapping):
        return _object(makers, value, where, faults)
    if makers_of_entries and isinstance(value, list):
        places = [f"{where}.{place}" for place in range(len(value))]
        return tuple(_object(makers_of_entries, *entry, faults) for entry in zip(value, places, strict=True))
    plain = [option for option in options(hint) if option is not type(None) and not _makers([option])]
    plain = [option for option in plain if not (_is_sequence(option) and _makers(get_args(option)[:1]))]
    expected = [f"a table of {' or '.join(makers)}"] if makers else []
    expected += [f"a list of tables of {' or '.join(makers_of_entries)}"] if makers_of_entries else []
    value = _as_tuples(value)
    if wrong := _type_faults(plain, value, where, expected):
        faults += wrong
    return value


def _is_sequence(hint: Any) -> bool:
    return get_origin(hint) in (Sequence, tuple, list)


def _makers(hints: Collection[Any]) -> dict[str, Callable[..., Any]]:
    """Makers of the configuration classes among some annotations, by name of the class: the class, or what fits it."""
    makers: dict[str, Callable[..., Any]] = {}
    for hint in hints:
        if isinstance(hint, type) and dataclasses.is_dataclass(hint) and hint is not sl.Model:
            kinds = [kind for kind in hint.__subclasses__() if kind.__module__.startswith("stresslab.")] or [hint]
            makers |= {kind.__name__: getattr(kind, "fit", kind) for kind in kinds}
    return makers


def _object(makers: Mapping[str, Callable[..., Any]], table: Any, where: str, faults: list[str]) -> Any:
    """Configuration object from a table of its fields; where there are several kinds, `kind` names the class."""
    if not isinstance(table, Mapping):
        faults.append(f"{where}: found {table!r}, expected a table of {' or '.join(makers)}; write its fields")
        return None
    if len(makers) == 1:
        (maker,) = makers.values()
    else:
        kind = table.get("kind")
        if not isinstance(kind, str) or kind not in makers:
            given = "nothing" if kind is None else repr(kind)
            likely = (near(kind, makers) or [*makers])[0]
            expected = f"expected one of {', '.join(sorted(makers))}; write kind = {likely!r} and the fields of it"
            faults.append(f"{where}.kind: found {given}, {expected}")
            return None
        maker, table = makers[kind], {name: value for name, value in table.items() if name != "kind"}
    before = len(faults)
    known = arguments(maker)
    values = read_arguments(maker, {name: table[name] for name in table if name in known}, where, faults)
    unsound = len(faults) > before
    faults += [unknown(f"{where}.{name}", name, known) for name in table if name not in known]
    if unsound:
        return None
    try:
        return maker(**values)
    except InputError as error:
        faults += [f"{where}.{fault}" for fault in error.faults]
    return None


def _model(path: Any, where: str, faults: list[str]) -> Any:
    """Model of the engine from the path of its file."""
    if not isinstance(path, str) or not os.path.isfile(path):
        faults.append(f"{where}: found {path!r}, expected the path of a file by Model.to_toml(); correct the path")
        return None
    try:
        return sl.Model.from_toml(path)
    except InputError as error:
        faults += [f"{where} ({path}): {fault}" for fault in error.faults]
    return None


def _as_tuples(value: Any) -> Any:
    """The value with every list as a tuple, so that configuration objects can be compared."""
    return tuple(_as_tuples(entry) for entry in value) if isinstance(value, list) else value


def _type_faults(hints: Sequence[Any], value: Any, where: str, expected: Sequence[str]) -> list[str]:
    """Faults of a value that has none of the types; `expected` says what else could stand there."""
    if not hints:
        return [f"{where}: found {_shown(value)}, expected {' or '.join(expected)}; correct it"]
    try:
        kind: Any = Union[tuple(hints)]  # noqa: UP007
        adapter: TypeAdapter[Any] = TypeAdapter(
            kind, config=ConfigDict(strict=True, arbitrary_types_allowed=True, allow_inf_nan=False)
        )
        adapter.validate_python(value)
    except ValidationError as error:
        wrong: dict[str, tuple[Any, list[str]]] = {}
        for fault in error.errors():
            key = ".".join([where, *_steps(value, fault["loc"])])
            wrong.setdefault(key, (fault["input"], list(expected)))[1].append(_expected(fault["msg"]))
        deepest = {key: said for key, said in wrong.items() if len(wrong) == 1 or key != where}
        return [
            f"{key}: found {_shown(given)}, expected {' or '.join(dict.fromkeys(words))}; correct it"
            for key, (given, words) in deepest.items()
        ]
    return []


def _steps(value: Any, location: Sequence[int | str]) -> list[str]:
    """Keys and positions that lead to a part of a value, out of a location that names alternatives of types too."""
    steps = []
    for step in location:
        inside = step in value if isinstance(value, Mapping) else isinstance(value, tuple) and isinstance(step, int)
        if inside:
            value = value[step]
            steps.append(str(step))
    return steps


def _shown(value: Any) -> str:
    """A value as the file has it: lists with brackets, dates without quotes."""
    if isinstance(value, datetime.date | datetime.time):
        return str(value)
    return repr(list(value) if isinstance(value, tuple) else value)


WORDS = {
    "a valid string": "text in quotes",
    "a valid integer": "a whole number",
    "a valid number": "a number",
    "a finite number": "a finite number",
    "a valid boolean": "true or false",
    "a valid sequence": "a list",
    "a valid tuple": "a list",
    "'str' instances are not allowed as a Sequence value": "a list",
    "Value should have at least 1 item after validation, not 0": "at least one entry",
    "a valid dictionary": "a table",
    "a valid mapping": "a table",
    "an instance of Sequence": "a list",
    "an instance of Mapping": "a table",
    "greater than or equal to": "a number of at least",
    "greater than": "a number above",
    "less than or equal to": "a number of at most",
    "less than": "a number below",
}
"""What pydantic expects, and plain words for it."""


def _expected(message: str) -> str:
    """What was expected, from a message of pydantic.

    >>> _expected("Input should be a valid integer"), _expected("Input should be greater than or equal to 2")
    ('a whole number', 'a number of at least 2')
    """
    message = message.removeprefix("Input should be ")
    for theirs, ours in WORDS.items():
        if message.startswith(theirs):
            return ours + message.removeprefix(theirs)
    return message
