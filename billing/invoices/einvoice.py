"""The electronic invoice: written from what was issued, checked, and offered only when nothing is against it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from billing.invoices.domain.rules import faults
from billing.invoices.domain.tax import tax_of
from billing.invoices.domain.ubl import ubl_bytes, ubl_of
from billing.invoices.models import Invoice
from tenants.kernel.errors import Finding, OutturnError


class NotOfferedError(OutturnError):
    """What was issued cannot be sent as an electronic invoice."""

    code = "einvoice.not_offered"
    status = 422


def einvoice(row: Invoice) -> bytes:
    """An invoice or credit note in UBL 2.1 after EN 16931; the same bytes each time.

    Raises:
        NotOfferedError: It was issued without a legal entity, or does not meet a rule; the findings say which.
    """
    if tax_of(row.document) is None:
        message = "It was issued before there was a legal entity, and names neither address nor category of tax."
        fix = "Enter a legal entity and the billing data of the customer; later invoices are offered."
        raise _refused(row, [Finding("einvoice.no_seller", "seller", message, fix)])
    tree = ubl_of(row.document)
    found = faults(tree)
    if found:
        raise _refused(row, found)
    return ubl_bytes(tree)


def offered(document: Mapping[str, Any]) -> bytes | None:
    """The same of an invoice's document; None where it is not offered."""
    if tax_of(document) is None:
        return None
    tree = ubl_of(document)
    return None if faults(tree) else ubl_bytes(tree)


def _refused(row: Invoice, found: list[Finding]) -> NotOfferedError:
    told = " ".join(finding.message for finding in found)
    return NotOfferedError(
        f"{row.number} cannot be sent as an electronic invoice. {told}", place=found[0].place,
        kept="The invoice as it was issued.", fix=found[0].fix, findings=found,
    )  # fmt: skip
