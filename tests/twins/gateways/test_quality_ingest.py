"""Verdicts of rules on readings that come over HTTP: stored beside the value, also after a restart."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from asgiref.sync import sync_to_async

from tenants.kernel.clock import isoformat, utc_now
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.ingest import ingesting
from tests.twins.conftest import stored
from tests.twins.gateways.pumps import Station, make_station
from twins.gateways.http import PATH
from twins.telemetry.models import LateReadings
from twins.telemetry.quality_gateways import ClockFault
from twins.telemetry.quality_report import GatewayQuality, twin_quality
from twins.telemetry.schemas import Quality

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
SECOND = timedelta(seconds=1)
NOISE = [5.0, 5.1, 4.9, 5.2, 4.8, 5.0, 5.1, 4.9, 5.2, 4.8, 5.0, 5.1, 4.9, 5.2, 4.8]


@pytest.fixture
def station(transactional_db: None, tenant: Tenant) -> Station:
    return make_station(tenant.id, now=utc_now())


async def post(client: httpx.AsyncClient, name: str, rows: list[tuple[str, datetime, float]]) -> dict[str, Any]:
    readings = [{"key": key, "at": isoformat(at), "value": value} for key, at, value in rows]
    answer = await client.post(PATH, json={"batch": name, "readings": readings})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def qualities(everything: Any, station: Station, key: str) -> list[int]:
    return [row[3] for row in stored(everything, station.tenant) if row[0] == station.signals[key]]


async def test_a_spike_is_stored_as_one_and_the_past_outlives_the_process(station: Station, everything: Any) -> None:
    start = utc_now() - 60 * SECOND
    async with ingesting(station.token) as client:
        rows = [("P1.PT", start + number * SECOND, value) for number, value in enumerate(NOISE)]
        await post(client, "a", rows[:7])
        await post(client, "b", rows[7:])
    async with ingesting(station.token) as client:
        await post(client, "c", [("P1.PT", start + 20 * SECOND, 15.0), ("P1.PT", start + 21 * SECOND, 5.0)])
        await post(client, "d", [("P1.PT", start + 22 * SECOND, 99.0), ("P1.FT", start, 99.0)])
    expected = [Quality.GOOD] * 15 + [Quality.SPIKE, Quality.GOOD, Quality.OUT_OF_RANGE]
    assert qualities(everything, station, "P1.PT") == expected
    assert qualities(everything, station, "P1.FT") == [Quality.GOOD]


async def test_what_sticks_is_stuck_over_batches_and_restarts(station: Station, everything: Any) -> None:
    start = utc_now() - 200 * SECOND
    for part in range(3):
        async with ingesting(station.token) as client:
            rows = [("P1.PT", start + (part * 60 + step) * SECOND, 5.0) for step in (0, 20, 40)]
            await post(client, f"b{part}", rows)
            await post(client, f"b{part}", rows)
    assert qualities(everything, station, "P1.PT") == [Quality.GOOD] * 3 + [Quality.STUCK] * 6


async def test_an_old_value_among_fresh_ones_is_stale_and_late_ones_are_counted(
    station: Station, everything: Any
) -> None:
    now = utc_now()
    async with ingesting(station.token) as client:
        await post(client, "a", [("P1.PT", now - 300 * SECOND, 5.0), ("P2.PT", now, 5.0)])
        await post(client, "b", [("P1.FT", now - timedelta(hours=2), 1.0), ("P1.FT", now - timedelta(hours=1), 1.0)])
    assert qualities(everything, station, "P1.PT") == [Quality.STALE]
    assert qualities(everything, station, "P1.FT") == [Quality.GOOD] * 2

    def late() -> list[tuple[int, int]]:
        with scope(station.tenant):
            rows = LateReadings.objects.order_by("signal").values_list("signal", "count", "worst_us")
            return [(signal, count) for signal, count, worst in rows if 7200e6 <= worst < 7260e6]

    assert await sync_to_async(late)() == [(station.signals["P1.FT"], 2)]


async def test_a_batch_that_was_refused_leaves_no_trace_in_the_past(station: Station, everything: Any) -> None:
    start = utc_now() - 100 * SECOND
    async with ingesting(station.token) as client:
        await post(client, "a", [("P1.PT", start, 5.0)])
        reused = {"batch": "a", "readings": [{"key": "P1.PT", "at": isoformat(start + 60 * SECOND), "value": 6.0}]}
        assert (await client.post(PATH, json=reused)).status_code == 409
        await post(client, "b", [("P1.PT", start + 60 * SECOND, 5.0)])
    assert qualities(everything, station, "P1.PT") == [Quality.GOOD, Quality.STUCK]


async def test_local_time_that_is_sent_as_utc_is_recognised_although_all_of_it_is_set_aside(station: Station) -> None:
    async with ingesting(station.token) as client:
        for number in range(3):
            told = await post(client, f"b{number}", [("P1.PT", utc_now() + timedelta(hours=2), 5.0)])
            assert [one["code"] for one in told["set_aside"]] == ["reading.in_future"]

    def found() -> GatewayQuality:
        with scope(station.tenant):
            now = utc_now()
            return twin_quality(station.twin, now - timedelta(hours=1), now, now=now).gateways[0]

    gateway = await sync_to_async(found)()
    assert gateway.clock is ClockFault.ZONE_AHEAD
    assert gateway.clock_us == pytest.approx(-7200e6, abs=20e6)
