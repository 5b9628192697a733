"""Blocks hold the portfolio, all of it and nothing else, whatever lists of loans its borrowers have."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from stresslab.engine.blocks import MEMORY_UNIT, MOST_LOANS, WIDEST, _embed, _merge, build, read_back
from stresslab.engine.kernel.state import LANES
from stresslab.engine.model import Model
from stresslab.schema import InputError
from tests.engine.small import PRESETS, book_of, busy, late_book

SEQUENCE = st.lists(st.integers(0, 4), max_size=8).map(tuple)
MODEL = busy()
PRODUCTS = ("bank-card", "huabei", "jiebei", "micro-loan")


def stands_in(short, long):
    """Is one sequence found in another, in order, perhaps with others between?"""
    rest = iter(long)
    return all(item in rest for item in short)


@given(long=SEQUENCE, short=SEQUENCE)
def test_merging_keeps_both_in_order(long, short):
    merged = _merge(long, short)
    assert stands_in(long, merged)
    assert stands_in(short, merged)
    assert max(len(long), len(short)) <= len(merged) <= len(long) + len(short)
    assert set(merged) == {*long, *short}


@given(long=SEQUENCE, places=st.sets(st.integers(0, 7)))
def test_embedding_finds_each_item_in_order(long, places):
    short = tuple(long[place] for place in sorted(places) if place < len(long))
    slots = _embed(short, long)
    assert [long[slot] for slot in slots] == list(short)
    assert slots == sorted(set(slots))


def book_with(lists):
    """A book of borrowers with these lists of products, each at a lender of the product's name."""
    owner = np.repeat(np.arange(len(lists)), [len(products) for products in lists])
    product = np.array([name for products in lists for name in products])
    wide = book_of(1, ("huabei",))
    book = wide.isel(borrower=np.zeros(len(lists), int), loan=np.zeros(owner.size, int))
    line = np.isin(product, ("bank-card", "huabei"))
    return book.assign(
        borrower_id=("borrower", 7 + 3 * np.arange(len(lists))),
        borrower=("loan", owner),
        product=("loan", product),
        lender=("loan", np.where(product == "bank-card", "bank", "ant")),
        tenor_months=("loan", np.where(line, 0, 12)),
        remaining_months=("loan", np.where(line, 0, 6)),
        instalment=("loan", np.where(line, 0.0, 90.0)),
        balance=("loan", 100.0 * (np.arange(owner.size) % 7)),
        score=("borrower", 500.0 + np.arange(len(lists))),
        inquiries=("borrower", np.arange(len(lists)) / MEMORY_UNIT),
        score_change=("loan", 5 - 3 * np.arange(owner.size)),
        recent_arrears=("loan", 1.0 + np.arange(owner.size) / MEMORY_UNIT),
    ).assign_attrs(own_lender="ant")


def check_blocks(book, model=MODEL):
    """Every borrower and loan has a place of his own, where it can be read; returns the blocks."""
    blocks = build(book, model)
    assert np.unique(blocks.seat).size == book.sizes["borrower"]
    assert np.unique(blocks.place).size == book.sizes["loan"]
    owner, product = book["borrower"].values, book["product"].values
    slot, lane = np.divmod(blocks.place, LANES)
    assert (lane == blocks.seat[owner] % LANES).all()
    block = blocks.seat[owner] // LANES
    assert ((blocks.first_slot[block] <= slot) & (slot < blocks.first_slot[block + 1])).all()
    labels = list(zip(book["lender"].values.astype(str), product.astype(str), strict=True))
    assert [blocks.segments[blocks.segment[s]] for s in slot] == labels
    assert [blocks.products[blocks.product[s]] for s in slot] == product.astype(str).tolist()
    assert [blocks.lenders[blocks.lender[s]] for s in slot] == [lender for lender, _ in labels]
    assert blocks.lenders == sorted({lender for lender, _ in labels})
    check_scores(book, blocks)
    for i in range(book.sizes["borrower"]):
        mine = np.flatnonzero(owner == i)
        in_turn = mine[np.argsort(slot[mine])]
        keys = [(book["priority"].values[r], *labels[r]) for r in in_turn]
        assert keys == sorted(keys)
        assert blocks.loans["salt"][slot[in_turn], lane[in_turn]].tolist() == list(range(1, mine.size + 1))
    filled = np.zeros((blocks.segment.size, LANES), bool)
    filled[slot, lane] = True
    assert all((blocks.loans[name][~filled] == 0).all() for name in blocks.loans.dtype.names)
    return blocks


def check_scores(book, blocks):
    """What scores are made of: application score, open loans anywhere, and what lenders and the bureau remember."""
    owner, points = book["borrower"].values, np.rint(book["score"].values)
    open_loans = [(book["balance"].values[owner == i] > 0).sum() for i in range(book.sizes["borrower"])]
    for name, values in (
        ("points", points),
        ("inquiries", np.rint(book["inquiries"].values * MEMORY_UNIT)),
        ("open_loans", open_loans),
    ):
        assert blocks.of_borrowers(blocks.borrowers, name).tolist() == list(values)
    score = points[owner] + book["score_change"].values
    memory = np.rint(book["recent_arrears"].values * MEMORY_UNIT)
    for name, values in (("score", score), ("memory", memory)):
        assert blocks.of_loans(blocks.loans, name).tolist() == values.tolist()


