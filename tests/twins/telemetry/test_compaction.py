"""Readings move from the log into chunks and rollups, and stay what they are."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest

from tenants.scope.context import scope
from tests.processes import environment, kill, start
from tests.twins.conftest import Fleet, stored
from tests.twins.telemetry.sample import NOW, delivery
from tests.twins.telemetry.test_group import commit
from twins.telemetry import compaction, rolling
from twins.telemetry.compaction import compact
from twins.telemetry.erasing import erase_readings
from twins.telemetry.instants import micros, moment
from twins.telemetry.rolling import roll
from twins.telemetry.rollups import by_day, roll_up, rollups
from twins.telemetry.selectors import commit_count, new_readings, readings
from twins.telemetry.series import Grain, Rollups, Series
from twins.telemetry.threads import in_thread

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
Everything = psycopg.Connection[Any]
T0 = datetime(2025, 1, 1, tzinfo=UTC)
HOUR, DAY = 3600, 86_400
FIRST, LAST = T0 - timedelta(days=400), T0 + timedelta(days=400)


def chunks(everything: Everything, fleet: Fleet) -> list[tuple[Any, ...]]:
    return everything.execute(
        "SELECT signal, start, span, count, low, high, sum, last, commit FROM twins_chunk WHERE tenant_id = %s "
        "ORDER BY signal, start",
        [fleet.tenant],
    ).fetchall()


def rows_in_log(everything: Everything, fleet: Fleet) -> int:
    counted = everything.execute("SELECT count(*) FROM twins_readinglog WHERE tenant_id = %s", [fleet.tenant])
    return int(counted.fetchall()[0][0])


async def test_the_log_becomes_chunks(fleet: Fleet, ingest: Any, everything: Everything) -> None:
    await commit(ingest, delivery((1, 0, 1.0), (1, 5, 3.0), (2, 40 * DAY, 7.0), source=fleet.source, batch="a"))
    await commit(ingest, delivery((1, 5, 2.0), source=fleet.source, batch="b"))
    before = stored(everything, fleet.tenant)
    assert await asyncio.to_thread(compact, fleet.tenant) == compaction.Compacted(rows=2, readings=4, chunks=2)
    assert rows_in_log(everything, fleet) == 0
    assert chunks(everything, fleet) == [
        (1, T0, 3, 2, 1.0, 2.0, 3.0, 2.0, 2),
        (2, datetime(2025, 2, 1, tzinfo=UTC), 3, 1, 7.0, 7.0, 7.0, 7.0, 1),
    ]
    assert stored(everything, fleet.tenant) == before
    assert await asyncio.to_thread(compact, fleet.tenant) == compaction.Compacted()


async def test_a_batch_that_comes_again_after_its_hour_was_compacted_is_one(
    fleet: Fleet, ingest: Any, everything: Everything
) -> None:
    for name in ("a", "a", "b"):
        await commit(ingest, delivery((1, 0, 1.0), (1, 5, 3.0), source=fleet.source, batch=name))
        await asyncio.to_thread(compact, fleet.tenant)
    assert stored(everything, fleet.tenant) == [
        (1, T0, 1.0, 0, 1),
        (1, T0 + timedelta(seconds=5), 3.0, 0, 1),
    ]


async def test_a_signal_that_sends_much_gets_a_chunk_an_hour(fleet: Fleet, ingest: Any, everything: Everything) -> None:
    dense = [(1, 10 * second, 1.0) for second in range(3 * 360 * 8)]
    for number in range(0, len(dense), 1500):
        await commit(ingest, delivery(*dense[number : number + 1500], source=fleet.source, batch=str(number)))
        await asyncio.to_thread(compact, fleet.tenant)
    found = chunks(everything, fleet)
    assert {row[2] for row in found} == {1}
    assert [row[3] for row in found] == [360] * 24
    late = delivery((1, 7 * HOUR + 1, 5.0), (1, -3 * DAY, 6.0), (1, 2 * DAY, 7.0), source=fleet.source, batch="late")
    await commit(ingest, late)
    await asyncio.to_thread(compact, fleet.tenant)
    sizes = {(row[1] - T0, row[2]): row[3] for row in chunks(everything, fleet)}
    assert len(sizes) == 26
    assert sizes[timedelta(hours=7), 1] == 361
    assert sizes[timedelta(days=-31), 3] == sizes[timedelta(days=2), 2] == 1
    assert len(stored(everything, fleet.tenant)) == len(dense) + 3


@pytest.mark.parametrize("seed", [1, 2])
async def test_whatever_comes_in_whatever_order_is_what_a_dictionary_holds(
    fleet: Fleet, ingest: Any, everything: Everything, seed: int
) -> None:
    chance = random.Random(seed)
    known: dict[tuple[int, int], tuple[float, int]] = {}
    for number in range(1, 13):
        around = chance.choice([0, 0, 0, -40 * DAY, 35 * DAY, 3 * HOUR])
        sent = [
            (chance.choice([1, 2]), around + chance.randrange(0, 2 * DAY, 30), float(chance.randrange(5)))
            for _ in range(chance.choice([3, 400, 2500]))
        ]
        await commit(ingest, delivery(*sent, source=fleet.source, batch=f"b{number}"))
        for signal, second, value in sent:
            if known.get((signal, second), (None,))[0] != value:
                known[signal, second] = (value, number)
        if chance.random() < 0.6:
            await asyncio.to_thread(compact, fleet.tenant)
        if chance.random() < 0.4:
            await asyncio.to_thread(roll, fleet.tenant, now=NOW)
        assert stored(everything, fleet.tenant) == [
            (signal, T0 + timedelta(seconds=second), value, 0, commit)
            for (signal, second), (value, commit) in sorted(known.items())
        ]
        keys = {(signal, second) for signal, second, _ in sent}
        await in_thread(lambda: _check_selectors(fleet, known, keys, number))  # noqa: B023


def _check_selectors(
    fleet: Fleet, known: dict[tuple[int, int], tuple[float, int]], sent: set[tuple[int, int]], commits: int
) -> None:
    with scope(fleet.tenant):
        assert commit_count() == commits
        new = new_readings(commits - 1, commits)
        found = readings([1, 2, 3], FIRST, LAST)
        rolled = {grain: rollups([1, 2, 3], grain, FIRST, LAST) for grain in Grain}
        low, high = T0 + timedelta(hours=5), T0 + timedelta(hours=30)
        part = readings([1], low, high)[1]
    seconds = ((new.at - micros(T0)) // 1_000_000).tolist()
    told = set(zip(new.signal.tolist(), seconds, new.value.tolist(), strict=True))
    assert told >= {(*key, value) for key, (value, commit) in known.items() if commit == commits}
    assert told <= {(*key, known[key][0]) for key in sent}
    for signal in (1, 2, 3):
        expected = _series(known, signal)
        assert found[signal].at.tolist() == expected.at.tolist()
        assert found[signal].value.tolist() == expected.value.tolist()
        hours = roll_up(expected, Grain.HOUR)
        _same(rolled[Grain.MINUTE][signal], roll_up(expected, Grain.MINUTE))
        _same(rolled[Grain.HOUR][signal], hours)
        _same(rolled[Grain.DAY][signal], by_day(hours))
    inside = [at for at in _series(known, 1).at.tolist() if micros(low) <= at < micros(high)]
    assert part.at.tolist() == inside


def _series(known: dict[tuple[int, int], tuple[float, int]], signal: int) -> Series:
    rows = sorted((second, value) for (of, second), (value, _) in known.items() if of == signal)
    at = np.array([micros(T0) + second * 1_000_000 for second, _ in rows], np.int64)
    return Series(at, np.array([value for _, value in rows], np.float64), np.zeros(len(rows), np.int16))


def _same(one: Rollups, other: Rollups) -> None:
    for name in ("start", "count", "used", "low", "high", "sum", "last", "doubtful"):
        assert getattr(one, name).tolist() == getattr(other, name).tolist(), name


async def test_rollups_of_part_of_the_time(fleet: Fleet, ingest: Any) -> None:
    await commit(ingest, delivery(*((1, number * HOUR, float(number)) for number in range(60)), source=fleet.source))
    await asyncio.to_thread(compact, fleet.tenant)
    assert await asyncio.to_thread(roll, fleet.tenant, now=NOW) == 1

    def read() -> tuple[Rollups, Rollups]:
        with scope(fleet.tenant):
            start = T0 + timedelta(hours=2, minutes=1)
            hours = rollups([1], Grain.HOUR, start, start + timedelta(hours=3))
            days = rollups([1], Grain.DAY, T0, T0 + timedelta(days=2))
        return hours[1], days[1]

    hours, days = await in_thread(read)
    assert [moment(one) for one in hours.start.tolist()] == [T0 + timedelta(hours=number) for number in (3, 4, 5)]
    assert days.count.tolist() == [24, 24]
    assert days.low.tolist() == [0.0, 24.0]
    assert days.last.tolist() == [23.0, 47.0]
    assert days.sum.tolist() == [sum(range(24)), sum(range(24, 48))]


async def test_an_hour_that_goes_on_is_not_rolled_up(fleet: Fleet, ingest: Any, everything: Everything) -> None:
    await commit(ingest, delivery((1, 0, 1.0), source=fleet.source))
    await asyncio.to_thread(compact, fleet.tenant)
    settled = datetime(2025, 2, 1, tzinfo=UTC) + rolling.SETTLED
    assert await asyncio.to_thread(roll, fleet.tenant, now=settled - timedelta(microseconds=1)) == 0
    assert await asyncio.to_thread(roll, fleet.tenant, now=settled) == 1
    assert await asyncio.to_thread(roll, fleet.tenant, now=settled) == 0


async def test_what_is_due_is_found(fleet: Fleet, their_fleet: Fleet, ingest: Any) -> None:
    await commit(ingest, delivery((1, 0, 1.0), source=fleet.source))
    assert fleet.tenant not in await asyncio.to_thread(compaction.due, now=NOW + compaction.OLDEST)
    later = NOW + compaction.OLDEST + timedelta(microseconds=1)
    assert fleet.tenant in await asyncio.to_thread(compaction.due, now=later)
    assert their_fleet.tenant not in await asyncio.to_thread(compaction.due, now=later)
    await asyncio.to_thread(compact, fleet.tenant)
    assert fleet.tenant not in await asyncio.to_thread(compaction.due, now=later)
    assert fleet.tenant in await asyncio.to_thread(rolling.due, now=NOW)


async def test_another_tenant_is_left_alone(
    fleet: Fleet, their_fleet: Fleet, ingest: Any, everything: Everything
) -> None:
    await commit(ingest, delivery((1, 0, 1.0), source=fleet.source), delivery((2, 0, 2.0), source=their_fleet.source))
    await asyncio.to_thread(compact, fleet.tenant)
    assert rows_in_log(everything, their_fleet) == 1
    assert chunks(everything, their_fleet) == []


async def test_two_compact_at_once(fleet: Fleet, ingest: Any, everything: Everything) -> None:
    await commit(ingest, delivery(*((1, number, 1.0) for number in range(3000)), source=fleet.source))
    done = await asyncio.gather(*(asyncio.to_thread(compact, fleet.tenant) for _ in range(3)))
    assert sum(one.readings for one in done) == 3000
    assert len(stored(everything, fleet.tenant)) == 3000


async def test_a_compaction_that_is_killed_leaves_everything_as_it_was(
    fleet: Fleet, ingest: Any, everything: Everything, owner: Everything, tmp_path: Path
) -> None:
    await commit(ingest, delivery((1, 0, 1.0), (1, 5, 2.0), source=fleet.source))
    before = stored(everything, fleet.tenant)
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ~ 'twins_compaction'"
    program = (
        "import django, uuid; django.setup(); from twins.telemetry.compaction import compact; "
        f"compact(uuid.UUID('{fleet.tenant}'))"
    )
    with owner.transaction():
        owner.execute("LOCK TABLE twins_compaction IN ACCESS EXCLUSIVE MODE")
        process = start(["-c", program], tmp_path / "log", env=environment())
        for _ in range(1500):
            if everything.execute(waiting).fetchone() == (1,):
                break
            await asyncio.sleep(0.01)
        assert everything.execute(waiting).fetchone() == (1,)
        kill(process)
    assert rows_in_log(everything, fleet) == 1
    assert chunks(everything, fleet) == []
    await asyncio.to_thread(compact, fleet.tenant, wait=True)
    assert stored(everything, fleet.tenant) == before
    assert rows_in_log(everything, fleet) == 0


async def test_the_readings_of_a_twin_are_erased_and_those_of_others_stay(
    fleet: Fleet, ingest: Any, everything: Everything
) -> None:
    own = next(iter(fleet.signals.values()))
    await commit(ingest, delivery((own, 0, 640.0), (own, 5, 641.0), source=fleet.source, batch="a"))
    await asyncio.to_thread(compact, fleet.tenant)
    await asyncio.to_thread(roll, fleet.tenant, now=NOW)
    await commit(ingest, delivery((own, 9, 640.0), (10**9, 0, 1.0), source=fleet.source, batch="b"))
    assert await in_thread(lambda: erase_readings(fleet.tenant, fleet.twin)) == 4  # with its newest reading
    assert stored(everything, fleet.tenant) == [(10**9, T0, 1.0, 0, 2)]
    left = everything.execute("SELECT count(*) FROM twins_rollup WHERE tenant_id = %s", [fleet.tenant])
    assert left.fetchone() == (0,)
