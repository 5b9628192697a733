"""The own part of a book: a plain twin, what holds exactly, growth, triggers seen a month late."""

import json

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from stresslab.measures.liquidity.funding import Funding, Partners, Trigger
from stresslab.measures.liquidity.ladder import liquidity_ladder
from stresslab.measures.liquidity.on_balance_sheet import (
    FLOWS_OF_OLD,
    IDENTITY,
    LENT,
    NEEDS,
    STOCKS,
    grow,
    own_part,
    seen,
    tripped,
)
from stresslab.measures.losses import loss_distribution
from stresslab.schema import InputError
from tests.measures.hand import hand_result
from tests.measures.twin_cash import Life, acting, levels, small_book

few = settings(max_examples=20, deadline=None)
seeds = st.integers(0, 1000)
shares = st.floats(0, 1)
# thresholds that some made-up paths cross, and none meets to the last bit
arrears = st.builds(
    Trigger,
    arrears_30=st.sampled_from([None, 0.1113, 0.1507, 0.2119]),
    arrears_90=st.sampled_from([0.0313, 0.0707, 0.0919]),
    months=st.integers(1, 4),
)
losses = st.builds(Trigger, annual_loss=st.sampled_from([0.0213, 0.0317, 0.0393]), months=st.integers(1, 4))


def partners(trigger):
    return st.builds(Partners, trigger, notice_months=st.integers(0, 8), withdrawn_share=shares, taken_over=shares)


LEAVING = Partners(Trigger(arrears_30=0.1113, months=2), notice_months=1, withdrawn_share=0.8, taken_over=0.5)


def ours(book):
    return book.isel(segment=slice(0, 3))


def total(book):
    return book["balance"].sum("bucket")


def late_book(late, lost=None, owed=1000.0, **flows):
    """A result of one path and segment whose balance is late by this share at month ends; a fifth is funded."""
    late = np.asarray(late, float)
    balance = np.zeros((1, late.size, 1, 8))
    balance[0, :, 0, 1], balance[0, :, 0, 0] = owed * late, owed - owed * late
    lost = np.zeros(late.size) if lost is None else np.asarray(lost, float)
    book = hand_result(balance, written_off=lost.reshape(1, -1, 1), **flows)
    return book.assign(own_share=("segment", [0.2]))


def check_twin(book, terms, delay=1):
    """Compare an own part with that of the twin, amount by amount."""
    found = own_part(book, terms)
    runs = [(found, ours(book))]
    if "scenario" in book.dims:
        runs = [(found.isel(scenario=k), ours(book).isel(scenario=k)) for k in range(book.sizes["scenario"])]
    for part, view in runs:
        for path in range(part.sizes["path"]):
            life = Life(view, terms, path, delay)
            for name, theirs in (
                *((name, name) for name in ("balance", "undrawn_limit", *IDENTITY, "partner_balance", "partner_loss")),
                ("funded_share", "funded"),
                ("lent_share", "lent"),
            ):
                have = part[name].isel(path=path).transpose("month", "segment", ...)
                np.testing.assert_allclose(have, getattr(life, theirs), rtol=1e-9, atol=1e-8, err_msg=name)


@few
@given(seeds, partners(arrears), st.sampled_from([None, ["base", "severe"]]))
def test_own_part_is_that_of_a_plain_twin(seed, terms, scenario):
    check_twin(small_book(seed, scenario=scenario), terms)


@pytest.mark.parametrize("limit", [0.0213, 0.0317, 0.0393])
@pytest.mark.parametrize(("months", "notice"), [(1, 0), (3, 1)])
def test_own_part_is_that_of_a_plain_twin_when_losses_drive_partners_away(limit, months, notice):
    terms = Partners(Trigger(annual_loss=limit, months=months), notice, withdrawn_share=0.7, taken_over=0.4)
    check_twin(small_book(7), terms)


def test_a_twin_whose_partners_leave_at_once_disagrees():
    terms = Partners(Trigger(arrears_30=0.1507, months=1))
    check_twin(small_book(3), terms)
    with pytest.raises(AssertionError):
        check_twin(small_book(3), terms, delay=0)


