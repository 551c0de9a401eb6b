"""The audit over the REST API."""

from __future__ import annotations

from typing import ClassVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.record.models import AuditEntry
from tenants.record.selectors import audit_entries
from tenants.scope.actors import Permission

MOST_LETTERS = 254
FILTERS = ("by", "action", "subject")


class AuditOutput(serializers.ModelSerializer[AuditEntry]):
    """What somebody did; `digest` is the SHA-256 of its canonical JSON, as it stands in the log."""

    details = serializers.DictField()
    changes = serializers.ListField(child=serializers.DictField())
    digest = serializers.SerializerMethodField()

    class Meta:
        model = AuditEntry
        fields = ("id", "at", "by", "action", "subject", "address", "request_id", "details", "changes", "digest")
        read_only_fields = fields

    def get_digest(self, row: AuditEntry) -> str:
        """Hexadecimal."""
        return bytes(row.digest).hex()


class AuditViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[AuditEntry]):
    """What was done in the organisation, newest first."""

    queryset = audit_entries()
    serializer_class = AuditOutput
    lookup_value_converter = "uuid"
    needs: ClassVar = {"read": Permission.AUDIT_READ}

    @extend_schema(
        parameters=[
            OpenApiParameter(name, OpenApiTypes.STR, description=f"Entries with this `{name}`.") for name in FILTERS
        ]
    )  # fmt: skip
    def list(self, request: Request, **_: object) -> Response:
        """The entries, filtered by what the query says."""
        wanted = {name: request.query_params[name][:MOST_LETTERS] for name in FILTERS if name in request.query_params}
        rows = self.get_queryset().filter(**{name: value.replace("\x00", "") for name, value in wanted.items()})
        return self.get_paginated_response(AuditOutput(self.paginate_queryset(rows), many=True).data)
