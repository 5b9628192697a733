"""Figures under stress: a replay of early 2020, closed lines, plans, a recession, unemployment, old claims."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
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
from stresslab.studies.subset import of_borrowers

Array = NDArray[Any]
Run = Callable[..., xr.Dataset]
"""simulate() with seed and threads set."""
CHINA_TREND, US_TREND = 0.05, 0.022
URBAN_2020 = (0.062, 0.059, 0.060, 0.059, 0.057, 0.057, 0.056, 0.054, 0.053, 0.052)
"""Urban surveyed unemployment of China, February to November 2020 (NBS; February, May to August not confirmed)."""


def steady(months: int, trend: float, **lead: Any) -> xr.Dataset:
    """Macro path whose variables begin with the values given and continue at their last or their normal value.

    A constant holds in all months; after a list, unemployment stays and the others return to normal.
    """
    usual = {"unemployment_rate": None, "real_income_growth": trend, "furlough_share": 0.0, "furlough_income_loss": 0.0}
    values = {}
    for name, given in {"real_income_growth": trend, **lead}.items():
        first = np.atleast_1d(np.asarray(given, float))
        rest = usual.get(name, 1.0)
        last = first[-1] if rest is None or first.size == 1 else rest
        values[name] = ("month", np.concatenate([first, np.full(max(months - first.size, 0), last)])[:months])
    return xr.Dataset(values, {"month": np.arange(1, months + 1)}).assign(real_income_trend=trend)


def stressed_figures(borrowers: int, seed: int, threads: int | None) -> Mapping[str, float]:
    """All figures under stress of a portfolio of each preset."""
    china = synthetic_portfolio("china-online", borrowers=borrowers, seed=seed)
    cards = synthetic_portfolio("us-card", borrowers=borrowers, seed=seed)
    run = partial(simulate, seed=seed, threads=threads, progress=False)
    return {
        **_early_2020(china, run),
        **_stressed_roll(china, run),
        **_closed_lines(china, run),
        **_whom_they_pay(china, run),
        **_relief(china, run),
        **_recession(cards, run, seed),
        **_unemployment_response(cards, run, seed),
        **_old_claims(china, run),
    }


def late_share(result: xr.Dataset, bucket: int = 1) -> Array:
    """Share of all balance in a bucket and those behind it (month), mean over paths."""
    balance = result["balance"].sum("segment")
    share = balance.isel(bucket=slice(bucket, None)).sum("bucket") / balance.sum("bucket")
    return np.asarray(share.mean("path").values)


def _early_2020(book: xr.Dataset, run: Run) -> dict[str, float]:
    """Furlough, more unemployment and half of the collectors away for two months, against the same draws in calm."""
    months = 15
    shock = {"unemployment_rate": URBAN_2020, "furlough_share": (0.25, 0.25), "furlough_income_loss": (0.6, 0.6)}
    gains = Feedback(sample=book.sizes["borrower"])

    calm, hit, staffed = (
        run(book, steady(months, CHINA_TREND, **lead), feedback=gains)
        for lead in ({"unemployment_rate": URBAN_2020[-1]}, {**shock, "collections_capacity": (0.5, 0.5)}, shock)
    )
    late, early = (late_share(hit, bucket) / late_share(calm, bucket) for bucket in (3, 1))
    with_staff = late_share(staffed) / late_share(calm)
    return {
        "early_2020_peak": float(early.max()),
        "early_2020_peak_month": float(early.argmax()),
        "early_2020_peak_lag": float(late.argmax()) - float(early.argmax()),
        "early_2020_collectors": _over(with_staff.max(), early.max()),
    }


def _over(ratio: float, other: float) -> float:
    """Rise above 1 of a ratio over that of another."""
    return float((ratio - 1.0) / (other - 1.0))


def _stressed_roll(book: xr.Dataset, run: Run) -> dict[str, float]:
    """The roll from 30 to 60 days in a deep recession against normal times, same draws."""
    hit, calm = (
        run(book, steady(24, CHINA_TREND, unemployment_rate=level)) for level in (np.linspace(0.06, 0.12, 7), 0.052)
    )
    months = slice(6, 24)
    return {"roll_30_to_60_stressed": _roll(hit, months) - _roll(calm, months)}


def _roll(result: xr.Dataset, months: slice) -> float:
    """Balance 60-89 days past due over that 30-59 a month before."""
    balance = result["balance"].isel(path=0).sum("segment").values
    return float(balance[1:, 2][months].sum() / balance[:-1, 1][months].sum())


def _closed_lines(book: xr.Dataset, run: Run) -> dict[str, float]:
    """No drawing, no renewal for six months: who falls into arrears by it, and how many more than otherwise."""
    owner = book["borrower"].values
    pairs = np.unique(np.stack([owner, np.unique(book["lender"].values, return_inverse=True)[1]]), axis=1)
    lenders = np.bincount(pairs[0], minlength=book.sizes["borrower"])
    more, times = {}, {}
    for name, who in (("one", lenders == 1), ("some", (lenders > 1) & (lenders < 4)), ("many", lenders >= 4)):
        part = of_borrowers(book, who)
        runs = [
            run(part, steady(6, CHINA_TREND, unemployment_rate=0.052, **lead))
            for lead in ({"line_supply": (0.0,) * 6}, {})
        ]
        closed, calm = (float(r["entries_to_arrears"].sum()) for r in runs)
        more[name], times[name] = closed - calm, closed / calm
    return {
        "lines_closed_one_lender": times["one"],
        "lines_closed_four_lenders": times["many"],
        "lines_closed_many_lenders": more["many"] / sum(more.values()),
    }


def _whom_they_pay(book: xr.Dataset, run: Run) -> dict[str, float]:
    """Borrowers who owe a bank and a platform, in a recession: entries above calm at the platforms over the banks'."""
    product, owner = book["product"].values.astype(str), book["borrower"].values
    bank = np.char.startswith(product, "bank")
    both = [np.bincount(owner, which, book.sizes["borrower"]) > 0 for which in (bank, ~bank)]
    part = of_borrowers(book, both[0] & both[1])
    more = []
    runs = [
        run(part, steady(18, CHINA_TREND, unemployment_rate=level)) for level in (np.linspace(0.055, 0.10, 9), 0.052)
    ]
    for its_bank in (True, False):
        here = np.char.startswith(runs[0]["product"].values.astype(str), "bank") == its_bank
        rates = [
            float(r["entries_to_arrears"].isel(segment=here).sum() / r["accounts"].isel(segment=here).sum())
            for r in runs
        ]
        more.append(rates[0] - rates[1])
    return {"platform_entries_over_bank": more[1] / more[0]}


