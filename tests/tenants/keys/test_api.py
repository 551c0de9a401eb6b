"""Keys and service accounts over the REST API: shown once, narrowed, replaced with an overlap, withdrawn at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from tenants.kernel.clock import utc_now
from tenants.keys.models import ApiKey, KeyDigest
from tenants.people.models import CustomRole, Site, Space, SpaceKind
from tenants.record.models import AuditEntry
from tenants.scope.actors import Permission, Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
WithKey = Callable[[Tenant, Role], APIClient]
KEYS, ACCOUNTS = "/api/v1/keys/", "/api/v1/service-accounts/"


def partner(secret: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


@pytest.fixture
def owner(cast: Cast, with_key: WithKey) -> APIClient:
    return with_key(cast.meridian, Role.OWNER)


def test_a_key_made_by_api_works_until_it_is_withdrawn(owner: APIClient) -> None:
    made = owner.post(KEYS, {"name": "partner", "role": "viewer"})
    assert made.status_code == 201
    secret = made.json()["secret"]
    assert secret.startswith("ot_key_")
    assert made.json()["prefix"] == secret[:13]
    assert (made.json()["role"], made.json()["scopes"], made.json()["state"]) == ("viewer", None, "in_force")
    lasts = datetime.fromisoformat(made.json()["expires_at"]) - datetime.fromisoformat(made.json()["created_at"])
    assert lasts == timedelta(days=365)
    assert "secret" not in owner.get(f"{KEYS}{made.json()['id']}/").json()
    assert partner(secret).get("/api/v1/jobs/").status_code == 200
    assert owner.delete(f"{KEYS}{made.json()['id']}/").status_code == 204
    assert partner(secret).get("/api/v1/jobs/").status_code == 401
    again = owner.delete(f"{KEYS}{made.json()['id']}/")
    assert (again.status_code, again.json()["code"]) == (404, "request.not_found")


def test_no_table_holds_the_secret(cast: Cast, owner: APIClient) -> None:
    secret = owner.post(KEYS, {"name": "p", "role": "viewer"}).json()["secret"]
    kept = str(list(KeyDigest.objects.values()))
    with scope(cast.meridian.id):
        kept += str(list(ApiKey.objects.values())) + str(list(AuditEntry.objects.values()))
    assert secret not in kept
    assert secret[13:] not in kept


@pytest.mark.parametrize(
    ("body", "place", "code"),
    [
        ({"role": "viewer"}, "name", "request.required"),
        ({"name": "x"}, "role", "request.required"),
        ({"name": "x" * 121, "role": "viewer"}, "name", "request.max_length"),
        ({"name": "x", "role": "customer"}, "role", "request.invalid_choice"),
        ({"name": "x", "role": "viewer", "expires_at": "soon"}, "expires_at", "request.invalid"),
        ({"name": "x", "role": "viewer", "scopes": ["twins.fly"]}, "scopes", "request.invalid_choice"),
        ({"name": "x", "role": "viewer", "networks": ["x" * 61]}, "networks/0", "request.max_length"),
        (
            {"name": "x", "role": "viewer", "account": "0198c3de-0000-7000-8000-000000000000"},
            "role",
            "request.invalid",
        ),
    ],
)
def test_a_key_that_does_not_fit_names_the_place(owner: APIClient, body: dict[str, Any], place: str, code: str) -> None:
    response = owner.post(KEYS, body)
    assert response.status_code == 400
    (finding,) = response.json()["findings"]
    assert (finding["place"], finding["code"]) == (place, code)


def test_a_network_that_is_none_is_told_and_nothing_is_made(cast: Cast, owner: APIClient) -> None:
    response = owner.post(KEYS, {"name": "x", "role": "viewer", "networks": ["10.0.0.1/8"]})
    assert (response.status_code, response.json()["code"]) == (400, "network.invalid")
    assert response.json()["fix"] == "Did you mean 10.0.0.0/8?"
    past = owner.post(KEYS, {"name": "x", "role": "viewer", "expires_at": "2020-01-01T00:00:00Z"})
    assert (past.status_code, past.json()["code"]) == (400, "key.terms")
    with scope(cast.meridian.id):
        assert ApiKey.objects.count() == 1


def test_a_key_may_last_for_ever_when_that_is_said(owner: APIClient) -> None:
    made = owner.post(KEYS, {"name": "x", "role": "viewer", "expires_at": None})
    assert made.json()["expires_at"] is None


def test_scopes_narrow_what_the_account_may_do(owner: APIClient) -> None:
    account = owner.post(ACCOUNTS, {"name": "historian", "role": "engineer"}).json()["id"]
    body = {"name": "reader", "account": account, "scopes": ["organisation.read", "organisation.own"]}
    narrow = partner(owner.post(KEYS, body).json()["secret"])
    wide = partner(owner.post(KEYS, {"name": "all", "account": account}).json()["secret"])
    assert (narrow.get("/api/v1/jobs/").status_code, wide.get("/api/v1/jobs/").status_code) == (200, 200)
    assert (narrow.get("/api/v1/twins/").status_code, wide.get("/api/v1/twins/").status_code) == (403, 200)
    assert (narrow.get(KEYS).status_code, wide.get(KEYS).status_code) == (403, 403)


def test_nobody_gives_what_they_may_not_do(cast: Cast, with_key: WithKey, owner: APIClient) -> None:
    administrator = with_key(cast.meridian, Role.ADMINISTRATOR)
    for body in ({"name": "x", "role": "owner"}, {"name": "x", "permissions": ["organisation.own"]}):
        refused = administrator.post(ACCOUNTS, body)
        assert (refused.status_code, refused.json()["code"]) == (403, "key.beyond_giver")
        assert "organisation.own" in refused.json()["detail"]
    assert administrator.post(KEYS, {"name": "x", "role": "owner"}).status_code == 403
    made = owner.post(KEYS, {"name": "owner's", "role": "owner"}).json()
    assert administrator.post(f"{KEYS}{made['id']}/rotate/", {}).status_code == 403
    assert administrator.post(KEYS, {"name": "x", "account": made["account"]}).status_code == 403
    narrowed = administrator.post(KEYS, {"name": "x", "account": made["account"], "scopes": ["twins.read"]})
    assert narrowed.status_code == 201
    assert administrator.put(f"{ACCOUNTS}{made['account']}/", {"name": "x", "role": "owner"}).status_code == 403
    assert administrator.post(f"{ACCOUNTS}{made['account']}/disable/").status_code == 200
    assert administrator.post(f"{ACCOUNTS}{made['account']}/enable/").status_code == 403
    assert owner.post(f"{ACCOUNTS}{made['account']}/enable/").status_code == 200


def test_an_account_may_have_permissions_or_a_role_of_the_organisations_own(cast: Cast, owner: APIClient) -> None:
    with scope(cast.meridian.id):
        role = CustomRole.objects.create(name="Fitter", permissions=["organisation.read"], created_at=utc_now()).id
    for body in ({"name": "x", "role": str(role)}, {"name": "x", "permissions": ["organisation.read"]}):
        account = owner.post(ACCOUNTS, body).json()["id"]
        client = partner(owner.post(KEYS, {"name": "k", "account": account}).json()["secret"])
        assert (client.get("/api/v1/jobs/").status_code, client.get("/api/v1/twins/").status_code) == (200, 403)


@pytest.mark.parametrize("body", [{"role": "customer"}, {"role": "pilot"}, {}, {"permissions": []}])
def test_an_account_that_does_not_fit_is_refused(owner: APIClient, body: dict[str, Any]) -> None:
    refused = owner.post(ACCOUNTS, {"name": "x", **body})
    assert (refused.status_code, refused.json()["code"]) == (400, "key.account")


def test_an_account_held_to_places_keeps_what_stands_in_places(cast: Cast, owner: APIClient) -> None:
    with scope(cast.meridian.id):
        space = Space.objects.create(name="Works", kind=SpaceKind.PRODUCTION, created_at=utc_now())
        site = Site.objects.create(space=space, name="Hangar", created_at=utc_now()).id
    made = owner.post(ACCOUNTS, {"name": "x", "role": "owner", "sites": [str(site)]}).json()
    assert (made["is_held"], made["sites"], made["twins"]) == (True, [str(site)], [])
    client = partner(owner.post(KEYS, {"name": "k", "account": made["id"]}).json()["secret"])
    assert client.get("/api/v1/twins/").json()["results"] == []
    assert (client.get(KEYS).status_code, client.get("/api/v1/contracts/").status_code) == (403, 403)
    nowhere = owner.post(ACCOUNTS, {"name": "x", "role": "viewer", "twins": [str(site)]})
    assert (nowhere.status_code, nowhere.json()["place"]) == (400, "places")
    freed = owner.put(f"{ACCOUNTS}{made['id']}/", {"name": "y", "role": "owner"}).json()
    assert (freed["name"], freed["is_held"], freed["sites"]) == ("y", False, [])
    assert client.get(KEYS).status_code == 200


def test_a_rotated_key_goes_on_with_both_secrets_for_the_overlap(owner: APIClient) -> None:
    made = owner.post(KEYS, {"name": "p", "role": "viewer"}).json()
    rotated = owner.post(f"{KEYS}{made['id']}/rotate/", {"overlap_days": 7}).json()
    assert rotated["id"] == made["id"]
    assert rotated["secret"] != made["secret"]
    assert rotated["prefix"] == rotated["secret"][:13]
    for secret in (made["secret"], rotated["secret"]):
        assert partner(secret).get("/api/v1/jobs/").status_code == 200
    third = owner.post(f"{KEYS}{made['id']}/rotate/", {}).json()
    answers = [partner(each["secret"]).get("/api/v1/jobs/").status_code for each in (made, rotated, third)]
    assert answers == [401, 401, 200]
    assert owner.delete(f"{KEYS}{made['id']}/").status_code == 204
    assert partner(third["secret"]).get("/api/v1/jobs/").status_code == 401
    gone = owner.post(f"{KEYS}{made['id']}/rotate/", {})
    assert (gone.status_code, gone.json()["code"]) == (409, "key.not_in_force")


@pytest.mark.parametrize("days", [-1, 31, "x", None])
def test_an_overlap_is_of_0_to_30_days(owner: APIClient, days: Any) -> None:
    made = owner.post(KEYS, {"name": "p", "role": "viewer"}).json()
    assert owner.post(f"{KEYS}{made['id']}/rotate/", {"overlap_days": days}).status_code == 400
    assert partner(made["secret"]).get("/api/v1/jobs/").status_code == 200


def test_a_disabled_account_refuses_all_its_keys(owner: APIClient) -> None:
    made = owner.post(KEYS, {"name": "p", "role": "viewer"}).json()
    account = f"{ACCOUNTS}{made['account']}/"
    assert owner.post(f"{account}disable/").json()["disabled_at"] is not None
    assert partner(made["secret"]).get("/api/v1/jobs/").status_code == 401
    assert owner.get(f"{KEYS}{made['id']}/").json()["state"] == "disabled"
    refused = owner.post(KEYS, {"name": "q", "account": made["account"]})
    assert (refused.status_code, refused.json()["code"]) == (409, "key.not_in_force")
    assert owner.post(f"{account}enable/").json()["disabled_at"] is None
    assert partner(made["secret"]).get("/api/v1/jobs/").status_code == 200


def test_others_find_nothing(cast: Cast, with_key: WithKey, owner: APIClient) -> None:
    made = owner.post(KEYS, {"name": "p", "role": "viewer"}).json()
    stranger = with_key(cast.stranger, Role.OWNER)
    for path in (f"{KEYS}{made['id']}/", f"{ACCOUNTS}{made['account']}/"):
        assert stranger.get(path).status_code == 404
    assert stranger.post(KEYS, {"name": "x", "account": made["account"]}).status_code == 404
    assert stranger.post(f"{KEYS}{made['id']}/rotate/", {}).status_code == 404
    assert with_key(cast.meridian, Role.ENGINEER).get(ACCOUNTS).status_code == 403


def test_what_is_done_with_keys_is_in_the_audit(cast: Cast, owner: APIClient) -> None:
    made = owner.post(KEYS, {"name": "p", "role": "viewer", "scopes": ["twins.read"]}).json()
    owner.post(f"{KEYS}{made['id']}/rotate/", {"overlap_days": 1})
    owner.delete(f"{KEYS}{made['id']}/")
    with scope(cast.meridian.id):
        entries = list(AuditEntry.objects.filter(subject=f"key/{made['id']}").order_by("id"))
        told = str(list(AuditEntry.objects.values()))
    assert [each.action for each in entries] == ["key.created", "key.rotated", "key.revoked"]
    assert entries[0].details["scopes"] == [Permission.TWINS_READ]
    assert entries[0].by == "key a owner's"
    assert made["secret"] not in told
