"""From an outcome back to the economy: roots that are known, error bars that hold, and what is refused."""

import numpy as np
import pytest
import xarray as xr

import stresslab as sl
from stresslab.schema import InputError
from tests.studies.outputs import well_described


@pytest.fixture(scope="module")
def book():
    return sl.synthetic_portfolio("china-online", borrowers=1_500, seed=1)


@pytest.fixture(scope="module")
def ends():
    months = slice(0, 12)
    return tuple(sl.scenario(f"fed-2026-{name}").isel(month=months) for name in ("baseline", "severely-adverse"))


def mean_unemployment(result):
    """A stand-in for an outcome whose root is known: the simulated rate follows the macro path."""
    return result["unemployment_rate"].isel(month=slice(1, None)).mean("month")


def search(book, ends, outcome=mean_unemployment, hurdle=0.05, **asked):
    asked = {"paths": 40, "seed": 3, "side": "below", "tolerance": 0.005, "progress": False} | asked
    return sl.reverse_stress(book, *ends, outcome, hurdle, **asked)


@pytest.fixture(scope="module")
def found(book, ends):
    return search(book, ends)


def test_the_quantile_meets_the_hurdle_at_the_root(found):
    assert float(np.sort(found["outcome"].values)[19]) == pytest.approx(0.05, abs=2e-4)
    assert abs(float(found["breached"].mean()) - 0.5) <= 1 / 40
    at_root = found["trial_multiple"].values == found["multiple"].item()
    assert at_root.sum() == 1


def test_probabilities_rise_with_the_multiple(found):
    assert (np.diff(found["trial_multiple"]) > 0).all()
    assert (np.diff(found["outcome_quantile"]) > 0).all()
    assert (np.diff(found["breach_probability"]) >= 0).all()
    assert found["breach_probability"].values[0] == 0.0
    assert found["breach_probability"].values[-1] == 1.0


@pytest.mark.slow
def test_other_draws_fall_within_the_error_bar(book, ends, found):
    roots = [search(book, ends, seed=seed)["multiple"].item() for seed in (11, 12, 13, 14)]
    error = found["multiple_se"].item()
    assert found["multiple_low"].item() < found["multiple"].item() < found["multiple_high"].item()
    assert abs(np.mean(roots) - found["multiple"].item()) < 4 * error  # one root against the mean of four
    wrong = search(book, ends, hurdle=0.058)["multiple"].item()
    assert abs(np.mean(roots) - wrong) > 4 * error  # another hurdle is told apart


def test_the_likeliest_breaching_path_is_the_likeliest_of_those_that_breach(found):
    among = found["log_density"].where(found["breached"])
    assert found["likeliest_path"].item() == found["path"].values[int(np.nanargmax(among))]
    assert found["likeliest_log_ratio"].item() == pytest.approx(float(among.max() - found["log_density"].max()))
    assert found["likeliest_log_ratio"].item() <= 0.0
    assert found["mean_unemployment_rate"].dims == ("month",)


def test_a_rarer_breach_takes_a_milder_shock(book, ends, found):
    rare = search(book, ends, level=0.2)
    assert rare["multiple"].item() < found["multiple"].item()
    assert float(rare["breached"].mean()) == pytest.approx(0.2, abs=1 / 40)


def test_sides_are_mirror_images(book, ends, found):
    def negative(result):
        return -mean_unemployment(result)

    other = search(book, ends, negative, -0.05, side="above")
    assert other["multiple"].item() == pytest.approx(found["multiple"].item(), abs=0.02)


def test_the_same_seed_gives_the_same_answer(book, ends, found):
    xr.testing.assert_identical(search(book, ends), found)


def test_a_direction_in_macro_space(book, ends):
    calm, _ = ends
    pay = calm.assign(real_income_growth=calm["real_income_growth"] - 0.10)

    def late(result):
        balance = result["balance"].sum("segment").isel(month=-1)
        return balance.isel(bucket=slice(1, None)).sum("bucket") / balance.sum("bucket")

    start = float(late(sl.simulate(book, sl.macro_paths(calm, 40, seed=3), seed=3, progress=False)).median())
    found = search(book, (calm, pay), late, start * 1.05, bounds=(0.0, 3.0))
    assert 0.0 < found["multiple"].item() < 3.0
    np.testing.assert_allclose(found["mean_unemployment_rate"], calm["unemployment_rate"])


def test_cash_and_capital_are_outcomes(book, ends):
    result = sl.simulate(book, sl.macro_paths(ends[1], 40, seed=3), seed=3, progress=False)
    sheet = sl.BalanceSheet.for_book(result, funding={"annual_rate": 0.03, "rollover": 0.9, "tenor_months": 6})
    headroom = sl.outcomes.lowest_headroom(sheet.funding, horizon=12)(result)
    cet1 = sl.outcomes.lowest_ratio(sheet)(result)
    assert headroom.dims == cet1.dims == ("path",)
    middle = float(np.sort(cet1.values)[19])
    found = search(book, ends, sl.outcomes.lowest_ratio(sheet), middle, side="above", bounds=(0.0, 1.5), tolerance=0.02)
    assert found["multiple"].item() == pytest.approx(1.0, abs=0.05)  # the hurdle was read off the stress itself
    assert found.attrs["outcome"] == "cet1_ratio"


def test_every_fault_is_named(book, ends):
    with pytest.raises(InputError) as caught:
        search(book, ends, level=5, side="left", bounds=(2.0, 1.0), tolerance=0.0, paths=1, hurdle=float("nan"))
    for words in (
        "level: found 5",
        "side: found 'left'",
        "bounds: found",
        "tolerance",
        "paths: found 1",
        "hurdle",
    ):
        assert words in str(caught.value)


def test_few_paths_say_nothing_of_a_rare_breach(book, ends):
    with pytest.raises(InputError, match="expected at least 500"):
        search(book, ends, level=0.01)


def test_a_hurdle_out_of_reach_is_refused(book, ends):
    with pytest.raises(InputError, match=r"expected 0\.5 between them; widen bounds"):
        search(book, ends, hurdle=0.5)


def test_an_outcome_that_is_no_number_on_each_path_is_refused(book, ends):
    with pytest.raises(InputError, match="outcome: found"):
        search(book, ends, lambda result: result["unemployment_rate"])
    with pytest.raises(InputError, match="NaN on 40 paths"):
        search(book, ends, lambda result: mean_unemployment(result) * np.nan)


def test_narrow_bounds_have_a_slope_too(book, ends, found):
    middle = found["multiple"].item()
    again = search(book, ends, bounds=(middle - 0.008, middle + 0.008), tolerance=0.001)
    assert again["multiple"].item() == pytest.approx(middle, abs=0.008)
    assert np.isfinite(again["multiple_se"].item())


def test_the_output_is_described(found, ends):
    assert well_described(found) == []
    assert found["multiple_low"].attrs["long_name"].startswith("lower end of the 95 % interval of multiple")
    assert found["likeliest_real_income_growth"].attrs["units"] == "1/year"
