"""The operator's pages of plans in a real browser: readable and accessible on any screen, by mouse and by keyboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from billing.plans.closing import close_due
from billing.plans.models import PlanPrice
from billing.plans.services import publish_prices, take_events
from tenants.people.services import add_member
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.invoices.sellers import AT_HOME, a_seller, billed_at
from tests.billing.plans.world import BY, SEPTEMBER, Market, event, opened, prices
from tests.billing.world import at
from tests.browser.conftest import WIDTHS
from tests.browser.person import Keyboard
from tests.conftest import Cast
from tests.processes import serving

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
OpenPage = Callable[..., Page]
ROOT = "/t/platform/admin"


@pytest.fixture(scope="module")
def site(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The product's web server, told who sells its plans."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OUTTURN_OPERATOR", "platform")
        with serving(tmp_path_factory.mktemp("site") / "web.log") as url:
            yield url


@pytest.fixture
def market(cast: Cast, settings: Any) -> Market:
    """An operator with prices in force and to come, and Meridian with two bills, of which one corrects the other."""
    settings.OUTTURN_OPERATOR = "platform"
    operator = Tenant.objects.create(slug="platform", name="Outturn Cloud", plan="enterprise", created_at=SEPTEMBER)
    add_member(tenant=operator.id, user=cast.owner.id, role=Role.OWNER, now=SEPTEMBER)
    Tenant.objects.filter(id=cast.meridian.id).update(plan="business")
    market = opened(operator, cast.meridian)
    with scope(operator.id):
        publish_prices(document=prices(monthly_minor=59_900), valid_from=at("2126-01-01"), by=BY, now=SEPTEMBER)
        a_seller()
        billed_at(market.account.customer_id, AT_HOME)
        for name, day, now, due in (("e1", "10", "2026-09-11", "2026-10-03"), ("e2", "20", "2026-10-20", "2026-11-03")):
            late = event(id=name, time=f"2026-09-{day}T10:00:00Z", data={"value": "36000"})
            take_events(given=[late], by="store@platform.example", now=at(now))
            close_due(market.account, now=at(due))
    return market


@pytest.mark.parametrize("width", WIDTHS)
def test_each_page_reads_well(
    cast: Cast, market: Market, open_page: OpenPage, reads_well: Callable[[Page], None], width: int
) -> None:
    page = open_page(f"{ROOT}/plan-prices/", cast.owner, width=width)
    reads_well(page)
    page.get_by_role("link", name="Business", exact=True).click()
    expect(page.get_by_role("heading", name="All versions")).to_be_visible()
    reads_well(page)
    page.get_by_role("link", name="Version 2").click()
    expect(page.get_by_role("heading", name="What it costs")).to_be_visible()
    reads_well(page)
    page.goto(f"{ROOT}/plan-accounts/")
    reads_well(page)
    page.get_by_role("link", name="Meridian Engines").click()
    expect(page.get_by_role("heading", name="Plans it was on")).to_be_visible()
    reads_well(page)
    page.get_by_role("link", name="October 2026").click()
    expect(page.get_by_role("link", name="Corrects the bill of September 2026")).to_be_visible()
    reads_well(page)
    page.get_by_role("link", name="Usage events").click()
    expect(page.get_by_role("heading", name="Usage events")).to_be_visible()
    reads_well(page)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_form_and_its_preview_read_well(
    cast: Cast, market: Market, open_page: OpenPage, reads_well: Callable[[Page], None], width: int
) -> None:
    page = open_page(f"{ROOT}/plan-prices/business/new/", cast.owner, width=width)
    reads_well(page)
    page.locator("#id_meters-0-used").fill("2500")
    page.get_by_role("button", name="Preview").last.click()
    expect(page.get_by_role("region", name="A month at these prices")).to_contain_text("511.50 EUR")
    reads_well(page)
    page.locator("#id_meters-0-tiers-1-from").fill("2000")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing says what the units from 1000 to 2000 cost.")
    reads_well(page)


def test_what_waits_and_what_is_empty_reads_well(
    cast: Cast, market: Market, open_page: OpenPage, reads_well: Callable[[Page], None]
) -> None:
    with scope(market.operator.id):
        billed_at(market.account.customer_id, replace(AT_HOME, country="", vat_id=""))
        close_due(market.account, now=at("2026-12-03"))
        row = market.account
        assert row.why
    page = open_page(f"{ROOT}/plan-accounts/", cast.owner)
    reads_well(page)
    page.goto(f"{ROOT}/plan-accounts/{row.id}/")
    expect(page.get_by_role("link", name="Mend it")).to_be_visible()
    reads_well(page)
    page.goto(f"{ROOT}/plan-prices/team/")
    expect(page.get_by_role("heading", name="This plan has no price")).to_be_visible()
    reads_well(page)


def test_prices_are_written_and_published_by_keyboard(cast: Cast, market: Market, open_page: OpenPage) -> None:
    page = open_page(f"{ROOT}/plan-prices/team/new/", cast.owner)
    person = Keyboard(page)
    person.write(page.get_by_label("Monthly fee"), "99.90")
    person.choose(page.get_by_label("Meter", exact=True), "Storage")
    person.press(page.get_by_role("button", name="Add a meter"))
    included = page.locator("#id_meters-0-included")
    expect(included).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("100")
    person.write(page.locator("#id_meters-0-tiers-0-to"), "1000")
    person.write(page.locator("#id_meters-0-tiers-0-price"), "0.10")
    person.press(page.get_by_role("button", name="Add a row Storage"))
    expect(page.locator("#id_meters-0-tiers-1-price")).to_be_focused()
    expect(page.locator("#id_meters-0-tiers-1-from")).to_have_value("1000")
    page.keyboard.type("0.06")
    person.press(page.get_by_role("button", name="Add a row Storage"))
    expect(page.locator("#id_meters-0-tiers-1-to")).to_be_focused()
    person.press(page.get_by_role("button", name="Remove row 3 of Storage"))
    expect(page.get_by_role("button", name="Add a row Storage")).to_be_focused()
    person.press(page.get_by_role("button", name="Publish"))
    expect(page.get_by_text("Version 1 is published.")).to_be_visible()
    with scope(market.operator.id):
        document = PlanPrice.objects.get(plan="team").document
    assert document["monthly_minor"] == 9_990
    assert document["meters"][0]["tiers"] == [
        {"from": "0", "to": "1000", "price": "0.10"}, {"from": "1000", "to": None, "price": "0.06"},
    ]  # fmt: skip
