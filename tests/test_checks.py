"""Refusals: what passes, and what each sentence says."""

import numpy as np
import pytest
import xarray as xr

from stresslab import checks

SEED = "seed: found {!r}, expected a whole number 0 ... 2**64 - 1 or None; choose another"


@pytest.mark.parametrize("seed", [None, 0, 2**64 - 1, np.int64(3), np.uint64(3)])
def test_a_seed_passes(seed):
    assert checks.seed_faults(seed) == []


@pytest.mark.parametrize("seed", [-1, 2**64, 1.0, True, "1"])
def test_what_is_no_seed_is_named(seed):
    assert checks.seed_faults(seed) == [SEED.format(seed)]


@pytest.mark.parametrize(
    ("value", "options", "says"),
    [
        (3, {}, None),
        (np.int32(3), {}, None),
        (0, {}, "months: found 0, expected a whole number 1 ... 1,200; give months"),
        (3.0, {}, "months: found 3.0, expected a whole number 1 ... 1,200; give months"),
        (True, {}, "months: found True, expected a whole number 1 ... 1,200; give months"),
        (None, {}, "months: found None, expected a whole number 1 ... 1,200; give months"),
        (None, {"optional": True}, None),
        (5, {"high": 4, "advice": "shorten"}, "months: found 5, expected a whole number 1 ... 4; shorten"),
    ],
)
def test_whole_numbers(value, options, says):
    assert checks.whole_faults("months", value, 1, **options) == ([] if says is None else [says])


@pytest.mark.parametrize(("interval", "sound"), [(0.9, True), (0.0, False), (1.0, False), (90, False), ("0.9", False)])
def test_an_interval_is_a_central_share(interval, sound):
    faults = checks.interval_faults("interval", interval)
    assert (faults == []) is sound
    assert sound or faults[0].startswith(f"interval: found {interval!r}, expected a number between 0 and 1")


@pytest.mark.parametrize(
    ("value", "sound"), [("a", True), (np.str_("a"), True), ("c", False), (1, False), (None, False)]
)
def test_a_choice_is_one_of_the_options(value, sound):
    assert (checks.choice_faults("way", value, ("a", "b")) == []) is sound
    assert checks.choice_faults("freeze", 1, (True, False)) == [
        "freeze: found 1, expected one of (True, False); choose one"
    ]


def test_a_lender_is_one_of_the_segments():
    result = xr.Dataset(
        coords={"segment": ["a:card"], "lender": ("segment", ["a"]), "product": ("segment", ["card"])},
        attrs={"own_lender": "a"},
    )
    assert all(checks.lender_faults(result, lender) == [] for lender in ("own", "all", "a"))
    (fault,) = checks.lender_faults(result, "b")
    assert fault.startswith("lender: found 'b', which has no segment, expected 'own', 'all' or one of ['a']")
    (fault,) = checks.lender_faults(result.drop_attrs(), "own")
    assert fault.startswith("own_lender: missing from attrs")
    (fault,) = checks.lender_faults(result.drop_vars("lender"), "own")
    assert fault.startswith("lender: missing, expected labels along 'segment'")


@pytest.mark.parametrize(
    ("value", "high", "sound"), [(0.0, 1.0, True), (1, 1.0, True), (1.1, 1.0, False), (np.nan, np.inf, False)]
)
def test_numbers(value, high, sound):
    assert (checks.number_faults("share", value, high, "a decimal") == []) is sound
