"""Readings over HTTP: every form, every refusal, nothing acknowledged that is not durable."""

from __future__ import annotations

import gzip
import json
import time
import zlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
import zstandard
from asgiref.sync import sync_to_async
from starlette.applications import Starlette

from tenants.kernel.clock import utc_now
from tenants.scope.context import scope
from tests.ingest import client_of
from tests.processes import LONG_S
from tests.twins.conftest import Fleet, stored
from twins.composer.models import Twin
from twins.composer.publishing import publish_twin
from twins.composer.services import edit_draft
from twins.gateways import lookups
from twins.gateways.http import MOST_TOLD, PATH
from twins.gateways.services import create_gateway, disable_gateway, rotate_token
from twins.telemetry import commit, intake
from twins.telemetry.decode import LARGEST_BODY
from twins.telemetry.schemas import Quality
from twins.telemetry.selectors import recent_keys

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
AT = "2025-01-01T00:00:00Z"
Rows = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture
async def client(app: Starlette, fleet: Fleet) -> AsyncIterator[httpx.AsyncClient]:
    """The gateway of the fleet."""
    async with client_of(app, fleet.token) as made:
        yield made


def batch(*readings: tuple[str, float], name: str = "b1", at: str = AT) -> dict[str, Any]:
    return {"batch": name, "readings": [{"key": key, "at": at, "value": value} for key, value in readings]}


def values(everything: Any, fleet: Fleet) -> dict[str, float]:
    keys = {number: key for key, number in fleet.signals.items()}
    return {keys[row[0]]: row[2] for row in stored(everything, fleet.tenant)}


async def test_a_batch_is_answered_when_it_is_stored(client: httpx.AsyncClient, fleet: Fleet, everything: Any) -> None:
    answer = await client.post(PATH, json=batch(("1/t24", 640.0), ("2/t30", 1500.5)))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    expected = {"batch": "b1", "accepted": 2, "duplicate": 0, "set_aside": [], "set_aside_count": 0, "commit": 1}
    assert answer.json() == expected
    assert values(everything, fleet) == {"1/t24": 640.0, "2/t30": 1500.5}


async def test_sending_a_batch_twice_stores_it_once(client: httpx.AsyncClient, fleet: Fleet, everything: Any) -> None:
    table = {
        "batch": "b1",
        "at": [AT, "2025-01-01T00:00:01Z"],
        "columns": {"1/t24": [640, None], "1/t30": [1400, 1401]},
    }
    assert (await client.post(PATH, json=table)).json()["accepted"] == 3
    again = (await client.post(PATH, json=table)).json()
    assert (again["accepted"], again["duplicate"], again["commit"]) == (0, 3, 1)
    assert len(stored(everything, fleet.tenant)) == 3


async def test_the_rest_of_a_batch_is_kept_and_each_reason_told(
    client: httpx.AsyncClient, fleet: Fleet, everything: Any, owned: Rows
) -> None:
    body = batch(("1/t24", 640.0), ("nobody's", 1.0), ("1/t30", 1400.0))
    body["readings"] += [{"key": "1/p30", "at": "soon", "value": 1}, {"key": "1/p30", "at": AT, "value": "high"}]
    answer = (await client.post(PATH, json=body)).json()
    assert (answer["accepted"], answer["set_aside_count"]) == (2, 3)
    told = {(one["key"], one["code"]): one for one in answer["set_aside"]}
    assert set(told) == {
        ("nobody's", "key.unbound"),
        ("1/p30", "reading.no_time"),
        ("1/p30", "reading.not_a_number"),
    }
    assert told["1/p30", "reading.no_time"]["at"] is None
    assert values(everything, fleet) == {"1/t24": 640.0, "1/t30": 1400.0}
    assert sorted(owned("key, code, batch, excerpt")) == [
        ("1/p30", "reading.no_time", "b1", "soon"),
        ("1/p30", "reading.not_a_number", "b1", "high"),
        ("nobody's", "key.unbound", "b1", ""),
    ]


async def test_what_is_out_of_range_is_kept_as_such(
    client: httpx.AsyncClient, fleet: Fleet, everything: Any, owned: Rows
) -> None:
    body = batch(("1/t24", 5.0), ("1/t30", 1400.0))
    body["readings"].append({"key": "2/t24", "at": AT, "value": 5.0, "quality": "bad"})
    answer = (await client.post(PATH, json=body)).json()
    assert (answer["accepted"], answer["set_aside_count"]) == (3, 0)
    keys = {number: key for key, number in fleet.signals.items()}
    assert {keys[row[0]]: (row[2], row[3]) for row in stored(everything, fleet.tenant)} == {
        "1/t24": (5.0, Quality.OUT_OF_RANGE), "1/t30": (1400.0, Quality.GOOD), "2/t24": (5.0, Quality.BAD),
    }  # fmt: skip
    assert owned("key") == []


