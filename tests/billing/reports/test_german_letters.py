"""Letters in German: what somebody who chose it is told of a report, a dispute and an invoice that is overdue."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client

from billing.disputes.deciding import uphold
from billing.dunning.domain import Level
from billing.dunning.services import set_dunning, write_due
from billing.reports.services import restate_period, settle_period
from tenants.domains.hosts import address_of_tenant
from tenants.people.models import User
from tenants.post.models import Letter
from tenants.post.services import send_due
from tenants.scope.context import scope
from tests.billing.disputes.world import FINANCE, disputed
from tests.billing.outcomes.documents import AWS_TIERS, a_clause
from tests.billing.payments.world import an_invoice
from tests.billing.world import BY, NOVEMBER, a_fleet, agreement, at, body, published, say, visit
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


@pytest.fixture(autouse=True)
def german(cast: Cast) -> None:
    """The customer's reader chose German."""
    User.objects.filter(id=cast.reader.id).update(language="de")


def sent(cast: Cast, now: str) -> tuple[str, list[str]]:
    """Subject and lines of the one letter that is due, but for empty lines."""
    mail.outbox.clear()
    assert send_due(cast.meridian.id, now=at(now), most=10) == (1, 0)
    (one,) = mail.outbox
    assert one.to == [cast.reader.email]
    return str(one.subject), [line for line in str(one.body).splitlines() if line]


def test_a_report_and_the_figure_of_it_that_changed(cast: Cast) -> None:
    with scope(cast.meridian.id):
        fleet = a_fleet("2026-10-29", "2026-12-01")
        visit(fleet.engines[0], "2026-11-10T12:00", "2026-11-10T12:50", told="2026-11-12")
        clause = a_clause(id="uptime", assets=fleet.ids, remedies=[AWS_TIERS])
        wanted = agreement(fleet, clause, currency="EUR", fee={"kind": "flat", "minor": 1_234_500})
        contract = published(wanted | {"customer": str(cast.northwind)})
        done = settle_period(contract=contract.id, start=NOVEMBER[0], end=NOVEMBER[1], by=BY, now=at("2026-12-05"))
        house = address_of_tenant(cast.meridian.id)
    assert sent(cast, "2026-12-06") == (
        "Ihr Bericht liegt vor: Uptime, November 2026",
        [
            "Meridian Engines hat den Leistungszeitraum November 2026 von Uptime abgerechnet.",
            "uptime: 99,88 %",
            "Gesamtbetrag: 11.110,50 €",
            "Der ganze Bericht mit dem Nachweis:",
            f"{house}/t/meridian/reports/{done.report.id}/",
            "Auf der Seite Ihrer Berichte können Sie diese E-Mails abbestellen:",
            f"{house}/t/meridian/reports/",
        ],
    )
    with scope(cast.meridian.id):
        say(fleet.engines[0], "shop_out", "2026-11-10T12:20", told="2026-12-10")
        again = restate_period(statement=done.statement.id, by=BY, now=at("2026-12-12"))
        assert again is not None
    subject, lines = sent(cast, "2026-12-13")
    assert subject == "Eine Zahl hat sich geändert: Uptime, November 2026"
    assert lines[:3] == [
        (
            "Meridian Engines hat den Leistungszeitraum November 2026 von Uptime nach dem, was seither bekannt wurde, "
            "erneut abgerechnet. Dies ist Version 2; die Differenz wird mit der nächsten Abrechnung berechnet oder "
            "gutgeschrieben."
        ),
        "uptime: 99,95 %",
        "Gesamtbetrag: 11.110,50 € → 12.345,00 € (Differenz 1.234,50 €)",
    ]


def test_a_dispute_that_was_upheld(cast: Cast) -> None:
    with scope(cast.meridian.id):
        row = disputed(customer=cast.northwind).open()
        Letter.objects.all().delete()
        uphold(dispute=row.id, why="It did.", by=FINANCE, now=at("2026-12-12"))
        Letter.objects.exclude(kind="dispute").delete()
        house = address_of_tenant(cast.meridian.id)
    assert sent(cast, "2026-12-12") == (
        "Einer Beanstandung wurde stattgegeben: Northwind fleet",
        [
            "Einer Beanstandung wurde stattgegeben: Northwind fleet, November 2026, Version 1.",
            "Hier können Sie sie lesen und darauf antworten:",
            f"{house}/t/meridian/disputes/{row.id}/",
            "Bis 05.01.2027, 00:00 UTC ändert eine Entscheidung die Abrechnung.",
        ],
    )


def test_a_reminder_and_the_invoice_that_tells_of_it(cast: Cast, sign_in: SignIn) -> None:
    with scope(cast.meridian.id):
        set_dunning(is_on=True, levels=[Level(3)], by=BY, now=at("2026-12-01"))
        row = an_invoice(cast.northwind, 100_000, tax=19_000, currency="EUR")
        assert write_due(now=at("2027-01-07") + timedelta(hours=10)) == 1
        house = address_of_tenant(cast.meridian.id)
    assert sent(cast, "2027-01-07T10:00") == (
        f"Zahlungserinnerung: {row.number}",
        [
            (
                f"Vielleicht wurde sie übersehen: Unsere Rechnung {row.number} war am 4. Januar 2027 fällig, und "
                "1.190,00 € sind noch offen."
            ),
            f"Rechnung: {row.number}",
            "Fällig: 4. Januar 2027 (vor 3 Tagen)",
            "Offen: 1.190,00 €",
            (
                "Bitte überweisen Sie den Betrag auf das Ihnen bekannte Konto und geben Sie als Verwendungszweck "
                f"{row.number} an."
            ),
            "Die Rechnung und was dazu eingegangen ist:",
            f"{house}/t/meridian/invoices/{row.id}/",
            (
                "Zum Betrag kommt nichts hinzu. Haben Sie inzwischen gezahlt, betrachten Sie dieses Schreiben bitte "
                "als gegenstandslos."
            ),
            (
                "Halten Sie die Zahlen für falsch, beanstanden Sie die Abrechnung: Solange darüber nicht entschieden "
                "ist, schreiben wir Ihnen nicht weiter."
            ),
            "Meridian Engines",
        ],
    )
    cast.reader.refresh_from_db()
    page = body(sign_in(cast.reader), f"/t/meridian/invoices/{row.id}/")
    for words in (
        '<h2 id="reminders">Zahlungserinnerungen</h2>', '<td data-label="Geschrieben am">7. Januar 2027</td>',
        '<td data-label="Stufe">Zahlungserinnerung</td>',
        '<td data-label="Damals offen" class="numeric">1.190,00 €</td>',
    ):  # fmt: skip
        assert words in page, words
