"""Signals are bound to what a gateway sends: by suggestions, by hand and by a pattern; values are transformed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Locator, Page, expect

from tenants.kernel.clock import utc_now
from tenants.scope.context import scope
from tests.conftest import Cast
from tests.ingest import client_of, ingest_running
from tests.twins.gateways.plant import wait_for
from twins.composer.models import Twin
from twins.composer.schemas import FleetParameters
from twins.composer.services import create_fleet
from twins.gateways.http import PATH
from twins.gateways.services import create_gateway

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
OpenPage = Callable[..., Page]
START = datetime(2026, 1, 15, 8, tzinfo=UTC)
CANVAS = "/t/meridian/twins/fleet/canvas/"


@dataclass(frozen=True)
class Plant:
    """A fleet whose signals nothing is read for, and a gateway that sends."""

    tenant: UUID
    gateway: str
    token: str

    def sends(self, columns: dict[str, list[float]]) -> None:
        """One batch, a value a second; returns when everything of it is written."""
        size = len(next(iter(columns.values())))
        at = [(START + timedelta(seconds=number)).isoformat() for number in range(size)]
        body = {"batch": f"b{len(columns)}", "at": at, "columns": columns}
        # The loop of Playwright runs in this thread.
        thread = threading.Thread(target=lambda: asyncio.run(self._send(body)))
        thread.start()
        thread.join()

    async def _send(self, body: dict[str, Any]) -> None:
        async with ingest_running() as app, client_of(app, self.token) as client:
            assert (await client.post(PATH, json=body)).status_code == 200

    def bindings(self) -> dict[str, dict[str, Any]]:
        """What the saved draft reads, by the asset's name and the signal."""
        with scope(self.tenant):
            draft = Twin.objects.get().draft
        names = {key: asset["name"] for key, asset in draft["assets"].items()}
        return {
            f"{names[place.split('/')[0]]}/{place.split('/')[1]}": one
            for place, one in draft.get("bindings", {}).items()
        }


def plant_of(cast: Cast, count: int) -> Plant:
    with scope(cast.meridian.id):
        parameters = FleetParameters(name="Fleet", count=count)
        create_fleet(blueprint="turbofan-fleet", parameters=parameters, by="somebody", now=utc_now())
        gateway, token = create_gateway(name="Hangar", now=utc_now())
    return Plant(cast.meridian.id, str(gateway.id), token.text)


def node(page: Page, name: str) -> Locator:
    return page.locator(".react-flow__node").filter(has_text=name)


SENT = {f"{unit}/{signal}": [value] * 3 for unit in (1, 2) for signal, value in (("t24", 641.0), ("nf", 2388.0))}


@pytest.fixture
def plant(cast: Cast) -> Plant:
    """Two engines, and what their gateway has sent of them."""
    made = plant_of(cast, 2)
    made.sends({**SENT, "1/oil_degF": [180.0, 182.0, 181.0], "1/t30_degC": [550.0, 560.0, 555.0]})
    return made


@pytest.fixture
def details(cast: Cast, plant: Plant, open_page: OpenPage) -> Locator:
    """The details of the first engine on the canvas."""
    page = open_page(CANVAS, cast.owner)
    node(page, "Engine 001").click()
    return page.get_by_role("complementary", name="Details")


def row(details: Locator, signal: str) -> Locator:
    return details.locator(f"[data-place$='/{signal}']")


def test_keys_are_offered_and_suggestions_accepted(
    details: Locator, plant: Plant, reads_well: Callable[[Page], None]
) -> None:
    keys = details.get_by_role("list", name="Keys that nobody reads").get_by_role("listitem")
    expect(keys).to_have_count(6)
    oil = keys.filter(has_text="1/oil_degF")
    expect(oil.get_by_role("img", name="Recent values from 180 to 182")).to_be_visible()
    expect(oil).to_contain_text("181 °F")
    expect(oil).to_contain_text("3 seen")
    reads_well(details.page)

    # One by one, by the keyboard: the focus goes on to the next suggestion.
    row(details, "t24").get_by_role("button").press("Enter")
    expect(row(details, "t24")).to_contain_text("641 as sent")
    expect(details.locator("[data-accept]").first).to_be_focused()
    wait_for(lambda: plant.bindings().get("Engine 001/t24", {}).get("key") == "1/t24")

    node(details.page, "Engine 002").click()
    details.get_by_role("button", name="Accept 2 good suggestions").click()
    dialog = details.page.get_by_role("dialog", name="Accept all good suggestions")
    expect(dialog.get_by_role("row")).to_have_count(3)
    reads_well(details.page)
    dialog.get_by_role("button", name="Bind 2 signals").click()
    wait_for(lambda: plant.bindings().get("Engine 002/nf", {}).get("key") == "2/nf")
    row(details, "nf").get_by_role("button", name="Stop reading").click()
    wait_for(lambda: set(plant.bindings()) == {"Engine 001/t24", "Engine 002/t24"})


