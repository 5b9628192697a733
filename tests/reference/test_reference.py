"""The compiled kernel and the reference in plain Python, written apart from it, agree to the last bit."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stresslab.engine.actions import EarlyWarning, LimitManagement, Outreach, Restructuring
from stresslab.engine.feedback import Feedback
from stresslab.engine.simulate import simulate
from stresslab.reference import monitoring, month, numbers, plans, run
from stresslab.reference.parameters import NEUTRAL
from stresslab.reference.state import AMOUNTS, EVENTS
from stresslab.schema import BUCKET_FLOOR, FLOWS
from tests.engine.small import PRESETS, busy, harsh, late_book

SEED = 2**40 + 7
COUNTS = ("accounts", "entries_to_arrears", *EVENTS)
TRACED = {"missed": "days_past_due", "next_score": "score", "spent": "necessities"}
UNITS = {"missed": 1 / 30, **dict.fromkeys(("next_score", "cause", "restructured", "redefaulted", "jobless_months"), 1)}
FREE = {"responses": (), "feedback": None}
MANAGED = {
    "responses": (
        Outreach(),
        EarlyWarning(score_below=540, use_from=0.6, window=3, freeze=True),
        LimitManagement(cut=0.3, freeze_below=400),
        Restructuring(
            from_days=0, to_days=89, forgiveness=0.2, rate_reduction=0.3, term_months=6, holiday_months=2, fee=0.01,
            probation_months=5, capacity=0.3, take_up=0.7,
        ),
        Restructuring(name="card plan", from_days=60, to_days=400, probation_months=6, capacity=0.3, take_up=0.9),
    ),
    "feedback": Feedback(recovery=10.0),
}  # fmt: skip


@cache
def scene(preset, months, paths):
    """A book in which everything happens, its macro paths and its model."""
    book, macro, model = late_book(preset), harsh(months, paths), busy(preset)
    barely = (book["days_past_due"] == 0) & (book["balance"] > 0) & (np.arange(book.sizes["loan"]) % 3 == 0)
    book = book.assign(overdue=book["overdue"].where(~barely, (book["balance"] / 2).round(2)))  # 1 to 29 days
    contact = ("month", np.where(np.arange(months) % 2 == 0, 1.0, 0.1))  # what collectors do depends on the month
    policy = ("month", np.where(np.arange(months) % 3 == 1, -0.1, 0.3))  # falls by more than what loans cost
    deferral = ("month", np.where(np.arange(months) % 4 == 2, 0.5, 0.0))
    transfer = ("month", np.where(np.arange(months) % 7 == 5, 1.5, 0.0))
    macro = macro.assign(collections_capacity=contact, policy_rate=policy, one_off_transfer=transfer)
    macro = macro.assign(payment_deferral=deferral, inflation=("month", np.linspace(0.0, 0.3, months)))
    return book, macro.assign_coords(path=[5, 2**32 - 1][:paths]), model


def by_engine(preset, renewal, months=24, paths=2, **does):
    """The engine's result, and the parameters and conditions that they depended on."""
    book, macro, model = scene(preset, months, paths)
    ids = book["borrower_id"].values
    result = simulate(book, macro, model, seed=SEED, renewal=renewal, progress=False, trace=ids, **does)
    return result, run.engine_parameters(book, macro, model, renewal, SEED, **does)


@cache
def engine_results(preset, renewal, managed, months=24, paths=2):
    """The same, remembered."""
    return by_engine(preset, renewal, months, paths, **(MANAGED if managed else FREE))


def by_reference(packed, preset, months=24, paths=2):
    """The reference's sums and histories."""
    book, macro, model = scene(preset, months, paths)
    return run.simulate_reference(book, packed, model, paths=macro["path"].values.tolist(), seed=SEED)


def whole(values, unit=100):
    """Minor units, or whole counts, of a result's variable."""
    scaled = values.values * unit
    assert np.abs(scaled - np.rint(scaled)).max() < 1e-4
    return np.rint(scaled).astype(np.int64)


