"""API keys: shown once, kept as a digest, withdrawn at once; over the API and on the page."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from rest_framework.test import APIClient

from tenants.keys.models import ApiKey, KeyDigest
from tenants.people.models import User
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.conftest import Cast

pytestmark = pytest.mark.django_db


def test_a_key_made_by_api_works_until_it_is_withdrawn(
    cast: Cast, with_key: Callable[[Tenant, Role], APIClient]
) -> None:
    client = with_key(cast.meridian, Role.OWNER)
    made = client.post("/api/v1/keys/", {"name": "partner", "role": "viewer"})
    assert made.status_code == 201
    secret = made.json()["secret"]
    assert secret.startswith("ot_key_")
    assert made.json()["prefix"] == secret[:13]
    assert "secret" not in client.get(f"/api/v1/keys/{made.json()['id']}/").json()
    partner = APIClient()
    partner.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    assert partner.get("/api/v1/jobs/").status_code == 200
    assert client.delete(f"/api/v1/keys/{made.json()['id']}/").status_code == 204
    assert partner.get("/api/v1/jobs/").status_code == 401
    again = client.delete(f"/api/v1/keys/{made.json()['id']}/")
    assert (again.status_code, again.json()["code"]) == (404, "request.not_found")


def test_no_table_holds_the_secret(cast: Cast, with_key: Callable[[Tenant, Role], APIClient]) -> None:
    secret = with_key(cast.meridian, Role.OWNER).post("/api/v1/keys/", {"name": "p", "role": "viewer"}).json()["secret"]
    kept = str(list(KeyDigest.objects.values()))
    with scope(cast.meridian.id):
        kept += str(list(ApiKey.objects.values()))
    assert secret not in kept


@pytest.mark.parametrize(
    ("body", "place", "code"),
    [
        ({"role": "viewer"}, "name", "request.required"),
        ({"name": "x" * 121, "role": "viewer"}, "name", "request.max_length"),
        ({"name": "x", "role": "customer"}, "role", "request.invalid_choice"),
        ({"name": "x", "role": "viewer", "expires_at": "soon"}, "expires_at", "request.invalid"),
    ],
)
def test_a_key_that_does_not_fit_names_the_place(
    cast: Cast, with_key: Callable[[Tenant, Role], APIClient], body: dict[str, str], place: str, code: str
) -> None:
    response = with_key(cast.meridian, Role.OWNER).post("/api/v1/keys/", body)
    assert response.status_code == 400
    (finding,) = response.json()["findings"]
    assert (finding["place"], finding["code"]) == (place, code)


def test_the_page_shows_the_secret_once(cast: Cast, sign_in: Callable[[User], Client]) -> None:
    client = sign_in(cast.owner)
    assert b"No API key yet" in client.get("/t/meridian/admin/keys/").content
    made = client.post("/t/meridian/admin/keys/", {"name": "historian", "role": "engineer"})
    assert b"ot_key_" in made.content
    assert made["Cache-Control"] == "no-store"
    with scope(cast.meridian.id):
        key = ApiKey.objects.get()
    shown = client.get("/t/meridian/admin/keys/").content.decode()
    assert shown.count("ot_key_") == 1
    assert f"{key.prefix}…" in shown
    gone = client.post(f"/t/meridian/admin/keys/{key.id}/withdraw/", follow=True)
    assert b"Withdrawn" in gone.content
    assert b"the page says what is wrong" not in client.post("/t/meridian/admin/keys/", {"name": ""}).content
