"""Figures that a model is to reproduce: hand counts, and the same figure of a panel and of a result."""

import numpy as np
import pandas as pd
import pytest

import stresslab as sl
from stresslab.schema import InputError
from stresslab.studies.calibration.targets import (
    Target,
    Targets,
    arrears_share,
    charge_off_rate_annual,
    default_rate_annual,
    loss_given_write_off,
    roll_rate,
    vintage_loss,
)
from stresslab.studies.calibration.targets_from_data import from_panel, from_tape
from stresslab.testing import made_up_result

PANEL = pd.DataFrame(
    {
        "loan": np.repeat([1, 2, 3, 4], 3),
        "month": [0, 1, 2] * 4,
        "days_past_due": [0, 30, 60, 0, 0, 30, 30, 60, 0, 0, 0, 0],
        "balance": [100.0, 100.0, 100.0, 50.0, 50.0, 50.0, 200.0, 200.0, 200.0, 150.0, 150.0, 150.0],
    }
)


def values(targets):
    return {one.name: one.value for one in targets}


def test_a_panel_counted_by_hand():
    found = values(from_panel(PANEL, days=[30, 60], rolls=1, of="accounts"))
    # five loan-months current before another month, two of which are followed by 30 days; two late, both go on
    assert found["roll_rate_current_to_30_59"] == pytest.approx(2 / 5)
    assert found["arrears_share_30"] == pytest.approx((2 / 4 + 2 / 4) / 2)
    assert found["arrears_share_60"] == pytest.approx((1 / 4 + 1 / 4) / 2)
    money = values(from_panel(PANEL, days=[30], rolls=1))
    assert money["roll_rate_current_to_30_59"] == pytest.approx((100 + 50) / (100 + 50 + 50 + 150 + 150))
    assert money["arrears_share_30"] == pytest.approx((300 / 500 + 150 / 500) / 2)


def test_a_share_of_one_month_has_the_binomial_error():
    late = np.arange(400) < 30
    table = pd.DataFrame(
        {"loan": np.tile(np.arange(400), 2), "month": np.repeat([0, 1], 400), "balance": 1.0,
         "days_past_due": np.concatenate([np.zeros(400, int), 30 * late])}
    )  # fmt: skip
    (share,) = from_panel(table, rolls=0, days=[30], of="accounts")
    assert share.standard_error == pytest.approx(np.sqrt(0.075 * 0.925 / 399))


def test_loans_of_one_borrower_count_once():
    table = pd.concat([PANEL, PANEL.assign(loan=PANEL["loan"] + 10)]).assign(borrower=lambda t: t["loan"] % 10)
    loans = from_panel(table, days=[30], rolls=0)
    people = from_panel(table, days=[30], rolls=0, cluster="borrower")
    assert loans[0].value == people[0].value
    assert people[0].standard_error == pytest.approx(from_panel(PANEL, days=[30], rolls=0)[0].standard_error)
    assert people[0].standard_error > 1.2 * loans[0].standard_error


def test_a_panel_and_a_result_of_the_same_lives_agree():
    book = sl.synthetic_portfolio("china-online", borrowers=2_000, seed=1)
    macro = sl.scenario("china-baseline").isel(month=slice(0, 8))
    seen = sl.panel(book, macro, seed=3)
    names = ("balance", "days_past_due")
    frame = seen[list(names)].to_dataframe().reset_index()[["month", "loan", *names]]
    for of in ("balance", "accounts"):
        result = sl.simulate(book, macro, seed=3, progress=False)
        for one in from_panel(frame, of=of, lender="all"):
            exact = of == "balance" or one.name in ("roll_rate_30_59_to_60_89", "roll_rate_60_89_to_90_119")
            if exact:  # open lines without a balance are accounts, but no rows of the panel
                assert one.statistic(result) == pytest.approx(one.value, rel=1e-12), one.name
    wrong = sl.simulate(book, macro, seed=4, progress=False)
    assert from_panel(frame, lender="all")[0].statistic(wrong) != pytest.approx(
        from_panel(frame, lender="all")[0].value, rel=1e-6
    )


