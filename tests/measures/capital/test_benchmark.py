"""Capital by three roads: what adds up, what one factor gives where there is one factor, what is refused."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from stresslab.measures.capital.benchmark import CAUSES, METHODS, capital_benchmark
from stresslab.measures.estimators import moments
from stresslab.measures.formulas import asrf
from stresslab.measures.formulas.asrf import conditional_pd, euler_contributions, implied_correlation
from stresslab.schema import BUCKETS, FLOWS, InputError
from tests.measures.twin_capital import OURS, capital_book, hand_book, hand_parameters, requirement

few = settings(max_examples=8, deadline=None, phases=(Phase.generate,), report_multiple_bugs=False)
RHO, PD, LGD = 0.04, 0.03, 0.6


def vasicek(rho, pd=PD, *, paths=20_000, seed=1, sizes=(1000.0,), names=("ours:card",)):
    """Large pools on one factor: a year's defaults fall in month 1 on every path."""
    factor = np.random.default_rng(seed).standard_normal(paths)
    rate = conditional_pd(pd, rho, factor)
    dims, shape = ("path", "month", "segment"), (paths, 2, len(sizes))
    flows = {name: (dims, np.zeros(shape)) for name in (*FLOWS, "undrawn_limit")}
    defaulted = np.zeros(shape)
    defaulted[:, 1] = rate[:, None] * np.array(sizes)
    balance = np.zeros((*shape, 8))
    balance[..., 0] = sizes
    made = {"balance": ((*dims, "bucket"), balance), "defaulted": (dims, defaulted)}
    for name, value in (("own_share", 1.0), ("transactor_share", 0.0), ("revolving", 1.0)):
        made[name] = ("segment", np.full(len(sizes), value))
    lender, product = zip(*(name.split(":") for name in names), strict=True)
    coords = {
        "path": np.arange(paths), "month": [0, 1], "segment": list(names), "bucket": list(BUCKETS),
        "lender": ("segment", list(lender)), "product": ("segment", list(product)),
    }  # fmt: skip
    return xr.Dataset(flows | made, coords, {"own_lender": "ours"})


def check_one_factor(rho, seed=1):
    """Do 20,000 paths of one factor agree with the formula of a revolving line, R = 0.04? AssertionError if not."""
    book = vasicek(rho, seed=seed)
    found = capital_benchmark(book, hand_parameters(PD, 0.75, LGD, ["ours:card"]), horizon=1).isel(segment=0)
    rate = book["defaulted"].values[:, 1, 0] / 1000.0
    deviation, deviation_se = (float(each) for each in moments(rate)[2:])
    slope = (implied_correlation(PD, deviation * 1.001) - implied_correlation(PD, deviation)) / (0.001 * deviation)
    assert abs(found["implied_correlation"].item() - RHO) < 4.0 * float(slope) * deviation_se + 1e-4
    exact = LGD * (float(asrf.quantile(PD, RHO, 0.999)) - PD)
    simulated = found["capital_rate"].sel(approach="simulated").item()
    assert abs(simulated - exact) < 4.0 * found["simulated_capital_rate_se"].item()
    assert found["simulated_capital_rate_low"].item() < exact < found["simulated_capital_rate_high"].item()
    for road in ("asrf", "asrf_implied"):
        assert found["capital_rate"].sel(approach=road).item() == pytest.approx(exact, rel=0.05)
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_where_one_factor_rules_all_roads_meet(seed):
    found = check_one_factor(RHO, seed)
    assert found["paths_in_tail"].item() == 20
    assert found["pd"].item() == pytest.approx(PD, abs=4.0 * float(asrf.standard_deviation(PD, RHO)) / 20_000**0.5)
    assert found["lgd"].item() == pytest.approx(LGD)
    assert found["correlation"].item() == 0.04


def test_a_wrong_correlation_is_seen():
    with pytest.raises(AssertionError):
        check_one_factor(0.16)


