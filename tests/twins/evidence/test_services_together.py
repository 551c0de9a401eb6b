"""Two who do the same at the same moment: it is done once, and both are told the same."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar
from uuid import UUID

import pytest
from django.db import connection

from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.twins.evidence.fleet import OCTOBER, SEPTEMBER, day, fly, published_fleet, schedule
from twins.evidence.models import AssetEvent, EvidenceSegment
from twins.evidence.schemas import NewEvent
from twins.evidence.services import EventConflictError, record_events, seal_evidence

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
T = TypeVar("T")


def both(tenant: Tenant, *works: Callable[[], T]) -> list[T]:
    """What each work gives, all of them begun at once, each in a transaction of its own."""
    start = Barrier(len(works))

    def run(work: Callable[[], T]) -> T:
        try:
            start.wait()
            with scope(tenant.id):
                return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as threads:
        return list(threads.map(run, works))


@pytest.fixture
def fleet(tenant: Tenant) -> tuple[UUID, list[UUID]]:
    with scope(tenant.id):
        return published_fleet(3)


def test_the_same_events_sent_twice_at_once(tenant: Tenant, fleet: tuple[UUID, list[UUID]]) -> None:
    sent = [NewEvent(engine, "failed", day(3), "shop", str(engine)) for engine in fleet[1]]

    def work() -> list[tuple[UUID, bool]]:
        return [(each.event.id, each.is_new) for each in record_events(events=sent, now=OCTOBER)]

    first, second = both(tenant, work, work)
    assert [event for event, _ in first] == [event for event, _ in second]
    assert [one != other for (_, one), (_, other) in zip(first, second, strict=True)] == [True] * 3
    with scope(tenant.id):
        assert AssetEvent.objects.count() == 3


def test_two_events_under_one_name_at_once(tenant: Tenant, fleet: tuple[UUID, list[UUID]]) -> None:
    def work(kind: str) -> Callable[[], str]:
        event = NewEvent(fleet[1][0], kind, day(3), "shop", "1")

        def record() -> str:
            try:
                return record_events(events=[event], now=OCTOBER)[0].event.kind
            except EventConflictError:
                return "conflict"

        return record

    told = both(tenant, work("failed"), work("retired"))
    with scope(tenant.id):
        assert sorted(told) == sorted([AssetEvent.objects.get().kind, "conflict"])


def test_a_span_sealed_twice_at_once(tenant: Tenant, fleet: tuple[UUID, list[UUID]]) -> None:
    twin, engines = fleet
    with scope(tenant.id):
        fly([(engine, at) for engine in engines for at in schedule(*SEPTEMBER)], received=OCTOBER)

    def work() -> list[tuple[str, int]]:
        sealed = seal_evidence(twin=twin, start=SEPTEMBER[0], end=SEPTEMBER[1], now=OCTOBER)
        return [(segment.digest, segment.revision) for segment in sealed]

    first, second = both(tenant, work, work)
    assert first == second
    with scope(tenant.id):
        assert EvidenceSegment.objects.count() == 3
