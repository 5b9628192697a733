"""Configuration classes: one declaration of unit, bounds, source and meaning for each parameter, checked when made."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import MISSING, field, fields
from typing import Any, TypeVar

from stresslab.checks import choice_faults, is_whole
from stresslab.schema import InputError
from stresslab.typed import typed

Kind = TypeVar("Kind", bound="type[Section]")
SECTIONS = ("Attributes", "Methods", "Raises", "See Also", "Notes", "References", "Examples")
"""Sections of a docstring that come after its Parameters."""
WRAP: dict[str, Any] = {"initial_indent": "    ", "subsequent_indent": "    ", "break_on_hyphens": False}


def parameter(default: Any, unit: str, low: float, high: float, source: str, meaning: str = "") -> Any:
    """A dataclass field with unit, bounds and the source of its default; a whole number if the default is one.

    A default that is a tuple makes a list of numbers, each within the bounds.
    """
    return field(
        default=default, metadata={"unit": unit, "low": low, "high": high, "source": source, "meaning": meaning}
    )


def choice(default: Any, options: Sequence[Any], meaning: str = "") -> Any:
    """A dataclass field that is one of several options."""
    return field(default=default, metadata={"options": tuple(options), "meaning": meaning})


def setting(default: Any, meaning: str) -> Any:
    """A dataclass field that is neither a number nor a choice; the class checks it."""
    return field(default=default, metadata={"meaning": meaning})


class Section:
    """Group of parameters, checked against their declarations when it is made."""

    def __post_init__(self) -> None:
        if faults := list(self._faults()):
            raise InputError(type(self).__name__.lower(), faults)

    def _faults(self) -> list[str]:
        """Faults of each parameter alone."""
        faults = []
        for item in fields(self):  # type: ignore[arg-type]
            value, meta = getattr(self, item.name), item.metadata
            if "options" in meta:
                faults += choice_faults(item.name, value, meta["options"])
            if "low" not in meta:
                continue
            wanted = f"expected {meta['low']:g} ... {meta['high']:g} [{meta['unit']}]"
            several = isinstance(item.default, tuple)
            if several and not (isinstance(value, tuple) and value):
                faults.append(f"{item.name}: found {value!r}, expected a list of numbers; give at least one")
                continue
            whole = isinstance(item.default, int)
            for number in value if several else (value,):
                if isinstance(number, bool) or not (is_whole(number) if whole else isinstance(number, int | float)):
                    kind = "a whole number" if whole else "a number"
                    faults.append(f"{item.name}: found {number!r}, {wanted}; give {kind}")
                elif not meta["low"] <= number <= meta["high"]:
                    faults.append(f"{item.name}: found {number!r}, {wanted}; rates are decimals")
        return faults


def documented(kind: Kind) -> Kind:
    """The same dataclass, typed, with a section Parameters in its docstring from the declarations of its fields."""
    lines = ["Parameters", "----------"]
    for item in fields(kind):  # type: ignore[arg-type]
        meta = item.metadata
        if not meta.get("meaning"):
            raise TypeError(f"{kind.__name__}.{item.name} has no meaning; declare it with parameter(..., meaning=...)")
        text = meta["meaning"][0].upper() + meta["meaning"][1:]
        if "low" in meta:
            text += f" [{meta['unit']}], {meta['low']:g} to {meta['high']:g}. Source: {meta['source']}"
        lines.append(f"{item.name} : {_type(item)}")
        lines += textwrap.wrap(text if text.endswith(".") else f"{text}.", 112, **WRAP)
    own = textwrap.dedent("    " + (kind.__doc__ or "")).strip().split("\n")
    ends = [
        row for row, line in enumerate(own) if line in SECTIONS and set(own[row + 1 : row + 2]) == {"-" * len(line)}
    ]
    place = ends[0] if ends else len(own)
    kind.__doc__ = "\n".join([*own[:place], *([""] if place == len(own) else []), *lines, "", *own[place:], ""])
    return typed(kind)


def _type(item: Any) -> str:
    """Type and default of a field, as numpydoc writes them."""
    if "options" in item.metadata:
        options = item.metadata["options"]
        kind = "bool" if set(options) == {True, False} else "{" + ", ".join(map(repr, options)) + "}"
    else:
        kind = str(item.type).replace("tuple[", "tuple of ").replace(", ...]", "")
    return kind if item.default is MISSING else f"{kind}, default {item.default!r}"
