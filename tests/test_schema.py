"""Every fault at once, each with name, value, expectation and advice."""

import pickle

import numpy as np
import pytest
import xarray as xr

from stresslab.checks import check
from stresslab.schema import BUCKET_FLOOR, BUCKETS, MACRO, InputError, bucket_of


def macro(**changes):
    values = {"unemployment_rate": [0.05, 0.06], "real_income_growth": [0.02, 0.01]} | changes
    return xr.Dataset({name: ("month", v) for name, v in values.items()}, {"month": [1, 2]})


def faults(dataset):
    with pytest.raises(InputError) as caught:
        check(dataset, MACRO, "macro")
    return caught.value.faults


def test_a_good_dataset_passes_unchanged():
    good = macro()
    check(good, MACRO, "macro")
    xr.testing.assert_identical(good, macro())


def test_percent_instead_of_decimals_is_named():
    (fault,) = faults(macro(unemployment_rate=[5.0, 6.0]))
    assert "unemployment_rate" in fault
    assert "5.0" in fault
    assert "decimal" in fault


def test_all_faults_come_together():
    bad = macro(unemployment_rate=[np.nan, 6.0], real_income_growth=["a", "b"], furlough_shre=[0.0, 0.0])
    found = faults(bad.drop_vars("real_income_growth"))
    assert [f.split(":")[0] for f in found] == [
        "unemployment_rate", "unemployment_rate", "real_income_growth", "furlough_shre",
    ]  # fmt: skip
    assert "missing" in found[2]
    assert "unknown" in found[3]


def test_text_is_no_number():
    assert "type" in faults(macro(real_income_growth=["a", "b"]))[0]


def test_more_offenders_are_counted():
    assert "1 more" in faults(macro(unemployment_rate=[-0.1, -0.2]))[0]


@pytest.mark.parametrize("missed", range(14))
def test_buckets_hold_their_days(missed):
    label = BUCKETS[int(bucket_of(np.array(missed)))]
    days = 30 * missed
    low = 0 if label == "current" else int(label.rstrip("+").split("-")[0])
    high = 29 if label == "current" else int(label.split("-")[1]) if "-" in label else 10_000
    assert low <= days <= high


def test_there_is_a_floor_for_each_bucket():
    assert len(BUCKETS) == len(BUCKET_FLOOR)


def test_no_word_of_an_error_is_the_whole_input():
    error = InputError("x" * 5_000, [f"lender: found '{'y' * 5_000}', expected one of 'own', 'all'; choose one"])
    assert error.faults[0].endswith("yyy...', expected one of 'own', 'all'; choose one")
    assert len(str(error)) < 400


def test_an_error_says_each_fault_once():
    assert InputError("portfolio", iter(["a: found 1", "b: found 2", "a: found 1"])).faults == [
        "a: found 1",
        "b: found 2",
    ]


def test_an_error_can_be_sent_to_another_process():
    error = InputError("portfolio", ["income: found -1, expected >= 0; give it", "limit: missing, expected it; add it"])
    again = pickle.loads(pickle.dumps(error))
    assert (again.subject, again.faults, str(again)) == (error.subject, error.faults, str(error))
