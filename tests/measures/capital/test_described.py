"""Every output of liquidity and capital says its units, its meaning and the run that it is of."""

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
