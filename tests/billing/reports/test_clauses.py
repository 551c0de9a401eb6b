"""Reports and lists of contracts with several clauses, later versions, and months that cannot be settled."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
from django.template.loader import render_to_string
from django.test import Client

from billing.reports.bundles import Bundle
from billing.reports.selectors import proven_bundle
from billing.reports.services import Settlement, restate_period, settle_period
from tenants.kernel.canonical import digest
from tenants.people.models import User
from tenants.scope.context import scope
from tests.billing.outcomes.documents import AWS_TIERS, Json, a_clause
from tests.billing.world import BY, NOVEMBER, House, a_fleet, agreement, at, body, published, visit, written
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
GERMAN = {"Accept-Language": "de-DE,de;q=0.9"}
MORNINGS = {"weekly": [{"days": ["mon"], "from": "06:00", "to": "09:00"}], "holidays": []}


def told(page: str) -> str:
    """The words of a page, with single spaces."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.split("<main")[1])).split())


def settled(cast: Cast, *clauses: Json, visits: bool = True, count: int = 2, **changes: Any) -> Settlement:
    """A fleet of engines in November, of which one was in the shop for a day and more."""
    fleet = a_fleet("2026-10-29", "2026-12-01", count=count)
    if visits:
        visit(fleet.engines[0], "2026-11-10T12:00", "2026-11-11T21:00", told="2026-11-12")
    wanted = [one | {"assets": fleet.ids} for one in clauses]
    contract = published(agreement(fleet, *wanted, **changes) | {"customer": str(cast.northwind)})
    return settle_period(contract=contract.id, start=NOVEMBER[0], end=NOVEMBER[1], by=BY, now=at("2026-12-05"))


@pytest.fixture
def two(cast: Cast) -> Settlement:
    """Two clauses: mornings in which nothing was down, and all hours, of which some were lost."""
    tiers = {"to": "100", "price": "10"}, {"to": None, "price": "8.005"}
    fee = {"kind": "metered", "unit": "h", "mode": "graduated", "tiers": list(tiers)}
    mornings = a_clause(id="mornings", calendar=MORNINGS, gaps={"policy": "as_up"}, remedies=[AWS_TIERS])
    always = a_clause(id="always", gaps={"policy": "as_up"}, remedies=[AWS_TIERS])
    caps = {"period_percent": "20", "year_remaining_minor": None}
    with scope(cast.meridian.id):
        return settled(cast, mornings, always, fee=fee, caps=caps)


class TestTwoClauses:
    def test_the_page_shows_the_outages_of_the_second_and_where_they_stand(
        self, cast: Cast, two: Settlement, sign_in: SignIn
    ) -> None:
        with scope(cast.meridian.id):
            segments = Bundle.read(proven_bundle(two.report)).relied_upon("evidence_segment")
        (segment,) = [digest(one) for one in segments if one["name"] == "Engine 081"]
        page = body(sign_in(cast.reader), f"/t/meridian/reports/{two.report.id}/")
        words = told(page)
        for said in (
            "Mornings: 100.00 %",
            "Outages that counted Mornings No asset was down in committed time. Always",
            "Engine 081 10 Nov 2026 12:00 to 10 Nov 2026 20:00 8.00",
            "Down, by a failure or a visit that was reported 12 Nov 2026 00:00",
        ):
            assert said in words, said
        assert f'<code title="{segment}">{segment[:12]}</code>' in page
        assert f'<code class="digest">{segment}</code>' in page
        for name in ("Mornings", "Always"):
            assert f'aria-label="What the time of each asset counted as: {name}"' in page

    def test_an_outage_is_disputed_under_its_clause(self, cast: Cast, two: Settlement, sign_in: SignIn) -> None:
        client = sign_in(cast.reader)
        page = html.unescape(body(client, f"/t/meridian/reports/{two.report.id}/"))
        links = re.findall(r'href="([^"]+\?asset=[^"]+)"', page)
        assert links
        assert all(link.endswith("&clause=always") for link in links)
        assert f"from={quote('2026-11-10T12:00:00Z', safe='')}" in links[0]
        assert '<option value="always" selected>' in body(client, links[0])

    def test_each_amount_has_its_steps_on_page_document_and_statement(
        self, cast: Cast, two: Settlement, sign_in: SignIn
    ) -> None:
        steps = (
            "0 to 100 h: 100 h × 10.00 USD = 1,000.00 USD.",
            "The tier below 99 % holds.",
            "Limit of the period, 20 % of the fee:",
            "forfeited.",
        )
        pages = (
            told(body(sign_in(cast.reader), f"/t/meridian/reports/{two.report.id}/")),
            told(body(sign_in(cast.viewer), f"/t/meridian/statements/{two.statement.id}/")),
            written(bytes(two.report.pdf)),
        )
        for page in pages:
            for step in steps:
                assert step in page, step
        assert "in report.json" in pages[2]
        assert "whole segment is in report.json. Mornings No asset was down in committed time. Always" in pages[2]

    def test_lists_tell_the_clause_that_is_furthest_below(self, cast: Cast, two: Settlement, sign_in: SignIn) -> None:
        customer, house = sign_in(cast.reader), sign_in(cast.viewer)
        for client, path in ((customer, "reports/"), (house, "statements/"), (house, "contracts/uptime/statements/")):
            assert "Always 98.05 %, 1 of 2 kept" in told(body(client, f"/t/meridian/{path}")), path
        german = customer.get("/t/meridian/reports/", headers=GERMAN).content.decode()
        assert "Always 98,05 %, 1 von 2 eingehalten" in told(german)
        overview = told(body(house, "/t/meridian/"))
        assert "Always 98.05 %" in overview
        assert "Uptime, November 2026, version 1, 1 of 2 kept" in overview


