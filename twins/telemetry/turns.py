"""Whose turn it is among tenants that wait for the same thing: to be decoded, and to be committed."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

QUANTUM = 1000
"""Readings that a tenant may have committed at a turn: a batch of usual size, or many small ones."""


class _Line(Generic[T]):
    """What waits of one key, in the order of arrival, and what it may still take at this turn."""

    __slots__ = ("credit", "items")

    def __init__(self) -> None:
        self.items: deque[tuple[T, int]] = deque()
        self.credit = 0


class Lines(Generic[K, T]):
    """A line for each key, from which groups are taken so that each key gets the same share of the readings.

    Deficit round robin (Shreedhar and Varghese, SIGCOMM 1995): at its turn a key may take `QUANTUM` more, and what it
    cannot use, because its next item is larger, it keeps for its next turn. One key alone is an ordinary queue.
    """

    def __init__(self) -> None:
        self._lines: OrderedDict[K, _Line[T]] = OrderedDict()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def put(self, key: K, item: T, size: int) -> None:
        """Add to the end of a key's line; a key that is new waits for its turn behind the others."""
        line = self._lines.get(key)
        if line is None:
            line = self._lines[key] = _Line()
        line.items.append((item, size))
        self._count += 1

    def take(self, most: int) -> list[T]:
        """A group of what is next: up to `most` readings, more only when a single item has more."""
        group: list[T] = []
        size = 0
        while self._lines:
            key, line = next(iter(self._lines.items()))
            is_alone = len(self._lines) == 1
            if not is_alone and line.credit < line.items[0][1]:
                line.credit += QUANTUM
            while line.items and (is_alone or line.items[0][1] <= line.credit):
                item, items = line.items[0]
                if group and size + items > most:
                    return group
                line.items.popleft()
                line.credit -= 0 if is_alone else items
                self._count -= 1
                group.append(item)
                size += items
            if line.items:
                self._lines.move_to_end(key)
            else:
                del self._lines[key]
        return group


class FairLock(Generic[K]):
    """A lock that goes to the keys that wait for it one after the other, however often one of them waits."""

    def __init__(self) -> None:
        self._is_held = False
        self._waiting: OrderedDict[K, deque[asyncio.Future[None]]] = OrderedDict()

    @asynccontextmanager
    async def held(self, key: K) -> AsyncIterator[None]:
        """Hold it."""
        if self._is_held:
            await self._wait(key)
        self._is_held = True
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, key: K) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it was our turn already
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        """To the next that still waits; meanwhile nobody else gets it."""
        self._is_held = False
        while self._waiting and not self._is_held:
            key, turns = self._waiting.popitem(last=False)
            turn = turns.popleft()
            if turns:
                self._waiting[key] = turns
            if not turn.done():
                turn.set_result(None)
                self._is_held = True
