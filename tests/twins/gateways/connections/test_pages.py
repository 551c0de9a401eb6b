"""From an address to a running connection in the browser's steps, against real servers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from tenants.kernel.clock import utc_now
from tenants.people.models import User
from tenants.scope.context import scope
from tests.conftest import Cast
from tests.twins.gateways.connections.conftest import LOOPBACK
from tests.twins.gateways.field.conftest import MakeServer, certificate_in
from twins.gateways.connections.models import Connection, ConnectionState
from twins.gateways.connections.schemas import Standing
from twins.gateways.connections.services import client_application, create_connection, note_standings
from twins.gateways.field.certificates import fingerprint, spaced
from twins.gateways.services import create_gateway

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


@pytest.fixture(autouse=True)
def _reachable(settings: Any) -> None:
    settings.OUTTURN_CONNECT_NETWORKS = [LOOPBACK]


@pytest.fixture
def gateway(cast: Cast) -> UUID:
    with scope(cast.meridian.id):
        return create_gateway(name="Hall", now=utc_now())[0].id


def only(cast: Cast) -> Connection:
    with scope(cast.meridian.id):
        return Connection.objects.get()


def text(response: Any) -> str:
    return str(response.content.decode())


def test_an_opc_ua_server_is_connected_step_by_step(
    cast: Cast, sign_in: SignIn, gateway: UUID, opcua_server: MakeServer, server_folder: Path
) -> None:
    server = opcua_server(
        policies=["NoSecurity", "Basic256Sha256_SignAndEncrypt"], folder=str(server_folder),
        users={"operator": "open sesame"}, anonymous=False, nodes={"Pressure": 1.5, "Name": "<b>pump</b>"},
    )  # fmt: skip
    browser = sign_in(cast.owner)
    wanted = {"name": "Pump house", "kind": "opcua", "address": server.url}
    response = browser.post(f"/t/meridian/gateways/{gateway}/connections/new/", wanted)
    row = only(cast)
    here = f"/t/meridian/connections/{row.id}/"
    assert (response.status_code, response["Location"]) == (302, f"{here}security/")

    print_ = fingerprint((server_folder / "server.der").read_bytes())
    assert spaced(print_) in text(browser.get(f"{here}security/"))
    choice = {"endpoint": f"Basic256Sha256|SignAndEncrypt|{print_}", "identity": "user", "user": "operator"}
    unread = browser.post(f"{here}security/", {**choice, "password": "open sesame"})
    assert unread.status_code == 400
    assert "Compare the fingerprint" in text(unread)
    wrong = browser.post(f"{here}security/", {**choice, "password": "close", "trust": "on"})
    assert "does not let this user in" in text(wrong)
    assert only(cast).settings["trusted"] == []
    right = browser.post(f"{here}security/", {**choice, "password": "open sesame", "trust": "on"})
    assert (right.status_code, right["Location"]) == (302, f"{here}points/")
    row = only(cast)
    assert row.settings["trusted"] == [print_]
    assert row.settings["namespaces"][2] == "urn:plant:nodes"
    assert b"open sesame" not in bytes(row.sealed_secrets or b"")

    assert "Plant" in text(browser.get(f"{here}browse/"))
    branch = text(browser.get(f"{here}browse/", {"node": "ns=2;s=Plant"}))
    assert "Pressure" in branch
    assert "bar" in branch
    assert "&lt;b&gt;pump" in branch
    assert "Pressure" in text(browser.get(f"{here}browse/", {"words": "press"}))
    picked = browser.post(f"{here}pick/", {"node": "ns=2;s=Pressure", "key": "Pressure", "unit": "bar"})
    assert "1 point is read" in text(picked)
    now = text(browser.get(f"{here}pick/"))
    assert "1.5 bar" in now
    assert browser.post(f"{here}start/")["Location"] == here
    assert only(cast).paused_at is None
    refused = browser.post(f"{here}pick/", {"drop": "ns=2;s=Pressure"})
    assert "has no points to read" in text(refused)
    assert "open sesame" not in text(browser.get(here))
    with scope(cast.meridian.id):
        certificate = client_application(now=utc_now()).certificate
    assert browser.get("/t/meridian/connections/certificate/").content == certificate


def test_a_modbus_device_is_connected_and_its_map_tried_out(
    cast: Cast, sign_in: SignIn, gateway: UUID, modbus_server: MakeServer
) -> None:
    device = modbus_server(units={"1": {"holding": {"0": [42]}}})
    browser = sign_in(cast.owner)
    wanted = {"name": "Tank", "kind": "modbus", "address": f"127.0.0.1:{device.port}"}
    response = browser.post(f"/t/meridian/gateways/{gateway}/connections/new/", wanted)
    here = f"/t/meridian/connections/{only(cast).id}/"
    assert response["Location"] == f"{here}points/"
    table = "key\tunit\ttable\taddress\ttype\nlevel\t1\tholding\t0\tuint16\ngone\t1\tholding\t70\tint16\n"
    read = browser.post(f"{here}points/", {"registers": table, "read": "1"})
    assert "42.0" in text(read)
    assert "has no such address" in text(read)
    assert only(cast).settings["points"] == []
    broken = browser.post(f"{here}points/", {"registers": "key,address,type\nlevel,zero,uint16\nx,1,uint9\n"})
    assert broken.status_code == 400
    assert "points/0/address" in text(broken)
    browser.post(f"{here}points/", {"registers": table})
    assert [point["key"] for point in only(cast).settings["points"]] == ["level", "gone"]
    browser.post(f"{here}start/")
    edited = browser.post(
        f"{here}edit/", {"name": "Tank 2", "address": f"127.0.0.1:{device.port}", "timeout_s": "1.5", "gap": "0"}
    )
    assert edited["Location"] == here
    row = only(cast)
    assert (row.name, row.settings["timeout_s"], row.settings["gap"], row.paused_at) == ("Tank 2", 1.5, 0, None)
    browser.post(f"{here}pause/")
    assert only(cast).paused_at is not None
    assert browser.post(f"{here}delete/", {"typed": "Tank"}).status_code == 400
    assert browser.post(f"{here}delete/", {"typed": "Tank 2"}).status_code == 302
    with scope(cast.meridian.id):
        assert not Connection.objects.exists()


@pytest.mark.parametrize(
    ("kind", "address", "told"),
    [
        ("opcua", "opc.tcp://127.0.0.1:1", "nobody listens there"),
        ("opcua", "opc.tcp://10.1.2.3:4840", "OUTTURN_CONNECT_NETWORKS"),
        ("opcua", "http://plant:4840", "is no address of an OPC UA server"),
        ("modbus", "127.0.0.1:1", "does not answer"),
        ("modbus", "169.254.169.254", "may not go"),
        ("modbus", "a b", "is no host"),
    ],
)
def test_an_address_that_does_not_work_is_told_and_nothing_is_made(
    kind: str, address: str, told: str, cast: Cast, sign_in: SignIn, gateway: UUID
) -> None:
    wanted = {"name": "Pump house", "kind": kind, "address": address}
    response = sign_in(cast.owner).post(f"/t/meridian/gateways/{gateway}/connections/new/", wanted)
    assert response.status_code == 400
    assert told in text(response)
    with scope(cast.meridian.id):
        assert not Connection.objects.exists()


def test_what_a_certificate_says_of_itself_is_no_html(
    cast: Cast, sign_in: SignIn, gateway: UUID, opcua_server: MakeServer, tmp_path: Path
) -> None:
    server = opcua_server(
        policies=["Basic256Sha256_Sign"], folder=str(certificate_in(tmp_path, 3, "<script>1</script>"))
    )
    with scope(cast.meridian.id):
        row = create_connection(
            gateway=gateway, name="Odd", kind="opcua", settings={"url": server.url}, now=utc_now()
        )  # fmt: skip
    shown = text(sign_in(cast.owner).get(f"/t/meridian/connections/{row.id}/security/"))
    assert "&lt;script&gt;1" in shown.replace("\\", "")
    assert "<script>1" not in shown


def test_the_page_says_how_it_goes(cast: Cast, sign_in: SignIn, gateway: UUID) -> None:
    now = utc_now()
    with scope(cast.meridian.id):
        document = {"host": "10.0.0.7", "points": [{"key": "level", "address": 0}]}
        row = create_connection(gateway=gateway, name="Tank", kind="modbus", settings=document, now=now)
    browser = sign_in(cast.owner)
    going = f"/t/meridian/connections/{row.id}/going/"
    assert "Nothing is read until it is started" in text(browser.get(going))
    browser.post(f"/t/meridian/connections/{row.id}/start/")
    trouble = {
        "place": "unit 1, holding 0",
        "key": "level",
        "code": "modbus.silent",
        "message": "it sleeps",
        "fix": "Wake it.",
    }
    standing = Standing(
        "failing", "field.unreachable", "nobody <i>answers</i>", "Look.", now, None, 7, 1, [trouble],
        [{"at": "2026-01-01T00:00:00Z", "code": "field.gap", "message": "nothing was read"}],
    )  # fmt: skip
    with scope(cast.meridian.id):
        note_standings({row.id: standing}, now=now)
    shown = text(browser.get(going))
    assert 'class="state state-bad" data-status="failed"' in shown
    for part in ("Failing", "Nobody &lt;i&gt;answers", "It sleeps", "Nothing was read", "field.unreachable"):
        assert part in shown
    listed = text(browser.get(f"/t/meridian/gateways/{gateway}/connections/"))
    assert "Failing" in listed
    assert "10.0.0.7:502" in listed
    with scope(cast.meridian.id):
        ConnectionState.objects.update(noted_at=now - timedelta(minutes=1))
        Connection.objects.update(changed_at=now - timedelta(minutes=1))
    assert "No process runs connections" in text(browser.get(going))
