"""The model beside the evidence: what is known of such books in normal times, and what the simulated ones show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from stresslab.engine.model import Model
from stresslab.engine.simulate import advance, simulate
from stresslab.population.synthetic import synthetic_portfolio
from stresslab.scenarios.library import scenario
from stresslab.schema import InputError

Array = NDArray[Any]
SNAPSHOTS = 6
"""Month ends at which the stocks by unpaid due dates are read."""
EARLY_WRITE_OFF = 6
"""Unpaid due dates at write-off in the second run: 180 days past due."""


@dataclass(frozen=True)
class Fact:
    """What a source says: a range, where from, and whether defaults were set on it or it was left as a check."""

    low: float
    high: float
    source: str
    used: str = "check"


ANT = "Ant prospectus 2017-19: D30+ 1.08, 1.43, 1.56 %; D90+ 0.68, 1.01, 1.05 %"
Y14 = "derived from FR Y-14M large-bank cards, stocks in a steady state"
FACTS: dict[str, Fact] = {
    "D30+ of balance": Fact(0.011, 0.018, ANT, "set on it"),
    "D90+ / D30+, write-off at 300 days": Fact(0.60, 0.72, ANT),
    "D90+ / D30+, write-off at 180 days": Fact(0.45, 0.55, "US practice, same source's arithmetic"),
    "loss with 180 over loss with 300 days": Fact(0.90, 1.10, "the write-off lag changes no loss"),
    "current to 30 days, a month": Fact(0.0025, 0.0080, "Ant 2019 steady state 0.27-0.32 %; facilitators to 0.8 %"),
    "roll 30 to 60": Fact(0.62, 0.79, Y14, "set on it"),
    "roll 60 to 90": Fact(0.78, 0.90, Y14, "set on it"),
    "roll 90 to 120": Fact(0.86, 0.96, Y14),
    "roll after 120": Fact(0.91, 0.99, Y14),
    "D30+ with 4 lenders or more over one": Fact(2.0, 5.0, "debt stacking, lines open: India 2024-25, Jiguang 2018"),
    "share with one lender": Fact(0.47, 0.53, "Beijing IFA, Jiguang 2018: 44-56 % have several", "set on it"),
    "entries after income loss or illiquidity": Fact(0.50, 0.80, "Ganong and Noel 2023, Gerardi et al. 2018"),
    "entries by choice": Fact(0.06, 0.38, "Ganong and Noel 2023 to Gerardi et al. 2018"),
    "first defaulters who still pay another lender": Fact(
        0.50, 1.00, "TransUnion 2011: about two thirds pay something"
    ),
    "written off a year over balance": Fact(0.014, 0.026, "formation of 2.0-2.6 % implied by Ant 2019, less cures"),
}


def evidence(books: int = 6, borrowers: int = 100_000, seed: int = 1) -> pd.DataFrame:
    """Facts of Chinese online credit in normal times beside the same figures of simulated books.

    books : independent synthetic books, whose spread gives the standard errors; at least 2
    borrowers : of each book
    seed : of the first book; the others count on from it
    Returns DataFrame indexed by fact: model, standard_error, low, high (the evidence's range), inside, used, source.
    Raises InputError for fewer than two books.
    Every book is `synthetic_portfolio("china-online")` in `scenario("china-baseline")`, nothing else.
    """
    if not (isinstance(books, int) and books >= 2):
        raise InputError(
            "evidence", [f"books: found {books!r}, expected a whole number >= 2; errors come from their spread"]
        )
    rows = [_figures(borrowers, seed + number) for number in range(books)]
    values = {name: np.array([row[name] for row in rows]) for name in FACTS}
    table = pd.DataFrame(
        {
            "model": {name: float(v.mean()) for name, v in values.items()},
            "standard_error": {name: float(v.std(ddof=1) / np.sqrt(books)) for name, v in values.items()},
            "low": {name: fact.low for name, fact in FACTS.items()},
            "high": {name: fact.high for name, fact in FACTS.items()},
        }
    )
    table["inside"] = (table["low"] <= table["model"]) & (table["model"] <= table["high"])
    table["used"] = [fact.used for fact in FACTS.values()]
    table["source"] = [fact.source for fact in FACTS.values()]
    return table.rename_axis("fact")


def _figures(borrowers: int, seed: int) -> Mapping[str, float]:
    """All figures of one book."""
    calm = scenario("china-baseline")
    late, early = _model(10), _model(EARLY_WRITE_OFF)
    book = synthetic_portfolio("china-online", borrowers=borrowers, seed=seed, model=late)
    result = simulate(book, calm, late, seed=seed, horizon=24, progress=False).sum("segment").isel(path=0)
    other_book = synthetic_portfolio("china-online", borrowers=borrowers, seed=seed, model=early)
    other = simulate(other_book, calm, early, seed=seed, horizon=24, progress=False).sum("segment").isel(path=0)
    stock, pays_another = _ladder(book, calm, late, seed)
    lenders = lenders_of(book)
    by_cause = result["entries_to_arrears"].sum("month").values
    causes = dict(zip(result["cause"].values, by_cause / by_cause.sum(), strict=True))
    lost = {
        name: float(r["written_off"].sum() / r["balance"].sum("bucket").mean()) / 2.0
        for name, r in (("late", result), ("early", other))
    }
    return {
        "D30+ of balance": _share(result, 1),
        "D90+ / D30+, write-off at 300 days": _share(result, 3) / _share(result, 1),
        "D90+ / D30+, write-off at 180 days": _share(other, 3) / _share(other, 1),
        "loss with 180 over loss with 300 days": lost["early"] / lost["late"],
        "current to 30 days, a month": stock[1] / stock[0],
        "roll 30 to 60": stock[2] / stock[1],
        "roll 60 to 90": stock[3] / stock[2],
        "roll 90 to 120": stock[4] / stock[3],
        "roll after 120": stock[5:10].sum() / stock[4:9].sum(),
        "D30+ with 4 lenders or more over one": _late_share(book, lenders >= 4) / _late_share(book, lenders == 1),
        "share with one lender": float((lenders == 1).mean()),
        "entries after income loss or illiquidity": causes["job loss"] + causes["income loss"] + causes["illiquidity"],
        "entries by choice": causes["strategic"],
        "first defaulters who still pay another lender": pays_another,
        "written off a year over balance": lost["late"],
    }


def _model(write_off_months: int) -> Model:
    model = Model.from_preset("china-online")
    return model.replace(**{f"products.{name}.write_off_months": write_off_months for name in model.products})


def _share(result: xr.Dataset, bucket: int) -> float:
    """Balance in a bucket and those behind it over all balance, mean over months."""
    balance = result["balance"]
    return float((balance.isel(bucket=slice(bucket, None)).sum("bucket") / balance.sum("bucket")).mean())


def _ladder(book: xr.Dataset, macro: xr.Dataset, model: Model, seed: int) -> tuple[Array, float]:
    """Balance by unpaid due dates, summed over month ends; and how many first defaulters still pay somebody else.

    A first defaulter is a borrower with several lenders, all current before, of whom one goes unpaid in the month.
    """
    stock, first, partial = np.zeros(24), 0, 0
    owner = book["borrower"].values
    several = lenders_of(book) >= 2
    for month in range(SNAPSHOTS):
        after = advance(book, macro, 1, model, seed=seed, first_month=month)
        missed = after["days_past_due"].values // 30
        stock += np.bincount(missed, after["balance"].values, 24)[:24]
        was_late = np.bincount(owner, book["days_past_due"].values > 0, several.size) > 0
        owed = (book["balance"].values > 0) & ~book["written_off"].values
        unpaid, loans = np.bincount(owner, missed > 0, several.size), np.bincount(owner, owed, several.size)
        new = several & ~was_late & (unpaid > 0) & (loans >= 2)
        first, partial = first + int(new.sum()), partial + int((new & (unpaid < loans)).sum())
        book = after
    return stock, partial / max(first, 1)


def lenders_of(book: xr.Dataset) -> Array:
    """Number of lenders of each borrower, own lender included.

    >>> book = xr.Dataset({"income": ("borrower", [1.0, 1.0]), "borrower": ("loan", [0, 0, 1]),
    ...                    "lender": ("loan", ["a", "b", "a"])})
    >>> lenders_of(book)
    array([2, 1])
    """
    pairs = pd.DataFrame({"borrower": book["borrower"].values, "lender": book["lender"].values}).drop_duplicates()
    return np.bincount(pairs["borrower"], minlength=book.sizes["borrower"])


def _late_share(book: xr.Dataset, who: Array) -> float:
    """Own lender's D30+ share of balance among some borrowers."""
    mine = who[book["borrower"].values] & (book["lender"].values == book.attrs["own_lender"])
    balance, late = book["balance"].values[mine], book["days_past_due"].values[mine] >= 30
    return float(balance[late].sum() / balance.sum())
