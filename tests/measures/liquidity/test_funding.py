"""Funding: what it may be, all its faults at once, and a plausible one for a book."""

import json
import math
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from stresslab.measures.defaults import by_place
from stresslab.measures.liquidity.funding import (
    Borrowing,
    ContingentLine,
    Funding,
    LiquidAsset,
    Partners,
    RollOver,
    Securitisation,
    Trigger,
    as_json,
    kinds,
    liquidity_rules,
)
from stresslab.measures.liquidity.ladder import liquidity_buffer
from stresslab.schema import InputError
from stresslab.testing import made_up_result, tiny_result

BOOK = made_up_result(paths=4, months=3, seed=1, scenario=["base", "severe"])
SHARE = "expected a finite number >= 0 and <= 1"


def test_borrowings_are_the_same_however_their_dates_are_given():
    by_month = Borrowing("bond", {3: 5.0, 1: 2.0})
    assert by_month == Borrowing("bond", [2.0, 0.0, 5.0]) == Borrowing("bond", np.array([2.0, 0.0, 5.0]))
    assert by_month.maturing == (2.0, 0.0, 5.0)
    assert Borrowing("bond", {}) == Borrowing("bond", [])


def test_one_amount_is_cash():
    assert Funding(5) == Funding(5.0) == Funding([LiquidAsset(5.0)]) == Funding((LiquidAsset(5.0, "cash"),))


def test_borrowed_counts_debts_beyond_the_horizon_and_notes():
    notes = Securitisation([(80.0, 0.03), (15, 0.06)], pool_share=0.5)
    assert Funding(0.0, [Borrowing("bond", {2: 30.0, 60: 7.0})], [notes]).borrowed == 132.0
    assert Funding(0.0).borrowed == 0.0


def test_funding_is_json_that_reads_back():
    funding = Funding(5.0, [Borrowing("bond", [1.0], rollover=RollOver(0.9))], partners=Partners(Trigger(0.1)))
    content = json.loads(as_json(funding))
    assert content["liquid_assets"] == [{"amount": 5.0, "asset_class": "cash", "haircut": 0.0, "months_to_sell": 0}]
    assert content["borrowings"][0]["rollover"]["base"] == 0.9
    assert content["partners"]["withdrawal"]["arrears_30"] == 0.1
    assert json.loads(as_json(Funding(np.float64(5.0), [Borrowing("bond", [1], tenor_months=np.int64(3))])))


def test_every_rule_has_a_source_and_a_status():
    rules = liquidity_rules()
    for kind in kinds():
        rule = rules["kinds"][kind]
        assert rule["source"], kind
        assert rule["status"], kind
        assert 0.0 <= rule["run_off"] <= 1.0
        assert rule["stable"] == sorted(rule["stable"])
        assert rule["stable"][-1] == 1.0
    for name in ("hqla", "nsfr", "minimums"):
        assert rules[name]["source"], name
        assert rules[name]["status"], name
    for name in ("committed_lines", "retail_inflow", "inflow_cap"):
        assert rules["lcr"][f"{name}_source"], name
        assert rules["lcr"][f"{name}_status"], name


def test_the_rules_say_what_the_page_of_rules_says():
    rules = liquidity_rules()
    run_off = {kind: rules["kinds"][kind]["run_off"] for kind in kinds()}
    assert run_off == dict.fromkeys(kinds(), 1.0) | {
        "stable_deposits": 0.05,
        "less_stable_deposits": 0.10,
        "nonfinancial": 0.40,
    }
    assert rules["kinds"]["nonfinancial"]["stable"] == [0.5, 0.5, 1.0]
    assert rules["kinds"]["interbank"]["stable"] == [0.0, 0.5, 1.0]
    assert [rules["lcr"][name] for name in ("committed_lines", "retail_inflow", "inflow_cap")] == [0.05, 0.5, 0.75]
    minimums = rules["minimums"]
    assert [minimums[name] for name in ("lcr", "nsfr", "hqla_adequacy")] == [1.0, 1.0, 1.0]
    assert minimums["liquidity_ratio_bank"] == 0.25
    assert minimums["liquidity_ratio_consumer_finance"] == 0.50