async def test_an_answer_names_no_more_than_a_hundred(client: httpx.AsyncClient) -> None:
    table = {"batch": "b1", "at": list(range(1000)), "columns": {"a": [1] * 1000, "b": [1] * 1000}}
    answer = (await client.post(PATH, json=table)).json()
    assert len(answer["set_aside"]) == MOST_TOLD
    assert answer["set_aside_count"] == 2000


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Basic eDp5"}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer"}]
)
async def test_a_wrong_credential_is_refused(
    app: Starlette, fleet: Fleet, everything: Any, headers: dict[str, str]
) -> None:
    async with client_of(app, **headers) as anybody:
        answer = await anybody.post(PATH, json=batch(("1/t24", 640.0)))
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.json()["code"] == "gateway.unknown_token"
    assert answer.json()["fix"]
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert stored(everything, fleet.tenant) == []


async def test_a_token_opens_its_own_tenants_house_only(
    app: Starlette, fleet: Fleet, their_fleet: Fleet, everything: Any
) -> None:
    async with client_of(app, their_fleet.token) as them:
        answer = (await them.post(PATH, json=batch(("1/t24", 641.0), ("2/t24", 642.0)))).json()
    assert (answer["accepted"], [one["code"] for one in answer["set_aside"]]) == (1, ["key.unbound"])
    assert stored(everything, fleet.tenant) == []
    assert values(everything, their_fleet) == {"1/t24": 641.0}


async def test_a_revoked_token_is_refused_within_seconds_and_the_tenant_can_read_it(
    client: httpx.AsyncClient,
    app: Starlette,
    fleet: Fleet,
    monkeypatch: pytest.MonkeyPatch,
    owned: Rows,
    everything: Any,
) -> None:
    assert (await client.post(PATH, json=batch(("1/t24", 640.0)))).status_code == 200

    def rotate() -> str:
        with scope(fleet.tenant):
            return rotate_token(gateway=fleet.gateway, now=utc_now())[1].text

    token = await sync_to_async(rotate)()
    monkeypatch.setattr(lookups, "REMEMBERED_SECONDS", 0.0)
    for number in range(3):
        refused = await client.post(PATH, json=batch(("1/t24", 641.0), name=f"r{number}"))
        assert (refused.status_code, refused.json()["code"]) == (401, "gateway.token_revoked")
    assert owned("code, key, count") == [("gateway.token_revoked", "", 1)]
    client.headers["Authorization"] = f"Bearer {token}"
    assert (await client.post(PATH, json=batch(("1/t24", 642.0), name="b2"))).status_code == 200

    def disable() -> None:
        with scope(fleet.tenant):
            disable_gateway(gateway=fleet.gateway, now=utc_now())

    await sync_to_async(disable)()
    assert (await client.post(PATH, json=batch(("1/t24", 643.0), name="b3"))).status_code == 403
    assert [row[2] for row in stored(everything, fleet.tenant)] == [642.0]


async def test_a_broken_message_is_refused_and_the_tenant_can_read_why(client: httpx.AsyncClient, owned: Rows) -> None:
    answer = await client.post(PATH, content=b'{"batch": "b1", ')
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "message.broken"
    (row,) = owned("code, key, batch, excerpt, count")
    assert row == ("message.broken", "", "", '{"batch": "b1", ', 1)


async def test_a_reused_name_is_a_conflict(client: httpx.AsyncClient, fleet: Fleet, everything: Any) -> None:
    await client.post(PATH, json=batch(("1/t24", 640.0)))
    answer = await client.post(PATH, json=batch(("1/t24", 650.0)))
    assert (answer.status_code, answer.json()["code"]) == (409, "batch.reused")
    assert values(everything, fleet) == {"1/t24": 640.0}


