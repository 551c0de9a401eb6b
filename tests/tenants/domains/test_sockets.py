"""Websockets of a real server at an organisation's own host: for its own pages and sessions only."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.test import Client
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tenants.domains.hosts import PLACE
from tenants.kernel.clock import utc_now
from tenants.people.models import User
from tenants.scope.context import scope
from tests.conftest import Cast
from tests.processes import serving
from tests.tenants.domains.test_services import NAME, proven
from twins.composer.services import create_twin

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def test_who_may_watch_there(cast: Cast, sign_in: Callable[[User], Client], tmp_path: Path) -> None:
    proven(cast.meridian)
    proven(cast.stranger, "portal.stranger.example")
    with scope(cast.meridian.id):
        twin = create_twin(name="Fleet", now=utc_now())
    path = f"/t/meridian/live/twins/{twin.id}/"
    ours, there = sign_in(cast.viewer), sign_in(cast.viewer)
    session = there.session
    session[PLACE] = str(cast.meridian.id)
    session.save()
    mine, full = (f"sessionid={client.cookies['sessionid'].value}" for client in (there, ours))

    async def opens(port: int, host: str, cookie: str, origin: str) -> int:
        try:
            async with connect(
                f"ws://{host}:{port}{path}", host="127.0.0.1", port=port, additional_headers={"Cookie": cookie},
                origin=origin,  # type: ignore[arg-type]
            ):  # fmt: skip
                return 101
        except InvalidStatus as refused:
            return refused.response.status_code

    async def story(port: int) -> None:
        at, theirs, us = (f"http://{host}:{port}" for host in (NAME, "portal.stranger.example", "localhost"))
        assert await opens(port, NAME, mine, at) == 101
        assert await opens(port, NAME, mine, theirs) == 403
        assert await opens(port, NAME, mine, "http://evil.example") == 403
        assert await opens(port, NAME, full, at) == 403
        assert await opens(port, "portal.stranger.example", mine, theirs) == 403
        assert await opens(port, "localhost", mine, us) == 403
        assert await opens(port, "localhost", full, us) == 101
        assert await opens(port, "localhost", full, at) == 403
        assert await opens(port, "nobodys.example", full, f"http://nobodys.example:{port}") == 403

    with serving(tmp_path / "web.log") as url:
        asyncio.run(story(urlsplit(url).port or 0))
