"""What a tape lacks: identities by hand, what is not one is refused, and draws that keep borrowers whole."""

import re

import numpy as np
import pandas as pd
import pytest

from stresslab.noted import notes
from stresslab.population.synthetic import synthetic_portfolio
from stresslab.portfolio import read_portfolio
from stresslab.portfolio.imputation import donor_of
from stresslab.schema import PORTFOLIO, InputError
from tests.portfolio.tapes import BASICS, three, three_book

PEOPLE = [name for name, want in PORTFOLIO.items() if want.dims == ("borrower",) and name != "borrower_id"]
DONORS = synthetic_portfolio("china-online", borrowers=400, seed=1, seasoning_months=0)


def without(*names, **constants):
    return read_portfolio(three().drop(columns=list(names)), constants=constants, **BASICS)


def refusal(tape, **changes):
    with pytest.raises(InputError) as caught:
        read_portfolio(tape, **(BASICS | changes))
    return caught.value.faults


def test_identities_that_the_tape_happens_to_obey():
    names = ["remaining_months", "instalment", "usual_balance"]
    cards = three().query("product == 'card'").drop(columns=[*names, "loan_id"])
    book = read_portfolio(cards, **BASICS)
    assert [book[name].values.tolist() for name in names] == [[0] * 5, [0.0] * 5, cards.balance.tolist()]
    assert book.attrs["derived"] == "remaining_months, instalment, usual_balance"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("own_share", [1.0] * 7),
        ("pay_level", [1.0] * 3),
        ("employed", [False, True, True]),
        ("priority", [1.0, 1.0, 0.0, 1.0, 0.0, 1.0, 1.0]),
        # level payments: 1,200 over 12 months at 1 % a month; 600 over 6 without interest
        ("instalment", [0.0, 0.0, 106.62, 0.0, 100.0, 0.0, 0.0]),
        ("usual_balance", [1000.0, 500.0, 1200.0, 0.0, 600.0, 1600.0, 0.0]),
        # nothing is remembered but the arrears of now: 65 and 95 days late
        ("recent_arrears", [0.0, 2.0, 0.0, 0.0, 3.0, 0.0, 0.0]),
        ("score_change", [0] * 7),
        ("inquiries", [0.0] * 3),
    ],
)
def test_each_identity(name, expected):
    book = without(name)
    assert book[name].values.tolist() == expected
    assert book.attrs["derived"] == name


def instalments(**columns):
    """Loans of one borrower at 12 % over 12 months, of 1,200 each."""
    count = len(next(iter(columns.values())))
    plain = {"product": "loan", "balance": 600.0, "annual_rate": 0.12, "tenor_months": 12, "remaining_months": 6}
    people = three().query("borrower_id == 'x7'")[["borrower_id", *PEOPLE]].iloc[[0] * count].reset_index(drop=True)
    return people.assign(**(plain | {"days_past_due": 0, "instalment": 106.62} | columns))


def test_the_amount_granted_is_what_the_instalments_repay():
    book = read_portfolio(instalments(instalment=[106.62, 100.0], annual_rate=[0.12, 0.0]), **BASICS)
    # 106.62 / 1.01 + ... + 106.62 / 1.01**12, and 12 x 100
    assert book.limit.values == pytest.approx([sum(106.62 / 1.01**k for k in range(1, 13)), 1200.0], abs=0.005)
    assert book.usual_balance.values.tolist() == book.limit.values.tolist()
    assert book.lender.values.tolist() == ["ours", "ours"]
    assert not book.transactor.any()
    assert (book.overdue == 0).all()


