"""The model beside the evidence: what is known of such books, and what the simulated ones show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from stresslab.engine.model import Model
from stresslab.engine.simulate import advance, simulate
from stresslab.population.synthetic import synthetic_portfolio
from stresslab.scenarios.library import scenario
from stresslab.schema import InputError
from stresslab.studies.evidence.facts import CALM, STRESS
from stresslab.studies.evidence.stress import stressed_figures

Array = NDArray[Any]
SNAPSHOTS = 6
"""Month ends at which the stocks by unpaid due dates are read."""
EARLY_WRITE_OFF = 6
"""Unpaid due dates at write-off in the second run: 180 days past due."""


def evidence(
    books: int = 6, borrowers: int = 100_000, seed: int = 1, under: Literal["calm", "stress"] = "calm"
) -> pd.DataFrame:
    """Facts of consumer credit beside the same figures of simulated books.

    books : independent synthetic books, whose spread gives the standard errors; at least 2
    borrowers : of each book
    seed : of the first book; the others count on from it
    under : "calm": `china-online` in `china-baseline`; "stress": it and `us-card` under a replay of early 2020, closed
        lines, a recession, the Federal Reserve's severely adverse path, and plans for late borrowers
    Returns DataFrame indexed by fact: model, standard_error, low, high (the evidence's range), inside, used, source.
    Raises InputError for fewer than two books, or unknown times.
    """
    faults = []
    if not (isinstance(books, int) and books >= 2):
        faults.append(f"books: found {books!r}, expected a whole number >= 2; errors come from their spread")
    if under not in ("calm", "stress"):
        faults.append(f"under: found {under!r}, expected 'calm' or 'stress'; choose one")
    if faults:
        raise InputError("evidence", faults)
    facts, figures = (CALM, _figures) if under == "calm" else (STRESS, stressed_figures)
    rows = [figures(borrowers, seed + number) for number in range(books)]
    values = {name: np.array([row[name] for row in rows]) for name in facts}
    table = pd.DataFrame(
        {
            "model": {name: float(v.mean()) for name, v in values.items()},
            "standard_error": {name: float(v.std(ddof=1) / np.sqrt(books)) for name, v in values.items()},
            "low": {name: fact.low for name, fact in facts.items()},
            "high": {name: fact.high for name, fact in facts.items()},
        }
    )
    table["inside"] = (table["low"] <= table["model"]) & (table["model"] <= table["high"])
    table["used"] = [fact.used for fact in facts.values()]
    table["source"] = [fact.source for fact in facts.values()]
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
        "entries after income loss or illiquidity": causes["job_loss"] + causes["income_loss"] + causes["illiquidity"],
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
