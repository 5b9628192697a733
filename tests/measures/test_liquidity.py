"""Liquidity: cash ladders worked by hand, a slow twin, properties over random books, refusals."""

import dataclasses
import math

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from stresslab.measures.liquidity import Funding, liquidity_buffer
from stresslab.schema import FLOWS, InputError
from tests.books import made_up_result

BOOK = made_up_result(paths=40, months=12, seed=1, scenario=["base", "severe"])
LADDER = Funding.for_book(BOOK, rollover_share=0.5, interest_rate=0.04)


def cash(paid, **others):
    """A result of one segment, wholly own, with these payments by path and month 1, 2, ...; else nothing flows."""
    dims = ("path", "month", "segment")
    paid = np.asarray(paid, dtype=float)
    flat = {name: np.zeros((paid.shape[0], paid.shape[1] + 1, 1)) for name in (*FLOWS, "undrawn_limit")}
    flat["paid"][:, 1:, 0] = paid
    for name, value in others.items():
        flat[name][:, :, 0] = value
    labels = {
        "month": np.arange(paid.shape[1] + 1),
        "segment": ["ours:card"],
        "lender": ("segment", ["ours"]),
        "product": ("segment", ["card"]),
    }
    flows = {name: (dims, value) for name, value in flat.items()} | {"own_share": ("segment", [1.0])}
    return xr.Dataset(flows, labels, {"own_lender": "ours"})


def test_outflow_by_hand():
    funding = Funding(0.0, {1: 100.0, 3: 300.0}, rollover_share=0.25, interest_rate=0.12, operating_cost_monthly=7.0)
    # owed at the start of the months: 400, 325, 325, 100
    assert funding.outflow(4) == pytest.approx([75 + 4 + 7, 3.25 + 7, 225 + 3.25 + 7, 1 + 7])
    assert funding.outflow(1) == pytest.approx([75 + 4 + 7])


def test_ladder_by_hand():
    book = cash([[10, 0, 50], [30, 30, 30], [0, 0, 90]])
    found = liquidity_buffer(book, Funding(25.0, [20.0, 20.0, 20.0]), horizon=3, confidence=0.5)
    assert found["gap"].values.tolist() == [[-10, -20, 30], [10, 10, 10], [-20, -20, 70]]
    assert found["cumulative_gap"].values.tolist() == [[-10, -30, 0], [10, 20, 30], [-20, -40, 30]]
    assert found["shortfall"].values.tolist() == [30, 0, 40]
    np.testing.assert_array_equal(found["survival_month"], [2, np.nan, 2])
    assert float(found["survival_probability"]) == pytest.approx(1 / 3)
    assert float(found["buffer"]) == 30.0
    # worst half of three paths: 40 whole and half of 30
    assert float(found["expected_shortfall"]) == pytest.approx((40 + 0.5 * 30) / 1.5)
    assert int(found["paths_in_tail"]) == 1


def test_further_draws_run_down_the_line():
    book = cash([[0, 0, 0], [0, 0, 0]], undrawn_limit=[100.0, 100.0, 10.0, 10.0])
    gap = liquidity_buffer(book, Funding(0.0, [], committed_draw_share=0.2), horizon=3)["gap"]
    # 0.2 x 100, 0.2 x (100 - 20), and the line has been cut to less than was taken
    np.testing.assert_allclose(gap[0], [-20, -16, 0])


def test_new_lending_may_stop():
    book = cash([[5, 5], [5, 5]], drawn=[0.0, 4.0, 4.0], originated=[0.0, 2.0, 0.0])
    for paid_out, expected in ((1.0, [-1, 1]), (0.5, [2, 3]), (0.0, [5, 5])):
        found = liquidity_buffer(book, Funding(0.0, [], new_lending_share=paid_out), horizon=2)
        assert found["gap"].values[0].tolist() == expected


def test_partners_carry_their_part():
    book = cash([[8.0], [8.0]]).assign(own_share=("segment", [0.25]))
    assert liquidity_buffer(book, Funding(0.0, []), horizon=1)["gap"].values[0, 0] == 2.0
    assert liquidity_buffer(book, Funding(0.0, [], own_funding=False), horizon=1)["gap"].values[0, 0] == 8.0
    alone = book.drop_vars("own_share")
    assert liquidity_buffer(alone, Funding(0.0, [], own_funding=False), horizon=1)["gap"].values[0, 0] == 8.0
    with pytest.raises(InputError, match="own_share: missing"):
        liquidity_buffer(alone, Funding(0.0, []), horizon=1)


