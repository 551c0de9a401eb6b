"""Room that is shared: nobody gets the last of it, and all that is given back is there again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tenants.limits.domain.shares import Room

MOST = 120


def filled(room: Room[str], key: str) -> int:
    """How much a key can take, one after the other."""
    taken = 0
    while room.has_room(key, most=MOST):
        room.take(key, 1)
        taken += 1
    return taken


def test_one_gets_half_and_each_that_comes_half_of_what_is_left() -> None:
    room: Room[str] = Room()
    assert [filled(room, key) for key in "abc"] == [60, 30, 15]
    assert (room.taken, room.of("b"), room.of("nobody")) == (105, 30, 0)


def test_those_who_come_at_the_same_time_get_the_same() -> None:
    room: Room[str] = Room()
    while any(room.has_room(key, most=MOST) for key in "abc"):
        for key in "abc":
            if room.has_room(key, most=MOST):
                room.take(key, 1)
    assert [room.of(key) for key in "abc"] == [30, 30, 30]
    assert room.has_room("d", most=MOST)


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 10)), max_size=200))
def test_whoever_has_nothing_finds_room(wishes: list[tuple[str, int]]) -> None:
    room: Room[str] = Room()
    for key, amount in wishes:
        if room.has_room(key, most=MOST):
            room.take(key, amount)
        assert room.taken == sum(room.of(each) for each in "abcd")
        assert room.taken >= MOST or room.has_room("new", most=MOST)


def test_what_is_given_back_can_be_taken() -> None:
    room: Room[str] = Room()
    for key in "ab":
        room.take(key, 40)
    assert not room.has_room("a", most=MOST)
    room.give_back("a", 40)
    assert room.has_room("a", most=MOST)
    room.give_back("b", 40)
    assert (room.taken, room.of("b")) == (0, 0)
