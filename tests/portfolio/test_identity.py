"""A borrower's life hangs on their key alone: not on the order of the tape, nor on who else is in it."""

import hashlib

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from stresslab.engine.simulate import simulate
from stresslab.population.synthetic import synthetic_portfolio
from stresslab.portfolio import identity, read_portfolio
from stresslab.portfolio.identity import _mixed, borrower_ids, collisions, luck
from stresslab.scenarios import paths
from stresslab.scenarios.library import scenario
from stresslab.schema import InputError

DONORS = synthetic_portfolio("china-online", borrowers=500, seed=1, seasoning_months=12)
READ = {
    "currency": "CNY",
    "as_of": "2026-01",
    "own_lender": "ant",
    "preset": "china-online",
    "donors": DONORS,
    "seed": 3,
}


def tape(count=60, seed=2):
    """Loans and lines of some borrowers, one in nine of them late."""
    rng = np.random.default_rng(seed)
    line, late = rng.random(count) < 0.5, rng.random(count) < 0.11
    balance = rng.uniform(500, 9000, count).round(2)
    return pd.DataFrame(
        {
            "borrower_id": [f"c{n:04d}" for n in range(count)],
            "product": np.where(line, "huabei", "jiebei"),
            "balance": balance,
            "limit": np.where(line, 2 * balance, balance * 1.5).round(2),
            "annual_rate": np.where(line, 0.15, 0.12),
            "tenor_months": np.where(line, 0, 12),
            "remaining_months": np.where(line, 0, 8),
            "transactor": False,
            "days_past_due": np.where(late, 45, 0),
            "overdue": np.where(late, (balance / 8).round(2), 0.0),
        }
    )


def lived(book, **options):
    macro = paths.macro_paths(scenario("fed-2026-severely-adverse"), paths=3, seed=4)
    return simulate(book, macro, seed=7, horizon=12, progress=False, **options)


def test_the_number_is_the_hash_of_the_text():
    first = int.from_bytes(hashlib.blake2b(b"c0001", digest_size=8).digest(), "big") >> 1
    assert borrower_ids(np.array(["c0001"])).tolist() == [first]
    book = read_portfolio(tape(), **READ)
    assert book.borrower_id.values[book.borrower_label.values == "c0001"].tolist() == [first]
    assert borrower_ids(np.array([12, 7])).tolist() == borrower_ids(np.array(["12", "7"])).tolist()


def test_keys_of_one_number_are_named(monkeypatch):
    keys = np.array(["a", "b", "c"])
    assert collisions(keys, borrower_ids(keys)) == []
    assert collisions(keys, np.array([5, 1, 5])) == [
        "borrower_id: found 'a' and 'c' with the same hash, expected different ones; rename one of them"
    ]
    monkeypatch.setattr("stresslab.portfolio.tape.borrower_ids", lambda keys: identity.borrower_ids(keys) % 50)
    with pytest.raises(InputError) as caught:
        read_portfolio(tape(), **READ)
    assert any("with the same hash" in fault for fault in caught.value.faults)


def test_luck_is_mixed_as_splitmix64_does():
    """The first numbers of the generator from 1234567, as its authors' program prints them."""
    golden = np.uint64(0x9E3779B97F4A7C15)
    states = np.uint64(1234567) + golden * np.arange(3, dtype=np.uint64)
    assert _mixed(states).tolist() == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_luck_is_uniform_and_of_the_borrower():
    ids = borrower_ids(np.arange(20_000))
    chance = luck(ids, 11, 0)
    assert ((chance >= 0) & (chance < 1)).all()
    assert abs(chance.mean() - 0.5) < 4 / np.sqrt(12 * 20_000)
    assert abs(np.histogram(chance, 20, (0, 1))[0] - 1000).max() < 5 * np.sqrt(950)
    for other in (luck(ids, 12, 0), luck(ids, 11, 1), np.roll(chance, 1)):
        assert abs(np.corrcoef(chance, other)[0, 1]) < 4 / np.sqrt(20_000)
    assert luck(ids[::-1], 11, 0)[::-1].tolist() == chance.tolist()


@pytest.mark.slow
@given(st.sets(st.integers(0, 59), min_size=1, max_size=59))
def test_who_else_is_in_the_tape_does_not_matter(left_out):
    whole, some = read_portfolio(tape(), **READ), tape().drop(index=list(left_out))
    if some.empty:
        return
    part = read_portfolio(some.sample(frac=1, random_state=1), **READ)
    labels = part.borrower_label.values
    place = np.searchsorted(whole.borrower_label.values, labels)
    for name in whole.variables:
        if whole[name].dims == ("borrower",):
            np.testing.assert_array_equal(whole[name].values[place], part[name].values, err_msg=str(name))


def test_without_a_customer_the_difference_is_the_customers_own_loss():
    """In run-off and without feedback, on every path, to the cent."""
    without = tape().query("borrower_id != 'c0001'")
    book, less, alone = (
        read_portfolio(some, **READ) for some in (tape(), without, tape().query("borrower_id == 'c0001'"))
    )
    whole, part, one = (lived(b, renewal="run-off") for b in (book, less, alone))
    for name in ("balance", "written_off", "paid", "interest", "fees", "accounts", "entries_to_arrears"):
        gap = (whole[name].sum("segment") - part[name].sum("segment")).round(2)
        np.testing.assert_allclose(gap, one[name].sum("segment"), atol=1e-6, err_msg=name)


@pytest.mark.parametrize("renewal", ["static", "run-off"])
def test_two_books_together_are_the_sum_of_each_alone(renewal):
    first, second = (read_portfolio(tape().iloc[part], **READ) for part in (slice(0, 25), slice(25, 60)))
    both = lived(read_portfolio(tape(), **READ), renewal=renewal)
    parts = [lived(book, renewal=renewal) for book in (first, second)]
    for name in ("balance", "written_off", "paid", "drawn", "originated", "recovered", "stage_balance"):
        total = xr.align(*(part[name] for part in parts), join="outer", fill_value=0.0)
        np.testing.assert_allclose((total[0] + total[1]).round(2), both[name], atol=1e-6, err_msg=name)


def test_tapes_of_two_months_share_their_borrowers():
    january, february = tape(), tape().iloc[10:]
    february = pd.concat([february, tape(70, seed=9).iloc[60:]])
    first, second = read_portfolio(january, **READ), read_portfolio(february, **READ)
    shared = np.intersect1d(first.borrower_label.values, second.borrower_label.values)
    assert shared.size == 50
    for book in (first, second):
        assert book.borrower_id.dtype == np.int64
    kept = [b.isel(borrower=np.searchsorted(b.borrower_label.values, shared)) for b in (first, second)]
    for name in ("borrower_id", "income", "job_loss_risk", "score", "household_support"):
        assert kept[0][name].values.tolist() == kept[1][name].values.tolist()


def test_customers_who_repay_a_little_keep_their_attributes_from_month_to_month():
    january, february = (
        read_portfolio(some, **READ) for some in (tape(), tape().assign(balance=tape().balance * 0.99))
    )
    for name in ("job_loss_risk", "household_support", "insured"):
        assert (january[name].values == february[name].values).mean() > 0.8
