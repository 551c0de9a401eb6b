"""The spans by which contracts are settled: every agreed moment in exactly one, each held by one version."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.contracts.models import ContractVersion
from billing.contracts.periods import PeriodError, contract_year, month, next_month, whole_days
from billing.contracts.selectors import version_at
from billing.contracts.spans import Holding, Span, left_open, of_month, spans
from tenants.kernel.calendars import from_epoch_ms, local_ms

BERLIN, TOKYO, LORD_HOWE, ST_JOHNS = (
    ZoneInfo(name) for name in ("Europe/Berlin", "Asia/Tokyo", "Australia/Lord_Howe", "America/St_Johns")
)
ZONES = [
    BERLIN, TOKYO, LORD_HOWE, ST_JOHNS,
    *(ZoneInfo(name) for name in ("UTC", "Pacific/Apia", "Pacific/Kiritimati", "America/Havana", "Africa/Cairo")),
]  # fmt: skip
MOMENT = timedelta(microseconds=1)
DAYS = st.dates(date(2006, 1, 1), date(2016, 1, 1))
MOMENTS = st.datetimes(datetime(2006, 1, 1), datetime(2018, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def midnight(day: date, zone: ZoneInfo) -> datetime:
    return from_epoch_ms(local_ms(datetime.combine(day, datetime.min.time()), zone))


def held(
    number: int, begins: str, ends: str | None = None, zone: ZoneInfo = BERLIN, *, capped: bool = False
) -> Holding:
    day = date.fromisoformat(begins)
    end = None if ends is None else midnight(date.fromisoformat(ends), zone)
    return Holding(number, midnight(day, zone), end, day, zone, capped, True)


@st.composite
def contracts(draw: st.DrawFn) -> list[Holding]:
    """Up to four versions of a contract, each from the same moment as the one before or a later one."""
    drawn = draw(st.lists(st.tuples(DAYS, st.sampled_from(ZONES), st.booleans()), min_size=1, max_size=4))
    found = []
    for number, (day, zone, capped) in enumerate(sorted(drawn, key=lambda one: midnight(one[0], one[1])), 1):
        lasts = draw(st.none() | st.integers(1, 1500))
        end = None if lasts is None else midnight(day + timedelta(days=lasts), zone)
        found.append(Holding(number, midnight(day, zone), end, day, zone, capped, True))
    return found


def version_of(holding: Holding) -> ContractVersion:
    return ContractVersion(
        tenant_id=UUID(int=0), version=holding.version, effective_from=holding.start, effective_to=holding.end
    )


def told(found: list[Span]) -> list[Any]:
    return [(f"{span.start:%Y-%m-%dT%H:%M}", f"{span.end:%Y-%m-%dT%H:%M}", span.holding.version) for span in found]


@given(contracts(), MOMENTS)
def test_they_cover_what_is_agreed_exactly_once(known: list[Holding], until: datetime) -> None:
    found, versions = spans(known, until), [version_of(each) for each in known]

    def holder(moment: datetime) -> int | None:
        version = version_at(versions, moment)
        return None if version is None else version.version

    for span in found:
        assert span.start < span.end <= until
        assert holder(span.start) == holder(span.end - MOMENT) == span.holding.version
        assert not [each for each in known if span.start < each.start < span.end]
    edges = [(known[0].start, known[0].start), *((span.start, span.end) for span in found)]
    for (_, end), (start, _) in pairwise(edges):
        assert end <= start
        if end < start:  # nothing holds between
            assert holder(end) is holder(start - MOMENT) is None
            assert not [each for each in known if end < each.start < start]
    last, holding = edges[-1][1], {each.version: each for each in known}.get(holder(edges[-1][1]) or 0)
    later = [each.start for each in known if last < each.start]
    assert holding is None or until < min([next_month(last, holding.zone), *later])


@given(contracts(), MOMENTS)
def test_none_goes_beyond_a_month_or_a_year_with_a_limit(known: list[Holding], until: datetime) -> None:
    for span in spans(known, until):
        assert span.end <= next_month(span.start, span.zone)
        if span.holding.has_year_cap:
            assert span.end <= contract_year(known[0].day, span.start, span.zone)[1]
        if span.month is not None:
            assert month(span.month, span.zone) == (span.start, span.end)


@given(contracts(), MOMENTS, st.integers(0, 4000))
def test_what_ended_by_a_moment_is_left_out(known: list[Holding], until: datetime, days: int) -> None:
    since = until - timedelta(days=days)
    assert spans(known, until, since) == [span for span in spans(known, until) if since < span.end]


@given(contracts(), MOMENTS, st.lists(st.tuples(MOMENTS, st.integers(1, 10**7)), max_size=6))
def test_what_is_settled_is_cut_out(known: list[Holding], until: datetime, drawn: list[tuple[datetime, int]]) -> None:
    settled = [(start, start + timedelta(minutes=length)) for start, length in drawn]
    found = spans(known, until)
    pieces = left_open(found, settled)
    edges = sorted({moment for each in (*settled, *((one.start, one.end) for one in found)) for moment in each})
    for start, end in pairwise(edges):
        span = next((each for each in found if each.start <= start and end <= each.end), None)
        is_settled = any(begun <= start and end <= ended for begun, ended in settled)
        covering = [each for each in pieces if each.start <= start and end <= each.end]
        assert [each.holding for each in covering] == ([] if span is None or is_settled else [span.holding])
    assert all(one.end <= other.start for one, other in pairwise(pieces))


@given(st.sampled_from(ZONES), MOMENTS)
def test_the_next_month_begins_later_and_on_a_first(zone: ZoneInfo, moment: datetime) -> None:
    begins = next_month(moment, zone)
    assert moment < begins <= moment + timedelta(days=32)
    assert month(f"{begins.astimezone(zone):%Y-%m}", zone)[0] == begins


def test_clocks_that_go_back_over_a_midnight_begin_a_month_once() -> None:
    shown_twice = datetime(2009, 11, 1, 2, 45, tzinfo=UTC)  # 23:15 on 31 October, after the first moments of November
    assert f"{shown_twice.astimezone(ST_JOHNS):%m-%d %H:%M}" == "10-31 23:15"
    assert next_month(shown_twice, ST_JOHNS) == datetime(2009, 12, 1, 3, 30, tzinfo=UTC)


def test_months_are_as_long_as_the_clocks_make_them() -> None:
    lord_howe = spans([held(1, "2026-04-01", zone=LORD_HOWE)], datetime(2026, 6, 1, tzinfo=UTC))
    assert told(lord_howe) == [
        ("2026-03-31T13:00", "2026-04-30T13:30", 1), ("2026-04-30T13:30", "2026-05-31T13:30", 1),
    ]  # fmt: skip
    assert [span.month for span in lord_howe] == ["2026-04", "2026-05"]
    (march,) = of_month([held(1, "2026-01-01")], "2026-03")
    assert march.end - march.start == timedelta(hours=743)


def test_a_version_from_the_middle_of_a_month_cuts_it() -> None:
    known = [held(1, "2026-09-03", "2026-12-31"), held(2, "2026-09-16", "2026-10-11")]
    found = spans(known, datetime(2027, 1, 1, tzinfo=UTC))
    assert told(found) == [
        ("2026-09-02T22:00", "2026-09-15T22:00", 1),
        ("2026-09-15T22:00", "2026-09-30T22:00", 2),
        ("2026-09-30T22:00", "2026-10-10T22:00", 2),
    ]
    assert [(span.month, span.charges_whole_fee) for span in found] == [(None, True)] * 3
    assert told(of_month(known, "2026-09")) == told(found)[:2]
    assert of_month(known, "2026-12") == []


def test_one_from_the_first_of_a_month_cuts_none() -> None:
    known = [held(1, "2026-08-01"), held(2, "2026-09-01"), held(3, "2026-09-01")]
    found = spans(known, datetime(2026, 10, 1, tzinfo=UTC))
    assert [(span.month, span.holding.version) for span in found] == [("2026-08", 1), ("2026-09", 3)]


def test_the_end_of_a_version_that_is_replaced_cuts_nothing() -> None:
    known = [held(1, "2026-08-01", "2026-09-15"), held(2, "2026-09-01")]
    assert [span.month for span in spans(known, datetime(2026, 10, 1, tzinfo=UTC))] == ["2026-08", "2026-09"]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (BERLIN, TOKYO, [("2026-08-31T22:00", "2026-09-30T15:00", 1), ("2026-09-30T15:00", "2026-10-31T15:00", 2)]),
        (
            TOKYO, BERLIN,
            [
                ("2026-08-31T15:00", "2026-09-30T15:00", 1), ("2026-09-30T15:00", "2026-09-30T22:00", 1),
                ("2026-09-30T22:00", "2026-10-31T23:00", 2),
            ],
        ),
    ],
)  # fmt: skip
def test_months_before_another_zone_keep_theirs(before: ZoneInfo, after: ZoneInfo, expected: list[Any]) -> None:
    known = [held(1, "2026-09-01", zone=before), held(2, "2026-10-01", zone=after)]
    found = spans(known, datetime(2026, 11, 1, tzinfo=UTC))
    assert told(found) == expected
    assert [each.month for each in found][-1] == "2026-10"
    assert (
        told(of_month(known, "2026-10"))
        == [each for each in expected if each[0] >= "2026-09-30T15"][: 1 if after == TOKYO else 2]
    )


def test_years_with_a_limit_begin_on_the_first_of_march_where_there_is_no_29_february() -> None:
    known = [held(1, "2024-02-29", capped=True), held(2, "2024-03-16", capped=True)]
    found = spans(known, datetime(2028, 4, 1, tzinfo=UTC))
    parts = [whole_days(span.start, span.end, BERLIN) for span in found if span.month is None]
    assert parts == [
        (date(2024, 2, 29), date(2024, 2, 29)), (date(2024, 3, 1), date(2024, 3, 15)),
        (date(2024, 3, 16), date(2024, 3, 31)), (date(2028, 2, 1), date(2028, 2, 28)),
        (date(2028, 2, 29), date(2028, 2, 29)),
    ]  # fmt: skip


def test_without_a_limit_of_the_year_anniversaries_cut_nothing() -> None:
    found = spans([held(1, "2025-09-16")], datetime(2026, 10, 1, tzinfo=UTC))
    assert [span.month for span in found][1:] == [f"2025-{number}" for number in (10, 11, 12)] + [
        f"2026-{number:02d}" for number in range(1, 10)
    ]


def test_a_period_that_is_partly_settled_leaves_the_rest() -> None:
    """Such as what was once sealed on the clocks of another zone."""
    found = spans([held(1, "2026-08-01")], datetime(2026, 10, 1, tzinfo=UTC))
    settled = [month("2026-09", TOKYO)]
    assert told(left_open(found, settled)) == [
        ("2026-07-31T22:00", "2026-08-31T15:00", 1), ("2026-09-30T15:00", "2026-09-30T22:00", 1),
    ]  # fmt: skip


def test_nothing_agreed_has_no_spans() -> None:
    assert spans([], datetime(2026, 10, 1, tzinfo=UTC)) == of_month([], "2026-09") == []


def test_what_is_no_month_is_refused() -> None:
    with pytest.raises(PeriodError) as refused:
        of_month([held(1, "2026-01-01")], "2026-13")
    assert (refused.value.place, refused.value.fix) == ("month", "Write it as year and month, such as 2026-09.")