def test_the_steps_say_which_is_wrong():
    """With 0.16 instead of 0.04, correlation explains what the simulation has above the formula."""
    book = vasicek(0.16)
    found = capital_benchmark(book, hand_parameters(PD, LGD, LGD, ["ours:card"]), horizon=1).isel(segment=0)
    difference = found["capital_rate_difference"]
    exact = LGD * float(asrf.quantile(PD, 0.16, 0.999) - asrf.quantile(PD, 0.04, 0.999))
    assert difference.sel(cause="correlation").item() == pytest.approx(exact, rel=0.05)
    assert abs(difference.sel(cause="distribution").item()) < 4.0 * found["simulated_capital_rate_se"].item()
    assert abs(difference.sel(cause="parameters").item()) < 0.002


@few
@given(seed=st.integers(0, 300), level=st.sampled_from([0.9, 0.95, 0.999]), horizon=st.integers(1, 6))
def test_what_adds_up(seed, level, horizon):
    book = capital_book(seed, paths=40, months=6)
    parameters = hand_parameters(0.05, 0.6, 0.5, OURS)
    found = capital_benchmark(book, parameters, "china-2023", level=level, horizon=horizon)
    assert found["segment"].values.tolist() == [*OURS, "total"]
    assert found["approach"].values.tolist() == list(METHODS)
    rate = found["capital_rate"]
    np.testing.assert_allclose(
        found["capital_rate_difference"].sum("cause"), rate.sel(approach="simulated") - rate.sel(approach="irb")
    )
    between = ["irb", "asrf", "asrf_implied", "simulated"]
    for cause, low, high in zip(CAUSES, between, between[1:], strict=False):
        np.testing.assert_allclose(
            found["capital_rate_difference"].sel(cause=cause),
            rate.sel(approach=high) - rate.sel(approach=low),
            atol=1e-12,
        )
    single, total = found.isel(segment=slice(0, 3)), found.isel(segment=3)
    lost = (single["loss_rate"] * single["exposure"]).sum("segment")
    np.testing.assert_allclose(total["loss_rate"] * total["exposure"], lost)
    assert total["exposure"].item() == pytest.approx(single["exposure"].sum().item())
    np.testing.assert_allclose(found["expected_loss_rate"], found["loss_rate"].mean("path"))
    np.testing.assert_allclose(found["standard_deviation_rate"], found["loss_rate"].std("path", ddof=1))
    np.testing.assert_allclose(found["pd"] * found["lgd"], found["expected_loss_rate"])
    np.testing.assert_allclose(found["capital"], rate * found["exposure"])
    for road in ("standardised", "irb", "asrf"):
        parts = single["capital"].sel(approach=road).sum().item()
        assert total["capital"].sel(approach=road).item() == pytest.approx(parts)
    worst = np.sort(found["loss_rate"].values, axis=0)[int(np.ceil(round(40 * level, 9))) - 1]
    np.testing.assert_allclose(rate.sel(approach="simulated"), worst - found["expected_loss_rate"])
    own = book["balance"].isel(path=0, month=0, bucket=slice(0, 3), segment=slice(0, 3)).sum("bucket")
    np.testing.assert_allclose(single["exposure"], own * book["own_share"].isel(segment=slice(0, 3)))
    weight = 0.75 - 0.3 * book["transactor_share"].isel(segment=slice(0, 3))
    np.testing.assert_allclose(single["capital_rate"].sel(approach="standardised"), 0.08 * weight)
    contributions = euler_contributions(single["exposure"], single["pd"], single["correlation"], single["lgd"], level)
    mean = (single["exposure"] * single["expected_loss_rate"]).sum().item()
    assert total["capital"].sel(approach="asrf").item() == pytest.approx(contributions.sum() - mean)


