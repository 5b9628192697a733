"""What becomes of each loan: the write-offs of simulate() loan by loan, and the months of panel()."""

import numpy as np
import pytest

from stresslab.engine.loan_outcomes import loan_outcomes
from stresslab.engine.panel import panel
from stresslab.engine.simulate import simulate
from stresslab.population.synthetic import synthetic_portfolio
from stresslab.scenarios.shock import shock_scenario
from stresslab.schema import MINOR, InputError

PRESETS = ("china-online", "us-card")
HARSH = shock_scenario(0.15, months=24)
BOOKS = {preset: synthetic_portfolio(preset, borrowers=1_500, seed=1) for preset in PRESETS}


def lost_by_month(outcome, segment):
    """Write-offs of today's loans in a segment, by month, in whole minor units."""
    names = np.char.add(np.char.add(outcome["lender"].values.astype(str), ":"), outcome["product"].values.astype(str))
    those = outcome.isel(loan=np.flatnonzero(names == segment))
    cents = np.rint(those["lost"].values * MINOR)
    return np.bincount(those["written_off_month"].values, cents, HARSH.sizes["month"] + 1).astype(int)


@pytest.mark.parametrize("seed", [1, 7])
@pytest.mark.parametrize("preset", PRESETS)
def test_in_run_off_they_are_all_that_is_written_off(preset, seed):
    outcome = loan_outcomes(BOOKS[preset], HARSH, seed=seed, renewal="run-off")
    run = simulate(BOOKS[preset], HARSH, seed=seed, renewal="run-off", progress=False)
    for segment in run["segment"].values:
        every = np.rint(run["written_off"].sel(segment=segment).values[0] * MINOR).astype(int)
        assert lost_by_month(outcome, str(segment)).tolist() == every.tolist()
    assert outcome["lost"].sum() > 0.0
    other = loan_outcomes(BOOKS[preset], HARSH, seed=seed + 1, renewal="run-off")
    assert float(other["lost"].sum()) != float(outcome["lost"].sum())


@pytest.mark.parametrize("preset", PRESETS)
def test_where_loans_are_granted_anew_they_are_a_part_of_it(preset):
    outcome = loan_outcomes(BOOKS[preset], HARSH, seed=1)
    run = simulate(BOOKS[preset], HARSH, seed=1, progress=False)
    for segment in run["segment"].values:
        every = np.rint(run["written_off"].sel(segment=segment).values[0] * MINOR).astype(int)
        assert (lost_by_month(outcome, str(segment)) <= every).all()


@pytest.mark.parametrize("preset", PRESETS)
def test_default_and_loss_are_those_of_the_panel(preset):
    book = BOOKS[preset]
    outcome, seen = loan_outcomes(book, HARSH, seed=3, renewal="run-off"), panel(book, HARSH, seed=3, renewal="run-off")
    late, owed, claim = (seen[name].values for name in ("days_past_due", "balance", "claim"))
    compared = 0
    for loan in np.flatnonzero(outcome["default_month"].values >= 0):
        month = int(outcome["default_month"][loan])
        off = np.diff(claim[:, loan], prepend=claim[0, loan])  # at 90 days past due, or before in a bankruptcy
        assert month == np.flatnonzero(((late[:, loan] >= 90) & (owed[:, loan] > 0)) | (off > 0.0))[0]
        assert float(outcome["exposure"][loan]) == pytest.approx(off[month] if off[month] > 0.0 else owed[month, loan])
        assert 0.0 <= float(outcome["fresh"][loan]) <= float(outcome["exposure"][loan])
        if claim[0, loan] > 0.0:
            continue
        discount, lost, back = 1.0 / (1.0 + float(book["annual_rate"][loan]) / 12.0), 0.0, 0.0
        for t in range(month + int(off[month] == 0.0), HARSH.sizes["month"] + 1):
            change = claim[t, loan] - claim[t - 1, loan]
            if change > 0.0 and lost > 0.0:
                break  # written off a second time
            lost += max(change, 0.0) * discount ** (t - month)
            back += max(-change, 0.0) * discount ** (t - month)
        assert float(outcome["written_off"][loan]) == pytest.approx(lost)
        assert float(outcome["recovered"][loan]) == pytest.approx(back)
        compared += lost > 0.0
    assert compared > 5
    never = outcome["default_month"].values < 0
    assert not ((late[:, never] >= 90) & (owed[:, never] > 0)).any()
    assert not outcome["lost"].values[never].any()


def test_a_loan_granted_anew_is_another_loan():
    book = BOOKS["china-online"]
    outcome, seen = loan_outcomes(book, HARSH, seed=3), panel(book, HARSH, seed=3)
    instalment = book["tenor_months"].values > 0
    late = ((seen["days_past_due"].values >= 90) & (seen["balance"].values > 0)).any(0) & instalment
    followed = outcome["default_month"].values >= 0
    assert not (followed & instalment & ~late).any()
    assert (late & ~followed).any()


def test_several_paths_are_refused():
    with pytest.raises(InputError, match="macro: found dimensions"):
        loan_outcomes(BOOKS["us-card"], HARSH.expand_dims(path=[0, 1]), seed=1)
