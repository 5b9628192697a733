"""A study file says what Python can say, and is refused whole or run whole."""

import functools
import inspect
import json

import numpy as np
import pytest
import xarray as xr

import stresslab as sl
from stresslab.schema import InputError
from stresslab.study import demo_study, read_study, run_study, summary_table
from stresslab.study_file import side_by_side
from stresslab.study_output import write_answers

TWO = ["fed-2026-baseline", "fed-2026-severely-adverse"]
SMALL = """
scenarios = ["fed-2026-baseline", "fed-2026-severely-adverse"]
[synthetic_portfolio]
borrowers = 1500
seed = 1
[macro_paths]
paths = 4
seed = 2
[simulate]
seed = 3
horizon = 6
"""


def written(folder, text):
    path = folder / "study.toml"
    path.write_text(text)
    return path


def faults_of(content):
    with pytest.raises(InputError) as caught:
        read_study(content)
    return caught.value.faults


def test_faults_of_every_section_are_named_with_their_keys(tmp_path):
    path = written(
        tmp_path,
        "scenarios = ['fed-1492']\n[synthetic_portfolio]\nborrowers = -5\n[macro_paths]\npaths = 'many'\nsped = 1\n"
        "[simulate]\nrenewal = 'growing'\n[loss_distribution]\nlevels = [99.0]\n[capital]\nx = 1\n",
    )
    keys = [fault.split(":")[0] for fault in faults_of(path)]
    assert sorted(keys) == [
        "capital", "loss_distribution.levels.0", "macro_paths.paths", "macro_paths.sped", "scenarios.0",
        "simulate.renewal", "synthetic_portfolio.borrowers",
    ]  # fmt: skip


def test_scenarios_that_cannot_standside_by_side_are_refused():
    least = {"macro_paths": {"paths": 2}}
    (fault,) = faults_of(least | {"scenarios": ["china-baseline", "pboc-2025-severe"]})
    assert "policy_rate: found in china-baseline and not in pboc-2025-severe" in fault


def test_scenariosside_by_side_have_neutral_values_where_they_say_nothing():
    shocks = [{"shock_scenario": {"peak": peak}} for peak in (0.08, 0.1)]
    study = read_study({"scenarios": ["collections-stop", *shocks], "macro_paths": {"paths": 2}})
    macro = side_by_side(study.scenarios)
    assert macro["scenario"].values.tolist() == ["collections-stop", "shock_scenario_1", "shock_scenario_2"]
    assert "gdp_growth" not in macro
    assert (macro["collections_capacity"].sel(scenario="shock_scenario_2") == 1.0).all()
    assert macro["collections_capacity"].sel(scenario="collections-stop").min() < 1.0


def test_near_names_are_proposed():
    faults = faults_of({"scenarios": TWO, "macro_path": {}, "macro_paths": {"paths": 2}, "simulate": {"horizn": 6}})
    assert any("write 'macro_paths'" in fault for fault in faults)
    assert any("write 'horizon'" in fault for fault in faults)


