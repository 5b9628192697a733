"""The made-up results that other tests read are themselves in order."""

import numpy as np
import pytest

from stresslab.schema import CAUSES, FLOWS, MINOR, STOCKS
from stresslab.testing import made_up_result


def fen(values):
    return np.rint(values * MINOR).astype(np.int64)


def imbalance(result):
    """Closing less what opening and flows make of it, in minor units, for every month from 1."""
    closing = fen(result["balance"]).sum("bucket")
    flow = {name: fen(result[name]).isel(month=slice(1, None)) for name in FLOWS}
    came = flow["drawn"] + flow["originated"] + flow["interest"] + flow["fees"]
    went = flow["paid"] + flow["forgiven"] + flow["written_off"]
    return closing.isel(month=slice(1, None)) - closing.isel(month=slice(None, -1)).values - came + went


@pytest.mark.parametrize("seed", range(5))
def test_books_balance_to_the_fen(seed):
    result = made_up_result(paths=7, months=9, seed=seed, scenario=["base", "severe"])
    assert (imbalance(result) == 0).all()
    assert (fen(result["stage_balance"]).sum("stage") == fen(result["balance"]).sum("bucket")).all()
    for name in (*STOCKS, *FLOWS):
        assert (result[name] >= 0).all(), name


def test_what_is_not_past_due_may_be_in_a_later_stage():
    result = made_up_result(paths=3, months=4)
    stage, bucket = fen(result["stage_balance"]), fen(result["balance"])
    first, later = stage.sel(stage=1, drop=True), bucket.isel(bucket=slice(3, None)).sum("bucket")
    assert (first < bucket.sel(bucket="current", drop=True)).all()
    assert (stage.sel(stage=3, drop=True) > later).all()


def test_entries_have_every_cause_and_conditions_are_a_lender_s_own():
    result = made_up_result(paths=20, months=12)
    assert tuple(result["cause"].values) == CAUSES
    assert (result["entries_to_arrears"].sum(["path", "month", "segment"]) > 0).all()
    for name in ("line_supply", "contact"):
        assert (result[name].sel(month=0) == 1.0).all()
        assert ((result[name] > 0.0) & (result[name] <= 1.0)).all()
        assert (result[name].sel(segment="ours:card") == result[name].sel(segment="ours:loan")).all()
        assert (result[name].sel(segment="ours:card") != result[name].sel(segment="bank:card")).isel(month=-1).all()


def test_one_lost_fen_is_found():
    result = made_up_result(paths=2, months=3)
    result["paid"][1, 2, 0] += 0.01
    assert int((imbalance(result) != 0).sum()) == 1


def test_paths_start_alike_and_end_apart():
    balance = made_up_result(paths=10)["balance"].sum("bucket")
    spread = balance.max("path") - balance.min("path")
    assert (spread.isel(month=0) == 0).all()
    assert (spread.isel(month=-1) > 0).all()


def test_a_scenario_is_harsher_on_the_same_draws():
    result = made_up_result(paths=30, months=12, scenario=["base", "severe"])
    lost = result["written_off"].sum(["month", "segment"])
    assert (lost.sel(scenario="severe") > lost.sel(scenario="base")).all()


def test_same_seed_same_result():
    assert made_up_result(seed=3).identical(made_up_result(seed=3))
    assert not made_up_result(seed=3).equals(made_up_result(seed=4))
