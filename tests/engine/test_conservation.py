"""The books balance to the last minor unit, whatever the rules and whatever happens."""

from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st

from stresslab.engine.actions import ContingencyPlan, EarlyWarning, LimitManagement, Outreach, Restructuring
from stresslab.engine.feedback import Feedback
from stresslab.engine.lender_parameters import Product
from stresslab.engine.model import SECTIONS, Model
from stresslab.engine.result import STAGE_OF_BUCKET
from stresslab.engine.simulate import advance, simulate
from stresslab.portfolio.validation import check_portfolio
from stresslab.schema import BUCKETS, CAUSES, STAGES, InputError, bucket_of
from tests.engine.small import PRESETS, busy, flat, harsh, late_book

FEW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
PLUS, MINUS = ("drawn", "originated", "interest", "fees"), ("paid", "forgiven", "written_off")
BOOKS = {preset: late_book(preset, borrowers=60).assign_attrs(unit=1) for preset in PRESETS}  # whatever is billed
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
    assert tuple(result["cause"].values) == CAUSES
    for name in ("line_supply", "contact"):
        assert ((result[name] >= 0.0) & (result[name] <= 1.0)).all()
        assert (result[name].isel(month=0) == 1.0).all()
    check_stages(result)
    late = result["accounts"].isel(bucket=slice(1, None)).sum("bucket").diff("month")
    fallen = result["entries_to_arrears"].sum("cause")
    if "redefaulted" in result:
        fallen = fallen + result["redefaulted"]  # a broken plan is late again, but does not fall into arrears anew
    assert (late <= fallen.isel(month=slice(1, None))).all()
    recovered, written_off = (minor(result[name]).sum(2).cumsum(1) for name in ("recovered", "written_off"))
    assert (recovered <= minor(book["claim"]).sum() + written_off).all()


def check_stages(result):
    """Stages hold what is that long past due, and of what is not: some in stage 2; in stage 3 only after a plan."""
    stage = [minor(result["stage_balance"].sel(stage=stage)) for stage in STAGES]
    past_due = [
        minor(result["balance"].isel(bucket=np.flatnonzero(s == STAGE_OF_BUCKET)).sum("bucket")) for s in STAGES
    ]
    assert (sum(stage) == sum(past_due)).all()
    assert (stage[1] >= past_due[1]).all()
    if "restructured" in result:
        assert (stage[2] >= past_due[2]).all()
        never = (result["restructured"].cumsum("month") == 0).values
        assert (stage[2][never] == past_due[2][never]).all()
    else:
        assert (stage[2] == past_due[2]).all()


