"""Types of arguments: read from the annotations of a public function or class, refused by name before it runs.

Numbers, truth values and text of NumPy become Python's own, and arrays where a list is expected become lists, so that
the same values give the same result however they are held.
"""

from __future__ import annotations

import functools
import inspect
import math
import re
import types
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike

from stresslab.checks import as_numbers, is_real, is_whole, shown, stopping
from stresslab.schema import InputError

Public = TypeVar("Public", bound=Callable[..., Any])
LISTS = (list, tuple, range, np.ndarray, pd.Index, pd.Series, xr.DataArray)
"""Containers that are taken where a list is expected, arrays if they have one dimension."""

WORDS: dict[Any, str] = {
    int: "a whole number",
    float: "a number",
    bool: "True or False",
    str: "text",
    np.ndarray: "an array",
    type(None): "None",
}
ADVICE = {
    "portfolio": "use read_portfolio() for a loan tape, or synthetic_portfolio()",
    "donors": "use read_portfolio() for a loan tape, or synthetic_portfolio()",
    "macro": "use scenario(), read_scenario() or macro_paths()",
    "scenario": "use scenario(), read_scenario() or macro_paths()",
    "scenarios": "use scenario() or read_scenario()",
    "result": "use simulate()",
    "Model": "use Model.from_preset('china-online') or Model.from_toml()",
    "Funding": "use Funding.for_book(result)",
    "BalanceSheet": "use BalanceSheet.for_book(result)",
    "terms": "use term_structures()",
    "parameters": "use irb_parameters(result)",
    "allowance": "use provisions(result)",
    "Axes": "give a single Axes, such as fig.add_subplot()",
    "Figure": "give a Figure, such as plt.figure()",
}
"""What gives a dataset of this name, or an object of this class."""


class Unfit(Exception):
    """Value that an annotation does not allow."""


def typed(public: Public) -> Public:
    """The same function or class, which refuses arguments of the wrong type, all in one InputError.

    >>> @typed
    ... def paid(amount: float, months: int = 12) -> float:
    ...     return amount * months
    >>> paid(np.float32(0.5))
    6.0
    >>> paid("0.5", True)
    Traceback (most recent call last):
    stresslab.schema.InputError: paid: 2 faults
      - amount: found '0.5', expected a number; give one
      - months: found True, expected a whole number; give one
    """
    if inspect.isclass(public):
        setattr(public, "__init__", _typed(public.__init__, public.__name__))  # noqa: B010
        return public
    return _typed(public, public.__qualname__)


def _typed(public: Public, subject: str) -> Public:
    """The same function, which reads the types of its arguments first."""
    signature = inspect.signature(public)

    @functools.wraps(public)
    def checked(*args: Any, **kwargs: Any) -> Any:
        try:
            given = signature.bind(*args, **kwargs)
        except TypeError:
            return public(*args, **kwargs)  # Python's own words for a missing or an unknown argument
        if faults := read(public, given):
            raise _all_faults(public, given, subject, faults)
        token = stopping.set(False)  # a function that calls this one may look for its own faults
        try:
            return public(*given.args, **given.kwargs)
        finally:
            stopping.reset(token)

    checked.typed = True  # type: ignore[attr-defined]
    return checked  # type: ignore[return-value]


def _all_faults(
    public: Callable[..., Any], given: inspect.BoundArguments, subject: str, wrong: Mapping[str, str]
) -> InputError:
    """What the function finds itself at its first `refuse`, then the faults of the types of arguments.

    It is run with the arguments as they are, and again with such as have the right type. What it says in both runs of
    other arguments is kept; what it says in the first run alone follows from a wrong type. If words or data of a wrong
    type have no default, what is said of no argument may follow from what is empty too. What the function says once of
    an argument of a wrong type takes the place of that fault, as it knows the bounds.
    """
    parameters = given.signature.parameters
    usual = {name: _usual(parameters[name], hints(public)[name]) for name in wrong}
    right = inspect.BoundArguments(given.signature, given.arguments | usual)
    first, second = _found(public, given), _found(public, right)
    places = {key: name for name, value in given.arguments.items() for key in _keys(name, value)}
    data = [name for name, value in given.arguments.items() if isinstance(value, xr.Dataset) and name not in wrong]
    of = {
        fault: {places[word] for word in _words(fault) & set(places)} or set(data if ": missing" in fault else [])
        for fault in first.faults + second.faults
    }
    sure = all(parameters[name].default is not inspect.Parameter.empty for name in wrong)
    both = [fault for fault in second.faults if fault in first.faults or (sure and not first.faults)]
    others = [fault for fault in both if of[fault].isdisjoint(wrong) and (sure or of[fault])]
    own = {name: [fault for fault in first.faults if of[fault] == {name}] for name in wrong}
    types = [own[name][0] if len(own[name]) == 1 and _short(own[name][0]) else wrong[name] for name in wrong]
    return InputError(first.subject or second.subject or subject, others + types)


