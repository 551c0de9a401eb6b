"""How long data is kept, over the REST API."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, views
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.custody.grace import READINGS, days_of_readings, grace_of, looked_at, plan_in_force
from tenants.custody.retaining import CLASSES, LEAST, MOST, next_drops, set_policy
from tenants.edge.http import actor_of
from tenants.kernel.clock import utc_now
from tenants.scope.actors import Permission

_OPEN = {"readings": "Null: as long as the plan allows.", "answers": "Never for good."}


class RetentionInput(serializers.Serializer[Any]):
    """For how many days what is kept; what is left out stays as it is."""

    def get_fields(self) -> dict[str, Any]:
        """One for each class."""
        return {
            kept: serializers.IntegerField(
                min_value=LEAST[kept], max_value=MOST, allow_null=kept != "answers", required=False,
                help_text=_OPEN.get(kept, "Null: for good."),
            )
            for kept in CLASSES
        }  # fmt: skip


class DaysOutput(serializers.Serializer[Any]):
    """Days of each class."""

    def get_fields(self) -> dict[str, Any]:
        """One for each class."""
        return {kept: serializers.IntegerField(allow_null=True) for kept in CLASSES}


class GraceOutput(serializers.Serializer[Any]):
    """Readings beyond a plan that has become smaller: they are kept until then."""

    days = serializers.IntegerField(help_text="The plan's, which hold afterwards.")
    until = serializers.DateTimeField()


class RetentionOutput(serializers.Serializer[Any]):
    """What the organisation says, and what holds with its plan."""

    policy = DaysOutput(help_text="What the organisation says; null: for good, of readings as long as the plan allows.")
    in_force = DaysOutput(help_text="What holds now, with the plan; null: for good. Holds come on top.")
    plan_days = serializers.IntegerField(help_text="For how long the plan keeps readings.")
    grace = GraceOutput(allow_null=True)


class HoldOutput(serializers.Serializer[Any]):
    """What is kept although its time is over, and why."""

    since = serializers.DateTimeField(help_text="Rows from this moment on are kept.")
    reason = serializers.CharField()
    until = serializers.DateTimeField(allow_null=True, help_text="Null: until what the reason names is done.")


class DropOutput(serializers.Serializer[Any]):
    """What goes next of a class."""

    kept = serializers.ChoiceField(choices=CLASSES)
    days = serializers.IntegerField(allow_null=True)
    rows = serializers.IntegerField(help_text="How many there are.")
    at = serializers.DateTimeField(allow_null=True, help_text="When the next go; null: none do.")
    dropped = serializers.IntegerField(help_text="How many go then.")
    held = HoldOutput(many=True)


class RetentionView(views.APIView):
    """How long the organisation keeps what."""

    needs: ClassVar = {"read": Permission.ORGANISATION_ADMINISTER, "write": Permission.ORGANISATION_ADMINISTER}

    @extend_schema(operation_id="retention_retrieve", responses=RetentionOutput)
    def get(self, request: Request, **_: Any) -> Response:
        """What holds, by the organisation's word and its plan."""
        return Response(_told(utc_now()))

    @extend_schema(
        operation_id="retention_update", request=RetentionInput,
        responses={200: RetentionOutput, 409: OpenApiResponse(description="The plan keeps readings for less time.")},
    )  # fmt: skip
    def put(self, request: Request, **_: Any) -> Response:
        """Say how long what is kept; what is past its time goes with the next day's work."""
        wanted = RetentionInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        now = utc_now()
        set_policy(days=wanted.validated_data, by=actor_of(request._request).name, now=now)
        return Response(_told(now))


class DropsView(views.APIView):
    """What retention does next."""

    needs: ClassVar = {"read": Permission.ORGANISATION_ADMINISTER}

    @extend_schema(operation_id="retention_preview", responses=DropOutput(many=True))
    def get(self, request: Request, **_: Any) -> Response:
        """What of each class goes next, and what is held back, why and until when; nothing is done."""
        return Response(DropOutput(next_drops(now=utc_now()), many=True).data)


def _told(now: datetime) -> Any:
    row = looked_at(now=now)
    said = {kept: row.days(kept) for kept in CLASSES}
    told = {
        "policy": said, "in_force": said | {READINGS: days_of_readings(row, now)},
        "plan_days": plan_in_force().retention_days, "grace": grace_of(row),
    }  # fmt: skip
    return RetentionOutput(told).data
