"""The answer depends on book, macro, model and seed: not on threads, tasks, order, company, horizon or processor."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from stresslab.engine import packing as months
from stresslab.engine import run as running
from stresslab.engine import simulate
from stresslab.engine.actions import ContingencyPlan, EarlyWarning, LimitManagement, Outreach, Restructuring
from stresslab.engine.feedback import Feedback
from stresslab.engine.simulate import advance
from tests.engine.small import PRESETS, busy, flat, harsh, late_book

REPOSITORY = Path(__file__).parents[2]
MONTHS, PATHS = 12, 3
CONTRACTS = ["own_share", "due_share", "transactor_share", "beyond_year_share", "revolving"]
SECOND_ROUND = {
    "feedback": Feedback(sample=300),
    "responses": [
        Outreach(capacity=0.2),
        EarlyWarning(score_below=560, window=3, freeze=True),
        LimitManagement(cut=0.5, freeze_below=450, start_month=4),
        Restructuring(forgiveness=0.3, probation_months=4, capacity=0.3),
        ContingencyPlan(level=0.1, responses=(Restructuring(name="pause", holiday_months=2, capacity=0.3),)),
    ],
}
"""A sample of a fifth of the borrowers finds what comes back, and their lender does all he can about it."""
OVER_ALL_MONTHS = ["amplification", "amplification_se", "feedback_gap"]


def run(book, macro, **asked):
    return simulate.simulate(book, macro, busy(book.attrs["preset"]), **({"seed": 11, "progress": False} | asked))


@pytest.fixture(scope="module")
def book():
    return late_book(borrowers=1_500)


@pytest.fixture(scope="module")
def macro():
    return harsh(MONTHS, PATHS)


@pytest.fixture(scope="module")
def result(book, macro):
    return run(book, macro, threads=1)


@pytest.fixture(scope="module")
def second(book, macro, result):
    """The result with all that comes back; it is another one than without, and a sample's."""
    found = run(book, macro, threads=1, **SECOND_ROUND)
    for name in ("active", "restructured", "flagged", "forgiven"):
        assert found[name].any(), name
    assert not found[[*result]].equals(result)
    other = run(book, macro, **SECOND_ROUND | {"feedback": Feedback(sample=500)})
    assert not other["contact"].equals(found["contact"])
    return found


def test_any_number_of_threads(book, macro, result, second):
    for threads in (2, 5, None):
        xr.testing.assert_identical(run(book, macro, threads=threads), result)
        xr.testing.assert_identical(run(book, macro, threads=threads, **SECOND_ROUND), second)


@pytest.mark.parametrize("task", [1, 50_000, 10**9])
def test_any_size_of_task(book, macro, result, second, task, monkeypatch):
    monkeypatch.setattr(running, "TASK", task)
    monkeypatch.setattr(running, "IN_STEP", 20 * task)
    xr.testing.assert_identical(run(book, macro, threads=2), result)
    xr.testing.assert_identical(run(book, macro, threads=2, **SECOND_ROUND), second)


def in_another_order(book):
    """The same borrowers and loans, elsewhere."""
    rng = np.random.default_rng(0)
    people, loans = rng.permutation(book.sizes["borrower"]), rng.permutation(book.sizes["loan"])
    shuffled = book.isel(borrower=people, loan=loans)
    return shuffled.assign(borrower=("loan", np.argsort(people)[shuffled["borrower"].values]))


def test_any_order_of_borrowers_and_loans(book, macro, result):
    shuffled = in_another_order(book)
    again = run(shuffled, macro)
    xr.testing.assert_equal(again.drop_vars(CONTRACTS), result.drop_vars(CONTRACTS))
    xr.testing.assert_allclose(again[CONTRACTS], result[CONTRACTS])  # means of the input, no result of the draws
    wrong = shuffled.assign(borrower_id=book["borrower_id"])  # the draws hang on the id, not on the place
    assert not run(wrong, macro).equals(result)


@pytest.mark.parametrize("sample", [300, 10_000])
def test_any_order_of_borrowers_and_loans_with_feedback(book, macro, sample):
    asked = SECOND_ROUND | {"feedback": Feedback(sample=sample)}
    again, found = (run(one, macro, **asked) for one in (in_another_order(book), book))
    xr.testing.assert_equal(again.drop_vars(CONTRACTS), found.drop_vars(CONTRACTS))


@pytest.mark.parametrize("path", range(PATHS))
def test_a_path_alone(book, macro, result, path):
    alone = run(book, macro.isel(path=[path]))
    xr.testing.assert_equal(alone, result.isel(path=[path]))
    if path > 0:
        renamed = run(book, macro.isel(path=[path]).assign_coords(path=[0]))  # the draws hang on the coordinate
        assert not np.array_equal(renamed["balance"], alone["balance"])


@pytest.mark.parametrize("path", range(PATHS))
def test_a_path_alone_with_feedback(book, macro, second, path):
    alone = run(book, macro.isel(path=[path]), **SECOND_ROUND)
    xr.testing.assert_equal(alone, second.isel(path=[path]))
    if path > 0:
        renamed = run(book, macro.isel(path=[path]).assign_coords(path=[0]), **SECOND_ROUND)
        assert not np.array_equal(renamed["balance"], alone["balance"])


