"""Parameters: bounds, files, copies with changes, and every fault at once."""

import dataclasses
import inspect
from importlib import resources

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stresslab.engine.actions import ContingencyPlan, EarlyWarning, LimitManagement, Outreach, Restructuring
from stresslab.engine.borrower_parameters import Employment, Willingness
from stresslab.engine.feedback import Feedback
from stresslab.engine.lender_parameters import Applications, Product
from stresslab.engine.model import SECTIONS, Model, preset_tables
from stresslab.parameters import Section, documented, parameter
from stresslab.schema import InputError
from tests.engine.small import PRESETS

KINDS = {**SECTIONS, "product": Product}
PARAMETERS = [(kind, spec) for kind in KINDS.values() for spec in dataclasses.fields(kind) if "low" in spec.metadata]
NAMES = [f"{kind.__name__}.{spec.name}" for kind, spec in PARAMETERS]
ROOM = {"refused_below": {"granted_above": 1_000.0}, "granted_above": {"refused_below": 0.0}}
"""The other end of a range, far enough for a parameter to come near its bound, which it does not reach at one side."""


@pytest.mark.parametrize(("kind", "spec"), PARAMETERS, ids=NAMES)
def test_a_parameter_knows_unit_bounds_and_source(kind, spec):
    meta = spec.metadata
    assert meta["unit"]
    assert meta["source"]
    defaults = spec.default if isinstance(spec.default, tuple) else (spec.default,)
    assert all(meta["low"] <= value <= meta["high"] for value in defaults)


@pytest.mark.parametrize(("kind", "spec"), PARAMETERS, ids=NAMES)
def test_a_value_out_of_bounds_is_named(kind, spec):
    meta, several = spec.metadata, isinstance(spec.default, tuple)
    room = ROOM.get(spec.name, {})
    for bound in (meta["low"], meta["high"]):
        value = type(spec.default[0] if several else spec.default)(bound)
        if value in room.values():
            value = abs(value - 0.1)
        kind(**{spec.name: (value,) if several else value}, **room)
    for wrong in (meta["low"] - 1, meta["high"] + 1, float("nan"), "much", True, None):
        with pytest.raises(InputError) as caught:
            kind(**{spec.name: (wrong,) if several else wrong})
        (fault,) = caught.value.faults
        assert spec.name in fault
        assert repr(wrong) in fault


@pytest.mark.parametrize("name", ["early_months", "benefit_months"])
def test_whole_months_are_whole(name):
    with pytest.raises(InputError, match=name):
        Employment(**{name: 6.5})


def test_write_off_months_are_whole():
    with pytest.raises(InputError, match="write_off_months"):
        Product(write_off_months=9.5)


@pytest.mark.parametrize("wrong", [(580.0, 580.0), (600.0, 580.0), (1_000.0, 1_000.0), (0.0, 0.0)])
def test_credit_is_refused_below_where_it_is_granted(wrong):
    with pytest.raises(InputError) as caught:
        Applications(refused_below=wrong[0], granted_above=wrong[1])
    (fault,) = caught.value.faults
    found = f"found {wrong[0]} with granted_above {wrong[1]}"
    advice = "lower refused_below or raise granted_above"
    assert fault == f"refused_below: {found}, expected it below by 0.01 or more; {advice}"
    Applications(refused_below=579.9, granted_above=580.0)
    with pytest.raises(InputError, match=r"applications\.refused_below: found 600"):
        Model.from_preset("china-online").replace(**{"applications.refused_below": 600})


@pytest.mark.parametrize("wrong", [(), 0.5])
def test_giving_up_is_a_list(wrong):
    with pytest.raises(InputError, match="give_up"):
        Willingness(give_up=wrong)


def test_a_kind_of_product_is_one_of_two():
    with pytest.raises(InputError) as caught:
        Product(kind="balloon", minimum_share=2.0)
    assert len(caught.value.faults) == 2
    assert "balloon" in caught.value.faults[0]


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_survives_its_file(preset, tmp_path):
    model = Model.from_preset(preset)
    model.to_toml(tmp_path / "model.toml")
    assert Model.from_toml(tmp_path / "model.toml") == model
    assert Model.from_toml(str(tmp_path / "model.toml")).to_dict() == model.to_dict()


