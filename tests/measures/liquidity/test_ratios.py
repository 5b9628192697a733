"""Liquidity standards: the numbers of the rules, a wrong formula that must fail, a plain twin, a book by hand."""

import dataclasses
import math

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from stresslab.measures.liquidity.funding import (
    Borrowing,
    Funding,
    LiquidAsset,
    Partners,
    RollOver,
    Securitisation,
    Trigger,
)
from stresslab.measures.liquidity.ladder import liquidity_ladder
from stresslab.measures.liquidity.on_balance_sheet import own_part
from stresslab.measures.liquidity.ratios import hqla, lcr, liquidity_ratios, nsfr
from stresslab.schema import InputError
from tests.measures.hand import hand_result
from tests.measures.twin_cash import Life, capped, ratios, small_book

few = settings(max_examples=15, deadline=None)
seeds = st.integers(0, 1000)
shares = st.floats(0, 1)
amounts = st.floats(0, 3e4)
STOCKS = [
    ((60, 40, 0), 100.0),
    ((50, 40, 20), 83.3333),
    ((60, 10, 30), 82.3529),
    ((100, 20, 30), 141.1765),
    ((100, 60, 30), 166.6667),
    ((10, 0, 50), 11.7647),
    ((60, 39, 30), 100.0),
]


def check_stock(formula):
    for parts, expected in STOCKS:
        assert float(formula(*parts)) == pytest.approx(expected, abs=5e-5)


def without_caps(level_1, level_2a, level_2b):
    return level_1 + level_2a + level_2b


def with_one_cap(level_1, level_2a, level_2b):
    return level_1 + min(level_2a + level_2b, 2 / 3 * level_1)


def test_the_stock_of_the_rules():
    check_stock(hqla)
    check_stock(capped)
    np.testing.assert_allclose(hqla(*np.transpose([parts for parts, _ in STOCKS])), [x for _, x in STOCKS], atol=5e-5)


@pytest.mark.parametrize("wrong", [without_caps, with_one_cap])
def test_a_stock_with_a_cap_left_out_fails(wrong):
    with pytest.raises(AssertionError):
        check_stock(wrong)


def test_the_stock_is_that_of_the_steps_of_the_united_states():
    """12 CFR 249.21: first what level 2 has above 40 %, then what level 2B still has above 15 %."""
    one, two, rest = np.random.default_rng(1).uniform(0.0, 100.0, (3, 4_000))
    above_40 = np.maximum(two + rest - 2 / 3 * one, 0.0)
    above_15 = np.maximum(rest - above_40 - 3 / 17 * (one + two), 0.0)
    np.testing.assert_allclose(hqla(one, two, rest), one + two + rest - above_40 - above_15, rtol=1e-12)


def test_what_the_caps_take_away():
    # A15 = 7.5, A40 = 19.1667; then A15 = 17.6471 alone, then 8.8235 alone
    assert 50 + 40 + 20 - float(hqla(50, 40, 20)) == pytest.approx(7.5 + 19.1667, abs=5e-5)
    assert 60 + 10 + 30 - float(hqla(60, 10, 30)) == pytest.approx(17.6471, abs=5e-5)
    assert 100 + 20 + 30 - float(hqla(100, 20, 30)) == pytest.approx(8.8235, abs=5e-5)


@few
@given(amounts, amounts, amounts)
def test_caps_hold(one, two, rest):
    stock = float(hqla(one, two, rest))
    assert stock == pytest.approx(capped(one, two, rest), rel=1e-12)
    assert one - 1e-9 <= stock <= (one + two + rest) * (1 + 1e-12)
    assert stock <= one / 0.6 + 1e-6  # level 2 at most 40 % of it
    assert float(hqla(one, two, 0.0)) >= stock - min(rest, 15 / 85 * (one + two)) - 1e-6


def check_lcr(formula):
    flow_out, flow_in = 0.05 * 1000 + 0.40 * 200 + 1.00 * 300, 0.5 * 900 + 20
    assert (flow_out, flow_in) == (430, 470)
    assert 100 * float(formula(150.0, flow_out, flow_in)) == pytest.approx(139.5349, abs=5e-5)


def test_the_coverage_ratio_of_the_rules():
    check_lcr(lcr)
    assert float(lcr(150.0, 430.0, 100.0)) == pytest.approx(150 / 330)
    assert float(lcr(150.0, 0.0, 10.0)) == math.inf
    assert lcr([150.0, 107.5], 430.0, 470.0).round(6).tolist() == [1.395349, 1.0]


