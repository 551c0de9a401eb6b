"""Several people on one draft, and nothing lost: two browsers at once, offline, killed, signed out."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from deploy.chromium import QUIET
from tenants.kernel.clock import utc_now
from tenants.people.models import User
from tenants.people.services import add_member
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tests.browser.conftest import in_themes, violations
from tests.conftest import Cast
from tests.processes import LONG_S
from twins.composer.models import DraftOperation, Twin
from twins.composer.schemas import FleetParameters, TwinDocument
from twins.composer.selectors import draft
from twins.composer.services import create_fleet, edit_draft

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
OpenPage = Callable[..., Page]
SECONDS = float(os.environ.get("OUTTURN_TOGETHER_SECONDS", "6"))
"""How long two browsers edit at once; a minute is what is promised."""
PATH = "/t/meridian/twins/fleet/canvas/"


@pytest.fixture
def twin(cast: Cast) -> Twin:
    """A fleet of three engines."""
    with scope(cast.meridian.id):
        parameters = FleetParameters(name="Fleet", count=3)
        create_fleet(blueprint="turbofan-fleet", parameters=parameters, by="somebody", now=utc_now())
        return Twin.objects.get()


@pytest.fixture
def ada(cast: Cast) -> User:
    """An engineer beside the owner."""
    user = User.objects.create_user("ada@meridian.example", name="Ada Byron")
    add_member(tenant=cast.meridian.id, user=user.id, role=Role.ENGINEER, now=utc_now())
    return user


def node(page: Page, name: str) -> Locator:
    return page.locator(".react-flow__node").filter(has_text=name)


def saved(page: Page) -> None:
    expect(page.locator("[data-save]")).to_have_attribute("data-save", "saved")


def rename(page: Page, name: str, new: str) -> None:
    node(page, name).click()
    field = page.get_by_role("complementary", name="Details").get_by_label("Name", exact=True)
    field.fill(new)
    field.press("Enter")


def document(cast: Cast, twin: Twin) -> TwinDocument:
    with scope(cast.meridian.id):
        return draft(twin.id).document


def shown(page: Page) -> dict[str, tuple[str, int, int]]:
    """The assets as they are drawn: by id their names and where they lie."""
    found: dict[str, list[Any]] = page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll('.react-flow__node-asset')].map(node => {
            const [x, y] = node.style.transform.match(/-?[\\d.]+/g).map(Number)
            return [node.dataset.id, [node.querySelector('.asset-name').textContent, x, y]]
        }))"""
    )
    return {key: (value[0], round(value[1]), round(value[2])) for key, value in found.items()}


def stored(cast: Cast, twin: Twin) -> dict[str, tuple[str, int, int]]:
    return {key: (asset.name, *asset.at) for key, asset in document(cast, twin).assets.items()}


def wait_until(condition: Callable[[], bool], page: Page) -> None:
    deadline = time.monotonic() + LONG_S / 2
    while not condition():
        assert time.monotonic() < deadline
        page.wait_for_timeout(100)


def test_people_see_each_other_and_what_they_do(
    cast: Cast, open_page: OpenPage, twin: Twin, ada: User, tmp_path: Path
) -> None:
    mine = open_page(PATH, cast.owner)
    theirs = open_page(PATH, ada)
    expect(mine.get_by_role("button", name="Follow Ada Byron")).to_be_visible()
    node(theirs, "Engine 002").click()
    expect(mine.locator("[data-peer-selected]")).to_have_count(1)
    expect(mine.locator("[data-peer-cursor]")).to_have_count(1)
    node(mine, "Engine 002").click()
    expect(mine.get_by_text("Ada Byron has this selected.")).to_be_visible()
    theirs.get_by_role("complementary", name="Details").get_by_label("Name", exact=True).focus()
    expect(mine.get_by_text("Ada Byron is editing this.")).to_be_visible()
    rename(theirs, "Engine 002", "Spare")
    expect(node(mine, "Spare")).to_be_visible()
    for theme in in_themes(mine):
        mine.screenshot(path=tmp_path / f"presence-{theme}.png")
        assert violations(mine) == [], theme

    mine.get_by_role("button", name="Follow Ada Byron").click()
    theirs.get_by_role("button", name="Zoom out").click()
    expect(mine.locator(".zoom-level")).to_have_text(theirs.locator(".zoom-level").inner_text())
    mine.keyboard.press("Escape")
    expect(mine.get_by_role("button", name="Follow Ada Byron")).to_have_attribute("aria-pressed", "false")
    theirs.close()
    expect(mine.get_by_role("button", name="Follow Ada Byron")).to_have_count(0)


