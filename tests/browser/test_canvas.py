"""The canvas in a real browser: a twin is composed, its signals are bound, the draft saves itself and is published."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tenants.kernel.clock import utc_now
from tenants.scope.context import scope
from tests.conftest import Cast
from twins.composer.models import Twin
from twins.composer.schemas import FleetParameters, TwinDocument
from twins.composer.selectors import published_twin
from twins.composer.services import create_fleet, edit_draft
from twins.gateways.models import Gateway
from twins.gateways.services import create_gateway

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
OpenPage = Callable[..., Page]


@pytest.fixture
def gateway(cast: Cast) -> Gateway:
    """A fleet of two engines whose signals nothing is read for, and a gateway."""
    with scope(cast.meridian.id):
        parameters = FleetParameters(name="Fleet", count=2)
        create_fleet(blueprint="turbofan-fleet", parameters=parameters, by="somebody", now=utc_now())
        return create_gateway(name="Hangar", now=utc_now())[0]


def node(page: Page, name: str) -> Locator:
    return page.locator(".react-flow__node").filter(has_text=name)


def published(cast: Cast) -> TwinDocument:
    with scope(cast.meridian.id):
        found = published_twin(Twin.objects.get().id)
    assert found is not None
    return found


def test_a_twin_is_composed_and_published(
    cast: Cast, open_page: OpenPage, gateway: Gateway, accessible: Callable[[Page], None]
) -> None:
    page = open_page("/t/meridian/twins/fleet/canvas/", cast.owner)
    details = page.get_by_role("complementary", name="Details")
    page.get_by_role("button", name="Turbofan engine").click()
    name = details.get_by_label("Name", exact=True)
    name.fill("Spare")
    name.press("Enter")
    expect(node(page, "Spare")).to_be_visible()

    details.get_by_role("button", name="Link from pair").click()
    details.get_by_role("button", name="Engine 001 pair").click()
    expect(details.get_by_text("to Engine 001, pair")).to_be_visible()

    details.get_by_text("Read a signal").click()
    details.get_by_label("Signal", exact=True).select_option("t24")
    details.get_by_label("Key", exact=True).fill("spare/t24")
    details.get_by_label("Unit it is sent in").fill("K")
    accessible(page)
    details.get_by_role("button", name="Read it").click()
    expect(details.get_by_text("spare/t24")).to_be_visible()

    node(page, "Engine 002").click()
    details.get_by_role("button", name="Remove the asset").click()
    expect(node(page, "Engine 002")).to_have_count(0)
    box = node(page, "Engine 001").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 20, box["y"] + 180, steps=5)
    page.mouse.up()

    page.get_by_role("button", name="Publish").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Publish")).to_be_disabled()
    for tick in dialog.get_by_role("checkbox").all():
        tick.check()
    dialog.get_by_role("button", name="Publish").click()
    expect(dialog).to_have_count(0)

    document = published(cast)
    engines = {asset.name: (key, asset) for key, asset in document.assets.items()}
    assert set(engines) == {"Engine 001", "Spare"}
    spare, engine = engines["Spare"][0], engines["Engine 001"]
    assert [link.ends for link in document.links.values()] == [((spare, "pair"), (engine[0], "pair"))]
    assert {place: (one.gateway, one.key, one.unit) for place, one in document.bindings.items()} == {
        f"{spare}/t24": (str(gateway.id), "spare/t24", "K")
    }
    assert engine[1].at[1] > 0


def test_without_a_gateway_the_canvas_says_where_to_make_one(cast: Cast, open_page: OpenPage) -> None:
    with scope(cast.meridian.id):
        parameters = FleetParameters(name="Fleet", count=1)
        create_fleet(blueprint="turbofan-fleet", parameters=parameters, by="somebody", now=utc_now())
    page = open_page("/t/meridian/twins/fleet/canvas/", cast.owner)
    node(page, "Engine 001").click()
    page.get_by_text("Read a signal").click()
    expect(page.get_by_text("There is no gateway yet. Make one on the page Gateways.")).to_be_visible()


def test_a_large_twin_opens_at_its_corner_wherever_it_lies(cast: Cast, open_page: OpenPage) -> None:
    with scope(cast.meridian.id):
        parameters = FleetParameters(name="Fleet", count=201)
        draft = create_fleet(blueprint="turbofan-fleet", parameters=parameters, by="somebody", now=utc_now())
        moves = [
            {"op": "move", "asset": key, "at": [asset.at[0] + 40_000, asset.at[1] + 40_000]}
            for key, asset in draft.document.assets.items()
        ]
        edit_draft(twin=draft.twin, base_revision=draft.revision, operations=moves, by="somebody", now=utc_now())
    page = open_page("/t/meridian/twins/fleet/canvas/", cast.owner)
    expect(node(page, "Engine 001")).to_be_in_viewport()
    expect(node(page, "Engine 001").get_by_text("Turbofan engine")).to_be_visible()
    expect(page.get_by_role("img", name="Map of the whole twin")).to_be_visible()
