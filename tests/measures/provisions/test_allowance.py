"""Allowances under each regime: identities on random books, foresight, overlays, refusals."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from stresslab.measures.provisions.allowance import provisions
from stresslab.measures.provisions.expected_loss import read
from stresslab.measures.provisions.regimes import CECL, IFRS9, China, Overlay
from stresslab.measures.provisions.risk_states import CURRENT
from stresslab.noted import notes
from stresslab.schema import BUCKETS, MINOR, InputError
from stresslab.testing import made_up_result
from tests.measures.hand import expect, hand_result, hand_terms, one_bucket, random_terms

SEGMENTS = ("ours:loan", "ours:card")
REGIMES = {"ifrs9": IFRS9(), "cecl": CECL(), "china": China()}
FEW = settings(max_examples=15, deadline=None)


def random_case(seed, **shape):
    book = made_up_result(**{"seed": seed, "paths": 2, "months": 4, "segments": SEGMENTS, **shape})
    calm = book["balance"].sum(("segment", "bucket")) * 0.0 + 0.07
    book = book.assign(unemployment_rate=calm).assign_attrs(renewal="static")
    return book, random_terms(seed, segments=SEGMENTS, revolving=("ours:card",))


def whole(amount):
    return np.rint(np.asarray(amount) * MINOR).astype(np.int64)


def realised(book):
    """Losses of months 1 ... T on each path, in whole minor units."""
    lost = book["written_off"] + book["forgiven"] - book["recovered"]
    return whole(lost.isel(month=slice(1, None)).sum(("segment", "month")))


def carried(found, book):
    """Allowance at the start and later charges, less realised losses and the allowance at the end."""
    held = whole(found["allowance_held"])
    return held[:, 0] + whole(found["provision_charge"])[:, 1:].sum(1) - realised(book) - held[:, -1]


@pytest.mark.parametrize("outlook", ["adaptive", "perfect-foresight"])
@pytest.mark.parametrize("regime", REGIMES)
@FEW
@given(seed=st.integers(0, 10**6))
def test_the_allowance_and_later_charges_are_the_losses_to_the_cent(regime, outlook, seed):
    book, terms = random_case(seed)
    found = provisions(book, REGIMES[regime], terms, outlook=outlook)
    gone = whole(found["charged_off"])[:, -1] - whole(found["charged_off"])[:, 0] if regime == "cecl" else 0
    assert (carried(found, book) == gone).all()
    wrong = found.assign(provision_charge=found["provision_charge"] + found["month"] * 0.01)
    assert (carried(wrong, book) != gone).all()


def ending(paths=3):
    """A book in run-off that is repaid or written off by month 3, another share of it on each path."""
    owed = np.zeros((paths, 4, 1, len(BUCKETS)))
    lost = np.zeros((paths, 4, 1))
    for path in range(paths):
        owed[path, 0, 0, 0], owed[path, 1, 0, 0], owed[path, 1, 0, 3], owed[path, 2, 0, 5] = 1000, 700, 100, 80 + path
        lost[path, 3, 0] = 80 + path
    return hand_result(owed, written_off=lost)


@pytest.mark.parametrize("regime", REGIMES)
def test_who_knows_the_path_holds_all_that_is_lost_and_charges_no_more(regime):
    book, terms = ending(), expect(hand_terms(), "current", {3: 0.02}, 0.5)
    for cell in BUCKETS[1:]:
        terms = expect(terms, cell, {0: 1.0}, 0.9)
    found = provisions(book, REGIMES[regime], terms, outlook="perfect-foresight")
    assert (whole(found["allowance_held"])[:, -1] == 0).all()
    assert (carried(found, book) == 0).all()
    if regime != "china":  # whose minimums ask for more
        np.testing.assert_allclose(found["allowance_held"][:, 0], 80.0 + np.arange(3))
        np.testing.assert_allclose(found["provision_charge"], 0.0, atol=0.011)
        knew_less = provisions(book, REGIMES[regime], terms)
        assert (abs(knew_less["allowance_held"][:, 0] - 80.0) > 10.0).all()


def test_beyond_the_result_foresight_is_the_outlook():
    book, terms = one_bucket("current", months=2), expect(hand_terms(), "current", {6: 0.02}, 0.5)
    knows, expects = (provisions(book, "ifrs9", terms, outlook=one) for one in ("perfect-foresight", "adaptive"))
    assert at_the_end(knows) == at_the_end(expects)


def at_the_end(found):
    return found["allowance_held"].values[:, -1].tolist()


def test_overlays_stand_in_their_months_and_are_seen():
    book, terms = one_bucket("current", months=5), expect(hand_terms(), CURRENT, {6: 0.02}, 0.5)
    layers = [
        Overlay(name="flood", reason="flood", amount=7.0, first_month=1, last_month=2),
        Overlay(name="caution", reason="new product", share=0.5, stage=1),
    ]
    plain, found = (provisions(book, "ifrs9", terms, overlays=some) for some in ([], layers))
    assert found["overlay_amount"].sel(overlay="flood").values.tolist() == [[0.0, 7.0, 7.0, 0.0, 0.0]]
    np.testing.assert_allclose(found["overlay_amount"].sel(overlay="caution"), 5.0)
    np.testing.assert_allclose(
        found["allowance_held"] - plain["allowance_held"], found["overlay_amount"].sum("overlay")
    )
    np.testing.assert_allclose(found["allowance_by_stage"].sel(stage=2), [[0.0, 7.0, 7.0, 0.0, 0.0]])


def test_scenarios_and_lenders_stay_apart():
    book, terms = random_case(3, scenario=["base", "severe"], segments=(*SEGMENTS[:1], "theirs:loan"))
    terms = random_terms(3, segments=("ours:loan", "theirs:loan"))
    both = provisions(book, "ifrs9", terms)
    for name in ("base", "severe"):
        alone = provisions(book.sel(scenario=name), "ifrs9", terms)
        np.testing.assert_array_equal(both.sel(scenario=name)["allowance_held"], alone["allowance_held"])
    parts = [provisions(book, "ifrs9", terms, lender=name)["allowance_held"] for name in ("ours", "theirs")]
    np.testing.assert_allclose(provisions(book, "ifrs9", terms, lender="all")["allowance_held"], sum(parts), atol=0.05)


@pytest.mark.parametrize("regime", REGIMES)
def test_saved_and_loaded_it_is_the_same(regime, tmp_path):
    book, terms = random_case(1)
    found = provisions(book, regime, terms, overlays=[Overlay(name="a", reason="b", amount=1.0)])
    found.to_netcdf(tmp_path / "found.nc")
    xr.testing.assert_equal(xr.load_dataset(tmp_path / "found.nc"), found)


def test_interest_in_stage_three_is_on_the_net_amount():
    owed = np.zeros((1, 2, 1, len(BUCKETS)))
    owed[..., 3] = 1000.0
    terms = expect(hand_terms(rate=0.01), "90-119", {0: 1.0}, 0.8)
    found = provisions(hand_result(owed, interest=[[[0.0], [10.0]]]), "ifrs9", terms)
    np.testing.assert_allclose(found["interest_net"], [[0.0, 10.0 - 0.01 * 800.0]])


def test_reading_by_plain_loops():
    rng = np.random.default_rng(0)
    book, reading, rates = rng.random((3, 2, 2, 4)), rng.random((3, 2, 5)), rng.random((2, 5, 2, 4))
    found = read(book, reading, rates)
    for p, m, d in np.ndindex(found.shape):
        total = sum(
            book[p, m, s, c] * reading[p, m, k] * rates[d, k, s, c]
            for k in range(5)
            for s in range(2)
            for c in range(4)
        )
        assert found[p, m, d] == pytest.approx(total)


def test_bad_input_is_refused_by_name():
    book, terms = random_case(2)
    two = random_terms(2, segments=SEGMENTS, outlooks=("central", "adverse"))
    three = random_terms(2, segments=SEGMENTS, outlooks=("mild", "central", "adverse"))
    cases = [
        ({"provisioning": "ias39"}, "provisioning: found 'ias39'"),
        ({"provisioning": "ifrs9"}, "terms: found none"),
        ({"provisioning": "ifrs9", "terms": terms, "outlook": "hindsight"}, "outlook: found 'hindsight'"),
        ({"provisioning": "ifrs9", "terms": two}, "weights: found none for outlooks"),
        ({"provisioning": "cecl", "terms": two, "weights": {"central": 0.5, "adverse": 0.4}}, "summing to 1"),
        (
            {"provisioning": "cecl", "terms": three, "weights": {"mild": -0.5, "central": 0.75, "adverse": 0.75}},
            "0 or more, summing to 1",
        ),
        ({"provisioning": "cecl", "terms": two, "weights": {"rosy": 1.0}}, "weights: found 'rosy'"),
        ({"provisioning": "china", "weights": {"central": 1.0}}, "weights: found some without terms"),
        ({"provisioning": "ifrs9", "terms": terms.isel(segment=[0])}, "terms: found no segment ours:card"),
        ({"provisioning": "ifrs9", "terms": terms.assign_attrs(renewal="run-off")}, "terms: found renewal"),
        (
            {"provisioning": "ifrs9", "terms": terms.assign(unemployment=terms["unemployment"] + 0.2)},
            "make terms for its paths",
        ),
        ({"provisioning": "ifrs9", "terms": terms.drop_vars("loss")}, "terms: found no loss"),
        ({"overlays": [Overlay(name="a", reason="b"), Overlay(name="a", reason="c")]}, "different names"),
        ({"lender": "moon"}, "lender: found 'moon'"),
    ]
    for asked, message in cases:
        with pytest.raises(InputError, match=message):
            provisions(book, **asked)


def test_a_cell_that_no_term_structure_saw_is_refused():
    terms = hand_terms()
    terms["balance"][{"cell": terms["cell"].values.tolist().index("60-89")}] = 0.0
    with pytest.raises(InputError, match="terms: found no loan in cell '60-89' for segment ours:loan"):
        provisions(one_bucket("60-89"), "ifrs9", terms)


def test_terms_of_another_portfolio_are_said():
    book, terms = one_bucket("30-59").assign_attrs(fingerprint="ours"), hand_terms()
    for mark, said in (("ours", []), ("theirs", ["terms: of another portfolio"])):
        found = provisions(book, "ifrs9", terms.assign_attrs(fingerprint=mark))
        assert [note.split(";")[0] for note in notes(found)] == said


def test_all_faults_come_at_once():
    book, _ = random_case(2)
    with pytest.raises(InputError) as refused:
        provisions(book.drop_vars("recovered"), "ifrs9", outlook="x", lender="moon")
    assert [fault.split(":")[0] for fault in refused.value.faults] == ["recovered", "lender", "outlook", "terms"]


def test_an_empty_book_needs_nothing():
    found = provisions(one_bucket("current", amount=0.0), "ifrs9", hand_terms())
    assert found["allowance_held"].item() == 0.0
