"""The history explorer and a dashboard in a real browser: by mouse and by keys, in both themes, wide and narrow."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tenants.kernel.clock import utc_now
from tenants.scope.actors import PERMISSIONS, Actor, Role
from tenants.scope.context import scope
from tests.browser.conftest import WIDTHS
from tests.conftest import Cast
from tests.twins.conftest import Fleet, make_fleet
from tests.twins.history.test_api import store
from twins.alarms.following import finish
from twins.alarms.planning import current_plan
from twins.alarms.rules import Scope as AlarmScope
from twins.alarms.rules import create_rule
from twins.alarms.transitions import Change, apply_changes
from twins.dashboards.services import create_dashboard
from twins.telemetry.instants import micros
from twins.telemetry.schemas import Delivery, Normalised, Readings
from twins.telemetry.selectors import bound_signals

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
OpenPage = Callable[..., Page]
ReadsWell = Callable[[Page], None]


@pytest.fixture
def fleet(cast: Cast) -> Fleet:
    """Two engines, and the last day of two signals."""
    made = make_fleet(cast.meridian)
    now = micros(utc_now())

    def minutes(key: str, level: float) -> Delivery:
        number = np.arange(1440, dtype=np.int64)
        at, value = now - (1440 - number) * 60_000_000, level + np.sin(number / 60)
        readings = Readings(np.full(1440, made.signals[key], np.int64), at, value, np.zeros(1440, np.int16))
        return Delivery(made.source, key, 1, Normalised(readings, ()))

    # A thread of its own: Playwright's loop runs in this one.
    work = threading.Thread(target=lambda: asyncio.run(store(minutes("1/t24", 642), minutes("2/t24", 643))))
    work.start()
    work.join()
    return made


def places(fleet: Fleet) -> list[str]:
    with scope(fleet.tenant):
        found = {one.sent_key: f"{one.asset}/{one.key}" for one in bound_signals()}
    return [found["1/t24"], found["2/t24"]]


@pytest.mark.parametrize("width", WIDTHS)
def test_the_explorer_reads_well(
    cast: Cast, fleet: Fleet, open_page: OpenPage, reads_well: ReadsWell, width: int
) -> None:
    one, two = places(fleet)
    path = f"/t/meridian/twins/fleet/history/?signal={one}&signal={two}&past=3600"
    page = open_page(path, cast.owner, width=width)
    expect(page.locator(".scatterlayer .trace").first).to_be_attached()
    expect(page.locator(".history-frame")).not_to_have_attribute("aria-busy", "true")
    reads_well(page)
    page.get_by_role("button", name="Table").click()
    expect(page.get_by_role("region", name="The chart as a table").locator("tbody tr").first).to_be_visible()
    assert "view=table" in page.url
    reads_well(page)


def test_the_explorer_by_keyboard(cast: Cast, fleet: Fleet, open_page: OpenPage) -> None:
    one, two = places(fleet)
    page = open_page(f"/t/meridian/twins/fleet/history/?signal={one}&signal={two}", cast.owner)
    expect(page.locator(".scatterlayer .trace").first).to_be_attached()
    page.get_by_role("group", name="Chart").focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".history-signal[data-chosen]")).to_contain_text("Engine 001")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".history-signal[data-chosen]")).to_contain_text("Engine 002")
    page.keyboard.press("+")
    expect(page).to_have_url(re.compile("from="))
    before = page.url
    page.keyboard.press("ArrowLeft")
    expect(page).not_to_have_url(before)
    with page.expect_response(lambda answer: "/history/?" in answer.url and answer.ok):
        page.reload()


def raise_alarm(fleet: Fleet, asset: str) -> None:
    """An alarm of an engine that was active for ten minutes, an hour ago."""
    document = {"signal": "t24", "above": "650", "priority": "critical", "name": {"en": "Outlet hot"}}
    now = utc_now()
    begun = micros(now) - 3_600_000_000
    with scope(fleet.tenant):
        create_rule(key="hot", scope=AlarmScope(asset_type="turbofan-engine"), document=document, by="ada", now=now)
        plan = current_plan()
        number = next(index for index, point in enumerate(plan.points) if str(point.asset) == asset)
        over = Change(number, begun + 600_000_000, active=False, value=649.0)
        finish(apply_changes(plan, [Change(number, begun, active=True, value=651.0), over], now=now))


def test_alarms_are_marked_and_opened_by_keyboard(
    cast: Cast, fleet: Fleet, open_page: OpenPage, reads_well: ReadsWell
) -> None:
    one, two = places(fleet)
    raise_alarm(fleet, one[:36])
    page = open_page(f"/t/meridian/twins/fleet/history/?signal={one}&signal={two}", cast.owner)
    alarms = page.get_by_role("region", name="Alarms in this time")
    expect(alarms.get_by_role("listitem")).to_contain_text("Outlet hot · Critical")
    expect(alarms).to_contain_text("(10 min)")
    expect(page.locator(".annotation-text", has_text="A1")).to_be_attached()
    reads_well(page)
    page.get_by_role("group", name="Chart").focus()
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Outlet hot")
    reads_well(page)


def test_alarms_stand_on_the_charts_of_a_dashboard(
    cast: Cast, fleet: Fleet, open_page: OpenPage, reads_well: ReadsWell
) -> None:
    one, _ = places(fleet)
    asset, key = one.split("/")
    raise_alarm(fleet, asset)
    widget = {
        "id": "chart", "kind": "chart", "x": 0, "y": 0, "width": 12, "height": 6, "range_s": 86_400,
        "signals": [{"asset": asset, "key": key}],
    }  # fmt: skip
    with scope(fleet.tenant):
        by = Actor(fleet.tenant, "meridian", Role.OWNER, PERMISSIONS[Role.OWNER], "x", user=cast.owner.id)
        row = create_dashboard(twin=fleet.twin, name="Wall", document={"widgets": [widget]}, by=by, now=utc_now())
    page = open_page(f"/t/meridian/dashboards/{row.id}/", cast.owner)
    alarm = page.get_by_role("link", name="Critical alarm: Engine 001, Outlet hot")
    expect(alarm).to_be_visible()
    reads_well(page)
    alarm.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Outlet hot")


def test_readings_are_taken_along(cast: Cast, fleet: Fleet, open_page: OpenPage) -> None:
    page = open_page(f"/t/meridian/twins/fleet/history/?signal={places(fleet)[0]}", cast.owner)
    page.get_by_text("Take along").click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Readings as CSV").click()
    assert saved.value.suggested_filename.endswith(".csv")


def test_a_note_is_written_and_taken_away(cast: Cast, fleet: Fleet, open_page: OpenPage) -> None:
    page = open_page(f"/t/meridian/twins/fleet/history/?signal={places(fleet)[0]}", cast.owner)
    page.get_by_text("Add a note").click()
    page.get_by_label("What happened").fill("Compressor washed")
    page.get_by_role("button", name="Add note").click()
    notes = page.get_by_role("region", name="Notes").get_by_role("listitem")
    expect(notes).to_contain_text("Compressor washed")
    page.get_by_role("button", name="Take away the note").click()
    expect(notes).to_have_count(0)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_dashboard_is_arranged(
    cast: Cast, fleet: Fleet, open_page: OpenPage, reads_well: ReadsWell, width: int
) -> None:
    one, two = (dict(zip(("asset", "key"), place.split("/"), strict=True)) for place in places(fleet))
    kinds = ("value", "chart", "gauge", "bars", "table", "text")
    widgets = [
        {"id": kind, "kind": kind, "x": 4 * (number % 3), "y": 4 * (number // 3), "width": 4, "height": 4,
         "signals": [one, two], "title": kind.title(), "text": "Call the hangar."}
        for number, kind in enumerate(kinds)
    ]  # fmt: skip
    with scope(fleet.tenant):
        by = Actor(fleet.tenant, "meridian", Role.OWNER, PERMISSIONS[Role.OWNER], "x", user=cast.owner.id)
        row = create_dashboard(twin=fleet.twin, name="Wall", document={"widgets": widgets}, by=by, now=utc_now())
    page = open_page(f"/t/meridian/dashboards/{row.id}/", cast.owner, width=width)
    expect(page.locator(".widget")).to_have_count(6)
    expect(page.locator(".widget-plot .uplot")).to_be_attached()
    reads_well(page)
    page.get_by_role("button", name="Arrange").click()
    page.get_by_role("button", name="Arrange Chart").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    with page.expect_response(lambda answer: answer.request.method == "PUT" and answer.ok):
        page.get_by_role("button", name="Add: Gauge").click()
    expect(page.locator(".widget")).to_have_count(7)
    expect(page.get_by_role("complementary", name="Gauge")).to_be_visible()
    reads_well(page)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".widget")).to_have_count(6)
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("button", name="Arrange")).to_be_visible()
