"""Normal growth of real income: data of the macro paths, one for each scenario, or the model's, which is said."""

import numpy as np
import pytest
import xarray as xr

import stresslab as sl
from stresslab.schema import InputError
from tests.engine.small import flat

MONTHS = 6


@pytest.fixture(scope="module")
def book():
    return sl.synthetic_portfolio("china-online", borrowers=400, seed=1)


def run(book, macro, **asked):
    return sl.simulate(book, macro, seed=3, progress=False, **asked)


def test_each_scenario_has_its_own_trend(book):
    names, trends = ["slow", "fast"], [0.02, 0.08]
    alone = [flat(MONTHS, growth=0.02).assign(real_income_trend=trend) for trend in trends]
    both = xr.concat(alone, xr.Variable("scenario", names))
    together = run(book, both)
    assert together["real_income_trend"].dims == ("scenario",)
    assert together["real_income_trend"].values.tolist() == trends
    for name, macro in zip(names, alone, strict=True):
        result = run(book, macro)
        xr.testing.assert_equal(together.sel(scenario=name, drop=True), result)
        assert float(result["real_income_trend"]) == float(macro["real_income_trend"])
    assert not together.isel(scenario=0, drop=True).equals(together.isel(scenario=1, drop=True))


def test_the_trend_of_the_model_is_taken_and_said(book):
    macro = flat(MONTHS).drop_vars("real_income_trend")
    result = run(book, macro)
    normal = sl.Model.from_preset("china-online").income.normal_growth_annual
    xr.testing.assert_equal(result, run(book, macro.assign(real_income_trend=normal)))
    assert [note for note in sl.notes(result) if note.startswith("real_income_trend: not in macro")]
    assert not [note for note in sl.notes(run(book, flat(MONTHS))) if "trend" in note]


@pytest.mark.parametrize(
    ("macro", "words"),
    [
        (flat(3).assign(real_income_trend=np.nan), "found nan, expected a finite number"),
        (flat(3).assign(real_income_trend=np.inf), "found inf, expected a finite number"),
        (flat(3).assign(real_income_trend=5.0), "found 5.0, expected <= 0.5"),
        (
            flat(3).assign(real_income_trend=("month", [0.05] * 3)),
            "found one for each month, expected one for each scenario",
        ),
        (
            flat(3).expand_dims(path=[0, 1]).assign(real_income_trend=("path", [0.05, 0.04])),
            "found 0.04 and 0.05 on different paths",
        ),
        (
            flat(3).drop_vars("real_income_trend").assign_attrs(real_income_trend=0.02),
            r"found 0.02 in attrs, expected a variable; assign\(real_income_trend=0.02\)",
        ),
        (flat(3).assign_attrs(real_income_trend=0.02), "found 0.02 in attrs"),
    ],
)
def test_a_trend_that_is_no_growth_is_refused(book, macro, words):
    for use in (run, lambda book, macro: sl.advance(book, macro, 1, seed=1)):
        with pytest.raises(InputError, match=f"real_income_trend: {words}") as caught:
            use(book, macro)
        assert sum("trend" in fault for fault in caught.value.faults) == 1


def test_one_trend_repeated_along_paths_is_one_trend(book):
    repeated = flat(3).expand_dims(path=[0, 1])
    assert repeated["real_income_trend"].dims == ("path",)
    assert run(book, repeated)["real_income_trend"].dims == ()
