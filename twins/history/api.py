"""The history of signals over the REST API, and the notes on it."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tenants.edge.http import actor_of
from tenants.edge.idempotency import Idempotent
from tenants.edge.openapi import ProblemSchema, QuestionSchema
from tenants.kernel.clock import utc_now
from tenants.scope.actors import Permission
from twins.composer.selectors import twin as twin_by_id
from twins.history import asking, selectors
from twins.history.formats import ARROW, PARQUET
from twins.history.models import Annotation
from twins.history.schemas import MOST_TEXT, AnnotationTerms
from twins.history.services import annotate, remove_annotation

FORMS: Any = {
    (200, "application/json"): asking.HistoriesOutput,
    (200, ARROW): OpenApiTypes.BINARY,
}
FILES: Any = {(200, "text/csv"): OpenApiTypes.STR, (200, PARQUET): OpenApiTypes.BINARY}
MOST_SHOWN = 500


class HistoryView(APIView):
    """The history of many signals at once."""

    needs: ClassVar = {"read": Permission.TWINS_READ}
    renderer_classes = (asking.HistoryJson, asking.HistoryArrow)
    schema = QuestionSchema()

    @extend_schema(operation_id="history_retrieve", parameters=[asking.HistoryInput], responses=FORMS)
    def get(self, request: Request, **_: Any) -> Response:
        """Readings as they are, buckets of time, or points to draw a line through; JSON, or Arrow when it is accepted.

        Buckets on whole minutes, hours and days are made of stored rollups: a year of them is read as fast as an hour.
        """
        return asking.answer(selectors.history(asking.question(request)))


class HistoryFileView(APIView):
    """The history of signals as a file."""

    needs: ClassVar = {"read": Permission.TWINS_READ}
    schema = QuestionSchema()

    @extend_schema(operation_id="history_file_retrieve", parameters=[asking.FileInput], responses=FILES)
    def get(self, request: Request, **_: Any) -> HttpResponseBase:
        """All readings, or with `every` buckets of them, as CSV or Parquet."""
        return asking.file_answer(request, *asking.file_question(request))


class AnnotationOutput(serializers.ModelSerializer[Annotation]):
    """A note on the history of a twin."""

    is_mine = serializers.SerializerMethodField()

    class Meta:
        model = Annotation
        fields = ("id", "twin", "asset", "key", "start", "end", "text", "made_by", "made_at", "is_mine")
        read_only_fields = fields

    def get_is_mine(self, row: Annotation) -> bool:
        """Whether the caller wrote it, and may take it away."""
        actor = actor_of(self.context["request"]._request)
        return row.author in (actor.user, actor.key)


class AnnotationInput(serializers.Serializer[Any]):
    """A new note."""

    twin = serializers.UUIDField()
    asset = serializers.UUIDField(required=False, allow_null=True)
    key = serializers.RegexField(r"^[a-z][a-z0-9_]{0,63}$", required=False)
    start = serializers.DateTimeField()
    end = serializers.DateTimeField(required=False, allow_null=True, help_text="Nothing for an instant.")
    text = serializers.CharField(max_length=MOST_TEXT)


class NotesInput(serializers.Serializer[Any]):
    """Which notes are wanted: those on one twin that touch a span of time."""

    twin = serializers.UUIDField()
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()


class AnnotationViewSet(Idempotent, viewsets.GenericViewSet[Annotation]):
    """Notes at an instant or over a span of a twin's history; seen by all who may read the twin."""

    queryset = Annotation.objects.all()
    serializer_class = AnnotationOutput
    lookup_value_converter = "uuid"
    schema = ProblemSchema()
    needs: ClassVar = {"read": Permission.TWINS_READ, "write": Permission.TWINS_EDIT}

    @extend_schema(parameters=[NotesInput], responses=AnnotationOutput(many=True))
    def list(self, request: Request, **_: Any) -> Response:
        """The notes on a twin that touch `[start, end)`, the oldest first; at most 500."""
        asked = NotesInput(data=request.query_params)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        found = selectors.notes_on(twin_by_id(values["twin"]).id, values["start"], values["end"])[:MOST_SHOWN]
        return Response(self.get_serializer(found, many=True).data)

    @extend_schema(responses=AnnotationOutput)
    def retrieve(self, request: Request, pk: UUID, **_: Any) -> Response:
        """One note."""
        return Response(self.get_serializer(selectors.annotation(pk)).data)

    @extend_schema(request=AnnotationInput, responses={201: AnnotationOutput})
    def create(self, request: Request, **_: Any) -> Response:
        """Write a note."""
        wanted = AnnotationInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        values: dict[str, Any] = dict(wanted.validated_data)
        made = annotate(
            twin=values.pop("twin"), terms=AnnotationTerms(**values), by=actor_of(request._request), now=utc_now()
        )
        return Response(self.get_serializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Take one's own note away."""
        remove_annotation(annotation=pk, by=actor_of(request._request), now=utc_now())
        return Response(status=status.HTTP_204_NO_CONTENT)