def test_faults_of_configuration_objects_are_named():
    simulate = {
        "feedback": {"contagion_": 1.0},
        "responses": [
            {"kind": "Outrech"},
            {"kind": "Restructuring", "forgiveness": 7.0, "foo": 1},
            {"kind": "Outreach", "capacity": -1.0},
        ],
        "model": "absent.toml",
    }
    provisions = {"overlays": [{"name": "floods"}], "provisioning": {"kind": "China", "schedules": "cn2023"}}
    macro = {"paths": 2, "model": {"kind": "VAR", "max_lag": 2}}
    content = {"scenarios": TWO, "simulate": simulate, "provisions": provisions, "macro_paths": macro}
    keys = {fault.split(":")[0] for fault in faults_of(content)}
    assert keys == {
        "simulate.feedback.contagion_", "simulate.responses.0.kind", "simulate.responses.1.foo",
        "simulate.responses.1.forgiveness", "simulate.responses.2.capacity", "simulate.model",
        "provisions.overlays.0.reason",
        "provisions.provisioning.schedules", "macro_paths.model.max_lag",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ({}, "scenarios"),
        ({"scenarios": []}, "scenarios"),
        ({"scenarios": [TWO[0], TWO[0]]}, "scenarios"),
        ({"scenarios": [7]}, "scenarios.0"),
        ({"scenarios": [{"read_scenario": {"path": "absent.csv"}}]}, "scenarios.0.read_scenario"),
        ({"scenarios": [{"shock_scenario": {}}]}, "scenarios.0.shock_scenario.peak"),
        ({"scenarios": [{"shock_scenario": {"peak": "high"}}]}, "scenarios.0.shock_scenario.peak"),
        ({"scenarios": [{"shock_scenario": {"peak": 5.0}}]}, "scenarios.0.shock_scenario"),
        ({"scenarios": TWO, "macro_paths": 3}, "macro_paths"),
        ({"scenarios": TWO, "title": 3}, "title"),
        ({"scenarios": TWO, "simulate": {"responses": 3}}, "simulate.responses"),
        ({"scenarios": TWO, "simulate": {"feedback": 3}}, "simulate.feedback"),
        ({"scenarios": TWO, "BalanceSheet": {"for_bok": {}}}, "BalanceSheet.for_bok"),
        ({"scenarios": TWO, "synthetic_portfolio": {}, "read_portfolio": {}}, "read_portfolio"),
    ],
)
def test_a_wrong_study_is_refused_by_its_key(content, key):
    assert any(fault.split(": ")[0] == key for fault in faults_of({"macro_paths": {"paths": 2}} | content))


@pytest.mark.parametrize(
    ("section", "table", "key"),
    [
        ("synthetic_portfolio", {"preset": "china-offline"}, "synthetic_portfolio.preset"),
        ("macro_paths", {"paths": 2, "mode": "sideways"}, "macro_paths.mode"),
        ("macro_paths", {"paths": 2, "follow": "inflation"}, "macro_paths.follow"),
        ("simulate", {"horizon": 400}, "simulate.horizon"),
        ("simulate", {"trace": ["a"]}, "simulate.trace.0"),
        ("loss_distribution", {"horizon": 400}, "loss_distribution.horizon"),
        ("provisions", {"provisioning": "ifrs-9"}, "provisions.provisioning"),
        ("provisions", {"weights": {"central": "x"}}, "provisions.weights.central"),
        ("BalanceSheet", {"for_book": {"payout": 3.0}}, "BalanceSheet.for_book.payout"),
        ("BalanceSheet", {"for_book": {"funding": {"rollover": 2.0}}}, "BalanceSheet.for_book.rollover"),
        ("BalanceSheet", {"for_book": {"funding": {"rolover": 1.0}}}, "BalanceSheet.for_book.funding.rolover"),
        ("liquidity_buffer", {"horizon": 400}, "liquidity_buffer.horizon"),
        ("liquidity_buffer", {"level": 95}, "liquidity_buffer.level"),
        ("capital_adequacy", {"capital_regime": "basel-iv"}, "capital_adequacy.capital_regime"),
        ("irb_parameters", {"downturn": "x"}, "irb_parameters.downturn"),
    ],
)
def test_what_a_function_would_refuse_later_is_refused_before_the_run(section, table, key):
    (fault,) = faults_of({"scenarios": TWO, "macro_paths": {"paths": 2}} | {section: table})
    assert fault.split(": ")[0] == key


def test_a_floating_rate_of_funding_needs_scenarios_with_a_policy_rate():
    floating = {"BalanceSheet": {"for_book": {"funding": {"pass_through": 1.0, "tenor_months": 12}}}}
    least = {"macro_paths": {"paths": 2}}
    read_study(least | floating | {"scenarios": TWO})
    (fault,) = faults_of(least | floating | {"scenarios": ["pboc-2025-severe"]})
    assert fault.startswith("liquidity_buffer.policy_rate: missing")


LEAST = {"scenarios": TWO, "macro_paths": {"paths": 2}}


