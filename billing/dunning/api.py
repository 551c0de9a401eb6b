"""Dunning over the REST API: when customers are written to, and what was written about an invoice."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from billing.dunning import selectors
from billing.dunning.domain import Level
from billing.dunning.models import Hold
from billing.dunning.services import set_dunning
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
            }).data
        )  # fmt: skip
