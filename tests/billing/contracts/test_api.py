"""Contracts over the REST API: drafts, versions, and every way a request does not fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from billing.contracts.agreement import AgreementTerms
from billing.contracts.api import ContractInput
from billing.contracts.models import Contract
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.outcomes.documents import AWS_TIERS, a_clause
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
        ({"grace": "5 days"}, 422, "document.invalid"),
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


class TestEveryField:
    """What people write of a contract arrives as they wrote it, whichever way it goes."""

    def _written(self, tenant: Tenant, fleet: Fleet) -> dict[str, Any]:
        """A draft that uses all of its fields."""
        with scope(tenant.id):
            clause = a_clause(id="uptime", assets=fleet.ids, remedies=[AWS_TIERS], exclusions=[{"category": "planned"}])
            draft = agreement(
                fleet, clause, effective={"from": "2026-09-01", "to": "2027-09-01"},
                preapproved=[{"category": "planned", "notice": "P7D"}],
                assumptions={"planned_visit": "P2D", "repair": "P9D", "bays": 3},
                tax_percent="19", payment_days=14, acceptance="required", objection="P14D", year_cap_minor=500_000,
                grace="P5D",
            )  # fmt: skip
        assert draft.keys() == AgreementTerms.model_fields.keys()
        return AgreementTerms.read(draft).as_json()

    def test_the_api_knows_all_of_them(self) -> None:
        asked = {name for name, field in ContractInput().fields.items() if field.required}
        fields = AgreementTerms.model_fields
        assert ContractInput().fields.keys() == fields.keys()
        assert asked == {name for name, field in fields.items() if field.is_required()}

    def test_from_the_first_draft_to_the_version(self, tenant: Tenant, fleet: Fleet, with_key: Keyed) -> None:
        client, wanted = with_key(tenant, Role.ENGINEER), self._written(tenant, fleet)
        made = client.post(PATH, wanted)
        assert made.status_code == 201
        path = f"{PATH}{made.data['id']}/"
        assert self._told(client.get(path).data["draft"]) == wanted
        other = wanted | {
            "title": "Uptime of two", "tax_percent": "7", "payment_days": 0, "objection": "P7D", "year_cap_minor": 0,
            "grace": "PT0S", "effective": {"from": "2026-10-01", "to": None}, "preapproved": [], "assumptions": None,
        }  # fmt: skip
        for revision, draft in enumerate((other, wanted), start=1):
            assert self._told(client.put(path, draft | {"revision": revision}).data["draft"]) == draft
            assert self._told(client.get(path).data["draft"]) == draft
        assert client.post(f"{path}publish/", {"revision": 3}).status_code == 201
        assert self._told(client.get(f"{path}versions/1/").data["document"]) == wanted

    def test_what_is_left_out_is_taken_away(self, tenant: Tenant, fleet: Fleet, with_key: Keyed) -> None:
        client, wanted = with_key(tenant, Role.ENGINEER), self._written(tenant, fleet)
        made = client.post(PATH, wanted).data["id"]
        usual = {
            name: value for name, value in wanted.items() if AgreementTerms.model_fields[name].is_required()
        }  # fmt: skip
        draft = client.put(f"{PATH}{made}/", usual | {"revision": 1}).data["draft"]
        assert self._told(draft) == AgreementTerms.read(usual).as_json()
        assert "grace" not in draft

    def test_no_other_is_passed_over(self, tenant: Tenant, fleet: Fleet, with_key: Keyed) -> None:
        client, wanted = with_key(tenant, Role.ENGINEER), self._written(tenant, fleet)
        made = client.post(PATH, wanted).data["id"]
        stranger = {"garce": "P5D", "colour": "red"}
        for answer in (
            client.post(PATH, wanted | stranger),
            client.put(f"{PATH}{made}/", wanted | stranger | {"revision": 1}),
        ):
            assert (answer.status_code, answer.json()["code"]) == (422, "document.invalid")
            found = answer.json()["findings"]
            assert [(each["code"], each["place"]) for each in found] == [
                ("document.unknown_field", "colour"), ("document.unknown_field", "garce"),
            ]  # fmt: skip
            assert found[0]["fix"] == "Remove it, or mend its spelling."
        with scope(tenant.id):
            assert Contract.objects.get().revision == 1

    @pytest.mark.parametrize("path", ["power-by-the-hour/", "from-template/", "look/", "{id}/publish/"])
    def test_nor_by_another_door(self, tenant: Tenant, fleet: Fleet, with_key: Keyed, path: str) -> None:
        client, wanted = with_key(tenant, Role.ENGINEER), self._written(tenant, fleet)
        made = client.post(PATH, wanted).data["id"]
        answer = client.post(PATH + path.format(id=made), {"garce": "P5D"})
        assert (answer.status_code, answer.json()["code"]) == (422, "document.invalid")
        assert [each["place"] for each in answer.json()["findings"]] == ["garce"]

    @staticmethod
    def _told(document: dict[str, Any]) -> dict[str, Any]:
        """What people wrote of a document that has more."""
        return {name: document[name] for name in AgreementTerms.model_fields if name in document}
