"""What Stripe tells by its webhooks: proven by the signature, kept once for ever.

Nothing in an event is believed but that there is something to be looked at.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from billing.payments.choosing import webhook_secret
from billing.payments.models import ProviderEvent
from billing.payments.stripe_domain import SignatureError, about, verify_signature
from billing.payments.stripe_steps import hint
from tenants.edge import problems
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from tenants.scope.context import scope

MOST_BYTES = 256 * 1024
_LONGEST_ID = 255


class EventError(OutturnError):
    """A signed body that is no event."""

    code = "webhook.event"


@csrf_exempt
@require_POST
def stripe_webhook(request: HttpRequest, tenant: UUID) -> HttpResponse:
    """Take an event; whether there is such a tenant is told to nobody who cannot sign for it."""
    now = utc_now()
    try:
        # One that is not there, or was erased, has no secret: all answers to who cannot sign are alike.
        with scope(tenant):
            take_event(body=request.body, header=request.headers.get("Stripe-Signature", ""), now=now)
    except OutturnError as error:
        return problems.answer(error)
    return HttpResponse(status=204)


def take_event(*, body: bytes, header: str, now: datetime) -> None:
    """Keep an event of the tenant in scope; one that is known already changes nothing.

    Raises:
        SignatureError: It is not signed with the tenant's secret, or not just now, or there is no secret.
        EventError: It is no event, or longer than one can be.
    """
    secret = webhook_secret()
    if not secret:
        raise unsigned()
    verify_signature(header, body, secret, now)
    event = read_event(body)
    what = about(event)
    row = ProviderEvent(
        event_id=event["id"], kind=event["type"][:100], object_id=what.invoice if what else "", payload=event,
        received_at=now, next_at=now if what else None, handled_as="" if what else "ignored",
        handled_at=None if what else now,
    )  # fmt: skip
    ProviderEvent.objects.bulk_create([row], ignore_conflicts=True)
    hint()


def unsigned() -> SignatureError:
    """The one answer to whoever cannot sign, whatever else is wrong."""
    return SignatureError(
        "This webhook is not taken: its signature does not hold.", place="Stripe-Signature", kept="Nothing.",
        fix="Enter the signing secret of this endpoint in the settings.",
    )  # fmt: skip


def read_event(body: bytes) -> dict[str, Any]:
    """A body that was proven to be Stripe's, as an event with an id and a type.

    Raises:
        EventError: It is none, or longer than one can be.
    """
    if len(body) > MOST_BYTES:
        raise _no_event("it is too long")
    try:
        event = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise _no_event("it is no JSON") from None
    if not isinstance(event, dict):
        raise _no_event("it is no object")
    for name in ("id", "type"):
        if not isinstance(event.get(name), str) or not 0 < len(event[name]) <= _LONGEST_ID:
            raise _no_event(f"it has no {name}")
    if "\\u0000" in body.decode():
        raise _no_event("it holds a character that cannot be kept")
    return event


def _no_event(why: str) -> EventError:
    return EventError(f"This is no event: {why}.", place="body", kept="Nothing.", fix="Send events of API version 1.")
