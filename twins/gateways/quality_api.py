"""Data quality and substitutions over the REST API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tenants.edge.http import actor_of
from tenants.edge.idempotency import Idempotent
from tenants.edge.openapi import QuestionSchema
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from tenants.scope.actors import Permission
from twins.composer.selectors import twin as twin_row
from twins.gateways.quality_words import drift_words
from twins.telemetry import quality_services as services
from twins.telemetry.instants import moment
from twins.telemetry.models import Signal, Substitution
from twins.telemetry.quality_gateways import ClockFault
from twins.telemetry.quality_report import (
    LONGEST,
    GatewayQuality,
    SignalDetail,
    SignalQuality,
    signal_quality,
    twin_quality,
)
from twins.telemetry.schemas import Quality

MOST_GAPS = 1000
QUALITIES = [one.name.lower() for one in Quality]


class QualitySpanError(OutturnError):
    """Of such a span nothing can be told."""

    code = "quality.span"
    status = 422


class QualitySpanInput(serializers.Serializer[Any]):
    """A span of time, at most 366 days; a time without offset is of UTC."""

    start = serializers.DateTimeField(default_timezone=UTC, help_text="First instant.")
    end = serializers.DateTimeField(default_timezone=UTC, help_text="First instant after.")


class TwinQualitySpanInput(QualitySpanInput):
    """A span, and which part of very many signals."""

    part = serializers.IntegerField(
        min_value=1, max_value=99_999, default=1,
        help_text="Of a twin with more than 5,000 signals, which 5,000 of them, in the order of their assets.",
    )  # fmt: skip


class SignalQualityOutput(serializers.Serializer[Any]):
    """How one signal came; lengths of time in seconds, shares from 0 to 1."""

    asset = serializers.UUIDField()
    asset_name = serializers.CharField()
    signal = serializers.CharField()
    unit = serializers.CharField()
    gateway = serializers.UUIDField(allow_null=True)
    key = serializers.CharField(allow_null=True, help_text="The gateway's key.")
    readings = serializers.IntegerField()
    completeness = serializers.FloatField(allow_null=True, help_text="Null where its type says no rate.")
    gaps = serializers.IntegerField()
    longest_gap_s = serializers.FloatField()
    by_quality = serializers.DictField(child=serializers.IntegerField(), help_text=f"By word: {', '.join(QUALITIES)}.")
    late = serializers.IntegerField(help_text="Readings that came more than ten minutes late on these days.")
    worst_late_s = serializers.FloatField()
    moved = serializers.FloatField(
        allow_null=True, help_text="By how many of its former 5-95 % ranges the median has moved since the span before."
    )
    change = serializers.CharField(allow_null=True, help_text="The change of unit that it looks like.")
    newest_at = serializers.DateTimeField(allow_null=True)


class GatewayQualityOutput(serializers.Serializer[Any]):
    """How one gateway delivered; lengths of time in seconds, negative when its clock is ahead."""

    gateway = serializers.UUIDField()
    signals = serializers.IntegerField()
    batches = serializers.IntegerField()
    readings = serializers.IntegerField()
    lateness_median_s = serializers.FloatField(allow_null=True)
    lateness_p95_s = serializers.FloatField(allow_null=True)
    lateness_worst_s = serializers.FloatField(allow_null=True)
    silent_from = serializers.DateTimeField(help_text="The longest time in which nothing came: its beginning.")
    silent_to = serializers.DateTimeField()
    clock_s = serializers.FloatField(allow_null=True, help_text="By so much its clock is behind ours at most.")
    clock_fault = serializers.ChoiceField(choices=[one.value for one in ClockFault], allow_null=True)
    frozen_since = serializers.DateTimeField(allow_null=True, help_text="Since when all its signals repeat themselves.")
    last_seen_at = serializers.DateTimeField(allow_null=True)


class TwinQualityOutput(serializers.Serializer[Any]):
    """The data quality of a twin, its signals worst first."""

    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    signals = SignalQualityOutput(many=True)
    gateways = GatewayQualityOutput(many=True)
    more = serializers.IntegerField(help_text="Signals of other parts: ask for them by `part`.")


class GapOutput(serializers.Serializer[Any]):
    """A stretch in which nothing came."""

    start = serializers.DateTimeField()
    end = serializers.DateTimeField()


class IntervalOutput(serializers.Serializer[Any]):
    """A stretch in which readings were not good: the first and the last of them."""

    quality = serializers.ChoiceField(choices=QUALITIES)
    first = serializers.DateTimeField()
    last = serializers.DateTimeField()
    readings = serializers.IntegerField()


class SignalDetailOutput(SignalQualityOutput):
    """One signal, with what its figures are computed from."""

    longest_gaps = GapOutput(many=True, help_text="The longest first.")
    intervals = IntervalOutput(many=True, help_text="The newest first; none when the span is too long for it.")
    levels = serializers.ListField(
        child=serializers.FloatField(), allow_null=True, help_text="The 5, 25, 50, 75 and 95 % quantiles of its values."
    )
    levels_before = serializers.ListField(child=serializers.FloatField(), allow_null=True)


class ValueInput(serializers.Serializer[Any]):
    """What a reading is to be."""

    at = serializers.DateTimeField(default_timezone=UTC, help_text="The instant of a stored reading.")
    value = serializers.FloatField(help_text="In the unit of the signal.")


class SubstitutionInput(serializers.Serializer[Any]):
    """Readings of one signal to replace, and why."""

    asset = serializers.UUIDField()
    signal = serializers.CharField(max_length=64)
    values = serializers.ListField(child=ValueInput(), min_length=1, max_length=services.MOST_REPLACED)
    reason = serializers.CharField(max_length=services.LONGEST_REASON)


class UndoInput(serializers.Serializer[Any]):
    """Why readings are put back."""

    reason = serializers.CharField(max_length=services.LONGEST_REASON)


class SubstitutionOutput(serializers.ModelSerializer[Substitution]):
    """Readings that were replaced; `commit` is null until they are stored."""

    signal = serializers.CharField(source="key")
    values = serializers.SerializerMethodField()

    class Meta:
        model = Substitution
        fields = ("id", "twin", "asset", "signal", "values", "reason", "by", "made_at", "commit", "undoes")
        read_only_fields = fields

    @extend_schema(responses=serializers.ListField)
    def get_values(self, row: Substitution) -> list[dict[str, Any]]:
        """Each reading with what it was and what it is."""
        columns = zip(row.at, row.value, row.former_value, strict=True)
        return [{"at": at, "value": value, "former": former} for at, value, former in columns]


class TwinQualityView(APIView):
    """How well the readings of a twin came."""

    schema = QuestionSchema()
    needs: ClassVar = {"read": Permission.TWINS_READ}

    @extend_schema(
        operation_id="twins_quality_retrieve", parameters=[TwinQualitySpanInput], responses=TwinQualityOutput
    )
    def get(self, request: Request, pk: UUID, **_: Any) -> Response:
        """The quality of each signal and the deliveries of each gateway in a span."""
        start, end = _span(request)
        wanted = TwinQualitySpanInput(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        part = wanted.validated_data["part"] - 1
        found = twin_quality(twin_row(pk).id, start, end, now=utc_now(), part=part)
        return Response(
            {
                "start": found.span.start,
                "end": found.span.end,
                "signals": [_signal(one) for one in found.signals],
                "gateways": [_gateway(one) for one in found.gateways],
                "more": found.more,
            }
        )


class SignalQualityView(APIView):
    """How well the readings of one signal came."""

    schema = QuestionSchema()
    needs: ClassVar = {"read": Permission.TWINS_READ}

    @extend_schema(
        operation_id="twins_quality_signal_retrieve", parameters=[QualitySpanInput], responses=SignalDetailOutput
    )
    def get(self, request: Request, pk: UUID, asset: UUID, key: str, **_: Any) -> Response:
        """One signal in a span, with its gaps, the stretches in doubt and the distributions."""
        start, end = _span(request)
        row = Signal.objects.filter(twin=twin_row(pk).id, asset=asset, key=key).first()
        if row is None:
            raise services.SignalNotFoundError
        return Response(_detail(signal_quality(row, start, end, now=utc_now())))


class SubstitutionViewSet(Idempotent, viewsets.GenericViewSet[Substitution]):
    """Readings that people or later estimates put in place of what was sent."""

    queryset = Substitution.objects.all()
    serializer_class = SubstitutionOutput
    lookup_value_converter = "uuid"
    needs: ClassVar = {"read": Permission.TWINS_READ, "write": Permission.TWINS_OPERATE}

    @extend_schema(responses=SubstitutionOutput(many=True))
    def list(self, request: Request, **_: Any) -> Response:
        """The substitutions, newest first."""
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(SubstitutionOutput(page, many=True).data)

    @extend_schema(responses=SubstitutionOutput)
    def retrieve(self, request: Request, pk: UUID, **_: Any) -> Response:
        """One substitution."""
        return Response(SubstitutionOutput(_found(pk)).data)

    @extend_schema(request=SubstitutionInput, responses={201: SubstitutionOutput})
    def create(self, request: Request, **_: Any) -> Response:
        """Replace readings of one signal; a job writes them."""
        wanted = SubstitutionInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        values = wanted.validated_data
        row = services.substitute_readings(
            asset=values["asset"], key=values["signal"], reason=values["reason"], by=actor_of(request._request).name,
            values=[(each["at"], each["value"]) for each in values["values"]], now=utc_now(),
        )  # fmt: skip
        return Response(SubstitutionOutput(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=UndoInput, responses={201: SubstitutionOutput})
    @action(detail=True, methods=["post"])
    def undo(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Put back what was there before."""
        wanted = UndoInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        row = services.undo_substitution(
            substitution=pk, reason=wanted.validated_data["reason"], by=actor_of(request._request).name, now=utc_now()
        )
        return Response(SubstitutionOutput(row).data, status=status.HTTP_201_CREATED)