class TestIndeterminate:
    def test_no_list_and_no_page_tells_a_percentage(self, cast: Cast, sign_in: SignIn) -> None:
        with scope(cast.meridian.id):
            unknown = a_clause(id="uptime", gaps={"policy": "exclude"}, minimum_coverage="100", remedies=[AWS_TIERS])
            done = settled(cast, unknown)
        (clause,) = done.statement.document["clauses"]
        assert clause["status"] == "indeterminate"
        figure = clause["percent"][:-4] + " %"
        customer, house = sign_in(cast.reader), sign_in(cast.viewer)
        for client, path in (
            (customer, "/t/meridian/reports/"), (house, "/t/meridian/statements/"), (customer, "/reports/"),
            (house, "/t/meridian/"), (customer, f"/t/meridian/reports/{done.report.id}/"),
        ):  # fmt: skip
            page = told(body(client, path))
            assert "indeterminate" in page, path
            assert figure not in page, path
        assert "nicht bestimmbar" in told(customer.get("/t/meridian/reports/", headers=GERMAN).content.decode())
        assert "Uptime: indeterminate" in written(bytes(done.report.pdf))

    def test_no_mail_tells_one_either(self) -> None:
        clauses = [("uptime", "indeterminate", False), ("cold", "99.88", True)]
        told_in_mail = render_to_string("reports/email/_figures.txt", {"clauses": clauses})
        assert told_in_mail.split("\n")[:2] == ["uptime: indeterminate", "cold: 99.88 %"]


class TestLaterVersions:
    def test_the_report_says_that_the_difference_comes_with_a_later_invoice(
        self, cast: Cast, house: House, sign_in: SignIn
    ) -> None:
        with scope(cast.meridian.id):
            visit(house.fleet.engines[0], "2026-11-12T00:00", "2026-11-12T12:00", told="2026-12-06")
            again = restate_period(statement=house.done.statement.id, by=BY, now=at("2026-12-07"))
        assert again is not None
        said = (
            "Version 1 came to 10,800.00 USD, version 2 comes to 9,000.00 USD. The difference of -1,800.00 USD comes "
            "with a later invoice; this version has none of its own."
        )
        client = sign_in(cast.reader)
        assert said in told(body(client, f"/t/meridian/reports/{again.report.id}/"))
        assert said in written(bytes(again.report.pdf))
        assert "Version 1 came to" not in told(body(client, f"/t/meridian/reports/{house.done.report.id}/"))

    def test_the_report_says_that_the_invoice_of_the_last_month_is_for_the_difference(
        self, cast: Cast, sign_in: SignIn
    ) -> None:
        always = a_clause(id="always", gaps={"policy": "as_up"}, remedies=[AWS_TIERS])
        with scope(cast.meridian.id):
            done = settled(cast, always, visits=False, effective={"from": "2026-01-01", "to": "2026-12-01"})
            (engine, *_) = done.statement.run.document["outcome"]["workings"]["assets"]
            visit(UUID(engine["asset"]), "2026-11-12T00:00", "2026-11-12T12:00", told="2026-12-06")
            again = restate_period(statement=done.statement.id, by=BY, now=at("2026-12-07"))
        assert again is not None
        assert again.invoice is not None
        said = (
            "Version 1 came to 12,000.00 USD, version 2 comes to 10,800.00 USD. "
            "The credit note is for the difference of -1,200.00 USD alone."
        )
        client, path = sign_in(cast.reader), f"/t/meridian/reports/{again.report.id}/"
        assert said in told(body(client, path))
        assert said in written(bytes(again.report.pdf))
        german = told(client.get(path, headers=GERMAN).content.decode())
        assert "Die Rechnungskorrektur betrifft allein den Unterschied von -1.200,00 USD." in german


class TestManyAssets:
    def test_their_table_is_folded_and_those_that_went_alike_are_drawn_as_one(
        self, cast: Cast, sign_in: SignIn
    ) -> None:
        always = a_clause(id="always", gaps={"policy": "as_up"}, remedies=[AWS_TIERS])
        with scope(cast.meridian.id):
            done = settled(cast, always, count=21)
        page = body(sign_in(cast.reader), f"/t/meridian/reports/{done.report.id}/")
        assert "<details><summary>21 assets</summary>" in page
        assert "20 assets alike" in page
        assert "Engine 101" in page


class TestGerman:
    def test_the_kinds_of_invoices_and_the_day_from_which_a_contract_holds(
        self, cast: Cast, house: House, sign_in: SignIn
    ) -> None:
        client = sign_in(cast.reader)
        invoices = client.get("/t/meridian/invoices/", headers=GERMAN).content.decode()
        for option in ('<option value="invoice" >Rechnung<', '<option value="credit_note" >Rechnungskorrektur<'):
            assert option in invoices
        agreed = told(client.get("/t/meridian/agreed/", headers=GERMAN).content.decode())
        assert "01.01.2026" in agreed
        assert "2026-01-01" not in agreed
