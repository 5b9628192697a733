"""Early warnings: ratios and their errors by hand, and warnings of a real run that must come out good or bad."""

import numpy as np
import pytest
import xarray as xr

from stresslab.engine.actions import EarlyWarning
from stresslab.engine.simulate import simulate
from stresslab.measures.early_warning import warning_quality
from stresslab.population.synthetic import synthetic_portfolio
from stresslab.scenarios.shock import shock_scenario
from stresslab.schema import CAUSES, InputError

RATIOS = ("hit_rate", "precision", "lead_months", "flagged")


def by_hand(paths=3):
    """By path, of the own lender: warned 2, 4, 3 of 10, 10, 5 entries; false alarms 8, 6, 2; the other has more."""
    dims = ("path", "month", "segment")

    def flow(own, other):
        values = np.zeros((3, 3, 2), int)
        values[:, 1, 0], values[:, 2, 1] = own, other
        return dims, values

    entries = np.zeros((3, 3, 2, len(CAUSES)), int)
    entries[:, 1, 0, 0], entries[:, 2, 0, 3], entries[:, 1, 1, 2] = [4, 4, 5], [6, 6, 0], 100
    result = xr.Dataset(
        {
            "warned": flow([2, 4, 3], 50),
            "false_alarms": flow([8, 6, 2], 0),
            "flagged": flow([12, 10, 5], 60),
            "lead_months": flow([6, 8, 4], 500),
            "entries_to_arrears": ((*dims, "cause"), entries),
        },
        {
            "month": [0, 1, 2],
            "segment": ["us:card", "eu:card"],
            "lender": ("segment", ["us", "eu"]),
            "product": ("segment", ["card", "card"]),
            "cause": list(CAUSES),
        },
        {"own_lender": "us", "currency": "EUR"},
    )
    return result.isel(path=slice(paths))


def test_ratios_by_hand():
    found = warning_quality(by_hand())
    assert found["hit_rate"].item() == pytest.approx(9 / 25)
    assert found["precision"].item() == pytest.approx(9 / 25)
    assert found["lead_months"].item() == pytest.approx(18 / 9)
    assert found["flagged"].item() == pytest.approx(9.0)


def test_jackknife_errors_by_hand():
    """Hit rate without each path: 7 / 15, 5 / 15, 6 / 20; se^2 = 2 / 3 of the squared distances from their mean."""
    found = warning_quality(by_hand())
    left_out = {
        "hit_rate": [7 / 15, 5 / 15, 6 / 20],
        "precision": [7 / 15, 5 / 15, 6 / 20],
        "lead_months": [12 / 7, 10 / 5, 14 / 6],
        "flagged": [7.5, 8.5, 11.0],
    }
    for name, ratios in left_out.items():
        squares = sum((ratio - sum(ratios) / 3) ** 2 for ratio in ratios)
        assert found[f"{name}_se"].item() == pytest.approx((2 / 3 * squares) ** 0.5)
    assert found["flagged_se"].item() == pytest.approx(np.std([12, 10, 5], ddof=1) / 3**0.5)  # a mean's error is exact


def test_other_lenders_and_all_of_them():
    other, every = (warning_quality(by_hand(), lender=name) for name in ("eu", "all"))
    assert other["hit_rate"].item() == pytest.approx(150 / 300)
    assert other["precision"].item() == 1.0
    assert every["hit_rate"].item() == pytest.approx(159 / 325)
    assert (other.attrs["lender"], every.attrs["lender"]) == ("eu", "all")
    assert warning_quality(by_hand()).attrs["lender"] == "us"


def test_one_path_has_no_error():
    found = warning_quality(by_hand(paths=1))
    assert found["hit_rate"].item() == pytest.approx(0.2)
    assert all(np.isnan(found[f"{name}_se"]) for name in RATIOS)


def test_nobody_flagged_is_no_ratio():
    quiet = by_hand().assign({name: by_hand()[name] * 0 for name in ("warned", "false_alarms", "lead_months")})
    found = warning_quality(quiet)
    assert found["hit_rate"].item() == 0.0
    assert np.isnan(found["precision"])
    assert np.isnan(found["lead_months"])


