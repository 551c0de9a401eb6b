"""From what sources say to batches in the store: raw readings as they came, and the features of their windows."""

from __future__ import annotations

import asyncio
import logging
import math
import secrets
import time
from collections.abc import Sequence
from contextlib import suppress
from itertools import count

from twins.gateways.edge import bodies
from twins.gateways.edge.batches import FEATURES, RAW, Batch
from twins.gateways.edge.configuration import Configuration
from twins.gateways.edge.features import FeatureSet
from twins.gateways.edge.spool import Receipt, Spool
from twins.gateways.field.samples import Sample
from twins.gateways.field.troubles import now_us

_LOOK_S = 0.5
_TOLD_EVERY_S = 60.0

logger = logging.getLogger("outturn.edge")


class Collector:
    """Takes samples of all sources and closes batches of them.

    Args:
        spool: Where batches wait.
        configuration: What is computed and sent, and when a batch is closed.
    """

    def __init__(self, spool: Spool, configuration: Configuration) -> None:
        self._spool = spool
        self._forwarding = configuration.forwarding
        self._features = FeatureSet(configuration.features)
        self._held: tuple[list[Sample], list[Sample]] = ([], [])
        self._since = 0.0
        self._name, self._numbers = f"e.{secrets.token_hex(6)}", count(1)
        self._turn = asyncio.Lock()
        self._receipt: asyncio.Future[None] | None = None
        self._begun = asyncio.Event()
        self._flushing: set[asyncio.Task[None]] = set()
        self._left_out, self._told_at = (0, 0, 0), -_TOLD_EVERY_S
        self.taken = 0
        """Samples of all sources."""
        self.unreadable = 0
        """Those among them that were no finite numbers."""

    async def samples(self, samples: Sequence[Sample]) -> None:
        """Take samples; waits while the store is behind."""
        sound = [sample for sample in samples if math.isfinite(sample.value)]
        self.taken += len(samples)
        self.unreadable += len(samples) - len(sound)
        raw, features = self._held
        if self._forwarding.raw == "all":
            raw += sound
        elif self._forwarding.raw == "unfeatured":
            raw += [sample for sample in sound if sample.key not in self._features.keys]
        features += self._features.add(sound)
        await self._taken()

    def stored(self) -> asyncio.Future[None]:
        """Becomes true when all that was taken so far is on disk, or gone for good."""
        if self._receipt is None:
            self._receipt = asyncio.get_running_loop().create_future()
            self._begun.set()
        return self._receipt

    async def flush(self) -> None:
        """Close batches of what was taken so far; returns when they are handed to the store."""
        # A source that is stopped while it waits here takes nothing of this with it.
        work = asyncio.create_task(self._flush())
        self._flushing.add(work)
        work.add_done_callback(self._flushing.discard)
        await asyncio.shield(work)

    async def _flush(self) -> None:
        async with self._turn:
            held, self._held = self._held, ([], [])
            waiting, self._receipt = self._receipt, None
            size = self._forwarding.batch_readings
            batches = [
                self._batch(kind, samples[start : start + size])
                for kind, samples in ((RAW, held[0]), (FEATURES, held[1]))
                for start in range(0, len(samples), size)
            ]
            receipt = await self._spool.put(batches)
        if waiting is not None:
            _pass_on(receipt, waiting)

    async def run(self) -> None:
        """Close batches when their time has come."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await self._begun.wait()
            if self._begun.is_set():
                self._begun.clear()
                await asyncio.sleep(self._forwarding.batch_seconds)
                await self.flush()
            self._held[1].extend(self._features.idle())
            await self._taken()
            self._tell_left_out()

    async def apply(self, configuration: Configuration) -> None:
        """Go on by another configuration; windows that it does not know end where they are."""
        self._features = FeatureSet(configuration.features, self._features)
        for window in self._features.ended:
            self._held[1].extend(window.cut())
        self._forwarding = configuration.forwarding
        await self.flush()

    async def end(self) -> None:
        """Close all windows and batches."""
        self._held[1].extend(self._features.cut())
        await self.flush()

    def _tell_left_out(self) -> None:
        """Say what could not be computed with, once a minute at most."""
        windows = self._features.windows
        late, uneven = sum(one.late for one in windows), sum(one.uneven for one in windows)
        found = (self.unreadable, late, uneven)
        if found == self._left_out or time.monotonic() - self._told_at < _TOLD_EVERY_S:
            return
        self._left_out, self._told_at = found, time.monotonic()
        logger.warning(
            "so far %d values were no finite numbers, %d came too late for their window, and %d windows have no bands "
            "because their values did not come evenly", *found,
        )  # fmt: skip

    async def _taken(self) -> None:
        waiting = sum(map(len, self._held))
        if waiting >= self._forwarding.batch_readings:
            await self.flush()
        elif waiting:
            self._begun.set()

    def _batch(self, kind: int, samples: Sequence[Sample]) -> Batch:
        name = f"{self._name}.{next(self._numbers)}"
        return Batch(name, kind, len(samples), now_us(), bodies.packed(bodies.encoded(name, samples)))


def _pass_on(receipt: Receipt, waiting: asyncio.Future[None]) -> None:
    def done(_: asyncio.Future[None]) -> None:
        if not waiting.done():
            waiting.set_result(None)

    receipt.done.add_done_callback(done)
