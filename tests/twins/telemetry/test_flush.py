"""What follows a commit: newest readings, figures of traffic, live values; and what a killed writer left undone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
import redis.asyncio
from asgiref.sync import sync_to_async
from django.conf import settings

from tenants.kernel.clock import utc_now
from tenants.scope.context import scope
from tests.processes import LONG_S
from tests.twins.conftest import Fleet
from tests.twins.telemetry.sample import delivery, once
from twins.telemetry.flush import Flusher
from twins.telemetry.glimpses import GLIMPSED, Glimpse
from twins.telemetry.group import commit_together
from twins.telemetry.push import Push, channel
from twins.telemetry.schemas import Delivery, Normalised, Outcome, Place, Source
from twins.telemetry.selectors import latest, live_state
from twins.telemetry.traffic import MOST_UNBOUND_KEYS, TrafficCount

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
T0 = datetime(2025, 1, 1, tzinfo=UTC)
NOW = datetime(2025, 6, 1, 12, 30, 20, tzinfo=UTC)
Ingest = psycopg.AsyncConnection[Any]


@pytest.fixture
async def flusher(transactional_db: None) -> AsyncIterator[Flusher]:
    made = Flusher(Push(settings.REDIS_URL))
    yield made
    await made.close()


async def commit(flusher: Flusher, ingest: Ingest, *deliveries: Delivery, now: datetime = NOW) -> None:
    flusher.note(deliveries, await commit_together(ingest, deliveries, now=now), now)


def newest(everything: Any, fleet: Fleet) -> list[tuple[Any, ...]]:
    query = "SELECT signal, at, value, commit FROM twins_latestreading WHERE tenant_id = %s ORDER BY signal"
    rows: list[tuple[Any, ...]] = everything.execute(query, [fleet.tenant]).fetchall()
    return rows


async def test_newest_readings_are_written_and_never_go_back(
    fleet: Fleet, flusher: Flusher, ingest: Ingest, everything: Any
) -> None:
    await commit(flusher, ingest, delivery((1, 5, 0.5), (2, 1, 0.1), source=fleet.source, batch="a"))
    await flusher.flush()
    assert newest(everything, fleet) == [(1, T0 + timedelta(seconds=5), 0.5, 1), (2, T0 + timedelta(seconds=1), 0.1, 1)]
    another = Flusher(Push(settings.REDIS_URL))
    await commit(another, ingest, delivery((1, 4, 9.9), (2, 2, 0.2), source=fleet.source, batch="b"))
    await another.close()
    assert newest(everything, fleet) == [(1, T0 + timedelta(seconds=5), 0.5, 1), (2, T0 + timedelta(seconds=2), 0.2, 2)]


async def test_live_values_go_to_whoever_watches_the_twin(fleet: Fleet, flusher: Flusher, ingest: Ingest) -> None:
    first, second = fleet.signals["1/t24"], fleet.signals["2/t24"]
    one, two = (
        Place(fleet.tenant, fleet.twin, fleet.gateway, "t24"),
        Place(fleet.tenant, fleet.tenant, fleet.gateway, "x"),
    )
    flusher.push.learn({first: one, second: two})
    client = redis.asyncio.from_url(settings.REDIS_URL)
    async with client.pubsub(ignore_subscribe_messages=True) as watching:
        await watching.subscribe(channel(fleet.tenant, fleet.twin))
        await watching.get_message(timeout=1)
        await commit(flusher, ingest, delivery((first, 0, 1.0), (first, 1, 2.0), (second, 0, 3.0), source=fleet.source))
        await flusher.flush()
        message = None
        while message is None:
            message = await watching.get_message(timeout=1)
        values = {str(fleet.gateway): {"t24": ["2025-01-01T00:00:01Z", 2.0, 0]}}
        told = json.loads(message["data"])
        assert timedelta(0) <= utc_now() - datetime.fromisoformat(told.pop("at")) < timedelta(seconds=LONG_S)
        assert told == {"twin": str(fleet.twin), "values": values}
        # A late reading is stored, and moves nothing that people see.
        await commit(flusher, ingest, delivery((first, -5, 7.0), source=fleet.source, batch="late"))
        await flusher.flush()
        assert await watching.get_message(timeout=0.1) is None
    await client.aclose()


async def test_who_watches_is_told_while_a_flush_takes_its_time(
    fleet: Fleet, flusher: Flusher, ingest: Ingest, owner: psycopg.Connection[Any]
) -> None:
    signal = fleet.signals["1/t24"]
    flusher.push.learn({signal: Place(fleet.tenant, fleet.twin, fleet.gateway, "t24")})
    await commit(flusher, ingest, delivery((signal, 0, 1.0), source=fleet.source))
    await flusher.flush()
    client = redis.asyncio.from_url(settings.REDIS_URL)
    async with client.pubsub(ignore_subscribe_messages=True) as watching:
        await watching.subscribe(channel(fleet.tenant, fleet.twin))
        await watching.get_message(timeout=1)
        with owner.transaction():
            owner.execute("LOCK TABLE twins_latestreading IN EXCLUSIVE MODE")
            flusher.start()
            for second in (1, 2):
                await commit(flusher, ingest, delivery((signal, second, 2.0), source=fleet.source, batch=str(second)))
                message = None
                while message is None:
                    message = await watching.get_message(timeout=1)
                ((value,),) = (asset.values() for asset in json.loads(message["data"])["values"].values())
                assert value == [f"2025-01-01T00:00:0{second}Z", 2.0, 0]
    await client.aclose()


async def test_the_state_a_page_starts_from_has_the_form_of_what_is_pushed(
    fleet: Fleet, flusher: Flusher, ingest: Ingest
) -> None:
    await commit(flusher, ingest, delivery((fleet.signals["1/t24"], 0, 640.0), source=fleet.source))
    await flusher.flush()

    def read() -> tuple[Any, Any]:
        with scope(fleet.tenant):
            return latest(fleet.twin), live_state(fleet.twin)

    (value,), state = await sync_to_async(read)()
    assert (value.key, value.unit, value.at, value.value, value.quality) == ("t24", "[degR]", T0, 640.0, 0)
    assert state == {"twin": str(fleet.twin), "values": {str(value.asset): {"t24": ("2025-01-01T00:00:00Z", 640.0, 0)}}}


async def test_a_failed_flush_loses_nothing(
    fleet: Fleet, flusher: Flusher, ingest: Ingest, owner: psycopg.Connection[Any], everything: Any
) -> None:
    await flusher.flush()
    await commit(flusher, ingest, delivery((1, 5, 0.5), source=fleet.source))
    owner.execute(
        "SELECT pg_terminate_backend(a.pid, 5000) FROM pg_stat_activity a JOIN pg_locks l USING (pid) "
        "WHERE l.locktype = 'advisory' AND a.datname = current_database()"
    )
    with pytest.raises(psycopg.OperationalError):
        await flusher.flush()
    await flusher.flush()
    assert newest(everything, fleet) == [(1, T0 + timedelta(seconds=5), 0.5, 1)]


async def test_what_a_killed_writer_had_not_flushed_is_mended_by_the_next(
    fleet: Fleet, their_fleet: Fleet, ingest: Ingest, everything: Any
) -> None:
    now = datetime.now(UTC)
    killed = Flusher(Push(settings.REDIS_URL))
    await commit(killed, ingest, delivery((1, 5, 0.5), (2, 5, 0.6), source=fleet.source, batch="a"), now=now)
    await killed.flush()
    late = [
        delivery((1, 9, 0.9), (2, 1, 0.1), source=fleet.source, batch="b"),
        delivery((7, 1, 0.7), source=their_fleet.source),
    ]
    await commit(killed, ingest, *late, now=now)
    connection = killed._connection
    assert connection is not None
    await connection.close()  # the process is gone, its session stays behind
    await killed.push.close()
    assert [row[2] for row in newest(everything, fleet)] == [0.5, 0.6]

    following = Flusher(Push(settings.REDIS_URL))
    await following.flush()
    assert [row[1:3] for row in newest(everything, fleet)] == [
        (T0 + timedelta(seconds=9), 0.9),
        (T0 + timedelta(seconds=5), 0.6),
    ]
    assert [row[2] for row in newest(everything, their_fleet)] == [0.7]
    assert everything.execute("SELECT count(*) FROM twins_writersession").fetchone() == (1,)
    await following.close()
    assert everything.execute("SELECT count(*) FROM twins_writersession").fetchone() == (0,)


async def test_a_writer_that_lives_is_left_alone(fleet: Fleet, flusher: Flusher, everything: Any) -> None:
    await flusher.flush()
    another = Flusher(Push(settings.REDIS_URL))
    await another.flush()
    assert everything.execute("SELECT count(*) FROM twins_writersession").fetchone() == (2,)
    await another.close()
    assert everything.execute("SELECT count(*) FROM twins_writersession").fetchone() == (1,)


def sent(source: Source, *, unbound: dict[str, Glimpse] | None = None) -> Delivery:
    one = delivery((1, 0, 1.0), (2, 0, 1.0), source=source)
    return Delivery(source, "b", 1, Normalised(one.normalised.readings, (), unbound or {}))


async def test_traffic_is_counted_by_the_minute(fleet: Fleet, ingest: Ingest, everything: Any) -> None:
    count = TrafficCount()
    for minute, accepted in ((0, 10), (0, 5), (1, 7), (5, 1)):
        count.note(sent(fleet.source), Outcome(accepted, 0, 1, 1), now=NOW + timedelta(minutes=minute))
        await count.flush(ingest)
    columns = "last_seen_at, minute, this_minute, last_minute, readings, set_aside"
    query = f"SELECT {columns} FROM twins_traffic WHERE gateway = %s"
    last = NOW + timedelta(minutes=5)
    row = (last, last.replace(second=0), 1, 0, 23, 4)
    assert everything.execute(query, [fleet.gateway]).fetchall() == [row]
    count.note(sent(fleet.source), Outcome(2, 0, 0, 1), now=NOW + timedelta(minutes=6))
    await count.flush(ingest)
    assert everything.execute(query, [fleet.gateway]).fetchall()[0][2:4] == (2, 1)


async def test_unbound_keys_keep_their_newest_value_and_are_not_endless(
    fleet: Fleet, ingest: Ingest, everything: Any
) -> None:
    count, outcome = TrafficCount(), Outcome(0, 0, 1, 1)
    second = 1_735_689_600_000_000
    count.note(sent(fleet.source, unbound={"a": once(second, 1.0)}), outcome, now=NOW)
    count.note(sent(fleet.source, unbound={"a": once(second - 1, 2.0), "b": once(second, 3.0)}), outcome, now=NOW)
    await count.flush(ingest)
    query = "SELECT key, value FROM twins_unboundkey WHERE gateway = %s ORDER BY key"
    assert everything.execute(query, [fleet.gateway]).fetchall() == [("a", 1.0), ("b", 3.0)]
    count.note(sent(fleet.source, unbound={"a": once(second - 5, 4.0)}), outcome, now=NOW)
    await count.flush(ingest)
    assert everything.execute(query, [fleet.gateway]).fetchall() == [("a", 1.0), ("b", 3.0)]
    for number in range(GLIMPSED):
        count.note(sent(fleet.source, unbound={"b": once(second + number, float(number))}), outcome, now=NOW)
        await count.flush(ingest)
    query_b = query.replace("key, value", "seen, low, high, recent_value, cardinality(recent_at)")
    values = [float(number) for number in range(GLIMPSED)]
    kept = [(3, 1.0, 4.0, [2.0, 1.0, 4.0], 3), (GLIMPSED + 1, 0.0, 31.0, values, GLIMPSED)]
    assert everything.execute(query_b, [fleet.gateway]).fetchall() == kept
    many = {f"k{number}": once(second, 1.0) for number in range(MOST_UNBOUND_KEYS)}
    count.note(sent(fleet.source, unbound=many), outcome, now=NOW)
    await count.flush(ingest)
    assert len(everything.execute(query, [fleet.gateway]).fetchall()) == MOST_UNBOUND_KEYS


async def test_flushing_goes_on_when_redis_is_away(fleet: Fleet, ingest: Ingest, everything: Any) -> None:
    flusher = Flusher(Push("unix:///nowhere"))
    signal = fleet.signals["1/t24"]
    flusher.push.learn({signal: Place(fleet.tenant, fleet.twin, fleet.gateway, "t24")})
    await commit(flusher, ingest, delivery((signal, 0, 1.0), source=fleet.source))
    await flusher.flush()
    assert len(newest(everything, fleet)) == 1
    await flusher.close()


async def test_the_loop_flushes_what_is_noted(fleet: Fleet, flusher: Flusher, ingest: Ingest, everything: Any) -> None:
    flusher.start()
    await commit(flusher, ingest, delivery((1, 0, 1.0), source=fleet.source))
    assert await _becomes(lambda: len(newest(everything, fleet)) == 1)


async def test_closing_waits_for_the_flush_under_way(
    fleet: Fleet, flusher: Flusher, ingest: Ingest, owner: psycopg.Connection[Any], everything: Any
) -> None:
    waiting = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ~ 'latestreading')"
    with owner.transaction():
        owner.execute("LOCK TABLE twins_latestreading IN ACCESS EXCLUSIVE MODE")
        flusher.start()
        await commit(flusher, ingest, delivery((1, 0, 1.0), source=fleet.source))
        assert await _becomes(lambda: everything.execute(waiting).fetchone() == (True,))
        closing = asyncio.create_task(flusher.close())
        await asyncio.sleep(0)
    await closing
    assert len(newest(everything, fleet)) == 1


async def _becomes(is_so: Callable[[], bool]) -> bool:
    for _ in range(500):
        if is_so():
            return True
        await asyncio.sleep(0.01)
    return False
