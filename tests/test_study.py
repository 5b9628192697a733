"""A study file says what Python can say, and is refused whole or run whole."""

import inspect

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

import stresslab as sl
from stresslab.cli import app
from stresslab.schema import InputError
from stresslab.study import demo_study, read_study, run_study, summary_table

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
    shown = CliRunner().invoke(app, ["run", str(path)])
    assert shown.exit_code == 2
    assert all(key in shown.output for key in keys)


def test_near_names_are_proposed():
    faults = faults_of({"scenarios": TWO, "macro_path": {}, "macro_paths": {"paths": 2}, "simulate": {"horizn": 6}})
    assert any("write 'macro_paths'" in fault for fault in faults)
    assert any("write 'horizon'" in fault for fault in faults)


def test_faults_of_configuration_objects_are_named():
    simulate = {
        "feedback": {"supply_x": 1.0},
        "responses": [
            {"kind": "Outrech"},
            {"kind": "Restructuring", "forgiveness": 7.0, "foo": 1},
            {"kind": "Outreach", "capacity": -1.0},
        ],
        "model": "absent.toml",
    }
    provisions = {"overlays": [{"name": "floods"}], "provisioning": {"kind": "China", "schedule_x": "cn2023"}}
    macro = {"paths": 2, "model": {"kind": "VAR", "max_lag": 2}}
    content = {"scenarios": TWO, "simulate": simulate, "provisions": provisions, "macro_paths": macro}
    keys = {fault.split(":")[0] for fault in faults_of(content)}
    assert keys == {
        "simulate.feedback.supply_x", "simulate.responses.0.kind", "simulate.responses.1.foo",
        "simulate.responses.2.capacity", "simulate.model", "provisions.overlays.0.reason",
        "provisions.provisioning.schedule_x", "macro_paths.model.max_lag",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ({}, "scenarios"),
        ({"scenarios": []}, "scenarios"),
        ({"scenarios": [TWO[0], TWO[0]]}, "scenarios"),
        ({"scenarios": [7]}, "scenarios.0"),
        ({"scenarios": [{"read_scenario": {"path": "absent.csv"}}]}, "scenarios.0"),
        ({"scenarios": [{"shock_scenario": {}}]}, "scenarios.0"),
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


def test_broken_toml_and_missing_file_are_named(tmp_path):
    for path in (written(tmp_path, "[portfolio\n"), tmp_path / "absent.toml"):
        with pytest.raises(InputError, match="TOML"):
            read_study(path)


def test_every_argument_of_the_functions_has_a_key():
    least = {"scenarios": TWO, "macro_paths": {"paths": 2}}
    assert read_study(least).arguments["macro_paths"] == {"paths": 2}
    for name, python_only in [
        ("simulate", {"portfolio", "macro", "progress", "behaviour"}),
        ("loss_distribution", {"result"}),
        ("macro_paths", {"scenario"}),
        ("synthetic_portfolio", set()),
    ]:
        (fault,) = faults_of(least | {name: {"no_such_key": 1} | least.get(name, {})})
        known = fault.split("expected one of ")[1].split(";")[0].split(", ")
        assert set(known) == set(inspect.signature(getattr(sl, name)).parameters) - python_only


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
    path = written(tmp_path, SMALL)
    answers = run_study(read_study(path), progress=False)
    table = summary_table(answers)
    severe, calm = table["fed-2026-severely-adverse"], table["fed-2026-baseline"]
    peak = "borrowers' unemployment, peak [%]"
    assert severe[peak] > calm[peak]
    shown = CliRunner().invoke(app, ["run", str(path), "--out", str(tmp_path / "out"), "--quiet"])
    assert shown.exit_code == 0, shown.output
    again = xr.load_dataset(tmp_path / "out" / "result.nc")
    np.testing.assert_array_equal(again["balance"], answers.result["balance"])
    assert {p.name for p in (tmp_path / "out").iterdir()} >= {"summary.csv", "arrears_rate.png", "buffer.png"}


def test_scenarios_are_listed():
    shown = CliRunner().invoke(app, ["scenarios"])
    assert shown.exit_code == 0
    assert "fed-2026" in shown.output
