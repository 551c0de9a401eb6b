"""A report with its months in a real browser, and the link by which a guest reads it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import pairwise

import pytest
from playwright.sync_api import Page, expect

from billing.outcomes.services import claim_exclusion
from billing.reports.services import Settlement, settle_period
from tenants.scope.context import scope
from tests.billing.outcomes.documents import AWS_TIERS, a_clause
from tests.billing.world import BY, a_fleet, agreement, at, published, visit
from tests.browser.conftest import WIDTHS
from tests.conftest import Cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
OpenPage = Callable[..., Page]
MONTHS = [at(f"2026-{month:02}-01") for month in range(6, 11)]


@pytest.fixture
def done(cast: Cast) -> Settlement:
    """Four months of a contract about two engines, and a visit that is planned."""
    with scope(cast.meridian.id):
        fleet = a_fleet("2026-05-29", "2026-10-01", count=2)
        for month, hours in ((6, 3), (7, 9), (9, 2)):
            start = datetime(2026, month, 10, 2)  # noqa: DTZ001 (the world's moments are written without a zone)
            visit(
                fleet.engines[0], f"{start:%Y-%m-%dT%H:%M}", f"{start:%Y-%m-%dT}{2 + hours:02}:00",
                told=f"2026-{month:02}-11",
            )  # fmt: skip
        rules = [{"category": "planned", "allowance": "P5D"}]
        clause = a_clause(id="availability", assets=fleet.ids, exclusions=rules, remedies=[AWS_TIERS])
        contract = published(
            agreement(fleet, clause, title="Power", correction_window="P365D") | {"customer": str(cast.northwind)}
        )
        claim_exclusion(
            contract=contract.id, category="planned", assets=fleet.engines, start=at("2099-03-01T06:00"),
            end=at("2099-03-01T18:00"), evidence={"plan": "P-7"}, by="planner", now=at("2026-09-01"),
        )  # fmt: skip
        for start, end in pairwise(MONTHS):
            last = settle_period(contract=contract.id, start=start, end=end, by=BY, now=at("2026-10-05"))
        return last


@pytest.mark.parametrize("width", WIDTHS)
def test_a_guest_is_shown_a_report_and_the_maker_is_told(
    cast: Cast, done: Settlement, open_page: OpenPage, reads_well: Callable[[Page], None], width: int
) -> None:
    page = open_page(f"/t/meridian/reports/{done.report.id}/", cast.reader, width=width)
    expect(page.get_by_role("heading", name="The last months")).to_be_visible()
    expect(page.get_by_role("heading", name="Planned ahead")).to_be_visible()
    expect(page.get_by_text("By bank transfer until")).to_be_visible()
    reads_well(page)
    page.get_by_role("link", name="Share").click()
    reads_well(page)
    page.get_by_label("For whom").fill("Leasing bank")
    page.get_by_role("button", name="Make the link").click()
    address = page.locator("#secret").inner_text()
    reads_well(page)
    guest = open_page(address, width=width)
    expect(guest.get_by_role("heading", name="Power, September 2026")).to_be_visible()
    expect(guest.get_by_role("heading", name="Planned ahead")).to_have_count(0)
    reads_well(guest)
    with guest.expect_download() as waiting:
        guest.get_by_role("link", name="PDF").click()
    assert waiting.value.path().read_bytes() == bytes(done.report.pdf)
    page.goto(f"/t/meridian/reports/{done.report.id}/share/")
    expect(page.get_by_role("cell", name="report.pdf")).to_be_visible()
    reads_well(page)
    page.get_by_role("button", name="Revoke Leasing bank").click()
    expect(page.get_by_text("leads nowhere any more")).to_be_visible()
    guest.goto(address)
    expect(guest.get_by_role("heading", name="This link leads nowhere")).to_be_visible()
    reads_well(guest)


def test_mails_are_refused_and_wanted_again(cast: Cast, done: Settlement, open_page: OpenPage) -> None:
    page = open_page("/t/meridian/reports/", cast.reader)
    page.get_by_role("button", name="No more mails").click()
    expect(page.get_by_text("You get no mail about reports.")).to_be_visible()
    page.get_by_role("button", name="Mail me").click()
    expect(page.get_by_role("button", name="No more mails")).to_be_visible()
