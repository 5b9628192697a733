"""Units of a tape's columns: every one by its factor, what cells state, and what units= may name."""

import numpy as np
import pytest

from stresslab.portfolio.units import UNITS, Money, argument_faults, cell_unit, converted
from stresslab.schema import PORTFOLIO

AMOUNTS = [
    "balance", "limit", "usual_balance", "instalment", "overdue", "claim", "necessities", "liquid_buffer",
    "buffer_target",
]  # fmt: skip
SHARES = ["own_share", "household_support", "pay_level", "job_loss_risk"]
FACTORS = [
    *((name, unit, value) for name in AMOUNTS for unit, value in (("units", 36.0), ("thousands", 36_000.0))),
    *((name, unit, value) for name in SHARES for unit, value in (("decimal", 36.0), ("percent", 0.36))),
    *((name, unit, value) for name in ("tenor_months", "remaining_months")
      for unit, value in (("months", 36), ("years", 432))),
    ("income", "month", 36.0),
    ("income", "year", 3.0),
    ("income", "thousands a month", 36_000.0),
    ("income", "thousands a year", 3000.0),
    ("annual_rate", "decimal", 36.0),
    ("annual_rate", "percent", 0.36),
    ("annual_rate", "decimal a month", 432.0),
    ("annual_rate", "percent a month", 4.32),
    ("annual_rate", "decimal a day", 13_140.0),
    ("annual_rate", "percent a day", 131.4),
    ("days_past_due", "days", 36),
    ("days_past_due", "months", 1080),
    ("score", "points", 36),
]  # fmt: skip


def test_thirty_six_in_every_unit():
    assert {(name, unit) for name, unit, _ in FACTORS} == {(name, unit) for name in UNITS for unit in UNITS[name]}
    for name, unit, value in FACTORS:
        assert converted(name, np.array([36.0]), unit).tolist() == [value], (name, unit)


def test_amounts_are_all_variables_in_currency():
    in_currency = {name for name, want in PORTFOLIO.items() if want.unit.startswith("currency")}
    assert in_currency == {*AMOUNTS, "income"}


@pytest.mark.parametrize(
    ("name", "unit", "value", "expected"),
    [
        ("job_loss_risk", "percent", 450.52, 4.5052),  # the last bit of a division by 100
        ("annual_rate", "percent", 1.234567890123, 0.01234567890123),
        ("annual_rate", "decimal", 1 / 3, 1 / 3),
        ("annual_rate", "decimal a day", 0.0005, 0.0005 * 365),
        ("income", "year", 50_000.0, 4166.67),  # in minor units
        ("income", "thousands a year", 50.0, 4166.67),
        ("income", "month", 1234.5678, 1234.5678),
    ],
)
def test_percent_and_incomes_of_a_year_are_rounded_and_nothing_else(name, unit, value, expected):
    assert converted(name, np.array([value]), unit).tolist() == [expected]


@pytest.mark.parametrize(
    ("name", "cells", "currency", "unit"),
    [
        ("balance", ["5 EUR", "7.5 EUR"], "USD", "EUR"),
        ("balance", ["eur 5", "eur 7.5"], "EUR", "EUR"),
        ("income", ["-5 €", "7.5 €"], "USD", "EUR"),
        ("balance", ["¥5", "¥7.5"], "USD", "CNY"),
        ("balance", ["¥5", "¥7.5"], "JPY", "JPY"),
        ("balance", ["$5", "$7.5"], "EUR", "USD"),
        ("balance", ["$5", "$7.5"], "MXN", "MXN"),
        ("balance", ["US$5", "US$7.5"], "CAD", "USD"),
        ("balance", ["5 rmb", "7.5 rmb"], "USD", "CNY"),
        ("balance", ["5 kr", "7.5 kr"], "SEK", None),
        ("balance", ["5 euro", "7.5 euro"], "EUR", None),
        ("balance", ["EUR 5 EUR", "EUR 7.5 EUR"], "EUR", None),
        ("balance", ["5 months", "7.5 months"], "EUR", None),
        ("balance", ["5", "7.5"], "EUR", None),
        ("balance", ["5 EUR", "7.5 USD"], "EUR", None),
        ("balance", ["5 EUR", "7.5"], "EUR", None),
        ("balance", ["5 EUR", "EUR 7.5"], "EUR", None),
        ("balance", ["5 EUR", "none"], "EUR", None),
        ("balance", ["1.2.3 EUR", "7.5 EUR"], "EUR", None),
        ("balance", [], "EUR", None),
        ("tenor_months", ["5 MONTHS", "7.5 MONTHS"], "EUR", "months"),
        ("tenor_months", ["5 Mths", "7.5 Mths"], "EUR", "months"),
        ("tenor_months", ["months 5", "months 7.5"], "EUR", None),
        ("tenor_months", ["5 days", "7.5 days"], "EUR", None),
        ("days_past_due", ["5 days", "7.5 days"], "EUR", "days"),
        ("annual_rate", ["5 %", "7.5 %"], "EUR", "percent"),
        ("score", ["5 %", "7.5 %"], "EUR", None),
        ("priority", ["5 %", "7.5 %"], "EUR", None),
        ("tenor_months", ["5 EUR", "7.5 EUR"], "EUR", None),
    ],
)
def test_the_unit_that_all_cells_state(name, cells, currency, unit):
    stated = cell_unit(name, cells, currency, ".")
    if unit is None:
        assert stated is None
    else:
        assert stated[0] == unit
        assert stated[1].tolist() == [-5.0 if cells[0].startswith("-") else 5.0, 7.5]


def test_decimal_commas_beside_a_unit():
    assert cell_unit("balance", ["1,5 €"], "EUR", ",")[1].tolist() == [1.5]
    assert cell_unit("balance", ["1,5 €"], "EUR", ".") is None


def test_what_units_may_name():
    columns = ["income", "limit"]
    assert argument_faults({"income": "year", "limit": "thousands"}, columns) == []
    assert argument_faults({"incomes": "year", "limit": "years", "balance": "units"}, columns) == [
        f"units: found 'incomes' (there is 'income'), expected one of {sorted(UNITS)}; name a variable of "
        "the portfolio",
        "units: found 'years' for limit, expected one of ['units', 'thousands']; choose one",
        "units: found balance, which has no column, expected one; map it, or drop it from units=",
    ]


def test_money_is_in_units_and_needs_no_other_currency():
    assert Money("VND") == ("VND", 1.0, "", 1.0)
