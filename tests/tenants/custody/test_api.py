"""Archives and the trash over the REST API."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from rest_framework.test import APIClient

from tenants.custody.exporting import write_export
from tenants.kernel.ids import new_id
from tenants.keys.models import ApiKey
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.conftest import Cast
from tests.tenants.custody.conftest import Reporting

pytestmark = pytest.mark.django_db
WithKey = Callable[[Tenant, Role], APIClient]


def test_an_export_from_beginning_to_end(cast: Cast, with_key: WithKey) -> None:
    client = with_key(cast.meridian, Role.OWNER)
    made = client.post("/api/v1/exports/", {})
    assert made.status_code == 202, made.content
    row = made.json()
    assert (row["subject"], row["ready_at"], row["size"]) == ("", None, 0)
    address = f"/api/v1/exports/{row['id']}/"
    early = client.get(f"{address}archive/")
    assert (early.status_code, early.json()["code"]) == (409, "export.not_ready")
    again = client.post("/api/v1/exports/", {})
    assert (again.status_code, again.json()["code"]) == (409, "export.under_way")
    write_export(Reporting(cast.meridian.id), {"export": row["id"]})
    ready = client.get(address).json()
    answer = client.get(f"{address}archive/", headers={"Range": "bytes=0-3"})
    assert (answer.status_code, answer.getvalue()) == (206, b"PK\x03\x04")
    assert answer["Content-Range"] == f"bytes 0-3/{ready['size']}"
    assert client.get(f"{address}archive/", headers={"Accept": "application/zip"}).status_code == 200
    assert client.delete(address).status_code == 204
    assert client.get(address).status_code == 404


@pytest.mark.parametrize(("subject", "status"), [("nobody@meridian.example", 404), ("no address", 400), (7, 400)])
def test_of_whom(cast: Cast, with_key: WithKey, subject: object, status: int) -> None:
    answer = with_key(cast.meridian, Role.OWNER).post("/api/v1/exports/", {"subject": subject})
    assert answer.status_code == status


def test_only_who_may_read_everything_has_an_archive(cast: Cast, with_key: WithKey) -> None:
    """A key that may administer, and nothing else, does not read contracts and the audit by way of an archive."""
    owner, narrow = with_key(cast.meridian, Role.OWNER), with_key(cast.meridian, Role.ADMINISTRATOR)
    with scope(cast.meridian.id):
        ApiKey.objects.filter(account__role=Role.ADMINISTRATOR).update(scopes=["organisation.administer"])
    row = owner.post("/api/v1/exports/", {}).json()
    write_export(Reporting(cast.meridian.id), {"export": row["id"]})
    for answer in (
        narrow.post("/api/v1/exports/", {"subject": "viewer@meridian.example"}),
        narrow.get(f"/api/v1/exports/{row['id']}/archive/"),
    ):
        assert answer.status_code == 403
        assert "audit.read" in answer.json()["detail"]
    assert owner.get(f"/api/v1/exports/{row['id']}/archive/").status_code == 200


def test_the_trash(cast: Cast, with_key: WithKey) -> None:
    client = with_key(cast.meridian, Role.OWNER)
    made = client.post("/api/v1/trash/", {"kind": "customer", "thing": str(cast.northwind)})
    assert made.status_code == 201, made.content
    assert made.json()["name"] == "Northwind Air"
    address = f"/api/v1/trash/{made.json()['id']}/"
    assert client.get(address).json() == made.json()
    assert [row["id"] for row in client.get("/api/v1/trash/").json()["results"]] == [made.json()["id"]]
    assert client.post(f"{address}restore/").status_code == 204
    gone = client.post(f"{address}restore/")
    assert (gone.status_code, gone.json()["code"]) == (404, "request.not_found")


@pytest.mark.parametrize(
    ("kind", "thing", "status"),
    [("planet", new_id(), 404), ("customer", new_id(), 404), ("customer", "x", 400), ("x" * 41, new_id(), 400)],
)
def test_what_goes_there(cast: Cast, with_key: WithKey, kind: str, thing: UUID | str, status: int) -> None:
    answer = with_key(cast.meridian, Role.OWNER).post("/api/v1/trash/", {"kind": kind, "thing": str(thing)})
    assert answer.status_code == status


def test_retention(cast: Cast, with_key: WithKey) -> None:
    Tenant.objects.filter(id=cast.meridian.id).update(plan="team")
    client = with_key(cast.meridian, Role.ADMINISTRATOR)
    address = "/api/v1/retention/"
    policy = {"readings": None, "set_aside": 90, "jobs": 365, "audit": None, "answers": 7}
    told = {"policy": policy, "in_force": policy | {"readings": 400}, "plan_days": 400, "grace": None}
    assert client.get(address).json() == told
    refused = client.put(address, {"readings": 401})
    assert (refused.status_code, refused.json()["code"]) == (409, "retention.beyond_plan")
    assert refused.json()["fix"].endswith("can choose a larger plan under Admin › Plan and usage.")
    changed = client.put(address, {"readings": 60, "set_aside": None}).json()
    assert changed["policy"] == policy | {"readings": 60, "set_aside": None}
    assert changed["in_force"]["readings"] == 60
    assert client.put(address, {}).json() == changed
    for wrong in ({"readings": 29}, {"answers": None}, {"audit": 36_501}, {"jobs": "soon"}):
        assert client.put(address, wrong).status_code == 400
    first = client.get(f"{address}preview/").json()[0]
    assert first == {"kept": "readings", "days": 60, "rows": 0, "at": None, "dropped": 0, "held": []}
    engineer = with_key(cast.meridian, Role.ENGINEER)
    assert [engineer.get(each).status_code for each in (address, f"{address}preview/")] == [403, 403]
    assert engineer.put(address, {}).status_code == 403


def test_roles(cast: Cast, with_key: WithKey) -> None:
    engineer, viewer = with_key(cast.meridian, Role.ENGINEER), with_key(cast.meridian, Role.VIEWER)
    assert engineer.post("/api/v1/exports/", {}).status_code == 403
    refused = engineer.post("/api/v1/trash/", {"kind": "customer", "thing": str(cast.northwind)})
    assert (refused.status_code, refused.json()["code"]) == (403, "request.not_allowed")
    assert viewer.get("/api/v1/trash/").status_code == 403
    assert viewer.post("/api/v1/trash/", {}).status_code == 403