def test_what_both_changed_is_chosen_place_by_place(
    cast: Cast, open_page: OpenPage, twin: Twin, ada: User, tmp_path: Path
) -> None:
    mine = open_page(PATH, cast.owner)
    saved(mine)
    key = {asset.name: key for key, asset in document(cast, twin).assets.items()}
    mine.context.set_offline(True)
    rename(mine, "Engine 001", "Mine 1")
    rename(mine, "Engine 002", "Mine 2")
    rename(mine, "Engine 003", "Same")
    expect(mine.get_by_text("Offline – 3 changes kept here")).to_be_visible()
    with scope(cast.meridian.id):
        edit_draft(
            twin=twin.id, base_revision=twin.revision, by=ada.email, now=utc_now(),
            operations=[
                {"op": "rename", "asset": key["Engine 001"], "name": "Theirs 1"},
                {"op": "move", "asset": key["Engine 001"], "at": [40, 600]},
                {"op": "remove_asset", "asset": key["Engine 002"]},
                {"op": "rename", "asset": key["Engine 003"], "name": "Same"},
            ],
        )  # fmt: skip
    mine.context.set_offline(False)
    dialog = mine.get_by_role("dialog", name="Somebody else changed the same")
    expect(dialog.get_by_role("group")).to_have_count(2)
    expect(dialog.get_by_text("Ada Byron").first).to_be_visible()
    for width in (1440, 360):
        mine.set_viewport_size({"width": width, "height": 900})
        for theme in in_themes(mine):
            mine.screenshot(path=tmp_path / f"conflict-{width}-{theme}.png")
            assert violations(mine) == [], theme
    mine.set_viewport_size({"width": 1440, "height": 900})
    with mine.expect_download() as file:
        dialog.get_by_role("button", name="Download my changes").click()
    assert "Mine 2" in Path(file.value.path()).read_text()
    dialog.get_by_role("group", name="Engine 001: its name").get_by_label("Ada Byron").check()
    dialog.get_by_role("group", name="Engine 002: its name").get_by_label("You").check()
    dialog.get_by_role("button", name="Save what was chosen").click()
    expect(dialog).to_have_count(0)
    saved(mine)
    assets = document(cast, twin).assets
    names = {asset.name: asset.at for asset in assets.values()}
    assert (set(names), names["Theirs 1"]) == ({"Theirs 1", "Mine 2", "Same"}, (40, 600))
    mine.get_by_role("button", name="Show everything").click()
    wait_until(lambda: shown(mine) == stored(cast, twin), mine)


class Editor:
    """Somebody who does this and that with the mouse and the keyboard."""

    def __init__(self, page: Page, name: str, seed: int) -> None:
        self.page, self.name, self.random, self.count = page, name, random.Random(seed), 0
        self.added = 0

    def act(self) -> None:
        """Do one thing; a conflict is the first thing to be done with."""
        dialog = self.page.get_by_role("dialog", name="Somebody else changed the same")
        if dialog.count():
            side = self.random.choice(["Mine everywhere", "Theirs everywhere"])
            dialog.get_by_role("button", name=side).click()
            dialog.get_by_role("button", name="Save what was chosen").click()
            return
        self.count += 1
        deeds = [self.add, self.rename, self.rename, self.move, self.move, self.move, self.remove, self.undo]
        with suppress(PlaywrightTimeoutError):  # the other has removed it, or a conflict stands before it
            self.random.choice(deeds)()

    def _choose(self) -> bool:
        """Select one of the assets and give it the focus, at once: the other may remove it any moment."""
        chosen = """chance => {
            const nodes = document.querySelectorAll('.react-flow__node-asset')
            const node = nodes[Math.floor(chance * nodes.length)]
            node?.dispatchEvent(new MouseEvent('click', { bubbles: true }))
            node?.focus()
            return node !== undefined
        }"""
        return bool(self.page.evaluate(chosen, self.random.random()))

    def add(self) -> None:
        self.page.get_by_role("button", name="Turbofan engine").first.click(timeout=2_000)
        self.added += 1

    def rename(self) -> None:
        if self._choose():
            field = self.page.get_by_role("complementary", name="Details").get_by_label("Name", exact=True)
            field.fill(f"{self.name} {self.count}", timeout=2_000)
            field.press("Enter", timeout=2_000)

    def move(self) -> None:
        if self._choose():
            self.page.keyboard.press(self.random.choice(["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"]))

    def remove(self) -> None:
        if self.page.locator(".react-flow__node-asset").count() > 4 and self._choose():
            self.page.keyboard.press("Delete")

    def undo(self) -> None:
        self.page.keyboard.press("Control+z")


