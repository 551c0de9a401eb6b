"""How fast readings become durable, against a bare COPY of as many rows into the same server in the same run.

Rounds follow each other: COPY, requests of 1,000 readings over HTTP, requests of 10, messages of 10 over MQTT, and what
these are compared with: a bare subscriber, Django's REST framework with `bulk_create`, and the peers that are
installed. Ten gateways of ten tenants send 1,000 signals each: every signal once, then all again five seconds later,
which is the order that an index by signal likes least. HTTP requests hold rows of key, time as text and value;
`tables_points_per_s` is of as many readings in tables of 50 signals at 20 instants. Peers get requests of the same
size over as many connections, and, told beside it, 5,000 lines at a time over one.
`ack_p99_ms` is taken at 70 % of the load that was reached, from when a request was due; `full_p99_ms` at full load,
where most of it is waiting for one's turn.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import numpy as np
import psycopg
from django.conf import settings

from deploy.baselines import framework_points_per_s, heard_messages_per_s
from deploy.benchmarks import Limits, Progress
from deploy.copying import bare_copy
from deploy.load import Clock, Sent, clocks, make_feed, requests, send_http, send_mqtt
from deploy.peers import Peer, installed_peers
from deploy.stage import Stage, lone_broker, own_database, product
from twins.telemetry.chunks import merged
from twins.telemetry.packing import Kept, joined, unpack_chunk, unpack_log

DATA = None
TARGETS: dict[str, Limits] = {
    "ratio_copy": {"at_least": 0.35},
    "ratio_influxdb": {"at_least": 3.0},
    "ratio_victoriametrics": {"at_least": 1.0},
    "ratio_framework": {"at_least": 20.0},
    "ratio_subscriber": {"at_least": 0.5},
    "small_batch_points_per_s": {"at_least": 60_000},
    "ack_p99_ms": {"at_most": 250.0},
    "lost": {"at_most": 0},
    "duplicated": {"at_most": 0},
}
ROUNDS = 3
AT_ONCE = 200
"""Messages under way at a time."""
LOAD = 0.7
"""Of what was reached, where the time of an acknowledgement is taken."""
_CONNECTIONS, _SMALL_CONNECTIONS = 32, 64
_PEER_LOADS = ((1000, _CONNECTIONS), (5000, 1))
"""Points in a request and requests at once: the load that we get, and the one that peers document as the fastest."""


@dataclass(frozen=True, slots=True)
class _Size:
    """How much is measured in a round."""

    feeds: int = 10
    signals: int = 1000
    copied: int = 500_000
    requests: int = 500
    small_requests: int = 2000
    messages: int = 2000
    framework: int = 10


_TOY = _Size(feeds=2, signals=48, copied=2000, requests=4, small_requests=10, messages=10, framework=2)


@dataclass(slots=True)
class _Figures:
    """Of each round: points, requests or messages a second."""

    copy: list[float] = field(default_factory=list)
    http: list[float] = field(default_factory=list)
    small: list[float] = field(default_factory=list)
    mqtt: list[float] = field(default_factory=list)
    heard: list[float] = field(default_factory=list)
    framework: list[float] = field(default_factory=list)
    tables: list[float] = field(default_factory=list)
    peers: dict[str, list[float]] = field(default_factory=dict)
    full_s: list[float] = field(default_factory=list)
    paced_s: list[float] = field(default_factory=list)
    accepted: int = 0
    refused: int = 0

    def take(self, sent: Sent) -> None:
        self.accepted += sent.accepted
        self.refused += sent.refused


@dataclass(frozen=True, slots=True)
class _Scene:
    """What a round is measured on.

    Attributes:
        bare_url: A broker that nobody consumes from.
        rows: What the gateways send in batches of rows.
        tables: What the same gateways send in tables.
    """

    database: str
    stage: Stage
    bare_url: str
    peers: list[Peer]
    size: _Size
    rows: list[Clock]
    tables: list[Clock]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which peers to measure beside us."""
    parser.add_argument("--peers", default="", help="influxdb,victoriametrics: measured where they are installed")


def run(options: argparse.Namespace, progress: Progress) -> dict[str, Any]:
    """Measure in a database of its own, through processes of its own, at least three rounds."""
    size = _TOY if options.toy else _Size()
    progress(0.0, "setting up")
    with (
        own_database() as database,
        product(database) as stage,
        lone_broker(database) as bare_url,
        installed_peers(options.peers) as peers,
    ):
        feeds = [make_feed(size.signals) for _ in range(size.feeds)]
        scene = _Scene(database, stage, bare_url, peers, size, clocks(feeds), clocks(feeds, days=4))
        figures = _Figures()
        # One request a gateway, so that nobody measures how long its bindings take to load.
        first = requests(scene.rows, len(feeds), size.signals)
        figures.take(asyncio.run(send_http(stage.url, first, connections=1)))
        number, measured = 0, 0.0
        while number < ROUNDS or (measured < options.seconds and not options.toy):
            share = max(number / ROUNDS / 2, min(measured / options.seconds, 0.99))
            progress(share, f"round {number + 1}")
            begun = time.monotonic()
            _round(scene, figures)
            measured, number = measured + time.monotonic() - begun, number + 1
        stored, distinct = _counted(database)
    return _told(figures, stored, distinct)


