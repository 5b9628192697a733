"""Loans one by one are the loans that were summed, and claims keep on ageing."""

import numpy as np
import pytest
import xarray as xr

import stresslab as sl
from stresslab.engine.actions import ContingencyPlan, EarlyWarning, LimitManagement, Outreach, Restructuring
from stresslab.engine.feedback import Feedback
from stresslab.engine.panel import panel
from stresslab.engine.simulate import simulate
from stresslab.schema import BUCKETS, InputError, bucket_of
from tests.engine.small import book_of, busy, flat, harsh, late_book, riskless

MONTHS = 18
BOOK = late_book("china-online", borrowers=400)
LOAN = {"tenor_months": 12, "remaining_months": 12, "usual_balance": 12_000.0, "limit": 12_000.0}
BROKE = {"balance": 12_000.0, "instalment": 1_066.19, "income": 0.0, "liquid_buffer": 0.0, **LOAN}
ALL_AT_ONCE = (
    Outreach(capacity=0.2),
    EarlyWarning(score_below=560, window=3, freeze=True),
    LimitManagement(cut=0.5, freeze_below=450, start_month=4),
    Restructuring(name="pause", from_days=0, to_days=59, holiday_months=2, capacity=0.1),
    ContingencyPlan(level=0.1, responses=(Restructuring(name="haircut", forgiveness=0.4, capacity=0.3),)),
)
ASKED = {
    "alone": {},
    "run-off": {"renewal": "run-off"},
    "responses": {"responses": ALL_AT_ONCE},
    "feedback": {"feedback": Feedback()},
    "feedback of a sample": {"feedback": Feedback(sample=100, rounds=2, tolerance=0.0)},
    "both": {"responses": ALL_AT_ONCE, "feedback": Feedback(sample=100)},
}


def fen(values):
    return np.rint(np.asarray(values) * 100).astype(np.int64)