def test_two_browsers_at_once_end_with_equal_documents(cast: Cast, open_page: OpenPage, twin: Twin, ada: User) -> None:
    editors = [Editor(open_page(PATH, cast.owner), "Owner", 1), Editor(open_page(PATH, ada), "Ada", 2)]
    turn, until = random.Random(3), time.monotonic() + SECONDS
    while time.monotonic() < until:
        turn.choice(editors).act()

    def are_done() -> bool:
        for editor in editors:
            if editor.page.get_by_role("dialog").count():
                editor.act()
        return all(each.page.locator("[data-save=saved]").count() for each in editors)

    wait_until(are_done, editors[0].page)
    for editor in editors:
        editor.page.get_by_role("button", name="Show everything").click()  # what is out of sight is not drawn
        wait_until(lambda page=editor.page: shown(page) == stored(cast, twin), editor.page)  # type: ignore[misc]
    with scope(cast.meridian.id):
        log = list(DraftOperation.objects.order_by("revision").values_list("operation", "author"))
        assert len(log) == Twin.objects.get().revision
    authors = {author for _, author in log}
    assert {ada.email, cast.owner.email} <= authors
    assert sum(operation["op"] == "add_asset" for operation, _ in log) >= 3 + sum(each.added for each in editors)


def test_what_was_done_offline_is_saved_when_the_network_is_back(cast: Cast, open_page: OpenPage, twin: Twin) -> None:
    page = open_page(PATH, cast.owner)
    saved(page)
    page.clock.install()
    page.context.set_offline(True)
    rename(page, "Engine 001", "Offline 1")
    page.clock.run_for(1_000)
    expect(page.get_by_text("Offline – 1 change kept here")).to_be_visible()
    page.clock.fast_forward("10:00")
    rename(page, "Engine 002", "Offline 2")
    assert {"Offline 1", "Offline 2"}.isdisjoint(asset.name for asset in document(cast, twin).assets.values())
    page.context.set_offline(False)
    page.clock.run_for(40_000)
    saved(page)
    assert {"Offline 1", "Offline 2", "Engine 003"} == {asset.name for asset in document(cast, twin).assets.values()}


def test_a_part_that_cannot_be_loaded_leaves_the_page_as_it_is_and_comes_later(
    cast: Cast, open_page: OpenPage, twin: Twin
) -> None:
    page = open_page(PATH, cast.owner)
    saved(page)
    away = re.compile(r"/(Help|Sheet)-[^/]*\.js")
    page.route(away, lambda route: route.abort("internetdisconnected"))
    rename(page, "Engine 001", "Kept")
    saved(page)
    page.locator(".composer").press("?")
    missing = page.get_by_role("alert").filter(has_text="could not be loaded")
    expect(missing).to_be_visible()
    assert violations(page) == []
    expect(node(page, "Kept")).to_be_visible()
    rename(page, "Engine 002", "Kept too")
    saved(page)
    page.unroute(away)
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(missing).to_have_count(0)


