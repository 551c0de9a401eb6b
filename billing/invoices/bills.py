"""The invoice of a bill: of what is sold by the month without an outcome contract, such as the platform's own plans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from billing.contracts.periods import last_day
from billing.invoices.domain.taxes import Charge, Taxed, taxed
from billing.invoices.earlier import Corrected, charge_by, charge_then
from billing.invoices.models import Invoice
from billing.invoices.parties import Sale, sale_to
from billing.invoices.selectors import invoice_of_bill
from billing.invoices.services import InvoiceMismatchError
from billing.invoices.writing import Lines, Wanted, hold_numbers, write_invoice
from tenants.customers.selectors import locked_customer
from tenants.kernel.calendars import time_zone
from tenants.kernel.clock import isoformat
from tenants.kernel.money import Rounding
from tenants.scope.context import required_tenant
from tenants.scope.models import Tenant


@dataclass(frozen=True, slots=True)
class Bill:
    """What an invoice is made of.

    Attributes:
        id: Names it: there is one invoice of it, for ever.
        digest: Of its document.
        customer: Who pays.
        text: What was sold, as the invoice names it in place of a contract.
        currency: ISO 4217.
        lines: Its lines.
        total_minor: What they come to.
        start: The first moment of its period.
        end: The first moment after it.
        zone: Whose clocks its days are of.
        tax_percent: Charged while there is no legal entity.
        rounding: Of the tax.
        days: Until it is due.
        corrects: The earlier period that each line corrects, in their order, None of the bill's own; empty where no
            line corrects one.
    """

    id: UUID
    digest: str
    customer: UUID
    text: str
    currency: str
    lines: Lines
    total_minor: int
    start: datetime
    end: datetime
    zone: str
    tax_percent: str
    rounding: Rounding
    days: int
    corrects: Sequence[Corrected | None] = field(default=())


def issue_bill(bill: Bill, *, by: str, now: datetime) -> Invoice:
    """Issue the invoice of a bill, or a credit note when the customer is owed; the same one when asked again.

    Raises:
        CustomerNotFoundError: There is no such customer.
        InvoiceMismatchError: The lines do not come to the bill's total.
        TaxUndecidedError: There is a legal entity, and what is known does not say which tax it charges.
        UnbalancedEntryError: The booking does not sum to zero.
    """
    with transaction.atomic():
        customer = locked_customer(bill.customer)
        known = invoice_of_bill(bill.id)
        if known is not None:
            return known
        return write_invoice(_wanted(bill, customer.name, now), by=by, now=now)


def _wanted(bill: Bill, named: str, now: datetime) -> Wanted:
    hold_numbers()
    zone = time_zone(bill.zone)
    issued, supplied = now.astimezone(zone).date(), last_day(bill.end, zone)
    sale = sale_to(customer=bill.customer, named=named, day=supplied)
    told = _taxed(bill, named, sale)
    if told.sums.net != bill.total_minor:
        raise InvoiceMismatchError(
            f"The lines come to {told.sums.net} minor units, the bill to {bill.total_minor}.", place="bill",
            kept="Nothing was issued.", fix="Compare the bill's lines with its total; do not send it.",
        )  # fmt: skip
    main = told.main
    document = {**_about(bill, named, main.percent), **told.as_json()}
    return Wanted(
        statement=None, credits=None, entity=None if sale is None else sale.entity, contract=None, bill=bill.id,
        customer=bill.customer, currency=bill.currency, lines=told.lines, sums=told.sums, issued_on=issued,
        due_on=issued + timedelta(days=bill.days),
        document=document if sale is None else document | sale.told(main.tax or sale.tax, supplied),
    )  # fmt: skip


def _taxed(bill: Bill, named: str, sale: Sale | None) -> Taxed:
    """The lines by tax: what corrects an earlier period has that period's, all else what holds now."""
    own = charge_by(bill.tax_percent, sale)
    then: dict[Corrected, Charge] = {
        each: charge_then(each, sale, customer=bill.customer, named=named, zone=bill.zone)
        for each in dict.fromkeys(bill.corrects)
        if each is not None
    }
    corrects = bill.corrects or [None] * len(bill.lines)
    charges = [own if each is None else then[each] for each in corrects]
    return taxed(bill.lines, charges, own, bill.rounding)


def _about(bill: Bill, named: str, percent: str) -> dict[str, Any]:
    provider = Tenant.objects.values_list("name", flat=True).get(id=required_tenant("a bill"))
    return {
        "statement": bill.digest,
        "contract": bill.text,
        "parties": {"provider": provider, "customer": named},
        "period": {"start": isoformat(bill.start), "end": isoformat(bill.end), "time_zone": bill.zone},
        "tax_percent": percent,
        "rounding": bill.rounding,
    }
