"""What a publication says before it happens, and versions over the REST API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from time import perf_counter
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from billing.contracts.models import Contract, ContractVersion
from tenants.kernel.ids import new_id
from tenants.scope.actors import Actor, Permission, Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.conftest import Cast
from twins.alarms.models import Alarm
from twins.alarms.rules import Scope, create_rule
from twins.composer.models import Twin
from twins.composer.previewing import preview
from twins.dashboards.models import Dashboard
from twins.gateways.services import create_gateway
from twins.sharing.models import SharedView

pytestmark = pytest.mark.django_db
WithKey = Callable[[Tenant, Role], APIClient]
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOT = {"signal": "t24", "above": "650", "name": {"en": "Outlet hot"}}


class World:
    """Two engines that run, and all that refers to them."""

    def __init__(self, cast: Cast, client: APIClient) -> None:
        self.cast, self.client = cast, client
        with scope(cast.meridian.id):
            self.gateway = str(create_gateway(name="Hangar", now=NOON)[0].id)
            create_rule(key="hot", scope=Scope(asset_type="turbofan-engine"), document=HOT, by="ada", now=NOON)
        fields = {"name": "Fleet", "blueprint": "turbofan-fleet", "count": 2, "gateway": self.gateway}
        draft = client.post("/api/v1/twins/", fields).json()
        self.url = f"/api/v1/twins/{draft['twin']}/"
        self.id, self.revision = UUID(draft["twin"]), draft["revision"]
        named = {asset["name"]: key for key, asset in draft["document"]["assets"].items()}
        self.one, self.two = named["Engine 001"], named["Engine 002"]

    def edit(self, *operations: dict[str, Any]) -> None:
        body = {"base_revision": self.revision, "operations": list(operations)}
        answer = self.client.post(f"{self.url}draft/operations/", body)
        assert answer.status_code == 200, answer.content
        self.revision = answer.json()["revision"]

    def publish(self, **words: str) -> Any:
        return self.client.post(f"{self.url}publish/", {"revision": self.revision, **words})

    def preview(self) -> dict[str, Any]:
        answer = self.client.get(f"{self.url}publication/")
        assert answer.status_code == 200, answer.content
        found: dict[str, Any] = answer.json()
        return found

    def depend_on(self, asset: str) -> None:
        """A dashboard, a customer's view, a contract and an active alarm of an asset."""
        by: dict[str, Any] = {"author": self.cast.owner.id, "made_by": "ada", "made_at": NOON}
        widget = {"id": "w", "kind": "value", "signals": [{"key": "t24", "asset": asset}]}
        with scope(self.cast.meridian.id):
            twin = Twin.objects.get(id=self.id)
            for name, is_shared in (("Wall", True), ("My own", False)):
                Dashboard.objects.create(
                    twin=twin, name=name, document={"widgets": [widget]}, changed_by="ada", changed_at=NOON,
                    is_shared=is_shared, **by,
                )  # fmt: skip
            SharedView.objects.create(
                customer_id=self.cast.northwind, twin=twin, name="Engines", signals={asset: ["t24"]}, start=NOON,
                made_by="ada", made_at=NOON,
            )  # fmt: skip
            contract = Contract.objects.create(
                slug="hours", title="Hours", customer_id=self.cast.northwind, twin=twin, draft={}, created_at=NOON,
                updated_at=NOON, published=1,
            )  # fmt: skip
            ContractVersion.objects.create(
                contract=contract, version=1, document={"assets": {asset: "Engine 002"}}, digest="0" * 64,
                effective_from=NOON, published_by="ada", published_at=NOON,
            )  # fmt: skip
            Alarm.objects.create(
                twin=twin, asset=asset, key="hot", asset_name="Engine 002", name="Outlet hot", priority="high",
                is_active=True, place=0, changed_at=NOON,
            )  # fmt: skip


@pytest.fixture
def world(cast: Cast, with_key: WithKey) -> World:
    return World(cast, with_key(cast.meridian, Role.ENGINEER))


def told(preview: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(each["area"], each["tone"], each["message"]) for each in preview["effects"]]


def test_a_first_publication_is_previewed(world: World) -> None:
    found = world.preview()
    assert (found["revision"], found["published_version"], found["counts"]["added"]) == (world.revision, None, 2)
    assert told(found) == [
        ("assets", "new", "2 assets come."),
        ("signals", "new", "48 signals are read from now on."),
        ("alarms", "new", "2 alarms come."),
    ]
    assert found["effects"][2]["names"] == ["Engine 001: Outlet hot", "Engine 002: Outlet hot"]
    assert found["changes"][0]["authors"] == [found["me"]]
    assert found["review"] == {
        "is_needed": False, "is_approved": False, "is_stale": False, "review": None, "state": None, "by": None,
        "comment": None,
    }  # fmt: skip


