"""Random words, and amounts as the engine rounds them.

Amounts are Python integers of minor units. Where the engine calculates in float32, `f32` does so here, because order
and precision of its operations are part of the rules.
"""

from __future__ import annotations

import numpy as np

f32 = np.float32
WORD = 0xFFFFFFFF
GOLDEN = 0x9E3779B9
Words = tuple[int, int, int, int]


def philox(counter: Words, key: tuple[int, int]) -> Words:
    """Philox4x32-10: four words of 32 random bits from a counter and a key.

    Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11.
    """
    a, b, c, d = counter
    k0, k1 = key
    for _ in range(10):
        low, high = a * 0xD2511F53, c * 0xCD9E8D57
        a, b, c, d = (high >> 32) ^ b ^ k0, high & WORD, (low >> 32) ^ d ^ k1, low & WORD
        k0, k1 = (k0 + GOLDEN) & WORD, (k1 + 0xBB67AE85) & WORD
    return a, b, c, d


def spread(word: int, salt: int) -> int:
    """Another random word for each salt: a bijection of word + salt x golden ratio (`lowbias32`, Wellons 2018)."""
    x = (word + salt * GOLDEN) & WORD
    x = (x ^ x >> 16) * 0x7FEB352D & WORD
    x = (x ^ x >> 15) * 0x846CA68B & WORD
    return x ^ x >> 16


def unit(word: int) -> f32:
    """The high 24 bits of a word as a number in [0, 1)."""
    return f32(word >> 8) * f32(2.0**-24)


def money(amount: f32) -> int:
    """The nearest minor unit, halves up."""
    return int(amount + f32(0.5))


def fade(memory: int, forgotten: int) -> int:
    """A memory less the share that is forgotten in a month, both in 256ths."""
    return memory - (memory * forgotten >> 8)


def annuity(balance: int, rate: f32, months: int) -> int:
    """Equal payment that repays a balance B in n months at a monthly rate r, the next minor unit up.

    B r (1 + r)^n / ((1 + r)^n - 1), and B / n without interest.
    """
    grown = f32(1)
    for _ in range(months):
        grown = grown * (f32(1) + rate)
    if grown <= f32(1):
        return int(f32(balance) / f32(months)) + 1
    return int(f32(balance) * rate * grown / (grown - f32(1))) + 1
