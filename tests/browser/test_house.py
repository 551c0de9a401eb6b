"""The pages of the house in a real browser: signing in, finding one's way, on a screen of any size, by keyboard."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tenants.jobs.services import start_job
from tenants.kernel.clock import utc_now
from tenants.scope.context import scope
from tests.browser.conftest import WIDTHS
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
