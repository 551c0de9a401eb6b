"""Payments over the REST API."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from billing.invoices.models import Invoice
from billing.invoices.selectors import invoice as invoice_by_id
from billing.payments import selectors, services
from billing.payments.models import Payment, PaymentKind, ProviderStep
from tenants.edge.http import actor_of
from tenants.edge.idempotency import Idempotent
from tenants.kernel.clock import utc_now
from tenants.scope.actors import Permission

NEEDS: dict[str, Permission] = {"read": Permission.MONEY_READ, "write": Permission.MONEY_BILL}


class PaymentOutput(serializers.ModelSerializer[Payment]):
    """Something that happened to an invoice; amounts are positive minor units."""

    invoice = serializers.UUIDField(source="invoice_id")
    credit_note = serializers.UUIDField(source="credit_note_id", allow_null=True)

    class Meta:
        model = Payment
        fields = (
            "id", "invoice", "kind", "provider", "currency", "minor", "value_on", "reference", "external",
            "credit_note", "recorded_by", "recorded_at",
        )  # fmt: skip
        read_only_fields = fields


class TransferInput(serializers.Serializer[Any]):
    """A bank transfer, as it stands on the bank's statement."""

    invoice = serializers.UUIDField()
    kind = serializers.ChoiceField([PaymentKind.RECEIVED, PaymentKind.REFUNDED])
    minor = serializers.IntegerField()
    currency = serializers.CharField(max_length=3)
    value_on = serializers.DateField()
    reference = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class RefundInput(serializers.Serializer[Any]):
    """How much of a payment goes back."""

    minor = serializers.IntegerField()


class SetOffInput(RefundInput):
    """How much of a credit note is set off against which invoice."""

    credit_note = serializers.UUIDField()
    invoice = serializers.UUIDField()


class StepOutput(serializers.ModelSerializer[ProviderStep]):
    """Something that is done, or to be done, at the provider."""

    class Meta:
        model = ProviderStep
        fields = ("id", "name", "state", "attempts", "next_at", "finding", "done_at")
        read_only_fields = fields


class InvoiceStandingOutput(serializers.Serializer[Any]):
    """Where an invoice stands: the sum of what happened to it."""

    invoice = serializers.UUIDField()
    currency = serializers.CharField()
    gross_minor = serializers.IntegerField()
    open_minor = serializers.IntegerField()
    received_minor = serializers.IntegerField()
    state = serializers.CharField()
    pay_url = serializers.CharField()
    steps = StepOutput(many=True)


class PaymentViewSet(Idempotent, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Payment]):
    """Payments, refunds, chargebacks and failures: facts that are added and never changed."""

    queryset = selectors.payments()
    serializer_class = PaymentOutput
    lookup_value_converter = "uuid"
    needs: ClassVar = NEEDS

    @extend_schema(request=TransferInput, responses={201: PaymentOutput})
    def create(self, request: Request, **_: Any) -> Response:
        """Record a bank transfer; send an `Idempotency-Key`, so that a repeated call is one transfer."""
        given = TransferInput(data=request.data)
        given.is_valid(raise_exception=True)
        terms = dict(given.validated_data)
        invoice = terms.pop("invoice")
        terms["kind"] = PaymentKind(terms["kind"])
        row = services.record_transfer(
            invoice=invoice, transfer=services.Transfer(**terms), by=actor_of(request._request).name, now=utc_now()
        )
        return Response(PaymentOutput(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=RefundInput, responses={202: InvoiceStandingOutput})
    @action(detail=True, methods=["post"])
    def refund(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Have the provider pay some of a payment back; it is a payment of its own when the provider has done it."""
        given = RefundInput(data=request.data)
        given.is_valid(raise_exception=True)
        row = services.ask_refund(
            payment_id=pk, by=actor_of(request._request).name, now=utc_now(), **given.validated_data
        )
        return Response(_standing(row), status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=SetOffInput, responses={201: PaymentOutput})
    @action(detail=False, methods=["post"], url_path="set-off", url_name="set-off")
    def set_off(self, request: Request, **_: Any) -> Response:
        """Set some of a credit note off against an invoice of the same customer."""
        given = SetOffInput(data=request.data)
        given.is_valid(raise_exception=True)
        row = services.set_off(by=actor_of(request._request).name, now=utc_now(), **given.validated_data)
        return Response(PaymentOutput(row).data, status=status.HTTP_201_CREATED)


class StandingView(APIView):
    """Where an invoice stands."""

    needs: ClassVar = {"read": Permission.MONEY_READ}

    @extend_schema(responses=InvoiceStandingOutput)
    def get(self, request: Request, pk: UUID) -> Response:
        """What is open of an invoice or a credit note, where it can be paid, and how it goes at the provider."""
        return Response(_standing(invoice_by_id(pk)))


def _standing(row: Invoice) -> Any:
    found, there = selectors.standing_of(row), selectors.at_provider(row)
    return InvoiceStandingOutput({
        "invoice": row.id, "currency": row.currency, "gross_minor": found.gross, "open_minor": found.open,
        "received_minor": found.received, "state": found.state(row.due_on, utc_now().date()),
        "pay_url": there.pay_url if there and found.open > 0 else "", "steps": list(selectors.steps_of(row)),
    }).data  # fmt: skip
