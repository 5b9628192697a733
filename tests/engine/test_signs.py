"""Effects have the sign that they must have, on a grid of parameters and on shared draws.

Two kinds of statement. What holds loan by loan in the first month is asserted exactly (`no_worse`). What holds for the
book over the months is asserted of the mean over paths, within three paired standard errors at each step and
beyond two from end to end (`never_falls`); a path is a replica with draws of its own. Both are shown to fail on a wrong
input. What has no sign of its own is not asserted; docs/responses.md lists it.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from stresslab.engine.actions import EarlyWarning, LimitManagement, Outreach, Restructuring
from stresslab.engine.feedback import Feedback
from stresslab.engine.model import Model
from stresslab.engine.simulate import advance, simulate
from stresslab.population.synthetic import synthetic_portfolio
from stresslab.schema import CAUSES
from tests.engine.small import PRESETS, flat

PATHS, YEARS_2, SEED = 8, 24, 7
OPEN_TO_ALL = {"capacity": 100.0, "to_days": 330, "take_up": 1.0}
ALONE = {"contagion": 0.0, "caseload": 0.0, "recovery": 0.0}


@pytest.fixture(scope="module")
def books():
    return {preset: synthetic_portfolio(preset, borrowers=3_000, seed=1) for preset in PRESETS}


@pytest.fixture(params=PRESETS)
def book(books, request):
    return books[request.param]


def slump(months=YEARS_2, to=0.10, growth=-0.02, paths=PATHS, **more):
    """Unemployment rises within half a year and pay falls for a year; every path is the same economy."""
    level = 0.05 + (to - 0.05) * np.minimum(np.arange(1, months + 1) / 6.0, 1.0)
    fall = np.where(np.arange(months) < 12, growth, 0.05)
    return flat(months, level, fall, **more).expand_dims(path=np.arange(paths))


def run(book, macro=None, *, seed=SEED, model=None, **asked):
    return simulate(book, slump() if macro is None else macro, model, seed=seed, threads=1, progress=False, **asked)


def changed(book, **parameters):
    """The book's model with some parameters changed, "section__name"."""
    dotted = {name.replace("__", "."): value for name, value in parameters.items()}
    return Model.from_preset(book.attrs["preset"]).replace(**dotted)


def own(result):
    return result.isel(segment=np.flatnonzero(result["lender"].values == result.attrs["own_lender"]))


def late(result):
    """Balance past due (path, month)."""
    return result["balance"].isel(bucket=slice(1, None)).sum(("segment", "bucket"))


def loss(result):
    """Written off and forgiven less recovered, and what is past due at the end (path)."""
    gone = (result["written_off"] + result["forgiven"] - result["recovered"]).sum(("month", "segment"))
    return (gone + late(result).isel(month=-1)).values


def entries(result):
    """Loans that fell into arrears (path)."""
    return result["entries_to_arrears"].sum(("month", "segment", "cause")).values.astype(float)


def never_falls(ladder, clear=2.0):
    """Mean over paths: no step down beyond three paired standard errors, and up from end to end beyond `clear`."""

    def in_errors(change):
        error = change.std(-1, ddof=1) / np.sqrt(change.shape[-1])
        return change.mean(-1) / np.maximum(error, 1e-9)

    rungs = np.stack(ladder)
    return bool((in_errors(np.diff(rungs, axis=0)) >= -3.0).all() and in_errors(rungs[-1] - rungs[0]) > clear)


def days(book, *, seed=SEED, model=None, **economy):
    """Days past due of every loan after one month; a write-off in it is later than all."""
    month = {"unemployment": 0.08, "growth": -0.02} | economy
    after = advance(book, flat(1, **month), 1, model, seed=seed, threads=1)
    return np.where(after["written_off"] & ~book["written_off"], 40_000, after["days_past_due"])


def no_worse(ladder):
    """No loan later at any rung than at the one before, and some loan less late from end to end."""
    return all((after <= before).all() for before, after in pairwise(ladder)) and bool((ladder[-1] < ladder[0]).any())


def single(book):
    """Borrowers with one loan only: what one does not pay does not help to pay another."""
    held = np.bincount(book["borrower"].values, minlength=book.sizes["borrower"])
    who, which = np.flatnonzero(held == 1), np.flatnonzero(held[book["borrower"].values] == 1)
    some = book.isel(borrower=who, loan=which)
    return some.assign(borrower=("loan", np.searchsorted(who, some["borrower"].values)))


