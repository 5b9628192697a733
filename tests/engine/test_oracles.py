"""The engine against what can be worked out by hand or on paper."""

from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pytest

from stresslab.engine.model import Model
from stresslab.engine.simulate import advance, simulate
from stresslab.population.synthetic import synthetic_portfolio
from tests.engine.small import book_of, flat, riskless

CENT = Decimal("0.01")
INSTALMENT = {"tenor_months": 12, "remaining_months": 12, "usual_balance": 12_000.0, "limit": 12_000.0}


def cents(amount):
    return Decimal(amount).quantize(CENT, ROUND_HALF_UP)


def balances(result):
    """Balance of the whole book by month, to the cent."""
    return [cents(value) for value in result["balance"].sum(("segment", "bucket")).values[0]]


def annuity(balance, rate, instalment, months):
    """Opening and closing balances of a loan repaid by equal instalments, each month's interest rounded once."""
    rows = [cents(balance)]
    for _ in range(months - 1):
        rows.append(rows[-1] + cents(rows[-1] * rate) - instalment)
    return [*rows, Decimal("0.00")]


# Schedules of single loans.


@pytest.fixture(scope="module")
def loan():
    """12,000 at 1 % a month, paid by 12 instalments of 12,000 x 0.01 / (1 - 1.01^-12) = 1,066.19."""
    return book_of(1, ("jiebei",), balance=12_000.0, instalment=1_066.19, **INSTALMENT)


def test_an_annuity_runs_off_to_the_cent(loan):
    result = simulate(loan, flat(14, 0.0), riskless(), seed=1, renewal="run-off", progress=False)
    schedule = annuity(12_000, Decimal("0.01"), Decimal("1066.19"), 12)
    assert schedule[1] == Decimal("11053.81")  # 12,000 + 120 - 1,066.19
    assert schedule[11] == Decimal("1055.58")  # the last instalment, 1,066.14, is due with 10.56 of interest
    assert balances(result) == [*schedule, 0, 0]
    assert balances(result) != [*annuity(12_000, Decimal("0.01"), Decimal("1066.18"), 12), 0, 0]
    paid = result["paid"].values.ravel()
    assert paid[1:13].tolist() == pytest.approx([1_066.19] * 11 + [1_066.14], abs=1e-9)
    assert result["interest"].sum() == pytest.approx(11 * 1_066.19 + 1_066.14 - 12_000)


@pytest.mark.parametrize(
    ("granted", "rate", "instalment", "left", "balance"),
    [(75_000.0, 0.08, 550.32, 347, 74_318.98), (123_000.0, 0.0775, 881.19, 346, 121_732.27)],
)
def test_two_mortgages_of_a_public_file_run_off(granted, rate, instalment, left, balance):
    """Loans 100007365142 and 100011322040 of Fannie Mae's file: what their schedules leave in the month published."""
    terms = {"tenor_months": 360, "remaining_months": 360, "usual_balance": granted, "limit": granted}
    book = book_of(1, ("jiebei",), balance=granted, annual_rate=rate, instalment=instalment, **terms)
    result = simulate(book, flat(361, 0.0), riskless(), seed=1, renewal="run-off", progress=False)
    assert float(balances(result)[360 - left]) == pytest.approx(balance, abs=0.06)  # instalments are whole cents
    assert balances(result)[-1] == 0
    principal = cents(result["paid"].sum().item() - result["interest"].sum().item())
    assert principal == cents(granted)


def test_a_static_book_grants_it_anew(loan):
    result = simulate(loan, flat(25, 0.0), riskless(), seed=1, progress=False)
    once = annuity(12_000, Decimal("0.01"), Decimal("1066.19"), 12)[:-1]
    assert balances(result) == [*once, *once, once[0], once[1]]
    granted = result["originated"].values.ravel()
    assert np.flatnonzero(granted).tolist() == [12, 24]
    assert granted.sum() == 24_000.0
    dry = simulate(loan, flat(25, 0.0, line_supply=0.0), riskless(), seed=1, progress=False)
    assert not dry["originated"].any()


def test_a_minimum_payer_by_hand():
    """10 % of the bill, at least 10.00; interest of 1 % on what is left of it.

    1,000 - 100 + 9.00 = 909.00;  909 - 90.90 + 8.18 = 826.28;  826.28 - 82.63 + 7.44 = 751.09
    """
    card = book_of(1, ("huabei",), balance=1_000.0)
    result = simulate(card, flat(3, 0.0), riskless(), seed=1, renewal="run-off", progress=False)
    assert balances(result) == [Decimal(value) for value in ("1000.00", "909.00", "826.28", "751.09")]
    assert result["paid"].values.ravel().tolist() == [0.0, 100.0, 90.9, 82.63]
    small = book_of(1, ("huabei",), balance=16.0, usual_balance=16.0)
    result = simulate(small, flat(2, 0.0), riskless(), seed=1, renewal="run-off", progress=False)
    assert balances(result) == [Decimal(value) for value in ("16.00", "6.06", "0.00")]  # the floor, then all of it


