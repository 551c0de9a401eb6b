"""The websocket of an organisation's alarms."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

import msgspec
from channels.db import database_sync_to_async

from tenants.portal.sockets import Visitor, WatchingConsumer, actor_of_visitor
from tenants.scope.actors import Actor, Permission
from twins.alarms.push import alarms_channel


def alarms_reader(visitor: Visitor, slug: str) -> Actor | None:
    """Who may watch the alarms of an organisation, or None."""
    actor = actor_of_visitor(visitor, slug)
    return actor if actor is not None and actor.may(Permission.ALARMS_READ) else None


class AlarmConsumer(WatchingConsumer):
    """Sends on what changes: of the twins that the person is held to. Who is too slow for all reads the list again."""

    _twins: frozenset[UUID] | None = None

    async def _tenant(self) -> UUID | None:
        check = database_sync_to_async(alarms_reader, thread_sensitive=False)
        actor: Actor | None = await check(self._visitor(), self.scope["url_route"]["kwargs"]["slug"])
        if actor is None:
            return None
        self._twins = actor.twins
        return actor.tenant

    def _channels(self, tenant: UUID) -> tuple[str, str | None]:
        return alarms_channel(tenant), None

    async def send(self, text_data: str | None = None, bytes_data: bytes | None = None, close: bool = False) -> None:  # noqa: FBT001, FBT002 (the signature of channels)
        """Send a message, without what the person may not see."""
        if text_data is not None and self._twins is not None:
            text_data = _within(text_data, self._twins)
        if text_data is not None:
            await super().send(text_data=text_data, bytes_data=bytes_data, close=close)


def _within(text: str, twins: Collection[UUID]) -> str | None:
    message: dict[str, Any] = msgspec.json.decode(text)
    kept = [alarm for alarm in message["alarms"] if UUID(alarm["twin"]) in twins]
    if not kept and not message["more"]:
        return None
    return msgspec.json.encode({**message, "alarms": kept}).decode()
