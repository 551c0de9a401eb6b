"""Contracts over the REST API: drafts, versions, and every way a request does not fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from billing.contracts.models import Contract
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.world import Fleet, agreement, customer
from tests.twins.evidence.fleet import published_fleet

pytestmark = pytest.mark.django_db
Keyed = Callable[[Tenant, Role], APIClient]
PATH = "/api/v1/contracts/"


@pytest.fixture
def fleet(tenant: Tenant) -> Fleet:
    with scope(tenant.id):
        return Fleet(*published_fleet(2))


@pytest.fixture
def wanted(tenant: Tenant, fleet: Fleet) -> dict[str, Any]:
    with scope(tenant.id):
        return agreement(fleet)


def test_the_life_of_a_contract(tenant: Tenant, wanted: dict[str, Any], with_key: Keyed) -> None:
    client = with_key(tenant, Role.ENGINEER)
    made = client.post(PATH, wanted)
    assert made.status_code == 201
    path = f"{PATH}{made.data['id']}/"
    assert (made.data["slug"], made.data["revision"], made.data["published_version"]) == ("uptime", 1, None)
    assert (
        made.data["text"][0] == "Meridian Engines guarantees Northwind Air the outcome of 2 assets of Northwind fleet."
    )
    assert client.get(path).json() == made.json()
    edited = client.put(path, wanted | {"tax_percent": "19", "revision": 1})
    assert (edited.status_code, edited.data["revision"], edited.data["draft"]["tax_percent"]) == (200, 2, "19")
    stale = client.put(path, wanted | {"revision": 1})
    assert (stale.status_code, stale.json()["code"]) == (409, "contract.conflict")
    published = client.post(f"{path}publish/", {"revision": 2})
    assert (published.status_code, published.data["version"]) == (201, 1)
    assert client.get(f"{path}versions/").json() == [{k: v for k, v in published.json().items() if k != "replaces"}]
    assert (published.data["needs_acceptance"], published.data["answer"], published.data["replaces"]) == (
        False, None, None,
    )  # fmt: skip
    version = client.get(f"{path}versions/1/").json()
    assert version["document"]["version"] == 1
    assert version["digest"] == published.data["digest"]
    assert version["text"][-1] == "The sum is due 30 days after the invoice."
    for number in (2, 2**31):
        assert client.get(f"{path}versions/{number}/").status_code == 404
    assert client.delete(path).json()["code"] == "contract.published"
    assert [each["id"] for each in client.get(PATH).json()["results"]] == [made.data["id"]]


def test_a_contract_from_the_template(tenant: Tenant, fleet: Fleet, with_key: Keyed) -> None:
    with scope(tenant.id):
        northwind = str(customer().id)
    client = with_key(tenant, Role.ENGINEER)
    figures = {
        "customer": northwind,
        "twin": str(fleet.twin),
        "effective": {"from": "2026-09-01"},
        "fee_per_hour": "350.00",
        "tiers": [{"below": "97", "credit": "5"}],
    }
    made = client.post(f"{PATH}power-by-the-hour/", figures)
    assert (made.status_code, made.data["title"]) == (201, "Power by the hour")
    assert made.data["draft"]["terms"]["fee"]["tiers"] == [{"to": None, "price": "350.00"}]
    assert client.delete(f"{PATH}{made.data['id']}/").status_code == 204
    wrong = client.post(f"{PATH}power-by-the-hour/", figures | {"fee_per_hour": "a lot"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "document.invalid")
    assert wrong.json()["findings"][0]["place"] == "fee_per_hour"
    assert client.post(f"{PATH}power-by-the-hour/", {}).status_code == 400


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"terms": {}}, 422, "document.invalid"),
        ({"title": ""}, 400, "request.invalid"),
        ({"customer": "01a1fbb7-0000-7000-8000-000000000000"}, 404, "request.not_found"),
        ({"twin": "01a1fbb7-0000-7000-8000-000000000000"}, 422, "contract.twin"),
        ({"preapproved": [{"category": "whim"}]}, 422, "document.invalid"),
        ({"payment_days": 400}, 400, "request.invalid"),
        ({"assumptions": {"bays": True}}, 422, "document.invalid"),
    ],
)
def test_what_does_not_fit(
    tenant: Tenant, wanted: dict[str, Any], with_key: Keyed, change: dict[str, Any], status: int, code: str
) -> None:
    answer = with_key(tenant, Role.ENGINEER).post(PATH, wanted | change)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    with scope(tenant.id):
        assert not Contract.objects.exists()


def test_a_repeated_request_makes_one_contract(tenant: Tenant, wanted: dict[str, Any], with_key: Keyed) -> None:
    client = with_key(tenant, Role.ENGINEER)
    first, again = (client.post(PATH, wanted, headers={"Idempotency-Key": "one"}) for _ in range(2))
    assert first.json() == again.json()
    with scope(tenant.id):
        assert Contract.objects.count() == 1


def test_a_viewer_only_reads(tenant: Tenant, wanted: dict[str, Any], with_key: Keyed) -> None:
    made = with_key(tenant, Role.ENGINEER).post(PATH, wanted).data["id"]
    viewer = with_key(tenant, Role.VIEWER)
    assert viewer.get(f"{PATH}{made}/").status_code == 200
    for attempt in (
        viewer.post(PATH, wanted),
        viewer.put(f"{PATH}{made}/", wanted | {"revision": 1}),
        viewer.post(f"{PATH}{made}/publish/", {"revision": 1}),
        viewer.delete(f"{PATH}{made}/"),
    ):
        assert attempt.status_code == 403
