"""Dashboards: made, arranged by several people, shared with colleagues and customers, and seen by nobody else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.test import Client
from rest_framework.test import APIClient

from tenants.kernel.clock import utc_now
from tenants.people.models import User
from tenants.record.models import AuditEntry
from tenants.scope.actors import PERMISSIONS, Actor, Role
from tenants.scope.context import held_to, scope
from tenants.scope.models import Tenant
from tests.conftest import Cast
from twins.composer.models import Twin
from twins.composer.publishing import publish_twin
from twins.composer.schemas import FleetParameters
from twins.composer.services import create_fleet
from twins.dashboards import selectors, services
from twins.dashboards.models import DashboardRevision, DashboardShare
from twins.dashboards.schemas import Reach, published_schema
from twins.sharing.models import SharedView

pytestmark = pytest.mark.django_db
WithKey = Callable[[Tenant, Role], APIClient]
SignIn = Callable[[User], Client]
PATH = "/api/v1/dashboards/"


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


def widget(id_: str = "a", /, **more: Any) -> dict[str, Any]:
    return {"id": id_, "kind": "value", "x": 0, "y": 0, "width": 4, "height": 2, **more}


def assets(twin: Twin) -> list[str]:
    return sorted(twin.draft["assets"])


def actor(cast: Cast, role: Role = Role.ENGINEER, user: UUID | None = None) -> Actor:
    return Actor(
        cast.meridian.id, "meridian", role, PERMISSIONS[role], f"{role}@meridian.example", user=user or uuid4()
    )


def test_a_dashboard_is_made_changed_copied_and_removed(cast: Cast, twin: Twin, with_key: WithKey) -> None:
    client = with_key(cast.meridian, Role.ENGINEER)
    made = client.post(PATH, {"twin": str(twin.id), "name": "Wall", "document": {"widgets": [widget()]}})
    assert made.status_code == 201, made.json()
    path = f"{PATH}{made.json()['id']}/"
    assert (made.json()["revision"], made.json()["is_shared"]) == (1, False)
    document = {"widgets": [widget(), widget("b", x=4, kind="gauge", target=4.5)]}
    saved = client.put(path, {"base_revision": 1, "name": "Wall 2", "document": document})
    assert (saved.status_code, saved.json()["revision"], saved.json()["name"]) == (200, 2, "Wall 2")
    assert client.get(path).json() == saved.json()
    assert [each["revision"] for each in client.get(f"{path}revisions/").json()] == [2, 1]
    copy = client.post(f"{path}copy/", {"name": "Mine"})
    assert (copy.status_code, copy.json()["document"]) == (201, saved.json()["document"])
    assert [each["name"] for each in client.get(PATH).json()["results"]] == ["Mine", "Wall 2"]
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == client.delete(path).status_code == 404
    with scope(cast.meridian.id):
        told = AuditEntry.objects.filter(subject=f"dashboard/{made.json()['id']}", action__startswith="dashboard.")
        assert {"dashboard.made", "dashboard.saved", "dashboard.removed"} <= {each.action for each in told}


def test_of_two_who_save_the_second_is_told_and_nothing_is_lost(cast: Cast, twin: Twin, with_key: WithKey) -> None:
    client = with_key(cast.meridian, Role.ENGINEER)
    path = f"{PATH}{client.post(PATH, {'twin': str(twin.id), 'name': 'Wall'}).json()['id']}/"
    theirs = {"widgets": [widget("theirs")]}
    assert client.put(path, {"base_revision": 1, "name": "Theirs", "document": theirs}).status_code == 200
    refused = client.put(path, {"base_revision": 1, "name": "Ours", "document": {"widgets": [widget("ours")]}})
    assert (refused.status_code, refused.json()["code"]) == (409, "dashboard.conflict")
    told = refused.json()["dashboard"]
    assert (told["revision"], told["name"], told["document"]) == (2, "Theirs", theirs)
    over = client.put(path, {"base_revision": 2, "name": "Ours", "document": {"widgets": [widget("ours")]}})
    assert over.json()["revision"] == 3
    kept = client.get(f"{path}revisions/").json()
    assert [each["document"] for each in kept][1] == theirs


@pytest.mark.parametrize(
    ("widgets", "code", "place"),
    [
        ([widget(x=9)], "dashboard.beyond_grid", "widgets/0"),
        ([widget(), widget("b", x=3, y=1)], "dashboard.overlap", "widgets/0"),
        ([widget(), widget(x=4)], "dashboard.id", "widgets/1/id"),
        ([widget(low=5, high=5)], "dashboard.scale", "widgets/0/high"),
        ([widget(kind="cake")], "dashboard.shape", "widgets/0/kind"),
        ([widget(id="A B")], "dashboard.shape", "widgets/0/id"),
        ([widget(low="NaN")], "dashboard.shape", "widgets/0/low"),
        ([widget(text="x" * 4001)], "dashboard.shape", "widgets/0/text"),
        ([widget(signals=[{"key": "flow", "asset": "engine"}])], "dashboard.shape", "widgets/0/signals/0/asset"),
        ([widget(script="x")], "dashboard.shape", "widgets/0/script"),
        ([widget(f"w{number}", y=2 * number) for number in range(61)], "dashboard.shape", "widgets"),
    ],
)
def test_what_does_not_fit_is_named(
    cast: Cast, twin: Twin, with_key: WithKey, widgets: list[dict[str, Any]], code: str, place: str
) -> None:
    client = with_key(cast.meridian, Role.ENGINEER)
    refused = client.post(PATH, {"twin": str(twin.id), "name": "Wall", "document": {"widgets": widgets}})
    assert refused.status_code == 422
    finding = refused.json()["findings"][0]
    assert (finding["code"], finding["place"]) == (code, place)


def test_roles(cast: Cast, twin: Twin, with_key: WithKey) -> None:
    body = {"twin": str(twin.id), "name": "Wall"}
    codes = {role: with_key(cast.meridian, role).post(PATH, body).status_code for role in
             (Role.OWNER, Role.ENGINEER, Role.PLANNER, Role.VIEWER, Role.FINANCE)}  # fmt: skip
    assert codes == {
        Role.OWNER: 201, Role.ENGINEER: 201, Role.PLANNER: 201, Role.VIEWER: 403, Role.FINANCE: 403,
    }  # fmt: skip
    assert with_key(cast.stranger, Role.OWNER).post(PATH, body).status_code == 404
    assert with_key(cast.stranger, Role.OWNER).get(PATH).json()["results"] == []


def test_colleagues_see_it_once_it_is_shared_and_only_its_author_shares_it(cast: Cast, twin: Twin) -> None:
    author, colleague, now = actor(cast), actor(cast), utc_now()
    with scope(cast.meridian.id):
        row = services.create_dashboard(twin=twin.id, name="Wall", by=author, now=now)
        with pytest.raises(selectors.DashboardNotFoundError):
            selectors.dashboard(colleague, row.id)
        services.share_dashboard(dashboard=row.id, reach=Reach(True, frozenset()), by=author, now=now)
        assert selectors.dashboard(colleague, row.id).id == row.id
        with pytest.raises(services.NotYourDashboardError, match="engineer@meridian"):
            services.share_dashboard(dashboard=row.id, reach=Reach(False, frozenset()), by=colleague, now=now)
        with pytest.raises(services.NotYourDashboardError):
            services.remove_dashboard(dashboard=row.id, by=colleague, now=now)
        saved = services.save_dashboard(
            dashboard=row.id, base_revision=1, name="Ours", document={}, by=colleague, now=now
        )
        assert (saved.name, saved.changed_by) == ("Ours", "engineer@meridian.example")
        with held_to(frozenset({uuid4()})), pytest.raises(selectors.DashboardNotFoundError):
            selectors.dashboard(author, row.id)


def test_old_revisions_go(cast: Cast, twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "KEPT_REVISIONS", 3)
    by, now = actor(cast), utc_now()
    with scope(cast.meridian.id):
        row = services.create_dashboard(twin=twin.id, name="Wall", by=by, now=now)
        for revision in range(1, 6):
            services.save_dashboard(
                dashboard=row.id, base_revision=revision, name=f"{revision}", document={}, by=by, now=now
            )
        kept = DashboardRevision.objects.filter(dashboard=row).order_by("revision")
        assert [each.revision for each in kept] == [4, 5, 6]


@pytest.fixture
def view(cast: Cast, twin: Twin) -> SharedView:
    """Northwind sees one signal of the first engine."""
    with scope(cast.meridian.id):
        return SharedView.objects.create(
            customer_id=cast.northwind, twin=twin, name="Our engine", signals={assets(twin)[0]: ["t24"]},
            start=utc_now() - timedelta(days=1), made_by="x", made_at=utc_now(),
        )  # fmt: skip


def test_a_customer_sees_what_the_view_shares_and_nothing_else(
    cast: Cast, twin: Twin, view: SharedView, sign_in: SignIn
) -> None:
    one, two = assets(twin)
    document = {
        "widgets": [
            widget(signals=[{"asset": one, "key": "t24"}, {"asset": one, "key": "t30"}, {"asset": two, "key": "t24"}]),
            widget("b", y=2, signals=[{"key": "t24"}, {"key": "t30"}]),
        ]
    }
    by, now = actor(cast), utc_now()
    with scope(cast.meridian.id):
        row = services.create_dashboard(twin=twin.id, name="Wall", document=document, by=by, now=now)
        services.share_dashboard(dashboard=row.id, reach=Reach(False, frozenset({str(view.id)})), by=by, now=now)
        share = DashboardShare.objects.get()
    client = sign_in(cast.reader)
    assert "Wall" in client.get("/t/meridian/dashboards/shown/").content.decode()
    answer = client.get(f"/t/meridian/dashboards/shown/{share.id}/")
    assert answer.status_code == 200
    found = re.search(r'<script id="dashboard_config" type="application/json">(.*?)</script>', answer.content.decode())
    assert found is not None
    told = json.loads(found[1])
    assert [each["id"] for each in told["assets"]] == [one]
    assert [[each["key"] for each in signals] for signals in told["signals"].values()] == [["t24"]]
    assert [each.get("signals") for each in told["document"]["widgets"]] == [
        [{"asset": one, "key": "t24"}], [{"key": "t24"}],
    ]  # fmt: skip
    assert (told["view"]["id"], told["can_edit"]) == (str(view.id), False)
    assert two not in answer.content.decode()
    for hidden in ("", f"{row.id}/", f"{row.id}/share/"):
        assert client.get(f"/t/meridian/dashboards/{hidden}").status_code == 403
    with scope(cast.meridian.id):
        SharedView.objects.update(revoked_at=now)
    assert client.get(f"/t/meridian/dashboards/shown/{share.id}/").status_code == 404


def test_a_dashboard_is_not_shared_through_anothers_view_or_by_whom_it_is_not_allowed(
    cast: Cast, twin: Twin, view: SharedView
) -> None:
    now = utc_now()
    planner, engineer = actor(cast, Role.PLANNER), actor(cast)
    with scope(cast.meridian.id):
        row = services.create_dashboard(twin=twin.id, name="Wall", by=planner, now=now)
        with pytest.raises(services.NotYourDashboardError, match="does not share with customers"):
            services.share_dashboard(
                dashboard=row.id, reach=Reach(False, frozenset({str(view.id)})), by=planner, now=now
            )
        own = services.create_dashboard(twin=twin.id, name="Mine", by=engineer, now=now)
        for wrong in (str(uuid4()), str(view.id)):
            SharedView.objects.update(revoked_at=now)
            with pytest.raises(services.DashboardDocumentError):
                services.share_dashboard(dashboard=own.id, reach=Reach(False, frozenset({wrong})), by=engineer, now=now)


def test_the_pages(cast: Cast, twin: Twin, view: SharedView, sign_in: SignIn) -> None:
    client = sign_in(cast.owner)
    assert "No dashboard yet" in client.get("/t/meridian/dashboards/").content.decode()
    made = client.post(
        "/t/meridian/dashboards/new/", {"name": "Any engine", "twin": str(twin.id), "asset_type": "turbofan-engine"}
    )
    assert made.status_code == 302
    assert made["Location"].endswith("/?edit=1")
    page = client.get(made["Location"]).content.decode()
    assert '"asset_type": "turbofan-engine"' in page
    path = made["Location"].partition("?")[0]
    shared = client.post(f"{path}share/", {"is_shared": "on", "views": [str(view.id)]}, follow=True)
    assert "Saved who sees the dashboard." in shared.content.decode()
    assert client.post(f"{path}copy/").status_code == 302
    assert "Copy of Any engine" in client.get("/t/meridian/dashboards/").content.decode()
    assert client.post(f"{path}remove/", {"typed": "Another"}).status_code == 400
    assert client.post(f"{path}remove/", {"typed": "Any engine"}).status_code == 302
    assert client.get(path).status_code == 404


def test_the_published_schema_is_up_to_date() -> None:
    path = Path(settings.BASE_DIR) / "docs" / "schemas" / "dashboard.schema.json"
    assert path.read_text(encoding="utf-8") == published_schema(), (
        f"write twins.dashboards.schemas.published_schema() to {path.name}"
    )