def test_the_formula_by_hand():
    flows = {
        "drawn": [[[0.0], [100.0], [100.0]]],
        "paid": [[[0.0], [50.0], [60.0]]],
        "written_off": [[[0.0], [0.0], [10]]],
    }
    balance = np.zeros((1, 3, 1, 8))
    balance[0, :, 0, 0], balance[0, :, 0, 1] = [900, 950, 980], 100.0
    book = hand_result(balance, undrawn=[[[500.0], [400.0], [300.0]]], **flows).assign(own_share=("segment", [0.2]))
    found = own_part(book, Partners(Trigger(arrears_30=0.09, months=1), withdrawn_share=0.5, taken_over=0.25))
    # 10 % were late at the start: from month 1 partners lend 0.8 x 0.5, the lender 0.2 + 0.8 x 0.5 x 0.25
    np.testing.assert_allclose(found["lent_share"].values.ravel(), [0.2, 0.3, 0.3])
    np.testing.assert_allclose(found["drawn"].values.ravel(), [0, 30, 30])
    own = [200, 0.2 * 950 + 30, 0.0]
    own[2] = own[1] / 1050 * 980 + 30
    np.testing.assert_allclose(total(found).values.ravel(), own)
    theirs = [800, 0.8 * 950 + 40, 0.0]
    theirs[2] = theirs[1] / 1050 * 980 + 40
    np.testing.assert_allclose(found["partner_balance"].values.ravel(), theirs)
    np.testing.assert_allclose(found["paid"].values.ravel(), [0, 10, 60 * own[1] / 1050])
    np.testing.assert_allclose(found["partner_loss"].values.ravel(), [0, 0, 10 * theirs[1] / 1050])
    np.testing.assert_allclose(found["own_share"], 1.0)


@few
@given(seeds, partners(arrears | losses))
def test_the_own_books_balance_after_partners_have_left(seed, terms):
    part = own_part(small_book(seed), terms)
    flow = part.isel(month=slice(1, None))
    moved = flow["drawn"] + flow["originated"] + flow["interest"] + flow["fees"]
    moved = moved - flow["paid"] - flow["forgiven"] - flow["written_off"]
    np.testing.assert_allclose(total(part)[:, 1:], total(part)[:, :-1].values + moved, rtol=1e-9)