def test_what_refers_to_an_asset_that_goes_is_told(world: World) -> None:
    assert world.publish().status_code == 201
    world.depend_on(world.two)
    world.edit({"op": "remove_asset", "asset": world.two})
    world.edit({"op": "bind", "place": f"{world.one}/t24", "gateway": world.gateway, "key": "other"})
    found = world.preview()
    assert told(found) == [
        ("assets", "loss", "1 asset goes; its history stays."),
        ("signals", "change",
         "1 signal is read from another key, or otherwise, from now on; what is stored stays as it is."),
        ("signals", "loss", "24 signals are read no more; what is stored of them stays."),
        ("alarms", "loss", "1 alarm goes."),
        ("alarms", "loss", "1 alarm that is active now ends within five minutes."),
        ("dashboards", "loss", "2 dashboards show assets that go; they will show nothing newer of them."),
        ("views", "loss", "1 view that a customer looks through shows assets that go."),
        ("contracts", "loss", "1 contract is about assets that go: from now on there is no evidence of them."),
    ]  # fmt: skip
    by_area = {(each["area"], each["message"][:12]): each["names"] for each in found["effects"]}
    assert by_area["signals", "1 signal is "] == ["Engine 001 t24"]
    assert by_area["dashboards", "2 dashboards"] == ["Wall (Engine 002)"]
    assert by_area["contracts", "1 contract i"] == ["Hours (Engine 002)"]
    assert [(each["kind"], each["subject"], each["name"]) for each in found["changes"]] == [
        ("removed", "asset", "Engine 002"), ("changed", "binding", "Engine 001 t24")
    ]  # fmt: skip


def test_who_may_not_read_contracts_is_not_told_their_names(world: World, cast: Cast) -> None:
    world.publish()
    world.depend_on(world.two)
    world.edit({"op": "remove_asset", "asset": world.two})
    few = frozenset({Permission.TWINS_READ})
    by = Actor(cast.meridian.id, "meridian", Role.VIEWER, few, "guest@meridian.example")
    with scope(cast.meridian.id):
        found = {each.area: each.names for each in preview(world.id, by=by, now=NOON).effects}
    assert (found["assets"], found["contracts"], found["views"]) == (("Engine 002",), (), ())


def test_a_preview_asks_a_constant_number_of_questions(world: World) -> None:
    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            world.preview()
        return len(queries)

    few = asked()
    add = [
        {"op": "add_asset", "asset": str(new_id()), "type": "turbofan-engine@1", "name": f"E{number}", "at": [0, 0]}
        for number in range(50)
    ]
    world.edit(*add)
    assert asked() == few
    assert few <= 30


def test_versions_are_named_compared_and_gone_back_to(world: World) -> None:
    first = world.publish(name="Spring", note="all")
    assert (first.status_code, first.json()["name"]) == (201, "Spring")
    assert world.publish().json() == first.json()
    world.edit({"op": "rename", "asset": world.one, "name": "Left"})
    assert world.publish().json()["version"] == 2
    found = world.client.get(f"{world.url}compare/", {"before": "1", "after": "2"}).json()
    assert found["counts"] == {"added": 0, "removed": 0, "changed": 1, "moved": 0}
    assert found["changes"][0]["fields"] == [{"name": "name", "before": "Engine 001", "after": "Left", "unit": ""}]
    renamed = world.client.put(f"{world.url}versions/1/name/", {"name": "Summer"})
    assert (renamed.status_code, renamed.json()["name"]) == (200, "Summer")
    world.edit({"op": "rename", "asset": world.two, "name": "Right"})
    back = world.client.post(f"{world.url}rollback/", {"version": 1, "revision": world.revision})
    assert (back.status_code, back.json()["version"], back.json()["note"]) == (201, 3, "Back to version 1")
    same = world.client.get(f"{world.url}compare/", {"before": "1", "after": "3"}).json()
    assert same["changes"] == []
    (aside,) = world.client.get(f"{world.url}asides/").json()["results"]
    returned = world.client.post(f"{world.url}asides/{aside['id']}/return/")
    assert (returned.status_code, returned.json()["left"]) == (200, [])
    assert returned.json()["document"]["assets"][world.two]["name"] == "Right"
    assert [each["name"] for each in world.client.get(f"{world.url}versions/").json()] == ["", "", "Summer"]


def test_a_reset_and_what_was_removed(world: World) -> None:
    world.publish()
    world.edit({"op": "remove_asset", "asset": world.two})
    removed = world.client.get(f"{world.url}removed/").json()
    (part,) = removed["results"]
    assert (part["subject"], part["name"], part["bindings"]) == ("asset", "Engine 002", 24)
    world.edit(*part["operations"])
    assert world.client.get(f"{world.url}removed/").json()["results"] == []
    assert world.client.get(f"{world.url}compare/", {"before": "1"}).json()["changes"] == []
    world.edit({"op": "rename", "asset": world.two, "name": "Right"})
    reset = world.client.post(f"{world.url}draft/reset/", {"version": 1, "revision": world.revision})
    assert reset.json()["document"]["assets"][world.two]["name"] == "Engine 002"