FAULTY = {
    "Trigger": (
        lambda: Trigger(arrears_30=-0.1, arrears_90=math.nan, annual_loss=math.inf, months=0),
        ["arrears_30: found -0.1", "arrears_90: found nan", "annual_loss: found inf", "months: found 0"],
    ),
    "Trigger that looks at nothing": (
        lambda: Trigger(months=1.5),
        ["thresholds: found none", "months: found 1.5, expected a whole number 1 ... 1,200"],
    ),
    "RollOver": (
        lambda: RollOver(1.1, -1.0, math.inf, normal_arrears=math.nan, normal_loss=-0.1),
        [
            f"base: found 1.1, {SHARE}",
            "arrears_sensitivity: found -1.0",
            "loss_sensitivity: found inf",
            "normal_arrears: found nan",
            "normal_loss: found -0.1",
        ],
    ),
    "Borrowing": (
        lambda: Borrowing("pawn", {0: 5.0, 2: math.nan, 3: -1.0}, 4.35, 50, tenor_months=0, pass_through=1.5),
        [
            "kind: found 'pawn', expected one of ('stable_deposits'",
            "maturing, month 0: found 0",
            "maturing[month 2]: found nan",
            "maturing[month 3]: found -1.0",
            f"annual_rate: found 4.35, {SHARE}",
            f"rollover: found 50, {SHARE}",
            "tenor_months: found 0",
            f"pass_through: found 1.5, {SHARE}",
        ],
    ),
    "Securitisation": (
        lambda: Securitisation([(-1.0, 0.03), (5.0, 3.0)], 1.5, revolving_months=-1, early=0.1),
        [
            "notes[0] amount: found -1.0",
            "notes[1] annual_rate: found 3.0",
            "pool_share: found 1.5",
            "revolving_months: found -1",
            "early: found 0.1, expected Trigger",
        ],
    ),
    "Securitisation without notes": (lambda: Securitisation([], 0.5), ["notes: found []"]),
    "Securitisation of half notes": (lambda: Securitisation([5.0, (1.0,)], 0.5), ["notes: found [5.0, (1.0,)]"]),
    "Partners": (
        lambda: Partners(0.05, -1, 1.5, -0.5, math.nan, 24),
        [
            "withdrawal: found 0.05, expected Trigger",
            "notice_months: found -1",
            "withdrawn_share: found 1.5",
            "taken_over: found -0.5",
            "guaranteed_share: found nan",
            "annual_fee: found 24",
        ],
    ),
    "LiquidAsset": (
        lambda: LiquidAsset(math.nan, "2C", 15, months_to_sell=-1),
        [
            "amount: found nan",
            "asset_class: found '2C', expected one of ('cash'",
            "haircut: found 15",
            "months_to_sell",
        ],
    ),
    "ContingentLine": (
        lambda: ContingentLine(-5.0, 0.5, 7, lost="soon"),
        ["amount: found -5.0", "notice_months: found 0.5", "annual_fee: found 7", "lost: found 'soon'"],
    ),
    "Funding": (
        lambda: Funding(-1.0, [5.0], 3, None, [Trigger(0.1)], math.nan, -0.1, 2, 5),
        [
            "liquid_assets: found -1.0",
            "borrowings: found [5.0], expected a list of Borrowing(...)",
            "securitisations: found 3, expected a list of Securitisation(...)",
            "partners: found None, expected Partners",
            "lines: found [Trigger",
            "operating_cost_monthly: found nan",
            "operating_cost_rate: found -0.1",
            "new_lending_share: found 2",
            "committed_draw_share: found 5",
        ],
    ),
    "Funding without a list": (
        lambda: Funding([5.0], Borrowing("bond", [1.0])),
        ["liquid_assets: found [5.0], expected a number or a list of LiquidAsset(...)", "borrowings: found Borrowing("],
    ),
}


@pytest.mark.parametrize("name", FAULTY)
def test_every_fault_is_named_at_once(name):
    build, parts = FAULTY[name]
    with pytest.raises(InputError) as caught:
        build()
    assert caught.value.subject == name.split()[0]
    assert len(caught.value.faults) == len(parts)
    for part in parts:
        assert any(fault.startswith(part) for fault in caught.value.faults), part


@pytest.mark.parametrize("ladder", [100.0, None, "12", ["ten"], {1.5: 3.0}, {True: 1.0}])
def test_a_ladder_that_is_none_is_refused(ladder):
    with pytest.raises(InputError, match="maturing"):
        Borrowing("bond", ladder)


