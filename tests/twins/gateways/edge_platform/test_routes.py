"""What an agent asks and tells, over HTTP."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import httpx
import pytest
from asgiref.sync import sync_to_async

from tenants.kernel.canonical import digest
from tenants.kernel.clock import utc_now
from tenants.record.models import AuditEntry
from tenants.scope.context import scope
from tests.twins.conftest import Fleet
from tests.twins.gateways.edge_platform.site import Site
from twins.gateways.edge.platform import selectors, services
from twins.gateways.edge.platform.models import EdgeAgent
from twins.gateways.edge.platform.routes import LARGEST_STATUS, PREFIX
from twins.gateways.edge.platform.services import MOST_WAITING

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
CONFIGURATION, STATUS = f"{PREFIX}/configuration", f"{PREFIX}/status"
DOCUMENT = {"store": {"limit": 2097152, "policy": "thin"}}


@sync_to_async
def save(fleet: Fleet, document: dict[str, Any]) -> None:
    with scope(fleet.tenant):
        services.save_configuration(gateway=fleet.gateway, document=document, by="ada", now=utc_now())


async def test_nothing_is_kept_for_the_agent(client: httpx.AsyncClient) -> None:
    answer = await client.get(CONFIGURATION)
    assert (answer.status_code, answer.content) == (204, b"")


async def test_the_newest_configuration_is_told_until_it_is_known(client: httpx.AsyncClient, fleet: Fleet) -> None:
    await save(fleet, {})
    await save(fleet, DOCUMENT)
    name = digest(DOCUMENT)
    answer = await client.get(CONFIGURATION, headers={"If-None-Match": f'"{digest({})}"'})
    assert (answer.status_code, answer.headers["etag"]) == (200, f'"{name}"')
    assert answer.json() == {"number": 2, "digest": name, "document": DOCUMENT}
    for known in (f'"{name}"', f'W/"{name}"', f'"else", "{name}"'):
        again = await client.get(CONFIGURATION, headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", f'"{name}"')


async def test_the_configuration_is_the_gateway_s_own(
    client: httpx.AsyncClient, fleet: Fleet, their_fleet: Fleet
) -> None:
    await save(their_fleet, DOCUMENT)
    assert (await client.get(CONFIGURATION)).status_code == 204


async def test_the_first_key_is_approved_on_sight_and_that_is_written_down(
    client: httpx.AsyncClient, fleet: Fleet, site: Site
) -> None:
    await save(fleet, DOCUMENT)
    for _ in range(2):
        answer = await client.post(STATUS, json=site.status())
        assert (answer.status_code, answer.json()) == (
            200, {"key": {"fingerprint": site.fingerprint, "state": "approved"},
                  "configuration": {"digest": digest(DOCUMENT)}},
        )  # fmt: skip
    assert site.fingerprint == hashlib.sha256(site.public).hexdigest()

    @sync_to_async
    def kept() -> tuple[Any, ...]:
        with scope(fleet.tenant):
            (key,) = selectors.site_keys(fleet.gateway)
            agent = EdgeAgent.objects.get()
            entries = AuditEntry.objects.filter(action__startswith="gateway.site_key").values_list(
                "action", "by", "details"
            )
            return bytes(key.public_key), key.approved_by, agent.version, agent.status["store"], list(entries)

    assert await kept() == (
        site.public, "hangar", "edge 1.0", site.status()["store"],
        [("gateway.site_key_approved", "gateway hangar", {"fingerprint": site.fingerprint, "on_sight": True})],
    )  # fmt: skip


async def test_other_keys_wait_and_the_oldest_make_room(client: httpx.AsyncClient, fleet: Fleet, site: Site) -> None:
    await client.post(STATUS, json=site.status())
    for number in range(2, MOST_WAITING + 4):
        answer = await client.post(STATUS, json=Site(number).status())
        assert answer.json()["key"]["state"] == "waiting"

    @sync_to_async
    def keys() -> list[str]:
        with scope(fleet.tenant):
            return [key.fingerprint for key in selectors.site_keys(fleet.gateway)]

    found = await keys()
    assert len(found) == MOST_WAITING + 1
    assert found[0] == Site(MOST_WAITING + 3).fingerprint
    assert found[-1] == site.fingerprint


@pytest.mark.parametrize(
    "changes",
    [
        {"key": base64.b64encode(bytes(31)).decode()},
        {"key": "é" * 44},
        {"version": "x" * 61},
        {"version": "nul\x00"},
        {"sent_at": "2026-11-21T12:00:00"},
        {"store": {}},
        {"sources": [{"name": "PLC"}]},
        {"configuration": {"digest": "short", "state": "applied", "findings": []}},
        {"configuration": {"digest": None, "state": "unheard", "findings": []}},
    ],
)
async def test_a_status_that_does_not_fit(
    client: httpx.AsyncClient, fleet: Fleet, site: Site, changes: dict[str, Any]
) -> None:
    answer = await client.post(STATUS, json=site.status(**changes))
    assert (answer.status_code, answer.json()["code"]) == (422, "edge.status")
    assert answer.headers["content-type"] == "application/problem+json"

    @sync_to_async
    def agents() -> int:
        with scope(fleet.tenant):
            return EdgeAgent.objects.count() + selectors.site_keys(fleet.gateway).count()

    assert await agents() == 0


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"[" * 10_000])
async def test_a_status_that_is_no_json(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post(STATUS, content=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "edge.status")


async def test_a_status_is_bounded(client: httpx.AsyncClient) -> None:
    answer = await client.post(STATUS, content=b" " * (LARGEST_STATUS + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "message.too_large")


@pytest.mark.parametrize(("method", "path"), [("GET", CONFIGURATION), ("POST", STATUS)])
async def test_a_wrong_credential_is_refused(client: httpx.AsyncClient, method: str, path: str) -> None:
    for header in ("", "Bearer wrong", "Basic eDp5"):
        answer = await client.request(method, path, headers={"Authorization": header})
        assert (answer.status_code, answer.json()["code"]) == (401, "gateway.unknown_token")


async def test_the_other_method_is_refused(client: httpx.AsyncClient) -> None:
    assert (await client.post(CONFIGURATION)).status_code == 405
    assert (await client.get(STATUS)).status_code == 405
