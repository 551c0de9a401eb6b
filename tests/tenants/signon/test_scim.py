"""Provisioning of people as Entra ID and Okta do it, over HTTP with a provisioning token."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from tenants.people.models import User
from tenants.people.services import add_member
from tenants.record.models import AuditEntry
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tenants.signon.models import Identity, ScimAccess, ScimUser
from tenants.signon.services import make_provisioning_token, withdraw_provisioning_token
from tests.conftest import Cast
from tests.tenants.signon.conftest import Connect
from tests.tenants.signon.provisioning import (
    ENTERPRISE,
    ERROR,
    ISSUER,
    USER,
    Scim,
    made,
    person,
    role,
    token_of,
)

pytestmark = pytest.mark.django_db


class TestToken:
    @pytest.mark.parametrize("header", [None, "Bearer", "Bearer ", "Bearer nonsense", "Basic eDp5", "Bearer ot_scim_x"])
    def test_without_one_nothing_is_told(self, scim: Scim, header: str | None) -> None:
        response = Client(headers={"Authorization": header} if header else {}).get("/scim/v2/Users")
        assert (response.status_code, response["WWW-Authenticate"]) == (401, 'Bearer realm="outturn"')
        assert (response.json()["schemas"], response.json()["status"]) == ([ERROR], "401")

    def test_a_session_is_no_token(self, cast: Cast, scim: Scim) -> None:
        client = Client()
        client.force_login(cast.owner)
        assert client.get("/scim/v2/Users").status_code == 401

    def test_it_shows_only_its_own_organisation(self, cast: Cast, scim: Scim, connect: Connect) -> None:
        mine = made(scim)
        connect(cast.stranger, ISSUER, domains=["stranger.example"])
        other = Scim(token_of(cast.stranger))
        assert other("GET", "Users").json()["totalResults"] == 0
        for method, body in (("GET", None), ("PUT", person()), ("DELETE", None)):
            assert other(method, f"Users/{mine}", body).status_code == 404
        assert other.patch(f"Users/{mine}", {"op": "replace", "path": "active", "value": False}).status_code == 404
        assert role(cast.meridian, "ada@meridian.example") == "viewer"

    def test_a_new_one_leaves_the_old_one_a_day(self, cast: Cast, scim: Scim) -> None:
        newer = Scim(token_of(cast.meridian))
        assert (scim("GET", "Users").status_code, newer("GET", "Users").status_code) == (200, 200)
        with scope(cast.meridian.id):
            old = ScimAccess.objects.exclude(expires_at=None).get()
            assert old.expires_at is not None
            assert timedelta(hours=23) < old.expires_at - utc_now() < timedelta(hours=25)
            ScimAccess.objects.filter(id=old.id).update(expires_at=utc_now())
        assert (scim("GET", "Users").status_code, newer("GET", "Users").status_code) == (401, 200)

    def test_withdrawn_is_refused_at_once(self, cast: Cast, scim: Scim) -> None:
        with scope(cast.meridian.id):
            access = ScimAccess.objects.get()
            withdraw_provisioning_token(access=access.id, by="owner@meridian.example", now=utc_now())
        assert scim("GET", "Users").status_code == 401

    def test_its_use_is_noted(self, cast: Cast, scim: Scim) -> None:
        scim("GET", "Users")
        with scope(cast.meridian.id):
            used = ScimAccess.objects.get().last_used_at
        assert used is not None
        assert utc_now() - used < timedelta(minutes=1)

    def test_another_plan_has_none(self, cast: Cast, scim: Scim) -> None:
        Tenant.objects.filter(id=cast.meridian.id).update(plan="trial")
        assert scim("GET", "Users").status_code == 403
        with scope(cast.meridian.id), pytest.raises(OutturnError) as caught:
            make_provisioning_token(by="owner@meridian.example", now=utc_now())
        assert caught.value.code == "request.not_allowed"

    @pytest.mark.parametrize("state", ["suspended", "closed"])
    def test_a_closed_organisation_takes_nobody(self, cast: Cast, scim: Scim, state: str) -> None:
        Tenant.objects.filter(id=cast.meridian.id).update(state=state)
        assert scim("POST", "Users", person()).status_code == 403


class TestUsers:
    def test_created(self, cast: Cast, scim: Scim) -> None:
        response = scim("POST", "Users", person())
        assert response.status_code == 201
        body = response.json()
        assert response["Location"] == f"http://localhost:8000/scim/v2/Users/{body['id']}" == body["meta"]["location"]
        assert {name: body[name] for name in ("userName", "externalId", "active", "name", "emails", ENTERPRISE)} == {
            name: person()[name] for name in ("userName", "externalId", "active", "name", "emails", ENTERPRISE)
        }
        assert role(cast.meridian, "ada@meridian.example") == "viewer"
        user = User.objects.get(email="ada@meridian.example")
        assert (user.name, user.has_usable_password()) == ("Ada Byron", False)
        assert scim("GET", f"Users/{body['id']}").json() == body
        with scope(cast.meridian.id):
            entry = AuditEntry.objects.get(action="scim.user_created")
        assert entry.by.startswith("SCIM ot_scim_")
        assert (entry.subject, entry.details) == (
            f"user/{user.id}", {"user_name": "ada@meridian.example", "active": True},
        )  # fmt: skip

    def test_a_password_is_not_taken(self, cast: Cast, scim: Scim) -> None:
        made(scim, password="t0p secret at work")
        assert not User.objects.get(email="ada@meridian.example").has_usable_password()
        with scope(cast.meridian.id):
            assert "t0p secret" not in json.dumps(ScimUser.objects.get().document)

    def test_an_existing_member_keeps_what_they_are_elsewhere(self, cast: Cast, scim: Scim) -> None:
        add_member(tenant=cast.stranger.id, user=cast.viewer.id, role="finance", now=utc_now())
        User.objects.filter(id=cast.viewer.id).update(name="Own Name")
        viewer = made(scim, "viewer@meridian.example")
        scim.patch(f"Users/{viewer}", {"op": "replace", "path": "active", "value": False})
        assert role(cast.meridian, "viewer@meridian.example") is None
        assert role(cast.stranger, "viewer@meridian.example") == "finance"
        user = User.objects.get(id=cast.viewer.id)
        assert (user.name, user.is_active) == ("Own Name", True)
        assert scim("DELETE", f"Users/{viewer}").status_code == 204
        assert role(cast.stranger, "viewer@meridian.example") == "finance"

    @pytest.mark.parametrize(
        ("body", "status", "kind"),
        [
            (person("ada@stranger.example"), 400, "invalidValue"),
            (person("ada"), 400, "invalidValue"),
            ({"schemas": [USER]}, 400, "invalidValue"),
            ({**person(), "emails": "x"}, 400, "invalidValue"),
            ({**person(), "active": "perhaps"}, 400, "invalidValue"),
            ({**person(), "userName": "a" * 255}, 400, "invalidValue"),
            ([], 400, "invalidSyntax"),
            ("text", 400, "invalidSyntax"),
            ({**person(), "userName": "a\x00b@meridian.example"}, 400, "invalidSyntax"),
        ],
    )
    def test_what_does_not_fit_is_said(self, scim: Scim, body: Any, status: int, kind: str) -> None:
        response = scim("POST", "Users", body)
        assert (response.status_code, response.json()["schemas"]) == (status, [ERROR])
        assert (response.json()["status"], response.json()["scimType"]) == (str(status), kind)
        assert scim("GET", "Users").json()["totalResults"] == 0

    def test_not_json(self, scim: Scim) -> None:
        for body, content_type, status in (("{", "application/scim+json", 400), ("{}", "text/plain", 415)):
            response = scim.client.post("/scim/v2/Users", body, content_type=content_type)
            assert (response.status_code, response.json()["schemas"]) == (status, [ERROR])

    def test_twice_is_a_conflict(self, scim: Scim) -> None:
        made(scim)
        for twin in (person("ADA@meridian.example"), {**person(), "userName": "other"}):
            response = scim("POST", "Users", twin)
            assert (response.status_code, response.json()["scimType"]) == (409, "uniqueness")

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ('userName eq "ada@meridian.example"', ["ada"]),
            ('userName eq "ADA@MERIDIAN.example"', ["ada"]),
            ('externalId eq "ext-bob@meridian.example"', ["bob"]),
            ('externalId eq "EXT-bob@meridian.example"', []),
            ('emails eq "ada@meridian.example"', ["ada"]),
            ('emails.value eq "ada@meridian.example"', ["ada"]),
            ('emails[type eq "work"].value eq "bob@meridian.example"', ["bob"]),
            ('emails[type eq "work" and value eq "bob@meridian.example"]', ["bob"]),
            ('userName eq "nobody"', []),
            ('userName sw "a" or userName sw "b"', ["ada", "bob"]),
            ("active eq true", ["ada"]),
            ("not (active eq true)", ["bob"]),
            ('name.familyName co "yro"', ["ada", "bob"]),
            ("userName eq", None),
            ("(((", None),
            ('userName eq "\\u0000"', None),
            ('userName eq "\x00"', None),
            ('userName eq "' + "a" * 1000 + '"', None),
        ],
    )
    def test_filters(self, scim: Scim, text: str, found: list[str] | None) -> None:
        made(scim)
        made(scim, "bob@meridian.example", active=False)
        response = scim("GET", "Users", filter=text)
        if found is None:
            assert (response.status_code, response.json()["scimType"]) == (400, "invalidFilter")
        else:
            assert response.json()["totalResults"] == len(found)
            assert [each["userName"] for each in response.json()["Resources"]] == [
                f"{name}@meridian.example" for name in found
            ]

    @pytest.mark.parametrize(
        ("query", "names", "start"),
        [
            ({}, "abc", 1), ({"startIndex": "2", "count": "1"}, "b", 2), ({"count": "0"}, "", 1),
            ({"startIndex": "9"}, "", 9), ({"startIndex": "0"}, "abc", 1), ({"count": "-3"}, "", 1),
            ({"startIndex": "2", "filter": 'userName ew "example"'}, "bc", 2),
        ],
    )  # fmt: skip
    def test_pages(self, scim: Scim, query: dict[str, str], names: str, start: int) -> None:
        for name in "abc":
            made(scim, f"{name}@meridian.example")
        body = scim("GET", "Users", **query).json()
        assert "".join(each["userName"][0] for each in body["Resources"]) == names
        assert (body["totalResults"], body["itemsPerPage"], body["startIndex"]) == (3, len(names), start)

    def test_chosen_attributes(self, scim: Scim) -> None:
        user = made(scim)
        shown = scim("GET", f"Users/{user}", attributes="userName").json()
        assert set(shown) == {"schemas", "id", "userName"}
        assert "emails" not in scim("GET", f"Users/{user}", excludedAttributes="emails").json()

    def test_replaced(self, cast: Cast, scim: Scim) -> None:
        user = made(scim)
        wanted = {**person(), "userName": "byron@meridian.example", "displayName": "A. Byron"}
        del wanted[ENTERPRISE]
        response = scim("PUT", f"Users/{user}", wanted)
        assert (response.status_code, response.json()["displayName"]) == (200, "A. Byron")
        assert ENTERPRISE not in response.json()
        assert User.objects.get(email="ada@meridian.example").name == "Ada Byron"

    def test_the_address_is_the_account(self, scim: Scim) -> None:
        user = made(scim)
        response = scim("PUT", f"Users/{user}", person("bob@meridian.example"))
        assert (response.status_code, response.json()["scimType"]) == (400, "mutability")

    @pytest.mark.parametrize(
        "operation",
        [
            {"op": "Replace", "path": "active", "value": False},
            {"op": "Replace", "path": "active", "value": "False"},
            {"op": "replace", "value": {"active": False}},
            {"op": "Add", "path": "active", "value": False},
        ],
    )
    def test_deactivated_and_back(self, cast: Cast, scim: Scim, operation: dict[str, Any]) -> None:
        user = made(scim)
        response = scim.patch(f"Users/{user}", operation)
        assert (response.status_code, response.json()["active"]) == (200, False)
        assert role(cast.meridian, "ada@meridian.example") is None
        assert User.objects.get(email="ada@meridian.example").is_active
        scim.patch(f"Users/{user}", {"op": "replace", "path": "active", "value": True})
        assert role(cast.meridian, "ada@meridian.example") == "viewer"

    @pytest.mark.parametrize(
        ("operations", "path", "value"),
        [
            ([{"op": "Add", "path": "displayName", "value": "A."}], ["displayName"], "A."),
            ([{"op": "replace", "value": {"name.givenName": "Augusta"}}], ["name", "givenName"], "Augusta"),
            ([{"op": "Replace", "path": f"{ENTERPRISE}:department", "value": "X"}], [ENTERPRISE, "department"], "X"),
            ([{"op": "Add", "path": 'ims[type eq "xmpp"].value', "value": "a"}], ["ims", 0, "value"], "a"),
            ([{"op": "remove", "path": "name.givenName"}], ["name"], {"familyName": "Byron"}),
        ],
    )  # fmt: skip
    def test_changed_in_part(self, scim: Scim, operations: list[Any], path: list[Any], value: Any) -> None:
        user = made(scim)
        assert scim.patch(f"Users/{user}", *operations).status_code == 200
        found = scim("GET", f"Users/{user}").json()
        for step in path:
            found = found[step]
        assert found == value

    @pytest.mark.parametrize(
        ("operation", "kind"),
        [
            ({"op": "burn", "path": "active"}, "invalidValue"),
            ({"op": "remove", "path": "userName"}, "mutability"),
            ({"op": "replace", "path": "id", "value": "x"}, "mutability"),
            ({"op": "replace", "path": "active", "value": "perhaps"}, "invalidValue"),
            ({"op": "replace", "path": "emails[", "value": "x"}, "invalidPath"),
            ({"op": "replace", "path": "emails", "value": [{"value": "eve@evil.example"}]}, "mutability"),
            ({"op": "remove"}, "noTarget"),
        ],
    )
    def test_wrong_changes_change_nothing(self, scim: Scim, operation: dict[str, Any], kind: str) -> None:
        user = made(scim)
        before = scim("GET", f"Users/{user}").json()
        response = scim.patch(f"Users/{user}", {"op": "add", "path": "title", "value": "Dr"}, operation)
        assert (response.status_code, response.json().get("scimType")) == (400, kind)
        assert scim("GET", f"Users/{user}").json() == before

    def test_deleted(self, cast: Cast, scim: Scim) -> None:
        user = made(scim)
        account = User.objects.get(email="ada@meridian.example")
        with scope(cast.meridian.id):
            Identity.objects.create(
                issuer=ISSUER, subject="1", user=account.id, created_at=utc_now(), last_sign_in_at=utc_now()
            )
        assert scim("DELETE", f"Users/{user}").status_code == 204
        assert scim("GET", f"Users/{user}").status_code == 404
        assert role(cast.meridian, "ada@meridian.example") is None
        with scope(cast.meridian.id):
            assert not Identity.objects.exists()
        assert User.objects.filter(id=account.id).exists()

    def test_an_owner_is_not_deactivated(self, cast: Cast, scim: Scim) -> None:
        owner = made(scim, "owner@meridian.example")
        response = scim.patch(f"Users/{owner}", {"op": "replace", "path": "active", "value": False})
        assert response.status_code == 409
        assert scim("DELETE", f"Users/{owner}").status_code == 409
        assert role(cast.meridian, "owner@meridian.example") == "owner"
        assert scim("GET", f"Users/{owner}").json()["active"] is True

    def test_a_customers_person_stays_one(self, cast: Cast, scim: Scim) -> None:
        reader = made(scim, "reader@meridian.example")
        scim.patch(f"Users/{reader}", {"op": "replace", "path": "active", "value": False})
        assert role(cast.meridian, "reader@meridian.example") == "customer"
