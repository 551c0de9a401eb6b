"""How steps write readings: through the telemetry writer, on an event loop of its own beside their threads."""

from __future__ import annotations

import asyncio
import atexit
import threading
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings

from twins.telemetry.commit import Writer
from twins.telemetry.schemas import Delivery, Outcome, Place

T = TypeVar("T")

SYSTEM = UUID(int=0)
"""Stands for a gateway as the source of readings that we work out ourselves."""
_LONGEST_SECONDS = 120.0


class Pen:
    """Makes readings durable for threads. It starts with the first of them and ends with the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._writer: Writer | None = None

    def write(self, deliveries: Sequence[Delivery], places: Mapping[int, Place]) -> list[Outcome]:
        """Store deliveries; returns when they are durable.

        Args:
            deliveries: What is to be stored.
            places: Where their signals are shown, for live values.

        Raises:
            OutturnError: Something was not stored: too much is waiting, or there is no database.
            TimeoutError: It was not known in time whether it is stored.
        """
        self._start()
        return self._in_loop(self._stored(deliveries, places))

    def close(self) -> None:
        """Finish what was begun, flush and end."""
        with self._lock:
            loop, thread = self._loop, self._thread
            if loop is None or thread is None:
                return
            self._in_loop(self._end())
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()
            self._loop = self._thread = self._writer = None
        atexit.unregister(self.close)

    def _start(self) -> None:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name="pen", daemon=True)
                self._thread.start()
                self._in_loop(self._begin())
                atexit.register(self.close)

    def _in_loop(self, work: Coroutine[Any, Any, T]) -> T:
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_LONGEST_SECONDS)

    async def _begin(self) -> None:
        self._writer = Writer(settings.REDIS_URL)
        await self._writer.start()

    async def _stored(self, deliveries: Sequence[Delivery], places: Mapping[int, Place]) -> list[Outcome]:
        assert self._writer is not None
        self._writer.learn(places)
        return await asyncio.gather(*map(self._writer.submit, deliveries))

    async def _end(self) -> None:
        if self._writer is not None:
            await self._writer.stop()


PEN = Pen()
"""The one of this process."""
