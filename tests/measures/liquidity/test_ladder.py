"""Liquidity: cash ladders worked by hand, a plain twin, what survival takes, refusals."""

import dataclasses

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

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
)
from stresslab.measures.liquidity.ladder import (
    SOURCES,
    USES,
    external_funding_needed,
    liquidity_buffer,
    liquidity_ladder,
    survival_horizon,
)
from stresslab.schema import FLOWS, MINOR, InputError
from stresslab.testing import made_up_result
from tests.measures.twin_cash import Life, ladder, small_book

BOOK = made_up_result(paths=40, months=12, seed=1, scenario=["base", "severe"])
LADDER = Funding.for_book(BOOK, rollover=0.5, annual_rate=0.04)
MEASURES = [liquidity_ladder, survival_horizon, liquidity_buffer, external_funding_needed]


def cash(paid, **others):
    """A result of one segment, wholly own, with these payments by path and month 1, 2, ...; else nothing flows."""
    dims = ("path", "month", "segment")
    paid = np.asarray(paid, dtype=float)
    flat = {name: np.zeros((paid.shape[0], paid.shape[1] + 1, 1)) for name in (*FLOWS, "undrawn_limit")}
    flat["paid"][:, 1:, 0] = paid
    for name, value in others.items():
        flat[name][:, :, 0] = value
    blank = made_up_result(paths=paid.shape[0], months=paid.shape[1], segments=["ours:card"])
    flows = {name: (dims, value) for name, value in flat.items()} | {"own_share": ("segment", [1.0])}
    return blank[["balance"]].assign(flows)


def by_name(found, variable, dim, name):
    return found[variable].sel({dim: name}).values[0].tolist()


def check_twin(book, funding, delay=1):
    """Compare a ladder with that of the twin: every source, every use, gap, capacity and headroom."""
    found = liquidity_ladder(book, funding, horizon=6)
    for scenario in range(book.sizes["scenario"]) if "scenario" in book.dims else [None]:
        run, view = (found, book) if scenario is None else (found.isel(scenario=scenario), book.isel(scenario=scenario))
        for path in range(book.sizes["path"]):
            slow = ladder(Life(view.isel(segment=slice(0, 3)), funding.partners, path, delay), funding)
            here = run.isel(path=path)
            parts = {name: here["inflow"].sel(source=name) for name in SOURCES}
            parts |= {name: here["outflow"].sel(use=name) for name in USES}
            parts |= {"net": here["net_flow"], "gap": here["cumulative_gap"], "headroom": here["headroom"]}
            parts["capacity"] = here["counterbalancing_capacity"]
            assert set(parts) == set(slow)
            for name, values in parts.items():
                np.testing.assert_allclose(values, slow[name][1:], rtol=1e-9, atol=1e-7, err_msg=name)


few = settings(max_examples=8, deadline=None)
seeds = st.integers(0, 1000)
shares = st.floats(0, 1)
amounts = st.floats(0, 3e4)
triggers = st.builds(Trigger, arrears_30=st.sampled_from([0.1113, 0.1507, 0.2119]), months=st.integers(1, 3))
classes = st.sampled_from(["cash", "level_1", "level_2a", "other"])
fundings = st.builds(
    Funding,
    st.lists(
        st.builds(
            LiquidAsset, amounts, st.sampled_from(["cash", "level_1", "level_2a", "other"]), shares, st.integers(0, 7)
        ),
        max_size=3,
    ),
    st.lists(
        st.builds(
            Borrowing,
            st.sampled_from(["bond", "interbank", "subordinated"]),
            st.lists(amounts, max_size=8),
            st.floats(0, 0.2),
            shares | st.builds(RollOver, shares, st.floats(0, 10)),
            st.none() | st.integers(1, 7),
        ),
        max_size=2,
    ),
    st.lists(
        st.builds(
            Securitisation,
            st.lists(st.tuples(amounts, st.floats(0, 0.2)), min_size=1, max_size=3),
            shares,
            st.integers(0, 7),
            st.none() | triggers,
        ),
        max_size=2,
    ),
    st.builds(Partners, st.none() | triggers, st.integers(0, 3), shares, shares, shares, st.floats(0, 0.1)),
    st.lists(
        st.builds(ContingentLine, amounts, st.integers(0, 7), st.floats(0, 0.1), st.none() | triggers), max_size=2
    ),
    operating_cost_monthly=st.floats(0, 1e3),
    operating_cost_rate=st.floats(0, 0.1),
    new_lending_share=shares,
    committed_draw_share=st.floats(0, 0.3),
)


