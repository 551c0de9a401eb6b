"""Dunning over the REST API: when customers are written to, what was written about an invoice, and pausing that."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from billing.dunning import selectors
from billing.dunning.domain import Level
from billing.dunning.models import Hold
from billing.dunning.services import end_pause, pause_dunning, set_dunning
from billing.invoices.models import InvoiceKind
from billing.invoices.selectors import invoice as invoice_by_id
from tenants.edge.http import actor_of
from tenants.edge.idempotency import Idempotent
from tenants.kernel.clock import utc_now
from tenants.scope.actors import Permission


class DunningLevelField(serializers.Serializer[Any]):
    """A level: from how many days after the due date on, and a text in place of ours."""

    days = serializers.IntegerField(help_text="1 to 365, more than the level before.")
    text = serializers.CharField(
        required=False, allow_blank=True, default="",
        help_text="May name {customer}, {number}, {open}, {due} and {days}; empty for our text.",
    )  # fmt: skip


class DunningSettingsField(serializers.Serializer[Any]):
    """When customers are written to about invoices that are overdue, as a whole: up to three levels."""

    is_on = serializers.BooleanField()
    levels = DunningLevelField(many=True)
    starts_on = serializers.DateField(read_only=True, allow_null=True)


class DunningNoticeOutput(serializers.Serializer[Any]):
    """A letter about an invoice, and to how many people it went."""

    id = serializers.UUIDField()
    level = serializers.IntegerField()
    days = serializers.IntegerField()
    open_minor = serializers.IntegerField()
    written_on = serializers.DateField()
    written_at = serializers.DateTimeField()
    dropped = serializers.ChoiceField(Hold.choices, allow_blank=True)
    sent = serializers.IntegerField()
    waiting = serializers.IntegerField()


class DunningPauseInput(serializers.Serializer[Any]):
    """What nothing is to be written about, why, and until when."""

    about = serializers.ChoiceField(
        ["invoice", "customer"], default="invoice", help_text="This invoice, or any invoice of its customer."
    )
    reason = serializers.CharField(max_length=200, help_text="For your own people; the customer does not see it.")
    until = serializers.DateField(
        allow_null=True, required=False, default=None, help_text="The last day; null until somebody ends the pause."
    )


class DunningPauseOutput(serializers.Serializer[Any]):
    """A pause: of an invoice, or of all invoices of a customer."""

    id = serializers.UUIDField()
    invoice = serializers.UUIDField(source="invoice_id", allow_null=True)
    customer = serializers.UUIDField(source="customer_id", allow_null=True)
    reason = serializers.CharField()
    until = serializers.DateField(allow_null=True)
    paused_by = serializers.CharField()
    paused_at = serializers.DateTimeField()
    ended_by = serializers.CharField(allow_blank=True)
    ended_at = serializers.DateTimeField(allow_null=True)


class DunningHistoryOutput(serializers.Serializer[Any]):
    """What was written about an invoice, what comes next and from when on, or what holds it."""

    invoice = serializers.UUIDField()
    days_overdue = serializers.IntegerField()
    open_minor = serializers.IntegerField()
    hold = serializers.ChoiceField(Hold.choices, allow_null=True)
    reason = serializers.CharField(allow_blank=True)
    next_level = serializers.IntegerField(allow_null=True)
    next_on = serializers.DateField(allow_null=True)
    notices = DunningNoticeOutput(many=True)
    pauses = DunningPauseOutput(many=True, help_text="Those that hold: its own, and its customer's.")


class DunningSettingsView(Idempotent, APIView):
    """When customers are written to."""

    needs: ClassVar = {"read": Permission.MONEY_READ, "write": Permission.MONEY_BILL}

    @extend_schema(responses=DunningSettingsField)
    def get(self, request: Request, **_: Any) -> Response:
        """The settings; off and without a level until somebody has set them."""
        return Response(DunningSettingsField(selectors.settings()).data)

    @extend_schema(request=DunningSettingsField, responses=DunningSettingsField)
    def put(self, request: Request, **_: Any) -> Response:
        """Set them as a whole; once turned on, the first letters are written the day after."""
        given = DunningSettingsField(data=request.data)
        given.is_valid(raise_exception=True)
        levels = [Level(**each) for each in given.validated_data["levels"]]
        by = actor_of(request._request).name
        row = set_dunning(is_on=given.validated_data["is_on"], levels=levels, by=by, now=utc_now())
        return Response(DunningSettingsField(row).data)


class DunningHistoryView(APIView):
    """The letters about an invoice."""

    needs: ClassVar = {"read": Permission.MONEY_READ}

    @extend_schema(responses=DunningHistoryOutput)
    def get(self, request: Request, pk: UUID) -> Response:
        """What was written about an invoice, and what comes next; of a credit note nothing."""
        row, now = invoice_by_id(pk), utc_now()
        today = selectors.today_of(now)
        look = selectors.looks([row], today=today, now=now)[row.id]
        is_invoice = row.kind == InvoiceKind.INVOICE
        level, day = (is_invoice and selectors.coming(row, look, selectors.settings(), today)) or (None, None)
        notices = [
            {
                "id": each.id, "level": each.level, "days": each.days, "open_minor": each.open_minor,
                "written_on": each.written_on, "written_at": each.written_at, "dropped": each.dropped,
                "sent": told.sent, "waiting": told.waiting,
            }
            for each, told in selectors.history_of(row.id)
        ]  # fmt: skip
        return Response(
            DunningHistoryOutput({
                "invoice": row.id, "days_overdue": max(look.days, 0), "open_minor": look.open, "hold": look.hold,
                "reason": look.reason, "next_level": level, "next_on": day, "notices": notices,
                "pauses": selectors.pauses_of(row, today),
            }).data
        )  # fmt: skip


class DunningPausesView(Idempotent, APIView):
    """Pausing what is written about an invoice, or about all of its customer."""

    needs: ClassVar = {"read": Permission.MONEY_READ, "write": Permission.MONEY_BILL}

    @extend_schema(responses=DunningPauseOutput(many=True))
    def get(self, request: Request, pk: UUID) -> Response:
        """The pauses that hold for an invoice: its own, and its customer's."""
        pauses = selectors.pauses_of(invoice_by_id(pk), selectors.today_of(utc_now()))
        return Response(DunningPauseOutput(pauses, many=True).data)

    @extend_schema(request=DunningPauseInput, responses={201: DunningPauseOutput})
    def post(self, request: Request, pk: UUID) -> Response:
        """Write nothing from now on; what is paused already is paused anew, with this reason and this day."""
        given = DunningPauseInput(data=request.data)
        given.is_valid(raise_exception=True)
        wanted = dict(given.validated_data)
        whole, by = wanted.pop("about") == "customer", actor_of(request._request).name
        pause = pause_dunning(invoice=pk, whole_customer=whole, by=by, now=utc_now(), **wanted)
        return Response(DunningPauseOutput(pause).data, status=status.HTTP_201_CREATED)


class DunningPauseEndView(Idempotent, APIView):
    """Ending a pause."""

    needs: ClassVar = {"write": Permission.MONEY_BILL}

    @extend_schema(request=None, responses=DunningPauseOutput)
    def post(self, request: Request, pk: UUID) -> Response:
        """Write again about what was paused."""
        pause = end_pause(pause=pk, by=actor_of(request._request).name, now=utc_now())
        return Response(DunningPauseOutput(pause).data)