def differences(result, sums):
    """Names of the sums that differ anywhere."""
    units = {"unemployment_rate": result.attrs["borrowers"]} | dict.fromkeys(COUNTS, 1)
    names = {"unemployment_rate": "jobless"} | {name: name for name in sums if name in result}
    assert len(names) == len(sums) - (0 if "restructured" in result else len(EVENTS))
    assert {*AMOUNTS} <= {*names}
    return [ours for ours, its in names.items() if (whole(result[ours], units.get(ours, 100)) != sums[its]).any()]


@pytest.mark.parametrize("managed", [False, True], ids=["free", "managed"])
@pytest.mark.parametrize("renewal", ["static", "run-off"])
@pytest.mark.parametrize("preset", PRESETS)
def test_kernel_and_reference_agree_to_the_last_bit(preset, renewal, managed):
    result, packed = engine_results(preset, renewal, managed)
    sums, loans, people = by_reference(packed, preset)
    assert differences(result, sums) == []
    rows = result["traced_loan"].values
    for name, history in (people | {name: history[..., rows] for name, history in loans.items()}).items():
        traced = f"trace_{TRACED.get(name, name)}"
        if traced in result:
            assert (whole(result[traced], UNITS.get(name, 100)) == history).all(), name


@settings(max_examples=8, deadline=None, derandomize=True)
@given(
    plan=st.builds(
        Restructuring,
        from_days=st.sampled_from([0, 30]),
        term_months=st.sampled_from([0, 1, 24]),
        holiday_months=st.sampled_from([0, 1, 2]),
        probation_months=st.sampled_from([3, 12]),
        forgiveness=st.sampled_from([0.0, 1.0]),
        rate_reduction=st.sampled_from([0.0, 1.0]),
        capacity=st.just(1.0),
    ),
    window=st.sampled_from([1, 2, 12]),
)
def test_they_agree_whatever_a_plan_says(plan, window):
    warning = EarlyWarning(score_below=600, window=window, start_month=3, months=6)
    result, packed = by_engine("china-online", "static", 15, 1, responses=(warning, plan), feedback=None)
    assert differences(result, by_reference(packed, "china-online", 15, 1)[0]) == []


@pytest.mark.parametrize("managed", [False, True], ids=["free", "managed"])
@pytest.mark.parametrize("preset", PRESETS)
def test_everything_happens_in_the_book_that_is_compared(preset, managed):
    sums, loans, people = by_reference(engine_results(preset, "static", managed)[1], preset)
    assert [name for name in (*FLOWS, *EVENTS, *AMOUNTS) if not sums[name].any()] == (
        [] if managed else ["forgiven", *EVENTS]
    )
    assert (sums["entries_to_arrears"].sum((0, 1, 2)) > 0).all()
    assert (sums["accounts"].sum((0, 1, 2)) > 0).all()
    assert (people["jobless_months"].max(1) > 9).any()  # beyond early finding and insurance
    late = sums["balance"][..., np.array(BUCKET_FLOOR) >= 1].sum(-1)
    badly_late = sums["balance"][..., np.array(BUCKET_FLOOR) >= 3].sum(-1)
    beyond_arrears = sums["stage_balance"][..., 1:] - np.stack([late - badly_late, badly_late], axis=-1)
    assert (beyond_arrears.sum((0, 1, 2)) > 0).tolist() == [
        True,
        managed,
    ]  # watched or in probation; 90 days late before
    assert (np.diff(loans["next_score"], axis=1) > 0).any()  # what was remembered fades


def test_plans_end_in_every_way():
    packed = engine_results("china-online", "static", True)[1]
    sums, loans, _ = by_reference(packed, "china-online")
    book, _, _ = scene("china-online", 24, 2)
    agreed = loans["restructured"] > 0
    assert agreed[..., book["tenor_months"].values == 0].any()  # a line
    assert agreed[..., book["tenor_months"].values > 0].any()
    assert (agreed.sum(1) > 1).any()  # one after another
    assert loans["forgiven"][agreed].min() == 0 < loans["forgiven"].max()  # both programmes
    repaid = (loans["balance"] == 0) & (np.cumsum(agreed, axis=1) > 0) & (np.cumsum(loans["written_off"], axis=1) == 0)
    assert repaid.any()
    broken = loans["redefaulted"] > 0
    assert (loans["missed"][broken] == 1).any()  # a plan of who had been warned only
    assert (loans["written_off"][broken] > 0).any()
    assert sums["lead_months"].sum() > sums["warned"].sum()