def test_overdue_is_the_instalments_missed():
    days = [0, 1, 29, 30, 59, 60, 95, 240, 45]
    remaining = [6, 6, 6, 6, 6, 6, 6, 6, 0]
    book = read_portfolio(instalments(days_past_due=days, remaining_months=remaining), **BASICS)
    one = 106.62  # the eighth owes eight, more than its balance; the last is past its last due date
    assert book.overdue.values.tolist() == pytest.approx([0, one, one, one, one, 2 * one, 3 * one, 600.0, 600.0])
    assert without("recent_arrears").recent_arrears.values.tolist() == [0, 2, 0, 0, 3, 0, 0]
    remembered = read_portfolio(
        instalments(days_past_due=days).drop(columns="recent_arrears", errors="ignore"), **BASICS
    )
    assert remembered.recent_arrears.values.tolist() == [0, 0, 0, 1, 1, 2, 3, 8, 1]


def test_donors_of_whom_nothing_is_drawn_are_not_recorded():
    whole = read_portfolio(three(), **(BASICS | {"donors": DONORS}))
    assert not {"seed", "donors"} & set(whole.attrs)
    drawn = read_portfolio(three().drop(columns="necessities"), **(BASICS | {"donors": DONORS, "seed": 3}))
    assert drawn.attrs["seed"] == "3"
    assert drawn.attrs["donors"] == "preset china-online, seed 1, borrowers 400"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (
            "remaining_months",
            "remaining_months: missing, expected|not defined for instalment loans (position 2, 2 in all)",
        ),
        ("transactor", "transactor: missing, expected|not defined for revolving loans (position 0, 5 in all)"),
        ("limit", "limit: missing, expected|not defined for revolving loans (position 0, 5 in all); map a column"),
        ("overdue", "overdue: missing, expected|not defined for revolving loans past due (position 1, 1 in all)"),
        ("claim", "claim: missing, expected|not defined for loans written off (position 3, 1 in all)"),
        ("claim_months", "claim_months: missing, expected|not defined for claims (position 3, 1 in all)"),
        ("jobless_months", "jobless_months: missing, expected|not defined for the jobless (position 0, 1 in all)"),
        (
            "tenor_months",
            "tenor_months: missing, expected months from grant to last instalment; 0 if revolving [month]",
        ),
        ("days_past_due", "days_past_due: missing, expected days since the oldest unpaid due date [day]; map a column"),
        ("annual_rate", "annual_rate: missing, expected contract rate [1/year]; map a column or give a constant"),
        ("product", "product: missing, expected which product's rules it follows; map a column or give a constant"),
        ("score", "score: missing, expected application score; higher is safer [1]; map a column, give a constant, or"),
    ],
)
def test_what_is_no_identity_is_a_fault(name, says):
    (found,) = refusal(three().drop(columns=name))
    assert all(words in found for words in says.split("|"))


@pytest.mark.parametrize("name", ["balance", "days_past_due", "borrower_id"])
def test_what_is_remembered_is_never_asked_for(name):
    """A tape without it is whole, and where it does not follow, only what it follows from is a fault."""
    remembered = ["recent_arrears", "score_change", "inquiries"]
    tape = three().drop(columns=remembered)
    assert read_portfolio(tape, **BASICS).attrs["derived"] == ", ".join(remembered)
    for wrong in (tape.drop(columns=name), tape.assign(**{name: None})):
        (found,) = refusal(wrong)
        assert found.startswith(name)


def test_constants_fill_every_row():
    book = without("claim", "claim_months", "insured", claim=0, claim_months=0, insured=True)
    assert not book.claim.any()
    assert book.insured.all()
    assert book.attrs["constants"] == "claim = 0, claim_months = 0, insured = True"


def test_priority_follows_the_donors():
    tape = three().drop(columns="priority")
    named = tape.assign(product=tape["product"].map({"card": "huabei", "loan": "jiebei"}))
    book = read_portfolio(named, donors=DONORS, **BASICS)
    assert book.priority.values.tolist() == [1.0, 1.0, 2.0, 1.0, 2.0, 1.0, 1.0]
    (found,) = refusal(tape, donors=DONORS)
    assert found.startswith("priority: missing, expected who is paid first")
    assert "which is not defined for products other than the donors' ['bank-card', 'huabei'" in found