def sums(seen, segments):
    """Balance [fen] and late loans (month, segment, bucket) of a panel."""
    names = [f"{a}:{b}" for a, b in zip(seen["lender"].values, seen["product"].values, strict=True)]
    segment = np.array([list(segments).index(name) for name in names])
    balance, late = (np.zeros((seen.sizes["month"], len(segments), len(BUCKETS)), np.int64) for _ in range(2))
    for t in range(seen.sizes["month"]):
        bucket = bucket_of(seen["days_past_due"].values[t] // 30)
        np.add.at(balance[t], (segment, bucket), fen(seen["balance"].values[t]))
        np.add.at(late[t], (segment, bucket), seen["days_past_due"].values[t] >= 30)
    return balance, late


def agree(seen, result):
    """A panel sums to a result of one path, to the fen and to the loan."""
    result = result.sel(month=seen["month"]).isel(path=0)
    balance, late = sums(seen, result["segment"].values)
    jobless = (seen["jobless_months"] > 0).mean("borrower")
    return (
        bool((balance == fen(result["balance"])).all())
        and bool((late[..., 1:] == result["accounts"].values[..., 1:]).all())
        and bool(np.allclose(jobless, result["unemployment_rate"], rtol=0, atol=1e-12))
    )


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_loans_sum_to_the_segments(asked):
    macro, model = harsh(MONTHS), busy()
    seen = panel(BOOK, macro, model, seed=5, **asked)
    result = simulate(BOOK, macro, model, seed=5, progress=False, **asked)
    assert agree(seen, result)
    assert result["written_off"].any()
    assert result["accounts"].isel(month=-1, bucket=slice(1, None)).any()
    assert not agree(panel(BOOK, macro, model, seed=6, **asked), result)  # other lives do not add up to these
    if "feedback" in asked:
        assert not agree(panel(BOOK, macro, model, seed=5), result)


def test_the_front_door_takes_the_same():
    asked = {"responses": [sl.actions.Outreach(), sl.actions.EarlyWarning()], "feedback": sl.Feedback(), "seed": 5}
    seen = sl.panel(BOOK, harsh(4), busy(), **asked)
    assert agree(seen, sl.simulate(BOOK, harsh(4), busy(), progress=False, **asked))


def test_a_path_keeps_its_number():
    macro = harsh(8, paths=3)
    every = simulate(BOOK, macro, busy(), seed=5, progress=False)
    third = panel(BOOK, macro.isel(path=[2]), busy(), seed=5)
    assert agree(third, every.isel(path=[2]))
    assert not agree(third, every.isel(path=[1]))


def test_a_life_is_the_one_traced():
    who = BOOK["borrower_id"].values[[0, 7, 31]]
    asked = {"seed": 5, "responses": ALL_AT_ONCE, "feedback": Feedback()}
    seen = panel(BOOK, harsh(MONTHS), busy(), **asked)
    traced = simulate(BOOK, harsh(MONTHS), busy(), trace=who, progress=False, **asked).isel(path=0)
    position = [int(np.flatnonzero(seen["borrower_id"].values == i)[0]) for i in who]
    for name in ("pay", "jobless_months"):
        np.testing.assert_array_equal(seen[name].values[:, position], traced[f"trace_{name}"].values)
    for name in ("balance", "claim", "days_past_due", "score"):
        np.testing.assert_array_equal(seen[name].values[:, traced["traced_loan"].values], traced[f"trace_{name}"])


def test_what_was_written_off_stays_overdue_by_hand():
    """Three due dates missed, then written off: 30, 60, and 90, 120, ... while the claim is owed."""
    book = book_of(3, ("jiebei",), **BROKE)
    model = riskless(**{"products.jiebei.write_off_months": 3, "products.jiebei.recovery_monthly": 0.0})
    seen = panel(book, flat(6, 0.0), model, seed=1, renewal="run-off")
    assert seen["days_past_due"].values[:, 0].tolist() == [0, 30, 60, 0, 0, 0, 0]
    assert seen["overdue_days"].values[:, 0].tolist() == [0, 30, 60, 90, 120, 150, 180]
    assert (seen["overdue_days"] == seen["overdue_days"].isel(loan=0)).all()
    assert (seen["claim"].values[:, 0] > 0).tolist() == [False] * 3 + [True] * 4
    assert (seen["balance"].values[:, 0] == 0).tolist() == [False] * 3 + [True] * 4


def test_a_claim_that_was_there_is_as_old_as_the_book_says():
    """Written off at 300 days, 7 months ago: 510 days, and 30 more each month."""
    book = book_of(2, ("jiebei",), **BROKE | {"balance": 0.0, "remaining_months": 0})
    book = book.assign(written_off=("loan", [True, True]), claim=("loan", [500.0, 0.0]), claim_months=("loan", [7, 0]))
    model = riskless(**{"products.jiebei.write_off_months": 10, "products.jiebei.recovery_monthly": 0.0})
    seen = panel(book, flat(2, 0.0), model, seed=1, renewal="run-off")
    assert seen["overdue_days"].values.T.tolist() == [[510, 540, 570], [0, 0, 0]]


def test_a_broken_plan_written_off_at_once_stays_as_old_as_it_was():
    """Three due dates missed, a plan at the third, broken at the fourth, at which the loan is written off: 120 days."""
    book = book_of(50, ("jiebei",), **BROKE)
    model = riskless(**{"products.jiebei.write_off_months": 4, "products.jiebei.recovery_monthly": 0.0})
    plan = Restructuring(from_days=90, to_days=119, capacity=100.0, take_up=1.0)
    seen = panel(book, flat(5, 0.0), model, seed=1, renewal="run-off", responses=[plan])
    assert seen["planned"].values[3].all()
    assert (seen["claim"].values[4] > 0).all()
    assert seen["overdue_days"].values[4:, 0].tolist() == [120, 150]


def test_overdue_days_count_on_while_anything_is_owed():
    seen = panel(BOOK, harsh(MONTHS), busy(), seed=5)
    days, past_due, claim = (seen[name].values for name in ("overdue_days", "days_past_due", "claim"))
    assert ((days > 0) == ((past_due > 0) | (claim > 0))).all()
    assert (days >= past_due).all()
    both = (claim[1:] > 0) & (claim[:-1] > 0)
    older = np.maximum(days[:-1] + 30, past_due[1:])
    assert (days[1:][both] == older[both]).all()
    fresh = (claim[1:] > 0) & (claim[:-1] == 0)
    assert fresh.any()
    assert (days[1:][fresh] == past_due[:-1][fresh] + 30).all()
    assert (days[1:][(claim[1:] == 0) & (claim[:-1] > 0) & (past_due[1:] == 0)] == 0).all()


def test_months_asked_for_are_those_of_the_whole():
    whole = panel(BOOK, harsh(MONTHS), busy(), seed=5)
    some = panel(BOOK, harsh(MONTHS), busy(), seed=5, months=(9, 2, 9))
    xr.testing.assert_equal(some, whole.sel(month=[2, 9]))
    assert panel(BOOK, harsh(MONTHS), busy(), seed=5, months={0})["month"].values.tolist() == [0]


def test_it_opens_with_the_portfolio():
    seen = panel(BOOK, harsh(1), busy(), seed=5, months=[0]).isel(month=0)
    for name in ("balance", "claim"):
        np.testing.assert_array_equal(fen(seen[name]), fen(BOOK[name]))
    for name in ("days_past_due", "jobless_months", "lender", "product", "borrower"):
        np.testing.assert_array_equal(seen[name].values, BOOK[name].values)
    assert seen.attrs["seed"] == "5"


def test_plans_are_seen():
    seen = panel(BOOK, harsh(MONTHS), busy(), seed=5, responses=ALL_AT_ONCE)
    own = (seen["lender"] == BOOK.attrs["own_lender"]).values
    assert seen["planned"].values[:, own].any()
    assert not seen["planned"].values[:, ~own].any()
    assert not panel(BOOK, harsh(MONTHS), busy(), seed=5)["planned"].any()


TWO = xr.concat([harsh(6), harsh(6)], xr.Variable("scenario", ["one", "other"]))


@pytest.mark.parametrize(
    ("macro", "wish", "message"),
    [
        (harsh(6, paths=2), {}, r"macro: found dimensions .*'path': 2.*expected a single path"),
        (TWO, {}, r"macro: found dimensions .*'scenario': 2"),
        (harsh(6), {"months": [7]}, r"months: found \[7\], expected month ends among 0 \.\.\. 6"),
        (harsh(6), {"months": [-1, 2]}, r"months: found \[-1, 2\]"),
        (harsh(6), {"months": []}, r"months: found \[\]"),
        (harsh(6), {"seed": -1}, r"seed: found -1"),
        (harsh(6), {"seed": 1.5}, r"seed: found 1\.5"),
        (harsh(6), {"renewal": "none"}, r"renewal: found 'none'"),
        (harsh(6), {"threads": 0}, r"threads: found 0"),
        (harsh(6), {"feedback": 1.0}, r"feedback: found 1\.0"),
        (harsh(6), {"responses": "call"}, r"responses: found 'call'"),
        (harsh(6), {"behaviour": {"pay": 1}}, r"behaviour: found 'pay'"),
    ],
)
def test_bad_input_is_refused_by_name(macro, wish, message):
    with pytest.raises(InputError, match=message):
        panel(BOOK, macro, busy(), **({"seed": 5} | wish))


def test_all_faults_come_at_once():
    with pytest.raises(InputError) as caught:
        panel(BOOK, harsh(6, paths=2), busy(), seed=5, months=[99])
    assert caught.value.subject == "panel"
    assert len(caught.value.faults) == 2
    with pytest.raises(InputError) as caught:
        panel(BOOK, harsh(6), busy(), seed=-1, renewal="none", threads=0, feedback=1.0)
    assert len(caught.value.faults) == 4