def test_a_floating_rate_by_hand():
    """12 %, and then half of 6 points more.

    1,000 - 100 + 9.00 = 909.00;  909 - 90.90 + 818.10 x 1.25 % = 828.33;  828.33 - 82.83 + 745.50 x 1 % = 752.96
    """
    card = book_of(1, ("huabei",), balance=1_000.0)
    model = riskless(**{"products.huabei.rate_pass_through": 0.5})
    macro = flat(3, 0.0, policy_rate=[0.02, 0.08, 0.02])
    result = simulate(card, macro, model, seed=1, renewal="run-off", progress=False)
    assert balances(result) == [Decimal(value) for value in ("1000.00", "909.00", "828.33", "752.96")]
    assert result["policy_rate"].values.tolist() == [[0.02, 0.02, 0.08, 0.02]]
    later = advance(card, macro, 2, model, seed=1, renewal="run-off")
    assert later["annual_rate"].item() == pytest.approx(0.15)
    free = simulate(card, flat(2, 0.0, policy_rate=[0.5, 0.0]), model, seed=1, renewal="run-off", progress=False)
    assert free["interest"].values.ravel().tolist() == [0.0, 9.0, 0.0]  # no rate is below 0


def test_a_minimum_payer_who_keeps_spending_by_hand():
    """He spends what he paid: 1,000 - 100 + 9.00 + 100 = 1,009.00;  1,009 - 100.90 + 9.08 + 91.90 = 1,009.08"""
    card = book_of(1, ("huabei",), balance=1_000.0)
    result = simulate(card, flat(2, 0.0), riskless(), seed=1, progress=False)
    assert balances(result) == [Decimal(value) for value in ("1000.00", "1009.00", "1009.08")]
    transactor = book_of(1, ("huabei",), balance=1_000.0, transactor=True)
    result = simulate(transactor, flat(2, 0.0), riskless(), seed=1, progress=False)
    assert balances(result) == [1_000, 1_000, 1_000]
    assert not result["interest"].any()


@pytest.mark.parametrize("months", [3, 6, 10, 13])
def test_write_off_comes_at_its_month(months):
    """Who has nothing misses every due date; balance and late charges leave the book in month `write_off_months`."""
    broke = book_of(3, ("jiebei",), balance=12_000.0, instalment=1_066.19, income=0.0, liquid_buffer=0.0, **INSTALMENT)
    model = riskless(**{"products.jiebei.write_off_months": months})
    result = simulate(broke, flat(15, 0.0), model, seed=1, renewal="run-off", progress=False)
    written_off = result["written_off"].values.ravel()
    assert np.flatnonzero(written_off).tolist() == [months]
    before = float(result["balance"].isel(month=months - 1).sum())
    last = result.isel(month=months)
    assert written_off[months] == pytest.approx(before + float(last["interest"].sum() + last["fees"].sum()))
    assert result["accounts"].isel(month=slice(months, None)).sum() == 0
    assert result["entries_to_arrears"].sum("month").sel(cause="illiquidity").item() == 3
    assert np.flatnonzero(result["defaulted"].values.ravel()).tolist() == [3]


# Scores.


def test_a_score_forgets_by_hand():
    """One of two loans usual anywhere: + 10. A due date missed long ago: 80 points, of which 31 / 256 fade a month.

    256 -> 225 -> 198 -> 175 in 256ths, times 80: 70, 61 and 54 points. Stage 2 from 60 below the application score;
    a month goes by what the score was before it.
    """
    loan = book_of(1, ("jiebei",), balance=12_000.0, instalment=1_066.19, recent_arrears=1.0, **INSTALMENT)
    model = riskless(**{"scoring.loan_points": 10, "scoring.arrears_points": 80, "scoring.arrears_forgotten": 0.12})
    result = simulate(loan, flat(4, 0.0), model, seed=1, renewal="run-off", progress=False, trace=[0])
    assert result["trace_score"].values.ravel().tolist()[:4] == [600, 540, 549, 556]
    watched = result["stage_balance"].sel(stage=2).values.ravel() > 0
    assert watched.tolist() == [False, False, True, False, False]
    assert (result["stage_balance"].sum("stage") == result["balance"].sum("bucket")).all()
    again = simulate(loan.assign(score_change=loan["score_change"] - 60), flat(1, 0.0), model, seed=1, progress=False)
    assert (again["stage_balance"].sel(stage=2).values.ravel() > 0).tolist() == [True, True]