def test_a_coverage_ratio_without_its_cap_fails():
    with pytest.raises(AssertionError):
        check_lcr(lambda stock, out, come: stock / max(out - come, 1e-9))


def test_the_stable_funding_ratio_of_the_rules():
    available = 100 + 0.5 * 400 + 300 + 0.5 * 100
    required = 0.05 * 50 + 0.5 * 600 + 0.85 * 250 + 20 + 0.05 * 500
    assert (available, required) == (650, 560)
    assert 100 * float(nsfr(available, required)) == pytest.approx(116.0714, abs=5e-5)
    assert float(nsfr(5.0, 0.0)) == math.inf


@pytest.mark.parametrize(
    ("formula", "parts", "names"),
    [
        (hqla, (-1.0, math.nan, math.inf), ["level_1: found -1.0", "level_2a: found nan", "level_2b: found inf"]),
        (lcr, (-1.0, math.nan, [1.0, -2.0]), ["stock: found -1.0", "outflow: found nan", "inflow: found -2.0, 1 in"]),
        (nsfr, (math.nan, -1.0), ["available: found nan", "required: found -1.0"]),
    ],
)
def test_amounts_are_refused_by_name(formula, parts, names):
    with pytest.raises(InputError) as caught:
        formula(*parts)
    assert caught.value.subject == formula.__name__
    assert len(caught.value.faults) == len(names)
    for fault, name in zip(caught.value.faults, names, strict=True):
        assert fault.startswith(name)


def by_hand(current=900.0, late_30=0.0, late_90=100.0, own=1.0, **flows):
    """A result of one path and two months, a tenth of which is due at the next due date, 30 % after a year."""
    balance = np.zeros((1, 2, 1, 8))
    balance[..., 0], balance[..., 1], balance[..., 3] = current, late_30, late_90
    book = hand_result(balance, undrawn=400.0, **flows)
    contracts = {"own_share": own, "due_share": 0.1, "beyond_year_share": 0.3}
    return book.assign({name: ("segment", [value]) for name, value in contracts.items()})


ASSETS = [LiquidAsset(100.0), LiquidAsset(50.0, "level_1"), LiquidAsset(40.0, "level_2a", haircut=0.15)]
FAR = [Borrowing("bond", {99: 1.0})]
FUNDING = Funding(
    ASSETS, [Borrowing("interbank", {1: 80.0, 8: 100.0, 20: 300.0}), Borrowing("nonfinancial", {1: 50.0})]
)


def at(found, month=0):
    return {name: float(found[name].isel(path=0, month=month)) for name in found}


def test_the_ratios_of_a_book_by_hand():
    here = at(liquidity_ratios(by_hand(), FUNDING, 200.0))
    assert here["hqla"] == pytest.approx(100 + 50 + 34)
    assert here["outflow"] == pytest.approx(80 + 0.4 * 50 + 0.05 * 400)
    assert here["inflow"] == pytest.approx(0.5 * 0.1 * 900)
    assert here["lcr"] == here["hqla_adequacy"] == pytest.approx(184 / (120 - 45))
    assert here["available"] == pytest.approx(200 + 0.5 * 100 + 300 + 0.5 * 50)
    assert here["required"] == pytest.approx(2.5 + 6 + 0.5 * 630 + 0.85 * 270 + 100 + 20)
    assert here["nsfr"] == pytest.approx(here["available"] / here["required"])
    assert here["liquidity_ratio"] == pytest.approx((190 + 90) / 130)


def test_cash_is_used_up_first_and_then_the_smallest_haircut():
    assets = [
        LiquidAsset(100.0, "level_2a", 0.2),
        LiquidAsset(30.0, "level_1", 0.1),
        LiquidAsset(5.0, "other", 0.5),
        LiquidAsset(3.0),
    ]
    for cost, cash_left, one, two in ((2, 1, 30, 100), (12, 0, 20, 100), (70, 0, 0, 50), (5000, 0, 0, 0)):
        here = at(liquidity_ratios(by_hand(), Funding(assets, FAR, operating_cost_monthly=cost)), month=1)
        assert here["hqla"] == pytest.approx(float(hqla(cash_left + one, 0.85 * two, 0.0)), abs=1e-9), cost


