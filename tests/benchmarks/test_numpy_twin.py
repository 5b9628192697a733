"""The NumPy twin must be the same model as the kernel, or comparing their speed would be dishonest."""

import numpy as np
import pytest
import xarray as xr

from benchmarks.numpy_twin import Twin
from stresslab.engine.blocks import build
from stresslab.engine.kernel.custom import BUILT_IN
from stresslab.engine.packing import pack
from stresslab.engine.run import run
from tests.engine.small import busy, harsh, late_book

SEED, BORROWERS = 2**40 + 5, 300


def book_of(preset: str) -> xr.Dataset:
    """A book after a harsh year, some of it 1 to 29 days past due."""
    book = late_book(preset, BORROWERS)
    barely = (book["days_past_due"] == 0) & (book["balance"] > 0) & (np.arange(book.sizes["loan"]) % 3 == 0)
    return book.assign(overdue=book["overdue"].where(~barely, (book["balance"] / 2).round(2)))


@pytest.mark.parametrize("preset", ["china-online", "us-card"])
@pytest.mark.parametrize("renewing", [True, False])
@pytest.mark.parametrize("chunk", [100, 1_000])
def test_twin_has_the_bits_of_the_kernel(preset: str, renewing: bool, chunk: int) -> None:
    contact = ("month", np.where(np.arange(16) % 2 == 0, 1.0, 0.1))  # what lenders do depends on the month
    policy = ("month", np.where(np.arange(16) % 3 == 1, -0.1, 0.3))  # falls by more than what loans cost
    book, model = book_of(preset), busy(preset)
    macro = harsh(16, 2).assign(collections_capacity=contact, policy_rate=policy)
    blocks = build(book, model)
    packed = pack(macro, book, model, blocks, renewing)
    paths = np.array([7, 2**31])
    totals, jobless = run(blocks, packed, paths, SEED, 1, BUILT_IN)
    twin = Twin(blocks, packed, SEED, chunk)
    for place, path in enumerate(paths):
        sums, out_of_work = twin.run(place, int(path))
        np.testing.assert_array_equal(out_of_work, jobless[place])
        np.testing.assert_array_equal(sums, totals[place])


def test_the_book_lives_through_all_that_is_rare() -> None:
    """Otherwise equal sums would show nothing: every field that a response does not fill has an amount in it."""
    book, model = book_of("china-online"), busy("china-online")
    blocks = build(book, model)
    packed = pack(harsh(16), book, model, blocks, True)
    sums, _ = Twin(blocks, packed, SEED).run(0, 0)
    empty = {name for name in sums.dtype.names if (sums[name].sum(axis=(0, 1)) == 0).any()}
    warnings = {"flagged", "warned", "false_alarms", "lead_months"}
    plans = {"forgiven", "forborne_balance", "forborne_defaulted", "restructured", "redefaulted"}
    assert empty == warnings | plans | {"deferred"}  # by decree alone


def test_another_seed_has_other_bits() -> None:
    book, model = book_of("china-online"), busy("china-online")
    blocks = build(book, model)
    packed = pack(harsh(3), book, model, blocks, True)
    one, other = (Twin(blocks, packed, seed).run(0, 0)[0] for seed in (1, 2))
    assert (one != other).any()
