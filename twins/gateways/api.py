"""Gateways over the REST API."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.edge.http import actor_of
from tenants.jobs.api import JobOutput
from tenants.kernel.clock import utc_now
from tenants.kernel.secrets import Token
from tenants.scope.actors import Permission
from twins.gateways import selectors, services
from twins.gateways.models import Gateway
from twins.gateways.provisioning.bulk import MOST_LINES, check_lines, look_at, make_gateways
from twins.gateways.provisioning.claiming import claim_gateway
from twins.gateways.refused import selectors as refusing
from twins.gateways.refused.services import MOST_CHOSEN, ask_replay
from twins.gateways.schemas import Origin
from twins.telemetry.models import SetAside
from twins.telemetry.selectors import recent_keys, set_aside

STATES = ("connected", "late", "unknown", "pending", "disconnected")
LONGEST_OVERLAP_HOURS = int(services.LONGEST_OVERLAP / timedelta(hours=1))


class GatewayOutput(serializers.Serializer[Any]):
    """A gateway and what it has sent.

    `late` means silent for minutes, `pending` that it waits to be claimed, `disconnected` that it was disabled.
    """

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
    serial = serializers.CharField(source="gateway.serial", help_text="What the device calls itself; may be empty.")
    site = serializers.UUIDField(source="gateway.site_id", allow_null=True, help_text="Where it stands.")
    origin = serializers.ChoiceField(
        choices=[one.value for one in Origin], source="gateway.origin", help_text="How it came to be."
    )
    version = serializers.CharField(help_text="Of its program, as it said last.")
    clock_ms = serializers.IntegerField(
        allow_null=True, help_text="By how many milliseconds its clock is ahead of ours; behind when negative."
    )
    late_s = serializers.IntegerField(
        allow_null=True, help_text="How old the newest reading of its newest batch was when it came."
    )
    backlog = serializers.IntegerField(allow_null=True, help_text="Readings that it said were waiting to be sent.")


class NewTokenOutput(GatewayOutput):
    """A gateway with a new token, which is shown this once."""

    token = serializers.CharField()


class GatewayInput(serializers.Serializer[Any]):
    """What a new gateway is to be called, and at which end customer's place it stands, if at one's."""

    name = serializers.CharField(max_length=120)
    customer = serializers.UUIDField(required=False, allow_null=True)
    serial = serializers.CharField(
        max_length=120, required=False, allow_blank=True, help_text="As in the common name of its certificate."
    )
    site = serializers.UUIDField(required=False, allow_null=True)


class GatewayRotateInput(serializers.Serializer[Any]):
    """How long the tokens before it go on."""

    overlap_hours = serializers.IntegerField(min_value=0, max_value=LONGEST_OVERLAP_HOURS, default=0)


class ClaimInput(serializers.Serializer[Any]):
    """The claim code that the device shows."""

    code = serializers.CharField(max_length=40)


class ReplayInput(serializers.Serializer[Any]):
    """What is to be replayed: some entries, or all of a reason."""

    ids = serializers.ListField(child=serializers.UUIDField(), required=False, min_length=1, max_length=MOST_CHOSEN)
    code = serializers.CharField(max_length=60, required=False, help_text="Such as key.unbound.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse neither.

        Raises:
            ValidationError: It names neither entries nor a reason.
        """
        if "ids" not in attrs and "code" not in attrs:
            raise serializers.ValidationError({"ids": ["Name entries, or a reason."]}, code="required")
        return attrs


class GatewayRowInput(serializers.Serializer[Any]):
    """One of many new gateways; customers and sites by name or id."""

    name = serializers.CharField(max_length=120)
    serial = serializers.CharField(max_length=120, required=False, allow_blank=True)
    customer = serializers.CharField(max_length=120, required=False, allow_blank=True)
    site = serializers.CharField(max_length=120, required=False, allow_blank=True)


class BulkInput(serializers.Serializer[Any]):
    """Many new gateways: all are made, or none."""

    gateways = serializers.ListField(child=GatewayRowInput(), min_length=1, max_length=MOST_LINES)
    check = serializers.BooleanField(default=False, help_text="Only look whether they could be made.")


