"""Capital ratios: by hand, beside a plain twin, hurdles missed, how far, how often and when."""

import dataclasses

import numpy as np
import pytest
import xarray as xr
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from stresslab.measures.capital.adequacy import CAPITAL_OF, capital_adequacy
from stresslab.measures.capital.balance_sheet import BalanceSheet
from stresslab.measures.capital.regimes import CapitalRegime, Hurdle
from stresslab.measures.capital.statements import financial_statements
from stresslab.measures.estimators import expected_shortfall, quantile, share
from stresslab.measures.liquidity.funding import Borrowing, Funding
from stresslab.measures.liquidity.on_balance_sheet import own_part
from stresslab.measures.provisions.allowance import provisions
from stresslab.schema import InputError
from tests.measures.twin_capital import (
    CASES,
    FULL,
    OURS,
    capital_book,
    case,
    follow,
    hand_book,
    hand_parameters,
    parts,
    sheet_of,
    whole,
)

few = settings(max_examples=8, deadline=None, phases=(Phase.generate,), report_multiple_bugs=False)
RATIOS = ("cet1_ratio", "tier1_ratio", "total_ratio", "leverage_ratio")
AMOUNTS = ("rwa", "rwa_standardised", "exposure", "cet1", "tier1", "total_capital")
MULTIPLES = ("interbank_multiple", "standardised_multiple", "other_multiple")


def book_of(losses, loans=1000.0, late=0.0, **contract):
    """Two paths and more, each of which loses so much in months 1, 2, ...; new loans replace what is lost."""
    lost = np.asarray(losses, float)
    lost = np.concatenate([np.zeros((len(lost), 1)), lost], axis=1)[..., None]
    owed = np.zeros((*lost.shape, 8))
    owed[..., 0], owed[..., 4] = loans, late
    return hand_book(owed, written_off=lost, originated=lost, **contract)


def sheet(borrowed, cash=100.0, kind="bond", **terms):
    """Cash, one debt far away that costs nothing, no tax and no dividends."""
    usual = {"tax_rate": 0.0, "payout": 0.0, "liquid_yield": 0.0}
    return BalanceSheet(Funding(cash, [Borrowing(kind, {90: borrowed})]), **(usual | terms))


def one(found, name, path=0, month=0):
    return float(found[name].isel(path=path, month=month))


def test_ratios_by_hand():
    """Loans of 1000 and 100 in default, cash of 100, others of 50; provisions 2.5 % and more by hand."""
    book = book_of([[0.0], [0.0]], late=100.0, undrawn=400.0)
    other = {"other_assets": 50.0, "deductions": 20.0, "additional_tier1": 15.0}
    funding = Funding(100.0, [
        Borrowing("subordinated", {30: 50.0}), Borrowing("interbank", {90: 500.0}), Borrowing("bond", {90: 200.0}),
        Borrowing("shareholder", {90: 100.0}),
    ])  # fmt: skip
    held = provisions(book, "china")
    allowance, specific = float(held["allowance_held"][0, 0]), float(held["allowance_specific"][0, 0])
    assert (allowance, specific) == (150.0, 25.0)  # coverage of 150 %; a quarter of substandard loans
    found = capital_adequacy(
        book, BalanceSheet(funding, tax_rate=0.0, payout=0.0, liquid_yield=0.0, **other), "china-2023", allowance=held
    )
    loans = 0.75 * (1000.0 + 40.0) + 1.0 * (100.0 - 25.0)  # provisions of a quarter: 100 %
    equity = 100.0 + 1100.0 - 150.0 + 50.0 - 850.0
    assert one(found, "equity") == equity == 250.0
    assert one(found, "rwa") == pytest.approx(loans + 50.0 - 20.0)  # what is deducted is not weighed
    assert one(found, "exposure") == pytest.approx(100.0 + 1100.0 - 150.0 + 50.0 - 20.0 + 40.0)
    assert one(found, "cet1") == pytest.approx(250.0 - 15.0 - 20.0)
    assert one(found, "tier1") == pytest.approx(230.0)
    # 30 months to run are three fifths of 50, and of the general 125 count 1.25 % of the loans' weights
    total = 230.0 + 30.0 + 0.0125 * loans
    assert one(found, "total_capital") == pytest.approx(total)
    assert one(found, "cet1_ratio") == pytest.approx(215.0 / (loans + 30.0))
    assert one(found, "tier1_ratio") == pytest.approx(230.0 / (loans + 30.0))
    assert one(found, "total_ratio") == pytest.approx(total / (loans + 30.0))
    assert one(found, "leverage_ratio") == pytest.approx(230.0 / 1120.0)
    assert one(found, "interbank_multiple") == pytest.approx(500.0 / total)
    assert one(found, "standardised_multiple") == pytest.approx(250.0 / 250.0)
    assert one(found, "other_multiple") == pytest.approx(600.0 / 250.0)