def test_a_lender_that_no_portfolio_of_the_preset_has_is_refused_when_the_study_is_read():
    (fault,) = faults_of(LEAST | {"loss_distribution": {"lender": "nobody"}, "provisions": {"lender": "bank-1"}})
    assert fault.startswith("loss_distribution.lender: found 'nobody', which has no segment")
    (fault,) = faults_of(LEAST | {"BalanceSheet": {"for_book": {"lender": "nobody"}}})
    assert fault.startswith("BalanceSheet.for_book.lender: found 'nobody'")


def test_a_lender_without_loans_in_this_portfolio_is_refused_before_the_simulation(monkeypatch):
    least = LEAST | {"synthetic_portfolio": {"borrowers": 5, "seed": 1}}
    study = read_study(least | {"loss_distribution": {"lender": "platform-6"}, "provisions": {"lender": "all"}})
    never = functools.wraps(sl.simulate)(lambda *_, **__: pytest.fail("simulated"))
    monkeypatch.setattr("stresslab.study.sl.simulate", never)
    with pytest.raises(
        InputError, match=r"loss_distribution\.lender: found 'platform-6', expected one of \['own', 'all"
    ):
        run_study(study, progress=False)


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ({"synthetic_portfolio": {"borrowers": 10**13}}, "synthetic_portfolio.borrowers"),
        ({"synthetic_portfolio": {"seasoning_months": 10**13}}, "synthetic_portfolio.seasoning_months"),
        ({"macro_paths": {"paths": 10**13}}, "macro_paths.paths"),
        ({"macro_paths": {"paths": 2, "spread": float("inf")}}, "macro_paths.spread"),
        ({"macro_paths": {"paths": True}}, "macro_paths.paths"),
        ({"simulate": {"threads": 10**13}}, "simulate.threads"),
        ({"simulate": {"feedback": {"contagion": True}}}, "simulate.feedback.contagion"),
        ({"simulate": {"responses": [{"kind": "Restructuring"}] * 9}}, "simulate.responses"),
        ({"term_structures": {"points": 10**13}}, "term_structures.points"),
        ({"term_structures": {"horizon": 3}}, "term_structures.horizon"),
        ({"liquidity_buffer": {"level": float("nan")}}, "liquidity_buffer.level"),
        ({"irb_parameters": {"downturn": 10**13}}, "irb_parameters.downturn"),
        ({"BalanceSheet": {"for_book": {"deductions": float("inf")}}}, "BalanceSheet.for_book.deductions"),
        ({"BalanceSheet": {"for_book": {"funding": {"months": 10**13}}}}, "BalanceSheet.for_book.funding.months"),
        ({"capital_adequacy": {"levels": [0.9, 0.9]}}, "capital_adequacy.levels"),
        ({"provisions": {"weights": {"central": 1.0}}}, "provisions.weights"),
        ({"provisions": {"provisioning": {"kind": "China", "schedule": {"huabei": "cn2023"}}}}, "provisions.schedule"),
        ({"provisions": {"provisioning": "ifrs9", "weights": {"middle": 1.0}}}, "provisions.weights"),
        ({"provisions": {"overlays": [{"name": "a", "reason": "b"}] * 2}}, "provisions.overlays"),
        ({"provisions": {"overlays": [{"name": "a", "reason": "b", "stage": 4}]}}, "provisions.overlays.0.stage"),
        ({"provisions": {"outlook": "rosy"}}, "provisions.outlook"),
        ({"scenarios": ["absent.csv"]}, "scenarios.0"),
        ({"scenarios": ["x" * 5000]}, "scenarios.0"),
        ({"scenarios": ["a\0b"]}, "scenarios.0"),
        ({"simulate": {"model": "x" * 5000}}, "simulate.model"),
        ({"simulate": {"model": "a\0b"}}, "simulate.model"),
        ({"simulate": {"horizon": 2**70}}, "simulate.horizon"),
        ({3: 4}, "study"),
    ],
)
def test_what_was_found_only_in_the_run_is_found_when_the_study_is_read(content, key, monkeypatch):
    never = functools.wraps(sl.simulate)(lambda *_, **__: pytest.fail("simulated"))
    monkeypatch.setattr("stresslab.study.sl.simulate", never)
    assert {fault.split(": ")[0] for fault in faults_of(LEAST | content)} == {key}


