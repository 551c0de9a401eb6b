"""The websocket of a twin: new values as they are committed."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar
from uuid import UUID
from weakref import WeakKeyDictionary

from asgiref.sync import sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings

from tenants.people.selectors import organisation
from tenants.scope.actors import PERMISSIONS, Permission
from tenants.scope.context import scope
from twins.composer.selectors import twins
from twins.live.hub import Hub, Watcher
from twins.telemetry.push import channel

CHECK_AGAIN_S = 60.0
"""How often an open socket makes sure that its person may still watch."""
NOT_ALLOWED, START_OVER = 4404, 1013

_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """The hub of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub(settings.REDIS_URL)
    return _hubs[loop]


def watched_tenant(user: Any, slug: str, twin: UUID) -> UUID | None:
    """The tenant of a twin that the person may watch, or None; told apart for nobody."""
    if not user.is_authenticated:
        return None
    found = organisation(user.pk, slug)
    if found is None or Permission.READ not in PERMISSIONS[found.role]:
        return None
    with scope(found.tenant):
        return found.tenant if twins().filter(id=twin).exists() else None


class TwinConsumer(AsyncWebsocketConsumer):  # type: ignore[misc] # channels is untyped
    """Sends the messages of one twin's channel on as they are; takes none."""

    groups: ClassVar[list[str]] = []
    _sender: asyncio.Task[None] | None = None
    _is_over = False

    async def connect(self) -> None:
        """Let a person in who may read the twin."""
        tenant = await self._tenant()
        if tenant is None:
            await self.close(code=NOT_ALLOWED)
            return
        self._sender = asyncio.create_task(self._send_on(tenant), name="live-socket")

    async def disconnect(self, code: int) -> None:
        """Stop watching."""
        # The mark as well: whatever is awaited below may lose a cancellation that meets its end.
        self._is_over = True
        if self._sender is not None:
            self._sender.cancel()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """A browser has nothing to say here."""

    async def _tenant(self) -> UUID | None:
        arguments = self.scope["url_route"]["kwargs"]
        check = sync_to_async(watched_tenant, thread_sensitive=False)
        found: UUID | None = await check(self.scope["user"], arguments["slug"], arguments["twin"])
        return found

    async def _send_on(self, tenant: UUID) -> None:
        async with hub().watching(channel(tenant, self.scope["url_route"]["kwargs"]["twin"])) as watcher:
            # A browser asks for the present state once the socket is open: by now nothing newer can be missed.
            await self.accept()
            await self._forward(watcher)

    async def _forward(self, watcher: Watcher) -> None:
        while not self._is_over:
            try:
                async with asyncio.timeout(CHECK_AGAIN_S):
                    text = await watcher.get()
            except TimeoutError:
                if await self._tenant() is None:
                    await self.close(code=NOT_ALLOWED)
                    return
                continue
            if text is None:
                await self.close(code=START_OVER)
                return
            await self.send(text_data=text)
