"""Alarms over the REST API: how they stand, what people do with them, and their rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.edge.http import actor_of
from tenants.edge.idempotency import Idempotent
from tenants.kernel.clock import utc_now
from tenants.scope.actors import Permission
from twins.alarms import rules, selectors, services
from twins.alarms.models import PRIORITIES, STATES, Alarm, AlarmEvent, AlarmRule, EventKind
from twins.alarms.spans import Raised, raised
from twins.composer.selectors import twin as twin_by_id

_PRIORITIES = [value for value, _ in PRIORITIES]
_STATES = [value for value, _ in STATES]


class AlarmOutput(serializers.ModelSerializer[Alarm]):
    """How one alarm of one asset stands, in the states of ISA-18.2."""

    twin = serializers.UUIDField(source="twin_id")
    priority = serializers.ChoiceField(choices=_PRIORITIES)
    state = serializers.ChoiceField(choices=_STATES)

    class Meta:
        model = Alarm
        fields = (
            "id", "twin", "asset", "asset_name", "key", "name", "signal", "unit", "priority", "state", "is_active",
            "value", "activated_at", "annunciated_at", "changed_at", "acknowledged_at", "acknowledged_by",
            "shelved_until", "hidden_by", "reason",
        )  # fmt: skip
        read_only_fields = fields


class AlarmEventOutput(serializers.ModelSerializer[AlarmEvent]):
    """Something that happened to an alarm."""

    kind = serializers.ChoiceField(choices=EventKind.choices)
    priority = serializers.ChoiceField(choices=_PRIORITIES)

    class Meta:
        model = AlarmEvent
        fields = ("id", "kind", "at", "recorded_at", "by", "note", "value", "priority", "is_annunciation")
        read_only_fields = fields


class SpansInput(serializers.Serializer[Any]):
    """Which spans are wanted: those of a twin's alarms, or only of some of its assets', that touch a time."""

    twin = serializers.UUIDField()
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    asset = serializers.ListField(
        child=serializers.UUIDField(), required=False, max_length=50,
        help_text="To ask for several, name the parameter as often.",
    )  # fmt: skip


class SpanOutput(serializers.Serializer[Raised]):
    """An alarm that was active."""

    alarm = serializers.UUIDField(source="alarm.id")
    name = serializers.CharField(source="alarm.name")
    asset = serializers.UUIDField(source="alarm.asset")
    asset_name = serializers.CharField(source="alarm.asset_name")
    signal = serializers.CharField(source="alarm.signal", help_text="Empty for an expression.")
    priority = serializers.ChoiceField(choices=_PRIORITIES)
    start = serializers.DateTimeField(allow_null=True, help_text="Null: it was active before `start`.")
    end = serializers.DateTimeField(allow_null=True, help_text="Null: it still was at `end`.")


class SpansOutput(serializers.Serializer[Any]):
    """When alarms were active."""

    spans = SpanOutput(many=True, help_text="The newest first.")
    more = serializers.IntegerField(help_text="How many there are beyond these.")


class AlarmsQuery(serializers.Serializer[Any]):
    """Which alarms are listed."""

    twin = serializers.UUIDField(required=False, help_text="Only those of this twin's assets.")
    standing = serializers.BooleanField(default=False, help_text="Only those on the operator's list.")


class AlarmsInput(serializers.Serializer[Any]):
    """Which alarms."""

    alarms = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=services.MOST_AT_ONCE)


class NotedInput(AlarmsInput):
    """Which alarms, and what there is to say."""

    note = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")


class ReasonInput(AlarmsInput):
    """Which alarms, and why."""

    reason = serializers.CharField(max_length=500)


class ShelfInput(ReasonInput):
    """Which alarms are put aside, until when, and why."""

    until = serializers.DateTimeField()


class CommentInput(serializers.Serializer[Any]):
    """What there is to say."""

    note = serializers.CharField(max_length=1000)


class AlarmViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[Alarm]):
    """Alarms that have ever been active, or that somebody touched."""

    queryset = selectors.alarms()
    serializer_class = AlarmOutput
    lookup_value_converter = "uuid"
    needs: ClassVar = {"read": Permission.ALARMS_READ, "write": Permission.ALARMS_OPERATE}

    def get_queryset(self) -> QuerySet[Alarm]:
        """Those that the address asks for."""
        asked = AlarmsQuery(data=self.request.query_params)
        asked.is_valid(raise_exception=True)
        found = selectors.alarms()
        if asked.validated_data["standing"]:
            found = found.filter(state__in=selectors.ON_LIST)
        if "twin" in asked.validated_data:
            found = found.filter(twin=asked.validated_data["twin"])
        for name, known in (("state", _STATES), ("priority", _PRIORITIES)):
            value = self.request.query_params.get(name)
            if value in known:
                found = found.filter(**{name: value})
        return found

    @extend_schema(
        parameters=[
            OpenApiParameter("state", str, enum=_STATES), OpenApiParameter("priority", str, enum=_PRIORITIES),
            AlarmsQuery,
        ]
    )  # fmt: skip
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The alarms, the newest first."""
        return super().list(request, *args, **kwargs)

    @extend_schema(responses=AlarmOutput)
    def retrieve(self, request: Request, pk: UUID, **_: Any) -> Response:
        """One alarm."""
        return Response(AlarmOutput(selectors.alarm(pk)).data)

    @extend_schema(parameters=[SpansInput], responses=SpansOutput, filters=False)
    @action(detail=False, methods=["get"], pagination_class=None)
    def spans(self, request: Request, **_: Any) -> Response:
        """When alarms of a twin were active in `[start, end)`, for charts."""
        asked = SpansInput(data=request.query_params)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        found, more = raised(twin_by_id(values["twin"]).id, values["start"], values["end"], values.get("asset") or ())
        return Response(SpansOutput({"spans": found, "more": more}).data)

    @extend_schema(responses=AlarmEventOutput(many=True))
    @action(detail=True, methods=["get"])
    def history(self, request: Request, pk: UUID, **_: Any) -> Response:
        """What happened to it, the newest first."""
        page = self.paginate_queryset(selectors.history(selectors.alarm(pk).id))  # type: ignore[arg-type]
        return self.get_paginated_response(AlarmEventOutput(page, many=True).data)

    @extend_schema(request=CommentInput, responses={204: None})
    @action(detail=True, methods=["post"])
    def comment(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Write something down beside it."""
        wanted = CommentInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        by = actor_of(request._request).name
        services.comment_alarm(alarm=pk, note=wanted.validated_data["note"], by=by, now=utc_now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=NotedInput, responses=AlarmOutput(many=True))
    @action(detail=False, methods=["post"], pagination_class=None)
    def acknowledge(self, request: Request, **_: Any) -> Response:
        """Take note of alarms; those that need nobody stay as they are."""
        return _done(request, NotedInput, services.acknowledge_alarms)

    @extend_schema(request=AlarmsInput, responses=AlarmOutput(many=True))
    @action(detail=False, methods=["post"], pagination_class=None)
    def reset(self, request: Request, **_: Any) -> Response:
        """Let latched alarms go whose condition is gone."""
        return _done(request, AlarmsInput, services.reset_alarms)

    @extend_schema(request=ShelfInput, responses=AlarmOutput(many=True))
    @action(detail=False, methods=["post"], pagination_class=None)
    def shelve(self, request: Request, **_: Any) -> Response:
        """Put alarms aside until a time."""
        return _done(request, ShelfInput, services.shelve_alarms)

    @extend_schema(request=AlarmsInput, responses=AlarmOutput(many=True))
    @action(detail=False, methods=["post"], pagination_class=None)
    def unshelve(self, request: Request, **_: Any) -> Response:
        """Take back what was put aside."""
        return _done(request, AlarmsInput, services.unshelve_alarms)

    @extend_schema(request=ReasonInput, responses=AlarmOutput(many=True))
    @action(detail=False, methods=["post"], pagination_class=None, url_path="out-of-service")
    def out_of_service(self, request: Request, **_: Any) -> Response:
        """Take alarms out of service."""
        return _done(request, ReasonInput, services.take_out_of_service)

    @extend_schema(request=AlarmsInput, responses=AlarmOutput(many=True))
    @action(detail=False, methods=["post"], pagination_class=None, url_path="in-service")
    def in_service(self, request: Request, **_: Any) -> Response:
        """Put alarms back into service."""
        return _done(request, AlarmsInput, services.put_in_service)


def _done(request: Request, form: type[AlarmsInput], service: Callable[..., list[Alarm]]) -> Response:
    wanted = form(data=request.data)
    wanted.is_valid(raise_exception=True)
    rows = service(**wanted.validated_data, by=actor_of(request._request).name, now=utc_now())
    return Response(AlarmOutput(rows, many=True).data)


class AlarmRuleOutput(serializers.ModelSerializer[AlarmRule]):
    """An alarm that people made, or what they want in place of one of a type."""

    twin = serializers.UUIDField(source="twin_id", allow_null=True)
    document = serializers.DictField()

    class Meta:
        model = AlarmRule
        fields = (
            "id", "key", "twin", "asset", "asset_type", "document", "is_enabled", "version", "changed_by", "changed_at",
        )  # fmt: skip
        read_only_fields = fields


class AlarmRuleInput(serializers.Serializer[Any]):
    """A rule: for one asset of a twin, or for all of a type; `document` as an asset type has its alarms."""

    key = serializers.RegexField(r"^[a-z][a-z0-9_]*$", max_length=64)
    twin = serializers.UUIDField(required=False, allow_null=True)
    asset = serializers.UUIDField(required=False, allow_null=True)
    asset_type = serializers.CharField(max_length=64, required=False, allow_blank=True, default="")
    document = serializers.DictField()


class ChangedRuleInput(serializers.Serializer[Any]):
    """What a rule is to say; `version` is the one that was read."""

    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1)
    document = serializers.DictField()


class SwitchInput(serializers.Serializer[Any]):
    """Whether the rule is in force, or takes its alarm away."""

    is_enabled = serializers.BooleanField()


class AlarmRuleViewSet(Idempotent, mixins.ListModelMixin, viewsets.GenericViewSet[AlarmRule]):
    """The rules that people made."""

    queryset = selectors.rules()
    serializer_class = AlarmRuleOutput
    lookup_value_converter = "uuid"
    needs: ClassVar = {"read": Permission.ALARMS_READ, "write": Permission.ALARMS_EDIT}

    @extend_schema(responses=AlarmRuleOutput)
    def retrieve(self, request: Request, pk: UUID, **_: Any) -> Response:
        """One rule."""
        return Response(AlarmRuleOutput(selectors.rule(pk)).data)

    @extend_schema(request=AlarmRuleInput, responses={201: AlarmRuleOutput})
    def create(self, request: Request, **_: Any) -> Response:
        """Make an alarm for an asset, or for all of a type."""
        wanted = AlarmRuleInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        values = wanted.validated_data
        scope = rules.Scope(values.get("twin"), values.get("asset"), values["asset_type"])
        row = rules.create_rule(
            key=values["key"], scope=scope, document=values["document"], by=actor_of(request._request).name,
            now=utc_now(),
        )  # fmt: skip
        return Response(AlarmRuleOutput(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=ChangedRuleInput, responses=AlarmRuleOutput)
    def update(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Change what a rule says."""
        wanted = ChangedRuleInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        by = actor_of(request._request).name
        return Response(AlarmRuleOutput(rules.change_rule(rule=pk, **wanted.validated_data, by=by, now=utc_now())).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Delete a rule: what the type says counts again."""
        rules.delete_rule(rule=pk, by=actor_of(request._request).name, now=utc_now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=SwitchInput, responses=AlarmRuleOutput)
    @action(detail=True, methods=["post"])
    def switch(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Put a rule in force, or take its alarm away."""
        wanted = SwitchInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        by = actor_of(request._request).name
        row = rules.switch_rule(rule=pk, on=wanted.validated_data["is_enabled"], by=by, now=utc_now())
        return Response(AlarmRuleOutput(row).data)
