"""A case: input that was broken in a known way, what may become of it, and the judgement of what did."""

from __future__ import annotations

import io
import re
import signal
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import stresslab as sl

SECONDS = 10
"""A case that takes longer is a hang."""

LONGEST_FAULT = 2_000
"""Characters of a sentence; longer ones are dumps of the input."""

OURS = "the test"
"""Where an error arose that never was in the package: a mistake of the generator."""

PACKAGE = str(Path(sl.__file__).parent)

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
def time_limit(seconds: float = SECONDS) -> Iterator[None]:
    """Interrupt what takes longer, where signals can."""
    if not hasattr(signal, "SIGALRM") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
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
    except (MemoryError, RecursionError, Exception) as error:
        if frame_of(error) == OURS:
            raise
        return Outcome(False, "foreign", f"{type(error).__name__} at {frame_of(error)}", f"{error}"[:300])
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
    poor = message_faults(error)
    if poor:
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
    if len(set(error.faults)) < len(error.faults):
        poor.append(f"says the same twice: {_pattern(error.faults[0])}")
    return poor


def _pattern(sentence: str) -> str:
    """A sentence without its numbers and quotations, so that equal faults fall together.

    >>> _pattern("income: found -1.5 at position 3, expected 'x'; mend it")
    'income: found # at position #, expected *; mend it'
    """
    return re.sub(r"[-+]?\d[\d.,e+-]*\d|\d", "#", re.sub(r"'[^']*'|\"[^\"]*\"", "*", sentence))[:110]


def frame_of(error: BaseException) -> str:
    """Innermost function of the package in a traceback, as file:function; `OURS` where there is none."""
    ours = [entry for entry in traceback.extract_tb(error.__traceback__) if entry.filename.startswith(PACKAGE)]
    return f"{Path(ours[-1].filename).relative_to(PACKAGE)}:{ours[-1].name}" if ours else OURS


@dataclass
class Tally:
    """Counts of cases by what became of them, and one example of each distinct problem: the shortest."""

    cases: int = 0
    accepted: int = 0
    refused: int = 0
    problems: dict[str, int] = field(default_factory=dict)
    examples: dict[tuple[str, str], tuple[int, str, str]] = field(default_factory=dict)

    def add(self, case: Case) -> None:
        """Judge a case and count it."""
        outcome = judge(case)
        self.cases += 1
        self.accepted += outcome.accepted
        self.refused += not outcome.accepted
        if outcome.problem:
            self._note(outcome.problem, (outcome.problem, outcome.group), 1, case.what, outcome.detail)

    def merge(self, other: Tally) -> None:
        """Take over the counts and examples of another."""
        self.cases += other.cases
        self.accepted += other.accepted
        self.refused += other.refused
        for (problem, group), (count, what, detail) in other.examples.items():
            self._note(problem, (problem, group), count, what, detail)

    def _note(self, problem: str, key: tuple[str, str], count: int, what: str, detail: str) -> None:
        self.problems[problem] = self.problems.get(problem, 0) + count
        before, shortest, said = self.examples.get(key, (0, what, detail))
        if len(what) < len(shortest):
            shortest, said = what, detail
        self.examples[key] = (before + count, shortest, said)

    def report(self) -> str:
        """Every distinct problem with its shortest example."""
        lines = []
        for (problem, group), (count, what, detail) in sorted(self.examples.items()):
            lines += [f"[{problem}] {group}  ({count} cases)", f"    input: {what}", f"    said:  {detail}"]
        return "\n".join(lines)
