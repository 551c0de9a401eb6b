"""What a witness asks for and brings over the API, and who may."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.test import Client
from rest_framework.test import APIClient

from tenants.kernel.clock import utc_now
from tenants.keys.models import ServiceAccount
from tenants.keys.services import create_key
from tenants.people.models import User
from tenants.record.domain.cosignatures import WitnessKey, cosign
from tenants.record.domain.notes import Verifier, open_note
from tenants.record.domain.tree import verify_consistency
from tenants.record.models import Cosignature
from tenants.record.services import record_audit, seal_head
from tenants.record.witnesses import register_witness
from tenants.scope.actors import Permission, Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
NAME = "witness.northwind.example"
KEY = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"w").digest())
HEAD, COSIGN = "/api/v1/log/head/", "/api/v1/log/cosignatures/"


def sealed(tenant: Tenant, entries: int) -> int:
    with scope(tenant.id):
        for number in range(entries):
            record_audit(action="thing.done", subject=f"thing/{number}", by="x", now=utc_now())
        return seal_head(now=utc_now()).size


@pytest.fixture
def witness(cast: Cast) -> APIClient:
    """Holds a key that may do what a witness needs and nothing else; its own key is registered."""
    with scope(cast.meridian.id):
        verifier = WitnessKey(NAME, KEY.public_key().public_bytes_raw())
        register_witness(verifier=str(verifier), by="owner@meridian.example", now=utc_now())
        made, token = create_key(name="witness", role=Role.VIEWER, now=utc_now())
        ServiceAccount.objects.filter(id=made.account_id).update(role="", permissions=[Permission.LOG_OPERATE.value])
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token.text}")
    return client


def signed(answer: dict[str, Any]) -> str:
    text = answer["head"].rpartition("\n\n")[0] + "\n"
    return cosign(text, NAME, KEY, int(utc_now().timestamp()))


def test_a_witness_follows_the_log_and_cosigns(cast: Cast, witness: APIClient) -> None:
    first = sealed(cast.meridian, 3)
    old = witness.get(HEAD).json()
    sealed(cast.meridian, 4)
    new = witness.get(HEAD, {"known": first}).json()
    assert (old["size"], new["known"]) == (first, first)
    key = Verifier.parse(new["key"])
    roots = [base64.b64decode(open_note(each["head"], key).split("\n")[2]) for each in (old, new)]
    proof = [bytes.fromhex(each) for each in new["consistency"]]
    assert verify_consistency(first, new["size"], proof, *roots)
    assert new["request"].startswith(f"old {first}\n")
    assert (new["handovers"], new["cosignatures"]) == ([], [])
    line = signed(new)
    answer = witness.post(COSIGN, {"size": new["size"], "signatures": line})
    assert answer.status_code == 201
    (kept,) = answer.json()
    assert (kept["size"], kept["signature"]) == (new["size"], line)
    assert witness.get(HEAD).json()["cosignatures"] == [kept]
    assert witness.get("/api/v1/audit/").status_code == 403


def test_what_a_witness_brings_wrongly_is_told_as_a_problem(cast: Cast, witness: APIClient) -> None:
    size = sealed(cast.meridian, 3)
    line = signed(witness.get(HEAD).json())
    for body, status, code in (
        ({"size": size + 1, "signatures": line}, 404, "request.not_found"),
        ({"size": size, "signatures": line[:-1]}, 400, "record.bad_note"),
        ({"size": size, "signatures": line.replace(NAME, "x")}, 400, "record.bad_note"),
        ({"size": -1, "signatures": line}, 400, "request.invalid"),
        ({"size": 2**63, "signatures": line}, 400, "request.invalid"),
        ({"size": size}, 400, "request.invalid"),
        ({"size": size, "signatures": "x" * 40_001}, 400, "request.invalid"),
        ({"size": size, "signatures": ["x"]}, 400, "request.invalid"),
    ):
        answer = witness.post(COSIGN, body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), body
    for known, status in ((size + 1, 409), ("x", 400), (-1, 400), (2**63, 400)):
        assert witness.get(HEAD, {"known": known}).status_code == status
    with scope(cast.meridian.id):
        assert not Cosignature.objects.exists()


def test_a_customers_people_may_and_a_viewer_may_not(
    cast: Cast, witness: APIClient, sign_in: Callable[[User], Client]
) -> None:
    sealed(cast.meridian, 2)
    customer = sign_in(cast.reader)
    found = customer.get("/t/meridian" + HEAD)
    assert found.status_code == 200
    body = {"size": found.json()["size"], "signatures": signed(found.json())}
    assert customer.post("/t/meridian" + COSIGN, body, content_type="application/json").status_code == 201
    viewer = sign_in(cast.viewer)
    assert viewer.get("/t/meridian" + HEAD).status_code == 403
    assert viewer.post("/t/meridian" + COSIGN, body, content_type="application/json").status_code == 403
