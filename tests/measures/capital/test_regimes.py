"""Capital regimes: the numbers of the rules, where they stand, and what is refused."""

import dataclasses
import tomllib
from importlib import resources

import numpy as np
import pytest

from stresslab.measures.capital.regimes import MEASURED, WEIGHTS, CapitalRegime, Hurdle, regime_named
from stresslab.schema import InputError

NAMES = ("basel-standardised", "basel-irb", "china-2023", "consumer-finance", "small-loan")
TABLE = tomllib.loads((resources.files("stresslab.measures.capital") / "regimes.toml").read_text("utf-8"))
HOUSE = Hurdle("house", "cet1_ratio", "above", 0.09)


def limits(name):
    """ratio, side and limit of each hurdle, in order."""
    return [(one.ratio, one.side, one.limit) for one in CapitalRegime.named(name).hurdles]


def test_all_regimes_of_the_file_can_be_asked_by_name():
    assert sorted(TABLE["regimes"]) == sorted(NAMES)
    for name in NAMES:
        assert CapitalRegime.named(name).name == name


def test_china_asks_for_five_percent_and_basel_for_four_and_a_half():
    """Trap 3: rules.md 1.5 and 2.1."""
    assert CapitalRegime.named("china-2023").minimum == 0.05
    assert CapitalRegime.named("basel-standardised").minimum == CapitalRegime.named("basel-irb").minimum == 0.045
    above = [("cet1_ratio", 0.05), ("cet1_ratio", 0.075), ("tier1_ratio", 0.085), ("total_ratio", 0.08)]
    above += [("total_ratio", 0.105), ("leverage_ratio", 0.04)]
    assert limits("china-2023") == [(ratio, "above", limit) for ratio, limit in above]


@pytest.mark.parametrize("name", ["basel-standardised", "basel-irb"])
def test_minimums_and_buffers_of_basel(name):
    above = [("cet1_ratio", 0.045), ("cet1_ratio", 0.07), ("tier1_ratio", 0.06), ("total_ratio", 0.08)]
    above += [("total_ratio", 0.105), ("leverage_ratio", 0.03)]
    assert limits(name) == [(ratio, "above", limit) for ratio, limit in above]
    assert CapitalRegime.named(name).output_floor == (name == "basel-irb")


def test_limits_of_lenders_that_are_no_banks():
    """rules.md 2.4: 10.5 %, 4 % and interbank debt at most capital; 1 + 4 times net assets."""
    consumer = [
        ("total_ratio", "above", 0.105),
        ("leverage_ratio", "above", 0.04),
        ("interbank_multiple", "below", 1.0),
    ]
    assert limits("consumer-finance") == consumer
    assert limits("small-loan") == [("other_multiple", "below", 1.0), ("standardised_multiple", "below", 4.0)]
    assert CapitalRegime.named("small-loan").buffer == 0.0


@pytest.mark.parametrize("name", NAMES)
def test_weights_of_retail_loans(name):
    """rules.md 1.4 and 2.1: 45, 75, 100 %; in default 150, from 20 % of provisions 100; lines 10 and 40 %."""
    assert CapitalRegime.named(name).weights == {
        "transactor": 0.45, "regulatory": 0.75, "other": 1.0, "defaulted": 1.5, "defaulted_provisioned": 1.0,
        "provisioned_from": 0.2, "other_assets": 1.0, "conversion_cancellable": 0.1, "conversion_committed": 0.4,
    }  # fmt: skip


@pytest.mark.parametrize("name", ["basel-standardised", "basel-irb", "china-2023", "consumer-finance"])
def test_what_restricts_distributions(name):
    rules = CapitalRegime.named(name)
    assert (rules.buffer, rules.minimum_tier1, rules.minimum_total) == (0.025, 0.06, 0.08)


