"""Results put together: the same bits as simulated at once, in any pieces and order, or a refusal that names it."""

import warnings

import numpy as np
import pytest
import xarray as xr

import stresslab as sl
from stresslab.schema import InputError

BOOK = sl.synthetic_portfolio("us-card", borrowers=120, seed=1, seasoning_months=3)
BOTH = sl.macro_paths(sl.scenario(["us-2007", "fed-2026-severely-adverse"]), paths=6, seed=3)


def run(macro, book=BOOK, **changes):
    return sl.simulate(book, macro, **({"seed": 7, "horizon": 4, "progress": False} | changes))


@pytest.fixture(scope="module")
def whole():
    return run(BOTH)


@pytest.fixture(scope="module")
def pieces():
    """The same in four pieces: two of paths, of each scenario."""
    return [run(BOTH.isel(scenario=[place], path=some)) for some in (slice(0, 4), slice(4, 6)) for place in (0, 1)]


def faults(function, *given, **more):
    with pytest.raises(InputError) as caught:
        function(*given, **more)
    return caught.value.faults


def concat(results, dim):
    """As xarray does it by default."""
    with warnings.catch_warnings(action="ignore"):
        return xr.concat(results, dim)


def assert_same(one, other):
    """Identical but for notes, which each piece has of its own paths."""
    first, second = (dataset.assign_attrs(notes="") for dataset in (one, other))
    xr.testing.assert_identical(first, second)


def test_pieces_along_paths_and_scenarios_are_the_whole_bit_by_bit(whole, pieces):
    assert_same(sl.join(pieces), whole)
    xr.testing.assert_equal(sl.join([pieces[place] for place in (2, 0, 3, 1)]), whole)
    xr.testing.assert_equal(sl.join(pieces[::2], dim="path"), whole.isel(scenario=[0]))
    single = [piece.isel(scenario=0) for piece in pieces]
    xr.testing.assert_equal(sl.join(single), whole)


MEASURES = {
    "funding": sl.Funding.for_book,
    "balance sheet": sl.BalanceSheet.for_book,
    "losses": sl.loss_distribution,
    "by lender": sl.by_lender,
    "own part": sl.own_part,
    "provisions": lambda result: sl.provisions(result, provisioning="china"),
}


@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_of_joined_pieces_is_that_of_the_whole(name, whole, pieces):
    joined, expected = MEASURES[name](sl.join(pieces)), MEASURES[name](whole)
    if isinstance(expected, xr.Dataset):
        assert_same(joined, expected)
    else:
        assert joined == expected


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize(("dim", "chosen"), [("path", (0, 2)), ("scenario", (0, 1))])
def test_a_measure_of_pieces_put_together_by_xarray_is_refused(name, dim, chosen, pieces):
    together = concat([pieces[place] for place in chosen], dim)
    found = faults(MEASURES[name], together)
    assert "found dimension " in found[0]
    assert repr(dim) in found[0]
    assert found[0].endswith("expected one figure for all of it; put results together with sl.join(), not xr.concat()")


@pytest.mark.parametrize("name", MEASURES)
def test_values_in_chunks_are_to_be_loaded(name, whole, tmp_path):
    whole.to_netcdf(tmp_path / "result.nc")
    with xr.open_dataset(tmp_path / "result.nc", chunks={"path": 2}) as lazy:
        assert "found chunks in 'balance', " in faults(MEASURES[name], lazy)[0]
        assert faults(MEASURES[name], lazy)[0].endswith("expected values in memory; load it: result.load()")


def test_the_same_draws_twice_are_refused(whole, pieces):
    again = "more than once (repeated draws), expected each once; "
    assert faults(sl.join, [pieces[0], pieces[0]]) == [
        f"path: found 0, 1, 2, 3 of scenario 'us-2007' {again}leave them out"
    ]
    twice = concat([whole, whole], "path")
    expected = "path: found 0, 1, 2, 3, 4, 5 more than once, expected each path once, as repeated draws make errors too"
    assert any(fault.startswith(expected) for fault in faults(sl.loss_distribution, twice))


def unlike(**changes):
    """Two pieces of which the second differs, and what is said of it."""
    some = [BOTH.isel(scenario=0, path=part) for part in (slice(0, 3), slice(3, 6))]
    return [run(some[0]), run(some[1], **changes)]


UNLIKE = {
    "seed": {"seed": 8},
    "horizon": {"horizon": 3},
    "own_lender": {"book": BOOK.assign_attrs(own_lender="bank-1")},
    "renewal": {"renewal": "run-off"},
    "fingerprint": {"book": BOOK.assign(income=BOOK.income * 2.0)},
}


@pytest.mark.parametrize("name", UNLIKE)
def test_what_is_not_of_one_simulation_is_refused_by_name(name):
    found = faults(sl.join, unlike(**UNLIKE[name]))
    assert any(fault.startswith(f"{name}: found ") for fault in found)
    assert all("in results[0] and results[1], expected one for all; " in fault or name == "fingerprint"
               for fault in found)  # fmt: skip


def test_two_currencies_are_refused():
    chinese = sl.synthetic_portfolio("china-online", borrowers=120, seed=1, seasoning_months=3)
    results = [run(BOTH.isel(path=[0], scenario=[0])), run(BOTH.isel(path=[0], scenario=[1]), chinese)]
    found = faults(sl.join, results)
    assert found[0] == (
        "currency: found 'USD' and 'CNY' in results[0] and results[1], expected one for all; simulate all pieces alike"
    )


def test_27_and_36_months_are_refused_by_their_horizon():
    macro = sl.scenario("us-2007")
    results = [run(macro, horizon=months).assign_coords(scenario=str(months)) for months in (27, 36)]
    assert faults(sl.join, results) == [
        "horizon: found 27 and 36 months in results[0] and results[1], expected one for all; cut the longer: "
        "isel(month=slice(0, 28))"
    ]
    cut = [result.isel(month=slice(0, 28)) for result in results]
    np.testing.assert_array_equal(cut[0].balance, cut[1].balance)


def test_what_is_no_result_of_a_simulation_is_refused(whole):
    losses = sl.loss_distribution(whole)
    assert "expected variables of simulate() alone; join the results, then measure them" in faults(
        sl.join, [losses, losses])[0]  # fmt: skip
    assert faults(sl.join, [whole]) == ["results: found 1, expected at least 2; give all pieces"]
    assert "missing fingerprint and seed in attrs" in faults(sl.join, [whole, whole.drop_attrs(deep=False)])[0]


def test_scenarios_with_other_paths_are_refused(pieces):
    found = faults(sl.join, [pieces[0], pieces[3]])
    assert found == [
        "path: found 4, 5 in 'fed-2026-severely-adverse' and 0, 1, 2, 3 in 'us-2007', expected the same paths in all "
        "scenarios; give all pieces"
    ]
