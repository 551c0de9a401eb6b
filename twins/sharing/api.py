"""Shared views over the REST API: their making, and for the end customer's people what is seen through them."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.edge.http import actor_of
from tenants.edge.idempotency import Idempotent
from tenants.kernel.clock import isoformat, utc_now
from tenants.scope.actors import Permission
from twins.sharing import selectors
from twins.sharing.models import SharedView
from twins.sharing.schemas import MOST_SIGNALS, ViewTerms
from twins.sharing.services import ViewTermsError, change_view, revoke_view, share_view
from twins.telemetry.instants import moment

SHARING = frozenset({Permission.ORGANISATION_ADMINISTER, Permission.CONTRACTS_EDIT})
MOST_READINGS = 50_000
MOST_ASSETS = MOST_SIGNALS


class SharedAsset(serializers.Serializer[Any]):
    """The signals of one asset."""

    asset = serializers.UUIDField()
    keys = serializers.ListField(child=serializers.CharField(max_length=64), min_length=1, max_length=MOST_SIGNALS)


class SharedViewOutput(serializers.Serializer[SharedView]):
    """A shared view."""

    id = serializers.UUIDField()
    customer = serializers.UUIDField(source="customer_id")
    twin = serializers.UUIDField(source="twin_id")
    name = serializers.CharField()
    signals = serializers.SerializerMethodField()
    start = serializers.DateTimeField()
    end = serializers.DateTimeField(allow_null=True, help_text="Readings before it are seen; null for no end.")
    expires_at = serializers.DateTimeField(allow_null=True)
    made_at = serializers.DateTimeField()
    revoked_at = serializers.DateTimeField(allow_null=True)

    @extend_schema_field(SharedAsset(many=True))
    def get_signals(self, row: SharedView) -> list[dict[str, Any]]:
        """The signals by asset."""
        return [{"asset": asset, "keys": keys} for asset, keys in row.signals.items()]


class ChangedViewInput(serializers.Serializer[Any]):
    """What a shared view is to show."""

    name = serializers.CharField(max_length=120)
    signals = serializers.ListField(child=SharedAsset(), min_length=1, max_length=MOST_ASSETS)
    start = serializers.DateTimeField()
    end = serializers.DateTimeField(required=False, allow_null=True)
    expires_at = serializers.DateTimeField(required=False, allow_null=True)


class SharedViewInput(ChangedViewInput):
    """What is shared with whom."""

    customer = serializers.UUIDField()
    twin = serializers.UUIDField()


class SharedValueOutput(serializers.Serializer[Any]):
    """The newest reading of a signal within a view."""

    asset = serializers.UUIDField(source="signal.asset")
    asset_name = serializers.CharField(source="signal.asset_name")
    key = serializers.CharField(source="signal.key")
    name = serializers.CharField(source="signal.name")
    unit = serializers.CharField(source="signal.unit", help_text="UCUM.")
    at = serializers.DateTimeField(allow_null=True)
    value = serializers.FloatField(allow_null=True)
    quality = serializers.IntegerField(help_text="0 is good.")


class SpanInput(serializers.Serializer[Any]):
    """Which readings are wanted."""

    asset = serializers.UUIDField()
    key = serializers.CharField(max_length=64)
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()


class ReadingOutput(serializers.Serializer[Any]):
    """One reading."""

    at = serializers.CharField()
    value = serializers.FloatField()
    quality = serializers.IntegerField()


class SharedViewViewSet(Idempotent, mixins.ListModelMixin, viewsets.GenericViewSet[SharedView]):
    """Read-only, time-bounded views of chosen signals for end customers. Their people see their own."""

    queryset = selectors.shared_views()
    serializer_class = SharedViewOutput
    lookup_value_converter = "uuid"
    needs: ClassVar = {"read": Permission.REPORTS_READ, "write": SHARING}

    def get_queryset(self) -> QuerySet[SharedView]:
        """What the caller may look through."""
        return selectors.views_seen_by(actor_of(self.request._request), now=utc_now())

    @extend_schema(responses=SharedViewOutput)
    def retrieve(self, request: Request, pk: UUID, **_: Any) -> Response:
        """One view that is in force."""
        return Response(SharedViewOutput(self._seen(request, pk)).data)

    @extend_schema(request=SharedViewInput, responses={201: SharedViewOutput})
    def create(self, request: Request, **_: Any) -> Response:
        """Share signals of a twin with an end customer."""
        wanted = SharedViewInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        values = wanted.validated_data
        row = share_view(
            customer=values["customer"], twin_id=values["twin"], terms=_terms(values), now=utc_now(),
            by=actor_of(request._request),
        )  # fmt: skip
        return Response(SharedViewOutput(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=ChangedViewInput, responses=SharedViewOutput)
    def update(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Show something else through a view; what is not said is without end."""
        wanted = ChangedViewInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        terms, actor = _terms(wanted.validated_data), actor_of(request._request)
        return Response(SharedViewOutput(change_view(view=pk, terms=terms, by=actor, now=utc_now())).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID, **_: Any) -> Response:
        """End a view: it is gone with the next look."""
        revoke_view(view=pk, by=actor_of(request._request), now=utc_now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(responses=SharedValueOutput(many=True))
    @action(detail=True, methods=["get"], pagination_class=None)
    def latest(self, request: Request, pk: UUID, **_: Any) -> Response:
        """The newest reading of each of its signals within its time."""
        return Response(SharedValueOutput(selectors.latest_of(self._seen(request, pk)), many=True).data)

    @extend_schema(parameters=[SpanInput], responses=ReadingOutput(many=True))
    @action(detail=True, methods=["get"], pagination_class=None)
    def readings(self, request: Request, pk: UUID, **_: Any) -> Response:
        """The readings of one of its signals in `[start, end)`, which lies within its time."""
        wanted = SpanInput(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        series = selectors.history_of(self._seen(request, pk), **wanted.validated_data, most=MOST_READINGS + 1)
        if series.at.size > MOST_READINGS:
            raise ViewTermsError(
                f"there are more than {MOST_READINGS:,} readings", place="end", fix="Ask for a shorter time at once."
            )
        rows = zip(series.at.tolist(), series.value.tolist(), series.quality.tolist(), strict=True)
        return Response([{"at": isoformat(moment(at)), "value": value, "quality": bad} for at, value, bad in rows])

    def _seen(self, request: Request, pk: UUID) -> SharedView:
        return selectors.view_seen_by(actor_of(request._request), pk, now=utc_now())


def _terms(values: dict[str, Any]) -> ViewTerms:
    signals: dict[UUID, frozenset[str]] = {}
    for each in values["signals"]:
        signals[each["asset"]] = signals.get(each["asset"], frozenset()) | frozenset(each["keys"])
    return ViewTerms(
        name=values["name"], signals=signals, start=values["start"], end=values.get("end"),
        expires_at=values.get("expires_at"),
    )  # fmt: skip
