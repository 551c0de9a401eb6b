"""When a level is due: each once, the highest that fits, and never two in less time than lies between their levels."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.dunning.domain import Level, Written, days_overdue, faults, filled, level_due, next_letter, plan

LEVELS = [Level(3), Level(14), Level(28)]
DUE = date(2027, 1, 4)
_DAYS = st.lists(st.integers(1, 365), min_size=1, max_size=3, unique=True).map(sorted)


def day(days: int) -> date:
    return DUE + timedelta(days=days)


def test_the_day_after_the_due_date_is_the_first_day_overdue() -> None:
    assert [days_overdue(DUE, day(each)) for each in (-1, 0, 1)] == [-1, 0, 1]


@pytest.mark.parametrize(
    ("overdue", "last", "level"),
    [
        (2, None, None), (3, None, 1), (13, None, 1), (14, None, 2), (27, None, 2), (28, None, 3), (900, None, 3),
        (3, (1, 3), None), (13, (1, 3), None), (14, (1, 3), 2), (13, (1, 13), None), (23, (1, 13), None),
        (24, (1, 13), 2), (28, (1, 3), 3), (38, (2, 25), None), (39, (2, 25), 3), (900, (3, 28), None),
        (900, (3, 900), None),
    ],
)  # fmt: skip
def test_the_highest_level_that_fits_is_due(overdue: int, last: tuple[int, int] | None, level: int | None) -> None:
    written = None if last is None else Written(last[0], day(last[1]))
    assert level_due(LEVELS, DUE, written, day(overdue)) == level


def test_what_comes_next_is_told_with_its_day() -> None:
    assert plan(LEVELS, DUE, None) == [(1, day(3)), (2, day(14)), (3, day(28))]
    assert plan(LEVELS, DUE, Written(1, day(10))) == [(2, day(21)), (3, day(35))]
    assert next_letter(LEVELS, DUE, None, day(1)) == (1, day(3))
    assert next_letter(LEVELS, DUE, None, day(20)) == (2, day(20))
    assert next_letter(LEVELS, DUE, Written(2, day(20)), day(20)) == (3, day(34))
    assert next_letter(LEVELS, DUE, Written(3, day(34)), day(99)) is None
    assert next_letter(LEVELS[:1], DUE, Written(2, day(20)), day(99)) is None


@given(_DAYS, st.lists(st.integers(1, 60), min_size=1, max_size=40))
def test_whenever_it_is_looked_each_level_comes_once_and_in_order(days: list[int], steps: list[int]) -> None:
    levels, last, today, seen = [Level(each) for each in days], None, DUE, []
    for step in steps:
        today += timedelta(days=step)
        level = level_due(levels, DUE, last, today)
        if level is None:
            continue
        assert days_overdue(DUE, today) >= levels[level - 1].days
        if last is not None:
            assert level > last.level
            assert (today - last.on).days >= levels[level - 1].days - levels[last.level - 1].days
        last = Written(level, today)
        seen.append(level)
        assert level_due(levels, DUE, last, today) is None
    assert len(seen) == len(set(seen)) <= len(levels)


def test_a_text_of_ones_own_names_what_it_may() -> None:
    values = {"number": "ME-1", "open": "5.00 EUR", "customer": "{open}"}
    assert filled("{customer}: {number}, {open} {x}", values) == "{open}: ME-1, 5.00 EUR {x}"
    assert faults([Level(3, "Dear {customer}, {number}: {open} since {due}, {days} days.")]) == []


@pytest.mark.parametrize(
    ("levels", "found"),
    [
        ([Level(0)], [("levels/0/days", "Enter more than 0 and at most 365 days.")]),
        ([Level(366)], [("levels/0/days", "Enter more than 0 and at most 365 days.")]),
        ([Level(14), Level(14)], [("levels/1/days", "Enter more than 14 and at most 365 days.")]),
        ([Level(1), Level(2), Level(3), Level(4)], [("levels", "Have at most 3.")]),
        ([Level(3, "{password}")], [("levels/0/text", "Use {customer}, {number}, {open}, {due}, {days}.")]),
        (
            [Level(3, "{number.__class__} {")],
            [("levels/0/text", "Use braces in {customer}, {number}, {open}, {due}, {days} only.")],
        ),
        ([Level(3, "x" * 1001)], [("levels/0/text", "Have at most 1000.")]),
    ],
)
def test_what_is_wrong_with_levels_is_told_at_its_place(levels: list[Level], found: list[tuple[str, str]]) -> None:
    assert [(each.place, each.fix) for each in faults(levels)] == found
    assert {each.code for each in faults(levels)} == {"dunning.level"}