def test_lenders_change_what_they_do():
    packed = engine_results("us-card", "static", True)[1]
    lenders = packed.lenders
    moving = [lenders[name] for name in ("tightening", "recovery", "forget", "strategy")]
    moving += [lenders["offer"][..., 0], lenders["offer"][..., 1], lenders["give_up"][..., 1]]
    assert all((np.diff(values, axis=1) != 0).any() for values in moving)


def forgets_the_cubic_term(word, model):
    z = (np.float32(sum(word.to_bytes(4, "little"))) - np.float32(510)) * model.passing_scale
    return (np.float32(1) + z * (np.float32(1) + z * np.float32(0.5))) * model.passing_centre


def by_arrears_alone(borrower, loan, model, right=run.stage_of):
    return right(borrower, loan, model) if loan.missed > 0 else 1


def with_terms(**changed):
    """Plans are agreed with other terms."""
    return lambda loan, terms, right=plans.agree_plan: right(loan, replace(terms, **changed))


def without_easing(loan, word, model, right=month.recovered):
    return right(replace(loan, conditions=replace(NEUTRAL, recovery=np.float32(1))), word, model)


def books_nothing(loan, terms, right=plans.agree_plan):
    right(loan, terms)
    loan.flows["forgiven"] = 0


def faces_last_months_collectors(borrower, loan, model, right=month.resignation):
    last, loan.last = vars(loan).get("last", loan.conditions), loan.conditions
    return right(borrower, replace(loan, conditions=last), model)


def charges_on_all_that_was_called(loan):
    return numbers.money(np.float32(loan.overdue) * loan.product.late_rate)


def lets_what_is_frozen(borrower, loan, word, own_word, model, right=month.lend_again):
    frozen, loan.frozen = loan.frozen, False
    right(borrower, loan, word, own_word, model)
    loan.frozen = frozen


def spends_in_cash(borrower, loan, model, right=month.spend_on_line):
    right(borrower, loan, replace(model, forgone=np.float32(0)))


def cuts_what_was_cut(loan, terms, right=plans.agree_plan):
    rate = loan.rate
    right(loan, terms)
    loan.rate = rate * terms.rate_kept
    plans.agree_payments(loan, loan.plan)


def new_by_term(loan):
    return not loan.product.revolving and loan.remaining == loan.tenor


def by_plan_alone(borrower, loan, model, right=run.stage_of):
    return 1 if loan.missed == 0 and loan.plan and not loan.plan.on_probation else right(borrower, loan, model)


