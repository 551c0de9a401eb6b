"""Invoices as rows, whatever they come to, and a worker that is told the time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from billing.contracts.models import ContractVersion
from billing.invoices.models import Invoice, InvoiceKind
from billing.outcomes.models import OutcomeRun
from billing.payments.choosing import change_settings
from billing.payments.models import Payment, PaymentKind, PaymentSettings, ProviderInvoice, ProviderKind
from billing.payments.outbox import due_steps, note_outcome, take_step, work_once
from billing.payments.selectors import payments_of
from billing.payments.services import Transfer, ask_refund, follow_issue, record_transfer
from billing.payments.stripe_calls import perform, stripe_client
from billing.payments.webhooks import take_event
from billing.statements.models import Statement
from tenants.kernel.ids import new_id
from tenants.scope.context import scope
from tests.billing import rows
from tests.billing.payments.fake_stripe import KEY, WEBHOOK_SECRET, Serving

BY, ADDRESS = "owner@meridian.example", "accounts@northwind.example"
ISSUED = datetime(2026, 12, 5, 9, tzinfo=UTC)
DUE = date(2027, 1, 4)


def an_invoice(
    customer: UUID, *minors: int, tax: int = 0, currency: str = "USD", due: date = DUE, **more: Any
) -> Invoice:
    """An invoice of some lines, or a credit note when they come to less than nought; its document says `more`."""
    number = Invoice.objects.count()
    contract = rows.contracts(customer, 1, first=500 + number)[0]
    version = ContractVersion.objects.create(
        contract=contract, version=1, document={"terms": {"time_zone": "UTC", "clauses": []}}, digest="c" * 64,
        effective_from=rows.MADE, published_by=BY, published_at=rows.MADE,
    )  # fmt: skip
    run = OutcomeRun.objects.create(
        contract_version=version, period_start=rows.MADE, period_end=rows.MADE, as_of=rows.MADE, total_minor=0,
        document={}, digest=f"{new_id().hex:0>64}", run_by=BY, run_at=rows.MADE,
    )  # fmt: skip
    net = sum(minors)
    period = {"start": "2026-11-01T00:00:00Z", "end": "2026-12-01T00:00:00Z", "time_zone": "UTC"}
    statement = Statement.objects.create(
        contract=contract, contract_version=version, run=run, period_start=rows.MADE, period_end=rows.MADE, version=1,
        currency=currency, total_minor=net, document={"clauses": [], "period": period}, digest="e" * 64, sealed_by=BY,
        sealed_at=ISSUED,
    )  # fmt: skip
    lines = [{"kind": "fee", "text": f"Line {at}", "minor": minor} for at, minor in enumerate(minors)]
    document = {
        "lines": lines, "tax_percent": "19", "period": period, "issued_on": "2026-12-05", "due_on": str(due),
        "parties": {"customer": "Northwind Air", "provider": "Meridian Engines"}, **more,
    }  # fmt: skip
    return Invoice.objects.create(
        kind=InvoiceKind.INVOICE if net >= 0 else InvoiceKind.CREDIT_NOTE, number=f"ME-2026-{number + 1:04}",
        statement=statement, contract=contract, customer_id=customer, currency=currency, net_minor=net, tax_minor=tax,
        gross_minor=net + tax, issued_on=ISSUED.date(), due_on=due, document=document,
        digest="e" * 64, issued_by=BY, issued_at=ISSUED,
    )  # fmt: skip


def choose_stripe() -> PaymentSettings:
    return change_settings(provider=ProviderKind.STRIPE, key=KEY, webhook_secret=WEBHOOK_SECRET, by=BY, now=ISSUED)


def transfer(invoice: Invoice, minor: int, *, back: bool = False, **more: Any) -> Any:
    """A bank transfer of the day of issue."""
    kind: Any = PaymentKind.REFUNDED if back else PaymentKind.RECEIVED
    terms: dict[str, Any] = {"currency": invoice.currency, "value_on": ISSUED.date(), **more}
    return record_transfer(
        invoice=invoice.id, transfer=Transfer(kind=kind, minor=minor, **terms), by=BY, now=ISSUED
    )  # fmt: skip


@dataclass
class Worker:
    """Meridian's worker and the fake it calls, under one clock."""

    tenant: UUID
    serving: Serving
    now: datetime = ISSUED
    stale: list[Any] = field(default_factory=list)

    @property
    def stripe(self) -> Any:
        return self.serving.stripe

    def pass_time(self, **how: float) -> None:
        self.now += timedelta(**how)
        self.stripe.now = self.now

    def collect(self, invoice: Invoice) -> None:
        with scope(self.tenant):
            follow_issue(invoice, by=BY, now=self.now)

    def work(self) -> int:
        return work_once(self.tenant, now=self.now)

    def die(self) -> None:
        """Take a step and do it, and end before anything is written down; what came of it may turn up later."""
        with scope(self.tenant):
            taken = take_step(self.now)
        if taken is not None:
            with stripe_client(KEY) as client:
                self.stale.append((taken[0], perform(client, taken[1])))

    def work_one(self) -> None:
        """Do one step and write it down."""
        self.die()
        self.wake()

    def wake(self) -> None:
        """A process that was thought dead writes down what it knows."""
        while self.stale:
            step, outcome = self.stale.pop()
            with scope(self.tenant):
                note_outcome(step, outcome, self.now)

    def settle(self, *, most: int = 60) -> None:
        """Work, and let time pass, until no step waits and nothing is to be looked at now."""
        for _ in range(most):
            if self.work():
                continue
            with scope(self.tenant):
                soon = self.now + timedelta(hours=2)
                waiting = due_steps(soon).order_by("next_at").values_list("next_at", flat=True).first()
                looks = ProviderInvoice.objects.filter(look_at__lte=soon).order_by("look_at")
                look = looks.values_list("look_at", flat=True).first()
            due = [each for each in (waiting, look) if each]
            if not due:
                return
            self.now = self.stripe.now = max(self.now, min(due))
        raise AssertionError("the worker does not come to rest")

    def look(self) -> None:
        """Let a week pass in which everything is looked at again."""
        self.pass_time(days=8)
        self.settle()

    def deliver(self, event: dict[str, Any]) -> None:
        body, header = self.stripe.signed(event)
        with scope(self.tenant):
            take_event(body=body, header=header, now=self.now)


def paid(invoice: Invoice) -> Payment:
    """What was received of an invoice at Stripe."""
    return payments_of(invoice).get(kind=PaymentKind.RECEIVED, provider=ProviderKind.STRIPE)


def ask_back(invoice: Invoice, minor: int, now: datetime) -> None:
    """Have Stripe pay some of it back."""
    ask_refund(payment_id=paid(invoice).id, minor=minor, by=BY, now=now)


def story(invoice: Invoice) -> list[tuple[str, int]]:
    """What happened to an invoice, without what it is called elsewhere."""
    return sorted((each.kind, each.minor) for each in payments_of(invoice))
