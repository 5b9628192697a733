"""Every measure refuses, by name, results that are reduced, in chunks, or put together so that figures go wrong."""

import inspect
from functools import cache

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

import stresslab as sl
from stresslab.actions import EarlyWarning
from stresslab.schema import InputError

PATHS = 40


@cache
def book():
    return sl.synthetic_portfolio("china-online", borrowers=100, seed=1, seasoning_months=3)


@cache
def fan():
    calm = sl.scenario("china-baseline").isel(month=slice(0, 6))
    return sl.macro_paths(calm, PATHS, seed=2)


def simulated(macro, **others):
    return sl.simulate(book(), macro, seed=3, responses=(EarlyWarning(),), progress=False, **others)


@cache
def whole():
    return simulated(fan())


@cache
def severe():
    return simulated(fan().assign(unemployment_rate=fan()["unemployment_rate"] + 0.02))


@cache
def funding():
    return sl.Funding.for_book(whole())


@cache
def sheet():
    return sl.BalanceSheet.for_book(whole())


@cache
def parameters():
    return sl.irb_parameters(whole()).fillna(0.5)


HORIZON = {"horizon": 3}
MEASURES = {
    "by_lender": lambda result: sl.by_lender(result),
    "loss_distribution": lambda result: sl.loss_distribution(result, levels=0.5),
    "convergence": lambda result: sl.convergence(result, levels=0.5),
    "warning_quality": lambda result: sl.warning_quality(result),
    "provisions": lambda result: sl.provisions(result, "china"),
    "own_part": lambda result: sl.own_part(result),
    "grow": lambda result: sl.grow(result, 0.1),
    "liquidity_ladder": lambda result: sl.liquidity_ladder(result, funding(), **HORIZON),
    "survival_horizon": lambda result: sl.survival_horizon(result, funding(), **HORIZON),
    "liquidity_buffer": lambda result: sl.liquidity_buffer(result, funding(), level=0.5, **HORIZON),
    "external_funding_needed": lambda result: sl.external_funding_needed(result, funding(), level=0.5, **HORIZON),
    "liquidity_ratios": lambda result: sl.liquidity_ratios(result, funding()),
    "irb_parameters": lambda result: sl.irb_parameters(result),
    "capital_benchmark": lambda result: sl.capital_benchmark(result, parameters(), level=0.5, **HORIZON),
    "capital_adequacy": lambda result: sl.capital_adequacy(result, sheet(), provisioning="china", levels=0.5),
    "financial_statements": lambda result: sl.financial_statements(result, sheet(), provisioning="china"),
    "Funding.for_book": lambda result: sl.Funding.for_book(result),
    "BalanceSheet.for_book": lambda result: sl.BalanceSheet.for_book(result),
    "compare": lambda result: sl.compare(result, result, provisioning="china"),
    "quarterly_rates": lambda result: sl.quarterly_rates(result, "2026Q1"),
    "arrears_share": lambda result: sl.targets.arrears_share(30)(result),
    "charge_off_rate_annual": lambda result: sl.targets.charge_off_rate_annual()(result),
    "default_rate_annual": lambda result: sl.targets.default_rate_annual()(result),
    "loss_given_write_off": lambda result: sl.targets.loss_given_write_off()(result),
    "vintage_loss": lambda result: sl.targets.vintage_loss()(result),
    "roll_rate": lambda result: sl.targets.roll_rate("30-59", "60-89")(result),
    "loss_rate": lambda result: sl.outcomes.loss_rate()(result),
    "lowest_headroom": lambda result: sl.outcomes.lowest_headroom(funding(), **HORIZON)(result),
    "lowest_ratio": lambda result: sl.outcomes.lowest_ratio(sheet(), provisioning="china")(result),
    "plot.arrears": lambda result: sl.plot.arrears(result, ax=Figure().add_subplot()),
}
AFTER_A_WARM_UP = {name for name in MEASURES if name in dir(sl.targets)}
"""Statistics of calibration: month 0 may be the end of a warm-up, so paths may begin apart."""


