"""Rules of the month by hand, where draws and amounts meet a threshold exactly: no book that is compared does."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from stresslab.reference import monitoring, month, plans, run
from stresslab.reference.numbers import f32
from stresslab.reference.parameters import NEUTRAL, Product, Programme
from stresslab.reference.state import Borrower, Loan, Plan

HALF = 2**31
"""A random word that is 1/2 as a number, and the middle as a chance of 2**31 or of 2**16."""
BELOW = HALF - 256
"""The word of the next lower number."""
USUAL = 0x7F807F80
"""A word of whose bytes the shock of pay is none."""
CARD = Product(
    revolving=1, minimum_share=f32(0.1), minimum_payment=100, late_rate=f32(0.05), rate_pass=f32(0), prepay=2**30,
    write_off=6, relet=2**30, recovery_hazard=f32(0.5), effort=f32(0), bankrupt=0,
)  # fmt: skip
CASH_LOAN = replace(CARD, revolving=0)
TERMS = Programme(
    rate_kept=f32(0.5), forgiven=f32(0.1), fee=f32(0), from_depth=1, to_depth=3, extension=6, holiday=0, probation=3,
    unkept=(10, 20),
)  # fmt: skip


def a_loan(product=CARD, conditions=NEUTRAL, word=0, **changed):
    """A card with 100 drawn of 500, or an equal cash loan, in a month of its lender."""
    plain = {
        "row": 0, "segment": 0, "salt": 1, "balance": 10_000, "overdue": 0, "missed": 0,
        "remaining": 0 if product.revolving else 5, "instalment": 0 if product.revolving else 2_100, "limit": 50_000,
        "usual": 10_000, "tenor": 0 if product.revolving else 12, "transactor": False, "closed": False, "claim": 0,
        "rate": f32(0.01), "claim_hazard": f32(0.5), "next_score": 600, "memory": 0,
    }  # fmt: skip
    of_month = {name: changed.pop(name) for name in ("due", "payable", "missed_before", "first_due") if name in changed}
    loan = Loan(product=product, **(plain | changed))
    loan.begin_month(conditions, word)
    for name, value in of_month.items():
        setattr(loan, name, value)
    return loan


def a_borrower(*loans, **changed):
    plain = {
        "id": 1, "income": f32(500_000), "pay_level": f32(1), "job_loss_risk": f32(1), "household_support": f32(0.25),
        "insurance": f32(0.5), "expense_16": 0, "expense_inverse": f32(1),
        "necessities": 200_000, "buffer": 100_000, "buffer_target": 150_000, "jobless_months": 0,
        "strategic": False, "points": 600, "inquiries": 0, "open_loans": 2, "loans": list(loans),
    }  # fmt: skip
    return Borrower(**(plain | changed))


def lender(**changed):
    return replace(NEUTRAL, **changed)


def rules(**changed):
    """A model in which nobody forgoes spending and no lender has tightened."""
    plain = {"renewing": 1, "broken_resolve": 0, "forgone": f32(0), "enter": 0}
    return SimpleNamespace(**({**plain, "tighten_middle": f32(600), "tighten_slope": f32(0.01)} | changed))


def plan(**changed):
    return Plan(
        **({"depth": 2, "probation": 3, "holiday": 0, "unkept": 7, "rate": f32(0.02), "instalment": 9} | changed)
    )


def test_a_job_is_lost_below_and_found_from_the_threshold_on():
    model = SimpleNamespace(early_months=3)
    economy = SimpleNamespace(separation=f32(0.5), find_early=f32(0.5), find_late=f32(0))
    spells = [(0, HALF, 0), (0, BELOW, 1), (3, HALF, 0), (3, BELOW, 4), (4, HALF, 5)]
    for before, word, after in spells:
        assert month.job(a_borrower(jobless_months=before), word, economy, model) == after


@pytest.mark.parametrize(("months", "share"), [(6, 0.75), (7, 0.25)])
def test_insurance_ends_after_its_months(months, share):
    economy, model = SimpleNamespace(keep=f32(0.5)), SimpleNamespace(benefit_months=6)
    jobless = a_borrower(jobless_months=months)
    assert month.pay_received(jobless, f32(1000), False, economy, model) == 1000 * share
    assert month.pay_received(a_borrower(), f32(1000), True, economy, model) == 500
    assert month.pay_received(a_borrower(), f32(1000), False, economy, model) == 1000


@pytest.mark.parametrize(
    ("word", "keep", "pay", "poor"),
    [(HALF, 0.25, 500_000, False), (BELOW, 0.5, 250_000, False), (BELOW, 0.25, 125_000, True)],
)
def test_who_is_furloughed_and_who_is_poor(word, keep, pay, poor):
    economy = SimpleNamespace(
        separation=f32(0), wage=f32(1), keep=f32(keep), furlough_16=2**15, price=f32(1), transfer=f32(0)
    )
    model = SimpleNamespace(
        persistence=f32(1), width=f32(0), fall_from_16=2**16, fall_keep=f32(1), passing_scale=f32(1),
        passing_centre=f32(1), benefit_months=6, low_pay=f32(0.5), frugal_cost=f32(0.75), spend_excess=f32(0),
    )  # fmt: skip
    borrower = a_borrower()
    month.work_and_spend(borrower, (HALF, USUAL, HALF, HALF), word, economy, model)
    assert (borrower.pay, borrower.poor) == (pay, poor)
    assert borrower.spent == (150_000 if poor else 200_000)
    assert borrower.cash == 100_000 + pay - borrower.spent


def test_rare_falls_and_expenses_come_on_their_side_of_the_threshold():
    model = SimpleNamespace(
        persistence=f32(1), width=f32(0), fall_from_16=2**15, fall_keep=f32(0.5), expense_mean=f32(0.5)
    )  # fmt: skip
    assert [month.lasting_level(f32(1), word, model) for word in (HALF, BELOW)] == [0.5, 1.0]
    borrower = a_borrower(income=f32(1000), expense_16=2**15, expense_inverse=f32(2.0**-15))
    assert month.rare_expense(HALF, borrower, model) == 0
    assert month.rare_expense(BELOW, borrower, model) == pytest.approx(3 * (1 - 2.0**-15) ** 2 * 500)


@pytest.mark.parametrize(("remaining", "due"), [(0, 10_100), (1, 10_100), (2, 2_400)])
def test_all_is_due_with_the_last_instalment(remaining, due):
    loan = a_loan(CASH_LOAN, word=HALF, overdue=300, remaining=remaining)
    month.bill(a_borrower(loan), loan, rules())
    assert (loan.due, loan.payable, loan.flows["interest"]) == (due, due, 100)


@pytest.mark.parametrize(("word", "pays"), [(HALF, True), (BELOW, False)])
def test_who_forgets_does_not_mean_to_pay(word, pays):
    loan = a_loan(CASH_LOAN, lender(forget=2**30), word)
    month.bill(a_borrower(loan), loan, rules())
    assert loan.payable == (loan.due if pays else 0)


@pytest.mark.parametrize(
    ("changed", "supply", "renewing", "drawn"),
    [
        ({}, 1.0, 1, 1_000),  # what is paid is spent again
        ({"usual": 12_000}, 1.0, 1, 3_000),
        ({"usual": 9_000}, 1.0, 1, 0),
        ({"usual": 8_000}, 1.0, 1, 0),
        ({"usual": 12_000, "limit": 11_500}, 1.0, 1, 1_500),
        ({"usual": 12_000, "limit": 11_500}, 0.5, 1, 750),
        ({"limit": 9_000}, 1.0, 1, 0),
        ({"transactor": True}, 1.0, 1, 10_000),
        ({}, 1.0, 0, 0),
        ({"missed": 1, "overdue": 500}, 1.0, 1, 0),
        ({"closed": True}, 1.0, 1, 0),
    ],
)
def test_ordinary_spending_on_a_line(changed, supply, renewing, drawn):
    loan = a_loan(CARD, lender(supply=f32(supply)), HALF, **changed)
    borrower = a_borrower(loan)
    month.bill(borrower, loan, rules(renewing=renewing))
    assert (loan.flows["drawn"], borrower.cash) == (drawn, drawn)


def test_first_due_dates_are_of_new_instalment_loans():
    new = [a_loan(CASH_LOAN, remaining=12), a_loan(CASH_LOAN, remaining=11), a_loan(CASH_LOAN, remaining=12)]
    new[2].plan = plan()
    assert [month.begins(loan) for loan in [*new, a_loan(CARD)]] == [True, False, False, False]


def test_who_does_not_try():
    tired = lender(give_up=(0, 5, 9), resolved=7)
    chances = [
        month.giving_up(a_borrower(strategic=s), missed, tired) for s in (False, True) for missed in (0, 1, 2, 3)
    ]
    assert chances == [0, 5, 9, 9, 0, 7, 9, 9]
    model = SimpleNamespace(broken_resolve=8)
    kept, broken, over = (a_loan(CARD, tired, missed=missed) for missed in (0, 1, 0))
    kept.plan, broken.plan, over.plan = plan(), plan(broken=True), plan(probation=0)
    assert [month.resignation(a_borrower(), loan, model) for loan in (kept, broken, over)] == [7, 8, 0]
    assert month.resignation(a_borrower(), a_loan(CARD, tired, missed=1), model) == 5


@pytest.mark.parametrize(
    ("changed", "cash", "drawn"),
    [
        ({}, 0, 3_000),
        ({}, 2_999, 1),
        ({}, 3_000, 0),
        ({}, 5_000, 0),
        ({"limit": 12_000}, 0, 2_000),
        ({"limit": 10_001}, 0, 1),
        ({"limit": 9_000}, 0, 0),
        ({"limit": 10_000}, 0, 0),
        ({"missed": 1}, 0, 0),
        ({"closed": True}, 0, 0),
    ],
)
def test_who_is_short_draws_what_the_line_leaves(changed, cash, drawn):
    loan = a_loan(CARD, payable=3_000, **changed)
    borrower = a_borrower(loan)
    borrower.cash = cash
    month.draw_on_line(borrower, loan, rules())
    assert (loan.flows["drawn"], borrower.cash) == (drawn, cash + drawn)


def test_unpaid_due_dates_are_counted():
    cases = [((0, 5, 5, 0), 0), ((0, 4, 5, 0), 1), ((2, 5, 9, 4), 2), ((2, 4, 9, 4), 3), ((2, 9, 9, 4), 0)]
    for (missed, paid, due, overdue), after in cases:
        assert month.next_missed(missed, paid, due, overdue) == after


@pytest.mark.parametrize(
    ("word", "cash", "paid"),
    [(HALF, 502_100, 10_100), (BELOW, 502_100, 2_100), (HALF, 502_099, 2_100), (HALF, 2_000, 2_000), (HALF, -1, 0)],
)
def test_a_loan_is_repaid_early_with_a_months_pay_to_spare(word, cash, paid):
    loan = a_loan(CASH_LOAN, word=word, due=2_100, payable=2_100)
    loan.flows["interest"] = 100
    borrower = a_borrower(loan)
    borrower.cash, borrower.pay = cash, 500_000
    month.pay_instalment(borrower, loan, rules())
    assert loan.flows["paid"] == paid
    assert (loan.balance, loan.remaining) == ((10_000, 12) if paid == 10_100 else (10_100 - paid, 4))
    assert (loan.missed, loan.overdue) == (int(paid < 2_100), max(0, 2_100 - paid))


@pytest.mark.parametrize(
    ("renewing", "changed", "low", "granted"),
    [
        (True, {}, 0x7FFE, 10_000),
        (True, {}, 0x7FFF, 0),
        (True, {"frozen": True}, 0, 0),
        (True, {"balance": 0}, 0, 0),
        (False, {}, 0, 0),
    ],
)
def test_a_repaid_loan_is_granted_anew_as_far_as_supply_goes(renewing, changed, low, granted):
    conditions = lender(supply_16=0x7FFF)
    loan = a_loan(CASH_LOAN, conditions, BELOW & ~0xFFFF | low, due=10_000, payable=10_000, **changed)
    borrower = a_borrower(loan)
    borrower.cash, borrower.pay = 10_000, 500_000
    loan.payable = loan.due = loan.balance
    month.pay_instalment(borrower, loan, rules(renewing=renewing))
    assert (loan.flows["originated"], loan.balance, loan.remaining) == (granted, granted, 12 if granted else 0)


def test_the_buffer_takes_shortfalls_and_a_share_of_surpluses():
    left = [(-5, 0), (0, 0), (99_999, 99_999), (100_000, 100_000), (100_010, 100_005), (999_999, 150_000)]
    for cash, buffer in left:
        borrower = a_borrower()
        borrower.cash = cash
        assert month.keep_buffer(borrower, f32(0.5)) == buffer
    rich = a_borrower(buffer_target=0)
    rich.cash = 200_000
    assert month.keep_buffer(rich, f32(0.5)) == 100_000


def test_recoveries_of_a_claim():
    """With hazard 1/2 and all of it in half of the cases: w^2 of 3 x 0.2 x 4,000 in the others."""
    model = SimpleNamespace(full_recovery=f32(0.5), partial_recovery=f32(0.2))
    claim = a_loan(claim=4_000)
    amounts = [(0, 4_000), (2**30 - 256, 4_000), (2**30, 0), (3 * 2**29, 600), (HALF, 0)]
    for word, recovered in amounts:
        assert month.recovered(claim, word, model) == recovered
    assert month.recovered(a_loan(), 0, model) == 0


@pytest.mark.parametrize(
    ("word", "first_due", "strategic", "jobless", "poor", "cause"),
    [
        (BELOW, False, False, 0, False, "forgetting"),
        (HALF, True, False, 0, False, "misunderstanding"),
        (HALF, False, True, 0, False, "strategic"),
        (HALF, False, False, 1, True, "job_loss"),
        (HALF + 64, True, False, 0, True, "income_loss"),
        (HALF + 64, True, True, 0, True, "strategic"),
        (HALF + 128, True, True, 0, False, "illiquidity"),
        (HALF + 64, False, True, 0, False, "illiquidity"),
    ],
)
def test_the_cause_of_arrears_is_the_first_that_holds(word, first_due, strategic, jobless, poor, cause):
    loan = a_loan(CASH_LOAN, lender(forget=2**30, misread=32, strategy=32), word, first_due=first_due)
    borrower = a_borrower(loan, strategic=strategic, jobless_months=jobless)
    borrower.poor = poor
    assert month.cause_of(borrower, loan) == cause


@pytest.mark.parametrize(
    ("missed_before", "missed", "defaulted", "written_off"),
    [(0, 1, False, False), (1, 2, False, False), (2, 3, True, False), (3, 4, False, False), (4, 5, False, False),
     (5, 6, False, True), (2, 7, True, True)],
)  # fmt: skip
def test_default_and_write_off(missed_before, missed, defaulted, written_off):
    loan = a_loan(overdue=1_000, missed=missed, missed_before=missed_before, word=HALF)
    month.follow_up(a_borrower(loan), loan, HALF)
    assert loan.flows["fees"] == 50
    assert loan.flows["defaulted"] == (10_050 if defaulted else 0)
    assert loan.flows["written_off"] == loan.claim == (10_050 if written_off else 0)
    assert (loan.balance, loan.closed) == ((0, True) if written_off else (10_050, False))
    assert loan.cause == ("" if missed_before else "illiquidity")


@pytest.mark.parametrize(
    ("changed", "jobless", "word", "opened"),
    [
        ({"closed": True}, 0, BELOW, True),
        ({"closed": True}, 0, HALF, False),
        ({"closed": True}, 1, 0, False),
        ({"closed": True, "frozen": True}, 0, 0, False),
        ({}, 0, 0, False),
    ],
)
def test_a_written_off_borrower_with_a_job_may_get_the_loan_again(changed, jobless, word, opened):
    for product in (CARD, CASH_LOAN):
        loan = a_loan(product, **({"balance": 0, "remaining": 0} | changed))
        month.lend_again(a_borrower(loan, jobless_months=jobless), loan, word, HALF, rules())
        assert loan.closed == (changed.get("closed", False) and not opened)
        new = opened and not product.revolving
        assert (loan.flows["originated"], loan.balance, loan.remaining) == ((10_000, 10_000, 12) if new else (0, 0, 0))


@pytest.mark.parametrize(
    ("score", "supply", "chance"), [(400, 1.0, 0.0), (399, 1.0, 0.0), (425, 1.0, 0.5), (450, 0.5, 0.5), (900, 1.0, 1.0)]
)
def test_the_chance_that_a_lender_agrees(score, supply, chance):
    model = SimpleNamespace(approve_from=f32(400), approve_slope=f32(0.02))
    assert monitoring.approval(score, f32(supply), model) == pytest.approx(chance)


@pytest.mark.parametrize(
    ("changed", "cash", "jobless", "word", "applied", "granted"),
    [
        ({}, 0, 0, BELOW, 1, 10_000),
        ({}, 0, 0, HALF, 0, 0),
        ({}, 0, 1, 0, 0, 0),  # neither short of cash nor with a job
        ({}, -1, 1, BELOW + HALF // 2, 1, 10_000),
        ({}, -1, 1, HALF + HALF // 2, 0, 0),
        ({"usual": 0}, 0, 0, 0, 0, 0),
        ({"balance": 1}, 0, 0, 0, 0, 0),
        ({"closed": True}, 0, 0, 0, 0, 0),
        ({"next_score": 425}, 0, 0, BELOW, 1, 0),
        ({"next_score": 425}, 0, 0, HALF // 2 - 256, 1, 10_000),
        ({"next_score": 425}, 0, 0, HALF // 2, 1, 0),
    ],
)
def test_who_applies_and_who_is_granted(changed, cash, jobless, word, applied, granted):
    model = rules(apply=f32(0.5), apply_short=f32(0.75), approve_from=f32(400), approve_slope=f32(0.02))
    loan = a_loan(CASH_LOAN, **({"balance": 0} | changed))
    borrower = a_borrower(loan, jobless_months=jobless)
    borrower.cash = cash
    monitoring.apply_for_credit(borrower, loan, word, model)
    assert (borrower.applications, loan.flows["originated"]) == (applied, granted)
    assert borrower.cash == cash + (granted if cash < 0 else 0)


@pytest.mark.parametrize(
    ("changed", "conditions", "window", "warned", "frozen", "flows"),
    [
        ({}, {}, 3, 0, False, {}),
        ({}, {"warn_below": 601}, 3, 1, False, {"flagged": 1}),
        ({}, {"warn_below": 600}, 3, 0, False, {}),
        ({}, {"warn_below": 601, "freezes": 1}, 3, 1, True, {"flagged": 1}),
        ({}, {"warn_below": 601}, 0, 0, False, {}),
        ({}, {"warn_below": 601, "watches": 0}, 3, 0, False, {}),
        ({"balance": 0}, {"warn_below": 601}, 3, 0, False, {}),
        ({"missed": 1}, {"warn_below": 601}, 3, 0, False, {}),
        ({"warned": 2}, {}, 3, 3, False, {}),
        ({"warned": 3}, {}, 3, 0, False, {"false_alarms": 1}),
        ({}, {"freeze_below": 600}, 3, 0, False, {}),
        ({}, {"freeze_below": 601}, 3, 0, True, {}),
        ({"limit": 20_000}, {"full_use": f32(0.5)}, 3, 1, False, {"flagged": 1}),
        ({"limit": 20_001}, {"full_use": f32(0.5)}, 3, 0, False, {}),
    ],
)
def test_what_a_lender_watches(changed, conditions, window, warned, frozen, flows):
    loan = a_loan(CARD, lender(**({"watches": 1} | conditions)), **changed)
    monitoring.watch(loan, window)
    assert (loan.warned, loan.frozen) == (warned, frozen)
    assert {name: value for name, value in loan.flows.items() if value} == flows


def test_a_hit_ends_the_warning_and_the_freeze():
    loan = a_loan(warned=2, frozen=True)
    monitoring.count_hit(loan)
    assert (loan.flows["warned"], loan.flows["lead_months"], loan.warned, loan.frozen) == (1, 2, 0, False)
    cold = a_loan(frozen=True)
    monitoring.count_hit(cold)
    assert (cold.flows["warned"], cold.frozen) == (0, True)


@pytest.mark.parametrize(
    ("loan", "open_loans", "inquiries", "points"),
    [
        (a_loan(CASH_LOAN), 2, 0, 600),
        (a_loan(CARD, balance=0), 2, 0, 640),
        (a_loan(CARD, limit=20_000), 2, 0, 600),
        (a_loan(CARD, limit=10_000), 2, 0, 560),
        (a_loan(CARD, limit=0), 2, 0, 560),
        (a_loan(CASH_LOAN), 3, 0, 590),
        (a_loan(CASH_LOAN), 1, 0, 610),
        (a_loan(CASH_LOAN), 2, 512, 590),
        (a_loan(CASH_LOAN, missed=2), 2, 0, 540),
        (a_loan(CASH_LOAN, missed=1, memory=1024), 2, 0, 540),  # of four due dates half are forgotten
    ],
)
def test_the_score_is_what_is_left_of_the_points_at_application(loan, open_loans, inquiries, points):
    model = SimpleNamespace(
        forget_arrears=128, arrears_points=30, inquiry_points=5, use_points=f32(40), loan_points=10,
    )  # fmt: skip
    assert monitoring.score(a_borrower(loan, open_loans=open_loans, inquiries=inquiries), loan, model) == points


@pytest.mark.parametrize(
    ("missed", "score", "agreed", "stage"),
    [(0, 551, None, 1), (0, 550, None, 2), (1, 600, None, 2), (2, 600, None, 2), (3, 600, None, 3),
     (0, 600, plan(depth=2), 2), (0, 600, plan(depth=3), 3), (0, 600, plan(probation=0), 1),
     (0, 600, plan(broken=True), 1), (0, 600, plan(probation=1), 2)],
)  # fmt: skip
def test_the_stage_of_a_loan(missed, score, agreed, stage):
    loan = a_loan(missed=missed, next_score=score)
    loan.plan = agreed
    assert run.stage_of(a_borrower(loan), loan, SimpleNamespace(sicr_drop=50)) == stage


@pytest.mark.parametrize(
    ("missed", "more", "agreed"), [(0, 1, False), (1, 1, True), (3, 1, True), (4, 1, False), (2, 0, False)]
)
def test_a_plan_is_offered_from_one_depth_of_arrears_to_another(missed, more, agreed):
    chance = (plans.own_draw(5, 1, 0) >> 1) + more
    loan = a_loan(conditions=lender(offer=(chance,)), missed=missed, overdue=500)
    plans.offer_relief(loan, 5, (TERMS,))
    assert (loan.plan is not None) == agreed
    assert (loan.missed, loan.overdue, loan.balance) == ((0, 0, 9_000) if agreed else (missed, 500, 10_000))


def test_relief_is_open_to_who_owes_and_is_late_or_was_flagged():
    late, flagged, neither, nothing = a_loan(missed=1), a_loan(), a_loan(warned=1), a_loan(balance=0, missed=1)
    flagged.flows["flagged"] = 1
    assert [plans.is_open(loan) for loan in (late, flagged, neither, nothing)] == [True, True, False, False]


@pytest.mark.parametrize(
    ("product", "remaining", "holiday", "term", "unkept"),
    [(CARD, 0, 0, 6, 20), (CASH_LOAN, 5, 0, 11, 20), (CASH_LOAN, 0, 0, 7, 20), (CASH_LOAN, 5, 2, 13, 20)],
)
def test_terms_of_a_plan(product, remaining, holiday, term, unkept):
    loan = a_loan(product, missed=3, overdue=900, remaining=remaining, warned=1)
    plans.agree_plan(loan, replace(TERMS, holiday=holiday))
    assert (loan.flows["forgiven"], loan.balance, loan.remaining, loan.warned) == (1_000, 9_000, term, 0)
    assert (loan.plan.depth, loan.plan.unkept, loan.plan.rate) == (3, unkept, f32(0.01))
    assert loan.rate == f32(0.01) * f32(0.5)
    assert loan.memory == 3 * 256
    assert loan.instalment == (0 if holiday else plans.annuity(9_000, loan.rate, term))


def test_a_line_without_a_term_pays_its_minimum_in_a_plan():
    loan = a_loan(missed=1, overdue=900)
    plans.agree_plan(loan, replace(TERMS, extension=0))
    assert (loan.remaining, loan.instalment) == (0, 0)
    assert month.due_on_line(loan) == 900  # a tenth of what is owed after forgiveness
    loan.plan.holiday = 1
    assert month.due_on_line(loan) == 0


def test_a_plan_goes_on_ends_and_is_broken():
    loan = a_loan(CASH_LOAN, rate=f32(0.005))
    loan.plan = plan(holiday=2, probation=3)
    plans.pay_by_plan(loan)
    assert (loan.plan.holiday, loan.plan.probation, loan.instalment) == (1, 2, 2_100)
    plans.pay_by_plan(loan)
    assert (loan.plan.holiday, loan.plan.probation) == (0, 1)
    assert loan.instalment == plans.annuity(10_000, f32(0.005), 5)
    plans.pay_by_plan(loan)
    plans.pay_by_plan(loan)
    assert loan.plan.probation == 0  # proved: the plan's terms stay
    loan.balance = 0
    plans.pay_by_plan(loan)
    assert (loan.plan, loan.rate, loan.instalment) == (None, f32(0.02), 9)
    repaid = a_loan(CASH_LOAN, balance=0, warned=1, frozen=True)
    repaid.plan = plan()
    plans.pay_by_plan(repaid)
    assert (repaid.plan, repaid.warned, repaid.frozen) == (None, 0, False)
    broken = a_loan(CASH_LOAN, missed=1, overdue=100)
    broken.plan = plan(holiday=1)
    plans.break_plan(broken, broken.plan)
    assert (broken.missed, broken.missed_before, broken.overdue, broken.flows["redefaulted"]) == (3, 2, 10_000, 1)
    assert (broken.rate, broken.instalment, broken.plan.broken, broken.plan.holiday) == (f32(0.02), 9, True, 0)
    assert month.late_charge(broken) == 0


def test_who_is_in_a_plan_or_broke_one_is_offered_no_other():
    sure = lender(offer=(2**31,))
    for agreed, again in ((plan(), False), (plan(broken=True), False), (plan(probation=0), True)):
        loan = a_loan(conditions=sure, missed=1, overdue=500)
        loan.plan = agreed
        plans.offer_relief(loan, 5, (TERMS,))
        assert (loan.plan is not agreed) == again


@pytest.mark.parametrize(
    ("product", "changed", "account", "undrawn"),
    [
        (CARD, {}, 1, 40_000),
        (CARD, {"balance": 0}, 1, 50_000),
        (CARD, {"balance": 0, "limit": 0}, 0, 0),
        (CARD, {"balance": 0, "limit": 1}, 1, 1),
        (CARD, {"balance": 1, "limit": 0}, 1, 0),
        (CARD, {"limit": 10_000}, 1, 0),
        (CARD, {"limit": 9_000}, 1, 0),
        (CARD, {"missed": 1}, 1, 0),
        (CARD, {"frozen": True}, 1, 0),
        (CARD, {"balance": 0, "closed": True}, 0, 0),
        (CASH_LOAN, {}, 1, 0),
        (CASH_LOAN, {"balance": 0}, 0, 0),
    ],
)
def test_accounts_and_undrawn_limits(product, changed, account, undrawn):
    loan = a_loan(product, **changed)
    book = SimpleNamespace(sizes={"loan": 1, "borrower": 1})
    sums, _, _ = run.empty_sums(book, (1, 1), 1)
    run.add_up(a_borrower(loan), SimpleNamespace(sicr_drop=50), sums, (0, 0))
    assert sums["accounts"].sum() == account
    assert sums["undrawn_limit"].sum() == undrawn
    assert sums["balance"].sum() == sums["stage_balance"].sum() == loan.balance


@pytest.mark.parametrize(
    ("missed", "bucket"), [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (5, 4), (6, 5), (9, 6), (11, 6), (12, 7), (40, 7)]
)
def test_the_bucket_of_unpaid_due_dates(missed, bucket):
    sums, _, _ = run.empty_sums(SimpleNamespace(sizes={"loan": 1, "borrower": 1}), (1, 1), 1)
    loan = a_loan(missed=missed)
    run.add_up(a_borrower(loan), SimpleNamespace(sicr_drop=50), sums, (0, 0))
    assert sums["balance"][0, 0, 0].tolist() == [10_000 * (place == bucket) for place in range(8)]
