from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from twins.alarms.domain.floods import SPAN, Flood, Turn, chatters, flood_after

S = 1_000_000


def test_a_flood_begins_with_the_eleventh_of_ten_minutes_and_ends_below_five() -> None:
    came = [n * S for n in range(12)]
    flood, turns = flood_after(Flood(), came, 12 * S)
    assert turns == [Turn(10 * S, begins=True, count=11)]
    assert flood.count == 12
    assert flood.ends_at == 7 * S + SPAN
    flood, turns = flood_after(flood, [], 7 * S + SPAN)
    assert turns == [Turn(7 * S + SPAN, begins=False, count=12)]
    assert flood.since is None


def test_ten_of_ten_minutes_are_no_flood() -> None:
    assert flood_after(Flood(), [n * S for n in range(10)], SPAN)[1] == []
    assert flood_after(Flood(), [n * SPAN // 10 for n in range(40)], 4 * SPAN)[1] == []


@given(st.lists(st.integers(0, 3 * SPAN // S), max_size=60), st.integers(0, 60))
def test_annunciations_may_come_in_any_parts(seconds: list[int], cut: int) -> None:
    came = [each * S for each in sorted(seconds)]
    end = 10 * SPAN
    whole = flood_after(Flood(), came, end)
    flood, first = flood_after(Flood(), came[:cut], came[cut - 1] if 0 < cut <= len(came) else 0)
    flood, second = flood_after(flood, came[cut:], end)
    assert (flood, first + second) == whole
    assert [turn.begins for turn in whole[1]] == [n % 2 == 0 for n in range(len(whole[1]))]


def test_three_in_a_minute_chatter() -> None:
    assert chatters([0, 30 * S, 60 * S])
    assert not chatters([0, 30 * S, 61 * S])
    assert not chatters([0, 1])
