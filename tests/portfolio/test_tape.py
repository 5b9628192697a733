"""Loan tapes: the same portfolio from every kind of table and order, back from a synthetic book, and every fault."""

import sys
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from stresslab.engine.simulate import simulate
from stresslab.population.synthetic import synthetic_portfolio
from stresslab.portfolio import check_portfolio, describe_portfolio, read_portfolio
from stresslab.portfolio.identity import borrower_ids
from stresslab.scenarios.library import scenario
from stresslab.schema import PORTFOLIO, InputError
from tests.portfolio.tapes import BASICS, tape_of, three, three_book

LOANS = Path(__file__).parents[2].parent / "shared" / "data" / "loans"
PEOPLE = [name for name, want in PORTFOLIO.items() if want.dims == ("borrower",) and name != "borrower_id"]
DONORS = synthetic_portfolio("china-online", borrowers=60, seed=1, seasoning_months=0)


def faults(tape, **changes):
    with pytest.raises(InputError) as caught:
        read_portfolio(tape, **(BASICS | changes))
    return caught.value.faults


def assert_same(book, other):
    xr.testing.assert_identical(book.drop_attrs(deep=False), other.drop_attrs(deep=False))


def test_three_borrowers():
    book = three_book()
    assert book.borrower_label.values.tolist() == ["a1", "m3", "x7"]
    assert book.borrower.values.tolist() == [2, 0, 2, 1, 0, 1, 2]
    assert book.loan_label.values.tolist() == ["11", "12", "13", "14", "15", "16", "17"]
    assert book.income.values.tolist() == [4000.0, 8000.0, 5000.0]
    assert book.balance.values.tolist() == three().balance.tolist()
    assert book.attrs == {**BASICS, "source": "DataFrame in memory", "derived": "", "drawn": "", "constants": ""}
    assert {book[name].dtype.kind for name, want in PORTFOLIO.items() if want.kind == "flag"} == {"b"}


def test_every_kind_of_table_gives_the_same_portfolio(tmp_path):
    tape, book = three(), three_book()
    tape.to_csv(tmp_path / "tape.csv", index=False)
    tape.to_csv(tmp_path / "tape.csv.gz", index=False)
    tape.to_parquet(tmp_path / "tape.parquet")
    for path in ("tape.csv", "tape.csv.gz", "tape.parquet"):
        read = read_portfolio(tmp_path / path, **BASICS)
        assert_same(read, book)
        assert read.attrs["source"] == path
    tape.set_index("borrower_id").to_parquet(tmp_path / "indexed.parquet")
    assert_same(read_portfolio(tmp_path / "indexed.parquet", **BASICS), book)
    polars = pl.from_pandas(tape)
    for table in (polars, polars.lazy(), pa.Table.from_pandas(tape), tape.convert_dtypes(), tape.astype(object)):
        assert_same(read_portfolio(table, **BASICS), book)


def test_decimals_and_categories_are_read_as_numbers_and_names():
    tape = three()
    odd = tape.assign(
        balance=[Decimal(str(b)) for b in tape.balance],
        lender=tape.lender.astype("category"),
        overdue=tape.overdue.astype(str),
        employed=tape.employed.astype(int),
    )
    assert_same(read_portfolio(odd, **BASICS), three_book())


def test_keys_are_ordered_as_numbers_if_all_are_and_as_text_otherwise():
    tape = three()
    by_number = tape.borrower_id.map({"a1": 9, "m3": 10, "x7": 100})
    for keys in (by_number, by_number.astype(str), by_number.astype(float)):
        book = read_portfolio(tape.assign(borrower_id=keys), **BASICS)
        assert book.borrower_label.values.tolist() == ["9", "10", "100"]
        assert book.income.values.tolist() == [4000.0, 8000.0, 5000.0]
    text = tape.borrower_id.map({"a1": "007", "m3": "7", "x7": "10"})
    assert read_portfolio(tape.assign(borrower_id=text), **BASICS).borrower_label.values.tolist() == ["007", "10", "7"]


def test_leading_zeros_survive_a_file(tmp_path):
    tape = three().assign(borrower_id=three().borrower_id.map({"a1": "007", "m3": "7", "x7": "10"}))
    tape.to_csv(tmp_path / "tape.csv", index=False)
    assert read_portfolio(tmp_path / "tape.csv", **BASICS).borrower_label.values.tolist() == ["007", "10", "7"]


def test_a_column_map_reads_what_it_names_and_nothing_else():
    tape = three().rename(columns=str.upper).assign(income=np.nan)
    assert_same(read_portfolio(tape, columns={name: name.upper() for name in three()}, **BASICS), three_book())


