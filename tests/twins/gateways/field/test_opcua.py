"""An OPC UA server in a process of its own: read under each security, through its faults, and without losing a node."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from asyncua.client.ua_client import UASocketProtocol
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tenants.kernel.clock import utc_now
from tests.processes import LONG_S
from tests.twins.gateways.field.conftest import Kept, MakeServer, Server, certificate_in
from tests.twins.gateways.field.opcua_server import POLICIES
from twins.gateways.field.certificates import Application, fingerprint, make_application
from twins.gateways.field.opcua import OpcUaSource
from twins.gateways.field.opcua_client import endpoints
from twins.gateways.field.opcua_settings import OpcUaSecrets, OpcUaSettings, opcua_settings
from twins.gateways.field.samples import Sample, SampleQuality
from twins.gateways.field.troubles import GAP, any_address

AT = 1_700_000_000.25
AT_US = 1_700_000_000_250_000


def settings(server: Server, *names: str, **more: Any) -> OpcUaSettings:
    points = [{"node": f"ns=2;s={name}", "key": name} for name in names]
    return opcua_settings({"url": server.url, "publishing_ms": 20, "sampling_ms": 0, "points": points, **more})


@asynccontextmanager
async def reading(
    wanted: OpcUaSettings, application: Application, **more: Any
) -> AsyncIterator[tuple[Kept, OpcUaSource]]:
    """A source at work, and what it has said so far."""
    kept, source = Kept(), OpcUaSource(wanted, application=application, look_s=0.2, **more)
    task = asyncio.create_task(source.run(kept))
    try:
        yield kept, source
    finally:
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()


@pytest.fixture
def trusted(server_folder: Path) -> str:
    return fingerprint((server_folder / "server.der").read_bytes())


class TestSecurity:
    @pytest.mark.parametrize("name", POLICIES)
    async def test_each_policy_and_mode_reads(
        self, name: str, opcua_server: MakeServer, server_folder: Path, trusted: str, application: Application
    ) -> None:
        server = opcua_server(policies=[name], folder=str(server_folder), nodes={"Pressure": 1.5})
        policy, _, mode = name.replace("NoSecurity", "None_None").partition("_")
        wanted = settings(server, "Pressure", policy=policy, mode=mode, trusted=[trusted])
        async with reading(wanted, application) as (kept, _):
            await kept.until(lambda: kept.of("Pressure") == [1.5])
        assert kept.troubles == []

    async def test_what_a_server_offers_is_told_with_the_fingerprint_to_compare(
        self, opcua_server: MakeServer, server_folder: Path, trusted: str
    ) -> None:
        server = opcua_server(policies=["Basic256Sha256_Sign", "Aes256Sha256RsaPss_SignAndEncrypt"],
                              folder=str(server_folder))  # fmt: skip
        found = await endpoints(server.url, resolve=any_address)
        assert [(each.policy, each.mode) for each in found] == [
            ("Basic256Sha256", "Sign"), ("Aes256Sha256RsaPss", "SignAndEncrypt"),
        ]  # fmt: skip
        assert {each.fingerprint for each in found} == {trusted}
        assert found[0].identities == ("anonymous", "user", "certificate")

    async def test_a_certificate_that_nobody_has_trusted_is_refused_and_shown(
        self, opcua_server: MakeServer, server_folder: Path, trusted: str, application: Application
    ) -> None:
        server = opcua_server(policies=["Basic256Sha256_Sign"], folder=str(server_folder), nodes={"Pressure": 1.5})
        wanted = settings(server, "Pressure", policy="Basic256Sha256", mode="Sign", trusted=["0" * 64])
        async with reading(wanted, application) as (kept, _):
            await kept.until(lambda: kept.troubles)
        (told,) = kept.troubles
        assert (told.code, told.place, kept.all) == ("opcua.not_trusted", "", [])
        assert trusted in told.message

    async def test_a_server_whose_certificate_changes_is_not_read_any_more(
        self, opcua_server: MakeServer, server_folder: Path, trusted: str, application: Application, tmp_path: Path
    ) -> None:
        server = opcua_server(policies=["Basic256Sha256_Sign"], folder=str(server_folder), nodes={"Pressure": 1.5})
        wanted = settings(server, "Pressure", policy="Basic256Sha256", mode="Sign", trusted=[trusted])
        async with reading(wanted, application) as (kept, _):
            await kept.until(lambda: kept.all)
            server.kill()
            server.plan["folder"] = str(certificate_in(tmp_path, 9))
            server.start()
            await kept.until(lambda: "opcua.not_trusted" in kept.codes())
        assert len(kept.all) == 1

    async def test_a_policy_that_is_not_offered_is_told_with_those_that_are(
        self, opcua_server: MakeServer, server_folder: Path, trusted: str, application: Application
    ) -> None:
        server = opcua_server(policies=["Basic256Sha256_Sign"], folder=str(server_folder))
        wanted = settings(server, policy="Aes128Sha256RsaOaep", mode="Sign", trusted=[trusted])
        async with reading(wanted, application) as (kept, _):
            await kept.until(lambda: kept.troubles)
        assert kept.troubles[0].code == "opcua.not_offered"
        assert "Basic256Sha256 with Sign" in kept.troubles[0].fix

    @pytest.mark.parametrize("policy", ["None", "Basic256Sha256"])
    async def test_a_user_signs_in_with_a_password_and_not_with_another(
        self, policy: str, opcua_server: MakeServer, server_folder: Path, trusted: str, application: Application
    ) -> None:
        server = opcua_server(
            policies=["NoSecurity", "Basic256Sha256_SignAndEncrypt"], folder=str(server_folder), anonymous=False,
            users={"operator": "open sesame"}, nodes={"Pressure": 1.5},
        )  # fmt: skip
        mode = "None" if policy == "None" else "SignAndEncrypt"
        wanted = settings(
            server, "Pressure", policy=policy, mode=mode, trusted=[trusted], identity="user", user="operator"
        )
        async with reading(wanted, application, secrets=OpcUaSecrets(password="open sesame")) as (kept, _):
            await kept.until(lambda: kept.of("Pressure") == [1.5])
        async with reading(wanted, application, secrets=OpcUaSecrets(password="close")) as (kept, _):
            await kept.until(lambda: kept.troubles)
        assert (kept.troubles[0].code, kept.all) == ("opcua.refused", [])
        assert "password" in kept.troubles[0].fix

    async def test_a_user_signs_in_with_a_certificate(
        self, opcua_server: MakeServer, server_folder: Path, trusted: str, application: Application
    ) -> None:
        person = make_application(owner=UUID(int=11), hosts=[], now=utc_now())
        server = opcua_server(
            policies=["Basic256Sha256_SignAndEncrypt"], folder=str(server_folder), anonymous=False,
            user_certificates=[person.certificate.hex()], nodes={"Pressure": 1.5},
        )  # fmt: skip
        pem = x509.load_der_x509_certificate(person.certificate).public_bytes(Encoding.PEM).decode()
        wanted = settings(
            server, "Pressure", policy="Basic256Sha256", mode="SignAndEncrypt", trusted=[trusted],
            identity="certificate",
        )  # fmt: skip
        secrets = OpcUaSecrets(certificate=pem, private_key=person.private_key)
        async with reading(wanted, application, secrets=secrets) as (kept, _):
            await kept.until(lambda: kept.of("Pressure") == [1.5])
        async with reading(wanted, application, secrets=OpcUaSecrets(certificate="x", private_key="y")) as (kept, _):
            await kept.until(lambda: kept.troubles)
        assert "PEM" in kept.troubles[0].fix


class TestValues:
    async def test_the_servers_instants_and_statuses_are_kept(
        self, opcua_server: MakeServer, application: Application
    ) -> None:
        server = opcua_server(nodes={"Pressure": 1.5})
        async with reading(settings(server, "Pressure"), application) as (kept, _):
            await kept.until(lambda: kept.all)
            server.order("write", node="Pressure", value=2.5, at=AT)
            server.order("write", node="Pressure", value=3.5, at=AT + 1, status="UncertainLastUsableValue")
            server.order("write", node="Pressure", value=4.5, at=AT + 2, status="BadSensorFailure")
            await kept.until(lambda: len(kept.of("Pressure")) == 3 and kept.troubles)
        assert kept.all[1:] == [
            Sample("Pressure", AT_US, 2.5, SampleQuality.GOOD),
            Sample("Pressure", AT_US + 1_000_000, 3.5, SampleQuality.UNCERTAIN),
        ]
        (told,) = kept.troubles
        assert (told.code, told.place) == ("opcua.bad_status", "ns=2;s=Pressure")
        assert "BadSensorFailure" in told.message

    async def test_truth_values_and_arrays_are_numbers_and_texts_are_set_aside(
        self, opcua_server: MakeServer, application: Application
    ) -> None:
        server = opcua_server(nodes={"On": True, "Bands": [0.5, 2.0], "Name": "pump", "Count": 7})
        async with reading(settings(server, "Name", "On", "Bands", "Count"), application) as (kept, _):
            await kept.until(lambda: len(kept.all) == 4 and kept.troubles)
            server.order("write", node="Count", value=9)
            await kept.until(lambda: kept.of("Count") == [7.0, 9.0])
        assert (kept.of("On"), kept.of("Bands[0]"), kept.of("Bands[1]")) == ([1.0], [0.5], [2.0])
        assert kept.codes("ns=2;s=Name") == ["field.not_a_number"]

    async def test_what_is_not_finite_is_set_aside(self, opcua_server: MakeServer, application: Application) -> None:
        server = opcua_server(nodes={"Pressure": 1.5})
        async with reading(settings(server, "Pressure"), application) as (kept, _):
            await kept.until(lambda: kept.all)
            server.order("write", node="Pressure", value=float("nan"))
            await kept.until(lambda: kept.troubles)
            server.order("write", node="Pressure", value=2.0)
            await kept.until(lambda: kept.of("Pressure") == [1.5, 2.0])
        assert kept.codes("ns=2;s=Pressure") == ["field.not_a_number"]

    async def test_a_deadband_keeps_small_changes_back_and_a_text_node_has_none(
        self, opcua_server: MakeServer, application: Application
    ) -> None:
        server = opcua_server(nodes={"Pressure": 1.0})
        points = [{"node": "ns=2;s=Pressure", "key": "Pressure", "deadband": 0.5}]
        async with reading(settings(server, points=points), application) as (kept, _):
            await kept.until(lambda: kept.all)
            for value in (1.2, 1.4, 2.0):
                server.order("write", node="Pressure", value=value)
            await kept.until(lambda: kept.of("Pressure")[-1] == 2.0)
        assert kept.of("Pressure") == [1.0, 2.0]

    async def test_the_servers_own_instant_can_be_asked_for(
        self, opcua_server: MakeServer, application: Application
    ) -> None:
        server = opcua_server(nodes={"Pressure": 1.5})
        async with reading(settings(server, "Pressure", timestamps="server"), application) as (kept, _):
            await kept.until(lambda: kept.all)
            server.order("write", node="Pressure", value=2.5, at=AT)
            await kept.until(lambda: len(kept.all) == 2)
        assert kept.all[1].at == AT_US


class TestFaults:
    async def test_a_node_that_is_not_there_keeps_no_other_from_being_read_and_comes_when_it_is(
        self, opcua_server: MakeServer, application: Application
    ) -> None:
        server = opcua_server(nodes={"Pressure": 1.5})
        async with reading(settings(server, "Missing", "Pressure"), application) as (kept, _):
            await kept.until(lambda: kept.of("Pressure") == [1.5])
            assert kept.codes("ns=2;s=Missing") == ["opcua.node"]
            server.order("add", node="Missing", value=4.0)
            await kept.until(lambda: kept.of("Missing") == [4.0])

    async def test_a_node_that_disappears_is_told_and_read_again_when_it_returns(
        self, opcua_server: MakeServer, application: Application
    ) -> None:
        server = opcua_server(nodes={"Pressure": 1.5, "Flow": 3.0})
        async with reading(settings(server, "Pressure", "Flow"), application) as (kept, _):
            await kept.until(lambda: len(kept.all) == 2)
            server.order("delete", node="Flow")
            await kept.until(lambda: kept.codes("ns=2;s=Flow"))
            assert "BadNodeIdUnknown" in kept.troubles[0].message
            server.order("write", node="Pressure", value=2.0)
            await kept.until(lambda: kept.of("Pressure")[-1] == 2.0)
            server.order("add", node="Flow", value=5.0)
            await kept.until(lambda: kept.of("Flow")[-1] == 5.0)

    async def test_a_server_that_is_restarted_is_read_again_and_the_gap_is_told(
        self, opcua_server: MakeServer, application: Application
    ) -> None:
        server = opcua_server(nodes={"Pressure": 1.5})
        async with reading(settings(server, "Pressure"), application) as (kept, _):
            await kept.until(lambda: kept.all)
            server.kill()
            await kept.until(kept.codes)
            server.plan["nodes"] = {"Pressure": 8.0}
            server.start()
            await kept.until(lambda: kept.of("Pressure")[-1] == 8.0)
        assert kept.codes()[-1] == GAP
        assert kept.troubles[-1].message.startswith("nothing was read from 20")

    async def test_a_server_that_numbers_its_namespaces_anew_is_read_all_the_same(
        self, opcua_server: MakeServer, application: Application
    ) -> None:
        server = opcua_server(namespaces=["urn:another", "urn:plant:nodes"], nodes={"Pressure": 6.0})
        namespaces = ["http://opcfoundation.org/UA/", "urn:plant:server", "urn:plant:nodes"]
        async with reading(settings(server, "Pressure", namespaces=namespaces), application) as (kept, _):
            await kept.until(lambda: kept.of("Pressure") == [6.0])
        gone = [*namespaces[:2], "urn:gone"]
        async with reading(settings(server, "Pressure", namespaces=gone), application) as (kept, _):
            await kept.until(lambda: kept.troubles)
        assert (kept.troubles[0].code, kept.troubles[0].place) == ("opcua.namespace", "ns=2;s=Pressure")

    async def test_nobody_at_the_address_is_told_once_and_tried_again(
        self, opcua_server: MakeServer, application: Application
    ) -> None:
        server = opcua_server(nodes={"Pressure": 1.5})
        server.kill()
        waited: list[float] = []

        async def pause(seconds: float) -> None:
            waited.append(seconds)
            if len(waited) == 4:
                server.start()

        async with reading(settings(server, "Pressure"), application, pause=pause) as (kept, _):
            await kept.until(lambda: kept.of("Pressure") == [1.5])
        assert waited == [0.5, 1.0, 2.0, 4.0]
        assert kept.codes() == ["field.unreachable"]

    async def test_a_slow_sink_slows_the_server_down_and_what_it_had_to_drop_is_told(
        self, opcua_server: MakeServer, application: Application
    ) -> None:
        server = opcua_server(nodes={"Pressure": 0.0})
        async with reading(settings(server, "Pressure", queue=5), application) as (kept, _):
            await kept.until(lambda: kept.all)
            kept.gate.clear()
            written = await asyncio.to_thread(server.order, "flood", per_second=200, seconds=0.5)
            kept.gate.set()
            await kept.until(lambda: kept.of("Pressure")[-1] == written)
        assert len(kept.all) < written
        assert kept.codes() == [GAP]

    async def test_values_that_the_server_dropped_are_told(
        self, opcua_server: MakeServer, application: Application
    ) -> None:
        server = opcua_server(nodes={"Pressure": 0.0})
        async with reading(settings(server, "Pressure"), application) as (kept, _):
            await kept.until(lambda: kept.all)
            server.order("write", node="Pressure", value=2.0, bits=0x480)
            await kept.until(lambda: kept.of("Pressure") == [0.0, 2.0])
        assert kept.codes("ns=2;s=Pressure") == [GAP]


async def test_a_thousand_nodes_are_read_in_batches_without_loss(
    opcua_server: MakeServer, application: Application
) -> None:
    server = opcua_server(many=1000)
    names = [f"N{number:04}" for number in range(1000)]
    async with reading(settings(server, *names, queue=100), application) as (kept, _):
        await kept.until(lambda: len(kept.all) == 1000)
        written = await asyncio.to_thread(server.order, "flood", per_second=1500, seconds=1.0)
        await kept.until(lambda: len(kept.all) == 1000 + written)
    values = {sample.value for sample in kept.all[1000:]}
    assert values == {float(number) for number in range(1, written + 1)}
    assert len(kept.batches) < 200
    assert kept.troubles == []


async def test_a_cancellation_that_meets_an_answer_is_not_lost(
    opcua_server: MakeServer, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = opcua_server(nodes={"Level": 3.0})
    answers, wanted, hear = 0, 0, UASocketProtocol._call_callback

    def met(self: UASocketProtocol, request: int, body: Any) -> None:
        nonlocal answers
        answers += 1
        if answers == wanted:  # the cancellation comes first, and the answer before anybody has woken
            task.cancel()
        hear(self, request, body)

    monkeypatch.setattr(UASocketProtocol, "_call_callback", met)
    for wanted in range(1, 11):
        answers = 0
        source = OpcUaSource(settings(server, "Level"), application=application, look_s=0.1)
        task = asyncio.create_task(source.run(Kept()))
        await asyncio.wait([task], timeout=LONG_S)
        assert answers >= wanted
        assert task.cancelled(), f"when it met answer {wanted}"
