from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from twins.alarms.domain.oncall import Override, Rotation, Shift, level_times, on_call, shifts

WEEKS = Rotation("Europe/Berlin", date(2026, 3, 23), time(8), 7, ("ada", "bo", "cy"))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_people_take_turns_by_the_clock_of_the_zone() -> None:
    assert on_call(WEEKS, (), at("2026-03-23T06:59:59Z")) is None
    assert on_call(WEEKS, (), at("2026-03-23T07:00:00Z")) == "ada"
    # The clock was put forward on the 29th: eight o'clock is an hour earlier in UTC.
    assert on_call(WEEKS, (), at("2026-03-30T05:59:59Z")) == "ada"
    assert on_call(WEEKS, (), at("2026-03-30T06:00:00Z")) == "bo"
    assert on_call(WEEKS, (), at("2026-04-13T06:00:00Z")) == "ada"


@pytest.mark.parametrize(
    ("moment", "person"),
    [
        ("2026-10-25T00:29:59Z", "ada"),  # 02:29:59, the first time round
        ("2026-10-25T00:30:00Z", "bo"),
        ("2026-10-25T01:10:00Z", "bo"),  # 02:10 again: hands do not go back
        ("2026-10-25T01:30:00Z", "bo"),
    ],
)
def test_hands_change_once_when_the_clock_is_put_back(moment: str, person: str) -> None:
    nightly = Rotation("Europe/Berlin", date(2026, 10, 24), time(2, 30), 1, ("ada", "bo"))
    assert on_call(nightly, (), at(moment)) == person


def test_hands_change_when_the_clock_leaps_over_their_time() -> None:
    nightly = Rotation("Europe/Berlin", date(2026, 3, 28), time(2, 30), 1, ("ada", "bo"))
    assert on_call(nightly, (), at("2026-03-29T00:59:59Z")) == "ada"
    assert on_call(nightly, (), at("2026-03-29T01:00:00Z")) == "bo"


def test_an_override_counts_before_the_turn_and_the_last_before_others() -> None:
    swap = Override(at("2026-03-24T00:00:00Z"), at("2026-03-25T00:00:00Z"), "cy")
    later = Override(at("2026-03-24T12:00:00Z"), at("2026-03-24T13:00:00Z"), "bo")
    assert on_call(WEEKS, (swap,), at("2026-03-24T00:00:00Z")) == "cy"
    assert on_call(WEEKS, (swap,), at("2026-03-25T00:00:00Z")) == "ada"
    assert on_call(WEEKS, (swap, later), at("2026-03-24T12:30:00Z")) == "bo"


def test_the_shifts_of_a_time() -> None:
    swap = Override(at("2026-03-31T00:00:00Z"), at("2026-04-01T00:00:00Z"), "cy")
    assert shifts(WEEKS, (swap,), at("2026-03-29T00:00:00Z"), at("2026-04-02T00:00:00Z")) == [
        Shift(at("2026-03-29T00:00:00Z"), at("2026-03-30T06:00:00Z"), "ada"),
        Shift(at("2026-03-30T06:00:00Z"), at("2026-03-31T00:00:00Z"), "bo"),
        Shift(at("2026-03-31T00:00:00Z"), at("2026-04-01T00:00:00Z"), "cy"),
        Shift(at("2026-04-01T00:00:00Z"), at("2026-04-02T00:00:00Z"), "bo"),
    ]


def test_nobody_takes_turns() -> None:
    nobody = Rotation("UTC", date(2026, 1, 1), time(0), 1, ())
    assert on_call(nobody, (), datetime(2026, 5, 1, tzinfo=UTC)) is None


def test_levels_wait_after_each_other() -> None:
    start = datetime(2026, 5, 1, tzinfo=UTC)
    waits = [timedelta(0), timedelta(minutes=5), timedelta(minutes=10)]
    assert level_times(waits, start) == [start, start + timedelta(minutes=5), start + timedelta(minutes=15)]
