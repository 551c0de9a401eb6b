"""The limits of readings where they come in: exact, per customer, told so that a gateway and its people know why."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from asgiref.sync import sync_to_async
from django.conf import settings

from tenants.customers.services import create_customer
from tenants.kernel.clock import utc_now
from tenants.limits import services
from tenants.limits.domain.plans import Meter
from tenants.limits.domain.standing import LimitReachedError
from tenants.limits.schemas import WHOLE
from tenants.limits.usage import set_usage
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.twins.conftest import Fleet, make_fleet, stored
from tests.twins.telemetry.sample import delivery
from twins.gateways.http import PATH
from twins.gateways.mqtt import refusal
from twins.telemetry import gate as gates
from twins.telemetry.commit import Writer
from twins.telemetry.gate import Gate
from twins.telemetry.group import commit_together
from twins.telemetry.schemas import Source

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
AT = "2025-01-01T00:00:00Z"
Rows = Callable[[str], list[tuple[Any, ...]]]


def limited(tenant: UUID, meter: Meter, value: int | None) -> None:
    with scope(tenant):
        services.raise_limit(meter=meter, value=value, until=None, reason="", by="support", now=utc_now())


limit = sync_to_async(limited)


def used(everything: Any, tenant: UUID) -> dict[UUID, int]:
    rows = everything.execute(
        "SELECT part, sum(amount)::bigint FROM tenants_usageday WHERE tenant_id = %s AND meter = 'readings_per_day' "
        "GROUP BY part", [tenant],
    )  # fmt: skip
    return dict(rows.fetchall())


def batch(name: str, readings: int) -> dict[str, Any]:
    at = [(datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=number)).isoformat() for number in range(readings)]
    return {"batch": name, "key": "1/t24", "at": at, "value": [640.0] * readings}


async def send(client: httpx.AsyncClient, name: str, readings: int) -> httpx.Response:
    return await client.post(PATH, json=batch(name, readings))


class TestCounting:
    async def test_what_is_stored_is_counted_in_the_same_transaction(
        self, fleet: Fleet, ingest: Any, everything: Any
    ) -> None:
        customer, day = UUID(int=9), date(2026, 11, 21)
        theirs = Source(fleet.tenant, fleet.gateway, customer)
        ours = delivery((1, 1, 1.0), (1, 2, 2.0), source=fleet.source, batch="a")
        both = [
            _on(ours, day), _on(delivery((2, 1, 1.0), source=theirs, batch="b"), day),
            _on(delivery((3, 1, 1.0), (3, 1, 2.0), source=theirs, batch="c"), day),
        ]  # fmt: skip
        await commit_together(ingest, both, now=NOW)
        assert used(everything, fleet.tenant) == {WHOLE: 4, customer: 2}
        await commit_together(ingest, both, now=NOW)  # sent again: nothing is stored, nothing counted
        assert used(everything, fleet.tenant) == {WHOLE: 4, customer: 2}

    async def test_a_commit_that_fails_counts_nothing(self, fleet: Fleet, ingest: Any, everything: Any) -> None:
        bad = [
            _on(delivery((1, 1, 1.0), source=fleet.source, batch="a"), date(2026, 11, 21)),
            _on(delivery((1, 2, 1.0), source=fleet.source, batch="NUL \x00"), date(2026, 11, 21)),
        ]
        with pytest.raises(Exception, match="NUL"):
            await commit_together(ingest, bad, now=NOW)
        assert used(everything, fleet.tenant) == {}

    async def test_two_writers_at_once_lose_nothing(self, fleet: Fleet, everything: Any) -> None:
        writers = [Writer(settings.REDIS_URL) for _ in range(2)]
        for writer in writers:
            await writer.start()
        deliveries = [
            _on(delivery((1, number, 1.0), source=fleet.source, batch=f"b{number}"), date(2026, 11, 21))
            for number in range(200)
        ]
        await asyncio.gather(*(writers[number % 2].submit(one) for number, one in enumerate(deliveries)))
        for writer in writers:
            await writer.stop()
        assert used(everything, fleet.tenant) == {WHOLE: 200}


def _on(one: Any, day: date) -> Any:
    from dataclasses import replace

    return replace(one, day=day)


class TestTheDay:
    async def test_the_quota_is_used_up_to_the_last_reading(
        self, client: httpx.AsyncClient, fleet: Fleet, everything: Any
    ) -> None:
        await limit(fleet.tenant, Meter.READINGS_PER_DAY, 10)
        assert (await send(client, "a", 6)).json()["accepted"] == 6
        refused = await send(client, "b", 5)
        told = refused.json()
        assert (refused.status_code, refused.headers["content-type"]) == (429, "application/problem+json")
        assert {key: told[key] for key in ("code", "limit", "value", "used", "customer")} == {
            "code": "limit.reached", "limit": "readings_per_day", "value": 10, "used": 6, "customer": None,
        }  # fmt: skip
        midnight = datetime.combine(utc_now().date() + timedelta(days=1), datetime.min.time(), UTC)
        assert told["resets_at"] == midnight.isoformat().replace("+00:00", "Z")
        assert 0 < int(refused.headers["Retry-After"]) <= 86_400
        assert "larger plan" in told["raised_by"]
        assert (
            await client.post(
                PATH, json={**batch("c", 10), "key": "2/t24", "at": batch("c", 10)["at"][:4], "value": [640.0] * 4}
            )
        ).status_code == 200
        assert (await send(client, "d", 1)).status_code == 429
        assert used(everything, fleet.tenant) == {WHOLE: 10}

    async def test_many_at_once_do_not_overrun_it(
        self, client: httpx.AsyncClient, fleet: Fleet, everything: Any
    ) -> None:
        await limit(fleet.tenant, Meter.READINGS_PER_DAY, 25)
        answers = await asyncio.gather(
            *(
                client.post(
                    PATH, json={"batch": f"b{n}", "readings": [{"key": "1/t24", "at": _second(n), "value": 640}]}
                )
                for n in range(60)
            )
        )
        assert sorted(answer.status_code for answer in answers) == [200] * 25 + [429] * 35
        assert used(everything, fleet.tenant) == {WHOLE: 25}
        assert len(stored(everything, fleet.tenant)) == 25

    async def test_other_features_go_on_and_a_larger_limit_holds_within_moments(
        self, client: httpx.AsyncClient, fleet: Fleet, monkeypatch: pytest.MonkeyPatch, owned: Rows
    ) -> None:
        monkeypatch.setattr(gates, "_LOOK_AGAIN_SECONDS", 0.0)
        await limit(fleet.tenant, Meter.READINGS_PER_DAY, 0)
        assert (await send(client, "a", 1)).status_code == 429
        assert owned("code, excerpt")[0][0] == "limit.reached"  # people can read it on the gateway's page
        assert (await send(client, "a", 1)).status_code == 429
        assert len(owned("code")) == 1  # and are told once a minute
        await limit(fleet.tenant, Meter.READINGS_PER_DAY, 5)
        assert (await send(client, "a", 1)).json()["accepted"] == 1

    async def test_what_is_set_aside_costs_nothing_of_the_day(self, client: httpx.AsyncClient, fleet: Fleet) -> None:
        await limit(fleet.tenant, Meter.READINGS_PER_DAY, 0)
        answer = await client.post(PATH, json={"batch": "a", "readings": [{"key": "nobody's", "at": AT, "value": 1}]})
        assert (answer.status_code, answer.json()["set_aside_count"]) == (200, 1)

    async def test_it_begins_anew_at_the_tenants_midnight(self, gate: Gate, fleet: Fleet) -> None:
        def move() -> None:
            Tenant.objects.filter(id=fleet.tenant).update(time_zone="Pacific/Auckland")
            with scope(fleet.tenant):
                set_usage(meter=Meter.READINGS_PER_DAY, day=date(2026, 11, 21), amounts={WHOLE: 5_000_000})

        await sync_to_async(move)()
        with pytest.raises(LimitReachedError) as caught:
            await gate.enter(fleet.source, 1, now=datetime(2026, 11, 21, 10, 59, 59, tzinfo=UTC))
        assert caught.value.extra["resets_at"] == "2026-11-21T11:00:00Z"
        entry = await gate.enter(fleet.source, 1, now=datetime(2026, 11, 21, 11, tzinfo=UTC))
        assert entry.day == date(2026, 11, 22)

    @pytest.mark.parametrize(("state", "is_taken"), [("trial", True), ("past_due", True), ("suspended", False)])
    async def test_a_suspended_organisations_readings_are_refused(
        self, client: httpx.AsyncClient, fleet: Fleet, state: str, is_taken: bool
    ) -> None:
        await Tenant.objects.filter(id=fleet.tenant).aupdate(state=state)
        answer = await send(client, "a", 1)
        assert answer.status_code == (200 if is_taken else 403)
        assert is_taken or answer.json()["code"] == "organisation.suspended"

    async def test_what_failed_is_given_back(self, gate: Gate, fleet: Fleet) -> None:
        await limit(fleet.tenant, Meter.READINGS_PER_DAY, 10)
        entry = await gate.enter(fleet.source, 10, now=NOW)
        with pytest.raises(LimitReachedError):
            await gate.enter(fleet.source, 1, now=NOW)
        entry.settle(0)
        (await gate.enter(fleet.source, 10, now=NOW)).settle(10)
        with pytest.raises(LimitReachedError):
            await gate.enter(fleet.source, 1, now=NOW)


def _second(number: int) -> str:
    return (datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=number)).isoformat()


class TestCustomers:
    @pytest.fixture
    def northwind(self, fleet: Fleet) -> UUID:
        with scope(fleet.tenant):
            return create_customer(name="Northwind Air", now=NOW).id

    async def test_one_that_has_used_up_its_share_stops_nobody_else(
        self, gate: Gate, fleet: Fleet, northwind: UUID
    ) -> None:
        theirs = Source(fleet.tenant, fleet.gateway, northwind)
        await sync_to_async(self._share)(fleet, northwind, Meter.READINGS_PER_DAY, 10)
        (await gate.enter(theirs, 10, now=NOW)).settle(10)
        with pytest.raises(LimitReachedError) as caught:
            await gate.enter(theirs, 1, now=NOW)
        assert (caught.value.extra["customer"], caught.value.extra["value"]) == (str(northwind), 10)
        assert "share" in str(caught.value.extra["raised_by"])
        (await gate.enter(fleet.source, 1000, now=NOW)).settle(1000)

    async def test_its_rate(self, gate: Gate, fleet: Fleet, northwind: UUID) -> None:
        theirs = Source(fleet.tenant, fleet.gateway, northwind)
        await sync_to_async(self._share)(fleet, northwind, Meter.READINGS_PER_SECOND, 2)  # a burst of 200
        await gate.enter(theirs, 200, now=NOW)
        with pytest.raises(LimitReachedError) as caught:
            await gate.enter(theirs, 10, now=NOW)
        assert (caught.value.extra["limit"], caught.value.extra["customer"], caught.value.wait) == (
            "readings_per_second", str(northwind), 5.0,
        )  # fmt: skip
        await gate.enter(fleet.source, 10, now=NOW)

    async def test_a_gateway_at_its_place_counts_towards_it(self, fleet: Fleet, northwind: UUID) -> None:
        from twins.gateways.selectors import holders_of
        from twins.gateways.services import admit_tokens, create_gateway, rotate_token

        def make() -> list[Any]:
            with scope(fleet.tenant):
                row, token = create_gateway(name="at Northwind", customer=northwind, now=NOW)
                _, newer = rotate_token(gateway=row.id, now=NOW)
            admitted = admit_tokens([token.text, newer.text], now=NOW)
            return [holders_of([row.id], now=NOW)[row.id], admitted[token.text], admitted[newer.text]]

        holders = await sync_to_async(make)()
        assert [(one.source.customer, one.is_revoked) for one in holders] == [
            (northwind, False), (northwind, True), (northwind, False),
        ]  # fmt: skip

    @staticmethod
    def _share(fleet: Fleet, customer: UUID, meter: Meter, value: int) -> None:
        with scope(fleet.tenant):
            services.set_share(customer=customer, meter=meter, value=value, by="owner", now=NOW)


class TestTheRate:
    async def test_a_burst_and_what_comes_after(self, gate: Gate, fleet: Fleet) -> None:
        await limit(fleet.tenant, Meter.READINGS_PER_SECOND, 10)  # a burst of 1,000
        (await gate.enter(fleet.source, 1000, now=NOW)).settle(1000)
        with pytest.raises(LimitReachedError) as caught:
            await gate.enter(fleet.source, 50, now=NOW)
        assert (caught.value.status, caught.value.wait, caught.value.extra["limit"]) == (
            429,
            5.0,
            "readings_per_second",
        )
        await gate.enter(fleet.source, 50, now=NOW + timedelta(seconds=5))

    async def test_an_answer_tells_when_to_come_again(
        self, client: httpx.AsyncClient, fleet: Fleet, everything: Any
    ) -> None:
        await limit(fleet.tenant, Meter.READINGS_PER_SECOND, 1)  # a burst of 100
        assert (await send(client, "a", 100)).status_code == 200
        refused = await send(client, "b", 50)
        assert (refused.status_code, refused.json()["limit"]) == (429, "readings_per_second")
        assert 45 <= int(refused.headers["Retry-After"]) <= 50
        assert used(everything, fleet.tenant) == {WHOLE: 100}

    async def test_what_is_set_aside_counts_as_well(self, client: httpx.AsyncClient, fleet: Fleet) -> None:
        await limit(fleet.tenant, Meter.READINGS_PER_SECOND, 1)  # a burst of 100
        nobodys = {"at": [AT] * 100, "key": "nobody's", "value": [1.0] * 100}
        assert (await client.post(PATH, json={"batch": "a"} | nobodys)).json()["set_aside_count"] == 100
        assert (await client.post(PATH, json={"batch": "b"} | nobodys)).status_code == 429

    async def test_without_redis_the_rate_and_the_day_still_hold(self, fleet: Fleet) -> None:
        gate = Gate("redis://127.0.0.1:1/0")
        await limit(fleet.tenant, Meter.READINGS_PER_SECOND, 1)
        await limit(fleet.tenant, Meter.READINGS_PER_DAY, 5_000)
        (await gate.enter(fleet.source, 4_999, now=NOW)).settle(4_999)  # more than the burst leaves a debt
        for readings, meter in ((1, Meter.READINGS_PER_SECOND), (2, Meter.READINGS_PER_DAY)):
            with pytest.raises(LimitReachedError) as told:
                await gate.enter(fleet.source, readings, now=NOW)
            assert told.value.standing.meter is meter
        await gate.close()


async def test_full_storage_lets_nothing_be_lost(client: httpx.AsyncClient, fleet: Fleet) -> None:
    await limit(fleet.tenant, Meter.STORAGE, 0)
    answer = await send(client, "a", 1)
    assert (answer.status_code, answer.json()["limit"], answer.headers["Retry-After"]) == (429, "storage", "600")
    aside = await client.post(PATH, json={"batch": "b", "readings": [{"key": "nobody's", "at": AT, "value": 1}]})
    assert (aside.status_code, aside.json()["limit"]) == (429, "storage")


async def test_over_mqtt_a_gateway_is_told_to_keep_it(gate: Gate, fleet: Fleet) -> None:
    await limit(fleet.tenant, Meter.READINGS_PER_DAY, 0)
    with pytest.raises(LimitReachedError) as caught:
        await gate.enter(fleet.source, 1, now=NOW)
    told = refusal(b'{"batch": "b1"}', caught.value)
    assert (told["batch"], told["code"], told["accepted"], told["limit"], told["resets_at"]) == (
        "b1", "limit.reached", 0, "readings_per_day", "2026-11-22T00:00:00Z",
    )  # fmt: skip


def test_each_tenant_has_its_own(tenant: Tenant, stranger: Tenant, transactional_db: None) -> None:
    ours, theirs = make_fleet(tenant), make_fleet(stranger, count=1)
    limited(ours.tenant, Meter.READINGS_PER_DAY, 0)

    async def both() -> None:
        gate = Gate(settings.REDIS_URL)
        with pytest.raises(LimitReachedError):
            await gate.enter(ours.source, 1, now=NOW)
        await gate.enter(theirs.source, 1, now=NOW)
        await gate.close()

    asyncio.run(both())
