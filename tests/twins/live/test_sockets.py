"""The live socket of a real server: values as they are committed, for those who may watch, and for nobody else."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import redis
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test import Client
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tenants.custody.erasing import ask_erasure
from tenants.custody.persons import erase_person
from tenants.kernel.clock import utc_now
from tenants.lifecycle.domain import Mover, State
from tenants.lifecycle.services import move_tenant
from tenants.people import members, roles
from tenants.people.entry import Policy
from tenants.people.models import CustomRole, Membership, Site, Space, SpaceKind, User
from tenants.people.schemas import Place
from tenants.people.security import change_policy
from tenants.people.services import add_member, create_person
from tenants.portal.sockets import NOT_ALLOWED
from tenants.scope.actors import PERMISSIONS, Actor, Permission, Role
from tenants.scope.context import scope
from tests.conftest import Cast
from tests.processes import LONG_S, serving
from twins.composer.services import create_twin
from twins.telemetry.push import channel

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
SignIn = Callable[[User], Client]
PASSWORD, OTHER = "uncommon-gearbox-42", "uncommon-gearbox-43"


@pytest.fixture
def site(transactional_db: None, tmp_path: Path) -> Iterator[str]:
    with serving(tmp_path / "web.log") as url:
        yield url


def cookie(client: Client) -> str:
    return f"sessionid={client.cookies['sessionid'].value}"


def open_socket(site: str, path: str, session: str = "", origin: str | None = None) -> Any:
    headers = {"Cookie": session} if session else {}
    url = site.replace("http", "ws") + path
    return connect(url, additional_headers=headers, origin=origin or site, open_timeout=LONG_S)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Watcher:
    """Somebody who watches, in a role and an organisation that will not stay as they are."""

    cast: Cast
    user: User
    role: UUID
    elsewhere: UUID

    @property
    def told(self) -> dict[str, Any]:
        """What services ask for beside the matter: Meridian's owner, who sits in another network, and the moment."""
        owner = Actor(
            tenant=self.cast.meridian.id, slug="meridian", role=Role.OWNER, permissions=PERMISSIONS[Role.OWNER],
            user=self.cast.owner.id, name=self.cast.owner.email, address="203.0.113.9",
        )  # fmt: skip
        return {"by": owner, "now": utc_now()}

    @property
    def membership(self) -> UUID:
        """The watcher's."""
        return Membership.objects.get(tenant=self.cast.meridian, user=self.user).id

    def signed_in(self) -> Client:
        """A browser of theirs, one that the list of their sessions has."""
        browser = Client()
        answer = browser.post("/account/login/", {"login": self.user.email, "password": PASSWORD})
        assert answer.status_code == 302
        return browser

    def from_another_browser(self, path: str, **form: str) -> None:
        """Sign in somewhere else too, and do something there."""
        assert self.signed_in().post(path, form).status_code == 302


def give_another_role(of: Watcher) -> None:
    role = roles.create_role(name="Auditor", description="", permissions=[Permission.AUDIT_READ], **of.told)
    members.change_role(membership=of.membership, role=str(role.id), customer=None, **of.told)


def take_from_their_role(of: Watcher) -> None:
    less = [Permission.AUDIT_READ]
    roles.change_role(role=of.role, name=of.user.email, description="", permissions=less, **of.told)


def hold_to_another_site(of: Watcher) -> None:
    members.hold_to_places(membership=of.membership, places=[Place(site=of.elsewhere)], **of.told)


def remove(of: Watcher) -> None:
    members.remove_member(membership=of.membership, **of.told)


def erase(of: Watcher) -> None:
    erase_person(email=of.user.email, by="owner@meridian.example", now=utc_now(), may=PERMISSIONS[Role.OWNER])


def end_other_sessions(of: Watcher) -> None:
    of.from_another_browser("/account/sessions/")


def change_the_password(of: Watcher) -> None:
    of.from_another_browser("/account/password/change/", oldpassword=PASSWORD, password1=OTHER, password2=OTHER)


