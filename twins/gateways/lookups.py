"""Who somebody is, asked of the database for many at once, and remembered for a moment.

What is asked while a query is under way is asked by the next one, all of it together: a thousand gateways that are
looked at again every two seconds cost a few queries, and so do a thousand who come with something that nobody has.
Whoever was found before has a line of their own, which those do not stand in.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from itertools import islice
from typing import Generic, TypeVar

from tenants.kernel.errors import OutturnError
from twins.telemetry.errors import BusyError
from twins.telemetry.threads import in_thread

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
LookUp = Callable[[Sequence[K]], Mapping[K, V]]

REMEMBERED_SECONDS = 2.0
"""What has changed is noticed after this at the latest; what was not found before, at once."""
MOST_AT_ONCE = 500
_MOST = 20_000
_MOST_WAITING = 5_000
_PAUSE_SECONDS = 0.05
"""Between queries for those who were not found before, once one of them has found nobody."""

logger = logging.getLogger("outturn.gateways")


class Lookups(Generic[K, V]):
    """Answers of the database, for a moment; also that there is none, so that asking again and again costs nothing.

    Args:
        look_up: Finds what there is of some keys; run in the thread of the database.
    """

    def __init__(self, look_up: LookUp[K, V]) -> None:
        self._known: OrderedDict[K, tuple[float, V]] = OrderedDict()
        self._missing: OrderedDict[K, float] = OrderedDict()
        self._again = _Line(look_up, self._learn)
        self._first = _Line(look_up, self._learn, pause=_PAUSE_SECONDS)

    def __len__(self) -> int:
        return len(self._known) + len(self._missing)

    async def get(self, key: K) -> V | None:
        """What there is of a key.

        Raises:
            BusyError: Too many ask who were not found before.
            UnavailableError: The database cannot be reached.
        """
        oldest = time.monotonic() - REMEMBERED_SECONDS
        if (known := self._known.get(key)) is not None:
            return known[1] if known[0] > oldest else await self._again.get(key)
        if self._missing.get(key, oldest) > oldest:
            return None
        return await self._first.get(key)

    def _learn(self, asked: Sequence[K], found: Mapping[K, V], asked_at: float) -> None:
        for key in asked:
            if (value := found.get(key)) is not None:
                self._missing.pop(key, None)
                self._known[key] = (asked_at, value)
                self._known.move_to_end(key)
            else:
                self._known.pop(key, None)
                self._missing[key] = asked_at
                self._missing.move_to_end(key)
        for remembered in (self._known, self._missing):
            while len(remembered) > _MOST:
                remembered.popitem(last=False)


class _Line(Generic[K, V]):
    """Those who wait for an answer, and the queries that answer all who wait, one query after the other."""

    def __init__(
        self, look_up: LookUp[K, V], learn: Callable[[Sequence[K], Mapping[K, V], float], None], *, pause: float = 0.0
    ) -> None:
        self._look_up = look_up
        self._learn = learn
        self._pause = pause
        self._waiting: dict[K, asyncio.Future[V | Exception | None]] = {}
        self._task: asyncio.Task[None] | None = None

    async def get(self, key: K) -> V | None:
        if (answer := self._waiting.get(key)) is None:
            if len(self._waiting) >= _MOST_WAITING:
                raise BusyError(
                    "too many come at once whom nobody knows", kept="Nothing of this batch.",
                    fix="Send it again after the seconds in Retry-After.",
                )  # fmt: skip
            answer = self._waiting[key] = asyncio.get_running_loop().create_future()
            if self._task is None:
                self._task = asyncio.create_task(self._ask())
        told = await asyncio.shield(answer)
        if isinstance(told, Exception):
            raise told.with_traceback(None)
        return told

    async def _ask(self) -> None:
        try:
            while self._waiting:
                keys = list(islice(self._waiting, MOST_AT_ONCE))
                if len(await self._answers(keys)) < len(keys) and self._pause:
                    await asyncio.sleep(self._pause)
        finally:
            self._task = None

    async def _answers(self, keys: Sequence[K]) -> Mapping[K, V]:
        """Answer some of those who wait; whatever goes wrong is their answer, too."""
        asked_at, found = time.monotonic(), {}
        error: Exception | None = None
        try:
            found = dict(await in_thread(lambda: self._look_up(keys)))
            self._learn(keys, found, asked_at)
        except OutturnError as refused:
            error = refused
        except Exception as broken:  # those who wait would do so for ever
            logger.exception("who %d senders are was not found out", len(keys))
            error = broken
        for key in keys:
            if not (answer := self._waiting.pop(key)).done():
                answer.set_result(error or found.get(key))
        return found