def slow_gap(book, funding, path, horizon):
    """Net cash flow of one path, month by month and segment by segment, with plain numbers."""
    owed, gaps = sum(funding.maturing_borrowings), []
    taken = {segment: 0.0 for segment in book["segment"].values}
    for month in range(1, horizon + 1):
        now, before = book.isel(path=path, month=month), book.isel(path=path, month=month - 1)
        gap = -owed * funding.interest_rate / 12 - funding.operating_cost_monthly
        due = funding.maturing_borrowings[month - 1] if month <= len(funding.maturing_borrowings) else 0.0
        gap -= due * (1 - funding.rollover_share)
        owed -= due * (1 - funding.rollover_share)
        for segment in taken:
            here = now.sel(segment=segment)
            line = float(before["undrawn_limit"].sel(segment=segment)) - taken[segment]
            draw = funding.committed_draw_share * max(line, 0.0)
            taken[segment] += draw
            lent = funding.new_lending_share * float(here["drawn"] + here["originated"])
            gap += float(here["own_share"]) * (float(here["paid"] + here["recovered"]) - lent - draw)
        gaps.append(gap)
    return gaps


def test_gap_is_that_of_a_slow_twin():
    book = made_up_result(paths=3, months=7, seed=5)
    funding = Funding(10.0, [1e4] * 4, 0.3, 0.05, 120.0, 0.7, 0.03)
    found = liquidity_buffer(book, funding, horizon=7)["gap"]
    own = book.isel(segment=[0, 1])
    for path in range(3):
        np.testing.assert_allclose(found.sel(path=path), slow_gap(own, funding, path, 7))


def test_a_plausible_ladder_for_a_book():
    own = BOOK.isel(segment=[0, 1])
    funded = float((own["balance"].isel(scenario=0, path=0, month=0).sum("bucket") * own["own_share"]).sum())
    funding = Funding.for_book(BOOK, borrowed_share=0.9, liquid_share=0.1, months=6, rollover_share=0.8)
    assert sum(funding.maturing_borrowings) == pytest.approx(0.9 * funded)
    assert len(set(funding.maturing_borrowings)) == 1
    assert len(funding.maturing_borrowings) == 6
    assert funding.liquid_assets == pytest.approx(0.1 * funded)
    assert funding.rollover_share == 0.8
    whole = Funding.for_book(BOOK, own_funding=False)
    assert sum(whole.maturing_borrowings) > sum(Funding.for_book(BOOK).maturing_borrowings)


def test_funding_is_the_same_however_its_ladder_is_given():
    assert Funding(1.0, {3: 5.0, 1: 2.0}) == Funding(1.0, [2.0, 0.0, 5.0]) == Funding(1.0, np.array([2.0, 0.0, 5.0]))
    assert Funding(1.0, {}) == Funding(1.0, [])


def test_scenario_goes_through_unmixed():
    both = liquidity_buffer(BOOK, LADDER)
    for name in ("base", "severe"):
        xr.testing.assert_allclose(both.sel(scenario=name), liquidity_buffer(BOOK.sel(scenario=name), LADDER))
    assert both["buffer"].dims == ("scenario",)


def test_saved_and_loaded_it_is_the_same(tmp_path):
    found = liquidity_buffer(BOOK, LADDER)
    found.to_netcdf(tmp_path / "liquidity.nc")
    with xr.open_dataset(tmp_path / "liquidity.nc") as again:
        xr.testing.assert_equal(found, again.load())
        assert again.attrs["funding"] == repr(LADDER)


few = settings(max_examples=25, deadline=None)
seeds = st.integers(0, 1000)
fundings = st.builds(
    Funding,
    liquid_assets=st.floats(0, 1e5),
    maturing_borrowings=st.lists(st.floats(0, 1e5), max_size=8),
    rollover_share=st.floats(0, 1),
    interest_rate=st.floats(0, 0.2),
    new_lending_share=st.floats(0, 1),
    committed_draw_share=st.floats(0, 0.3),
)


@few
@given(seeds, fundings, st.sampled_from([0.5, 0.8, 0.9]))
def test_the_buffer_is_what_survival_takes(seed, funding, confidence):
    book = made_up_result(paths=20, months=4, seed=seed)
    need = liquidity_buffer(book, funding, confidence=confidence, horizon=4)
    held = dataclasses.replace(funding, liquid_assets=float(need["buffer"]))
    found = liquidity_buffer(book, held, confidence=confidence, horizon=4)
    assert float(found["survival_probability"]) >= confidence - 1e-12
    dead = found["survival_month"].notnull()
    assert ((found["shortfall"] > float(need["buffer"])) == dead).all()
    assert float(found["survival_probability"]) == pytest.approx(1 - float(dead.mean()))