def test_ladder_by_hand():
    book = cash([[10, 0, 50], [30, 30, 30], [0, 0, 90]])
    found = liquidity_buffer(book, Funding(25.0, [Borrowing("bond", [20.0] * 3)]), horizon=3, level=0.5)
    assert found["net_flow"].values.tolist() == [[-10, -20, 30], [10, 10, 10], [-20, -20, 70]]
    assert found["cumulative_gap"].values.tolist() == [[-10, -30, 0], [10, 20, 30], [-20, -40, 30]]
    assert found["shortfall"].values.tolist() == [30, 0, 40]
    np.testing.assert_array_equal(found["survival_month"], [2, np.nan, 2])
    assert float(found["survival_probability"]) == pytest.approx(1 / 3)
    assert float(found["buffer"]) == 30.0
    # worst half of three paths: 40 whole and half of 30
    assert float(found["expected_shortfall"]) == pytest.approx((40 + 0.5 * 30) / 1.5)
    assert int(found["paths_in_tail"]) == 1


def test_survival_by_hand():
    book = cash([[10, 0, 50], [30, 30, 30], [0, 0, 90]])
    found = survival_horizon(book, Funding(25.0, [Borrowing("bond", [20.0] * 3)]), horizon=3)
    np.testing.assert_array_equal(found["survival_month"], [2, np.nan, 2])
    # in month 3 both could pay again: lost is lost
    np.testing.assert_allclose(found["survival_probability"], [1, 1 / 3, 1 / 3])
    np.testing.assert_allclose(found["headroom"][0], [15, -5, 25])


def test_external_funding_by_hand():
    book = cash([[10, 0, 50], [30, 30, 30], [0, 0, 90]])
    found = external_funding_needed(book, Funding(25.0, [Borrowing("bond", [20.0] * 3)]), horizon=3, level=0.5)
    assert found["needed"].values.tolist() == [[0, 5, 0], [0, 0, 0], [0, 15, 0]]
    assert found["peak"].values.tolist() == [5, 0, 15]
    np.testing.assert_array_equal(found["first_month"], [2, np.nan, 2])
    assert float(found["probability"]) == pytest.approx(2 / 3)
    assert float(found["expected_peak"]) == pytest.approx(20 / 3)
    assert float(found["expected_peak_se"]) == pytest.approx(
        found["peak"].values.std(ddof=1) / found.sizes["path"] ** 0.5
    )
    assert float(found["peak_value_at_risk"]) == 5.0


def test_further_draws_run_down_the_line():
    book = cash([[0, 0, 0], [0, 0, 0]], undrawn_limit=[100.0, 100.0, 10.0, 10.0])
    gap = liquidity_buffer(book, Funding(0.0, committed_draw_share=0.2), horizon=3)["net_flow"]
    # 0.2 x 100, 0.2 x (100 - 20), and the line has been cut to less than was taken
    np.testing.assert_allclose(gap[0], [-20, -16, 0])


def test_new_lending_may_stop():
    book = cash([[5, 5], [5, 5]], drawn=[0.0, 4.0, 4.0], originated=[0.0, 2.0, 0.0])
    for paid_out, expected in ((1.0, [-1, 1]), (0.5, [2, 3]), (0.0, [5, 5])):
        found = liquidity_buffer(book, Funding(0.0, new_lending_share=paid_out), horizon=2)
        assert found["net_flow"].values[0].tolist() == expected


