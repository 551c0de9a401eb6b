"""Making, changing, starting, pausing and deleting connections."""

from __future__ import annotations

import socket
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain, count
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings as installation
from django.db import transaction

from tenants.kernel.sealing import reseal, seal, unseal
from tenants.scope.context import required_tenant
from twins.gateways import selectors as gateway_selectors
from twins.gateways.connections import selectors
from twins.gateways.connections.errors import ConnectionNameTakenError, ConnectionNotFoundError, NothingToReadError
from twins.gateways.connections.models import (
    ClientCertificate,
    Connection,
    ConnectionLease,
    ConnectionState,
    Going,
    Kind,
)
from twins.gateways.connections.schemas import Plan, Standing
from twins.gateways.field.certificates import Application, application_uri, make_application
from twins.gateways.field.documents import settings_from
from twins.gateways.field.opcua_settings import OpcUaSecrets, opcua_settings
from twins.gateways.field.registers import modbus_settings

PURPOSE, KEY_PURPOSE = "connection", "client-certificate"
_CHECKS = {Kind.OPCUA: opcua_settings, Kind.MODBUS: modbus_settings}


def create_connection(*, gateway: UUID, name: str, kind: str, settings: dict[str, Any], now: datetime) -> Connection:
    """A new connection of a gateway; it is paused until it is started.

    Raises:
        GatewayNotFoundError: The tenant has no such gateway.
        FieldSettingsError: The settings do not fit; `place` names where.
        ConnectionNameTakenError: The gateway has one of this name.
    """
    held = checked_settings(kind, settings)
    with transaction.atomic():
        row = gateway_selectors.gateway(gateway)
        _require_free_name(row.id, name)
        made = Connection.objects.create(
            gateway=row, name=name, kind=kind, settings=held, created_at=now, changed_at=now, paused_at=now
        )
        ConnectionState.objects.create(connection=made, since=now)
    return made


def change_connection(
    *, connection: UUID, now: datetime, name: str | None = None, settings: dict[str, Any] | None = None,
    secrets: dict[str, Any] | None = None,
) -> Connection:  # fmt: skip
    """Another name, other settings or other secrets; what runs notices within two seconds.

    Args:
        connection: Which.
        now: When.
        name: The new name, None for the one it has.
        settings: All settings, None for those it has.
        secrets: All secrets, None for those it has.

    Raises:
        ConnectionNotFoundError: The tenant has no such connection.
        FieldSettingsError: The settings or secrets do not fit.
        ConnectionNameTakenError: The gateway has another of this name.
        NothingToReadError: It runs, and would have no point left.
    """
    with transaction.atomic():
        row = _locked(connection)
        if name is not None and name != row.name:
            _require_free_name(row.gateway_id, name)
            row.name = name
        if settings is not None:
            row.settings = checked_settings(row.kind, settings)
        if secrets is not None:
            held = settings_from(secrets, OpcUaSecrets)
            row.sealed_secrets = seal(
                msgspec.json.encode(held).decode(), keys=installation.SEALING_KEYS, purpose=PURPOSE
            )
        if row.paused_at is None:
            _require_points(row)
        _changed(row, now)
    return row


def start_connection(*, connection: UUID, now: datetime) -> Connection:
    """Have a connection run; one that does stays as it is.

    Raises:
        ConnectionNotFoundError: The tenant has no such connection.
        NothingToReadError: It has no points.
    """
    with transaction.atomic():
        row = _locked(connection)
        if row.paused_at is not None:
            _require_points(row)
            row.paused_at = None
            ConnectionState.objects.filter(connection=row).update(
                state=Going.CONNECTING, code="", message="", fix="", since=now, noted_at=None, troubles=[],
                trouble_count=0,
            )  # fmt: skip
            _changed(row, now)
    return row


def pause_connection(*, connection: UUID, now: datetime) -> Connection:
    """Have a connection rest; one that does stays as it is.

    Raises:
        ConnectionNotFoundError: The tenant has no such connection.
    """
    with transaction.atomic():
        row = _locked(connection)
        if row.paused_at is None:
            row.paused_at = now
            _changed(row, now)
    return row


def delete_connection(*, connection: UUID) -> None:
    """Forget a connection and its secrets; what it read stays.

    Raises:
        ConnectionNotFoundError: The tenant has no such connection.
    """
    with transaction.atomic():
        row = _locked(connection)
        ConnectionLease.objects.filter(connection=row.id, tenant_id=required_tenant("a connection")).delete()
        row.delete()


