"""Connections to the broker: how many there may be, and whose.

A connection is nobody's until it has said who it is, for which it has seconds. Of those there are `MOST_UNNAMED`; when
one more comes, the oldest of the address that has most of them ends, so that whoever speaks at once is heard, also
while somebody opens thousands and says nothing. A gateway has `MOST_OF_A_GATEWAY`, and no more than are still free.
The platform's own consumer is always let in.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter

from tenants.limits.domain.shares import Room

MOST = 8192
MOST_UNNAMED = 512
MOST_OF_A_GATEWAY = 64

Peer = tuple[str, int]
"""The address and the port that a connection comes from."""

logger = logging.getLogger("outturn.broker")


class Admission:
    """What the connections of a broker share.

    Args:
        most: Connections of gateways.
    """

    def __init__(self, *, most: int = MOST) -> None:
        self._most = most
        self._unnamed: dict[str, dict[Peer, asyncio.WriteTransport]] = {}
        self._gateways: Room[str] = Room()
        self._refused: Counter[str] = Counter()
        self._dropped: Counter[str] = Counter()

    def came(self, peer: Peer, transport: asyncio.WriteTransport) -> None:
        """Somebody has connected; too many of them, and one that has not said who it is ends."""
        self._unnamed.setdefault(peer[0], {})[peer] = transport
        if sum(map(len, self._unnamed.values())) > MOST_UNNAMED:
            address = max(self._unnamed, key=lambda one: len(self._unnamed[one]))
            oldest = next(iter(self._unnamed[address]))
            self._unnamed[address][oldest].abort()
            self._dropped[address] += 1
            self.has_spoken(oldest)

    def has_spoken(self, peer: Peer) -> bool:
        """A connection has said who it is, or has ended; whether it was there."""
        there = self._unnamed.get(peer[0], {})
        was_there = there.pop(peer, None) is not None
        if was_there and not there:
            del self._unnamed[peer[0]]
        return was_there

    def has_room(self, gateway: str) -> bool:
        """Whether a gateway may have one more."""
        has_room = self._gateways.of(gateway) < MOST_OF_A_GATEWAY and self._gateways.has_room(gateway, most=self._most)
        if not has_room:
            self._refused[gateway] += 1
        return has_room

    def has_some(self, gateway: str) -> bool:
        """Whether a gateway has a connection."""
        return self._gateways.of(gateway) > 0

    def take(self, gateway: str) -> None:
        """A gateway has one more."""
        self._gateways.take(gateway, 1)

    def left(self, gateway: str) -> None:
        """A gateway has one less."""
        self._gateways.give_back(gateway, 1)

    def tell(self) -> None:
        """Tell what happened since the last time."""
        if self._refused:
            gateway = self._refused.most_common(1)[0][0]
            logger.warning(
                "%d connections were refused, most of gateway %s; gateways have %d, that one %d of them",
                self._refused.total(), gateway, self._gateways.taken, self._gateways.of(gateway),
            )  # fmt: skip
        if self._dropped:
            address = self._dropped.most_common(1)[0][0]
            logger.warning(
                "%d connections were closed that had not said who they are, most from %s; gateways have %d",
                self._dropped.total(), address, self._gateways.taken,
            )  # fmt: skip
        self._refused.clear()
        self._dropped.clear()