def test_levels_without_end_are_refused():
    deep = []
    for _ in range(100_000):
        deep = [deep]
    (fault,) = faults_of(LEAST | {"provisions": {"overlays": deep}})
    assert "found more than 16 levels" in fault


@pytest.mark.parametrize(
    "text",
    ["x = " + "[" * 100_000, "a = " + "9" * 5000, "a = 1\na = 2", "[simulate]\n[simulate]", "a = 'b\0c'", "\ufeff\0"],
    ids=["deep", "long number", "key twice", "section twice", "NUL", "mark"],
)
def test_a_file_that_is_no_toml_is_named(tmp_path, text):
    with pytest.raises(InputError, match="file: found"):
        read_study(written(tmp_path, text))


@pytest.mark.parametrize("source", [None, 5, ["china-baseline"], b"study.toml"])
def test_a_study_of_a_wrong_type_is_refused(source):
    with pytest.raises(InputError, match="source: found"):
        read_study(source)


def test_faults_of_sections_and_of_scenarios_come_at_once():
    content = {"scenarios": ["mars"], "macro_paths": {"paths": 2}, "simulate": {"horizon": 3}, "": 1}
    with pytest.raises(InputError) as caught:
        read_study({**content, "capital_adequacy": {"capital_regime": "basel9"}})
    assert {fault.split(":")[0] for fault in caught.value.faults} == {
        "scenarios.0",
        "capital_adequacy.capital_regime",
        "''",
    }


def test_a_data_file_in_place_of_a_study_is_not_read(tmp_path):
    with pytest.raises(InputError, match="expected a study of at most 1,000,000; name that, not a data file"):
        read_study(written(tmp_path, "#" * 2_000_000))


@pytest.mark.parametrize("path", ["a\0b", "x" * 5000, "."])
def test_a_path_that_cannot_be_a_file_is_named(path):
    with pytest.raises(InputError, match="file: found"):
        read_study(path)


TAPE = {"currency": "CNY", "as_of": "2026-01", "own_lender": "us"}


def test_a_tape_that_is_not_there_is_refused_when_the_study_is_read(tmp_path):
    (tmp_path / "loans.csv").touch()
    content = LEAST | {"read_portfolio": TAPE | {"tape": str(tmp_path / "loan.csv"), "preset": "china-offline"}}
    missing, preset = faults_of(content)
    assert "read_portfolio.tape: found no file that can be read" in missing
    assert "(there is 'loans.csv')" in missing
    assert preset.startswith("read_portfolio.preset: found 'china-offline'")
    (fault,) = faults_of(LEAST | {"read_portfolio": TAPE | {"tape": str(tmp_path)}})
    assert "found a folder" in fault
    (fault,) = faults_of(LEAST | {"read_portfolio": TAPE | {"tape": "https://example.org/loans.csv"}})
    assert "found no file that can be read" in fault


QUARTERS = "Date,Unemployment rate,Real disposable income growth\n"


def test_paths_are_relative_to_the_study_file(tmp_path, monkeypatch):
    folder = tmp_path / "study"
    (folder / "data").mkdir(parents=True)
    sl.Model.from_preset("china-online").to_toml(folder / "data/model.toml")
    (folder / "data/loans.csv").write_text("borrower_id\na\n")
    lines = f"[read_portfolio]\ntape = 'data/loans.csv'\n{''.join(f'{k} = {v!r}' + chr(10) for k, v in TAPE.items())}"
    text = f"scenarios = ['china-baseline']\n{lines}[macro_paths]\npaths = 2\n[simulate]\nmodel = 'data/model.toml'\n"
    monkeypatch.chdir(tmp_path)
    (folder / "study.toml").write_text(text)
    study = read_study("study/study.toml")
    assert study.arguments["read_portfolio"]["tape"] == str(folder / "data/loans.csv")
    assert study.arguments["simulate"]["model"] == sl.Model.from_preset("china-online")
    assert study.content["read_portfolio"]["tape"] == "data/loans.csv"
    assert [file["file"] for file in study.inputs] == [
        str(folder / name) for name in ("study.toml", "data/loans.csv", "data/model.toml")
    ]
    sums = {"bytes": 14, "sha256": "1d8b6ab1e0a2f0d7b8c1b3a0f6a6d3f0"}
    assert study.inputs[1]["bytes"] == sums["bytes"]


