"""What waits to be sent: on disk, and in memory while the disk takes nothing.

The store's thread is the only one that touches the disk; all that is asked of it is done in order. What waits in memory
is newer than all on disk, is stored first when there is room again, and can be sent from where it is.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from twins.gateways.edge.batches import RAW, THINNEST, Batch, Chain, Dropped, thinned
from twins.gateways.edge.configuration import Policy, Storing
from twins.gateways.edge.store import DiskError, Store
from twins.gateways.field.troubles import now_us

T = TypeVar("T")
_TOLD_EVERY_S = 60.0

logger = logging.getLogger("outturn.edge")


@dataclass(frozen=True, slots=True)
class Figures:
    """How much waits.

    Attributes:
        oldest_at: When the oldest batch was made, in microseconds since 1970.
        in_memory: Readings that wait in memory, because the disk takes none.
    """

    batches: int
    readings: int
    bytes: int
    limit: int
    oldest_at: int | None
    dropped_readings: int
    dropped_batches: int
    aside: int
    in_memory: int


class Receipt:
    """Becomes true when all batches of a hand-over, and those before, are on disk or gone for good.

    Args:
        count: How many these are.
    """

    def __init__(self, count: int) -> None:
        self._missing = count
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def settled(self) -> None:
        """One is."""
        self._missing -= 1
        if self._missing <= 0 and not self.done.done():
            self.done.set_result(None)


class Spool:
    """The store, behind a thread of its own.

    Args:
        folder: Where its file lies.
        key: Fingerprint of the site's key.
        settings: How much is kept, and what gives way.
    """

    def __init__(self, folder: Path, key: str, settings: Storing) -> None:
        self._path, self._key, self.settings = folder / "store.db", key, settings
        self._thread = ThreadPoolExecutor(1, "store")
        self._store: Store | None = None
        self._memory: deque[tuple[Batch, list[Receipt]]] = deque()
        self._in_memory = 0
        self._turn = asyncio.Lock()
        self._chain = Chain(key)
        self._told = Dropped()
        self._told_at = -_TOLD_EVERY_S
        self._disk_told_at = -_TOLD_EVERY_S
        self.news = asyncio.Event()
        """Set when there may be something to send."""

    @property
    def chain(self) -> Chain:
        """The last seal that was acknowledged."""
        return self._chain

    async def open(self) -> None:
        """Open the store; one that is broken is kept apart, and another begun.

        Raises:
            DiskError: The disk lets none be opened.
        """
        self._store = await self._in_thread(self._opened)
        self._chain = self._store.chain
        self.news.set()

    async def close(self) -> None:
        """Close it, after what it was asked for; batches in memory are tried once more."""
        if self._store is not None:
            await self._store_memory()
            await self._in_thread(self._store.close)
        self._thread.shutdown(wait=False)

    async def put(self, batches: list[Batch]) -> Receipt:
        """Take batches, in order; returns when they are on disk, or in memory, or dropped by the policy."""
        receipt = Receipt(max(1, len(batches)))
        async with self._turn:
            for batch in batches:
                self._memory.append((batch, [receipt]))
                self._in_memory += batch.readings
            if not batches and self._memory:  # what came before it waits
                self._memory[-1][1].append(receipt)
            elif not batches:
                receipt.settled()
            await self._store_memory()
            if self._in_memory > self.settings.memory_readings:
                await self._shed()
        self.news.set()
        return receipt

    async def head(self) -> Batch | None:
        """What is to be sent next; the same until it is let go of."""
        async with self._turn:
            found = await self._in_thread(self._open_store.head)
            return found or (self._memory[0][0] if self._memory else None)

    async def join(self, *, most: int, before: int | None) -> Batch | None:
        """Have the next batches on disk, none of which was tried, sent as one; None when that cannot be.

        Args:
            most: Bytes of their bodies, unpacked.
            before: They are to be closed before this instant, in microseconds since 1970; None for any.
        """
        async with self._turn:
            with suppress(DiskError):  # then they are sent as they are
                return await self._in_thread(lambda: self._open_store.join(most=most, before=before))
        return None

    async def part(self, batch: Batch) -> None:
        """Have what was joined sent one by one.

        Raises:
            DiskError: The disk does not take it; they stay joined.
        """
        async with self._turn:
            await self._in_thread(lambda: self._open_store.part(batch))

    async def acknowledged(self, batch: Batch, chain: Chain) -> None:
        """Let go of what the platform has."""
        async with self._turn:
            self._chain = chain
            if not batch.position:
                batch = await self._no_longer_in_memory(batch)
            try:
                await self._in_thread(lambda: self._open_store.acknowledged(batch, chain))
            except DiskError as error:
                self._tell_disk(error)

    async def set_aside(self, batch: Batch, *, code: str, message: str) -> None:
        """Keep what can never be sent apart.

        Raises:
            DiskError: There is no room for it; it stays the next to be sent.
        """
        await self._on_disk(batch, lambda one: self._open_store.set_aside(one, code=code, message=message, at=now_us()))

    async def halve(self, batch: Batch) -> bool:
        """Put two in the place of one that is too large; False when it has a single reading.

        Raises:
            DiskError: There is no room for them; it stays the next to be sent.
        """
        return await self._on_disk(batch, self._open_store.halve)

    async def apply(self, settings: Storing) -> None:
        """Keep as much as this from now on."""
        async with self._turn:
            self.settings = settings
            await self._in_thread(lambda: setattr(self._open_store, "settings", settings))

    async def figures(self) -> Figures:
        """How much waits."""
        async with self._turn:
            return await self._in_thread(self._figures)

    # -- inside ------------------------------------------------------------------------------------------------------
    @property
    def _open_store(self) -> Store:
        assert self._store is not None
        return self._store

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _opened(self) -> Store:
        try:
            return Store(self._path, self._key, self.settings)
        except sqlite3.DatabaseError as error:
            kept = self._path.with_name(f"store.broken-{time.time_ns()}")
            logger.error("the store is broken (%s): it is kept as %s, and another begun", error, kept.name)
            for path in self._path.parent.glob("store.db*"):
                path.rename(kept.with_name(path.name.replace("store.db", kept.name)))
            return Store(self._path, self._key, self.settings)

    def _figures(self) -> Figures:
        store, memory = self._open_store, len(self._memory)
        oldest = store.oldest_at
        if oldest is None and self._memory:
            oldest = self._memory[0][0].closed_at
        return Figures(
            store.batches + memory, store.readings + self._in_memory, store.bytes, self.settings.limit, oldest,
            store.dropped.readings, store.dropped.batches, store.set_aside_count(), self._in_memory,
        )  # fmt: skip

    async def _store_memory(self) -> None:
        """Store what waits in memory, until the disk refuses."""
        while self._memory:
            batch, receipts = self._memory[0]
            try:
                dropped = await self._in_thread(lambda batch=batch: self._open_store.append(batch))  # type: ignore[misc]
            except DiskError as error:
                self._tell_disk(error)
                return
            self._memory.popleft()
            self._in_memory -= batch.readings
            _settle(receipts)
            self._tell_dropped(dropped)

    async def _no_longer_in_memory(self, batch: Batch) -> Batch:
        """Let go of a batch that was sent from memory; as it is on disk, when it was stored meanwhile."""
        if self._memory and self._memory[0][0].name == batch.name:
            _, receipts = self._memory.popleft()
            self._in_memory -= batch.readings
            _settle(receipts)
            return batch
        head = await self._in_thread(self._open_store.head)
        return head if head is not None and head.name == batch.name else batch

    async def _on_disk(self, batch: Batch, work: Callable[[Batch], T]) -> T:
        async with self._turn:
            if not batch.position:
                await self._store_memory()
                if not self._memory or self._memory[0][0].name != batch.name:
                    batch = await self._no_longer_in_memory(batch)
                if not batch.position:
                    raise DiskError("the disk has no room for the batch", fix="Make room.")
            return await self._in_thread(lambda: work(batch))

    async def _shed(self) -> None:
        """Have the policy take from memory what is too much for it; the first batch may be on its way, and stays."""
        dropped = Dropped()
        while self._in_memory > self.settings.memory_readings and len(self._memory) > 1:
            place = self._least(self.settings.policy)
            batch, receipts = self._memory[place]
            if self.settings.policy is Policy.THIN and batch.kind == RAW and batch.level < THINNEST:
                shorter = thinned(batch)
                self._memory[place] = (shorter, receipts)
                lost = Dropped(batch.readings - shorter.readings, 0)
            else:
                del self._memory[place]
                _settle(receipts)
                lost = Dropped(batch.readings, 1)
            self._in_memory -= lost.readings
            dropped += lost
        self._open_store.count_dropped(dropped)
        self._tell_dropped(dropped)

    def _least(self, policy: Policy) -> int:
        if policy is Policy.NEWEST:
            return len(self._memory) - 1
        if policy is Policy.OLDEST:
            return 1
        thinnest = [
            (batch.level if batch.kind == RAW else THINNEST, place) for place, (batch, _) in enumerate(self._memory)
        ]
        return min(thinnest[1:])[1]

    def _tell_dropped(self, dropped: Dropped) -> None:
        """Say what was dropped, at once and then once a minute at most."""
        self._told += dropped
        if self._told.readings and time.monotonic() - self._told_at > _TOLD_EVERY_S:
            logger.warning(
                "there is no room for all: %d readings were dropped by the policy %s", self._told.readings,
                self.settings.policy, extra={"told": {"readings": self._told.readings, "batches": self._told.batches}},
            )  # fmt: skip
            self._told, self._told_at = Dropped(), time.monotonic()

    def _tell_disk(self, error: DiskError) -> None:
        if time.monotonic() - self._disk_told_at > _TOLD_EVERY_S:
            logger.error("%s", error.told, extra={"told": {"in_memory": self._in_memory}})
            self._disk_told_at = time.monotonic()


def _settle(receipts: list[Receipt]) -> None:
    for receipt in receipts:
        receipt.settled()
