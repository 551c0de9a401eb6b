"""When alarms come faster than a person can act on them, after ISA-18.2: floods, and single alarms that chatter.

A flood begins with the annunciation that is one more than ten within ten minutes, and ends when there were fewer than
five within ten minutes. An alarm chatters when it is annunciated three times or more within one minute.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

SPAN = 10 * 60 * 1_000_000
BEGINS_ABOVE, ENDS_BELOW = 10, 5
CHATTER_SPAN, CHATTERS_FROM = 60 * 1_000_000, 3


@dataclass(frozen=True, slots=True)
class Flood:
    """How fast alarms come somewhere.

    Attributes:
        recent: The instants of the last annunciations in microseconds, no more than are needed.
        since: When the flood that goes on began.
        count: Annunciations in it, from the beginning of the ten minutes that began it.
    """

    recent: tuple[int, ...] = ()
    since: int | None = None
    count: int = 0

    @property
    def ends_at(self) -> int | None:
        """When the flood that goes on is over if nothing more comes."""
        return None if self.since is None else self.recent[-ENDS_BELOW] + SPAN


@dataclass(frozen=True, slots=True)
class Turn:
    """A flood that begins or ends; `count` annunciations belong to it so far."""

    at: int
    begins: bool
    count: int


def flood_after(before: Flood, came: Sequence[int], horizon: int) -> tuple[Flood, list[Turn]]:
    """The state after some annunciations, in the order of time, and up to an instant, with the floods' turns."""
    flood = before
    turns: list[Turn] = []
    for at in came:
        flood = _ended(flood, at, turns)
        flood = _with(flood, at, turns)
    return _ended(flood, horizon, turns), turns


def _with(flood: Flood, at: int, turns: list[Turn]) -> Flood:
    recent = tuple(sorted((*flood.recent, at)))[-(BEGINS_ABOVE + 1) :]
    if flood.since is not None:
        return replace(flood, recent=recent, count=flood.count + 1)
    if len(recent) > BEGINS_ABOVE and recent[0] > recent[-1] - SPAN:
        turns.append(Turn(recent[-1], begins=True, count=len(recent)))
        return Flood(recent, recent[-1], len(recent))
    return replace(flood, recent=recent)


def _ended(flood: Flood, at: int, turns: list[Turn]) -> Flood:
    over = flood.ends_at
    if over is None or over > at:
        return flood
    turns.append(Turn(over, begins=False, count=flood.count))
    return Flood(flood.recent)


def chatters(annunciated: Sequence[int]) -> bool:
    """Whether an alarm's last annunciations, in the order of time, are those of one that chatters."""
    last = annunciated[-CHATTERS_FROM:]
    return len(last) == CHATTERS_FROM and last[-1] - last[0] <= CHATTER_SPAN
