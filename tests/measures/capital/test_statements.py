"""Balance sheet and income statement: they close to the minor unit, agree with a plain twin, refuse bad input."""

import itertools
import json

import numpy as np
import pytest
import xarray as xr
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from stresslab.measures.capital.balance_sheet import BalanceSheet
from stresslab.measures.capital.regimes import CapitalRegime, Hurdle
from stresslab.measures.capital.statements import financial_statements
from stresslab.measures.liquidity.funding import Borrowing, Funding
from stresslab.measures.liquidity.on_balance_sheet import grow, own_part
from stresslab.measures.provisions.allowance import provisions
from stresslab.schema import MINOR, InputError
from tests.measures.hand import random_terms
from tests.measures.twin_capital import (
    CASES,
    FULL,
    LINES,
    OURS,
    capital_book,
    case,
    follow,
    hand_book,
    hand_parameters,
    held_by,
    parts,
    sheet_of,
    size,
    whole,
)

# without shrinking, which takes minutes here: a failing case is printed as it was found
few = settings(max_examples=8, deadline=None, phases=(Phase.generate,), report_multiple_bugs=False)
seeds = st.integers(0, 500)
INCOME = ("interest_income", "fee_income", "partner_fees", "liquid_income")
COSTS = ("funding_cost", "operating_cost", "guarantee_cost")


def check_closed(found, sheet):
    """Everything that holds exactly; raises AssertionError where it does not."""
    line = {name: whole(found[name]) for name in LINES}
    assets = line["liquid_assets"] + line["loans"] - line["allowance"] + line["other_assets"]
    assert (assets == line["borrowings"] + line["external_funding"] + line["equity"]).all()
    moved = np.diff(line["equity"], axis=-1)
    assert (moved == (line["profit"] - line["dividends"])[..., 1:]).all()
    assert (moved == line["retained"][..., 1:]).all()
    before = sum(line[name] for name in INCOME) - sum(line[name] for name in COSTS)
    assert (before == line["pre_provision_income"]).all()
    assert (before - line["provision_charge"] == line["profit_before_tax"]).all()
    assert (line["profit_before_tax"] - line["tax"] == line["profit"]).all()
    least = round(sheet.minimum_liquid * MINOR)
    assert (line["liquid_assets"][..., 1:] >= least).all()
    raised = line["external_funding"] > 0
    assert (line["liquid_assets"][raised] == least).all()
    assert (line["tax"] >= 0).all()
    assert (line["dividends"] >= 0).all()
    assert (line["dividends"] <= np.maximum(line["profit"], 0)).all()
    for name in (*INCOME, *COSTS, "pre_provision_income", "provision_charge", "profit", "dividends"):
        assert (line[name][..., 0] == 0).all(), name


@pytest.mark.parametrize("provisioning", ["china", "ifrs9", "cecl"])
@few
@given(seed=seeds, part=parts, growth=st.sampled_from([0.0, 0.3, -0.4]), scenario=st.sampled_from([None, ["a", "b"]]))
def test_the_books_close(provisioning, seed, part, growth, scenario):
    book = capital_book(seed, months=5, scenario=scenario)
    book = grow(book, growth) if growth else book
    sheet = sheet_of(book, part)
    found = financial_statements(book, sheet, "china-2023", allowance=held_by(book, sheet, provisioning))
    check_closed(found, sheet)
    assert found["equity"].dims == ((*(["scenario"] if scenario else []), "path", "month"))


def test_books_that_do_not_close_would_be_seen():
    book = capital_book(3)
    sheet = sheet_of(book, FULL)
    found = financial_statements(book, sheet)
    check_closed(found, sheet)
    for name in ("liquid_assets", "profit", "tax", "allowance", "external_funding", "interest_income"):
        with pytest.raises(AssertionError):
            check_closed(found.assign({name: found[name] + 0.01}), sheet)