def test_rates_by_hand():
    """Defaults of 10 and 30 of 1000; a loss of 60 %; K of both formulas."""
    owed = np.zeros((2, 3, 1, 8))
    owed[..., 0], owed[..., 3] = 1000.0, 50.0
    defaulted = np.zeros((2, 3, 1))
    defaulted[:, 1:, 0] = [[4.0, 6.0], [20.0, 10.0]]
    book = hand_book(owed, defaulted=defaulted)
    found = capital_benchmark(book, hand_parameters(0.02, 0.7, 0.6), level=0.75, horizon=2).isel(segment=0)
    assert found["exposure"].item() == 1000.0
    assert found["loss_rate"].values.tolist() == pytest.approx([0.006, 0.018])
    assert found["pd"].item() == pytest.approx(0.02)
    assert found["lgd"].item() == pytest.approx(0.6)
    rho = 0.03 + 0.13 * (1 - (1 - np.exp(-35 * 0.02)) / (1 - np.exp(-35)))
    assert found["correlation"].item() == pytest.approx(rho)
    rate = found["capital_rate"]
    assert rate.sel(approach="irb").item() == pytest.approx(requirement(0.02, 0.7, "other")[0])
    worst = norm.cdf((norm.ppf(0.02) + np.sqrt(rho) * norm.ppf(0.75)) / np.sqrt(1 - rho))
    assert rate.sel(approach="asrf").item() == pytest.approx(0.6 * (worst - 0.02))
    assert rate.sel(approach="simulated").item() == pytest.approx(0.018 - 0.012)
    assert rate.sel(approach="standardised").item() == pytest.approx(0.06)
    first = capital_benchmark(book, hand_parameters(0.02, 0.7, 0.6), level=0.75, horizon=1).isel(segment=0)
    assert first["loss_rate"].values.tolist() == pytest.approx([0.0024, 0.012])


def test_transactors_and_floors_in_the_formula_of_the_rules():
    """Trap 1: a PD of 0.01 % is raised to 0.1 and 0.05 %."""
    book = vasicek(RHO, paths=10)
    book["transactor_share"][:] = 0.25
    found = capital_benchmark(book, hand_parameters(0.0001, 0.6, LGD, ["ours:card"]), horizon=1)
    k = 0.75 * requirement(0.0001, 0.6, "revolver")[0] + 0.25 * requirement(0.0001, 0.6, "transactor")[0]
    assert found["capital_rate"].sel(approach="irb").values.tolist() == pytest.approx([k, k])


def test_segments_on_one_factor_add_up_and_those_on_two_do_not():
    names = ("ours:card", "ours:line")
    book = vasicek(RHO, sizes=(1000.0, 500.0), names=names)
    parameters = hand_parameters(PD, LGD, LGD, names)
    found = capital_benchmark(book, parameters, horizon=1)["capital"].sel(approach="simulated")
    assert found[2].item() == pytest.approx(found[:2].sum().item())
    other = vasicek(RHO, sizes=(1000.0, 500.0), names=names, seed=7)
    book["defaulted"][..., 1] = other["defaulted"][..., 1]
    found = capital_benchmark(book, parameters, horizon=1)
    apart = found["capital"].sel(approach="simulated")
    assert apart[2].item() < 0.9 * apart[:2].sum().item()
    assert found["capital_rate_difference"].sel(segment="total", cause="correlation").item() < -0.005


def test_where_nothing_varies_nothing_is_implied():
    owed = np.zeros((4, 2, 1, 8))
    owed[..., 0] = 100.0
    for defaulted in (0.0, [[[0.0], [2.0]]] * 4):
        book = hand_book(owed, defaulted=defaulted)
        found = capital_benchmark(book, hand_parameters(0.02, 0.7, 0.6), horizon=1, level=0.5)
        assert (found["implied_correlation"] == 0.0).all()
        assert (found["capital_rate"].sel(approach=["asrf_implied", "simulated"]) == 0.0).all()
        np.testing.assert_allclose(
            found["capital_rate_difference"].sum("cause"), -found["capital_rate"].sel(approach="irb")
        )


