"""Headers of loan tapes: which columns are needed, which may be meant, and headers that are none."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from stresslab.checks import near
from stresslab.portfolio.imputation import IDENTITIES
from stresslab.schema import BORROWER, PORTFOLIO
from stresslab.tabular import Table, listed, parse_number

KEYS = ("borrower_id", "loan_id")
VALUES = tuple(name for name in PORTFOLIO if name not in ("borrower_id", "borrower"))
BORROWER_VALUES = tuple(name for name in VALUES if PORTFOLIO[name].dims == BORROWER)
MEANINGS = {"borrower_id": "the key of the borrower", "loan_id": "the key of the loan"}

WORDS = {
    "borrower_id": ("borrower id", "member", "customer", "client", "obligor identifier", "借款人", "客户", "用户"),
    "loan_id": ("loan id", "listing", "contract number", "unique identifier", "借据", "合同", "标的"),
    "lender": ("lender", "originator", "seller", "贷款机构", "放款机构", "资金方"),
    "product": ("product", "loan type", "purpose", "借款类型", "产品"),
    "balance": ("current balance", "current principal", "outstanding", "out prncp", "principal balance",
                "unpaid principal", "current upb", "余额", "待还本金"),
    "limit": ("loan amount", "loan amnt", "original amount", "original principal", "original balance", "original upb",
              "credit limit", "借款金额", "放款金额", "授信额度"),
    "annual_rate": ("interest rate", "int rate", "borrower rate", "coupon", "apr", "利率"),
    "tenor_months": ("term", "tenor", "期限", "期数"),
    "remaining_months": ("months to maturity", "remaining months", "remaining term", "剩余期数", "剩余期限"),
    "instalment": ("instalment", "installment", "monthly payment", "loan payment", "payment due", "月供", "每期还款"),
    "days_past_due": ("days past due", "dpd", "days delinquent", "days in arrears", "逾期天数"),
    "overdue": ("arrears balance", "past due amount", "amount past due", "逾期金额"),
    "written_off": ("written off", "charged off", "核销"),
    "income": ("income", "annual inc", "salary", "收入"),
    "score": ("score", "fico", "评分"),
    "employed": ("employed", "employment", "就业"),
}  # fmt: skip
"""Words by which other tapes call a variable, in small letters; a header that holds one may be meant."""


def reachable(known: Collection[str], with_donors: bool, lost: Collection[str] = ()) -> set[str]:
    """What is known of loans and borrowers once identities are used on what is given; but for what is lost."""
    needs = {"lender": ("balance",), **{identity.name: identity.needs for identity in IDENTITIES}}
    needs["priority"] = ("product",) if with_donors else ("tenor_months",)
    found = {"borrower", *known}
    for name, wanted in needs.items():
        if {*wanted} <= found and name not in lost:
            found.add(name)
    return found


def missing_faults(given: Collection[str], with_donors: bool, header: Sequence[str]) -> list[str]:
    """Faults of what a tape must have and has not: what no identity defines, and no donors complete."""
    known = reachable(given, with_donors)
    defined = {identity.name for identity in IDENTITIES} | {"lender", "priority"}
    needed = [name for name in ("borrower_id", *VALUES) if name not in BORROWER_VALUES and name not in defined]
    roots = [name for name in needed if name not in known]
    if not {"limit", "instalment"} & set(given):
        roots.append("limit")
    meant = proposals(header)
    faults = []
    for name in roots:
        may = f" ({meant[name]!r} may be it)" if name in meant else ""
        other = " or one for instalment," if name == "limit" else ""
        constant = "" if name == "borrower_id" else " or give a constant"
        faults.append(f"{name}: missing, expected {meaning(name)}; map a column{may}{other}{constant}")
    needs = {identity.name: identity.needs for identity in IDENTITIES if identity.name != "employed"}
    unknown = [name for name in BORROWER_VALUES if name not in known and not {*needs.get(name, ())} - known]
    if unknown and not with_donors:
        what = meaning(unknown[0]) if len(unknown) == 1 else "what is known of the borrowers"
        way = "map a column, give a constant, or pass donors= (a synthetic portfolio) to draw it from"
        faults.append(f"{', '.join(unknown)}: missing, expected {what}; {way}")
    return faults


def meaning(name: str) -> str:
    """What a variable is, with its unit."""
    if name in MEANINGS:
        return MEANINGS[name]
    want = PORTFOLIO[name]
    return want.meaning + (f" [{want.unit}]" if want.unit else "")


def proposals(header: Sequence[str]) -> dict[str, str]:
    """The column that may be meant for each variable, by the words that its header holds.

    >>> proposals(["ListingId", "借款利率", "int_rate", "MonthlyLoanPayment", "x"])
    {'loan_id': 'ListingId', 'annual_rate': '借款利率', 'instalment': 'MonthlyLoanPayment'}
    """
    meant: dict[str, str] = {}
    for column in header:
        words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", column).casefold().replace("_", " ").replace("-", " ")
        held = [(len(word), name) for name, known in WORDS.items() for word in known if word in words]
        alike = near(column, (*KEYS, *VALUES)) if len(column) > 2 else []
        name = alike[0] if alike else max(held, default=(0, ""))[1]
        if name:
            meant.setdefault(name, column)
    return meant


def shape_faults(table: Table, columns: Mapping[str, str] | None) -> list[str]:
    """Fault of a table without a header, or with variables down the rows, none of whose columns is found."""
    wanted = {*KEYS, *VALUES} if columns is None else set(columns.values())
    if wanted & set(table.header):
        return []
    data = [name for name in table.header if name and (parse_number(name) is not None or table.header.count(name) > 1)]
    if data:
        found = f"found {listed(table.header)} in the first row, expected names of columns"
        return [f"header: {found}; give them with names=[...], or correct columns="]
    for label, cells in zip(table.header, zip(*table.preview(), strict=False), strict=False):
        named = [cell for cell in cells if cell in wanted] or list(proposals(cells).values())
        if len(named) > max(2, len(proposals(table.header))):
            found = f"found {listed(named, 4)} down the column {label!r}, a row for each variable"
            return [
                f"tape: {found}, expected a row for each loan; turn the table (frame.set_index({label!r}).T in pandas)"
            ]
    return []
