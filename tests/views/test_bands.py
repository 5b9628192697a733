"""Bands hold the share of the paths that they say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stresslab.measures.estimators import quantile
from stresslab.views.bands import edges, legend_note


def missing_share(values, low, high, interval):
    """Share of the paths that a band lacks in its worst month; negative if it holds more in every month."""
    return interval - ((values >= low) & (values <= high)).mean(axis=0).min()


@given(paths=st.integers(1, 200), interval=st.floats(0.01, 0.99), seed=st.integers(0, 1000))
def test_a_band_holds_its_share_of_the_paths_and_little_more(paths, interval, seed):
    values = np.random.default_rng(seed).normal(size=(paths, 3))
    missing = missing_share(values, *edges(values, interval), interval)
    assert -2.0 / paths < missing <= 1e-9


def test_a_band_between_the_wrong_quantiles_is_found_out():
    values = np.random.default_rng(0).normal(size=(200, 3))
    wrong = np.quantile(values, [0.1, 0.9], axis=0)  # holds 80 %
    assert missing_share(values, *wrong, 0.9) > 0.05


def test_the_upper_edge_is_the_quantile_of_the_measures():
    values = np.random.default_rng(1).normal(size=(50, 4))
    np.testing.assert_array_equal(edges(values, 0.9)[1], quantile(values.T, [0.95]).value[:, 0])


@pytest.mark.parametrize(
    ("paths", "intervals", "note"),
    [
        (1, [0.5], "1 path"),
        (50, [0.9], "median, and a band that holds 90 % of 50 paths"),
        (1000, [0.995, 0.5, 0.9], "median, and bands that hold 50 %, 90 % and 99.5 % of 1,000 paths"),
    ],
)
def test_the_note_says_what_the_bands_are(paths, intervals, note):
    assert legend_note(paths, intervals) == note