def test_irb_ratios_by_hand():
    """K of 0.0515521972 and 0.15; expected loss 82.5 less provisions of 60 is deducted; a floor of 72.5 %."""
    book = book_of([[0.0], [0.0]], late=100.0, revolving=1.0)
    held = provisions(book, "china").pipe(lambda d: d.assign(allowance_held=d["allowance_held"] * 0.0 + 60.0))
    parameters = hand_parameters(0.03, 0.75, 0.6)
    found = capital_adequacy(book, sheet(1000.0), "basel-irb", allowance=held, parameters=parameters)
    own, standardised = 12.5 * (51.5521972 + 15.0), 750.0 + 75.0  # net of a quarter
    assert one(found, "rwa") == pytest.approx(max(own, 0.725 * standardised), rel=1e-8)
    assert one(found, "rwa_standardised") == pytest.approx(standardised)
    assert one(found, "cet1") == pytest.approx(140.0 - 22.5)
    assert one(found, "total_capital") == pytest.approx(117.5)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("seed", [2, 11])
def test_every_ratio_is_that_of_a_plain_twin(name, seed):
    regime, provisioning, terms = CASES[name]
    terms = {key: value for key, value in terms.items() if key != "funding_cost"}
    book, balance_sheet, held, specific, parameters = case(seed, regime, provisioning, **terms)
    found = capital_adequacy(book, balance_sheet, regime, allowance=held, parameters=parameters)
    for path in range(2):
        twin = follow(
            book.isel(segment=slice(0, 3)), balance_sheet, CapitalRegime.named(regime),
            held["allowance_held"].values[path].tolist(), specific.values[path].tolist(), path,
            interest_net=held["interest_net"].values[path].tolist() if "interest_net" in held else None,
            parameters=parameters,
        )  # fmt: skip
        for line in (*AMOUNTS, *RATIOS, *MULTIPLES):
            np.testing.assert_allclose(found[line].values[path], twin[line], rtol=1e-9, atol=1e-6, err_msg=line)


def test_hurdles_by_hand():
    """CET1 over 750: 145, less 10 each month on the second path, less 60 in the second month of the third."""
    book = book_of([[0.0, 0.0, 0.0], [10.0, 10.0, 10.0], [0.0, 60.0, 0.0]])
    rules = dataclasses.replace(
        CapitalRegime.named("basel-standardised"),
        hurdles=(
            Hurdle("high", "cet1_ratio", "above", 130.0 / 750.0),
            Hurdle("low", "cet1_ratio", "above", 0.01),
            Hurdle("debt", "standardised_multiple", "below", 930.0 / 120.0),
        ),
    )
    found = capital_adequacy(book, sheet(930.0), rules, levels=0.5)
    assert found["cet1"].values.round(6).tolist() == [
        [145.0, 145.0, 145.0, 145.0], [145.0, 135.0, 125.0, 115.0], [145.0, 145.0, 85.0, 85.0],
    ]  # fmt: skip
    nan = np.nan
    np.testing.assert_array_equal(found["breach_month"], [[nan, nan, nan], [2, nan, 3], [2, nan, 2]])
    assert found["breach_probability"].values.round(9).tolist() == [round(2 / 3, 9), 0.0, round(2 / 3, 9)]
    assert found["any_breach_probability"].item() == pytest.approx(2 / 3)
    assert found["cet1_minimum"].values.tolist() == pytest.approx([145 / 750, 115 / 750, 85 / 750])
    assert found["cet1_minimum_month"].values.tolist() == [1, 3, 2]
    np.testing.assert_allclose(found["shortfall"], [0.0, 15.0, 45.0], atol=1e-9)
    assert found["shortfall_value_at_risk"].item() == pytest.approx(15.0)
    assert found["paths_in_tail"].values.tolist() == [1]
    assert found["hurdle"].values.tolist() == ["high", "low", "debt"]
    assert found["hurdle_side"].values.tolist() == ["above", "above", "below"]
    assert found["hurdle_ratio"].values.tolist() == ["cet1_ratio", "cet1_ratio", "standardised_multiple"]
    np.testing.assert_allclose(found["loss"].values[1], [0.0, 10.0, 10.0, 10.0])


