"""Term structures: where the points lie, what is counted, what is kept, and the brute-force check of allowances."""

import numpy as np
import pytest
import xarray as xr

from stresslab.engine.loan_outcomes import loan_outcomes
from stresslab.engine.model import Model
from stresslab.engine.packing import income_trend, opening_unemployment
from stresslab.engine.result import fingerprint
from stresslab.engine.simulate import advance, simulate
from stresslab.measures.provisions.allowance import provisions
from stresslab.measures.provisions.regimes import IFRS9
from stresslab.measures.provisions.risk_states import CELLS, UNDRAWN
from stresslab.population.synthetic import synthetic_portfolio
from stresslab.scenarios.library import scenario
from stresslab.scenarios.paths import macro_paths
from stresslab.schema import InputError
from stresslab.studies import term_structures as room
from stresslab.studies.outlook import Outlook, expected_macro
from stresslab.studies.term_structures import BATCHES, cell_of, choose_points, term_structures
from tests.studies.outputs import well_described

ASKED = {"seed": 3, "points": 3, "horizon": 24, "progress": False}


@pytest.fixture(scope="session")
def model():
    return Model.from_preset("china-online")


@pytest.fixture(scope="session")
def macro():
    return macro_paths(scenario("fed-2026-severely-adverse"), 3, seed=2).isel(month=slice(0, 24))


@pytest.fixture(scope="session")
def trend(macro, model):
    return float(income_trend(macro, model))


@pytest.fixture(scope="session")
def book():
    return synthetic_portfolio("china-online", borrowers=4_000, seed=1)


def test_an_outlook_goes_half_way_in_its_half_life():
    path = Outlook(half_life_months=6, long_run=0.04, added=0.02, worst_month=12).path(0.08, 12)
    assert path[5] == pytest.approx(0.04 + 0.02 + 0.02 * 0.5 * np.exp(0.5))
    assert path[11] == pytest.approx(0.04 + 0.01 + 0.02)


def test_bad_outlooks_are_refused_with_every_fault():
    with pytest.raises(InputError) as refused:
        Outlook(name="", half_life_months=0, long_run=5.0, added=2.0, worst_month=0)
    names = [fault.split(":")[0] for fault in refused.value.faults]
    assert names == ["half_life_months", "long_run", "added", "worst_month", "name"]
    with pytest.raises(InputError, match="outlook 'rosy': found unemployment of -"):
        expected_macro(Outlook("rosy", added=-0.2), 0.05, 0.05, 0.05, 24)


@pytest.mark.parametrize("renewal", ["static", "run-off"])
def test_points_begin_at_the_start_and_are_the_farthest_of_all_months(macro, book, model, renewal):
    chosen, features = choose_points(macro, book, model, 5, renewal)
    assert chosen[0][1] == 0
    rate = macro["unemployment_rate"].transpose("path", "month").values * model.employment.borrower_ratio
    rate = np.concatenate([np.full((3, 1), features[0, 0]), rate], axis=1)
    cloud = [
        (rate[p, t], rate[p, t] - rate[p, max(t - 12, 0)], t * (renewal == "run-off"))
        for p in range(3)
        for t in range(25)
    ]
    spread = np.std(cloud, axis=0)
    scaled = (np.array(cloud) - cloud[0])[:, spread > 0] / spread[spread > 0]
    known = ((features - features[0])[:, spread > 0]) / spread[spread > 0]
    for number in range(1, 5):
        nearest = np.min([np.linalg.norm(scaled - one, axis=1) for one in known[:number]], axis=0)
        own = np.min([np.linalg.norm(known[number] - one) for one in known[:number]])
        assert own == pytest.approx(nearest.max())


def test_cells_hold_the_whole_book(macro, book, monkeypatch):
    monkeypatch.setattr(room, "FEW", 0)  # no cell borrows from others
    found = term_structures(book, macro, **ASKED | {"points": 1})
    drawn = found["balance"].isel(point=0).sel(cell=[cell for cell in CELLS if cell != UNDRAWN]).sum()
    assert float(drawn) == pytest.approx(float(book["balance"].sum()))
    assert found.sizes["batch"] == BATCHES


def test_counts_by_a_plain_loop(macro, book, model, trend, monkeypatch):
    monkeypatch.setattr(room, "FEW", 0)
    found = term_structures(book, macro, **ASKED | {"points": 1, "seed": 4}).sum("batch").isel(outlook=0, point=0)
    start = book.attrs["unemployment_rate"]
    expected = expected_macro(Outlook(), start, start, trend, 24)
    fate = loan_outcomes(book, expected, seed=5)
    cell, sums = cell_of(fate), {}
    for k in range(fate.sizes["loan"]):
        if int(fate["default_month"][k]) >= 0 and str(fate["product"][k].values) == "huabei":
            owed, fresh = float(fate["exposure"][k]), float(fate["fresh"][k])
            loss = float(fate["written_off"][k] - fate["recovered"][k])
            old = (owed - fresh) / owed
            here = old if cell[k] < 4 else 1.0
            for name, part in ((CELLS[cell[k]], here), (UNDRAWN, 1.0 - here)):
                key = (name, int(fate["default_month"][k]))
                sums[key] = sums.get(key, 0.0) + part * loss
    counted = found["loss"].sel(segment="ant:huabei")
    for (name, ahead), loss in sums.items():
        assert float(counted.sel(cell=name, ahead=ahead)) == pytest.approx(loss)
    assert float(counted.sum()) == pytest.approx(sum(sums.values()))


