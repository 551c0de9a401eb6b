"""Files of history over the REST API: announced, sent in parts, looked at, mapped, started."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponseBase, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.edge.findings import FindingOutput
from tenants.edge.http import actor_of
from tenants.edge.idempotency import Idempotent
from tenants.edge.streaming import streamed
from tenants.kernel.clock import utc_now
from tenants.scope.actors import Permission
from tenants.scope.context import required_tenant
from twins.gateways.imports import selectors, services
from twins.gateways.imports.errors import StateError
from twins.gateways.imports.models import FileImport
from twins.gateways.imports.previews import Preview, preview, told
from twins.gateways.imports.schemas import LATEST_HEADER, MOST_COLUMNS, Kind, TimeFormat
from twins.gateways.imports.services import LARGEST_FILE, LARGEST_PART
from twins.gateways.imports.storage import ImportFiles

IMPORT_STATES = selectors.STATES
TIME_FORMATS = tuple(one.value for one in TimeFormat)
_ZONE = "UTC"


class PartParser(BaseParser):
    """A part of a file, as it is."""

    media_type = "application/octet-stream"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """The bytes; one more than a part may have, when there are more."""
        return bytes(stream.read(LARGEST_PART + 1))


class NewImportInput(serializers.Serializer[Any]):
    """A file that is about to be sent."""

    gateway = serializers.UUIDField(help_text="In whose name its readings are taken.")
    name = serializers.CharField(max_length=200, help_text="One that ends in .parquet is Parquet, any other CSV.")
    size = serializers.IntegerField(min_value=1, max_value=LARGEST_FILE, help_text="Bytes.")


class MappingInput(serializers.Serializer[Any]):
    """How the rows of a file become readings."""

    shape = serializers.ChoiceField(choices=("wide", "long"))
    delimiter = serializers.ChoiceField(choices=(",", ";", "\t", "|"), default=",", help_text="Of CSV.")
    decimal = serializers.ChoiceField(choices=(".", ","), default=".")
    encoding = serializers.ChoiceField(choices=("utf-8", "windows-1252"), default="utf-8", help_text="Of CSV.")
    header = serializers.IntegerField(
        min_value=0, max_value=LATEST_HEADER, default=1, help_text="Of CSV: the line with the names; 0 for none."
    )
    time = serializers.CharField(max_length=256, help_text="The column of times.")
    time_of_day = serializers.CharField(max_length=256, default="", allow_blank=True, help_text="A second column.")
    time_format = serializers.ChoiceField(choices=TIME_FORMATS, default="iso")
    zone = serializers.CharField(max_length=64, default="UTC", help_text="Of times without an offset.")
    columns = serializers.DictField(
        child=serializers.CharField(max_length=256), default=dict, help_text="Of a wide file: column to key."
    )
    key = serializers.CharField(max_length=256, default="", allow_blank=True, help_text="Of a long file.")
    value = serializers.CharField(max_length=256, default="", allow_blank=True, help_text="Of a long file.")


class ReasonOutput(serializers.Serializer[Any]):
    """How much was set aside for a reason."""

    code = serializers.CharField()
    count = serializers.IntegerField()


class ImportOutput(serializers.Serializer[Any]):
    """A file and how far it is."""

    id = serializers.UUIDField(source="row.id")
    gateway = serializers.UUIDField(source="row.gateway_id")
    name = serializers.CharField(source="row.name")
    kind = serializers.ChoiceField(source="row.kind", choices=[one.value for one in Kind])
    size = serializers.IntegerField(source="row.size")
    received = serializers.IntegerField(source="row.received", help_text="Bytes that are here: the next part's offset.")
    status = serializers.ChoiceField(choices=IMPORT_STATES, source="state")
    progress = serializers.FloatField()
    message = serializers.CharField()
    job = serializers.UUIDField(source="row.job", allow_null=True)
    mapping = serializers.DictField(source="row.mapping", allow_null=True)
    rows = serializers.IntegerField(source="tally.rows")
    stored = serializers.IntegerField(source="tally.stored", help_text="Readings.")
    known = serializers.IntegerField(source="tally.known", help_text="Readings that were there already.")
    set_aside = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField(source="row.created_at")
    finished_at = serializers.DateTimeField(source="row.finished_at", allow_null=True)

    @extend_schema(responses=ReasonOutput(many=True))
    def get_set_aside(self, state: selectors.ImportState) -> list[dict[str, Any]]:
        """By reason."""
        return [{"code": code, "count": count} for code, count in sorted(state.tally.aside.items())]


class ShownReadingOutput(serializers.Serializer[Any]):
    """A reading as it would be stored: `stored` is its value in the unit of the signal, null when it would not be."""

    at = serializers.DateTimeField()
    key = serializers.CharField()
    value = serializers.FloatField(allow_null=True)
    signal = serializers.CharField()
    unit = serializers.CharField()
    stored = serializers.FloatField(allow_null=True)


class RejectedOutput(serializers.Serializer[Any]):
    """Something that cannot be read."""

    row = serializers.IntegerField()
    column = serializers.CharField()
    written = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()
    fix = serializers.CharField()


class PreviewOutput(serializers.Serializer[Any]):
    """What a file looks like with its mapping, or with the one that is guessed."""

    names = serializers.ListField(child=serializers.CharField(), max_length=MOST_COLUMNS)
    mapping = serializers.DictField()
    readings = ShownReadingOutput(many=True)
    rejected = RejectedOutput(many=True)
    findings = FindingOutput(many=True)


class ImportViewSet(Idempotent, viewsets.GenericViewSet[FileImport]):
    """Files of history, each imported in the name of a gateway."""

    queryset = selectors.imports()
    serializer_class = ImportOutput
    lookup_value_converter = "uuid"
    needs: ClassVar = {"read": Permission.GATEWAYS_READ, "write": Permission.GATEWAYS_EDIT}

    @extend_schema(responses=ImportOutput(many=True))
    def list(self, request: Request, **_: Any) -> Response:
        """The imports, newest first."""
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(ImportOutput(selectors.states(page or []), many=True).data)

    @extend_schema(responses=ImportOutput)
    def retrieve(self, request: Request, pk: UUID, **_: Any) -> Response:
        """One import."""
        return Response(_told(selectors.import_of(pk)))

    @extend_schema(request=NewImportInput, responses={201: ImportOutput})
    def create(self, request: Request, **_: Any) -> Response:
        """Announce a file; its bytes follow in parts."""
        wanted = NewImportInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        by = actor_of(request._request).name
        row = services.create_import(**wanted.validated_data, by=by, now=utc_now())
        return Response(_told(row), status=status.HTTP_201_CREATED)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Remove an import and its file; what it stored stays."""
        services.remove_import(import_=pk, now=utc_now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        request={"application/octet-stream": OpenApiTypes.BINARY}, responses=ImportOutput,
        parameters=[OpenApiParameter("offset", OpenApiTypes.INT64, required=True, description="Of the first byte.")],
    )  # fmt: skip
    @action(detail=True, methods=["put"], parser_classes=[PartParser])
    def content(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Send the next part, of at most 4 MiB; after a break `received` says where to go on."""
        asked = serializers.IntegerField(min_value=0, max_value=LARGEST_FILE)
        offset = asked.run_validation(request.query_params.get("offset"))
        part = request.data
        if not isinstance(part, bytes) or not 0 < len(part) <= LARGEST_PART:
            raise StateError(f"a part has 1 to {LARGEST_PART} bytes", place="body", fix="Send smaller parts.")
        return Response(_told(services.receive_part(import_=pk, offset=offset, part=part)))

    @extend_schema(responses=PreviewOutput)
    @action(detail=True, methods=["get"])
    def preview(self, request: Request, pk: UUID, **_: Any) -> Response:
        """The first rows as they would be stored, with the mapping that is saved or, without one, with a guess."""
        row = selectors.import_of(pk)
        return Response(_shown(_preview(row)))

    @extend_schema(request=MappingInput, responses=PreviewOutput)
    @action(detail=True, methods=["put"])
    def mapping(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Choose how the file is read; the answer shows what it comes to."""
        wanted = MappingInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        return Response(_shown(_preview(services.change_mapping(import_=pk, values=dict(wanted.validated_data)))))

    @extend_schema(request=None, responses=ImportOutput)
    @action(detail=True, methods=["post"])
    def start(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Begin, or go on with one that was stopped or failed."""
        by = actor_of(request._request).name
        return Response(_told(services.start_import(import_=pk, by=by, now=utc_now())))

    @extend_schema(request=None, responses=ImportOutput)
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Stop it; what is stored stays."""
        return Response(_told(services.stop_import(import_=pk, now=utc_now())))

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.STR})
    @action(detail=True, methods=["get"])
    def rejected(self, request: Request, pk: UUID, **_: Any) -> HttpResponseBase:
        """What was set aside, row by row, as CSV."""
        return rejected_answer(request._request, selectors.import_of(pk))


def rejected_answer(request: Any, row: FileImport) -> HttpResponseBase:
    """What was set aside of a file, as CSV."""
    pieces = ImportFiles(required_tenant("an import"), row.id).rejected_pieces(row.rejected_bytes)
    response = StreamingHttpResponse(streamed(request, pieces), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="set-aside.csv"'
    response["Cache-Control"] = "private, no-store"
    return response


def _preview(row: FileImport) -> Preview:
    (state,) = selectors.states([row])
    if state.state not in ("ready", "failed", "cancelled"):
        raise StateError(
            f"the import is {state.state}", place="import", fix="A file can be looked at until it is imported."
        )
    return preview(row, services.mapping_of(row), zone=_ZONE)


def _told(row: FileImport) -> dict[str, Any]:
    (state,) = selectors.states([row])
    return dict(ImportOutput(state).data)


def _shown(found: Preview) -> dict[str, Any]:
    return dict(
        PreviewOutput(
            {
                "names": found.names, "mapping": found.mapping, "readings": found.readings,
                "rejected": [told(one) for one in found.rejected],
                "findings": [
                    {"code": one.code, "place": one.place, "message": one.message, "fix": one.fix}
                    for one in found.findings
                ],
            }
        ).data
    )  # fmt: skip