def values_of(kind):
    """Any instance of a section."""
    made = {}
    for spec in dataclasses.fields(kind):
        if "low" not in spec.metadata:
            made[spec.name] = st.sampled_from(["revolving", "instalment"])
            continue
        low, high = spec.metadata["low"], spec.metadata["high"]
        if isinstance(spec.default, tuple):
            made[spec.name] = st.lists(st.floats(low, high), min_size=1, max_size=12).map(tuple)
        else:
            whole = isinstance(spec.default, int)
            made[spec.name] = st.integers(int(low), int(high)) if whole else st.floats(low, high)
    if kind is Applications:  # two of them stand in an order
        pair = (
            st.lists(st.floats(0.0, 1_000.0), min_size=2, max_size=2, unique=True)
            .map(sorted)
            .filter(lambda ends: ends[0] <= ends[1] - 0.01)
        )
        others = {name: some for name, some in made.items() if name not in ROOM}
        return st.builds(
            lambda ends, **rest: kind(refused_below=ends[0], granted_above=ends[1], **rest), pair, **others
        )
    return st.builds(kind, **made)


MODELS = st.builds(
    Model,
    **{name: values_of(kind) for name, kind in SECTIONS.items()},
    products=st.dictionaries(st.text("abc-xyz 贷", min_size=1, max_size=8), values_of(Product), max_size=3),
)


