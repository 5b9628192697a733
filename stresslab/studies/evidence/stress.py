"""The model beside the evidence under stress: a replay of early 2020, closed lines, a recession, relief, old claims."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from stresslab.engine.actions import Restructuring
from stresslab.engine.feedback import Feedback
from stresslab.engine.simulate import simulate
from stresslab.measures.formulas.asrf import implied_correlation
from stresslab.population.synthetic import synthetic_portfolio
from stresslab.scenarios.library import scenario
from stresslab.scenarios.paths import macro_paths
from stresslab.studies.quarterly_rates import quarterly_rates, unemployment_response

Array = NDArray[Any]
CHINA_TREND, US_TREND = 0.05, 0.022
URBAN_2020 = (0.062, 0.059, 0.060, 0.059, 0.057, 0.057, 0.056, 0.054, 0.053, 0.052)
"""Urban surveyed unemployment of China, February to November 2020 (NBS; February, May to August not confirmed)."""


def steady(months: int, trend: float, **lead: Any) -> xr.Dataset:
    """One macro path: variables begin with the values given and go on with their last one, or a normal one.

    lead : constants, or the first months; after them unemployment stays and a condition of lenders returns to normal
    """
    usual = {"unemployment_rate": None, "real_income_growth": trend, "furlough_share": 0.0, "furlough_income_loss": 0.0}
    values = {}
    for name, given in {"real_income_growth": trend, **lead}.items():
        first = np.atleast_1d(np.asarray(given, float))
        rest = usual.get(name, 1.0)
        last = first[-1] if rest is None or first.size == 1 else rest
        values[name] = ("month", np.concatenate([first, np.full(max(months - first.size, 0), last)])[:months])
    return xr.Dataset(values, {"month": np.arange(1, months + 1)}, {"real_income_trend": trend})


def stressed_figures(borrowers: int, seed: int) -> Mapping[str, float]:
    """All figures under stress of one book of each preset."""
    china = synthetic_portfolio("china-online", borrowers=borrowers, seed=seed)
    cards = synthetic_portfolio("us-card", borrowers=borrowers, seed=seed)
    return {
        **_early_2020(china, seed),
        **_stressed_roll(china, seed),
        **_closed_lines(china, seed),
        **_relief(china, seed),
        **_recession(cards, seed),
        **_unemployment_response(cards, seed),
        **_old_claims(china, seed),
    }


def late_share(result: xr.Dataset, bucket: int = 1) -> Array:
    """Share of all balance in a bucket and those behind it (month), mean over paths."""
    balance = result["balance"].sum("segment")
    share = balance.isel(bucket=slice(bucket, None)).sum("bucket") / balance.sum("bucket")
    return np.asarray(share.mean("path").values)


def _early_2020(book: xr.Dataset, seed: int) -> dict[str, float]:
    """Furlough, more unemployment and half of the collectors away for two months, against the same draws in calm."""
    months = 15
    shock = {"unemployment_rate": URBAN_2020, "furlough_share": (0.25, 0.25), "furlough_income_loss": (0.6, 0.6)}
    gains = Feedback(sample=book.sizes["borrower"])

    def run(**lead: Any) -> xr.Dataset:
        macro = steady(months, CHINA_TREND, **lead)
        return simulate(book, macro, seed=seed, feedback=gains, progress=False)

    calm = run(unemployment_rate=URBAN_2020[-1])
    hit, staffed = run(**shock, collections_capacity=(0.5, 0.5)), run(**shock)
    late, early = (late_share(hit, bucket) / late_share(calm, bucket) for bucket in (3, 1))
    with_staff = late_share(staffed) / late_share(calm)
    return {
        "early 2020: peak of D30+ over calm": float(early.max()),
        "early 2020: month of that peak": float(early.argmax()),
        "early 2020: months from the peak of D30+ to that of D90+": float(late.argmax()) - float(early.argmax()),
        "early 2020: rise of D30+ with collectors at work over without": _over(with_staff.max(), early.max()),
    }


def _over(one: float, other: float) -> float:
    """Rise above 1 of the one over that of the other."""
    return float((one - 1.0) / (other - 1.0))


def _stressed_roll(book: xr.Dataset, seed: int) -> dict[str, float]:
    """The roll from 30 to 60 days in a deep recession against normal times, same draws."""
    hit, calm = (
        simulate(book, steady(24, CHINA_TREND, unemployment_rate=level), seed=seed, progress=False)
        for level in (np.linspace(0.06, 0.12, 7), 0.052)
    )
    months = slice(6, 24)
    return {"roll 30 to 60, stressed less benign": _roll(hit, months) - _roll(calm, months)}


def _roll(result: xr.Dataset, months: slice) -> float:
    """Balance 60-89 days past due over that 30-59 a month before."""
    balance = result["balance"].isel(path=0).sum("segment").values
    return float(balance[1:, 2][months].sum() / balance[:-1, 1][months].sum())


def _closed_lines(book: xr.Dataset, seed: int) -> dict[str, float]:
    """No drawing, no renewal for six months: who falls into arrears by it."""
    owner = book["borrower"].values
    pairs = np.unique(np.stack([owner, np.unique(book["lender"].values, return_inverse=True)[1]]), axis=1)
    lenders = np.bincount(pairs[0], minlength=book.sizes["borrower"])
    more = {}
    for name, who in (("few", lenders < 4), ("many", lenders >= 4)):
        part = _those(book, who)
        runs = [
            simulate(part, steady(6, CHINA_TREND, unemployment_rate=0.052, **lead), seed=seed, progress=False)
            for lead in ({"line_supply": (0.0,) * 6}, {})
        ]
        closed, calm = (r["balance"].isel(path=0, month=6, bucket=slice(1, None)).sum().item() for r in runs)
        more[name] = closed - calm
    return {"lines closed: part of the rise from 4 lenders or more": more["many"] / (more["many"] + more["few"])}


def _those(book: xr.Dataset, who: Array) -> xr.Dataset:
    """Some borrowers with all their loans."""
    owner = book["borrower"].values
    some = book.isel(borrower=np.flatnonzero(who), loan=np.flatnonzero(who[owner]))
    return some.assign(borrower=("loan", (np.cumsum(who) - 1)[owner[who[owner]]]))


def _relief(book: xr.Dataset, seed: int) -> dict[str, float]:
    """Two years of those 30 to 119 days late, with plans for all of them and without."""
    owner = book["borrower"].values
    days = book["days_past_due"].values
    own = book["lender"].values == book.attrs["own_lender"]
    late = np.bincount(owner, own & (days >= 30) & (days < 120), book.sizes["borrower"]) > 0
    part = _those(book, late)
    calm = steady(24, CHINA_TREND, unemployment_rate=0.052)

    def run(**terms: Any) -> xr.Dataset:
        plans = [Restructuring(capacity=100.0, take_up=1.0, moral_hazard=0.0, months=1, **terms)] if terms else []
        macro = calm.expand_dims(path=8)
        lived = simulate(part, macro, seed=seed, renewal="run-off", responses=plans, progress=False)
        return lived.isel(segment=np.flatnonzero(lived["lender"].values == book.attrs["own_lender"]))

    none, longer, forgiven = run(), run(term_months=12), run(term_months=12, forgiveness=0.3)
    broken = [_broken_within_a_year(one) for one in (longer, forgiven)]
    return {
        "plans with a longer term alone: written off over none": float(
            longer["written_off"].sum() / none["written_off"].sum()
        ),
        "plans with a longer term alone: broken within a year": broken[0],
        "plans with 30 % forgiven: broken within a year": broken[1],
    }


def _broken_within_a_year(result: xr.Dataset) -> float:
    """Plans broken in the year after the first month, in which all were agreed, over those agreed."""
    return float(result["redefaulted"].isel(month=slice(2, 14)).sum() / result["restructured"].sum())


def _recession(book: xr.Dataset, seed: int) -> dict[str, float]:
    """Unemployment up by 5 points in a year and half of the lines gone for 18 months; and the Fed's adverse path."""
    months = 39
    rise = 0.04 + 0.05 * np.minimum(np.arange(1, 13) / 12.0, 1.0)
    back = np.linspace(0.09, 0.06, 24)
    path = np.concatenate([rise, np.full(3, 0.09), back])
    income = np.concatenate([np.full(12, US_TREND - 0.0375), np.full(27, US_TREND)])
    hit = steady(months, US_TREND, unemployment_rate=path, real_income_growth=income, line_supply=(0.5,) * 18)
    calm = steady(months, US_TREND, unemployment_rate=0.04)
    over = np.divide(*(_annual(simulate(book, one, seed=seed, progress=False)) for one in (hit, calm)))
    severe = macro_paths(scenario("fed-2026-severely-adverse"), paths=4, seed=seed)
    gains = Feedback(sample=book.sizes["borrower"])
    nine = simulate(book, severe, seed=seed, horizon=27, feedback=gains, progress=False)
    owed = nine["balance"].sum(("segment", "bucket")).isel(month=slice(0, 27)).mean("month")
    lost = (nine["written_off"] - nine["recovered"]).sum(("segment", "month"))
    return {
        "recession: 12-month charge-off at its worst over calm": float(over.max()),
        "recession: quarter of that worst": float(over.argmax() + 4),
        "recession: charge-off in quarter 10 over calm": float(over[10 - 4]),
        "Fed severely adverse: nine-quarter loss rate of cards": float((lost / owed).mean()),
    }


