"""The compiled kernel and a plain twin, written apart from it, agree to the last bit."""

import numpy as np
import pytest

from stresslab.engine.months import pack
from stresslab.engine.simulate import simulate
from stresslab.schema import FLOWS

from . import twin, twin_run
from .small import PRESETS, busy, harsh, late_book

SEED = 2**40 + 7
COUNTS = ("accounts", "entries_to_arrears")


def both(preset, renewal, months=24, paths=2):
    """The engine's result and the twin's, of a book in which everything happens."""
    book, macro, model = late_book(preset), harsh(months, paths), busy(preset)
    barely = (book["days_past_due"] == 0) & (book["balance"] > 0) & (np.arange(book.sizes["loan"]) % 3 == 0)
    book = book.assign(overdue=book["overdue"].where(~barely, (book["balance"] / 2).round(2)))  # 1 to 29 days
    macro = macro.assign_coords(path=[3, 2**32 - 1][:paths])
    result = simulate(book, macro, model, seed=SEED, renewal=renewal, progress=False, trace=book["borrower_id"].values)
    packed = pack(macro, book, model, sorted(set(book["product"].values)), renewal == "static")
    paths = macro["path"].values.tolist()
    return result, *twin_run.twin_lives(
        book, packed, benefit_share=model.employment.benefit_share, paths=paths, seed=SEED
    )


def whole(values, unit=100):
    """Minor units, or whole counts, of a result's variable."""
    scaled = values.values * unit
    assert np.abs(scaled - np.rint(scaled)).max() < 1e-4
    return np.rint(scaled).astype(np.int64)


def differences(result, sums):
    """Names of the sums that differ anywhere."""
    people = result.attrs["borrowers"]
    units = {"unemployment_rate": people} | dict.fromkeys(COUNTS, 1)
    names = {name: "jobless" if name == "unemployment_rate" else name for name in (*FLOWS, *units)}
    names |= {name: name for name in ("balance", "stage_balance", "undrawn_limit")}
    return [ours for ours, its in names.items() if (whole(result[ours], units.get(ours, 100)) != sums[its]).any()]


@pytest.mark.parametrize("renewal", ["static", "run-off"])
@pytest.mark.parametrize("preset", PRESETS)
def test_kernel_and_twin_agree_to_the_last_bit(preset, renewal):
    result, sums, loans, people = both(preset, renewal)
    assert differences(result, sums) == []
    for name, history in people.items():
        assert (whole(result[f"trace_{name}"], 1 if name == "jobless_months" else 100) == history).all(), name
    rows = result["traced_loan"].values
    names = {"missed": "trace_days_past_due"} | {name: f"trace_{name}" for name in loans if f"trace_{name}" in result}
    for name, traced in names.items():
        assert (whole(result[traced], 1 / 30 if name == "missed" else 100) == loans[name][..., rows]).all(), name


@pytest.mark.parametrize("preset", PRESETS)
def test_the_book_that_is_compared_lives_through_everything(preset):
    _, sums, _, people = both(preset, "static")
    assert all(sums[name].any() for name in FLOWS if name != "forgiven")
    assert (sums["entries_to_arrears"].sum((0, 1, 2)) > 0).all()
    assert (sums["accounts"].sum((0, 1, 2)) > 0).all()
    assert (people["jobless_months"].max(1) > 9).any()  # beyond early finding and insurance


def forgets_the_cubic_term(word, everybody):
    z = (np.float32(sum(word.to_bytes(4, "little"))) - np.float32(510)) * everybody.passing_scale
    return (np.float32(1) + z * (np.float32(1) + z * np.float32(0.5))) * everybody.passing_centre


WRONG_RULES = {
    "minimum without floor": (twin, "minimum_payment", lambda bill, share, floor: min(bill, int(bill * share))),
    "every miss counts": (twin, "next_missed", lambda missed, paid, due, overdue: missed + (paid < due)),
    "all is saved": (twin, "keep_buffer", lambda person, saving: max(0, person.cash)),
    "no giving up": (twin, "giving_up", lambda person, missed, month: 0),
    "claims pay in full": (twin, "recovered", lambda loan, word, everybody: loan.claim),
    "nothing is lent again": (twin, "lend_again", lambda person, loan, word: None),
    "no draws when short": (twin, "draw_on_line", lambda person, loan, month: None),
    "a coarser shock": (twin, "passing_shock", forgets_the_cubic_term),
    "one salt for all": (twin, "spread", lambda word, salt, right=twin.spread: right(word, 1)),
    "as listed": (twin_run, "order_of_payment", lambda p, rows: sorted(rows, reverse=True)),
}


@pytest.mark.parametrize("rule", WRONG_RULES)
def test_a_twin_with_one_wrong_rule_differs(rule, monkeypatch):
    monkeypatch.setattr(*WRONG_RULES[rule])
    result, sums, _, _ = both("us-card" if rule == "minimum without floor" else "china-online", "static", 15, 1)
    assert differences(result, sums) != []
