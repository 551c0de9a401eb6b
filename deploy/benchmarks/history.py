"""How small readings become, and how fast they are read: against the same readings as plain rows, on the same server.

A random walk of two decimals and one of noisy floats, a reading every five seconds, are committed as the product
commits them, by batches in the order of time, and compacted. `bytes_per_point` counts the chunks with their index. The
newest values of 10,000 signals, and one signal of 200,000 readings in 500 buckets, are read through the product's own
selectors; `ratio_rows` is how many times longer PostgreSQL takes for the same buckets of rows under a unique key. Reads
of both kinds follow each other, each is made at least five times, figures are medians.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np

from deploy.benchmarks import Limits, Progress
from deploy.copying import COLUMNS, encoded
from deploy.stage import own_database, owner_connection
from tenants.kernel.clock import utc_now
from tenants.kernel.ids import new_id
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from twins.telemetry import binary
from twins.telemetry.compaction import compact
from twins.telemetry.connections import connect_ingest
from twins.telemetry.group import commit_together
from twins.telemetry.instants import moment
from twins.telemetry.query import buckets
from twins.telemetry.query_signals import KnownSignal
from twins.telemetry.schemas import BoundSignal, Delivery, Floats, Normalised, Readings, Source
from twins.telemetry.selectors import latest
from twins.telemetry.services import provide_signals

DATA = None
TARGETS: dict[str, Limits] = {
    "bytes_per_point": {"at_most": 1.6},
    "last_10k_ms": {"at_most": 25.0},
    "range_200k_ms": {"at_most": 15.0},
    "ratio_rows": {"at_least": 8.0},
}
READS = 5
PERIOD_US = 5_000_000
BUCKETS = 500
_FIRST = 1_760_400_000_000_000  # 2025-10-14T00:00:00Z
_ROWS_READ = """
SELECT width_bucket(extract(epoch FROM at), %s, %s, %s) AS bucket, min(value), avg(value), max(value), count(*)
FROM plain WHERE tenant_id = %s AND signal = %s AND at >= %s AND at < %s GROUP BY bucket ORDER BY bucket"""


@dataclass(frozen=True, slots=True)
class _Size:
    """How much is stored and read."""

    signals: int = 100
    hours: int = 24
    newest: int = 10_000
    long: int = 200_000
    beside: int = 10


_TOY = _Size(signals=3, hours=2, newest=20, long=2000, beside=2)


@dataclass(frozen=True, slots=True)
class _House:
    """A tenant with a twin of many signals."""

    tenant: UUID
    twin: UUID
    signals: list[int]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None of its own."""


def run(options: argparse.Namespace, progress: Progress) -> dict[str, Any]:
    """Measure in a database of its own."""
    size = _TOY if options.toy else _Size()
    chance = np.random.default_rng(1)
    progress(0.0, "setting up")
    with own_database() as database:
        figures: dict[str, Any] = {"targets": TARGETS}
        progress(0.1, "two decimals")
        figures |= _stored(database, "bytes_per_point", size, lambda n: np.round(_walk(chance, n), 2))
        progress(0.4, "noisy floats")
        figures |= _stored(database, "bytes_per_point_noisy", size, lambda n: _walk(chance, n)) | {
            "compact_points_per_s": figures["compact_points_per_s"]
        }
        progress(0.6, "newest values")
        figures["last_10k_ms"] = _newest(size)
        progress(0.8, "a long range")
        return figures | _ranges(database, size, chance)


def _stored(database: str, name: str, size: _Size, walk: Callable[[int], Floats]) -> dict[str, Any]:
    house, points = _house(size.signals), size.hours * 720
    before = _bytes_of_chunks(database)
    asyncio.run(_commit(house, np.stack([walk(points) for _ in house.signals])))
    begun = time.perf_counter()
    done = compact(house.tenant, wait=True)
    seconds = time.perf_counter() - begun
    stored = _bytes_of_chunks(database) - before
    return {name: round(stored / done.readings, 3), "compact_points_per_s": round(done.readings / seconds)}


def _newest(size: _Size) -> float:
    house = _house(size.newest)
    asyncio.run(_commit(house, np.full((size.newest, 1), 20.5)))
    compact(house.tenant, wait=True)

    def read() -> None:
        with scope(house.tenant):
            found = latest(house.twin)
        assert len(found) == size.newest

    return _ms(read)


