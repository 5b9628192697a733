"""Credit supply: the equations month by month, what it sees, and whom it falls on."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stresslab.engine.feedback import Feedback
from stresslab.engine.kernel.behaviour import withdrawn
from stresslab.engine.lender_parameters import CreditSupply
from stresslab.engine.model import Model
from stresslab.engine.simulate import simulate
from stresslab.engine.tightening import tightening
from stresslab.population.synthetic import synthetic_portfolio
from stresslab.scenarios.library import scenario
from tests.engine.small import flat

GAINS = CreditSupply(gain=1.5, floor=0.1, months=3, norm_years=2.0, tightening_monthly=0.2, easing_monthly=0.05)


def month_by_month(arrears, supply):
    """The equations of `CreditSupply` in a plain loop, for one lender."""
    forgotten = 0.5 ** (1.0 / (12.0 * supply.norm_years))
    norm, now = 1.0, 0.0
    for t in range(len(arrears)):
        late = np.mean(arrears[max(0, t + 1 - supply.months) : t + 1])
        goal = (1.0 - supply.floor) * (1.0 - np.exp(-supply.gain * max(late / norm - 1.0, 0.0)))
        now += (supply.tightening_monthly if goal > now else supply.easing_monthly) * (goal - now)
        norm = forgotten * norm + (1.0 - forgotten) * arrears[t]
    return now


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0.2, 4.0), min_size=1, max_size=30))
def test_the_equations(arrears):
    found = tightening(np.array(arrears).reshape(1, -1, 1), GAINS)[0, 0]
    assert found == pytest.approx(month_by_month(arrears, GAINS), abs=1e-12)


def test_no_lender_knows_what_comes():
    """The months after t change nothing at t, and what is usual changes nothing at all."""
    past = np.random.default_rng(1).uniform(0.5, 2.0, (2, 24, 3))
    later = np.concatenate([past[:, :12], 3.0 + past[:, 12:]], axis=1)
    assert (tightening(past[:, :12], GAINS) == tightening(later[:, :12], GAINS)).all()
    assert (tightening(np.ones((1, 60, 2)), GAINS) == 0.0).all()
    assert (tightening(np.full((1, 60, 1), 0.5), GAINS) == 0.0).all()


def test_it_comes_fast_and_goes_slowly():
    shock = np.ones((1, 40, 1))
    shock[:, 5:10] = 2.0
    path = np.array([tightening(shock[:, :t], GAINS)[0, 0] for t in range(1, 41)])
    assert path[:5].max() == 0.0
    assert path.argmax() == 10  # a month after the last bad one, as three are looked at
    assert path[-1] > path.max() / 5


@pytest.mark.parametrize(
    ("points", "share"),
    [(600, 0.3), (550, 0.3 * 1.6), (500, 0.6), (400, 0.6), (650, 0.3 * 0.4), (700, 0.0), (800, 0.0)],
)
def test_low_scores_lose_most(points, share):
    found = withdrawn(np.int32(points), np.float32(0.3), np.float32(600), np.float32(0.012))
    assert found == pytest.approx(share, abs=1e-6)
    assert withdrawn(np.int32(points), np.float32(0.9), np.float32(600), np.float32(0.012)) <= 1.0


def test_a_shock_makes_lenders_tighten_and_calm_does_not():
    book = synthetic_portfolio("us-card", borrowers=2_000, seed=1)
    hit = simulate(book, scenario("fed-2026-severely-adverse"), seed=2, horizon=24, progress=False)["line_supply"]
    calm = simulate(book, flat(24, 0.046), seed=2, progress=False)["line_supply"]
    assert float(hit.isel(month=-1).max()) < 0.95
    assert (calm == 1.0).all()


def test_without_a_gain_supply_is_that_of_the_path():
    """Every other parameter of credit supply is then without effect."""
    book = synthetic_portfolio("us-card", borrowers=300, seed=1)
    off = Model.from_preset("us-card").replace(**{"credit_supply.gain": 0.0})
    other = off.replace(**{"credit_supply.floor": 0.9, "credit_supply.middle_score": 900.0})
    macro = scenario("fed-2026-severely-adverse")
    one, two = (simulate(book, macro, model, seed=2, horizon=12, progress=False) for model in (off, other))
    assert (one["line_supply"] == 1.0).all()
    assert one["balance"].equals(two["balance"])


def test_a_path_does_not_depend_on_the_others():
    book = synthetic_portfolio("us-card", borrowers=500, seed=1)
    level = np.linspace(0.05, [[0.12], [0.05], [0.09]], 18, axis=-1)[:, 0]
    macro = flat(18).assign(unemployment_rate=(("path", "month"), level)).assign_coords(path=[0, 1, 2])
    together = simulate(book, macro, seed=3, progress=False)
    for path in range(3):
        alone = simulate(book, macro.isel(path=[path]), seed=3, progress=False)
        assert together["balance"].isel(path=[path]).equals(alone["balance"])


def test_what_a_sample_misses_is_said():
    """A fifth of the borrowers finds the conditions; how far the whole book's own would differ stands in the result."""
    book = synthetic_portfolio("us-card", borrowers=2_500, seed=1)
    macro, few = scenario("fed-2026-severely-adverse"), Feedback(contagion=0.0, caseload=0.0, recovery=0.0, sample=500)
    part = simulate(book, macro, seed=2, horizon=18, feedback=few, progress=False)
    whole = simulate(book, macro, seed=2, horizon=18, progress=False)
    assert 0.0 < part["feedback_gap"].item() < 0.2
    assert whole["feedback_gap"].item() == 0.0
