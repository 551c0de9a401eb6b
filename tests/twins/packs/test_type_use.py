"""A type is not removed under what is for all assets of its key: alarm rules, dashboards and templates of these."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from tenants.kernel.clock import utc_now
from tenants.scope.actors import PERMISSIONS, Actor, Permission, Role
from tenants.scope.context import held_to, scope
from tenants.scope.models import Tenant
from tests.conftest import Cast
from tests.twins.packs.parts import pack
from twins.alarms.models import AlarmRule
from twins.alarms.rules import Scope, create_rule
from twins.catalog.selectors import published_types, uses_of
from twins.catalog.services import TypeInUseError, publish_type, remove_type
from twins.catalog.templates import Kind, keep_template
from twins.catalog.use import Use
from twins.composer.services import create_twin
from twins.dashboards.schemas import Reach
from twins.dashboards.services import create_dashboard, share_dashboard

pytestmark = pytest.mark.django_db
WithKey = Callable[[Tenant, Role], APIClient]
PUMP = {
    "key": "duty-pump", "version": 1, "name": {"en": "Duty pump"}, "signals": {"flow": {"unit": "m3/h"}},
}  # fmt: skip
LOW = {"signal": "flow", "below": "10", "priority": "high", "name": {"en": "Low flow"}}


@pytest.fixture
def _scope(cast: Cast) -> Iterator[None]:
    with scope(cast.meridian.id):
        publish_type(document=PUMP, by="ada", now=utc_now())
        yield


def rule(**scoped: Any) -> AlarmRule:
    return create_rule(
        key="low", scope=Scope(asset_type="duty-pump", **scoped), document=LOW, by="ada", now=utc_now()
    )  # fmt: skip


def dashboard(cast: Cast, *, is_shared: bool) -> str:
    author = Actor(cast.meridian.id, "meridian", Role.OWNER, PERMISSIONS[Role.OWNER], "ada", user=uuid4())
    twin = create_twin(name="North", now=utc_now())
    made = create_dashboard(twin=twin.id, name="Pumps", document={"asset_type": "duty-pump"}, by=author, now=utc_now())
    if is_shared:
        share_dashboard(dashboard=made.id, reach=Reach(True, frozenset()), by=author, now=utc_now())
    return str(made.id)


@pytest.mark.usefixtures("_scope")
def test_a_rule_a_dashboard_and_a_template_are_named(cast: Cast) -> None:
    made, shown = rule(), dashboard(cast, is_shared=True)
    keep_template(
        kind=Kind.DASHBOARD, key="pump", name="Pump", document={"asset_type": "duty-pump"}, by="ada", now=utc_now()
    )
    assert uses_of("duty-pump@1").seen == (
        Use("alarm rule", "Low flow", str(made.id)),
        Use("dashboard", "Pumps", shown),
        Use("dashboard template", "Pump", "pump"),
    )
    with pytest.raises(TypeInUseError, match="duty-pump@1 is used by Low flow, Pumps, Pump") as error:
        remove_type(ref="duty-pump@1", by="ada", now=utc_now())
    assert [each.message for each in error.value.findings] == [
        "The alarm rule Low flow uses it.",
        "The dashboard Pumps uses it.",
        "The dashboard template Pump uses it.",
    ]
    assert "duty-pump@1" in published_types()


@pytest.mark.usefixtures("_scope")
def test_any_version_serves_them_so_that_the_last_one_stays() -> None:
    publish_type(document={**PUMP, "version": 2}, by="ada", now=utc_now())
    rule()
    assert not uses_of("duty-pump@1")
    remove_type(ref="duty-pump@1", by="ada", now=utc_now())
    with pytest.raises(TypeInUseError, match="duty-pump@2 is used by Low flow"):
        remove_type(ref="duty-pump@2", by="ada", now=utc_now())


@pytest.mark.usefixtures("_scope")
def test_what_belongs_to_one_person_is_counted_and_not_named(cast: Cast) -> None:
    dashboard(cast, is_shared=False)
    found = uses_of("duty-pump@1")
    assert (found.seen, found.hidden) == ((), 1)


@pytest.mark.usefixtures("_scope")
def test_who_may_not_read_rules_or_not_here_is_told_that_there_are_some(cast: Cast) -> None:
    rule()
    found = uses_of("duty-pump@1", may=lambda permission: permission is not Permission.ALARMS_READ)
    assert (found.seen, found.hidden) == ((), 1)
    with held_to(frozenset()):
        assert uses_of("duty-pump@1").hidden == 1


def test_over_the_api_and_after_a_pack(cast: Cast, with_key: WithKey) -> None:
    with scope(cast.meridian.id):
        publish_type(document=PUMP, by="ada", now=utc_now())
        made = rule()
    client = with_key(cast.meridian, Role.OWNER)
    assert client.get("/api/v1/asset-types/duty-pump@1/use/").json() == {
        "uses": [{"kind": "alarm rule", "name": "Low flow", "ref": str(made.id), "assets": 0, "versions": []}],
        "hidden": 0,
    }
    answer = client.delete("/api/v1/asset-types/duty-pump@1/")
    assert (answer.status_code, answer.json()["code"]) == (409, "type.in_use")
    assert client.post("/api/v1/packs/", pack(), format="json").status_code == 201
    assert client.delete("/api/v1/packs/pump-service/").status_code == 204
