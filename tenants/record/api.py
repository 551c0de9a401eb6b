"""The audit over the REST API, and what a witness of the log asks for and brings."""

from __future__ import annotations

import base64
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status, views, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.kernel.clock import utc_now
from tenants.record import witnesses
from tenants.record.models import AuditEntry, Cosignature, HeadStamp
from tenants.record.schemas import HeadForWitness
from tenants.record.selectors import audit_entries, cosignatures, handover_notes, head_stamps
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


class HeadQuery(serializers.Serializer[Any]):
    """What a witness knows."""

    known = serializers.IntegerField(
        min_value=0, max_value=2**63 - 1, default=0, help_text="The size of the last head you co-signed; 0 for none."
    )


class CosignatureOutput(serializers.ModelSerializer[Cosignature]):
    """A witness's signature of a head."""

    witness = serializers.CharField(source="verifier", help_text="The witness's key: name+id+base64(0x04 || key).")
    signature = serializers.CharField(source="line", help_text="The line below the head, with its newline.")

    class Meta:
        model = Cosignature
        fields = ("size", "witness", "signature", "signed_at", "received_at")
        read_only_fields = fields


class HeadOutput(serializers.Serializer[HeadForWitness]):
    """The newest head of the log and the proof that the log only grew since the head that the caller knows."""

    size = serializers.IntegerField(source="head.size", help_text="Number of entries of the log.")
    head = serializers.CharField(source="head.note", help_text="The checkpoint (C2SP), signed by the log's key.")
    sealed_at = serializers.DateTimeField(source="head.sealed_at")
    key = serializers.CharField(source="verifier", help_text="The log's key: name+id+base64(0x01 || key).")
    known = serializers.IntegerField()
    consistency = serializers.SerializerMethodField(help_text="The proof (RFC 9162), hashes in hexadecimal digits.")
    request = serializers.CharField(help_text="The same as the body of add-checkpoint (C2SP tlog-witness).")
    handovers = serializers.SerializerMethodField(help_text="How each key of the log handed over to the next.")
    cosignatures = serializers.SerializerMethodField(help_text="Of this head, so far.")

    def get_consistency(self, found: HeadForWitness) -> list[str]:
        """Hexadecimal."""
        return [value.hex() for value in found.consistency]

    def get_handovers(self, _: HeadForWitness) -> list[str]:
        """Signed notes, the first one first."""
        return handover_notes()

    @extend_schema_field(CosignatureOutput(many=True))
    def get_cosignatures(self, found: HeadForWitness) -> Any:
        """One for each witness."""
        return CosignatureOutput(cosignatures().filter(size=found.head.size), many=True).data


class CosignaturesInput(serializers.Serializer[Any]):
    """What a witness has signed."""

    size = serializers.IntegerField(min_value=0, max_value=2**63 - 1, help_text="Number of entries of the head.")
    signatures = serializers.CharField(
        max_length=40_000, trim_whitespace=False, help_text="The witness's lines, cosignature/v1, each with a newline."
    )


class HeadView(views.APIView):
    """The newest head of the log, for witnesses."""

    needs: ClassVar = {"read": Permission.LOG_OPERATE}

    @extend_schema(parameters=[HeadQuery], responses=HeadOutput)
    def get(self, request: Request, **_: Any) -> Response:
        """The newest head, with the proof from the size you know."""
        asked = HeadQuery(data=request.query_params)
        asked.is_valid(raise_exception=True)
        return Response(HeadOutput(witnesses.head_for_witness(asked.validated_data["known"])).data)


class CosignaturesView(views.APIView):
    """What witnesses have co-signed."""

    needs: ClassVar = {"write": Permission.LOG_OPERATE}

    @extend_schema(request=CosignaturesInput, responses={201: CosignatureOutput(many=True)})
    def post(self, request: Request, **_: Any) -> Response:
        """Co-sign a head; the same signature again changes nothing."""
        wanted = CosignaturesInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        kept = witnesses.add_cosignatures(**wanted.validated_data, now=utc_now())
        return Response(CosignatureOutput(kept, many=True).data, status=status.HTTP_201_CREATED)


class HeadStampOutput(serializers.ModelSerializer[HeadStamp]):
    """That a head was there at a time; check it with ``openssl ts -verify -data HEAD -in TOKEN -CAfile ROOTS``."""

    head = serializers.CharField(source="note", help_text="The checkpoint (C2SP): the bytes that were stamped.")
    token = serializers.SerializerMethodField(help_text="The authority's answer (RFC 3161), DER in base64.")

    class Meta:
        model = HeadStamp
        fields = ("size", "service", "stamped_at", "received_at", "head", "token")
        read_only_fields = fields

    def get_token(self, row: HeadStamp) -> str:
        """Base64."""
        return base64.b64encode(bytes(row.token)).decode()


class HeadStampViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[HeadStamp]):
    """Time-stamps of the heads of the log, the largest head first."""

    queryset = head_stamps()
    serializer_class = HeadStampOutput
    needs: ClassVar = {"read": Permission.LOG_OPERATE}
