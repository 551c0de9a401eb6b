"""Sockets when something goes wrong: a browser that does not read, a session that ends, Redis or the server gone."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import redis
from asgiref.testing import ApplicationCommunicator
from channels.routing import URLRouter
from channels.sessions import CookieMiddleware
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from deploy.embedded.places import Home
from deploy.embedded.redis import Redis
from tenants.kernel.clock import isoformat, utc_now
from tenants.portal import sockets
from tests.conftest import Cast
from tests.processes import LONG_S, serving
from tests.servers import short_folder
from tests.twins.conftest import Fleet
from twins.gateways.http import PATH
from twins.live.socket_urls import urlpatterns
from twins.telemetry.push import channel, settling_channel

pytestmark = [pytest.mark.django_db(transaction=True, databases=["default", "owner"]), pytest.mark.timeout(300)]
MB = 1024 * 1024


def web_process() -> psutil.Process:
    found = [each for each in psutil.Process().children() if "deploy.embedded.web" in each.cmdline()]
    return max(found, key=lambda each: each.create_time())


@pytest.fixture
def session(cast: Cast) -> str:
    """The key of a session of Meridian's viewer."""
    browser = Client()
    browser.force_login(cast.viewer)
    return str(browser.cookies["sessionid"].value)


def browse(site: str, fleet: Fleet, session: str, **options: Any) -> Any:
    url = f"{site.replace('http', 'ws')}/t/meridian/live/twins/{fleet.twin}/"
    cookie = {"Cookie": f"sessionid={session}"}
    return connect(url, additional_headers=cookie, origin=site, open_timeout=LONG_S, **options)  # type: ignore[arg-type]


def told(number: int, text: str = "") -> str:
    values = {"engine": {"t24": [f"2026-01-01T00:{number // 60:02d}:{number % 60:02d}Z", number, 0]}}
    return json.dumps({"twin": text, "at": "", "values": values})


def number_of(text: str | bytes) -> int:
    return int(json.loads(text)["values"]["engine"]["t24"][1])


async def test_a_browser_that_does_not_read_delays_nobody_and_takes_little(
    session: str, fleet: Fleet, tmp_path: Path
) -> None:
    count, size = 300, 64 * 1024
    client = redis.asyncio.from_url(settings.REDIS_URL)
    with serving(tmp_path / "web.log") as site:
        web = web_process()
        async with (
            asyncio.timeout(LONG_S),
            browse(site, fleet, session, max_queue=1, ping_interval=None) as slow,
            browse(site, fleet, session, max_queue=None) as quick,
        ):
            await asyncio.sleep(0)
            before = web.memory_info().rss
            for number in range(count):
                assert await client.publish(channel(fleet.tenant, fleet.twin), told(number, "x" * size)) == 1
                assert number_of(await quick.recv()) == number
            assert web.memory_info().rss - before < 12 * MB  # of the 19 that were published
            seen = [number_of(await slow.recv())]
            while seen[-1] < count - 1:
                seen.append(number_of(await slow.recv()))
            assert seen == sorted(set(seen))
            assert len(seen) < count
            assert slow.close_code is None
    await client.aclose()


async def test_who_has_just_begun_to_watch_is_told_again_what_was_written_since(
    session: str, fleet: Fleet, tmp_path: Path
) -> None:
    client = redis.asyncio.from_url(settings.REDIS_URL)
    with serving(tmp_path / "web.log") as site:
        async with asyncio.timeout(LONG_S), browse(site, fleet, session) as browser:
            assert await client.publish(settling_channel(fleet.tenant, fleet.twin), told(1)) == 1
            assert number_of(await browser.recv()) == 1
    await client.aclose()


def socket_in_this_process(fleet: Fleet, session: str) -> Any:
    scope = {
        "type": "websocket", "path": f"/t/meridian/live/twins/{fleet.twin}/", "home": None, "client": ["127.0.0.1", 1],
        "headers": [(b"cookie", f"sessionid={session}".encode())], "query_string": b"",
    }  # fmt: skip
    application = CookieMiddleware(URLRouter(urlpatterns))
    return ApplicationCommunicator(application, scope)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("ends", ["expires", "is gone"])
async def test_a_session_that_ends_closes_its_socket_also_while_values_flow(
    session: str, fleet: Fleet, monkeypatch: pytest.MonkeyPatch, ends: str
) -> None:
    monkeypatch.setattr(sockets, "CHECK_AGAIN_S", 0.2)
    client = redis.asyncio.from_url(settings.REDIS_URL)
    browser = socket_in_this_process(fleet, session)
    await browser.send_input({"type": "websocket.connect"})
    assert (await browser.receive_output(LONG_S))["type"] == "websocket.accept"
    rows = Session.objects.filter(session_key=session)
    if ends == "expires":
        await rows.aupdate(expire_date=utc_now())
    else:
        await rows.adelete()
    async with asyncio.timeout(LONG_S):
        message = None
        while message is None or message["type"] == "websocket.send":
            await client.publish(channel(fleet.tenant, fleet.twin), told(1))
            message = await browser.receive_output(LONG_S)
    assert (message["type"], message["code"]) == ("websocket.close", sockets.NOT_ALLOWED)
    await browser.send_input({"type": "websocket.disconnect", "code": 1000})
    await browser.wait(LONG_S)
    await client.aclose()


