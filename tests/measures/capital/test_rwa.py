"""Risk-weighted assets by hand and by loops, expected loss against provisions, parameters from a book."""

import dataclasses

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from stresslab.measures.capital.balance_sheet import BalanceSheet
from stresslab.measures.capital.regimes import CapitalRegime
from stresslab.measures.capital.rwa import irb_parameters, parameter_faults, weigh
from stresslab.measures.formulas import irb
from stresslab.measures.liquidity.funding import Funding
from stresslab.measures.liquidity.on_balance_sheet import own_part
from stresslab.schema import InputError
from tests.measures.twin_capital import OURS, Owner, capital_book, hand_book, hand_parameters, requirement, weights_of

BASEL, IRB, CHINA = (CapitalRegime.named(name) for name in ("basel-standardised", "basel-irb", "china-2023"))
BARE = dataclasses.replace(IRB, name="bare", output_floor=False)
few = settings(max_examples=20, deadline=None)


def owes(current=0.0, late=0.0, **contract):
    """A book of one month that owes so much performing (in three buckets) and in default (in five)."""
    owed = np.zeros((1, 1, 1, 8))
    owed[..., :3] = np.multiply.outer(current, [0.5, 0.3, 0.2])
    owed[..., 3:] = np.multiply.outer(late, [0.2, 0.2, 0.2, 0.2, 0.2])
    return hand_book(owed, **contract)


def weighed(book, rules=BASEL, allowance=0.0, specific=0.0, parameters=None):
    """rwa, standardised, deduction, tier2, converted of the one path and month."""
    shape = book["balance"].shape[:2]
    found = weigh(book, np.full(shape, allowance), np.full(shape, specific), rules, parameters)
    return {f.name: float(getattr(found, f.name)[0, 0]) for f in dataclasses.fields(found)}


@pytest.mark.parametrize(("transactor", "retail", "rwa"), [(0, "regulatory", 750), (1, "regulatory", 450),
    (0.5, "regulatory", 600), (0, "other", 1000), (1, "other", 450)])  # fmt: skip
def test_performing_loans_by_class(transactor, retail, rwa):
    rules = dataclasses.replace(BASEL, retail=retail)
    assert weighed(owes(1000.0, transactor=transactor), rules)["rwa"] == pytest.approx(rwa)


@pytest.mark.parametrize(("committed", "converted"), [(False, 40.0), (True, 160.0)])
def test_lines_count_by_their_conversion_factor(committed, converted):
    """10 or 40 % of 400, at 75 %, also in the leverage ratio."""
    found = weighed(owes(1000.0, undrawn=400.0), dataclasses.replace(BASEL, committed=committed))
    assert found["converted"] == pytest.approx(converted)
    assert found["rwa"] == pytest.approx(750.0 + 0.75 * converted)


@pytest.mark.parametrize(
    ("specific", "rwa"), [(0.0, 150.0), (19.99, 1.5 * 80.01), (20.0, 80.0), (60.0, 40.0), (100.0, 0.0), (130.0, 0.0)]
)
def test_loans_in_default_net_of_provisions(specific, rwa):
    """Trap 2: 100 less specific provisions, at 150 %, at 100 % from 20 % of provisions on."""
    assert weighed(owes(late=100.0), allowance=specific, specific=specific)["rwa"] == pytest.approx(rwa)


def test_specific_provisions_lower_standardised_weights_and_not_those_of_irb():
    """Trap 2: standardised exposure is net, that of IRB gross."""
    parameters, book = hand_parameters(0.03, 0.75, 0.6), owes(1000.0, 100.0)
    few_, many = (weighed(book, BARE, 50.0, held, parameters) for held in (10.0, 50.0))
    assert few_["rwa"] == many["rwa"]
    assert many["standardised"] < few_["standardised"]


