"""From the front door: input that cannot be used gets a clear error, odd input that can be used a right answer."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import stresslab as sl


@pytest.fixture(scope="module")
def book():
    return sl.synthetic_portfolio("china-online", borrowers=300, seed=1)


@pytest.fixture(scope="module")
def calm():
    return sl.scenario("china-baseline").isel(month=slice(0, 3))


def changed(book, name, value, where=0):
    values = book[name].values.astype(float) if isinstance(value, float) else book[name].values.copy()
    values[where] = value
    return book.assign({name: (book[name].dims, values)})


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("income", np.nan, ["income", "nan", "position 0", "finite"]),
        ("balance", -5.0, ["balance", "-5.0", ">= 0"]),
        ("annual_rate", 18.0, ["annual_rate", "18.0", "decimal"]),
        ("household_support", 42.0, ["household_support", "42.0", "<= 1"]),
        ("income", 3e7, ["income", "30000000", "21,474,836"]),
        ("income", 1e7, ["32-bit", "borrower 0"]),
        ("product", "mortgage", ["product", "mortgage", "huabei"]),
        ("days_past_due", 12.5, ["days_past_due", "12.5", "whole"]),
        ("overdue", 2e6, ["overdue", "balance"]),
        ("borrower", 300, ["borrower", "300", "299"]),
    ],
)
def test_a_bad_value_is_named(book, calm, name, value, words):
    bad = changed(book, name, value)
    with pytest.raises(sl.InputError) as caught:
        sl.simulate(bad, calm, seed=1, progress=False)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_faults_come_together_and_nothing_changes(book, calm):
    bad = changed(changed(book, "income", -1.0), "limit", np.nan)
    before = bad.copy(deep=True)
    with pytest.raises(sl.InputError) as caught:
        sl.simulate(bad, calm, seed=1, progress=False)
    assert len(caught.value.faults) == 2
    xr.testing.assert_identical(bad, before)


def test_repeated_ids_are_refused_and_unsorted_ones_are_not(book, calm):
    with pytest.raises(sl.InputError, match="borrower_id"):
        sl.simulate(changed(book, "borrower_id", 7), calm, seed=1, progress=False)
    order = np.random.default_rng(0).permutation(300)
    new_place = np.argsort(order)
    shuffled = book.isel(borrower=order).assign(borrower=("loan", new_place[book["borrower"].values]))
    a, b = (sl.simulate(one, calm, seed=1, progress=False) for one in (book, shuffled))
    xr.testing.assert_equal(a, b)


def test_an_empty_book_is_refused(book, calm):
    with pytest.raises(sl.InputError, match="sizes"):
        sl.simulate(book.isel(borrower=slice(0, 0), loan=slice(0, 0)), calm, seed=1, progress=False)


def test_one_loan_lives(book, calm):
    mine = np.flatnonzero(book["borrower"].values == 0)[:1]
    result = sl.simulate(book.isel(borrower=[0], loan=mine), calm, seed=1, progress=False)
    assert float(result["accounts"].isel(month=0).sum()) == 1.0


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"horizon": 4}, ["horizon", "4", "1 ... 3"]),
        ({"horizon": 0}, ["horizon", "0"]),
        ({"renewal": "growing"}, ["renewal", "growing", "run-off"]),
        ({"threads": 0}, ["threads", "0"]),
        ({"seed": -1}, ["seed", "-1"]),
        ({"trace": [10**6]}, ["trace", "1000000"]),
        ({"responses": sl.actions.Outreach()}, ["responses", "Outreach", "expected a list"]),
        ({"responses": ["Outreach"]}, ["responses", "'Outreach'", "expected a response"]),
        (
            {"responses": [sl.actions.Outreach(), sl.actions.Outreach(cost_monthly=9.0)]},
            ["responses", "more than once", "name="],
        ),
        (
            {"responses": [sl.actions.EarlyWarning(), sl.actions.EarlyWarning(name="b")]},
            ["responses", "2 of EarlyWarning", "at most 1"],
        ),
        ({"feedback": True}, ["feedback", "True", "Feedback(...)"]),
        ({"behaviour": {"jobb": abs}}, ["behaviour", "'jobb'", "'job'"]),
        ({"behaviour": {"fade": abs}}, ["behaviour", "'fade'", "numba.njit"]),
        (
            {"seed": -1, "threads": 0, "horizon": 99, "feedback": 1, "responses": 1, "behaviour": 1},
            ["seed", "threads", "horizon", "feedback", "responses", "behaviour", "6 faults"],
        ),
    ],
)
def test_a_bad_argument_is_named(book, calm, asked, words):
    with pytest.raises(sl.InputError) as caught:
        sl.simulate(book, calm, **({"seed": 1, "progress": False} | asked))
    assert all(word in str(caught.value) for word in words)


LABELS = {
    "months in reverse": (lambda m: m.isel(month=slice(None, None, -1)), "month: found 3, 2, 1 ..., expected 1, 2, 3"),
    "a month twice": (lambda m: m.isel(month=[0, 1, 1]), "month: found 2 after 2, expected 1, 2, 3"),
    "a gap": (lambda m: m.isel(month=[0, 2]), "month: found 3 after 1, expected 1, 2, 3"),
    "months from 0": (lambda m: m.assign_coords(month=[0, 1, 2]), "month: found 0, 1, 2 ..., expected 1, 2, 3"),
    "dates": (
        lambda m: m.assign_coords(month=pd.date_range("2026-01", periods=3, freq="MS")),
        "month: found 2026-01-01",
    ),
    "a path beyond 32 bits": (
        lambda m: m.expand_dims(path=[0, 2**32]),
        "path: found [         0 4294967296], expected",
    ),
    "a path below 0": (lambda m: m.expand_dims(path=[-1, 0]), "expected distinct whole numbers 0 ... 2**32 - 1"),
    "a path twice": (lambda m: m.expand_dims(path=[1, 1]), "expected distinct whole numbers 0 ... 2**32 - 1"),
    "half a path": (lambda m: m.expand_dims(path=[0.5, 1.0]), "expected distinct whole numbers 0 ... 2**32 - 1"),
}


@pytest.mark.parametrize("case", LABELS)
def test_labels_of_months_and_paths_are_counted(book, calm, case):
    """A path is a coordinate of the draws: 2**32 would be the lives of path 0 once more."""
    change, says = LABELS[case]
    with pytest.raises(sl.InputError) as caught:
        sl.simulate(book, change(calm), seed=1, progress=False)
    (fault,) = caught.value.faults
    assert says in fault


def test_a_scenario_in_place_of_a_portfolio_is_one_fault(book, calm):
    with pytest.raises(sl.InputError) as caught:
        sl.simulate(calm, book, seed=1, progress=False)
    ours = [fault for fault in caught.value.faults if not fault.startswith("macro:")]
    assert ours == [
        "portfolio: found variables 'unemployment_rate', 'real_income_growth', 'gdp_growth', 'inflation', "
        "'policy_rate', 'real_income_trend', expected those of borrowers and loans; give that of read_portfolio()"
    ]


def test_ids_that_floats_do_not_hold_are_refused(book):
    """Two borrowers may have one number, and nobody their own draws."""
    lossy = book.assign(borrower_id=(book["borrower_id"] + 2**60).astype(float))
    with pytest.raises(
        sl.InputError, match=r"borrower_id: found 1.15\d+e\+18 at position 0 .*, expected a number below"
    ):
        sl.check_portfolio(lossy)


def test_months_of_advance_are_called_so(book, calm):
    with pytest.raises(sl.InputError, match=r"advance: 1 fault\n  - months: found 9, expected a whole number 1 ... 3"):
        sl.advance(book, calm, 9, seed=1)


def test_percent_in_a_macro_path_is_named(book, calm):
    with pytest.raises(sl.InputError, match="decimal"):
        sl.simulate(book, calm.assign(unemployment_rate=calm["unemployment_rate"] * 100), seed=1, progress=False)


def test_an_unknown_lender_is_named(book, calm):
    result = sl.simulate(book, calm.expand_dims(path=[0, 1]), seed=1, progress=False)
    with pytest.raises(sl.InputError, match="ant"):
        sl.loss_distribution(result, lender="nobody")


def test_a_book_without_preset_needs_a_model(book, calm):
    bare = book.drop_attrs(deep=False)
    with pytest.raises(sl.InputError, match="model"):
        sl.simulate(bare, calm, seed=1, progress=False)
    model = sl.Model.from_preset("china-online")
    assert sl.simulate(bare, calm, model, seed=1, progress=False).sizes["month"] == 4


def test_feedback_needs_arrears_at_the_start(book, calm):
    sound = {"balance": book["balance"] * (book["days_past_due"] == 0), "days_past_due": book["days_past_due"] * 0}
    sound["overdue"] = book["overdue"] * 0
    with pytest.raises(sl.InputError) as caught:
        sl.simulate(book.assign(sound), calm, seed=1, feedback=sl.Feedback(), progress=False)
    for words in ("found no loan 30 days late", "found no loan 90 days late", "300 borrowers", "contagion"):
        assert words in str(caught.value)
    off = sl.Feedback(contagion=0.0, caseload=0.0, recovery=0.0)
    assert sl.simulate(book.assign(sound), calm, seed=1, feedback=off, progress=False).sizes["month"] == 4


ASKED = {
    "plain": {},
    "second round": {"feedback": sl.Feedback(), "responses": [sl.actions.Outreach(), sl.actions.Restructuring()]},
}


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
@pytest.mark.parametrize("suffix", ["nc", "zarr"])
def test_results_come_back_unchanged(calm, tmp_path, suffix, asked):
    book = sl.synthetic_portfolio("china-online", borrowers=2_000, seed=1)
    result = sl.simulate(book, calm, seed=1, progress=False, trace=[3], **asked)
    path = tmp_path / f"result.{suffix}"
    if suffix == "nc":
        result.to_netcdf(path)
        again = xr.load_dataset(path)
    else:
        result.to_zarr(path, zarr_format=2)
        again = xr.open_zarr(path).load()
    xr.testing.assert_identical(result, again)


def test_zarr_3_takes_portfolio_scenario_result_and_measure_without_a_warning(calm, tmp_path):
    book = sl.synthetic_portfolio("china-online", borrowers=500, seed=1)
    result = sl.simulate(book, sl.macro_paths(calm, paths=2, seed=1), seed=1, horizon=2, progress=False)
    both = sl.scenario(["china-baseline", "us-2007"])
    tape = pd.DataFrame({"borrower_id": ["a", "b"], "balance": [900.0, 500.0], "limit": 1000.0, "transactor": False})
    given = {"currency": "CNY", "as_of": "2026-01", "own_lender": "us", "donors": book, "seed": 1}
    constants = {"product": "card", "annual_rate": 0.1, "tenor_months": 0, "days_past_due": 0, "priority": 1}
    measures = (sl.loss_distribution(result), sl.by_lender(result), sl.describe_portfolio(book))
    inputs = (book, sl.read_portfolio(tape, constants=constants, **given), calm, both, sl.macro_paths(both, 2, seed=1))
    for number, dataset in enumerate((*inputs, result, *measures)):
        path = tmp_path / f"{number}.zarr"
        dataset.to_zarr(path, zarr_format=3, consolidated=False)
        xr.testing.assert_equal(dataset, xr.open_zarr(path, consolidated=False).load())


def test_what_comes_back_from_zarr_3_and_netcdf_3_is_taken_again(calm, tmp_path):
    """Labels of any length, and numbers in the other order of bytes."""
    book = sl.synthetic_portfolio("china-online", borrowers=200, seed=1)
    macro = sl.scenario(["china-baseline", "us-2007"]).isel(month=slice(0, 2))
    given = {"seed": 1, "progress": False}
    result = sl.simulate(book, macro, **given)
    for name, dataset in {"book": book, "macro": macro, "result": result}.items():
        dataset.to_zarr(tmp_path / name, zarr_format=3, consolidated=False)
    back = {name: xr.open_zarr(tmp_path / name, consolidated=False).load() for name in ("book", "macro", "result")}
    assert back["book"]["product"].dtype.kind == "T"
    xr.testing.assert_equal(sl.simulate(back["book"], back["macro"], **given), result)
    for measure in (sl.Funding.for_book, sl.BalanceSheet.for_book):
        assert measure(back["result"]) == measure(result)
    for measure in (sl.own_part, sl.by_lender, lambda one: sl.provisions(one, "china")):
        xr.testing.assert_equal(measure(back["result"]), measure(result))
    joined = sl.join([back["result"].isel(scenario=[place]) for place in (0, 1)])
    xr.testing.assert_equal(joined, result)
    numbers = [name for name in book.data_vars if book[name].dtype.kind in "if"]
    turned = book.assign({name: book[name].astype(book[name].dtype.newbyteorder(">")) for name in numbers})
    xr.testing.assert_equal(sl.simulate(turned, macro, **given), result)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_an_interrupt_stops_the_run():
    code = (
        "import stresslab as sl\n"
        "book = sl.synthetic_portfolio(borrowers=20_000, seed=1)\n"
        "macro = sl.macro_paths(sl.scenario('fed-2026-severely-adverse'), 5_000, seed=1)\n"
        "print('begin', flush=True)\n"
        "sl.simulate(book, macro, seed=1, progress=False)\n"
    )
    run = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert run.stdout is not None
    run.stdout.readline()
    time.sleep(1.0)
    asked = time.monotonic()
    run.send_signal(signal.SIGINT)
    _, errors = run.communicate(timeout=60)
    assert time.monotonic() - asked < 20.0
    assert "KeyboardInterrupt" in errors
    assert run.returncode != 0


def test_a_kept_layout_never_serves_another_book(book, calm):
    first = sl.simulate(book, calm, seed=1, progress=False)
    richer = changed(book, "income", 9_999.0)
    other = sl.simulate(richer, calm, seed=1, progress=False)
    again = sl.simulate(book, calm, seed=1, progress=False)
    xr.testing.assert_identical(first, again)
    assert other.attrs["fingerprint"] != first.attrs["fingerprint"]
    book["income"][0] += 1.0  # in place: the same object, another book
    try:
        assert sl.simulate(book, calm, seed=1, progress=False).attrs["fingerprint"] not in {
            first.attrs["fingerprint"],
            other.attrs["fingerprint"],
        }
    finally:
        book["income"][0] -= 1.0


@pytest.fixture(scope="module")
def lived():
    book = sl.synthetic_portfolio("china-online", borrowers=300, seed=1)
    macro = sl.macro_paths(sl.scenario("china-baseline").isel(month=slice(0, 3)), 2, seed=2)
    return book, macro, sl.simulate(book, macro, seed=3, progress=False)


LENDER = {
    "no funding": (lambda b, m, r: sl.liquidity_ladder(r, None, horizon=2), "funding: found None"),
    "a sheet for a funding": (
        lambda b, m, r: sl.liquidity_ratios(r, sl.BalanceSheet(sl.Funding(1.0))),
        r"funding: found BalanceSheet\(.*expected Funding",
    ),
    "a sheet for partners": (lambda b, m, r: sl.own_part(r, sl.Funding(1.0)), r"partners: found Funding\("),
    "only the start": (
        lambda b, m, r: sl.capital_adequacy(r.isel(month=[0]), sl.BalanceSheet(sl.Funding(1.0))),
        "month: found no month after the start",
    ),
    "more than 64 bits": (
        lambda b, m, r: sl.capital_adequacy(r, sl.BalanceSheet(sl.Funding(1e18))),
        r"amount: found 1e\+18, expected at most",
    ),
    "a table of words": (lambda b, m, r: sl.stress_table("x"), "results: found 'x', expected a Dataset or a dict"),
    "no outcome": (
        lambda b, m, r: sl.sensitivity(b, m, 5, {"willingness.forgetting": (0.0, 0.1)}, progress=False),
        "outcome: found 5",
    ),
    "no outcome to reverse": (
        lambda b, m, r: sl.reverse_stress(b, m.isel(path=0), m.isel(path=1), None, 0.1),
        "outcome: found None",
    ),
}


@pytest.mark.parametrize("name", LENDER)
def test_a_lender_is_described_by_its_own_nouns(lived, name):
    ask, message = LENDER[name]
    with pytest.raises(sl.InputError, match=message):
        ask(*lived)
