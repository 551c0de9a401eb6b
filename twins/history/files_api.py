"""Files of histories over the REST API: small ones are sent at once, a job writes the others."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponseBase, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.edge.http import actor_of
from tenants.edge.idempotency import Idempotent
from tenants.edge.openapi import ProblemSchema
from tenants.edge.streaming import streamed
from tenants.jobs.models import Job, JobState
from tenants.kernel.clock import utc_now
from tenants.scope.actors import Permission
from twins.history import filing
from twins.history.asking import FileInput, file_question_of
from twins.history.formats import PARQUET


class HistoryFileOutput(serializers.Serializer[Any]):
    """A file, and how far it is."""

    id = serializers.UUIDField(allow_null=True, help_text="Null: it is small, fetch it with `history_file_retrieve`.")
    state = serializers.ChoiceField(choices=JobState.choices, allow_null=True)
    progress = serializers.FloatField(help_text="From 0 to 1.")
    rows = serializers.IntegerField(help_text="Readings in it.")
    bytes = serializers.IntegerField(allow_null=True, help_text="Null until it is ready.")
    error = serializers.CharField(allow_blank=True)


class HistoryFileViewSet(Idempotent, viewsets.GenericViewSet[Job]):
    """Files of histories; they are kept for 7 days, and seen by who asked for them."""

    queryset = Job.objects.none()
    serializer_class = HistoryFileOutput
    lookup_value_converter = "uuid"
    schema = ProblemSchema()
    needs: ClassVar = {"read": Permission.TWINS_READ, "write": Permission.TWINS_READ}

    @extend_schema(request=FileInput, responses={200: HistoryFileOutput, 202: HistoryFileOutput})
    def create(self, request: Request, **_: Any) -> Response:
        """Ask for a file of readings: up to two million are sent at once, more are written by a job."""
        asked, file = file_question_of(request.data)
        found = filing.ask_file(asked=asked, file=file, by=actor_of(request._request), now=utc_now())
        if found.job is None:
            return Response(_shown(None, found.rows))
        return Response(_shown(found.job, found.rows), status=status.HTTP_202_ACCEPTED)

    @extend_schema(responses=HistoryFileOutput)
    def retrieve(self, request: Request, pk: UUID, **_: Any) -> Response:
        """How far a file is."""
        row = filing.file_job(pk, actor_of(request._request))
        return Response(_shown(row, row.params["rows"]))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Stop the writing of a file, or remove it before its week is over."""
        filing.drop_file(job=pk, by=actor_of(request._request), now=utc_now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.STR, (200, PARQUET): OpenApiTypes.BINARY})
    @action(detail=True, methods=["get"])
    def content(self, request: Request, pk: UUID, **_: Any) -> HttpResponseBase:
        """The file itself."""
        place, file = filing.file_of(pk, actor_of(request._request))
        response = StreamingHttpResponse(
            streamed(request._request, filing.bytes_of(place)), content_type=file.media_type
        )
        response["Content-Length"] = str(place.stat().st_size)
        response["Content-Disposition"] = f'attachment; filename="{place.name}"'
        response["Cache-Control"] = "private, no-store"
        return response


def _shown(row: Job | None, rows: int) -> dict[str, Any]:
    if row is None:
        found: dict[str, Any] = {"id": None, "state": None, "progress": 0.0, "bytes": None, "error": ""}
    else:
        size = (row.result or {}).get("bytes")
        found = {"id": row.id, "state": row.state, "progress": row.progress, "bytes": size, "error": row.error}
    return HistoryFileOutput({**found, "rows": rows}).data
