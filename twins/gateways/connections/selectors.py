"""Connections to read, and how they go."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection as database
from django.db.models import QuerySet

from tenants.scope.context import required_tenant
from twins.gateways.connections.errors import ConnectionNotFoundError
from twins.gateways.connections.models import Connection, ConnectionState, Kind

_LOOKS = {"connected": "connected", "connecting": "working", "failing": "failed", "paused": "idle", "waiting": "late"}
_UNITS = """
SELECT c.gateway_id, point ->> 'key', point ->> 'unit' FROM twins_connection c
CROSS JOIN LATERAL jsonb_array_elements(c.settings -> 'points') AS point
WHERE c.tenant_id = %s AND c.gateway_id = ANY(%s) AND c.kind = %s AND point ->> 'unit' <> ''"""
NOT_RUN_AFTER = timedelta(seconds=30)
"""When nobody has noted anything of a connection for so long, nobody runs it."""


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """A connection and how it goes.

    Attributes:
        state: ``connected``, ``connecting``, ``failing``, ``paused``, or ``waiting`` when no process runs it.
    """

    connection: Connection
    going: ConnectionState
    state: str

    @property
    def look(self) -> str:
        """The status it is shown as."""
        return _LOOKS[self.state]

    @property
    def points(self) -> int:
        """How many points it reads."""
        return len(self.connection.settings.get("points", ()))

    @property
    def address(self) -> str:
        """Where it goes."""
        settings = self.connection.settings
        return settings.get("url") or f"{settings.get('host', '')}:{settings.get('port', 502)}"


def connections(gateway: UUID | None = None) -> QuerySet[Connection]:
    """The connections of the tenant in scope, or of one of its gateways; by name."""
    found = Connection.objects.filter(gateway__trashed_at=None)
    return found if gateway is None else found.filter(gateway=gateway)


def connection(connection_id: UUID) -> Connection:
    """One connection.

    Raises:
        ConnectionNotFoundError: The tenant has no such connection.
    """
    found = connections().select_related("gateway").filter(id=connection_id).first()
    if found is None:
        raise ConnectionNotFoundError
    return found


def named_units(gateways: Collection[UUID]) -> dict[tuple[UUID, str], str]:
    """What devices call the units of keys, by gateway and key, in one query; only OPC UA servers do."""
    with database.cursor() as cursor:
        cursor.execute(_UNITS, [required_tenant("units"), list(gateways), Kind.OPCUA])
        return {(gateway, key): unit for gateway, key, unit in cursor.fetchall()}


def views(found: Iterable[Connection], *, now: datetime) -> list[ConnectionView]:
    """How some connections go, in their order."""
    found = list(found)
    going = {row.connection_id: row for row in ConnectionState.objects.filter(connection__in=[one.id for one in found])}
    return [ConnectionView(one, going[one.id], _state(one, going[one.id], now)) for one in found]


def _state(connection: Connection, going: ConnectionState, now: datetime) -> str:
    if connection.paused_at is not None:
        return "paused"
    if (going.noted_at or connection.changed_at) < now - NOT_RUN_AFTER:
        return "waiting"
    return going.state