def test_at_the_limit_no_hurdle_is_missed():
    book = book_of([[0.0], [0.0]])
    for side in ("above", "below"):
        for ratio, value in (("cet1_ratio", 75.0 / 750.0), ("standardised_multiple", 1000.0 / 75.0)):
            rules = dataclasses.replace(CapitalRegime.named("small-loan"), hurdles=(Hurdle("at", ratio, side, value),))
            found = capital_adequacy(book, sheet(1000.0), rules)
            assert found["breach_probability"].item() == 0.0, (side, ratio)


@pytest.mark.parametrize(
    ("regime", "kind", "label", "limit"),
    [
        ("small-loan", "shareholder", "other_funding_over_net_assets", 537.5),
        ("small-loan", "nonfinancial", "other_funding_over_net_assets", 537.5),
        ("small-loan", "bond", "bonds_and_abs_over_net_assets", 860.0),
        ("consumer-finance", "interbank", "interbank_over_capital", 542.1875),
    ],
)
def test_limits_on_debt_of_lenders_that_are_no_banks(regime, kind, label, limit):
    """Of 1075 net assets: 1 and 4 times equity; interbank debt at most capital, with 9.375 of provisions."""
    book = book_of([[0.0], [0.0]])
    for borrowed, missed in ((limit - 0.01, 0.0), (limit + 0.01, 1.0)):
        found = capital_adequacy(book, sheet(borrowed, kind=kind), regime)
        assert found["breach_probability"].sel(hurdle=label).item() == missed
        assert found["shortfall"].values.tolist() == [0.0, 0.0] or regime == "consumer-finance"


def test_external_funding_is_other_funding():
    book = book_of([[0.0], [0.0]])
    found = capital_adequacy(book, sheet(0.0, minimum_liquid=300.0), "small-loan")
    assert one(found, "other_multiple", month=1) == pytest.approx(200.0 / 1075.0)


def test_capital_that_is_lost_leaves_every_multiple_without_end():
    book = book_of([[0.0], [200.0]])
    found = capital_adequacy(book, sheet(1000.0, kind="interbank"), "small-loan")
    assert one(found, "equity", 1, 1) == -125.0
    assert one(found, "other_multiple", 1, 1) == np.inf
    assert one(found, "interbank_multiple", 1, 1) == np.inf
    assert found["breach_month"].sel(hurdle="other_funding_over_net_assets").values.tolist() == [1.0, 1.0]
    assert found["breach_month"].sel(hurdle="bonds_and_abs_over_net_assets").values[0] != 1.0


def test_china_misses_what_basel_does_not():
    """Trap 3: 4.8 % CET1 misses the Chinese minimum, not that of Basel."""
    book = book_of([[0.0], [0.0]])
    for name, missed in (("china-2023", 1.0), ("basel-standardised", 0.0)):
        found = capital_adequacy(book, sheet(1075.0 - 0.048 * 750.0), name)
        assert found["breach_probability"].sel(hurdle="cet1_minimum").item() == missed


@few
@given(seed=st.integers(0, 300), part=parts, regime=st.sampled_from(["china-2023", "consumer-finance", "small-loan"]))
def test_what_is_said_of_hurdles_is_so(seed, part, regime):
    book = capital_book(seed, paths=6, months=5)
    rules = CapitalRegime.named(regime)
    mine = (Hurdle("near", "cet1_ratio", "above", 0.3), Hurdle("far", "other_multiple", "below", 0.05))
    rules = dataclasses.replace(rules, hurdles=(*rules.hurdles, *mine))
    found = capital_adequacy(book, sheet_of(book, part), rules, levels=(0.5, 0.8))
    misses = np.zeros((6, len(rules.hurdles)), bool)
    for place, hurdle in enumerate(rules.hurdles):
        for path in range(6):
            months = [
                m for m in range(1, 6)
                if (one(found, hurdle.ratio, path, m) < hurdle.limit if hurdle.side == "above"
                    else one(found, hurdle.ratio, path, m) > hurdle.limit)
            ]  # fmt: skip
            misses[path, place] = bool(months)
            first = found["breach_month"].isel(hurdle=place, path=path).item()
            assert first == months[0] if months else np.isnan(first)
    for name, happened in (("breach_probability", misses.T), ("any_breach_probability", misses.any(1))):
        for end, value in zip(("", "_se", "_low", "_high"), share(happened), strict=True):
            np.testing.assert_allclose(found[name + end], value)
    after = found.isel(month=slice(1, None))
    worst = np.zeros((6, 5))
    for hurdle in rules.hurdles:
        if hurdle.ratio in RATIOS:
            against = after["exposure" if hurdle.ratio == "leverage_ratio" else "rwa"].values
            worst = np.maximum(worst, (hurdle.limit - after[hurdle.ratio].values) * against)
    np.testing.assert_allclose(found["shortfall"], worst.max(1), atol=1e-6)
    for end, value in zip(("", "_se", "_low", "_high"), quantile(worst.max(1), [0.5, 0.8]), strict=True):
        np.testing.assert_allclose(found[f"shortfall_value_at_risk{end}"], value, atol=1e-6)
    np.testing.assert_allclose(
        found["shortfall_expected_shortfall"], expected_shortfall(worst.max(1), [0.5, 0.8])[0], atol=1e-6
    )
    np.testing.assert_array_equal(found["cet1_minimum"], after["cet1_ratio"].min("month"))
    assert ((found["buffer_used"] >= 0) & (found["buffer_used"] <= 1)).all()