class BulkGatewayOutput(serializers.Serializer[Any]):
    """One of many new gateways with its token, for the only time."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    serial = serializers.CharField()
    token = serializers.CharField()


class BulkOutput(serializers.Serializer[Any]):
    """The gateways that were made; none when it was only a check, which found nothing wrong."""

    gateways = BulkGatewayOutput(many=True)


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

    state = serializers.SerializerMethodField("state_of")
    at = serializers.SerializerMethodField("first_at")
    value = serializers.SerializerMethodField("first_value")

    class Meta:
        model = SetAside
        fields = (
            "id", "received_at", "batch", "key", "code", "message", "fix", "count", "at", "value", "excerpt", "state",
            "replayed_at", "stored",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField(choices=refusing.STATES))
    def state_of(self, row: SetAside) -> str:
        """`open` can be replayed, `replayed` was, of `lost` no reading is kept."""
        return refusing.state_of(row)

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
        made = services.create_gateway(
            name=values["name"], customer=values.get("customer"), serial=values.get("serial", ""),
            site=values.get("site"), now=utc_now(),
        )  # fmt: skip
        return Response(_with_token(*made), status=status.HTTP_201_CREATED)

    @extend_schema(request=BulkInput, responses={200: BulkOutput, 201: BulkOutput})
    @action(detail=False, methods=["post"])
    def bulk(self, request: Request, **_: Any) -> Response:
        """Make many gateways, or none: the findings name the lines, counted from 1, that stand against it."""
        wanted = BulkInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        lines = look_at(list(enumerate(wanted.validated_data["gateways"], 1)))
        if wanted.validated_data["check"]:
            check_lines(lines)
            return Response({"gateways": []})
        made = make_gateways(lines=lines, by=actor_of(request).name, now=utc_now())
        rows = [{"id": row.id, "name": row.name, "serial": row.serial, "token": token.text} for row, token in made]
        return Response(BulkOutput({"gateways": rows}).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=GatewayRotateInput, responses=NewTokenOutput)
    @action(detail=True, methods=["post"])
    def rotate(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Give the gateway a new token; those before it go on for as long as is asked, else for seconds."""
        wanted = GatewayRotateInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        overlap = timedelta(hours=wanted.validated_data["overlap_hours"])
        return Response(_with_token(*services.rotate_token(gateway=pk, overlap=overlap, now=utc_now())))

    @extend_schema(request=ClaimInput, responses=GatewayOutput)
    @action(detail=True, methods=["post"])
    def claim(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Let a gateway that registered itself in, by the code that its device shows; five tries an hour."""
        wanted = ClaimInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        code, by = wanted.validated_data["code"], actor_of(request).name
        return Response(_told(claim_gateway(gateway=pk, code=code, by=by, now=utc_now())))

    @extend_schema(request=None, responses=GatewayOutput)
    @action(detail=True, methods=["post"])
    def enable(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Let the gateway in again, with the tokens that it has."""
        return Response(_told(services.enable_gateway(gateway=pk, now=utc_now())))

    @extend_schema(request=None, responses=GatewayOutput)
    @action(detail=True, methods=["post"])
    def disable(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Shut the gateway out within seconds, until it is enabled again; what it sent stays."""
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

    @extend_schema(request=ReplayInput, responses={202: JobOutput})
    @action(detail=True, methods=["post"], url_path="set-aside/replay", url_name="set-aside-replay")
    def replay(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Take readings that were set aside again, once what was wrong is mended: a job, which stores each once."""
        wanted = ReplayInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        values = wanted.validated_data
        job = ask_replay(
            gateway=pk, ids=values.get("ids"), code=values.get("code", ""), by=actor_of(request).name, now=utc_now()
        )
        return Response(JobOutput(job).data, status=status.HTTP_202_ACCEPTED)


def _told(gateway: Gateway) -> dict[str, Any]:
    (state,) = selectors.states([gateway], now=utc_now())
    return dict(GatewayOutput(state).data)


def _with_token(gateway: Gateway, token: Token) -> dict[str, Any]:
    return {**_told(gateway), "token": token.text}
