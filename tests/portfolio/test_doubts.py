"""Units of the columns of a tape as a whole: what is refused or asked for, with its proof, and what is believed."""

import numpy as np
import pandas as pd
import pytest

from stresslab.checks import position
from stresslab.population.synthetic import synthetic_portfolio
from stresslab.portfolio import read_portfolio
from stresslab.portfolio.doubts import doubts
from stresslab.portfolio.units import Money
from stresslab.schema import InputError

DONORS = synthetic_portfolio("us-card", borrowers=200, seed=1, seasoning_months=0)
BASICS = {"currency": "USD", "as_of": "2026-01", "own_lender": "us", "donors": DONORS, "seed": 1}
N = 40


def tape(**columns):
    """Forty sound instalment loans; other columns are values or functions of the tape."""
    draw = np.random.default_rng(0)
    loans = pd.DataFrame(
        {
            "borrower_id": [f"b{i}" for i in range(N)],
            "product": "personal-loan",
            "balance": draw.uniform(2_000, 9_000, N).round(2),
            "limit": 12_000.0,
            "annual_rate": draw.uniform(0.08, 0.3, N).round(4),
            "tenor_months": 36,
            "remaining_months": draw.integers(6, 34, N),
            "days_past_due": draw.choice([0, 0, 35, 65, 130], N),
            "income": draw.lognormal(8.3, 0.4, N).round(2),
            "score": draw.integers(520, 820, N),
        }
    )
    return loans.assign(**columns)


def level(loans):
    monthly = loans.annual_rate / 12
    return (loans.limit * monthly / (1 - (1 + monthly) ** -36)).round(2)


def faults(loans, **changes):
    with pytest.raises(InputError) as caught:
        read_portfolio(loans, **(BASICS | changes))
    return caught.value.faults


def scaled(name, factor):
    return {name: lambda loans: loans[name] * factor}


