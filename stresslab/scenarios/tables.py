"""What all layouts of scenario files share: periods, units, and the way from figures to a monthly path."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from stresslab.scenarios.library import HOW_MONTHLY, SPANS, build, normal_growth, quarters_to_months
from stresslab.schema import MACRO, InputError

NAMES = {
    "unemployment_rate": ("unemployment rate", "unemployment", "lfs unemployment rate"),
    "real_income_growth": (
        "real disposable income growth",
        "real disposable personal income growth",
        "real household disposable income growth",
        "real household income growth",
        "real income growth",
    ),
    "gdp_growth": ("real gdp growth", "gdp growth real"),
    "inflation": ("cpi inflation rate", "cpi inflation", "consumer price inflation", "inflation"),
    "policy_rate": (
        "3 month treasury rate",
        "3 month treasury yield",
        "3 month treasury bill rate",
        "bank rate",
        "policy rate",
    ),
    "furlough_share": (),
    "furlough_income_loss": (),
    "collections_capacity": (),
    "line_supply": (),
}
"""Our variables and what publishers call them, in small letters and without punctuation."""

UNITS = {
    "percent": tuple(
        f"{word}{rest}"
        for word in ("%", "percent", "per cent", "pct")
        for rest in (
            "",
            " a year",
            " per year",
            " p.a.",
            " saar",
            ", saar",
            " annualised",
            " annual rate",
            ", annual rate",
        )
    ),
    "decimal": ("decimal", "decimals", "fraction", "share", "1", "1/year"),
}
"""What a unit may be called."""

OVER_A_YEAR = ("% y/y", "%, y/y", "% yoy", "percent y/y", "annual % change", "%, annual growth", "% on a year earlier")
"""Growth over the same period a year before: percent of an annual rate for prices and for yearly figures only."""

SMALLEST_PERCENT = {"unemployment_rate": 0.3, "real_income_growth": 0.2, "gdp_growth": 0.2}
"""A column whose largest figure is smaller than this [%] holds decimals: no economy is that still for a year."""

FREQUENCY = {span: name for name, span in SPANS.items()}
PERIOD = {1: "month", 3: "quarter", 12: "year"}


@dataclass(frozen=True)
class Column:
    """Figures of one variable as the file has them: what it calls them, their unit, the cells."""

    label: str
    unit: str
    cells: Sequence[str]


def variable_of(label: str) -> str | None:
    """Our variable of a label, None if it is none of ours; the nominal is not taken for the real.

    >>> variable_of("UK Unemployment rate"), variable_of("real_income_growth"), variable_of("Nominal GDP growth")
    ('unemployment_rate', 'real_income_growth', None)
    """
    plain = " ".join(re.sub(r"[\W_]+", " ", label.lower()).split())
    plain = re.sub(r"^(uk|us|eu|china) ", "", plain)
    return next((name for name, known in NAMES.items() if plain in (name.replace("_", " "), *known)), None)


def unit_of(text: str, variable: str, span: int) -> str | None:
    """ "percent" or "decimal", None if the words do not say which for such figures.

    >>> unit_of("%", "gdp_growth", 3), unit_of("% y/y", "gdp_growth", 3), unit_of("% y/y", "inflation", 3)
    ('percent', None, 'percent')
    """
    plain = " ".join(text.lower().split())
    if plain in OVER_A_YEAR and (span == 12 or variable == "inflation"):
        return "percent"
    return next((unit for unit, known in UNITS.items() if plain in known), None)


def unit_fault(label: str, found: str, how: str) -> str:
    """Sentence for a unit that is not said or not known."""
    if found.lower().strip() in OVER_A_YEAR:
        return f"{label!r}: found unit {found!r}, expected growth on the period before at an annual rate; convert it"
    said = f"found unit {found!r}" if found else "no unit said"
    return f"{label!r}: {said}, expected percent or decimal; {how}"


def period_of(text: str) -> tuple[int, int] | None:
    """Months of a period (0: a day, which says none) and its running number; None if it is no period.

    >>> period_of("2026 Q1"), period_of("Q1 2026"), period_of("2026"), period_of("2026-03"), period_of("March")
    ((3, 8104), (3, 8104), (12, 2026), (1, 24314), None)
    """
    if found := re.fullmatch(r"(\d{4})[ :-]?Q([1-4])", text) or re.fullmatch(r"Q([1-4])[ -]?(\d{4})", text):
        quarter, year = sorted(map(int, found.groups()))
        return 3, 4 * year + quarter - 1
    if re.fullmatch(r"\d{4}", text):
        return 12, int(text)
    if found := re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])(-\d\d)?([T ].*)?", text):
        return (0 if found[3] else 1), 12 * int(found[1]) + int(found[2]) - 1
    return None


def first_of(span: int, number: int) -> str:
    """First month of a period.

    >>> first_of(3, 8104), first_of(12, 2026), first_of(1, 24314)
    ('2026-01', '2026-01', '2026-03')
    """
    month = number * span
    return f"{month // 12}-{month % 12 + 1:02d}"


def read_periods(texts: Sequence[str], label: str, frequency: str | None) -> tuple[int, list[int], list[str]]:
    """Months of each period, running numbers, and what is wrong; days tell their frequency by their spacing.

    >>> read_periods(["2026-03-31", "2026-06-30"], "date", None)
    (3, [8104, 8105], [])
    """
    if frequency is not None and frequency not in SPANS:
        return 0, [], [f"frequency: found {frequency!r}, expected one of {', '.join(SPANS)}"]
    read = [period_of(text) for text in texts]
    bad = [text for text, one in zip(texts, read, strict=True) if one is None]
    if bad:
        expected = "expected '2026 Q1', '2026-01', '2026-01-31' or '2026'"
        return 0, [], [f"{label!r}: found {bad[0]!r} (of {len(bad)} such), {expected}"]
    found = [one for one in read if one is not None]
    spans = sorted({span for span, _ in found})
    if len(spans) != 1:
        return 0, [], [f"{label!r}: found periods of several lengths, as {texts[0]!r}, expected one; make them alike"]
    span, numbers = spans[0], [number for _, number in found]
    if span == 0:
        steps = set(np.diff(numbers).tolist())
        want = SPANS.get(frequency or "", 0)
        if len(steps) == 1 and (step := steps.pop()) in PERIOD:
            span = step
        elif want and not steps:
            span = want
        else:
            advice = "expected steps of 1, 3 or 12 months; pass frequency= for one date, mend gaps"
            return 0, [], [f"{label!r}: found days {', '.join(texts[:3])}, {advice}"]
        numbers = [number // span for number in numbers]
    faults = [
        f"{label!r}: found {texts[place + 1]} after {texts[place]}, expected the next {PERIOD[span]}"
        for place in np.flatnonzero(np.diff(numbers) != 1).tolist()
    ]
    if frequency is not None and SPANS[frequency] != span:
        faults.append(f"frequency: found {frequency!r}, expected {FREQUENCY[span]!r} as {label!r} has it; mend either")
    return span, numbers, faults


def figures_of(variable: str, column: Column, periods: Sequence[str]) -> tuple[NDArray[np.float64], list[str]]:
    """A column as decimals, and what is wrong with it in its own unit."""
    label, want, cells = column.label, MACRO[variable], column.cells
    factor = 100 if column.unit == "percent" else 1
    figures = np.array([_number(cell) for cell in cells])
    bad = np.flatnonzero(~((figures >= want.low * factor) & (figures <= want.high * factor)))
    faults = []
    if bad.size:
        more = f" (and in {bad.size - 1} more)" if bad.size > 1 else ""
        expected = f"{want.low * factor:g} to {want.high * factor:g} {column.unit}"
        found = f"found {cells[bad[0]]!r} in {periods[bad[0]]}{more}"
        faults.append(f"{label!r}: {found}, expected {expected}; fill it or check the unit")
    if column.unit == "percent":
        largest = np.nanmax(np.abs(figures)) if np.isfinite(figures).any() else np.inf
        still = variable == "unemployment_rate" or (len(cells) >= 4 and largest > 0)
        if still and largest < SMALLEST_PERCENT.get(variable, 0.0):
            found = f"found {largest:g} at most, looks like decimals"
            faults.append(f"{label!r}: {found}, expected percent; multiply by 100")
    return figures / factor, faults


def _number(cell: str) -> float:
    """A cell as a number; not a number if it is none, for the caller to refuse."""
    try:
        return float(cell)
    except ValueError:
        return float("nan")


def finish(
    columns: Mapping[str, Column],
    periods: Sequence[str],
    *,
    label: str,
    frequency: str | None,
    start: str | None,
    trend: float | None,
    name: str,
    subject: str,
    faults: list[str],
) -> xr.Dataset:
    """The monthly scenario of a table, or every fault of it.

    label : what the file calls its periods
    faults : found before
    """
    span, numbers, found = read_periods(periods, label, frequency)
    faults = faults + found
    if start is not None and start not in periods:
        faults.append(f"start: found {start!r}, expected one of {periods[0]} to {periods[-1]}")
    if trend is not None and not (np.isfinite(trend) and abs(trend) <= 0.5):
        faults.append(f"trend: found {trend}, expected growth within -0.5 to 0.5 [1/year]; a rate is a decimal")
    first = 0 if start is None or start not in periods else list(periods).index(start)
    before = max(first - 1, 0)
    values = {}
    for variable, column in columns.items():
        cut = Column(column.label, column.unit, column.cells[before:])
        values[variable], found = figures_of(variable, cut, periods[before:])
        faults += found
    if faults:
        raise InputError(subject, faults)
    previous = {key: figures[0] for key, figures in values.items()} if before < first else None
    months = quarters_to_months({key: figures[first - before :] for key, figures in values.items()}, previous, span)
    from_where = f", starting from {periods[before]}" if previous and span > 1 else ""
    origin = "mean of fed-2026-baseline" if trend is None else "given"
    attrs: dict[str, str | float] = {
        "name": name,
        "publisher": "",
        "published": "",
        "address": subject,
        "frequency": FREQUENCY[span],
        "start": first_of(span, numbers[first]),
        "real_income_trend": normal_growth("fed-2026-baseline") if trend is None else float(trend),
        "history": f"read from {subject}; {HOW_MONTHLY[span]}{from_where}; real_income_trend: {origin}",
    }
    return build(months, attrs)