@pytest.mark.parametrize(("balance", "score"), [(1_500.0, 590), (1_000.0, 610), (500.0, 630), (0.0, 660)])
def test_use_of_a_line_and_loans_elsewhere_by_hand(balance, score):
    """40 (2 x use - 1) points off, and 10 on for each loan fewer than two; nothing owed is no loan."""
    line = book_of(1, ("huabei",), balance=balance, usual_balance=balance, annual_rate=0.0)
    result = simulate(line, flat(1, 0.0), riskless(), seed=1, progress=False, trace=[0])
    assert result["trace_score"].values.ravel().tolist() == [600, score]


# Chances.


def entries_and_chances(result, cause):
    """Loans that fell into arrears for a cause in each month, and those that were current at its beginning."""
    entries = result["entries_to_arrears"].sel(cause=cause).sum("segment").values[0, 1:]
    current = result["accounts"].isel(bucket=0).sum("segment").values[0, :-1]
    return entries, current


def are_binomial(entries, current, chance):
    """Every month's entries, and all together, within four standard errors."""
    counts, trials = np.append(entries, entries.sum()), np.append(current, current.sum())
    error = np.sqrt(trials * chance * (1.0 - chance))
    return bool((np.abs(counts - trials * chance) <= 4.0 * error).all())


LONG = {"tenor_months": 120, "remaining_months": 120, "instalment": 14.35}


def test_strategic_default_is_geometric():
    """A constant hazard: of those still current each month a share p stops, and hardly any of them returns."""
    rich = book_of(4_000, ("jiebei",), strategic=True, **LONG)
    model = riskless(**{"willingness.strategic_monthly": 0.05, "willingness.strategic_resolve": 0.98})
    result = simulate(rich, flat(8, 0.0), model, seed=3, renewal="run-off", progress=False)
    entries, current = entries_and_chances(result, "strategic")
    assert are_binomial(entries, current, 0.05)
    assert not are_binomial(entries, current, 0.06)
    assert result["entries_to_arrears"].sum() == entries.sum()
    returned = 0.02 * 8 * 7 / 2 * 0.05 * 4_000  # at most: a fiftieth of the stopped in each later month
    survivors, expected = current[-1], 4_000 * 0.95**7
    error = np.sqrt(expected * (1.0 - 0.95**7))
    assert -4.0 * error <= survivors - expected <= 4.0 * error + returned


def test_honest_borrowers_never_stop_by_choice():
    honest = book_of(500, ("jiebei",), **LONG)
    model = riskless(**{"willingness.strategic_monthly": 0.5})
    result = simulate(honest, flat(8, 0.0), model, seed=3, renewal="run-off", progress=False)
    assert not result["entries_to_arrears"].any()


def test_forgetting_is_binomial_and_independent_between_loans():
    rich = book_of(3_000, ("jiebei", "micro-loan"), **LONG)
    model = riskless(**{"willingness.forgetting": 0.1, "willingness.cured_in_month": 0.6, "willingness.give_up": [0.0]})
    result = simulate(rich, flat(12, 0.0), model, seed=3, renewal="run-off", progress=False)
    entries, current = entries_and_chances(result, "forgetting")
    assert are_binomial(entries, current, 0.1 * (1.0 - 0.6))
    assert not are_binomial(entries, current, 0.1)
    days = advance(rich, flat(1, 0.0), 1, model, seed=3)["days_past_due"].values.reshape(3_000, 2)
    both = (days > 0).all(axis=1).sum(keepdims=True)
    assert are_binomial(both, np.array([3_000]), 0.04**2)
    assert not are_binomial(both, np.array([3_000]), 0.04)  # as if one draw were for both loans


def test_forgetting_and_stopping_by_choice_add_up():
    """Half forget and half stop by choice: nobody is left to pay."""
    rich = book_of(1_000, ("jiebei",), strategic=True, **LONG)
    certain = {"forgetting": 0.5, "cured_in_month": 0.0, "strategic_monthly": 0.5}
    model = riskless(**{f"willingness.{name}": value for name, value in certain.items()})
    result = simulate(rich, flat(1, 0.0), model, seed=3, renewal="run-off", progress=False)
    causes = result["entries_to_arrears"].isel(path=0, month=1, segment=0)
    assert causes.sum() == 1_000
    for cause in ("forgetting", "strategic"):
        assert are_binomial(causes.sel(cause=[cause]).values, np.array([1_000]), 0.5)


