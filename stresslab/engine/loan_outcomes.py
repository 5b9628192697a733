"""Loan outcomes on one path: default, exposure, loss and recovery of every loan of a portfolio."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from stresslab.checks import refuse, single_path_faults
from stresslab.engine.model import Model
from stresslab.engine.panel import Rows, month_ends
from stresslab.engine.prepare import Prepared, Renewal, prepare
from stresslab.schema import BUCKET_FLOOR, DEFAULTED, MINOR, bucket_of

Array = NDArray[Any]
DEFAULT_AT = BUCKET_FLOOR[DEFAULTED.start]
"""Unpaid due dates at which a loan counts as defaulted: 90 days."""


def loan_outcomes(
    portfolio: xr.Dataset,
    macro: xr.Dataset,
    model: Model | None = None,
    *,
    seed: int | None = None,
    renewal: Renewal = "static",
) -> xr.Dataset:
    """Outcome of every loan of a portfolio on one path, on the draws of `simulate`, until it is repaid or written off.

    macro: along month, or path and month with one path. model, seed, renewal: as in `simulate`; a loan granted anew is
    not followed, further use of a line is. Returns Dataset (loan), money in currency.

    At the start: balance; undrawn; bucket (position in `schema.BUCKETS`); drop: points of the score below the
    application's; watched: current, and the drop is at least scoring.sicr_drop. Then: default_month: first month end at
    90 days past due or more, 0 if so at the start, -1 if never; exposure: the balance then; fresh: the part of it drawn
    since the start, payments going to the oldest debt first; written_off_month (0: never), lost: the amount then;
    written_off, recovered: present values at the default, at the loan's own rate, of that amount and of what is
    recovered on it; LGD is their difference over the exposure.

    >>> import stresslab as sl
    >>> book = sl.synthetic_portfolio("china-online", borrowers=300, seed=1)
    >>> outcome = loan_outcomes(book, sl.scenario("china-baseline"), seed=3)
    >>> late = outcome["bucket"] >= 3  # 90 days and more
    >>> default_month, exposure = outcome["default_month"][late], outcome["exposure"][late]
    >>> bool((default_month == 0).all()), bool((exposure == book["balance"][late]).all())
    (True, True)
    """
    prepared, paths = prepare("loan_outcomes", portfolio, macro, model, seed, None, renewal, None, (), None, None)
    refuse("loan_outcomes", single_path_faults(paths))
    packed = prepared.run_paths(paths)[2] if prepared.in_step else prepared.pack(paths)
    months = month_ends(prepared, packed, int(paths["path"].values[0]))
    rows = next(months)[1]
    followed = _Followed(prepared, rows)
    start = _opening(prepared, rows)
    for t, rows in months:
        followed.see(t, rows)
    values = start | followed.values()
    labels = {name: portfolio[name].values for name in ("borrower", "lender", "product")}
    attrs = {"seed": str(prepared.seed), "months": t, "own_lender": str(portfolio.attrs.get("own_lender", ""))}
    return xr.Dataset({name: ("loan", each) for name, each in (values | labels).items()}, attrs=attrs)


def _opening(prepared: Prepared, rows: Rows) -> dict[str, Array]:
    """Variables of each loan at the start."""
    balance, limit, missed = rows.loan("balance"), rows.loan("limit"), rows.loan("missed")
    revolving, open_line = rows.loan("tenor") == 0, (rows.loan("closed") == 0) & (missed == 0)
    owner = prepared.portfolio["borrower"].values
    drop = rows.person("points")[owner] - rows.loan("score")
    return {
        "balance": balance / MINOR,
        "undrawn": np.where(revolving & open_line, np.maximum(limit - balance, 0), 0) / MINOR,
        "bucket": np.asarray(bucket_of(missed)),
        "drop": drop,
        "watched": (drop >= prepared.model.scoring.sicr_drop) & (missed == 0),
    }


class _Followed:
    """Running account of each loan's default and of what was written off and recovered after it."""

    def __init__(self, prepared: Prepared, rows: Rows) -> None:
        self.discount = 1.0 / (1.0 + prepared.portfolio["annual_rate"].values / 12.0)
        self.claim, balance = rows.loan("claim"), rows.loan("balance")
        self.remaining, self.revolving = rows.loan("remaining"), rows.loan("tenor") == 0
        bad = (rows.loan("missed") >= DEFAULT_AT) & (balance > 0)
        self.month = np.where(bad, 0, -1)
        self.exposure = np.where(bad, balance, 0)
        self.here = (balance > 0) | (self.revolving & (rows.loan("closed") == 0))
        self.drawn, self.fresh = np.zeros(bad.size, np.int64), np.zeros(bad.size, np.int64)
        self.factor, self.share = np.ones(bad.size), np.zeros(bad.size)
        self.off_month, self.off = np.zeros(bad.size, np.int64), np.zeros(bad.size, np.int64)
        self.written_off, self.recovered = np.zeros(bad.size), np.zeros(bad.size)

    def see(self, t: int, rows: Rows) -> None:
        """Add a month."""
        balance, claim, remaining = rows.loan("balance"), rows.loan("claim"), rows.loan("remaining")
        grown, back = np.maximum(claim - self.claim, 0), np.maximum(self.claim - claim, 0)
        anew = ~self.revolving & (remaining > 0) & (remaining >= self.remaining)  # repaid and granted again
        repaid = ~self.revolving & (balance == 0) & (grown == 0)
        self.here &= ~(anew | repaid)
        undefaulted = self.here & (self.month < 0)
        self.drawn += np.where(undefaulted & self.revolving, rows.loan("drawn"), 0)
        self.drawn = np.minimum(self.drawn, balance)  # what is owed is new debt at most in full
        new = undefaulted & ((rows.loan("missed") >= DEFAULT_AT) | (grown > 0))  # a bankruptcy comes earlier
        owed = np.where(grown > 0, grown, balance)
        self.month[new], self.exposure[new], self.fresh[new] = t, owed[new], np.minimum(self.drawn, owed)[new]
        self.factor = np.where((self.month >= 0) & ~new, self.factor * self.discount, self.factor)
        off = self.here & (grown > 0)
        self.off_month[off], self.off[off] = t, grown[off]
        self.written_off[off] = self.factor[off] * grown[off]
        self.recovered += self.factor * back * self.share  # not what comes back on claims older than the start
        self.share[off] = grown[off] / claim[off]
        self.here &= ~off  # a line let again is a new one
        self.claim, self.remaining = claim, remaining

    def values(self) -> dict[str, Array]:
        """Variables of each loan at the end of the path."""
        return {
            "default_month": self.month,
            "exposure": self.exposure / MINOR,
            "fresh": self.fresh / MINOR,
            "written_off_month": self.off_month,
            "lost": self.off / MINOR,
            "written_off": self.written_off / MINOR,
            "recovered": self.recovered / MINOR,
        }