def test_they_are_found_again(macro, book, tmp_path):
    first = term_structures(book, macro, cache=tmp_path, **ASKED)
    assert term_structures(book, macro, cache=tmp_path, **ASKED) is first
    room._KEPT.clear()
    again = term_structures(book, macro, cache=tmp_path, **ASKED)
    xr.testing.assert_equal(first, again)
    marks = {first.attrs["terms_fingerprint"]}
    for other in ({"seed": 4}, {"horizon": 25}, {"points": 2}, {"renewal": "run-off"}):
        marks.add(term_structures(book, macro, **ASKED | other).attrs["terms_fingerprint"])
    marks.add(term_structures(book, macro * 1.01, **ASKED).attrs["terms_fingerprint"])
    assert len(marks) == 6


def test_the_output_is_described(macro, book):
    found = term_structures(book, macro, **ASKED)
    assert well_described(found) == []
    assert found["loss"].attrs["units"] == "currency"
    assert found.attrs["fingerprint"] == fingerprint(book)


def test_every_fault_is_named(macro, book):
    with pytest.raises(InputError) as refused:
        term_structures(book, macro, outlooks=[], points=0, sample=0, horizon=3)
    assert [fault.split(":")[0] for fault in refused.value.faults] == ["outlooks", "points", "sample", "horizon"]


# The check by brute force: restart from a month's own borrowers, and let them live on again and again.

MONTHS, LIVES, HORIZON = (0, 8, 16, 24), 40, 36
RULES = IFRS9(revolving_life=HORIZON)


def discounted(fate, rate, within):
    """Present value of the loss of each loan on defaults in the first months."""
    month = fate["default_month"].values
    loss = (fate["written_off"] - fate["recovered"]).values
    return np.where((month >= 0) & (month <= within), loss * (1.0 + rate) ** -np.maximum(month, 0), 0.0)


def by_brute_force(book, model, macro, rate):
    """Mean losses of 12 months and a lifetime over many lives of a lender's book, with what one life differs by."""
    own = book["lender"].values == "ant"
    lives = []
    for life in range(LIVES):
        fate = loan_outcomes(book, macro, model, seed=1_000 + life)
        lives.append([discounted(fate, rate, within)[own] for within in (12, HORIZON)])
    lives = np.array(lives)  # (life, horizon, loan)
    total = lives.sum(-1)  # of the book
    means, noise = lives.mean(0), lives.var(0, ddof=1) / LIVES
    names = fate["product"].values[own].astype(str)
    place = np.unique(np.char.add(names, cell_of(fate)[own].astype(str)), return_inverse=True)[1]
    # Loans of a cell differ and this book's are a draw of them: the spread of their means says how far it may be off.
    between = np.zeros(2)
    for cell in range(place.max() + 1):
        those = place == cell
        between += those.sum() * np.maximum(means[:, those].var(-1) - noise[:, those].mean(-1), 0.0)
    return total.mean(0), np.sqrt(total.var(0, ddof=1) / LIVES + between)


@pytest.fixture(scope="module")
def distances(macro, book, model, trend):
    """Errors of allowances in standard errors (outlook, path, month, horizon) against brute force."""
    large = synthetic_portfolio("china-online", borrowers=60_000, seed=9)
    terms = term_structures(large, macro, seed=3, horizon=HORIZON, progress=False)
    run = simulate(book, macro, model, seed=5, progress=False)
    found = provisions(run, RULES, terms)
    rate = float(terms["monthly_rate"].sel(segment="ant:huabei"))
    relative = found["allowance_se"] / found["allowance_held"]
    start = float(opening_unemployment(macro.isel(path=[0]), book)[0])
    out = {}
    for name, outlook in (("right", Outlook()), ("wrong", Outlook(added=0.12, worst_month=18))):
        errors = []
        for path in range(macro.sizes["path"]):
            for month in MONTHS:
                one = macro.isel(path=[path])
                there = advance(book, one, month, model, seed=5) if month else book
                own = there["balance"].values[there["lender"].values == "ant"].sum()
                lived = run["balance"].isel(path=path, month=month).sel(segment=run["lender"] == "ant").sum()
                assert own == pytest.approx(float(lived))  # the very borrowers of that month
                now = float(opening_unemployment(one, there)[0])
                mean, error = by_brute_force(there, model, expected_macro(outlook, now, start, trend, HORIZON), rate)
                here = found.isel(path=path, month=month)
                read = np.array([float(here["ecl_12m"]), float(here["ecl_lifetime"])])
                spread = np.hypot(error, float(relative.isel(path=path, month=month)) * read)
                errors.append((read - mean) / spread)
        out[name] = np.array(errors)
    return out


@pytest.mark.slow
def test_allowances_are_those_of_brute_force(distances):
    assert (abs(distances["right"]) <= 2.0).mean() >= 0.95


@pytest.mark.slow
def test_a_wrong_outlook_is_found_out(distances):
    assert (abs(distances["wrong"]) <= 2.0).mean() < 0.75