def test_a_book_in_run_off_closes_and_ends_in_cash():
    owed = np.zeros((2, 5, 1, 8))
    owed[:, :, 0, 0] = [[1000.0, 600.0, 300.0, 100.0, 0.0], [1000.0, 500.0, 300.0, 100.0, 0.0]]
    paid = np.concatenate([np.zeros((2, 1)), -np.diff(owed[:, :, 0, 0], axis=1)], axis=1)
    book = hand_book(owed, paid=paid[..., None])
    sheet = BalanceSheet(
        Funding(50.0, [Borrowing("bond", [400.0, 300.0, 100.0])]), tax_rate=0.0, payout=0.0, liquid_yield=0.0
    )
    found = financial_statements(book, sheet)
    check_closed(found, sheet)
    assert found["loans"].values[:, -1].tolist() == [0.0, 0.0]
    assert found["liquid_assets"].values[:, -1].tolist() == [250.0, 250.0]
    assert found["equity"].values[:, -1].tolist() == [250.0, 250.0]  # the allowance is released again
    # on the second path, 550 + 50 - 400 - 300 is missing for a month
    assert found["external_funding"].values.tolist() == [[0.0, 0.0, 0.0, 0.0, 0.0]] * 2


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("seed", [1, 7, 23])
def test_every_line_is_that_of_a_plain_twin(name, seed):
    regime, provisioning, terms = CASES[name]
    terms = dict(terms)
    part = FULL | ({"debts": [0.33, 0.22, 0.24, 0.07]} if terms.pop("funding_cost", False) else {})
    book, sheet, held, specific, parameters = case(seed, regime, provisioning, part, **terms)
    found = financial_statements(book, sheet, regime, allowance=held, parameters=parameters)
    for path in range(2):
        twin = follow(
            book.isel(segment=slice(0, 3)),
            sheet,
            CapitalRegime.named(regime),
            held["allowance_held"].values[path].tolist(),
            specific.values[path].tolist(),
            path,
            interest_net=held["interest_net"].values[path].tolist() if "interest_net" in held else None,
            parameters=parameters,
        )
        for line in LINES:
            assert whole(found[line].values[path]).tolist() == twin[line], (line, path)
        wrong = whole(found["equity"].values[path]) + np.arange(8)
        assert wrong.tolist() != twin["equity"]


def test_the_cases_of_the_twin_hold_what_they_are_to_show():
    """Loss carried forward, payouts held back and external funding each happen on some path."""
    seen = set()
    for (regime, provisioning, terms), seed in itertools.product(CASES.values(), (1, 7, 23)):
        terms = dict(terms)
        part = FULL | ({"debts": [0.33, 0.22, 0.24, 0.07]} if terms.pop("funding_cost", False) else {})
        book, sheet, held, _, parameters = case(seed, regime, provisioning, part, **terms)
        found = financial_statements(book, sheet, regime, allowance=held, parameters=parameters)
        profit, tax = found["profit_before_tax"].values, found["tax"].values
        seen |= {"loss"} if (profit < 0).any() else set()
        seen |= {"carried"} if ((profit > 0) & (tax < 0.2 * profit)).any() else set()
        seen |= {"external"} if (found["external_funding"] > 0).any() else set()
        seen |= {"paid"} if (found["dividends"] > 0).any() else set()
        most = sheet.payout * (found["profit"] - sheet.additional_tier1 * sheet.additional_tier1_rate / 12)
        kept = (most > 1.0) & (found["dividends"] < 0.9 * most)
        seen |= {"kept"} if kept.any() else set()
    assert seen == {"loss", "carried", "external", "paid", "kept"}


@pytest.mark.parametrize("regime", ["basel-standardised", "basel-irb"])
def test_interest_on_the_net_amount_changes_two_lines_and_not_profit(regime):
    book, sheet, held, _, parameters = case(5, regime, "ifrs9")
    net = financial_statements(book, sheet, regime, allowance=held, parameters=parameters)
    gross = financial_statements(book, sheet, regime, allowance=held.drop_vars("interest_net"), parameters=parameters)
    unwinding = gross["interest_income"] - net["interest_income"]
    assert (unwinding.isel(month=slice(1, None)) > 0).all()
    xr.testing.assert_allclose(gross["provision_charge"] - net["provision_charge"], unwinding)
    for name in ("profit_before_tax", "tax", "dividends", "equity", "liquid_assets"):
        np.testing.assert_array_equal(whole(net[name]), whole(gross[name]))
    off = net["interest_income"] - held["interest_net"]
    assert (abs(off.isel(month=slice(1, None))) < 0.011).all()


def test_the_charge_is_that_of_the_provisions():
    for provisioning in ("ifrs9", "china"):
        book, sheet, held, _, _ = case(6, "china-2023", provisioning)
        found = financial_statements(book, sheet, "china-2023", allowance=held)
        whole_charge = found["provision_charge"]
        if "interest_net" in held:
            interest = own_part(book, sheet.funding.partners)["interest"].sum("segment")
            whole_charge = whole_charge + (interest - held["interest_net"]).where(found["month"] > 0, 0.0)
        np.testing.assert_allclose(whole_charge, held["provision_charge"], atol=0.03)