def supported(book, share):
    return book.assign(household_support=xr.full_like(book["household_support"], share))


def capped(book):
    """Nobody gets more without a job than with it."""
    most = 1.0 - Model.from_preset(book.attrs["preset"]).employment.benefit_share
    return book.assign(household_support=book["household_support"].clip(max=most))


# The checks themselves.


def test_the_checks_can_fail(books):
    book = books["china-online"]
    ladder = [loss(run(book, slump(to=level))) for level in (0.06, 0.09, 0.14)]
    assert never_falls(ladder)
    assert not never_falls(ladder[::-1])
    near = [slump(collections_capacity=share) for share in (1.0, 0.95, 0.9)]
    assert never_falls([loss(run(book, macro)) for macro in near])
    unlike = [loss(run(book, macro, seed=seed)) for seed, macro in enumerate(near)]
    assert not never_falls(unlike)  # other draws drown a difference that small
    shut, open_ = days(book, line_supply=0.0), days(book, line_supply=1.0)
    assert no_worse([shut, open_])
    assert not no_worse([open_, shut])
    assert not no_worse([shut, days(book, line_supply=1.0, seed=SEED + 1)])


# Exact, loan by loan, in the first month.


@pytest.mark.parametrize("unemployment", [0.05, 0.30])
def test_open_lines_never_hurt_in_their_first_month(book, unemployment):
    """Against none. A line that is open in part may bridge more than a whole one, of which more is spent."""
    closed, *ladder = (days(book, unemployment=unemployment, line_supply=supply) for supply in (0.0, 0.25, 0.5, 1.0))
    assert all(no_worse([closed, part]) for part in ladder)
    assert (ladder[-1] > 0).sum() < 0.7 * (closed > 0).sum()


@pytest.mark.parametrize("unemployment", [0.05, 0.30])
def test_more_cash_never_hurts_in_the_first_month(book, unemployment):
    rich = [
        days(book.assign(liquid_buffer=book["liquid_buffer"] * factor), unemployment=unemployment)
        for factor in (0.0, 0.25, 0.5, 1.0, 2.0, 4.0)
    ]
    assert no_worse(rich)


def test_more_support_never_hurts_in_the_first_month(book):
    """Without `cut_when_poor`: who falls below `low_pay` saves a part of his necessities at once, others do not."""
    ladder = [
        days(supported(book, share), unemployment=0.3, model=changed(book, spending__cut_when_poor=0.0))
        for share in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    ]
    assert no_worse(ladder)


@pytest.mark.parametrize("cut", [0.0, 0.25, 0.5])
def test_lower_pay_never_helps_in_the_first_month(book, cut):
    model = changed(book, spending__cut_when_poor=cut)
    ladder = [days(book, growth=growth, model=model) for growth in (-0.99, -0.6, -0.3, 0.0, 0.3)]
    assert no_worse(ladder)


def test_lost_jobs_never_help_in_the_first_month(book):
    model = changed(book, spending__cut_when_poor=0.0, income__short_hours_share=0.0)
    ladder = [days(capped(book), unemployment=level, model=model) for level in (0.4, 0.3, 0.2, 0.1, 0.05)]
    assert no_worse(ladder)


@pytest.mark.parametrize("share", [0.2, 1.0])
def test_furlough_never_helps_in_the_first_month(book, share):
    model = changed(book, spending__cut_when_poor=0.0)
    harsh_first = (1.0, 0.7, 0.5, 0.3, 0.15, 0.05, 0.0)
    assert no_worse([days(book, furlough_share=share, furlough_income_loss=part, model=model) for part in harsh_first])
    shares = [days(book, furlough_share=of, furlough_income_loss=0.5, model=model) for of in (1.0, share / 2, 0.0)]
    assert no_worse(shares)


WILLS = {
    "forgetting": ("forgetting", (0.5, 0.2, 0.06, 0.02, 0.0)),
    "strategic_monthly": ("strategic", (0.5, 0.2, 0.05, 0.006, 0.0)),
    "misunderstanding": ("misunderstanding", (0.5, 0.2, 0.05, 0.0)),  # a "us-card" book has few first due dates
}


