"""What moves the response: each mechanism by hand or by its sign, and switched off."""

import numpy as np
import pytest
import xarray as xr

from stresslab.engine.actions import LimitManagement
from stresslab.engine.model import Model
from stresslab.engine.packing import departures, short_pay
from stresslab.engine.simulate import advance, simulate
from stresslab.noted import notes
from stresslab.population.synthetic import synthetic_portfolio
from stresslab.scenarios.supply import supply_stop
from stresslab.schema import InputError
from tests.engine.small import TREND, book_of, flat, riskless

MODEL = Model.from_preset("china-online")


@pytest.fixture(scope="module")
def book():
    return synthetic_portfolio("china-online", borrowers=3_000, seed=1)


def run(book, macro, model=None, **asked):
    return simulate(book, macro, model, seed=5, threads=1, progress=False, **asked)


def entries(result):
    return float(result["entries_to_arrears"].sum())


def paths(macro):
    return macro.expand_dims(path=[0])


# Pay, hours, prices.


def test_departures_of_pay_fade(book):
    growth = np.array([-0.2, -0.2, TREND, TREND, 0.3])
    found = departures(paths(flat(5, growth=growth)), book, MODEL.replace(**{"income.adjustment_monthly": 0.1}))[0][0]
    level, wanted = 0.0, []
    for month in growth:
        level = 0.9 * level + np.log1p((month - TREND) / 12)
        wanted.append(level)
    np.testing.assert_allclose(found, wanted, atol=1e-12)
    for_ever = departures(paths(flat(5, growth=growth)), book, MODEL.replace(**{"income.adjustment_monthly": 0.0}))[0][
        0
    ]
    np.testing.assert_allclose(np.exp(for_ever), np.cumprod(1 + (growth - TREND) / 12), atol=1e-12)


def test_a_run_in_pieces_goes_on_with_the_same_pay():
    one = book_of(3, ("huabei",))
    macro = flat(8, growth=-0.3, inflation=0.3)
    whole = advance(one, macro, 8, riskless(), seed=1)
    half = advance(one, macro.isel(month=slice(0, 4)), 4, riskless(), seed=1)
    both = advance(half, macro.isel(month=slice(4, 8)), 4, riskless(), seed=1, first_month=4)
    np.testing.assert_allclose(both["income"], whole["income"], rtol=1e-6)
    np.testing.assert_allclose(both["necessities"], whole["necessities"], rtol=1e-6)
    assert both.attrs["income_departure"] == pytest.approx(whole.attrs["income_departure"])


def test_short_hours_come_with_the_rise_of_unemployment(book):
    """From 5.2 % on the portfolio's day to 7.2 % in month 1 and later: 2 x 2 points for a year, and then none."""
    macro = paths(flat(14, 0.072))
    share, loss = short_pay(macro, book, MODEL)
    np.testing.assert_allclose(share[0, :12], 0.04)
    np.testing.assert_allclose(share[0, 12:], 0.0)
    assert (loss == 0.35).all()
    given = macro.assign(
        furlough_share=("month", np.r_[0.1, np.zeros(13)]), furlough_income_loss=0.5 + 0 * macro["month"]
    )
    share, loss = short_pay(given, book, MODEL)
    assert share[0].tolist() == [0.1, *[0.0] * 13]
    assert (loss == 0.5).all()
    assert any(
        note.startswith("short hours: for each point that unemployment rises in a year 2 %")
        for note in notes(run(book, macro))
    )
    assert not any(note.startswith("short hours") for note in notes(run(book, given)))
    off = MODEL.replace(**{"income.short_hours_share": 0.0})
    assert not short_pay(macro, book, off)[0].any()
    assert entries(run(book, macro)) > entries(run(book, macro, off))


def test_the_same_borrowers_are_on_short_pay_for_half_a_year():
    one = book_of(500, ("huabei",))
    macro = flat(12, furlough_share=0.3, furlough_income_loss=0.5)
    pay = run(one, macro, riskless(), trace=range(500))["trace_pay"].isel(path=0, month=slice(1, None)).values
    short = pay < 9_000
    assert abs(short[0].mean() - 0.3) < 0.07
    assert (short[:6] == short[0]).all()
    assert (short[6:] == short[6]).all()
    assert abs((short[0] & short[6]).mean() - 0.09) < 0.05  # drawn anew


def test_incomes_that_lag_prices_hurt(book):
    calm = flat(18, inflation=0.005)
    lagging = flat(18, growth=TREND - 0.1, inflation=0.105)
    assert entries(run(book, lagging)) > entries(run(book, calm))
    deaf = MODEL.replace(**{"spending.follows_prices": 0.0})
    with_it, without = run(book, lagging, deaf), run(book, lagging.drop_vars("inflation"), deaf)
    assert with_it["balance"].equals(without["balance"])
    assert not with_it["balance"].equals(run(book, lagging)["balance"])


