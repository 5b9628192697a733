"""The families of cases, and how many cases of one are judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz import arguments, macros, models, portfolios, scenario_files, study_files, tapes
from tests.fuzz.case import Case, Tally

MEMORY = 8 * 2**30
"""Address space of a worker: what asks for more is an error, not the end of the machine."""


@dataclass(frozen=True)
class Family:
    """Cases of one kind of input, and their share of all cases."""

    cases: st.SearchStrategy[Case]
    share: int


FAMILIES = {
    "portfolios": Family(portfolios.cases(), 22),
    "tapes": Family(tapes.cases(), 22),
    "scenario files": Family(scenario_files.cases(), 20),
    "macros": Family(macros.cases(), 12),
    "arguments": Family(arguments.cases(), 16),
    "models": Family(models.cases(), 8),
    "study files": Family(study_files.cases(), 6),
}


def tally_of(name: str, count: int, number: int) -> Tally:
    """Judge some cases of a family; the same number gives the same cases."""
    tally = Tally()

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
    def each(case: Any) -> None:
        tally.add(case)

    each()
    return tally


def bounded() -> None:
    """Bound the memory of this process, where that can be done."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