def test_a_key_is_chosen_for_its_signal_or_dragged_onto_it(details: Locator, plant: Plant) -> None:
    keys = details.get_by_role("list", name="Keys that nobody reads")
    keys.get_by_role("button", name="1/t30_degC").press("Enter")
    here = row(details, "t30").get_by_role("button", name="Read it here")
    expect(here).to_have_attribute("data-likeliest", "true")
    here.press("Enter")
    expect(row(details, "t30")).to_contain_text("555 as sent")
    # What the server answers moves the lists, and so does a panel that scrolls: nothing is dragged until both rest.
    details.page.set_viewport_size({"width": 1440, "height": 2400})
    expect(keys.get_by_role("listitem")).to_have_count(5)
    expect(details.get_by_role("button", name="Accept 2 good suggestions")).to_be_visible()
    expect(details.page.locator("[data-save]")).to_have_attribute("data-save", "saved")
    wait_for(lambda: set(plant.bindings()) == {"Engine 001/t30"})
    keys.get_by_role("listitem").filter(has_text="1/nf").drag_to(row(details, "nf"))
    expect(row(details, "nf")).to_contain_text("2,388 as sent")
    wait_for(lambda: set(plant.bindings()) == {"Engine 001/t30", "Engine 001/nf"})
    assert plant.bindings()["Engine 001/t30"]["unit"] == "Cel"
    assert "unit" not in plant.bindings()["Engine 001/nf"]


def test_a_value_is_transformed_before_the_eyes(
    details: Locator, plant: Plant, reads_well: Callable[[Page], None]
) -> None:
    row(details, "nf").get_by_role("button").click()
    row(details, "nf").get_by_role("button", name="Transform").click()
    form = row(details, "nf").locator("form")
    form.get_by_label("Scale", exact=True).fill("0.5")
    expect(form).to_contain_text("1,194 (1,194 … 1,194)")
    form.get_by_label("Unit it is then in").fill("bar")
    expect(form).to_contain_text("'bar' does not convert into '{rpm}'")
    form.get_by_label("Unit it is then in").fill("")
    form.get_by_role("radio", name="Expression").check()
    expression = form.get_by_role("textbox", name="Expression")
    expression.fill("valu / 2")
    expect(form).to_contain_text("There is no signal, property or state 'valu' here.")
    expect(form.locator("mark")).to_have_text("valu")
    expect(form.get_by_role("button", name="Save the transform")).to_be_disabled()
    expression.fill("value / 0")
    expect(form).to_contain_text("It gives no number, whatever is sent.")
    expression.fill("value / 2 + 6")
    expect(form).to_contain_text("1,200 (1,200 … 1,200)")
    reads_well(details.page)
    form.get_by_role("button", name="Save the transform").click()
    wait_for(lambda: plant.bindings()["Engine 001/nf"].get("expression") == "value / 2 + 6")


def test_a_hundred_signals_are_bound_by_a_pattern_and_one_undo_takes_it_back(
    cast: Cast, open_page: OpenPage, accessible: Callable[[Page], None]
) -> None:
    plant = plant_of(cast, 50)
    signals = ("t24", "t30")
    plant.sends({f"PLANT1.ENGINE-{unit}.{signal}": [640.0] for unit in range(1, 51) for signal in signals})
    page = open_page(CANVAS, cast.owner)
    page.get_by_role("button", name="Bind by a pattern").click()
    dialog = page.get_by_role("dialog", name="Bind by a pattern")
    pattern = dialog.get_by_label("Pattern of the keys")
    pattern.fill("PLANT1.{asset}.{sort}")
    expect(dialog.get_by_text("There is no placeholder {sort}.")).to_be_visible()
    pattern.fill("PLANT1.{asset}.{signal}")
    expect(dialog.get_by_text("100 will be bound; capitals or separators differ")).to_be_visible()
    accessible(page)
    dialog.get_by_role("button", name="Bind 100 signals").click()
    expect(dialog).to_have_count(0)
    wait_for(lambda: len(plant.bindings()) == 100)
    assert plant.bindings()["Engine 007/t24"]["key"] == "PLANT1.ENGINE-7.t24"
    page.locator(".composer").press("Control+z")
    wait_for(lambda: plant.bindings() == {})