def many(count=3000, seed=4):
    """A tape of borrowers with 1 to 9 lenders and an income, and nothing else about them."""
    rng = np.random.default_rng(seed)
    lenders = rng.integers(1, 10, count)
    owner = np.repeat(np.arange(count), lenders)
    place = np.arange(owner.size) - np.repeat(np.cumsum(lenders) - lenders, lenders)
    loans = pd.DataFrame({"borrower_id": owner, "lender": [f"lender-{p}" for p in place], "product": "card"})
    loans["balance"] = rng.uniform(10, 1000, owner.size).round(2)
    loans["income"] = np.repeat(rng.lognormal(8, 0.5, count).round(2), lenders)
    fixed = {
        "limit": 2000.0,
        "annual_rate": 0.1,
        "tenor_months": 0,
        "transactor": False,
        "days_past_due": 0,
        "priority": 0,
    }
    return loans.assign(**fixed), lenders


BOOK = {"currency": "CNY", "as_of": "2026-01", "own_lender": "lender-0", "donors": DONORS, "seed": 5}
WHOLE = ["job_loss_risk", "household_support", "score", "strategic", "insured", "employed", "jobless_months"]


def donor_table():
    table = pd.DataFrame({name: DONORS[name].values for name in PEOPLE})
    pairs = pd.DataFrame({"owner": DONORS.borrower.values, "lender": DONORS.lender.values.astype(str)})
    return table.assign(lenders=pairs.groupby("owner").lender.nunique())


def table_of(book):
    return pd.DataFrame({name: book[name].values for name in PEOPLE})


def stay_whole(table):
    """Each row's attributes are those of one donor."""
    donors = set(donor_table()[WHOLE].itertuples(index=False, name=None))
    return all(row in donors for row in table[WHOLE].itertuples(index=False, name=None))


def test_drawn_borrowers_stay_whole():
    tape, _ = many()
    table = table_of(read_portfolio(tape, **BOOK))
    assert stay_whole(table)
    assert not stay_whole(table.assign(score=np.roll(table.score, 1)))  # attributes drawn apart must fail


def same_lenders(table, lenders):
    """Each borrower's donor has as many lenders as he, 7 being the most that donors have."""
    by_score = donor_table().drop_duplicates("score", keep=False).set_index("score").lenders
    known = table.score.isin(by_score.index)
    return known.mean() > 0.9 and bool((by_score[table.score[known]].to_numpy() == np.minimum(lenders, 7)[known]).all())


def test_the_number_of_lenders_is_kept():
    tape, lenders = many()
    table = table_of(read_portfolio(tape, **BOOK))
    assert donor_table().lenders.max() == 7
    assert same_lenders(table, lenders)
    assert not same_lenders(table.sample(frac=1, random_state=1).reset_index(drop=True), lenders)  # must fail


def test_amounts_scale_with_income():
    tape, _ = many(500)
    drawn = table_of(read_portfolio(tape, **BOOK))
    donors = donor_table().drop_duplicates("score", keep=False).set_index("score")
    drawn = drawn[drawn.score.isin(donors.index)]
    of = donors.loc[drawn.score].reset_index()
    for name in ("necessities", "liquid_buffer", "buffer_target"):
        expected = of[name] * drawn.income.to_numpy() / of.income
        np.testing.assert_allclose(drawn[name], expected, atol=0.0051)


def test_without_income_it_is_drawn_by_debt():
    tape, lenders = many(600)
    book = read_portfolio(tape.drop(columns="income"), **BOOK)
    assert book.attrs["drawn"] == ", ".join(name for name in PEOPLE if name != "inquiries")
    assert stay_whole(table_of(book))
    assert set(book.income.values) <= set(DONORS.income.values)
    debt = np.bincount(DONORS.borrower, DONORS.balance)[donor_table().lenders == 1]
    income = DONORS.income.values[donor_table().lenders == 1]
    theirs = np.corrcoef(np.argsort(np.argsort(debt)), np.argsort(np.argsort(income)))[0, 1]
    one = lenders == 1
    debt, income = np.bincount(book.borrower, book.balance)[one], book.income.values[one]
    ours = np.corrcoef(np.argsort(np.argsort(debt)), np.argsort(np.argsort(income)))[0, 1]
    assert theirs > 0.3  # who earns more owes more, among donors ...
    assert abs(ours - theirs) < 4 * (1 - theirs**2) / np.sqrt(one.sum())  # ... and among those drawn


