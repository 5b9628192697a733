"""What a lender owes: a plain twin that follows single debts, ladders by hand, notes repaid in order."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stresslab.measures.liquidity.funding import (
    Borrowing,
    Funding,
    Partners,
    RollOver,
    Securitisation,
    Trigger,
    funding_faults,
)
from stresslab.measures.liquidity.liabilities import liabilities, renewed_share, tier2
from stresslab.measures.liquidity.on_balance_sheet import own_part
from stresslab.schema import InputError
from tests.measures.hand import hand_result
from tests.measures.twin_cash import Life, borrowed, debts, noted, small_book

few = settings(max_examples=25, deadline=None)
seeds = st.integers(0, 1000)
shares = st.floats(0, 1)
amounts = st.floats(0, 3e4)
rollovers = shares | st.builds(
    RollOver, shares, arrears_sensitivity=st.floats(0, 20), normal_arrears=st.sampled_from([None, 0.0, 0.12])
)
borrowings = st.builds(
    Borrowing,
    st.sampled_from(["bond", "interbank", "nonfinancial", "stable_deposits"]),
    st.lists(amounts, max_size=9) | st.dictionaries(st.integers(1, 30), amounts, max_size=4),
    annual_rate=st.floats(0, 0.3),
    rollover=rollovers,
    tenor_months=st.none() | st.integers(1, 15),
    pass_through=st.sampled_from([0.0, 0.3, 1.0]),
)
pools = st.builds(
    Securitisation,
    st.lists(st.tuples(amounts, st.floats(0, 0.3)), min_size=1, max_size=3),
    pool_share=shares,
    revolving_months=st.integers(0, 8),
    early=st.none() | st.builds(Trigger, arrears_30=st.sampled_from([0.1113, 0.1507]), months=st.integers(1, 3)),
)
LEAVING = Partners(Trigger(arrears_30=0.1113, months=2), withdrawn_share=0.8, taken_over=0.5)


def ours(book):
    return book.isel(segment=slice(0, 3))


def owed(book, *of, partners=LEAVING):
    """What is owed beside the own part of a book."""
    lists = {Borrowing: "borrowings", Securitisation: "securitisations"}
    parts = {name: [one for one in of if isinstance(one, kind)] for kind, name in lists.items()}
    return liabilities(own_part(book, partners), Funding(0.0, partners=partners, **parts))


def check_twin(book, of, delay=1):
    """Compare debts with those of the twin, month by month."""
    found = owed(book, *of)
    scenarios = range(book.sizes["scenario"]) if "scenario" in book.dims else [None]
    for scenario in scenarios:
        view = ours(book) if scenario is None else ours(book).isel(scenario=scenario)
        for path in range(book.sizes["path"]):
            life = Life(view, LEAVING, path, delay)
            at = (path,) if scenario is None else (scenario, path)
            follow = {Borrowing: borrowed, Securitisation: noted}
            for have, one in zip(found, of, strict=True):
                debt = follow[type(one)](life, one)
                assert have.kind == debt.kind
                for name in ("outstanding", "repaid", "interest"):
                    np.testing.assert_allclose(getattr(have, name)[at], getattr(debt, name), rtol=1e-9, atol=1e-8)
                for place, ahead in enumerate((1, 5, 11)):
                    due = [month[ahead] for month in debt.due]
                    np.testing.assert_allclose(have.due[place][at], due, rtol=1e-9, atol=1e-8)


def path_of(late, **flows):
    """An own part of one path whose balance of 1000 is late by this share at month ends."""
    late = np.asarray(late, float)
    balance = np.zeros((1, late.size, 1, 8))
    balance[0, :, 0, 1], balance[0, :, 0, 0] = 1000 * late, 1000 - 1000 * late
    flows = {name: np.asarray(value, float).reshape(1, -1, 1) for name, value in flows.items()}
    return own_part(hand_result(balance, **flows).assign(own_share=("segment", [1.0])))


@few
@given(seeds, st.lists(borrowings, min_size=1, max_size=2), st.sampled_from([None, ["base", "severe"]]))
def test_borrowings_are_those_of_a_plain_twin(seed, of, scenario):
    check_twin(small_book(seed, scenario=scenario), of)


def test_a_floating_rate_follows_the_policy_rate_and_stops_at_zero():
    book = path_of([0.1] * 5).assign(policy_rate=(("path", "month"), [[0.09, 0.02, 0.05, 0.01, -0.05]]))
    notes = {
        name: Borrowing("bond", {9: 1200.0}, 0.04, pass_through=part) for name, part in (("all", 1.0), ("half", 0.5))
    }
    paid = {name: owed(book, one)[0].interest[0].tolist() for name, one in notes.items()}
    assert paid["all"] == pytest.approx([0.0, 4.0, 7.0, 3.0, 0.0])  # 4 % on 1200, +3, -1 and -7 points
    assert paid["half"] == pytest.approx([0.0, 4.0, 5.5, 3.5, 0.5])
    fault, *others = funding_faults(book.drop_vars("policy_rate"), Funding(0.0, [notes["all"]]))
    assert fault.startswith("policy_rate: missing from the result")
    fault, *more = funding_faults(book.assign(policy_rate=book["policy_rate"] * np.nan), Funding(0.0, [notes["half"]]))
    assert fault.startswith("policy_rate: found NaN")
    assert not others + more + funding_faults(book, Funding(0.0, [notes["all"]]))


@few
@given(seeds, st.lists(pools, min_size=1, max_size=2), st.sampled_from([None, ["base", "severe"]]))
def test_notes_are_those_of_a_plain_twin(seed, of, scenario):
    check_twin(small_book(seed, scenario=scenario), of)


@pytest.mark.parametrize("normal", [None, 0.0, 0.02])
def test_lenders_who_watch_losses_are_those_of_a_plain_twin(normal):
    rollover = RollOver(0.9, loss_sensitivity=15.0, normal_loss=normal)
    check_twin(small_book(3), [Borrowing("bond", [1e4] * 6, 0.05, rollover, tenor_months=2)])


def test_a_wrong_twin_disagrees():
    watched = Borrowing("bond", [1e4] * 6, 0.05, RollOver(0.9, arrears_sensitivity=5.0), tenor_months=2)
    early = Securitisation([(2e4, 0.03), (1e4, 0.06)], 0.4, 12, Trigger(arrears_30=0.1507, months=1))
    for of in ([watched], [early]):
        check_twin(small_book(3), of)
        with pytest.raises(AssertionError):
            check_twin(small_book(3), of, delay=0)
    with pytest.raises(AssertionError):
        check_twin_of_other_terms(watched)


def check_twin_of_other_terms(one):
    """A check that must fail: the twin renews for a month less."""
    (have,) = owed(small_book(3), one)
    shorter = Borrowing(one.kind, one.maturing, one.annual_rate, one.rollover, tenor_months=1)
    debt = borrowed(Life(ours(small_book(3)), LEAVING, 0), shorter)
    np.testing.assert_allclose(have.outstanding[0], debt.outstanding, rtol=1e-9)


def test_a_ladder_by_hand():
    (one,) = owed(path_of([0.0] * 5), Borrowing("bond", {1: 100.0, 3: 300.0}, 0.12, 0.25))
    np.testing.assert_allclose(one.outstanding, [[400, 325, 325, 100, 100]])
    np.testing.assert_allclose(one.repaid, [[0, 75, 0, 225, 0]])
    np.testing.assert_allclose(one.interest, [[0, 4, 3.25, 3.25, 1]])
    np.testing.assert_allclose(one.due, [[[100, 0, 300, 0, 0]], [[400, 300, 300, 0, 0]], [[400, 300, 300, 0, 0]]])


def test_what_is_renewed_falls_due_again():
    (one,) = owed(path_of([0.0] * 6), Borrowing("bond", {1: 100.0}, rollover=0.5, tenor_months=2))
    np.testing.assert_allclose(one.repaid, [[0, 50, 0, 25, 0, 12.5]])
    np.testing.assert_allclose(one.due[0], [[100, 0, 50, 0, 25, 0]])
    np.testing.assert_allclose(one.outstanding, [[100, 50, 50, 25, 25, 12.5]])


def test_roll_over_by_hand():
    book = path_of([0.1, 0.2, 0.3, 0.3])
    # means seen 0.1, 0.15, 0.2, 0.8/3; each acts a month later
    share = renewed_share(book, RollOver(0.8, arrears_sensitivity=2.0))
    np.testing.assert_allclose(share[0, 1:], 0.8 * np.exp([0, -2 * 0.05, -2 * 0.1]))
    share = renewed_share(book, RollOver(0.8, arrears_sensitivity=2.0, normal_arrears=0.05))
    np.testing.assert_allclose(share[0, 1:], 0.8 * np.exp([-2 * 0.05, -2 * 0.1, -2 * 0.15]))
    assert (renewed_share(book, RollOver(0.8)) == 0.8).all()


def test_a_loss_is_seen_a_month_late():
    book = path_of([0.0] * 4, written_off=[0.0, 100.0, 0.0, 0.0])
    share = renewed_share(book, RollOver(0.8, loss_sensitivity=2.0, normal_loss=0.0))
    assert share[0, 1] == 0.8  # what is lost in month 1 cannot be known before its end
    assert share[0, 2] < 0.8


def test_notes_by_hand():
    # principal 40 a month, half of it the notes'; they revolve through month 1
    book = path_of([0.0] * 6, paid=[0, 50, 50, 50, 50, 50], interest=[0, 10, 10, 10, 10, 10])
    (one,) = owed(book, Securitisation([(30.0, 0.12), (25.0, 0.24)], 0.5, revolving_months=1))
    np.testing.assert_allclose(one.outstanding, [[55, 55, 35, 15, 0, 0]])
    np.testing.assert_allclose(one.repaid, [[0, 0, 20, 20, 15, 0]])
    np.testing.assert_allclose(one.interest, [[0, 0.8, 0.8, 0.1 + 0.5, 0.3, 0]])
    # at the end of month 0 one month still revolves: of the next month nothing is due, of the next 6 all that is owed
    np.testing.assert_allclose(one.due[:2], [[[0, 20, 20, 15, 0, 0]], [[55, 55, 35, 15, 0, 0]]])
    assert one.kind == "abs"


def test_early_amortisation_acts_a_month_after_it_is_seen_and_for_good():
    book = path_of([0.0, 0.0, 0.5, 0.0, 0.0, 0.0], paid=[0.0] + [10.0] * 5)
    pool = Securitisation([(100.0, 0.0)], 1.0, 24, Trigger(arrears_30=0.4, months=1))
    (one,) = owed(book, pool)
    np.testing.assert_allclose(one.repaid, [[0, 0, 0, 10, 10, 10]])
    assert (owed(book, Securitisation([(100.0, 0.0)], 1.0, 24))[0].repaid == 0).all()


@few
@given(seeds, borrowings)
def test_what_was_borrowed_is_repaid_or_still_owed(seed, one):
    (found,) = owed(small_book(seed), one)
    start = sum(one.maturing)
    np.testing.assert_allclose(found.outstanding + np.cumsum(found.repaid, axis=-1), start, rtol=1e-9, atol=1e-9)
    assert (found.repaid >= 0).all()
    assert (found.interest >= 0).all()
    assert (np.diff(found.due, axis=0) >= -1e-9).all()
    assert (found.due[-1] <= found.outstanding * (1 + 1e-12) + 1e-9).all()
    assert (found.interest[..., 0] == 0).all()
    assert (found.repaid[..., 0] == 0).all()


@few
@given(seeds, borrowings)
def test_what_is_wholly_renewed_is_never_repaid(seed, one):
    renewed = Borrowing(one.kind, one.maturing, one.annual_rate, 1.0, one.tenor_months)
    (found,) = owed(small_book(seed), renewed)
    assert (found.repaid == 0).all()
    np.testing.assert_allclose(found.outstanding, sum(one.maturing), rtol=1e-12)


@few
@given(seeds, amounts, amounts, shares, st.integers(0, 6))
def test_notes_are_repaid_in_order_and_never_overpaid(seed, first, second, pool_share, revolving):
    book = small_book(seed)
    (found,) = owed(book, Securitisation([(first, 0.12), (second, 0.0)], pool_share, revolving))
    (other,) = owed(book, Securitisation([(first, 0.0), (second, 0.12)], pool_share, revolving))
    repaid = np.cumsum(found.repaid, axis=-1)
    senior, junior = 100 * found.interest[..., 1:], 100 * other.interest[..., 1:]  # 1 % of each note a month
    np.testing.assert_allclose(senior, np.maximum(first - repaid[..., :-1], 0.0), rtol=1e-9, atol=1e-8)
    np.testing.assert_allclose(junior, np.minimum(second, first + second - repaid[..., :-1]), rtol=1e-9, atol=1e-8)
    assert (found.outstanding >= 0).all()
    assert (found.repaid >= 0).all()
    assert (found.repaid[..., 1 : revolving + 1] == 0).all()
    np.testing.assert_allclose(found.outstanding + repaid, first + second, rtol=1e-9)


@few
@given(seeds, borrowings)
def test_what_is_owed_does_not_depend_on_months_to_come(seed, one):
    book = small_book(seed)
    (whole,), (part,) = owed(book, one), owed(book.isel(month=slice(0, 4)), one)
    for name in ("outstanding", "repaid", "interest", "due"):
        np.testing.assert_allclose(getattr(whole, name)[..., :4], getattr(part, name), rtol=1e-12, atol=1e-9)


def test_all_debts_in_order():
    pool, bond, bank = Securitisation([(5.0, 0.1)], 0.5), Borrowing("bond", [1.0]), Borrowing("interbank", [2.0])
    funding = Funding(0.0, [bond, bank], [pool])
    kinds = ["bond", "interbank", "abs"]
    assert [one.kind for one in liabilities(path_of([0.0, 0.0]), funding)] == kinds
    assert [one.kind for one in debts(Life(ours(small_book(1)), Partners(), 0), funding)] == kinds


def test_the_order_of_dimensions_does_not_matter():
    book = own_part(small_book(4), LEAVING)
    funding = Funding(
        0.0, [Borrowing("bond", [9e3] * 4, 0.1, RollOver(0.9, 5.0, 5.0))], [Securitisation([(5e4, 0.1)], 0.5)]
    )
    for one, other in zip(
        liabilities(book, funding), liabilities(book.transpose("segment", "month", ...), funding), strict=True
    ):
        np.testing.assert_allclose(one.outstanding, other.outstanding)
        np.testing.assert_allclose(one.due, other.due)


def test_notes_of_a_result_that_has_only_begun():
    (one,) = owed(path_of([0.0]), Securitisation([(5.0, 0.1)], 0.5))
    assert one.due.shape == (3, 1, 1)
    assert one.outstanding.tolist() == [[5.0]]


def test_subordinated_debt_counts_less_in_its_last_five_years():
    book = path_of([0.0] * 2)
    terms = {12: 100.0, 36: 100.0, 60: 100.0, 84: 100.0}
    funding = Funding(0.0, [Borrowing("subordinated", terms), Borrowing("bond", [50.0])])
    assert tier2(book, funding)[0, 0] == pytest.approx(20 + 60 + 100 + 100)
    again = Funding(0.0, [Borrowing("subordinated", {1: 100.0}, rollover=1.0)])
    assert tier2(book, again)[0, 1] == pytest.approx(100.0)


def test_a_year_begun_counts_whole():
    funding = Funding(0.0, [Borrowing("subordinated", {30: 100.0})])
    assert tier2(path_of([0.0] * 2), funding)[0, 0] == pytest.approx(60.0)