def test_a_synthetic_book_survives_the_round_trip_and_lives_the_same_lives(tmp_path):
    book = synthetic_portfolio("china-online", borrowers=300, seed=5, seasoning_months=12)
    tape_of(book).to_csv(tmp_path / "tape.csv", index=False)
    book = book.assign(borrower_id=("borrower", borrower_ids(book.borrower_id.values)))
    kept = {name: book.attrs[name] for name in ("currency", "as_of", "own_lender", "preset", "unemployment_rate")}
    again = read_portfolio(tmp_path / "tape.csv", **kept)
    for name in PORTFOLIO:
        np.testing.assert_array_equal(again[name].values, book[name].values, err_msg=name)
    macro = scenario("china-baseline")
    first, second = (simulate(b, macro, seed=7, horizon=3, progress=False) for b in (book, again))
    xr.testing.assert_equal(first, second)


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(7)), st.randoms(use_true_random=False), st.booleans())
def test_the_order_of_rows_and_columns_does_not_matter(rows, random, drawing):
    tape = three()
    kept = [name for name in tape if not drawing or name not in PEOPLE or name == "income"]
    random.shuffle(kept)
    extra = {"donors": DONORS, "seed": 1} if drawing else {}
    turned = read_portfolio(tape.iloc[list(rows)][kept], **BASICS, **extra)
    straight = read_portfolio(tape[sorted(kept)], **BASICS, **extra)
    assert_same(turned.sortby("loan_label"), straight)


SPOILT = [
    (
        "annual_rate",
        18.0,
        "found 18 (an instalment of 106.62 at position 2 would be below a month's interest of 900.00), expected "
        "decimals, as 0.18 for 18 %; pass units={'annual_rate': 'percent' or 'decimal'}, or correct the column",
    ),
    (
        "balance",
        np.nan,
        "found nothing at position 0 (and 6 more), expected owed now, accrued interest included [currency]; fill it",
    ),
    ("balance", -1.0, "found -1.0 at position 0 (and 6 more), expected >= 0 [currency]; check sign and unit"),
    (
        "limit",
        "4,000",
        "found '4,000' at position 0 (and 6 more), expected a number with a point; pass decimal=',' or, if ',' stands "
        "between thousands, remove it",
    ),
    ("employed", "yes", "found 'yes' at position 0 (and 6 more), expected True or False; convert it"),
    ("tenor_months", 1.5, "found 1.5 at position 0 (and 6 more), expected a whole number; round it yourself"),
    (
        "days_past_due",
        pd.Timestamp(0),
        "found 1970-01-01 00:00:00 at position 0 (and 6 more), expected a number; count the days or months yourself",
    ),
    (
        "lender",
        ["ours", None, " ", *["ours"] * 4],
        "found nothing at position 1 (and 1 more), expected a name; fill it",
    ),
    ("borrower_id", None, "found nothing at position 0 (and 6 more), expected a name; fill it"),
]


@pytest.mark.parametrize(("name", "value", "says"), SPOILT)
def test_each_fault_of_a_column_is_named(name, value, says):
    assert faults(three().assign(**{name: value})) == [f"{name} (column {name!r}): {says}"]


DISAGREEING = [
    ({"loan_id": [1, 1, 2, 3, 4, 5, 5]}, "loan_id: found 1 2 times (and 1 more), expected each once; correct the tape"),
    (
        {"income": [1001, 2002, 3003, 4004, 5005, 6006, 7007]},
        "income: found 1001.0 and 3003.0 for borrower x7 (and 2 more borrowers), expected the",
    ),
    ({"overdue": 1e6}, "overdue: found 1000000.0 with balance 1000.0 at position 0 (and 6 more), expected at most the"),
]


@pytest.mark.parametrize(("change", "says"), DISAGREEING)
def test_each_contradiction_of_rows_is_named(change, says):
    found = faults(three().assign(**change))
    assert len(found) == 1
    assert found[0].startswith(says)


ARGUMENTS = [
    ({"currency": "yuan"}, "currency: found 'yuan', expected three letters as in 'CNY'"),
    ({"as_of": "2026/01"}, "as_of: found '2026/01', expected a month or day as in '2026-01'"),
    ({"own_lender": ""}, "own_lender: found '', expected the name of the own lender"),
    ({"own_lender": "mine"}, "own_lender: found 'mine', expected one of ['bank', 'ours', 'platform']"),
    (
        {"preset": "us-cards"},
        "preset: found 'us-cards', expected one of (None, 'china-online', 'us-card'); write 'us-c",
    ),
    ({"seed": -1}, "seed: found -1, expected a whole number 0 ... 2**64 - 1 or None"),
    ({"constants": {"claim": 0}}, "claim: found a column and a constant, expected one of them"),
    (
        {"constants": {"incomes": 1.0}},
        "constants: found 'incomes', expected a variable of a portfolio (there is 'income')",
    ),
    ({"donors": DONORS.drop_vars("score")}, "donors: score: missing, expected application score"),
    ({"donors": DONORS.assign(income=DONORS.income * 0)}, "donors: found 60 borrowers without income, expected none"),
    ({"donors": three()}, "donors: found DataFrame of shape (7, 35), expected a Dataset"),
]