def take_other_networks_only(of: Watcher) -> None:
    change_policy(policy=Policy(networks=("203.0.113.0/24",)), **of.told)


def open_to_all_networks(of: Watcher) -> None:
    change_policy(policy=Policy(), **of.told)


def suspend(of: Watcher) -> None:
    move_tenant(to=State.SUSPENDED, mover=Mover.OPERATOR, by="support", reason="unpaid", now=utc_now())


def take_up_again(of: Watcher) -> None:
    move_tenant(to=State.ACTIVE, mover=Mover.OPERATOR, by="support", reason="paid", now=utc_now())


def close(of: Watcher) -> None:
    ask_erasure(name="Meridian Engines", by="owner@meridian.example", now=utc_now())


BY_THEMSELVES = (end_other_sessions, change_the_password)
"""Done outside any scope."""
CHANGES = (
    (give_another_role, None), (take_from_their_role, None), (hold_to_another_site, None), (remove, None),
    (erase, None), (end_other_sessions, None), (change_the_password, None),
    (take_other_networks_only, open_to_all_networks), (suspend, take_up_again), (close, None),
)  # fmt: skip
"""What ends a right to watch, each by what the pages call, and what must be undone before the next."""


def watcher_called(name: str, cast: Cast) -> Watcher:
    user = create_person(email=f"{name}@meridian.example", name=name, password=PASSWORD)
    with scope(cast.meridian.id):
        rights = [Permission.TWINS_READ.value, Permission.ORGANISATION_READ.value]
        role = CustomRole.objects.create(name=user.email, permissions=rights, created_at=utc_now())
        space = Space.objects.create(name=name, kind=SpaceKind.PRODUCTION, created_at=utc_now())
        elsewhere = Site.objects.create(name=name, space=space, created_at=utc_now())
    add_member(tenant=cast.meridian.id, user=user.id, role=str(role.id), now=utc_now())
    return Watcher(cast, user, role.id, elsewhere.id)


def test_an_open_socket_loses_its_rights_within_a_second(cast: Cast, site: str) -> None:
    cache.clear()
    with scope(cast.meridian.id):
        twin = create_twin(name="Fleet", now=utc_now())
    path = f"/t/meridian/live/twins/{twin.id}/"

    def happen(change: Callable[[Watcher], None] | None, of: Watcher) -> None:
        with scope(cast.meridian.id) if change not in BY_THEMSELVES else contextlib.nullcontext():
            if change is not None:
                change(of)
        connection.close()

    async def watch(session: str, change: Callable[[Watcher], None], of: Watcher) -> float:
        async with open_socket(site, path, session) as socket:
            await asyncio.to_thread(happen, change, of)
            begun = asyncio.get_running_loop().time()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LONG_S):
                    await socket.wait_closed()
            assert socket.close_code == NOT_ALLOWED, change.__name__
            return asyncio.get_running_loop().time() - begun

    for change, undo in CHANGES:
        of = watcher_called(change.__name__, cast)
        assert asyncio.run(watch(cookie(of.signed_in()), change, of)) < 1.0, change.__name__
        happen(undo, of)


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
                async with asyncio.timeout(LONG_S):
                    assert await socket.recv() == message

    asyncio.run(story())
    client.close()


def test_an_open_socket_keeps_no_connection_that_a_page_needs(
    cast: Cast, sign_in: SignIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scope(cast.meridian.id):
        twin = create_twin(name="Fleet", now=utc_now())
    viewer = cookie(sign_in(cast.viewer))
    monkeypatch.setenv("OUTTURN_DATABASE_POOL", "1")

    async def story(site: str) -> None:
        async with (
            open_socket(site, f"/t/meridian/live/twins/{twin.id}/", viewer),
            open_socket(site, "/t/meridian/live/alarms/", viewer),
            httpx.AsyncClient(base_url=site, headers={"Cookie": viewer}, timeout=LONG_S) as client,
        ):
            assert (await client.get("/t/meridian/twins/")).status_code == 200

    with serving(tmp_path / "web.log") as site:
        asyncio.run(story(site))
