"""The edge agent's pages in a real browser: read in any look and width, and worked with."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tenants.kernel.canonical import digest
from tenants.kernel.clock import utc_now
from tenants.scope.context import scope
from tests.browser.conftest import WIDTHS
from tests.conftest import Cast
from tests.twins.gateways.edge_platform.site import Site
from tests.twins.gateways.edge_platform.test_api import keep, speak
from twins.gateways.edge.platform.models import SealState
from twins.gateways.edge.platform.services import save_configuration
from twins.gateways.models import Gateway
from twins.gateways.services import create_gateway

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
OpenPage = Callable[..., Page]
ReadsWell = Callable[[Page], None]
ONE, TWO = {"store": {"limit": 4194304}}, {"store": {"limit": 8388608, "policy": "thin"}}


@pytest.fixture
def gateway(cast: Cast) -> Gateway:
    """Its agent has refused the newest configuration, its store is nearly full, and another key waits."""
    site = Site()
    with scope(cast.meridian.id):
        made = create_gateway(name="Hall 3", now=utc_now())[0]
        for document in (ONE, TWO):
            save_configuration(gateway=made.id, document=document, by="engineer@meridian.example", now=utc_now())
    finding = {
        "code": "edge.disk", "place": "store/limit", "message": "the disk has no room for it", "fix": "Take less.",
    }  # fmt: skip
    store = {**site.status()["store"], "bytes": 7 << 19, "dropped_readings": 12_345, "dropped_batches": 3}
    speak(cast.meridian, made, Site(2))
    for key in (site, Site(2)):
        refused = {"digest": digest(TWO), "state": "refused", "findings": [finding]}
        speak(cast.meridian, made, key, configuration=refused, store=store)
    keep(cast.meridian, made, Site(2), b"{}")
    broken = {"state": SealState.BROKEN, "code": "seal.gap", "reason": "batches that were sealed before have not come"}
    keep(cast.meridian, made, Site(2), b"{}", **broken)
    return made


@pytest.mark.parametrize("width", WIDTHS)
def test_the_pages_read_well(
    cast: Cast, gateway: Gateway, open_page: OpenPage, reads_well: ReadsWell, width: int
) -> None:
    path = f"/t/meridian/gateways/{gateway.id}/"
    page = open_page(f"{path}edge/", cast.engineer, width=width)
    expect(page.get_by_text("the disk has no room for it")).to_be_visible()
    reads_well(page)
    page.get_by_role("link", name="Approve").click()
    expect(page.get_by_role("heading", name="Approve a key")).to_be_visible()
    reads_well(page)
    for tail in ("edge/configure/", "edge/versions/1/", "edge/seals/", ""):
        page.goto(f"{path}{tail}")
        reads_well(page)


def test_without_an_agent_the_page_says_how_to_get_one(cast: Cast, open_page: OpenPage, reads_well: ReadsWell) -> None:
    with scope(cast.meridian.id):
        made = create_gateway(name="Yard", now=utc_now())[0]
    page = open_page(f"/t/meridian/gateways/{made.id}/", cast.engineer, width=360)
    page.get_by_role("link", name="Set one up").click()
    expect(page.get_by_text("No agent has spoken for this gateway yet")).to_be_visible()
    reads_well(page)


def test_a_configuration_is_mended_where_it_does_not_fit(
    cast: Cast, gateway: Gateway, open_page: OpenPage, reads_well: ReadsWell
) -> None:
    page = open_page(f"/t/meridian/gateways/{gateway.id}/edge/configure/", cast.engineer)
    page.get_by_label("Configuration, as JSON").fill('{"store": {"limit": 1}}')
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("store/limit: ").first).to_be_visible()
    reads_well(page)
    page.get_by_label("Configuration, as JSON").fill('{"store": {"limit": 2097152}}')
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Version 3")).to_be_visible()
    page.get_by_role("link", name="Edge agent").click()
    page.get_by_role("link", name="Version 1", exact=True).click()
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_text("Version 4 says what version 1 said")).to_be_visible()
