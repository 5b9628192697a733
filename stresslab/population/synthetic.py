"""Synthetic portfolio: borrowers and loans drawn from a preset, seasoned until nothing jumps in the first month."""

from __future__ import annotations

import secrets
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import expit, logit

from stresslab.checks import choice_faults, refuse, seed_faults, type_faults, whole_faults
from stresslab.engine.job_flows import HIGHEST_RISK
from stresslab.engine.model import PORTFOLIO_TABLE, Model, preset_tables
from stresslab.engine.simulate import advance
from stresslab.resources import refuse_memory
from stresslab.schema import MINOR, PORTFOLIO, attrs_of, presets, rounded
from stresslab.typed import typed

Array = NDArray[Any]
LARGEST_BOOK = 2**31
"""Borrowers that ids and draws are tested for."""
LONGEST_SEASONING = 1_200
"""Months: a century."""
PER_LOAN = 800
"""Bytes for each loan, its borrower included, while a portfolio is drawn and seasoned."""


def read_preset(name: str) -> dict[str, Any]:
    """Numbers of a preset's synthetic portfolio, as they stand in its file."""
    tables = preset_tables(name)
    numbers: dict[str, Any] = tables[PORTFOLIO_TABLE] | {"currency": tables["currency"]}
    return numbers


def segments_of(preset: str) -> list[tuple[str, str]]:
    """Lender and product of every segment that a preset's portfolio can have, the own lender's first.

    >>> segments_of("us-card")[0]
    ('issuer', 'card')
    """
    numbers = read_preset(preset)
    own, others = numbers["own"], numbers["lenders"]
    segments = [(numbers["own_lender"], product) for held in own for product in held["products"]]
    segments += [(lender, others["bank_product"]) for lender in others["banks"]]
    segments += [(lender, others["platform_product"]) for lender in others["platforms"]]
    return list(dict.fromkeys(segments))


def loans_of(preset: str, borrowers: int) -> float:
    """Expected number of loans of some borrowers.

    >>> round(loans_of("china-online", 100))
    218
    """
    numbers = read_preset(preset)
    own, others = numbers["own"], np.array(numbers["lenders"]["share"])
    held = np.average([len(row["products"]) for row in own], weights=[row["share"] for row in own])
    return borrowers * float(held + np.average(np.arange(others.size), weights=others))


@typed
def synthetic_portfolio(
    preset: str = "china-online",
    *,
    borrowers: int = 10_000,
    seed: int | None = None,
    model: Model | None = None,
    seasoning_months: int | None = None,
) -> xr.Dataset:
    """Portfolio of synthetic borrowers in the steady state of its baseline.

    Parameters
    ----------
    preset : {"china-online", "us-card"}
        "china-online" (Huabei, Jiebei, bank cards, loans of other platforms) or "us-card" (cards and other unsecured
        loans); a file in `stresslab/presets` holds its numbers, each with unit and source.
    borrowers : int
        Number of borrowers; there are about twice as many loans in "china-online".
    seed : int, optional
        Of all draws, 0 to 2**64 - 1; drawn and stored in attrs if None.
    model : Model, optional
        Model under which the portfolio is seasoned; by default that of the preset.
    seasoning_months : int, optional
        Months simulated in the baseline before the portfolio is returned; 0 returns the draws as they are. By default
        as many as the preset says.

    Returns
    -------
    xarray.Dataset
        Variables along `borrower` and `loan`, see `stresslab.schema.PORTFOLIO`; attrs `preset`, `seed`, `currency`,
        `as_of` and `own_lender`.

    Raises
    ------
    InputError
        Names an unknown preset, a count that is not a whole number from 1, a seed and months that are none; more
        borrowers than there is memory for.

    Notes
    -----
    Loans are drawn under the product rules of the preset: the bill of a credit line is the drawn debt service over the
    minimum payment's share. A model with other rules changes how the portfolio is seasoned, not how it is drawn.

    Examples
    --------
    >>> book = synthetic_portfolio("china-online", borrowers=100, seed=1)
    >>> book.sizes["borrower"], int(book["borrower"].max())
    (100, 99)
    """
    advice = "choose another number"
    faults = whole_faults("borrowers", borrowers, 1, LARGEST_BOOK, advice=advice) + seed_faults(seed)
    faults += whole_faults("seasoning_months", seasoning_months, 0, LONGEST_SEASONING, optional=True)
    faults += type_faults("model", model, Model)
    faults += choice_faults("preset", preset, presets())
    refuse("synthetic_portfolio", faults)
    refuse_memory("synthetic_portfolio", PER_LOAN * loans_of(preset, borrowers), "draw fewer borrowers")
    numbers = read_preset(preset)
    drawn_under = Model.from_preset(preset)
    seed = secrets.randbits(63) if seed is None else int(seed)
    model = model or drawn_under
    book = _draw(numbers, int(borrowers), np.random.Generator(np.random.PCG64(seed)), model, drawn_under)
    book.attrs = {
        "preset": preset,
        "seed": str(seed),
        "unemployment_rate": numbers["normal_unemployment"],
        **{key: numbers[key] for key in ("currency", "as_of", "own_lender")},
    }
    months = numbers["seasoning_months"] if seasoning_months is None else int(seasoning_months)
    return season(book, numbers, model, months, seed) if months else book


