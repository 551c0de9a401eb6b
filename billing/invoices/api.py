"""Invoices over the REST API."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from billing.invoices import selectors, services
from billing.invoices.crediting import credit_invoice
from billing.invoices.einvoice import einvoice
from billing.invoices.models import Invoice, LedgerLeg
from billing.invoices.printing import pdf_of
from tenants.edge.http import actor_of
from tenants.edge.idempotency import Idempotent
from tenants.edge.renderers import PdfRenderer, XmlRenderer
from tenants.kernel.clock import utc_now
from tenants.scope.actors import Permission


class InvoiceOutput(serializers.ModelSerializer[Invoice]):
    """An invoice, or a credit note with negative sums, in short."""

    statement = serializers.UUIDField(source="statement_id", allow_null=True)
    credits = serializers.UUIDField(source="credits_id", allow_null=True, help_text="The invoice it takes back.")
    entity = serializers.UUIDField(source="entity_id", allow_null=True, help_text="The legal entity that sells.")
    bill = serializers.UUIDField(allow_null=True, help_text="The bill of a plan of the platform that it was made of.")
    contract = serializers.UUIDField(source="contract_id", allow_null=True)
    customer = serializers.UUIDField(source="customer_id")

    class Meta:
        model = Invoice
        fields = (
            "id", "kind", "number", "statement", "credits", "bill", "entity", "contract", "customer", "currency",
            "net_minor", "tax_minor", "gross_minor", "issued_on", "due_on", "digest", "issued_by", "issued_at",
        )  # fmt: skip
        read_only_fields = fields


class LegOutput(serializers.ModelSerializer[LedgerLeg]):
    """What the booking of an invoice debits (positive) or credits (negative) one account."""

    class Meta:
        model = LedgerLeg
        fields = ("account", "currency", "minor")
        read_only_fields = fields


class InvoiceDocumentOutput(InvoiceOutput):
    """An invoice with its document and how it was booked."""

    document = serializers.DictField()
    ledger = serializers.SerializerMethodField()

    class Meta(InvoiceOutput.Meta):
        fields = (*InvoiceOutput.Meta.fields, "document", "ledger")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]

    @extend_schema_field(LegOutput(many=True))
    def get_ledger(self, invoice: Invoice) -> Any:
        """The legs, which sum to zero."""
        return LegOutput(selectors.legs_of(invoice), many=True).data


class InvoiceInput(serializers.Serializer[Any]):
    """The statement that is to be invoiced."""

    statement = serializers.UUIDField()


class CreditInput(serializers.Serializer[Any]):
    """How much of an invoice is credited, and why."""

    minor = serializers.IntegerField(
        required=False, allow_null=True, help_text="Net, in minor units, positive; all that is left when not given."
    )
    reason = serializers.CharField(max_length=200, help_text="Stands on the credit note.")


class InvoiceViewSet(Idempotent, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Invoice]):
    """Invoices and credit notes, numbered without gaps and booked in balance."""

    queryset = selectors.invoices()
    serializer_class = InvoiceOutput
    lookup_value_converter = "uuid"
    needs: ClassVar = {"read": Permission.MONEY_READ, "write": Permission.MONEY_BILL}

    @extend_schema(responses=InvoiceDocumentOutput)
    def retrieve(self, request: Request, *_args: Any, pk: UUID, **_: Any) -> Response:
        """One invoice with its document and how it was booked."""
        return Response(InvoiceDocumentOutput(selectors.invoice(pk)).data)

    @extend_schema(request=InvoiceInput, responses={201: InvoiceDocumentOutput})
    def create(self, request: Request, **_: Any) -> Response:
        """Issue the invoice of a statement; asked again, it is the same one."""
        given = InvoiceInput(data=request.data)
        given.is_valid(raise_exception=True)
        row = services.issue_invoice(by=actor_of(request._request).name, now=utc_now(), **given.validated_data)
        return Response(InvoiceDocumentOutput(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=CreditInput, responses={201: InvoiceDocumentOutput})
    @action(detail=True, methods=["post"])
    def credit(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Issue a credit note for the invoice or a part of it, with the invoice's tax."""
        given = CreditInput(data=request.data)
        given.is_valid(raise_exception=True)
        values = {"minor": None} | given.validated_data
        row = credit_invoice(invoice=pk, by=actor_of(request._request).name, now=utc_now(), **values)
        return Response(InvoiceDocumentOutput(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        responses={
            (200, "application/xml"): OpenApiTypes.BINARY,
            422: OpenApiResponse(description="It does not meet the rules of EN 16931, or has no legal entity."),
        }
    )
    @action(detail=True, methods=["get"], renderer_classes=[XmlRenderer, JSONRenderer])
    def ubl(self, request: Request, pk: UUID, **_: Any) -> Response:
        """The invoice as an electronic one: UBL 2.1 after EN 16931, checked against its business rules."""
        return Response(einvoice(selectors.invoice(pk)), content_type="application/xml")

    @extend_schema(responses={(200, "application/pdf"): OpenApiTypes.BINARY})
    @action(detail=True, methods=["get"], renderer_classes=[PdfRenderer, JSONRenderer])
    def pdf(self, request: Request, pk: UUID, **_: Any) -> Response:
        """The invoice to print: PDF/A-3, the electronic one attached where it is offered."""
        return Response(pdf_of(selectors.invoice(pk)), content_type="application/pdf")