@pytest.mark.parametrize(("preset", "name"), [*((preset, name) for preset in PRESETS for name in WILLS)][:-1])
def test_less_will_to_pay_never_helps_in_the_first_month(books, preset, name):
    """Borrowers with one loan: with several, a bill that one forgets leaves cash for the others."""
    book, (cause, grid) = books[preset], WILLS[name]
    of = {"willingness__cured_in_month": 0.0, "willingness__strategic_resolve": 0.0}
    alone = single(book)
    models = [changed(book, **of, **{f"willingness__{name}": value}) for value in grid]
    assert no_worse([days(alone, model=model, unemployment=0.2) for model in models])
    fallen = [
        run(book, slump(1), model=model)["entries_to_arrears"].sel(month=1, cause=cause).sum("segment").values
        for model in models
    ]
    assert (np.diff(fallen, axis=0) <= 0).all()  # of that cause, on every path, with however many loans
    assert (fallen[0] > fallen[-1]).all()


def test_more_contact_never_hurts_in_the_first_month(book):
    alone, model = single(book), changed(book, willingness__contact_on_give_up=0.9, willingness__forgetting=0.5)
    ladder = [days(alone, collections_capacity=share, model=model) for share in (0.0, 0.3, 0.6, 1.0)]
    assert no_worse(ladder)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(data=st.data())
def test_first_month_signs_under_any_parameters(books, data):
    """Lines, cash and pay, with the rest of the economy and of the model anything."""
    book = books[data.draw(st.sampled_from(PRESETS))]
    share = st.floats(0.0, 1.0)
    model = changed(
        book,
        spending__cut_when_poor=data.draw(st.floats(0.0, 0.9)),
        spending__expense_monthly=data.draw(st.floats(0.0, 0.2)),
        willingness__forgetting=data.draw(st.floats(0.0, 0.5)),
        willingness__strategic_monthly=data.draw(st.floats(0.0, 0.5)),
        applications__short_monthly=data.draw(share),
        applications__usual_monthly=data.draw(share),
    )
    economy = {"unemployment": data.draw(st.floats(0.03, 0.4)), "furlough_share": data.draw(share)}
    economy |= {"furlough_income_loss": data.draw(share), "collections_capacity": data.draw(share)}
    few, many = sorted(data.draw(st.tuples(share, share)))
    less, more = sorted(data.draw(st.tuples(st.floats(-0.9, 1.0), st.floats(-0.9, 1.0))))
    poor = book.assign(liquid_buffer=book["liquid_buffer"] * few)
    worse = days(poor, model=model, line_supply=0.0, growth=less, **economy)
    better = days(book, model=model, line_supply=many, growth=more, **economy)
    assert (better <= worse).all()


@pytest.mark.parametrize("stress", [0.05, 0.15])
def test_a_limit_cut_lowers_what_is_drawn_at_once(book, stress):
    """The own lender's drawings in the month of the cut, on every path; what it does to losses has no sign."""
    drawn = [
        own(run(book, slump(1, to=stress), responses=[LimitManagement(cut=cut)]))["drawn"].sel(month=1).sum("segment")
        for cut in (0.0, 0.3, 0.6, 0.9, 1.0)
    ]
    assert (np.diff(drawn, axis=0) <= 0.0).all()
    assert (drawn[0] > drawn[2]).all()
    assert not drawn[-1].any()


@pytest.mark.parametrize("renewal", ["static", "run-off"])
def test_a_warning_alone_changes_no_life(book, renewal):
    nothing = run(book, renewal=renewal)
    watched = run(book, renewal=renewal, responses=[EarlyWarning(score_below=600, use_from=0.5)])
    assert watched["flagged"].sum() > 1_000
    xr.testing.assert_equal(watched[list(nothing.data_vars)], nothing)
    frozen = run(book, renewal=renewal, responses=[EarlyWarning(score_below=600, use_from=0.5, freeze=True)])
    assert not (frozen["balance"] == nothing["balance"]).all()


# In expectation: the mean over paths, within paired standard errors.


@pytest.mark.parametrize("stress", [0.05, 0.10, 0.18])
def test_less_contact_never_lowers_losses(book, stress):
    shares = (1.0, 0.75, 0.5, 0.25, 0.0)
    assert never_falls([loss(run(book, slump(to=stress, collections_capacity=share))) for share in shares])


@pytest.mark.parametrize("effect", [(0.25, 0.15, 0.10, 0.05), (0.5,) * 6])
def test_less_outreach_never_raises_the_own_loss(book, effect):
    grid = (1.0, 0.003, 0.0)
    ladder = [
        loss(own(run(book, slump(paths=32), responses=[Outreach(capacity=reach, effect=effect)]))) for reach in grid
    ]
    assert never_falls(ladder, clear=0.0 if effect[0] < 0.5 else 2.0)  # a quarter fewer give up: hardly more than noise
    assert (ladder[-1] == loss(own(run(book, slump(paths=32))))).all()  # no capacity, no outreach


