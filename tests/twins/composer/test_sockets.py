"""The socket of a draft on a real server: edits as they are committed, who is here, and nobody who may not be."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tenants.kernel.clock import utc_now
from tenants.kernel.ids import new_id
from tenants.people.models import Membership, User
from tenants.people.services import add_member
from tenants.portal.sockets import NOT_ALLOWED
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tests.conftest import Cast
from tests.processes import LONG_S, serving
from twins.composer.consumers import TOO_MUCH
from twins.composer.models import Twin
from twins.composer.publishing import publish_twin
from twins.composer.services import create_twin, edit_draft

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
SignIn = Callable[[User], Client]
A = str(new_id())


@pytest.fixture
def site(transactional_db: None, tmp_path: Path) -> Iterator[str]:
    with serving(tmp_path / "web.log") as url:
        yield url


@pytest.fixture
def twin(cast: Cast) -> Twin:
    with scope(cast.meridian.id):
        return create_twin(name="Fleet", now=utc_now())


@pytest.fixture
def ada(cast: Cast) -> User:
    user = User.objects.create_user("ada@meridian.example", name="Ada Byron")
    add_member(tenant=cast.meridian.id, user=user.id, role=Role.ENGINEER, now=utc_now())
    return user


class Room:
    """Opens sockets on one draft."""

    def __init__(self, site: str, twin: Twin, sign_in: SignIn) -> None:
        self.site, self.twin, self.sign_in = site, twin, sign_in
        self.cookies: dict[User, str] = {}

    def enter(self, *people: User) -> None:
        for user in people:
            self.cookies[user] = f"sessionid={self.sign_in(user).cookies['sessionid'].value}"

    def open(self, user: User | None, slug: str = "meridian") -> Any:
        url = f"{self.site.replace('http', 'ws')}/t/{slug}/live/drafts/{self.twin.id}/"
        headers = {"Cookie": self.cookies[user]} if user else {}
        return connect(url, additional_headers=headers, origin=self.site, open_timeout=LONG_S)  # type: ignore[arg-type]


@pytest.fixture
def room(site: str, twin: Twin, sign_in: SignIn) -> Room:
    return Room(site, twin, sign_in)


async def until(socket: Any, kind: str, **fields: Any) -> dict[str, Any]:
    """The next event of a kind that says this."""
    async with asyncio.timeout(LONG_S):
        while True:
            for event in json.loads(await socket.recv()):
                if event["kind"] == kind and fields.items() <= event.items():
                    found: dict[str, Any] = event
                    return found


def in_tenant(cast: Cast, do: Callable[[], Any]) -> None:
    with scope(cast.meridian.id):
        do()
    connection.close()


def test_edits_are_told_to_all_who_have_the_draft_open(cast: Cast, room: Room, ada: User) -> None:
    twin = room.twin
    room.enter(cast.owner, ada)
    add = {"op": "add_asset", "asset": A, "type": "turbofan-engine@1", "name": "E", "at": [0, 0]}
    many = [{"op": "rename", "asset": A, "name": "x" * 150 + str(number)} for number in range(500)]

    def edit(revision: int, operations: list[Any]) -> None:
        edit_draft(twin=twin.id, base_revision=revision, operations=operations, by=ada.email, now=utc_now())

    def publish() -> None:
        publish_twin(twin=twin.id, revision=501, note="First", by=ada.email, now=utc_now())

    async def story() -> None:
        async with room.open(cast.owner) as one, room.open(ada) as other:
            assert (await until(one, "welcome"))["revision"] == 0
            await asyncio.to_thread(in_tenant, cast, lambda: edit(0, [add]))
            for socket in (one, other):
                told = await until(socket, "edits")
                assert (told["revision"], told["author"]) == (1, ada.email)
                assert {finding["code"] for finding in told["findings"]} <= {"twin.unbound_signals"}
                assert [change["operation"] for change in told["changes"]] == [add]
            await asyncio.to_thread(in_tenant, cast, lambda: edit(1, many))
            told = await until(one, "edits")
            assert (told["revision"], told["changes"]) == (501, None)
            await asyncio.to_thread(in_tenant, cast, publish)
            told = await until(one, "published")
            assert (told["version"], told["author"], told["note"]) == (1, ada.email, "First")

    asyncio.run(story())


def test_people_are_told_of_each_other_and_not_of_themselves(cast: Cast, room: Room, ada: User) -> None:
    room.enter(cast.owner, cast.viewer, ada)

    async def story() -> None:
        async with room.open(cast.owner) as mine:
            await until(mine, "welcome")
            async with room.open(ada) as hers:
                told = await until(mine, "presence", name="Ada Byron")
                assert (told["author"], told["edits"], told["at"]["cursor"]) == (ada.email, True, None)
                await until(hers, "presence", author=cast.owner.email)  # who was here before tells of themselves
                await hers.send(json.dumps({"cursor": [3, 4], "selected": [A], "editing": f"assets/{A}"}))
                told = await until(mine, "presence", name="Ada Byron", at={
                    "cursor": [3.0, 4.0], "selected": [A], "editing": f"assets/{A}", "view": None,
                })  # fmt: skip
                for hostile in ('{"name": "Owner"}', "x" * 100_000, '{"cursor": [1e99, 0]}', b"\x00"):
                    await hers.send(hostile)
                await hers.send(json.dumps({"cursor": [5, 6]}))
                told = await until(mine, "presence", name="Ada Byron")
                assert told["at"]["cursor"] == [5.0, 6.0]
                tab = told["tab"]
            assert (await until(mine, "gone"))["tab"] == tab
            async with room.open(cast.viewer) as theirs:
                await until(theirs, "welcome")
                assert (await until(mine, "presence"))["edits"] is False
            everything = []
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    while True:
                        everything += json.loads(await mine.recv())
            assert cast.owner.email not in {event.get("author") for event in everything}

    asyncio.run(story())


def test_a_flood_is_told_on_as_little_and_ends_the_connection(cast: Cast, room: Room, ada: User) -> None:
    room.enter(cast.owner, ada)

    async def story() -> None:
        async with room.open(cast.owner) as mine, room.open(ada) as hers:
            await until(mine, "presence", name="Ada Byron")
            with contextlib.suppress(ConnectionClosed):
                for number in range(3_000):
                    await hers.send(json.dumps({"cursor": [number, 0]}))
            async with asyncio.timeout(LONG_S):
                await hers.wait_closed()
            assert hers.close_code == TOO_MUCH
            count = 0
            async with asyncio.timeout(LONG_S):
                while not any(event["kind"] == "gone" for event in json.loads(await mine.recv())):
                    count += 1
            assert count < 60

    asyncio.run(story())


def test_nobody_who_may_not_be_there(cast: Cast, room: Room, ada: User) -> None:
    room.enter(cast.outsider, cast.reader, ada)

    async def story() -> None:
        for user, slug in [
            (None, "meridian"),
            (cast.outsider, "meridian"),
            (cast.outsider, "stranger"),
            (cast.reader, "meridian"),
        ]:
            with pytest.raises(InvalidStatus) as caught:
                await room.open(user, slug)
            assert caught.value.response.status_code == 403
        async with room.open(ada) as hers:
            await until(hers, "welcome")

            def dismiss() -> None:
                Membership.objects.get(user=ada).delete()
                from tenants.people.rights import rights_changed

                rights_changed(cast.meridian.id)

            await asyncio.to_thread(in_tenant, cast, dismiss)
            async with asyncio.timeout(LONG_S):
                await hers.wait_closed()
            assert hers.close_code == NOT_ALLOWED

    asyncio.run(story())
