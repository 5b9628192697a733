"""The supervisor's table: each figure beside the number computed directly, scenarios side by side, refusals."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from stresslab.measures.capital.adequacy import capital_adequacy
from stresslab.measures.capital.stress_table import dfast_loss_rate, stress_table
from stresslab.measures.estimators import quantile
from stresslab.schema import InputError
from tests.measures.twin_capital import FULL, capital_book, sheet_of

BOOK = capital_book(3, paths=30, months=8, scenario=["base", "severe"])
FOUND = capital_adequacy(BOOK, sheet_of(BOOK, FULL))
BASE = FOUND.sel(scenario="base", drop=True)


def made(loss, loans):
    dims = ("path", "month")
    return xr.Dataset({"loss": (dims, np.array(loss, float)), "loans": (dims, np.array(loans, float))})


def test_loss_rate_by_hand():
    """Trap 8: 24 over the mean of 100, 80 and 60; loans of month 0 count, its loss and later months do not."""
    one = made([[7.0, 10.0, 14.0, 99.0]], [[100.0, 80.0, 60.0, 1.0]])
    assert dfast_loss_rate(one, 2).item() == pytest.approx(24.0 / 80.0)
    assert dfast_loss_rate(one, 1).item() == pytest.approx(10.0 / 90.0)
    assert dfast_loss_rate(one, 2).attrs["units"] == "1"


def test_loss_rate_of_nine_quarters_is_nine_quarters_of_a_steady_one():
    """Of a book that stands still and loses 1 % a month: 27 %, and 12 % a year by 4 / 9."""
    one = made(np.full((3, 40), 1.0), np.full((3, 40), 100.0))
    assert dfast_loss_rate(one).values.tolist() == pytest.approx([0.27] * 3)
    assert (dfast_loss_rate(one) * 4 / 9).values.tolist() == pytest.approx([0.12] * 3)


def test_loss_rate_path_by_path_and_by_scenario():
    rate = dfast_loss_rate(FOUND, 5)
    assert rate.dims == ("scenario", "path")
    for s in range(2):
        for path in range(30):
            lost = FOUND["loss"].values[s, path, 1:6].sum()
            assert rate[s, path].item() == pytest.approx(lost / FOUND["loans"].values[s, path, :6].mean())


def column(one, months, level):
    """Every figure and its error, computed directly."""
    paths = one.sizes["path"]
    rows = {}

    def mean(name, values, scale):
        rows[name] = scale * values.mean(), scale * values.std(ddof=1) / paths**0.5

    names = {"CET1": "cet1_ratio", "Tier 1": "tier1_ratio", "total": "total_ratio", "leverage": "leverage_ratio"}
    for words, name in names.items():
        values = one[name].values
        mean(f"{words} ratio, opening", values[:, 0], 100.0)
        mean(f"{words} ratio, lowest", values[:, 1 : months + 1].min(1), 100.0)
        mean(f"{words} ratio, closing", values[:, months], 100.0)
    low = quantile(one["cet1_ratio"].values[:, 1 : months + 1].min(1), [1.0 - level])
    rows[f"CET1 ratio, lowest, {100 * (1 - level):.0f}% quantile"] = 100.0 * low.value[0], 100.0 * low.se[0]
    lost = one["loss"].values[:, 1 : months + 1].sum(1)
    rate = lost / one["loans"].values[:, : months + 1].mean(1)
    mean("losses", lost, 1e-6)
    mean("loss rate", rate, 100.0)
    high = quantile(rate, [level])
    rows[f"loss rate, {100 * level:.0f}% quantile"] = 100.0 * high.value[0], 100.0 * high.se[0]
    flows = {
        "pre-provision income": "pre_provision_income", "provisions": "provision_charge",
        "profit before tax": "profit_before_tax", "tax": "tax", "dividends": "dividends",
    }  # fmt: skip
    for words, name in flows.items():
        mean(words, one[name].values[:, 1 : months + 1].sum(1), 1e-6)
    mean("risk-weighted assets, opening", one["rwa"].values[:, 0], 1e-6)
    mean("risk-weighted assets, closing", one["rwa"].values[:, months], 1e-6)
    any_of = one["any_breach_probability"].item(), one["any_breach_probability_se"].item()
    rows["any hurdle missed, whole result"] = 100.0 * any_of[0], 100.0 * any_of[1]
    return rows


@pytest.mark.parametrize(("months", "level"), [(5, 0.95), (8, 0.8)])
def test_every_figure_is_the_number_computed_directly(months, level):
    table = stress_table(BASE, months=months, level=level)
    rows = column(BASE, months, level)
    assert set(table.index) == set(rows)
    assert table.columns.tolist() == [("scenario", "estimate"), ("scenario", "se")]
    for name, (figure, error) in rows.items():
        assert table.loc[name, ("scenario", "estimate")] == pytest.approx(figure, rel=1e-9), name
        assert table.loc[name, ("scenario", "se")] == pytest.approx(error, rel=1e-9, abs=1e-12), name
    # pre-provision income less provisions is profit, as a table should show
    figure = table[("scenario", "estimate")]
    assert figure["pre-provision income"] - figure["provisions"] == pytest.approx(figure["profit before tax"])


def test_a_column_for_each_scenario():
    table = stress_table(FOUND, months=8)
    assert table.columns.get_level_values(0).unique().tolist() == ["base", "severe"]
    for name in ("base", "severe"):
        alone = stress_table(FOUND.sel(scenario=name, drop=True), months=8)
        pd.testing.assert_frame_equal(table[name], alone["scenario"])
    assert table.loc["losses", ("severe", "estimate")] > table.loc["losses", ("base", "estimate")]


def test_results_by_name():
    other = FOUND.sel(scenario="severe", drop=True)
    table = stress_table({"calm": BASE, "storm": other}, months=8)
    assert table.columns.get_level_values(0).unique().tolist() == ["calm", "storm"]
    pd.testing.assert_frame_equal(table["storm"], stress_table(other, months=8)["scenario"])
    both = stress_table({"calm": BASE, "all": FOUND}, months=8)
    assert both.columns.get_level_values(0).unique().tolist() == ["calm", "all: base", "all: severe"]
    pd.testing.assert_frame_equal(both["calm"], both["all: base"])


def test_the_table_says_its_units_and_what_is_in_it():
    table = stress_table(FOUND, months=7)
    assert "7 months" in table.index.name
    assert "CNY m" in table.index.name
    assert np.isfinite(table.drop(index=[name for name in table.index if "quantile" in name]).values).all()


@pytest.mark.parametrize("months", [0, 9, 2.5, "all", None])
def test_a_horizon_that_is_none_is_refused(months):
    with pytest.raises(InputError, match="months: found"):
        dfast_loss_rate(FOUND, months)
    with pytest.raises(InputError, match="months: found"):
        stress_table(FOUND, months=months)


def test_nine_quarters_need_nine_quarters():
    with pytest.raises(InputError, match="months: found 27, expected 1 to 8"):
        stress_table(FOUND)


@pytest.mark.parametrize("level", [0.0, 1.0, 95, np.nan, "95 %"])
def test_a_level_that_is_none_is_refused(level):
    with pytest.raises(InputError, match="level: found"):
        stress_table(FOUND, months=8, level=level)


def test_all_faults_come_at_once():
    with pytest.raises(InputError) as caught:
        dfast_loss_rate(FOUND.drop_vars(["loss", "loans"]), 99)
    assert [fault.split(":")[0] for fault in caught.value.faults] == ["loss", "loans", "months"]
    with pytest.raises(InputError) as caught:
        stress_table({"a": BASE.drop_vars("tax"), "b": BASE.isel(month=slice(0, 4))}, months=8, level=95)
    assert [fault.split(":")[0] for fault in caught.value.faults] == ["level", "tax", "months"]
    assert caught.value.faults[2] == "months: found 8, expected 1 to 3 of 'b'; simulate a longer horizon or shorten it"
    with pytest.raises(InputError, match="results: found none"):
        stress_table({})


def test_what_is_no_result_is_refused():
    with pytest.raises(InputError) as caught:
        stress_table(BOOK, months=8)
    (fault,) = caught.value.faults
    assert fault.startswith("results: found variables 'balance', ") and fault.endswith("Dataset of capital_adequacy()")


def test_one_path_has_no_error_bar_and_is_refused():
    with pytest.raises(InputError, match="path"):
        stress_table(BASE.isel(path=[0]), months=8)
