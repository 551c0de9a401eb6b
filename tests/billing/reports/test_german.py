"""The report in German: its page and its document, beside sealed bytes that no language changes."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from django.utils.translation import override
from pypdf import PdfReader

from billing.reports.services import Settlement, settle_period
from tenants.people.models import User
from tenants.scope.context import scope
from tests.billing.outcomes.documents import AWS_TIERS, a_clause
from tests.billing.world import BY, NOVEMBER, House, a_fleet, agreement, at, published, visit, written
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
SAME = {"X-Request-Id": "0123456789abcdef"}
SIGNED = re.compile(r'<ul class="sentences" lang="en">.*?</ul>', re.DOTALL)
"""The contract's own words, which stay as they were agreed."""
TEXTS = re.compile(r'<script id="texts".*?</script>', re.DOTALL)
"""What programs in the browser look texts up in, by their English."""
GERMAN = {"Accept-Language": "de-DE,de;q=0.9"}


@pytest.fixture
def done(cast: Cast) -> Settlement:
    """A month in euros: an engine was down for 15.8 hours, and for the 4 between in which it flew nobody knows."""
    with scope(cast.meridian.id):
        fleet = a_fleet("2026-10-29", "2026-12-01")
        visit(fleet.engines[0], "2026-11-10T12:00", "2026-11-11T07:48", told="2026-11-12")
        clause = a_clause(id="uptime", assets=fleet.ids, remedies=[AWS_TIERS])
        wanted = agreement(fleet, clause, currency="EUR", tax_percent="19", fee={"kind": "flat", "minor": 123_450})
        contract = published(wanted | {"customer": str(cast.northwind)})
        return settle_period(contract=contract.id, start=NOVEMBER[0], end=NOVEMBER[1], by=BY, now=at("2026-12-05"))


def test_a_page_in_german_and_in_english(cast: Cast, done: Settlement, sign_in: SignIn) -> None:
    path, client = f"/t/meridian/reports/{done.report.id}/", sign_in(cast.reader)
    english, german = (answer.content.decode() for answer in (client.get(path), client.get(path, headers=GERMAN)))
    (signed,) = SIGNED.findall(german)
    english, german = (TEXTS.sub("", SIGNED.sub("", page)) for page in (english, german))
    for said, told in (
        ('<html lang="en"', '<html lang="de"'),
        ("97.25 %", "97,25 %"),
        ("1,234.50 EUR", "1.234,50 €"),
        (
            "Outcome report of Meridian Engines for Northwind Air",
            "Ergebnisbericht von Meridian Engines für Northwind Air",
        ),
        ("guaranteed 99.9 %", "garantiert 99,9 %"),
        ("10 Nov 2026 12:00 to 10 Nov 2026 20:00", "10.11.2026, 12:00 bis 10.11.2026, 20:00"),
        ("15.80", "15,80"),
        ("uptime 97.25 %: credit", "uptime 97,25 %: Gutschrift"),
        ("The entries are in the log under the head", "Die Einträge stehen im Protokoll unter dem Kopf"),
        ("Tax 19 %", "Steuer 19 %"),
        ("the statement is entry", "die Abrechnung ist Eintrag"),
        ("is given by its digest alone", "ist nur mit seiner Prüfsumme angegeben"),
    ):
        assert said in english, said
        assert said not in german, said
        assert told in german, told
    assert "Meridian Engines guarantees Northwind Air the outcome of one asset" in signed
    assert "er wird nicht übersetzt" in german
    assert "nicht bestimmbar" not in german
    assert f"/t/meridian/reports/{done.report.id}/report.pdf" in english
    assert f"/t/meridian/reports/{done.report.id}/report.de.pdf" in german


def test_the_german_document_holds_to_the_standards_and_carries_the_same_proof(
    cast: Cast, done: Settlement, sign_in: SignIn
) -> None:
    client, path = sign_in(cast.reader), f"/t/meridian/reports/{done.report.id}/"
    answer = client.get(path + "report.de.pdf")
    assert answer["Content-Disposition"] == 'attachment; filename="uptime-2026-11-01-v1.de.pdf"'
    reader = PdfReader(BytesIO(answer.content))
    assert reader.attachments["report.json"] == [bytes(done.report.bundle)]
    root: Any = reader.trailer["/Root"]
    standards = root["/Metadata"].get_data().decode()
    for name in ("<pdfaid:part>3<", "<pdfaid:conformance>A<", "<pdfuaid:part>1<"):
        assert name in standards
    assert root["/Lang"] == "de"
    text = written(answer.content)
    for words in (
        "Ergebnisbericht für Northwind Air, November 2026", "97,25 %", "1.234,50 €", "Garantiert 99,9 %.",
        "Ausfälle, die gezählt haben", "10.11.2026, 12:00", "So prüfen Sie diesen Bericht",
        "Meridian Engines guarantees Northwind Air the outcome of one asset", done.report.fingerprint,
    ):  # fmt: skip
        assert words in text, words
    assert "Outages that counted" not in text
    assert client.get(path + "report.de.pdf").content == answer.content


