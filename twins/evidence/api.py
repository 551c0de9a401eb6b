"""Events and evidence over the REST API."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.utils.timezone import is_naive
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tenants.edge.findings import FindingOutput
from tenants.edge.idempotency import Idempotent
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError
from tenants.scope.actors import Permission
from twins.composer.selectors import twin as twin_row
from twins.evidence import selectors, services
from twins.evidence.domain.items import EventKind
from twins.evidence.domain.states import Cause, State
from twins.evidence.models import AssetEvent
from twins.evidence.schemas import AssetStates, NewEvent, SealedSegment

KINDS = [kind.value for kind in EventKind]


class MomentField(serializers.DateTimeField):
    """A time with its offset; without one it would have to be guessed."""

    default_error_messages: ClassVar = {"no_offset": "Write the time with its offset, or Z."}

    def enforce_timezone(self, value: datetime) -> datetime:
        """The moment in UTC.

        Raises:
            ValidationError: It has no offset, or lies beyond the calendar.
        """
        if is_naive(value):
            self.fail("no_offset")
        return super().enforce_timezone(value)


class EventInput(serializers.Serializer[Any]):
    """Something that happened to an asset; `source` and `reference` name it for ever."""

    asset = serializers.UUIDField(help_text="An asset of a published twin.")
    kind = serializers.ChoiceField(choices=KINDS)
    at = MomentField(help_text="When it happened, with its offset; kept to the millisecond.")
    source = serializers.CharField(  # type: ignore[assignment] # the metaclass takes it off before a field's own source
        max_length=120, help_text="Who says so, such as the name of a maintenance system."
    )
    reference = serializers.CharField(max_length=200, help_text="The source's own name for the event.")
    note = serializers.CharField(max_length=500, allow_blank=True, default="")


class EventsInput(serializers.Serializer[Any]):
    """Up to 1000 events; all are recorded, or none."""

    events = serializers.ListField(child=EventInput(), min_length=1, max_length=services.MOST_EVENTS)


class EventOutput(serializers.ModelSerializer[AssetEvent]):
    """An event as it was recorded."""

    twin = serializers.UUIDField(source="twin_id")
    kind = serializers.ChoiceField(choices=KINDS)

    class Meta:
        model = AssetEvent
        fields = ("id", "twin", "asset", "kind", "at", "received_at", "source", "reference", "note")
        read_only_fields = fields


class RecordedOutput(serializers.Serializer[Any]):
    """What became of an event that was sent."""

    event = EventOutput()
    is_new = serializers.BooleanField(help_text="False when it was recorded before.")
    findings = FindingOutput(many=True, help_text="How it does not fit the other events of its asset.")


class RecordedEventsOutput(serializers.Serializer[Any]):
    """What became of the events, in their order."""

    results = RecordedOutput(many=True)


class EventFilter(serializers.Serializer[Any]):
    """Which events to list."""

    asset = serializers.UUIDField(required=False)
    kind = serializers.ChoiceField(choices=KINDS, required=False)
    since = MomentField(required=False, help_text="Only what happened at this time or after it.")


class SpanInput(serializers.Serializer[Any]):
    """A span of time, at most 366 days, to the millisecond."""

    start = MomentField(help_text="First instant.")
    end = MomentField(help_text="First instant after.")


class StretchOutput(serializers.Serializer[Any]):
    """A span in one state for one cause."""

    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    state = serializers.ChoiceField(choices=[state.value for state in State])
    cause = serializers.ChoiceField(choices=[cause.word for cause in Cause])


class SegmentOutput(serializers.Serializer[Any]):
    """What was sealed; the digest is the SHA-256 of the document's canonical JSON (RFC 8785)."""

    revision = serializers.IntegerField()
    digest = serializers.CharField()
    watermark = serializers.IntegerField(help_text="How many commits of readings it has seen.")
    sealed_at = serializers.DateTimeField()
    document = serializers.DictField()


class FigureOutput(serializers.Serializer[Any]):
    """What an indicator came to."""

    key = serializers.CharField(help_text="The key of the indicator, or `flights`.")
    unit = serializers.CharField(help_text="UCUM code.")
    value = serializers.CharField(help_text="A decimal, cut off after six digits.")


