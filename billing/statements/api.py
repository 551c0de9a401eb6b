"""Statements over the REST API."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from billing.statements import selectors, services
from billing.statements.models import Statement
from tenants.edge.http import actor_of
from tenants.edge.idempotency import Idempotent
from tenants.kernel.clock import utc_now
from tenants.scope.actors import Permission


class StatementOutput(serializers.ModelSerializer[Statement]):
    """A statement in short."""

    contract = serializers.UUIDField(source="contract_id")
    run = serializers.UUIDField(source="run_id")

    class Meta:
        model = Statement
        fields = (
            "id", "contract", "run", "period_start", "period_end", "version", "currency", "total_minor", "digest",
            "sealed_by", "sealed_at",
        )  # fmt: skip
        read_only_fields = fields


class StatementDocumentOutput(StatementOutput):
    """A statement with its document, which is what was logged."""

    document = serializers.DictField()

    class Meta(StatementOutput.Meta):
        fields = (*StatementOutput.Meta.fields, "document")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]


class StatementInput(serializers.Serializer[Any]):
    """The outcome run that is to become the statement of its period."""

    run = serializers.UUIDField()


class StatementViewSet(
    Idempotent, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Statement]
):
    """What periods come to, sealed; a period that is restated has a new version."""

    queryset = selectors.statements()
    serializer_class = StatementOutput
    lookup_value_converter = "uuid"
    needs: ClassVar = {"read": Permission.MONEY_READ, "write": Permission.MONEY_BILL}

    @extend_schema(responses=StatementDocumentOutput)
    def retrieve(self, request: Request, *_args: Any, pk: UUID, **_: Any) -> Response:
        """One statement with its document."""
        return Response(StatementDocumentOutput(selectors.statement(pk)).data)

    @extend_schema(request=StatementInput, responses={201: StatementDocumentOutput})
    def create(self, request: Request, **_: Any) -> Response:
        """Seal the first statement of a period from a run."""
        given = StatementInput(data=request.data)
        given.is_valid(raise_exception=True)
        by = actor_of(request._request).name
        row = services.seal_statement(by=by, now=utc_now(), **given.validated_data)
        return Response(StatementDocumentOutput(row).data, status=status.HTTP_201_CREATED)