def test_partners_carry_their_part():
    book = cash([[8.0], [8.0]]).assign(own_share=("segment", [0.25]))
    assert liquidity_buffer(book, Funding(0.0), horizon=1)["net_flow"].values[0, 0] == 2.0
    with pytest.raises(InputError, match="own_share: missing"):
        liquidity_buffer(book.drop_vars("own_share"), Funding(0.0), horizon=1)


def test_costs_fees_and_guarantees_by_hand():
    book = cash([[0.0, 0.0]], written_off=[0.0, 40.0, 0.0], recovered=[0.0, 0.0, 20.0])
    book = book.assign(own_share=("segment", [0.25])).isel(path=[0])
    balance = book["balance"].sum("bucket").values[0, :, 0]
    funding = Funding(
        0.0,
        partners=Partners(guaranteed_share=0.5, annual_fee=0.12),
        lines=[ContingentLine(600.0, annual_fee=0.02)],
        operating_cost_monthly=7.0,
        operating_cost_rate=0.24,
    )
    found = liquidity_ladder(book, funding, horizon=2)
    np.testing.assert_allclose(by_name(found, "inflow", "source", "partner_fees"), 0.75 * balance[:2] * 0.01)
    np.testing.assert_allclose(by_name(found, "inflow", "source", "recoveries"), [0, 5])
    np.testing.assert_allclose(by_name(found, "outflow", "use", "operating_cost"), 7 + 0.25 * balance[:2] * 0.02)
    # partners lose 0.75 x 40 and get back 0.75 x 20, which is not the lender's to keep
    np.testing.assert_allclose(by_name(found, "outflow", "use", "guarantees"), [15, 0])
    np.testing.assert_allclose(by_name(found, "outflow", "use", "line_fees"), [1, 1])


def test_capacity_by_hand():
    book = cash([[0.0] * 4])
    late = xr.zeros_like(book["balance"])
    late[:, :, :, 0], late[:, 2:, :, 1] = 50.0, 50.0
    assets = [LiquidAsset(10.0), LiquidAsset(100.0, "level_2a", 0.15, months_to_sell=3)]
    lines = [ContingentLine(7.0, notice_months=2), ContingentLine(5.0, lost=Trigger(arrears_30=0.4, months=1))]
    found = liquidity_ladder(book.assign(balance=late), Funding(assets, lines=lines), horizon=4)
    # the second line is lost in month 3, for half was late at the end of month 2
    np.testing.assert_allclose(found["counterbalancing_capacity"], [[15, 22, 102, 102]])


@few
@given(seeds, fundings, st.sampled_from([None, ["base", "severe"]]))
def test_a_ladder_is_that_of_a_plain_twin(seed, funding, scenario):
    check_twin(small_book(seed, scenario=scenario), funding)


@pytest.mark.parametrize(
    "part",
    [
        {"borrowings": [Borrowing("bond", [1e4] * 6, 0.05, RollOver(0.9, arrears_sensitivity=5.0), tenor_months=2)]},
        {"securitisations": [Securitisation([(2e4, 0.03)], 0.4, 12, Trigger(arrears_30=0.1507, months=1))]},
        {"partners": Partners(Trigger(arrears_30=0.1507, months=1))},
        {"lines": [ContingentLine(5.0, lost=Trigger(arrears_30=0.1507, months=1))]},
    ],
)
def test_a_twin_that_acts_at_once_disagrees(part):
    check_twin(small_book(3), Funding(1e3, **part))
    with pytest.raises(AssertionError):
        check_twin(small_book(3), Funding(1e3, **part), delay=0)


