"""Defaults by place: complete, sourced, said in the answer, and those of a lender that could exist."""

import json

import pytest
import xarray as xr

from stresslab.measures.capital.adequacy import capital_adequacy
from stresslab.measures.capital.balance_sheet import BalanceSheet
from stresslab.measures.capital.statements import financial_statements
from stresslab.measures.capital.stress_table import stress_table
from stresslab.measures.defaults import STATUS, by_place, tables
from stresslab.measures.liquidity.funding import Funding, RollOver
from stresslab.measures.liquidity.ladder import (
    external_funding_needed,
    liquidity_buffer,
    liquidity_ladder,
    survival_horizon,
)
from stresslab.measures.liquidity.ratios import liquidity_ratios
from stresslab.measures.provisions.allowance import provisions
from stresslab.noted import noted, notes
from stresslab.testing import tiny_result

PLACES = {"CNY": "CNY", "USD": "USD", "EUR": "elsewhere", "": "elsewhere"}
TAX = {"CNY": 0.25, "USD": 0.21, "EUR": 0.24}


def book(currency="CNY", **values):
    """Loans of 1,000 that earn 20 a month."""
    flows = {"interest": 20.0, "paid": 20.0} | values
    return tiny_result(1000.0, paths=2, months=12, currency=currency, **flows)


def test_every_place_has_every_default_with_a_source():
    names = {place: set(table) for place, table in tables().items()}
    assert set(names) == {"CNY", "USD", "elsewhere"}
    assert len(set(map(frozenset, names.values()))) == 1
    for table in tables().values():
        for name, default in table.items():
            if name != "place":
                assert default["status"] in STATUS
                assert default["source"]


@pytest.mark.parametrize(("currency", "place"), PLACES.items())
def test_the_place_follows_the_currency_and_says_so(currency, place):
    values, said = by_place(xr.Dataset(attrs={"currency": currency}), {"tax_rate": None, "payout": 0.5})
    assert values == {"tax_rate": tables()[place]["tax_rate"]["value"], "payout": 0.5}
    assert said[-1].startswith(f"tax_rate: {values['tax_rate']} by default")
    assert (len(said) == 2) == (place == "elsewhere")
    assert ("no defaults" in said[0]) == (place == "elsewhere")


def test_what_is_given_wins_and_is_not_said():
    assert by_place(xr.Dataset(attrs={"currency": "EUR"}), {"tax_rate": 0.0, "payout": 0.0}) == (
        {"tax_rate": 0.0, "payout": 0.0},
        [],
    )


@pytest.mark.parametrize("currency", TAX)
def test_tax_of_the_place(currency):
    """20 of interest a month, no costs, no loss: taxed at the rate of the place."""
    sheet = BalanceSheet(Funding(0.0), payout=0.0, liquid_yield=0.0)
    found = financial_statements(book(currency), sheet, provisioning="china")
    assert found["tax"].isel(path=0, month=3).item() == pytest.approx(20.0 * TAX[currency])
    assert json.loads(found.attrs["balance_sheet"])["tax_rate"] == TAX[currency]
    assert any(note.startswith(f"tax_rate: {TAX[currency]}") for note in notes(found))
    assert not any(note.startswith("payout") for note in notes(found))


def test_funding_for_a_book_costs_and_rolls_over():
    funding = Funding.for_book(book())
    (borrowing,) = funding.borrowings
    assert (borrowing.kind, borrowing.annual_rate, borrowing.pass_through) == ("interbank", 0.03, 0.0)
    assert (borrowing.rollover, borrowing.tenor_months) == (RollOver(1.0, 10.0), 12)
    assert funding.operating_cost_rate == 0.025
    assert funding.borrowed == pytest.approx(1000.0 * 1.08 * 0.88)
    named = {note.split(":")[0] for note in funding.notes}
    assert named == {
        "liquid_share", "kind", "annual_rate", "tenor_months", "operating_cost_rate", "equity_share", "rollover",
        "arrears_sensitivity",
    }  # fmt: skip


