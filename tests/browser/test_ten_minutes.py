"""The ten-minute story: from the empty account to a published twin with live values, without a line of code.

Told twice, by mouse and by keyboard alone. With ``OUTTURN_PICTURES`` it takes the pictures of the guide.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tenants.kernel.clock import utc_now
from tenants.scope.context import scope
from tests.browser.person import Keyboard, Mouse, node
from tests.conftest import Cast
from tests.twins.gateways.plant import wait_for
from twins.composer.models import Twin
from twins.composer.selectors import published_twin

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
OpenPage = Callable[..., Page]
PUMPS = ("P-101", "P-201")
MEASURED = {"flow": 240.0, "discharge_pressure": 6.2, "speed": 1480.0, "bearing_temperature": 61.5}


class Plant:
    """The programmable controller of the pump station, which sends what it measures to a gateway's address."""

    def __init__(self, site: str, token: str) -> None:
        self._url, self._token, self._sent = f"{site}/ingest/v1/readings", token, 0

    def sends(self, *, more: float = 0.0) -> dict[str, Any]:
        """One reading of everything, each larger by `more` than usual; what the product answers."""
        at = (utc_now() - timedelta(milliseconds=1)).isoformat()
        self._sent += 1
        readings = [
            {"key": f"NORTH.{pump}.{signal}", "at": at, "value": value + more}
            for pump in PUMPS
            for signal, value in MEASURED.items()
        ]
        headers = {"Authorization": f"Bearer {self._token}"}
        answer = httpx.post(self._url, json={"batch": f"b{self._sent}", "readings": readings}, headers=headers)
        told: dict[str, Any] = answer.raise_for_status().json()
        return told


def connect(person: Mouse) -> Plant:
    """Make the gateway that the plant sends to."""
    page = person.page
    person.press(page.get_by_role("navigation").get_by_role("link", name="Gateways"))
    person.press(page.get_by_role("main").get_by_role("link", name="Connect a gateway"))
    person.write(page.get_by_label("Name", exact=True), "Pump station PLC")
    person.shows("builder-gateway")
    person.press(page.locator("main form").get_by_role("button").first)
    token = page.locator(".token, [data-token], code").filter(has_text="ot_gateway_").first.inner_text()
    return Plant(page.url.split("/t/")[0], token.strip())


def compose(person: Mouse) -> None:
    """Choose a blueprint from the gallery, and open it on the canvas."""
    page = person.page
    person.press(page.get_by_role("navigation").get_by_role("link", name="Twins"))
    person.press(page.get_by_role("main").get_by_role("link", name="Compose a twin"))
    person.shows("builder-gallery")
    person.press(page.get_by_role("link", name="Pump station"))
    person.write(page.get_by_label("Name", exact=True), "Pump station north")
    person.write(page.get_by_label("Pumps"), "2")
    person.shows("builder-blueprint")
    person.press(page.get_by_role("button", name="Open on the canvas"))
    expect(node(page, "P-201")).to_be_visible()
    person.shows("builder-canvas")


def adapt(person: Mouse) -> None:
    """Say what the pumps are, and add what the blueprint does not have."""
    page = person.page
    details = page.get_by_role("complementary", name="Details")
    person.select("P-101")
    person.write(details.get_by_label("Rated flow"), "250")
    person.add("Heat exchanger")
    expect(node(page, "Heat exchanger 1")).to_be_visible()
    person.undo()
    expect(node(page, "Heat exchanger 1")).to_have_count(0)


def bind(person: Mouse) -> None:
    """Take what fits for one pump, which shows its values at once, and bind the other by a pattern."""
    page = person.page
    person.select("P-101")
    person.press(page.get_by_role("button", name="Accept 4 good suggestions"))
    person.shows("builder-suggestions")
    person.press(page.get_by_role("dialog").get_by_role("button", name="Bind 4 signals"))
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(node(page, "P-101").locator(".live-lines")).to_contain_text("1,480 rpm")
    person.shows("builder-bound")
    person.select("P-201")
    person.press(page.get_by_role("button", name="Bind by a pattern"))
    dialog = page.get_by_role("dialog")
    person.write(dialog.get_by_label("Pattern of the keys"), "NORTH.{asset}.{signal}")
    person.shows("builder-pattern")
    person.press(dialog.get_by_role("button", name="Bind 4 signals"))
    expect(dialog).to_have_count(0)


def publish(person: Mouse) -> None:
    """Look at what publishing will do, and publish."""
    page = person.page
    person.press(page.get_by_role("button", name="Publish"))
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("8 assets come.")).to_be_visible()
    person.write(dialog.get_by_label("Name of the version"), "First")
    person.shows("builder-publish")
    person.press(dialog.get_by_role("button", name="Publish"))
    expect(dialog).to_have_count(0)


@pytest.mark.parametrize("hands", [Mouse, Keyboard])
def test_from_the_empty_account_to_live_values(cast: Cast, open_page: OpenPage, hands: type[Mouse]) -> None:
    page = open_page("/t/meridian/", cast.owner)
    person = hands(page)
    plant = connect(person)
    assert plant.sends()["accepted"] == 0
    compose(person)
    adapt(person)
    bind(person)
    publish(person)
    expect(page.get_by_role("button", name="Live values")).to_have_attribute("aria-pressed", "true")
    wait_for(lambda: plant.sends(more=1.0)["accepted"] == 8)
    expect(node(page, "P-101").locator(".live-lines")).to_contain_text("1,481 rpm")
    person.shows("builder-live")

    with scope(cast.meridian.id):
        document = published_twin(Twin.objects.get().id)
    assert document is not None
    names = {asset.name: key for key, asset in document.assets.items()}
    assert len(names) == 8
    assert document.assets[names["P-101"]].properties["rated_flow"] == "250"
    assert {place: binding.key for place, binding in document.bindings.items()} == {
        f"{names[pump]}/{signal}": f"NORTH.{pump}.{signal}" for pump in PUMPS for signal in MEASURED
    }
