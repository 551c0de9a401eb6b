"""One commit on the real PostgreSQL: what is stored, what repeats, what is set aside, and all or nothing."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import psycopg
import pytest

from tests.twins.conftest import Fleet, stored
from tests.twins.telemetry.sample import NOW, delivery, readings
from twins.telemetry.connections import connect_ingest
from twins.telemetry.errors import BatchReusedError
from twins.telemetry.group import Result, commit_together
from twins.telemetry.schemas import NO_TIME, Aside, Delivery, Normalised, Outcome

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
T0 = datetime(2025, 1, 1, tzinfo=UTC)
Ingest = psycopg.AsyncConnection[Any]


def second(number: int) -> datetime:
    return T0 + timedelta(seconds=number)


def batches(everything: psycopg.Connection[Any], fleet: Fleet) -> list[tuple[Any, ...]]:
    return everything.execute(
        "SELECT batch, commit, accepted, first_at, last_at FROM twins_batch WHERE tenant_id = %s AND gateway = %s",
        [fleet.tenant, fleet.gateway],
    ).fetchall()


async def commit(ingest: Ingest, *deliveries: Delivery) -> list[Result]:
    return (await commit_together(ingest, deliveries, now=NOW)).results


def aside(*values: float, key: str = "x", at: int = 0, excerpt: str = "") -> Aside:
    count = len(values)
    return Aside(key, "reading.test", "it is so", "Do so.", np.full(count, at), np.array(values, np.float64), excerpt)


async def test_a_batch_is_stored_with_its_commit(fleet: Fleet, ingest: Ingest, everything: Any) -> None:
    first = delivery((1, 0, 1.5), (2, 0, -2.5), source=fleet.source)
    assert await commit(ingest, first) == [Outcome(accepted=2, duplicate=0, set_aside=0, commit=1)]
    assert stored(everything, fleet.tenant) == [(1, T0, 1.5, 0, 1), (2, T0, -2.5, 0, 1)]
    assert batches(everything, fleet) == [("b1", 1, 2, T0, T0)]


async def test_sent_twice_stored_once(fleet: Fleet, ingest: Ingest, everything: Any) -> None:
    first = delivery((1, 0, 1.5), (1, 0, 2.5), source=fleet.source)
    assert await commit(ingest, first, first) == [Outcome(1, 1, 0, 1), Outcome(0, 1, 0, 1)]
    assert await commit(ingest, first) == [Outcome(0, 1, 0, 1)]
    assert stored(everything, fleet.tenant) == [(1, T0, 2.5, 0, 1)]


async def test_another_batch_under_a_used_name_is_refused_and_noted(
    fleet: Fleet, ingest: Ingest, everything: Any, owned: Any
) -> None:
    await commit(ingest, delivery((1, 0, 1.5), source=fleet.source, digest=1))
    other = delivery((1, 1, 9.0), source=fleet.source, digest=2)
    good = delivery((1, 2, 3.0), source=fleet.source, batch="b2")
    refused, accepted = await commit(ingest, other, good)
    assert isinstance(refused, BatchReusedError)
    assert accepted == Outcome(1, 0, 0, 2)
    assert [row[:3] for row in stored(everything, fleet.tenant)] == [(1, T0, 1.5), (1, second(2), 3.0)]
    assert owned("batch, key, code, count") == [("b1", "", "batch.reused", 1)]


async def test_the_last_revision_wins_across_batches_groups_and_months(
    fleet: Fleet, ingest: Ingest, everything: Any
) -> None:
    month = 40 * 86_400
    await commit(ingest, delivery((1, 0, 1.0), (1, month, 2.0), source=fleet.source, batch="a"))
    results = await commit(
        ingest,
        delivery((1, 0, 3.0), (2, 0, 7.0), source=fleet.source, batch="b"),
        delivery((1, 0, 4.0), source=fleet.source, batch="c"),
    )
    assert results == [Outcome(2, 0, 0, 2), Outcome(1, 0, 0, 2)]
    assert stored(everything, fleet.tenant) == [
        (1, T0, 4.0, 0, 2),
        (1, second(month), 2.0, 0, 1),
        (2, T0, 7.0, 0, 2),
    ]


async def test_a_reading_that_comes_again_unchanged_keeps_its_commit(
    fleet: Fleet, ingest: Ingest, everything: Any
) -> None:
    await commit(ingest, delivery((1, 0, 1.0), source=fleet.source, batch="a"))
    assert await commit(ingest, delivery((1, 0, 1.0), source=fleet.source, batch="b")) == [Outcome(1, 0, 0, 2)]
    assert stored(everything, fleet.tenant) == [(1, T0, 1.0, 0, 1)]


async def test_tenants_count_their_own_commits(
    fleet: Fleet, their_fleet: Fleet, ingest: Ingest, everything: Any
) -> None:
    ours, theirs = delivery((1, 0, 1.0), source=fleet.source), delivery((2, 0, 2.0), source=their_fleet.source)
    assert await commit(ingest, ours) == [Outcome(1, 0, 0, 1)]
    again = delivery((1, 1, 1.0), source=fleet.source, batch="b2")
    assert await commit(ingest, theirs, again) == [Outcome(1, 0, 0, 1), Outcome(1, 0, 0, 2)]
    assert stored(everything, their_fleet.tenant) == [(2, T0, 2.0, 0, 1)]
    assert len(stored(everything, fleet.tenant)) == 2


async def test_what_is_set_aside_is_kept_with_its_reason(fleet: Fleet, ingest: Ingest, owned: Any) -> None:
    asides = (
        aside(1.5, float("nan"), float("inf"), key="a", at=1_735_689_600_000_000),
        aside(float("nan"), key="b\u2028'\\", at=NO_TIME, excerpt='{"x": "\t"}'),
        aside(key="", excerpt=""),
    )
    broken = Delivery(fleet.source, "b1", 1, Normalised(readings(), asides))
    assert await commit(ingest, broken) == [Outcome(0, 0, 5, 1)]
    assert owned("key, code, message, fix, excerpt, count, at, value, received_at") == [
        ("a", "reading.test", "it is so", "Do so.", "", 3, [T0, T0, T0], [1.5, None, None], NOW),
        ("b\u2028'\\", "reading.test", "it is so", "Do so.", '{"x": "\t"}', 1, [None], [None], NOW),
        ("", "reading.test", "it is so", "Do so.", "", 1, [], [], NOW),
    ]
    assert await commit(ingest, broken) == [Outcome(0, 0, 5, 1)]
    assert len(owned("id")) == 3


async def test_a_message_without_a_batch_leaves_only_what_was_set_aside(
    fleet: Fleet, ingest: Ingest, everything: Any, owned: Any
) -> None:
    nameless = Delivery(fleet.source, "", 0, Normalised(readings(), (aside(),)))
    assert await commit(ingest, nameless, nameless) == [Outcome(0, 0, 1, 1), Outcome(0, 0, 1, 1)]
    assert batches(everything, fleet) == []
    assert owned("batch, count") == [("", 1), ("", 1)]


async def test_all_or_nothing(fleet: Fleet, ingest: Ingest, everything: Any, owned: Any) -> None:
    good = delivery((1, 0, 1.0), source=fleet.source, batch="good")
    too_long = Delivery(fleet.source, "bad", 1, Normalised(readings((1, 1, 2.0)), (aside(1.0, excerpt="x" * 501),)))
    with pytest.raises(psycopg.errors.StringDataRightTruncation):
        await commit(ingest, good, too_long)
    assert stored(everything, fleet.tenant) == []
    assert batches(everything, fleet) == []
    assert owned("id") == []
    assert await commit(ingest, good) == [Outcome(1, 0, 0, 1)]


async def test_two_writers_store_a_batch_once(fleet: Fleet, ingest: Ingest, everything: Any) -> None:
    other = await connect_ingest(statement_seconds=10)
    try:
        for number in range(10):
            one = delivery((1, number, 1.0), source=fleet.source, batch=f"b{number}")
            results = await asyncio.gather(commit(ingest, one), commit(other, one))
            assert sorted(result.accepted for (result,) in results if isinstance(result, Outcome)) == [0, 1]
    finally:
        await other.close()
    assert len(stored(everything, fleet.tenant)) == 10
