"""The evidence page in a real browser: read in any look and width, by keyboard, and without colour."""

from __future__ import annotations

import re
from collections.abc import Callable
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from tenants.scope.context import scope
from tests.browser.conftest import WIDTHS
from tests.conftest import Cast
from tests.twins.evidence.fleet import DAY, SEPTEMBER, day, fly, published_fleet, schedule
from twins.evidence.services import record_event, seal_evidence

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
OpenPage = Callable[..., Page]
PATH = "/t/meridian/twins/northwind-fleet/evidence/?month=2026-09"
NOW = day(5, month=10)


def tell(asset: UUID, *told: tuple[str, int]) -> None:
    for kind, number in told:
        record_event(asset=asset, kind=kind, at=day(number), source="Shop", reference=f"{asset}/{number}", now=NOW)


@pytest.fixture
def fleet(cast: Cast) -> list[UUID]:
    """A September with every look: a visit, a failure, contradictions, a retirement, silence."""
    with scope(cast.meridian.id):
        twin, engines = published_fleet(6)
        flights = schedule(day(30, month=8), day(3, month=10))
        fly([(engines[0], at) for at in flights], received=NOW)
        fly([(engine, at) for engine in engines[1:5] for at in flights if at < day(12)], received=NOW)
        tell(engines[1], ("shop_in", 12), ("shop_out", 17))
        tell(engines[2], ("failed", 12), ("shop_in", 14), ("shop_out", 25), ("returned", 26))
        tell(engines[3], ("shop_out", 9), ("retired", 20))
        seal_evidence(twin=twin, start=SEPTEMBER[0], end=SEPTEMBER[1], now=NOW)
        fly([(engines[1], day(14) + DAY / 4)], received=NOW)
    return engines


@pytest.mark.parametrize("width", WIDTHS)
def test_a_month_reads_well(
    cast: Cast, fleet: list[UUID], open_page: OpenPage, reads_well: Callable[[Page], None], width: int
) -> None:
    page = open_page(PATH, cast.viewer, width=width)
    expect(page.get_by_role("heading", name="Evidence September 2026")).to_be_visible()
    reads_well(page)
    for engine in fleet:
        page.locator(f"[id='asset-{engine}'] summary").click()
    expect(page.get_by_text("in the shop after a failure").first).to_be_visible()
    reads_well(page)


def test_a_bar_opens_by_keyboard_to_what_it_is_told_from(cast: Cast, fleet: list[UUID], open_page: OpenPage) -> None:
    page = open_page(PATH, cast.viewer)
    page.locator("summary", has_text="Engine 082").focus()
    page.keyboard.press("Enter")
    opened = page.locator(f"[id='asset-{fleet[1]}']")
    expect(opened.get_by_text("It took off while it was said to be down")).to_be_visible()
    expect(opened.get_by_role("table", name="Events of Engine 082")).to_contain_text("Left the shop")
    expect(opened.get_by_text("No, more has come in since")).to_be_visible()
    expect(opened.locator("dd code")).to_have_text(re.compile("^[0-9a-f]{64}$"))


def test_months_are_turned_and_chosen(cast: Cast, fleet: list[UUID], open_page: OpenPage) -> None:
    page = open_page(PATH, cast.viewer)
    page.get_by_role("link", name="The month before").click()
    expect(page.get_by_role("heading", name="Evidence August 2026")).to_be_visible()
    page.get_by_label("Month, as year and month").fill("2026-09")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**/?month=2026-09")
