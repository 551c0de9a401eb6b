"""The writer: groups what waits, tells each sender, survives senders that go and a database that goes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest
from django.conf import settings

from tests.twins.conftest import Fleet, stored
from tests.twins.telemetry.sample import delivery
from twins.telemetry import commit, turns
from twins.telemetry.commit import Writer
from twins.telemetry.errors import BatchReusedError, BusyError, UnavailableError
from twins.telemetry.schemas import Delivery, Outcome

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


@pytest.fixture
async def writer(transactional_db: None) -> AsyncIterator[Writer]:
    """A writer at work."""
    made = Writer(settings.REDIS_URL)
    await made.start()
    yield made
    await made.stop()


def one(fleet: Fleet, number: int, *, digest: int = 1) -> Delivery:
    return delivery((1, number, float(number)), source=fleet.source, batch=f"b{number}", digest=digest)


async def test_what_comes_together_is_committed_together(fleet: Fleet, writer: Writer, everything: Any) -> None:
    outcomes = await asyncio.gather(*(writer.submit(one(fleet, number)) for number in range(50)))
    assert {outcome.accepted for outcome in outcomes} == {1}
    assert len({outcome.commit for outcome in outcomes}) == 1
    assert len(stored(everything, fleet.tenant)) == 50


async def test_where_several_came_at_once_more_is_waited_for(
    fleet: Fleet, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit, "GATHER_SECONDS", 0.2)
    assert (await writer.submit(one(fleet, 1))).commit == 1
    assert (await writer.submit(one(fleet, 2))).commit == 2  # who sends alone waits for nobody
    await asyncio.gather(*(writer.submit(one(fleet, number)) for number in (3, 4)))
    first = writer.submit(one(fleet, 5))
    await asyncio.to_thread(lambda: None)  # the loop has gone round, and the lane has seen it
    outcomes = await asyncio.gather(first, *(writer.submit(one(fleet, number)) for number in (6, 7)))
    assert [outcome.commit for outcome in outcomes] == [4, 4, 4]


async def test_what_is_enough_for_a_commit_waits_for_nothing(
    fleet: Fleet, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit, "GATHER_SECONDS", 3600.0)
    monkeypatch.setattr(commit, "ENOUGH", 1)
    await asyncio.gather(*(writer.submit(one(fleet, number)) for number in (1, 2)))
    assert (await writer.submit(one(fleet, 3))).commit == 2


async def test_a_group_has_a_largest_size(
    fleet: Fleet, writer: Writer, monkeypatch: pytest.MonkeyPatch, everything: Any
) -> None:
    monkeypatch.setattr(commit, "LARGEST_GROUP", 10)
    outcomes = await asyncio.gather(*(writer.submit(one(fleet, number)) for number in range(25)))
    assert [sum(outcome.commit == number for outcome in outcomes) for number in (1, 2, 3)] == [10, 10, 5]


async def test_each_sender_is_told_its_own(fleet: Fleet, writer: Writer) -> None:
    await writer.submit(one(fleet, 1))
    told = await asyncio.gather(
        writer.submit(one(fleet, 1)), writer.submit(one(fleet, 1, digest=2)), writer.submit(one(fleet, 2)),
        return_exceptions=True,
    )  # fmt: skip
    assert told[0] == Outcome(0, 1, 0, 1)
    assert isinstance(told[1], BatchReusedError)
    assert told[2] == Outcome(1, 0, 0, 2)


async def test_a_tenant_that_waits_holds_up_no_other(
    fleet: Fleet, their_fleet: Fleet, writer: Writer, everything: Any
) -> None:
    await writer.submit(one(fleet, 1))
    with everything.transaction():
        everything.execute("SELECT FROM twins_commitcount WHERE tenant_id = %s FOR UPDATE", [fleet.tenant])
        waiting = [writer.submit(one(fleet, number)) for number in (2, 3)]
        for number in range(5):
            assert await writer.submit(one(their_fleet, number)) == Outcome(1, 0, 0, number + 1)
        assert not any(future.done() for future in waiting)
    assert [outcome.accepted for outcome in await asyncio.gather(*waiting)] == [1, 1]


async def test_a_sender_that_has_gone_does_not_end_the_writer(fleet: Fleet, writer: Writer, everything: Any) -> None:
    futures = [writer.submit(one(fleet, number)) for number in range(5)]
    futures[0].cancel()
    futures[3].cancel()
    await asyncio.gather(*(futures[number] for number in (1, 2, 4)))
    assert await writer.submit(one(fleet, 9)) == Outcome(1, 0, 0, 2)
    assert len(stored(everything, fleet.tenant)) == 6


async def test_more_than_there_is_room_for_is_refused(
    fleet: Fleet, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit, "MOST_WAITING", 5)
    futures = [writer.submit(one(fleet, number)) for number in range(3)]
    with pytest.raises(BusyError) as caught:
        writer.submit(one(fleet, 4))
    assert (caught.value.code, caught.value.status) == ("ingest.busy", 429)
    await asyncio.gather(*futures)
    assert (await writer.submit(one(fleet, 4))).accepted == 1
    monkeypatch.setattr(commit, "MOST_WAITING_BATCHES", 0)
    with pytest.raises(BusyError):
        writer.submit(one(fleet, 5))


async def test_what_a_tenant_has_too_much_of_waits_behind_its_own(
    fleet: Fleet, their_fleet: Fleet, monkeypatch: pytest.MonkeyPatch, everything: Any
) -> None:
    monkeypatch.setattr(commit, "LANES", 1)
    monkeypatch.setattr(commit, "LARGEST_GROUP", 2000)
    monkeypatch.setattr(commit, "MOST_WAITING", 101_000)
    monkeypatch.setattr(turns, "QUANTUM", 500)
    writer = Writer(settings.REDIS_URL)
    await writer.start()
    flood = [writer.submit(_large(fleet, number)) for number in range(101)]
    with pytest.raises(BusyError):
        writer.submit(_large(fleet, 999))
    theirs = [writer.submit(one(their_fleet, number)) for number in range(50)]
    assert {outcome.commit for outcome in await asyncio.gather(*theirs)} == {1}
    assert sum(future.done() for future in flood) <= 4  # of the first group, and of the one that they were in
    await asyncio.gather(*flood)
    await writer.stop()


def _large(fleet: Fleet, number: int) -> Delivery:
    """A batch of 500 readings."""
    return delivery(*((1, 500 * number + n, 1.0) for n in range(500)), source=fleet.source, batch=f"large{number}")


async def test_one_bad_delivery_does_not_harm_the_others(fleet: Fleet, writer: Writer, everything: Any) -> None:
    bad = delivery((1, 5, 5.0), source=fleet.source, batch="NUL \x00")
    told = await asyncio.gather(
        writer.submit(one(fleet, 1)), writer.submit(bad), writer.submit(one(fleet, 2)), return_exceptions=True
    )
    assert isinstance(told[1], UnavailableError)
    assert [type(each) for each in told] == [Outcome, UnavailableError, Outcome]
    assert [row[2] for row in stored(everything, fleet.tenant)] == [1.0, 2.0]


async def test_a_lost_connection_costs_an_answer_and_no_reading(
    fleet: Fleet, writer: Writer, owner: psycopg.Connection[Any], everything: Any
) -> None:
    await writer.submit(one(fleet, 1))
    _cut_off(owner)
    told = await asyncio.gather(writer.submit(one(fleet, 2)), return_exceptions=True)
    assert isinstance(told[0], UnavailableError)
    assert told[0].status == 503
    assert (await writer.submit(one(fleet, 2))).accepted == 1
    assert [row[2] for row in stored(everything, fleet.tenant)] == [1.0, 2.0]


def _cut_off(owner: psycopg.Connection[Any]) -> None:
    """End the connections of writers, and wait until they are gone."""
    owner.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE application_name = 'outturn-ingest' AND datname = current_database()"
    )


async def test_stopping_commits_what_waits_and_takes_nothing_more(fleet: Fleet, everything: Any) -> None:
    writer = Writer(settings.REDIS_URL)
    await writer.start()
    futures = [writer.submit(one(fleet, number)) for number in range(20)]
    stopping = asyncio.create_task(writer.stop())
    await asyncio.sleep(0)
    with pytest.raises(UnavailableError, match="stopping"):
        writer.submit(one(fleet, 99))
    await stopping
    assert [future.result().accepted for future in futures] == [1] * 20
    assert len(stored(everything, fleet.tenant)) == 20
    latest = everything.execute("SELECT value FROM twins_latestreading WHERE tenant_id = %s", [fleet.tenant])
    assert latest.fetchall() == [(19.0,)]


async def test_without_a_database_everything_is_refused_until_there_is_one(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, everything: Any
) -> None:
    monkeypatch.setitem(settings.INGEST_DATABASE, "HOST", "/nowhere")
    writer = Writer(settings.REDIS_URL)
    await writer.start()
    told = await asyncio.gather(writer.submit(one(fleet, 1)), return_exceptions=True)
    assert isinstance(told[0], UnavailableError)
    monkeypatch.undo()
    assert (await writer.submit(one(fleet, 1))).accepted == 1
    await writer.stop()
