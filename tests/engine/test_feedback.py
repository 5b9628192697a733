"""The second round: conditions by hand from a made-up past, and runs in which something or nothing comes back."""

import dataclasses
import math

import numpy as np
import pytest
import xarray as xr

from stresslab.engine.actions import ContingencyPlan, LimitManagement, Outreach, Restructuring
from stresslab.engine.conditions import Conditions
from stresslab.engine.feedback import Feedback, MeanField, gap
from stresslab.engine.kernel.state import SUMS
from stresslab.engine.lender_parameters import CreditSupply
from stresslab.engine.mean_field import sample_of, standing_still
from stresslab.engine.model import Model
from stresslab.engine.simulate import simulate
from stresslab.noted import notes
from stresslab.population.synthetic import synthetic_portfolio
from stresslab.scenarios.library import scenario
from stresslab.scenarios.shock import shock_scenario
from stresslab.schema import InputError
from tests.engine.small import book_of, flat, harsh, riskless

GAINS = ("contagion", "caseload", "recovery")
NOTHING = dict.fromkeys(GAINS, 0.0)


# A made-up past, two lenders: 100 accounts of the one who responds, 200 of another.


def month(own, other, **more):
    """SUMS records (lender): accounts by bucket, and fields of the own lender by name."""
    sums = np.zeros(2, SUMS)
    for lender, accounts in enumerate((own, other)):
        sums["accounts"][lender, : len(accounts)] = accounts
    for name, value in more.items():
        field = sums[name][:1]
        field[..., : np.size(value)] = value
    return sums


START = month([90, 10], [180, 18, 0, 2])
LATER = month([80, 20], [170, 24, 0, 6])


def field_of(*responses, feedback=None, credit=None, supply=1.0, capacity=1.0, normal=(START, START), months=12):
    shape = (1, months, 2)
    return MeanField(
        macro=Conditions.of_macro(np.full(shape, supply), np.full(shape, capacity), np.zeros(shape)),
        feedback=feedback or Feedback(),
        supply=credit or CreditSupply(),
        responses=responses,
        lender_of=np.array([0, 1]),
        own=np.array([True, False]),
        products=np.array(["card", "loan"]),
        trust=np.array([1.0, 0.5]),
        trust_here=np.array([1.0, 0.5]),
        normal=None if normal is None else np.stack(normal)[None],
    )


def at_month(field, *months):
    """Conditions of the month after those given, of the one path."""
    return field.conditions(len(months), np.stack(months)[None])


def test_every_loop_by_hand():
    """Own: 20 of 100 late against 10, r = 2. The other, half its own and half all lenders' share:
    (30 / 200 + 50 / 300) / 2 = 0.158333 against 0.1, r = 1.583333. 90 days late: 6 against 2, d = 3.
    """
    now, _, _ = at_month(field_of(supply=0.5, capacity=0.8), START, LATER)
    assert (now.supply == 0.5).all()
    assert (now.tightening == 0.0).all()
    np.testing.assert_allclose(now.contact[0], [0.8 / 2.0, 0.8 / 1.583333], atol=1e-6)
    np.testing.assert_allclose(now.recovery[0], [math.exp(-0.25), math.exp(-0.25 * 0.583333)], atol=1e-6)
    np.testing.assert_allclose(now.strategic[0], [1 + 0.8 * 2, 1 + 0.8 * 2])


def test_what_would_have_happened_anyway_does_not_count():
    """r is against the same borrowers in an economy that stands still; less arrears than that give nothing back."""
    for still in (LATER, month([70, 30], [150, 40, 0, 10])):
        now, _, _ = at_month(field_of(normal=(START, still)), START, LATER)
        assert (now.contact == 1.0).all()
        assert (now.recovery == 1.0).all()
        assert (now.strategic == 1.0).all()
    now, _, _ = at_month(field_of(), START, LATER)
    assert (now.contact < 1.0).all()  # against one that did not move


def test_contact_is_full_at_most():
    for capacity, contact in ((2.0, 1.0), (1.5, 0.75)):
        now, _, _ = at_month(field_of(capacity=capacity), START, LATER)
        assert now.contact[0, 0] == pytest.approx(contact)


@pytest.mark.parametrize("gain", GAINS)
def test_each_gain_switches_its_own_loop_off(gain):
    """The condition it moves is neutral, and the other two are as before."""
    moved = {"contagion": "strategic", "caseload": "contact", "recovery": "recovery"}
    every, _, _ = at_month(field_of(), START, LATER)
    found, _, _ = at_month(field_of(feedback=Feedback(**{gain: 0.0})), START, LATER)
    for name, condition in moved.items():
        values = getattr(found, condition)
        assert (values == 1.0).all() if name == gain else (values == getattr(every, condition)).all()
    assert (getattr(every, moved[gain]) != 1.0).all()


