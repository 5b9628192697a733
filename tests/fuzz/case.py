"""A case: input that was broken in a known way, what may become of it, and the judgement of what did."""

from __future__ import annotations

import faulthandler
import io
import re
import signal
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

import stresslab as sl

SECONDS = 10.0
"""A case that takes longer is a hang."""

LONGEST_FAULT = 2_000
"""Characters of a sentence; longer ones are dumps of the input."""

PACKAGE = str(Path(sl.__file__).parent)
PROBLEMS = ("silent", "foreign", "hang", "refused", "message", "warning")

Verdict = Literal["sound", "open", "nonsense"]
Problem = Literal["", "silent", "foreign", "hang", "refused", "message", "warning"]


@dataclass
class Case:
    """Input with its truth.

    kinds : of the changes that were made to sound input; if some are nonsense, of those
    what : the input, as a person would repeat it
    call : gives the input to the library
    verdict : sound (must be accepted), nonsense (must be refused), open (either, if what is accepted is right)
    check : differences of what was accepted from the truth
    names : kind of each change that must be refused, and words of which the refusal contains one
    """

    kinds: tuple[str, ...]
    what: str
    call: Callable[[], Any]
    verdict: Verdict = "open"
    check: Callable[[Any], list[str]] = lambda _: []
    names: Sequence[tuple[str, Sequence[str]]] = ()

    def __repr__(self) -> str:
        return self.what


@dataclass
class Outcome:
    """What became of a case: accepted or refused, and the problem with that, if there is one."""

    accepted: bool
    problem: Problem = ""
    group: str = ""
    detail: str = ""


class Hang(BaseException):
    """Raised in a case that takes too long; no Exception, so that nobody catches it."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Interrupt Python that takes longer; compiled code that does not return ends the process in ten times that."""

    def stop(*_: object) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    faulthandler.dump_traceback_later(10 * seconds, exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def judge(case: Case, seconds: float = SECONDS) -> Outcome:
    """Give a case to the library and judge what becomes of it."""
    kinds = " + ".join(case.kinds)
    try:
        with time_limit(seconds), warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                made = case.call()
            wrong = case.check(made)
    except Hang:
        return Outcome(False, "hang", kinds, f"more than {seconds} s")
    except sl.InputError as error:
        outcome = _refusal(case, error)
    except Exception as error:
        if not (where := frame_of(error)):
            raise  # the generator is wrong
        return Outcome(False, "foreign", f"{type(error).__name__} at {where}", f"{error}"[:300])
    else:
        outcome = _acceptance(case, wrong)
    if warned and not outcome.problem:
        first = warned[0]
        outcome = Outcome(outcome.accepted, "warning", f"{first.category.__name__}: {str(first.message)[:60]}", kinds)
    return outcome


def _acceptance(case: Case, wrong: list[str]) -> Outcome:
    """What was accepted must be right, and nothing that is nonsense can be."""
    kinds = " + ".join(case.kinds)
    if case.verdict == "nonsense":
        return Outcome(True, "silent", kinds, f"nonsense accepted {wrong[:2] or ''}")
    return Outcome(True, "silent", f"{kinds}: {_pattern(wrong[0])}", "; ".join(wrong[:3])) if wrong else Outcome(True)


def _refusal(case: Case, error: sl.InputError) -> Outcome:
    """What is sound is not refused, and a refusal says what was found, what was expected and what to do."""
    kinds = " + ".join(case.kinds)
    if case.verdict == "sound":
        return Outcome(False, "refused", f"{kinds}: {_pattern(error.faults[0] if error.faults else '')}", str(error))
    if poor := message_faults(error):
        return Outcome(False, "message", poor[0], str(error)[:1000])
    said = str(error).lower()
    unnamed = [kind for kind, words in case.names if not any(word.lower() in said for word in words)]
    if unnamed:
        others = " beside other faults" if len(case.names) > 1 else ""
        return Outcome(False, "message", f"{unnamed[0]}: not named{others}", str(error)[:1000])
    return Outcome(False)


def message_faults(error: sl.InputError) -> list[str]:
    """What is wrong with the sentences of a refusal."""
    if not error.faults:
        return ["no faults"]
    poor = []
    for fault in error.faults:
        name, _, rest = fault.partition(":")
        _, semicolon, advice = rest.rpartition(";")
        if not name.strip() or not rest.strip():
            poor.append(f"names nothing: {_pattern(fault)}")
        elif "expected" not in rest:
            poor.append(f"expects nothing: {_pattern(fault)}")
        elif not semicolon or not advice.strip():
            poor.append(f"advises nothing: {_pattern(fault)}")
        elif len(fault) > LONGEST_FAULT:
            poor.append(f"a sentence of more than {LONGEST_FAULT} characters")
    return poor


def _pattern(sentence: str) -> str:
    """A sentence without its numbers and quotations, so that equal faults fall together.

    >>> _pattern("income: found -1.5 at position 3, expected 'x'; mend it")
    'income: found # at position #, expected *; mend it'
    """
    return re.sub(r"[-+]?\d[\d.,e+-]*\d|\d", "#", re.sub(r"'[^']*'|\"[^\"]*\"", "*", sentence))[:110]


def frame_of(error: BaseException) -> str:
    """Innermost function of the package in a traceback, as file:function; empty where there is none."""
    ours = [entry for entry in traceback.extract_tb(error.__traceback__) if entry.filename.startswith(PACKAGE)]
    return f"{Path(ours[-1].filename).relative_to(PACKAGE)}:{ours[-1].name}" if ours else ""


class Failure(NamedTuple):
    """A case with a problem; again: the words that make `python -m tests.fuzz --again` repeat it."""

    problem: Problem
    group: str
    again: str
    what: str
    detail: str

    def __str__(self) -> str:
        again = f"    again: {self.again!r}\n    input: {self.what}"
        return f"[{self.problem}] {self.group}\n{again}\n    said:  {self.detail}"


@dataclass
class Tally:
    """Counts of cases by what became of them, and those with a problem."""

    cases: int = 0
    accepted: int = 0
    failures: list[Failure] = field(default_factory=list)

    def add(self, case: Case, again: str) -> None:
        """Judge a case and count it."""
        outcome = judge(case)
        self.cases += 1
        self.accepted += outcome.accepted
        if outcome.problem:
            self.failures.append(Failure(outcome.problem, outcome.group, again, case.what, outcome.detail))

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.cases + other.cases, self.accepted + other.accepted, self.failures + other.failures)

    def counts(self) -> list[int]:
        """Cases, accepted, refused, and each kind of problem."""
        problems = [failure.problem for failure in self.failures]
        return [self.cases, self.accepted, self.cases - self.accepted, *map(problems.count, PROBLEMS)]

    def distinct(self) -> dict[tuple[str, str], list[Failure]]:
        """Failures by kind of problem and pattern, the shortest input first."""
        groups: dict[tuple[str, str], list[Failure]] = {}
        for failure in sorted(self.failures, key=lambda failure: len(failure.what)):
            groups.setdefault((failure.problem, failure.group), []).append(failure)
        return dict(sorted(groups.items()))
