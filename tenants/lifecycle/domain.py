"""The states of an organisation: who may move it from which to which, what each allows, and for how long it holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tenants.kernel.errors import ConflictError, NotAllowedError
from tenants.people.domain import TRIAL_LASTS


class State(StrEnum):
    """Where an organisation is in its life with us."""

    TRIAL = "trial"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    SUSPENDED = "suspended"
    CLOSED = "closed"


class Mover(StrEnum):
    """Who moves an organisation to another state."""

    OWNER = "owner"
    OPERATOR = "operator"
    SYSTEM = "system"


PAST_DUE_LASTS = timedelta(days=14)
"""How long readings are still taken while nothing is paid; afterwards the organisation is suspended."""

_OPERATOR, _ANY = frozenset({Mover.OPERATOR}), frozenset(Mover)
_NOT_OWNER = frozenset({Mover.OPERATOR, Mover.SYSTEM})
MOVES: dict[tuple[State, State], frozenset[Mover]] = {
    (State.TRIAL, State.ACTIVE): _ANY,
    (State.TRIAL, State.PAST_DUE): _NOT_OWNER,
    (State.TRIAL, State.SUSPENDED): _OPERATOR,
    (State.ACTIVE, State.PAST_DUE): _NOT_OWNER,
    (State.ACTIVE, State.SUSPENDED): _OPERATOR,
    (State.PAST_DUE, State.ACTIVE): _NOT_OWNER,
    (State.PAST_DUE, State.SUSPENDED): _NOT_OWNER,
    (State.PAST_DUE, State.TRIAL): _OPERATOR,
    (State.SUSPENDED, State.ACTIVE): _NOT_OWNER,
    (State.SUSPENDED, State.PAST_DUE): _OPERATOR,
    (State.SUSPENDED, State.TRIAL): _OPERATOR,
}
"""The moves there are. To close an organisation, and to open a closed one, is its owners' (see ``tenants.custody``)."""


class NoSuchMoveError(ConflictError):
    """The one state is not followed by the other."""

    code = "organisation.no_such_move"


class MoverError(NotAllowedError):
    """The move is somebody else's."""

    code = "organisation.not_your_move"


def check_move(before: State, after: State, mover: Mover) -> None:
    """Let a move pass.

    Raises:
        NoSuchMoveError: No such move exists.
        MoverError: It exists, and is not theirs.
    """
    movers = MOVES.get((before, after))
    if movers is None:
        choices = ", ".join(sorted(to for at, to in MOVES if at is before)) or "its owners open it again"
        raise NoSuchMoveError(
            f"an organisation that is {before} does not become {after}", place="state", kept=f"It is {before}.",
            fix=f"From here: {choices}.",
        )  # fmt: skip
    if mover not in movers:
        raise MoverError(
            f"the {mover} does not move an organisation from {before} to {after}", place="state",
            kept=f"It is {before}.", fix="Write to Outturn's support.",
        )  # fmt: skip


def holds_until(state: State, *, now: datetime) -> datetime | None:
    """When a state that is entered now ends by itself; None for one that does not."""
    lasts = {State.TRIAL: TRIAL_LASTS, State.PAST_DUE: PAST_DUE_LASTS}.get(state)
    return None if lasts is None else now + lasts


def follows_by_itself(state: State) -> State | None:
    """The state that comes when the time of one is over."""
    return {State.TRIAL: State.PAST_DUE, State.PAST_DUE: State.SUSPENDED}.get(state)


def days_left(until: datetime | None, *, now: datetime) -> int | None:
    """Whole days left, a begun one as whole; None when nothing ends."""
    return None if until is None else max(0, -((now - until) // timedelta(days=1)))


TAKES_READINGS = frozenset({State.TRIAL, State.ACTIVE, State.PAST_DUE})
IN_FULL = frozenset({State.TRIAL, State.ACTIVE})
"""The states in which everything is open."""
SETTLING = frozenset({
    "usage", "usage-plans", "data", "new-export", "export-archive", "export-remove", "certificate",
    "erase-organisation", "erasure-take-back", "support", "support-grant", "support-approve", "support-revoke",
    "agreements", "agreement-present", "agreement-accepted", "notices", "notices-mail", "job",
    "brand-style", "brand-logo",
    "api:export-list", "api:export-detail", "api:export-archive", "api:job-detail",
})  # fmt: skip
"""The views that whoever may bill or owns keeps in every state but closed: plan, export, agreements, support."""
PEOPLE = frozenset({"people", "member", "member-role", "member-remove", "invitation-revoke", "invitations"})
"""What an owner may still change while the organisation is only read: who belongs to it."""
LEAVING = frozenset({"data", "new-export", "export-archive", "certificate", "erasure-take-back", "job"})
"""What owners of a closed organisation keep: their data, and the way back."""


@dataclass(frozen=True, slots=True)
class Asker:
    """What matters of who asks: whether they own, and whether they own or may change the plan."""

    owns: bool
    settles: bool


class StateRefusedError(NotAllowedError):
    """The state of the organisation is in the way."""

    def __init__(self, state: State, message: str, fix: str) -> None:
        super().__init__(message, place="organisation", kept="All of your data.", fix=fix)
        self.state = state
        self.code = f"organisation.{state}"


_SETTLE = "An owner, an administrator or finance can choose a plan under Admin › Plan and usage."


def state_refusal(state: State, *, view: str, is_reading: bool, asker: Asker) -> StateRefusedError | None:
    """What stands against a request in a state of the organisation, or None.

    Args:
        state: The organisation's.
        view: The name of the view that would answer.
        is_reading: Whether the request only reads.
        asker: Who asks.
    """
    if state in IN_FULL or (state is not State.CLOSED and asker.settles and view in SETTLING):
        return None
    if state is State.PAST_DUE:
        if is_reading or (asker.owns and view in PEOPLE):
            return None
        return StateRefusedError(state, "the organisation can only be read: its trial or its payment is due", _SETTLE)
    if state is State.SUSPENDED:
        return StateRefusedError(state, "the organisation is suspended", f"{_SETTLE} Or write to Outturn's support.")
    if asker.owns and view in LEAVING:
        return None
    return StateRefusedError(state, "the organisation is closed", "An owner can open it again under Admin › Data.")
