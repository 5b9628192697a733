"""Progress: every loan-month is reported once, whatever the tasks."""

import numpy as np
import pytest

from stresslab.engine import run as running
from stresslab.engine.actions import Outreach
from stresslab.engine.blocks import build
from stresslab.engine.feedback import Feedback
from stresslab.engine.kernel.custom import BUILT_IN
from stresslab.engine.packing import pack
from stresslab.engine.prepare import prepare
from stresslab.engine.run import run
from tests.engine.small import busy, harsh, late_book

BORROWERS = 700


@pytest.fixture(scope="module")
def book():
    return late_book("china-online", BORROWERS)


@pytest.mark.parametrize("task", [1, 4_000_000], ids=["many tasks", "one task"])
@pytest.mark.parametrize("threads", [1, 2])
def test_every_loan_month_is_reported_once(book, task, threads, monkeypatch):
    monkeypatch.setattr(running, "TASK", task)
    model, macro, reports = busy("china-online"), harsh(3, 5), []
    blocks = build(book, model)
    run(blocks, pack(macro, book, model, blocks, True), np.arange(5), 1, threads, BUILT_IN, reports.append)
    assert sum(reports) == book.sizes["loan"] * 5 * 3
    assert all(isinstance(report, int) and report >= 0 for report in reports)
    assert len(reports) > 4 or task > 1


@pytest.mark.parametrize("sample", [100, 10_000], ids=["a sample", "the whole book"])
def test_feedback_reports_each_round_of_the_whole_book(book, sample):
    feedback, reports = Feedback(sample=sample, rounds=2), []
    prepared, macro = prepare(
        "simulate", book, harsh(3, 2), busy("china-online"), 1, None, "static", 1, (Outreach(),), feedback, None
    )
    prepared.run_paths(macro, reports.append)
    assert sum(reports) == book.sizes["loan"] * 2 * 3 * feedback.rounds
