"""The websocket of a draft: what others do to it as it is committed, and who they are."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

import msgspec
from channels.db import database_sync_to_async

from tenants.kernel.ids import new_id
from tenants.portal.sockets import Visitor, WatchingConsumer, hub, member_of_visitor
from tenants.portal.watcher import Newest
from tenants.scope.actors import Permission
from tenants.scope.context import held_to, scope
from twins.composer.presence import BEAT_S, PACE_S, Allowance, Said, events_in_one, read_said
from twins.composer.selectors import twins
from twins.composer.telling import draft_channel

TOO_MUCH = 1008


@dataclass(frozen=True, slots=True)
class Seat:
    """Somebody at a draft.

    Attributes:
        name: As others are shown them.
        author: As their edits are signed.
    """

    tenant: UUID
    name: str
    author: str
    edits: bool


def seat_of(visitor: Visitor, slug: str, twin: UUID) -> Seat | None:
    """Who opened a socket on a draft, or None for who may not see it."""
    found = member_of_visitor(visitor, slug)
    if found is None or not found[0].may(Permission.TWINS_READ):
        return None
    actor, user = found
    with scope(actor.tenant), held_to(actor.twins):
        if not twins().filter(id=twin).exists():
            return None
    name = str(user.name) or actor.name.partition("@")[0]
    return Seat(actor.tenant, name, actor.name, actor.may(Permission.TWINS_EDIT))


def standing_of(tenant: UUID, twin: UUID) -> tuple[int, int]:
    """The revision of a draft and the newest version of its twin; zeros when it is gone."""
    with scope(tenant):
        return twins().filter(id=twin).values_list("revision", "published").first() or (0, 0)


class DraftConsumer(WatchingConsumer):
    """Tells a browser of a draft, and others of the browser."""

    newest: ClassVar[Newest | None] = staticmethod(events_in_one)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._tab = str(new_id())
        self._seat: Seat | None = None
        self._channel = ""
        self._said = Said()
        self._news = asyncio.Event()
        self._allowance = Allowance()
        self._teller: asyncio.Task[None] | None = None

    async def disconnect(self, code: int) -> None:
        """Stop watching, and tell the others."""
        if self._teller is not None:
            self._teller.cancel()
            await self._publish({"kind": "gone", "tab": self._tab})
        await super().disconnect(code)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Take what a browser says of itself; anything else is not heard."""
        if self._is_over:
            return
        said = read_said(text_data) if text_data is not None and self._allowance.take() else None
        if said is not None:
            self._said = said
            self._news.set()
        elif self._allowance.refuse():
            self._is_over = True
            await self.close(code=TOO_MUCH)

    async def send(self, text_data: str | None = None, bytes_data: bytes | None = None, close: bool = False) -> None:  # noqa: FBT001, FBT002 (the signature of channels)
        """Send events on, but none about the browser itself."""
        if text_data is not None and '"tab"' in text_data:
            text_data = self._without_own(text_data)
        if text_data is not None:
            await super().send(text_data=text_data, bytes_data=bytes_data, close=close)

    async def _tenant(self) -> UUID | None:
        arguments = self.scope["url_route"]["kwargs"]
        check = database_sync_to_async(seat_of, thread_sensitive=False)
        self._seat = await check(self._visitor(), arguments["slug"], arguments["twin"])
        return None if self._seat is None else self._seat.tenant

    def _channels(self, tenant: UUID) -> tuple[str, str | None]:
        self._channel = draft_channel(tenant, self._twin)
        return self._channel, None

    @property
    def _twin(self) -> UUID:
        twin: UUID = self.scope["url_route"]["kwargs"]["twin"]
        return twin

    async def _opened(self) -> None:
        if self._seat is None:
            return
        ask = database_sync_to_async(standing_of, thread_sensitive=False)
        revision, version = await ask(self._seat.tenant, self._twin)
        welcome = {"kind": "welcome", "revision": revision, "version": version or None, "name": self._seat.name}
        await self.send(text_data=msgspec.json.encode([welcome]).decode())
        await self._publish({"kind": "hello", "tab": self._tab})
        self._teller = asyncio.create_task(self._tell_of_itself(), name="presence")

    async def _tell_of_itself(self) -> None:
        while not self._is_over:
            self._news.clear()
            seat = self._seat
            if seat is not None:
                at = msgspec.to_builtins(self._said)
                await self._publish(
                    {"kind": "presence", "tab": self._tab, "name": seat.name, "author": seat.author,
                     "edits": seat.edits, "at": at}
                )  # fmt: skip
            await asyncio.sleep(PACE_S)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(BEAT_S):
                    await self._news.wait()

    async def _publish(self, event: dict[str, Any]) -> None:
        await hub().publish(self._channel, msgspec.json.encode([event]).decode())

    def _without_own(self, text: str) -> str | None:
        kept = []
        for event in msgspec.json.decode(text):
            if event.get("tab") == self._tab:
                continue
            if event["kind"] == "hello":
                self._news.set()
            else:
                kept.append(event)
        return msgspec.json.encode(kept).decode() if kept else None
