"""How well the behavioural score tells good from bad, before a shock and in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.stats import rankdata

from stresslab.engine.panel import panel
from stresslab.schema import InputError

Array = NDArray[Any]


def score_performance(
    portfolio: xr.Dataset,
    macro: xr.Dataset,
    *,
    seed: int,
    cohorts: Sequence[int] = (0, 3, 6, 12),
    outcome_months: int = 12,
    bands: int = 10,
    lender: str = "own",
    yardstick: xr.Dataset | None = None,
    **options: Any,
) -> xr.Dataset:
    """Discrimination and calibration of the score that a lender uses, cohort by cohort along a macro path.

    macro : one path, as for panel()
    cohorts : month ends at which loans are scored
    outcome_months : bad is a loan that is 90 or more days past due or written off within so many months
    bands : score bands, quantiles of the first cohort's scores
    yardstick : an earlier answer, in calm times say, by whose first cohort the score is calibrated; None: by its own
    lender : "own" (attrs own_lender) | a name
    options : responses, feedback, model, renewal ... of panel()
    Returns Dataset (cohort, band):
      auc, auc_se (cohort) [1]: chance that a bad loan scores below a good one, ties half; error by
      Hanley & McNeil 1982;
      ks (cohort) [1]: largest distance between the two distributions of scores (Kolmogorov-Smirnov);
      bad_rate, expected (cohort) [1]: observed, and what the yardstick's rates by band would predict, NaN where a band
      that it knows nothing of has loans now;
      loans, band_bad_rate (cohort, band); band_from (band): its lowest score;
      scored (cohort) [number]: loans that were current and owed money.
    The score sees neither job nor cash, so it learns of a shock only as arrears, full lines and applications come in.
    Raises InputError naming each fault: a cohort without its months of outcome, a lender without loans, no bad loans.

    >>> import stresslab as sl
    >>> book = sl.synthetic_portfolio("china-online", borrowers=2_000, seed=1)
    >>> found = score_performance(book, sl.scenario("china-baseline"), seed=3, cohorts=[0], outcome_months=6, bands=2)
    >>> bool(found["auc"][0] > 0.5), bool(abs(found["expected"][0] - found["bad_rate"][0]) < 1e-12)
    (True, True)
    """
    faults = _whole_faults(macro, cohorts, outcome_months, bands)
    lenders = sorted({str(each) for each in portfolio["lender"].values})
    name = str(portfolio.attrs.get("own_lender")) if lender == "own" else lender
    if name not in lenders:
        faults.append(f"lender: found {name!r}, expected 'own' or one of {lenders}; choose one")
    if yardstick is not None and not (isinstance(yardstick, xr.Dataset) and "band_from" in yardstick):
        faults.append(
            f"yardstick: found {type(yardstick).__name__}, expected an answer of score_performance(); give one"
        )
    if faults:
        raise InputError("score_performance", faults)
    mine = portfolio["lender"].values.astype(str) == name
    lived = panel(portfolio, macro, seed=seed, **options).isel(loan=np.flatnonzero(mine))
    written_off = np.diff(lived["claim"].values, axis=0, prepend=np.inf) > 0.0
    bad_now = np.asarray((lived["days_past_due"].values >= 90) | written_off)
    rows = [_cohort(lived, bad_now, int(month), outcome_months) for month in cohorts]
    edges = np.quantile(rows[0][0], np.linspace(0.0, 1.0, bands + 1)[1:-1])
    if yardstick is not None:
        edges = yardstick["band_from"].values[1:]
    sizes, rates = zip(*(_by_band(*row, edges) for row in rows), strict=True)
    figures = np.array([_discrimination(*row) for row in rows])
    size = np.array(sizes)
    base = rates[0] if yardstick is None else yardstick["band_bad_rate"].isel(cohort=0).values
    return xr.Dataset(
        {
            "auc": ("cohort", figures[:, 0]),
            "auc_se": ("cohort", figures[:, 1]),
            "ks": ("cohort", figures[:, 2]),
            "bad_rate": ("cohort", [float(bad.mean()) for _, bad in rows]),
            "expected": ("cohort", np.where(size > 0, size * base, 0.0).sum(1) / size.sum(1)),
            "scored": ("cohort", size.sum(1)),
            "loans": (("cohort", "band"), size),
            "band_bad_rate": (("cohort", "band"), np.array(rates)),
            "band_from": ("band", np.concatenate([[-np.inf], edges])),
        },
        {"cohort": list(cohorts), "band": np.arange(1, edges.size + 2)},
        {"outcome_months": outcome_months, "lender": name, "seed": str(seed)},
    )


def _whole_faults(macro: xr.Dataset, cohorts: Any, outcome: Any, bands: Any) -> list[str]:
    """Faults of the whole numbers that are asked for."""
    faults = []
    for name, count in (("outcome_months", outcome), ("bands", bands)):
        if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 1:
            faults.append(f"{name}: found {count!r}, expected a whole number >= 1; give one")
    if isinstance(cohorts, str) or not isinstance(cohorts, Sequence) or len(cohorts) == 0:
        return [*faults, f"cohorts: found {cohorts!r}, expected a list of month ends; give at least one"]
    last = macro.sizes.get("month", 0) - (0 if faults else outcome)
    return faults + [
        f"cohorts: found {month!r}, expected a month end 0 ... {last}, for {outcome} months of outcome must follow; "
        "choose an earlier one or a longer path"
        for month in cohorts
        if not isinstance(month, int | np.integer) or not 0 <= month <= last
    ]


def _cohort(lived: xr.Dataset, bad_now: Array, month: int, outcome: int) -> tuple[Array, Array]:
    """Scores of the loans that were current and owed money, and which of them went bad."""
    start = lived.isel(month=month)
    current = ((start["balance"] > 0.0) & (start["days_past_due"] == 0) & ~start["planned"]).values
    bad: Array = np.any(bad_now[month + 1 : month + 1 + outcome][:, current], axis=0)
    if bad.all() or not bad.any():
        found = f"found {int(bad.sum())} bad among {bad.size} loans of month {month}"
        raise InputError("score_performance", [f"cohorts: {found}, expected both kinds; take a larger book"])
    return start["score"].values[current].astype(float), bad


def _discrimination(score: Array, bad: Array) -> tuple[float, float, float]:
    """AUC, its standard error and KS."""
    good, wrong = int((~bad).sum()), int(bad.sum())
    auc = 1.0 - (rankdata(score)[bad].sum() - wrong * (wrong + 1) / 2) / (good * wrong)
    one, two = auc / (2.0 - auc), 2.0 * auc**2 / (1.0 + auc)
    variance = auc * (1.0 - auc) + (wrong - 1) * (one - auc**2) + (good - 1) * (two - auc**2)
    points = np.unique(score)
    passed = [np.searchsorted(np.sort(score[who]), points, side="right") / who.sum() for who in (bad, ~bad)]
    return auc, float(np.sqrt(variance / (good * wrong))), float(abs(passed[0] - passed[1]).max())


def _by_band(score: Array, bad: Array, edges: Array) -> tuple[Array, Array]:
    """Loans and their bad rate in each score band, the lowest scores first."""
    band = np.searchsorted(edges, score, side="right")
    size = np.bincount(band, minlength=edges.size + 1)
    with np.errstate(invalid="ignore"):
        return size, np.bincount(band, bad, edges.size + 1) / size