SWIFT = CreditSupply(gain=1.0, floor=0.25, months=1, tightening_monthly=1.0)


def test_lenders_tighten_by_hand():
    """As above r = 2 and 1.583333, with five cases among 300 accounts beside both: 1.857143 and 1.5."""
    now, _, _ = at_month(field_of(credit=SWIFT), START, LATER)
    rise = np.array([0.857143, 0.5])
    np.testing.assert_allclose(now.tightening[0], 0.75 * (1.0 - np.exp(-rise)), atol=1e-6)


def test_a_whole_book_is_held_against_a_sample_of_it():
    """Three times as many accounts and cases as in the sample's still economy: the same shares, the same tightening."""
    larger = np.stack([START, LATER])
    larger["accounts"] *= 3
    now, _, _ = at_month(field_of(credit=SWIFT), START, LATER)
    then, _, _ = at_month(field_of(credit=SWIFT), *larger)
    np.testing.assert_allclose(then.tightening, now.tightening, atol=1e-9)


def test_tightening_ends_at_the_floor():
    worst = month([0, 50, 50], [0, 100, 100])
    now, _, _ = at_month(field_of(credit=dataclasses.replace(SWIFT, gain=10.0)), START, worst)
    np.testing.assert_allclose(now.tightening[0], 0.75, atol=1e-9)


def test_the_gap_is_the_largest_mean_difference():
    supply, contact = np.array([[[0.8, 1.0]]]), np.array([[[1.0, 1.0]]])
    one = Conditions.of_macro(supply, contact, 0.0 * supply)
    other = dataclasses.replace(one, supply=supply - [0.2, 0.1], recovery=one.recovery - [0.0, 0.5])
    assert gap(one, one, np.array([0.5, 0.5])).max() == 0.0
    assert gap(one, other, np.array([0.9, 0.1])) == pytest.approx(0.19)  # of supply: 0.9 x 0.2 + 0.1 x 0.1
    assert gap(one, other, np.array([0.5, 0.5])) == pytest.approx(0.25)  # of recoveries: 0.5 x 0.5


# Responses, from the same past.


def test_outreach_by_hand():
    """Capacity 0.05 x 100 accounts = 5 contacts for 20 cases: a quarter reached, giving up x (1 - 0.25 effect)."""
    now, active, contacts = at_month(field_of(Outreach(capacity=0.05)), START, LATER)
    assert contacts.tolist() == [[5.0]]
    assert active.all()
    np.testing.assert_allclose(now.giving_up[0, 0, :6], [1.0, 0.9375, 0.9625, 0.975, 0.9875, 1.0])
    assert (now.giving_up[0, 1] == 1.0).all()
    now, _, contacts = at_month(field_of(Outreach(capacity=1.0)), START, LATER)
    assert contacts.tolist() == [[20.0]]
    assert now.giving_up[0, 0, 1] == pytest.approx(0.75)


def test_a_restructuring_by_hand():
    """Two programmes: 0.05 x 100 offers for 20 cases of 30 to 59 days; none is eligible for the other. Of last month's
    cases a tenth was forgiven something: others' hazard x (1 + 0.7 x 0.1)."""
    past = month([80, 20], [170, 24, 0, 6], restructured=[2, 0])
    plans = Restructuring(name="a", capacity=0.05, forgiveness=0.2), Restructuring(name="b", from_days=60)
    now, _, _ = at_month(field_of(*plans, feedback=Feedback(**NOTHING)), START, past)
    np.testing.assert_allclose(now.offers[0, 0], [0.25 * 0.5, 0.5, 0.0, 0.0])  # whoever came would get the second
    np.testing.assert_allclose(now.strategic[0], [1.07, 1.0])
    assert not now.offers[0, 1].any()


def test_who_is_reached_by_days_past_due():
    """Of 20, 10, 6, 4 and 3 accounts by bucket: two effects reach two due dates, four reach four; a plan for 60 to 119
    days the middle two, one from 0 days also those flagged."""
    past = month([57, 20, 10, 6, 4, 3], [180, 18, 0, 2], flagged=9)
    for effect, cases in (((0.5,), 20.0), ((0.5, 0.5), 30.0), ((0.25, 0.15, 0.1, 0.05), 40.0)):
        _, _, contacts = at_month(field_of(Outreach(capacity=9.0, effect=effect)), START, past)
        assert contacts.tolist() == [[cases]]
    for first, last, cases in ((60, 119, 16), (30, 59, 20), (0, 59, 29)):
        plan = Restructuring(from_days=first, to_days=last, capacity=0.08, take_up=1.0)
        now, _, _ = at_month(field_of(plan), START, past)
        assert now.offers[0, 0, 0] == pytest.approx(8.0 / cases)


