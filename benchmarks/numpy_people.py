"""A month of the borrowers in vectorised NumPy, for `numpy_twin`: draws, jobs, pay, expenses, saving, the bureau."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stresslab.engine.kernel import payments

Array = NDArray[Any]
GOLDEN, LOW = 0x9E3779B9, 0xFFFFFFFF
MULTIPLIERS, STEPS = (0xD2511F53, 0xCD9E8D57), (0x9E3779B9, 0xBB67AE85)
TILE = 8_192
"""Borrowers whose draws are made together: ten rounds on six arrays of 64 bits, best kept in the nearest cache."""
SHORT_PAY_MONTHS = payments.SHORT_PAY_MONTHS
ONE, HALF = np.float32(1.0), np.float32(0.5)
UNIT_24, UNIT_15 = np.float32(2.0**-24), np.float32(2.0**-15)


class People:
    """The borrowers of a chunk."""

    def __init__(self, rows: dict[str, Array], key: tuple[int, int], frugal: np.float32) -> None:
        self.income, self.support, self.benefit = rows["income"], rows["household_support"], rows["insurance"]
        self.risk = rows["job_loss_risk"] * np.float32(2.0**24)  # compared with 24-bit integers, exactly
        self.target, self.strategic, self.points = rows["buffer_target"], rows["strategic"], rows["points"]
        self.necessities, self.frugal = rows["necessities"].astype(np.float32), frugal
        self.needs, self.spared = self.at_price(ONE)
        self.expense_16, self.expense_inverse = rows["expense_16"], rows["expense_inverse"]
        self.id, self.high_salt = rows["id"] ^ np.uint32(key[0]), rows["id_high"] * np.uint32(GOLDEN)
        self.opening = (*(rows[n] for n in ("buffer", "jobless_months", "pay_level", "inquiries", "open_loans")),)
        # Two of the ten rounds of Philox do not depend on month and path.
        low = rows["id"].astype(np.uint64) * MULTIPLIERS[0]
        high = (low >> 32 ^ rows["id_high"].astype(np.uint64) ^ key[1]) * MULTIPLIERS[1]
        self.draws = high >> 32, high & LOW, low & LOW

    def at_price(self, price: np.float32) -> tuple[Array, Array]:
        """Necessities at a price, and what the poorly paid spare of them."""
        whole = self.necessities * price
        return money(whole), money(whole) - money(whole * self.frugal)

    def reopen(self) -> None:
        """Back to the opening state, at the start of a path."""
        self.buffer, self.jobless, self.level, self.inquiries, self.loans = (values.copy() for values in self.opening)
        self.out_of_work = self.jobless.nonzero()[0]


class Month:
    """What the month holds for each borrower of a chunk, and arrays of passing use; shared by all chunks."""

    def __init__(self, size: int) -> None:
        self.wide = [np.empty(TILE, np.uint64) for _ in range(6)]
        self.words = [np.empty(size, np.uint32) for _ in range(4)]
        self.cash, self.need, self.pay = (np.empty(size, np.int32) for _ in range(3))
        self.careless, self.poor, self.lost = np.empty(size, np.uint32), np.empty(size, bool), np.empty(size, np.int32)
        self.u, self.v = np.empty(size, np.uint32), np.empty(size, np.uint32)
        self.f, self.g, self.h = (np.empty(size, np.float32) for _ in range(3))
        self.i, self.j, self.k, self.mask = *(np.empty(size, np.int32) for _ in range(3)), np.empty(size, bool)
        self.asked: list[Array] = []

    def cut(self, size: int) -> Month:
        """The same arrays for fewer borrowers."""
        part = object.__new__(Month)
        for name, value in vars(self).items():
            part.__dict__[name] = [v[:size] for v in value] if isinstance(value, list) else value[:size]
        return part


def money(amount: Array) -> Array:
    """Whole minor units nearest to non-negative float32 amounts, halves up."""
    whole: Array = (amount + HALF).astype(np.int32)
    return whole


def spread(word: Array, salt: Any, out: Array, spare: Array) -> Array:
    """One more uniform word out of each, as `engine.kernel.random.spread`; salt is already times the golden ratio."""
    np.add(word, salt, out=out)
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        np.right_shift(out, shift, out=spare)
        np.bitwise_xor(out, spare, out=out)
        np.multiply(out, factor, out=out)
    np.right_shift(out, 16, out=spare)
    return np.bitwise_xor(out, spare, out=out)


def draw(people: People, m: Month, month: int, path: int, key: tuple[int, int]) -> None:
    """Philox4x32-10 on counters (borrower, month, path, 0): four words for each borrower, a tile at a time."""
    far = path * MULTIPLIERS[1]
    near = (far >> 32 ^ month ^ key[0]) * MULTIPLIERS[0]
    first = (key[0] + STEPS[0]) & LOW, (key[1] + STEPS[1]) & LOW
    for begin in range(0, m.cash.size, TILE):
        tile = slice(begin, begin + TILE)
        c0, c1, c2, c3, low, high = (wide[: m.cash[tile].size] for wide in m.wide)
        k0, k1 = first
        np.bitwise_xor(people.draws[0][tile], (far & LOW) ^ k0, out=c0)
        np.copyto(c1, people.draws[1][tile])
        np.bitwise_xor(people.draws[2][tile], near >> 32 ^ k1, out=c2)
        c3.fill(near & LOW)
        for _ in range(8):
            k0, k1 = (k0 + STEPS[0]) & LOW, (k1 + STEPS[1]) & LOW
            np.multiply(c0, MULTIPLIERS[0], out=low)
            np.multiply(c2, MULTIPLIERS[1], out=high)
            np.right_shift(high, 32, out=c0)
            np.bitwise_xor(c0, c1, out=c0)
            np.bitwise_xor(c0, k0, out=c0)
            np.bitwise_and(high, LOW, out=c1)
            np.right_shift(low, 32, out=c2)
            np.bitwise_xor(c2, c3, out=c2)
            np.bitwise_xor(c2, k1, out=c2)
            np.bitwise_and(low, LOW, out=c3)
        for word, c in zip(m.words, (c0, c1, c2, c3), strict=True):
            np.copyto(word[tile], c, casting="unsafe")


def find_work(people: People, m: Month, month: Any, model: Any) -> None:
    """Months without a job after this month's draw."""
    np.right_shift(m.words[0], 8, out=m.u)
    np.copyto(m.f, m.u.view(np.int32), casting="unsafe")
    np.multiply(people.risk, month["separation"], out=m.g)
    jobless, idle = people.jobless, people.out_of_work
    early = jobless[idle] <= model["early_months"]
    finding = np.where(early, month["find_early"], month["find_late"])
    still = np.where(m.f[idle] * UNIT_24 >= ONE - finding, 0, jobless[idle] + 1)
    np.less(m.f, m.g, out=m.mask)
    np.copyto(jobless, m.mask)
    jobless[idle] = still
    people.out_of_work = jobless.nonzero()[0]