@pytest.mark.parametrize(("change", "says"), ARGUMENTS)
def test_each_fault_of_an_argument_is_named(change, says):
    found = faults(three(), **change)
    assert len(found) == 1
    assert found[0].startswith(says)


def test_a_constant_has_one_value():
    found = faults(three().drop(columns="claim"), constants={"claim": [0, 1]})
    expected = "expected a dict of text to text, a number or True or False or None; give one"
    assert found == [f"constants: found {{'claim': [0, 1]}}, {expected}"]


def test_a_total_is_one_fault_though_its_other_cells_are_empty(tmp_path):
    tape = three().astype(object)
    total = {"loan_id": "Total of 7", "balance": tape.balance.sum()}
    foot = pd.DataFrame([{column: total.get(column) for column in tape}])
    pd.concat([tape, foot], ignore_index=True).to_csv(tmp_path / "tape.csv", index=False)
    words = (
        "found 'Total of 7' at line 9, expected a loan in each row; remove it, or leave it out with skip=['Total of 7']"
    )
    assert faults(tmp_path / "tape.csv") == [f"tape: {words}"]


@pytest.mark.parametrize(("headings", "named"), [(1, True), (3, True), (4, False), (5, False)])
def test_rows_without_numbers_are_headings_if_they_are_the_fewer(headings, named, tmp_path):
    """Of four loans and some rows with a word alone: from four on, it is the columns that are empty."""
    rows = ["borrower_id,balance,income", *["b,900,3000"] * 4, *["Heading,,"] * headings]
    (tmp_path / "tape.csv").write_text("\n".join(rows) + "\n")
    found = [fault for fault in faults(tmp_path / "tape.csv") if fault.startswith("tape: found 'Heading' at line 6")]
    assert bool(found) == named
    assert not found or f"(and {headings - 1} more)" in found[0] or headings == 1


def test_all_faults_at_once():
    tape = three().drop(columns=["balance", "score"]).rename(columns={"annual_rate": "RATE"})
    tape["claim"] = -1.0
    names = {name: name for name in tape if name not in ("RATE", "product")}
    columns = names | {"annual_rate": "rate", "produkt": "product"}
    found = faults(tape, currency="", columns=columns)
    assert [fault.split(",")[0] for fault in found] == [
        "currency: found ''",
        "columns: found 'produkt'",
        "annual_rate: found no column 'rate' (there is 'RATE')",
        "claim (column 'claim'): found -1.0 at position 0 (and 6 more)",
        "product: missing",
        "balance: missing",
        "score: missing",
    ]
    assert "(there is 'product')" in found[1]


def test_a_map_without_borrowers_or_a_tape_without_rows():
    assert faults(three().drop(columns="borrower_id"))[0].startswith(
        "borrower_id: missing, expected the key of the borrower"
    )
    assert faults(three().iloc[:0]) == ["tape: found no rows, expected one for each loan; add some"]
    assert [fault.split(":")[0] for fault in faults(three(), columns={})] == [
        "borrower_id",
        "product",
        "balance",
        "annual_rate",
        "tenor_months",
        "days_past_due",
        "limit",
        ", ".join(name for name in PEOPLE if name not in ("pay_level", "jobless_months", "inquiries")),
    ]
    twice = pd.concat([three(), three()[["limit"]]], axis=1)
    assert faults(twice)[0].startswith("limit: found 2 columns 'limit', expected one")


def test_what_is_no_tape(tmp_path):
    assert faults([1, 2])[0].startswith("table: found [1, 2], expected a path to a .csv")
    assert faults(tmp_path / "tape.xlsx")[0].startswith("file: found none at ")
    (tmp_path / "tape.parquet").write_bytes(b"nothing of the kind")
    assert faults(tmp_path / "tape.parquet")[0].startswith("file: found it unreadable as a Parquet file")
    (tmp_path / "tape.csv").write_text("")
    assert faults(tmp_path / "tape.csv", as_of="2026-02-31") == [
        "as_of: found '2026-02-31', expected a month or day as in '2026-01' or '2026-01-31'; write it so",
        "file: found it empty, expected a header and rows; fill it",
    ]


