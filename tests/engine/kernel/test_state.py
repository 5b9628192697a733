"""Records of the kernel: short lists of arguments, whole fields, sums as numbers."""

import inspect

import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

from stresslab.engine.kernel import arrears, behaviour, cache, custom, loop, monitoring, payments, random, state
from stresslab.schema import BUCKETS, CAUSES, FLOWS

MODULES = (arrears, behaviour, cache, custom, loop, monitoring, payments, random, state)
MOST_ARGUMENTS = 12
RECORDS = {name: value for name, value in vars(state).items() if isinstance(value, np.dtype)}


def functions(module):
    """Functions of a module, compiled ones as they are written."""
    for name, value in vars(module).items():
        function = value.py_func if isinstance(value, Dispatcher) else value
        if inspect.isfunction(function) and function.__module__ == module.__name__:
            yield name, function


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.rsplit(".")[-1])
def test_no_function_takes_many_arguments(module):
    counts = {name: len(inspect.signature(function).parameters) for name, function in functions(module)}
    assert counts
    assert {name: count for name, count in counts.items() if count > MOST_ARGUMENTS} == {}


def test_all_jitted_functions_are_counted():
    assert sum(len(dict(functions(module))) for module in MODULES) > 70
    assert len(inspect.signature(loop.live_month.py_func).parameters) == MOST_ARGUMENTS


@pytest.mark.parametrize("name", RECORDS)
def test_fields_stand_where_a_compiler_puts_them(name):
    record = RECORDS[name]
    assert record.isalignedstruct
    assert record.itemsize == sum(record[field].itemsize for field in record.names)  # no holes


@pytest.mark.parametrize(("short", "long"), [(state.BORROWER_STATE, state.BORROWER), (state.LOAN_STATE, state.LOAN)])
def test_working_records_begin_with_the_state(short, long):
    assert long.names[: len(short.names)] == short.names
    assert all(long.fields[name] == short.fields[name] for name in short.names)
    assert set(state.PATH_STATE) <= {*state.LOAN.names} - {*state.LOAN_STATE.names}


def test_sums_hold_what_results_show():
    assert {*FLOWS} <= {*state.SUMS.names}
    assert state.SUMS["balance"].shape == state.SUMS["accounts"].shape == (len(BUCKETS),)
    assert state.SUMS["entries"].shape == (len(CAUSES),)


def test_numbers_are_the_same_memory():
    sums = np.zeros((2, 3), state.SUMS)
    state.numbers(sums)[1, 2] += 5
    assert sums["paid"].tolist() == [[0, 0, 0], [0, 0, 5]]
    assert (sums["balance"][1, 2] == 5).all()


@pytest.mark.parametrize("axis", [0, 1])
def test_records_are_added_up_field_by_field(axis):
    sums = np.zeros((2, 3), state.SUMS)
    sums["paid"], sums["balance"] = [[1, 2, 3], [4, 5, 6]], np.arange(48).reshape(2, 3, 8)
    total = state.summed(sums, axis)
    for name in state.SUMS.names:
        np.testing.assert_array_equal(total[name], sums[name].sum(axis))


def test_working_records_are_copies_with_room():
    loans = np.zeros(2, state.LOAN_STATE)
    loans["balance"][:] = [[7], [8]]
    wide = state.widened(loans, state.LOAN, 3)
    assert wide.dtype == state.LOAN
    assert wide["balance"][:, 0].tolist() == [7, 8, 7, 8, 7, 8]
    assert not wide["warned"].any()
    wide["balance"] = 0
    assert loans["balance"].all()