def _short(fault: str) -> bool:
    """Whether a fault is one line: one that shows data or an object at length is not."""
    return len(fault) < 300 and "\n" not in fault


def _found(public: Callable[..., Any], given: inspect.BoundArguments) -> InputError:
    """What a function finds itself at its first `refuse`."""
    token = stopping.set(True)
    try:
        public(*given.args, **given.kwargs)
    except InputError as error:
        return error
    except Exception:  # a check cannot bear a value of the wrong type
        pass
    finally:
        stopping.reset(token)
    return InputError("", [])


def _usual(parameter: inspect.Parameter, hint: Any) -> Any:
    """The default of an argument; without one, what is empty of its type."""
    if parameter.default is not parameter.empty:
        return parameter.default
    kind = _kind(hint)
    if parameter.kind is parameter.VAR_POSITIONAL or kind in (Sequence, Collection, Iterable):
        return ()
    return kind() if kind in (*SCALARS, dict, xr.Dataset) else None


def _words(fault: str) -> set[str]:
    """The names of which a fault speaks, before its colon.

    >>> sorted(_words("tr12, tr13: found 0.5, 0.6, expected at most 1 in all; correct them"))
    ['tr12', 'tr13']
    """
    return set(re.findall(r"\w+", fault.split(":", 1)[0]))


def _keys(name: str, value: Any) -> set[str]:
    """Names under which a fault of an argument may stand: its own, and the keys of a mapping."""
    return {name, *(map(str, value) if isinstance(value, Mapping) else ())}


@functools.cache
def hints(public: Callable[..., Any]) -> dict[str, Any]:
    """Annotations of a function as types, resolved at the first call."""
    return get_type_hints(public)


def read(public: Callable[..., Any], given: inspect.BoundArguments) -> dict[str, str]:
    """Faults of the types of arguments, by name; those that fit are replaced by their plain values."""
    known, kinds, faults = hints(public), given.signature.parameters, {}
    for name, value in given.arguments.items():
        if name not in known or kinds[name].kind is inspect.Parameter.VAR_KEYWORD:
            continue
        several = kinds[name].kind is inspect.Parameter.VAR_POSITIONAL
        hint: Any = types.GenericAlias(tuple, (known[name], ...)) if several else known[name]
        try:
            given.arguments[name] = plain(value, hint)
        except Unfit:
            faults[name] = f"{name}: found {shown(value)}, expected {expected(hint)}; {_advice(name, hint)}"
    return faults


def plain(value: Any, hint: Any) -> Any:
    """The value as plain Python, if the annotation allows it.

    >>> plain(np.array([0.5, 1.0]), Sequence[float]), plain(np.int8(3), int | None), plain(3, float)
    ([0.5, 1.0], 3, 3)
    """
    if hint in (Any, object) or isinstance(hint, TypeVar):
        return value
    if hint == ArrayLike:
        numbers = as_numbers(value)
        return numbers if numbers is not None else _unfit()
    kind, arguments = _kind(hint), get_args(hint)
    if kind in (Union, types.UnionType):
        return _first(value, arguments)
    if kind is Literal:
        return _first(value, tuple(dict.fromkeys(type(option) for option in arguments)))
    if kind in SCALARS:
        return SCALARS[kind](value)
    if kind is tuple and Ellipsis not in arguments:
        return _entries(value, arguments)
    if kind in (Sequence, Collection, Iterable, list, tuple):
        entries = _list(value, arguments[0] if arguments else Any, sets=kind in (Collection, Iterable))
        return tuple(entries) if kind is tuple else entries
    if kind in (Mapping, dict):
        return _mapping(value, *(arguments or (Any, Any)))
    fits = callable(value) if kind is Callable else isinstance(value, kind)
    if not fits:
        raise Unfit
    return native(value) if isinstance(value, xr.Dataset) else value


def _kind(hint: Any) -> Any:
    """What an annotation is an instance of: `Sequence` of `Sequence[float]`; the array of `NDArray[float64]`.

    NumPy names arrays by an alias that holds its value from 2.5 on, and by the array itself before.
    """
    kind = get_origin(hint) or hint
    return _kind(kind.__value__) if hasattr(kind, "__value__") else kind


def native(dataset: xr.Dataset) -> xr.Dataset:
    """The dataset, its numbers as the machine computes with them and its labels of fixed length; itself if so held.

    Zarr 3 gives labels of any length back, and netCDF 3 numbers in the other order of bytes. Numbers of 80 bits become
    those of 64.
    """
    foreign = {
        name: variable.copy(data=_held_natively(variable))
        for name, variable in dataset.variables.items()
        if variable.chunks is None
        and isinstance(variable.dtype, np.dtype)
        and (variable.dtype.kind == "T" or not variable.dtype.isnative or _is_long(variable.dtype))
    }
    if not foreign:
        return dataset
    labels = {name: variable for name, variable in foreign.items() if name in dataset.coords}
    return dataset.assign(foreign).assign_coords(labels)


