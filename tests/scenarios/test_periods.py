"""Periods: every spelling, days that begin or end them, and what is refused by name."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stresslab.scenarios.periods import (
    Period,
    days_of,
    first_month_of,
    is_period,
    parse_day,
    parse_period,
    period_label,
    read_periods,
)

QUARTER = Period(3, 12 * 2025)
MARCH = Period(1, 12 * 2025 + 2)


@pytest.mark.parametrize(
    "text",
    ["2025Q1", "2025 Q1", "Q1 2025", "2025-Q1", "2025:Q1", "Q1-2025", "1Q25", "1Q2025", "q1 2025", "2025q1", "Q1'25",
     "Q1 25", " 2025  Q1 ", "2025/Q1", "2025年第一季度", "2025年1季度"],
)  # fmt: skip
def test_spellings_of_a_quarter(text):
    assert parse_period(text) == QUARTER


@pytest.mark.parametrize(
    "text",
    [
        "2025-03",
        "2025/03",
        "2025M03",
        "2025M3",
        "2025-M03",
        "202503",
        "03/2025",
        "Mar 2025",
        "March 2025",
        "Mar-25",
        "mar. 2025",
        "2025 Mar",
        "2025年3月",
    ],
)
def test_spellings_of_a_month(text):
    assert parse_period(text) == MARCH


@pytest.mark.parametrize(
    "text",
    [
        "2025-03-31",
        "2025/03/31",
        "20250331",
        "31.03.2025",
        "31 March 2025",
        "31-Mar-2025",
        "March 31, 2025",
        "2025-03-31 00:00:00",
        "2025-03-31T00:00:00.000000000",
        "2025-03-31 23:59",
        "2025年3月31日",
    ],
)
def test_spellings_of_a_day(text):
    assert parse_day(text) == datetime.date(2025, 3, 31)
    assert is_period(text)


@pytest.mark.parametrize(
    "text",
    [
        "2025-02-31",
        "2025-03-31 garbage",
        "2025-03-31T25:00",
        "2025-13",
        "2025-00",
        "Q5 2025",
        "0Q25",
        "2025-1",
        "FY2025",
        "2025-S1",
        "2025W01",
        "1Q55",
        "45747",
        "31/03/25",
        "31 Foo 2025",
        "Foo 31, 2025",
        "Mar",
        "spring",
        "9999",
        "2025Q1 (f)",
        "\N{ARABIC-INDIC DIGIT TWO}025Q1",
        "",
    ],
)
def test_what_names_no_period(text):
    assert parse_period(text) is None
    assert parse_day(text) is None
    assert not is_period(text)


def test_two_digits_of_a_year_beyond_doubt_only():
    assert [parse_period(text) for text in ("1Q49", "1Q70", "1Q50", "1Q69")] == [
        Period(3, 12 * 2049), Period(3, 12 * 1970), None, None,
    ]  # fmt: skip


@given(st.integers(1800, 2199), st.sampled_from([1, 3, 12]), st.integers(0, 11))
def test_what_is_written_is_read(year, span, place):
    first = 12 * year + place // span * span
    assert parse_period(period_label(span, first)) == Period(span, first)


@given(st.dates(datetime.date(1950, 1, 1), datetime.date(2150, 1, 1)))
def test_days_are_read_in_both_orders(day):
    assert parse_day(f"{day:%d/%m/%Y}", day_first=True) == day == parse_day(f"{day:%m/%d/%Y}", day_first=False)
    assert parse_day(f"{day:%d/%m/%Y}") is None
    assert parse_day(day.isoformat()) == day


def read(*texts, frequency=None):
    return read_periods(texts, "date", frequency)


def first_of(*texts):
    span, numbers, faults, _ = read(*texts)
    assert faults == []
    return span, period_label(1, numbers[0])


@pytest.mark.parametrize(
    ("texts", "span", "first"),
    [
        (("31/03/2025", "30/06/2025"), 3, "2025-01"),
        (("03/31/2025", "06/30/2025"), 3, "2025-01"),
        (("2025-01-31", "2025-04-30"), 3, "2024-11"),  # quarters of a year that ends in January
        (("2025-02-28", "2025-05-31"), 3, "2024-12"),
        (("2025-06-30", "2026-06-30"), 12, "2024-07"),
        (("2024-02-29", "2025-02-28"), 12, "2023-03"),
        (("2025-01-01", "2025-04-01"), 3, "2025-01"),
        (("2025-01-01", "2026-01-01"), 12, "2025-01"),
        (("2024-03-29", "2024-06-28"), 3, "2024-01"),  # the last weekdays
        (("2026-05-29", "2026-08-31"), 3, "2026-03"),  # a Friday before a Sunday, the 31st
        (("2027-01-01", "2027-04-01"), 3, "2027-01"),
        (("2028-01-03", "2028-04-03"), 3, "2028-01"),  # Mondays after Saturdays, the 1st
        (("2025-02-15", "2025-03-14"), 1, "2025-02"),
    ],
)
def test_days_keep_their_true_first_month(texts, span, first):
    assert first_of(*texts) == (span, first)


def test_quarters_that_are_not_of_the_calendar_are_noted():
    assert read("2025-01-31", "2025-04-30")[3] == ["date: quarters are 2024-11 to 2025-01 and those that follow"]


@pytest.mark.parametrize(
    ("texts", "odd"),
    [
        (("2025-02-15", "2025-05-15"), "2025-02-15"),
        (("2025-02-01", "2025-05-01"), "2025-02-01"),  # the quarter that begins, or the one in whose middle it is?
        (("2025-03-01", "2025-06-01"), "2025-03-01"),
        (("2025-04-01", "2026-04-01"), "2025-04-01"),
        (("2025-03-31", "2025-06-15"), "2025-06-15"),
        (("2028-01-04", "2028-04-03"), "2028-01-04"),  # the second weekday
        (("2026-05-28", "2026-08-31"), "2026-05-28"),  # the last weekday but one
        (("2025-01-01", "2025-04-01", "2025-07-02"), "2025-07-02"),  # more begin a quarter than end one
    ],
)
def test_days_that_may_be_of_two_periods_are_refused_by_name(texts, odd):
    (fault,) = read(*texts)[2]
    assert f"found {odd!r}, which is neither the first day of a calendar" in fault
    assert "rewrite the days" in fault


def test_days_and_months_that_may_be_exchanged():
    (fault,) = read("03/04/2025", "03/05/2025")[2]
    assert "found '03/04/2025', in which day and month may be exchanged" in fault
    assert first_of("31/01/2025", "28/02/2025", "31/03/2025") == (1, "2025-01")
    assert "exchanged" in read("31/01/2025", "01/31/2025")[2][0]


@pytest.mark.parametrize(
    ("texts", "missing"),
    [
        (("2025-08-01", "2025-09-01", "2025-11-01"), "2025-11 after 2025-09, expected every month: 2025-10 is missing"),
        (("2025Q1", "2025Q4"), "2025Q4 after 2025Q1, expected every quarter: 2025Q2 and 2025Q3 are missing"),
        (("2020", "2025"), "2025 after 2020, expected every year: 2021 to 2024 are missing"),
        (("2025-03-31", "2025-06-30", "2025-12-31"), "2025Q4 after 2025Q2, expected every quarter: 2025Q3 is missing"),
        (("2025", "2027", "2029"), "2027 after 2025 (and 1 more such)"),
        (("2025Q1", "2025Q2", "2025Q4", "2026Q1"), "2025Q4 after 2025Q2, expected every quarter: 2025Q3 is missing"),
        (("2025Q1", "2026Q1"), "2026Q1 after 2025Q1, expected every quarter: 2025Q2 to 2025Q4 are missing"),
    ],
)
def test_holes_are_named_by_their_date(texts, missing):
    (fault,) = read(*texts)[2]
    assert missing in fault


@pytest.mark.parametrize(
    ("texts", "part"),
    [
        (("2025Q1", "2025Q3", "2025Q4", "2025Q2"), "found 2025Q2 after 2025Q4, expected the order of time; sort"),
        (("2025Q2", "2025Q1"), "found 2025Q1 after 2025Q2, expected the order of time; sort the rows"),
        (("2025Q1", "2025Q1", "2025Q2"), "found 2025Q1 twice, expected it once; drop one of the rows"),
        (("2025Q1", "2025"), "found '2025Q1' and '2025', periods of several lengths"),
        (("2025Q1", "2025-06-30"), "found '2025-06-30' and '2025Q1', expected one kind; write all labels alike"),
        (("2025Q1", "2025Q2 (f)"), "found '2025Q2 (f)', expected '2026Q1'"),
        (("2025Q1 (f)", "2025Q2 (f)", "2025Q3"), "found '2025Q1 (f)' (and 1 more), expected '2026Q1'"),
        (("2025-01-31", "2025-06-30", "2025-11-30"), "found days 2025-01-31, 2025-06-30, 2025-11-30, expected steps"),
        (("2025-01-31", "2025-03-31"), "expected steps of 1, 3 or 12 months"),
        (("2025-03-31",), "pass frequency= for a single day"),
    ],
)
def test_one_sentence_for_one_cause(texts, part):
    (fault,) = read(*texts)[2]
    assert part in fault


def test_days_that_are_closer_than_the_frequency():
    (fault,) = read("2025-03-31", "2025-06-30", "2025-08-31", frequency="quarterly")[2]
    assert "2025-06 to 2025-08 after 2025Q2, expected the next quarter; rewrite the labels" in fault


def test_a_single_day_and_its_frequency():
    assert read("2025-03-31", frequency="quarterly")[:2] == (3, [12 * 2025])
    assert read("2025-03-31", frequency="annual")[:2] == (12, [12 * 2024 + 3])
    assert "found 'weekly', expected one of" in read("2025-03-31", frequency="weekly")[2][0]
    assert "found 'monthly', expected 'quarterly' as in 'date'" in read("2025Q1", frequency="monthly")[2][0]


def test_of_days_that_begin_and_end_periods_alike_the_ends_are_asked_for():
    (fault,) = read("2025-01-01", "2025-06-30", frequency="quarterly")[2]
    assert "found '2025-01-01', which is neither" in fault


def test_every_month_is_named_in_full_and_by_three_letters():
    for month in range(1, 13):
        day = datetime.date(2025, month, 1)
        for text in (f"{day:%B} 2025", f"{day:%b}-25", f"2025-{month:02d}", f"2025M{month}"):
            assert parse_period(text) == Period(1, 12 * 2025 + month - 1)
        assert first_month_of(f"{day:%b} 2025") == f"2025-{month:02d}"
    assert parse_period("Sept 2025") == Period(1, 12 * 2025 + 8)
    assert [parse_period(text) for text in ("Sep 2025", "Septem 2025", "Janu 2025")] == [
        Period(1, 12 * 2025 + 8), None, None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("texts", "first", "ambiguous"),
    [
        (("13/12/2025",), datetime.date(2025, 12, 13), None),
        (("12/13/2025",), datetime.date(2025, 12, 13), None),
        (("12/12/2025",), None, "12/12/2025"),
        (("13/12/2025", "12/13/2025"), None, "13/12/2025"),
        (("05/06/2025", "12/13/2025"), datetime.date(2025, 5, 6), None),
        (("05/06/2025", "13/12/2025"), datetime.date(2025, 6, 5), None),
        (("spring", "12/12/2025"), None, "12/12/2025"),
        (("2025-01-31",), datetime.date(2025, 1, 31), None),
    ],
)
def test_a_number_above_twelve_tells_days_from_months(texts, first, ambiguous):
    days, doubtful = days_of(texts)
    assert (days[0], doubtful) == (first, ambiguous)


def test_no_periods_are_no_fault():
    assert read() == (0, [], [], [])
