"""What is to be done at Stripe for an invoice, as rows: written in the transaction that decides it, done later."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Max

from billing.invoices.domain.taxes import tax_label
from billing.invoices.models import Invoice
from billing.payments.domain import STRIPE, refund_name
from billing.payments.models import Payment, ProviderStep, StepState
from billing.payments.selectors import standing_of
from billing.payments.stripe_domain import items
from tenants.jobs.services import tell_workers
from tenants.kernel.errors import NotFoundError
from tenants.record.services import record_audit
from tenants.scope.context import required_tenant

_LONGEST_NAME = 200


class StripeProvider:
    """Stripe, through the outbox."""

    account = STRIPE
    records_by_hand = False

    def collect(self, invoice: Invoice, *, by: str, now: datetime) -> None:
        """Write the steps: the customer, the invoice, an item for each line, and finalising it."""
        if ProviderStep.objects.filter(invoice=invoice).exists():
            return
        document = invoice.document
        asked = items(document["lines"], invoice.tax_minor, tax_label(document))
        days = max(0, (invoice.due_on - now.date()).days)
        customer = {"customer": str(invoice.customer_id), "name": document["parties"]["customer"][:_LONGEST_NAME]}
        steps: list[tuple[str, str, Mapping[str, Any]]] = [
            ("customer", "customer", customer),
            ("invoice", "invoice", {"number": invoice.number, "days": days, "currency": invoice.currency}),
            *(
                (each.name, "item", {"text": each.text, "minor": each.minor, "currency": invoice.currency})
                for each in asked
            ),
            ("finalise", "finalise", {"minor": invoice.gross_minor, "currency": invoice.currency, "items": len(asked)}),
        ]
        ProviderStep.objects.bulk_create(
            ProviderStep(
                invoice=invoice, position=position, name=name, operation=operation, params=dict(params), next_at=now,
                asked_by=by, created_at=now,
            )
            for position, (name, operation, params) in enumerate(steps)
        )  # fmt: skip
        hint()

    def credit(self, credited: Payment, *, by: str, now: datetime) -> None:
        """Have the invoice at Stripe ask for less, where there is one."""
        params = {"minor": credited.minor, "currency": credited.currency, "text": credited.reference}
        _append(credited.invoice, f"credit-{credited.id}", "credit", params, by=by, now=now)

    def refund(self, payment: Payment, minor: int, *, token: UUID, by: str, now: datetime) -> None:
        """Have Stripe pay some of a payment back."""
        params = {"payment_intent": payment.intent, "minor": minor, "currency": payment.currency}
        _append(payment.invoice, refund_name(token), "refund", params, by=by, now=now)

    def paid_elsewhere(self, invoice: Invoice, *, by: str, now: datetime) -> None:
        """Have the invoice at Stripe closed, so that it asks no more for what has come already.

        It is paid there when nothing is open any more, else void.
        """
        if ProviderStep.objects.filter(invoice=invoice, name="close").exists():
            return
        _append(invoice, "close", "close", {"is_paid": standing_of(invoice).open <= 0}, by=by, now=now)


def retry_step(*, step: UUID, by: str, now: datetime) -> Invoice:
    """Have a step that waits for a person tried again, under another key: Stripe would repeat its refusal for a day.

    Raises:
        NotFoundError: There is no such step, or it does not wait for a person.
    """
    row = ProviderStep.objects.filter(id=step, state=StepState.BLOCKED).select_related("invoice").first()
    if row is None:
        raise NotFoundError("There is no such step that waits for you.", place="step", fix="Look at the invoice again.")
    ProviderStep.objects.filter(id=row.id).update(
        state=StepState.WAITING, next_at=now, attempts=0, round=F("round") + 1
    )
    hint()
    invoice: Invoice = row.invoice
    record_audit(
        action="payment.step_retried", subject=f"invoice/{invoice.id}", by=by, now=now, details={"step": row.name}
    )
    return invoice


def _append(invoice: Invoice, name: str, operation: str, params: Mapping[str, Any], *, by: str, now: datetime) -> None:
    """One more step of an invoice that is at Stripe, or on its way there; whoever calls holds its contract."""
    last = ProviderStep.objects.filter(invoice=invoice).aggregate(last=Max("position"))["last"]
    if last is None:
        return
    ProviderStep.objects.create(
        invoice=invoice, position=last + 1, name=name, operation=operation, params=dict(params), next_at=now,
        asked_by=by, created_at=now,
    )  # fmt: skip
    hint()


def hint() -> None:
    """Have what waits done as soon as this transaction is committed; the sweep finds what is left."""
    transaction.on_commit(partial(_hint, required_tenant("a payment")))


def _hint(tenant: UUID) -> None:
    from billing.payments.tasks import work  # noqa: PLC0415 (the task calls this module)

    tell_workers(work, tenant, waits=f"payments of {tenant} wait for the sweep")
