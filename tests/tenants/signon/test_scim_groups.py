"""Provisioning of groups, and what the service says of itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from tenants.signon.domain import RoleRule
from tests.conftest import Cast
from tests.tenants.signon.conftest import RULES, Connect
from tests.tenants.signon.provisioning import (
    ENTERPRISE,
    ERROR,
    GROUP,
    ISSUER,
    USER,
    Scim,
    made,
    role,
    token_of,
)

pytestmark = pytest.mark.django_db


class TestGroups:
    def group(self, scim: Scim, name: str, *members: str) -> str:
        body = {"schemas": [GROUP], "displayName": name, "members": [{"value": each} for each in members]}
        response = scim("POST", "Groups", body)
        assert response.status_code == 201, response.content
        return str(response.json()["id"])

    def test_groups_give_roles(self, cast: Cast, scim: Scim) -> None:
        ada, bob = made(scim), made(scim, "bob@meridian.example")
        group = self.group(scim, "engineers", ada, bob)
        assert [role(cast.meridian, f"{name}@meridian.example") for name in ("ada", "bob")] == ["engineer", "engineer"]
        shown = scim("GET", f"Groups/{group}").json()
        assert [(each["value"], each["type"]) for each in shown["members"]] == [(ada, "User"), (bob, "User")]
        assert scim("GET", f"Users/{ada}").json()["groups"][0]["display"] == "engineers"

    @pytest.mark.parametrize(
        "operation",
        [
            lambda ada: {"op": "Remove", "path": "members", "value": [{"value": ada}]},
            lambda ada: {"op": "remove", "path": f'members[value eq "{ada}"]'},
            lambda ada: {"op": "replace", "path": "members", "value": []},
            lambda ada: {"op": "remove", "path": "members"},
            lambda ada: {"op": "replace", "value": {"displayName": "nobody"}},
        ],
    )
    def test_who_leaves_has_the_default(
        self, cast: Cast, scim: Scim, operation: Callable[[str], dict[str, Any]]
    ) -> None:
        ada = made(scim)
        group = self.group(scim, "engineers", ada)
        assert role(cast.meridian, "ada@meridian.example") == "engineer"
        assert scim.patch(f"Groups/{group}", operation(ada)).status_code == 200
        assert role(cast.meridian, "ada@meridian.example") == "viewer"

    def test_members_are_added(self, cast: Cast, scim: Scim) -> None:
        ada, bob = made(scim), made(scim, "bob@meridian.example")
        group = self.group(scim, "engineers", ada)
        operation = {"op": "Add", "path": "members", "value": [{"$ref": None, "value": bob}]}
        assert scim.patch(f"Groups/{group}", operation).status_code == 200
        assert role(cast.meridian, "bob@meridian.example") == "engineer"
        assert len(scim("GET", f"Groups/{group}").json()["members"]) == 2

    def test_okta_renames_with_the_id(self, scim: Scim) -> None:
        group = self.group(scim, "engineers")
        operation = {"op": "replace", "value": {"id": group, "displayName": "plant"}}
        assert scim.patch(f"Groups/{group}", operation).json()["displayName"] == "plant"

    def test_refusing_without_a_group(self, cast: Cast, connect: Connect) -> None:
        connect(cast.meridian, ISSUER, rules=RULES, default_role="")
        scim = Scim(token_of(cast.meridian))
        ada = made(scim)
        assert role(cast.meridian, "ada@meridian.example") is None
        group = self.group(scim, "plant", ada)
        assert role(cast.meridian, "ada@meridian.example") == "viewer"
        assert scim("DELETE", f"Groups/{group}").status_code == 204
        assert role(cast.meridian, "ada@meridian.example") is None

    def test_changed_rules_hold_at_once(self, cast: Cast, scim: Scim, connect: Connect) -> None:
        ada = made(scim)
        self.group(scim, "engineers", ada)
        connect(cast.meridian, ISSUER, rules=[RoleRule("groups", "engineers", "planner")])
        assert role(cast.meridian, "ada@meridian.example") == "planner"

    def test_what_does_not_fit_is_said(self, scim: Scim) -> None:
        self.group(scim, "engineers")
        for body, status, kind in (
            ({"schemas": [GROUP], "displayName": "engineers"}, 409, "uniqueness"),
            ({"schemas": [GROUP]}, 400, "invalidValue"),
            ({"schemas": [GROUP], "displayName": "x", "members": [{"value": str(uuid4())}]}, 400, "invalidValue"),
            ({"schemas": [GROUP], "displayName": "x", "members": [{"value": "x"}]}, 400, "invalidValue"),
        ):
            response = scim("POST", "Groups", body)
            assert (response.status_code, response.json()["scimType"]) == (status, kind)
        assert scim("GET", "Groups").json()["totalResults"] == 1

    def test_found_by_name_without_members(self, scim: Scim) -> None:
        ada = made(scim)
        group = self.group(scim, "engineers", ada)
        found = scim("GET", "Groups", filter='displayName eq "Engineers"', excludedAttributes="members").json()
        assert [each["id"] for each in found["Resources"]] == [group]
        assert "members" not in found["Resources"][0]
        assert scim("GET", "Groups", filter=f'members eq "{ada}"').json()["totalResults"] == 1


class TestDescribed:
    def test_config(self, scim: Scim) -> None:
        config = scim("GET", "ServiceProviderConfig").json()
        assert {name: config[name]["supported"] for name in ("patch", "bulk", "filter", "sort", "etag")} == {
            "patch": True, "bulk": False, "filter": True, "sort": False, "etag": False,
        }  # fmt: skip
        assert config["authenticationSchemes"][0]["type"] == "oauthbearertoken"

    def test_types_and_schemas(self, scim: Scim) -> None:
        assert [each["id"] for each in scim("GET", "ResourceTypes").json()["Resources"]] == ["User", "Group"]
        assert [each["id"] for each in scim("GET", "Schemas").json()["Resources"]] == [USER, ENTERPRISE, GROUP]
        assert scim("GET", f"Schemas/{GROUP}").json()["name"] == "Group"
        assert scim("GET", "ResourceTypes/User").json()["endpoint"] == "/Users"

    @pytest.mark.parametrize(
        "path",
        [
            "",
            "Nothing",
            "Users/none",
            "Users/01a1fcf4-192c-7000-8000-f3c21c562b3c",
            "Schemas/x",
            "ResourceTypes/x",
            "Me",
        ],
    )
    def test_nothing_there(self, scim: Scim, path: str) -> None:
        response = scim("GET", path)
        assert (response.status_code, response.json()["schemas"]) == (404, [ERROR])

    def test_not_possible(self, scim: Scim) -> None:
        response = scim("DELETE", "Users")
        assert (response.status_code, response["Allow"]) == (405, "GET, POST")
