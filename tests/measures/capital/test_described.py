"""Every output of liquidity and capital says its units, its meaning and the run that it is of."""

import inspect
import json

import pytest

from stresslab.measures.capital.adequacy import capital_adequacy
from stresslab.measures.capital.benchmark import capital_benchmark
from stresslab.measures.capital.rwa import irb_parameters
from stresslab.measures.capital.statements import financial_statements
from stresslab.measures.capital.stress_table import dfast_loss_rate, stress_table
from stresslab.measures.liquidity.ladder import (
    external_funding_needed,
    liquidity_buffer,
    liquidity_ladder,
    survival_horizon,
)
from stresslab.measures.liquidity.on_balance_sheet import grow, own_part
from stresslab.measures.liquidity.ratios import liquidity_ratios
from stresslab.measures.result_view import ENDINGS
from tests.measures.twin_capital import FULL, OURS, capital_book, hand_parameters, sheet_of

BOOK = capital_book(3).assign_attrs(fingerprint="a1", seed="7", currency="CNY")
SHEET = sheet_of(BOOK, FULL)
MEASURES = {
    "liquidity_ladder": lambda: liquidity_ladder(BOOK, SHEET.funding, horizon=5),
    "survival_horizon": lambda: survival_horizon(BOOK, SHEET.funding, horizon=5),
    "liquidity_buffer": lambda: liquidity_buffer(BOOK, SHEET.funding, horizon=5),
    "external_funding_needed": lambda: external_funding_needed(BOOK, SHEET.funding, horizon=5),
    "liquidity_ratios": lambda: liquidity_ratios(BOOK, SHEET.funding),
    "irb_parameters": lambda: irb_parameters(BOOK),
    "financial_statements": lambda: financial_statements(BOOK, SHEET),
    "capital_adequacy": lambda: capital_adequacy(BOOK, SHEET),
    "capital_benchmark": lambda: capital_benchmark(BOOK, hand_parameters(0.05, 0.6, 0.5, OURS), level=0.4, horizon=3),
}
PLAIN = ("as_of", "capital_regime", "currency", "fingerprint", "lender", "own_lender", "part", "provisioning", "terms")


@pytest.mark.parametrize("name", MEASURES)
def test_every_variable_and_the_run_are_described(name):
    found = MEASURES[name]()
    for variable in found.data_vars:
        assert found[variable].attrs["units"] in ("1", "currency", "month"), variable
        assert found[variable].attrs["long_name"], variable
    run = {key: found.attrs[key] for key in ("fingerprint", "seed", "currency", "own_lender")}
    assert run == {"fingerprint": "a1", "seed": "7", "currency": "CNY", "own_lender": "ours"}
    for key, value in found.attrs.items():
        if isinstance(value, str) and key not in PLAIN:
            json.loads(value)
    for dim in ("source", "use", "approach", "hurdle"):
        for label in found[dim].values.tolist() if dim in found.dims else []:
            assert label == label.lower().replace(" ", "_")
            assert f"{dim}_label" in found.coords


def test_results_of_results_keep_the_run():
    part = own_part(grow(BOOK, 0.1), SHEET.funding.partners)
    assert (part.attrs["fingerprint"], part.attrs["annual_growth"]) == ("a1", 0.1)
    adequacy = capital_adequacy(part, SHEET)
    assert adequacy.attrs["annual_growth"] == 0.1
    assert dfast_loss_rate(adequacy, 4).attrs["fingerprint"] == "a1"
    table = stress_table(adequacy, months=4)
    assert table.attrs["fingerprint"] == "a1"
    names = stress_table(adequacy, months=4, labels=False).index
    assert table.index.tolist() == [table.attrs["labels"][name] for name in names]


def table_of(function):
    """Dimensions and unit of every variable in the first table of a docstring."""
    lines = inspect.getdoc(function).splitlines()
    rules = [number for number, line in enumerate(lines) if line.strip().startswith("====")]
    starts = [place for place, sign in enumerate(lines[rules[0]]) if sign == "=" and lines[rules[0]][place - 1] != "="]
    found = {}
    for line in lines[rules[1] + 1 : rules[2]]:
        names, dims, unit, _ = (line[a:b].strip() for a, b in zip(starts, [*starts[1:], None], strict=True))
        for name in names.split(", ") if names else []:
            found[name] = set(dims.split(", ")) - {""}, unit
    return found


FUNCTIONS = (
    liquidity_ladder, survival_horizon, liquidity_buffer, external_funding_needed, liquidity_ratios, irb_parameters,
    financial_statements, capital_adequacy, capital_benchmark,
)  # fmt: skip


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_the_table_of_the_docstring_has_every_variable_with_its_dimensions_and_unit(function):
    table, out = table_of(function), MEASURES[function.__name__]()
    if function is capital_adequacy:
        table = table_of(financial_statements) | table
    base = {}
    for name in map(str, out.data_vars):
        ending = next((end for end in ENDINGS if name not in table and name.endswith(end)), "")
        base[name] = name.removesuffix(ending)
    assert set(base.values()) == set(table)
    for name, values in out.data_vars.items():
        assert (set(values.dims), values.attrs["units"]) == table[base[name]], name
