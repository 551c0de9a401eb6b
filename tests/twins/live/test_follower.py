"""The process that runs the steps, from within: what wakes it, and that nothing holds up anything else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.conf import settings

from tenants.kernel.clock import utc_now
from tenants.scope.context import required_tenant, scope
from tests.twins.conftest import Fleet
from tests.twins.gateways.plant import wait_for
from tests.twins.live.steps import FAILING, NOTING
from tests.twins.telemetry.sample import delivery
from twins.live import follower
from twins.live.follower import Follower
from twins.live.following import News, Step
from twins.live.models import Watermark
from twins.telemetry.flush import Flusher
from twins.telemetry.group import commit_together
from twins.telemetry.push import Push

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
Ingest = psycopg.AsyncConnection[Any]


class Counting:
    """A step that counts the readings of each tenant, in the order it was shown them."""

    name = "counting"

    def __init__(self, wanted_after: timedelta | None = None) -> None:
        self.seen: list[tuple[UUID, int]] = []
        self.ticks = 0
        self._wanted_after = wanted_after

    def __repr__(self) -> str:
        return f"Counting({self.seen}, ticks={self.ticks})"

    def follow(self, news: News, *, now: datetime) -> None:
        self.seen.append((required_tenant(), news.readings.size))

    def tick(self, *, now: datetime) -> datetime | None:
        self.ticks += 1
        return None if self._wanted_after is None or self.ticks > 1 else now + self._wanted_after

    def total(self, fleet: Fleet) -> int:
        return sum(size for tenant, size in list(self.seen) if tenant == fleet.tenant)


@asynccontextmanager
async def running(*steps: Step) -> AsyncIterator[Follower]:
    stop, made = asyncio.Event(), Follower(settings.REDIS_URL, steps)
    task = asyncio.create_task(made.run(stop))
    try:
        yield made
    finally:
        stop.set()
        await task


async def commit(ingest: Ingest, fleet: Fleet, seconds: Sequence[int], flusher: Flusher | None = None) -> None:
    for second in seconds:
        one = delivery((1, second, 1.0), source=fleet.source, batch=f"b{second}")
        committed = await commit_together(ingest, [one], now=utc_now())
        if flusher is not None:
            flusher.note([one], committed, utc_now())
            await flusher.flush()


async def becomes(is_so: Callable[[], Any]) -> None:
    """Wait until it is so; asked in a thread, so that it may ask the database."""
    await sync_to_async(wait_for)(is_so)


async def test_who_is_told_of_a_commit_need_not_look(
    fleet: Fleet, ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "SWEEP_SECONDS", 3600.0)
    step, flusher = Counting(), Flusher(Push(settings.REDIS_URL))
    async with running(step) as made:
        await becomes(lambda: made.is_listening)
        await commit(ingest, fleet, range(3), flusher)
        await becomes(lambda: step.total(fleet) == 3)
    await flusher.close()
    assert {tenant for tenant, _ in step.seen} == {fleet.tenant}
    assert step.total(fleet) == 3


async def test_without_redis_it_looks_by_itself(fleet: Fleet, ingest: Ingest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower, "SWEEP_SECONDS", 0.05)
    step, stop = Counting(), asyncio.Event()
    task = asyncio.create_task(Follower("unix:///nowhere", [step]).run(stop))
    await commit(ingest, fleet, range(3))
    await becomes(lambda: step.total(fleet) == 3)
    stop.set()
    await task
    assert step.total(fleet) == 3


async def test_a_step_that_fails_holds_up_neither_another_step_nor_another_tenant(
    fleet: Fleet, their_fleet: Fleet, ingest: Ingest, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(follower, "SWEEP_SECONDS", 0.05)
    monkeypatch.setattr(follower, "_RETRY_SECONDS", 0.05)
    step = Counting()
    async with running(FAILING, step):
        await commit(ingest, fleet, range(3))
        await commit(ingest, their_fleet, range(2))
        await becomes(lambda: step.total(fleet) == 3 and step.total(their_fleet) == 2)
        told = f"step failing of tenant {fleet.tenant} failed 3 times, again in 0 s: a bug of this step"
        await becomes(lambda: told in caplog.text)
    assert (step.total(fleet), step.total(their_fleet)) == (3, 2)


async def test_a_backlog_of_one_tenant_does_not_hold_up_another(
    fleet: Fleet, their_fleet: Fleet, ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    await commit(ingest, fleet, range(40))
    await commit(ingest, their_fleet, [1])
    monkeypatch.setattr(follower, "WORKERS", 1)
    monkeypatch.setattr(follower, "_FIRST_COMMITS", 1)
    monkeypatch.setattr(follower, "_MOST_COMMITS", 1)
    step = Counting()
    async with running(step):
        await becomes(lambda: step.total(fleet) == 40)
    assert len(step.seen) == 41
    assert their_fleet.tenant in [tenant for tenant, _ in step.seen[:3]]


async def test_two_processes_share_the_work(
    fleet: Fleet, ingest: Ingest, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(follower, "SWEEP_SECONDS", 0.05)
    monkeypatch.setattr(follower, "_BUSY_SECONDS", 0.05)
    monkeypatch.setattr(follower, "_FIRST_COMMITS", 1)
    async with running(NOTING), running(NOTING):
        await commit(ingest, fleet, range(30))
        await becomes(lambda: _noted(fleet) == 30)
    assert "failed" not in caplog.text


async def test_time_calls_a_step_again(fleet: Fleet, ingest: Ingest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower, "SWEEP_SECONDS", 0.2)
    step = Counting(wanted_after=timedelta(seconds=0.1))
    await commit(ingest, fleet, [1])
    async with running(step):
        await becomes(lambda: step.ticks == 2)
    assert (step.seen, step.ticks) == ([(fleet.tenant, 1)], 2)


def _noted(fleet: Fleet) -> int:
    with scope(fleet.tenant):
        return Watermark.objects.filter(step__contains=".").count()
