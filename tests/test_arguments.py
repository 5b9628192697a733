"""Arguments of public functions: each kind of wrong value is refused by name, each form of a right one gives the same.

Every day a part of the kinds is tried of each argument, another part of the next; with the tests marked `slow` all.
"""

import copy
import datetime
import inspect
import pathlib
import re
from functools import cache

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib import pyplot as plt

import stresslab as sl
from stresslab.typed import Unfit, hints, plain
from tests.fuzz.calls import SLOW, calls, give, public_callables

NAMES = sorted(name.removeprefix("stresslab.") for name in public_callables())
EVERY = 4
"""One kind in so many is tried every day."""

WRONG = {
    "None": lambda: None,
    "a word": lambda: "nonsense",
    "no word": lambda: "",
    "a number": lambda: 0.5,
    "nan": lambda: np.nan,
    "infinity": lambda: np.inf,
    "minus one": lambda: -1,
    "a truth": lambda: True,
    "an empty list": lambda: [],
    "a list of None": lambda: [None],
    "ragged lists": lambda: [[1.0], [1.0, 2.0]],
    "an empty dict": lambda: {},
    "a dict": lambda: {"a": 1},
    "a set": lambda: {1, 2},
    "a generator": lambda: (number for number in (1, 2)),
    "bytes": lambda: b"x",
    "a day": lambda: datetime.datetime(2026, 1, 1),
    "a day of NumPy": lambda: np.datetime64("2026-01-01"),
    "a span": lambda: np.timedelta64(1, "D"),
    "a complex number": lambda: 1 + 2j,
    "a number of 400 digits": lambda: 10**400,
    "a number beyond a float": lambda: np.longdouble("1e400"),
    "2**62": lambda: np.int64(2**62),
    "no dimensions": lambda: np.array(0.5),
    "no numbers": lambda: np.array([]),
    "objects": lambda: np.array([None, "x"], object),
    "masked": lambda: np.ma.masked_array([1.0, 2.0], [True, False]),
    "a Series": lambda: pd.Series([1.0, 2.0]),
    "a frame": lambda: pd.DataFrame({"a": [1.0]}),
    "an array": lambda: xr.DataArray([1.0]),
    "an empty dataset": lambda: xr.Dataset(),
    "pandas' missing": lambda: pd.NA,
    "an object": lambda: object(),
    "a class": lambda: int,
    "a function": lambda: len,
    "a path": lambda: pathlib.Path("nowhere"),
    "a model": lambda: sl.Model(),
}
ENDLESS = {("scenarios.shock.shock_scenario", "recovery_months"), ("measures.liquidity.funding.Trigger", "arrears_30")}
"""Numbers that may be infinite."""

ALSO = {"path": ("file", "table"), "tape": ("file", "table"), "name": ("preset", "capital_regime"),
        "scenarios": ("scenario",), "from_bucket": ("buckets",), "to_bucket": ("buckets",)}  # fmt: skip
"""Other names under which a fault of an argument may stand."""


def fits(function, name, value):
    """Whether an annotation allows the type of a value."""
    known = hints(inspect.unwrap(function.__init__ if inspect.isclass(function) else function))
    if name not in known:
        return True  # one of **others
    several = inspect.signature(function).parameters[name].kind is inspect.Parameter.VAR_POSITIONAL
    try:
        plain(value, tuple[known[name], ...] if several else known[name])
    except Unfit:
        return False
    return True


def names_of(fault):
    """The names before the colon of a fault."""
    return set(re.findall(r"\w+", fault.split(":")[0]))


def poor(name, argument, kind):
    """What is wrong with how a function takes a wrong value; empty if nothing is."""
    function, arguments = calls()[name]
    value = WRONG[kind]()
    fit = fits(function, argument, value)
    if fit and name.rsplit(".", 1)[-1] in SLOW:
        return ""
    try:
        give(function, arguments | {argument: value})
    except sl.InputError as error:
        return _poor_refusal(error.faults, argument, fit, value if isinstance(value, dict) else ())
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    finally:
        plt.close("all")
    if not fit:
        return "accepted"
    number = isinstance(value, float | np.floating) and not np.isfinite(value)
    return "accepted" if number and (name, argument) not in ENDLESS else ""


def _poor_refusal(faults, argument, fit, keys=()):
    """What is wrong with a refusal: a wrong type has one cause, that names the argument or its key in one line."""
    if not faults or any("\n" in fault or len(fault) > 1_000 for fault in faults):
        return f"not a line for each cause: {faults}"
    if fit:
        return ""
    named = names_of(faults[0]) & {argument, *keys, *ALSO.get(argument, ())}
    return "" if len(faults) == 1 and named else f"not one cause, {argument}: {faults}"


def chosen(count, place, every):
    """Positions of the kinds that are tried of an argument."""
    return range(place % every, count, every)


def all_poor(name, every):
    """What is wrong with how a function takes wrong values of its arguments, by argument and kind."""
    found = {}
    for place, argument in enumerate(calls()[name][1] if name in calls() else ()):
        for kind in [list(WRONG)[k] for k in chosen(len(WRONG), place + len(name), every)]:
            if wrong := poor(name, argument, kind):
                found[f"{argument} = {kind}"] = wrong
    return found


def test_every_public_function_has_a_sound_call():
    without = [name for name in NAMES if name not in calls()]
    functions = {name.removeprefix("stresslab."): function for name, function in public_callables().items()}
    with_arguments = [name for name in without if set(inspect.signature(functions[name]).parameters) - {"self", "cls"}]
    assert with_arguments == ["scenarios.quarterly.QuarterlyModel.innovations"]  # of each kind of model
    assert set(calls()) <= set(NAMES)
    for name, (function, arguments) in calls().items():
        parameters = inspect.signature(function).parameters.values()
        named = {kind.name for kind in parameters if kind.kind is not inspect.Parameter.VAR_KEYWORD}
        assert named <= set(arguments), name


