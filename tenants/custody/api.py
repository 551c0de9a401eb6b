"""Archives and the trash over the REST API."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.custody import exporting, selectors, services
from tenants.custody.downloads import CONTENT_TYPE, archive_answer
from tenants.custody.kinds import trash_kind
from tenants.custody.models import Export, TrashItem
from tenants.edge.http import actor_of
from tenants.edge.idempotency import Idempotent
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotAllowedError
from tenants.scope.actors import Permission


class ArchiveRenderer(BaseRenderer):
    """Lets a client ask for the file by its type; the answer is streamed past it."""

    media_type = CONTENT_TYPE
    format = "zip"
    charset = None

    def render(self, data: Any, *_args: Any, **_: Any) -> Any:
        """Errors, as they are; never the archive."""
        return JSONRenderer().render(data)


class ExportOutput(serializers.ModelSerializer[Export]):
    """An archive that was asked for; `ready_at` is null until it is written."""

    subject = serializers.CharField(help_text="The address of the person it is about; empty: everything.")

    class Meta:
        model = Export
        fields = ("id", "subject", "job", "asked_by", "asked_at", "ready_at", "expires_at", "size", "sha256", "rows")
        read_only_fields = fields


class ExportInput(serializers.Serializer[Any]):
    """What the archive is to be of."""

    subject = serializers.EmailField(
        max_length=254, required=False, allow_blank=True, default="", help_text="One person; left out: everything."
    )


class ExportViewSet(Idempotent, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Export]):
    """Archives of what the organisation has."""

    queryset = selectors.exports()
    serializer_class = ExportOutput
    lookup_value_converter = "uuid"
    needs: ClassVar = {"read": Permission.ORGANISATION_ADMINISTER, "write": Permission.ORGANISATION_ADMINISTER}

    @extend_schema(request=ExportInput, responses={202: ExportOutput})
    def create(self, request: Request, **_: Any) -> Response:
        """Ask for an archive; its job says how far it is."""
        given = ExportInput(data=request.data)
        given.is_valid(raise_exception=True)
        actor = actor_of(request._request)
        exporting.check_reader(actor.permissions)
        row = exporting.ask_export(by=actor.name, now=utc_now(), subject=given.validated_data["subject"])
        return Response(ExportOutput(row).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, *_args: Any, pk: UUID, **_: Any) -> Response:
        """Remove an archive before its week is over."""
        exporting.remove_export(export=pk, by=actor_of(request._request).name, now=utc_now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        parameters=[
            OpenApiParameter("Range", str, OpenApiParameter.HEADER, description="Such as bytes=1000-: to resume."),
            OpenApiParameter("If-Range", str, OpenApiParameter.HEADER, description="The ETag of the first part."),
        ],
        responses={
            (200, CONTENT_TYPE): OpenApiTypes.BINARY,
            (206, CONTENT_TYPE): OpenApiTypes.BINARY,
            409: OpenApiResponse(description="It is not ready."),
            416: OpenApiResponse(description="There are no such bytes."),
        },
    )
    @action(detail=True, methods=["get"], renderer_classes=[ArchiveRenderer, JSONRenderer])
    def archive(self, request: Request, pk: UUID, **_: Any) -> HttpResponseBase:
        """The file itself, whole or from a byte on."""
        exporting.check_reader(actor_of(request._request).permissions)
        return archive_answer(request._request, selectors.ready_export(pk))


class TrashOutput(serializers.ModelSerializer[TrashItem]):
    """A thing in the trash; it is erased at `due_at`, unless `kept_because` says why not."""

    class Meta:
        model = TrashItem
        fields = ("id", "kind", "thing", "name", "trashed_by", "trashed_at", "due_at", "kept_because")
        read_only_fields = fields


class TrashInput(serializers.Serializer[Any]):
    """What is to go there."""

    kind = serializers.CharField(max_length=40, help_text="contract, customer, gateway, twin, ...")
    thing = serializers.UUIDField()


class TrashViewSet(Idempotent, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[TrashItem]):
    """What was thrown away and can be taken back for 30 days."""

    queryset = selectors.trash()
    serializer_class = TrashOutput
    lookup_value_converter = "uuid"
    needs: ClassVar = {"read": Permission.ORGANISATION_OPERATE, "write": Permission.ORGANISATION_OPERATE}

    @extend_schema(request=TrashInput, responses={201: TrashOutput})
    def create(self, request: Request, **_: Any) -> Response:
        """Put a thing into the trash; it takes what editing such a thing takes."""
        given = TrashInput(data=request.data)
        given.is_valid(raise_exception=True)
        actor, kind = actor_of(request._request), trash_kind(given.validated_data["kind"])
        if not actor.may(kind.needs):
            raise NotAllowedError(f"This takes the permission {kind.needs}.", place="kind")
        item = services.put_in_trash(**given.validated_data, by=actor.name, now=utc_now())
        return Response(TrashOutput(item).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses={204: None})
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Take a thing out of the trash."""
        actor = actor_of(request._request)
        services.restore(item=pk, by=actor.name, now=utc_now(), may=actor.permissions)
        return Response(status=status.HTTP_204_NO_CONTENT)