@few
@given(seeds, fundings)
def test_buffer_rises_with_confidence_horizon_and_closed_markets(seed, funding):
    book = made_up_result(paths=20, months=4, seed=seed)

    def buffer(funding=funding, confidence=0.8, horizon=3):
        return liquidity_buffer(book, funding, confidence=confidence, horizon=horizon)

    base = buffer()
    slack = 1e-6
    assert float(base["expected_shortfall"]) >= float(base["buffer"])
    assert float(buffer(confidence=0.9)["buffer"]) >= float(base["buffer"])
    assert float(buffer(horizon=4)["buffer"]) >= float(base["buffer"])
    if funding.interest_rate == 0:
        closed = dataclasses.replace(funding, rollover_share=0.0)
        assert float(buffer(closed)["buffer"]) >= float(base["buffer"]) - slack
    drawn = dataclasses.replace(funding, committed_draw_share=min(1.0, funding.committed_draw_share + 0.3))
    assert float(buffer(drawn)["buffer"]) >= float(base["buffer"]) - slack


@few
@given(seeds, st.sampled_from([0.5, 4.0]), st.randoms(use_true_random=False))
def test_scale_and_order_of_paths(seed, factor, random):
    book = made_up_result(paths=12, months=3, seed=seed)
    one = liquidity_buffer(book, Funding(1e3, [2e4] * 3), confidence=0.8, horizon=3)
    money = [*FLOWS, "undrawn_limit"]
    order = random.sample(range(12), 12)
    scaled = book.assign({name: factor * book[name] for name in money}).isel(path=order)
    other = liquidity_buffer(scaled, Funding(factor * 1e3, [factor * 2e4] * 3), confidence=0.8, horizon=3)
    for name in ("buffer", "buffer_se", "buffer_low", "buffer_high", "expected_shortfall", "expected_shortfall_se"):
        np.testing.assert_allclose(other[name], factor * one[name], rtol=1e-9)
    np.testing.assert_array_equal(other["survival_month"].sortby("path"), one["survival_month"])


def test_few_paths_show_in_the_figures():
    found = liquidity_buffer(BOOK, LADDER)
    assert int(found["paths_in_tail"]) == 0
    assert (found["buffer_high"] == np.inf).all()
    assert np.isnan(found["buffer_se"]).all()


def test_funding_names_all_its_faults():
    with pytest.raises(InputError) as caught:
        Funding(
            -1.0,
            {0: 5.0, 2: math.nan},
            rollover_share=50,
            interest_rate=4.35,
            new_lending_share=-0.1,
            own_funding="yes",
        )
    text = str(caught.value)
    assert len(caught.value.faults) == 7
    for part in (
        "liquid_assets: found -1.0",
        "maturing_borrowings: found month 0",
        "maturing_borrowings[month 2]: found nan",
        "rollover_share: found 50, expected a finite number >= 0 and <= 1",
        "interest_rate: found 4.35",
        "new_lending_share: found -0.1",
        "own_funding: found 'yes'",
    ):
        assert part in text


@pytest.mark.parametrize("ladder", [100.0, None, "12", ["ten"], {1.5: 3.0}])
def test_a_ladder_that_is_none_is_refused(ladder):
    with pytest.raises(InputError, match="maturing_borrowings"):
        Funding(0.0, ladder)


def nan_in(name):
    book = BOOK.copy(deep=True)
    book[name][0, 1, 2, 0] = np.nan
    return book


@pytest.mark.parametrize(
    ("book", "wish", "message"),
    [
        (BOOK, {"horizon": 13}, r"horizon: found 13, expected whole months, 1 to 12"),
        (BOOK, {"confidence": 99}, r"confidence: found 99, .* 0\.99, not 99"),
        (BOOK, {"confidence": float("nan")}, r"confidence: found nan"),
        (BOOK, {"lender": "nobody"}, r"lender: found 'nobody'"),
        (BOOK.drop_vars("undrawn_limit"), {}, r"undrawn_limit: missing"),
        (BOOK.isel(path=[0]), {}, r"path: found 1, expected at least 2"),
        (nan_in("paid"), {}, r"paid: found nan at scenario 0, path 1, month 2, segment 0"),
    ],
)
def test_bad_input_is_refused_by_name(book, wish, message):
    with pytest.raises(InputError, match=message):
        liquidity_buffer(book, LADDER, **wish)


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({"borrowed_share": 80}, "borrowed_share: found 80"),
        ({"months": 0}, "months: found 0"),
        ({"lender": "nobody"}, "lender: found 'nobody'"),
        ({"rollover_share": 2}, "rollover_share: found 2"),
    ],
)
def test_a_ladder_for_a_book_refuses_bad_wishes(wish, message):
    with pytest.raises(InputError, match=message):
        Funding.for_book(BOOK, **wish)
