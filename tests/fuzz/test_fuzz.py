"""Broken inputs of every family, the same on each run; the judgement on functions that are wrong on purpose."""

import time
import warnings

import pytest

import stresslab as sl
from tests.fuzz.__main__ import shared_out
from tests.fuzz.case import Case, Tally, judge
from tests.fuzz.families import FAMILIES, again, each_of, tally_of


@pytest.mark.parametrize("name", FAMILIES)
def test_nothing_is_silent_foreign_or_endless(name):
    tally = tally_of(name, FAMILIES[name].everyday, 0)
    assert tally.cases == FAMILIES[name].everyday
    assert not tally.failures, "\n".join(map(str, tally.failures))


def refused(*faults):
    raise sl.InputError("tape", list(faults))


def warn():
    warnings.warn("old", FutureWarning, stacklevel=1)


FULL = "balance: found -1, expected >= 0; correct it"
JUDGED = {
    "a fault that is named": (lambda: refused(FULL), "nonsense", ""),
    "nonsense that is accepted": (lambda: 5, "nonsense", "silent"),
    "a wrong answer": (lambda: 6, "open", "silent"),
    "a right answer": (lambda: 5, "open", ""),
    "sound input refused": (lambda: refused(FULL), "sound", "refused"),
    "no sentence": (lambda: refused(), "nonsense", "message"),
    "a sentence without advice": (lambda: refused("balance: found -1, expected >= 0"), "nonsense", "message"),
    "a sentence without expectation": (lambda: refused("balance: found -1; correct it"), "nonsense", "message"),
    "a dump of the input": (lambda: refused(FULL + " word" * 400), "nonsense", "message"),
    "another column than the broken one": (lambda: refused(FULL.replace("balance", "limit")), "nonsense", "message"),
    "an error of a library": (lambda: sl.notes.__wrapped__(None), "nonsense", "foreign"),
    "an endless loop": (lambda: time.sleep(5), "nonsense", "hang"),
    "a warning": (lambda: warn() or 5, "open", "warning"),
}


@pytest.mark.parametrize("name", JUDGED)
def test_the_judgement_notices(name):
    call, verdict, problem = JUDGED[name]
    case = Case(("kind",), name, call, verdict, lambda made: [] if made == 5 else ["is no 5"], [("kind", ["balance"])])
    assert judge(case, seconds=0.2).problem == problem


def test_an_error_of_the_generator_is_no_case():
    with pytest.raises(ZeroDivisionError):
        judge(Case(("kind",), "", lambda: 1 / 0))


def test_a_failure_is_repeated_by_its_words():
    made = {}
    each_of("macros", 20, 3, lambda case, words: made.update({words: case.what}))
    for words in list(made)[::6]:
        assert again(words).what == made[words]


def test_cases_are_shared_out_in_full_and_failures_add_up():
    tasks = shared_out(list(FAMILIES), 10_000, 1)
    assert sum(count for _, count, _ in tasks) >= 10_000
    assert len({(name, number) for name, _, number in tasks}) == len(tasks)
    one, other = Tally(), Tally()
    one.add(Case(("k",), "long input", lambda: 5, "nonsense"), "a")
    other.add(Case(("k",), "short", lambda: 5, "nonsense"), "b")
    both = one + other
    assert both.counts() == [2, 2, 0, 2, 0, 0, 0, 0, 0]
    assert [failures[0].again for failures in both.distinct().values()] == ["b"]
