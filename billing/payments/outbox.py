"""The outbox: steps are taken, done at Stripe outside any transaction, and what came of them is written down.

A crash at any point is found by the lease that ends; whoever takes the step then looks at Stripe first.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Exists, F, OuterRef, QuerySet
from stripe import StripeClient

from billing.invoices.models import Invoice
from billing.payments.backoff import LEASE, pause
from billing.payments.choosing import secret_key
from billing.payments.models import (
    PaymentKind,
    ProviderEvent,
    ProviderInvoice,
    ProviderKind,
    ProviderStep,
    StepState,
)
from billing.payments.reading import look_at_due, resolve_events
from billing.payments.selectors import payments_of, settings_of_tenant, standing_of
from billing.payments.stripe_calls import Done, Later, Outcome, Task, guarded, perform, stripe_client
from billing.payments.stripe_domain import idempotency_key
from tenants.customers.selectors import customers
from tenants.kernel.errors import Finding
from tenants.scope.context import required_tenant, scope

_AT_ONCE = 50
_ONCE_THERE = ("credit", "refund", "close")
"""The operations on an invoice that is there, after which there is something to be seen at Stripe."""


def work_once(tenant: UUID, *, now: datetime) -> int:
    """Do at Stripe what is due of a tenant, outside any scope: steps, events and looks; how many were taken."""
    with scope(tenant):
        key = secret_key()
    if not key:
        return 0
    with stripe_client(key) as client:
        return do_steps(tenant, client, now) + resolve_events(tenant, client, now) + look_at_due(tenant, client, now)


def is_work_due(*, now: datetime) -> bool:
    """Whether something of the tenant in scope is due at Stripe."""
    row = settings_of_tenant()
    if row is None or not row.sealed_key:
        return False
    return (
        due_steps(now).exists()
        or ProviderInvoice.objects.filter(look_at__lte=now).exists()
        or ProviderEvent.objects.filter(handled_as="", next_at__lte=now).exists()
    )


def check_connection(key: str) -> list[Finding]:
    """Ask Stripe whether it takes a key, also for what is read last; what is wrong, or nothing."""
    with stripe_client(key) as client:
        answer = guarded(lambda: [client.v1.invoices.list(params={"limit": 1}), client.v1.disputes.list({"limit": 1})])
    return [] if isinstance(answer, list) else [answer.why]


def do_steps(tenant: UUID, client: StripeClient, now: datetime) -> int:
    """Do the steps that are due, those of an invoice in order; how many were taken."""
    done = 0
    while done < _AT_ONCE:
        with scope(tenant):
            taken = take_step(now)
        if taken is None:
            break
        step, task = taken
        outcome = perform(client, task)
        with scope(tenant):
            note_outcome(step, outcome, now)
        done += 1
    return done


def due_steps(now: datetime) -> QuerySet[ProviderStep]:
    """The steps whose time has come, and before which nothing of their invoice is left to be done.

    An invoice that is there can go on although one of its later steps waits for a person: what could not be credited
    can be paid back.
    """
    earlier = ProviderStep.objects.filter(invoice=OuterRef("invoice"), position__lt=OuterRef("position"))
    undone = earlier.exclude(state=StepState.DONE).exclude(state=StepState.BLOCKED, operation__in=_ONCE_THERE)
    return ProviderStep.objects.filter(~Exists(undone), state=StepState.WAITING, next_at__lte=now)


def take_step(now: datetime) -> tuple[ProviderStep, Task] | None:
    """Take the step that has waited longest; nobody else takes it before the lease ends."""
    step = due_steps(now).select_for_update(skip_locked=True, of=("self",)).order_by("next_at", "position").first()
    if step is None:
        return None
    step.attempts, step.next_at = step.attempts + 1, now + LEASE
    step.save(update_fields=["attempts", "next_at"])
    invoice = (
        Invoice.objects.select_related("statement").defer("document", "statement__document").get(id=step.invoice_id)
    )
    before = ProviderStep.objects.filter(invoice=invoice, position__lt=step.position)
    # One customer at Stripe for all invoices: the step of the first makes it, under a key that all share.
    name = f"customer/{invoice.customer_id}" if step.operation == "customer" else step.name
    statement, version = invoice.customer_id, 0
    if step.operation != "customer":
        statement, version = _basis(invoice)
    key = idempotency_key(statement, version, name, step.params, step.round)
    task = Task(
        operation=step.operation, name=step.name, params=step.params, key=key, invoice=str(invoice.id),
        tenant=str(required_tenant("a payment")), issued_at=invoice.issued_at,
        known=dict(before.values_list("name", "object_id")),
    )  # fmt: skip
    return step, _as_it_stands(task, invoice)


def _as_it_stands(task: Task, invoice: Invoice) -> Task:
    """A step with what can change while it waits, and is none of what it says."""
    if task.operation == "invoice":
        known = customers().filter(id=invoice.customer_id).values_list("contact_email", flat=True)
        return replace(task, email=known.first() or "")
    if task.operation == "credit":
        seen = payments_of(invoice).filter(provider=ProviderKind.STRIPE, kind=PaymentKind.RECEIVED)
        return replace(
            task, left=standing_of(invoice).open, seen=frozenset(seen.values_list("external", flat=True))
        )  # fmt: skip
    return task


def _basis(invoice: Invoice) -> tuple[UUID, int]:
    """What an invoice rests on, by its id and version; a bill has one version only."""
    found = invoice.rests_on
    return (invoice.bill or invoice.id, 1) if found is None else (found.id, found.version)


def note_outcome(step: ProviderStep, outcome: Outcome, now: datetime) -> None:
    """Write down what came of a step; what another process has written of it meanwhile stays."""
    mine = ProviderStep.objects.filter(id=step.id, state=StepState.WAITING)
    if isinstance(outcome, Done):
        mine.update(state=StepState.DONE, object_id=outcome.object_id, finding=None, next_at=None, done_at=now)
        _look_after(step, outcome, now)
    elif isinstance(outcome, Later):
        wait = max(pause(step.attempts), timedelta(seconds=outcome.after_s))
        mine.update(next_at=now + wait, finding=outcome.why.as_dict(), round=F("round") + int(outcome.is_final))
    else:
        mine.update(state=StepState.BLOCKED, finding=outcome.why.as_dict(), next_at=None)
        _look_now(step, now)


def _look_after(step: ProviderStep, outcome: Done, now: datetime) -> None:
    """Have an invoice looked at after a step that others can see; it is at Stripe from its finalising on."""
    if step.operation == "finalise":
        there = ProviderInvoice(
            invoice_id=step.invoice_id, object_id=outcome.object_id, pay_url=outcome.pay_url[:1000], look_at=now
        )
        ProviderInvoice.objects.bulk_create([there], ignore_conflicts=True)
    elif step.operation == "close":
        ProviderInvoice.objects.filter(invoice_id=step.invoice_id).update(pay_url="")
    _look_now(step, now)


def _look_now(step: ProviderStep, now: datetime) -> None:
    """What an operation has changed, or what was in its way, is to be seen."""
    if step.operation in _ONCE_THERE:
        ProviderInvoice.objects.filter(invoice_id=step.invoice_id).update(look_at=now)
