"""Portfolios of borrowers and loans: read from a loan tape, checked and described."""

from stresslab.portfolio.describe import describe_portfolio
from stresslab.portfolio.tape import read_portfolio
from stresslab.portfolio.validation import check_portfolio

__all__ = ["check_portfolio", "describe_portfolio", "read_portfolio"]