@few
@given(seeds, fundings)
def test_survival_and_need_are_those_of_a_plain_twin(seed, funding):
    book = small_book(seed)
    lasts = survival_horizon(book, funding, horizon=6)
    need = external_funding_needed(book, funding, horizon=6, level=0.5)
    buffer = liquidity_buffer(book, funding, horizon=6, level=0.5)
    months = []
    for path in range(2):
        slow = ladder(Life(book.isel(segment=slice(0, 3)), funding.partners, path), funding)
        if min(abs(room) for room in slow["headroom"][1:]) < 1e-6:
            return  # a tie: which side of it is a matter of the last bit
        fails = [m for m in range(1, 7) if slow["headroom"][m] < 0]
        months.append(fails[0] if fails else np.nan)
        missing = [max(0.0, -room) for room in slow["headroom"][1:]]
        np.testing.assert_allclose(need["needed"][path], missing, rtol=1e-9, atol=1e-7)
        np.testing.assert_allclose(need["peak"][path], max(missing), rtol=1e-9, atol=1e-7)
        np.testing.assert_allclose(buffer["shortfall"][path], max(0.0, -min(slow["gap"][1:])), rtol=1e-9, atol=1e-7)
    np.testing.assert_array_equal(lasts["survival_month"], months)
    np.testing.assert_array_equal(need["first_month"], months)
    alive = [np.mean([not month <= m for month in months]) for m in range(1, 7)]
    np.testing.assert_allclose(lasts["survival_probability"], alive)
    assert float(need["probability"]) == pytest.approx(1 - alive[-1])


def test_scenario_goes_through_unmixed():
    for measure in MEASURES:
        both = measure(BOOK, LADDER)
        for name in ("base", "severe"):
            xr.testing.assert_allclose(both.sel(scenario=name), measure(BOOK.sel(scenario=name), LADDER))
    assert liquidity_buffer(BOOK, LADDER)["buffer"].dims == ("scenario",)
    assert liquidity_ladder(BOOK, LADDER)["outflow"].dims == ("scenario", "path", "month", "use")


@pytest.mark.parametrize("measure", MEASURES)
def test_saved_and_loaded_it_is_the_same(tmp_path, measure):
    found = measure(BOOK, LADDER)
    found.to_netcdf(tmp_path / "liquidity.nc")
    with xr.open_dataset(tmp_path / "liquidity.nc") as again:
        xr.testing.assert_equal(found, again.load())
        assert again.attrs["funding"] == as_json(LADDER)
        assert again.attrs["horizon"] == 12
        assert again.attrs["lender"] == "ours"


def test_units_are_said():
    found = liquidity_buffer(BOOK, LADDER)
    assert {found[name].attrs["units"] for name in ("net_flow", "buffer", "expected_shortfall_se")} == {"currency"}
    assert {found[name].attrs["units"] for name in ("survival_probability_low", "paths_in_tail")} == {"1"}
    assert found["survival_month"].attrs["units"] == "month"
    assert external_funding_needed(BOOK, LADDER)["first_month"].attrs["units"] == "month"


def test_survival_month_has_the_same_unit_wherever_it_stands():
    assert survival_horizon(BOOK, LADDER)["survival_month"].attrs["units"] == "month"


@few
@given(seeds, fundings)
def test_what_holds_exactly(seed, funding):
    book = small_book(seed, paths=6)
    found = liquidity_ladder(book, funding, horizon=6)
    np.testing.assert_array_equal(found["cumulative_gap"], np.cumsum(found["net_flow"].values, axis=-1))
    net = found["inflow"].sum("source") - found["outflow"].sum("use")
    np.testing.assert_array_equal(found["net_flow"], net)
    assert (found["inflow"] >= 0).all()
    assert (found["outflow"] >= 0).all()
    lasts = survival_horizon(book, funding, horizon=6)
    assert (lasts["survival_probability"].diff("month") <= 0).all()
    richer = dataclasses.replace(funding, liquid_assets=(*funding.liquid_assets, LiquidAsset(5e3)))
    longer = survival_horizon(book, richer, horizon=6)
    assert (longer["survival_month"].fillna(99) >= lasts["survival_month"].fillna(99)).all()
    assert (longer["survival_probability"] >= lasts["survival_probability"]).all()
    renewed = [dataclasses.replace(one, rollover=1.0) for one in funding.borrowings]
    found = liquidity_ladder(book, dataclasses.replace(funding, borrowings=renewed), horizon=6)
    assert (found["outflow"].sel(use="borrowings") == 0).all()