def _annual(result: xr.Dataset) -> Array:
    """Charge-off rate of the last four quarters, from the fourth on."""
    return np.convolve(quarterly_rates(result)["charge_off_rate"].values[0], np.full(4, 0.25), "valid")


def _unemployment_response(book: xr.Dataset, seed: int) -> dict[str, float]:
    """Charge-offs on unemployment and its four-quarter change, and the correlation that their spread implies."""
    paths, quarters = 12, 48
    jobless = _histories(paths, quarters, seed)
    months = np.stack([np.interp(np.arange(3 * quarters) / 3.0, np.arange(quarters) + 1 / 3, one) for one in jobless])
    macro = xr.Dataset(
        {
            "unemployment_rate": (("path", "month"), months),
            "real_income_growth": (("path", "month"), np.full(months.shape, US_TREND)),
        },
        {"path": np.arange(paths), "month": np.arange(1, 3 * quarters + 1)},
        {"real_income_trend": US_TREND},
    )
    rate = quarterly_rates(simulate(book, macro, seed=seed, progress=False))["charge_off_rate"].values
    response = unemployment_response(rate[:, 4:], jobless[:, 4:])
    annual = rate[:, 8:].reshape(paths, -1, 4).mean(2)
    return {
        "charge-offs: points for each point of four-quarter change": response["change"],
        "charge-offs: R2 on the level of unemployment alone": response["r2_level"],
        "asset correlation of annual losses": float(implied_correlation(annual.mean(), annual.std())),
    }


