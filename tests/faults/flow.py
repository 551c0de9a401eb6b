"""A gateway that sends without end, and knows what was acknowledged to it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count

from tests.twins.conftest import Fleet
from twins.gateways.uplink import Batch, HttpUplink, MqttUplink, Uplink

FIRST = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp())


@dataclass
class Flow:
    """What one gateway sends of one key, some readings a batch, every reading a second after the one before.

    Attributes:
        key: Of its own: two flows of a fleet have different ones.
        lines: How many batches it has under way.
        acknowledged: Key and second to value, of batches that were acknowledged.
        sent: The same of all.
        begun: When each batch that is acknowledged was sent first, of the clock that only goes on.
        seconds: How long it waited for its acknowledgement.
    """

    uplink: Uplink
    fleet: Fleet
    key: str
    readings: int = 20
    lines: int = 4
    pause: float = 0.0
    acknowledged: dict[tuple[str, int], float] = field(default_factory=dict)
    sent: dict[tuple[str, int], float] = field(default_factory=dict)
    begun: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Flow]:
        """Send, until all that is under way at the end is acknowledged."""
        stop, numbers = asyncio.Event(), count()
        async with self.uplink, asyncio.TaskGroup() as group:
            for _ in range(self.lines):
                group.create_task(self._send(stop, numbers))
            try:
                yield self
            finally:
                stop.set()

    async def _send(self, stop: asyncio.Event, numbers: count[int]) -> None:
        while not stop.is_set():
            number = next(numbers)
            whole = {(self.key, FIRST + number * self.readings + n): 640.0 + n % 7 for n in range(self.readings)}
            self.sent |= whole
            table = {"batch": f"{self.key}.{number}", "key": self.key, "at": [1000 * at for _, at in whole]}
            body = json.dumps(table | {"value": list(whole.values())}).encode()
            begun = time.monotonic()
            answer = await self.uplink.send(Batch(f"{self.key}.{number}", body, self.readings))
            self.begun.append(begun)
            self.seconds.append(time.monotonic() - begun)
            if answer.refusal or answer.set_aside:
                self.refused.append(answer.refusal or f"{answer.set_aside} set aside")
            else:
                self.acknowledged |= whole
            if self.pause:
                await asyncio.sleep(self.pause)


def over_http(url: str, fleet: Fleet, key: str, **options: float) -> Flow:
    """A flow over HTTP."""
    return Flow(HttpUplink(url, fleet.token), fleet, key, **options)  # type: ignore[arg-type] # numbers of readings and lines


def over_mqtt(url: str, fleet: Fleet, key: str, **options: float) -> Flow:
    """A flow over MQTT."""
    return Flow(MqttUplink(url, str(fleet.gateway), fleet.token), fleet, key, **options)  # type: ignore[arg-type]
