"""The books balance to the last minor unit, whatever the rules and whatever happens."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stresslab.engine.model import SECTIONS, Model, Product
from stresslab.engine.simulate import STAGE_OF_BUCKET, advance, simulate
from stresslab.schema import BUCKETS, STAGES, bucket_of

from .small import PRESETS, busy, flat, harsh, late_book

FEW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
PLUS, MINUS = ("drawn", "originated", "interest", "fees"), ("paid", "forgiven", "written_off")
BOOKS = {preset: late_book(preset, borrowers=60) for preset in PRESETS}
RENEWALS = ("static", "run-off")


def minor(values):
    """Whole minor units; refuses what is not whole."""
    units = np.rint(values.values * 100)
    np.testing.assert_allclose(values.values * 100, units, rtol=0, atol=1e-4)
    return units.astype(np.int64)


def gap(result):
    """Closing - opening - flows in minor units (path, month, segment)."""
    stock = minor(result["balance"]).sum(-1)
    flows = sum(minor(result[name]) for name in PLUS) - sum(minor(result[name]) for name in MINUS)
    return np.diff(stock, axis=1) - flows[:, 1:]


def check_result(result, book):
    """What every result of a book owes its reader."""
    assert not gap(result).any()
    for name in ("balance", "accounts", "undrawn_limit", *PLUS, *MINUS, "recovered", "defaulted", "entries_to_arrears"):
        assert float(result[name].min()) >= 0.0, name
    for stage in STAGES:
        by_bucket = result["balance"].isel(bucket=np.flatnonzero(stage == STAGE_OF_BUCKET)).sum("bucket")
        assert (minor(by_bucket) == minor(result["stage_balance"].sel(stage=stage))).all()
    late = result["accounts"].isel(bucket=slice(1, None)).sum("bucket").diff("month")
    assert (late <= result["entries_to_arrears"].sum("cause").isel(month=slice(1, None))).all()
    recovered, written_off = (minor(result[name]).sum(2).cumsum(1) for name in ("recovered", "written_off"))
    assert (recovered <= minor(book["claim"]).sum() + written_off).all()


def check_book(book):
    """What every portfolio owes the engine."""
    amounts = ("liquid_buffer", "balance", "overdue", "claim")
    assert all(float(book[name].min()) >= 0.0 for name in amounts)
    assert (minor(book["overdue"]) <= minor(book["balance"])).all()
    assert ((book["days_past_due"] > 0) == (book["overdue"] > 0)).all()
    assert (book["balance"].where(book["written_off"], 0.0) == 0.0).all()
    assert (book["remaining_months"] <= book["tenor_months"]).all()
    assert (book["employed"] == (book["jobless_months"] == 0)).all()


def sums_of(book, segments):
    """Balance [minor] and accounts (segment, bucket) of a portfolio."""
    own = [f"{lender}:{product}" for lender, product in zip(book.lender.values, book["product"].values, strict=True)]
    segment = np.array([list(segments).index(one) for one in own])
    where = segment * len(BUCKETS) + bucket_of(book["days_past_due"].values // 30)
    line = (book["tenor_months"] == 0) & (book["limit"] > 0) & ~book["written_off"]
    accounts = (line | (book["balance"] > 0)).values.astype(np.int64)
    shape = (len(segments), len(BUCKETS))
    cells = shape[0] * shape[1]
    return [np.bincount(where, one, cells).reshape(shape) for one in (minor(book["balance"]), accounts)]


@pytest.mark.parametrize("renewal", RENEWALS)
@pytest.mark.parametrize("preset", PRESETS)
def test_books_balance(preset, renewal):
    result = simulate(BOOKS[preset], harsh(36, 3), busy(preset), seed=1, renewal=renewal, progress=False)
    check_result(result, BOOKS[preset])
    assert result["written_off"].any()
    one_unit = result["paid"].copy()
    one_unit[1, 7, 2] += 0.01
    assert gap(result.assign(paid=one_unit)).any()  # a single minor unit is seen


@pytest.mark.parametrize("renewal", RENEWALS)
@pytest.mark.parametrize("preset", PRESETS)
def test_simulate_and_advance_agree(preset, renewal):
    macro, model = harsh(18).isel(path=0), busy(preset)
    asked = {"model": model, "seed": 2, "renewal": renewal}
    result = simulate(BOOKS[preset], macro, progress=False, **asked)
    for months, book in ((0, BOOKS[preset]), (18, advance(BOOKS[preset], macro, 18, **asked))):
        check_book(book)
        balance, accounts = sums_of(book, result["segment"].values)
        then = result.isel(path=0, month=months)
        assert (minor(then["balance"]) == balance).all()
        assert (then["accounts"] == accounts).all()
        assert float(then["unemployment_rate"]) == pytest.approx(1.0 - float(book["employed"].mean()))


def inside(spec):
    """Values between the bounds of a parameter, both included."""
    low, high = spec.metadata["low"], spec.metadata["high"]
    if isinstance(spec.default, tuple):
        return st.lists(st.floats(low, high), min_size=1, max_size=14).map(tuple)
    if isinstance(spec.default, int):
        return st.integers(int(low), min(int(high), 60))
    return st.floats(low, high)


def parameters_of(section):
    """Some of a section's parameters."""
    fields = {name: inside(spec) for name, spec in section.__dataclass_fields__.items() if "low" in spec.metadata}
    return st.fixed_dictionaries({}, optional=fields)