@settings(max_examples=25, deadline=None)
@given(lists=st.lists(st.lists(st.sampled_from(PRODUCTS), min_size=1, max_size=6), min_size=1, max_size=40))
def test_any_lists_of_loans_find_room(lists):
    book = book_with(lists)
    blocks = check_blocks(book)
    assert blocks.count <= max(1, len({tuple(sorted(products)) for products in lists}))
    xr.testing.assert_equal(read_back(blocks, book, MODEL), book)


def test_rare_lists_share_a_block():
    lists = [[PRODUCTS[i] for i in range(4) if number >> i & 1] for number in range(1, 16)]
    blocks = check_blocks(book_with(lists))
    assert blocks.count == 1
    assert blocks.segment.size <= WIDEST
    assert blocks.segment.size == 4  # all fifteen fit into the longest


def test_frequent_lists_have_blocks_of_their_own():
    lists = [["huabei"]] * (LANES + 1) + [["jiebei"]] * (LANES // 2) + [["bank-card", "huabei"]] * 3
    blocks = check_blocks(book_with(lists))
    assert np.diff(blocks.first_slot).tolist() == [1, 1, 1, 2]


def test_a_list_longer_than_a_shared_block_gets_its_own():
    long = ["huabei"] * (WIDEST + 4)
    blocks = check_blocks(book_with([long, ["jiebei"] * 3, ["huabei"] * 2]))
    assert np.diff(blocks.first_slot).tolist() == [WIDEST + 4, 3]


def test_a_borrower_without_loans_has_a_seat():
    book = book_with([["huabei"], ["jiebei"], ["huabei"]])
    without = book.isel(loan=[0, 2])
    assert check_blocks(without).seat.size == 3


@pytest.mark.parametrize("preset", PRESETS)
def test_a_portfolio_is_read_back_as_it_was(preset):
    book, model = late_book(preset, borrowers=700), busy(preset)
    back = read_back(check_blocks(book, model), book, model)
    xr.testing.assert_allclose(back, book, rtol=1e-7)
    whole = ("claim_months", "days_past_due", "jobless_months", "remaining_months", "score_change")
    for name in ("balance", "overdue", "claim", "inquiries", "recent_arrears", *whole):
        assert (back[name] == book[name]).all(), name
    for name in ("inquiries", "recent_arrears", "score_change"):
        assert np.unique(book[name]).size > 10, name  # there was something to remember
    other = book.assign(balance=book["balance"] + 0.01)
    assert not read_back(build(other, model), other, model).equals(back)


def test_the_layout_does_not_depend_on_the_order_of_rows():
    book = late_book(borrowers=300)
    rng = np.random.default_rng(2)
    loans = rng.permutation(book.sizes["loan"])
    one, other = build(book, MODEL), build(book.isel(loan=loans), MODEL)
    assert (one.loans == other.loans).all()
    assert (one.borrowers == other.borrowers).all()
    assert (one.place[loans] == other.place).all()


def test_unknown_products_and_large_amounts_are_refused_together():
    book = book_of(2, ("huabei",), product=np.array(["mortgage", "boat"]), balance=np.array([1.0, 1.2e7]))
    with pytest.raises(InputError) as caught:
        build(book, Model.from_preset("china-online"))
    faults = caught.value.faults
    assert any("'boat'" in fault and "huabei" in fault for fault in faults)
    assert any("'mortgage'" in fault for fault in faults)
    assert any("borrower 1" in fault and "32-bit" in fault for fault in faults)
    assert len(faults) == 3


@pytest.mark.parametrize("name", ["balance", "limit", "liquid_buffer", "income"])
def test_amounts_up_to_the_edge_of_32_bits(name):
    factor = {"balance": 2.0, "limit": 2.0, "income": 10.0}.get(name, 1.0)
    quiet = {"balance": 0.0, "limit": 0.0, "usual_balance": 0.0, "liquid_buffer": 0.0, "income": 0.0}
    largest = (2**31 - 1) / 100 / factor
    build(book_of(1, ("huabei",), **(quiet | {name: largest - 0.01})), MODEL)
    with pytest.raises(InputError, match="32-bit"):
        build(book_of(1, ("huabei",), **(quiet | {name: largest + 0.01})), MODEL)


def test_too_many_loans_are_refused():
    build(book_of(1, ("huabei",) * MOST_LOANS), MODEL)
    with pytest.raises(InputError, match=f"found {MOST_LOANS + 1} loans"):
        build(book_of(1, ("huabei",) * (MOST_LOANS + 1)), MODEL)


def test_a_tenor_must_fit_the_kind_of_product():
    with pytest.raises(InputError, match=r"tenor_months.*jiebei.*instalment"):
        build(book_of(1, ("jiebei",)), MODEL)
    with pytest.raises(InputError, match=r"tenor_months.*huabei.*revolving"):
        build(book_of(1, ("huabei",), tenor_months=12), MODEL)
