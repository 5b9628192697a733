"""The table of an allowance's movement adds up to the last minor unit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stresslab.measures.provisions.allowance import provisions
from stresslab.measures.provisions.regimes import CECL, IFRS9, China, Overlay
from stresslab.measures.provisions.rollforward import ROWS, allowance_movement
from stresslab.schema import InputError
from tests.measures.hand import expect, hand_terms, one_bucket
from tests.measures.provisions.test_allowance import random_case, whole

REGIMES = {"ifrs9": IFRS9(), "cecl": CECL(), "china": China()}
LAYER = [Overlay(name="a", reason="b", share=0.1, amount=3.0, first_month=1, last_month=2)]


def gap(table):
    cents = whole(table["movement"].transpose(..., "row"))
    return cents[..., :-1].sum(-1) - cents[..., -1]


@pytest.mark.parametrize("regime", REGIMES)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), layered=st.booleans(), scenarios=st.booleans())
def test_rows_sum_to_closing(regime, seed, layered, scenarios):
    book, terms = random_case(seed, **({"scenario": ["base", "severe"]} if scenarios else {}))
    found = provisions(book, REGIMES[regime], terms, overlays=LAYER if layered else [])
    table = allowance_movement(found, first=1, last=3)
    assert (gap(table) == 0).all()
    wrong = table.assign(movement=table["movement"] + 0.01 * (table["row"] == "outlook"))
    assert (gap(wrong) != 0).all()


@pytest.mark.parametrize("regime", REGIMES)
def test_the_charge_is_that_of_the_income_statement(regime):
    book, terms = random_case(5)
    found = provisions(book, REGIMES[regime], terms)
    charged = found["provision_charge"].isel(month=slice(1, None)).sum("month")
    np.testing.assert_allclose(allowance_movement(found)["charge"], charged, atol=1e-6)


def test_each_row_by_hand():
    terms = expect(hand_terms(points=((0.05, 0.0, 0.0), (0.09, 0.0, 0.0))), "current", {6: 0.02}, 0.5, point=0)
    terms = expect(terms, "current", {6: 0.04}, 0.5, point=1)  # one of four grades, each a quarter of the balance
    book = one_bucket("current", months=2, unemployment=[[0.05, 0.09]], drawn=[[[0.0], [400.0]]])
    book["paid"][0, 1, 0] = 300.0
    book["balance"][0, 1, 0, 0] = book["stage_balance"][0, 1, 0, 0] = 1100.0
    table = allowance_movement(provisions(book, IFRS9(backstop=100.0, relative=100.0), terms))
    rows = table["movement"].sel(stage=1).isel(path=0).to_series()
    rate = 0.25 * 0.04 * 0.5
    assert rows["opening"] == pytest.approx(2.5)
    assert rows["outlook"] == pytest.approx(2.5)
    assert rows["new_lending"] == pytest.approx(400 * rate)
    assert rows["repayment"] == pytest.approx(-300 * rate)
    assert rows["transfers"] == pytest.approx(0.0, abs=0.011)
    assert rows["closing"] == pytest.approx(1100 * rate)
    assert list(rows.index) == list(ROWS)


def test_other_parameters_have_a_row_of_their_own():
    book, terms = random_case(8)
    before, after = (provisions(book, IFRS9(revolving_life=life), terms) for life in (6, 20))
    table = allowance_movement(before, restated=after)
    assert (gap(table) == 0).all()
    change = after["allowance_held"].isel(month=-1) - before["allowance_held"].isel(month=-1)
    np.testing.assert_allclose(table["movement"].sel(row="parameters").sum("stage"), change, atol=1e-6)
    assert (abs(change) > 0.0).all()


def test_bad_input_is_refused_by_name():
    book, terms = random_case(8)
    found = provisions(book, "ifrs9", terms)
    for asked in ({"first": 3, "last": 1}, {"first": 2, "last": 2}, {"last": 99}, {"first": 0.5}, {"first": -1}):
        with pytest.raises(InputError, match="first, last: found"):
            allowance_movement(found, **asked)
    with pytest.raises(InputError, match=r"provisions: found variables .*, expected 'change', 'allowance_held'; give"):
        allowance_movement(book)
    with pytest.raises(InputError, match="restated: found path 0, expected 0, 1 as in provisions"):
        allowance_movement(found, restated=found.isel(path=[0]))
