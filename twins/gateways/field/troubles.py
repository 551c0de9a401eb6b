"""Troubles told once each, until they are over; and the pauses between attempts."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime

from twins.gateways.field.errors import UnreachableError
from twins.gateways.field.samples import Clock, Sink, Trouble

GAP = "field.gap"
"""The code of a trouble that is over when it is told: some time from which nothing was read."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0

Resolve = Callable[[str, int], Awaitable[str]]
"""The network address to connect to for a host and port; refuses what may not be reached."""


class Troubles:
    """Tells a sink of each trouble when it begins or becomes another, not each time it is met."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._known: dict[str, str] = {}

    async def tell(self, trouble: Trouble) -> None:
        """Tell of a trouble, unless its place has it already."""
        if self._known.get(trouble.place) != trouble.code:
            self._known[trouble.place] = trouble.code
            await self._sink.trouble(trouble)

    def over(self, places: Iterable[str]) -> None:
        """What these places had is over."""
        if self._known:
            for place in places:
                self._known.pop(place, None)

    def has(self, place: str) -> bool:
        """Whether a place has one."""
        return place in self._known


class Presence:
    """Notes when a device was heard, and tells of the time without it once it is there again."""

    def __init__(self, sink: Sink, troubles: Troubles, clock: Clock) -> None:
        self._sink, self._troubles, self._clock = sink, troubles, clock
        self._heard_at = 0

    async def heard(self) -> None:
        """The device speaks (again)."""
        now = self._clock()
        if self._troubles.has(""):
            self._troubles.over([""])
            if self._heard_at:
                await self._sink.trouble(
                    Trouble(
                        GAP,
                        f"nothing was read from {moment_told(self._heard_at)} to {moment_told(now)}",
                        "What the device did not keep itself is missing for this time.",
                    )
                )
        self._heard_at = now


class Pauses:
    """How long to wait before the next attempt: growing, and short again after one that worked."""

    def __init__(self, first: float = FIRST_PAUSE_S, longest: float = LONGEST_PAUSE_S) -> None:
        self._first, self._longest = first, longest
        self._next = first

    def worked(self) -> None:
        """Begin anew with the shortest."""
        self._next = self._first

    def next(self) -> float:
        """The seconds to wait now."""
        pause, self._next = self._next, min(2 * self._next, self._longest)
        return pause


def now_us() -> int:
    """The present."""
    return time.time_ns() // 1000


def moment_told(at: int) -> str:
    """An instant as a sentence has it."""
    return datetime.fromtimestamp(at / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


async def any_address(host: str, port: int) -> str:
    """The first address of a host, wherever it lies: for an agent at the site, which its own people configure.

    Raises:
        UnreachableError: The name is not known.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise UnreachableError(f"the name {host} is not known", place="host", fix="Check its spelling.") from None
    return str(found[0][4][0])
