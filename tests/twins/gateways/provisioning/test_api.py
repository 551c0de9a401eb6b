"""Provisioning keys, authorities and many gateways over the REST API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from tenants.kernel.clock import utc_now
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.twins.gateways.provisioning.conftest import issue
from tests.twins.gateways.provisioning.test_possession import revoking
from twins.gateways.models import Gateway
from twins.gateways.provisioning.claiming import MOST_TRIES
from twins.gateways.provisioning.registration import register_device

Keyed = Callable[[Tenant, Role], APIClient]
pytestmark = pytest.mark.django_db
KEYS, AUTHORITIES, GATEWAYS = "/api/v1/provisioning-keys/", "/api/v1/authorities/", "/api/v1/gateways/"


def test_a_key_from_its_making_to_its_end(tenant: Tenant, with_key: Keyed) -> None:
    client = with_key(tenant, Role.ENGINEER)
    made = client.post(KEYS, {"name": "line 4", "allowed": 2, "name_prefix": "Hall "})
    assert made.status_code == 201
    body = made.json()
    secret = body.pop("key")
    assert secret.startswith(body["prefix"])
    assert (body["state"], body["made"], body["needs_claim"]) == ("in_force", 0, True)
    assert client.get(f"{KEYS}{body['id']}/").json() == body
    assert client.get(KEYS).json()["results"] == [body]
    device = register_device(key=secret, serial="PX", name="", version="", now=utc_now())
    assert device.name == "Hall PX"
    one = f"{GATEWAYS}{device.gateway}/"
    assert client.get(one).json()["status"] == "pending"
    wrong = client.post(f"{one}claim/", {"code": "AAAA-AAAA"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "gateway.claim_code")
    claimed = client.post(f"{one}claim/", {"code": device.claim_code})
    assert (claimed.json()["status"], claimed.json()["origin"], claimed.json()["serial"]) == ("unknown", "key", "PX")
    again = client.post(f"{one}claim/", {"code": device.claim_code})
    assert (again.status_code, again.json()["code"]) == (409, "gateway.not_pending")
    assert client.post(f"{KEYS}{body['id']}/revoke/").json()["state"] == "revoked"


def test_tries_of_codes_stay_counted_although_the_request_is_undone(tenant: Tenant, with_key: Keyed) -> None:
    client = with_key(tenant, Role.ENGINEER)
    secret = client.post(KEYS, {"name": "line 4", "allowed": 2}).json()["key"]
    device = register_device(key=secret, serial="PX", name="", version="", now=utc_now())
    path = f"{GATEWAYS}{device.gateway}/claim/"
    for _ in range(MOST_TRIES):
        assert client.post(path, {"code": "AAAA-AAAA"}).status_code == 422
    refused = client.post(path, {"code": device.claim_code})
    assert (refused.status_code, refused.json()["code"]) == (429, "gateway.claim_tries")


@pytest.mark.parametrize(
    "wrong", [{"allowed": 0}, {"allowed": 10_001}, {"name": ""}, {"name_prefix": "x" * 61}, {"expires_at": "soon"}]
)
def test_terms_that_do_not_fit(tenant: Tenant, with_key: Keyed, wrong: dict[str, object]) -> None:
    answer = with_key(tenant, Role.ENGINEER).post(KEYS, {"name": "x", "allowed": 1} | wrong)
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "wrong", [{"customer": str(uuid4())}, {"site": str(uuid4())}, {"expires_at": "2020-01-01T00:00Z"}]
)
def test_terms_that_cannot_be(tenant: Tenant, with_key: Keyed, wrong: dict[str, object]) -> None:
    answer = with_key(tenant, Role.ENGINEER).post(KEYS, {"name": "x", "allowed": 1} | wrong)
    assert answer.status_code == 422


def test_an_authority_from_its_proof_to_its_end(tenant: Tenant, with_key: Keyed) -> None:
    client = with_key(tenant, Role.ENGINEER)
    root = issue("Meridian devices", is_authority=True)
    code = client.get(f"{AUTHORITIES}proof/").json()["code"]
    wanted = {"name": "devices", "certificate": root.pem, "proof": issue("else", root).pem}
    refused = client.post(AUTHORITIES, wanted)
    assert (refused.status_code, refused.json()["code"]) == (422, "authority.unproven")
    made = client.post(AUTHORITIES, wanted | {"proof": issue(code, root).pem, "allowed": 5})
    body = made.json()
    assert (made.status_code, body["subject"], body["allowed"]) == (201, "CN=Meridian devices", 5)
    assert client.get(AUTHORITIES).json()["results"] == [body]
    one = f"{AUTHORITIES}{body['id']}/"
    wrong = client.post(f"{one}revocation-list/", {"list": "x"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "certificate.broken")
    der = revoking(issue("PX", root), by=root)
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    pem = x509.load_der_x509_crl(der).public_bytes(Encoding.PEM).decode()
    assert client.post(f"{one}revocation-list/", {"list": pem}).json()["revoked"] == 1
    assert client.post(f"{one}withdraw/").json()["withdrawn_at"] is not None


def test_many_at_once(tenant: Tenant, with_key: Keyed) -> None:
    client = with_key(tenant, Role.ENGINEER)
    wanted = {"gateways": [{"name": "a", "serial": "1"}, {"name": "b"}]}
    checked = client.post(f"{GATEWAYS}bulk/", wanted | {"check": True}, format="json")
    assert (checked.status_code, checked.json()) == (200, {"gateways": []})
    made = client.post(f"{GATEWAYS}bulk/", wanted, format="json")
    assert made.status_code == 201
    assert [(one["name"], one["serial"]) for one in made.json()["gateways"]] == [("a", "1"), ("b", "")]
    assert all(one["token"].startswith("ot_gateway_") for one in made.json()["gateways"])
    for check in (True, False):
        refused = client.post(f"{GATEWAYS}bulk/", wanted | {"check": check}, format="json")
        assert (refused.status_code, refused.json()["code"]) == (422, "gateways.table")
        assert [one["place"] for one in refused.json()["findings"]] == ["1/name", "1/serial", "2/name"]
    with scope(tenant.id):
        assert Gateway.objects.count() == 2
    rows: list[Any] = [[], [{}], "x"]
    for wrong in rows:
        assert client.post(f"{GATEWAYS}bulk/", {"gateways": wrong}, format="json").status_code == 400


def test_a_viewer_changes_nothing(tenant: Tenant, with_key: Keyed) -> None:
    made = with_key(tenant, Role.ENGINEER).post(KEYS, {"name": "x", "allowed": 1}).json()
    client = with_key(tenant, Role.VIEWER)
    assert client.get(KEYS).status_code == 200
    for path in (KEYS, AUTHORITIES, f"{GATEWAYS}bulk/", f"{KEYS}{made['id']}/revoke/"):
        assert client.post(path, {}).status_code == 403
    assert client.get(f"{KEYS}{uuid4()}/").json()["code"] == "request.not_found"