@pytest.mark.parametrize(("general", "tier2"), [(0.0, 0.0), (5.0, 5.0), (9.375, 9.375), (40.0, 9.375)])
def test_general_provisions_count_up_to_an_eightieth_of_the_assets(general, tier2):
    """1.25 % of 750."""
    found = weighed(owes(1000.0), allowance=general)
    assert (found["tier2"], found["deduction"]) == (pytest.approx(tier2), 0.0)


def test_irb_by_hand():
    """K of a revolver: 0.75 (0.0987362629 - 0.03) = 0.0515521972; in default 0.75 - 0.6; expected 22.5 + 60."""
    book = owes(1000.0, 100.0, revolving=1.0)
    found = weighed(book, BARE, 70.0, 50.0, hand_parameters(0.03, 0.75, 0.6))
    assert found["rwa"] == pytest.approx(12.5 * (51.5521972 + 15.0), rel=1e-8)
    assert found["standardised"] == pytest.approx(750.0 + 50.0)
    assert found["deduction"] == pytest.approx(22.5 + 60.0 - 70.0)
    assert found["tier2"] == 0.0


@pytest.mark.parametrize(("allowance", "deduction", "tier2"), [(72.5, 10.0, 0.0), (82.5, 0.0, 0.0), (84.5, 0.0, 2.0),
    (200.0, 0.0, 0.006 * 12.5 * 66.5521972)])  # fmt: skip
def test_expected_loss_against_provisions(allowance, deduction, tier2):
    """A shortfall is deducted, an excess counts up to 0.6 % of the assets before the output floor."""
    book, parameters = owes(1000.0, 100.0, revolving=1.0), hand_parameters(0.03, 0.75, 0.6)
    for rules in (BARE, IRB):
        found = weighed(book, rules, allowance, 0.0, parameters)
        assert found["deduction"] == pytest.approx(deduction, abs=1e-9)
        assert found["tier2"] == pytest.approx(tier2, rel=1e-8)


def test_transactors_revolvers_and_instalment_loans_have_their_own_formula():
    parameters = hand_parameters(0.0001, 0.2, 0.1)
    found = {
        name: weighed(owes(1000.0, **contract), BARE, 1e3, 0.0, parameters)["rwa"]
        for name, contract in {
            "revolver": {"revolving": 1.0}, "transactor": {"revolving": 1.0, "transactor": 1.0}, "other": {},
        }.items()
    }  # fmt: skip
    for name, rwa in found.items():  # trap 1: floors of 0.1, 0.05 and 0.05 % and of 50, 50 and 30 %
        assert rwa == pytest.approx(12.5e3 * requirement(0.0001, 0.2, name)[0]), name
    half = weighed(owes(1000.0, revolving=1.0, transactor=0.5), BARE, 1e3, 0.0, parameters)["rwa"]
    assert half == pytest.approx((found["revolver"] + found["transactor"]) / 2)


def test_floors_raise_expected_loss_too():
    """Trap 1: a revolver's is at least 0.1 % of 50 %."""
    found = weighed(owes(1e6, revolving=1.0), BARE, 0.0, 0.0, hand_parameters(0.0, 0.0, 0.0))
    assert found["deduction"] == pytest.approx(500.0)


@pytest.mark.parametrize(("year", "share"), [(2028, 0.725), (2040, 0.725), (2027, 0.7), (2025, 0.6)])
def test_the_output_floor_is_a_share_of_the_standardised_assets(year, share):
    own = 12.5e3 * float(irb.capital(0.03, 0.5, "qrre_revolver"))  # 430
    parameters, book = hand_parameters(0.03, 0.5, 0.4), owes(1000.0, revolving=1.0)
    found = weighed(book, dataclasses.replace(IRB, year=year), 100.0, 0.0, parameters)
    assert found["rwa"] == pytest.approx(max(own, share * 750.0))
    assert weighed(book, BARE, 100.0, 0.0, parameters)["rwa"] == pytest.approx(own)
    assert found["rwa"] >= own


