"""The command line: a study from a file to answers, and mistakes of a user in plain words, without a traceback."""

import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

import stresslab.cli
from stresslab.cli import app
from stresslab.files import digest

SMALL = """
title = "a [small] study"
scenarios = ["fed-2026-baseline", "fed-2026-severely-adverse"]
[synthetic_portfolio]
borrowers = 500
seed = 1
[macro_paths]
paths = 2
seed = 2
[simulate]
seed = 3
horizon = 3
"""


@pytest.fixture
def study(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(SMALL)
    return path


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    monkeypatch.setattr(stresslab.cli.console, "_width", 200)


def shown(*arguments):
    """What a command prints and how it ends; a traceback is an error."""
    answer = CliRunner().invoke(app, [*map(str, arguments)])
    assert answer.exception is None or isinstance(answer.exception, SystemExit)
    assert "Traceback" not in answer.output
    return answer


def test_a_study_is_run_and_its_answers_are_written(study, tmp_path):
    answer = shown("run", study, "--out", tmp_path / "out", "--quiet")
    assert answer.exit_code == 0, answer.output
    assert "a [small] study" in answer.output
    assert "fed-2026-severely-adverse" in answer.output
    assert "expected loss [%]" in answer.output
    assert "of 500 borrowers, 2 paths, 3 months" in answer.output
    assert xr.load_dataset(tmp_path / "out" / "result.nc").sizes["path"] == 2


def test_the_demo_takes_a_number_of_borrowers_and_paths(tmp_path):
    answer = shown("demo", "--borrowers", 300, "--paths", 2, "--out", tmp_path, "--quiet")
    assert answer.exit_code == 0, answer.output
    assert "of 300 borrowers, 2 paths, 27 months" in answer.output
    assert (tmp_path / "summary.csv").is_file()


def test_scenarios_are_listed():
    answer = shown("scenarios")
    assert answer.exit_code == 0
    assert "fed-2026" in answer.output


def test_all_faults_of_a_study_are_printed(study):
    study.write_text(SMALL.replace("borrowers = 500", "borrowers = -5").replace("horizon", "horizn"))
    answer = shown("run", study)
    assert answer.exit_code == 2
    assert "synthetic_portfolio.borrowers: found -5, expected a number of at least 1" in answer.output
    assert "write 'horizon'" in answer.output


@pytest.mark.parametrize(
    ("text", "words"),
    [(None, "No such file"), ("[simulate\n", "found no TOML"), ("", "scenarios: found None"), ("\xff", "UTF-8")],
)
def test_a_file_that_is_no_study_is_named(study, text, words):
    study.unlink()
    if text is not None:
        study.write_bytes(text.encode("latin-1"))
    answer = shown("run", study)
    assert answer.exit_code == 2
    assert words in answer.output


def test_a_folder_in_place_of_a_study_is_named(tmp_path):
    answer = shown("run", tmp_path)
    assert answer.exit_code == 2
    assert "Is a directory" in answer.output


def test_a_file_in_place_of_the_folder_is_named_before_the_run(study, monkeypatch):
    monkeypatch.setattr("stresslab.study._portfolio", lambda _: pytest.fail("drawn"))
    for place, words in ((study, "found a file at"), (study / "out", "no way to write")):
        answer = shown("run", study, "--out", place)
        assert answer.exit_code == 2
        assert words in answer.output


def test_a_run_that_is_stopped_says_so(study, tmp_path, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("stresslab.study.run_study", stop)
    answer = shown("run", study, "--out", tmp_path / "out")
    assert answer.exit_code == 130
    assert "stopped" in answer.output


def whole(folder):
    """Whether a folder holds the files of its manifest, byte by byte, and no other."""
    told = json.loads((folder / "manifest.json").read_text())["outputs"]
    names = {path.name for path in folder.iterdir()}
    return names == {*told, "manifest.json"} and all(digest(folder / name) == told[name] for name in told)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("before", ["nothing", "answers"])
def test_a_run_that_is_killed_leaves_answers_whole_or_absent_and_old_ones_untouched(study, tmp_path, before):
    out = tmp_path / "out"
    code = "from stresslab.cli import app; app()"
    command = [sys.executable, "-c", code, "run", str(study), "--out", str(out), "--quiet"]

    def start():
        root = Path(__file__).parents[1]
        return subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    start().wait()
    began = time.perf_counter()
    assert start().wait() == 0
    length = time.perf_counter() - began
    assert whole(out)
    moments = np.random.default_rng(1).uniform(0.0, 1.02 * length, 25)
    for moment in (*moments, *np.linspace(0.9, 1.0, 5) * length):  # answers are written at the end
        if before == "nothing":
            shutil.rmtree(out, ignore_errors=True)
        run = start()
        with suppress(subprocess.TimeoutExpired):
            run.wait(moment)
        run.kill()
        run.wait()
        if not out.exists() and before == "answers":
            (aside,) = tmp_path.glob(".out.previous-*")
            aside.rename(out)
        assert (before == "nothing" and not out.exists()) or whole(out)
