"""Types of arguments: refused by name at every public function, plain Python inside."""

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import stresslab as sl
from stresslab.checks import refuse, whole_faults
from stresslab.engine.actions import Outreach, Response
from stresslab.typed import Unfit, expected, hints, plain, typed
from tests.fuzz.calls import public_callables


@pytest.mark.parametrize("name", sorted(public_callables()))
def test_every_public_function_and_class_is_typed(name):
    function = public_callables()[name]
    assert getattr(function, "typed", False), f"{name} is public: put @typed above it"
    unnamed = {key for key in inspect.signature(function).parameters if key not in hints(function)} - {"self", "cls"}
    assert unnamed == set()


FITS = [
    (3, int, 3),
    (np.int8(3), int, 3),
    (3, float, 3),
    (np.float64(0.5), float, 0.5),
    (np.float32(0.5), float | None, 0.5),
    (np.bool_(True), bool, True),
    (np.str_("a"), str, "a"),
    (None, float | None, None),
    ([1, 2], Sequence[int], [1, 2]),
    (np.array([1, 2], np.int8), Sequence[int], [1, 2]),
    (pd.Index(["a"]), Sequence[str], ["a"]),
    (pd.Series([0.5]), float | Sequence[float], [0.5]),
    (xr.DataArray([0.5, 0.9]), Sequence[float], [0.5, 0.9]),
    (range(2), Sequence[int], [0, 1]),
    ({3}, Collection[int], [3]),
    ([0.5, np.float32(1.0)], tuple[float, float], (0.5, 1.0)),
    ([0.5], tuple[float, ...], (0.5,)),
    ({"a": np.int64(1)}, Mapping[str, int], {"a": 1}),
    ("static", Literal["static", "run-off"], "static"),
]


@pytest.mark.parametrize(("value", "hint", "want"), FITS)
def test_what_fits_is_read_as_plain_python(value, hint, want):
    read = plain(value, hint)
    parts = list(read) if isinstance(read, range) else read
    assert parts == want
    assert type(parts) is type(want)
    for part in parts if isinstance(parts, list | tuple) else [parts]:
        assert not isinstance(part, np.generic) or type(part) is float


UNFIT = [
    (True, int),
    (1.0, int),
    ("1", int),
    (np.timedelta64(1, "D"), int),
    (True, float),
    (1j, float),
    (np.complex128(1), float),
    (np.array(0.5), float),
    (1, bool),
    (b"x", str),
    (0, str | None),
    ("ab", Sequence[str]),
    (b"ab", Sequence[int]),
    ({1, 2}, Sequence[int]),
    ({1: 2}, Sequence[int]),
    ((x for x in (1, 2)), Sequence[int]),
    ([1, "2"], Sequence[int]),
    (np.zeros((2, 2)), Sequence[float]),
    ([1.0], tuple[float, float]),
    ({1: 1.0}, Mapping[str, float]),
    (xr.Dataset(), Mapping[str, float]),
    (xr.DataArray(), xr.Dataset),
    (pd.DataFrame(), xr.Dataset),
    ("china-online", sl.Model),
    (3, Callable[[xr.Dataset], Any]),
    (3, Literal["static"]),
]


@pytest.mark.parametrize(("value", "hint"), UNFIT)
def test_what_does_not_fit_is_refused(value, hint):
    with pytest.raises(Unfit):
        plain(value, hint)


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        (int | None, "a whole number or None"),
        (float | Sequence[float], "a number or a list of numbers"),
        (tuple[str, str], "(text, text)"),
        (Mapping[str, tuple[float, float] | None], "a dict of text to (a number, a number) or None"),
        (Literal["above", "below"], "one of 'above', 'below'"),
        (Sequence[Response], "a list of Response(...)"),
        (sl.Feedback | None, "Feedback(...) or None"),
        (Callable[[xr.Dataset], Any], "a function"),
    ],
)
def test_what_is_expected_is_said_in_words(hint, words):
    assert expected(hint) == words


@typed
def paid(result: xr.Dataset, months: int = 12, *rates: float, lender: str = "own", **others: Any) -> float:
    """Example of a function that checks its values too."""
    refuse("paid", whole_faults("months", months, 1))
    assert isinstance(result, xr.Dataset), "the body runs only where all types fit"
    return months * sum(rates)


def faults_of(function, *args, **kwargs):
    with pytest.raises(sl.InputError) as caught:
        function(*args, **kwargs)
    return caught.value.faults


def test_all_types_and_what_the_function_finds_itself_come_at_once():
    assert faults_of(paid, pd.DataFrame(), -1, 0.1, "x", lender=None) == [
        "months: found -1, expected a whole number 1 ... 1,200; give months",
        "result: found DataFrame of shape (0, 0), expected a Dataset; use simulate()",
        "rates: found (0.1, 'x'), expected a list of numbers; give one",
        "lender: found None, expected text; give one",
    ]
    assert faults_of(paid, xr.Dataset(), True) == [
        "months: found True, expected a whole number 1 ... 1,200; give months",
    ]
    assert paid(xr.Dataset(), np.int64(2), np.float64(0.5), 1) == 3.0


def test_a_missing_and_an_unknown_argument_are_python_s_own():
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'result'"):
        paid()
    with pytest.raises(TypeError, match="unexpected keyword argument 'borrower'"):
        sl.by_lender(xr.Dataset(), borrower=3)


def test_the_signature_and_the_docstring_stay():
    assert list(inspect.signature(sl.simulate).parameters)[:3] == ["portfolio", "macro", "model"]
    assert sl.simulate.__doc__.startswith("Simulation of a portfolio")
    assert sl.simulate.__module__ == "stresslab.engine.simulate"
    assert next(iter(inspect.signature(sl.Funding).parameters)) == "liquid_assets"


def test_the_wrong_kind_says_what_makes_the_right_one():
    macro = sl.scenario("china-baseline")
    told = faults_of(sl.simulate, pd.DataFrame({"income": [1.0]}), macro, model="china-online", seed=-1, threads=True)
    assert told == [
        "seed: found -1, expected a whole number 0 ... 2**64 - 1 or None; choose another",
        "portfolio: found DataFrame of shape (1, 1), expected a Dataset; use read_portfolio() for a loan tape, or "
        "synthetic_portfolio()",
        "model: found 'china-online', expected Model(...) or None; use Model.from_preset('china-online') or "
        "Model.from_toml()",
        "threads: found True, expected a whole number 1 ... 4,096 or None; choose a number of processors",
    ]


def test_a_class_tells_its_own_faults_and_those_of_types_together():
    assert faults_of(sl.funding.Trigger, "x", months=0) == [
        "months: found 0, expected a whole number 1 ... 1,200; give months",
        "arrears_30: found 'x', expected a finite number >= 0; give a decimal: 0.05, not 5",
    ]
    plan = Outreach(effect=np.array([0.25, 0.1], np.float32), capacity=np.float32(0.5), start_month=np.int64(2))
    assert (plan.effect, plan.capacity, plan.start_month) == ((0.25, float(np.float32(0.1))), 0.5, 2)
    assert type(plan.start_month) is int
