"""The websocket of a twin: new values as they are committed."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from channels.db import database_sync_to_async

from tenants.portal.sockets import Visitor, WatchingConsumer, actor_of_visitor
from tenants.portal.watcher import Newest
from tenants.scope.actors import Permission
from tenants.scope.context import held_to, scope
from twins.composer.selectors import twins
from twins.live.newest import newest_values
from twins.telemetry.push import channel, settling_channel


def watched_tenant(visitor: Visitor, slug: str, twin: UUID) -> UUID | None:
    """The tenant of a twin that the person may watch, or None; told apart for nobody."""
    actor = actor_of_visitor(visitor, slug)
    if actor is None or not actor.may(Permission.TWINS_READ):
        return None
    with scope(actor.tenant), held_to(actor.twins):
        return actor.tenant if twins().filter(id=twin).exists() else None


class TwinConsumer(WatchingConsumer):
    """Sends the values of one twin on as they are; takes nothing."""

    newest: ClassVar[Newest | None] = staticmethod(newest_values)

    async def _tenant(self) -> UUID | None:
        arguments = self.scope["url_route"]["kwargs"]
        # Any thread, and it keeps no connection: those are few, and threads are many.
        check = database_sync_to_async(watched_tenant, thread_sensitive=False)
        found: UUID | None = await check(self._visitor(), arguments["slug"], arguments["twin"])
        return found

    def _channels(self, tenant: UUID) -> tuple[str, str | None]:
        twin = self.scope["url_route"]["kwargs"]["twin"]
        return channel(tenant, twin), settling_channel(tenant, twin)
