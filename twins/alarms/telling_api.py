"""Channels, on-call schedules and escalation chains over the REST API."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.edge.http import actor_of
from tenants.kernel.clock import utc_now
from tenants.scope.actors import Permission
from twins.alarms import selectors, telling
from twins.alarms.domain.oncall import Override
from twins.alarms.escalating import person_on_call
from twins.alarms.models import PRIORITIES, AlarmChannel, AlarmDelivery, EscalationChain, OnCallSchedule

_PRIORITIES = [value for value, _ in PRIORITIES]
EDITING = {"read": Permission.ALARMS_EDIT, "write": Permission.ALARMS_EDIT}


class AlarmChannelOutput(serializers.ModelSerializer[AlarmChannel]):
    """Where alarms are told."""

    kind = serializers.ChoiceField(choices=["mail", "webhook"])

    class Meta:
        model = AlarmChannel
        fields = ("id", "name", "kind", "addresses", "url", "is_enabled", "created_at")
        read_only_fields = fields


class NewChannelOutput(AlarmChannelOutput):
    """A channel; a new webhook comes with its secret, which is shown this once."""

    secret = serializers.CharField()

    class Meta:
        model = AlarmChannel
        fields = (*AlarmChannelOutput.Meta.fields, "secret")
        read_only_fields = fields


class AlarmChannelInput(serializers.Serializer[Any]):
    """Addresses of mail, or a webhook."""

    name = serializers.CharField(max_length=120)
    addresses = serializers.ListField(child=serializers.EmailField(max_length=254), max_length=50, required=False)
    url = serializers.CharField(max_length=500, required=False, allow_blank=True)


class DeliveryOutput(serializers.ModelSerializer[AlarmDelivery]):
    """A message that is to go out, or went."""

    state = serializers.ChoiceField(choices=["waiting", "sent", "failed"])

    class Meta:
        model = AlarmDelivery
        fields = ("id", "kind", "address", "subject", "state", "attempts", "next_at", "answer", "created_at", "done_at")
        read_only_fields = fields


class AlarmChannelViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[AlarmChannel]):
    """Channels. An answer with a secret is never repeated, so there is no Idempotency-Key."""

    queryset = selectors.channels()
    serializer_class = AlarmChannelOutput
    lookup_value_converter = "uuid"
    needs: ClassVar = EDITING

    @extend_schema(responses=AlarmChannelOutput)
    def retrieve(self, request: Request, **_: Any) -> Response:
        """One channel."""
        return Response(AlarmChannelOutput(self.get_object()).data)

    @extend_schema(request=AlarmChannelInput, responses={201: NewChannelOutput})
    def create(self, request: Request, **_: Any) -> Response:
        """Make a channel; a webhook's answer holds its secret."""
        row, secret = self._save(request, None)
        body = {**AlarmChannelOutput(row).data, "secret": secret}
        return Response(body, status=status.HTTP_201_CREATED)

    @extend_schema(request=AlarmChannelInput, responses=NewChannelOutput)
    def update(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Change a channel."""
        row, secret = self._save(request, pk)
        return Response({**AlarmChannelOutput(row).data, "secret": secret})

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Delete a channel."""
        telling.delete_channel(id_=pk, by=actor_of(request._request).name, now=utc_now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=None, responses=DeliveryOutput(many=True))
    @action(detail=True, methods=["post"], url_path="try", pagination_class=None)
    def try_out(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Send a test."""
        return Response(DeliveryOutput(telling.try_channel(channel=pk, now=utc_now()), many=True).data)

    @extend_schema(responses=DeliveryOutput(many=True))
    @action(detail=False, methods=["get"])
    def deliveries(self, request: Request, **_: Any) -> Response:
        """What went out, or is to, the newest first."""
        page = self.paginate_queryset(selectors.deliveries())  # type: ignore[arg-type] # rows of another model
        return self.get_paginated_response(DeliveryOutput(page, many=True).data)

    def _save(self, request: Request, pk: UUID | None) -> tuple[AlarmChannel, str]:
        wanted = AlarmChannelInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        by = actor_of(request._request).name
        return telling.save_channel(channel=pk, **wanted.validated_data, by=by, now=utc_now())


class OverrideField(serializers.Serializer[Any]):
    """Somebody who is on call in `[start, end)` in place of whose turn it is."""

    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    person = serializers.EmailField(max_length=254)


class OnCallScheduleInput(serializers.Serializer[Any]):
    """People who take turns in a time zone."""

    name = serializers.CharField(max_length=120)
    zone = serializers.CharField(max_length=64)
    first = serializers.DateField()
    handover = serializers.TimeField()
    days = serializers.IntegerField(min_value=1, max_value=telling.MOST_DAYS)
    people = serializers.ListField(child=serializers.EmailField(max_length=254), min_length=1, max_length=50)
    overrides = serializers.ListField(child=OverrideField(), max_length=200, required=False)


class OnCallScheduleOutput(serializers.Serializer[OnCallSchedule]):
    """A schedule, and who is on call now."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    zone = serializers.CharField()
    first = serializers.DateField()
    handover = serializers.TimeField()
    days = serializers.IntegerField()
    people = serializers.ListField(child=serializers.CharField())
    overrides = OverrideField(many=True)
    on_call = serializers.SerializerMethodField()

    def get_on_call(self, row: OnCallSchedule) -> str | None:
        """Who is on call now."""
        return person_on_call(row, utc_now())


class OnCallScheduleViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[OnCallSchedule]):
    """Who is on call when."""

    queryset = selectors.schedules()
    serializer_class = OnCallScheduleOutput
    lookup_value_converter = "uuid"
    needs: ClassVar = EDITING

    @extend_schema(responses=OnCallScheduleOutput)
    def retrieve(self, request: Request, **_: Any) -> Response:
        """One schedule."""
        return Response(OnCallScheduleOutput(self.get_object()).data)

    @extend_schema(request=OnCallScheduleInput, responses={201: OnCallScheduleOutput})
    def create(self, request: Request, **_: Any) -> Response:
        """Make a schedule."""
        return Response(OnCallScheduleOutput(self._save(request, None)).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=OnCallScheduleInput, responses=OnCallScheduleOutput)
    def update(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Change a schedule."""
        return Response(OnCallScheduleOutput(self._save(request, pk)).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Delete a schedule."""
        telling.delete_schedule(id_=pk, by=actor_of(request._request).name, now=utc_now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _save(self, request: Request, pk: UUID | None) -> OnCallSchedule:
        wanted = OnCallScheduleInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        by = actor_of(request._request).name
        values = dict(wanted.validated_data)
        overrides = [Override(**each) for each in values.pop("overrides", ())]
        terms = telling.ScheduleTerms(**values, overrides=overrides)
        return telling.save_schedule(schedule=pk, terms=terms, by=by, now=utc_now())


class LevelField(serializers.Serializer[Any]):
    """Who is told so many seconds after the level before."""

    wait_s = serializers.IntegerField(min_value=0, max_value=telling.LONGEST_WAIT_S)
    channels = serializers.ListField(child=serializers.UUIDField(), max_length=20, required=False)
    schedules = serializers.ListField(child=serializers.UUIDField(), max_length=20, required=False)


class EscalationChainInput(serializers.Serializer[Any]):
    """Who is told of which alarms, level after level until somebody acknowledges."""

    name = serializers.CharField(max_length=120)
    priorities = serializers.ListField(child=serializers.ChoiceField(choices=_PRIORITIES), min_length=1, max_length=4)
    twin = serializers.UUIDField(required=False, allow_null=True)
    levels = serializers.ListField(child=LevelField(), min_length=1, max_length=telling.MOST_LEVELS)
    is_enabled = serializers.BooleanField(required=False, default=True)


class EscalationChainOutput(serializers.Serializer[EscalationChain]):
    """A chain."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    priorities = serializers.ListField(child=serializers.ChoiceField(choices=_PRIORITIES))
    twin = serializers.UUIDField(source="twin_id", allow_null=True)
    levels = LevelField(many=True)
    is_enabled = serializers.BooleanField()


class EscalationChainViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[EscalationChain]):
    """Escalation chains."""

    queryset = selectors.chains()
    serializer_class = EscalationChainOutput
    lookup_value_converter = "uuid"
    needs: ClassVar = EDITING

    @extend_schema(responses=EscalationChainOutput)
    def retrieve(self, request: Request, **_: Any) -> Response:
        """One chain."""
        return Response(EscalationChainOutput(self.get_object()).data)

    @extend_schema(request=EscalationChainInput, responses={201: EscalationChainOutput})
    def create(self, request: Request, **_: Any) -> Response:
        """Make a chain."""
        return Response(EscalationChainOutput(self._save(request, None)).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=EscalationChainInput, responses=EscalationChainOutput)
    def update(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Change a chain."""
        return Response(EscalationChainOutput(self._save(request, pk)).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Delete a chain."""
        telling.delete_chain(id_=pk, by=actor_of(request._request).name, now=utc_now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _save(self, request: Request, pk: UUID | None) -> EscalationChain:
        wanted = EscalationChainInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        values = wanted.validated_data
        levels = [telling.Level(**level) for level in values["levels"]]
        return telling.save_chain(
            chain=pk, name=values["name"], priorities=values["priorities"], twin=values.get("twin"), levels=levels,
            is_enabled=values["is_enabled"], by=actor_of(request._request).name, now=utc_now(),
        )  # fmt: skip