def _round(scene: _Scene, figures: _Figures) -> None:
    clock, size = scene.rows[0], scene.size
    figures.copy.append(bare_copy(scene.database, size.copied))
    _over_http(scene, figures)
    messages = asyncio.run(send_mqtt(scene.stage.mqtt_url, clock, messages=size.messages, size=10, at_once=AT_ONCE))
    figures.mqtt.append(len(messages.latencies_s) / messages.seconds)
    figures.take(messages)
    bodies = [clock.batch(10) for _ in range(size.messages)]
    figures.heard.append(heard_messages_per_s(scene.bare_url, bodies, at_once=AT_ONCE))
    figures.framework.append(framework_points_per_s(scene.database, [clock.batch(1000) for _ in range(size.framework)]))
    for peer in scene.peers:
        for lines, connections in _PEER_LOADS:
            rate = peer.points_per_s(size.copied, lines=lines, connections=connections)
            figures.peers.setdefault(f"{peer.name}_{lines}", []).append(rate)


def _over_http(scene: _Scene, figures: _Figures) -> None:
    size = scene.size
    prepared = requests(scene.rows, size.requests, 1000)
    again = deque(prepared[place] for place in range(min(8, len(prepared))))
    sent = _send(scene, figures, prepared, _CONNECTIONS)
    figures.http.append(sent.accepted / sent.seconds)
    figures.full_s += sent.latencies_s
    _send(scene, figures, again, 2)  # as after a lost answer: nothing is stored twice
    every_s = sent.seconds / size.requests / LOAD
    figures.paced_s += _send(
        scene, figures, requests(scene.rows, size.requests, 1000), _CONNECTIONS, every_s=every_s
    ).latencies_s
    tables = _send(scene, figures, requests(scene.tables, size.requests, 1000, Clock.table), _CONNECTIONS)
    figures.tables.append(tables.accepted / tables.seconds)
    small = _send(scene, figures, requests(scene.rows, size.small_requests, 10), _SMALL_CONNECTIONS)
    figures.small.append(small.accepted / small.seconds)


def _send(
    scene: _Scene, figures: _Figures, waiting: deque[bytes], connections: int, *, every_s: float | None = None
) -> Sent:
    sent = asyncio.run(send_http(scene.stage.url, waiting, connections=connections, every_s=every_s))
    figures.take(sent)
    return sent


def _counted(database: str) -> tuple[int, int]:
    """How many readings are read, and how many of them are different ones."""
    known = settings.INGEST_DATABASE
    stored = distinct = 0
    with psycopg.connect(
        dbname=database, user=known["USER"], password=known["PASSWORD"] or None, host=known["HOST"] or None
    ) as connection:
        for (tenant,) in connection.execute("SELECT tenant_id FROM twins_commitcount").fetchall():
            kept = merged(joined([*_chunks(connection, tenant), *_log(connection, tenant)]))
            stored += kept.size
            distinct += len(set(zip(kept.signal.tolist(), kept.at.tolist(), strict=True)))
    return stored, distinct


def _chunks(connection: psycopg.Connection[Any], tenant: UUID) -> Iterator[Kept]:
    rows = connection.execute("SELECT signal, payload FROM twins_chunk WHERE tenant_id = %s", [tenant], binary=True)
    return (unpack_chunk(payload, signal) for signal, payload in rows)


def _log(connection: psycopg.Connection[Any], tenant: UUID) -> Iterator[Kept]:
    query = "SELECT payload, commit FROM twins_readinglog WHERE tenant_id = %s ORDER BY commit"
    return (unpack_log(payload, commit) for payload, commit in connection.execute(query, [tenant], binary=True))


def _told(figures: _Figures, stored: int, distinct: int) -> dict[str, Any]:
    http, copy = statistics.median(figures.http), statistics.median(figures.copy)
    return {
        "targets": TARGETS,
        "points_per_s": round(http),
        "copy_points_per_s": round(copy),
        "ratio_copy": round(statistics.median(a / b for a, b in zip(figures.http, figures.copy, strict=True)), 3),
        "tables_points_per_s": round(statistics.median(figures.tables)),
        "ratio_influxdb": _ratio(http, figures.peers.get("influxdb_1000")),
        "ratio_victoriametrics": _ratio(http, figures.peers.get("victoriametrics_1000")),
        "peers_points_per_s": {name: round(statistics.median(rates)) for name, rates in figures.peers.items()},
        "small_batch_points_per_s": round(statistics.median(figures.small)),
        "ratio_small": round(statistics.median(a / b for a, b in zip(figures.small, figures.copy, strict=True)), 3),
        "mqtt_messages_per_s": round(statistics.median(figures.mqtt)),
        "mqtt_heard_per_s": round(statistics.median(figures.heard)),
        "ratio_subscriber": round(
            statistics.median(a / b for a, b in zip(figures.mqtt, figures.heard, strict=True)), 2
        ),
        "ratio_framework": _ratio(http, figures.framework),
        "ack_p99_ms": _p99_ms(figures.paced_s),
        "full_p99_ms": _p99_ms(figures.full_s),
        "lost": figures.accepted - distinct,
        "duplicated": stored - distinct,
        "refused": figures.refused,
        "rounds": len(figures.http),
    }


def _p99_ms(seconds: list[float]) -> float:
    return round(float(np.quantile(seconds, 0.99)) * 1000, 1)


def _ratio(ours: float, theirs: list[float] | None) -> float | None:
    return round(ours / statistics.median(theirs), 2) if theirs else None