@few
@given(seeds, fundings)
def test_the_buffer_is_what_should_be_there_whatever_is(seed, funding):
    book = small_book(seed, paths=6)
    found = liquidity_buffer(book, funding, level=0.5, horizon=6)
    assert float(found["buffer"]) >= 0.0
    # what is in place is left out of account; fees of lines are not
    bare = dataclasses.replace(funding, liquid_assets=0.0)
    assert float(liquidity_buffer(book, bare, level=0.5, horizon=6)["buffer"]) == float(found["buffer"])
    standing = [dataclasses.replace(line, amount=0.0, annual_fee=0.0) for line in funding.lines]
    free = [dataclasses.replace(line, annual_fee=0.0) for line in funding.lines]
    one, other = (
        liquidity_buffer(book, dataclasses.replace(funding, lines=lines), level=0.5, horizon=6)["buffer"]
        for lines in (standing, free)
    )
    assert float(one) == float(other)


@few
@given(seeds, fundings)
def test_the_largest_shortfall_is_the_least_cash_that_all_survive_on(seed, funding):
    book = small_book(seed, paths=6)
    cash_only = dataclasses.replace(funding, liquid_assets=0.0, lines=())
    largest = float(liquidity_buffer(book, cash_only, level=0.5, horizon=6)["shortfall"].max())
    held = survival_horizon(book, dataclasses.replace(cash_only, liquid_assets=largest), horizon=6)
    assert held["survival_month"].isnull().all()
    assert (held["survival_probability"] == 1.0).all()
    if largest > 1.0:
        less = dataclasses.replace(cash_only, liquid_assets=largest - 1 / MINOR)
        assert survival_horizon(book, less, horizon=6)["survival_month"].notnull().any()
    need = external_funding_needed(book, dataclasses.replace(cash_only, liquid_assets=0.6 * largest), horizon=6)
    shortfall = liquidity_buffer(book, cash_only, horizon=6)["shortfall"]
    np.testing.assert_allclose(need["peak"], np.maximum(0.0, shortfall - 0.6 * largest), atol=1e-7)


@few
@given(seeds, fundings, st.sampled_from([0.5, 0.8, 0.9]))
def test_the_buffer_is_what_survival_takes(seed, funding, level):
    book = made_up_result(paths=20, months=4, seed=seed)
    funding = dataclasses.replace(funding, lines=())
    need = liquidity_buffer(book, funding, level=level, horizon=4)
    held = dataclasses.replace(funding, liquid_assets=float(need["buffer"]))
    found = liquidity_buffer(book, held, level=level, horizon=4)
    assert float(found["survival_probability"]) >= level - 1e-12
    dead = found["survival_month"].notnull()
    assert ((found["shortfall"] > float(need["buffer"])) == dead).all()
    assert float(found["survival_probability"]) == pytest.approx(1 - float(dead.mean()))


@few
@given(seeds, fundings)
def test_buffer_rises_with_level_horizon_and_closed_markets(seed, funding):
    book = made_up_result(paths=20, months=4, seed=seed)

    def buffer(funding=funding, level=0.8, horizon=3):
        return liquidity_buffer(book, funding, level=level, horizon=horizon)

    base = buffer()
    slack = 1e-6
    assert float(base["expected_shortfall"]) >= float(base["buffer"]) - slack
    assert float(buffer(level=0.9)["buffer"]) >= float(base["buffer"])
    assert float(buffer(horizon=4)["buffer"]) >= float(base["buffer"])
    free = [dataclasses.replace(one, annual_rate=0.0) for one in funding.borrowings]
    closed = [dataclasses.replace(one, rollover=0.0) for one in free]
    one, other = (float(buffer(dataclasses.replace(funding, borrowings=of))["buffer"]) for of in (free, closed))
    assert other >= one - slack
    drawn = dataclasses.replace(funding, committed_draw_share=min(1.0, funding.committed_draw_share + 0.3))
    assert float(buffer(drawn)["buffer"]) >= float(base["buffer"]) - slack


