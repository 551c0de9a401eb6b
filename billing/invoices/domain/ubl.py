"""An invoice's document as UBL 2.1, the syntax in which EN 16931 invoices travel.

Sources: EN 16931-1 for the terms (BT-..), CEN/TS 16931-3-2 for where each stands in UBL, the UBL 2.1 schemas for the
order of elements. What the customer is owed is a CreditNote with positive sums.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, register_namespace, tostring

from billing.contracts.periods import last_day
from billing.invoices.domain.banking import is_iban
from tenants.kernel.calendars import time_zone
from tenants.kernel.money import Money

CBC = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
CAC = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
ROOT = "urn:oasis:names:specification:ubl:schema:xsd:{kind}-2"
CORE = "urn:cen.eu:en16931:2017"
"""BT-24: the core invoice, without any restriction of a country or network."""
TYPES = {"invoice": ("Invoice", "380"), "credit_note": ("CreditNote", "381")}
TRANSFER, SEPA_TRANSFER = "30", "58"
"""BT-81: a transfer to an account, and one in euro to an IBAN (UNCL4461)."""
PIECE = "C62"
"""Unit of every line: one (UN/ECE Recommendation 20)."""

_NO_CHARACTER = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
Json = Mapping[str, Any]


def ubl_of(document: Json) -> Element:
    """The document of an invoice or credit note that names its seller, its buyer and its tax, as UBL.

    Args:
        document: What `Invoice.document` holds; sums are signed, positive where the customer owes.
    """
    kind, code = TYPES[document["kind"]]
    root = Element(f"{{{ROOT.format(kind=kind)}}}{kind}")
    writer = _Writer(document, kind)
    writer.head(root, code)
    writer.party(root, "AccountingSupplierParty", document["seller"])
    writer.party(root, "AccountingCustomerParty", document["buyer"])
    if kind == "CreditNote":
        means = _in(root, "PaymentMeans")
        _put(means, "PaymentMeansCode", "1")
        _put(means, "PaymentDueDate", document["due_on"])
    elif document["seller"].get("account"):
        writer.payment(root)
    writer.tax(root)
    writer.totals(root)
    for number, line in enumerate(document["lines"], 1):
        writer.line(root, number, line)
    return root


def ubl_bytes(root: Element) -> bytes:
    """The file, in UTF-8 with a declaration; the same document is the same bytes."""
    for prefix, space in (("cbc", CBC), ("cac", CAC), ("", root.tag[1:].partition("}")[0])):
        register_namespace(prefix, space)
    indent(root)
    written: bytes = tostring(root, encoding="UTF-8", xml_declaration=True)
    return written + b"\n"


def amount_text(minor: int, currency: str) -> str:
    """An amount with the digits of its currency; noughts behind the second, which EN 16931 has no room for, are left.

    Such as ``3008000`` of JPY, ``10.50`` of EUR, ``1.23`` of KWD for 1230 fils, and ``1.234`` for 1234.
    """
    whole, dot, decimals = f"{Money(minor, currency).amount:f}".partition(".")
    return f"{whole}{dot}{decimals[:2]}{decimals[2:].rstrip('0')}"


def _in(parent: Element, name: str) -> Element:
    return SubElement(parent, f"{{{CAC}}}{name}")


def _put(parent: Element, name: str, text: str, **attributes: str) -> None:
    """Put in an element, unless it would be empty: UBL has none of these."""
    if text:
        SubElement(parent, f"{{{CBC}}}{name}", attributes).text = _NO_CHARACTER.sub(" ", text)


class _Writer:
    """Writes the parts; `sign` turns what a credit note gives back into positive amounts."""

    def __init__(self, document: Json, kind: str) -> None:
        self.document, self.kind = document, kind
        self.sign = -1 if kind == "CreditNote" else 1
        self.currency: str = document["currency"]
        whole = {"net_minor": document["net_minor"], "tax_minor": document["tax_minor"], **document["tax"]}
        self.taxes: Sequence[Json] = document.get("taxes", [whole])

    def head(self, root: Element, code: str) -> None:
        """BG-1 to BG-3, in the order of the schema of either kind."""
        document = self.document
        _put(root, "CustomizationID", CORE)
        _put(root, "ID", document["invoice"])
        _put(root, "IssueDate", document["issued_on"])
        if self.kind == "Invoice":
            _put(root, "DueDate", document["due_on"])
        _put(root, f"{self.kind}TypeCode", code)
        for note in dict.fromkeys((document.get("reason", ""), *(each["note"] for each in self.taxes))):
            _put(root, "Note", note)
        _put(root, "DocumentCurrencyCode", self.currency)
        _put(root, "BuyerReference", document["buyer"].get("reference", ""))
        period = _in(root, "InvoicePeriod")
        first, last = _days(document["period"])
        _put(period, "StartDate", first)
        _put(period, "EndDate", last)
        if "credits" in document:
            preceding = _in(_in(root, "BillingReference"), "InvoiceDocumentReference")
            _put(preceding, "ID", document["credits"]["invoice"])
            _put(preceding, "IssueDate", document["credits"]["issued_on"])
        _put(_in(root, "ContractDocumentReference"), "ID", document["contract"])

    def party(self, root: Element, name: str, told: Json) -> None:
        """BG-4 or BG-7. Where nothing is subject to VAT no VAT identifier may stand (BR-O-02)."""
        party = _in(_in(root, name), "Party")
        address = _in(party, "PostalAddress")
        first, *more = (told.get("street", "") or "").splitlines() or [""]
        _put(address, "StreetName", first)
        _put(address, "AdditionalStreetName", ", ".join(more))
        _put(address, "CityName", told.get("city", ""))
        _put(address, "PostalZone", told.get("postcode", ""))
        _put(_in(address, "Country"), "IdentificationCode", told.get("country", ""))
        vat_id = "" if self.document["tax"]["category"] == "O" else told.get("vat_id", "")
        for number, scheme in ((vat_id, "VAT"), (told.get("tax_number", ""), "FC")):
            if number:
                registered = _in(party, "PartyTaxScheme")
                _put(registered, "CompanyID", number)
                _put(_in(registered, "TaxScheme"), "ID", scheme)
        entity = _in(party, "PartyLegalEntity")
        _put(entity, "RegistrationName", told["name"])
        _put(entity, "CompanyID", told.get("registration", ""))

    def payment(self, root: Element) -> None:
        """BG-16 and BG-17: a transfer to the seller's account, with the number of the invoice as the reference."""
        seller = self.document["seller"]
        is_sepa = self.currency == "EUR" and is_iban(seller["account"])
        means = _in(root, "PaymentMeans")
        _put(means, "PaymentMeansCode", SEPA_TRANSFER if is_sepa else TRANSFER)
        _put(means, "PaymentID", self.document["invoice"])
        account = _in(means, "PayeeFinancialAccount")
        _put(account, "ID", seller["account"])
        _put(account, "Name", seller["name"])
        if seller.get("bank"):
            _put(_in(account, "FinancialInstitutionBranch"), "ID", seller["bank"])

    def tax(self, root: Element) -> None:
        """BG-23, a part for each category and rate: one, unless a line corrects a period of another rate."""
        total = _in(root, "TaxTotal")
        self.amount(total, "TaxAmount", self.document["tax_minor"])
        for told in self.taxes:
            part = _in(total, "TaxSubtotal")
            self.amount(part, "TaxableAmount", told["net_minor"])
            self.amount(part, "TaxAmount", told["tax_minor"])
            self.category(_in(part, "TaxCategory"), told, with_reason=True)

    def category(self, parent: Element, tax: Json, *, with_reason: bool) -> None:
        """The category of a line or of the breakdown; a rate and a reason only where the category has them."""
        _put(parent, "ID", tax["category"])
        if tax["category"] != "O":
            _put(parent, "Percent", tax["percent"])
        if with_reason and tax["category"] not in ("S", "Z"):
            _put(parent, "TaxExemptionReasonCode", tax["code"])
            _put(parent, "TaxExemptionReason", tax["note"])
        _put(_in(parent, "TaxScheme"), "ID", "VAT")

    def totals(self, root: Element) -> None:
        """BG-22."""
        total, document = _in(root, "LegalMonetaryTotal"), self.document
        self.amount(total, "LineExtensionAmount", document["net_minor"])
        self.amount(total, "TaxExclusiveAmount", document["net_minor"])
        self.amount(total, "TaxInclusiveAmount", document["gross_minor"])
        self.amount(total, "PayableAmount", document["gross_minor"])

    def line(self, root: Element, number: int, told: Json) -> None:
        """BG-25: prices are never negative (BR-27), so what goes the other way is minus one piece."""
        line = _in(root, f"{self.kind}Line")
        minor = self.sign * told["minor"]
        _put(line, "ID", str(number))
        quantity = "CreditedQuantity" if self.kind == "CreditNote" else "InvoicedQuantity"
        _put(line, quantity, "-1" if minor < 0 else "1", unitCode=PIECE)
        self.amount(line, "LineExtensionAmount", told["minor"])
        item = _in(line, "Item")
        _put(item, "Name", told["text"])
        self.category(_in(item, "ClassifiedTaxCategory"), self.taxes[told.get("tax", 0)], with_reason=False)
        self.amount(_in(line, "Price"), "PriceAmount", abs(minor) * self.sign)

    def amount(self, parent: Element, name: str, minor: int) -> None:
        """A signed sum of the document as the amount that this kind shows."""
        _put(parent, name, amount_text(self.sign * minor, self.currency), currencyID=self.currency)


def _days(period: Json) -> Sequence[str]:
    """The first and the last day of a period, on the clocks of the contract."""
    zone = time_zone(period["time_zone"])
    start, end = (datetime.fromisoformat(period[side]) for side in ("start", "end"))
    return start.astimezone(zone).date().isoformat(), last_day(end, zone).isoformat()
