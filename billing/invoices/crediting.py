"""Credit notes for invoices: all of one, or a part, with its tax, so that the last one leaves exactly nought."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from billing.contracts.selectors import agreement_of
from billing.invoices.domain.sums import Amounts, credited
from billing.invoices.domain.taxes import Part, Taxed, charge_of, credited_parts, parts_of
from billing.invoices.models import Invoice
from billing.invoices.selectors import credited_of, hold_account
from billing.invoices.selectors import invoice as invoice_by_id
from billing.invoices.writing import Lines, Wanted, hold_numbers, write_invoice
from tenants.kernel.calendars import time_zone
from tenants.kernel.errors import ConflictError, OutturnError
from tenants.kernel.money import Rounding

KEPT = "What was credited before; nothing was issued."


class NotCreditableError(ConflictError):
    """There is nothing of this document to credit."""

    code = "credit.nothing_left"


class CreditAmountError(OutturnError):
    """The amount is no part of what is left of the invoice."""

    code = "credit.amount"
    status = 422


class CreditReasonError(OutturnError):
    """A credit note says why it was issued."""

    code = "credit.reason"
    status = 422


def credit_invoice(*, invoice: UUID, minor: int | None, reason: str, by: str, now: datetime) -> Invoice:
    """Issue a credit note for an invoice: category, rate and rounding are the invoice's, whatever holds today.

    Args:
        invoice: The invoice.
        minor: The net amount, positive, in minor units; None for all that is left.
        reason: Why, as it stands on the credit note.
        by: Who issues it.
        now: When.

    Raises:
        InvoiceNotFoundError: There is no such invoice.
        NotCreditableError: It is a credit note, comes to nothing, or is credited already.
        CreditAmountError: The amount is not positive, or more than is left.
        CreditReasonError: No reason is given.
    """
    with transaction.atomic():
        found = invoice_by_id(invoice)
        hold_account(found)
        before = credited_of(found.id)
        left = found.net_minor - before
        part = left if minor is None else minor
        _refuse(found, left, part, reason.strip())
        rounding, zone = _terms(found)
        taken = _taken(found, before, part, rounding, reason.strip())
        today = now.astimezone(time_zone(zone)).date()
        hold_numbers()
        return write_invoice(
            Wanted(
                statement=None, credits=found, entity=found.entity, contract=found.contract_id,
                customer=found.customer_id, currency=found.currency, lines=taken.lines, sums=taken.sums,
                issued_on=today, due_on=today, document=_document(found, reason.strip()) | taken.as_json(),
            ),
            by=by, now=now,
        )  # fmt: skip


def _terms(found: Invoice) -> tuple[Rounding, str]:
    """How an invoice was rounded, and on whose clocks its days are."""
    if found.rests_on is None:
        return found.document["rounding"], found.document["period"]["time_zone"]
    terms = agreement_of(found.rests_on.contract_version).terms
    return terms.rounding, terms.time_zone


def _refuse(found: Invoice, left: int, part: int, reason: str) -> None:
    if found.kind != "invoice" or left <= 0:
        raise NotCreditableError(
            f"Nothing of {found.number} is left to credit.", place="invoice", kept=KEPT,
            fix="Choose an invoice of which something is left.",
        )  # fmt: skip
    if not 0 < part <= left:
        raise CreditAmountError(
            f"{part} minor units are no part of the {left} that are left of {found.number}.", place="minor", kept=KEPT,
            fix=f"Write a net amount from 1 to {left} minor units, or leave it out for all of it.",
        )  # fmt: skip
    if not reason:
        raise CreditReasonError(
            "No reason is given.", place="reason", kept=KEPT, fix="Say why; it stands on the credit note."
        )


def _taken(found: Invoice, before: int, part: int, rounding: Rounding, reason: str) -> Taxed:
    """What is taken back, and its tax: shared over the rates of the invoice where there are several."""
    if "taxes" in found.document:
        parts = credited_parts(
            parts_of(found.document, Amounts(found.net_minor, found.tax_minor)), before, part, rounding
        )
    else:
        sums = credited(found.net_minor, before, part, found.document["tax_percent"], rounding)
        parts = [Part(charge_of(found.document), sums.net, sums.tax)]
    return Taxed(_lines(found, part, parts, reason), parts, charge_of(found.document))


def _lines(found: Invoice, part: int, parts: Sequence[Part], reason: str) -> Lines:
    """The lines of the invoice turned round when all of it is taken back, so that each account is; else one a rate."""
    if part == found.net_minor:
        told = ("kind", "clause", "text", "tax")
        return [
            {name: line[name] for name in told if name in line} | {"minor": -line["minor"]}
            for line in found.document["lines"]
        ]
    line = {"kind": "adjustment", "clause": "credit", "text": f"{found.number}: {reason}"}
    if len(parts) == 1:
        return [line | {"minor": -part}]
    return [line | {"minor": each.net, "tax": at} for at, each in enumerate(parts) if each.net]


def _document(found: Invoice, reason: str) -> dict[str, object]:
    told = (
        "statement", "contract", "parties", "period", "tax_percent", "seller", "buyer", "tax", "supplied_on",
        "rounding",
    )  # fmt: skip
    return {
        **{name: found.document[name] for name in told if name in found.document},
        "credits": {
            "invoice": found.number,
            "issued_on": found.document["issued_on"],
            "digest": found.digest,
        },
        "reason": reason,
    }