def test_funding_given_in_full_says_nothing():
    terms = {"kind": "bond", "annual_rate": 0.05, "rollover": 0.0, "tenor_months": 3, "operating_cost_rate": 0.0}
    funding = Funding.for_book(book(), borrowed_share=0.5, liquid_share=0.1, **terms)
    assert funding.notes == ()
    assert (funding.borrowings[0].kind, funding.borrowings[0].rollover) == ("bond", 0.0)


def test_floating_only_where_the_result_has_a_policy_rate_and_the_rate_is_not_given():
    floating = book("USD", policy_rate=0.038)
    assert Funding.for_book(floating).borrowings[0].pass_through == 0.8
    assert Funding.for_book(floating, annual_rate=0.05).borrowings[0].pass_through == 0.0
    assert Funding.for_book(floating, annual_rate=0.05, pass_through=0.5).borrowings[0].pass_through == 0.5
    assert Funding.for_book(book("USD")).borrowings[0].pass_through == 0.0


@pytest.mark.parametrize("measure", [liquidity_ladder, survival_horizon, liquidity_buffer, external_funding_needed])
def test_measures_of_liquidity_repeat_the_notes_of_their_funding(measure):
    result = noted(book(), ["income: drawn from donors"])
    funding = Funding.for_book(result)
    assert notes(measure(result, funding)) == ["income: drawn from donors", *funding.notes]
    assert notes(liquidity_ratios(result, funding)) == ["income: drawn from donors", *funding.notes]


def test_measures_of_capital_say_rules_funding_and_sheet():
    result = noted(book(), ["income: drawn from donors"])
    found = capital_adequacy(result, BalanceSheet.for_book(result))
    said = [note.split(":")[0] for note in notes(found)]
    assert said[0] == "income"
    assert {"equity_share", "liquid_share", "annual_rate", "tax_rate", "external_rate", "provisioning",
            "capital_regime"} < set(said)  # fmt: skip
    assert len(said) == len(set(said))
    assert notes(stress_table(found, months=12)) == notes(found)


def test_a_regime_by_default_is_said_and_a_named_one_is_not():
    assert [note.split(":")[0] for note in notes(provisions(book()))] == ["provisioning"]
    assert notes(provisions(book(), "china")) == []


def test_an_allowance_with_notes_of_its_own_is_accepted():
    result = book()
    sheet = BalanceSheet.for_book(result)
    held = provisions(result)
    given = capital_adequacy(result, sheet, allowance=held)
    made = capital_adequacy(result, sheet)
    assert (given["cet1_ratio"] == made["cet1_ratio"]).all()


def test_a_sheet_without_arguments_survives_a_normal_year_and_earns_a_normal_profit():
    """Yield 15 %, losses 4 %: profit after tax is within 1 and 6 % of the loans, and cash does not run out."""
    for currency in TAX:
        result = tiny_result(
            1000.0, paths=2, months=12, currency=currency, interest=12.5, paid=12.5, written_off=10 / 3,
            originated=10 / 3,
        )  # fmt: skip
        sheet = BalanceSheet.for_book(result)
        found = capital_adequacy(result, sheet, provisioning="china")
        assert 10.0 < found["profit"].sum("month").isel(path=0).item() < 60.0
        assert 0.10 < found["cet1_ratio"].isel(path=0, month=0).item() < 0.20
        assert found["any_breach_probability"].item() == 0.0
        assert found["external_funding"].max().item() == 0.0
        assert liquidity_buffer(result, sheet.funding)["survival_probability"].item() == 1.0


def test_tables_of_amounts_in_thousands_say_so():
    result = book().assign_attrs(unit=1000)
    found = capital_adequacy(result, BalanceSheet.for_book(result))
    assert found.attrs["unit"] == 1000
    assert "money in (1,000 CNY) m" in stress_table(found, months=12).index.name