def test_two_files_of_one_name_are_told_apart_by_a_name(tmp_path):
    files = [tmp_path / folder / "severe.csv" for folder in ("january", "february")]
    for file, rate in zip(files, (5, 7), strict=True):
        file.parent.mkdir()
        file.write_text("Date,Unemployment rate\n" + "".join(f"2026Q{quarter},{rate}\n" for quarter in (1, 2, 3)))
    (fault,) = faults_of(LEAST | {"scenarios": [str(file) for file in files]})
    assert "scenarios: found ['severe', 'severe'], expected each once" in fault
    assert "tell files apart by { read_scenario = { path = ..., name = ... } }" in fault
    named = [{"read_scenario": {"path": str(file), "name": file.parent.name}} for file in files]
    macro = side_by_side(read_study(LEAST | {"scenarios": named}).scenarios)
    assert macro["scenario"].values.tolist() == ["january", "february"]
    np.testing.assert_allclose(macro["unemployment_rate"].mean("month"), [0.05, 0.07])


def test_a_scenario_file_that_is_no_text_is_named(tmp_path):
    path = tmp_path / "scenario.csv"
    path.write_bytes("月份,失业率".encode("gb18030"))
    (fault,) = faults_of({"scenarios": [str(path)], "macro_paths": {"paths": 2}})
    assert "utf-8" in fault.lower()
    assert "encoding=" in fault


def test_broken_toml_and_missing_file_are_named(tmp_path):
    for path in (written(tmp_path, "[portfolio\n"), tmp_path / "absent.toml"):
        with pytest.raises(InputError, match="TOML"):
            read_study(path)


DATASETS = {"portfolio", "macro", "result", "scenario", "terms", "allowance", "parameters", "funding", "balance_sheet"}
NO_KEY = DATASETS | {"behaviour", "progress", "others"}
DECIDED = {"liquidity_buffer": {"lender"}, "irb_parameters": {"lender"}, "capital_adequacy": {"lender", "provisioning"}}
"""Arguments that are those of another section: the lender of the balance sheet, and the rules of provisions."""


@pytest.mark.parametrize(
    "name",
    ["synthetic_portfolio", "read_portfolio", "macro_paths", "simulate", "term_structures", "loss_distribution",
     "provisions", "liquidity_buffer", "irb_parameters", "capital_adequacy"],
)  # fmt: skip
def test_every_argument_of_a_function_has_a_key(name):
    least = {"scenarios": TWO, "macro_paths": {"paths": 2}}
    faults = faults_of(least | {name: {"no_such_key": 1}})
    (fault,) = (fault for fault in faults if "no_such_key" in fault)
    known = fault.split("expected one of ")[1].split(";")[0].split(", ")
    parameters = set(inspect.signature(getattr(sl, name)).parameters)
    assert set(known) == parameters - NO_KEY - DECIDED.get(name, set())


def test_every_field_of_a_balance_sheet_and_its_funding_has_a_key():
    sheet = {"no_such_key": 1, "funding": {"no_such_key": 1}}
    faults = faults_of({"scenarios": TWO, "macro_paths": {"paths": 2}, "BalanceSheet": {"for_book": sheet}})
    in_sheet, in_funding = (set(fault.split("one of ")[1].split(";")[0].split(", ")) for fault in faults)
    assert set(inspect.signature(sl.BalanceSheet).parameters) <= in_sheet
    assert set(inspect.signature(sl.Funding).parameters) - {"liquid_assets", "borrowings", "notes"} <= in_funding


def test_the_demo_is_a_million_loans():
    study = demo_study()
    assert study.arguments["synthetic_portfolio"]["borrowers"] * 2.17 == pytest.approx(1e6, rel=0.02)
    assert study.scenarios == TWO


