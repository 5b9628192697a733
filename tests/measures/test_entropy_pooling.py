"""Reweighted paths: hand oracles, Gaussian theory, error bars over replications, refusals."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from stresslab.measures.entropy_pooling import entropy_pooling
from stresslab.measures.estimators import expected_shortfall, moments, quantile
from stresslab.measures.losses import loss_distribution
from stresslab.measures.weighted import weighted_distribution
from stresslab.schema import InputError
from stresslab.testing import made_up_result

LEVELS = [0.5, 0.9, 0.95, 0.99]


def paths_of(**values):
    """A Dataset of variables (path) with labels."""
    size = len(next(iter(values.values())))
    return xr.Dataset({name: ("path", np.asarray(each)) for name, each in values.items()}, {"path": np.arange(size)})


def on_paths(values):
    return xr.DataArray(values, {"path": np.arange(np.shape(values)[-1])}, (..., "path")[-np.ndim(values) :])


def tilted(f, target, **wish):
    return entropy_pooling(paths_of(f=f), {"f": target}, **wish)


FAN = xr.Dataset(
    {
        name: (("path", "month"), np.random.default_rng(k).normal(0.05, 0.01, (50, 13)), {"units": "1/year"})
        for k, name in enumerate(("inflation", "policy_rate"))
    },
    {"path": np.arange(50), "month": np.arange(13)},
    {"seed": "7"},
)


# ---- weights


def test_three_values_by_hand():
    # 1 : r : r^2 with mean 1.2 : r + 2 r^2 = 1.2 (1 + r + r^2), 0.8 r^2 - 0.2 r - 1.2 = 0
    r = (0.2 + np.sqrt(0.04 + 4 * 0.8 * 1.2)) / 1.6
    exact = np.array([1.0, r, r * r]) / (1.0 + r + r * r)
    found = tilted([0.0, 1.0, 2.0], 1.2)
    np.testing.assert_allclose(found["weight"], exact, rtol=1e-10)
    assert float(found["multiplier"][0]) == pytest.approx(np.log(r))
    assert float(found["mean_before"][0]) == 1.0
    assert float(found["mean_after"][0]) == pytest.approx(1.2, abs=1e-10)
    assert float(found["relative_entropy"]) == pytest.approx((exact * np.log(3 * exact)).sum())
    assert float(found["effective_paths"]) == pytest.approx(1 / (exact**2).sum())
    assert float(found["effective_paths_entropy"]) == pytest.approx(np.exp(-(exact * np.log(exact)).sum()))


def test_a_view_that_says_what_was_simulated_changes_nothing():
    target = float(FAN["inflation"].sel(month=slice(1, None)).mean())
    found = entropy_pooling(FAN, {"inflation": target})
    assert (found["weight"] == 1 / 50).all()
    assert float(found["effective_paths"]) == pytest.approx(50)
    assert float(found["relative_entropy"]) == pytest.approx(0.0, abs=1e-15)


def test_the_start_is_not_counted():
    found = entropy_pooling(FAN, {"inflation": 0.051})
    counted = FAN["inflation"].values[:, 1:].mean(axis=1)
    np.testing.assert_allclose(found["statistic"].sel(view="inflation"), counted)
    assert found["weight"].values @ counted == pytest.approx(0.051, abs=1e-12)
    other = FAN.copy(deep=True)
    other["inflation"][:, 0] += 1.0
    xr.testing.assert_identical(found, entropy_pooling(other, {"inflation": 0.051}))


def test_two_views_hold_together():
    peak = FAN["policy_rate"].max("month")
    found = entropy_pooling(FAN, {"inflation": 0.051, "peak": (peak, 0.07), "rare": (peak > 0.075, 0.2)})
    np.testing.assert_allclose(found["mean_after"], [0.051, 0.07, 0.2], rtol=1e-9)
    assert float((found["weight"] * peak).sum()) == pytest.approx(0.07)
    slope = np.log(found["weight"].values) - found["multiplier"].values @ found["statistic"].values
    assert np.ptp(slope) < 1e-9  # log weights are linear in the statistics, which makes the entropy least
    assert found["unit"].values[0] == "1/year"
    assert found.attrs == {"seed": "7", "least_effective": 0.1}


def test_no_other_weights_with_that_mean_are_nearer():
    f = np.random.default_rng(1).exponential(size=20)
    found = tilted(f, 1.3 * f.mean())
    w = found["weight"].values
    directions = np.linalg.svd(np.stack([np.ones(20), f]))[2][2:]  # moves that keep sum and mean
    for way in directions:
        near = w + 0.2 * w.min() * way
        assert (near * np.log(20 * near)).sum() > float(found["relative_entropy"])


N = 200_000
NORMAL = np.random.default_rng(2).standard_normal(N)


@pytest.mark.parametrize("m", [0.5, -1.0])
def test_a_tilted_normal_is_a_shifted_normal(m):
    found = tilted(NORMAL, m)
    again = weighted_distribution(on_paths(NORMAL), found, levels=[0.5])
    n = float(found["effective_paths"])
    # with a mean of 0 and variance of 1 in the sample: dKL = -m dmean - m^2 dvar / 2
    assert float(found["relative_entropy"]) == pytest.approx(m**2 / 2, abs=4 * np.sqrt((m**2 + m**4 / 2) / N))
    assert n == pytest.approx(N * np.exp(-(m**2)), rel=0.05)
    assert float(again["standard_deviation"]) ** 2 == pytest.approx(1.0, abs=4 * np.sqrt(2 / n) * (1 + abs(m)))
    assert float(again["estimate"]) == pytest.approx(m, abs=1e-8)
    assert float(again["estimate_se"]) == pytest.approx(0.0, abs=1e-6)  # the view says it
    assert float(again["value_at_risk"][0]) == pytest.approx(m, abs=4 * float(again["value_at_risk_se"][0]))
    assert float(again["value_at_risk"][0]) != pytest.approx(0.9 * m, abs=4 * float(again["value_at_risk_se"][0]))


def loss_of(f, noise):
    """A convex loss of a macro variable and of chance."""
    return np.exp(0.5 * f + 0.3 * noise)


def away_from_direct(asked):
    """How many error bars weighted statistics are from those of paths simulated with mean 0.5, at the most."""
    rng = np.random.default_rng(3)
    f, direct = rng.standard_normal(40_000), 0.5 + rng.standard_normal(40_000)
    found = weighted_distribution(
        on_paths(loss_of(f, rng.standard_normal(40_000))), tilted(f, asked), levels=[0.9, 0.99]
    )
    direct = loss_of(direct, rng.standard_normal(40_000))
    mean, mean_se, _, _ = moments(direct)
    q, (es, es_se) = quantile(direct, [0.9, 0.99]), expected_shortfall(direct, [0.9, 0.99])
    away = [abs(found["estimate"] - mean) / np.hypot(found["estimate_se"], mean_se)]
    away += list(abs(found["value_at_risk"] - q.value) / np.hypot(found["value_at_risk_se"], q.se))
    away += list(abs(found["expected_shortfall"] - es) / np.hypot(found["expected_shortfall_se"], es_se))
    return max(float(each) for each in away)


def test_reweighted_losses_are_those_of_a_direct_simulation():
    assert away_from_direct(0.5) < 3.5
    assert away_from_direct(0.4) > 10  # another view is another distribution


# ---- measures under the weights


def unrelated(sample):
    """A statistic that has no correlation with anything that is asked about a sample (..., path)."""
    n = sample.shape[-1]
    rows = [np.ones(n)]
    for x in np.atleast_2d(sample):
        rows.append(x)
        for q in quantile(x, LEVELS).value:
            rows += [x > q, np.maximum(x - q, 0.0)]
    basis = np.linalg.svd(np.array(rows, dtype=float), full_matrices=True)[2][np.linalg.matrix_rank(np.array(rows)) :]
    return basis.sum(axis=0)


def test_equal_weights_give_the_plain_estimators():
    sample = np.random.default_rng(4).lognormal(size=(3, 200))
    found = weighted_distribution(on_paths(sample), tilted(unrelated(sample), 0.0), levels=LEVELS)
    mean, mean_se, deviation, _ = moments(sample)
    plain, (es, es_se) = quantile(sample, LEVELS), expected_shortfall(sample, LEVELS)
    assert np.array_equal(found["value_at_risk"], plain.value)
    for name, expected in {
        "estimate": mean,
        "estimate_se": mean_se,
        "standard_deviation": deviation,
        "value_at_risk_se": plain.se,
        "expected_shortfall": es,
        "expected_shortfall_se": es_se,
    }.items():
        np.testing.assert_allclose(found[name], expected, rtol=1e-9, err_msg=name)


@given(st.integers(2, 400), st.integers(0, 1000), st.integers(1, 99))
def test_equal_weights_lose_no_rank_to_rounding(n, seed, percent):
    rng = np.random.default_rng(seed)
    f = rng.standard_normal(n)
    x = np.round(rng.standard_normal(n), 1)  # with ties
    found = weighted_distribution(on_paths(x), tilted(f, float(f.mean())), levels=[percent / 100])
    assert float(found["value_at_risk"][0]) == quantile(x, [percent / 100]).value[0]


def test_weighted_figures_by_hand():
    weights = tilted([0.0, 1.0, 2.0], 10 / 7)  # 1/7, 2/7, 4/7
    found = weighted_distribution(on_paths([[5.0, 7.0, 6.0], [3.0, 1.0, 2.0]]), weights, levels=[0.1, 5 / 7, 0.8])
    assert found["estimate"].values == pytest.approx([43 / 7, 13 / 7])
    # weighted squares over 1 - sum of w^2 = 28 / 49
    square = (1 * (8 / 7) ** 2 + 2 * (6 / 7) ** 2 + 4 * (1 / 7) ** 2) / 7 / (28 / 49)
    assert found["standard_deviation"].values[0] == pytest.approx(np.sqrt(square))
    assert found["value_at_risk"].values.tolist() == [[5.0, 6.0, 7.0], [1.0, 2.0, 2.0]]
    assert found["expected_shortfall"].values[0] == pytest.approx(
        [5 + (2 * 2 + 4 * 1) / 7 / 0.9, 6 + (2 / 7) / (2 / 7), 7.0]
    )
    assert np.isnan(found["expected_shortfall_se"].values[0, 2])
    assert np.isnan(found["value_at_risk_se"].values[0, 2])


def test_mean_error_by_hand():
    # x = (0, 1, 0) and f = (0, 1, 2) under 1/7, 2/7, 4/7: m = 2/7, cov = -6/49, var f = 26/49, b = -3/13
    found = weighted_distribution(on_paths([0.0, 1.0, 0.0]), tilted([0.0, 1.0, 2.0], 10 / 7))
    left = [x - 2 / 7 + 3 / 13 * (f - 10 / 7) for x, f in zip([0, 1, 0], [0, 1, 2], strict=True)]
    square = sum((w / 7) ** 2 * r**2 for w, r in zip([1, 2, 4], left, strict=True))
    n = 7 / 3
    assert float(found["estimate_se"]) == pytest.approx(np.sqrt(square * n / (n - 1)))


def replications(target, count=400, n=1000):
    """Estimates and error bars of values related to f, over sets of paths that are reweighted one by one."""
    rng = np.random.default_rng(5)
    rows = []
    for _ in range(count):
        f = rng.standard_normal(n)
        x = 0.8 * f + 0.6 * rng.standard_normal(n)
        weights = tilted(f, target)
        found = weighted_distribution(on_paths(x), weights, levels=[0.5, 0.9])
        w = weights["weight"].values
        naive = np.sqrt(w**2 @ (x - float(found["estimate"])) ** 2)
        rows.append([float(found["estimate"]), float(found["estimate_se"]), naive, *found["value_at_risk"].values])
        rows[-1] += [
            *found["value_at_risk_se"].values,
            *found["expected_shortfall"].values,
            *found["expected_shortfall_se"].values,
        ]
    return np.array(rows).T


@pytest.mark.parametrize("target", [0.7, -0.5])
def test_error_bars_are_the_spread_over_replications(target):
    mean, mean_se, naive, *tail = replications(target)
    near = {"rel": 0.12}  # 3.4 / sqrt(2 x 400)
    assert np.sqrt((mean_se**2).mean()) == pytest.approx(mean.std(), **near)
    assert np.sqrt((naive**2).mean()) > 1.3 * mean.std()  # blind to the view that the weights were made to meet
    for k in (0, 1, 4, 5):
        assert np.sqrt((tail[k + 2] ** 2).mean()) == pytest.approx(tail[k].std(), **near)


def test_units_and_other_dimensions_are_carried():
    book = made_up_result(paths=60, months=6, seed=1, scenario=["base", "severe"])
    base = book.sel(scenario="base")
    loss = loss_distribution(base)["loss"]
    target = 1.2 * float(loss.sel(segment="total").mean())
    weights = entropy_pooling(base, {"loss": (loss.sel(segment="total"), target)})
    found = weighted_distribution(loss, weights, levels=0.9)
    assert float(found["estimate"].sel(segment="total")) == pytest.approx(target)
    assert found["estimate"].attrs["units"] == found["expected_shortfall_se"].attrs["units"] == "currency"
    assert found["estimate"].attrs["long_name"] == "weighted mean of written off + forgiven - recovered"
    assert found.attrs == {name: weights.attrs[name] for name in found.attrs}
    assert {"fingerprint", "seed", "currency", "own_lender"} <= set(found.attrs)
    assert weights["unit"].values.tolist() == ["currency"]
    assert found["value_at_risk"].dims == ("segment", "level")
    assert found["lender"].dims == ("segment",)
    assert float(found["effective_paths"]) == float(weights["effective_paths"])
    both = weighted_distribution(loss_distribution(book)["loss"], weights, levels=0.9)
    np.testing.assert_allclose(both["expected_shortfall"].sel(scenario="base"), found["expected_shortfall"])


def test_booleans_are_shares():
    f = np.random.default_rng(6).standard_normal(500)
    found = weighted_distribution(on_paths(f > 0), tilted(f, 0.3))
    assert float(found["estimate"]) == pytest.approx(stats.norm.cdf(0.3), abs=4 * float(found["estimate_se"]))
    exact = weighted_distribution(on_paths(f > 0), entropy_pooling(paths_of(f=f > 0), {"f": 0.6}))
    assert float(exact["estimate"]) == pytest.approx(0.6)
    assert float(exact["estimate_se"]) == pytest.approx(0.0, abs=1e-9)


def test_saved_and_loaded_it_is_the_same(tmp_path):
    found = entropy_pooling(FAN, {"inflation": 0.051})
    found.to_netcdf(tmp_path / "weights.nc")
    with xr.open_dataset(tmp_path / "weights.nc") as again:
        xr.testing.assert_equal(
            weighted_distribution(FAN["policy_rate"], found), weighted_distribution(FAN["policy_rate"], again.load())
        )


# ---- properties

sets = st.tuples(st.integers(5, 60), st.integers(1, 3), st.integers(0, 10_000), st.floats(1e-3, 1e6))


def inside(drawn):
    """Statistics (view, path) of any size, and targets that some weights meet."""
    n, k, seed, size = drawn
    assume(n > 4 * k)
    rng = np.random.default_rng(seed)
    f = size * (rng.standard_t(3, (k, n)) + rng.normal(0, 10, (k, 1)))
    return f, f @ rng.dirichlet(np.full(n, 3.0))


@settings(max_examples=60, deadline=None)
@given(sets)
def test_weights_are_weights_and_the_means_hold(drawn):
    f, targets = inside(drawn)
    views = {f"v{k}": (on_paths(row), float(t)) for k, (row, t) in enumerate(zip(f, targets, strict=True))}
    found = entropy_pooling(paths_of(any=f[0]), views, least_effective=1e-6)
    weight = found["weight"].values
    assert (weight >= 0).all()
    assert weight.sum() == pytest.approx(1.0, abs=1e-12)
    assert (abs(f @ weight - targets) <= 1e-8 * f.std(axis=1)).all()
    assert 2 <= float(found["effective_paths"]) <= float(found["effective_paths_entropy"]) * (1 + 1e-9)
    assert float(found["effective_paths_entropy"]) <= f.shape[1] * (1 + 1e-9)
    assert float(found["relative_entropy"]) >= 0


@settings(max_examples=40, deadline=None)
@given(sets, st.integers(0, 100))
def test_the_order_of_paths_does_not_matter(drawn, seed):
    f, targets = inside(drawn)
    rng = np.random.default_rng(seed)
    order = rng.permutation(f.shape[1])
    x = np.round(rng.standard_normal(f.shape[1]), 1)  # with ties
    figures = []
    for way in (np.arange(f.shape[1]), order):
        source = paths_of(**{f"v{k}": row for k, row in enumerate(f)}, x=x).isel(path=way)
        views = {f"v{k}": float(t) for k, t in enumerate(targets)}
        weights = entropy_pooling(source, views, least_effective=1e-6)
        figures.append((weights["weight"].sortby("path"), weighted_distribution(source["x"], weights, levels=[0.3])))
    np.testing.assert_allclose(figures[0][0], figures[1][0], rtol=1e-6)
    for name in ("estimate", "estimate_se", "standard_deviation", "expected_shortfall"):
        np.testing.assert_allclose(figures[0][1][name], figures[1][1][name], rtol=1e-6, atol=1e-9)


# ---- refusals


def broken(value):
    fan = FAN.copy(deep=True)
    fan["inflation"][3, 2] = value
    return fan


TOGETHER = FAN.assign(sum=FAN["inflation"] + 2 * FAN["policy_rate"])


@pytest.mark.parametrize(
    ("source", "views", "wish", "message"),
    [
        (
            FAN,
            {"inflation": 0.09},
            {},
            r"inflation: found target 0\.09, .* simulated 0\.04\d+ and 0\.05\d+; simulate a",
        ),
        (FAN, {"inflation": 0.01}, {}, r"inflation: found target 0\.01, expected a number between"),
        (
            FAN,
            {"inflation": 0.055},
            {},
            r"effective_paths: found \d\.\d of 50 \(inflation: target .* expected 5 or more",
        ),
        (FAN, {"inflation": 0.051}, {"least_effective": 1.0}, r"found 37\.\d of 50 .* expected 50 or more"),
        (FAN, {"inflation": 0.051}, {"least_effective": 0}, r"least_effective: found 0, expected a share above 0"),
        (FAN, {"inflation": 0.051}, {"least_effective": 10}, r"least_effective: found 10, .* at most 1"),
        (FAN, {"wages": 0.05}, {}, r"wages: found no such variable, expected one of \['inflation', 'policy_rate'\]"),
        (FAN, {}, {}, r"views: found \{\}, expected one or more names"),
        (FAN, {"inflation": "high"}, {}, r"inflation: found target 'high', expected a finite number"),
        (FAN, {"inflation": float("nan")}, {}, r"inflation: found target nan"),
        (FAN, {"inflation": True}, {}, r"inflation: found target True"),
        (FAN, {"peak": (0.05, 0.06)}, {}, r"peak: found a tuple \(float, float\), expected \(DataArray along path"),
        (FAN, {"peak": (FAN["inflation"].isel(path=0), 0.06)}, {}, r"peak: found dimensions \('month',\)"),
        (FAN, {"peak": (FAN["inflation"].isel(path=slice(9)), 0.05)}, {}, r"peak: found other paths"),
        (FAN.expand_dims(segment=2), {"inflation": 0.05}, {}, r"inflation: found dimensions .*segment.* reduce it"),
        (FAN.expand_dims(scenario=2), {"inflation": 0.05}, {}, r"scenario: found a dimension of 2, .* select one"),
        (FAN.mean("path"), {"inflation": 0.05}, {}, r"path: found dimensions \('month',\), expected 2 or more"),
        (FAN.isel(path=[0]), {"inflation": 0.05}, {}, r"path: found 1 of it, expected 2 or more"),
        (FAN.isel(month=[0]), {"inflation": 0.05}, {}, r"inflation: found months \[0\], expected numbers"),
        (FAN.drop_vars("month"), {"inflation": 0.05}, {}, r"inflation: found months without labels"),
        (broken(np.nan), {"inflation": 0.05}, {}, r"inflation: found nan at path 3, expected a finite number"),
        (broken(np.inf), {"inflation": 0.05}, {}, r"inflation: found inf at path 3"),
        (0 * FAN + 0.05, {"inflation": 0.05}, {}, r"inflation: found 0\.05 on every path"),
        (FAN.astype(str), {"inflation": 0.05}, {}, r"inflation: found type <U"),
        (
            TOGETHER,
            {"inflation": 0.05, "policy_rate": 0.05, "sum": 0.15},
            {},
            r"views: found .* follows from the others",
        ),
        (
            FAN,
            {"mean": (FAN["inflation"].max("month"), 0.061), "rare": (FAN["inflation"].max("month") > 0.065, 0.95)},
            {},
            r"views: found no weights under which all hold \(mean: target 0\.061, simulated .*; rare: .* nearer",
        ),
    ],
)
def test_bad_views_are_refused_by_name(source, views, wish, message):
    with pytest.raises(InputError, match=message):
        entropy_pooling(source, views, **wish)


def test_fewer_than_two_effective_paths_are_never_accepted():
    with pytest.raises(InputError, match=r"effective_paths: found 1\.\d of 3 .* expected 2 or more"):
        tilted([0.0, 1.0, 2.0], 1.8, least_effective=0.01)


WEIGHTS = entropy_pooling(FAN, {"inflation": 0.051})
VALUES = FAN["policy_rate"].mean("month")


@pytest.mark.parametrize(
    ("values", "weights", "levels", "message"),
    [
        (VALUES.isel(path=slice(20)), WEIGHTS, 0.9, r"path: found 20, expected the 50 of the weights"),
        (VALUES[::-1], WEIGHTS, 0.9, r"path: found 49 at position 0, expected 0"),
        (VALUES.where(VALUES["path"] > 1), WEIGHTS, 0.9, r"values: found 2 that are not finite"),
        (VALUES.astype(str), WEIGHTS, 0.9, r"values: found type <U"),
        (VALUES.mean("path"), WEIGHTS, 0.9, r"values: found dimensions \(\), expected path among them"),
        (VALUES.expand_dims("level"), WEIGHTS, 0.9, r"values: found dimensions \('level', 'path'\)"),
        (FAN, WEIGHTS, 0.9, r"values: found Dataset, expected a DataArray; "),
        (VALUES, WEIGHTS, 99, r"levels: found 99, .* 0\.99, not 99"),
        (VALUES, WEIGHTS["weight"], 0.9, r"weights: found DataArray, expected a Dataset"),
        (VALUES, WEIGHTS.drop_vars("statistic"), 0.9, r"weights: found no statistic along \['path', 'view'\]"),
        (VALUES, WEIGHTS.isel(path=slice(20)), 0.9, r"weights: found a sum of 0\.\d+"),
        (VALUES, -WEIGHTS, 0.9, r"weights: found a sum of -1, a least of -"),
        (VALUES, WEIGHTS.where(WEIGHTS["path"] > 0), 0.9, r"weights: found a weight that is not finite"),
    ],
)
def test_bad_values_and_weights_are_refused_by_name(values, weights, levels, message):
    with pytest.raises(InputError, match=message):
        weighted_distribution(values, weights, levels=levels)


def test_all_faults_come_at_once():
    with pytest.raises(InputError) as caught:
        entropy_pooling(FAN, {"inflation": 0.2, "wages": 0.0, "policy_rate": "low"}, least_effective=2)
    assert len(caught.value.faults) == 4
    with pytest.raises(InputError) as caught:
        weighted_distribution(VALUES[::-1].where(VALUES > 0.05), WEIGHTS, levels=[0.9, 95])
    assert len(caught.value.faults) == 3