def test_statistics_of_a_result_by_hand():
    result = made_up_result(paths=3, months=12)
    own = result.isel(segment=[0, 1]).sum("segment")
    balance = own["balance"]
    late = balance.isel(month=slice(3, 7), bucket=slice(3, None)).sum(("bucket", "path"))
    share = (late / balance.isel(month=slice(3, 7)).sum(("bucket", "path"))).mean()
    assert arrears_share(90, (3, 6))(result) == pytest.approx(float(share))
    rolled = float(balance.sel(bucket="60-89").isel(month=slice(1, None)).sum())
    before = float(balance.sel(bucket="30-59").isel(month=slice(None, -1)).sum())
    assert roll_rate("30-59", "60-89")(result) == pytest.approx(rolled / before)
    gross = float((own["written_off"] + own["forgiven"]).sum())
    back = float(own["recovered"].sum())
    total = balance.sum("bucket").sum("path")
    mean = float((0.5 * (total[1:].values + total[:-1].values)).sum())
    assert charge_off_rate_annual()(result) == pytest.approx(12.0 * (gross - back) / mean)
    assert charge_off_rate_annual(net=False)(result) == pytest.approx(12.0 * gross / mean)
    assert vintage_loss(net=False)(result) == pytest.approx(gross / float(total[0]))
    assert loss_given_write_off()(result) == pytest.approx(1.0 - back / gross)
    sound = float(balance.isel(month=slice(None, -1), bucket=slice(0, 3)).sum())
    assert default_rate_annual()(result) == pytest.approx(12.0 * float(own["defaulted"].sum()) / sound)
    card = vintage_loss(product="card", net=False)(result)
    one = result.isel(segment=0)
    assert card == pytest.approx(
        float((one["written_off"] + one["forgiven"]).sum() / one["balance"].isel(month=0).sum())
    )


def test_a_tape_counted_by_hand():
    tape = pd.DataFrame(
        {"grade": list("AAAABBBB"), "granted": [100.0] * 8, "lost": [0, 0, 0, 40.0, 0, 60.0, 0, 80.0],
         "recovered": [0, 0, 0, 4.0, 0, 6.0, 0, 12.0]}
    )  # fmt: skip
    found = from_tape(tape)
    assert values(found) == pytest.approx(
        {"vintage_loss_A": 0.10, "vintage_loss_B": 0.35, "loss_given_write_off": 1.0 - 22.0 / 180.0}
    )
    sd = np.std([0.0, 0.0, 0.0, 0.4], ddof=1)
    assert found[0].standard_error == pytest.approx(sd / 2.0)
    assert found.correlation[0, 1] == pytest.approx(0.0)
    assert abs(found.correlation[0, 2]) > 0.01


def test_targets_are_joined():
    both = from_panel(PANEL, days=[30], rolls=1) + Targets([Target("x", 1.0, 1.0, arrears_share(90))])
    assert isinstance(both, Targets)
    assert both.correlation.shape == (len(both), len(both))
    assert both.correlation[-1, :-1].tolist() == [0.0] * (len(both) - 1)
    assert not np.allclose(both.correlation[:-1, :-1], np.eye(len(both) - 1))


def faults_of(call, *args, **named):
    with pytest.raises(InputError) as caught:
        call(*args, **named)
    return caught.value.faults


def test_bad_targets_name_every_fault():
    faults = faults_of(Target, "", float("nan"), 0.0, "D30")
    assert [fault.split(":")[0] for fault in faults] == ["name", "value", "standard_error", "statistic"]
    assert len(faults_of(roll_rate, "current", "60-89", (3, 2), of="people")) == 3
    assert "31" in faults_of(arrears_share, 31)[0]
    result = made_up_result(paths=2, months=3)
    assert "1 ... 3" in faults_of(arrears_share(30, (1, 12)), result)[0]
    assert "product" in faults_of(vintage_loss(product="boat"), result)[0]


def test_bad_tables_name_every_fault():
    assert faults_of(from_panel, 3)[0].startswith("frame")
    faults = faults_of(from_panel, PANEL.drop(columns="balance").assign(month=np.nan), days=[31], rolls=4)
    assert [fault.split(":")[0] for fault in faults] == ["days", "rolls", "balance", "month"]
    gap = PANEL[PANEL["month"] != 1]
    assert faults_of(from_panel, gap)[0].startswith("month")
    assert faults_of(from_panel, pd.concat([PANEL, PANEL]))[0].startswith("loan")
    assert "without spread" in faults_of(from_panel, PANEL.assign(days_past_due=0))[0]
    tape = pd.DataFrame({"granted": [10.0, 0.0], "lost": [20.0, 0.0], "recovered": [0.0, 1.0]})
    assert len(faults_of(from_tape, tape, by=None)) == 3
    assert "grade" in faults_of(from_tape, tape)[0]
