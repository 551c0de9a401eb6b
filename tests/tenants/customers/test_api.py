"""End customers over the REST API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from tenants.people.models import CustomRole
from tenants.record.models import AuditEntry
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
WithKey = Callable[[Tenant, Role], APIClient]
PATH = "/api/v1/customers/"
WHOLE = {
    "name": "Southwind Cargo",
    "number": "K-7",
    "address": "1 Runway Road\nMunich",
    "contact_name": "Nora North",
    "contact_email": "nora@southwind.example",
}


@pytest.fixture
def client(cast: Cast, with_key: WithKey) -> APIClient:
    return with_key(cast.meridian, Role.OWNER)


def test_a_customer_is_made_read_changed_and_removed(cast: Cast, client: APIClient) -> None:
    made = client.post(PATH, WHOLE)
    assert made.status_code == 201
    assert {name: made.json()[name] for name in WHOLE} == WHOLE
    path = f"{PATH}{made.json()['id']}/"
    assert client.get(path).json() == made.json()
    assert [each["name"] for each in client.get(PATH).json()["results"]] == ["Southwind Cargo", "Northwind Air"]
    changed = client.put(path, {"name": "Southwind"})
    assert (changed.json()["name"], changed.json()["number"], changed.json()["address"]) == ("Southwind", "", "")
    assert client.delete(path).status_code == 204
    assert (client.get(path).status_code, client.get(path).json()["code"]) == (404, "customer.not_found")
    with scope(cast.meridian.id):
        told = AuditEntry.objects.filter(subject=f"customer/{made.json()['id']}").order_by("id")
        assert list(told.values_list("action", flat=True)) == [
            "customer.created", "customer.changed", "customer.trashed",
        ]  # fmt: skip


def test_the_same_request_twice_makes_one(client: APIClient) -> None:
    first, again = (client.post(PATH, WHOLE, headers={"Idempotency-Key": "k1"}) for _ in range(2))
    assert again.status_code == 201
    assert first.json()["id"] == again.json()["id"]


@pytest.mark.parametrize(
    ("body", "place"), [({"name": "Northwind Air"}, "name"), ({"name": "x", "number": "K-7"}, "number")]
)
def test_a_name_and_a_number_are_one_customers(client: APIClient, body: dict[str, str], place: str) -> None:
    client.post(PATH, WHOLE)
    refused = client.post(PATH, body)
    assert (refused.status_code, refused.json()["code"], refused.json()["place"]) == (409, "customer.taken", place)
    other = client.post(PATH, {"name": "Eastwind"}).json()["id"]
    assert client.put(f"{PATH}{other}/", {"name": "Eastwind", **body}).status_code == 409


def test_many_customers_have_no_number(client: APIClient) -> None:
    assert [client.post(PATH, {"name": name}).status_code for name in ("a", "b")] == [201, 201]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "name"),
        ({"name": " "}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"name": "x", "address": "x" * 501}, "address"),
        ({"name": "x", "contact_email": "nobody"}, "contact_email"),
    ],
)
def test_what_does_not_fit_names_the_place(client: APIClient, body: dict[str, Any], place: str) -> None:
    refused = client.post(PATH, body)
    assert refused.status_code == 400
    assert refused.json()["findings"][0]["place"] == place


@pytest.mark.parametrize(
    ("role", "read", "write", "remove"),
    [
        (Role.ENGINEER, 200, 201, 403), (Role.FINANCE, 200, 201, 403), (Role.VIEWER, 200, 403, 403),
        (Role.PLANNER, 200, 403, 403), (Role.ADMINISTRATOR, 200, 201, 204),
    ],
)  # fmt: skip
def test_roles(cast: Cast, with_key: WithKey, role: Role, read: int, write: int, remove: int) -> None:
    keyed = with_key(cast.meridian, role)
    assert keyed.get(PATH).status_code == read
    assert keyed.post(PATH, WHOLE).status_code == write
    assert keyed.delete(f"{PATH}{cast.northwind}/").status_code == remove


def test_who_only_administers_may_keep_customers_too(cast: Cast, client: APIClient) -> None:
    with scope(cast.meridian.id):
        role = CustomRole(
            name="Front desk", permissions=["organisation.administer"], created_at=cast.meridian.created_at
        )
        role.save()
    account = client.post("/api/v1/service-accounts/", {"name": "x", "role": str(role.id)}).json()["id"]
    key = client.post("/api/v1/keys/", {"name": "x", "account": account}).json()["secret"]
    desk = APIClient()
    desk.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
    assert (desk.get(PATH).status_code, desk.post(PATH, WHOLE).status_code) == (200, 201)
    assert desk.get("/api/v1/contracts/").status_code == 403


def test_a_stranger_finds_nothing(cast: Cast, with_key: WithKey) -> None:
    stranger = with_key(cast.stranger, Role.OWNER)
    path = f"{PATH}{cast.northwind}/"
    assert stranger.get(path).status_code == stranger.put(path, WHOLE).status_code == 404
    assert stranger.delete(path).status_code == 404
    assert stranger.get(PATH).json()["results"] == []