def _histories(paths: int, quarters: int, seed: int) -> Array:
    """Unemployment that swings like the US rate: AR(2) about 5.8 %, standard deviation 1.3 points, cycles of years."""
    draws = np.random.default_rng(seed)
    swing = np.zeros((paths, quarters + 40))
    for quarter in range(2, quarters + 40):
        swing[:, quarter] = (
            1.6 * swing[:, quarter - 1] - 0.65 * swing[:, quarter - 2] + draws.normal(0.0, 0.0028, paths)
        )
    return np.clip(0.058 + swing[:, 40:], 0.03, 0.12)


def _old_claims(book: xr.Dataset, seed: int) -> dict[str, float]:
    """What is still recovered of claims over the next five years: fresh ones, and those written off five years ago."""
    years = 5
    calm = steady(60, CHINA_TREND, unemployment_rate=0.052)
    owed = book["usual_balance"].values
    shares = []
    for age in (0, 60):
        blank = {"balance": 0.0, "overdue": 0.0, "days_past_due": 0, "remaining_months": 0}
        claims = book.assign({name: ("loan", np.full(owed.size, value)) for name, value in blank.items()}).assign(
            claim=("loan", owed), claim_months=("loan", np.full(owed.size, age)), written_off=("loan", owed > 0)
        )
        run = simulate(claims, calm, seed=seed, renewal="run-off", horizon=12 * years, progress=False)
        shares.append(float(run["recovered"].sum() / owed.sum()))
    return {
        "recovered of a claim from its write-off on": shares[0],
        "recovered of a claim five years after": shares[1],
    }