def steady(profits, loans=1000.0):
    """A book of current loans that earns fees by month on one path."""
    months = len(profits) + 1
    owed = np.zeros((1, months, 1, 8))
    owed[..., 0] = loans
    fees = np.array([0.0, *[max(p, 0.0) for p in profits]]).reshape(1, -1, 1)
    lost = np.array([0.0, *[max(-p, 0.0) for p in profits]]).reshape(1, -1, 1)
    return hand_book(owed, fees=fees, written_off=lost, paid=fees, originated=lost)


def test_losses_are_carried_forward_by_hand():
    sheet = BalanceSheet(Funding(100.0), tax_rate=0.25, payout=0.0, liquid_yield=0.0)
    found = financial_statements(steady([10.0, -30.0, 20.0, 15.0, 8.0]), sheet)
    assert found["profit_before_tax"].values.tolist() == [[0.0, 10.0, -30.0, 20.0, 15.0, 8.0]]
    assert found["tax"].values.tolist() == [[0.0, 2.5, 0.0, 0.0, 1.25, 2.0]]  # of 15 only 5 are beyond the loss of 30


def test_dividends_by_hand():
    hybrid = {"additional_tier1": 120.0, "additional_tier1_rate": 0.1}
    sheet = BalanceSheet(Funding(100.0), tax_rate=0.0, payout=0.5, liquid_yield=0.0, **hybrid)
    found = financial_statements(steady([10.0, -30.0, 0.5]), sheet)
    # a coupon of 1 first, half of the 9 left; none out of a loss; half a coupon is all that profit pays
    assert found["dividends"].values.tolist() == [[0.0, 5.5, 0.0, 0.5]]


def with_cet1(ratio, profit=10.0, regime="basel-standardised", **terms):
    """What is paid out of a profit when CET1 before it is this share of 750 risk-weighted assets, no Tier 2."""
    # the allowance is 2.5 % of 1000; equity = 1000 - 25 - borrowed
    equity = ratio * 750.0 - profit
    sheet = BalanceSheet(Funding(0.0, [Borrowing("bond", {60: 975.0 - equity})]), tax_rate=0.0, payout=1.0, **terms)
    return float(financial_statements(steady([profit]), sheet, regime)["dividends"][0, 1])


def free(cet1, tier2=9.375, regime="basel-standardised"):
    """CET1 that gives so much beside what Tier 1 and total capital take of it, in a book with 1.25 % of Tier 2."""
    rules = CapitalRegime.named(regime)
    second = tier2 / 750.0
    return cet1 + max(rules.minimum_tier1, rules.minimum_total - second) - rules.minimum


@pytest.mark.parametrize(
    ("ratio", "paid"),
    [(0.04, 0.0), (0.05, 0.0), (0.0512, 0.0), (0.0513, 2.0), (0.06, 4.0), (0.065, 6.0), (0.0699, 6.0), (0.0701, 10.0)],
)
def test_what_the_buffer_keeps_is_not_paid_out(ratio, paid):
    """RBC30.4: 100, 80, 60, 40 and 0 % are kept; CET1 fills Tier 1 and total capital first (RBC30.2)."""
    assert with_cet1(free(ratio)) == pytest.approx(paid, abs=0.011)


def test_china_keeps_from_five_percent_on_and_basel_from_four_and_a_half():
    """Trap 3: 6.1 % CET1 is in the second quarter of the Chinese buffer, and in the third of Basel's."""
    rules = {name: CapitalRegime.named(name) for name in ("china-2023", "basel-standardised")}
    alone = {
        name: CapitalRegime(
            **{
                "name": name, "approach": one.approach, "weights": one.weights, "hurdles": one.hurdles,
                "minimum": one.minimum, "buffer": one.buffer, "minimum_tier1": 0.0, "minimum_total": 0.0,
            }
        )
        for name, one in rules.items()
    }  # fmt: skip
    assert with_cet1(0.061, regime=alone["china-2023"]) == pytest.approx(2.0, abs=0.011)
    assert with_cet1(0.061, regime=alone["basel-standardised"]) == pytest.approx(4.0, abs=0.011)