def _found(pk: UUID) -> Substitution:
    row = Substitution.objects.filter(id=pk).first()
    if row is None:
        raise services.SubstitutionNotFoundError
    return row


def _span(request: Request) -> tuple[datetime, datetime]:
    wanted = QualitySpanInput(data=request.query_params)
    wanted.is_valid(raise_exception=True)
    start, end = wanted.validated_data["start"], wanted.validated_data["end"]
    is_near = datetime(1972, 1, 1, tzinfo=UTC) <= start <= datetime(2199, 1, 1, tzinfo=UTC)
    if not (is_near and timedelta(0) < end - start <= LONGEST):
        raise QualitySpanError(
            "The span must end after its start and within 366 days of it, between 1972 and 2199.", place="end",
            fix="Give a later or nearer end.",
        )  # fmt: skip
    return start, end


def _signal(one: SignalQuality) -> dict[str, Any]:
    seen, bound = one.seen, one.bound
    return {
        "asset": one.asset,
        "asset_name": one.name,
        "signal": one.key,
        "unit": one.unit,
        "gateway": bound and bound.gateway,
        "key": bound and bound.sent_key,
        "readings": seen.came,
        "completeness": seen.completeness,
        "gaps": int(seen.gaps.start.size),
        "longest_gap_s": seen.gaps.longest_us / 1e6,
        "by_quality": dict(zip(QUALITIES, seen.by_quality.tolist(), strict=True)),
        "late": one.late,
        "worst_late_s": one.worst_us / 1e6,
        "moved": one.drift and one.drift.moved,
        "change": drift_words(one.drift) if one.drift and one.drift.change else None,
        "newest_at": None if seen.newest_at is None else moment(seen.newest_at),
    }