async def test_kinds_of_bodies(client: httpx.AsyncClient, everything: Any, fleet: Fleet) -> None:
    body = json.dumps(batch(("1/t24", 640.0))).encode()
    for headers in ({"Content-Type": "text/csv"}, {"Content-Encoding": "br"}):
        answer = await client.post(PATH, content=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (415, "message.unsupported_type")
    packed = await client.post(PATH, content=gzip.compress(body, mtime=0), headers={"Content-Encoding": "gzip"})
    assert packed.json()["accepted"] == 1
    for told in (True, False):
        content = zstandard.ZstdCompressor(write_content_size=told).compress(body)
        packed = await client.post(PATH, content=content, headers={"Content-Encoding": "zstd"})
        assert packed.json()["duplicate"] == 1
    unnamed = httpx.Request("POST", f"http://test{PATH}", content=body, headers=client.headers)
    assert (await client.send(unnamed)).json()["duplicate"] == 1
    charset = {"Content-Type": "application/json; charset=utf-8"}
    assert (await client.post(PATH, content=body, headers=charset)).json()["duplicate"] == 1


def zstd(body: bytes, *, window: int = 19, told: bool = True) -> bytes:
    settings = zstandard.ZstdCompressionParameters(window_log=window, write_content_size=told)
    packer = zstandard.ZstdCompressor(compression_params=settings).compressobj(size=len(body) if told else -1)
    return bytes(packer.compress(body) + packer.flush())


BOMB = b" " * (LARGEST_BODY + 1)


@pytest.mark.parametrize(
    ("packing", "content", "status", "code"),
    [
        ("gzip", b"no gzip at all", 400, "message.broken"),
        ("gzip", gzip.compress(b'{"batch": "b"}', mtime=0)[:-6], 400, "message.broken"),
        ("gzip", gzip.compress(BOMB, mtime=0), 413, "message.too_large"),
        ("gzip", zlib.compress(b"{}"), 400, "message.broken"),
        ("zstd", b"no zstd at all", 400, "message.broken"),
        ("zstd", zstd(b'{"batch": "b"}')[:-2], 400, "message.broken"),
        ("zstd", zstd(b'{"batch": "b"}', told=False)[:-2], 400, "message.broken"),
        ("zstd", zstd(b"{}") + zstd(b"{}"), 400, "message.broken"),
        ("zstd", zstd(BOMB), 413, "message.too_large"),
        ("zstd", zstd(BOMB, told=False), 413, "message.too_large"),
        ("zstd", zstd(b'{"batch": "b"}', window=27, told=False), 400, "message.broken"),
    ],
)  # fmt: skip
async def test_packed_bodies_that_are_not_what_they_say(
    client: httpx.AsyncClient, packing: str, content: bytes, status: int, code: str
) -> None:
    answer = await client.post(PATH, content=content, headers={"Content-Encoding": packing})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_body_has_a_largest_size(client: httpx.AsyncClient) -> None:
    answer = await client.post(PATH, content=b" " * (LARGEST_BODY + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "message.too_large")


async def test_other_methods_and_places(client: httpx.AsyncClient) -> None:
    answer = await client.get(PATH)
    assert (answer.status_code, answer.headers["allow"], answer.json()["status"]) == (405, "POST", 405)
    answer = await client.post("/ingest/v2/readings")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_when_there_is_no_room_the_sender_is_told_to_wait(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, everything: Any, fleet: Fleet
) -> None:
    monkeypatch.setattr(commit, "MOST_WAITING", 0)
    answer = await client.post(PATH, json=batch(("1/t24", 640.0)))
    assert (answer.status_code, answer.headers["retry-after"], answer.json()["code"]) == (429, "1", "ingest.busy")
    monkeypatch.undo()
    assert (await client.post(PATH, json=batch(("1/t24", 640.0)))).json()["accepted"] == 1


async def test_a_publication_counts_from_the_next_message(
    client: httpx.AsyncClient, fleet: Fleet, everything: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "LOOK_SECONDS", 1000.0)
    monkeypatch.setattr(intake, "_LOOK_AGAIN_SECONDS", 0.0)
    assert (await client.post(PATH, json=batch(("new/key", 640.0)))).json()["set_aside_count"] == 1

    def rebind() -> None:
        with scope(fleet.tenant):
            row = Twin.objects.get(id=fleet.twin)
            place = next(place for place in row.draft["bindings"] if place.endswith("/t24"))
            edit = {"op": "bind", "place": place, "gateway": str(fleet.gateway), "key": "new/key"}
            draft = edit_draft(twin=row.id, base_revision=row.revision, operations=[edit], by="test", now=utc_now())
            publish_twin(twin=row.id, revision=draft.revision, note="", by="test", now=utc_now())

    await sync_to_async(rebind)()
    assert (await client.post(PATH, json=batch(("new/key", 640.0), name="b2"))).json()["accepted"] == 1
    assert [row[2] for row in stored(everything, fleet.tenant)] == [640.0]


async def test_what_a_gateway_has_sent_can_be_seen(client: httpx.AsyncClient, app: Starlette, fleet: Fleet) -> None:
    await client.post(PATH, json=batch(("1/t24", 640.0), ("unheard/of", 7.0)))

    def look() -> list[tuple[str, float, str | None, str | None]]:
        with scope(fleet.tenant):
            return [(one.key, one.value, one.unit, one.signal) for one in recent_keys(fleet.gateway)]

    deadline = time.monotonic() + LONG_S
    found = await sync_to_async(look)()
    while len(found) < 2 and time.monotonic() < deadline:
        found = await sync_to_async(look)()
    assert found == [("1/t24", 640.0, "[degR]", "t24"), ("unheard/of", 7.0, None, None)]


async def test_a_gateway_nothing_is_bound_to_loses_nothing_of_what_it_sends(
    client: httpx.AsyncClient, fleet: Fleet, owned: Rows
) -> None:
    def another() -> str:
        with scope(fleet.tenant):
            return create_gateway(name="new", now=utc_now())[1].text

    client.headers["Authorization"] = f"Bearer {await sync_to_async(another)()}"
    answer = (await client.post(PATH, json=batch(("a", 1.0), ("a", 2.0), ("b", 3.0)))).json()
    assert (answer["accepted"], answer["set_aside_count"]) == (0, 3)
    assert sorted(owned("key, count, value")) == [("a", 2, [1.0, 2.0]), ("b", 1, [3.0])]
