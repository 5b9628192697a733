"""Parameters moved one at a time: differences that can be known, their order, and what is refused."""

import numpy as np
import pytest

import stresslab as sl
from stresslab.schema import InputError
from tests.studies.outputs import well_described


@pytest.fixture(scope="module")
def book():
    return sl.synthetic_portfolio("china-online", borrowers=2_000, seed=1)


@pytest.fixture(scope="module")
def macro():
    return sl.macro_paths(sl.scenario("fed-2026-severely-adverse").isel(month=slice(0, 12)), 20, seed=2)


PARAMETERS = {"willingness.forgetting": (0.01, 0.06), "employment.finding_monthly": (0.10, 0.30)}


@pytest.fixture(scope="module")
def found(book, macro):
    answers = {"shift": (-0.5, 2.0, lambda value: lambda result: sl.outcomes.loss_rate()(result) + value)}
    return sl.sensitivity(book, macro, sl.outcomes.loss_rate(), PARAMETERS, answers, seed=4, progress=False)


def test_an_effect_is_the_difference_of_two_runs(book, macro, found):
    model = sl.Model.from_preset("china-online")
    base = sl.outcomes.loss_rate()(sl.simulate(book, macro, seed=4, progress=False))
    for name, pair in PARAMETERS.items():
        for end, value in zip(("low", "high"), pair, strict=True):
            changed = sl.simulate(book, macro, model.replace(**{name: value}), seed=4, progress=False)
            difference = sl.outcomes.loss_rate()(changed) - base
            row = found.sel(parameter=name)
            assert row[end].item() == pytest.approx(float(difference.mean()), rel=1e-12, abs=1e-15)
            assert row[f"{end}_se"].item() == pytest.approx(float(difference.std(ddof=1)) / 20**0.5, rel=1e-9)
            assert row[f"{end}_value"].item() == value
    assert found["base"].item() == pytest.approx(float(base.mean()))


def test_an_answer_is_read_off_the_base_run(found):
    row = found.sel(parameter="shift")
    assert row["low"].item() == pytest.approx(-0.5)
    assert row["high"].item() == pytest.approx(2.0)
    assert row["low_se"].item() == pytest.approx(0.0, abs=1e-12)


def test_largest_effect_first(found):
    size = np.maximum(abs(found["low"]), abs(found["high"])).values
    assert (np.diff(size) <= 0.0).all()
    assert found["parameter"].values[0] == "shift"
    assert (found.attrs["outcome"], found.attrs["units"]) == ("loss rate", "1")


def test_shared_draws_make_the_error_small(book, macro, found):
    row = found.sel(parameter="willingness.forgetting")
    other = sl.sensitivity(
        book, macro, sl.outcomes.loss_rate(), {"willingness.forgetting": (0.01, 0.06)}, seed=99, progress=False
    )
    apart = np.sqrt(found["base_se"] ** 2 + other["base_se"] ** 2).item()
    assert row["high_se"].item() < apart


def test_it_can_be_drawn(found):
    ax = sl.plot.tornado(found)
    assert "loss rate" in ax.get_title() + ax.get_xlabel()


def test_every_fault_is_named(book, macro):
    with pytest.raises(InputError, match="parameters: found none"):
        sl.sensitivity(book, macro, sl.outcomes.loss_rate(), {}, progress=False)
    with pytest.raises(InputError) as caught:
        sl.sensitivity(
            book,
            macro.isel(path=[0]),
            sl.outcomes.loss_rate(),
            {"willingness.forgetting": (0.06, 0.01)},
            progress=False,
        )
    assert "macro: found" in str(caught.value)
    assert "willingness.forgetting: found (0.06, 0.01)" in str(caught.value)
    with pytest.raises(InputError, match=r"willingness\.rain: unknown"):
        sl.sensitivity(book, macro, sl.outcomes.loss_rate(), {"willingness.rain": (0.0, 1.0)}, progress=False)
    with pytest.raises(InputError, match="forgetting"):
        sl.sensitivity(book, macro, sl.outcomes.loss_rate(), {"willingness.forgetting": (0.0, 7.0)}, progress=False)


def test_the_output_is_described(found):
    assert well_described(found) == []
    assert (found["low"].attrs["units"], found.attrs["seed"]) == ("1", "4")