@few
@given(seed=st.integers(0, 300), more=st.floats(0.0, 0.2), regime=st.sampled_from(["china-2023", "basel-irb"]))
def test_more_equity_lowers_no_ratio(seed, more, regime):
    book = capital_book(seed, paths=3, months=4)
    parameters = hand_parameters(0.05, 0.6, 0.5, OURS)
    thin = sheet_of(book, FULL, payout=0.0)
    (first, *rest) = thin.funding.borrowings
    fewer = dataclasses.replace(first, maturing=[(1.0 - more) * amount for amount in first.maturing])
    thick = dataclasses.replace(thin, funding=dataclasses.replace(thin.funding, borrowings=[fewer, *rest]))
    low, high = (capital_adequacy(book, each, regime, parameters=parameters) for each in (thin, thick))
    for name in (*RATIOS, "equity"):
        assert (high[name] >= low[name] - 1e-6).all(), name
    for name in ("breach_probability", "any_breach_probability", "shortfall", "buffer_used"):
        assert (high[name] <= low[name] + 1e-6).all(), name
    assert (high["breach_month"].fillna(99) >= low["breach_month"].fillna(99)).all()


def thin(book, equity, **terms):
    """A sheet whose equity at the start is such a share of the own loans; cash for all that may come."""
    owned = own_part(book)
    loans = float(owned["balance"].isel(month=0, path=0).sum())
    held = float(provisions(owned, "china")["allowance_held"][0, 0])
    return sheet((4.0 - equity) * loans - held, cash=3.0 * loans, **terms)


def test_the_shortfall_added_as_equity_lifts_every_hurdle_and_a_cent_less_does_not():
    book = capital_book(5, paths=4, months=6)
    rules = CapitalRegime.named("china-2023")
    start = thin(book, 0.03)

    def adequacy(added):
        ladder = {90: start.funding.borrowed - added}
        return capital_adequacy(book, sheet(ladder[90], cash=start.funding.liquid_assets[0].amount), rules)

    worst = float(adequacy(0.0)["shortfall"].max())
    assert worst > 100.0
    enough = adequacy(worst + 0.02)
    assert (enough["shortfall"] == 0.0).all()
    assert enough["any_breach_probability"].item() == 0.0
    short = adequacy(worst - 0.02)
    assert short["any_breach_probability"].item() > 0.0
    assert float(short["shortfall"].max()) == pytest.approx(0.02, abs=0.011)


@pytest.mark.parametrize("regime", ["china-2023", "basel-standardised"])
def test_nothing_is_paid_out_in_the_first_quarter_of_the_buffer(regime):
    rules = CapitalRegime.named(regime)
    seen = paid = 0
    for seed in range(4):
        book = capital_book(seed, paths=6, months=6)
        found = capital_adequacy(book, thin(book, 0.03, payout=0.9), regime)
        before = (found["cet1"] + found["dividends"]) / found["rwa"]
        low = (before <= rules.minimum + rules.buffer / 4) & (found["month"] > 0)
        assert (found["dividends"].where(low, 0.0) == 0.0).all()
        seen += int((low & (found["profit"] > 1.0)).sum())
        paid += int((found["dividends"] > 1.0).sum())
    assert seen > 3
    assert paid > 0


def test_the_buffer_used_by_hand():
    """CET1 of 5.75 % above the Chinese minimum, Tier 1 and total filled by AT1 and by provisions: 70 % is used."""
    book = book_of([[0.0], [0.0]])
    hybrid = {"additional_tier1": 0.02 * 750.0}  # Tier 1 needs 1 %, total 3 % less 1.25 % of provisions
    found = capital_adequacy(book, sheet(1075.0 - 0.0775 * 750.0, **hybrid), "china-2023")
    assert one(found, "cet1_ratio") == pytest.approx(0.0575, abs=1e-4)
    np.testing.assert_allclose(found["buffer_used"], 0.7, atol=1e-3)
    # without AT1, CET1 of 7.75 % must fill total capital of 8 %: 1.75 % of it, which leaves 1 % for the buffer
    found = capital_adequacy(book, sheet(1075.0 - 0.0775 * 750.0), "china-2023")
    np.testing.assert_allclose(found["buffer_used"], 0.6, atol=1e-3)
    assert (capital_adequacy(book, sheet(900.0), "small-loan")["buffer_used"] == 0.0).all()