def test_necessities_follow_prices_and_nominal_pay_does_too():
    """Prices 10 % above their trend at an adjustment of nothing; real income on trend, so pay rises with them."""
    model = riskless(**{"income.adjustment_monthly": 0.0, "income.normal_inflation_annual": 0.0})
    one = book_of(1, ("huabei",), necessities=1_000.0, balance=0.0, usual_balance=0.0)
    traced = run(one, flat(1, inflation=1.2), model, trace=[0]).isel(path=0, month=1)
    assert traced["trace_necessities"].item() == pytest.approx(1_100.0, abs=0.02)
    assert traced["trace_pay"].item() == pytest.approx(11_000.0, rel=1e-6)


# Supply.


def test_a_stop_by_product_leaves_the_others_open(book):
    closed = supply_stop(flat(6), 6, products=["jiebei", "micro-loan"])
    supply = run(book, closed)["line_supply"].isel(path=0, month=3)
    stopped = np.isin(supply["product"].values, ["jiebei", "micro-loan"])
    assert (supply.values == np.where(stopped, 0.0, 1.0)).all()
    assert not run(book, closed)["originated"].isel(segment=np.flatnonzero(stopped)).any()
    one = supply_stop(flat(6), 2, start=3, supply=0.5, lenders=["bank-1"])
    supply = run(book, one)["line_supply"].isel(path=0)
    mine = supply["lender"].values == "bank-1"
    assert (supply.values[:, mine].T == [1.0, 1.0, 1.0, 0.5, 0.5, 1.0, 1.0]).all()
    assert (supply.values[:, ~mine] == 1.0).all()
    with pytest.raises(InputError, match=r"jibei.*write 'jiebei'"):
        run(book, supply_stop(flat(6), 6, products=["jibei"]))
    with pytest.raises(InputError, match="line_supply: found a path that all lenders have in common"):
        supply_stop(flat(6, line_supply=0.5), 6, lenders=["bank-1"])


def test_a_lender_stops_one_product_by_limit_management(book):
    result = run(book, flat(4), responses=[LimitManagement(cut=1.0, products=("jiebei",))])
    supply = result["line_supply"].isel(path=0, month=2)
    mine = (supply["lender"] == "ant") & (supply["product"] == "jiebei")
    assert (supply == xr.where(mine, 0.0, 1.0)).all()
    with pytest.raises(InputError, match="product: found 'jibei'"):
        run(book, flat(4), responses=[LimitManagement(products=("jibei",))])


def test_spending_on_a_closed_line_stops_and_is_not_owed_in_cash():
    """Pay 10,000, needs 9,800, a bill of 5,000 that is paid and spent again each month, no savings."""
    poor = {"necessities": 9_800.0, "liquid_buffer": 0.0, "buffer_target": 0.0, "transactor": True}
    one = book_of(1, ("huabei",), balance=5_000.0, usual_balance=5_000.0, limit=20_000.0, annual_rate=0.0, **poor)
    stop = supply_stop(flat(3), 3)
    for forgone, owed in ((1.0, False), (0.0, True)):
        result = run(one, stop, riskless(**{"spending.forgone_share": forgone}), trace=[0])
        assert bool(result["entries_to_arrears"].any()) == owed
        assert not result["drawn"].any()
    traced = run(one, stop, riskless(), trace=[0]).isel(path=0, traced=0, traced_loan=0)
    assert traced["trace_necessities"].values.tolist()[1:] == [4_800.0, 9_800.0, 9_800.0]
    assert traced["trace_balance"].values.tolist() == [5_000.0, 0.0, 0.0, 0.0]


# Who is paid, who is let off.


def test_necessities_are_given_up_for_a_payment_with_stakes():
    """Cash of nothing and a payment of 500: it takes 5 % of necessities of 10,000."""
    poor = {"necessities": 10_000.0, "liquid_buffer": 0.0, "buffer_target": 0.0, "balance": 5_000.0}
    one = book_of(1, ("bank-card",), limit=5_000.0, usual_balance=5_000.0, **poor)
    for effort, paid in ((0.049, 490.0), (0.05, 500.0), (0.4, 500.0), (0.0, 0.0)):
        model = riskless(**{"products.bank-card.effort": effort})
        result = run(one, supply_stop(flat(1), 1), model.replace(**{"spending.forgone_share": 0.0}))
        assert result["paid"].sum().item() == pytest.approx(paid)


def test_the_bank_is_paid_before_the_platform(book):
    off = MODEL.replace(**{"products.bank-card.effort": 0.0})
    macro = flat(18, np.linspace(0.055, 0.12, 18))
    with_it, without = run(book, macro), run(book, macro, off)
    bank = with_it["product"].values == "bank-card"
    assert entries(with_it.isel(segment=bank)) < entries(without.isel(segment=bank))