def test_during_the_phase_in_the_floor_adds_a_quarter_at_most():
    """RBC90.2."""
    own = 12.5e3 * float(irb.capital(0.005, 0.5, "qrre_revolver"))
    parameters, book = hand_parameters(0.005, 0.5, 0.4), owes(1000.0, revolving=1.0)
    assert own * 1.25 < 0.6 * 750.0
    assert weighed(book, dataclasses.replace(IRB, year=2025), 9.0, 0.0, parameters)["rwa"] == pytest.approx(1.25 * own)
    assert weighed(book, IRB, 9.0, 0.0, parameters)["rwa"] == pytest.approx(0.725 * 750.0)


@pytest.mark.parametrize("rules", [BASEL, IRB, BARE, dataclasses.replace(CHINA, committed=True, retail="other")])
@few
@given(seed=st.integers(0, 500), allowance=st.floats(0, 2e4), part=st.floats(0, 1), pd=st.floats(0, 0.5),
       lgd=st.floats(0, 1), best=st.floats(0, 1))  # fmt: skip
def test_weights_are_those_of_loops(rules, seed, allowance, part, pd, lgd, best):
    book = capital_book(seed, paths=1, months=1)
    parameters = hand_parameters(pd, lgd, best, OURS) if rules.approach == "irb" else None
    own = own_part(book)
    shape = (1, 2)
    found = weigh(own, np.full(shape, allowance), np.full(shape, part * allowance), rules, parameters)
    life = Owner(book.isel(segment=slice(0, 3)), BalanceSheet(Funding(1.0)), 0)
    for m in range(2):
        twin = weights_of(life, rules, m, allowance, part * allowance, parameters)
        for name, value in twin.items():
            assert getattr(found, name)[0, m] == pytest.approx(value, rel=1e-9, abs=1e-6), name


def test_shares_by_segment_are_not_mixed_up():
    owed = np.zeros((1, 1, 2, 8))
    owed[0, 0, :, 0] = [1000.0, 100.0]
    book = hand_book(owed, segments=("ours:card", "ours:loan"))
    book = book.assign(transactor_share=("segment", [1.0, 0.0]), revolving=("segment", [1.0, 0.0]))
    assert weighed(book)["rwa"] == pytest.approx(450.0 + 75.0)
    parameters = xr.Dataset(
        {"pd": ("segment", [0.2, 0.01]), "lgd": ("segment", [0.4, 0.6]), "best_estimate_loss": ("segment", [0.3, 0.5])},
        {"segment": ["ours:loan", "ours:card"]},
    )
    card, loan = requirement(0.01, 0.6, "transactor")[0], requirement(0.2, 0.4, "other")[0]
    found = weighed(book, BARE, 100.0, 0.0, parameters)
    assert found["rwa"] == pytest.approx(12.5 * (1000.0 * card + 100.0 * loan))


def life_of(defaulted, written_off, recovered=0.0, forgiven=0.0, balance=100.0, months=2, paths=1, **more):
    """A book that holds this balance and loses so much each month."""
    owed = np.zeros((paths, months + 1, 1, 8))
    owed[..., 0] = balance
    owed[..., 4] = 77.0  # in default already: not among those who may default
    flows = {"defaulted": defaulted, "written_off": written_off, "recovered": recovered, "forgiven": forgiven}
    flat = {name: np.r_[0.0, np.full(months, value)][None, :, None] * np.ones((paths, 1, 1)) for name, value in
            flows.items()}  # fmt: skip
    return hand_book(owed, **flat, **more)


