"""Model against evidence: arrears, roll rates, causes and losses of simulated portfolios beside observed ranges."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Literal

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from tqdm import tqdm

from stresslab.checks import choice_faults, refuse, seed_faults, whole_faults
from stresslab.engine.model import Model
from stresslab.engine.simulate import advance, simulate
from stresslab.population.synthetic import synthetic_portfolio
from stresslab.scenarios.library import scenario
from stresslab.studies.evidence.facts import CALM, STRESS
from stresslab.studies.evidence.stress import stressed_figures
from stresslab.studies.scores import score_performance
from stresslab.studies.seeds import drawn_seed
from stresslab.typed import typed

Array = NDArray[Any]
SNAPSHOTS = 6
"""Month ends at which the stocks by unpaid due dates are read."""
EARLY_WRITE_OFF = 6
"""Unpaid due dates at write-off in the second run: 180 days past due."""


@typed
def evidence(
    books: int = 6,
    borrowers: int = 100_000,
    seed: int | None = None,
    under: Literal["calm", "stress"] = "calm",
    *,
    progress: bool = True,
    threads: int | None = None,
) -> pd.DataFrame:
    r"""Evidence table: figures of simulated portfolios beside the observed ranges of consumer credit.

    Parameters
    ----------
    books : int
        Independent synthetic portfolios, whose spread gives the standard errors; at least 2.
    borrowers : int
        Of each portfolio.
    seed : int or None
        Of the first portfolio; the others count on from it. Drawn if None and stored in attrs.
    under : {"calm", "stress"}
        "calm": `china-online` in `china-baseline`; "stress": `china-online` and `us-card` under a replay of early 2020,
        closed lines, a recession, the Federal Reserve's severely adverse path, and plans for late borrowers.
    progress : bool
        Show a progress bar, one step for each portfolio.
    threads : int or None
        As in `simulate`.

    Returns
    -------
    pandas.DataFrame
        =============  ==========================================================
        column         meaning
        =============  ==========================================================
        label          the fact in words
        model          mean over the portfolios
        model_se       its standard error
        evidence_low   lower end of the observed range
        evidence_high  upper end of the observed range
        inside         whether `model` lies within the range
        used           "calibration": a preset was set on it; "check": it was not
        source         of the range
        =============  ==========================================================

        The index `fact` is a key in snake_case; attrs `books`, `borrowers`, `seed`, `under`.

    Raises
    ------
    InputError
        Names each fault: fewer than two portfolios, unknown times.

    Notes
    -----
    For a figure :math:`x_b` of portfolio b among B

    .. math:: \mathrm{model\_se} = sd(x_b) / \sqrt{B}

    Examples
    --------
    >>> import stresslab as sl
    >>> table = sl.evidence(books=2, borrowers=2_000, seed=1, progress=False)
    >>> print(*table.loc["roll_30_to_60", ["label", "evidence_low", "evidence_high"]])
    roll 30 to 60 0.62 0.79
    """
    advice = "give 6, as errors come from their spread"
    faults = whole_faults("books", books, 2, 1_000, advice=advice) + seed_faults(seed)
    refuse("evidence", faults + choice_faults("under", under, ("calm", "stress")))
    seed = drawn_seed(seed)
    facts, figures_of = (CALM, _figures) if under == "calm" else (STRESS, stressed_figures)
    with tqdm(total=books, desc="evidence", disable=not progress, unit=" portfolios") as bar:
        rows = []
        for number in range(books):
            with np.errstate(divide="ignore", invalid="ignore"):
                rows.append(figures_of(borrowers, seed + number, threads))
            if absent := [facts[name].label for name in facts if not np.isfinite(rows[-1][name])]:
                found = f"found {borrowers:,}, of whom none show {', '.join(absent)}"
                refuse("evidence", [f"borrowers: {found}, expected enough of them for every figure; give 100,000"])
            bar.update()
    values = {name: np.array([row[name] for row in rows]) for name in facts}
    table = pd.DataFrame(
        {
            "label": {name: fact.label for name, fact in facts.items()},
            "model": {name: float(v.mean()) for name, v in values.items()},
            "model_se": {name: float(v.std(ddof=1) / np.sqrt(books)) for name, v in values.items()},
            "evidence_low": {name: fact.low for name, fact in facts.items()},
            "evidence_high": {name: fact.high for name, fact in facts.items()},
        }
    )
    table["inside"] = (table["evidence_low"] <= table["model"]) & (table["model"] <= table["evidence_high"])
    table["used"] = [fact.used for fact in facts.values()]
    table["source"] = [fact.source for fact in facts.values()]
    table.attrs = {"books": books, "borrowers": borrowers, "seed": str(seed), "under": under}
    return table.rename_axis("fact")


def _figures(borrowers: int, seed: int, threads: int | None) -> Mapping[str, float]:
    """All figures of a portfolio in normal times."""
    calm = scenario("china-baseline")
    run = partial(simulate, seed=seed, horizon=24, threads=threads, progress=False)
    late, early = _model(10), _model(EARLY_WRITE_OFF)
    book = synthetic_portfolio("china-online", borrowers=borrowers, seed=seed, model=late)
    result = run(book, calm, late).sum("segment").isel(path=0)
    other_book = synthetic_portfolio("china-online", borrowers=borrowers, seed=seed, model=early)
    other = run(other_book, calm, early).sum("segment").isel(path=0)
    stock, pays_another = _ladder(book, calm, late, seed, threads)
    lenders = lenders_of(book)
    by_cause = result["entries_to_arrears"].sum("month").values
    causes = dict(zip(result["cause"].values, by_cause / by_cause.sum(), strict=True))
    lost = {
        name: np.float64(r["written_off"].sum() / r["balance"].sum("bucket").mean()) / 2.0
        for name, r in (("late", result), ("early", other))
    }
    return {
        "arrears_share_30": _share(result, 1),
        "late_ratio_write_off_300": _share(result, 3) / _share(result, 1),
        "late_ratio_write_off_180": _share(other, 3) / _share(other, 1),
        "loss_write_off_180_over_300": lost["early"] / lost["late"],
        "roll_current_to_30": stock[1] / stock[0],
        "roll_30_to_60": stock[2] / stock[1],
        "roll_60_to_90": stock[3] / stock[2],
        "roll_90_to_120": stock[4] / stock[3],
        "roll_after_120": stock[5:10].sum() / stock[4:9].sum(),
        "arrears_many_lenders_over_one": _late_share(book, lenders >= 4) / _late_share(book, lenders == 1),
        "share_one_lender": float((lenders == 1).mean()),
        "entries_income_or_illiquidity": causes["job_loss"] + causes["income_loss"] + causes["illiquidity"],
        "entries_strategic": causes["strategic"],
        "first_defaulters_pay_another": pays_another,
        **_concentration(book, calm, seed, threads),
        "write_off_rate": lost["late"],
    }


def _concentration(book: xr.Dataset, macro: xr.Dataset, seed: int, threads: int | None) -> dict[str, float]:
    """Shares of those who default within a year in the worst tenth and fifth of today's scores."""
    report = score_performance(book, macro, seed=seed, cohorts=[0], outcome_months=12, bands=10, threads=threads)
    bad = (report["loans"] * report["band_bad_rate"]).isel(cohort=0).values
    return {"score_worst_tenth": bad[0] / bad.sum(), "score_worst_fifth": bad[:2].sum() / bad.sum()}