@settings(max_examples=30, deadline=None)
@given(model=MODELS)
def test_any_model_survives_its_file(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "model.toml"
    model.to_toml(path)
    assert Model.from_toml(path) == model


def test_what_is_left_out_keeps_its_default(tmp_path):
    (tmp_path / "mine.toml").write_text('[willingness]\nforgetting = 0.05\n[products.card]\nkind = "revolving"\n')
    model = Model.from_toml(tmp_path / "mine.toml")
    assert model.willingness == Willingness(forgetting=0.05)
    assert model.employment == Employment()
    assert model.products == {"card": Product(kind="revolving")}


def test_every_fault_of_a_file_is_named_at_once(tmp_path):
    (tmp_path / "bad.toml").write_text(
        "[willingness]\nforgeting = 0.05\nstrategic_monthly = 5\n"
        '[products.card]\nkind = "balloon"\nfee = 1\n[weather]\nrain = 1\n[income]\nlow_pay = "low"\n'
    )
    with pytest.raises(InputError) as caught:
        Model.from_toml(tmp_path / "bad.toml")
    text = str(caught.value)
    assert len(caught.value.faults) == 6
    for words in (
        ["willingness.forgeting", "unknown"],
        ["willingness.strategic_monthly", "found 5", "0 ... 0.5"],
        ["products.card.fee", "unknown"],
        ["products.card.kind", "balloon"],
        ["weather: unknown", "expected one of applications, credit_supply, currency"],
        ["income.low_pay", "'low'"],
    ):
        assert any(all(word in fault for word in words) for fault in caught.value.faults), (words, text)
    assert "bad.toml" in text


@pytest.mark.parametrize("text", ["[willingness", "employment = 3", "products = 3", "[products]\ncard = 3"])
def test_a_file_of_another_shape_is_refused(tmp_path, text):
    (tmp_path / "odd.toml").write_text(text)
    with pytest.raises(InputError, match=r"odd\.toml"):
        Model.from_toml(tmp_path / "odd.toml")


NO_FILES = {
    "Latin-1": b"# caf\xe9\n",
    "UTF-16": "[income]".encode("utf-16"),
    "tables within tables": b"x = " + b"[" * 5_000 + b"]" * 5_000,
    "a number of 6,000 digits": b"x = " + b"9" * 6_000,
    "a section twice": b"[income]\n[income]\n",
    "a tape": b"borrower_id,balance\n" * 100_000,
}


@pytest.mark.parametrize("kind", NO_FILES)
def test_what_is_no_toml_is_refused(tmp_path, kind):
    (tmp_path / "odd.toml").write_bytes(NO_FILES[kind])
    with pytest.raises(InputError, match=r"file: found .*expected a model.*; ") as caught:
        Model.from_toml(tmp_path / "odd.toml")
    assert len(caught.value.faults) == 1


def test_a_folder_and_a_file_that_is_missing_are_refused(tmp_path):
    for path in (tmp_path, tmp_path / "missing.toml"):
        with pytest.raises(InputError, match="found none that can be read"):
            Model.from_toml(path)


def test_a_byte_order_mark_is_no_fault(tmp_path):
    (tmp_path / "windows.toml").write_bytes(b"\xef\xbb\xbf[willingness]\nforgetting = 0.05")
    assert Model.from_toml(tmp_path / "windows.toml").willingness.forgetting == 0.05


def test_an_unknown_preset_is_named():
    with pytest.raises(InputError, match=r"mars.*china-online.*us-card"):
        Model.from_preset("mars")


def test_replace_changes_only_what_it_names():
    model = Model.from_preset("china-online")
    changed = model.replace(**{"willingness.give_up": [0.2, 0.4], "products.jiebei.write_off_months": 6})
    assert changed.willingness.give_up == (0.2, 0.4)
    assert changed.products["jiebei"].write_off_months == 6
    assert model == Model.from_preset("china-online")
    back = changed.replace(
        **{"willingness.give_up": list(model.willingness.give_up), "products.jiebei.write_off_months": 10}
    )
    assert back == model


@pytest.mark.parametrize(
    "name", ["forgetting", "willingness.forgeting", "weather.rain", "products.mars.kind", "income.low_pay.x", ""]
)
def test_replace_refuses_unknown_names(name):
    with pytest.raises(InputError, match="unknown"):
        Model.from_preset("china-online").replace(**{name: 0.1})


def test_replace_refuses_what_no_file_can_hold():
    with pytest.raises(InputError, match=r"income\.low_pay: found None"):
        Model().replace(**{"income.low_pay": None})


def test_replace_takes_whole_sections():
    other = Model.from_preset("us-card")
    assert Model().replace(**other.to_dict()) == other


def test_replace_names_all_unknown_names_at_once():
    with pytest.raises(InputError) as caught:
        Model().replace(**{"income.low": 0.1, "weather.rain": 1, "willingness.forgetting": 0.1})
    assert [fault.split(":")[0] for fault in caught.value.faults] == ["income.low", "weather.rain"]


def test_replace_names_all_faults_at_once():
    with pytest.raises(InputError) as caught:
        Model.from_preset("china-online").replace(**{"income.low_pay": 80, "products.jiebei.relet_monthly": -1})
    assert len(caught.value.faults) == 2
    assert all("replace" not in fault for fault in caught.value.faults)


def test_parameters_cannot_be_changed_in_place():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Model.from_preset("china-online").willingness.forgetting = 0.0


@pytest.mark.parametrize(
    "kind", [*KINDS.values(), Feedback, Outreach, EarlyWarning, LimitManagement, Restructuring, ContingencyPlan]
)
def test_a_docstring_says_what_is_declared(kind):
    text = " ".join(inspect.getdoc(kind).split())
    for spec in dataclasses.fields(kind):
        assert f"{spec.name} : " in text
        assert f"default {spec.default!r}" in text
        if "low" in spec.metadata:
            bounds = f"[{spec.metadata['unit']}], {spec.metadata['low']:g} to {spec.metadata['high']:g}. Source: "
            assert bounds + " ".join(spec.metadata["source"].split()) in text


def test_a_parameter_without_a_meaning_is_refused():
    @dataclasses.dataclass(frozen=True)
    class Bare(Section):
        share: float = parameter(0.1, "1", 0.0, 1.0, "assumption")

    with pytest.raises(TypeError, match=r"Bare\.share has no meaning"):
        documented(Bare)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_copy_of_a_preset_is_a_model(preset, tmp_path):
    text = (resources.files("stresslab") / "presets" / f"{preset}.toml").read_text("utf-8")
    (tmp_path / "mine.toml").write_text(text, "utf-8")
    assert Model.from_toml(tmp_path / "mine.toml") == Model.from_preset(preset)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_has_the_rules_of_a_product_once(preset):
    tables = preset_tables(preset)
    assert set(tables["portfolio"]["loans"]) == set(tables["products"])
    rules = {spec.name for spec in dataclasses.fields(Product)}
    assert all(not rules & set(loans) for loans in tables["portfolio"]["loans"].values())
