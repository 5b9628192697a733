"""Loss distribution: hand oracles, properties over random books, refusals."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from stresslab.measures.losses import loss_distribution
from stresslab.schema import FLOWS, InputError
from stresslab.testing import made_up_result

BOOK = made_up_result(paths=60, months=8, seed=1, scenario=["base", "severe"])
MONEY = ["balance", *FLOWS]


def lost(result, months):
    """Realised loss by plain loops over lists."""
    flows = {name: result[name].transpose("path", "month", "segment").values for name in FLOWS}
    out = np.zeros((result.sizes["path"], result.sizes["segment"]))
    for path in range(out.shape[0]):
        for segment in range(out.shape[1]):
            for month in range(1, months + 1):
                at = (path, month, segment)
                out[path, segment] += flows["written_off"][at] + flows["forgiven"][at] - flows["recovered"][at]
    return out


def test_loss_is_what_the_flows_say_path_by_path():
    book = made_up_result(paths=5, months=6, seed=2)
    found = loss_distribution(book, horizon=4, lender="all")
    expected = lost(book, 4)
    np.testing.assert_allclose(found["loss"].isel(segment=slice(3)), expected, atol=1e-9)
    np.testing.assert_allclose(found["loss"].sel(segment="total"), expected.sum(axis=1), atol=1e-9)
    opening = book["balance"].isel(month=0, path=0).sum()
    assert float(found["opening_balance"].sel(segment="total")) == pytest.approx(float(opening))
    rate = expected.sum(axis=1).mean() / float(opening)
    assert float(found["expected_loss_rate"].sel(segment="total")) == pytest.approx(rate)


def test_statistics_of_known_losses():
    book = made_up_result(paths=1000, months=1, segments=["ours:card"])
    draws = stats.norm.ppf((np.arange(1000) + 0.5) / 1000) * 10 + 100  # a normal sample without noise
    book["written_off"][:, 1, 0] = np.random.default_rng(0).permutation(draws)
    book["forgiven"][:] = 0.0
    book["recovered"][:] = 0.0
    found = loss_distribution(book, levels=[0.95, 0.999]).sel(segment="total")
    assert float(found["expected_loss"]) == pytest.approx(100.0)
    assert float(found["expected_loss_se"]) == pytest.approx(10 / np.sqrt(1000), rel=0.01)
    assert float(found["standard_deviation"]) == pytest.approx(10.0, rel=0.01)
    assert float(found["standard_deviation_se"]) == pytest.approx(10 / np.sqrt(2000), rel=0.03)
    assert found["value_at_risk"].values == pytest.approx([np.sort(draws)[949], np.sort(draws)[998]])
    assert found["expected_shortfall"].values == pytest.approx([np.sort(draws)[950:].mean(), draws.max()])
    density = stats.norm.pdf(stats.norm.ppf(0.95)) / 10
    assert float(found["value_at_risk_se"][0]) == pytest.approx(np.sqrt(0.95 * 0.05 / 1000) / density, rel=0.05)
    # Bin(1000, 0.95) has 2.5 % and 97.5 % quantiles 936 and 963
    assert float(found["value_at_risk_low"][0]) == np.sort(draws)[936 - 1]
    assert float(found["value_at_risk_high"][0]) == np.sort(draws)[964 - 1]
    assert found["paths_in_tail"].values.tolist() == [50, 1]


def test_few_paths_show_in_the_figures():
    found = loss_distribution(BOOK, levels=[0.9, 0.99]).sel(segment="total", scenario="base")
    assert found["paths_in_tail"].values.tolist() == [6, 0]
    assert np.isfinite(found["value_at_risk_high"][0])
    assert found["value_at_risk_high"].values[1] == np.inf
    assert found["value_at_risk_rate_high"].values[1] == np.inf
    assert np.isnan(found["value_at_risk_se"].values[1])
    assert np.isnan(found["expected_shortfall_se"].values[1])
    assert found["value_at_risk"].values[1] == found["loss"].max()


def test_scenario_goes_through_unmixed():
    both = loss_distribution(BOOK, levels=[0.5, 0.9])
    for name in ("base", "severe"):
        alone = loss_distribution(BOOK.sel(scenario=name), levels=[0.5, 0.9])
        xr.testing.assert_equal(both.sel(scenario=name), alone)
    assert set(both["value_at_risk"].dims) == {"scenario", "segment", "level"}


def test_lenders():
    own, every, other = (loss_distribution(BOOK, lender=name) for name in ("own", "all", "bank"))
    assert own["segment"].values.tolist() == ["ours:card", "ours:loan", "total"]
    assert own.attrs["lender"] == str(own["lender"].sel(segment="total").values) == "ours"
    assert every.attrs["lender"] == "all"
    total = own["loss"].sel(segment="total") + other["loss"].sel(segment="total")
    np.testing.assert_allclose(every["loss"].sel(segment="total"), total)


def test_an_empty_segment_has_amounts_but_no_rate():
    book = BOOK.copy(deep=True)
    book["balance"].loc[{"segment": "ours:loan", "month": 0}] = 0.0
    found = loss_distribution(book).sel(segment="ours:loan")
    assert np.isfinite(found["expected_loss"]).all()
    assert np.isnan(found["expected_loss_rate"]).all()


def test_units_are_said():
    found = loss_distribution(BOOK)
    assert found["value_at_risk"].attrs["units"] == "currency"
    assert found["value_at_risk_rate"].attrs["units"] == "1"
    assert found.attrs["currency"] == "CNY"
    assert found.attrs["horizon"] == 8


def test_saved_and_loaded_it_is_the_same(tmp_path):
    found = loss_distribution(BOOK)
    found.to_netcdf(tmp_path / "losses.nc")
    with xr.open_dataset(tmp_path / "losses.nc") as again:
        xr.testing.assert_equal(found, again.load())


books = st.builds(
    made_up_result,
    paths=st.integers(2, 30),
    months=st.integers(1, 4),
    seed=st.integers(0, 1000),
    segments=st.sampled_from([("ours:card",), ("ours:card", "bank:card"), ("ours:card", "ours:loan")]),
)
few = settings(max_examples=25, deadline=None)


@few
@given(books, st.lists(st.floats(0.01, 0.999), min_size=1, max_size=4, unique=True))
def test_var_rises_with_the_level_and_es_lies_beyond(book, levels):
    found = loss_distribution(book, levels=sorted(levels))
    assert (found["value_at_risk"].diff("level") >= 0).all()
    assert (found["expected_shortfall"] >= found["value_at_risk"]).all()
    assert (found["value_at_risk_low"] <= found["value_at_risk"]).all()
    assert (found["value_at_risk"] <= found["value_at_risk_high"]).all()


@few
@given(books, st.sampled_from([0.5, 2.0, 1024.0]))
def test_scale_goes_through_and_leaves_rates(book, factor):
    scaled = book.assign({name: factor * book[name] for name in MONEY})
    one, other = loss_distribution(book, levels=[0.6]), loss_distribution(scaled, levels=[0.6])
    for name in (
        "expected_loss",
        "standard_deviation",
        "value_at_risk",
        "expected_shortfall",
    ):
        for ending in ("", "_se"):
            np.testing.assert_allclose(other[name + ending], factor * one[name + ending], rtol=1e-12)
            rate = f"{name}_rate{ending}"
            np.testing.assert_allclose(other[rate], one[rate], rtol=1e-12)
    np.testing.assert_allclose(other["value_at_risk_high"], factor * one["value_at_risk_high"], rtol=1e-12)


@few
@given(books, st.integers(0, 100))
def test_the_order_of_paths_does_not_matter(book, seed):
    order = np.random.default_rng(seed).permutation(book.sizes["path"])
    one, other = loss_distribution(book), loss_distribution(book.isel(path=order))
    for name in (
        "expected_loss",
        "standard_deviation",
        "value_at_risk",
        "value_at_risk_se",
        "expected_shortfall",
        "expected_shortfall_se",
    ):
        np.testing.assert_allclose(one[name], other[name], rtol=1e-12)


def broken(name, value):
    book = BOOK.copy(deep=True)
    book[name][0, 0, 1, 0] = value
    return book


@pytest.mark.parametrize(
    ("book", "wish", "message"),
    [
        (BOOK, {"horizon": 9}, r"horizon: found 9, expected whole months, 1 to 8"),
        (BOOK, {"horizon": 0}, r"horizon: found 0"),
        (BOOK, {"horizon": 6.0}, r"horizon: found 6\.0"),
        (BOOK, {"levels": [99]}, r"levels: found 99, .* 0\.99, not 99"),
        (BOOK, {"levels": 1.0}, r"levels: found 1\.0"),
        (BOOK, {"levels": [0.9, float("nan")]}, r"levels: found nan"),
        (BOOK, {"levels": ["high"]}, r"levels: found 'high'"),
        (BOOK, {"levels": []}, r"levels: found \(\)"),
        (BOOK, {"levels": [0.9, 0.9]}, r"levels: found .* each once"),
        (BOOK, {"lender": "nobody"}, r"lender: found 'nobody', .*\['bank', 'ours'\]"),
        (BOOK.drop_vars("written_off"), {}, r"written_off: missing"),
        (BOOK.drop_vars("lender"), {}, r"lender: missing"),
        (BOOK.drop_attrs(), {}, r"own_lender: missing from attrs"),
        (BOOK.mean("path"), {}, r"written_off: found dimensions .* give it unreduced"),
        (BOOK.isel(path=[0]), {}, r"path: found 1, expected at least 2"),
        (BOOK.isel(month=slice(1, None)), {}, r"distribution: 1 fault\n.*month: found 1, .*, 8, expected 0"),
        (BOOK.isel(bucket=slice(1, None)), {}, r"bucket: found '30-59', .*, expected 'current', "),
        (BOOK.isel(segment=[]), {}, r"result: found no segments, expected at least 1"),
        (BOOK.isel(scenario=[], path=[]), {}, r"distribution: 1 fault\n.*result: found no scenarios and no paths,"),
        (BOOK.isel(month=[]), {"horizon": 3}, r"distribution: 1 fault\n.*result: found no months,"),
        (broken("recovered", np.nan), {}, r"recovered: found nan at scenario 0, path 0, month 1, segment 0"),
        (broken("recovered", np.inf), {}, r"recovered: found inf"),
        (broken("forgiven", -1.0), {}, r"forgiven: found -1\.0 .*expected >= 0"),
        (BOOK.assign(forgiven=BOOK["forgiven"].astype(str)), {}, r"forgiven: found type <U"),
    ],
)
def test_bad_input_is_refused_by_name(book, wish, message):
    with pytest.raises(InputError, match=message):
        loss_distribution(book, **wish)


def test_paths_of_different_books_are_refused():
    book = BOOK.copy(deep=True)
    book["balance"][0, 3, 0, 0, 0] += 1.0
    with pytest.raises(InputError, match="different balances in month 0"):
        loss_distribution(book)


def test_all_faults_come_at_once():
    with pytest.raises(InputError) as caught:
        loss_distribution(BOOK.drop_vars("forgiven"), horizon=99, levels=[95], lender="nobody")
    assert len(caught.value.faults) == 4