def test_a_line_cut_by_hand():
    now, _, _ = at_month(field_of(LimitManagement(cut=0.4, freeze_below=500), supply=0.5, normal=None), START, START)
    np.testing.assert_allclose(now.supply[0], [0.3, 0.5])
    assert now.freeze_below[0, 0] == 500
    assert now.watches[0].tolist() == [1, 0]
    assert now.freezes[0].tolist() == [0, 0]


# Contingency plans.


def owed(late, rest, **flows):
    """The own book: so much 30 or more days past due, the rest current."""
    return month([90, 10], [180, 18, 0, 2], balance=[rest, late], **flows)


def active_from(field, months):
    """Months in which each response is active (response, month), month 1 first."""
    seen = [at_month(field, *months[:t])[1][0] for t in range(1, len(months) + 1)]
    return [np.flatnonzero(row).tolist() for row in np.array([[False] * len(seen[0]), *seen]).T]


SHARES = [owed(5, 95), owed(9, 91), owed(10, 90), owed(3, 97), owed(3, 97), owed(3, 97), owed(3, 97), owed(3, 97)]


@pytest.mark.parametrize(("delay", "first"), [(0, 3), (1, 4), (3, 6)])
def test_a_plan_begins_its_delay_after_the_crossing(delay, first):
    """Ten of a hundred late at the end of month 2, seen then: on from the month after the delay, once and for good."""
    inner = Outreach(), LimitManagement(start_month=2, months=2)
    plan = ContingencyPlan(level=0.10, delay_months=delay, responses=inner)
    found = active_from(field_of(plan, normal=None), SHARES)
    every = list(range(first, 9))
    assert found == [every, every, [m for m in (first + 1, first + 2) if m <= 8]]


def test_a_level_not_reached_triggers_nothing():
    plan = ContingencyPlan(level=0.101, delay_months=0, responses=(Outreach(),))
    assert active_from(field_of(plan, normal=None), SHARES) == [[], []]
    plan = ContingencyPlan(level=0.05, delay_months=0, responses=(Outreach(),))
    assert active_from(field_of(plan, normal=None), SHARES)[0][0] == 1  # crossed from the start


def test_losses_of_twelve_months_trigger_by_hand():
    """2 a month written off, 1 recovered: 12 of an opening 100 after 12 months, and never more than those 12."""
    start, later = owed(0, 100), owed(0, 50, written_off=1, forgiven=1, recovered=1)
    months = [start, *[later] * 19]
    for level, first in ((0.12, 13), (0.05, 6), (0.121, None)):
        plan = ContingencyPlan(trigger="losses", level=level, delay_months=0, responses=(Outreach(),))
        found = active_from(field_of(plan, normal=None, months=20), months)[0]
        assert (found[0] if found else None) == first


def test_cash_paid_out_triggers_by_hand():
    """4 + 3 - 2 - 1 = 4 net out a month of an opening 100: 12 after three."""
    start, later = owed(0, 100), owed(0, 104, drawn=4, originated=3, paid=2, recovered=1)
    plan = ContingencyPlan(trigger="cash", level=0.12, delay_months=1, responses=(Outreach(),))
    assert active_from(field_of(plan, normal=None), [start, *[later] * 7])[1][0] == 5


# Real runs.


@pytest.fixture(scope="module")
def book():
    return synthetic_portfolio("china-online", borrowers=10_000, seed=1)


@pytest.fixture(scope="module")
def severe(book):
    return lived(book, scenario("fed-2026-severely-adverse"))


def lived(book, macro, months=24, seed=3, **asked):
    asked = {"feedback": Feedback()} | asked
    return simulate(book, macro.isel(month=slice(0, months)), seed=seed, progress=False, **asked)


def amplified(result, errors=2.0):
    """Arrears with feedback above those without, by so many standard errors."""
    found, error = (result[name].sel(measure="arrears_rate").mean() for name in ("amplification", "amplification_se"))
    return bool(found > 1.0 + errors * error)


def test_a_shock_is_amplified_and_calm_is_not(book, severe):
    assert amplified(severe)
    assert float(severe["contact"].min()) < 0.6
    calm = lived(book, scenario("china-baseline"))
    assert not amplified(calm, errors=3.0)
    assert float(calm["contact"].min()) >= 0.97


