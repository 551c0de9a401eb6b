"""The templates of a new twin: looked for, chosen, filled in and opened on the canvas, by mouse and by keyboard."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tenants.scope.context import scope
from tests.browser.conftest import WIDTHS
from tests.conftest import Cast
from twins.composer.models import Twin
from twins.composer.schemas import TwinDocument

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
OpenPage = Callable[..., Page]
PATH = "/t/meridian/twins/new/"


def draft(cast: Cast) -> TwinDocument:
    with scope(cast.meridian.id):
        return TwinDocument.model_validate(Twin.objects.get().draft)


def test_a_template_is_looked_for_chosen_and_filled_in(cast: Cast, open_page: OpenPage) -> None:
    page = open_page(PATH, cast.engineer)
    expect(page.get_by_role("listitem").filter(has=page.get_by_role("heading"))).to_have_count(11)
    page.get_by_label("Search the templates").fill("turbine wind")
    page.get_by_role("button", name="Search", exact=True).last.click()
    expect(page.get_by_role("link", name="Pump station")).to_have_count(0)
    page.get_by_role("link", name="Wind farm").click()
    expect(page.get_by_text("14 assets, 13 links")).to_be_visible()
    page.get_by_label("Strings").fill("2")
    expect(page.get_by_text("10 assets, 9 links")).to_be_visible()
    page.get_by_label("Name").fill("Ridge")
    page.get_by_role("button", name="Open on the canvas").click()
    page.wait_for_url("**/twins/ridge/canvas/")
    expect(page.locator(".react-flow__node").filter(has_text="WT-204")).to_be_visible()
    assert len(draft(cast).assets) == 10


def test_the_same_by_keyboard(cast: Cast, open_page: OpenPage) -> None:
    page = open_page(PATH, cast.engineer)
    page.get_by_role("link", name="Pump station").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**blueprint=pump-station")
    page.get_by_label("Name").focus()
    page.keyboard.type("North")
    page.keyboard.press("Tab")
    page.keyboard.type("4")
    page.keyboard.press("Enter")
    page.wait_for_url("**/twins/north/canvas/")
    assert sorted(asset.name for asset in draft(cast).assets.values() if asset.name.startswith("P-")) == [
        "P-101", "P-201", "P-301", "P-401",
    ]  # fmt: skip


def test_what_is_wrong_stands_at_its_field(cast: Cast, open_page: OpenPage, reads_well: Callable[[Page], None]) -> None:
    page = open_page(f"{PATH}?blueprint=pump-station", cast.engineer)
    page.get_by_label("Pumps").fill("99")
    page.get_by_role("button", name="Open on the canvas").click()
    expect(page.get_by_text("This field is required.").first).to_be_visible()
    expect(page.get_by_text("Ensure this value is less than or equal to 24.").first).to_be_visible()
    expect(page.get_by_label("Pumps")).to_have_value("99")
    reads_well(page)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_gallery_reads_well(
    cast: Cast, open_page: OpenPage, reads_well: Callable[[Page], None], width: int
) -> None:
    page = open_page(PATH, cast.engineer, width=width)
    reads_well(page)
    for address in ("?q=submarine", "?blueprint=", "?blueprint=microgrid"):
        page.goto(PATH + address)
        reads_well(page)
