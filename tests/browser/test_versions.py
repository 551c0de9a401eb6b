"""Versions in a real browser: what differs on the canvas and in the list, publishing with others' edits, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tenants.kernel.clock import utc_now
from tenants.kernel.ids import new_id
from tenants.scope.context import scope
from tests.conftest import Cast
from twins.composer.models import Twin
from twins.composer.publishing import publish_twin
from twins.composer.reviewing import set_rule
from twins.composer.services import create_twin, edit_draft
from twins.composer.versions import versions_listed

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
OpenPage = Callable[..., Page]
A, B, C, D = (str(new_id()) for _ in range(4))
FLEET = "/t/meridian/twins/fleet/"


def add(asset: str, name: str, x: int) -> dict[str, Any]:
    return {"op": "add_asset", "asset": asset, "type": "turbofan-engine@1", "name": name, "at": [x, 40]}


def edit(twin: Twin, by: str, *operations: dict[str, Any]) -> None:
    revision = Twin.objects.get(id=twin.id).revision
    edit_draft(twin=twin.id, base_revision=revision, operations=list(operations), by=by, now=utc_now())


@pytest.fixture
def fleet(cast: Cast) -> Twin:
    """Three engines that are published; since then two people edited the draft."""
    with scope(cast.meridian.id):
        twin = create_twin(name="Fleet", now=utc_now())
        link = {"op": "link", "link": str(new_id()), "from": [A, "pair"], "to": [B, "pair"], "kind": "feeds"}
        edit(twin, cast.owner.email, add(A, "Left", 0), add(B, "Right", 300), add(C, "Spare", 600), link)
        publish_twin(twin=twin.id, revision=4, name="Spring", by=cast.owner.email, now=utc_now())
        edit(twin, cast.owner.email, {"op": "rename", "asset": A, "name": "Port"}, add(D, "Test bed", 0))
        edit(
            twin, cast.engineer.email,
            {"op": "set_property", "asset": A, "property": "serial_number", "value": "X7"},
            {"op": "move", "asset": B, "at": [320, 240]}, {"op": "remove_asset", "asset": C},
            {"op": "move", "asset": D, "at": [0, 240]},
        )  # fmt: skip
        return Twin.objects.get(id=twin.id)


def published(cast: Cast) -> list[tuple[int, str, str]]:
    with scope(cast.meridian.id):
        rows = list(versions_listed(Twin.objects.get(slug="fleet").id))
    return [(row.version, row.name, row.note) for row in rows]  # type: ignore[attr-defined]


def test_what_differs_is_seen_on_the_canvas_and_read_in_the_list(
    cast: Cast, open_page: OpenPage, fleet: Twin, reads_well: Callable[[Page], None]
) -> None:
    page = open_page(f"{FLEET}compare/?before=1&after=draft", cast.viewer)
    canvas = page.get_by_role("region", name="Canvas")
    for name in ("Port, Changed", "Right, Moved", "Spare, Removed", "Test bed, Added"):
        expect(canvas.get_by_label(name)).to_be_visible()
    expect(canvas.get_by_text("was here")).to_have_count(1)
    differences = page.get_by_role("region", name="Differences")
    expect(differences.get_by_role("status")).to_have_text("4 differences")
    expect(differences.get_by_text("serial number")).to_be_visible()
    reads_well(page)

    differences.get_by_role("button", name="Moved 1", exact=True).press("Enter")
    expect(differences.get_by_role("status")).to_have_text("1 difference")
    jump = differences.get_by_role("button", name="Right", exact=True)
    jump.press("Enter")
    expect(jump).to_have_attribute("aria-current", "true")
    expect(canvas.locator(".drawn-part[data-on=true]")).to_contain_text("Right")
    differences.get_by_label("Find in the list").fill("port")
    expect(differences.get_by_role("status")).to_have_text("0 differences")

    page.locator("select[name=after]").select_option("0")
    page.get_by_role("button", name="Compare").click()
    expect(differences.get_by_role("button", name="Removed 4")).to_be_visible()
    page.get_by_role("link", name="Swap").click()
    expect(differences.get_by_role("button", name="Added 4")).to_be_visible()
    page.set_viewport_size({"width": 360, "height": 900})
    reads_well(page)


def test_a_version_is_read_and_gone_back_to(
    cast: Cast, open_page: OpenPage, fleet: Twin, reads_well: Callable[[Page], None]
) -> None:
    with scope(cast.meridian.id):
        publish_twin(twin=fleet.id, revision=fleet.revision, by=cast.owner.email, now=utc_now())
        edit(fleet, cast.owner.email, {"op": "rename", "asset": D, "name": "Bench"})
    page = open_page(f"{FLEET}versions/", cast.owner)
    reads_well(page)
    page.get_by_role("link", name="1", exact=True).click()
    canvas = page.get_by_role("region", name="Canvas")
    for name in ("Left", "Right", "Spare"):
        expect(canvas.get_by_label(name)).to_be_visible()
    reads_well(page)
    page.get_by_role("button", name="Roll back to it").press("Enter")
    expect(page.get_by_text("Version 3 is published and says what version 1 says")).to_be_visible()
    expect(page.get_by_text("1 edit after version 2")).to_be_visible()
    page.set_viewport_size({"width": 360, "height": 900})
    reads_well(page)
    page.get_by_role("button", name="Bring back").press("Enter")
    expect(page.get_by_text("that has no place in the draft any more")).to_be_visible()
    assert published(cast) == [(3, "", "Back to version 1"), (2, "", ""), (1, "Spring", "")]


def test_what_others_edited_is_ticked_before_it_is_published(
    cast: Cast, open_page: OpenPage, fleet: Twin, accessible: Callable[[Page], None]
) -> None:
    page = open_page(f"{FLEET}canvas/", cast.owner)
    page.get_by_role("button", name="Publish").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("1 asset comes.")).to_be_visible()
    expect(dialog.get_by_text("1 asset goes; its history stays.")).to_be_visible()
    publish = dialog.get_by_role("button", name="Publish")
    expect(publish).to_be_disabled()
    accessible(page)
    for tick in dialog.get_by_role("checkbox").all():
        tick.press("Space")
    dialog.get_by_label("Name of the version").fill("Summer")
    dialog.get_by_label("What changed").fill("test bed")
    expect(publish).to_be_enabled()
    publish.press("Enter")
    expect(dialog).to_have_count(0)
    assert published(cast) == [(2, "Summer", "test bed"), (1, "Spring", "")]


def test_what_was_removed_is_brought_back(cast: Cast, open_page: OpenPage, fleet: Twin) -> None:
    page = open_page(f"{FLEET}canvas/", cast.owner)
    details = page.get_by_role("complementary", name="Details")
    details.get_by_role("button", name="Removed").press("Enter")
    details.get_by_role("button", name="Bring back Spare").press("Enter")
    expect(page.locator(".react-flow__node").filter(has_text="Spare")).to_be_visible()
    expect(details.get_by_text("What is removed from this draft stays here for 30 days.")).to_be_visible()


def test_a_review_is_asked_for_in_place_of_publishing(
    cast: Cast, open_page: OpenPage, fleet: Twin, reads_well: Callable[[Page], None]
) -> None:
    with scope(cast.meridian.id):
        set_rule(needs_review=True, by=cast.owner.email, now=utc_now())
        publisher = cast.engineer
    page = open_page(f"{FLEET}canvas/", publisher)
    page.get_by_role("button", name="Publish").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Publish")).to_have_count(0)
    dialog.get_by_label("What should be looked at").fill("the test bed")
    dialog.get_by_role("button", name="Ask for a review").press("Enter")
    expect(dialog.get_by_text("A review was asked for.")).to_be_visible()
    page.goto("/t/meridian/reviews/")
    page.get_by_role("link", name="Fleet").first.click()
    expect(page.get_by_text("the test bed")).to_be_visible()
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    reads_well(page)