def test_a_part_whose_styles_did_not_come_with_the_page_gets_them_when_it_is_opened(
    cast: Cast, open_page: OpenPage, twin: Twin
) -> None:
    page = open_page(PATH, cast.owner)
    saved(page)
    away = re.compile(r"/(Help|Dialog)-[^/]*\.css")
    page.route(away, lambda route: route.abort("internetdisconnected"))
    with page.expect_event("requestfailed", lambda request: "/Help-" in request.url):
        page.reload()
    page.unroute(away)
    page.locator(".composer").press("?")
    expect(page.get_by_role("dialog")).to_have_css("border-top-width", "1px")


def test_what_came_is_there_when_the_network_goes_while_the_rest_is_on_its_way(
    cast: Cast, open_page: OpenPage, twin: Twin
) -> None:
    page = open_page(PATH, cast.owner)
    saved(page)
    away = re.compile(r"/(Upgrade|Bulk)-[^/]*\.js")
    page.route(away, lambda route: route.abort("internetdisconnected"))
    with page.expect_event("requestfailed", lambda request: "/Bulk-" in request.url):  # the last part of all
        page.reload()
    page.context.set_offline(True)
    page.locator(".composer").press("?")
    expect(page.get_by_role("dialog")).to_have_css("border-top-width", "1px")


@contextmanager
def a_browser(chromium: Browser, profile: Path) -> Iterator[tuple[BrowserContext, Callable[[], None]]]:
    """A browser with a profile that outlives it, and how to kill it."""
    path = os.environ.get("OUTTURN_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    assert path is not None
    port_file = profile / "DevToolsActivePort"
    port_file.unlink(missing_ok=True)
    command = [path, *QUIET, "--headless=new", "--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)

    def kill() -> None:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    try:
        deadline = time.monotonic() + LONG_S
        while not port_file.exists() or "\n" not in port_file.read_text():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        port = port_file.read_text().split()[0]
        browser = chromium.browser_type.connect_over_cdp(f"http://127.0.0.1:{port}")
        yield browser.contexts[0], kill
    finally:
        kill()


def test_a_killed_browser_loses_nothing(cast: Cast, chromium: Browser, site: str, twin: Twin, tmp_path: Path) -> None:
    client = Client()
    client.force_login(cast.owner)
    cookie: Any = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": site}
    with a_browser(chromium, tmp_path / "profile") as (context, kill):
        context.add_cookies([cookie])
        pages = [context.new_page(), context.new_page()]
        for page in pages:
            page.set_viewport_size({"width": 1440, "height": 900})
            page.goto(site + PATH)
            saved(page)
            page.route(re.compile("draft/operations"), lambda route: route.abort())
        for number, page in enumerate(pages, start=1):
            page.bring_to_front()
            rename(page, f"Engine 00{number}", f"Kept {number}")
            expect(page.locator("[data-save=retrying]")).to_contain_text("1 change kept here")
        kill()
    assert "Kept 1" not in {asset.name for asset in document(cast, twin).assets.values()}
    with a_browser(chromium, tmp_path / "profile") as (context, _):
        context.add_cookies([cookie])
        page = context.new_page()
        page.goto(site + PATH)
        expect(node(page, "Kept 1")).to_be_visible()
        expect(node(page, "Kept 2")).to_be_visible()
        saved(page)
        names = {"Kept 1", "Kept 2", "Engine 003"}
        wait_until(lambda: {asset.name for asset in document(cast, twin).assets.values()} == names, page)
        assert page.evaluate("async () => (await indexedDB.databases()).length") == 1


def test_who_is_signed_out_is_told_and_goes_on_after_signing_in(cast: Cast, open_page: OpenPage, twin: Twin) -> None:
    page = open_page(PATH, cast.owner)
    saved(page)
    Session.objects.all().delete()
    rename(page, "Engine 001", "Later")
    expect(page.get_by_role("alert").filter(has_text="1 change is not saved yet")).to_be_visible()
    assert violations(page) == []
    client = Client()
    client.force_login(cast.owner)
    value = client.cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": value, "url": page.url.split("/t/")[0]}])
    page.context.clear_cookies(name="csrftoken")
    page.get_by_role("button", name="Save now").click()
    saved(page)
    assert "Later" in {asset.name for asset in document(cast, twin).assets.values()}
