"""Usage and the plan over the REST API."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, views
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.kernel.clock import utc_now
from tenants.limits import selectors, services
from tenants.limits.domain.plans import PLANS, SHARED, Feature, Kind, Meter, Plan
from tenants.limits.domain.standing import Standing, State
from tenants.scope.actors import Actor, Permission

METERS = [meter.value for meter in Meter]
KINDS = [kind.value for kind in Kind]
STATES = [state.value for state in State]


class StandingOutput(serializers.Serializer[Standing]):
    """What is used of one limit, in the units of the limit."""

    meter = serializers.ChoiceField(choices=METERS)
    name = serializers.CharField(source="meter.label")
    kind = serializers.ChoiceField(
        source="meter.kind", choices=KINDS,
        help_text="How it is measured: things at a time, a level, a rate a second, or over a day or month.",
    )  # fmt: skip
    limit = serializers.IntegerField(allow_null=True, help_text="Null for no limit.")
    used = serializers.IntegerField(source="used_units", help_text="Begun units count as whole; 0 of a rate.")
    percent = serializers.IntegerField(allow_null=True, help_text="Used share of the limit, rounded down.")
    state = serializers.ChoiceField(choices=STATES)
    resets_at = serializers.DateTimeField(allow_null=True, help_text="When it is free again by itself.")
    raised_by = serializers.CharField(help_text="Who can raise it, and where.")


class ShareOutput(StandingOutput):
    """What an end customer has used of its share of a limit."""

    customer = serializers.UUIDField()
    customer_name = serializers.CharField()


class DayOutput(serializers.Serializer[Any]):
    """What was used on one day of the organisation's time zone."""

    day = serializers.DateField()
    used = serializers.IntegerField()


class HistoryOutput(serializers.Serializer[Any]):
    """What was used of a metered limit on each of the last days, today's last."""

    meter = serializers.ChoiceField(choices=[meter.value for meter in Meter if meter.is_metered])
    days = DayOutput(many=True)


class UsageOutput(serializers.Serializer[Any]):
    """Where the organisation and its customers stand at every limit."""

    plan = serializers.CharField()
    time_zone = serializers.CharField(help_text="In which days and months begin.")
    limits = StandingOutput(many=True)
    customers = ShareOutput(many=True)
    history = HistoryOutput(many=True)


class LimitsOutput(serializers.Serializer[Any]):
    """The limits of a plan in the units of each; null for none."""

    def get_fields(self) -> dict[str, Any]:
        """One for each meter."""
        return {meter.value: serializers.IntegerField(allow_null=True) for meter in Meter}


class PricePlanOutput(serializers.Serializer[Any]):
    """The plan that the organisation is on."""

    key = serializers.ChoiceField(choices=list(PLANS))
    name = serializers.CharField()
    version = serializers.IntegerField()
    limits = LimitsOutput(help_text="With what was raised for the organisation.")
    burst = serializers.IntegerField(help_text="Readings that may come at once.")
    retention_days = serializers.IntegerField()
    features = serializers.ListField(child=serializers.ChoiceField(choices=[each.value for each in Feature]))
    raised = serializers.DictField(
        child=serializers.DateTimeField(allow_null=True),
        help_text="The limits that were raised, and until when; null for no end.",
    )


class PlanChoiceInput(serializers.Serializer[Any]):
    """The plan that the organisation is to be on."""

    plan = serializers.ChoiceField(choices=list(PLANS))


class ShareInput(serializers.Serializer[Any]):
    """The most that an end customer may use up of a limit; null lets it use the whole."""

    customer = serializers.UUIDField()
    meter = serializers.ChoiceField(choices=[meter.value for meter in SHARED])
    value = serializers.IntegerField(min_value=0, max_value=services.MOST, allow_null=True)


class UsageView(views.APIView):
    """Usage of the organisation in scope."""

    needs: ClassVar = {"read": Permission.ORGANISATION_READ}

    @extend_schema(operation_id="usage_retrieve", responses=UsageOutput)
    def get(self, request: Request, **_: Any) -> Response:
        """What is used of each limit, when it is free again, and who can raise it."""
        return Response(_told(utc_now()))


class ShareView(views.APIView):
    """What each end customer may use up."""

    needs: ClassVar = {"write": Permission.ORGANISATION_BILL}

    @extend_schema(operation_id="usage_share", request=ShareInput, responses=UsageOutput)
    def put(self, request: Request, **_: Any) -> Response:
        """Give an end customer a share of a limit, so that it cannot use up the whole."""
        wanted = ShareInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        now = utc_now()
        services.set_share(**wanted.validated_data, by=_name_of(request), now=now)
        return Response(_told(now))


class PlanView(views.APIView):
    """The plan of the organisation in scope."""

    needs: ClassVar = {"read": Permission.ORGANISATION_READ, "write": Permission.ORGANISATION_BILL}

    @extend_schema(operation_id="plan_retrieve", responses=PricePlanOutput)
    def get(self, request: Request, **_: Any) -> Response:
        """The plan, its limits and features."""
        return Response(_plan(utc_now()))

    @extend_schema(operation_id="plan_update", request=PlanChoiceInput, responses=PricePlanOutput)
    def put(self, request: Request, **_: Any) -> Response:
        """Change the plan, at once; a smaller one that has no room for what is there is refused with what to remove."""
        wanted = PlanChoiceInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        now = utc_now()
        services.change_plan(plan=wanted.validated_data["plan"], by=_name_of(request), now=now)
        return Response(_plan(now))


def _told(now: datetime) -> Mapping[str, Any]:
    held = selectors.usage(now=now)
    history = [
        {
            "meter": one.meter.value,
            "days": [{"day": day, "used": used} for day, used in zip(one.days, one.amounts, strict=True)],
        }
        for one in held.history
    ]
    told = {
        "plan": held.allowance.plan.key, "time_zone": held.allowance.zone, "limits": held.whole,
        "customers": held.shares, "history": history,
    }  # fmt: skip
    return UsageOutput(told).data


def _plan(now: datetime) -> Mapping[str, Any]:
    held = selectors.allowance(now=now)
    plan: Plan = held.plan
    told = {
        "key": plan.key, "name": plan.name, "version": plan.version, "burst": plan.burst,
        "limits": {meter.value: limit for meter, limit in held.limits.items()},
        "retention_days": plan.retention_days, "features": sorted(plan.features),
        "raised": {meter.value: until for meter, until in held.raised_until.items()},
    }  # fmt: skip
    return PricePlanOutput(told).data


def _name_of(request: Request) -> str:
    actor = request.auth
    assert isinstance(actor, Actor)
    return actor.name
