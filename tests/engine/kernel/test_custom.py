"""Behaviours of one's own: the same bits where they do the same, the books balanced where they do not."""

import json

import numpy as np
import pytest
from numba import int32, njit

from stresslab.engine.kernel import behaviour, custom
from stresslab.engine.kernel.behaviour import money, payment
from stresslab.engine.kernel.custom import BUILT_IN, behaviour_faults, kernel_with, source_of
from stresslab.engine.simulate import advance, simulate
from stresslab.schema import InputError
from tests.engine.small import book_of, busy, flat, harsh, late_book, riskless


@njit
def half_of_much(payable, cash):
    """As the built-in one; but of a payment of 100,000.00 or more he pays half."""
    free = cash if cash > int32(0) else int32(0)
    usual = payable if payable < free else free
    return int32(usual // int32(2)) if usual >= int32(10_000_000) else usual


OWN = {"payment": half_of_much, "money": money}
"""Compiled once for all tests here, for it takes a while: one behaviour anew, and one as it is built in."""
BOOK = late_book("china-online", borrowers=40)
INSTALMENT = {"tenor_months": 12, "remaining_months": 12, "usual_balance": 1_200_000.0, "limit": 1_200_000.0}
RICH = {"liquid_buffer": 8_000_000.0, "buffer_target": 8_000_000.0, "income": 100_000.0}


def loans_of(instalment, borrowers=300):
    return book_of(borrowers, ("jiebei",), balance=1_200_000.0, instalment=instalment, **INSTALMENT, **RICH)


def quiet():
    return riskless(**{"willingness.misunderstanding": 0.0, "products.jiebei.late_rate_monthly": 0.0})


@pytest.fixture(scope="module")
def own_run():
    """The run that compiles the kernel: ordinary amounts."""
    return simulate(BOOK, harsh(12, 2), busy(), seed=3, behaviour=OWN, progress=False)


def test_what_does_the_same_gives_the_same_bits(own_run):
    plain = simulate(BOOK, harsh(12, 2), busy(), seed=3, progress=False)
    assert own_run.equals(plain)
    assert plain["paid"].any()
    assert json.loads(plain.attrs["behaviour"]) == {}


@pytest.mark.usefixtures("own_run")
def test_another_payment_by_hand():
    """1 % a month on 1,200,000.00; of 106,618.55 due he pays 53,309.27 and is late with the rest:
    1,200,000.00 + 12,000.00 - 53,309.27 = 1,158,690.73. Of 95,000.00 he pays all, which is 1,117,000.00.
    """
    result = simulate(loans_of(106_618.55, 2), flat(1, 0.0), quiet(), seed=1, behaviour=OWN, progress=False)
    last = result.isel(path=0, month=1, segment=0)
    assert last["balance"].sel(bucket="30-59").item() == pytest.approx(2 * 1_158_690.73, abs=1e-6)
    assert last["paid"].item() == pytest.approx(2 * 53_309.27, abs=1e-6)
    assert last["entries_to_arrears"].sum().item() == 2
    result = simulate(loans_of(95_000.0, 2), flat(1, 0.0), quiet(), seed=1, behaviour=OWN, progress=False)
    assert result["balance"].sel(bucket="current").values.ravel()[1] == pytest.approx(2 * 1_117_000.0, abs=1e-6)


@pytest.mark.usefixtures("own_run")
def test_another_payment_changes_the_result_and_keeps_the_books():
    book, macro = loans_of(106_618.55), flat(12, 0.0)
    plain, other = (simulate(book, macro, busy(), seed=3, behaviour=own, progress=False) for own in (None, OWN))
    assert not plain["balance"].equals(other["balance"])
    late = [one["accounts"].isel(bucket=slice(1, None)).sum().item() for one in (plain, other)]
    assert late[1] > 2 * late[0]
    assert gap(other) == 0
    assert gap(other.assign(paid=other["paid"] * 2.0)) > 0  # as if he had paid all


def gap(result):
    """Largest difference between closing and opening and flows, in minor units."""
    fen = {name: np.rint(result[name].values * 100).astype(np.int64) for name in FLOWS}
    stock = np.rint(result["balance"].sum("bucket").values * 100).astype(np.int64)
    moved = sum(sign * fen[name] for name, sign in FLOWS.items())
    return int(np.abs(np.diff(stock, axis=1) - moved[:, 1:]).max())


FLOWS = {"drawn": 1, "originated": 1, "interest": 1, "fees": 1, "paid": -1, "forgiven": -1, "written_off": -1}


@pytest.mark.usefixtures("own_run")
def test_a_book_moves_on_under_the_same_behaviour():
    book = loans_of(106_618.55, 4)
    after = advance(book, flat(1, 0.0), 1, quiet(), seed=1, behaviour=OWN)
    assert after["balance"].values.tolist() == pytest.approx([1_158_690.73] * 4)
    assert after["days_past_due"].values.tolist() == [30] * 4
    assert after["overdue"].values.tolist() == pytest.approx([53_309.28] * 4)


def test_the_record_keeps_the_source(own_run):
    kept = json.loads(own_run.attrs["behaviour"])
    assert set(kept) == {"payment", "money"}
    assert kept["payment"].startswith("@njit\ndef half_of_much(payable, cash):")
    assert "int32(10_000_000)" in kept["payment"]
    assert "def money(amount):" in kept["money"]


def test_a_source_that_cannot_be_had_is_named():
    scope = {"njit": njit}
    exec("@njit\ndef typed(payable, cash):\n    return payable\n", scope)
    assert "typed" in source_of({"payment": scope["typed"]})["payment"]


def test_a_kernel_is_made_once_and_the_built_in_one_stays():
    assert kernel_with({}) is BUILT_IN
    assert kernel_with(OWN) is kernel_with(dict(reversed(OWN.items())))
    assert kernel_with(OWN) is not BUILT_IN
    assert custom.loop.live is BUILT_IN.live
    assert behaviour.payment is payment


@njit
def three(payable, cash, mood):
    return payable


def plainly(payable, cash):
    return payable


@pytest.mark.parametrize(
    ("own", "message"),
    [
        ({"paying": half_of_much}, r"behaviour: found 'paying', expected one of \['above_target', .*'payment'"),
        ({"ONE": half_of_much}, r"behaviour: found 'ONE', expected one of"),
        ({"payment": plainly}, r"behaviour 'payment': found <function plainly.*under numba\.njit; decorate it"),
        ({"payment": 3}, r"behaviour 'payment': found 3, expected a function under numba\.njit"),
        ({"payment": three}, r"found arguments \['payable', 'cash', 'mood'\], expected \['payable', 'cash'\]"),
        ([half_of_much], r"behaviour: found \[.*\], expected a mapping name -> jitted function"),
        (half_of_much, r"behaviour: found .*expected a mapping"),
    ],
)
def test_what_cannot_be_put_in_is_refused(own, message):
    with pytest.raises(InputError, match=message):
        simulate(BOOK, harsh(2), busy(), seed=1, behaviour=own, progress=False)
    with pytest.raises(InputError, match=message):
        advance(BOOK, harsh(2).isel(path=0), 2, busy(), seed=1, behaviour=own)


def test_all_faults_come_at_once():
    faults = behaviour_faults({"paying": half_of_much, "payment": three, "money": plainly, "job": behaviour.job})
    assert len(faults) == 3
    with pytest.raises(InputError) as caught:
        simulate(BOOK, harsh(2), busy(), seed=-1, behaviour={"paying": three, "payment": three}, progress=False)
    assert len(caught.value.faults) == 3
