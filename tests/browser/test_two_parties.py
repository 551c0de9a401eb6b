"""Two parties in a real browser: the provider records a consent, the customer sees on whose word, and objects."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from billing.disputes.deciding import Offer, offer_middle, uphold
from billing.outcomes.consents import Consent
from billing.outcomes.services import claim_exclusion
from tenants.scope.context import scope
from tests.billing.disputes.world import FINANCE, Disputed, disputed
from tests.billing.world import at
from tests.browser.conftest import WIDTHS, in_themes
from tests.conftest import Cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
OpenPage = Callable[..., Page]
OUTAGE = {"start": at("2026-11-10T12:00"), "end": at("2026-11-10T12:50")}
SAID = Consent("Jo Smith of operations", date(2026, 12, 11), "mail to finance, “the storm of the tenth”")


@pytest.fixture
def house(cast: Cast) -> Disputed:
    """A contract with a claim that waits and one under no contract."""
    with scope(cast.meridian.id):
        found = disputed("Leased power", customer=cast.northwind)
        for contract, category in ((found.contract.id, "weather"), (None, "strike")):
            claim_exclusion(
                contract=contract, category=category, assets=found.fleet.engines, evidence={"notice": "S-1"},
                by="planner@meridian.example", now=at("2026-11-12"), **OUTAGE,
            )  # fmt: skip
    return found


@pytest.fixture
def disputes(cast: Cast, house: Disputed) -> list[UUID]:
    """The provider's own: one that waits for the customer, one on a consent that was recorded."""
    now = at("2026-12-12")
    with scope(cast.meridian.id):
        waiting = house.open(customer=None, by=FINANCE, held="up", reason="It was back at noon.", now=now, **OUTAGE)
        told = house.open(customer=None, by=FINANCE, held="excluded", reason="There was a storm.", now=now, **OUTAGE)
        uphold(dispute=told.id, why="It stopped us.", category="weather", consent=SAID, by=FINANCE, now=now)
        offered = house.open(customer=None, by=FINANCE, held="up", reason="It ran.", now=now)
        middle = Offer("up", offered.start, offered.end)
        offer_middle(dispute=offered.id, offer=middle, why="The log says so.", by=FINANCE, now=now)
    return [waiting.id, told.id, offered.id]


def shoot(page: Page, name: str) -> None:
    folder = os.environ.get("SHOTS")
    if folder:
        for theme in in_themes(page):
            page.screenshot(path=Path(folder) / f"{name}-{theme}.png", full_page=True)


@pytest.mark.parametrize("width", WIDTHS)
def test_each_page_reads_well(
    cast: Cast, house: Disputed, disputes: list[UUID], open_page: OpenPage, reads_well: Callable[[Page], None],
    width: int,
) -> None:  # fmt: skip
    claims = f"contracts/{house.contract.slug}/exclusions/", f"agreed/{house.contract.id}/exclusions/"
    for who, paths in ((cast.owner, claims), (cast.reader, claims[1:])):
        page = open_page("/t/meridian/disputes/", who, width=width)
        for path in (*paths, *(f"disputes/{one}/" for one in disputes)):
            page.goto(f"/t/meridian/{path}")
            expect(page.locator("h1")).to_be_visible()
            page.evaluate("document.querySelectorAll('main details').forEach(each => each.open = true)")
            shoot(page, f"{who.email.partition('@')[0]}-{width}-{path.replace('/', '-')}")
            reads_well(page)


def test_a_consent_is_recorded_and_objected_to(cast: Cast, house: Disputed, open_page: OpenPage) -> None:
    page = open_page(f"/t/meridian/contracts/{house.contract.slug}/exclusions/", cast.owner)
    expect(page.get_by_text("Nobody approves it")).to_be_visible()
    page.get_by_text("Record that the customer agreed").click()
    page.get_by_label("Who of the customer agreed").fill(SAID.who)
    page.get_by_label("On which day").fill("2026-11-13")
    page.get_by_label("How: the mail, the call, the meeting").fill("by telephone")
    page.get_by_label("Why the time does not count").fill("the storm")
    page.get_by_role("button", name="Record the agreement").press("Enter")
    told = "agreed by Jo Smith of operations on 2026-11-13 (by telephone): the storm"
    expect(page.get_by_text(told)).to_be_visible()
    theirs = open_page(f"/t/meridian/agreed/{house.contract.id}/exclusions/", cast.reader)
    expect(theirs.get_by_text(told)).to_be_visible()
    theirs.get_by_text("Object: we did not agree").click()
    theirs.get_by_label("Why you object").fill("Nobody of us said so.")
    theirs.get_by_role("button", name="Object").click()
    expect(theirs.get_by_text("Your decision is in the log")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Withdrawn, does not count")).to_be_visible()
