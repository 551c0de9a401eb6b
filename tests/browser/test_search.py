"""The palette and the live page in a real browser: found by name, by keyboard, in any look; old values shown as old."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from playwright.sync_api import Page, Route, expect

from tenants.kernel.clock import isoformat, utc_now
from tenants.scope.context import scope
from tests.browser.conftest import WIDTHS
from tests.conftest import Cast
from twins.catalog.services import publish_type
from twins.composer.publishing import publish_twin
from twins.composer.services import create_twin, edit_draft

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
OpenPage = Callable[..., Page]
Accessible = Callable[[Page], None]
OWNER = "owner@meridian.example"
SEARCH = re.compile(r"/t/meridian/search/\?q=")
PUMP = {
    "key": "pump",
    "version": 1,
    "name": {"en": "Centrifugal pump"},
    "signals": {
        "flow": {"unit": "m3/h", "name": {"en": "Flow"}, "rate": "PT5S"},
        "oil": {"unit": "Cel", "name": {"en": "Oil temperature"}, "rate": "PT1H"},
    },
    "failure_modes": {"wear": {"signals": ["flow", "oil"], "effects": ["down"]}},
}
Ids = dict[str, str]


@pytest.fixture
def station(cast: Cast) -> Ids:
    """A published twin of five pumps; their ids by their names."""
    ids, now = {f"P-{number}": str(uuid4()) for number in range(101, 106)}, utc_now()
    with scope(cast.meridian.id):
        publish_type(document=PUMP, by=OWNER, now=now)
        twin = create_twin(name="Pump station North of the long canal", now=now)
        operations = [
            {"op": "add_asset", "asset": asset, "type": "pump@1", "name": name, "at": [0, 0]}
            for name, asset in ids.items()
        ]
        draft = edit_draft(twin=twin.id, base_revision=0, operations=operations, by=OWNER, now=now)
        publish_twin(twin=twin.id, revision=draft.revision, note="", by=OWNER, now=now)
    return ids


@pytest.mark.parametrize("width", WIDTHS)
def test_the_palette_reads_well(
    cast: Cast, station: Ids, open_page: OpenPage, reads_well: Accessible, width: int
) -> None:
    page = open_page("/t/meridian/admin/keys/", cast.owner, width=width)
    page.get_by_role("button", name="Search or jump to").click()
    reads_well(page)
    page.keyboard.type("p")
    expect(page.get_by_role("option", name=re.compile("^Pump station North.*Twin$"))).to_be_visible()
    expect(page.get_by_role("option", name="P-103")).to_contain_text("Pump station North")
    reads_well(page)
    page.get_by_role("combobox", name="Search or jump to").fill("no such thing")
    expect(page.get_by_text("Nothing has this name. Try fewer letters.")).to_be_visible()
    reads_well(page)


def test_an_asset_is_reached_by_keyboard(cast: Cast, station: Ids, open_page: OpenPage) -> None:
    page = open_page("/t/meridian/twins/", cast.viewer)
    page.keyboard.press("Control+k")
    page.keyboard.type("p-10")
    expect(page.get_by_role("dialog").get_by_role("option")).to_have_count(5)
    expect(page.get_by_role("combobox", name="Search or jump to")).to_have_attribute(
        "aria-activedescendant", "palette-0"
    )
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("dialog").get_by_role("option", selected=True)).to_contain_text("P-103")
    page.keyboard.press("Enter")
    page.wait_for_url("**/twins/pump-station-north-of-the-long-canal/?q=P-103")
    expect(page.locator(".sheet-live tbody tr:visible")).to_have_count(1)


def test_who_presses_enter_before_the_answer_is_taken_there_by_it(
    cast: Cast, station: Ids, open_page: OpenPage
) -> None:
    page = open_page("/t/meridian/twins/", cast.viewer)
    page.keyboard.press("Control+k")
    page.keyboard.type("oil temp")
    page.keyboard.press("Enter")
    page.wait_for_url("**/twins/*/?columns=oil&trend=oil")
    expect(page.get_by_role("columnheader", name="Oil temperature")).to_be_visible()


def test_a_search_that_fails_says_so_and_keeps_the_pages(
    cast: Cast, open_page: OpenPage, accessible: Accessible
) -> None:
    page = open_page("/t/meridian/twins/", cast.owner)
    page.route(SEARCH, lambda route: route.fulfill(status=429, body="{}", content_type="application/json"))
    page.keyboard.press("Control+k")
    page.keyboard.type("adm")
    expect(page.get_by_text("The search does not answer.")).to_be_visible()
    expect(page.get_by_role("option", name="Admin")).to_be_visible()
    accessible(page)


def test_an_end_customers_reader_is_offered_their_own_pages_only(cast: Cast, station: Ids, open_page: OpenPage) -> None:
    page = open_page("/t/meridian/reports/", cast.reader)
    page.keyboard.press("Control+k")
    with page.expect_response(SEARCH) as answer:
        page.keyboard.type("p")
    assert answer.value.json() == {"results": []}
    expect(page.get_by_role("option", name="Reports")).to_be_visible()


@pytest.mark.parametrize("width", WIDTHS)
def test_what_is_old_is_shown_with_its_age(
    cast: Cast, station: Ids, open_page: OpenPage, reads_well: Accessible, width: int
) -> None:
    now = datetime.now(UTC)
    ages = {"P-101": (1, 1200), "P-102": (600, 1200), "P-103": (600, 86_400)}
    values = {
        station[name]: {
            key: [isoformat(now - timedelta(seconds=age)), 12.5, 0]
            for key, age in zip(("flow", "oil"), seconds, strict=True)
        }
        for name, seconds in ages.items()
    }

    def answer(route: Route) -> None:
        route.fulfill(body=json.dumps({"twin": "", "values": values}), content_type="application/json")

    page = open_page("/t/meridian/twins/", cast.viewer, width=width)
    page.route("**/latest/", answer)
    page.goto("/t/meridian/twins/pump-station-north-of-the-long-canal/")
    rows = {name: page.locator("tbody tr", has_text=name) for name in station}
    for name, state, old in (
        ("P-101", "In range", []),
        ("P-102", "Silent", ["10 min ago"]),
        ("P-103", "Silent", ["10 min ago", "24 h ago"]),
        ("P-104", "No data", []),
    ):
        rows[name].scroll_into_view_if_needed()  # only what is in sight is written
        expect(rows[name]).to_contain_text(state)
        expect(rows[name].locator("td.stale small")).to_have_text(old)
    reads_well(page)