def halves():
    return whole().isel(path=slice(0, PATHS // 2)), whole().isel(path=slice(PATHS // 2, None))


def other_currency():
    first, second = halves()
    money = [name for name in second if second[name].attrs["units"] == "currency"]
    return first, second.assign({name: 0.14 * second[name] for name in money}).assign_attrs(currency="USD")


def of_scenarios(**how):
    return xr.concat([whole(), severe()], xr.Variable("scenario", ["calm", "severe"]), **how)


PLAIN = {"data_vars": "minimal", "coords": "minimal", "compat": "override", "join": "outer"}
WRONG = {
    "the mean over paths": (lambda: whole().mean("path", keep_attrs=True), r"dimensions .*'path'"),
    "the sum over segments": (lambda: whole().sum("segment", keep_attrs=True), r"'segment'|segment: missing"),
    "the last month": (lambda: whole().isel(month=-1), r"'month'"),
    "a dimension too many": (lambda: whole().expand_dims(run=2), r"found dimensions? .*'run'"),
    "in chunks": (lambda: whole().chunk(path=5), r"result: found chunks in .*load it: result\.load\(\)"),
    "months from 1": (lambda: whole().isel(month=slice(1, None)), r"month: found 1, .*, expected 0, 1, \.\.\., T"),
    "months in disorder": (lambda: whole().isel(month=slice(None, None, -1)), r"month: found 6, 5, "),
    "not a result": (book, r"found variables 'borrower_id', |balance: found dimensions \('loan',\)"),
    "its macro paths": (fan, r"found variables 'unemployment_rate', |missing, expected"),
    "all variables along path": (
        lambda: xr.concat(halves(), "path", data_vars="all"),
        r"found dimension 'path', expected one figure for all of it; put results together with sl\.join\(\)",
    ),
    "all variables along scenario": (
        lambda: of_scenarios(data_vars="all"),
        r"found dimension 'scenario', expected one figure for all of it; put results together with sl\.join\(\)",
    ),
    "the same draws twice": (
        lambda: xr.concat([whole(), severe()], "path", **PLAIN),
        r"path: found 0, 1, 2, \.\.\., 39 more than once",
    ),
    "the same scenario twice": (
        lambda: xr.concat([severe(), severe()], xr.Variable("scenario", ["severe"] * 2), data_vars="all"),
        r"scenario: found 'severe' more than once",
    ),
    "another horizon": (
        lambda: xr.concat([halves()[0], halves()[1].isel(month=slice(0, 4))], "path", **PLAIN),
        r"found nan at",
    ),
    "another currency": (lambda: xr.concat(other_currency(), "path", **PLAIN), r"different balances in month 0"),
}  # fmt: skip


@pytest.mark.parametrize("name", MEASURES)
def test_a_sound_result_is_measured(name):
    assert MEASURES[name](whole()) is not None


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("name", MEASURES)
def test_what_is_wrong_with_a_result_is_said(name, wrong):
    if wrong == "another currency" and name in AFTER_A_WARM_UP:
        return
    build, message = WRONG[wrong]
    if wrong == "in chunks":
        pytest.importorskip("dask")
    with pytest.raises(InputError, match=message):
        MEASURES[name](build())


def same(made, expected):
    """Whether two answers of a measure are the same figures."""
    if isinstance(expected, xr.Dataset | xr.DataArray):
        xr.testing.assert_equal(made, expected)
    else:
        assert made == expected or np.isnan(made)


@pytest.mark.parametrize("name", [name for name in MEASURES if name != "plot.arrears"])
def test_what_is_put_together_with_xarray_s_defaults_is_the_whole_or_refused(name):
    """Today's defaults repeat what has no path, which is refused above; those to come do not."""
    if "use_new_combine_kwarg_defaults" not in xr.get_options():
        pytest.skip("an xarray with one set of defaults")
    with xr.set_options(use_new_combine_kwarg_defaults=True):
        along_path, along_scenario = xr.concat(halves(), "path"), of_scenarios()
    same(MEASURES[name](along_path), MEASURES[name](whole()))
    with pytest.raises(InputError, match=r"put results together with sl\.join\(\)|scenario: found several"):
        MEASURES[name](along_scenario)


def test_every_public_function_of_a_result_is_among_them():
    spaces = [sl, *(getattr(sl, name) for name in sl.__all__ if inspect.ismodule(getattr(sl, name)))]
    public = {getattr(space, name) for space in spaces for name in space.__all__}
    public |= {sl.Funding.for_book, sl.BalanceSheet.for_book}
    taking = {
        thing.__qualname__
        for thing in public
        if inspect.isroutine(thing)
        and "result" in inspect.signature(thing).parameters
        and "plot" not in thing.__module__
    }
    assert taking == set(MEASURES) - AFTER_A_WARM_UP - {"loss_rate", "lowest_headroom", "lowest_ratio", "plot.arrears"}


def of_half(measure):
    return measure(halves()[0])


def provided(result):
    return sl.provisions(sl.own_part(result), "china")


BESIDE = {
    "an allowance of other paths": (
        lambda: sl.capital_adequacy(whole(), sheet(), allowance=of_half(provided)),
        r"allowance: found path 0, 1, 2, \.\.\., 19, expected 0, 1, 2, \.\.\., 39 as in the result",
    ),
    "an allowance in another currency": (
        lambda: sl.capital_adequacy(whole(), sheet(), allowance=provided(whole()).assign_attrs(currency="USD")),
        "allowance: found currency 'USD', expected 'CNY' as in the result",
    ),
    "parameters in another currency": (
        lambda: sl.capital_benchmark(whole(), parameters().assign_attrs(currency="USD"), level=0.5, **HORIZON),
        "parameters: found currency 'USD', expected 'CNY' as in the result",
    ),
    "funding in another currency": (
        lambda: sl.liquidity_ladder(whole().assign_attrs(currency="USD"), funding(), **HORIZON),
        r"funding: found amounts in CNY, expected USD as in the result; make it for this result: Funding\.for_book",
    ),
    "funding in another unit": (
        lambda: sl.financial_statements(whole().assign_attrs(unit=1000.0), sheet(), provisioning="china"),
        r"funding: found amounts in CNY, expected \(1,000 CNY\) as in the result",
    ),
    "another seed": (
        lambda: sl.compare(whole(), sl.simulate(book(), fan(), seed=4, progress=False), provisioning="china"),
        "other: found seed '4', expected '3' as in result",
    ),
    "another currency": (
        lambda: sl.compare(whole(), whole().assign_attrs(currency="USD"), provisioning="china"),
        "other: found currency 'USD', expected 'CNY' as in result",
    ),
    "another own lender": (
        lambda: sl.compare(whole(), whole().assign_attrs(own_lender="bank-1"), provisioning="china"),
        "other: found own_lender 'bank-1', expected",
    ),
    "equity of other paths": (
        lambda: sl.liquidity_ratios(
            whole(), funding(), sl.financial_statements(halves()[0], sheet(), provisioning="china")["equity"]
        ),
        r"equity: found \{'path': 20, 'month': 7\}, expected \{'path': 40, 'month': 7\}",
    ),
    "equity in chunks": (
        lambda: sl.liquidity_ratios(
            whole(), funding(), sl.financial_statements(whole(), sheet(), provisioning="china")["equity"].chunk(path=9)
        ),
        r"equity: found chunks in 'equity', expected values in memory; load it: equity\.load\(\)",
    ),
    "weights of other paths": (
        lambda: sl.weighted_distribution(
            sl.loss_distribution(whole(), levels=0.5)["loss"],
            sl.entropy_pooling(halves()[0], {"policy_rate": float(halves()[0]["policy_rate"][:, 1:].mean())}),
        ),
        "path: found 40, expected the 20 of the weights",
    ),
    "scenarios in a table in two currencies": (
        lambda: sl.stress_table({"a": adequate(), "b": adequate().assign_attrs(currency="USD")}, months=6),
        "results of 'b': found currency 'USD', expected 'CNY' as in 'a'; make a table for each",
    ),
    "a restatement of another result": (
        lambda: sl.allowance_movement(provided(whole()), restated=of_half(provided)),
        r"restated: found path 0, 1, 2, \.\.\., 19, expected",
    ),
}


@cache
def adequate():
    return sl.capital_adequacy(whole(), sheet(), provisioning="china", levels=0.5)


@pytest.mark.parametrize("name", BESIDE)
def test_what_is_given_beside_a_result_is_of_the_same_run(name):
    if "chunks" in name:
        pytest.importorskip("dask")
    run, message = BESIDE[name]
    with pytest.raises(InputError, match=message):
        run()