def test_a_missing_package_names_the_extra(tmp_path, monkeypatch):
    three().to_parquet(tmp_path / "tape.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    (found,) = faults(tmp_path / "tape.parquet")
    assert found.endswith("expected the packages that read it; pip install 'stresslab[tape]'")


def test_the_portfolio_survives_a_file(tmp_path):
    book = read_portfolio(three().drop(columns="score"), donors=DONORS, seed=1, preset="china-online", **BASICS)
    book.to_netcdf(tmp_path / "book.nc", engine="netcdf4")
    xr.testing.assert_identical(check_portfolio(xr.load_dataset(tmp_path / "book.nc", engine="netcdf4")), book)


def test_lending_club():
    """119,015 loans as they were granted: amounts from the instalment, borrowers drawn from US card holders."""
    file = LOANS / "lendingclub_2015apr_aug_outcomes.csv.gz"
    if not file.exists():
        pytest.skip("the loans of LendingClub are not beside the repository (../shared/data/loans)")
    tape = pd.read_csv(file, usecols=["id", "loan_status", "installment", "int_rate", "total_rec_prncp"])
    monthly = tape.int_rate / 1200
    tape["granted"] = (tape.installment * (1 - (1 + monthly) ** -36) / monthly).round(2)
    book = read_portfolio(
        tape.assign(rate=tape.int_rate / 100),
        currency="USD",
        as_of="2015-08",
        own_lender="lending-club",
        preset="us-card",
        columns={
            "borrower_id": "id",
            "loan_id": "id",
            "annual_rate": "rate",
            "instalment": "installment",
            "balance": "granted",
        },
        constants={"product": "personal-loan", "tenor_months": 36, "remaining_months": 36, "days_past_due": 0},
        donors=synthetic_portfolio("us-card", borrowers=2_000, seed=1, seasoning_months=0),
        seed=2,
    )
    assert dict(book.sizes) == {"borrower": 119_015, "loan": 119_015}
    np.testing.assert_array_equal(book.limit, tape.granted)
    repaid = (tape.loan_status == "Fully Paid").to_numpy()
    error = np.abs(book.limit.values - tape.total_rec_prncp.to_numpy())[repaid]
    assert np.median(error) < 0.2  # principal repaid is the amount granted, to the rounding of an instalment
    total = describe_portfolio(book).sel(segment="total")
    assert total.balance == pytest.approx(tape.granted.sum())
    assert total.mean_rate == pytest.approx((tape.granted * tape.int_rate).sum() / tape.granted.sum() / 100)
    assert total.borrower_share.values.tolist() == [1.0]
    assert book.attrs["derived"].startswith("lender, own_share, written_off, transactor, limit, usual_balance, overdue")
    assert book.attrs["drawn"] == ", ".join(name for name in PEOPLE if name != "inquiries")


@pytest.mark.parametrize(("name", "value"), [("claim", True), ("claim", "0"), ("product", 5), ("transactor", "yes")])
def test_a_constant_is_of_the_type_of_its_variable(name, value):
    (found,) = faults(three().drop(columns=name), constants={name: value})
    expected = {"claim": "a number", "product": "a name", "transactor": "True or False"}[name]
    assert found == f"{name} (constant): found {value!r}, expected {expected}; give one"


@pytest.mark.parametrize("unit", [1_000, 0.01])
def test_donors_amounts_are_taken_in_the_unit_of_the_tape(unit):
    """The same tape in units of currency, in thousands and in cents: the same donors, their amounts in that unit."""
    donors = synthetic_portfolio("us-card", borrowers=50, seed=1, seasoning_months=0)
    rows = {"borrower_id": ["a", "b"], "balance": [900.0, 5_000.0], "limit": [1_000.0, 6_000.0]}
    rest = {"product": "card", "annual_rate": 0.2, "tenor_months": 0, "days_past_due": 0, "transactor": False}
    given = {"currency": "USD", "as_of": "2026-01", "own_lender": "us", "donors": donors, "seed": 2, "constants": rest}
    whole = read_portfolio(pd.DataFrame(rows), **given)
    rows |= {name: [amount / unit for amount in rows[name]] for name in ("balance", "limit")}
    other = read_portfolio(pd.DataFrame(rows), unit=unit, **given)
    assert other.attrs["unit"] == unit
    for name in ("income", "necessities", "balance"):
        np.testing.assert_allclose(other[name] * unit, whole[name], atol=unit * 0.005 + 1e-6)
    assert other["employed"].equals(whole["employed"])
    with pytest.raises(InputError, match="unit: found 0, expected a finite number"):
        read_portfolio(pd.DataFrame(rows), unit=0, **given)
