"""Recorded flights through a real server, broker and consumer, which are killed in the middle of it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.scope.models import Tenant
from tests.processes import environment
from tests.twins.conftest import Fleet, make_fleet, stored
from tests.twins.gateways.plant import Plant, wait_for
from twins.gateways import uplink
from twins.gateways.flights import FlightSchedule
from twins.gateways.replay import KEYS, Station, Tally, batches_of, replay, send_all
from twins.gateways.simulated import flights
from twins.gateways.uplink import Batch, NotLetInError

ENGINES = flights(7, range(1, 7))
SCHEDULE = FlightSchedule(date(2025, 3, 1))
FIRST = datetime(2025, 3, 1, 6, tzinfo=UTC)
on_servers = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


@pytest.fixture
def plant(transactional_db: None, tmp_path: Path) -> Iterator[Plant]:
    made = Plant(tmp_path)
    yield made
    made.close()


@pytest.fixture
def six(transactional_db: None, tenant: Tenant) -> Fleet:
    return make_fleet(tenant, count=6)


def expected(batches: list[Batch]) -> dict[tuple[str, str], float]:
    """Every reading of some batches: key and instant to value."""
    found = {}
    for batch in batches:
        body = json.loads(batch.body)
        for key, column in body["columns"].items():
            found.update({(key, at): value for at, value in zip(body["at"], column, strict=True)})
    return found


def present(everything: Any, fleet: Fleet) -> list[tuple[tuple[str, str], float]]:
    keys = {number: key for key, number in fleet.signals.items()}
    rows = stored(everything, fleet.tenant)
    return [((keys[signal], at.strftime("%Y-%m-%dT%H:%M:%SZ")), value) for signal, at, value, _, _ in rows]


def test_batches_hold_the_flights_in_their_order() -> None:
    batches = batches_of(ENGINES, SCHEDULE, name="sim7")
    assert sum(batch.readings for batch in batches) == sum(24 * engine.cycles.size for engine in ENGINES)
    assert len({batch.name for batch in batches}) == len(batches)
    first = json.loads(batches[0].body)
    assert (first["batch"], batches[0].by_mqtt, batches[1].by_mqtt) == ("sim7.20250301.1.1-10", False, True)
    assert first["at"][:3] == ["2025-03-01T06:00:00Z", "2025-03-01T14:00:00Z", "2025-03-02T06:00:00Z"]
    assert list(first["columns"]) == [f"1/{key}" for key in KEYS]
    assert first["columns"]["1/t24"][:2] == ENGINES[0].sensors[:2, 1].tolist()
    starts = [json.loads(batch.body)["at"][0] for batch in batches]
    assert starts == sorted(starts)


@given(st.integers(0, 60), st.integers(0, 60))
def test_a_replay_in_parts_sends_what_a_whole_one_does(first: int, second: int) -> None:
    cuts = [
        None,
        *(FIRST + timedelta(hours=7 * hours) for hours in sorted((first, second))),
        FIRST + timedelta(days=20),
    ]
    engines = ENGINES[:2]
    parts = [batches_of(engines, SCHEDULE, name="x", start=start, end=end) for start, end in pairwise(cuts)]
    whole = batches_of(engines, SCHEDULE, name="x", end=cuts[-1])
    assert expected([batch for part in parts for batch in part]) == expected(whole)
    names: dict[str, bytes] = {}
    for batch in (*whole, *(batch for part in parts for batch in part)):
        assert names.setdefault(batch.name, batch.body) == batch.body


@on_servers
def test_killed_in_the_middle_it_has_lost_nothing_that_was_acknowledged(
    plant: Plant, six: Fleet, everything: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uplink, "_ACKNOWLEDGEMENT_S", 1.0)
    batches = batches_of(ENGINES, SCHEDULE, name="sim7")
    plant.start("broker", "web", "consumer")
    acknowledged: list[Batch] = []
    kills = {len(batches) // 4: ("web", "consumer"), len(batches) // 2: ("web",), 3 * len(batches) // 4: ("consumer",)}

    def progress(batch: Batch) -> None:
        acknowledged.append(batch)
        if names := kills.get(len(acknowledged)):
            plant.kill(*names)
            kept, known = dict(present(everything, six)), expected(acknowledged)
            assert {name: kept.get(name) for name in known} == known
            plant.start(*names)

    station = Station(str(six.gateway), six.token, plant.url, plant.mqtt_url)
    tally = replay(station, batches, progress=progress)
    total = sum(batch.readings for batch in batches)
    assert (tally.sent, tally.acknowledged, tally.set_aside, tally.refused) == (total, total, 0, 0)
    assert len(acknowledged) == len(batches)
    rows, whole = present(everything, six), expected(batches)
    assert len(rows) == total
    assert dict(rows) == whole
    newest = dict(sorted(whole))  # of each key the last instant
    query = "SELECT signal, at, value FROM twins_latestreading WHERE tenant_id = %s"
    keys = {number: key for key, number in six.signals.items()}

    def latest() -> dict[str, tuple[str, float]]:
        found = everything.execute(query, [six.tenant]).fetchall()
        return {keys[signal]: (at.strftime("%Y-%m-%dT%H:%M:%SZ"), value) for signal, at, value in found}

    wait_for(lambda: latest() == {key: (at, whole[key, at]) for key, at in newest.items()})
    assert replay(station, batches[:20]).duplicate == sum(batch.readings for batch in batches[:20])


@on_servers
def test_a_server_that_is_told_to_stop_answers_what_it_has_taken(plant: Plant, six: Fleet, everything: Any) -> None:
    plant.start("web")
    batches = batches_of(ENGINES[:1], SCHEDULE, name="sim7")
    acknowledged: list[Batch] = []

    async def story() -> Tally:
        station, three = Station(str(six.gateway), six.token, plant.url), asyncio.Event()

        def progress(batch: Batch) -> None:
            acknowledged.append(batch)
            if len(acknowledged) == 3:
                three.set()

        running = asyncio.create_task(send_all(station, batches, progress=progress))
        await three.wait()
        await asyncio.to_thread(plant.stop, "web")
        assert "Application shutdown complete" in plant.log("web")
        assert dict(present(everything, six)).items() >= expected(acknowledged).items()
        plant.start("web")
        return await running

    tally = asyncio.run(story())
    assert tally.acknowledged == sum(batch.readings for batch in batches)
    assert dict(present(everything, six)) == expected(batches)
    assert "Traceback" not in plant.log("web")


@on_servers
def test_a_wrong_token_is_told_at_once(plant: Plant, six: Fleet) -> None:
    plant.start("broker", "web")
    batches = batches_of(ENGINES[:2], SCHEDULE, name="sim7")
    for by_mqtt in (False, True):
        own = [batch for batch in batches if batch.by_mqtt == by_mqtt][:2]
        with pytest.raises(NotLetInError):
            replay(Station(str(six.gateway), "ot_gateway_wrong", plant.url, plant.mqtt_url), own)


@on_servers
def test_the_command_prints_one_line_of_figures(plant: Plant, six: Fleet, everything: Any) -> None:
    plant.start("broker", "web", "consumer")
    options = ["--gateway", str(six.gateway), "--url", plant.url, "--mqtt", plant.mqtt_url, "--first-day", "2025-03-01"]
    days = ["--seed", "7", "--units", "1-3", "--from", "2025-03-02", "--until", "2025-03-05"]
    bare = {
        name: value for name, value in environment().items() if not name.startswith(("DATABASE_", "REDIS_", "MQTT_"))
    }
    done = subprocess.run(
        [sys.executable, "manage.py", "replay", *options, *days],
        env=bare | {"OUTTURN_GATEWAY_TOKEN": six.token}, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    told = json.loads(done.stdout.splitlines()[-1])
    assert (told["sent"], told["acknowledged"], told["set_aside"]) == (3 * 6 * 24, 3 * 6 * 24, 0)
    assert told["seconds"] > 0
    assert len(present(everything, six)) == 3 * 6 * 24
    without = subprocess.run(
        [sys.executable, "manage.py", "replay", *options], env=bare, capture_output=True, text=True, check=False
    )
    assert without.returncode == 1
    assert "There is no token" in without.stderr
