"""The unit and the currency of a portfolio's amounts, and what the model makes of them."""

import numpy as np
import pytest
import xarray as xr

import stresslab as sl
from stresslab.engine.model import Model
from stresslab.engine.simulate import advance, simulate
from stresslab.measures.losses import loss_distribution
from stresslab.noted import notes
from stresslab.population.synthetic import synthetic_portfolio
from stresslab.schema import PORTFOLIO, InputError
from tests.engine.small import flat

BOOKS = {preset: synthetic_portfolio(preset, borrowers=1_000, seed=1) for preset in ("us-card", "china-online")}
MACRO = flat(12, unemployment=np.linspace(0.05, 0.12, 12))


def counted_in(book, unit):
    """The same portfolio, its amounts in units of so much currency."""
    amounts = {n: book[n] / unit for n, want in PORTFOLIO.items() if want.unit.startswith("currency")}
    amounts["overdue"] = amounts["overdue"].where(book["days_past_due"] == 0, amounts["overdue"].clip(min=0.01))
    return book.assign(amounts).assign_attrs(unit=unit)


def losses(book, **options):
    result = simulate(book, MACRO, seed=3, progress=False, **options)
    return loss_distribution(result.isel(path=[0, 0]).assign_coords(path=[0, 1]))["loss_rate"].isel(path=0), result


@pytest.mark.parametrize("preset", BOOKS)
def test_a_book_in_thousands_loses_the_same_rates(preset):
    whole, first = losses(BOOKS[preset])
    thousands, second = losses(counted_in(BOOKS[preset], 1000))
    assert thousands.sel(segment="total").item() == pytest.approx(whole.sel(segment="total").item(), rel=0.05)
    assert second["balance"].sum().item() * 1000 == pytest.approx(first["balance"].sum().item(), rel=0.01)
    assert second.attrs["unit"] == 1000
    assert any(note.startswith("unit: amounts are in units of 1,000") for note in notes(second))
    assert "unit" not in first.attrs


@pytest.mark.parametrize("preset", BOOKS)
def test_amounts_in_thousands_that_are_not_said_to_be_are_asked_for(preset):
    """The minimum payment would be a thousandfold, so that most of the book would be lost."""
    thousands = counted_in(BOOKS[preset], 1_000)
    silent = thousands.drop_attrs(deep=False).assign_attrs(BOOKS[preset].attrs)
    with pytest.raises(InputError, match=r"limit: found lines of .* in the median, expected more than the minimum pay"):
        simulate(silent, MACRO, seed=1, horizon=1, progress=False)
    simulate(thousands, MACRO, seed=1, horizon=1, progress=False)


def test_costs_of_responses_follow_the_unit():
    plan = [sl.actions.Outreach(cost_monthly=1_000.0, cost_per_contact=0.0)]
    _, result = losses(counted_in(BOOKS["us-card"], 1000), responses=plan)
    assert result["operating_cost"].isel(path=0, month=1).item() == 1.0
    assert not any("by default" in note for note in notes(result))


def test_costs_of_responses_by_default_are_said():
    _, result = losses(BOOKS["us-card"], responses=[sl.actions.Outreach(name="calls")])
    assert "calls: cost_per_contact 10 USD by default (assumption); give yours" in notes(result)


@pytest.mark.parametrize("unit", [0, -1, "thousand", True, np.nan])
def test_a_unit_that_is_none_is_refused(unit):
    with pytest.raises(InputError, match=r"attrs\['unit'\]: found .*give 1000 for amounts in thousands"):
        simulate(BOOKS["us-card"].assign_attrs(unit=unit), MACRO, seed=3, progress=False)


def test_amounts_beyond_32_bits_say_how_to_count_in_thousands():
    rich = BOOKS["us-card"].assign(income=BOOKS["us-card"]["income"] * 0.0 + 1e7)
    with pytest.raises(InputError, match="count all amounts in thousands and say so with unit=1000"):
        simulate(rich, MACRO, seed=3, progress=False)
    assert simulate(counted_in(rich, 1000), MACRO, seed=3, progress=False)["balance"].sum() > 0


@pytest.mark.parametrize("run", [lambda book, **k: simulate(book, MACRO, seed=3, progress=False, **k),
                                 lambda book, **k: advance(book, MACRO, 2, seed=3, **k)])  # fmt: skip
def test_a_model_in_another_currency_is_refused_with_its_amounts(run):
    euros = BOOKS["us-card"].assign_attrs(currency="EUR")
    with pytest.raises(InputError, match=r"currency: found 'EUR' .* products.card.minimum_payment = 25 USD.*replace"):
        run(euros)
    own = Model.from_preset("us-card").replace(currency="EUR", **{"products.card.minimum_payment": 20.0})
    run(euros, model=own)
    run(euros, model=Model.from_preset("us-card").replace(**{"products.card.minimum_payment": 0.0}))


def test_the_currency_of_a_model_is_kept_in_its_file(tmp_path):
    assert Model.from_preset("china-online").currency == "CNY"
    assert Model().currency == ""
    Model.from_preset("us-card").to_toml(tmp_path / "model.toml")
    assert Model.from_toml(tmp_path / "model.toml").currency == "USD"
    with pytest.raises(InputError, match="currency: found 'yuan'"):
        Model.from_preset("us-card").replace(currency="yuan")