def test_a_study_says_what_python_says(tmp_path):
    book = sl.synthetic_portfolio("china-online", borrowers=1_000, seed=1)
    path = written(
        tmp_path,
        """
scenarios = [{ shock_scenario = { peak = 0.1, months = 8 } }]
[synthetic_portfolio]
borrowers = 1000
seed = 1
[macro_paths]
paths = 3
seed = 2
model = { kind = "VAR", max_lags = 2, variables = ["unemployment_rate", "real_income_growth"] }
[simulate]
seed = 3
horizon = 6
[simulate.feedback]
contagion = 0.5
[[simulate.responses]]
kind = "ContingencyPlan"
level = 0.01
responses = [{ kind = "Outreach", capacity = 0.02 }]
[provisions.provisioning]
kind = "China"
percentages = "pboc2002"
[[provisions.overlays]]
name = "floods"
reason = "two provinces"
share = 0.1
[BalanceSheet.for_book]
equity_share = 0.1
[BalanceSheet.for_book.funding]
rollover = 0.9
partners = { annual_fee = 0.02, withdrawal = { arrears_30 = 0.2 } }
[liquidity_buffer]
level = 0.9
horizon = 6
[irb_parameters]
downturn = 1.5
[capital_adequacy]
capital_regime = "basel-irb"
levels = 0.9
""",
    )
    answers = run_study(read_study(path), progress=False)
    model = sl.scenarios.VAR.fit(max_lags=2, variables=["unemployment_rate", "real_income_growth"])
    macro = sl.macro_paths(sl.shock_scenario(0.1, months=8), 3, seed=2, model=model)
    plan = sl.actions.ContingencyPlan(level=0.01, responses=(sl.actions.Outreach(capacity=0.02),))
    result = sl.simulate(
        book, macro, seed=3, horizon=6, feedback=sl.Feedback(contagion=0.5), responses=[plan], progress=False
    )
    xr.testing.assert_equal(answers.result, result)
    overlays = [sl.Overlay(name="floods", reason="two provinces", share=0.1)]
    xr.testing.assert_equal(
        answers.provisions, sl.provisions(result, sl.China(percentages="pboc2002"), overlays=overlays)
    )
    partners = sl.funding.Partners(annual_fee=0.02, withdrawal=sl.funding.Trigger(arrears_30=0.2))
    sheet = sl.BalanceSheet.for_book(result, equity_share=0.1, funding={"rollover": 0.9, "partners": partners})
    xr.testing.assert_equal(answers.liquidity, sl.liquidity_buffer(result, sheet.funding, level=0.9, horizon=6))
    xr.testing.assert_equal(answers.losses, sl.loss_distribution(result))
    carried = sl.provisions(sl.own_part(result, partners), sl.China(percentages="pboc2002"), overlays=overlays)
    estimates = sl.irb_parameters(result, downturn=1.5)
    capital = sl.capital_adequacy(result, sheet, "basel-irb", allowance=carried, parameters=estimates, levels=0.9)
    xr.testing.assert_equal(answers.capital, capital)
    assert all(
        json.loads(dataset.attrs["study"])["simulate"]["feedback"] == {"contagion": 0.5}
        for dataset in (answers.result, answers.losses, answers.capital)
    )


def test_provisions_under_ifrs_9_use_term_structures_of_the_study(tmp_path):
    path = written(
        tmp_path,
        """
scenarios = ["china-baseline", { shock_scenario = { peak = 0.1, months = 36 } }]
[synthetic_portfolio]
borrowers = 2_000
seed = 1
[macro_paths]
paths = 2
seed = 2
[simulate]
seed = 3
horizon = 4
[term_structures]
points = 2
horizon = 12
outlooks = [{ name = "central" }, { name = "worse", added = 0.03 }]
[provisions]
provisioning = { kind = "IFRS9", backstop = 4.0 }
weights = { central = 0.7, worse = 0.3 }
""",
    )
    answers = run_study(read_study(path), progress=False)
    assert answers.result["scenario"].values.tolist() == ["china-baseline", "shock_scenario"]
    book = sl.synthetic_portfolio(borrowers=2_000, seed=1)
    both = sl.scenario({"china-baseline": "china-baseline", "shock_scenario": sl.shock_scenario(0.1, months=36)})
    macro = sl.macro_paths(both, 2, seed=2)
    outlooks = [sl.Outlook("central"), sl.Outlook("worse", added=0.03)]
    terms = sl.term_structures(book, macro, seed=3, points=2, horizon=12, outlooks=outlooks, progress=False)
    rules = sl.IFRS9(backstop=4.0)
    expected = sl.provisions(answers.result, rules, terms, weights={"central": 0.7, "worse": 0.3})
    xr.testing.assert_equal(answers.provisions, expected)
    rows = summary_table(answers).index.tolist()
    assert rows[:7] == [
        "borrowers' unemployment, peak [%]", "D30+ at the start [%]", "D30+, peak [%]", "expected loss [%]",
        "  its standard error [%]", "loss VaR 95.0% [%]", "  its standard error, 95.0% [%]",
    ]  # fmt: skip
    assert rows[7:9] == ["loss ES 95.0% [%]", "loss VaR 99.0% [%]"]
    assert rows[-1] == "  their standard error [%]"
    assert "allowance at the end [CNY m]" in rows


