"""A sound input on its way to a case: each change notes its kind, what it did, and what must be said of it."""

from __future__ import annotations

import atexit
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any, NamedTuple, TypeVar

from hypothesis import reject
from hypothesis import strategies as st

from tests.fuzz.case import Case, Verdict

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
    hiding: bool = False
    """Whether a change keeps the library from looking at the others."""

    def note(self, kind: str, what: str, verdict: Verdict, names: Sequence[str] = (), *, hiding: bool = False) -> None:
        """Add a change."""
        self.changes.append(Change(kind, what, verdict, names))
        self.hiding |= hiding

    @property
    def plain(self) -> bool:
        """Whether nothing has been changed."""
        return not self.changes

    @property
    def verdict(self) -> Verdict:
        """Nonsense stays nonsense whatever else is changed."""
        order = ("sound", "open", "nonsense")
        return max((change.verdict for change in self.changes), key=order.index, default="sound")

    @property
    def what(self) -> str:
        """All changes, in words."""
        return "; ".join(change.what for change in self.changes) or "as it was"

    def case(self, what: str, call: Callable[[], Any], check: Callable[[Any], list[str]] = lambda _: []) -> Case:
        """The case; a refusal must name every change that is nonsense, unless one hides the others."""
        culprits = [change for change in self.changes if change.verdict == "nonsense"]
        named = not self.hiding or len(self.changes) == 1
        return Case(
            tuple(dict.fromkeys(change.kind for change in culprits or self.changes)),
            what[:400],
            call,
            self.verdict,
            check,
            [(change.kind, change.names) for change in culprits if change.names] if named else [],
        )


def of(draw: Draw, *options: Made) -> Made:
    """One of several."""
    made: Made = draw(st.sampled_from(options))
    return made


def several(draw: Draw, changes: dict[Callable[[Draw, Any], None], int], draft: Any) -> None:
    """One change as a rule, sometimes two or three, each at most once; a later one may be impossible after the first.

    changes : with their weights
    """
    weighted = [change for change, weight in changes.items() for _ in range(weight)]
    chosen = dict.fromkeys(of(draw, *weighted) for _ in range(of(draw, 1, 1, 1, 1, 2, 2, 3)))
    for place, change in enumerate(chosen):
        if place == 0:
            change(draw, draft)
        else:
            with suppress(ValueError, TypeError, KeyError, IndexError, AttributeError):
                change(draw, draft)


def made_or_rejected(make: Callable[[], Made]) -> Made:
    """What can be made; changes that exclude each other give no case."""
    try:
        return make()
    except (ValueError, TypeError, IndexError, ArithmeticError):
        reject()


def scratch(name: str) -> Path:
    """A new folder for the files of a family, which goes with the process."""
    folder = Path(mkdtemp(prefix=f"{name}-"))
    atexit.register(rmtree, folder, ignore_errors=True)
    return folder