def test_parameters_by_hand():
    """1 - 0.98^12; (1.5 + 0.1 - 0.4) / 2; a quarter more in a downturn."""
    found = irb_parameters(life_of(2.0, 1.5, 0.4, 0.1)).squeeze()
    assert found["pd"].item() == pytest.approx(1.0 - 0.98**12)
    assert found["best_estimate_loss"].item() == pytest.approx(0.6)
    assert found["lgd"].item() == pytest.approx(0.75)
    assert irb_parameters(life_of(2.0, 1.5, 0.4, 0.1), downturn=3).squeeze()["lgd"].item() == 1.0
    assert irb_parameters(life_of(2.0, 1.5, 2.0)).squeeze()["best_estimate_loss"].item() == 0.0
    assert irb_parameters(life_of(2.0, 3.0)).squeeze()["best_estimate_loss"].item() == 1.0
    assert {found[name].attrs["units"] for name in found} == {"1"}
    assert found.attrs["downturn"] == 1.25


def test_parameters_are_averages_by_balance_over_paths_and_months_of_each_scenario():
    owed = np.zeros((2, 3, 1, 8))
    owed[:, :, 0, 0] = [[200.0, 100.0, 50.0], [200.0, 300.0, 50.0]]
    defaulted = np.zeros((2, 3, 1))
    defaulted[:, 1:, 0] = [[3.0, 2.0], [1.0, 2.0]]
    book = hand_book(owed, defaulted=defaulted, written_off=defaulted / 2)
    assert irb_parameters(book)["pd"].item() == pytest.approx(1.0 - 0.99**12)  # 8 of 800
    both = xr.concat([book, book], dim=xr.Variable("scenario", ["a", "b"]), data_vars="all")
    both["revolving"], both["own_share"] = book["revolving"], book["own_share"]
    xr.testing.assert_allclose(irb_parameters(both).sel(scenario="b", drop=True), irb_parameters(book))


def test_where_nothing_defaulted_nothing_is_known_of_the_loss():
    found = irb_parameters(life_of(0.0, 0.0)).squeeze()
    assert found["pd"].item() == 0.0
    assert np.isnan(found["lgd"].item())
    assert np.isnan(found["best_estimate_loss"].item())
    (fault,) = [f for f in parameter_faults(life_of(0.0, 0.0), irb_parameters(life_of(0.0, 0.0))) if "lgd" in f]
    assert "NaN means that nothing defaulted" in fault


def test_parameters_know_lenders():
    book = capital_book(3)
    assert irb_parameters(book)["segment"].values.tolist() == list(OURS)
    assert irb_parameters(book, lender="bank")["segment"].values.tolist() == ["bank:card"]
    assert irb_parameters(book, lender="all").sizes["segment"] == 4


def test_parameters_are_needed():
    assert len(parameter_faults(capital_book(1), None)) == 1


def test_every_fault_of_parameters():
    book = own_part(capital_book(1))
    assert parameter_faults(book, hand_parameters(0.1, 0.5, 0.4, OURS)) == []
    bad = parameter_faults(book, hand_parameters(1.0, np.nan, -0.1, OURS))
    assert [fault[: fault.index(",")] for fault in bad] == [
        "pd: found 1.0", "lgd: found nan", "best_estimate_loss: found -0.1",
    ]  # fmt: skip
    (lost,) = parameter_faults(book, xr.Dataset())
    assert lost.startswith("parameters: found no variables, expected 'pd', 'lgd', 'best_estimate_loss'; give the Data")


def test_faults_of_the_book_behind_parameters_come_at_once():
    book = capital_book(1).copy(deep=True)
    book["recovered"][0, 1, 0] = -1.0
    with pytest.raises(InputError) as caught:
        irb_parameters(book.drop_vars("defaulted"), downturn=25, lender="moon")
    assert sorted(f.split(":")[0] for f in caught.value.faults) == ["defaulted", "downturn", "lender", "recovered"]


@pytest.mark.parametrize("downturn", [0.9, np.nan, "1.25", None])
def test_a_downturn_is_a_factor_from_one(downturn):
    with pytest.raises(InputError, match="downturn: found"):
        irb_parameters(capital_book(1), downturn=downturn)
