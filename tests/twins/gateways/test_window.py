"""What a gateway sends right now, as whoever looks sees it, and its figures: measured at the intake, over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from asgiref.sync import sync_to_async
from django.conf import settings

from tenants.kernel.clock import isoformat, utc_now
from tenants.scope.context import scope
from tests.conftest import Cast
from tests.ingest import ingesting
from tests.twins.conftest import Fleet
from twins.gateways import selectors
from twins.gateways.http import PATH
from twins.telemetry import window
from twins.telemetry.window import look

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
AT = "2025-01-01T00:00:00Z"


@pytest.fixture
async def client(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    """The gateway of the fleet; who looks is asked for at every message."""
    monkeypatch.setattr(window, "_ASK_SECONDS", 0.0)
    monkeypatch.setattr(window, "_PAUSE_SECONDS", 0.0)
    async with ingesting(fleet.token, user_agent="") as client:
        yield client


def batch(name: str, *readings: tuple[str, Any]) -> dict[str, Any]:
    return {"batch": name, "readings": [{"key": key, "at": AT, "value": value} for key, value in readings]}


async def seen(fleet: Fleet) -> list[dict[str, Any]]:
    return await asyncio.to_thread(look, settings.REDIS_URL, fleet.tenant, fleet.gateway)


async def sent(client: httpx.AsyncClient, fleet: Fleet, **request: Any) -> dict[str, Any]:
    """Send until it is seen: that somebody looks is learnt at the first message, and told from the next one on."""
    await seen(fleet)
    for _ in range(100):
        await client.post(PATH, **request)
        if found := await seen(fleet):
            return found[0]
        await asyncio.sleep(0.01)
    raise AssertionError("nothing was seen")


async def test_nothing_is_kept_while_nobody_looks(client: httpx.AsyncClient, fleet: Fleet) -> None:
    await client.post(PATH, json=batch("b1", ("1/t24", 640.0)))
    assert await seen(fleet) == []


async def test_a_message_raw_and_decoded(client: httpx.AsyncClient, fleet: Fleet) -> None:
    body = batch("b1", ("1/t24", 640.0), ("other", 1.0))
    body["readings"].append({"key": "1/t30", "at": isoformat(utc_now() + timedelta(days=2)), "value": 1500.0})
    told = await sent(client, fleet, json=body)
    assert told["raw"].startswith('{"batch":"b1"')
    assert (told["batch"], told["set_aside"]) == ("b1", 2)
    keys = {one["key"]: one for one in told["keys"]}
    assert keys["1/t24"]["became"] == [{"name": keys["1/t24"]["became"][0]["name"], "unit": "[degR]", "value": 640.0}]
    assert (keys["1/t24"]["reason"], keys["1/t24"]["at"]) == ("", "2025-01-01T00:00:00Z")
    assert "ahead of ours" in keys["1/t30"]["reason"]
    assert (keys["other"]["reason"], keys["other"]["became"]) == ("no published twin reads this key", [])


async def test_what_was_refused_as_a_whole(client: httpx.AsyncClient, fleet: Fleet) -> None:
    told = await sent(client, fleet, content=b'{"batch": ')
    assert (told["code"], told["raw"], told["bytes"]) == ("message.broken", '{"batch": ', 10)
    assert "keys" not in told


async def test_another_tenant_sees_nothing(client: httpx.AsyncClient, fleet: Fleet, their_fleet: Fleet) -> None:
    await sent(client, fleet, json=batch("b1", ("1/t24", 640.0)))
    assert await asyncio.to_thread(look, settings.REDIS_URL, their_fleet.tenant, fleet.gateway) == []
    assert await asyncio.to_thread(look, settings.REDIS_URL, fleet.tenant, uuid4()) == []


async def test_the_last_few_are_kept(client: httpx.AsyncClient, fleet: Fleet) -> None:
    await sent(client, fleet, json=batch("first", ("1/t24", 640.0)))
    for number in range(window.MOST_SHOWN + 3):
        await client.post(PATH, json=batch(f"b{number}", ("1/t24", 640.0 + number)))
        await asyncio.sleep(0)
    for _ in range(100):
        found = await seen(fleet)
        if found[0]["batch"] == f"b{window.MOST_SHOWN + 2}":
            break
        await asyncio.sleep(0.01)
    assert len(found) == window.MOST_SHOWN


async def test_the_page_shows_it(client: httpx.AsyncClient, fleet: Fleet, cast: Cast, sign_in: Any) -> None:
    await sent(client, fleet, json=batch("b1", ("1/t24", 640.0), ("new", 7.5)))
    path = f"/t/meridian/gateways/{fleet.gateway}/arriving/"

    def read() -> str:
        return str(sign_in(cast.viewer).get(path).content.decode())

    shown = ""
    for _ in range(200):  # newest values and unbound keys are flushed some times a second
        shown = await sync_to_async(read)()
        if "Not bound" in shown:
            break
        await asyncio.sleep(0.02)
    for text in ("Right now", "&quot;batch&quot;:&quot;b1&quot;", "Engine 001", "Not bound"):
        assert text in shown, text


async def state_of(fleet: Fleet, wanted: Any) -> selectors.GatewayState:
    """The gateway's figures, once they are as wanted."""

    def ask() -> selectors.GatewayState:
        with scope(fleet.tenant):
            return selectors.states([selectors.gateway(fleet.gateway)], now=utc_now())[0]

    for _ in range(200):
        if wanted(state := await sync_to_async(ask)()):
            return state
        await asyncio.sleep(0.02)
    raise AssertionError(state)


async def test_figures_of_a_gateway(client: httpx.AsyncClient, fleet: Fleet) -> None:
    ahead = isoformat(utc_now() + timedelta(seconds=90))
    headers = {"X-Gateway-Version": "fw 2.1", "X-Backlog": "1200", "X-Sent-At": ahead}
    await client.post(PATH, json=batch("b1", ("1/t24", 640.0)), headers=headers)
    state = await state_of(fleet, lambda one: one.version == "fw 2.1")
    assert state.backlog == 1200
    assert state.clock_ms is not None
    assert 85_000 < state.clock_ms <= 90_000
    assert state.late_s is not None
    assert state.late_s > 86_400
    await client.post(PATH, json=batch("b2", ("1/t24", 641.0)), headers={"X-Backlog": "0"})
    state = await state_of(fleet, lambda one: one.backlog == 0)
    assert state.version == "fw 2.1", "it goes on"
    assert state.clock_ms is not None
    assert state.clock_ms > 85_000, "the least of the window"


async def test_the_newest_reading_tells_the_clock_of_one_that_says_nothing(
    client: httpx.AsyncClient, fleet: Fleet
) -> None:
    now = utc_now()
    for name, age in (("b1", 3600), ("b2", 20)):
        at = isoformat(now - timedelta(seconds=age))
        await client.post(PATH, json={"batch": name, "readings": [{"key": "1/t24", "at": at, "value": 640.0}]})
    state = await state_of(fleet, lambda one: one.clock_ms is not None and one.clock_ms > -60_000)
    assert -30_000 < state.clock_ms <= -20_000  # type: ignore[operator]
