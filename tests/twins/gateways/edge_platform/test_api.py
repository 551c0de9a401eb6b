"""The agent over the REST API: what it is to do, its keys and its seals."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from tenants.kernel.canonical import digest
from tenants.kernel.clock import utc_now
from tenants.record.models import AuditEntry
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.twins.gateways.edge_platform.site import Site, body_of
from twins.gateways.edge.platform.models import SealedBatch, SealState
from twins.gateways.edge.platform.routes import read_status
from twins.gateways.edge.platform.sealing import packed
from twins.gateways.edge.platform.services import note_status
from twins.gateways.edge.signing import seal_digest
from twins.gateways.models import Gateway
from twins.gateways.services import create_gateway

pytestmark = pytest.mark.django_db
WithKey = Callable[[Tenant, Role], APIClient]
ONE, TWO = {"store": {"limit": 1048576}}, {"store": {"limit": 2097152}}


@pytest.fixture
def gateway(tenant: Tenant) -> Gateway:
    with scope(tenant.id):
        return create_gateway(name="hangar", now=utc_now())[0]


@pytest.fixture
def client(tenant: Tenant, with_key: WithKey) -> APIClient:
    return with_key(tenant, Role.ENGINEER)


@pytest.fixture
def path(gateway: Gateway) -> str:
    return f"/api/v1/gateways/{gateway.id}/edge/"


def speak(tenant: Tenant, gateway: Gateway, site: Site, **changes: Any) -> None:
    with scope(tenant.id):
        status = read_status(json.dumps(site.status(**changes)).encode())
        note_status(gateway=gateway.id, status=status, now=utc_now())


def keep(tenant: Tenant, gateway: Gateway, site: Site, body: bytes, **changes: Any) -> SealedBatch:
    """A seal as the ingest role writes it."""
    seal, now = site.seal(body), utc_now()
    row = {
        "gateway": gateway.id, "fingerprint": seal.key, "sequence": seal.sequence, "previous": seal.previous,
        "digest": seal_digest(body, sequence=seal.sequence, previous=seal.previous), "signature": seal.signature,
        "body_digest": hashlib.sha256(body).hexdigest(), "body": packed(body), "batch": f"b{seal.sequence}",
        "commit": seal.sequence, "readings": 1, "signals": [1], "first_at": now, "last_at": now, "received_at": now,
        "state": SealState.KEPT,
    }  # fmt: skip
    with scope(tenant.id):
        return SealedBatch.objects.create(**{**row, **changes})


def put(client: APIClient, path: str, document: Any, **headers: str) -> Any:
    return client.put(f"{path}configuration/", {"document": document}, format="json", headers=headers)


def test_no_agent_yet(client: APIClient, path: str) -> None:
    assert client.get(path).json() == {
        "status": "unknown", "version": None, "at": None, "said": None, "wanted": None, "applied": None,
        "seals": {"kept": 0, "broken": 0},
    }  # fmt: skip
    missing = client.get(f"{path}configuration/")
    assert (missing.status_code, missing.json()["code"]) == (404, "edge.no_configuration")


def test_an_agent_is_told_as_it_speaks(client: APIClient, tenant: Tenant, gateway: Gateway, path: str) -> None:
    site = Site()
    speak(tenant, gateway, site)
    told = client.get(path).json()
    assert (told["status"], told["version"], told["wanted"], told["applied"]) == ("connected", "edge 1.0", None, None)
    assert told["said"] == site.status()
    put(client, path, ONE)
    assert client.get(path).json()["applied"] == "pending"
    for state in ("applied", "refused"):
        speak(tenant, gateway, site, configuration={"digest": digest(ONE), "state": state, "findings": []})
        assert (client.get(path).json()["wanted"], client.get(path).json()["applied"]) == (1, state)


def test_versions_are_numbered_and_never_change(client: APIClient, tenant: Tenant, path: str) -> None:
    first = put(client, path, ONE)
    assert (first.status_code, first.json()["number"], first.headers["ETag"]) == (200, 1, f'"{digest(ONE)}"')
    assert put(client, path, ONE).json()["number"] == 1  # the same is no other version
    assert put(client, path, TWO).json()["number"] == 2
    restored = client.post(f"{path}configuration/versions/1/restore/")
    assert (restored.status_code, restored.json()["number"], restored.json()["document"]) == (200, 3, ONE)
    listed = client.get(f"{path}configuration/versions/").json()["results"]
    assert [(one["number"], one["document"], one["digest"]) for one in listed] == [
        (3, ONE, digest(ONE)), (2, TWO, digest(TWO)), (1, ONE, digest(ONE)),
    ]  # fmt: skip
    assert client.get(f"{path}configuration/versions/2/").json()["document"] == TWO
    assert client.get(f"{path}configuration/versions/9/").json()["code"] == "edge.no_configuration"
    assert client.post(f"{path}configuration/versions/9/restore/").status_code == 404
    with scope(tenant.id):
        entries = AuditEntry.objects.filter(action="gateway.edge_configured").order_by("id")
        assert [entry.details["number"] for entry in entries] == [1, 2, 3]


def test_a_change_is_made_to_the_version_that_was_read(client: APIClient, path: str) -> None:
    assert put(client, path, ONE, **{"If-Match": f'"{digest(TWO)}"'}).status_code == 412
    first = put(client, path, ONE, **{"If-Match": "*"})
    assert put(client, path, TWO, **{"If-Match": first.headers["ETag"]}).status_code == 200
    late = put(client, path, {}, **{"If-Match": first.headers["ETag"]})
    assert (late.status_code, late.json()["code"]) == (412, "edge.configuration_changed")
    assert client.get(f"{path}configuration/").json()["number"] == 2


@pytest.mark.parametrize(
    ("document", "place", "code"),
    [
        ({"stores": {}}, "stores", "edge.configuration"),
        ({"store": {"limit": 1}}, "store/limit", "edge.configuration"),
        ({"sources": [{"name": "A", "kind": "opcua", "settings": {}}]}, "sources/0/settings", "field.settings"),
        ({"features": [{"key": "a"}]}, "features/0", "edge.empty_feature"),
        ({"store": {"limit": 2**60}}, "", "edge.configuration"),
    ],
)
def test_what_no_agent_could_follow_is_refused_by_place(
    client: APIClient, path: str, document: Any, place: str, code: str
) -> None:
    answer = put(client, path, document)
    assert (answer.status_code, answer.json()["code"]) == (422, "edge.configuration")
    found = answer.json()["findings"][0]
    assert (found["place"], found["code"]) == (place, code)
    assert found["message"]
    assert found["fix"]
    assert client.get(f"{path}configuration/").status_code == 404


def test_a_person_approves_a_key_and_the_one_before_is_retired(
    client: APIClient, tenant: Tenant, gateway: Gateway, path: str
) -> None:
    speak(tenant, gateway, Site(1))
    speak(tenant, gateway, Site(2))
    second, first = client.get(f"{path}keys/").json()["keys"]
    assert [(one["fingerprint"], one["state"]) for one in (first, second)] == [
        (Site(1).fingerprint, "approved"), (Site(2).fingerprint, "waiting"),
    ]  # fmt: skip
    for _ in range(2):
        answer = client.post(f"{path}keys/{second['id']}/approve/")
        assert (answer.status_code, answer.json()["state"]) == (200, "approved")
    assert [one["state"] for one in client.get(f"{path}keys/").json()["keys"]] == ["approved", "retired"]
    back = client.post(f"{path}keys/{first['id']}/approve/")
    assert (back.status_code, back.json()["code"]) == (409, "edge.key_retired")
    assert client.post(f"{path}keys/{uuid4()}/approve/").json()["code"] == "edge.no_key"
    with scope(tenant.id):
        details = AuditEntry.objects.filter(action="gateway.site_key_approved").order_by("id").values_list("details")
        assert [one["on_sight"] for (one,) in details] == [True, False]


def test_a_body_comes_back_as_it_was_signed(client: APIClient, tenant: Tenant, gateway: Gateway, path: str) -> None:
    site, other = Site(1), Site(2)
    first, second = body_of("b1", ("1/t24", 1.0)), body_of("b2", ("1/t24", 2.0))
    keep(tenant, gateway, site, first)
    keep(tenant, gateway, site, second)
    keep(tenant, gateway, other, second)
    answer = client.get(f"{path}seals/2/body/")
    assert (answer.status_code, answer.content) == (200, second)
    key, sequence, previous, _ = answer.headers["X-Batch-Seal"].split(";")
    assert (key, sequence) == (site.fingerprint, "2")
    assert previous == seal_digest(first, sequence=1, previous="0" * 64)
    assert client.get(f"{path}seals/1/body/").content == second  # the newest that has this number
    assert client.get(f"{path}seals/1/body/", {"key": site.fingerprint}).content == first
    for missing in ("3/body/", f"2/body/?key={other.fingerprint}", f"{2**70}/body/"):
        assert client.get(f"{path}seals/{missing}").json()["code"] == "edge.no_seal"


def test_seals_are_listed_and_narrowed(client: APIClient, tenant: Tenant, gateway: Gateway, path: str) -> None:
    site = Site()
    keep(tenant, gateway, site, b"{}")
    broken = {"state": SealState.BROKEN, "code": "seal.gap", "reason": "batches have not come"}
    keep(tenant, gateway, site, b"{}", **broken)
    listed = client.get(f"{path}seals/").json()["results"]
    assert [(one["sequence"], one["state"], one["code"]) for one in listed] == [
        (2, "broken", "seal.gap"), (1, "kept", ""),
    ]  # fmt: skip
    assert [one["sequence"] for one in client.get(f"{path}seals/", {"state": "kept"}).json()["results"]] == [1]
    assert client.get(f"{path}seals/", {"state": "lost"}).status_code == 400
    assert client.get(path).json()["seals"] == {"kept": 1, "broken": 1}


def test_who_may_only_read_changes_nothing(tenant: Tenant, with_key: WithKey, path: str) -> None:
    viewer = with_key(tenant, Role.VIEWER)
    assert viewer.get(path).status_code == 200
    assert put(viewer, path, ONE).status_code == 403
    assert viewer.post(f"{path}keys/{uuid4()}/approve/").status_code == 403


def test_another_organisation_finds_nothing(stranger: Tenant, with_key: WithKey, path: str) -> None:
    theirs = with_key(stranger, Role.OWNER)
    for tail in ("", "configuration/", "configuration/versions/", "keys/", "seals/", "seals/1/body/"):
        assert theirs.get(f"{path}{tail}").json()["code"] == "gateway.not_found"
    assert put(theirs, path, ONE).json()["code"] == "gateway.not_found"
