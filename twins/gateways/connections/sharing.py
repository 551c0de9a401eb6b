"""How the processes that run connections share them: each has its part, and takes over from those that are gone."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db.models.functions import Now

from twins.gateways.connections.models import ConnectionLease, Connector

ALIVE_FOR = timedelta(seconds=4)
"""A process that has said nothing for so long is gone."""
_FORGOTTEN_AFTER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Lease:
    """A connection that this process runs.

    Attributes:
        revision: Of its settings.
    """

    connection: UUID
    tenant: UUID
    revision: int


def take_part(me: UUID, running: Collection[UUID]) -> list[Lease]:
    """Say that we are alive, and which connections are ours now.

    Args:
        me: This process.
        running: The connections that it runs, which it holds until it has stopped them.
    """
    Connector.objects.update_or_create(id=me, defaults={"seen_at": Now()})
    Connector.objects.filter(seen_at__lt=Now() - _FORGOTTEN_AFTER).delete()
    alive = set(Connector.objects.filter(seen_at__gt=Now() - ALIVE_FOR).values_list("id", flat=True)) | {me}
    found = []
    for row in ConnectionLease.objects.all():
        is_mine = share(row.connection, alive) == me
        if is_mine and (row.holder == me or _taken(row, me, alive)):
            found.append(Lease(row.connection, row.tenant_id, row.revision))
        elif not is_mine and row.holder == me and row.connection not in running:
            ConnectionLease.objects.filter(connection=row.connection, holder=me).update(holder=None)
    return found


def leave(me: UUID) -> None:
    """Let go of everything, so that others need not wait until we are missed."""
    ConnectionLease.objects.filter(holder=me).update(holder=None)
    Connector.objects.filter(id=me).delete()


def share(connection: UUID, alive: Collection[UUID]) -> UUID:
    """The process that a connection falls to: all agree on it, and a new one takes no more than its part."""
    return max(alive, key=lambda each: hashlib.blake2b(connection.bytes + each.bytes, digest_size=8).digest())


def _taken(row: ConnectionLease, me: UUID, alive: Collection[UUID]) -> bool:
    """Take a connection that nobody alive holds; another may be faster."""
    if row.holder in alive:
        return False
    return bool(ConnectionLease.objects.filter(connection=row.connection, holder=row.holder).update(holder=me))
