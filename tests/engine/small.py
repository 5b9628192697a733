"""Small books and plain macro paths for the tests of the engine."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from stresslab.engine.model import Model
from stresslab.engine.simulate import advance
from stresslab.population.synthetic import synthetic_portfolio
from stresslab.schema import PORTFOLIO

PRESETS = ("china-online", "us-card")
TREND = 0.05


def flat(months: int, unemployment: Any = 0.05, growth: Any = TREND, **more: Any) -> xr.Dataset:
    """One path, each variable constant or a list of months."""
    values = {"unemployment_rate": unemployment, "real_income_growth": growth, **more}
    return xr.Dataset(
        {name: ("month", np.broadcast_to(np.asarray(v, float), (months,)).copy()) for name, v in values.items()},
        {"month": np.arange(1, months + 1)},
    ).assign(real_income_trend=TREND)


def harsh(months: int, paths: int = 1) -> xr.Dataset:
    """Unemployment rises to 25 %, later paths faster; pay falls, lines and collectors are scarce."""
    rise = np.minimum(np.arange(1, months + 1) / np.arange(12, 12 + paths)[::-1, None], 1.0)
    one = flat(
        months,
        growth=-0.10,
        furlough_share=0.3,
        furlough_income_loss=0.5,
        line_supply=0.5,
        collections_capacity=0.5,
    )
    return one.assign(unemployment_rate=(("path", "month"), 0.05 + 0.20 * rise)).assign_coords(path=np.arange(paths))


def late_book(preset: str = "china-online", borrowers: int = 40, seed: int = 4) -> xr.Dataset:
    """A book after a harsh year: loans in arrears, written off and lent again, borrowers without a job."""
    fresh = synthetic_portfolio(preset, borrowers=borrowers, seed=seed, seasoning_months=0)
    strategic = fresh["strategic"] | (np.arange(borrowers) % 4 == 0)
    return advance(fresh.assign(strategic=strategic), harsh(14).isel(path=0, drop=True), 14, busy(preset), seed=seed)


def busy(preset: str = "china-online") -> Model:
    """A model in which what is rare is not, so that a small book lives through all of it."""
    model = Model.from_preset(preset)
    often = {
        "income.fall_monthly": 0.03,
        "spending.expense_monthly": 0.15,
        "spending.expense_mean": 2.0,
        "willingness.forgetting": 0.3,
        "willingness.cured_in_month": 0.8,
        "willingness.misunderstanding": 0.5,
        "willingness.strategic_monthly": 0.10,
        "willingness.contact_on_strategic": 0.3,
        "applications.usual_monthly": 0.3,
        "applications.short_monthly": 0.6,
        "applications.refused_below": 350.0,
        "applications.granted_above": 600.0,
        "applications.entrants_monthly": 0.3,
        "recovery.halving_months": 6.0,
    }
    for name in model.products:
        rules = {"prepayment_monthly": 0.2, "relet_monthly": 0.3, "recovery_monthly": 0.3, "late_rate_monthly": 0.02}
        rules |= {"rate_pass_through": 0.7, "effort": 0.3, "bankruptcy_share": 0.3}
        often |= {f"products.{name}.{key}": value for key, value in rules.items()}
    often[f"products.{next(iter(model.products))}.write_off_months"] = 14
    return model.replace(**often)


def riskless(preset: str = "china-online", **changes: Any) -> Model:
    """A model in which nothing is left to chance."""
    model = Model.from_preset(preset)
    quiet = {
        "income.passing_sd_monthly": 0.0,
        "income.lasting_sd_annual": 0.0,
        "income.fall_monthly": 0.0,
        "spending.expense_monthly": 0.0,
        "willingness.forgetting": 0.0,
        "willingness.misunderstanding": 0.0,
        "willingness.strategic_monthly": 0.0,
    }
    quiet |= {f"products.{name}.prepayment_monthly": 0.0 for name in model.products}
    return model.replace(**(quiet | changes))


def book_of(borrowers: int, products: tuple[str, ...], **changes: Any) -> xr.Dataset:
    """Borrowers alike and rich, without risk, each with one loan of each product; `changes` by variable."""
    defaults: dict[str, Any] = {
        "borrower_id": np.arange(borrowers),
        "income": 10_000.0,
        "pay_level": 1.0,
        "expense_risk": 1.0,
        "liquid_buffer": 1_000_000.0,
        "buffer_target": 1_000_000.0,
        "employed": True,
        "score": 600.0,
        "borrower": np.repeat(np.arange(borrowers), len(products)),
        "lender": "bank",
        "product": np.tile(products, borrowers),
        "balance": 1_000.0,
        "limit": 2_000.0,
        "usual_balance": 1_000.0,
        "annual_rate": 0.12,
        "own_share": 1.0,
        "priority": 0.0,
    }
    sizes = {"borrower": borrowers, "loan": borrowers * len(products)}
    variables = {}
    for name, spec in PORTFOLIO.items():
        value = changes.get(name, defaults.get(name, False if spec.kind == "flag" else 0))
        variables[name] = (spec.dims, np.broadcast_to(np.asarray(value), (sizes[spec.dims[0]],)).copy())
    return xr.Dataset(variables, attrs={"currency": "CNY", "as_of": "2026-01", "own_lender": "bank"})