def _gateway(one: GatewayQuality) -> dict[str, Any]:
    delivered = one.delivered
    return {
        "gateway": one.gateway,
        "signals": one.signals,
        "batches": delivered.batches,
        "readings": delivered.readings,
        "lateness_median_s": _seconds(delivered.median_us),
        "lateness_p95_s": _seconds(delivered.p95_us),
        "lateness_worst_s": _seconds(delivered.worst_us),
        "silent_from": moment(delivered.silence[0]),
        "silent_to": moment(delivered.silence[1]),
        "clock_s": _seconds(one.clock_us),
        "clock_fault": one.clock,
        "frozen_since": one.frozen_since,
        "last_seen_at": one.last_seen_at,
    }


def _detail(detail: SignalDetail) -> dict[str, Any]:
    seen = detail.quality.seen
    return {
        **_signal(detail.quality),
        "longest_gaps": [
            {"start": moment(start), "end": moment(end)} for start, end in seen.gaps.longest_first(MOST_GAPS)
        ],
        "intervals": [
            {"quality": Quality(quality).name.lower(), "first": first, "last": last, "readings": count}
            for quality, first, last, count in detail.intervals
        ],
        "levels": None if seen.levels is None else seen.levels.tolist(),
        "levels_before": None if detail.before.levels is None else detail.before.levels.tolist(),
    }


def _seconds(microseconds: int | None) -> float | None:
    return None if microseconds is None else microseconds / 1e6