WRONG_RULES = {
    "minimum without floor": (month, "minimum_payment", lambda bill, share, floor: min(bill, int(bill * share))),
    "every miss counts": (month, "next_missed", lambda missed, paid, due, overdue: missed + (paid < due)),
    "all is saved": (month, "keep_buffer", lambda borrower, saving: max(0, borrower.cash)),
    "no giving up": (month, "giving_up", lambda borrower, missed, lender: 0),
    "claims pay in full": (month, "recovered", lambda loan, word, model: loan.claim),
    "nothing is lent again": (month, "lend_again", lambda *arguments: None),
    "no draws when short": (month, "draw_on_line", lambda borrower, loan, model: None),
    "those on short pay change every month": (month, "SHORT_PAY_MONTHS", 1),
    "what is deferred is missed": (month, "defer_payment", lambda borrower, loan, word: None),
    "all payments are alike": (month, "reach", lambda borrower, loan: 0),
    "nobody enters": (month, "ENTER", month.RELET),
    "bankruptcies are of loans": (month, "BANKRUPT", 1),
    "a tightening falls on all alike": (monitoring, "withdrawn", lambda loan, model: loan.conditions.tightening),
    "a line that is cut leaves its spending owed": (month, "spend_on_line", spends_in_cash),
    "a coarser shock": (month, "passing_shock", forgets_the_cubic_term),
    "one salt for all": (month, "spread", lambda word, salt, right=month.spread: right(word, 1)),
    "as listed": (run, "order_of_payment", lambda p, rows: sorted(rows, reverse=True)),
    "nobody applies": (monitoring, "apply_for_credit", lambda borrower, loan, word, model: None),
    "approval ignores the score": (monitoring, "approval", lambda score, supply, model: supply),
    "terms are misread at every due date": (month, "misreads", lambda loan: loan.conditions.misread),
    "a score never forgets": (monitoring, "fade", lambda memory, forgotten: memory),
    "the bureau never forgets": (month, "fade", lambda memory, forgotten: memory),
    "collectors come a month late": (month, "resignation", faces_last_months_collectors),
    "card rates are fixed": (month, "floating", lambda loan, rate_move: loan.rate),
    "card rates have no floor": (month, "floating", lambda loan, move: loan.rate + loan.product.rate_pass * move),
    "nobody is watched": (run, "stage_of", by_arrears_alone),
}
WRONG_WHEN_MANAGED = {
    "a warning never ends": (monitoring, "watch", lambda loan, window, right=monitoring.watch: right(loan, 99)),
    "no hit is counted": (monitoring, "count_hit", lambda loan: None),
    "a full line is no warning": (monitoring, "looks_bad", lambda loan: loan.score < loan.conditions.warn_below),
    "a plan is never broken": (plans, "break_plan", lambda loan, plan: None),
    "a plan never ends": (plans, "keep_plan", lambda loan, plan: None),
    "the contract is forgotten": (plans, "back_to_contract", lambda loan: setattr(loan, "plan", None)),
    "forgiveness is not booked": (plans, "agree_plan", books_nothing),
    "no holiday": (plans, "agree_plan", with_terms(holiday=0)),
    "the rate stays": (plans, "agree_plan", with_terms(rate_kept=np.float32(1))),
    "plans are kept": (plans, "agree_plan", with_terms(unkept=[0])),
    "a longer probation": (plans, "agree_plan", with_terms(probation=12)),
    "a cent less": (plans, "annuity", lambda *terms, right=plans.annuity: right(*terms) - 1),
    "claims are as good as ever": (month, "recovered", without_easing),
    "a write-off is forgotten": (monitoring, "remember", lambda loan: None),
    "a called balance is charged": (month, "late_charge", charges_on_all_that_was_called),
    "one draw for all programmes": (plans, "own_draw", lambda word, salt, place: month.spread(word, salt + 256)),
    "relief as long as a flag holds": (plans, "is_open", lambda loan: loan.missed > 0 or loan.warned > 0),
    "relief for who owes nothing": (plans, "is_open", lambda loan: loan.missed > 0 or loan.flows["flagged"] > 0),
    "a new plan is misread": (
        month,
        "begins",
        new_by_term,
    ),
    "what is frozen is let again": (month, "lend_again", lets_what_is_frozen),
    "a cut rate is cut again": (plans, "agree_plan", cuts_what_was_cut),
    "a kept plan is never watched": (run, "stage_of", by_plan_alone),
}
SEEN_ON_CARDS = (
    "a tightening falls on all alike",
    "minimum without floor",
    "a full line is no warning",
    "claims are as good as ever",
)


@pytest.mark.parametrize("rule", [*WRONG_RULES, *WRONG_WHEN_MANAGED])
def test_a_reference_with_one_wrong_rule_differs(rule, monkeypatch):
    preset = "us-card" if rule in SEEN_ON_CARDS else "china-online"
    managed, size = rule in WRONG_WHEN_MANAGED, (24, 2) if rule in WRONG_WHEN_MANAGED else (15, 1)
    result, packed = engine_results(preset, "static", managed, *size)
    monkeypatch.setattr(*(WRONG_RULES | WRONG_WHEN_MANAGED)[rule])
    assert differences(result, by_reference(packed, preset, *size)[0]) != []