def season(book: xr.Dataset, numbers: dict[str, Any], model: Model, months: int, seed: int) -> xr.Dataset:
    """Portfolio after some months of the baseline: constant unemployment, income on its trend."""
    calm = xr.Dataset(
        {
            "unemployment_rate": ("month", np.full(months, numbers["normal_unemployment"])),
            "real_income_growth": ("month", np.full(months, numbers["normal_income_growth"])),
            "real_income_trend": numbers["normal_income_growth"],
        },
        {"month": np.arange(1, months + 1)},
    )
    standing = model.replace(**{"credit_supply.gain": 0.0})  # in a still economy supply is what is usual
    return advance(book, calm, months, standing, seed=seed, path=2**32 - 1)


def _draw(
    numbers: dict[str, Any], count: int, rng: np.random.Generator, model: Model, drawn_under: Model
) -> xr.Dataset:
    """Borrowers and fresh loans, part of their term behind them."""
    own, others = _debts(numbers, count, rng)
    lenders = 1 + others.sum(axis=1)
    latent = rng.spawn(1)[0]  # draws of its own, so that other draws do not depend on it
    fragility = latent.standard_normal(count)
    people = _borrowers(numbers, lenders, fragility, rng, model)
    loans = _loans(numbers, drawn_under, own, others, people["income"], lenders, fragility, rng)
    variables: dict[str, Any] = {name: ("borrower", values) for name, values in people.items()}
    variables |= {name: ("loan", values) for name, values in loans.items()}
    variables["score"] = ("borrower", _score(numbers, people, loans, fragility, drawn_under, latent))
    book = xr.Dataset(variables)
    for name, spec in PORTFOLIO.items():
        book[name].attrs = attrs_of(spec)
    return book