def checked_settings(kind: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Settings as they are kept: checked, and with every default written out.

    Raises:
        FieldSettingsError: They do not fit.
    """
    held: dict[str, Any] = msgspec.to_builtins(_CHECKS[Kind(kind)](settings))
    return held


def plan_of(*, connection: UUID, now: datetime) -> Plan:
    """What there is to run.

    Raises:
        ConnectionNotFoundError: The tenant has no such connection any more.
        SealBrokenError: Its secrets open under none of the installation's keys.
    """
    row = selectors.connection(connection)
    return Plan(
        connection=row.id, tenant=required_tenant("a connection"), gateway=row.gateway_id, name=row.name, kind=row.kind,
        revision=row.revision, document=row.settings, secrets=_secrets(row),
        application=client_application(now=now) if row.kind == Kind.OPCUA else None,
    )  # fmt: skip


def plan_for(row: Connection, *, settings: dict[str, Any], secrets: dict[str, Any] | None, now: datetime) -> Plan:
    """What would run with other settings and secrets, to be tried out before they are kept; None for those it has.

    Raises:
        FieldSettingsError: They do not fit.
        SealBrokenError: The secrets open under none of the installation's keys.
    """
    plan = plan_of(connection=row.id, now=now)
    held = plan.secrets if secrets is None else settings_from(secrets, OpcUaSecrets)
    return replace(plan, document=checked_settings(row.kind, settings), secrets=held)


def pick_nodes(
    *, connection: UUID, picked: Sequence[dict[str, str]], dropped: Sequence[str], now: datetime
) -> Connection:
    """Add nodes of an OPC UA server to what is read, and let go of others.

    Args:
        connection: Which.
        picked: Documents with ``node``, ``key`` and ``unit``; one that is read already stays as it is, and a key that
            another has gets a number.
        dropped: Ids of nodes.
        now: When.

    Raises:
        ConnectionNotFoundError: The tenant has no such connection.
        FieldSettingsError: A node or key does not fit.
        NothingToReadError: It runs, and would have no point left.
    """
    with transaction.atomic():
        row = _locked(connection)
        points = [point for point in row.settings["points"] if point["node"] not in set(dropped)]
        nodes, keys = {point["node"] for point in points}, {point["key"] for point in points}
        for one in picked:
            if one["node"] not in nodes:
                key = _free_key(one["key"], keys)
                nodes.add(one["node"])
                keys.add(key)
                points.append({**one, "key": key})
        return change_connection(connection=connection, settings={**row.settings, "points": points}, now=now)


def _free_key(key: str, taken: Collection[str]) -> str:
    more = (f"{key} {number}" for number in count(2))
    return next(name for name in chain([key], more) if name not in taken)


def held_certificate() -> ClientCertificate | None:
    """The certificate with which we come to the tenant's OPC UA servers, once there is one."""
    return ClientCertificate.objects.first()


def client_application(*, now: datetime) -> Application:
    """Who we are to OPC UA servers when we act for the tenant in scope; made at the first use.

    Raises:
        SealBrokenError: Its key opens under none of the installation's keys.
    """
    uri = application_uri(required_tenant("a certificate"))
    row = ClientCertificate.objects.filter(uri=uri).first()
    if row is None:
        made = make_application(owner=required_tenant("a certificate"), hosts=[socket.gethostname()], now=now)
        sealed = seal(made.private_key, keys=installation.SEALING_KEYS, purpose=KEY_PURPOSE)
        row, _ = ClientCertificate.objects.get_or_create(
            uri=uri, defaults={"certificate": made.certificate, "sealed_key": sealed, "made_at": now}
        )
    key = unseal(bytes(row.sealed_key), keys=installation.SEALING_KEYS, purpose=KEY_PURPOSE)
    return Application(row.uri, bytes(row.certificate), key)


def note_standings(standings: dict[UUID, Standing], *, now: datetime) -> None:
    """Note how some connections of the tenant in scope go."""
    for connection, standing in standings.items():
        ConnectionState.objects.filter(connection=connection).update(
            **{name: getattr(standing, name) for name in Standing.__slots__}, noted_at=now
        )


def reseal_connections() -> int:
    """Seal the tenant's secrets of connections under the newest secret of the installation; how many were moved.

    Raises:
        SealBrokenError: One of them opens under none of the installation's keys.
    """
    moved = 0
    for id_, held in (
        Connection.objects.select_for_update().exclude(sealed_secrets=None).values_list("id", "sealed_secrets")
    ):
        sealed = reseal(bytes(held or b""), keys=installation.SEALING_KEYS, purpose=PURPOSE)
        if sealed != bytes(held or b""):
            moved += Connection.objects.filter(id=id_).update(sealed_secrets=sealed)
    for certificate in ClientCertificate.objects.select_for_update():
        sealed = reseal(bytes(certificate.sealed_key), keys=installation.SEALING_KEYS, purpose=KEY_PURPOSE)
        if sealed != bytes(certificate.sealed_key):
            moved += ClientCertificate.objects.filter(id=certificate.id).update(sealed_key=sealed)
    return moved


def _secrets(row: Connection) -> OpcUaSecrets:
    if row.sealed_secrets is None:
        return OpcUaSecrets()
    text = unseal(bytes(row.sealed_secrets), keys=installation.SEALING_KEYS, purpose=PURPOSE)
    return msgspec.json.decode(text, type=OpcUaSecrets)


def _changed(row: Connection, now: datetime) -> None:
    """Keep a connection, and let whoever runs connections know."""
    row.revision += 1
    row.changed_at = now
    row.save()
    lease = ConnectionLease.objects.filter(connection=row.id, tenant_id=required_tenant("a connection"))
    if row.paused_at is not None:
        lease.delete()
    elif not lease.update(revision=row.revision):
        ConnectionLease.objects.create(
            connection=row.id, tenant_id=required_tenant("a connection"), revision=row.revision
        )


def _require_free_name(gateway: UUID, name: str) -> None:
    if Connection.objects.filter(gateway=gateway, name=name).exists():
        raise ConnectionNameTakenError(
            f"the gateway has a connection named {name}", place="name", fix="Choose another name."
        )


def _require_points(row: Connection) -> None:
    if not row.settings.get("points"):
        raise NothingToReadError(f"{row.name} has no points to read", place="points", fix="Choose some points first.")


def _locked(connection: UUID) -> Connection:
    row = Connection.objects.select_for_update().filter(id=connection).first()
    if row is None:
        raise ConnectionNotFoundError
    return row
