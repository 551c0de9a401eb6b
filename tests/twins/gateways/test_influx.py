"""InfluxDB's write API as Telegraf speaks it, in both versions."""

from __future__ import annotations

import asyncio
import base64
import gzip
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from asgiref.sync import sync_to_async

from tenants.kernel.clock import utc_now
from tenants.scope.context import scope
from tests.ingest import client_of, ingest_running
from tests.processes import LONG_S
from tests.twins.conftest import Fleet, stored
from twins.composer.models import Twin
from twins.composer.publishing import publish_twin
from twins.composer.services import edit_draft
from twins.gateways.influx import HEALTH, PING, QUERY, WRITE_1, WRITE_2
from twins.gateways.lines import MOST_LINES
from twins.telemetry import commit
from twins.telemetry.selectors import recent_keys

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
KEY = r"engine,host=edge\ 1,n=7.t24"
NS = 1_735_689_600_000_000_000
LINE = rf"engine,n=7,host=edge\ 1 t24=640.5 {NS}"
Rows = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture
def telegraf(fleet: Fleet) -> Fleet:
    """The fleet with a signal that reads what Telegraf sends."""
    with scope(fleet.tenant):
        row = Twin.objects.get(id=fleet.twin)
        place = next(place for place in row.draft["bindings"] if place.endswith("/t24"))
        edit = {"op": "bind", "place": place, "gateway": str(fleet.gateway), "key": KEY}
        draft = edit_draft(twin=row.id, base_revision=row.revision, operations=[edit], by="test", now=utc_now())
        publish_twin(twin=row.id, revision=draft.revision, note="", by="test", now=utc_now())
    return fleet


@pytest.fixture
async def client(telegraf: Fleet) -> AsyncIterator[httpx.AsyncClient]:
    async with ingest_running() as app, client_of(app) as found:
        found.headers["Authorization"] = f"Token {telegraf.token}"
        yield found


def values(everything: Any, fleet: Fleet) -> list[float]:
    return [row[2] for row in stored(everything, fleet.tenant)]


async def test_what_telegraf_sends_is_stored_once(
    client: httpx.AsyncClient, telegraf: Fleet, everything: Any, owned: Rows
) -> None:
    body = f'{LINE}\nengine,n=7,host=edge\\ 1 note="hot" {NS}\n'.encode()
    asked = f"{WRITE_2}?org=any&bucket=any"
    headers = {"Content-Type": "text/plain; charset=utf-8", "Content-Encoding": "gzip"}
    for _ in range(100):
        answer = await client.post(asked, content=gzip.compress(body, mtime=0), headers=headers)
        assert (answer.status_code, answer.content) == (204, b"")
    assert values(everything, telegraf) == [640.5]
    assert owned("key, code, count") == [(r"engine,host=edge\ 1,n=7.note", "reading.text", 1)]


async def test_where_clients_put_the_token(client: httpx.AsyncClient, telegraf: Fleet, everything: Any) -> None:
    del client.headers["Authorization"]
    basic = base64.b64encode(f"anybody:{telegraf.token}".encode()).decode()
    for authorization in (
        f"Bearer {telegraf.token}", f"Token {telegraf.token}", f"token me:{telegraf.token}", f"Basic {basic}",
    ):  # fmt: skip
        answer = await client.post(f"{WRITE_1}?db=any", content=LINE, headers={"Authorization": authorization})
        assert answer.status_code == 204
    assert (await client.post(f"{WRITE_1}?u=me&p={telegraf.token}", content=LINE)).status_code == 204
    for authorization in ("", "Basic !!!", "Basic eDp5", "Token wrong", "Digest x"):
        answer = await client.post(WRITE_2, content=LINE, headers={"Authorization": authorization})
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
        assert answer.headers["www-authenticate"].startswith("Token")
    assert values(everything, telegraf) == [640.5]


