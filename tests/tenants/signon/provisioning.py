"""A provider's client of provisioning, and what it sends."""

from __future__ import annotations

import json
from typing import Any

from django.test import Client

from tenants.kernel.clock import utc_now
from tenants.people.models import Membership
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tenants.signon.services import make_provisioning_token

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
ISSUER = "https://login.meridian.example"


class Scim:
    """A provider's client."""

    def __init__(self, token: str) -> None:
        self.client = Client(headers={"Authorization": f"Bearer {token}"})

    def __call__(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        options: dict[str, Any] = {"query_params": query} if query else {}
        if body is not None:
            options |= {"data": json.dumps(body), "content_type": "application/scim+json"}
        response = self.client.generic(method, f"/scim/v2/{path}", **options)
        assert response.status_code == 204 or response["Content-Type"] == "application/scim+json"
        return response

    def patch(self, path: str, *operations: dict[str, Any]) -> Any:
        return self("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)})


def person(email: str = "ada@meridian.example", **more: Any) -> dict[str, Any]:
    return {
        "schemas": [USER, ENTERPRISE], "userName": email, "externalId": f"ext-{email}", "active": True,
        "name": {"givenName": "Ada", "familyName": "Byron"},
        "emails": [{"value": email, "type": "work", "primary": True}], ENTERPRISE: {"department": "Engines"}, **more,
    }  # fmt: skip


def token_of(tenant: Tenant) -> str:
    with scope(tenant.id):
        return make_provisioning_token(by="owner@meridian.example", now=utc_now())[1].text


def role(tenant: Tenant, email: str) -> str | None:
    return Membership.objects.filter(tenant=tenant, user__email=email).values_list("role", flat=True).first()


def made(scim: Scim, email: str = "ada@meridian.example", **more: Any) -> str:
    response = scim("POST", "Users", person(email, **more))
    assert response.status_code == 201, response.content
    return str(response.json()["id"])