def test_scenarios_are_carried_and_are_those_of_runs_apart():
    book = capital_book(8, paths=3, scenario=["base", "severe"])
    balance_sheet = sheet_of(book, FULL)
    both = capital_adequacy(book, balance_sheet)
    assert both["breach_probability"].dims == ("scenario", "hurdle")
    assert both["breach_month"].dims == ("scenario", "path", "hurdle")
    assert both["shortfall_value_at_risk"].dims == ("scenario", "level")
    for name in ("base", "severe"):
        apart = capital_adequacy(book.sel(scenario=name, drop=True), balance_sheet)
        xr.testing.assert_allclose(both.sel(scenario=name, drop=True), apart)


def test_lenders_are_asked_apart():
    book = capital_book(8)
    bank = sheet(1e4, cash=1e5)
    found = capital_adequacy(book, bank, "basel-standardised", lender="bank")
    assert found.attrs["lender"] == "bank"
    alone = book.isel(segment=[3]).assign_attrs(own_lender="bank")
    np.testing.assert_array_equal(whole(found["equity"]), whole(capital_adequacy(alone, bank)["equity"]))


def test_the_statements_are_part_of_it():
    book, balance_sheet, held, _, parameters = case(3, "basel-irb", "ifrs9")
    lines = financial_statements(book, balance_sheet, "basel-irb", allowance=held, parameters=parameters)
    found = capital_adequacy(book, balance_sheet, "basel-irb", allowance=held, parameters=parameters)
    xr.testing.assert_identical(found[list(lines.data_vars)].drop_vars("level", errors="ignore"), lines)


def test_units_and_disk(tmp_path):
    book = capital_book(3)
    found = capital_adequacy(book, sheet_of(book, FULL))
    units = {name: found[name].attrs["units"] for name in found}
    for name in (*AMOUNTS, "shortfall", "shortfall_expected_shortfall", "loss", "equity", "tax"):
        assert units[name] == "currency", name
    for name in (*RATIOS, *MULTIPLES, "breach_probability", "cet1_minimum", "buffer_used", "paths_in_tail"):
        assert units[name] == "1", name
    assert units["breach_month"] == units["cet1_minimum_month"] == "month"
    assert set(CAPITAL_OF) == set(RATIOS)
    found.to_netcdf(tmp_path / "found.nc")
    xr.testing.assert_identical(xr.load_dataset(tmp_path / "found.nc"), found)


def test_a_lender_without_loans_has_nothing_to_fall_short_of():
    found = capital_adequacy(book_of([[0.0], [0.0]], loans=0.0), sheet(50.0), "china-2023")
    assert (found["cet1_ratio"] == np.inf).all()
    assert found["leverage_ratio"].values.ravel().tolist() == [0.5] * 4
    assert (found["shortfall"] == 0.0).all()
    assert found["any_breach_probability"].item() == 0.0


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({"levels": 95}, "levels: found 95"),
        ({"levels": (0.9, 0.9)}, "levels: found .* different levels"),
        ({"capital_regime": "basel"}, "capital_regime: found 'basel'"),
        ({"capital_regime": "basel-irb"}, "parameters: found none"),
        ({"lender": "moon"}, "lender: found 'moon'"),
    ],
)
def test_bad_input_is_refused_by_name(wish, message):
    with pytest.raises(InputError, match=message):
        capital_adequacy(capital_book(1), sheet(1e4), **wish)


def test_all_faults_come_at_once():
    book = capital_book(1).isel(path=[0]).drop_vars("fees")
    with pytest.raises(InputError) as caught:
        capital_adequacy(book, sheet(1e4), levels=(95, 0.5), lender="moon")
    assert sorted(fault.split(":")[0] for fault in caught.value.faults) == ["fees", "lender", "levels", "path"]
    assert caught.value.subject == "capital_adequacy"


def test_faults_behind_have_the_name_of_what_was_asked():
    with pytest.raises(InputError) as caught:
        capital_adequacy(capital_book(1), sheet(1e4), "basel-irb")
    assert caught.value.subject == "capital_adequacy"
