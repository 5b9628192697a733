"""What the loans of a segment have agreed: every mean by hand, on one loan and on a book."""

import numpy as np
import pytest
import xarray as xr

import stresslab as sl
from stresslab.engine.model import Model
from tests.engine.small import flat


@pytest.fixture(scope="module")
def book():
    return sl.synthetic_portfolio("china-online", borrowers=800, seed=4)


def shares(book, **changed):
    """The contract variables of a one-month run."""
    model = Model.from_preset("china-online").replace(**changed)
    return sl.simulate(book, flat(1), model, seed=1, progress=False)


def by_hand(book, model, segment):
    """Loop over the loans of a segment, from the definitions."""
    lender, product = segment.split(":")
    rules = model.products[product]
    owed = due = current = long = settled = own = 0.0
    for k in range(book.sizes["loan"]):
        one = {name: book[name].values[k] for name in ("lender", "product", "balance", "annual_rate", "instalment",
               "remaining_months", "transactor", "days_past_due", "written_off", "own_share")}  # fmt: skip
        if one["lender"] != lender or one["product"] != product:
            continue
        balance = float(one["balance"])
        owed += balance
        own += balance * float(one["own_share"])
        if one["days_past_due"] > 0 or one["written_off"]:
            continue
        current += balance
        if rules.kind == "revolving":
            least = min(balance, max(rules.minimum_share * balance, rules.minimum_payment))
            due += balance if one["transactor"] else least
            settled += balance if one["transactor"] else 0.0
            continue
        rate = float(one["annual_rate"]) / 12.0
        whole = balance * (1.0 + rate)
        instalment = float(one["instalment"])
        due += whole if one["remaining_months"] <= 1 or instalment > whole else instalment
        left = balance
        for _ in range(12):
            left = left * (1.0 + rate) - instalment
        long += max(left, 0.0) if one["remaining_months"] > 12 else 0.0
    return {"own_share": own / owed, "due_share": due / current, "transactor_share": settled / current,
            "beyond_year_share": long / current}  # fmt: skip


def test_every_mean_is_that_of_a_loop_over_the_loans(book):
    model = Model.from_preset("china-online")
    found = shares(book)
    for segment in found["segment"].values.tolist():
        expected = by_hand(book, model, segment)
        for name, value in expected.items():
            assert found[name].sel(segment=segment).item() == pytest.approx(value, rel=1e-6, abs=1e-9), (segment, name)
    assert found["revolving"].sel(segment="ant:huabei") == 1.0
    assert found["revolving"].sel(segment="ant:jiebei") == 0.0


def test_a_higher_minimum_payment_is_seen(book):
    low, high = shares(book), shares(book, **{"products.huabei.minimum_share": 0.5})
    changed = (high["due_share"] - low["due_share"]).to_series()
    assert changed.loc["ant:huabei"] > 0.01
    assert (changed.drop("ant:huabei") == 0.0).all()


def test_a_segment_without_current_loans_has_zeros(book):
    jiebei = (book["product"] == "jiebei") & (book["balance"] >= 1.0)
    days = xr.where(jiebei, 30, book["days_past_due"]).astype(book["days_past_due"].dtype)
    late = book.assign(days_past_due=days, overdue=xr.where(jiebei, 0.1 * book["balance"].round(), book["overdue"]))
    found = shares(late).sel(segment="ant:jiebei")
    assert [found[name].item() for name in ("due_share", "transactor_share", "beyond_year_share")] == [0.0, 0.0, 0.0]
    assert np.isfinite(found["own_share"].item())


def test_scenarios_share_one_set_of_contracts(book):
    macro = xr.concat([flat(1), flat(1)], dim=xr.Variable("scenario", ["a", "b"]))
    found = sl.simulate(book, macro, seed=1, progress=False)
    assert found["due_share"].dims == ("segment",)
