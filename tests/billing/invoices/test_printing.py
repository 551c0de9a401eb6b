"""Invoices and credit notes to print: what they say in either language, what is attached, and who may have them."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from django.utils.translation import override
from pypdf import PdfReader
from rest_framework.test import APIClient

from billing.invoices.crediting import credit_invoice
from billing.invoices.domain.ubl import ubl_bytes, ubl_of
from billing.invoices.einvoice import einvoice
from billing.invoices.models import Invoice
from billing.invoices.printing import invoice_pdf, pdf_of
from billing.reports.services import settle_period
from tenants.customers.services import create_customer
from tenants.edge.printing import Letterhead
from tenants.kernel.canonical import digest
from tenants.kernel.clock import utc_now
from tenants.lifecycle.branding import Brand, set_brand
from tenants.lifecycle.images import read_picture
from tenants.people.models import User
from tenants.people.services import add_member
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tests.billing.invoices.sellers import AT_HOME, a_seller, billed_at
from tests.billing.invoices.test_einvoice import a_document
from tests.billing.world import BY, NOVEMBER, SIGNED, House, agreement, at, body, published, written
from tests.conftest import Cast
from tests.tenants.lifecycle.test_images import png

Keyed = Callable[..., APIClient]
SignIn = Callable[[User], Client]
LETTER = Letterhead("Meridian Engines")
STATEMENT = "5a" * 32


def a_printed(*minors: int, about: str = "Power by the hour", letter: Letterhead = LETTER, **changes: Any) -> bytes:
    document = a_document(*minors, **changes)
    added = {"statement": STATEMENT, "tax_percent": document["tax"]["percent"], "issued_at": "2026-12-05T10:00:00Z"}
    return invoice_pdf(document | added, about=about, letter=letter)


def accents_in(data: bytes) -> set[str]:
    """The colours that the pages set, six hexadecimal digits each."""
    found: set[str] = set()
    for page in PdfReader(BytesIO(data)).pages:
        drawn = page.get_contents()
        assert drawn is not None
        for channels in re.findall(r"([\d.]+) ([\d.]+) ([\d.]+) scn?\b", drawn.get_data().decode("latin-1")):
            found.add("#" + "".join(f"{round(float(each) * 255):02x}" for each in channels))
    return found


def test_an_invoice_says_what_the_law_wants() -> None:
    data = a_printed()
    text = written(data)
    for words in (
        "Invoice ME-2026-0001", "Power by the hour, November 2026", "Meridian Engines",
        "Meridian GmbH · Werftstraße 5 · 22525 Hamburg · DE", "VAT identifier DE123456789 · HRB 12345",
        "Northwind Rollfeld 1 85356 München DE", "Issued 5 December 2026", "Due 4 January 2027",
        "Reference of the buyer PO-7", "Line 0 & more 12,000.00 EUR", "Line 1 & more -1,200.00 EUR",
        "Net 10,800.00 EUR", "Tax 19 % 2,052.00 EUR", "To be paid 12,852.00 EUR", STATEMENT,
    ):  # fmt: skip
        assert words in text, (words, text)
    reader = PdfReader(BytesIO(data))
    root: Any = reader.trailer["/Root"]
    assert root["/Lang"] == "en"
    standards = root["/Metadata"].get_data().decode()
    for name in ("<pdfaid:part>3<", "<pdfaid:conformance>A<", "<pdfuaid:part>1<"):
        assert name in standards, name
    assert reader.attachments["ME-2026-0001.xml"] == [ubl_bytes(ubl_of(a_document()))]
    assert a_printed() == data


def test_it_tells_the_account_that_the_document_names() -> None:
    document = a_document()
    seller = document["seller"] | {"account": "DE89370400440532013000", "bank": "COBADEFFXXX"}
    text = written(a_printed(seller=seller))
    assert "Bank account DE89 3704 0044 0532 0130 00 Bank COBADEFFXXX Reference ME-2026-0001" in text
    assert "Bank" not in written(a_printed())


def test_an_invoice_in_german() -> None:
    with override("de"):
        data = a_printed(category="AE")
    text = written(data)
    for words in (
        "Rechnung ME-2026-0001", "Ausgestellt 5. Dezember 2026", "Fällig 4. Januar 2027", "Netto 10.800,00 €",
        "Zu zahlen 10.800,00 €", "Steuerschuldnerschaft des Leistungsempfängers",
        "1 rue du Vol Bâtiment B 31000 Toulouse", "USt-IdNr. FR12345678901",
    ):  # fmt: skip
        assert words in text, (words, text)
    for word in ("Payment", "Please", "digests", "Reference", "Tax"):
        assert word not in text, word
    assert PdfReader(BytesIO(data)).trailer["/Root"]["/Lang"] == "de"  # type: ignore[index]


def test_several_taxes_stand_at_their_lines_and_in_the_sums() -> None:
    lines = [{"kind": "fee", "clause": "fee", "text": "Fee", "minor": 100000, "tax": 0},
             {"kind": "adjustment", "clause": "a", "text": "Of May 2020", "minor": -20000, "tax": 1}]  # fmt: skip
    taxes = [
        {"category": "S", "percent": percent, "note": "", "code": "", "net_minor": net, "tax_minor": tax}
        for percent, net, tax in (("19", 100000, 19000), ("16", -20000, -3200))
    ]
    text = written(
        a_printed(lines=lines, taxes=taxes, net_minor=80000, tax_minor=15800, gross_minor=95800)
    )  # fmt: skip
    for words in (
        "Line Tax Amount", "Fee 19 % 1,000.00 EUR", "Of May 2020 16 % -200.00 EUR",
        "Tax 19 % on 1,000.00 EUR 190.00 EUR", "Tax 16 % on -200.00 EUR -32.00 EUR", "To be paid 958.00 EUR",
    ):  # fmt: skip
        assert words in text, (words, text)


def test_a_credit_note_names_what_it_takes_back_and_asks_for_nothing() -> None:
    taken = {"invoice": "ME-2026-0001", "issued_on": "2026-12-05"}
    data = a_printed(-120000, invoice="ME-CN-2026-0001", credits=taken, reason="Metered twice.")
    text = written(data)
    for words in ("Credit note ME-CN-2026-0001", "Credits ME-2026-0001", "Metered twice.", "Total -1,428.00 EUR"):
        assert words in text, (words, text)
    for words in ("Payment", "Due", "To be paid"):
        assert words not in text, words
    assert "ME-CN-2026-0001.xml" in PdfReader(BytesIO(data)).attachments


def test_what_is_long_goes_on_with_its_head_on_the_next_page() -> None:
    pages = PdfReader(BytesIO(a_printed(*[1000] * 60))).pages
    assert len(pages) == 2
    assert "Line Amount Line 36 & more" in " ".join(pages[1].extract_text().split())


def test_a_letterhead_has_the_colour_and_the_logo() -> None:
    plain = a_printed()
    branded = a_printed(letter=Letterhead("Care", "#882255", png(64, 32)))
    assert ("#1f5f8b" in accents_in(plain), "#882255" in accents_in(plain)) == (True, False)
    assert ("#1f5f8b" in accents_in(branded), "#882255" in accents_in(branded)) == (False, True)
    assert [len(PdfReader(BytesIO(data)).pages[0].images) for data in (plain, branded)] == [0, 1]


@pytest.mark.django_db
class TestHaving:
    """Who may have the document of whom."""

    def test_the_file_is_that_of_the_invoice(self, cast: Cast, house: House, sign_in: SignIn) -> None:
        row = house.done.invoice
        assert row is not None
        path = f"/t/meridian/invoices/{row.id}/"
        client = sign_in(cast.reader)
        assert f'href="{path}invoice.pdf"' in body(client, path)
        answer = client.get(f"{path}invoice.pdf")
        assert answer.headers["Content-Type"] == "application/pdf"
        assert answer.headers["Content-Disposition"] == 'attachment; filename="ME-2026-0001.pdf"'
        assert answer.headers["Cache-Control"] == "private, no-store"
        text = written(answer.content)
        for words in ("Invoice ME-2026-0001", "Northwind Air", "To be paid 10,800.00 USD", row.digest):
            assert words in text, (words, text)
        assert PdfReader(BytesIO(answer.content)).attachments == {}
        german = client.get(f"{path}invoice.pdf", headers={"Accept-Language": "de"})
        assert "Rechnung ME-2026-0001" in written(german.content)

    def test_nobody_has_that_of_another_customer(self, cast: Cast, house: House, sign_in: SignIn) -> None:
        assert house.done.invoice is not None
        with scope(cast.meridian.id):
            other = create_customer(name="Southwind Air", now=SIGNED).id
        reader = User.objects.create_user("reader@southwind.example")
        add_member(tenant=cast.meridian.id, user=reader.id, role=Role.CUSTOMER, customer=other, now=SIGNED)
        body(sign_in(reader), f"/t/meridian/invoices/{house.done.invoice.id}/invoice.pdf", 404)

    def test_over_the_api(self, cast: Cast, house: House, with_key: Keyed) -> None:
        assert house.done.invoice is not None
        api = with_key(cast.meridian, Role.VIEWER)
        answer = api.get(f"/api/v1/invoices/{house.done.invoice.id}/pdf/")
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/pdf")
        assert "Invoice ME-2026-0001" in written(answer.content)
        assert api.get(f"/api/v1/invoices/{house.done.statement.id}/pdf/").status_code == 404

    def test_under_the_brand_with_the_electronic_one(self, cast: Cast, house: House) -> None:
        with scope(cast.meridian.id):
            a_seller()
            billed_at(cast.northwind, AT_HOME)
            set_brand(
                brand=Brand("Meridian Care", "#882255"), picture=read_picture(png(64, 32)), remove_logo=False,
                by="owner", now=utc_now(),
            )  # fmt: skip
            terms = agreement(house.fleet, title="Second") | {"customer": str(cast.northwind)}
            second = published(terms)
            done = settle_period(contract=second.id, start=NOVEMBER[0], end=NOVEMBER[1], by=BY, now=at("2026-12-06"))
            row = Invoice.objects.get(id=done.invoice.id)  # type: ignore[union-attr]
            data, note = pdf_of(row), credit_invoice(invoice=row.id, minor=None, reason="No.", by=BY, now=utc_now())
            credited = pdf_of(note)
            report = bytes(done.report.pdf)
            assert PdfReader(BytesIO(data)).attachments == {f"{row.number}.xml": [einvoice(row)]}
            assert PdfReader(BytesIO(credited)).attachments == {f"{note.number}.xml": [einvoice(note)]}
        assert digest(row.document) in written(data)
        for each in (data, credited, report):
            assert "#882255" in accents_in(each)
            assert len(PdfReader(BytesIO(each)).pages[0].images) == 1
        before = bytes(house.done.report.pdf)
        assert "#1f5f8b" in accents_in(before)
        assert "Meridian Engines" in written(before)