def test_additional_tier1_frees_common_equity():
    """AT1 of 1.5 % of the assets fills the gap between Tier 1 of 6 and CET1 of 4.5 %; equity holds both."""
    rules = CapitalRegime.named("basel-standardised")
    without = with_cet1(0.0625)
    assert without == pytest.approx(0.0)  # 6.25 % less 8 - 1.25 - 4.5 = 2.25 % leaves 4 %
    assert with_cet1(0.0625 + 0.0225, additional_tier1=0.0225 * 750.0) == pytest.approx(4.0, abs=0.011)
    assert rules.minimum_total - rules.minimum == pytest.approx(0.035)


@pytest.mark.parametrize("ratio", [0.052, 0.06, 0.069])
def test_coupons_and_dividends_together_keep_what_the_buffer_asks(ratio):
    """RBC30.4: coupons of AT1 are distributions too; all of them are at most 1 - kept share of the month's earnings."""
    quarter = 1.0 - {0.052: 0.8, 0.06: 0.6, 0.069: 0.4}[ratio]
    # AT1 of 2.25 % fills the gap to Tier 1 and total capital, so that CET1 is all for the buffer
    paid = with_cet1(ratio + 0.0225, additional_tier1=0.0225 * 750.0, additional_tier1_rate=1.0)
    assert paid <= quarter * 10.0 + 0.01


def test_external_funding_costs_and_is_repaid():
    owed = np.zeros((1, 4, 1, 8))
    owed[0, :, 0, 0] = [100.0, 200.0, 200.0, 50.0]
    lent, paid = np.zeros((1, 4, 1)), np.zeros((1, 4, 1))
    lent[0, 1], paid[0, 3] = 100.0, 150.0
    book = hand_book(owed, originated=lent, paid=paid)
    sheet = BalanceSheet(
        Funding(30.0), external_rate=0.12, minimum_liquid=10.0, tax_rate=0.0, payout=0.0, liquid_yield=0.0
    )
    found = financial_statements(book, sheet)
    # 30 - 100 is 80 below the least of 10; a month at 1 % is 0.80, raised as well; then 150 come in
    assert found["external_funding"].values.tolist() == [[0.0, 80.0, 80.8, 0.0]]
    assert found["funding_cost"].values.round(2).tolist() == [[0.0, 0.0, 0.8, 0.81]]
    assert found["liquid_assets"].values.round(2).tolist() == [[30.0, 10.0, 10.0, 78.39]]


def test_scenarios_are_those_of_runs_apart():
    book = capital_book(8, scenario=["base", "severe"])
    sheet = sheet_of(book, FULL)
    both = financial_statements(book, sheet)
    assert both["scenario"].values.tolist() == ["base", "severe"]
    for name in ("base", "severe"):
        xr.testing.assert_equal(
            both.sel(scenario=name, drop=True), financial_statements(book.sel(scenario=name, drop=True), sheet)
        )


def test_no_path_knows_of_the_others():
    book = capital_book(9, paths=3)
    sheet = sheet_of(book, FULL)
    all_paths, last = (financial_statements(each, sheet) for each in (book, book.isel(path=[2])))
    xr.testing.assert_equal(all_paths.isel(path=[2]), last)


def test_order_of_dimensions_does_not_matter():
    book = capital_book(9)
    sheet = sheet_of(book, FULL)
    turned = book.transpose("segment", "bucket", "month", "path", ...)
    xr.testing.assert_equal(financial_statements(book, sheet), financial_statements(turned, sheet))


def test_what_is_said_with_it(tmp_path):
    book, sheet, held, _, _ = case(2, "basel-standardised", "ifrs9")
    found = financial_statements(book, sheet, "basel-standardised", allowance=held)
    assert found.attrs["capital_regime"] == "basel-standardised"
    assert found.attrs["provisioning"] == "ifrs9"
    assert json.loads(found.attrs["balance_sheet"])["payout"] == sheet.payout
    assert json.loads(found.attrs["capital_rules"])["minimum"] == 0.045
    assert found.attrs["lender"] == "ours"
    assert {found[name].attrs["units"] for name in found} == {"currency"}
    assert set(found.data_vars) == set(LINES)
    found.to_netcdf(tmp_path / "found.nc")
    xr.testing.assert_identical(xr.load_dataset(tmp_path / "found.nc"), found)


def test_the_inputs_are_left_as_they_are():
    book, sheet, held, _, _ = case(2, "china-2023", "ifrs9")
    kept_book, kept_held = book.copy(deep=True), held.copy(deep=True)
    financial_statements(book, sheet, "china-2023", allowance=held)
    xr.testing.assert_identical(book, kept_book)
    xr.testing.assert_identical(held, kept_held)


