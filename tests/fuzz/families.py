"""The families of cases, and how many cases of one are judged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz import arguments, macros, models, portfolios, scenario_files, study_files, tapes
from tests.fuzz.case import Case, Tally

MEMORY = 8 * 2**30
"""Address space of a worker: what asks for more is an error, not the end of the machine."""


class Family(NamedTuple):
    """Cases of one kind of input: their share of a long run, and how many each run of the tests judges."""

    cases: st.SearchStrategy[Case]
    share: int
    everyday: int


FAMILIES = {
    "portfolios": Family(portfolios.cases(), 22, 60),
    "tapes": Family(tapes.cases(), 22, 60),
    "scenario files": Family(scenario_files.cases(), 20, 60),
    "macros": Family(macros.cases(), 12, 60),
    "arguments": Family(arguments.cases(), 16, 60),
    "models": Family(models.cases(), 8, 40),
    "study files": Family(study_files.cases(), 6, 12),
}


def each_of(name: str, count: int, number: int, use: Callable[[Case, str], Any]) -> None:
    """Make some cases of a family and use them one by one; the same count and number give the same cases."""
    place = -1

    @seed(number)
    @settings(
        max_examples=count,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        derandomize=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(FAMILIES[name].cases)
    def each(case: Case) -> None:
        nonlocal place
        place += 1
        use(case, f"{name}:{count}:{number}:{place}")

    each()


def tally_of(name: str, count: int, number: int) -> Tally:
    """Judge some cases of a family."""
    tally = Tally()
    each_of(name, count, number, tally.add)
    return tally


def again(words: str) -> Case:
    """The case that these words of a `Failure` name."""
    name, count, number, _ = words.split(":")
    found: list[Case] = []
    each_of(name, int(count), int(number), lambda case, place: found.append(case) if place == words else None)
    return found[0]


def bounded() -> None:
    """Bound the memory of this process, where that can be done."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
