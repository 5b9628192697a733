"""The pages of a user's three jobs run as they stand, and agree with figures found apart from the library."""

import os
import subprocess
import sys
import textwrap

import pytest

from tests.docs.pages import DOCS, ROOT, python_of

TAPE = """
import csv
import numpy as np

def number(text):
    return float(text.replace(",", "."))

with open("loan_tape.csv", encoding="utf-8") as file:
    *rows, foot = csv.DictReader(file, delimiter=";")
owed = sum(number(row["Outstanding"]) for row in rows)
assert len(rows) == 1502 and round(owed, 2) == number(foot["Outstanding"]) == round(float(loans["balance"].sum()), 2)
assert [number(row["Rate"]) for row in rows] == (100 * loans["annual_rate"]).round(9).values.tolist()
owner = loans["borrower_label"].values[loans["borrower"].values]
assert [row["Customer"] for row in rows] == owner.tolist()
opening = float(result["balance"].isel(month=0, path=0, scenario=0).sum())
assert round(opening, 2) == number(foot["Outstanding"])
owns = adequacy["liquid_assets"] + adequacy["loans"] - adequacy["allowance"] + adequacy["other_assets"]
owes = adequacy["borrowings"] + adequacy["external_funding"] + adequacy["equity"]
assert float(abs(owns - owes).max()) < 0.005
assert not any("by default" in note for note in sl.notes(adequacy))
assert sum("by default" in note for note in sl.notes(assumed)) == 15
severe, calm = (adequacy["cet1_minimum"].sel(scenario=name) for name in ("severe", "baseline"))
assert 0.0 < float(severe.mean()) < float(calm.mean()) < 0.15
"""
SCENARIO = """
import csv
import hashlib
import numpy as np

rows = list(csv.DictReader(Path("house_view.csv").read_text("utf-8").splitlines()))
for name in ("House baseline", "House stress"):
    figures = [row for row in rows if row["Scenario Name"] == name]
    macro = scenarios.sel(scenario=name).coarsen(month=3).mean()
    jobless = [float(row["Unemployment rate (%)"]) for row in figures]
    np.testing.assert_allclose(100 * macro["unemployment_rate"], jobless, atol=1e-9)
    growth = [(1 + float(row["Real disposable income growth"]) / 100) ** 4 - 1 for row in figures]
    np.testing.assert_allclose(macro["real_income_growth"], growth, atol=1e-9)
    part = result.sel(scenario=name, drop=True)
    assert bool((part["balance"].isel(month=0) == result["balance"].isel(scenario=0, month=0)).all())
assert run.returncode == 0 and not run.stderr
for name, file in manifest["outputs"].items():
    assert hashlib.sha256(Path("answers", name).read_bytes()).hexdigest() == file["sha256"]
assert {path.name for path in Path("answers").iterdir()} == {*manifest["outputs"], "manifest.json"}
summary = pd.read_csv("answers/summary.csv", index_col=0)
expected = summary.loc["expected loss [%]"]
np.testing.assert_allclose(expected, 100 * losses["expected_loss_rate"], rtol=1e-5)
np.testing.assert_allclose(summary.loc["CET1 ratio, lowest [%]"], 100 * lowest.mean("path"), rtol=1e-5)
"""
TUTORIAL = """
at_once = sl.simulate(loans, all_paths, seed=3, horizon=27, progress=False)
assert result.identical(at_once)
assert joint.index.tolist() == list(range(200)) and not joint.isna().any(axis=None)
part = sl.own_part(at_once)
flows = (part["written_off"] + part["forgiven"] - part["recovered"]).sum(("month", "segment"))
np.testing.assert_allclose(1e6 * joint["own loss [CNY m]"], flows.values)
np.testing.assert_allclose(capital["loss"].sum("month"), flows.values)
lowest = (capital["cet1"] / capital["rwa"]).isel(month=slice(1, None)).min("month")
np.testing.assert_allclose(joint["lowest CET1 ratio [%]"], 100 * lowest.values)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("page", "checks"),
    [
        ("tape_to_capital", TAPE),
        pytest.param("scenario_to_table", SCENARIO, marks=pytest.mark.slow),
        ("tutorial", TUTORIAL),
    ],
)
def test_a_job_runs_as_its_page_says(page, checks, tmp_path):
    script = tmp_path / f"{page}.py"
    code = "\n".join(python_of((DOCS / f"{page}.md").read_text("utf-8")))
    script.write_text(f"{code}\n{textwrap.dedent(checks)}", "utf-8")
    paths = os.pathsep.join([str(DOCS), str(ROOT)])
    done = subprocess.run(
        [sys.executable, script],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": paths, "MPLBACKEND": "agg", "PYTHONWARNINGS": "error"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
