"""The page of fees in a real browser: readable, accessible, on a screen of any size, and live."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from billing.plans.following import follow_organisation
from billing.plans.models import PlanInvoice, PlanSheet
from billing.plans.services import publish_prices, take_events
from tenants.limits.domain.plans import Meter
from tenants.limits.usage import add_usage
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.invoices.sellers import AT_HOME, a_seller, billed_at
from tests.billing.plans.world import BY, SEPTEMBER, event, opened
from tests.billing.world import at
from tests.browser.conftest import WIDTHS
from tests.conftest import Cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
OpenPage = Callable[..., Page]


@pytest.fixture
def invoice(cast: Cast, settings: Any) -> PlanInvoice:
    """September is invoiced, October runs: above what is included, with late usage of September."""
    settings.OUTTURN_OPERATOR = "platform"
    operator = Tenant.objects.create(slug="platform", name="Outturn Cloud", plan="enterprise", created_at=SEPTEMBER)
    Tenant.objects.filter(id=cast.meridian.id).update(plan="business")
    market = opened(operator, cast.meridian)
    with scope(operator.id):
        a_seller()
        billed_at(market.account.customer_id, AT_HOME)
    follow_organisation(cast.meridian.id, now=at("2026-10-03"))
    with scope(cast.meridian.id):
        for day in range(1, 19):
            moment = at("2026-10-01") + timedelta(days=day)
            add_usage(meter=Meter.READINGS_PER_DAY, amount=700_000 + day * day * 3_000, now=moment)
    with scope(operator.id):
        late = event(id="late", time="2026-09-20T10:00:00Z", data={"value": "36000"})
        disk = event(id="disk", time="2026-10-15T10:00:00Z", type="disk", data={"value": "812.5"})
        take_events(given=[late, disk], by=BY, now=at("2026-10-19"))
        publish_prices(document=_dearer(), valid_from=at("2026-11-01"), by=BY, now=at("2026-10-19"))
    follow_organisation(cast.meridian.id, now=at("2026-10-20"))
    with scope(cast.meridian.id):
        return PlanInvoice.objects.get()


def _dearer() -> dict[str, Any]:
    return {"prices": 1, "plan": "business", "currency": "EUR", "monthly_minor": 59_900, "meters": []}


@pytest.mark.parametrize("width", WIDTHS)
def test_each_page_reads_well(
    cast: Cast, invoice: PlanInvoice, open_page: OpenPage, reads_well: Callable[[Page], None], width: int
) -> None:
    page = open_page("/t/meridian/admin/fees/", cast.owner, width=width)
    expect(page.get_by_role("heading", name="Day by day")).to_be_visible()
    page.get_by_text("Readings stored, day by day").click()
    reads_well(page)
    page.get_by_role("link", name=invoice.number).click()
    expect(page.get_by_role("heading", name=f"Invoice {invoice.number}")).to_be_visible()
    reads_well(page)


def test_the_page_without_prices_reads_well(
    cast: Cast, open_page: OpenPage, reads_well: Callable[[Page], None]
) -> None:
    page = open_page("/t/meridian/admin/fees/", cast.owner)
    expect(page.get_by_role("heading", name="Nothing is charged")).to_be_visible()
    reads_well(page)


def test_what_changes_is_seen_without_asking(cast: Cast, invoice: PlanInvoice, open_page: OpenPage) -> None:
    page = open_page("/t/meridian/admin/fees/", cast.owner)
    page.get_by_text("Disk, day by day").click()
    days = page.get_by_role("region", name="Table of Disk")
    expect(days).to_contain_text("812.5 GB")
    with scope(cast.meridian.id):
        row = PlanSheet.objects.get()
        meter = next(each for each in row.document["meters"] if each["type"] == "disk")
        meter["used"], meter["minor"], meter["days"][0]["used"] = "900", 9_000, "900"
        row.save()
        PlanInvoice.objects.filter(id=invoice.id).update(open_minor=0)
    charges = page.get_by_role("region", name="Table of charges")
    expect(charges.get_by_role("row", name="Disk")).to_contain_text("90.00 EUR")
    # What was opened stays open, and is new too.
    expect(days).to_contain_text("900 GB")
    expect(page.get_by_role("row", name=invoice.number)).to_contain_text("0.00 EUR")