def test_what_is_said_with_it(tmp_path):
    found = capital_benchmark(capital_book(1), hand_parameters(0.05, 0.6, 0.5, OURS), level=0.4, horizon=3)
    assert (found.attrs["level"], found.attrs["horizon"]) == (0.4, 3)
    assert (found.attrs["capital_regime"], found.attrs["lender"]) == ("china-2023", "ours")
    assert found["approach_label"].sel(approach="asrf_implied").item() == "one factor, implied correlation"
    assert all(found[name].attrs["long_name"] for name in found)
    units = {name: found[name].attrs["units"] for name in found}
    assert {name for name, unit in units.items() if unit == "currency"} == {"exposure", "capital"}
    found.to_netcdf(tmp_path / "found.nc")
    xr.testing.assert_identical(xr.load_dataset(tmp_path / "found.nc"), found)


USUAL = {"level": 0.4, "horizon": 3}


@pytest.mark.parametrize(
    ("book", "parameters", "wish", "message"),
    [
        (capital_book(1), xr.Dataset(), {}, "parameters: found no variables, expected 'pd', 'lgd', "),
        (capital_book(1), hand_parameters(0.1, 0.6, 0.5, OURS).drop_vars("pd"), {}, "pd: missing, expected along"),
        (capital_book(1), hand_parameters(np.nan, 0.6, 0.5, OURS), {}, "pd: found nan"),
        (capital_book(1), hand_parameters(0.1, 0.6, np.nan, OURS), {}, "best_estimate_loss: found nan"),
        (capital_book(1), hand_parameters(0.1, 0.6, 0.5, OURS[:2]), {}, r"parameters: found no segment \['ours:line'"),
        (capital_book(1), hand_parameters(0.1, 0.6, 0.5, OURS), {"horizon": 7}, "horizon: found 7"),
        (capital_book(1), hand_parameters(0.1, 0.6, 0.5, OURS), {"level": 99.9}, "level: found 99.9"),
        (
            capital_book(1),
            hand_parameters(0.1, 0.6, 0.5, OURS),
            {"capital_regime": "basel"},
            "capital_regime: found 'basel'",
        ),
        (capital_book(1, scenario=["a", "b"]), hand_parameters(0.1, 0.6, 0.5, OURS), {}, "scenario: found several"),
    ],
)
def test_bad_input_is_refused_by_name(book, parameters, wish, message):
    with pytest.raises(InputError, match=message):
        capital_benchmark(book, parameters, **(USUAL | wish))


def test_a_segment_that_owes_nothing_is_refused():
    book = capital_book(1).copy(deep=True)
    book["balance"][:, 0, 1, :3] = 0.0
    with pytest.raises(InputError, match=r"exposure: found 0 in \['ours:loan'\]"):
        capital_benchmark(book, hand_parameters(0.1, 0.6, 0.5, OURS), **USUAL)


def test_a_book_that_turns_over_and_defaults_more_than_it_opened_with_is_refused_by_name():
    owed = np.zeros((2, 3, 1, 8))
    owed[..., 0] = 100.0
    defaulted = np.zeros((2, 3, 1))
    defaulted[:, 1:, 0] = [[60.0, 50.0], [60.0, 60.0]]
    with pytest.raises(InputError) as caught:
        capital_benchmark(hand_book(owed, defaulted=defaulted), hand_parameters(0.5, 0.7, 0.6), horizon=2)
    assert caught.value.subject == "capital_benchmark"


def test_all_faults_come_at_once():
    book = capital_book(1, scenario=["a", "b"]).isel(path=[0]).drop_vars("fees")
    with pytest.raises(InputError) as caught:
        capital_benchmark(book, xr.Dataset(), level=99, horizon=0, lender="moon")
    assert sorted(fault.split(":")[0] for fault in caught.value.faults) == [
        "fees", "horizon", "lender", "level", "parameters", "path", "scenario",
    ]  # fmt: skip