def _debts(numbers: dict[str, Any], count: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Which set of own products each borrower has, and how many banks and platforms beside."""
    share = np.array([row["share"] for row in numbers["own"]])
    own = rng.choice(share.size, count, p=share / share.sum())
    by_lenders = np.array(numbers["lenders"]["share"])
    further = rng.choice(by_lenders.size, count, p=by_lenders / by_lenders.sum())
    banks = np.minimum(rng.binomial(further, numbers["lenders"]["bank_card"]), len(numbers["lenders"]["banks"]))
    return own, np.column_stack([banks, further - banks])


def _borrowers(
    numbers: dict[str, Any], lenders: Array, fragility: Array, rng: np.random.Generator, model: Model
) -> dict[str, Array]:
    """Borrowers; `fragility` f, standard normal, raises what depends on it by exp(w f), in the mean by nothing."""
    b, count = numbers["borrowers"], lenders.size
    income = rounded(b["income_median"] * np.exp(b["income_log_sd"] * rng.standard_normal(count)))
    factor = np.where(lenders >= 3, b["risk_factor_3_lenders"], 1.0) / _mean_risk_factor(numbers)
    risk = factor * np.exp(b["risk_log_sd"] * rng.standard_normal(count) - b["risk_log_sd"] ** 2 / 2.0)
    risk *= np.exp(b["fragility_risk"] * fragility - b["fragility_risk"] ** 2 / 2.0)
    stacked = np.where(
        lenders >= 5, b["buffer_factor_5_lenders"], np.where(lenders >= 3, b["buffer_factor_3_lenders"], 1)
    )
    months = b["buffer_months"] * stacked * np.exp(b["buffer_log_sd"] * rng.standard_normal(count))
    months = months * np.exp(-b["fragility_buffer"] * fragility)
    target = rounded(np.minimum(months, 24.0) * income)
    risk = np.minimum(risk, HIGHEST_RISK)
    jobless = rng.random(count) < numbers["normal_unemployment"] * model.employment.borrower_ratio
    needs = b["necessities_share"] * np.exp(b["necessities_log_sd"] * rng.standard_normal(count))
    a = b["support_mean"] * b["support_concentration"]
    return {
        "borrower_id": np.arange(count),
        "income": income,
        "pay_level": np.ones(count),
        "necessities": rounded(np.minimum(needs, 0.95) * income),
        "liquid_buffer": np.where(jobless, 0.0, target),
        "buffer_target": target,
        "job_loss_risk": risk,
        "expense_risk": np.exp(b["fragility_expense"] * fragility - b["fragility_expense"] ** 2 / 2.0),
        "employed": ~jobless,
        "jobless_months": np.where(jobless, rng.geometric(model.employment.finding_monthly, count), 0),
        "insured": rng.random(count) < b["insured_share"],
        "household_support": rng.beta(a, b["support_concentration"] - a, count),
        "strategic": rng.random(count) < b["strategic_share"],
        "inquiries": np.zeros(count),
    }


def _mean_risk_factor(numbers: dict[str, Any]) -> float:
    """Expected factor on the job-loss risk of a borrower of the preset, by the number of their lenders."""
    share = np.array(numbers["lenders"]["share"])
    return float(1.0 + (numbers["borrowers"]["risk_factor_3_lenders"] - 1.0) * share[2:].sum() / share.sum())


def _loans(
    numbers: dict[str, Any],
    model: Model,
    own: Array,
    others: Array,
    income: Array,
    lenders: Array,
    fragility: Array,
    rng: np.random.Generator,
) -> dict[str, Array]:
    """All loans, product by product, then in the order of their borrowers."""
    b, count = numbers["borrowers"], income.size
    burden = np.exp(b["debt_service_log_sd"] * rng.standard_normal(count)) * lenders ** b["debt_service_power"]
    parts: list[dict[str, Array]] = []
    for row, held in enumerate(numbers["own"]):
        for product in held["products"]:
            who = np.flatnonzero(own == row)
            parts.append(_product(numbers, model, product, numbers["own_lender"], who, income, burden, fragility, rng))
    elsewhere = numbers["lenders"]
    for column, names, product in ((0, "banks", "bank_product"), (1, "platforms", "platform_product")):
        for place, lender in enumerate(elsewhere[names]):
            who = np.flatnonzero(others[:, column] > place)
            parts.append(_product(numbers, model, elsewhere[product], lender, who, income, burden, fragility, rng))
    loans = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.argsort(loans["borrower"], kind="stable")
    loans = {name: values[order] for name, values in loans.items()}
    return _cap(loans, income, b["debt_service_cap"])


def _product(
    numbers: dict[str, Any],
    model: Model,
    product: str,
    lender: str,
    who: Array,
    income: Array,
    burden: Array,
    fragility: Array,
    rng: np.random.Generator,
) -> dict[str, Array]:
    """Loans of one product at one lender; `due` is the payment due on each in a month."""
    rules, drawn, count, b = model.products[product], numbers["loans"][product], who.size, numbers["borrowers"]
    due = drawn["debt_service"] * burden[who] * income[who] * np.exp(drawn["log_sd"] * rng.standard_normal(count))
    rate = _between(rng, drawn["annual_rate"], count)
    loans: dict[str, Array] = {
        "borrower": who,
        "lender": np.full(count, lender, object),
        "product": np.full(count, product, object),
        "annual_rate": rate,
        "due": due,
        "priority": np.full(count, float(drawn["priority"])),
        "own_share": np.full(count, float(drawn["own_share"])),
        "days_past_due": np.zeros(count, np.int64),
        "overdue": np.zeros(count),
        "score_change": np.zeros(count, np.int64),
        "recent_arrears": np.zeros(count),
        "written_off": np.zeros(count, bool),
        "claim": np.zeros(count),
        "claim_months": np.zeros(count, np.int64),
    }
    if rules.kind == "revolving":
        usual = due / rules.minimum_share
        nothing = np.zeros(count, np.int64)
        use = logit(_between(rng, drawn["utilisation"], count)) + b["fragility_use"] * fragility[who]
        return loans | {
            "usual_balance": usual,
            "limit": usual / expit(use),
            "balance": usual,
            "tenor_months": nothing,
            "remaining_months": nothing,
            "instalment": np.zeros(count),
            "transactor": rng.random(count) < drawn["transactors"],
        }
    weights = np.array(drawn["tenor_weights"])
    tenor = rng.choice(np.array(drawn["tenors"]), count, p=weights / weights.sum())
    remaining = rng.integers(1, tenor + 1)
    monthly = rate / 12.0
    granted = due * (1.0 - (1.0 + monthly) ** -tenor.astype(float)) / monthly
    return loans | {
        "usual_balance": granted,
        "limit": granted,
        "balance": due * (1.0 - (1.0 + monthly) ** -remaining.astype(float)) / monthly,
        "tenor_months": tenor,
        "remaining_months": remaining,
        "instalment": due,
        "transactor": np.zeros(count, bool),
    }


def _cap(loans: dict[str, Array], income: Array, cap: float) -> dict[str, Array]:
    """Scale each borrower's debts down to the cap on debt service over income; round to minor units."""
    service = np.bincount(loans["borrower"], loans.pop("due"), income.size) / income
    scale = np.minimum(1.0, cap / np.maximum(service, 1e-12))[loans["borrower"]]
    for name in ("usual_balance", "limit", "balance"):
        loans[name] = rounded(np.maximum(loans[name] * scale, 1.0))
    loans["instalment"] = np.ceil(loans["instalment"] * scale * MINOR) / MINOR
    return loans


def _score(
    numbers: dict[str, Any],
    people: dict[str, Array],
    loans: dict[str, Array],
    fragility: Array,
    model: Model,
    rng: np.random.Generator,
) -> Array:
    """Application score: what a lender sees of risk at origination, with noise; mean 600, standard deviation 50.

    It sees the margin that necessities and debt service leave of usual pay, the use of lines and, in part, fragility;
    employment and cash stay hidden.
    """
    weight, count = numbers["score"], people["income"].size
    owner = loans["borrower"]
    least = np.array([model.products[str(name)].minimum_share for name in loans["product"]])
    due = np.where(loans["tenor_months"] > 0, loans["instalment"], loans["usual_balance"] * least)
    margin = 1.0 - (people["necessities"] + np.bincount(owner, due, count)) / people["income"]
    lines = loans["tenor_months"] == 0
    drawn, limit = (np.bincount(owner[lines], loans[name][lines], count) for name in ("usual_balance", "limit"))
    use = np.divide(drawn, limit, out=np.full(count, 0.5), where=limit > 0)

    def standard(values: Array) -> Array:
        return np.asarray((values - values.mean()) / max(float(values.std()), 1e-12))

    seen = (
        weight["margin"] * standard(margin)
        - weight["use"] * standard(use)
        - weight["fragility"] * fragility
        + weight["noise"] * rng.standard_normal(count)
    )
    return np.clip(600.0 + 50.0 * standard(seen), 300.0, 900.0)


def _between(rng: np.random.Generator, bounds: list[float], count: int) -> Array:
    """Uniform draws between two bounds."""
    return np.asarray(bounds[0] + (bounds[1] - bounds[0]) * rng.random(count))
