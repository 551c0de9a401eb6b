from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from twins.alarms.domain.states import (
    HIDDEN,
    AlarmState,
    Priority,
    Standing,
    acknowledged,
    activated,
    cleared,
    is_annunciated,
    out_of_service,
    place_in_list,
    reset,
    shelved,
    suppressed,
)


def test_the_round_of_an_alarm() -> None:
    one = Standing()
    assert one.state == AlarmState.NORMAL
    two = activated(one, latches=False)
    assert two.state == AlarmState.UNACKNOWLEDGED
    assert is_annunciated(one, two)
    assert acknowledged(two).state == AlarmState.ACKNOWLEDGED
    assert cleared(acknowledged(two)).state == AlarmState.NORMAL
    assert cleared(two).state == AlarmState.RETURNED
    assert acknowledged(cleared(two)).state == AlarmState.NORMAL
    assert is_annunciated(cleared(two), activated(cleared(two), latches=False))


def test_a_latched_alarm_stays_until_it_is_reset() -> None:
    one = cleared(acknowledged(activated(Standing(), latches=True)))
    assert one.state == AlarmState.LATCHED
    assert reset(one).state == AlarmState.NORMAL
    active = acknowledged(activated(Standing(), latches=True))
    assert reset(active) == active
    unseen = cleared(activated(Standing(), latches=True))
    assert reset(unseen) == unseen


def test_what_is_hidden_is_not_annunciated_and_is_when_it_is_shown_again() -> None:
    for hide in (shelved, suppressed, out_of_service):
        hidden = hide(Standing(), on=True)
        active = activated(hidden, latches=True)
        assert active.state in HIDDEN
        assert not is_annunciated(hidden, active)
        shown = hide(active, on=False)
        assert shown.state == AlarmState.UNACKNOWLEDGED
        assert is_annunciated(active, shown)
        assert hide(cleared(active), on=False).state == AlarmState.NORMAL


def test_hidden_twice_is_shown_when_both_end() -> None:
    one = activated(suppressed(shelved(Standing(), on=True), on=True), latches=False)
    assert one.state == AlarmState.SUPPRESSED
    two = suppressed(one, on=False)
    assert two.state == AlarmState.SHELVED
    assert shelved(two, on=False).state == AlarmState.UNACKNOWLEDGED


HIDE = (shelved, suppressed, out_of_service)
MOVES = st.sampled_from([
    lambda one: activated(one, latches=False), lambda one: activated(one, latches=True), cleared, acknowledged, reset,
    *(lambda one, hide=hide, on=on: hide(one, on=on) for hide in HIDE for on in (False, True)),
])  # fmt: skip


@given(st.lists(MOVES, max_size=20))
def test_every_state_is_one_of_the_standard(moves: list[object]) -> None:
    one = Standing()
    for move in moves:
        before, one = one, move(one)  # type: ignore[operator]
        assert one.state in AlarmState
        assert not (is_annunciated(before, one) and one.is_hidden)
        if one.state == AlarmState.UNACKNOWLEDGED:
            assert one.active


def test_the_list_begins_with_what_needs_somebody() -> None:
    places = [
        place_in_list(AlarmState.UNACKNOWLEDGED, Priority.CRITICAL, 5),
        place_in_list(AlarmState.UNACKNOWLEDGED, Priority.CRITICAL, 4),
        place_in_list(AlarmState.UNACKNOWLEDGED, Priority.LOW, 9),
        place_in_list(AlarmState.ACKNOWLEDGED, Priority.CRITICAL, 9),
        place_in_list(AlarmState.NORMAL, Priority.CRITICAL, 9),
    ]
    assert places == sorted(places)
    assert places[-1] < 2**63
