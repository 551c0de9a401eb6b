"""The states of an alarm after ISA-18.2 / IEC 62682, and what moves it from one to another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class AlarmState(StrEnum):
    """What an operator sees; the first that applies from the last to the first."""

    NORMAL = "normal"
    UNACKNOWLEDGED = "unacknowledged"
    ACKNOWLEDGED = "acknowledged"
    RETURNED = "returned"
    LATCHED = "latched"
    SHELVED = "shelved"
    SUPPRESSED = "suppressed"
    OUT_OF_SERVICE = "out_of_service"


class Priority(StrEnum):
    """How soon somebody must act."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


HIDDEN = frozenset({AlarmState.SHELVED, AlarmState.SUPPRESSED, AlarmState.OUT_OF_SERVICE})
"""In these an alarm is not annunciated, whatever its condition."""
STANDING = frozenset({AlarmState.UNACKNOWLEDGED, AlarmState.ACKNOWLEDGED, AlarmState.RETURNED, AlarmState.LATCHED})
"""In these an alarm is on the operator's list."""

_ORDER = (
    AlarmState.UNACKNOWLEDGED, AlarmState.ACKNOWLEDGED, AlarmState.RETURNED, AlarmState.LATCHED, AlarmState.SHELVED,
    AlarmState.SUPPRESSED, AlarmState.OUT_OF_SERVICE, AlarmState.NORMAL,
)  # fmt: skip
_MOMENTS = 1 << 44
"""Milliseconds that a place in the list has room for: more than 500 years."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How an alarm stands.

    Attributes:
        active: Whether its condition holds.
        acknowledged: Whether there is nothing that somebody has yet to take note of.
        latched: Whether it stays on the list after its condition is gone until somebody resets it.
        shelved: Whether a person put it aside for a while.
        suppressed: Whether its design says that it has nothing to say now.
        out_of_service: Whether it is taken out, as for maintenance.
    """

    active: bool = False
    acknowledged: bool = True
    latched: bool = False
    shelved: bool = False
    suppressed: bool = False
    out_of_service: bool = False

    @property
    def state(self) -> AlarmState:
        """The state that is shown."""
        if self.is_hidden:
            if self.out_of_service:
                return AlarmState.OUT_OF_SERVICE
            return AlarmState.SUPPRESSED if self.suppressed else AlarmState.SHELVED
        if self.active:
            return AlarmState.ACKNOWLEDGED if self.acknowledged else AlarmState.UNACKNOWLEDGED
        if not self.acknowledged:
            return AlarmState.RETURNED
        return AlarmState.LATCHED if self.latched else AlarmState.NORMAL

    @property
    def is_hidden(self) -> bool:
        """Whether it is kept from the operator's list."""
        return self.shelved or self.suppressed or self.out_of_service


def activated(before: Standing, *, latches: bool) -> Standing:
    """The condition holds: annunciated unless it is hidden."""
    after = replace(before, active=True, latched=latches and not before.is_hidden)
    return after if after.is_hidden else replace(after, acknowledged=False)


def cleared(before: Standing) -> Standing:
    """The condition is gone; what nobody has acknowledged stays on the list."""
    return replace(before, active=False)


def acknowledged(before: Standing) -> Standing:
    """Somebody has taken note."""
    return replace(before, acknowledged=True)


def reset(before: Standing) -> Standing:
    """A latched alarm leaves the list, once its condition is gone and somebody has taken note."""
    return before if before.active or not before.acknowledged else replace(before, latched=False)


def hidden_or_shown(before: Standing, after: Standing) -> Standing:
    """What follows when an alarm is hidden or shown again: one that is active then is annunciated anew."""
    if before.is_hidden == after.is_hidden:
        return after
    if after.is_hidden:
        return replace(after, acknowledged=True, latched=False)
    return replace(after, acknowledged=not after.active)


def shelved(before: Standing, *, on: bool) -> Standing:
    """Somebody puts it aside, or takes it back."""
    return hidden_or_shown(before, replace(before, shelved=on))


def suppressed(before: Standing, *, on: bool) -> Standing:
    """Its design hides it, or no longer."""
    return hidden_or_shown(before, replace(before, suppressed=on))


def out_of_service(before: Standing, *, on: bool) -> Standing:
    """Somebody takes it out of service, or puts it back."""
    return hidden_or_shown(before, replace(before, out_of_service=on))


def is_annunciated(before: Standing, after: Standing) -> bool:
    """Whether a move calls for an operator."""
    return after.state == AlarmState.UNACKNOWLEDGED and before.state != AlarmState.UNACKNOWLEDGED


def place_in_list(state: AlarmState, priority: Priority, changed_ms: int) -> int:
    """Where an alarm stands in the list: what needs somebody first, by priority, the newest of them first."""
    group = _ORDER.index(state) * len(Priority) + list(Priority).index(priority)
    return group * _MOMENTS + (_MOMENTS - 1 - max(0, min(changed_ms, _MOMENTS - 1)))