MISREAD = {"willingness.misunderstanding": 0.2, "willingness.cured_in_month": 0.6, "willingness.give_up": [0.0]}


def test_only_the_first_due_date_of_a_new_loan_is_misread():
    """0.2 (1 - 0.6) of new instalment loans in their first month; none later, none of older ones, no line."""
    new, old = (book_of(4_000, ("jiebei",), **LONG | {"remaining_months": months}) for months in (120, 119))
    for book, chance in ((new, 0.08), (old, 0.0), (book_of(500, ("huabei",)), 0.0)):
        result = simulate(book, flat(6, 0.0), riskless(**MISREAD), seed=3, renewal="run-off", progress=False)
        entries, current = entries_and_chances(result, "misunderstanding")
        assert are_binomial(entries[:1], current[:1], chance)
        assert not entries[1:].any()
        assert result["entries_to_arrears"].sum() == entries.sum()
    assert not are_binomial(entries[:1], current[:1], 0.2)


def test_a_loan_granted_anew_is_misread_anew():
    """The last instalment is paid in month 1, so that month 2 asks for the first of the next loan."""
    book = book_of(4_000, ("jiebei",), **LONG | {"remaining_months": 1})
    result = simulate(book, flat(3, 0.0), riskless(**MISREAD), seed=3, progress=False)
    entries, current = entries_and_chances(result, "misunderstanding")
    assert entries[[0, 2]].tolist() == [0, 0]
    assert are_binomial(entries[1:2], current[1:2], 0.08)


def test_forgetting_and_misreading_add_up():
    """Half forget and half misread: nobody is left to pay a first instalment."""
    book = book_of(1_000, ("jiebei",), **LONG)
    certain = {"forgetting": 0.5, "misunderstanding": 0.5, "cured_in_month": 0.0}
    model = riskless(**{f"willingness.{name}": value for name, value in certain.items()})
    result = simulate(book, flat(1, 0.0), model, seed=3, renewal="run-off", progress=False)
    causes = result["entries_to_arrears"].isel(path=0, month=1, segment=0)
    assert causes.sum() == 1_000
    for cause in ("forgetting", "misunderstanding"):
        assert are_binomial(causes.sel(cause=[cause]).values, np.array([1_000]), 0.5)


def test_without_reminders_more_is_forgotten():
    """A fiftieth of the cures in the month needs a collector: without any, 0.1 (1 - 0.6 x 0.98)."""
    rich = book_of(4_000, ("jiebei",), **LONG)
    model = riskless(**{"willingness.forgetting": 0.5, "willingness.cured_in_month": 0.8, "willingness.give_up": [0.0]})
    alone = flat(12, 0.0, collections_capacity=0.0)
    entries, current = entries_and_chances(
        simulate(rich, alone, model, seed=3, renewal="run-off", progress=False), "forgetting"
    )
    assert are_binomial(entries, current, 0.5 * (1.0 - 0.8 * 0.98))
    assert not are_binomial(entries, current, 0.5 * (1.0 - 0.8))


def follows(rate, path, people):
    """Simulated unemployment within three standard errors of the path in every month."""
    error = np.sqrt(path * (1.0 - path) / people)
    return bool((np.abs(rate - path) <= 3.0 * error).all())


@pytest.mark.parametrize("preset", ["china-online", "us-card"])
def test_unemployment_follows_the_macro_path(preset):
    book = synthetic_portfolio(preset, borrowers=20_000, seed=5)
    path = np.r_[np.linspace(0.05, 0.11, 10), np.full(8, 0.11), np.linspace(0.11, 0.06, 18)]
    rate = simulate(book, flat(36, path), seed=7, progress=False)["unemployment_rate"].values[0, 1:]
    ratio = Model.from_preset(preset).employment.borrower_ratio
    assert follows(rate, path * ratio, 20_000)
    assert not follows(rate, path * 1.1 * ratio, 20_000)


def losses(book, level, seed):
    """Mean over paths of what is written off or past 30 days at the end, under a constant unemployment [currency]."""
    macro = flat(24, level).expand_dims(path=range(4))
    result = simulate(book, macro, seed=seed, progress=False)
    late = result["balance"].isel(month=-1, bucket=slice(1, None)).sum(("segment", "bucket"))
    return float((result["written_off"].sum(("month", "segment")) + late).mean())


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_harsher_unemployment_under_the_same_draws_costs_more(seed):
    book = synthetic_portfolio("china-online", borrowers=3_000, seed=5)
    ladder = [losses(book, level, seed) for level in (0.04, 0.06, 0.09, 0.14, 0.22)]
    assert (np.diff(ladder) > 0.0).all()
    unlike = [losses(book, level, other) for level, other in ((0.06, 1), (0.0605, 2), (0.061, 3), (0.0615, 1))]
    assert not (np.diff(unlike) > 0.0).all()  # other draws drown a difference that small