def test_none_is_no_sensitivity():
    with pytest.raises(InputError, match="arrears_sensitivity: found None"):
        RollOver(0.9, arrears_sensitivity=None)


def test_notes_that_are_none_are_refused():
    with pytest.raises(InputError, match="notes: found None"):
        Securitisation(None, 0.5)


def test_a_plausible_ladder_for_a_book():
    own = BOOK.isel(segment=[0, 1])
    funded = float((own["balance"].isel(scenario=0, path=0, month=0).sum("bucket") * own["own_share"]).sum())
    funding = Funding.for_book(BOOK, borrowed_share=0.9, liquid_share=0.1, months=6, rollover=0.8, annual_rate=0.04)
    (borrowing,) = funding.borrowings
    assert funding.borrowed == pytest.approx(0.9 * funded)
    assert len(set(borrowing.maturing)) == 1
    assert len(borrowing.maturing) == 6
    assert (borrowing.kind, borrowing.rollover, borrowing.annual_rate) == ("interbank", 0.8, 0.04)
    assert [asset.amount for asset in funding.liquid_assets] == [pytest.approx(0.1 * funded)]
    assert Funding.for_book(BOOK, lender="all").borrowed > Funding.for_book(BOOK).borrowed
    other = Funding.for_book(BOOK, kind="bond", tenor_months=6, operating_cost_monthly=7.0)
    assert (other.borrowings[0].kind, other.borrowings[0].tenor_months, other.operating_cost_monthly) == ("bond", 6, 7)


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({"borrowed_share": 80}, "borrowed_share: found 80"),
        ({"months": 0}, "months: found 0"),
        ({"lender": "nobody"}, "lender: found 'nobody'"),
        ({"rollover": 2}, "rollover: found 2"),
        ({"kind": "pawn"}, "kind: found 'pawn'"),
        ({"new_lending_share": 2}, "new_lending_share: found 2"),
    ],
)
def test_a_ladder_for_a_book_refuses_bad_wishes(wish, message):
    with pytest.raises(InputError, match=message):
        Funding.for_book(BOOK, **wish)


def test_a_ladder_for_a_book_names_every_fault():
    with pytest.raises(InputError) as caught:
        Funding.for_book(BOOK.drop_vars("own_share"), borrowed_share=80, liquid_share=-1, months=0, lender="nobody")
    starts = [fault.split(":")[0] for fault in caught.value.faults]
    assert sorted(starts) == ["borrowed_share", "lender", "liquid_share", "months", "own_share"]


def test_what_is_not_equity_is_borrowed_for_loans_and_liquid_assets():
    book = tiny_result(100.0, currency="USD")
    equity = by_place(book, {"equity_share": None})[0]["equity_share"]
    assert 0.0 < equity < 0.5
    assert Funding.for_book(book, liquid_share=0.25).borrowed == pytest.approx(125.0 * (1.0 - equity))


@pytest.mark.parametrize(("of", "measured"), [("USD", "CNY"), ("CNY", "USD")])
def test_funding_is_of_the_currency_of_the_result(of, measured):
    funding = Funding.for_book(tiny_result(100.0, currency=of), months=1)
    liquidity_buffer(tiny_result(100.0, currency=of, paths=2), funding, horizon=1)
    with pytest.raises(InputError, match=f"funding: found amounts in {of}, expected {measured} as in the result"):
        liquidity_buffer(tiny_result(100.0, currency=measured, paths=2), funding, horizon=1)


PIECES = [
    LiquidAsset(5.0), RollOver(0.9), Borrowing("bond", [1.0]), Securitisation([(80.0, 0.03)], 0.5), Trigger(0.1),
    ContingentLine(1.0), Partners(), Funding(5.0),
]  # fmt: skip


@pytest.mark.parametrize("piece", PIECES, ids=lambda piece: type(piece).__name__)
def test_funding_cannot_be_changed_afterwards(piece):
    with pytest.raises(FrozenInstanceError):
        setattr(piece, next(iter(vars(piece))), 1.0)


def test_notes_do_not_revolve_unless_they_say_so():
    assert Securitisation([(80.0, 0.03)], 0.5).revolving_months == 0


def test_different_opening_books_have_no_one_ladder():
    book = BOOK.copy(deep=True)
    book["balance"][0, 0, 0, 0, 0] += 1.0
    with pytest.raises(InputError, match="balance: found different balances"):
        Funding.for_book(book)
