"""Discrimination and calibration of the behavioural score, before a shock and in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.stats import rankdata

from stresslab.checks import LONGEST, macro_faults, portfolio_faults, refuse, shown, whole_faults
from stresslab.engine.panel import panel
from stresslab.engine.result import fingerprint
from stresslab.measures.result_view import Output, dataset_faults, labelled, of_the_run, unlike_faults
from stresslab.studies.seeds import drawn_seed
from stresslab.typed import typed

Array = NDArray[Any]
OUTPUTS = {
    "auc": Output("1", "area under the ROC curve"),
    "ks": Output("1", "Kolmogorov-Smirnov distance of bad and good loans"),
    "bad_rate": Output("1", "share of loans that went bad"),
    "expected_bad_rate": Output("1", "share of bad loans by the rates of the yardstick"),
    "scored": Output("number", "loans that were current and owed money"),
    "loans": Output("number", "loans in the band"),
    "band_bad_rate": Output("1", "share of loans in the band that went bad"),
    "band_from": Output("points", "lowest score of the band"),
}


@typed
def score_performance(
    portfolio: xr.Dataset,
    macro: xr.Dataset,
    *,
    seed: int | None = None,
    cohorts: Sequence[int] = (0, 3, 6, 12),
    outcome_months: int = 12,
    bands: int = 10,
    lender: str = "own",
    yardstick: xr.Dataset | None = None,
    **options: Any,
) -> xr.Dataset:
    r"""Discrimination and calibration of the score that a lender uses, cohort by cohort along a macro path.

    Parameters
    ----------
    portfolio : xarray.Dataset
        As in `simulate`.
    macro : xarray.Dataset
        A single path, as in `panel`.
    seed : int or None
        Of the run; drawn if None and stored in attrs.
    cohorts : sequence of int
        Month ends at which loans are scored.
    outcome_months : int
        Bad is a loan that is 90 or more days past due or written off within so many months.
    bands : int
        Number of score bands, quantiles of the first cohort's scores.
    lender : str
        "own" (attrs `own_lender`) or a name.
    yardstick : xarray.Dataset or None
        An earlier output of `score_performance`, for example in calm times, by whose first cohort the score is
        calibrated; None: by its own first cohort.
    **options
        `responses`, `feedback`, `model`, `renewal`, `threads`, ... of `panel`.

    Returns
    -------
    xarray.Dataset
        =================  ============  ======  =================================================================
        variable           dims          unit    meaning
        =================  ============  ======  =================================================================
        auc, auc_se        cohort        1       chance that a bad loan scores below a good one, ties half
        ks                 cohort        1       largest distance between the distributions of bad and good scores
        bad_rate           cohort        1       observed
        expected_bad_rate  cohort        1       by the yardstick's rate of each band
        scored             cohort        number  loans that were current and owed money
        loans              cohort, band  number  loans in the band
        band_bad_rate      cohort, band  1       observed; NaN in an empty band
        band_from          band          points  lowest score of the band
        =================  ============  ======  =================================================================

        `expected_bad_rate` is NaN where a band without loans in the yardstick has loans now.

    Raises
    ------
    InputError
        Names each fault: a cohort without its months of outcome, a lender without loans, no bad loans.

    Notes
    -----
    With m bad and n good loans and their ranks :math:`R_i` among all scores, ties at their mean rank,

    .. math:: AUC = 1 - \frac{\sum_{i \in bad} R_i - m (m + 1) / 2}{m n} ,

    .. math:: se^2 = \frac{AUC (1 - AUC) + (m - 1)(Q_1 - AUC^2) + (n - 1)(Q_2 - AUC^2)}{m n} , \quad
              Q_1 = \frac{AUC}{2 - AUC} , \; Q_2 = \frac{2 AUC^2}{1 + AUC}

    [1]_. The score sees neither job nor cash, so it learns of a shock only as arrears, full lines and applications
    come in.

    References
    ----------
    .. [1] Hanley and McNeil (1982), The meaning and use of the area under a receiver operating characteristic (ROC)
       curve, Radiology 143, 29-36.

    Examples
    --------
    By its own first cohort a score is calibrated:

    >>> import stresslab as sl
    >>> book = sl.synthetic_portfolio("china-online", borrowers=2_000, seed=1)
    >>> macro = sl.scenario("china-baseline").isel(month=slice(0, 6))
    >>> report = sl.score_performance(book, macro, seed=3, cohorts=[0], outcome_months=6, bands=2)
    >>> bool(report["auc"][0] > 0.5), bool(abs(report["expected_bad_rate"][0] - report["bad_rate"][0]) < 1e-12)
    (True, True)
    """
    faults = _count_faults(macro, cohorts, outcome_months, bands) + portfolio_faults(portfolio)
    lenders = sorted({str(label) for label in portfolio["lender"].values}) if "lender" in portfolio else []
    name = str(portfolio.attrs.get("own_lender")) if lender == "own" else lender
    if lenders and name not in lenders:
        faults.append(f"lender: found {name!r}, expected 'own' or one of {lenders}; choose a lender")
    if yardstick is not None:
        needs = {"band_from": ("band",), "band_bad_rate": ("cohort", "band")}
        wrong = dataset_faults(yardstick, needs, "score_performance()", name="yardstick")
        told = portfolio.assign_attrs(lender=name)
        same = ("currency", "lender")
        faults += wrong or unlike_faults("yardstick", yardstick, told, same, of="the portfolio", told=False)
    refuse("score_performance", faults)
    mine = portfolio["lender"].values.astype(str) == name
    months = panel(portfolio, macro, seed=drawn_seed(seed), **options).isel(loan=np.flatnonzero(mine))
    written_off = np.diff(months["claim"].values, axis=0, prepend=np.inf) > 0.0
    bad_now = np.asarray((months["days_past_due"].values >= 90) | written_off)
    rows = [_cohort(months, bad_now, int(month), outcome_months) for month in cohorts]
    edges = np.quantile(rows[0][0], np.linspace(0.0, 1.0, bands + 1)[1:-1])
    if yardstick is not None:
        edges = yardstick["band_from"].values[1:]
    sizes, rates = zip(*(_by_band(*row, edges) for row in rows), strict=True)
    figures = np.array([_discrimination(*row) for row in rows])
    size = np.array(sizes)
    base = rates[0] if yardstick is None else yardstick["band_bad_rate"].isel(cohort=0).values
    out = xr.Dataset(
        {
            "auc": ("cohort", figures[:, 0]),
            "auc_se": ("cohort", figures[:, 1]),
            "ks": ("cohort", figures[:, 2]),
            "bad_rate": ("cohort", [float(bad.mean()) for _, bad in rows]),
            "expected_bad_rate": ("cohort", np.where(size > 0, size * base, 0.0).sum(1) / size.sum(1)),
            "scored": ("cohort", size.sum(1)),
            "loans": (("cohort", "band"), size),
            "band_bad_rate": (("cohort", "band"), np.array(rates)),
            "band_from": ("band", np.concatenate([[-np.inf], edges])),
        },
        {"cohort": list(cohorts), "band": np.arange(1, edges.size + 2)},
    )
    attrs = of_the_run(portfolio) | {"fingerprint": fingerprint(portfolio), "seed": months.attrs["seed"]}
    return labelled(out, OUTPUTS).assign_attrs(attrs, lender=name, outcome_months=outcome_months)


def _count_faults(macro: xr.Dataset, cohorts: Sequence[int], outcome: int, bands: int) -> list[str]:
    """Faults of the whole numbers among the arguments."""
    faults = macro_faults(macro)
    months = LONGEST if faults else macro.sizes["month"]
    faults += whole_faults("outcome_months", outcome, 1, months) + whole_faults("bands", bands, 1, advice="give 10")
    if not cohorts:
        return [*faults, "cohorts: found none, expected a list of month ends; give at least one"]
    last = months - (0 if faults else outcome)
    return faults + [
        f"cohorts: found {shown(month)}, expected a month end 0 ... {last}, for {outcome} months of outcome must "
        "follow; choose an earlier month or a longer path"
        for month in cohorts
        if not 0 <= month <= last
    ]


def _cohort(months: xr.Dataset, bad_now: Array, month: int, outcome: int) -> tuple[Array, Array]:
    """Scores of the loans that were current and owed money, and which of them went bad."""
    start = months.isel(month=month)
    current = ((start["balance"] > 0.0) & (start["days_past_due"] == 0) & ~start["planned"]).values
    bad: Array = np.any(bad_now[month + 1 : month + 1 + outcome][:, current], axis=0)
    if bad.all() or not bad.any():
        count = f"found {int(bad.sum())} bad among {bad.size} loans of month {month}"
        refuse("score_performance", [f"cohorts: {count}, expected both kinds; take a larger portfolio"])
    return start["score"].values[current].astype(float), bad


def _discrimination(score: Array, bad: Array) -> tuple[float, float, float]:
    """AUC, its standard error and KS."""
    good, wrong = int((~bad).sum()), int(bad.sum())
    auc = 1.0 - (rankdata(score)[bad].sum() - wrong * (wrong + 1) / 2) / (good * wrong)
    two_bad, two_good = auc / (2.0 - auc), 2.0 * auc**2 / (1.0 + auc)
    variance = auc * (1.0 - auc) + (wrong - 1) * (two_bad - auc**2) + (good - 1) * (two_good - auc**2)
    points = np.unique(score)
    passed = [np.searchsorted(np.sort(score[who]), points, side="right") / who.sum() for who in (bad, ~bad)]
    return auc, float(np.sqrt(variance / (good * wrong))), float(abs(passed[0] - passed[1]).max())


def _by_band(score: Array, bad: Array, edges: Array) -> tuple[Array, Array]:
    """Loans and their bad rate in each score band, the lowest scores first."""
    band = np.searchsorted(edges, score, side="right")
    size = np.bincount(band, minlength=edges.size + 1)
    with np.errstate(invalid="ignore"):
        return size, np.bincount(band, bad, edges.size + 1) / size
