"""The audit over the REST API."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.record.models import AuditEntry
from tenants.record.selectors import audit_entries
from tenants.scope.actors import Permission


class AuditFilter(serializers.Serializer[Any]):
    """Which entries to list."""

    by = serializers.CharField(required=False, help_text="Entries of this person or key.")
    action = serializers.CharField(required=False, help_text="Entries with this `action`.")
    subject = serializers.CharField(required=False, help_text="Entries about this.")
    since = serializers.DateTimeField(required=False, help_text="Entries of this moment or later.")
    until = serializers.DateTimeField(required=False, help_text="Entries before this moment.")


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

    @extend_schema(parameters=[AuditFilter])
    def list(self, request: Request, **_: object) -> Response:
        """The entries, filtered by what the query says."""
        return self.get_paginated_response(AuditOutput(self.paginate_queryset(self._wanted(request)), many=True).data)

    def _wanted(self, request: Request) -> QuerySet[AuditEntry]:
        """The entries that the query asks for.

        Raises:
            ValidationError: The query does not fit.
        """
        asked = AuditFilter(data=request.query_params)
        asked.is_valid(raise_exception=True)
        names = {"since": "at__gte", "until": "at__lt"}
        return self.get_queryset().filter(**{names.get(key, key): value for key, value in asked.validated_data.items()})