def kinds(lenders, arrears=0):
    return np.stack([lenders, np.broadcast_to(arrears, lenders.shape)])


def test_a_donor_is_one_of_the_nearest_of_the_same_kind():
    rng = np.random.Generator(np.random.PCG64(1))
    donor_lenders, donor_size = np.repeat([1, 2], 1000), np.tile(np.arange(1000.0), 2)
    lenders, size, chance = rng.integers(1, 5, 20_000), rng.uniform(-100, 1100, 20_000), rng.random(20_000)
    chosen = donor_of(kinds(lenders), size, kinds(donor_lenders), donor_size, chance)
    assert (donor_lenders[chosen] == np.minimum(lenders, 2)).all()
    inside = (size > 25) & (size < 975)  # 5 % of a thousand are 50, half of them on either side
    assert np.abs(donor_size[chosen] - size)[inside].max() <= 26
    assert donor_size[chosen][size < 0].max() < 50
    near = donor_size[chosen][inside] - np.floor(size[inside])
    assert np.abs(np.mean(near)) < 1.0  # neither side is preferred
    assert len(np.unique(near.round())) >= 50


def test_a_donor_hangs_on_the_borrower_alone():
    rng = np.random.Generator(np.random.PCG64(2))
    donor_kind, donor_size = kinds(rng.integers(1, 4, 300), rng.integers(0, 3, 300)), rng.random(300)
    kind, size, chance = kinds(rng.integers(1, 4, 500), rng.integers(0, 3, 500)), rng.random(500), rng.random(500)
    together = donor_of(kind, size, donor_kind, donor_size, chance)
    assert (donor_kind[1, together] == kind[1]).all()
    some = rng.random(500) < 0.3
    alone = donor_of(kind[:, some], size[some], donor_kind, donor_size, chance[some])
    assert alone.tolist() == together[some].tolist()


def test_a_borrower_whose_size_hardly_moves_keeps_the_donor():
    """Of fifty neighbours two are others once a balance has fallen by two places, so a fiftieth moves for each."""
    rng = np.random.Generator(np.random.PCG64(3))
    donors, size, chance = np.arange(1000.0), rng.uniform(100.0, 900.0, 5_000), rng.random(5_000)
    kind, donor_kind = kinds(np.ones(5_000, int)), kinds(np.ones(1_000, int))
    january = donor_of(kind, size, donor_kind, donors, chance)
    for places, kept in ((2, 0.96), (25, 0.5), (50, 0.0)):
        february = donor_of(kind, size - places, donor_kind, donors, chance)
        assert (february == january).mean() == pytest.approx(kept, abs=0.03)


def test_where_no_donor_is_in_such_arrears_all_are_asked():
    chosen = donor_of(kinds(np.array([1]), 2), np.array([5.0]), kinds(np.ones(9, int)), np.arange(9.0), np.array([0.5]))
    assert chosen.tolist() == [5]


def test_new_loans_only_are_owed_by_people_in_work():
    tape, _ = many(2000)
    lines = read_portfolio(tape, **BOOK)
    assert not lines.employed.all()
    loans = tape.assign(tenor_months=12, remaining_months=12, instalment=tape.balance / 12)
    mixed = loans.assign(remaining_months=np.where(tape.borrower_id % 2 == 0, 12, 11))
    book, aged = read_portfolio(loans, **BOOK), read_portfolio(mixed, **BOOK)
    assert book.employed.all()
    assert (book.jobless_months == 0).all()
    assert book.liquid_buffer.equals(book.buffer_target)
    even = aged.borrower_label.values.astype(int) % 2 == 0
    assert aged.employed.values[even].all()
    assert not aged.employed.values[~even].all()
    assert any("1,000 borrowers with new loans only start with a job" in note for note in notes(aged))
    late = read_portfolio(loans.assign(days_past_due=35), **BOOK)
    assert not late.employed.all()
    assert not any("new loans only" in note for note in notes(late))