REFUSED = [
    (scaled("annual_rate", 100), "annual_rate", "found 9.14 to 29.89, expected decimals, as 0.18 for 18 %"),
    (scaled("annual_rate", 1e4), "annual_rate", "expected decimals, as 0.18 for 18 %"),
    (scaled("annual_rate", 1 / 12), "annual_rate", "which may be rates of a month or a day, expected those of a year"),
    (scaled("annual_rate", 1 / 365), "annual_rate", "which may be rates of a month or a day"),
    ({"days_past_due": lambda t: t.days_past_due // 30}, "days_past_due",
     "found 1 to 4 in 24 rows and none from 15, expected days since the oldest unpaid due date"),
    ({"days_past_due": lambda t: 1 + (t.days_past_due > 30) + (t.days_past_due > 90)}, "days_past_due",
     "as stages of IFRS 9 have"),
    (scaled("income", 12), "income", "USD in the median, expected the pay of a month in units of currency"),
    (scaled("income", 1 / 1000), "income", "USD in the median, expected the pay of a month in units of currency"),
    (scaled("income", 1 / 5), "income", "of it in the median, expected 1 % to 50 % of the pay of a month"),
    ({"tenor_months": 3}, "tenor_months", "found 3 with 6 to 33 months left, expected the tenor in months"),
    ({"score": lambda t: np.where(t.index % 7 == 0, 999, t.score)}, "score",
     "found 999 at position 0 (and 5 more) beside 522 to 815"),
    ({"score": 0}, "score", "found 0 at position 0 (and 39 more), expected no code for a missing score"),
    (scaled("score", 0.1), "score", "expected points of a score, as 300 to 850"),
    ({"own_share": 30.0}, "own_share", "found 30, expected decimals, as 0.3 for 30 %"),
    ({"household_support": 40.0}, "household_support", "found 40, expected decimals"),
    ({"pay_level": 100.0}, "pay_level", "found 100, expected decimals"),
    ({"job_loss_risk": 150.0}, "job_loss_risk", "found 150, expected decimals"),
    ({"limit": 12.0}, "limit", "times the limit in the median, expected both in units of currency"),
    (scaled("balance", 1 / 1000), "limit", "times the limit in the median, expected both in units of currency"),
    ({"necessities": 0.5}, "necessities", "found at most 0.5, expected units of currency"),
]  # fmt: skip


@pytest.mark.parametrize(("columns", "name", "says"), REFUSED)
def test_another_unit_is_one_fault_of_its_column(columns, name, says):
    (fault,) = faults(tape(**columns))
    assert fault.startswith(f"{name} (column {name!r}): found ")
    assert says in fault
    assert f"pass units={{'{name}': '" in fault


PROVEN = [
    ({"annual_rate": lambda t: t.annual_rate * 100}, "would be below a month's interest of"),
    ({"annual_rate": lambda t: t.annual_rate / 12}, "found instalments that fit decimal a month ("),
    ({"tenor_months": 3, "remaining_months": lambda t: t.remaining_months // 12}, "found instalments that fit years ("),
    ({"instalment": lambda t: t.instalment / 1000}, "found instalments that fit thousands ("),
    ({"instalment": lambda t: t.instalment * 12 / 52}, "found 0.23 times a level payment ("),
    ({"instalment": lambda t: t.instalment * 12}, "found 12 times a level payment ("),
]


@pytest.mark.parametrize(("columns", "says"), PROVEN)
def test_instalments_of_the_tape_prove_it(columns, says):
    loans = tape(instalment=level(tape()))
    (fault,) = faults(loans.assign(**columns))
    assert says in fault


def test_both_amounts_in_thousands_are_both_named():
    found = faults(tape(limit=12.0, balance=lambda t: t.balance / 1000))
    assert sorted(fault.split()[0] for fault in found) == ["balance", "limit"]


def test_a_stated_unit_is_obeyed_and_noted():
    right = read_portfolio(tape(), **BASICS)
    cases = {
        "annual_rate": (100, "percent"),
        "income": (12, "year"),
        "limit": (1 / 1000, "thousands"),
    }
    for name, (factor, unit) in cases.items():
        book = read_portfolio(tape(**scaled(name, factor)), units={name: unit}, **BASICS)
        np.testing.assert_allclose(book[name], right[name], rtol=1e-12, atol=0.005)
        assert f"{name}: read in {unit}, as stated" in book.attrs["notes"]
    late = read_portfolio(tape(days_past_due=lambda t: t.index % 4), units={"days_past_due": "months"}, **BASICS)
    assert late.days_past_due.values[:4].tolist() == [0, 30, 60, 90]
    days = read_portfolio(tape(days_past_due=lambda t: t.index % 4), units={"days_past_due": "days"}, **BASICS)
    assert days.days_past_due.values[:4].tolist() == [0, 1, 2, 3]
    daily = read_portfolio(tape(annual_rate=0.0005), units={"annual_rate": "decimal a day"}, **BASICS)
    assert daily.annual_rate.values.tolist() == [0.0005 * 365] * N
    low = read_portfolio(tape(annual_rate=0.01), units={"annual_rate": "decimal"}, **BASICS)
    assert set(low.annual_rate.values) == {0.01}


def test_rates_in_percent_below_five():
    """Thirteen mortgages of a public file, of which three: 4.5 % on 250,000, 3.75 % on 320,000, 5 % on 200,000."""
    loans = pd.DataFrame(
        {
            "borrower_id": ["LN-1001", "LN-1002", "LN-1029"],
            "balance": [245_000.0, 310_000.0, 198_000.0],
            "limit": [250_000.0, 320_000.0, 200_000.0],
            "annual_rate": [4.5, 3.75, 5.0],
            "score": [720, 680, 700],
        }
    )
    same = {"product": "mortgage", "tenor_months": 360, "remaining_months": 300, "days_past_due": 0, "priority": 0}
    with_pay = loans.assign(instalment=[1267.0, 1482.0, 1074.0])
    (fault,) = faults(with_pay, constants=same)
    assert "found 3.75 to 5 (an instalment of 1,267.00 at position 0 would be below a month's interest of 91," in fault
    assert len(faults(loans, constants=same)) == 1
    book = read_portfolio(loans, units={"annual_rate": "percent"}, constants=same, **BASICS)
    assert book.instalment.values.tolist() == [1266.71, 1481.97, 1073.64]


def test_incomes_of_a_currency_without_a_level_are_measured_by_the_rate():
    rupees = tape(**{name: (lambda loans, name=name: loans[name] * 85) for name in ("balance", "limit", "income")})
    given = {"currency": "INR", "exchange_rate": 85.0}
    assert read_portfolio(rupees, **(BASICS | given)).attrs["currency"] == "INR"
    (fault,) = faults(rupees.assign(income=rupees.income * 12), **given)
    assert "INR in the median, expected the pay of a month" in fault


CELLS = [
    ("5.5 EUR", "EUR"),
    ("EUR 5.5", "EUR"),
    ("€5.5", "EUR"),
    ("5.5 €", "EUR"),
]


@pytest.mark.parametrize(("cell", "currency"), CELLS)
def test_a_currency_in_the_cells_is_that_of_the_tape_or_one_fault(cell, currency):
    loans = tape(balance=[cell.replace("5.5", f"{b:.2f}") for b in tape().balance])
    loans["income"] = [cell.replace("5.5", f"{i:.2f}") for i in loans.income]
    book = read_portfolio(loans, **(BASICS | {"currency": currency, "exchange_rate": 0.9}))
    np.testing.assert_array_equal(book.balance, tape().balance)
    assert faults(loans) == [
        f"currency: found {currency!r} in the cells of income, balance, expected 'USD'; pass currency={currency!r}, or "
        "convert the amounts"
    ]


@pytest.mark.parametrize(("cell", "months", "said"), [("36 months", 36, "years"), ("3 years", 36, "months")])
def test_a_unit_in_the_cells_and_another_by_argument_are_one_fault(cell, months, said):
    loans = tape(tenor_months=cell)
    assert set(read_portfolio(loans, **BASICS).tenor_months.values) == {months}
    (fault,) = faults(loans, units={"tenor_months": said})
    words = cell.split()[1]
    assert f"found {cell!r}, in {words}, with units={{'tenor_months': {said!r}}}, expected one unit" in fault


def test_cells_of_several_units_or_currencies_are_shown():
    some = [f"{b:.2f} USD" for b in tape().balance]
    (fault,) = faults(tape(balance=["5000 GBP", *some[1:]]))
    assert "found '5000 GBP' at position 0 and '" in fault
    assert "expected a number, or the same known unit in every cell" in fault
    (fault,) = faults(tape(annual_rate=["ND5", *tape().annual_rate[1:].astype(str)]))
    assert "found 'ND5' at position 0, expected a number" in fault


def each(row, times):
    return {name: [value] * times for name, value in row.items()}


BELOW_INTEREST = {"balance": 1200.0, "annual_rate": 0.12, "tenor_months": 24}
LEVEL = {"annual_rate": 0.0, "tenor_months": 10, "limit": 1000.0}
OWED = {"balance": 500.0, "income": 1000.0}
BOUNDS = [
    # contract rates
    ({"annual_rate": [0.18, 0.999]}, None),
    ({"annual_rate": [0.0, 0.0]}, None),
    ({"annual_rate": [0.18, 1.0]}, "found 1 at position 1 beside 0.18 in 1 rows, expected all in decimals"),
    ({"annual_rate": [0.0, 18.0, 24.0]}, "found 18 to 24, expected decimals"),
    ({"annual_rate": [0.0, 1.0]}, "found 1, expected decimals"),
    ({"annual_rate": [12.0, 12.0], "balance": [1200.0, 1200.0], "instalment": [0.0, 100.0]},
     "found 12 (an instalment of 100.00 at position 1 would be below a month's interest of 1,200.00)"),
    ({"annual_rate": [12.0], "balance": [1200.0], "instalment": [1200.0]}, "found 12, expected decimals"),
    ({"annual_rate": [12.0], "balance": [1200.0], "instalment": [1300.0]}, "found 12, expected decimals"),
    ({"annual_rate": [12.0], "balance": [1200.0], "instalment": [1199.5]},
     "found 12 (an instalment of 1,199.50 at position 0 would be below a month's interest of 1,200.00)"),
    ({"annual_rate": [12.0], "balance": [1200.0], "instalment": [1.0]}, "(an instalment of 1.00 at position 0 would"),
    ({"annual_rate": [0.18, 18.0, 1.0]}, "found 18 at position 1 beside 0.18 in 1 rows, expected all in decimals"),
    ({"annual_rate": [0.02]}, None),
    ({"annual_rate": [0.0, 0.0, 0.02]}, None),
    ({"annual_rate": [0.0199]}, "found 0.0199, which may be rates of a month or a day"),
    # shares
    ({"own_share": [1.0]}, None),
    ({"own_share": [1.01]}, "found 1.01, expected decimals"),
    ({"household_support": [1.0]}, None),
    ({"own_share": [0.3, 0.3, 30.0]}, None),
    ({"own_share": [0.0, 0.0, 0.0, 30.0]}, "found 30, expected decimals"),
    ({"household_support": [1.01]}, "found 1.01, expected decimals"),
    ({"pay_level": [5.0]}, None),
    ({"pay_level": [5.1]}, "found 5.1, expected decimals"),
    ({"job_loss_risk": [5.0]}, None),
    ({"job_loss_risk": [5.1]}, "found 5.1, expected decimals"),
    # days past due
    ({"days_past_due": [0, 0]}, None),
    ({"days_past_due": [0, 15]}, None),
    ({"days_past_due": [0, 16]}, None),
    ({"days_past_due": [0, 2, 14]}, "found 2 to 14 in 2 rows and none from 15, expected days"),
    ({"days_past_due": [0, 2, 5], "overdue": [0.0, 110.0, 90.0], "instalment": [100.0] * 3}, None),
    ({"days_past_due": [0, 2, 5], "overdue": [0.0, 1.1, 0.9], "instalment": [1.0] * 3}, None),
    ({"days_past_due": [0, 2, 5], "overdue": [0.0, 100.0, 450.0], "instalment": [100.0] * 3}, "none from 15, expected"),
    ({"days_past_due": [0, 2, 5], "overdue": [0.0, 180.2, 450.5], "instalment": [100.0] * 3},
     "none from 15, with as many instalments overdue, expected"),
    ({"days_past_due": [0, 2, 5], "overdue": [0.0, 179.0, 447.0], "instalment": [100.0] * 3}, "none from 15, expected"),
    (
        {"days_past_due": [0, 2, 3], "overdue": [0.0, 200.0, 300.0], "instalment": [100.0, 100.0, 0.0]},
        "none from 15, with as many instalments overdue, expected",
    ),
    ({"days_past_due": [1, 0], "overdue": [100.0, 0.0], "instalment": [100.0] * 2}, "found 1 in 1 rows and none from"),
    ({"days_past_due": [0, 2], "overdue": [0.0, 200.0], "instalment": [100.0, 0.0]}, "none from 15, expected"),
    ({"days_past_due": [1, 2, 3]}, "none from 15, as stages of IFRS 9 have, expected"),
    ({"days_past_due": [1, 2, 2]}, "none from 15, as stages of IFRS 9 have, expected"),
    ({"days_past_due": [1, 2, 4]}, "none from 15, expected"),
    ({"days_past_due": [0, 1, 3]}, "none from 15, expected"),
    # scores
    ({"score": [0, 600]}, "found 0 at position 0 beside 600, expected no code"),
    ({"score": [600, 0, 0]}, "found 0 at position 1 (and 1 more) beside 600, expected no code"),
    ({"score": [0, 100]}, "found 0 at position 0 beside 100, expected no code"),
    ({"score": [0, 99, 101]}, None),
    ({"score": [900, 999]}, "found 999 at position 1 beside 900, expected no code"),
    ({"score": [800, 999]}, "found 999 at position 1 beside 800, expected no code"),
    ({"score": [901, 999]}, None),
    ({"score": [999]}, "found 999 at position 0, expected no code"),
    ({"score": [0.5, 1.0]}, "found 0.5 to 1, expected points"),
    ({"score": [50, 99]}, "found 50 to 99, expected points"),
    ({"score": [50, 100]}, "found 50 to 100, expected points"),
    ({"score": [50, 101]}, None),
    ({"score": [50, 50]}, None),
    # incomes in the median
    ({"income": [0.0, 0.0, 0.0, 19_999.0]}, None),
    ({"income": [0.0]}, None),
    ({"income": [20_000.0]}, "found 20,000 USD in the median"),
    ({"income": [30_000.0]}, "found 30,000 USD in the median"),
    ({"income": [100.01]}, None),
    ({"income": [100.0]}, "found 100 USD in the median"),
    ({"income": [50.0]}, "found 50 USD in the median"),
    ({"income": [1.0, 1.0, 5000.0]}, "found 1 USD in the median"),
    # instalments over income
    ({**each(OWED, 10), "instalment": [500.0] * 10}, None),
    ({**each(OWED, 10), "instalment": [501.0] * 10}, "instalments of 50.10% of it"),
    ({**each(OWED, 10), "instalment": [10.0] * 10}, None),
    ({**each(OWED, 10), "instalment": [9.0] * 10}, "instalments of 0.90% of it"),
    ({**each(OWED, 11), "instalment": [1.0] * 11}, "instalments of 0.10% of it"),
    ({**each(OWED, 9), "instalment": [9.0] * 9}, None),
    ({**each(OWED, 10), "instalment": [0.0] * 6 + [100.0] * 4}, None),
    (each(OWED, 1), None),
    ({"income": [1000.0], "instalment": [900.0]}, None),
    ({**each(OWED, 1), "instalment": [900.0], "borrower": None}, None),
    ({"balance": [0.0, 0.0, 500.0], "income": [1000.0] * 3, "instalment": [900.0, 900.0, 100.0]}, None),
    ({"balance": [1.0, 1.0, 500.0], "income": [1000.0] * 3, "instalment": [900.0, 900.0, 100.0]},
     "instalments of 90.00% of it"),
    ({"balance": [500.0] * 4, "income": [1000.0] * 3 + [1.0], "instalment": [0.0] * 3 + [10.0]},
     "instalments of 1000.00% of it"),
    ({"balance": [500.0] * 2, "income": [1000.0] * 2, "instalment": [300.0] * 2, "borrower": [0, 0]},
     "instalments of 60.00% of it"),
    ({"balance": [500.0] * 2, "income": [1000.0] * 2, "instalment": [300.0] * 2, "borrower": [0, 1]}, None),
    ({"balance": [500.0], "income": [0.0], "instalment": [300.0]}, None),
    ({"balance": [1100.0], "income": [199.0], "limit": [1000.0], "annual_rate": [0.0], "tenor_months": [10]},
     "instalments of 50.25% of it"),
    ({"balance": [1100.0], "income": [1999.0], "limit": [1000.0], "annual_rate": [0.0], "tenor_months": [1]},
     "instalments of 50.03% of it"),
    ({"balance": [1100.0], "income": [199.0], "limit": [1000.0], "annual_rate": [0.0], "tenor_months": [0]}, None),
    ({"balance": [1100.0] * 2, "income": [199.0] * 2, "limit": [1000.0] * 2, "annual_rate": [0.0] * 2,
      "tenor_months": [10, 0], "borrower": [0, 0]}, "instalments of 50.25% of it"),
    # amounts
    ({"limit": [99.9, 0.0]}, "found at most 99.9, expected units"),
    ({"limit": [0.5]}, "found at most 0.5, expected units"),
    ({"limit": [100.0]}, None),
    ({"limit": [0.0]}, None),
    ({"balance": [99.0]}, "found at most 99, expected units"),
    ({"balance": [99.0], "limit": [100.0]}, None),
    ({"balance": [4999.0], "limit": [100.0]}, None),
    ({"balance": [5000.0], "limit": [100.0]}, "found balances of 50 times the limit"),
    ({"balance": [6000.0], "limit": [100.0]}, "found balances of 60 times the limit"),
    ({"balance": [5000.0], "limit": [1.0]}, "found balances of 5e+03 times the limit"),
    ({"balance": [500.0] * 3, "limit": [0.0, 0.0, 1000.0]}, None),
    ({"balance": [1.0] * 3 + [0.0], "limit": [300.0] * 3 + [0.0]}, "found balances of 0.0033 times the limit"),
    ({"balance": [1.0] * 2 + [0.0], "limit": [300.0] * 3}, None),
    ({"balance": [0.5] * 4, "limit": [300.0] * 4}, "found balances of 0.0017 times the limit"),
    ({"balance": [1.0, 1.0, 1.002], "limit": [300.0] * 3}, None),
    ({"balance": [0.0], "limit": [300.0]}, None),
    # instalments and level payments; of 1,000 in ten months without interest: 100
    ({**each(LEVEL, 1), "instalment": [100.0]}, None),
    ({"annual_rate": [0.01], "tenor_months": [36], "limit": [1000.0], "instalment": [33.21 * 1.009]},
     "found instalments that fit decimal a month (33.51 where 28.21 would be due), expected decimals"),
    ({"annual_rate": [0.01], "tenor_months": [36], "limit": [1000.0], "instalment": [33.21 * 1.012]},
     "may be rates of a month or a day"),
    ({"annual_rate": [0.01] * 2, "tenor_months": [36, 12], "limit": [1000.0] * 2, "instalment": [33.21, 88.85]},
     "found instalments that fit decimal a month (33.21 where 28.21 would be due), expected decimals"),
    ({"annual_rate": [0.01], "tenor_months": [36], "limit": [1000.0], "instalment": [33.21], "borrower": None},
     "(33.21 where 28.21 would be due)"),
    ({"annual_rate": [0.06], "tenor_months": [1], "limit": [1000.0], "instalment": [1060.0]},
     "found instalments that fit decimal a month (1,060.00 where 1,005.00 would be due), expected decimals"),
    ({"annual_rate": [0.03], "tenor_months": [3], "limit": [1000.0], "instalment": [352.6]}, None),  # 4.99 % off
    ({"annual_rate": [0.03], "tenor_months": [3], "limit": [1000.0], "instalment": [352.7]},
     "fit decimal a month (352.70 where 335.00 would be due)"),
    ({**each(LEVEL, 11), "instalment": [23.0] * 11}, "found 0.23 times a level payment"),
    ({**each(LEVEL, 10), "instalment": [60.0] * 10}, "found 0.6 times a level payment"),
    ({**each(LEVEL, 10), "instalment": [61.0] * 10}, None),
    ({**each(LEVEL, 10), "instalment": [159.0] * 10}, None),
    ({**each(LEVEL, 10), "instalment": [160.0] * 10}, "found 1.6 times a level payment"),
    ({**each(LEVEL, 9), "instalment": [160.0] * 9}, None),
    ({**each(LEVEL, 10), "instalment": [200.0] * 8 + [205.0] * 2}, "found 2 times"),
    ({**each(LEVEL, 10), "instalment": [200.0] * 7 + [203.0] * 3}, "found 2 times"),
    ({**each(LEVEL, 10), "instalment": [200.0] * 7 + [205.0] * 3}, None),
    # instalments below interest; a month of it is 12
    ({**each(BELOW_INTEREST, 1), "instalment": [11.88]}, None),
    ({"balance": [10_000.0], "annual_rate": [0.12], "tenor_months": [24], "instalment": [99.0]}, None),
    ({**each(BELOW_INTEREST, 1), "instalment": [11.87]},
     "found a month's interest of 12.00 above the instalment of 11.87 at position 0 (and on 0 more of 1 loans)"),
    ({**each(BELOW_INTEREST, 1), "instalment": [1.0]}, "above the instalment of 1.00 at position 0"),
    ({**each(BELOW_INTEREST, 1), "tenor_months": [2], "instalment": [11.0]}, "above the instalment of 11.00"),
    ({**each(BELOW_INTEREST, 1), "tenor_months": [1], "instalment": [11.0]}, None),
    ({**each(BELOW_INTEREST, 1), "tenor_months": [0], "instalment": [11.0]}, None),
    ({**each(BELOW_INTEREST, 3), "balance": [1.0, 1.0, 1200.0], "instalment": [50.0, 50.0, 11.0]}, None),
    ({**each(BELOW_INTEREST, 3), "balance": [0.0, 0.0, 1200.0], "instalment": [50.0, 50.0, 11.0]},
     "at position 2 (and on 0 more of 1 loans)"),
    ({**each(BELOW_INTEREST, 2), "instalment": [50.0, 11.0]}, None),
    ({**each(BELOW_INTEREST, 3), "instalment": [50.0, 11.0, 10.0]},
     "above the instalment of 11.00 at position 1 (and on 1 more of 3 loans)"),
    ({**each(BELOW_INTEREST, 3), "instalment": [0.0, 0.0, 50.0]}, None),
    # months left
    ({"tenor_months": [3], "remaining_months": [36]}, "found 3 with 36 months left, expected the tenor in months"),
    ({"tenor_months": [3], "remaining_months": [37]}, None),
    ({"tenor_months": [1], "remaining_months": [12]}, "found 1 with 12 months left, expected the tenor in months"),
    ({"tenor_months": [1], "remaining_months": [13]}, None),
    ({"tenor_months": [3, 1, 1], "remaining_months": [6, 1, 1]}, None),
    ({"tenor_months": [12], "remaining_months": [6]}, None),
    ({"tenor_months": [3, 0], "remaining_months": [6, 0]}, "found 3 with 6 months left, expected the tenor in months"),
    ({"tenor_months": [3, 3], "remaining_months": [6, 3]}, None),
    ({"tenor_months": [3, 3, 4, 0], "remaining_months": [6, 3, 5, 9]}, "found 3 to 4 with 5 to 6 months left"),
    ({"annual_rate": [0.0], "remaining_months": [2], "instalment": [100.0], "balance": [2290.0]},
     "found 2 with balances that fit years left, expected months"),
    ({"annual_rate": [0.0], "remaining_months": [1], "instalment": [100.0], "balance": [1200.0], "borrower": None},
     "found 1 with balances that fit years left, expected months"),
    ({"annual_rate": [0.0], "remaining_months": [2], "instalment": [100.0], "balance": [2280.0]}, None),
    ({"annual_rate": [0.0], "remaining_months": [2], "instalment": [100.0], "balance": [0.0]}, None),
    ({"annual_rate": [0.99], "remaining_months": [30], "instalment": [100.0], "balance": [1212.0]}, None),
]  # fmt: skip


MONTHLY = {"annual_rate": 0.01, "tenor_months": 36, "limit": 1000.0, "instalment": 33.21}
YEARS = {"annual_rate": 0.0, "remaining_months": 2, "instalment": 100.0, "balance": 2290.0}
WRONG_SIGNS = [
    ({"annual_rate": [-0.1, 18.0]}, "found 18, expected decimals"),
    ({"annual_rate": [-0.2, -0.2, 0.18]}, None),
    ({"annual_rate": [12.0], "balance": [1200.0], "instalment": [-1.0]}, "found 12, expected decimals"),
    ({"own_share": [-1.0, -1.0, 30.0]}, "found 30, expected decimals"),
    ({"days_past_due": [-3, -3]}, None),
    ({"days_past_due": [0, 2], "overdue": [0.0, 200.0], "instalment": [100.0, -100.0]}, "none from 15, expected"),
    ({"score": [-5, 0]}, None),
    ({"score": [-5, -3]}, None),
    ({"income": [-5.0, -5.0, 5000.0]}, None),
    ({"balance": [-1.0, -1.0, 500.0], "income": [1000.0] * 3, "instalment": [900.0, 900.0, 100.0]}, None),
    ({**each(OWED, 10), "instalment": [-100.0] * 6 + [100.0] * 4}, None),
    ({"balance": [500.0] * 10, "income": [-1000.0] * 10, "instalment": [300.0] * 10}, None),
    ({"balance": [1100.0] * 2, "income": [199.0] * 2, "limit": [1000.0] * 2, "annual_rate": [0.0] * 2,
      "tenor_months": [10, -10], "borrower": [0, 0]}, "instalments of 50.25% of it"),
    ({"limit": [-5.0]}, None),
    ({"balance": [500.0] * 3, "limit": [-10.0] * 3}, None),
    ({"balance": [-500.0] * 3, "limit": [1000.0] * 3}, None),
    *(({**each(MONTHLY, 3), name: [MONTHLY[name], wrong, wrong]}, "(33.21 where 28.21 would be due)")
      for name in ("tenor_months", "limit", "instalment") for wrong in (0.0, -MONTHLY[name])),
    ({**each(BELOW_INTEREST, 3), "balance": [-1200.0, -1200.0, 1200.0], "instalment": [50.0, 50.0, 11.0]},
     "at position 2 (and on 0 more of 1 loans)"),
    ({**each(BELOW_INTEREST, 3), "instalment": [-50.0, -50.0, 50.0]}, None),
    ({"tenor_months": [-3], "remaining_months": [36]}, None),
    ({"tenor_months": [3, -3, -3], "remaining_months": [6, 0, 0]}, "found 3 with 6 months left"),
    ({"tenor_months": [3, 3, -3], "remaining_months": [6, 6, 6]}, "found 3 with 6 months left"),
    *(({**each(YEARS, 3), name: [YEARS[name], wrong, wrong]}, "found 2 with balances that fit years left")
      for name in ("remaining_months", "instalment", "balance") for wrong in (0.0, -YEARS[name])),
]  # fmt: skip
"""Nothing, and values below nothing, that bounds refuse: neither gives a doubt about a unit, nor takes it away."""


def doubted(rows, money):
    borrower = rows.get("borrower", range(len(next(iter(rows.values())))))
    arrays = {name: np.array(values, float) for name, values in rows.items() if name != "borrower"}
    return doubts(arrays if borrower is None else {"borrower": np.array(borrower), **arrays}, {}, position, money)


@pytest.mark.parametrize(("rows", "says"), [*BOUNDS, *WRONG_SIGNS])
def test_each_doubt_begins_at_its_bound(rows, says):
    found = list(doubted(rows, Money("USD")).values())
    assert len(found) == (0 if says is None else 1)
    assert says is None or says in found[0]


@pytest.mark.parametrize(
    ("money", "lowest", "highest"),
    [
        (Money("EUR"), 100.0, 20_000.0),
        (Money("GBP"), 100.0, 20_000.0),
        (Money("CNY"), 100.0, 40_000.0),
        (Money("INR", other="USD", rate=85.0), 8_500.0, 1_700_000.0),
        (Money("USD", other="CNY", rate=7.0), 100.0, 20_000.0),
    ],
)
def test_levels_of_income_are_those_of_the_currency(money, lowest, highest):
    for income, doubt in ((lowest, 1), (lowest + 0.5, 0), (highest - 0.5, 0), (highest, 1)):
        assert len(doubted({"income": [income]}, money)) == doubt
    assert not doubted({"income": [1e9]}, Money("INR"))  # no level is known