@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_value_is_refused_by_name(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert all_poor(name, EVERY) == {}


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_wrong_value_is_refused_by_name(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert all_poor(name, 1) == {}


def _numbers(data, change):
    """A dataset whose numbers are changed."""
    held = {name: values for name, values in data.data_vars.items() if values.dtype.kind in "iuf"}
    return data.assign({name: (values.dims, change(values.values), values.attrs) for name, values in held.items()})


def _frozen(values):
    values = values.copy()
    values.flags.writeable = False
    return values


DATASETS = {
    "big-endian": lambda data: _numbers(data, lambda values: values.astype(values.dtype.newbyteorder(">"))),
    "columns first": lambda data: _numbers(data, lambda values: np.array(values, order="F")),
    "dimensions reversed": lambda data: data.transpose(*tuple(data.dims)[::-1]),
    "read only": lambda data: _numbers(data, _frozen),
    "longdouble": lambda data: _numbers(data, lambda values: values.astype(np.longdouble)),
    "chunks": lambda data: data.chunk(),
}
LISTS = {
    "a tuple": tuple,
    "a list": list,
    "an array": np.array,
    "an Index": pd.Index,
    "a Series": pd.Series,
    "a DataArray": lambda value: xr.DataArray(list(value)),
}
NUMBERS = {
    "big-endian": lambda value: np.asarray(value, ">f8"),
    "longdouble": lambda value: np.asarray(value, np.longdouble),
    "objects": lambda value: np.asarray(value, object),
}
FORMS = {
    bool: {"NumPy's": np.bool_},
    int: {"int8": np.int8, "uint16": np.uint16, "int64": np.int64},
    float: {"float64": np.float64, "longdouble": np.longdouble},
    str: {"NumPy's": np.str_},
    xr.Dataset: DATASETS,
}  # fmt: skip
MAY_BE_REFUSED = {"chunks", "longdouble"}
"""Forms of a dataset that are refused, or give the same."""


def forms(function, name, value):
    """Other forms of a right value, by name."""
    if isinstance(value, int) and not isinstance(value, bool):
        return {form: make for form, make in FORMS[int].items() if form == "int64" or 0 <= value < 128}
    if type(value) in FORMS:
        return FORMS[type(value)]
    if isinstance(value, list | tuple) and value and all(isinstance(entry, float | int | str) for entry in value):
        hint = str(hints(inspect.unwrap(function.__init__ if inspect.isclass(function) else function)).get(name, ""))
        numbers = NUMBERS if "_SupportsArray" in hint else {}
        return {form: make for form, make in (LISTS | numbers).items() if type(make(value)) is not type(value)}
    return {}


@cache
def right(name):
    """What a function answers to its sound call."""
    return give(*calls()[name])


def same(made, sound):
    """Whether two answers are the same; sums may differ in their last digit if memory is in another order."""
    if isinstance(sound, xr.Dataset | xr.DataArray):
        return _close(made, sound)
    if isinstance(sound, pd.DataFrame):
        return _close(made.to_xarray(), sound.to_xarray())
    if isinstance(sound, plt.Axes | plt.Figure):
        return type(made) is type(sound)
    if isinstance(sound, np.ndarray):
        return np.array_equal(made, sound, equal_nan=True)
    return re.sub(" at 0x[0-9a-f]+", "", repr(made)) == re.sub(" at 0x[0-9a-f]+", "", repr(sound))


def _close(made, sound):
    """Whether labelled values are the same to 9 digits, whatever the order of their dimensions."""
    if sound.equals(made):
        return True
    if isinstance(sound, xr.Dataset):
        made = made.assign({name: made[name].transpose(*sound[name].dims) for name in sound.data_vars})
    try:
        xr.testing.assert_allclose(made, sound, rtol=1e-9, atol=1e-6)
    except (AssertionError, ValueError):
        return False
    return True


def other_answers(name):
    """Arguments whose other forms give another answer than the right ones, and what they give."""
    if name not in calls() or name.rsplit(".", 1)[-1] in SLOW:
        return {}
    function, arguments = calls()[name]
    found = {}
    for argument, value in arguments.items():
        for form, make in forms(function, argument, value).items():
            try:
                made = give(function, copy.copy(arguments) | {argument: make(value)})
                if not same(made, right(name)):
                    found[f"{argument} as {form}"] = made
            except sl.InputError as error:
                if form not in MAY_BE_REFUSED or not isinstance(value, xr.Dataset):
                    found[f"{argument} as {form}"] = error
            finally:
                plt.close("all")
    return found


@pytest.mark.parametrize("name", NAMES)
def test_another_form_of_the_same_value_gives_the_same(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert other_answers(name) == {}


def test_a_foreign_error_an_acceptance_and_two_causes_are_noticed(monkeypatch):
    def refused(*faults):
        raise sl.InputError("example", faults)

    def example(first: int, second: float = 0.5):
        return {-1: lambda: 1 / 0, 5: lambda: refused("second: found 0.5; x"), 7: lambda: refused("first: a", "b: c")}[
            first
        ]()

    monkeypatch.setattr("tests.test_arguments.calls", lambda: {"example": (example, {"first": 1, "second": 0.5})})
    assert poor("example", "first", "minus one") == "ZeroDivisionError: division by zero"
    assert _poor_refusal(["second: found 0.5; x"], "first", False)
    assert _poor_refusal(["first: a", "second: c"], "first", False)
    assert _poor_refusal(["first: a\nb"], "first", True)
    assert not _poor_refusal(["first: a"], "first", False)
