"""The history of what is shared with an end customer: the same questions and answers, held to a view."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tenants.edge.http import actor_of
from tenants.edge.openapi import QuestionSchema
from tenants.kernel.clock import utc_now
from tenants.scope.actors import Permission
from twins.history import asking
from twins.history.api import FILES, FORMS
from twins.history.schemas import HistoryQuestion
from twins.history.selectors import history
from twins.sharing import selectors


class SharedHistoryView(APIView):
    """The history of a shared view's signals within its time."""

    needs: ClassVar = {"read": Permission.REPORTS_READ}
    renderer_classes = (asking.HistoryJson, asking.HistoryArrow)
    schema = QuestionSchema()

    @extend_schema(operation_id="shared_views_history_retrieve", parameters=[asking.HistoryInput], responses=FORMS)
    def get(self, request: Request, pk: UUID, **_: Any) -> Response:
        """As `/history/`, of signals and times that the view has; for all others the answer is 404."""
        return asking.answer(history(_within(request, pk, asking.question(request))))


class SharedHistoryFileView(APIView):
    """The history of a shared view's signals as a file."""

    needs: ClassVar = {"read": Permission.REPORTS_READ}
    schema = QuestionSchema()

    @extend_schema(operation_id="shared_views_history_file_retrieve", parameters=[asking.FileInput], responses=FILES)
    def get(self, request: Request, pk: UUID, **_: Any) -> HttpResponseBase:
        """As `/history/file/`, of signals and times that the view has; for all others the answer is 404."""
        asked, file = asking.file_question(request)
        return asking.file_answer(request, _within(request, pk, asked), file)


def _within(request: Request, view: UUID, asked: HistoryQuestion) -> HistoryQuestion:
    row = selectors.view_seen_by(actor_of(request._request), view, now=utc_now())
    selectors.check_within(row, asked.places, asked.start, asked.end)
    return asked