def test_no_language_changes_what_is_sealed_or_read_by_programs(cast: Cast, done: Settlement, sign_in: SignIn) -> None:
    client = sign_in(cast.reader)
    for path in (
        f"/t/meridian/reports/{done.report.id}/report.json", f"/t/meridian/reports/{done.report.id}/report.pdf",
        f"/t/meridian/reports/{done.report.id}/rate.json", f"/t/meridian/reports/{done.report.id}/report.de.pdf",
        f"/t/meridian/reports/{done.report.id}/evidence.csv", "/t/meridian/reports/?format=csv",
        "/t/meridian/invoices/?format=csv", "/t/meridian/api/v1/", "/t/meridian/api/v1/reports/",
        f"/t/meridian/api/v1/reports/{done.report.id}/", "/t/meridian/api/v1/no-such-thing/",
    ):  # fmt: skip
        plain, german = client.get(path, headers=SAME), client.get(path, headers=SAME | GERMAN)
        assert german.status_code == plain.status_code, path
        assert german.getvalue() == plain.getvalue(), path


@pytest.mark.parametrize("language", ["en", "de"])
def test_what_is_made_while_german_is_spoken_is_what_is_made_in_english(cast: Cast, language: str) -> None:
    with scope(cast.meridian.id), override(language):
        fleet = a_fleet("2026-10-29", "2026-12-01")
        visit(fleet.engines[0], "2026-11-10T12:00", "2026-11-11T07:48", told="2026-11-12")
        contract = published(agreement(fleet) | {"customer": str(cast.northwind)})
        done = settle_period(contract=contract.id, start=NOVEMBER[0], end=NOVEMBER[1], by=BY, now=at("2026-12-05"))
    lines = [(line["text"], line["minor"]) for line in done.statement.document["lines"]]
    assert lines == [("Fee", 1_200_000), ("uptime 97.25 %: credit", -300_000)]
    assert done.invoice is not None
    assert [line["text"] for line in done.invoice.document["lines"]] == ["Fee", "uptime 97.25 %: credit"]
    assert "Outcome report for Northwind Air, November 2026" in written(bytes(done.report.pdf))
    assert PdfReader(BytesIO(bytes(done.report.pdf))).trailer["/Root"]["/Lang"] == "en"  # type: ignore[index]


def test_the_other_pages_of_a_customer_in_german(cast: Cast, house: House, sign_in: SignIn) -> None:
    client = sign_in(cast.reader)
    assert house.done.invoice is not None
    for path, words in (
        ("reports/", ("Berichte", "November 2026, Version 1", "99,88", "10.800,00 USD")),
        ("invoices/", ("Rechnungen", "ME-2026-0001", "Zu zahlen")),
        (
            f"invoices/{house.done.invoice.id}/",
            ("Rechnung ME-2026-0001", "Per Überweisung bis", "uptime 99,88 %: Gutschrift"),
        ),
        ("disputes/", ("Beanstandungen", "Nichts ist beanstandet")),
        (f"disputes/new/{house.done.statement.id}/", ("Die Anlage war in Betrieb", "In der Ortszeit von")),
        ("agreed/", ("Verträge", "In Kraft")),
        (
            f"agreed/{house.contract.id}/",
            ("Der Text ist in englischer Sprache", '<pre class="to-sign" tabindex="0" lang="en">'),
        ),
        (f"agreed/{house.contract.id}/exclusions/", ("Ausnahmen", "Vorgeschlagen", "Widersprechen")),
    ):
        answer = client.get(f"/t/meridian/{path}", headers=GERMAN)
        assert answer.status_code == 200
        for each in words:
            assert each in answer.content.decode(), (path, each)


def test_a_refusal_in_german(cast: Cast, house: House, sign_in: SignIn) -> None:
    answer = sign_in(cast.reader).post(
        f"/t/meridian/disputes/new/{house.done.statement.id}/",
        {"act": "open", "assets": [str(house.fleet.engines[0])], "held": "up", "reason": "Sie lief.", "zone": "UTC",
         "start": "2026-11-12T00:00:00", "end": "2026-11-11T00:00:00"}, headers=GERMAN,
    )  # fmt: skip
    assert answer.status_code == 400
    told = "Der Zeitraum endet vor seinem Beginn oder zugleich mit ihm. Geben Sie einen Beginn vor dem Ende an."
    assert told in answer.content.decode()
