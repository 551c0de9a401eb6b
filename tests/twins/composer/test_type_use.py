"""What uses a type, as the catalogue is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import pytest

from tenants.custody.services import put_in_trash
from tenants.kernel.ids import new_id
from tenants.scope.context import held_to, scope
from tenants.scope.models import Tenant
from twins.catalog.selectors import uses_of
from twins.catalog.services import TypeInUseError, publish_type, remove_type
from twins.catalog.use import Use
from twins.composer.models import Twin
from twins.composer.services import create_twin, edit_draft
from twins.composer.type_use import TYPES

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, tzinfo=UTC)
PUMP = {
    "key": "duty-pump", "version": 1, "name": {"en": "Duty pump"}, "signals": {"flow": {"unit": "m3/h"}},
    "ports": {"inlet": {"accepts": ["fluid"]}, "outlet": {"accepts": ["fluid"]}},
    "components": {"head": {"type": "tank@1", "count": [0, 4]}},
}  # fmt: skip


@pytest.fixture(autouse=True)
def _scope(tenant: Tenant) -> Iterator[None]:
    with scope(tenant.id):
        publish_type(document=PUMP, by="ada", now=NOW)
        yield


def station(name: str, pumps: int = 1) -> tuple[Twin, list[UUID]]:
    twin = create_twin(name=name, now=NOW)
    assets = [new_id() for _ in range(pumps)]
    operations = [
        {"op": "add_asset", "asset": str(each), "type": "duty-pump@1", "name": f"P-{number}", "at": [0, 0]}
        for number, each in enumerate(assets, start=101)
    ]
    edit_draft(twin=twin.id, base_revision=0, operations=operations, by="ada", now=NOW)
    return twin, assets


def test_drafts_of_twins_those_in_the_trash_and_blueprints() -> None:
    station("North", 2)
    south, _ = station("South")
    put_in_trash(kind="twin", thing=south.id, by="ada", now=NOW)
    assert uses_of("duty-pump@1").seen == (Use("twin", "North", "north", 2), Use("trashed twin", "South", "south", 1))
    assert ("blueprint", "turbofan-fleet") in [(use.kind, use.ref) for use in uses_of("turbofan-engine@1").seen]
    assert not uses_of("duty-pump@2")


def test_who_may_not_see_a_twin_is_told_that_there_is_one() -> None:
    north, _ = station("North")
    station("South")
    with held_to(frozenset({north.id})):
        found = uses_of("duty-pump@1")
        assert ([use.name for use in found.seen], found.hidden) == (["North"], 1)
        assert [each.twin for each in TYPES.instances("duty-pump@1")] == ["north"]
    with held_to(frozenset()):
        assert uses_of("duty-pump@1")
        with pytest.raises(TypeInUseError, match="used by what you may not see"):
            remove_type(ref="duty-pump@1", by="ada", now=NOW)


def test_what_is_bound_linked_and_a_part_of_each_asset() -> None:
    twin, (one, two) = station("North", 2)
    part = new_id()
    operations = [
        {"op": "set_property", "asset": str(one), "property": "serial", "value": "X1"},
        {"op": "bind", "place": f"{one}/flow", "gateway": str(new_id()), "key": "P101.F"},
        {"op": "link", "link": str(new_id()), "from": [str(one), "outlet"], "to": [str(two), "inlet"], "kind": "feeds"},
        {"op": "add_asset", "asset": str(part), "type": "tank@1", "name": "T", "at": [0, 0],
         "part_of": [str(one), "head"]},
    ]  # fmt: skip
    edit_draft(twin=twin.id, base_revision=2, operations=operations, by="ada", now=NOW)
    first, second = sorted(TYPES.instances("duty-pump@1"), key=lambda each: each.name)
    assert (first.twin, first.twin_name, first.asset, first.name) == ("north", "North", str(one), "P-101")
    assert (first.properties, first.signals) == ({"serial": "X1"}, frozenset({"flow"}))
    assert (first.ports, first.relations, first.parts) == ({"outlet": 1}, {"feeds": 1}, {"head": 1})
    assert (second.properties, second.signals, second.ports) == ({}, frozenset(), {"inlet": 1})
    assert (second.relations, second.parts) == ({}, {})