def test_bankrupts_are_charged_off_at_60_days():
    """All of those who stop paying in month 1 are at 60 days in month 2; nothing is recovered on what is discharged."""
    changes = {"willingness.strategic_monthly": 0.5, "willingness.strategic_resolve": 0.98}
    one = book_of(400, ("jiebei",), strategic=True, instalment=106.62, tenor_months=12, remaining_months=12)
    for share in (0.0, 0.4, 1.0):
        model = riskless(
            **changes, **{"products.jiebei.bankruptcy_share": share, "products.jiebei.recovery_monthly": 0.5}
        )
        result = run(one, flat(3), model, renewal="run-off").isel(path=0, segment=0)
        late = result["balance"].isel(bucket=2, month=2).item() + result["written_off"].isel(month=2).item()
        assert late > 0
        assert result["written_off"].isel(month=2).item() == pytest.approx(share * late, rel=0.15)
        assert ("discharged" in result) == (share > 0.0)
        if share > 0.0:
            assert result["discharged"].equals(result["written_off"])
            assert not result["recovered"].any()
            assert result["defaulted"].isel(month=2).item() == result["written_off"].isel(month=2).item()


def test_a_windfall_stays_above_the_target_and_is_spent_little_by_little():
    one = book_of(1, ("huabei",), balance=0.0, usual_balance=0.0, liquid_buffer=1_000.0, buffer_target=1_000.0)
    macro = flat(3, one_off_transfer=[1.5, 0.0, 0.0])
    model = riskless(**{"spending.excess_spent_monthly": 0.1, "income.low_pay": 0.0, "spending.saving_share": 0.0})
    needy = one.assign(necessities=("borrower", [10_000.0]))
    buffer = run(needy, macro, model, trace=[0])["trace_buffer"].isel(path=0, traced=0).values
    np.testing.assert_allclose(buffer, [1_000.0, 14_500.0, 13_150.0, 11_935.0], atol=1.0)
    kept = run(needy, macro, model.replace(**{"spending.excess_spent_monthly": 0.0}), trace=[0])
    np.testing.assert_allclose(kept["trace_buffer"].isel(path=0, traced=0), [1_000.0, 16_000.0, 16_000.0, 16_000.0])


def test_days_past_due_stand_still_where_payments_are_deferred(book):
    decree = flat(3, 0.09, payment_deferral=1.0)
    before, after = book["days_past_due"], advance(book, decree, 1, seed=5)["days_past_due"]
    assert (after <= before).all()
    assert (after < before).any()
    result, free = run(book, decree), run(book, flat(3, 0.09))
    assert not result["entries_to_arrears"].any()
    assert float(result["deferred"].sum()) > 0.0
    assert "deferred" not in free
    late = result["fees"].isel(month=slice(1, None)).sum().item()
    assert late < 0.2 * free["fees"].sum().item()  # of those who paid a part
    half = run(book, flat(3, 0.09, payment_deferral=0.5))
    assert 0.3 < entries(half) / entries(free) < 0.7


def test_new_borrowers_take_the_places_of_those_written_off():
    """Without any loan and with a job: a line is granted, and the newcomer has usual pay and a full buffer."""
    gone = {"balance": 0.0, "written_off": True, "claim": 100.0, "claim_months": 600, "recent_arrears": 9.0}
    one = book_of(500, ("huabei",), pay_level=0.5, liquid_buffer=0.0, buffer_target=3_000.0, **gone)
    rare = {"products.huabei.relet_monthly": 0.0, "income.persistence_monthly": 1.0}
    after = advance(one, flat(1), 1, riskless(**rare, **{"applications.entrants_monthly": 0.4}), seed=1)
    new = ~after["written_off"].values
    assert 0.3 < new.mean() < 0.5
    assert (after["pay_level"].values == np.where(new, 1.0, 0.5)).all()
    assert (after["liquid_buffer"].values[new] == 3_000.0).all()
    assert (after["recent_arrears"].values[new] == 0.0).all()
    assert advance(one, flat(1), 1, riskless(**rare), seed=1)["written_off"].all()


# Who is fragile, and what the score sees of it.


def test_fragility_moves_risks_together():
    book = synthetic_portfolio("china-online", borrowers=4_000, seed=2, seasoning_months=0)
    risk, expense = np.log(book["job_loss_risk"]), np.log(book["expense_risk"])
    assert np.corrcoef(risk, expense)[0, 1] > 0.5
    assert np.corrcoef(expense, np.log(book["buffer_target"] / book["income"] + 1e-9))[0, 1] < -0.1
    assert float(book["job_loss_risk"].mean()) == pytest.approx(1.0, abs=0.05)
    assert float(book["expense_risk"].mean()) == pytest.approx(1.0, abs=0.02)
    assert np.corrcoef(book["score"], expense)[0, 1] < -0.4


def test_a_chance_of_an_expense_above_one_is_refused():
    with pytest.raises(InputError, match=r"expense_risk: found 80 with spending\.expense_monthly 0\.015"):
        run(book_of(2, ("huabei",), expense_risk=80.0), flat(1), MODEL)


def test_expenses_come_to_those_at_risk():
    rare = {"spending.expense_monthly": 0.2, "spending.expense_mean": 1.0}
    one = book_of(600, ("huabei",), expense_risk=np.repeat([0.5, 1.5], 300))
    traced = run(one, flat(1), riskless(**rare), trace=range(600))["trace_necessities"].isel(path=0, month=1).values
    hit = (traced > 0).reshape(2, 300).mean(axis=1)
    np.testing.assert_allclose(hit, [0.1, 0.3], atol=0.08)