def lasting_level(people: People, m: Month, model: Any) -> None:
    """Lasting pay over usual pay, in place."""
    level, f = people.level, m.f
    np.subtract(level, ONE, out=level)
    np.multiply(level, model["persistence"], out=level)
    np.add(level, ONE, out=level)
    np.bitwise_and(m.words[2], 0xFFFF, out=m.u)
    np.copyto(f, m.u.view(np.int32), casting="unsafe")
    np.multiply(f, UNIT_15, out=f)
    np.subtract(f, ONE, out=f)
    np.multiply(f, model["width"], out=f)
    np.add(f, ONE, out=f)
    np.multiply(level, f, out=level)
    fallen = (m.words[2] >= int(model["fall_from_16"]) << 16).nonzero()[0]
    level[fallen] *= model["fall_keep"]


def passing_shock(m: Month, model: Any) -> Array:
    """Factor on the month's pay: a cubic of the sum of a word's four bytes, added up two and two."""
    u, v, f, g = m.u, m.v, m.f, m.g
    np.bitwise_and(m.words[1], 0x00FF00FF, out=u)
    np.right_shift(m.words[1], 8, out=v)
    np.bitwise_and(v, 0x00FF00FF, out=v)
    np.add(u, v, out=u)
    np.multiply(u, 0x00010001, out=u)
    np.right_shift(u, 16, out=u)
    np.copyto(f, u.view(np.int32), casting="unsafe")
    np.subtract(f, np.float32(510.0), out=f)
    np.multiply(f, model["passing_scale"], out=f)
    np.multiply(f, np.float32(1.0 / 6.0), out=g)
    np.add(g, HALF, out=g)
    np.multiply(g, f, out=g)
    np.add(g, ONE, out=g)
    np.multiply(g, f, out=g)
    np.add(g, ONE, out=g)
    np.multiply(g, model["passing_centre"], out=g)
    return g