def test_claims_recover_about_eight_percent():
    """A claim keeps 1 - h m of itself in the mean each month: h = 0.0115 x 2^(-age / 12), m = 0.2 + 0.8 x 0.25."""
    people, years = 6_000, 8
    broke = book_of(people, ("jiebei",), instalment=100.0, income=0.0, liquid_buffer=0.0, **INSTALMENT)
    model = riskless(**{"products.jiebei.write_off_months": 3})
    result = simulate(broke, flat(3 + 12 * years, 0.0), model, seed=9, renewal="run-off", progress=False)
    share = float(result["recovered"].sum() / result["written_off"].sum())
    age = np.arange(12 * years)
    expected = 1.0 - np.prod(1.0 - 0.0115 * 2.0 ** (-age / 12.0) * 0.4)
    each = np.sqrt(0.0115 * (2.0 ** (-age / 12.0)).sum() * (0.2 + 0.8 * 0.25**2 * 9 / 5))  # E v^4 / (E v^2)^2 = 9 / 5
    assert abs(share - expected) < 4.0 * each / np.sqrt(people)
    assert share == pytest.approx(0.08, abs=4.0 * each / np.sqrt(people))
    without_fading = 1.0 - (1.0 - 0.0115 * 0.4) ** (12 * years)
    assert not abs(share - without_fading) < 4.0 * each / np.sqrt(people)
    yearly = result["recovered"].sum("segment").values[0, 4:].reshape(years, 12).sum(axis=1)
    assert yearly[0] > yearly[1] > yearly[3] > yearly[6]


def test_pay_keeps_its_mean():
    """Shocks of both kinds have mean 1: over a year aggregate pay stays with the wage, falls apart."""
    people = book_of(300, ("huabei",))
    quiet = {"income.passing_sd_monthly": 0.12, "income.lasting_sd_annual": 0.12}
    macro = flat(12, 0.0, growth=0.05 - 0.12)
    model = riskless().replace(**quiet)
    lives = simulate(people, macro, model, seed=2, progress=False, trace=range(300))["trace_pay"]
    mean = lives.values[0, 1:].mean(axis=1) / 10_000.0
    wage = 0.99 ** np.arange(1, 13)
    error = 0.12 * np.sqrt(1.0 + np.arange(1, 13) / 12.0) / np.sqrt(300)
    assert (np.abs(mean / wage - 1.0) < 4.0 * error).all()
    assert not (np.abs(mean - 1.0) < 4.0 * error).all()


def test_applications_are_granted_by_score():
    """Who has paid off applies in 3 of 10 months; at 530 between 480 and 580 half are granted, of half the supply.

    An application not granted stays with the bureau: 15 points each, of which a quarter fades a month.
    """
    paid_off = {"balance": 0.0, "usual_balance": 12_000.0, "tenor_months": 12, "remaining_months": 0, "score": 530.0}
    book = book_of(4_000, ("jiebei",), instalment=1_066.19, **paid_off)
    model = riskless(**{"applications.usual_monthly": 0.3})
    for supply in (1.0, 0.5):
        result = simulate(book, flat(1, 0.0, line_supply=supply), model, seed=3, progress=False)
        granted = result["originated"].values[0, 1] / 12_000.0
        assert are_binomial(granted, np.array([4_000]), 0.3 * 0.5 * supply)
        assert not are_binomial(granted, np.array([4_000]), 0.3)
    after = advance(book, flat(1, 0.0), 1, model, seed=3)
    asked = after["inquiries"].values
    assert set(np.unique(asked)) == {0.0, 1.0}
    assert are_binomial(asked.sum(keepdims=True), np.array([4_000]), 0.3)
    for score, chance in ((480.0, 0.0), (580.0, 0.3)):
        other = simulate(book.assign(score=book["score"] * 0 + score), flat(1, 0.0), model, seed=3, progress=False)
        assert are_binomial(other["originated"].values[0, 1] / 12_000.0, np.array([4_000]), chance)
    gone = simulate(book, flat(3, 0.0), model, seed=3, renewal="run-off", progress=False)
    assert not gone["originated"].any()
