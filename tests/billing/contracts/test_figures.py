"""Amounts, lengths and days as people read them: cut off, never rounded up."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from billing.contracts.figures import (
    day_text,
    duration_text,
    hours_text,
    moment_text,
    money_text,
    percent_short,
    span_text,
    utc_text,
)
from billing.contracts.periods import PeriodError, check_moments, check_period, month, period_text

BERLIN, TOKYO = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Tokyo")


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (127_120_000, "EUR", "1,271,200.00 EUR"),
        (-5, "EUR", "-0.05 EUR"),
        (3_200_000, "JPY", "3,200,000 JPY"),
        (1, "KWD", "0.001 KWD"),
        (0, "USD", "0.00 USD"),
    ],
)
def test_money(minor: int, currency: str, text: str) -> None:
    assert money_text(minor, currency) == text


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        ("P5D", "5 days"),
        ("P1D", "1 day"),
        ("PT1H30M", "1 hour 30 minutes"),
        ("PT0.5S", "0.5 seconds"),
        ("PT1H1S", "1 hour 1 second"),
        ("PT90S", "1 minute 30 seconds"),
        ("P1W", "7 days"),
        ("PT0S", "no time"),
    ],
)
def test_durations(duration: str, text: str) -> None:
    assert duration_text(duration) == text


def test_a_percentage_is_cut_off() -> None:
    assert [percent_short(each) for each in ("99.899961", "99.999999", "100.000000", None)] == [
        "99.89", "99.99", "100.00", "–",
    ]  # fmt: skip


def test_hours_are_cut_off() -> None:
    assert [hours_text(each) for each in (3_600_000, 35_999, 36_000, 3_599_999, 4_444_200_000)] == [
        "1.00", "0.00", "0.01", "0.99", "1,234.50",
    ]  # fmt: skip


def test_moments() -> None:
    noon = datetime(2026, 3, 29, 12, 5, 7, 123_999, tzinfo=UTC)
    assert utc_text(noon) == "2026-03-29T12:05:07.123Z"
    assert utc_text(noon.replace(microsecond=999)) == "2026-03-29T12:05:07Z"
    assert moment_text(noon, BERLIN) == "29 Mar 2026 14:05"
    assert day_text(date(2026, 3, 1)) == "1 March 2026"
    assert span_text(0, 60_000, TOKYO) == "1 Jan 1970 09:00 to 1 Jan 1970 09:01"


def test_a_month_runs_from_local_midnight_to_local_midnight() -> None:
    start, end = month("2026-03", BERLIN)
    assert (start, end) == (datetime(2026, 2, 28, 23, tzinfo=UTC), datetime(2026, 3, 31, 22, tzinfo=UTC))
    assert (end - start).total_seconds() == 743 * 3600
    assert month("2026-12", TOKYO)[1] == datetime(2026, 12, 31, 15, tzinfo=UTC)
    assert period_text(start, end, BERLIN) == "March 2026"
    assert period_text(start, end, TOKYO) == "01 Mar 2026 08:00 to 01 Apr 2026 07:00"


@pytest.mark.parametrize("text", ["2026-13", "2026-00", "2026", "26-09", "2026-9", "", "2026-09-01", "1899-01"])
def test_what_is_no_month(text: str) -> None:
    with pytest.raises(PeriodError):
        month(text, BERLIN)


def test_periods_run_forward_for_at_most_a_year() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    check_period(start, datetime(2027, 1, 2, tzinfo=UTC))
    for end in (start, datetime(2025, 1, 1, tzinfo=UTC), datetime(2027, 1, 3, tzinfo=UTC)):
        with pytest.raises(PeriodError):
            check_period(start, end)
    with pytest.raises(PeriodError):
        check_moments(datetime(2200, 1, 1, tzinfo=UTC))
    with pytest.raises(PeriodError):
        check_moments(start, datetime(1899, 12, 31, tzinfo=UTC))