def _is_long(dtype: np.dtype[Any]) -> bool:
    """Whether numbers are longer than those of 64 bits."""
    return dtype.kind == "f" and dtype.itemsize > 8


def _held_natively(variable: xr.Variable) -> np.ndarray[Any, Any]:
    """Values of a variable in the order of bytes of the machine, or as text of fixed length."""
    if variable.dtype.kind != "T":
        return variable.values.astype(np.float64 if _is_long(variable.dtype) else variable.dtype.newbyteorder("="))
    return np.array(variable.values.tolist(), np.str_).reshape(variable.shape)


def _unfit() -> Any:
    raise Unfit


def _first(value: Any, options: Sequence[Any]) -> Any:
    """The value read by the first of several annotations that allows it."""
    for option in options:
        try:
            return plain(value, option)
        except Unfit:
            continue
    raise Unfit


SCALARS: dict[Any, Callable[[Any], Any]] = {
    bool: lambda value: bool(value) if isinstance(value, bool | np.bool_) else _unfit(),
    int: lambda value: int(value) if is_whole(value) else _unfit(),
    float: lambda value: _number(value) if is_real(value) else _unfit(),
    str: lambda value: str(value) if isinstance(value, str) else _unfit(),
    type(None): lambda value: None if value is None else _unfit(),
}
"""How a plain value is read."""


def _number(value: Any) -> int | float:
    """A whole number as int if 64 bits hold it, any other as float."""
    if is_whole(value) and abs(int(value)) < 2**63:
        return int(value)
    try:
        number = float(value)
    except OverflowError:
        raise Unfit from None
    return number if math.isfinite(number) or not np.isfinite(value) else _unfit()


def _list(value: Any, hint: Any, sets: bool = False) -> Any:
    """A list of values that an annotation allows; one that is plain already is returned itself."""
    allowed = (*LISTS, set, frozenset) if sets else LISTS
    if not isinstance(value, allowed) or getattr(value, "ndim", 1) != 1:
        raise Unfit
    entries = [plain(entry, hint) for entry in (value.values if isinstance(value, LISTS[4:]) else value)]
    same = isinstance(value, list | tuple) and all(new is old for new, old in zip(entries, value, strict=True))
    return value if same else tuple(entries) if isinstance(value, tuple) else entries


def _entries(value: Any, options: Sequence[Any]) -> Any:
    """A tuple of a fixed length with an annotation for each entry."""
    value = value.values if isinstance(value, xr.DataArray) else value
    if not isinstance(value, LISTS) or getattr(value, "ndim", 1) != 1 or len(value) != len(options):
        raise Unfit
    return tuple(plain(entry, option) for entry, option in zip(value, options, strict=True))


def _mapping(value: Any, key: Any, entry: Any) -> Any:
    """A mapping whose keys and values annotations allow."""
    if not isinstance(value, Mapping) or isinstance(value, xr.Dataset):
        raise Unfit
    return {plain(name, key): plain(content, entry) for name, content in value.items()}


def expected(hint: Any) -> str:
    """What an annotation allows, in words.

    >>> expected(float | Sequence[float] | None)
    'a number, a list of numbers or None'
    """
    if hint == ArrayLike:
        return "numbers"
    kind, arguments = _kind(hint), get_args(hint)
    if kind in (Union, types.UnionType):
        *most, last = dict.fromkeys(expected(option) for option in arguments)
        return f"{', '.join(most)} or {last}" if most else last
    if kind is Literal:
        return "one of " + ", ".join(map(repr, arguments))
    if kind in WORDS:
        return WORDS[kind]
    if kind is tuple and Ellipsis not in arguments:
        return f"({', '.join(expected(option) for option in arguments)})"
    if kind in (Sequence, Collection, Iterable, list, tuple):
        return f"a list of {_several(expected(arguments[0]))}" if arguments else "a list"
    if kind in (Mapping, dict):
        return f"a dict of {expected(arguments[0])} to {expected(arguments[1])}" if arguments else "a dict"
    if kind is Callable:
        return "a function"
    name = "path" if getattr(kind, "__name__", "") == "PathLike" else getattr(kind, "__name__", "anything")
    if kind in (Any, object):
        return "anything"
    if getattr(kind, "__module__", "").startswith("stresslab."):
        return f"{name}(...)"
    return f"{'an' if name[0] in 'AEIO' else 'a'} {name}"


def _several(words: str) -> str:
    """Words for several of what they name.

    >>> _several("a number"), _several("text"), _several("(a number, a number)")
    ('numbers', 'text', '(a number, a number)')
    """
    plural = words.startswith(("a ", "an ")) and " or " not in words
    return f"{words.split(' ', 1)[1]}s" if plural else words


def _advice(name: str, hint: Any) -> str:
    """What to do about an argument."""
    kinds = [option for option in (*get_args(hint), hint) if inspect.isclass(option)]
    wanted = [name if kind is xr.Dataset else kind.__name__ for kind in kinds]
    return next((ADVICE[key] for key in wanted if key in ADVICE), "give one")
