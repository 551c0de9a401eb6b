"""The panels around the canvas in a real browser: details, bulk edits, the table, finding, fixing, live values."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
import redis
from django.conf import settings
from django.db import connections
from playwright.sync_api import Locator, Page, expect

from tenants.kernel.ids import new_id
from tenants.scope.context import scope
from tests.conftest import Cast
from tests.twins.live.station import NOW, TYPE, Row, Station, make_station
from twins.catalog.services import publish_type
from twins.composer.schemas import TwinDocument
from twins.composer.selectors import draft
from twins.telemetry.compaction import compact
from twins.telemetry.push import channel

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
OpenPage = Callable[..., Page]
CANVAS = "/t/meridian/twins/station/canvas/"
SEAL = {"type": "text", "choices": ["packed", "mechanical"], "name": {"en": "Seal"}}
NEWER: dict[str, Any] = {
    **TYPE,
    "version": 2,
    "properties": {
        "rated_power": {
            "type": "number",
            "unit": "kW",
            "minimum": "1",
            "maximum": "500",
            "name": {"en": "Rated power"},
        },
        "seal": {**SEAL, "required": True},
    },
    "signals": {**TYPE["signals"], "flow": {"unit": "m3/h", "rate": "P1D", "range": ["0", "100"]}},
}


@pytest.fixture
def station(cast: Cast) -> Station:
    """Three pumps of a type of which there is a newer version."""
    made = make_station(cast.meridian, pumps=3)
    with scope(cast.meridian.id):
        publish_type(document=NEWER, by="test", now=NOW)
    return made


@pytest.fixture
def page(cast: Cast, open_page: OpenPage, station: Station) -> Page:
    """The canvas of the station."""
    return open_page(CANVAS, cast.owner)


def node(page: Page, name: str) -> Locator:
    return page.locator(".react-flow__node").filter(has_text=name)


def saved(page: Page, station: Station) -> TwinDocument:
    """The draft once everything is saved."""
    expect(page.locator("[data-save=saved]")).to_be_visible()
    with scope(station.tenant):
        return draft(station.twin).document


def names(document: TwinDocument) -> list[str]:
    return sorted(asset.name for asset in document.assets.values())


def paste(page: Page, text: str) -> None:
    """What Ctrl-V does, without the clipboard of the machine."""
    page.evaluate(
        """text => {
            const data = new DataTransfer()
            data.setData('text/plain', text)
            const event = new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true})
            document.activeElement.dispatchEvent(event)
        }""",
        text,
    )


def store(station: Station, rows: list[Row]) -> None:
    """Store readings, and have them in what is newest."""
    with ThreadPoolExecutor(1) as apart:  # the browser has the loop of this thread
        apart.submit(station.send, rows).result()
        apart.submit(compact, station.tenant, wait=True).result()
        apart.submit(connections.close_all).result()


def test_an_asset_is_upgraded_with_a_preview_and_its_fields_are_checked(
    page: Page, station: Station, accessible: Callable[[Page], None]
) -> None:
    details = page.get_by_role("complementary", name="Details")
    page.locator(f'.react-flow__node[data-id="{station.assets["A"]}"]').focus()
    page.keyboard.press("Enter")
    details.get_by_role("button", name="Upgrade to @2").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Seal needs a value")).to_be_visible()
    accessible(page)
    dialog.get_by_role("button", name="Change the type").click()
    expect(dialog).to_have_count(0)
    power = details.get_by_label("Rated power")
    expect(power).to_have_value("10")
    expect(details.get_by_text("1 to 500 kW.")).to_be_visible()
    details.get_by_label("Seal", exact=True).select_option("mechanical")
    power.fill("501")
    expect(details.get_by_text("At most 500.")).to_be_visible()
    power.fill("22 kW")
    power.press("Enter")
    accessible(page)
    pump = saved(page, station).assets[str(station.assets["A"])]
    assert (pump.type, dict(pump.properties)) == ("test-pump@2", {"rated_power": "22", "seal": "mechanical"})


def test_several_assets_are_edited_at_once_each_change_one_step(
    page: Page, station: Station, accessible: Callable[[Page], None]
) -> None:
    details = page.get_by_role("complementary", name="Details")
    page.locator(".composer").focus()
    page.keyboard.press("Control+a")
    details.get_by_role("button", name="Upgrade the types of 3 assets").click()
    page.get_by_role("dialog").get_by_role("button", name="Change the type").click()
    power, group = details.get_by_label("Rated power"), details.get_by_label("Group")
    expect(power).to_have_value("10")
    power.fill("30")
    power.press("Enter")
    group.fill("Duty")
    group.press("Enter")
    details.get_by_label("Pattern").fill("P-###")
    expect(details.get_by_role("region", name="New names").get_by_text("P-003")).to_be_visible()
    accessible(page)
    details.get_by_role("button", name="Rename 3 assets").click()

    document = saved(page, station)
    assets = document.assets.values()
    assert names(document) == ["P-001", "P-002", "P-003"]
    assert {asset.type for asset in assets} == {"test-pump@2"}
    assert {asset.properties["rated_power"] for asset in assets} == {"30"}
    assert [document.groups[asset.group].name for asset in assets if asset.group] == ["Duty"] * 3
    page.locator(".composer").focus()
    page.keyboard.press("Control+z")
    expect(node(page, "P-003")).to_have_count(0)
    assert names(saved(page, station)) == ["A", "B", "C"]


def test_all_assets_are_edited_in_a_table_and_pasted_into_it(
    page: Page, station: Station, accessible: Callable[[Page], None]
) -> None:
    page.locator(".composer").focus()
    page.keyboard.press("g")
    grid = page.get_by_role("grid", name="All assets")
    expect(grid.get_by_role("row")).to_have_count(5)  # titles, three pumps, room for a new one
    accessible(page)
    grid.focus()
    page.keyboard.type("North")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("Duty")
    page.keyboard.press("Enter")
    page.keyboard.press("F2")
    page.keyboard.type("Duty")
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowRight")
    page.keyboard.type("abc")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Enter a number such as 12.5.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(grid.get_by_role("gridcell", name="North")).to_be_visible()
    document = saved(page, station)
    assert names(document) == ["B", "C", "North"]
    assert [document.groups[asset.group].name for asset in document.assets.values() if asset.group] == ["Duty"]

    paste(page, "Name\trated power (kW)\tGroup\nB\t11,5\tDuty\nC\tmany\t\nNew\t12\tStandby\n")
    dialog = page.get_by_role("dialog", name="Paste into the table")
    expect(dialog.get_by_text("1 new asset, 1 new group")).to_be_visible()
    expect(dialog.get_by_text("Row 3, rated power")).to_be_visible()
    accessible(page)
    dialog.get_by_role("button", name="Paste what fits").click()
    document = saved(page, station)
    power = {asset.name: asset.properties["rated_power"] for asset in document.assets.values()}
    assert power == {"North": "10", "B": "11.5", "C": "10", "New": "12"}
    grid.focus()
    page.keyboard.press("Control+z")
    expect(grid.get_by_role("row")).to_have_count(5)
    assert names(saved(page, station)) == ["B", "C", "North"]
    page.get_by_label("Filter the rows").fill("group:duty")
    expect(grid.get_by_role("row")).to_have_count(3)


def test_assets_are_found_by_filters_and_commands_by_their_words(
    page: Page, station: Station, accessible: Callable[[Page], None]
) -> None:
    details = page.get_by_role("complementary", name="Details")
    page.locator(".composer").focus()
    page.keyboard.press("/")
    expect(page.locator("[data-find]")).to_be_focused()
    page.keyboard.type("type:pump -c")
    found = page.get_by_role("listbox", name="What was found")
    expect(found.get_by_role("option")).to_have_count(2)
    accessible(page)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(details.get_by_label("Name", exact=True)).to_have_value("B")
    page.keyboard.press("/")
    expect(found.get_by_role("option")).to_have_count(2)
    page.keyboard.press("Control+Enter")
    expect(details.get_by_text("2 things are selected.")).to_be_visible()

    page.keyboard.press("Control+k")
    page.keyboard.type("table")
    page.keyboard.press("Enter")
    expect(page.get_by_role("grid", name="All assets")).to_be_visible()
    page.keyboard.press("Control+k")
    page.keyboard.type("C")
    palette = page.locator("command-palette [role=listbox]")
    palette.get_by_role("option", name="C test-pump@1").click()
    expect(page.get_by_role("grid", name="All assets")).to_have_count(0)
    expect(details.get_by_label("Name", exact=True)).to_have_value("C")
    page.locator(".composer").focus()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog").get_by_text("Show all assets as a table, or the canvas again")).to_be_visible()
    accessible(page)


def test_what_is_wrong_is_fixed_by_one_click_each_or_all_at_once(
    page: Page, station: Station, accessible: Callable[[Page], None]
) -> None:
    details = page.get_by_role("complementary", name="Details")
    for asset in ("A", "B", "C"):
        page.locator(f'.react-flow__node[data-id="{station.assets[asset]}"]').focus()
        page.keyboard.press("Enter")
        name = details.get_by_label("Name", exact=True)
        name.fill("Same")
        name.press("Enter")
    page.locator(".composer").focus()
    page.keyboard.press("Shift+W")
    expect(details.get_by_role("button", name="Fix all of this kind")).to_be_visible()
    accessible(page)
    details.get_by_role("button", name="Fix all of this kind").first.click()
    expect(details.get_by_role("button", name="Fix all of this kind")).to_have_count(0)
    assert names(saved(page, station)) == ["Same", "Same 2", "Same 3"]


def test_live_values_and_alarms_are_shown_on_the_assets_and_watched(
    page: Page, station: Station, accessible: Callable[[Page], None]
) -> None:
    store(station, [("A/flow", 0, 55.5), ("A/inlet", 0, 2.0)])
    page.reload()  # the socket may have opened before they were there
    asset = str(station.assets["A"])
    expect(page.locator("[data-connection=open]")).to_be_visible()
    pump = page.locator(f'.react-flow__node[data-id="{asset}"]')
    expect(pump.locator(".live-lines")).to_contain_text("55.5 m³/h")
    expect(pump.locator(".live-lines")).to_contain_text("Stale")
    expect(pump.locator(".live-marks")).to_contain_text("Silent")
    accessible(page)

    def tell(message: dict[str, Any]) -> None:
        with redis.Redis.from_url(settings.REDIS_URL) as client:
            assert client.publish(channel(station.tenant, station.twin), msgspec.json.encode(message)) >= 1

    now = datetime.now(UTC).isoformat()
    tell({"values": {asset: {"flow": [now, 61.25, 0], "inlet": [now, 2.5, 4]}}})
    expect(pump.locator(".live-lines")).to_contain_text("61.25 m³/h")
    expect(pump.locator(".live-lines")).to_contain_text("Stuck")
    alarm = {"id": str(new_id()), "twin": str(station.twin), "asset": asset, "asset_name": "A", "key": "high",
             "name": "High flow", "priority": "critical", "state": "unacknowledged"}  # fmt: skip
    tell({"alarms": [alarm], "more": 0})
    expect(pump.locator(".live-alarm")).to_contain_text("High flow")

    pump.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("w")
    watch = page.get_by_role("region", name="Signals of A")
    expect(watch.get_by_role("row", name="outlet")).to_contain_text("No data")
    expect(watch.get_by_role("row", name="flow").first).to_contain_text("61.25 m³/h")
    watch.get_by_role("checkbox", name="Show outlet on the canvas").check()
    accessible(page)
    page.locator(f'.react-flow__node[data-id="{station.assets["B"]}"]').focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("complementary", name="Details").get_by_label("Name", exact=True)).to_have_value("B")
    expect(watch).to_be_visible()
    tell({"alarms": [{**alarm, "state": "normal"}], "more": 0})
    expect(pump.locator(".live-alarm")).to_have_count(0)
    watch.get_by_role("button", name="Stop watching A").click()
    page.locator(".composer").focus()
    page.keyboard.press("l")
    expect(pump.locator(".live-marks")).to_have_count(0)
    page.reload()
    expect(page.get_by_role("button", name="Live values")).to_have_attribute("aria-pressed", "false")
