"""Payments as facts: recorded by people or told by the provider, booked in balance, each once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from pydantic import JsonValue

from billing.contracts.figures import money_text
from billing.invoices.models import Invoice
from billing.invoices.selectors import hold_account
from billing.invoices.selectors import invoice as invoice_by_id
from billing.invoices.writing import book
from billing.payments.backoff import LEASE
from billing.payments.domain import Fact, payment_legs, refund_name
from billing.payments.models import Payment, PaymentKind, ProviderKind, ProviderStep, StepState
from billing.payments.providers import PROVIDERS, provider
from billing.payments.selectors import (
    blocked_steps,
    chosen_provider,
    payment,
    refundable,
    refunds_to_give_up,
    refunds_under_way,
    standing_of,
)
from billing.payments.stripe_steps import retry_step
from tenants.kernel.errors import ConflictError, Finding, NotFoundError, OutturnError
from tenants.kernel.ids import new_id
from tenants.kernel.money import LARGEST_MINOR
from tenants.record.services import record_audit

_AHEAD = timedelta(days=1)
"""How far in the future, by the clocks of UTC, a value date may lie: the day has begun somewhere."""
_EARLIEST = date(2000, 1, 1)


class PaymentRefusedError(OutturnError):
    """A payment that cannot be right; ``place`` names the field."""

    code = "payment.refused"


class NotRefundableError(ConflictError):
    """More would go back than there is."""

    code = "payment.not_refundable"


class BeingTriedError(ConflictError):
    """What is at the provider at this moment cannot be given up."""

    code = "payment.being_tried"


class NotToSetOffError(ConflictError):
    """A credit note does not fit an invoice."""

    code = "payment.not_to_set_off"


@dataclass(frozen=True, slots=True)
class Seen:
    """A fact as it was recorded by a person, or read at the provider.

    Attributes:
        kind: What happened.
        minor: How much, in minor units; positive.
        value_on: When it counts.
        external: What tells it apart from all others of its provider.
        reference: What a person reads.
        intent: The payment at the provider that it belongs to.
    """

    kind: PaymentKind
    minor: int
    value_on: date
    external: str
    reference: str = ""
    intent: str = ""


@dataclass(frozen=True, slots=True)
class Transfer:
    """A bank transfer, as a person read it from a statement of the bank.

    Attributes:
        kind: Whether it came in or went back.
        minor: How much, in minor units; positive.
        currency: ISO 4217.
        value_on: The bank's value date.
        reference: What the bank's statement says.
        token: The form it was entered in: sent twice, it is one transfer.
    """

    kind: Literal[PaymentKind.RECEIVED, PaymentKind.REFUNDED]
    minor: int
    currency: str
    value_on: date
    reference: str = ""
    token: UUID | None = None


def record_transfer(*, invoice: UUID, transfer: Transfer, by: str, now: datetime) -> Payment:
    """Record money that came in, or went back, by a bank transfer; with the same token it is the same payment.

    It may be less than what is open, or more: what is open is the sum, and can be negative.

    Raises:
        InvoiceNotFoundError: There is no such invoice.
        PaymentRefusedError: The amount, the currency or the day cannot be right.
        NotRefundableError: More would go back than the customer has paid or is owed.
    """
    found = invoice_by_id(invoice)
    kind, minor, currency, value_on = transfer.kind, transfer.minor, transfer.currency, transfer.value_on
    _refuse_amount(minor)
    if currency != found.currency:
        raise PaymentRefusedError(
            f"{found.number} is in {found.currency}, not in {currency or 'no currency'}.", place="currency",
            kept="Nothing was recorded.", fix=f"Enter what the bank credited in {found.currency}.",
        )  # fmt: skip
    if not _EARLIEST <= value_on <= (now + _AHEAD).date():
        raise PaymentRefusedError(
            f"{value_on} is no day on which money can have moved.", place="value_on", kept="Nothing was recorded.",
            fix="Enter the value date of the bank statement, today or before.",
        )  # fmt: skip
    seen = Seen(kind, minor, value_on, f"transfer:{transfer.token or new_id()}", transfer.reference.strip())
    with transaction.atomic():
        hold_account(found)
        known = Payment.objects.filter(provider=ProviderKind.MANUAL, external=seen.external).first()
        if known is not None:
            return known
        if kind == PaymentKind.REFUNDED:
            _refuse_refund(found, minor)
        made = _keep(found, seen, ProviderKind.MANUAL, by=by, now=now)
        if kind == PaymentKind.RECEIVED:
            _stop_others(found, by=by, now=now)
    return made


def keep_seen(*, invoice: Invoice, seen: Seen, kind: ProviderKind, now: datetime) -> Payment | None:
    """Keep a fact that was read at the provider; None when it is known already."""
    with transaction.atomic():
        hold_account(invoice)
        if Payment.objects.filter(provider=kind, external=seen.external, kind=seen.kind).exists():
            return None
        return _keep(invoice, seen, kind, by=kind.name.capitalize(), now=now)


def ask_refund(*, payment_id: UUID, minor: int, by: str, now: datetime, token: UUID | None = None) -> Invoice:
    """Have the provider pay some of a payment back; it is a fact when the provider has done it.

    With the same token it is asked for once.

    Raises:
        PaymentNotFoundError: There is no such payment.
        PaymentRefusedError: The amount cannot be right, or a person must pay it back and record it.
        NotRefundableError: More would go back than is left of the payment, with what was asked for before.
    """
    found = payment(payment_id)
    invoice: Invoice = found.invoice
    _refuse_amount(minor)
    whose = provider(found.provider)
    if whose.records_by_hand or found.kind != PaymentKind.RECEIVED:
        raise PaymentRefusedError(
            "This was no payment by a provider that can pay it back.", place="payment", kept="Nothing was asked for.",
            fix="Pay it back by bank transfer, and record that.",
        )  # fmt: skip
    token = token or new_id()
    with transaction.atomic():
        hold_account(invoice)
        if ProviderStep.objects.filter(invoice=invoice, name=refund_name(token)).exists():
            return invoice
        left = refundable(invoice, found.intent)
        if minor > left:
            raise NotRefundableError(
                f"{money_text(left, found.currency)} of this payment can still go back.", place="minor",
                kept="Nothing was asked for.", fix="Enter at most that amount.",
            )  # fmt: skip
        whose.refund(found, minor, token=token, by=by, now=now)
        _tell("payment.refund_asked", invoice, {"minor": minor, "payment": str(found.id)}, by=by, now=now)
    return invoice


def try_again(*, step: UUID, by: str, now: datetime) -> Invoice:
    """Have a step that waits for a person tried again; a refund only when as much can still go back.

    Raises:
        NotFoundError: There is no such step, or it does not wait for a person.
        NotRefundableError: It went back another way meanwhile.
    """
    row = blocked_steps().filter(id=step, operation="refund").first()
    if row is None:
        return retry_step(step=step, by=by, now=now)
    invoice: Invoice = row.invoice
    asked, currency = row.params["minor"], row.params["currency"]
    with transaction.atomic():
        hold_account(invoice)
        left = refundable(invoice, row.params["payment_intent"])
        if asked > left:
            raise NotRefundableError(
                f"{money_text(left, currency)} of this payment can still go back, not {money_text(asked, currency)}.",
                place="step", kept="Nothing is tried again.", fix="Pay back from the payment what is left of it.",
            )  # fmt: skip
        return retry_step(step=step, by=by, now=now)


def give_up_refund(*, step: UUID, by: str, now: datetime) -> Invoice:
    """Have a refund tried no more: a person has seen that Stripe has not made it, and pays it back another way.

    Raises:
        NotFoundError: There is no such refund, or Stripe is still at it.
        BeingTriedError: It is being tried at this moment.
    """
    found = refunds_to_give_up().filter(id=step).first()
    if found is None:
        raise NotFoundError("There is no such refund to give up.", place="step", fix="Look at the invoice again.")
    invoice: Invoice = found.invoice
    with transaction.atomic():
        hold_account(invoice)
        # Whoever has taken it may have called Stripe already; what came of it is known when the lease is over.
        is_idle = Q(next_at=None) | Q(next_at__lte=now) | Q(next_at__gt=now + LEASE)
        idle = ProviderStep.objects.select_for_update(skip_locked=True).filter(is_idle, id=step, state=found.state)
        if idle.first() is None:
            raise BeingTriedError(
                "This refund is being tried now.", place="step", kept="It was not given up.",
                fix="Look at the invoice again in two minutes.",
            )  # fmt: skip
        why = Finding("payment.refund_given_up", "refund", f"Given up by {by}.", "Pay it back by bank transfer.")
        ProviderStep.objects.filter(id=step).update(
            state=StepState.DONE, finding=why.as_dict(), next_at=None, done_at=now
        )
        _tell("payment.refund_given_up", invoice, {"step": found.name, **found.params}, by=by, now=now)
    return invoice


def set_off(
    *, credit_note: UUID, invoice: UUID, minor: int, by: str, now: datetime, token: UUID | None = None
) -> Payment:
    """Set some of a credit note off against an invoice of the same customer; with the same token once.

    Raises:
        InvoiceNotFoundError: One of them is not there.
        PaymentRefusedError: The amount cannot be right.
        NotToSetOffError: They are no credit note and invoice of one customer in one currency, or less is open of one.
    """
    note, against = invoice_by_id(credit_note), invoice_by_id(invoice)
    _refuse_amount(minor)
    fits = note.gross_minor < 0 < against.gross_minor
    if not fits or (note.customer_id, note.currency) != (against.customer_id, against.currency):
        raise NotToSetOffError(
            f"{note.number} cannot be set off against {against.number}.", place="invoice", kept="Nothing was set off.",
            fix="Choose a credit note and an invoice of the same customer and currency.",
        )  # fmt: skip
    with transaction.atomic():
        hold_account(note, against)
        external = f"set-off:{token or new_id()}"
        known = Payment.objects.filter(provider=ProviderKind.MANUAL, external=external).first()
        if known is not None:
            return known
        most = min(-standing_of(note).open, standing_of(against).open)
        if minor > most:
            raise NotToSetOffError(
                f"{money_text(max(most, 0), note.currency)} can be set off.", place="minor",
                kept="Nothing was set off.", fix="Enter at most that amount.",
            )  # fmt: skip
        return _set_off(note, against, minor, external, by=by, now=now)


def follow_issue(invoice: Invoice, *, by: str, now: datetime) -> None:
    """Have a new invoice collected by the provider that the tenant has chosen.

    A credit note for an invoice is set off against it, as far as it is open; what else is owed to a customer waits for
    a person.
    """
    if invoice.gross_minor > 0:
        provider(chosen_provider()).collect(invoice, by=by, now=now)
    elif invoice.credits is not None:
        most = min(-invoice.gross_minor, standing_of(invoice.credits).open)
        if most > 0:
            _set_off(invoice, invoice.credits, most, f"set-off:{new_id()}", by=by, now=now)


def _set_off(note: Invoice, against: Invoice, minor: int, external: str, *, by: str, now: datetime) -> Payment:
    """Write a set-off that fits; whoever calls holds both contracts."""
    seen = Seen(PaymentKind.CREDITED, minor, now.date(), external, note.number)
    made = _keep(against, seen, ProviderKind.MANUAL, by=by, now=now, credit_note=note)
    for each in PROVIDERS.values():
        each.credit(made, by=by, now=now)
    return made


def _refuse_amount(minor: int) -> None:
    if not 0 < minor <= LARGEST_MINOR:
        raise PaymentRefusedError(
            "The amount must be more than nought.", place="minor", kept="Nothing was recorded.",
            fix="Enter how much moved; whether it came in or went back is said beside it.",
        )  # fmt: skip


def _refuse_refund(invoice: Invoice, minor: int) -> None:
    """Of an invoice goes back what was received, less what a provider is at; of a credit note what is left of it.

    What the provider refused and waits for a person does not count: it is tried again only as far as it is there.
    """
    now, asked = standing_of(invoice), 0
    most = -now.open
    if invoice.gross_minor >= 0:
        asked = sum(step.params["minor"] for step in refunds_under_way(invoice))
        most = now.received - asked
    if minor > most:
        fix = "Enter at most that amount, or record first what came in."
        if asked:
            fix = f"Enter at most that amount: Stripe was asked to pay back {money_text(asked, invoice.currency)}."
        raise NotRefundableError(
            f"{money_text(max(most, 0), invoice.currency)} can go back to the customer.", place="minor",
            kept="Nothing was recorded.", fix=fix,
        )  # fmt: skip


def _keep(
    invoice: Invoice, seen: Seen, kind: ProviderKind, *, by: str, now: datetime, credit_note: Invoice | None = None
) -> Payment:
    """Write a fact with its booking; whoever calls holds the contract."""
    legs = payment_legs(Fact(seen.kind, seen.minor), provider(kind).account, invoice.currency)
    entry = book(legs, text=f"{seen.kind} {invoice.number}", now=now) if legs else None
    made = Payment.objects.create(
        invoice=invoice, kind=seen.kind, provider=kind, currency=invoice.currency, minor=seen.minor,
        value_on=seen.value_on, reference=seen.reference[:200], external=seen.external, intent=seen.intent,
        credit_note=credit_note, entry=entry, recorded_by=by, recorded_at=now,
    )  # fmt: skip
    details: dict[str, JsonValue] = {
        "number": invoice.number, "minor": seen.minor, "currency": invoice.currency, "value_on": str(seen.value_on),
        "reference": made.reference,
    }  # fmt: skip
    _tell(f"payment.{seen.kind}", invoice, details, by=by, now=now)
    return made


def _stop_others(invoice: Invoice, *, by: str, now: datetime) -> None:
    """Whoever asks for the same money must not get it a second time."""
    for each in PROVIDERS.values():
        each.paid_elsewhere(invoice, by=by, now=now)


def _tell(action: str, invoice: Invoice, details: dict[str, JsonValue], *, by: str, now: datetime) -> None:
    record_audit(action=action, subject=f"invoice/{invoice.id}", by=by, now=now, details=details)
