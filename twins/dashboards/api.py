"""Dashboards over the REST API."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.edge.http import actor_of
from tenants.edge.idempotency import Idempotent
from tenants.kernel.clock import utc_now
from tenants.scope.actors import Permission
from twins.dashboards import selectors, services
from twins.dashboards.models import Dashboard, DashboardRevision
from twins.dashboards.schemas import Reach

MOST_VIEWS = 100
MOST_REVISIONS = 2**31 - 1


class DashboardOutput(serializers.ModelSerializer[Dashboard]):
    """A dashboard in short."""

    twin = serializers.UUIDField(source="twin_id")

    class Meta:
        model = Dashboard
        fields = ("id", "twin", "name", "revision", "is_shared", "made_by", "made_at", "changed_by", "changed_at")
        read_only_fields = fields


class DashboardDocumentOutput(DashboardOutput):
    """A dashboard with its document (docs/schemas/dashboard.schema.json)."""

    document = serializers.DictField()

    class Meta(DashboardOutput.Meta):
        fields = (*DashboardOutput.Meta.fields, "document")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]


class NewDashboardInput(serializers.Serializer[Any]):
    """A new dashboard."""

    twin = serializers.UUIDField()
    name = serializers.CharField(max_length=120)
    document = serializers.DictField(required=False)


class SavedDashboardInput(serializers.Serializer[Any]):
    """A dashboard as it was changed from one of its revisions."""

    base_revision = serializers.IntegerField(min_value=1, max_value=MOST_REVISIONS)
    name = serializers.CharField(max_length=120)
    document = serializers.DictField()


class CopyInput(serializers.Serializer[Any]):
    """What the copy is called."""

    name = serializers.CharField(max_length=120)


class ReachInput(serializers.Serializer[Any]):
    """Who else sees it: all colleagues, and the end customers of shared views."""

    is_shared = serializers.BooleanField()
    views = serializers.ListField(child=serializers.UUIDField(), max_length=MOST_VIEWS)


class RevisionOutput(serializers.ModelSerializer[DashboardRevision]):
    """What a dashboard was once."""

    document = serializers.DictField()

    class Meta:
        model = DashboardRevision
        fields = ("revision", "name", "document", "made_by", "made_at")
        read_only_fields = fields


class DashboardViewSet(
    Idempotent, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Dashboard]
):
    """Dashboards: one's own, and those that are shared with all colleagues."""

    queryset = Dashboard.objects.all()
    serializer_class = DashboardOutput
    lookup_value_converter = "uuid"
    needs: ClassVar = {"read": Permission.DASHBOARDS_READ, "write": Permission.DASHBOARDS_EDIT}

    def get_queryset(self) -> QuerySet[Dashboard]:
        """What the caller sees."""
        return selectors.dashboards(actor_of(self.request._request))

    @extend_schema(responses=DashboardDocumentOutput)
    def retrieve(self, request: Request, pk: UUID, **_: Any) -> Response:
        """A dashboard with its document."""
        return Response(DashboardDocumentOutput(selectors.dashboard(actor_of(request._request), pk)).data)

    @extend_schema(request=NewDashboardInput, responses={201: DashboardDocumentOutput})
    def create(self, request: Request, **_: Any) -> Response:
        """Make a dashboard."""
        wanted = NewDashboardInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        row = services.create_dashboard(**wanted.validated_data, by=actor_of(request._request), now=utc_now())
        return Response(DashboardDocumentOutput(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=SavedDashboardInput, responses=DashboardDocumentOutput)
    def update(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Save a dashboard; 409 with theirs when somebody has saved it since `base_revision`."""
        wanted = SavedDashboardInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        row = services.save_dashboard(
            dashboard=pk, **wanted.validated_data, by=actor_of(request._request), now=utc_now()
        )
        return Response(DashboardDocumentOutput(row).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Remove a dashboard of one's own."""
        services.remove_dashboard(dashboard=pk, by=actor_of(request._request), now=utc_now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=CopyInput, responses={201: DashboardDocumentOutput})
    @action(detail=True, methods=["post"])
    def copy(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Make a copy of one's own, which nobody else sees."""
        wanted = CopyInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        row = services.duplicate_dashboard(
            dashboard=pk, **wanted.validated_data, by=actor_of(request._request), now=utc_now()
        )
        return Response(DashboardDocumentOutput(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=ReachInput, responses=DashboardOutput)
    @action(detail=True, methods=["post"])
    def share(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Say who else sees it; customers see the signals and the time of their view and nothing else."""
        wanted = ReachInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        values = wanted.validated_data
        reach = Reach(values["is_shared"], frozenset(map(str, values["views"])))
        row = services.share_dashboard(dashboard=pk, reach=reach, by=actor_of(request._request), now=utc_now())
        return Response(DashboardOutput(row).data)

    @extend_schema(responses=RevisionOutput(many=True))
    @action(detail=True, methods=["get"], pagination_class=None)
    def revisions(self, request: Request, pk: UUID, **_: Any) -> Response:
        """What it was, the newest first; to go back, save one of them again."""
        row = selectors.dashboard(actor_of(request._request), pk)
        return Response(RevisionOutput(selectors.revisions(row), many=True).data)