def test_an_economy_that_stands_still_gives_nothing_back(book):
    model = Model.from_preset("china-online")
    macro = standing_still(flat(18).expand_dims(path=[0]), book, model)
    with_it = lived(book, macro, model=model.replace(**{"credit_supply.gain": 2.0}))
    without = lived(book, macro, feedback=None)
    assert (with_it["line_supply"] == 1.0).all()
    assert (with_it["contact"] == 1.0).all()
    assert (with_it["amplification"] == 1.0).all()
    xr.testing.assert_identical(with_it[list(without.data_vars)].drop_attrs(), without.drop_attrs())


def test_without_gains_nothing_comes_back(book, severe):
    off = lived(book, scenario("fed-2026-severely-adverse"), feedback=Feedback(**NOTHING))
    none = lived(book, scenario("fed-2026-severely-adverse"), feedback=None)
    assert off["balance"].equals(none["balance"])
    assert off["entries_to_arrears"].equals(none["entries_to_arrears"])
    assert (off["amplification"].dropna("measure") == 1.0).all()
    assert not severe["balance"].equals(none["balance"])


def test_a_loop_switched_off_is_seen_in_the_result(book):
    macro = scenario("fed-2026-severely-adverse")
    off = lived(book, macro, months=12, feedback=Feedback(caseload=0.0))
    assert (off["contact"] == 1.0).all()
    assert not (lived(book, macro, months=12)["contact"] == 1.0).all()
    tighter = Model.from_preset("china-online").replace(**{"credit_supply.gain": 2.0})
    assert (off["line_supply"] == 1.0).all()
    assert not (lived(book, macro, months=12, feedback=None, model=tighter)["line_supply"] == 1.0).all()


def test_amplification_is_the_ratio_of_two_runs(book, severe):
    """The whole book is the sample here, so that both sides can be run one by one."""
    none = lived(book, scenario("fed-2026-severely-adverse"), feedback=None)

    def measures(result):
        balance = result["balance"].isel(path=0, month=slice(1, None)).sum("segment")
        entries = result["entries_to_arrears"].isel(path=0, month=slice(1, None))
        flows = result.isel(path=0)
        loss = flows["written_off"] + flows["forgiven"] - flows["recovered"]
        late = balance.isel(bucket=slice(1, None)).sum("bucket") / balance.sum("bucket")
        return [float(late.mean()), float(entries.sum()), float(loss.sum())]

    ratio = np.array(measures(severe)) / np.array(measures(none))
    np.testing.assert_allclose(severe["amplification"].isel(path=0), ratio)
    assert severe["measure"].values.tolist() == ["arrears_rate", "entries_to_arrears", "loss"]


def test_the_result_does_not_depend_on_threads(book):
    macro = harsh(6, paths=3)
    one, four = (lived(book, macro, threads=threads, responses=[Outreach()]) for threads in (1, 4))
    xr.testing.assert_identical(one, four)


def test_the_gap_of_a_sample_shrinks_with_rounds(book):
    macro = scenario("fed-2026-severely-adverse")
    gaps = [
        lived(book, macro, months=18, feedback=Feedback(sample=2_500, rounds=rounds, tolerance=0.0)).feedback_gap.item()
        for rounds in (1, 2, 4)
    ]
    assert gaps[0] > 2.0 * gaps[1] > 0.0
    assert gaps[1] > 2.0 * gaps[2]
    for tolerance, said in ((gaps[0], 0), (gaps[0] / 2, 1)):
        found = lived(book, macro, months=18, feedback=Feedback(sample=2_500, tolerance=tolerance))
        assert found["feedback_gap"].item() == gaps[0]
        assert sum(note.startswith("feedback_gap") for note in notes(found)) == said


def test_a_book_that_is_its_own_sample_has_no_gap(severe):
    assert severe["feedback_gap"].max() == 0.0
    assert not [note for note in notes(severe) if note.startswith("feedback")]


def test_contacts_stay_within_capacity_and_cost_each(book):
    def limits(capacity):
        asked = Outreach(capacity=capacity, cost_per_contact=2.5, cost_monthly=100.0, start_month=4)
        result = lived(book, scenario("fed-2026-severely-adverse"), months=12, responses=[asked]).isel(path=0)
        own = (result["lender"] == book.attrs["own_lender"]).values
        accounts = float(result["accounts"].isel(month=0, segment=own).sum())
        contacts = result["contacts"].sel(response="Outreach").values
        cost = result["operating_cost"].sel(response="Outreach").values
        np.testing.assert_allclose(cost, 2.5 * contacts + 100.0 * (np.arange(13) >= 4), atol=0.005)
        assert not contacts[:4].any()
        return contacts, capacity * accounts

    contacts, most = limits(0.003)
    assert (contacts <= most + 1e-6).all()
    assert contacts.max() == pytest.approx(most, abs=1e-6)  # short of hands in a slump
    assert not (contacts <= most / 2).all()
    contacts, most = limits(1.0)
    assert 0.0 < contacts.max() < most / 2