async def test_a_server_that_stops_says_goodbye_and_stops(session: str, fleet: Fleet, tmp_path: Path) -> None:
    with serving(tmp_path / "web.log") as site:
        web = web_process()
        async with asyncio.timeout(LONG_S), browse(site, fleet, session) as one, browse(site, fleet, session) as other:
            web.send_signal(signal.SIGTERM)
            for browser in (one, other):
                await browser.wait_closed()
                assert browser.close_code == 1012  # service restart: the page comes back after a pause of its own
        with suppress(psutil.TimeoutExpired):
            await asyncio.to_thread(web.wait, LONG_S / 2)
        assert not web.is_running() or web.status() == psutil.STATUS_ZOMBIE
        assert "Traceback" not in (tmp_path / "web.log").read_text()


class Page:
    """What a page does: comes back when its socket is lost, and asks for the present state when it is open."""

    def __init__(self, site: str, fleet: Fleet, session: str) -> None:
        self._site, self._fleet, self._session = site, fleet, session
        self.value = -1.0
        self.opened = 0
        self.codes: list[int | None] = []

    async def live(self) -> None:
        while True:
            with suppress(OSError, ConnectionClosed, InvalidStatus):
                async with browse(self._site, self._fleet, self._session) as socket:
                    await self._watch(socket)
            await asyncio.sleep(0.2)

    async def _watch(self, socket: ClientConnection) -> None:
        cookie = {"Cookie": f"sessionid={self._session}"}
        async with httpx.AsyncClient(base_url=self._site, headers=cookie, timeout=LONG_S) as client:
            answer = await client.get(f"/t/meridian/api/v1/twins/{self._fleet.twin}/latest/")
        self._take(answer.json())
        self.opened += 1
        try:
            async for text in socket:
                self._take(json.loads(text))
        finally:
            self.codes.append(socket.close_code)

    def _take(self, message: dict[str, Any]) -> None:
        for signals in message["values"].values():
            self.value = max(self.value, *(value for _, value, _ in signals.values()))

    async def shows(self, value: float) -> None:
        async with asyncio.timeout(LONG_S):
            while self.value != value:  # noqa: ASYNC110 (what is waited for is in another process)
                await asyncio.sleep(0.02)


@contextmanager
def own_redis(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Redis, list[subprocess.Popen[bytes]]]]:
    """A Redis that nobody else needs, and its processes so far."""
    with short_folder() as path:
        home = Home.named(path)
        home.prepare()
        server = Redis(home)
        running = [started(server)]
        monkeypatch.setenv("REDIS_URL", server.environment()["REDIS_URL"])
        try:
            yield server, running
        finally:
            for process in running:
                process.kill()
                process.wait()


def started(server: Redis) -> subprocess.Popen[bytes]:
    process, deadline = server.start(), time.monotonic() + LONG_S
    while not server.is_ready():
        assert time.monotonic() < deadline, server.why()
        time.sleep(0.02)
    return process


async def test_pages_live_on_when_redis_was_killed(
    session: str, fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = next(iter(fleet.signals))
    with own_redis(monkeypatch) as (server, running), serving(tmp_path / "web.log") as site:
        pages = [Page(site, fleet, session) for _ in range(3)]
        async with (
            asyncio.TaskGroup() as tasks,
            httpx.AsyncClient(
                base_url=site, headers={"Authorization": f"Bearer {fleet.token}"}, timeout=LONG_S
            ) as gateway,
        ):
            living = [tasks.create_task(page.live()) for page in pages]

            async def send(value: float) -> None:
                readings = [{"key": key, "at": isoformat(utc_now()), "value": value}]
                answer = await gateway.post(PATH, json={"batch": f"b{value}", "readings": readings}, timeout=LONG_S)
                assert answer.json()["accepted"] == 1

            async def all_show(value: float) -> None:
                await send(value)
                for page in pages:
                    await page.shows(value)

            await all_show(600.0)
            running[0].send_signal(signal.SIGKILL)
            running[0].wait()
            await send(601.0)  # is acknowledged, and nobody can be told
            running.append(started(server))
            for page in pages:
                await page.shows(601.0)
            await all_show(602.0)
            for task in living:
                task.cancel()
        assert all(page.opened >= 2 and sockets.START_OVER in page.codes for page in pages)
    assert os.environ["REDIS_URL"] != settings.REDIS_URL