def short_pay(people: People, m: Month, month: int, path: int, share_16: int) -> Array:
    """Those on short pay: the same for half a year."""
    word = spread(people.id, people.high_salt, m.u, m.v)
    word = spread(word, np.uint32(path * GOLDEN & LOW), m.u, m.v)
    word = spread(word, np.uint32(month // SHORT_PAY_MONTHS * GOLDEN & LOW), m.u, m.v)
    return (word < share_16 << 16).nonzero()[0]


def be_paid(people: People, m: Month, when: tuple[int, int], month: Any, model: Any) -> None:
    """Pay after shocks, short pay and joblessness; necessities and expenses; the month's cash.

    when : the month and the path
    """
    lasting_level(people, m, model)
    shock, pay, usual = passing_shock(m, model), m.f, m.h
    np.multiply(people.income, month["wage"], out=usual)
    np.multiply(usual, people.level, out=pay)
    np.multiply(pay, shock, out=pay)
    idle = people.out_of_work
    insured = np.where(people.jobless[idle] <= model["benefit_months"], people.benefit[idle], np.float32(0.0))
    relief = pay[idle] * (people.support[idle] + insured)
    if month["furlough_16"] > 0:
        pay[short_pay(people, m, *when, int(month["furlough_16"]))] *= month["keep"]
    pay[idle] = relief
    if month["transfer"] > 0:
        people.buffer += money(month["transfer"] * usual)
    np.multiply(usual, model["low_pay"], out=usual)
    np.less(pay, usual, out=m.poor)
    np.add(pay, HALF, out=pay)
    np.copyto(m.pay, pay, casting="unsafe")
    np.add(people.buffer, m.pay, out=m.cash)
    needs, spared = (people.needs, people.spared) if month["price"] == ONE else people.at_price(month["price"])
    np.subtract(m.cash, needs, out=m.cash)
    poor = m.poor.nonzero()[0]
    m.cash[poor] += spared[poor]
    np.greater(people.buffer, people.target, out=m.mask)
    rich = m.mask.nonzero()[0]
    excess = (people.buffer[rich] - people.target[rich]).astype(np.float32) * model["spend_excess"]
    m.cash[rich] -= excess.astype(np.int32)
    np.right_shift(spread(m.words[3], 0, m.u, m.v), 16, out=m.u)
    np.less(m.u.view(np.int32), people.expense_16, out=m.mask)
    event = m.mask.nonzero()[0]
    size = m.u[event].astype(np.float32) * people.expense_inverse[event]
    m.cash[event] -= money(np.float32(3.0) * size * size * (model["expense_mean"] * people.income[event]))


def save(people: People, m: Month, saving: np.float32) -> None:
    """What is left becomes the buffer, up to its target."""
    np.subtract(m.cash, people.buffer, out=m.i)
    np.less_equal(m.i, 0, out=m.mask)
    np.copyto(m.f, m.i, casting="unsafe")
    np.multiply(m.f, saving, out=m.f)
    np.copyto(m.i, m.f, casting="unsafe")
    np.add(m.i, people.buffer, out=m.i)
    np.maximum(people.target, people.buffer, out=m.j)
    np.minimum(m.i, m.j, out=people.buffer)
    np.maximum(m.cash, 0, out=m.cash)
    np.copyto(people.buffer, m.cash, where=m.mask)


def ask_bureau(people: People, m: Month, model: Any) -> None:
    """Points lost at every lender alike: loans open anywhere beyond two, and applications remembered."""
    np.multiply(people.inquiries, model["inquiry_points"], out=m.i)
    np.right_shift(m.i, 8, out=m.i)
    np.subtract(people.loans, 2, out=m.lost)
    np.multiply(m.lost, model["loan_points"], out=m.lost)
    np.add(m.lost, m.i, out=m.lost)


def report_to_bureau(people: People, m: Month, model: Any) -> None:
    """Older applications fade, the month's are added."""
    np.multiply(people.inquiries, model["forget_inquiries"], out=m.i)
    np.right_shift(m.i, 8, out=m.i)
    np.subtract(people.inquiries, m.i, out=people.inquiries)
    for who in m.asked:
        people.inquiries[who] += 256
    m.asked.clear()
