"""The picture of a back-test shows the numbers it was given, and refuses what is none."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import to_hex

import stresslab as sl
from stresslab.schema import InputError

QUARTERS = [f"{year}Q{quarter}" for year in range(2001, 2005) for quarter in range(1, 5)]

SERIES = ["charge_off_rate", "arrears_rate"]


@pytest.fixture
def found():
    rng = np.random.default_rng(1)
    rate, of = rng.uniform(0.02, 0.08, (2, 4, 16)), ("series", "source", "quarter")
    return xr.Dataset(
        {
            "rate": (of, rate),
            "rate_low": (of, rate - 0.01),
            "rate_high": (of, rate + 0.01),
            "in_test": ("quarter", np.arange(16) >= 6),
        },
        {"series": SERIES, "source": ["observed", "model", "regression", "last_value"], "quarter": QUARTERS},
        {"interval": 0.9},
    )


@pytest.mark.parametrize("series", SERIES)
def test_lines_and_band_are_the_numbers(found, series, ax):
    sl.plot.backtest(found, series, ax=ax)
    found = found.sel(series=series)
    drawn = [line.get_ydata() for line in ax.get_lines()]
    for source in found["source"].values:
        wanted = 100 * found["rate"].sel(source=source).values
        assert sum(len(y) == 16 and np.allclose(y, wanted) for y in drawn) == 1, source
    edge = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert edge.max() == pytest.approx(100 * found["rate_high"].sel(source="model").max().item())
    assert "90 %" in ax.get_title()
    assert "%" in ax.get_ylabel()


def test_what_happened_is_black_and_the_rest_is_named(found, ax):
    sl.plot.backtest(found, ax=ax)
    assert to_hex("0.1") in {to_hex(line.get_color()) for line in ax.get_lines()}
    words = " ".join(text.get_text() for text in ax.texts)
    for source in found["source"].values:
        assert str(source).replace("_", " ") in words


def test_a_label_is_written_instead_of_a_name(found, ax):
    labels = ["observed", "model", "logit regression", "value of last quarter"]
    sl.plot.backtest(found.assign_coords(label=("source", labels)), ax=ax)
    written = [" ".join(text.get_text().split()) for text in ax.texts]
    assert sorted(written) == sorted(labels)


def test_years_are_written_below(found, ax):
    labels = [text.get_text() for text in sl.plot.backtest(found, ax=ax).get_xticklabels()]
    assert labels == ["2001", "2002", "2003", "2004"]


def test_bad_input_is_named(found):
    with pytest.raises(InputError, match="rate_low: missing"):
        sl.plot.backtest(found.drop_vars("rate_low"))
    with pytest.raises(InputError, match="interval: missing from attrs"):
        sl.plot.backtest(found.drop_attrs())
    with pytest.raises(InputError, match="series: found 'moon', expected one of"):
        sl.plot.backtest(found, "moon")
    with pytest.raises(InputError, match="expected a Dataset"):
        sl.plot.backtest(5)