@pytest.mark.parametrize(("precision", "divisor"), [("ns", 1), ("us", 1000), ("ms", 10**6), ("s", 10**9)])
async def test_units_of_time(
    client: httpx.AsyncClient, telegraf: Fleet, everything: Any, precision: str, divisor: int
) -> None:
    content = LINE.replace(str(NS), str(NS // divisor))
    assert (await client.post(f"{WRITE_2}?precision={precision}", content=content)).status_code == 204
    assert [row[1].isoformat() for row in stored(everything, telegraf.tenant)] == ["2025-01-01T00:00:00+00:00"]


async def test_another_unit_of_time_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post(f"{WRITE_2}?precision=fortnights", content=LINE)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


async def test_a_line_that_cannot_be_read_is_told_and_not_asked_for_again(
    client: httpx.AsyncClient, telegraf: Fleet, everything: Any, owned: Rows
) -> None:
    for path in (WRITE_2, WRITE_1):
        answer = await client.post(path, content=f"{LINE}\nnonsense\n")
        assert answer.status_code == 400  # what Telegraf drops, in either version
        told = answer.json()
        assert told["code"] == "invalid"
        assert told["message"] == told["error"]
        assert told["error"].startswith("partial write: 1 of the lines cannot be read")
        assert "line 2: nonsense" in told["error"]
    assert values(everything, telegraf) == [640.5]
    assert owned("code, excerpt") == [("line.unreadable", "line 2: nonsense")]
    garbage = await client.post(WRITE_2, content=bytes(range(256)) * 20)
    assert (garbage.status_code, garbage.json()["code"]) == (400, "invalid")


async def test_what_can_never_be_stored_is_not_asked_for_again(
    client: httpx.AsyncClient, telegraf: Fleet, everything: Any, owned: Rows
) -> None:
    lines = [
        f"other a=1 {NS}", LINE.replace("640.5", "NaN"), LINE.replace("640.5", "inf"), LINE.replace("640.5", "high"),
        LINE.replace(str(NS), "4294967296000000000"),
    ]  # fmt: skip
    assert (await client.post(WRITE_2, content="\n".join(lines))).status_code == 204
    assert values(everything, telegraf) == []
    assert sorted(owned("code, count")) == [
        ("key.unbound", 1), ("reading.in_future", 1), ("reading.not_a_number", 1), ("reading.not_finite", 2),
    ]  # fmt: skip


async def test_points_without_a_time_were_measured_now(
    client: httpx.AsyncClient, telegraf: Fleet, everything: Any
) -> None:
    before = utc_now()
    for _ in range(2):
        assert (await client.post(WRITE_2, content=LINE.rpartition(" ")[0])).status_code == 204
    rows = stored(everything, telegraf.tenant)
    assert [row[2] for row in rows] == [640.5, 640.5]
    assert all(before <= row[1] <= utc_now() for row in rows)


async def test_when_to_come_again_is_said_so_that_each_version_does(
    client: httpx.AsyncClient, telegraf: Fleet, everything: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit, "MOST_WAITING", 0)
    second = await client.post(WRITE_2, content=LINE)
    assert (second.status_code, second.json()["code"], second.headers["retry-after"]) == (429, "too many requests", "1")
    first = await client.post(WRITE_1, content=LINE)
    assert (first.status_code, first.headers["retry-after"]) == (503, "1")
    assert first.json()["error"]
    monkeypatch.undo()
    assert (await client.post(WRITE_1, content=LINE)).status_code == 204
    assert values(everything, telegraf) == [640.5]


async def test_too_much_at_once_is_to_be_sent_in_halves(client: httpx.AsyncClient) -> None:
    answer = await client.post(WRITE_2, content=f"{LINE}\n" * (MOST_LINES + 2))
    assert (answer.status_code, answer.json()["code"]) == (413, "request too large")


async def test_keys_that_nothing_reads_are_shown_with_their_names(client: httpx.AsyncClient, telegraf: Fleet) -> None:
    assert (await client.post(WRITE_2, content=f"cpu,host=b,cpu=0 idle=1 {NS}")).status_code == 204

    def seen() -> list[str]:
        with scope(telegraf.tenant):
            return [one.key for one in recent_keys(telegraf.gateway)]

    async with asyncio.timeout(LONG_S):
        while "cpu,cpu=0,host=b.idle" not in await sync_to_async(seen)():  # noqa: ASYNC110 (another connection's)
            await asyncio.sleep(0.05)


async def test_the_other_places_that_telegraf_asks(client: httpx.AsyncClient) -> None:
    for method in ("GET", "HEAD"):
        answer = await client.request(method, PING)
        assert (answer.status_code, answer.headers["x-influxdb-version"]) == (204, "2.0-outturn")
    assert (await client.get(HEALTH)).json()["status"] == "pass"
    made = await client.post(QUERY, data={"q": 'CREATE DATABASE "telegraf"'})
    assert (made.status_code, made.json()) == (200, {"results": [{"statement_id": 0}]})
    assert (await client.get(QUERY, params={"q": "SHOW DATABASES"})).status_code == 400
    assert (await client.post(QUERY, content=b"q=" + b"x" * 100_000)).status_code == 400
    assert (await client.get(WRITE_2)).status_code == 405
