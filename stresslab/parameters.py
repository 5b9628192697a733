"""Configuration classes: one declaration of unit, bounds and source for each parameter, checked on construction."""

from __future__ import annotations

from dataclasses import field, fields
from typing import Any

from stresslab.schema import InputError


def parameter(default: Any, unit: str, low: float, high: float, source: str) -> Any:
    """A dataclass field that knows its unit, its bounds and where its default comes from."""
    return field(default=default, metadata={"unit": unit, "low": low, "high": high, "source": source})


class Section:
    """Bounds of a group of parameters, checked when it is made."""

    def __post_init__(self) -> None:
        if faults := list(self._faults()):
            raise InputError(type(self).__name__.lower(), faults)

    def _faults(self) -> list[str]:
        faults = []
        for item in fields(self):  # type: ignore[arg-type]
            if "low" not in item.metadata:
                continue
            value, meta = getattr(self, item.name), item.metadata
            wanted = f"expected {meta['low']:g} ... {meta['high']:g} [{meta['unit']}]"
            several = isinstance(item.default, tuple)
            if several and not (isinstance(value, tuple) and value):
                faults.append(f"{item.name}: found {value!r}, expected a list of numbers; give at least one")
                continue
            whole = isinstance(item.default, int)
            for number in value if several else (value,):
                if isinstance(number, bool) or not isinstance(number, int if whole else int | float):
                    kind = "a whole number" if whole else "a number"
                    faults.append(f"{item.name}: found {number!r}, {wanted}; give {kind}")
                elif not meta["low"] <= number <= meta["high"]:
                    faults.append(f"{item.name}: found {number!r}, {wanted}; rates are decimals")
        return faults