ECONOMIES = {
    "unemployment": [{"to": level} for level in (0.05, 0.06, 0.08, 0.11, 0.15, 0.22)],
    "pay": [{"growth": growth} for growth in (0.10, 0.05, 0.0, -0.05, -0.10, -0.2, -0.3)],
    "share on furlough": [{"furlough_share": of, "furlough_income_loss": 0.4} for of in (0.0, 0.1, 0.3, 0.6, 1.0)],
    "pay lost on furlough": [
        {"furlough_share": 0.5, "furlough_income_loss": part} for part in (0.0, 0.1, 0.2, 0.4, 0.7, 1.0)
    ],
}


@pytest.mark.parametrize(
    ("kind", "renewal"), [*((kind, "static") for kind in ECONOMIES), ("unemployment", "run-off"), ("pay", "run-off")]
)
def test_a_harsher_economy_never_costs_less(book, kind, renewal):
    assert never_falls([loss(run(book, slump(**economy), renewal=renewal)) for economy in ECONOMIES[kind]])


@pytest.mark.parametrize("name", WILLS)
def test_less_will_to_pay_never_lowers_entries(book, name):
    cause, grid = WILLS[name]
    results = [run(book, model=changed(book, **{f"willingness__{name}": value})) for value in grid[::-1]]
    assert not results[0]["entries_to_arrears"].sel(cause=cause).any()  # none of a cause that is switched off
    assert results[1]["entries_to_arrears"].sel(cause=cause).any()
    assert never_falls([entries(result) for result in results])


@pytest.mark.parametrize("stress", [0.05, 0.18])
def test_more_cash_and_support_never_raise_entries(book, stress):
    macro = slump(to=stress)
    rich = [book.assign(liquid_buffer=book["liquid_buffer"] * factor) for factor in (4.0, 2.0, 1.0, 0.5, 0.0)]
    assert never_falls([entries(run(some, macro)) for some in rich])
    assert never_falls([entries(run(supported(book, share), macro)) for share in (0.9, 0.6, 0.4, 0.2, 0.0)])


def test_causes_that_are_switched_off_are_the_only_ones_that_go(book):
    off = {f"willingness__{name}": 0.0 for name in WILLS}
    found = run(book, model=changed(book, **off))["entries_to_arrears"].sum(("path", "month", "segment"))
    gone = [cause for cause, _ in WILLS.values()]
    assert not found.sel(cause=gone).any()
    assert (found.sel(cause=[cause for cause in CAUSES if cause not in gone]) > 0).all()


# Restructuring.


@pytest.mark.parametrize(("line", "term"), [("ant:huabei", 12), ("issuer:card", 60)])
@pytest.mark.parametrize("forgiveness", [0.1, 0.3, 0.6])
def test_more_take_up_of_forgiveness_never_raises_arrears_of_the_treated(books, line, term, forgiveness):
    """Borrowers late with an own line, offered a plan once: lines late or written off and not granted anew.

    In the month of the offer on every path, later in expectation; a year on a small write-down has worn off. The
    term is one that asks for little: 12 payments of a US card are three times its minimum payment, and do harm.
    """
    lender, product = line.split(":")
    book = next(one for one in books.values() if one.attrs["own_lender"] == lender)
    theirs = (book["lender"] == lender) & (book["product"] == product)
    days_late, last = book["days_past_due"], Model.from_preset(book.attrs["preset"]).products[product].write_off_months
    who = np.unique(book["borrower"].values[(theirs & (days_late > 0) & (days_late < 30 * (last - 1))).values])
    some = book.isel(borrower=who, loan=np.flatnonzero(np.isin(book["borrower"].values, who)))
    some = some.assign(borrower=("loan", np.searchsorted(who, some["borrower"].values)))
    model = changed(book, **{f"products__{product}__{name}": 0.0 for name in ("relet_monthly", "bankruptcy_share")})
    bad = []
    for take_up in (1.0, 0.75, 0.5, 0.25, 0.0):
        terms = OPEN_TO_ALL | {"take_up": take_up, "forgiveness": forgiveness, "term_months": term, "months": 1}
        result = run(some, slump(12, paths=64), model=model, responses=[Restructuring(**terms)])
        bad.append(who.size - result["accounts"].sel(segment=line, bucket="current").astype(float))
    at_once = np.stack([count.sel(month=1).values for count in bad])
    assert (np.diff(at_once, axis=0) >= 0).all()
    assert not at_once[0].any()
    assert (at_once[-1] > 0).all()
    for month in (3, 6, 12) if forgiveness > 0.3 else (3, 6):
        assert never_falls([count.sel(month=month).values for count in bad]), month


