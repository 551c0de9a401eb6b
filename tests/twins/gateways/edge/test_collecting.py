"""From samples to batches in the store, and when the platform is tried again."""

from __future__ import annotations

import asyncio
import json
import math
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from twins.gateways.edge import bodies
from twins.gateways.edge.batches import FEATURES, RAW, Chain
from twins.gateways.edge.collecting import Collector
from twins.gateways.edge.configuration import Configuration, Storing, configuration_from
from twins.gateways.edge.forwarding import jittered
from twins.gateways.edge.server import _wait
from twins.gateways.edge.spool import Spool
from twins.gateways.field.samples import Sample

KEY = "ab" * 32
S = 1_000_000


def told(raw: str = "all", size: int = 1000) -> Configuration:
    return configuration_from({
        "features": [{"key": "v", "window_s": 10, "statistics": ["count"]}],
        "forwarding": {"raw": raw, "batch_readings": size},
    })  # fmt: skip


async def opened(folder: Path) -> Spool:
    spool = Spool(folder, KEY, Storing())
    await spool.open()
    return spool


async def drained(spool: Spool) -> list[tuple[int, list[str], int]]:
    """The kind, the keys and the number of readings of each batch."""
    found = []
    while (head := await spool.head()) is not None:
        document = json.loads(bodies.unpacked(head.body))
        keys = list(document.get("columns") or dict.fromkeys(row["key"] for row in document["readings"]))
        found.append((head.kind, keys, head.readings))
        await spool.acknowledged(head, Chain(KEY, len(found), "cd" * 32))
    await spool.close()
    return found


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ("all", [(RAW, ["v", "w"], 26), (FEATURES, ["v.count"], 1)]),
        ("unfeatured", [(RAW, ["w"], 13), (FEATURES, ["v.count"], 1)]),
        ("none", [(FEATURES, ["v.count"], 1)]),
    ],
)
async def test_what_is_sent_besides_features(tmp_path: Path, raw: str, found: object) -> None:
    spool = await opened(tmp_path)
    collector = Collector(spool, told(raw))
    for second in range(13):
        await collector.samples([Sample(key, second * S, 1.0) for key in "vw"])
    await collector.samples([Sample("w", S, math.nan)])
    await collector.flush()
    assert (collector.taken, collector.unreadable) == (27, 1)
    assert await drained(spool) == found


async def test_batches_are_closed_by_their_size_and_nothing_is_lost_to_a_source_that_stops(tmp_path: Path) -> None:
    spool = await opened(tmp_path)
    collector = Collector(spool, told(size=10))
    stored = collector.stored()
    reading = asyncio.create_task(collector.samples([Sample("w", second * S, 1.0) for second in range(25)]))
    await asyncio.sleep(0)
    reading.cancel()
    await collector.end()
    await stored
    assert [count for _, _, count in await drained(spool)] == [10, 10, 5]


async def test_a_change_cuts_only_the_windows_that_end(tmp_path: Path) -> None:
    spool = await opened(tmp_path)
    collector = Collector(spool, told("none"))
    await collector.samples([Sample("v", second * S, 1.0) for second in range(3)])
    await collector.apply(told("none", size=5))
    assert await spool.head() is None
    await collector.apply(Configuration())
    assert await drained(spool) == [(FEATURES, ["v.count"], 1)]


def test_pauses_vary_and_are_never_shorter_than_asked_for() -> None:
    pauses = [jittered(8.0, None) for _ in range(200)]
    assert 4.0 <= min(pauses) < max(pauses) <= 8.0
    assert min(jittered(8.0, 30.0) for _ in range(20)) == 30.0


def test_when_to_come_again_is_seconds_or_an_instant() -> None:
    assert [_wait(told) for told in ("7", "0", "999999", "", "soon", "-1")] == [7.0, 0.0, 3600.0, None, None, None]
    assert 55 < (_wait(format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)) or 0) <= 60
