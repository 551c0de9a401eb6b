"""Payments to read: what an invoice has seen, what is open of it, and how it goes at the provider."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from django.db.models import Case, F, OuterRef, Q, QuerySet, Subquery, Sum, When
from django.db.models.functions import Coalesce

from billing.invoices.models import Invoice, InvoiceKind
from billing.payments.domain import MOVES, Fact, Standing, standing
from billing.payments.models import (
    Payment,
    PaymentKind,
    PaymentSettings,
    ProviderInvoice,
    ProviderKind,
    ProviderStep,
    StepState,
)
from tenants.kernel.errors import NotFoundError


class PaymentNotFoundError(NotFoundError):
    """The tenant has no such payment."""

    code = "payment.not_found"


def payments() -> QuerySet[Payment]:
    """All that happened to invoices, by value date."""
    return Payment.objects.select_related("invoice", "credit_note")


def payments_of(invoice: Invoice) -> QuerySet[Payment]:
    """What happened to an invoice, by value date."""
    return payments().filter(invoice=invoice)


def payment(payment_id: UUID) -> Payment:
    """One payment.

    Raises:
        PaymentNotFoundError: There is none.
    """
    found = payments().filter(id=payment_id).first()
    if found is None:
        raise PaymentNotFoundError("There is no such payment.", place="payment", fix="Choose one from the list.")
    return found


def standing_of(invoice: Invoice) -> Standing:
    """What is open of an invoice or a credit note, summed anew."""
    return standings_of([invoice])[invoice.id]


def standings_of(invoices: Collection[Invoice]) -> dict[UUID, Standing]:
    """What is open of some invoices, by their ids."""
    wanted = [each.id for each in invoices]
    facts: dict[UUID, list[Fact]] = {each: [] for each in wanted}
    # The database sums what can be many rows: one for each invoice and kind is left.
    rows = Payment.objects.filter(invoice__in=wanted).order_by()
    for row in rows.values("invoice_id", "kind").annotate(sum=Sum("minor")):
        facts[row["invoice_id"]].append(Fact(row["kind"], row["sum"]))
    notes = [each.id for each in invoices if each.gross_minor < 0]  # nothing is asked where there is none
    rows = Payment.objects.filter(credit_note__in=notes).order_by()
    set_off = {row["credit_note_id"]: row["sum"] for row in rows.values("credit_note_id").annotate(sum=Sum("minor"))}
    return {each.id: standing(each.gross_minor, facts[each.id], set_off.get(each.id, 0)) for each in invoices}


def refundable(invoice: Invoice, intent: str) -> int:
    """What of one payment at the provider can still go back: minor units, not below nought.

    What went back of the invoice another way is gone as well, and so is what was asked for and is no fact yet.

    Args:
        invoice: What was paid.
        intent: The payment at the provider.
    """
    facts = list(Payment.objects.filter(invoice=invoice).values_list("kind", "minor", "intent"))
    asked = refunds_under_way(invoice)
    of_it = _received((kind, minor) for kind, minor, of in facts if of == intent)
    of_it -= sum(step.params["minor"] for step in asked if step.params["payment_intent"] == intent)
    of_all = _received((kind, minor) for kind, minor, _ in facts) - sum(step.params["minor"] for step in asked)
    return int(max(0, min(of_it, of_all)))


def _received(facts: Iterable[tuple[str, int]]) -> int:
    return standing(0, [Fact(*each) for each in facts]).received


def refunds_under_way(invoice: Invoice) -> list[ProviderStep]:
    """The steps that ask for a refund which is no fact yet, and become one without anybody.

    One that waits for a person is none: what is left is looked at again before it is tried.
    """
    known = Payment.objects.filter(invoice=invoice, kind=PaymentKind.REFUNDED).values_list("external", flat=True)
    asked = ProviderStep.objects.filter(invoice=invoice, operation="refund").exclude(object_id__in=list(known))
    asked = asked.exclude(state=StepState.BLOCKED)
    # One that Stripe could not do, or that was given up, has a finding although the step was done.
    return [step for step in asked if not (step.state == StepState.DONE and step.finding)]


def still_open(rows: QuerySet[Invoice]) -> QuerySet[Any]:
    """Those of some invoices of which something is to be paid, each with what is `left` of it in minor units."""
    sign = Case(*(When(kind=kind, then=F("minor") * move) for kind, move in MOVES.items()))
    moved = Payment.objects.filter(invoice=OuterRef("id")).order_by().values("invoice").annotate(sum=Sum(sign))
    owed = rows.filter(kind=InvoiceKind.INVOICE, gross_minor__gt=0)
    return owed.annotate(left=F("gross_minor") + Coalesce(Subquery(moved.values("sum")), 0)).filter(left__gt=0)


def set_off_candidates(credit_note: Invoice) -> QuerySet[Any]:
    """The open invoices that a credit note can be set off against: of its customer and currency, the oldest first."""
    found = Invoice.objects.filter(customer=credit_note.customer_id, currency=credit_note.currency)
    return still_open(found).defer("document").order_by("due_on", "id")


def settings_of_tenant() -> PaymentSettings | None:
    """The provider that the tenant has chosen; None for what holds without a choice."""
    return PaymentSettings.objects.first()


def chosen_provider() -> ProviderKind:
    """Who collects the tenant's invoices."""
    row = settings_of_tenant()
    return ProviderKind.MANUAL if row is None else ProviderKind(row.provider)


def steps_of(invoice: Invoice) -> QuerySet[ProviderStep]:
    """What is done, or to be done, at the provider for an invoice, in order."""
    return ProviderStep.objects.filter(invoice=invoice)


def at_provider(invoice: Invoice) -> ProviderInvoice | None:
    """What an invoice is called at the provider; None as long as it is not there."""
    return ProviderInvoice.objects.filter(invoice=invoice).first()


def blocked_steps() -> QuerySet[ProviderStep]:
    """The steps that wait for a person, with their invoices."""
    return ProviderStep.objects.filter(state=StepState.BLOCKED).select_related("invoice").order_by("created_at", "id")


def refunds_to_give_up() -> QuerySet[ProviderStep]:
    """The refunds that wait for a person, or for a key in force: Stripe does them by itself no more."""
    is_held = Q(state=StepState.BLOCKED) | Q(state=StepState.WAITING, finding__code="payment.key_refused")
    return ProviderStep.objects.filter(is_held, operation="refund").select_related("invoice")