def _relief(book: xr.Dataset, run: Run) -> dict[str, float]:
    """Two years of those 30 to 119 days late, with plans for all of them and without."""
    owner = book["borrower"].values
    days = book["days_past_due"].values
    own = book["lender"].values == book.attrs["own_lender"]
    late = np.bincount(owner, own & (days >= 30) & (days < 120), book.sizes["borrower"]) > 0
    part = of_borrowers(book, late)
    calm = steady(24, CHINA_TREND, unemployment_rate=0.052)

    def own_part(**terms: Any) -> xr.Dataset:
        plans = [Restructuring(capacity=100.0, take_up=1.0, moral_hazard=0.0, months=1, **terms)] if terms else []
        result = run(part, calm.expand_dims(path=8), renewal="run-off", responses=plans)
        return result.isel(segment=np.flatnonzero(result["lender"].values == book.attrs["own_lender"]))

    none, longer, forgiven = own_part(), own_part(term_months=12), own_part(term_months=12, forgiveness=0.3)
    return {
        "longer_plans_write_off": float(longer["written_off"].sum() / none["written_off"].sum()),
        "longer_plans_broken": _broken_within_a_year(longer),
        "forgiving_plans_broken": _broken_within_a_year(forgiven),
    }


def _broken_within_a_year(result: xr.Dataset) -> float:
    """Plans broken in the year after the first month, in which all were agreed, over those agreed."""
    return float(result["redefaulted"].isel(month=slice(2, 14)).sum() / result["restructured"].sum())


def _recession(book: xr.Dataset, run: Run, seed: int) -> dict[str, float]:
    """Unemployment up by 5 points in a year, lenders tightening as they do; and the Fed's severely adverse path."""
    months = 39
    rise = 0.04 + 0.05 * np.minimum(np.arange(1, 13) / 12.0, 1.0)
    back = np.linspace(0.09, 0.06, 24)
    path = np.concatenate([rise, np.full(3, 0.09), back])
    income = np.concatenate([np.full(12, US_TREND - 0.0375), np.full(27, US_TREND)])
    hit = steady(months, US_TREND, unemployment_rate=path, real_income_growth=income)
    calm = steady(months, US_TREND, unemployment_rate=0.04)
    over = np.divide(*(_annual(run(book, macro)) for macro in (hit, calm)))
    severe = macro_paths(scenario("fed-2026-severely-adverse"), paths=4, seed=seed)
    gains = Feedback(sample=book.sizes["borrower"])
    nine = run(book, severe, horizon=27, feedback=gains)
    owed = nine["balance"].sum(("segment", "bucket")).isel(month=slice(0, 27)).mean("month")
    lost = (nine["written_off"] - nine["recovered"]).sum(("segment", "month"))
    return {
        "recession_peak": float(over.max()),
        "recession_peak_quarter": float(over.argmax() + 4),
        "recession_quarter_10": float(over[10 - 4]),
        "fed_severely_adverse_loss": float((lost / owed).mean()),
    }


def _annual(result: xr.Dataset) -> Array:
    """Charge-off rate of the last four quarters, from the fourth on."""
    return np.convolve(quarterly_rates(result)["charge_off_rate"].values[0], np.full(4, 0.25), "valid")


def _unemployment_response(book: xr.Dataset, run: Run, seed: int) -> dict[str, float]:
    """Charge-offs on unemployment and its four-quarter change, and the correlation that their spread implies."""
    paths, quarters = 12, 48
    jobless = _histories(paths, quarters, seed)
    months = np.stack([np.interp(np.arange(3 * quarters) / 3.0, np.arange(quarters) + 1 / 3, path) for path in jobless])
    macro = xr.Dataset(
        {
            "unemployment_rate": (("path", "month"), months),
            "real_income_growth": (("path", "month"), np.full(months.shape, US_TREND)),
            "real_income_trend": US_TREND,
        },
        {"path": np.arange(paths), "month": np.arange(1, 3 * quarters + 1)},
    )
    rate = quarterly_rates(run(book, macro))["charge_off_rate"].values
    response = unemployment_response(rate[:, 4:], jobless[:, 4:])
    annual = rate[:, 8:].reshape(paths, -1, 4).mean(2)
    return {
        "charge_off_per_change": response["change"],
        "charge_off_r2_level": response["r2_level"],
        "asset_correlation": float(implied_correlation(annual.mean(), annual.std())),
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


def _old_claims(book: xr.Dataset, run: Run) -> dict[str, float]:
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
        result = run(claims, calm, renewal="run-off", horizon=12 * years)
        shares.append(float(result["recovered"].sum() / owed.sum()))
    return {
        "recovered_from_write_off": shares[0],
        "recovered_after_five_years": shares[1],
    }
