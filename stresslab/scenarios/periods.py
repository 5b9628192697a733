"""Months, quarters and years: the spellings that are read, and the one that is written (2026-01, 2026Q1, 2026)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import numpy as np

from stresslab.checks import choice_faults

SPANS = {"monthly": 1, "quarterly": 3, "annual": 12}
"""Months that a figure covers, by the frequency in which it was published."""

DAY = np.timedelta64(1, "D")
FREQUENCY = {span: frequency for frequency, span in SPANS.items()}
NOUN = {1: "month", 3: "quarter", 12: "year"}

SPELLINGS = "'2026Q1', '2026-03', '2026-03-31' or '2026'"
"""One spelling of each kind, as error texts propose them."""


class Period(NamedTuple):
    """The months that a figure covers."""

    span: int
    """How many."""
    first: int
    """The first of them, counted from January of the year 0."""


_YEAR, _APART = r"(?P<year>(?:1[89]|2[01])\d\d)", r"[ :./_-]"
_SHORT = r"(?P<year>(?:1[89]|2[01])\d\d|\d\d)"
_WORD = "(?P<word>[a-z]{3,9})"
_QUARTER = "q(?P<quarter>[1-4])"
_PERIODS = [
    re.compile(spelling, re.ASCII)
    for spelling in (
        rf"{_YEAR}{_APART}?{_QUARTER}",  # 2026Q1, 2026 Q1, 2026-Q1, 2026:Q1
        rf"{_QUARTER}{_APART}?{_YEAR}",  # Q1 2026, Q1-2026
        rf"{_QUARTER}[ '-]{_SHORT}",  # Q1 26, Q1'26
        rf"(?P<quarter>[1-4])q[ '-]?{_SHORT}",  # 1Q26, 1Q2026
        rf"{_YEAR}年第?(?P<quarter>[1-4])季度?",  # 2026年第1季度, 2026年一季度
        rf"{_YEAR}年(?P<month>\d\d?)月(?:份)?",  # 2026年3月
        rf"{_YEAR}年",
        rf"{_YEAR}[-/.](?P<month>\d\d)",  # 2026-03
        rf"{_YEAR}[ -]?m(?P<month>\d\d?)",  # 2026M03
        rf"{_YEAR}(?P<month>\d\d)",  # 202603
        rf"(?P<month>\d\d)[-/.]{_YEAR}",  # 03/2026
        rf"{_WORD}\.?[ -]?{_YEAR}",  # Mar 2026
        rf"{_WORD}\.?[ '-]{_SHORT}",  # Mar-26
        rf"{_YEAR}[ -]?{_WORD}",  # 2026 Mar
        rf"{_YEAR}(?:\.0)?",  # 2026
    )
]

_CLOCK = r"(?:[t ](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?(?:z|\+00:00)?)?"
_DAYS = [
    re.compile(spelling, re.ASCII)
    for spelling in (
        rf"{_YEAR}-(?P<month>\d\d)-(?P<day>\d\d){_CLOCK}",  # 2026-03-31, 2026-03-31 00:00:00
        rf"{_YEAR}/(?P<month>\d\d?)/(?P<day>\d\d?){_CLOCK}",  # 2026/3/31
        rf"{_YEAR}年(?P<month>\d\d?)月(?P<day>\d\d?)日",  # 2026年3月31日
        rf"{_YEAR}(?P<month>\d\d)(?P<day>\d\d)",  # 20260331
        rf"(?P<day>\d\d?)\.(?P<month>\d\d?)\.{_YEAR}",  # 31.03.2026
        rf"(?P<day>\d\d?)[ -]{_WORD}\.?[ -]{_YEAR}",  # 31 March 2026, 31-Mar-2026
        rf"{_WORD}\.? (?P<day>\d\d?),? {_YEAR}",  # March 31, 2026
    )
]
_ORDINALS = str.maketrans("一二三四", "1234")
_SLASHED = re.compile(rf"(\d\d?)[/-](\d\d?)[/-]{_YEAR}{_CLOCK}", re.ASCII)
_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip


def parse_period(text: str) -> Period | None:
    """The month, quarter or year that a text names; None if it names none, or a day.

    >>> [parse_period(text) for text in ("2026Q1", "q1 2026", "1Q26", "Mar-26", "2026", "2026-13", "2026-03-31")]
    [Period(span=3, first=24312), Period(span=3, first=24312), Period(span=3, first=24312),
     Period(span=1, first=24314), Period(span=12, first=24312), None, None]
    """
    found = _match(_PERIODS, text)
    if found is None:
        return None
    year = _year(found["year"])
    if year is None:
        return None
    if found.get("quarter"):
        return Period(3, 12 * year + 3 * (int(found["quarter"]) - 1))
    if not (found.get("month") or found.get("word")):
        return Period(12, 12 * year)
    month = _month(found)
    return None if month is None else Period(1, 12 * year + month - 1)


def parse_day(text: str, day_first: bool | None = None) -> date | None:
    """The day that a text names; None if there is none. `day_first`: whether 03/04/2026 is in April; None: unknown.

    >>> parse_day("2026-03-31"), parse_day("31 Mar 2026"), parse_day("2026-02-31"), parse_day("03/04/2026")
    (datetime.date(2026, 3, 31), datetime.date(2026, 3, 31), None, None)
    >>> parse_day("03/04/2026", day_first=True)
    datetime.date(2026, 4, 3)
    """
    found = _match(_DAYS, text)
    slashed = _SLASHED.fullmatch(_plain(text))
    if slashed and day_first is not None:
        day, month = (1, 2) if day_first else (2, 1)
        found = {"year": slashed["year"], "month": slashed[month], "day": slashed[day]}
    month_number = _month(found) if found else None
    if found is None or month_number is None:
        return None
    try:
        return date(int(found["year"]), month_number, int(found["day"]))
    except ValueError:
        return None


def period_label(span: int, first: int) -> str:
    """A period as this package writes it; one that does not begin with a calendar quarter or year, by its months.

    >>> period_label(3, 24312), period_label(12, 24312), period_label(1, 24314), period_label(3, 24310)
    ('2026Q1', '2026', '2026-03', '2025-11 to 2026-01')
    """
    if span > 1 and first % span:
        return f"{period_label(1, first)} to {period_label(1, first + span - 1)}"
    year, place = divmod(first, 12)
    return {1: f"{year}-{place + 1:02d}", 3: f"{year}Q{place // 3 + 1}", 12: f"{year}"}[span]


def normalised(text: str) -> str:
    """A label in the spelling of this package; what is no month, quarter or year is left as it is.

    >>> normalised("2026 Q1"), normalised("Q1 2026"), normalised("2026-03-31"), normalised("spring")
    ('2026Q1', '2026Q1', '2026-03-31', 'spring')
    """
    period = parse_period(text)
    return text if period is None else period_label(*period)


def first_month_of(text: str) -> str:
    """First month of a month, quarter or year that is known to be one.

    >>> first_month_of("2026Q2"), first_month_of("2025"), first_month_of("2020-01")
    ('2026-04', '2025-01', '2020-01')
    """
    period = parse_period(text)
    if period is None:
        raise ValueError(f"{text!r} is no month, quarter or year")
    return period_label(1, period.first)


def days_of(texts: Sequence[str]) -> tuple[list[date | None], str | None]:
    """The days that texts name, None where there is none, and the first in which day and month may be exchanged.

    Whether days or months come first in 31/03/2026 is what all of the texts together prove.

    >>> days_of(["03/04/2026", "31/04/2026", "30/04/2026"])
    ([datetime.date(2026, 4, 3), None, datetime.date(2026, 4, 30)], None)
    >>> days_of(["03/04/2026"])
    ([None], '03/04/2026')
    """
    slashed = [match for text in texts if (match := _SLASHED.fullmatch(_plain(text)))]
    orders = {first for match in slashed for first, place in ((True, 1), (False, 2)) if int(match[place]) > 12}
    days = [parse_day(text, next(iter(orders)) if len(orders) == 1 else None) for text in texts]
    return days, slashed[0].string if slashed and len(orders) != 1 else None


def is_period(text: str) -> bool:
    """Whether a text names a period or a day, be it one that has to be asked for.

    >>> is_period("2026Q1"), is_period("03/04/2026"), is_period("Historical data")
    (True, True, False)
    """
    return parse_period(text) is not None or parse_day(text) is not None or bool(_SLASHED.fullmatch(_plain(text)))


def read_periods(
    texts: Sequence[str], column: str, frequency: str | None
) -> tuple[int, list[int], list[str], list[str]]:
    """Months of each period, the first month of each, faults, and notes; days tell their frequency by their spacing.

    A first or last day, or weekday, of a month begins or ends its period; other days are those of months.

    >>> read_periods(["2026-03-31", "2026-06-30"], "date", None)
    (3, [24312, 24315], [], [])
    """
    if frequency is not None and frequency not in SPANS:
        return 0, [], choice_faults("frequency", frequency, tuple(SPANS)), []
    if not texts:
        return 0, [], [], []
    periods = [parse_period(text) for text in texts]
    faults: list[str] = []
    remarks: list[str] = []
    days = any(period is None for period in periods)
    if not days:
        known = [period for period in periods if period is not None]
        span, numbers = known[0].span, [period.first for period in known]
        others = [text for text, period in zip(texts, known, strict=True) if period.span != span]
        if others:
            found = f"found {texts[0]!r} and {others[0]!r}, periods of several lengths"
            return 0, [], [f"{column!r}: {found}, expected one length; write all labels alike"], []
    else:
        span, numbers, faults, remarks = _from_days(texts, column, frequency)
    if faults:
        return 0, [], faults, []
    if frequency is not None and SPANS[frequency] != span:
        expected = f"expected {FREQUENCY[span]!r} as in {column!r}"
        faults.append(f"frequency: found {frequency!r}, {expected}; correct the frequency or the labels")
    return span, numbers, faults + _order_faults(span, numbers, column), remarks


def _from_days(texts: Sequence[str], column: str, frequency: str | None) -> tuple[int, list[int], list[str], list[str]]:
    """What `read_periods` says of days."""
    days, ambiguous = days_of(texts)
    if ambiguous:
        found = f"found {ambiguous!r}, in which day and month may be exchanged"
        return 0, [], [f"{column!r}: {found}, expected a day beyond doubt; write it as 2026-03-31"], []
    others = [text for text, day in zip(texts, days, strict=True) if day is None]
    unreadable = [text for text in others if parse_period(text) is None]
    if unreadable:
        more = f" (and {len(unreadable) - 1} more)" if len(unreadable) > 1 else ""
        return 0, [], [f"{column!r}: found {unreadable[0]!r}{more}, expected {SPELLINGS}; rewrite it"], []
    if others:
        day = next(text for text, day in zip(texts, days, strict=True) if day is not None)
        return 0, [], [f"{column!r}: found {day!r} and {others[0]!r}, expected one kind; write all labels alike"], []
    known = [day for day in days if day is not None]
    months = [12 * day.year + day.month - 1 for day in known]
    span = SPANS[frequency] if frequency else _spacing(months)
    if span not in NOUN:
        found = f"found days {', '.join(texts[:3])}"
        expected = "expected steps of 1, 3 or 12 months; pass frequency= for a single day, or add the rows between"
        return 0, [], [f"{column!r}: {found}, {expected}"], []
    if span == 1:
        return span, months, [], []
    ends = [_ends(day) for day in known]
    begins = [_begins(day) and not month % span for day, month in zip(known, months, strict=True)]
    if not all(ends) and not all(begins):
        odd = texts[(ends if sum(ends) >= sum(begins) else begins).index(False)]
        found = f"found {odd!r}, which is neither the first day of a calendar {NOUN[span]} nor the last of any"
        return 0, [], [f"{column!r}: {found}, expected the last day of each {NOUN[span]}; rewrite the days"], []
    numbers = [month - span + 1 for month in months] if all(ends) else months
    fiscal = [f"{column}: {NOUN[span]}s are {period_label(span, numbers[0])} and those that follow"]
    return span, numbers, [], fiscal if numbers[0] % span else []


def _order_faults(span: int, numbers: Sequence[int], column: str) -> list[str]:
    """Periods twice, holes, and an order that is not that of time."""
    present = sorted(set(numbers))
    faults = []
    if len(present) < len(numbers):
        again = next(number for number, count in Counter(numbers).items() if count > 1)
        faults.append(f"{column!r}: found {period_label(span, again)} twice, expected it once; drop one of the rows")
    elif list(numbers) != present:
        late = int(np.argmax(np.diff(numbers) < 0))
        found = f"found {period_label(span, numbers[late + 1])} after {period_label(span, numbers[late])}"
        faults.append(f"{column!r}: {found}, expected the order of time; sort the rows")
    steps = np.diff(present)
    holes = np.flatnonzero(steps != span)
    if not holes.size:
        return faults
    before, after = present[holes[0]], present[holes[0] + 1]
    more = f" (and {holes.size - 1} more such)" if holes.size > 1 else ""
    found = f"found {period_label(span, after)} after {period_label(span, before)}{more}"
    if (steps % span).any():
        return [*faults, f"{column!r}: {found}, expected the next {NOUN[span]}; rewrite the labels"]
    missing = [period_label(span, number) for number in range(before + span, after, span)]
    which = " and ".join(missing) if len(missing) < 3 else f"{missing[0]} to {missing[-1]}"
    are = "is" if len(missing) == 1 else "are"
    return [*faults, f"{column!r}: {found}, expected every {NOUN[span]}: {which} {are} missing; add the rows"]


def _spacing(months: Sequence[int]) -> int:
    """Least number of months between two days; 0 if there is none."""
    steps = np.diff(np.unique(months))
    return int(steps.min()) if steps.size else 0


def _begins(day: date) -> bool:
    """Whether a day is the first day or the first weekday of its month."""
    previous = np.busday_offset(np.datetime64(day) - DAY, 0, roll="backward")
    return bool(previous.astype("datetime64[M]") != np.datetime64(day, "M"))


def _ends(day: date) -> bool:
    """Whether a day is the last day or the last weekday of its month."""
    weekday = np.busday_offset(np.datetime64(day) + DAY, 0, roll="forward")
    return bool(weekday.astype("datetime64[M]") != np.datetime64(day, "M"))


def _plain(text: str) -> str:
    """A text in small letters, with single blanks, and quarters numbered by digits."""
    plain = " ".join(text.lower().split())
    return plain.translate(_ORDINALS) if "季" in plain else plain


def _match(spellings: Sequence[re.Pattern[str]], text: str) -> dict[str, str] | None:
    """Parts of the first spelling that a text follows."""
    plain = _plain(text)
    return next((match.groupdict() for spelling in spellings if (match := spelling.fullmatch(plain))), None)


def _year(text: str) -> int | None:
    """A year; of two digits, 1970 to 1999 or 2000 to 2049, and None beyond that."""
    year = int(text)
    if len(text) == 4:
        return year
    return 2000 + year if year < 50 else 1900 + year if year >= 70 else None


def _month(found: dict[str, str]) -> int | None:
    """The month that is numbered or named, in full or by its first three letters."""
    if number := found.get("month"):
        return int(number) if 1 <= int(number) <= 12 else None
    word = found.get("word") or ""
    places = [place for place, name in enumerate(_MONTHS, 1) if word in (name, name[:3]) or word == "sept" == name[:4]]
    return places[0] if places else None