def test_every_number_says_where_it_stands():
    known = {"text", "secondary", "unconfirmed"}
    for regime in TABLE["regimes"].values():
        for one in regime["hurdles"]:
            assert one["source"], one
            assert one["status"] in known, one
    for weights in TABLE["weights"].values():
        assert weights["source"]
        assert weights["status"].split(",")[0] in known


def test_a_regime_passes_and_a_name_is_looked_up():
    mine = CapitalRegime.named("china-2023")
    assert regime_named(mine) is mine
    assert regime_named("china-2023") == mine


def test_a_regime_cannot_be_changed_but_made_anew():
    rules = CapitalRegime.named("basel-irb")
    with pytest.raises(dataclasses.FrozenInstanceError):
        rules.minimum = 0.1
    mine = dataclasses.replace(rules, name="mine", hurdles=(*rules.hurdles, HOUSE))
    assert mine.hurdles[-1].limit == 0.09
    assert CapitalRegime.named("basel-irb") == rules


def test_the_weights_of_one_regime_are_not_those_of_another():
    weights = CapitalRegime.named("basel-irb").weights
    weights["regulatory"] = 0.5
    assert CapitalRegime.named("basel-irb").weights["regulatory"] == 0.75


@pytest.mark.parametrize("name", ["basel", "", None, 3])
def test_an_unknown_name_is_refused(name):
    with pytest.raises(InputError, match=f"CapitalRegime.named: 1 fault\n.*name: found {name!r}, expected ") as caught:
        CapitalRegime.named(name)
    assert ("'basel-irb', 'basel-standardised'" in str(caught.value)) == isinstance(name, str)


def test_every_ratio_can_have_a_hurdle_and_none_else():
    for ratio in MEASURED:
        assert Hurdle("a", ratio, "below", 1.0).ratio == ratio
    with pytest.raises(InputError) as caught:
        Hurdle("a", "roe", "over", np.nan)
    assert [fault.split(":")[0] for fault in caught.value.faults] == ["limit", "ratio", "side"]


@pytest.mark.parametrize("limit", [-0.1, np.inf, "5 %", None])
def test_a_limit_is_a_number(limit):
    with pytest.raises(InputError, match="limit: found"):
        Hurdle("a", "cet1_ratio", "above", limit)


def regime(**other):
    """A sound regime but for some fields."""
    usual = {
        "name": "mine", "approach": "standardised", "weights": dict.fromkeys(WEIGHTS, 0.5), "hurdles": (HOUSE,),
        "minimum": 0.05, "buffer": 0.02, "minimum_tier1": 0.06, "minimum_total": 0.08,
    }  # fmt: skip
    return CapitalRegime(**(usual | other))


def test_a_regime_names_every_fault():
    weights = dict.fromkeys(WEIGHTS, 0.5) | {"regulatory": 75.0, "other": np.nan}
    del weights["defaulted"]
    with pytest.raises(InputError) as caught:
        regime(
            approach="own", weights=weights, hurdles=[0.05], minimum=5, buffer=-0.1, minimum_tier1=np.nan,
            minimum_total="8 %", retail="mortgage",
        )  # fmt: skip
    assert [fault.split(":")[0] for fault in caught.value.faults] == [
        "minimum", "buffer", "minimum_tier1", "minimum_total", "weights['regulatory']", "weights['other']",
        "weights['defaulted']", "approach", "retail", "hurdles",
    ]  # fmt: skip


@pytest.mark.parametrize("hurdles", [(), (HOUSE, 0.05), (HOUSE, HOUSE), None])
def test_hurdles_that_are_none_or_alike_are_refused(hurdles):
    with pytest.raises(InputError, match="hurdles: found"):
        regime(hurdles=hurdles)


@pytest.mark.parametrize("year", ["2028", 2020])
def test_a_year_before_the_floor_or_none_is_refused(year):
    with pytest.raises(InputError, match="year: found"):
        regime(approach="irb", output_floor=True, year=year)


def test_weights_that_are_none_are_refused():
    with pytest.raises(InputError, match="weights"):
        regime(weights=None)
