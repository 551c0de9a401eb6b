"""What Stripe says of an invoice, read anew each time: no event is believed, it only says where to look."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import stripe
from stripe import StripeClient

from billing.invoices.models import Invoice
from billing.payments.backoff import LEASE, pause
from billing.payments.models import Payment, PaymentKind, ProviderEvent, ProviderInvoice, ProviderKind, ProviderStep
from billing.payments.services import Seen, keep_seen
from billing.payments.stripe_calls import Blocked, Later, MismatchError, guarded, tag
from billing.payments.stripe_domain import About, about, from_stripe
from tenants.kernel.errors import Finding
from tenants.scope.context import scope

_AT_ONCE = 50
_WHILE_OPEN, _AFTER, _LOOKED_AFTER = timedelta(hours=6), timedelta(days=7), timedelta(days=180)
"""How often an invoice is looked at though no event came: an event can be lost, a payment must not be."""


@dataclass(frozen=True, slots=True)
class FailedRefund:
    """A refund that Stripe could not make, though it may have said before that it had.

    Attributes:
        object_id: What Stripe calls it.
        step: The step of ours that asked for it; empty when it was asked for at Stripe.
        why: As Stripe says it.
    """

    object_id: str
    step: str
    why: str


@dataclass(slots=True)
class View:
    """An invoice as Stripe has it.

    Attributes:
        is_open: Whether it can still be paid.
        is_under_way: Whether a payment of it was begun and is not through.
        facts: What happened to it.
        failed_refunds: The refunds that were not made in the end.
        finding: What of it could not be read.
    """

    is_open: bool
    is_under_way: bool = False
    facts: list[Seen] = field(default_factory=list)
    failed_refunds: list[FailedRefund] = field(default_factory=list)
    finding: Finding | None = None


def read_invoice(client: StripeClient, object_id: str, currency: str) -> View:
    """All that happened to an invoice at Stripe.

    Raises:
        MismatchError: It is in another currency.
        AmountError: An amount is no whole number of minor units.
        StripeError: Stripe did not answer.
    """
    invoice = client.v1.invoices.retrieve(object_id)
    if invoice.currency.upper() != currency:
        raise MismatchError(
            f"The invoice at Stripe is in {invoice.currency.upper()}, ours in {currency}.", place="currency",
            kept="Nothing was recorded.", fix="Look at the invoice at Stripe, and tell support.",
        )  # fmt: skip
    view = View(is_open=invoice.status == "open")
    payments = client.v1.invoice_payments.list(params={"invoice": object_id, "limit": 100})
    for each in payments.auto_paging_iter():
        # What was paid outside Stripe was recorded here by whoever told Stripe of it.
        if each.payment.type != "payment_intent":
            continue
        intent = _id_of(each.payment.payment_intent)
        if each.status == "paid":
            day = _day(each.status_transitions.paid_at or each.created)
            minor = from_stripe(each.amount_paid or 0, currency)
            view.facts.append(Seen(PaymentKind.RECEIVED, minor, day, each.id, intent, intent))
        _read_intent(client, view, intent, currency)
        _read_disputes(client, view, intent, currency)
    return view


def _read_intent(client: StripeClient, view: View, intent: str, currency: str) -> None:
    """What failed of a payment, and what went back of it."""
    charges = client.v1.charges.list(params={"payment_intent": intent, "limit": 100})
    for charge in charges.auto_paging_iter():
        if charge.status == "pending":
            view.is_under_way = True
        elif charge.status == "failed":
            minor = from_stripe(charge.amount, currency)
            why = charge.failure_message or "failed"
            view.facts.append(Seen(PaymentKind.FAILED, minor, _day(charge.created), charge.id, why, intent))
    refunds = client.v1.refunds.list(params={"payment_intent": intent, "limit": 100})
    for refund in refunds.auto_paging_iter():
        if refund.status == "succeeded":
            minor = from_stripe(refund.amount, currency)
            view.facts.append(Seen(PaymentKind.REFUNDED, minor, _day(refund.created), refund.id, intent, intent))
        elif refund.status in ("failed", "canceled"):
            why = refund.failure_reason or refund.status
            view.failed_refunds.append(FailedRefund(refund.id, tag(refund, "outturn_step"), why))


def _read_disputes(client: StripeClient, view: View, intent: str, currency: str) -> None:
    """What the customer's bank took back of a payment, and gave back.

    The money tells it, not the state of the dispute: an inquiry moves none, and one that is lost no more.
    """
    try:
        disputes = list(client.v1.disputes.list({"payment_intent": intent, "limit": 100}).auto_paging_iter())
    except stripe.PermissionError:
        view.finding = Finding(
            "payment.disputes_unread", "stripe",
            "Stripe does not let this key read disputes: what a bank took back is not seen.",
            "Give the key the right to read disputes at Stripe, or enter another in the settings.",
        )  # fmt: skip
        return
    for dispute in disputes:
        for moved in dispute.balance_transactions:
            amount, of = _disputed(dispute, moved)
            if of != currency:
                view.finding = Finding(
                    "payment.mismatch", "currency",
                    f"A bank took back {amount} {of} of a payment in {currency}, as Stripe counts: nothing of it is "
                    "booked.", "Look at the dispute at Stripe, and tell support.",
                )  # fmt: skip
            elif amount:
                kind = PaymentKind.WITHDRAWN if moved.amount < 0 else PaymentKind.REINSTATED
                told = f"{dispute.id}: {_words(dispute.reason)}"
                minor = from_stripe(amount, currency)
                view.facts.append(Seen(kind, minor, _day(moved.created), moved.id, told, intent))


def _disputed(dispute: stripe.Dispute, moved: stripe.BalanceTransaction) -> tuple[int, str]:
    """How much moved, and of which currency; an account that is kept in another says it in that one."""
    if moved.currency == dispute.currency:
        return abs(moved.amount), dispute.currency.upper()
    return dispute.amount, dispute.currency.upper()


def look_at_due(tenant: UUID, client: StripeClient, now: datetime) -> int:
    """Look at the invoices whose time has come, and keep what is new of them; how many were looked at."""
    with scope(tenant):
        due = ProviderInvoice.objects.select_for_update(skip_locked=True, of=("self",)).filter(look_at__lte=now)
        taken = list(due.select_related("invoice").defer("invoice__document").order_by("look_at")[:_AT_ONCE])
        for row in taken:
            row.look_at, row.attempts = now + LEASE, row.attempts + 1
            row.save(update_fields=["look_at", "attempts"])
    for row in taken:
        invoice: Invoice = row.invoice
        seen = guarded(lambda row=row, invoice=invoice: read_invoice(client, row.object_id, invoice.currency))  # type: ignore[misc]
        with scope(tenant):
            _keep_view(row, invoice, seen, now)
    return len(taken)


def _keep_view(row: ProviderInvoice, invoice: Invoice, seen: View | Later | Blocked, now: datetime) -> None:
    # An event that came meanwhile has set another time, which stays: what it tells of may be newer than what was read.
    mine = ProviderInvoice.objects.filter(id=row.id, look_at=row.look_at)
    if not isinstance(seen, View):
        wait = max(pause(row.attempts), timedelta(seconds=seen.after_s if isinstance(seen, Later) else 3600))
        mine.update(look_at=now + wait, finding=seen.why.as_dict())
        return
    for fact in seen.facts:
        keep_seen(invoice=invoice, seen=fact, kind=ProviderKind.STRIPE, now=now)
    for failed in seen.failed_refunds:
        _keep_failed(invoice, failed, now)
    look_at, finding = _next_look(seen, invoice, now), seen.finding and seen.finding.as_dict()
    mine.update(look_at=look_at, looked_at=now, attempts=0, finding=finding, is_under_way=seen.is_under_way)
    if not seen.is_open:
        # What was paid or voided is never open again there, whatever becomes of the money: the link leads nowhere.
        ProviderInvoice.objects.filter(id=row.id).update(pay_url="")


def _keep_failed(invoice: Invoice, failed: FailedRefund, now: datetime) -> None:
    """Say that a refund was not made; what was booked of it is there again, from the day on which that was seen."""
    made = Payment.objects.filter(
        invoice=invoice, provider=ProviderKind.STRIPE, kind=PaymentKind.REFUNDED, external=failed.object_id
    ).first()
    if made is not None:
        back = Seen(PaymentKind.REVERSED, made.minor, now.date(), made.external, _words(failed.why), made.intent)
        keep_seen(invoice=invoice, seen=back, kind=ProviderKind.STRIPE, now=now)
    if failed.step:
        message = f"Stripe could not pay it back: {failed.why}"
        finding = Finding("payment.refund_failed", "stripe", message, "Pay it back by bank transfer.")
        ProviderStep.objects.filter(invoice=invoice, name=failed.step).update(finding=finding.as_dict())


def _next_look(seen: View, invoice: Invoice, now: datetime) -> datetime | None:
    if seen.is_open:
        return now + _WHILE_OPEN
    return now + _AFTER if now < invoice.issued_at + _LOOKED_AFTER else None


def resolve_events(tenant: UUID, client: StripeClient, now: datetime) -> int:
    """Have the invoices looked at that events are about; how many events were taken."""
    with scope(tenant):
        due = ProviderEvent.objects.select_for_update(skip_locked=True).filter(handled_as="", next_at__lte=now)
        taken = list(due.order_by("next_at", "id")[:_AT_ONCE])
        for event in taken:
            event.next_at, event.attempts = now + LEASE, event.attempts + 1
            event.save(update_fields=["next_at", "attempts"])
    for event in taken:
        what = about(event.payload) or About()
        with scope(tenant):
            found = _look_soon(what, now)
        asked: str | Later | Blocked = ""
        if not found and what.intent and not what.invoice:
            asked = guarded(lambda what=what: invoice_of_intent(client, what.intent))  # type: ignore[misc]
        with scope(tenant):
            _handle(event, found=found, asked=asked, now=now)
    return len(taken)


def _handle(event: ProviderEvent, *, found: bool, asked: str | Later | Blocked, now: datetime) -> None:
    if isinstance(asked, Later):
        wait = max(pause(event.attempts), timedelta(seconds=asked.after_s))
        ProviderEvent.objects.filter(id=event.id).update(next_at=now + wait)
        return
    if isinstance(asked, str) and asked:
        found = _look_soon(About(invoice=asked), now)
    handled = "looked" if found else "foreign"
    ProviderEvent.objects.filter(id=event.id).update(handled_as=handled, handled_at=now, next_at=None)


def _look_soon(what: About, now: datetime) -> bool:
    """Have the invoice looked at that something is about; whether there is one of ours.

    One whose steps are still under way is looked at when it is there, whatever was told of it before.
    """
    rows = ProviderInvoice.objects.none()
    if what.invoice:
        rows = ProviderInvoice.objects.filter(object_id=what.invoice)
    elif what.intent:
        known = Payment.objects.filter(intent=what.intent).values_list("invoice_id", flat=True)
        rows = ProviderInvoice.objects.filter(invoice__in=list(known))
    if rows.update(look_at=now):
        return True
    try:
        ours = UUID(what.ours)
    except ValueError:
        return False
    return ProviderStep.objects.filter(invoice=ours).exists()


def invoice_of_intent(client: StripeClient, intent: str) -> str:
    """The invoice at Stripe that a payment is for; nothing when it is for none."""
    payment: Any = {"type": "payment_intent", "payment_intent": intent}
    found = client.v1.invoice_payments.list(params={"payment": payment, "limit": 1}).data
    return _id_of(found[0].invoice) if found else ""


def _id_of(thing: Any) -> str:
    """The id of an object that is there by its id, or in full."""
    return thing if isinstance(thing, str) else str(thing.id)


def _words(reason: str) -> str:
    """A reason of Stripe's as a person reads it."""
    return reason.replace("_", " ")


def _day(seconds: int) -> date:
    """The day of a moment, on the clocks of UTC."""
    return datetime.fromtimestamp(seconds, UTC).date()