def check_book(book):
    """What every portfolio owes the engine."""
    check_portfolio(book)
    amounts = ("liquid_buffer", "balance", "overdue", "claim")
    assert all(float(book[name].min()) >= 0.0 for name in amounts)
    assert (minor(book["overdue"]) <= minor(book["balance"])).all()
    assert ((book["days_past_due"] > 0) == (book["overdue"] > 0)).all()
    assert (book["balance"].where(book["written_off"], 0.0) == 0.0).all()
    assert (book["remaining_months"] <= book["tenor_months"]).all()
    assert (book["employed"] == (book["jobless_months"] == 0)).all()
    assert (book["recent_arrears"] >= book["days_past_due"] // 30).all()


def sums_of(book, segments):
    """Balance [minor] and accounts (segment, bucket) of a portfolio."""
    where = segment_of(book, segments) * len(BUCKETS) + bucket_of(book["days_past_due"].values // 30)
    line = (book["tenor_months"] == 0) & (book["limit"] > 0) & ~book["written_off"]
    accounts = (line | (book["balance"] > 0)).values.astype(np.int64)
    shape = (len(segments), len(BUCKETS))
    cells = shape[0] * shape[1]
    return [np.bincount(where, one, cells).reshape(shape) for one in (minor(book["balance"]), accounts)]


def segment_of(book, segments):
    """Position of each loan's segment."""
    own = [f"{lender}:{product}" for lender, product in zip(book.lender.values, book["product"].values, strict=True)]
    return np.array([list(segments).index(one) for one in own])


def stages_of(book, scores, model, segments):
    """Balance [minor] (segment, stage) of a portfolio whose lenders went by these changes of score in the month."""
    fallen = (book["days_past_due"].values == 0) & (scores.values <= -model.scoring.sicr_drop)
    stage = STAGE_OF_BUCKET[bucket_of(book["days_past_due"].values // 30)] + fallen
    cells = len(segments) * len(STAGES)
    where = segment_of(book, segments) * len(STAGES) + stage - 1
    return np.bincount(where, minor(book["balance"]), cells).reshape(len(segments), len(STAGES))


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
    opened = BOOKS[preset]
    before, last = (advance(opened, macro, months, **asked) for months in (17, 18))
    for months, book, scores in ((0, opened, opened.score_change), (18, last, before.score_change)):
        check_book(book)
        balance, accounts = sums_of(book, result["segment"].values)
        then = result.isel(path=0, month=months)
        assert (minor(then["balance"]) == balance).all()
        assert (then["accounts"] == accounts).all()
        stages = stages_of(book, scores, model, result["segment"].values)
        assert (minor(then["stage_balance"]) == stages).all()
        assert (stages != stages_of(book, 0 * scores, model, result["segment"].values)).any()  # some have fallen
        assert float(then["unemployment_rate"]) == pytest.approx(1.0 - float(book["employed"].mean()))


def inside(spec):
    """Values between the bounds of a parameter, both included."""
    low, high = spec.metadata["low"], spec.metadata["high"]
    if isinstance(spec.default, tuple):
        most = 14 if spec.name == "give_up" else 11
        return st.lists(st.floats(low, high), min_size=1, max_size=most).map(tuple)
    if isinstance(spec.default, int):
        return st.integers(int(low), min(int(high), 60) if spec.metadata["unit"] == "month" else int(high))
    return st.floats(low, high)


IN_ORDER = (
    ("refused_below", "granted_above", 0.02),
    ("from_days", "to_days", 29),
    ("holiday_months", "probation_months", 1),
)
"""Parameters of which the first must be below the second, by so much; 30 days hold a multiple of 30."""


@st.composite
def parameters_of(draw, section):
    """Some of a section's parameters."""
    specs = {name: spec for name, spec in section.__dataclass_fields__.items() if "low" in spec.metadata}
    chosen = draw(st.fixed_dictionaries({}, optional={name: inside(spec) for name, spec in specs.items()}))
    for first, second, gap in IN_ORDER:
        if {first, second} & set(chosen):
            low, high = draw(inside(specs[first])), specs[second].metadata["high"]
            assume(low + gap <= high)
            whole = isinstance(low, int)
            chosen[first] = low
            chosen[second] = draw(st.integers(low + gap, int(high)) if whole else st.floats(low + gap, high))
    return chosen


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
    with unless_too_large():
        check_result(simulate(BOOKS[preset], macro, progress=False, **asked), BOOKS[preset])
        check_book(advance(BOOKS[preset], macro, 24, **asked))


@contextmanager
def unless_too_large():
    """Late fees of a fifth a month for years outgrow 32 bits, and are refused."""
    try:
        yield
    except InputError as error:
        if "above 21,474,836.47" not in str(error):
            raise
        reject()


def test_a_balance_that_outgrows_its_bits_is_refused():
    fees = {"minimum_share": 1.0, "late_rate_monthly": 0.2, "write_off_months": 36, "relet_monthly": 0.0}
    model = busy("us-card").replace(**{f"products.card.{name}": value for name, value in fees.items()})
    macro = flat(24, 0.5, line_supply=0.0, collections_capacity=0.0)
    for live in (simulate, advance):
        more = {"progress": False} if live is simulate else {"months": 24}
        with pytest.raises(InputError, match=r"a loan of .*:card above 21,474,836\.47 in month \d+, expected less"):
            live(BOOKS["us-card"], macro, model=model, seed=1, **more)


ALONE = {"refused_below": ("granted_above", 1_000.0), "granted_above": ("refused_below", 0.0)}
"""What must stand at its own end for the other to come near its bound: these two never meet."""


def bounds():
    """Every parameter at either bound, as changes of the busy model."""
    products = {f"products.{name}": Product for name in busy().products}
    for where, section in {**SECTIONS, **products}.items():
        for name, spec in section.__dataclass_fields__.items():
            for bound in ("low", "high") if "low" in spec.metadata else ():
                value = type(spec.default)(spec.metadata[bound]) if name != "give_up" else [spec.metadata[bound]]
                changes = {f"{where}.{name}": value}
                if name in ALONE:
                    other, end = ALONE[name]
                    changes[f"{where}.{other}"] = end
                    changes[f"{where}.{name}"] = value if value != end else abs(value - 0.01)
                yield f"{where}.{name}-{bound}", changes
    yield "applications.almost-equal", {"applications.refused_below": 0.0, "applications.granted_above": 0.01}


@pytest.mark.parametrize("changes", [change for _, change in bounds()], ids=[name for name, _ in bounds()])
def test_a_parameter_may_stand_at_its_bound(changes):
    book, model = BOOKS["china-online"], busy().replace(**changes)
    jobless = 1.0 - float(book["employed"].mean())  # stays as it is, which any flows can follow
    unemployment = min(jobless / model.employment.borrower_ratio, 0.6)
    book, calm = book.assign_attrs(unemployment_rate=unemployment), flat(18, unemployment)
    check_result(simulate(book, calm, model, seed=8, progress=False), book)


ALL_AT_ONCE = (
    Outreach(capacity=0.2),
    EarlyWarning(score_below=560, use_from=0.9, window=3, freeze=True),
    LimitManagement(cut=0.5, freeze_below=450, start_month=4),
    Restructuring(name="pause", from_days=0, to_days=59, holiday_months=2, probation_months=6, capacity=0.1),
    ContingencyPlan(
        level=0.1,
        responses=(
            Restructuring(name="haircut", forgiveness=0.4, fee=0.05, capacity=0.3, take_up=0.9, probation_months=4),
            Restructuring(name="rate", rate_reduction=0.8, term_months=0, capacity=0.3, probation_months=3),
        ),
    ),
)


@st.composite
def responses(draw):
    """Some of what a lender can do, on any terms."""
    kinds = [kind for kind in (Outreach, EarlyWarning, LimitManagement, Restructuring) if draw(st.booleans())]
    found = [kind(**draw(parameters_of(kind))) for kind in kinds]
    if draw(st.booleans()):
        waiting = (Restructuring(name="waiting", **draw(parameters_of(Restructuring))),)
        trigger = draw(st.sampled_from(["arrears", "losses", "cash"]))
        chosen = draw(parameters_of(ContingencyPlan))
        terms = {name: value for name, value in chosen.items() if name not in ("start_month", "months")}
        found.append(ContingencyPlan(trigger=trigger, responses=waiting, **terms))
    return found


@pytest.mark.parametrize("renewal", RENEWALS)
@pytest.mark.parametrize("preset", PRESETS)
@FEW
@given(data=st.data())
def test_books_balance_whatever_comes_back(preset, renewal, data):
    asked = {
        "seed": data.draw(st.integers(0, 2**64 - 1)),
        "renewal": renewal,
        "responses": data.draw(responses()),
        "feedback": data.draw(st.none() | parameters_of(Feedback).map(lambda chosen: Feedback(**chosen))),
    }
    with unless_too_large():
        result = simulate(BOOKS[preset], data.draw(macros()), data.draw(models(preset)), progress=False, **asked)
    check_result(result, BOOKS[preset])


@pytest.mark.parametrize("feedback", [None, Feedback(sample=100)], ids=["alone", "feedback"])
@pytest.mark.parametrize("renewal", RENEWALS)
@pytest.mark.parametrize("preset", PRESETS)
def test_books_balance_whatever_lenders_do(preset, renewal, feedback):
    asked = {"seed": 1, "renewal": renewal, "responses": ALL_AT_ONCE, "feedback": feedback, "progress": False}
    result = simulate(BOOKS[preset], harsh(36, 3), busy(preset), **asked)
    check_result(result, BOOKS[preset])
    for name in ("forgiven", "restructured", "redefaulted", "flagged", "warned", "false_alarms"):
        assert result[name].any(), name
    assert gap(result.assign(forgiven=result["forgiven"] * 0.0)).any()  # what is forgiven has left the book
