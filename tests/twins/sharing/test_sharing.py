"""Sharing from the organisation's side: what can be shared, by whom, over the API and on the customer's page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from rest_framework.test import APIClient

from tenants.kernel.clock import isoformat, utc_now
from tenants.people.models import User
from tenants.record.models import AuditEntry
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.conftest import Cast
from twins.composer.models import Twin
from twins.composer.publishing import publish_twin
from twins.composer.schemas import FleetParameters
from twins.composer.services import create_fleet
from twins.sharing.models import SharedView

pytestmark = pytest.mark.django_db
WithKey = Callable[[Tenant, Role], APIClient]
SignIn = Callable[[User], Client]
PATH = "/api/v1/shared-views/"
T0 = datetime(2025, 1, 1, tzinfo=UTC)


@pytest.fixture
def twin(cast: Cast) -> Twin:
    """A published twin of two engines."""
    with scope(cast.meridian.id):
        draft = create_fleet(
            blueprint="turbofan-fleet", parameters=FleetParameters(name="Fleet", count=2), by="x", now=utc_now()
        )
        publish_twin(twin=draft.twin, revision=draft.revision, note="", by="x", now=utc_now())
        found: Twin = Twin.objects.get()
        return found


def assets(twin: Twin) -> list[str]:
    return sorted(twin.draft["assets"])


def body(cast: Cast, twin: Twin, /, **instead: Any) -> dict[str, Any]:
    signals = [{"asset": assets(twin)[0], "keys": ["t24", "t30"]}]
    whole = {"customer": str(cast.northwind), "twin": str(twin.id), "name": "Engine one", "signals": signals}
    return whole | {"start": isoformat(T0)} | instead


def test_a_view_is_made_changed_and_revoked(cast: Cast, twin: Twin, with_key: WithKey) -> None:
    client = with_key(cast.meridian, Role.ENGINEER)
    made = client.post(PATH, body(cast, twin))
    assert made.status_code == 201
    assert made.json()["signals"] == [{"asset": assets(twin)[0], "keys": ["t24", "t30"]}]
    assert (made.json()["start"], made.json()["end"]) == ("2025-01-01T00:00:00Z", None)
    path = f"{PATH}{made.json()['id']}/"
    end = isoformat(T0 + timedelta(days=1))
    changed = client.put(
        path, body(cast, twin, name="Engine", end=end, signals=[{"asset": assets(twin)[1], "keys": ["t24"]}])
    )
    assert changed.status_code == 200
    assert (changed.json()["name"], changed.json()["end"]) == ("Engine", end)
    assert client.get(path).json() == changed.json()
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == client.put(path, body(cast, twin)).status_code == 404
    assert client.delete(path).status_code == 204
    with scope(cast.meridian.id):
        told = AuditEntry.objects.filter(subject=f"view/{made.json()['id']}").order_by("id")
        assert [each.action for each in told[:3]] == ["view.shared", "view.changed", "view.revoked"]


@pytest.mark.parametrize(
    ("instead", "status", "place"),
    [
        ({"end": "2025-01-01T00:00:00Z"}, 400, "end"),
        ({"expires_at": "2025-01-01T00:00:00Z"}, 400, "expires_at"),
        ({"signals": []}, 400, "signals"),
        ({"signals": [{"asset": str(UUID(int=7)), "keys": ["t24"]}]}, 400, "signals"),
        ({"customer": str(UUID(int=7))}, 404, "customer"),
        ({"twin": str(UUID(int=7))}, 404, "twin"),
        ({"start": "soon"}, 400, "start"),
        ({"name": ""}, 400, "name"),
    ],
)
def test_what_does_not_fit_names_the_place(
    cast: Cast, twin: Twin, with_key: WithKey, instead: dict[str, Any], status: int, place: str
) -> None:
    refused = with_key(cast.meridian, Role.OWNER).post(PATH, body(cast, twin, **instead))
    assert refused.status_code == status
    told = refused.json()
    assert (told.get("place") or told["findings"][0]["place"]) == place


def test_signals_that_the_twin_has_not_are_refused(cast: Cast, twin: Twin, with_key: WithKey) -> None:
    client = with_key(cast.meridian, Role.OWNER)
    wrong = client.post(PATH, body(cast, twin, signals=[{"asset": assets(twin)[0], "keys": ["t24", "speed"]}]))
    assert (wrong.status_code, wrong.json()["code"]) == (400, "shared_view.terms")
    assert "has no signal speed of Engine 001" in wrong.json()["detail"]
    many = [{"asset": assets(twin)[0], "keys": [f"s{number}" for number in range(500)]}]
    too_many = client.post(PATH, body(cast, twin, signals=[*many, {"asset": assets(twin)[1], "keys": ["t24"]}]))
    assert "501 signals are chosen" in too_many.json()["detail"]


@pytest.mark.parametrize(
    ("role", "read", "write"),
    [(Role.OWNER, 200, 201), (Role.FINANCE, 200, 201), (Role.PLANNER, 200, 403), (Role.VIEWER, 200, 403)],
)
def test_roles(cast: Cast, twin: Twin, with_key: WithKey, role: Role, read: int, write: int) -> None:
    client = with_key(cast.meridian, role)
    assert client.get(PATH).status_code == read
    assert client.post(PATH, body(cast, twin)).status_code == write


def test_nobody_shows_what_they_may_not_see(cast: Cast, twin: Twin, with_key: WithKey) -> None:
    owner = with_key(cast.meridian, Role.OWNER)
    blind = {"name": "x", "permissions": ["contracts.edit", "reports.read"]}
    account = owner.post("/api/v1/service-accounts/", blind).json()["id"]
    secret = owner.post("/api/v1/keys/", {"name": "x", "account": account}).json()["secret"]
    owner.post(PATH, body(cast, twin))
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    refused = client.post(PATH, body(cast, twin))
    assert (refused.status_code, refused.json()["code"]) == (403, "shared_view.not_yours")
    assert client.get(PATH).json()["results"] == []


def test_a_stranger_shares_nothing_of_ours(cast: Cast, twin: Twin, with_key: WithKey) -> None:
    view = with_key(cast.meridian, Role.OWNER).post(PATH, body(cast, twin)).json()["id"]
    stranger = with_key(cast.stranger, Role.OWNER)
    assert stranger.post(PATH, body(cast, twin)).status_code == 404
    for method in ("get", "put", "delete"):
        assert getattr(stranger, method)(f"{PATH}{view}/", body(cast, twin)).status_code == 404


class TestPages:
    def test_assets_are_shared_on_the_customers_page(self, cast: Cast, twin: Twin, sign_in: SignIn) -> None:
        client, customer = sign_in(cast.engineer), f"/t/meridian/admin/customers/{cast.northwind}/"
        assert b"Share assets" in client.get(customer).content
        assert b'value="fleet"' in client.get(f"{customer}share/").content
        form = client.get(f"{customer}share/?twin=fleet").content.decode()
        assert "Engine 002" in form
        values = {"name": "Engines", "assets": assets(twin), "keys": ["t24"], "start": "2025-01-01T00:00"}
        shown = client.post(f"{customer}share/?twin=fleet", values, follow=True).content.decode()
        assert "Engines" in shown
        assert "In force" in shown
        with scope(cast.meridian.id):
            view = SharedView.objects.get()
            assert view.signals == {asset: ["t24"] for asset in assets(twin)}
            assert (view.start, view.end, view.expires_at) == (T0, None, None)
        revoke = f"/t/meridian/admin/customers/shared/{view.id}/revoke/"
        assert client.get(revoke).status_code == 200
        assert client.post(revoke, {"typed": "Engine"}).status_code == 400
        assert b"Revoked" in client.post(revoke, {"typed": "Engines"}, follow=True).content

    def test_what_does_not_fit_is_told(self, cast: Cast, twin: Twin, sign_in: SignIn) -> None:
        client, path = sign_in(cast.owner), f"/t/meridian/admin/customers/{cast.northwind}/share/?twin=fleet"
        values = {
            "name": "x",
            "assets": assets(twin),
            "keys": ["t24"],
            "start": "2025-01-02T00:00",
            "end": "2025-01-01T00:00",
        }
        early = client.post(path, values)
        assert early.status_code == 400
        assert b"the time ends before it begins" in early.content
        assert client.post(path, {**values, "assets": []}).status_code == 400
        assert client.get(path.replace("fleet", "nothing")).status_code == 404

    def test_who_may_not_share_is_refused(self, cast: Cast, twin: Twin, sign_in: SignIn) -> None:
        path = f"/t/meridian/admin/customers/{cast.northwind}/share/"
        for user in (cast.viewer, cast.reader):
            assert sign_in(user).get(path).status_code == 403