@st.composite
def models(draw, preset):
    """Any model within its bounds, unemployment apart, whose path it could not follow."""
    changes = {}
    for name, section in SECTIONS.items():
        if name != "employment":
            changes |= {f"{name}.{key}": value for key, value in draw(parameters_of(section)).items()}
    for name in Model.from_preset(preset).products:
        changes |= {f"products.{name}.{key}": value for key, value in draw(parameters_of(Product)).items()}
    return Model.from_preset(preset).replace(**changes)


@st.composite
def macros(draw):
    """Two years of anything, unemployment within what job flows can follow."""
    months = 24
    series = {
        "furlough_share": st.floats(0.0, 1.0),
        "furlough_income_loss": st.floats(0.0, 1.0),
        "collections_capacity": st.floats(0.0, 2.0),
        "line_supply": st.floats(0.0, 1.0),
        "growth": st.floats(-0.9, 0.5),
    }
    given_of = {name: draw(st.lists(values, min_size=months, max_size=months)) for name, values in series.items()}
    return flat(months, draw(st.floats(0.02, 0.5)), **given_of)


@pytest.mark.parametrize("renewal", RENEWALS)
@pytest.mark.parametrize("preset", PRESETS)
@FEW
@given(data=st.data())
def test_books_balance_under_any_rules(preset, renewal, data):
    model, macro = data.draw(models(preset)), data.draw(macros())
    seed = data.draw(st.integers(0, 2**64 - 1))
    asked = {"model": model, "seed": seed, "renewal": renewal}
    check_result(simulate(BOOKS[preset], macro, progress=False, **asked), BOOKS[preset])
    check_book(advance(BOOKS[preset], macro, 24, **asked))


def bounds():
    """Every parameter at either bound, as a change of the busy model."""
    products = {f"products.{name}": Product for name in busy().products}
    for where, section in {**SECTIONS, **products}.items():
        for name, spec in section.__dataclass_fields__.items():
            for bound in ("low", "high") if "low" in spec.metadata else ():
                value = type(spec.default)(spec.metadata[bound]) if name != "give_up" else [spec.metadata[bound]]
                yield f"{where}.{name}", value


@pytest.mark.parametrize(("name", "value"), [*bounds()])
def test_a_parameter_may_stand_at_its_bound(name, value):
    book, model = BOOKS["china-online"], busy().replace(**{name: value})
    jobless = 1.0 - float(book["employed"].mean())  # stays as it is, which any flows can follow
    calm = flat(18, min(jobless / model.employment.borrower_ratio, 0.6))
    check_result(simulate(book, calm, model, seed=8, progress=False), book)
