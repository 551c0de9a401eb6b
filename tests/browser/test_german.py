"""The end customer's pages in German: complete, readable at every width, and open to those who see with their ears."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from billing.reports.links import make_link
from billing.reports.services import Settlement, settle_period
from tenants.kernel.clock import utc_now
from tenants.people.models import User
from tenants.scope.actors import PERMISSIONS, Actor, Role
from tenants.scope.context import scope
from tests.billing.outcomes.documents import AWS_TIERS, a_clause
from tests.billing.world import BY, DECEMBER, NOVEMBER, a_fleet, agreement, at, fly_daily, published, visit
from tests.browser.conftest import WIDTHS
from tests.conftest import Cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
OpenPage = Callable[..., Page]


@pytest.fixture
def done(cast: Cast) -> Settlement:
    """Two months of a contract about two engines in euros, of which one had been in the shop."""
    with scope(cast.meridian.id):
        fleet = a_fleet("2026-10-29", "2026-12-01", count=2)
        visit(fleet.engines[0], "2026-11-10T12:00", "2026-11-11T09:00", told="2026-11-12")
        rules = [{"category": "planned", "allowance": "P5D"}]
        clause = a_clause(id="Verfügbarkeit", assets=fleet.ids, exclusions=rules, remedies=[AWS_TIERS])
        wanted = agreement(fleet, clause, title="Triebwerksverfügbarkeit", currency="EUR", tax_percent="19")
        contract = published(wanted | {"customer": str(cast.northwind)})
        settle_period(contract=contract.id, start=NOVEMBER[0], end=NOVEMBER[1], by=BY, now=at("2026-12-05"))
        fly_daily(fleet, "2026-12-02", "2026-12-31")
        return settle_period(contract=contract.id, start=DECEMBER[0], end=DECEMBER[1], by=BY, now=at("2027-01-05"))


def pictured(page: Page, name: str) -> None:
    """Take a picture of the page, when ``OUTTURN_PICTURES`` names the folder that they go into."""
    if folder := os.environ.get("OUTTURN_PICTURES"):
        page.screenshot(path=Path(folder, f"{name}.png"), full_page=True)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_customer_chooses_german_and_reads_everything_in_it(
    cast: Cast, done: Settlement, open_page: OpenPage, reads_well: Callable[[Page], None], width: int
) -> None:
    page = open_page(f"/t/meridian/reports/{done.report.id}/", cast.reader, width=width)
    page.get_by_role("button", name="Your menu").click()
    page.get_by_role("button", name="Deutsch").click()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.get_by_role("heading", name="Die letzten Monate")).to_be_visible()
    expect(page.get_by_text("Dezember 2026").first).to_be_visible()
    page.get_by_role("button", name="Diesen Bericht prüfen").click()
    expect(page.locator("#self-check [data-said]")).to_have_text(
        "Von diesem Browser bestätigt: Alle 11 Prüfungen stimmen."
    )
    reads_well(page)
    pictured(page, f"report-{width}")
    assert User.objects.get(id=cast.reader.id).language == "de"
    for name, heading in (
        ("reports/", "Berichte"), ("invoices/", "Rechnungen"), ("disputes/", "Beanstandungen"),
        ("agreed/", "Verträge"), (f"disputes/new/{done.statement.id}/", "beanstanden"),
        (f"reports/{done.report.id}/share/", "Diesen Bericht teilen"),
    ):  # fmt: skip
        page.goto(f"/t/meridian/{name}")
        expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible()
        reads_well(page)
        pictured(page, f"{name.split('/')[0]}-{name.count('/')}-{width}")
    page.goto("/t/meridian/invoices/")
    page.get_by_role("link", name="ME-2027-0001").click()
    expect(page.get_by_role("heading", name="Rechnung ME-2027-0001")).to_be_visible()
    reads_well(page)
    pictured(page, f"invoice-{width}")


@pytest.mark.parametrize("width", WIDTHS)
def test_a_guest_chooses_german_without_an_account(
    cast: Cast, done: Settlement, open_page: OpenPage, reads_well: Callable[[Page], None], width: int
) -> None:
    maker = Actor(
        tenant=cast.meridian.id, slug="meridian", role=Role.OWNER, permissions=PERMISSIONS[Role.OWNER], name=BY
    )
    with scope(cast.meridian.id):
        _link, address = make_link(report=done.report.id, name="Bank", days=3, by=maker, now=utc_now())
    page = open_page(address[address.index("/shared/") :], width=width)
    page.get_by_role("link", name="Deutsch").click()
    expect(page.get_by_text("Sie lesen dies über einen Link")).to_be_visible()
    reads_well(page)
    pictured(page, f"guest-{width}")
    page.goto("/account/login/")
    expect(page.get_by_role("heading", name="Anmelden")).to_be_visible()
    reads_well(page)
    pictured(page, f"login-{width}")