def test_a_plausible_balance_sheet_for_a_book():
    book = capital_book(1)
    sheet = BalanceSheet.for_book(book, equity_share=0.15, liquid_share=0.1, payout=0.4, funding={"annual_rate": 0.03})
    loans = size(book)
    assert sheet.funding.borrowed == pytest.approx(1.1 * 0.85 * loans)
    assert sum(one.amount for one in sheet.funding.liquid_assets) == pytest.approx(0.1 * loans)
    assert (sheet.payout, sheet.funding.borrowings[0].annual_rate) == (0.4, 0.03)
    found = financial_statements(book, sheet)
    opening = found.isel(month=0, path=0)
    assert float(opening["equity"] + opening["allowance"]) == pytest.approx(0.15 * 1.1 * loans, abs=0.02)


def test_a_balance_sheet_names_every_fault():
    with pytest.raises(InputError) as caught:
        BalanceSheet(5.0, -1.0, np.nan, np.inf, 5, "2 %", 8, -3, 25, 1.5)
    assert sorted(fault.split(":")[0] for fault in caught.value.faults) == [
        "additional_tier1", "additional_tier1_rate", "deductions", "external_rate", "funding", "liquid_yield",
        "minimum_liquid", "other_assets", "payout", "tax_rate",
    ]  # fmt: skip
    for funding in (Funding(1.0, new_lending_share=0.5), Funding(1.0, committed_draw_share=0.1)):
        with pytest.raises(
            InputError, match=r"funding: found new_lending_share .* give them in the funding of liquidity_ladder"
        ):
            BalanceSheet(funding)


def test_a_plausible_balance_sheet_names_every_fault():
    with pytest.raises(InputError) as caught:
        BalanceSheet.for_book(capital_book(1).drop_vars("own_share"), equity_share=12, liquid_share=-1, lender="moon")
    starts = sorted(fault.split(":")[0] for fault in caught.value.faults)
    assert starts == ["equity_share", "lender", "liquid_share", "own_share"]


SHEET = BalanceSheet(Funding(1e4, [Borrowing("bond", {40: 1e4})]))


def nan_in(book, name):
    """The same book with one value that is not finite."""
    book = book.copy(deep=True)
    book[name][1, 2, 0] = np.nan
    return book


def irb(pd, lgd, best, segments=OURS):
    return {"capital_regime": "basel-irb", "parameters": hand_parameters(pd, lgd, best, segments)}


FAULTY = {
    "nan": (lambda b: (nan_in(b, "undrawn_limit"), {}), r"undrawn_limit: found nan at path 1, month 2, segment 0"),
    "missing": (lambda b: (b.drop_vars("transactor_share"), {}), r"transactor_share: missing"),
    "regime": (
        lambda b: (b, {"capital_regime": "basel-iii"}),
        r"capital_regime: found 'basel-iii', expected one of \('basel-irb'",
    ),
    "no parameters": (lambda b: (b, {"capital_regime": "basel-irb"}), r"parameters: found none"),
    "nan in pd": (lambda b: (b, irb(np.nan, 0.5, 0.4)), r"pd: found nan"),
    "certain": (lambda b: (b, irb(1.0, 0.5, 0.4)), r"pd: found 1.0"),
    "percent": (lambda b: (b, irb(0.1, 5, 0.4)), r"lgd: found 5.0"),
    "segments": (lambda b: (b, irb(0.1, 0.5, 0.4, ["ours:loan"])), r"parameters: found no segment \['ours:card'"),
    "no lgd": (
        lambda b: (
            b,
            {"capital_regime": "basel-irb", "parameters": hand_parameters(0.1, 0.5, 0.4, OURS).drop_vars("lgd")},
        ),
        r"lgd: missing, expected along \('segment',\); give the Dataset of irb_parameters",
    ),
    "lender": (lambda b: (b, {"lender": "moon"}), r"lender: found 'moon'"),
    "whole": (
        lambda b: (b, {"allowance": provisions(b)}),
        r"allowance: found one of whole balances, .* not of the whole balance",
    ),
    "paths": (
        lambda b: (b, {"allowance": provisions(own_part(b)).isel(path=[0])}),
        r"allowance: found path 0, expected 0, 1 as in the result",
    ),
    "bank": (
        lambda b: (b, {"allowance": provisions(own_part(b, lender="bank"), lender="bank")}),
        r"allowance: found that of 'bank', expected 'ours'",
    ),
    "no allowance": (
        lambda b: (b, {"allowance": b}),
        r"allowance: found variables 'balance', .*, expected 'allowance_held', 'provision_charge'; give the Dataset of",
    ),
}


