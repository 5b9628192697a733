"""What a result is said to hold is what it holds: names, dimensions, units, meanings and attrs."""

import inspect
import json
import re

import pytest

import stresslab as sl
from stresslab.schema import PANEL, RESULT

PLAN = sl.actions.ContingencyPlan(responses=(sl.actions.Outreach(name="visits"),))
BANKRUPT = sl.Model.from_preset("china-online").replace(**{"products.huabei.bankruptcy_share": 0.2})
STUDIES = {
    "plain": {},
    "responses": {"responses": [sl.actions.Outreach(), PLAN]},
    "feedback": {"feedback": sl.Feedback()},
    "trace": {"trace": [3]},
    "decree": {"model": BANKRUPT},
}


@pytest.fixture(scope="module")
def book():
    return sl.synthetic_portfolio("china-online", borrowers=400, seed=1)


@pytest.fixture(scope="module")
def macro():
    return sl.scenario("fed-2026-baseline").isel(month=slice(0, 2))


def documented(function):
    """Rows of the tables in a docstring: variable -> (dims, unit, meaning)."""
    rows, ends = {}, []
    for line in inspect.getdoc(function).split("\n"):
        if re.fullmatch(r"\s*=+(  =+){3}", line):
            ends = [match.start() for match in re.finditer(r"=+", line)]
        elif not line.strip():
            ends = []
        elif ends:
            cells = [line[start:end].strip() for start, end in zip(ends, [*ends[1:], None], strict=True)]
            if cells[0] and cells[0] != "variable":
                name = cells[0]
                rows[name] = cells[1:]
            elif not cells[0]:
                rows[name][2] += f" {cells[3]}"
    return {
        name: (tuple(filter(None, dims.split(", "))), unit, meaning) for name, (dims, unit, meaning) in rows.items()
    }


@pytest.mark.parametrize(("function", "table"), [(sl.simulate, RESULT), (sl.panel, PANEL)])
def test_a_docstring_has_the_table_of_the_schema(function, table):
    said = {name: (spec.dims, spec.unit or '""', spec.meaning) for name, spec in table.items()}
    assert documented(function) == said


@pytest.mark.parametrize("study", STUDIES)
def test_a_result_holds_what_is_documented(book, macro, study):
    decree = macro.assign(payment_deferral=("month", [0.0, 0.5]))
    result = sl.simulate(book, decree, seed=1, progress=False, **STUDIES[study])
    rows = documented(sl.simulate)
    assert set(result.data_vars) >= {name for name, spec in RESULT.items() if spec.required}
    for name, variable in result.data_vars.items():
        assert variable.dims == rows[name][0]
        assert variable.attrs == {"units": rows[name][1], "long_name": rows[name][2]}
    json.dumps(result.attrs)
    for name in ("model", "feedback", "responses", "behaviour", "macro", "versions"):
        json.loads(result.attrs[name])
    assert {"fingerprint", "seed", "currency", "own_lender"} <= set(result.attrs)


def test_every_variable_is_in_one_of_the_studies(book, macro):
    decree = macro.assign(payment_deferral=("month", [0.0, 0.5]))
    names = {name for study in STUDIES.values() for name in sl.simulate(book, decree, seed=1, progress=False, **study)}
    assert names == set(RESULT)


def test_a_panel_holds_what_is_documented(book, macro):
    loans = sl.panel(book, macro, seed=1)
    rows = documented(sl.panel)
    assert set(loans.variables) - {"month", "borrower_id"} == set(rows)
    for name in rows:
        variable = loans[name]
        assert (variable.dims, variable.attrs["units"] or '""', variable.attrs["long_name"]) == rows[name]


def test_a_contingency_plan_is_recorded_with_its_responses(book, macro):
    result = sl.simulate(book, macro, seed=1, progress=False, **STUDIES["responses"])
    outreach, plan = json.loads(result.attrs["responses"])
    assert [outreach["kind"], plan["kind"], plan["responses"][0]["kind"]] == ["Outreach", "ContingencyPlan", "Outreach"]
