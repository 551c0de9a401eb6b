"""How soon people see a reading: browsers in groups, each group on a twin of its own, ten readings a second of a twin.

500 browsers in 50 groups are 5,000 messages a second that must reach somebody. Readings enter over HTTP: the gateway of
a plant sends those of its five twins ten times a second, the plants at even distances. Each browser is a websocket with
a session, opened as a page opens it, in a process of its own. `p50_ms` and `p99_ms` are from the moment that the server
publishes new values (it stands in the message) until the browser has them; `age_p50_ms` and `age_p99_ms` from the
moment that the gateway sends its reading, so the commit is in them. All are read from the machine's one clock.
`dropped` are messages that were published for a twin and did not come to one of its browsers, in order; `coalesced` are
readings that were not published by themselves because newer ones of the twin came before its next message, which is as
it should be.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
import numpy as np
import psutil
import redis.asyncio
from django.conf import settings
from django.test import Client

from deploy.benchmarks import Limits, Progress
from deploy.stage import Stage, own_database, product
from deploy.watchers import Received, Watch, Watchers, WatchersError, watchers
from tenants.kernel.clock import isoformat, utc_now
from tenants.people.models import User
from tenants.people.services import create_organisation
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from twins.composer.publishing import publish_twin
from twins.composer.schemas import FleetParameters
from twins.composer.services import create_fleet
from twins.gateways.http import PATH
from twins.gateways.services import create_gateway
from twins.telemetry.push import channel
from twins.telemetry.selectors import bound_signals

DATA = None
TARGETS: dict[str, Limits] = {
    "p99_ms": {"at_most": 25.0},
    "dropped": {"at_most": 0},
    "delivered_share": {"at_least": 0.99},
    "rss_mb_added": {"at_most": 250.0},
}
ROUNDS = 3
PERIOD_S = 0.1
SIGNALS = 4
"""Of a twin: what one of its messages carries."""
_TWINS_OF_A_PLANT = 5
_SETTLE_S = 0.5
_IDLE_CLIENTS = 1000
_MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Group:
    """A twin, and the people who watch it."""

    channel: str
    watch: Watch


@dataclass(frozen=True, slots=True)
class _Plant:
    """A tenant with a gateway that sends the readings of some twins."""

    token: str
    keys: tuple[str, ...]
    groups: tuple[_Group, ...]


@dataclass(slots=True)
class _Round:
    """What was sent, published and received while readings came for some seconds."""

    seconds: float
    sent: int = 0
    requests: int = 0
    refused: int = 0
    cpu_s: float = 0.0
    published: dict[str, list[bytes]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What browsers saw of a round."""

    dropped: int
    coalesced: int
    latencies_ms: np.ndarray[Any, np.dtype[np.float64]]
    ages_ms: np.ndarray[Any, np.dtype[np.float64]]
    per_s: float
    web_us: float
    browser_us: float
    message_bytes: float
    refused: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How many watch how much."""
    parser.add_argument("--clients", type=int, default=500, help="browsers that watch")
    parser.add_argument("--groups", type=int, default=50, help="twins that they watch, each by as many of them")


def run(options: argparse.Namespace, progress: Progress) -> dict[str, Any]:
    """Measure in a database of its own, through processes of its own, three rounds."""
    clients, groups, idle = (6, 2, 10) if options.toy else (options.clients, options.groups, _IDLE_CLIENTS)
    seconds = 0.5 if options.toy else float(options.seconds)
    progress(0.0, "setting up")
    with tempfile.TemporaryDirectory(prefix="outturn-live-") as folder, own_database() as database:
        sizes = [min(_TWINS_OF_A_PLANT, groups - begin) for begin in range(0, groups, _TWINS_OF_A_PLANT)]
        plants = [_plant(f"live-{number}", size) for number, size in enumerate(sizes)]
        with product(database) as stage:
            web = psutil.Process(stage.web)
            asyncio.run(_send(stage, web, plants, 0.3))
            memory = _memory(stage, web, plants, Path(folder), idle, progress)
            progress(0.3, "readings that nobody watches")
            alone = asyncio.run(_send(stage, web, plants, seconds))
            with watchers(Path(folder)) as watching:
                begun = time.monotonic()
                opened = watching.open(_host(stage), _watches(plants, clients))
                opening = time.monotonic() - begun
                seen = []
                for number in range(ROUNDS):
                    progress(0.4 + 0.2 * number, f"round {number + 1}")
                    seen.append(_round(stage, web, plants, watching, seconds, alone))
    return _told(
        seen, alone, memory, {"clients": opened, "groups": groups, "open_s": round(opening, 1)}, clients, groups
    )


def _told(
    seen: Sequence[_Seen], alone: _Round, memory: dict[str, float], told: dict[str, Any], clients: int, groups: int
) -> dict[str, Any]:
    wanted = clients / PERIOD_S

    def middle(values: Sequence[float], digits: int = 1) -> float:
        return round(statistics.median(values), digits)

    return {
        "targets": TARGETS,
        **told,
        "delivered_per_s": middle([each.per_s for each in seen], 0),
        "delivered_share": middle([each.per_s / wanted for each in seen], 4),
        "p50_ms": middle([float(np.quantile(each.latencies_ms, 0.5)) for each in seen], 2),
        "p99_ms": middle([float(np.quantile(each.latencies_ms, 0.99)) for each in seen], 2),
        "age_p50_ms": middle([float(np.quantile(each.ages_ms, 0.5)) for each in seen], 2),
        "age_p99_ms": middle([float(np.quantile(each.ages_ms, 0.99)) for each in seen], 2),
        "dropped": sum(each.dropped for each in seen),
        "coalesced": sum(each.coalesced for each in seen),
        "refused": sum(each.refused for each in seen),
        "web_ms_per_request": round(alone.cpu_s / alone.requests * 1e3, 2),
        "web_us_per_delivery": middle([each.web_us for each in seen]),
        "browser_us_per_delivery": middle([each.browser_us for each in seen]),
        "message_bytes": middle([each.message_bytes for each in seen], 0),
        **memory,
        "rounds": len(seen),
    }


def _plant(name: str, twins: int) -> _Plant:
    """A tenant with one person; each of its twins is watched in a session of its own."""
    owner, now = User.objects.create_user(f"owner@{name}.example"), utc_now()
    tenant = create_organisation(name=name, owner=owner.id, now=now)
    Tenant.objects.filter(id=tenant.id).update(plan="enterprise")
    made: list[UUID] = []
    with scope(tenant.id):
        gateway, token = create_gateway(name=name, now=now)
        for number in range(twins):
            parameters = FleetParameters(name=f"Twin {number}", count=1, first=number, gateway=str(gateway.id))
            draft = create_fleet(blueprint="turbofan-fleet", parameters=parameters, by="live", now=now)
            publish_twin(twin=draft.twin, revision=draft.revision, note="", by="live", now=now)
            made.append(draft.twin)
        bound = bound_signals()
    keys = tuple(each.sent_key for twin in made for each in [one for one in bound if one.twin == twin][:SIGNALS])
    return _Plant(token.text, keys, tuple(_group(tenant, owner, twin) for twin in made))


def _group(tenant: Tenant, owner: User, twin: UUID) -> _Group:
    browser = Client(HTTP_HOST="localhost")
    browser.force_login(owner)
    watch = Watch(f"/t/{tenant.slug}/live/twins/{twin}/", browser.cookies["sessionid"].value)
    return _Group(channel(tenant.id, twin), watch)


def _groups(plants: Sequence[_Plant]) -> list[_Group]:
    return [group for plant in plants for group in plant.groups]


def _watches(plants: Sequence[_Plant], count: int) -> list[Watch]:
    """What so many browsers watch, the groups in turn."""
    groups = _groups(plants)
    return [groups[number % len(groups)].watch for number in range(count)]


def _host(stage: Stage) -> str:
    return f"localhost:{urlsplit(stage.url).port}"


def _memory(
    stage: Stage, web: psutil.Process, plants: Sequence[_Plant], folder: Path, clients: int, progress: Progress
) -> dict[str, float]:
    """What the web server takes with so many browsers, each of which was sent something, and what without."""
    progress(0.1, f"memory of {clients} browsers")
    with watchers(folder) as watching:
        watching.open(_host(stage), _watches(plants, 1))
        idle = web.memory_info().rss
        opened = watching.open(_host(stage), _watches(plants, clients))
        asyncio.run(_send(stage, web, plants, 0.3))
        full = web.memory_info().rss
    return {
        "memory_clients": opened,
        "rss_mb": round(full / _MB, 1),
        "rss_mb_added": round((full - idle) / _MB, 1),
    }


def _round(
    stage: Stage, web: psutil.Process, plants: Sequence[_Plant], watching: Watchers, seconds: float, alone: _Round
) -> _Seen:
    watching.begin()
    sent = asyncio.run(_send(stage, web, plants, seconds))
    return _seen(plants, sent, watching.received(), alone)


def _seen(plants: Sequence[_Plant], sent: _Round, received: Received, alone: _Round) -> _Seen:
    """What the browsers saw, beside what was published."""
    told = [msgspec.json.decode(message) for message in received.messages]
    number = {message: place for place, message in enumerate(received.messages)}
    published = {name: [number.get(each, -1) for each in messages] for name, messages in sent.published.items()}
    by_socket = [published.get(each.channel, []) for each in _groups(plants)]
    at = np.array([_micros(each["at"]) for each in told], np.float64)
    read = np.array([_micros(_first(each["values"])) for each in told], np.float64)
    dropped, latencies, ages = 0, [], []
    for socket, (moments, came) in enumerate(zip(received.moments, received.numbers, strict=True)):
        sent_to_it = by_socket[socket % len(by_socket)]
        dropped += missed(sent_to_it, came)
        is_live = np.isin(came, sent_to_it)  # not what is told again to those who have only begun to watch
        moment, numbers = np.array(moments, np.float64)[is_live] / 1000, np.array(came, np.int64)[is_live]
        latencies.append((moment - at[numbers]) / 1000)
        ages.append((moment - read[numbers]) / 1000)
    count = sum(map(len, sent.published.values()))
    delivered = sum(map(len, latencies))
    if not delivered:
        raise WatchersError("No browser was told anything.", fix="Look at what the web server says.")
    quiet = alone.cpu_s / alone.seconds * sent.seconds
    return _Seen(
        dropped=dropped, coalesced=sent.sent - count,
        latencies_ms=np.concatenate(latencies), ages_ms=np.concatenate(ages), per_s=delivered / sent.seconds,
        web_us=(sent.cpu_s - quiet) / delivered * 1e6, browser_us=received.cpu_s / delivered * 1e6,
        message_bytes=statistics.mean(map(len, received.messages)), refused=sent.refused,
    )  # fmt: skip


def missed(published: Sequence[int], received: Sequence[int]) -> int:
    """How many of the published messages did not come, or came only after a later one."""
    place = 0
    count = 0
    for one in published:
        try:
            place = received.index(one, place) + 1
        except ValueError:
            count += 1
    return count


def _first(values: dict[str, dict[str, list[Any]]]) -> str:
    at: str = next(iter(next(iter(values.values())).values()))[0]
    return at


def _micros(at: str) -> float:
    return datetime.fromisoformat(at).timestamp() * 1e6


async def _send(stage: Stage, web: psutil.Process, plants: Sequence[_Plant], seconds: float) -> _Round:
    """Send readings of every twin ten times a second, and note what is published of them."""
    told = _Round(seconds)
    client = redis.asyncio.from_url(settings.REDIS_URL)
    try:
        async with client.pubsub(ignore_subscribe_messages=True) as subscription:
            await subscription.subscribe(*(each.channel for each in _groups(plants)))
            listening = asyncio.create_task(_listen(subscription, told))
            before = _cpu(web)
            start = time.time() + 0.05
            await asyncio.gather(
                *(
                    _gateway(stage, each, start + PERIOD_S * place / len(plants), round(seconds / PERIOD_S), told)
                    for place, each in enumerate(plants)
                )
            )
            told.seconds = max(seconds, time.time() - start)
            await asyncio.sleep(_SETTLE_S)
            told.cpu_s = _cpu(web) - before
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
    finally:
        await client.aclose()
    return told


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


async def _listen(subscription: Any, told: _Round) -> None:
    async with aclosing(subscription.listen()) as messages:
        async for message in messages:
            told.published.setdefault(message["channel"].decode(), []).append(message["data"])


async def _gateway(stage: Stage, plant: _Plant, start: float, count: int, told: _Round) -> None:
    parts = urlsplit(stage.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    for number in range(count):
        await asyncio.sleep(max(0.0, start + number * PERIOD_S - time.time()))
        at = isoformat(datetime.now(UTC))
        readings = [{"key": key, "at": at, "value": number} for key in plant.keys]
        body = msgspec.json.encode({"batch": f"{start}-{number}", "readings": readings})
        writer.write(
            f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {plant.token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        answer = msgspec.json.decode(await reader.readexactly(length))
        told.sent += len(plant.groups)
        told.requests += 1
        told.refused += answer.get("accepted") != len(plant.keys)
    writer.close()