@pytest.mark.parametrize("name", FAULTY)
def test_bad_input_is_refused_by_name(name):
    build, message = FAULTY[name]
    book, wish = build(capital_book(1))
    with pytest.raises(InputError, match=message):
        financial_statements(book, SHEET, **wish)


def test_equity_that_does_not_cover_at1_is_refused():
    book = capital_book(1)
    opening = float(financial_statements(book, SHEET)["equity"][0, 0])
    with pytest.raises(InputError, match=r"equity: found .* expected above AT1"):
        financial_statements(book, BalanceSheet(SHEET.funding, additional_tier1=opening + 0.01))
    financial_statements(book, BalanceSheet(SHEET.funding, additional_tier1=opening - 1.0))
    much = BalanceSheet(Funding(1e4, [Borrowing("bond", {40: 1e4 + opening + 0.01})]))
    with pytest.raises(InputError, match=r"equity: found -0\.01 at the start"):
        financial_statements(book, much)


def test_every_fault_of_a_result_at_once():
    nan = capital_book(1).copy(deep=True)
    nan["paid"][0, 1, 0] = np.nan
    with pytest.raises(InputError) as caught:
        financial_statements(nan.drop_vars(["fees", "revolving"]), SHEET, lender="moon")
    assert sorted(fault.split(":")[0] for fault in caught.value.faults) == ["fees", "lender", "paid", "revolving"]
    assert caught.value.subject == "financial_statements"


def test_a_result_that_has_only_begun_has_no_statements():
    begun = capital_book(1).isel(month=[0])
    with pytest.raises(InputError, match="financial_statements: 1 fault\n  - month: found no month after the start"):
        financial_statements(begun, SHEET)


def test_faults_of_parameters_and_of_the_allowance_come_together():
    book = capital_book(1)
    wrong = hand_parameters(2.0, np.nan, -1.0, OURS)
    with pytest.raises(InputError) as caught:
        financial_statements(book, SHEET, "basel-irb", allowance=book, parameters=wrong)
    starts = sorted(fault.split(":")[0] for fault in caught.value.faults)
    assert starts == ["allowance", "best_estimate_loss", "lgd", "pd"]


def test_an_allowance_of_the_whole_is_refused_even_where_nothing_is_lost():
    owed = np.zeros((2, 3, 1, 8))
    owed[..., 0] = 1000.0
    book = hand_book(owed, own=0.5)
    sheet = BalanceSheet(Funding(100.0))
    right = financial_statements(book, sheet, "china-2023", allowance=provisions(own_part(book)))
    assert right["allowance"][0, 0] == 12.5  # 2.5 % of 500
    with pytest.raises(InputError, match="allowance: found"):
        financial_statements(book, sheet, "china-2023", allowance=provisions(book))


@pytest.mark.parametrize("sheet", [None, 5.0, Funding(1.0)])
def test_what_is_no_balance_sheet_is_refused_by_name(sheet):
    with pytest.raises(InputError, match="balance_sheet: found"):
        financial_statements(capital_book(1), sheet)


def test_loans_that_cecl_counts_as_charged_off_are_a_loss():
    """ASC 326-20-35-8: a charge-off leaves the books; as the stock's change, it is part of the charge."""
    owed = np.zeros((1, 2, 1, 8))
    owed[0, 0, 0, 3] = owed[0, 1, 0, 4] = 100.0  # 90-119 becomes 120-179, where a closed-end loan is charged off
    owed[..., 0] = 900.0
    book = hand_book(owed)
    terms = random_terms(1)
    held = provisions(own_part(book), "cecl", terms.assign_attrs(renewal="static"))
    assert held["charged_off"].values.tolist() == [[0.0, 100.0]]
    found = financial_statements(book, BalanceSheet(Funding(100.0)), "basel-standardised", allowance=held)
    assert found["provision_charge"].values[0, 1] == pytest.approx(held["provision_charge"].values[0, 1], abs=0.02)


def test_a_regime_with_a_buffer_needs_a_minimum():
    rules = CapitalRegime.named("small-loan")
    with pytest.raises(InputError, match=r"buffer: found 0\.02 above a minimum of 0"):
        CapitalRegime(
            "mine", "standardised", rules.weights, (Hurdle("a", "cet1_ratio", "above", 0.02),), 0.0, 0.02, 0.0, 0.0
        )
