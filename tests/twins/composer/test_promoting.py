"""Promotion: a test plant's design becomes the running plant's draft, again and again, with the same identities."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tenants.kernel.errors import NotAllowedError
from tenants.kernel.ids import new_id
from tenants.people.models import Site, Space, SpaceKind
from tenants.record.models import AuditEntry
from tenants.scope.context import held_to, scope
from tenants.scope.models import Tenant
from twins.composer.models import Twin, TwinLineage
from twins.composer.promoting import (
    NoLineageError,
    NothingToPromoteError,
    PromotionError,
    Target,
    gateways_of,
    lineages,
    origins,
    plan_promotion,
    promote_twin,
)
from twins.composer.publishing import publish_twin
from twins.composer.selectors import draft
from twins.composer.services import RevisionError, create_twin, edit_draft
from twins.gateways.services import create_gateway

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
A, B = str(new_id()), str(new_id())


@pytest.fixture
def source(tenant: Tenant) -> Iterator[Twin]:
    """A test twin of two engines, of which one is read, published once."""
    with scope(tenant.id):
        row = create_twin(name="Trial", now=NOON)
        edit(
            row, add(A, "Engine 1"), add(B, "Engine 2"),
            {"op": "bind", "place": f"{A}/t24", "gateway": str(gateway("Bench")), "key": "1/t24"},
        )  # fmt: skip
        publish(row)
        yield Twin.objects.get(id=row.id)


def gateway(name: str) -> object:
    return create_gateway(name=name, now=NOON)[0].id


def add(asset: str, name: str) -> dict[str, Any]:
    return {"op": "add_asset", "asset": asset, "type": "turbofan-engine@1", "name": name, "at": [0, 0]}


def edit(twin: Twin, *operations: dict[str, Any]) -> None:
    revision = Twin.objects.get(id=twin.id).revision
    edit_draft(twin=twin.id, base_revision=revision, operations=list(operations), by="ada", now=NOON)


def publish(twin: Twin) -> None:
    publish_twin(twin=twin.id, revision=Twin.objects.get(id=twin.id).revision, by="ada", now=NOON)


def promote(source: Twin, version: int, target: Target, gateways: dict[str, str | None] | None = None) -> Twin:
    return promote_twin(source=source.id, version=version, target=target, gateways=gateways or {}, by="ada", now=NOON)


def test_a_new_twin_is_made_where_it_stands(source: Twin) -> None:
    space = Space.objects.create(name="Works", kind=SpaceKind.PRODUCTION, created_at=NOON)
    site = Site.objects.create(space=space, name="Hamburg", created_at=NOON)
    bench = next(iter(gateways_of(source.id, 1)))
    assert gateways_of(source.id, 1) == {bench: "Bench"}
    plant = str(gateway("Plant"))
    target = promote(source, 1, Target(name="Plant", site=site.id), {bench: plant})
    found = draft(target.id).document
    assert (found.name, target.slug, Twin.objects.get(id=target.id).site_id) == ("Plant", "plant", site.id)
    assert sorted(asset.name for asset in found.assets.values()) == ["Engine 1", "Engine 2"]
    assert not {A, B} & found.assets.keys()
    ((place, binding),) = found.bindings.items()
    assert (found.assets[place.split("/")[0]].name, binding.gateway, binding.key) == ("Engine 1", plant, "1/t24")
    assert [(row.target_id, row.version, row.gateways) for row in lineages(source.id)] == [
        (target.id, 1, {bench: plant})
    ]
    assert [row.source_id for row in origins(target.id)] == [source.id]
    entry = AuditEntry.objects.get(action="twin.promoted")
    assert entry.details == {"source": str(source.id), "version": 1, "operations": 3}


def test_a_gateway_that_none_stands_for_is_not_read(source: Twin) -> None:
    target = promote(source, 1, Target())
    assert (target.name, draft(target.id).document.bindings) == ("Trial", {})


def test_a_later_promotion_updates_the_same_assets(source: Twin) -> None:
    target = promote(source, 1, Target(name="Plant"))
    publish(target)
    before = draft(target.id).document.assets
    own = next(key for key, asset in before.items() if asset.name == "Engine 1")
    edit(target, {"op": "set_property", "asset": own, "property": "serial_number", "value": "P1"})
    edit(source, {"op": "rename", "asset": B, "name": "Engine 02"}, {"op": "remove_asset", "asset": A})
    edit(source, add(A, "Engine 1"), add(str(new_id()), "Engine 3"))
    publish(source)
    plan = plan_promotion(source=source.id, version=2, target=target.id, gateways={})
    assert [(change.kind, change.name) for change in plan.changes] == [("changed", "Engine 02"), ("added", "Engine 3")]
    revision = Twin.objects.get(id=target.id).revision
    with pytest.raises(RevisionError, match="of “Plant” is at revision"):
        promote(source, 2, Target(target.id, revision - 1))
    promote(source, 2, Target(target.id, revision))
    after = draft(target.id).document.assets
    assert before.keys() < after.keys()
    assert sorted(asset.name for asset in after.values()) == ["Engine 02", "Engine 1", "Engine 3"]
    assert after[own].properties == {"serial_number": "P1"}
    assert TwinLineage.objects.get().version == 2
    with pytest.raises(NothingToPromoteError):
        promote(source, 2, Target(target.id, Twin.objects.get(id=target.id).revision))


def test_what_cannot_be_promoted(source: Twin) -> None:
    with pytest.raises(PromotionError, match="has no version 2"):
        promote(source, 2, Target())
    with pytest.raises(PromotionError, match="has no version 0"):
        gateways_of(source.id, 0)
    with pytest.raises(NoLineageError):
        promote(source, 1, Target(source.id, 4))
    with pytest.raises(PromotionError, match="there is no gateway"):
        plan_promotion(source=source.id, version=1, target=None, gateways={"x": str(new_id())})
    with held_to(frozenset({source.id})), pytest.raises(NotAllowedError):
        promote(source, 1, Target())
    assert Twin.objects.count() == 1
