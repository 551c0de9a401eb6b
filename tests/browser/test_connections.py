"""Picking nodes from a real server's tree, and a register map edited as a table."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from tenants.kernel.clock import utc_now
from tenants.scope.context import scope
from tests.conftest import Cast
from tests.processes import serving
from tests.twins.gateways.connections.conftest import LOOPBACK
from tests.twins.gateways.field.conftest import MakeServer, modbus_server, opcua_server
from twins.gateways.connections.services import create_connection
from twins.gateways.services import create_gateway

__all__ = ["modbus_server", "opcua_server"]
pytestmark = [pytest.mark.django_db(transaction=True, databases=["default", "owner"]), pytest.mark.timeout(400)]
OpenPage = Callable[..., Page]
Check = Callable[[Page], None]


@pytest.fixture(scope="module")
def site(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The product's web server, whose connections may go to this machine."""
    os.environ["OUTTURN_CONNECT_NETWORKS"] = LOOPBACK
    with serving(tmp_path_factory.mktemp("site") / "web.log") as url:
        yield url
    del os.environ["OUTTURN_CONNECT_NETWORKS"]


def connect(cast: Cast, kind: str, where: dict[str, str | int]) -> UUID:
    with scope(cast.meridian.id):
        gateway = create_gateway(name="Hall", now=utc_now())[0]
        return create_connection(gateway=gateway.id, name="PLC", kind=kind, settings=where, now=utc_now()).id


@pytest.mark.parametrize("width", [1440, 360])
def test_nodes_are_picked_from_the_tree(
    width: int, cast: Cast, open_page: OpenPage, reads_well: Check, opcua_server: MakeServer
) -> None:
    server = opcua_server(nodes={"Pressure": 1.5, "Running": True})
    connection = connect(cast, "opcua", {"url": server.url})
    page = open_page(f"/t/meridian/connections/{connection}/points/", cast.owner, width=width)
    page.locator("#tree").get_by_text("Plant", exact=True).click()
    page.get_by_role("button", name="Read all 2").click()
    expect(page.get_by_role("heading", name="2 points are read")).to_be_visible()
    expect(page.locator("#picked")).to_contain_text("1.5 bar")
    pressure = page.locator("#tree").get_by_role("button", name="Read Pressure", exact=True)
    expect(pressure).to_be_disabled()
    reads_well(page)
    page.get_by_role("button", name="Do not read Pressure").click()
    expect(pressure).to_be_enabled()
    expect(page.locator("#picked")).to_contain_text("True")  # asked again: nothing is under way
    pressure.click()
    expect(pressure).to_be_disabled()
    expect(page.locator("#picked")).to_contain_text("1.5 bar")
    page.get_by_label("Search the server").fill("press")
    page.get_by_role("button", name="Search").last.click()
    expect(page.locator("#tree")).to_contain_text("0.0 – 25.0")
    page.get_by_role("button", name="Do not read Running").click()
    expect(page.get_by_role("heading", name="1 point is read")).to_be_visible()
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    reads_well(page)


@pytest.mark.parametrize("width", [1440, 360])
def test_a_register_map_is_edited_as_a_table(
    width: int, cast: Cast, open_page: OpenPage, reads_well: Check, modbus_server: MakeServer
) -> None:
    device = modbus_server(units={"1": {"holding": {"0": [42]}}})
    connection = connect(cast, "modbus", {"host": "127.0.0.1", "port": device.port})
    page = open_page(f"/t/meridian/connections/{connection}/points/", cast.owner, width=width)
    expect(page.get_by_label("Points, as CSV")).to_be_hidden()
    page.get_by_label("key", exact=True).fill("level")
    page.get_by_label("address", exact=True).fill("0")
    page.get_by_label("type", exact=True).select_option("int16")
    page.get_by_role("button", name="Add a point").click()
    page.get_by_label("key", exact=True).nth(1).fill("gone")
    page.get_by_label("address", exact=True).nth(1).fill("70")
    reads_well(page)
    page.get_by_role("button", name="Read now").click()
    expect(page.get_by_role("heading", name="Read just now")).to_be_visible()
    expect(page.locator("main")).to_contain_text("42.0")
    expect(page.locator("main")).to_contain_text("has no such address")
    reads_well(page)
    page.get_by_role("button", name="Take this point out").nth(1).click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Start")).to_be_visible()
