"""Connections over the REST API."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.edge.idempotency import Idempotent
from tenants.kernel.clock import utc_now
from tenants.scope.actors import Permission
from twins.gateways.connections import selectors, services
from twins.gateways.connections.models import Connection, Kind

STATES = ("connected", "connecting", "failing", "paused", "waiting")


class ConnectionOutput(serializers.Serializer[Any]):
    """A connection and how it goes; secrets are never shown."""

    id = serializers.UUIDField(source="connection.id")
    gateway = serializers.UUIDField(source="connection.gateway_id", help_text="In whose name it sends.")
    name = serializers.CharField(source="connection.name")
    kind = serializers.ChoiceField(source="connection.kind", choices=Kind.choices)
    settings = serializers.DictField(source="connection.settings", help_text="As the guide describes them.")
    created_at = serializers.DateTimeField(source="connection.created_at")
    changed_at = serializers.DateTimeField(source="connection.changed_at")
    paused_at = serializers.DateTimeField(source="connection.paused_at", allow_null=True)
    status = serializers.ChoiceField(
        source="state", choices=STATES, help_text="`waiting` means that no process runs connections."
    )
    code = serializers.CharField(source="going.code", help_text="Why it fails; empty when it does not.")
    message = serializers.CharField(source="going.message")
    fix = serializers.CharField(source="going.fix")
    since = serializers.DateTimeField(source="going.since")
    last_sample_at = serializers.DateTimeField(source="going.last_sample_at", allow_null=True)
    samples = serializers.IntegerField(source="going.samples", help_text="Readings since it began to run.")
    trouble_count = serializers.IntegerField(source="going.trouble_count", help_text="Points that cannot be read.")


class SecretsInput(serializers.Serializer[Any]):
    """What an OPC UA server asks of the identity: a password, or a user's certificate with its key (PEM)."""

    password = serializers.CharField(max_length=400, required=False, allow_blank=True, trim_whitespace=False)
    certificate = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    private_key = serializers.CharField(max_length=20_000, required=False, allow_blank=True)


class ConnectionInput(serializers.Serializer[Any]):
    """A new connection; it is paused until it is started."""

    gateway = serializers.UUIDField()
    name = serializers.CharField(max_length=120)
    kind = serializers.ChoiceField(choices=Kind.choices)
    settings = serializers.DictField(help_text="As the guide describes them.")
    secrets = SecretsInput(required=False)


class ConnectionChange(serializers.Serializer[Any]):
    """What is to be other; settings and secrets are given whole."""

    name = serializers.CharField(max_length=120, required=False)
    settings = serializers.DictField(required=False, help_text="As the guide describes them.")
    secrets = SecretsInput(required=False)


class ConnectionViewSet(Idempotent, viewsets.GenericViewSet[Connection]):
    """Connections to OPC UA servers and Modbus devices, read in the name of a gateway."""

    queryset = selectors.connections()
    serializer_class = ConnectionOutput
    lookup_value_converter = "uuid"
    needs: ClassVar = {"read": Permission.GATEWAYS_READ, "write": Permission.GATEWAYS_EDIT}

    @extend_schema(responses=ConnectionOutput(many=True))
    def list(self, request: Request, **_: Any) -> Response:
        """The connections, newest first."""
        page = self.paginate_queryset(self.get_queryset())
        found = selectors.views(page or [], now=utc_now())
        return self.get_paginated_response(ConnectionOutput(found, many=True).data)

    @extend_schema(responses=ConnectionOutput)
    def retrieve(self, request: Request, pk: UUID, **_: Any) -> Response:
        """One connection."""
        return Response(_told(selectors.connection(pk)))

    @extend_schema(request=ConnectionInput, responses={201: ConnectionOutput})
    def create(self, request: Request, **_: Any) -> Response:
        """Make a connection; it is paused until it is started."""
        wanted = ConnectionInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        values, now = wanted.validated_data, utc_now()
        secrets = values.pop("secrets", None)
        made = services.create_connection(**values, now=now)
        if secrets is not None:
            made = services.change_connection(connection=made.id, secrets=dict(secrets), now=now)
        return Response(_told(made), status=status.HTTP_201_CREATED)

    @extend_schema(request=ConnectionChange, responses=ConnectionOutput)
    def partial_update(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Change its name, settings or secrets; it takes effect within two seconds."""
        wanted = ConnectionChange(data=request.data)
        wanted.is_valid(raise_exception=True)
        values = dict(wanted.validated_data)
        secrets = values.pop("secrets", None)
        changed = services.change_connection(
            connection=pk, **values, secrets=None if secrets is None else dict(secrets), now=utc_now()
        )
        return Response(_told(changed))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Delete it with its secrets; what it read stays."""
        services.delete_connection(connection=pk)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=None, responses=ConnectionOutput)
    @action(detail=True, methods=["post"])
    def start(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Have it run."""
        return Response(_told(services.start_connection(connection=pk, now=utc_now())))

    @extend_schema(request=None, responses=ConnectionOutput)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Have it rest."""
        return Response(_told(services.pause_connection(connection=pk, now=utc_now())))


def _told(row: Connection) -> dict[str, Any]:
    (view,) = selectors.views([row], now=utc_now())
    return dict(ConnectionOutput(view).data)