def test_incomes_that_leave_no_room_for_the_debts_are_refused():
    tape, _ = many(400)
    loans = tape.drop(columns="income").assign(tenor_months=12, remaining_months=6, instalment=tape.balance / 12)
    read_portfolio(loans, **BOOK)
    (found,) = refusal(loans.assign(instalment=9000.0, balance=90_000.0, limit=90_000.0), **BOOK)
    words = r"income: missing, and the donors' leaves instalments of \d+% of income in the median"
    assert re.match(words, found)
    last = loans.assign(instalment=9000.0, balance=9000.0, limit=90_000.0, remaining_months=1)
    assert re.match(words, refusal(last, **BOOK)[0])


def test_donors_of_another_currency_need_a_rate():
    tape, _ = many(300)
    (found,) = refusal(tape, **(BOOK | {"currency": "VND"}))
    assert found.startswith("donors: found amounts in 'CNY', expected 'VND' as in the tape; pass exchange_rate=")
    (found,) = refusal(tape, **(BOOK | {"exchange_rate": 1.0}))
    assert found == "exchange_rate: found 1.0 between 'CNY' and itself, expected none; drop it"
    for rate in (0.0, -1.0, 2e9):
        (found,) = refusal(tape, **(BOOK | {"currency": "VND", "exchange_rate": rate}))
        assert found.startswith(f"exchange_rate: found {rate}, expected a finite number")
    yuan = read_portfolio(tape, **BOOK)
    amounts = ["income", "balance", "limit"]
    dong = tape.assign(**{name: tape[name] * 100 for name in amounts})
    priced = read_portfolio(dong, **(BOOK | {"currency": "VND", "exchange_rate": 100.0}))
    for name in PEOPLE:
        scale = 100 if name in {"income", "necessities", "liquid_buffer", "buffer_target"} else 1
        np.testing.assert_allclose(priced[name], scale * yuan[name], atol=0.51, err_msg=name)


def test_what_was_drawn_is_said():
    tape, _ = many(50)
    said = notes(read_portfolio(tape, **BOOK))
    assert said[0].startswith("tape: derived ")
    assert any(note.startswith("tape: drew ") and "job_loss_risk" in note for note in said)
    assert "tape: annual_rate did not steer the draw, so simulated losses hardly differ by grade" in said
    assert notes(three_book()) == []


def test_a_seed_repeats_the_draw_and_is_kept_if_none_is_given():
    tape, _ = many(50)
    first = read_portfolio(tape, **BOOK)
    assert first.attrs["donors"] == "preset china-online, seed 1, borrowers 400"
    assert first.identical(read_portfolio(tape, **BOOK))
    chance = read_portfolio(tape, **(BOOK | {"seed": None}))
    assert not chance.score.equals(first.score)
    assert chance.identical(read_portfolio(tape, **(BOOK | {"seed": int(chance.attrs["seed"])})))


def test_a_drawn_income_must_fit():
    tape = three().drop(columns=["income", "pay_level"])
    (found,) = refusal(tape, donors=DONORS)
    assert found.startswith("income: missing while ['necessities', 'liquid_buffer', 'buffer_target'] are given")


def test_what_the_tape_says_stays():
    book = read_portfolio(three().drop(columns=["score", "strategic"]), donors=DONORS, seed=1, **BASICS)
    assert book.attrs["drawn"] == "strategic, score"
    expected = three_book().drop_vars(["score", "strategic"])
    assert book.drop_vars(["score", "strategic"]).equals(expected)
