"""A gateway that flies recorded flights again: every snapshot as a real gateway would have sent it.

Even engines go over MQTT, odd ones over HTTP, each in the order of their flights and as fast as they are acknowledged.
A batch is named after what it holds, so a replay that is started again, in whole or in part, stores nothing twice.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

import msgspec
import numpy as np

from tenants.kernel.clock import isoformat
from twins.gateways.flights import FlightSchedule, flight
from twins.gateways.schemas import SENSOR_KEYS, SETTING_KEYS, FlightHistory
from twins.gateways.uplink import Answer, Batch, HttpUplink, MqttUplink, Uplink

FLIGHTS_IN_A_BATCH = 10
KEYS = (*SETTING_KEYS, *SENSOR_KEYS)

Progress = Callable[[Batch], None]
"""Told of each batch that has its answer."""


@dataclass(frozen=True, slots=True)
class Station:
    """The gateway that replays, and where it sends.

    Attributes:
        gateway: Its id.
        token: Its token.
        url: The server.
        mqtt_url: The broker, ``mqtt://HOST:PORT``; None to send everything over HTTP.
    """

    gateway: str
    token: str
    url: str
    mqtt_url: str | None = None


@dataclass(slots=True)
class Tally:
    """How a replay went, in readings.

    Attributes:
        sent: Readings that were sent, each counted once.
        acknowledged: Those that are stored.
        duplicate: Those among them that had been stored before.
        set_aside: Those that were set aside.
        refused: Those of batches that were refused as a whole.
        seconds: How long it took.
        refusals: Why batches were refused, each reason once.
    """

    sent: int = 0
    acknowledged: int = 0
    duplicate: int = 0
    set_aside: int = 0
    refused: int = 0
    seconds: float = 0.0
    refusals: list[str] = field(default_factory=list)

    def add(self, batch: Batch, answer: Answer) -> None:
        """Count a batch that has its answer."""
        self.sent += batch.readings
        self.acknowledged += answer.accepted + answer.duplicate
        self.duplicate += answer.duplicate
        self.set_aside += answer.set_aside
        if answer.refusal:
            self.refused += batch.readings
            if answer.refusal not in self.refusals:
                self.refusals.append(answer.refusal)


def batches_of(
    histories: Iterable[FlightHistory],
    schedule: FlightSchedule,
    *,
    name: str,
    start: datetime | None = None,
    end: datetime | None = None,
    grounded: Mapping[int, datetime] = MappingProxyType({}),
) -> list[Batch]:
    """The flights of some engines that took off in ``[start, end)``, as batches in the order of their first take-off.

    Args:
        histories: The engines.
        schedule: When they flew.
        name: What the batches' names begin with; another for other engines of the same numbers.
        start: The first take-off; None for the first of all.
        end: The first take-off that is left out; None for none.
        grounded: From when on an engine does not fly, by its number.
    """
    found: list[tuple[datetime, int, Batch]] = []
    for history in histories:
        takeoffs = [flight(int(cycle), schedule).start for cycle in history.cycles]
        ends = [moment for moment in (end, grounded.get(history.unit)) if moment is not None]
        chosen = [
            place
            for place, takeoff in enumerate(takeoffs)
            if (start is None or start <= takeoff) and all(takeoff < moment for moment in ends)
        ]
        for places in _chunks(chosen, history.cycles):
            moments = [takeoffs[place] for place in places]
            found.append((moments[0], history.unit, _batch(history, places, moments, name)))
    return [batch for _, _, batch in sorted(found, key=lambda one: one[:2])]


def _chunks(chosen: Sequence[int], cycles: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> Iterator[list[int]]:
    """The places in groups; where one ends depends on the number of the flight, not on where the replay begins."""
    groups: dict[int, list[int]] = {}
    for place in chosen:
        groups.setdefault((int(cycles[place]) - 1) // FLIGHTS_IN_A_BATCH, []).append(place)
    yield from groups.values()


def _batch(history: FlightHistory, places: list[int], moments: Sequence[datetime], name: str) -> Batch:
    values = np.hstack([history.settings[places], history.sensors[places]])
    first, last = int(history.cycles[places[0]]), int(history.cycles[places[-1]])
    batch = f"{name}.{moments[0]:%Y%m%d}.{history.unit}.{first}-{last}"
    body = {
        "batch": batch,
        "at": [isoformat(moment) for moment in moments],
        "columns": {f"{history.unit}/{key}": values[:, column].tolist() for column, key in enumerate(KEYS)},
    }
    return Batch(batch, msgspec.json.encode(body), values.size, by_mqtt=history.unit % 2 == 0)


def replay(station: Station, batches: Sequence[Batch], *, progress: Progress | None = None) -> Tally:
    """Send the batches until each has its answer.

    Args:
        station: Who sends, and where to.
        batches: What is sent.
        progress: Told of each batch that has its answer.

    Raises:
        NotLetInError: The gateway's token is wrong.
    """
    return asyncio.run(send_all(station, batches, progress=progress))


async def send_all(station: Station, batches: Sequence[Batch], *, progress: Progress | None = None) -> Tally:
    """The same in a running event loop.

    Raises:
        NotLetInError: The gateway's token is wrong.
    """
    tally, begun = Tally(), time.monotonic()

    async def work(uplink: Uplink, waiting: Iterator[Batch]) -> None:
        for batch in waiting:
            tally.add(batch, await uplink.send(batch))
            if progress:
                progress(batch)

    try:
        async with AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
            for uplink, own in _lanes(station, batches):
                await stack.enter_async_context(uplink)
                waiting = iter(own)
                for _ in range(uplink.at_once):
                    tasks.create_task(work(uplink, waiting))
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None
    tally.seconds = time.monotonic() - begun
    return tally


def _lanes(station: Station, batches: Sequence[Batch]) -> Iterator[tuple[Uplink, list[Batch]]]:
    """The ways to send, each with what goes that way."""
    by_mqtt = [batch for batch in batches if batch.by_mqtt and station.mqtt_url]
    if station.mqtt_url and by_mqtt:
        yield MqttUplink(station.mqtt_url, station.gateway, station.token), by_mqtt
    by_http = [batch for batch in batches if not (batch.by_mqtt and station.mqtt_url)]
    if by_http:
        yield HttpUplink(station.url, station.token), by_http