@pytest.mark.parametrize(
    ("method", "place", "body", "status", "code"),
    [
        ("get", "compare/?before=7", None, 404, "request.not_found"),
        ("get", "compare/?before=x", None, 404, "request.not_found"),
        ("get", "compare/", None, 400, "request.invalid"),
        ("put", "versions/9/name/", {"name": "x"}, 404, "twin.no_version"),
        ("put", "versions/99999999999/name/", {"name": "x"}, 404, "twin.no_version"),
        ("put", "versions/1/name/", {"name": "x" * 121}, 400, "request.invalid"),
        ("post", "rollback/", {"version": 1, "revision": 0}, 409, "twin.conflict"),
        ("post", "rollback/", {"version": 5, "revision": 51}, 404, "twin.no_version"),
        ("post", "rollback/", {"version": 1, "revision": 51}, 409, "twin.nothing_to_revert"),
        ("post", "draft/reset/", {"version": 1, "revision": 51}, 409, "twin.nothing_to_revert"),
        ("post", "publish/", {"revision": 12}, 409, "twin.conflict"),
        ("post", f"asides/{UUID(int=7)}/return/", None, 404, "twin.no_aside"),
        ("post", "promotions/", {"version": 4}, 422, "promotion.invalid"),
        ("post", "promotions/plan/", {"version": 1, "target": str(UUID(int=7))}, 404, "promotion.no_target"),
    ],
)
def test_what_cannot_be(
    world: World, method: str, place: str, body: dict[str, Any] | None, status: int, code: str
) -> None:
    world.publish()
    assert world.revision == 51
    answer = getattr(world.client, method)(f"{world.url}{place}", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content


@pytest.mark.parametrize(
    ("method", "place", "body"),
    [
        ("get", "promotions/", None),
        ("post", "promotions/", {"version": 1, "name": "Plant"}),
        ("post", "promotions/plan/", {"version": 1}),
        ("post", "rollback/", {"version": 1, "revision": 0}),
        ("post", "draft/reset/", {"version": 1, "revision": 0}),
        ("post", f"asides/{UUID(int=7)}/return/", None),
    ],
)
def test_a_twin_that_does_not_exist(
    cast: Cast, with_key: WithKey, method: str, place: str, body: dict[str, Any] | None
) -> None:
    client = with_key(cast.meridian, Role.OWNER)
    path = f"/api/v1/twins/{UUID(int=7)}/{place}"
    answer = getattr(client, method)(path, body)
    assert (answer.status_code, answer.json()["code"]) == (404, "twin.not_found"), answer.content
    assert client.options(path).status_code == 200


def test_promotions_and_reviews_over_the_api(world: World, cast: Cast, with_key: WithKey) -> None:
    world.publish()
    plan = world.client.post(f"{world.url}promotions/plan/", {"version": 1}).json()
    assert (plan["target"], plan["counts"]["added"], plan["left"]) == (None, 2, 0)
    made = world.client.post(
        f"{world.url}promotions/", {"version": 1, "name": "Plant", "gateways": {world.gateway: world.gateway}}
    )
    assert (made.status_code, made.json()["slug"]) == (201, "plant")
    (lineage,) = world.client.get(f"{world.url}promotions/").json()["results"]
    assert (lineage["target"], lineage["version"]) == (made.json()["target"], 1)
    owner = with_key(cast.meridian, Role.OWNER)
    assert world.client.put("/api/v1/publishing-rule/", {"needs_review": True}).status_code == 403
    assert owner.put("/api/v1/publishing-rule/", {"needs_review": True}).json() == {"needs_review": True}
    assert world.client.get("/api/v1/publishing-rule/").json() == {"needs_review": True}
    world.edit({"op": "rename", "asset": world.one, "name": "Left"})
    refused = world.publish()
    assert (refused.status_code, refused.json()["code"]) == (409, "twin.not_approved")
    asked = world.client.post("/api/v1/twin-reviews/", {"twin": str(world.id), "revision": world.revision}).json()
    decision = f"/api/v1/twin-reviews/{asked['id']}/decision/"
    own = world.client.post(decision, {"approve": True})
    assert (own.status_code, own.json()["code"]) == (403, "review.own")
    assert owner.post(decision, {"approve": True}).json()["state"] == "approved"
    assert world.preview()["review"]["is_approved"]
    assert world.publish().status_code == 201


def test_two_thousand_assets_are_compared_and_published_in_time(world: World) -> None:
    assets = [str(new_id()) for _ in range(2000)]
    world.edit(
        *(
            {"op": "add_asset", "asset": asset, "type": "turbofan-engine@1", "name": f"E{number}", "at": [number, 0]}
            for number, asset in enumerate(assets)
        )
    )
    start = perf_counter()
    assert world.publish().status_code == 201
    published = perf_counter() - start
    world.edit(*({"op": "move", "asset": asset, "at": [0, 1]} for asset in assets))
    start = perf_counter()
    counts = world.client.get(f"{world.url}compare/", {"before": "1"}).json()["counts"]
    compared = perf_counter() - start
    start = perf_counter()
    world.preview()
    previewed = perf_counter() - start
    print(f"publish {published:.2f} s, compare {compared:.2f} s, preview {previewed:.2f} s")
    assert counts == {"added": 0, "removed": 0, "changed": 0, "moved": 2000}
    assert (published < 6, compared < 3, previewed < 6) == (True, True, True)  # on a machine with other work
