"""What every websocket of the product shares: who may come in, being told, and being let go when rights change."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID
from weakref import WeakKeyDictionary

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore

from tenants.domains.hosts import PLACE, is_at_home
from tenants.domains.schemas import Home
from tenants.domains.sockets import home_of_socket
from tenants.edge.http import address_of_socket
from tenants.kernel.clock import utc_now
from tenants.people.models import User
from tenants.people.rights import rights_channel
from tenants.people.selectors import actor_of_member, organisation, person_of
from tenants.portal.entering import entry_refusal
from tenants.portal.hub import Hub
from tenants.portal.watcher import Newest, Watcher
from tenants.scope.actors import Actor
from tenants.scope.context import scope
from tenants.scope.models import TenantState

CHECK_AGAIN_S = 60.0
"""How often an open socket makes sure that its person may still watch, though nobody told it of a change; thousands of
them at different moments."""
SETTLED_S = 10.0
"""After this long what a page has read is as new as what it was sent."""
NOT_ALLOWED, START_OVER = 4404, 1013

CLOSED_STATES = frozenset({TenantState.SUSPENDED, TenantState.CLOSED})


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who opened a socket: the session, which must still be there and in force, where they come from, and to."""

    session_key: str | None
    address: str
    home: Home | None


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """The hub of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub(settings.REDIS_URL)
    return _hubs[loop]


def member_of_visitor(visitor: Visitor, slug: str) -> tuple[Actor, User] | None:
    """Who of an organisation's people opened a socket, or None for who may not come in."""
    session = SessionStore(visitor.session_key)
    user = person_of(session) if is_at_home(session.get(PLACE), visitor.home) else None
    found = None if user is None else organisation(user.pk, slug)
    if user is None or found is None or found.state in CLOSED_STATES:
        return None
    if visitor.home is not None and visitor.home.tenant != found.tenant:
        return None
    if entry_refusal(found, user=user.pk, session=session, address=visitor.address, now=utc_now()):
        return None
    with scope(found.tenant):
        return actor_of_member(found, user=user.pk, name=user.email), user


def actor_of_visitor(visitor: Visitor, slug: str) -> Actor | None:
    """As what one of an organisation's people opened a socket, or None for who may not come in."""
    found = member_of_visitor(visitor, slug)
    return found and found[0]


class WatchingConsumer(AsyncWebsocketConsumer):  # type: ignore[misc] # channels is untyped
    """Sends the messages of a channel on as they are, as long as its person may see them."""

    groups: ClassVar[list[str]] = []
    newest: ClassVar[Newest | None] = None
    """What to make of messages that are too many; without it a browser that is too slow is told to start over."""
    _sender: asyncio.Task[None] | None = None
    _is_over = False

    async def connect(self) -> None:
        """Let a person in who may watch."""
        tenant = await self._tenant()
        if tenant is None:
            await self.close(code=NOT_ALLOWED)
            return
        self._sender = asyncio.create_task(self._send_on(tenant), name="socket")

    async def disconnect(self, code: int) -> None:
        """Stop watching."""
        # The mark as well: whatever is awaited below may lose a cancellation that meets its end.
        self._is_over = True
        if self._sender is not None:
            self._sender.cancel()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """A browser has nothing to say, unless a kind of socket takes something."""

    async def _tenant(self) -> UUID | None:
        """The tenant for whom the person may watch, or None; asked when they come, and again and again."""
        raise NotImplementedError

    def _channels(self, tenant: UUID) -> tuple[str, str | None]:
        """What is watched: always, and in the beginning too."""
        raise NotImplementedError

    async def _opened(self) -> None:
        """The socket is open, and nothing that is told from now on is missed."""

    def _visitor(self) -> Visitor:
        session_key = self.scope["cookies"].get(settings.SESSION_COOKIE_NAME)
        return Visitor(session_key, address_of_socket(self.scope), home_of_socket(self.scope))

    async def _send_on(self, tenant: UUID) -> None:
        watcher, (always, settling) = Watcher(type(self).newest), self._channels(tenant)
        channels = [always, rights_channel(tenant), *([settling] if settling else [])]
        async with hub().watching(watcher, *channels):
            # A browser asks for the present state once the socket is open: by now nothing newer can be missed.
            await self.accept()
            await self._opened()
            await self._forward(watcher, settling)

    async def _forward(self, watcher: Watcher, settling: str | None = None) -> None:
        loop = asyncio.get_running_loop()
        settled_at = loop.time() + SETTLED_S if settling else None
        doubt = _doubt_later(watcher)
        try:
            while not self._is_over:
                await watcher.wait()
                if settling and settled_at is not None and loop.time() >= settled_at:
                    settled_at = None
                    await hub().leave(watcher, settling)
                if watcher.is_unsure:
                    watcher.is_unsure = False
                    doubt.cancel()
                    doubt = _doubt_later(watcher)
                    if await self._tenant() is None:
                        await self.close(code=NOT_ALLOWED)
                        return
                if watcher.is_lost:
                    await self.close(code=START_OVER)
                    return
                if (text := watcher.take()) is not None:
                    await self.send(text_data=text)
        finally:
            doubt.cancel()


def _doubt_later(watcher: Watcher) -> asyncio.TimerHandle:
    seconds = CHECK_AGAIN_S * random.uniform(0.75, 1.25)  # noqa: S311 (no secret)
    return asyncio.get_running_loop().call_later(seconds, watcher.doubt)