def _model(write_off_months: int) -> Model:
    """The preset with another month of write-off."""
    model = Model.from_preset("china-online")
    return model.replace(**{f"products.{name}.write_off_months": write_off_months for name in model.products})


def _share(result: xr.Dataset, bucket: int) -> np.float64:
    """Balance in a bucket and those behind it over all balance, mean over months."""
    balance = result["balance"]
    return np.float64((balance.isel(bucket=slice(bucket, None)).sum("bucket") / balance.sum("bucket")).mean())


def _ladder(book: xr.Dataset, macro: xr.Dataset, model: Model, seed: int, threads: int | None) -> tuple[Array, float]:
    """Balance by unpaid due dates, summed over month ends; and the share of first defaulters who still pay another.

    A first defaulter is a borrower with several lenders, all current before, of whom one goes unpaid in the month.
    """
    stock, first, partial = np.zeros(24), 0, 0
    owner = book["borrower"].values
    several = lenders_of(book) >= 2
    for month in range(SNAPSHOTS):
        after = advance(book, macro, 1, model, seed=seed, first_month=month, threads=threads)
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


def _late_share(book: xr.Dataset, who: Array) -> np.float64:
    """Own lender's D30+ share of balance among some borrowers."""
    mine = who[book["borrower"].values] & (book["lender"].values == book.attrs["own_lender"])
    balance, late = book["balance"].values[mine], book["days_past_due"].values[mine] >= 30
    return np.float64(np.float64(balance[late].sum()) / balance.sum())
