"""That Stripe has a report of errors for us: proven by the signature, kept once; what it says is read from Stripe."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from billing.payments.stripe_domain import verify_signature
from billing.payments.webhooks import read_event, unsigned
from billing.plans.meters.choosing import report_secret
from billing.plans.meters.tallies import hint
from billing.plans.models import MeterReport
from tenants.edge import problems
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from tenants.scope.context import scope

KINDS = ("v1.billing.meter.error_report_triggered", "v1.billing.meter.no_meter_found")
"""The events that tell of usage which was refused."""


@csrf_exempt
@require_POST
def meter_webhook(request: HttpRequest, tenant: UUID) -> HttpResponse:
    """Take an event; whether there is such a tenant is told to nobody who cannot sign for it."""
    now = utc_now()
    try:
        with scope(tenant):
            take_report(
                tenant=tenant, body=request.body, header=request.headers.get("Stripe-Signature", ""), now=now
            )  # fmt: skip
    except OutturnError as error:
        return problems.answer(error)
    return HttpResponse(status=204)


def take_report(*, tenant: UUID, body: bytes, header: str, now: datetime) -> None:
    """Keep a report of the tenant in scope; one that is known already changes nothing, other events are left.

    Raises:
        SignatureError: It is not signed with the secret of this destination, or not just now, or there is no secret.
        EventError: It is no event, or longer than one can be.
    """
    secret = report_secret()
    if not secret:
        raise unsigned()
    verify_signature(header, body, secret, now)
    event = read_event(body)
    if event["type"] in KINDS:
        row = MeterReport(event_id=event["id"], kind=event["type"], received_at=now, next_at=now)
        MeterReport.objects.bulk_create([row], ignore_conflicts=True)
        hint(tenant)
