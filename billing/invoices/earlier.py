"""The tax of what corrects an earlier period: the one that was charged for that period, whatever holds today."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeGuard
from uuid import UUID

from billing.contracts.periods import last_day
from billing.contracts.selectors import agreement_of
from billing.invoices.domain.sums import Amounts
from billing.invoices.domain.tax import TaxUndecidedError
from billing.invoices.domain.taxes import Charge, charge_of, parts_of
from billing.invoices.models import Invoice
from billing.invoices.parties import Sale, sale_to
from billing.invoices.selectors import invoice_of, invoice_of_bill
from billing.statements.models import Statement
from billing.statements.selectors import first_version, statements_by_digest
from tenants.kernel.calendars import time_zone
from tenants.kernel.errors import Finding


@dataclass(frozen=True, slots=True)
class Corrected:
    """The period that a line of a bill corrects, and where anything was charged for it before.

    Attributes:
        end: The first moment after it.
        tax_percent: Charged for it while there was no legal entity.
        bill: The first bill whose invoice has a line of it; None where none has.
        clause: Which of that invoice's lines.
    """

    end: datetime
    tax_percent: str
    bill: UUID | None = None
    clause: str = ""


def charges_on(
    lines: Sequence[Mapping[str, Any]], statement: Statement, own: Charge, sale: Sale | None
) -> list[Charge]:
    """What is charged on each line of an invoice.

    Args:
        lines: The lines; an adjustment in the first version of a statement names the statements that it is of, one in a
            later version is of that statement's own period.
        statement: What the invoice is made of.
        own: What is charged for the period of the statement.
        sale: Who sells and who buys now; None while the organisation has no legal entity.

    Raises:
        TaxUndecidedError: Another legal entity sold in the earlier period, or its tax is not known.
    """
    named = {line["of"]["to"]["digest"] for line in lines if "of" in line}
    corrected = {row.digest: _charged_for(row, sale) for row in statements_by_digest(statement.contract_id, named)}
    of_this = _charged_for(statement, sale) if statement.version > 1 else own
    return [
        own if line["kind"] != "adjustment" else corrected[line["of"]["to"]["digest"]] if "of" in line else of_this
        for line in lines
    ]


def charge_then(corrected: Corrected, sale: Sale | None, *, customer: UUID, named: str, zone: str) -> Charge:
    """What is charged on a line of a bill that corrects an earlier period.

    Args:
        corrected: That period.
        sale: Who sells and who buys now; None while the organisation has no legal entity.
        customer: Who pays.
        named: What they are called.
        zone: Whose clocks the days of bills are of.

    Raises:
        TaxUndecidedError: Another legal entity sold in the earlier period, or its tax is not known.
    """
    made = None if corrected.bill is None else invoice_of_bill(corrected.bill)
    known = None if made is None else _charge_on(made, corrected.clause)
    if _goes_on(known, made, sale):
        return known
    then = sale_to(customer=customer, named=named, day=last_day(corrected.end, time_zone(zone)))
    return charge_by(corrected.tax_percent, then)


def _charge_on(made: Invoice, clause: str) -> Charge:
    """What an invoice charged on a line of it."""
    if "taxes" not in made.document:
        return charge_of(made.document)
    parts = parts_of(made.document, Amounts(made.net_minor, made.tax_minor))
    at: int = next(line["tax"] for line in made.document["lines"] if line["clause"] == clause)
    return parts[at].charge


def _charged_for(row: Statement, sale: Sale | None) -> Charge:
    """The tax of the supply in the period of a statement: that of its first invoice, or what held on its last day."""
    first = first_version(row.contract_id, row.period_start, row.period_end) or row
    made = invoice_of(first.id)
    known = None if made is None else charge_of(made.document)
    if _goes_on(known, made, sale):
        return known
    agreement = agreement_of(first.contract_version)
    last = last_day(first.period_end, time_zone(agreement.terms.time_zone))
    then = sale_to(customer=UUID(agreement.customer), named=agreement.parties.customer, day=last)
    return charge_by(agreement.tax_percent, then)


def _goes_on(known: Charge | None, made: Invoice | None, sale: Sale | None) -> TypeGuard[Charge]:
    """Whether what an invoice charged is charged again: not a percent that was agreed before anybody was there to sell.

    Raises:
        TaxUndecidedError: Another legal entity has sold it.
    """
    if made is not None:
        _refuse_other_seller(made, sale)
    return known is not None and (known.tax is not None or sale is None)


def charge_by(agreed: str, sale: Sale | None) -> Charge:
    """What is charged on a sale; the percent that was agreed while the organisation has no legal entity."""
    return Charge(agreed) if sale is None else Charge(sale.tax.percent, sale.tax)


def _refuse_other_seller(made: Invoice, sale: Sale | None) -> None:
    if made.entity is None or sale is None or made.entity == sale.entity:
        return
    message = f"{made.entity.name} sold what a line corrects ({made.number}), and {sale.entity.name} sells now."
    fix = f"Choose {made.entity.name} in the billing data of the customer until this invoice is issued."
    finding = Finding("tax.other_seller", "customer/entity", message, fix)
    raise TaxUndecidedError(
        message, place=finding.place, kept="The statement; nothing was issued.", fix=fix, findings=[finding]
    )  # fmt: skip
