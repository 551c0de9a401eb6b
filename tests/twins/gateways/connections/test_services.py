"""Connections as they are kept: checked, sealed, shared; and where they may go."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from tenants.kernel.clock import utc_now
from tenants.kernel.ids import new_id
from tenants.people.models import User
from tenants.scope.context import scope
from tests.conftest import Cast
from twins.gateways.connections import addresses, services, sharing
from twins.gateways.connections.errors import ConnectionNameTakenError, ForbiddenNetworkError, NothingToReadError
from twins.gateways.connections.models import ClientCertificate, Connection, ConnectionLease
from twins.gateways.connections.register_csv import registers_from, table_of
from twins.gateways.field.errors import FieldSettingsError, UnreachableError
from twins.gateways.services import create_gateway

SignIn = Callable[[User], Client]
POINT = {"key": "level", "address": 0}


@pytest.fixture
def gateway(cast: Cast) -> UUID:
    with scope(cast.meridian.id):
        return create_gateway(name="Hall", now=utc_now())[0].id


def made(gateway: UUID, *, name: str = "Tank", points: Any = (POINT,), kind: str = "modbus") -> Connection:
    where = {"host": "10.0.0.7"} if kind == "modbus" else {"url": "opc.tcp://10.0.0.7:4840"}
    return services.create_connection(
        gateway=gateway, name=name, kind=kind, settings={**where, "points": list(points)}, now=utc_now()
    )


@pytest.mark.django_db
class TestKeeping:
    def test_settings_are_kept_whole_and_a_change_is_a_new_revision(self, cast: Cast, gateway: UUID) -> None:
        with scope(cast.meridian.id):
            row = made(gateway)
            assert (row.settings["port"], row.settings["points"][0]["type"], row.revision) == (502, "uint16", 1)
            row = services.change_connection(connection=row.id, name="Tank 2", now=utc_now())
            assert (row.name, row.revision) == ("Tank 2", 2)

    def test_only_one_that_runs_has_a_lease(self, cast: Cast, gateway: UUID) -> None:
        def leases() -> list[int]:
            return list(ConnectionLease.objects.values_list("revision", flat=True))

        with scope(cast.meridian.id):
            row = made(gateway)
            assert leases() == []
            services.start_connection(connection=row.id, now=utc_now())
            services.start_connection(connection=row.id, now=utc_now())
            assert leases() == [2]
            services.change_connection(connection=row.id, name="Tank 2", now=utc_now())
            assert leases() == [3]
            services.pause_connection(connection=row.id, now=utc_now())
            assert leases() == []
            services.start_connection(connection=row.id, now=utc_now())
            services.delete_connection(connection=row.id)
            assert leases() == []

    def test_what_does_not_fit_is_refused(self, cast: Cast, gateway: UUID) -> None:
        with scope(cast.meridian.id):
            row = made(gateway, points=())
            with pytest.raises(ConnectionNameTakenError):
                made(gateway)
            with pytest.raises(NothingToReadError):
                services.start_connection(connection=row.id, now=utc_now())
            with pytest.raises(FieldSettingsError) as error:
                services.change_connection(connection=row.id, settings={"host": "h", "port": 0}, now=utc_now())
            assert error.value.place == "port"
            with pytest.raises(FieldSettingsError):
                services.change_connection(connection=row.id, secrets={"token": "x"}, now=utc_now())

    def test_secrets_are_sealed_and_come_back(self, cast: Cast, gateway: UUID, settings: Any) -> None:
        now = utc_now()
        with scope(cast.meridian.id):
            row = made(gateway, kind="opcua", points=())
            row = services.change_connection(connection=row.id, secrets={"password": "open sesame"}, now=now)
            assert b"open sesame" not in bytes(row.sealed_secrets or b"")
            application = services.client_application(now=now)
            assert b"PRIVATE" not in bytes(ClientCertificate.objects.get().sealed_key)
            settings.SEALING_KEYS = ["a-new-secret-of-the-installation-0123456789", *settings.SEALING_KEYS]
            assert (services.reseal_connections(), services.reseal_connections()) == (2, 0)
            settings.SEALING_KEYS = settings.SEALING_KEYS[:1]
            plan = services.plan_of(connection=row.id, now=now)
            assert plan.secrets.password == "open sesame"
            assert plan.application == application

    def test_nodes_that_are_picked_have_keys_of_their_own(self, cast: Cast, gateway: UUID) -> None:
        def node(id_: str, key: str = "Flow") -> dict[str, str]:
            return {"node": id_, "key": key, "unit": ""}

        with scope(cast.meridian.id):
            row = made(gateway, kind="opcua", points=())
            wanted = [node("ns=2;i=1"), node("ns=2;i=2"), node("ns=2;i=1", "Again")]
            row = services.pick_nodes(connection=row.id, picked=wanted, dropped=(), now=utc_now())
            assert [point["key"] for point in row.settings["points"]] == ["Flow", "Flow 2"]
            row = services.pick_nodes(connection=row.id, picked=(), dropped=["ns=2;i=1"], now=utc_now())
            assert [point["node"] for point in row.settings["points"]] == ["ns=2;i=2"]
            with pytest.raises(FieldSettingsError):
                services.pick_nodes(connection=row.id, picked=[node("nowhere")], dropped=(), now=utc_now())

    def test_the_api_makes_changes_and_never_shows_secrets(self, cast: Cast, sign_in: SignIn, gateway: UUID) -> None:
        api, json = sign_in(cast.owner), "application/json"
        body = {
            "gateway": str(gateway), "name": "PLC", "kind": "opcua", "secrets": {"password": "open sesame"},
            "settings": {"url": "opc.tcp://10.0.0.7:4840", "points": [{"node": "ns=2;i=1", "key": "flow"}]},
        }  # fmt: skip
        answer = api.post("/t/meridian/api/v1/connections/", body, json)
        assert (answer.status_code, answer.json()["status"]) == (201, "paused")
        assert "open sesame" not in answer.content.decode()
        here = f"/t/meridian/api/v1/connections/{answer.json()['id']}/"
        assert api.post(f"{here}start/").json()["status"] == "connecting"
        refused = api.patch(here, {"settings": {"url": "plant"}}, json)
        assert (refused.status_code, refused.json()["code"]) == (422, "field.settings")
        assert api.patch(here, {"name": "PLC 2"}, json).json()["name"] == "PLC 2"
        assert [one["name"] for one in api.get("/t/meridian/api/v1/connections/").json()["results"]] == ["PLC 2"]
        assert api.post(f"{here}pause/").json()["paused_at"] is not None
        assert api.delete(here).status_code == 204
        assert api.get(here).status_code == 404


class TestAddresses:
    @pytest.mark.parametrize(
        "address", ["10.1.2.3", "127.0.0.1", "169.254.169.254", "::1", "fe80::1", "::ffff:10.1.2.3", "64:ff9b::a01:203"]
    )
    async def test_private_networks_are_out_of_reach_unless_they_are_named(self, address: str, settings: Any) -> None:
        settings.OUTTURN_CONNECT_NETWORKS = ["192.168.0.0/16"]
        with pytest.raises(ForbiddenNetworkError, match="may not go"):
            await addresses.allowed_address(address, 4840)

    @pytest.mark.parametrize(("address", "network"), [("10.1.2.3", "10.0.0.0/8"), ("::ffff:10.1.2.3", "10.0.0.0/8")])
    def test_a_network_that_is_named_can_be_reached(self, address: str, network: str, settings: Any) -> None:
        settings.OUTTURN_CONNECT_NETWORKS = [network]
        assert addresses.is_reachable(ipaddress.ip_address(address))

    async def test_a_name_is_judged_by_each_of_its_addresses(self, settings: Any) -> None:
        settings.OUTTURN_CONNECT_NETWORKS = ["127.0.0.0/8", "::1/128"]
        assert await addresses.allowed_address("localhost", 4840) in ("127.0.0.1", "::1")
        settings.OUTTURN_CONNECT_NETWORKS = []
        with pytest.raises(ForbiddenNetworkError):
            await addresses.allowed_address("localhost", 4840)
        with pytest.raises(UnreachableError, match="is not known"):
            await addresses.allowed_address("nowhere.invalid", 4840)


class TestSharing:
    def test_a_process_more_takes_its_part_and_no_more(self) -> None:
        connections = [new_id() for _ in range(600)]
        two = [new_id(), new_id()]
        three = [*two, new_id()]
        before = {each: sharing.share(each, two) for each in connections}
        after = {each: sharing.share(each, three) for each in connections}
        moved = [each for each in connections if before[each] != after[each]]
        assert {after[each] for each in moved} == {three[2]}
        assert 100 < len(moved) < 300
        assert set(before.values()) == set(two)


class TestRegisterMaps:
    def test_a_table_comes_back_as_it_was(self) -> None:
        points = [{"key": "a, b", "unit": 1, "table": "coil", "address": 3, "type": "bit", "bit": None,
                   "word_order": "big", "byte_order": "big", "every_ms": 500}]  # fmt: skip
        (found,) = registers_from(table_of(points))
        assert found == {name: value for name, value in points[0].items() if value is not None}

    @pytest.mark.parametrize(
        ("text", "place"),
        [
            ("key,address\na,x\n", "points/0/address"), ("key,adress,address\na,1,1\n", "adress"),
            ("a,1,coil,1.5\n", "points/0/address"),
        ],
    )  # fmt: skip
    def test_a_cell_that_cannot_be_read_is_told_with_its_place(self, text: str, place: str) -> None:
        with pytest.raises(FieldSettingsError) as error:
            registers_from(text)
        assert error.value.place == place

    def test_an_empty_table_has_no_points(self) -> None:
        assert registers_from(" \n\n") == []
