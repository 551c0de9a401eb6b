"""What is told to Stripe's meters, in pure figures: whole numbers, names, moments, and how a look is judged."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.plans.domain.meters import (
    OLDEST,
    SETTLED,
    Checked,
    Said,
    Told,
    Verdict,
    cut,
    event_name,
    following_minute,
    identifier,
    is_too_old,
    judged,
    moment,
    reckoned,
    settles_at,
    to_tell,
    whole,
)

START, END = datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)
NOON = datetime(2026, 9, 15, 12, 0, 0, 250_000, tzinfo=UTC)
ONE, TWO = UUID(int=1), UUID(int=2)
AMOUNTS = st.lists(st.fractions(min_value=-50, max_value=50), max_size=30)


@pytest.mark.parametrize(
    ("counted", "told"), [("0", 0), ("7", 7), ("7.999999999", 7), ("-0.000000001", 0), ("-12", 0), ("1e18", 10**18)]
)
def test_what_is_told_is_whole_and_never_less_than_nought(counted: str, told: int) -> None:
    assert whole(Fraction(counted)) == told


@given(AMOUNTS)
def test_differences_lose_no_fraction(amounts: list[Fraction]) -> None:
    there, total = 0, Fraction(0)
    for amount in amounts:
        total += amount
        there += to_tell("sum", whole(total), there) or 0
        assert there == whole(total)
        assert max(Fraction(0), total) - there < 1


@given(st.lists(st.integers(0, 5), max_size=20))
def test_levels_are_told_when_they_change(levels: list[int]) -> None:
    there, told = 0, 0
    for level in levels:
        value = to_tell("last", level, there)
        assert (value is None) == (level == there)
        there, told = level, told + (value is not None)
    assert told <= len(levels)


def test_a_level_that_nobody_knows_is_told() -> None:
    assert to_tell("last", 4, None) == 4
    assert to_tell("last", 0, None) == 0
    assert to_tell("last", 4, 4) is None


class TestNames:
    def test_a_meter_has_a_name_that_is_read_and_is_nobody_elses(self) -> None:
        name = event_name(ONE, "outturn.storage_bytes")
        assert re.fullmatch(r"outturn_storage_bytes_[0-9a-f]{10}", name)
        assert name == event_name(ONE, "outturn.storage_bytes")
        assert len({name, event_name(TWO, "outturn.storage_bytes"), event_name(ONE, "outturn.storage.bytes")}) == 3
        assert len(event_name(ONE, "Ä" * 255)) <= 100
        assert len(event_name(ONE, "x" * 255)) <= 100

    def test_a_telling_has_one_name_for_ever(self) -> None:
        names = {
            identifier(account, kind, month, position)
            for account in (ONE, TWO) for kind in ("a", "b") for month in ("2026-09", "2026-10") for position in (1, 2)
        }  # fmt: skip
        assert len(names) == 16
        assert all(len(name) <= 100 for name in names)
        assert identifier(ONE, "a", "2026-09", 1) == "2026-09-1-59d18707b7221e67897fadfe8e5ba185572f190b"


class TestMoments:
    @pytest.mark.parametrize(
        ("formula", "now", "last", "wanted"),
        [
            ("sum", "2026-09-15T12:00:00", None, "2026-09-15T12:00:00"),
            ("sum", "2026-09-15T12:00:00", "2026-09-15T12:00:00", "2026-09-15T12:00:00"),
            ("last", "2026-09-15T12:00:00", "2026-09-15T12:00:00", "2026-09-15T12:00:01"),
            ("sum", "2026-10-04T12:00:00", None, "2026-09-30T23:59:59"),
            ("sum", "2026-10-04T12:00:00", "2026-09-30T23:59:59", "2026-09-30T23:59:59"),
            ("last", "2026-10-04T12:00:00", None, "2026-09-30T23:00:00"),
            ("last", "2026-09-30T23:30:00", None, "2026-09-30T23:00:00"),
            ("last", "2026-10-04T12:00:00", "2026-09-30T23:00:00", "2026-09-30T23:00:01"),
            ("last", "2026-10-04T12:00:00", "2026-09-30T23:59:59", None),
            ("sum", "2026-08-31T23:59:00", None, "2026-09-01T00:00:00"),
        ],
    )
    def test_it_lies_in_the_month_and_after_the_one_before(
        self, formula: str, now: str, last: str | None, wanted: str | None
    ) -> None:
        read = [None if text is None else datetime.fromisoformat(f"{text}+00:00") for text in (now, last, wanted)]
        assert read[0] is not None
        assert moment(formula, START, END, read[1], read[0]) == read[2]

    def test_it_is_a_whole_second(self) -> None:
        assert moment("sum", START, END, None, NOON) == NOON.replace(microsecond=0)

    @given(st.lists(st.timedeltas(timedelta(0), timedelta(days=3)), max_size=20), st.sampled_from(["sum", "last"]))
    def test_one_follows_the_other(self, pauses: list[timedelta], formula: str) -> None:
        now, last = START, None
        for each in pauses:
            now += each
            found = moment(formula, START, END, last, now)
            if found is None:
                assert formula == "last"
                break
            assert START <= found < END
            assert last is None or found > last or (formula == "sum" and found == last)
            last = found

    def test_what_stripe_would_refuse_is_not_told(self) -> None:
        assert not is_too_old(NOON - OLDEST, NOON)
        assert is_too_old(NOON - OLDEST - timedelta(seconds=1), NOON)
        assert OLDEST + timedelta(days=1) < timedelta(days=35)

    def test_a_look_proves_what_is_a_day_old_in_whole_minutes(self) -> None:
        assert cut(START, END, NOON) == datetime(2026, 9, 14, 12, 0, tzinfo=UTC)
        assert cut(START, END, START + timedelta(hours=3)) == START
        assert cut(START, END, END + timedelta(days=4)) == END
        assert following_minute(NOON) == datetime(2026, 9, 15, 12, 1, tzinfo=UTC)
        assert following_minute(START) == START


def said(*parts: tuple[int, Told], tried: datetime = NOON - SETTLED) -> list[Said]:
    """Tellings a minute apart, the last one a day before noon."""
    first = tried - timedelta(minutes=len(parts))
    return [
        Said(place, value, first + timedelta(minutes=place), state, first + timedelta(minutes=place))
        for place, (value, state) in enumerate(parts, 1)
    ]


class TestReckoning:
    def test_a_sum_counts_what_was_taken_since_the_last_proof(self) -> None:
        known = said((5, Told.TOLD), (7, Told.LOST), (3, Told.DOUBT), (-2, Told.TOLD), (4, Told.SENDING))
        assert reckoned("sum", Checked(), known) == 3
        assert reckoned("sum", Checked(1, 6), known) == 4

    def test_a_level_is_the_last_that_was_taken(self) -> None:
        assert reckoned("last", Checked(0, 9), []) == 9
        assert reckoned("last", Checked(), said((5, Told.TOLD), (7, Told.LOST), (3, Told.SENDING))) == 5
        assert reckoned("last", Checked(), said((5, Told.TOLD), (7, Told.DOUBT))) is None
        assert reckoned("last", Checked(), said((7, Told.DOUBT), (5, Told.TOLD))) == 5
        assert reckoned("last", Checked(2, 4), said((7, Told.DOUBT), (5, Told.TOLD))) == 4


class TestJudging:
    def look(self, formula: str, seen: int, *parts: tuple[int, Told], checked: Checked | None = None) -> Verdict:
        return judged(
            formula, checked or Checked(), said(*parts), until=NOON - SETTLED + timedelta(minutes=1), seen=seen,
            asked_at=NOON,
        )  # fmt: skip

    @pytest.mark.parametrize(
        ("seen", "parts", "verdict"),
        [
            (5, [(5, Told.TOLD)], Verdict.PROVEN),
            (4, [(5, Told.TOLD)], Verdict.LESS),
            (6, [(5, Told.TOLD)], Verdict.MORE),
            (0, [(5, Told.LOST)], Verdict.PROVEN),
            (5, [(5, Told.LOST)], Verdict.MORE),
            (5, [(5, Told.DOUBT)], Verdict.PROVEN),
            (0, [(5, Told.DOUBT)], Verdict.PROVEN),
            (8, [(5, Told.TOLD), (3, Told.DOUBT)], Verdict.PROVEN),
            (9, [(5, Told.TOLD), (3, Told.DOUBT)], Verdict.MORE),
            (2, [(5, Told.TOLD), (-3, Told.DOUBT)], Verdict.PROVEN),
            (1, [(5, Told.TOLD), (-3, Told.DOUBT)], Verdict.LESS),
            (0, [], Verdict.PROVEN),
            (1, [], Verdict.MORE),
            (5, [(5, Told.SENDING)], Verdict.OPEN),
        ],
    )  # fmt: skip
    def test_a_sum(self, seen: int, parts: list[tuple[int, Told]], verdict: Verdict) -> None:
        assert self.look("sum", seen, *parts) == verdict

    @pytest.mark.parametrize(
        ("seen", "parts", "verdict"),
        [
            (5, [(5, Told.TOLD)], Verdict.PROVEN),
            (9, [(5, Told.TOLD)], Verdict.LESS),
            (7, [(5, Told.TOLD), (7, Told.DOUBT)], Verdict.PROVEN),
            (5, [(5, Told.TOLD), (7, Told.LOST)], Verdict.PROVEN),
        ],
    )  # fmt: skip
    def test_a_level(self, seen: int, parts: list[tuple[int, Told]], verdict: Verdict) -> None:
        assert self.look("last", seen, *parts) == verdict

    def test_what_was_tried_a_short_time_ago_proves_nothing(self) -> None:
        fresh = said((5, Told.TOLD), tried=NOON - SETTLED + timedelta(seconds=30))
        until = NOON - timedelta(hours=1)
        assert judged("sum", Checked(), fresh, until=until, seen=0, asked_at=NOON) == Verdict.OPEN
        assert settles_at(fresh, until) == NOON + timedelta(seconds=30)
        assert settles_at(fresh, START) is None

    def test_of_a_level_only_the_last_counts(self) -> None:
        later = [*said((5, Told.TOLD)), Said(2, 6, NOON, Told.TOLD, NOON)]
        until = NOON - timedelta(hours=1)
        assert judged("last", Checked(), later, until=until, seen=0, asked_at=NOON) == Verdict.OPEN

    def test_what_was_proven_is_not_reckoned_again(self) -> None:
        assert self.look("sum", 9, (5, Told.TOLD), (2, Told.TOLD), checked=Checked(1, 7)) == Verdict.PROVEN