def test_a_static_book_of_one_vintage_shrinks_and_says_so():
    """All instalment loans were granted today, so that all are repaid for months before any is granted anew."""
    book = BOOKS["china-online"].assign_attrs(own_lender="platform-1")
    fresh = (book["tenor_months"] > 0) & (book["days_past_due"] == 0) & (book["balance"] > 0)
    began = {"remaining_months": book["tenor_months"], "balance": book["usual_balance"]}
    book = book.assign({name: began[name].where(fresh, book[name]).astype(book[name].dtype) for name in began})
    result = simulate(book, MACRO, seed=3, horizon=5, progress=False)
    own = result["balance"].where(result["lender"] == "platform-1", 0.0).sum(["segment", "bucket"]).squeeze("path")
    hours, note = notes(result)
    assert hours.startswith("short hours: for each point that unemployment rises")
    assert f"balance: moved from {own[0].item():,.0f} to {own[-1].item():,.0f} in 5 months; renewal='static'" in note
    assert "use grow()" in note
    assert notes(simulate(book, MACRO, seed=3, horizon=5, renewal="run-off", progress=False)) == [hours]
    assert notes(simulate(BOOKS["china-online"], MACRO, seed=3, progress=False)) == [hours]


@pytest.mark.parametrize("kind", [np.float32, np.float16, ">f8"])
def test_shorter_numbers_give_the_bits_of_the_same_figures_in_64_bits(kind):
    book = sl.synthetic_portfolio("china-online", borrowers=40, seed=2, seasoning_months=6)
    names = [name for name in ("balance", "limit", "annual_rate", "score") if book[name].dtype == float]
    short = book.assign({name: (book[name] / 2).astype(kind) for name in names})
    same = short.assign({name: short[name].astype(float) for name in names})
    calm = sl.scenario("china-baseline").isel(month=slice(0, 3))
    one, other = (sl.simulate(made, calm, seed=1, progress=False).drop_attrs() for made in (short, same))
    xr.testing.assert_identical(one, other)


def faults_of(book, **asked):
    with pytest.raises(sl.InputError) as caught:
        sl.simulate(book, sl.scenario("china-baseline").isel(month=slice(0, 2)), **({"progress": False} | asked))
    return sorted(fault.split(":")[0] for fault in caught.value.faults)


@pytest.mark.parametrize(
    ("empty", "words"),
    [({"scenario": []}, "no scenarios"), ({"path": []}, "no paths"), ({"month": []}, "no months"),
     ({"scenario": [], "path": []}, "no scenarios and no paths")],
)  # fmt: skip
def test_macro_paths_of_nothing_are_one_fault(empty, words):
    book = sl.synthetic_portfolio(borrowers=5, seed=1)
    macro = sl.macro_paths(sl.scenario({"a": "china-2020", "b": "china-2020"}), paths=2, seed=1).isel(empty)
    with pytest.raises(InputError, match=f"simulate: 1 fault\n  - macro: found {words}"):
        sl.simulate(book, macro, seed=1, progress=False)


def test_labels_that_are_lists_are_named():
    macro = sl.scenario({"a": "china-2020", "b": "china-2020"})
    labels = np.empty(2, object)
    labels[:] = [["a"], "b"]
    with pytest.raises(InputError, match=r"scenario: found \[\['a'\], 'b'\], expected different names"):
        sl.simulate(sl.synthetic_portfolio(borrowers=5, seed=1), macro.assign_coords(scenario=labels), seed=1)


def test_faults_of_attributes_labels_values_and_arguments_come_at_once():
    book = sl.synthetic_portfolio("china-online", borrowers=20, seed=1, seasoning_months=0)
    labels = book["lender"].values.astype(object)
    labels[3] = ["ant"]
    bad = book.assign(lender=("loan", labels), income=-book["income"])
    bad = bad.assign_attrs(currency="yuan", as_of="2026-02-30", own_lender=5)
    names = ["attrs['as_of']", "attrs['currency']", "attrs['own_lender']"]
    assert faults_of(bad, seed=-1) == [*names, "income", "lender", "seed"]
    assert faults_of(book.assign_attrs(preset="mars").drop_vars("score")) == ["attrs['preset']", "score"]
    assert faults_of(book.drop_attrs().assign(score=np.nan * book["score"])) == ["model", "score"]
    other = book.assign(product=("loan", np.full(book.sizes["loan"], "mortgage")), pay_level=-book["pay_level"])
    assert faults_of(other) == ["pay_level", "product"]


def test_responses_in_a_portfolio_without_an_own_lender_are_refused():
    """Else the first lender of the alphabet would act."""
    nobody = (
        BOOKS["us-card"]
        .drop_attrs(deep=False)
        .assign_attrs({name: value for name, value in BOOKS["us-card"].attrs.items() if name != "own_lender"})
    )
    with pytest.raises(InputError) as caught:
        simulate(nobody, MACRO, seed=1, horizon=1, progress=False, responses=[sl.actions.Outreach()])
    (fault,) = caught.value.faults
    assert fault.startswith("own_lender: found none in attrs of a portfolio whose own lender responds, expected one of")
    assert "name it: portfolio.assign_attrs(own_lender='bank-1')" in fault
    simulate(nobody, MACRO, seed=1, horizon=1, progress=False)
