"""Layouts of public tapes: read to the right figures, or refused by a sentence that can be followed."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import stresslab as sl
from stresslab.portfolio import read_portfolio
from stresslab.schema import InputError
from tests.portfolio.tapes import BASICS, three

DONORS = sl.synthetic_portfolio("us-card", borrowers=200, seed=1, seasoning_months=0)
USD = {"currency": "USD", "as_of": "2011-12", "own_lender": "us", "donors": DONORS, "seed": 1}


def faults(tape, **given):
    with pytest.raises(InputError) as caught:
        read_portfolio(tape, **given)
    return caught.value.faults


LENDING_CLUB = """Notes offered by Prospectus (https://www.lendingclub.com/info/prospectus.action)
"id","member_id","loan_amnt","term","int_rate","installment","annual_inc","desc","out_prncp"
"1","","5000"," 36 months"," 10.65%","162.87","24000","Added > text
over two lines.<br>","0.00"
"2","","10000"," 60 months"," 13.49%","230.05","49200","","4500.10"
"3","","2500"," 60 months"," 15.27%","59.83","30000","","0.00"

Loans that do not meet the credit policy
"4","","3000"," 36 months"," 18.64%","109.43","48000","","0.00"

"Total amount funded in policy code 1: 460296150",,,,,,,,
"Total amount funded in policy code 2: 0",,,,,,,,
"""
COLUMNS = {
    "borrower_id": "id",
    "limit": "loan_amnt",
    "tenor_months": "term",
    "annual_rate": "int_rate",
    "income": "annual_inc",
    "balance": "out_prncp",
}
SAME = {"product": "personal-loan", "days_past_due": 0, "remaining_months": 10}
SKIP = ["Notes offered", "Loans that", "Total amount"]


def test_legal_lines_headings_and_totals_are_no_loans(tmp_path):
    file = tmp_path / "LoanStats.csv"
    file.write_text(LENDING_CLUB)
    given = USD | {"columns": COLUMNS, "constants": SAME, "units": {"income": "year"}}
    book = read_portfolio(file, skip=SKIP, **given)
    assert book.instalment.values.tolist() == [162.87, 230.05, 59.83, 109.42]
    assert book.annual_rate.values.tolist() == [0.1065, 0.1349, 0.1527, 0.1864]
    assert book.tenor_months.values.tolist() == [36, 60, 60, 36]
    assert book.income.values.tolist() == [2000.0, 4100.0, 2500.0, 4000.0]
    assert faults(file, **given) == [
        "header: found 'Notes offered by Prospectus (https://www.lendingclub.com/inf' alone in its line, above rows "
        "with 7 filled, expected names of columns; leave it out with skip=['Notes offered by']"
    ]
    assert faults(file, skip=SKIP[:1], **given) == [
        "line 8: found 1 cells 'Loans that do not meet the credit policy', expected 9 as in the header; correct or "
        "remove the line, or leave it out with skip=['Loans that do not me']"
    ]
    assert faults(file, skip=SKIP[:2], **given) == [
        "tape: found 'Total amount funded in policy code 1: 460296150' at line 11 (and 1 more), expected a loan "
        "in each row; remove it, or leave it out with skip=['Total amount funded ']"
    ]


def test_a_foot_of_a_table_in_memory_cannot_be_skipped_and_is_named(tmp_path):
    loans = pd.DataFrame({"borrower_id": ["1", "2", "Total"], "balance": [1000.0, 2000.0, np.nan]})
    loans["limit"] = loans.balance
    given = USD | {"constants": SAME | {"annual_rate": 0.1, "tenor_months": 12}}
    (found,) = faults(loans, **given)
    assert found == "tape: found 'Total' at position 2, expected a loan in each row; remove it"
    loans.to_excel(tmp_path / "foot.xlsx", index=False)
    assert faults(tmp_path / "foot.xlsx", **given)[0].endswith("remove it, or leave it out with skip=['Total']")
    book = read_portfolio(tmp_path / "foot.xlsx", skip="Total", **given)
    assert book.balance.values.tolist() == [1000.0, 2000.0]


def test_decimal_commas_are_one_fault_however_many_columns_have_them(tmp_path):
    file = tmp_path / "tape.csv"
    loans = pd.DataFrame({"borrower_id": ["a", "b"], "balance": [1000.5, 900.25], "limit": [2000.0, 1500.0]})
    loans.assign(annual_rate=[0.19, 0.22]).to_csv(file, index=False, sep=";", decimal=",")
    given = USD | {"constants": {"product": "card", "tenor_months": 0, "days_past_due": 0, "transactor": False}}
    (found,) = faults(file, **given)
    assert found == (
        "decimal: found '1000,5' at line 2 (and 1 more) in column 'balance', and the like in column 'limit', column "
        "'annual_rate', expected a number with a point; pass decimal=',' or, if ',' stands between thousands, remove it"
    )
    assert read_portfolio(file, decimal=",", **given).balance.values.tolist() == [1000.5, 900.25]


def test_a_key_that_is_none_of_the_borrower_is_one_fault():
    """Products in place of customers: nothing that is told of borrowers agrees."""
    tape = three()
    given = BASICS | {"columns": {name: name for name in tape} | {"borrower_id": "product"}}
    (found,) = faults(tape, **given)
    assert found.startswith(
        "income: found 5000.0 and 4000.0 for borrower card (and 1 more borrowers), and other values"
    )
    assert found.endswith(
        "expected the same on all rows of a borrower; correct the tape, or map the key of the borrower"
    )


def test_a_tape_that_falls_into_one_column_says_so(tmp_path):
    file = tmp_path / "tape.txt"
    three().to_csv(file, index=False, sep="^")
    assert faults(file, **BASICS) == [
        "table: found utf-8, separated by commas, 1 column 'borrower_id^loan_id^lender^product^balan', expected "
        "several columns; pass separator=, or name the right file"
    ]
    assert read_portfolio(file, separator="^", **BASICS).sizes["loan"] == 7


@pytest.mark.parametrize("name", ["Income", "income,", " INCOME", "incomes", "in-come"])
def test_a_column_that_is_nearly_called_income_is_never_replaced_by_a_draw(name):
    tape = three().drop(columns=["pay_level", "necessities"]).rename(columns={"income": name})
    (found,) = faults(tape, **BASICS, donors=sl.synthetic_portfolio(borrowers=50, seed=1, seasoning_months=0), seed=1)
    assert found == (
        f"columns: found {name.strip()!r}, expected 'income'; rename what is meant, or map all columns with columns="
    )


def test_capitals_are_one_fault():
    (found,) = faults(three().rename(columns=str.upper), **BASICS)
    assert found.startswith("columns: found 'BORROWER_ID', 'LOAN_ID', 'LENDER', ")
    assert "expected 'borrower_id', 'loan_id', 'lender', " in found


FANNIE = [
    "100007365142|R|JPMORGAN CHASE BANK, NA|8|75000|360|74319.00|347",
    "100011322040|C|AMTRUST BANK|7.75|123000|360|121732.27|346",
]
NAMES = ["loan", "channel", "seller", "rate", "granted", "term", "upb", "left"]


def test_pipes_without_a_header_and_rates_in_percent(tmp_path):
    file = tmp_path / "acquisition.txt"
    file.write_text("\n".join(FANNIE))
    columns = {"borrower_id": "loan", "annual_rate": "rate", "limit": "granted", "tenor_months": "term"}
    columns |= {"remaining_months": "left", "balance": "upb"}
    constants = {"product": "mortgage", "days_past_due": 0, "priority": 0}
    given = USD | {"columns": columns, "constants": constants}
    book = read_portfolio(file, names=NAMES, units={"annual_rate": "percent"}, **given)
    assert book.instalment.values.tolist() == [550.32, 881.19]
    assert book.borrower_label.values.tolist() == ["100007365142", "100011322040"]
    assert faults(file, **given)[0].startswith("header: found '100007365142', 'R', 'JPMORGAN CHASE BANK, NA', '8',")
    (found,) = faults(file, names=NAMES, **given)
    assert "annual_rate (column 'rate'): found 7.75 to 8, expected decimals" in found
    (found,) = faults(file, names=NAMES[:-1], **given)
    assert found.startswith("names: found 7 names for 8 columns '100007365142', 'R'")


PROSPER = pd.DataFrame(
    {
        "LoanId": ["L001", "L003", "L004", "L005", "L007"],
        "MemberId": ["m001", "m003", "m004", "m005", "m007"],
        "Term": [36, 36, 60, 36, 36],
        "BorrowerRate": [0.092, 0.2085, 0.1314, 0.2712, 0.0629],
        "LoanOriginalAmount": [10_000, 15_000, 15_000, 3_000, 10_000],
        "MonthlyLoanPayment": [318.93, 563.97, 342.37, 122.67, 305.54],
        "StatedMonthlyIncome": [6125, 9583, 8333, 2083, 3333],
    }
)
PROSPER_COLUMNS = {
    "borrower_id": "MemberId",
    "loan_id": "LoanId",
    "tenor_months": "Term",
    "annual_rate": "BorrowerRate",
    "limit": "LoanOriginalAmount",
    "balance": "LoanOriginalAmount",
    "income": "StatedMonthlyIncome",
}
PROSPER_GIVEN = USD | {"columns": PROSPER_COLUMNS, "constants": SAME}


def test_derived_instalments_are_the_published_ones_and_published_ones_are_kept():
    book = read_portfolio(PROSPER, **PROSPER_GIVEN)
    np.testing.assert_allclose(book.instalment, PROSPER.MonthlyLoanPayment, atol=0.0101)
    odd = PROSPER.assign(MonthlyLoanPayment=[415.37, *PROSPER.MonthlyLoanPayment[1:]])
    given = PROSPER_GIVEN | {"columns": PROSPER_COLUMNS | {"instalment": "MonthlyLoanPayment"}}
    assert read_portfolio(odd, **given).instalment.values.tolist() == odd.MonthlyLoanPayment.tolist()


CUT = ["1.10E+22", "1,10E+22", "1.10339e+22", "9007199254740992.0"]


@pytest.mark.parametrize("key", CUT)
def test_keys_that_a_spreadsheet_has_cut_never_merge_people(key, tmp_path):
    (found,) = faults(PROSPER.assign(MemberId=key), **PROSPER_GIVEN)
    assert found == (
        f"borrower_id (column 'MemberId'): found {key!r} at position 0 (and 4 more), expected all digits, which a "
        "spreadsheet or a float has cut; export the keys as text"
    )


def test_keys_of_sixteen_digits_are_cut_in_a_workbook_and_in_floats(tmp_path):
    sound = PROSPER.assign(MemberId=[4556737586899855 + i for i in range(5)])
    assert read_portfolio(sound, **PROSPER_GIVEN).borrower_label.values.tolist() == sound.MemberId.astype(str).tolist()
    sound.to_excel(tmp_path / "cards.xlsx", index=False)
    for table in (tmp_path / "cards.xlsx", sound.astype({"MemberId": float})):
        (found,) = faults(table, **PROSPER_GIVEN)
        assert "found '4.556738e+15' at " in found
    sound.astype({"MemberId": str}).to_excel(tmp_path / "text.xlsx", index=False)
    assert read_portfolio(tmp_path / "text.xlsx", **PROSPER_GIVEN).sizes["borrower"] == 5


WORDS = ["NA", "NULL", "None", "nan", "N/A", "-", "<NA>", "null"]


@pytest.mark.parametrize("column", ["lender", "product", "borrower_id"])
@pytest.mark.parametrize("word", WORDS)
def test_a_name_that_looks_like_nothing_is_a_name_in_every_kind_of_table(word, column, tmp_path):
    tape = three().replace({column: {"platform": word, "card": word, "m3": word}})
    tape.to_csv(tmp_path / "a.csv", index=False)
    tape.to_excel(tmp_path / "a.xlsx", index=False)
    tape.to_parquet(tmp_path / "a.parquet")
    kinds = [tape, *(tmp_path / f"a.{suffix}" for suffix in ("csv", "xlsx", "parquet"))]
    label = "borrower_label" if column == "borrower_id" else column
    for table in (*kinds, pl.from_pandas(tape), pa.Table.from_pandas(tape), tape.convert_dtypes()):
        assert word in read_portfolio(table, **BASICS)[label].values
    empty = three().replace({column: {"platform": None, "card": None, "m3": None}})
    assert faults(empty, **BASICS)[0].startswith(f"{column} (column {column!r}): found nothing at position")


CHINESE = pd.DataFrame(
    {
        "ListingId": [1000001, 1000002, 1000003],
        "借款金额": [4423, 3397, 18000],
        "借款期限": [12, 6, 24],
        "借款利率": [20, 22, 18],
        "借款类型": ["普通", "APP闪电", "电商"],
        "总待还本金": [3721.6, 2000.0, 11726.53],
    }
)
CHINESE_COLUMNS = {
    "borrower_id": "ListingId",
    "limit": "借款金额",
    "tenor_months": "借款期限",
    "annual_rate": "借款利率",
    "product": "借款类型",
    "balance": "总待还本金",
}


def test_chinese_headers_are_proposed_and_rates_of_20_are_percent(tmp_path):
    file = tmp_path / "LC.csv"
    CHINESE.to_csv(file, index=False, encoding="gbk")
    basics = {"currency": "CNY", "as_of": "2016-03", "own_lender": "us"}
    (found,) = faults(file, **basics)
    assert "as 'gb18030' ('借款金额')" in found
    assert found.endswith("; pass it with encoding=, or save the file as UTF-8")
    missing = "\n".join(faults(file, encoding="gbk", **basics))
    for column in CHINESE_COLUMNS.values():
        assert column == "ListingId" or f"map a column ({column!r} may be it)" in missing
    donors = sl.synthetic_portfolio("china-online", borrowers=100, seed=1, seasoning_months=0)
    constants = {"days_past_due": 0, "remaining_months": 6, "priority": 0}
    given = basics | {"columns": CHINESE_COLUMNS, "constants": constants, "donors": donors, "seed": 1}
    (found,) = faults(file, encoding="gbk", **given)
    assert "annual_rate (column '借款利率'): found 18 to 22, expected decimals" in found
    book = read_portfolio(file, encoding="gbk", units={"annual_rate": "percent"}, **given)
    assert book.annual_rate.values.tolist() == [0.20, 0.22, 0.18]
    assert book.instalment.values.tolist() == [409.72, 603.05, 898.63]
    assert sl.notes(book)[0] == "tape: read as gbk, separated by commas"
    units = CHINESE.assign(
        借款期限=[f"{n}个月" for n in CHINESE.借款期限],
        借款利率=[f"{r}%" for r in CHINESE.借款利率],
        借款金额=[f"{a}元" for a in CHINESE.借款金额],
    )
    np.testing.assert_array_equal(read_portfolio(units, **given).instalment, book.instalment)
    near = given["columns"] | {"annual_rate": "利率"}
    (found,) = faults(CHINESE, **(given | {"columns": near}))
    assert found == "annual_rate: found no column '利率' (there is '借款利率'), expected one; correct columns="


ANNEX_5 = pd.DataFrame(
    {
        "Original Obligor Identifier": ["OBLG-1", "OBLG-2", "OBLG-3"],
        "Primary Income": ["65000 EUR", "52000 EUR", "78000 EUR"],
        "Original Term": ["60", "60", "60"],
        "Original Principal Balance": ["35000 EUR", "28000 EUR", "45000 EUR"],
        "Current Principal Balance": ["28500 EUR", "24800 EUR", "43200 EUR"],
        "Payment Due": ["689.50 EUR", "551.20 EUR", "886.40 EUR"],
        "Current Interest Rate": ["4.25", "3.95", "5.15"],
        "Number Of Days In Arrears": ["0", "0", "0"],
        "Credit Impaired Obligor": ["No", "Yes", "No"],
        "Certificate Provider": ["TÜV SÜD AG", "Bureau Veritas SA", "DEKRA SE"],
    }
)
ANNEX_COLUMNS = {
    "borrower_id": "Original Obligor Identifier",
    "income": "Primary Income",
    "tenor_months": "Original Term",
    "limit": "Original Principal Balance",
    "balance": "Current Principal Balance",
    "instalment": "Payment Due",
    "annual_rate": "Current Interest Rate",
    "days_past_due": "Number Of Days In Arrears",
}


def test_a_transposed_annex_5_in_latin_1(tmp_path):
    file = tmp_path / "annex5.csv"
    turned = ANNEX_5.T.set_axis(["LOAN 1", "LOAN 2", "LOAN 3"], axis=1).rename_axis("FIELD NAME").reset_index()
    turned.to_csv(file, index=False, encoding="latin-1")
    basics = {"currency": "EUR", "as_of": "2024-12", "own_lender": "us"}
    assert "'cp1252' ('TÜV SÜD AG')" in faults(file, **basics)[0]
    (found,) = faults(file, encoding="latin-1", **basics)
    assert found.startswith("tape: found 'Original Obligor Identifier', 'Primary Income', 'Original Term', ")
    assert "down the column 'FIELD NAME', a row for each variable, expected a row for each loan; turn the" in found


def test_each_kind_of_cell_of_an_annex_5_is_named_once():
    given = {"currency": "EUR", "as_of": "2024-12", "own_lender": "us", "donors": DONORS, "seed": 1}
    given |= {"exchange_rate": 0.9, "columns": ANNEX_COLUMNS}
    given["constants"] = {"product": "personal-loan", "priority": 0, "remaining_months": 20}
    found = faults(ANNEX_5, **given)
    assert [fault.split(":")[0] for fault in found] == [
        "income (column 'Primary Income')",
        "annual_rate (column 'Current Interest Rate')",
    ]
    assert "found 65,000 EUR in the median" in found[0]
    assert "an instalment of 689.50 at position 0 would be below a month's interest of 10,093.75" in found[1]
    said = {"income": "year", "annual_rate": "percent"}
    book = read_portfolio(ANNEX_5, units=said, **given)
    assert book.income.values.tolist() == [5416.67, 4333.33, 6500.0]
    assert book.annual_rate.values.tolist() == [0.0425, 0.0395, 0.0515]
    assert book.instalment.values.tolist() == [689.5, 551.2, 886.4]
    unknown = ANNEX_5.assign(**{"Payment Due": ["ND5", "551.20 EUR", "886.40 EUR"]})
    (found,) = faults(unknown, units=said, **given)
    assert "found 'ND5' at position 0 and '551.20 EUR' at position 1 (and 1 more), expected a number" in found
    answers = given | {"columns": ANNEX_COLUMNS | {"written_off": "Credit Impaired Obligor"}}
    (found,) = faults(ANNEX_5, units=said, **answers)
    assert found == (
        "written_off (column 'Credit Impaired Obligor'): found 'No' at position 0 and 'Yes' at position 1 (and 1 "
        "more), expected True or False; convert it"
    )


def test_a_grade_does_not_steer_the_draw_and_that_is_said():
    """Rates and scores of the tape do not choose donors, so its slope of losses by grade is not reproduced."""
    book = read_portfolio(PROSPER, **PROSPER_GIVEN)
    assert "tape: annual_rate did not steer the draw, so simulated losses hardly differ by grade" in sl.notes(book)
    given = PROSPER_GIVEN | {"constants": SAME | {"job_loss_risk": 1.0}}
    assert not any("did not steer" in note for note in sl.notes(read_portfolio(PROSPER, **given)))