def _ranges(database: str, size: _Size, chance: np.random.Generator) -> dict[str, Any]:
    house = _house(size.beside)
    values = np.stack([np.round(_walk(chance, size.long), 2) for _ in house.signals])
    asyncio.run(_commit(house, values))
    compact(house.tenant, wait=True)
    start, end = moment(_FIRST), moment(_FIRST + size.long * PERIOD_US)
    signal = KnownSignal(
        house.signals[0], house.twin, new_id(), "", "k0", "", "1", None, None,
    )  # fmt: skip
    with owner_connection(database) as connection:
        _copy_rows(connection, house, values)
        asked = [_FIRST / 1e6, _FIRST / 1e6 + size.long * PERIOD_US / 1e6, BUCKETS]

        def of_rows() -> None:
            rows = connection.execute(_ROWS_READ, [*asked, house.tenant, signal.id, start, end]).fetchall()
            assert sum(row[4] for row in rows) == size.long

        def of_chunks() -> None:
            with scope(house.tenant):
                (history,) = buckets([signal], start, end, number=BUCKETS).signals
            assert int(history.data.count.sum()) == size.long  # type: ignore[union-attr]

        pairs = [(_ms(of_chunks, 1), _ms(of_rows, 1)) for _ in range(READS)]
    return {
        "range_200k_ms": round(statistics.median(ours for ours, _ in pairs), 2),
        "rows_200k_ms": round(statistics.median(theirs for _, theirs in pairs), 2),
        "ratio_rows": round(statistics.median(theirs / ours for ours, theirs in pairs), 1),
    }


def _walk(chance: np.random.Generator, points: int) -> Floats:
    return np.asarray(50.0 + np.cumsum(chance.normal(0.0, 0.05, points)))


def _house(signals: int) -> _House:
    slug = f"house-{new_id().hex[-8:]}"
    tenant, twin = Tenant.objects.create(slug=slug, name="House", created_at=utc_now()), new_id()
    bound = [
        BoundSignal(twin=twin, asset=new_id(), key=f"k{number}", unit="1", gateway=twin, sent_key=f"k{number}")
        for number in range(signals)
    ]
    with scope(tenant.id):
        made = provide_signals(bound=bound)
    return _House(tenant.id, twin, sorted(one.id for one in made.values()))


async def _commit(house: _House, values: Floats) -> None:
    """Commit a value of every signal every five seconds, time after time, some thousand readings a commit."""
    connection = await connect_ingest(statement_seconds=60)
    async with connection:
        for number, readings in enumerate(_batches(house, values)):
            delivery = Delivery(Source(house.tenant, house.twin), f"b{number}", number, Normalised(readings, ()))
            await commit_together(connection, [delivery], now=utc_now())


def _batches(house: _House, values: Floats) -> Iterator[Readings]:
    signals, points = values.shape
    times = max(1, 10_000 // signals)
    for first in range(0, points, times):
        some = values[:, first : first + times]
        at = _FIRST + np.arange(first, first + some.shape[1], dtype=np.int64) * PERIOD_US
        yield Readings(
            signal=np.tile(np.array(house.signals, np.int64), some.shape[1]),
            at=np.repeat(at, signals),
            value=np.ascontiguousarray(some.T).ravel(),
            quality=np.zeros(some.size, np.int16),
        )


def _copy_rows(connection: Any, house: _House, values: Floats) -> None:
    """The same readings as plain rows under a unique key that serves reading best."""
    connection.execute(f"CREATE TABLE plain ({COLUMNS}, PRIMARY KEY (tenant_id, signal, at))")
    for readings in _batches(house, values):
        tenant = np.repeat(binary.uuids([house.tenant]), readings.size)
        commit = np.ones(readings.size, np.int64)
        rows = encoded([tenant, readings.signal, readings.at, readings.value, commit, readings.quality])
        with connection.cursor() as cursor, cursor.copy("COPY plain FROM STDIN (FORMAT binary)") as copy:
            copy.write(rows)
    connection.execute("VACUUM ANALYZE plain")


def _bytes_of_chunks(database: str) -> int:
    with owner_connection(database) as connection:
        connection.execute("VACUUM twins_chunk")
        row = connection.execute(
            "SELECT coalesce(sum(pg_total_relation_size(relid)), 0) FROM pg_partition_tree('twins_chunk') WHERE isleaf"
        ).fetchone()
    assert row is not None
    return int(row[0])


def _ms(work: Callable[[], None], times: int = READS) -> float:
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        taken.append((time.perf_counter() - begun) * 1000)
    return round(statistics.median(taken), 2)