@few
@given(seeds, partners(arrears), st.booleans())
def test_own_and_partners_carry_no_more_than_the_whole(seed, terms, all_taken):
    book = small_book(seed)
    if all_taken:
        terms = Partners(terms.withdrawal, terms.notice_months, terms.withdrawn_share, taken_over=1.0)
    part, whole = own_part(book, terms), total(ours(book))
    carried = total(part) + part["partner_balance"]
    assert (carried <= whole * (1 + 1e-12)).all()
    assert ((part["funded_share"] >= 0) & (part["funded_share"] <= 1)).all()
    assert (part["partner_balance"] >= 0).all()
    if all_taken or terms.withdrawal is None:
        np.testing.assert_allclose(carried, whole, rtol=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_without_withdrawal_the_share_stays_to_the_last_bit(seed):
    book = small_book(seed, months=12)
    part = own_part(book)
    for name in ("funded_share", "lent_share"):
        assert (part[name] == ours(book)["own_share"]).all()
    for name in (*STOCKS, *FLOWS_OF_OLD, *LENT, "undrawn_limit"):
        xr.testing.assert_equal(part[name], (ours(book)[name] * ours(book)["own_share"]).transpose(*part[name].dims))
    for terms in (Partners(), Partners(Trigger(arrears_30=5.0)), Partners(Trigger(arrears_30=0.0), notice_months=40)):
        xr.testing.assert_identical(own_part(book, terms), part)


def test_counts_and_conditions_stay_and_units_are_said():
    book = small_book(1)
    part = own_part(book, LEAVING)
    for name in ("accounts", "entries_to_arrears", "line_supply", "contact", "unemployment_rate", "due_share"):
        xr.testing.assert_identical(part[name], ours(book)[name])
    assert part["balance"].attrs["units"] == part["partner_loss"].attrs["units"] == "currency"
    assert part["lent_share"].attrs["units"] == "1"
    withdrawal = {"withdrawal": {"arrears_30": 0.1113, "arrears_90": None, "annual_loss": None, "months": 2}}
    withdrawal |= {"notice_months": 1, "withdrawn_share": 0.8, "taken_over": 0.5}
    assert json.loads(part.attrs["partners"]) == withdrawal
    assert part.attrs == book.attrs | {"part": "own", "partners": part.attrs["partners"]}
    assert own_part(book).attrs == book.attrs | {"part": "own"}
    for name in book:
        assert part[name].dims == book[name].dims, name


def test_taken_twice_it_is_the_same():
    part = own_part(small_book(2), LEAVING)
    xr.testing.assert_identical(own_part(part, LEAVING), part)
    xr.testing.assert_identical(own_part(part), part)
    xr.testing.assert_identical(own_part(part, lender="all"), part)


def test_a_measure_of_the_own_part_is_the_measure_under_that_funding():
    book, funding = small_book(2), Funding(5.0, partners=LEAVING)
    one = liquidity_ladder(book, funding, horizon=6)
    other = liquidity_ladder(own_part(book, LEAVING), funding, horizon=6)
    xr.testing.assert_allclose(one, other, rtol=1e-12)
    assert np.isfinite(loss_distribution(own_part(book, LEAVING), levels=[0.5])["loss"]).all()


def test_whose_part():
    book = small_book(2)
    assert own_part(book, lender="bank").sizes["segment"] == 1
    assert own_part(book, lender="all").sizes["segment"] == 4


def test_scenarios_paths_and_later_months_do_not_touch_each_other():
    book = small_book(4, paths=3, scenario=["base", "severe"])
    both = own_part(book, LEAVING)
    for name in ("base", "severe"):
        xr.testing.assert_equal(both.sel(scenario=name), own_part(book.sel(scenario=name), LEAVING))
    xr.testing.assert_equal(both.isel(path=[2, 0]), own_part(book.isel(path=[2, 0]), LEAVING))
    xr.testing.assert_equal(both.isel(month=slice(0, 4)), own_part(book.isel(month=slice(0, 4)), LEAVING))


@pytest.mark.parametrize(
    "order", [("month", "path", "segment"), ("path", "segment", "month"), ("segment", "month", "path")]
)
def test_the_order_of_dimensions_does_not_matter(order):
    book = small_book(4)
    found = own_part(book.transpose(*order, ...), LEAVING)
    expected = own_part(book, LEAVING)
    assert (expected["lent_share"].isel(month=-1) > expected["lent_share"].isel(month=0)).any()
    for name in ("balance", "paid", "funded_share", "partner_balance"):
        xr.testing.assert_allclose(found[name].transpose(*expected[name].dims), expected[name])


def test_what_is_seen_by_hand():
    book = late_book([0.1, 0.2, 0.6, 0.0], [0.0, 10.0, 20.0, 40.0])
    np.testing.assert_allclose(seen(book, "arrears_30", 1), [[0.1, 0.2, 0.6, 0.0]], atol=1e-15)
    np.testing.assert_allclose(seen(book, "arrears_30", 3), [[0.1, 0.15, 0.3, 0.8 / 3]])
    np.testing.assert_allclose(seen(book, "arrears_90", 3), np.zeros((1, 4)))
    np.testing.assert_allclose(seen(book, "annual_loss", 1), [[0.0, 0.12, 0.24, 0.48]])
    np.testing.assert_allclose(seen(book, "annual_loss", 3), [[0.0, 0.12, 0.18, 0.28]])


@few
@given(seeds, st.sampled_from(["arrears_30", "arrears_90", "annual_loss"]), st.integers(1, 9))
def test_what_is_seen_is_what_the_twin_sees(seed, name, months):
    part = own_part(small_book(seed), LEAVING)
    for path in range(2):
        found = seen(part, name, months)[path]
        np.testing.assert_allclose(found, levels(Life(ours(small_book(seed)), LEAVING, path).book(), name, months))


@pytest.mark.parametrize("notice", [0, 1, 2, 9])
def test_a_trigger_acts_a_month_after_it_is_seen_and_for_good(notice):
    book = late_book([0.0, 0.0, 0.5, 0.0, 0.0, 0.0])
    acts = tripped(book, Trigger(arrears_30=0.4, months=1), notice)[0]
    assert acts.tolist() == [month >= 3 + notice for month in range(6)]
    assert not tripped(book, Trigger(arrears_30=0.4, months=2), notice).any()
    assert not tripped(book, None, notice).any()


def test_a_trigger_has_any_of_its_reasons():
    book = late_book([0.0, 0.5, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0])
    both = Trigger(arrears_30=0.4, arrears_90=0.4, annual_loss=0.4, months=1)
    assert tripped(book, both)[0].tolist() == [False, False, True, True]


@few
@given(seeds, arrears, st.integers(0, 7))
def test_triggers_act_as_the_twins_do(seed, trigger, notice):
    book = small_book(seed)
    own = ours(book).assign(own_share=("segment", np.ones(3)))
    found = tripped(ours(book), trigger, notice)
    for path in range(2):
        assert found[path].tolist() == acting(Life(own, Partners(), path).book(), trigger, notice)
    assert (np.diff(found.astype(int), axis=-1) >= 0).all()


def test_a_loss_acts_a_month_after_it_is_seen():
    book = late_book([0.0] * 4, [0.0, 100.0, 0.0, 0.0])
    acts = tripped(book, Trigger(annual_loss=0.5, months=1))
    assert acts.tolist() == [[False, False, True, True]]  # lost in month 1, seen at its end


def test_what_happens_in_a_month_does_not_move_partners_in_that_month():
    calm, bad = late_book([0.0] * 3, [0.0, 0.0, 0.0]), late_book([0.0] * 3, [0.0, 100.0, 0.0])
    terms = Partners(Trigger(annual_loss=0.5, months=1))
    one, other = own_part(calm, terms)["lent_share"], own_part(bad, terms)["lent_share"]
    assert (one.isel(month=slice(0, 2)) == other.isel(month=slice(0, 2))).all()
    assert (one.isel(month=2) != other.isel(month=2)).all()


@pytest.mark.parametrize("months", [1, 3])
def test_arrears_at_the_limit_do_not_lie_above_it(months):
    assert not tripped(late_book([0.1] * 12), Trigger(arrears_30=0.1, months=months)).any()


def test_a_result_that_has_only_begun_has_an_own_part():
    book = late_book([0.1])
    part = own_part(book, Partners(Trigger(annual_loss=0.1)))
    np.testing.assert_allclose(total(part), 200.0)


@few
@given(seeds, st.floats(-0.5, 0.5))
def test_a_growing_book_balances(seed, growth):
    book = small_book(seed)
    found = grow(book, growth)
    flow = found.isel(month=slice(1, None))
    moved = flow["drawn"] + flow["originated"] + flow["interest"] + flow["fees"]
    moved = moved - flow["paid"] - flow["forgiven"] - flow["written_off"]
    np.testing.assert_allclose(total(found)[:, 1:], total(found)[:, :-1].values + moved, rtol=1e-9)
    size = (1 + growth) ** (np.arange(7) / 12)
    np.testing.assert_allclose(total(found), total(book) * size[:, None])
    np.testing.assert_allclose(found["written_off"][:, 1:], book["written_off"][:, 1:] * size[:-1, None])
    xr.testing.assert_allclose(found["stage_balance"].sum("stage"), total(found))
    for name in IDENTITY:
        assert (found[name] >= 0).all()
    assert found.attrs["annual_growth"] == growth


def test_a_book_that_does_not_grow_is_the_same():
    book = small_book(5, scenario=["base", "severe"])
    xr.testing.assert_equal(grow(book, 0.0), book)
    for name in book:
        assert grow(book, 0.0)[name].attrs == book[name].attrs


def test_a_shrinking_book_is_sold_at_par():
    book = late_book([0.0, 0.0])
    found = grow(book, 0.99**12 - 1)
    np.testing.assert_allclose(found["paid"].values.ravel(), [0, 10])
    np.testing.assert_allclose(found["originated"].values.ravel(), 0)


def test_growth_is_of_rates_without_effect():
    book = small_book(6)
    np.testing.assert_allclose(seen(grow(book, 0.3), "arrears_30", 3), seen(book, "arrears_30", 3))
    np.testing.assert_allclose(seen(grow(book, 0.3), "annual_loss", 3), seen(book, "annual_loss", 3))


def nan_in(name):
    book = small_book(1).copy(deep=True)
    book[name][1, 2, 0] = np.nan
    return book


@pytest.mark.parametrize(
    ("book", "wish", "message"),
    [
        (small_book(1).drop_vars("own_share"), {}, r"own_share: missing"),
        (small_book(1).drop_vars("fees"), {}, r"fees: missing"),
        (nan_in("paid"), {}, r"paid: found nan at path 1, month 2, segment 0"),
        (small_book(1).assign(drawn=-small_book(1)["drawn"]), {}, r"drawn: found -"),
        (small_book(1).isel(month=slice(1, None)), {}, r"own_part: 1 fault\n.*month: found 1, .*, 6, expected 0, 1"),
        (small_book(1), {"lender": "nobody"}, r"lender: found 'nobody'"),
    ],
)
def test_bad_input_is_refused_by_name(book, wish, message):
    with pytest.raises(InputError, match=message):
        own_part(book, **wish)


def test_all_faults_at_once():
    with pytest.raises(InputError) as caught:
        own_part(nan_in("paid").drop_vars(["own_share", "fees"]), lender="nobody")
    assert [fault.split(":")[0] for fault in caught.value.faults] == ["own_share", "fees", "paid", "lender"]


@pytest.mark.parametrize("name", sorted(set(NEEDS) - {"own_share"}))
def test_a_growing_book_needs_each_of_its_amounts(name):
    with pytest.raises(InputError, match=f"grow: 1 fault\n  - {name}: missing"):
        grow(small_book(1).drop_vars(name), 0.05)
    with pytest.raises(InputError, match=f"own_part: 1 fault\n  - {name}: missing"):
        own_part(small_book(1).drop_vars(name))


@pytest.mark.parametrize("growth", [-1.0, -2, float("nan"), float("inf"), "5 %", None])
def test_a_growth_that_is_none_is_refused(growth):
    with pytest.raises(InputError, match="annual_growth: found") as caught:
        grow(small_book(1).drop_vars("fees"), growth)
    assert len(caught.value.faults) == 2
