"""Gateways over the REST API."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.kernel.clock import utc_now
from tenants.kernel.secrets import Token
from tenants.scope.actors import Permission
from twins.gateways import selectors, services
from twins.gateways.models import Gateway
from twins.telemetry.models import SetAside
from twins.telemetry.selectors import recent_keys, set_aside

STATES = ("connected", "late", "unknown", "disconnected")


class GatewayOutput(serializers.Serializer[Any]):
    """A gateway and what it has sent; `late` means silent for minutes, `disconnected` that it was disabled."""

    id = serializers.UUIDField(source="gateway.id")
    name = serializers.CharField(source="gateway.name")
    token_prefix = serializers.CharField(source="gateway.token_prefix", help_text="How its token in force begins.")
    created_at = serializers.DateTimeField(source="gateway.created_at")
    disabled_at = serializers.DateTimeField(source="gateway.disabled_at", allow_null=True)
    customer = serializers.UUIDField(source="gateway.customer_id", allow_null=True, help_text="At whose place it is.")
    status = serializers.ChoiceField(choices=STATES, source="state")
    last_seen_at = serializers.DateTimeField(allow_null=True)
    per_minute = serializers.IntegerField(help_text="Readings stored in the last whole minute.")
    readings = serializers.IntegerField(help_text="Readings stored in all.")
    set_aside = serializers.IntegerField(help_text="Readings set aside in all.")


class NewTokenOutput(GatewayOutput):
    """A gateway with a new token, which is shown this once."""

    token = serializers.CharField()


class GatewayInput(serializers.Serializer[Any]):
    """What a new gateway is to be called, and at which end customer's place it stands, if at one's."""

    name = serializers.CharField(max_length=120)
    customer = serializers.UUIDField(required=False, allow_null=True)


class RecentKeyOutput(serializers.Serializer[Any]):
    """A key that the gateway has sent; where a published twin reads it, its value is in the unit of the signal."""

    key = serializers.CharField()
    at = serializers.DateTimeField()
    value = serializers.FloatField()
    unit = serializers.CharField(allow_null=True)
    twin = serializers.UUIDField(allow_null=True)
    asset = serializers.UUIDField(allow_null=True)
    signal = serializers.CharField(allow_null=True)


class RecentKeysOutput(serializers.Serializer[Any]):
    """The keys that the gateway has sent, by key."""

    keys = RecentKeyOutput(many=True)


class SetAsideOutput(serializers.ModelSerializer[SetAside]):
    """Readings of one key in one batch that were set aside for one reason; `at` and `value` are those of the first."""

    at = serializers.SerializerMethodField("first_at")
    value = serializers.SerializerMethodField("first_value")

    class Meta:
        model = SetAside
        fields = ("id", "received_at", "batch", "key", "code", "message", "fix", "count", "at", "value", "excerpt")
        read_only_fields = fields

    def first_at(self, row: SetAside) -> datetime | None:
        """The instant of the first reading, null where it could not be read."""
        return row.at[0] if row.at else None

    def first_value(self, row: SetAside) -> float | None:
        """The value of the first reading as sent, null where it was no finite number."""
        return row.value[0] if row.value else None


class GatewayViewSet(viewsets.GenericViewSet[Gateway]):
    """Gateways: who may send readings. An answer with a token is never repeated, so there is no Idempotency-Key."""

    queryset = selectors.gateways()
    serializer_class = GatewayOutput
    lookup_value_converter = "uuid"
    needs: ClassVar = {"read": Permission.GATEWAYS_READ, "write": Permission.GATEWAYS_EDIT}

    @extend_schema(responses=GatewayOutput(many=True))
    def list(self, request: Request, **_: Any) -> Response:
        """The gateways, newest first."""
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(GatewayOutput(selectors.states(page or [], now=utc_now()), many=True).data)

    @extend_schema(responses=GatewayOutput)
    def retrieve(self, request: Request, pk: UUID, **_: Any) -> Response:
        """One gateway."""
        return Response(_told(selectors.gateway(pk)))

    @extend_schema(request=GatewayInput, responses={201: NewTokenOutput})
    def create(self, request: Request, **_: Any) -> Response:
        """Make a gateway; the answer holds its token, which is kept nowhere."""
        wanted = GatewayInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        values = wanted.validated_data
        made = services.create_gateway(name=values["name"], customer=values.get("customer"), now=utc_now())
        return Response(_with_token(*made), status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=NewTokenOutput)
    @action(detail=True, methods=["post"])
    def rotate(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Give the gateway a new token; the old one is refused within seconds."""
        return Response(_with_token(*services.rotate_token(gateway=pk, now=utc_now())))

    @extend_schema(request=None, responses=GatewayOutput)
    @action(detail=True, methods=["post"])
    def disable(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Shut the gateway out within seconds, for good; what it sent stays."""
        return Response(_told(services.disable_gateway(gateway=pk, now=utc_now())))

    @extend_schema(responses=RecentKeysOutput)
    @action(detail=True, methods=["get"])
    def recent(self, request: Request, pk: UUID, **_: Any) -> Response:
        """The keys it has sent, each with its newest value: what can be bound, and what is."""
        selectors.gateway(pk)
        return Response({"keys": RecentKeyOutput(recent_keys(pk), many=True).data})

    @extend_schema(responses=SetAsideOutput(many=True))
    @action(detail=True, methods=["get"], url_path="set-aside")
    def set_aside(self, request: Request, pk: UUID, **_: Any) -> Response:
        """What was set aside of its readings and why, newest first."""
        selectors.gateway(pk)
        page = self.paginate_queryset(set_aside(pk))  # type: ignore[arg-type] # rows of another model
        return self.get_paginated_response(SetAsideOutput(page, many=True).data)


def _told(gateway: Gateway) -> dict[str, Any]:
    (state,) = selectors.states([gateway], now=utc_now())
    return dict(GatewayOutput(state).data)


def _with_token(gateway: Gateway, token: Token) -> dict[str, Any]:
    return {**_told(gateway), "token": token.text}
