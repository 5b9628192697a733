"""A loan tape that can be worked out by hand, and what makes a tape of a portfolio."""

from __future__ import annotations

from typing import Any

import pandas as pd
import xarray as xr

from stresslab.portfolio import read_portfolio
from stresslab.schema import PORTFOLIO

BASICS: dict[str, Any] = {"currency": "CNY", "as_of": "2026-01", "own_lender": "ours"}


def three() -> pd.DataFrame:
    """Seven loans of three borrowers, unsorted, under our own names.

    a1 is jobless and late at two lenders, m3 has a claim written off at ours, x7 owes to three lenders.
    """
    people = pd.DataFrame(
        {
            "borrower_id": ["a1", "m3", "x7"],
            "income": [4000.0, 8000.0, 5000.0],
            "pay_level": [0.9, 1.0, 1.1],
            "necessities": [2000.0, 3000.0, 2500.0],
            "liquid_buffer": [400.0, 24000.0, 2500.0],
            "buffer_target": [5000.0, 24000.0, 2500.0],
            "job_loss_risk": [1.5, 0.5, 1.0],
            "expense_risk": [1.25, 0.5, 1.0],
            "employed": [False, True, True],
            "jobless_months": [3, 0, 0],
            "insured": [True, False, False],
            "household_support": [0.4, 0.3, 0.5],
            "strategic": [False, False, True],
            "score": [580.0, 700.0, 620.0],
            "inquiries": [2.5, 0.0, 1.0],
        }
    )
    loans = pd.DataFrame(
        {
            "borrower_id": ["x7", "a1", "x7", "m3", "a1", "m3", "x7"],
            "loan_id": [11, 12, 13, 14, 15, 16, 17],
            "lender": ["ours", "ours", "bank", "ours", "bank", "platform", "platform"],
            "product": ["card", "card", "loan", "card", "loan", "card", "card"],
            "balance": [1000.0, 500.0, 600.0, 0.0, 300.0, 1600.0, 0.0],
            "limit": [4000.0, 1000.0, 1200.0, 2000.0, 600.0, 2000.0, 100.0],
            "usual_balance": [1000.0, 500.0, 1200.0, 800.0, 600.0, 1600.0, 50.0],
            "annual_rate": [0.24, 0.12, 0.12, 0.24, 0.0, 0.06, 0.06],
            "tenor_months": [0, 0, 12, 0, 6, 0, 0],
            "remaining_months": [0, 0, 6, 0, 3, 0, 0],
            "instalment": [0.0, 0.0, 106.62, 0.0, 100.0, 0.0, 0.0],
            "transactor": [False, False, False, False, False, True, True],
            "days_past_due": [0, 65, 0, 0, 95, 0, 0],
            "overdue": [0.0, 100.0, 0.0, 0.0, 300.0, 0.0, 0.0],
            "score_change": [-40, -150, 10, -300, -240, 0, 30],
            "recent_arrears": [0.75, 2.0, 0.0, 4.5, 3.0, 0.0, 0.0],
            "priority": [1.0, 1.0, 0.0, 1.0, 0.0, 2.0, 2.0],
            "own_share": [0.3, 0.3, 1.0, 0.3, 1.0, 1.0, 1.0],
            "written_off": [False, False, False, True, False, False, False],
            "claim": [0.0, 0.0, 0.0, 900.0, 0.0, 0.0, 0.0],
            "claim_months": [0, 0, 0, 5, 0, 0, 0],
        }
    )
    return loans.merge(people, on="borrower_id")


def three_book() -> xr.Dataset:
    """The portfolio of that tape."""
    return read_portfolio(three(), **BASICS)


def tape_of(book: xr.Dataset) -> pd.DataFrame:
    """A portfolio as a loan tape: one row for each loan, its borrower's columns beside it."""
    owner = book["borrower"].values
    columns = {"borrower_id": book["borrower_id"].values[owner]}
    for name, want in PORTFOLIO.items():
        if name not in ("borrower_id", "borrower"):
            columns[name] = book[name].values[owner] if want.dims == ("borrower",) else book[name].values
    return pd.DataFrame(columns)
