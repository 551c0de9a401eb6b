"""The states of an organisation and the moves between them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tenants.lifecycle.domain import (
    MOVES,
    Asker,
    Mover,
    MoverError,
    NoSuchMoveError,
    State,
    check_move,
    days_left,
    follows_by_itself,
    holds_until,
    state_refusal,
)
from tenants.scope.models import TenantState

NOW = datetime(2026, 5, 1, tzinfo=UTC)
OWNER, FINANCE, VIEWER = Asker(owns=True, settles=True), Asker(owns=False, settles=True), Asker(False, False)


def test_the_states_are_those_of_the_database() -> None:
    assert {state.value for state in State} == set(TenantState.values)


@pytest.mark.parametrize("before", State)
@pytest.mark.parametrize("after", State)
@pytest.mark.parametrize("mover", Mover)
def test_only_the_moves_that_are_listed_pass(before: State, after: State, mover: Mover) -> None:
    if mover in MOVES.get((before, after), ()):
        check_move(before, after, mover)
        return
    expected = MoverError if (before, after) in MOVES else NoSuchMoveError
    with pytest.raises(expected) as caught:
        check_move(before, after, mover)
    assert caught.value.kept == f"It is {before}."
    assert caught.value.fix


def test_nobody_but_its_owners_opens_a_closed_one() -> None:
    assert not [move for move in MOVES if State.CLOSED in move]


def test_owners_only_end_their_trial() -> None:
    assert [move for move, movers in MOVES.items() if Mover.OWNER in movers] == [(State.TRIAL, State.ACTIVE)]


def test_how_long_states_hold() -> None:
    assert holds_until(State.TRIAL, now=NOW) == NOW + timedelta(days=30)
    assert holds_until(State.PAST_DUE, now=NOW) == NOW + timedelta(days=14)
    assert holds_until(State.ACTIVE, now=NOW) is None
    assert [follows_by_itself(state) for state in State] == [State.PAST_DUE, None, State.SUSPENDED, None, None]


@pytest.mark.parametrize(
    ("left", "days"), [(timedelta(days=3), 3), (timedelta(seconds=1), 1), (timedelta(0), 0), (timedelta(days=-2), 0)]
)
def test_a_begun_day_counts_as_whole(left: timedelta, days: int) -> None:
    assert days_left(NOW + left, now=NOW) == days
    assert days_left(None, now=NOW) is None


@pytest.mark.parametrize(
    ("state", "view", "is_reading", "asker", "code"),
    [
        (State.TRIAL, "twins", False, VIEWER, None),
        (State.ACTIVE, "twins", False, VIEWER, None),
        (State.PAST_DUE, "twins", True, VIEWER, None),
        (State.PAST_DUE, "twins", False, OWNER, "organisation.past_due"),
        (State.PAST_DUE, "usage-plans", False, FINANCE, None),
        (State.PAST_DUE, "usage-plans", False, VIEWER, "organisation.past_due"),
        (State.PAST_DUE, "member-remove", False, OWNER, None),
        (State.PAST_DUE, "member-remove", False, FINANCE, "organisation.past_due"),
        (State.SUSPENDED, "overview", True, OWNER, "organisation.suspended"),
        (State.SUSPENDED, "usage-plans", False, FINANCE, None),
        (State.SUSPENDED, "new-export", False, OWNER, None),
        (State.SUSPENDED, "support", True, OWNER, None),
        (State.SUSPENDED, "usage", True, VIEWER, "organisation.suspended"),
        (State.CLOSED, "usage", True, OWNER, "organisation.closed"),
        (State.CLOSED, "erasure-take-back", False, OWNER, None),
        (State.CLOSED, "data", True, FINANCE, "organisation.closed"),
    ],
)
def test_what_a_state_lets_through(state: State, view: str, is_reading: bool, asker: Asker, code: str | None) -> None:
    found = state_refusal(state, view=view, is_reading=is_reading, asker=asker)
    assert (found.code if found else None) == code
    if found:
        assert found.status == 403
        assert found.kept == "All of your data."
