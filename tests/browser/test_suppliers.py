"""The page of a person's suppliers in a real browser: read wide, narrow, light and dark, and followed into one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from tenants.lifecycle.branding import Brand, set_brand
from tenants.lifecycle.images import read_picture
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.reports.two_suppliers import two_suppliers
from tests.browser.conftest import WIDTHS
from tests.conftest import Cast
from tests.tenants.lifecycle.test_images import png

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
OpenPage = Callable[..., Page]


@pytest.mark.parametrize("width", WIDTHS)
def test_a_person_finds_what_waits_at_each_supplier(
    cast: Cast, open_page: OpenPage, reads_well: Callable[[Page], None], width: int
) -> None:
    two_suppliers(cast)
    with scope(cast.stranger.id):
        brand = Brand(product_name="Stranger Flow", accent="#0a6b52")
        now = datetime(2026, 11, 1, tzinfo=UTC)
        set_brand(brand=brand, picture=read_picture(png(64, 32)), remove_logo=False, by="owner", now=now)
    page = open_page("/t/meridian/reports/", cast.reader, width=width)
    page.get_by_role("button", name="Your menu").click()
    reads_well(page)
    page.get_by_role("link", name="Your suppliers").click()
    expect(page.get_by_role("heading", name="Your suppliers", level=1)).to_be_visible()
    flow = page.get_by_role("region", name="Stranger Flow")
    expect(flow.get_by_text("an offer waits for your answer")).to_be_visible()
    expect(flow.locator("img")).to_have_js_property("complete", value=True)
    assert flow.locator("img").evaluate("image => image.naturalWidth") == 64
    expect(page.get_by_role("region", name="Meridian Engines").get_by_text("11,100.00 USD")).to_be_visible()
    reads_well(page)
    page.get_by_role("link", name="November 2026, version 1").click()
    expect(page.get_by_role("heading", name="Pump station, November 2026")).to_be_visible()
    Tenant.objects.filter(id=cast.meridian.id).update(state="suspended")
    page.goto("/")
    expect(page.get_by_text("The organisation is suspended.")).to_be_visible()
    reads_well(page)