class AssetStatesOutput(serializers.Serializer[Any]):
    """What is known of an asset; `stretches` cover the span without a hole."""

    asset = serializers.UUIDField()
    name = serializers.CharField()
    stretches = StretchOutput(many=True)
    rule = serializers.DictField(help_text="By what its readings became states: `flights`, or `signals` of its type.")
    figures = FigureOutput(many=True, help_text="What its indicators came to.")
    findings = FindingOutput(many=True)
    is_current = serializers.BooleanField(help_text="Whether what was sealed is what is known now.")
    sealed = SegmentOutput(allow_null=True, help_text="The newest revision sealed for exactly this span.")


class EvidenceOutput(serializers.Serializer[Any]):
    """What is known of the assets of a twin."""

    twin = serializers.UUIDField()
    assets = AssetStatesOutput(many=True)


class EventViewSet(Idempotent, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[AssetEvent]):
    """Events of assets: failures, visits to the shop, returns; recorded once, never changed."""

    queryset = selectors.events()
    serializer_class = EventOutput
    lookup_value_converter = "uuid"
    needs: ClassVar = {"read": Permission.TWINS_READ, "write": Permission.TWINS_OPERATE}

    @extend_schema(parameters=[EventFilter])
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The events, the last recorded first."""
        return super().list(request, *args, **kwargs)

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those that the query asks for.

        Raises:
            ValidationError: The query does not fit.
        """
        if self.action != "list":
            return queryset
        wanted = EventFilter(data=self.request.query_params)
        wanted.is_valid(raise_exception=True)
        values = dict(wanted.validated_data)
        if "since" in values:
            values["at__gte"] = values.pop("since")
        return queryset.filter(**values)

    @extend_schema(request=EventsInput, responses={200: RecordedEventsOutput, 201: RecordedEventsOutput})
    def create(self, request: Request, **_: Any) -> Response:
        """Record events, all or none; 200 when every one of them was recorded before."""
        wanted = EventsInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        events = [NewEvent(**event) for event in wanted.validated_data["events"]]
        found = services.record_events(events=events, now=utc_now())
        results = [
            {
                "event": EventOutput(each.event).data,
                "is_new": each.is_new,
                "findings": [finding.as_dict() for finding in each.findings],
            }
            for each in found
        ]
        code = status.HTTP_201_CREATED if any(each.is_new for each in found) else status.HTTP_200_OK
        return Response({"results": results}, status=code)


class EvidenceView(APIView):
    """States of the assets of a twin over time."""

    needs: ClassVar = {"read": Permission.TWINS_READ}

    @extend_schema(operation_id="twins_evidence_retrieve", parameters=[SpanInput], responses=EvidenceOutput)
    def get(self, request: Request, pk: UUID, **_: Any) -> Response:
        """What is known now of each asset that there is evidence of, and what was sealed for the same span."""
        wanted = SpanInput(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        found = selectors.asset_states(twin_row(pk).id, **wanted.validated_data)
        assets = [_states(each) for each in found]
        return Response({"twin": pk, "assets": assets})


class SiteRecordView(APIView):
    """Batches that sites sealed and that evidence rests on."""

    needs: ClassVar = {"read": Permission.TWINS_READ}

    @extend_schema(
        operation_id="twins_site_record_retrieve", responses={(200, "application/json"): OpenApiTypes.OBJECT}
    )
    def get(self, request: Request, pk: UUID, digest: str, **_: Any) -> Response:
        """The record that a segment names in `relies_on`, by its digest."""
        found = selectors.site_records(twin_row(pk).id, [digest]).get(digest)
        if found is None:
            raise NotFoundError(
                "the twin has no such site record", place="digest", fix="Take it from a sealed segment's relies_on."
            )
        return Response(found)


def _states(found: AssetStates) -> dict[str, Any]:
    return {
        "asset": found.asset,
        "name": found.name,
        "stretches": [
            {"start": one.start, "end": one.end, "state": one.state.value, "cause": one.cause.word}
            for one in found.stretches
        ],
        "rule": found.rule,
        "figures": [{"key": one.key, "unit": one.unit, "value": decimal_text(one.value)} for one in found.figures],
        "findings": [finding.as_dict() for finding in found.findings],
        "is_current": found.is_current,
        "sealed": _segment(found.sealed),
    }


def _segment(sealed: SealedSegment | None) -> dict[str, Any] | None:
    if sealed is None:
        return None
    return {
        "revision": sealed.revision,
        "digest": sealed.digest,
        "watermark": sealed.watermark,
        "sealed_at": sealed.sealed_at,
        "document": sealed.document,
    }


def decimal_text(value: Fraction) -> str:
    """A number as a decimal, cut off after six digits."""
    millionths = value.numerator * 1_000_000 // value.denominator
    return format((Decimal(millionths) / 1_000_000).normalize(), "f")
