"""Months, quarters and years: the spellings that are read, and the one that is written (2026-01, 2026Q1, 2026)."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from stresslab.checks import choice_faults

SPANS = {"monthly": 1, "quarterly": 3, "annual": 12}
"""Months that a figure covers, by the frequency in which it was published."""

FREQUENCY = {span: frequency for frequency, span in SPANS.items()}
NOUN = {1: "month", 3: "quarter", 12: "year"}

DAY = 0
"""Span of a date with a day: it does not say how many months its figure covers."""


def parse_period(text: str) -> tuple[int, int] | None:
    """Months of a period (`DAY` for a date) and its running number; None if the text is no period.

    >>> parse_period("2026Q1"), parse_period("2026 Q1"), parse_period("Q1 2026")
    ((3, 8104), (3, 8104), (3, 8104))
    >>> parse_period("2026"), parse_period("2026-03"), parse_period("2026-03-31"), parse_period("March")
    ((12, 2026), (1, 24314), (0, 24314), None)
    """
    if match := re.fullmatch(r"(\d{4})[ :-]?Q([1-4])", text) or re.fullmatch(r"Q([1-4])[ -]?(\d{4})", text):
        quarter, year = sorted(map(int, match.groups()))
        return 3, 4 * year + quarter - 1
    if re.fullmatch(r"\d{4}", text):
        return 12, int(text)
    if match := re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])(-\d\d)?([T ].*)?", text):
        return (DAY if match[3] else 1), 12 * int(match[1]) + int(match[2]) - 1
    return None


def period_label(span: int, number: int) -> str:
    """A period as this package writes it.

    >>> period_label(3, 8104), period_label(12, 2026), period_label(1, 24314)
    ('2026Q1', '2026', '2026-03')
    """
    year, place = divmod(number * span, 12)
    return {1: f"{year}-{place + 1:02d}", 3: f"{year}Q{place // 3 + 1}", 12: f"{year}"}[span]


def normalised(text: str) -> str:
    """A label in the spelling of this package; what is no month, quarter or year is left as it is.

    >>> normalised("2026 Q1"), normalised("Q1 2026"), normalised("2026-03-31"), normalised("spring")
    ('2026Q1', '2026Q1', '2026-03-31', 'spring')
    """
    period = parse_period(text)
    return text if period is None or period[0] == DAY else period_label(*period)


def first_month(span: int, number: int) -> str:
    """First month of a period.

    >>> first_month(3, 8104), first_month(12, 2026), first_month(1, 24314)
    ('2026-01', '2026-01', '2026-03')
    """
    return period_label(1, number * span)


def first_month_of(text: str) -> str:
    """First month of a month, quarter or year that is known to be one.

    >>> first_month_of("2026Q2"), first_month_of("2025"), first_month_of("2020-01")
    ('2026-04', '2025-01', '2020-01')
    """
    period = parse_period(text)
    if period is None or period[0] == DAY:
        raise ValueError(f"{text!r} is no month, quarter or year")
    return first_month(*period)


def read_periods(texts: Sequence[str], column: str, frequency: str | None) -> tuple[int, list[int], list[str]]:
    """Months of each period, running numbers, and faults; days tell their frequency by their spacing.

    >>> read_periods(["2026-03-31", "2026-06-30"], "date", None)
    (3, [8104, 8105], [])
    """
    if frequency is not None and frequency not in SPANS:
        return 0, [], choice_faults("frequency", frequency, tuple(SPANS))
    parsed = [parse_period(text) for text in texts]
    unreadable = [text for text, period in zip(texts, parsed, strict=True) if period is None]
    if unreadable:
        found = f"found {unreadable[0]!r} (of {len(unreadable)} such)"
        return 0, [], [f"{column!r}: {found}, expected '2026Q1', '2026-01', '2026-01-31' or '2026'; rewrite the labels"]
    periods = [period for period in parsed if period is not None]
    spans = {span for span, _ in periods}
    if len(spans) != 1:
        found = f"found periods of several lengths, as {normalised(texts[0])!r}"
        return 0, [], [f"{column!r}: {found}, expected one length; write all labels alike"]
    span, numbers = spans.pop(), [number for _, number in periods]
    if span == DAY:
        span = _span_of_days(numbers, frequency)
        if span == DAY:
            expected = "expected steps of 1, 3 or 12 months; pass frequency= for a single date, or fill the gaps"
            return 0, [], [f"{column!r}: found days {', '.join(texts[:3])}, {expected}"]
        numbers = [number // span for number in numbers]
    faults = [
        f"{column!r}: found {normalised(texts[place + 1])} after {normalised(texts[place])}, "
        f"expected the next {NOUN[span]}; sort the rows and fill the gaps"
        for place in np.flatnonzero(np.diff(numbers) != 1).tolist()
    ]
    if frequency is not None and SPANS[frequency] != span:
        expected = f"expected {FREQUENCY[span]!r} as in {column!r}"
        faults.append(f"frequency: found {frequency!r}, {expected}; correct the frequency or the labels")
    return span, numbers, faults


def _span_of_days(months: Sequence[int], frequency: str | None) -> int:
    """Months between dates a month, a quarter or a year apart; of a single date, those of `frequency`; else `DAY`."""
    steps = set(np.diff(months).tolist())
    if not steps:
        return SPANS.get(frequency or "", DAY)
    step = steps.pop()
    return step if not steps and step in NOUN else DAY