def test_what_is_late_gives_no_inflow():
    whole = at(liquidity_ratios(by_hand(1000.0, 0.0, 0.0), FUNDING))["inflow"]
    for late in ({"late_30": 60.0, "late_90": 0.0}, {"late_30": 0.0, "late_90": 60.0}):
        here = at(liquidity_ratios(by_hand(940.0, **late), FUNDING))["inflow"]
        assert whole - here == pytest.approx(0.5 * 0.1 * 60.0)
    assert at(liquidity_ratios(by_hand(0.0, 900.0, 100.0), FUNDING))["inflow"] == 0.0


@few
@given(seeds, st.integers(1, 7), shares)
def test_moving_a_balance_to_a_late_bucket_takes_its_inflow_away(seed, bucket, part):
    book = small_book(seed)
    moved = book.copy(deep=True)
    x = part * book["balance"].isel(bucket=0, segment=1)
    moved["balance"][:, :, 1, 0] -= x
    moved["balance"][:, :, 1, bucket] += x
    one, other = (liquidity_ratios(each, FUNDING)["inflow"] for each in (book, moved))
    due = 0.5 * float(book["due_share"][1] * book["own_share"][1]) * x
    np.testing.assert_allclose(one - other, due, rtol=1e-9, atol=1e-7)


triggers = st.builds(Trigger, arrears_30=st.sampled_from([0.1113, 0.1507, 0.2119]), months=st.integers(1, 3))
fundings = st.builds(
    Funding,
    st.lists(
        st.builds(
            LiquidAsset,
            amounts,
            st.sampled_from(["level_1", "level_2a", "level_2b_rmbs", "level_2b", "other"]),
            st.sampled_from([0.0, 0.25, 0.5, 1.0]),
        ),
        max_size=4,
    ).map(lambda assets: [*assets, LiquidAsset(1e4)]),
    st.lists(
        st.builds(
            Borrowing,
            st.sampled_from(["bond", "interbank", "nonfinancial", "stable_deposits", "less_stable_deposits"]),
            st.lists(amounts, max_size=20),
            st.floats(0, 0.2),
            shares | st.builds(RollOver, shares, st.floats(0, 10)),
            st.none() | st.integers(1, 15),
        ),
        min_size=1,
        max_size=3,
    ),
    st.lists(
        st.builds(
            Securitisation,
            st.lists(st.tuples(amounts, st.floats(0, 0.2)), min_size=1, max_size=2),
            shares,
            st.integers(0, 14),
            st.none() | triggers,
        ),
        max_size=1,
    ),
    st.builds(Partners, st.none() | triggers, st.integers(0, 3), shares, shares, shares),
    operating_cost_monthly=st.floats(0, 1e4),
)


def check_twin(book, funding, equity, delay=1):
    """Compare all ratios with those of the twin."""
    found = liquidity_ratios(book, funding, equity)
    for scenario in range(book.sizes["scenario"]) if "scenario" in book.dims else [None]:
        run, view = (found, book) if scenario is None else (found.isel(scenario=scenario), book.isel(scenario=scenario))
        for path in range(book.sizes["path"]):
            capital = equity.isel(path=path).values.tolist() if isinstance(equity, xr.DataArray) else [equity] * 7
            slow = ratios(Life(view.isel(segment=slice(0, 3)), funding.partners, path, delay), funding, capital)
            for name in ("hqla", "outflow", "inflow", "available", "required", "lcr", "nsfr", "liquidity_ratio"):
                here = run[name].isel(path=path)
                np.testing.assert_allclose(here, slow[name], rtol=1e-9, atol=1e-6, err_msg=name)
            np.testing.assert_array_equal(run["hqla_adequacy"].isel(path=path), run["lcr"].isel(path=path))


@few
@given(seeds, fundings, st.booleans(), st.sampled_from([None, ["base", "severe"]]))
def test_ratios_are_those_of_a_plain_twin(seed, funding, by_path, scenario):
    book = small_book(seed, scenario=scenario)
    equity = book["unemployment_rate"] * 1e5 if by_path else 4e3
    if scenario and by_path:
        equity = equity.isel(scenario=0, drop=True)
    check_twin(book, funding, equity)


def test_a_twin_that_acts_at_once_disagrees():
    watched = Borrowing("bond", [1e4] * 6, 0.05, RollOver(0.9, arrears_sensitivity=5.0), tenor_months=2)
    leaving = Partners(Trigger(arrears_30=0.1507, months=1))
    for part in ({"borrowings": [watched]}, {"borrowings": FAR, "partners": leaving}):
        funding = Funding(2e5, **part)
        check_twin(small_book(3), funding, 1e4)
        with pytest.raises(AssertionError):
            check_twin(small_book(3), funding, 1e4, delay=0)


