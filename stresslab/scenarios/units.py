"""Units of macroeconomic figures: percent, decimals or levels, and what a growth rate is compared with."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stresslab.scenarios.periods import FREQUENCY, NOUN

Reals = NDArray[np.float64]

GROWTH = ("real_income_growth", "gdp_growth", "inflation")
"""Variables that are growth at an annual rate, and can be computed from levels."""

WORDS = ("percent", "decimal", "percent on the period before", "percent on a year earlier", "level")
"""What units= takes; "percent" and "decimal" are at an annual rate where they are growth."""


class Unit(NamedTuple):
    """How figures are written, and over which time they are growth."""

    scale: str
    """"percent", "decimal", "level", or empty: not said."""
    change: str = ""
    """"annual" (rate), "before" (the period before), "quarter", "month", "year" (earlier), or empty: not said."""


_LAST = "(?:previous|preceding|prior|last)"
_MEANINGS = [
    (re.compile(rf"(?<![a-z0-9])(?:{words})(?![a-z0-9])"), scale, change)
    for words, scale, change in (
        (rf"(?:on|over|from|to) (?:the )?same (?:period|quarter|month) (?:of|in) (?:the )?{_LAST} year", "", "year"),
        (r"y/y|yoy|year[ -]on[ -]year|(?:on|over|from) (?:a|the) year(?: earlier| ago| before)?|on year", "", "year"),
        (r"pch sm|rch a", "percent", "year"),
        (rf"(?:on|over|from|to) (?:the )?{_LAST} year|gy", "", "year"),
        (r"annual(?= *(?:%|percent|per cent)? *(?:change|growth))|12[ -]month", "", "year"),
        (r"q/q|qoq|quarter[ -]on[ -]quarter|on the quarter(?: before| earlier)?|quarterly(?= (?:growth|change))",
         "", "quarter"),
        (rf"(?:on|over|from|to) (?:the )?{_LAST} quarter", "", "quarter"),
        (r"m/m|mom|month[ -]on[ -]month|on the month(?: before| earlier)?|monthly(?= (?:growth|change))", "", "month"),
        (r"rch m", "percent", "month"),
        (rf"(?:on|over|from|to) (?:the )?{_LAST} month", "", "month"),
        (r"pch pre", "percent", "before"),
        (rf"p/p|pop|period[ -]on[ -]period|(?:on|over|from|to) (?:the )?{_LAST} period|g1", "", "before"),
        (r"on the period(?: before| earlier)?", "", "before"),
        (r"saar|annuali[sz]ed|(?:at )?(?:an )?annual rate|p\.?a\.?|per annum|per year|a year", "", "annual"),
        (r"1/year", "decimal", "annual"),
        (r"\d{4}(?: ?q\d)? ?= ?100|level|levels|index", "level", ""),
        (r"percent|per cent|percentage|pct|pc(?: act)?|pt lf|pt", "percent", ""),
        (r"decimals?|fraction|share|ratio|1", "decimal", ""),
        (r"growth|change|rate|sa|nsa|(?:not )?seasonally adjusted|clv|of (?:the )?(?:labour|labor) force", "", ""),
        (r"z", "", ""),  # not applicable, in the codes of SDMX
    )
]  # fmt: skip


def unit_of(text: str) -> Unit | None:
    """The unit that a text says; None if it says none, or more than one, or anything else.

    >>> unit_of("%"), unit_of("% y/y"), unit_of("PC G1"), unit_of("index, 2015=100"), unit_of("points")
    (Unit(scale='percent', change=''), Unit(scale='percent', change='year'), Unit(scale='percent', change='before'),
     Unit(scale='level', change=''), None)
    """
    rest = " ".join(re.sub(r"[_,;:()\[\]]+", " ", text.lower()).split())
    scales, changes = set(), set()
    for meaning, scale, change in _MEANINGS:
        shorter = meaning.sub(" ", rest)
        if shorter != rest:
            scales.add(scale)
            changes.add(change)
            rest = " ".join(shorter.split())
    if "%" in rest:
        scales.add("percent")
        rest = rest.replace("%", "")
    scales.discard("")
    changes.discard("")
    if "annual" in changes and "year" not in changes:
        changes = {"annual"}  # growth on the quarter before, annualised
    elif "year" in changes:
        changes.discard("annual")
    if rest.strip() or len(scales) > 1 or len(changes) > 1 or not scales | changes:
        return None
    return Unit(next(iter(scales), ""), next(iter(changes), ""))


class Settled(NamedTuple):
    """The unit of a column, and what there is to say of it."""

    unit: Unit
    fault: str = ""
    notes: tuple[str, ...] = ()
    unsaid: bool = False
    """Growth of which nobody says over which time it is."""


def settled(
    variable: str, label: str, stated: str, argument: str, default: str, span: int, *, explicit: bool
) -> Settled:
    """The unit of a column from what is said of it.

    stated : in the table; argument : by units=; default : of the layout
    explicit : units= says it of this variable alone, which then holds against the table
    """
    said, asked = unit_of(stated) if stated else Unit(""), unit_of(argument) if argument else Unit("")
    ask = f"state it in the file, or pass units={{{variable!r}: 'percent'}}"
    if variable in GROWTH and span < 12:
        ask += f", or 'percent on the {NOUN[span]} before' if it is not at an annual rate"
    if said is None and not argument:
        expected = f"expected one of {WORDS}" if variable in GROWTH else "expected percent or decimal"
        return Settled(Unit("percent"), f"{label!r}: found unit {stated!r}, {expected}; {ask}")
    said, asked = said or Unit(""), asked or Unit("")
    notes: tuple[str, ...] = ()
    if _contradict(said, asked, span):
        found = f"found unit {stated!r} in the file and {argument!r} by units="
        if not explicit:
            advice = f"drop units=, or say it of this variable alone: units={{{variable!r}: ...}}"
            return Settled(Unit("percent"), f"{label!r}: {found}, expected the same; {advice}")
        notes = (f"{variable}: unit {stated!r} of {label!r} replaced by {argument!r}, as units= says",)
    scale = asked.scale or said.scale or default
    unit = Unit(scale, asked.change or ("" if asked.scale == "level" else said.change))
    if not scale:
        found = f"found unit {stated!r} without a scale" if stated else "found no unit"
        return Settled(Unit("percent"), f"{label!r}: {found}, expected percent or decimal; {ask}")
    fault = _growth_fault(variable, label, unit, argument or stated, span)
    unsaid = variable in GROWTH and scale != "level" and not unit.change and span < 12
    return Settled(unit, fault or "", notes, unsaid)


def _contradict(said: Unit, asked: Unit, span: int) -> bool:
    """Whether two units differ in anything that both say."""
    return any(
        first and second and first != second and {first, second} not in _SAME.get(span, ())
        for first, second in zip(said, asked, strict=True)
    )


_SAME = {1: ({"before", "month"},), 3: ({"before", "quarter"},), 12: ({"before", "year"}, {"year", "annual"})}
"""Changes that are the same in figures of so many months."""


def _growth_fault(variable: str, label: str, unit: Unit, text: str, span: int) -> str | None:
    """Fault of a unit that the figures of a variable cannot have, or from which no annual rate follows."""
    if variable not in GROWTH:
        strange = unit.scale == "level" or unit.change in ("before", "quarter", "month", "year")
        return f"{label!r}: found unit {text!r}, expected percent or decimal; correct it" if strange else None
    if unit.change == "year" and span < 12 and variable != "inflation":
        expected = "expected growth on the period before at an annual rate, or levels; convert it"
        return f"{label!r}: found unit {text!r}, growth on a year earlier, {expected}"
    if {"quarter": 3, "month": 1}.get(unit.change, span) != span:
        expected = f"expected growth on the {NOUN[span]} before; correct the unit or the periods"
        return f"{label!r}: found unit {text!r} in {FREQUENCY[span]} figures, {expected}"
    return None


def as_decimals(figures: Reals, unit: Unit, span: int) -> Reals:
    """Figures in a unit as decimals, growth at an annual rate; the first level has no growth and becomes NaN.

    >>> as_decimals(np.array([-1.113254137]), Unit("percent", "quarter"), 3).round(4)
    array([-0.0438])
    >>> as_decimals(np.array([100.0, 101.0]), Unit("level"), 3).round(6)
    array([     nan, 0.040604])
    """
    if unit.scale == "level":
        growth = np.full(figures.shape, np.nan)
        growth[1:] = (figures[1:] / figures[:-1]) ** (12 / span) - 1
        return growth
    decimals = _hundredths(figures) if unit.scale == "percent" else figures.copy()
    if unit.change in ("before", "quarter", "month"):
        decimals = (1 + decimals) ** (12 / span) - 1
    return decimals


def _hundredths(figures: Reals) -> Reals:
    """Figures in percent as the decimals that would be written for them: 4.4 as 0.044, not as 4.4 / 100.

    >>> _hundredths(np.array([4.4])).tolist(), (np.array([4.4]) / 100).tolist()
    ([0.044], [0.044000000000000004])
    """
    return np.array([float(Decimal(repr(float(figure))).scaleb(-2)) for figure in figures])
