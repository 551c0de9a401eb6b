"""An invoice or credit note as a PDF: PDF/A-3 and PDF/UA-1, with the electronic one attached where it is offered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any

from django.utils.translation import get_language, gettext, pgettext

from billing.contracts.shown import money_shown, period_shown
from billing.invoices.domain.banking import account_shown
from billing.invoices.domain.sums import Amounts
from billing.invoices.domain.taxes import Part, parts_of
from billing.invoices.einvoice import offered
from billing.invoices.models import Invoice
from billing.statements.retold import retold
from tenants.edge.formats import day_shown, number_shown
from tenants.edge.printing import Letterhead, printed
from tenants.edge.retelling import retell
from tenants.kernel.calendars import time_zone
from tenants.kernel.canonical import digest
from tenants.lifecycle.selectors import letterhead

Json = Mapping[str, Any]


def invoice_pdf(document: Json, *, about: str, letter: Letterhead, is_bill: bool = False) -> bytes:
    """An invoice or credit note to print, in the language that is spoken; the same bytes for the same look.

    What was paid of it since is not told: that stands on its page.

    Args:
        document: What `Invoice.document` holds.
        about: What is charged for: the title of the contract.
        letter: How the organisation looks that sends it.
        is_bill: Whether it rests on a bill of a plan of the platform, and not on a statement.
    """
    xml = offered(document)
    content = _Told(document, about, is_bill=is_bill).content(with_xml=xml is not None)
    return printed(
        _template(), content, at=datetime.fromisoformat(document["issued_at"]), letterhead=letter,
        attached={} if xml is None else {"electronic": xml},
    )  # fmt: skip


def pdf_of(row: Invoice) -> bytes:
    """The same of an invoice of the organisation in scope, under its letterhead."""
    is_bill = row.contract is None
    about = row.document["contract"] if is_bill else row.contract.title
    return invoice_pdf(row.document, about=about, letter=letterhead(), is_bill=is_bill)


class _Told:
    """The words and figures of one document."""

    def __init__(self, document: Json, about: str, *, is_bill: bool) -> None:
        self.document, self.about, self.is_bill = document, about, is_bill
        self.number: str = document["invoice"]
        self.is_credit = document["kind"] == "credit_note"
        self.seller: Json = document.get("seller") or {"name": document["parties"]["provider"]}
        self.buyer: Json = document.get("buyer") or {"name": document["parties"]["customer"]}
        self.parts = parts_of(document, Amounts(document["net_minor"], document["tax_minor"]))

    def content(self, *, with_xml: bool) -> dict[str, Any]:
        kind = gettext("Credit note") if self.is_credit else gettext("Invoice")
        period = self.period()
        total = gettext("Total") if self.is_credit else gettext("To be paid")
        return {
            "language": get_language() or "en",
            "title": f"{kind} {self.number}",
            "lead": f"{self.about}, {period}",
            "seller": _party(self.seller),
            "buyer": _party(self.buyer),
            "facts": list(self.facts(period)),
            "heads": self.heads(),
            "lines": [self.line(line) for line in self.document["lines"]],
            "sums": list(self.sums()),
            "total": [total, self.money(self.document["gross_minor"])],
            "notes": self.notes(),
            "payment": [] if self.is_credit else self.payment(),
            "digests": [
                (gettext("Bill") if self.is_bill else gettext("Statement"), self.document["statement"]),
                (kind, digest(self.document)),
            ],
            "electronic": f"{self.number}.xml" if with_xml else None,
            "say": self.words(),
        }  # fmt: skip

    def facts(self, period: str) -> Iterator[tuple[str, str]]:
        yield gettext("Number"), self.number
        yield gettext("Issued"), self.day("issued_on")
        yield gettext("Period"), period
        if not self.is_credit:
            yield gettext("Due"), self.day("due_on")
        if "credits" in self.document:
            yield pgettext("deed", "Credits"), self.document["credits"]["invoice"]
        if self.buyer.get("reference"):
            yield gettext("Reference of the buyer"), self.buyer["reference"]

    def heads(self) -> list[str]:
        tax = [gettext("Tax")] if len(self.parts) > 1 else []
        return [gettext("Line"), *tax, gettext("Amount")]

    def line(self, line: Json) -> list[str]:
        tax = [_percent(self.parts[line.get("tax", 0)])] if len(self.parts) > 1 else []
        return [retold(line["text"]), *tax, self.money(line["minor"])]

    def sums(self) -> Iterator[tuple[str, str]]:
        yield gettext("Net"), self.money(self.document["net_minor"])
        for part in self.parts:
            label = gettext("Tax %(percent)s %%") % {"percent": number_shown(part.charge.percent)}
            if len(self.parts) > 1:
                label += " " + gettext("on %(net)s") % {"net": self.money(part.net)}
            yield label, self.money(part.tax)

    def notes(self) -> list[str]:
        """Why an invoice was credited, and what the law wants said of each tax."""
        taxes = [part.charge.tax.note for part in self.parts if part.charge.tax is not None]
        reason = self.document.get("reason", "")
        return [note for note in (reason, *map(retell, dict.fromkeys(taxes))) if note]

    def payment(self) -> list[tuple[str, str]]:
        told = [
            (gettext("To be paid"), self.money(self.document["gross_minor"])), (gettext("Due"), self.day("due_on")),
            (gettext("Bank account"), account_shown(self.seller.get("account", ""))),
            (gettext("Bank"), self.seller.get("bank", "")), (pgettext("payment", "Reference"), self.number),
        ]  # fmt: skip
        return [(name, value) for name, value in told if value]

    def words(self) -> dict[str, str]:
        return {
            "description": f"{self.number} · {self.buyer['name']}",
            "electronic": gettext("The electronic invoice: UBL 2.1 after EN 16931"),
            "payment": gettext("Payment"),
            "pay": gettext("Please name the reference when you pay."),
            "rests_on": gettext("Rests on"),
            "proof": " ".join(self.proof()),
        }  # fmt: skip

    def proof(self) -> Iterator[str]:
        yield gettext("The digests (SHA-256) of what this was made of, and of what it says itself.")
        if not self.is_bill:
            yield gettext("The report of the statement proves where each figure comes from.")

    def period(self) -> str:
        told = self.document["period"]
        start, end = (datetime.fromisoformat(told[side]) for side in ("start", "end"))
        return period_shown(start, end, time_zone(told["time_zone"]))

    def day(self, name: str) -> str:
        return day_shown(date.fromisoformat(self.document[name]))

    def money(self, minor: int) -> str:
        return money_shown(minor, self.document["currency"])


def _party(told: Json) -> dict[str, Any]:
    """Who stands on it: the name, the lines of the address, and what the tax office knows it by."""
    town = " ".join(filter(None, (told.get("postcode"), told.get("city"))))
    marks = (
        (gettext("VAT identifier"), told.get("vat_id")), ("", told.get("registration")),
        (gettext("Tax number"), told.get("tax_number")),
    )  # fmt: skip
    return {
        "name": told["name"],
        "lines": [line for line in (*told.get("street", "").splitlines(), town, told.get("country")) if line],
        "marks": [f"{name} {number}".strip() for name, number in marks if number],
    }


def _percent(part: Part) -> str:
    return f"{number_shown(part.charge.percent)} %"


@cache
def _template() -> bytes:
    return files("billing.invoices").joinpath("invoice.typ").read_bytes()
