"""What becomes of each loan: the write-offs of simulate() loan by loan, and the months of panel()."""

import numpy as np
import pytest

from stresslab.engine.loan_outcomes import fates
from stresslab.engine.panel import panel
from stresslab.engine.simulate import simulate
from stresslab.population.synthetic import synthetic_portfolio
from stresslab.scenarios.shock import shock_scenario
from stresslab.schema import MINOR, InputError

PRESETS = ("china-online", "us-card")
HARSH = shock_scenario(0.15, months=24)
BOOKS = {preset: synthetic_portfolio(preset, borrowers=1_500, seed=1) for preset in PRESETS}


def lost_by_month(fate, segment):
    """Write-offs of today's loans in a segment, by month, in whole minor units."""
    names = np.char.add(np.char.add(fate["lender"].values.astype(str), ":"), fate["product"].values.astype(str))
    those = fate.isel(loan=np.flatnonzero(names == segment))
    cents = np.rint(those["lost"].values * MINOR)
    return np.bincount(those["written_off_month"].values, cents, HARSH.sizes["month"] + 1).astype(int)


@pytest.mark.parametrize("seed", [1, 7])
@pytest.mark.parametrize("preset", PRESETS)
def test_in_run_off_they_are_all_that_is_written_off(preset, seed):
    fate = fates(BOOKS[preset], HARSH, seed=seed, renewal="run-off")
    run = simulate(BOOKS[preset], HARSH, seed=seed, renewal="run-off", progress=False)
    for segment in run["segment"].values:
        every = np.rint(run["written_off"].sel(segment=segment).values[0] * MINOR).astype(int)
        assert lost_by_month(fate, str(segment)).tolist() == every.tolist()
    assert fate["lost"].sum() > 0.0
    other = fates(BOOKS[preset], HARSH, seed=seed + 1, renewal="run-off")
    assert float(other["lost"].sum()) != float(fate["lost"].sum())


@pytest.mark.parametrize("preset", PRESETS)
def test_where_loans_are_granted_anew_they_are_a_part_of_it(preset):
    fate = fates(BOOKS[preset], HARSH, seed=1)
    run = simulate(BOOKS[preset], HARSH, seed=1, progress=False)
    for segment in run["segment"].values:
        every = np.rint(run["written_off"].sel(segment=segment).values[0] * MINOR).astype(int)
        assert (lost_by_month(fate, str(segment)) <= every).all()


@pytest.mark.parametrize("preset", PRESETS)
def test_default_and_loss_are_those_of_the_panel(preset):
    book = BOOKS[preset]
    fate, seen = fates(book, HARSH, seed=3, renewal="run-off"), panel(book, HARSH, seed=3, renewal="run-off")
    late, owed, claim = (seen[name].values for name in ("days_past_due", "balance", "claim"))
    compared = 0
    for loan in np.flatnonzero(fate["default_month"].values >= 0):
        month = int(fate["default_month"][loan])
        assert month == np.flatnonzero((late[:, loan] >= 90) & (owed[:, loan] > 0))[0]
        assert float(fate["exposure"][loan]) == owed[month, loan]
        assert 0.0 <= float(fate["fresh"][loan]) <= float(fate["exposure"][loan])
        if claim[0, loan] > 0.0:
            continue
        discount, lost, back = 1.0 / (1.0 + float(book["annual_rate"][loan]) / 12.0), 0.0, 0.0
        for t in range(month + 1, HARSH.sizes["month"] + 1):
            change = claim[t, loan] - claim[t - 1, loan]
            if change > 0.0 and lost > 0.0:
                break  # written off a second time
            lost += max(change, 0.0) * discount ** (t - month)
            back += max(-change, 0.0) * discount ** (t - month)
        assert float(fate["written_off"][loan]) == pytest.approx(lost)
        assert float(fate["recovered"][loan]) == pytest.approx(back)
        compared += lost > 0.0
    assert compared > 5
    never = fate["default_month"].values < 0
    assert not ((late[:, never] >= 90) & (owed[:, never] > 0)).any()
    assert not fate["lost"].values[never].any()


def test_a_loan_granted_anew_is_another_loan():
    book = BOOKS["china-online"]
    fate, seen = fates(book, HARSH, seed=3), panel(book, HARSH, seed=3)
    instalment = book["tenor_months"].values > 0
    late = ((seen["days_past_due"].values >= 90) & (seen["balance"].values > 0)).any(0) & instalment
    followed = fate["default_month"].values >= 0
    assert not (followed & instalment & ~late).any()
    assert (late & ~followed).any()


def test_several_paths_are_refused():
    with pytest.raises(InputError, match="macro: found dimensions"):
        fates(BOOKS["us-card"], HARSH.expand_dims(path=[0, 1]), seed=1)
