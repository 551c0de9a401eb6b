"""Working on the canvas: adding by typing, linking by clicks, copying, grouping, lining up, notes and images."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import FloatRect, Locator, Page, expect

from tenants.kernel.clock import utc_now
from tenants.scope.context import scope
from tests.conftest import Cast
from tests.twins.gateways.plant import wait_for
from twins.composer.models import CanvasImage, Twin
from twins.composer.schemas import TwinDocument
from twins.composer.selectors import draft
from twins.composer.services import create_twin

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
OpenPage = Callable[..., Page]
OpenCanvas = Callable[[], Page]

PASTE_IMAGE = """async () => {
    const drawn = new OffscreenCanvas(300, 200)
    drawn.getContext('2d').fillRect(0, 0, 300, 200)
    const data = new DataTransfer()
    data.items.add(new File([await drawn.convertToBlob({type: 'image/webp'})], 'plan.webp', {type: 'image/webp'}))
    const paste = new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true})
    document.querySelector('.composer').dispatchEvent(paste)
}"""
PASTE_TEXT = """text => {
    const data = new DataTransfer()
    data.setData('text/plain', text)
    const paste = new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true})
    document.querySelector('.composer').dispatchEvent(paste)
}"""


@pytest.fixture
def open_canvas(cast: Cast, open_page: OpenPage) -> OpenCanvas:
    """Opens the empty canvas of a new twin."""
    with scope(cast.meridian.id):
        slug = create_twin(name="Works", now=utc_now()).slug

    def opened() -> Page:
        page = open_page(f"/t/meridian/twins/{slug}/canvas/", cast.owner)
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        expect(page.locator(".react-flow__pane")).to_be_visible()
        return page

    return opened


def assets(page: Page) -> Locator:
    return page.locator(".react-flow__node-asset")


def node(page: Page, name: str) -> Locator:
    return page.locator(".react-flow__node").filter(has_text=name)


def edges(page: Page) -> Locator:
    return page.locator(".react-flow__edge")


def box(place: Locator) -> FloatRect:
    found = place.bounding_box()
    assert found is not None
    return found


def add_at(page: Page, x: int, y: int, words: str) -> None:
    """Double click on the canvas, type, Enter."""
    page.mouse.dblclick(x, y)
    page.get_by_role("combobox", name="Add an asset").fill(words)
    page.keyboard.press("Enter")
    expect(page.locator(".quick-add")).to_have_count(0)


def choose(page: Page, *names: str) -> None:
    """Click on the heads of these, the first alone and the others with Control."""
    for number, name in enumerate(names):
        node(page, name).click(position={"x": 60, "y": 20}, modifiers=["Control"] if number else [])


def saved(cast: Cast, page: Page, revision: int | None = None) -> TwinDocument:
    """The draft as the server has it, once all is saved; with a revision, once it has gone beyond that."""
    with scope(cast.meridian.id):
        twin = Twin.objects.get().id
    if revision is not None:
        wait_for(lambda: _revision(cast) > revision)
    expect(page.locator("[data-save=saved]")).to_be_visible()
    with scope(cast.meridian.id):
        return draft(twin).document


def _revision(cast: Cast) -> int:
    with scope(cast.meridian.id):
        return Twin.objects.get().revision


def test_assets_are_added_and_linked_by_clicks_and_typing(cast: Cast, open_canvas: OpenCanvas) -> None:
    page = open_canvas()
    add_at(page, 620, 200, "centrif")
    pump = node(page, "Centrifugal pump 1")
    expect(pump).to_be_focused()
    assert abs(box(pump)["x"] + box(pump)["width"] / 2 - 620) <= 20

    pump.get_by_title("outlet").click()
    page.mouse.click(930, 200)
    page.get_by_role("combobox", name="Add and link").fill("tank")
    page.keyboard.press("Enter")
    expect(edges(page)).to_have_count(1)

    add_at(page, 620, 480, "centrif")
    add_at(page, 930, 480, "gearb")
    node(page, "Centrifugal pump 2").get_by_title("outlet").click()
    expect(node(page, "Gearbox 1").locator(".asset-closed")).to_have_count(1)
    expect(node(page, "Tank 1").locator(".asset-closed")).to_have_count(0)
    node(page, "Tank 1").get_by_title("inlet").click()
    expect(edges(page)).to_have_count(2)

    for _ in range(4):
        page.keyboard.press("Control+z")
    expect(assets(page)).to_have_count(1)
    expect(edges(page)).to_have_count(0)
    assert [asset.name for asset in saved(cast, page).assets.values()] == ["Centrifugal pump 1"]


def test_by_keyboard_alone_parts_are_added_grouped_collapsed_and_copied(
    cast: Cast, open_canvas: OpenCanvas, accessible: Callable[[Page], None]
) -> None:
    page = open_canvas()
    page.locator(".composer").focus()
    for words in ("tank", "centrif"):
        page.keyboard.press("a")
        page.get_by_role("combobox", name="Add an asset").fill(words)
        accessible(page)
        page.keyboard.press("Enter")
    expect(node(page, "Centrifugal pump 1")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+g")
    page.get_by_label("Name of Group 1").fill("Duty")
    page.keyboard.press("Enter")
    expect(page.locator(".react-flow__node-frame")).to_contain_text("2 assets")
    page.keyboard.press("e")
    expect(assets(page)).to_have_count(0)
    group = page.locator(".react-flow__node-group")
    expect(group).to_contain_text("2 assets")

    group.focus()
    page.keyboard.press("Shift+F10")
    menu = page.get_by_role("menu")
    expect(menu.get_by_role("menuitem").first).to_be_focused()
    accessible(page)
    menu.press("End")
    expect(menu.get_by_role("menuitem").last).to_be_focused()
    page.keyboard.press("Escape")
    expect(menu).to_have_count(0)
    expect(group).to_be_focused()

    page.keyboard.press("Control+c")
    page.keyboard.press("Control+v")
    expect(group).to_have_count(2)
    page.keyboard.press("Control+z")
    expect(group).to_have_count(1)
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+d")
    expect(group).to_have_count(2)
    document = saved(cast, page)
    assert sorted(asset.name for asset in document.assets.values()) == [
        "Centrifugal pump 1", "Centrifugal pump 2", "Tank 1", "Tank 2",
    ]  # fmt: skip
    assert [(each.name, each.collapsed) for each in document.groups.values()] == [("Duty", True)] * 2
    assert sorted(list(document.groups).index(asset.group or "") for asset in document.assets.values()) == [0, 0, 1, 1]


def test_several_are_selected_lined_up_and_grouped_by_clicks(cast: Cast, open_canvas: OpenCanvas) -> None:
    page = open_canvas()
    for x, y, words in ((620, 300, "centrif"), (950, 340, "tank"), (660, 560, "electric motor")):
        add_at(page, x, y, words)
    page.mouse.click(1050, 700)
    page.get_by_role("button", name="Select by dragging and by single clicks").click()
    page.mouse.move(480, 700)
    page.mouse.down()
    page.mouse.move(1080, 270, steps=4)
    page.mouse.up()
    expect(page.locator(".react-flow__node.selected")).to_have_count(3)
    saved(cast, page)
    revision = _revision(cast)
    page.get_by_role("button", name="Align left").click()
    assert len({asset.at[0] for asset in saved(cast, page, revision).assets.values()}) == 1
    revision = _revision(cast)
    page.keyboard.press("Control+z")
    assert len({asset.at[0] for asset in saved(cast, page, revision).assets.values()}) == 3

    page.mouse.click(1050, 700)
    node(page, "Centrifugal pump 1").click(position={"x": 60, "y": 20})
    node(page, "Electric motor 1").click(position={"x": 60, "y": 20})
    page.get_by_role("button", name="Group", exact=True).click()
    page.keyboard.press("Enter")
    frame = page.locator(".react-flow__node-frame")
    expect(frame).to_contain_text("2 assets")

    before = {asset.name: asset.at for asset in saved(cast, page).assets.values()}
    revision = _revision(cast)
    title = box(frame.locator(".frame-title"))
    page.mouse.move(title["x"] + 150, title["y"] + 15)
    page.mouse.down()
    page.mouse.move(title["x"] + 150, title["y"] + 115, steps=6)
    page.mouse.up()
    after = {asset.name: asset.at for asset in saved(cast, page, revision).assets.values()}
    moved = {name: (after[name][0] - at[0], after[name][1] - at[1]) for name, at in before.items()}
    assert moved["Tank 1"] == (0, 0)
    assert moved["Centrifugal pump 1"] == moved["Electric motor 1"] != (0, 0)
    revision = _revision(cast)
    page.keyboard.press("Control+z")
    assert {asset.name: asset.at for asset in saved(cast, page, revision).assets.values()} == before


def test_notes_and_images_lie_on_the_canvas_and_nothing_strange_is_pasted(cast: Cast, open_canvas: OpenCanvas) -> None:
    page = open_canvas()
    add_at(page, 620, 200, "centrif")
    page.mouse.move(900, 500)
    page.keyboard.press("n")
    page.locator(".note-writing").fill("Valve sticks\n<script>alert(1)</script>")
    page.keyboard.press("Control+Enter")
    note = page.locator(".react-flow__node-note")
    expect(note).to_contain_text("<script>alert(1)</script>")
    page.keyboard.press("]")
    page.mouse.move(900, 300)
    page.evaluate(PASTE_IMAGE)
    expect(note.locator("img")).to_have_js_property("naturalWidth", 300)

    told = page.locator(".canvas-notice")
    page.evaluate(PASTE_TEXT, "Pump P-101")
    expect(told).to_contain_text("holds nothing of a twin")
    page.evaluate(PASTE_TEXT, "x" * 1_000_001)
    expect(told).to_contain_text("too much to paste: 1,000,001 letters")
    told.get_by_role("button", name="Close").click()

    document = saved(cast, page)
    assert len(document.assets) == 1
    (text,) = [each for each in document.notes.values() if not each.image]
    (image,) = [each for each in document.notes.values() if each.image]
    assert (text.text, text.size) == ("Valve sticks\n<script>alert(1)</script>", (300, 75))
    assert image.size == (300, 200)
    with scope(cast.meridian.id):
        assert CanvasImage.objects.get().digest == image.image

    choose(page, "Valve sticks")
    page.keyboard.press("Delete")
    expect(note).to_have_count(1)
    page.reload()
    expect(note.locator("img")).to_have_js_property("naturalWidth", 300)