def test_cash_moves_with_the_gap_of_the_ladder():
    book, funding = small_book(2), Funding(1e6, [Borrowing("bond", [1e4] * 6, 0.1)])
    gap = liquidity_ladder(book, funding, horizon=6)["cumulative_gap"]
    found = liquidity_ratios(book, funding)["hqla"]
    np.testing.assert_allclose(found.isel(month=slice(1, None)), 1e6 + gap)
    np.testing.assert_allclose(found.isel(month=0), 1e6)


def test_nothing_to_cover_is_covered():
    book = by_hand().assign(undrawn_limit=by_hand()["undrawn_limit"] * 0.0)
    here = at(liquidity_ratios(book, Funding(5.0, FAR)))
    assert here["lcr"] == here["liquidity_ratio"] == math.inf


def test_a_lender_without_debts_has_ratios():
    here = at(liquidity_ratios(by_hand(), Funding(5.0), 200.0))
    assert here["available"] == 200.0
    assert here["liquidity_ratio"] == math.inf


def test_equity_is_stable_and_more_of_it_is_better():
    low, high = (liquidity_ratios(small_book(1), FUNDING, equity) for equity in (0.0, 1000.0))
    np.testing.assert_allclose(high["available"] - low["available"], 1000.0)
    assert (high["nsfr"] > low["nsfr"]).all()
    lost = liquidity_ratios(small_book(1), FUNDING, -1000.0)
    assert (lost["available"] < low["available"]).all()


def test_equity_may_stand_in_any_order():
    book = small_book(1)
    equity = book["unemployment_rate"] * 1e5
    one, other = (liquidity_ratios(book, FUNDING, each) for each in (equity, equity.transpose("month", "path")))
    xr.testing.assert_identical(one, other)


def test_an_own_part_has_the_same_ratios():
    book, terms = small_book(1), Partners(Trigger(arrears_30=0.1113, months=2), taken_over=0.5)
    funding = dataclasses.replace(FUNDING, partners=terms)
    xr.testing.assert_allclose(liquidity_ratios(book, funding), liquidity_ratios(own_part(book, terms), funding))


def test_units_and_dimensions():
    found = liquidity_ratios(small_book(1, scenario=["base", "severe"]), FUNDING)
    assert {found[name].attrs["units"] for name in ("lcr", "nsfr", "liquidity_ratio", "hqla_adequacy")} == {"1"}
    assert {found[name].attrs["units"] for name in ("hqla", "inflow", "outflow", "available", "required")} == {
        "currency"
    }
    for name in found:
        assert found[name].dims == ("scenario", "path", "month")
    assert found["month"].values.tolist() == list(range(7))


def test_a_result_that_has_only_begun_has_ratios():
    notes = dataclasses.replace(FUNDING, securitisations=[Securitisation([(5.0, 0.1)], 0.5)])
    for funding in (FUNDING, notes):
        assert liquidity_ratios(small_book(1).isel(month=[0]), funding)["lcr"].shape == (2, 1)


def test_every_fault_is_named_at_once():
    book = small_book(1).drop_vars(["due_share", "undrawn_limit"]).copy(deep=True)
    book["paid"][0, 1, 0] = np.nan
    with pytest.raises(InputError) as caught:
        liquidity_ratios(book, FUNDING, math.nan, lender="nobody")
    starts = [fault.split(":")[0] for fault in caught.value.faults]
    assert sorted(starts) == ["due_share", "equity", "lender", "paid", "undrawn_limit"]


def equity_of(paths=2, months=7, **others):
    return xr.DataArray(np.ones((paths, months)), dims=("path", "month")).assign_coords(others)


@pytest.mark.parametrize(
    "equity",
    [
        "much",
        None,
        math.inf,
        equity_of().isel(path=0),
        equity_of().mean("month"),
        equity_of(months=6),
        equity_of(paths=3),
        equity_of(month=range(1, 8)),
        equity_of().expand_dims(scenario=["base", "severe"]),
        equity_of() * math.nan,
    ],
    ids=["word", "none", "infinite", "no path", "no month", "months", "paths", "other months", "scenarios", "nan"],
)
def test_equity_of_another_shape_is_refused(equity):
    with pytest.raises(InputError, match="equity: found") as caught:
        liquidity_ratios(small_book(1), FUNDING, equity)
    assert caught.value.subject == "liquidity_ratios"
