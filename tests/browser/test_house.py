"""The pages of the house in a real browser: signing in, finding one's way, on a screen of any size, by keyboard."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tenants.jobs.services import start_job
from tenants.kernel.clock import utc_now
from tenants.scope.context import scope
from tests.browser.conftest import WIDTHS, violations
from tests.conftest import Cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
OpenPage = Callable[..., Page]


@pytest.mark.parametrize("width", WIDTHS)
def test_each_page_reads_well(cast: Cast, open_page: OpenPage, reads_well: Callable[[Page], None], width: int) -> None:
    with scope(cast.meridian.id):
        start_job(kind="health.train", params={}, by="owner", now=utc_now())
    paths = [
        "/t/meridian/",
        "/t/meridian/admin/people/",
        "/t/meridian/admin/keys/",
        "/account/",
        "/?choose",
        "/nowhere/",
    ]
    page = open_page("/account/login/", width=width)
    reads_well(page)
    page = open_page(paths[0], cast.owner, theme="dark", width=width)
    for path in paths:
        page.goto(path)
        expect(page.locator("h1")).to_be_visible()
        reads_well(page)


def test_signing_in_by_keyboard(cast: Cast, open_page: OpenPage) -> None:
    cast.owner.set_password("uncommon-gearbox-42")
    cast.owner.save()
    cast.owner.emailaddress_set.create(email=cast.owner.email, verified=True, primary=True)  # type: ignore[attr-defined]
    page = open_page("/t/meridian/admin/keys/")
    page.get_by_label("Email").fill(cast.owner.email)
    page.get_by_label("Password").fill("uncommon-gearbox-42")
    page.keyboard.press("Enter")
    page.wait_for_url("**/t/meridian/admin/keys/")
    expect(page.get_by_role("heading", level=1, name="API keys")).to_be_visible()


def test_the_palette_jumps_to_a_page(cast: Cast, open_page: OpenPage) -> None:
    page = open_page("/t/meridian/", cast.owner)
    page.keyboard.press("Control+k")
    page.keyboard.type("peop")
    page.keyboard.press("Enter")
    page.wait_for_url("**/t/meridian/admin/people/")
    expect(page.get_by_role("heading", level=1, name="People")).to_be_visible()


def test_who_is_signed_out_is_told_above_the_page_and_goes_on_in_it(cast: Cast, open_page: OpenPage) -> None:
    page = open_page("/t/meridian/", cast.owner)
    bell = page.get_by_role("link", name="No alarm to acknowledge")
    expect(bell).to_be_visible()
    cookies = page.context.cookies()
    page.context.clear_cookies(name="sessionid")
    for _ in range(2):  # it is told once
        with page.expect_response("**/alarms/badge/"):
            page.evaluate("document.body.dispatchEvent(new CustomEvent('alarms-changed'))")
    told = page.get_by_role("alert")
    expect(told).to_have_text("You are signed out. Sign in in a new tab")
    path = "/account/login/?next=%2Ft%2Fmeridian%2F"
    expect(told.get_by_role("link")).to_have_attribute("href", path)
    expect(bell).to_be_visible()
    expect(page.locator("main")).to_have_count(1)
    assert violations(page) == []

    page.context.add_cookies(cookies)  # type: ignore[arg-type]
    page.evaluate("document.body.dispatchEvent(new CustomEvent('alarms-changed'))")
    expect(told).to_have_count(0)


def test_without_the_network_a_page_tells_that_it_is_of_before(cast: Cast, open_page: OpenPage) -> None:
    page = open_page("/t/meridian/", cast.owner)
    page.context.set_offline(True)
    page.evaluate("document.body.dispatchEvent(new CustomEvent('alarms-changed'))")
    told = page.get_by_role("alert")
    expect(told).to_contain_text("The server could not be reached. What is shown here is as it was then.")
    page.context.set_offline(False)
    page.evaluate("document.body.dispatchEvent(new CustomEvent('alarms-changed'))")
    expect(told).to_have_count(0)
