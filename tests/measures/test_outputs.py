"""Outputs of measures: declared once, the same in the docstring's table, and on every Dataset with the run it is of."""

import inspect
import json
from functools import cache

import numpy as np
import pytest
import xarray as xr

import stresslab as sl
from stresslab.measures import convergence, early_warning, entropy_pooling, losses
from stresslab.measures.provisions import allowance, rollforward
from stresslab.measures.result_view import ENDINGS, Output, labelled
from stresslab.testing import made_up_result, tiny_result
from tests.measures.hand import hand_terms

OF_THE_RUN = ("fingerprint", "seed", "currency", "own_lender")
DECLARED = {
    sl.loss_distribution: losses.OUTPUTS,
    sl.convergence: convergence.OUTPUTS,
    sl.warning_quality: early_warning.OUTPUTS,
    sl.entropy_pooling: entropy_pooling.OUTPUTS,
    sl.provisions: allowance.OUTPUTS,
    sl.allowance_movement: rollforward.OUTPUTS,
}


@cache
def made_up():
    """A result of 60 paths."""
    return made_up_result(paths=60, months=4, seed=1)


@cache
def five_categories():
    """Its allowance under the Chinese rules, with an overlay."""
    return sl.provisions(made_up(), "china", overlays=[sl.Overlay(name="flood", reason="water", amount=1.0)])


def with_terms(provisioning):
    """Allowance under rules that need term structures."""
    balance = {"current": [[900.0, 900.0]], "90-119": [[100.0, 100.0]]}
    return sl.provisions(tiny_result(balance, lender="ours", product="loan"), provisioning, hand_terms())


def warned():
    """Warnings of two paths."""
    counts = {name: [1.0, 2.0] for name in ("flagged", "warned", "false_alarms", "lead_months")}
    return sl.warning_quality(tiny_result(paths=2, entries_to_arrears={"job_loss": [4.0, 5.0]}, **counts))


def pooled():
    """Weights under which the mean of unemployment is a little higher."""
    mean = float(made_up()["unemployment_rate"][:, 1:].mean())
    return sl.entropy_pooling(made_up(), {"unemployment_rate": 1.001 * mean})


OUTPUTS = {
    "losses": (sl.loss_distribution, lambda: sl.loss_distribution(made_up())),
    "convergence": (sl.convergence, lambda: sl.convergence(made_up())),
    "warnings": (sl.warning_quality, warned),
    "weights": (sl.entropy_pooling, pooled),
    "china": (sl.provisions, five_categories),
    "ifrs9": (sl.provisions, lambda: with_terms("ifrs9")),
    "cecl": (sl.provisions, lambda: with_terms("cecl")),
    "china with terms": (sl.provisions, lambda: with_terms("china")),
    "movement": (sl.allowance_movement, lambda: sl.allowance_movement(five_categories())),
    "weighted": (None, lambda: sl.weighted_distribution(sl.loss_distribution(made_up())["loss"], pooled())),
    "lenders": (None, lambda: sl.by_lender(made_up())),
}


def table_of(function):
    """Rows (variable, dims, unit, meaning) of the first table in a docstring."""
    lines = inspect.getdoc(function).splitlines()
    rules = [number for number, line in enumerate(lines) if line.strip().startswith("====")]
    first, last = rules[1] + 1, rules[2]
    starts = [place for place, sign in enumerate(lines[rules[0]]) if sign == "=" and lines[rules[0]][place - 1] != "="]
    ends = [*starts[1:], None]
    return {
        row[0]: row[1:]
        for row in ([line[a:b].strip() for a, b in zip(starts, ends, strict=True)] for line in lines[first:last])
    }


def base(name, outputs):
    """The variable that a name with an ending is the error or the end of an interval of."""
    ending = next((end for end in ENDINGS if name not in outputs and name.endswith(end)), "")
    return name.removesuffix(ending)


@pytest.mark.parametrize("function", DECLARED, ids=lambda function: function.__name__)
def test_the_table_of_the_docstring_is_the_declaration(function):
    table = table_of(function)
    assert {name: Output(*row[1:]) for name, row in table.items()} == DECLARED[function]


@pytest.mark.parametrize("name", [name for name, (function, _) in OUTPUTS.items() if function])
def test_variables_and_their_dims_are_those_of_the_table(name):
    function, make = OUTPUTS[name]
    table, out = table_of(function), make()
    for variable, values in out.data_vars.items():
        listed = base(str(variable), table).removesuffix("_rate") if name == "losses" else base(str(variable), table)
        further = {"stage"} if variable in ("change", "movement") else set()  # under IFRS 9
        assert set(table[listed][0].split(", ")) - {""} == set(values.dims) - further, variable


@pytest.mark.parametrize("name", OUTPUTS)
def test_every_variable_has_a_unit_and_a_long_name(name):
    out = OUTPUTS[name][1]()
    assert [v for v in out.data_vars if not {"units", "long_name"} <= set(out[v].attrs)] == []
    assert not {"var", "mean", "quantile", "count", "std"} & set(out.data_vars)


@pytest.mark.parametrize("name", OUTPUTS)
def test_every_output_names_the_run_and_its_attrs_read_back(name, tmp_path):
    out = OUTPUTS[name][1]()
    assert [key for key in OF_THE_RUN if key not in out.attrs] == []
    for key in ("rules", "weights", "overlays"):
        json.loads(out.attrs.get(key, "{}"))
    out.to_netcdf(tmp_path / "saved.nc")
    assert xr.load_dataset(tmp_path / "saved.nc").attrs == out.attrs


def test_endings_say_what_they_are_of():
    given = xr.Dataset({name: 1.0 for name in ("x", "x_se", "x_low", "x_high")})
    words = [values.attrs["long_name"] for values in labelled(given, {"x": Output("1", "share")}).data_vars.values()]
    assert words[:2] == ["share", "standard error of share"]
    assert words[2:] == [f"{end} end of the 95 % interval of share" for end in ("lower", "upper")]


def test_an_undeclared_variable_is_not_let_through():
    with pytest.raises(KeyError):
        labelled(xr.Dataset({"y": np.zeros(2)[0]}), {"x": Output("1", "share")})
