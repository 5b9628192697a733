"""Random numbers: published answers, and no pattern that a test of this size could see."""

from itertools import combinations

import numpy as np
import pytest
from numba import njit
from scipy.stats import chi2_contingency, chisquare

from stresslab.engine.blocks import MOST_LOANS
from stresslab.engine.kernel.payments import APPLY_SALT, CLAIM_SALT, OFFER_SALT, RELET_SALT
from stresslab.engine.kernel.random import key_of, philox4x32, spread
from stresslab.engine.kernel.state import PROGRAMMES
from stresslab.reference import numbers

OFFERS = tuple(OFFER_SALT + 64 * programme for programme in range(PROGRAMMES))
FAMILIES = (0, RELET_SALT, CLAIM_SALT, APPLY_SALT, *OFFERS)
SALTS = (0, 1, 2, RELET_SALT, CLAIM_SALT, APPLY_SALT, OFFERS[0], OFFERS[-1])
KNOWN = [
    ((0, 0, 0, 0), (0, 0), "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        "d16cfe09 94fdcceb 5001e420 24126ea1",
    ),
]


@njit
def philox_words(count, month, path, key0, key1):
    words = np.empty((4, count), np.uint32)
    for i in range(count):
        words[0, i], words[1, i], words[2, i], words[3, i] = philox4x32(np.uint32(i), month, path, 0, key0, key1)
    return words


@njit
def spread_words(words, salt):
    out = np.empty_like(words)
    for i in range(words.size):
        out[i] = spread(words[i], salt)
    return out


def shifted(words, salt):
    """A bad mixer: a bijection for each salt, yet salts tell each other's words."""
    return (words + np.uint32((salt * numbers.GOLDEN) & numbers.WORD)).astype(np.uint32)


@pytest.fixture(scope="module")
def words():
    return philox_words(2**18, 5, 7, *key_of(2**40 + 3))


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN)
def test_philox_gives_the_published_answers(counter, key, answer):
    expected = [int(word, 16) for word in answer.split()]
    assert [int(word) for word in philox4x32(*counter, *key)] == expected
    jitted = philox_of(*(np.uint32(number) for number in (*counter, *key)))
    assert [int(word) for word in jitted] == expected
    assert list(numbers.philox(counter, key)) == expected


@njit
def philox_of(c0, c1, c2, c3, k0, k1):
    return philox4x32(c0, c1, c2, c3, k0, k1)


def test_twin_and_kernel_draw_alike(words):
    for i in (0, 1, 2**18 - 1):
        mine = numbers.philox((i, 5, 7, 0), (3, 2**8))
        assert mine == tuple(int(word) for word in words[:, i])
        for salt in (0, 1, *(family + MOST_LOANS for family in FAMILIES)):
            assert numbers.spread(mine[3], salt) == int(spread_words(words[3], salt)[i])


def test_no_two_uses_share_a_salt():
    """A loan's draws for what it is about, a new grant, its claim, an application and each programme's offer."""
    salts = [0, *(family + loan for family in FAMILIES for loan in range(1, MOST_LOANS + 1))]
    assert len(salts) == len(set(salts))


@pytest.mark.parametrize("salt", SALTS)
def test_spread_is_one_to_one(salt):
    rng = np.random.default_rng(salt)
    for sample in (np.arange(2**16), np.unique(rng.integers(0, 2**32, 2**16)), np.arange(2**16) << 16):
        assert np.unique(spread_words(sample.astype(np.uint32), salt)).size == sample.size


def uniform(values):
    """p-values of the high and of the low byte against even shares."""
    return [chisquare(np.bincount(byte, minlength=256)).pvalue for byte in (values >> 24, values & 255)]


def independent(one, other):
    """p-values of 16 x 16 tables of the high and of the low four bits."""
    tables = []
    for shift in (28, 0):
        a, b = ((word >> shift) & 15 for word in (one, other))
        tables.append(np.bincount(a * 16 + b, minlength=256).reshape(16, 16))
    return [chi2_contingency(table).pvalue for table in tables]


def looks_random(p_values):
    """Neither a pattern nor too even, for a few dozen checks at once."""
    return min(p_values) > 1e-4 and max(p_values) < 1 - 1e-4


def salted(words, mixer):
    """p-values of all salts alone and in pairs."""
    by_salt = [mixer(words, salt).astype(np.int64) for salt in SALTS]
    alone = [p for values in by_salt for p in uniform(values)]
    return alone + [p for one, other in combinations(by_salt, 2) for p in independent(one, other)]


def test_spread_words_are_uniform_and_independent_between_salts(words):
    assert looks_random(salted(words[3], spread_words))


def test_a_bad_mixer_is_seen(words):
    assert not looks_random(salted(words[3], shifted))


def test_the_four_words_are_uniform_and_independent(words):
    columns = words.astype(np.int64)
    p_values = [p for column in columns for p in uniform(column)]
    p_values += [p for one, other in combinations(columns, 2) for p in independent(one, other)]
    assert looks_random(p_values)


@pytest.mark.parametrize("salt", [0, 1, RELET_SALT, OFFERS[-1]])
def test_neighbours_share_nothing(words, salt):
    """The next borrower, the next month, the next path and the next seed draw anew."""
    here = spread_words(words[3], salt).astype(np.int64)
    others = [philox_words(2**18, 6, 7, *key_of(2**40 + 3)), philox_words(2**18, 5, 8, *key_of(2**40 + 3))]
    others += [philox_words(2**18, 5, 7, *key_of(2**40 + 4)), np.roll(words, 1, axis=1)]
    there = [spread_words(other[3], salt).astype(np.int64) for other in others]
    assert looks_random([p for values in there for p in independent(here, values)])
    assert not looks_random(independent(here, here))