@few
@given(seeds, st.sampled_from([0.5, 4.0]), st.randoms(use_true_random=False))
def test_scale_and_order_of_paths(seed, factor, random):
    book = made_up_result(paths=12, months=3, seed=seed)

    def buffer(book, size):
        funding = Funding(size * 1e3, [Borrowing("bond", [size * 2e4] * 3)])
        return liquidity_buffer(book, funding, level=0.8, horizon=3)

    one = buffer(book, 1.0)
    money = ["balance", *FLOWS, "undrawn_limit"]
    order = random.sample(range(12), 12)
    other = buffer(book.assign({name: factor * book[name] for name in money}).isel(path=order), factor)
    for name in ("buffer", "buffer_se", "buffer_low", "buffer_high", "expected_shortfall", "expected_shortfall_se"):
        np.testing.assert_allclose(other[name], factor * one[name], rtol=1e-9)
    np.testing.assert_array_equal(other["survival_month"].sortby("path"), one["survival_month"])


def test_few_paths_show_in_the_figures():
    found = liquidity_buffer(BOOK, LADDER)
    assert int(found["paths_in_tail"]) == 0
    assert (found["buffer_high"] == np.inf).all()
    assert np.isnan(found["buffer_se"]).all()


def nan_in(name):
    book = BOOK.copy(deep=True)
    book[name][0, 1, 2, 0] = np.nan
    return book


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize(
    ("book", "wish", "message"),
    [
        (BOOK, {"horizon": 13}, r"horizon: found 13, expected whole months, 1 to 12"),
        (BOOK, {"horizon": 0}, r"horizon: found 0"),
        (BOOK, {"horizon": 1.5}, r"horizon: found 1\.5"),
        (BOOK, {"lender": "nobody"}, r"lender: found 'nobody'"),
        (BOOK.drop_vars("undrawn_limit"), {}, r"undrawn_limit: missing"),
        (nan_in("paid"), {}, r"paid: found nan at scenario 0, path 1, month 2, segment 0"),
        (BOOK.assign(recovered=-BOOK["paid"]), {}, r"recovered: found -"),
    ],
)
def test_bad_input_is_refused_by_name(measure, book, wish, message):
    with pytest.raises(InputError, match=message):
        measure(book, LADDER, **wish)


def test_a_horizon_that_is_none_is_refused():
    with pytest.raises(InputError, match="horizon: found None"):
        liquidity_ladder(BOOK, LADDER, horizon=None)


@pytest.mark.parametrize("measure", MEASURES[1:])
def test_every_fault_is_named_at_once(measure):
    wish = {} if measure is survival_horizon else {"level": 99}
    with pytest.raises(InputError) as caught:
        measure(nan_in("paid").drop_vars("undrawn_limit").isel(path=[1]), LADDER, horizon=13, lender="nobody", **wish)
    starts = [fault.split(":")[0] for fault in caught.value.faults]
    assert sorted(starts) == sorted(["paid", "undrawn_limit", "path", "horizon", "lender", *wish])


@pytest.mark.parametrize("level", [99, 0.0, 1.0, float("nan")])
@pytest.mark.parametrize("measure", [liquidity_buffer, external_funding_needed])
def test_a_level_is_a_decimal(measure, level):
    with pytest.raises(InputError, match=rf"level: found {level}, .* 0\.99, not 99"):
        measure(BOOK, LADDER, level=level)