def test_a_capital_regime_of_your_own_is_a_table():
    regime = {"name": "own", "approach": "standardised", "hurdles": [{"name": "minimum", "ratio": "cet1"}]}
    content = {"scenarios": TWO, "macro_paths": {"paths": 2}, "capital_adequacy": {"capital_regime": regime}}
    keys = [fault.split(": ")[0] for fault in faults_of(content)]
    assert "capital_adequacy.capital_regime.weights" in keys
    assert "capital_adequacy.capital_regime.hurdles.0.side" in keys


def test_a_tape_with_constants(tmp_path):
    tape = tmp_path / "tape.csv"
    tape.write_text("who,kind,owed,line,term,left\na,jiebei,1000,1200,12,10\nb,jiebei,2000,2000,12,12\n")
    path = written(
        tmp_path,
        f"""
scenarios = ["china-baseline"]
[read_portfolio]
tape = "{tape}"
currency = "CNY"
as_of = "2026-01-31"
own_lender = "us"
preset = "china-online"
constants = {{ lender = "us", annual_rate = 0.0, days_past_due = 0, transactor = false, priority = 0 }}
seed = 1
donors = {{ borrowers = 400, seed = 1 }}
[read_portfolio.columns]
borrower_id = "who"
product = "kind"
balance = "owed"
limit = "line"
tenor_months = "term"
remaining_months = "left"
[macro_paths]
paths = 2
seed = 2
[simulate]
seed = 3
horizon = 3
""",
    )
    answers = run_study(read_study(path), progress=False)
    donors = sl.synthetic_portfolio(borrowers=400, seed=1)
    book = sl.read_portfolio(
        tape, currency="CNY", as_of="2026-01-31", own_lender="us", preset="china-online", seed=1, donors=donors,
        columns={"borrower_id": "who", "product": "kind", "balance": "owed", "limit": "line", "tenor_months": "term",
                 "remaining_months": "left"},
        constants={"lender": "us", "annual_rate": 0.0, "days_past_due": 0, "transactor": False, "priority": 0},
    )  # fmt: skip
    xr.testing.assert_equal(answers.portfolio, book)
    assert answers.portfolio["balance"].sum() == 3000.0


def test_a_study_writes_what_it_computed(tmp_path):
    answers = run_study(read_study(written(tmp_path, SMALL)), progress=False)
    table = summary_table(answers)
    severe, calm = table["fed-2026-severely-adverse"], table["fed-2026-baseline"]
    peak = "borrowers' unemployment, peak [%]"
    assert severe[peak] > calm[peak]
    files = write_answers(answers, tmp_path / "out")
    assert {path.name for path in files} == {path.name for path in (tmp_path / "out").iterdir()}
    assert {path.name for path in files} >= {"summary.csv", "arrears_rate.png", "buffer.png", "capital.nc"}
    again = xr.load_dataset(tmp_path / "out" / "result.nc")
    np.testing.assert_array_equal(again["balance"], answers.result["balance"])
    assert json.loads(again.attrs["study"])["simulate"] == {"seed": 3, "horizon": 6}