def within(offers, most):
    """A sum of binomial draws with at most this mean, within four standard errors."""
    return bool(offers <= most + 4.0 * np.sqrt(most))


def test_plans_agreed_stay_within_capacity_and_take_up(book):
    """In a calm economy; where arrears grow within the month, more of them meet the same chance of an offer."""
    macro = scenario("china-baseline").expand_dims(path=range(4))
    result = lived(book, macro, months=12, feedback=None, responses=[Restructuring(capacity=0.004, take_up=0.5)])
    own = (result["lender"] == book.attrs["own_lender"]).values
    accounts = float(result["accounts"].isel(month=0, path=0, segment=own).sum())
    agreed = result["restructured"].isel(segment=own).sum("segment")
    most = 0.004 * 0.5 * accounts
    assert within(float(agreed.sum()), most * 12 * 4)
    assert all(within(float(one), most * 4) for one in agreed.sum("path").values[1:])
    assert float(agreed.sum()) > 0.4 * most * 12 * 4
    assert not within(float(agreed.sum()), most * 12 * 4 / 4)  # as if capacity were a quarter


def test_more_contact_means_fewer_arrears(book):
    macro = shock_scenario(0.12, months_to_peak=6, months=12)

    def late(*responses):
        result = lived(book, macro, feedback=None, responses=responses)
        own = (result["lender"] == book.attrs["own_lender"]).values
        return float(result["accounts"].isel(segment=own, bucket=slice(1, None)).sum())

    none, some, many = late(), late(Outreach(capacity=0.002)), late(Outreach(capacity=1.0))
    assert many < some < none


def test_a_plan_begins_its_delay_after_the_crossing_of_its_own_run(book):
    plan = ContingencyPlan(level=0.02, delay_months=2, cost_monthly=3.0, responses=(Outreach(cost_per_contact=0.0),))
    result = lived(book, scenario("fed-2026-severely-adverse"), months=18, responses=[plan]).isel(path=0)
    own = result["balance"].isel(segment=(result["lender"] == book.attrs["own_lender"]).values).sum("segment")
    share = own.isel(bucket=slice(1, None)).sum("bucket") / own.sum("bucket")
    crossed = int(np.flatnonzero(share >= 0.02)[0])
    assert 0 < crossed < 14
    for label in ("ContingencyPlan", "Outreach"):
        active = np.flatnonzero(result["active"].sel(response=label))
        assert active.tolist() == list(range(crossed + 3, 19))
    assert (result["contacts"].sel(response="Outreach").values > 0).tolist() == [m > crossed + 2 for m in range(19)]
    assert not result["operating_cost"].sel(month=0).any()
    assert result["operating_cost"].sel(response="ContingencyPlan").values[1:].tolist() == [3.0] * 18


# Samples and refusals.


def test_a_sample_is_every_kth_borrower_with_all_his_loans(book):
    few = sample_of(book, 2_500)
    assert few["borrower_id"].values.tolist() == book["borrower_id"].values[::4].tolist()
    held = np.bincount(book["borrower"].values, minlength=10_000)[::4]
    assert (np.bincount(few["borrower"].values, minlength=2_500) == held).all()
    for size in (10_000, 6_000, 20_000):
        assert sample_of(book, size).sizes == book.sizes


def test_feedback_needs_arrears_to_start_from():
    sound = book_of(50, ("jiebei",), instalment=106.62, tenor_months=12, remaining_months=12)
    with pytest.raises(InputError, match=r"no loan 30 days late .*caseload, recovery") as caught:
        simulate(sound, flat(2, 0.0), riskless(), seed=1, feedback=Feedback(), progress=False)
    assert len(caught.value.faults) == 2
    simulate(sound, flat(2, 0.0), riskless(), seed=1, feedback=Feedback(**NOTHING), progress=False)


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({"contagion": -1.0}, r"contagion: found -1\.0, expected 0 \.\.\. 10"),
        ({"sample": 99}, r"sample: found 99, expected 100"),
        ({"sample": 1e4}, r"sample: found 10000\.0.*give a whole number"),
        ({"rounds": 0}, r"rounds: found 0"),
        ({"tolerance": float("nan")}, r"tolerance: found nan"),
    ],
)
def test_gains_out_of_bounds_are_refused(wish, message):
    with pytest.raises(InputError, match=message):
        Feedback(**wish)
