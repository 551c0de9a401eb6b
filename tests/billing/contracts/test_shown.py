"""Figures of contracts for readers: in English the very texts that documents are sealed in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from billing.contracts import figures, shown
from billing.contracts.periods import period_text

BERLIN = ZoneInfo("Europe/Berlin")
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
LONG = 200_000_000_000
DAYS = [
    (datetime(2026, 9, 15, 22, tzinfo=UTC), datetime(2026, 9, 30, 22, tzinfo=UTC)),
    (datetime(2026, 9, 29, 22, tzinfo=UTC), datetime(2026, 9, 30, 22, tzinfo=UTC)),
    (datetime(2026, 9, 15, 22, tzinfo=UTC), datetime(2026, 10, 15, 22, tzinfo=UTC)),
]
"""From local midnight to local midnight in Berlin."""


@given(MOMENTS, st.integers(0, LONG))
def test_english_is_as_it_is_sealed(moment: datetime, length: int) -> None:
    assert shown.moment_shown(moment, BERLIN) == figures.moment_text(moment, BERLIN)
    assert shown.length_shown(length) == figures.length_text(length)
    assert shown.hours_shown(length) == figures.hours_text(length)
    start = int(moment.timestamp()) * 1000
    assert shown.span_shown(start, start + length, BERLIN) == figures.span_text(start, start + length, BERLIN)
    assert shown.money_shown(length, "EUR") == figures.money_text(length, "EUR")


@pytest.mark.parametrize(
    ("start", "end"), [(datetime(2026, 2, 28, 23, tzinfo=UTC), datetime(2026, 3, 31, 22, tzinfo=UTC)),
                       (datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 8, tzinfo=UTC))],
)  # fmt: skip
def test_english_periods_are_as_they_are_sealed(start: datetime, end: datetime) -> None:
    assert shown.period_shown(start, end, BERLIN) == period_text(start, end, BERLIN)


def test_days_are_told_by_the_first_and_the_last() -> None:
    assert [shown.period_shown(*days, BERLIN) for days in DAYS] == [
        "16 to 30 September 2026", "30 September 2026", "16 September 2026 to 15 October 2026",
    ]  # fmt: skip
    start, end = DAYS[0]
    until_five = end - timedelta(hours=7)
    assert shown.period_shown(start, until_five, BERLIN) == "16 Sep 2026 00:00 to 30 Sep 2026 17:00"


def test_german() -> None:
    start, end = datetime(2026, 2, 28, 23, tzinfo=UTC), datetime(2026, 3, 31, 22, tzinfo=UTC)
    with override("de"):
        assert shown.money_shown(123_450, "EUR") == "1.234,50 €"
        assert shown.percent_shown("97.259999") == "97,25"
        assert shown.percent_shown(None) == "–"
        assert shown.hours_shown(4_444_200_000) == "1.234,50"
        assert shown.period_shown(start, end, BERLIN) == "März 2026"
        assert shown.period_shown(start, end, ZoneInfo("UTC")) == "28.02.2026, 23:00 bis 31.03.2026, 22:00"
        assert [shown.period_shown(*days, BERLIN) for days in DAYS] == [
            "16. bis 30. September 2026", "30. September 2026", "16. September 2026 bis 15. Oktober 2026",
        ]  # fmt: skip
        assert shown.statement_shown(start, end, BERLIN, 2) == "März 2026, Version 2"
        assert shown.length_shown(93_784_500) == "1 Tag 2 Stunden 3 Minuten 4,5 Sekunden"
        assert shown.length_shown(1000) == "1 Sekunde"
        assert shown.length_shown(0) == "keine Zeit"