def test_scenarios_stay_apart():
    both = xr.concat([by_hand(), by_hand().isel(path=[0, 0, 1])], xr.Variable("scenario", ["one", "other"]))
    found = warning_quality(both)
    assert found["hit_rate"].dims == ("scenario",)
    assert found["hit_rate"].values == pytest.approx([9 / 25, 8 / 30])


# A real run.


@pytest.fixture(scope="module")
def book():
    return synthetic_portfolio("china-online", borrowers=3_000, seed=1)


def lived(book, **warning):
    macro = shock_scenario(0.12, months_to_peak=6, months=15).expand_dims(path=range(4))
    return simulate(book, macro, seed=3, responses=[EarlyWarning(**warning)], progress=False)


def total(result, name):
    return int(result[name].sum())


def test_flags_are_decided_once_at_most(book):
    result = lived(book)
    flagged, decided = (result[name].sum("segment") for name in ("flagged", "warned"))
    decided = decided + result["false_alarms"].sum("segment")
    assert (decided.cumsum("month") <= flagged.cumsum("month")).all()
    assert (result["lead_months"] >= result["warned"]).all()
    assert (result["warned"] <= result["entries_to_arrears"].sum("cause")).all()
    window = EarlyWarning().window
    assert (result["lead_months"] <= window * result["warned"]).all()
    assert total(result, "warned") > 20
    others = result["lender"].values != result.attrs["own_lender"]
    assert not result["flagged"].isel(segment=others).any()
    found = warning_quality(result)
    assert 1.0 <= float(found["lead_months"]) <= window
    assert 0.0 < float(found["hit_rate"]) < 1.0


def test_a_score_warns_better_than_a_flag_on_everybody(book):
    """All of them flagged: nearly every entry was, and hardly any flag was worth it; a low score is worth more."""
    everybody, low = (warning_quality(lived(book, score_below=below)) for below in (1_000, 540))
    assert float(everybody["hit_rate"]) > 0.75  # a flag that ended is raised again only a month later
    for_good = warning_quality(lived(book, score_below=1_000, window=120))
    assert float(for_good["hit_rate"]) > 0.95
    assert float(everybody["precision"]) < 0.15
    assert float(everybody["hit_rate"]) > float(low["hit_rate"])
    error = float(np.hypot(everybody["precision_se"], low["precision_se"]))
    assert float(low["precision"] - everybody["precision"]) > 3.0 * error
    again = warning_quality(lived(book, score_below=999))
    error = float(np.hypot(everybody["precision_se"], again["precision_se"]))
    assert not float(again["precision"] - everybody["precision"]) > 3.0 * error  # hardly another warning


def test_a_warning_that_looks_at_nothing_flags_nobody(book):
    result = lived(book, score_below=0, use_from=0.0)
    assert not any(result[name].any() for name in ("flagged", "warned", "false_alarms", "lead_months"))
    assert float(warning_quality(result)["hit_rate"]) == 0.0
    assert lived(book, score_below=0, use_from=0.9)["flagged"].any()


def broken(name, value):
    book = by_hand().copy(deep=True)
    book[name] = book[name].astype(float)
    book[name][0, 1, 0] = value
    return book


@pytest.mark.parametrize(
    ("book", "wish", "message"),
    [
        (by_hand().drop_vars("flagged"), {}, r"flagged: missing"),
        (by_hand().drop_vars("entries_to_arrears"), {}, r"entries_to_arrears: missing"),
        (by_hand().sum("cause"), {}, r"entries_to_arrears: found dimensions"),
        (by_hand().mean("path"), {}, r"warned: found dimensions"),
        (by_hand().drop_attrs(), {}, r"own_lender: missing from attrs"),
        (by_hand(), {"lender": "nobody"}, r"lender: found 'nobody', .*\['eu', 'us'\]"),
        (broken("warned", -1.0), {}, r"warned: found -1\.0"),
        (broken("false_alarms", np.nan), {}, r"false_alarms: found nan"),
    ],
)
def test_bad_input_is_refused_by_name(book, wish, message):
    with pytest.raises(InputError, match=message):
        warning_quality(book, **wish)


def test_all_faults_come_at_once():
    with pytest.raises(InputError) as caught:
        warning_quality(broken("warned", -1.0).drop_vars("flagged"), lender="nobody")
    assert len(caught.value.faults) == 3
