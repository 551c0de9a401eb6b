"""Reports and settlements over the REST API."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from billing.contracts.selectors import contract as contract_by_id
from billing.reports import selectors, services
from billing.reports.bundles import Bundle
from billing.reports.models import Report
from billing.reports.tasks import RESTATE, SETTLE
from billing.statements.periods import asked_period, period_params
from billing.statements.selectors import statement as statement_by_id
from tenants.edge.http import actor_of
from tenants.edge.idempotency import Idempotent
from tenants.edge.renderers import BytesRenderer, PdfRenderer
from tenants.jobs.api import JobOutput
from tenants.jobs.services import start_job
from tenants.kernel.canonical import canonical_json
from tenants.kernel.clock import utc_now
from tenants.scope.actors import Permission


class CanonicalRenderer(BytesRenderer):
    """JSON that is one sequence of bytes."""

    media_type = "application/json"
    format = "json"


class ReportOutput(serializers.ModelSerializer[Report]):
    """A report in short; its files are below it."""

    statement = serializers.UUIDField(source="statement_id")
    contract = serializers.UUIDField(source="statement.contract_id")
    customer = serializers.UUIDField(source="customer_id")
    period_start = serializers.DateTimeField(source="statement.period_start")
    period_end = serializers.DateTimeField(source="statement.period_end")
    version = serializers.IntegerField(source="statement.version")
    currency = serializers.CharField(source="statement.currency")
    total_minor = serializers.IntegerField(source="statement.total_minor")

    class Meta:
        model = Report
        fields = (
            "id", "statement", "contract", "customer", "period_start", "period_end", "version", "currency",
            "total_minor", "head_size", "fingerprint", "bundle_sha256", "pdf_sha256", "made_at",
        )  # fmt: skip
        read_only_fields = fields


class ReportInput(serializers.Serializer[Any]):
    """The statement that is to be reported on."""

    statement = serializers.UUIDField()


class ProofQuery(serializers.Serializer[Any]):
    """What the reader of a report kept of the log."""

    known = serializers.IntegerField(
        required=False, min_value=1, max_value=2**63 - 1,
        help_text="The size of a head that you kept, which the proof is to reach back to (`previous`).",
    )  # fmt: skip


class SettlementInput(serializers.Serializer[Any]):
    """The contract, and which of its open periods is to be settled: a whole month, or from when to when."""

    contract = serializers.UUIDField()
    month = serializers.RegexField(
        r"^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])$", required=False,
        help_text="Such as 2026-09, on the clocks of the version that holds in it.",
    )  # fmt: skip
    start = serializers.DateTimeField(required=False, help_text="The first instant of a period; in place of a month.")
    end = serializers.DateTimeField(required=False, help_text="The first instant after.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One of both ways to name a period."""
        if {"month", "start", "end"} & attrs.keys() not in ({"month"}, {"start", "end"}):
            raise serializers.ValidationError(
                {"month": "Give the month, or the `start` and the `end` of a part of one, and not both."}
            )
        return attrs


class ReportViewSet(Idempotent, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Report]):
    """Outcome reports: what the end customer gets, with the proof. An end customer's people see their own."""

    serializer_class = ReportOutput
    lookup_value_converter = "uuid"
    queryset = selectors.reports(None)
    needs: ClassVar = {"read": Permission.REPORTS_READ, "write": Permission.MONEY_BILL}

    def get_queryset(self) -> QuerySet[Report]:
        """The reports the caller may see."""
        return selectors.reports(actor_of(self.request._request).customer)

    @extend_schema(request=ReportInput, responses={201: ReportOutput})
    def create(self, request: Request, **_: Any) -> Response:
        """Make the report of a statement; asked again, it is the same one."""
        given = ReportInput(data=request.data)
        given.is_valid(raise_exception=True)
        row = services.make_report(by=actor_of(request._request).name, now=utc_now(), **given.validated_data)
        return Response(ReportOutput(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        parameters=[ProofQuery],
        responses={
            (200, "application/json"): OpenApiTypes.OBJECT,
            422: OpenApiResponse(description="No head of so many entries was signed up to that of the report."),
        },
    )
    @action(detail=True, methods=["get"], renderer_classes=[CanonicalRenderer])
    def proof(self, request: Request, pk: UUID, **_: Any) -> Response:
        """The proof bundle (docs/schemas/proof-bundle.schema.json): what `verifier.py` checks, byte for byte."""
        asked = ProofQuery(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        return Response(selectors.delivered_bundle(self._report(request, pk), **asked.validated_data))

    @extend_schema(responses={(200, "application/pdf"): OpenApiTypes.BINARY})
    @action(detail=True, methods=["get"], renderer_classes=[PdfRenderer, JSONRenderer])
    def pdf(self, request: Request, pk: UUID, **_: Any) -> Response:
        """The report as PDF/A-3, the proof bundle attached."""
        return Response(selectors.proven_pdf(self._report(request, pk)), content_type="application/pdf")

    @extend_schema(responses={(200, "application/json"): OpenApiTypes.OBJECT})
    @action(detail=True, methods=["get"], url_path="rate-document", renderer_classes=[CanonicalRenderer])
    def rate_document(self, request: Request, pk: UUID, **_: Any) -> Response:
        """The whole input of the computation: `manage.py rate` gives the same outcome for it."""
        bundle = Bundle.read(selectors.proven_bundle(self._report(request, pk)))
        return Response(canonical_json(bundle.rate_document()))

    def _report(self, request: Request, pk: UUID) -> Report:
        return selectors.report(pk, actor_of(request._request).customer)


class SettlementView(Idempotent, APIView):
    """Settling a period in one go."""

    needs: ClassVar = {"write": Permission.MONEY_BILL}

    @extend_schema(request=SettlementInput, responses={202: JobOutput})
    def post(self, request: Request, **_: Any) -> Response:
        """Start the job that seals the evidence, rates it, seals the statement and makes invoice and report."""
        given = SettlementInput(data=request.data)
        given.is_valid(raise_exception=True)
        asked, now = given.validated_data, utc_now()
        contract = contract_by_id(asked["contract"])
        wanted = asked["month"] if "month" in asked else (asked["start"], asked["end"])
        period = asked_period(contract.id, wanted, now)
        by = actor_of(request._request).name
        params = {"contract": str(contract.id), **period_params(period), "by": by}
        job = start_job(kind=SETTLE, params=params, by=by, now=now)
        return Response(JobOutput(job).data, status=status.HTTP_202_ACCEPTED)


class RestatementView(Idempotent, APIView):
    """Restating a period in one go."""

    needs: ClassVar = {"write": Permission.MONEY_BILL}

    @extend_schema(request=ReportInput, responses={202: JobOutput})
    def post(self, request: Request, **_: Any) -> Response:
        """Start the job that rates a statement's period again; a new version is sealed if its figures change."""
        given = ReportInput(data=request.data)
        given.is_valid(raise_exception=True)
        statement = statement_by_id(given.validated_data["statement"])
        by = actor_of(request._request).name
        job = start_job(kind=RESTATE, params={"statement": str(statement.id), "by": by}, by=by, now=utc_now())
        return Response(JobOutput(job).data, status=status.HTTP_202_ACCEPTED)