@pytest.mark.parametrize("term", [0, 12, 36, 60])
def test_a_longer_term_alone_has_no_lasting_effect(book, term):
    """Loss and balance that defaults over three years, own book, all who are late treated: within 12 %."""
    macro = slump(36)
    nothing, treated = (
        own(run(book, macro, responses=some)) for some in ([], [Restructuring(**OPEN_TO_ALL, term_months=term)])
    )
    assert treated["restructured"].sum() > 500
    assert loss(treated).mean() == pytest.approx(loss(nothing).mean(), rel=0.12)
    assert float(treated["defaulted"].sum()) == pytest.approx(float(nothing["defaulted"].sum()), rel=0.12)
    cut = own(run(book, macro, responses=[Restructuring(**OPEN_TO_ALL, term_months=term, forgiveness=0.3)]))
    assert float(cut["defaulted"].sum()) < 0.9 * float(nothing["defaulted"].sum())  # forgiveness has one


def test_forgiveness_lowers_redefaults(book):
    shares, defaulted = [], []
    for forgiveness in (0.6, 0.3, 0.1, 0.0):
        result = own(run(book, slump(paths=16), responses=[Restructuring(**OPEN_TO_ALL, forgiveness=forgiveness)]))
        redefaulted, agreed = (result[name].sum(("month", "segment")) for name in ("redefaulted", "restructured"))
        shares.append((redefaulted / agreed).values)
        defaulted.append(result["defaulted"].sum(("month", "segment")).values)
    assert never_falls(shares)
    assert never_falls(defaulted)


# What comes back.


GAINS = (0.0, 0.8, 5.0)


@pytest.mark.parametrize("stress", [0.08, 0.15])
@pytest.mark.parametrize("name", ["contagion", "caseload"])
def test_larger_gains_never_lower_amplification(book, name, stress):
    """Of arrears, entries and loss, each loop alone; a gain of 0 amplifies nothing."""
    found = [run(book, slump(to=stress), feedback=Feedback(**(ALONE | {name: gain}))) for gain in GAINS]
    assert (found[0]["amplification"] == 1.0).all()
    for measure in found[0]["measure"].values:
        assert never_falls([result["amplification"].sel(measure=measure).values for result in found]), measure
    assert never_falls([loss(result) for result in found])


def test_a_larger_recovery_gain_never_lowers_losses(book):
    """From end to end: a claim's draw gives another amount at another hazard, so small steps drown."""
    found = [
        run(book, slump(to=0.15, paths=16), feedback=Feedback(**(ALONE | {"recovery": gain}))) for gain in (0.0, 10.0)
    ]
    assert never_falls([result["recovered"].sum(("month", "segment")).values for result in found[::-1]])
    assert never_falls([loss(result) for result in found])


def test_lenders_who_tighten_more_hurt_those_with_several_cards(books):
    """Entries in the first half year; later the book owes less, and there is no sign."""
    book = books["us-card"]
    ladder = [
        changed(book, credit_supply__gain=gain, credit_supply__tightening_monthly=1.0) for gain in (0.0, 3.0, 10.0)
    ]
    assert never_falls([entries(run(book, slump(6, to=0.15), model=model)) for model in ladder])


# How long a loan stays in the book.


def test_a_later_write_off_is_another_bad_loan_ratio_and_the_same_loss(books):
    """Over four years, what is 90 days late at the end counted as lost but for a tenth: within 10 %."""
    book = books["china-online"]
    ratios, losses = [], []
    for months in (4, 6, 10, 14):
        model = changed(book, **{f"products__{name}__write_off_months": months for name in np.unique(book["product"])})
        result = run(book, slump(48), model=model)
        bad = result["balance"].isel(month=-1, bucket=slice(3, None)).sum(("segment", "bucket"))
        gone = (result["written_off"] - result["recovered"]).sum(("month", "segment"))
        ratios.append(float(bad.sum() / result["balance"].isel(month=-1).sum()))
        losses.append(float((gone + 0.9 * bad).mean()))
    assert (np.diff(ratios) > 0.0).all()
    assert ratios[-1] > 5.0 * ratios[0]
    assert losses == pytest.approx([losses[2]] * 4, rel=0.10)
