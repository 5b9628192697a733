"""Perfect foresight: expectations scaled to what the path then loses."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from stresslab.measures.cells import BOOK_CELLS, FORBORNE_LATE
from stresslab.measures.expected import Profiles, on_book, read
from stresslab.measures.selection import FLOW
from stresslab.schema import BUCKETS

Array = NDArray[Any]
TINY = 1e-9
DEFAULTED = np.array([cell in (*BUCKETS[3:], FORBORNE_LATE) for cell in BOOK_CELLS])


def foresight(
    view: xr.Dataset, terms: xr.Dataset, found: Profiles, book: Array, reading: Array, discount: bool
) -> Array:
    """Factor (path, month, segment, book cell): what the path loses on that month's loans over what is expected.

    Lost = sum_h v^h kept_h (written_off + forgiven)_{t+h} (1 - recovered share), and beyond the result's last month T
    v^(T-t) kept_(T-t) times the expectation in T; kept_h is the share of today's loans in the losses h months ahead.
    Defaulted loans are expected to lose what they were, as long as the path loses that much; the rest is the others'.
    """
    value = found.discounted(found.loss, found.loss.shape[-1]) if discount else found.loss.sum(-1)
    lifetime = on_book(value, found.share)[:1]
    bad, good = (_by_segment(book, reading, lifetime * those) for those in (DEFAULTED, ~DEFAULTED))
    some = terms.sel(segment=view["segment"].values)
    kept, share = some["kept"].transpose("segment", "ahead").values, some["recovered_share"].values
    lost = sum(view[name].transpose(*FLOW).values for name in ("written_off", "forgiven")) * (1.0 - share)
    last, factor = book.shape[1] - 1, 1.0 / (1.0 + found.rate * discount)
    ahead = np.zeros_like(bad)
    ahead[:, last] = (bad + good)[:, last]
    for h in range(1, last + 1):
        weight = factor**h * kept[:, min(h, kept.shape[1] - 1)]
        ahead[:, : last + 1 - h] += weight * lost[:, h:]
        ahead[:, last - h] += weight * ahead[:, last]
    on_bad = np.where(good > TINY, np.minimum(bad, ahead), ahead)
    of_bad = np.divide(on_bad, bad, out=np.ones_like(bad), where=bad > TINY)
    of_good = np.divide(ahead - on_bad, good, out=np.ones_like(good), where=good > TINY)
    return np.where(DEFAULTED, of_bad[..., None], of_good[..., None])


def _by_segment(book: Array, reading: Array, rates: Array) -> Array:
    """Sums (path, month, segment) of balances times rates of all borrowers together."""
    each = [read(book[:, :, s : s + 1], reading, rates[:, :, s : s + 1])[..., 0] for s in range(book.shape[2])]
    return np.stack(each, axis=-1)
