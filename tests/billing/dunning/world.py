"""An invoice that becomes overdue, and what can happen to it."""

from __future__ import annotations

from datetime import datetime, timedelta

from billing.disputes.models import Dispute, DisputeDecision
from billing.dunning.domain import Level
from billing.dunning.models import DunningNotice
from billing.dunning.selectors import looks
from billing.dunning.services import (
    set_dunning,
    write_due,
)
from billing.invoices.models import Invoice, InvoiceKind
from tenants.post.services import send_due
from tenants.scope.context import scope
from tests.billing.payments.world import BY, DUE
from tests.billing.world import at
from tests.conftest import Cast

LEVELS = [Level(3), Level(14, "Dear {customer}: {open} of {number} since {due}, {days} days."), Level(28)]


def day(days: int, hour: int = 10) -> datetime:
    """So many days after the due date, in UTC."""
    return at("2027-01-04") + timedelta(days=days, hours=hour)


def turn_on(levels: list[Level] | None = None, now: datetime | None = None) -> None:
    set_dunning(is_on=True, levels=LEVELS if levels is None else levels, by=BY, now=now or at("2026-12-01"))


def write(cast: Cast, now: datetime) -> int:
    with scope(cast.meridian.id):
        return write_due(now=now)


def send(cast: Cast, now: datetime) -> tuple[int, int]:
    return send_due(cast.meridian.id, now=now, most=50)


def notices(cast: Cast) -> list[tuple[int, int, int, str]]:
    with scope(cast.meridian.id):
        return [(row.level, row.days, row.open_minor, row.dropped) for row in DunningNotice.objects.all()]


def holds(cast: Cast, invoice: Invoice, now: datetime) -> tuple[int, str | None]:
    with scope(cast.meridian.id):
        look = looks([invoice], today=now.date(), now=now)[invoice.id]
        return look.open, look.hold


def a_dispute(invoice: Invoice, *, start: datetime | None = None) -> Dispute:
    """One about the statement of the invoice."""
    return Dispute.objects.create(
        statement=invoice.statement, contract=invoice.contract, customer_id=invoice.customer_id, held="down",
        start=at("2026-11-20"), end=at("2026-11-21"), document={}, digest="d" * 64, side="customer", opened_by=BY,
        opened_at=day(5), closes_at=day(90),
    )  # fmt: skip


def decided(dispute: Dispute, verdict: str) -> None:
    DisputeDecision.objects.create(
        dispute=dispute, number=DisputeDecision.objects.filter(dispute=dispute).count() + 1, verdict=verdict,
        side="provider", document={}, digest="d" * 64, decided_by=BY, decided_at=day(6),
    )  # fmt: skip


def a_credit(invoice: Invoice, minor: int) -> Invoice:
    """A credit note for the invoice that was not set off yet."""
    return Invoice.objects.create(
        kind=InvoiceKind.CREDIT_NOTE, number=f"{invoice.number}-C", credits=invoice, contract=invoice.contract,
        customer_id=invoice.customer_id, currency=invoice.currency, net_minor=-minor, tax_minor=0, gross_minor=-minor,
        issued_on=DUE, due_on=DUE, document={}, digest="c" * 64, issued_by=BY, issued_at=day(0),
    )  # fmt: skip
