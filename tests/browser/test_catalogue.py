"""The catalogue in a real browser: a person writes a type by forms alone, and what goes wrong is told at its place."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tenants.kernel.clock import utc_now
from tenants.scope.context import scope
from tests.conftest import Cast
from twins.catalog import drafts
from twins.catalog.models import AssetTypeDraft, AssetTypeVersion

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
OpenPage = Callable[..., Page]
Check = Callable[[Page], None]


@pytest.fixture
def draft(cast: Cast) -> str:
    """A draft that extends the built-in rotating machine; its address."""
    with scope(cast.meridian.id):
        made = drafts.start_draft(
            key="booster", name="Booster", extends="rotating-machine@1", origin=None, by="owner", now=utc_now()
        )
    return f"/t/meridian/catalogue/drafts/{made.id}/"


def document(cast: Cast) -> dict[str, Any]:
    with scope(cast.meridian.id):
        found: dict[str, Any] = AssetTypeDraft.objects.get().document
    return found


def saved(page: Page) -> None:
    expect(page.locator("[data-save=saved]")).to_be_visible()


def section(page: Page, name: str) -> None:
    page.get_by_role("navigation", name="Sections").get_by_role("button", name=re.compile(f"^{name}")).click()


def formula(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Formula")


def test_a_type_is_written_by_forms_and_published(cast: Cast, open_page: OpenPage, reads_well: Check) -> None:
    page = open_page("/t/meridian/catalogue/", cast.owner)
    reads_well(page)
    page.get_by_role("link", name="New type").click()
    page.get_by_label("Name").fill("Booster")
    page.get_by_label("Extends").select_option("rotating-machine@1")
    page.get_by_role("button", name="Open in the editor").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Booster")
    reads_well(page)
    override_a_range(page)
    assert document(cast)["signals"] == {"speed": {"unit": "{rpm}", "range": ["0", "4000"]}}
    derive_a_signal(page, reads_well)

    page.get_by_role("button", name="Publish", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What changed").fill("First of its kind")
    dialog.get_by_role("button", name="Publish").click()
    page.wait_for_url("**/catalogue/booster@1/")
    reads_well(page)
    expect(page.get_by_text("overrides").first).to_be_visible()
    with scope(cast.meridian.id):
        made = AssetTypeVersion.objects.get()
    assert made.note == "First of its kind"
    assert made.document["derived"]["speed_share"]["formula"] == "speed / rated_speed"
    see_what_a_new_version_changes(page)


def override_a_range(page: Page) -> None:
    """An inherited range is overridden, taken back by one click, and overridden again by undoing that."""
    section(page, "Signals")
    page.get_by_role("button", name=re.compile("^Speed")).click()
    form = page.get_by_role("region", name="Speed")
    most = form.get_by_label("To", exact=True)
    expect(most).to_have_value("36000")
    form.get_by_role("button", name="Override Credible range").click()
    most.fill("4000")
    expect(form.get_by_text("Overrides 0 – 36000 of rotating-machine@1")).to_be_visible()
    form.get_by_role("button", name="Take back Credible range").click()
    expect(most).to_have_value("36000")
    page.keyboard.press("Control+z")
    expect(most).to_have_value("4000")
    saved(page)


def derive_a_signal(page: Page, reads_well: Check) -> None:
    """A derived signal by completion: wrong at first, underlined at its place, then mended and seen on sample data."""
    section(page, "Derived signals")
    page.get_by_role("button", name="Add a derived signal").click()
    page.get_by_label("Name", exact=True).fill("Speed share")
    page.keyboard.press("Enter")
    unit = page.get_by_role("combobox", name="Unit")
    expect(unit).to_be_focused()
    unit.fill("%")
    page.keyboard.press("Tab")
    expect(formula(page)).to_be_focused()
    formula(page).press_sequentially("spede / rat")
    offered = page.get_by_role("listbox", name="What may stand here").get_by_role("option")
    expect(offered.first).to_contain_text("rated_speed")
    page.keyboard.press("Enter")
    expect(formula(page)).to_have_value("spede / rated_speed")
    expect(page.locator(".type-marked mark")).to_have_text("spede")
    expect(page.get_by_text("Did you mean speed?")).to_be_visible()
    reads_well(page)
    page.get_by_role("button", name="Findings: 1 error").click()
    page.get_by_role("button", name="Go to derived › speed_share › formula").click()
    expect(formula(page)).to_be_focused()
    formula(page).fill("speed / rated_speed")
    expect(page.get_by_text(re.compile(r"On sample data\. From .* to .* %"))).to_be_visible()
    expect(page.locator(".type-preview canvas")).to_be_visible()
    expect(page.get_by_role("button", name="Findings: 0 errors")).to_be_visible()
    reads_well(page)


def see_what_a_new_version_changes(page: Page) -> None:
    """Before it is published, each change is told with what it means for the assets that there are."""
    page.get_by_role("button", name="New version").click()
    section(page, "Signals")
    page.get_by_role("button", name=re.compile("^Speed")).click()
    page.get_by_label("To", exact=True).fill("5000")
    page.get_by_role("button", name="Publish", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("signals › speed › range")).to_be_visible()
    expect(dialog.get_by_text("0 – 4000")).to_be_visible()
    expect(dialog.get_by_text("What it means for 0 assets of booster@1")).to_be_visible()


def test_bad_input_is_told_at_its_field_and_nothing_is_lost(cast: Cast, open_page: OpenPage, draft: str) -> None:
    page = open_page(draft, cast.owner)
    name = page.get_by_label("Name, English")
    name.fill("<script>alert(1)</script>")
    expect(page.get_by_role("heading", level=1)).to_have_text("<script>alert(1)</script>")
    saved(page)
    name.fill("x" * 1_000_000)
    expect(page.get_by_text("At most 2,000 characters; this has 1,000,000.")).to_be_visible()
    assert document(cast)["name"] == {"en": "<script>alert(1)</script>"}
    name.fill("Booster")

    section(page, "Signals")
    page.get_by_role("button", name="Add a signal").click()
    page.get_by_label("Name", exact=True).fill("Inlet pressure")
    page.keyboard.press("Enter")
    page.get_by_role("combobox", name="Unit").fill("psig")
    expect(page.get_by_text("'psig' is not a UCUM unit")).to_be_visible()
    page.get_by_role("combobox", name="Unit").fill("pressu")
    page.get_by_role("option").filter(has_text="bar").first.click()
    expect(page.get_by_text("is not a UCUM unit")).to_have_count(0)
    rate = page.get_by_label("A reading every")
    rate.fill("often")
    rate.blur()
    expect(page.get_by_text("Write a time, such as 30 s or 1 h 30 min.")).to_be_visible()
    rate.fill("90 s")
    rate.blur()
    expect(rate).to_have_value("1 min 30 s")
    saved(page)
    assert document(cast)["signals"]["inlet_pressure"]["rate"] == "PT1M30S"


def test_an_indicator_counts_the_time_in_which_a_condition_holds(
    cast: Cast, open_page: OpenPage, draft: str, reads_well: Check
) -> None:
    """A state at first, then a condition: completed, underlined behind the words before it, mended, and kept."""
    page = open_page(draft, cast.owner)
    section(page, "Outcome indicators")
    page.get_by_role("button", name="Add an indicator").click()
    page.get_by_label("Name", exact=True).fill("In its range")
    page.keyboard.press("Enter")
    page.get_by_label("Which time").select_option(label="in which it is")
    page.get_by_label("State", exact=True).select_option(label="idle")
    saved(page)
    assert document(cast)["indicators"] == {"in_its_range": "share of time idle"}
    page.get_by_label("Which time").select_option(label="in which a condition holds")
    condition = page.get_by_role("textbox", name="Condition")
    expect(condition).to_have_value("idle")
    condition.fill("")
    condition.press_sequentially("not down and spe")
    expect(page.get_by_role("listbox", name="What may stand here").get_by_role("option").first).to_contain_text("speed")
    page.keyboard.press("Enter")
    condition.press_sequentially(" < 1 bar")
    expect(page.locator(".type-marked mark")).to_have_text("1 bar")
    reads_well(page)
    condition.fill("not down and speed < 3000 {rpm}")
    expect(page.locator(".type-marked mark")).to_have_count(0)
    expect(page.get_by_role("button", name="Findings: 0 errors")).to_be_visible()
    expect(page.locator(".type-preview canvas")).to_be_visible()
    saved(page)
    assert document(cast)["indicators"] == {"in_its_range": "share of time not down and speed < 3000 {rpm}"}
    reads_well(page)


def test_json_is_edited_with_what_is_wrong_at_its_line(
    cast: Cast, open_page: OpenPage, draft: str, accessible: Check
) -> None:
    page = open_page(draft, cast.owner)
    page.get_by_role("button", name="JSON", exact=True).click()
    text = page.get_by_label("The document as JSON")
    sound = text.input_value()
    text.fill(sound.replace("rotating-machine@1", "booster@1"))
    expect(page.get_by_text("no type can be its own ancestor")).to_be_visible()
    accessible(page)
    text.fill('{"key": "booster", "key": "other"}')
    expect(page.get_by_text("The key “key” stands twice.")).to_be_visible()
    expect(page.get_by_role("button", name="Line 1, column 20")).to_be_visible()
    text.fill("[" * 1_000_000)
    expect(page.get_by_text("and a type holds 256 kB")).to_be_visible()
    page.get_by_role("button", name="Back to what was read last").click()
    text.fill(sound)
    expect(page.get_by_text("Nothing is wrong with it.")).to_be_visible()
    saved(page)
    assert document(cast)["extends"] == ["rotating-machine@1"]


def test_what_was_not_saved_survives_a_lost_network_and_two_people_lose_nothing(
    cast: Cast, open_page: OpenPage, draft: str
) -> None:
    mine, theirs = open_page(draft, cast.owner), open_page(draft, cast.engineer)
    for page in (mine, theirs):
        expect(page.get_by_label("Name, English")).to_be_visible()
    mine.context.set_offline(True)
    mine.get_by_label("Name, English").fill("Mine")
    expect(mine.locator("[data-save=retrying]")).to_be_visible()
    mine.context.set_offline(False)
    saved(mine)
    # The other has not seen it: what they change elsewhere joins it, the same place is theirs to decide.
    theirs.get_by_label("Description, English").fill("For water")
    saved(theirs)
    expect(theirs.get_by_role("heading", level=1)).to_have_text("Mine")
    mine.get_by_label("Name, English").fill("Mine too")
    saved(mine)
    assert document(cast)["description"] == {"en": "For water"}
    theirs.get_by_label("Name, English").fill("Theirs")
    dialog = theirs.get_by_role("dialog", name="Someone else changed the same")
    expect(dialog.get_by_text("Mine too")).to_be_visible()
    dialog.get_by_label("Theirs, saved").check()
    dialog.get_by_role("button", name="Go on with these").click()
    saved(theirs)
    assert document(cast)["name"] == {"en": "Mine too"}


@pytest.mark.parametrize("width", [1440, 360])
def test_every_section_reads_well(cast: Cast, open_page: OpenPage, draft: str, reads_well: Check, width: int) -> None:
    page = open_page(draft, cast.owner, width=width)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    for name in ("Properties", "Alarms", "Maintenance", "Outcome indicators"):
        if width < 900:
            page.get_by_label("Section", exact=True).select_option(label=name)
        else:
            section(page, name)
        page.locator(".type-row-button").first.click()
        expect(page.locator(".type-form")).to_be_visible()
        reads_well(page)
