"""The live socket of a real server: values as they are committed, for those who may watch, and for nobody else."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.test import Client
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tenants.kernel.clock import utc_now
from tenants.people.models import CustomRole, Membership, User
from tenants.people.rights import rights_changed
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.conftest import Cast
from tests.processes import serving
from twins.composer.services import create_twin
from twins.live.consumers import NOT_ALLOWED
from twins.live.hub import MOST_WAITING, Hub
from twins.telemetry.push import channel

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
SignIn = Callable[[User], Client]


@pytest.fixture
def site(transactional_db: None, tmp_path: Path) -> Iterator[str]:
    with serving(tmp_path / "web.log") as url:
        yield url


def cookie(client: Client) -> str:
    return f"sessionid={client.cookies['sessionid'].value}"


def open_socket(site: str, path: str, session: str = "", origin: str | None = None) -> Any:
    headers = {"Cookie": session} if session else {}
    return connect(site.replace("http", "ws") + path, additional_headers=headers, origin=origin or site)  # type: ignore[arg-type]


def give_another_role(cast: Cast) -> None:
    role = CustomRole.objects.create(name="Auditor", permissions=["audit.read"], created_at=utc_now())
    Membership.objects.filter(user=cast.viewer).update(role=str(role.id))


def end_sessions(_cast: Cast) -> None:
    SessionStore.get_model_class().objects.all().delete()


def change_password(cast: Cast) -> None:
    cast.viewer.set_password("another-horse-9")
    cast.viewer.save()


def take_other_networks_only(cast: Cast) -> None:
    Tenant.objects.filter(id=cast.meridian.id).update(policy={"networks": ["203.0.113.0/24"]})


def suspend(cast: Cast) -> None:
    Tenant.objects.filter(id=cast.meridian.id).update(state="suspended")


@pytest.mark.parametrize(
    "change", [give_another_role, end_sessions, change_password, take_other_networks_only, suspend]
)
def test_an_open_socket_loses_its_rights_within_a_second(
    cast: Cast, site: str, sign_in: SignIn, change: Callable[[Cast], None]
) -> None:
    with scope(cast.meridian.id):
        twin = create_twin(name="Fleet", now=utc_now())
    session = cookie(sign_in(cast.viewer))

    def happen() -> None:
        with scope(cast.meridian.id):
            change(cast)
            rights_changed(cast.meridian.id)
        connection.close()

    async def watch() -> float:
        async with open_socket(site, f"/t/meridian/live/twins/{twin.id}/", session) as socket:
            await asyncio.to_thread(happen)
            begun = asyncio.get_running_loop().time()
            async with asyncio.timeout(10):
                await socket.wait_closed()
            assert socket.close_code == NOT_ALLOWED
            return asyncio.get_running_loop().time() - begun

    assert asyncio.run(watch()) < 1.0


async def refused(socket: Any) -> int:
    with pytest.raises(InvalidStatus) as caught:
        await socket
    return caught.value.response.status_code


def test_who_may_watch(cast: Cast, site: str, sign_in: SignIn) -> None:
    with scope(cast.meridian.id):
        twin = create_twin(name="Fleet", now=utc_now())
    path, theirs = f"/t/meridian/live/twins/{twin.id}/", f"/t/stranger/live/twins/{twin.id}/"
    viewer, outsider, reader = (cookie(sign_in(each)) for each in (cast.viewer, cast.outsider, cast.reader))
    client = redis.Redis.from_url(settings.REDIS_URL)

    async def story() -> None:
        assert await refused(open_socket(site, path)) == 403
        assert await refused(open_socket(site, path, outsider)) == 403
        assert await refused(open_socket(site, theirs, outsider)) == 403
        assert await refused(open_socket(site, path, reader)) == 403
        assert await refused(open_socket(site, path, viewer, origin="https://evil.example")) == 403
        async with open_socket(site, path, viewer) as first, open_socket(site, path, viewer) as second:
            message = json.dumps({"twin": str(twin.id), "values": {"a": {"t50": ["2026-01-01T00:00:00Z", 1.5, 0]}}})
            assert client.publish(channel(cast.meridian.id, twin.id), message) == 1
            for socket in (first, second):
                assert await asyncio.wait_for(socket.recv(), 10) == message

    asyncio.run(story())
    client.close()


@asynccontextmanager
async def watched(name: str) -> AsyncIterator[tuple[Hub, Any]]:
    hub, client = Hub(settings.REDIS_URL), redis.asyncio.from_url(settings.REDIS_URL)
    yield hub, lambda text: client.publish(name, text)
    await client.aclose()


async def test_a_watcher_that_is_too_slow_is_told_to_start_over() -> None:
    async with watched("slow") as (hub, publish), hub.watching("slow") as slow:
        for number in range(MOST_WAITING + 1):
            await publish(str(number))
        got = [await asyncio.wait_for(slow.get(), 10) for _ in range(MOST_WAITING + 1)]
        assert got == [*map(str, range(MOST_WAITING)), None]


async def test_channels_are_kept_apart_and_left() -> None:
    async with watched("one") as (hub, publish):
        async with hub.watching("one") as one, hub.watching("other") as other:
            await publish("x")
            assert await asyncio.wait_for(one.get(), 10) == "x"
            assert other.empty()
        assert await publish("nobody hears it") == 0
        async with hub.watching("one") as again:
            await publish("y")
            assert await asyncio.wait_for(again.get(), 10) == "y"


async def test_a_lost_redis_is_told_and_found_again(cast: Cast) -> None:
    async with watched("lossy") as (hub, publish), hub.watching("lossy") as watcher:
        control = redis.asyncio.from_url(settings.REDIS_URL)
        await control.client_kill_filter(_type="pubsub")
        assert await asyncio.wait_for(watcher.get(), 10) is None
        text = None
        async with asyncio.timeout(10):
            while text is None:  # whatever is lost on the way, a None follows it
                await publish("back")
                with contextlib.suppress(TimeoutError):
                    text = await asyncio.wait_for(watcher.get(), 0.2)
        assert text == "back"
        await control.aclose()