def test_rounds_of_feedback_do_not_look_at_other_paths(book, macro, second):
    """Some paths are within the tolerance after one round and others are not, but all live the rounds asked for."""
    gaps = [run(book, macro.isel(path=[path]), **SECOND_ROUND)["feedback_gap"].item() for path in range(PATHS)]
    between = (min(gaps) + float(second["feedback_gap"].mean())) / 2
    asked = SECOND_ROUND | {"feedback": Feedback(sample=300, rounds=2, tolerance=between)}
    together = run(book, macro, **asked)
    for path in range(PATHS):
        xr.testing.assert_equal(run(book, macro.isel(path=[path]), **asked), together.isel(path=[path]))


def test_a_borrower_alone(book, macro):
    """In any company a borrower lives the same life: half the book and the other half make the whole."""
    calm = flat(MONTHS, 0.0)  # no job flows: those hang on everybody
    nobody = book["jobless_months"] * 0
    safe = book.assign(job_loss_risk=nobody, jobless_months=nobody, employed=book["employed"] | True)
    first = safe["borrower_id"].values < 700
    of_first = first[safe["borrower"].values]
    parts = []
    for people, loans in ((first, of_first), (~first, ~of_first)):
        part = safe.isel(borrower=people, loan=loans)
        parts.append(part.assign(borrower=("loan", (np.cumsum(people) - 1)[safe["borrower"].values[loans]])))
    whole = run(safe, calm)
    for name in ("balance", "accounts", "paid", "entries_to_arrears", "written_off"):
        together = sum(run(part, calm)[name].reindex(segment=whole["segment"], fill_value=0) for part in parts)
        np.testing.assert_allclose(together, whole[name], rtol=0, atol=1e-6)


def test_a_shorter_horizon_is_the_beginning_of_a_longer_one(book, macro, result):
    xr.testing.assert_equal(run(book, macro, horizon=5), result.isel(month=slice(0, 6)))


@pytest.mark.parametrize("rounds", [1, 3])
def test_a_shorter_horizon_with_feedback(book, macro, rounds):
    asked = SECOND_ROUND | {"feedback": Feedback(sample=300, rounds=rounds)}
    shorter, longer = (run(book, macro, horizon=horizon, **asked) for horizon in (5, MONTHS))
    xr.testing.assert_equal(
        shorter.drop_vars(OVER_ALL_MONTHS), longer.isel(month=slice(0, 6)).drop_vars(OVER_ALL_MONTHS)
    )


def test_scenarios_side_by_side(book, macro, result, second):
    calm = macro.assign(unemployment_rate=macro["unemployment_rate"] * 0 + 0.05)
    both = xr.concat([calm, macro], xr.Variable("scenario", ["calm", "harsh"]), data_vars="all")
    xr.testing.assert_equal(run(book, both).sel(scenario="harsh", drop=True), result)
    xr.testing.assert_equal(run(book, both, **SECOND_ROUND).sel(scenario="harsh", drop=True), second)


@pytest.mark.parametrize("renewal", ["static", "run-off"])
def test_a_life_cut_in_two_goes_on(book, renewal, monkeypatch):
    """The same state, rates and draws lead to the same life, so `advance` forgets nothing.

    The rates must be held by hand. Job flows are solved from the state at the start of each piece, and that state is
    what happened, not what was expected at the first start; pay is relative to each piece's first month. A second
    piece of a moving macro path therefore continues the life, and its draws, at slightly different rates.
    """
    macro, model = flat(14, 0.2, line_supply=0.5), busy()

    def same_flows(target, *_):
        return np.full(target.shape, 0.03), np.full(target.shape, 0.2), np.full(target.shape, 0.1)

    monkeypatch.setattr(months, "job_flows", same_flows)
    asked = {"model": model, "seed": 5, "renewal": renewal}
    book = book.assign_attrs(income_departure=0.0, price_departure=0.0)  # pay stands still
    whole = advance(book, macro, 14, **asked)
    begun = advance(book, macro, 6, **asked)
    xr.testing.assert_identical(advance(begun, macro.isel(month=slice(6, None)), 8, first_month=6, **asked), whole)
    again = advance(begun, macro.isel(month=slice(6, None)), 8, **asked)  # the first months' draws once more
    assert not again.equals(whole)


def fingerprints():
    """A hash of every variable of a small run of each preset."""
    found = {}
    for preset in PRESETS:
        for asked in ({}, SECOND_ROUND):
            values = run(late_book(preset), harsh(MONTHS, 2), threads=1, **asked)
            for name in values.data_vars:
                key = f"{preset} {name}{' second round' * bool(asked)}"
                found[key] = hashlib.sha256(values[name].values.tobytes()).hexdigest()
    return found


@pytest.mark.slow
def test_any_processor(tmp_path):
    """The same bits from code compiled for this processor, for a plain one and, if this one has wider, for AVX2.

    Each child compiles into a cache of its own, which takes most of the time of these tests.
    """
    code = "import json; from tests.engine.test_invariance import fingerprints; print(json.dumps(fingerprints()))"
    kinds = {"generic": {"NUMBA_CPU_NAME": "generic"}}
    if "avx512f" in flags_of_this_processor():
        kinds["avx2"] = {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": ""}
    children = {
        kind: subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=REPOSITORY,
            env={**os.environ, **settings, "NUMBA_CACHE_DIR": str(tmp_path / kind)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for kind, settings in kinds.items()
    }
    here = fingerprints()
    for kind, child in children.items():
        output, _ = child.communicate(timeout=300)
        assert child.returncode == 0, kind
        assert json.loads(output) == here, kind


def flags_of_this_processor():
    """Vector extensions that the compiler uses here."""
    from llvmlite.binding import get_host_cpu_features

    return {name for name, present in get_host_cpu_features().items() if present}
