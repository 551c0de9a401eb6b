"""What follows the readings: each commit once, in order, whatever is killed."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from asgiref.sync import async_to_sync

from tenants.scope.context import scope
from tests.processes import environment, kill, start
from tests.twins.conftest import Fleet
from tests.twins.gateways.plant import wait_for
from tests.twins.live.steps import NOTING
from tests.twins.telemetry.sample import delivery
from twins.live.following import News, call_step, follow_once
from twins.live.models import Watermark
from twins.telemetry.connections import connect_ingest
from twins.telemetry.group import commit_together
from twins.telemetry.selectors import commit_count

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
NOW = datetime(2026, 1, 15, 8, tzinfo=UTC)


@async_to_sync
async def commit(fleet: Fleet, *batches: list[tuple[int, int, float]], first: int = 0) -> None:
    connection = await connect_ingest(statement_seconds=10)
    async with connection:
        for number, rows in enumerate(batches, first):
            one = delivery(*rows, source=fleet.source, batch=f"b{number}")
            await commit_together(connection, [one], now=NOW)


class Remembering:
    """A step that keeps what it was shown."""

    name = "remembering"

    def __init__(self, wanted_at: datetime | None = None) -> None:
        self.news: list[News] = []
        self.ticks: list[datetime] = []
        self.wanted_at = wanted_at

    def follow(self, news: News, *, now: datetime) -> None:
        self.news.append(news)

    def tick(self, *, now: datetime) -> datetime | None:
        self.ticks.append(now)
        return self.wanted_at


def test_a_step_sees_each_commit_once_in_pieces_and_in_order(fleet: Fleet) -> None:
    commit(fleet, [(1, 5, 0.5), (1, 6, 0.6)], [(2, 1, 0.1)], [(1, 4, 0.4)])
    step = Remembering()
    first = follow_once(fleet.tenant, step, commits=2, now=NOW)
    second = follow_once(fleet.tenant, step, commits=2, now=NOW)
    third = follow_once(fleet.tenant, step, commits=2, now=NOW)
    assert [(one.readings, one.has_more) for one in (first, second, third)] == [(3, True), (1, False), (0, False)]
    assert [(news.after, news.upto, news.readings.value.tolist()) for news in step.news] == [
        (0, 2, [0.5, 0.6, 0.1]),
        (2, 3, [0.4]),
    ]


def test_time_calls_a_step_when_it_wants_it(fleet: Fleet) -> None:
    step = Remembering(wanted_at=NOW + timedelta(seconds=30))
    times = [NOW, NOW + timedelta(seconds=29), NOW + timedelta(seconds=30)]
    told = [follow_once(fleet.tenant, step, commits=1, now=now).wanted_at for now in times]
    assert step.ticks == [times[0], times[2]]
    assert told == [NOW + timedelta(seconds=30)] * 3
    assert step.news == []


def test_a_step_can_be_called_though_nothing_is_new(fleet: Fleet) -> None:
    step = Remembering()
    follow_once(fleet.tenant, step, commits=1, now=NOW)
    with scope(fleet.tenant):
        call_step("remembering", at=NOW + timedelta(seconds=5))
        call_step("remembering", at=NOW + timedelta(seconds=9))
        call_step("never met", at=NOW)
    assert follow_once(fleet.tenant, step, commits=1, now=NOW + timedelta(seconds=4)).wanted_at == NOW + timedelta(
        seconds=5
    )
    follow_once(fleet.tenant, step, commits=1, now=NOW + timedelta(seconds=5))
    assert step.ticks == [NOW, NOW + timedelta(seconds=5)]


def test_a_call_that_comes_while_a_step_works_is_not_lost(fleet: Fleet, owner: psycopg.Connection[Any]) -> None:
    class Called(Remembering):
        def tick(self, *, now: datetime) -> datetime | None:
            owner.execute(f"SET outturn.tenant = '{fleet.tenant}'")
            owner.execute("UPDATE twins_watermark SET wanted_at = %s", [NOW + timedelta(seconds=1)])
            return super().tick(now=now)

    step = Called()
    with scope(fleet.tenant):
        Watermark.objects.create(step=step.name, wanted_at=NOW)
    follow_once(fleet.tenant, step, commits=1, now=NOW)
    with scope(fleet.tenant):
        assert Watermark.objects.get().wanted_at == NOW + timedelta(seconds=1)


def test_what_fails_leaves_nothing_and_is_shown_again(fleet: Fleet) -> None:
    commit(fleet, [(1, 5, 0.5)])

    class Broken(Remembering):
        def follow(self, news: News, *, now: datetime) -> None:
            super().follow(news, now=now)
            Watermark.objects.create(step="trace")
            if len(self.news) == 1:
                raise ValueError("the first time")

    step = Broken()
    with pytest.raises(ValueError, match="the first time"):
        follow_once(fleet.tenant, step, commits=1, now=NOW)
    with scope(fleet.tenant):
        assert not Watermark.objects.exists()
    follow_once(fleet.tenant, step, commits=1, now=NOW)
    assert [(news.after, news.upto) for news in step.news] == [(0, 1), (0, 1)]


def test_one_process_at_a_time_is_at_a_step_of_a_tenant(fleet: Fleet, tmp_path: Path) -> None:
    commit(fleet, [(1, 5, 0.5), (1, 6, 0.6)])
    half_done = tmp_path / "half done"
    with following(tmp_path, TEST_STEP_HANGS=str(half_done)):
        wait_for(half_done.exists)
        assert follow_once(fleet.tenant, NOTING, commits=9, now=NOW).was_busy
    # It was killed: the database gives its lock back, and nothing of its half is there.
    assert wait_for(lambda: follow_once(fleet.tenant, NOTING, commits=9, now=NOW).readings) == 2
    assert seen(fleet) == 2


def test_killed_in_the_middle_nothing_is_missed_or_done_twice(fleet: Fleet, their_fleet: Fleet, tmp_path: Path) -> None:
    expected = 0
    for turn in range(3):
        with following(tmp_path):
            first = expected
            commit(fleet, *([(1, first + number, 1.0)] for number in range(40)), first=first)
            commit(their_fleet, *([(1, first + number, 1.0)] for number in range(5)), first=first)
            expected += 40
            wait_for(partial(has_seen_more, fleet, first + 10 * turn))
    with following(tmp_path) as process:
        commit(fleet, [(1, expected, 1.0)], first=expected)
        expected += 1
        wait_for(lambda: seen(fleet) == expected and seen(their_fleet) == 15)
        with scope(fleet.tenant):
            assert Watermark.objects.get(step="noting").upto == commit_count()
            assert not Watermark.objects.filter(step="failing").exists()
        process.terminate()
        assert process.wait(20) == 0
    assert "a bug of this step" in (tmp_path / "follow.log").read_text()


@contextmanager
def following(folder: Path, **extra: str) -> Iterator[subprocess.Popen[bytes]]:
    """The follower with the steps of the tests; in the end it is killed."""
    process = start(["-m", "tests.twins.live.follow_steps"], folder / "follow.log", env=environment(**extra))
    try:
        yield process
    finally:
        kill(process)


def seen(fleet: Fleet) -> int:
    with scope(fleet.tenant):
        return Watermark.objects.filter(step__contains=".").count()


def has_seen_more(fleet: Fleet, least: int) -> bool:
    return seen(fleet) > least
