"""A sound input on its way to a case: each change notes its kind, what it did, and what must be said of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, TypeVar

from hypothesis import reject
from hypothesis import strategies as st

from tests.fuzz.case import Case, Verdict

_SCRATCH = TemporaryDirectory(prefix="fuzz-")
Draw = Callable[[st.SearchStrategy[Any]], Any]
Made = TypeVar("Made")


class Change(NamedTuple):
    """What was done to a sound input; names: words of which the refusal of nonsense contains one."""

    kind: str
    what: str
    verdict: Verdict
    names: Sequence[str]


@dataclass
class Draft:
    """A sound input and what has been changed so far."""

    changes: list[Change] = field(default_factory=list)

    def note(self, kind: str, what: str, verdict: Verdict, names: Sequence[str] = ()) -> None:
        """Add a change."""
        self.changes.append(Change(kind, what, verdict, names))

    @property
    def verdict(self) -> Verdict:
        """Nonsense stays nonsense whatever else is changed."""
        order = ("sound", "open", "nonsense")
        return max((change.verdict for change in self.changes), key=order.index, default="sound")

    @property
    def what(self) -> str:
        """All changes, in words."""
        return "; ".join(change.what for change in self.changes) or "as it was"

    def case(self, what: str, call: Callable[[], Any], check: Callable[[Any], list[str]], named: bool = True) -> Case:
        """The case; named: whether a refusal must name every change that is nonsense."""
        culprits = [change for change in self.changes if change.verdict == "nonsense"]
        return Case(
            tuple(dict.fromkeys(change.kind for change in culprits or self.changes)),
            what,
            call,
            self.verdict,
            check,
            [(change.kind, change.names) for change in culprits if change.names] if named else [],
        )


def of(draw: Draw, *options: Made) -> Made:
    """One of several."""
    made: Made = draw(st.sampled_from(options))
    return made


def several(draw: Draw, changes: Sequence[Callable[[Draw, Any], None]], draft: Any) -> None:
    """One change as a rule, sometimes two or three, each at most once; a later one may be impossible after the first."""
    count = of(draw, 1, 1, 1, 1, 2, 2, 3)
    first, *others = draw(st.lists(st.integers(0, len(changes) - 1), min_size=count, max_size=count, unique=True))
    changes[first](draw, draft)
    for place in others:
        if changes[place] is changes[first]:
            continue
        with suppress(ValueError, TypeError, KeyError, IndexError, AttributeError):
            changes[place](draw, draft)


def made_or_rejected(make: Callable[[], Made]) -> Made:
    """What can be made; changes that exclude each other give no case."""
    try:
        return make()
    except (ValueError, TypeError, IndexError, ArithmeticError):
        reject()


def scratch(name: str) -> Path:
    """A folder for the files of a family, which goes when the process ends."""
    folder = Path(_SCRATCH.name) / name
    folder.mkdir(exist_ok=True)
    return folder
